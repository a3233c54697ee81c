"""EventBridge's patterns: which events a rule takes.

Source: EventBridge user guide, pages on event patterns and their comparison operators.
"""

import ipaddress
import math
from collections.abc import Callable, Mapping
from typing import Any

from labs_lib.platform import wildcards
from labs_lib.platform.errors import Refusal

_ABSENT = object()


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Say whether an event has all that a pattern asks for.

    Parameters
    ----------
    pattern : mapping
        As `check` accepts it. Fields are joined by "and", the values of a list by "or".
    event : mapping
        A JSON object; where it holds a list, one matching element suffices.
    """
    return all(_field_matches(name, rule, event) for name, rule in pattern.items())


def _field_matches(name: str, rule: Any, event: Mapping[str, Any]) -> bool:
    if name == "$or":
        return any(matches(branch, event) for branch in rule)
    value = event.get(name, _ABSENT)
    if isinstance(rule, Mapping):
        inner = value if isinstance(value, list) else [value]
        # What is not there has no fields: only "exists": false can hold of them.
        return any(
            matches(rule, item if isinstance(item, Mapping) else {}) for item in inner
        )
    leaves = [] if value is _ABSENT or isinstance(value, Mapping) else _flat(value)
    return any(_value_matches(one, leaves) for one in rule)


def _flat(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [leaf for item in value for leaf in _flat(item)]


def _value_matches(rule: Any, leaves: list[Any]) -> bool:
    if not isinstance(rule, Mapping):
        return any(_same(rule, leaf) for leaf in leaves)
    (operator, argument), *_ = rule.items()
    if operator == "exists":
        return bool(leaves) == argument
    return any(_OPERATORS[operator](argument, leaf) for leaf in leaves)


def _same(wanted: Any, found: Any) -> bool:
    # 300 and 300.0 are two numbers to EventBridge, and True is no number.
    return type(wanted) is type(found) and wanted == found


def _affix(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def operator(argument: Any, leaf: Any) -> bool:
        if not isinstance(leaf, str):
            return False
        if isinstance(argument, Mapping):
            return test(leaf.casefold(), argument["equals-ignore-case"].casefold())
        return test(leaf, argument)

    return operator


def _anything_but(argument: Any, leaf: Any) -> bool:
    if isinstance(argument, Mapping):
        (operator, inner), *_ = argument.items()
        unwanted = inner if isinstance(inner, list) else [inner]
        return not any(_OPERATORS[operator](one, leaf) for one in unwanted)
    unwanted = argument if isinstance(argument, list) else [argument]
    return not any(_same(one, leaf) for one in unwanted)


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda found, wanted: found == wanted,
    "<": lambda found, wanted: found < wanted,
    "<=": lambda found, wanted: found <= wanted,
    ">": lambda found, wanted: found > wanted,
    ">=": lambda found, wanted: found >= wanted,
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _double(number: float) -> float:
    """Return a number as EventBridge compares it: whole ones are exact to 2^53."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _numeric(argument: Any, leaf: Any) -> bool:
    return _is_number(leaf) and all(
        _COMPARE[sign](_double(leaf), _double(number))
        for sign, number in zip(argument[::2], argument[1::2], strict=True)
    )


def _cidr(argument: Any, leaf: Any) -> bool:
    try:
        return ipaddress.ip_address(leaf) in ipaddress.ip_network(argument, strict=False)
    except (ValueError, TypeError):
        return False


def _wildcard(argument: Any, leaf: Any) -> bool:
    return isinstance(leaf, str) and wildcards.matches(argument, leaf)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "prefix": _affix(str.startswith),
    "suffix": _affix(str.endswith),
    "equals-ignore-case": lambda argument, leaf: (
        isinstance(leaf, str) and leaf.casefold() == argument.casefold()
    ),
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
    "wildcard": _wildcard,
}


def has_wildcard(pattern: Any) -> bool:
    """Say whether the operator wildcard stands somewhere in a pattern."""
    if isinstance(pattern, Mapping):
        return "wildcard" in pattern or any(map(has_wildcard, pattern.values()))
    return isinstance(pattern, list) and any(map(has_wildcard, pattern))


# Is it a pattern?


def check(pattern: Any) -> None:
    """Raise a `Refusal` that says where a pattern is none."""
    if not isinstance(pattern, Mapping) or not pattern:
        raise _wrong("Filter is not an object, or is empty")
    _check_fields(pattern, "")


def _wrong(reason: str) -> Refusal:
    return Refusal(
        "InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}"
    )


def _check_fields(pattern: Mapping[str, Any], at: str) -> None:
    for name, rule in pattern.items():
        path = f"{at}.{name}".lstrip(".")
        if name == "$or":
            several = isinstance(rule, list) and len(rule) > 1
            if not several or not all(isinstance(one, Mapping) and one for one in rule):
                raise _wrong(f"{path} must be a list of at least two objects")
            for branch in rule:
                _check_fields(branch, path)
        elif isinstance(rule, Mapping):
            if not rule:
                raise _wrong(f"{path} is an empty object")
            _check_fields(rule, path)
        elif not isinstance(rule, list) or not rule:
            raise _wrong(f"{path} must be an object or a list that is not empty")
        else:
            for one in rule:
                _check_value(one, path)


def _check_value(rule: Any, path: str) -> None:
    if isinstance(rule, list):
        raise _wrong(f"{path} holds a list inside its list")
    if not isinstance(rule, Mapping):
        return
    if len(rule) != 1:
        raise _wrong(f"{path} must have one operator, it has {len(rule)}")
    (operator, argument), *_ = rule.items()
    if operator == "exists":
        if not isinstance(argument, bool):
            raise _wrong(f"{path}: exists must be true or false")
    elif operator not in _OPERATORS:
        known = ", ".join(["exists", *_OPERATORS])
        raise _wrong(
            f"{path}: unrecognized match type {str(operator)[:40]}. There are {known}"
        )
    elif not _IS_ARGUMENT[operator](argument):
        raise _wrong(f"{path}: {operator} cannot have {str(argument)[:60]}")


def _is_affix(argument: Any) -> bool:
    if isinstance(argument, Mapping):
        return set(argument) == {"equals-ignore-case"} and all(
            isinstance(text, str) for text in argument.values()
        )
    return isinstance(argument, str)


def _is_numeric(argument: Any) -> bool:
    return (
        isinstance(argument, list)
        and len(argument) in (2, 4)
        and all(isinstance(sign, str) and sign in _COMPARE for sign in argument[::2])
        and all(_is_number(number) for number in argument[1::2])
    )


def _is_anything_but(argument: Any) -> bool:
    if isinstance(argument, Mapping):
        allowed = {"prefix", "suffix", "equals-ignore-case", "wildcard"}
        if len(argument) != 1 or not set(argument) <= allowed:
            return False
        ((operator, inner),) = argument.items()
        several = inner if isinstance(inner, list) else [inner]
        return bool(several) and all(_IS_ARGUMENT[operator](one) for one in several)
    several = argument if isinstance(argument, list) else [argument]
    return bool(several) and not any(isinstance(o, Mapping | list) for o in several)


def _is_network(argument: Any) -> bool:
    try:
        ipaddress.ip_network(argument, strict=False)
    except (ValueError, TypeError):
        return False
    return isinstance(argument, str)


_IS_ARGUMENT: dict[str, Callable[[Any], bool]] = {
    "prefix": _is_affix,
    "suffix": _is_affix,
    "equals-ignore-case": lambda argument: isinstance(argument, str),
    "anything-but": _is_anything_but,
    "numeric": _is_numeric,
    "cidr": _is_network,
    "wildcard": lambda argument: isinstance(argument, str) and "**" not in argument,
}
