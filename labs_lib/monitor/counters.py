"""What is counted of one column, piece by piece, and merged.

Three kinds: numbers, texts, and columns of which only presence is counted (dates, lists, or
nothing but missing values). Each takes pieces by `add` and other columns of its kind by
`merge`; none grows with the number of rows, except numbers in exact mode. How values are read
is the matter of `labs_lib.columns`; Model Monitor's types are ours: truth values are texts
(as numbers where that type is declared), dates and durations neither numbers nor texts.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

import datasketches
import numpy as np
import pandas as pd

from labs_lib import columns
from labs_lib.monitor import distribution
from labs_lib.monitor.distribution import Distribution

TYPES = ("Integral", "Fractional", "String", "Unknown")
"""Model Monitor's inferred types."""

MAX_CATEGORIES = 10_000
"""A text column with more values is an identifier or free text, no list of categories."""

_LOG_REGISTERS = 12  # of the count of distinct values: within 2 %, 4 kB


class Presence:
    """How many values are there."""

    def __init__(self) -> None:
        self.present = self.missing = 0
        self.mismatched = 0
        """Present values that are not of the expected type."""
        self.infinite = 0

    @property
    def type(self) -> str:
        return "Unknown"

    def add(self, values: pd.Series) -> None:
        """Count a piece."""
        self.add_column(columns.read(values))

    def merge(self, other: Self) -> None:
        for name in ("present", "missing", "mismatched", "infinite"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def add_column(self, column: columns.Column) -> None:
        """Count a piece that is being read."""
        self.present += column.present
        self.missing += len(column) - column.present


class Numbers(Presence):
    """Numbers: moments, extremes, and a sketch or all values.

    Infinite values are counted, and then left out of everything else.
    """

    def __init__(self, *, exact: bool, expected: str | None = None):
        super().__init__()
        self.exact, self.expected = exact, expected
        self.finite = self.fractions = self.negative = 0
        self.total = self.mean = self.squares = 0.0
        self.min, self.max = np.inf, -np.inf
        self._all: list[np.ndarray] = []
        # Empty in exact mode.
        self._sketch = datasketches.kll_doubles_sketch(distribution.K)

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

    def add_column(self, column: columns.Column) -> None:
        numbers = column.numbers
        if column.kind == "duration":  # a CSV file has them as texts
            numbers = np.full(len(column), np.nan)
        are = np.isfinite(numbers)
        finite = numbers if are.all() else numbers[are]
        if len(finite) < len(numbers):
            truth, strays = _truth_values(column), int(column.no_number.sum())
            if column.kind == "duration":
                strays = column.present
            if len(truth):
                finite, strays = np.append(finite, truth), strays - len(truth)
            self.mismatched += strays
            infinite = int(np.isinf(numbers).sum())
            self.infinite += infinite
            self.present += strays + infinite
            self.missing += len(numbers) - len(finite) - strays - infinite
        self.present += len(finite)
        if not len(finite):
            return
        fractions = int(np.count_nonzero(finite != np.floor(finite)))
        self.fractions += fractions
        if self.expected == "Integral":
            self.mismatched += fractions
        with np.errstate(over="ignore", invalid="ignore"):
            total = finite.sum()
            mean = total / len(finite)
            if not np.isfinite(mean):  # the sum is too large, the mean is not
                mean = (finite / len(finite)).sum()
            around = finite - mean
            self._moments(len(finite), total, mean, around @ around)
        low, high = float(finite.min()), float(finite.max())
        if low < 0:
            self.negative += int(np.count_nonzero(finite < 0))
        self.min, self.max = min(self.min, low), max(self.max, high)
        finite = np.array(finite)  # of our own: the caller's may change, or be read-only
        if self.exact:
            self._all.append(finite)
        else:
            self._sketch.update(finite)

    def merge(self, other: Self) -> None:
        super().merge(other)
        self.fractions += other.fractions
        self.negative += other.negative
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

    def _moments(self, n: int, total: float, mean: float, squares: float) -> None:
        """Add n values with this mean and sum of squares around it (Chan et al. 1983)."""
        if not n:
            return
        with np.errstate(over="ignore", invalid="ignore"):
            shift, both = mean - self.mean, self.finite + n
            self.squares += squares + shift**2 * self.finite * n / both
            self.mean += shift * n / both
        self.total += total
        self.finite = both

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__ | {"_all": list(self._all)}
        state["_sketch"] = self._sketch.serialize()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        sketch = datasketches.kll_doubles_sketch.deserialize(state.pop("_sketch"))
        self.__dict__ = state | {"_sketch": sketch}


class Texts(Presence):
    """Categories and their counts, up to `MAX_CATEGORIES` of them.

    The values in `domain` are always counted, numbers among them however they are spelled;
    `other` counts the rows whose value found no place any more. Numbers count as mismatched
    if texts are expected and no known one is a number.
    """

    def __init__(self, *, domain: Iterable[str] = (), expected: bool = False):
        super().__init__()
        self.domain, self.expected = frozenset(domain), expected
        self._no_numbers = bool(self.domain) and not any(
            map(columns.is_number, self.domain)
        )
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

    def add_column(self, column: columns.Column) -> None:
        super().add_column(column)
        if self.expected and self._no_numbers and column.kind == "number":
            self.mismatched += column.present
        self._count(columns.spelled_as(self.domain, column.counts))

    def merge(self, other: Self) -> None:
        super().merge(other)
        self.other += other.other
        if other._distinct is not None:
            self._estimate().update(other._distinct.get_result())
        self._count(other.counts)

    def _count(self, counts: dict[str, int]) -> None:
        new = counts.keys() - self._counts.keys() - self.domain
        free = MAX_CATEGORIES - len(self._counts.keys() - self.domain)
        left_out: set[str] = set()
        if len(new) > free:
            # The frequent ones first, then by the alphabet: sets have no order.
            left_out = new
            if free:
                ranked = sorted(new, key=lambda value: (-counts[value], value))
                left_out = set(ranked[free:])
            self._estimate()
            self.other += sum(counts[value] for value in left_out)
        if self._distinct is not None:
            for value in counts:
                self._distinct.update(_hashed(value))
        for value in counts.keys() - left_out:
            self._counts[value] += counts[value]

    def _estimate(self) -> datasketches.hll_union:
        """Return the sketch of distinct values, begun with those that were counted."""
        if self._distinct is None:
            self._distinct = datasketches.hll_union(_LOG_REGISTERS)
            for value in self._counts:
                self._distinct.update(_hashed(value))
        return self._distinct

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__ | {"_counts": self._counts.copy()}
        if self._distinct is not None:
            state["_distinct"] = self._distinct.get_result().serialize_compact()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        distinct, union = state.pop("_distinct"), None
        if distinct is not None:
            union = datasketches.hll_union(_LOG_REGISTERS)
            union.update(datasketches.hll_sketch.deserialize(distinct))
        self.__dict__ = state | {"_distinct": union}


def of_kind(kind: columns.Kind) -> type[Presence] | None:
    """Return what counts a column of a kind, None if all of its values are missing."""
    if kind == "empty":
        return None
    return {"number": Numbers, "text": Texts, "boolean": Texts}.get(kind, Presence)


def _truth_values(column: columns.Column) -> np.ndarray:
    """Return the texts "True" and "False" as numbers: so a file has what is 1 and 0."""
    strays = column.values[column.no_number]
    words = strays[strays.isin(["True", "False"])]
    return (words == "True").to_numpy(dtype=np.float64)


def _hashed(value: str) -> str:
    """Return a text that can be hashed: half of a pair of surrogates cannot."""
    return value.encode("utf-8", "backslashreplace").decode()
