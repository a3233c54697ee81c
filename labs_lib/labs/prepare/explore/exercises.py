"""Exercises of the lab prepare/explore."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab
from labs_lib.prepare.quality import columns

lab = Lab("prepare/explore")

lab.predict("found", options=("higher", "lower", "no difference shown"))


# Exercise 1: four kinds of missing -------------------------------------------------------

_KINDS = ("null", "empty", "blank", "disguised")
_VALUES = pd.Series(
    [
        "fuel",
        None,
        "",
        "  ",
        "?",
        "unknown",
        " N/A ",
        np.nan,
        "-",
        "\t",
        "Unknown",
        "home",
    ],
    dtype=object,
)
_EXPECTED = {"null": 2, "empty": 1, "blank": 2, "disguised": 5}


@lab.exercise(
    "four kinds of missing",
    hints=(
        "Take the nulls out first. What is left is text, and you can compare it with and "
        "without the blanks around it.",
        "`text = values.dropna().astype(str)` and `bare = text.str.strip()`: empty is "
        '`text == ""`; blank is `bare == ""` where the text is not empty.',
        "Disguised: `bare.str.upper().isin(DISGUISED)`.",
    ),
    misconceptions={
        "keys": "Return a dictionary with the keys null, empty, blank and disguised, and a "
        "count each.",
        "null_only": "You see the nulls and nothing else. That is what `isna` does, and why the "
        "other three survive so long.",
        "null_as_text": "A missing value turned into text is the word nan or None, and you count "
        "it as a disguise. Take the nulls out before you turn anything into text.",
        "case": "You miss small letters: unknown and UNKNOWN are the same disguise. Compare in "
        "capital letters.",
        "strip": "You miss the blanks around a disguise, as in ' N/A '. Strip first.",
        "blank_is_empty": "You mix up empty and blank: an empty text has no characters, a "
        "blank one has some, all of them white space. Each value counts once.",
        "other": "Of {kind}, expected {expected} in the test values; you found {got}.",
    },
    praise="Four kinds, four causes: ask where each comes from before you fill any of them.",
)
def ex1(missing_kinds: Callable) -> Wrong | None:
    """Any function with the right counts passes."""
    got = missing_kinds(_VALUES.copy())
    if not isinstance(got, Mapping) or set(got) != set(_KINDS):
        return wrong("keys")
    got = {kind: float(got[kind]) for kind in _KINDS}
    if got == _EXPECTED:
        return None
    if got["null"] == 2 and got["empty"] == got["blank"] == got["disguised"] == 0:
        return wrong("null_only")
    if got["disguised"] in (6, 7) and got["blank"] == 2:
        return wrong("null_as_text")
    if got["disguised"] in (2, 3):
        return wrong("case")
    if got["disguised"] == 4:
        return wrong("strip")
    if (got["empty"], got["blank"]) in ((3, 2), (3, 0), (1, 3)):
        return wrong("blank_is_empty")
    kind = next(kind for kind in _KINDS if got[kind] != _EXPECTED[kind])
    return wrong("other", kind=kind, expected=_EXPECTED[kind], got=f"{got[kind]:g}")


# Exercise 2: bounds that outliers cannot move --------------------------------------------


def _amounts() -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    lognormal = rng.lognormal(3, 1, 4_000)
    planted = np.append(rng.normal(50, 4, 3_900), rng.normal(900, 50, 100))
    return [lognormal, planted, -lognormal]


def _around(center: Callable, deviation: Callable, reach: float = 5) -> Callable:
    return lambda v: (
        center(v) - reach * deviation(v),
        center(v) + reach * deviation(v),
    )


def _clipped(values: np.ndarray) -> float:
    return np.clip(values, *np.percentile(values, [5, 95])).std()


def _trimmed(values: np.ndarray) -> float:
    five, ninety_five = np.percentile(values, [5, 95])
    return values[(values >= five) & (values <= ninety_five)].std()


@lab.exercise(
    "bounds that outliers cannot move",
    hints=(
        "Two things are moved by an outlier: the mean and the standard deviation. What takes "
        "the place of each?",
        "`five, ninety_five = np.percentile(values, [5, 95])`, then the standard deviation of "
        "`np.clip(values, five, ninety_five)`.",
        "Return `median - 5 * deviation, median + 5 * deviation`.",
    ),
    misconceptions={
        "pair": "Return two numbers: the low bound and the high one, in this order.",
        "plain": "You use the standard deviation of all values. The outliers widen it, and hide "
        "themselves inside the bounds that they made.",
        "trimmed": "You dropped the values beyond the percentiles. The rule clips them: they "
        "stay, as the percentile itself, and the deviation is larger.",
        "mean": "Your bounds lie around the mean. One huge amount moves it; the median stays.",
        "three": "You reach three deviations. This rule reaches 5, because money has long tails "
        "that are no faults.",
        "other": "Expected {low:.1f} to {high:.1f} on test values; yours gave {got_low:.1f} to "
        "{got_high:.1f}.",
    },
    praise="Rows outside are worth a look. Whether they are faults, or the frauds you are "
    "looking for, no rule can say.",
)
def ex2(robust_bounds: Callable) -> Wrong | None:
    """Any function with the right bounds passes."""
    cases = _amounts()
    got = [robust_bounds(values.copy()) for values in cases]
    if any(np.shape(pair) != (2,) or pair[0] > pair[1] for pair in got):
        return wrong("pair")
    got = np.array(got, dtype=float)

    def same(rule):
        return np.allclose(got, [rule(values) for values in cases], rtol=2e-3)

    if same(columns.robust_bounds):
        return None
    if same(_around(np.median, np.std)) or same(_around(np.mean, np.std)):
        return wrong("plain")
    if same(_around(np.median, _trimmed)) or same(_around(np.mean, _trimmed)):
        return wrong("trimmed")
    if same(_around(np.mean, _clipped)):
        return wrong("mean")
    if same(_around(np.median, _clipped, 3)):
        return wrong("three")
    low, high = columns.robust_bounds(cases[0])
    return wrong("other", low=low, high=high, got_low=got[0, 0], got_high=got[0, 1])


# Exercise 3: how many frauds would decide? -----------------------------------------------

_PILOTS = [(200, -0.1, 0.5, 0.05), (50, -0.2, 0.6, 0.1), (400, 0.1, 0.3, 0.02)]


@lab.exercise(
    "how many frauds would decide?",
    hints=(
        "The interval reaches from its middle down to `low`. How much shorter must that half be "
        "for its end to lie at `gain`, if the middle stays?",
        "Half of the width is `(high - low) / 2`, the middle `(low + high) / 2`. The half has to "
        "shrink to `middle - gain`.",
        "The width falls with the square root of the number: "
        "`frauds * (half / (middle - gain)) ** 2`.",
    ),
    misconceptions={
        "no_gain": "Your number brings the low end to zero. It has to reach the gain that pays "
        "for the model.",
        "linear": "You let the width fall in proportion to the number. It falls with the square "
        "root: half the width costs four times the frauds.",
        "root": "You took a square root where a square belongs: the width falls with the root, so "
        "the number grows with the square.",
        "full_width": "You took the whole width. Only its lower half has to fit between the "
        "middle and the gain.",
        "inverse": "Your number falls as the interval grows. A wider interval needs more frauds.",
        "other": "With {frauds} frauds, an interval from {low:g} to {high:g} and a gain of "
        "{gain:g}, expected about {expected:.0f}; yours gave {got:.0f}.",
    },
    praise="It is a plan, not a promise: the middle moves too, and with more frauds the model "
    "learns more. And where the middle is not above the gain, no number of frauds is enough: a formula "
    "that squares does not notice.",
)
def ex3(frauds_needed: Callable) -> Wrong | None:
    """Any function within a rounding of the right numbers passes."""
    n, low, high, gain = np.array(_PILOTS, dtype=float).T
    half, middle = (high - low) / 2, (high + low) / 2
    got = np.array([float(frauds_needed(*pilot)) for pilot in _PILOTS])
    factor = half / (middle - gain)

    def same(numbers):
        return np.all(np.abs(got - numbers) <= 1 + 0.01 * numbers)

    if same(n * factor**2):
        return None
    mistakes = {
        "no_gain": n * (half / middle) ** 2,
        "linear": n * factor,
        "root": n * np.sqrt(factor),
        "full_width": n * (2 * factor) ** 2,
        "inverse": n / factor**2,
    }
    for mistake, numbers in mistakes.items():
        if same(numbers):
            return wrong(mistake)
    expected = n * factor**2
    bad = int(np.argmax(np.abs(got - expected) / expected))
    place = dict(zip(("frauds", "low", "high", "gain"), _PILOTS[bad], strict=True))
    return wrong("other", expected=expected[bad], got=got[bad], **place)


# Exercise 4: what is known at that moment? -----------------------------------------------

lab.match(
    "what is known at that moment?",
    right={"airbag", "seatbelt", "frontal", "yearVeh"},
    either={"dvcat", "sex", "ageOFocc", "yearacc", "abcat", "occRole", "deploy"},
    options=("dead", "injSeverity", "weight", "caseid"),
    mistakes={
        "target": (
            "`dead` is the answer itself.",
            "dead",
        ),
        "injury": (
            "`injSeverity` was written by somebody who already knew whether the person "
            "lived; 4 means killed.",
            "injSeverity",
        ),
        "weight": (
            "`weight` is made by the survey, after it had sorted the crashes by how severe "
            "they were. No car knows it.",
            "weight",
        ),
        "case": (
            "`caseid` is given out by the survey months later. It cannot be sent by a car.",
            "caseid",
        ),
        "strict": (
            "You left out what the car knows: airbag, seatbelt, frontal and yearVeh. A model without inputs is safe from "
            "leaks and of no use.",
            lambda names: not {"airbag", "seatbelt", "frontal", "yearVeh"} <= names,
        ),
    },
    hints=(
        "Put yourself into the car, one second after the crash. Who knows this value, and since "
        "when?",
        "Three columns were written days or months later: by a doctor, and by the people who "
        "made the survey.",
        "Leave out `injSeverity`, `weight` and `caseid`. What the car has on board stays.",
    ),
    praise="The question is not how well a column predicts, but when it is written. No measure "
    "answers that; ask who fills it in.",
)
