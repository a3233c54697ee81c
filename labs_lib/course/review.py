"""Spaced repetition over the questions that a learner has met, in the labs and in exams.

A question enters when it was answered in a lab's quiz, or asked in an exam that was handed in. When
it comes back is decided by the algorithm FSRS (library `fsrs`) in whole days: a question that was
missed tomorrow, one that was right after a few days, then after weeks. What is scheduled stands
in ``review.json`` beside the progress file. A question is known by its texts, so that a lab may add
or move questions.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import fsrs

from labs_lib.course import catalog, progress, quiz
from labs_lib.course.exam import bank, sitting
from labs_lib.course.exam.asked import Asked
from labs_lib.files import write_text

AT_MOST = 10
"""Questions of a session: about five minutes."""

SCHEDULER = fsrs.Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
"""Whole days only, and always the same ones: a session is once a day."""

AT_ONCE = datetime.min.replace(tzinfo=UTC)
"""When a question is due that was missed nobody knows when."""


@dataclass(frozen=True)
class Due:
    """A question that can be asked.

    Attributes
    ----------
    item : Item
    card : fsrs.Card
        What the scheduler knows of it.
    """

    item: bank.Item
    card: fsrs.Card

    @property
    def asked(self) -> Asked:
        """The question as it is shown; its parts are mixed anew after each answer.

        So that an answer is remembered by what it says and not by where it stands.
        """
        last = self.card.last_review
        return Asked(self.item, int(last.timestamp()) if last else 0)


def path() -> Path:
    """Return where the schedule is, or would be: beside the progress file."""
    return progress.path().with_name("review.json")


def deck() -> list[Due]:
    """Return every question that the learner has met, the one due first in front.

    Raises
    ------
    ValueError
        If the progress file, the exams or the schedule are damaged.
    """
    cards, met = _load(), _met()
    found = [
        Due(item, _card(cards.get(item.key), met[item.key]))
        for item in bank.items()
        if item.key in cards or item.key in met
    ]
    return sorted(found, key=lambda due: (due.card.due, due.item.key))


def answer(due: Due, *, right: bool, now: datetime | None = None) -> fsrs.Card:
    """Note an answer and return the card with its next date.

    Parameters
    ----------
    due : Due
    right : bool
    now : datetime, optional
        In UTC. A clock that stands before the last answer is taken to stand at it.

    Raises
    ------
    ValueError
        If the schedule is damaged or cannot be written.
    """
    now = now or datetime.now(UTC)
    if due.card.last_review:
        now = max(now, due.card.last_review)
    card = _reviewed(due.card, right, now)
    try:
        with progress.alone(path()):
            write_text(path(), _text({**_load(), due.item.key: card}))
    except OSError as error:
        raise ValueError(
            f"{path()} cannot be written ({error.strerror}). Set LABS_PROGRESS to a file in a "
            "folder where you may write."
        ) from None
    return card


def session(
    *,
    ask: Callable[[str], str],
    show: Callable[[str], None],
    now: datetime | None = None,
) -> None:
    """Ask what is due in a terminal, `AT_MOST` questions; each answer is kept at once.

    Parameters
    ----------
    ask, show : callable
        How a line is read and a text is shown.
    now : datetime, optional
        In UTC; by default the machine's clock.

    Raises
    ------
    ValueError
        As for `deck` and `answer`.
    """
    now = now or datetime.now(UTC)
    everything = deck()
    todo = [due for due in everything if due.card.due <= now][:AT_MOST]
    if not todo:
        show(_nothing(everything))
        return
    show(f"{_questions(len(todo))}. Letters and Enter answer, q stops.")
    right = asked = 0
    for number, due in enumerate(todo, start=1):
        head = f"{number} of {len(todo)}, {due.item.lab}, {due.asked.how}"
        show(f"\n{head}\n{due.asked.plain()}")
        given = _read(ask, show, due.asked)
        if given is None:
            break
        good = due.item.is_right(given)
        card = answer(due, right=good, now=now)
        asked, right = asked + 1, right + good
        show(_explained(due, given, card))
    show(f"\n{right} of {asked} right. {_nothing(deck(), now=now)}")


def due_today(now: datetime | None = None) -> int:
    """Return how many questions are due."""
    now = now or datetime.now(UTC)
    return sum(due.card.due <= now for due in deck())


Meeting = tuple[datetime | None, bool]
"""When a question was answered outside of the reviews, if that is known, and whether rightly."""


def _met() -> dict[str, list[Meeting]]:
    """Return what the learner has answered in labs and exams, by the question's key."""
    found: dict[str, list[Meeting]] = defaultdict(list)
    records = progress.load()
    for lab in catalog.labs():
        of_lab = records.get(lab.id, {})
        questions = quiz.load(lab.folder / "quiz.toml") if of_lab else []
        for number, question in enumerate(questions, start=1):
            record = of_lab.get(f"quiz{number}")
            item = bank.of_quiz(lab.id, question)
            if item and record and record.choice:
                when = record.passed or record.closed
                found[item.key].append((_time(when), record.passed is not None))
    for exam in sitting.load():
        for item in sitting.of_course(exam) if exam.ended else []:
            right = item.is_right(exam.answers.get(item.key, ()))
            found[item.key].append((_time(exam.ended), right))
    return found


def _time(text: str | None) -> datetime | None:
    """Return the moment that a file names; None if it names none."""
    try:
        return datetime.fromisoformat(text or "").astimezone(UTC)
    except ValueError:
        return None


def _card(stored: fsrs.Card | None, met: list[Meeting]) -> fsrs.Card:
    """Return a card that knows of every answer, also of those since its last review."""
    card = stored or fsrs.Card(card_id=0, due=AT_ONCE)
    for when, right in sorted((when, right) for when, right in met if when):
        if card.last_review is None or when > card.last_review:
            card = _reviewed(card, right, when)
    return card


def _reviewed(card: fsrs.Card, right: bool, when: datetime) -> fsrs.Card:
    rating = fsrs.Rating.Good if right else fsrs.Rating.Again
    return SCHEDULER.review_card(card, rating, review_datetime=when)[0]


def _read(
    ask: Callable[[str], str], show: Callable[[str], None], asked: Asked
) -> tuple[int, ...] | None:
    """Return an answer to the question, or None if the learner stops."""
    while True:
        try:
            line = ask("> ").strip().lower()
        except EOFError:
            return None
        if line in ("q", "quit", "exit"):
            return None
        try:
            return asked.read(line)
        except ValueError as error:
            show(f"{error}, or q to stop.")


def _explained(due: Due, given: tuple[int, ...], card: fsrs.Card) -> str:
    item, asked = due.item, due.asked
    if item.is_right(given):
        lines = ["Right."]
    else:
        lines = [f"Not the best answer. Right is: {asked.write(item.right)}"]
    for name, part in asked.parts.items():
        match = f" \u2192 {part.match}" if part.match else ""
        number = item.parts.index(part)
        told = item.kind in ("ordering", "matching") or number in {*given, *item.right}
        if told:
            lines.append(f"  {name}) {part.text}{match}: {part.reason.strip()}")
    lines.append(f'It is shown in {item.lab}, "{item.section}".')
    lines.append(f"It comes back on {card.due:%Y-%m-%d}.")
    return "\n".join(lines)


def _nothing(everything: list[Due], *, now: datetime | None = None) -> str:
    if not everything:
        return "No question yet: those that you answer in labs and exams come back here."
    now = now or datetime.now(UTC)
    if left := sum(due.card.due <= now for due in everything):
        return f"{_questions(left)} more: run `labs review` again."
    day = everything[0].card.due.date()
    count = sum(due.card.due.date() == day for due in everything)
    return f"Nothing more is due. On {day}: {_questions(count)}."


def _questions(count: int) -> str:
    return f"{count} question" + "s" * (count != 1)


def _load() -> dict[str, fsrs.Card]:
    file = path()
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["version"] != 1:
            raise ValueError("another version")
        cards = {key: fsrs.Card.from_dict(card) for key, card in content["cards"].items()}
        if not all(card.due.tzinfo for card in cards.values()):
            raise ValueError("a date without a zone")
        return cards
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(
            f"{file} is not a schedule of this version. Move it away to start the reviews afresh; "
            "what you passed stands in another file and stays."
        ) from None
    except OSError as error:
        raise ValueError(f"The schedule {file} cannot be read: {error.strerror}.") from None


def _text(cards: Mapping[str, fsrs.Card]) -> str:
    content = {key: card.to_dict() for key, card in sorted(cards.items())}
    return json.dumps({"version": 1, "cards": content}, indent=1) + "\n"
