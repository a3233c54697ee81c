import math

import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.train.tuning_jobs.exercises import lab
from labs_lib.train.tuning import tune
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart, or that are right answers themselves; see mutation.py.
EQUIVALENT = {
    "ex1: if not 0.2 <= (x - low) / (high - low) <= 0.8: → if not 0.2 < (x - low) / (high - low) <= 0.8:": "a place of exactly a fifth is a matter of rounding",
    "ex1: if not 0.2 <= (x - low) / (high - low) <= 0.8: → if not 0.2 <= (x - low) / (high - low) < 0.8:": "a place of exactly four fifths is a matter of rounding",
}


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def too_narrow(jobs, ranges):
    best = jobs.nlargest(5, "value")
    names = []
    for name, (low, high, scaling) in ranges.items():
        x = best[name].median()
        log = scaling == "Logarithmic"
        place = (
            math.log(x / low) / math.log(high / low) if log else (x - low) / (high - low)
        )
        if place < 0.2 or place > 0.8:
            names.append(name)
    return names


def by_the_mean_place(jobs, ranges):
    best = jobs.sort_values("value").tail(5)
    found = set()
    for name, (low, high, scaling) in ranges.items():
        change = np.log if scaling == "Logarithmic" else np.asarray
        place = (change(best[name]) - change(low)) / (change(high) - change(low))
        if not 0.2 <= place.mean() <= 0.8:
            found.add(name)
    return found


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (too_narrow,),
            (lambda j, r: {n: n in too_narrow(j, r) for n in r},),
            (lambda j, r: pd.Series({n: n in too_narrow(j, r) for n in r}),),
        ],
        wrong={
            "linear": (
                lambda jobs, ranges: too_narrow(
                    jobs, {n: (a, b, "Linear") for n, (a, b, _) in ranges.items()}
                ),
            ),
            "worst": (
                lambda jobs, ranges: too_narrow(jobs.assign(value=-jobs["value"]), ranges),
            ),
            "one_end": (
                lambda jobs, ranges: [
                    name
                    for name in too_narrow(jobs, ranges)
                    if jobs.nlargest(5, "value")[name].median()
                    < math.sqrt(ranges[name][0] * ranges[name][1])
                ],
            ),
            "few": (lambda jobs, ranges: too_narrow(jobs.nlargest(1, "value"), ranges),),
            "mean": (by_the_mean_place,),
            "other": (lambda jobs, ranges: list(ranges),),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("few", [1, 2, 3])
def test_ex1_refuses_too_few_of_the_best(few):
    outcome = lab.ex1.check(lambda jobs, r: too_narrow(jobs.nlargest(few, "value"), r))
    assert outcome.misconception == "few"


def test_ex1_refuses_the_mean_of_the_values():
    def answer(jobs, ranges):
        best = jobs.nlargest(5, "value").mean().to_frame().T
        return too_narrow(best, ranges)

    assert lab.ex1.check(answer).misconception == "mean"


@pytest.mark.parametrize("kind", [list, tuple, set, dict.fromkeys])
def test_ex1_takes_any_container(kind):
    outcome = lab.ex1.check(lambda jobs, ranges: kind(too_narrow(jobs, ranges)))
    assert outcome.status == "passed"


# Exercise 2 --------------------------------------------------------------------------------


def parts(request):
    limits = request["HyperParameterTuningJobConfig"]["ResourceLimits"]
    return limits, request["TrainingJobDefinition"]


def most_hours(request):
    limits, job = parts(request)
    seconds = limits["MaxRuntimeInSeconds"] * limits["MaxParallelTrainingJobs"]
    return job["ResourceConfig"]["InstanceCount"] * seconds / 60 / 60


def test_ex2():
    def by(*factors):
        return lambda request: np.prod([f(request) for f in factors]) / 3600

    def search(request):
        return parts(request)[0]["MaxRuntimeInSeconds"]

    def single(request):
        return parts(request)[1]["StoppingCondition"]["MaxRuntimeInSeconds"]

    def jobs(request):
        return parts(request)[0]["MaxNumberOfTrainingJobs"]

    def parallel(request):
        return parts(request)[0]["MaxParallelTrainingJobs"]

    def instances(request):
        return parts(request)[1]["ResourceConfig"]["InstanceCount"]

    assert_exercise(
        lab.ex2,
        right=[
            (most_hours,),
            (by(search, parallel, instances),),
            (lambda request: np.array([most_hours(request)]),),
        ],
        wrong={
            "stopping": (by(single, parallel, instances),),
            "tighter": (
                lambda request: min(
                    most_hours(request), by(single, jobs, instances)(request)
                ),
            ),
            "jobs": (by(search, jobs, instances),),
            "one_instance": (by(search, parallel),),
            "one_job": (by(search, instances),),
            "alone": (by(search),),
            "seconds": (lambda request: 3600 * most_hours(request),),
            "minutes": (lambda request: 60 * most_hours(request),),
            None: (lambda request: 1.0,),
        },
        stub=(stub,),
    )


# Exercise 3 --------------------------------------------------------------------------------

RIGHT = {"a": "taken", "b": "refused", "c": "taken", "d": "refused", "e": "refused"}
RANGES = {"eta": (0.01, 0.64), "max_depth": (2, 8), "lambda": (1, 10)}


def configuration(ranges, *, metric="validation:aucpr", strategy="Bayesian"):
    items = [
        {"Name": name, "MinValue": str(low), "MaxValue": str(high)}
        for name, (low, high) in ranges.items()
    ]
    kinds = {"IntegerParameterRanges": [], "ContinuousParameterRanges": []}
    for item in items:
        kind = "Integer" if item["Name"] == "max_depth" else "Continuous"
        kinds[f"{kind}ParameterRanges"].append(item)
    if strategy == "Grid":
        values = [{"Name": name, "Values": ["2", "4"]} for name in ranges]
        kinds = {"CategoricalParameterRanges": values}
    return {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": metric},
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs": 2 ** len(ranges),
            "MaxParallelTrainingJobs": 1,
        },
        "ParameterRanges": kinds,
    }


CHILDREN = {
    "a": (configuration({"eta": (0.05, 0.4), "max_depth": (3, 6), "lambda": (2, 6)}), {}),
    "b": (configuration(RANGES, metric="validation:auc"), {}),
    "c": (
        configuration({name: RANGES[name] for name in ("eta", "lambda")}),
        {"max_depth": "4"},
    ),
    "d": (configuration(RANGES, strategy="Grid"), {}),
    "e": (configuration(RANGES | {"gamma": (0, 5)}), {}),
}


@pytest.mark.parametrize("child", CHILDREN)
def test_ex3_agrees_with_the_engine(child):
    def train(hyperparameters):
        return -abs(float(hyperparameters["eta"]) - 0.1)

    parent = tune(configuration(RANGES, strategy="Random"), train)
    config, static = CHILDREN[child]
    warm = {"parents": [parent], "warm_start": "IdenticalDataAndAlgorithm"}
    if RIGHT[child] == "refused":
        with pytest.raises(ValueError, match=r"objective|Grid|gamma"):
            tune(config, train, static=static, **warm)
    else:
        assert len(tune(config, train, static=static, **warm).jobs)


def test_ex3():
    other = {"taken": "refused", "refused": "taken"}
    names = dict(
        zip("abcde", ("ranges", "metric", "static", "strategy", "unknown"), strict=True)
    )
    assert_exercise(
        lab.ex3,
        right=[(RIGHT,), (pd.Series(RIGHT),), (list(RIGHT.items()),)],
        wrong={
            name: (RIGHT | {child: other[RIGHT[child]]},) for child, name in names.items()
        },
        stub=(...,),
    )
