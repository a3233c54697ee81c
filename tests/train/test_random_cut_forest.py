"""Random Cut Forest: the scorer by hand, the two back ends, the scikit-learn contract."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr
from sklearn.utils.estimator_checks import parametrize_with_checks

from labs_lib.train import random_cut_forest
from labs_lib.train.random_cut_forest import RandomCutForest

has_krcf = pytest.mark.skipif(
    random_cut_forest.krcf is None, reason="krcf has no wheel for this platform"
)
both = pytest.mark.parametrize("backend", [pytest.param("krcf", marks=has_krcf), "numpy"])


def cloud(rows: int = 2000, columns: int = 3, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns))


def fitted(X, backend: str = "numpy", **parameters) -> RandomCutForest:
    return RandomCutForest(50, backend=backend, **parameters).fit(
        np.asarray(X, dtype=float)
    )


# The formula


@both
def test_one_row_by_hand(backend):
    # One leaf of mass 1 at depth 0: seen (1 - 1/2) / (0 + log2(2)), unseen 1 / (0 + 1).
    forest = fitted([[5.0]], backend)
    assert forest.anomaly_score([[5.0], [6.0]]) == pytest.approx([0.5, 1.0])


@both
def test_two_rows_by_hand(backend):
    # Every tree is the same: a root with the box [0, 1] and two leaves at depth 1.
    forest = fitted([[0.0], [1.0]], backend)
    unseen_inside = 1 / 2
    # At 3 the enlarged box has side 3, of which 2 are new: cut off at once with 2/3.
    outside = 2 / 3 * 1 / 1 + 1 / 3 * 1 / 2
    seen = (1 - 1 / 4) / (1 + np.log2(2))
    expected = np.array([unseen_inside, outside, seen]) * np.log2(3)
    scores = forest.anomaly_score([[0.25], [3.0], [0.0]])
    assert scores == pytest.approx(expected, rel=1e-6)


@both
def test_three_rows_on_average_by_hand(backend):
    # Rows 0, 1, 4: the first cut is in (0, 1) with 1/4 and in (1, 4) with 3/4. Seen from
    # row 4 the leaf is at depth 2 or at depth 1.
    forest = RandomCutForest(1000, backend=backend).fit([[0.0], [1.0], [4.0]])
    seen = (1 - 1 / 6) * np.array([1 / 3, 1 / 2]) * np.log2(4)
    standard_error = np.ptp(seen) * np.sqrt(3 / 16 / 1000)
    expected = seen @ [1 / 4, 3 / 4]
    assert forest.anomaly_score([[4.0]])[0] == pytest.approx(
        expected, abs=5 * standard_error
    )


def test_repeated_rows_by_hand():
    # Ten equal rows are one leaf of mass 10 at the root.
    forest = fitted([[2.0]] * 10)
    assert forest.anomaly_score([[2.0], [3.0]]) == pytest.approx([0.5, np.log2(11)])


@has_krcf
def test_krcf_counts_one_repeat_less():
    forest = fitted([[2.0]] * 10, "krcf")
    expected = [(1 - 9 / 20) / np.log2(10) * np.log2(11), np.log2(11)]
    assert forest.anomaly_score([[2.0], [3.0]]) == pytest.approx(expected)


def walk(forest, root: int, point: np.ndarray) -> float:
    """Score one row in one tree as AWS's code does: down to the leaf, then back up."""
    path, node = [], root
    while forest.left[node] >= 0:
        path.append(node)
        right = point[forest.column[node]] > forest.cut[node]
        node = forest.left[node] + right
    depth, mass = len(path), forest.mass[node]
    if (forest.lower[:, node] == point).all():
        damp = 1 - mass / (2 * forest.num_samples)
        score = damp / (depth + np.log2(mass + 1))
    else:
        score = 1 / (depth + 1)
    for depth, node in reversed(list(enumerate(path))):
        lower, upper = forest.lower[:, node], forest.upper[:, node]
        enlarged = np.maximum(upper, point) - np.minimum(lower, point)
        probability = (enlarged - (upper - lower)).sum() / enlarged.sum()
        if probability == 0:
            break
        score = probability / (depth + 1) + (1 - probability) * score
    return score * np.log2(forest.num_samples + 1)


# Few distinct values, so that rows repeat and queries meet stored rows.
tables = arrays(
    np.float32,
    st.tuples(st.integers(1, 30), st.integers(1, 4)),
    elements=st.integers(-3, 3).map(float),
)


@settings(max_examples=12, deadline=None)
@given(X=tables, seed=st.integers(0, 2**31 - 1))
def test_block_scorer_equals_the_walk_from_the_leaf(X, seed):
    model = RandomCutForest(50, 16, random_state=seed, backend="numpy").fit(X)
    queries = np.vstack([X, X + 1, X * 2 - 0.5]).astype(np.float32)[::9]
    expected = [
        np.mean([walk(model.forest_, root, query) for root in range(50)])
        for query in queries
    ]
    assert model.anomaly_score(queries) == pytest.approx(expected, rel=1e-5)


@settings(max_examples=12, deadline=None)
@given(X=tables, seed=st.integers(0, 2**31 - 1))
def test_trees_are_cut_trees(X, seed):
    forest = RandomCutForest(50, 16, random_state=seed, backend="numpy").fit(X).forest_
    inner = np.flatnonzero(forest.left >= 0)
    left, right = forest.left[inner], forest.left[inner] + 1
    column, cut = forest.column[inner], forest.cut[inner]
    assert (forest.mass[:50] == min(16, len(X))).all()
    assert (forest.mass[left] + forest.mass[right] == forest.mass[inner]).all()
    assert (forest.mass > 0).all()
    assert (forest.upper[column, left] <= cut).all()
    assert (forest.lower[column, right] > cut).all()
    assert (forest.side[forest.left < 0] == 0).all()


def test_wide_sides_are_cut_in_proportion():
    # Sides 1 and 3: the second column is cut first in three quarters of the trees.
    corners = [[0, 0], [0, 3], [1, 0], [1, 3]]
    forest = RandomCutForest(1000, backend="numpy").fit(corners).forest_
    share = forest.column[:1000].mean()
    assert share == pytest.approx(0.75, abs=5 * np.sqrt(0.75 * 0.25 / 1000))
    cuts = forest.cut[:1000][forest.column[:1000] == 1]
    assert cuts.mean() == pytest.approx(1.5, abs=5 * 3 / np.sqrt(12 * len(cuts)))


def test_trees_share_no_rows_if_there_are_enough():
    X = np.arange(50 * 4, dtype=float)[:, None]
    forest = RandomCutForest(50, 4, backend="numpy").fit(X).forest_
    leaves = forest.lower[0, forest.left < 0]
    assert sorted(leaves) == X[:, 0].tolist()


# The two back ends


@has_krcf
def test_back_ends_agree():
    X = cloud(500)
    queries = np.vstack([cloud(100, seed=1), 3 * cloud(100, seed=2)])
    scores = {
        backend: RandomCutForest(100, backend=backend).fit(X).anomaly_score(queries)
        for backend in ("krcf", "numpy")
    }
    assert spearmanr(scores["krcf"], scores["numpy"]).statistic > 0.98
    assert scores["krcf"].mean() == pytest.approx(scores["numpy"].mean(), rel=0.02)


@has_krcf
def test_krcf_is_chosen_where_it_can_be():
    assert fitted(cloud(20), "auto").backend_ == "krcf"
    assert fitted(cloud(20), "auto", num_samples_per_tree=2).backend_ == "numpy"
    with pytest.raises(ValueError, match="krcf needs num_samples_per_tree of 3 or more"):
        fitted(cloud(20), "krcf", num_samples_per_tree=2)


def test_numpy_takes_over_without_krcf(monkeypatch):
    monkeypatch.setattr(random_cut_forest, "krcf", None)
    assert fitted(cloud(20), "auto").backend_ == "numpy"
    with pytest.raises(ValueError, match=r"krcf is not installed\. Use 'auto' or 'numpy'"):
        fitted(cloud(20), "krcf")


@both
def test_same_seed_same_scores(backend):
    X = cloud(300)
    scores = [
        fitted(X, backend, random_state=seed).anomaly_score(X[:50]) for seed in (0, 0, 1)
    ]
    assert (scores[0] == scores[1]).all()
    assert (scores[0] != scores[2]).any()


def test_threads_and_blocks_do_not_change_a_score():
    X = cloud(9000)
    one, four = (
        fitted(X[:500], n_jobs=jobs, num_samples_per_tree=8).anomaly_score(X)
        for jobs in (1, 4)
    )
    few = fitted(X[:500], num_samples_per_tree=8).anomaly_score(X[8990:])
    assert (one == four).all()
    assert (one[8990:] == few).all()


@both
def test_pickle_keeps_the_forest(backend):
    forest = fitted(cloud(300), backend)
    again = pickle.loads(pickle.dumps(forest))
    assert (again.anomaly_score(cloud(10)) == forest.anomaly_score(cloud(10))).all()


# Anomalies


@both
def test_a_far_row_scores_high_and_is_flagged(backend):
    X = cloud(400)
    forest = fitted(X, backend)
    far = np.array([[8.0, -8.0, 8.0]])
    assert forest.anomaly_score(far)[0] > forest.training_scores_.max()
    assert forest.predict(far) == [-1]
    assert (forest.predict(X) == 1).mean() > 0.95


@both
def test_three_sigma_rule(backend):
    X = cloud(400)
    forest = fitted(X, backend)
    scores = forest.anomaly_score(X)
    threshold = np.mean(scores) + 3 * np.std(scores, ddof=0)
    assert forest.training_scores_ == pytest.approx(scores)
    assert forest.threshold_ == pytest.approx(threshold)
    assert (forest.predict(X) == np.where(scores > threshold, -1, 1)).all()
    assert (forest.score_samples(X) == -scores).all()
    assert (forest.decision_function(X) == forest.threshold_ - scores).all()


def test_threshold_of_a_large_table_comes_from_a_sample(monkeypatch):
    monkeypatch.setattr(random_cut_forest, "THRESHOLD_ROWS", 100)
    X = cloud(200)
    forest = fitted(X)
    assert len(forest.training_scores_) == 100
    assert np.isin(forest.training_scores_, forest.anomaly_score(X)).all()
    assert len(fitted(cloud(100)).training_scores_) == 100


# Odd tables


@both
@pytest.mark.parametrize("num_samples", [3, 2048])
def test_ends_of_the_sample_range(backend, num_samples):
    forest = fitted(cloud(300), backend, num_samples_per_tree=num_samples)
    assert np.isfinite(forest.anomaly_score(cloud(20, seed=1))).all()


@both
def test_constant_column_changes_nothing(backend):
    X, queries = cloud(300, 2), cloud(50, 2, seed=1)
    wide = fitted(np.column_stack([X, np.full(300, 7.0)]), backend)
    scores = wide.anomaly_score(np.column_stack([queries, np.full(50, 7.0)]))
    assert np.corrcoef(scores, fitted(X, backend).anomaly_score(queries))[0, 1] > 0.95


@both
def test_all_rows_equal(backend):
    forest = fitted([[1.0, 2.0]] * 30, backend)
    same, other = forest.anomaly_score([[1.0, 2.0], [1.0, 3.0]])
    assert same < other
    assert forest.predict([[1.0, 2.0], [1.0, 3.0]]).tolist() == [1, -1]


@both
def test_repeated_row_is_more_normal(backend):
    rows = np.vstack([cloud(100), [[0.0, 0.0, 0.0]] * 50])
    repeated = fitted(rows, backend).anomaly_score([[0.0, 0.0, 0.0]])
    single = fitted(rows[:101], backend).anomaly_score([[0.0, 0.0, 0.0]])
    assert repeated < single


@both
def test_missing_value_is_refused(backend):
    X = cloud(20)
    forest = fitted(X, backend)
    X[3, 1] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        fitted(X, backend)
    with pytest.raises(ValueError, match="contains NaN"):
        forest.anomaly_score(X)


@both
def test_most_columns(backend):
    X = cloud(4, 10_001)
    assert np.isfinite(fitted(X[:, :-1], backend).anomaly_score(X[:, :-1])).all()
    with pytest.raises(ValueError, match="X has 10001 columns, expected 1 to 10000"):
        fitted(X, backend)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"num_trees": 49}, "num_trees is 49, expected a whole number from 50 to 1000"),
        ({"num_trees": 1001}, "num_trees is 1001"),
        ({"num_trees": 60.0}, "num_trees is 60.0"),
        ({"num_samples_per_tree": 0}, "num_samples_per_tree is 0, .* from 1 to 2048"),
        ({"num_samples_per_tree": 2049}, "num_samples_per_tree is 2049"),
        ({"backend": "rust"}, "backend is 'rust', expected one of auto, krcf, numpy"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        RandomCutForest(**parameters).fit(cloud(20))


# scikit-learn's own checks, all of them


@parametrize_with_checks(
    [
        RandomCutForest(50, 8, backend=backend)
        for backend in ("krcf", "numpy")
        if backend == "numpy" or random_cut_forest.krcf is not None
    ]
)
def test_scikit_learn(estimator, check):
    assert check(estimator) is None
