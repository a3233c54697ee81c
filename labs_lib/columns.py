"""How a column is read: its kind, its numbers, its texts, what is missing. For all engines.

    column = columns.read(frame["amount"])
    column.kind                 # "number", "boolean", "text", "date", "duration", ...
    column.missing              # which rows have no value
    column.numbers              # float64, NaN where there is no number
    column.texts, column.counts, column.coded
    column.distinct             # the values themselves, not their texts

Each is computed when first asked for, and once. These rules hold everywhere:

- Missing are None, NaN, NaT, pandas' NA, and an empty text, which no CSV file can tell from
  nothing: the same table would have other gaps, the way it came.
- A text is the value as it stands, "NA" too: it may be Namibia. Of other values it is what
  ``str`` says; a whole number has no decimal point (1.0 and 1 are equal, and a gap turns one
  into the other), a float32 the digits that a float32 has, as a file writes it.
- A text is read as a number where one is asked for; "NA" and the like are then missing. A
  truth value is the number 1 or 0, a duration its seconds.
- Values that are equal stay equal, others stay different: a code with a leading zero ("007")
  is no number, and labels of two tables are compared by `codes`, not by their texts.

What an engine makes of a kind is its own matter, as AWS's services differ in it. Each
difference has a name where it is made, and there is no other:

===================  =======================================================================
`monitor`            Model Monitor's types: a truth value is a text, of dates, durations and
                     the like only presence counts; texts among numbers are of a wrong type
                     (`counters.of_kind`)
`prepare.quality`    Data Wrangler's rules: a blank text is missing (`columns.profile`), and
                     the values of a column of texts decide its type (`columns.infer_type`)
`prepare.bias`       as in Clarify every row needs a value, and all are of one type
                     (`columns.complete`)
`prepare.recipe`     as in DataBrew texts become numbers by an action alone; infinite values,
                     dates and durations are refused (`Table`)
`train.explain`      as in Clarify a truth value is a category (`_kind`); LIME has to know
                     every category (`_codes`)
===================  =======================================================================
"""

import numbers as abstract
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api import types as dtypes

Kind = Literal["number", "boolean", "text", "date", "duration", "other", "empty"]

NO_NUMBER = frozenset(
    [
        "NA",
        "N/A",
        "n/a",
        "#N/A",
        "NaN",
        "nan",
        "-nan",
        "NULL",
        "null",
        "None",
        "<NA>",
        "NaT",
    ]
)
"""Texts that stand for a missing number."""

LARGEST_WHOLE = 2**53
"""Above it, float64 does not tell neighbouring whole numbers apart."""

_SINGLE = 2**24
"""Up to it, even a float32 holds every whole number."""

_NUMBER_BEGINS = re.compile(r"\s*[+-]?(?:\.?\d|inf)", re.ASCII | re.IGNORECASE)

_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}|-?\d+ days)"
    r"(?:[ T]\+?(\d{2}:\d{2}(?::\d{2})?)(?:\.(\d+))?)?(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)

_KINDS: dict[str, Kind] = {
    "integer": "number",
    "floating": "number",
    "mixed-integer-float": "number",
    "decimal": "number",
    "string": "text",
    "boolean": "boolean",
    "datetime64": "date",
    "datetime": "date",
    "date": "date",
    "timedelta64": "duration",
    "timedelta": "duration",
}
"""What ``pandas.api.types.infer_dtype`` says of objects of one kind."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column, read once.

    Attributes
    ----------
    values : Series
        As given, but for the index; an Arrow-backed column in numpy's or pandas' own types.
    """

    values: pd.Series

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def missing(self) -> np.ndarray:
        """Which rows have no value, bool of shape (n,)."""
        dtype = self.values.dtype
        if isinstance(dtype, pd.StringDtype):
            return self._factorized[0] < 0
        missing = self.values.isna().to_numpy(dtype=bool)
        if isinstance(dtype, pd.CategoricalDtype):
            if "" in dtype.categories:
                code = dtype.categories.get_loc("")
                missing = missing | (self.values.cat.codes == code).to_numpy()
        elif dtypes.is_object_dtype(dtype):
            empty = (isinstance(value, str) and not value for value in self.values)
            missing = missing | np.fromiter(empty, bool, len(self))
        return missing

    @cached_property
    def present(self) -> int:
        """How many rows have a value."""
        return len(self) - int(self.missing.sum())

    @cached_property
    def kind(self) -> Kind:
        """What the present values are.

        Categories are texts, whatever they are made of. Objects of several kinds are texts
        if there is a text among them. Complex numbers, bytes, times of day, periods, lists
        and the like are "other".
        """
        if not self.present:
            return "empty"
        dtype = self.values.dtype
        if isinstance(dtype, pd.CategoricalDtype):
            return "text"
        if dtypes.is_bool_dtype(dtype):
            return "boolean"
        if dtypes.is_complex_dtype(dtype):
            return "other"
        if dtypes.is_numeric_dtype(dtype):
            return "number"
        there = self.values[~self.missing]
        found = dtypes.infer_dtype(there, skipna=True)
        if found in ("mixed", "mixed-integer"):
            if any(isinstance(value, str) for value in there):
                return "text"
            real = all(isinstance(v, Decimal | abstract.Real) for v in there)
            return "number" if real else "other"
        return _KINDS.get(found, "other")

    @cached_property
    def numbers(self) -> np.ndarray:
        """The values as float64, shape (n,); NaN where there is none, or no number.

        Texts are parsed, truth values are 0 and 1, durations seconds. Not to be written to:
        it may be the column's own memory.
        """
        values = self.values
        if isinstance(values.dtype, pd.CategoricalDtype):
            # The code of a missing value is -1, which picks the NaN at the end.
            of_categories = read(pd.Series(values.dtype.categories)).numbers
            return np.append(of_categories, np.nan)[values.cat.codes.to_numpy()]
        if isinstance(values.dtype, np.dtype) and values.dtype.kind in "fiub":
            return values.to_numpy().astype(np.float64, copy=False)
        if dtypes.is_complex_dtype(values.dtype):
            return np.full(len(self), np.nan)
        if dtypes.is_numeric_dtype(values.dtype):
            return values.to_numpy(dtype=np.float64, na_value=np.nan)
        if dtypes.is_timedelta64_dtype(values.dtype):
            return values.dt.total_seconds().to_numpy(dtype=np.float64)
        if self._texts_only:
            codes, names = self.coded
            return np.append([_parsed(name) for name in names], np.nan)[codes]
        if dtypes.is_object_dtype(values.dtype):
            return np.fromiter(map(_number, values), np.float64, len(self))
        return np.full(len(self), np.nan)

    @cached_property
    def no_number(self) -> np.ndarray:
        """Which rows have a value that is no number, bool of shape (n,).

        Texts that stand for a missing number (`NO_NUMBER`) are not among them.
        """
        strays = np.isnan(self.numbers) & ~self.missing
        if strays.any():
            some = self.values[strays]
            if not dtypes.is_numeric_dtype(some.dtype):
                strays[strays] = ~some.isin(NO_NUMBER).to_numpy(dtype=bool)
        return strays

    @cached_property
    def texts(self) -> np.ndarray:
        """The values as text, object of shape (n,); None where there is none."""
        codes, names = self.coded
        return np.array([*names, None], dtype=object)[codes]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How often each text occurs, in the order in which they first do."""
        codes, names = self.coded
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        return dict(zip(names, counts.tolist(), strict=True))

    @cached_property
    def coded(self) -> tuple[np.ndarray, list[str]]:
        """Which of the texts a row has (-1 where none), and the texts, each once.

        They stand in the order in which they first occur, those of categories in the order
        of the categories.
        """
        if dtypes.is_object_dtype(self.values.dtype) and not self._texts_only:
            # 1 and True are equal to Python, but not the same text; lists have no hash.
            named = np.empty(self.present, dtype=object)
            named[:] = [text(value) for value in self.values[~self.missing]]
            codes, found = pd.factorize(named)
            return self._in_rows(codes), list(found)
        codes, values = self._factorized
        names = [text(value) for value in values]
        once = {name: place for place, name in enumerate(dict.fromkeys(names))}
        if len(once) < len(names):  # categories may hold 1 and "1", which are one text
            codes = np.array([*(once[name] for name in names), -1])[codes]
        return codes, list(once)

    @cached_property
    def distinct(self) -> tuple[np.ndarray, list]:
        """Which of the values a row has (-1 where none), and the values, each once.

        Categories stand in their own order, other values sorted, or, where they have no
        order, as they first occur.

        Raises
        ------
        ValueError
            If values cannot be compared, such as lists.
        """
        codes, values = self._factorized
        if isinstance(self.values.dtype, pd.CategoricalDtype):
            return codes, values
        try:
            order = sorted(range(len(values)), key=values.__getitem__)
        except TypeError:
            return codes, values
        place = np.empty(len(values) + 1, dtype=np.int64)
        place[[*order, -1]] = [*range(len(values)), -1]
        return place[codes], [values[i] for i in order]

    @cached_property
    def _factorized(self) -> tuple[np.ndarray, list]:
        """`distinct`, as the values first occur."""
        values = self.values
        if isinstance(values.dtype, pd.CategoricalDtype):
            codes = np.where(self.missing, -1, values.cat.codes.to_numpy())
            categories = _objects(values.dtype.categories)
            used = np.zeros(len(categories) + 1, dtype=bool)
            used[codes] = True
            used[-1] = False
            place = np.where(used, np.cumsum(used) - 1, -1)
            return place[codes], [categories[i] for i in np.flatnonzero(used)]
        if isinstance(values.dtype, pd.StringDtype):
            codes, found = pd.factorize(values)
            texts = list(found)
            if "" in texts:
                empty = texts.index("")
                texts.pop(empty)
                codes = np.where(codes == empty, -1, codes - (codes > empty))
            return codes, texts
        there = values if self.present == len(self) else values[~self.missing]
        try:
            codes, found = pd.factorize(there)
        except (TypeError, NotImplementedError):
            raise ValueError(
                f"column {values.name!r} holds values that cannot be compared, such as lists. "
                "Expected numbers, text, dates or categories: turn the values into text first."
            ) from None
        return self._in_rows(codes), _objects(found)

    def _in_rows(self, codes: np.ndarray) -> np.ndarray:
        """Return the codes of the present rows as those of all, -1 for the others."""
        if self.present == len(self):
            return codes
        rows = np.full(len(self), -1, dtype=np.int64)
        rows[~self.missing] = codes
        return rows

    @cached_property
    def _texts_only(self) -> bool:
        """Whether all present values are texts, without a category."""
        dtype = self.values.dtype
        if dtypes.is_object_dtype(dtype):
            return dtypes.infer_dtype(self.values, skipna=True) == "string"
        return isinstance(dtype, pd.StringDtype)

    def _present_values(self) -> list:
        there = self.values[~self.missing]
        if isinstance(there.dtype, pd.CategoricalDtype):
            there = there.astype(there.cat.categories.dtype)
        return _objects(there)


def read(values: Any) -> Column:
    """Return a column to be read.

    Parameters
    ----------
    values : Series, or array-like of shape (n,)
        Of any dtype. It is not changed, and should not be changed as long as it is read.
    """
    if isinstance(values, np.ndarray):
        # Its own dtype, or texts among objects would become another kind of texts.
        series = pd.Series(values, dtype=values.dtype if values.dtype == object else None)
    else:
        series = values if isinstance(values, pd.Series) else pd.Series(values)
    # Beside a float, large whole numbers of a list would be rounded.
    if (
        isinstance(values, list | tuple)
        and series.dtype == float
        and any(isinstance(value, int) and abs(value) > 2**53 for value in values)
    ):
        series = pd.Series(values, dtype=object)
    if isinstance(series.dtype, pd.ArrowDtype):
        arrow = pa.chunked_array(series.array.__arrow_array__())
        return Column(from_arrow(arrow).rename(series.name))
    if series is values:
        series = series.reset_index(drop=True)
    return Column(series)


def from_arrow(values: pa.Array | pa.ChunkedArray) -> pd.Series:
    """Return a column of Arrow in numpy's types, or pandas' own if whole numbers have gaps.

    With a gap they would be floats in numpy, and above 2^53 no longer the same.
    """
    if values.null_count and pa.types.is_integer(values.type):
        return values.to_pandas(types_mapper=_WHOLE.get)
    return values.to_pandas()


def text(value: object) -> str:
    """Return one value as text: a whole number without a decimal point, a text as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return format(value.normalize(), "f")
    if isinstance(value, float | np.floating) and float(value).is_integer():
        whole, written = int(value), str(value)
        # Where its digits do not say so, a whole number may be a rounded one.
        if abs(whole) <= _SINGLE or Decimal(written) == whole:
            return str(whole)
    return str(value)


def is_number(value: str) -> bool:
    """Whether a text is the usual way to write a finite number: "007" is a code."""
    return _NUMBER.fullmatch(value) is not None


def spelled_as(known: Collection[str], counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts in which numbers and times are spelled as in a list of known texts.

    A column of codes with gaps comes as 5411.0, one without as 5411; a file writes 1e+16 for
    10000000000000000, and 2025-01-01 for midnight. A text that is known stays as it is, so
    that "1" and "1.0" stay two values where both are known.

    Parameters
    ----------
    known : collection of str
        The texts by which others are measured.
    counts : mapping of str to int
        How often each text occurs.
    """
    known_as = spelling(known, counts)
    found: dict[str, int] = {}
    for value, count in counts.items():
        name = known_as.get(value, value)
        found[name] = found.get(name, 0) + count
    return found


def codes(
    first: Any, second: Any, *, names: tuple[str, str]
) -> tuple[np.ndarray, np.ndarray, list]:
    """Return two columns of labels or ids as codes, equal where the values are.

    1, 1.0 and True are one value, however large a whole number is. Texts are numbers only if
    the other column has numbers and every text is one ("01" is not); texts of both columns
    are matched as in `spelled_as`.

    Parameters
    ----------
    first, second : Series, or array-like of shape (n,) and (m,)
        Without missing values.
    names : tuple of str
        What the two are called in an error.

    Returns
    -------
    codes_first, codes_second : ndarray of int, shape (n,) and (m,)
        Positions in `values`.
    values : list
        The distinct values, sorted: numbers by size, all else by their texts.

    Raises
    ------
    ValueError
        If one holds numbers and the other texts that are none, or values of other kinds that
        differ.
    """
    sides = [read(first), read(second)]
    kinds = [_label_kind(side) for side in sides]
    objects = [side._present_values() for side in sides]
    if set(kinds) == {"number", "text"}:
        objects = _as_one_kind(objects, kinds, names)
    elif kinds == ["text", "text"]:
        known, others = (set(map(text, side)) for side in objects)
        known_as = spelling(known, others)
        objects[1] = [known_as.get(text(value), value) for value in objects[1]]
    elif len(set(kinds) - {"empty"}) > 1:
        raise ValueError(
            f"{names[0]} holds a {kinds[0]} a row and {names[1]} a {kinds[1]}; expected the "
            "same kind of values in both."
        )
    both = np.empty(sum(map(len, objects)), dtype=object)
    both[:] = [*objects[0], *objects[1]]
    found, distinct = pd.factorize(both)
    try:
        order = sorted(range(len(distinct)), key=distinct.__getitem__)
    except TypeError:
        order = sorted(range(len(distinct)), key=lambda i: text(distinct[i]))
    place = np.empty(len(distinct), dtype=np.int64)
    place[order] = np.arange(len(distinct))
    found = place[found]
    n = len(objects[0])
    return found[:n], found[n:], [distinct[i] for i in order]


def spelling(known: Collection[str], values: Collection[str]) -> dict[str, str]:
    """Return the known spelling of those values that are not known as they stand."""
    known = known if isinstance(known, set | frozenset | dict) else set(known)
    others = {v: key for v in values if v not in known and (key := _value(v)) is not None}
    if not others:
        return {}
    spelled: dict[Any, str | None] = {}
    for name in known:
        key = _value(name)
        if key is not None:
            spelled[key] = None if key in spelled else name
    found = {value: spelled.get(key) for value, key in others.items()}
    return {value: name for value, name in found.items() if name}


def _value(value: str) -> Decimal | tuple | None:
    """Return the number or time that a text writes, None if it writes neither."""
    if is_number(value):
        return Decimal(value)
    found = _TIME.fullmatch(value)
    if not found:
        return None
    day, time, part, zone = found.groups(default="")
    return day, (time or "00:00") + ":00" * (len(time) < 6), part.rstrip("0"), zone


_WHOLE = {
    getattr(pa, name.lower())(): getattr(pd, f"{name}Dtype")()
    for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
}


def _objects(values: Any) -> list:
    """Return the values as objects; those of a float32 keep their type, hence their digits."""
    if getattr(values.dtype, "itemsize", 8) < 8 and dtypes.is_float_dtype(values.dtype):
        return list(
            np.asarray(values, dtype=getattr(values.dtype, "numpy_dtype", values.dtype))
        )
    return pd.Index(values).tolist()


def _parsed(value: str) -> float:
    """Return the number that a text writes, which may be infinite, or NaN."""
    # Most words are told apart by how they begin, without the cost of an error.
    if not _NUMBER_BEGINS.match(value) or "_" in value or not value.isascii():
        return np.nan
    try:
        return float(value)
    except ValueError:
        return np.nan


def _number(value: object) -> float:
    if isinstance(value, str):
        return _parsed(value)
    if not isinstance(value, Decimal | abstract.Real):
        return np.nan
    number: Any = value
    try:
        return float(number)
    except ValueError:  # a signalling NaN
        return np.nan
    except OverflowError:  # a whole number of 400 digits
        return np.inf if number > 0 else -np.inf


def _label_kind(column: Column) -> str:
    values = column.values
    if isinstance(values.dtype, pd.CategoricalDtype) and column.present:
        return _label_kind(read(pd.Series(values.dtype.categories)))
    return "number" if column.kind == "boolean" else column.kind


def _as_one_kind(
    objects: list[list], kinds: list[str], names: tuple[str, str]
) -> list[list]:
    """Return numbers and texts as numbers, or truth values and their texts as texts."""
    number, texts = kinds.index("number"), kinds.index("text")
    words = {value for value in objects[texts] if isinstance(value, str)}
    if all(isinstance(value, bool) for value in objects[number]) and words <= {
        "True",
        "False",
    }:
        objects[number] = [str(value) for value in objects[number]]
        return objects
    no_numbers = sorted(value for value in words if not is_number(value))
    if no_numbers:
        raise ValueError(
            f"{names[number]} holds numbers such as {objects[number][0]!r} and "
            f"{names[texts]} texts such as {no_numbers[0]!r}; expected the same values in both."
        )
    objects[texts] = [Decimal(v) if isinstance(v, str) else v for v in objects[texts]]
    return objects
