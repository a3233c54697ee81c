"""The values of a table's attributes as DynamoDB writes them: ``{"S": "text"}``, ``{"N": "1"}``.

Numbers are texts of up to 38 digits, binary values are bytes, lists and maps nest. Sources:
DynamoDB guide, HowItWorks.NamingRulesDataTypes, CapacityUnitCalculations, Constraints.
"""

from collections.abc import Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from labs_lib.platform.errors import Refusal

Value = Mapping[str, Any]
Item = Mapping[str, Value]

SCALARS = ("S", "N", "B")
SETS = ("SS", "NS", "BS")
TYPES = (*SCALARS, *SETS, "M", "L", "BOOL", "NULL")
LARGEST = 400 * 1024
"""Bytes of an item, names included."""
DEEPEST = 32
"""Levels of lists and maps in each other."""

_EXACT = Context(prec=200)
_DIGITS = 38


def refuse(message: str) -> Refusal:
    """Return the error for a request that is well formed and wrong."""
    return Refusal("ValidationException", message)


def number(text: Any) -> Decimal:
    """Return the number that a text stands for, or refuse it."""
    try:
        value = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        value = Decimal("NaN")
    if not isinstance(text, str) or not value.is_finite():
        raise refuse(
            f"The parameter cannot be converted to a numeric value: {str(text)[:60]}"
        )
    significant = len(value.normalize(_EXACT).as_tuple().digits)
    if significant > _DIGITS:
        raise refuse("Attempting to store more than 38 significant digits in a Number")
    if value and not -130 <= value.adjusted() <= 125:
        raise refuse(
            "Number overflow. Attempting to store a number out of 1E-130 to 9.99E+125"
        )
    return value


def write_number(value: Decimal) -> str:
    """Return a number as DynamoDB writes it: without an exponent, without idle zeros."""
    text = format(value.normalize(_EXACT), "f")
    return text if value else "0"


def add(left: Decimal, right: Decimal) -> Decimal:
    """Return an exact sum."""
    return _EXACT.add(left, right)


def check(value: Any, *, depth: int = 0) -> None:
    """Refuse what is no value: an unknown type, an empty set, a number that is none.

    Parameters
    ----------
    value : object
        A mapping with one type and its content.
    depth : int
        Levels above it.
    """
    if not isinstance(value, Mapping) or len(value) != 1:
        raise refuse("Supplied AttributeValue has to contain exactly one of the types "
                     f"{', '.join(TYPES)}.")  # fmt: skip
    (kind, content), *_ = value.items()
    if depth > DEEPEST:
        raise refuse(f"Nesting Levels have exceeded supported limits: {DEEPEST} levels")
    if kind == "N":
        number(content)
    elif kind in SETS:
        if not content:
            raise refuse(
                "One or more parameter values were invalid: An set may not be empty"
            )
        unique = {number(item) for item in content} if kind == "NS" else set(content)
        if len(unique) < len(content):
            raise refuse("One or more parameter values were invalid: Input collection contains "
                         "duplicates.")  # fmt: skip
    elif kind == "L":
        for item in content:
            check(item, depth=depth + 1)
    elif kind == "M":
        for item in content.values():
            check(item, depth=depth + 1)
    elif kind not in TYPES:
        raise refuse(f"{kind!r} is no type of a value. Expected one of {', '.join(TYPES)}.")
    elif not isinstance(content, {"S": str, "B": bytes}.get(kind, bool)):
        raise refuse(f"A value of the type {kind} holds {str(content)[:60]!r}.")
    elif kind == "NULL" and content is not True:
        raise refuse("One or more parameter values were invalid: Null attribute value types "
                     "must have the value of true")  # fmt: skip


def size(value: Value) -> int:
    """Return the bytes of a value.

    A number counts a byte for two significant digits and one more (and one for its sign); a list
    or map counts 3 bytes and one for each of its elements.
    """
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        digits = number(content)
        significant = len(digits.normalize(_EXACT).as_tuple().digits)
        return (significant + 1) // 2 + 1 + (digits < 0)
    if kind == "B":
        return len(content)
    if kind in SETS:
        return sum(size({kind[0]: item}) for item in content)
    if kind == "L":
        return 3 + sum(1 + size(item) for item in content)
    if kind == "M":
        return 3 + sum(1 + len(key.encode()) + size(item) for key, item in content.items())
    return 1


def item_size(item: Item) -> int:
    """Return the bytes of an item: of its names and values."""
    return sum(len(name.encode()) + size(value) for name, value in item.items())


def order(value: Value) -> Any:
    """Return what sorts values of one type: text by its bytes, numbers by their value."""
    ((kind, content),) = value.items()
    if kind == "S":
        return content.encode()
    return number(content) if kind == "N" else content


def equal(left: Value, right: Value) -> bool:
    """Say whether two values are equal: 1 and 1.0 are, sets in any order."""
    ((kind, one),) = left.items()
    ((other, two),) = right.items()
    if kind != other:
        return False
    if kind == "N":
        return number(one) == number(two)
    if kind == "NS":
        return {number(n) for n in one} == {number(n) for n in two}
    if kind in SETS:
        return set(one) == set(two)
    if kind == "L":
        return len(one) == len(two) and all(map(equal, one, two))
    if kind == "M":
        return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one)
    return bool(one == two)


def equal_items(left: Item | None, right: Item | None) -> bool:
    """Say whether two items are equal; None is equal to None alone."""
    if left is None or right is None:
        return left is right
    return equal({"M": left}, {"M": right})
