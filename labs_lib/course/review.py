"""Spaced repetition over the quiz questions that a learner has met.

A question enters when it was answered in a lab. When it comes back is decided by the algorithm
FSRS (library `fsrs`) in whole days: a question that was missed tomorrow, one that was right
after a few days, then after weeks. What is scheduled stands in ``review.json`` beside the progress
file. A question is known by its text, so that a lab may add or move questions.
"""

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import fsrs

from labs_lib.course import catalog, progress
from labs_lib.course.quiz import Question
from labs_lib.files import write_text

AT_MOST = 10
"""Questions of a session: about five minutes."""

SCHEDULER = fsrs.Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)
"""Whole days only, and always the same ones: a session is once a day."""


@dataclass(frozen=True)
class Due:
    """A question that can be asked.

    Attributes
    ----------
    key : str
        The lab and a digest of the question's text.
    lab : str
    question : Question
    card : fsrs.Card
        What the scheduler knows of it.
    """

    key: str
    lab: str
    question: Question
    card: fsrs.Card

    @property
    def letters(self) -> dict[str, str]:
        """Letter shown to letter in the lab; mixed anew after each answer.

        So that an answer is remembered by what it says and not by where it stands.
        """
        inside = list(self.question.options)
        random.Random(f"{self.key} {self.card.last_review}").shuffle(inside)
        return dict(zip(self.question.options, inside, strict=True))


def path() -> Path:
    """Return where the schedule is, or would be: beside the progress file."""
    return progress.path().with_name("review.json")


def deck() -> list[Due]:
    """Return every question that the learner has met, the one due first in front.

    Raises
    ------
    ValueError
        If the progress file or the schedule is damaged.
    """
    cards, records = _load(), progress.load()
    found = []
    for page in catalog.pages():
        of_page = records.get(page.id, {})
        if not of_page:
            continue
        for number, question in enumerate(page.exercises().lab.quiz.questions, start=1):
            record = of_page.get(f"quiz{number}")
            if record and record.choice:
                key = f"{page.id} {digest(question)}"
                card = cards.get(key) or _new(record)
                found.append(Due(key, page.id, question, card))
    return sorted(found, key=lambda due: (due.card.due, due.key))


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
    rating = fsrs.Rating.Good if right else fsrs.Rating.Again
    card, _ = SCHEDULER.review_card(due.card, rating, review_datetime=now)
    try:
        with progress.alone(path()):
            write_text(path(), _text({**_load(), due.key: card}))
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
    show(f"{_questions(len(todo))}. A letter and Enter answers, q stops.")
    right = asked = 0
    for number, due in enumerate(todo, start=1):
        show(f"\n{number} of {len(todo)}, {due.lab}\n{_shown(due)}")
        letter = _read(ask, show, due)
        if letter is None:
            break
        chosen = due.question.options[due.letters[letter]]
        card = answer(due, right=chosen.right, now=now)
        asked, right = asked + 1, right + chosen.right
        show(_explained(due, letter, card))
    show(f"\n{right} of {asked} right. {_nothing(deck(), now=now)}")


def due_today(now: datetime | None = None) -> int:
    """Return how many questions are due."""
    now = now or datetime.now(UTC)
    return sum(due.card.due <= now for due in deck())


def digest(question: Question) -> str:
    """Return twelve characters that belong to the text of a question."""
    return hashlib.sha256(question.text.encode()).hexdigest()[:12]


def _new(record: progress.Record) -> fsrs.Card:
    """Return the card of a question that was answered in its lab and never since."""
    if record.passed is None:
        return fsrs.Card(card_id=0, due=datetime.min.replace(tzinfo=UTC))
    card = fsrs.Card(card_id=0)
    when = datetime.fromisoformat(record.passed).astimezone(UTC)
    return SCHEDULER.review_card(card, fsrs.Rating.Good, review_datetime=when)[0]


def _read(ask: Callable[[str], str], show: Callable[[str], None], due: Due) -> str | None:
    """Return a letter of the question, or None if the learner stops."""
    while True:
        try:
            letter = ask("> ").strip().lower()
        except EOFError:
            return None
        if letter in due.letters:
            return letter
        if letter in ("q", "quit", "exit"):
            return None
        show(f"Give one of {', '.join(due.letters)}, or q to stop.")


def _shown(due: Due) -> str:
    options = due.question.options
    lines = [f"  {letter}) {options[k].text}" for letter, k in due.letters.items()]
    return "\n".join([due.question.text, *lines])


def _explained(due: Due, letter: str, card: fsrs.Card) -> str:
    options, letters = due.question.options, due.letters
    chosen = options[letters[letter]]
    lines = [f"{'Right' if chosen.right else 'Not the best choice'}. {chosen.reason}"]
    if not chosen.right:
        best = next(shown for shown, k in letters.items() if options[k].right)
        lines.append(
            f"Best is {best}) {options[letters[best]].text} {options[letters[best]].reason}"
        )
    if due.question.section:
        lines.append(f'It is shown in {due.lab}, "{due.question.section}".')
    lines.append(f"It comes back on {card.due:%Y-%m-%d}.")
    return "\n".join(lines)


def _nothing(everything: list[Due], *, now: datetime | None = None) -> str:
    if not everything:
        return "No question yet: those that you answer in the labs come back here."
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
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            f"{file} is not a schedule of this version. Move it away to start the reviews afresh; "
            "what you passed stands in another file and stays."
        ) from None
    except OSError as error:
        raise ValueError(f"The schedule {file} cannot be read: {error.strerror}.") from None


def _text(cards: Mapping[str, fsrs.Card]) -> str:
    content = {key: card.to_dict() for key, card in sorted(cards.items())}
    return json.dumps({"version": 1, "cards": content}, indent=1) + "\n"
