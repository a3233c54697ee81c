"""How the strings of an action's parameters are read, and made."""

import json
import math
from collections.abc import Callable
from numbers import Integral, Real

from labs_lib import columns
from labs_lib.prepare.recipe.dates import CIRCLES


def text_value(text: str) -> str:
    """Read text that is not empty."""
    if not text:
        raise ValueError("expected some text, it is empty")
    return text


def number(text: str) -> float:
    """Read a finite number."""
    value = float(columns.read([text]).numbers[0])
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {text!r}")
    return value


def limit(text: str) -> int:
    """Read the largest number of splits, 1 to 20."""
    if not text.isdecimal() or not 1 <= int(text) <= 20:
        raise ValueError(f"expected a whole number from 1 to 20, got {text!r}")
    return int(text)


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader that accepts these texts alone."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}, got {text!r}")
        return text

    return read


def strings(text: str) -> list[str]:
    """Read a JSON list of different texts."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError:
        values = None
    if (
        not isinstance(values, list)
        or not values
        or not all(isinstance(value, str) and value for value in values)
        or len(set(values)) < len(values)
    ):
        raise ValueError(f"expected a list of different strings, got {text!r}")
    return values


def splits(text: str) -> list[float]:
    """Read rising bounds from -Infinity to Infinity."""
    values = strings(text)
    if len(values) < 3 or (values[0], values[-1]) != ("-Infinity", "Infinity"):
        raise ValueError(
            "expected bounds from '-Infinity' to 'Infinity' with at least one between, "
            f"got {text!r}"
        )
    cuts = [-math.inf, *(number(value) for value in values[1:-1]), math.inf]
    if sorted(set(cuts)) != cuts:
        raise ValueError(f"expected bounds in rising order, got {text!r}")
    return cuts


def parts(text: str) -> list[str]:
    """Read a JSON list of parts of a date."""
    return [one_of("year", *CIRCLES)(part) for part in strings(text)]


def check_buckets(p: dict) -> None:
    """Check that names and bounds of BUCKETIZATION go together."""
    if (p["splits"] is None) == (p["strategy"] is None):
        raise ValueError("expected either splits or strategy (QUANTILE, UNIFORM)")
    if p["splits"] is not None and len(p["splits"]) != len(p["bucketNames"]) + 1:
        raise ValueError(
            f"{len(p['bucketNames'])} bucketNames need {len(p['bucketNames']) + 1} splits, "
            f"got {len(p['splits'])}"
        )
    if len(p["bucketNames"]) < 2:
        raise ValueError("expected at least two bucketNames")


def check_parts(p: dict) -> None:
    """Check that a part that should go round does."""
    if p["embeddingMode"] == "CYCLIC" and "year" in p["parts"]:
        raise ValueError("year does not come round again: use embeddingMode ORDINAL for it")


def check_custom(p: dict) -> None:
    """Check that the value of FILL_WITH_CUSTOM is of its type."""
    if p["columnDataType"] == "number":
        number(p["value"])


def as_string(name: str, value: object) -> str:
    """Write the value of a parameter as the string that DataBrew expects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return json.dumps([as_string(name, item) for item in value], ensure_ascii=False)
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return (
            repr(number)
            if math.isfinite(number)
            else str(number).replace("inf", "Infinity")
        )
    raise ValueError(
        f"parameter {name} is {value!r}, expected text, a number, a boolean or a list "
        "of them."
    )
