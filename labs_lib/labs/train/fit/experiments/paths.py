"""Does an L1 penalty find the true causes? Fresh draws of the table of known causes.

One repeat fits logistic regressions with an L1 and an L2 penalty on three tables; the
strength is the one with the least error on watched rows. It also fits both on the rows of the
same repeat of `train/fit`.
"""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from labs_lib import payments
from labs_lib.labs.train.fit.experiments import worlds as fit

REPEATS = 24

N_TRAIN, N_WATCHED, N_JUDGED = 2_000, 1_000, 2_000

TABLES = {
    "as recorded": {"shapes": False, "correlated": False},
    "with shapes": {"shapes": True, "correlated": False},
    "with shapes, correlated": {"shapes": True, "correlated": True},
}
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Values of C, one over the strength of the penalty."""

LONG_TAILED = [
    "amount_cents",
    "amount_local",
    "distance_km",
    "balance_cents",
    "usual_amount_cents",
    "account_age_days",
]


def repeat(seed: int) -> list[dict]:
    """Fit both penalties on each table; one row a table, penalty and column."""
    rows = []
    for table, kind in TABLES.items():
        X, y, truth = payments.causes(
            n=N_TRAIN + N_WATCHED + N_JUDGED, correlated=kind["correlated"], seed=seed
        )
        Z = terms(X, N_TRAIN, shapes=kind["shapes"])
        for penalty in ("L1", "L2"):
            weights, error = watched_best(penalty, Z, y, truth, N_TRAIN, N_WATCHED)
            sizes = weights.abs().groupby(column_of).max()
            rows += [
                {
                    "table": table,
                    "penalty": penalty,
                    "what": what,
                    "value": float(value),
                }
                for what, value in {**sizes.to_dict(), "error": error}.items()
            ]
    # As in `fit.world`: rows to train on, to watch, more rows, and rows to judge.
    more = (fit.MORE - 1) * fit.N_TRAIN
    first = fit.N_TRAIN + fit.N_VALID
    X, y, truth = payments.causes(n=first + more + fit.N_TEST, seed=seed)
    own = np.r_[0:first, first + more : len(X)]
    X, y, truth = (part.iloc[own] for part in (X, y, truth))
    Z = terms(X, fit.N_TRAIN, shapes=True)
    for penalty in ("L1", "L2"):
        _, error = watched_best(penalty, Z, y, truth, fit.N_TRAIN, fit.N_VALID)
        row = {"table": "rows of train/fit", "penalty": penalty}
        rows.append(row | {"what": "error", "value": error})
    return rows


def terms(X: pd.DataFrame, n_train: int, *, shapes: bool) -> pd.DataFrame:
    """Return terms for a linear model, standardized.

    Numbers with long tails become logarithms, gaps the median, age bands count from 0,
    categories become a column each.

    Parameters
    ----------
    X : DataFrame
        As from `payments.causes`.
    n_train : int
        Medians, means and deviations come from the first so many rows.
    shapes : bool
        Add the square of each number, and the distance of chip and of swipe payments.

    Returns
    -------
    DataFrame
        One row a payment; mean 0 and standard deviation 1 on the first rows.
    """
    z = X.select_dtypes("number").assign(age_band=X["age_band"].cat.codes)
    z[LONG_TAILED] = np.log1p(z[LONG_TAILED])
    z = _standardized(z.fillna(z.iloc[:n_train].median()), n_train)
    kinds = X[["channel", "merchant_category"]].astype(str)
    found = [z, pd.get_dummies(kinds, dtype=float)]
    if shapes:
        by_channel = {
            f"distance by {channel}": z["distance_km"] * (X["channel"] == channel)
            for channel in ("chip", "swipe")
        }
        found += [(z**2).add_suffix(" squared"), pd.DataFrame(by_channel)]
    return _standardized(pd.concat(found, axis=1), n_train)


def _standardized(Z: pd.DataFrame, n_train: int) -> pd.DataFrame:
    return (Z - Z.iloc[:n_train].mean()) / Z.iloc[:n_train].std()


def column_of(term: str) -> str:
    """Return the name of the column to which a term belongs."""
    if term.startswith("distance by"):
        return "distance by channel"
    for kind in ("channel", "merchant_category"):
        if term.startswith(kind):
            return kind
    return term.removesuffix(" squared")


def logistic(penalty: str, C: float) -> LogisticRegression:
    """Return an unfitted logistic regression; `penalty` is L1 or L2, C one over its strength."""
    if penalty == "L2":
        return LogisticRegression(C=C, solver="newton-cholesky")
    # A large scaling all but frees the intercept, which this solver would penalize too.
    return LogisticRegression(
        C=C,
        l1_ratio=1,
        solver="liblinear",
        intercept_scaling=10,
        tol=1e-3,
        random_state=0,
    )


def watched_best(
    penalty: str,
    Z: pd.DataFrame,
    y: pd.Series,
    truth: pd.Series,
    n_train: int,
    n_watched: int,
) -> tuple[pd.Series, float]:
    """Fit every strength; return the weights with the least watched error, and their error.

    Parameters
    ----------
    penalty : {"L1", "L2"}
    Z : DataFrame
        Rows to train on, to watch, and to judge, in this order.
    y, truth : Series
        Labels and true probabilities.
    n_train, n_watched : int

    Returns
    -------
    weights : Series
        One value a term.
    error : float
        Distance from the true probability on the judged rows, in thousandths.
    """
    y, truth = y.to_numpy(), truth.to_numpy()
    watched = slice(n_train, n_train + n_watched)
    judged = slice(n_train + n_watched, None)
    least, best = np.inf, None
    for C in STRENGTHS:
        model = logistic(penalty, C).fit(Z.iloc[:n_train], y[:n_train])
        loss = np.mean((model.predict_proba(Z.iloc[watched])[:, 1] - y[watched]) ** 2)
        if loss < least:
            least, best = loss, model
    said = best.predict_proba(Z.iloc[judged])[:, 1]
    error = 1_000 * float(np.mean((said - truth[judged]) ** 2))
    return pd.Series(best.coef_[0], index=Z.columns), error
