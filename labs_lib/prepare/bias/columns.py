"""From the columns of a frame to codes: checks, values, thresholds.

How values are read is the matter of `labs_lib.columns`.
"""

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labs_lib import columns
from labs_lib.columns import Column

SHOWN_VALUES = 10
"""Values that an error message lists."""


@dataclass(frozen=True)
class Above:
    """The values strictly above a threshold: Clarify's interval ``(threshold, max]``.

    Parameters
    ----------
    threshold : float
        In the unit of the column.
    """

    threshold: float

    def __post_init__(self):
        number = isinstance(self.threshold, int | float | np.number)
        if not (number and -math.inf < self.threshold < math.inf):
            raise ValueError(
                f"threshold is {self.threshold!r}, expected a finite number, as Above(40)."
            )


def check_frame(data: pd.DataFrame, used: Iterable[Hashable]) -> None:
    """Raise a ValueError unless `data` is a frame with rows that has these columns once."""
    if not isinstance(data, pd.DataFrame):
        raise ValueError(f"data is {type(data).__name__}, expected a pandas DataFrame.")
    names = data.columns.tolist()
    for name in used:
        found = names.count(name)
        if found != 1:
            raise ValueError(
                f"column {name!r} stands {found} times in data, expected once. "
                f"The columns are {shown(names)}."
            )
    if data.empty:
        raise ValueError("data has no rows, expected at least one row in each facet.")


def complete(series: pd.Series, what: str) -> Column:
    """Return the column, or raise a ValueError if values are missing, infinite or mixed.

    Clarify's rule, and of this engine alone: every row needs a value, and all are of one type.
    """
    column = columns.read(series)
    missing = len(column) - column.present
    if missing:
        raise ValueError(
            f"{what} is missing in {missing:,} of {len(series):,} rows, expected a value "
            "in every row. Drop these rows, or give them a value of their own."
        )
    values = column.values
    categorical = isinstance(values.dtype, pd.CategoricalDtype)
    kind = pd.api.types.infer_dtype(values.cat.categories if categorical else values)
    # 1 and 2.5 are both numbers; True and 1 are not.
    if kind.startswith("mixed") and kind != "mixed-integer-float":
        raise ValueError(
            f"{what} holds values of several types ({kind}), expected one type. "
            "Convert the column first, for instance with astype(str)."
        )
    infinite = int(np.isinf(column.numbers).sum()) if column.kind == "number" else 0
    if infinite:
        raise ValueError(
            f"{what} is infinite in {infinite:,} of {len(series):,} rows, expected finite "
            "numbers. Drop these rows or correct them."
        )
    return column


def chosen(values: list, wanted: object, what: str) -> np.ndarray:
    """Return which of `values` are `wanted` (one value or a list), shape (n_values,).

    Raises
    ------
    ValueError
        If a wanted value is not among them, or nothing is wanted.
    """
    wanted = as_list(wanted)
    if not wanted:
        raise ValueError(f"no value is given for {what}, expected at least one.")
    for value in wanted:
        if value not in values:
            raise ValueError(
                f"{what} has no row with the value {value!r}, expected one of "
                f"{shown(values)}."
            )
    return np.array([value in wanted for value in values])


def above(column: Column, threshold: float, what: str) -> np.ndarray:
    """Return which rows lie above the threshold.

    Raises
    ------
    ValueError
        If the column does not hold numbers.
    """
    values = column.values
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise ValueError(
            f"{what} is of type {values.dtype}, expected numbers, because a threshold is "
            "given. Give values instead, or convert the column."
        )
    if pd.api.types.is_integer_dtype(values.dtype):
        # A whole number lies above exactly if it lies above the whole number below; as a
        # float it may be rounded onto the threshold.
        return (values > math.floor(threshold)).to_numpy(dtype=bool)
    # In numbers of 64 bits: NumPy would round the threshold to the digits of a float32.
    return column.numbers > threshold


def interval(column: Column, threshold: float) -> str:
    """Return ``(threshold, max]`` as Clarify writes it."""
    ends = sorted([threshold, column.values.max()])
    return str(pd.IntervalIndex.from_breaks(ends)[0])


def taken_as_threshold(column: Column, wanted: object) -> bool:
    """Whether smclarify 0.5 would take a wanted value as a threshold.

    It does so for a single value, if the column is float, or integer with distinct values
    in at least 5 % of the rows. Text is always a category here.
    """
    if isinstance(wanted, Above) or len(as_list(wanted)) != 1:
        return False
    series = column.values
    if pd.api.types.is_integer_dtype(series.dtype):
        return series.nunique() >= 0.05 * len(series)
    return pd.api.types.is_float_dtype(series.dtype)


def as_list(wanted: object) -> list:
    """Return one value or a collection of values as a list."""
    if isinstance(wanted, np.ndarray | pd.Index | pd.Series):
        return np.ravel(wanted).tolist()
    one = isinstance(wanted, str | bytes) or not isinstance(wanted, Iterable)
    return [wanted] if one else list(wanted)


def shown(values: Iterable) -> str:
    """Return the first values as text for an error message."""
    values = list(values)
    text = ", ".join(repr(value) for value in values[:SHOWN_VALUES])
    rest = len(values) - SHOWN_VALUES
    return f"{text} and {rest:,} more" if rest > 0 else text
