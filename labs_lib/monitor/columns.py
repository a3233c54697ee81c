"""What is counted of one column, piece by piece, and merged.

Three kinds: numbers, texts, and columns of which only presence is counted (dates, lists, or
nothing but missing values). Each takes pieces by `add` and other columns of its kind by
`merge`; none grows with the number of rows, except numbers in exact mode.
"""

from collections import Counter
from collections.abc import Iterable

import datasketches
import numpy as np
import pandas as pd
from pandas.api import types as dtypes

from labs_lib.monitor import distribution
from labs_lib.monitor.distribution import Distribution

TYPES = ("Integral", "Fractional", "String", "Unknown")
"""Model Monitor's inferred types."""

MAX_CATEGORIES = 10_000
"""A text column with more values is an identifier or free text, no list of categories."""

_LOG_REGISTERS = 12  # of the count of distinct values: within 2 %, 4 kB


class Presence:
    """How many values are there."""

    def __init__(self):
        self.present = self.missing = 0
        self.mismatched = 0
        """Present values that are not of the expected type."""
        self.infinite = 0

    @property
    def type(self) -> str:
        return "Unknown"

    def add(self, values: pd.Series) -> None:
        there = int(values.notna().sum())
        self.present += there
        self.missing += len(values) - there

    def merge(self, other: "Presence") -> None:
        for name in ("present", "missing", "mismatched", "infinite"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Numbers(Presence):
    """Numbers: moments, extremes, and a sketch or all values.

    Infinite values are counted, and then left out of everything else.
    """

    def __init__(self, *, exact: bool, expected: str | None = None):
        super().__init__()
        self.exact, self.expected = exact, expected
        self.finite = self.fractions = 0
        self.total = self.mean = self.squares = 0.0
        self.min, self.max = np.inf, -np.inf
        self._all: list[np.ndarray] = []
        self._sketch = None if exact else datasketches.kll_doubles_sketch(distribution.K)

    @property
    def type(self) -> str:
        if self.expected:
            return self.expected
        if not self.present:
            return "Unknown"
        return "Fractional" if self.fractions else "Integral"

    @property
    def std(self) -> float:
        """Of the population, dividing by n, as Deequ does."""
        return float(np.sqrt(self.squares / self.finite)) if self.finite else np.nan

    def add(self, values: pd.Series) -> None:
        numbers, mismatched = as_numbers(values)
        finite = np.isfinite(numbers)
        if finite.all():
            finite = numbers
        else:
            missing = int(np.isnan(numbers).sum())
            self.infinite += len(numbers) - missing - int(finite.sum())
            self.present -= missing
            self.missing += missing - mismatched
            finite = numbers[finite]
        self.present += len(numbers) + mismatched
        self.mismatched += mismatched
        if not len(finite):
            return
        fractions = int(np.count_nonzero(finite != np.floor(finite)))
        self.fractions += fractions
        if self.expected == "Integral":
            self.mismatched += fractions
        with np.errstate(over="ignore", invalid="ignore"):
            total = finite.sum()
            around = finite - total / len(finite)
            self._moments(len(finite), total, total / len(finite), around @ around)
        self.min, self.max = min(self.min, finite.min()), max(self.max, finite.max())
        finite = np.array(finite)  # of our own: the caller's may change, or be read-only
        if self.exact:
            self._all.append(finite)
        else:
            self._sketch.update(finite)

    def merge(self, other: "Numbers") -> None:
        super().merge(other)
        self.fractions += other.fractions
        self._moments(other.finite, other.total, other.mean, other.squares)
        self.min, self.max = min(self.min, other.min), max(self.max, other.max)
        if self.exact:
            self._all += other._all
        else:
            self._sketch.merge(other._sketch)

    def distribution(self) -> Distribution | None:
        """Return the distribution of the finite values, None if there are none."""
        if not self.finite:
            return None
        if self.exact:
            return distribution.exact(np.concatenate(self._all))
        return distribution.from_sketch(self._sketch)

    def _moments(self, n, total, mean, squares):
        """Add n values with this mean and sum of squares around it (Chan et al. 1983)."""
        if not n:
            return
        shift, both = mean - self.mean, self.finite + n
        self.squares += squares + shift**2 * self.finite * n / both
        self.mean += shift * n / both
        self.total += total
        self.finite = both

    def __getstate__(self):
        state = self.__dict__ | {"_all": list(self._all)}
        if self._sketch is not None:
            state["_sketch"] = self._sketch.serialize()
        return state

    def __setstate__(self, state):
        sketch = state.pop("_sketch")
        if sketch is not None:
            sketch = datasketches.kll_doubles_sketch.deserialize(sketch)
        self.__dict__ = state | {"_sketch": sketch}


class Texts(Presence):
    """Categories and their counts, up to `MAX_CATEGORIES` of them.

    The values in `domain` are always counted; `other` counts the rows whose value found no
    place any more.
    """

    def __init__(self, *, domain: Iterable[str] = (), expected: bool = False):
        super().__init__()
        self.domain, self.expected = frozenset(domain), expected
        self.other = 0
        self._counts: Counter[str] = Counter()
        self._distinct: datasketches.hll_sketch | None = None

    @property
    def type(self) -> str:
        return "String" if self.present or self.expected else "Unknown"

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each value that has a place, most frequent first."""
        return dict(sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def distinct(self) -> int:
        """How many values there are; an estimate (within 2 %) above `MAX_CATEGORIES`."""
        if self._distinct is None:
            return len(self._counts)
        return round(self._distinct.get_estimate())

    def add(self, values: pd.Series) -> None:
        super().add(values)
        if self.expected and dtypes.is_numeric_dtype(values) and not _is_bool(values):
            self.mismatched += int(values.notna().sum())
        self._count(as_texts(values))

    def merge(self, other: "Texts") -> None:
        super().merge(other)
        self.other += other.other
        if other._distinct is not None:
            self._estimate().update(other._distinct.get_result())
        self._count(other.counts)

    def _count(self, counts: dict[str, int]) -> None:
        new = counts.keys() - self._counts.keys() - self.domain
        free = MAX_CATEGORIES - len(self._counts.keys() - self.domain)
        left_out = set()
        if len(new) > free:
            # The frequent ones first, then by the alphabet: sets have no order.
            left_out = new
            if free:
                ranked = sorted(sorted(new), key=counts.__getitem__, reverse=True)
                left_out = set(ranked[free:])
            self._estimate()
            self.other += sum(counts[value] for value in left_out)
        if self._distinct is not None:
            for value in counts:
                self._distinct.update(value)
        for value in counts.keys() - left_out:
            self._counts[value] += counts[value]

    def _estimate(self) -> datasketches.hll_union:
        """Return the sketch of distinct values, begun with those that were counted."""
        if self._distinct is None:
            self._distinct = datasketches.hll_union(_LOG_REGISTERS)
            for value in self._counts:
                self._distinct.update(value)
        return self._distinct

    def __getstate__(self):
        state = self.__dict__ | {"_counts": self._counts.copy()}
        if self._distinct is not None:
            state["_distinct"] = self._distinct.get_result().serialize_compact()
        return state

    def __setstate__(self, state):
        distinct, union = state.pop("_distinct"), None
        if distinct is not None:
            union = datasketches.hll_union(_LOG_REGISTERS)
            union.update(datasketches.hll_sketch.deserialize(distinct))
        self.__dict__ = state | {"_distinct": union}


def kind(values: pd.Series) -> type[Presence] | None:
    """Return which kind of column these values belong to, None if all are missing."""
    if not values.notna().any():
        return None
    if isinstance(values.dtype, pd.CategoricalDtype) or _is_bool(values):
        return Texts
    if dtypes.is_numeric_dtype(values) and not dtypes.is_complex_dtype(values):
        return Numbers
    found = dtypes.infer_dtype(values, skipna=True)
    if found in ("integer", "floating", "mixed-integer-float", "decimal"):
        return Numbers
    if found in ("string", "boolean", "mixed-integer") or (
        found == "mixed" and any(isinstance(value, str) for value in values)
    ):
        return Texts
    return Presence


def _is_bool(values: pd.Series) -> bool:
    return dtypes.is_bool_dtype(values)


def as_numbers(values: pd.Series) -> tuple[np.ndarray, int]:
    """Return the values as float64, missing where they are no numbers, and how many."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "fiub":
        return values.to_numpy().astype(np.float64, copy=False), 0
    if dtypes.is_numeric_dtype(values) and not dtypes.is_complex_dtype(values):
        return values.to_numpy(dtype=np.float64, na_value=np.nan), 0
    there = values.notna().to_numpy()
    if dtypes.is_object_dtype(values) or dtypes.is_string_dtype(values):
        parsed = pd.to_numeric(values, errors="coerce")
        numbers = parsed.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        numbers = np.full(len(values), np.nan)
    return numbers, int((there & np.isnan(numbers)).sum())


def as_texts(values: pd.Series) -> dict[str, int]:
    """Return the values as text, and how often each occurs."""
    there = values.dropna()
    if dtypes.is_object_dtype(there):
        there = there.map(_text)
    found = there.value_counts(sort=False)
    counts: Counter[str] = Counter()
    for value, count in zip(found.index.tolist(), found.tolist(), strict=True):
        if count:
            counts[value if isinstance(value, str) else _text(value)] += count
    return counts


def _text(value: object) -> str:
    """Return a value as text; a whole number without a decimal point."""
    if (
        isinstance(value, float | np.floating)
        and np.isfinite(value)
        and value == int(value)
    ):
        value = int(value)
    return str(value)
