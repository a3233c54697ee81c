"""The file of a served class: what a server that was killed goes on with.

Everything is written before it is answered. A database of SQLite, which keeps whole what it has
taken, however the process ends.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labs_lib.course.classroom.state import State
from labs_lib.files import hold

_TABLES = """
CREATE TABLE IF NOT EXISTS class (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS learner (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, pseudonym TEXT NOT NULL, token TEXT NOT NULL,
    number INTEGER NOT NULL, state TEXT NOT NULL, seen REAL NOT NULL
) STRICT;
"""


_SMALLEST = 512
"""Bytes of a database."""

_CANNOT = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""Errors of the machine; the file may be whole."""


@dataclass(frozen=True)
class Kept:
    """A learner as the file has it.

    Attributes
    ----------
    id, name, pseudonym : str
    token : str
        SHA-256 of the learner's token, in hexadecimal digits.
    number : int
        Of the last state.
    state : dict
    seen : float
        When it came, in seconds since 1970.
    """

    id: str
    name: str
    pseudonym: str
    token: str
    number: int
    state: State
    seen: float


class Damaged(ValueError):
    """The file is no class."""


class Store:
    """An open file of a class. Used by one thread at a time.

    Parameters
    ----------
    path : Path
        Made if needed; nobody else may read it.

    Raises
    ------
    Damaged
        If it is there and no class.
    ValueError
        If another process has it, or it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = hold(path.with_name(f"{path.name}.lock"))
            if lock is None:
                raise ValueError(
                    "The class is open in another terminal. Stop that command with Ctrl-C first."
                )
            self._lock = lock
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            size = path.stat().st_size
        except OSError as error:
            raise ValueError(f"{path} cannot be written: {error.strerror}.") from None
        self._database = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None
        )
        try:
            if 0 < size < _SMALLEST:
                raise ValueError("it was cut off")  # SQLite would begin anew in it
            # Without shared memory, which a home folder on the network does not have.
            self._database.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode = WAL")
            if self._database.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise ValueError("its parts do not fit together")
            self._database.executescript(_TABLES)
            self.settings()
            list(self.learners())
        except (sqlite3.Error, ValueError, TypeError) as error:
            self.close()
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if code in _CANNOT:
                raise ValueError(f"{path} cannot be used: {error}.") from None
            raise Damaged(f"{path} is damaged: {error}.") from None

    def settings(self) -> dict[str, str]:
        """Return what is kept of the class itself."""
        return dict(self._database.execute("SELECT name, value FROM class"))

    def set(self, **values: str) -> None:
        """Keep values of the class, all or none."""
        pairs = list(values.items())
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO class VALUES (?, ?)", pairs)

    def learners(self) -> Iterator[Kept]:
        """Yield the learners in the order in which they joined."""
        rows = self._database.execute(
            "SELECT id, name, pseudonym, token, number, state, seen FROM learner "
            "ORDER BY rowid"
        )
        for id, name, pseudonym, token, number, state, seen in rows:
            found = json.loads(state)
            if not isinstance(found, dict):
                raise ValueError(f"the state of {id} is no object")
            yield Kept(id, name, pseudonym, token, number, found, seen)

    def add(self, learner: Kept) -> None:
        """Keep a new learner."""
        values = (
            learner.id,
            learner.name,
            learner.pseudonym,
            learner.token,
            learner.number,
            json.dumps(learner.state),
            learner.seen,
        )
        self._database.execute("INSERT INTO learner VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def update(self, id: str, number: int, state: State, seen: float) -> None:
        """Keep a learner's state."""
        self._database.execute(
            "UPDATE learner SET number = ?, state = ?, seen = ? WHERE id = ?",
            (number, json.dumps(state), seen, id),
        )

    def remove(self, id: str) -> None:
        """Forget a learner."""
        self._database.execute("DELETE FROM learner WHERE id = ?", (id,))

    def delete(self) -> None:
        """Delete the class; what it held of learners is overwritten first. Close it afterwards."""
        self._database.execute("PRAGMA secure_delete = ON")
        self._database.execute("DELETE FROM learner")
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._database.close()
        for file in files(self.path):
            file.unlink()

    def close(self) -> None:
        """Close the file; another process may have it then."""
        self._database.close()
        self._lock.close()


def files(path: Path) -> list[Path]:
    """Return the files of a class that are there: SQLite keeps some beside the database."""
    return [
        file
        for end in ("", "-wal", "-shm")
        if (file := path.with_name(path.name + end)).exists()
    ]


def put_aside(path: Path) -> Path:
    """Move a damaged file, and what belongs to it, to a name that is free; return that."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for file in files(path):
        os.replace(file, file.with_name(file.name.replace(path.name, aside.name, 1)))
    return aside
