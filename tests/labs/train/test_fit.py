import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.train.fit import exercises as fit
from labs_lib.labs.train.fit.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def corrected(f, p):
    models = len(f)
    variance = f.var(axis=0, ddof=1).mean()
    bias = ((f.mean(axis=0) - p) ** 2).mean() - variance / models
    return [(p - p**2).mean(), bias, variance]


def changed(*, noise=None, bias=None, variance=None):
    def answer(f, p):
        right = fit._parts(f, p)
        parts = zip((noise, bias, variance), right, strict=True)
        return tuple(new(f, p) if new else old for new, old in parts)

    return answer


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(fit._parts,), (corrected,)],
        wrong={
            "three": (lambda f, p: fit._parts(f, p)[:2],),
            "noise": (changed(noise=lambda f, p: p.mean() * (1 - p.mean())),),
            "signed": (changed(bias=lambda f, p: (f.mean() - p.mean()) ** 2),),
            "not_squared": (changed(bias=lambda f, p: abs(f.mean(axis=0) - p).mean()),),
            "one_model": (changed(bias=lambda f, p: ((f - p) ** 2).mean()),),
            "across": (changed(variance=lambda f, p: f.var(axis=1).mean()),),
            "double": (changed(variance=lambda f, p: f.var(axis=0, ddof=1).mean()),),
            "other": (lambda f, p: (0.0, 0.0, 0.0),),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(
    "variance", [lambda f, p: f.var(), lambda f, p: f.var(axis=1, ddof=1).mean()]
)
def test_ex1_names_every_variance_between_payments(variance):
    assert lab.ex1.check(changed(variance=variance)).misconception == "across"


@pytest.mark.parametrize("form", [list, np.array, pd.Series, iter])
def test_ex1_takes_the_three_numbers_in_every_form(form):
    assert lab.ex1.check(lambda f, p: form(fit._parts(f, p))).status == "passed"


def test_ex1_the_right_parts_add_up():
    f, p = fit._models()
    expected = ((f - p) ** 2 + p * (1 - p)).mean()
    assert sum(fit._parts(f, p)) == pytest.approx(expected)
    assert sum(corrected(f, p)) == pytest.approx(expected)


def test_ex2():
    right = lab.ex2._judge.right
    assert_exercise(
        lab.ex2,
        right=[(right,)],
        wrong={
            "a": (right | {"a": "more rows"},),
            "b_rows": (right | {"b": "more rows"},),
            "b": (right | {"b": "simpler model or penalty"},),
            "c_rows": (right | {"c": "more rows"},),
            "c": (right | {"c": "richer model"},),
            "d": (right | {"d": "stop here"},),
        },
    )


def l1(z, s):
    return np.sign(z) * np.maximum(np.abs(z) - s, 0)


def l1_in_cases(z, s):
    return [v - s if v > s else v + s if v < -s else 0.0 for v in z]


def l2(z, s):
    return z / (1 + s)


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(l1, l2), (l1_in_cases, lambda z, s: z - z * s / (1 + s))],
        wrong={
            "swapped": (l2, l1),
            "overshoot": (lambda z, s: z - s * np.sign(z), l2),
            "hard": (lambda z, s: np.where(abs(z) > s, z, 0), l2),
            "one_sided": (lambda z, s: np.maximum(z - s, 0), l2),
            "half": (l1, lambda z, s: z / (1 + 2 * s)),
            "subtracts": (l1, l1),
            "other": (l1, lambda z, s: z**2),
        },
        stub=(stub, stub),
    )


def test_ex3_the_closed_forms_minimize():
    w = np.linspace(-6, 6, 120_001)
    for z in (-3.0, -0.3, 0.2, 4.0):
        for s in (0.5, 1.3):
            loss = (w - z) ** 2 / 2
            assert w[np.argmin(loss + s * abs(w))] == pytest.approx(l1(z, s), abs=1e-3)
            assert w[np.argmin(loss + s * w**2 / 2)] == pytest.approx(l2(z, s), abs=1e-3)


def test_ex3_shapes():
    assert lab.ex3.check(lambda z, s: 0.0, l2).status == "wrong"
