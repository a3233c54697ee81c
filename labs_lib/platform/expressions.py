"""DynamoDB's expressions: conditions, updates, projections and key conditions.

A text is parsed once (the result is cached) and then carried out for items. Names in it stand for
attributes, ``#name`` for one that a request spells elsewhere, ``:value`` for a value. Sources:
DynamoDB guide, Expressions.OperatorsAndFunctions, Expressions.UpdateExpressions, Constraints.
"""

import copy
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labs_lib.platform import attribute_values as values
from labs_lib.platform.attribute_values import Item, Value, refuse
from labs_lib.platform.errors import Refusal
from labs_lib.platform.reserved_words import RESERVED

LONGEST = 4096
"""Bytes of an expression."""
MOST_OPERATORS = 300

_TOKEN = re.compile(
    r"\s*(?:(?P<value>:\w+)|(?P<word>#?[A-Za-z_#][\w]*)|(?P<number>\d+)"
    r"|(?P<sign><>|<=|>=|[=<>()\[\].,+\-]))",
    re.ASCII,
)

Path = tuple[str | int, ...]
"""An attribute's name, then names in maps and places in lists."""


@dataclass
class Names:
    """What a request says about the names and values of its expressions.

    Parameters
    ----------
    names : mapping of str to str
        ``ExpressionAttributeNames``.
    values : mapping of str to Value
        ``ExpressionAttributeValues``.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Value] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for value in self.values.values():
            values.check(value)

    def value(self, name: str) -> Value:
        """Return the value of ``:name``."""
        self.used.add(name)
        if name not in self.values:
            raise refuse(
                "An expression attribute value used in expression is not defined; attribute "
                f"value: {name}"
            )
        return self.values[name]

    def path(self, path: Path) -> Path:
        """Return a path with each ``#name`` replaced."""
        return tuple(self._name(part) if isinstance(part, str) else part for part in path)

    def _name(self, part: str) -> str:
        if not part.startswith("#"):
            return part
        self.used.add(part)
        if part not in self.names:
            raise refuse(
                "An expression attribute name used in the document path is not defined; "
                f"attribute name: {part}"
            )
        return self.names[part]

    def require_all_used(self) -> None:
        """Refuse names and values that no expression has."""
        for kind, given in (("Names", self.names), ("Values", self.values)):
            idle = sorted(set(given) - self.used)
            if idle:
                raise refuse(
                    f"Value provided in ExpressionAttribute{kind} unused in expressions: "
                    f"keys: {{{', '.join(idle)}}}"
                )


@dataclass(frozen=True)
class Node:
    """A part of a parsed expression: its kind, and its parts."""

    kind: str
    parts: tuple[Any, ...] = ()


# Parsing


class _Parser:
    def __init__(self, text: str, kind: str):
        self.kind = kind
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        self.place = 0
        self.operators = 0
        if len(text.encode()) > LONGEST:
            raise refuse(
                f"Invalid {kind}: Expression size has exceeded the maximum allowed size; "
                f"expression size: {len(text.encode())}"
            )
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise self._error(text[at:].strip()[:1], at)
            self.tokens.append(
                (match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
            )
            at = match.end()
        if not self.tokens:
            raise refuse(f"Invalid {kind}: The expression can not be empty;")

    def _error(self, token: str, at: int) -> Refusal:
        near = self.text[max(0, at - 10) : at + 20].strip()
        return refuse(
            f'Invalid {self.kind}: Syntax error; token: "{token}", near: "{near}"'
        )

    def error(self) -> Refusal:
        """Return the error for the token that comes next."""
        if self.place >= len(self.tokens):
            return self._error("<EOF>", len(self.text))
        _, token, at = self.tokens[self.place]
        return self._error(token, at)

    def peek(self, offset: int = 0) -> str:
        place = self.place + offset
        return self.tokens[place][1] if place < len(self.tokens) else ""

    def take(self, token: str) -> bool:
        if self.peek().upper() != token:
            return False
        self.place += 1
        return True

    def expect(self, token: str) -> None:
        if not self.take(token):
            raise self.error()

    def next(self, kind: str) -> str:
        if self.place >= len(self.tokens) or self.tokens[self.place][0] != kind:
            raise self.error()
        self.place += 1
        return self.tokens[self.place - 1][1]

    def end(self) -> None:
        if self.place < len(self.tokens):
            raise self.error()

    def count(self) -> None:
        self.operators += 1
        if self.operators > MOST_OPERATORS:
            raise refuse(
                f"Invalid {self.kind}: The expression contains more than {MOST_OPERATORS} "
                "operators;"
            )

    # Paths and operands

    def path(self) -> Path:
        parts: list[str | int] = [self.name()]
        while True:
            if self.take("."):
                parts.append(self.name())
            elif self.take("["):
                parts.append(int(self.next("number")))
                self.expect("]")
            else:
                return tuple(parts)

    def name(self) -> str:
        word = self.next("word")
        if not word.startswith("#") and word.upper() in RESERVED:
            raise refuse(
                f"Invalid {self.kind}: Attribute name is a reserved keyword; reserved keyword: "
                f"{word}"
            )
        return word

    def operand(self, functions: tuple[str, ...]) -> Node:
        if self.peek().startswith(":"):
            return Node("value", (self.next("value"),))
        if self.peek(1) == "(" and self.peek() in functions:
            return self.call()
        return Node("path", (self.path(),))

    def call(self) -> Node:
        name = self.next("word")
        self.expect("(")
        arguments = [self.operand(("size", "if_not_exists", "list_append"))]
        while self.take(","):
            arguments.append(self.operand(("size", "if_not_exists", "list_append")))
        self.expect(")")
        self.count()
        return Node(name, tuple(arguments))

    # Conditions

    def condition(self) -> Node:
        found = self.conjunction()
        while self.take("OR"):
            self.count()
            found = Node("or", (found, self.conjunction()))
        return found

    def conjunction(self) -> Node:
        found = self.negation()
        while self.take("AND"):
            self.count()
            found = Node("and", (found, self.negation()))
        return found

    def negation(self) -> Node:
        if self.take("NOT"):
            self.count()
            return Node("not", (self.negation(),))
        if self.take("("):
            found = self.condition()
            self.expect(")")
            return found
        if self.peek() in _TESTS and self.peek(1) == "(":
            return _checked_call(self.call(), self.kind)
        return self.comparison()

    def comparison(self) -> Node:
        left = self.operand(("size",))
        self.count()
        if self.take("BETWEEN"):
            low = self.operand(("size",))
            self.expect("AND")
            return Node("between", (left, low, self.operand(("size",))))
        if self.take("IN"):
            self.expect("(")
            options = [self.operand(("size",))]
            while self.take(","):
                options.append(self.operand(("size",)))
            self.expect(")")
            if len(options) > 100:
                raise refuse(
                    f"Invalid {self.kind}: The IN operator takes at most 100 operands"
                )
            return Node("in", (left, *options))
        sign = self.peek()
        if sign not in _SIGNS:
            raise self.error()
        self.place += 1
        return Node(sign, (left, self.operand(("size",))))


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}
_TESTS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}


def _checked_call(node: Node, kind: str) -> Node:
    if len(node.parts) != _TESTS[node.kind]:
        raise refuse(
            f"Invalid {kind}: Incorrect number of operands for operator or function; operator "
            f"or function: {node.kind}, number of operands: {len(node.parts)}"
        )
    if node.kind.startswith("attribute_") and node.parts[0].kind != "path":
        raise refuse(
            f"Invalid {kind}: Operator or function requires a document path; operator or "
            f"function: {node.kind}"
        )
    return node


@functools.lru_cache(maxsize=1000)
def parse_condition(text: str, kind: str = "ConditionExpression") -> Node:
    """Return a condition as a tree.

    Parameters
    ----------
    text : str
    kind : str
        How the error calls it: ``ConditionExpression``, ``FilterExpression``.
    """
    parser = _Parser(text, kind)
    found = parser.condition()
    parser.end()
    return found


@functools.lru_cache(maxsize=1000)
def parse_projection(text: str) -> tuple[Path, ...]:
    """Return the paths of a projection."""
    parser = _Parser(text, "ProjectionExpression")
    paths = [parser.path()]
    while parser.take(","):
        paths.append(parser.path())
    parser.end()
    return tuple(paths)


_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")


@functools.lru_cache(maxsize=1000)
def parse_update(text: str) -> tuple[Node, ...]:
    """Return the changes of an update, each with its path first."""
    parser = _Parser(text, "UpdateExpression")
    changes: list[Node] = []
    seen = set()
    while parser.place < len(parser.tokens):
        clause = parser.peek().upper()
        if clause not in _CLAUSES:
            raise parser.error()
        if clause in seen:
            raise refuse(
                f'Invalid UpdateExpression: The "{clause}" section can only be used once in an '
                "update expression;"
            )
        seen.add(clause)
        parser.place += 1
        changes.append(_change(parser, clause))
        while parser.take(","):
            changes.append(_change(parser, clause))
    return tuple(changes)


def _change(parser: _Parser, clause: str) -> Node:
    path = parser.path()
    parser.count()
    if clause == "REMOVE":
        return Node("REMOVE", (path,))
    if clause != "SET":
        return Node(clause, (path, Node("value", (parser.next("value"),))))
    parser.expect("=")
    functions = ("if_not_exists", "list_append")
    left = parser.operand(functions)
    for sign in ("+", "-"):
        if parser.take(sign):
            parser.count()
            return Node("SET", (path, Node(sign, (left, parser.operand(functions)))))
    return Node("SET", (path, left))


# Carrying out


def look_up(item: Item | None, path: Path) -> Value | None:
    """Return the value at a path, or None."""
    found: Any = {"M": item or {}}
    for part in path:
        inside = found.get("L" if isinstance(part, int) else "M")
        if isinstance(part, int):
            found = inside[part] if inside is not None and part < len(inside) else None
        else:
            found = None if inside is None else inside.get(part)
        if found is None:
            return None
    return found


def holds(node: Node, item: Item | None, names: Names) -> bool:
    """Say whether an item meets a condition; None is an item that does not exist."""
    kind, parts = node.kind, node.parts
    if kind in ("and", "or"):
        # Both sides are read, so that what only one of them names counts as used.
        left, right = (holds(part, item, names) for part in parts)
        return left and right if kind == "and" else left or right
    if kind == "not":
        return not holds(parts[0], item, names)
    first = _value(parts[0], item, names)
    if kind == "attribute_exists":
        return first is not None
    if kind == "attribute_not_exists":
        return first is None
    others = [_value(part, item, names) for part in parts[1:]]
    if kind == "attribute_type":
        return _is_of_type(first, others[0])
    if kind == "in":
        return first is not None and any(
            o is not None and values.equal(first, o) for o in others
        )
    if kind == "<>" and (first is None or others[0] is None):
        return first is not others[0]
    if first is None or any(other is None for other in others):
        return False
    if kind == "between":
        return _compare(">=", first, others[0]) and _compare("<=", first, others[1])
    if kind == "begins_with":
        return _begins(first, others[0])
    if kind == "contains":
        return _contains(first, others[0])
    return _compare(kind, first, others[0])


def _value(node: Node, item: Item | None, names: Names) -> Any:
    if node.kind == "value":
        return names.value(node.parts[0])
    if node.kind == "path":
        return look_up(item, names.path(node.parts[0]))
    if node.kind == "size":
        found = _value(node.parts[0], item, names)
        return None if found is None else _length(found)
    raise refuse(
        f"Invalid ConditionExpression: The function {node.kind} is not allowed here"
    )


def _length(value: Value) -> Value | None:
    ((kind, content),) = value.items()
    if kind == "S":
        return {"N": str(len(content.encode()))}
    return {"N": str(len(content))} if kind in ("B", "SS", "NS", "BS", "L", "M") else None


def _is_of_type(value: Value | None, wanted: Any) -> bool:
    name = (wanted or {}).get("S")
    if name not in values.TYPES:
        raise refuse(
            "Invalid ConditionExpression: Invalid attribute type name found; type: "
            f"{name}, valid types: {{{', '.join(values.TYPES)}}}"
        )
    return value is not None and name in value


def _begins(value: Value, start: Any) -> bool:
    for kind in ("S", "B"):
        if kind in value and kind in start:
            return bool(value[kind].startswith(start[kind]))
    return False


def _contains(value: Value, wanted: Any) -> bool:
    ((kind, content),) = value.items()
    ((of, text),) = wanted.items()
    if kind in ("S", "B"):
        return kind == of and text in content
    if kind in values.SETS:
        return kind[0] == of and any(values.equal({of: each}, wanted) for each in content)
    return kind == "L" and any(values.equal(each, wanted) for each in content)


def _compare(sign: str, left: Value, right: Value) -> bool:
    if sign == "=":
        return values.equal(left, right)
    if sign == "<>":
        return not values.equal(left, right)
    (kind,) = left
    if kind not in values.SCALARS or kind not in right:
        return False
    return _SIGNS[sign](values.order(left), values.order(right))


def project(paths: tuple[Path, ...], item: Item, names: Names) -> dict[str, Any]:
    """Return the parts of an item that a projection names; places in lists close up."""
    wanted = [names.path(path) for path in paths]
    _require_apart(wanted, "ProjectionExpression")
    found = _project(wanted, {"M": item})
    return {} if found is None else dict(found["M"])


def _project(paths: list[Path], value: Any) -> Any:
    if any(not path for path in paths):
        return value
    inner: dict[str | int, list[Path]] = {}
    for path in paths:
        inner.setdefault(path[0], []).append(path[1:])
    found: dict[str | int, Any] = {}
    for part, rest in inner.items():
        below = look_up({"x": value}, ("x", part))
        kept = None if below is None else _project(rest, below)
        if kept is not None:
            found[part] = kept
    if "L" in value:
        return {"L": [found[place] for place in sorted(found, key=int)]} if found else None
    return {"M": found} if found else None


def _require_apart(paths: list[Path], kind: str) -> None:
    for number, one in enumerate(paths):
        for two in paths[number + 1 :]:
            short = min(len(one), len(two))
            if one[:short] == two[:short]:
                raise refuse(
                    f"Invalid {kind}: Two document paths overlap with each other; must remove "
                    f"or rewrite one of these paths; path one: {_shown(one)}, path two: "
                    f"{_shown(two)}"
                )


def _shown(path: Path) -> str:
    return (
        "["
        + ", ".join(f"[{part}]" if isinstance(part, int) else part for part in path)
        + "]"
    )


def update(
    changes: tuple[Node, ...], item: Item | None, names: Names
) -> tuple[dict[str, Any], list[Path]]:
    """Return an item as an update leaves it, and the paths that it changes.

    All values are read before anything is changed.
    """
    old: Item = item or {}
    new: dict[str, Any] = copy.deepcopy(dict(old))
    paths = [names.path(change.parts[0]) for change in changes]
    _require_apart(paths, "UpdateExpression")
    done: list[tuple[Node, Path, Any]] = [
        (
            change,
            path,
            _operand(change.parts[1], old, names) if len(change.parts) > 1 else None,
        )
        for change, path in zip(changes, paths, strict=True)
    ]
    removed: list[Path] = []
    for change, path, value in done:
        if change.kind == "SET":
            _put(new, path, copy.deepcopy(value))
        elif change.kind == "REMOVE":
            removed.append(path)
        else:
            found = look_up(old, path)
            merged = (_added if change.kind == "ADD" else _deleted)(found, value)
            if merged is None:
                removed.append(path)
            elif merged is not found:
                _put(new, path, merged)
    # From the end of a list, so that the places before it stay right.
    for path in sorted(
        removed, key=lambda p: [(isinstance(x, int), x) for x in p], reverse=True
    ):
        _take_out(new, path)
    return new, paths


def _operand(node: Node, item: Item, names: Names) -> Any:
    kind, parts = node.kind, node.parts
    if kind == "value":
        return names.value(parts[0])
    if kind == "path":
        path = names.path(parts[0])
        found = look_up(item, path)
        if found is None:
            raise refuse(
                "The provided expression refers to an attribute that does not exist in the item"
            )
        return found
    if kind == "if_not_exists" and len(parts) == 2 and parts[0].kind == "path":
        fallback = _operand(parts[1], item, names)
        found = look_up(item, names.path(parts[0].parts[0]))
        return fallback if found is None else found
    if len(parts) != 2 or kind not in ("+", "-", "list_append"):
        raise refuse(
            "Invalid UpdateExpression: Incorrect number of operands for operator or function; "
            f"operator or function: {kind}, number of operands: {len(parts)}"
        )
    left, right = (_operand(part, item, names) for part in parts)
    wanted = "L" if kind == "list_append" else "N"
    for value in (left, right):
        if wanted not in value:
            (given,) = value
            raise refuse(
                "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                f"operator or function: {kind}, operand type: {given}"
            )
    if kind == "list_append":
        return {"L": [*left["L"], *right["L"]]}
    second = values.number(right["N"])
    total = values.add(values.number(left["N"]), second if kind == "+" else -second)
    return {"N": _stored(total)}


def _stored(total: Any) -> str:
    text = values.write_number(total)
    values.number(text)
    return text


def _added(found: Value | None, value: Value) -> Any:
    ((kind, content),) = value.items()
    if kind != "N" and kind not in values.SETS:
        raise refuse(
            "Invalid UpdateExpression: Incorrect operand type for operator or function; "
            f"operator: ADD, operand type: {kind}"
        )
    if found is None:
        return copy.deepcopy(dict(value))
    _require_type(found, kind)
    if kind == "N":
        return {"N": _stored(values.add(values.number(found["N"]), values.number(content)))}
    new = [each for each in content if not _contains(found, {kind[0]: each})]
    return {kind: [*found[kind], *new]}


def _deleted(found: Value | None, value: Value) -> Any:
    ((kind, _),) = value.items()
    if kind not in values.SETS:
        raise refuse(
            "Invalid UpdateExpression: Incorrect operand type for operator or function; "
            f"operator: DELETE, operand type: {kind}"
        )
    if found is None:
        return None
    _require_type(found, kind)
    left = [each for each in found[kind] if not _contains(value, {kind[0]: each})]
    return {kind: left} if left else None


def _require_type(found: Value, kind: str) -> None:
    if kind not in found:
        raise refuse("An operand in the update expression has an incorrect data type")


def _parent(item: dict[str, Any], path: Path) -> Any:
    """Return the map or list that holds the last part of a path, or None."""
    if len(path) == 1:
        return item
    found = look_up(item, path[:-1])
    inside = None if found is None else found.get("L" if isinstance(path[-1], int) else "M")
    return inside


def _put(item: dict[str, Any], path: Path, value: Any) -> None:
    parent, last = _parent(item, path), path[-1]
    if parent is None:
        raise refuse(
            "The document path provided in the update expression is invalid for update"
        )
    if isinstance(last, int) and last >= len(parent):
        parent.append(value)  # Behind the end stands at the end.
    else:
        parent[last] = value


def _take_out(item: dict[str, Any], path: Path) -> None:
    parent, last = _parent(item, path), path[-1]
    if isinstance(last, int):
        if parent is not None and last < len(parent):
            del parent[last]
    elif parent is not None:
        parent.pop(last, None)


# Key conditions


@dataclass(frozen=True)
class KeyCondition:
    """What a query asks of one attribute of the key.

    Attributes
    ----------
    name : str
    sign : str
        ``=``, ``<``, ``<=``, ``>``, ``>=``, ``between`` or ``begins_with``.
    values : tuple of Value
    """

    name: str
    sign: str
    values: tuple[Value, ...]


def key_conditions(text: str, names: Names) -> list[KeyCondition]:
    """Return the conditions of a KeyConditionExpression, joined by AND alone."""
    return list(_key_conditions(parse_condition(text, "KeyConditionExpression"), names))


def _key_conditions(node: Node, names: Names) -> Iterator[KeyCondition]:
    if node.kind == "and":
        for part in node.parts:
            yield from _key_conditions(part, names)
        return
    allowed = ("=", "<", "<=", ">", ">=", "between", "begins_with")
    if node.kind not in allowed:
        raise refuse(
            f"Invalid operator used in KeyConditionExpression: {node.kind.upper()}; expected "
            f"AND of {', '.join(allowed)}"
        )
    first, *others = node.parts
    if first.kind != "path" or any(other.kind != "value" for other in others):
        raise refuse(
            "Invalid KeyConditionExpression: an attribute of the key stands first, then values"
        )
    path = names.path(first.parts[0])
    if len(path) != 1:
        raise refuse("Invalid KeyConditionExpression: a key is no part of a map or a list")
    found = tuple(names.value(other.parts[0]) for other in others)
    yield KeyCondition(str(path[0]), node.kind, found)
