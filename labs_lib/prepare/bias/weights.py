"""Weights that make a facet and the label independent in the training data."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labs_lib.prepare.bias.columns import complete


def reweigh(facet: ArrayLike, label: ArrayLike) -> np.ndarray:
    """Return the weights that make facet and label independent.

    A row with facet s and label y gets n_s n_y / (n n_sy): what its cell would hold if
    facet and label were independent, over what it holds. Weighted, each facet keeps its
    share of the rows, each label keeps its share, and DPL, KL, JS, LP, TVD and KS are zero.

    Parameters
    ----------
    facet : array-like of shape (n_rows,)
        Any number of values. For several facets at once, give their combination.
    label : array-like of shape (n_rows,)
        Any number of values; with a single one all weights are 1.

    Returns
    -------
    ndarray of shape (n_rows,)
        Above 0, with mean 1; use as ``sample_weight`` in training.

    Raises
    ------
    ValueError
        If there are no rows, lengths differ, values are missing, infinite or of mixed
        types, or a facet has no row with one of the labels: no weight makes up for that.

    Notes
    -----
    Source: Kamiran and Calders (2012), Data preprocessing techniques for classification
    without discrimination, doi:10.1007/s10115-011-0463-8.
    """
    facet, label = pd.Series(facet), pd.Series(label)
    if len(facet) != len(label):
        raise ValueError(
            f"lengths differ: facet {len(facet)}, label {len(label)}. "
            "Give one of each for each row."
        )
    if facet.empty:
        raise ValueError("facet has no rows, expected at least one.")
    facet_codes, facets = complete(facet, "facet").distinct
    label_codes, labels = complete(label, "label").distinct
    cell = facet_codes.astype(np.int64) * len(labels) + label_codes
    counts = np.bincount(cell, minlength=len(facets) * len(labels))
    counts = counts.reshape(len(facets), len(labels))
    if (counts == 0).any():
        s, y = np.argwhere(counts == 0)[0]
        raise ValueError(
            f"no row has facet {facets[s]!r} and label {labels[y]!r}, so that no weights "
            "make facet and label independent. Merge rare values first."
        )
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return (expected / counts).ravel()[cell]
