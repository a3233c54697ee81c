"""A learner opens the course in JupyterLab, fails, passes, and sees the progress."""

import json
import re

import pytest

from tests.ui.jupyterlab import Notebook

pytestmark = pytest.mark.xdist_group("ui")


@pytest.fixture(scope="module")
def start(browser, server):
    notebook = Notebook(browser, server[0], "00_start_here.ipynb")
    notebook.restart_and_run_all()
    yield notebook
    notebook.page.close()


@pytest.fixture(scope="module")
def lab(browser, server):
    path = "2_train/10_algorithms.ipynb"
    notebook = Notebook(browser, server[0], path, theme="JupyterLab Dark")
    notebook.restart_and_run_all()
    yield notebook
    notebook.page.close()


@pytest.fixture(scope="module")
def metrics(browser, server):
    notebook = Notebook(browser, server[0], "2_train/20_metrics.ipynb")
    notebook.restart_and_run_all()
    yield notebook
    notebook.page.close()


@pytest.mark.parametrize("name", ["start", "lab", "metrics"])
def test_run_all_leaves_no_error(name, request):
    notebook = request.getfixturevalue(name)
    assert notebook.prompts() == sorted(notebook.prompts())
    assert notebook.outputs_of_kind("error") == []
    assert notebook.outputs_of_kind("stderr") == []
    assert notebook.errors == []


def test_untouched_exercises_say_so(lab):
    outputs = lab.page.locator(".jp-OutputArea").all_inner_texts()
    assert sum("not attempted" in text for text in outputs) == 4


def test_a_wrong_answer_is_named_and_a_right_one_recorded(start, server):
    assert "That is the recall" in start.type_and_run(
        "lab.ex1.check", "accuracy = 0\nlab.ex1.check(accuracy)"
    )
    assert not server[1].exists()
    assert "passed" in start.type_and_run(
        "lab.ex1.check", "accuracy = 1 - 11 / 1_100\nlab.ex1.check(accuracy)"
    )
    assert "ex1" in json.loads(server[1].read_text())["passed"]["start"]


def test_hints_come_one_after_the_other(start):
    assert "Hint 1 of 3" in start.type_and_run("lab.ex1.check", "lab.ex1.hint()")
    assert "Hint 2 of 3" in start.type_and_run("lab.ex1.hint", "lab.ex1.hint()")


def test_the_quiz_explains_each_click(start, server):
    quiz = start.cell("lab.quiz()")
    radios = quiz.locator("input[type=radio]")
    assert radios.count() == 4
    radios.nth(0).check()
    quiz.get_by_text("not the best choice").wait_for()
    radios.nth(1).check()
    quiz.get_by_text("Question 1, b: right").wait_for()
    assert "quiz1" in json.loads(server[1].read_text())["passed"]["start"]


def test_a_long_answer_wraps_beside_its_button(start):
    before = start.page.viewport_size
    start.page.set_viewport_size({"width": 600, "height": before["height"]})
    labels = start.cell("lab.quiz()").locator(".widget-radio-box label")
    places = labels.evaluate_all(
        """labels => labels.map(label => {
            const [text, button] = [label, label.querySelector("input")].map(
                part => part.getBoundingClientRect());
            return [text.height, button.top - text.top]})"""
    )
    start.page.set_viewport_size(before)
    heights, offsets = zip(*places, strict=True)
    assert max(heights) > 1.5 * min(heights)  # some answer wraps
    assert max(offsets) < 10


def test_progress_is_shown(start):
    shown = start.type_and_run("overview.my_progress()", "overview.my_progress()")
    assert "ex1" in shown.split("start")[1].splitlines()[0]


def test_the_lab_takes_a_wrong_and_a_right_answer(lab, server):
    wrong = "def unweight(score, weight):\n    return score / weight\n\n\nlab.ex4.check(unweight)"
    assert "Divide the odds" in lab.type_and_run("lab.ex4.check", wrong)
    right = wrong.replace("score / weight", "score / (score + weight * (1 - score))")
    assert "passed" in lab.type_and_run("lab.ex4.check", right)
    assert "ex4" in json.loads(server[1].read_text())["passed"]["train/algorithms"]


def test_figures_are_there_and_described(lab):
    widths = lab.figures()
    assert len(widths) >= 3
    assert all(width > 300 for width in widths)


def test_the_slider_moves_the_threshold_and_its_consequences(metrics):
    cell = metrics.cell("slider(y[test]")
    shown = cell.locator(".widget-html-content")
    before = shown.inner_text()
    handle = cell.locator(".labs-threshold .noUi-handle")
    for _ in range(20):
        handle.press("ArrowRight")
    metrics.page.wait_for_function(
        "([shown, before]) => shown.innerText !== before",
        arg=[shown.element_handle(), before],
    )
    after = shown.inner_text()
    assert _value(after, "threshold") > _value(before, "threshold")
    assert _value(after, "alerts a day") < _value(before, "alerts a day")
    assert _value(after, "cost") != _value(before, "cost")


def _value(table: str, name: str) -> float:
    return float(re.search(rf"{name}\s+([\d.,]+)", table)[1].replace(",", ""))
