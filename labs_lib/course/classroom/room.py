"""A room of learners in memory: their states, who is stuck, and what the page shows of it."""

import csv
import io
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from labs_lib.course.classroom.columns import ClassColumn
from labs_lib.course.classroom.state import State

TRIES = 3
"""Attempts without passing from which on a learner is stuck."""

LATELY = 600.0
"""Seconds after the last of them for which that is said."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class Learner:
    """One learner of the room.

    Attributes
    ----------
    row : int
        A small number that stands for the learner on the page.
    id, name, pseudonym : str
    number : int
        Of the state.
    state : dict
    seen : float
        On the room's clock, when anything was last heard.
    tried : dict
        When each item was last tried; of what was there at first, when it was read.
    version : int
        Of the room, when this learner last changed.
    """

    row: int
    id: str
    name: str
    pseudonym: str
    number: int
    state: State
    seen: float
    tried: dict[tuple[str, str], float] = field(default_factory=dict)
    version: int = 0


class Room:
    """What an instructor sees. Not safe for several threads; its owner takes a lock.

    Parameters
    ----------
    columns : sequence of ClassColumn
    clock : callable
        Seconds, never going back.
    """

    def __init__(
        self, columns: Sequence[ClassColumn], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.columns = list(columns)
        self.learners: dict[str, Learner] = {}
        self._clock = clock
        self._name = secrets.token_hex(8)
        self._version = 1
        self._rows = 0
        self._gone: list[tuple[int, int]] = []

    def add(
        self,
        id: str,
        *,
        name: str,
        pseudonym: str,
        number: int = 0,
        state: State | None = None,
        age: float = 0.0,
    ) -> None:
        """Add a learner; `age` is how many seconds ago the state came."""
        self._rows += 1
        learner = Learner(
            self._rows, id, name, pseudonym, number, {}, self._clock() - max(age, 0.0)
        )
        self.learners[id] = learner
        self._put(learner, state or {}, at=learner.seen)

    def update(self, id: str, number: int, state: State) -> bool:
        """Take a learner's state if it is later than the one known; return whether it was."""
        learner = self.learners[id]
        later = number > learner.number
        learner.seen = self._clock()
        if later:
            learner.number = number
            self._put(learner, state, at=learner.seen)
        return later

    def remove(self, id: str) -> None:
        """Forget a learner."""
        learner = self.learners.pop(id)
        self._version += 1
        self._gone.append((self._version, learner.row))

    def _put(self, learner: Learner, state: State, *, at: float) -> None:
        before = learner.state
        for lab, of_lab in state.items():
            for name, figures in of_lab.items():
                known = before.get(lab, {}).get(name, {}).get("attempts", 0)
                if figures.get("attempts", 0) > known:
                    learner.tried[lab, name] = at
        learner.state = state
        self._version += 1
        learner.version = self._version

    def stuck(self) -> list[tuple[Learner, int, int]]:
        """Return who is stuck, the one who tried most in front.

        Stuck is who has tried an exercise or question `TRIES` times or more and has not passed it,
        the last time within `LATELY` seconds.

        Returns
        -------
        list of (Learner, int, int)
            With the number of the column, from 0, and the attempts.
        """
        now, found = self._clock(), []
        for learner in self.learners.values():
            worst: tuple[int, float, int] | None = None
            for place, column in enumerate(self.columns):
                figures = learner.state.get(column.lab, {}).get(column.name)
                if figures is None or figures.get("passed") or figures.get("later"):
                    continue
                at = learner.tried.get((column.lab, column.name), float("-inf"))
                attempts = figures.get("attempts", 0)
                if attempts >= TRIES and now - at <= LATELY:
                    this = (attempts, at, place)
                    worst = this if worst is None or this > worst else worst
            if worst is not None:
                found.append((worst, learner))
        found.sort(key=lambda each: (-each[0][0], -each[0][1], each[1].row))
        return [(learner, place, attempts) for (attempts, _, place), learner in found]

    def view(self, room: str = "", since: int = 0) -> dict[str, Any]:
        """Return what the page needs to know, in values that JSON knows.

        Parameters
        ----------
        room : str
            The ``room`` of an earlier view.
        since : int
            Its ``version``: what has not changed since then is left out.

        Returns
        -------
        dict
            ``room``, ``version``, ``now`` (seconds); ``columns`` at first; ``learners`` that
            have changed; the rows of those ``gone``; all rows in ``order``, who is stuck in
            front; ``stuck`` as [row, column, attempts]; for each column in ``totals`` how many
            tried, passed and read a hint, and in ``answers`` the first choices.
        """
        fresh = room != self._name or not 0 < since <= self._version
        stuck = self.stuck()
        first = [learner.row for learner, _, _ in stuck]
        rest = [learner.row for learner in self.learners.values()]
        found: dict[str, Any] = {
            "room": self._name,
            "version": self._version,
            "now": round(self._clock(), 1),
            "fresh": fresh,
            "learners": [
                self._line(learner)
                for learner in self.learners.values()
                if fresh or learner.version > since
            ],
            "gone": [] if fresh else [row for at, row in self._gone if at > since],
            "order": first + [row for row in rest if row not in set(first)],
            "stuck": [[learner.row, place, tries] for learner, place, tries in stuck],
            **self._sums(),
        }
        if fresh:
            found["columns"] = [_head(column) for column in self.columns]
        return found

    def _line(self, learner: Learner) -> dict[str, Any]:
        return {
            "row": learner.row,
            "name": learner.name,
            "pseudonym": learner.pseudonym,
            "seen": round(learner.seen, 1),
            "cells": [
                _cell(learner.state.get(column.lab, {}).get(column.name))
                for column in self.columns
            ],
        }

    def _sums(self) -> dict[str, Any]:
        totals, answers = [], []
        for column in self.columns:
            figures = [
                found
                for learner in self.learners.values()
                if (found := learner.state.get(column.lab, {}).get(column.name))
            ]
            totals.append(
                [
                    sum(each.get("attempts", 0) > 0 for each in figures),
                    sum(bool(each.get("passed")) for each in figures),
                    sum(each.get("hints", 0) > 0 for each in figures),
                ]
            )
            choices = Counter(each["choice"] for each in figures if "choice" in each)
            answers.append([choices[letter] for letter in column.options])
        return {"totals": totals, "answers": answers}

    def table(self, *, named: bool) -> str:
        """Return the room as CSV: a row a learner and item that was touched.

        Parameters
        ----------
        named : bool
            With names; otherwise with pseudonyms alone.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        who = ["name", "pseudonym"] if named else ["pseudonym"]
        what = ["attempts", "hints", "passed", "choice", "later"]
        writer.writerow([*who, "lab", "item", *what])
        for learner in sorted(self.learners.values(), key=lambda each: each.pseudonym):
            for column in self.columns:
                figures = learner.state.get(column.lab, {}).get(column.name)
                if figures is None:
                    continue
                texts = [_harmless(getattr(learner, each)) for each in who]
                given = [figures.get("attempts", 0), figures.get("hints", 0)]
                given += [int(figures.get("passed", False)), figures.get("choice", "")]
                given += [int(figures.get("later", False))]
                writer.writerow([*texts, column.lab, column.name, *given])
        return out.getvalue()


def _head(column: ClassColumn) -> dict[str, Any]:
    return {
        "lab": column.lab,
        "title": column.lab_title,
        "name": column.name,
        "text": column.text,
        "options": [
            [letter, option.text, option.right] for letter, option in column.options.items()
        ],
    }


def _cell(figures: dict[str, Any] | None) -> list[Any] | None:
    """Return attempts, hints, passed, choice, later: as short as can be, it is sent often."""
    if figures is None:
        return None
    return [
        figures.get("attempts", 0),
        figures.get("hints", 0),
        int(figures.get("passed", False)),
        figures.get("choice", ""),
        int(figures.get("later", False)),
    ]


def _harmless(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
