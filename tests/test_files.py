import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from labs_lib import files


def test_text_is_written_with_unix_line_ends(tmp_path):
    file = tmp_path / "new" / "a.txt"
    files.write_text(file, "ä\nb\n")
    assert file.read_bytes() == "ä\nb\n".encode()


def test_a_failure_keeps_the_old_content_and_leaves_nothing_behind(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("old")

    def interrupted():
        with files.replacing(file) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_suffix_stays(tmp_path):
    with files.replacing(tmp_path / "a.parquet") as temporary:
        assert temporary.suffix == ".parquet"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_others_may_read_what_is_written(tmp_path):
    file = tmp_path / "a.txt"
    files.write_text(file, "x")
    plain = tmp_path / "b.txt"
    plain.write_text("x")
    assert file.stat().st_mode == plain.stat().st_mode


def test_sha256(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    assert files.sha256(file).startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")


# Sets of files ------------------------------------------------------------------------------

OLD, NEW = (
    {name: f"{name} {age}" for name in ("a", "b", "last")} for age in ("old", "new")
)


def content(folder):
    return {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir()}


def test_a_set_is_written_and_other_files_stay(tmp_path):
    files.write_set(tmp_path / "new" / "set", NEW)
    assert content(tmp_path / "new" / "set") == NEW
    files.write_set(tmp_path, {"other": "x"} | OLD)
    files.write_set(tmp_path, NEW)
    (tmp_path / "new" / "set").rename(tmp_path.parent / f"{tmp_path.name}-moved")
    (tmp_path / "new").rmdir()
    assert content(tmp_path) == NEW | {"other": "x"}


@pytest.mark.parametrize("fails_at", range(8))
def test_a_failure_leaves_the_old_set(tmp_path, monkeypatch, fails_at):
    files.write_set(tmp_path, OLD)
    real, calls = files.os.replace, []

    def replace(*arguments):
        calls.append(arguments)
        if len(calls) == fails_at + 1:
            raise OSError("No space left on device")
        real(*arguments)

    monkeypatch.setattr(files.os, "replace", replace)
    if fails_at < 6:
        with pytest.raises(OSError, match="No space"):
            files.write_set(tmp_path, NEW)
        assert content(tmp_path) == OLD
    else:
        files.write_set(tmp_path, NEW)
        assert content(tmp_path) == NEW


def test_a_full_disk_changes_nothing(tmp_path, monkeypatch):
    files.write_set(tmp_path, OLD)

    def full(*arguments, **options):
        raise OSError("No space left on device")

    monkeypatch.setattr(files.Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        files.write_set(tmp_path, NEW)
    with pytest.raises(OSError, match="No space"):
        files.write_set(tmp_path / "new", NEW)
    assert content(tmp_path) == OLD


KILLED = """
import os, sys
from labs_lib import files
real, left = os.replace, int(sys.argv[2])
def replace(*arguments):
    global left
    if not left:
        os._exit(9)
    left -= 1
    real(*arguments)
os.replace = replace
files.write_set(sys.argv[1], {name: f"{name} new" for name in ("a", "b", "last")})
"""


@pytest.mark.parametrize("moves", [0, 1, 3, 5, 6])
def test_a_kill_is_noticed_and_what_it_left_is_swept(tmp_path, moves):
    files.write_set(tmp_path, OLD)
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(moves)]
    code = subprocess.run(command, check=False).returncode
    assert code == (9 if moves < 6 else 0)
    found = {p.name: p.read_text(encoding="utf-8") for p in tmp_path.glob("[a-z]*")}
    if "last" in found:
        assert found in (OLD, NEW)
    assert len(list(tmp_path.glob(".labs-*-*"))) == (moves < 6)
    files.write_set(tmp_path, NEW)
    assert content(tmp_path) == NEW


def test_of_several_files_all_are_written_or_none(tmp_path, monkeypatch):
    old, new = tmp_path / "old.md", tmp_path / "deep" / "new.md"
    files.write_all({old: "1", new: "2"})
    assert (old.read_text(), new.read_text()) == ("1", "2")
    written = Path.write_text

    def full(path, text, **options):
        if text == "4":
            raise OSError(28, "No space left on device")
        return written(path, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        files.write_all({old: "3", new: "4"})
    assert (old.read_text(), new.read_text()) == ("1", "2")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["deep", "new.md", "old.md"]


@pytest.mark.parametrize("fails_at", range(3))
def test_of_several_files_what_is_in_place_goes_back(tmp_path, monkeypatch, fails_at):
    """Windows moves nothing over a file that somebody has open."""
    old = {tmp_path / name: f"{name} old" for name in "ab"}
    files.write_all(old)
    new = {tmp_path / name: f"{name} new" for name in "abc"}
    real, calls = files.os.replace, []

    def replace(*arguments):
        calls.append(arguments)
        if len(calls) == fails_at + 1:
            raise PermissionError(13, "The file is open")
        real(*arguments)

    monkeypatch.setattr(files.os, "replace", replace)
    with pytest.raises(PermissionError):
        files.write_all(new)
    assert content(tmp_path) == {"a": "a old", "b": "b old"}


def test_what_a_killed_writer_left_is_swept_by_the_next(tmp_path):
    command = (
        "import os; from labs_lib import files\nwith files.replacing('a.txt'): os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", command], cwd=tmp_path).returncode == 9
    assert len(list(tmp_path.glob(".labs-*"))) == 1
    with files.replacing(tmp_path / "b.txt"):
        files.write_text(tmp_path / "c.txt", "")  # what is still written stays
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.txt", "c.txt"]


def test_a_kind_of_lock_that_does_not_exist_is_said(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def none(*arguments):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(OSError, match="No locks available"), files.alone(tmp_path / "lock"):
        pass


def test_one_at_a_time_is_inside_and_the_lock_is_removed(tmp_path):
    inside, most = [], []

    def visit(number):
        for _ in range(20):
            with files.alone(tmp_path / "lock", seconds=60):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(8)))
    assert most == [1] * 160
    assert list(tmp_path.iterdir()) == []


def test_who_does_not_leave_is_not_waited_for_for_ever(tmp_path):
    with (
        files.alone(tmp_path / "lock"),
        pytest.raises(BlockingIOError, match="another program has held it"),
        files.alone(tmp_path / "lock", seconds=0),
    ):
        pass


def test_two_sets_at_once_are_one_after_the_other(tmp_path):
    def write(age):
        for _ in range(10):
            files.write_set(
                tmp_path, {name: f"{name} {age}" for name in ("a", "b", "last")}
            )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    found = content(tmp_path)
    assert len({text.split()[1] for text in found.values()}) == 1
    assert sorted(found) == ["a", "b", "last"]


def test_one_process_holds_a_file_until_it_ends(tmp_path):
    lock = files.hold(tmp_path / "lock")
    assert lock is not None
    assert files.hold(tmp_path / "lock") is None
    lock.close()
    with files.hold(tmp_path / "lock") as again:
        assert again is not None
