"""Where a learner stands: what is passed, what comes next and why, and how to come back."""

import html
import os
from dataclasses import dataclass
from pathlib import Path

from labs_lib.course import catalog, mode, overview, progress, review
from labs_lib.course.panel import Panel

WIDTH = 20
"""Characters of a bar in a terminal."""


@dataclass(frozen=True)
class Bar:
    """How far a part of the course is.

    Attributes
    ----------
    title : str
    passed : int
        Exercises that are passed, and questions whose first choice was right.
    later : int
        Questions whose right option was found at a later choice.
    total : int
        Exercises and questions of the part, at least `passed` + `later`.
    """

    title: str
    passed: int
    later: int
    total: int

    @property
    def words(self) -> str:
        """The bar's meaning in words, for those who do not see it."""
        later = f", {self.later} right later" if self.later else ""
        return f"{self.passed} of {self.total} passed{later}"

    def __str__(self) -> str:
        full = WIDTH * self.passed // self.total
        half = WIDTH * (self.passed + self.later) // self.total - full
        return "█" * full + "▒" * half + "░" * (WIDTH - full - half)


@dataclass(frozen=True)
class Next:
    """What to open now: a page below ``notebooks/``, its title, and why this one."""

    page: str
    title: str
    why: str


@dataclass(frozen=True)
class Home:
    """A learner's home: text in a terminal, HTML in JupyterLab.

    Attributes
    ----------
    bars : tuple of Bar
        A bar for each part, in the order of the course.
    next : Next
    due : int or None
        Questions to review; None if the schedule of reviews cannot be read.
    file : Path
        Where progress is kept.
    """

    bars: tuple[Bar, ...]
    next: Next
    due: int | None
    file: Path

    def __repr__(self) -> str:
        wide = max(len(bar.title) for bar in self.bars)
        bars = [f"{bar.title:<{wide}}  {bar}  {bar.words}" for bar in self.bars]
        lines = [
            *bars,
            "",
            f"Next: {self.next.title}",
            f"      {self.next.why}",
            f"      {'' if catalog.own_notebooks() else 'notebooks/'}{self.next.page}",
            *self._review(),
            "",
            f"Your progress is kept in {self.file}",
            f"To come back: {come_back()}",
            "Lab by lab: labs progress. Everything else: labs --help",
        ]
        return "\n".join(lines)

    def _review(self) -> list[str]:
        if self.due is None:
            return ["What is to review cannot be read; `labs review` says why."]
        plural = "s" * (self.due != 1)
        return [f"{self.due} question{plural} to review: labs review"] if self.due else []

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align: left'>{html.escape(bar.title)}</td>"
            f"<td><progress aria-label='{html.escape(bar.title)}' value='{bar.passed}' "
            f"max='{bar.total}' style='width: 12em'></progress></td>"
            f"<td style='text-align: left'>{bar.words}</td></tr>"
            for bar in self.bars
        )
        # JupyterLab underlines no link, and its colour alone is too close to that of the text.
        link = (
            f'<a href="{html.escape(self.next.page)}" style="text-decoration: underline">'
            f"{html.escape(self.next.title)}</a>"
        )
        return (
            f"<table><tbody>{rows}</tbody></table>"
            f"<p><b>Next:</b> {link}. {html.escape(self.next.why)}</p>"
            + "".join(
                f"<p>{html.escape(line)} (in a terminal)</p>" for line in self._review()
            )
            + f"<p>Your progress is kept in <code>{html.escape(str(self.file))}</code>.</p>"
        )


def show() -> Home | Panel:
    """Return the learner's home; outside mode ``learn`` a panel that says what it will be."""
    if mode.current() != "learn":
        return Panel(
            "Your progress",
            "Here stands what you have passed, and what comes next.",
            "quiet",
        )
    try:
        return of(progress.load())
    except ValueError as error:
        return Panel("Your progress cannot be read", str(error), "bad")


def of(records: progress.Records) -> Home:
    """Return the home of who has these records, as `labs_lib.course.progress.load` gives them."""
    bars = []
    for part in catalog.parts():
        states = [
            overview.state(lab, records.get(lab.id, {}))
            for lab in catalog.labs()
            if lab.part == part
        ]
        if states:
            passed, later, rest = (
                sum(map(len, kind)) for kind in zip(*states, strict=True)
            )
            bars.append(Bar(part.title, passed, later, passed + later + rest))
    return Home(tuple(bars), _next(records), _due(), progress.path())


def _due() -> int | None:
    try:
        return review.due_today()
    except ValueError:
        return None


def come_back() -> str:
    """Return how to open the course on another day: on a hub, or with this system's shell."""
    if catalog.own_notebooks():
        return "sign in again, and open 00_start_here.ipynb"
    if os.name == "nt":
        return (
            r".venv\Scripts\Activate.ps1, then jupyter lab notebooks/00_start_here.ipynb, "
            "in the course's folder"
        )
    return (
        ". .venv/bin/activate && jupyter lab notebooks/00_start_here.ipynb, "
        "in the course's folder"
    )


def _next(records: progress.Records) -> Next:
    """Choose the lab that was worked on last and is not finished; else the first untouched."""
    begun, untouched = [], []
    for page in catalog.pages():
        of_page = records.get(page.id, {})
        rest = overview.state(page, of_page)[2]
        if not of_page:
            untouched.append(page)
        elif rest:
            times = [t for r in of_page.values() for t in (r.passed, r.closed) if t]
            begun.append((max(times, default=""), page, rest))
    if begun:
        _, page, rest = max(begun, key=lambda entry: entry[0])
        return Next(
            f"{page.stem}.ipynb", page.title, f"You began it; open: {', '.join(rest)}."
        )
    if untouched:
        page = untouched[0]
        minutes = f"{page.minutes} minutes"
        why = (
            f"It takes {minutes} and shows how a lab works."
            if page.is_start
            else f"It is the first of the map that you have not begun; {minutes}."
        )
        return Next(f"{page.stem}.ipynb", page.title, why)
    return Next(
        "capstone.md",
        "The capstone",
        "You have finished every lab. Now your code runs a fraud department, scored in euros.",
    )
