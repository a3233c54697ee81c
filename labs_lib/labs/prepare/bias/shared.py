"""Six ways to deal with a protected column, judged on one split."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from labs_lib.prepare import bias
from labs_lib.train.boosted import boosted
from labs_lib.train.encoding import encoded

METRICS = ("AD", "DAR", "DI", "DPPL", "RD")


def scores(
    kind: str,
    X: pd.DataFrame,
    y: np.ndarray,
    train: np.ndarray,
    weight: np.ndarray | None,
) -> np.ndarray:
    """Fit "XGBoost" or "linear" on the positions `train`; return a score for every row."""
    if kind == "XGBoost":
        model = boosted().fit(X.iloc[train], y[train], sample_weight=weight)
    else:
        model = encoded(LogisticRegression(solver="newton-cholesky"))
        model.fit(X.iloc[train], y[train], logisticregression__sample_weight=weight)
    return model.predict_proba(X)[:, 1].astype(float)


def strategies(
    kind: str,
    X: pd.DataFrame,
    y: np.ndarray,
    train: np.ndarray,
    *,
    facet: pd.Series,
    column: str,
    proxies: tuple[str, ...] = (),
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name of each strategy and its decision for every row, True is positive.

    Parameters
    ----------
    kind : {"XGBoost", "linear"}
    X : DataFrame of shape (n, columns)
    y : array of shape (n,), 0 or 1
    train : array of int
        Positions of the training rows.
    facet : Series of shape (n,)
        Who belongs to which facet.
    column : str
        The protected column, from which the facet is made.
    proxies : tuple of str
        Columns that tell much about it. With none, that strategy is left out.
    """
    weight = bias.reweigh(facet.iloc[train], y[train])
    blind = X.drop(columns=column)
    everything = scores(kind, X, y, train, None)
    yield "all columns", everything > 0.5
    yield "without the column", scores(kind, blind, y, train, None) > 0.5
    if proxies:
        fewer = blind.drop(columns=list(proxies))
        yield "without column and proxies", scores(kind, fewer, y, train, None) > 0.5
    yield "reweighed, all columns", scores(kind, X, y, train, weight) > 0.5
    yield "reweighed, without the column", scores(kind, blind, y, train, weight) > 0.5
    yield "one threshold a facet", by_facet(everything, facet.to_numpy(), train)


def by_facet(score: np.ndarray, facet: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Decide so that each facet gets the same share of positives among the training rows."""
    share = (score[train] > 0.5).mean()
    decision = np.zeros(len(score), dtype=bool)
    for value in np.unique(facet):
        mine = facet == value
        decision[mine] = score[mine] > np.quantile(score[train][mine[train]], 1 - share)
    return decision


def judge(
    y: np.ndarray, decision: np.ndarray, facet: pd.Series, disfavoured: object
) -> dict[str, float]:
    """Return the accuracy and the bias metrics of decisions on test rows."""
    table = pd.DataFrame(
        {"y": y, "facet": facet.to_numpy(), "yhat": decision.astype(int)}
    )
    found = bias.report(
        table,
        label="y",
        positive=1,
        facets={"facet": disfavoured},
        predicted="yhat",
        methods=METRICS,
    ).table
    accuracy = {"accuracy": float((y == decision).mean())}
    return accuracy | dict(zip(found["metric"], found["value"], strict=True))
