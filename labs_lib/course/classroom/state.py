"""What a learner's machine sends to a class: a few numbers for each exercise and question.

A state is a JSON object, lab to item to figures::

    {"prepare/split": {"ex1": {"attempts": 3, "hints": 1, "passed": false},
                       "quiz1": {"attempts": 1, "passed": true, "choice": "b"}}}

- ``attempts``: how often it was answered;
- ``hints``: of an exercise, how many of its hints were read;
- ``passed``: whether it is passed; a question by the first choice alone;
- ``choice``: of a question, the letter of the first choice;
- ``later``: of a question, whether the right option was found at a later choice.

What is 0, false or not there is left out, except ``passed``. No code, no answer to an exercise, no
bet and no time of day is sent.
"""

from collections.abc import Mapping
from typing import Any

from labs_lib.course import progress

MOST = 9_999
"""Attempts and hints that are counted; who tries more often is shown with this many."""

Items = dict[str, dict[str, str]]
"""Lab to item to the letters of a question's options; an exercise has none."""

State = dict[str, dict[str, dict[str, Any]]]
"""Lab to item to figures; see the module's text."""


def of(records: progress.Records, items: Items) -> State:
    """Return the state of a learner: what the records hold of these items, and nothing else."""
    found: State = {}
    for lab, letters in items.items():
        of_lab = records.get(lab, {})
        figures = {
            name: _figures(of_lab[name], options)
            for name, options in letters.items()
            if name in of_lab and (of_lab[name].attempts > 0 or of_lab[name].hints > 0)
        }
        if figures:
            found[lab] = figures
    return found


def _figures(record: progress.Record, options: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "attempts": max(0, min(record.attempts, MOST)),
        "passed": record.passed is not None,
    }
    if options:
        if record.choice is not None and record.choice in options:
            found["choice"] = record.choice
        if record.closed is not None:
            found["later"] = True
    elif record.hints > 0:
        found["hints"] = min(record.hints, MOST)
    return found


def checked(given: object, items: Items) -> State:
    """Return a state that somebody sent, if it is one and speaks of these items alone.

    Raises
    ------
    ValueError
        With the first thing that is wrong with it.
    """
    found: State = {}
    for lab, of_lab in _mapping(given, "the state").items():
        if lab not in items:
            raise ValueError(f"This class has no lab {_short(lab)}.")
        found[lab] = {}
        for name, figures in _mapping(of_lab, lab).items():
            if name not in items[lab]:
                raise ValueError(f"{lab} has no exercise or question {_short(name)}.")
            where = f"{lab} {name}"
            found[lab][name] = _checked(_mapping(figures, where), items[lab][name], where)
    return found


def _checked(figures: Mapping[str, Any], options: str, where: str) -> dict[str, Any]:
    for field in ("attempts", "hints"):
        value = figures.get(field, 0)
        if type(value) is not int or not 0 <= value <= MOST:
            raise ValueError(
                f"{where}: {field} is {_short(value)}, expected a whole number, 0 to {MOST}."
            )
    for field in ("passed", "later"):
        if type(figures.get(field, False)) is not bool:
            raise ValueError(
                f"{where}: {field} is {_short(figures[field])}, expected true or false."
            )
    choice = figures.get("choice")
    if choice is not None and not (isinstance(choice, str) and choice in [*options]):
        raise ValueError(f"{where} has no option {_short(choice)}.")
    known = {"attempts", "passed"} | ({"choice", "later"} if options else {"hints"})
    if unknown := sorted(set(figures) - known):
        raise ValueError(f"{where}: unknown figure {_short(unknown[0])}.")
    return {name: value for name, value in figures.items() if value is not None}


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is {_short(value)}, expected an object.")
    return value


def _short(value: object) -> str:
    return ascii(value)[:60]
