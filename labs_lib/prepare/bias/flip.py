"""Flip test: would the model decide otherwise about a similar member of a?"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.neighbors import NearestNeighbors

from labs_lib import settings
from labs_lib.prepare.bias.metrics import Convention, check_convention


def flip_test(
    features: ArrayLike,
    disfavoured: ArrayLike,
    predicted: ArrayLike,
    *,
    convention: Convention = "definition",
) -> float:
    """Return the flip test FT = (F+ - F-) / n_d.

    F+ counts the members of d who are predicted negative while the majority of their
    nearest neighbours in a is predicted positive; F- the members of d for whom it is the
    other way round. Above 0 is unfair to d.

    Parameters
    ----------
    features : array-like of shape (n_rows, n_features)
        Numbers, without the facet, the label and the prediction. Distances are Euclidean
        and depend on the units: scale the columns first, unless their units are comparable.
    disfavoured : array-like of bool, shape (n_rows,)
        Whether a row belongs to facet d.
    predicted : array-like of bool or 0 and 1, shape (n_rows,)
        Whether the prediction is positive.
    convention : {"definition", "smclarify"}
        smclarify reports the opposite sign.

    Returns
    -------
    float
        Between -1 and 1.

    Raises
    ------
    ValueError
        If lengths differ, a facet has no members, features are not finite numbers, or the
        other two hold anything but two values 0 and 1.

    Notes
    -----
    Five neighbours, or one if a has fewer than ten members, as in smclarify 0.5. Among
    neighbours at the same distance the search tree picks, and the order of the rows may
    play a part.

    Source: Amazon SageMaker Developer Guide, page clarify-post-training-bias-metric-ft;
    Black, Yeom and Fredrikson (2020), FlipTest, doi:10.1145/3351095.3372845.
    """
    check_convention(convention)
    features = numbers(features)
    disfavoured = _flags(disfavoured, "disfavoured")
    predicted = _flags(predicted, "predicted")
    lengths = {len(features), len(disfavoured), len(predicted)}
    if len(lengths) > 1:
        raise ValueError(
            f"lengths differ: features {len(features)}, disfavoured {len(disfavoured)}, "
            f"predicted {len(predicted)}. Give one row of each for each person."
        )
    if disfavoured.all() or not disfavoured.any():
        empty = "a" if disfavoured.all() else "d"
        raise ValueError(f"facet {empty} has no members, expected rows in both facets.")
    worse, better = flips(features, disfavoured, predicted)
    value = (worse - better) / int(disfavoured.sum())
    return -value + 0.0 if convention == "smclarify" else value


def flips(
    features: np.ndarray, disfavoured: np.ndarray, predicted: np.ndarray
) -> tuple[int, int]:
    """Return F+ and F-: members of d treated worse, and better, than their neighbours."""
    in_a, in_d = features[~disfavoured], features[disfavoured]
    neighbours = 5 if len(in_a) > 9 else 1
    search = NearestNeighbors(
        n_neighbors=neighbours, algorithm="kd_tree", n_jobs=settings.n_jobs()
    )
    nearest = search.fit(in_a).kneighbors(in_d, return_distance=False)
    would_be = predicted[~disfavoured][nearest].mean(axis=1) > 0.5
    is_now = predicted[disfavoured]
    return int((would_be & ~is_now).sum()), int((is_now & ~would_be).sum())


def _flags(values, name):
    values = np.asarray(values)
    if values.ndim != 1 or pd.isna(values).any() or not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"{name} is not a list of True and False (or 1 and 0), one for each row."
        )
    return values.astype(bool)


def numbers(features: ArrayLike) -> np.ndarray:
    """Return features as an array of floats, shape (n_rows, n_features).

    Raises
    ------
    ValueError
        If they are not finite numbers in two dimensions.
    """
    try:
        features = np.asarray(
            features.to_numpy() if isinstance(features, pd.DataFrame) else features,
            dtype=float,
        )
    except (TypeError, ValueError):
        raise ValueError(
            "features hold text or other values that are not numbers. Leave these columns "
            "out or encode them."
        ) from None
    if features.ndim != 2 or features.shape[1] == 0:
        raise ValueError(
            f"features have shape {features.shape}, expected (n_rows, n_features)."
        )
    bad = int((~np.isfinite(features)).any(axis=1).sum())
    if bad:
        raise ValueError(
            f"features are missing or infinite in {bad:,} of {len(features):,} rows. "
            "Fill them in or drop these rows."
        )
    return features
