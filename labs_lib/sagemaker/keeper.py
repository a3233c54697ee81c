"""Runs one command and ends it, with everything it started, when its own input ends.

Started as a file, with nothing but the standard library: ``keeper.py PIDFILE PROGRAM ...``.
Its input is a pipe from the server: the line ``stop`` asks the command to end, the end of the
pipe means that the server is gone, however it went. Output goes where the keeper's goes. The
exit code is the command's, 128 and the signal if one ended it.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

_POLITE = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)


def main(argv: list[str]) -> int:
    """Run the command and return its exit code."""
    pid_file, command = argv[0], argv[1:]
    # The handle lives as long as this process: its end closes the job and all that is in it.
    job = _job_of_this_process() if os.name == "nt" else None
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, **_apart())
    except OSError as error:
        print(f"The command {command[0]!r} cannot be run: {error}", flush=True)
        return 127
    with open(pid_file, "w", encoding="ascii") as file:
        file.write(str(child.pid))
    watch = threading.Thread(target=_watch, args=(child,), daemon=True)
    watch.start()
    code = child.wait()
    _end_group(child.pid)
    del job
    return code if code >= 0 else 128 - code


def _apart() -> dict:
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]
    options: dict = {"start_new_session": True}
    if sys.platform == "linux":
        options["preexec_fn"] = _die_with_parent()
    return options


def _die_with_parent() -> Callable[[], int]:
    """Return what a child on Linux does before it becomes the command.

    If this keeper itself is killed, nobody else may be left to end the command. Its orphans
    come to this process, not to the system's first one, so that they can be found.
    """
    import ctypes

    libc = ctypes.CDLL(None)
    die, adopt = 1, 36
    libc.prctl(adopt, 1, 0, 0, 0)
    return lambda: libc.prctl(die, signal.SIGKILL, 0, 0, 0)


def _watch(child: subprocess.Popen) -> None:
    # Unbuffered: a thread that waits in Python's own buffer stops the interpreter's end.
    while message := os.read(0, 4096):
        if b"stop" in message:
            with contextlib.suppress(OSError):
                child.send_signal(_POLITE)
    _end_group(child.pid)
    os._exit(128 + 9)


def _end_group(pid: int) -> None:
    if os.name == "nt":
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if sys.platform == "linux":
        _end_orphans()


def _end_orphans() -> None:
    """End what left the group: it was handed to this process when its parent ended."""
    for _ in range(100):
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                pids = [int(pid) for pid in file.read().split()]
        except OSError:
            return
        if not pids:
            return
        for pid in pids:
            with contextlib.suppress(
                ProcessLookupError, PermissionError, ChildProcessError
            ):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _job_of_this_process() -> Any:
    """Put this process into a job of Windows that ends all its processes when it closes."""
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL(  # type: ignore[attr-defined,unused-ignore]
        "kernel32", use_last_error=True
    )

    class Basic(ctypes.Structure):
        _fields_ = [
            ("PerProcessUserTimeLimit", ctypes.c_int64),
            ("PerJobUserTimeLimit", ctypes.c_int64),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        ]

    class Extended(ctypes.Structure):
        _fields_ = [
            ("Basic", Basic),
            ("IoInfo", ctypes.c_uint64 * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        ]

    kernel.CreateJobObjectW.restype = wintypes.HANDLE
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    job = kernel.CreateJobObjectW(None, None)
    limits = Extended()
    limits.Basic.LimitFlags = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
    kernel.SetInformationJobObject(
        wintypes.HANDLE(job), 9, ctypes.byref(limits), ctypes.sizeof(limits)
    )
    kernel.AssignProcessToJobObject(
        wintypes.HANDLE(job), wintypes.HANDLE(kernel.GetCurrentProcess())
    )
    return job


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
