import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from labs_lib.course import progress
from labs_lib.course.classroom import client, command, membership, sender
from labs_lib.course.classroom.service import Service
from labs_lib.course.session import _catch_up
from labs_lib.labs.start.exercises import lab

from .conftest import listening


def until(law, seconds=60.0):
    """Wait for what another thread does."""
    end = time.monotonic() + seconds
    while not law():
        assert time.monotonic() < end
        time.sleep(0.01)


def attempts(service):
    (learner,) = service.room.learners.values()
    return learner.state.get("start", {}).get("ex1", {}).get("attempts", 0)


@pytest.fixture
def impatient(monkeypatch):
    """A sender that waits for nothing long."""
    monkeypatch.setattr(sender, "PAUSE", 0.01)
    monkeypatch.setattr(sender, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(sender, "LAST_RETRY", 0.1)
    monkeypatch.setattr(sender, "_thread", None)
    monkeypatch.setattr(sender, "_due", threading.Event())
    yield
    thread, sender._thread = sender._thread, None
    sender._due.set()
    if thread is not None:
        thread.join(timeout=120)  # it belongs to this learner alone
        assert not thread.is_alive()


@pytest.fixture
def joined(progress_file, service, impatient):
    """A learner in a class; the server is up inside the block."""
    with listening(service) as address:
        command.join("K7RM-4WPT", "Ana", address)
        yield service
        until(lambda: not membership.path().exists() or not membership.load().is_behind)
        membership.path().unlink(missing_ok=True)


def test_an_answer_a_hint_and_a_choice_arrive(joined, capfd):
    lab.ex1.check(0.01)
    lab.ex1.hint()
    lab.quiz.answer(1, "c")
    sent = {
        "ex1": {"attempts": 1, "passed": False, "hints": 1},
        "quiz1": {"attempts": 1, "passed": False, "choice": "c"},
    }
    (learner,) = joined.room.learners.values()
    until(lambda: learner.state == {"start": sent})
    until(lambda: membership.load().sent is not None)
    capfd.readouterr()
    command.status()
    shown = capfd.readouterr()
    assert json.loads(shown.out[shown.out.index("{") :])["state"] == {"start": sent}
    assert shown.err == ""


def test_who_has_not_joined_sends_nothing(progress_file, monkeypatch):
    monkeypatch.setattr(sender, "wake", lambda: pytest.fail("sent without having joined"))
    lab.ex1.check(0.01)
    lab.ex1.hint()
    _catch_up()
    assert [file.name for file in progress_file.parent.iterdir()] == ["progress.json"]


def test_who_has_left_sends_nothing(joined, capsys):
    command.leave()
    assert "has forgotten you" in capsys.readouterr().out
    assert joined.room.learners == {}
    lab.ex1.check(0.01)
    assert sender.send() is False
    assert joined.room.learners == {}
    assert not membership.path().exists()


def test_what_a_dead_server_missed_is_caught_up(progress_file, service, impatient, capfd):
    with listening(service) as address:
        command.join("K7RM-4WPT", "Ana", address)
        port = int(address.rpartition(":")[2])
    capfd.readouterr()
    for _ in range(3):
        lab.ex1.check(0.01)
    until(lambda: membership.load().problem is not None)
    assert membership.load().is_behind
    with listening(service, port):
        until(lambda: attempts(service) == 3)
        until(lambda: not membership.load().is_behind)
    assert membership.load().problem is None
    assert capfd.readouterr() == ("", "")
    membership.path().unlink()


def test_a_new_kernel_sends_what_the_last_one_could_not(joined):
    made, _ = membership.next_state()
    membership.note(made.token, problem="no network")
    _catch_up()
    until(lambda: not membership.load().is_behind)
    (learner,) = joined.room.learners.values()
    assert learner.number > made.number


def test_a_home_from_a_backup_goes_on(joined):
    for _ in range(3):
        sender.send()
    old = membership.load()
    membership.save(membership.Membership(**{**vars(old), "number": 1, "arrived": 1}))
    assert sender.send() is True
    assert sender.send() is False
    assert membership.load().number > old.number


def test_several_kernels_count_as_one(joined):
    threads = [threading.Thread(target=sender.send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (learner,) = joined.room.learners.values()
    assert learner.number == membership.load().number == 9


def test_a_class_that_has_ended_is_not_asked_again(joined):
    joined._tokens.clear()
    joined.room.learners.clear()
    assert sender.send() is False
    assert "does not know this token" in membership.load().problem
    membership.path().unlink()


def test_a_server_that_hangs_delays_no_cell(progress_file, service, impatient):
    with listening(service) as address:
        command.join("K7RM-4WPT", "Ana", address)
    silent = socket.create_server(("127.0.0.1", 0))  # it accepts and says nothing
    where = f"http://127.0.0.1:{silent.getsockname()[1]}"
    member = membership.load()
    membership.save(membership.Membership(**{**vars(member), "where": where}))
    lab.ex1.check(0.01)
    connection, _ = silent.accept()  # the sender waits, and here we are
    assert progress.load()["start"]["ex1"].attempts == 1
    membership.path().unlink()
    connection.close()
    silent.close()


CELL = """
from labs_lib.labs.start.exercises import lab
print(lab.ex1.check(0.99).status)
"""


def test_a_damaged_membership_disturbs_no_cell(progress_file):
    membership.path().write_text("{")
    command = [sys.executable, "-W", "error", "-c", CELL]
    run = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert (run.returncode, run.stdout.split(), run.stderr) == (0, ["passed"], "")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "null",
        "[1]",
        '{"kind": "server"}',
        '{"kind": "folder", "where": 1, "code": "", "name": "", "token": ""}',
    ],
)
def test_a_damaged_membership_is_told_and_can_be_left(progress_file, content, capsys):
    membership.path().write_text(content)
    with pytest.raises(ValueError, match="labs class leave"):
        command.status()
    assert command.leave() == 0
    assert not membership.path().exists()


def test_the_token_is_private(joined):
    if os.name != "nt":
        assert membership.path().stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("192.168.1.20", "http://192.168.1.20:8462"),
        ("192.168.1.20:80/", "http://192.168.1.20:80"),
        ("[fe80::1]:9", "http://[fe80::1]:9"),
        ("https://class.example.org/room", "https://class.example.org:443/room"),
    ],
)
def test_an_address_may_be_short(given, full):
    assert client.address(given) == full


@pytest.mark.parametrize(
    "given", ["", "ftp://x", "http://", "a b", "x:99999", "x\r\ny", "http://[::1"]
)
def test_what_is_no_address_is_told(given):
    with pytest.raises(ValueError, match="no address of a class"):
        client.address(given)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.0 404 No\r\n\r\n<html>",
        b"SSH-2.0\r\n",
        b"",
    ],
)
def test_another_server_at_the_address_is_told(progress_file, answer):
    other = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = other.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    with pytest.raises(ValueError, match=r"no class of this course|No class answers"):
        command.join("K7RM-4WPT", "Ana", f"127.0.0.1:{other.getsockname()[1]}")
    thread.join()
    other.close()
    assert membership.load() is None


def test_two_hundred_learners_at_once(service):
    """Each joins and sends five states from its own thread; none is lost."""
    assert isinstance(service, Service)
    problems = []

    def learn(address, name):
        try:
            answer = client.join(address, "K7RM-4WPT", name)
            member = membership.Membership("server", address, "", name, answer["token"])
            for number in range(1, 6):
                member = membership.Membership(**{**vars(member), "number": number})
                client.send(member, {"start": {"ex1": {"attempts": number}}})
        except Exception as error:
            problems.append(error)

    with listening(service) as address:
        threads = [
            threading.Thread(target=learn, args=(address, f"L{n}")) for n in range(200)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert problems == []
    learners = list(service.room.learners.values())
    assert len(learners) == 200
    assert {each.state["start"]["ex1"]["attempts"] for each in learners} == {5}
    assert {kept.number for kept in service._store.learners()} == {5}
