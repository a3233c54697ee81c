import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from labs_lib.course.classroom.store import Damaged, Kept, Store, files, put_aside

ANA = Kept("1", "Ana", "amber heron", "0f", 3, {"start": {"ex1": {"attempts": 1}}}, 5.0)


def test_a_class_is_kept(tmp_path):
    path = tmp_path / "class.db"
    store = Store(path)
    store.set(code="K7RM-4WPT", key="k")
    store.add(ANA)
    store.update("1", 4, {}, 6.0)
    store.close()
    store = Store(path)
    assert store.settings() == {"code": "K7RM-4WPT", "key": "k"}
    assert [(kept.name, kept.number, kept.state) for kept in store.learners()] == [
        ("Ana", 4, {})
    ]
    store.remove("1")
    assert list(store.learners()) == []
    store.close()
    if os.name != "nt":
        assert path.stat().st_mode & 0o077 == 0


def test_one_command_at_a_time_has_it(tmp_path):
    store = Store(tmp_path / "class.db")
    with pytest.raises(ValueError, match="open in another terminal"):
        Store(tmp_path / "class.db")
    store.close()
    Store(tmp_path / "class.db").close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 40, b"x"])
def test_a_damaged_file_is_told_and_put_aside(tmp_path, content):
    path = tmp_path / "class.db"
    for number in (1, 2):
        path.write_bytes(content)
        with pytest.raises(Damaged, match=r"class\.db is damaged"):
            Store(path)
        aside = put_aside(path)
        assert aside.name == f"class.db.damaged-{number}"
        assert aside.read_bytes() == content
        assert files(path) == []


def test_a_flipped_byte_is_seen(tmp_path):
    path = tmp_path / "class.db"
    store = Store(path)
    for number in range(200):
        store.add(Kept(str(number), "x" * 40, "y", "0f", 0, {}, 0.0))
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:4104] = bytes(8)  # the head of the first page of a table
    path.write_bytes(content)
    with pytest.raises(Damaged):
        Store(path)


def test_another_database_is_no_class(tmp_path):
    path = tmp_path / "class.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE learner (id TEXT)")
    other.close()
    with pytest.raises(Damaged):
        Store(path)


def test_a_deleted_class_leaves_nothing(tmp_path):
    store = Store(tmp_path / "class.db")
    store.add(ANA)
    store.delete()
    store.close()
    assert files(tmp_path / "class.db") == []


WRITER = """
import sys
from pathlib import Path
from labs_lib.course.classroom.store import Kept, Store
store = Store(Path(sys.argv[1]))
store.add(Kept("1", "Ana", "amber heron", "0f", 0, {}, 0.0))
for number in range(1, 10**6):
    store.update("1", number, {"start": {"ex1": {"attempts": number}}}, float(number))
    print(number, flush=True)
"""


def test_what_was_answered_survives_a_kill(tmp_path):
    path = tmp_path / "class.db"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    while int(writer.stdout.readline()) < 50:
        pass
    writer.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    told = [int(line) for line in writer.stdout.read().split("\n") if line.isdigit()]
    writer.wait(timeout=60)
    store = Store(path)
    (kept,) = store.learners()
    store.close()
    assert kept.number >= max(told, default=50)
    assert kept.state == {"start": {"ex1": {"attempts": kept.number}}}
