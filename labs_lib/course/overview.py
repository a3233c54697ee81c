"""The map of the course, its routes and the learner's progress, as tables."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from labs_lib.course import catalog, mode, progress
from labs_lib.course.catalog import LabInfo
from labs_lib.course.panel import Panel


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


def my_progress() -> TextTable | Panel:
    """Return what the learner has passed, lab by lab."""
    if mode.current() != "learn":
        return Panel(
            "Your progress", "Here stands what you have passed, lab by lab.", "quiet"
        )
    try:
        records = progress.load()
    except ValueError as error:
        return Panel("Your progress cannot be read", str(error), "bad")
    return progress_table(records)


def progress_table(records: progress.Records) -> TextTable:
    """Return a row a page: what is passed, what was right at a later choice, what is open.

    Parameters
    ----------
    records : dict
        As `labs_lib.course.progress.load` returns it.
    """
    rows = []
    for info in catalog.pages():
        items, of_lab = _items(info), records.get(info.id, {})
        done = [item for item in items if item in of_lab and of_lab[item].passed]
        later = [
            item
            for item in items
            if item in of_lab and of_lab[item].closed and item not in done
        ]
        rest = [item for item in items if item not in (*done, *later)]
        rows.append((info.id, *(" ".join(names) or "-" for names in (done, later, rest))))
    return TextTable(("lab", "passed", "right later", "open"), rows)


def _items(info: LabInfo) -> list[str]:
    lab = info.exercises().lab
    quiz = [f"quiz{number}" for number in range(1, len(lab.quiz.questions) + 1)]
    return [exercise.name for exercise in lab.exercises] + quiz


def _inline(cell: str) -> str:
    """Return a cell as HTML, its Markdown links made links."""
    parts = []
    for piece in cell.split(" → "):
        text, found, target = piece.partition("](")
        link = f'<a href="{html.escape(target[:-1])}">{html.escape(text[1:])}</a>'
        parts.append(link if found else html.escape(piece))
    return " → ".join(parts)
