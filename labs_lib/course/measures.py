"""How long and how dense a lab is, held against the contract of a lab.

``exceptions.toml`` names, for each lab that is outside, the rule and the value it had. A value
may not move further away than its exception, and an exception that is not needed must go: so the
list only shrinks.
"""

import math
import re
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from nbformat import NotebookNode

from labs_lib import files
from labs_lib.course import catalog, claims, glossary, marks
from labs_lib.course.source import Cell, Source

FILE = catalog.HERE / "exceptions.toml"


@dataclass(frozen=True)
class Limit:
    """What a measure may be: from `low` to `high`."""

    title: str
    high: float
    low: float = 0

    def excess(self, value: float) -> float:
        """Return how far a value is outside; 0 inside."""
        return max(value - self.high, self.low - value, 0)


RULES = {
    "cells": Limit("cells", 70),
    "words": Limit("words of prose", 2000),
    "headings": Limit("headings", 14),
    "numbers": Limit("bound numbers", 20),
    "tables": Limit("tables", 10),
    "median": Limit("median lines of a code cell", 7, low=4),
    "longest": Limit("lines of the longest code cell", 20),
    "plotting": Limit("lines of the longest plotting cell", 12),
    "trial_function": Limit("lines of the longest trial function", 40),
    "trial_cells": Limit("lines of trial cells for each trial", 60),
    "minutes": Limit("minutes, by formula", 60),
    "unguarded": Limit("claims without a fact", 0),
    "unlinked": Limit("terms without a link to the glossary", 0),
    "longest_right": Limit("percent of questions whose longest option is right", 33),
}
"""The contract of a lab: name of a rule, as in ``exceptions.toml``, to what is allowed."""


def measure(source: Source, executed: NotebookNode | None) -> dict[str, float]:
    """Return the measures of a lab, a number for each of `RULES`.

    They are of what a learner gets, with the exercises solved: the facts cell does not count.

    Parameters
    ----------
    source : Source
    executed : NotebookNode or None
        The solution, for the tables among its outputs; without one, tables are not counted.

    Returns
    -------
    dict of str to float
        Minutes are words / 120 + 0.4 a code cell + 5 an exercise + 5 for the quiz.
    """
    prose = [cell.text for cell in source.shown if cell.kind == "markdown"]
    code = [cell for cell in source.shown if cell.kind == "code"]
    plain = [cell for cell in code if not cell.is_trial]
    trials = [cell for cell in code if cell.is_trial]
    words = sum(len(marks.without_claims(text).split()) for text in prose)
    questions = source.info.exercises().lab.quiz.questions
    exercises = len([cell for cell in code if cell.is_exercise])
    measured = {
        "cells": len(source.shown),
        "words": words,
        "headings": sum(len(re.findall(r"^##+ ", text, re.MULTILINE)) for text in prose),
        "numbers": sum(len(_numbers(text)) for text in prose),
        "median": statistics.median([_lines(c.solution) for c in plain] or [0]),
        "longest": max((_lines(c.solution) for c in plain), default=0),
        "plotting": max((_lines(c.solution) for c in plain if _plots(c)), default=0),
        "trial_function": max((n for c in trials for n in _functions(c)), default=0),
        "trial_cells": _lines_a_trial(trials, code),
        "minutes": round(words / 120 + 0.4 * len(code) + 5 * exercises + 5),
        "unguarded": len(claims.unguarded(source)),
        "unlinked": len(glossary.unlinked(source)),
        "longest_right": round(
            100 * statistics.mean(q.longest_is_right for q in questions)
        ),
    }
    if executed is not None:
        measured["tables"] = sum(map(_markdown_tables, prose)) + _shown_tables(executed)
    return measured


@cache
def exceptions() -> dict[str, dict[str, float]]:
    """Return the exceptions: lab to rule to the value that it may not exceed.

    Raises
    ------
    ValueError
        If a lab or rule is unknown.
    """
    found = files.read_toml(FILE)
    labs = {lab.id for lab in catalog.labs()}
    unknown = sorted(found.keys() - labs)
    unknown += sorted({rule for rules in found.values() for rule in rules} - RULES.keys())
    if unknown:
        raise ValueError(
            f"labs_lib/course/exceptions.toml names {', '.join(unknown)}; expected labs, and "
            f"for each some of {', '.join(RULES)}."
        )
    return found


def problems(
    lab: str, measured: Mapping[str, float], allowed: Mapping[str, float]
) -> list[str]:
    """Return what is outside the contract, and which exceptions are not needed.

    Parameters
    ----------
    lab : str
    measured : mapping of str to float
        As `measure` returns it; rules that are missing there are not looked at.
    allowed : mapping of str to float
        The lab's exceptions.
    """
    found = []
    for name, rule in RULES.items():
        if name not in measured:
            continue
        value = measured[name]
        limit = (
            f"at most {rule.high:g}" if not rule.low else f"{rule.low:g} to {rule.high:g}"
        )
        excess, exception = rule.excess(value), allowed.get(name)
        if exception is not None and rule.excess(exception) == 0:
            found.append(
                f"{lab}: the exception {name} = {exception:g} is inside; remove it"
            )
        elif exception is not None and excess == 0:
            found.append(
                f"{lab}: {value:g} {rule.title} are inside the contract; remove the exception "
                f"{name} = {exception:g} from labs_lib/course/exceptions.toml"
            )
        elif exception is None and excess:
            found.append(f"{lab}: {value:g} {rule.title}; a lab has {limit}")
        elif exception is not None and excess > rule.excess(exception):
            found.append(
                f"{lab}: {value:g} {rule.title}; its exception is {exception:g}, and the list "
                f"of exceptions only shrinks (a lab has {limit})"
            )
    return found


def line(lab: str, measured: Mapping[str, float], allowed: Mapping[str, float]) -> str:
    """Return the measures of a lab in one line; a star marks an exception."""
    values = [
        f"{name} {measured[name]:g}{'*' if name in allowed else ''}" for name in RULES
    ]
    return f"{lab}: {', '.join(values)}"


def _numbers(text: str) -> list[str]:
    return [name for name in marks.numbers(text) if not name.endswith(".verdict")]


def _lines(code: str) -> int:
    return sum(bool(line.strip()) for line in code.splitlines())


def _plots(cell: Cell) -> bool:
    return bool(re.search(r"\bplots\.|\bplt\.", cell.solution))


def _lines_a_trial(trials: list[Cell], code: list[Cell]) -> int:
    calls = sum(len(re.findall(r"\blab\.trial\(", cell.solution)) for cell in code)
    return math.ceil(sum(_lines(cell.solution) for cell in trials) / max(calls, 1))


def _functions(cell: Cell) -> list[int]:
    starts = re.split(r"^(?=def |@)", cell.solution, flags=re.MULTILINE)
    return [_lines(part) for part in starts if part.startswith(("def ", "@"))]


def _markdown_tables(text: str) -> int:
    return len(re.findall(r"^\|[-:| ]+\|$", text, re.MULTILINE))


def _shown_tables(executed: NotebookNode) -> int:
    return sum(
        "<table" in "".join(output.get("data", {}).get("text/html", ""))
        for cell in executed.cells
        if cell.cell_type == "code" and "facts" not in cell.metadata.get("tags", ())
        for output in cell.outputs
    )
