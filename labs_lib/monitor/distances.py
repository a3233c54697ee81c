"""Distances between a baseline and a batch, each with what it needs and where it fails.

==============  ===================  ======================  ==============================
distance        range                needs                   fails where
==============  ===================  ======================  ==============================
simple          0 to 1               1,000 rows or more      few rows: large by chance alone
robust          0 to 1               1,000 rows or more      few rows: it cannot see
                                                             anything below the correction
chi_square      p-value, 0 to 1      a baseline much larger  many rows: everything is
                                     than the batch          "significant"
p_value         0 to 1               independent rows        many rows, as above; rows that
                                                             belong together count as many
psi             0 to infinity        some 100 rows a bin     its limits of 0.1 and 0.25
                                                             ignore the number of rows
wasserstein     0 to infinity, in    a unit that means       heavy tails: a few rows decide
                units of the column  something
jensen_shannon  0 to 1               some 100 rows a bin     few rows: large by chance alone
==============  ===================  ======================  ==============================

`simple` of numbers is the Kolmogorov-Smirnov statistic, of categories the largest difference
of shares. None of them sees that two features moved together: see
`labs_lib.monitor.domain_classifier`.
"""

import math
from collections.abc import Mapping

import numpy as np
from scipy import special

from labs_lib.monitor.distribution import Distribution

C_ALPHA = 1.8
"""What `robust` subtracts, in units of sqrt((n + m) / (n m)): alpha is 0.003."""

BINS = 10
"""Bins of `psi` and `jensen_shannon`: the baseline's deciles."""

FLOOR = 1e-4
"""The least share of a bin in `psi`, since the logarithm of 0 has no value."""

EXACT = 10_000
"""Up to so many pairs of rows `p_value` of numbers counts all cases."""

_FINITE = 2_000  # effective rows from which the limit stands for the finite distribution

_STEP = 64  # of the grid on which `simple` looks first

Counts = Mapping[str, int]
Values = Distribution | Counts


def simple(baseline: Values, batch: Values) -> float:
    """Return the largest difference of cumulated shares, or of shares of categories.

    Numbers: max over x of |F1(x) - F2(x)|. Categories: max over categories of |p1 - p2|, one
    that stands on one side only included. Source: ``Distance.scala`` of awslabs/deequ
    (`linfSimple`); Amazon SageMaker Developer Guide, page model-monitor-byoc-constraints.
    """
    if isinstance(baseline, Distribution):
        return _kolmogorov_smirnov(baseline, _as_distribution(batch))
    p, q = _shares(baseline, _as_counts(batch))
    return float(np.abs(p - q).max())


def robust(distance: float, n: int, m: int) -> float:
    """Return a simple distance less what chance explains, for `n` and `m` rows.

    max(0, distance - 1.8 sqrt((n + m) / (n m))), as in ``Distance.scala`` of awslabs/deequ
    (`linfRobust`).
    """
    return max(0.0, distance - C_ALPHA * float(np.sqrt((n + m) / (n * m))))


def chi_square(baseline: Counts, batch: Counts) -> tuple[float, float]:
    """Return statistic and p-value of Deequ's chi-square test of a batch.

    Expected counts are the baseline's, scaled to the rows of the batch whose category the
    baseline knows. While too many are small (with two categories: any below 10; with more:
    over a fifth of them below 5), the smallest joins the second smallest. Both are NaN with
    fewer than two categories left. Categories that the baseline does not know do not count:
    `simple` and the check of categorical values see them. The baseline is taken as the
    truth, not as a sample. Source: ``Distance.scala`` of awslabs/deequ; how Model Monitor
    compares the result with its threshold is not documented.
    """
    known = sum(batch.get(name, 0) for name in baseline)
    scale = known / sum(baseline.values())
    # Stable order, so that ties of small categories do not depend on the input.
    cells = sorted((count * scale, batch.get(name, 0)) for name, count in baseline.items())
    while len(cells) >= 2:
        least, allowed = (10, 0) if len(cells) == 2 else (5, int(0.2 * len(cells)))
        if sum(expected < least for expected, _ in cells) <= allowed:
            break
        (expected, observed), (other, seen), *rest = cells
        cells = sorted([(expected + other, observed + seen), *rest])
    if len(cells) < 2:
        return float("nan"), float("nan")
    expected, observed = np.array(cells).T
    statistic = float(((observed - expected) ** 2 / expected).sum())
    return statistic, float(special.chdtrc(len(cells) - 1, statistic))


def psi(baseline: Values, batch: Values) -> float:
    """Return the population stability index: sum of (q - p) ln(q / p) over bins.

    p and q are the shares of a bin in baseline and batch. Bins of numbers are cut at the
    baseline's deciles (`BINS`), between two of its values; where values repeat, at the places
    between values that are nearest, so that a flag has two bins, and a constant one bin with
    an empty one on either side. Bins of categories are the categories. A share below `FLOOR`
    counts as `FLOOR`. By chance alone it is about (bins - 1) (1/n + 1/m). It is the same for
    -x as for x.
    """
    p, q = np.maximum(_binned(baseline, batch), FLOOR)
    return float(((q - p) * np.log(q / p)).sum())


def jensen_shannon(baseline: Values, batch: Values) -> float:
    """Return the Jensen-Shannon distance over the bins of `psi`, 0 (same) to 1 (disjoint).

    The square root of the divergence with logarithms to base 2, as
    ``scipy.spatial.distance.jensenshannon(p, q, base=2)``.
    """
    p, q = _binned(baseline, batch)
    middle = (p + q) / 2
    nats = (special.rel_entr(p, middle) + special.rel_entr(q, middle)).sum() / 2
    return float(np.sqrt(max(0.0, nats) / np.log(2)))


def wasserstein(baseline: Distribution, batch: Distribution) -> float:
    """Return the mean distance that values have to move, in units of the feature.

    The area between the two cumulated shares, as ``scipy.stats.wasserstein_distance``: for
    each rank the difference of the two values that have it.
    """
    n, m = baseline.n, batch.n
    with np.errstate(over="ignore", invalid="ignore"):
        if n == m == len(baseline.values) == len(batch.values):
            return float(np.abs(baseline.values - batch.values).sum() / n)
        ends = np.concatenate([baseline.ranks * m, batch.ranks * n])
        ends.sort(kind="stable")  # two sorted runs: they are only merged
        starts = np.append(0, ends[:-1])
        some = starts < ends
        starts, ends = starts[some], ends[some]
        apart = np.abs(baseline.at(starts // m) - batch.at(starts // n))
        return float(apart @ (ends - starts) / (n * m))


def p_value(
    baseline: Values,
    batch: Values,
    *,
    distance: float | None = None,
) -> float:
    """Return the chance of such a distance if both were drawn from one distribution.

    Numbers: Kolmogorov-Smirnov, as ``scipy.stats.ks_2samp``: exact up to `EXACT` pairs of
    rows, asymptotic above (from some 4,000 rows on each side within 0.003 of scipy's, which
    then takes seconds; correction of Stephens 1970, J. R. Stat. Soc. B 32, 115); too large,
    so on the safe side, where values repeat. Of sketches, the distance less both rank errors
    is judged. Categories: chi-square test of the table of
    two rows, as ``scipy.stats.chi2_contingency``, where categories with fewer than 5 expected
    rows in either row of the table are taken together; NaN if one category is left. Both
    need independent rows: rows of one customer or one minute are not. `distance` saves
    computing `simple` of numbers again.
    """
    if isinstance(baseline, Distribution):
        other = _as_distribution(batch)
        n, m = baseline.n, other.n
        if distance is None:
            distance = simple(baseline, other)
        least = max(0.0, distance - baseline.error - other.error)
        if n * m <= EXACT:
            return _exact_p_value(least, n, m)
        rows = n * m / (n + m)
        if rows <= _FINITE:
            from scipy import stats  # takes half a second to import

            return float(stats.kstwo.sf(least, round(rows)))
        return float(special.kolmogorov((math.sqrt(rows) + 0.12) * least))
    table = _counts(baseline, _as_counts(batch))
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    rare = expected.min(axis=0) < 5
    if rare.any():
        together = table[:, rare].sum(axis=1, keepdims=True)
        table = np.hstack([table[:, ~rare], together])
    if table.shape[1] < 2:
        return float("nan")
    from scipy import stats  # takes half a second to import

    return float(stats.chi2_contingency(table, correction=False).pvalue)


def shares(baseline: Values, batch: Values) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of the bins of `psi` in baseline and batch, shape (n_bins,) each."""
    p, q = _binned(baseline, batch)
    return p, q


def _kolmogorov_smirnov(a: Distribution, b: Distribution) -> float:
    """Return the largest |Fa - Fb|, exactly, from few of the values.

    Between two neighbours of a grid both shares only grow, from the lower neighbour's to what
    is strictly below the upper one. Where that cannot exceed the largest difference on the
    grid, nobody has to look.
    """
    grid = np.unique(a.values[::_STEP])
    at = [side.below(grid) / side.n for side in (a, b)]
    before = [side.below(grid, strictly=True) / side.n for side in (a, b)]
    largest = np.abs(at[0] - at[1]).max()
    low = [np.append(0.0, shares) for shares in at]
    high = [np.append(shares, 1.0) for shares in before]
    bound = np.maximum(high[0] - low[1], high[1] - low[0])
    inside = []
    for side in (a, b):
        start = np.append(0, np.searchsorted(side.values, grid, side="right"))
        stop = np.append(np.searchsorted(side.values, grid, side="left"), len(side.values))
        inside += [side.values[start[i] : stop[i]] for i in np.flatnonzero(bound > largest)]
    if inside:
        x = np.sort(np.concatenate(inside))
        if len(x):
            largest = max(largest, np.abs(a.below(x) / a.n - b.below(x) / b.n).max())
    return float(largest)


def _exact_p_value(distance: float, n: int, m: int) -> float:
    """Return the share of all orders of n and m rows whose distance is at least `distance`.

    An order is a path from (0, 0) to (n, m); those are counted that stay closer to the
    diagonal, as R's ``psmirnov`` does.
    """
    limit = math.ceil(distance * n * m - 1e-7)  # of |i m - j n|, a whole number
    share = [float(j * n < limit) for j in range(m + 1)]
    for j in range(1, m + 1):
        share[j] *= share[j - 1]
    for i in range(1, n + 1):
        weight = i / (i + m)
        share[0] = weight * share[0] if i * m < limit else 0.0
        for j in range(1, m + 1):
            inside = abs(i * m - j * n) < limit
            share[j] = weight * share[j] + share[j - 1] if inside else 0.0
    return min(1.0, max(0.0, 1 - share[m]))


def _binned(baseline: Values, batch: Values) -> np.ndarray:
    """Return the shares of the bins in baseline and batch, shape (2, n_bins)."""
    if not isinstance(baseline, Distribution):
        return _shares(baseline, _as_counts(batch))
    cuts = [side.astype(float) for side in _cuts(baseline, _as_distribution(batch))]
    # Deciles that fall on one cut make one bin. The ends may be cuts, of empty bins.
    there = np.append(True, (np.diff(cuts[0]) > 0) | (np.diff(cuts[1]) > 0))
    sizes = (baseline.n, _as_distribution(batch).n)
    return np.array(
        [
            np.diff(side[there] / n, prepend=0, append=1)
            for side, n in zip(cuts, sizes, strict=True)
        ]
    )


def _cuts(baseline: Distribution, batch: Distribution) -> tuple[np.ndarray, np.ndarray]:
    """Return how many rows of baseline and batch lie below each decile of the baseline.

    A cut lies between two neighbouring values of the baseline, or outside of them all, where
    it is nearest to the decile; rows of the batch between the two neighbours count half on
    either side. If two places are equally near, the cut goes through the value between them,
    and half of its rows lie on either side. So a column that is turned round (x to -x), or
    stretched in any way that keeps the order, has the same bins.
    """
    tenths = np.arange(1, BINS) * baseline.n
    at = np.searchsorted(baseline.ranks * BINS, tenths)
    value = baseline.values[at]
    first = np.searchsorted(baseline.values, value)
    last = np.searchsorted(baseline.values, value, side="right") - 1
    under = np.where(first > 0, baseline.ranks[first - 1], 0)
    upto = baseline.ranks[last]
    nearer = (upto * BINS - tenths) - (tenths - under * BINS)  # below 0: the upper place
    below, above = np.maximum(first - 1, 0), np.minimum(last + 1, len(baseline.values) - 1)
    counted = []
    for side in (baseline, batch):
        strictly, through = side.below(value, strictly=True), side.below(value)
        lower = np.where(
            first > 0, (side.below(baseline.values[below]) + strictly) / 2, strictly
        )
        upper = np.where(
            last + 1 < len(baseline.values),
            (through + side.below(baseline.values[above], strictly=True)) / 2,
            through,
        )
        middle = (strictly + through) / 2
        counted.append(np.where(nearer < 0, upper, np.where(nearer > 0, lower, middle)))
    return counted[0], counted[1]


def _counts(baseline: Counts, batch: Counts) -> np.ndarray:
    names = {**baseline, **batch}
    table = np.array([[side.get(name, 0) for name in names] for side in (baseline, batch)])
    return table[:, table.sum(axis=0) > 0]


def _shares(baseline: Counts, batch: Counts) -> np.ndarray:
    table = _counts(baseline, batch)
    return table / table.sum(axis=1, keepdims=True)


def _as_distribution(values: Values) -> Distribution:
    if not isinstance(values, Distribution):
        raise TypeError("the baseline has numbers and the batch has categories.")
    return values


def _as_counts(values: Values) -> Counts:
    if isinstance(values, Distribution):
        raise TypeError("the baseline has categories and the batch has numbers.")
    return values
