import numpy as np
import pytest

from labs_lib.labs.train.regularize.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def in_cases(gradient, hessian, alpha, lam):
    if gradient > alpha:
        return -(gradient - alpha) / (hessian + lam)
    if gradient < -alpha:
        return -(gradient + alpha) / (hessian + lam)
    return 0.0


def by_clip(gradient, hessian, alpha, lam):
    return -(gradient - np.clip(gradient, -alpha, alpha)) / (hessian + lam)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(in_cases,), (by_clip,), (lambda *a: np.array([in_cases(*a)]),)],
        wrong={
            "climbs": (lambda *a: -in_cases(*a),),
            "overshoot": (lambda g, h, a, r: (a * np.sign(g) - g) / (h + r),),
            "hard": (lambda g, h, a, r: -g / (h + r) * (abs(g) > a),),
            "one_sided": (lambda g, h, a, r: -max(g - a, 0) / (h + r),),
            "off_the_answer": (
                lambda g, h, a, r: -np.sign(g) * max(abs(g / (h + r)) - a, 0),
            ),
            "swapped": (lambda g, h, a, r: in_cases(g, h, r, a),),
            "below": (lambda g, h, a, r: -g / (a + h + r),),
            "no_l1": (lambda g, h, a, r: -g / (h + r),),
            "no_l2": (lambda g, h, a, r: in_cases(g, h, a, 0),),
            None: (lambda g, h, a, r: 0.0,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("hard", lambda g, h, a, r: -g / (h + r) if abs(g) >= a else 0),
        ("one_sided", lambda g, h, a, r: -(g - a) / (h + r)),
    ],
)
def test_ex1_names_the_other_forms_of_a_mistake(key, answer):
    assert lab.ex1.check(answer).misconception == key


def test_ex1_the_answer_minimizes():
    w = np.linspace(-4, 4, 80_001)
    for gradient, hessian, alpha, lam in lab.ex1._judge.cases:
        loss = gradient * w + (hessian + lam) * w**2 / 2 + alpha * abs(w)
        assert np.isclose(
            w[loss.argmin()], in_cases(gradient, hessian, alpha, lam), atol=2e-4
        )


# Exercise 2 --------------------------------------------------------------------------------


def by_arrays(left, right, lam, gamma):
    sides = np.array([left, right])
    sums = np.vstack([sides, sides.sum(axis=0)])
    return (sums[:, 0] ** 2 / (sums[:, 1] + lam)) @ [1, 1, -1] - gamma


def test_ex2():
    def score(side, lam):
        return side[0] ** 2 / (side[1] + lam)

    assert_exercise(
        lab.ex2,
        right=[(by_arrays,)],
        wrong={
            "no_parent": (lambda a, b, r, g: score(a, r) + score(b, r) - g,),
            "half": (lambda a, b, r, g: by_arrays(a, b, r, 0) / 2 - g,),
            "no_l2": (lambda a, b, r, g: by_arrays(a, b, 0, g),),
            "no_gamma": (lambda a, b, r, g: by_arrays(a, b, r, 0),),
            "plus_gamma": (lambda a, b, r, g: by_arrays(a, b, r, -g),),
            None: (lambda a, b, r, g: 1.0,),
        },
        stub=(stub,),
    )
