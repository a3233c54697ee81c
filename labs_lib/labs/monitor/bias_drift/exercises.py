"""Exercises of the lab monitor/bias_drift."""

from labs_lib.course.lab import Lab

lab = Lab("monitor/bias_drift")

lab.predict("quiet", options=("few", "half", "most"))


# Exercise 1: one function for both rules --------------------------------------------------


def _fires(baseline: float, low: float, high: float) -> bool:
    return low > abs(baseline) or high < -abs(baseline)


lab.function(
    "one function for both rules",
    cases=(
        (0.2, 0.1, 0.1),
        (0.2, -0.3, -0.3),  # the guide's example
        (0.2, 0.3, 0.3),
        (0.2, 0.2, 0.2),  # the range is closed
        (0.2, -0.2, -0.2),
        (-0.1, 0.05, 0.05),  # a baseline below zero has a range as well
        (-0.1, -0.05, -0.05),
        (-0.1, -0.15, -0.15),
        (0.2, 0.15, 0.4),  # sticks out, but touches the range
        (0.2, -0.4, -0.1),
        (0.2, 0.2, 0.4),
        (0.2, -0.4, -0.2),
        (0.2, 0.21, 0.4),
        (0.2, -0.4, -0.21),
        (0.2, -0.4, 0.4),  # wider than the range on both sides
        (-0.1, -0.3, -0.12),
        (-0.1, 0.12, 0.3),
        (
            -0.1,
            -0.15,
            -0.05,
        ),  # the baseline's value is inside, and so is a part of the range
        (0.0, -0.1, 0.1),
        (0.0, 0.01, 0.1),
    ),
    right=_fires,
    mistakes={
        "one_side": (
            "You only look at one side. A gap of -0.3 where 0.2 was accepted is a gap too, against "
            "the other group.",
            lambda baseline, low, high: low > abs(baseline),
            lambda baseline, low, high: high < -abs(baseline),
            lambda baseline, low, high: low > baseline,
        ),
        "sticks_out": (
            "You fire if a part of the interval lies outside. The rule asks that all of it does: then "
            "no value that the data allow is in the range.",
            lambda baseline, low, high: high > abs(baseline) or low < -abs(baseline),
        ),
        "across": (
            "Both ends lie outside, but one on each side: the interval goes across the whole range, "
            "so the two have values in common.",
            lambda baseline, low, high: min(abs(low), abs(high)) > abs(baseline),
        ),
        "sign": (
            "With a baseline of -0.1 your range is turned round. It goes from minus to plus the "
            "size of the baseline.",
            lambda baseline, low, high: low > baseline or high < -baseline,
        ),
        "moved": (
            "You ask whether the baseline's value lies in the interval. A metric that moved towards "
            "zero is allowed.",
            lambda baseline, low, high: not low <= baseline <= high,
        ),
        "border": (
            "At the end of the range a value is still allowed.",
            lambda baseline, low, high: low >= abs(baseline) or high <= -abs(baseline),
        ),
    },
    hints=(
        "For a baseline of -0.1 the allowed range goes from -0.1 to 0.1. What are its ends for any "
        "baseline?",
        "The interval lies above the range if even its low end does. And below?",
        "`low > abs(baseline) or high < -abs(baseline)`",
    ),
    praise="Moving towards zero never fires. And the baseline counts as exactly known: keep that in mind.",
)


# Exercise 2: the mix of the first day -----------------------------------------------------


def _shares(values: list[str]) -> dict[str, float]:
    return {value: values.count(value) / len(values) for value in values}


def _weights(before: list[str], now: list[str]) -> list[float]:
    then, today = _shares(before), _shares(now)
    return [then.get(value, 0.0) / today[value] for value in now]


_CASES = (
    (["low"] * 6 + ["high"] * 2, ["high", "low", "high", "high"]),
    (["a", "b", "c", "a", "b"], ["c", "b", "a", "a", "a", "b", "c", "a"]),
    (["a", "a", "b"], ["a", "b", "c", "c", "b"]),  # who did not come before counts 0
    (["b", "a"], ["a", "b", "a", "b"]),
)


def _counts(before: list[str], now: list[str]) -> list[float]:
    return [before.count(value) / now.count(value) for value in now]


lab.function(
    "the mix of the first day",
    cases=_CASES,
    right=_weights,
    mistakes={
        "upside_down": (
            "Upside down: who came too often gets more weight still.",
            lambda before, now: [
                1 / weight if weight else 0.0 for weight in _weights(before, now)
            ],
        ),
        "counts": (
            "You divide counts. The two days differ in size, so divide shares: then the weights "
            "say how many people of the window a person stands for.",
            _counts,
            lambda before, now: [1 / w if w else 0.0 for w in _counts(before, now)],
        ),
        "only_before": (
            "You give a person the share of her kind on the first day. But a kind that comes often now "
            "has many rows: divide by its share today.",
            lambda before, now: [_shares(before).get(value, 0.0) for value in now],
        ),
        "new": (
            "Somebody of a kind that did not come before gets 0: she stands for nobody of the first day.",
            lambda before, now: [
                weight if value in before else float("nan")
                for value, weight in zip(now, _weights(before, now), strict=True)
            ],
            lambda before, now: [
                weight if value in before else 1.0
                for value, weight in zip(now, _weights(before, now), strict=True)
            ],
        ),
        "scale": (
            "The shares come out right, but your weights add up to 1. A person who stands for "
            "herself alone has the weight 1.",
            lambda before, now: [weight / len(now) for weight in _weights(before, now)],
        ),
        "only_now": (
            "You make all kinds count the same. They should count as on the first day.",
            lambda before, now: [1 / _shares(now)[value] for value in now],
            lambda before, now: [
                1 / _shares(now)[value] / len(set(now)) for value in now
            ],
        ),
    },
    hints=(
        "Graduates were a quarter on the first day, and are three quarters now. By which factor does each "
        "of them count too much?",
        "A person's weight is the share of her kind before, divided by its share now.",
        "`pd.Series(before).value_counts(normalize=True)` gives the shares; for `now` as well. Map `now` "
        "to both, and put 0 where a kind is new.",
    ),
    praise="With these weights the same people can be compared with the first day, as far as the kind "
    "says who they are.",
)
