"""Exercises that answer back.

A check is a function that looks at the learner's answer and returns None when it is right,
or ``wrong(key)`` with the key of the misconception that it shows. `kinds` makes the two checks
that most exercises need; a judge of its own is for properties.
"""

import collections.abc
import inspect
import numbers
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labs_lib.course import answers, catalog, progress, watch
from labs_lib.course.panel import Panel
from labs_lib.course.watch import Unreadable, Watched, in_another_process

__all__ = [
    "ERROR",
    "OPEN",
    "PASSED",
    "WRONG",
    "Exercise",
    "Outcome",
    "Wrong",
    "in_another_process",
    "wrong",
]

PASSED, WRONG, ERROR, OPEN = "passed", "wrong", "error", "not attempted"
_TONES = {PASSED: "good", WRONG: "bad", ERROR: "bad", OPEN: "quiet"}
IN_PLACE = (
    "Your function changes its argument `{name}` in place, so the caller's data are spoilt. "
    "Work on a copy, or make a new one."
)


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: the misconception it shows, and details for its message.

    Where no misconception is recognised, `key` is None and `message` says what is wrong.
    """

    key: str | None
    details: Mapping[str, Any]
    message: str = ""


def wrong(key: str, **details: Any) -> Wrong:
    """Say that an answer shows the misconception `key`; `details` fill its message."""
    return Wrong(key, details)


@dataclass(frozen=True, repr=False)
class Outcome(Panel):
    """What a check found: one of passed, wrong, error, not attempted.

    `misconception` is the key of the mistake that was recognised, or None.
    """

    status: str = OPEN
    misconception: str | None = None


_FORMS: dict[object, Callable[[object], object]] = {
    float: answers.number,
    int: answers.whole,
    str: answers.text,
    bool: answers.truth,
    dict: answers.mapping,
    Mapping: answers.mapping,
    list: answers.sequence,
    set: answers.members,
    collections.abc.Collection: answers.members,
    np.ndarray: answers.array,
}


def _form(annotation: object) -> Callable[[object], object] | None:
    """Return what brings an answer to the form of a judge's parameter, None for any form."""
    origin = typing.get_origin(annotation) or annotation
    if origin is not collections.abc.Callable:
        return _FORMS.get(origin)
    given = typing.get_args(annotation)
    result = _form(given[-1]) if given else None

    def function(value: object) -> Watched:
        if not callable(value):
            raise ValueError(f"should be a function; it is {answers.kind_of(value)}.")
        return Watched(value, result)

    return function


class Exercise:
    """One exercise of a lab.

    Parameters
    ----------
    lab : str
        The lab's identity, such as ``train/algorithms``.
    name : str
        How the notebook calls it: ``ex1``.
    judge : callable
        Takes the answers; returns None if they are right, else ``wrong(key)``. An answer is
        brought to the form that its parameter is annotated with (float, int, str, bool, dict,
        list, set, np.ndarray), and so are the results of a ``Callable[..., float]``.
    title : str
        What the exercise is about.
    hints : sequence of str
        From gentle to nearly the answer.
    misconceptions : mapping of str to str
        Key and message of each mistake that the check recognises. A message may hold
        ``{names}`` that the judge fills in.
    praise : str
        Said when the answer is right: what follows from it.
    """

    def __init__(
        self,
        *,
        lab: str,
        name: str,
        judge: Callable[..., Wrong | None],
        title: str,
        hints: Sequence[str],
        misconceptions: Mapping[str, str],
        praise: str,
    ) -> None:
        self.lab = lab
        self.name = name
        self.title = title
        self.hints = tuple(hints)
        self.misconceptions = dict(misconceptions)
        self.praise = praise
        self._judge = judge
        self._hints_shown = 0

    def __repr__(self) -> str:
        return f"Exercise {self.name[2:]}, {self.title}: .check(...), .hint(), .solution()"

    def check(self, *given: Any) -> Outcome:
        """Look at the answers and say what is right or wrong with them.

        Parameters
        ----------
        *given
            What the exercise asks for, in its order. ``...`` means not attempted.

        Returns
        -------
        Outcome
            Never raises because of an answer.
        """
        parameters = inspect.signature(self._judge).parameters
        if len(given) != len(parameters):
            return self._outcome(
                ERROR,
                f"`{self.name}.check` takes {len(parameters)} answer(s): "
                f"{', '.join(parameters)}. It got {len(given)}.",
            )
        if any(map(_is_open, given)):
            return self._open()
        formed = []
        for (name, parameter), answer in zip(parameters.items(), given, strict=True):
            form = _form(parameter.annotation)
            try:
                formed.append(answer if form is None else form(answer))
            except ValueError as error:
                return self._outcome(ERROR, f"`{name}` {error}")
        outcome = self._judged(formed)
        if outcome.status == OPEN:
            return outcome
        passed = outcome.status == PASSED
        problem = progress.attempt(self.lab, self.name, passed=passed)
        if passed and problem:
            return replace(outcome, text=f"{outcome.text}\n\n{problem}")
        return outcome

    def _judged(self, given: Sequence[object]) -> Outcome:
        watched = [answer for answer in given if isinstance(answer, Watched)]
        try:
            found = self._judge(*given)
        except Exception as error:
            if watch.is_stub(error):
                return self._open()
            nothing = any(function.only_none for function in watched)
            if nothing and not isinstance(error, Unreadable):
                return self._outcome(ERROR, _NOTHING)
            return self._outcome(ERROR, _what_went_wrong(error, watched))
        if isinstance(found, Wrong):
            text = found.message or _filled(
                self.misconceptions[found.key or ""], found.details
            )
            if (
                any(function.only_none for function in watched)
                and _NOTHING[-20:] not in text
            ):
                text = f"{_NOTHING}\n\n{text}"
            return self._outcome(WRONG, text, misconception=found.key)
        for function in watched:
            if function.changed:
                return self._outcome(WRONG, IN_PLACE.format(name=function.changed))
        return self._outcome(PASSED, self.praise)

    def hint(self) -> Panel:
        """Return the next hint; each call gives more."""
        number = min(self._hints_shown, len(self.hints) - 1)
        self._hints_shown = number + 1
        progress.hint(self.lab, self.name, self._hints_shown)
        last = self._hints_shown == len(self.hints)
        more = f"That was the last hint; `lab.{self.name}.solution()` shows the answer."
        text = self.hints[number] + (f"\n\n{more}" if last else "")
        return Panel(f"Hint {number + 1} of {len(self.hints)}", text)

    def solution(self) -> Panel:
        """Return the cell of the solution notebook that answers the exercise."""
        file = catalog.find(self.lab).solution
        if not file.exists():
            text = "The solutions were not handed out with this copy. Ask your instructor."
            return Panel("No solutions here", text, "quiet")
        # Imported here: half a second that only this needs.
        import nbformat

        for cell in nbformat.read(file, as_version=4).cells:
            if cell.cell_type == "code" and f".{self.name}.check(" in cell.source:
                return _Code(f"Solution of exercise {self.name[2:]}", cell.source)
        text = f"{file.name} holds no cell that checks {self.name}. `labs build` makes it anew."
        return Panel("No solution found", text, "bad")

    def _open(self) -> Outcome:
        return self._outcome(OPEN, f"Stuck? `lab.{self.name}.hint()` helps.")

    def _outcome(self, status: str, text: str, misconception: str | None = None) -> Outcome:
        return Outcome(
            title=f"Exercise {self.name[2:]}, {self.title}: {status}",
            text=text,
            tone=_TONES[status],
            status=status,
            misconception=misconception,
        )


_NOTHING = "Your function returns None. Did you forget `return`?"


def _is_open(answer: object) -> bool:
    """Whether dots stand where an answer belongs, also inside a dictionary or list."""
    if isinstance(answer, Mapping):
        return any(value is ... for value in answer.values())
    if isinstance(answer, list | tuple | set):
        return any(value is ... for value in answer)
    return answer is ...


def _what_went_wrong(error: Exception, watched: Sequence[Watched]) -> str:
    """Return one line: what was raised, in which line of the learner's, for which arguments."""
    if isinstance(error, Unreadable):
        return str(error)
    reason = " ".join(str(error).split()) or "no message"
    text = f"Your answer raised {type(error).__name__}: {reason}"
    source = next(
        (w for w in watched if w.raised is not None and w.raised[0] is error), None
    )
    if source is None:
        return f"The check could not use your answer. {type(error).__name__}: {reason}"
    if place := watch.where(error):
        line, code = place
        text += f", in line {line} of its cell" + (f": `{code}`" if code else "")
    shown = [
        f"{source.name_of(i)} = {answers.shown(argument)}"
        for i, argument in enumerate(source.raised[1] if source.raised else ())
    ]
    return text + (f". It was called with {', '.join(shown)}." if shown else ".")


class _Number(float):
    """A number that a message shows with more digits than asked for, if it needs them."""

    other: float

    def __format__(self, form: str) -> str:
        for digits in range(3, 17):
            text = format(float(self), form)
            if float(self) == self.other or text != format(self.other, form):
                return text
            form = f".{digits}g"
        return text


def _filled(message: str, details: Mapping[str, Any]) -> str:
    """Return a message with its details; expected and got never look alike if they differ."""
    details = dict(details)
    pair: list[Any] = [details.get("expected"), details.get("got")]
    if all(isinstance(v, numbers.Real) and not isinstance(v, bool) for v in pair):
        for name, value, other in zip(("expected", "got"), pair, pair[::-1], strict=True):
            if isinstance(value, float | np.floating):
                details[name] = _Number(value)
                details[name].other = float(other)
    return message.format(**details)


class _Code(Panel):
    """A panel whose text is code."""

    def __repr__(self) -> str:
        return f"{self.title}\n\n{self.text}"

    def _repr_html_(self) -> str:
        head = Panel(self.title, "", self.tone)._repr_html_()
        return f"{head}<pre>{self.text.replace('&', '&amp;').replace('<', '&lt;')}</pre>"
