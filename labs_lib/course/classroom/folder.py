"""A class in a shared folder: each learner writes one file, the instructor reads them all.

``class.json`` says what the class asks for; a learner's file has a name that nobody can guess and
that the learner keeps. Where the folder may be written by all and listed by its owner alone (mode
1733, as `prepare` makes it), no learner finds another's file, and none can remove it.
"""

import contextlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labs_lib.course.classroom import columns, names
from labs_lib.course.classroom.membership import FOLDER, Membership, now
from labs_lib.course.classroom.state import Items, State, checked
from labs_lib.files import write_text

CLASS = "class.json"
MODE = 0o1733
"""Of the folder: anybody may put files there, the owner alone lists them."""

BYTES = 64 * 1024
"""Of a learner's file."""

CLASS_BYTES = 1 << 20
LEARNERS = 500
"""Files that are read."""

_NAME = re.compile(r"[0-9a-f]{32}\.json")


@dataclass(frozen=True)
class Found:
    """What one file says.

    Attributes
    ----------
    id : str
    name, pseudonym, joined : str
    number : int
    state : dict
    written : float
        When the file was written, in seconds of the folder's clock.
    """

    id: str
    name: str
    pseudonym: str
    joined: str
    number: int
    state: State
    written: float


def prepare(where: Path, code: str, items: Items) -> str:
    """Make a shared folder a class, or take it up again; return the code of the class.

    Parameters
    ----------
    where : Path
        Made if needed, with `MODE`. A folder that is there keeps its mode.
    code : str
        Of a new class.
    items : dict
        What learners of a new class send.

    Raises
    ------
    ValueError
        If the folder holds a class with other items, or cannot be used.
    """
    try:
        if not where.exists():
            where.mkdir(parents=True)
            where.chmod(MODE)
        with contextlib.suppress(FileNotFoundError):
            known_code, known = _class(where)
            if known != items:
                raise ValueError(
                    f"{where} holds the class {known_code} with other labs: "
                    f"{', '.join(known)}. Name the same ones, or take another folder."
                )
            return known_code
        text = json.dumps({"version": 1, "code": code, "items": items}, indent=1) + "\n"
        write_text(where / CLASS, text, mode=0o644)
    except OSError as error:
        raise ValueError(f"The folder {where} cannot be used: {error.strerror}.") from None
    return code


def warnings(where: Path) -> list[str]:
    """Return what in the folder's mode lets learners see or remove each other's files."""
    if os.name == "nt":
        return []
    mode = stat.S_IMODE(where.stat().st_mode)
    found = []
    if mode & 0o044:
        found.append("learners can list the folder, and so read each other's files")
    if mode & 0o022 and not mode & stat.S_ISVTX:
        found.append("learners can remove each other's files")
    if not mode & 0o022:
        found.append("learners who are not its owner cannot write into it")
    return [f"{where}: {problem}. `chmod 1733` mends it." for problem in found]


def join(where: Path, name: str) -> Membership:
    """Return a membership of the class in a folder; the first file is written by `drop`.

    Raises
    ------
    ValueError
        If there is no class, or the name is none.
    """
    name = names.clean(name)
    try:
        code, items = _class(where)
    except FileNotFoundError:
        raise ValueError(
            f"There is no class in {where}. The instructor begins one with "
            f"`labs class open --folder {where}`."
        ) from None
    except OSError as error:
        raise ValueError(
            f"The class in {where} cannot be read: {error.strerror}."
        ) from None
    return Membership(
        kind=FOLDER,
        where=str(where.absolute()),
        code=code,
        name=name,
        token=secrets.token_hex(16),
        items=items,
        pseudonym=names.pseudonym(),
        joined=now(),
    )


def drop(membership: Membership, state: State) -> None:
    """Write the learner's file, whole or not at all.

    Raises
    ------
    ValueError
        If the class is no longer there or the file cannot be written.
    """
    where = Path(membership.where)
    try:
        if not (where / CLASS).exists():
            raise ValueError(f"The class in {where} is no longer there.")
        text = json.dumps(content(membership, state)) + "\n"
        # The instructor may be another user, and the learner's own files private.
        write_text(where / f"{membership.token}.json", text, mode=0o644)
    except OSError as error:
        raise ValueError(f"{where} cannot be written: {error.strerror}.") from None


def content(membership: Membership, state: State) -> dict[str, Any]:
    """Return what a learner's file holds."""
    return {
        "name": membership.name,
        "pseudonym": membership.pseudonym,
        "joined": membership.joined,
        "number": membership.number,
        "state": state,
    }


def remove(membership: Membership) -> None:
    """Take the learner's file away.

    Raises
    ------
    ValueError
        If it cannot be removed.
    """
    file = Path(membership.where) / f"{membership.token}.json"
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"{file} cannot be removed: {error.strerror}.") from None


class Reader:
    """Reads the files of a class, each again only when it has changed.

    Parameters
    ----------
    where : Path
    items : dict
        What learners may say.
    """

    def __init__(self, where: Path, items: Items) -> None:
        self.where = where
        self.items = items
        self.refused = 0
        self._known: dict[str, tuple[tuple[int, ...], Found | None]] = {}

    def read(self) -> Iterator[Found]:
        """Yield what each file says; one that is no learner's file is counted in `refused`.

        Raises
        ------
        OSError
            If the folder cannot be listed.
        """
        with os.scandir(self.where) as entries:
            found = sorted(e.name for e in entries if _NAME.fullmatch(e.name))
        known = {}
        for name in found[:LEARNERS]:
            known[name] = self._one(name)
        self._known = known
        good = [learner for _, learner in known.values() if learner is not None]
        self.refused = len(found) - len(good)
        yield from good

    def _one(self, name: str) -> tuple[tuple[int, ...], Found | None]:
        path = self.where / name
        try:
            seen = path.lstat()
            stamp = (seen.st_ino, seen.st_size, seen.st_mtime_ns)
            if name in self._known and self._known[name][0] == stamp:
                return self._known[name]
            given = json.loads(_read(path, BYTES))
            return stamp, _found(name[:-5], given, self.items, seen.st_mtime)
        except (OSError, ValueError, RecursionError):
            return (), None


def _found(id: str, given: Any, items: Items, written: float) -> Found:
    if not isinstance(given, dict):
        raise ValueError("no object")
    number, joined = given.get("number"), given.get("joined")
    if type(number) is not int or not 0 <= number < 2**53:
        raise ValueError("no number")
    pseudonym = given.get("pseudonym")
    if not names.is_pseudonym(pseudonym):
        pseudonym = names.pseudonym()
    return Found(
        id,
        names.clean(given.get("name", "")),
        str(pseudonym),
        joined[:25] if isinstance(joined, str) else "",
        number,
        checked(given.get("state"), items),
        written,
    )


def _class(where: Path) -> tuple[str, Items]:
    content = _read(where / CLASS, CLASS_BYTES)
    try:
        found = json.loads(content)
        return str(found["code"]), columns.checked(found["items"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{where / CLASS} is damaged. The instructor takes it away and begins anew with "
            f"`labs class open --folder {where}`."
        ) from None


def _read(path: Path, limit: int) -> bytes:
    """Read a plain file; a link or pipe that somebody put there is no file."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError(f"{path} is no plain file.")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"{path} has more than {limit} bytes.")
    return content
