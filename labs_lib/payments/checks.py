"""Checks of parameters that several modules share."""

import numpy as np


def check_whole(name: str, value: int, *, low: int, high: int | None = None) -> None:
    """Raise a ValueError unless `value` is an int from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} is {value!r}, expected a whole number (int).")
    if value < low or (high is not None and value > high):
        wanted = f"at least {low}" if high is None else f"{low} to {high}"
        raise ValueError(f"{name} is {value}, expected {wanted}.")
