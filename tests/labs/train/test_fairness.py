import numpy as np
import pytest

from labs_lib.labs.train.fairness.exercises import lab
from labs_lib.prepare.bias import reweigh
from tests.labs.contract import assert_exercise

# Mutants that are right answers themselves; see mutation.py.
EQUIVALENT = {
    "ex2: table = pd.DataFrame({'s': facet, 'y': label, 'one': 1}) → table = pd.DataFrame({'s': facet, 'y': label, 'one': 2})": "all weights twice as large: any multiple passes",
}


def stub(*answers):
    raise NotImplementedError


GOOD = {"a": "DI", "b": "RD", "c": "DAR", "d": "CDDPL", "e": "FT"}


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(GOOD,)],
        wrong={
            "offers": (GOOD | {"a": "RD"},),
            "deserving": (GOOD | {"b": "DAR"},),
            "investor": (GOOD | {"c": "AD"},),
            "branches": (GOOD | {"d": "DI"},),
            "twin": (GOOD | {"e": "DI"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize("answer", [GOOD | {"a": "KL"}, [1, 2], dict.fromkeys("abcde")])
def test_ex1_asks_for_its_own_names(answer):
    assert lab.ex1.check(answer).status == "error"


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


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (right,),
            (reweigh,),
            (lambda *a: 7 * right(*a),),
            (lambda *a: right(*a).tolist(),),
            (lambda *a: right(*a)[:, None],),
            (lambda *a: right(*a).round(3),),
        ],
        wrong={
            "length": (lambda facet, label: right(facet, label)[:5],),
            "not_positive": (lambda facet, label: right(facet, label) * (facet != "e"),),
            "upside_down": (lambda *a: 1 / right(*a),),
            "shares": (by_cell(lambda n, n_s, n_y, n_sy: 1 / n_sy),),
            "label_share": (by_cell(lambda n, n_s, n_y, n_sy: n_s / n_sy),),
            "dependent": (by_cell(lambda n, n_s, n_y, n_sy: n / n_s),),
            "uneven": (uneven,),
        },
        stub=(stub,),
    )


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[({"b", "c", "e"},), ("bce",), (["e", "c", "b"],)],
        wrong={
            "all_three": ({"a", "b", "c", "e"},),
            "no_error": ({"b", "c", "d", "e"},),
            "misses_b": ({"c", "e"},),
            "misses_c": ({"b", "e"},),
            "misses_e": ({"b", "c"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_ex3_what_passes_can_be_built(share):
    """Two of the three can be equal where the shares of positives are 0.6 and `share` / 2."""
    positives = np.array([0.6, share / 2])
    offers, precision = np.array([0.25, 0.25]), np.array([0.5, 0.5])
    recall = precision * offers / positives
    assert ((recall > 0) & (recall <= 1)).all()
    assert recall[0] != recall[1]
    recall = np.array([0.5, 0.5])
    offers = recall * positives / precision
    assert ((offers > 0) & (offers <= 1)).all()
