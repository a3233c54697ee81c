"""The metrics as functions of counts: formulas in the docstring of the package.

Every function takes counts with any leading axes, so that the bootstrap computes thousands
of tables at once.
"""

from typing import Literal, get_args

import numpy as np
from scipy.special import rel_entr

Convention = Literal["definition", "smclarify"]

PRE_TRAINING = {
    "CI": "Class Imbalance (CI)",
    "DPL": "Difference in Positive Proportions in Labels (DPL)",
    "KL": "Kullback-Leibler Divergence (KL)",
    "JS": "Jensen-Shannon Divergence (JS)",
    "LP": "L-p Norm (LP)",
    "TVD": "Total Variation Distance (TVD)",
    "KS": "Kolmogorov-Smirnov Distance (KS)",
    "CDDL": "Conditional Demographic Disparity in Labels (CDDL)",
}
"""Name and description of each metric of the labels."""

POST_TRAINING = {
    "DPPL": "Difference in Positive Proportions in Predicted Labels (DPPL)",
    "DI": "Disparate Impact (DI)",
    "DCA": "Difference in Conditional Acceptance (DCA)",
    "DCR": "Difference in Conditional Rejection (DCR)",
    "SD": "Specificity Difference (SD)",
    "RD": "Recall Difference (RD)",
    "DAR": "Difference in Acceptance Rates (DAR)",
    "DRR": "Difference in Rejection Rates (DRR)",
    "AD": "Accuracy Difference (AD)",
    "TE": "Treatment Equality (TE)",
    "CDDPL": "Conditional Demographic Disparity in Predicted Labels (CDDPL)",
    "FT": "Flip Test (FT)",
    "GE": "Generalized Entropy (GE)",
}
"""Name and description of each metric of the predictions."""

UNDEFINED = {
    "KL": "the facets share no label",
    "JS": "the facets share no label",
    "LP": "the facets share no label",
    "TVD": "the facets share no label",
    "KS": "the facets share no label",
    "CDDL": "all labels are positive, or none",
    "DI": "no row is predicted positive",
    "DCA": "a facet has neither observed nor predicted positives, "
    "or no row is predicted positive",
    "DCR": "a facet has neither observed nor predicted negatives, "
    "or no row is predicted negative",
    "SD": "a facet has no observed negatives",
    "RD": "a facet has no observed positives",
    "DAR": "a facet has no predicted positives",
    "DRR": "a facet has no predicted negatives",
    "TE": "a facet has neither false negatives nor false positives, "
    "or no facet has false positives",
    "CDDPL": "all predictions are positive, or none",
}
"""When a metric is undefined. (GE is so only if all labels are positive.)"""


def check_convention(convention: str) -> None:
    """Raise a ValueError unless `convention` is one of `Convention`."""
    if convention not in get_args(Convention):
        raise ValueError(
            f"convention is {convention!r}, expected one of "
            f"{', '.join(map(repr, get_args(Convention)))}."
        )


def pre_training(
    table: np.ndarray, positive: np.ndarray, convention: Convention
) -> dict[str, np.ndarray]:
    """Return the metrics of the labels.

    Parameters
    ----------
    table : ndarray of int, shape (..., 2, n_groups, n_labels)
        Rows of facet a (0) and facet d (1), by group and label.
    positive : ndarray of bool, shape (n_labels,)
        Which labels are positive.
    convention : {"definition", "smclarify"}
        See the docstring of the package.

    Returns
    -------
    dict of str to ndarray of shape (...)
        NaN where a metric is undefined or a facet has no members.
    """
    labels = table.sum(axis=-2)
    rows = labels.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_a, p_d = _both(labels / rows[..., None], axis=-2)
        values = {
            "CI": (rows[..., 0] - rows[..., 1]) / rows.sum(axis=-1),
            "DPL": p_a[..., positive].sum(axis=-1) - p_d[..., positive].sum(axis=-1),
        }
        if convention == "smclarify":
            shared = (p_a > 0) & (p_d > 0)
            none_shared = np.where(shared.any(axis=-1), 0.0, np.nan)[..., None]
            p_a, p_d = shared * p_a + none_shared, shared * p_d + none_shared
        gap = np.abs(p_a - p_d)
        middle = (p_a + p_d) / 2
        values |= {
            "KL": rel_entr(p_a, p_d).sum(axis=-1),
            "JS": (rel_entr(p_a, middle) + rel_entr(p_d, middle)).sum(axis=-1) / 2,
            "LP": np.sqrt((gap**2).sum(axis=-1)),
            "TVD": gap.sum(axis=-1) / 2,
            "KS": gap.max(axis=-1),
            "CDDL": _conditional_disparity(outcomes(table, positive), convention),
        }
    return _clean(values, rows)


def post_training(
    table: np.ndarray, positive: np.ndarray, convention: Convention
) -> dict[str, np.ndarray]:
    """Return the metrics of the predictions, all but FT.

    Parameters
    ----------
    table : ndarray of int, shape (..., 2, n_groups, n_labels, 2)
        Rows of facet a (0) and facet d (1), by group, observed label and predicted outcome.
    positive : ndarray of bool, shape (n_labels,)
        Which labels are positive.
    convention : {"definition", "smclarify"}
        See the docstring of the package.

    Returns
    -------
    dict of str to ndarray of shape (...)
        NaN where a metric is undefined or a facet has no members.
    """
    by_group = np.moveaxis(outcomes(np.moveaxis(table, -1, -2), positive), -1, -2)
    confusion = by_group.sum(axis=-3)
    (tn, fp), (fn, tp) = (
        (confusion[..., y, 0], confusion[..., y, 1]) for y in (0, 1)
    )  # each of shape (..., 2): facet a, facet d
    rows = tn + fp + fn + tp
    # Numerator and denominator within a facet; sign 1 for a - d, -1 for d - a.
    rates = {
        "DPPL": (tp + fp, rows, 1),
        "DCA": (tp + fn, tp + fp, 1),
        "DCR": (tn + fp, tn + fn, -1),
        "SD": (tn, tn + fp, -1),
        "RD": (tp, tp + fn, 1),
        "DAR": (tp, tp + fp, 1),
        "DRR": (tn, tn + fn, -1),
        "AD": (tp + tn, rows, 1),
        "TE": (fn, fp, -1),
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {
            name: sign * _difference(_ratio(top, bottom, convention), convention)
            for name, (top, bottom, sign) in rates.items()
        }
        q_a, q_d = _both((tp + fp) / rows)
        values["DI"] = _ratio(q_d, q_a, convention)
        values["CDDPL"] = _conditional_disparity(by_group.sum(axis=-2), convention)
        n = rows.sum(axis=-1)
        mean_benefit = (n + fp.sum(axis=-1) - fn.sum(axis=-1)) / n
        mean_square = ((tp + tn).sum(axis=-1) + 4 * fp.sum(axis=-1)) / n
        values["GE"] = (mean_square / mean_benefit**2 - 1) / 2
    return _clean(values, rows)


def outcomes(table: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Reduce the last axis from labels to the outcomes negative (0) and positive (1)."""
    parts = (table[..., ~positive].sum(axis=-1), table[..., positive].sum(axis=-1))
    return np.stack(parts, axis=-1)


def _conditional_disparity(table, convention):
    """CDD of a table of shape (..., 2 facets, n_groups, 2 outcomes)."""
    totals = table.sum(axis=-3)
    negative, positive = _both(_ratio(table[..., 1, :, :], totals, "smclarify"))
    disparity = negative - positive
    if convention == "definition":
        disparity = np.where((totals > 0).all(axis=-1), disparity, 0.0)
    rows = totals.sum(axis=-1)
    value = (rows * disparity).sum(axis=-1) / rows.sum(axis=-1)
    if convention == "smclarify":
        value = np.where((totals.sum(axis=-2) > 0).all(axis=-1), value, np.nan)
    return value


def _ratio(top, bottom, convention):
    ratio = top / bottom
    if convention == "smclarify":
        ratio = np.where((top == 0) & (bottom == 0), 0.0, ratio)
    return ratio


def _difference(rates, convention):
    a, d = _both(rates)
    difference = a - d
    if convention == "smclarify":
        difference = np.where(a == d, 0.0, difference)
    return difference


def _both(values, axis=-1):
    """Return the two halves of an axis of length 2."""
    return np.take(values, 0, axis), np.take(values, 1, axis)


def _clean(values, rows):
    """Mark tables with an empty facet as undefined; no negative zeros."""
    both = (rows > 0).all(axis=-1)
    return {name: np.where(both, value, np.nan) + 0.0 for name, value in values.items()}
