"""What a player may use, and how far this machine can hold it to that.

Time, memory, processes and output are watched everywhere. On Linux a namespace takes away the
network and the sight of other processes, and bubblewrap the files too. None of this is proof
against somebody who breaks the kernel: a graded score runs on a machine without secrets.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

import psutil

from labs_lib.settings import ROOT

LEVELS = ("limits", "namespace", "bubblewrap")
"""From the weakest to the strongest."""

POLL = 0.05


@dataclass(frozen=True)
class Limits:
    """What one world may take.

    Attributes
    ----------
    seconds : float
        Of computing, by all processes together, for the whole world, training included.
    wall : float
        Seconds on the clock for the whole world; more, since the machine may be busy.
    memory : int
        Bytes that all processes of the player hold at a time.
    processes : int
        Processes at a time.
    answer : int
        Bytes of one answer.
    disk : int
        Bytes in the player's folder.
    """

    seconds: float = 60.0
    wall: float = 240.0
    memory: int = 1_500_000_000
    processes: int = 20
    answer: int = 1_000_000
    disk: int = 300_000_000


@cache
def strongest() -> str:
    """Return the strongest level that works on this machine."""
    for level in reversed(LEVELS[1:]):
        command = _wrap(level, [sys.executable, "-c", "print('yes')"], folder=None)
        if command is None:
            continue
        try:
            done = subprocess.run(command, capture_output=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0 and done.stdout.strip() == b"yes":
            return level
    return LEVELS[0]


def check_level(level: str) -> str:
    """Return `level`, or the strongest for "strongest"; a ValueError if it cannot be had."""
    best = strongest()
    if level == "strongest":
        return best
    if level not in LEVELS:
        raise ValueError(f"level is {level!r}, expected one of {', '.join(LEVELS)}.")
    if LEVELS.index(level) > LEVELS.index(best):
        raise ValueError(
            f"this machine offers {best!r} and not {level!r}; on Debian or Ubuntu "
            "`apt install bubblewrap` helps if user namespaces are allowed."
        )
    return level


class PlayerProcess:
    """A player's process: pipes, and a watch that ends it when it takes too much.

    Attributes
    ----------
    reason : str
        Why the watch ended it; empty as long as it has not.
    """

    def __init__(
        self, command: Sequence[str], *, folder: Path, level: str, limits: Limits
    ) -> None:
        wrapped = _wrap(level, list(command), folder=folder)
        if wrapped is None:
            raise ValueError(f"level {level!r} needs a program that is not here.")
        self.reason = ""
        self._folder = folder
        self._limits = limits
        self._deadline = time.monotonic() + limits.wall
        self._log = (folder / "log.txt").open("wb")
        self._process = subprocess.Popen(
            wrapped,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=folder,
            env=_environment(folder),
            start_new_session=os.name == "posix",
        )
        self.stdin = cast(BinaryIO, self._process.stdin)
        self.stdout = cast(BinaryIO, self._process.stdout)
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    def close(self) -> None:
        """End the process and everything that it started."""
        self._over.set()
        self._watch.join()
        self._kill()
        for stream in (self.stdin, self.stdout, self._log):
            with contextlib.suppress(OSError):
                stream.close()

    def _look(self) -> None:
        next_disk = 0.0
        while not self._over.wait(POLL):
            now = time.monotonic()
            found = _use(self._process.pid)
            if now > self._deadline:
                self.reason = f"it took longer than {self._limits.wall:g} s on the clock"
            elif found.seconds > self._limits.seconds:
                self.reason = f"it computed longer than {self._limits.seconds:g} s"
            elif found.processes > self._limits.processes:
                self.reason = f"it had more than {self._limits.processes} processes"
            elif found.memory > self._limits.memory:
                self.reason = f"it held more than {self._limits.memory:,} bytes of memory"
            elif now >= next_disk:
                next_disk = now + 0.5
                if _size(self._folder) > self._limits.disk:
                    self.reason = f"it wrote more than {self._limits.disk:,} bytes"
            if self.reason:
                self._kill()
                return

    def _kill(self) -> None:
        # Again and again: a child that is born while its parent is killed has another parent.
        known = (
            {self._process.pid: psutil.Process(self._process.pid)}
            if (psutil.pid_exists(self._process.pid))
            else {}
        )
        for _ in range(100):
            for process in list(known.values()):
                with contextlib.suppress(psutil.Error):
                    known |= {
                        child.pid: child for child in process.children(recursive=True)
                    }
            alive = [process for process in known.values() if _is_alive(process)]
            if not alive:
                break
            for process in alive:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            psutil.wait_procs(alive, timeout=0.05)
        self._process.wait()


@dataclass(frozen=True)
class _Use:
    processes: int
    memory: int
    seconds: float


def _use(pid: int) -> _Use:
    """Add up the processes below `pid`, itself included; what has ended counts by its time."""
    processes = memory = 0
    seconds = 0.0
    try:
        own = psutil.Process(pid)
        for process in (own, *own.children(recursive=True)):
            try:
                memory += process.memory_info().rss
                seconds += sum(process.cpu_times()[:4])
                processes += 1
            except psutil.Error:
                pass
    except psutil.Error:
        pass
    return _Use(processes, memory, seconds)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _size(folder: Path) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(base, name)).st_size
    return total


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the parent's environment but what a process needs to start."""
    needed = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
    return {
        **{name: os.environ[name] for name in needed if name in os.environ},
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "TEMP": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _wrap(level: str, command: list[str], *, folder: Path | None) -> list[str] | None:
    """Return the command at a level of protection; None if its program is missing."""
    if level == "limits":
        return command
    if level == "namespace":
        program = shutil.which("unshare")
        flags = (
            "--user --map-root-user --net --pid --mount --fork --mount-proc --kill-child"
        )
        return program and [program, *flags.split(), *command]  # type: ignore[return-value]
    program = shutil.which("bwrap")
    if program is None:
        return None
    places = [
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib64",
        "/etc",
        sys.prefix,
        sys.base_prefix,
    ]
    places += [str(Path(sys.executable).resolve().parent.parent)]
    places += [str(ROOT / name) for name in ("labs_lib", "data")]
    arguments = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for place in dict.fromkeys(places):
        if Path(place).exists():
            arguments += ["--ro-bind", place, place]
    if folder is not None:
        arguments += ["--bind", str(folder), str(folder), "--chdir", str(folder)]
    return [program, *arguments, *command]


def what_levels_do() -> Mapping[str, str]:
    """Return what each level takes away, for the page of results."""
    return {
        "limits": "time, memory, processes, answers and disk are watched",
        "namespace": "also no network, and no sight of other processes",
        "bubblewrap": "also no files but Python, the course and the player's folder",
    }
