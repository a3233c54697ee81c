"""The columns under way, and the ways in which actions read and write them.

How values are read is the matter of `labs_lib.columns`.
"""

from decimal import Decimal
from numbers import Real

import numpy as np
import pandas as pd

from labs_lib import columns
from labs_lib.columns import Column
from labs_lib.prepare.recipe.messages import similar


class Table:
    """The columns under way, by name; actions read them as numbers, texts or dates."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.index = frame.index
        self._read: dict[str, Column] = {}
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
        self._read.pop(name, None)

    def keep(self, rows: np.ndarray) -> None:
        """Leave out the rows where `rows` is false."""
        self.index = self.index[rows]
        self.columns = {name: values[rows] for name, values in self.columns.items()}
        self._read = {}

    def read(self, name: str) -> Column:
        """Return a column as it is read by every engine."""
        values = self.get(name)
        if name not in self._read:
            self._read[name] = columns.read(values)
        return self._read[name]

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as float64, NaN where missing.

        DataBrew's rule, and of this engine alone: texts become numbers by an action.
        """
        column = self.read(name)
        if column.kind not in ("number", "boolean", "empty"):
            values = column.values
            texts = (v for v in values if isinstance(v, str) and v)
            if values.dtype == object and (text := next(texts, None)) is not None:
                raise ValueError(
                    f"column {name!r} mixes types: {text!r} stands where a number is expected."
                )
            raise ValueError(
                f"column {name!r} holds {values.dtype}, expected numbers. "
                f"{_way_to_numbers(values.dtype)}"
            )
        numbers = column.numbers
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
        column = self.read(name)
        if column.kind not in ("number", "boolean", "text", "empty") and (
            column.values.dtype != object or column.kind != "other"
        ):
            raise ValueError(
                f"column {name!r} holds {column.values.dtype}, expected text or numbers. "
                f"{_way_to_text(column.kind, column.values.dtype)}"
            )
        values = column.values[~column.missing]
        if values.dtype == object and pd.api.types.infer_dtype(values) != "string":
            odd = (v for v in values if not isinstance(v, str | Real | Decimal | np.bool_))
            if (value := next(odd, None)) is not None:
                raise ValueError(
                    f"column {name!r} has the value {value!r}, expected text or finite numbers."
                )
        if column.kind == "number" and np.isinf(column.numbers).any():
            raise ValueError(
                f"column {name!r} has the value inf, expected text or finite numbers; make it "
                "missing or finite before the recipe."
            )
        codes, texts = column.coded
        for text in texts:
            try:
                text.encode()
            except UnicodeEncodeError:
                raise ValueError(
                    f"column {name!r} has the value {text!r} with half of a character (a "
                    "surrogate); read the file with its own encoding."
                ) from None
        return codes, texts

    def dates(self, name: str) -> np.ndarray:
        """Return a column as datetime64[s], NaT where missing."""
        values = self.get(name)
        if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
            return values.astype("datetime64[s]")
        if not self.read(name).present:
            return np.full(len(values), np.datetime64("NaT", "s"))
        raise ValueError(
            f"column {name!r} holds {values.dtype}, expected dates without a time zone; "
            "convert it with pd.to_datetime, and a time zone with dt.tz_localize(None)."
        )


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


def _way_to_text(kind: str, dtype: object) -> str:
    if kind in ("date", "duration"):
        return _way_to_numbers(dtype)
    return "Turn the values into text before the recipe."


def spread(texts: list[str | None], codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Return the text of each code; -1 is missing."""
    return pd.array(texts, dtype="str").take(codes, allow_fill=True)
