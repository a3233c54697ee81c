import json
import os
import secrets
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from labs_lib.course.classroom import columns, command, folder, membership, sender
from labs_lib.course.classroom.folder_page import FolderPage
from labs_lib.labs.start.exercises import lab

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes or files")
STATE = {"start": {"ex1": {"attempts": 2, "passed": False}}}


@pytest.fixture
def shared(tmp_path, heads):
    """A class in a folder with a space and a letter of another script."""
    where = tmp_path / "our class ж"
    assert folder.prepare(where, "K7RM-4WPT", columns.items(heads)) == "K7RM-4WPT"
    return where


@pytest.fixture
def page(shared, heads, clock):
    return FolderPage(shared, heads, code="K7RM-4WPT", clock=clock, wall=clock)


def learners(page, clock):
    clock.now += 5
    said = page.refresh()
    return {each.name: each.state for each in page.room.learners.values()}, said


def dropped(shared, name, state=STATE, **changes):
    member = replace(folder.join(shared, name), number=1, **changes)
    folder.drop(member, state)
    return member


def test_what_a_learner_writes_is_seen(progress_file, shared, page, clock, capsys):
    command.join(str(shared), "Ana", None)
    assert learners(page, clock) == ({"Ana": {}}, "")
    lab.ex1.check(0.01)
    sender.send()
    sent = {"start": {"ex1": {"attempts": 1, "passed": False}}}
    assert learners(page, clock) == ({"Ana": sent}, "")
    capsys.readouterr()
    command.status()
    shown = capsys.readouterr().out
    body = json.loads(shown[shown.index("{") :])
    (file,) = set(shared.iterdir()) - {shared / "class.json"}
    assert json.loads(file.read_text()) == {**body, "number": body["number"] - 1}
    command.leave()
    assert learners(page, clock) == ({}, "")
    assert not file.exists()


@posix
def test_only_the_owner_lists_the_folder_and_everybody_writes(shared, tmp_path):
    assert folder.warnings(shared) == []
    shared.chmod(0o777)
    assert "list the folder" in folder.warnings(shared)[0]
    assert "remove each other's files" in folder.warnings(shared)[1]
    shared.chmod(0o700)
    assert "cannot write into it" in folder.warnings(shared)[0]


@posix
def test_another_user_can_read_the_file_whatever_the_umask(shared):
    before = os.umask(0o077)
    try:
        member = dropped(shared, "Ana")
    finally:
        os.umask(before)
    assert (shared / f"{member.token}.json").stat().st_mode & 0o777 == 0o644


@pytest.fixture
def open_folder():
    """A folder that every user reaches; those of pytest are private."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o711)
        if not as_user(12_001, lambda: os.stat(f"{name}/.")):
            pytest.skip("the folder for temporary files is closed to other users")
        yield Path(name)


def as_user(number, action):
    """Do something as another user; return whether the system allowed it."""
    child = os.fork()
    if not child:
        code = 2
        try:
            os.setgroups([])
            os.setgid(number)
            os.setuid(number)
            action()
            code = 0
        except PermissionError:
            code = 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 1)
    return code == 0


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0, reason="needs to be several users"
)
def test_two_users_cannot_read_or_remove_each_other(open_folder, heads):
    where = open_folder / "class"
    folder.prepare(where, "K7RM-4WPT", columns.items(heads))
    ana, bo = 12_001, 12_002
    member = folder.join(where, "Ana")
    file = where / f"{member.token}.json"
    assert as_user(ana, lambda: folder.drop(member, {}))
    assert as_user(ana, lambda: folder.drop(member, STATE))
    assert as_user(bo, lambda: folder.join(where, "Bo"))
    for forbidden in (
        lambda: os.listdir(where),
        lambda: os.unlink(file),
        lambda: os.unlink(where / "class.json"),
        lambda: file.write_text(""),
        lambda: (where / "class.json").write_text(""),
    ):
        assert not as_user(bo, forbidden)
    assert json.loads(file.read_text())["state"] == STATE
    assert as_user(ana, lambda: folder.remove(member))


def test_two_of_a_name_have_a_number_that_stays(shared, page, clock, heads):
    dropped(shared, "Ana", joined="2026-01-01T10:00:00")
    dropped(shared, "Ana", {}, joined="2026-01-01T09:00:00")
    expected = {"Ana": {}, "Ana 2": STATE}
    assert learners(page, clock)[0] == expected
    again = FolderPage(shared, heads, code="", clock=clock, wall=clock)
    assert learners(again, clock)[0] == expected


def test_files_that_are_none_are_left_out_and_said(shared, page, clock, tmp_path):
    dropped(shared, "Ana")
    names = iter(lambda: shared / f"{secrets.token_hex(16)}.json", None)
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(folder.content(folder.join(shared, "secret"), {})))
    bad = [b"", b"{", b"null", b"\xff", b"[" * 50_000, b" " * 70_000, b'{"name": "x"}']
    good = {"name": "x", "number": 1, "state": {}}
    bad += [
        json.dumps({**good, **change}).encode()
        for change in (
            {"name": ""}, {"name": 1}, {"number": -1}, {"number": 1.5}, {"state": 1},
            {"state": {"train/fit": {}}}, {"state": {"start": {"ex1": {"code": "x"}}}},
        )
    ]  # fmt: skip
    for content in bad:
        next(names).write_bytes(content)
    count = len(bad)
    if os.name != "nt":
        next(names).symlink_to(secret)
        os.mkfifo(next(names))
        count += 2
    next(names).mkdir()
    (shared / "notes.txt").write_text("not counted")
    found, said = learners(page, clock)
    assert found == {"Ana": STATE}
    assert said.startswith(f"{count + 1} file(s)")


def test_more_files_than_learners(shared, page, clock, monkeypatch):
    monkeypatch.setattr(folder, "LEARNERS", 3)
    for number in range(5):
        dropped(shared, f"L{number}")
    found, said = learners(page, clock)
    assert len(found) == 3
    assert said.startswith("2 file(s)")


def test_a_folder_that_goes_is_said_and_comes_back(shared, page, clock):
    dropped(shared, "Ana")
    away = shared.with_name("away")
    shared.rename(away)
    assert "cannot be read" in learners(page, clock)[1]
    away.rename(shared)
    assert learners(page, clock) == ({"Ana": STATE}, "")


def test_a_folder_keeps_its_class(shared, heads, tmp_path):
    assert folder.prepare(shared, "AAAA-AAAA", columns.items(heads)) == "K7RM-4WPT"
    with pytest.raises(ValueError, match="with other labs: start, prepare/split"):
        folder.prepare(shared, "AAAA-AAAA", {"train/fit": {"ex1": ""}})
    (shared / "class.json").write_text("{}")
    with pytest.raises(ValueError, match="is damaged"):
        folder.join(shared, "Ana")
    with pytest.raises(ValueError, match="There is no class in"):
        folder.join(tmp_path, "Ana")


def test_a_class_that_is_gone_is_told_to_status_alone(progress_file, shared, capsys):
    command.join(str(shared), "Ana", None)
    (shared / "class.json").unlink()
    lab.ex1.check(0.01)
    assert sender.send() is True
    assert "no longer there" in membership.load().problem
    membership.path().unlink()
