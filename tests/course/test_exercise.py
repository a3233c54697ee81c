import json
from collections.abc import Callable

import numpy as np
import pytest

from labs_lib.course import catalog, progress
from labs_lib.course.exercise import ERROR, OPEN, PASSED, WRONG, wrong
from labs_lib.course.lab import Lab


@pytest.fixture
def lab():
    lab = Lab("train/algorithms")

    @lab.exercise(
        "double it",
        hints=("think", "two times"),
        misconceptions={"square": "You squared {x:g}.", "other": "No."},
        praise="Yes.",
    )
    def ex1(x: float, double: Callable):
        if double(x) == x**2 and x != 2:
            return wrong("square", x=x)
        return None if double(x) == 2 * x else wrong("other")

    return lab


def test_right(lab):
    outcome = lab.ex1.check(3, lambda x: x + x)
    assert outcome.status == PASSED
    assert repr(outcome) == "Exercise 1, double it: passed: Yes."


def test_wrong_names_the_misconception_with_details(lab):
    outcome = lab.ex1.check(np.float64(3), lambda x: x * x)
    assert (outcome.status, outcome.misconception) == (WRONG, "square")
    assert outcome.text == "You squared 3."
    assert "You squared 3." in outcome._repr_html_()


def stub(x):
    raise NotImplementedError


@pytest.mark.parametrize("answers", [(..., ...), (3, ...), (3, stub)])
def test_untouched_is_not_attempted(lab, answers):
    outcome = lab.ex1.check(*answers)
    assert outcome.status == OPEN
    assert "lab.ex1.hint()" in outcome.text


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ((3,), "takes 2 answer(s): x, double. It got 1"),
        (("3", abs), "`x` should be a number; it is the text '3'. Leave out the quotes."),
        ((True, abs), "`x` should be a number; it is True"),
        ((3, 4), "`double` should be a function; it is an int"),
        ((3, lambda x: 1 / 0), "Your answer raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_wrong_type_or_a_crash_is_an_error_in_one_line(lab, answers, message):
    outcome = lab.ex1.check(*answers)
    assert outcome.status == ERROR
    assert message in outcome.text
    assert "\n" not in outcome.text


def test_hints_give_more_each_time_and_end_with_the_solution(lab):
    hints = [lab.ex1.hint() for _ in range(3)]
    assert [h.title for h in hints] == ["Hint 1 of 2", "Hint 2 of 2", "Hint 2 of 2"]
    assert hints[0].text == "think"
    assert "lab.ex1.solution()" in hints[1].text


def test_html_is_escaped(lab):
    outcome = lab.ex1.check(3, lambda x: {}["<b>"])
    assert "&lt;b&gt;" in outcome._repr_html_()


def test_solution_shows_the_cell(tiny):
    from labs_lib.course import build

    tiny.solution.parent.mkdir(parents=True)
    page = build.source.read(tiny)
    tiny.solution.write_text(build._text(build.solution_notebook(page)), encoding="utf-8")
    shown = tiny.exercises().lab.ex1.solution()
    assert "accuracy = 0.99" in repr(shown)
    assert "<pre>" in shown._repr_html_()


def test_solutions_that_were_withheld(tiny):
    assert "not handed out" in tiny.exercises().lab.ex1.solution().text


def test_a_solution_notebook_without_the_cell(tiny):
    tiny.solution.parent.mkdir(parents=True)
    tiny.solution.write_text(
        '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )
    assert "labs build" in tiny.exercises().lab.ex1.solution().text


def test_passing_is_recorded_once_in_mode_learn(lab, progress_file):
    lab.ex1.check(3, lambda x: x + x)
    first = progress.load()["train/algorithms"]["ex1"]
    lab.ex1.check(3, lambda x: x + x)
    again = progress.load()["train/algorithms"]["ex1"]
    assert (first.attempts, again.attempts) == (1, 2)
    assert first.passed == again.passed is not None


def test_nothing_is_recorded_in_mode_build(lab, progress_file, monkeypatch):
    monkeypatch.setenv("LABS_MODE", "build")
    assert lab.ex1.check(3, lambda x: x + x).status == PASSED
    assert not progress_file.exists()


def test_a_wrong_answer_counts_as_an_attempt_and_dots_do_not(lab, progress_file):
    lab.ex1.check(3, ...)
    lab.ex1.check(3, stub)
    assert not progress_file.exists()
    lab.ex1.check(3, lambda x: x * x)
    lab.ex1.check(3, lambda x: 1 / 0)
    assert progress.load()["train/algorithms"]["ex1"].attempts == 2
    assert progress.passed() == {}


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"passed": 1}', '{"passed": {"a": {"b": 1}}}']
)
def test_a_damaged_progress_file_is_not_overwritten(lab, progress_file, content):
    progress_file.write_text(content)
    outcome = lab.ex1.check(3, lambda x: x + x)
    assert outcome.status == PASSED
    assert "is not a progress file" in outcome.text
    assert progress_file.read_text() == content


def test_a_read_only_progress_file_does_not_stop_the_learner(
    lab, progress_file, monkeypatch
):
    def refuse(path, text):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(progress, "write_text", refuse)
    outcome = lab.ex1.check(3, lambda x: x + x)
    assert outcome.status == PASSED
    assert "Not recorded" in outcome.text
    assert "LABS_PROGRESS" in outcome.text


def test_progress_that_cannot_be_read(progress_file):
    progress_file.mkdir()
    with pytest.raises(ValueError, match="cannot be read"):
        progress.load()


def test_other_labs_are_kept(lab, progress_file):
    progress_file.write_text(json.dumps({"version": 1, "passed": {"x": {"ex1": "t"}}}))
    lab.ex1.check(3, lambda x: x + x)
    assert set(progress.load()) == {"x", "train/algorithms"}


def test_start_says_what_is_passed(lab, progress_file):
    assert "nothing yet" in lab.start().text
    lab.ex1.check(3, lambda x: x + x)
    assert "Passed so far: ex1" in lab.start().text
    progress_file.write_text("{")
    assert "is not a progress file" in lab.start().text
    assert catalog.find("train/algorithms").title == lab.start().title


def test_start_is_the_same_for_everybody_when_built(lab):
    assert "Passed" not in lab.start().text


def test_reprs(lab):
    assert repr(lab).startswith("Lab train/algorithms: 1 exercises")
    assert repr(lab.ex1) == "Exercise 1, double it: .check(...), .hint(), .solution()"


def test_prediction(lab, progress_file):
    lab.predict("guess", options=("higher", "lower"))
    assert lab.guess.commit(...).title == "No guess yet"
    assert "no guess" in lab.guess.reveal("higher").text
    assert "Take one of" in lab.guess.commit("up").text
    assert lab.guess.commit("higher").title == "Noted"
    assert lab.guess.reveal("higher").text == "As you guessed."
    assert lab.guess.reveal("lower").text == "You guessed: higher."
    with pytest.raises(ValueError, match="not an option of lab.guess"):
        lab.guess.reveal("up")


def test_a_bet_is_kept_for_the_next_day_and_stands_once_it_was_measured(lab, progress_file):
    lab.predict("guess", options=("higher", "lower"))
    lab.guess.commit("lower")
    lab.guess.commit("higher")

    def next_day():
        again = Lab("train/algorithms")
        again.predict("guess", options=("higher", "lower"))
        return again.guess

    assert 'You guessed "higher" earlier' in next_day().commit(...).text
    assert next_day().reveal("higher").text == "As you guessed."
    assert next_day().commit("lower").title == "Already measured"
    assert next_day().guess == "higher"


@pytest.mark.parametrize("mode", ["build"])
def test_a_published_page_speaks_to_nobody_who_made_no_guess(lab, monkeypatch, mode):
    monkeypatch.setenv("LABS_MODE", mode)
    lab.predict("guess", options=("higher", "lower"))
    shown = f"{lab.guess.commit(...)!r} {lab.guess.reveal('higher')!r}"
    assert "guess yet" not in shown
    assert "no guess" not in shown
    assert '"higher", "lower"' in shown


def test_an_error_is_reported_with_the_learners_line_and_arguments(lab):
    def double(x):
        half = x / 0
        return half

    outcome = lab.ex1.check(3, double)
    line = double.__code__.co_firstlineno + 1
    assert f"in line {line} of its cell: `half = x / 0`" in outcome.text
    assert "called with x = 3" in outcome.text


def test_a_function_without_return_is_asked_about_it(lab):
    def double(x):
        x + x

    assert "forget `return`" in lab.ex1.check(3, double).text


def test_an_error_that_only_looks_like_a_stub_is_an_error(lab):
    def unfinished_library(x):
        return np.random.BitGenerator().random_raw()

    assert lab.ex1.check(3, unfinished_library).status == ERROR


def test_a_function_that_changes_its_arguments_is_told_so():
    lab = Lab("train/algorithms")

    @lab.exercise("sort", hints=(), misconceptions={}, praise="Yes.")
    def ex1(ordered: Callable[..., list]):
        return None if ordered([3, 1, 2]) == [1, 2, 3] else wrong("other")

    def in_place(numbers):
        numbers.sort()
        return numbers

    outcome = lab.ex1.check(in_place)
    assert outcome.status == WRONG
    assert "changes its argument `numbers` in place" in outcome.text
    assert lab.ex1.check(sorted).status == PASSED
    assert lab.ex1.check(lambda numbers: np.sort(numbers)).status == PASSED
    assert "should be a list; it is 3" not in lab.ex1.check(max).text
    assert "What your function returns should be a list" in lab.ex1.check(max).text


def test_numbers_that_differ_are_never_shown_alike():
    lab = Lab("train/algorithms")

    @lab.exercise(
        "a ratio",
        hints=(),
        misconceptions={"other": "expected {expected:.3f}; yours gave {got:.3f}"},
        praise="Yes.",
    )
    def ex1(x: float):
        return None if x == 8 / 9 else wrong("other", expected=8 / 9, got=x)

    assert lab.ex1.check(0.889).text == "expected 0.8889; yours gave 0.889"
    assert lab.ex1.check(0.5).text == "expected 0.889; yours gave 0.500"
