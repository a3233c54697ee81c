"""How a state machine reads and writes its data: paths, parameters, the rules of a choice.

Source: Amazon States Language, the part with JSONPath. Paths are reference paths (``$.a.b[0]``,
``$['a']``); ``$$`` is the context object. Intrinsic functions are not carried out.
"""

import copy
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from labs_lib.platform import wildcards

_STEP = re.compile(r"\.([^.\[\]'\"$*@ ,:?()]+)|\['([^'\]]+)'\]|\[(\d+)\]")


class StateError(Exception):
    """An error inside an execution, which Retry and Catch may take.

    Parameters
    ----------
    error : str
        Its name, such as ``"States.Timeout"`` or one of the task's own.
    cause : str
    """

    def __init__(self, error: str, cause: str = ""):
        super().__init__(error, cause)
        self.error = error
        self.cause = cause


def steps_of(path: str) -> list[str | int]:
    """Return the names and indexes of a path after its ``$`` or ``$$``.

    Raises
    ------
    ValueError
        If it is no reference path.
    """
    rest = path.removeprefix("$").removeprefix("$") if path.startswith("$") else None
    found: list[str | int] = []
    while rest:
        match = _STEP.match(rest)
        if match is None:
            break
        name, quoted, index = match.groups()
        found.append(int(index) if index is not None else name or quoted)
        rest = rest[match.end() :]
    if rest is None or rest:
        raise ValueError(f"{path[:80]!r} is no reference path, such as $.order.lines[0]")
    return found


def read(path: str, data: Any, context: Mapping[str, Any], *, error: str) -> Any:
    """Return what a path names; raise `StateError` with the name `error` if nothing is there."""
    found: Any = context if path.startswith("$$") else data
    for step in steps_of(path):
        try:
            if isinstance(step, str) and not isinstance(found, Mapping):
                raise KeyError(step)
            found = found[step]
        except (KeyError, IndexError, TypeError):
            text = f"The path {path!r} names nothing in {_short(data)}."
            raise StateError(error, text) from None
    return found


def write(path: str, data: Any, value: Any) -> Any:
    """Return a copy of `data` with a value where the path says; ``$`` replaces everything."""
    steps = steps_of(path)
    if not steps:
        return value
    changed = copy.deepcopy(data)
    at = changed
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        try:
            if isinstance(step, str):
                if not isinstance(at, dict):
                    raise TypeError
                at[step] = value if last else at.get(step, {})
            elif last:
                at[step] = value
            at = at[step]
        except (IndexError, TypeError, KeyError):
            text = f"ResultPath {path!r} cannot be written into {_short(data)}."
            raise StateError("States.ResultPathMatchFailure", text) from None
    return changed


def fill(template: Any, data: Any, context: Mapping[str, Any]) -> Any:
    """Return a template with the value of its path in place of each field that ends in ``.$``."""
    if isinstance(template, Mapping):
        return {
            name.removesuffix(".$"): (
                read(value, data, context, error="States.ParameterPathFailure")
                if name.endswith(".$")
                else fill(value, data, context)
            )
            for name, value in template.items()
        }
    if isinstance(template, list):
        return [fill(item, data, context) for item in template]
    return template


def _short(data: Any) -> str:
    text = json.dumps(data)
    return text if len(text) <= 200 else text[:197] + "..."


# Rules of a choice


def is_timestamp(value: Any) -> bool:
    """Say whether a value is a time of RFC 3339, as ``2026-03-01T12:00:00Z``."""
    try:
        seconds_of(value)
    except ValueError:
        return False
    return True


def seconds_of(value: Any) -> float:
    """Return seconds since 1970 of a time of RFC 3339, or raise ValueError."""
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    if not isinstance(value, str) or not re.fullmatch(shape, value):
        raise ValueError(f"{str(value)[:60]!r} is no time such as 2026-03-01T12:00:00Z")
    return datetime.fromisoformat(value).timestamp()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: dict[str, Callable[[Any], bool]] = {
    "String": lambda value: isinstance(value, str),
    "Numeric": _is_number,
    "Boolean": lambda value: isinstance(value, bool),
    "Timestamp": is_timestamp,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda found, wanted: found == wanted,
    "LessThan": lambda found, wanted: found < wanted,
    "GreaterThan": lambda found, wanted: found > wanted,
    "LessThanEquals": lambda found, wanted: found <= wanted,
    "GreaterThanEquals": lambda found, wanted: found >= wanted,
}
COMPARISONS = {
    f"{kind}{order}{path}": (kind, order, path)
    for kind in _KINDS
    for order in (("Equals",) if kind == "Boolean" else _ORDER)
    for path in ("", "Path")
}
"""Operators that compare: name to kind, order and whether the other side is a path."""

TESTS = {
    "IsNull": lambda value: value is None,
    "IsString": _KINDS["String"],
    "IsNumeric": _KINDS["Numeric"],
    "IsBoolean": _KINDS["Boolean"],
    "IsTimestamp": _KINDS["Timestamp"],
}
"""Operators that ask what a value is; IsPresent stands apart."""


def is_kind(operator: str, value: Any) -> bool:
    """Say whether an operator can compare with a value."""
    return _KINDS[COMPARISONS[operator][0]](value)


def holds(rule: Mapping[str, Any], data: Any, context: Mapping[str, Any]) -> bool:
    """Say whether a rule of a Choice state holds for the state's input."""
    if "And" in rule:
        return all(holds(one, data, context) for one in rule["And"])
    if "Or" in rule:
        return any(holds(one, data, context) for one in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], data, context)
    (operator,) = set(rule) - {"Variable", "Next", "Comment"}
    wanted = rule[operator]
    try:
        found = read(rule["Variable"], data, context, error="States.Runtime")
    except StateError:
        if operator == "IsPresent":
            return not wanted
        raise
    if operator == "IsPresent":
        return wanted
    if operator in TESTS:
        return TESTS[operator](found) is wanted
    if operator == "StringMatches":
        return isinstance(found, str) and wildcards.matches(wanted, found)
    kind, order, path = COMPARISONS[operator]
    if path:
        wanted = read(wanted, data, context, error="States.Runtime")
    if not _KINDS[kind](found) or not _KINDS[kind](wanted):
        return False
    if kind == "Timestamp":
        found, wanted = seconds_of(found), seconds_of(wanted)
    return _ORDER[order](found, wanted)
