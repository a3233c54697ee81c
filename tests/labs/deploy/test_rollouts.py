import math

import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.deploy.rollouts.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def by_clip(share, threshold, usual):
    return np.clip((threshold - usual + share * usual) / share, 0, 1)


def by_cases(share, threshold, usual):
    of_old = (1 - share) * usual
    if of_old >= threshold:
        return 0
    if of_old + share <= threshold:
        return 1
    return (threshold - of_old) / share


def by_search(share, threshold, usual):
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if share * middle + (1 - share) * usual > threshold:
            high = middle
        else:
            low = middle
    return low


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (by_clip,),
            (by_cases,),
            (by_search,),
            (lambda *a: np.array([by_clip(*a)]),),
            (lambda *a: pd.Series([by_cases(*a)]),),
        ],
        wrong={
            "old_is_perfect": (lambda s, t, u: min(t / s, 1),),
            "old_counts_whole": (lambda s, t, u: np.clip((t - u) / s, 0, 1),),
            "no_share": (lambda s, t, u: t,),
            "multiplied": (lambda s, t, u: s * t,),
            "outside": (lambda s, t, u: (t - (1 - s) * u) / s,),
            "exchanged": (
                lambda s, t, u: np.clip((t - s * u) / (1 - s), 0, 1) if s < 1 else 1,
            ),
            None: (lambda s, t, u: 0.49,),
        },
        stub=(stub,),
    )


# Exercise 2 --------------------------------------------------------------------------------


def by_logarithm(traffic, share, severity, chance):
    return np.ceil(-np.log(1 - chance) / (traffic * share * severity))


def by_waiting(traffic, share, severity, chance):
    minutes = 0
    while 1 - math.exp(-minutes * traffic * share * severity) < chance:
        minutes += 1
    return minutes


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (by_logarithm,),
            (by_waiting,),
            (lambda *a: int(by_logarithm(*a)),),
            (lambda *a: np.array([by_logarithm(*a)]),),
        ],
        wrong={
            "rounded_down": (lambda r, q, s, c: int(-np.log(1 - c) / (r * q * s)),),
            "not_whole": (lambda r, q, s, c: -np.log(1 - c) / (r * q * s),),
            "one_more": (lambda r, q, s, c: -np.log(1 - c) // (r * q * s) + 1,),
            "no_share": (lambda r, q, s, c: np.ceil(-np.log(1 - c) / (r * s)),),
            "no_severity": (lambda r, q, s, c: np.ceil(-np.log(1 - c) / (r * q)),),
            "mean": (lambda r, q, s, c: np.ceil(1 / (r * q * s)),),
            "times_chance": (lambda r, q, s, c: np.ceil(c / (r * q * s)),),
            "turned": (
                lambda r, q, s, c: np.ceil(-np.log(c) / (r * q * s)) if c else 10**9,
            ),
            "log10": (lambda r, q, s, c: np.ceil(-np.log10(1 - c) / (r * q * s)),),
            None: (lambda r, q, s, c: 30,),
        },
        stub=(stub,),
    )


# Exercise 3 --------------------------------------------------------------------------------

RIGHT = {"a": "errors", "b": "health check", "c": "latency", "d": "labels", "e": "flags"}


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[
            (RIGHT,),
            (pd.Series(RIGHT),),
            (list(RIGHT.items()),),
            ({key: value.upper() for key, value in reversed(RIGHT.items())},),
        ],
        wrong={
            "raises": (RIGHT | {"a": "health check"},),
            "starts": (RIGHT | {"b": "errors"},),
            "slow": (RIGHT | {"c": "errors"},),
            "exchanged": (RIGHT | {"d": "flags"},),
            "harmless": (RIGHT | {"e": "labels"},),
        },
        stub=(...,),
    )


def test_ex3_says_what_cannot_be_read():
    outcome = lab.ex3.check(RIGHT | {"d": "nothing"})
    assert outcome.status == "error"
    assert "`nothing` at `d` is none of" in outcome.text


# What the lesson says about a rule of the engine ------------------------------------------


@pytest.mark.parametrize("seed", range(200))
def test_the_alarm_of_the_trial_is_the_engines(seed):
    """Run the lesson's own text against the engine's decision, minute by minute."""
    from labs_lib.course import catalog
    from labs_lib.sagemaker.alarms import decide

    text = (catalog.LABS / "deploy/rollouts/lesson.py").read_text(encoding="utf-8")
    start = text.index("def first_alarm")
    names: dict = {}
    exec(text[start : text.index("\n\n\n", start)], names)
    rng = np.random.default_rng(seed)
    asked = rng.poisson(rng.choice([0.3, 1, 3]), 60)
    counted = rng.binomial(asked, 0.6)
    points: list = [False] * 5
    expected = 999
    for minute, (n, k) in enumerate(zip(asked, counted, strict=True), start=1):
        points.append(bool(k > 0.5 * n) if n else None)
        state = decide(points[-5:], needed=3, of=3, missing="notBreaching")
        if state == "ALARM":
            expected = minute
            break
    assert names["first_alarm"](asked, counted, 0.5) == expected
