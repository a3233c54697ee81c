"""The table of known causes: the published formula, and what each column does to it."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

from labs_lib import payments
from labs_lib.payments.causes import AMOUNT_EFFECT, COUNT_EFFECT
from labs_lib.payments.features import FEATURES


@pytest.fixture(scope="module", params=[False, True], ids=["independent", "correlated"])
def variant(request):
    return request.param, payments.causes(correlated=request.param)


def test_shape_and_columns_are_those_of_the_world(variant):
    _, (X, y, probability) = variant
    assert X.shape == (50_000, 14)
    assert set(X) <= set(FEATURES)
    assert (y.name, probability.name) == ("is_fraud", "probability")
    assert set(y) == {0, 1}
    assert 0.15 < y.mean() < 0.25


def test_the_probability_is_the_published_formula(variant):
    _, (X, _, probability) = variant
    assert probability.to_numpy() == pytest.approx(
        expit(payments.causes_logit(X)), abs=6e-7
    )


def test_labels_reach_the_noise_floor_and_no_other_score_does(variant):
    _, (_, y, probability) = variant
    floor = log_loss(y, probability)
    entropy = -(
        probability * np.log(probability) + (1 - probability) * np.log(1 - probability)
    ).mean()
    assert floor == pytest.approx(entropy, abs=0.01)
    for power in (0.8, 1.25):
        assert log_loss(y, probability**power) > floor


def test_hour_has_no_correlation_but_an_effect(variant):
    _, (X, y, _) = variant
    assert abs(np.corrcoef(X["hour"], y)[0, 1]) < 0.02
    by_hour = y.groupby(X["hour"]).mean()
    assert by_hour[[0, 23]].mean() > 2 * by_hour[[11, 12]].mean()


def test_amount_saturates():
    X = one_row().loc[[0] * 4].reset_index(drop=True)
    X["amount_cents"] = [0, 5_000, 50_000, 500_000]
    steps = np.diff(payments.causes_logit(X))
    assert steps[0] == pytest.approx(AMOUNT_EFFECT * (1 - np.exp(-1)))
    assert steps[0] > steps[1] > steps[2] >= 0
    assert steps[2] < 1e-3


def test_distance_acts_in_opposite_directions_and_not_at_all_elsewhere():
    X = one_row().loc[[0] * 8].reset_index(drop=True)
    X["channel"] = pd.Categorical(
        np.repeat(["chip", "swipe", "online", "phone"], 2), X["channel"].cat.categories
    )
    X["distance_km"] = [0, 50] * 4
    chip, swipe, online, phone = np.diff(payments.causes_logit(X).reshape(4, 2)).ravel()
    assert chip > 1
    assert swipe == pytest.approx(-chip)
    assert online == phone == 0


def test_distance_has_a_flat_partial_dependence():
    X, _, _ = payments.causes()
    mean = [payments.causes_logit(X.assign(distance_km=d)).mean() for d in (0.5, 5.0, 50.0)]
    assert np.ptp(mean) < 0.05


def test_count_has_a_threshold():
    X = one_row().loc[[0] * 6].reset_index(drop=True)
    X["customer_count_1d"] = range(6)
    steps = np.diff(payments.causes_logit(X))
    assert steps.tolist() == pytest.approx([0, 0, 0, COUNT_EFFECT, 0])


def test_all_other_columns_are_without_effect():
    X, _, _ = payments.causes(n=1_000)
    active = ["hour", "amount_cents", "channel", "distance_km", "customer_count_1d"]
    shuffled = X.copy()
    for column in set(X) - set(active):
        shuffled[column] = X[column].sample(frac=1, random_state=0).to_numpy()
    assert (payments.causes_logit(shuffled) == payments.causes_logit(X)).all()
    for column in active:
        changed = X.assign(**{column: X[column].sample(frac=1, random_state=0).to_numpy()})
        assert (payments.causes_logit(changed) != payments.causes_logit(X)).any(), column


def test_columns_are_independent_or_correlated_as_asked(variant):
    correlated, (X, _, _) = variant
    numbers = X.select_dtypes("number").assign(age_band=X["age_band"].cat.codes)
    ranks = numbers.corr(method="spearman").abs().to_numpy()
    strongest = np.max(ranks - np.eye(len(ranks)), axis=0)
    moved = ["amount_cents", "distance_km", "balance_cents", "usual_amount_cents"]
    where = [numbers.columns.get_loc(c) for c in [*moved, "age_band", "customer_count_1d"]]
    if correlated:
        assert strongest[where].min() > 0.4
        others = np.setdiff1d(np.arange(len(ranks)), where)
        others = others[others != numbers.columns.get_loc("amount_local")]
        assert strongest[others].max() < 0.03
        assert numbers[["amount_cents", "amount_local"]].corr().iloc[0, 1] == pytest.approx(
            0.99, abs=0.004
        )
        remote = X["channel"].isin(["online", "phone"])
        assert (X["distance_km"].isna() == remote).all()
    else:
        assert strongest.max() < 0.03
        assert X["distance_km"].notna().all()


def test_same_seed_same_table():
    for correlated in (False, True):
        first = payments.causes(n=500, correlated=correlated, seed=3)
        again = payments.causes(n=500, correlated=correlated, seed=3)
        other = payments.causes(n=500, correlated=correlated, seed=4)
        assert all(a.equals(b) for a, b in zip(first, again, strict=True))
        assert not first[0].equals(other[0])


def test_bad_parameters_are_named():
    with pytest.raises(ValueError, match="n is 99, expected at least 100"):
        payments.causes(n=99)
    with pytest.raises(ValueError, match="seed is -1, expected at least 0"):
        payments.causes(seed=-1)


def one_row() -> pd.DataFrame:
    return payments.causes(n=100)[0].head(1)
