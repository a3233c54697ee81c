"""Exercises of the lab monitor/data_drift."""

import math
from collections.abc import Callable

import numpy as np

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("monitor/data_drift")

lab.predict("festival", options=("lower", "tie", "higher", "undecided"))


# Exercise 1: how many rows does Robust need? ----------------------------------------------

_WINDOWS = [
    (0.355, 1_000_000, 0.1),
    (0.2, 30_000, 0.1),
    (0.15, 5_000, 0.1),
    (0.108, 3_000, 0.1),
    (0.09, 50_000, 0.1),
    (0.12, 40_000, 0.05),
]


def fires(distance: float, n: float, m: float, threshold: float = 0.1) -> bool:
    """Return whether Robust fires for n rows in the baseline and m in the batch."""
    return distance - 1.8 * math.sqrt((n + m) / (n * m)) > threshold


def smallest(distance: float, n: int, threshold: float = 0.1) -> float:
    """Return the smallest batch that fires, or infinity."""
    room = ((distance - threshold) / 1.8) ** 2 - 1 / n
    if distance <= threshold or room <= 0:
        return math.inf
    m = math.ceil(1 / room)
    while not fires(distance, n, m, threshold):
        m += 1
    while m > 1 and fires(distance, n, m - 1, threshold):
        m -= 1
    return m


def smallest_equal(distance: float, n: int, threshold: float = 0.1) -> float:
    """Return the smallest batch if the baseline is as small."""
    if distance <= threshold:
        return math.inf
    return math.ceil(2 * (1.8 / (distance - threshold)) ** 2)


def smallest_large(distance: float, n: int, threshold: float = 0.1) -> float:
    """Return the smallest batch against a baseline without end."""
    if distance <= threshold:
        return math.inf
    return math.ceil((1.8 / (distance - threshold)) ** 2)


@lab.exercise(
    "how many rows does Robust need?",
    hints=(
        "Robust fires when `distance - 1.8 * sqrt((n + m) / (n * m))` is above the threshold. The root is "
        "the same as `sqrt(1 / n + 1 / m)`.",
        "Solve for 1 / m: it has to be below `((distance - threshold) / 1.8) ** 2 - 1 / n`. What if "
        "that is not above zero?",
        "Let `room` be that expression. Return `math.inf` if the distance is not above the "
        "threshold or `room <= 0`, else `math.floor(1 / room) + 1`.",
    ),
    misconceptions={
        "simple": "You compare the raw distance with the threshold, as Simple does. Robust takes off "
        "what chance explains first.",
        "equal": "You take the batch to be as large as the baseline. Here n is given, and only m "
        "is free.",
        "large": "You let the baseline have no noise of its own. With n = {n:,} rows its share `1 / n` "
        "counts too.",
        "never": "A distance of {distance} against {n:,} rows never fires, however many rows the batch "
        "has. Return `math.inf`; yours gave {got}.",
        "squared": "With {got:,.1f} rows the correction is not what the formula says. Did the square root "
        "get lost on the way?",
        "fixed": "Your answer is right for a threshold of 0.1 only. Use the argument `threshold`.",
        "other": "For a distance of {distance} against {n:,} rows and a threshold of {threshold} the smallest "
        "batch has {expected:,.0f} rows; yours gave {got:,.1f}.",
    },
    praise="Ask this before the monitor runs: below that size it is switched off, and nobody is told.",
)
def ex1(rows_needed: Callable[..., float]) -> Wrong | None:
    """Any function passes that gives the smallest batches."""
    # A share of a row means one more.
    got = np.ceil([rows_needed(*case) - 1e-9 for case in _WINDOWS]) + 0.0
    expected = np.array([smallest(*case) for case in _WINDOWS])

    def like(other: Callable) -> bool:
        values = np.array([other(*case) for case in _WINDOWS], dtype=float)
        ends = np.isfinite(values) & np.isfinite(got)
        same = np.isclose(got[ends], values[ends], rtol=0, atol=1e-6)
        return bool(same.all() and (ends.any()))

    unreachable = ~np.isfinite(expected)
    good = np.isclose(got, expected, rtol=0, atol=1e-6) | (
        unreachable & np.isposinf(got)
    )
    if good.all():
        return None
    if like(lambda d, n, t: 1.0):
        return wrong("simple")
    if good[:-1].all() and np.isclose(got[-1], smallest(*_WINDOWS[-1][:2])):
        return wrong("fixed")
    if good[~unreachable].all():
        bad = int(np.flatnonzero(unreachable & ~good)[0])
        d, n, t = _WINDOWS[bad]
        return wrong("never", distance=d, n=n, got=f"{got[bad]:,.1f}")
    if like(smallest_equal):
        return wrong("equal")
    if like(smallest_large):
        return wrong("large", n=_WINDOWS[2][1])
    first = int(np.flatnonzero(~good & ~unreachable)[0])
    d, n, t = _WINDOWS[first]
    if np.isclose(got[first], 1.8 / (d - t), atol=1.01) or np.isclose(
        got[first], 1 / max((d - t) / 1.8 - 1 / n, 1e-9), atol=1.01
    ):
        return wrong("squared", got=got[first])
    told = {"expected": expected[first], "got": got[first]}
    return wrong("other", distance=d, n=n, threshold=t, **told)


# Exercise 2: a threshold from quiet windows -----------------------------------------------

_RNG = np.random.default_rng(0)
_QUIET = [
    # No budget is used up to the last bit here: rounding must not decide.
    (np.round(_RNG.beta(3, 40, 212), 4), 7, 1.0),
    (np.round(_RNG.beta(3, 20, 907), 4), 1, 0.5),
    (np.round(_RNG.beta(2, 30, 60), 4), 7, 0.0),
    # Sixteen of 64 windows may fire, and that is exact in any way to compute it.
    (np.round(_RNG.beta(3, 30, 64), 4), 30, 0.25),
]


def alarms_a_month(quiet: np.ndarray, threshold: float, days: int) -> float:
    """Return the false alarms in 30 days of quiet windows of so many days."""
    return float((quiet > threshold).mean() * 30 / days)


def least_threshold(quiet: np.ndarray, days: int, budget: float) -> float:
    """Return the smallest observed value above which the budget is kept."""
    values = np.sort(quiet)
    return next(
        float(v) for v in values if alarms_a_month(quiet, v, days) <= budget + 1e-12
    )


@lab.exercise(
    "a threshold from quiet windows",
    hints=(
        "How many windows does a month of 30 days have? How many of them may fire?",
        "The share of quiet windows that may fire is `budget * days / 30`. A window fires if its distance "
        "is *above* the threshold.",
        "Take the sorted values one by one and return the first `t` for which "
        "`(quiet > t).mean() * 30 / days <= budget`.",
    ),
    misconceptions={
        "per_window": "You let a share of `budget` of the windows fire. The budget is counted per month: "
        "with windows of {days} days a month has {windows:.1f} of them.",
        "per_day": "You count 30 windows a month. Windows of {days} days are fewer.",
        "wrong_tail": "Your threshold is at the low end: nearly every quiet window is above it.",
        "too_high": "With {got:.4f} the budget is kept, but {lower:.4f} would keep it too. A higher "
        "threshold than needed hides real drift.",
        "over_budget": "Above {got:.4f} there are {alarms:.2f} false alarms a month; the budget is "
        "{budget}.",
    },
    praise="No rule of thumb is in it: the threshold comes from your own quiet weeks.",
)
def ex2(threshold_for: Callable[..., float]) -> Wrong | None:
    """Any threshold passes that keeps the budget and is not needlessly high."""
    got = np.array([threshold_for(q.copy(), d, b) for q, d, b in _QUIET])
    right = []
    for value, (quiet, days, budget) in zip(got, _QUIET, strict=True):
        least = least_threshold(quiet, days, budget)
        above = quiet[quiet > least]
        next_up = above.min() if len(above) else math.inf
        right.append(least - 1e-9 <= value < next_up)
    # Interpolated quantiles lie between two windows: they pass if they keep the budget.
    if all(right):
        return None

    def like(share: Callable) -> bool:
        wanted = []
        for value, (quiet, days, budget) in zip(got[:2], _QUIET[:2], strict=True):
            allowed = min(max(share(days, budget), 0), 1)
            values = np.sort(quiet)
            place = (1 - allowed) * (len(values) - 1)
            low = values[max(math.floor(place) - 1, 0)]
            high = values[min(math.ceil(place) + 1, len(values) - 1)]
            wanted.append(low <= value <= high)
        return all(wanted)

    if like(lambda days, budget: budget):
        return wrong("per_window", days=_QUIET[0][1], windows=30 / _QUIET[0][1])
    if like(lambda days, budget: budget / 30):
        return wrong("per_day", days=_QUIET[0][1])
    bad = right.index(False)
    quiet, days, budget = _QUIET[bad]
    if all(value < np.median(q) for value, (q, _, _) in zip(got, _QUIET, strict=True)):
        return wrong("wrong_tail")
    alarms = alarms_a_month(quiet, got[bad], days)
    if alarms > budget + 1e-12:
        return wrong("over_budget", got=got[bad], alarms=alarms, budget=budget)
    return wrong("too_high", got=got[bad], lower=least_threshold(quiet, days, budget))


# Exercise 3: what to do about an alarm ----------------------------------------------------

lab.match(
    "an alarm is a question",
    right={
        "a": "mend the pipeline",
        "b": "watch",
        "c": "change the monitor",
        "d": "retrain",
    },
    mistakes={
        "fault": (
            "In a, payments of one kind of terminal changed overnight by a factor of a thousand. "
            "That is no change of behaviour. '{got}' would leave the fault in the data, or learn it.",
            "a",
        ),
        "harmless": (
            "In b the labels say that the model held at the same festival last year. '{got}' "
            "spends work on a model that has no fault.",
            "b",
        ),
        "always": (
            "In c the column has been firing since the first week and the labels show nothing. "
            "'{got}' does not stop the next alarm.",
            "c",
        ),
        "silent": (
            "In d the labels show that a new kind of fraud is missed. No input check will ever say "
            "so; '{got}' leaves it that way.",
            "d",
        ),
    },
    hints=(
        "For each case: has the world changed, or only the record of it? And what do the labels say?",
        "Retraining helps where the relation of inputs and fraud changed. Where the record is wrong, it "
        "teaches the model the fault.",
        "In one case the alarm itself is the fault; in one there is no alarm and still work to do.",
    ),
    praise="Four alarms, or none, and four different answers. The distance was never the decision.",
)
