"""Two tables, column by column and exactly, without a baseline in between."""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from labs_lib import columns, settings, stats
from labs_lib.monitor import arguments, counters, distances, distribution, reading
from labs_lib.monitor.distribution import Distribution
from labs_lib.monitor.reading import Csv, Data
from labs_lib.stats.p_values import Correction

MEASURES = ("simple", "robust", "p_value", "psi", "wasserstein", "jensen_shannon")


def drift(
    reference: Data,
    current: Data,
    *,
    measures: Sequence[str] = MEASURES,
    windows: int = 1,
    correction: Correction = "holm",
    csv: Csv | None = None,
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
    csv : Csv, optional
        How CSV files are written.

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
    windows = arguments.windows(windows)
    reference, kinds = _csv_once(reference, {}, csv)
    current, _ = _csv_once(current, kinds, csv)
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


def _csv_once(
    data: Data, kinds: Mapping[str, reading.Kind], csv: Csv | None
) -> tuple[Data, dict[str, reading.Kind]]:
    """Return what CSV files hold, which cannot be read by column, as one DataFrame.

    Beside it, the kinds of its columns, by which another table is read in the same way.
    """
    if isinstance(data, pd.DataFrame):
        known = {name: columns.read(values).kind for name, values in data.items()}
        texts: dict[str, reading.Kind] = {
            str(name): "text" for name, kind in known.items() if kind in ("text", "boolean")
        }
        return data, texts
    if any(path.suffix.lower() == ".parquet" for path in reading.paths(data)):
        return data, {}
    names = reading.column_names(data, csv=csv)
    new = [name for name in names if name not in kinds]
    found = {**kinds, **reading.csv_kinds(data, new, csv=csv)[0]}
    frame = pd.concat(reading.pieces(data, kinds=found, csv=csv), ignore_index=True)
    for name in names:
        if found.get(name) == "date":
            frame[name] = pd.to_datetime(frame[name], format="ISO8601", errors="coerce")
    return frame, found


def _compared(reference: pd.Series, current: pd.Series, measures: Sequence[str]) -> dict:
    for side, values in (("reference", reference), ("current", current)):
        if not len(values):
            raise ValueError(f"{side} has no rows; expected at least one.")
    before, now = columns.read(reference), columns.read(current)
    kind, note = counters.of_kind(before.kind), ""
    a: Distribution | dict[str, int] | None
    b: Distribution | dict[str, int] | None
    if kind is counters.Numbers:
        (a, left_out), (b, also) = _numbers(before), _numbers(now)
        if left_out + also:
            note = f"{left_out + also:,} infinite values were left out"
        sizes = [0 if side is None else side.n for side in (a, b)]
        if a is not None and b is not None:
            a, b = distribution.same_precision(a, b)
            note = "; ".join(filter(None, [note, _rounded(a, b)]))
    elif kind is counters.Texts:
        a, b = before.counts, columns.spelled_as(before.counts, now.counts)
        sizes = [sum(side.values()) for side in (a, b)]
    else:
        sizes = [before.present, now.present]
        what = "neither numbers nor texts" if sizes[0] else "no values in the reference"
        return _row(sizes, {}, measures, what)
    if a is None or b is None or 0 in sizes:
        return _row(sizes, {}, measures, "no values in one of the tables")
    simple = distances.simple(a, b)
    found = {"simple": simple, "robust": distances.robust(simple, *sizes)}
    if "p_value" in measures:
        found["p_value"] = distances.p_value(a, b, distance=simple)
    for name in ("psi", "wasserstein", "jensen_shannon"):
        if name in measures and (isinstance(a, Distribution) or name != "wasserstein"):
            found[name] = getattr(distances, name)(a, b)
    return _row(sizes, found, measures, note)


def _numbers(column: columns.Column) -> tuple[Distribution | None, int]:
    """Return the distribution of the finite values, and how many are infinite."""
    numbers = column.numbers
    finite = np.isfinite(numbers)
    infinite = 0
    if not finite.all():
        infinite = int(np.isinf(numbers).sum())
        numbers = numbers[finite]
    return distribution.exact(numbers) if len(numbers) else None, infinite


def _rounded(a: Distribution, b: Distribution) -> str:
    """Return a note if whole numbers are so large that neighbours cannot be told apart."""
    ends = (a.values[0], a.values[-1], b.values[0], b.values[-1])
    if max(map(abs, ends)) < columns.LARGEST_WHOLE:
        return ""
    return "numbers above 2^53 are compared after rounding"


def _row(
    sizes: Sequence[int], found: Mapping[str, float], measures: Sequence[str], note: str
) -> dict:
    rows = dict(zip(("n_reference", "n_current"), sizes, strict=True))
    return rows | {name: found.get(name, math.nan) for name in measures} | {"note": note}
