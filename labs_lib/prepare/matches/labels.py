"""The labelling file of AWS Glue FindMatches: what it says about pairs, and what it does not."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labs_lib.prepare.matches.checks import pairs_of, texts

SET, LABEL = "labeling_set_id", "label"
SMALLEST, LARGEST = 2, 30
"""Rows of a labelling set that the guide accepts."""


def labelled_pairs(
    labels: pd.DataFrame, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return what a labelling file says about pairs of its rows.

    Two rows of one set with the same label are a match, with different labels strangers. Rows
    of different sets say nothing about each other, whatever their labels. Labels are compared
    to the letter: "A" is not "a".

    Parameters
    ----------
    labels : DataFrame
        First two columns ``labeling_set_id`` and ``label``, then the columns of the source.
    columns : sequence of str, optional
        The columns of the source, in their order. With it, the others are checked.

    Returns
    -------
    DataFrame
        ``left`` and ``right``, positions of rows in `labels`, and ``match``, bool; one row a
        pair.

    Raises
    ------
    ValueError
        If the first two columns or the others are not as expected, a set or a label is empty,
        or a set has fewer than 2 or more than 30 rows.
    """
    if list(labels.columns[:2]) != [SET, LABEL]:
        raise ValueError(
            f"the first two columns are {list(labels.columns[:2])}, expected {SET!r} and "
            f"{LABEL!r}, in this order."
        )
    if columns is not None and list(labels.columns[2:]) != list(columns):
        raise ValueError(
            f"behind the label stand {list(labels.columns[2:])}, expected the columns of the "
            f"source in their order: {list(columns)}."
        )
    name, label = texts(labels[SET]).to_numpy(), texts(labels[LABEL]).to_numpy()
    for column, values in ((SET, name), (LABEL, label)):
        if (values == "").any():
            raise ValueError(
                f"row {int(np.flatnonzero(values == '')[0])} has no {column}; expected one in "
                "every row. Leave rows out that nobody has labelled."
            )
    left, right = [], []
    for which, places in pd.Series(range(len(name))).groupby(name, sort=False):
        if not SMALLEST <= len(places) <= LARGEST:
            raise ValueError(
                f"the set {which!r} has {len(places)} row(s), expected {SMALLEST} to {LARGEST}; 10 "
                "to 20 are advised."
            )
        first, second = np.triu_indices(len(places), k=1)
        left.append(places.to_numpy()[first])
        right.append(places.to_numpy()[second])
    a, b = (np.concatenate(x) if x else np.empty(0, dtype=int) for x in (left, right))
    return pd.DataFrame({"left": a, "right": b, "match": label[a] == label[b]})


def labelling_file(
    records: pd.DataFrame, sets: pd.DataFrame, entity: ArrayLike
) -> pd.DataFrame:
    """Fill in a labelling file, as a person would who knows who is who.

    Parameters
    ----------
    records : DataFrame
        The source.
    sets : DataFrame
        As `labelling_sets` returns it.
    entity : array-like of shape (n_records,)
        Who each record is.

    Returns
    -------
    DataFrame
        ``labeling_set_id``, ``label`` ("A", "B" and so on, anew in each set), and the columns
        of `records`.

    Raises
    ------
    ValueError
        If `entity` has another length than `records`, or a record is outside the table.
    """
    who = np.asarray(entity)
    if who.shape != (len(records),):
        raise ValueError(
            f"entity has shape {who.shape}, expected one value for each of {len(records)} records."
        )
    places = sets["record"].to_numpy()
    if len(places) and (places.min() < 0 or places.max() >= len(records)):
        raise ValueError(
            f"sets names record {places.max()}, but there are {len(records)} records, from 0."
        )
    people = pd.Series(who[places])
    number = people.groupby(sets[SET].to_numpy()).transform(lambda x: pd.factorize(x)[0])
    # More than 26 people in a set of at most 30: AA, AB, ...
    letters = [chr(65 + n) if n < 26 else f"A{chr(39 + n)}" for n in number]
    filled = records.iloc[places].reset_index(drop=True)
    filled.insert(0, LABEL, letters)
    filled.insert(0, SET, sets[SET].to_numpy())
    return filled


def labelling_sets(
    pairs: ArrayLike,
    similarity: ArrayLike,
    *,
    sets: int,
    size: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """Draw sets of records to be labelled: a random record, and those most like it.

    Parameters
    ----------
    pairs : array-like of int, shape (n_pairs, 2)
        Candidate pairs.
    similarity : array-like of shape (n_pairs,)
        How alike each pair is, by a first guess that needs no labels.
    sets : int
        How many, at least 1. The first sets are the same whatever the number.
    size : int
        Rows a set, 2 to 30; fewer where a record has fewer neighbours.
    seed : int

    Returns
    -------
    DataFrame
        ``labeling_set_id``, "S0001" and so on, and ``record``, a position. A record may
        stand in several sets, but begins only one.

    Raises
    ------
    ValueError
        If a number is out of its range, the lengths differ, or fewer records have a neighbour
        than there are sets.
    """
    if sets < 1 or not SMALLEST <= size <= LARGEST:
        raise ValueError(
            f"sets is {sets} and size {size}, expected at least 1 set of {SMALLEST} to {LARGEST} "
            "rows."
        )
    made = pairs_of(pairs, np.iinfo(np.int64).max)
    alike = np.asarray(similarity, dtype=float)
    if alike.shape != (len(made),):
        raise ValueError(
            f"similarity has shape {alike.shape}, expected one number for each of "
            f"{len(made)} pairs."
        )
    both = np.concatenate([made, made[:, ::-1]])
    order = np.lexsort((both[:, 1], -np.tile(alike, 2).round(9), both[:, 0]))
    owner, neighbour = both[order].T
    starts, first, count = np.unique(owner, return_index=True, return_counts=True)
    if len(starts) < sets:
        raise ValueError(
            f"{len(starts)} records have a neighbour, expected at least {sets}, one a set. Ask for "
            "fewer sets, or use more blocking keys."
        )
    chosen = np.random.default_rng([seed, 37]).permutation(len(starts))[:sets]
    rows = []
    for number, which in enumerate(chosen):
        end = first[which] + min(count[which], size - 1)
        members = [starts[which], *neighbour[first[which] : end]]
        rows += [(f"S{number + 1:04}", int(member)) for member in members]
    return pd.DataFrame(rows, columns=[SET, "record"])
