import numpy as np
import pandas as pd
import pytest

from labs_lib import monitor
from labs_lib.labs.monitor.bias_drift.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def disjoint(baseline, low, high):
    ends = sorted([baseline, -baseline])
    return not (low <= ends[1] and high >= ends[0])


def by_check_bias(baseline, low, high):
    """Ask the engine."""
    key = {"facet": "sex", "value_or_threshold": "d", "metric": "RD"}
    before = pd.DataFrame([key | {"value": baseline}])
    now = pd.DataFrame([key | {"value": low, "low": low, "high": high}])
    return bool(monitor.check_bias(before, now, rule="interval")["violations"])


def common_part(baseline, low, high):
    size = abs(baseline)
    return np.bool_(max(low, -size) > min(high, size))


def as_numpy_series(baseline, low, high):
    return pd.Series([disjoint(baseline, low, high)])


def half_abs(baseline, low, high):
    """Forget the minus of the lower end."""
    return low > abs(baseline) or high < abs(baseline)


def by_middle(baseline, low, high):
    return abs((low + high) / 2) > abs(baseline)


def test_ex1():
    # The mistakes of a function are tried by themselves.
    right = [(disjoint,), (by_check_bias,), (common_part,), (as_numpy_series,)]
    assert_exercise(lab.ex1, right=right, wrong={}, stub=(stub,))


@pytest.mark.parametrize("answer", [half_abs, by_middle])
def test_ex1_tells_no_mistake_that_does_not_fit(answer):
    assert_exercise(lab.ex1, right=[], wrong={None: (answer,)}, stub=(stub,))


def as_array(before, now):
    weight = pd.Series(before).value_counts() / len(before)
    today = pd.Series(now).value_counts() / len(now)
    return np.array([weight.get(kind, 0) / today[kind] for kind in now])


def as_series(before, now):
    return pd.Series(as_array(before, now))


@pytest.mark.parametrize("answer", [as_array, as_series])
def test_ex2(answer):
    assert_exercise(lab.ex2, right=[(answer,)], wrong={}, stub=(stub,))
