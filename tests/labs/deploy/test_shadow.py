import numpy as np
import pandas as pd

from labs_lib.labs.deploy.shadow.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def by_sets(production, shadow, production_limit, shadow_limit):
    common = set(production) & set(shadow)
    one = {i for i in common if production[i] >= production_limit}
    other = {i for i in common if shadow[i] >= shadow_limit}
    return len(one ^ other) / max(len(common), 1)


def by_loop(production, shadow, production_limit, shadow_limit):
    asked = differ = 0
    for name, score in production.items():
        if name in shadow:
            asked += 1
            one, other = score >= production_limit, shadow[name] >= shadow_limit
            differ += (one and not other) or (other and not one)
    return differ / asked if asked else 0


def by_table(production, shadow, production_limit, shadow_limit):
    table = pd.DataFrame(
        {
            "p": pd.Series(production, dtype=float),
            "s": pd.Series(shadow, dtype=float),
        }
    ).dropna()
    if table.empty:
        return 0
    return ((table["p"] >= production_limit) != (table["s"] >= shadow_limit)).mean()


def over_all_requests(p, s, a, b):
    return by_loop(p, s, a, b) * len(p.keys() & s.keys()) / max(len(p), 1)


def absent_passes(p, s, a, b):
    differ = [(p[i] >= a) != (s.get(i, -9.0) >= b) for i in p]
    return np.mean(differ) if differ else 0


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(by_sets,), (by_loop,), (by_table,)],
        wrong={
            "all_requests": (over_all_requests,),
            "absent_passes": (absent_passes,),
            "one_limit": (lambda p, s, a, b: by_sets(p, s, a, a),),
            "agreement": (
                lambda p, s, a, b: 1 - by_sets(p, s, a, b) if p.keys() & s.keys() else 0,
            ),
            "count": (lambda p, s, a, b: by_sets(p, s, a, b) * len(p.keys() & s.keys()),),
            None: (lambda p, s, a, b: 0.5,),
        },
        stub=(stub,),
    )


# Exercise 2 --------------------------------------------------------------------------------


def by_where(y, production, shadow, share):
    weight = np.where(
        production & ~shadow, -1 / share, np.where(shadow & ~production, 1, 0)
    )
    return (np.nan_to_num(y) * weight).sum()


def by_totals(y, production, shadow, share):
    """What both block drops out of the difference, whatever is written for it."""
    known = np.where(np.isnan(y), 0, y)
    weight = np.where(production, 1 / share, 1)
    return (known * weight)[shadow].sum() - (known * weight)[production].sum()


def by_row(y, production, shadow, share):
    total = 0.0
    for label, p, s in zip(y, production, shadow, strict=True):
        if label == 1 and p != s:
            total += 1 if s else -1 / share
    return total


def as_series(y, production, shadow, share):
    y = pd.Series(y)
    return y[shadow & ~production].sum() - y[production & ~shadow].sum() / share


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (by_where,),
            (by_totals,),
            (by_row,),
            (as_series,),
            (lambda *given: np.array([by_row(*given)]),),
        ],
        wrong={
            "not_weighted": (lambda y, p, s, share: by_row(y, p, s, 1),),
            "multiplied": (lambda y, p, s, share: by_row(y, p, s, 1 / share),),
            "sign": (
                lambda y, p, s, share: by_row(y, s, p, share) * 0 - by_row(y, p, s, share),
            ),
            "logs_alone": (lambda y, p, s, share: y[s & ~p].sum(),),
            "nan": (lambda y, p, s, share: y[s & ~p].sum() - y[p & ~s].sum() / share,),
            "all_blocked": (
                lambda y, p, s, share: y[s & ~p].sum() - np.nansum(y[p]) / share,
            ),
            None: (lambda y, p, s, share: 0.0,),
        },
        stub=(stub,),
    )


def test_the_estimate_of_ex2_is_right_on_average():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400).astype(float)
    production, shadow = rng.random((2, 400)) < 0.5
    truth = y[shadow].sum() - y[production].sum()
    found = []
    for _ in range(400):
        through = ~production | (rng.random(400) < 0.25)
        found.append(by_row(np.where(through, y, np.nan), production, shadow, 0.25))
    assert abs(np.mean(found) - truth) < 4 * np.std(found) / 20


# Exercise 3 --------------------------------------------------------------------------------

RIGHT = {
    "a": "at once",
    "b": "when labels come",
    "c": "not from copies",
    "d": "at once",
    "e": "not from copies",
    "f": "at once",
}


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(RIGHT,), (pd.Series(RIGHT),), (list(RIGHT.items()),)],
        wrong={
            "errors": (RIGHT | {"a": "when labels come"},),
            "passed": (RIGHT | {"b": "at once"},),
            "blocked": (RIGHT | {"c": "when labels come"},),
            "counts": (RIGHT | {"d": "not from copies"},),
            "behaviour": (RIGHT | {"e": "when labels come"},),
            "latency": (RIGHT | {"f": "not from copies"},),
        },
        stub=(...,),
    )
