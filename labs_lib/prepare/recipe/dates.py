"""Dates into their parts, as numbers or as points on a circle."""

import math

import numpy as np

from labs_lib.prepare.recipe.table import Table


def _circle(period: int) -> dict[str, np.ndarray]:
    angles = [2 * math.pi * k / period for k in range(period)]
    # Processors differ in the last digit; twelve digits are the same everywhere.
    return {
        "sin": np.array([round(math.sin(angle), 12) for angle in angles]),
        "cos": np.array([round(math.cos(angle), 12) for angle in angles]),
    }


# Of each part that comes round again, its first value and its points on the circle.
CIRCLES = {
    "month": (1, _circle(12)),
    "day": (1, _circle(31)),
    "weekday": (0, _circle(7)),
    "hour": (0, _circle(24)),
}


def date_parts(table: Table, p: dict, learned: dict) -> None:
    """FEATURIZE_DATE_TIME: parts of a date, on a circle or as numbers."""
    source = p["sourceColumn"]
    seconds = table.dates(source)
    missing = np.isnat(seconds)
    for part in p["parts"]:
        name, values = f"{source}_{part}", _date_part(seconds, part)
        if p["embeddingMode"] == "ORDINAL":
            table.put(name, np.where(missing, np.nan, values), source=source)
            continue
        first, circle = CIRCLES[part]
        place = np.where(missing, 0, values - first)
        for suffix, points in circle.items():
            value = np.where(missing, np.nan, points[place])
            table.put(f"{name}_{suffix}", value, source=source)


def _date_part(seconds: np.ndarray, part: str) -> np.ndarray:
    """Return a part of each date as whole numbers (anything where the date is missing)."""
    days = seconds.astype("datetime64[D]")
    months = seconds.astype("datetime64[M]")
    if part == "hour":
        return seconds.astype(np.int64) // 3600 % 24
    if part == "weekday":
        return (days.astype(np.int64) + 3) % 7  # 1970 began on a Thursday
    if part == "day":
        return (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    if part == "month":
        return months.astype(np.int64) % 12 + 1
    return months.astype(np.int64) // 12 + 1970
