"""Definitions in the Amazon States Language: whether one is a state machine, and why not.

Source: Amazon States Language with JSONPath; Step Functions developer guide (error handling,
quotas). What this machine does not carry out is refused, never ignored.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from labs_lib.platform.errors import Refusal
from labs_lib.platform.state_data import COMPARISONS, TESTS, is_kind, steps_of

DEFINITION_BYTES = 1 << 20

_ANY = {"Type", "Comment", "QueryLanguage", "InputPath", "OutputPath", "Next", "End"}
_RESULT = {"Parameters", "ResultSelector", "ResultPath", "Retry", "Catch"}
FIELDS = {
    "Task": _ANY | _RESULT | {"Resource", "TimeoutSeconds"},
    "Parallel": _ANY | _RESULT | {"Branches"},
    "Map": _ANY
    | _RESULT
    | {"ItemProcessor", "Iterator", "ItemsPath", "ItemSelector", "MaxConcurrency"},
    "Pass": _ANY | {"Parameters", "Result", "ResultPath"},
    "Wait": _ANY | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Choice": (_ANY - {"Next", "End"}) | {"Choices", "Default"},
    "Succeed": _ANY - {"Next", "End"},
    "Fail": {"Type", "Comment", "QueryLanguage", "Error", "Cause"},
}
"""Fields of each type of state that are carried out here."""

_LATER = {
    "Assign": "variables",
    "Arguments": "JSONata",
    "Output": "JSONata",
    "HeartbeatSeconds": "heartbeats",
    "HeartbeatSecondsPath": "heartbeats",
    "TimeoutSecondsPath": "timeouts by path",
    "Credentials": "other roles",
    "ItemReader": "distributed maps",
    "ItemBatcher": "distributed maps",
    "ResultWriter": "distributed maps",
    "ToleratedFailureCount": "distributed maps",
    "ToleratedFailurePercentage": "distributed maps",
    "ErrorPath": "errors by path",
    "CausePath": "errors by path",
}
MOST_SECONDS = 99_999_999
"""Of a wait or a timeout."""

WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
_PATHS = (
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
)

Found = Iterator[tuple[str, str]]
"""Place and what is wrong there."""


def parse(definition: str) -> dict[str, Any]:
    """Return a definition as a mapping.

    Raises
    ------
    Refusal
        ``InvalidDefinition``, with every finding and its place.
    """
    if len(definition.encode("utf-8", "replace")) > DEFINITION_BYTES:
        raise _refusal([("", f"it has more than {DEFINITION_BYTES} bytes")])
    try:
        machine = json.loads(definition)
    except (ValueError, RecursionError):
        raise Refusal(
            "InvalidDefinition",
            "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION'",
        ) from None
    found = findings(machine)
    if found:
        raise _refusal(found)
    return machine


def _refusal(found: list[tuple[str, str]]) -> Refusal:
    text = ", ".join(f"SCHEMA_VALIDATION_FAILED: {what} at /{at}" for at, what in found)
    return Refusal("InvalidDefinition", f"Invalid State Machine Definition: '{text}'")


def findings(machine: Any) -> list[tuple[str, str]]:
    """Return place and reason of everything that makes a definition no state machine."""
    if not isinstance(machine, Mapping):
        return [("", "a state machine is a JSON object")]
    found = [*_of_states(machine, "")]
    known = {"StartAt", "States", "Comment", "Version", "TimeoutSeconds", "QueryLanguage"}
    found += [(name, "there is no such field") for name in machine if name not in known]
    found += _of_language(machine, "")
    if not _is_whole(machine.get("TimeoutSeconds", 1), 1):
        found.append(("TimeoutSeconds", "expected a whole number above 0"))
    return found


def _of_language(holder: Mapping[str, Any], at: str) -> Found:
    if holder.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield f"{at}QueryLanguage", "only JSONPath is carried out here"


def _of_states(machine: Mapping[str, Any], at: str) -> Found:
    states = machine.get("States")
    if not isinstance(states, Mapping) or not states:
        yield f"{at}States", "expected an object with at least one state"
        return
    if machine.get("StartAt") not in [*states]:
        yield (
            f"{at}StartAt",
            f"expected the name of a state, one of {', '.join(states)[:200]}",
        )
    ends = False
    for name, state in states.items():
        place = f"{at}States/{name}/"
        if not isinstance(state, Mapping) or state.get("Type") not in [*FIELDS]:
            yield f"{place}Type", f"expected one of {', '.join(FIELDS)}"
            continue
        ends = ends or state["Type"] in ("Succeed", "Fail") or state.get("End") is True
        yield from _of_state(state, states, place)
    if not ends:
        yield (
            f"{at}States",
            "no state ends the machine: give one End true, or Type Succeed or Fail",
        )


def _of_state(state: Mapping[str, Any], states: Mapping[str, Any], at: str) -> Found:
    kind = state["Type"]
    for field in state:
        if field in _LATER and field not in FIELDS[kind]:
            yield at + field, f"{_LATER[field]} are not carried out here"
        elif field not in FIELDS[kind]:
            yield at + field, f"a {kind} state has no such field"
    yield from _of_language(state, at)
    if "Next" in FIELDS[kind]:
        if ("Next" in state) == (state.get("End") is True):
            yield at + "Next", "expected either Next or End true"
        if "Next" in state:
            yield from _of_target(state, states, at)
    for path in _PATHS:
        if path in FIELDS[kind] and path in state:
            yield from _of_path(state[path], at + path, nothing=path not in WAITS)
    for template in ("Parameters", "ResultSelector", "ItemSelector"):
        if template in FIELDS[kind] and template in state:
            yield from _of_template(state[template], at + template)
    for handler in ("Retry", "Catch"):
        if handler in FIELDS[kind] and handler in state:
            yield from _of_handlers(state[handler], states, at + handler, handler)
    if kind in _OF_KIND:
        yield from _OF_KIND[kind](state, states, at)


def _of_target(
    holder: Any, states: Mapping[str, Any], at: str, field: str = "Next"
) -> Found:
    if holder.get(field) not in [*states]:
        yield at + field, f"there is no state {str(holder.get(field))[:80]!r}"


def _of_path(path: Any, at: str, *, nothing: bool = False) -> Found:
    if path is None and nothing:
        return
    try:
        steps_of(path if isinstance(path, str) else repr(path))
    except ValueError as error:
        yield at, str(error)


def _of_template(template: Any, at: str) -> Found:
    if isinstance(template, Mapping):
        for name, value in template.items():
            if not name.endswith(".$"):
                yield from _of_template(value, f"{at}/{name}")
            elif isinstance(value, str) and value.startswith("States."):
                yield f"{at}/{name}", "intrinsic functions are not carried out here"
            else:
                yield from _of_path(value, f"{at}/{name}")
    elif isinstance(template, list):
        for number, item in enumerate(template):
            yield from _of_template(item, f"{at}[{number}]")


def _of_handlers(handlers: Any, states: Mapping[str, Any], at: str, kind: str) -> Found:
    if not isinstance(handlers, list):
        yield at, "expected a list"
        return
    for number, one in enumerate(handlers):
        place = f"{at}[{number}]/"
        if not isinstance(one, Mapping):
            yield place, "expected an object"
            continue
        errors = one.get("ErrorEquals")
        texts = isinstance(errors, list) and all(isinstance(name, str) for name in errors)
        if not texts or not errors:
            yield place + "ErrorEquals", "expected a list of names of errors"
        elif "States.ALL" in errors and (len(errors) > 1 or number < len(handlers) - 1):
            yield place + "ErrorEquals", "States.ALL stands alone and in the last place"
        known = {"ErrorEquals", "Comment"}
        if kind == "Catch":
            known |= {"Next", "ResultPath"}
            yield from _of_target(one, states, place)
            yield from _of_path(
                one.get("ResultPath", "$"), place + "ResultPath", nothing=True
            )
        else:
            known |= {*RETRY}
            for name, (_, expected, allowed) in RETRY.items():
                if name in one and not allowed(one[name]):
                    yield place + name, f"expected {expected}"
        for name in set(one) - known:
            yield place + name, "there is no such field"


def _is_whole(value: Any, low: int, high: int = MOST_SECONDS) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_rate(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 1 <= value < float("inf")


RETRY: dict[str, tuple[Any, str, Callable[[Any], bool]]] = {
    "IntervalSeconds": (1, "a whole number above 0", lambda value: _is_whole(value, 1)),
    "MaxAttempts": (3, "a whole number, 0 or more", lambda value: _is_whole(value, 0)),
    "BackoffRate": (2.0, "a number, 1 or more", _is_rate),
    "MaxDelaySeconds": (
        None,
        "a whole number from 1 to 31,622,400",
        lambda value: _is_whole(value, 1, 31_622_400),
    ),
    "JitterStrategy": ("NONE", "NONE or FULL", lambda value: value in ("NONE", "FULL")),
}
"""Fields of a retrier: default, what is expected, whether a value is that."""


def _of_task(state: Mapping[str, Any], states: Mapping[str, Any], at: str) -> Found:
    resource = state.get("Resource")
    if not isinstance(resource, str) or not resource:
        yield at + "Resource", "expected the ARN of what is to be done"
    elif resource.endswith(".waitForTaskToken"):
        yield at + "Resource", "task tokens are not carried out here"
    if not _is_whole(state.get("TimeoutSeconds", 1), 1):
        yield at + "TimeoutSeconds", "expected a whole number above 0"


def _of_wait(state: Mapping[str, Any], states: Mapping[str, Any], at: str) -> Found:
    given = [name for name in WAITS if name in state]
    if len(given) != 1:
        yield at, f"expected one of {', '.join(WAITS)}, there are {len(given)}"
    if "Seconds" in state and not _is_whole(state["Seconds"], 0):
        yield at + "Seconds", "expected a whole number from 0 to 99,999,999"
    if "Timestamp" in state and not TESTS["IsTimestamp"](state["Timestamp"]):
        yield at + "Timestamp", "expected a time such as 2026-03-01T12:00:00Z"


def _of_choice(state: Mapping[str, Any], states: Mapping[str, Any], at: str) -> Found:
    choices = state.get("Choices")
    if not isinstance(choices, list) or not choices:
        yield at + "Choices", "expected a list with at least one rule"
        return
    for number, rule in enumerate(choices):
        place = f"{at}Choices[{number}]/"
        if isinstance(rule, Mapping):
            yield from _of_target(rule, states, place)
        yield from _of_rule(rule, place)
    if "Default" in state:
        yield from _of_target(state, states, at, "Default")


def _of_rule(rule: Any, at: str) -> Found:
    names = (
        set(rule) - {"Next", "Comment", "Variable"} if isinstance(rule, Mapping) else set()
    )
    if len(names) != 1:
        yield at, f"expected an object with one operator, there are {len(names)}"
        return
    (name,) = names
    value = rule[name]
    if name in ("And", "Or"):
        if not isinstance(value, list) or not value:
            yield at + name, "expected a list of rules"
            return
        for number, inner in enumerate(value):
            yield from _of_rule(inner, f"{at}{name}[{number}]/")
        return
    if name == "Not":
        yield from _of_rule(value, f"{at}Not/")
        return
    yield from _of_path(rule.get("Variable"), at + "Variable")
    if name in TESTS or name == "IsPresent":
        if not isinstance(value, bool):
            yield at + name, "expected true or false"
    elif name == "StringMatches":
        if not isinstance(value, str):
            yield at + name, "expected a text, in which * stands for any characters"
    elif name not in COMPARISONS:
        yield at + name, "there is no such operator"
    elif name.endswith("Path"):
        yield from _of_path(value, at + name)
    elif not is_kind(name, value):
        yield at + name, f"{str(value)[:60]!r} cannot be compared so"


def _of_parallel(state: Mapping[str, Any], states: Mapping[str, Any], at: str) -> Found:
    branches = state.get("Branches")
    if not isinstance(branches, list) or not branches:
        yield at + "Branches", "expected a list of state machines"
        return
    for number, branch in enumerate(branches):
        yield from _of_inner(branch, f"{at}Branches[{number}]/")


def _of_inner(machine: Any, at: str) -> Found:
    if isinstance(machine, Mapping):
        yield from _of_states(machine, at)
    else:
        yield at, "expected a state machine"


def _of_map(state: Mapping[str, Any], states: Mapping[str, Any], at: str) -> Found:
    given = [name for name in ("ItemProcessor", "Iterator") if name in state]
    if len(given) != 1:
        yield at + "ItemProcessor", "expected one state machine for all items"
        return
    machine = state[given[0]]
    yield from _of_inner(machine, f"{at}{given[0]}/")
    mode = machine.get("ProcessorConfig") if isinstance(machine, Mapping) else None
    if mode is not None and (not isinstance(mode, Mapping) or mode.get("Mode") != "INLINE"):
        yield f"{at}{given[0]}/ProcessorConfig", "only Mode INLINE is carried out here"
    if not _is_whole(state.get("MaxConcurrency", 0), 0):
        yield at + "MaxConcurrency", "expected a whole number, 0 for no limit"


_OF_KIND: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any], str], Found]] = {
    "Task": _of_task,
    "Wait": _of_wait,
    "Choice": _of_choice,
    "Parallel": _of_parallel,
    "Map": _of_map,
}
