"""Every method's importance of each column of a table, for a boosted model of log odds."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.metrics import log_loss

from labs_lib.train import explain
from labs_lib.train.boosted import boosted

SHUFFLES = 2
GRID = np.linspace(0.03, 0.97, 15)
"""Quantiles of a column at which its dependence is looked at."""


class Boosted:
    """XGBoost on one-hot columns, asked about the columns of the table itself.

    Parameters
    ----------
    n_estimators : int
        Trees.

    Attributes
    ----------
    owner : list of str
        For each column that the model sees, the column of the table that it comes from.
    """

    def __init__(self, *, n_estimators: int) -> None:
        self.model = boosted(n_estimators=n_estimators)

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> "Boosted":
        """Fit on a table of numbers and categories; ordered categories count as numbers."""
        encoded = encode(X)
        self.owner = [
            next(c for c in X.columns if name == c or name.startswith(f"{c}_"))
            for name in encoded
        ]
        self.model.fit(encoded, y)
        return self

    def margin(self, X: pd.DataFrame) -> np.ndarray:
        """Return the log odds, shape (n,)."""
        return self.model.predict(encode(X), output_margin=True)

    def probability(self, X: pd.DataFrame) -> np.ndarray:
        """Return the probability, shape (n,)."""
        return self.model.predict_proba(encode(X))[:, 1]

    def joined(self, values: np.ndarray, X: pd.DataFrame) -> pd.DataFrame:
        """Add up values of one-hot columns, shape (n, n_encoded), by column of the table."""
        table = pd.DataFrame(values, columns=self.owner, index=X.index)
        return table.T.groupby(level=0).sum().T[list(X.columns)]

    def shap_by_path(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return XGBoost's own contributions, which weigh absent columns by the trees' cover."""
        matrix = xgb.DMatrix(encode(X))
        values = self.model.get_booster().predict(matrix, pred_contribs=True)
        return self.joined(values[:, :-1].astype(float), X)

    def shap_by_background(
        self, X: pd.DataFrame, background: pd.DataFrame
    ) -> pd.DataFrame:
        """Return interventional Shapley values: absent columns come from the background."""
        import shap

        explainer = shap.TreeExplainer(self.model, encode(background))
        return self.joined(explainer.shap_values(encode(X)), X)


def encode(X: pd.DataFrame) -> pd.DataFrame:
    """Return the table as float32: one column a category, ordered ones as numbers."""
    ordered = {
        c: X[c].cat.codes for c in X.select_dtypes("category") if X[c].cat.ordered
    }
    return pd.get_dummies(X.assign(**ordered), dtype=np.float32).astype(np.float32)


def importances(
    boosted: Boosted,
    *,
    seen: pd.DataFrame,
    asked: pd.DataFrame,
    y_asked: np.ndarray,
    seed: int,
    lime_rows: int,
) -> dict[str, pd.Series]:
    """Return the importance of each column by each method.

    Parameters
    ----------
    boosted : Boosted
        Fitted.
    seen : DataFrame
        Training rows: what backgrounds and LIME's statistics are made of.
    asked, y_asked : DataFrame, array
        Rows on which the model is explained, 500 or more.
    seed : int
        Of what is drawn.
    lime_rows : int
        Rows that LIME explains.
    """
    local = boosted.shap_by_path(asked)
    background = seen.sample(50, random_state=seed)
    few = asked.head(200)
    found = {
        "SHAP, mean_abs": explain.aggregate(local),
        "SHAP, mean_sq": explain.aggregate(local, agg_method="mean_sq"),
        "SHAP, median": explain.aggregate(local, agg_method="median").abs(),
        "SHAP, background": explain.aggregate(
            boosted.shap_by_background(few, background)
        ),
    }
    curves = {name: _curves(boosted, few, name) for name in asked}
    found["PDP"] = pd.Series({n: c.mean(axis=0).std() for n, c in curves.items()})
    found["ICE"] = pd.Series({n: c.std(axis=1).mean() for n, c in curves.items()})
    found["permutation"] = permutation(boosted.probability, asked, y_asked, seed)
    for name, kind in (
        ("gain", "gain"),
        ("total gain", "total_gain"),
        ("splits", "weight"),
    ):
        found[name] = _from_trees(boosted, asked, kind)
    weights = explain.lime_weights(
        boosted.margin, asked.head(lime_rows), data=seen, seed=seed
    )
    found["LIME"] = weights.abs().mean()
    return found


def grid(column: pd.Series) -> list:
    """Return the values at which the dependence on a column is looked at."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return sorted(column.unique())
    return sorted(set(column.quantile(GRID)))


def _curves(boosted: Boosted, X: pd.DataFrame, name: str) -> np.ndarray:
    return explain.ice(boosted.margin, X, name, grid(X[name]))[:, :, 0].astype(float)


def permutation(
    probability: Callable[[pd.DataFrame], np.ndarray],
    X: pd.DataFrame,
    y: np.ndarray,
    seed: int,
    *,
    loss: Callable[[np.ndarray, np.ndarray], float] = log_loss,
) -> pd.Series:
    """Return the rise of the loss when a column is shuffled."""
    rng = np.random.default_rng(seed)
    before = loss(y, probability(X).astype(float))
    rise = pd.Series(0.0, index=X.columns)
    for name in X:
        for _ in range(SHUFFLES):
            order = rng.permutation(len(X))
            shuffled = X.assign(**{name: X[name].array.take(order)})
            after = loss(y, probability(shuffled).astype(float))
            rise[name] += (after - before) / SHUFFLES
    return rise


def _from_trees(boosted, X, kind) -> pd.Series:
    """Return what XGBoost keeps of its splits; one-hot columns of a column together."""
    score = boosted.model.get_booster().get_score(importance_type=kind)
    if kind == "gain":
        splits = _from_trees(boosted, X, "weight")
        return (_from_trees(boosted, X, "total_gain") / splits.clip(lower=1)).fillna(0)
    names = boosted.model.get_booster().feature_names
    values = np.array([[score.get(name, 0.0) for name in names]])
    return boosted.joined(values, X.head(1)).iloc[0]
