"""How far weeks and days lie from a baseline, in worlds with one event and without any.

One repeat draws five worlds of one seed: without events, and with each of the four. Every
week, and every day, from month 5 on is compared with month 4, and what the checks look at is
stored. Whether a check fires is then a matter of its threshold.
"""

import numpy as np
import pandas as pd
from scipy import stats

from labs_lib.monitor import distances, distribution
from labs_lib.payments import event_worlds

REPEATS = 20


def repeat(seed: int) -> list[dict]:
    """Return one row a window and set of columns, for the worlds of this seed."""
    rows = []
    for kind in ("none", *event_worlds.EVENTS):
        X, _ = event_worlds.world(seed, () if kind == "none" else (kind,))
        X = X.assign(score=event_worlds.score(seed, X))
        everything = {
            "all": list(X.columns.drop("score")),
            "payment": event_worlds.PAYMENT,
            "score": ["score"],
        }
        plan = [("month 4", event_worlds.BASELINE, 7, everything)]
        plan += [
            ("month 4", event_worlds.BASELINE, 1, {"payment": event_worlds.PAYMENT})
        ]
        if kind == "none":
            plan += [("training", event_worlds.TRAINING, 7, {"all": everything["all"]})]
        table = {name: values(X[name]) for name in X}
        days = X.index.to_numpy()
        for baseline, dates, length, sets in plan:
            used = {name for names in sets.values() for name in names}
            known = {name: part(table[name], days, dates) for name in used}
            for start in starts(kind, length):
                window = (start, start + length)
                found = {
                    name: looked_at(known[name], part(table[name], days, window))
                    for name in sorted(used)
                }
                rows += [
                    {"kind": kind, "columns": name, "baseline": baseline}
                    | {"length": length, "start": start}
                    | worst({column: found[column] for column in names})
                    for name, names in sets.items()
                ]
    return rows


def starts(kind: str, length: int) -> list[int]:
    """Return the first days of the windows that are looked at in a world.

    Weeks go on after an event, as long as columns remember it; days do not.
    """
    first, last = event_worlds.LIVE
    every = range(first, last - length + 1, length)
    if kind == "none":
        return list(every)
    begin, end = event_worlds.EVENTS[kind]
    end += event_worlds.ECHO if length > 1 else 0
    return [s for s in every if s + length > begin and s < end]


def values(column: pd.Series) -> tuple[np.ndarray, np.ndarray | None]:
    """Return numbers, or codes and names of categories; missing is NaN, or a negative code."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), column.cat.categories.to_numpy()
    return column.to_numpy(dtype=float), None


def part(column, days: np.ndarray, dates: tuple[int, int]) -> tuple[object, float]:
    """Return the exact distribution of some days, or counts, and the share of missing."""
    numbers, names = column
    first, last = np.searchsorted(days, dates)
    numbers = numbers[first:last]
    missing = np.isnan(numbers) if names is None else numbers < 0
    present = numbers[~missing]
    if names is None:
        return distribution.exact(present), missing.mean()
    counts = np.bincount(present, minlength=len(names))
    return {n: int(c) for n, c in zip(names, counts, strict=True) if c}, missing.mean()


def looked_at(baseline, window) -> dict[str, float]:
    """Return what checks of one column compare with a threshold.

    `simple`, `robust`, `psi`: distances; `n` and `m`: rows; `p_value` of categories; `gap`: by
    how much completeness fell; `unknown`: share of values that the baseline does not know.
    """
    (a, a_missing), (b, b_missing) = baseline, window
    numeric = isinstance(b, distribution.Distribution)
    simple = distances.simple(a, b)
    n, m = (side.n if numeric else sum(side.values()) for side in (a, b))
    return {
        "simple": simple,
        "robust": distances.robust(simple, n, m),
        "psi": distances.psi(a, b),
        "n": n,
        "m": m,
        "p_value": np.nan if numeric else distances.p_value(a, b),
        "unknown": 0.0 if numeric else sum(b[v] for v in b if v not in a) / m,
        "gap": b_missing - a_missing,
    }


def worst(found: dict[str, dict[str, float]]) -> dict:
    """Return the largest value of any column, and the smallest p-value.

    Of numbers only the column with the largest distance for its rows is tested: no other has a
    smaller p-value. `moved` is the share of columns with a Simple distance above 0.1, `column`
    the one with the largest Robust distance, by Simple where all are zero.
    """
    columns = list(found)
    at = {key: np.array([found[c][key] for c in columns]) for key in found[columns[0]]}
    size = at["n"] * at["m"] / (at["n"] + at["m"])
    top = np.argmax(np.where(np.isnan(at["p_value"]), at["simple"] * np.sqrt(size), 0))
    p = float(stats.kstwo.sf(at["simple"][top], round(size[top])))
    return {
        "simple": at["simple"].max(),
        "robust": at["robust"].max(),
        "p_value": np.nanmin([p, *at["p_value"]]),
        "psi": at["psi"].max(),
        "moved": (at["simple"] > 0.1).mean(),
        "unknown": at["unknown"].max(),
        "gap": at["gap"].max(),
        "column": max(columns, key=lambda c: (found[c]["robust"], found[c]["simple"])),
    }
