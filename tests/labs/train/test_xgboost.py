import numpy as np
import pandas as pd
import pytest

from labs_lib import aws
from labs_lib.labs.train.xgboost.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def sigmoid(raw):
    return 1 / (1 + np.exp(-raw))


def by_product(y, raw, weight):
    p, factor = sigmoid(raw), 1 + y * (weight - 1)
    return factor * (p - y), factor * p * (1 - p)


def a_list(y, raw, weight):
    return list(by_product(y, raw, weight))


def two_rows(y, raw, weight):
    return np.array(by_product(y, raw, weight))


def series(y, raw, weight):
    return tuple(pd.Series(part) for part in by_product(y, raw, weight))


def plain_lists(y, raw, weight):
    return [part.tolist() for part in by_product(y, raw, weight)]


def in_columns(y, raw, weight):
    return tuple(part.reshape(-1, 1) for part in by_product(y, raw, weight))


def by_class(y, raw, weight):
    """The weighted loss in its own words: -w y log p - (1 - y) log(1 - p)."""
    p = sigmoid(raw)
    gradient = -weight * y * (1 - p) + (1 - y) * p
    return gradient, (weight * y + 1 - y) * p * (1 - p)


def by_masks(y, raw, weight):
    p = np.exp(raw) / (1 + np.exp(raw))
    gradient, hessian = p - y, p - p**2
    gradient[y == 1] *= weight
    hessian[y == 1] *= weight
    return gradient, hessian


def by_loop(y, raw, weight):
    pairs = []
    for label, score in zip(y, raw, strict=True):
        p, factor = sigmoid(score), weight if label else 1
        pairs.append((factor * (p - label), factor * p * (1 - p)))
    return [first for first, _ in pairs], [second for _, second in pairs]


def by_tanh(y, raw, weight):
    p, factor = (1 + np.tanh(raw / 2)) / 2, np.where(y > 0, weight, 1)
    return factor * (p - y), factor / (2 + 2 * np.cosh(raw))


def turned(y, raw, weight):
    p, factor = sigmoid(raw), np.where(y == 0, weight, 1)
    return factor * (p - y), factor * p * (1 - p)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (answer,)
            for answer in (
                by_product,
                a_list,
                two_rows,
                series,
                plain_lists,
                in_columns,
                by_class,
                by_masks,
                by_loop,
                by_tanh,
            )
        ],
        wrong={
            "everyone": (lambda y, r, w: tuple(w * x for x in by_product(y, r, 1)),),
            "hessian_plain": (
                lambda y, r, w: (by_product(y, r, w)[0], sigmoid(r) * sigmoid(-r)),
            ),
            "exchanged": (lambda y, r, w: by_product(y, r, w)[::-1],),
            "honest": (lambda y, r, w: turned(y, r, w),),
            "only_the_label": (
                lambda y, r, w: (sigmoid(r) - w * y, by_product(y, r, w)[1]),
            ),
            "climbs": (lambda y, r, w: (-by_product(y, r, w)[0], by_product(y, r, w)[1]),),
            "dropped": (
                lambda y, r, w: (
                    w * y * (sigmoid(r) - y),
                    w * y * sigmoid(r) * sigmoid(-r),
                ),
            ),
            None: (lambda y, r, w: (by_product(y, r, w)[0], np.ones(len(y))),),
        },
        stub=(stub,),
    )


def test_ex1_wants_two_parts():
    outcome = lab.ex1.check(lambda y, raw, weight: by_product(y, raw, weight)[0])
    assert outcome.status == "wrong"
    assert "should have 2 parts" in outcome.text or "shape" in outcome.text


def test_ex1_leaves_the_labels_alone():
    def in_place(y, raw, weight):
        y *= weight
        return by_product(y / weight, raw, weight)

    assert lab.ex1.check(in_place).status != "passed"


# Exercise 2 --------------------------------------------------------------------------------


def kept(curve, patience):
    best = 0
    for place, value in enumerate(curve):
        if value > curve[best]:
            best = place
        if place - best == patience:
            break
    return best + 1


def by_trying(curve):
    return next(
        p for p in range(1, len(curve) + 1) if kept(curve, p) == kept(curve, len(curve) + 1)
    )


def by_one_walk(curve):
    best, place, longest = curve[0], 0, 1
    for i in range(1, len(curve)):
        if curve[i] > best:
            longest, best, place = max(longest, i - place), curve[i], i
    return longest


def by_running_maximum(curve):
    top = np.maximum.accumulate(curve)
    places = np.flatnonzero(np.diff(top, prepend=-np.inf) > 0)
    return np.diff(places).max(initial=1)


def by_series(curve):
    top = pd.Series(curve).cummax()
    runs = top.groupby(top).size().iloc[:-1]
    return max(runs.max(), 1) if len(runs) else 1


def as_text_of_runs(curve):
    _, counts = np.unique(np.maximum.accumulate(curve), return_counts=True)
    return np.array([max([1, *counts[:-1]])])


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (answer,)
            for answer in (
                by_trying,
                by_one_walk,
                by_running_maximum,
                by_series,
                as_text_of_runs,
                lambda curve: float(by_one_walk(curve)),
                lambda curve: np.int64(by_one_walk(curve)),
                lambda curve: np.array(by_one_walk(curve)),
                lambda curve: pd.Series([by_one_walk(curve)]),
                lambda curve: by_one_walk(curve.tolist()),
            )
        ],
        wrong={
            "one_less": (lambda c: max(by_one_walk(c) - 1, 1),),
            "trees": (lambda c: int(np.argmax(c)) + 1,),
            "ties": (
                lambda c: next(
                    p
                    for p in range(1, 99)
                    if _kept_with_ties(c, p) == _kept_with_ties(c, 99)
                ),
            ),
            "one_more": (lambda c: by_one_walk(c) + 1,),
            "nothing": (lambda c: by_one_walk(c) if np.argmax(c) else 0,),
            None: (lambda c: 30,),
        },
        stub=(stub,),
    )


def _kept_with_ties(curve, patience):
    best = 0
    for place, value in enumerate(curve):
        if value >= curve[best]:
            best = place
        if place - best == patience:
            break
    return best + 1


# Exercise 3 --------------------------------------------------------------------------------

JOBS = {
    "a": ({}, "validation"),
    "b": ({"eval_metric": "auc,aucpr,logloss"}, "validation"),
    "c": (
        {"eval_metric": "logloss", "_tuning_objective_metric": "validation:aucpr"},
        "validation",
    ),
    "d": ({"eval_metric": "aucpr"}, "test"),
    "e": ({"_tuning_objective_metric": "aucpr"}, "validation"),
}


@pytest.mark.parametrize("job", JOBS)
def test_ex3_agrees_with_the_container(job):
    own, channel = JOBS[job]
    asked = {"num_round": "500", "early_stopping_rounds": "100"}
    asked |= {"objective": "binary:logistic"} | own

    def checked():
        return str(aws.check_xgboost_hyperparameters(asked, channels=["train", channel]))

    if RIGHT[job] == "refused":
        with pytest.raises(ValueError, match="_tuning_objective_metric"):
            checked()
    else:
        watches_none = "does nothing here" in checked()
        assert watches_none == (RIGHT[job] == "nothing")


RIGHT = {"a": "nothing", "b": "logloss", "c": "aucpr", "d": "nothing", "e": "refused"}


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[
            (RIGHT,),
            (pd.Series(RIGHT),),
            (list(RIGHT.items()),),
            ({key: value.upper() for key, value in RIGHT.items()},),
            ({key: np.str_(value) for key, value in reversed(RIGHT.items())},),
        ],
        wrong={
            "unnamed": (RIGHT | {"a": "logloss"},),
            "not_the_last": (RIGHT | {"b": "auc"},),
            "tuning_first": (RIGHT | {"c": "logloss"},),
            "no_channel": (RIGHT | {"d": "aucpr"},),
            "no_colon": (RIGHT | {"e": "aucpr"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (RIGHT | {"a": "none"}, "`none` at `a` is none of"),
        (RIGHT | {"f": "aucpr"}, "`f` is no key"),
        (RIGHT | {"c": "validation:aucpr"}, "is none of `aucpr`, `auc`, `logloss`"),
    ],
)
def test_ex3_says_what_cannot_be_read(answer, said):
    outcome = lab.ex3.check(answer)
    assert outcome.status == "error"
    assert said in outcome.text
