"""Is a share of rows higher than in the baseline, by more than chance explains?

A fraction of missing values, of unknown categories or of negative numbers differs between any
two samples. `exceeds` and `excess` say how much of it chance does not explain, at a `LEVEL`
that leaves room for many columns: with 50 columns and two such questions a column, a false
alarm in at most 1 of 20 checks of independent rows.
"""

import math

from scipy import special

LEVEL = 0.0005
"""The chance of a false alarm in one question, if nothing has moved."""

_Z = float(-special.ndtri(LEVEL))


def exceeds(batch: int, n_batch: int, baseline: int, n_baseline: int) -> bool:
    """Return whether so many rows of a batch, or more, have a chance below `LEVEL`.

    Parameters
    ----------
    batch, baseline : int
        Rows that have what is counted.
    n_batch, n_baseline : int
        All rows.

    Notes
    -----
    One-sided exact test of Fisher: given how many such rows there are in both together, each
    is as likely as any other row to be in the batch.
    """
    if batch * n_baseline <= baseline * n_batch:
        return False
    from scipy import stats  # takes half a second to import

    both = n_batch + n_baseline
    return float(stats.hypergeom.sf(batch - 1, both, batch + baseline, n_batch)) < LEVEL


def excess(batch: int, n_batch: int, baseline: int, n_baseline: int) -> float:
    """Return by how much a share is higher than in the baseline, -1 to 1, at the least.

    Parameters
    ----------
    batch, baseline, n_batch, n_baseline : int
        See `exceeds`.

    Notes
    -----
    Lower end of the interval of a difference by Wilson's intervals of both shares, method 10
    of Newcombe (1998), Statistics in Medicine 17, 873.
    """
    p, low, _ = _wilson(batch, n_batch)
    q, _, high = _wilson(baseline, n_baseline)
    return p - q - math.hypot(p - low, high - q)


def _wilson(count: int, n: int) -> tuple[float, float, float]:
    share, z2 = count / n, _Z**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return share, max(0.0, middle - half), min(1.0, middle + half)
