"""What an instructor and learners type, with a server in a process of its own."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest

from labs_lib import cli
from labs_lib.course.classroom import command, membership, network
from labs_lib.course.classroom.store import Store


@pytest.fixture
def instructor(tmp_path):
    return os.environ | {
        "LABS_MODE": "learn",
        "LABS_PROGRESS": str(tmp_path / "teacher ж" / "progress.json"),
    }


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def labs(env, *arguments):
    """Run a command that stays; yield the process and what it said until it was ready."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "labs_lib.cli", "class", *map(str, arguments)],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    said = ""
    try:
        for line in process.stdout:
            said += line
            if "# Ctrl-C" in line:
                break
        yield process, said
    finally:
        process.kill()
        process.wait(timeout=60)
        process.stdout.close()


def view(said):
    """Ask as the page does."""
    address, key = re.search(r"(http://\S+)/#(\S+)", said).groups()
    request = urllib.request.Request(
        f"{address}/view", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_a_class_survives_a_kill_and_ends(
    progress_file, instructor, tmp_path, capsys, monkeypatch
):
    port = free_port()
    with labs(
        instructor, "serve", "--host", "127.0.0.1", "--port", port, "--lab", "start"
    ) as (server, said):
        code = re.search(r"labs class join (\S+)", said)[1]
        assert "Only this machine can join" in said
        assert cli.main(["class", "join", "AAAA-AAAA", "Ana", f"127.0.0.1:{port}"]) == 1
        assert "not the code of the class" in capsys.readouterr().err
        assert cli.main(["class", "join", code, "Ana", f"127.0.0.1:{port}"]) == 0
        assert "You are in the class" in capsys.readouterr().out
        assert cli.main(["class", "join", code, "Ana", f"127.0.0.1:{port}"]) == 1
        assert "You are in the class" in capsys.readouterr().err
        assert view(said)["learners"][0]["name"] == "Ana"
        # Others cannot have the port or the class meanwhile.
        monkeypatch.setenv("LABS_PROGRESS", instructor["LABS_PROGRESS"])
        assert cli.main(["class", "end"]) == 1
        assert "open in another terminal" in capsys.readouterr().err
        monkeypatch.setenv("LABS_PROGRESS", str(tmp_path / "other" / "progress.json"))
        assert (
            cli.main(
                [
                    "class",
                    "serve",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(port),
                    "--lab",
                    "start",
                ]
            )
            == 1
        )
        assert f"port {port} cannot be used" in capsys.readouterr().err
        server.kill()
        server.wait(timeout=60)
    monkeypatch.setenv("LABS_PROGRESS", str(progress_file))
    with labs(instructor, "serve", "--host", "127.0.0.1") as (server, again):
        assert re.search(r"http://\S+", again)[0] == re.search(r"http://\S+", said)[0]
        assert f"labs class join {code}" in again
        assert "learners that it had: 1" in again
        from labs_lib.course.classroom import sender
        from labs_lib.labs.start.exercises import lab

        lab.quiz.answer(1, "b")
        sender.send()
        assert view(again)["answers"][1] == [0, 1, 0, 0]
        if os.name != "nt":
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=60) == 0
            assert "the class is kept" in server.stdout.read()
    monkeypatch.setenv("LABS_PROGRESS", instructor["LABS_PROGRESS"])
    assert cli.main(["class", "serve", "--lab", "prepare/split"]) == 1
    assert "with other labs" in capsys.readouterr().err
    table = tmp_path / "table.csv"
    (tmp_path / "file").touch()
    assert cli.main(["class", "end", "--export", str(tmp_path / "file" / "table.csv")]) == 1
    assert "cannot be written" in capsys.readouterr().err
    assert cli.main(["class", "end", "--export", str(table), "--pseudonyms"]) == 0
    assert "start,quiz1,1,0,1,b,0" in table.read_text()
    assert "Ana" not in table.read_text()
    assert cli.main(["class", "end"]) == 1
    assert "There is no class to end" in capsys.readouterr().err


def test_a_damaged_class_is_kept_aside_and_said(instructor, monkeypatch, capsys):
    monkeypatch.setenv("LABS_PROGRESS", instructor["LABS_PROGRESS"])
    path = command.store_path()
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged" * 1_000)
    with labs(
        instructor, "serve", "--host", "127.0.0.1", "--port", free_port(), "--lab", "start"
    ) as (_, said):
        assert "class.db is damaged" in said
        assert "kept as class.db.damaged-1" in said
        assert view(said)["learners"] == []
    assert path.with_name("class.db.damaged-1").read_bytes() == b"damaged" * 1_000


def test_a_folder_is_opened(progress_file, instructor, tmp_path):
    where = tmp_path / "our class"
    with labs(instructor, "open", "--folder", where, "--lab", "start") as (_, said):
        assert f"labs class join {shlex.quote(str(where))} " in said
        assert cli.main(["class", "join", str(where), "Ana"]) == 0
        assert view(said)["learners"][0]["name"] == "Ana"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["join", "K7RM-4WPT", "\u202e", "127.0.0.1:1"], "The name is empty"),
        (["join", "K7RM-4WPT", "Ana", "a b"], "no address of a class"),
        (
            ["join", "K7RM-4WPT", "Ana", "127.0.0.1:1"],
            "No class answers at http://127.0.0.1:1",
        ),
        (["join", "./nowhere", "Ana"], "There is no class in nowhere"),
        (["serve", "--lab", "nothing"], "There is no lab 'nothing'"),
        (["serve", "--lab", "start", "--port", "70000"], "There is no port 70000"),
        (["serve", "--lab", "start", "--host", "192.0.2.77"], "192.0.2.77 port"),
        (["end"], "There is no class to end"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(progress_file, capsys, arguments, message):
    assert cli.main(["class", *arguments]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("labs: ")
    assert message in shown
    assert membership.load() is None


def test_who_is_in_no_class_is_told(progress_file, capsys):
    for action in ("status", "leave"):
        assert cli.main(["class", action]) == 0
        assert capsys.readouterr().out == "You are in no class. Nothing is sent.\n"


def test_leaving_needs_no_server(progress_file, capsys):
    membership.save(
        membership.Membership(
            "server", "http://127.0.0.1:1", "K", "Ana", "t", {"start": {"ex1": ""}}
        )
    )
    assert cli.main(["class", "leave"]) == 0
    assert "could not be told" in capsys.readouterr().out
    assert membership.load() is None


def test_without_a_network_there_is_no_address(monkeypatch):
    monkeypatch.setattr(network.psutil, "net_if_addrs", dict)
    assert network.addresses("0.0.0.0") == []
    assert network.addresses("127.0.0.1") == network.addresses("localhost") == []
    assert network.addresses("192.168.1.20") == ["192.168.1.20"]


def test_the_likeliest_address_stands_in_front(monkeypatch):
    class Up:
        isup = True

    class Entry:
        def __init__(self, address):
            self.family, self.address = socket.AF_INET, address

    named = {
        "lo": ["127.0.0.1"],
        "docker0": ["172.17.0.1"],
        "wlan0": ["192.168.1.20"],
        "eth9": ["169.254.3.3"],
    }
    monkeypatch.setattr(network.psutil, "net_if_stats", lambda: dict.fromkeys(named, Up))
    monkeypatch.setattr(
        network.psutil,
        "net_if_addrs",
        lambda: {n: [Entry(a) for a in found] for n, found in named.items()},
    )
    monkeypatch.setattr(network, "_outward", lambda: "192.168.1.20")
    assert network.addresses("0.0.0.0") == ["192.168.1.20", "172.17.0.1"]


def test_a_store_is_left_whole(instructor, monkeypatch):
    monkeypatch.setenv("LABS_PROGRESS", instructor["LABS_PROGRESS"])
    Store(command.store_path()).close()
    assert cli.main(["class", "end"]) == 0
