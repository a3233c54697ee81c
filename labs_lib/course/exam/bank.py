"""The bank of questions: the quizzes of the labs, and what ``exam.toml`` adds in a lab's folder.

A quiz holds questions with one right option of four. An exam asks in three more ways, and its
questions stand in ``exam.toml``, with the same `text`, `domain`, `also`, `concept` and `section`::

    [[question]]
    kind = "response"               # all right options, two or more of five or more
    ...
    [[question.option]]
    text = "..."
    reason = "..."
    right = true

    [[question]]
    kind = "ordering"               # three to five steps, written here in the right order
    ...
    [[question.step]]
    text = "..."
    reason = "Why it stands here."

    [[question]]
    kind = "matching"               # three to seven pairs; a match may serve for several
    ...
    [[question.pair]]
    text = "..."
    match = "..."
    reason = "..."

and ``kind = "choice"``, one right option of four, where a domain is thin.
"""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from labs_lib.course import catalog, guides, quiz
from labs_lib.course.quiz import Question

KINDS = {
    "choice": ("option", 4, 4),
    "response": ("option", 5, 6),
    "ordering": ("step", 3, 5),
    "matching": ("pair", 3, 7),
}
"""How a question is asked: name of its parts in the file, and how few and many there may be."""

FILE = "exam.toml"


@dataclass(frozen=True)
class Piece:
    """An option, a step or the left side of a pair.

    Attributes
    ----------
    text : str
    reason : str
        Why it is right or wrong, or why it stands at its place.
    right : bool
        Of an option.
    match : str
        Right side of a pair; else empty.
    """

    text: str
    reason: str
    right: bool = False
    match: str = ""


@dataclass(frozen=True)
class Item:
    """A question of the bank.

    Attributes
    ----------
    lab : str
        The lab that proves the answer.
    kind : str
        One of `KINDS`.
    text, concept, section : str
    domain : int
        Of `exam`, one of `labs_lib.course.guides`.
    parts : tuple of Piece
        Steps stand in the right order.
    exam : str
        Code of the exam that its lab's part prepares for.
    also : mapping of str to int
        Its domain in other exams, by their codes.
    """

    lab: str
    kind: str
    text: str
    domain: int
    concept: str
    section: str
    parts: tuple[Piece, ...]
    exam: str = guides.FIRST
    also: Mapping[str, int] = field(default_factory=dict, hash=False)

    def domain_in(self, exam: str) -> int | None:
        """Return its domain in the exam with this code; None if that does not ask it."""
        return self.domain if exam == self.exam else self.also.get(exam)

    @property
    def key(self) -> str:
        """Twelve characters that belong to its texts: what a learner's file knows it by.

        A question whose parts were changed or moved is another one, as an answer is kept by
        the numbers of the parts. Reasons, and what counts as right, may be mended.
        """
        texts = [self.text, *(f"{part.text}\0{part.match}" for part in self.parts)]
        return hashlib.sha256("\0\0".join(texts).encode()).hexdigest()[:12]

    @property
    def matches(self) -> tuple[str, ...]:
        """The right sides of a matching question, each once, in alphabetical order."""
        return tuple(sorted({part.match for part in self.parts if part.match}))

    @property
    def right(self) -> tuple[int, ...]:
        """The right answer.

        The numbers of the right options, ascending; of all steps, in order; or for each pair
        the number of its match among `matches`. Numbers begin at 0.
        """
        if self.kind == "ordering":
            return tuple(range(len(self.parts)))
        if self.kind == "matching":
            return tuple(self.matches.index(part.match) for part in self.parts)
        return tuple(number for number, part in enumerate(self.parts) if part.right)

    def is_right(self, answer: Sequence[int]) -> bool:
        """Whether an answer in the form of `right` is right: all or nothing.

        Options may stand in any order.
        """
        chosen = tuple(answer)
        if self.kind in ("choice", "response"):
            chosen = tuple(sorted(chosen))
        return chosen == self.right

    def fits(self, answer: Sequence[int]) -> bool:
        """Whether an answer has the form of `right`: as many numbers, of parts that it has."""
        known = range(len(self.matches if self.kind == "matching" else self.parts))
        twice = self.kind != "matching" and len(set(answer)) < len(answer)
        return (
            len(answer) == len(self.right)
            and all(number in known for number in answer)
            and not twice
        )


def of_quiz(lab: str, question: Question) -> Item | None:
    """Return a question of a quiz as an item; None if it is not one right option of four."""
    options = question.options.values()
    _, few, _ = KINDS["choice"]
    if len(options) != few or sum(option.right for option in options) != 1:
        return None
    if question.domain is None:
        return None
    parts = tuple(Piece(option.text, option.reason, option.right) for option in options)
    return Item(
        lab=lab,
        kind="choice",
        text=question.text,
        domain=question.domain,
        concept=question.concept or "",
        section=question.section or "",
        parts=parts,
        exam=catalog.exam_of(lab).code,
        also=question.also,
    )


@cache
def items() -> tuple[Item, ...]:
    """Return every question of the bank, in the order of the course.

    Raises
    ------
    ValueError
        If a file breaks the form, or two questions have the same text.
    """
    found: list[Item] = []
    for lab in catalog.labs():
        questions = quiz.load(lab.folder / "quiz.toml")
        found += filter(None, (of_quiz(lab.id, question) for question in questions))
        found += load(lab.folder / FILE, lab.id)
    texts = [item.text for item in found]
    if twice := sorted({text for text in texts if texts.count(text) > 1}):
        raise ValueError(f"The bank has this question twice: {twice[0]!r}. Take one out.")
    return tuple(found)


def load(file: Path, lab: str) -> list[Item]:
    """Read the questions that a lab adds for the exam; none if it has no file.

    Raises
    ------
    ValueError
        With the lab and the number of the question, if the file is no TOML, or a question
        lacks something, has an unknown field, or breaks the rules of its kind.
    """
    name = f"{lab}/{file.name}"
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise ValueError(f"{name} is not valid TOML: {error}.") from None
    tables = content.pop("question", None)
    if content or not isinstance(tables, list) or not tables:
        raise ValueError(f"{name} has to hold [[question]] tables and nothing else.")
    found = []
    for number, table in enumerate(tables, start=1):
        try:
            found.append(_item(table, lab))
        except ValueError as error:
            raise ValueError(f"{name}, question {number}: {error}") from None
    return found


def _item(table: object, lab: str) -> Item:
    if not isinstance(table, dict):
        raise ValueError(f"{table!r} is not a [[question]] table.")
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"its kind is {kind!r}, expected one of {', '.join(KINDS)}.")
    parts_are, few, many = KINDS[kind]
    _fields(table, {"kind", "text", "domain", "concept", "section", parts_are}, {"also"})
    exam = catalog.exam_of(lab).code
    guides.check(table["domain"], exam)
    if not isinstance(table[parts_are], list):
        raise ValueError(f"its parts have to be [[question.{parts_are}]] tables.")
    parts = [_part(part, parts_are) for part in table[parts_are]]
    if not few <= len(parts) <= many:
        raise ValueError(
            f"it has {len(parts)} of [[question.{parts_are}]], expected {few} to {many}."
        )
    if len({part.text for part in parts}) < len(parts):
        raise ValueError(f"two of [[question.{parts_are}]] have the same text.")
    item = Item(
        lab=lab,
        kind=kind,
        text=str(table["text"]),
        domain=table["domain"],
        concept=str(table["concept"]),
        section=str(table["section"]),
        parts=tuple(parts),
        exam=exam,
        also=guides.checked(table.get("also")),
    )
    rights = sum(part.right for part in parts)
    if kind == "choice" and rights != 1:
        raise ValueError(f"{rights} options are right, expected one.")
    if kind == "response" and not 2 <= rights < len(parts):
        raise ValueError(f"{rights} options are right, expected two or more, and not all.")
    if kind == "matching" and len(item.matches) < 2:
        raise ValueError("all pairs have the same match, expected two or more.")
    return item


def _part(table: object, parts_are: str) -> Piece:
    if not isinstance(table, dict):
        raise ValueError(f"{table!r} is not a [[question.{parts_are}]] table.")
    needed = {"text", "reason"} | ({"match"} if parts_are == "pair" else set())
    _fields(table, needed, {"right"} if parts_are == "option" else set())
    right = table.get("right", False)
    if not isinstance(right, bool):
        raise ValueError(f"right is {right!r}, expected true or nothing.")
    return Piece(
        str(table["text"]), str(table["reason"]), right, str(table.get("match", ""))
    )


def _fields(
    table: dict[str, Any], needed: set[str], optional: set[str] | None = None
) -> None:
    if missing := sorted(name for name in needed if not table.get(name)):
        raise ValueError(f"{' and '.join(missing)} missing.")
    if unknown := sorted(set(table) - needed - (optional or set())):
        raise ValueError(
            f"unknown field {', '.join(unknown)}; a table of this kind has "
            f"{', '.join(sorted(needed | (optional or set())))}."
        )
