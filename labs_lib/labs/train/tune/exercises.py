"""Exercises of the lab train/tune."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from labs_lib.course import answers
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


def _number(answer: Any) -> float:
    return float(answers.number(answer))


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
        "outside": "On the scale {scaling} you return {got:.3g}, outside of {low:g} to {high:g}.",
        "no_exp": "On the scale {scaling} you return {got:.3g}, outside of {low:g} to {high:g}. A "
        "logarithm has to be turned back into a value.",
        "reverse": "On the scale ReverseLogarithmic most of your values lie near the low end. It is "
        "made for values such as 0.9, 0.99, 0.999: the room is near 1.",
        "other": "On the scale {scaling} from {low:g} to {high:g}, u = {u:g} should give "
        "{expected}; yours gave {got}.",
    },
    praise="An even spread on the wrong scale wastes jobs: they all try the same order of magnitude.",
)
def ex1(value: Callable) -> Wrong | None:
    """Any function with the right spread passes, rising or falling."""
    got = {
        scaling: np.array([_number(value(float(u), low, high, scaling)) for u in _U])
        for scaling, (low, high) in _RANGES.items()
    }
    same = [_number(value(0.3, 0.1, 0.9, scaling)) for scaling in _RANGES]
    if np.allclose(same, same[0]):
        return wrong("ignores")
    for scaling, (low, high) in _RANGES.items():
        values, room = got[scaling], 1e-9 * high
        expected = _scaled(_U, low, high, scaling)
        if np.allclose(values, expected) or np.allclose(values, expected[::-1]):
            continue
        bad = values[(values < low - room) | (values > high + room)]
        if len(bad):
            name = "no_exp" if scaling == "Logarithmic" and bad[0] < 0 else "outside"
            return wrong(name, scaling=scaling, got=bad[0], low=low, high=high)
        if scaling == "ReverseLogarithmic" and np.median(values) < (low + high) / 2:
            return wrong("reverse")
        if values[0] > values[-1]:
            expected = expected[::-1]
        place = int(np.argmax(~np.isclose(values, expected)))
        wanted, yours = answers.told_apart(float(expected[place]), float(values[place]))
        return wrong(
            "other",
            scaling=scaling,
            low=low,
            high=high,
            u=_U[place],
            got=yours,
            expected=wanted,
        )
    return None


# Exercise 2: the median rule -----------------------------------------------------------------

Curves = Sequence[Sequence[float]]


def _averages(earlier: Curves, epochs: int) -> list[float]:
    """Return the running average of each earlier job."""
    return [float(np.mean(curve[:epochs])) for curve in earlier]


def _values(earlier: Curves, epochs: int) -> list[float]:
    return [curve[:epochs][-1] for curve in earlier]


def _stops(earlier: Curves, current: Sequence[float]) -> bool:
    return bool(current[-1] < np.median(_averages(earlier, len(current))))


_RISING = [[0.1, 0.3, 0.5], [0.2, 0.2, 0.2], [0.0, 0.4, 0.6]]
_LEVELS = [[0.1], [0.3], [0.4], [0.9]]

lab.function(
    "the median rule",
    cases=(
        (_RISING, [0.1, 0.2, 0.35]),  # beats 0.3, though not the 0.5 of the values
        (_RISING, [0.1, 0.2, 0.25]),
        (_RISING, [0.1, 0.4, 0.2]),  # its best value does not help it
        ([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]], [0.5]),  # equal is not worse
        ([[0.0, 0.0], [0.4, 0.4], [0.5, 0.5]], [0.35, 0.35]),  # the mean is lower
        ([[0.9], [0.6, 0.6], [0.1, 0.1]], [0.5, 0.55]),  # a stopped job counts
        # Later epochs of the earlier jobs do not count.
        ([[0.1, 0.3, 0.9], [0.2, 0.2, 0.8], [0.0, 0.2, 0.9]], [0.1, 0.3]),
        ([[0.6, 0.4, 0.0], [0.5, 0.5, 0.0], [0.4, 0.4, 0.1]], [0.6, 0.45]),
        # The mean of the middle job is 0.4, its median 0.1.
        ([[0.1, 0.1, 1.0], [0.0, 0.0, 0.0], [0.9, 0.9, 0.9]], [0.2, 0.2, 0.3]),
        (_LEVELS, [0.36]),  # of four jobs the middle lies between two: 0.35
        (_LEVELS, [0.34]),
        ([[0.2, 0.4]], [0.0, 0.35]),  # its own average does not count
        ([[0.1, 0.5]], [0.45, 0.45]),
        ([[0.2, 0.2, 0.8]], [0.3]),  # whole curves: 0.4; one epoch too many: 0.2
        ([[-0.5, -0.3]], [-0.6, -0.45]),
        ([[-0.5, -0.3]], [-0.2, -0.35]),
    ),
    right=_stops,
    mistakes={
        "no_cut": (
            "You take the mean of whole curves. The running job is compared with what the others "
            "had reached at the same epoch: cut each curve there.",
            lambda earlier, current: (
                current[-1] < np.median([np.mean(curve) for curve in earlier])
            ),
        ),
        "values": (
            "You compare with the earlier jobs' values at this epoch. The service takes their "
            "running averages, which is milder while curves rise.",
            lambda earlier, current: (
                current[-1] < np.median(_values(earlier, len(current)))
            ),
            lambda earlier, current: (
                max(current) < np.median(_values(earlier, len(current)))
            ),
        ),
        "best": (
            "You let the best value of the running job count. The service looks at its latest "
            "value.",
            lambda earlier, current: (
                max(current) < np.median(_averages(earlier, len(current)))
            ),
        ),
        "own_average": (
            "You take the running average of the running job too. The rule takes its latest value.",
            lambda earlier, current: (
                np.mean(current) < np.median(_averages(earlier, len(current)))
            ),
        ),
        "mean": (
            "You take the mean of the running averages. One very bad job would pull it down; the "
            "rule takes the median.",
            lambda earlier, current: (
                current[-1] < np.mean(_averages(earlier, len(current)))
            ),
        ),
        "left_out": (
            "You leave out the jobs that ended before this epoch. They count with the values they "
            "have.",
            lambda earlier, current: _stops(
                [c for c in earlier if len(c) >= len(current)], current
            ),
        ),
        "equal": (
            "A job that is exactly at the median stops with your rule. Only a worse one does.",
            lambda earlier, current: (
                current[-1] <= np.median(_averages(earlier, len(current)))
            ),
        ),
        "goes_on": (
            "Your function says whether the job goes on. It should be true for a job that has to "
            "stop.",
            lambda earlier, current: not _stops(earlier, current),
        ),
    },
    hints=(
        "Two things are compared: one value of the running job, and one number made of all the "
        "earlier jobs. Which?",
        "For each earlier job take the mean of its values up to this epoch; a job that ended before "
        "counts with the values that it has.",
        "`current[-1] < np.median([np.mean(c[:len(current)]) for c in earlier])`",
    ),
    praise="While curves rise, the rule is mild: an average lags behind the latest value.",
)
