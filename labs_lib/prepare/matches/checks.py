"""Checks of arguments that several steps of matching share."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Pairs = NDArray[np.int64]
"""Shape (n_pairs, 2): positions of two records, the lower one first."""


def pairs_of(pairs: ArrayLike, n_records: int) -> Pairs:
    """Return pairs as integers, shape (n, 2).

    Raises
    ------
    ValueError
        If the shape is another one, a position is no whole number or is outside the table, or a
        record is paired with itself.
    """
    made = np.asarray(pairs)
    if made.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    if made.ndim != 2 or made.shape[1] != 2 or made.dtype.kind not in "iu":
        raise ValueError(
            f"pairs has shape {made.shape} and type {made.dtype}, expected two whole numbers a "
            "row: the positions of two records. Use what candidate_pairs returns."
        )
    if made.min() < 0 or made.max() >= n_records:
        raise ValueError(
            f"pairs names positions from {made.min()} to {made.max()}, but there are "
            f"{n_records} records, from 0. Make the pairs from the same table."
        )
    if (made[:, 0] == made[:, 1]).any():
        raise ValueError(
            "pairs has a record beside itself, expected two different positions in each row."
        )
    return made.astype(np.int64)


def outcomes(y: ArrayLike, length: int, name: str = "y") -> NDArray[np.bool_]:
    """Return `y` as booleans, one for each of `length` pairs.

    Raises
    ------
    ValueError
        If the length differs or a value is neither 0 nor 1.
    """
    made = np.asarray(y)
    if made.shape != (length,):
        raise ValueError(
            f"{name} has shape {made.shape}, expected one value for each of {length} pairs."
        )
    if made.dtype.kind not in "biuf" or not np.isin(made, (0, 1)).all():
        raise ValueError(
            f"{name} has values besides 0 and 1; expected 1 for a match, 0 for strangers."
        )
    return made.astype(bool)


def share(value: float, name: str) -> float:
    """Return a number from 0 to 1.

    Raises
    ------
    ValueError
        If it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValueError(f"{name} is {value!r}, expected a number from 0 to 1.")
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}, expected a number from 0 to 1.")
    return float(value)


def texts(column: pd.Series) -> pd.Series:
    """Return a column as texts; what is missing becomes the empty text."""
    return column.astype(object).where(column.notna(), "").astype(str)
