"""From pairs of records to columns of similarities, which a model can weigh."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labs_lib.prepare.matches.checks import pairs_of, texts
from labs_lib.prepare.matches.similarity import dice, jaro_winkler

HOW = ("text", "words", "exact")
"""Jaro-Winkler; Dice's coefficient of letter pairs; 1 if equal, else 0."""


def compare(
    records: pd.DataFrame, pairs: ArrayLike, how: Mapping[str, str]
) -> pd.DataFrame:
    """Return how alike the two records of each pair are, column by column.

    Parameters
    ----------
    records : DataFrame
        One row a record. Values are compared as texts.
    pairs : array-like of int, shape (n_pairs, 2)
        Positions of records, from 0; the index is not used.
    how : mapping of str to str
        Column to one of `HOW`: "text" for names and codes with typing errors, "words" where
        words may change places, "exact" for what is equal or not.

    Returns
    -------
    DataFrame of float, shape (n_pairs, number of columns that stay)
        For each column its similarity from 0 to 1. A column with gaps has a second one,
        "NAME missing": 1 if at least one of the two is empty; the similarity is then 0. It is there
        for every column, so that two tables give the same columns.

    Raises
    ------
    ValueError
        If `how` is empty, names an unknown column or way, or `pairs` is not as expected.
    """
    if not how:
        raise ValueError("how is empty, expected columns and how to compare them.")
    unknown = [name for name in how if name not in records.columns]
    if unknown:
        raise ValueError(
            f"no column {', '.join(map(repr, unknown))} among the records; they have "
            f"{', '.join(map(repr, records.columns))}."
        )
    for name, way in how.items():
        if way not in HOW:
            raise ValueError(f"how[{name!r}] is {way!r}, expected one of {', '.join(HOW)}.")
    left, right = pairs_of(pairs, len(records)).T
    found: dict[str, np.ndarray] = {}
    for name, way in how.items():
        column = texts(records[name]).to_numpy(dtype=object)
        a, b = column[left], column[right]
        missing = (a == "") | (b == "")
        if way == "exact":
            alike = (a == b).astype(float)
        else:
            alike = jaro_winkler(a, b) if way == "text" else dice(a, b)
        found[name] = np.where(missing, 0.0, alike)
        found[f"{name} missing"] = missing.astype(float)
    return pd.DataFrame(found)
