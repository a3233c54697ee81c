"""The JSON of a pipeline, read and checked before anything runs.

Source: the format that the SageMaker Python SDK writes (version 2020-12-01).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.pipelines import values

VERSION = "2020-12-01"

JOBS = ("Training", "Processing", "Tuning", "Transform")
"""Steps that are jobs: they can be cached, and stopped."""

CREATES = ("Model", "RegisterModel", "EndpointConfig", "Endpoint")
"""Steps that make a resource."""

TYPES = (*JOBS, *CREATES, "Condition", "Callback", "Fail")

RETRIED = (
    "Step.SERVICE_FAULT",
    "Step.THROTTLING",
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
)
"""What a retry policy can be for."""

_PARAMETER_TYPES = ("String", "Integer", "Float", "Boolean")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,255}")
_DURATION = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?"
    r"(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
)
_SECONDS = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3600, 60, 1)


@dataclass(frozen=True)
class PipelineParameter:
    """What a run of the pipeline may be given."""

    name: str
    type: str
    default: Any = None
    choices: tuple[Any, ...] = ()

    def read(self, text: str) -> Any:
        """Return a value that came as text, in the parameter's type.

        Raises
        ------
        ApiError
            If it is not of the type, or none of the choices.
        """
        value: Any = text
        try:
            if self.type == "Integer":
                value = int(text)
            elif self.type == "Float":
                value = float(text)
            elif self.type == "Boolean":
                value = {"true": True, "false": False}[text.lower()]
        except (ValueError, KeyError):
            raise invalid(
                f"Parameter {self.name} is {text[:60]!r}, expected a {self.type}."
            ) from None
        if self.choices and value not in self.choices:
            known = ", ".join(map(str, self.choices))
            raise invalid(
                f"Parameter {self.name} is {text[:60]!r}, expected one of {known}."
            )
        return value


@dataclass(frozen=True)
class PipelineStep:
    """One step, wherever it stands.

    Attributes
    ----------
    name, type : str
    body : mapping
        As the definition has it.
    needs : frozenset of str
        Steps that have to have succeeded before: named by DependsOn or by a reference.
    branch : tuple of (str, bool), optional
        The condition step in whose branch it stands, and for which outcome.
    """

    name: str
    type: str
    body: Mapping[str, Any]
    needs: frozenset[str]
    branch: tuple[str, bool] | None = None

    @property
    def arguments(self) -> Any:
        """What the definition gives the step."""
        return self.body.get("Arguments", {})

    @property
    def expires(self) -> float | None:
        """Seconds for which a result may be taken again; None if it is not cached."""
        config = self.body.get("CacheConfig") or {}
        if not config.get("Enabled"):
            return None
        return duration(config["ExpireAfter"]) if "ExpireAfter" in config else float("inf")


@dataclass(frozen=True)
class Definition:
    """A pipeline that can run."""

    parameters: Mapping[str, PipelineParameter]
    steps: Mapping[str, PipelineStep] = field(default_factory=dict)


def duration(text: str) -> float:
    """Return the seconds of an ISO 8601 duration; a month has 30 days, a year 365."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise invalid(
            f"ExpireAfter is {text!r}, expected an ISO 8601 duration such as PT1H or P30D."
        )
    pairs = zip(match.groups(), _SECONDS, strict=True)
    return float(sum(int(number or 0) * seconds for number, seconds in pairs))


def read(text: str) -> Definition:
    """Return the definition in a JSON text.

    Raises
    ------
    ApiError
        Says where it is wrong.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid(f"PipelineDefinition is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise invalid("PipelineDefinition is JSON, but not an object.")
    try:
        return _read(body)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise invalid(
            f"PipelineDefinition has another form than expected: {error!r}."
        ) from None


def _read(body: Mapping[str, Any]) -> Definition:
    if body.get("Version") != VERSION:
        raise invalid(f"Version is {body.get('Version')!r}, expected {VERSION!r}.")
    parameters: dict[str, PipelineParameter] = {}
    for item in body.get("Parameters") or []:
        found = _parameter(item)
        if found.name in parameters:
            raise invalid(f"There are two parameters called {found.name}.")
        parameters[found.name] = found
    steps: dict[str, PipelineStep] = {}
    for step in _steps(body.get("Steps") or [], None):
        if step.name in steps:
            raise invalid(f"There are two steps called {step.name}.")
        steps[step.name] = step
    if not steps:
        raise invalid("Steps is empty; a pipeline has at least one step.")
    for step in steps.values():
        _check(step, steps, parameters)
    _refuse_circles(steps)
    return Definition(parameters, steps)


def _parameter(item: Mapping[str, Any]) -> PipelineParameter:
    name, kind = item["Name"], item["Type"]
    if kind not in _PARAMETER_TYPES:
        raise invalid(
            f"Parameter {name} has the type {kind!r}, expected one of "
            f"{', '.join(_PARAMETER_TYPES)}."
        )
    return PipelineParameter(
        name, kind, item.get("DefaultValue"), tuple(item.get("EnumValues") or ())
    )


def _steps(items: Iterable[Any], branch: tuple[str, bool] | None) -> Iterator[PipelineStep]:
    for item in items:
        name, kind = item["Name"], item["Type"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise invalid(
                f"Step name {name!r}: expected letters, digits, - and _, beginning with a "
                "letter or a digit."
            )
        if kind not in TYPES:
            raise invalid(
                f"Step {name} has the type {kind!r}. The SageMaker on this machine carries "
                f"out {', '.join(TYPES)}."
            )
        arguments = item.get("Arguments", {})
        looked_at = {k: v for k, v in item.items() if k != "Arguments"}
        if kind == "Condition":
            if branch is not None:
                raise invalid(f"Condition step {name} stands in a branch of {branch[0]}.")
            looked_at["Conditions"] = arguments["Conditions"]
        else:
            looked_at["Arguments"] = arguments
        needs = {*item.get("DependsOn", ()), *values.steps_in(looked_at)}
        if branch is not None:
            needs.add(branch[0])
        yield PipelineStep(name, kind, item, frozenset(needs), branch)
        if kind == "Condition":
            for key, outcome in (("IfSteps", True), ("ElseSteps", False)):
                yield from _steps(arguments.get(key) or [], (name, outcome))


def _check(
    step: PipelineStep,
    steps: Mapping[str, PipelineStep],
    parameters: Mapping[str, PipelineParameter],
) -> None:
    for need in sorted(step.needs):
        if need not in steps:
            raise invalid(
                f"Step {step.name} refers to the step {need}, which there is not."
            )
        if steps[need].type == "Fail":
            raise invalid(f"Step {step.name} depends on the Fail step {need}.")
    for name in sorted(values.parameters_in(step.body)):
        if name not in parameters:
            raise invalid(
                f"Step {step.name} refers to the parameter {name}, which there is not."
            )
    if step.type == "Condition":
        for condition in step.arguments["Conditions"]:
            values.check_condition(condition, step.name)
    if step.type == "Callback" and not step.body.get("SqsQueueUrl"):
        raise invalid(f"Callback step {step.name} needs SqsQueueUrl.")
    if step.type == "Fail" and "ErrorMessage" not in step.arguments:
        raise invalid(f"Fail step {step.name} needs ErrorMessage.")
    if "CacheConfig" in step.body:
        if step.type not in JOBS:
            raise invalid(
                f"Step {step.name} has CacheConfig; only {', '.join(JOBS)} steps are cached "
                "here."
            )
        _ = step.expires
    for policy in step.body.get("RetryPolicies") or []:
        _check_retry(step, policy)


def _check_retry(step: PipelineStep, policy: Mapping[str, Any]) -> None:
    unknown = sorted(set(policy["ExceptionType"]) - set(RETRIED))
    if unknown:
        raise invalid(
            f"Step {step.name} retries {', '.join(unknown)}; expected some of "
            f"{', '.join(RETRIED)}."
        )
    if ("MaxAttempts" in policy) == ("ExpireAfterMin" in policy):
        raise invalid(
            f"A retry policy of step {step.name} needs either MaxAttempts or ExpireAfterMin."
        )


def _refuse_circles(steps: Mapping[str, PipelineStep]) -> None:
    left = dict(steps)
    while left:
        free = [name for name, step in left.items() if not step.needs & set(left)]
        if not free:
            raise invalid(f"These steps wait for each other: {', '.join(sorted(left))}.")
        for name in free:
            del left[name]


def given(definition: Definition, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return every parameter's value for a run.

    Raises
    ------
    ApiError
        If one is unknown, of another type, or neither given nor has a default.
    """
    unknown = sorted(set(texts) - set(definition.parameters))
    if unknown:
        raise ApiError(
            "ValidationException",
            f"The pipeline has no parameter {', '.join(unknown)}. It has: "
            f"{', '.join(sorted(definition.parameters)) or 'none'}.",
        )
    found = {}
    for name, parameter in definition.parameters.items():
        if name in texts:
            found[name] = parameter.read(texts[name])
        elif parameter.default is None:
            raise invalid(f"Parameter {name} has no default; give it to the execution.")
        else:
            found[name] = parameter.default
    return found
