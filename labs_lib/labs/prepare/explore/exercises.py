"""Exercises of the lab prepare/explore."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("prepare/explore")

lab.predict("warned", options=("none", "some", "all"))


# Exercise 1: four kinds of missing -------------------------------------------------------

_VALUES = pd.Series(
    [
        "fuel",
        None,
        "",
        "  ",
        "?",
        "?",
        "unknown",
        " N/A ",
        np.nan,
        "-",
        "\t",
        "Unknown",
        "tbd ",
        "on-line",
        "national",
        "natural",
        "home",
    ],
    dtype=object,
)
_EXPECTED = {"null": 2, "empty": 1, "blank": 2, "disguised": 7}


def _disguised(missing_kinds: Callable, *values: str | float) -> float:
    return missing_kinds(pd.Series(["fuel", *values], dtype=object))["disguised"]


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
        "inside": "You look for a disguise anywhere in the text. Then 'national' is missing, since "
        "it holds NA. Compare the whole text.",
        "other": "Of {kind}, expected {expected} in the test values; you found {got}.",
    },
    praise="Four kinds, four causes: ask where each comes from before you fill any of them.",
)
def ex1(missing_kinds: Callable[..., dict]) -> Wrong | None:
    """Any function with the right counts passes."""
    got = missing_kinds(_VALUES.copy())
    if set(got) != set(_EXPECTED):
        return wrong("keys")
    got = {kind: float(got[kind]) for kind in _EXPECTED}
    if got == _EXPECTED:
        return None
    if got["null"] == 2 and got["empty"] == got["blank"] == got["disguised"] == 0:
        return wrong("null_only")
    if got["disguised"] != _EXPECTED["disguised"]:
        if _disguised(missing_kinds, np.nan) > _disguised(missing_kinds):
            return wrong("null_as_text")
        if _disguised(missing_kinds, "national") > _disguised(missing_kinds):
            return wrong("inside")
        if _disguised(missing_kinds, "unknown") == 0:
            return wrong("case")
        if _disguised(missing_kinds, "N/A") > _disguised(missing_kinds, " N/A "):
            return wrong("strip")
    if (got["empty"], got["blank"]) in ((3, 2), (3, 0), (1, 3)):
        return wrong("blank_is_empty")
    kind = next(kind for kind in _EXPECTED if got[kind] != _EXPECTED[kind])
    return wrong("other", kind=kind, expected=_EXPECTED[kind], got=f"{got[kind]:g}")


# Exercise 2: what is known at that moment? -----------------------------------------------

_CAR = {"airbag", "yearVeh", "seatbelt", "frontal", "abcat", "deploy"}

lab.match(
    "what is known at that moment?",
    right=_CAR,
    either={"yearacc"},
    options=(
        "dead",
        "injSeverity",
        "weight",
        "caseid",
        "dvcat",
        "sex",
        "ageOFocc",
        "occRole",
    ),
    mistakes={
        "target": ("`dead` is the answer itself.", "dead"),
        "injury": (
            "`injSeverity` was written in a hospital, by somebody who already knew whether the "
            "person lived; 4 means killed.",
            "injSeverity",
        ),
        "survey": (
            "`weight` and `caseid` are made by the survey, months later and after it had sorted "
            "the crashes by how severe they were. No car knows them.",
            lambda names: bool({"weight", "caseid"} & names),
        ),
        "speed": (
            "`dvcat` was computed from the wreck. A car may measure its own change of speed, but "
            "that is another number, and this table does not hold it.",
            "dvcat",
        ),
        "person": (
            "Who sits in the car, and where, was written down by the police. The car cannot "
            "send it.",
            lambda names: bool({"sex", "ageOFocc", "occRole"} & names),
        ),
        "strict": (
            "You left out something that the car knows. What the factory built in and what "
            "sensors feel in the crash is there after one second.",
            lambda names: not names >= _CAR,
        ),
    },
    hints=(
        "Put yourself into the car, one second after the crash. Who knows this value, and since "
        "when?",
        "The first two lines of the table are there at that second. Who arrives later?",
        "Take the columns of the factory and of the sensors, and no others.",
    ),
    praise="Not how well a column predicts decides, but when it is written. No measure answers "
    "that. `yearacc` may pass, since each car has a clock; but a year says nothing about the next one.",
)
