"""Which pairs are looked at: those that share a value of some key."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labs_lib.prepare.matches.checks import Pairs, texts

MOST_PAIRS = 20_000_000
"""More candidate pairs than this are refused: a key is too coarse for the table."""


def candidate_pairs(keys: Mapping[str, ArrayLike], *, most: int = MOST_PAIRS) -> Pairs:
    """Return all pairs of records that at least one key brings together.

    Parameters
    ----------
    keys : mapping of str to sequence of str
        For each key a value for each record. A missing or empty value brings a record together
        with nobody.
    most : int
        Refuse to make more pairs than this, in one key.

    Returns
    -------
    ndarray of int64, shape (n_pairs, 2)
        Positions, the lower one first; each pair once, in ascending order.

    Raises
    ------
    ValueError
        If there is no key, the keys differ in length, or a key makes more than `most` pairs.
    """
    if not keys:
        raise ValueError("keys is empty, expected at least one key: a name and its values.")
    columns = {name: texts(pd.Series(values)) for name, values in keys.items()}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"the keys have different lengths, {lengths}; expected one value a record in each."
        )
    n = next(iter(lengths.values()))
    found = [_of_one_key(name, column, most) for name, column in columns.items()]
    code = np.unique(np.concatenate([pairs[:, 0] * n + pairs[:, 1] for pairs in found]))
    return np.column_stack([code // max(n, 1), code % max(n, 1)])


def _of_one_key(name: str, column: pd.Series, most: int) -> Pairs:
    """Return the pairs inside each block of equal values."""
    codes, values = pd.factorize(column.to_numpy(dtype=object))
    filled = np.flatnonzero(column.to_numpy(dtype=object) != "")
    sizes = (
        np.bincount(codes[filled], minlength=len(values)) if len(values) else np.zeros(0)
    )
    number = float((sizes * (sizes - 1.0)).sum() / 2)
    if number > most:
        largest = int(sizes.argmax())
        raise ValueError(
            f"the key {name!r} makes {number:,.0f} pairs, expected at most {most:,}. Its largest "
            f"block is {values[largest]!r} with {int(sizes[largest]):,} records; make the key "
            "finer, for example by joining a second column to it."
        )
    order = filled[np.argsort(codes[filled], kind="stable")]
    block = codes[order]
    made, start = [np.empty((0, 2), dtype=np.int64)], np.arange(len(order))
    distance = 1
    while len(start):
        start = start[start + distance < len(order)]
        start = start[block[start] == block[start + distance]]
        made.append(np.column_stack([order[start], order[start + distance]]))
        distance += 1
    # Inside a block the stable order is the order of the table.
    return np.concatenate(made).astype(np.int64)
