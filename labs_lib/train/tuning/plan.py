"""A tuning job's configuration, checked and read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from labs_lib import aws

AUTO_LOGARITHMIC = 100
"""``Auto`` is logarithmic where the maximum is at least this many times a positive minimum.

AWS does not publish the rule that it uses.
"""

NOT_IMPROVING = 0.01
"""A best value that improves by less than this share has not improved."""

MAX_RESOURCE = 20_000

_EPOCHS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")

_DEFINITION = {
    # The least that a request needs besides the configuration.
    "AlgorithmSpecification": {
        "TrainingImage": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/x",
        "TrainingInputMode": "File",
    },
    "RoleArn": "arn:aws:iam::111122223333:role/training",
    "OutputDataConfig": {"S3OutputPath": "s3://example-bucket/models/"},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
    "ResourceConfig": {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 10,
    },
}


@dataclass(frozen=True)
class Parameter:
    """A searched hyperparameter.

    Attributes
    ----------
    name : str
        As the training job calls it.
    distribution : optuna BaseDistribution
        Where Optuna draws from; of 1 - x if `reverse`.
    reverse : bool
        Whether the scale is reverse logarithmic.
    """

    name: str
    distribution: BaseDistribution
    reverse: bool = False

    def value(self, drawn: Any) -> Any:
        """Return the hyperparameter for what Optuna drew."""
        return 1 - drawn if self.reverse else drawn

    def drawn(self, value: Any) -> Any:
        """Return what Optuna would have drawn for a hyperparameter, None if it never would.

        The value may be text, as AWS has static hyperparameters.
        """
        if isinstance(self.distribution, CategoricalDistribution):
            same = (choice for choice in self.distribution.choices if equal(choice, value))
            return next(same, None)
        try:
            number = float(value)
        except (TypeError, ValueError):
            return None
        whole = isinstance(self.distribution, IntDistribution)
        if whole and not number.is_integer():
            return None
        number = 1 - number if self.reverse else int(number) if whole else number
        return number if self.distribution.low <= number <= self.distribution.high else None


def equal(a: Any, b: Any) -> bool:
    """Whether two values of a hyperparameter are one; 0.1 and "0.10" are."""
    if as_text(a) == as_text(b):
        return True
    try:
        return float(a) == float(b)
    except (TypeError, ValueError):
        return False


def as_text(value: Any) -> str:
    """Return a static hyperparameter as a request to AWS has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Plan:
    """What a tuning job will do, read from its configuration."""

    strategy: str
    maximize: bool
    metric: str
    parameters: tuple[Parameter, ...]
    max_jobs: int
    max_parallel: int
    max_seconds: float
    median_rule: bool
    min_resource: int
    max_resource: int
    target: float | None
    patience: int | None
    seed: int

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Return Optuna's distribution of each parameter."""
        return {item.name: item.distribution for item in self.parameters}

    def values(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """Return the hyperparameters for what Optuna drew."""
        return {item.name: item.value(drawn[item.name]) for item in self.parameters}

    def better(self, a: float, b: float) -> bool:
        """Whether the objective value a is better than b."""
        return a > b if self.maximize else a < b


def read(config: Mapping[str, Any], *, static: Mapping[str, Any]) -> Plan:
    """Check a ``HyperParameterTuningJobConfig`` and read it.

    Parameters
    ----------
    config : dict
        As in the request `CreateHyperParameterTuningJob`: limits of numbers are text.
    static : dict
        Hyperparameters that are not searched.

    Raises
    ------
    labs_lib.aws.RequestError
        If AWS would reject the configuration. The message names each field and what is
        allowed.
    ValueError
        If no hyperparameter is searched, or the configuration asks for what is not
        reproduced.
    """
    request = {
        "HyperParameterTuningJobName": "local",
        "HyperParameterTuningJobConfig": config,
        "TrainingJobDefinition": _DEFINITION
        | {
            "StaticHyperParameters": {
                name: as_text(value) for name, value in static.items()
            }
        },
    }
    aws.validate("CreateHyperParameterTuningJob", request)
    _refuse_what_is_not_reproduced(config)
    ranges = config.get("ParameterRanges", {})
    parameters = _parameters(ranges)
    if not parameters:
        raise ValueError(
            "The configuration searches no hyperparameter. Give at least one range in "
            "ParameterRanges."
        )
    limits = config["ResourceLimits"]
    max_jobs = limits.get("MaxNumberOfTrainingJobs")
    if max_jobs is None:
        if config["Strategy"] != "Grid":
            raise ValueError(
                "ResourceLimits has no MaxNumberOfTrainingJobs; only strategy Grid knows by "
                "itself how many jobs there are. Say how many."
            )
        max_jobs = math.prod(len(item.distribution.choices) for item in parameters)
    objective = config["HyperParameterTuningJobObjective"]
    low, high = _resource(config, static)
    criteria = config.get("TuningJobCompletionCriteria", {})
    return Plan(
        strategy=config["Strategy"],
        maximize=objective["Type"] == "Maximize",
        metric=objective["MetricName"],
        parameters=parameters,
        max_jobs=max_jobs,
        max_parallel=limits["MaxParallelTrainingJobs"],
        max_seconds=limits.get("MaxRuntimeInSeconds", math.inf),
        median_rule=config.get("TrainingJobEarlyStoppingType", "Off") == "Auto",
        min_resource=low,
        max_resource=high,
        target=criteria.get("TargetObjectiveMetricValue"),
        patience=criteria.get("BestObjectiveNotImproving", {}).get(
            "MaxNumberOfTrainingJobsNotImproving"
        ),
        seed=config.get("RandomSeed", 0),
    )


def _refuse_what_is_not_reproduced(config: Mapping[str, Any]) -> None:
    criteria = config.get("TuningJobCompletionCriteria", {})
    if criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled":
        raise ValueError(
            "ConvergenceDetected is not reproduced: AWS does not publish how it detects "
            "convergence. Use BestObjectiveNotImproving or TargetObjectiveMetricValue."
        )
    if config.get("ParameterRanges", {}).get("AutoParameters"):
        raise ValueError(
            "AutoParameters are not reproduced: AWS does not publish how it chooses ranges. "
            "Give each hyperparameter a range."
        )


def _parameters(ranges: Mapping[str, Sequence[Mapping]]) -> tuple[Parameter, ...]:
    found = []
    for item in ranges.get("IntegerParameterRanges", []):
        low, high = int(item["MinValue"]), int(item["MaxValue"])
        log = _logarithmic(item, low, high)
        found.append(Parameter(item["Name"], IntDistribution(low, high, log=log)))
    for item in ranges.get("ContinuousParameterRanges", []):
        low, high = float(item["MinValue"]), float(item["MaxValue"])
        if item.get("ScalingType") == "ReverseLogarithmic":
            drawn = FloatDistribution(1 - high, 1 - low, log=True)
            found.append(Parameter(item["Name"], drawn, reverse=True))
        else:
            log = _logarithmic(item, low, high)
            found.append(Parameter(item["Name"], FloatDistribution(low, high, log=log)))
    for item in ranges.get("CategoricalParameterRanges", []):
        values = CategoricalDistribution(list(item["Values"]))
        found.append(Parameter(item["Name"], values))
    return tuple(found)


def _logarithmic(item: Mapping, low: float, high: float) -> bool:
    scaling = item.get("ScalingType", "Auto")
    if scaling == "Auto":
        return low > 0 and high / low >= AUTO_LOGARITHMIC
    return scaling == "Logarithmic"


def _resource(config: Mapping[str, Any], static: Mapping[str, Any]) -> tuple[int, int]:
    """Return Hyperband's least and largest number of epochs of a job."""
    if config["Strategy"] != "Hyperband":
        return 1, 1
    given = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    high = given.get("MaxResource")
    if high is None:
        inferred = [(name, static[name]) for name in _EPOCHS if name in static]
        if not inferred:
            raise ValueError(
                "Hyperband has no MaxResource, and none of the static hyperparameters "
                f"{', '.join(_EPOCHS)} says how many epochs there are. Give one of them."
            )
        high = _whole(*inferred[0])
    low = given.get("MinResource", 1)
    if not low <= high <= MAX_RESOURCE:
        raise ValueError(
            f"Hyperband has MinResource {low} and MaxResource {high}. Expected MinResource "
            f"at most MaxResource, and that at most {MAX_RESOURCE:,}."
        )
    return low, high


def _whole(name: str, value: Any) -> int:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not number.is_integer():
        raise ValueError(
            f"The static hyperparameter {name} is {value!r}, from which Hyperband takes "
            "MaxResource. Expected a whole number, or MaxResource in the StrategyConfig."
        )
    return int(number)
