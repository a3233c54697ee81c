"""Exercises of the lab train/tune."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/tune")

lab.predict("bayesian", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: one number, three scales ------------------------------------------------------

_U = np.linspace(0, 1, 21)
_RANGES = {
    "Linear": (0.2, 0.7),
    "Logarithmic": (0.001, 10.0),
    "ReverseLogarithmic": (0.5, 0.999),
}


def _scaled(u: np.ndarray, low: float, high: float, scaling: str) -> np.ndarray:
    if scaling == "Linear":
        return low + u * (high - low)
    if scaling == "Logarithmic":
        return low * (high / low) ** u
    return 1 - (1 - low) * ((1 - high) / (1 - low)) ** u


@lab.exercise(
    "one number, three scales",
    hints=(
        "On a logarithmic scale each factor gets the same room: from 0.001 to 0.01 as much as from 1 "
        "to 10. So the logarithm of the value is spread evenly.",
        "Logarithmic: spread `log(low)` to `log(high)` evenly, then take `exp`.",
        "ReverseLogarithmic is a logarithmic scale of `1 - x`, whose range runs from `1 - high` to "
        "`1 - low`.",
    ),
    misconceptions={
        "ignores": "Your values are the same on every scale. The scale decides where most of the "
        "draws fall.",
        "outside": "On the scale {scaling} you return {got:.3g}, outside of {low:g} to {high:g}. A "
        "logarithm has to be turned back into a value.",
        "reverse": "On the scale ReverseLogarithmic most of your values lie near the low end. It is "
        "made for values such as 0.9, 0.99, 0.999: the room is near 1.",
        "other": "On the scale {scaling} from {low:g} to {high:g}, a half should give "
        "{expected:.4f}; yours gave {got:.4f}.",
    },
    praise="An even spread on the wrong scale wastes jobs: they all try the same order of magnitude.",
)
def ex1(value: Callable) -> Wrong | None:
    """Any function with the right spread passes, rising or falling."""
    got = {
        scaling: np.array([float(value(float(u), low, high, scaling)) for u in _U])
        for scaling, (low, high) in _RANGES.items()
    }
    same = [float(value(0.3, 0.1, 0.9, scaling)) for scaling in _RANGES]
    if np.allclose(same, same[0]):
        return wrong("ignores")
    for scaling, (low, high) in _RANGES.items():
        values, room = got[scaling], 1e-9 * high
        expected = _scaled(_U, low, high, scaling)
        if np.allclose(values, expected) or np.allclose(values, expected[::-1]):
            continue
        bad = values[(values < low - room) | (values > high + room)]
        if len(bad):
            return wrong("outside", scaling=scaling, got=bad[0], low=low, high=high)
        if scaling == "ReverseLogarithmic" and np.median(values) < (low + high) / 2:
            return wrong("reverse")
        return wrong(
            "other",
            scaling=scaling,
            low=low,
            high=high,
            got=values[10],
            expected=expected[10],
        )
    return None


# Exercise 2: the median rule -----------------------------------------------------------------

_RISING = [[0.1, 0.3, 0.5], [0.2, 0.2, 0.2], [0.0, 0.4, 0.6]]
_CASES = [
    # earlier jobs, values of the running job so far, whether it stops
    (
        _RISING,
        [0.1, 0.2, 0.35],
        False,
    ),  # the value beats 0.3, though not the 0.5 of the others
    (_RISING, [0.1, 0.2, 0.25], True),
    (_RISING, [0.1, 0.4, 0.2], True),  # its best value does not help it
    ([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]], [0.5], False),  # equal is not worse
    (
        [[0.0, 0.0], [0.4, 0.4], [0.5, 0.5]],
        [0.35, 0.35],
        True,
    ),  # a mean would let it go on
    ([[0.9], [0.6, 0.6], [0.1, 0.1]], [0.5, 0.55], True),  # a stopped job still counts
    # Later epochs of the earlier jobs do not count: of the first two, the middle is 0.2.
    ([[0.1, 0.3, 0.9], [0.2, 0.2, 0.8], [0.0, 0.2, 0.9]], [0.1, 0.3], False),
    ([[0.6, 0.4, 0.0], [0.5, 0.5, 0.0], [0.4, 0.4, 0.1]], [0.6, 0.45], True),
    # The mean of the middle job is 0.4, its median 0.1.
    ([[0.1, 0.1, 1.0], [0.0, 0.0, 0.0], [0.9, 0.9, 0.9]], [0.2, 0.2, 0.3], True),
    # Of four jobs the middle lies between two of them: 0.35.
    ([[0.1], [0.3], [0.4], [0.9]], [0.36], False),
    ([[0.1], [0.3], [0.4], [0.9]], [0.34], True),
]


def _by(
    center: Callable, point: Callable, mine: Callable, *, strict: bool = True
) -> list[bool]:
    """Return what a rule says in each case."""
    found = []
    for earlier, current, _ in _CASES:
        middle = center([point(curve, len(current)) for curve in earlier])
        found.append(mine(current) < middle if strict else mine(current) <= middle)
    return found


def _running(curve: list[float], epoch: int) -> float:
    return float(np.mean(curve[:epoch]))


def _value(curve: list[float], epoch: int) -> float:
    return curve[:epoch][-1]


def _last(current: list[float]) -> float:
    return current[-1]


@lab.exercise(
    "the median rule",
    hints=(
        "Two things are compared: one value of the running job, and one number made of all the "
        "earlier jobs. Which?",
        "For each earlier job take the mean of its values up to this epoch; a job that ended before "
        "counts with the values that it has.",
        "`current[-1] < np.median([np.mean(c[:len(current)]) for c in earlier])`",
    ),
    misconceptions={
        "values": "You compare with the earlier jobs' values at this epoch. The service takes their "
        "running averages, which is milder while curves rise.",
        "best": "You let the best value of the running job count, as Optuna's pruner does. The "
        "service looks at its latest value.",
        "mean": "You take the mean of the running averages. One very bad job would pull it down; the "
        "rule takes the median.",
        "no_cut": "You take the mean of whole curves. The running job is compared with what the others "
        "had reached at the same epoch.",
        "equal": "A job that is exactly at the median stops with your rule. Only a worse one does.",
        "other": "With the earlier jobs {earlier} and a running job at {current}, the answer is "
        "{expected}.",
    },
    praise="Milder than Optuna's pruner on rising curves, stricter on a job that was once good.",
)
def ex2(stops: Callable) -> Wrong | None:
    """Any rule with the right answers passes."""
    got = [
        bool(stops([list(c) for c in earlier], list(now))) for earlier, now, _ in _CASES
    ]
    expected = [answer for *_, answer in _CASES]
    if got == expected:
        return None
    if got in (_by(np.median, _value, _last), _by(np.median, _value, max)):
        return wrong("values")
    if got == _by(np.median, _running, max):
        return wrong("best")
    if got == _by(np.median, lambda curve, epoch: float(np.mean(curve)), _last):
        return wrong("no_cut")
    if got == _by(np.mean, _running, _last):
        return wrong("mean")
    if got == _by(np.median, _running, _last, strict=False):
        return wrong("equal")
    bad = next(
        i
        for i, pair in enumerate(zip(got, expected, strict=True))
        if pair[0] != pair[1]
    )
    earlier, current, answer = _CASES[bad]
    return wrong("other", earlier=earlier, current=current, expected=answer)


# Exercise 3: which range is too narrow? ------------------------------------------------------

_BOUNDS = {
    "eta": (0.01, 1.0, "Logarithmic"),
    "depth": (2.0, 10.0, "Linear"),
    "lambda": (1.0, 100.0, "Logarithmic"),
    "subsample": (0.5, 1.0, "Linear"),
}


def _jobs(places: dict[str, float | tuple], seed: int) -> pd.DataFrame:
    """Return 30 jobs whose five best lie at these places, or around one, 0 to 1 on each scale."""
    rng = np.random.default_rng(seed)
    u = {name: rng.random(30) for name in _BOUNDS}
    for name, place in places.items():
        about = np.zeros(5) if isinstance(place, tuple) else rng.uniform(-0.05, 0.05, 5)
        u[name][:5] = np.clip(place + about, 0, 1)
    value = np.append(
        np.sort(rng.uniform(0.8, 0.9, 5))[::-1], rng.uniform(0.1, 0.7, 25)
    )
    columns = {
        name: _scaled(u[name], low, high, scaling)
        for name, (low, high, scaling) in _BOUNDS.items()
    }
    return pd.DataFrame(columns | {"value": value}).sample(frac=1, random_state=seed)


_SEARCHES = [
    (
        {"eta": 0.06, "depth": 0.5, "lambda": 0.5, "subsample": 0.94},
        {"eta", "subsample"},
    ),
    (
        {"eta": 0.5, "depth": 0.07, "lambda": 0.93, "subsample": 0.4},
        {"depth", "lambda"},
    ),
    ({"eta": 0.35, "depth": 0.6, "lambda": 0.4, "subsample": 0.6}, set()),
    # The best job, or the best three, lie where the five do not.
    (
        {
            "eta": (0.04, 0.50, 0.45, 0.55, 0.60),
            "depth": (0.95, 0.90, 0.50, 0.55, 0.45),
            "lambda": (0.50, 0.10, 0.12, 0.08, 0.10),
            "subsample": 0.5,
        },
        {"lambda"},
    ),
    # The fifth job decides, and the sixth is too many.
    (
        {
            "eta": (0.30, 0.10, 0.30, 0.19, 0.10),
            "depth": (0.70, 0.90, 0.70, 0.81, 0.90),
            "lambda": 0.5,
            "subsample": 0.5,
        },
        {"eta", "depth"},
    ),
    # Just inside and just outside of a fifth from each end.
    (
        {
            "eta": (0.22,) * 5,
            "depth": (0.18,) * 5,
            "lambda": (0.78,) * 5,
            "subsample": (0.82,) * 5,
        },
        {"depth", "subsample"},
    ),
]


def _edges(
    *, linear: bool = False, worst: bool = False, ends: str = "both", top: int = 5
) -> list[set[str]]:
    """Return the names that a way of looking gives in each search."""
    found = []
    for number, (places, _) in enumerate(_SEARCHES):
        jobs = _jobs(places, number)
        some = jobs.nsmallest(top, "value") if worst else jobs.nlargest(top, "value")
        names = set()
        for name, (low, high, scaling) in _BOUNDS.items():
            log = scaling == "Logarithmic" and not linear
            a, b, x = (
                np.log(v) if log else v for v in (low, high, some[name].median())
            )
            place = (x - a) / (b - a)
            if (place < 0.2 and ends != "high") or (place > 0.8 and ends != "low"):
                names.add(name)
        found.append(names)
    return found


@lab.exercise(
    "which range is too narrow?",
    hints=(
        "Where do the five best jobs lie in their range, as a number from 0 (low end) to 1 (high "
        "end)? Both ends are suspicious.",
        "On a logarithmic scale the place is `log(x / low) / log(high / low)`.",
        "`jobs.nlargest(5, 'value')[name].median()`, turned into a place; too narrow if it is below "
        "a fifth or above four fifths.",
    ),
    misconceptions={
        "linear": "You measure the place on a linear scale. On a logarithmic one, 0.1 is the middle "
        "of 0.01 to 1; on a linear one it looks like the low end.",
        "worst": "You look at the jobs with the lowest objective. It is to be maximized.",
        "few": "You look at fewer than the five best jobs. One or three may lie anywhere by chance.",
        "one_end": "You look at one end of the range only. The optimum may lie beyond either.",
        "other": "In one search the five best jobs lie at the ends of {expected}; you returned "
        "{got}.",
    },
    praise="Look at this table before you trust a search in a narrow box.",
)
def ex3(too_narrow: Callable) -> Wrong | None:
    """Any container of the right names passes."""
    got = [
        set(too_narrow(_jobs(places, number), dict(_BOUNDS)))
        for number, (places, _) in enumerate(_SEARCHES)
    ]
    expected = [names for _, names in _SEARCHES]
    if got == expected:
        return None
    if got == _edges(linear=True):
        return wrong("linear")
    if got in (_edges(worst=True), _edges(worst=True, linear=True)):
        return wrong("worst")
    if got in [_edges(top=few) for few in (1, 2, 3)]:
        return wrong("few")
    if got in (_edges(ends="low"), _edges(ends="high")):
        return wrong("one_end")
    bad = next(i for i in range(len(got)) if got[i] != expected[i])
    return wrong(
        "other",
        expected=", ".join(sorted(expected[bad])) or "no range",
        got=", ".join(sorted(map(str, got[bad]))) or "no range",
    )
