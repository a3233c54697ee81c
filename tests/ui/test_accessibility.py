"""What a learner sees breaks no rule of accessibility, in a light and in a dark theme."""

import nbformat
import pytest

from labs_lib.course import catalog
from tests.ui.accessibility import violations
from tests.ui.jupyterlab import Notebook
from tests.ui.test_exam import opened

pytest.importorskip(
    "axe_playwright_python", reason="axe-core is not installed: pip install -e .[ui]"
)
pytestmark = pytest.mark.xdist_group("ui")

THEMES = ("JupyterLab Light", "JupyterLab Dark")
# The first lab of each part that has one.
FIRST = {lab.part.id: lab for lab in reversed(catalog.labs())}


def in_both_themes(notebook):
    """Return what is found in each theme."""
    found = {}
    for theme in THEMES:
        notebook.change_theme(theme)
        found[theme] = violations(notebook)
    return found


CLEAN = {theme: [] for theme in THEMES}


def test_start_page_quiz_and_panels(browser, server):
    start = Notebook(browser, server[0], "00_start_here.ipynb")
    start.restart_and_run_all()
    quiz = start.cell("lab.quiz()")
    for letter, place in (("a", 0), ("b", 1)):
        quiz.locator(".labs-option button").nth(place).click()
        quiz.get_by_text(f"Question 1, {letter}:").wait_for()
        assert violations(start) == []
    said = start.type_and_run(
        "lab.ex1.check",
        """\
for answer in (0, 1 - 11 / 1_100, ...):
    display(lab.ex1.check(answer))
display(lab.ex1.hint(), lab.ex1.solution())""",
    )
    for shown in ("not attempted", "That is the recall", "passed", "Hint", "Solution"):
        assert shown in said
    waits = start.type_and_go_on(
        "overview.course_map()",
        """\
from time import sleep
from labs_lib.course.waiting import waiting

with waiting("one seed runs again"):
    sleep(600)""",
    )
    waits.get_by_text("one seed runs again").wait_for()
    assert in_both_themes(start) == CLEAN
    start.command("notebook:interrupt-kernel", {})
    start.page.close()


def test_a_lab_with_figures_and_a_slider(browser, server):
    lab = Notebook(browser, server[0], "2_train/25_threshold.ipynb")
    lab.restart_and_run_all()
    images = lab.page.locator(".jp-OutputArea-output img")
    assert images.count() >= 2
    assert all(images.evaluate_all("images => images.map(image => image.alt.length > 20)"))
    lab.page.locator(".labs-threshold .noUi-handle").wait_for()
    assert in_both_themes(lab) == CLEAN
    lab.page.close()


@pytest.mark.parametrize("part", FIRST)
def test_a_solved_lab_of_each_part(browser, server, part):
    lab = FIRST[part]
    solved = Notebook(browser, server[0], f"solutions/{lab.stem}.ipynb")
    solved.page.locator(".jp-OutputArea table").first.wait_for()
    assert in_both_themes(solved) == CLEAN
    solved.page.close()


def test_an_exam(browser, server, course):
    code = "from labs_lib.course import exam\n\nexam.sit(seed=7)"
    lab, keys = opened(browser, server, course, code)
    keys.wait_for("A practice exam")
    found = [in_both_themes(lab)]
    keys.press("Begin")
    keys.wait_for("Question 1 of 65")
    keys.press("a")
    keys.wait_for("1 answered")
    found.append(in_both_themes(lab))
    keys.press("Flag")
    keys.press("List")
    keys.wait_for("is flagged")
    found.append(in_both_themes(lab))
    keys.press("Hand in", back=True)
    keys.wait_for("Hand in?")
    found.append(in_both_themes(lab))
    keys.press("Hand in now")
    keys.wait_for("of 65 right")
    found.append(in_both_themes(lab))
    keys.press("What was missed, with reasons")
    keys.wait_for("Your answer:")
    found.append(in_both_themes(lab))
    assert found == [CLEAN] * 6
    lab.save_and_close()


BROKEN = {
    "color-contrast": "<p style='color: #aaa; background: #fff'>Hardly to be read</p>",
    "image-alt": "<img width='90' height='90' src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>",
    "button-name": "<button></button>",
    "heading-order": "<h2>One</h2><h4>Two</h4>",
    "link-in-text-block": "<p>Words, <a href='x' style='color: #444'>a link</a>, words.</p>",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_what_breaks_a_rule_is_found(page_with, rule):
    found = violations(page_with(BROKEN[rule]))
    assert [problem.split(":")[0] for problem in found] == [rule]


@pytest.fixture(scope="module")
def page_with(browser, server, course):
    """A notebook that shows a piece of HTML."""
    cell = nbformat.v4.new_code_cell("1")
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(notebook, course / "shown.ipynb")
    lab = Notebook(browser, server[0], "shown.ipynb")

    def show(html):
        code = f'from IPython.display import HTML\n\nHTML("""{html}<p>Some words</p>""")'
        assert "Some words" in lab.type_and_run("", code)
        return lab

    yield show
    lab.page.close()
