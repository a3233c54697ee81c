"""Files that are written whole or not at all."""

import hashlib
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it into place when the block succeeds.

    If the block raises or is interrupted, `path` keeps its old content and the temporary
    file is removed.

    Parameters
    ----------
    path : path-like
        The file to be written. Its folder is made if needed.

    Yields
    ------
    Path
        An existing, empty file in the same folder, with the same suffix.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; a course file is as readable as its neighbours.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> None:
    """Write `text` to `path` in UTF-8 with ``\\n`` line ends, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_all(texts: Mapping[Path, str]) -> None:
    """Write files as `write_text` does; if one cannot be written, none is changed."""
    with ExitStack() as stack:
        for path, text in texts.items():
            temporary = stack.enter_context(replacing(path))
            temporary.write_text(text, encoding="utf-8", newline="\n")


def write_with_mode(path: Path | str, text: str, mode: int) -> None:
    """Write `text` as `write_text` does, for those alone whom `mode` allows.

    Parameters
    ----------
    path : path-like
        Its folder has to exist.
    text : str
    mode : int
        Such as ``0o600`` for a secret. Windows has no such modes.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix
    )
    temporary = Path(name)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.chmod(mode)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
    except OSError:
        file.close()
        return None
    return file


def write_set(folder: Path | str, texts: Mapping[str, str]) -> None:
    """Write several files that belong together: all of them, or none.

    All are written beside their places first, so that a full disk changes nothing; then they
    are moved into place, which is undone if it fails. The last one of `texts` is taken away
    first and comes last: where a kill comes between, it is missing, and whoever reads the
    set notices. What killed writers have left in the folder is removed.

    Parameters
    ----------
    folder : path-like
        Made if needed.
    texts : mapping of str to str
        Text by name of the file; written in UTF-8 with ``\\n`` line ends.
    """
    folder = Path(folder)
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    prefix = f".labs-{_host()}-{os.getpid()}-"
    parts = Path(tempfile.mkdtemp(dir=folder, prefix=prefix))
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
        if made:
            with suppress(OSError):  # not if there is something in it
                folder.rmdir()


_LEFT_OVER = re.compile(r"\.labs-(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-\w+")
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
                shutil.rmtree(path, ignore_errors=True)


def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
