"""Quizzes: radio buttons in JupyterLab, plain calls elsewhere, a reason for every option."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
