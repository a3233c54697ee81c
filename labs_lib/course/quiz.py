"""Quizzes: radio buttons in JupyterLab, plain calls elsewhere, a reason for every option.

The questions of a lab are data, in the file ``quiz.toml`` of its folder::

    [[question]]
    text = "A situation with a constraint. What do you do?"

    [[question.option]]
    text = "The best choice here"
    reason = "Why."
    right = true

Options get their letters, a to d, from their order.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ipywidgets
from IPython.display import display

from labs_lib.course import mode, progress
from labs_lib.course.panel import Panel, to_html


@dataclass(frozen=True)
class Option:
    """One answer to a question and the reason why it is right or wrong."""

    text: str
    reason: str
    right: bool = False


class Question:
    """A situation with a constraint, and plausible options.

    Parameters
    ----------
    text : str
        The situation and what is asked.
    options : mapping of str to Option
        By letter, in the order shown. At least one is right; where judgement is asked for,
        every defensible option is.

    Raises
    ------
    ValueError
        If there are fewer than three options, none is right, or a reason is missing.
    """

    def __init__(self, text: str, options: Mapping[str, Option]) -> None:
        if len(options) < 3:
            raise ValueError(f"{text!r} has {len(options)} options; give at least three.")
        if not any(option.right for option in options.values()):
            raise ValueError(f"{text!r} has no right option.")
        if not all(option.reason for option in options.values()):
            raise ValueError(f"{text!r} has an option without a reason.")
        self.text = text
        self.options = dict(options)


def load(file: Path) -> list[Question]:
    """Read the questions of a lab from its ``quiz.toml``.

    Raises
    ------
    ValueError
        If the file is missing or no TOML, or a question or option has no text, an unknown
        field, or breaks a rule of `Question`; with the number of the question.
    """
    name = f"{file.parent.name}/{file.name}"
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{name} is missing; a lab has a quiz.") from None
    except ValueError as error:
        raise ValueError(f"{name} is not valid TOML: {error}.") from None
    found = content.pop("question", None)
    if content or not isinstance(found, list) or not found:
        raise ValueError(f"{name} holds {sorted(content)}, expected [[question]] tables.")
    questions = []
    for number, table in enumerate(found, start=1):
        try:
            questions.append(_question(table))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name}, question {number}: {error}") from None
    return questions


def _question(table: object) -> Question:
    text, options = _fields(table, ("text", "option"))
    if not isinstance(options, list):
        raise ValueError("its options have to be [[question.option]] tables.")
    made = {}
    for letter, option in zip("abcdefgh", options, strict=False):
        words, reason, right = _fields(option, ("text", "reason"), right=False)
        if not isinstance(right, bool):
            raise ValueError(f"right is {right!r}, expected true or nothing.")
        made[letter] = Option(str(words), str(reason), right)
    return Question(str(text), made)


def _fields(table: object, needed: Sequence[str], **optional: object) -> list[object]:
    """Return the fields of a TOML table in this order; refuse missing and unknown ones."""
    if not isinstance(table, dict):
        raise ValueError(f"{table!r} is not a table.")
    if missing := [name for name in needed if not table.get(name)]:
        raise ValueError(f"{' and '.join(missing)} missing in {table}.")
    if unknown := sorted(set(table) - {*needed, *optional}):
        expected = ", ".join((*needed, *optional))
        raise ValueError(f"unknown field {', '.join(unknown)}, expected {expected}.")
    return [table.get(name, optional.get(name)) for name in (*needed, *optional)]


class Quiz:
    """The questions of a lab. Calling it shows them.

    Parameters
    ----------
    lab : str
        The lab's identity.
    questions : sequence of Question
        Numbered from 1.
    """

    def __init__(self, lab: str, questions: Sequence[Question]) -> None:
        self.lab = lab
        self.questions = list(questions)

    def __repr__(self) -> str:
        return f"Quiz of {len(self.questions)} questions: quiz(), quiz.answer(1, 'a')"

    def answer(self, number: int, letter: str) -> Panel:
        """Say whether option `letter` of question `number` is right, and why.

        Parameters
        ----------
        number : int
            From 1.
        letter : str
            One of the question's options.

        Raises
        ------
        ValueError
            If there is no such question or option.
        """
        if not 1 <= number <= len(self.questions):
            raise ValueError(
                f"There is no question {number}; give 1 to {len(self.questions)}."
            )
        options = self.questions[number - 1].options
        if letter not in options:
            raise ValueError(
                f"Question {number} has no option {letter!r}; give one of {list(options)}."
            )
        chosen = options[letter]
        if not chosen.right:
            return Panel(
                f"Question {number}, {letter}: not the best choice", chosen.reason, "bad"
            )
        problem = progress.record(self.lab, f"quiz{number}")
        text = chosen.reason + (f"\n\n{problem}" if problem else "")
        return Panel(f"Question {number}, {letter}: right", text, "good")

    def __call__(self) -> None:
        """Show every question: radio buttons in mode learn, the answers in a solution."""
        for number, question in enumerate(self.questions, start=1):
            page = _Page(number, question)
            if mode.current() == "learn":
                # Where widgets do not run, the question is still there as text.
                bundle = self._widget(number, page)._repr_mimebundle_()
                display({**bundle, "text/plain": page.plain(answers=False)}, raw=True)
            else:
                display(page)

    def _widget(self, number: int, page: "_Page") -> ipywidgets.Widget:
        choice = ipywidgets.RadioButtons(
            options=[(f"{k}) {o.text}", k) for k, o in page.question.options.items()],
            index=None,
            layout={"width": "auto"},
        )
        choice.add_class("labs-quiz")
        reason = ipywidgets.HTML()

        def explain(change: dict) -> None:
            reason.value = self.answer(number, change["new"])._repr_html_()

        choice.observe(explain, names="value")
        return ipywidgets.VBox([ipywidgets.HTML(_STYLE + page.head()), choice, reason])


# Radio labels of ipywidgets are one line high, and a long one pushes its button to the next line;
# a scenario's options need to wrap beside the button.
_STYLE = (
    "<style>.labs-quiz label {height: auto !important; white-space: normal !important; "
    "line-height: 1.4 !important; margin: 0.15em 0; display: flex; align-items: flex-start} "
    ".labs-quiz label input {order: -1; flex: none; margin: 0 0.6em 0 0} "
    ".labs-quiz .widget-radio-box {max-width: 60em; height: auto}</style>"
)


@dataclass(frozen=True)
class _Page:
    """One question as text or HTML, with its reasons folded away."""

    number: int
    question: Question

    def head(self) -> str:
        return (
            f'<div style="max-width: 60em; line-height: 1.5"><b>Question {self.number}.</b> '
            f"{to_html(self.question.text)}</div>"
        )

    def plain(self, *, answers: bool) -> str:
        lines = [f"Question {self.number}. {self.question.text}"]
        for letter, option in self.question.options.items():
            lines.append(f"  {letter}) {option.text}")
            if answers:
                lines.append(
                    f"     {'Right' if option.right else 'Wrong'}: {option.reason}"
                )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.plain(answers=True)

    def _repr_html_(self) -> str:
        options = "".join(
            f"<li value='{i}'>{to_html(o.text)}</li>"
            for i, o in enumerate(self.question.options.values(), start=1)
        )
        reasons = "".join(
            f"<p><b>{k}, {'right' if o.right else 'wrong'}.</b> {to_html(o.reason)}</p>"
            for k, o in self.question.options.items()
        )
        return (
            f"{self.head()}<ol type='a' style='max-width: 60em'>{options}</ol>"
            f"<details style='max-width: 60em'><summary>Answers and reasons</summary>"
            f"{reasons}</details>"
        )
