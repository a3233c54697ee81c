"""The sheet of one lab: what an instructor has in hand in the room, drawn from the lesson."""

import re
from collections.abc import Mapping
from dataclasses import replace

from labs_lib.course import marks
from labs_lib.course.exercise import Exercise
from labs_lib.course.source import Cell, Source

MEASURED_WORDS = 150
"""About how many words of measured sentences a sheet has: it should stay one page."""

FEWEST_WORDS = 8
"""A shorter sentence without a number says little outside its lesson."""

OPENING = "Opening"
"""What the sheet calls that which stands above a lesson's first section."""

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_DETAIL = re.compile(r"\{[^{}]*\}")  # what the check fills in from the learner's answer
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_TRIAL = re.compile(r'On trial: "(.+)"')
_CLAIM = re.compile(r"\bclaim\b[^*]*\*(.+?)\.?\*")
_STATED = re.compile(r"^The claim[^*.]*\*.+?\*\.? ?")
_SAID = re.compile(r'"((?:[^"\s]+\s+){4,}[^"\s]+)"')  # speech: five words or more
_OPTIONS = re.compile(r"^guess\b[^#\n]*#\s*(.+)$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.?!}])\s+(?=[A-Z*\"])")


def render(lesson: Source, values: Mapping[str, str] | None) -> str:
    """Return the text of a lab's sheet.

    Parameters
    ----------
    lesson : Source
    values : mapping of str to str, or None
        What the numbers in the lesson stand for; None leaves out what was measured.
    """
    info, sections = lesson.info, _sections(lesson)
    lines = [f"# {info.id}", "", f"**{info.title}**", ""]
    question = re.search(r"^> (.+)$", lesson.cells[0].text, re.MULTILINE)
    if question:
        lines += [f"> {question[1]}", ""]
    lines += [
        f"{info.minutes} minutes. [The lab](../../notebooks/{info.stem}.ipynb). "
        "[All sheets](../run_sheet.md).",
        "",
        *_minutes(lesson, sections),
        *_talk(lesson, sections, values),
    ]
    for exercise in info.exercises().lab.exercises:
        lines += ["", *_exercise(exercise)]
    return "\n".join([*lines, ""])


def _sections(lesson: Source) -> dict[str, list[Cell]]:
    """Return the cells of each section, with prose cut at the headings inside a cell."""
    found: dict[str, list[Cell]] = {}
    title = OPENING
    for cell in lesson.shown:
        parts = _HEADING.split(cell.text) if cell.kind == "markdown" else [cell.text]
        for number, part in enumerate(parts):
            if number % 2:
                title = part
            elif part.strip() or not number:
                found.setdefault(title, []).append(replace(cell, text=part, section=title))
    return found


def _minutes(lesson: Source, sections: Mapping[str, list[Cell]]) -> list[str]:
    """Return the minute at which each section begins, by the formula of a lab's minutes."""
    weights = {
        title: _weight(cells) for title, cells in sections.items() if title != "Sources"
    }
    total = sum(weights.values())
    lines = [
        "## Minutes",
        "",
        "| from minute | section | stop after it |",
        "|---|---|---|",
    ]
    passed = 0.0
    for title, weight in weights.items():
        begin = round(lesson.info.minutes * passed / total)
        numbers = ", ".join(_exercises(lesson, sections[title]))
        stop = f"exercise {numbers}" if numbers else ""
        if weight >= 1:  # a minute
            lines.append(f"| {begin} | {title} | {stop} |")
        passed += weight
    return [*lines, ""]


def _weight(cells: list[Cell]) -> float:
    words = sum(
        len(marks.without_claims(c.text).split()) for c in cells if c.kind == "markdown"
    )
    code = [cell for cell in cells if cell.kind == "code"]
    exercises = sum(cell.is_exercise for cell in code)
    quiz = any(".quiz()" in cell.text for cell in code)
    return words / 120 + 0.4 * len(code) + 5 * exercises + 5 * quiz


def _exercises(lesson: Source, cells: list[Cell]) -> list[str]:
    return [
        exercise.name[2:]
        for cell in cells
        if cell.is_exercise
        for exercise in lesson.info.exercises().lab.exercises
        if f".{exercise.name}.check(" in cell.text
    ]


def _talk(
    lesson: Source, sections: Mapping[str, list[Cell]], values: Mapping[str, str] | None
) -> list[str]:
    """Return the talking points: what is said, the bet, what was measured, what remains."""
    prose = {
        title: [
            text for cell in cells if cell.kind == "markdown" for text in _paragraphs(cell)
        ]
        for title, cells in sections.items()
    }
    predict, points = prose.get("Predict", []), []
    if claim := _claim(lesson, predict):
        points.append(f"- **The claim on trial.** *{claim}*")
    before = [*prose.get("The situation", []), *predict]
    if said := [quote for text in before for quote in _SAID.findall(text)]:
        quotes = " ".join(f'"{_quiet(quote)}"' for quote in said[:2])
        points.append(f"- **The naive way, as it is said.** {quotes}")
    if asked := [number for number, text in enumerate(predict) if "?" in text]:
        bet = " ".join(predict[asked[0] : asked[-1] + 1])
        points.append(f"- **The bet.** {_quiet(_STATED.sub('', bet))}{_options(lesson)}")
    if values is not None and (told := _measured(sections, values)):
        points += ["- **What was measured.**", *(f"    - {text}" for text in told)]
    kept = [text for text in prose.get("Takeaways", []) if text.startswith("- ")]
    if kept and values is not None:
        points.append("- **What to remember.**")
        points += [f"    {_quiet(marks.fill(text, values))}" for text in kept]
    return ["## Talking points", "", *points] if points else []


def _claim(lesson: Source, predict: list[str]) -> str:
    """Return the claim on trial; empty if a lab has none."""
    for section in lesson.sections:
        if found := _TRIAL.match(section):
            return _quiet(found[1])
    stated = next(filter(None, map(_CLAIM.search, predict)), None)
    return _quiet(stated[1]) if stated else ""


def _options(lesson: Source) -> str:
    for cell in lesson.code:
        if found := _OPTIONS.search(cell.text):
            return f" Options: {found[1]}."
    return ""


def _measured(sections: Mapping[str, list[Cell]], values: Mapping[str, str]) -> list[str]:
    """Return what facts guard: first paragraphs with numbers, of the trial, then others.

    They stand in the order of the lesson, and have about `MEASURED_WORDS` words.
    """
    found: list[tuple[bool, bool, int, str]] = []
    for title, cells in sections.items():
        if title in ("Takeaways", "Quiz", "Sources"):
            continue
        for text in (
            t for cell in cells if cell.kind == "markdown" for t in _paragraphs(cell)
        ):
            guarded = [part for part in _SENTENCE.split(text) if marks.claims(part)]
            if not guarded or text.startswith(("|", "#")):
                continue
            numbers = any(map(marks.numbers, guarded))
            if not numbers and len(" ".join(guarded).split()) < FEWEST_WORDS:
                continue
            told = text if numbers else " ".join(guarded)
            told = _quiet(marks.fill(told.removeprefix("- "), values))
            found.append(
                (not (numbers and _TRIAL.match(title)), not numbers, len(found), told)
            )
    chosen: list[tuple[int, str]] = []
    words = 0
    for *_, place, text in sorted(found):
        if not chosen or words + len(text.split()) <= MEASURED_WORDS:
            chosen.append((place, text))
            words += len(text.split())
    return [text for _, text in sorted(chosen)]


def _paragraphs(cell: Cell) -> list[str]:
    """Return the paragraphs and items of a list in a text, each in one line."""
    parts = re.split(r"\n\s*\n|\n(?=- )", cell.text)
    return [" ".join(part.split()) for part in parts if part.strip()]


def _quiet(text: str) -> str:
    """Return a text without links, which a printed page cannot follow."""
    return _LINK.sub(r"\1", marks.without_claims(text)).strip()


def _exercise(exercise: Exercise) -> list[str]:
    lines = [f"## Exercise {exercise.name[2:]}: {exercise.title}", ""]
    for key, message in exercise.misconceptions.items():
        text = _DETAIL.sub("…", " ".join(message.split()))
        lines.append(f"- **{key.replace('_', ' ')}**: {text}")
    hints = " ".join(
        f"({n}) {' '.join(h.split())}" for n, h in enumerate(exercise.hints, 1)
    )
    return [*lines, "", f"Hints: {hints}"]
