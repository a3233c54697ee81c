"""Which records end as one: connected components, and what they claim about pairs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from labs_lib.prepare.matches.checks import pairs_of


@dataclass(frozen=True)
class ClusterPairs:
    """What clusters claim: `claimed` pairs, of which `right` are matches, of `true` in all."""

    claimed: int
    right: int
    true: int

    @property
    def precision(self) -> float:
        """Right over claimed pairs; NaN if nothing is claimed."""
        return self.right / self.claimed if self.claimed else float("nan")

    @property
    def recall(self) -> float:
        """Right over true pairs; NaN if there is none."""
        return self.right / self.true if self.true else float("nan")


def clusters(n_records: int, links: ArrayLike) -> NDArray[np.int64]:
    """Return a ``match_id`` for each record: equal where links lead from one to the other.

    Parameters
    ----------
    n_records : int
        At least 0.
    links : array-like of int, shape (n_links, 2)
        Pairs that were called a match.

    Returns
    -------
    ndarray of int64, shape (n_records,)
        From 0, in the order in which clusters first appear. A record without a link is a
        cluster of its own.

    Raises
    ------
    ValueError
        If `links` is not as expected.
    """
    left, right = pairs_of(links, n_records).T
    graph = sparse.coo_array(
        (np.ones(len(left), dtype=bool), (left, right)), shape=(n_records, n_records)
    )
    _, found = connected_components(graph, directed=False)
    return pd.factorize(found)[0].astype(np.int64)


def cluster_pairs(match_id: ArrayLike, entity: ArrayLike) -> ClusterPairs:
    """Count the pairs that clusters claim, and those that are matches.

    Parameters
    ----------
    match_id, entity : array-like of shape (n_records,)
        The cluster of each record, and who it really is.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    a, b = pd.Series(np.asarray(match_id)), pd.Series(np.asarray(entity))
    if len(a) != len(b):
        raise ValueError(
            f"match_id has {len(a)} values and entity {len(b)}, expected one each a record."
        )

    def inside(*columns: pd.Series) -> int:
        size = pd.Series(1, index=a.index).groupby(list(columns)).sum().to_numpy()
        return int((size * (size - 1)).sum() // 2)

    return ClusterPairs(claimed=inside(a), right=inside(a, b), true=inside(b))
