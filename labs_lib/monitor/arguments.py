"""What every function of the monitor checks first: options of the right kind, in their range."""

from collections.abc import Collection, Mapping
from numbers import Integral, Real

MOST_WINDOWS = 10**9


def share(name: str, value: object) -> float:
    """Return a share as a Python float, or raise a ValueError that names it."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1:  # type: ignore[operator]
        raise ValueError(f"{name} is {_shown(value)}, expected 0 to 1.")
    return float(value)  # type: ignore[arg-type]


def windows(value: object) -> int:
    """Return how many batches are judged together, or raise a ValueError."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not 1 <= value <= MOST_WINDOWS:  # type: ignore[operator]
        raise ValueError(
            f"windows is {_shown(value)}, expected at least 1, and a whole number of at most "
            f"{MOST_WINDOWS:,}."
        )
    return int(value)  # type: ignore[call-overload]


def one_of(name: str, value: object, allowed: Collection[str]) -> None:
    """Raise a ValueError unless a text is one of those that are known."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(
            f"{name} is {_shown(value)}, expected one of {', '.join(allowed)}."
        )


def names(name: str, value: object) -> set[str]:
    """Return names of columns as a set; one text is no collection of names."""
    good = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)
    if not good or not all(isinstance(item, str) for item in value):  # type: ignore[attr-defined]
        raise ValueError(f"{name} is {_shown(value)}, expected a list of names of columns.")
    return set(value)  # type: ignore[call-overload]


def types(value: object) -> dict[str, str]:
    """Return types by column as a dictionary of texts."""
    if value is None:
        return {}
    good = isinstance(value, Mapping) and all(
        isinstance(text, str) for pair in value.items() for text in pair
    )
    if not good:
        raise ValueError(
            f"types is {_shown(value)}, expected a type by the name of a column, as "
            "{'code': 'String'}."
        )
    return dict(value)  # type: ignore[call-overload]


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        text = "a very long number"
    return text if len(text) <= 100 else f"{text[:97]}..."
