"""What a replayed job costs beside its sampler: ``python tests/benchmarks/bench_tuning.py``.

Median of five, processor time, on the stored grid of payments. Targets: at most 0.1 ms a job beside
Optuna's own time; 100 jobs of random search in 0.03 s, of TPE in 0.3 s; a step of the Gaussian
process in about 30 ms.
"""

import statistics
import time
from collections.abc import Callable

import optuna

from labs_lib.experiments.train import _searches
from labs_lib.train.tuning import GaussianProcessSampler
from labs_lib.train.tuning.plan import read

RUNS, JOBS = 5, 100


def seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def bare(sampler: optuna.samplers.BaseSampler, distributions) -> None:
    """Optuna asks and is told, and nothing else."""
    study = optuna.create_study(sampler=sampler, direction="maximize")
    grid = _searches.replay("payments")
    for _ in range(JOBS):
        trial = study.ask(distributions)
        study.tell(trial, grid(trial.params)[-1])


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    grid = _searches.replay("payments")
    setting = grid.settings.iloc[0].to_dict()
    looked_up = seconds(lambda: [grid(setting) for _ in range(10_000)]) / 10_000
    print(f"a look-up: {1e6 * looked_up:.1f} microseconds")

    limits = {"MaxNumberOfTrainingJobs": JOBS, "MaxParallelTrainingJobs": 1}
    config = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
        "ResourceLimits": limits,
        "ParameterRanges": _searches.ranges(_searches.BOX),
    }
    distributions = read(config, static={}).distributions
    for name, strategy, surrogate, sampler, target in (
        ("random", "Random", "tpe", lambda: optuna.samplers.RandomSampler(seed=0), 0.03),
        ("TPE", "Bayesian", "tpe", lambda: optuna.samplers.TPESampler(seed=0), 0.3),
        (
            "Gaussian process",
            "Bayesian",
            "gp",
            lambda: GaussianProcessSampler(seed=0, distributions=distributions),
            3.0,
        ),
    ):
        whole, alone = [], []
        for _ in range(RUNS):  # in turns, so that a busy moment meets both
            whole.append(
                seconds(
                    lambda strategy=strategy, surrogate=surrogate: _searches.search(
                        "payments", strategy, seed=0, surrogate=surrogate
                    )
                )
            )
            alone.append(seconds(lambda sampler=sampler: bare(sampler(), distributions)))
        beside = statistics.median(w - a for w, a in zip(whole, alone, strict=True)) / JOBS
        print(
            f"{name}: {JOBS} jobs in {statistics.median(whole):.3f} s (target {target} s), "
            f"of which the sampler {statistics.median(alone):.3f} s; "
            f"beside it {1e3 * beside:.3f} ms a job (target 0.1 ms)"
        )


if __name__ == "__main__":
    main()
