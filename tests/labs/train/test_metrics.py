import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from labs_lib.labs.train.metrics import exercises as metrics
from labs_lib.labs.train.metrics.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def precision_at(tpr, fpr, rate):
    return tpr * rate / (tpr * rate + fpr * (1 - rate))


def by_counting(tpr, fpr, rate):
    found, false = 10_000 * rate * tpr, 10_000 * (1 - rate) * fpr
    return found / (found + false)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(precision_at,), (by_counting,)],
        wrong={
            "no_rate": (lambda tpr, fpr, rate: tpr / (tpr + fpr),),
            "fpr_of_all": (lambda tpr, fpr, rate: tpr * rate / (tpr * rate + fpr),),
            "complement": (
                lambda tpr, fpr, rate: tpr * rate / (tpr * rate + (1 - fpr) * (1 - rate)),
            ),
            "other": (lambda tpr, fpr, rate: rate,),
        },
        stub=(stub,),
    )


def from_library(y, score, target):
    precision, recall, thresholds = precision_recall_curve(y, score)
    enough = recall[:-1] >= target
    return thresholds[enough][np.argmax(precision[:-1][enough])]


def lowest_of_the_best(y, score, target):
    enough = [t for t in score if metrics._at(y, score, t)[1] >= target]
    best = max(metrics._at(y, score, t)[0] for t in enough)
    return min(t for t in enough if metrics._at(y, score, t)[0] == best)


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(from_library,), (lowest_of_the_best,)],
        wrong={
            "value": (lambda *a: metrics._at(*a[:2], from_library(*a))[0],),
            "other_criterion": (metrics._recall_at_precision,),
            "first": (metrics._highest_threshold,),
            "recall": (lambda y, score, target: 0.95,),
            "other": (lambda y, score, target: 0.1,),
        },
        stub=(stub,),
    )


GOOD = {"a": "LogLoss", "b": "precision in the top", "c": "cost", "d": "AUC"}


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(GOOD,), (GOOD | {"a": "cost", "b": "cost"},)],
        wrong={
            "price": (GOOD | {"a": "AUC"},),
            "queue": (GOOD | {"b": "Recall"},),
            "money": (GOOD | {"c": "Accuracy"},),
            "rates": (GOOD | {"d": "precision in the top"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize("answer", [{"a": "F1"}, dict.fromkeys("abcd", "F1"), [1, 2]])
def test_ex3_asks_for_its_own_names(answer):
    assert lab.ex3.check(answer).status == "error"


def test_ex1_shows_the_digits_that_differ():
    outcome = lab.ex1.check(lambda *point: round(precision_at(*point), 3))
    assert "expected 0.8889; yours gave 0.889" in outcome.text


@pytest.mark.parametrize("metric", ["Recall", "LogLoss", "cost"])
def test_ex3_says_of_each_metric_only_what_holds(metric):
    text = lab.ex3.check(GOOD | {"d": metric}).text
    assert f"{metric} needs a threshold, or changes with the rate" in text
