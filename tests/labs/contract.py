"""What every exercise has to do, whatever it is about."""

import inspect
import re

import pandas as pd

from labs_lib.course.exercise import ERROR, OPEN, PASSED, WRONG, Exercise
from labs_lib.course.kinds import FunctionJudge, MatchJudge


def assert_exercise(
    exercise: Exercise,
    *,
    right: list[tuple],
    wrong: dict[str | None, tuple],
    stub: tuple | None = None,
) -> None:
    """Assert that a check passes right answers, names wrong ones and leaves the stub open.

    Parameters
    ----------
    exercise : Exercise
    right : list of tuple
        Answers that have to pass, several where several are right.
    wrong : dict of str to tuple
        For each misconception of the exercise, answers that show it; None for an answer that
        is wrong in no known way. The mistakes of ``lab.function`` are tried by themselves and
        may be left out.
    stub : tuple, optional
        What the untouched learner notebook passes; by default dots.
    """
    judge = exercise._judge
    known = set(exercise.misconceptions)
    if isinstance(judge, FunctionJudge):
        _assert_function(exercise, judge)
        assert set(wrong) - {None} <= known
    else:
        assert set(wrong) - {None} == known
    assert len(known) >= 3
    assert len(exercise.hints) >= 2
    for answers in right:
        outcome = exercise.check(*answers)
        assert outcome.status == PASSED, outcome
    for key, answers in wrong.items():
        outcome = exercise.check(*answers)
        assert (outcome.status, outcome.misconception) == (WRONG, key), outcome
        assert not re.search(r"\{[a-z_]+[:}]", outcome.text), "an unfilled message"
    if isinstance(judge, MatchJudge):
        _assert_match(exercise, judge)
    count = len(inspect.signature(judge).parameters)
    assert exercise.check(*(stub or [...] * count)).status == OPEN
    assert exercise.check(*[...] * (count + 1)).status == ERROR
    assert exercise.check(*[object()] * count).status in (ERROR, WRONG)
    assert exercise.check(*[None] * count).status in (ERROR, WRONG)


def _assert_function(exercise: Exercise, judge: FunctionJudge) -> None:
    assert exercise.check(judge.right).status == PASSED
    for name, functions in judge.mistakes.items():
        for function in functions:
            outcome = exercise.check(function)
            assert outcome.misconception == name, (name, outcome)
    assert exercise.check(lambda *arguments: None).status in (ERROR, WRONG)


def _assert_match(exercise: Exercise, judge: MatchJudge) -> None:
    if isinstance(judge.right, set):
        for form in (list, sorted, pd.Series, ", ".join):
            assert exercise.check(form(list(judge.right))).status == PASSED
    if isinstance(judge.right, dict):
        answer = {
            key: next(iter(value)) if isinstance(value, set) else value
            for key, value in judge.right.items()
        }
        assert exercise.check(pd.Series(answer)).status == PASSED
        first = next(iter(answer))
        outcome = exercise.check({k: v for k, v in answer.items() if k != first})
        assert f"Missing: `{first}`" in outcome.text
        assert exercise.check(answer | {first: [1, 2]}).status == ERROR
        misspelt = {f"{key}x" if key == first else key: v for key, v in answer.items()}
        assert f"`{first}x` is no key" in exercise.check(misspelt).text
