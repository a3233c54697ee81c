"""The kernel's extension: a name that is not there names the way."""

import os

import pytest
from IPython.core.interactiveshell import InteractiveShell

from labs_lib.course import session


@pytest.fixture
def shell(monkeypatch):
    monkeypatch.setenv("LABS_MODE", "learn")
    shell = InteractiveShell()
    session.load_ipython_extension(shell)
    return shell


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


def test_waiting_threads_sleep_unless_somebody_said_otherwise(monkeypatch, shell):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    session.load_ipython_extension(shell)
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    session.load_ipython_extension(shell)
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


@pytest.mark.parametrize("mode", ["build", "wrong"])
def test_only_for_a_learner(monkeypatch, capsys, mode):
    monkeypatch.setenv("LABS_MODE", mode)
    shell = InteractiveShell()
    session.load_ipython_extension(shell)
    assert notes(shell.run_cell("nowhere_defined")) == []
