import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.labs.prepare.balance.shared import (
    METHODS,
    RATES,
    boosted,
    filled,
    fitted,
    thinned,
)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(5, 200), st.integers(50, 2_000), st.sampled_from(RATES), st.integers(0, 99)
)
def test_thinned_reaches_the_share_and_thins_one_class_only(
    positives, negatives, rate, seed
):
    y = np.random.default_rng(seed).permutation(np.repeat([1, 0], [positives, negatives]))
    kept = thinned(y, rate, np.random.default_rng(seed))
    assert len(np.unique(kept)) == len(kept)
    left = y[kept]
    assert left.sum() == positives or (left == 0).sum() == negatives
    assert abs(left.sum() - rate * len(left)) <= 1


def test_filled_uses_the_training_rows_only():
    X = pd.DataFrame({"a": [1, np.nan, 3, 100], "kind": pd.Categorical(list("xyxy"))})
    full = filled(X, np.array([True, True, True, False]))
    assert full["a"].tolist() == [1, 2, 3, 100]
    assert full["kind"].equals(X["kind"])
    assert X["a"].isna().sum() == 1


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [400, 20])
    X = pd.DataFrame(rng.normal(y[:, None], 1, (420, 3)), columns=list("abc"))
    return X.assign(kind=pd.Categorical(rng.choice(["x", "y"], 420))), y


def test_fitted_yields_every_method_with_scores_of_its_own(rows):
    X, y = rows
    scores = {name: score(X) for name, score in fitted(X, y, boosted())}
    assert list(scores) == ["none", *METHODS]
    assert all(
        s.shape == (420,) and (s >= 0).all() and (s <= 1).all() for s in scores.values()
    )
    assert len({s.mean().round(6) for s in scores.values()}) == len(scores)
    assert scores["none"].mean() == pytest.approx(y.mean(), abs=0.02)
    assert scores["random under"].mean() > 2 * y.mean()


def test_fitted_without_categories_leaves_out_mixed_types(rows):
    X, y = rows
    names = [name for name, _ in fitted(X.drop(columns="kind"), y, boosted())]
    assert "SMOTE, mixed types" not in names
