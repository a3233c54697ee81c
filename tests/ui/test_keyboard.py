"""A learner with a keyboard and no mouse works through a lab, and always sees where the focus is."""

import json

import pytest

from tests.ui.jupyterlab import Notebook

pytestmark = pytest.mark.xdist_group("ui")

LAB = "2_train/25_threshold.ipynb"
RIGHT = """\
def break_even(amount, missed, alert, blocked):
    return (alert + blocked) / (amount + missed + blocked)


lab.ex1.check(break_even)"""
# Into what a cell shows, past what JupyterLab puts before it.
TABS = 8

ACTIVE = """() => {
    const cells = [...document.querySelectorAll(".jp-Notebook .jp-Cell")];
    return cells.findIndex(cell => cell.classList.contains("jp-mod-active"))}"""
# What a browser or JupyterLab draws around what has the focus.
RING = """() => {
    const style = getComputedStyle(document.activeElement);
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return outline || style.boxShadow !== "none"}"""


class Hands:
    """What fingers do, without a mouse; nothing is given the focus from outside."""

    def __init__(self, notebook):
        self.notebook, self.page = notebook, notebook.page

    def press(self, key):
        self.page.keyboard.press(key)

    def active(self):
        return self.page.evaluate(ACTIVE)

    def cells(self):
        return self.page.locator(".jp-Notebook .jp-Cell")

    def walk_to(self, text):
        """Go with the arrows to the first code cell that holds `text`; return the cell."""
        codes = self.cells().evaluate_all(
            "cells => cells.map(cell => cell.matches('.jp-CodeCell')"
            " ? cell.querySelector('.jp-InputArea-editor').innerText : '')"
        )
        goal = next(place for place, code in enumerate(codes) if text in code)
        for _ in codes:
            place = self.active()
            if place == goal:
                return self.cells().nth(goal)
            self.press("ArrowUp" if place > goal else "ArrowDown")
            self.page.wait_for_function(f"before => ({ACTIVE})() !== before", arg=place)
        raise AssertionError(f"The arrows do not lead to {text!r}")

    def type_and_run(self, code):
        """Replace the code of the active cell and run it; return what it shows."""
        cell = self.cells().nth(self.active())
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.text_content()
        self.press("Enter")
        self.notebook.wait_for_focus(".jp-mod-active .cm-content")
        self.press("Control+a")
        self.page.keyboard.insert_text(code)
        self.press("Control+Enter")
        self.page.wait_for_function(
            "([prompt, before]) => prompt.textContent !== before"
            " && /\\d/.test(prompt.textContent)",
            arg=[prompt.element_handle(), before],
        )
        self.notebook.wait_for_focus(".jp-Cell.jp-mod-active")
        return cell.locator(".jp-OutputArea").inner_text()

    def tab_to(self, selector):
        """Press Tab until the focus is on what `selector` finds, in sight; return the presses."""
        for presses in range(1, TABS + 1):
            self.press("Tab")
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                assert self.page.evaluate(RING), f"nothing shows the focus on {selector}"
                return presses
        raise AssertionError(f"{selector} is not reached by {TABS} times Tab")


@pytest.fixture(scope="module")
def hands(browser, server):
    notebook = Notebook(browser, server[0], LAB)
    yield Hands(notebook)
    notebook.page.close()


def test_every_cell_is_run_with_shift_and_enter(hands):
    count = hands.cells().count()
    for place in range(count - 1):
        assert hands.active() == place
        hands.press("Shift+Enter")
        hands.page.wait_for_function(f"before => ({ACTIVE})() !== before", arg=place)
    hands.press("Control+Enter")
    hands.notebook.wait()
    assert hands.cells().count() == count
    assert hands.notebook.outputs_of_kind("error") == []


def test_an_answer_is_typed_and_checked_and_a_hint_asked(hands, server):
    hands.walk_to("lab.ex1.check")
    assert "passed" not in hands.type_and_run(RIGHT.replace("alert + blocked", "alert"))
    assert "passed" in hands.type_and_run(RIGHT)
    records = json.loads(server[1].read_text())["labs"]["train/threshold"]
    assert records["ex1"]["passed"]
    hands.press("b")  # a cell below
    assert "Hint 1 of" in hands.type_and_run("lab.ex1.hint()")


def test_the_slider_is_moved(hands):
    cell = hands.walk_to("slider(label, score")
    shown = cell.locator(".widget-html-content")
    before = shown.inner_text()
    hands.tab_to(".labs-threshold .noUi-handle")
    for _ in range(5):
        hands.press("ArrowRight")
    hands.page.wait_for_function(
        "([shown, before]) => shown.innerText !== before",
        arg=[shown.element_handle(), before],
    )
    hands.notebook.wait_for_focus(".labs-threshold")  # it stays on the handle
    hands.press("Shift+Tab")


def test_the_quiz_is_answered(hands):
    quiz = hands.walk_to("lab.quiz()")
    option = ".labs-quiz .labs-option button"
    hands.tab_to(option)
    hands.press("Tab")
    hands.page.wait_for_function("s => document.activeElement.matches(s)", arg=option)
    assert hands.page.evaluate(RING)
    hands.press("Enter")
    quiz.get_by_text("Question 1, b:").wait_for()
    hands.press("Tab")
    hands.press("Space")
    quiz.get_by_text("Question 1, c:").wait_for()
    assert hands.page.evaluate(RING)
    assert hands.notebook.errors == []
