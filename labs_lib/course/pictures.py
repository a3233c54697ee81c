"""A page for the projector: the figures and tables of a solved lab, one at a time, large."""

import ast
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

import nbformat
from nbformat import NotebookNode

from labs_lib.course.catalog import LabInfo
from labs_lib.files import write_text

TEMPLATE = Path(__file__).with_suffix(".html")

_HEADING = re.compile(r"^#{1,2} (.+)$", re.MULTILINE)
_MARKUP = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*`]")
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z])")


@dataclass(frozen=True)
class Picture:
    """A figure or a table of a lab.

    Attributes
    ----------
    section : str
        Title of the lesson's section.
    title : str
        Of a figure its own; of a table the question or the words with a colon above it. May be
        empty.
    about : str
        Of a table without a title, the paragraph above it. May be empty.
    shown : str
        HTML of the picture.
    """

    section: str
    title: str
    about: str
    shown: str


def write(lab: LabInfo, file: Path) -> str:
    """Write the page of a lab's pictures: one file that needs nothing else.

    Parameters
    ----------
    lab : LabInfo
    file : Path
        Where to put it: a name that ends with ``.html`` and is not there yet.

    Returns
    -------
    str
        What was made, in a sentence.

    Raises
    ------
    ValueError
        If `file` is not as described, or the lab has no solved notebook or no picture.
    """
    if file.suffix != ".html":
        raise ValueError(
            f"{file} is no name of a page; give one that ends with .html, such as "
            f"{lab.id.split('/')[-1]}.html."
        )
    if file.exists():
        raise ValueError(f"{file} exists; remove it or give another name.")
    if not lab.solution.exists():
        raise ValueError(
            f"{lab.id} has no solved notebook at {lab.solution}. `labs build {lab.id}` makes "
            "it; a copy of the course without solutions has no pictures to show."
        )
    found = list(pictures(nbformat.read(lab.solution, as_version=4)))
    if not found:
        raise ValueError(f"{lab.id} shows no figure and no table.")
    write_text(file, page(lab.title, found))
    return (
        f"{file}: {len(found)} pictures. Open it in a browser; arrow keys turn the pages."
    )


def pictures(notebook: NotebookNode) -> Iterator[Picture]:
    """Yield the figures and tables of an executed notebook, in their order.

    What only guards the prose is left out, and so are quizzes and checks.
    """
    section, above = "", ("", "")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings = _HEADING.findall(cell.source)
            section = _plain(headings[-1]) if headings else section
            above = _announced(cell.source)
            continue
        if "facts" in cell.metadata.get("tags", ()):
            continue
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                alt = html.escape(data.get("text/plain", "").removeprefix("Figure: "))
                source = f"data:image/png;base64,{''.join(data['image/png'].split())}"
                image = f'<img src="{source}" alt="{alt}">'
                yield Picture(section, _figure_title(cell.source), "", image)
            elif "<table" in data.get("text/html", ""):
                yield Picture(section, *above, data["text/html"])
                above = ("", "")  # it spoke of the first table


def page(title: str, found: list[Picture]) -> str:
    """Return a page of HTML that shows pictures one at a time.

    Parameters
    ----------
    title : str
        Of the lab.
    found : list of Picture
    """
    sections = []
    for number, picture in enumerate(found, start=1):
        name = html.escape(picture.title or picture.section)
        part = html.escape(picture.section) if picture.title else ""
        about = (
            f'<p class="about">{html.escape(picture.about)}</p>\n' if picture.about else ""
        )
        sections.append(
            f'<section id="picture-{number}" data-name="{name}" aria-label="{name}">\n'
            f'<p class="part">{part}</p>\n<h2>{name}</h2>\n{about}'
            f'<div class="shown" tabindex="0">{picture.shown}</div>\n</section>'
        )
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(title=html.escape(title), sections="\n".join(sections))


def _figure_title(code: str) -> str:
    """Return the title that a cell gives to its figure; empty if it is computed."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "title" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return ""


def _announced(prose: str) -> tuple[str, str]:
    """Return the title and the text that the end of a cell gives to a table below it."""
    last = prose.strip().rsplit("\n\n", 1)[-1]
    if last.startswith(("#", "|", "- ", ">", "```")):
        return "", ""
    text = _plain(" ".join(last.split()))
    sentence = _SENTENCE.split(text)[-1]
    return (sentence.removesuffix(":"), "") if sentence.endswith((":", "?")) else ("", text)


def _plain(markdown: str) -> str:
    return _MARKUP.sub(r"\1", markdown)
