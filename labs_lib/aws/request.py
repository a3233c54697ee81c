"""Hold a request against the service model that botocore ships."""

import functools
import itertools
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from labs_lib.aws.findings import Finding, Validation, conclude, names, show
from labs_lib.aws.rules import rules_of

DEEPEST = 50
"""Levels of a request that are read; what AWS documents has fewer than ten."""

LARGEST = 10**100
"""No whole number of a request comes near; Python refuses to write much longer ones."""

_JSON = "JSON, in which requests are sent"


def validate(
    operation: str,
    request: Mapping[str, Any],
    *,
    service: str = "sagemaker",
    own_rules: bool = True,
) -> Validation:
    """Check a request against the service model and the rules that the model lacks.

    Parameters
    ----------
    operation : str
        Name of the API operation, for instance ``CreateTrainingJob``.
    request : dict
        The request, as it would be given to the boto3 client.
    service : str, default "sagemaker"
        botocore's name of the service.
    own_rules : bool, default True
        Whether the rules that the model lacks are held too. An engine that refuses with the
        service's own code of error wants the model's limits only.

    Returns
    -------
    Validation
        Says what was checked; its `notes` hold conflicts and warnings.

    Raises
    ------
    RequestError
        If a field is wrong. The message lists all wrong fields at once: which, what it was,
        what is allowed, and where the rule stands.
    ValueError
        If botocore does not know the service or the operation, or they are not text.

    Notes
    -----
    The first call loads the model (about half a second); later calls take milliseconds. No
    socket is opened. (Importing botocore imports urllib3, which tries once whether this
    machine has IPv6 by binding to the loopback address; it connects to nothing.)
    """
    for what, name in (("operation", operation), ("service", service)):
        if not isinstance(name, str):
            raise ValueError(
                f"{what} is {show(name)}, of type {type(name).__name__}. Expected text, "
                "as in validate('CreateTrainingJob', request, service='sagemaker')."
            )
    shape, filled_in = _input_shape(service, operation)
    unreadable = tuple(_unreadable(request, "", 0))
    if unreadable:
        return conclude(operation, 0, unreadable)
    # ParamValidator reports as text only; the list behind its report keeps the paths.
    reported = _validator().validate(request, shape)._errors
    modelled = [
        _from_botocore(error, service)
        for error in reported
        if error[2].get("required_name") not in filled_in
    ]
    modelled += _walk(request, shape, "")
    usable = _well_typed(request, shape) or {}
    ruled = [
        Finding(path, problem, allowed, rule.check.__name__, rule.source, rule.severity)
        for rule in (rules_of(service, operation) if own_rules else ())
        for path, problem, allowed in rule.check(usable)
    ]
    # A conflict takes the place of the model's own error, and a field that the model
    # refuses needs no second error.
    disputed = {finding.path for finding in ruled if finding.severity == "conflict"}
    refused = {finding.path for finding in modelled}
    findings = [finding for finding in modelled if finding.path not in disputed]
    findings += [
        finding
        for finding in ruled
        if finding.severity != "error" or finding.path not in refused
    ]
    return conclude(operation, _count(request), findings)


@functools.cache
def _validator() -> Any:
    """Return botocore's validator, to which a time beyond all calendars is no time."""
    from botocore.validate import ParamValidator

    class Validator(ParamValidator):
        def _type_check_datetime(self, value: Any) -> bool:
            try:
                return super()._type_check_datetime(value)
            except (RuntimeError, OverflowError, OSError):
                return False

    return Validator()


def _unreadable(value: Any, path: str, depth: int) -> Iterator[Finding]:
    """Yield what no check below can read: endless nesting, broken text, odd numbers."""
    where = path.lstrip(".") or "request"
    if isinstance(value, str) and not _is_unicode(value):
        problem = f"is {show(value)}, with half of a character (a surrogate)"
        yield Finding(where, problem, "text that can be sent as UTF-8", "unicode", _JSON)
    elif isinstance(value, Decimal) and not value.is_finite():
        problem = f"is {value}, of type Decimal"
        yield Finding(where, problem, "a finite number", "type", _JSON)
    elif isinstance(value, int) and abs(value) > LARGEST:
        yield Finding(where, "has more than 100 digits", "a number", "type", _JSON)
    elif isinstance(value, dict | list | tuple) and depth == DEEPEST:
        problem = f"lies more than {DEEPEST} levels deep; does the request contain itself?"
        yield Finding(where, problem, "a request that ends", "depth", _JSON)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str) and not _is_unicode(key):
                yield from _unreadable(key, f"{path or 'request'} (key: {key})", depth)
            yield from _unreadable(item, f"{path}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _unreadable(item, f"{path}[{index}]", depth + 1)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _count(value: Any) -> int:
    """Return the number of values in a request."""
    if isinstance(value, dict):
        return sum(map(_count, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_count, value))
    return 1


@functools.cache
def service_model(service: str) -> Any:
    """Return botocore's own model of a service, as a ``botocore.model.ServiceModel``.

    Parameters
    ----------
    service : str
        botocore's name of the service.

    Raises
    ------
    ValueError
        If botocore does not know the service.
    """
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    # Without the default paths, so that a model in ~/.aws/models cannot change an answer.
    loader = Loader(
        extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False
    )
    try:
        return ServiceModel(loader.load_service_model(service, "service-2"), service)
    except UnknownServiceError:
        known = loader.list_available_services("service-2")
        raise ValueError(
            f"service is {service!r}, which botocore does not know. "
            f"Expected {names(service, known)}."
        ) from None


@functools.cache
def _input_shape(service: str, operation: str) -> tuple[Any, frozenset[str]]:
    """Return the shape of a request and the members that boto3 fills in by itself."""
    model = service_model(service)
    if operation not in model.operation_names:
        raise ValueError(
            f"operation is {operation!r}, which {service} does not have. "
            f"Expected {names(operation, model.operation_names)}."
        )
    found = model.operation_model(operation)
    return found.input_shape, frozenset(found.idempotent_members)


def _from_botocore(error: tuple[str, str, dict], service: str) -> Finding:
    reason, name, detail = error
    path, rule = name.lstrip("."), reason
    if reason == "missing required field":
        path = f"{path}.{detail['required_name']}"
        rule, problem, allowed = "required", "is missing", "a value; the field is required"
    elif reason == "unknown field":
        unknown = str(detail["unknown_param"])
        path = f"{path}.{unknown}"
        rule, problem = "unknown", "is not a field of the request"
        allowed = names(unknown, detail["valid_names"])
    elif reason == "invalid type":
        value = detail["param"]
        types = [re.sub(r"<class '(.*)'>", r"\1", kind) for kind in detail["valid_types"]]
        rule, problem = "type", f"is {show(value)}, of type {type(value).__name__}"
        allowed = " or ".join(types)
        if types == ["str"] and isinstance(value, int | float):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            allowed += f", here {text!r}"
    elif reason == "invalid range":
        rule, problem = "minimum", f"is {detail['param']}"
        allowed = f"at least {detail['min_allowed']}"
    elif reason == "invalid length":
        rule, problem = "minimum", f"has the length {detail['param']}"
        allowed = f"a length of at least {detail['min_allowed']}"
    elif reason in ("more than one input", "empty input"):
        rule, problem = "union", "does not have exactly one member"
        allowed = "one of " + ", ".join(detail["members"])
    else:
        problem, allowed = "cannot be written as JSON", "text, numbers, lists, dictionaries"
    return Finding(
        path.lstrip(".") or "request", problem, allowed, rule, f"service model of {service}"
    )


_NUMBERS: dict[str, type | tuple[type, ...]] = {
    "integer": int,
    "long": int,
    "float": (int, float, Decimal),
    "double": (int, float, Decimal),
}
_TYPES = _NUMBERS | {
    "structure": dict,
    "map": dict,
    "list": (list, tuple),
    "string": str,
    "boolean": bool,
    "blob": (bytes, bytearray, str),
}


def _has_type(value: Any, shape: Any) -> bool:
    kind = shape.type_name
    if kind in _NUMBERS and isinstance(value, bool):
        return False
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, _TYPES.get(kind, object))


def _walk(value: Any, shape: Any, path: str) -> Iterator[Finding]:
    """Yield what ParamValidator ignores; a value of a wrong type is left to it."""
    from botocore.utils import is_json_value_header

    kind, limits = shape.type_name, shape.metadata
    source = f"service model, shape {shape.name}"

    def at_most(size: float, problem: str, unit: str = "") -> Iterator[Finding]:
        if "max" in limits and size > limits["max"]:
            yield Finding(
                path, problem, f"at most {limits['max']}{unit}", "maximum", source
            )

    if is_json_value_header(shape) or (kind == "structure" and shape.is_document_type):
        return
    if not _has_type(value, shape):
        # Python counts True as a number, and JSON has no NaN: ParamValidator passes both.
        if kind in _NUMBERS and isinstance(value, _NUMBERS[kind]):
            problem = f"is {value}, of type {type(value).__name__}"
            yield Finding(path, problem, "a finite number", "type", source)
    elif kind == "structure":
        for name, member in shape.members.items():
            if name in value:
                yield from _walk(value[name], member, f"{path}.{name}".lstrip("."))
    elif kind == "map":
        yield from at_most(len(value), f"has {len(value)} entries", " entries")
        for key, item in value.items():
            yield from _walk(key, shape.key, f"{path} (key: {key})")
            yield from _walk(item, shape.value, f"{path}.{key}")
    elif kind == "list":
        yield from at_most(len(value), f"has {len(value)} items", " items")
        for index, item in enumerate(value):
            yield from _walk(item, shape.member, f"{path}[{index}]")
    elif kind == "string":
        problem = f"is {show(value)}"
        if shape.enum and value not in shape.enum:
            yield Finding(path, problem, names(value, shape.enum), "enum", source)
        length = f"{problem}, {len(value)} characters long"
        yield from at_most(len(value), length, " characters")
        if "pattern" in limits:
            yield from _check_pattern(value, limits["pattern"], path, source)
    elif kind == "blob":
        yield from at_most(len(value), f"has {len(value)} bytes", " bytes")
    elif kind in _NUMBERS:
        yield from at_most(value, f"is {value}")


def _well_typed(value: Any, shape: Any) -> Any:
    """Return the request without its parts of a wrong type, so that rules need not look."""
    if not _has_type(value, shape):
        return None
    if shape.type_name == "structure":
        parts = {
            name: _well_typed(value[name], member)
            for name, member in shape.members.items()
            if name in value
        }
    elif shape.type_name == "map":
        parts = {key: _well_typed(item, shape.value) for key, item in value.items()}
    elif shape.type_name == "list":
        # An item cannot be left out, the others would move up.
        empty: dict | None = {} if shape.member.type_name in ("structure", "map") else None
        items = [_well_typed(item, shape.member) for item in value]
        return [empty if item is None else item for item in items]
    else:
        return value
    return {name: part for name, part in parts.items() if part is not None}


def _check_pattern(value: str, pattern: str, path: str, source: str) -> Iterator[Finding]:
    allowed = f"text that matches {pattern}"
    try:
        matches = python_pattern(pattern).fullmatch(value)
    except re.error:
        problem = "was not held against its pattern, which Python cannot read"
        yield Finding(path, problem, allowed, "pattern", source, "warning")
        return
    if not matches:
        yield Finding(path, f"is {show(value)}", allowed, "pattern", source)


_POSIX = {"Alnum": "a-zA-Z0-9", "Print": r"\x20-\x7e", "ASCII": r"\x00-\x7f"}

# The same sets of texts, for patterns that Python would match in exponential time.
_SAME = {
    "[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?": "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    r"https://([.\-_a-zA-Z0-9]+/?){3,1016}": (
        r"https://(?=([.\-_a-zA-Z0-9]/?){3})[.\-_a-zA-Z0-9]+(/[.\-_a-zA-Z0-9]+)*/?"
    ),
}

_JAVA = re.compile(
    r"\\p\{(?P<property>\w+)\}"
    r"|\\u(?P<high>[dD][89abAB]\w\w)\\u(?P<low>[dD][c-fC-F]\w\w)"
    r"|(?P<end>\\z)"
    r"|(?P<bracket>[\[\]])"
    r"|(?P<repeated_end>\$\{[^}]*\})"
    r"|\\."
)


@functools.cache
def python_pattern(pattern: str) -> re.Pattern[str]:
    r"""Compile a pattern of a service model, which is written for Java.

    Java's ``\d``, ``\w`` and ``\s`` mean ASCII, ``\p{L}`` is a Unicode category,
    ``\uD800\uDC00`` is one character outside the first plane, ``$`` may be repeated, and
    ``\z`` is the end of the text. A value must match as a whole (use ``fullmatch``).

    Parameters
    ----------
    pattern : str
        The pattern as it stands in the model.

    Returns
    -------
    re.Pattern

    Raises
    ------
    re.error
        If the pattern has something else that Python does not know.
    """
    inside = False

    def translate(match: re.Match[str]) -> str:
        nonlocal inside
        if match["bracket"]:
            inside = match["bracket"] == "["
        elif match["property"]:
            characters = _property(match["property"])
            return characters if inside else f"[{characters}]"
        elif match["high"]:
            high, low = int(match["high"], 16), int(match["low"], 16)
            return f"\\U{0x10000 + ((high - 0xD800) << 10) + low - 0xDC00:08x}"
        elif match["end"]:
            return r"\Z"
        elif match["repeated_end"]:
            return "$"
        return match[0]

    return re.compile(_JAVA.sub(translate, _SAME.get(pattern, pattern)), re.ASCII)


def _property(name: str) -> str:
    r"""Return the characters of Java's ``\p{name}``, as the inside of a class."""
    ranges = [
        f"\\U{first:08x}-\\U{last:08x}"
        for category, first, last in _categories()
        if category.startswith(name)
    ]
    if name not in _POSIX and not ranges:
        raise re.error(f"unknown property {name}")
    return _POSIX.get(name) or "".join(ranges)


@functools.cache
def _categories() -> tuple[tuple[str, int, int], ...]:
    """Return category, first and last character of each range (0.2 s, the first time)."""
    ranges = []
    characters = map(chr, range(0x110000))
    for category, group in itertools.groupby(characters, key=unicodedata.category):
        members = list(group)
        ranges.append((category, ord(members[0]), ord(members[-1])))
    return tuple(ranges)
