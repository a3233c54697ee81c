import math

import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.train.tune.exercises import lab
from labs_lib.train.tuning import MedianRule
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def value(u, low, high, scaling):
    if scaling == "Linear":
        return low + u * (high - low)
    if scaling == "Logarithmic":
        return math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    return 1 - value(u, 1 - high, 1 - low, "Logarithmic")


def falling(u, low, high, scaling):
    return value(1 - u, low, high, scaling)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (value,),
            (falling,),
            (lambda *given: np.array([value(*given)]),),
            (lambda *given: pd.Series([value(*given)]),),
        ],
        wrong={
            "ignores": (lambda u, low, high, scaling: low + u * (high - low),),
            "outside": (
                lambda u, low, high, scaling: (
                    low + u * high if scaling == "Linear" else value(u, low, high, scaling)
                ),
            ),
            "no_exp": (
                lambda u, low, high, scaling: (
                    math.log10(low) + u * math.log10(high / low)
                    if scaling == "Logarithmic"
                    else value(u, low, high, scaling)
                ),
            ),
            "reverse": (
                lambda u, low, high, scaling: value(
                    u, low, high, scaling.removeprefix("Reverse")
                ),
            ),
            "other": (lambda u, low, high, scaling: value(u**2, low, high, scaling),),
        },
        stub=(stub,),
    )


def rule(earlier, current):
    epoch = len(current)
    return current[-1] < np.median([np.mean(curve[:epoch]) for curve in earlier])


def by_sorting(earlier, current):
    averages = sorted(sum(c[: len(current)]) / len(c[: len(current)]) for c in earlier)
    low, high = (averages[(len(averages) - 1) // 2], averages[len(averages) // 2])
    return (low + high) / 2 > current[-1]


def by_running_sums(earlier, current):
    averages = []
    for curve in earlier:
        total, count = 0.0, 0
        for value in curve:
            if count == len(current):
                break
            total, count = total + value, count + 1
        averages.append(total / count)
    return np.array(current)[-1] < np.quantile(averages, 0.5)


def by_frame(earlier, current):
    table = pd.DataFrame({i: pd.Series(curve) for i, curve in enumerate(earlier)})
    return bool(current[-1] < table.head(len(current)).mean().median())


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(rule,), (by_sorting,), (by_running_sums,), (by_frame,)],
        wrong={
            "no_cut": (lambda e, c: c[-1] < np.median([np.mean(curve) for curve in e]),),
            "values": (
                lambda e, c: c[-1] < np.median([curve[: len(c)][-1] for curve in e]),
            ),
            "best": (lambda e, c: max(c) < np.median([np.mean(k[: len(c)]) for k in e]),),
            "own_average": (
                lambda e, c: np.mean(c) < np.median([np.mean(k[: len(c)]) for k in e]),
            ),
            "mean": (lambda e, c: c[-1] < np.mean([np.mean(k[: len(c)]) for k in e]),),
            "left_out": (lambda e, c: rule([k for k in e if len(k) >= len(c)], c),),
            "equal": (lambda e, c: c[-1] <= np.median([np.mean(k[: len(c)]) for k in e]),),
            "goes_on": (lambda e, c: not rule(e, c),),
            None: (lambda e, c: False,),
        },
        stub=(stub,),
    )


def test_ex2_refuses_whole_curves_in_any_form():
    whole = (
        lambda e, c: c[-1] < np.median([pd.Series(k).mean() for k in e]),
        lambda e, c: c[-1] < np.median([sum(k) / len(k) for k in e]),
    )
    for answer in whole:
        assert lab.ex2.check(answer).misconception == "no_cut"


def test_ex2_one_epoch_too_many_is_not_whole_curves():
    answer = lab.ex2.check(
        lambda e, c: c[-1] < np.median([np.mean(k[: len(c) + 1]) for k in e])
    )
    assert (answer.status, answer.misconception) == ("wrong", None)


@pytest.mark.parametrize(
    ("earlier", "current"),
    [
        ([[0.1, 0.3, 0.5], [0.2, 0.2, 0.2], [0.0, 0.4, 0.6]], [0.1, 0.2, 0.35]),
        ([[0.9], [0.6, 0.6], [0.1, 0.1]], [0.5, 0.55]),
        ([[0.1], [0.3], [0.4], [0.9]], [0.34]),
    ],
)
def test_the_rule_of_ex2_is_that_of_the_engine(earlier, current):
    engine = MedianRule(maximize=True, earlier=earlier)
    assert engine.stops(len(current), current[-1]) == rule(earlier, current)
