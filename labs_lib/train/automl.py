"""A leaderboard from one call: candidates in a fixed order, judged out of fold, and combined.

It follows what the Amazon SageMaker Developer Guide (page autopilot-model-support-validation)
says of Autopilot's mode ENSEMBLING: k folds, ten candidates, out-of-fold predictions that feed
a stacker. The candidates are scikit-learn's and XGBoost's; AWS uses AutoGluon with models of its
own choice. The weighted ensemble is the greedy selection of Caruana et al. (2004), "Ensemble
selection from libraries of models", ICML.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn import metrics as sk
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from labs_lib.train.boosted import boosted
from labs_lib.train.encoding import encoder

OBJECTIVES = ("Accuracy", "AUC", "BalancedAccuracy", "F1", "Precision", "Recall")
"""What Autopilot may optimize for two classes, in its own names; its default is F1."""

ENSEMBLES = ("weighted ensemble", "stacker")
"""The two rows of a leaderboard that combine the others."""

ROUNDS = 10
"""Steps of the greedy selection; each adds a tenth of the weight."""


@dataclass(frozen=True)
class Candidate:
    """A model that a leaderboard tries.

    Attributes
    ----------
    name : str
        Its row in the table.
    model : estimator
        Unfitted, with ``predict_proba``; it gets the matrix of `labs_lib.train.encoding`.
    cost : float
        What training it costs, above 0, in any unit that all candidates share. It is used to
        foretell seconds: those that one unit took so far, times this.
    """

    name: str
    model: Any
    cost: float = 1.0


@dataclass(frozen=True)
class Leaderboard:
    """What `leaderboard` found.

    Attributes
    ----------
    table : DataFrame
        A row for each candidate that ran, and each ensemble; columns ``score`` (out of fold,
        by the objective, to four decimals), ``fits`` (models trained for it) and ``weight``
        (in the weighted ensemble). Highest score first; equal scores in the order of the
        candidates.
    out_of_fold : DataFrame, shape (n, candidates and ensembles)
        Probability of class 1 for each row, from models that did not train on that row. The
        weights of the weighted ensemble were chosen on all rows, which flatters its score.
    seconds : Series
        What each candidate took, by the clock.
    skipped : tuple of str
        Candidates that did not run, because the budget would not have held.
    """

    table: pd.DataFrame
    out_of_fold: pd.DataFrame
    seconds: pd.Series
    skipped: tuple[str, ...]
    _encoder: ColumnTransformer
    _models: dict[str, list]
    _stacker: LogisticRegression | None

    @property
    def winner(self) -> str:
        """The name with the highest score."""
        return str(self.table.index[0])

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the probability of class 1, a column for each row of the table.

        A candidate's is the mean over the models of its folds.

        Parameters
        ----------
        X : DataFrame
            Rows with the columns of training.
        """
        Z = self._encoder.transform(X)
        single = pd.DataFrame(
            {name: averaged(models, Z) for name, models in self._models.items()},
            index=X.index,
        )
        if self._stacker is None:
            return single
        weights = self.table["weight"].reindex(single.columns).to_numpy()
        return single.assign(
            **{
                "weighted ensemble": single.to_numpy() @ weights,
                "stacker": self._stacker.predict_proba(_logits(single))[:, 1],
            }
        )


def candidates(seed: int = 0) -> tuple[Candidate, ...]:
    """Return the ten candidates of a leaderboard, in the order in which they are tried.

    Parameters
    ----------
    seed : int
        Of the forests and of the boosted trees.
    """
    forest = {"n_estimators": 20, "n_jobs": 1, "random_state": seed}
    trees = {"n_estimators": 40, "n_jobs": 1, "random_state": seed}
    histogram = {"max_iter": 20, "max_leaf_nodes": 15, "random_state": seed}
    linear = {"max_iter": 300}
    return (
        Candidate("linear", LogisticRegression(**linear), 0.5),
        Candidate("xgboost", boosted(**trees)),
        Candidate("random forest", RandomForestClassifier(**forest), 2.0),
        Candidate("extra trees", ExtraTreesClassifier(**forest), 1.5),
        Candidate("histogram boosting", HistGradientBoostingClassifier(**histogram), 1.5),
        Candidate("nearest neighbours", KNeighborsClassifier(50), 0.5),
        Candidate("xgboost, shallow", boosted(**trees | {"max_depth": 2}), 0.7),
        Candidate("xgboost, deep", boosted(**trees | {"max_depth": 7}), 1.5),
        Candidate(
            "random forest, smooth",
            RandomForestClassifier(min_samples_leaf=5, **forest),
            1.5,
        ),
        Candidate("linear, strict", LogisticRegression(C=0.03, **linear), 0.5),
    )


def leaderboard(
    X: pd.DataFrame,
    y: ArrayLike,
    *,
    objective: str = "F1",
    folds: int | ArrayLike = 3,
    tried: Sequence[Candidate] | None = None,
    max_candidates: int = 10,
    budget: float | None = None,
    clock: Callable[[], float] = perf_counter,
    seed: int = 0,
) -> Leaderboard:
    """Try candidates out of fold, combine them, and rank all by one score.

    Parameters
    ----------
    X : DataFrame, n rows
        Columns of any kind. They become one matrix before the folds are made; that step sees no
        label, but it does see the numbers of all rows.
    y : array-like of 0/1, shape (n,)
    objective : str
        One of `OBJECTIVES`; F1 by default, as in Autopilot. A label is 1 from a probability
        of 0.5 on.
    folds : int, or array-like of shape (n,)
        How many folds to draw at random, 2 to 20, in proportion to the classes; or the fold of
        each row, for instance its month.
    tried : sequence of Candidate, optional
        Those of `candidates` by default. The order decides who runs before the budget ends.
    max_candidates : int
        Not more than these are trained, from the first on.
    budget : float, optional
        Seconds. Before each candidate but the first, its seconds are foretold from its cost
        and from what a unit of cost took so far; if they would pass the budget, it and all
        after it are skipped.
    clock : callable
        Returns seconds; for tests.
    seed : int
        Of the folds and of the default candidates.

    Returns
    -------
    Leaderboard
        With one candidate there is no ensemble.

    Raises
    ------
    ValueError
        If an option is out of its range, lengths differ, or a fold lacks a class.
    """
    label = _label(X, y)
    if objective not in OBJECTIVES:
        raise ValueError(
            f"objective is {objective!r}, expected one of {list(OBJECTIVES)}. Other scores can "
            "be computed from out_of_fold afterwards."
        )
    everyone = tuple(candidates(seed) if tried is None else tried)
    _check_candidates(everyone, max_candidates, budget)
    fold = fold_numbers(label, folds, seed=seed)
    score = SCORES[objective]
    encoding = encoder().fit(X)
    Z = encoding.transform(X)
    allowed = everyone[:max_candidates]
    models: dict[str, list] = {}
    out: dict[str, NDArray] = {}
    seconds: dict[str, float] = {}
    start, done = clock(), 0.0
    for candidate in allowed:
        before = clock()
        foretold = candidate.cost * (before - start) / done if done else 0.0
        if budget is not None and before - start + foretold > budget:
            break
        out[candidate.name], models[candidate.name] = out_of_fold(
            candidate.model, Z, label, fold
        )
        seconds[candidate.name] = clock() - before
        done += candidate.cost
    single = pd.DataFrame(out, index=X.index)
    scores = {name: score(label, single[name].to_numpy()) for name in single}
    weight = pd.Series(np.nan, index=[*single.columns], dtype=float)
    stacker = None
    if len(single.columns) > 1:
        weight = weights(single, label, objective=objective)
        stacker = _stacker().fit(_logits(single), label)
        single["weighted ensemble"] = single[weight.index].to_numpy() @ weight.to_numpy()
        single["stacker"] = _stacked(single[weight.index], label, fold)
        scores |= {name: score(label, single[name].to_numpy()) for name in ENSEMBLES}
    table = pd.DataFrame({"score": pd.Series(scores).round(4)})
    table["fits"] = [len(models.get(name, ())) for name in table.index]
    table["weight"] = weight.reindex(table.index)
    return Leaderboard(
        table.sort_values("score", ascending=False, kind="stable"),
        single,
        pd.Series(seconds),
        tuple(c.name for c in everyone if c.name not in models),
        encoding,
        models,
        stacker,
    )


def fold_numbers(
    y: ArrayLike, folds: int | ArrayLike, *, seed: int = 0
) -> NDArray[np.int64]:
    """Return the fold of each row: drawn at random, or as given.

    Parameters
    ----------
    y : array-like of 0/1, shape (n,)
    folds : int, or array-like of shape (n,)
        As in `leaderboard`.
    seed : int
        Of the draw.

    Raises
    ------
    ValueError
        If there are fewer than 2 folds or more than 20, lengths differ, or a fold lacks a class.
    """
    label = np.asarray(y)
    if isinstance(folds, int | np.integer) and not isinstance(folds, bool):
        if not 2 <= folds <= 20:
            raise ValueError(f"folds is {folds}, expected 2 to 20.")
        counts = np.bincount(label.astype(int), minlength=2)
        if counts.min() < folds:
            raise ValueError(
                f"y holds {counts.min()} rows of one class, too few for {folds} folds. Take "
                "fewer folds, or more rows."
            )
        fold = np.empty(len(label), dtype=np.int64)
        drawn = StratifiedKFold(int(folds), shuffle=True, random_state=seed)
        for number, (_, judged) in enumerate(drawn.split(label, label)):
            fold[judged] = number
        return fold
    given = np.asarray(folds)
    if given.shape != label.shape or pd.isna(given).any():
        raise ValueError(
            f"folds has shape {given.shape} for {len(label)} rows, or misses values; expected a "
            "number of folds, or the fold of each row."
        )
    codes, names = pd.factorize(given, sort=True)
    if not 2 <= len(names) <= 20:
        raise ValueError(f"folds holds {len(names)} different folds, expected 2 to 20.")
    for code, name in enumerate(names):
        if len(np.unique(label[codes == code])) < 2:
            raise ValueError(
                f"fold {name} holds one class only; expected both. Join it with another fold."
            )
    return codes.astype(np.int64)


def out_of_fold(
    model: Any, Z: ArrayLike, y: ArrayLike, fold: NDArray[np.int64]
) -> tuple[NDArray[np.float64], list]:
    """Train a model without each fold in turn, and predict that fold.

    Parameters
    ----------
    model : estimator
        Unfitted, with ``predict_proba``; it is cloned.
    Z : array-like, n rows
        Numbers, as from `labs_lib.train.encoding.encoder`.
    y : array-like of 0/1, shape (n,)
    fold : array of int, shape (n,)
        As from `fold_numbers`.

    Returns
    -------
    probability : array of shape (n,)
        Of class 1, rounded to six decimals, from the model that did not see the row.
    models : list
        The fitted models, one for each fold; `averaged` predicts with them.
    """
    matrix, label = np.asarray(Z), np.asarray(y)
    probability, models = np.empty(len(label)), []
    for number in np.unique(fold):
        judged = fold == number
        fitted = clone(model).fit(matrix[~judged], label[~judged])
        probability[judged] = fitted.predict_proba(matrix[judged])[:, 1]
        models.append(fitted)
    return probability.round(6), models


def averaged(models: Sequence[Any], Z: ArrayLike) -> NDArray[np.float64]:
    """Return the mean probability of class 1 over fitted models, to six decimals.

    Parameters
    ----------
    models : sequence of fitted estimators
    Z : array-like
        Rows of the matrix with which they were trained.
    """
    return np.mean([model.predict_proba(Z)[:, 1] for model in models], axis=0).round(6)


def weights(out_of_fold: pd.DataFrame, y: ArrayLike, *, objective: str) -> pd.Series:
    """Choose weights by greedy selection with replacement.

    In each of `ROUNDS` steps the model is added, perhaps once more, with which the mean of all
    chosen so far has the highest score. Equal scores, to four decimals: the first model.

    Parameters
    ----------
    out_of_fold : DataFrame, shape (n, models)
        Probabilities of class 1 that no model gave for its own training rows.
    y : array-like of 0/1, shape (n,)
    objective : str
        One of `OBJECTIVES`.

    Returns
    -------
    Series
        A weight for each column, in steps of one tenth; they sum to 1.
    """
    p, label = out_of_fold.to_numpy(), np.asarray(y)
    chosen, total = np.zeros(p.shape[1]), np.zeros(len(p))
    for step in range(1, ROUNDS + 1):
        scores = [
            round(SCORES[objective](label, (total + column) / step), 4) for column in p.T
        ]
        best = int(np.argmax(scores))
        chosen[best] += 1
        total = total + p[:, best]
    return pd.Series(chosen / ROUNDS, index=out_of_fold.columns)


def _at_half(metric: Callable[..., float], **options: Any) -> Callable[..., float]:
    def score(y: NDArray, probability: NDArray) -> float:
        return float(metric(y, np.round(probability, 6) >= 0.5, **options))

    return score


def _auc(y: NDArray, probability: NDArray) -> float:
    return float(sk.roc_auc_score(y, np.round(probability, 6)))


SCORES: dict[str, Callable[[NDArray, NDArray], float]] = {
    "Accuracy": _at_half(sk.accuracy_score),
    "AUC": _auc,
    "BalancedAccuracy": _at_half(sk.balanced_accuracy_score),
    "F1": _at_half(sk.f1_score, zero_division=0),
    "Precision": _at_half(sk.precision_score, zero_division=0),
    "Recall": _at_half(sk.recall_score),
}
"""Each objective as a function of labels and probabilities; high is good."""


def _logits(probability: pd.DataFrame) -> NDArray[np.float64]:
    p = probability.to_numpy().clip(0.001, 0.999)
    return np.log(p / (1 - p))


def _stacker() -> LogisticRegression:
    return LogisticRegression(C=0.1, max_iter=1_000)


def _stacked(single: pd.DataFrame, y: NDArray, fold: NDArray) -> NDArray[np.float64]:
    """Return the stacker's probabilities, each from a stacker without the row's fold."""
    Z, out = _logits(single), np.empty(len(y))
    for number in np.unique(fold):
        judged = fold == number
        fitted = _stacker().fit(Z[~judged], y[~judged])
        out[judged] = fitted.predict_proba(Z[judged])[:, 1]
    return out.round(6)


def _label(X: pd.DataFrame, y: ArrayLike) -> NDArray:
    if not isinstance(X, pd.DataFrame):
        raise ValueError(f"X is {type(X).__name__}, expected a DataFrame.")
    label = np.asarray(y)
    if label.shape != (len(X),):
        raise ValueError(
            f"y has shape {label.shape} for {len(X)} rows of X; expected one label a row."
        )
    if not np.array_equal(np.unique(label), [0, 1]):
        raise ValueError(
            f"y holds {np.unique(label)[:5].tolist()}; expected 0 and 1, both of them, and "
            "none missing. Drop rows without a label, and say how many."
        )
    return label.astype(np.int64)


def _check_candidates(
    tried: tuple[Candidate, ...], max_candidates: int, budget: float | None
) -> None:
    names = [candidate.name for candidate in tried]
    if not names or len(set(names)) < len(names) or set(names) & set(ENSEMBLES):
        raise ValueError(
            f"the candidates are {names}; expected at least one, different names, and none of "
            f"{list(ENSEMBLES)}."
        )
    for candidate in tried:
        if not 0 < candidate.cost < np.inf:
            raise ValueError(
                f"{candidate.name} has the cost {candidate.cost}, expected a number above 0."
            )
    if max_candidates < 1:
        raise ValueError(f"max_candidates is {max_candidates}, expected at least 1.")
    if budget is not None and not budget > 0:
        raise ValueError(f"budget is {budget}, expected seconds above 0, or None.")
