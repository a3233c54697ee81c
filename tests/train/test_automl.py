"""The leaderboard: folds, budget, ensembles, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from labs_lib.train import automl


def table(n=240, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "z": rng.normal(size=n),
            "kind": pd.Categorical(rng.choice(list("abc"), n)),
        }
    )
    X.loc[::7, "z"] = np.nan
    y = (X["x"] + (X["kind"] == "a") + rng.normal(size=n) > 0.5).to_numpy(int)
    return X, y


LINEAR = automl.Candidate("linear", LogisticRegression())
STRICT = automl.Candidate("strict", LogisticRegression(C=0.01))


class Remembers(ClassifierMixin, BaseEstimator):
    """Answers 1 for rows that it was trained on, and 0 for others."""

    def fit(self, Z, y):
        self.seen_ = {row.tobytes() for row in np.asarray(Z)}
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, Z):
        p = np.array([float(row.tobytes() in self.seen_) for row in np.asarray(Z)])
        return np.column_stack([1 - p, p])


def test_no_row_is_judged_by_a_model_that_saw_it():
    X, y = table()
    fold = automl.fold_numbers(y, 4)
    p, models = automl.out_of_fold(Remembers(), X[["x"]], y, fold)
    assert len(models) == 4
    assert (p == 0).all()
    assert np.allclose(automl.averaged(models, X[["x"]].to_numpy()), 0.75)


def test_folds_are_drawn_in_proportion_or_taken_as_given():
    _, y = table()
    fold = automl.fold_numbers(y, 3, seed=1)
    assert sorted(np.unique(fold)) == [0, 1, 2]
    assert np.ptp(np.bincount(fold)) <= 2
    assert np.ptp([y[fold == f].sum() for f in range(3)]) <= 1
    assert (fold != automl.fold_numbers(y, 3, seed=2)).any()
    months = np.repeat(["march", "april"], 120)
    given = automl.fold_numbers(y, months)
    assert (given == (months == "march")).all()


def test_all_ten_candidates_and_both_ensembles():
    X, y = table()
    board = automl.leaderboard(X, y, objective="AUC")
    assert len(board.table) == 12
    assert board.table["score"].is_monotonic_decreasing
    assert board.skipped == ()
    assert board.winner == board.table.index[0]
    assert board.table["weight"].sum() == pytest.approx(1)
    assert set(board.table["fits"]) == {0, 3}
    for name in board.table.index:
        value = roc_auc_score(y, board.out_of_fold[name].round(6))
        assert board.table["score"][name] == pytest.approx(value, abs=1e-4)
    again = automl.leaderboard(X, y, objective="AUC")
    pd.testing.assert_frame_equal(board.table, again.table)
    new = board.predict(table(seed=1)[0])
    assert new.shape == (240, 12)
    assert new.to_numpy().min() >= 0
    assert new.to_numpy().max() <= 1


def test_the_weighted_ensemble_of_two_is_found_by_hand():
    """A and B err on different rows; together they rank every one above every zero."""
    y = np.array([1, 1, 0, 0])
    out = pd.DataFrame({"A": [0.9, 0.4, 0.5, 0.1], "B": [0.4, 0.9, 0.1, 0.5]})
    weights = automl.weights(out, y, objective="AUC")
    assert (weights > 0).all()
    assert roc_auc_score(y, out["A"]) < roc_auc_score(y, out @ weights) == 1


def test_equal_models_share_nothing_the_first_takes_all():
    y = np.array([1, 0, 1, 0])
    out = pd.DataFrame({"A": [0.9, 0.1, 0.8, 0.2]}).assign(B=lambda t: t["A"])
    assert automl.weights(out, y, objective="AUC").tolist() == [1, 0]


def test_predictions_are_means_over_the_models_of_the_folds():
    X, y = table()
    board = automl.leaderboard(X, y, tried=[LINEAR, STRICT], objective="AUC")
    new = board.predict(X)
    weight = board.table["weight"]
    expected = new["linear"] * weight["linear"] + new["strict"] * weight["strict"]
    assert np.allclose(new["weighted ensemble"], expected)
    assert not np.allclose(new["linear"], board.out_of_fold["linear"])


def test_one_candidate_has_no_ensemble():
    X, y = table()
    board = automl.leaderboard(X, y, max_candidates=1)
    assert list(board.table.index) == ["linear"]
    assert len(board.skipped) == 9
    assert list(board.predict(X)) == ["linear"]


def test_it_stops_before_a_candidate_that_would_not_fit():
    X, y = table()
    tried = [LINEAR, STRICT, automl.Candidate("dear", LogisticRegression(C=9), cost=5)]
    for budget, ran in ((1, 1), (19, 1), (20, 2), (69, 2), (70, 3)):
        times = iter([0, 0, 10, 10, 20, 20, 30])
        board = automl.leaderboard(
            X, y, tried=tried, budget=budget, clock=lambda times=times: next(times)
        )
        assert len(board.seconds) == ran
        assert len(board.skipped) == 3 - ran


@pytest.mark.parametrize("objective", automl.OBJECTIVES)
def test_objectives(objective):
    X, y = table()
    board = automl.leaderboard(X, y, tried=[LINEAR, STRICT], objective=objective)
    assert 0 <= board.table["score"].min() <= board.table["score"].max() <= 1
    perfect = automl.SCORES[objective](y, y.astype(float))
    assert perfect == 1


X, Y = table()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": "average precision"}, "expected one of"),
        ({"folds": 1}, "expected 2 to 20"),
        ({"folds": 21}, "expected 2 to 20"),
        ({"folds": [0, 1]}, "fold of each row"),
        ({"folds": np.zeros(240)}, "different folds"),
        ({"folds": Y}, "one class only"),
        ({"max_candidates": 0}, "at least 1"),
        ({"budget": 0}, "above 0"),
        ({"budget": float("nan")}, "above 0"),
        ({"tried": []}, "at least one"),
        ({"tried": [LINEAR, LINEAR]}, "different names"),
        ({"tried": [automl.Candidate("stacker", LogisticRegression())]}, "none of"),
        ({"tried": [automl.Candidate("a", LogisticRegression(), 0)]}, "above 0"),
        ({"y": Y[:-1]}, "one label a row"),
        ({"y": np.ones(240)}, "both of them"),
        ({"y": np.where(Y == 1, np.nan, 0.0)}, "0 and 1"),
        ({"y": (np.arange(240) == 0).astype(int)}, "too few"),
        ({"X": X.to_numpy()}, "DataFrame"),
    ],
)
def test_what_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        automl.leaderboard(**{"X": X, "y": Y} | change)
