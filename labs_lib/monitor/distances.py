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
from scipy import special, stats

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


def simple(baseline: Distribution | Counts, batch: Distribution | Counts) -> float:
    """Return the largest difference of cumulated shares, or of shares of categories.

    Numbers: max over x of |F1(x) - F2(x)|. Categories: max over categories of |p1 - p2|, one
    that stands on one side only included. Source: ``Distance.scala`` of awslabs/deequ
    (`linfSimple`); Amazon SageMaker Developer Guide, page model-monitor-byoc-constraints.
    """
    if isinstance(baseline, Distribution):
        return _kolmogorov_smirnov(baseline, batch)
    p, q = _shares(baseline, batch)
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


def psi(baseline: Distribution | Counts, batch: Distribution | Counts) -> float:
    """Return the population stability index: sum of (q - p) ln(q / p) over bins.

    p and q are the shares of a bin in baseline and batch. Bins of numbers are the baseline's
    deciles (`BINS`; equal deciles make one bin), bins of categories the categories. A share
    below `FLOOR` counts as `FLOOR`. By chance alone it is about (bins - 1) (1/n + 1/m).
    """
    p, q = np.maximum(_binned(baseline, batch), FLOOR)
    return float(((q - p) * np.log(q / p)).sum())


def jensen_shannon(baseline: Distribution | Counts, batch: Distribution | Counts) -> float:
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

    The area between the two cumulated shares, as ``scipy.stats.wasserstein_distance``.
    """
    x = np.sort(np.concatenate([baseline.values, batch.values]))
    between = baseline.below(x[:-1]) / baseline.n - batch.below(x[:-1]) / batch.n
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.abs(between) @ np.diff(x))


def p_value(
    baseline: Distribution | Counts,
    batch: Distribution | Counts,
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
        n, m = baseline.n, batch.n
        if distance is None:
            distance = simple(baseline, batch)
        least = max(0.0, distance - baseline.error - batch.error)
        if n * m <= EXACT:
            return _exact_p_value(least, n, m)
        rows = n * m / (n + m)
        if rows <= _FINITE:
            return float(stats.kstwo.sf(least, round(rows)))
        return float(special.kolmogorov((math.sqrt(rows) + 0.12) * least))
    table = _counts(baseline, batch)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    rare = expected.min(axis=0) < 5
    if rare.any():
        together = table[:, rare].sum(axis=1, keepdims=True)
        table = np.hstack([table[:, ~rare], together])
    if table.shape[1] < 2:
        return float("nan")
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def shares(
    baseline: Distribution | Counts, batch: Distribution | Counts
) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of the bins of `psi` in baseline and batch, shape (n_bins,) each."""
    return tuple(_binned(baseline, batch))


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


def _binned(baseline, batch) -> np.ndarray:
    """Return the shares of the bins in baseline and batch, shape (2, n_bins)."""
    if not isinstance(baseline, Distribution):
        return np.array(_shares(baseline, batch))
    edges = np.unique(baseline.quantile(np.arange(1, BINS) / BINS))
    return np.array(
        [
            np.diff(side.below(edges) / side.n, prepend=0, append=1)
            for side in (baseline, batch)
        ]
    )


def _counts(baseline: Counts, batch: Counts) -> np.ndarray:
    names = {**baseline, **batch}
    table = np.array([[side.get(name, 0) for name in names] for side in (baseline, batch)])
    return table[:, table.sum(axis=0) > 0]


def _shares(baseline: Counts, batch: Counts) -> np.ndarray:
    table = _counts(baseline, batch)
    return table / table.sum(axis=1, keepdims=True)
