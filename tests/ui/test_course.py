"""A learner opens the course in JupyterLab, fails, passes, and sees the progress."""

import json
import re
import shutil

import pytest

from labs_lib.course import catalog
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
def threshold(browser, server):
    notebook = Notebook(browser, server[0], "2_train/25_threshold.ipynb")
    notebook.restart_and_run_all()
    yield notebook
    notebook.page.close()


@pytest.mark.parametrize("name", ["start", "lab", "threshold"])
def test_run_all_leaves_no_error(name, request):
    notebook = request.getfixturevalue(name)
    assert notebook.prompts() == sorted(notebook.prompts())
    assert notebook.outputs_of_kind("error") == []
    assert notebook.outputs_of_kind("stderr") == []
    assert notebook.errors == []


@pytest.mark.parametrize("name", ["start", "threshold"])
def test_every_link_leads_somewhere(name, request):
    notebook = request.getfixturevalue(name)
    assert notebook.dead_links() == []


@pytest.mark.parametrize("page", catalog.DOCUMENTS)
def test_every_link_of_a_page_leads_somewhere(page, browser, server):
    opened = browser.new_page()
    opened.goto(f"{server[0]}/tree/{page}?reset")  # rendered, not its source
    opened.locator(".jp-MarkdownViewer h1").first.wait_for()
    links = opened.locator(".jp-MarkdownViewer a[href]")
    found = set(links.evaluate_all("links => links.map(link => link.href.split('#')[0])"))
    local = [link for link in found if link.startswith(server[0].removesuffix("/lab"))]
    assert [link for link in local if not opened.request.get(link).ok] == []
    opened.close()


def test_the_data_cards_open_beside_the_lab(threshold):
    threshold.page.locator(".jp-RenderedMarkdown a", has_text="data cards").first.click()
    heading = threshold.page.locator(".jp-MarkdownViewer h2", has_text="world of payments")
    try:
        heading.wait_for()
    finally:
        # Left open, it would cover the notebook of the tests that follow.
        threshold.command("application:close", {})
    threshold.page.wait_for_selector(".jp-Notebook .jp-Cell")


def test_nobody_is_asked_about_news(start):
    # JupyterLab would ask as soon as it is open.
    assert start.page.locator(".Toastify__toast").all_inner_texts() == []


def test_untouched_exercises_say_so(lab):
    outputs = lab.page.locator(".jp-OutputArea").all_inner_texts()
    assert sum("not attempted" in text for text in outputs) == 3


def recorded(server):
    """Return what is recorded of each lab; before the first answer there is no file."""
    return json.loads(server[1].read_text())["labs"] if server[1].exists() else {}


def test_a_wrong_answer_is_named_and_a_right_one_recorded(start, server):
    assert "That is the recall" in start.type_and_run(
        "lab.ex1.check", "accuracy = 0\nlab.ex1.check(accuracy)"
    )
    record = recorded(server)["start"]["ex1"]
    assert "passed" not in record
    assert "passed" in start.type_and_run(
        "lab.ex1.check", "accuracy = 1 - 11 / 1_100\nlab.ex1.check(accuracy)"
    )
    assert recorded(server)["start"]["ex1"]["attempts"] == record["attempts"] + 1
    assert recorded(server)["start"]["ex1"]["passed"]


def test_hints_come_one_after_the_other(start):
    assert "Hint 1 of 3" in start.type_and_run("lab.ex1.check", "lab.ex1.hint()")
    assert "Hint 2 of 3" in start.type_and_run("lab.ex1.hint", "lab.ex1.hint()")


def test_the_quiz_is_answered_by_keyboard_and_explains(start, server):
    quiz = start.cell("lab.quiz()")
    buttons = quiz.locator(".labs-option button")
    assert buttons.count() == 4
    assert quiz.get_by_text("Run this cell again").is_hidden()
    buttons.nth(0).focus()
    start.page.keyboard.press("Tab")  # moves and answers nothing
    focused = "() => document.activeElement.textContent"
    start.page.wait_for_function(f"() => ({focused})() === 'b'")
    start.wait_for_focus(".labs-quiz .labs-option")
    assert "quiz1" not in recorded(server).get("start", {})
    start.page.keyboard.press("Enter")
    quiz.get_by_text("Question 1, b: right").wait_for()
    assert start.page.evaluate(focused) == "b"
    assert recorded(server)["start"]["quiz1"]["choice"] == "b"
    assert recorded(server)["start"]["quiz1"]["passed"]


def test_a_click_on_the_text_chooses_and_the_first_answer_stands(start, server):
    quiz = start.cell("lab.quiz()")
    text = quiz.locator(".labs-option .widget-html").nth(0)
    text.scroll_into_view_if_needed()
    place = text.bounding_box()
    start.page.mouse.click(place["x"] + 30, place["y"] + 5)
    quiz.get_by_text("Your first choice was b").wait_for()
    assert "Question 1, a: not the best choice" in quiz.locator(".labs-reason").inner_text()
    assert recorded(server)["start"]["quiz1"]["choice"] == "b"
    assert recorded(server)["start"]["quiz1"]["attempts"] == 2


def test_a_long_answer_wraps_beside_its_button_in_single_lines(start):
    before = start.page.viewport_size
    start.page.set_viewport_size({"width": 600, "height": before["height"]})
    quiz = start.cell("lab.quiz()")
    places = quiz.locator(".labs-option").evaluate_all(
        """rows => rows.map(row => {
            const [button, text] = ["button", ".widget-html-content"].map(
                part => row.querySelector(part).getBoundingClientRect());
            return [text.height, button.top - text.top, text.left - button.right]})"""
    )
    lines = quiz.locator(".labs-reason .widget-html-content > div").evaluate(
        "part => parseFloat(getComputedStyle(part).lineHeight) / "
        "parseFloat(getComputedStyle(part).fontSize)"
    )
    start.page.set_viewport_size(before)
    heights, offsets, gaps = zip(*places, strict=True)
    assert max(heights) > 1.5 * min(heights)  # some answer wraps
    assert max(map(abs, offsets)) < 10
    assert min(gaps) > 0
    assert lines < 1.6


def test_what_takes_long_says_so_while_it_runs(start):
    code = """\
from time import sleep
from labs_lib.course.waiting import waiting

with waiting("one seed runs again"):
    sleep(8)
overview.course_map()"""
    output = start.type_and_go_on("overview.course_map()", code).locator(
        ".jp-Cell-outputArea"
    )
    output.get_by_text("one seed runs again").wait_for()
    first = output.inner_text()
    start.page.wait_for_timeout(2_000)
    assert output.inner_text() != first  # the seconds count
    output.get_by_text("prepare/balance").wait_for()
    assert "one seed runs again" not in output.inner_text()


def test_progress_is_shown(start):
    shown = start.type_and_run("home.show()", "home.show()")
    # Other tests have passed and missed things in other labs.
    assert re.search(r"Train\s+\d+ of \d+ passed", shown)
    assert "Next: " in shown
    assert "Your progress is kept in" in shown


def test_the_lab_takes_a_wrong_and_a_right_answer(lab, server):
    wrong = 'changed = {"a"}\n\n\nlab.ex1.check(changed)'
    assert "more often than a narrow one" in lab.type_and_run("lab.ex1.check", wrong)
    right = wrong.replace('"a"', '"a", "d"')
    assert "passed" in lab.type_and_run("lab.ex1.check", right)
    assert recorded(server)["train/algorithms"]["ex1"]["passed"]


def test_the_next_day_the_quiz_says_what_to_do_and_knows_what_was_chosen(
    browser, server, course
):
    shutil.copy(course / "00_start_here.ipynb", course / "two_days.ipynb")
    day = Notebook(browser, server[0], "two_days.ipynb")
    day.restart_and_run_all()
    quiz = day.cell("lab.quiz()")
    quiz.locator(".labs-option button").nth(1).click()
    quiz.get_by_text("Question 1, b: right").wait_for()
    day.save_and_close()
    day = Notebook(browser, server[0], "two_days.ipynb", theme="JupyterLab Dark")
    quiz = day.cell("lab.quiz()")
    quiz.get_by_text("Run this cell again").wait_for()
    day.page.wait_for_timeout(3_000)  # the error would come late
    assert "not found" not in quiz.locator(".jp-OutputArea").first.inner_text()
    assert "Run > Run All Above Selected Cell" in day.run("lab.quiz()")
    label = "() => window.jupyterapp.commands.label('notebook:run-all-above')"
    assert day.page.evaluate(label) == "Run All Above Selected Cell"
    day.restart_and_run_all()
    quiz.get_by_text("Question 1, b: right").wait_for()
    quiz.scroll_into_view_if_needed()
    day.page.screenshot(path=str(course / "next_day.png"))
    assert quiz.locator(".labs-option button.mod-success").inner_text() == "b"
    assert quiz.get_by_text("Run this cell again").is_hidden()
    day.page.close()


def test_figures_are_there_and_described(lab):
    widths = lab.figures()
    assert len(widths) >= 3
    assert all(width > 300 for width in widths)


def test_the_slider_moves_the_threshold_and_its_consequences(threshold):
    cell = threshold.cell("slider(label, score")
    shown = cell.locator(".widget-html-content")
    before = shown.inner_text()
    handle = cell.locator(".labs-threshold .noUi-handle")
    for _ in range(20):
        handle.press("ArrowRight")
    threshold.page.wait_for_function(
        "([shown, before]) => shown.innerText !== before",
        arg=[shown.element_handle(), before],
    )
    after = shown.inner_text()
    assert _value(after, "threshold") > _value(before, "threshold")
    assert _value(after, "alerts a day") < _value(before, "alerts a day")
    assert _value(after, "cost") != _value(before, "cost")


def _value(table: str, name: str) -> float:
    return float(re.search(rf"{name}\s+([\d.,]+)", table)[1].replace(",", ""))
