"""The exam in JupyterLab: buttons, which work by keyboard alone, and no thread behind them.

Buttons only, as JupyterLab takes the arrow keys and the letters for its cells: a list to choose
from would move the notebook. Widgets are made once and change what they show, so that the focus
stays where it is; after a question is left, it moves to the first part of the next one.
"""

import html
from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets
from IPython.display import display

from labs_lib.course import guides, mode
from labs_lib.course.exam import paper, result, sitting
from labs_lib.course.exam.asked import Asked
from labs_lib.course.exam.bank import KINDS
from labs_lib.course.exam.sitting import Sitting
from labs_lib.course.panel import FOCUS, Panel, to_html
from labs_lib.course.quiz import STYLE

MOST = max(most for _, _, most in KINDS.values())
"""Parts of a question at most, and matches of a pair."""

_desks: list["Desk"] = []
"""The desk of this kernel, so that a cell that runs again takes the exam over."""


def sit(
    code: str | None = None, *, questions: int = paper.QUESTIONS, seed: int | None = None
) -> Panel | None:
    """Show the exam: begin one, go on with the open one, or see its result.

    Parameters
    ----------
    code : str, optional
        Of the exam, such as ``DEA-C01``; without it, whichever is open, or MLA-C01.
    questions : int
        Of a new exam: fewer are a shorter practice, with two minutes for each.
    seed : int, optional
        Of a new exam: who gives the same one gets the same questions.

    Returns
    -------
    Panel or None
        Outside mode ``learn``, or where the exam cannot be shown.
    """
    if mode.current() != "learn":
        return Panel(
            "A practice exam",
            f"Here it begins: {paper.QUESTIONS} questions in {paper.MINUTES} minutes, as in "
            f"{code or guides.FIRST}. It can be stopped and resumed.",
            "quiet",
        )
    while _desks:
        _desks.pop().close()
    try:
        desk = Desk(code, questions, seed)
    except ValueError as error:
        return Panel("The exam cannot be shown", str(error), "bad")
    _desks.append(desk)
    display({"text/html": _WITHOUT_KERNEL, "text/plain": "A practice exam:"}, raw=True)
    plain = "No buttons here? In a terminal, `labs exam` asks the same questions."
    display({**desk.box._repr_mimebundle_(), "text/plain": plain}, raw=True)
    return None


class Line:
    """A line with a part of a question: its text before or after buttons.

    Attributes
    ----------
    buttons : list of ipywidgets.Button
    before, after : ipywidgets.HTML
    box : ipywidgets.Box
    """

    def __init__(self, press: Callable[[int], None]) -> None:
        self.before, self.after = ipywidgets.HTML(), ipywidgets.HTML()
        self.buttons = [ipywidgets.Button() for _ in range(MOST)]
        for column, button in enumerate(self.buttons):
            button.on_click(lambda _, column=column: press(column))
        self.box = ipywidgets.Box([self.before, *self.buttons, self.after])
        self.box.add_class("labs-row")

    def option(self, text: str, label: str, *, spoken: str, chosen: bool) -> None:
        """Show one button with a text after it; a click on the text presses it too."""
        self.box.add_class("labs-option")
        self.before.layout.display, self.after.layout.display = "none", ""
        self.after.value = to_html(text)
        self._label(0, label, spoken, chosen)
        self._shown(1)

    def pair(
        self, text: str, labels: Sequence[str], spoken: Sequence[str], chosen: int
    ) -> None:
        """Show a text and after it a button for each match; `chosen` is -1 for none."""
        self.box.remove_class("labs-option")
        self.before.layout.display, self.after.layout.display = "", "none"
        self.before.value = to_html(text)
        for column, label in enumerate(labels):
            self._label(column, label, spoken[column], column == chosen)
        self._shown(len(labels))

    def hide(self) -> None:
        """Show nothing."""
        self.box.layout.display = "none"

    def _label(self, column: int, label: str, spoken: str, chosen: bool) -> None:
        button = self.buttons[column]
        button.description = f"{label} ✓" if chosen and len(label) == 1 else label
        button.tooltip = f"chosen: {spoken}" if chosen else spoken
        button.button_style = "primary" if chosen else ""

    def _shown(self, count: int) -> None:
        self.box.layout.display = "flex"
        for column, button in enumerate(self.buttons):
            button.layout.display = "" if column < count else "none"


class Desk:
    """What the learner sees and presses.

    Attributes
    ----------
    sit : Sitting or None
        The open exam; None before it is begun and after it is stopped or ended.
    number : int
        Of the question that is shown, from 1.
    box : ipywidgets.VBox
    """

    def __init__(
        self,
        code: str | None = None,
        questions: int = paper.QUESTIONS,
        seed: int | None = None,
    ) -> None:
        self.code = code and guides.find(code).code
        self.questions, self.seed = questions, seed
        self.sit: Sitting | None = None
        self.number = 1
        self._asks_again = False
        self._partial: dict[int, tuple[int, ...]] = {}
        self.head, self.note, self.matches, self.ended = (
            ipywidgets.HTML() for _ in range(4)
        )
        self.rows = [Line(partial(self._press, line)) for line in range(MOST)]
        self.begin = self._button("Begin", self._begin)
        self.previous = self._button("Previous", lambda: self._go(self.number - 1))
        self.next = self._button("Next", lambda: self._go(self.number + 1))
        self.flag = self._button("Flag", self._flag)
        self.list = self._button("List", self._list)
        self.stop = self._button("Stop", self.leave)
        self.hand_in = self._button("Hand in", self._hand_in)
        self.missed = self._button("What was missed, with reasons", self._missed)
        moves = [self.previous, self.next, self.flag, self.list, self.stop, self.hand_in]
        self.moves, self.numbers = ipywidgets.Box(moves), ipywidgets.Box()
        for box in (self.moves, self.numbers):
            box.layout.flex_flow = "row wrap"
        self.box = ipywidgets.VBox(
            [
                ipywidgets.HTML(STYLE + _STYLE),
                self.head,
                *(row.box for row in self.rows),
                self.matches,
                self.note,
                self.moves,
                self.numbers,
                self.ended,
                self.missed,
                self.begin,
            ]
        )
        self.box.add_class("labs-exam")
        self._show_door()

    def close(self) -> None:
        """Let another desk have the exam."""
        if self.sit is not None:
            self.sit.close()

    def leave(self) -> None:
        """Stop: the exam stays open, and takes no more time until it is resumed."""
        if self.sit is not None:
            if not self.sit.closed:
                try:
                    if not self.sit.step():
                        self._over()
                        return
                finally:
                    self.sit.close()
            self.sit = None
        self._show_door()

    def _button(self, text: str, action: Callable[[], None]) -> ipywidgets.Button:
        button = ipywidgets.Button(description=text)
        button.layout.align_self = "flex-start"
        button.on_click(lambda _: self._safely(action))
        return button

    def _safely(self, action: Callable[[], None]) -> None:
        """Do what a button is for; what goes wrong is said, and the exam stays as it is."""
        self.note.value = ""
        try:
            action()
        except ValueError as error:
            self._say(Panel("That did not work", str(error), "bad"))

    def _say(self, panel: Panel) -> None:
        self.note.value = f"<div role='alert'>{panel._repr_html_()}</div>"

    def _show(self, *shown: ipywidgets.Widget) -> None:
        """Show these parts of the page and no other."""
        for widget in (self.matches, self.moves, self.numbers, self.ended):
            widget.layout.display = "flex" if widget in shown else "none"
        for button in (self.missed, self.begin):
            button.layout.display = "" if button in shown else "none"
        if self.moves not in shown:
            for row in self.rows:
                row.hide()

    def _show_door(self) -> None:
        """Show what can be begun or resumed; nothing counts yet."""
        exams = sitting.load()
        going = exams[-1] if exams and exams[-1].ended is None else None
        if going:
            left = -(-(going.limit - going.seconds) // 60)
            text = (
                f"Your exam for {going.code} of {going.begun[:10]} is open: "
                f"{len(going.answers)} of {len(going.questions)} answered, {left:.0f} minutes left."
            )
            self.begin.description = "Go on"
        else:
            minutes = paper.MINUTES * self.questions // paper.QUESTIONS
            text = (
                f"{self.code or guides.FIRST}: {self.questions} questions, {minutes} minutes, "
                "no penalty for a wrong answer. The clock runs from the button Begin on. You can "
                "stop and resume."
            )
            self.begin.description = "Begin"
        self.head.value = (
            f"<div role='status'><b>A practice exam.</b> {html.escape(text)}</div>"
        )
        self._show(self.begin)

    def _begin(self) -> None:
        self.sit = sitting.begin(code=self.code, questions=self.questions, seed=self.seed)
        self._partial.clear()
        self.number = (self.sit.open or [1])[0]
        self._show(self.moves)
        self._draw(focus=True)
        if self.sit.lost:
            text = f"{self.sit.lost} of its questions are not in the course any more, or changed."
            self._say(Panel("Some questions are left out", text))

    def _open(self) -> Sitting:
        if self.sit is None:
            raise ValueError("No exam is open here. Run this cell again.")
        return self.sit

    def _go(self, number: int) -> None:
        if self._goes_on(self._open().step()):
            count = len(self._open().asked)
            if not 1 <= number <= count:
                end = "first" if number < 1 else "last"
                self._say(Panel(f"This is the {end} question", "List shows what is open."))
                return
            self.number = number
            self._show(self.moves)
            self._draw(focus=True)

    def _flag(self) -> None:
        if self._goes_on(self._open().flag(self.number)):
            self._draw()

    def _list(self) -> None:
        if not self._goes_on(self._open().step()):
            return
        self._draw()
        if self.numbers.layout.display != "none":
            self._show(self.moves)
            self._matches_shown()
            return
        sit = self._open()
        if not self.numbers.children:
            self.numbers.children = [
                self._button(str(n), partial(self._go, n))
                for n in range(1, len(sit.asked) + 1)
            ]
        for number, button in enumerate(self.numbers.children, start=1):
            is_open, flagged = number in sit.open, number in sit.flagged
            button.description = f"{number}{' ○' * is_open}{' ⚑' * flagged}"
            state = "open" if is_open else "answered"
            button.tooltip = f"question {number}, {state}{', flagged' * flagged}"
            button.layout.width = "5em"
        self.numbers.layout.display = "flex"
        self._say(Panel("All questions", "○ is open, ⚑ is flagged.", "quiet"))

    def _hand_in(self) -> None:
        sit = self._open()
        if not self._goes_on(sit.step()):
            return
        if not self._asks_again:
            text = (
                f"Open: {len(sit.open)}. Flagged: {len(sit.flagged)}. What is open counts as "
                "wrong. Press the button again to hand in; any other goes on."
            )
            self._draw()
            self._asks_again, self.hand_in.description = True, "Hand in now"
            self._say(Panel("Hand in?", text))
            return
        sit.end()
        self._over()

    def _goes_on(self, goes_on: bool) -> bool:
        if not goes_on:
            self._over()
            self._say(Panel("The time is over", "What you pressed last came too late."))
        return goes_on

    def _over(self) -> None:
        sit = self._open()
        sit.close()
        self.sit = None
        outcome = result.of(sit.exam)
        self.head.value = f"<div role='status'><b>{html.escape(outcome.headline)}</b></div>"
        self.ended.value = outcome.body
        self._explained = [result.explained_html(text) for text in result.missed(sit.exam)]
        self.numbers.children = ()
        self.begin.description = "Begin a new exam"
        self._show(self.ended, self.begin, *([self.missed] if self._explained else []))

    def _missed(self) -> None:
        self.ended.value = "".join(self._explained)
        self._show(self.ended, self.begin)

    def _press(self, line: int, column: int) -> None:
        self._safely(partial(self._chosen, line, column))

    def _chosen(self, line: int, column: int) -> None:
        """Take a press of a part's button: choose it, or take it back."""
        sit = self._open()
        asked = sit.asked[self.number - 1]
        answer = self._answer()
        if asked.item.kind == "matching":
            part = asked.order[line]
            before = answer or (-1,) * len(asked.item.parts)
            new = tuple(column if n == part else match for n, match in enumerate(before))
        elif asked.item.kind == "choice":
            new = (asked.order[line],)
        else:
            part = asked.order[line]
            new = tuple(n for n in answer if n != part)
            if len(new) == len(answer):
                new = (*answer, part)
            if asked.item.kind == "response":
                new = tuple(sorted(new))
                if len(new) > len(asked.item.right):
                    self._say(
                        Panel(
                            "One too many",
                            f"{asked.how.capitalize()}; take one back first.",
                        )
                    )
                    return
        self._partial[self.number] = new
        whole = asked.item.fits(new)
        kept = sit.answer(self.number, new) if whole else sit.clear(self.number)
        if self._goes_on(kept):
            self._draw()

    def _answer(self) -> tuple[int, ...]:
        """Return what is chosen so far in the question shown; it may be half an answer."""
        kept = self._open().answer_of(self.number)
        return kept if kept is not None else self._partial.get(self.number, ())

    def _draw(self, *, focus: bool = False) -> None:
        """Show the question, what is chosen and the time left."""
        sit = self._open()
        asked, answer = sit.asked[self.number - 1], self._answer()
        self._asks_again, self.hand_in.description = False, "Hand in"
        self.flag.description = "Unflag" if self.number in sit.flagged else "Flag"
        facts = [
            f"Question {self.number} of {len(sit.asked)}",
            asked.how,
            f"{sit.minutes_left} minutes left",
            f"{len(sit.asked) - len(sit.open)} answered",
        ]
        if self.number in sit.flagged:
            facts.append("flagged")
        self.head.value = (
            "<div class='labs-exam-question' role='status'>"
            f"<p><b>{' · '.join(facts)}</b></p><p>{to_html(asked.item.text.strip())}</p></div>"
        )
        for row in self.rows[len(asked.parts) :]:
            row.hide()
        self._draw_parts(asked, answer)
        self._matches_shown()
        if focus:
            self.rows[0].buttons[0].focus()

    def _draw_parts(self, asked: Asked, answer: tuple[int, ...]) -> None:
        for line, (name, part) in enumerate(asked.parts.items()):
            row, number = self.rows[line], asked.order[line]
            if asked.matches:
                spoken = [f"{part.text}: {match}" for match in asked.matches.values()]
                chosen = answer[number] if answer else -1
                row.pair(f"{name}) {part.text}", list(asked.matches), spoken, chosen)
                continue
            label, spoken_place, chosen_here = name, "", number in answer
            if asked.item.kind == "ordering" and chosen_here:
                place = answer.index(number) + 1
                label, spoken_place = f"{name}: {place}.", f"place {place}, "
            row.option(
                part.text,
                label,
                spoken=spoken_place + part.text.replace("`", ""),
                chosen=chosen_here,
            )

    def _matches_shown(self) -> None:
        asked = self._open().asked[self.number - 1]
        self.matches.layout.display = "flex" if asked.matches else "none"
        self.matches.value = "".join(
            f"<p>{letter}) {to_html(text)}</p>" for letter, text in asked.matches.items()
        )


# Seen in place of the widgets when their kernel is gone. While they live, it is hidden.
_WITHOUT_KERNEL = (
    "<style>.jp-OutputArea:has(.labs-exam) .labs-no-exam {display: none} "
    ".jp-OutputArea:has(.labs-no-exam) .jp-OutputArea-output.jupyter-widgets"
    ":not(:has(.labs-exam)) {display: none}</style>"
    '<div class="labs-no-exam">No exam here? <b>Run this cell again.</b> Your answers are kept, '
    "and the clock stands meanwhile.</div>"
)

_STYLE = (
    "<style>"
    ".labs-exam-question {max-width: 60em; line-height: 1.5} "
    ".labs-exam-question p {margin: 0 0 0.6em} "
    ".labs-exam .widget-html-content {line-height: 1.4 !important; white-space: normal} "
    ".labs-exam .labs-option > button {width: 3.4em} "
    f".labs-exam button:focus-visible {{{FOCUS}}} "
    ".labs-exam .widget-box:not(.labs-option) > button {width: auto; min-width: 3.4em} "
    ".labs-exam.widget-box > button {width: auto} "
    ".labs-row:not(.labs-option) {flex-wrap: wrap; max-width: 60em; border-top: 1px solid #8884} "
    ".labs-row:not(.labs-option) > .widget-html {flex: 1 1 26em}"
    "</style>"
)
