"""Exercises that answer back.

A check is a function that looks at the learner's answer and returns None when it is right,
or ``wrong(key)`` with the key of the misconception that it shows.
"""

import inspect
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labs_lib.course import catalog, progress
from labs_lib.course.panel import Panel

PASSED, WRONG, ERROR, OPEN = "passed", "wrong", "error", "not attempted"
_TONES = {PASSED: "good", WRONG: "bad", ERROR: "bad", OPEN: "quiet"}


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: the misconception it shows, and details for its message."""

    key: str
    details: Mapping[str, Any]


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


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)


_KINDS: dict[object, tuple[Callable[[object], bool], str]] = {
    float: (_is_number, "a number"),
    int: (lambda v: _is_number(v) and float(v).is_integer(), "a whole number"),
    str: (lambda v: isinstance(v, str), "a text in quotes"),
    bool: (lambda v: isinstance(v, bool | np.bool_), "True or False"),
    dict: (lambda v: isinstance(v, dict), "a dictionary"),
    list: (lambda v: isinstance(v, list | tuple), "a list"),
    set: (lambda v: isinstance(v, set | frozenset | list | tuple), "a set or list"),
    np.ndarray: (lambda v: np.ndim(v) >= 1, "an array"),
    Callable: (callable, "a function"),
}


class Exercise:
    """One exercise of a lab.

    Parameters
    ----------
    lab : str
        The lab's identity, such as ``train/algorithms``.
    name : str
        How the notebook calls it: ``ex1``.
    judge : callable
        Takes the answers; returns None if they are right, else ``wrong(key)``. Annotations of
        its parameters (float, int, str, bool, dict, list, set, np.ndarray, Callable) are
        checked before it is called.
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

    def check(self, *answers: Any) -> Outcome:
        """Look at the answers and say what is right or wrong with them.

        Parameters
        ----------
        *answers
            What the exercise asks for, in its order. ``...`` means not attempted.

        Returns
        -------
        Outcome
            Never raises because of an answer.
        """
        parameters = inspect.signature(self._judge).parameters
        if len(answers) != len(parameters):
            return self._outcome(
                ERROR,
                f"`{self.name}.check` takes {len(parameters)} answer(s): "
                f"{', '.join(parameters)}. It got {len(answers)}.",
            )
        if any(answer is ... for answer in answers):
            return self._open()
        for (name, parameter), answer in zip(parameters.items(), answers, strict=True):
            fits, expected = _KINDS.get(parameter.annotation, (None, None))
            if fits is not None and not fits(answer):
                return self._outcome(
                    ERROR,
                    f"`{name}` should be {expected}; it is a {type(answer).__name__}.",
                )
        try:
            found = self._judge(*answers)
        except NotImplementedError:
            return self._open()
        except Exception as error:
            reason = " ".join(str(error).split()) or "no message"
            return self._outcome(
                ERROR, f"Your answer raised {type(error).__name__}: {reason}"
            )
        if isinstance(found, Wrong):
            message = self.misconceptions[found.key].format(**found.details)
            return self._outcome(WRONG, message, misconception=found.key)
        problem = progress.record(self.lab, self.name)
        return self._outcome(PASSED, self.praise + (f"\n\n{problem}" if problem else ""))

    def hint(self) -> Panel:
        """Return the next hint; each call gives more."""
        number = min(self._hints_shown, len(self.hints) - 1)
        self._hints_shown = number + 1
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


class _Code(Panel):
    """A panel whose text is code."""

    def __repr__(self) -> str:
        return f"{self.title}\n\n{self.text}"

    def _repr_html_(self) -> str:
        head = Panel(self.title, "", self.tone)._repr_html_()
        return f"{head}<pre>{self.text.replace('&', '&amp;').replace('<', '&lt;')}</pre>"
