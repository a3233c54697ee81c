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
            "each": (changed(noise=lambda f, p: p * (1 - p)),),
            "order": (lambda f, p: fit._parts(f, p)[::-1],),
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
        right=[(right,), (pd.Series(right),)],
        wrong={
            "a_gap": (right | {"a": "simpler model or penalty"},),
            "a": (right | {"a": "more rows"},),
            "b_rows": (right | {"b": "more rows"},),
            "b": (right | {"b": "simpler model or penalty"},),
            "c_rows": (right | {"c": "more rows"},),
            "c": (right | {"c": "richer model"},),
            "d": (right | {"d": "stop here"},),
        },
        stub=(...,),
    )


def test_ex2_a_leak_is_not_read_off_the_own_rows():
    right = lab.ex2._judge.right
    answer = right | {"a": "look for a leak"}
    assert lab.ex2.check(answer).misconception == "a_gap"


# Exercise 3 --------------------------------------------------------------------------------


def with_two_errors(errors, noise):
    return errors.mean() + 2 * errors.std() / np.sqrt(len(errors)) < noise


def from_a_sample(errors, noise):
    return noise - errors.mean() > 2 * errors.std(ddof=1) / len(errors) ** 0.5


def by_t(errors, noise):
    from scipy import stats

    error = stats.sem(errors)
    return (errors.mean() - noise) / error < -2 if error else errors.mean() < noise


def by_the_usual_quantile(errors, noise):
    return np.mean(errors) + 1.96 * np.std(errors) / np.sqrt(np.size(errors)) < noise


def from_a_list(errors, noise):
    return bool(with_two_errors(np.array(errors.tolist()), noise))


def as_array(errors, noise):
    return np.array([with_two_errors(errors, noise)])


def test_ex3():
    root = np.sqrt
    assert_exercise(
        lab.ex3,
        right=[
            (answer,)
            for answer in (
                with_two_errors,
                from_a_sample,
                by_t,
                by_the_usual_quantile,
                from_a_list,
                as_array,
            )
        ],
        wrong={
            "luck": (lambda e, n: np.mean(e) < n,),
            "spread": (lambda e, n: e.mean() + 2 * e.std() < n,),
            "no_root": (lambda e, n: e.mean() + 2 * e.std() / len(e) < n,),
            "variance": (lambda e, n: e.mean() + 2 * e.var() / root(len(e)) < n,),
            "each_row": (lambda e, n: (e < n).all(),),
            "one": (lambda e, n: e.mean() + e.std() / root(len(e)) < n,),
            "wrong_side": (lambda e, n: e.mean() - 2 * e.std() / root(len(e)) < n,),
            "either_side": (lambda e, n: abs(e.mean() - n) > 2 * e.std() / root(len(e)),),
            "turned": (lambda e, n: e.mean() > n,),
            None: (lambda e, n: False,),
        },
        stub=(stub,),
    )
