"""The words of the course: each explained once, in ``glossary.toml``, and linked from the labs."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from labs_lib import files
from labs_lib.course import catalog, marks
from labs_lib.course.source import Cell, Source

FILE = catalog.HERE / "glossary.toml"
_NO_PROSE = ("Quiz", "Sources", "Facts")
# Code, headings, rows of tables and quotations.
_ASIDE = re.compile(r"```.*?```|`[^`]*`|^[ ]*[#>|][^\n]*", re.DOTALL | re.MULTILINE)
_LINK = r"\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]*)[^)]*\)"


@dataclass(frozen=True)
class Term:
    """A word of the course.

    Attributes
    ----------
    name : str
        In lower case, so that its anchor is the same on every reader of Markdown.
    text : str
        What it means, in one or two sentences.
    lab : str
        The lab that introduces it; empty if no lesson does so yet.
    written : tuple of str
        How a lesson writes it, where that is not the name or the name with an s.
    """

    name: str
    text: str
    lab: str = ""
    written: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """What a link names: ``[tie](../glossary.md#tie)``."""
        return self.name.replace(" ", "-")

    @property
    def forms(self) -> tuple[str, ...]:
        """What counts as a use of the term in a lesson."""
        return self.written or (self.name, f"{self.name}s")


@dataclass(frozen=True)
class Unlinked:
    """A term in the prose of a lesson that is not linked there, nor above."""

    cell: int
    section: str
    term: Term
    words: str

    def __str__(self) -> str:
        return (
            f"cell {self.cell} ({self.section}): {self.words!r} is a term of the glossary; link "
            f"it here, where it first appears: [{self.words}](../glossary.md#{self.term.anchor})"
        )


@cache
def terms() -> tuple[Term, ...]:
    """Return the terms of the course, in the order of the alphabet.

    Raises
    ------
    ValueError
        If a term stands there twice, belongs to no lab, or is not in lower case.
    """
    raw = files.read_toml(FILE)["term"]
    return check(Term(**term | {"written": tuple(term.get("written", ()))}) for term in raw)


def check(found: Iterable[Term]) -> tuple[Term, ...]:
    """Return the terms in order.

    Raises
    ------
    ValueError
        As for `terms`.
    """
    ordered = sorted(found, key=lambda term: term.name)
    labs = {lab.id for lab in catalog.labs()}
    problems = []
    for number, term in enumerate(ordered):
        if number and term.name == ordered[number - 1].name:
            problems.append(f"{term.name!r} stands there twice; a term is introduced once")
        if term.lab and term.lab not in labs:
            problems.append(
                f"{term.name!r} names the lab {term.lab!r}, which does not exist"
            )
        if term.name != term.name.lower():
            problems.append(f"{term.name!r} has capitals; write them in the text")
    if problems:
        raise ValueError("\n".join(f"glossary.toml: {problem}." for problem in problems))
    return tuple(ordered)


def anchors() -> set[str]:
    """Return what a link to ``glossary.md`` may name."""
    return {term.anchor for term in terms()}


def problems(source: Source) -> list[str]:
    """Say which terms a lesson should introduce and never uses, or links twice."""
    text = "\n".join(cell.text for cell in source.cells if cell.kind == "markdown")
    plain = " ".join(text.lower().split())
    found = [
        f"the glossary says that {term.name!r} is introduced here, but the prose never uses it; "
        "see labs_lib/course/glossary.toml"
        for term in terms()
        if term.lab == source.info.id and term.name not in plain
    ]
    return found + [
        f"the term {term.name!r} is linked more than once; link it where it first appears"
        for term in terms()
        if text.count(f"glossary.md#{term.anchor})") > 1
    ]


def unlinked(source: Source) -> list[Unlinked]:
    """Return the first use of each term that is not linked there.

    Looked at is the prose of a lesson: not its title cell, quiz and sources, nor headings,
    tables, quotations, code, and the words of other links. A link in the title cell counts.
    """
    known: set[str] = set()
    found = []
    for number, cell in enumerate(source.cells, start=1):
        if cell.kind != "markdown" or cell.section.startswith(_NO_PROSE):
            continue
        for anchor, words in _uses(cell):
            term = _by_form().get(" ".join(words.lower().split()))
            if anchor:
                known.add(anchor)
            elif term and term.anchor not in known and not cell.text.startswith("# "):
                known.add(term.anchor)
                found.append(Unlinked(number, cell.section, term, " ".join(words.split())))
    return found


def _uses(cell: Cell) -> Iterator[tuple[str, str]]:
    """Yield the anchor of each link to the glossary, and the words of each term outside links."""
    text = marks.without_any(_ASIDE.sub(" ", cell.text))
    for found in _pattern().finditer(text):
        _, glossary, anchor = (found["target"] or "").partition("glossary.md#")
        if glossary:
            yield anchor, found["text"]
        elif found["term"]:
            yield "", found["term"]


def _by_form() -> dict[str, Term]:
    return {form: term for term in terms() for form in term.forms}


def _pattern() -> re.Pattern[str]:
    # The longest first: "average precision" is no use of "precision".
    forms = sorted(_by_form(), key=len, reverse=True)
    words = "|".join(re.escape(form).replace(r"\ ", r"\s+") for form in forms)
    return re.compile(rf"{_LINK}|(?<![\w-])(?P<term>{words})(?![\w-])", re.IGNORECASE)


def page() -> str:
    """Return the text of ``notebooks/glossary.md``."""
    stems = {lab.id: lab.stem for lab in catalog.labs()}
    lines = [
        "# Glossary",
        "",
        "The words of the course, each with one meaning in all labs. Generated by `labs build`.",
    ]
    for term in terms():
        where = f" Introduced in [{term.lab}]({stems[term.lab]}.ipynb)." if term.lab else ""
        lines += ["", f"## {term.name}", "", f"{' '.join(term.text.split())}{where}"]
    return "\n".join([*lines, ""])
