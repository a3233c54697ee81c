import json
import os
import subprocess
import sys

import pytest

from labs_lib import settings
from labs_lib.course import progress

OLD = {"version": 1, "passed": {"start": {"ex1": "2026-01-01T00:00:00+00:00"}}}


@pytest.fixture
def person(tmp_path, monkeypatch):
    """A person's own data folder, and an installation without progress."""
    monkeypatch.setenv("LABS_MODE", "learn")
    monkeypatch.delenv("LABS_PROGRESS", raising=False)
    monkeypatch.setattr(
        progress.platformdirs, "user_data_path", lambda *a, **k: tmp_path / "me"
    )
    monkeypatch.setattr(settings, "ROOT", tmp_path / "course")
    return tmp_path


def test_progress_belongs_to_the_person(person):
    progress.attempt("start", "ex1", passed=True)
    assert progress.path() == person / "me" / "progress.json"
    assert list(progress.passed()) == ["start"]


def test_what_an_earlier_version_kept_is_taken_along_once(person):
    old = person / "course" / ".labs" / "progress.json"
    old.parent.mkdir(parents=True)
    old.write_text(json.dumps(OLD))
    assert progress.passed() == OLD["passed"]
    assert not progress.path().exists()
    progress.attempt("start", "quiz1", choice="a", passed=True)
    assert list(progress.passed()["start"]) == ["ex1", "quiz1"]
    assert json.loads(old.read_text()) == OLD
    old.write_text("{")
    assert list(progress.passed()["start"]) == ["ex1", "quiz1"]


def test_the_old_form_is_read_and_written_anew(progress_file):
    progress_file.write_text(json.dumps(OLD))
    progress.attempt("start", "ex1")
    assert json.loads(progress_file.read_text())["version"] == 2
    record = progress.load()["start"]["ex1"]
    assert (record.attempts, record.passed) == (2, OLD["passed"]["start"]["ex1"])


@pytest.mark.parametrize(
    "content",
    [
        '{"version": 2, "labs": {"start": {"ex1": {"attempts": "1"}}}}',
        '{"version": 2, "labs": {"start": {"ex1": {"passed": 1}}}}',
        '{"version": 2, "labs": {"start": {"ex1": {"tries": 1}}}}',
        '{"version": 2, "labs": {"start": []}}',
        "null",
    ],
)
def test_a_damaged_file_is_named_and_kept(progress_file, content):
    progress_file.write_text(content)
    with pytest.raises(ValueError, match="is not a progress file"):
        progress.load()
    assert "is not a progress file" in progress.attempt("start", "ex1")
    assert progress.of("start") == {}
    assert progress_file.read_text() == content


WRITER = """
import sys
from labs_lib.course import progress
for i in range(25):
    problem = progress.attempt("start", f"{sys.argv[1]}{i}", passed=True)
    assert problem is None, problem
    progress.attempt("start", "shared")
"""


def test_kernels_that_write_at_once_lose_nothing(progress_file):
    children = [
        subprocess.Popen([sys.executable, "-c", WRITER, name], env=dict(os.environ))
        for name in "abc"
    ]
    assert [child.wait(timeout=120) for child in children] == [0, 0, 0]
    records = progress.load()["start"]
    assert records["shared"].attempts == 75
    assert len(records) == 76
    assert [file.name for file in progress_file.parent.iterdir()] == [progress_file.name]


def test_the_lock_of_a_kernel_that_died_is_not_waited_for(progress_file):
    lock = progress_file.with_name(f".{progress_file.name}.lock")
    lock.touch()
    assert progress.attempt("start", "ex1") is None
    assert not lock.exists()


def test_a_bet_may_change_until_it_is_measured(progress_file):
    progress.bet("start", "bet_x", "higher")
    progress.bet("start", "bet_x", "lower")
    progress.close("start", "bet_x")
    progress.bet("start", "bet_x", "higher")
    assert progress.load()["start"]["bet_x"].choice == "lower"


def test_hints_count_the_furthest_one_that_was_read(progress_file):
    for number in (1, 2, 1):
        assert progress.hint("start", "ex1", number) is None
    progress.attempt("start", "ex1")
    record = progress.load()["start"]["ex1"]
    assert (record.hints, record.attempts, record.passed) == (2, 1, None)
    progress.attempt("start", "quiz1", choice="a")
    written = json.loads(progress_file.read_text())["labs"]["start"]
    assert written["ex1"] == {"attempts": 1, "hints": 2}
    assert written["quiz1"] == {"attempts": 1, "choice": "a"}


def test_a_hint_that_cannot_be_noted_is_still_given(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LABS_MODE", "learn")
    monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "file" / "progress.json"))
    from labs_lib.labs.start.exercises import lab

    assert "Hint" in lab.ex1.hint().title
