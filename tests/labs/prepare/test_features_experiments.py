import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from labs_lib import data, payments
from labs_lib.labs.prepare.features.experiments import houses as features_houses
from labs_lib.labs.prepare.features.experiments import novels as features_novels
from labs_lib.labs.prepare.features.experiments import worlds as features
from labs_lib.labs.prepare.features.shared import (
    N_BINS,
    as_codes,
    descend,
    steps,
    with_ones,
)
from labs_lib.prepare.recipe import Recipe

WORLD = payments.simulate(n_transactions=4_000, days=60, seed=0, events=()).transactions
PAYMENTS = features.inputs(WORLD)
HOUSES = features_houses.inputs(data.load_houses()[:2_000])


@pytest.mark.parametrize("variant", features.RECIPES)
@pytest.mark.parametrize(
    ("frame", "columns"),
    [(PAYMENTS, features.COLUMNS), (HOUSES, features_houses.COLUMNS)],
    ids=["payments", "houses"],
)
def test_every_recipe_gives_numbers_without_gaps(frame, columns, variant):
    frame = as_codes(frame, variant, columns)
    half = len(frame) // 2
    recipe = Recipe(steps(variant, **columns)).fit(frame[:half])
    out = recipe.transform(frame[half:])
    values = out.to_numpy(dtype=float)
    assert len(out) == len(frame) - half
    assert np.isfinite(values).all()
    numbers = [c for c in columns["numbers"] if c in out]
    scale = recipe.transform(frame[:half])[numbers].std(ddof=0)
    if variant == "raw units":
        assert scale.max() > 10
    elif numbers:
        assert scale.to_numpy() == pytest.approx(1)
    if variant == "quantile bins":
        name = columns["continuous"][0]
        assert sum(c.startswith(f"{name}_bin ") for c in out) == N_BINS


def test_a_gap_goes_to_the_bin_of_the_median():
    frame = PAYMENTS.assign(balance=np.arange(len(PAYMENTS), dtype=float))
    frame.loc[frame.index[:50], "balance"] = np.nan
    recipe = Recipe(steps("quantile bins", **features.COLUMNS)).fit(frame)
    filled = recipe.transform(frame.assign(balance=frame["balance"].median()))
    name = f"balance_bin {N_BINS // 2 + 1:02}"
    assert recipe.transform(frame)[:50][name].all()
    assert filled[name].all()


def test_descent_comes_to_the_exact_solution():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(500, 3))
    y = (Z[:, 0] + rng.normal(size=500) > 0).astype(int)
    exact = LogisticRegression(C=1e9, tol=1e-8).fit(Z, y)
    weights = descend(Z, y, steps=2_000)
    np.testing.assert_allclose(weights[:-1], exact.coef_[0], atol=1e-3)
    assert with_ones(Z) @ weights == pytest.approx(exact.decision_function(Z), abs=1e-2)


def test_rescaled_batches_have_mean_0_whatever_comes():
    raw = Recipe(steps("raw units", **features.COLUMNS)).fit_transform(PAYMENTS)
    out = features.rescaled(raw, 10)
    assert list(out) == list(raw)
    numbers = features.COLUMNS["numbers"]
    assert out[numbers][:10].mean().to_numpy() == pytest.approx(0, abs=1e-9)
    np.testing.assert_array_equal(out["channel_chip"], raw["channel_chip"])


def test_a_recipe_fitted_again_gives_other_numbers():
    recipe = Recipe(steps("anchor", **features.COLUMNS)).fit(PAYMENTS[:3_000])
    live = PAYMENTS[3_000:]
    again = features.refitted(recipe, live)
    frozen = recipe.transform(live)
    assert list(again) == list(frozen)
    assert again["amount"].mean() == pytest.approx(0, abs=1e-9)
    assert not np.allclose(again["amount"], frozen["amount"])


def test_paragraphs_keep_chapters_together_and_names_are_names():
    table = features_novels.paragraphs()
    assert (table.groupby("chapter")["novel"].nunique() == 1).all()
    assert table.groupby("novel")["chapter"].nunique().min() >= 20
    assert table["text"].str.len().min() >= features_novels.MIN_LETTERS
    names = set(features_novels.names(table["text"]))
    assert {"emma", "darcy", "elinor", "bath"} <= names
    assert not {"the", "and", "house"} & names
