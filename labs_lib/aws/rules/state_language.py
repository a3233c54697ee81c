"""Whether a text is a state machine: the Amazon States Language, as far as a text shows it."""

from collections.abc import Iterator
from typing import Any

from labs_lib.aws.findings import names, show
from labs_lib.aws.rules.rule import Remark, is_whole, read_json

TYPES = ("Task", "Choice", "Wait", "Pass", "Parallel", "Map", "Succeed", "Fail")
_TIMES = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
LONGEST = 1_000_000
"""Bytes of a definition."""


def problems(text: str, *, at: str = "definition") -> Iterator[Remark]:
    """Yield what is wrong with a definition: place, problem, what is allowed.

    Parameters
    ----------
    text : str
        The definition, JSON.
    at : str
        What the places begin with.

    Notes
    -----
    Checked are what every state machine must have (StartAt, States, a known Type, an end) and
    what Choice, Wait, Retry and Catch demand. Paths, intrinsic functions and the arguments of
    a Task are not read.
    """
    if len(text.encode(errors="replace")) > LONGEST:
        yield at, f"has more than {LONGEST} bytes", f"at most {LONGEST} bytes"
        return
    machine, problem = read_json(text)
    if problem:
        yield at, problem, "a state machine as JSON"
    else:
        yield from _machine(machine, at)


def _machine(machine: Any, at: str) -> Iterator[Remark]:
    states = machine.get("States") if isinstance(machine, dict) else None
    if not isinstance(states, dict) or not states:
        yield f"{at}.States", "is missing or empty", "at least one state by its name"
        return
    start = machine.get("StartAt")
    if not isinstance(start, str) or start not in states:
        problem = "is missing" if start is None else f"is {show(start)}"
        yield f"{at}.StartAt", problem, f"the name of a state: {_known(start, states)}"
    for name, state in states.items():
        where = f"{at}.States.{name}"
        if not isinstance(state, dict) or state.get("Type") not in TYPES:
            kind = state.get("Type") if isinstance(state, dict) else state
            yield f"{where}.Type", f"is {show(kind)}", ", ".join(TYPES)
        else:
            yield from _state(state, states, where)
    yield from _end(states, at)


def _known(wanted: Any, states: dict) -> str:
    return names(str(wanted), states)


def _target(state: dict, field: str, states: dict, at: str) -> Iterator[Remark]:
    name = state.get(field)
    if not isinstance(name, str) or name not in states:
        problem = "is missing" if name is None else f"is {show(name)}"
        yield f"{at}.{field}", problem, f"the name of a state: {_known(name, states)}"


def _state(state: dict, states: dict, at: str) -> Iterator[Remark]:
    kind = state["Type"]
    if kind == "Choice":
        yield from _choice(state, states, at)
    elif kind not in ("Succeed", "Fail"):
        if "Next" in state and state.get("End"):
            yield at, "has both Next and End", "either Next or End"
        elif not state.get("End"):
            yield from _target(state, "Next", states, at)
    if kind == "Wait":
        given = [name for name in _TIMES if name in state]
        if len(given) != 1:
            problem = f"has {len(given)} of {', '.join(_TIMES)}"
            yield at, problem, "exactly one of them"
    if kind == "Task" and not isinstance(state.get("Resource"), str):
        yield f"{at}.Resource", "is missing", "what the task runs, as text"
    if kind == "Parallel":
        branches = state.get("Branches")
        if not isinstance(branches, list) or not branches:
            yield f"{at}.Branches", "is missing or empty", "a list of state machines"
        else:
            for index, branch in enumerate(branches):
                yield from _machine(branch, f"{at}.Branches[{index}]")
    if kind == "Map":
        inner = "Iterator" if "Iterator" in state else "ItemProcessor"
        yield from _machine(state.get(inner), f"{at}.{inner}")
    if kind in ("Task", "Parallel", "Map"):
        yield from _retriers(state, at)
        yield from _catchers(state, states, at)


def _choice(state: dict, states: dict, at: str) -> Iterator[Remark]:
    choices = state.get("Choices")
    if not isinstance(choices, list) or not choices:
        yield f"{at}.Choices", "is missing or empty", "a list of rules, each with Next"
        return
    for index, rule in enumerate(choices):
        where = f"{at}.Choices[{index}]"
        if not isinstance(rule, dict):
            yield where, f"is {show(rule)}", "a rule with Next"
        else:
            yield from _target(rule, "Next", states, where)
    if "Default" in state:
        yield from _target(state, "Default", states, at)
    for field in ("Next", "End"):
        if field in state:
            yield f"{at}.{field}", "is set", "nothing; each rule of a Choice has its Next"


def _errors(items: Any, at: str) -> Iterator[Remark]:
    """Yield what is wrong with the names of errors, the same for Retry and Catch."""
    if not isinstance(items, list):
        yield at, f"is {show(items)}", "a list"
        return
    for index, item in enumerate(items):
        where = f"{at}[{index}].ErrorEquals"
        found = item.get("ErrorEquals") if isinstance(item, dict) else None
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            yield where, f"is {show(found)}", "a list of names of errors"
        elif not found:
            yield where, "is empty", "at least one name of an error"
        elif "States.ALL" in found and (len(found) > 1 or index < len(items) - 1):
            yield where, "has States.ALL", "States.ALL alone, and in the last entry"


def _retriers(state: dict, at: str) -> Iterator[Remark]:
    if "Retry" not in state:
        return
    at = f"{at}.Retry"
    yield from _errors(state["Retry"], at)
    for index, item in enumerate(_dictionaries(state["Retry"])):
        for name, least in (("IntervalSeconds", 1), ("MaxAttempts", 0)):
            value = item.get(name, least)
            if not is_whole(value) or value < least:
                allowed = f"a whole number of at least {least}"
                yield f"{at}[{index}].{name}", f"is {show(value)}", allowed
        rate = item.get("BackoffRate", 2.0)
        if not isinstance(rate, int | float) or isinstance(rate, bool) or rate < 1:
            yield f"{at}[{index}].BackoffRate", f"is {show(rate)}", "a number from 1 on"
        jitter = item.get("JitterStrategy", "NONE")
        if jitter not in ("NONE", "FULL"):
            yield f"{at}[{index}].JitterStrategy", f"is {show(jitter)}", "NONE or FULL"


def _catchers(state: dict, states: dict, at: str) -> Iterator[Remark]:
    if "Catch" not in state:
        return
    at = f"{at}.Catch"
    yield from _errors(state["Catch"], at)
    for index, item in enumerate(_dictionaries(state["Catch"])):
        yield from _target(item, "Next", states, f"{at}[{index}]")


def _dictionaries(items: Any) -> list[dict]:
    return (
        [item if isinstance(item, dict) else {} for item in items]
        if isinstance(items, list)
        else []
    )


def _end(states: dict, at: str) -> Iterator[Remark]:
    found = [state for state in states.values() if isinstance(state, dict)]
    if not any(s.get("End") or s.get("Type") in ("Succeed", "Fail") for s in found):
        yield f"{at}.States", "have no end", "a state with End true, a Succeed or a Fail"
