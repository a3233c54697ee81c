"""Exercises of the lab monitor/model_drift."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from labs_lib.course import answers
from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("monitor/model_drift")

lab.predict("doubt", options=("few", "half", "most"))


# Exercise 1: when may you judge a week? ---------------------------------------------------

_RNG = np.random.default_rng(0)


def _labels(n: int, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw payments and the mornings on which their labels are known."""
    paid = np.sort(_RNG.integers(0, days, n))
    late = _RNG.random(n) < 0.2
    return paid, paid + 8 + np.where(late, _RNG.integers(1, 24, n), 0)


_CASES = [
    (*_labels(4_000, 60), 14, 21, 0.5),
    (*_labels(4_000, 60), 20, 27, 0.8),
    (*_labels(4_000, 60), 7, 37, 0.95),
    (np.array([3, 3, 4, 5, 9]), np.array([12, 20, 12, 15, 40]), 3, 6, 1.0),
    # 1.2 of four labels: one is not enough.
    (np.array([0, 0, 1, 1]), np.array([8, 9, 10, 11]), 0, 2, 0.3),
    # Exactly two of four: the second is enough.
    (np.array([0, 0, 1, 1]), np.array([14, 8, 12, 10]), 0, 2, 0.5),
]


def honest_day(
    paid: np.ndarray, known: np.ndarray, first: int, last: int, share: float
) -> int:
    """Return the first morning on which the share of a window's labels is known."""
    window = (paid >= first) & (paid < last)
    arrived = np.sort(known[window])
    return int(arrived[math.ceil(share * len(arrived) - 1e-9) - 1])


@lab.exercise(
    "when may you judge a week?",
    hints=(
        "Only the payments with `first <= paid < last` count. On which mornings do their labels come?",
        "Sort those mornings. On which of them has the given share arrived?",
        "With n sorted mornings it is the one at place `math.ceil(share * n) - 1`.",
    ),
    misconceptions={
        "usual": "You add the usual delay to the window, and ignore the labels that come later than usual. On "
        "that morning only {share:.0%} are known, and {wanted:.0%} were asked for.",
        "all": "You wait for the last label. For a share of {wanted:.0%} you need not, and the last one may take "
        "a month.",
        "everything": "You look at the labels of all payments. The window is only those from `first` to before "
        "`last`.",
        "end": "Your answer is when the window ends, or earlier. On that morning labels of it are still on "
        "their way.",
        "other": "For a window from day {first} to before day {last} and a share of {wanted:.0%} the morning is {expected}; "
        "yours was {got}.",
    },
    praise="Eight days for most of the labels, weeks for nearly all. Decide which you need before you look at the metric.",
)
def ex1(honest_day_of: Callable[..., float]) -> Wrong | None:
    """Any function passes that gives the right morning for each window."""
    got = [honest_day_of(*case) for case in _CASES]
    expected = [honest_day(*case) for case in _CASES]
    if np.allclose(got, expected, rtol=0, atol=1e-9):
        return None

    def like(other: Callable) -> bool:
        return bool(
            np.allclose(got, [other(*case) for case in _CASES], rtol=0, atol=0.51)
        )

    def window(paid, known, first, last, share):
        return known[(paid >= first) & (paid < last)]

    bad = next(i for i in range(len(got)) if abs(got[i] - expected[i]) > 1e-9)
    first, last, share = _CASES[bad][2:]
    said = {"first": first, "last": last, "wanted": share}
    if like(lambda *case: window(*case).max()):
        return wrong("all", **said)
    if all(value <= case[3] for value, case in zip(got, _CASES, strict=True)):
        return wrong("end")
    for usual in (7, 8):
        if like(lambda *case, u=usual: case[3] + u) or like(
            lambda *case, u=usual: case[3] - 1 + u
        ):
            arrived = (window(*_CASES[2]) <= got[2]).mean()
            return wrong("usual", share=arrived, wanted=_CASES[2][4])
    whole = lambda paid, known, first, last, share: np.sort(known)[  # noqa: E731
        math.ceil(share * len(known) - 1e-9) - 1
    ]
    if like(whole):
        return wrong("everything")
    return wrong("other", expected=expected[bad], got=f"{got[bad]:g}", **said)


# Exercise 2: the first alarm --------------------------------------------------------------

_SERIES = [
    (np.array([0.5, -2.0, 1.5, 1.0, 0.8, -0.2, 2.0]), 3.0),
    (np.array([-1.0] * 30 + [0.4] * 30), 5.0),
    (np.array([2.0, -1.0, 2.0, -1.0, 2.0, -1.0, 2.0]), 3.5),
    (np.array([-0.5, 0.2, -0.5, 0.3] * 10), 2.0),
    (np.array([1.0, 1.0, 1.0, 1.0]), 3.0),
    (np.array([-1.0, 4.0, 0.5]), 3.0),
]


def first_alarm(surplus: np.ndarray, limit: float, *, floor: float = 0.0) -> int | None:
    """Return the first place at which the running sum is above the limit."""
    now = 0.0
    for t, step in enumerate(surplus):
        now = max(floor, now + step)
        if now > limit:
            return t
    return None


def _place(found: object) -> float | None:
    """Return the place as a number, None for a missing one."""
    found = answers.scalar(found)
    if found is None or found is pd.NA or found != found:
        return None
    return found if isinstance(found, bool) else answers.number(found)


@lab.exercise(
    "the first alarm",
    hints=(
        "Go through the days and keep one number: the sum so far. After each day: is it below zero? Is "
        "it above the limit?",
        "`now = max(0, now + step)`. The floor at zero makes it forget good days; without it a good "
        "spring hides a bad summer.",
        "Return the place of the day as soon as `now > limit`, and `None` after the loop.",
    ),
    misconceptions={
        "no_floor": "Your sum goes below zero and has to climb back first. A quiet month would then pay for "
        "a bad one: start again from zero whenever it falls below.",
        "no_memory": "You compare single days with the limit. The sum is to remember: no day of the second series is "
        "above its limit, and still something lasting happened there.",
        "reaches": "An alarm is when the sum is *above* the limit. Yours comes when it reaches it.",
        "none": "In one series the sum never gets above the limit. Return `None` there; yours gave {got}.",
        "count": "Your place is one too high: days count from zero here.",
        "other": "For {series} with a limit of {limit} the answer is {expected}; yours was {got}.",
    },
    praise="Ten lines, seventy years old, and it needs no window.",
)
def ex2(alarm: Callable) -> Wrong | None:
    """Any function passes that finds the first day above the limit."""
    got = [_place(alarm(series.copy(), limit)) for series, limit in _SERIES]
    expected = [first_alarm(series, limit) for series, limit in _SERIES]

    def same(a, b) -> bool:
        if a is None or b is None or isinstance(a, bool):
            return a is b
        return a == b

    right = [same(a, b) for a, b in zip(got, expected, strict=True)]
    if all(right):
        return None

    def like(other: Callable) -> bool:
        wanted = [other(series, limit) for series, limit in _SERIES]
        return all(same(a, b) for a, b in zip(got, wanted, strict=True))

    def single(series, limit):
        above = np.flatnonzero(series > limit)
        return int(above[0]) if len(above) else None

    if like(lambda s, limit: first_alarm(s, limit, floor=-math.inf)):
        return wrong("no_floor")
    if like(single):
        return wrong("no_memory")
    if like(lambda s, limit: first_alarm(s, limit - 1e-9)):
        return wrong("reaches")
    later = [None if e is None else e + 1 for e in expected]
    if all(same(a, b) for a, b in zip(got, later, strict=True)):
        return wrong("count")
    bad = right.index(False)
    if expected[bad] is None:
        return wrong("none", got=got[bad])
    series, limit = _SERIES[bad]
    return wrong(
        "other",
        series=np.round(series[:7], 2).tolist(),
        limit=limit,
        expected=expected[bad],
        got=got[bad],
    )


# Exercise 3: from which size does retraining pay? -----------------------------------------

_OFFERS = [
    (40.0, 90.0, 2.0, 4_000.0),
    (5.0, 25.0, 1.0, 2_000.0),
    (-10.0, 60.0, 1.0, 4_000.0),
    (0.0, 30.0, 3.0, 1_000.0),
    (0.5, 30.0, 3.0, 1_000.0),
    (7.0, 30.0, 1.0, 2_000.0),
]


def break_even(low: float, high: float, retrainings: float, price: float) -> float:
    """Return the payments from which even the low end of what is saved pays."""
    return math.inf if low <= 0 else 1_000 * retrainings * price / low


@lab.exercise(
    "from which size does retraining pay?",
    hints=(
        "The bill of a period is `retrainings * price`. What is saved in it grows with the payments: so "
        "much for every 1,000.",
        "To be on the safe side, count on the low end of the interval only. And if that is not above "
        "zero?",
        "`math.inf` if `low <= 0`, else `1_000 * retrainings * price / low`.",
    ),
    misconceptions={
        "middle": "You count on the middle of the interval. In half of all such cases the savings are "
        "smaller, and the money for the retraining is spent anyway.",
        "hope": "You count on the high end. That is the best that the data leave open.",
        "negative": "Where the interval reaches zero or below, no size is safe. Return `math.inf`; yours "
        "gave {got}.",
        "thousand": "The savings are for every 1,000 payments. Yours is off by that factor.",
        "once": "You pay for one retraining. The policy retrains {retrainings:g} times in the period.",
        "other": "For savings of {low} to {high} on 1,000 payments and {retrainings:g} retrainings at {price:,.0f} "
        "the answer is {expected:,.0f}; yours was {got}.",
    },
    praise="A saving on 1,000 payments is a matter of statistics; whether it pays is a matter of size.",
)
def ex3(answer: Callable[..., float]) -> Wrong | None:
    """Any function passes that counts on the low end."""
    got = [answer(*offer) for offer in _OFFERS]
    expected = [break_even(*offer) for offer in _OFFERS]

    def same(a: float, b: float) -> bool:
        if math.isinf(b):
            return math.isinf(a) and a > 0
        # A whole number of payments may be rounded, up to the next one.
        return b - 0.51 <= a <= b + 1.01

    def like(other: Callable, places: tuple[int, ...] = (0, 1)) -> bool:
        return all(same(got[i], other(*_OFFERS[i])) for i in places)

    right = [same(a, b) for a, b in zip(got, expected, strict=True)]
    if all(right):
        return None
    if like(lambda low, high, r, price: 2_000 * r * price / (low + high)):
        return wrong("middle")
    if like(lambda low, high, r, price: 1_000 * r * price / high):
        return wrong("hope")
    bad = right.index(False)
    if math.isinf(expected[bad]):
        return wrong("negative", got=f"{got[bad]:,.0f}")
    if like(lambda low, high, r, price: r * price / low):
        return wrong("thousand")
    if like(lambda low, high, r, price: 1_000 * price / low):
        return wrong("once", retrainings=_OFFERS[0][2])
    low, high, retrainings, price = _OFFERS[bad]
    return wrong(
        "other",
        low=low,
        high=high,
        retrainings=retrainings,
        price=price,
        expected=expected[bad],
        got=f"{got[bad]:,.0f}",
    )
