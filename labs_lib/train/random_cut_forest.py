"""Random Cut Forest, SageMaker's algorithm for anomalies without labels.

`RandomCutForest` is a scikit-learn estimator with SageMaker's names and ranges. Behind it
stands AWS's own library through krcf, or, where krcf has no wheel, its scorer in NumPy.
"""

import math
import numbers
from dataclasses import dataclass

import joblib
import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from labs_lib import settings

try:
    import krcf
except ImportError:
    krcf = None

BACKENDS = ("auto", "krcf", "numpy")

# At 0.1 milliseconds a score, all rows of a large training set would take longer than the
# forest itself; their mean and standard deviation need no more than this.
THRESHOLD_ROWS = 10_000


class RandomCutForest(OutlierMixin, BaseEstimator):
    """Random Cut Forest: how much would a row change a random tree that never saw it?

    Each tree holds a random sample of the rows and cuts its bounding box at random, the
    wider a side the likelier, until each row stands alone. A row far from the others is cut
    off near the root. The score of a row is high where it would be cut off early.

    Parameters
    ----------
    num_trees : int, default 100
        Number of trees, 50 to 1000.
    num_samples_per_tree : int, default 256
        Rows that a tree holds, 1 to 2048. SageMaker's guide advises a number whose inverse
        is near the share of anomalies.
    random_state : int, RandomState or None, default 0
        Seed of the samples and cuts.
    n_jobs : int, optional
        Threads for scoring with NumPy; default `labs_lib.settings.n_jobs`. krcf has one.
    backend : {"auto", "krcf", "numpy"}, default "auto"
        ``"auto"`` takes krcf if it is installed and `num_samples_per_tree` is at least 3,
        which is the least that krcf 0.4.0 can hold; otherwise NumPy.

    Attributes
    ----------
    backend_ : str
        The back end in use, ``"krcf"`` or ``"numpy"``.
    training_scores_ : ndarray of shape (min(n_rows, 10000),)
        Anomaly scores of the training rows; of 10,000 random ones if there are more.
    threshold_ : float
        Mean of `training_scores_` plus three standard deviations (divided by n, not n - 1).
    offset_ : float
        ``-threshold_``, so that ``decision_function = score_samples - offset_``.
    n_features_in_ : int
        Number of columns.

    Notes
    -----
    Values are held in single precision, as in AWS's library: about seven digits. Scale the
    columns first, since a wide column is cut more often than a narrow one.

    Names and ranges: SageMaker developer guide 2023, rcf_hyperparameters. Three standard
    deviations: the same guide, random-cut-forest-tuning; AWS's sample notebook divides by
    n once and by n - 1 once. Score: aws/random-cut-forest-by-aws, ``CommonUtils`` and
    ``AbstractScalarScoreVisitor``. The code that SageMaker hosts is closed; whether it uses
    the same constants is not known.

    Where the two back ends differ: their random numbers; NumPy gives each tree rows of its
    own if there are enough, krcf draws for each tree from all rows; of a row that stands
    several times in a leaf, krcf 0.4.0 counts one less.
    """

    def __init__(
        self,
        num_trees=100,
        num_samples_per_tree=256,
        *,
        random_state=0,
        n_jobs=None,
        backend="auto",
    ):
        self.num_trees = num_trees
        self.num_samples_per_tree = num_samples_per_tree
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.backend = backend

    def fit(self, X: ArrayLike, y: object = None) -> "RandomCutForest":
        """Build the forest and set the threshold.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Finite numbers; 1 to 10,000 columns.
        y : ignored
            There are no labels.

        Returns
        -------
        RandomCutForest
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter is out of range or `X` has missing values or too many columns.
        """
        self._check_parameters()
        X = validate_data(self, X, dtype=np.float32)
        if X.shape[1] > 10_000:
            raise ValueError(
                f"X has {X.shape[1]} columns, expected 1 to 10000 (SageMaker's range of "
                "feature_dim). Drop or combine columns first."
            )
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        rng = np.random.default_rng(seed)
        self.backend_ = self._choose_backend()
        if self.backend_ == "krcf":
            self.forest_ = _krcf_forest(
                X, self.num_trees, self.num_samples_per_tree, seed=seed, rng=rng
            )
        else:
            self.forest_ = _grow(X, self.num_trees, self.num_samples_per_tree, rng=rng)
        if len(X) > THRESHOLD_ROWS:
            X = X[rng.choice(len(X), THRESHOLD_ROWS, replace=False)]
        self.training_scores_ = self._score(X)
        self.threshold_ = self.training_scores_.mean() + 3 * self.training_scores_.std()
        self.offset_ = -self.threshold_
        return self

    def anomaly_score(self, X: ArrayLike) -> np.ndarray:
        """Return SageMaker's score: the higher, the more anomalous.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Finite numbers, with the columns of `fit`.

        Returns
        -------
        ndarray of shape (n_rows,)
            Above 0; mostly 0.5 to 1, at most log2(num_samples_per_tree + 1).
        """
        check_is_fitted(self)
        return self._score(validate_data(self, X, dtype=np.float32, reset=False))

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """Return ``-anomaly_score(X)``, scikit-learn's sign: higher is more normal."""
        return -self.anomaly_score(X)

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return ``score_samples(X) - offset_``: below 0 for an anomaly."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return -1 for a row whose anomaly score is above `threshold_`, otherwise 1."""
        return np.where(self.anomaly_score(X) > self.threshold_, -1, 1)

    def _check_parameters(self) -> None:
        for name, low, high in (
            ("num_trees", 50, 1000),
            ("num_samples_per_tree", 1, 2048),
        ):
            value = getattr(self, name)
            if not isinstance(value, numbers.Integral) or not low <= value <= high:
                raise ValueError(
                    f"{name} is {value!r}, expected a whole number from {low} to {high} "
                    "(SageMaker's range)."
                )

    def _choose_backend(self) -> str:
        if self.backend not in BACKENDS:
            raise ValueError(
                f"backend is {self.backend!r}, expected one of {', '.join(BACKENDS)}."
            )
        if self.backend == "numpy":
            return "numpy"
        if krcf is None:
            lack = "is not installed"
        elif self.num_samples_per_tree < 3:
            lack = "needs num_samples_per_tree of 3 or more"
        else:
            return "krcf"
        if self.backend == "krcf":
            raise ValueError(f"backend is 'krcf', but krcf {lack}. Use 'auto' or 'numpy'.")
        return "numpy"

    def _score(self, X: np.ndarray) -> np.ndarray:
        if self.backend_ == "krcf":
            return np.array([self.forest_.score(row) for row in X.tolist()])
        jobs = joblib.effective_n_jobs(
            settings.n_jobs() if self.n_jobs is None else self.n_jobs
        )
        # Large blocks, since NumPy is slow on small ones; the other bound is for memory.
        rows = max(math.ceil(len(X) / jobs), 4096)
        rows = min(rows, max(1, 2**20 // X.shape[1]))
        blocks = [X[start : start + rows] for start in range(0, len(X), rows)]
        return np.concatenate(
            joblib.Parallel(min(jobs, len(blocks)), prefer="threads")(
                joblib.delayed(_score_block)(self.forest_, block) for block in blocks
            )
        )


def _krcf_forest(
    X: np.ndarray, num_trees: int, num_samples: int, *, seed: int, rng: np.random.Generator
) -> "krcf.RandomCutForest":
    """Return AWS's forest. It is made for streams; three options make it fit a table."""
    forest = krcf.RandomCutForest(
        {
            "dimensions": X.shape[1],
            "shingle_size": 1,
            "num_trees": num_trees,
            "sample_size": num_samples,
            "random_seed": seed,
            # Late rows weigh no more than early ones: an even sample.
            "lambda": 0.0,
            # The first rows fill the trees at once, so that a small table is held whole.
            "initial_accept_fraction": 1.0,
            # Otherwise all scores are 0 until a quarter of the sample size was seen.
            "output_after": 1,
        }
    )
    # SageMaker also draws num_trees * num_samples_per_tree rows at most.
    for row in X[rng.permutation(len(X))[: num_trees * num_samples]].tolist():
        forest.update(row)
    return forest


@dataclass(frozen=True)
class _Forest:
    """All nodes of all trees in flat arrays; nodes 0 to num_trees - 1 are the roots."""

    num_trees: int
    num_samples: int
    lower: np.ndarray  # (columns, nodes), the bounding box of the node's rows
    upper: np.ndarray
    side: np.ndarray  # sum of the box's sides
    column: np.ndarray  # column that is cut
    cut: np.ndarray  # a row up to the cut goes left
    left: np.ndarray  # left child, the right one is the next; -1 for a leaf
    mass: np.ndarray  # number of rows


def _grow(
    X: np.ndarray, num_trees: int, num_samples: int, *, rng: np.random.Generator
) -> _Forest:
    """Grow all trees together, level by level."""
    num_samples = min(num_samples, len(X))
    if len(X) >= num_trees * num_samples:
        rows = rng.permutation(len(X))[: num_trees * num_samples]
    else:
        every = np.tile(np.arange(len(X)), (num_trees, 1))
        rows = rng.permuted(every, axis=1)[:, :num_samples].ravel()
    node = np.repeat(np.arange(num_trees), num_samples)
    levels, num_nodes = [], num_trees
    while len(rows):
        # Rows are sorted by node, so a node's rows stand together.
        starts = np.flatnonzero(np.diff(node, prepend=-1))
        mass = np.diff(starts, append=len(rows))
        lower = np.minimum.reduceat(X[rows], starts)
        upper = np.maximum.reduceat(X[rows], starts)
        sides = upper.astype(float) - lower
        ends = sides.cumsum(axis=1)
        side = ends[:, -1]
        # One draw along all sides laid end to end gives both the column and the place.
        draw = rng.random(len(starts)) * side
        column = np.minimum((ends <= draw[:, None]).sum(axis=1), X.shape[1] - 1)
        each = np.arange(len(starts))
        low, high = lower[each, column], upper[each, column]
        cut = low + (draw - (ends - sides)[each, column])
        cut = np.where(cut < high, cut, low)  # rounding must not leave a side empty
        inner = side > 0
        left = np.where(inner, num_nodes + 2 * (inner.cumsum() - 1), -1)
        num_nodes += 2 * inner.sum()
        levels.append((lower, upper, side, column, cut, left, mass))

        place = np.repeat(each, mass)
        rows, place = rows[inner[place]], place[inner[place]]
        child = left[place] + (X[rows, column[place]] > cut[place])
        order = np.argsort(child, kind="stable")
        rows, node = rows[order], child[order]
    lower, upper, *rest = (np.concatenate(part) for part in zip(*levels, strict=True))
    boxes = np.ascontiguousarray(lower.T), np.ascontiguousarray(upper.T)
    return _Forest(num_trees, num_samples, *boxes, *rest)


def _score_block(forest: _Forest, X: np.ndarray) -> np.ndarray:
    """Return the mean score of each row over the trees.

    On the way from the root to a leaf, `reach` is the probability that no cut so far has
    separated the row from the node's box. Where it is separated at depth d, it scores
    1 / (d + 1). A row that equals a leaf of mass m at depth d scores
    (1 - m / (2 N)) / (d + log2(m + 1)), N being the rows of the tree. The sum is multiplied
    with log2(N + 1). AWS's code walks back up from the leaf, with the same result.
    """
    points = np.ascontiguousarray(X.T)
    total = np.zeros(len(X))
    for root in range(forest.num_trees):
        rows, node, at = np.arange(len(X)), np.full(len(X), root), points
        reach = np.ones(len(X))
        depth = 0
        while len(rows):
            outside = forest.lower.take(node, axis=1)
            outside -= at
            beyond = forest.upper.take(node, axis=1)
            np.subtract(at, beyond, out=beyond)
            np.maximum(outside, beyond, out=outside)
            np.maximum(outside, 0, out=outside)
            growth = outside.sum(axis=0)
            separated = np.divide(
                growth,
                forest.side[node] + growth,
                out=np.zeros(len(rows)),
                where=growth > 0,
            )
            total[rows] += reach * separated / (depth + 1)
            reach *= 1 - separated

            left = forest.left[node]
            leaf = np.flatnonzero(left < 0)
            if len(leaf):
                mass = forest.mass[node[leaf]]
                seen = (1 - mass / (2 * forest.num_samples)) / (depth + np.log2(mass + 1))
                total[rows[leaf]] += reach[leaf] * seen
                inner = np.flatnonzero(left >= 0)
                rows, node, left, reach = (
                    part[inner] for part in (rows, node, left, reach)
                )
                at = at.take(inner, axis=1)
            value = at[forest.column[node], np.arange(len(rows))]
            node = left + (value > forest.cut[node])
            depth += 1
    return total * np.log2(forest.num_samples + 1) / forest.num_trees
