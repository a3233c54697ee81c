import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.prepare.bias import exercises
from labs_lib.labs.prepare.bias.exercises import lab
from labs_lib.prepare.bias import Above, report
from tests.labs.contract import assert_exercise


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


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(dpl_above,), (by_pandas,)],
        wrong={
            "inclusive": (inclusive,),
            "favoured": (lambda *a: -dpl_above(*a),),
            "unsigned": (lambda *a: abs(dpl_above(*a)),),
            "neither": (lambda x, y, t: y[x < t].mean() - y[x > t].mean(),),
            "from_the_labels": (
                lambda x, y, t: (x > t)[y == 0].mean() - (x > t)[y == 1].mean(),
            ),
            None: (lambda age, repaid, threshold: 0.5,),
        },
        stub=(stub,),
    )


def test_ex1_names_two_mistakes_at_once():
    outcome = lab.ex1.check(lambda *a: -inclusive(*a))
    assert outcome.misconception == "favoured"


@pytest.mark.parametrize("case", exercises.PEOPLE)
def test_ex1_right_answer_is_that_of_the_engine(case):
    age, repaid, threshold = case
    data = pd.DataFrame({"age": age, "repaid": repaid})
    facets = {"age": Above(threshold)}
    table = report(data, label="repaid", positive=1, facets=facets, methods="DPL").table
    assert table["value"][0] == pytest.approx(dpl_above(age, repaid, threshold))


def cdd_by_pandas(d, positive, group):
    table = pd.DataFrame({"d": d, "y": positive, "g": group})
    shares = table.pivot_table(index="g", columns="y", values="d", aggfunc="mean")
    sizes = table["g"].value_counts().reindex(shares.index)
    return ((shares[False] - shares[True]).fillna(0) * sizes).sum() / len(table)


def nan_for_one_answer(d, positive, group):
    parts = [group == name for name in np.unique(group)]
    with np.errstate(invalid="ignore"):
        values = [d[p & ~positive].mean() - d[p & positive].mean() for p in parts]
    return np.average(values, weights=[p.sum() for p in parts])


def mean_where_defined(d, positive, group):
    parts = [group == name for name in np.unique(group)]
    parts = [p for p in parts if positive[p].any() and not positive[p].all()]
    return np.mean([d[p & ~positive].mean() - d[p & positive].mean() for p in parts])


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(exercises.cdd,), (cdd_by_pandas,)],
        wrong={
            "sign": (lambda *a: -exercises.cdd(*a),),
            "no_group": (lambda d, positive, group: exercises.disparity(d, positive),),
            "unsigned": (lambda *a: abs(exercises.cdd(*a)),),
            "unweighted": (mean_where_defined,),
            None: (nan_for_one_answer,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("rows", exercises.APPLICATIONS)
def test_ex2_right_answer_is_that_of_the_engine(rows):
    d, positive, group = rows
    data = pd.DataFrame({"d": d, "positive": positive, "group": group})
    found = report(
        data,
        label="positive",
        positive=True,
        facets={"d": True},
        group_variable="group",
        methods="CDDL",
    )
    assert found.table["value"][0] == pytest.approx(exercises.cdd(*rows))
