"""What a monitor could know each day about a frozen model, with a new kind of fraud and without.

One repeat draws two worlds of one seed: without events, and with the account takeover (b). The
model is trained on day 120. For each day from then on: what is seen at once, the scores; what
the labels say that arrive on that day; and what they would say if each arrived on the evening
of its payment.
"""

import numpy as np
import pandas as pd
from scipy import stats

from labs_lib.labs.monitor.model_drift import shared
from labs_lib.monitor import distances, distribution

REPEATS = 40


def repeat(seed: int) -> list[dict]:
    """Return one row a world and day."""
    quiet = shared.draw(seed, ())
    model = shared.first_model(quiet)
    rows = []
    for kind, world in (("none", quiet), ("b", shared.draw(seed, ("b",)))):
        rows += [
            {"kind": kind} | row
            for row in days(world, shared.score(model, world.numbers))
        ]
    return rows


def days(world: shared.World, p: np.ndarray) -> list[dict]:
    """Return one row a day: sums over its payments, and over the labels that arrive on it."""
    live = world.day >= shared.START
    every = range(shared.START, shared.END)
    table = pd.DataFrame(judged(world, p))[live]
    parts = [pd.Series(score_distance(world.day, p), index=every, name="distance")]
    for prefix, moment in (("paid", world.day), ("known", world.known)):
        sums = table.groupby(moment[live]).sum().reindex(every, fill_value=0)
        sums["surprise"] = surprise(
            table, world.X["merchant_category"][live].astype(str), moment[live]
        )
        parts.append(sums.add_prefix(f"{prefix}_"))
    found = pd.concat(parts, axis=1).rename_axis("day").reset_index()
    return found.astype({"day": int}).to_dict("records")


def judged(world: shared.World, p: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is added up over payments, by the label that will be reported.

    `expected` frauds, and `doubt`, the log loss that the model expects of itself, need no
    labels; `frauds`, `loss` (log loss, nats) and `caught` do.
    """
    alert = shared.alerts(p, world.euros)
    return {
        "rows": np.ones(len(p)),
        "expected": p,
        "doubt": shared.doubt(p),
        "frauds": world.y.astype(float),
        "loss": shared.loss(world.y, p),
        "caught": (alert * world.y).astype(float),
    }


def surprise(
    table: pd.DataFrame, category: pd.Series, moment: np.ndarray
) -> np.ndarray:
    """Return how unlikely the frauds of the most surprising category are, day by day.

    Over the 14 days up to each day: -log10 of the Poisson probability of so many frauds or
    more, given those that the model expected there.
    """
    every = range(shared.START, shared.END)
    sums = table[["frauds", "expected"]].groupby([category.to_numpy(), moment]).sum()
    frauds, expected = (
        sums[name].unstack(0).reindex(every).fillna(0).rolling(14, min_periods=1).sum()
        for name in ("frauds", "expected")
    )
    tail = stats.poisson.sf(frauds - 1, expected.clip(lower=0.01))
    return -np.log10(tail).max(axis=1)


def score_distance(day: np.ndarray, p: np.ndarray) -> list[float]:
    """Return the Simple distance of the scores of seven days from those of month 5.

    Zero before the first seven days after month 5 are over.
    """
    first, last = np.searchsorted(day, (shared.START, shared.START + 30))
    baseline = distribution.exact(p[first:last])
    found = []
    for end in range(shared.START + 1, shared.END + 1):
        if end < shared.START + 37:
            found.append(0.0)
            continue
        first, last = np.searchsorted(day, (end - 7, end))
        found.append(distances.simple(baseline, distribution.exact(p[first:last])))
    return found
