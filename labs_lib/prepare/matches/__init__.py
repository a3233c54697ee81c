"""Record linkage in the order of its steps: block, compare, learn from labels, cluster.

``candidate_pairs`` says which pairs are looked at, ``compare`` how alike they are,
``labelled_pairs`` what a labelling file of AWS Glue FindMatches says about pairs, ``Matcher`` how
probable a match is, and ``clusters`` which records end as one. ``customer_records`` simulates
duplicates whose truth is known.
"""

from labs_lib.prepare.matches.blocking import candidate_pairs
from labs_lib.prepare.matches.clusters import ClusterPairs, cluster_pairs, clusters
from labs_lib.prepare.matches.comparison import HOW, compare
from labs_lib.prepare.matches.labels import labelled_pairs, labelling_file, labelling_sets
from labs_lib.prepare.matches.matcher import (
    Matcher,
    best_threshold,
    metrics,
    recall_at_precision,
)
from labs_lib.prepare.matches.similarity import dice, jaro_winkler
from labs_lib.prepare.matches.simulated import ERRORS, customer_records

__all__ = [
    "ERRORS",
    "HOW",
    "ClusterPairs",
    "Matcher",
    "best_threshold",
    "candidate_pairs",
    "cluster_pairs",
    "clusters",
    "compare",
    "customer_records",
    "dice",
    "jaro_winkler",
    "labelled_pairs",
    "labelling_file",
    "labelling_sets",
    "metrics",
    "recall_at_precision",
]
