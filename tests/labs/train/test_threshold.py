import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from labs_lib.labs.train.threshold import exercises as threshold
from labs_lib.labs.train.threshold.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def break_even(amount, missed, alert, blocked):
    return (alert + blocked) / (amount + missed + blocked)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (break_even,),
            (lambda *prices: round(break_even(*prices), 3),),
            (lambda a, m, al, b: np.float64(al + b) / np.array([a + m + b]),),
        ],
        wrong={
            "textbook": (lambda a, m, al, b: (al + b) / (al + b + a + m),),
            "odds": (lambda a, m, al, b: (al + b) / (a + m),),
            "clipped": (lambda *prices: min(1, break_even(*prices)),),
            None: (lambda a, m, al, b: 0.5,),
        },
        stub=(stub,),
    )


def from_library(y, score, target):
    precision, recall, thresholds = precision_recall_curve(y, score)
    enough = recall[:-1] >= target
    return thresholds[enough][np.argmax(precision[:-1][enough])]


def lowest_of_the_best(y, score, target):
    enough = [t for t in score if threshold._at(y, score, t)[1] >= target]
    best = max(threshold._at(y, score, t)[0] for t in enough)
    return min(t for t in enough if threshold._at(y, score, t)[0] == best)


def recall_at_target_precision(y, score, target):
    precision, recall, thresholds = precision_recall_curve(y, score)
    enough = precision[:-1] >= target
    return thresholds[enough][np.argmax(recall[:-1][enough])] if enough.any() else np.inf


def highest_of_the_other_criterion(y, score, target):
    enough = [t for t in score if threshold._at(y, score, t)[0] >= target]
    return max(enough, key=lambda t: threshold._at(y, score, t)[1], default=np.nan)


@pytest.mark.parametrize(
    "answer", [recall_at_target_precision, highest_of_the_other_criterion]
)
def test_ex2_knows_the_other_criterion_by_what_it_reaches(answer):
    assert lab.ex2.check(answer).misconception == "other_criterion"


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (from_library,),
            (lowest_of_the_best,),
            (lambda *case: np.array([from_library(*case)]),),
        ],
        wrong={
            "value": (lambda *a: threshold._at(*a[:2], from_library(*a))[0],),
            "other_criterion": (recall_at_target_precision,),
            "first": (threshold._highest_threshold,),
            "recall": (lambda y, score, target: 0.95,),
            "other": (lambda y, score, target: 0.1,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("digits", [2, 3])
def test_ex2_tells_a_rounded_precision_from_a_threshold(digits):
    def answer(*case):
        return round(threshold._at(*case[:2], from_library(*case))[0], digits)

    expected = {2: None, 3: "value"}[digits]
    outcome = lab.ex2.check(answer)
    assert outcome.status == "wrong"
    assert expected is None or outcome.misconception == expected
