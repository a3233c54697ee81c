"""What a replayed job costs beside its sampler: ``python tests/benchmarks/bench_tuning.py``.

Median of five, processor time, on the stored grid of payments. Targets: at most 0.1 ms a job beside
Optuna's own time; 100 jobs of random search in 0.03 s, of TPE in 0.3 s; a step of the Gaussian
process in about 30 ms.
"""

import functools
import statistics
import time
from collections.abc import Callable
from unittest import mock

import optuna

from labs_lib.course import store
from labs_lib.train.tuning import TuningJob, tune
from labs_lib.train.tuning.replay import Replay

RUNS, JOBS = 5, 100
SCALES = {
    "eta": "Logarithmic",
    "max_depth": "Linear",
    "min_child_weight": "Logarithmic",
    "subsample": "Linear",
    "colsample_bytree": "Linear",
    "lambda": "Logarithmic",
}


def search(grid: Replay, strategy: str, surrogate: str) -> TuningJob:
    """Search the whole range of each hyperparameter of a grid."""
    ends = grid.settings.agg(["min", "max"])
    ranges = [
        {
            "Name": name,
            "MinValue": str(ends[name]["min"]),
            "MaxValue": str(ends[name]["max"]),
            "ScalingType": scale,
        }
        for name, scale in SCALES.items()
    ]
    config = {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": JOBS, "MaxParallelTrainingJobs": 1},
        "ParameterRanges": {"ContinuousParameterRanges": ranges},
    }
    return tune(config, grid, surrogate=surrogate)


def seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def timed_search(run: Callable[[], object]) -> tuple[float, float]:
    """Return the processor seconds of a search, and those inside Optuna's ask and tell."""
    spent = 0.0

    def timed(method):
        @functools.wraps(method)
        def call(*args, **options):
            nonlocal spent
            start = time.process_time()
            try:
                return method(*args, **options)
            finally:
                spent += time.process_time() - start

        return call

    study = optuna.Study
    with (
        mock.patch.object(study, "ask", timed(study.ask)),
        mock.patch.object(study, "tell", timed(study.tell)),
    ):
        whole = seconds(run)
    return whole, spent


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    grid = Replay(store.load("train/tune/payments"), scales=SCALES)
    setting = grid.settings.iloc[0].to_dict()
    looked_up = seconds(lambda: [grid(setting) for _ in range(10_000)]) / 10_000
    print(f"a look-up: {1e6 * looked_up:.1f} microseconds")

    for name, strategy, surrogate, target in (
        ("random", "Random", "tpe", 0.03),
        ("TPE", "Bayesian", "tpe", 0.3),
        ("Gaussian process", "Bayesian", "gp", 3.0),
    ):
        run = functools.partial(search, grid, strategy, surrogate)
        whole, alone = zip(*[timed_search(run) for _ in range(RUNS)], strict=True)
        beside = statistics.median(w - a for w, a in zip(whole, alone, strict=True)) / JOBS
        print(
            f"{name}: {JOBS} jobs in {statistics.median(whole):.3f} s (target {target} s), "
            f"of which Optuna and the sampler {statistics.median(alone):.3f} s; "
            f"beside them {1e3 * beside:.3f} ms a job (target 0.1 ms)"
        )


if __name__ == "__main__":
    main()
