"""What is in one column: its type, what is missing, and the shape of its values.

Everything here depends on the distinct values and how often each occurs, never on the order
of the rows. How values are read is the matter of `labs_lib.columns`. The rules are those of
Data Wrangler's data quality and insights report; where one goes beyond them, it says so.
"""

import math
import warnings
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from labs_lib import columns
from labs_lib.columns import Column

TYPES = ("binary", "numeric", "categorical", "text", "datetime", "empty")

DISGUISED = frozenset(
    ["UNKNOWN", "UNK", "NA", "N/A", "NULL", "MISSING", "?", "??", "???", "-", "NAN", "TBD"]
)
"""Texts that stand for a missing value, in upper case and without surrounding blanks."""

NINES = frozenset(10**digits - 1 for digits in range(2, 10))
"""99, 999, ...: numbers that may stand for a missing value, with either sign."""

FREQUENT_SHARE = 0.1
FREQUENT_RATIO = 10
FREQUENT_DISTINCT = 20
"""A number that may stand for a missing value holds more than this share of the values and
is more than this many times as frequent as the second, among so many distinct ones."""

RARE_SHARE = 0.05
"""A category is rare below this share of the most frequent one."""

CODES = 20
"""Whole numbers with at most this many distinct values may be codes of categories."""

ID_ROWS = 20
"""Fewer distinct values say nothing about an id."""

OUTLIER_DEVIATIONS = 5
BINS = 12
SHOWN = 10
DATE_SAMPLE = 1000


@dataclass(frozen=True)
class Numbers:
    """Shape of the finite values of a numeric column.

    Attributes
    ----------
    minimum, median, maximum : float
        In the unit of the column.
    low, high : float
        Bounds outside which a value is an outlier.
    outliers : int
        Number of values outside the bounds.
    skew : float
        Third standardized moment; 0 for a symmetric distribution, NaN for a constant.
    kurtosis : float
        Fourth standardized moment (Pearson's); 3 for the normal distribution.
    edges, counts : tuple
        A histogram between the bounds; values outside are in the first and last bin.
    """

    minimum: float
    median: float
    maximum: float
    low: float
    high: float
    outliers: int
    skew: float
    kurtosis: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ColumnProfile:
    """Profile of one column.

    Attributes
    ----------
    name : hashable
    type : str
        One of `TYPES`.
    rows : int
    null, empty, blank : int
        Missing values: null; text of no characters; text of white space only (missing by
        Data Wrangler's rule, and here alone).
    disguised : dict
        Value that probably stands for a missing one -> rows. Not counted as missing.
    invalid : int
        Values that are neither missing nor disguised, yet no finite number (in a numeric
        column) or no date (in a datetime column).
    infinite : int
        Those of the invalid values that are plus or minus infinity.
    distinct : int
        Distinct values that are not missing.
    mixed : str
        Kinds of Python objects, if a column holds several; else "".
    is_id : bool
        Whether the column only names the row.
    top : list of (value, count)
        The ten most frequent values, ties in the order of the values.
    zeros : int
        Rows with 0, where 0 is by far the most frequent number and lies among the others.
    rare : list of (value, count)
        Values below `RARE_SHARE` of the most frequent one, rarest first.
    numbers : Numbers or None
        For a numeric column with at least one finite value.
    """

    name: Hashable
    type: str
    rows: int
    null: int = 0
    empty: int = 0
    blank: int = 0
    disguised: dict = field(default_factory=dict)
    invalid: int = 0
    infinite: int = 0
    distinct: int = 0
    mixed: str = ""
    is_id: bool = False
    top: list = field(default_factory=list)
    zeros: int = 0
    rare: list = field(default_factory=list)
    numbers: Numbers | None = None

    @property
    def missing(self) -> int:
        """Rows that are null, empty or blank."""
        return self.null + self.empty + self.blank


def profile(series: pd.Series) -> ColumnProfile:
    """Return the profile of one column.

    Parameters
    ----------
    series : pandas.Series of shape (n,), n >= 1
        Numbers, text, truth values, categories, dates, or Python objects of several kinds.

    Raises
    ------
    ValueError
        If the values cannot be compared, such as lists.
    """
    column = columns.read(series)
    if pd.api.types.is_datetime64_any_dtype(column.values.dtype):
        return _profile_dates(column)
    if is_number(column.values.dtype):
        return _profile_numbers(column)
    return _profile_labels(column)


def infer_type(
    *, rows: int, present: int, finite: int, distinct: int, date_share: float = 0.0
) -> str:
    """Return the type of a column of text, by Data Wrangler's scores.

    Parameters
    ----------
    rows, present : int
        All rows; rows that are not missing.
    finite : int
        Rows that can be read as a finite number.
    distinct : int
        Distinct values among the present ones.
    date_share : float
        Share of the distinct values that are dates and no numbers, 0 to 1.

    Returns
    -------
    str
        One of `TYPES`. Numeric scores the share of the present rows that are finite
        numbers; categorical scores 1 below 0.01 distinct values a row, falling to 0 at 0.2;
        text scores the share of rows that are neither missing nor a number, and nothing
        where categorical scores 1. Two distinct values are binary; more than 60 % dates are
        datetime. A tie goes to the type that comes first in `TYPES`. So words without gaps
        are categories only if fewer than one row in a hundred brings a new one.
    """
    if present == 0:
        return "empty"
    if date_share > 0.6:
        return "datetime"
    if distinct == 2:
        return "binary"
    ratio = distinct / rows
    scores = {
        "numeric": finite / present,
        "categorical": min(1.0, max(0.0, 1 - (ratio - 0.01) / 0.19)),
        "text": 0.0 if ratio < 0.01 else (present - finite) / rows,
    }
    return max(scores, key=scores.get)


def robust_bounds(values: np.ndarray) -> tuple[float, float]:
    """Return the bounds outside which a value is an outlier.

    The bounds are the median plus and minus 5 robust standard deviations. The robust
    standard deviation (RSTD) is that of the values clipped to their 5th and 95th
    percentile; where it is zero, the plain standard deviation takes its place.

    Parameters
    ----------
    values : ndarray of shape (n,), n >= 1
        Finite numbers.

    Returns
    -------
    low, high : float
        In the unit of the values.
    """
    # A power of two changes no digit, and keeps the squares of huge values finite.
    scale = power_of_two(values)
    scaled = values / scale
    five, median, ninety_five = np.percentile(scaled, [5, 50, 95])
    if five < ninety_five:
        deviation = np.clip(scaled, five, ninety_five).std()
    else:
        deviation = scaled.std() if scaled.min() < scaled.max() else 0.0
    reach = OUTLIER_DEVIATIONS * deviation
    with np.errstate(over="ignore"):
        return float((median - reach) * scale), float((median + reach) * scale)


def skew_and_kurtosis(values: np.ndarray) -> tuple[float, float]:
    """Return the third and the fourth standardized moment, NaN for a constant.

    Parameters
    ----------
    values : ndarray of shape (n,), n >= 1
        Finite numbers.

    Returns
    -------
    skew : float
        ``m3 / m2**1.5`` with the central moments ``m``, 0 for a symmetric distribution.
    kurtosis : float
        ``m4 / m2**2`` (Pearson's), at least 1, and 3 for the normal distribution.
    """
    scaled = values / power_of_two(values)
    centered = scaled - scaled.mean()
    reach = np.abs(centered).max()
    # The mean of equal values may be off by its rounding.
    if values.min() == values.max() or reach == 0:
        return math.nan, math.nan
    centered /= reach
    square = centered * centered
    variance = square.mean()
    return (
        float((square * centered).mean() / variance**1.5),
        float((square * square).mean() / variance**2),
    )


def is_number(dtype: object) -> bool:
    """Tell whether a column of this dtype holds real numbers (or durations, in seconds)."""
    types = pd.api.types
    if types.is_timedelta64_dtype(dtype):
        return True
    return (
        types.is_numeric_dtype(dtype)
        and not types.is_bool_dtype(dtype)
        and not types.is_complex_dtype(dtype)
    )


def to_numbers(series: pd.Series) -> np.ndarray:
    """Return a column as float64, NaN where there is no finite number."""
    numbers = columns.read(series).numbers.copy()
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def to_labels(column: Column) -> tuple[np.ndarray, pd.Series]:
    """Return a column as text.

    Returns
    -------
    codes : ndarray of int, shape (n,)
        Position in `labels`; -1 for missing.
    labels : pandas.Series of str
        The distinct values as text.

    Raises
    ------
    ValueError
        If the values cannot be compared, such as lists.
    """
    if column.kind == "other":
        column.distinct  # noqa: B018  raises for what cannot be compared
    codes, texts = column.coded
    try:
        return codes, pd.Series(texts, dtype="str")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"Column {column.values.name!r} holds {error.object!r}, with half of a character "
            "(a surrogate). Read the file with its own encoding."
        ) from None


def read_dates(labels: pd.Series) -> pd.Series:
    """Return the dates that texts stand for, NaT where there is none.

    Beyond Data Wrangler's rule, a date shows its year in four digits, so that "2:30:10" and
    "10-24" stay what they are.
    """
    dates = pd.Series(pd.NaT, index=labels.index, dtype="datetime64[us, UTC]")
    start = labels.str.contains(r"\d{4}", regex=True).to_numpy(dtype=bool)
    if start.any():
        with warnings.catch_warnings():
            # Words that look like a time zone are common in texts that are no dates.
            warnings.simplefilter("ignore")
            dates[start] = pd.to_datetime(
                labels[start], errors="coerce", format="mixed", utc=True
            ).astype("datetime64[us, UTC]")
    return dates


def _profile_dates(column):
    counts = column.values.value_counts(sort=False)
    return ColumnProfile(
        name=column.values.name,
        type="datetime" if len(counts) else "empty",
        rows=len(column),
        null=len(column) - column.present,
        distinct=len(counts),
        top=_top(counts.index.astype(str).to_numpy(dtype=object), counts.to_numpy()),
    )


def _profile_numbers(column):
    distinct, counts = np.unique(number_values(column), return_counts=True)
    numbers = distinct.astype(float)
    finite = np.isfinite(numbers)
    infinite = int(counts[~finite].sum())
    type_ = {0: "empty", 2: "binary"}.get(len(distinct), "numeric")
    whole = _whole(numbers)
    shape, disguised, zeros = None, {}, 0
    if type_ == "numeric" and finite.any():
        shape = _numbers(numbers[finite], counts[finite])
        known = distinct[finite], numbers[finite], counts[finite]
        disguised, zeros = _disguised_numbers(*known)
    name = column.values.name
    return ColumnProfile(
        name=name,
        type=type_,
        rows=len(column),
        null=len(column) - column.present,
        disguised=disguised,
        invalid=infinite,
        infinite=infinite,
        distinct=len(distinct),
        is_id=(
            _may_be_id(len(distinct), len(column))
            and whole
            and (_dense(numbers) or _named_id(name))
        ),
        top=_top(distinct, counts),
        zeros=zeros,
        rare=_rare(distinct, counts)
        if _has_categories(type_, len(distinct), whole)
        else [],
        numbers=shape,
    )


def _profile_labels(column):
    rows, name = len(column), column.values.name
    codes, labels = to_labels(column)
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    null = int(column.values.isna().sum())
    empty = rows - column.present - null
    numbers = np.full(len(labels), np.nan)
    # True and "True" are one text, and one of them is a number.
    np.fmax.at(numbers, codes[codes >= 0], column.numbers[codes >= 0])
    stripped = labels.str.strip()
    there = (stripped != "").to_numpy(dtype=bool)
    blank = int(counts[~there].sum())
    labels, stripped = labels[there].reset_index(drop=True), stripped[there]
    counts, numbers = counts[there], numbers[there]

    finite = np.isfinite(numbers)
    whole = _whole(numbers)
    present = rows - null - empty - blank
    type_ = _declared_type(column, len(labels))
    if type_ is None:
        type_ = infer_type(
            rows=rows,
            present=present,
            finite=int(counts[finite].sum()),
            distinct=len(labels),
            date_share=_date_share(labels, finite),
        )
    text = labels.to_numpy(dtype=object)
    tokens = stripped.str.upper().isin(DISGUISED).to_numpy(dtype=bool)
    disguised = dict(_by_count(text[tokens], counts[tokens]))
    invalid, infinite, zeros, shape = 0, 0, 0, None
    if type_ == "numeric":
        invalid = int(counts[~finite & ~tokens].sum())
        infinite = int(counts[np.isinf(numbers)].sum())
        order = np.argsort(numbers[finite], kind="stable")
        shape = _numbers(numbers[finite][order], counts[finite][order])
        found, zeros = _disguised_numbers(text[finite], numbers[finite], counts[finite])
        disguised |= found
    elif type_ == "datetime":
        dates = read_dates(labels)
        invalid = int(counts[dates.isna().to_numpy() & ~tokens].sum())
    return ColumnProfile(
        name=name,
        type=type_,
        rows=rows,
        null=null,
        empty=empty,
        blank=blank,
        disguised=disguised,
        invalid=invalid,
        infinite=infinite,
        distinct=len(labels),
        mixed=_mixed(column),
        is_id=(
            _may_be_id(len(labels), rows)
            and type_ in ("numeric", "categorical", "text")
            and (type_ != "numeric" or whole)
            and (not whole or _dense(numbers) or _named_id(name))
            and not stripped.str.contains(r"\s", regex=True).any()
        ),
        top=_top(text, counts),
        zeros=zeros,
        rare=_rare(text, counts) if _has_categories(type_, len(labels), whole) else [],
        numbers=shape,
    )


def _declared_type(column, distinct):
    """What is known of the values goes before any guess."""
    if column.kind == "boolean" or pd.api.types.is_bool_dtype(column.values.dtype):
        return "binary" if distinct else "empty"
    if isinstance(column.values.dtype, pd.CategoricalDtype):
        return {0: "empty", 2: "binary"}.get(distinct, "categorical")
    return None


def _mixed(column):
    """Kinds of Python objects, if a column holds several."""
    values = column.values
    if values.dtype != object or pd.api.types.infer_dtype(values, skipna=True) not in (
        "mixed",
        "mixed-integer",
    ):
        return ""
    kinds = sorted({type(value).__name__ for value in values[~column.missing]})
    return " and ".join(kinds) if len(kinds) > 1 else ""


def _has_categories(type_, distinct, whole):
    codes = type_ == "numeric" and whole and distinct <= CODES
    return type_ in ("categorical", "binary") or codes


def number_values(column: Column) -> np.ndarray:
    """Return the present values of a column of numbers as they are: whole ones stay whole."""
    values = column.values
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        return column.numbers[~column.missing]
    if column.present < len(column):
        values = values[~column.missing]
    return values.to_numpy(dtype=getattr(values.dtype, "numpy_dtype", values.dtype))


def _numbers(distinct, counts):
    """Shape of sorted distinct values, each occurring so many times."""
    values = np.repeat(distinct, counts)
    low, high = robust_bounds(values)
    skew, kurtosis = skew_and_kurtosis(values)
    inside = values[(values >= low) & (values <= high)]
    edges, bins = _histogram(values, inside[0], inside[-1])
    middle = len(values) // 2
    return Numbers(
        minimum=float(values[0]),
        # Half before adding: two huge values must not overflow.
        median=float(values[middle] / 2 + values[-middle - 1] / 2),
        maximum=float(values[-1]),
        low=low,
        high=high,
        outliers=len(values) - len(inside),
        skew=skew,
        kurtosis=kurtosis,
        edges=edges,
        counts=bins,
    )


def _histogram(values, first, last):
    """Edges and counts of equal bins from first to last; what lies outside is at the ends.

    NumPy's own refuses ranges beyond the largest float and ranges of a few roundings.
    """
    if first == last:
        return (float(first), float(last)), (len(values),)
    scale = power_of_two(values)
    start, width = first / scale, last / scale - first / scale
    with np.errstate(over="ignore"):
        place = np.clip((values / scale - start) / width * BINS, 0, BINS - 1).astype(int)
    edges = (start + width * np.arange(BINS + 1) / BINS) * scale
    return tuple(edges.tolist()), tuple(np.bincount(place, minlength=BINS).tolist())


def _disguised_numbers(labels, numbers, counts):
    """Numbers that probably stand for a missing value -> rows, and rows of a natural 0.

    Data Wrangler's rule is that of the frequent value. Ours in addition: 0 is a value like
    any other, such as no rain, unless it is an outlier among the other values; and 99, 999
    and so on, at least twice, at an end of the range and an outlier among the others.
    """
    found, zeros = {}, 0
    if len(labels) < 2:
        return found, zeros
    order = np.argsort(counts, kind="stable")
    first, second = order[-1], order[-2]
    if (
        len(labels) >= FREQUENT_DISTINCT
        and counts[first] > FREQUENT_SHARE * counts.sum()
        and counts[first] > FREQUENT_RATIO * counts[second]
    ):
        if numbers[first] == 0 and not _is_outlier(first, numbers, counts):
            zeros = int(counts[first])
        else:
            found[_plain(labels[first])] = int(counts[first])
    for end in (np.argmin(numbers), np.argmax(numbers)):
        if (
            abs(numbers[end]) in NINES
            and counts[end] >= 2
            and _is_outlier(end, numbers, counts)
        ):
            found[_plain(labels[end])] = int(counts[end])
    return found, zeros


def _is_outlier(place, numbers, counts):
    """Tell whether the number at a place is an outlier among the other values."""
    rest = np.repeat(np.delete(numbers, place), np.delete(counts, place))
    low, high = robust_bounds(rest)
    return not low <= numbers[place] <= high


def _date_share(labels, finite):
    """Share of the texts that are dates and no numbers, from an even sample."""
    if len(labels) == 0:
        return 0.0
    chosen = np.unique(np.linspace(0, len(labels) - 1, DATE_SAMPLE).astype(int))
    dates = read_dates(labels.iloc[chosen]).notna().to_numpy()
    return float((dates & ~finite[chosen]).mean())


def _whole(numbers):
    return bool(np.isfinite(numbers).all() and (numbers == np.round(numbers)).all())


def _may_be_id(distinct, rows):
    return distinct == rows >= ID_ROWS


def _dense(numbers):
    """Whole numbers without large gaps, as a counter gives them out."""
    return bool(numbers.max() / 2 - numbers.min() / 2 < len(numbers))


def _named_id(name):
    name = str(name)
    return (
        name.lower() == "id" or name.lower().endswith("_id") or name.endswith(("Id", "ID"))
    )


def _top(labels, counts):
    if len(counts) > SHOWN:
        least = np.partition(counts, -SHOWN)[-SHOWN]
        above = counts > least
        # Ties at the end are cut in the order of the values, as far as the ties go.
        ties = np.flatnonzero(counts == least)
        ties = ties[np.argsort(labels[ties], kind="stable")][: SHOWN - int(above.sum())]
        chosen = np.append(np.flatnonzero(above), ties)
        labels, counts = labels[chosen], counts[chosen]
    return _by_count(labels, counts)


def _rare(labels, counts):
    if len(counts) == 0:
        return []
    rare = counts < RARE_SHARE * counts.max()
    return _by_count(labels[rare], counts[rare])[::-1]


def _by_count(labels, counts):
    order = np.argsort(labels, kind="stable")
    order = order[np.argsort(-counts[order], kind="stable")]
    return [(_plain(labels[i]), int(counts[i])) for i in order]


def _plain(value):
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def power_of_two(values):
    """The power of two just above the largest absolute value (1 if all are zero)."""
    largest = float(np.abs(values).max())
    return 2.0 ** min(math.frexp(largest)[1], 1023) if largest else 1.0
