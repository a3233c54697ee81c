import numpy as np
import pandas as pd
import pytest

from labs_lib.course.exercise import ERROR, PASSED, WRONG
from labs_lib.course.lab import Lab


def share(y, score, threshold):
    """Return the share of positives among those at the threshold and above."""
    chosen = y[score >= threshold]
    return chosen.mean() if len(chosen) else 0.0


Y, SCORE = np.array([1, 0, 1, 0]), np.array([0.9, 0.6, 0.6, 0.1])


@pytest.fixture
def function():
    return Lab("train/algorithms").function(
        "share of positives",
        cases=[(Y, SCORE, 0.5), (Y, SCORE, 0.6), (Y, SCORE, 1.0)],
        right=share,
        mistakes={
            "strict": (
                "Above: {got:.2f}.",
                lambda y, s, t: (y[s > t]).sum() / max((s > t).sum(), 1),
            ),
            "all": ("Of all.", lambda y, s, t: y[s >= t].sum() / len(y)),
            # The same in every case: never a diagnosis.
            "one": ("One.", lambda y, s, t: 1.0),
            "also one": ("One too.", lambda y, s, t: 1),
        },
        hints=("think",),
        praise="Yes.",
    )


@pytest.mark.parametrize(
    "form", [float, np.array, lambda v: pd.Series([v]), lambda v: [v][0]]
)
def test_a_right_function_passes_in_every_form(function, form):
    assert function.check(lambda *case: form(share(*case))).status == PASSED


def test_a_diagnosis_is_given_if_it_is_the_only_one(function):
    outcome = function.check(lambda y, s, t: y[s >= t].sum() / len(y))
    assert (outcome.status, outcome.misconception, outcome.text) == (
        WRONG,
        "all",
        "Of all.",
    )
    assert "1.00" in function.check(function._judge.mistakes["strict"][0]).text


def test_otherwise_the_first_case_that_differs_is_shown(function):
    outcome = function.check(lambda labels, score, at: 1.0)
    assert (outcome.status, outcome.misconception) == (WRONG, None)
    assert "labels = [1, 0, 1, 0], score = [0.9, 0.6, 0.6, 0.1], at = 0.5" in outcome.text
    assert "expected 0.6667; yours gave 1." in outcome.text


def test_a_result_of_another_form_is_named(function):
    outcome = function.check(lambda y, s, t: [0.5, 0.5])
    assert (
        "what your function returns should be a number; it is a list of 2" in outcome.text
    )


def test_a_border_without_return_is_asked_about_it(function):
    def forgets(y, score, threshold):
        if (score >= threshold).any():
            return share(y, score, threshold)

    assert "forget `return`" in function.check(forgets).text


def test_an_error_names_line_and_arguments(function):
    def divides(y, score, threshold):
        found = int(y[score >= threshold].sum())
        return found / int((score >= threshold).sum())

    outcome = function.check(divides)
    assert outcome.status == ERROR
    assert f"in line {divides.__code__.co_firstlineno + 2} of its cell" in outcome.text
    assert "`return found / int((score >= threshold).sum())`" in outcome.text
    assert "threshold = 1" in outcome.text


def test_the_cases_are_not_spoilt(function):
    def spoils(y, score, threshold):
        found = share(y, score, threshold)
        score[:] = 0
        return found

    outcome = function.check(spoils)
    assert outcome.status == WRONG
    assert "changes its argument `score` in place" in outcome.text
    assert SCORE[0] == 0.9


def test_cases_have_to_be_tuples():
    with pytest.raises(ValueError, match="cases has to hold tuples"):
        Lab("train/algorithms").function(
            "x", cases=[1], right=abs, mistakes={}, hints=(), praise=""
        )


def by_length(name):
    return len(name) % 7


def by_hash(name):
    return hash(name) % 7 if name else 0


def by_order(name):
    return {letter: place for place, letter in enumerate(set(name))}


def once(name, seen=[]):  # noqa: B006
    seen.append(name)
    return len(name) % 7 if len(seen) <= 4 else 1


@pytest.fixture
def reproducible():
    def make(right):
        return Lab("train/algorithms").function(
            "a side",
            cases=[("",), ("ab",), ("abcdefgh",), ("xyzw",)],
            right=right,
            mistakes={},
            hints=(),
            praise="Yes.",
            reproducible=True,
        )

    return make


def test_another_process_may_give_the_same_answer(reproducible):
    assert reproducible(by_length).check(by_length).status == PASSED


@pytest.mark.parametrize("salted", [by_hash, by_order])
def test_what_depends_on_the_process_is_found(reproducible, salted):
    # Right by chance here, in this process.
    outcome = reproducible(salted).check(salted)
    assert outcome.status == WRONG
    assert "In another Python process" in outcome.text


def test_a_function_with_a_memory_is_found(reproducible):
    assert "gives two answers" in reproducible(by_length).check(once).text


def test_what_cannot_be_sent_to_another_process_is_judged_here(reproducible):
    import threading

    lock = threading.Lock()

    def with_lock(name):
        with lock:
            return by_length(name)

    assert reproducible(by_length).check(with_lock).status == PASSED


@pytest.fixture
def match():
    return Lab("train/algorithms").match(
        "which metric",
        right={"a": "recall", "b": {"precision", "cost"}, "c": "cost"},
        options=("accuracy",),
        mistakes={
            "a": ("Not {got}.", "a"),
            "prices": ("No prices.", lambda m: m["c"] == "accuracy"),
        },
        hints=("think",),
        praise="Yes.",
    )


RIGHT = {"a": "recall", "b": "cost", "c": "cost"}


@pytest.mark.parametrize("form", [dict, pd.Series, lambda m: list(m.items())])
def test_a_mapping_passes_in_every_form(match, form):
    assert match.check(form(RIGHT)).status == PASSED
    assert match.check(form(RIGHT | {"b": "Precision"})).status == PASSED


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (RIGHT | {"a": "cost"}, WRONG, "Not cost."),
        (RIGHT | {"c": "accuracy"}, WRONG, "No prices."),
        (RIGHT | {"c": "recall"}, WRONG, "look again at `c`"),
        ({"a": "recall", "b": "cost"}, ERROR, "Missing: `c`."),
        (RIGHT | {"a": "recal"}, ERROR, "`recal` at `a` is none of"),
        (RIGHT | {"a": "recal"}, ERROR, "Did you mean `recall`?"),
        (RIGHT | {"a": None}, ERROR, "`a` is None"),
        (RIGHT | {"a": ["recall"]}, ERROR, "`a` is a list of 1"),
        (None, ERROR, "should be a dictionary; it is None"),
        ("recall", ERROR, "should be a dictionary"),
        (RIGHT | {"a": ...}, "not attempted", "Stuck?"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said(match, answer, status, said):
    outcome = match.check(answer)
    assert outcome.status == status
    assert said in outcome.text


def test_a_misspelt_key_is_named():
    exercise = Lab("train/algorithms").match(
        "two shares",
        right={"recall": 0.5, "precision": 0.25},
        mistakes={},
        hints=(),
        praise="Yes.",
    )
    outcome = exercise.check({"recal": 0.5, "precision": 0.25})
    assert "`recal` is no key; did you mean `recall`?" in outcome.text
    assert "Missing: `recall`." in outcome.text


def test_a_value_may_be_matched_too():
    exercise = Lab("train/algorithms").match(
        "a threshold",
        right=0.25,
        mistakes={"odds": ("These are odds.", 1 / 3), "big": ("Above 1.", lambda x: x > 1)},
        hints=(),
        praise="Yes.",
    )
    assert exercise.check(np.array([0.25])).status == PASSED
    assert exercise.check(1 / 3).misconception == "odds"
    assert exercise.check(2).misconception == "big"
    assert exercise.check(0.5).text == "0.5 is not right."
    assert exercise.check("0.25").status == ERROR
