"""Who owns a folder: one server, which holds a lock until it ends, however it ends."""

import json
from pathlib import Path
from typing import IO, Any

from labs_lib import files


def acquire(folder: Path) -> IO[bytes] | None:
    """Lock a folder for this process.

    Returns
    -------
    file or None
        Keep it open: the system frees the lock when the process ends. None if another
        process has it.
    """
    return files.hold(folder / "lock")


def write_owner(folder: Path, owner: dict[str, Any]) -> None:
    """Say who owns the folder: process, its start, port, key, account, speed."""
    file = folder / "server.json"
    files.write_text(file, json.dumps(owner, indent=2) + "\n")
    # The key opens the server; it is no one else's.
    file.chmod(0o600)


def read_owner(folder: Path) -> dict[str, Any] | None:
    """Return what the last owner wrote, or None."""
    try:
        found = json.loads((folder / "server.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def started(pid: int) -> float:
    """Return when a process began, in seconds since 1970; 0 if it does not run."""
    import psutil

    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return 0.0 if ended else process.create_time()
    except psutil.Error:
        return 0.0


def is_alive(owner: dict[str, Any]) -> bool:
    """Say whether the process that wrote this still runs (not another with its number)."""
    try:
        return abs(started(int(owner["pid"])) - float(owner["started"])) < 1.0
    except (KeyError, TypeError, ValueError):
        return False
