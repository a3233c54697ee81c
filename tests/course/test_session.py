"""The kernel's extension: a name that is not there names the way."""

import base64
import os
from html.parser import HTMLParser

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from labs_lib import plots
from labs_lib.course import run, session
from labs_lib.course.exercise import Outcome
from labs_lib.course.panel import Panel
from labs_lib.settings import ROOT


@pytest.fixture
def shell(monkeypatch):
    monkeypatch.setenv("LABS_MODE", "learn")
    shell = InteractiveShell()
    session.load_ipython_extension(shell)
    return shell


class Tags(HTMLParser):
    """The tags of a page with their attributes, in order."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def figure(shell, monkeypatch, alt):
    """Return what a cell with a figure shows: its bundles, in order."""
    shown = []
    monkeypatch.setattr(
        plots,
        "display",
        lambda thing: shown.append(shell.display_formatter.format(thing)[0]),
    )
    with plots.figure(title="A line", x="day (count)", y="cost (EUR)", alt=alt) as ax:
        ax.plot([1, 2], [1, 2])
    return shown


@pytest.mark.parametrize(
    "alt", ["It rises.", 'Of "a" & <b>, b\'s is higher.', "Kosten in €, ≥ 1"]
)
def test_a_figure_is_an_image_with_its_description(shell, monkeypatch, alt):
    picture, caption = figure(shell, monkeypatch, alt)
    [(tag, attributes)] = Tags(picture["text/html"]).found
    assert (tag, attributes["alt"]) == ("img", alt)
    kind, _, data = attributes["src"].partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert set(picture) == {"text/html", "text/plain"}  # the picture is in it once
    # Who hears the description of the image is not told it again.
    assert Tags(caption["text/html"]).found[0] == ("div", {"aria-hidden": "true"})
    assert caption["text/plain"] == alt


def test_a_figure_that_is_built_stays_a_png(monkeypatch):
    monkeypatch.setenv("LABS_MODE", "build")
    shell = InteractiveShell()
    session.load_ipython_extension(shell)
    picture, caption = figure(shell, monkeypatch, "It rises.")
    assert set(picture) == {"image/png", "text/plain"}
    assert "aria-hidden" not in caption["text/html"]


@pytest.mark.parametrize("kind", [Panel, Outcome])
def test_a_panel_is_announced(shell, kind):
    panel = kind("Exercise 1: passed", "Well done.")
    shown = shell.display_formatter.format(panel)[0]
    assert Tags(shown["text/html"]).found[0] == ("div", {"role": "status"})
    assert panel._repr_html_() in shown["text/html"]
    assert shown["text/plain"] == repr(panel)


def notes(result):
    return getattr(result.error_in_exec, "__notes__", [])


@pytest.mark.parametrize(
    "code",
    ["nowhere_defined + 1", "def f():\n    return nowhere_defined\nf()"],
    ids=["in the cell", "in a function of a cell"],
)
def test_a_missing_name_names_the_way(shell, capsys, code):
    assert notes(shell.run_cell(code)) == [session.RUN_ABOVE]
    shown = capsys.readouterr().out
    assert "NameError" in shown
    assert "nowhere_defined" in shown
    assert "Run > Run All Above Selected Cell" in shown


@pytest.mark.parametrize(
    "code",
    [
        "1 / 0",
        "def f():\n    x += 1\nf()",
        "import labs_lib\nexec('nowhere_defined', {})",
    ],
    ids=["another error", "unbound local", "a name of another module"],
)
def test_other_errors_stay_as_they_are(shell, capsys, code):
    assert notes(shell.run_cell(code)) == []


def test_the_error_stays_an_error(shell, capsys):
    assert shell.run_cell("nowhere_defined").success is False


@pytest.mark.parametrize(
    ("name", "default"), [("OMP_WAIT_POLICY", "PASSIVE"), ("OPENBLAS_NUM_THREADS", "1")]
)
def test_no_thread_spins_unless_somebody_said_otherwise(monkeypatch, shell, name, default):
    monkeypatch.setenv(name, "ACTIVE")
    session.load_ipython_extension(shell)
    assert os.environ[name] == "ACTIVE"
    monkeypatch.delenv(name)
    session.load_ipython_extension(shell)
    assert os.environ[name] == default


def test_a_kernel_has_the_threads_that_the_course_says(monkeypatch):
    """The libraries read the variables when they load, so the extension has to be before them."""
    for name in session.THREADS:
        monkeypatch.delenv(name, raising=False)
    cell = nbformat.v4.new_code_cell(
        "import numpy, scipy.linalg, threadpoolctl\n"
        "found = threadpoolctl.threadpool_info()\n"
        "sorted({p['num_threads'] for p in found if p['internal_api'] == 'openblas'})"
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    assert run.execute(notebook, mode="build", folder=ROOT, timeout=120).error is None
    # No OpenBLAS at all on a Mac.
    assert cell.outputs[0].data["text/plain"] in ("[1]", "[]")


@pytest.mark.parametrize("mode", ["build", "wrong"])
def test_only_for_a_learner(monkeypatch, capsys, mode):
    monkeypatch.setenv("LABS_MODE", mode)
    shell = InteractiveShell()
    session.load_ipython_extension(shell)
    assert notes(shell.run_cell("nowhere_defined")) == []
