"""Quizzes: buttons in JupyterLab, plain calls elsewhere, a reason for every option.

The questions of a lab are data, in the file ``quiz.toml`` of its folder::

    [[question]]
    text = "A situation with a constraint. What do you do?"
    domain = 2                      # of the exam of its part, see `labs_lib.course.guides`
    also = {"DEA-C01" = 4}          # optional: its domain in another exam
    concept = "sm-balance"          # an id of concepts.csv
    section = "On trial"            # heading of the lesson that proves the answer

    [[question.option]]
    text = "The best choice here"
    reason = "Why."
    right = true

`labs build` refuses a question that lacks one of these, or names what does not exist. Options
get their letters, a to d, from their order. A question is passed if the first choice is right;
later choices explain, and are noted as later ones.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets
from IPython.display import display

from labs_lib.course import catalog, guides, mode, progress
from labs_lib.course.panel import FOCUS, Panel, to_html


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
    domain : int, optional
        Domain of the exam of its part, one of 1 to 4; `labs_lib.course.guides` has them.
    also : mapping of str to int, optional
        Its domain in other exams, by their codes.
    concept : str, optional
        Concept that it asks about, an id of ``concepts.csv``.
    section : str, optional
        Heading of the lesson's section that proves the answer.

    Raises
    ------
    ValueError
        If there are fewer than three options, none is right, a reason is missing, or a
        domain is none.
    """

    def __init__(
        self,
        text: str,
        options: Mapping[str, Option],
        *,
        domain: int | None = None,
        also: Mapping[str, int] | None = None,
        concept: str | None = None,
        section: str | None = None,
    ) -> None:
        if len(options) < 3:
            raise ValueError(f"{text!r} has {len(options)} options; give at least three.")
        if not any(option.right for option in options.values()):
            raise ValueError(f"{text!r} has no right option.")
        if not all(option.reason for option in options.values()):
            raise ValueError(f"{text!r} has an option without a reason.")
        if domain is not None:
            guides.check(domain)
        for name, value in (("concept", concept), ("section", section)):
            if value is not None and not isinstance(value, str):
                raise ValueError(f"its {name} is {value!r}, expected a text.")
        self.text = text
        self.options = dict(options)
        self.domain = domain
        self.also = guides.checked(also)
        self.concept = concept
        self.section = section

    @property
    def longest_is_right(self) -> bool:
        """Whether who takes the longest option is right; two of one length do not tell."""
        longest, second = sorted(
            self.options.values(), key=lambda option: len(option.text), reverse=True
        )[:2]
        return longest.right and len(longest.text) > len(second.text)


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
    text, options, *about = _fields(
        table, ("text", "option"), domain=None, also=None, concept=None, section=None
    )
    if not isinstance(options, list):
        raise ValueError("its options have to be [[question.option]] tables.")
    made = {}
    for letter, option in zip("abcdefgh", options, strict=False):
        words, reason, right = _fields(option, ("text", "reason"), right=False)
        if not isinstance(right, bool):
            raise ValueError(f"right is {right!r}, expected true or nothing.")
        made[letter] = Option(str(words), str(reason), right)
    domain, also, concept, section = about
    return Question(
        str(text), made, domain=domain, also=also, concept=concept, section=section
    )


def _fields(table: object, needed: Sequence[str], **optional: object) -> list[Any]:
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
            One of the question's options; capitals are taken too.

        Raises
        ------
        ValueError
            If there is no such question or option.
        """
        if number not in range(1, len(self.questions) + 1):
            raise ValueError(
                f"There is no question {number}; give 1 to {len(self.questions)}."
            )
        options = self.questions[int(number) - 1].options
        letter = str(letter).strip().lower()
        if letter not in options:
            raise ValueError(
                f"Question {number} has no option {letter!r}; give one of {list(options)}."
            )
        problem = progress.attempt(
            self.lab, f"quiz{number}", passed=options[letter].right, choice=letter
        )
        return self._explained(int(number), letter, problem)

    def _explained(self, number: int, letter: str, problem: str | None = None) -> Panel:
        """Return the reason of an option, and what counts if it was not the first choice."""
        chosen = self.questions[number - 1].options[letter]
        first = self._record(number).choice
        text = chosen.reason
        if first not in (None, letter):
            text += f"\n\nYour first choice was {first}; that one is kept."
        if problem:
            text += f"\n\n{problem}"
        question = self.questions[number - 1]
        if question.section and question.domain:
            exam = catalog.exam_of(self.lab)
            text += (
                f'\n\nSee "{question.section}". Exam {exam.code}, domain {question.domain}: '
                f"{exam.domains[question.domain].title.lower()}."
            )
        if not chosen.right:
            return Panel(f"Question {number}, {letter}: not the best choice", text, "bad")
        return Panel(f"Question {number}, {letter}: right", text, "good")

    def _record(self, number: int) -> progress.Record:
        return progress.of(self.lab).get(f"quiz{number}", progress.Record())

    def __call__(self) -> None:
        """Show every question: buttons in mode learn, the answers in a solution."""
        pages = [_Page(n, q) for n, q in enumerate(self.questions, start=1)]
        if mode.current() != "learn":
            for page in pages:
                display(page)
            return
        # A notebook that is opened the next day holds this note and no widgets.
        display(
            {"text/html": _WITHOUT_KERNEL, "text/plain": "Questions and options:"}, raw=True
        )
        box = ipywidgets.VBox([self._widget(page) for page in pages])
        box.add_class("labs-quiz")
        # Where widgets do not run, the questions are still there as text.
        how = 'Answer with lab.quiz.answer(1, "b"), which also gives the reason.'
        plain = "\n\n".join([*(page.plain(answers=False) for page in pages), how])
        display({**box._repr_mimebundle_(), "text/plain": plain}, raw=True)

    def _widget(self, page: "_Page") -> ipywidgets.Widget:
        # Buttons, not radio buttons: JupyterLab takes the arrow keys for its cells, so that with
        # a keyboard only the first of a group could be reached.
        number, options = page.number, page.question.options
        buttons: dict[str, ipywidgets.Button] = {}
        reason = ipywidgets.HTML()
        reason.add_class("labs-reason")

        def show(letter: str, panel: Panel) -> None:
            for other, button in buttons.items():
                chosen = "success" if options[letter].right else "danger"
                button.button_style = chosen if other == letter else ""
            # What a screen reader reads out when it changes.
            reason.value = f"<div role='status'>{panel._repr_html_()}</div>"

        rows = []
        for letter, option in options.items():
            # The tooltip is what a screen reader adds to the letter.
            button = ipywidgets.Button(
                description=letter, tooltip=option.text.replace("`", "")
            )
            button.on_click(lambda _, k=letter: show(k, self.answer(number, k)))
            buttons[letter] = button
            row = ipywidgets.Box([button, ipywidgets.HTML(to_html(option.text))])
            row.add_class("labs-option")
            rows.append(row)
        record = self._record(number)
        if record.choice in options:
            show(record.choice, self._explained(number, record.choice))
        head = ipywidgets.HTML(STYLE + page.head())
        return ipywidgets.VBox([head, *rows, reason])


# Seen in place of the widgets when their kernel is gone. While they live, it is hidden.
_WITHOUT_KERNEL = (
    "<style>.jp-OutputArea:has(.labs-quiz) .labs-no-kernel {display: none} "
    ".jp-OutputArea:has(.labs-no-kernel) .jp-OutputArea-output.jupyter-widgets"
    ":not(:has(.labs-quiz)) {display: none}</style>"
    '<div class="labs-no-kernel">No questions here? <b>Run this cell again</b>, after the cells '
    "above it. What you chose is kept and comes back.</div>"
)

# A button's own area covers its row, so that a click on the text chooses too.
STYLE = (
    "<style>"
    ".labs-option {position: relative; align-items: flex-start; max-width: 60em; "
    "overflow: visible; border-radius: 3px} "
    ".labs-option:hover {background: #8883} "
    ".labs-option > button {flex: none; width: 2.2em; height: 1.9em; padding: 0; "
    "margin: 2px 0.6em 2px 2px; line-height: 1.9em; overflow: visible; position: static} "
    ".labs-option > button::after {content: ''; position: absolute; inset: 0; z-index: 1} "
    f".labs-option > button:focus-visible {{{FOCUS}}} "
    ".labs-option > .widget-html {flex: 1 1 auto; height: auto; width: auto; "
    "margin: 0.35em 0 0.2em} "
    ".labs-option .widget-html-content, .labs-reason .widget-html-content "
    "{line-height: 1.4 !important; white-space: normal}"
    "</style>"
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
        # Not a list: front ends number those as they like.
        options = "".join(
            f"<p style='margin: 0.3em 0 0.3em 1em; text-indent: -1em; padding-left: 1em'>"
            f"{letter}) {to_html(option.text)}</p>"
            for letter, option in self.question.options.items()
        )
        reasons = "".join(
            f"<p><b>{k}, {'right' if o.right else 'wrong'}.</b> {to_html(o.reason)}</p>"
            for k, o in self.question.options.items()
        )
        return (
            f"{self.head()}<div style='max-width: 60em'>{options}</div>"
            f"<details style='max-width: 60em'><summary>Answers and reasons</summary>"
            f"{reasons}</details>"
        )
