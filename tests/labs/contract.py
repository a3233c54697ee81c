"""What every exercise has to do, whatever it is about."""

import inspect
import re

from labs_lib.course.exercise import ERROR, OPEN, PASSED, WRONG, Exercise


def assert_exercise(
    exercise: Exercise,
    *,
    right: list[tuple],
    wrong: dict[str, tuple],
    stub: tuple | None = None,
) -> None:
    """Assert that a check passes right answers, names wrong ones and leaves the stub open.

    Parameters
    ----------
    exercise : Exercise
    right : list of tuple
        Answers that have to pass, several where several are right.
    wrong : dict of str to tuple
        For each misconception of the exercise, answers that show it.
    stub : tuple, optional
        What the untouched learner notebook passes; by default dots.
    """
    assert set(wrong) == set(exercise.misconceptions)
    assert len(wrong) >= 3
    assert len(exercise.hints) >= 2
    for answers in right:
        outcome = exercise.check(*answers)
        assert outcome.status == PASSED, outcome
    for key, answers in wrong.items():
        outcome = exercise.check(*answers)
        assert (outcome.status, outcome.misconception) == (WRONG, key), outcome
        assert not re.search(r"\{[a-z_]+[:}]", outcome.text), "an unfilled message"
    count = len(inspect.signature(exercise._judge).parameters)
    assert exercise.check(*(stub or [...] * count)).status == OPEN
    assert exercise.check(*[...] * (count + 1)).status == ERROR
    assert exercise.check(*[object()] * count).status in (ERROR, WRONG)
