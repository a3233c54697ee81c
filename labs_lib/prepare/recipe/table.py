"""The columns under way, and the ways in which actions read and write them."""

import math
from decimal import Decimal
from numbers import Integral, Real

import numpy as np
import pandas as pd

from labs_lib.prepare.recipe.messages import similar


class Table:
    """The columns under way, by name; actions read them as numbers, texts or dates."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.index = frame.index
        self.columns = {
            name: column.to_numpy() if isinstance(column.dtype, np.dtype) else column.array
            for name, column in frame.items()
        }

    def get(self, name: str) -> np.ndarray | pd.api.extensions.ExtensionArray:
        """Return a column as it is."""
        if name not in self.columns:
            raise ValueError(f"there is no column {name!r}. {similar(name, self.columns)}")
        return self.columns[name]

    def put(self, name: str, values: object, *, source: str) -> None:
        """Add a column; only the source itself may be replaced."""
        if name in self.columns and name != source:
            raise ValueError(
                f"there is already a column {name!r}; DELETE or RENAME that column first."
            )
        self.columns[name] = values

    def keep(self, rows: np.ndarray) -> None:
        """Leave out the rows where `rows` is false."""
        self.index = self.index[rows]
        self.columns = {name: values[rows] for name, values in self.columns.items()}

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as float64, NaN where missing."""
        values = self.get(name)
        if values.dtype.kind in "iufb":
            if isinstance(values, np.ndarray):
                numbers = values.astype(float)
            else:
                numbers = values.to_numpy(dtype=float, na_value=np.nan)
        elif (missing := pd.isna(values)).all():
            numbers = np.full(len(values), np.nan)
        elif values.dtype == object:
            numbers = np.full(len(values), np.nan)
            numbers[~missing] = [_as_number(name, v) for v in values[~missing]]
        else:
            raise ValueError(
                f"column {name!r} holds {values.dtype}, expected numbers. "
                f"{_way_to_numbers(values.dtype)}"
            )
        if np.isinf(numbers).any():
            raise ValueError(
                f"column {name!r} has {np.isinf(numbers).sum()} infinite values; make them "
                "missing or finite before the recipe."
            )
        return numbers

    def present(self, name: str) -> np.ndarray:
        """Return the numbers of a column that are not missing, at least one."""
        numbers = self.numbers(name)
        numbers = numbers[~np.isnan(numbers)]
        if not len(numbers):
            raise ValueError(f"column {name!r} has only missing values: nothing to learn.")
        return numbers

    def texts(self, name: str) -> tuple[np.ndarray, list[str]]:
        """Return a column as codes (-1 where missing) into its different texts."""
        values = self.get(name)
        if values.dtype.kind in "mM":
            raise ValueError(
                f"column {name!r} holds {values.dtype}, expected text or numbers. "
                f"{_way_to_numbers(values.dtype)}"
            )
        if values.dtype == object:
            # 1 and True are equal to Python, but not the same text.
            pairs = zip(values, pd.isna(values), strict=True)
            values = [None if missing else as_text(name, v) for v, missing in pairs]
            return pd.factorize(pd.array(values, dtype="str"))[0], _different(values)
        try:
            codes, different = pd.factorize(values)
        except (TypeError, NotImplementedError):
            raise ValueError(
                f"column {name!r} holds {values.dtype}, expected text or numbers; turn the "
                "values into text before the recipe."
            ) from None
        texts = [as_text(name, value) for value in different.tolist()]
        once = _different(texts)
        if len(once) < len(texts):  # categories may hold 1 and "1", which are one text
            place = {text: k for k, text in enumerate(once)}
            codes = np.array([*(place[text] for text in texts), -1])[codes]
        return codes, once

    def dates(self, name: str) -> np.ndarray:
        """Return a column as datetime64[s], NaT where missing."""
        values = self.get(name)
        if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
            return values.astype("datetime64[s]")
        if pd.isna(values).all():
            return np.full(len(values), np.datetime64("NaT", "s"))
        raise ValueError(
            f"column {name!r} holds {values.dtype}, expected dates without a time zone; "
            "convert it with pd.to_datetime, and a time zone with dt.tz_localize(None)."
        )


def _different(texts: list[str | None]) -> list[str]:
    """Return the different texts in the order of their first places."""
    return [text for text in dict.fromkeys(texts) if text is not None]


def _way_to_numbers(dtype: object) -> str:
    """Return what makes numbers of such a column: an action, where there is one."""
    kind = getattr(dtype, "kind", "O")
    if kind == "M":
        return "Dates become numbers with FEATURIZE_DATE_TIME."
    if kind == "m":
        return "Durations become numbers before the recipe, with dt.total_seconds()."
    if pd.api.types.is_string_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype):
        return "Text becomes numbers with CHANGE_DATA_TYPE or ONE_HOT_ENCODING."
    return "Convert it before the recipe."


def spread(texts: list[str | None], codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Return the text of each code; -1 is missing."""
    return pd.array(texts, dtype="str").take(codes, allow_fill=True)


def _as_number(column: str, value: object) -> float:
    if isinstance(value, Real | np.bool_ | Decimal):
        return float(value)
    raise ValueError(
        f"column {column!r} mixes types: {value!r} stands where a number is expected."
    )


def as_text(column: str, value: object) -> str:
    """Return a value of a column as text; a number is the text of its value."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"column {column!r} has the value {value!r} with half of a character (a "
                "surrogate); read the file with its own encoding."
            ) from None
        return value
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real) and math.isfinite(value):
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    if isinstance(value, Decimal) and value.is_finite():
        shortest = as_text(column, float(value))
        # As a float says it, unless the Decimal says more.
        return shortest if Decimal(shortest) == value else f"{value:f}".rstrip("0")
    raise ValueError(
        f"column {column!r} has the value {value!r}, expected text or finite numbers."
    )


def parse_float(text: str) -> float:
    """Return the finite number that a text is, or NaN."""
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan
