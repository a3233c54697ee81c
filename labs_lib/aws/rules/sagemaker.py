"""Rules of requests to SageMaker and its runtime."""

import functools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from labs_lib.aws.rules.rule import Remark, Rule

# Training jobs


def algorithm_choice(job: dict) -> Iterator[Remark]:
    algorithm = job.get("AlgorithmSpecification")
    if algorithm is None:
        return
    given = {"TrainingImage", "AlgorithmName"} & algorithm.keys()
    if len(given) != 1:
        problem = (
            "has both TrainingImage and AlgorithmName" if given else "has no algorithm"
        )
        yield "AlgorithmSpecification", problem, "either TrainingImage or AlgorithmName"


def _channels(job: dict) -> Iterator[tuple[str, dict, str]]:
    """Yield path, channel and input mode."""
    default = job.get("AlgorithmSpecification", {}).get("TrainingInputMode", "File")
    for index, channel in enumerate(job.get("InputDataConfig", [])):
        yield f"InputDataConfig[{index}]", channel, channel.get("InputMode", default)


def channel_names(job: dict) -> Iterator[Remark]:
    seen = set()
    for path, channel, _ in _channels(job):
        name = channel.get("ChannelName")
        if name is not None and name in seen:
            allowed = "each name once, since each channel is a folder of its own"
            yield f"{path}.ChannelName", f"is {name!r} again", allowed
        seen.add(name)


def gzip_pipe(job: dict) -> Iterator[Remark]:
    for path, channel, mode in _channels(job):
        if channel.get("CompressionType") == "Gzip" and mode != "Pipe":
            allowed = "None; Gzip goes with input mode Pipe"
            yield f"{path}.CompressionType", f"is 'Gzip' with input mode {mode}", allowed


def _s3_types(job: dict) -> Iterator[tuple[str, str, str]]:
    """Yield path, S3DataType and input mode."""
    for path, channel, mode in _channels(job):
        kind = channel.get("DataSource", {}).get("S3DataSource", {}).get("S3DataType")
        if kind is not None:
            yield f"{path}.DataSource.S3DataSource.S3DataType", kind, mode


def fast_file_prefix(job: dict) -> Iterator[Remark]:
    for path, kind, mode in _s3_types(job):
        if mode == "FastFile" and kind != "S3Prefix":
            yield path, f"is {kind!r} with input mode FastFile", "S3Prefix"


def manifest_pipe(job: dict) -> Iterator[Remark]:
    for path, kind, mode in _s3_types(job):
        if mode == "File" and kind == "AugmentedManifestFile":
            allowed = "S3Prefix or ManifestFile; an augmented manifest goes with Pipe"
            yield path, f"is {kind!r} with input mode File", allowed


def file_system_file(job: dict) -> Iterator[Remark]:
    for path, channel, mode in _channels(job):
        if "FileSystemDataSource" in channel.get("DataSource", {}) and mode != "File":
            path = f"{path}.DataSource.FileSystemDataSource"
            yield path, f"is read with input mode {mode}", "input mode File for EFS and FSx"


_DAY = 24 * 3600


def _spot_times(job: dict) -> tuple[int, int | None] | None:
    """Return longest run and longest wait of a job on spot instances."""
    if not job.get("EnableManagedSpotTraining"):
        return None
    stop = job.get("StoppingCondition", {})
    return stop.get("MaxRuntimeInSeconds", _DAY), stop.get("MaxWaitTimeInSeconds")


def spot_wait(job: dict) -> Iterator[Remark]:
    match _spot_times(job):
        case run, wait if wait is None or wait < run:
            problem = "is missing" if wait is None else f"is {wait}"
            allowed = f"with spot instances at least MaxRuntimeInSeconds ({run})"
            yield "StoppingCondition.MaxWaitTimeInSeconds", problem, allowed


def spot_wait_equal(job: dict) -> Iterator[Remark]:
    match _spot_times(job):
        case run, wait if wait == run:
            problem = f"is {wait}, the same as MaxRuntimeInSeconds"
            allowed = "by the guide a larger value, by the service model also an equal one"
            yield "StoppingCondition.MaxWaitTimeInSeconds", problem, allowed


def wait_without_spot(job: dict) -> Iterator[Remark]:
    wait = job.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds")
    if wait is not None and not job.get("EnableManagedSpotTraining"):
        problem = f"is {wait} without spot instances"
        allowed = "nothing, or EnableManagedSpotTraining true"
        yield "StoppingCondition.MaxWaitTimeInSeconds", problem, allowed


def max_runtime(job: dict) -> Iterator[Remark]:
    run = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DAY)
    if run > 28 * _DAY:
        path = "StoppingCondition.MaxRuntimeInSeconds"
        yield path, f"is {run}", f"at most {28 * _DAY}, which is 28 days"


_KEEP_ALIVE = "ResourceConfig.KeepAlivePeriodInSeconds"


def keep_alive_limit(job: dict) -> Iterator[Remark]:
    seconds = job.get("ResourceConfig", {}).get("KeepAlivePeriodInSeconds", 0)
    if 3600 < seconds <= 21600:
        allowed = "by the guide at most 3600, by the service model at most 21600"
        yield _KEEP_ALIVE, f"is {seconds}", allowed


def keep_alive_alone(job: dict) -> Iterator[Remark]:
    resources = job.get("ResourceConfig", {})
    spot, groups = job.get("EnableManagedSpotTraining"), resources.get("InstanceGroups")
    if resources.get("KeepAlivePeriodInSeconds") and (spot or groups):
        problem = "is set with " + ("spot instances" if spot else "InstanceGroups")
        yield _KEEP_ALIVE, problem, "0; a warm pool has neither spot nor instance groups"


# Tuning jobs

_CONFIG = "HyperParameterTuningJobConfig"
_PARALLEL = "MaxParallelTrainingJobs"
_NUMBERS = ("IntegerParameterRanges", "ContinuousParameterRanges")
_CATEGORIES = "CategoricalParameterRanges"


def _definitions(request: dict) -> Iterator[tuple[str, dict]]:
    """Yield path and training job definition."""
    if "TrainingJobDefinition" in request:
        yield "TrainingJobDefinition", request["TrainingJobDefinition"]
    for index, definition in enumerate(request.get("TrainingJobDefinitions", [])):
        yield f"TrainingJobDefinitions[{index}]", definition


def _in_definitions(rule: Rule) -> Rule:
    """Return the rule of a training job for the training jobs of a tuning job."""

    @functools.wraps(rule.check)
    def check(request: dict) -> Iterator[Remark]:
        for where, definition in _definitions(request):
            for path, problem, allowed in rule.check(definition):
                yield f"{where}.{path}", problem, allowed

    return Rule(check, rule.source, rule.severity)


def _range_sets(request: dict) -> Iterator[tuple[str, dict]]:
    """Yield path and content of every ParameterRanges."""
    shared = request.get(_CONFIG, {}).get("ParameterRanges")
    if shared is not None:
        yield f"{_CONFIG}.ParameterRanges", shared
    for where, definition in _definitions(request):
        if "HyperParameterRanges" in definition:
            yield f"{where}.HyperParameterRanges", definition["HyperParameterRanges"]


@dataclass(frozen=True)
class _Range:
    path: str
    whole: bool
    low_text: str
    high_text: str
    low: float | None
    high: float | None
    scaling: str


def _number(text: str, *, whole: bool) -> float | None:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _ranges(request: dict) -> Iterator[_Range]:
    for where, content in _range_sets(request):
        for kind in _NUMBERS:
            for index, item in enumerate(content.get(kind, [])):
                whole = kind.startswith("Integer")
                low, high = item.get("MinValue", "0"), item.get("MaxValue", "0")
                yield _Range(
                    path=f"{where}.{kind}[{index}]",
                    whole=whole,
                    low_text=low,
                    high_text=high,
                    low=_number(low, whole=whole),
                    high=_number(high, whole=whole),
                    scaling=item.get("ScalingType", "Auto"),
                )


def range_numbers(request: dict) -> Iterator[Remark]:
    for item in _ranges(request):
        allowed = "a whole number, as text" if item.whole else "a number, as text"
        if item.low is None:
            yield f"{item.path}.MinValue", f"is {item.low_text!r}", allowed
        if item.high is None:
            yield f"{item.path}.MaxValue", f"is {item.high_text!r}", allowed


def range_order(request: dict) -> Iterator[Remark]:
    for item in _ranges(request):
        if item.low is not None and item.high is not None and item.low > item.high:
            yield (
                f"{item.path}.MinValue",
                f"is {item.low}",
                f"at most MaxValue ({item.high})",
            )


def logarithmic_scale(request: dict) -> Iterator[Remark]:
    for item in _ranges(request):
        if item.scaling == "Logarithmic" and item.low is not None and item.low <= 0:
            problem = f"is 'Logarithmic' for a range from {item.low}"
            yield f"{item.path}.ScalingType", problem, "Logarithmic only above 0"


def reverse_logarithmic_scale(request: dict) -> Iterator[Remark]:
    for item in _ranges(request):
        if item.scaling != "ReverseLogarithmic":
            continue
        if item.low is None or item.high is None:
            continue
        if item.whole or item.low < 0 or item.high >= 1:
            kind = "integer" if item.whole else "continuous"
            problem = f"is 'ReverseLogarithmic' for {kind} {item.low} to {item.high}"
            allowed = "ReverseLogarithmic only for a continuous range in 0 <= x < 1"
            yield f"{item.path}.ScalingType", problem, allowed


def _searched(content: dict) -> Iterator[tuple[str, dict]]:
    """Yield path, within its ParameterRanges, and content of every hyperparameter."""
    for kind in (*_NUMBERS, _CATEGORIES, "AutoParameters"):
        for index, item in enumerate(content.get(kind, [])):
            yield f"{kind}[{index}]", item


def searched_twice(request: dict) -> Iterator[Remark]:
    for where, content in _range_sets(request):
        seen = set()
        for path, item in _searched(content):
            name = item.get("Name")
            if name is not None and name in seen:
                allowed = "each hyperparameter once, with one range"
                yield f"{where}.{path}.Name", f"is {name!r} again", allowed
            seen.add(name)


def static_and_searched(request: dict) -> Iterator[Remark]:
    shared = request.get(_CONFIG, {}).get("ParameterRanges", {})
    for where, definition in _definitions(request):
        content = definition.get("HyperParameterRanges", shared)
        searched = {item.get("Name") for _, item in _searched(content)}
        for name in definition.get("StaticHyperParameters", {}):
            if name in searched:
                allowed = "either one value here, or a range that is searched"
                yield f"{where}.StaticHyperParameters.{name}", "is searched too", allowed


def categories_once(request: dict) -> Iterator[Remark]:
    for where, content in _range_sets(request):
        for index, item in enumerate(content.get(_CATEGORIES, [])):
            values = item.get("Values", [])
            twice = sorted({v for v in values if v is not None and values.count(v) > 1})
            if twice:
                path = f"{where}.{_CATEGORIES}[{index}].Values"
                yield path, f"has {', '.join(map(repr, twice))} twice", "each value once"


def objective(request: dict) -> Iterator[Remark]:
    config = request.get(_CONFIG, {})
    allowed = "a value, with Type (Maximize or Minimize) and MetricName"
    if not config or "HyperParameterTuningJobObjective" in config:
        return
    definitions = list(_definitions(request))
    if "TrainingJobDefinitions" not in request:
        yield f"{_CONFIG}.HyperParameterTuningJobObjective", "is missing", allowed
        return
    for where, definition in definitions:
        if "TuningObjective" not in definition:
            yield f"{where}.TuningObjective", "is missing", allowed


def parallel_jobs(request: dict) -> Iterator[Remark]:
    limits = request.get(_CONFIG, {}).get("ResourceLimits", {})
    jobs, parallel = limits.get("MaxNumberOfTrainingJobs"), limits.get(_PARALLEL)
    if None not in (jobs, parallel) and parallel > jobs:
        problem = f"is {parallel}, with {jobs} jobs in all"
        yield f"{_CONFIG}.ResourceLimits.{_PARALLEL}", problem, f"at most {jobs}"


def _strategy(request: dict) -> str | None:
    return request.get(_CONFIG, {}).get("Strategy")


def grid_categorical(request: dict) -> Iterator[Remark]:
    if _strategy(request) == "Grid":
        for item in _ranges(request):
            yield item.path, "is searched with strategy Grid", "CategoricalParameterRanges"


def grid_count(request: dict) -> Iterator[Remark]:
    jobs = request.get(_CONFIG, {}).get("ResourceLimits", {}).get("MaxNumberOfTrainingJobs")
    sets = [content.get(_CATEGORIES, []) for _, content in _range_sets(request)]
    if _strategy(request) != "Grid" or jobs is None or len(sets) != 1:
        return
    grid = math.prod(len(item.get("Values", [])) for item in sets[0])
    if jobs != grid:
        path = f"{_CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs"
        yield path, f"is {jobs}", f"nothing, or the number of combinations ({grid})"


def enough_combinations(request: dict) -> Iterator[Remark]:
    jobs = request.get(_CONFIG, {}).get("ResourceLimits", {}).get("MaxNumberOfTrainingJobs")
    sets = [content for _, content in _range_sets(request)]
    if _strategy(request) == "Grid" or jobs is None or len(sets) != 1:
        return
    if sets[0].get("AutoParameters") or not any(True for _ in _searched(sets[0])):
        return
    most: float = math.prod(
        len(item.get("Values", [])) for item in sets[0].get(_CATEGORIES, [])
    )
    for item in _ranges(request):
        if item.low is None or item.high is None:
            return
        if item.low < item.high:
            most *= item.high - item.low + 1 if item.whole else math.inf
    if jobs > most:
        path = f"{_CONFIG}.ResourceLimits.MaxNumberOfTrainingJobs"
        yield path, f"is {jobs}", f"at most the combinations of the ranges ({most})"


def hyperband_early_stopping(request: dict) -> Iterator[Remark]:
    early = request.get(_CONFIG, {}).get("TrainingJobEarlyStoppingType", "Off")
    if _strategy(request) == "Hyperband" and early != "Off":
        path = f"{_CONFIG}.TrainingJobEarlyStoppingType"
        yield path, f"is {early!r}", "Off, since Hyperband stops jobs by itself"


def hyperband_config(request: dict) -> Iterator[Remark]:
    strategy = _strategy(request)
    if "StrategyConfig" in request.get(_CONFIG, {}) and strategy != "Hyperband":
        yield f"{_CONFIG}.StrategyConfig", f"is set with {strategy}", "only with Hyperband"


def tuning_parameters(request: dict) -> Iterator[Remark]:
    shared = request.get(_CONFIG, {}).get("ParameterRanges", {})
    for where, definition in _definitions(request):
        searched = sum(map(len, definition.get("HyperParameterRanges", shared).values()))
        static = len(definition.get("StaticHyperParameters", {}))
        if searched + static > 100:
            problem = f"has {static} entries besides {searched} searched parameters"
            yield f"{where}.StaticHyperParameters", problem, "at most 100 together"


def warm_start_strategy(request: dict) -> Iterator[Remark]:
    if "WarmStartConfig" in request and _strategy(request) in ("Grid", "Hyperband"):
        problem = f"is set with strategy {_strategy(request)}"
        yield "WarmStartConfig", problem, "only with strategy Bayesian or Random"


# Endpoints


def _serverless(request: dict) -> Iterator[tuple[str, dict, dict]]:
    """Yield path, variant and serverless configuration."""
    for name in ("ProductionVariants", "ShadowProductionVariants"):
        for index, variant in enumerate(request.get(name, [])):
            if "ServerlessConfig" in variant:
                yield f"{name}[{index}]", variant, variant["ServerlessConfig"]


def serverless_memory(request: dict) -> Iterator[Remark]:
    for path, _, config in _serverless(request):
        memory = config.get("MemorySizeInMB", 1024)
        if memory % 1024:
            allowed = "1024, 2048, 3072, 4096, 5120 or 6144"
            yield f"{path}.ServerlessConfig.MemorySizeInMB", f"is {memory}", allowed


def serverless_concurrency(request: dict) -> Iterator[Remark]:
    for path, _, config in _serverless(request):
        most, kept = (
            config.get("MaxConcurrency", 200),
            config.get("ProvisionedConcurrency", 0),
        )
        if kept > most:
            path = f"{path}.ServerlessConfig.ProvisionedConcurrency"
            yield path, f"is {kept}", f"at most MaxConcurrency ({most})"


def serverless_instances(request: dict) -> Iterator[Remark]:
    for path, variant, _ in _serverless(request):
        for field in ("InstanceType", "InitialInstanceCount"):
            if field in variant:
                allowed = "either instances or ServerlessConfig"
                yield f"{path}.{field}", "is set with ServerlessConfig", allowed


def shadow_variants(request: dict) -> Iterator[Remark]:
    for name in ("ProductionVariants", "ShadowProductionVariants"):
        number = len(request.get(name, []))
        if "ShadowProductionVariants" in request and number > 1:
            yield name, f"has {number} items", "with a shadow variant one of each kind"


_BLUE_GREEN = "DeploymentConfig.BlueGreenUpdatePolicy"
_ROUTING = f"{_BLUE_GREEN}.TrafficRoutingConfiguration"


def _policy(request: dict, name: str) -> dict:
    return request.get("DeploymentConfig", {}).get(name, {})


def _routing(request: dict) -> dict:
    return _policy(request, "BlueGreenUpdatePolicy").get("TrafficRoutingConfiguration", {})


def one_update_policy(request: dict) -> Iterator[Remark]:
    policies = {"BlueGreenUpdatePolicy", "RollingUpdatePolicy"}
    if policies <= request.get("DeploymentConfig", {}).keys():
        yield "DeploymentConfig", "has two update policies", " or ".join(sorted(policies))


def _check_share(size: dict, low: int, high: int, path: str) -> Iterator[Remark]:
    # How many percent a number of instances is, the request does not say.
    percent = size.get("Value", low) if size.get("Type") == "CAPACITY_PERCENT" else low
    if not low <= percent <= high:
        allowed = f"{low} to {high} percent of the variant's instances"
        yield f"{path}.Value", f"is {percent} percent", allowed


def canary_size(request: dict) -> Iterator[Remark]:
    size = _routing(request).get("CanarySize", {})
    yield from _check_share(size, 1, 50, f"{_ROUTING}.CanarySize")


def linear_step_size(request: dict) -> Iterator[Remark]:
    size = _routing(request).get("LinearStepSize", {})
    yield from _check_share(size, 10, 50, f"{_ROUTING}.LinearStepSize")


def rolling_batch_size(request: dict) -> Iterator[Remark]:
    size = _policy(request, "RollingUpdatePolicy").get("MaximumBatchSize", {})
    path = "DeploymentConfig.RollingUpdatePolicy.MaximumBatchSize"
    yield from _check_share(size, 5, 50, path)


def deployment_timeout(request: dict) -> Iterator[Remark]:
    policy = _policy(request, "BlueGreenUpdatePolicy")
    timeout = policy.get("MaximumExecutionTimeoutInSeconds")
    waits = policy.get("TerminationWaitInSeconds", 0)
    waits += _routing(request).get("WaitIntervalInSeconds", 0)
    if timeout is not None and timeout <= waits:
        fields = "TerminationWaitInSeconds and WaitIntervalInSeconds"
        path = f"{_BLUE_GREEN}.MaximumExecutionTimeoutInSeconds"
        yield path, f"is {timeout}", f"more than {fields} together ({waits})"


_MB = 1024 * 1024


def payload_limit(request: dict) -> Iterator[Remark]:
    size = len(request.get("Body", b""))
    if 6 * _MB < size <= 25 * _MB:
        allowed = (
            f"by the guide at most 25 MB, by the service model at most {6 * _MB} bytes"
        )
        yield "Body", f"has {size} bytes", allowed


# Monitoring and batch transform

_SCHEDULE = "MonitoringScheduleConfig.ScheduleConfig"
_HOUR = r"([01]?\d|2[0-3])"
_CRON = re.compile(
    rf"cron\(0 (\*|{_HOUR}|{_HOUR}/([01]?\d|2[0-4])) \? \* \* \*\)", re.ASCII
)


def _schedule(request: dict) -> dict:
    return request.get("MonitoringScheduleConfig", {}).get("ScheduleConfig", {})


def schedule_expression(request: dict) -> Iterator[Remark]:
    expression = _schedule(request).get("ScheduleExpression", "NOW")
    if expression != "NOW" and not _CRON.fullmatch(expression):
        allowed = (
            "NOW, hourly cron(0 * ? * * *), daily at an hour cron(0 12 ? * * *), "
            "or every some hours from an hour cron(0 17/12 ? * * *)"
        )
        yield f"{_SCHEDULE}.ScheduleExpression", f"is {expression!r}", allowed


def schedule_now(request: dict) -> Iterator[Remark]:
    schedule = _schedule(request)
    if schedule.get("ScheduleExpression") == "NOW":
        for field in ("DataAnalysisStartTime", "DataAnalysisEndTime"):
            if field not in schedule:
                yield f"{_SCHEDULE}.{field}", "is missing", "a duration; NOW needs both"


def transform_payload(request: dict) -> Iterator[Remark]:
    payload = request.get("MaxPayloadInMB", 6)
    parallel = max(1, request.get("MaxConcurrentTransforms", 1))
    if payload * parallel > 100:
        problem = f"is {payload}, with MaxConcurrentTransforms of {parallel}"
        yield "MaxPayloadInMB", problem, "a product of the two of at most 100"


def transform_split(request: dict) -> Iterator[Remark]:
    split = request.get("TransformInput", {}).get("SplitType", "None")
    if request.get("BatchStrategy") == "MultiRecord" and split == "None":
        problem = "is None with BatchStrategy MultiRecord"
        yield "TransformInput.SplitType", problem, "Line, RecordIO or TFRecord"


_MODEL = "text of the service model, shape"
_INPUT_GUIDE = "developer guide 2023, model-access-training-data"
_POOL_GUIDE = "developer guide 2026, train-warm-pools"
_SPOT_GUIDE = "developer guide 2026, model-managed-spot-training"
_TUNING_GUIDE = "developer guide 2023, automatic-model-tuning"
# What the service answered, as users report it on GitHub.
_SPOT_ONLY = "answer of the service, aws/sagemaker-python-sdk issue 4140"
_FEW = "answer of the service, aws/amazon-sagemaker-operator-for-k8s issue 123"
_ONCE = "answer of the service, aws/amazon-sagemaker-feedback issue 195"

_TRAINING = (
    Rule(algorithm_choice, f"{_MODEL} AlgorithmSpecification"),
    Rule(
        channel_names,
        "developer guide 2023, your-algorithms-training-algo-running-container",
    ),
    Rule(gzip_pipe, f"{_MODEL} Channel"),
    Rule(fast_file_prefix, _INPUT_GUIDE),
    Rule(manifest_pipe, f"{_MODEL} S3DataSource"),
    Rule(file_system_file, _INPUT_GUIDE),
    Rule(spot_wait, f"{_MODEL} StoppingCondition"),
    Rule(spot_wait_equal, f"{_SPOT_GUIDE}; {_MODEL} StoppingCondition", "conflict"),
    Rule(wait_without_spot, _SPOT_ONLY),
    Rule(max_runtime, f"{_MODEL} StoppingCondition"),
)
_DEPLOYMENT = (
    Rule(one_update_policy, f"{_MODEL} DeploymentConfig"),
    Rule(canary_size, f"{_MODEL} TrafficRoutingConfig"),
    Rule(linear_step_size, f"{_MODEL} TrafficRoutingConfig"),
    Rule(rolling_batch_size, f"{_MODEL} RollingUpdatePolicy"),
    Rule(deployment_timeout, f"{_MODEL} BlueGreenUpdatePolicy"),
)

RULES: dict[str, tuple[Rule, ...]] = {
    "CreateTrainingJob": (
        *_TRAINING,
        Rule(keep_alive_limit, f"{_POOL_GUIDE}; service model, ResourceConfig", "conflict"),
        Rule(keep_alive_alone, _POOL_GUIDE),
    ),
    "CreateHyperParameterTuningJob": (
        *map(_in_definitions, _TRAINING),
        Rule(range_numbers, f"{_MODEL} ParameterRanges"),
        Rule(range_order, f"{_MODEL} ParameterRanges"),
        Rule(logarithmic_scale, f"{_TUNING_GUIDE}-define-ranges"),
        Rule(reverse_logarithmic_scale, f"{_TUNING_GUIDE}-define-ranges"),
        Rule(grid_categorical, f"{_TUNING_GUIDE}-how-it-works"),
        Rule(grid_count, f"{_TUNING_GUIDE}-how-it-works"),
        Rule(enough_combinations, _FEW),
        Rule(searched_twice, f"{_MODEL} ParameterRanges"),
        Rule(static_and_searched, f"{_MODEL} HyperParameterTrainingJobDefinition"),
        Rule(categories_once, _ONCE),
        Rule(objective, f"{_MODEL} HyperParameterTuningJobConfig"),
        Rule(parallel_jobs, f"{_MODEL} ResourceLimits"),
        Rule(hyperband_early_stopping, f"{_MODEL} HyperParameterTuningJobConfig"),
        Rule(hyperband_config, f"{_MODEL} HyperParameterTuningJobConfig"),
        Rule(tuning_parameters, f"{_TUNING_GUIDE}-limits"),
        Rule(warm_start_strategy, f"{_TUNING_GUIDE}-warm-start"),
    ),
    "CreateEndpointConfig": (
        Rule(serverless_memory, f"{_MODEL} ProductionVariantServerlessConfig"),
        Rule(serverless_concurrency, f"{_MODEL} ProductionVariantServerlessConfig"),
        Rule(serverless_instances, f"{_MODEL} ProductionVariant"),
        Rule(shadow_variants, f"{_MODEL} CreateEndpointConfigInput"),
    ),
    "CreateEndpoint": _DEPLOYMENT,
    "UpdateEndpoint": _DEPLOYMENT,
    "InvokeEndpoint": (
        Rule(
            payload_limit,
            "developer guide 2026, deploy-model-options; service model, shape BodyBlob",
            "conflict",
        ),
    ),
    "CreateMonitoringSchedule": (
        Rule(schedule_expression, f"{_MODEL} ScheduleConfig"),
        Rule(schedule_now, f"{_MODEL} ScheduleConfig"),
    ),
    "CreateTransformJob": (
        Rule(transform_payload, f"{_MODEL} CreateTransformJobRequest"),
        Rule(transform_split, f"{_MODEL} CreateTransformJobRequest"),
    ),
}
