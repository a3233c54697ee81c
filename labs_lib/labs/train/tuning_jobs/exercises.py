"""Exercises of the lab train/tuning_jobs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/tuning_jobs")

lab.predict("narrowing", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: which range is too narrow? ------------------------------------------------------

_BOUNDS = {
    "eta": (0.01, 1.0, "Logarithmic"),
    "depth": (2.0, 10.0, "Linear"),
    "lambda": (1.0, 100.0, "Logarithmic"),
    "subsample": (0.5, 1.0, "Linear"),
}


def _scaled(u: np.ndarray, low: float, high: float, scaling: str) -> np.ndarray:
    if scaling == "Linear":
        return low + u * (high - low)
    return low * (high / low) ** u


def _jobs(places: dict[str, float | tuple], seed: int) -> pd.DataFrame:
    """Return 30 jobs whose five best lie at these places, or around one, 0 to 1 on each scale."""
    rng = np.random.default_rng(seed)
    u = {name: rng.random(30) for name in _BOUNDS}
    for name, place in places.items():
        about = np.zeros(5) if isinstance(place, tuple) else rng.uniform(-0.05, 0.05, 5)
        u[name][:5] = np.clip(place + about, 0, 1)
    value = np.append(
        np.sort(rng.uniform(0.8, 0.9, 5))[::-1], rng.uniform(0.1, 0.7, 25)
    )
    columns = {
        name: _scaled(u[name], low, high, scaling)
        for name, (low, high, scaling) in _BOUNDS.items()
    }
    return pd.DataFrame(columns | {"value": value}).sample(frac=1, random_state=seed)


_SEARCHES = [
    (
        {"eta": 0.06, "depth": 0.5, "lambda": 0.5, "subsample": 0.94},
        {"eta", "subsample"},
    ),
    (
        {"eta": 0.5, "depth": 0.07, "lambda": 0.93, "subsample": 0.4},
        {"depth", "lambda"},
    ),
    ({"eta": 0.35, "depth": 0.6, "lambda": 0.4, "subsample": 0.6}, set()),
    # The best job, or the best three, lie where the five do not.
    (
        {
            "eta": (0.04, 0.50, 0.45, 0.55, 0.60),
            "depth": (0.95, 0.90, 0.50, 0.55, 0.45),
            "lambda": (0.50, 0.10, 0.12, 0.08, 0.10),
            "subsample": 0.5,
        },
        {"lambda"},
    ),
    # The fifth job decides, and the sixth is too many.
    (
        {
            "eta": (0.30, 0.10, 0.30, 0.19, 0.10),
            "depth": (0.70, 0.90, 0.70, 0.81, 0.90),
            "lambda": 0.5,
            "subsample": 0.5,
        },
        {"eta", "depth"},
    ),
    # Just inside and just outside of a fifth from each end.
    (
        {
            "eta": (0.22,) * 5,
            "depth": (0.18,) * 5,
            "lambda": (0.78,) * 5,
            "subsample": (0.82,) * 5,
        },
        {"depth", "subsample"},
    ),
    # The median and the mean of the five disagree.
    (
        {
            "eta": (0.05, 0.95, 0.10, 0.90, 0.15),
            "depth": (0.25, 0.02, 0.25, 0.02, 0.30),
            "lambda": (0.95, 0.40, 0.90, 0.30, 0.85),
            "subsample": 0.5,
        },
        {"eta", "lambda"},
    ),
]


def _edges(
    *,
    linear: bool = False,
    worst: bool = False,
    ends: str = "both",
    top: int = 5,
    mean: str = "",
) -> list[set[str]]:
    """Return the names that a way of looking gives in each search."""
    found = []
    for number, (places, _) in enumerate(_SEARCHES):
        jobs = _jobs(places, number)
        some = jobs.nsmallest(top, "value") if worst else jobs.nlargest(top, "value")
        names = set()
        for name, (low, high, scaling) in _BOUNDS.items():
            change = np.log if scaling == "Logarithmic" and not linear else np.asarray
            if mean == "of places":
                x = change(some[name]).mean()
            else:
                x = change(some[name].mean() if mean else some[name].median())
            a, b = change(low), change(high)
            place = (x - a) / (b - a)
            if (place < 0.2 and ends != "high") or (place > 0.8 and ends != "low"):
                names.add(name)
        found.append(names)
    return found


def _names(answer: Any) -> set:
    """Return the names; of a mapping to yes and no, those with yes."""
    if isinstance(answer, pd.Series) and answer.dtype == bool:
        return set(answer.index[answer])
    if isinstance(answer, dict) and all(isinstance(v, bool) for v in answer.values()):
        return {name for name, yes in answer.items() if yes}
    return {answer} if isinstance(answer, str) else set(answer)


@lab.exercise(
    "which range is too narrow?",
    hints=(
        "Where do the five best jobs lie in their range, as a number from 0 (low end) to 1 (high "
        "end)? Both ends are suspicious.",
        "On a logarithmic scale the place is `log(x / low) / log(high / low)`.",
        "`jobs.nlargest(5, 'value')[name].median()`, turned into a place; too narrow if it is below "
        "a fifth or above four fifths.",
    ),
    misconceptions={
        "linear": "You measure the place on a linear scale. On a logarithmic one, 0.1 is the middle "
        "of 0.01 to 1; on a linear one it looks like the low end.",
        "worst": "You look at the jobs with the lowest objective. It is to be maximized.",
        "few": "You look at fewer than the five best jobs. One or three may lie anywhere by chance.",
        "mean": "You take the mean of the five, which one far job moves a lot. Take the median.",
        "one_end": "You look at one end of the range only. The optimum may lie beyond either.",
        "other": "In one search the five best jobs lie at the ends of {expected}; you returned "
        "{got}.",
    },
    praise="Look at this table before you trust a search in a narrow box.",
)
def ex1(too_narrow: Callable) -> Wrong | None:
    """Any container of the right names passes."""
    got = [
        _names(too_narrow(_jobs(places, number), dict(_BOUNDS)))
        for number, (places, _) in enumerate(_SEARCHES)
    ]
    expected = [names for _, names in _SEARCHES]
    if got == expected:
        return None
    if got == _edges(linear=True):
        return wrong("linear")
    if got in (_edges(worst=True), _edges(worst=True, linear=True)):
        return wrong("worst")
    if got in [_edges(top=few) for few in (1, 2, 3)]:
        return wrong("few")
    if got in (_edges(mean="of places"), _edges(mean="of values")):
        return wrong("mean")
    if got in (_edges(ends="low"), _edges(ends="high")):
        return wrong("one_end")
    bad = next(i for i in range(len(got)) if got[i] != expected[i])
    return wrong(
        "other",
        expected=", ".join(sorted(expected[bad])) or "no range",
        got=", ".join(sorted(map(str, got[bad]))) or "no range",
    )


# Exercise 2: the most that it can cost ---------------------------------------------------


def _request(
    seconds: int, parallel: int, instances: int, *, jobs: int = 60, each: int = 3_600
) -> dict[str, Any]:
    """Return the parts of a request that hold a number."""
    limits = {
        "MaxNumberOfTrainingJobs": jobs,
        "MaxParallelTrainingJobs": parallel,
        "MaxRuntimeInSeconds": seconds,
    }
    definition = {
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": instances,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": each},
    }
    return {
        "HyperParameterTuningJobConfig": {"ResourceLimits": limits},
        "TrainingJobDefinition": definition,
    }


def _hours(
    request: dict,
    *,
    each: bool = False,
    jobs: bool = False,
    parallel: bool = True,
    instances: bool = True,
    unit: float = 3_600,
) -> float:
    """Return what a way of reading the request gives, in hours."""
    limits = request["HyperParameterTuningJobConfig"]["ResourceLimits"]
    definition = request["TrainingJobDefinition"]
    seconds = definition["StoppingCondition"] if each else limits
    found = seconds["MaxRuntimeInSeconds"] / unit
    found *= limits["MaxParallelTrainingJobs"] if parallel else 1
    found *= limits["MaxNumberOfTrainingJobs"] if jobs else 1
    return found * (definition["ResourceConfig"]["InstanceCount"] if instances else 1)


lab.function(
    "the most that it can cost",
    cases=(
        (_request(36_000, 4, 1),),
        (_request(36_000, 4, 2),),
        (_request(7_200, 1, 3, jobs=20, each=1_800),),
        (_request(5_400, 3, 2, jobs=100, each=86_400),),
        (_request(120, 10, 1, jobs=12, each=60),),
        (_request(86_400, 1, 1, jobs=1, each=900),),
    ),
    right=_hours,
    mistakes={
        "stopping": (
            "You read `StoppingCondition`. That is the time of one training job. The time of the "
            "whole search stands in `ResourceLimits`.",
            lambda request: _hours(request, each=True),
            lambda request: _hours(request, each=True, jobs=True, parallel=False),
            lambda request: _hours(request, each=True, jobs=True),
            lambda request: _hours(
                request, each=True, jobs=True, parallel=False, instances=False
            ),
        ),
        "tighter": (
            "Right, a search cannot use more than all its jobs together. But the guide's bound "
            "does not look at single jobs: search, times jobs at a time, times instances.",
            lambda request: min(
                _hours(request), _hours(request, each=True, jobs=True, parallel=False)
            ),
        ),
        "jobs": (
            "You multiply by the number of jobs. `MaxRuntimeInSeconds` in `ResourceLimits` is the "
            "time of all of them together; what counts is how many run at the same time.",
            lambda request: _hours(request, jobs=True, parallel=False),
            lambda request: _hours(request, jobs=True),
        ),
        "one_instance": (
            "A training job may use several instances, and each of them is paid.",
            lambda request: _hours(request, instances=False),
        ),
        "one_job": (
            "Several jobs run at the same time. Each of them has its own instances.",
            lambda request: _hours(request, parallel=False),
        ),
        "alone": (
            "That is how long the search may take. While it runs, several jobs run at the same "
            "time, on several instances each.",
            lambda request: _hours(request, parallel=False, instances=False),
        ),
        "seconds": (
            "These are seconds of instances. The bill is wanted in hours.",
            lambda request: _hours(request, unit=1),
        ),
        "minutes": (
            "An hour has 3,600 seconds.",
            lambda request: _hours(request, unit=60),
        ),
    },
    hints=(
        "How long may the whole search run? How many machines may run at one moment in that time?",
        "Two limits of time stand in the request. One is in `ResourceLimits`, for the search; one "
        "in `StoppingCondition`, for a single job.",
        "Seconds of the search, times jobs at a time, times instances of a job, divided by 3,600.",
    ),
    praise="Set `MaxRuntimeInSeconds` in `ResourceLimits` before you go home.",
)


# Exercise 3: which parent? ---------------------------------------------------------------


lab.match(
    "which parent?",
    right={"a": "taken", "b": "refused", "c": "taken", "d": "refused", "e": "refused"},
    options=("taken", "refused"),
    mistakes={
        "ranges": (
            "In a only the ranges differ. A warm start may search wider or narrower ones.",
            "a",
        ),
        "metric": (
            "In b look at the objective metric. Values of another metric say nothing about this "
            "one, so parent and child need the same.",
            "b",
        ),
        "static": (
            "In c the depth was searched and is now fixed. Such a change is allowed: both searches "
            "know the same hyperparameters.",
            "c",
        ),
        "strategy": (
            "In d look at the strategy. A warm start needs one that can use old jobs, or draws on: "
            "Bayesian or Random.",
            "d",
        ),
        "unknown": (
            "In e the child has a hyperparameter that its parent did not have. The parent's jobs "
            "say nothing about it.",
            "e",
        ),
    },
    hints=(
        "What would the old scores be worth to the new search? That answers four of the five.",
        "Two are taken. Ranges may change, and a hyperparameter may become fixed.",
        "Try it: `tune(configuration(...), job, parents=[first], warm_start=...)`.",
    ),
    praise="The rule behind all of them: the old jobs have to be jobs that the new search could "
    "have run, or nearly so.",
)
