import numpy as np
import pandas as pd
import pytest

from labs_lib import aws, stats
from labs_lib.labs.train.debug.exercises import lab
from labs_lib.train.debugger import Overfit, Recording, first_alarm
from tests.labs.contract import assert_exercise

LOOP = "for place, (t, v) in enumerate(zip(train, valid{})):"
SAME_LENGTH = "an evaluation has both losses, so the lists are of one length"
EQUIVALENT = {
    f"ex2: {LOOP.format(', strict=True')} → {LOOP.format(other)}": SAME_LENGTH
    for other in ("", ", strict=False")
}


def stub(*answers):
    raise NotImplementedError


def test_ex1():
    def by_its_parts(alarms, runs, most):
        low, high = (
            getattr(stats.share_interval(alarms, runs), n) for n in ("low", "high")
        )
        return low <= high <= most

    assert_exercise(
        lab.ex1,
        right=[
            (by_its_parts,),
            (lambda a, r, m: np.bool_(stats.share_interval(a, r).high <= m),),
            (lambda a, r, m: not stats.share_interval(a, r).high > m,),
        ],
        wrong={None: (lambda a, r, m: True,)},
        stub=(stub,),
    )


def by_runs(train, valid, patience):
    over = [(v - t) / t > 0.1 for t, v in zip(train, valid, strict=True)]
    for end in range(patience, len(over) + 1):
        if all(over[end - patience : end]):
            return end - 1
    return -1


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(by_runs,)],
        wrong={None: (lambda train, valid, patience: 0,)},
        stub=(stub,),
    )


def test_ex2_agrees_with_the_engine():
    rng = np.random.default_rng(0)
    for patience in (1, 2, 3):
        train, valid = rng.uniform(0.5, 1.0, (2, 12)).tolist()
        saved = Recording()
        for t, v in zip(train, valid, strict=True):
            saved({"loss": [t]})
            saved.evaluate(v)
        found = first_alarm(Overfit(patience=patience), saved)
        assert by_runs(train, valid, patience) == (-1 if found is None else found)


RIGHT = {
    "a": "leave it",
    "b": "lower the rate",
    "c": "leave it",
    "d": "raise the rate",
    "e": "raise the rate",
}


def test_ex3():
    names = dict(
        zip("abcde", ("noise", "stuck", "swings_well", "slow", "grown"), strict=True)
    )
    other = {"leave it": "lower the rate"}
    assert_exercise(
        lab.ex3,
        right=[(RIGHT,), (pd.Series(RIGHT),), (list(RIGHT.items()),)],
        wrong={
            name: (RIGHT | {run: other.get(RIGHT[run], "leave it")},)
            for run, name in names.items()
        },
        stub=(...,),
    )


def test_the_service_refuses_a_rule_without_its_image():
    rule = {"RuleConfigurationName": "VanishingGradient"}
    with pytest.raises(ValueError, match="RuleEvaluatorImage"):
        aws.validate("CreateTrainingJob", {"DebugRuleConfigurations": [rule]})
