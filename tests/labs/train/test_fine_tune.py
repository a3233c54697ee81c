import numpy as np

from labs_lib.labs.train.fine_tune.exercises import lab
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart; see mutation.py.
EQUIVALENT = {
    "ex2: return None → (dropped)": "a function without a return gives None",
}

RIGHT = {"a": "outputs", "b": "hidden", "c": "not learned", "d": "fine"}


def stub(*answers):
    raise NotImplementedError


def row_by_row(scores, y, allowed):
    right = 0
    for row, digit in zip(scores, y, strict=True):
        right += max(allowed, key=lambda a: row[a]) == digit
    return right / len(y)


def masked(scores, y, allowed):
    hidden = np.full_like(scores, -np.inf)
    hidden[:, allowed] = scores[:, allowed]
    return (hidden.argmax(axis=1) == y).mean()


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(row_by_row,), (masked,)],
        wrong={
            None: (lambda scores, y, allowed: 0.123,),
            "column_as_digit": (lambda s, y, a: (s[:, a].argmax(axis=1) == y).mean(),),
            "any_answer": (lambda s, y, a: (s.argmax(axis=1) == y).mean(),),
        },
        stub=(stub,),
    )


def test_ex1_knows_scores_that_were_set_to_zero():
    def zeros(scores, y, allowed):
        other = [c for c in range(scores.shape[1]) if c not in allowed]
        scores = scores.copy()
        scores[:, other] = 0
        return (scores.argmax(axis=1) == y).mean()

    assert lab.ex1.check(zeros).status == "wrong"


def test_ex1_keeps_column_and_digit_together():
    def sorted_digits(scores, y, allowed):
        return np.mean(np.sort(allowed)[scores[:, allowed].argmax(axis=1)] == y)

    def sorted_columns(scores, y, allowed):
        return np.mean(np.asarray(allowed)[scores[:, np.sort(allowed)].argmax(axis=1)] == y)

    for wrong in (sorted_digits, sorted_columns):
        assert lab.ex1.check(wrong).status == "wrong"


def with_a_list(history, level):
    reached = [old for new, old in history if new >= level]
    return reached[0] if reached else None


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(with_a_list,)],
        wrong={
            None: (lambda history, level: 0.123,),
            "above": (lambda h, level: next((o for n, o in h if n > level), None),),
        },
        stub=(stub,),
    )


def test_ex2_does_not_call_the_best_new_pass_the_best_old_one():
    def best_new(history, level):
        new, old = max(history, default=(0, None))
        return old if new >= level else None

    outcome = lab.ex2.check(best_new)
    assert (outcome.status, outcome.misconception) == ("wrong", None)


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(RIGHT,)],
        wrong={
            "put_back_overlooked": (RIGHT | {"a": "hidden"},),
            "put_back_fell_too": (RIGHT | {"b": "outputs"},),
            "new_overlooked": (RIGHT | {"c": "fine"},),
            "perfect_expected": (RIGHT | {"d": "outputs"},),
        },
    )
