import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.prepare.bias import exercises as bias
from labs_lib.labs.prepare.bias.exercises import lab
from labs_lib.prepare.bias import Above, report, reweigh
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart, or that are right answers themselves; see mutation.py.
EQUIVALENT = {
    "ex1: repaid = np.asarray(repaid) → (dropped)": "the check gives arrays",
    "ex3: table = pd.DataFrame({'s': facet, 'y': label, 'one': 1}) → table = pd.DataFrame({'s': facet, 'y': label, 'one': 2})": "all weights twice as large: any multiple passes",
}


def stub(*answers):
    raise NotImplementedError


def dpl_above(age, repaid, threshold):
    d = age > threshold
    return repaid[~d].mean() - repaid[d].mean()


def by_pandas(age, repaid, threshold):
    shares = pd.Series(repaid).groupby(age > threshold).mean()
    return shares[False] - shares[True]


def inclusive(age, repaid, threshold):
    d = age >= threshold
    return repaid[~d].mean() - repaid[d].mean()


def ratio(age, repaid, threshold):
    d = age > threshold
    return repaid[d].mean() / repaid[~d].mean()


def of_all(age, repaid, threshold):
    d = age > threshold
    return (repaid[~d].sum() - repaid[d].sum()) / len(repaid)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(dpl_above,), (by_pandas,)],
        wrong={
            "inclusive": (inclusive,),
            "favoured": (lambda *a: -dpl_above(*a),),
            "ratio": (ratio,),
            "of_all": (of_all,),
            "unsigned": (lambda *a: abs(dpl_above(*a)),),
            None: (lambda age, repaid, threshold: 0.5,),
        },
        stub=(stub,),
    )


def test_ex1_names_two_mistakes_at_once():
    outcome = lab.ex1.check(lambda *a: -inclusive(*a))
    assert outcome.misconception == "favoured"


def test_ex1_right_answer_is_that_of_the_engine():
    age, repaid, threshold = bias._PEOPLE[0]
    data = pd.DataFrame({"age": age, "repaid": repaid})
    facets = {"age": Above(threshold)}
    table = report(data, label="repaid", positive=1, facets=facets, methods="DPL").table
    assert table["value"][0] == pytest.approx(dpl_above(age, repaid, threshold))


def cdd_by_pandas(d, positive, group):
    table = pd.DataFrame({"d": d, "y": positive, "g": group})
    shares = table.pivot_table(index="g", columns="y", values="d", aggfunc="mean")
    sizes = table["g"].value_counts().reindex(shares.index)
    return ((shares[False] - shares[True]) * sizes).sum() / len(table)


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(bias.cdd,), (cdd_by_pandas,)],
        wrong={
            "unweighted": (lambda *a: bias.cdd(*a, equal=True),),
            "no_group": (lambda d, positive, group: bias.disparity(d, positive),),
            "sign": (lambda *a: -bias.cdd(*a),),
            "rates": (bias.rates_apart,),
            "other": (lambda d, positive, group: 0.0,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("rows", bias._APPLICATIONS)
def test_ex2_right_answer_is_that_of_the_engine(rows):
    d, positive, group = rows
    data = pd.DataFrame({"d": d, "y": positive, "group": group})
    found = report(
        data, label="y", positive=True, facets={"d": True}, group_variable="group",
        methods="CDDL",
    )  # fmt: skip
    assert found.table["value"][0] == pytest.approx(bias.cdd(*rows))


def by_cell(weight_of):
    """Return a function that gives each row the weight of its facet and label."""

    def weights(facet, label):
        n = len(facet)
        found = []
        for s, y in zip(facet, label, strict=True):
            n_s, n_y = (facet == s).sum(), (label == y).sum()
            n_sy = ((facet == s) & (label == y)).sum()
            found.append(weight_of(n, n_s, n_y, n_sy))
        return np.array(found)

    return weights


right = by_cell(lambda n, n_s, n_y, n_sy: n_s * n_y / (n * n_sy))


def uneven(facet, label):
    weight = right(facet, label)
    first, second = np.flatnonzero((facet == "a") & (label == 1))[:2]
    weight[first] += 0.1
    weight[second] -= 0.1
    return weight


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[
            (right,),
            (reweigh,),
            (lambda *a: 7 * right(*a),),
            (lambda *a: right(*a).tolist(),),
        ],
        wrong={
            "length": (lambda facet, label: right(facet, label)[:5],),
            "not_positive": (lambda facet, label: np.zeros(len(facet)),),
            "upside_down": (lambda *a: 1 / right(*a),),
            "shares": (by_cell(lambda n, n_s, n_y, n_sy: 1 / n_sy),),
            "label_share": (by_cell(lambda n, n_s, n_y, n_sy: n_s / n_sy),),
            "dependent": (by_cell(lambda n, n_s, n_y, n_sy: n / n_s),),
            "uneven": (uneven,),
        },
        stub=(stub,),
    )


GOOD = {"a": "CI", "b": "DI", "c": "RD", "d": "CDDL", "e": "FT"}


def test_ex4():
    assert_exercise(
        lab.ex4,
        right=[(GOOD,)],
        wrong={
            "presence": (GOOD | {"a": "CDDL"},),
            "offers": (GOOD | {"b": "RD"},),
            "deserving": (GOOD | {"c": "DAR"},),
            "offices": (GOOD | {"d": "DI"},),
            "twin": (GOOD | {"e": "DI"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize("answer", [GOOD | {"a": "KL"}, [1, 2], dict.fromkeys("abcde")])
def test_ex4_asks_for_its_own_names(answer):
    assert lab.ex4.check(answer).status == "error"
