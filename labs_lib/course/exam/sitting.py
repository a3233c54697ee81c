"""An exam that is being taken, and those that were: what a learner's file holds of them.

The file is ``exams.json`` beside the progress file. Every click or line of the learner writes it
whole, so that an exam goes on where it was after a closed window, a killed process or a lost
night. One exam is open at most, and one process at a time has it: the lock
``.exams.json.lock`` ends with that process, however it ends.

An exam takes time only while it is used. A session counts with a clock that never jumps; between
two steps of the learner at most `LONGEST` counts.
"""

import json
import math
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from labs_lib.course import guides, progress
from labs_lib.course.exam import bank, paper
from labs_lib.course.exam.asked import Asked
from labs_lib.course.exam.bank import Item
from labs_lib.files import hold, write_text

LONGEST = 15 * 60
"""Seconds that count at most between two steps: who leaves an open notebook loses no exam."""

VERSION = 1


@dataclass
class Exam:
    """What is kept of an exam.

    Attributes
    ----------
    seed : int
        It gives each question's order of parts.
    questions : tuple of str
        Their keys, in the order in which they are asked.
    answers : dict of str to tuple of int
        By key, in the form of `labs_lib.course.exam.bank.Item.right`.
    flags : set of str
        Keys of the questions to look at again.
    seconds : float
        Used so far.
    begun : str
    ended : str or None
    code : str
        Of the exam that it practises for. Files of before the second one do not name it.
    """

    seed: int
    questions: tuple[str, ...]
    answers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    seconds: float = 0.0
    begun: str = ""
    ended: str | None = None
    code: str = guides.FIRST

    @property
    def limit(self) -> int:
        """Seconds that it may take: two minutes a question, as in the real one."""
        return 60 * paper.MINUTES * len(self.questions) // paper.QUESTIONS


def path() -> Path:
    """Return where the exams are, or would be: beside the progress file."""
    return progress.path().with_name("exams.json")


def load() -> list[Exam]:
    """Return every exam, the oldest first; the last one may be open.

    Raises
    ------
    ValueError
        If the file is damaged, of another version, or cannot be read. It is left as it is.
    """
    file, known = path(), bank.items()
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if set(content) != {"version", "exams"} or content["version"] != VERSION:
            raise ValueError("another version")
        exams = [_exam(**table) for table in content["exams"]]
        if any(exam.ended is None for exam in exams[:-1]):
            raise ValueError("two open exams")
        for exam in exams:
            _check(exam, known)
        return exams
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(
            f"{file} does not hold exams of this version. Move it away to begin afresh; what you "
            "passed in the labs stands in another file and stays."
        ) from None
    except OSError as error:
        raise ValueError(f"The exams in {file} cannot be read: {error.strerror}.") from None


def of_course(exam: Exam) -> list[Item]:
    """Return the questions of an exam that the course still has."""
    known = {item.key: item for item in bank.items()}
    return [known[key] for key in exam.questions if key in known]


class Sitting:
    """The open exam, in the hands of this process; `begin` gives it. Close it at the end.

    Attributes
    ----------
    exam : Exam
    asked : list of Asked
        Its questions, in order; those that the course no longer has are left out.
    lost : int
        How many are left out.
    resumed : bool
        Whether it was begun earlier.
    """

    def __init__(
        self, exam: Exam, lock: IO[bytes], *, clock: Callable[[], float], resumed: bool
    ) -> None:
        items = of_course(exam)
        self.exam = exam
        self.asked = [Asked(item, exam.seed) for item in items]
        self.lost = len(exam.questions) - len(items)
        self.resumed = resumed
        self._lock = lock
        self._clock = clock
        self._last = clock()
        self._handed_in = False

    def __enter__(self) -> "Sitting":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether another process, or another cell, may have it now."""
        return self._lock.closed

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.exam.ended is not None

    @property
    def minutes_left(self) -> int:
        """Begun minutes that are left."""
        return math.ceil(max(0.0, self.exam.limit - self.exam.seconds) / 60)

    @property
    def open(self) -> list[int]:
        """Numbers, from 1, of the questions without an answer."""
        return [n for n, a in self._numbered() if a.item.key not in self.exam.answers]

    @property
    def flagged(self) -> list[int]:
        """Numbers, from 1, of the questions to look at again."""
        return [n for n, a in self._numbered() if a.item.key in self.exam.flags]

    def answer_of(self, number: int) -> tuple[int, ...] | None:
        """Return the answer so far to a question; None if there is none."""
        return self.exam.answers.get(self.asked[number - 1].item.key)

    def step(self) -> bool:
        """Count the time since the last step, and keep it.

        Returns
        -------
        bool
            Whether the exam goes on; it ends when its time is over.

        Raises
        ------
        ValueError
            If it was closed, or the file is damaged or cannot be written.
        """
        self._count()
        self._keep()
        return not self.over

    def answer(self, number: int, answer: Sequence[int]) -> bool:
        """Keep the answer to a question, unless the time was over before it came; see `step`."""
        if self._count():
            self.exam.answers[self.asked[number - 1].item.key] = tuple(answer)
        self._keep()
        return not self.over

    def clear(self, number: int) -> bool:
        """Take back the answer to a question; see `step`."""
        if self._count():
            self.exam.answers.pop(self.asked[number - 1].item.key, None)
        self._keep()
        return not self.over

    def flag(self, number: int) -> bool:
        """Flag a question, or take its flag away; see `step`."""
        if self._count():
            self.exam.flags ^= {self.asked[number - 1].item.key}
        self._keep()
        return not self.over

    def end(self) -> None:
        """Hand in: what has no answer is wrong; see `step`."""
        if self._count():
            self.exam.ended = _now()
        self._keep()

    def close(self) -> None:
        """Let others have it. It stays open, and takes no more time until it is resumed."""
        self._lock.close()

    def _numbered(self) -> list[tuple[int, Asked]]:
        return list(enumerate(self.asked, start=1))

    def _count(self) -> bool:
        if self.closed:
            raise ValueError(
                "This exam was opened again elsewhere, and goes on there. Nothing is lost."
            )
        now = self._clock()
        passed = min(max(0.0, now - self._last), LONGEST)
        self._last = now
        if not self.over:
            self.exam.seconds = min(self.exam.seconds + passed, self.exam.limit)
            if self.exam.seconds >= self.exam.limit:
                self.exam.ended = _now()
        return not self.over

    def _keep(self) -> None:
        if self._handed_in:
            return
        exams = load()
        if exams and exams[-1].ended is None:
            exams.pop()
        try:
            write_text(path(), _text([*exams, self.exam]))
        except OSError as error:
            raise _unwritable(error) from None
        self._handed_in = self.over


def begin(
    *,
    code: str | None = None,
    questions: int = paper.QUESTIONS,
    seed: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Sitting:
    """Open the exam that is not finished; if there is none, draw a new one.

    Parameters
    ----------
    code : str, optional
        Of the exam, such as ``DEA-C01``; without it, whichever is open, or MLA-C01.
    questions : int
        Of a new exam: fewer are a shorter practice, with two minutes for each.
    seed : int, optional
        Of a new exam: the same seed is the same exam for everybody, whatever was asked before.
        Without it the machine draws one, and prefers questions that were not asked yet.
    clock : callable
        Seconds, from any beginning.

    Raises
    ------
    ValueError
        If another terminal or notebook has it open, or one with another code is not finished;
        if the file is damaged or cannot be written, or there cannot be such an exam.
    """
    lock = _alone()
    try:
        exams = load()
        exam = exams.pop() if exams and exams[-1].ended is None else None
        if exam is not None and not of_course(exam):
            # Of the course that it was drawn from, no question is left.
            exams.append(exam)
            exam.ended, exam = _now(), None
            write_text(path(), _text(exams))
        resumed = exam is not None
        if exam is None:
            exam = _drawn(exams, code or guides.FIRST, questions, seed)
        elif code not in (None, exam.code):
            raise ValueError(
                f"Your exam for {exam.code} of {exam.begun[:10]} is not finished. Go on with "
                f"it and hand it in before you begin {guides.find(str(code)).code}."
            )
        sitting = Sitting(exam, lock, clock=clock, resumed=resumed)
        sitting.step()
        return sitting
    except BaseException:
        lock.close()
        raise


def _drawn(exams: Sequence[Exam], code: str, questions: int, seed: int | None) -> Exam:
    asked: Counter[str] = Counter()
    if seed is None:
        seed = secrets.randbits(32)
        asked.update(key for exam in exams for key in exam.questions)
    items = paper.draw(bank.items(), exam=code, seed=seed, asked=asked, questions=questions)
    return Exam(seed, tuple(item.key for item in items), begun=_now(), code=code)


def _alone() -> IO[bytes]:
    file = path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = hold(file.with_name(f".{file.name}.lock"))
    except OSError as error:
        raise _unwritable(error) from None
    if lock is None:
        raise ValueError(
            "The exam is open in another terminal or notebook. Stop it there (q, or the button "
            "Stop), or close that terminal or shut down that kernel; then come back. Nothing "
            "is lost."
        )
    return lock


def _unwritable(error: OSError) -> ValueError:
    return ValueError(
        f"{path()} cannot be written ({error.strerror}). Set LABS_PROGRESS to a file in a folder "
        "where you may write."
    )


def _exam(**table: Any) -> Exam:
    exam = Exam(**table)
    exam.questions = tuple(exam.questions)
    exam.answers = {key: tuple(answer) for key, answer in exam.answers.items()}
    exam.flags = set(exam.flags)
    texts = [*exam.questions, *exam.answers, *exam.flags, exam.begun]
    numbers = [exam.seed, *(n for answer in exam.answers.values() for n in answer)]
    if (
        not exam.questions
        or len(set(exam.questions)) < len(exam.questions)
        or exam.code not in guides.GUIDES
        or not all(isinstance(text, str) for text in texts)
        or not all(type(number) is int for number in numbers)
        or type(exam.seconds) not in (int, float)
        or not 0 <= exam.seconds < math.inf
    ):
        raise ValueError("an exam of another form")
    for when in (exam.begun, exam.ended):
        if when is not None:
            datetime.fromisoformat(when)
    return exam


def _check(exam: Exam, known: Sequence[Item]) -> None:
    for item in known:
        if item.key in exam.answers and not item.fits(exam.answers[item.key]):
            raise ValueError(f"the answer to {item.key} has another form")


def _text(exams: Sequence[Exam]) -> str:
    tables = [
        {
            **vars(exam),
            "answers": dict(sorted(exam.answers.items())),
            "flags": sorted(exam.flags),
            "seconds": round(exam.seconds, 1),
        }
        for exam in exams
    ]
    return json.dumps({"version": VERSION, "exams": tables}, indent=1) + "\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
