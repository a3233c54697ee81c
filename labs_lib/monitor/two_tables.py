"""Two tables, column by column and exactly, without a baseline in between."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from labs_lib import settings, stats
from labs_lib.monitor import columns, distances, distribution, reading
from labs_lib.monitor.distribution import Distribution
from labs_lib.monitor.reading import Data
from labs_lib.stats.p_values import Correction

MEASURES = ("simple", "robust", "p_value", "psi", "wasserstein", "jensen_shannon")


def drift(
    reference: Data,
    current: Data,
    *,
    measures: Sequence[str] = MEASURES,
    windows: int = 1,
    correction: Correction = "holm",
) -> pd.DataFrame:
    """Return exact distances of all columns that two tables share.

    Of Parquet files only the columns in work are in memory, one for each thread.

    Parameters
    ----------
    reference, current : DataFrame, path, or list of paths
        Files end with .parquet or .csv. A column of texts, truth values or pandas categories
        in the reference is compared by shares, one of numbers by cumulated shares.
    measures : list of str
        Out of `MEASURES`, see `distances`; `wasserstein` is in units of the feature.
    windows : int
        How many tables are judged together with this one.
    correction : {"holm", "bonferroni", "benjamini-hochberg"}
        See `adjust`.

    Returns
    -------
    DataFrame
        One row for each column: `feature`, `n_reference` and `n_current` (finite numbers, or
        texts), the measures, `p_adjusted` (corrected for columns times windows) if `p_value`
        is among them, and `note`: what was left out, or why there is no distance.

    Raises
    ------
    ValueError
        If the tables share no column, one has no rows, an option is unknown, or a file cannot
        be read.
    """
    unknown = sorted(set(measures) - set(MEASURES))
    if unknown or not measures:
        raise ValueError(
            f"measures is {list(measures)}, expected some of {list(MEASURES)}."
        )
    if windows < 1:
        raise ValueError(f"windows is {windows}, expected at least 1.")
    reference, current = _csv_once(reference), _csv_once(current)
    others = set(reading.column_names(current))
    names = [name for name in reading.column_names(reference) if name in others]
    if not names:
        raise ValueError("the tables share no column; expected at least one.")

    def row(name: str) -> dict:
        return {"feature": name} | _compared(
            reading.column(reference, name), reading.column(current, name), measures
        )

    with ThreadPoolExecutor(settings.n_jobs()) as threads:
        rows = list(threads.map(row, names))
    table = pd.DataFrame(rows)
    table.insert(3 + len(measures), "note", table.pop("note"))
    if "p_value" in measures:
        tests = int(table["p_value"].notna().sum()) * windows
        adjusted = stats.adjust(table["p_value"], method=correction, tests=tests)
        table.insert(table.columns.get_loc("p_value") + 1, "p_adjusted", adjusted)
    return table


def _csv_once(data: Data) -> Data:
    """Return the data of CSV files, which cannot be read by column, as one DataFrame."""
    if isinstance(data, pd.DataFrame) or any(
        p.suffix == ".parquet" for p in reading.paths(data)
    ):
        return data
    return pd.concat(reading.pieces(data), ignore_index=True)


def _compared(reference: pd.Series, current: pd.Series, measures: Sequence[str]) -> dict:
    for side, values in (("reference", reference), ("current", current)):
        if not len(values):
            raise ValueError(f"{side} has no rows; expected at least one.")
    kind, note = columns.kind(reference), ""
    if kind is columns.Numbers:
        (a, left_out), (b, also) = _numbers(reference), _numbers(current)
        if left_out + also:
            note = f"{left_out + also:,} infinite values were left out"
        sizes = [0 if side is None else side.n for side in (a, b)]
    elif kind is columns.Texts:
        a, b = columns.as_texts(reference), columns.as_texts(current)
        sizes = [sum(side.values()) for side in (a, b)]
    else:
        sizes = [int(reference.notna().sum()), int(current.notna().sum())]
        what = "neither numbers nor texts" if sizes[0] else "no values in the reference"
        return _row(sizes, {}, measures, what)
    if 0 in sizes:
        return _row(sizes, {}, measures, "no values in one of the tables")
    simple = distances.simple(a, b)
    found = {"simple": simple, "robust": distances.robust(simple, *sizes)}
    if "p_value" in measures:
        found["p_value"] = distances.p_value(a, b, distance=simple)
    for name in ("psi", "wasserstein", "jensen_shannon"):
        if name in measures and (isinstance(a, Distribution) or name != "wasserstein"):
            found[name] = getattr(distances, name)(a, b)
    return _row(sizes, found, measures, note)


def _numbers(values: pd.Series) -> tuple[Distribution | None, int]:
    """Return the distribution of the finite values, and how many are infinite."""
    numbers, _ = columns.as_numbers(values)
    finite = np.isfinite(numbers)
    infinite = 0
    if not finite.all():
        infinite = int(np.isinf(numbers).sum())
        numbers = numbers[finite]
    return distribution.exact(numbers) if len(numbers) else None, infinite


def _row(sizes, found, measures, note) -> dict:
    sizes = dict(zip(("n_reference", "n_current"), sizes, strict=True))
    return sizes | {name: found.get(name, math.nan) for name in measures} | {"note": note}
