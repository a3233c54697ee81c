import math

import numpy as np
import pytest

from labs_lib.labs.monitor.data_drift import exercises as data_drift
from labs_lib.labs.monitor.data_drift.exercises import lab
from labs_lib.monitor import distances
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart, or that are right answers themselves; see mutation.py.
EQUIVALENT = {
    "ex1: if distance <= threshold or room <= 0: → if distance < threshold or room <= 0:": "at the threshold the room is below zero",
    "ex1: if distance <= threshold or room <= 0: → if distance <= threshold or room < 0:": "a room of exactly zero is a matter of rounding",
}


def stub(*answers):
    raise NotImplementedError


def rows_needed(distance, n, threshold):
    room = ((distance - threshold) / 1.8) ** 2 - 1 / n
    if distance <= threshold or room <= 0:
        return math.inf
    return math.floor(1 / room) + 1


def by_search(distance, n, threshold):
    low, high = 1, 10**12
    if distance - 1.8 * math.sqrt(1 / n + 1 / high) <= threshold:
        return float("inf")
    while low < high:
        middle = (low + high) // 2
        if distance - 1.8 * math.sqrt(1 / n + 1 / middle) > threshold:
            high = middle
        else:
            low = middle + 1
    return low


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (rows_needed,),
            (by_search,),
            (lambda *case: np.array([rows_needed(*case)]),),
        ],
        wrong={
            "simple": (lambda d, n, t: 1 if d > t else math.inf,),
            "equal": (lambda d, n, t: data_drift.smallest_equal(d, n, t),),
            "large": (lambda d, n, t: data_drift.smallest_large(d, n, t),),
            "never": (lambda d, n, t: 1 / (((d - t) / 1.8) ** 2 - 1 / n),),
            "squared": (lambda d, n, t: 1.8 / (d - t) if d > t else math.inf,),
            "fixed": (lambda d, n, t: rows_needed(d, n, 0.1),),
            "other": (lambda d, n, t: 7_777,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(("distance", "n", "threshold"), data_drift._WINDOWS)
def test_ex1_right_answer_is_that_of_the_engine(distance, n, threshold):
    m = data_drift.smallest(distance, n, threshold)
    if math.isinf(m):
        assert distances.robust(distance, n, 10**15) <= threshold
        return
    assert distances.robust(distance, n, m) > threshold
    assert distances.robust(distance, n, m - 1) <= threshold


def threshold_for(quiet, days, budget):
    for t in np.sort(quiet):
        if (quiet > t).mean() * 30 / days <= budget:
            return t


def by_quantile(quiet, days, budget):
    # As the lesson itself chooses its thresholds and its slack.
    return np.quantile(quiet, 1 - budget * days / 30, method="inverted_cdf")


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (threshold_for,),
            (by_quantile,),
            (lambda *case: np.array([by_quantile(*case)]),),
        ],
        wrong={
            "per_window": (lambda q, d, b: np.quantile(q, 1 - b),),
            "per_day": (lambda q, d, b: np.quantile(q, 1 - b / 30),),
            "wrong_tail": (lambda q, d, b: np.quantile(q, b * d / 30),),
            "too_high": (lambda q, d, b: q.max(),),
            "over_budget": (
                lambda q, d, b: np.quantile(q, 1 - min(b * d / 15 + 0.05, 0.45)),
            ),
        },
        stub=(stub,),
    )


ACTIONS = {
    "a": "mend the pipeline",
    "b": "watch",
    "c": "change the monitor",
    "d": "retrain",
}


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(ACTIONS,)],
        wrong={
            "fault": (ACTIONS | {"a": "retrain"},),
            "harmless": (ACTIONS | {"b": "retrain"},),
            "always": (ACTIONS | {"c": "watch"},),
            "silent": (ACTIONS | {"d": "change the monitor"},),
        },
    )
