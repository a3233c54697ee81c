import pytest

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
        right=[
            (precision_at,),
            (by_counting,),
            (lambda *point: round(precision_at(*point), 3),),
        ],
        wrong={
            "no_rate": (lambda tpr, fpr, rate: tpr / (tpr + fpr),),
            "fpr_of_all": (lambda tpr, fpr, rate: tpr * rate / (tpr * rate + fpr),),
            "tpr_of_all": (lambda tpr, fpr, rate: tpr / (tpr + fpr * (1 - rate)),),
            "complement": (
                lambda tpr, fpr, rate: tpr * rate / (tpr * rate + (1 - fpr) * (1 - rate)),
            ),
            "false_alerts": (lambda *point: 1 - precision_at(*point),),
            None: (lambda tpr, fpr, rate: rate,),
        },
        stub=(stub,),
    )


def test_ex1_refuses_counts_that_were_rounded():
    def answer(tpr, fpr, rate):
        found, false = round(1000 * rate * tpr), round(1000 * (1 - rate) * fpr)
        return found / (found + false)

    assert lab.ex1.check(answer).status == "wrong"


def test_ex1_refuses_two_decimals():
    outcome = lab.ex1.check(lambda *point: round(precision_at(*point), 2))
    assert outcome.status == "wrong"
    assert "expected 0.8889; yours gave 0.89" in outcome.text


GOOD = {"a": "LogLoss", "b": "precision in the top", "c": "cost", "d": "AUC", "e": "none"}


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(GOOD,), (GOOD | {"a": "cost", "b": "cost"},)],
        wrong={
            "price": (GOOD | {"a": "AUC"},),
            "queue": (GOOD | {"b": "Recall"},),
            "money": (GOOD | {"c": "Accuracy"},),
            "recall": (GOOD | {"d": "Recall"},),
            "nothing_fits": (GOOD | {"d": "none"},),
            "rates": (GOOD | {"d": "precision in the top"},),
            "mix": (GOOD | {"e": "AUC"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize("answer", [{"a": "F1"}, dict.fromkeys("abcde", "F1"), [1, 2]])
def test_ex2_asks_for_its_own_names(answer):
    assert lab.ex2.check(answer).status == "error"


def test_ex2_does_not_say_that_recall_changes_with_the_rate():
    text = lab.ex2.check(GOOD | {"d": "Recall"}).text
    assert "at a given threshold it does not change with the fraud rate" in text


@pytest.mark.parametrize("metric", ["LogLoss", "cost", "Accuracy", "precision in the top"])
def test_ex2_says_so_of_what_does_change(metric):
    text = lab.ex2.check(GOOD | {"d": metric}).text
    assert f"{metric} changes with the rate" in text
