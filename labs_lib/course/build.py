"""From a source to the learner's and the solution notebook, with measured numbers in its prose."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from labs_lib import files
from labs_lib.course import (
    catalog,
    claims,
    facts,
    glossary,
    lint,
    marks,
    measures,
    outputs,
    overview,
    run,
    run_sheet,
    source,
)
from labs_lib.course.catalog import LabInfo
from labs_lib.course.source import Cell, Source, SourceError
from labs_lib.settings import ROOT

# A link to a page that is not a notebook: the solution tree stands one folder deeper.
_DOCUMENT_LINK = re.compile(r"\]\((?=[\w./]+\.(?:md|csv|toml)[)#])")
_METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}


@dataclass(frozen=True)
class Built:
    """The two notebooks of a lab as the text of their files."""

    learner: str
    solution: str


def learner_notebook(page: Source, values: dict[str, str] | None = None) -> NotebookNode:
    """Return the learner's notebook: stubs in place of solutions, no outputs.

    Parameters
    ----------
    page : Source
    values : dict of str to str
        Facts to put into the prose; without them it shows their names.
    """
    return _notebook(page, values, learner=True)


def solution_notebook(page: Source, values: dict[str, str] | None = None) -> NotebookNode:
    """Return the solved notebook, not executed."""
    notebook = _notebook(page, values, learner=False)
    notebook.metadata["labs"] = {"code": page.code_hash()}
    return notebook


def render(page: Source, executed: NotebookNode) -> Built:
    """Bind an executed notebook's facts and outputs to the text of its source.

    Raises
    ------
    SourceError
        If a mark names a fact that was not measured or does not hold, or an output breaks
        the contract.
    """
    rows = facts.printed(executed)
    unbound = [
        f"{page.info.id}: cell {number} ({cell.section}): {problem}"
        for number, cell in enumerate(page.cells, start=1)
        for problem in marks.problems(cell.text, rows)
    ]
    if unbound:
        raise SourceError("\n".join(unbound))
    values = marks.values(rows)
    learner, solution = learner_notebook(page, values), solution_notebook(page, values)
    ran = [cell for cell in executed.cells if cell.cell_type == "code"]
    code = [cell for cell in solution.cells if cell.cell_type == "code"]
    for cell, old in zip(code, ran, strict=True):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    problems = lint.output_problems(solution) + lint.learner_problems(page, learner)
    for notebook, file in ((learner, page.info.learner), (solution, page.info.solution)):
        text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
        problems += lint.link_problems(file, text, written=_pages_and_notebooks())
    problems = [f"{page.info.id}: {problem}" for problem in problems]
    problems += _outside(page, executed)
    if problems:
        raise SourceError("\n".join(problems))
    return Built(learner=_text(learner), solution=_text(solution))


def build(infos: Sequence[LabInfo], *, force: bool = False) -> list[str]:
    """Build the notebooks of labs, and the generated pages.

    Unchanged code keeps its outputs. Everything is computed before anything is written: if one
    lab cannot be built, no file changes. What can be found without executing is said first. One
    build at a time works in a course folder.

    Parameters
    ----------
    infos : sequence of LabInfo
    force : bool
        Execute even if the code did not change.

    Returns
    -------
    list of str
        What went wrong, at least one text a lab; empty if nothing did.

    Raises
    ------
    ValueError
        If another build is at work here, or a file cannot be written. Nothing has changed then.
    """
    with _alone():
        return _build(infos, force=force)


def _build(infos: Sequence[LabInfo], *, force: bool) -> list[str]:
    problems, sources = _checked(infos)
    new: dict[Path, str] = {}
    if problems:
        return problems
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
    )
    with bar:
        for page in sources:
            info = page.info
            task = bar.add_task(info.id, total=None)
            try:
                executed = None if force else _reusable(page)
                if executed is None:
                    executed = solution_notebook(page)
                    info.solution.parent.mkdir(parents=True, exist_ok=True)
                    result = run.execute(
                        executed,
                        mode="build",
                        folder=info.solution.parent,
                        on_cell=partial(run.advance, bar, task),
                    )
                    if result.error:
                        raise SourceError(f"{info.id}: {result.error}")
                built = render(page, executed)
                new |= {info.solution: built.solution, info.learner: built.learner}
                bar.update(task, completed=1, total=1)
            except ValueError as error:
                problems.append(str(error))
    if problems:
        return problems
    try:
        generated = pages(new)
        files.write_all(generated | new)
        for file in run_sheet.left_over(generated):
            file.unlink()
    except OSError as error:
        raise ValueError(f"{_unwritable(error)} Nothing was changed.") from None
    return []


@contextmanager
def _alone() -> Iterator[None]:
    folder = catalog.NOTEBOOKS.parent / ".labs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = files.hold(folder / "build.lock")
    except OSError as error:
        raise ValueError(_unwritable(error)) from None
    if lock is None:
        raise ValueError(
            f"Another `labs build` is at work in {folder.parent}. Wait until it has ended; "
            "nothing was changed."
        )
    with lock:
        yield


def check(infos: Sequence[LabInfo], *, learner: bool = True) -> list[str]:
    """Say which committed files differ from what `build` would write; execute nothing.

    Parameters
    ----------
    infos : sequence of LabInfo
    learner : bool
        Also look at the learner's notebooks. Tests do not: a learner works in them.
    """
    problems, sources = _checked(infos)
    for page in sources:
        info = page.info
        try:
            executed = _reusable(page)
            if executed is None:
                problems.append(f"{info.id}: its code changed since it was executed")
                continue
            built = render(page, executed)
        except ValueError as error:
            problems.append(str(error))
            continue
        if _read(info.solution) != built.solution:
            problems.append(f"{info.id}: the solution notebook differs from its source")
        if learner and _read(info.learner) != built.learner:
            problems.append(f"{info.id}: the learner notebook differs from its source")
    generated = pages()
    problems += [
        f"{file.name} is not up to date"
        for file, text in generated.items()
        if _read(file) != text
    ]
    problems += [
        f"{file.name} is of no lab of the course" for file in run_sheet.left_over(generated)
    ]
    return [f"{problem}. Run `labs build`." for problem in problems]


def tolerances(infos: Sequence[LabInfo]) -> list[str]:
    """Name each cell that declares a `labs_lib.course.outputs.tolerance`: the fewer the better.

    A source that cannot be read is left out; `build` and `check` say what is wrong with it.
    """
    found = []
    for info in infos:
        with suppress(ValueError):
            found += [
                f"{info.id}: cell {number} ({cell.section}) declares a tolerance of {allowed:g}"
                for number, cell in enumerate(source.read(info).cells, start=1)
                if (allowed := outputs.tolerance(cell.tags)) is not None
            ]
    return found


def measured(infos: Sequence[LabInfo]) -> list[str]:
    """Return a line a lab with its measures; see `labs_lib.course.measures`.

    A lab without a solution, and the start page, are left out.
    """
    return [
        measures.line(
            info.id,
            measures.measure(source.read(info), nbformat.read(info.solution, as_version=4)),
            measures.exceptions().get(info.id, {}),
        )
        for info in infos
        if not info.is_start and info.solution.exists()
    ]


def reset(info: LabInfo) -> Path | None:
    """Give a learner the fresh notebook; the old one is kept beside it.

    It stands in the course's folder, or in the learner's own where the course is shared.

    Returns
    -------
    Path or None
        Where the learner's own copy is now; None if there was none or it was untouched.

    Raises
    ------
    ValueError
        If this copy of the course holds no fresh notebook, or cannot be written.
    """
    own = catalog.own_notebooks()
    place = own / f"{info.stem}.ipynb" if own else info.learner
    old = _read(place)
    if info.fresh.exists():
        fresh = info.fresh.read_text(encoding="utf-8")
    elif not info.solution.exists():
        raise ValueError(
            f"There is no fresh copy of {info.id}: {info.solution} is missing. If `labs` was "
            "installed without its folder, run `pip install -e .` in the course folder."
        )
    else:
        page = source.read(info)
        committed = nbformat.read(info.solution, as_version=4)
        fresh = render(page, committed).learner
    kept, texts = None, {place: fresh}
    if old is not None and old != fresh:
        stamp = datetime.now().strftime("%Y-%m-%d_%H%M%S")
        kept = place.with_name(f"{place.stem}.mine_{stamp}.ipynb")
        texts[kept] = old
    try:
        files.write_all(texts)
    except OSError as error:
        raise ValueError(f"{_unwritable(error)} Your notebook is as it was.") from None
    return kept


def concepts_page() -> str:
    """Return ``concepts.md``: every concept, and the lab and section where it runs."""
    sections: dict[str, str] = {}
    done = {lab.id: lab for lab in catalog.labs()}
    for lab in done.values():
        sections |= source.read(lab).concepts
    lines = [
        "# Concepts",
        "",
        "Every concept of the course, and where it runs. Generated by `labs build`.",
        "",
    ]
    by_lab: dict[str, list[catalog.Concept]] = {}
    for concept in catalog.concepts():
        by_lab.setdefault(concept.lab, []).append(concept)
    for part in catalog.parts():
        lines += [
            f"## {part.title}",
            "",
            "| concept | id | lab | section | what runs |",
            "|---|---|---|---|---|",
        ]
        for lab in catalog.labs(planned=True):
            for concept in by_lab.get(lab.id, []) if lab.part == part else []:
                link = f"[{lab.id}]({lab.stem}.ipynb)" if lab.done else lab.id
                where = sections.get(concept.id, "planned")
                name = concept.name + (
                    f" (in the notes: {concept.alias})" if concept.alias else ""
                )
                lines.append(
                    f"| {name} | `{concept.id}` | {link} | {where} | {concept.runs} |"
                )
        lines.append("")
    return "\n".join(lines)


def data_page() -> str:
    """Return ``notebooks/data.md``, the data cards again: JupyterLab shows ``notebooks/`` alone."""
    title, _, cards = (ROOT / "data" / "README.md").read_text("utf-8").partition("\n")
    return f"{title}\n\nGenerated from `data/README.md` by `labs build`.\n{cards}"


def readme() -> str:
    """Return ``README.md`` with the tables between their marks brought up to date.

    Raises
    ------
    ValueError
        If a mark is missing.
    """
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, table in (("map", overview.course_map), ("routes", overview.routes)):
        begin, end = f"<!-- {name}, from labs build -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found or not found_end:
            raise ValueError(
                f"README.md has no {begin} ... {end}; the {name} goes between."
            )
        text = f"{before}{begin}\n{table(folder='notebooks/')!r}\n{end}{after}"
    return text


def pages(built: Mapping[Path, str] | None = None) -> dict[Path, str]:
    """Return the generated Markdown pages: file to text.

    Parameters
    ----------
    built : mapping of Path to str, optional
        Solved notebooks that are not written yet.
    """
    return {
        ROOT / "README.md": readme(),
        catalog.NOTEBOOKS / "concepts.md": concepts_page(),
        catalog.NOTEBOOKS / "data.md": data_page(),
        catalog.NOTEBOOKS / "glossary.md": glossary.page(),
        **run_sheet.pages(built),
    }


def _checked(infos: Sequence[LabInfo]) -> tuple[list[str], list[Source]]:
    """Return what is wrong with the sources, and those with which nothing is."""
    problems, good = catalog.route_problems(), []
    for info in infos:
        try:
            page = source.read(info)
            found = lint.source_problems(page) + lint.exercise_problems(page)
            found += lint.quiz_problems(page)
            found = found or _outside(page, None)
        except ValueError as error:
            found = [str(error)]
        if found:
            problems.append("\n".join(found))
        else:
            good.append(page)
    return problems, good


def _outside(page: Source, executed: NotebookNode | None) -> list[str]:
    """Return what is outside the measures of a lab, with the sentences that need a fact or link."""
    if page.info.is_start:
        return []
    allowed = measures.exceptions().get(page.info.id, {})
    values = measures.measure(page, executed)
    found = measures.problems(page.info.id, values, allowed)
    for rule, places in (("unguarded", claims.unguarded), ("unlinked", glossary.unlinked)):
        if any(measures.RULES[rule].title in problem for problem in found):
            found += [f"{page.info.id}: {place}" for place in places(page)]
    return found


def _reusable(page: Source) -> NotebookNode | None:
    """Return the committed solution if it ran this very code."""
    text = _read(page.info.solution)
    if text is None:
        return None
    notebook = nbformat.reads(text, as_version=4)
    same = notebook.metadata.get("labs", {}).get("code") == page.code_hash()
    return notebook if same else None


def _notebook(
    page: Source, values: dict[str, str] | None, *, learner: bool
) -> NotebookNode:
    # What only guards the prose comes last in the solution, folded; learners do not get it.
    facts_cells = [] if learner else [cell for cell in page.cells if cell.is_facts]
    cells = [_cell(cell, values, learner=learner) for cell in [*page.shown, *facts_cells]]
    return v4.new_notebook(cells=cells, metadata=json.loads(json.dumps(_METADATA)))


def _cell(cell: Cell, values: dict[str, str] | None, *, learner: bool) -> NotebookNode:
    metadata: dict[str, object] = {"tags": list(cell.tags)} if cell.tags else {}
    if cell.is_facts:
        metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
    if cell.kind == "code":
        text = cell.stub if learner and cell.is_exercise else cell.solution
        return v4.new_code_cell(text, id=cell.id, metadata=metadata)
    text = cell.text if values is None else marks.fill(cell.text, values)
    if not learner:
        text = _DOCUMENT_LINK.sub("](../", text)
    return v4.new_markdown_cell(text, id=cell.id, metadata=metadata)


def _text(notebook: NotebookNode) -> str:
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def _pages_and_notebooks() -> set[Path]:
    """Return what a build of the whole course writes."""
    notebooks = [file for i in catalog.pages() for file in (i.learner, i.solution)]
    return {*notebooks, *(catalog.NOTEBOOKS / name for name in catalog.DOCUMENTS)}


def _unwritable(error: OSError) -> str:
    return (
        f"{catalog.NOTEBOOKS.parent} cannot be written ({error.strerror}). If this copy of the "
        "course is shared, copy its folder to a place of your own and work there."
    )


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
