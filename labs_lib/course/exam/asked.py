"""A question as an exam asks it: parts in a mixed order, letters, and how an answer is written."""

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from labs_lib.course.exam import paper
from labs_lib.course.exam.bank import Item, Piece

NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five"}


@dataclass(frozen=True)
class Asked:
    """A question of one exam.

    An answer has two forms. In the learner's file it is a tuple of numbers as `Item.right`, so
    that it means the same wherever a part was shown. A learner writes it with the letters of
    this exam: ``b``, ``a d``, in order ``c a b``, or pair by pair ``1b 2a 3a``.

    Attributes
    ----------
    item : Item
    seed : int
        Of the exam.
    """

    item: Item
    seed: int

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The numbers of the parts, in the order in which this exam shows them."""
        return tuple(paper.shown(self.item, seed=self.seed))

    @property
    def parts(self) -> dict[str, Piece]:
        """The parts by what this exam calls them: letters, or numbers of pairs."""
        names = (
            string.digits[1:] if self.item.kind == "matching" else string.ascii_lowercase
        )
        return {
            name: self.item.parts[number]
            for name, number in zip(names, self.order, strict=False)
        }

    @property
    def matches(self) -> dict[str, str]:
        """The right sides of pairs by letter; empty for other kinds."""
        return dict(zip(string.ascii_lowercase, self.item.matches, strict=False))

    @property
    def how(self) -> str:
        """What to do, in two or three words."""
        if self.item.kind == "response":
            return f"choose {NUMBERS[len(self.item.right)]}"
        return {"choice": "choose one", "ordering": "put in order", "matching": "match"}[
            self.item.kind
        ]

    @property
    def example(self) -> str:
        """What an answer to this question looks like; it says nothing about the right one."""
        kind, parts = self.item.kind, list(self.parts)
        if kind == "matching":
            return " ".join(f"{number}a" for number in parts)
        if kind == "ordering":
            return " ".join(parts)
        return " ".join(parts[: len(self.item.right)])

    def read(self, text: str) -> tuple[int, ...]:
        """Return the answer that a learner wrote.

        Raises
        ------
        ValueError
            With what to write, if it is none.
        """
        if self.item.kind == "matching":
            answer = self._read_pairs(text)
        else:
            names = list(self.parts)
            letters = re.sub(r"[\s,;>.-]+", "", text.lower())
            known = [self.order[names.index(k)] for k in letters if k in names]
            answer = tuple(known) if len(known) == len(letters) else ()
            if self.item.kind != "ordering":
                answer = tuple(sorted(answer))
        if not self.item.fits(answer):
            raise ValueError(f"{self.how.capitalize()}, such as: {self.example}")
        return answer

    def _read_pairs(self, text: str) -> tuple[int, ...]:
        found = re.findall(r"(\d)\W*([a-z])", text.lower())
        rest = re.sub(r"(\d)\W*([a-z])", "", text.lower())
        names, letters = list(self.parts), list(self.matches)
        chosen = dict(found)
        if (
            sorted(number for number, _ in found) != names
            or not set(chosen.values()) <= set(letters)
            or re.search(r"\w", rest)
        ):
            return ()
        by_part = {
            self.order[names.index(number)]: letters.index(letter)
            for number, letter in chosen.items()
        }
        return tuple(by_part[number] for number in range(len(names)))

    def write(self, answer: Sequence[int]) -> str:
        """Return an answer as a learner writes it; the opposite of `read`."""
        names = list(self.parts)
        if self.item.kind == "matching":
            letters = list(self.matches)
            return " ".join(
                f"{name}{letters[answer[number]]}"
                for name, number in zip(names, self.order, strict=True)
            )
        letters = [names[self.order.index(number)] for number in answer]
        return " ".join(letters if self.item.kind == "ordering" else sorted(letters))

    def plain(self) -> str:
        """Return the question and its parts as text."""
        lines = [self.item.text.strip(), ""]
        lines += [f"  {name}) {part.text}" for name, part in self.parts.items()]
        if self.matches:
            lines += ["", *(f"  {letter}) {text}" for letter, text in self.matches.items())]
        return "\n".join(lines)
