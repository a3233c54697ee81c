"""A lab's source: a Python file in percent format, and the two notebooks' cells it yields.

A source starts with a jupytext header that names the concepts it covers, each with the section
where it runs, the constants that its prose may state, each with where it comes from, and words
of sentences that claim something and need no measurement, each with the reason::

    # ---
    # jupyter:
    #   labs:
    #     concepts:
    #       sm-split: "Four ways to split"
    #     constants:
    #       "0.5": "by definition"
    #     unmeasured:
    #       "a loss is never negative": "follows from its formula"
    # ---

Code between ``# BEGIN SOLUTION`` and ``# END SOLUTION`` in a cell tagged ``exercise`` is shown
in the solution notebook; learners get a stub. A comment that starts with ``#:`` stays in the
stub.
"""

import ast
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field, replace

import jupytext

from labs_lib import definitions
from labs_lib.course import marks, store
from labs_lib.course.catalog import HERE, MAP_FILES, START, LabInfo
from labs_lib.settings import ROOT

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
_REGION = re.compile(rf"^([ ]*){BEGIN}\n(.*?)^[ ]*{END}\n?", re.MULTILINE | re.DOTALL)
_FACTS_HEADING = re.compile(r"^## Facts$.*", re.MULTILINE | re.DOTALL)
STUB_LINE = "raise NotImplementedError  # your code here"


class SourceError(ValueError):
    """A source that cannot become a notebook, with everything that is wrong with it."""


@dataclass(frozen=True)
class Cell:
    """One cell of a source.

    Attributes
    ----------
    kind : {"markdown", "code"}
    text : str
        As the author wrote it, with solution markers and unfilled ``{{names}}``.
    tags : tuple of str
    section : str
        Title of the nearest heading of level 1 or 2 above, or in, the cell.
    id : str
        Stable identity: from the section's title, not from the position in the notebook.
    """

    kind: str
    text: str
    tags: tuple[str, ...]
    section: str
    id: str

    @property
    def is_facts(self) -> bool:
        """Whether it measures for the build alone: learners do not get it."""
        return "facts" in self.tags

    @property
    def is_trial(self) -> bool:
        """Whether it belongs to a trial, which is stored with its text."""
        return "trial" in self.tags

    @property
    def is_exercise(self) -> bool:
        """Whether a learner has to write something here."""
        return "exercise" in self.tags

    @property
    def solution(self) -> str:
        """The code as the solution notebook shows it."""
        text = re.sub(r"^[ ]*#:.*\n", "", self._unmarked, flags=re.MULTILINE)
        return re.sub(
            r"^[ ]*# (BEGIN|END) SOLUTION\n?", "", text, flags=re.MULTILINE
        ).strip("\n")

    @property
    def stub(self) -> str:
        """The code as a learner gets it."""
        return _REGION.sub(_stub, self._unmarked + "\n").strip("\n")

    @property
    def _unmarked(self) -> str:
        return marks.without_comments(self.text)


@dataclass(frozen=True)
class Source:
    """A lab's source.

    Attributes
    ----------
    info : LabInfo
    cells : list of Cell
    concepts : dict of str to str
        Concept to the title of the section where it runs.
    constants : dict of str to str
        Figure that the prose may state, to where it comes from.
    unmeasured : dict of str to str
        Words of a sentence that claims something, to the reason why no fact guards it.
    """

    info: LabInfo
    cells: list[Cell]
    concepts: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    unmeasured: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> list[Cell]:
        """The code cells."""
        return [cell for cell in self.cells if cell.kind == "code"]

    @property
    def sections(self) -> list[str]:
        """Titles of the headings of level 2, in order."""
        return [title for level, title in self.headings() if level == 2]

    @property
    def shown(self) -> list[Cell]:
        """The cells that a learner gets: without the facts, and without their heading."""
        cells = [
            replace(cell, text=_FACTS_HEADING.sub("", cell.text).rstrip())
            if cell.kind == "markdown" and cell.section == "Facts"
            else cell
            for cell in self.cells
        ]
        return [cell for cell in cells if cell.text and not cell.is_facts]

    def headings(self) -> list[tuple[int, str]]:
        """Return level and title of each heading of level 1 to 3, in order."""
        return [
            h
            for cell in self.cells
            if cell.kind == "markdown"
            for h in _headings(cell.text)
        ]

    def code_hash(self) -> str:
        """Return the SHA-256 of the solved code: while it stays, outputs are kept.

        It covers all that the code reaches in engines, plots and the lab's exercises, the data
        files, the stored rows and the quiz, but not the machinery of the course; see
        `labs_lib.definitions`. The start page shows the map of the course, so the files behind
        it count as well.

        Raises
        ------
        ValueError
            If a cell, or a module that it reaches, is no Python.
        """
        cells = [cell.solution for cell in self.code]
        try:
            settings: dict[str, object] = {"cells": [_shown(cell) for cell in cells]}
        except SyntaxError as error:
            raise SourceError(f"{self.info.id}: a cell is no Python: {error}") from None
        settings["quiz"] = (self.info.folder / "quiz.toml").read_text("utf-8")
        if self.info.id == START:
            settings |= {name: (HERE / name).read_text("utf-8") for name in MAP_FILES}
        return definitions.digest(
            "\n".join(cells), root=ROOT, settings=settings, rows=store.fingerprint
        )


def read(info: LabInfo) -> Source:
    """Read the source of a lab.

    Raises
    ------
    SourceError
        If the file is missing or not in percent format with the header above.
    """
    try:
        text = info.lesson.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SourceError(
            f"{info.id} has no lesson at {info.lesson}. `labs new {info.id}` makes one; in a "
            "copy without solutions there is nothing to build."
        ) from None
    notebook = jupytext.reads(text, fmt="py:percent")
    header = notebook.metadata.get("labs", {})
    section, titles, cells = "", [], []
    counts: Counter[str] = Counter()
    for raw in notebook.cells:
        if raw.cell_type == "raw":
            raise SourceError(f"{info.id}: a raw cell; use markdown or code.")
        if raw.cell_type == "markdown":
            top = [title for level, title in _headings(raw.source) if level <= 2]
            section = top[-1] if top else section
            titles += top
        counts[section] += 1
        own = hashlib.sha256(section.encode()).hexdigest()[:8] + f"-{counts[section]}"
        cells.append(
            Cell(
                kind=raw.cell_type,
                text=raw.source,
                tags=tuple(raw.metadata.get("tags", ())),
                section=section,
                id=raw.metadata.get("name", own),
            )
        )
    names = [cell.id for cell in cells] + titles
    if twice := sorted(name for name, n in Counter(names).items() if n > 1):
        raise SourceError(f"{info.id}: sections or cell names occur twice: {twice}")
    return Source(
        info=info,
        cells=cells,
        concepts=dict(header.get("concepts") or {}),
        constants={str(k): v for k, v in (header.get("constants") or {}).items()},
        unmeasured={str(k): v for k, v in (header.get("unmeasured") or {}).items()},
    )


def _shown(code: str) -> list[object]:
    """Return what decides which value a cell shows: its last one, unless ``;`` hides it."""
    return [len(ast.parse(code).body), code.rstrip().endswith(";")]


def _headings(markdown: str) -> list[tuple[int, str]]:
    return [
        (len(m[1]), m[2].strip())
        for m in re.finditer(r"^(#{1,3}) (.+)$", markdown, re.MULTILINE)
    ]


def _stub(region: re.Match[str]) -> str:
    indent, body = region[1], region[2]
    kept = [
        f"{indent}# {m[1]}\n" for m in re.finditer(r"^\s*#: ?(.*)\n", body, re.MULTILINE)
    ]
    if indent:
        return "".join(kept) + f"{indent}{STUB_LINE}\n"
    lines = []
    for node in ast.parse(body).body:
        if isinstance(node, ast.FunctionDef):
            lines.append(_function_stub(node, body))
        else:
            # One assignment a name, since unpacking an ellipsis raises.
            lines += [f"{name} = ...\n" for name in _targets(node)]
    return "".join(kept + list(dict.fromkeys(lines)))


def _function_stub(node: ast.FunctionDef, code: str) -> str:
    first = node.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    end = first.end_lineno if has_docstring else first.lineno - 1
    head = code.splitlines(keepends=True)[node.lineno - 1 : end]
    head = [line for line in head if not line.lstrip().startswith("#:")]
    return "".join(head) + f"    {STUB_LINE}\n"


def _targets(node: ast.stmt) -> list[str]:
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return []
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [
        n.id
        for t in targets
        for n in ast.walk(t)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
