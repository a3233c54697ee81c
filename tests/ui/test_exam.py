"""A learner takes an exam in JupyterLab by keyboard only, from the first to the last question."""

import nbformat
import pytest

from labs_lib.course.exam import bank, paper
from labs_lib.course.exam.asked import Asked
from tests.course.exam import examples
from tests.ui.jupyterlab import Notebook

pytestmark = pytest.mark.xdist_group("ui")

KINDS = {"choice", "response", "ordering", "matching"}
SMALL = """\
from pathlib import Path
from labs_lib.course.exam import bank

made = tuple(bank.load(Path("exam.toml"), "train/xgboost"))
bank.items = lambda: made
"""
FOCUSED = """() => {
    const [now, exam] = [document.activeElement, document.querySelector(".labs-exam")];
    return exam && exam.contains(now) ? now.textContent : null}"""


class Keyboard:
    """Hands that only know Tab and Enter."""

    def __init__(self, page):
        self.page = page

    def press(self, name, *, back=False):
        """Go to the next button with this text, forwards or back, and press Enter."""
        self.to(name, back=back)
        self.page.keyboard.press("Enter")

    def to(self, name, *, back=False):
        for _ in range(120):
            if self.page.evaluate(FOCUSED) == name:
                return
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"No button {name!r} within reach of Tab")

    def wait_for(self, text):
        self.page.locator(".labs-exam").get_by_text(text).first.wait_for()

    def wait_for_focus(self, name):
        """Wait until the focus is where a question begins."""
        self.page.wait_for_function(f"name => ({FOCUSED})() === name", arg=name)

    def answer(self, asked, *, wrong=False):
        """Answer the question shown, whose first button has the focus."""
        right, order = asked.item.right, asked.order
        if asked.item.kind == "matching":
            for line, part in enumerate(order):
                for _ in range(right[part] + (line > 0)):
                    self.page.keyboard.press("Tab")
                self.page.keyboard.press("Enter")
                letter = "abcdefg"[right[part]]
                self.wait_for_focus(f"{letter} ✓")
                for _ in range(len(asked.matches) - right[part] - 1):
                    self.page.keyboard.press("Tab")
            return
        chosen = [(right[0] + 1) % 4] if wrong else right
        at = 0
        for place, part in enumerate(chosen, start=1):
            line = order.index(part)
            for _ in range(abs(line - at)):
                self.page.keyboard.press("Tab" if line > at else "Shift+Tab")
            self.page.keyboard.press("Enter")
            letter = "abcdefg"[line]
            ordering = asked.item.kind == "ordering"
            self.wait_for_focus(f"{letter}: {place}." if ordering else f"{letter} ✓")
            at = line


def opened(browser, server, course, code, theme="JupyterLab Light"):
    """Open a notebook with one cell, run it by keyboard, and return it with its keyboard."""
    cell = nbformat.v4.new_code_cell(code)
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(notebook, course / "exam.ipynb")
    lab = Notebook(browser, server[0], "exam.ipynb", theme=theme)
    lab.page.keyboard.press("Control+Enter")
    lab.wait()
    return lab, Keyboard(lab.page)


def test_an_exam_with_every_kind_by_keyboard(browser, server, course):
    (course / "exam.toml").write_text(examples.BANK, encoding="utf-8")
    items = bank.load(course / "exam.toml", "train/xgboost")
    seed = next(
        seed
        for seed in range(100)
        if {item.kind for item in paper.draw(items, seed=seed, questions=4)} == KINDS
    )
    questions = [Asked(i, seed) for i in paper.draw(items, seed=seed, questions=4)]
    code = f"from labs_lib.course import exam\n\n{SMALL}exam.sit(questions=4, seed={seed})"
    lab, keys = opened(browser, server, course, code, theme="JupyterLab Dark")
    keys.press("Begin")
    for number, asked in enumerate(questions, start=1):
        keys.wait_for(f"Question {number} of 4")
        keys.wait_for_focus("a")
        keys.answer(asked)
        lab.page.screenshot(path=str(course / f"exam_{asked.item.kind}.png"))
        if number == 3:
            keys.press("Flag")
            keys.wait_for("flagged")
            keys.press("Stop")
            keys.press("Go on")
            keys.wait_for("Question 4 of 4")
        elif number < 4:
            keys.press("Next")
    keys.press("List")
    keys.wait_for("is flagged")
    lab.page.screenshot(path=str(course / "exam_list.png"))
    keys.press("Hand in", back=True)
    keys.press("Hand in now")
    keys.wait_for("4 of 4 right (100%)")
    lab.page.screenshot(path=str(course / "exam_result.png"))
    assert lab.dead_links() == []
    assert lab.errors == []
    assert lab.outputs_of_kind("stderr") == []
    lab.save_and_close()


def test_an_exam_of_65_questions_by_keyboard(browser, server, course):
    questions = [Asked(item, 7) for item in paper.draw(bank.items(), seed=7)]
    code = "from labs_lib.course import exam\n\nexam.sit(seed=7)"
    lab, keys = opened(browser, server, course, code)
    keys.press("Begin")
    for number, asked in enumerate(questions, start=1):
        keys.wait_for(f"Question {number} of 65")
        keys.wait_for_focus("a")
        keys.answer(asked, wrong=number % 5 == 0 and asked.item.kind == "choice")
        if number < 65:
            keys.press("Next")
    keys.press("Hand in")
    keys.press("Hand in now")
    wrong = sum(n % 5 == 0 and a.item.kind == "choice" for n, a in enumerate(questions, 1))
    keys.wait_for(f"{65 - wrong} of 65 right")
    keys.press("What was missed, with reasons")
    keys.wait_for("Your answer:")
    lab.page.screenshot(path=str(course / "exam_missed.png"))
    assert lab.errors == []
    lab.save_and_close()
