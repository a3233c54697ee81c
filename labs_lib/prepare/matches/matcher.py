"""How probable is a match? A logistic regression on similarities, its threshold and metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from labs_lib.prepare.matches.checks import outcomes, share
from labs_lib.prepare.matches.comparison import compare


@dataclass
class Matcher:
    """A model of matches: what is compared, and how much each similarity counts.

    Parameters
    ----------
    how : mapping of str to str
        As in `compare`.
    strength : float
        Inverse of the penalty on weights, as scikit-learn's ``C``.
    """

    how: Mapping[str, str]
    strength: float = 30.0
    model: LogisticRegression | None = field(default=None, repr=False)

    def fit(self, records: pd.DataFrame, pairs: ArrayLike, match: ArrayLike) -> "Matcher":
        """Learn the weights from labelled pairs; return the matcher.

        Raises
        ------
        ValueError
            As `compare`; if `match` is not one 0 or 1 a pair; or if all pairs are of one kind.
        """
        alike = compare(records, pairs, self.how)
        y = outcomes(match, len(alike), "match")
        if y.all() or not y.any():
            kind = "matches" if len(y) and y.all() else "strangers"
            raise ValueError(
                f"all {len(y)} labelled pairs are {kind}, expected some of both. Label more sets."
            )
        self.model = LogisticRegression(
            C=self.strength, solver="newton-cholesky", max_iter=200
        ).fit(alike, y)
        return self

    def score(self, records: pd.DataFrame, pairs: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of a match for each pair, rounded to nine places.

        Raises
        ------
        ValueError
            As `compare`, or if the matcher has not been fitted.
        """
        return self.judge(compare(records, pairs, self.how))

    def judge(self, alike: pd.DataFrame) -> NDArray[np.float64]:
        """Return the probabilities from similarities that `compare` has made already.

        Raises
        ------
        ValueError
            If the matcher has not been fitted, or the columns are others.
        """
        if self.model is None:
            raise ValueError(
                "the matcher has not been fitted: call fit with labelled pairs."
            )
        if list(alike.columns) != list(self.model.feature_names_in_):
            raise ValueError(
                f"alike has the columns {list(alike.columns)}, expected "
                f"{list(self.model.feature_names_in_)}, as compare makes them."
            )
        if alike.empty:
            return np.empty(0)
        return np.asarray(self.model.predict_proba(alike)[:, 1]).round(9)


def metrics(
    y: ArrayLike, score: ArrayLike, threshold: float, *, true_pairs: int | None = None
) -> dict[str, float]:
    """Return the metrics of FindMatches for scored pairs, under its names.

    Parameters
    ----------
    y : array-like of 0 and 1
        Whether each candidate pair is a match.
    score : array-like
        Its probability.
    threshold : float
        From 0 to 1. A pair is called a match from this score on.
    true_pairs : int, optional
        All matches of the table; those that are no candidates then count as missed.

    Returns
    -------
    dict of str to float
        AreaUnderPRCurve, Precision, Recall, F1, and the four counts of the confusion matrix.
        The area is of the candidates (average precision). Precision is NaN if nothing is
        called a match; so are Recall and the area if there is no match.

    Raises
    ------
    ValueError
        If lengths differ, a value of `y` is neither 0 nor 1, or `true_pairs` is smaller than
        the number of matches among the candidates.
    """
    values = np.asarray(score, dtype=float)
    actual = outcomes(y, len(values))
    called = values >= share(threshold, "threshold")
    total = int(actual.sum()) if true_pairs is None else int(true_pairs)
    if total < actual.sum():
        raise ValueError(
            f"true_pairs is {total}, expected at least the {int(actual.sum())} matches among the "
            "candidates."
        )
    tp, fp = int((called & actual).sum()), int((called & ~actual).sum())
    fn, tn = total - tp, int((~called & ~actual).sum())
    nan = float("nan")
    return {
        "AreaUnderPRCurve": average_precision_score(actual, values)
        if actual.any()
        else nan,
        "Precision": tp / (tp + fp) if tp + fp else nan,
        "Recall": tp / total if total else nan,
        "F1": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else nan,
        "NumTruePositives": tp,
        "NumFalsePositives": fp,
        "NumTrueNegatives": tn,
        "NumFalseNegatives": fn,
    }


def recall_at_precision(
    y: ArrayLike, score: ArrayLike, precision: float, *, true_pairs: int
) -> tuple[float, float]:
    """Return the highest recall with at least this precision, and its threshold.

    Parameters
    ----------
    y, score : array-like
        Of the candidate pairs, as in `metrics`.
    precision : float
        From 0 to 1.
    true_pairs : int
        All matches of the table, at least 1: what no key brought together counts as missed.

    Returns
    -------
    recall, threshold : float
        Recall 0 and threshold infinity if no threshold reaches the precision.

    Raises
    ------
    ValueError
        As `metrics`.
    """
    wanted = share(precision, "precision")
    tp, fp, cut = _by_threshold(y, score)
    if true_pairs < max(1, tp[-1] if len(tp) else 0):
        raise ValueError(
            f"true_pairs is {true_pairs}, expected at least 1 and the matches among the candidates."
        )
    good = np.flatnonzero(tp >= wanted * (tp + fp) - 1e-9)
    if not len(good) or tp[good[-1]] == 0:
        return 0.0, float("inf")
    best = good[-1]
    return float(tp[best] / true_pairs), float(cut[best])


def best_threshold(y: ArrayLike, score: ArrayLike, tradeoff: float = 0.5) -> float:
    """Return the threshold for a trade-off: 1 cares for precision only, 0 for recall only.

    Parameters
    ----------
    y, score : array-like
        Of labelled pairs, as in `metrics`; at least one match.
    tradeoff : float
        From 0 to 1, as PrecisionRecallTradeoff. How Glue turns it into a decision is not
        published. Here the weighted harmonic mean ``1 / (t / precision + (1 - t) / recall)`` is
        made as large as it gets; at 0.5 that is F1.

    Returns
    -------
    float
        The lowest of the best thresholds.

    Raises
    ------
    ValueError
        If there is no match, or `tradeoff` is outside 0 to 1.
    """
    t = share(tradeoff, "tradeoff")
    tp, fp, cut = _by_threshold(y, score)
    if not len(tp) or tp[-1] == 0:
        raise ValueError("y has no match, expected at least one to choose a threshold by.")
    hit = tp > 0
    value = np.zeros(len(tp))
    value[hit] = 1 / (t * (tp + fp)[hit] / tp[hit] + (1 - t) * tp[-1] / tp[hit])
    best = len(value) - 1 - int(np.argmax(value.round(12)[::-1]))
    return float(cut[best])


def _by_threshold(
    y: ArrayLike, score: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return true and false positives at each different score, from the highest down."""
    values = np.asarray(score, dtype=float)
    actual = outcomes(y, len(values))
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    if not len(ranked):
        none = np.empty(0, dtype=np.int64)
        return none, none, ranked
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    tp = np.cumsum(actual[order]).astype(np.int64)[last]
    return tp, last + 1 - tp, ranked[last]
