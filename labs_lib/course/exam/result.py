"""What an exam says: shares with their intervals, and what to study. Raw shares only."""

import html
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from labs_lib.course import catalog, guides
from labs_lib.course.exam import sitting
from labs_lib.course.exam.asked import Asked
from labs_lib.course.exam.bank import Item
from labs_lib.course.panel import to_html
from labs_lib.stats import share_interval

LABS = 5
"""How many labs at most are named to study."""


@dataclass(frozen=True)
class Share:
    """How many questions of a kind were right.

    Attributes
    ----------
    title : str
    right, asked : int
    """

    title: str
    right: int
    asked: int

    @property
    def percent(self) -> str:
        """The share, in whole percent."""
        return f"{self.right / self.asked:.0%}"

    @property
    def between(self) -> str:
        """Its exact interval of 95 %, in whole percent."""
        interval = share_interval(self.right, self.asked)
        return f"{100 * interval.low:.0f} to {interval.high:.0%}"


@dataclass(frozen=True)
class Study:
    """A lab to work through: its missed questions, and the sections that prove their answers."""

    lab: str
    title: str
    page: str
    missed: int
    sections: tuple[str, ...]

    @property
    def why(self) -> str:
        """How many questions were missed, and where their answers stand."""
        return f"{self.missed} missed; read: {'; '.join(self.sections)}"


@dataclass(frozen=True)
class Result:
    """The result of an exam: text in a terminal, HTML in JupyterLab.

    Attributes
    ----------
    code : str
        Of the exam that it was a practice for.
    day : str
    minutes : int
        That were used.
    whole : Share
    domains : tuple of Share
    unanswered : int
    lost : int
        Questions that the course no longer has; they are not counted.
    study : tuple of Study
        The labs of missed questions, most missed first.
    """

    code: str
    day: str
    minutes: int
    whole: Share
    domains: tuple[Share, ...]
    unanswered: int
    lost: int
    study: tuple[Study, ...]

    @property
    def headline(self) -> str:
        """All in one line."""
        return (
            f"Exam of {self.day} for {self.code}: {self.whole.right} of {self.whole.asked} right "
            f"({self.whole.percent}), {_minutes(self.minutes)}"
        )

    @property
    def notes(self) -> list[str]:
        """What the numbers do not say, one sentence or two each."""
        found = []
        if self.unanswered:
            were = "question was" if self.unanswered == 1 else "questions were"
            found.append(f"{self.unanswered} {were} not answered, which counts as wrong.")
        if self.lost:
            gone = (
                "question of this exam is"
                if self.lost == 1
                else "questions of this exam are"
            )
            found.append(
                f"{self.lost} {gone} not in the course any more, or changed, and not counted."
            )
        found += [
            f"{_questions(self.whole.asked)} little: with other questions as hard as these, your "
            f"share could well be anything from {self.whole.between}, and a domain's share "
            "moves much more.",
            "These are raw shares. The real exam scores 50 of its 65 questions, on a scale of 100 "
            "to 1,000 with 720 to pass. How shares become points is not published, so no share "
            "here says that you would pass.",
            "Questions that you know from a lab's quiz are easier than new ones.",
        ]
        return found

    def __repr__(self) -> str:
        rows = [*self.domains, self.whole]
        wide = max(len(row.title) for row in rows)
        lines = [self.headline, ""]
        lines += [
            f"{row.title:<{wide}}  {row.right:>2} of {row.asked:>2}  {row.percent:>4}  "
            f"({row.between})"
            for row in rows
        ]
        lines += ["", *self.notes]
        if self.study:
            lines += ["", "What to study, most missed first:"]
            lines += [f"  {s.title} (notebooks/{s.page})\n    {s.why}" for s in self.study]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<h3>{html.escape(self.headline)}</h3>{self.body}"

    @property
    def body(self) -> str:
        """All below the headline, as HTML."""
        rows = "".join(
            f"<tr>{_cell(row.title, 'row')}{_cell(f'{row.right} of {row.asked}')}"
            f"{_cell(row.percent)}{_cell(row.between)}</tr>"
            for row in [*self.domains, self.whole]
        )
        names = ("Domain", "Right", "Share", "95 % interval")
        head = "".join(_cell(name, "col") for name in names)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return (
            f"<div style='max-width: 60em; line-height: 1.4'><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table>{notes}{self._studied()}</div>"
        )

    def _studied(self) -> str:
        if not self.study:
            return ""
        up = _to_notebooks()
        labs = "".join(
            f"<li><a href='{up}{study.page}'>{html.escape(study.title)}</a>, "
            f"{study.missed} missed: {_links(up + study.page, study.sections)}</li>"
            for study in self.study
        )
        return f"<p><b>What to study, most missed first</b></p><ol>{labs}</ol>"


def last() -> list[sitting.Exam]:
    """Return the exams that were handed in, the newest first.

    Raises
    ------
    ValueError
        If there is none, or the file is damaged.
    """
    ended = [exam for exam in sitting.load() if exam.ended and sitting.of_course(exam)]
    if not ended:
        raise ValueError("No exam is finished yet; `labs exam` begins or resumes one.")
    return ended[::-1]


def of(exam: sitting.Exam) -> Result:
    """Return the result of an exam, by what the course counts as right today.

    Raises
    ------
    ValueError
        If the course has none of its questions any more.
    """
    items = sitting.of_course(exam)
    if not items:
        raise ValueError("None of this exam's questions is in the course any more.")
    right = {item.key for item in items if item.is_right(exam.answers.get(item.key, ()))}

    def share(title: str, some: Sequence[Item]) -> Share:
        return Share(title, sum(item.key in right for item in some), len(some))

    domains = [
        share(domain.title, chosen)
        for number, domain in guides.find(exam.code).domains.items()
        if (chosen := [item for item in items if item.domain_in(exam.code) == number])
    ]
    return Result(
        code=exam.code,
        day=(exam.ended or exam.begun)[:10],
        minutes=round(exam.seconds / 60),
        whole=share("All", items),
        domains=tuple(domains),
        unanswered=sum(item.key not in exam.answers for item in items),
        lost=len(exam.questions) - len(items),
        study=_study([item for item in items if item.key not in right]),
    )


def missed(exam: sitting.Exam) -> list[str]:
    """Return each missed question with all reasons, in the order of the exam."""
    found = []
    for number, item in enumerate(sitting.of_course(exam), start=1):
        answer = exam.answers.get(item.key)
        if answer is None or not item.is_right(answer):
            found.append(explained(Asked(item, exam.seed), answer, number))
    return found


def explained(asked: Asked, answer: tuple[int, ...] | None, number: int) -> str:
    """Return a question with the learner's answer, the right one and all reasons."""
    item = asked.item
    yours = "no answer" if answer is None else asked.write(answer)
    lines = [
        f"Question {number} ({asked.how}). {item.text.strip()}",
        "",
        f"Your answer: {yours}. Right: {asked.write(item.right)}.",
    ]
    for name, part in asked.parts.items():
        match = f" → {part.match}" if part.match else ""
        mark = ""
        if item.kind in ("choice", "response"):
            mark = "Right. " if part.right else "Wrong. "
        lines += [f"  {name}) {part.text}{match}", f"     {mark}{part.reason.strip()}"]
    lines += ["", f'It is shown in {item.lab}, "{item.section}".']
    return "\n".join(lines)


def explained_html(text: str) -> str:
    """Return a text of `explained` as HTML, its lines as far in as they are."""
    lines = "".join(
        f"<div style='padding-left: {(len(line) - len(line.lstrip())) / 2}em; min-height: 0.7em'>"
        f"{to_html(line.strip())}</div>"
        for line in text.splitlines()
    )
    return f"<div style='max-width: 60em; line-height: 1.4'>{lines}</div><hr>"


def _cell(text: str, scope: str = "") -> str:
    start, end = (f"th scope='{scope}'", "th") if scope else ("td", "td")
    style = "text-align: left; padding: 0.1em 1.2em 0.1em 0"
    return f"<{start} style='{style}'>{html.escape(text)}</{end}>"


def _minutes(count: int) -> str:
    return f"{count} minute{'s' * (count != 1)}"


def _questions(count: int) -> str:
    return "1 question says" if count == 1 else f"{count} questions say"


def _study(wrong: Sequence[Item]) -> tuple[Study, ...]:
    counts = Counter(item.lab for item in wrong)
    labs = {lab.id: lab for lab in catalog.labs()}
    order = sorted(counts, key=lambda lab: (-counts[lab], list(labs).index(lab)))
    return tuple(
        Study(
            lab=lab,
            title=labs[lab].title,
            page=f"{labs[lab].stem}.ipynb",
            missed=counts[lab],
            sections=tuple(dict.fromkeys(i.section for i in wrong if i.lab == lab)),
        )
        for lab in order[:LABS]
    )


def _to_notebooks() -> str:
    """Return the way from this kernel's folder to the start page's, as a link has it."""
    for up in ("", "../", "../../"):
        if Path(up, "00_start_here.ipynb").exists():
            return up
    return f"{os.path.relpath(catalog.NOTEBOOKS)}/".replace(os.sep, "/")


def _links(page: str, sections: Sequence[str]) -> str:
    return "; ".join(
        f"<a href='{page}#{quote(section.replace(' ', '-'))}'>{html.escape(section)}</a>"
        for section in sections
    )
