import math

import numpy as np
import pytest

from labs_lib.labs.train.tune import exercises as tune
from labs_lib.labs.train.tune.exercises import lab
from tests.labs.contract import assert_exercise

# Mutants that no input tells apart, or that are right answers themselves; see mutation.py.
EQUIVALENT = {
    "ex3: if not 0.2 <= (x - low) / (high - low) <= 0.8: → if not 0.2 < (x - low) / (high - low) <= 0.8:": "a place of exactly a fifth is a matter of rounding",
    "ex3: if not 0.2 <= (x - low) / (high - low) <= 0.8: → if not 0.2 <= (x - low) / (high - low) < 0.8:": "a place of exactly four fifths is a matter of rounding",
}


def stub(*answers):
    raise NotImplementedError


def value(u, low, high, scaling):
    if scaling == "Linear":
        return low + u * (high - low)
    if scaling == "Logarithmic":
        return math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    return 1 - value(u, 1 - high, 1 - low, "Logarithmic")


def falling(u, low, high, scaling):
    return value(1 - u, low, high, scaling)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(value,), (falling,)],
        wrong={
            "ignores": (lambda u, low, high, scaling: low + u * (high - low),),
            "outside": (
                lambda u, low, high, scaling: (
                    math.log10(low) + u * math.log10(high / low)
                    if scaling == "Logarithmic"
                    else value(u, low, high, scaling)
                ),
            ),
            "reverse": (
                lambda u, low, high, scaling: value(
                    u, low, high, scaling.removeprefix("Reverse")
                ),
            ),
            "other": (lambda u, low, high, scaling: value(u**2, low, high, scaling),),
        },
        stub=(stub,),
    )


def rule(earlier, current):
    epoch = len(current)
    return current[-1] < np.median([np.mean(curve[:epoch]) for curve in earlier])


def by_sorting(earlier, current):
    averages = sorted(sum(c[: len(current)]) / len(c[: len(current)]) for c in earlier)
    low, high = (averages[(len(averages) - 1) // 2], averages[len(averages) // 2])
    return (low + high) / 2 > current[-1]


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(rule,), (by_sorting,)],
        wrong={
            "values": (
                lambda e, c: c[-1] < np.median([curve[: len(c)][-1] for curve in e]),
            ),
            "best": (lambda e, c: max(c) < np.median([np.mean(k[: len(c)]) for k in e]),),
            "mean": (lambda e, c: c[-1] < np.mean([np.mean(k[: len(c)]) for k in e]),),
            "equal": (lambda e, c: c[-1] <= np.median([np.mean(k[: len(c)]) for k in e]),),
            "no_cut": (lambda e, c: c[-1] < np.median([np.mean(curve) for curve in e]),),
            "other": (lambda e, c: False,),
        },
        stub=(stub,),
    )


def test_the_ways_to_go_wrong_can_be_told_apart():
    ways = [
        tune._by(np.median, tune._value, tune._last),
        tune._by(np.median, tune._running, max),
        tune._by(np.mean, tune._running, tune._last),
        tune._by(np.median, tune._running, tune._last, strict=False),
    ]
    assert len({tuple(map(bool, way)) for way in ways}) == len(ways)
    assert [rule(e, c) for e, c, _ in tune._CASES] == [a for *_, a in tune._CASES]


def too_narrow(jobs, ranges):
    best = jobs.nlargest(5, "value")
    names = []
    for name, (low, high, scaling) in ranges.items():
        x = best[name].median()
        log = scaling == "Logarithmic"
        place = (
            math.log(x / low) / math.log(high / low) if log else (x - low) / (high - low)
        )
        if place < 0.2 or place > 0.8:
            names.append(name)
    return names


def by_the_mean_place(jobs, ranges):
    best = jobs.sort_values("value").tail(5)
    found = set()
    for name, (low, high, scaling) in ranges.items():
        change = np.log if scaling == "Logarithmic" else np.asarray
        place = (change(best[name]) - change(low)) / (change(high) - change(low))
        if not 0.2 <= place.mean() <= 0.8:
            found.add(name)
    return found


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(too_narrow,), (by_the_mean_place,)],
        wrong={
            "linear": (
                lambda jobs, ranges: too_narrow(
                    jobs, {n: (a, b, "Linear") for n, (a, b, _) in ranges.items()}
                ),
            ),
            "worst": (
                lambda jobs, ranges: too_narrow(jobs.assign(value=-jobs["value"]), ranges),
            ),
            "one_end": (
                lambda jobs, ranges: [
                    name
                    for name in too_narrow(jobs, ranges)
                    if jobs.nlargest(5, "value")[name].median()
                    < math.sqrt(ranges[name][0] * ranges[name][1])
                ],
            ),
            "few": (lambda jobs, ranges: too_narrow(jobs.nlargest(1, "value"), ranges),),
            "other": (lambda jobs, ranges: list(ranges),),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize("few", [1, 2, 3])
def test_ex3_refuses_too_few_of_the_best(few):
    outcome = lab.ex3.check(lambda jobs, r: too_narrow(jobs.nlargest(few, "value"), r))
    assert outcome.misconception == "few"


@pytest.mark.parametrize("kind", [list, tuple, set, dict.fromkeys])
def test_ex3_takes_any_container(kind):
    outcome = lab.ex3.check(lambda jobs, ranges: kind(too_narrow(jobs, ranges)))
    assert outcome.status == "passed"
