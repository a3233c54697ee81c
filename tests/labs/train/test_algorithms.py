import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from labs_lib.aws import check_xgboost_hyperparameters
from labs_lib.labs.train.algorithms import exercises as algorithms
from labs_lib.labs.train.algorithms.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def from_library(y, score, target):
    precision, recall, _ = precision_recall_curve(y, score)
    return recall[precision >= target].max()


def without_default(y, score, target):
    found = [
        y[score >= t].sum() / y.sum()
        for t in np.unique(score)
        if y[score >= t].mean() >= target
    ]
    return max(found)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(from_library,), (algorithms._recall_at,)],
        wrong={
            "first_dip": (algorithms._stops_at_the_first_dip,),
            "half": (lambda y, score, target: y[score >= 0.5].sum() / y.sum(),),
            "ties": (algorithms._row_by_row,),
            "precision": (algorithms._precision_itself,),
            "unreachable": (without_default,),
            "other": (lambda y, score, target: target,),
        },
        stub=(stub,),
    )


def container(hp, channels):
    named = hp.get("_tuning_objective_metric") or hp.get("eval_metric")
    if "early_stopping_rounds" in hp and "validation" in channels and named:
        return named.split(",")[-1]
    return None


@pytest.mark.parametrize("off", [None, "", False])
def test_ex2_takes_any_way_to_say_none(off):
    assert lab.ex2.check(lambda hp, ch: container(hp, ch) or off).status == "passed"


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(container,)],
        wrong={
            "works": (lambda hp, ch: None,),
            "rounds_alone": (
                lambda hp, ch: (
                    hp.get("eval_metric", "logloss").split(",")[-1]
                    if "early_stopping_rounds" in hp and "validation" in ch
                    else None
                ),
            ),
            "no_validation": (lambda hp, ch: container(hp, ["validation"]),),
            "no_rounds": (
                lambda hp, ch: container(hp | {"early_stopping_rounds": "1"}, ch),
            ),
            "first_metric": (
                lambda hp, ch: (
                    container(hp, ch) and (hp.get("eval_metric") or "").split(",")[0]
                ),
            ),
            "tuning": (
                lambda hp, ch: container(
                    {k: v for k, v in hp.items() if k != "_tuning_objective_metric"}, ch
                ),
            ),
        },
        stub=(stub,),
    )


def sigmoid(margin):
    return 1 / (1 + np.exp(-margin))


def money(y, margin, weight):
    p = sigmoid(margin)
    return weight * (p - y), weight * p * (1 - p)


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(money,), (lambda *a: [np.float32(part) for part in money(*a)],)],
        wrong={
            "shape": (lambda y, m, w: sigmoid(m) - y,),
            "sign": (lambda y, m, w: (-money(y, m, w)[0], money(y, m, w)[1]),),
            "unweighted": (lambda y, m, w: money(y, m, np.ones_like(w)),),
            "hessian_unweighted": (
                lambda y, m, w: (money(y, m, w)[0], money(y, m, np.ones_like(w))[1]),
            ),
            "probability": (
                lambda y, m, w: (w * (-y / sigmoid(m) + (1 - y) / (1 - sigmoid(m))), w),
            ),
            "gradient": (lambda y, m, w: (w * (sigmoid(m) - y) ** 3, w),),
            "hessian": (lambda y, m, w: (money(y, m, w)[0], np.ones_like(m)),),
        },
        stub=(stub,),
    )


def test_ex3_shapes():
    outcome = lab.ex3.check(lambda y, m, w: (0.0, 1.0))
    assert outcome.misconception == "shape"
    assert "()" in outcome.text


def odds(score, weight):
    with np.errstate(divide="ignore", invalid="ignore"):
        value = score / (1 - score) / weight
        return np.where(score == 1, 1.0, value / (1 + value))


def test_ex4():
    assert_exercise(
        lab.ex4,
        right=[(odds,), (lambda s, w: s / (s + w * (1 - s)),)],
        wrong={
            "divided": (lambda s, w: s / w,),
            "forward": (lambda s, w: w * s / (w * s + 1 - s),),
            "rescaled": (lambda s, w: (s - s.min()) / (np.ptp(s) or 1),),
            "ends": (lambda s, w: 1 / (1 + w * (1 / np.maximum(s, 1e-9) - 1)) * (s < 1),),
            "other": (lambda s, w: s**2,),
        },
        stub=(stub,),
    )


def test_ex4_leaves_out_what_is_only_nearly_right():
    assert lab.ex4.check(lambda s, w: s / w).misconception == "divided"


@pytest.mark.parametrize("cut", [True, False])
def test_ex2_takes_the_objective_with_and_without_its_data(cut):
    def watched(hyperparameters, channels):
        named = hyperparameters.get("_tuning_objective_metric")
        named = named or hyperparameters.get("eval_metric")
        armed = "early_stopping_rounds" in hyperparameters and "validation" in channels
        found = named.split(",")[-1] if armed and named else None
        return found.split(":")[-1] if cut and found else found

    assert lab.ex2.check(watched).status == "passed"


def test_ex2_asks_only_what_the_container_takes():
    assert len(algorithms._JOBS) == 6
    for hyperparameters, *_ in algorithms._JOBS.values():
        asked = {"num_round": "10", "objective": "binary:logistic", **hyperparameters}
        check_xgboost_hyperparameters(asked, channels=["train", "validation"])
