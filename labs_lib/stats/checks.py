"""What every statistic checks first, with one message for each fault."""

import math
from collections.abc import Mapping, Sized

import numpy as np
from numpy.typing import ArrayLike, NDArray


def numbers(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return `values` as a 1-d float array, or raise a ValueError that names it."""
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} is not made of numbers, expected a list of them."
        ) from None
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}, expected one dimension.")
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise ValueError(
            f"{name} has {bad} of {len(array)} values that are missing or infinite, "
            "expected finite numbers. Find out why the metric was not defined there."
        )
    return array


def same_length(arrays: Mapping[str, Sized]) -> None:
    """Raise a ValueError unless all arrays have one length."""
    if len({len(array) for array in arrays.values()}) > 1:
        lengths = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
        raise ValueError(f"lengths differ: {lengths}. Values are paired by position.")


def at_least_two(values: Sized, name: str) -> None:
    """Raise a ValueError unless there are values to vary."""
    if len(values) < 2:
        raise ValueError(
            f"{name} has length {len(values)}, expected at least 2 values. "
            "One value says nothing about how much it varies."
        )


def level(confidence: float, comparisons: int = 1) -> float:
    """Return the level of a single interval, so that all in one map hold together.

    Raises a ValueError if the confidence is not between 0 and 1, or `comparisons` is no
    number of comparisons.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, expected between 0 and 1, as 0.95.")
    if not (comparisons >= 1 and comparisons == int(comparisons)):
        raise ValueError(
            f"comparisons is {comparisons}, expected the number of comparisons in the map, "
            "a whole number of at least 1."
        )
    return 1 - (1 - confidence) / comparisons


def margin(value: float | None) -> None:
    """Raise a ValueError unless the margin is None or a number above 0."""
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise ValueError(
            f"margin is {value}, expected a number above 0, or None for no margin."
        )
