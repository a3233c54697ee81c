"""Exercises of the lab train/script_mode."""

import re
from collections.abc import Sequence
from typing import Any

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/script_mode")

lab.predict("false", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: what does the script get? -------------------------------------------------------

lab.match(
    "what does the script get?",
    right={
        "a": "other",
        "b": "meant",
        "c": "stop",
        "d": "other",
        "e": "meant",
        "f": "stop",
    },
    options=("meant", "other", "stop"),
    mistakes={
        "bool": (
            "In a `bool` gets a text of five letters. Which texts does Python take for false?",
            "a",
        ),
        "float": ("In b try `float('1e-3')`.", "b"),
        "int": ("In c try `int('1e3')`. What does argparse do with an error?", "c"),
        "list": ("In d try `list('[64, 32]')`. Is that an error?", "d"),
        "json": ("In e the text is JSON, and `json.loads` reads it.", "e"),
        "spelling": ("In f try `json.loads('False')`. How does JSON spell it?", "f"),
    },
    hints=(
        "argparse calls the type with the text. An error of it ends the script; anything else is taken.",
        "Call each type with the text in a cell of your own.",
        "Two get something other, two stop.",
    ),
    praise="Prefer the types that stop: `choices`, `json.loads`, `int`.",
)


# Exercise 2: a regex that hears ----------------------------------------------------------------

_LINES = (
    ("loss=0.25 val_loss=0.3", [0.25]),
    ("loss=12.5 val_loss=13.75", [12.5]),
    ("loss=7 val_loss=8", [7.0]),
    ("loss=2.5e-01 val_loss=3.1e-01", [0.25]),
    ("loss=8e-05 val_loss=1e-4", [8e-5]),
    ("loss=1.5E+02 val_loss=2E+02", [150.0]),
    ("loss=-1.5 val_loss=-2.5", [-1.5]),
    ("loss=-3e-2 val_loss=2", [-0.03]),
    ("loss=0.0 val_loss=0.1", [0.0]),
)
_VALIDATION_ONLY = "val_loss=0.31"


def _heard(regex: re.Pattern, line: str) -> list[str]:
    return [match[1] or "" for match in regex.finditer(line)]


def _numbers(texts: Sequence[str]) -> list[float] | None:
    try:
        return [float(text) for text in texts]
    except ValueError:
        return None


@lab.exercise(
    "a regex that hears",
    hints=(
        "Which characters can stand in a number such as `-2.5e-01`?",
        "`val_loss=` ends with `loss=`. What stands before the one that you want, and not before the other?",
        r"`\b` holds between a space and a letter, and not between `_` and a letter.",
    ),
    misconceptions={
        "refused": "Python cannot compile it: {reason}",
        "group": "SageMaker takes the text of a group. Put the number, and nothing else, in one pair "
        "of brackets; yours has {groups} groups.",
        "long": "A regex of a metric may have 500 characters; yours has {length}.",
        "validation": "In `{line}` it finds {got}. The validation loss is another metric.",
        "exponent": "In `{line}` it finds {got}. The exponent is lost.",
        "negative": "In `{line}` it finds {got}. A loss may be negative here.",
        "text": "In `{line}` it finds the text {got}, which is not one number.",
        "other": "In `{line}` it finds {got}, expected {expected}.",
    },
    praise="Or print what the regex reads: a plain decimal, in a line of its own.",
)
def ex2(regex: str) -> Wrong | None:
    """Any regex passes that finds the training loss, and only that, in every line."""
    try:
        found = re.compile(regex)
    except re.error as error:
        return wrong("refused", reason=str(error))
    if found.groups != 1:
        return wrong("group", groups=found.groups)
    if len(regex) > 500:
        return wrong("long", length=len(regex))
    for tail, expected in _LINES:
        for line in (f"epoch 3 {tail}", f"epoch 12 {tail}"):
            refused = _judge(line, _heard(found, line), expected)
            if refused is not None:
                return refused
    line = f"epoch 3 {_VALIDATION_ONLY}"
    if _heard(found, line):
        return wrong("validation", line=line, got=_heard(found, line))
    return None


def _judge(line: str, texts: list[str], expected: list[float]) -> Wrong | None:
    """Return what is wrong with what was found in a line."""
    numbers = _numbers(texts)
    if numbers is None:
        return wrong("text", line=line, got=", ".join(texts))
    if numbers == expected:
        return None
    told: dict[str, Any] = {"line": line, "got": ", ".join(texts) or "nothing"}
    if len(numbers) > 1:
        return wrong("validation", **told)
    if "=-" in line and (not numbers or numbers[0] > 0):
        return wrong("negative", **told)
    if re.search("[0-9][eE]", line) and numbers:
        return wrong("exponent", **told)
    return wrong("other", expected=expected[0], **told)


# Exercise 3: the bill of waiting ----------------------------------------------------------------


def _waiting(pauses: Sequence[float], keep: float) -> float:
    return sum(min(pause, keep) for pause in pauses) + keep


lab.function(
    "the bill of waiting",
    cases=(
        ([60, 60, 60], 300),
        ([600, 60, 1_200], 300),
        ([900, 900], 300),
        ([], 300),
        ([300, 299, 301], 300),
        ([0, 0, 5_000], 1_800),
        ([10, 3_700], 3_600),
    ),
    right=_waiting,
    mistakes={
        "after_last": (
            "After the last job the pool waits too, for its whole period, and nobody comes.",
            lambda pauses, keep: sum(min(pause, keep) for pause in pauses),
        ),
        "whole_pause": (
            "A pool ends when its period is over. A longer pause is not billed to its end.",
            lambda pauses, keep: sum(pauses) + keep,
            lambda pauses, keep: sum(pauses),
        ),
        "reused_only": (
            "You leave out the pools for which nobody came in time. They were billed too, for their "
            "whole period.",
            lambda pauses, keep: sum(pause for pause in pauses if pause <= keep),
            lambda pauses, keep: sum(pause for pause in pauses if pause < keep),
            lambda pauses, keep: sum(pause for pause in pauses if pause <= keep) + keep,
            lambda pauses, keep: sum(pause for pause in pauses if pause < keep) + keep,
        ),
        "always_keep": (
            "Waiting ends when the next job takes the pool. Only a pool that nobody takes waits for "
            "its whole period.",
            lambda pauses, keep: keep * (len(pauses) + 1),
            lambda pauses, keep: keep * len(pauses),
        ),
        "one_end": (
            "Each job carries the period anew, so a pool that has ended begins again after the next "
            "job.",
            lambda pauses, keep: min(sum(pauses) + keep, keep),
        ),
    },
    hints=(
        "What ends a pool's waiting? There are two things, and the earlier one counts.",
        "Each pause costs the pause or the period, whichever is shorter. What comes after the last job?",
        "`sum(min(pause, keep) for pause in pauses) + keep`",
    ),
    praise="The last period of the day buys nothing. Set it to 0 with `UpdateTrainingJob` when you go.",
)
