"""What the site holds: the solved labs and the pages of the course, with links among them."""

import posixpath
import re
from collections.abc import Iterable, Mapping

import nbformat
from nbformat import NotebookNode

from labs_lib.course import catalog, overview, run_sheet
from labs_lib.course.catalog import LabInfo, Part
from labs_lib.settings import ROOT

HOME = "index.md"
SHEETS = "docs/run_sheet.md"
PICTURES = {".github/screenshot.png": "screenshot.png"}

_LINK = re.compile(
    r"```.*?```|`[^`\n]*`"  # what is code has no links
    r"|(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)",
    re.DOTALL,
)
_HREF = re.compile(r'<a href="(?P<target>[^"#]+)(?P<anchor>#[^"]*)?">(?P<text>.*?)</a>')


def places() -> dict[str, str]:
    """Return where files of the course stand in the site: path to path, both relative.

    Both notebooks of a lab lead to its solved page. The key of the quizzes and the questions of
    the exam are in no page.
    """
    found = {"README.md": HOME, "CONTRIBUTING.md": "contributing.md", **PICTURES}
    found |= {f"notebooks/{name}": name for name in catalog.DOCUMENTS}
    found["data/README.md"] = "data.md"
    for file in sorted((ROOT / "docs").rglob("*.md")):
        if file != run_sheet.QUIZ_KEY:
            name = file.relative_to(ROOT).as_posix()
            found[name] = name
    for lab in catalog.pages():
        for file in (lab.learner, lab.solution):
            found[file.relative_to(ROOT).as_posix()] = _page(lab)
    return found


def sources() -> dict[str, str | bytes]:
    """Return what Sphinx makes the site of: path in the site to content.

    Raises
    ------
    ValueError
        If a lab has no solved notebook, or a page shows a picture that is not in the site.
    """
    where = places()
    found: dict[str, str | bytes] = {
        page: (ROOT / name).read_bytes() for name, page in PICTURES.items()
    }
    texts = {}
    for name, page in where.items():
        if name.endswith(".md") and page not in texts:
            texts[page] = relinked((ROOT / name).read_text("utf-8"), name, page, where)
    for lab in catalog.pages():
        found[_page(lab)] = nbformat.writes(solved(lab, where))
    parts = [part for part in catalog.parts() if _labs(part)]
    sheets = [
        page for page in texts if posixpath.dirname(page) == SHEETS.removesuffix(".md")
    ]
    reference = sorted({*texts} - {HOME, SHEETS, *sheets})
    start = f"Start <{_page(catalog.pages()[0])}>"
    top = [start, *(f"{part.id}.md" for part in parts), SHEETS, "reference.md"]
    texts |= {f"{part.id}.md": _part(part) for part in parts}
    texts["reference.md"] = f"# Reference\n{_contents(reference, shown=True)}"
    texts[SHEETS] += _contents(
        posixpath.relpath(page, "docs") for page in _in_order(sheets)
    )
    texts[HOME] += _contents(top)
    return found | texts


def solved(lab: LabInfo, where: Mapping[str, str]) -> NotebookNode:
    """Return the solved notebook of a lab for the site.

    Its links lead to pages of the site, each picture has its description, and the cell that only
    guards the prose is left out.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not lab.solution.exists():
        raise ValueError(
            f"{lab.id} has no solved notebook at {lab.solution}. `labs build` makes it; a copy "
            "of the course without solutions cannot make a site."
        )
    notebook = nbformat.read(lab.solution, as_version=4)
    name = lab.solution.relative_to(ROOT).as_posix()
    notebook.cells = [
        c for c in notebook.cells if "facts" not in c.metadata.get("tags", ())
    ]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = relinked(cell.source, name, _page(lab), where)
            continue
        shown = [output.data for output in cell.outputs if "data" in output]
        for data in shown:
            if "text/html" in data:
                data["text/html"] = _relinked_html(
                    data["text/html"],
                    lab.learner.relative_to(ROOT).as_posix(),
                    _page(lab),
                    where,
                )
        if told := [data["text/plain"] for data in shown if "image/png" in data]:
            alt = " ".join(text.removeprefix("Figure: ") for text in told)
            cell.metadata["mystnb"] = {"image": {"alt": alt}}
    return notebook


def relinked(text: str, name: str, page: str, where: Mapping[str, str]) -> str:
    """Return Markdown whose links lead to pages of the site.

    A link to a file that has no page becomes plain text; a link to the web stays.

    Parameters
    ----------
    text : str
    name : str
        Path of the file that holds it, from the root of the course.
    page : str
        Its page in the site.
    where : mapping of str to str
        As `places` returns it.

    Raises
    ------
    ValueError
        If a picture is not in the site.
    """

    def link(found: re.Match[str]) -> str:
        target = found["target"]
        if target is None or "://" in target or target.startswith("mailto:"):
            return found[0]
        there = _there(target, name, page, where)
        if there is None:
            if found["picture"]:
                raise ValueError(f"{name} shows {target}, which has no place in the site.")
            return found["text"]
        return f"{found['picture']}[{found['text']}]({there}{found['anchor'] or ''})"

    return _LINK.sub(link, text)


def _relinked_html(text: str, name: str, page: str, where: Mapping[str, str]) -> str:
    def link(found: re.Match[str]) -> str:
        if "://" in found["target"]:
            return found[0]
        there = _there(found["target"], name, page, where)
        if there is None:
            return found["text"]
        there = re.sub(r"\.(ipynb|md)$", ".html", there)  # Sphinx leaves HTML alone
        return f'<a href="{there}{found["anchor"] or ""}">{found["text"]}</a>'

    return _HREF.sub(link, text)


def _there(target: str, name: str, page: str, where: Mapping[str, str]) -> str | None:
    """Return the way from a page to where a link of a file leads; None if it has no page."""
    file = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if file not in where:
        return None
    return posixpath.relpath(where[file], posixpath.dirname(page) or ".")


def _page(lab: LabInfo) -> str:
    return f"{lab.stem}.ipynb"


def _labs(part: Part) -> list[LabInfo]:
    return [lab for lab in catalog.labs() if lab.part == part]


def _part(part: Part) -> str:
    """Return the page of a part: its labs, with their questions and minutes."""
    labs = _labs(part)
    rows = [(f"[{lab.id}]({_page(lab)})", lab.title, str(lab.minutes)) for lab in labs]
    table = overview.TextTable(("lab", "question", "minutes"), rows)
    return f"# {part.title}\n\n{table!r}\n{_contents(map(_page, labs))}"


def _in_order(sheets: Iterable[str]) -> list[str]:
    """Return the pages of sheets in the order of the course."""
    order = [run_sheet.sheet_file(lab).name for lab in catalog.pages()]
    return sorted(sheets, key=lambda page: order.index(posixpath.basename(page)))


def _contents(pages: Iterable[str], *, shown: bool = False) -> str:
    """Return the directive that puts pages below the one that has it."""
    options = [":maxdepth: 1"] if shown else [":hidden:"]
    return "\n".join(["", "```{toctree}", *options, "", *pages, "```", ""])
