import pandas as pd
import pytest

from labs_lib.labs.train.reasons.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def reasons(contributions, groups, k):
    total = {}
    for name, value in contributions.items():
        name = groups.get(name, name)
        total[name] = total.get(name, 0) + value
    raised = [name for name in total if total[name] > 0]
    return sorted(raised, key=total.get, reverse=True)[:k]


def with_pandas(contributions, groups, k):
    values = pd.Series(contributions).rename(index=groups).groupby(level=0).sum()
    return values[values > 0].nlargest(k).index


def test_ex1():
    def absolute(contributions, groups, k):
        values = pd.Series(contributions).rename(index=groups).groupby(level=0).sum()
        return list(values.abs().nlargest(k).index)

    def padded(contributions, groups, k):
        values = pd.Series(contributions).rename(index=groups).groupby(level=0).sum()
        return list(values.nlargest(k).index)

    assert_exercise(
        lab.ex1,
        right=[(reasons,), (with_pandas,)],
        wrong={
            "absolute": (absolute,),
            "twice": (lambda c, g, k: reasons(c, {}, k),),
            "padded": (padded,),
            "order": (lambda c, g, k: reasons(c, g, k)[::-1],),
            "too_many": (lambda c, g, k: reasons(c, g, 99),),
            "dropped_first": (
                lambda c, g, k: reasons({n: v for n, v in c.items() if v > 0}, g, k),
            ),
            None: (lambda c, g, k: ["hour"],),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("how", ["first", "within the loop"])
def test_ex1_refuses_to_drop_before_joining(how):
    def drops(contributions, groups, k):
        if how == "first":
            kept = {n: v for n, v in contributions.items() if v >= 0}
            return reasons(kept, groups, k)
        total = {}
        for name, value in contributions.items():
            if value > 0:
                fact = groups.get(name, name)
                total[fact] = total.get(fact, 0) + value
        return sorted(total, key=total.get, reverse=True)[:k]

    assert lab.ex1.check(drops).misconception == "dropped_first"


@pytest.mark.parametrize("how", ["max", "mean", "last"])
def test_ex1_wants_the_values_added_up(how):
    def part(contributions, groups, k):
        values = pd.Series(contributions).rename(index=groups).groupby(level=0).agg(how)
        return values[values > 0].nlargest(k).index

    assert lab.ex1.check(part).misconception == "not_added"


@pytest.mark.parametrize("cut", ["before", "after"])
def test_ex1_wants_more_than_names_joined(cut):
    def renamed(contributions, groups, k):
        names = reasons(contributions, {}, k if cut == "before" else 99)
        return list(dict.fromkeys(groups.get(n, n) for n in names))[:k]

    assert lab.ex1.check(renamed).misconception == "not_added"


def test_ex1_wants_the_copy_counted():
    def dropped(contributions, groups, k):
        kept = {n: v for n, v in contributions.items() if n not in groups}
        return reasons(kept, groups, k)

    assert lab.ex1.check(dropped).misconception == "not_added"


GOOD = {"a": True, "b": False, "c": True, "d": False}


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(GOOD,)],
        wrong={
            "score_denied": (GOOD | {"a": False},),
            "cause": (GOOD | {"b": True},),
            "age": (GOOD | {"d": True},),
        },
        stub=(...,),
    )


def test_ex2_wants_true_or_false():
    assert lab.ex2.check(dict.fromkeys("abcd", "yes")).status == "error"
    assert lab.ex2.check(GOOD | {"c": False}).misconception == "score_denied"


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[({"b", "d"},), (["d", "b"],), ("b, d",)],
        wrong={
            "not_saved": ({"a", "b", "d"},),
            "median": ({"d"},),
            "mean_curve": ({"b", "c", "d"},),
            "scale": ({"b"},),
        },
        stub=(...,),
    )
