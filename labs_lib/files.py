"""Files that are written whole or not at all."""

import errno
import hashlib
import os
import re
import shutil
import socket
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

import psutil


@contextmanager
def replacing(path: Path | str, *, mode: int | None = None) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it into place when the block succeeds.

    If the block raises or is interrupted, `path` keeps its old content and the temporary
    file is removed. What killed writers have left in the folder is removed too.

    Parameters
    ----------
    path : path-like
        The file to be written. Its folder is made if needed.
    mode : int, optional
        Who may read it, such as ``0o600`` for a secret; by default, whoever may read files that
        this person makes. Windows has no such modes.

    Yields
    ------
    Path
        An existing, empty file in the same folder, with the same suffix.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(), suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; a course file is as readable as its neighbours.
        if mode is None:
            umask = os.umask(0)
            os.umask(umask)
            mode = 0o666 & ~umask
        temporary.chmod(mode)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str, *, mode: int | None = None) -> None:
    """Write `text` to `path` in UTF-8 with ``\\n`` line ends, whole or not at all.

    `mode` is that of `replacing`.
    """
    with replacing(path, mode=mode) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_all(texts: Mapping[Path, str]) -> None:
    """Write files as `write_text` does; if one cannot be written, none is changed.

    A kill between two of them leaves each as it was or as it is to be.
    """
    with ExitStack() as stack:
        for path in texts:
            stack.push(_restored(path))
        # The stack ends with its first entries: what is in place goes back if a later one fails.
        for path, text in texts.items():
            temporary = stack.enter_context(replacing(path))
            temporary.write_text(text, encoding="utf-8", newline="\n")


def _restored(path: Path) -> Callable[..., None]:
    """Return what brings the present content of a file back if there was an error."""
    old = path.read_bytes() if path.exists() else None

    def restore(kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        if old is None:
            path.unlink(missing_ok=True)
        elif path.read_bytes() != old:
            with replacing(path) as temporary:
                temporary.write_bytes(old)

    return restore


def hold(path: Path | str) -> IO[bytes] | None:
    """Lock a file for this process.

    Parameters
    ----------
    path : path-like
        Made if needed; its folder has to exist.

    Returns
    -------
    file or None
        Keep it open: the lock ends with it, and the system frees it when the process ends,
        however it ends. None if another process has it.

    Raises
    ------
    OSError
        If the file cannot be written, or its system knows no locks.
    """
    file = open(path, "a+b")  # noqa: SIM115 - it stays open
    try:
        if os.name == "nt":
            import msvcrt

            # Far behind the end, so that the file itself can be read.
            file.seek(1 << 30)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if os.name != "nt" and not isinstance(error, BlockingIOError):
            raise
        return None
    return file


@contextmanager
def alone(path: Path | str, *, seconds: float = 10.0) -> Iterator[None]:
    """Let one process, and one thread, at a time into the block.

    One that was killed inside is not waited for: the system frees its lock.

    Parameters
    ----------
    path : path-like
        The file of the lock; its folder is made if needed. It is removed at the end.
    seconds : float
        How long to wait for another to leave.

    Raises
    ------
    OSError
        If the file cannot be written, or another did not leave in time.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + seconds
    while (file := _held(path)) is None:
        if time.monotonic() > deadline:
            text = f"another program has held it for {seconds:.0f} s"
            raise BlockingIOError(errno.EAGAIN, text, str(path))
        time.sleep(0.01)
    try:
        yield
    finally:
        # Before the lock ends, so that nobody locks a file that is about to go; Windows
        # removes no open file, and none that another has opened meanwhile.
        with suppress(OSError):
            path.unlink()
        file.close()
        if os.name == "nt":
            with suppress(OSError):
                path.unlink()


def _held(path: Path) -> IO[bytes] | None:
    """Lock a file that is still in its place; None if it is not, or another has it."""
    try:
        file = hold(path)
    except PermissionError:
        # Windows says so while its last owner is removing it.
        if os.name != "nt":
            raise
        return None
    if file is None:
        return None
    with suppress(FileNotFoundError):
        if os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
    file.close()
    return None


def write_set(folder: Path | str, texts: Mapping[str, str]) -> None:
    """Write several files that belong together: all of them, or none.

    All are written beside their places first, so that a full disk changes nothing; then they
    are moved into place, which is undone if it fails. The last one of `texts` is taken away
    first and comes last: where a kill comes between, it is missing, and whoever reads the
    set notices. What killed writers have left in the folder is removed. Two that write at once
    come one after the other.

    Parameters
    ----------
    folder : path-like
        Made if needed.
    texts : mapping of str to str
        Text by name of the file; written in UTF-8 with ``\\n`` line ends.
    """
    folder = Path(folder)
    made = not folder.exists()
    try:
        with alone(folder / ".labs-lock", seconds=60):
            _sweep(folder)
            _write_set(folder, texts)
    finally:
        if made:
            with suppress(OSError):  # not if there is something in it
                folder.rmdir()


def _write_set(folder: Path, texts: Mapping[str, str]) -> None:
    parts = Path(tempfile.mkdtemp(dir=folder, prefix=_prefix()))
    new, old = parts / "new", parts / "old"
    try:
        new.mkdir()
        old.mkdir()
        for name, text in texts.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")
        *first, last = texts
        taken, placed = [], []
        try:
            for name in (last, *first):
                if (folder / name).exists():
                    os.replace(folder / name, old / name)
                    taken.append(name)
            for name in (*first, last):
                os.replace(new / name, folder / name)
                placed.append(name)
        except BaseException:
            for name in placed:
                (folder / name).unlink()
            for name in reversed(taken):
                os.replace(old / name, folder / name)
            raise
    finally:
        shutil.rmtree(parts, ignore_errors=True)


_LEFT_OVER = re.compile(r"\.labs-(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-\w+(\..*)?")
_DAY = 86_400


def _sweep(folder: Path) -> None:
    """Remove what writers that no longer run have left in a folder."""
    for path in folder.glob(".labs-*"):
        found = _LEFT_OVER.fullmatch(path.name)
        if not found:
            continue
        with suppress(OSError):
            here = found["host"] == _host()
            dead = here and not psutil.pid_exists(int(found["pid"]))
            if dead or time.time() - path.stat().st_mtime > _DAY:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def _prefix() -> str:
    """Return how the name of what is not finished begins: it tells who writes."""
    return f".labs-{_host()}-{os.getpid()}-"


@cache
def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def read_toml(path: Path | str) -> dict[str, Any]:
    """Return the content of a TOML file that the course brings.

    Raises
    ------
    ValueError
        If it is no TOML: with its name, the place, and how it comes back.
    """
    path = Path(path)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{path} is damaged: {error}. Get it back: git checkout -- {path.name}, in its folder."
        ) from None


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
