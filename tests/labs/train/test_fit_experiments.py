"""The remedies of the lab train/fit, on a table of a few columns."""

import numpy as np
import pytest

from labs_lib.labs.train.fit import shared as remedies
from labs_lib.labs.train.fit.experiments import paths as fit_paths
from labs_lib.labs.train.fit.experiments import worlds as fit


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5)).astype(np.float32)
    y = (rng.random(400) < 1 / (1 + np.exp(-X[:, 0]))).astype(float)
    return remedies.Task(
        train=(X[:200], y[:200]),
        valid=(X[200:300], y[200:300]),
        test=X[300:],
        numeric=np.array([True, True, True, True, False]),
        objective="binary:logistic",
    )


def test_the_model_without_remedies_remembers_its_rows(task):
    model = remedies.fit(remedies.Recipe(), task)
    assert np.mean((model.train - task.train[1]) ** 2) < 0.001
    assert model.rounds == remedies.ROUNDS
    assert np.array_equal(model.test, remedies.fit(remedies.Recipe(), task).test)


def test_early_stopping_keeps_the_best_round(task):
    stopped = remedies.fit(remedies.Recipe(stop=True), task)
    assert stopped.rounds < remedies.ROUNDS
    full = remedies.fit(remedies.Recipe(), task)
    assert remedies.watched_error(stopped, task) < remedies.watched_error(full, task)


def test_a_model_uses_only_its_columns(task):
    model = remedies.fit(remedies.Recipe(columns=(0, 3)), task)
    assert set(np.flatnonzero(model.gain)) <= {0, 3}


def test_augmented_rows_keep_targets_categories_and_the_original():
    X = np.arange(12, dtype=float).reshape(4, 3)
    y = np.array([0, 1, 0, 1.0])
    before = X.copy()
    more, labels = remedies.augmented(
        X,
        y,
        noise=0.1,
        numeric=np.array([True, True, False]),
        rng=np.random.default_rng(0),
    )
    assert np.array_equal(X, before)
    assert len(more) == len(labels) == 4 * (remedies.COPIES + 1)
    assert np.array_equal(more[:4], X)
    assert np.array_equal(more[:, 2], np.tile(X[:, 2], remedies.COPIES + 1))
    assert np.array_equal(labels, np.tile(y, remedies.COPIES + 1))


def test_all_remedies_together_hold_each_of_them():
    gain = np.array([3.0, 1.0, 2.0, 0.0, 5.0])
    chosen = {
        remedy: remedies.candidates(remedy, remedies.Recipe(), gain)[0]
        for remedy in remedies.REMEDIES
    }
    together = remedies.merged(chosen)
    assert dict(together.settings) == {"gamma": 0.1, "alpha": 0.3, "lambda": 3.0}
    assert together.columns == (0, 1, 2, 4)
    assert together.stop
    assert together.members == remedies.MEMBERS
    assert together.noise == 0.05
    assert remedies.merged({}) == remedies.Recipe()


def test_the_world_shares_no_row_between_its_parts():
    task, truth, y, (more, more_y) = fit.world(0)
    assert (len(task.train[1]), len(task.valid[1])) == (fit.N_TRAIN, fit.N_VALID)
    assert len(truth) == len(y) == len(task.test) == fit.N_TEST
    assert len(more) == len(more_y) == fit.MORE * fit.N_TRAIN
    assert np.array_equal(more[: fit.N_TRAIN], task.train[0], equal_nan=True)
    assert task.numeric.sum() == 12


def test_terms_are_standardized_on_the_training_rows_alone():
    X, _, _ = fit.payments.causes(n=1_000, seed=0)
    Z = fit_paths.terms(X, 600, shapes=True)
    assert np.allclose(Z.iloc[:600].mean(), 0)
    assert np.allclose(Z.iloc[:600].std(), 1)
    moved = X.assign(hour=X["hour"].where(X.index < 600, 0))
    same = fit_paths.terms(moved, 600, shapes=True)
    assert np.allclose(Z.iloc[:600], same.iloc[:600])


@pytest.mark.parametrize(
    ("term", "column"),
    [
        ("hour squared", "hour"),
        ("distance by chip", "distance by channel"),
        ("channel_chip", "channel"),
        ("merchant_category_fuel", "merchant_category"),
        ("amount_cents", "amount_cents"),
    ],
)
def test_each_term_belongs_to_a_column(term, column):
    assert fit_paths.column_of(term) == column
