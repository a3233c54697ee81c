"""Remedies against overfitting, alone and together, on any table.

Every model is XGBoost, starts from the same settings, which overfit, and has the same rows:
some to train on, some to watch. A remedy with a strength takes the one with the smallest
squared error on the watched rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xgboost as xgb

ROUNDS = 150
PATIENCE = 20
MEMBERS = 8
COPIES = 2
"""Rounds of boosting, rounds without improvement, models in a bag, copies of each row."""

OVERFIT = {
    "eta": 0.3,
    "max_depth": 6,
    "min_child_weight": 0,
    "gamma": 0,
    "alpha": 0,
    "lambda": 0,
    "max_bin": 64,
    "nthread": 1,
    "seed": 0,
}
"""XGBoost's default depth and rate, and nothing that holds a leaf back."""

STRENGTHS = {
    "fewer columns": (4, 8, 12),
    "pruning (gamma)": (0.1, 1.0, 4.0, 16.0),
    "L1 (alpha)": (0.3, 3.0, 12.0, 48.0),
    "L2 (lambda)": (3.0, 30.0, 300.0, 3_000.0),
    "augmentation (noise)": (0.05, 0.2, 0.5),
}
"""What is tried of each remedy with a strength; noise in standard deviations of a column."""

REMEDIES = (
    "early stopping",
    "fewer columns",
    "pruning (gamma)",
    "L1 (alpha)",
    "L2 (lambda)",
    "ensembling (bag)",
    "augmentation (noise)",
)

RETUNED = 12
"""Joint settings tried where all remedies are tuned together."""


@dataclass(frozen=True)
class Task:
    """Rows to train on, to watch and to judge.

    Parameters
    ----------
    train, valid : (array of shape (n, columns), array of shape (n,))
        Numbers, and the target.
    test : array of shape (n, columns)
    numeric : array of bool, shape (columns,)
        Columns that noise may be added to.
    objective : str
        XGBoost's name.
    """

    train: tuple[np.ndarray, np.ndarray]
    valid: tuple[np.ndarray, np.ndarray]
    test: np.ndarray
    numeric: np.ndarray
    objective: str


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: settings over `OVERFIT`, and what is done besides."""

    settings: tuple[tuple[str, float], ...] = ()
    columns: tuple[int, ...] | None = None
    stop: bool = False
    members: int = 1
    noise: float = 0.0

    def having(self, **changes: float) -> "Recipe":
        """Return the recipe with other settings of XGBoost."""
        return replace(self, settings=tuple((dict(self.settings) | changes).items()))


@dataclass(frozen=True)
class Fitted:
    """Predictions for the watched and for the judged rows, and what is known of the model."""

    valid: np.ndarray
    test: np.ndarray
    train: np.ndarray
    rounds: float
    gain: np.ndarray


def fit(recipe: Recipe, task: Task) -> Fitted:
    """Train by a recipe; the same recipe and task give the same model.

    Parameters
    ----------
    recipe : Recipe
    task : Task

    Returns
    -------
    Fitted
        The mean of the members' predictions; `rounds` is their mean number, `gain` the
        total gain of each column.
    """
    columns = (
        np.arange(task.test.shape[1]) if recipe.columns is None else recipe.columns
    )
    columns = np.asarray(columns)
    X, y = task.train[0][:, columns], task.train[1]
    watched = xgb.DMatrix(task.valid[0][:, columns], task.valid[1])
    judged, own = xgb.DMatrix(task.test[:, columns]), xgb.DMatrix(X)
    found, rounds, gain = [], [], np.zeros(task.test.shape[1])
    for member in range(recipe.members):
        rng = np.random.default_rng(member)
        rows = (
            rng.integers(0, len(y), len(y)) if recipe.members > 1 else np.arange(len(y))
        )
        X_fit, y_fit = augmented(
            X[rows], y[rows], noise=recipe.noise, numeric=task.numeric[columns], rng=rng
        )
        booster = xgb.train(
            OVERFIT
            | {"objective": task.objective, "eval_metric": "rmse", "seed": member}
            | dict(recipe.settings),
            xgb.DMatrix(X_fit, y_fit),
            ROUNDS,
            evals=[(watched, "valid")] if recipe.stop else (),
            early_stopping_rounds=PATIENCE if recipe.stop else None,
            verbose_eval=False,
        )
        kept = booster.best_iteration + 1 if recipe.stop else ROUNDS
        found.append(
            [
                booster.predict(part, iteration_range=(0, kept)).astype(float)
                for part in (watched, judged, own)
            ]
        )
        rounds.append(kept)
        for name, value in booster.get_score(importance_type="total_gain").items():
            gain[columns[int(name[1:])]] += value
    parts = [np.mean([member[i] for member in found], axis=0) for i in range(3)]
    return Fitted(*parts, float(np.mean(rounds)), gain)


def augmented(
    X: np.ndarray,
    y: np.ndarray,
    *,
    noise: float,
    numeric: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and `COPIES` noisy copies of each with the same target.

    Parameters
    ----------
    X : array of shape (n, columns)
    y : array of shape (n,)
    noise : float
        Standard deviation of the noise, in those of the column; 0 returns the rows alone.
    numeric : array of bool, shape (columns,)
        Columns that get noise.
    rng : numpy Generator
    """
    if noise == 0:
        return X, y
    size = noise * np.nanstd(X, axis=0) * numeric
    copies = [X + size * rng.standard_normal(X.shape) for _ in range(COPIES)]
    return np.concatenate([X, *copies]), np.tile(y, COPIES + 1)


def candidates(remedy: str, recipe: Recipe, gain: np.ndarray) -> list[Recipe]:
    """Return the recipes that add a remedy to `recipe`, one a strength.

    Parameters
    ----------
    remedy : str
        One of `REMEDIES`.
    recipe : Recipe
    gain : array of shape (columns,)
        By which columns are ranked.
    """
    if remedy == "early stopping":
        return [replace(recipe, stop=True)]
    if remedy == "ensembling (bag)":
        return [replace(recipe, members=MEMBERS)]
    strengths = STRENGTHS[remedy]
    if remedy == "fewer columns":
        ranked = np.argsort(-gain, kind="stable")
        return [
            replace(recipe, columns=tuple(sorted(ranked[:k].tolist())))
            for k in strengths
        ]
    if remedy == "augmentation (noise)":
        return [replace(recipe, noise=strength) for strength in strengths]
    setting = remedy.split("(")[1].rstrip(")")
    return [recipe.having(**{setting: strength}) for strength in strengths]


def watched_error(fitted: Fitted, task: Task) -> float:
    """Return the mean squared error on the watched rows."""
    return float(np.mean((fitted.valid - task.valid[1]) ** 2))


def best(recipes: Sequence[Recipe], task: Task) -> tuple[Recipe, Fitted]:
    """Return the recipe with the smallest error on the watched rows, and its model."""
    fitted = [fit(recipe, task) for recipe in recipes]
    place = int(np.argmin([watched_error(model, task) for model in fitted]))
    return recipes[place], fitted[place]


def merged(chosen: Mapping[str, Recipe]) -> Recipe:
    """Return one recipe that holds all the remedies of `chosen`, each at its own strength."""
    settings: dict[str, float] = {}
    for recipe in chosen.values():
        settings |= dict(recipe.settings)
    return Recipe(
        settings=tuple(settings.items()),
        columns=next(
            (r.columns for r in chosen.values() if r.columns is not None), None
        ),
        stop=any(recipe.stop for recipe in chosen.values()),
        members=max((recipe.members for recipe in chosen.values()), default=1),
        noise=max((recipe.noise for recipe in chosen.values()), default=0.0),
    )


def retuned(task: Task, gain: np.ndarray) -> Fitted:
    """Return a bag whose settings were all tuned together, at random, on the watched rows."""
    rng = np.random.default_rng(0)
    ranked = np.argsort(-gain, kind="stable")
    tried = [
        Recipe(
            settings=(
                ("gamma", float(rng.choice([0.0, 0.5, 2.0]))),
                ("alpha", float(rng.choice([0.0, 0.5, 2.0]))),
                ("lambda", float(rng.choice([0.0, 3.0, 30.0]))),
                ("max_depth", int(rng.choice([2, 4, 6]))),
                ("eta", float(rng.choice([0.05, 0.1, 0.3]))),
            ),
            columns=tuple(
                sorted(ranked[: int(rng.choice([8, 12, len(gain)]))].tolist())
            ),
            stop=True,
            noise=float(rng.choice([0.0, 0.05, 0.2])),
        )
        for _ in range(RETUNED)
    ]
    recipe, _ = best(tried, task)
    return fit(replace(recipe, members=MEMBERS), task)
