"""The `Condition` element of an IAM policy, held against the context of a request."""

import base64
import binascii
import datetime
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

Context = Mapping[str, Any]
"""What is known about a request: condition key, such as ``aws:SourceIp``, to a value or a list."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_TOKEN = re.compile(r"(\$\{([*?$])\}|.)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_LITERALS = "*?$"
_SETS = ("ForAllValues:", "ForAnyValue:")


@cache
def pattern(text: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """Return the regular expression of a text in which `*` is any run and `?` one character.

    ``${*}``, ``${?}`` and ``${$}`` are the characters themselves.
    """
    parts = (
        re.escape(literal)
        if literal
        else {"*": ".*", "?": "."}.get(token, re.escape(token))
        for token, literal in _TOKEN.findall(text)
    )
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def wildcard(text: str, context: Context, *, variables: bool) -> re.Pattern[str] | None:
    """Return the pattern of a text with its policy variables replaced.

    Parameters
    ----------
    text : str
        May hold ``${aws:username}``, or ``${*}``, ``${?}``, ``${$}`` for the characters.
    context : dict
    variables : bool
        Without, the text is taken as it stands (policies of the version of 2008).

    Returns
    -------
    re.Pattern or None
        None if a variable has no value: then nothing matches.
    """
    replaced = _replaced(text, context, globs=True) if variables else text
    return None if replaced is None else pattern(replaced)


def lookup(context: Context, key: str) -> Any:
    """Return the value of a condition key, whose case does not matter; None if it is absent."""
    return next((v for k, v in context.items() if k.lower() == key.lower()), None)


def satisfied(
    condition: Mapping[str, Mapping[str, Any]], context: Context, *, variables: bool = True
) -> bool:
    """Tell whether a request meets a `Condition`: every operator, for every one of its keys.

    Parameters
    ----------
    condition : dict of str to dict
        Operator, such as ``StringEquals``, to condition keys and their values.
    context : dict
        A key without a value (None, or an empty list) is absent.
    variables : bool, default True
        Whether policy variables are replaced.

    Returns
    -------
    bool
        A key that is absent fails a positive operator, meets a negated one and each that ends
        in ``IfExists``, meets ``ForAllValues`` and fails ``ForAnyValue``.

    Raises
    ------
    ValueError
        If an operator or a value is none of IAM's, or a key with several values meets an
        operator without ``ForAllValues:`` or ``ForAnyValue:``.

    Notes
    -----
    IAM user guide, ``reference_policies_elements_condition_operators`` and
    ``reference_policies_condition-logic-multiple-context-keys-or-values``.
    """
    return all(
        _holds(operator, key, _values(wanted), context, variables)
        for operator, keys in condition.items()
        for key, wanted in keys.items()
    )


def check(condition: Any) -> None:
    """Refuse a `Condition` that IAM would not take.

    Raises
    ------
    ValueError
        If it is no mapping of operators to keys, an operator is unknown, or a value is none
        of its kind.
    """
    if not isinstance(condition, Mapping):
        raise ValueError(f"Condition is {condition!r}, expected operators with their keys.")
    for operator, keys in condition.items():
        _, name, _, compare, _ = _read(operator)
        if not isinstance(keys, Mapping) or not keys:
            raise ValueError(f"{operator} holds {keys!r}, expected condition keys.")
        for key, wanted in keys.items():
            values = [] if isinstance(wanted, Mapping) else _values(wanted)
            if not values:
                raise ValueError(f"{operator} {key} has no value, expected one at least.")
            for value in values:
                if name == "Null":
                    _boolean(_text(value))
                elif "${" not in _text(value):
                    compare(_text(value), _text(value))


def _read(
    operator: str,
) -> tuple[str, str, bool, Callable[[str, str], bool], bool]:
    """Return set, name, IfExists, comparison and whether it is negated."""
    rest = str(operator)
    group = next((s for s in _SETS if rest.startswith(s)), "")
    rest = rest.removeprefix(group)
    lenient = rest.endswith("IfExists")
    rest = rest.removesuffix("IfExists")
    if rest == "Null" and not group and not lenient:
        return "", rest, False, lambda a, b: a == b, False
    if rest not in _COMPARISONS:
        raise ValueError(
            f"The operator {operator!r} is none of IAM's. Expected one of "
            f"{', '.join(_COMPARISONS)} or Null; IfExists may follow, ForAllValues: or "
            "ForAnyValue: stand before it."
        )
    return group, rest, lenient, *_COMPARISONS[rest]


def _holds(
    operator: str, key: str, wanted: list[Any], context: Context, variables: bool
) -> bool:
    group, name, lenient, compare, negated = _read(operator)
    present = _values(lookup(context, key))
    if name == "Null":
        return any(_boolean(_text(value)) == (not present) for value in wanted)
    if not present:
        return lenient or group == "ForAllValues:" or (negated and not group)
    if len(present) > 1 and not group:
        raise ValueError(
            f"{key} has {len(present)} values, and {operator} takes one. Write "
            f"ForAnyValue:{operator} or ForAllValues:{operator}."
        )
    texts: list[str | None] = [_text(value) for value in wanted]
    if variables and name.startswith(("String", "Arn", "Bool")):
        globs = "Like" in name or name.startswith("Arn")
        texts = [_replaced(str(text), context, globs=globs) for text in texts]
    known = [text for text in texts if text is not None]

    def met(value: Any) -> bool:
        return any(compare(_text(value), w) for w in known) != negated

    return (any if group == "ForAnyValue:" else all)(map(met, present))


def _replaced(text: str, context: Context, *, globs: bool) -> str | None:
    """Return a text with its policy variables replaced, None if one has no value.

    ``${aws:PrincipalTag/team, 'none'}`` has a value to fall back to. With `globs`, the text is
    a pattern, and what is put in stands for itself.
    """
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        name = found[1]
        if name and name in _LITERALS:
            return found[0] if globs else name
        key, comma, default = name.partition(",")
        values = _values(lookup(context, key.strip()))
        if comma and not values:
            values = [default.strip().removeprefix("'").removesuffix("'")]
        missing = missing or len(values) != 1
        put = _text(values[0]) if values else ""
        return re.sub(r"[*?$]", r"${\g<0>}", put) if globs else put

    replaced = _VARIABLE.sub(value, text)
    return None if missing else replaced


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return [value]
    return list(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return str(value)


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is no truth value, expected true or false.")
    return text.lower() == "true"


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no number.")
    return float(text)


def _moment(text: str) -> float:
    """Return seconds since 1970."""
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no date, expected ISO 8601 such as 2026-01-31T12:00:00Z, or seconds "
            "since 1970."
        ) from None
    zone = found.tzinfo or datetime.UTC
    return found.replace(tzinfo=zone).timestamp()


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"{text!r} is no IP address or range, such as 10.0.0.0/8."
        ) from None


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(f"{text!r} is not in base64.") from None


def _within(address: str, network: str) -> bool:
    inner, outer = _network(address), _network(network)
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


def _arn_like(value: str, wanted: str) -> bool:
    """Compare the six segments of an ARN one by one."""
    have, want = value.split(":", 5), wanted.split(":", 5)
    if len(want) != 6 and want != ["*"]:
        raise ValueError(f"{wanted!r} is no ARN, expected six parts between colons.")
    if want == ["*"]:
        return True
    return len(have) == 6 and all(
        pattern(w).fullmatch(h) is not None for h, w in zip(have, want, strict=True)
    )


def _like(value: str, wanted: str) -> bool:
    return pattern(wanted).fullmatch(value) is not None


_COMPARISONS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (lambda a, b: a == b, False),
    "StringNotEquals": (lambda a, b: a == b, True),
    "StringEqualsIgnoreCase": (lambda a, b: a.lower() == b.lower(), False),
    "StringNotEqualsIgnoreCase": (lambda a, b: a.lower() == b.lower(), True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "NumericEquals": (lambda a, b: _number(a) == _number(b), False),
    "NumericNotEquals": (lambda a, b: _number(a) == _number(b), True),
    "NumericLessThan": (lambda a, b: _number(a) < _number(b), False),
    "NumericLessThanEquals": (lambda a, b: _number(a) <= _number(b), False),
    "NumericGreaterThan": (lambda a, b: _number(a) > _number(b), False),
    "NumericGreaterThanEquals": (lambda a, b: _number(a) >= _number(b), False),
    "DateEquals": (lambda a, b: _moment(a) == _moment(b), False),
    "DateNotEquals": (lambda a, b: _moment(a) == _moment(b), True),
    "DateLessThan": (lambda a, b: _moment(a) < _moment(b), False),
    "DateLessThanEquals": (lambda a, b: _moment(a) <= _moment(b), False),
    "DateGreaterThan": (lambda a, b: _moment(a) > _moment(b), False),
    "DateGreaterThanEquals": (lambda a, b: _moment(a) >= _moment(b), False),
    "Bool": (lambda a, b: _boolean(a) == _boolean(b), False),
    "BinaryEquals": (lambda a, b: _binary(a) == _binary(b), False),
    "IpAddress": (_within, False),
    "NotIpAddress": (_within, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
}
