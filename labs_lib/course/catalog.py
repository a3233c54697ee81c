"""The labs and concepts of the course, read from ``course.toml`` and ``concepts.csv``."""

import csv
import difflib
import importlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from labs_lib import files
from labs_lib.course import guides
from labs_lib.settings import ROOT

HERE = Path(__file__).parent
NOTEBOOKS = ROOT / "notebooks"
LABS = ROOT / "labs_lib" / "labs"
"""A folder a lab: ``PART/NAME/``, and ``start/`` for the start page."""

DOCUMENTS = ("capstone.md", "concepts.md", "data.md", "glossary.md")
"""Pages beside the notebooks that lessons link to. Built, and shown by JupyterLab."""

MAP_FILES = ("course.toml", "concepts.csv")
"""What the map of the course is made of, beside this file."""

START = "start"
"""Identity of the start page, which is built like a lab but belongs to no part."""


@dataclass(frozen=True)
class Part:
    """A part of the course, such as ``train``."""

    id: str
    number: int
    title: str
    exam: str = guides.FIRST
    """Whose domains the questions of its labs have, one of `labs_lib.course.guides`."""

    @property
    def folder(self) -> str:
        """Folder name in each notebook tree, such as ``2_train``."""
        return f"{self.number}_{self.id}"


@dataclass(frozen=True)
class LabInfo:
    """Where a lab stands in the course and where its files are."""

    id: str
    title: str
    part: Part
    order: int
    minutes: int = 0

    @property
    def done(self) -> bool:
        """Whether the lab exists; planned labs have no minutes."""
        return self.minutes > 0

    @property
    def is_start(self) -> bool:
        """Whether this is the start page, which is no lab of a part."""
        return self.id == START

    @property
    def stem(self) -> str:
        """Path inside each notebook tree, without suffix: ``2_train/10_algorithms``."""
        if self.is_start:
            return "00_start_here"
        return f"{self.part.folder}/{self.order:02d}_{self.id.split('/')[1]}"

    @property
    def folder(self) -> Path:
        """The folder that holds everything an author edits."""
        return LABS / self.id

    @property
    def lesson(self) -> Path:
        """The lesson, in jupytext's percent format."""
        return self.folder / "lesson.py"

    @property
    def learner(self) -> Path:
        """The notebook a learner opens."""
        return NOTEBOOKS / f"{self.stem}.ipynb"

    @property
    def solution(self) -> Path:
        """The solved and executed notebook."""
        return NOTEBOOKS / "solutions" / f"{self.stem}.ipynb"

    @property
    def fresh(self) -> Path:
        """An untouched learner notebook, in a bundle that has no sources."""
        return NOTEBOOKS / ".fresh" / f"{self.stem}.ipynb"

    def exercises(self) -> ModuleType:
        """Import the module that holds the lab's exercises."""
        return importlib.import_module(
            f"labs_lib.labs.{self.id.replace('/', '.')}.exercises"
        )


@dataclass(frozen=True)
class Route:
    """Some labs in an order that works, for those who have so much time.

    Attributes
    ----------
    title : str
    at_most : int
        Minutes that it may take.
    labs : tuple of LabInfo
    """

    title: str
    at_most: int
    labs: tuple[LabInfo, ...]

    @property
    def minutes(self) -> int:
        """What its labs take, breaks and the start page not counted."""
        return sum(lab.minutes for lab in self.labs)


@dataclass(frozen=True)
class Concept:
    """A concept that the course covers or will cover."""

    id: str
    name: str
    alias: str
    source: str
    lab: str
    status: str
    runs: str


@cache
def _course() -> dict:
    return files.read_toml(HERE / "course.toml")


def parts() -> list[Part]:
    """Return the parts in the order of the course."""
    return sorted((Part(**p) for p in _course()["part"]), key=lambda p: p.number)


def exam_of(lab: str) -> guides.Guide:
    """Return the exam whose domains the questions of the lab with this identity have."""
    named = {part.id: part.exam for part in parts()}
    return guides.find(named.get(lab.split("/")[0], guides.FIRST))


def labs(*, planned: bool = False) -> list[LabInfo]:
    """Return the labs in the order of the course, without the start page.

    Parameters
    ----------
    planned : bool
        Also return labs that do not exist yet.
    """
    by_id = {part.id: part for part in parts()}
    found = [
        LabInfo(
            id=lab["id"],
            title=lab["title"],
            part=by_id[lab["id"].split("/")[0]],
            order=lab["order"],
            minutes=lab.get("minutes", 0),
        )
        for lab in _course()["lab"]
    ]
    found.sort(key=lambda lab: (lab.part.number, lab.order))
    return [lab for lab in found if lab.done or planned]


def routes() -> list[Route]:
    """Return the routes through the course, with those of their labs that exist.

    `route_problems` says what is wrong with them.
    """
    by_id = {lab.id: lab for lab in labs()}
    return [
        Route(r["title"], r["at_most"], tuple(by_id[i] for i in r["labs"] if i in by_id))
        for r in _course()["route"]
    ]


def route_problems() -> list[str]:
    """Return what is wrong with the routes in ``course.toml``: one sentence a problem."""
    done, planned = {lab.id for lab in labs()}, {lab.id for lab in labs(planned=True)}
    found = []
    for raw, route in zip(_course()["route"], routes(), strict=True):
        where = f"labs_lib/course/course.toml: the route {route.title!r}"
        for lab in raw["labs"]:
            if lab not in done:
                state = "is only planned" if lab in planned else "does not exist"
                found.append(f"{where} names {lab}, which {state}; take it out")
        if len(set(raw["labs"])) < len(raw["labs"]):
            found.append(f"{where} names a lab twice")
        if route.minutes > route.at_most:
            found.append(
                f"{where} takes {route.minutes} minutes and may take {route.at_most}; take a "
                "lab out"
            )
    return found


def pages() -> list[LabInfo]:
    """Return everything that is built: the start page, then the labs that exist."""
    first = Part(START, 0, "Start")
    start = LabInfo(START, _course()["title"], part=first, order=0, minutes=10)
    return [start, *labs()]


def find(name: str) -> LabInfo:
    """Return the page called `name`: ``train/algorithms``, ``algorithms`` or a file's path.

    The file may be one of the notebooks, or in the lab's folder.

    Raises
    ------
    ValueError
        If no page, or more than one, has this name.
    """
    known = pages()
    wanted = Path(name).with_suffix("") if name.endswith((".ipynb", ".py")) else Path(name)
    matches = [
        lab
        for lab in known
        if wanted.as_posix() in (lab.id, lab.id.split("/")[-1])
        or wanted.as_posix().endswith(lab.stem)
        or wanted.parent.as_posix().endswith(f"labs/{lab.id}")
    ]
    if len(matches) == 1:
        return matches[0]
    if any(lab.id == name for lab in labs(planned=True)):
        raise ValueError(
            f"The lab {name} is planned and does not exist yet. `labs new {name}` makes its "
            f"files; with `minutes` in labs_lib/course/course.toml, line {line_of(name)}, it "
            "becomes part of the course."
        )
    ids = [lab.id for lab in known]
    near = difflib.get_close_matches(name, ids, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ValueError(f"There is no lab {name!r}.{hint} The labs are: {', '.join(ids)}.")


def own_notebooks() -> Path | None:
    """Return the folder of a learner's own notebooks, where the course itself is shared.

    It is named by ``LABS_NOTEBOOKS``, which a JupyterHub sets (``docs/hub``); None without it.
    """
    named = os.environ.get("LABS_NOTEBOOKS")
    return Path(named).expanduser() if named else None


def line_of(lab: str) -> int:
    """Return the line of ``course.toml`` at which the entry of a lab begins."""
    lines = (HERE / "course.toml").read_text(encoding="utf-8").splitlines()
    return lines.index(f'id = "{lab}"') + 1


def select(names: Sequence[str]) -> list[LabInfo]:
    """Return the pages called `names`, or all of them if `names` is empty."""
    return [find(name) for name in names] if names else pages()


@cache
def concepts() -> tuple[Concept, ...]:
    """Return every concept of the course, in the order of ``concepts.csv``."""
    with open(HERE / "concepts.csv", encoding="utf-8", newline="") as file:
        return tuple(Concept(**row) for row in csv.DictReader(file))
