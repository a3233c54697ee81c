"""The map of the course, its routes and the learner's progress, as tables."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labs_lib.course import catalog, progress
from labs_lib.course.catalog import LabInfo


@dataclass(frozen=True)
class TextTable:
    """A small table of text: Markdown as plain text, HTML in JupyterLab.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence of str
        A cell of the form ``[text](target)`` is a link.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __repr__(self) -> str:
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _repr_html_(self) -> str:
        left = "style='text-align: left'"
        head = "".join(f"<th {left}>{_inline(cell)}</th>" for cell in self.head)
        rows = "".join(
            "<tr>" + "".join(f"<td {left}>{_inline(c)}</td>" for c in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def course_map(*, folder: str = "") -> TextTable:
    """Return every lab, done or planned, with its minutes.

    Parameters
    ----------
    folder : str
        What to put before the links: the path from the page that shows the map to
        ``notebooks/``.
    """
    rows = []
    for lab in catalog.labs(planned=True):
        name = f"[{lab.id}]({folder}{lab.stem}.ipynb)" if lab.done else lab.id
        minutes = str(lab.minutes) if lab.done else "planned"
        rows.append((lab.part.title, name, lab.title, minutes))
    return TextTable(("part", "lab", "question", "minutes"), rows)


def routes(*, folder: str = "") -> TextTable:
    """Return the routes through the course, with their minutes.

    Parameters
    ----------
    folder : str
        As for `course_map`.
    """
    rows = [
        (
            route.title,
            " → ".join(f"[{lab.id}]({folder}{lab.stem}.ipynb)" for lab in route.labs),
            str(route.minutes),
        )
        for route in catalog.routes()
    ]
    return TextTable(("route", "labs, in this order", "minutes"), rows)


def progress_table(records: progress.Records) -> TextTable:
    """Return a row a page: what is passed, what was right at a later choice, what is open.

    Parameters
    ----------
    records : dict
        As `labs_lib.course.progress.load` returns it.
    """
    rows = []
    for info in catalog.pages():
        states = state(info, records.get(info.id, {}))
        rows.append((info.id, *(" ".join(names) or "-" for names in states)))
    return TextTable(("lab", "passed", "right later", "open"), rows)


def state(
    info: LabInfo, of_lab: Mapping[str, progress.Record]
) -> tuple[list[str], list[str], list[str]]:
    """Return the exercises and questions of a page: passed, right at a later choice, open.

    Parameters
    ----------
    info : LabInfo
    of_lab : mapping of str to Record
        The learner's records of this page.
    """
    lab = info.exercises().lab
    quiz = [f"quiz{number}" for number in range(1, len(lab.quiz.questions) + 1)]
    items = [exercise.name for exercise in lab.exercises] + quiz
    done = [item for item in items if item in of_lab and of_lab[item].passed]
    later = [
        item
        for item in items
        if item in of_lab and of_lab[item].closed and item not in done
    ]
    return done, later, [item for item in items if item not in (*done, *later)]


def _inline(cell: str) -> str:
    """Return a cell as HTML, its Markdown links made links."""
    parts = []
    for piece in cell.split(" → "):
        text, found, target = piece.partition("](")
        link = f'<a href="{html.escape(target[:-1])}">{html.escape(text[1:])}</a>'
        parts.append(link if found else html.escape(piece))
    return " → ".join(parts)
