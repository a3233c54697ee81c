import threading
from contextlib import contextmanager

import pytest

from labs_lib.course.classroom import client
from labs_lib.course.classroom.columns import ClassColumn
from labs_lib.course.classroom.server import ClassServer
from labs_lib.course.classroom.service import Service
from labs_lib.course.classroom.store import Store
from labs_lib.course.quiz import Option

FOUR = {letter: Option(f"Option {letter}", "Why.", letter == "b") for letter in "abcd"}


class Clock:
    """Seconds that a test moves."""

    def __init__(self, now=1_000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A busy machine is no reason to fail."""
    monkeypatch.setattr(client, "SECONDS", 120.0)


@pytest.fixture
def heads():
    """The columns of two small labs."""
    return [
        ClassColumn(lab, lab.title(), name, f"About {name}", FOUR if "quiz" in name else {})
        for lab, names in (
            ("start", ["ex1", "quiz1"]),
            ("prepare/split", ["ex1", "ex2", "quiz1"]),
        )
        for name in names
    ]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "instructor" / "class.db")
    found.set(code="K7RM-4WPT", key="the instructor's", labs="[]")
    yield found
    found.close()


@pytest.fixture
def service(store, heads, clock):
    return Service(store, heads, clock=clock, wall=clock)


@contextmanager
def listening(page, port=0):
    """Serve a page on the loopback; yield its address."""
    server = ClassServer(page, host="127.0.0.1", port=port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
