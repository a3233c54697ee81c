"""P-values corrected for the number of questions that were asked."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Correction = Literal["holm", "bonferroni", "benjamini-hochberg"]


def adjust(
    p_values: ArrayLike, *, method: Correction = "holm", tests: int | None = None
) -> np.ndarray:
    """Return p-values corrected for the number of features and windows.

    Parameters
    ----------
    p_values : array-like of any shape
        One for each feature, or each window and feature. NaN stands for a test that could
        not be done; it stays NaN and does not count.
    method : {"holm", "bonferroni", "benjamini-hochberg"}
        "holm" and "bonferroni" bound the chance of any false alarm, whatever the dependence
        of the features; Holm finds never less. "benjamini-hochberg" bounds the expected share
        of false alarms among all alarms, for features that are independent or move in the
        same direction; it finds more.
    tests : int, optional
        How many tests there are in all, if those of other windows are not at hand: features
        times windows. Default: as many as `p_values` holds.

    Returns
    -------
    ndarray, shape of `p_values`
        To be compared with the level, such as 0.05.

    Raises
    ------
    ValueError
        If a value is not between 0 and 1, the method is unknown, or `tests` is smaller than
        the number of values.

    Notes
    -----
    Sources: Holm (1979), Scandinavian Journal of Statistics 6, 65; Benjamini and Hochberg
    (1995), Journal of the Royal Statistical Society B 57, 289.
    """
    p = np.asarray(p_values, dtype=float)
    done = ~np.isnan(p)
    values = p[done]
    if ((values < 0) | (values > 1)).any():
        raise ValueError("p_values holds values outside 0 to 1.")
    if tests is None:
        tests = len(values)
    if tests < len(values):
        raise ValueError(
            f"tests is {tests}, but there are {len(values)} p-values; expected at least as many."
        )
    order = np.argsort(values, kind="stable")
    place = np.arange(len(values))
    ranked = values[order]
    if method == "bonferroni":
        ranked = ranked * tests
    elif method == "holm":
        ranked = np.maximum.accumulate(ranked * (tests - place))
    elif method == "benjamini-hochberg":
        ranked = np.minimum.accumulate((ranked * tests / (place + 1))[::-1])[::-1]
    else:
        raise ValueError(
            f"method is {method!r}, expected holm, bonferroni or benjamini-hochberg."
        )
    adjusted = np.full_like(p, np.nan)
    inside = np.empty_like(values)
    inside[order] = np.minimum(ranked, 1)
    adjusted[done] = inside
    return adjusted
