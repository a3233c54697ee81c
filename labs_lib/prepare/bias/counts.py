"""From a frame to counts of rows by facet, group, label and predicted outcome."""

import math
from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
import pandas as pd

from labs_lib.columns import text
from labs_lib.prepare.bias import columns
from labs_lib.prepare.bias.columns import Above
from labs_lib.prepare.bias.metrics import Convention

MAX_FACET_VALUES = 100
"""A facet without given values may have this many: each is compared with the rest."""

MAX_CELLS = 1_000_000
"""Cells of the table facet x group x label x prediction."""


class Observed(NamedTuple):
    """The label column, encoded."""

    codes: np.ndarray  # label of each row
    labels: list  # what the codes stand for; empty with a threshold
    positive: np.ndarray  # which codes are positive
    above: Above | None
    text: str  # which labels are positive, as Clarify writes it


def observed(
    series: pd.Series, name: Hashable, wanted: object, convention: Convention
) -> Observed:
    """Encode the label column.

    Raises
    ------
    ValueError
        If values are missing, infinite or of mixed types, a wanted value does not occur, or
        the label is positive in all rows or none (smclarify's convention goes on then).
    """
    what = f"label {name!r}"
    column = columns.complete(series, what)
    wanted = _reading(column, wanted, convention)
    if isinstance(wanted, Above):
        codes = columns.above(column, wanted.threshold, what).astype(np.int64)
        written = columns.interval(column, wanted.threshold)
        result = Observed(codes, [], np.array([False, True]), wanted, written)
    else:
        codes, labels = column.distinct
        positive = columns.chosen(labels, wanted, what)
        result = Observed(codes, labels, positive, None, _text(wanted))
    share = result.positive[codes].mean()
    if share in (0, 1) and convention == "definition":
        raise ValueError(
            f"{what} is {'positive' if share else 'negative'} in every row, expected both "
            f"outcomes. Positive is {result.text}."
        )
    return result


def predicted(
    series: pd.Series,
    name: Hashable,
    probability_threshold: float | None,
    label: Observed,
    convention: Convention,
) -> np.ndarray:
    """Return the predicted outcome of each row, 0 or 1.

    Raises
    ------
    ValueError
        If values are missing, infinite, of mixed types or not among the labels, a threshold
        is given for a column without numbers, or, with smclarify's convention, no row is
        predicted positive.
    """
    what = f"prediction {name!r}"
    column = columns.complete(series, what)
    above = label.above if probability_threshold is None else Above(probability_threshold)
    if above is not None:
        outcome = columns.above(column, above.threshold, what).astype(np.int64)
    else:
        codes, labels = column.distinct
        is_positive = dict(zip(label.labels, label.positive, strict=True))
        unknown = [value for value in labels if value not in is_positive]
        if unknown:
            raise ValueError(
                f"{what} holds {columns.shown(unknown)}, expected the values of the label: "
                f"{columns.shown(label.labels)}. For scores give probability_threshold."
            )
        outcome = np.array([is_positive[value] for value in labels], dtype=np.int64)[codes]
    if convention == "smclarify" and not outcome.any():
        raise ValueError(
            f"{what} is positive in no row, and smclarify stops there. Positive is "
            f"{label.text}; with convention='definition' the metrics are computed."
        )
    return outcome


def groups(series: pd.Series, name: Hashable) -> tuple[np.ndarray, int]:
    """Return the group of each row as a code, and the number of groups."""
    codes, values = columns.complete(series, f"group variable {name!r}").distinct
    return codes, len(values)


def facet(
    series: pd.Series, name: Hashable, wanted: object, convention: Convention
) -> tuple[np.ndarray, dict[str, int]]:
    """Return a code for each row, and the codes that are facet d in turn, by their text.

    Raises
    ------
    ValueError
        If values are missing, infinite or of mixed types, a wanted value does not occur,
        one side has no members, or there are too many values to take each in turn.
    """
    what = f"facet {name!r}"
    column = columns.complete(series, what)
    wanted = _reading(column, wanted, convention)
    if isinstance(wanted, Above):
        codes = columns.above(column, wanted.threshold, what).astype(np.int64)
        if codes.min() == codes.max():
            raise ValueError(
                f"{what} has {'all' if codes[0] else 'no'} rows above {wanted.threshold}, "
                f"expected rows on both sides. Values run from {column.values.min()} to "
                f"{column.values.max()}."
            )
        return codes, {columns.interval(column, wanted.threshold): 1}
    codes, values = column.distinct
    if wanted is not None:
        named = columns.chosen(values, wanted, what)
        if named.all():
            raise ValueError(
                f"{what} has no rows besides {_text(wanted)}, expected at least one other "
                "value, because everybody else is facet a."
            )
        return named.astype(np.int64)[codes], {_text(wanted): 1}
    if not 2 <= len(values) <= MAX_FACET_VALUES:
        raise ValueError(
            f"{what} has {len(values):,} distinct values, expected 2 to {MAX_FACET_VALUES} "
            "to compare each with the rest. Give the values of d, or a threshold as "
            "Above(40)."
        )
    return codes, {text(value): code for code, value in enumerate(values)}


def tables(codes: np.ndarray, cells: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Count rows by facet code, group, label and predicted outcome.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        Facet code of each row.
    cells : ndarray of int, shape (n_rows,)
        Group, label and predicted outcome of each row as one number below prod(shape).
    shape : tuple of int
        (n_groups, n_labels, 2).

    Returns
    -------
    ndarray of int, shape (n_codes, n_groups, n_labels, 2)
    """
    n_codes, n_cells = int(codes.max()) + 1, math.prod(shape)
    if n_codes * n_cells > MAX_CELLS:
        raise ValueError(
            f"facet x group x label x prediction has {n_codes:,} x {shape[0]:,} x "
            f"{shape[1]:,} x 2 cells, expected at most {MAX_CELLS:,}. Use fewer values: "
            "bins of the group variable, a threshold for the label."
        )
    index = codes.astype(np.int64) * n_cells + cells
    return np.bincount(index, minlength=n_codes * n_cells).reshape(n_codes, *shape)


def _reading(column, wanted, convention):
    """Return `wanted`, or the threshold that smclarify would make of it."""
    if convention == "smclarify" and columns.taken_as_threshold(column, wanted):
        return Above(columns.as_list(wanted)[0])
    return wanted


def _text(wanted):
    return ",".join(text(value) for value in columns.as_list(wanted))
