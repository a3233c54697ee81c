import os
import shutil
import subprocess
import sys
import time
from functools import partial

import psutil
import pytest

from labs_lib import files
from labs_lib.course import catalog
from labs_lib.settings import ROOT

from ..course.conftest import SOURCE
from ..course.test_trial import LESSON

LIMIT = 300
"""Seconds that one command may take on a machine under load."""


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch):
    """Leave coverage out of the processes here: it could not write either, and would say so."""
    monkeypatch.delenv("COVERAGE_PROCESS_START", raising=False)


@pytest.fixture
def labs(tmp_path):
    """Return a function that runs `labs` in a process of its own, as `tests.faults.child` says."""
    home = tmp_path / "home of 學生 é"
    home.mkdir()
    return partial(command, tmp_path, home)


def command(cwd, home, *words, course="-", fault="none", wait=True):
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "LABS_PROGRESS": str(home / "progress.json"),
        "LABS_MODE": "learn",
        "PYTHONUTF8": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.child", str(course), fault, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env=environment,
    )
    return finished(process) if wait else process


def finished(process):
    """Wait for a command; return it with its code, what it said, and no traceback in it."""
    said, errors = process.communicate(timeout=LIMIT)
    process.said, process.errors = said, errors
    assert "Traceback" not in errors, errors
    return process


def tiny(root, lesson):
    files.write_text(root / "labs_lib" / "labs" / "start" / "lesson.py", lesson)
    shutil.copy(
        catalog.find("start").folder / "quiz.toml", root / "labs_lib" / "labs" / "start"
    )
    (root / "notebooks").mkdir()
    return root


@pytest.fixture(scope="session")
def built_once(tmp_path_factory):
    """A course of one page, built: a kernel takes seconds, so this is done once."""
    folder = tmp_path_factory.mktemp("built")
    root = tiny(folder / "course", SOURCE)
    done = command(folder, folder, "build", "start", course=root)
    assert done.returncode == 0, done.errors
    return root


@pytest.fixture
def course_as_built(built_once, tmp_path):
    """A course in which nothing has changed since it was built."""
    root = tmp_path / "Müllers Kurs 課程"
    shutil.copytree(built_once, root)
    return root


@pytest.fixture
def built(course_as_built):
    """The same, but for its prose: a build has something to write, and executes nothing."""
    lesson = course_as_built / "labs_lib" / "labs" / "start" / "lesson.py"
    text = lesson.read_text(encoding="utf-8")
    lesson.write_text(text.replace("Chance scores", "Mere chance scores"), encoding="utf-8")
    return course_as_built


@pytest.fixture
def course_with_trial(tmp_path):
    """A course of one page that has a trial and nothing else."""
    return tiny(tmp_path / "Müllers Kurs 課程", LESSON)


def contents(folder):
    """Return every file of a folder by its path; hidden ones of the course are left out."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    }


def left_over(folder):
    """Return the names of what was not finished and lies about."""
    return [path.name for path in folder.rglob(".labs-*-*")]


def running_in(folder):
    """Return the processes that work in a folder or name it, but this one."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            words = [*process.cmdline(), process.cwd()]
        except psutil.Error:
            continue
        if any(str(folder) in word for word in words):
            found.append(process)
    return found


def wait_until(check, seconds=60):
    """Ask again until the answer is true; fail when the time is over."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found
