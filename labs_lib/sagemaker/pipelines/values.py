"""What stands in a definition for something that is known only when it runs."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from labs_lib.sagemaker.errors import invalid

_PART = re.compile(r"\.?([^.\[\]]+)|\['([^']*)'\]|\[\"([^\"]*)\"\]|\[(\d+)\]")


class Unknown(Exception):
    """A reference that stands for nothing; the message says what there is."""


def resolve(value: Any, get: Callable[[list[Any]], Any], read_file: Callable) -> Any:
    """Return a value with every reference in it replaced.

    Parameters
    ----------
    value : object
        A part of the definition.
    get : callable
        From the parts of a path such as ``["Steps", "Train", "TrainingJobArn"]`` to its value.
    read_file : callable
        From step and property file to the JSON text of the file.

    Raises
    ------
    Unknown
    """
    if isinstance(value, list):
        return [resolve(item, get, read_file) for item in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"Get"}:
        return get(parts(value["Get"]))
    if set(value) == {"Std:Join"}:
        join = value["Std:Join"]
        words = [resolve(item, get, read_file) for item in join["Values"]]
        return join["On"].join(_text(word) for word in words)
    if set(value) == {"Std:JsonGet"}:
        asked = value["Std:JsonGet"]
        _, step, _, name = parts(asked["PropertyFile"]["Get"])
        try:
            found = json.loads(read_file(step, name))
        except ValueError:
            raise Unknown(f"property file {name} of step {step} is not JSON") from None
        return pick(found, parts(asked["Path"]), asked["Path"])
    return {key: resolve(item, get, read_file) for key, item in value.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def parts(path: str) -> list[Any]:
    """Return the parts of ``Steps.Train.FinalMetricDataList['auc'].Value``."""
    found, at = [], 0
    while at < len(path):
        match = _PART.match(path, at)
        if match is None:
            raise invalid(f"{path!r} is no path: something is wrong at {path[at:]!r}.")
        plain, single, double, index = match.groups()
        found.append(int(index) if index is not None else plain or single or double or "")
        at = match.end()
    return found


def pick(value: Any, path: list[Any], shown: str) -> Any:
    """Return what a path leads to.

    In a list a text stands for the element of this name (``Outputs['train']``).
    """
    for part in path:
        inner = _step_into(value, part)
        if inner is None:
            raise Unknown(f"{shown} has no {part!r}")
        value = inner
    return value


def _step_into(value: Any, part: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int):
        return value[part] if part < len(value) else None
    if isinstance(value, list):
        named = (v for v in value if isinstance(v, Mapping) and part in _names(v))
        return next(named, None)
    return None


def _names(item: Mapping[str, Any]) -> list[Any]:
    return [value for key, value in item.items() if key.endswith("Name")]


# What a definition refers to


def _references(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, Mapping):
        if set(value) == {"Get"} and isinstance(value["Get"], str):
            yield parts(value["Get"])
        else:
            for item in value.values():
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def steps_in(value: Any) -> set[str]:
    """Return the names of the steps that a part of the definition refers to."""
    return {path[1] for path in _references(value) if path[0] == "Steps" and len(path) > 1}


def parameters_in(value: Any) -> set[str]:
    """Return the names of the parameters that a part of the definition refers to."""
    return {p[1] for p in _references(value) if p[0] == "Parameters" and len(p) > 1}


# Conditions

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda left, right: left == right,
    "GreaterThan": lambda left, right: left > right,
    "GreaterThanOrEqualTo": lambda left, right: left >= right,
    "LessThan": lambda left, right: left < right,
    "LessThanOrEqualTo": lambda left, right: left <= right,
}
CONDITIONS = (*_COMPARE, "In", "Not", "Or")


def check_condition(condition: Any, step: str) -> None:
    """Raise an `ApiError` if a condition is none."""
    kind = condition.get("Type")
    if kind not in CONDITIONS:
        raise invalid(
            f"Step {step} has a condition of the type {kind!r}, expected one of "
            f"{', '.join(CONDITIONS)}."
        )
    fields = {"In": ("QueryValue", "Values"), "Not": ("Condition",), "Or": ("Conditions",)}
    for field in fields.get(kind, ("LeftValue", "RightValue")):
        if field not in condition:
            raise invalid(f"Step {step}: the condition {kind} needs {field}.")
    inner = [condition["Condition"]] if kind == "Not" else []
    for item in [*inner, *(condition["Conditions"] if kind == "Or" else [])]:
        check_condition(item, step)


def holds(condition: Mapping[str, Any]) -> bool:
    """Say whether a condition holds whose references are replaced.

    Raises
    ------
    Unknown
        If its values cannot be compared.
    """
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Condition"])
    if kind == "Or":
        return any(holds(item) for item in condition["Conditions"])
    if kind == "In":
        return condition["QueryValue"] in condition["Values"]
    left, right = condition["LeftValue"], condition["RightValue"]
    try:
        return _COMPARE[kind](left, right)
    except TypeError:
        raise Unknown(f"{left!r} and {right!r} cannot be compared by {kind}") from None
