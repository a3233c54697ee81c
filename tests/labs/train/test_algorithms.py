import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_recall_curve, recall_score

from labs_lib.labs.train.algorithms import exercises as algorithms
from labs_lib.labs.train.algorithms.exercises import lab
from tests.labs.contract import assert_exercise

_ANY = "of equal scores any may be looked at, and no case has equal ones"
_FIRST = "chosen = np.argsort(-known, kind='stable')[:looks - reserved]"
_SECOND = "return {*chosen, *np.argsort(-left, kind='stable')[:reserved]}"
EQUIVALENT = {
    f"ex3: {line} → {line.replace(old, new)}": _ANY
    for line in (_FIRST, _SECOND)
    for old, new in ((", kind='stable'", ""), ("'stable'", "'stable_'"))
}


def stub(*answers):
    raise NotImplementedError


# Exercise 1 ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        {"a", "d"},
        ["d", "a"],
        ("a", "d"),
        frozenset("ad"),
        np.array(["a", "d"]),
        pd.Series(["d", "a"]),
        pd.Index(["a", "d"]),
        "ad",
        "D, A",
        {"A", " d "},
    ],
)
def test_ex1_takes_any_usual_form(answer):
    assert lab.ex1.check(answer).status == "passed"


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[({"a", "d"},)],
        wrong={
            "neighbours": ({"d"},),
            "cuts": ({"a"},),
            "sum": ({"a", "b", "d"},),
            "trees": ({"a", "c", "d"},),
        },
    )


@pytest.mark.parametrize("answer", [set(), "c", "bcd"])
def test_ex1_wants_the_neighbours_first(answer):
    assert lab.ex1.check(answer).misconception == "neighbours"


# Exercise 2 ------------------------------------------------------------------------------


def by_the_curve(y_valid, score_valid, y_test, score_test, target):
    precision, _, thresholds = precision_recall_curve(y_valid, score_valid)
    good = thresholds[precision[:-1] >= target]
    return recall_score(y_test, score_test >= good.min()) if len(good) else 0


def by_sorting(y_valid, score_valid, y_test, score_test, target):
    table = pd.DataFrame({"y": y_valid, "s": score_valid})
    groups = table.groupby("s")["y"].agg(["sum", "count"])[::-1].cumsum()
    good = groups.index[groups["sum"] / groups["count"] >= target]
    if good.empty:
        return np.float32(0)
    return pd.Series(score_test >= good[-1])[y_test == 1].mean()


def highest_of_the_best(y_valid, score_valid, y_test, score_test, target):
    best, threshold = 0, None
    for t in sorted(set(score_valid), reverse=True):
        alert = score_valid >= t
        found = (y_valid * alert).sum()
        if found / alert.sum() >= target and found > best:
            best, threshold = found, t
    if threshold is None:
        return 0.0
    return np.array([(y_test * (score_test >= threshold)).sum() / y_test.sum()])


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(by_the_curve,), (by_sorting,), (highest_of_the_best,)],
        wrong={
            "on_test": (lambda yv, sv, yt, st, p: by_the_curve(yt, st, yt, st, p),),
            "judged_here": (lambda yv, sv, yt, st, p: by_sorting(yv, sv, yv, sv, p),),
            "half": (lambda yv, sv, yt, st, p: recall_score(yt, st >= 0.5),),
            "precision": (algorithms._precision_there,),
            "at_least": (algorithms._above_only,),
            "ties": (algorithms._row_by_row,),
            None: (lambda yv, sv, yt, st, p: p,),
        },
        stub=(stub,),
    )


def test_ex2_calls_thresholds_from_a_grid_no_cut_between_equal_scores():
    def on_a_grid(y_valid, score_valid, y_test, score_test, target):
        good = [
            t
            for t in np.linspace(0, score_valid.max(), 101)
            if y_valid[score_valid >= t].mean() >= target
        ]
        return (score_test[y_test == 1] >= min(good)).mean() if good else 0.0

    outcome = lab.ex2.check(on_a_grid)
    assert (outcome.status, outcome.misconception) == ("wrong", None)


def test_ex2_has_one_answer_for_each_of_the_thresholds_with_the_same_recall():
    for y, score, *_, target in algorithms._CASES:
        good = algorithms._good(y, score, target)
        if good:
            assert y[score == min(good)].any()


def test_ex2_minds_the_case_without_any_threshold():
    def never_empty(y_valid, score_valid, y_test, score_test, target):
        good = [t for t in score_valid if y_valid[score_valid >= t].mean() >= target]
        return (score_test[y_test == 1] >= min(good)).mean()

    assert lab.ex2.check(never_empty).status == "error"


# Exercise 3 ------------------------------------------------------------------------------


def in_a_loop(known, strange, looks, reserved):
    chosen = list(np.argsort(known)[::-1][: looks - reserved])
    for place in np.argsort(strange)[::-1]:
        if len(chosen) < looks and place not in chosen:
            chosen.append(place)
    return chosen


def with_pandas(known, strange, looks, reserved):
    first = pd.Series(known).nlargest(looks - reserved).index
    rest = pd.Series(strange).drop(first).nlargest(reserved).index
    return first.append(rest)


@pytest.mark.parametrize("form", [set, list, tuple, np.array, pd.Series, pd.Index])
def test_ex3_takes_positions_in_any_form_and_order(form):
    def answer(*arguments):
        return form(in_a_loop(*arguments)[::-1])

    assert lab.ex3.check(answer).status == "passed"


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(in_a_loop,), (with_pandas,)],
        wrong={
            "lowest": (
                lambda known, strange, looks, reserved: in_a_loop(
                    -known, -strange, looks, reserved
                ),
            ),
            "overlap": (algorithms._overlapping,),
            "sum": (
                lambda known, strange, looks, reserved: np.argsort(-(known + strange))[
                    :looks
                ],
            ),
            None: (lambda known, strange, looks, reserved: range(looks),),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("taken", [0.0, -1.0])
def test_ex3_wants_an_answer_for_negative_scores_too(taken):
    def marked(known, strange, looks, reserved):
        chosen = np.argsort(-known)[: looks - reserved]
        left = strange.copy()
        left[chosen] = taken
        return {*chosen, *np.argsort(-left)[:reserved]}

    assert lab.ex3.check(marked).status == "wrong"


def test_ex3_leaves_the_scores_as_they_are():
    def careless(known, strange, looks, reserved):
        chosen = np.argsort(-known)[: looks - reserved]
        strange[chosen] = -np.inf
        return {*chosen, *np.argsort(-strange)[:reserved]}

    outcome = lab.ex3.check(careless)
    assert outcome.status == "wrong"
    assert "in place" in outcome.text
