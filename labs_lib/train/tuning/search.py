"""Run a tuning job: choose hyperparameters, train, stop, until the configuration says so."""

import itertools
import math
import os
import platform
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from numbers import Integral, Real
from typing import Any

import numpy as np
import optuna
import pandas as pd
import psutil
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    IntDistribution,
)
from optuna.exceptions import UpdateFinishedTrialError
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, Trial, TrialState

from labs_lib.train.tuning import trials
from labs_lib.train.tuning.gaussian_process import GaussianProcessSampler
from labs_lib.train.tuning.plan import NOT_IMPROVING, Plan, equal, read
from labs_lib.train.tuning.stopping import Hyperband, MedianRule
from labs_lib.train.tuning.tpe import StableTPESampler

Curve = Iterable[float]
Train = Callable[[dict[str, Any]], float | Curve]

COLUMNS = ("job", "status", "value", "epochs", "best", "reason")
"""What the table of jobs says of each job, besides its hyperparameters."""

SURROGATES = ("tpe", "gp")
WARM_STARTS = ("IdenticalDataAndAlgorithm", "TransferLearning")
MAX_PARENTS = 5

MAX_CHANGES = 10
"""Changes of static hyperparameters against a parent, of which each counts twice."""

MOST_JOBS = 750
"""Of parents and child together. The guide's page on warm start says 500, the one on limits 750."""

TRANSFERRED = 5
"""Best jobs of the parents that a transfer tries first."""

UNMARKED = timedelta(minutes=1)
"""A job that is begun so long and not yet marked belongs to a process that is dead."""

WAIT = 0.05
"""Seconds between two looks at jobs that other processes run."""

_ENDED = (TrialState.COMPLETE, TrialState.FAIL)


@dataclass(frozen=True, repr=False)
class TuningJob:
    """What a tuning job found.

    Attributes
    ----------
    jobs : DataFrame
        One row a training job, in the order of their start: ``job``, ``status`` (Completed,
        Stopped, Failed), ``value`` (the objective, last epoch), ``epochs``, ``best`` (best
        value so far), ``reason`` of a failure, and one column a searched hyperparameter,
        unless its name is one of these.
    hyperparameters : DataFrame
        One row a training job, as in `jobs`; one column a searched hyperparameter, whatever
        its name.
    best : dict
        Hyperparameters of the best job, static ones included.
    value : float
        Objective of the best job.
    ended_by : str
        The limit or criterion that ended the search.
    metric : str
        Name of the objective.
    maximize : bool
        Whether a larger objective is better.
    static : dict
        Hyperparameters that were not searched.
    """

    jobs: pd.DataFrame
    hyperparameters: pd.DataFrame
    best: dict[str, Any]
    value: float
    ended_by: str
    metric: str
    maximize: bool
    static: dict[str, Any]

    def __repr__(self) -> str:
        counts = self.jobs["status"].value_counts()
        told = ", ".join(f"{n} {status}" for status, n in sorted(counts.items()))
        return (
            f"{len(self.jobs)} jobs ({told}), ended by {self.ended_by}; "
            f"best {self.metric} {self.value:.4g}"
        )


def tune(
    config: Mapping[str, Any],
    train: Train,
    *,
    static: Mapping[str, Any] | None = None,
    metrics: Sequence[str] | None = None,
    surrogate: str = "tpe",
    parents: Sequence[TuningJob] = (),
    warm_start: str | None = None,
    storage: str | optuna.storages.BaseStorage | None = None,
    name: str = "tuning",
) -> TuningJob:
    """Run the tuning job that a ``HyperParameterTuningJobConfig`` describes.

    Jobs run one after the other in this process, but the choice of a job knows no more than
    it would with ``MaxParallelTrainingJobs`` jobs at a time. Several processes, on one
    machine or many, share a search by the same `storage` and `name`; the number of jobs holds
    for all of them together, the number of parallel jobs for each. Let one of them begin a
    new search before the others join.

    Parameters
    ----------
    config : dict
        As in the request `CreateHyperParameterTuningJob`. Strategies: Grid tries every
        combination of categories in a random order; Random draws; Bayesian uses
        `surrogate`, but for the first ten jobs, which are random: until ten have ended there
        is nothing to learn from; Hyperband draws and stops jobs at its rungs.
    train : callable
        Gets the hyperparameters (numbers as numbers) and returns the objective, or an
        iterable of the objective after each epoch, of which the last one counts. Early
        stopping and Hyperband need the iterable. An exception or NaN makes a failed job;
        the search goes on.
    static : dict, optional
        Hyperparameters that are not searched, numbers or text; `train` gets them as they are.
    metrics : sequence of str, optional
        Names of the metrics that the training job reports; if given, the objective has to be
        one of them.
    surrogate : {"tpe", "gp"}
        Bayesian search by tree-structured Parzen estimators, or a Gaussian process, each
        after ten random jobs (not the same ten: they draw from their own generators). A paper
        on the service (Perrone et al., 2021) describes a Gaussian process; what runs today
        is not published.
    parents : sequence of TuningJob
        Up to 5 earlier searches of the same hyperparameters and objective. What is searched
        here may have been static there, and the other way round.
    warm_start : {"IdenticalDataAndAlgorithm", "TransferLearning"}, optional
        With identical data the parents' jobs count as observations; after a change of data
        their best ones are tried first; both only as far as they lie in the ranges of this
        search. AWS does not publish how it transfers.
    storage : str or optuna storage, optional
        For instance ``sqlite:///tuning.db``. A search that was killed goes on where it was:
        finished jobs are kept, a job that was running is run again.
    name : str
        Of the search in `storage`.

    Raises
    ------
    labs_lib.aws.RequestError
        If AWS would reject the configuration.
    ValueError
        If the configuration asks for what is not reproduced, another argument is wrong, or
        every job failed.
    """
    static = dict(static or {})
    plan = read(config, static=static)
    if metrics is not None and plan.metric not in metrics:
        raise ValueError(
            f"The objective is {plan.metric!r}, which the training job does not report. "
            f"Expected one of {', '.join(metrics)}."
        )
    _check_options(plan, static, surrogate, parents, warm_start)
    search = _Search(plan, train, static, surrogate, storage, name)
    search.begin_with(parents, warm_start)
    ended_by = search.run()
    return search.result(ended_by)


def _check_options(
    plan: Plan,
    static: Mapping[str, Any],
    surrogate: str,
    parents: Sequence[TuningJob],
    warm_start: str | None,
) -> None:
    if surrogate not in SURROGATES:
        raise ValueError(f"surrogate is {surrogate!r}, expected one of {SURROGATES}.")
    if (warm_start is None) != (not parents):
        raise ValueError("A warm start needs both, parents and warm_start.")
    if warm_start is None:
        return
    if warm_start not in WARM_STARTS:
        raise ValueError(f"warm_start is {warm_start!r}, expected one of {WARM_STARTS}.")
    if plan.strategy not in ("Bayesian", "Random"):
        raise ValueError(
            f"Strategy is {plan.strategy}; a warm start works with Bayesian and Random."
        )
    if len(parents) > MAX_PARENTS:
        raise ValueError(
            f"There are {len(parents)} parents, expected at most {MAX_PARENTS}."
        )
    jobs = sum(len(parent.jobs) for parent in parents) + plan.max_jobs
    if jobs > MOST_JOBS:
        raise ValueError(
            f"The parents' jobs and {plan.max_jobs} new ones are {jobs}; they count together, "
            f"and at most {MOST_JOBS} are allowed."
        )
    for parent in parents:
        _check_parent(plan, static, parent)


def _check_parent(plan: Plan, static: Mapping[str, Any], parent: TuningJob) -> None:
    if (parent.metric, parent.maximize) != (plan.metric, plan.maximize):
        raise ValueError(
            f"A parent's objective is {parent.metric}, here {plan.metric}. Expected the same "
            "objective, in the same direction."
        )
    names = {item.name for item in plan.parameters} | static.keys()
    other = sorted(names ^ parent.best.keys())
    if other:
        raise ValueError(
            f"{', '.join(other)} stands in this search or in its parent, not in both. "
            "Expected the same hyperparameters, searched or static."
        )
    for item in plan.parameters:
        here, there = _kind(item.distribution), _kind(parent.best[item.name])
        if item.name not in parent.static and here != there:
            raise ValueError(
                f"{item.name} was {there} in a parent and is {here} here. Expected the same "
                "type of hyperparameter."
            )
    changed = [
        name
        for name in static
        if name not in parent.static or not equal(parent.static[name], static[name])
    ]
    if 2 * len(changed) > MAX_CHANGES:
        raise ValueError(
            f"{len(changed)} static hyperparameters had another value in a parent, or were "
            f"searched there: {', '.join(sorted(changed))}. Each counts twice, and at most "
            f"{MAX_CHANGES} are allowed."
        )


def _kind(of: Any) -> str:
    """Return the type of a hyperparameter, from its range or one of its values."""
    if isinstance(of, CategoricalDistribution | str):
        return "categorical"
    whole = isinstance(
        of, IntDistribution if isinstance(of, BaseDistribution) else Integral
    )
    return "integer" if whole else "continuous"


class _Search:
    """An Optuna study that asks, trains and tells as the plan says."""

    def __init__(self, plan, train, static, surrogate, storage, name):
        self._plan, self._train, self._static = plan, train, static
        self._surrogate = surrogate
        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            self._study = optuna.create_study(
                direction="maximize" if plan.maximize else "minimize",
                storage=storage,
                study_name=name,
                load_if_exists=True,
            )
        finally:
            optuna.logging.set_verbosity(level)
        self._check_stored()
        if storage is not None:
            self._release_killed()
        self._started = time.monotonic()
        self._shared = storage is not None
        # Without a storage nobody else adds jobs, so they need not be asked for each time.
        self._ended: list[FrozenTrial] = []
        self._curves: list[tuple[int, list[float]]] = []
        self._distributions = plan.distributions
        self._study.sampler = _Numbered(self._sampler) if self._shared else self._sampler(0)

    def _check_stored(self) -> None:
        """Refuse a stored search over other ranges or with another direction."""
        direction = optuna.study.StudyDirection
        expected = direction.MAXIMIZE if self._plan.maximize else direction.MINIMIZE
        here = self._plan.distributions
        same = all(
            # A job that is just being begun, or was killed then, has some of them only.
            t.distributions.items() <= here.items()
            and (t.state != TrialState.COMPLETE or t.distributions == here)
            for t in self._study.get_trials(deepcopy=False)
            if "parent" not in t.user_attrs
        )
        if self._study.direction != expected or not same:
            raise ValueError(
                f"The storage holds a search named {self._study.study_name!r} with another "
                "objective or other ranges. Give this one another name."
            )

    def _release_killed(self) -> None:
        """Run again what a process of this machine left unfinished when it was killed."""
        for trial in self._study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            if "process" in trial.user_attrs:
                host, pid, born = trial.user_attrs["process"]
                killed = host == _process()[0] and not _alive(pid, born)
            else:
                killed = datetime.now() - trial.datetime_start > UNMARKED
            if killed and trials.discard(self._study, trial):
                self._study.enqueue_trial(trial.params, user_attrs={"again": trial.number})

    def begin_with(self, parents: Sequence[TuningJob], warm_start: str | None) -> None:
        """Give a new search what is known before its first job."""
        if self._study.get_trials(deepcopy=False):
            return
        if warm_start is None:
            return
        drawn = []
        for parent in parents:
            done = (parent.jobs["status"] != "Failed").to_numpy()
            values = parent.jobs["value"][done].tolist()
            searched = parent.hyperparameters[done].to_dict("records")
            for value, row in zip(values, searched, strict=True):
                known = parent.static | row
                params = {i.name: i.drawn(known[i.name]) for i in self._plan.parameters}
                drawn.append((value, params))
        inside = [pair for pair in drawn if None not in pair[1].values()]
        if warm_start == "IdenticalDataAndAlgorithm":
            for value, params in inside:
                self._study.add_trial(
                    optuna.trial.create_trial(
                        params=params,
                        distributions=self._plan.distributions,
                        value=value,
                        user_attrs={"parent": True},
                    )
                )
            return
        inside.sort(key=lambda pair: pair[0], reverse=self._plan.maximize)
        for _, params in inside[: min(TRANSFERRED, self._plan.max_jobs)]:
            self._study.enqueue_trial(params)

    def run(self) -> str:
        """Train until a limit or a criterion ends the search; return its name."""
        running: deque[tuple[Trial, dict[str, Any]]] = deque()
        while True:
            ended_by = self._ended_by()
            if ended_by is None and self._room(len(running)):
                while len(running) < self._plan.max_parallel and self._room(len(running)):
                    asked = self._ask()
                    if asked is not None:
                        running.append(asked)
            elif not running and ended_by is None and self._shared and not self._jobs():
                # Others run every job and none has ended: there is no best one to name yet.
                time.sleep(WAIT)
                self._release_killed()
            elif not running:
                return ended_by or "MaxNumberOfTrainingJobs"
            elif ended_by not in (None, "MaxNumberOfTrainingJobs"):
                # The service stops what is running when a criterion is met.
                for trial, _ in running:
                    trials.discard(self._study, trial)
                return ended_by
            if running:  # none if another process took the last job
                self._run_one(*running.popleft())

    def _jobs(self) -> list[FrozenTrial]:
        """Return the ended jobs that count: not the parents', not those killed."""
        if not self._shared:
            return self._ended
        return [
            trial
            for trial in self._study.get_trials(deepcopy=False, states=_ENDED)
            if not {"parent", "killed"} & trial.user_attrs.keys()
        ]

    def _room(self, running: int) -> bool:
        if not self._shared:
            return len(self._jobs()) + running < self._plan.max_jobs
        return len(self._begun()) < self._plan.max_jobs

    def _begun(self) -> list[FrozenTrial]:
        """Return the jobs in the storage that run or ended, and count."""
        return [
            t
            for t in self._study.get_trials(deepcopy=False)
            if t.state != TrialState.WAITING
            and not {"parent", "killed"} & t.user_attrs.keys()
        ]

    def _ended_by(self) -> str | None:
        jobs = self._jobs()
        if time.monotonic() - self._started >= self._plan.max_seconds:
            return "MaxRuntimeInSeconds"
        target, patience = self._plan.target, self._plan.patience
        if target is not None and any(
            t.value == target or self._plan.better(t.value, target)
            for t in jobs
            if t.state == TrialState.COMPLETE
        ):
            return "TargetObjectiveMetricValue"
        if patience is not None and self._not_improving(jobs) >= patience:
            return "BestObjectiveNotImproving"
        return "MaxNumberOfTrainingJobs" if len(jobs) >= self._plan.max_jobs else None

    def _not_improving(self, jobs: list[FrozenTrial]) -> int:
        """Return how many jobs in a row did not improve the best value before them by 1 %."""
        best, since = None, 0
        for trial in jobs:
            value = trial.value
            if value is None or (best is not None and not self._plan.better(value, best)):
                since += 1
                continue
            gained = best is None or abs(value - best) >= NOT_IMPROVING * abs(best)
            since = 0 if gained else since + 1
            best = value
        return since

    def _ask(self) -> tuple[Trial, dict[str, Any]] | None:
        """Begin a job; None if another process was faster."""
        try:
            trial = self._study.ask(self._distributions)
        except UpdateFinishedTrialError:  # both took the same waiting job
            return None
        if self._shared and "process" not in trial.user_attrs:
            trial.set_user_attr("process", _process())  # no sampler saw a job of the queue
        if self._shared and self._superfluous(trial):
            trials.discard(self._study, trial)
            return None
        return trial, self._plan.values(trial.params)

    def _superfluous(self, trial: Trial) -> bool:
        """Whether another process began the last job, or runs again the same killed one."""
        again = trial.user_attrs.get("again")
        twice = again is not None and any(
            t.user_attrs.get("again") == again and t.number < trial.number
            for t in self._study.get_trials(deepcopy=False)
        )
        before = sum(t.number < trial.number for t in self._begun())
        return twice or before >= self._plan.max_jobs

    def _sampler(self, number: int) -> BaseSampler:
        if self._plan.strategy == "Grid":
            return _Grid(self._plan)
        seed = int(np.random.SeedSequence([self._plan.seed, number]).generate_state(1)[0])
        if self._plan.strategy == "Bayesian" and self._surrogate == "tpe":
            return StableTPESampler(seed=seed)
        if self._plan.strategy == "Bayesian":
            return GaussianProcessSampler(seed=seed, distributions=self._distributions)
        return RandomSampler(seed=seed)

    def _run_one(self, trial: Trial, values: dict[str, Any]) -> None:
        try:
            outcome = self._train(self._static | values)
            value, curve, stopped = self._follow(trial, outcome)
            if not math.isfinite(value):
                raise ValueError(f"the objective is {value}")
        except Exception as error:
            # As in the service, one failed job does not end the search.
            notes = {"reason": f"{type(error).__name__}: {error}"}
            self._end(trial, notes, state=TrialState.FAIL)
            return
        notes = {} if curve is None else {"epochs": len(curve)}
        if stopped:
            notes["stopped"] = True
        if curve is not None and self._stops_jobs and self._shared:
            notes["curve"] = curve
        elif curve is not None and self._stops_jobs:
            self._curves.append((trial.number, curve))
        self._end(trial, notes, values=value)

    def _end(self, trial: Trial, notes: dict[str, Any], **outcome: Any) -> None:
        """Write down how a job ended, once: SQLite may give the same job to two processes."""
        try:
            for name, note in notes.items():
                trial.set_user_attr(name, note)
            self._ended.append(self._study.tell(trial, **outcome))
        except (ValueError, UpdateFinishedTrialError):
            if not (self._shared and trials.has_ended(self._study, trial)):
                raise

    @property
    def _stops_jobs(self) -> bool:
        return self._plan.median_rule or self._plan.strategy == "Hyperband"

    def _follow(
        self, trial: Trial, outcome: float | Curve
    ) -> tuple[float, list[float] | None, bool]:
        """Return final value, curve if there is one, and whether the job was stopped."""
        if isinstance(outcome, Real):
            if self._plan.strategy == "Hyperband":
                raise TypeError(
                    "Hyperband needs the objective after each epoch, as an iterable"
                )
            return float(outcome), None, False
        rule = self._rule(trial.number)
        curve: list[float] = []
        for value in _floats(outcome):
            curve.append(value)
            if rule is not None and rule.stops(len(curve), value):
                return value, curve, True
            if self._plan.strategy == "Hyperband" and len(curve) == self._plan.max_resource:
                break
        if not curve:
            raise ValueError("the training job reported no value")
        return curve[-1], curve, False

    def _rule(self, number: int) -> MedianRule | Hyperband | None:
        if not self._stops_jobs:
            return None
        earlier = self._curves
        if self._shared:
            jobs = self._jobs()
            earlier = [
                (t.number, t.user_attrs["curve"]) for t in jobs if "curve" in t.user_attrs
            ]
        if self._plan.median_rule:
            curves = [curve for _, curve in earlier]
            return MedianRule(maximize=self._plan.maximize, earlier=curves)
        return Hyperband(
            number=number,
            maximize=self._plan.maximize,
            min_resource=self._plan.min_resource,
            max_resource=self._plan.max_resource,
            earlier=earlier,
        )

    def result(self, ended_by: str) -> TuningJob:
        """Return the table of jobs and the best one."""
        rows, searched, best = [], [], None
        for number, trial in enumerate(self._jobs(), start=1):
            done = trial.state == TrialState.COMPLETE
            if done and (best is None or self._plan.better(trial.value, best.value)):
                best = trial
            stopped = "Stopped" if "stopped" in trial.user_attrs else "Completed"
            rows.append(
                (
                    number,
                    stopped if done else "Failed",
                    trial.value if done else np.nan,
                    trial.user_attrs.get("epochs", 1 if done else 0),
                    best.value if best else np.nan,
                    trial.user_attrs.get("reason", ""),
                )
            )
            searched.append(self._plan.values(trial.params))
        if best is None:
            reason = rows[0][-1] if rows else "no job ended"
            raise ValueError(
                f"None of {len(rows)} training jobs succeeded. The first: {reason}."
            )
        hyperparameters = pd.DataFrame(searched)
        # A hyperparameter may be called like a column of the table, which keeps its own.
        others = hyperparameters.columns.difference(COLUMNS, sort=False)
        return TuningJob(
            jobs=pd.DataFrame(rows, columns=COLUMNS).join(hyperparameters[others]),
            hyperparameters=hyperparameters,
            best=self._static | self._plan.values(best.params),
            value=best.value,
            ended_by=ended_by,
            metric=self._plan.metric,
            maximize=self._plan.maximize,
            static=self._static,
        )


class _Numbered(BaseSampler):
    """A sampler of its own for each job, made from the job's number.

    The storage gives each number once: processes that share a search, or one that goes on
    after it was killed, do not draw again what was drawn already. Before anything is drawn,
    the job is marked with the process that runs it.
    """

    def __init__(self, make: Callable[[int], BaseSampler]):
        self._make = make

    def infer_relative_search_space(self, study, trial):
        trials.mark(study, trial, "process", _process())
        self._own = self._make(trial.number)
        return self._own.infer_relative_search_space(study, trial)

    def sample_relative(self, study, trial, search_space):
        return self._own.sample_relative(study, trial, search_space)

    def sample_independent(self, study, trial, param_name, param_distribution):
        return self._own.sample_independent(study, trial, param_name, param_distribution)


class _Grid(BaseSampler):
    """Every combination of categories once, in a random order."""

    def __init__(self, plan: Plan):
        names = [item.name for item in plan.parameters]
        choices = [item.distribution.choices for item in plan.parameters]
        grid = [dict(zip(names, v, strict=True)) for v in itertools.product(*choices)]
        order = np.random.default_rng(plan.seed).permutation(len(grid))
        self._grid = [grid[place] for place in order]

    def infer_relative_search_space(self, study, trial):
        return {}

    def sample_relative(self, study, trial, search_space):
        return {}

    def sample_independent(self, study, trial, param_name, param_distribution):
        # A job that is run again after its process was killed takes no new place.
        again = sum(
            t.number < trial.number and "again" in t.user_attrs
            for t in study.get_trials(deepcopy=False)
        )
        return self._grid[(trial.number - again) % len(self._grid)][param_name]


def _floats(values: Curve) -> Iterator[float]:
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"the objective is {value}")
        yield float(value)


def _process() -> tuple[str, int, float]:
    """Return machine, process number and when the process began."""
    return (
        platform.node(),
        os.getpid(),
        psutil.Process().create_time(),
    )


def _alive(pid: int, born: float) -> bool:
    """Whether that process runs still; its number alone may belong to another one now."""
    try:
        return abs(psutil.Process(pid).create_time() - born) < 1
    except psutil.Error:
        return False
