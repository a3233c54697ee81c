"""Automatic Model Tuning, run here: strategies, scales, stopping, limits, warm start, resume."""

import os
import subprocess
import sys
import tempfile
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import numpy as np
import optuna
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.samplers._tpe import parzen_estimator
from sklearn.gaussian_process import GaussianProcessRegressor

from labs_lib import aws
from labs_lib.train import tuning
from labs_lib.train.tuning import Hyperband, MedianRule
from labs_lib.train.tuning.gaussian_process import expected_improvement, learn

ETA = {"Name": "eta", "MinValue": "0.01", "MaxValue": "0.5"}
DEPTH = {"Name": "depth", "MinValue": "1", "MaxValue": "9"}
TWICE = {"Name": "booster", "Values": ["dart", "tree", "dart"]}
CATEGORIES = [
    {"Name": "booster", "Values": ["tree", "linear"]},
    {"Name": "policy", "Values": ["depth", "loss", "none"]},
]


def config(strategy="Random", *, jobs=20, parallel=1, ranges=None, **more):
    ranges = ranges or {
        "ContinuousParameterRanges": [ETA],
        "IntegerParameterRanges": [DEPTH],
        "CategoricalParameterRanges": CATEGORIES[:1],
    }
    limits = {"MaxParallelTrainingJobs": parallel}
    if jobs is not None:
        limits["MaxNumberOfTrainingJobs"] = jobs
    return {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "auc"},
        "ResourceLimits": limits,
        "ParameterRanges": ranges,
    } | more


def hill(h):
    return -((h["eta"] - 0.1) ** 2) - (h["depth"] - 4) ** 2 / 100 - (h["booster"] == "tree")


# Strategies


def test_random_keeps_to_the_ranges():
    jobs = tuning.tune(config(jobs=50), hill).jobs
    assert jobs["eta"].between(0.01, 0.5).all()
    assert set(jobs["depth"]) <= set(range(1, 10))
    assert set(jobs["booster"]) == {"tree", "linear"}
    assert (jobs["status"] == "Completed").all()
    assert jobs["best"].is_monotonic_increasing


@pytest.mark.parametrize("surrogate", ["tpe", "gp"])
def test_bayesian_search_climbs(surrogate):
    bayesian = tuning.tune(config("Bayesian", jobs=40), hill, surrogate=surrogate)
    assert bayesian.value > -0.05
    assert bayesian.best["booster"] == "linear"
    # The second half looks where the first was good.
    values = bayesian.jobs["value"]
    assert values[20:].median() > values[:10].median()


def test_grid_tries_every_combination_once():
    grid = config("Grid", jobs=None, ranges={"CategoricalParameterRanges": CATEGORIES})
    jobs = tuning.tune(grid, lambda h: len(h["policy"])).jobs
    assert len(jobs) == 6
    assert not jobs[["booster", "policy"]].duplicated().any()


def test_the_same_seed_repeats_a_search_and_another_does_not():
    first, again, other = (
        tuning.tune(config(RandomSeed=seed), hill).jobs for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not first["eta"].equals(other["eta"])


class OtherProcessor:
    """A NumPy whose sort leaves equal values in the opposite order, as it may."""

    def __getattr__(self, name):
        return getattr(np, name)

    def argsort(self, values):
        return len(values) - 1 - np.argsort(values[::-1], kind="stable")


@pytest.mark.parametrize("parallel", [1, 10])
def test_a_search_does_not_hang_on_how_equal_values_are_sorted(parallel, monkeypatch):
    asked = config("Bayesian", jobs=50, parallel=parallel)
    here = tuning.tune(asked, hill).jobs
    monkeypatch.setattr(parzen_estimator, "np", OtherProcessor())
    pd.testing.assert_frame_equal(tuning.tune(asked, hill).jobs, here)


def test_minimizing():
    down = {"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"}}
    found = tuning.tune(config("Bayesian", jobs=40) | down, lambda h: -hill(h))
    assert found.value == found.jobs["value"].min() < 0.05
    assert found.jobs["best"].is_monotonic_decreasing


def test_static_hyperparameters_reach_the_training_job():
    found = tuning.tune(config(jobs=3), lambda h: h["rounds"], static={"rounds": 7})
    assert found.value == 7
    assert found.best["rounds"] == 7


# Scales


def drawn(scaling, low, high, kind="Continuous", jobs=300):
    item = {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": scaling}
    ranges = {f"{kind}ParameterRanges": [item]}
    return tuning.tune(config(jobs=jobs, ranges=ranges), lambda h: h["x"]).jobs["x"]


@pytest.mark.parametrize(
    ("scaling", "low", "high", "middle"),
    [
        ("Linear", "0.001", "1", 0.5005),
        ("Logarithmic", "0.001", "1", 0.0316),
        ("ReverseLogarithmic", "0", "0.999", 1 - 0.0316),
        ("Auto", "0.001", "1", 0.0316),
        ("Auto", "0", "1", 0.5),
    ],
)
def test_half_of_the_draws_lie_below_the_middle_of_the_scale(scaling, low, high, middle):
    share = (drawn(scaling, low, high) < middle).mean()
    assert 0.4 < share < 0.6


def test_whole_numbers_on_a_logarithmic_scale():
    x = drawn("Logarithmic", "1", "1000", kind="Integer")
    assert x.between(1, 1000).all()
    assert 0.4 < (x < 32).mean() < 0.6


# Parallel jobs


def test_parallel_jobs_do_not_know_of_each_other():
    """With all jobs at once, Bayesian search is random search."""
    at_once = tuning.tune(config("Bayesian", jobs=20, parallel=20), hill).jobs
    flat = tuning.tune(config("Bayesian", jobs=20, parallel=20), lambda _: 0.0).jobs
    pd.testing.assert_series_equal(at_once["eta"], flat["eta"])
    one_by_one = tuning.tune(config("Bayesian", jobs=20), hill).jobs
    assert not one_by_one["eta"].equals(at_once["eta"])


# Stopping


def test_median_rule_by_hand():
    rule = MedianRule(maximize=True, earlier=[[1, 3, 5], [2, 2], [0, 0, 0]])
    # Running averages: 1, 2, 3; 2, 2 and still 2; 0, 0, 0. Medians 1, 2, 2.
    cases = {(1, 0.9): True, (1, 1): False, (2, 1.9): True, (3, 2): False, (4, 1): True}
    assert {case: rule.stops(*case) for case in cases} == cases
    assert MedianRule(maximize=False, earlier=[[1, 3]]).stops(2, 2.1)
    assert not MedianRule(maximize=True, earlier=[]).stops(1, -1)


@given(st.lists(st.lists(st.floats(-9, 9), min_size=1, max_size=6), min_size=1, max_size=6))
def test_median_rule_against_its_definition(curves):
    rule = MedianRule(maximize=True, earlier=curves)
    for epoch in range(1, max(map(len, curves)) + 1):
        averages = [np.mean(c[:epoch]) for c in curves]
        assert rule.stops(epoch, np.median(averages) - 1e-6)
        assert not rule.stops(epoch, np.median(averages) + 1e-6)


def curve(h):
    return [hill(h) - 1 / epoch for epoch in range(1, 28)]


def test_early_stopping_stops_bad_jobs_and_keeps_the_best():
    plain = tuning.tune(config(jobs=40), curve)
    stopping = tuning.tune(config(jobs=40, TrainingJobEarlyStoppingType="Auto"), curve)
    assert (stopping.jobs["status"] == "Stopped").sum() >= 5
    assert stopping.jobs["epochs"].sum() < 0.8 * plain.jobs["epochs"].sum()
    assert stopping.best == plain.best


def test_early_stopping_without_curves_stops_nothing():
    stopping = tuning.tune(config(jobs=10, TrainingJobEarlyStoppingType="Auto"), hill)
    assert (stopping.jobs["status"] == "Completed").all()


def test_hyperband_stops_at_its_rungs():
    resource = {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 27}}
    found = tuning.tune(config("Hyperband", jobs=80, StrategyConfig=resource), curve)
    assert set(found.jobs["epochs"]) <= {1, 3, 9, 27}
    assert (found.jobs["epochs"] == 27).sum() < 40
    assert found.value > -0.3


def test_hyperband_lets_the_best_third_go_on():
    options = {"number": 0, "maximize": True, "min_resource": 1, "max_resource": 9}
    earlier = [(0, [value]) for value in range(8)]
    assert not Hyperband(earlier=earlier, **options).stops(1, 5.5)
    assert Hyperband(earlier=earlier, **options).stops(1, 4.5)
    assert not Hyperband(earlier=earlier, **options).stops(2, -9)


def test_hyperband_takes_its_epochs_from_the_static_hyperparameters():
    found = tuning.tune(config("Hyperband", jobs=10), curve, static={"epochs": 9})
    assert found.jobs["epochs"].max() == 9


@pytest.mark.parametrize(
    ("criteria", "ended_by"),
    [
        ({"TargetObjectiveMetricValue": -0.5}, "TargetObjectiveMetricValue"),
        (
            {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 5}},
            "BestObjectiveNotImproving",
        ),
    ],
)
def test_criteria_end_the_search(criteria, ended_by):
    found = tuning.tune(config(jobs=500, TuningJobCompletionCriteria=criteria), hill)
    assert found.ended_by == ended_by
    assert len(found.jobs) < 500


def test_small_gains_are_no_improvement():
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    values = iter([100.0, 100.5, 100.9, 100.99, 200.0])
    found = tuning.tune(
        config(jobs=5, TuningJobCompletionCriteria=criteria), lambda _: next(values)
    )
    assert len(found.jobs) == 4


def test_many_small_gains_are_no_improvement_either():
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    values = iter([100.0, 100.9, 101.8, 102.7, 200.0])
    found = tuning.tune(
        config(jobs=5, TuningJobCompletionCriteria=criteria), lambda _: next(values)
    )
    assert found.value == 102.7


def test_the_longest_time_ends_the_search(monkeypatch):
    limited = config(jobs=10)
    limited["ResourceLimits"]["MaxRuntimeInSeconds"] = 120
    hours = iter([0, *[0] * 3, *[3600] * 9])
    monkeypatch.setattr("labs_lib.train.tuning.search.time.monotonic", lambda: next(hours))
    found = tuning.tune(limited, hill)
    assert found.ended_by == "MaxRuntimeInSeconds"
    assert len(found.jobs) < 10


def test_a_failed_job_does_not_end_the_search():
    def sometimes(h):
        if h["depth"] > 5:
            raise RuntimeError("out of memory")
        return float("nan") if h["depth"] == 5 else 1.0

    jobs = tuning.tune(config(jobs=40), sometimes).jobs
    assert (jobs["status"] == "Failed").equals(jobs["depth"] >= 5)
    assert set(jobs["reason"]) >= {"RuntimeError: out of memory"}


# Warm start


def test_identical_data_begins_with_what_the_parent_saw():
    parent = tuning.tune(config("Random", jobs=30), hill)
    child = tuning.tune(
        config("Bayesian", jobs=10),
        hill,
        parents=[parent],
        warm_start="IdenticalDataAndAlgorithm",
    )
    cold = tuning.tune(config("Bayesian", jobs=10), hill)
    assert len(child.jobs) == 10
    assert child.jobs["value"].mean() > cold.jobs["value"].mean()


def test_transfer_tries_the_parents_best_first():
    parent = tuning.tune(config(jobs=30), hill)
    child = tuning.tune(
        config(jobs=8), hill, parents=[parent], warm_start="TransferLearning"
    )
    best = parent.jobs.nlargest(5, "value")
    assert child.jobs["eta"][:5].tolist() == best["eta"].tolist()


def test_a_parent_may_have_held_fixed_what_is_searched_now():
    fewer = {k: v for k, v in config()["ParameterRanges"].items() if "Integer" not in k}
    parent = tuning.tune(config(jobs=10, ranges=fewer), hill, static={"depth": 3})
    child = tuning.tune(
        config(jobs=5), hill, parents=[parent], warm_start="TransferLearning"
    )
    assert (child.jobs["depth"] == 3).all()


def test_parents_outside_the_new_ranges_are_left_out():
    parent = tuning.tune(config(jobs=30), hill)
    one = [{"Name": "booster", "Values": ["linear"]}]
    narrow = config()["ParameterRanges"] | {"CategoricalParameterRanges": one}
    child = tuning.tune(
        config(jobs=8, ranges=narrow),
        hill,
        parents=[parent],
        warm_start="TransferLearning",
    )
    linear = parent.jobs[parent.jobs["booster"] == "linear"].nlargest(5, "value")
    assert child.jobs["eta"][:5].tolist() == linear["eta"].tolist()


# A search in a storage


def test_a_killed_search_goes_on_and_loses_no_finished_job(tmp_path):
    storage = f"sqlite:///{tmp_path / 'tuning.db'}"
    script = textwrap.dedent(
        f"""
        import os, signal
        from labs_lib.train import tuning
        from tests.train.test_tuning import config, hill
        seen = []
        def train(h):
            seen.append(h)
            if len(seen) == 8:
                os.kill(os.getpid(), signal.{"SIGTERM" if os.name == "nt" else "SIGKILL"})
            return hill(h)
        tuning.tune(config(jobs=15), train, storage={storage!r})
        """
    )
    killed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=120
    )
    assert killed.returncode != 0, killed.stderr
    before = optuna.load_study(study_name="tuning", storage=storage).trials
    trained = []
    found = tuning.tune(
        config(jobs=15), lambda h: trained.append(h) or hill(h), storage=storage
    )
    assert len(found.jobs) == 15
    assert len(trained) == 8
    assert trained[0]["eta"] == before[7].params["eta"]
    assert found.jobs["eta"][:7].tolist() == [t.params["eta"] for t in before[:7]]
    assert found.jobs["eta"].is_unique


@pytest.mark.parametrize(("minutes", "jobs"), [(0, 1), (2, 2)])
def test_a_job_that_was_never_marked_is_run_again_after_a_while(minutes, jobs):
    storage = optuna.storages.InMemoryStorage()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(study_name="tuning", storage=storage, direction="maximize")
    begun = datetime.now() - timedelta(minutes=minutes)
    state = optuna.trial.TrialState.RUNNING
    left = optuna.trial.FrozenTrial(0, state, None, begun, None, {}, {}, {}, {}, {}, 0)
    storage.create_new_trial(study._study_id, left)
    assert len(tuning.tune(config(jobs=2), hill, storage=storage).jobs) == jobs


SHARE = """
import os
import time
from pathlib import Path
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from labs_lib.train import tuning
from tests.train.test_tuning import CATEGORIES, config, hill
# Both begin when both have imported what they need.
folder = Path({ready!r})
(folder / str(os.getpid())).touch()
while len(list(folder.iterdir())) < 2:
    time.sleep(0.01)
tuning.tune({config}, lambda h: time.sleep(0.2) or 1.0, storage={storage})
"""


def shared(storage, asked, loaded, processes=2):
    """Run a search in two processes that begin together; return the jobs that count."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(
        study_name="tuning", storage=loaded, direction="maximize", load_if_exists=True
    )
    with tempfile.TemporaryDirectory() as ready:
        script = SHARE.format(ready=ready, config=asked, storage=storage)
        both = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
        assert [process.wait(timeout=120) for process in both] == [0, 0]
    trials = optuna.load_study(study_name="tuning", storage=loaded).trials
    counted = [t for t in trials if t.state == optuna.trial.TrialState.COMPLETE]
    assert len({tuple(t.user_attrs["process"]) for t in counted}) == processes
    return counted


def test_two_processes_share_a_search(tmp_path):
    storage = f"sqlite:///{tmp_path / 'tuning.db'}"
    trials = shared(repr(storage), "config(jobs=12)", storage)
    assert len(trials) == 12
    assert len({t.params["eta"] for t in trials}) == 12


def test_two_processes_go_on_after_a_third_was_killed(tmp_path):
    """Both find the jobs that it left; each is run again once."""
    storage = f"sqlite:///{tmp_path / 'tuning.db'}"
    script = textwrap.dedent(
        f"""
        import os
        from labs_lib.train import tuning
        from tests.train.test_tuning import config
        jobs = []
        def train(h):
            jobs.append(h)
            return 1.0 if len(jobs) < 4 else os._exit(1)
        tuning.tune(config(jobs=14, parallel=4), train, storage={storage!r})
        """
    )
    subprocess.run([sys.executable, "-c", script], timeout=120, check=False)
    left = optuna.load_study(study_name="tuning", storage=storage).trials
    trials = shared(repr(storage), "config(jobs=14)", storage, processes=3)
    assert len(trials) == 14
    drawn = [t.params["eta"] for t in trials]
    assert len(set(drawn)) == 14
    assert {t.params["eta"] for t in left} <= set(drawn)


@pytest.mark.parametrize("strategy", ["Random", "Bayesian", "Grid"])
def test_many_threads_share_a_search(strategy):
    """They meet more often than processes do: no job too many, none twice, no error."""
    ranges = {"CategoricalParameterRanges": CATEGORIES} if strategy == "Grid" else None
    jobs = None if strategy == "Grid" else 12
    storage = optuna.storages.InMemoryStorage()
    asked = config(strategy, jobs=jobs, ranges=ranges, parallel=2)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(study_name="tuning", storage=storage, direction="maximize")
    begin = threading.Barrier(4)

    def join():
        begin.wait()
        return tuning.tune(asked, lambda _: 1.0, storage=storage)

    with ThreadPoolExecutor(4) as pool:
        found = [future.result() for future in [pool.submit(join) for _ in range(4)]]
    assert {one.ended_by for one in found} == {"MaxNumberOfTrainingJobs"}
    trials = optuna.load_study(study_name="tuning", storage=storage).trials
    done = [t for t in trials if t.state == optuna.trial.TrialState.COMPLETE]
    assert len(done) == (6 if strategy == "Grid" else 12)
    assert len({tuple(t.params.values()) for t in done}) == len(done)


def test_who_comes_when_others_run_the_last_job_waits_for_its_end():
    storage = optuna.storages.InMemoryStorage()
    began, may_end = threading.Event(), threading.Event()

    def train(hyperparameters):
        began.set()
        assert may_end.wait(60)
        return 1.0

    def join():
        return tuning.tune(config(jobs=1), train, storage=storage)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(join)
        assert began.wait(60)
        late = pool.submit(join)
        with pytest.raises(TimeoutError):
            late.result(timeout=0.3)
        may_end.set()
        assert late.result(60).value == first.result(60).value == 1.0
        assert len(late.result().jobs) == 1


def test_two_processes_share_a_grid_in_a_file(tmp_path):
    """A journal file also serves machines that see the same folder."""
    file = str(tmp_path / "tuning.log")
    asked = "config('Grid', jobs=None, ranges={'CategoricalParameterRanges': CATEGORIES})"
    journal = optuna.storages.journal.JournalFileBackend(file)
    trials = shared(
        f"JournalStorage(JournalFileBackend({file!r}))",
        asked,
        optuna.storages.JournalStorage(journal),
    )
    assert len(trials) == 6
    assert len({tuple(t.params.values()) for t in trials}) == 6


def test_another_search_under_the_same_name_is_refused(tmp_path):
    storage = f"sqlite:///{tmp_path / 'tuning.db'}"
    tuning.tune(config(jobs=2), hill, storage=storage)
    wider = {"ContinuousParameterRanges": [ETA | {"MaxValue": "0.9"}]}
    with pytest.raises(ValueError, match="another name"):
        tuning.tune(config(jobs=2, ranges=wider), lambda h: h["eta"], storage=storage)


# Expected improvement


def test_expected_improvement_is_high_where_the_function_is():
    rng = np.random.default_rng(0)
    points = rng.random((12, 1))
    values = np.sin(6 * points[:, 0])
    candidates = np.linspace(0, 1, 7)[:, None]
    gain = expected_improvement(points, values, candidates)
    assert (gain >= 0).all()
    # Where the function is near its top, or unknown, more is expected than at its bottom.
    assert gain[int(np.argmax(np.sin(6 * candidates[:, 0])))] > gain[5]


def test_expected_improvement_against_simulation():
    rng = np.random.default_rng(0)
    points, values = rng.random((8, 2)), rng.normal(size=8)
    candidates = rng.random((5, 2))
    kernel = learn(points, values)
    y = (values - values.mean()) / values.std()
    model = GaussianProcessRegressor(kernel, optimizer=None).fit(points, y)
    mean, covariance = model.predict(candidates, return_cov=True)
    without_noise = np.diag(covariance) - kernel.k2.noise_level
    drawn = rng.normal(mean, np.sqrt(without_noise), (200_000, 5))
    expected = np.maximum(drawn - y.max(), 0).mean(axis=0)
    gain = expected_improvement(points, values, candidates, kernel=kernel)
    np.testing.assert_allclose(gain, expected, atol=0.005)


def test_less_is_expected_where_a_job_runs_already():
    rng = np.random.default_rng(1)
    points = rng.random((12, 2))
    values = -((points - 0.6) ** 2).sum(axis=1)
    candidates = rng.random((50, 2))
    alone = expected_improvement(points, values, candidates)
    best = int(np.argmax(alone))
    beside = expected_improvement(points, values, candidates, pending=candidates[[best]])
    assert beside[best] < 0.5 * alone[best]


# Bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Strategy": "Genetic"}, "Strategy"),
        ({"Strategy": "Grid"}, "CategoricalParameterRanges"),
        (
            {"ParameterRanges": {"ContinuousParameterRanges": [ETA | {"MinValue": "0.9"}]}},
            "Max",
        ),
        (
            {
                "ParameterRanges": {
                    "ContinuousParameterRanges": [
                        ETA | {"MinValue": "0", "ScalingType": "Logarithmic"}
                    ]
                }
            },
            "Logarithmic",
        ),
        (
            {"TrainingJobEarlyStoppingType": "Auto", "Strategy": "Hyperband"},
            "EarlyStopping",
        ),
        (
            {"HyperParameterTuningJobObjective": {"Type": "Best", "MetricName": "auc"}},
            "Maximize",
        ),
        (
            {
                "ResourceLimits": {
                    "MaxParallelTrainingJobs": 5,
                    "MaxNumberOfTrainingJobs": 4,
                }
            },
            "MaxParallelTrainingJobs is 5, with 4 jobs in all",
        ),
        ({"ParameterRanges": {"ContinuousParameterRanges": [ETA, ETA]}}, "'eta' again"),
        (
            {"ParameterRanges": {"CategoricalParameterRanges": [TWICE]}},
            "has 'dart' twice",
        ),
        ({"ParameterRanges": {"IntegerParameterRanges": [DEPTH]}}, "combinations"),
    ],
)
def test_what_aws_would_reject(change, message):
    with pytest.raises(aws.RequestError, match=message):
        tuning.tune(config() | change, hill)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ParameterRanges": {}}, "no hyperparameter"),
        ({"ResourceLimits": {"MaxParallelTrainingJobs": 1}}, "MaxNumberOfTrainingJobs"),
        (
            {
                "TuningJobCompletionCriteria": {
                    "ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}
                }
            },
            "not reproduced",
        ),
        (
            {"ParameterRanges": {"AutoParameters": [{"Name": "x", "ValueHint": "1"}]}},
            "AutoP",
        ),
        ({"Strategy": "Hyperband"}, "MaxResource"),
        (
            {
                "Strategy": "Hyperband",
                "StrategyConfig": {
                    "HyperbandStrategyConfig": {"MinResource": 9, "MaxResource": 3}
                },
            },
            "MinResource 9",
        ),
    ],
)
def test_what_cannot_be_run(change, message):
    with pytest.raises(ValueError, match=message):
        tuning.tune(config() | change, hill)


def test_no_objective():
    wanting = config()
    del wanting["HyperParameterTuningJobObjective"]
    with pytest.raises(ValueError, match="Objective"):
        tuning.tune(wanting, hill)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"surrogate": "forest"}, "surrogate"),
        ({"warm_start": "TransferLearning"}, "both"),
        ({"static": {"eta": 0.1}}, "StaticHyperParameters.eta is searched too"),
        (
            {"metrics": ["logloss", "error"]},
            "'auc', which the training job does not report",
        ),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        tuning.tune(config(), hill, **options)


def test_wrong_parents():
    parent = tuning.tune(config(jobs=3), hill)
    options = {"parents": [parent], "warm_start": "IdenticalDataAndAlgorithm"}
    with pytest.raises(ValueError, match="Expected one of|expected one of"):
        tuning.tune(config(), hill, parents=[parent], warm_start="Same")
    with pytest.raises(ValueError, match="at most 5"):
        tuning.tune(config(), hill, **(options | {"parents": [parent] * 6}))
    other = {"HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "f1"}}
    with pytest.raises(ValueError, match="same objective"):
        tuning.tune(config() | other, hill, **options)
    real = {"ContinuousParameterRanges": [ETA, DEPTH | {"MaxValue": "8.5"}]}
    real |= {"CategoricalParameterRanges": CATEGORIES[:1]}
    with pytest.raises(ValueError, match="depth was integer in a parent and is continuous"):
        tuning.tune(config(ranges=real), hill, **options)
    more = {"CategoricalParameterRanges": CATEGORIES}
    with pytest.raises(ValueError, match="policy"):
        tuning.tune(config(jobs=6, ranges=more), hill, **options)
    changed = {f"fixed_{i}": i for i in range(6)}
    fixed = tuning.tune(config(jobs=3), hill, static=dict.fromkeys(changed, -1))
    with pytest.raises(ValueError, match="Each counts twice"):
        tuning.tune(config(), hill, static=changed, **(options | {"parents": [fixed]}))
    with pytest.raises(ValueError, match="at most 750"):
        tuning.tune(config(jobs=748), hill, **options)
    grid = config("Grid", jobs=None, ranges={"CategoricalParameterRanges": CATEGORIES})
    with pytest.raises(ValueError, match="warm start works"):
        tuning.tune(grid, hill, **options)


def test_every_job_failed():
    with pytest.raises(ValueError, match="KeyError"):
        tuning.tune(config(jobs=3), lambda h: h["missing"])
    with pytest.raises(ValueError, match="after each epoch"):
        tuning.tune(config("Hyperband", jobs=3), hill, static={"epochs": 9})


# Names and values are the user's

NAMES = st.sampled_from(["job", "status", "value", "epochs", "best", "reason"]) | st.text(
    st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=5
)


def named(eta, depth, booster):
    """Return ranges like those of `config`, under other names."""
    return {
        "ContinuousParameterRanges": [ETA | {"Name": eta}],
        "IntegerParameterRanges": [DEPTH | {"Name": depth}],
        "CategoricalParameterRanges": [CATEGORIES[0] | {"Name": booster}],
    }


@settings(max_examples=25, deadline=None)
@given(st.lists(NAMES, min_size=3, max_size=3, unique=True), st.booleans())
def test_another_name_changes_nothing_but_the_name(names, shared):
    early = {"TrainingJobEarlyStoppingType": "Auto"}
    known = dict(zip(names, ("eta", "depth", "booster"), strict=True))

    def curve(h):
        yield hill(h) - 1
        yield hill(h)

    def renamed(h):
        return curve({known[name]: value for name, value in h.items()})

    plain = tuning.tune(config(jobs=6, **early), curve)
    storage = optuna.storages.InMemoryStorage() if shared else None
    other = config(jobs=6, ranges=named(*names), **early)
    found = tuning.tune(other, renamed, storage=storage)
    own = ["job", "status", "value", "epochs", "best", "reason"]
    if not shared:  # a shared search draws from a generator for each job
        assert found.jobs[own].equals(plain.jobs[own])
        back = found.hyperparameters.rename(columns=known)
        assert back.equals(plain.hyperparameters)
    order = [names[1], names[0], names[2]]  # integers come first
    assert list(found.hyperparameters.columns) == order
    assert list(found.jobs.columns) == own + [name for name in order if name not in own]
    rest = found.jobs.columns.difference(own)
    assert found.jobs[rest].equals(found.hyperparameters[rest])
    child = tuning.tune(
        config("Bayesian", jobs=1, ranges=named(*names)),
        lambda h: hill({known[name]: value for name, value in h.items()}),
        parents=[found],
        warm_start="TransferLearning",
    )
    # What is tried first is the parent's best job.
    assert child.best == pytest.approx(found.best)
    assert child.value == pytest.approx(found.value)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["IdenticalDataAndAlgorithm", "TransferLearning"]),
    st.sampled_from(
        [("eta", 0.1, "0.10"), ("depth", 4, "4.0"), ("booster", "linear", "linear")]
    ),
    st.sampled_from([(0.5, "0.50"), (7, "7"), (True, "true"), ("gbtree", "gbtree")]),
)
def test_statics_may_be_text(warm_start, moved, fixed):
    name, value, text = moved
    kinds = named("eta", "depth", "booster")
    left = {kind: r for kind, r in kinds.items() if r[0]["Name"] != name}

    def child(static, fixed):
        parent = tuning.tune(
            config(jobs=4, ranges=left),
            lambda h: hill(h | {name: value}),
            static={name: static, "fixed": fixed},
        )
        found = tuning.tune(
            config("Bayesian", jobs=12, ranges=kinds),
            hill,
            static={"fixed": fixed},
            parents=[parent],
            warm_start=warm_start,
        )
        return found.jobs

    as_numbers = child(value, fixed[0])
    assert child(text, fixed[1]).equals(as_numbers)
    if warm_start == "TransferLearning":
        assert (as_numbers[name][:4] == value).all()


def test_a_static_value_is_the_same_as_text():
    """Five changes are allowed; 1 and "1.0" are none."""
    numbers = {f"fixed_{i}": i for i in range(9)}
    texts = {name: f"{value}.0" for name, value in numbers.items()}
    parent = tuning.tune(config(jobs=3), hill, static=texts)
    found = tuning.tune(
        config(jobs=3),
        hill,
        static=numbers,
        parents=[parent],
        warm_start="TransferLearning",
    )
    assert found.static == numbers


@pytest.mark.parametrize("epochs", ["9", "9.0", 9, 9.0])
def test_hyperband_reads_epochs_from_text(epochs):
    def curve(h):
        return (hill(h) + epoch / 10 for epoch in range(20))

    found = tuning.tune(config("Hyperband", jobs=3), curve, static={"epochs": epochs})
    assert found.jobs["epochs"].max() == 9


@pytest.mark.parametrize("epochs", ["many", "9.5", None, [9]])
def test_hyperband_says_which_epochs_it_cannot_read(epochs):
    with pytest.raises(ValueError, match="hyperparameter epochs is .* whole number"):
        tuning.tune(config("Hyperband", jobs=3), hill, static={"epochs": epochs})


@pytest.mark.parametrize("surrogate", ["tpe", "gp"])
def test_the_first_ten_bayesian_jobs_are_random(surrogate):
    """They do not depend on what came out, the eleventh does."""
    ranges = {"ContinuousParameterRanges": [ETA]}
    up, down = (
        tuning.tune(
            config("Bayesian", jobs=12, ranges=ranges),
            lambda h, sign=sign: sign * h["eta"],
            surrogate=surrogate,
        ).jobs["eta"]
        for sign in (1, -1)
    )
    assert up[:10].equals(down[:10])
    assert (up[10:] != down[10:]).any()
