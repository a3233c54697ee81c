"""The instructor's page of a class in a shared folder."""

import secrets
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from labs_lib.course.classroom import columns, names
from labs_lib.course.classroom.folder import LEARNERS, Reader
from labs_lib.course.classroom.room import Room
from labs_lib.course.classroom.service import ClassPage

AT_LEAST = 1.0
"""Seconds between two looks into the folder."""


class FolderPage(ClassPage):
    """Shows what stands in a folder, read again whenever the page asks.

    Parameters
    ----------
    where : Path
    heads : sequence of ClassColumn
    code : str
    clock, wall : callable
        Seconds that never go back, and seconds since 1970.
    """

    def __init__(
        self,
        where: Path,
        heads: Sequence[columns.ClassColumn],
        *,
        code: str,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(
            Room(heads, clock=clock),
            secrets.token_urlsafe(24),
            title=f"Class {code}",
            join=f'labs class join {shlex.quote(str(where))} "YOUR NAME"',
        )
        self.reader = Reader(where, columns.items(heads))
        self._clock = clock
        self._wall = wall
        self._looked = float("-inf")
        self._said = ""
        self._written: dict[str, float] = {}

    def refresh(self) -> str:
        now = self._clock()
        if now - self._looked >= AT_LEAST:
            self._looked = now
            try:
                self._read()
                self._said = self._refused()
            except OSError as error:
                self._said = f"{self.reader.where} cannot be read: {error.strerror}."
        return self._said

    def _read(self) -> None:
        found = sorted(self.reader.read(), key=lambda each: (each.joined, each.id))
        known = self.room.learners
        for id in set(known) - {each.id for each in found}:
            self.room.remove(id)
            self._written.pop(id)
        for each in found:
            if each.id not in known:
                self.room.add(
                    each.id,
                    name=names.numbered(each.name, {o.name for o in known.values()}),
                    pseudonym=names.numbered(
                        each.pseudonym, {o.pseudonym for o in known.values()}
                    ),
                    number=each.number,
                    state=each.state,
                    age=self._wall() - each.written,
                )
            elif (each.written, each.number) != (
                self._written[each.id],
                known[each.id].number,
            ):
                self.room.update(each.id, each.number, each.state)
            self._written[each.id] = each.written

    def _refused(self) -> str:
        if not self.reader.refused:
            return ""
        return (
            f"{self.reader.refused} file(s) in {self.reader.where} are left out: no learner's "
            f"file of this class, or more than {LEARNERS}."
        )
