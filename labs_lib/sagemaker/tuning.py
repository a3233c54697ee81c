"""Tuning jobs: the search of `labs_lib.train.tuning`, with training jobs as its trials."""

import contextlib
import functools
import math
import queue
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labs_lib.aws import RequestError
from labs_lib.sagemaker import images, jobs, operations, tags, training
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.jobs import RUNNING
from labs_lib.sagemaker.operations import LIST_FIELDS, Context, listing, operation, page
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken

if TYPE_CHECKING:
    from labs_lib.train.tuning import TuningJob

KIND = "HyperParameterTuningJob"
_NAME = "HyperParameterTuningJobName"
_CONFIG = "HyperParameterTuningJobConfig"
_STATUS = "HyperParameterTuningJobStatus"
_REASON = 1024
_ENDED_BY_JOBS = "MaxNumberOfTrainingJobs"
_SECONDS = 0.5
"""Between two looks at what no change of the state reports: that the server closes."""

_NOT_A_TRAINING_JOBS = (
    "DefinitionName",
    "TuningObjective",
    "HyperParameterRanges",
    "StaticHyperParameters",
    "HyperParameterTuningResourceConfig",
)


# Operations


@operation(
    "sagemaker",
    "CreateHyperParameterTuningJob",
    uses=f"{_NAME} {_CONFIG} WarmStartConfig TrainingJobDefinition Tags",
    refuses={
        "TrainingJobDefinitions": "give one TrainingJobDefinition.",
        "TrainingJobDefinition.TuningObjective": f"give it in {_CONFIG}.",
        "TrainingJobDefinition.HyperParameterRanges": f"give them in {_CONFIG}.",
        "TrainingJobDefinition.HyperParameterTuningResourceConfig": "give ResourceConfig.",
        "Autotune": "AWS does not publish how it chooses ranges.",
        f"{_CONFIG}.ParameterRanges.AutoParameters": "AWS does not publish how it chooses "
        "ranges.",
        f"{_CONFIG}.TuningJobCompletionCriteria.ConvergenceDetected"
        ".CompleteOnConvergence=Enabled": "AWS does not publish how it detects convergence.",
    },
    differs=(
        "The search is that of `labs_lib.train.tuning`: Bayesian chooses with tree-structured "
        "Parzen estimators after ten random jobs; AWS does not publish its surrogate.",
        "Without RandomSeed the seed is 0: the same request draws the same hyperparameters.",
        "What CreateTrainingJob refuses or ignores in a definition, a tuning job does too.",
        "An epoch, for early stopping and Hyperband, is one value of the objective in the "
        "job's log.",
        "A job that Hyperband or early stopping ends is Stopped, and its last value counts.",
        "When a completion criterion is met the running jobs are stopped and the tuning job "
        "is Completed; at MaxRuntimeInSeconds it is Stopped. A tuning job is Failed if no "
        "training job reported the objective. Assumptions.",
        "Each training job has checkpoints of its own: its name is added to S3Uri. An "
        "assumption.",
        "After a restart the search goes on: the training jobs that were running have failed, "
        "count as RetryableError, and their hyperparameters are tried once more. What had ended "
        "is not trained again.",
        "The stricter limit of AWS's two for a warm start, 500 jobs, is not held; 750 is.",
    ),
)
def create_tuning_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request[_NAME]
    _check(context, request)
    arn, now = context.arn(f"hyper-parameter-tuning-job/{name}"), site.clock.now()
    given = request.pop("Tags", None) or []
    tags.check(given)
    body = {
        **request,
        "HyperParameterTuningJobArn": arn,
        _STATUS: "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
        "_Region": context.region,
    }
    try:
        with site.state.transaction():
            site.state.add(KIND, name, arn, body)
            tags.keep(context, arn, given)
    except Taken:
        raise ApiError(
            "ResourceInUse", f"A tuning job with the name {name} already exists ({arn})."
        ) from None
    _storage_file(site, name).unlink(missing_ok=True)
    site.run(_Tuning(site, body).run)
    return {"HyperParameterTuningJobArn": arn}


def _check(context: Context, request: Mapping[str, Any]) -> None:
    """Raise an `ApiError` for what the search or its training jobs could not carry out."""
    # Optuna takes a second to import, which a server without tuning need not pay.
    from labs_lib.train.tuning import plan

    definition = request.get("TrainingJobDefinition")
    if definition is None:
        raise invalid("TrainingJobDefinition is missing.")
    config, static = request[_CONFIG], definition.get("StaticHyperParameters", {})
    try:
        found = plan.read(config, static=static)
    except RequestError as error:
        raise invalid(str(error)) from None
    except ValueError as error:
        raise invalid(f"{_CONFIG}: {error}") from None
    values = {item.name: "" for item in found.parameters}
    probe = _training_request(request, f"{request[_NAME]}-001-00000000", values)
    operations.check("CreateTrainingJob", probe)
    training.check(context, probe)
    specification = definition["AlgorithmSpecification"]
    defined = [metric["Name"] for metric in specification.get("MetricDefinitions", [])]
    runner = images.find(context.site, specification["TrainingImage"])
    if found.metric not in defined and runner.metrics is None:
        raise invalid(
            f"The objective metric {found.metric} is none of the MetricDefinitions: "
            f"{', '.join(defined) or 'there are none'}."
        )
    for parent in _parents(request):
        body = jobs.find(context, KIND, parent)
        if body[_STATUS] in RUNNING:
            raise invalid(
                f"The parent tuning job {parent} is {body[_STATUS]}; wait for it."
            )
        if "WarmStartConfig" in body:
            raise invalid(
                f"The parent tuning job {parent} was itself a warm start, which is not allowed."
            )


def _parents(request: Mapping[str, Any]) -> list[str]:
    warm = request.get("WarmStartConfig", {})
    return [parent[_NAME] for parent in warm.get("ParentHyperParameterTuningJobs", [])]


def _training_request(
    job: Mapping[str, Any], name: str, hyperparameters: Mapping[str, str]
) -> dict[str, Any]:
    """Return the request of one training job."""
    definition = job["TrainingJobDefinition"]
    found = {k: v for k, v in definition.items() if k not in _NOT_A_TRAINING_JOBS}
    if "CheckpointConfig" in definition:
        # Otherwise a job would go on from the checkpoints of another one.
        checkpoint = definition["CheckpointConfig"]
        uri = f"{checkpoint['S3Uri'].rstrip('/')}/{name}"
        found["CheckpointConfig"] = {**checkpoint, "S3Uri": uri}
    return {
        **found,
        "TrainingJobName": name,
        "HyperParameters": {
            training.OBJECTIVE: job[_CONFIG]["HyperParameterTuningJobObjective"][
                "MetricName"
            ],
            **definition.get("StaticHyperParameters", {}),
            **hyperparameters,
        },
    }


@operation(
    "sagemaker",
    "DescribeHyperParameterTuningJob",
    uses=_NAME,
    differs=("TuningJobCompletionDetails and ConsumedResources are not given.",),
)
def describe_tuning_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    body = jobs.find(context, KIND, request[_NAME])
    found = {**body, **_progress(context.site, body)}
    return {key: value for key, value in found.items() if not key.startswith("_")}


@operation(
    "sagemaker",
    "ListHyperParameterTuningJobs",
    uses=f"{LIST_FIELDS} LastModifiedTimeBefore LastModifiedTimeAfter StatusEquals",
)
def list_tuning_jobs(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    answer = listing(
        context.site.state.all(KIND),
        request,
        key="HyperParameterTuningJobSummaries",
        name=_NAME,
        status=_STATUS,
        summary=(
            _NAME,
            "HyperParameterTuningJobArn",
            _STATUS,
            "CreationTime",
            "HyperParameterTuningEndTime",
            "LastModifiedTime",
            _CONFIG,
        ),
    )
    for item in answer["HyperParameterTuningJobSummaries"]:
        item |= _counters(_jobs(context.site, item), item)
        config = item.pop(_CONFIG)
        item["Strategy"] = config["Strategy"]
        item["ResourceLimits"] = config["ResourceLimits"]
    return answer


@operation(
    "sagemaker",
    "ListTrainingJobsForHyperParameterTuningJob",
    uses=f"{_NAME} StatusEquals SortBy SortOrder NextToken MaxResults",
    differs=(
        "Sorted by FinalObjectiveMetricValue, jobs without a value are left out, as on AWS.",
    ),
)
def list_trials(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    body = jobs.find(context, KIND, request[_NAME])
    found = [_summary(body, job) for job in _jobs(context.site, body)]
    asked = request.get("StatusEquals")
    found = [s for s in found if asked in (None, s["TrainingJobStatus"])]
    by = request.get("SortBy", "Name")
    if by == "FinalObjectiveMetricValue":
        found = [s for s in found if _value(s) is not None]
        found.sort(key=lambda s: (_value(s), s["TrainingJobName"]))
    else:
        member = {"Name": "TrainingJobName", "Status": "TrainingJobStatus"}.get(by, by)
        found.sort(key=lambda s: (s[member], s["TrainingJobName"]))
    if request.get("SortOrder") == "Descending":
        found.reverse()
    return page(found, request, key="TrainingJobSummaries")


@operation(
    "sagemaker",
    "StopHyperParameterTuningJob",
    uses=_NAME,
    differs=("Its running training jobs are stopped with it.",),
)
def stop_tuning_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    jobs.stopping(context, KIND, request[_NAME], "tuning job")
    return {}


@operation(
    "sagemaker",
    "DeleteHyperParameterTuningJob",
    uses=_NAME,
    differs=("Its training jobs stay; a name that does not exist is ResourceNotFound.",),
)
def delete_tuning_job(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    body = jobs.find(context, KIND, request[_NAME])
    if body[_STATUS] in RUNNING:
        raise invalid(f"The tuning job is {body[_STATUS]}; stop it and wait for its end.")
    context.site.state.remove(KIND, request[_NAME])
    return {}


# What its training jobs say


def _jobs(site: Site, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the training jobs of a tuning job, first first."""
    arn = body["HyperParameterTuningJobArn"]
    # A deleted tuning job's name may come again; its jobs do not.
    return [
        job
        for job in site.state.all("TrainingJob")
        if job.get("TuningJobArn") == arn and job["CreationTime"] >= body["CreationTime"]
    ]


def _objective(body: Mapping[str, Any], job: Mapping[str, Any]) -> float | None:
    """Return the last value of the objective that a job that has ended reported."""
    metric = body[_CONFIG]["HyperParameterTuningJobObjective"]["MetricName"]
    if job["TrainingJobStatus"] not in ("Completed", "Stopped"):
        return None
    found = job.get("FinalMetricDataList", [])
    return next((item["Value"] for item in found if item["MetricName"] == metric), None)


def _searched(body: Mapping[str, Any]) -> list[str]:
    ranges = body[_CONFIG].get("ParameterRanges", {})
    return [item["Name"] for kind in ranges.values() for item in kind]


def _summary(body: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    kept = (
        "TrainingJobName",
        "TrainingJobArn",
        "CreationTime",
        "TrainingStartTime",
        "TrainingEndTime",
        "TrainingJobStatus",
        "FailureReason",
    )
    found = {key: job[key] for key in kept if key in job}
    given = job["HyperParameters"]
    found["TunedHyperParameters"] = {name: given[name] for name in _searched(body)}
    found["TuningJobName"] = body[_NAME]
    value = _objective(body, job)
    running = job["TrainingJobStatus"] in RUNNING
    found["ObjectiveStatus"] = "Pending" if running else "Failed"
    if value is not None:
        objective = body[_CONFIG]["HyperParameterTuningJobObjective"]
        found["FinalHyperParameterTuningJobObjectiveMetric"] = {**objective, "Value": value}
        found["ObjectiveStatus"] = "Succeeded"
    return found


def _value(summary: Mapping[str, Any]) -> float | None:
    return summary.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")


def _counters(jobs: list[dict[str, Any]], body: Mapping[str, Any]) -> dict[str, Any]:
    training_jobs = dict.fromkeys(
        ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped"), 0
    )
    objectives = dict.fromkeys(("Succeeded", "Pending", "Failed"), 0)
    for job in jobs:
        status = job["TrainingJobStatus"]
        if status == "Failed":
            internal = job["FailureReason"].startswith("InternalServerError")
            status = "RetryableError" if internal else "NonRetryableError"
        training_jobs["InProgress" if status in RUNNING else status] += 1
        objectives[_summary(body, job)["ObjectiveStatus"]] += 1
    return {
        "TrainingJobStatusCounters": training_jobs,
        "ObjectiveStatusCounters": objectives,
    }


def _best(body: Mapping[str, Any], jobs: list[dict[str, Any]]) -> dict[str, Any] | None:
    found = [_summary(body, job) for job in jobs]
    found = [summary for summary in found if _value(summary) is not None]
    maximize = body[_CONFIG]["HyperParameterTuningJobObjective"]["Type"] == "Maximize"
    choose: Callable[..., dict[str, Any] | None] = max if maximize else min
    return choose(found, key=_value, default=None)


def _progress(site: Site, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Describe says of the training jobs."""
    jobs = _jobs(site, body)
    found: dict[str, Any] = _counters(jobs, body)
    best = _best(body, jobs)
    if best is not None:
        found["BestTrainingJob"] = best
    overall = [best]
    if body.get("WarmStartConfig", {}).get("WarmStartType") == "IdenticalDataAndAlgorithm":
        for name in _parents(body):
            parent = site.state.get(KIND, name)
            overall.append(parent and _best(parent, _jobs(site, parent)))
        values = [one for one in overall if one is not None]
        if values:
            kind = body[_CONFIG]["HyperParameterTuningJobObjective"]["Type"]
            choose: Callable[..., Any] = max if kind == "Maximize" else min
            found["OverallBestTrainingJob"] = choose(values, key=_value)
    return found


# The search


class _Over(BaseException):
    """The search is over before its jobs are: no failure of a job, so not an Exception."""


def _storage_file(site: Site, name: str) -> Path:
    return site.folder / "tuning" / f"{name}.sqlite"


class _Tuning:
    """One tuning job that runs: threads that share a search, each with one training job.

    The search is in a file, from which the next server goes on.
    """

    def __init__(self, site: Site, body: Mapping[str, Any]):
        self.site, self.body, self.name = site, body, body[_NAME]
        self._context = Context(site, body["_Region"], None)
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._numbers = len(_jobs(site, body))
        self._others: list[threading.Thread] | None = None
        self._ended_by = _ENDED_BY_JOBS
        self._said = ""
        self._broken: Exception | None = None
        self._untold: list[dict[str, Any]] = []

    def run(self) -> None:
        """Search to the end and write it down."""
        import optuna

        file = _storage_file(self.site, self.name)
        file.parent.mkdir(exist_ok=True)
        limits = self.body[_CONFIG]["ResourceLimits"]
        seconds = limits.get("MaxRuntimeInSeconds", math.inf)
        cancel: Callable[[], None] = lambda: None  # noqa: E731
        if seconds < math.inf:
            due = self.body["CreationTime"] + seconds
            cancel = self.site.clock.call_at(
                due, lambda: self._end_all("MaxRuntimeInSeconds")
            )
        storage = optuna.storages.RDBStorage(f"sqlite:///{file}")
        try:
            self._untold = self._ended_untold(storage)
            self._search(storage)
            for other in self._others or ():
                other.join()
        finally:
            cancel()
            storage.remove_session()
            storage.engine.dispose()
        if self.site.closing.is_set():
            return
        self._write_end()
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
        if self._broken is not None:
            raise self._broken

    def _ended_untold(self, storage: Any) -> list[dict[str, Any]]:
        """Return jobs that the last server ran to their end without telling the search."""
        import optuna

        from labs_lib.train.tuning import plan

        jobs = _jobs(self.site, self.body)
        jobs = [job for job in jobs if _objective(self.body, job) is not None]
        if not jobs:
            return []
        static = self.body["TrainingJobDefinition"].get("StaticHyperParameters", {})
        read = plan.read(self.body[_CONFIG], static=static)
        study = optuna.load_study(study_name=self.name, storage=storage)
        for trial in study.get_trials(states=[optuna.trial.TrialState.COMPLETE]):
            if "parent" not in trial.user_attrs:
                self._pop(jobs, read.values(trial.params))
        return jobs

    @staticmethod
    def _pop(jobs: list[dict[str, Any]], given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Take a job with these hyperparameters out of a list."""
        texts = {key: str(value) for key, value in given.items()}
        for job in jobs:
            if texts.items() <= job["HyperParameters"].items():
                jobs.remove(job)
                return job
        return None

    def _search(self, storage: Any) -> None:
        from labs_lib.train.tuning import tune

        config = dict(self.body[_CONFIG])
        # The clock and these threads keep these two limits.
        limits = {**config["ResourceLimits"], "MaxParallelTrainingJobs": 1}
        limits.pop("MaxRuntimeInSeconds", None)
        config["ResourceLimits"] = limits
        try:
            found = tune(
                config,
                functools.partial(self._train, storage),
                static=self.body["TrainingJobDefinition"].get("StaticHyperParameters", {}),
                parents=[self._parent(name) for name in _parents(self.body)],
                warm_start=self.body.get("WarmStartConfig", {}).get("WarmStartType"),
                storage=storage,
                name=self.name,
            )
        except _Over:
            return
        except ValueError as error:
            # No job that has ended succeeded; another thread's may still.
            self._said = str(error)
        except Exception as error:
            self._broken = error
            self._end_all("an error")
        else:
            if found.ended_by != _ENDED_BY_JOBS:
                self._end_all(found.ended_by)

    def _join(self, storage: Any) -> None:
        """Let the other threads join, once the first has begun the search."""
        with self._lock:
            if self._others is not None:
                return
            parallel = self.body[_CONFIG]["ResourceLimits"]["MaxParallelTrainingJobs"]
            self._others = [
                threading.Thread(target=self._search, args=(storage,), daemon=True)
                for _ in range(parallel - 1)
            ]
        for other in self._others:
            other.start()

    def _end_all(self, reason: str) -> None:
        with self._lock:
            if not self._over.is_set():
                self._ended_by = reason
                self._over.set()

    def _parent(self, name: str) -> "TuningJob":
        import pandas as pd

        from labs_lib.train.tuning import TuningJob

        body = self.site.state.get(KIND, name)
        if body is None:
            raise ValueError(f"The parent tuning job {name} was deleted.")
        jobs = _jobs(self.site, body)
        best = _best(body, jobs)
        if best is None:
            raise ValueError(f"No job of the parent tuning job {name} succeeded.")
        kinds = dict.fromkeys(_searched(body), str)
        ranges = body[_CONFIG]["ParameterRanges"]
        kinds |= {r["Name"]: int for r in ranges.get("IntegerParameterRanges", [])}
        kinds |= {r["Name"]: float for r in ranges.get("ContinuousParameterRanges", [])}

        def read(given: Mapping[str, str]) -> dict[str, Any]:
            return {name: kind(given[name]) for name, kind in kinds.items()}

        values = [_objective(body, job) for job in jobs]
        objective = body[_CONFIG]["HyperParameterTuningJobObjective"]
        static = body["TrainingJobDefinition"].get("StaticHyperParameters", {})
        return TuningJob(
            jobs=pd.DataFrame(
                {
                    "status": ["Failed" if v is None else "Completed" for v in values],
                    "value": values,
                }
            ),
            hyperparameters=pd.DataFrame([read(job["HyperParameters"]) for job in jobs]),
            best=static | read(best["TunedHyperParameters"]),
            value=best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"],
            ended_by="",
            metric=objective["MetricName"],
            maximize=objective["Type"] == "Maximize",
            static=static,
        )

    # One training job

    @property
    def _follows(self) -> bool:
        """Whether jobs are looked at while they run."""
        config = self.body[_CONFIG]
        early = config.get("TrainingJobEarlyStoppingType", "Off") == "Auto"
        return early or config["Strategy"] == "Hyperband"

    def _train(self, storage: Any, hyperparameters: Mapping[str, Any]) -> Any:
        """Run a training job: its objective, or the values as they come."""
        self._join(storage)
        if self._is_over():
            raise _Over
        with self._lock:
            ended = self._pop(self._untold, hyperparameters)
            if ended is not None:
                value = _objective(self.body, ended)
                return [value] if self._follows else value
            self._numbers += 1
            name = f"{self.name}-{self._numbers:03}-{secrets.token_hex(4)}"
        values: queue.SimpleQueue[float] = queue.SimpleQueue()
        objective = self.body[_CONFIG]["HyperParameterTuningJobObjective"]["MetricName"]

        def hear(metric: str, value: float) -> None:
            if metric == objective:
                values.put(value)

        given = {k: str(v) for k, v in hyperparameters.items()}
        arn = self.body["HyperParameterTuningJobArn"]
        request = _training_request(self.body, name, given)
        training.begin(
            self._context,
            {**request, "Tags": tags.of(self._context, arn)},
            tuning_job=arn,
            hear=hear,
        )
        if self._follows:
            return self._follow(name, values)
        return self._end_of(name)

    def _follow(self, name: str, values: "queue.SimpleQueue[float]") -> Iterator[float]:
        """Yield the objective as the job reports it; stop the job if nobody wants more."""
        seen = 0
        try:
            while True:
                try:
                    value = values.get(timeout=_SECONDS / 10)
                except queue.Empty:
                    if self._has_ended(name) and values.empty():
                        break
                    if self._is_over():
                        raise _Over from None
                    continue
                seen += 1
                yield value
        except GeneratorExit:
            if seen < self._longest:
                self._stop(name)
            with contextlib.suppress(_Over):
                self._wait(name)
            raise
        except _Over:
            self._stop(name)
            self._wait(name)
            raise
        self._end_of(name)

    @functools.cached_property
    def _longest(self) -> float:
        """The epoch after which Hyperband asks for no more: such a job runs to its end."""
        from labs_lib.train.tuning import plan

        config = self.body[_CONFIG]
        static = self.body["TrainingJobDefinition"].get("StaticHyperParameters", {})
        hyperband = config["Strategy"] == "Hyperband"
        return plan.read(config, static=static).max_resource if hyperband else math.inf

    def _end_of(self, name: str) -> float:
        """Wait for a job's end and return its objective."""
        job = self._wait(name)
        value = None if job is None else _objective(self.body, job)
        if value is None:
            said = (job or {}).get("FailureReason", "it reported no objective")
            raise RuntimeError(f"training job {name}: {said}")
        return value

    def _wait(self, name: str) -> dict[str, Any] | None:
        """Return a training job that has ended; None if it was deleted."""
        stopped = False
        while not self._has_ended(name):
            if self.site.closing.is_set():
                raise _Over
            if self._is_over() and not stopped:
                self._stop(name)
                stopped = True
            self.site.state.wait_for(
                lambda: (
                    self._has_ended(name) or (self._is_over() and not stopped)  # noqa: B023
                ),
                seconds=_SECONDS,
            )
        if stopped:
            raise _Over
        return self.site.state.get("TrainingJob", name)

    def _has_ended(self, name: str) -> bool:
        job = self.site.state.get("TrainingJob", name)
        return job is None or job["TrainingJobStatus"] not in RUNNING

    def _is_over(self) -> bool:
        if self._over.is_set() or self.site.closing.is_set():
            return True
        body = self.site.state.get(KIND, self.name)
        return body is None or body[_STATUS] != "InProgress"

    def _stop(self, name: str) -> None:
        with contextlib.suppress(ApiError):  # it may have ended just now
            operations.call(self._context, "StopTrainingJob", {"TrainingJobName": name})

    def _write_end(self) -> None:
        """Write the status, and what a pipeline may ask of a tuning job."""
        found = _progress(self.site, self.body)
        body = self.site.state.get(KIND, self.name) or {}
        if body.get(_STATUS) == "Stopping" or self._ended_by == "MaxRuntimeInSeconds":
            status = "Stopped"
        elif self._broken is not None:
            status = "Failed"
            found["FailureReason"] = f"InternalServerError: {self._broken!r}"[:_REASON]
        elif "BestTrainingJob" not in found:
            status = "Failed"
            found["FailureReason"] = f"ClientError: {self._said}"[:_REASON]
        else:
            status = "Completed"
        ended = self.site.clock.now()
        jobs.settle(
            self.site, KIND, self.name, status, HyperParameterTuningEndTime=ended, **found
        )


# Begin


def recover(site: Site) -> None:
    """Go on with the searches that a server left; `training` has failed their jobs."""
    for body in site.state.all(KIND):
        if body[_STATUS] == "InProgress":
            site.run(_Tuning(site, body).run)
        elif body[_STATUS] == "Stopping":
            ended = site.clock.now()
            jobs.settle(
                site, KIND, body[_NAME], "Stopped", HyperParameterTuningEndTime=ended
            )
