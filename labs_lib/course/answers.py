"""The usual forms of an answer brought to one, compared, and shown.

A right answer is right as a list, a tuple, an array, a Series, an Index or a column, as a NumPy
scalar or as an array of one element. Each function here takes any of them; what it cannot take
raises a `ValueError` whose text ends the sentence "your answer ...".
"""

import math
import numbers
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

_HOLDERS = (np.ndarray, pd.Series, pd.Index, pd.api.extensions.ExtensionArray)
_NESTED = (list, tuple, set, frozenset, Mapping, pd.DataFrame, *_HOLDERS)


def kind_of(value: Any) -> str:
    """Return what a value is, in a learner's words."""
    if value is None:
        return "None"
    if value is pd.NA or value is pd.NaT:
        return "a missing value"
    if isinstance(value, str):
        return f"the text {_short(repr(str(value)), 40)}"
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, list | tuple | set | frozenset):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, Mapping):
        return "a dictionary"
    if isinstance(value, pd.DataFrame):
        return f"a table of {value.shape[0]} rows and {value.shape[1]} columns"
    if isinstance(value, _HOLDERS):
        return f"a {type(value).__name__} of shape {np.shape(value)}"
    if callable(value):
        return "a function"
    article = "an" if type(value).__name__[0].lower() in "aeiou" else "a"
    return f"{article} {type(value).__name__}"


def scalar(value: Any) -> Any:
    """Return the one value in a 0-d or one-element array or Series; anything else as it is."""
    if isinstance(value, pd.DataFrame) and value.size == 1:
        value = value.iloc[0, 0]
    elif isinstance(value, _HOLDERS) and np.size(value) == 1:
        value = value.item() if isinstance(value, np.ndarray) else value[:1].tolist()[0]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Decimal | Fraction):
        value = int(value) if value == value and value % 1 == 0 else float(value)
    return value


def number(value: Any) -> int | float:
    """Return a real number: an int for a whole one of an integer type, else a float."""
    found = scalar(value)
    if isinstance(found, str):
        raise ValueError(
            f"should be a number; it is {kind_of(found)}. Leave out the quotes."
        )
    if isinstance(found, bool) or not isinstance(found, numbers.Real):
        raise ValueError(f"should be a number; it is {kind_of(found)}.")
    return int(found) if isinstance(found, numbers.Integral) else float(found)


def whole(value: Any) -> int:
    """Return a whole number, however it is stored."""
    found = number(value)
    if not math.isfinite(found) or found != int(found):
        raise ValueError(f"should be a whole number; it is {found:g}.")
    return int(found)


def text(value: Any) -> str:
    """Return a text."""
    found = scalar(value)
    if not isinstance(found, str):
        raise ValueError(f"should be a text in quotes; it is {kind_of(found)}.")
    return str(found)


def truth(value: Any) -> bool:
    """Return True or False."""
    found = scalar(value)
    if not isinstance(found, bool):
        raise ValueError(f"should be True or False; it is {kind_of(found)}.")
    return found


def sequence(value: Any) -> list:
    """Return the elements in order."""
    if isinstance(value, pd.DataFrame) and value.shape[1] == 1:
        value = value.iloc[:, 0]
    if isinstance(value, set | frozenset):
        raise ValueError("should be a list; it is a set, which has no order.")
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = [value.item()]
    if isinstance(value, str | bytes | Mapping | pd.DataFrame) or not isinstance(
        value, Iterable
    ):
        raise ValueError(f"should be a list; it is {kind_of(value)}.")
    return value.tolist() if isinstance(value, _HOLDERS) else list(value)


def members(value: Any, offered: Collection[str] = ()) -> set:
    """Return the elements as a set.

    Parameters
    ----------
    value
        A set, list, array or Series; a text with commas or blanks between its elements; a
        dictionary from element to True or False.
    offered : collection of str
        What an element can be. ``"bd"`` is then read as b and d, and B as b.
    """
    offered = tuple(offered)
    if isinstance(value, str):
        value = [part for part in re.split(r"[\s,;]+|\band\b", value) if part]
        if len(value) == 1 and value[0] not in offered:
            letters = set(value[0].casefold())
            if offered and letters <= {str(o).casefold() for o in offered}:
                value = list(value[0])
    elif isinstance(value, Mapping):
        if not all(isinstance(v, bool | np.bool_ | None) for v in value.values()):
            raise ValueError("should be a set, such as {'a', 'b'}; it is a dictionary.")
        value = [key for key, v in value.items() if v is None or bool(v)]
    try:
        found = list(value) if isinstance(value, set | frozenset) else sequence(value)
    except ValueError:
        raise ValueError(
            f"should be a set, such as {{'a', 'b'}}; it is {kind_of(value)}."
        ) from None
    return {_known(_leaf(part, "one element"), offered) for part in found}


def mapping(value: Any, offered: Collection[str] = ()) -> dict:
    """Return a dictionary whose values are single ones.

    Parameters
    ----------
    value
        A dictionary, a Series (its index holds the keys), or a list of pairs.
    offered : collection of str
        What a value can be; another case of the letters is forgiven.
    """
    offered = tuple(offered)
    if isinstance(value, pd.Series):
        value = dict(zip(value.index.tolist(), value.tolist(), strict=True))
    elif isinstance(value, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in value
    ):
        value = {scalar(key): part for key, part in value}
    if not isinstance(value, Mapping):
        raise ValueError(f"should be a dictionary; it is {kind_of(value)}.")
    return {
        scalar(key): _known(_leaf(part, f"`{key}`"), offered) for key, part in value.items()
    }


def array(value: Any) -> np.ndarray:
    """Return an array: of floats where the elements are numbers, of booleans, or of objects."""
    if isinstance(value, pd.DataFrame) and value.shape[1] == 1:
        value = value.iloc[:, 0]
    if isinstance(value, str | bytes | Mapping | set | frozenset) or value is None:
        raise ValueError(f"should be an array; it is {kind_of(value)}.")
    if isinstance(value, Iterator):
        value = list(value)
    if isinstance(value, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        value = pd.Series(value).astype(object).tolist()
    try:
        found = np.asarray(value)
    except ValueError:
        raise ValueError("should be an array; its rows have different lengths.") from None
    if found.dtype == object:
        flat = [math.nan if part is pd.NA else scalar(part) for part in found.ravel()]
        if any(part is None or isinstance(part, _NESTED) for part in flat):
            bad = next(p for p in flat if p is None or isinstance(p, _NESTED))
            raise ValueError(
                f"should be an array of single values; it holds {kind_of(bad)}."
            )
        # From a list, NumPy chooses numbers where all elements are numbers.
        found = np.asarray(flat).reshape(found.shape) if flat else found.astype(float)
    return found


def _leaf(value: Any, where: str) -> Any:
    found = scalar(value)
    if found is None or found is pd.NA or isinstance(found, _NESTED):
        raise ValueError(
            f"should hold single values; {where} is {kind_of(found)}. Give one value there."
        )
    return found


def _known(value: Any, offered: Collection[str]) -> Any:
    """Return the offered value that differs by case and blanks at most."""
    if not isinstance(value, str) or value in offered:
        return value
    same = [
        option for option in offered if str(option).casefold() == value.strip().casefold()
    ]
    return same[0] if len(same) == 1 else value


def in_form_of(expected: Any, found: Any) -> Any:
    """Return `found` in the form of `expected`.

    Raises
    ------
    ValueError
        If it cannot be brought to it.
    """
    if expected is None:
        if found is not None:
            raise ValueError(f"should be None here; it is {kind_of(found)}.")
        return None
    if isinstance(expected, bool | np.bool_):
        return truth(found)
    if isinstance(expected, str):
        return text(found)
    if isinstance(expected, numbers.Real):
        return number(found)
    if isinstance(expected, Mapping):
        return mapping(found)
    if isinstance(expected, set | frozenset):
        return members(found)
    if _is_nested(expected):
        parts = sequence(found if not isinstance(found, np.ndarray) else list(found))
        if len(parts) != len(expected):
            raise ValueError(f"should have {len(expected)} parts; it has {len(parts)}.")
        return [in_form_of(e, f) for e, f in zip(expected, parts, strict=True)]
    got, shape = array(found), array(expected).shape
    if got.size == math.prod(shape) and len(shape) == 1:
        got = got.reshape(shape)
    if got.shape != shape:
        raise ValueError(f"should have the shape {shape}; it has {got.shape}.")
    return got


def _is_nested(expected: Any) -> bool:
    """Whether a list or tuple holds things that differ in form, such as two arrays."""
    return isinstance(expected, list | tuple) and any(
        part is None or isinstance(part, _NESTED) for part in expected
    )


def same(expected: Any, found: Any, tolerance: float = 1e-6) -> bool:
    """Whether an answer in the form of the expected one is right.

    Parameters
    ----------
    expected, found
        `found` as `in_form_of` returns it.
    tolerance : float
        Largest difference of two numbers, relative or absolute. Whole numbers of an integer
        type have to be equal.
    """
    if expected is None or found is None:
        return expected is found
    if isinstance(expected, Mapping):
        return set(expected) == set(found) and all(
            same(value, found[key], tolerance) for key, value in expected.items()
        )
    if isinstance(expected, str | bool | np.bool_ | set | frozenset):
        return bool(expected == found)
    if isinstance(expected, numbers.Real):
        exact = isinstance(expected, numbers.Integral)
        return _near(float(expected), float(found), 1e-12 if exact else tolerance)
    if _is_nested(expected):
        return all(same(e, f, tolerance) for e, f in zip(expected, found, strict=True))
    wanted = array(expected)
    if wanted.dtype.kind not in "fiub" or found.dtype.kind not in "fiub":
        return bool(np.array_equal(wanted.astype(str), found.astype(str)))
    return bool(
        np.isclose(found, wanted, rtol=tolerance, atol=tolerance, equal_nan=True).all()
    )


def _near(a: float, b: float, tolerance: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)


def shown(value: Any, digits: int = 4) -> str:
    """Return a value in few characters, its numbers with so many significant digits."""
    value = scalar(value)
    if isinstance(value, float):
        return f"{value:,.{digits}g}" if abs(value) < 10**digits else f"{value:,.0f}"
    if isinstance(value, pd.DataFrame):
        return f"<table of {value.shape[0]} rows: {_short(', '.join(map(str, value)), 60)}>"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{k!r}: {shown(v, digits)}" for k, v in list(value.items())[:8])
        return f"{{{inside}{', …' if len(value) > 8 else ''}}}"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(repr, value))[:12]) + "}" if value else "set()"
    if isinstance(value, np.ndarray) and value.ndim > 1 and value.size > 16:
        return f"<array of shape {value.shape}>"
    if isinstance(value, (list, tuple, *_HOLDERS)):
        parts = list(value)
        more = f", … {len(parts)} in all" if len(parts) > 8 else ""
        return f"[{', '.join(shown(part, digits) for part in parts[:8])}{more}]"
    if callable(value) or not isinstance(value, str | numbers.Number | None):
        return kind_of(value)
    return repr(value)


def told_apart(expected: Any, found: Any) -> tuple[str, str]:
    """Return two different values as two different texts: digits are added until they differ."""
    if _is_nested(expected) and isinstance(found, list):
        for e, f in zip(expected, found, strict=False):
            if not same(e, f, 1e-12):
                return told_apart(e, f)
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        shared = [k for k in expected if k in found]
        if other := [k for k in shared if not same(expected[k], found[k], 1e-12)]:
            a, b = told_apart(expected[other[0]], found[other[0]])
            return f"{a} for {other[0]!r}", b
    for digits in (4, 6, 9, 13, 17):
        texts = shown(expected, digits), shown(found, digits)
        if texts[0] != texts[1]:
            return texts
    place = _first_difference(expected, found)
    if place is not None:
        a, b = told_apart(array(expected)[place], array(found)[place])
        return f"{a} at place {', '.join(map(str, place))}", b
    return texts


def _first_difference(expected: Any, found: Any) -> tuple[int, ...] | None:
    try:
        a, b = array(expected), array(found)
    except ValueError:
        return None
    if a.shape != b.shape or a.ndim == 0:
        return None
    if a.dtype.kind in "fiub" and b.dtype.kind in "fiub":
        unequal = ~np.isclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)
    else:
        unequal = a.astype(str) != b.astype(str)
    places = np.argwhere(unequal)
    return tuple(map(int, places[0])) if len(places) else None


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
