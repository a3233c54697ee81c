"""Attempts to get more than an honest player gets, and what stops each, at which level."""

import socket
import threading
import time

import psutil
import pytest

from labs_lib.capstone import cage, play
from labs_lib.capstone.cage import Limits
from labs_lib.settings import ROOT

BEST = cage.LEVELS.index(cage.strongest())
namespace = pytest.mark.skipif(BEST < 1, reason="no user namespaces on this machine")
bubblewrap = pytest.mark.skipif(BEST < 2, reason="no bubblewrap on this machine")


def cheat(body: str) -> str:
    """Return a policy that runs `body` on day 2, and tells in the log what came of it."""
    lines = "\n".join(f"        {line}" for line in body.strip().splitlines())
    return (
        "import ctypes, json, os, pickle, socket, subprocess, sys, time\n"
        "def on_day(today):\n"
        "    if today.day == 2:\n"
        f"{lines}\n"
        "    return {'threshold': 0.001}\n"
    )


def told(body: str) -> str:
    """As `cheat`, for a body that sets `got`."""
    return cheat(body + "\nraise RuntimeError(f'got {got!r}')")


# What is watched at every level ------------------------------------------------------------

WATCHED = {
    "computing without end": ("while True: pass", Limits(seconds=4), "computed longer"),
    "sleeping": ("time.sleep(600)", Limits(wall=8), "on the clock"),
    "memory": (
        "held = [bytearray(10_000_000) for _ in range(200)]",
        Limits(memory=900_000_000),
        "bytes of memory",
    ),
    "many processes": (
        "held = [subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
        " for _ in range(30)]\ntime.sleep(600)",
        Limits(processes=10),
        "more than 10 processes",
    ),
    "a full disk": (
        "for i in range(40):\n    open(f'big{i}', 'wb').write(bytes(10_000_000))\n"
        "time.sleep(600)",
        Limits(disk=50_000_000),
        "it wrote more than",
    ),
}


@pytest.mark.parametrize("case", WATCHED)
def test_what_takes_too_much_is_ended(hand_in, world, case):
    body, limits, text = WATCHED[case]
    start = time.monotonic()
    game = play(hand_in(cheat(body)), world, limits=limits)
    assert game.failed_on == 2
    assert text in game.failure
    assert time.monotonic() - start < 60


# Descriptor of the pipe to the parent: the player's copy of its first output.
FIND = """
import fcntl
pipes = [n for n in range(3, 60) if os.path.exists(f'/proc/self/fd/{n}')
         and fcntl.fcntl(n, fcntl.F_GETFL) & os.O_WRONLY
         and 'pipe' in os.readlink(f'/proc/self/fd/{n}')]
"""
ANSWERS = {
    "pickle": ("pickle.dumps({'scores': []})", "not JSON"),
    "no object": ("b'[]'", "no JSON object"),
    "deep": ("b'[' * 100_000", "not JSON"),
    "not a number": ("b'{\"scores\": [NaN]}'", "finite"),
    "a number without end": ("b'{\"scores\": [' + b'9' * 5000 + b'], \"alert\": []}'", ""),
    "too few": ('b\'{"scores": [1], "alert": [true], "train": false}\'', "finite scores"),
}


@pytest.mark.skipif(not hasattr(cage.os, "fork"), reason="descriptors of Linux")
@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_of_another_form_is_refused(hand_in, world, case):
    content, text = ANSWERS[case]
    body = (
        FIND + f"content = {content}\n"
        "os.write(pipes[0], len(content).to_bytes(8, 'big') + content)\ntime.sleep(600)"
    )
    game = play(hand_in(cheat(body)), world, limits=Limits(wall=30))
    assert game.failed_on == 2
    assert text in game.failure
    assert "on the clock" not in game.failure


def test_a_huge_answer_is_not_read(hand_in, world):
    body = FIND + "os.write(pipes[0], (1 << 40).to_bytes(8, 'big'))\ntime.sleep(600)"
    game = play(hand_in(cheat(body)), world, limits=Limits(wall=30))
    assert game.failed_on == 2
    assert "at most 1000000" in game.failure


def test_tomorrow_cannot_be_had_before_today_is_answered(hand_in, world):
    body = """
import select
pipes = [n for n in range(3, 60) if os.path.exists(f'/proc/self/fd/{n}')
         and 'pipe' in os.readlink(f'/proc/self/fd/{n}')]
got = select.select(pipes, [], [], 3)[0]
"""
    game = play(hand_in(told(body)), world)
    assert "got []" in game.failure


def test_a_process_that_detaches_itself_does_not_outlive_the_game(hand_in, world):
    mark = "a_process_that_stays"
    body = (
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(900)', '{mark}'],"
        " start_new_session=True)"
    )
    game = play(hand_in(cheat(body)), world)
    assert game.failed_on is None
    left = [
        p for p in psutil.process_iter(["cmdline"]) if mark in (p.info["cmdline"] or [])
    ]
    assert left == []


def test_files_of_one_world_are_not_there_in_the_next(hand_in, world):
    policy = told("got = os.path.exists('note')\nopen('note', 'w').close()")
    for _ in range(2):
        assert "got False" in play(hand_in(policy), world).failure


# What a namespace stops ----------------------------------------------------------------------


@namespace
@pytest.mark.parametrize("level", cage.LEVELS[1 : BEST + 1])
def test_the_network_is_closed(hand_in, world, level):
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard = []
        threading.Thread(target=lambda: heard.append(server.accept()), daemon=True).start()
        port = server.getsockname()[1]
        body = f"""
try:
    socket.create_connection(('127.0.0.1', {port}), 3); got = 'a connection'
except OSError as error:
    got = type(error).__name__
"""
        game = play(hand_in(told(body)), world, level=level)
        assert "got 'a connection'" not in game.failure
        assert "got '" in game.failure
        assert heard == []


@namespace
@pytest.mark.parametrize("level", cage.LEVELS[1 : BEST + 1])
def test_the_parents_memory_and_processes_are_out_of_sight(hand_in, world, level):
    body = f"""
parents = [n for n in os.listdir('/proc') if n.isdigit()
           and b'pytest' in open(f'/proc/{{n}}/cmdline', 'rb').read()]
libc = ctypes.CDLL(None, use_errno=True)
attached = libc.ptrace(16, {cage.os.getpid()}, None, None)
got = (parents, attached)
"""
    assert "got ([], -1)" in play(hand_in(told(body)), world, level=level).failure


@namespace
@pytest.mark.parametrize("level", cage.LEVELS[1 : BEST + 1])
def test_the_parent_cannot_be_killed(hand_in, world, level):
    body = f"""
try:
    os.kill({cage.os.getpid()}, 9); got = 'killed'
except OSError as error:
    got = type(error).__name__
"""
    game = play(hand_in(told(body)), world, level=level)
    assert "got 'ProcessLookupError'" in game.failure


# What only bubblewrap stops --------------------------------------------------------------------


@bubblewrap
def test_other_files_are_not_there(hand_in, world, tmp_path):
    (tmp_path / "answers.txt").write_text("the truth")
    home = cage.Path.home()
    body = f"""
got = (os.path.exists({str(tmp_path / "answers.txt")!r}), os.path.exists({str(home / ".ssh")!r}),
       [name for name in os.listdir('/tmp') if not os.getcwd().startswith('/tmp/' + name)])
"""
    found = play(hand_in(told(body)), world, level="bubblewrap").failure
    assert "got (False, False, [" in found
    assert "pytest" not in found


@bubblewrap
def test_the_course_cannot_be_changed(hand_in, world):
    body = """
import labs_lib.payments
file = sys.modules['labs_lib.payments.cost'].__file__
try:
    open(file, 'a').write('MISSED_FIXED = 0'); got = 'changed'
except OSError as error:
    got = type(error).__name__
"""
    assert "got 'OSError'" in play(hand_in(told(body)), world, level="bubblewrap").failure


def test_a_level_that_this_machine_lacks_is_refused(hand_in, world, monkeypatch):
    monkeypatch.setattr(cage, "strongest", lambda: "limits")
    with pytest.raises(ValueError, match="offers 'limits' and not 'bubblewrap'"):
        play(hand_in(), world, level="bubblewrap")


PAGE = {
    "computing without end": "test_what_takes_too_much_is_ended",
    "sleeping": "test_what_takes_too_much_is_ended",
    "memory": "test_what_takes_too_much_is_ended",
    "many processes": "test_what_takes_too_much_is_ended",
    "a full disk": "test_what_takes_too_much_is_ended",
    "a huge answer": "test_a_huge_answer_is_not_read",
    "pickle and other forms": "test_an_answer_of_another_form_is_refused",
    "asking for tomorrow": "test_tomorrow_cannot_be_had_before_today_is_answered",
    "a process that stays": "test_a_process_that_detaches_itself_does_not_outlive_the_game",
    "a note for the next world": "test_files_of_one_world_are_not_there_in_the_next",
    "network": "test_the_network_is_closed",
    "the parent's memory, ctypes": "test_the_parents_memory_and_processes_are_out_of_sight",
    "killing the parent": "test_the_parent_cannot_be_killed",
    "other files": "test_other_files_are_not_there",
    "changing the course": "test_the_course_cannot_be_changed",
}


def test_every_attempt_on_the_page_is_a_test():
    text = (ROOT / "notebooks" / "capstone.md").read_text(encoding="utf-8")
    table = text.split("| attempt |")[1].split("\n\n")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert rows == list(PAGE)
    assert all(callable(globals()[name]) for name in PAGE.values())
