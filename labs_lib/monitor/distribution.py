"""The distribution of a numeric column: all of its values, or a KLL sketch of them.

Both are sorted values with cumulated weights, so that every distance is computed by the same
code, whether exact or sketched.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import datasketches
import numpy as np

K = 2048
"""Size of a sketch: about 6,000 values are kept, and ranks are right within 0.14 %."""


_SHORT = 10  # binary digits after the point of a fraction that says nothing of its type
_WHOLE = 2**24  # above it, float32 has no odd numbers


@dataclass(frozen=True, eq=False)
class Distribution:
    """Finite numbers with their ranks.

    Attributes
    ----------
    values : ndarray of shape (n_kept,)
        Sorted; at least one.
    ranks : ndarray of shape (n_kept,), int64
        Rows up to and including each value; the last is the number of rows.
    error : float
        Normalized rank error, as a share of rows; 0 if exact. The largest error of a
        share of rows below a value stays within it in about 99 of 100 sketches. Source:
        ``get_normalized_rank_error`` of Apache DataSketches.
    """

    values: np.ndarray
    ranks: np.ndarray
    error: float = 0.0

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.ranks[-1])

    def below(self, x: np.ndarray, *, strictly: bool = False) -> np.ndarray:
        """Return how many rows are at most `x` (or strictly below), shape of `x`."""
        found = np.searchsorted(self.values, x, side="left" if strictly else "right")
        return np.where(found > 0, self.ranks[np.maximum(found, 1) - 1], 0)

    def at(self, rows: np.ndarray) -> np.ndarray:
        """Return the values that come after so many rows, 0 to n - 1, shape of `rows`."""
        if len(self.values) == self.n:  # each stands for one row
            return self.values[rows]
        return self.values[np.searchsorted(self.ranks, rows, side="right")]

    def quantile(self, shares: Sequence[float]) -> np.ndarray:
        """Return the smallest values that have these shares (0 to 1) at or below them."""
        wanted = np.ceil(np.asarray(shares, dtype=float) * self.n)
        found = np.searchsorted(self.ranks, wanted, side="left")
        return self.values[np.minimum(found, len(self.values) - 1)]

    def levels(self) -> list[list[float]]:
        """Return the values by weight: those of level i stand for 2^i rows each."""
        weights = np.diff(self.ranks, prepend=0)
        top = int(weights.max()).bit_length()
        return [self.values[weights == 2**level].tolist() for level in range(top)]


def exact(values: np.ndarray) -> Distribution:
    """Return the distribution of finite numbers, shape (n,), n at least 1."""
    return Distribution(np.sort(values), np.arange(1, len(values) + 1))


def same_precision(
    one: Distribution, other: Distribution
) -> tuple[Distribution, Distribution]:
    """Return both, rounded to float32 if one of them was float32 and the other was not.

    0.1 is another number in float32 than in float64, and a column of few values would seem
    to have moved. Numbers that were float32 are known by their digits: all are float32, and
    some have more binary digits than halves, quarters or the like.
    """
    single = [_is_single(side) for side in (one, other)]
    if single[0] == single[1]:
        return one, other
    return (one, _as_single(other)) if single[0] else (_as_single(one), other)


def _is_single(side: Distribution) -> bool:
    if np.abs(side.values[[0, -1]]).max() > np.finfo(np.float32).max:
        return False
    some = side.values[:: max(1, len(side.values) // 1000)]
    for values in (some, side.values):  # a few tell most columns apart
        if not np.array_equal(values, _rounded(values)):
            return False
    long = (side.values * 2**_SHORT % 1 != 0) | (np.abs(side.values) > _WHOLE)
    return bool(long.any())


def _as_single(side: Distribution) -> Distribution:
    return Distribution(_rounded(side.values), side.ranks, side.error)


def _rounded(values: np.ndarray) -> np.ndarray:
    """Return the values as float32 holds them; those that are too large for it as they are."""
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32).astype(np.float64)
    return np.where(np.isfinite(rounded), rounded, values)


def from_levels(levels: Sequence[Sequence[float] | np.ndarray], k: int) -> Distribution:
    """Return the distribution that `levels` came from.

    Parameters
    ----------
    levels : list of lists of float
        ``sketch.data`` of statistics.json. One level alone is exact.
    k : int
        ``sketch.parameters.k`` of statistics.json.
    """
    values = np.concatenate([np.asarray(level, dtype=float) for level in levels])
    weights = np.repeat(1 << np.arange(len(levels)), [len(level) for level in levels])
    order = np.argsort(values, kind="stable")
    error = rank_error(k) if len(levels) > 1 else 0.0
    return Distribution(values[order], np.cumsum(weights[order]), error)


def from_sketch(sketch: datasketches.kll_doubles_sketch) -> Distribution:
    """Return the distribution that a KLL sketch holds; it is not empty."""
    return from_levels(_retained(sketch), sketch.k)


@cache
def rank_error(k: int) -> float:
    """Return the normalized rank error of a KLL sketch of size `k`, 8 to 65,535."""
    return datasketches.kll_doubles_sketch(k).normalized_rank_error(False)


def _retained(sketch: datasketches.kll_doubles_sketch) -> list[np.ndarray]:
    """Return what a sketch retains, by level, from its serialized form.

    The library has no iterator in Python. The layout is fixed across its languages: 20 bytes
    (k at 4, number of levels at 18), the start of each level as uint32, smallest and largest
    value, the values. Source: ``kll_sketch.hpp`` of apache/datasketches-cpp.
    """
    if sketch.n == 1:
        return [np.array([sketch.get_min_value()])]
    data = sketch.serialize()
    n_levels = data[18]
    starts = np.array(struct.unpack_from(f"<{n_levels}I", data, 20))
    values = np.frombuffer(data, dtype="<f8", offset=20 + 4 * n_levels + 16)
    return np.split(values, (starts - starts[0])[1:])
