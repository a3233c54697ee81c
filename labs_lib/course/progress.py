"""What a learner has tried, passed and bet, kept in one small file of the person.

The file is ``progress.json`` in the user data folder of the platform, or the path in
``LABS_PROGRESS``; it is written in mode ``learn`` only. Several kernels may write at once: each
change is made to what the file holds at that moment.

A record tells for each item of a lab, such as ``ex1``, ``quiz3`` or ``bet_ranking``:

- ``attempts``: how often it was answered;
- ``hints``: how many of an exercise's hints were read;
- ``choice``: the first choice of a question, or the bet; neither changes any more;
- ``passed``: when. A question is passed if the first choice is right;
- ``closed``: when the right option of a question was found at a later choice, or when a bet
  was set beside what was measured.
"""

import contextlib
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from labs_lib import files, settings
from labs_lib.course import mode
from labs_lib.files import write_text

_OLD = Path(".labs") / "progress.json"


@dataclass
class Record:
    """What is known of one item; see the module's text."""

    attempts: int = 0
    choice: str | None = None
    passed: str | None = None
    closed: str | None = None
    hints: int = 0


Records = dict[str, dict[str, Record]]
"""Lab to item to record."""


def path() -> Path:
    """Return where the progress file is, or would be."""
    if own := os.environ.get("LABS_PROGRESS"):
        return Path(own)
    folder = platformdirs.user_data_path("sagemaker-labs", appauthor=False)
    return folder / "progress.json"


def load() -> Records:
    """Return every record, none if there is no file yet.

    A file that an earlier version kept in the course folder counts until there is one of the
    person.

    Raises
    ------
    ValueError
        If the file is not a progress file.
    """
    file = path()
    if not file.exists() and not os.environ.get("LABS_PROGRESS"):
        old = settings.ROOT / _OLD
        file = old if old.exists() else file
    try:
        return _records(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(
            f"{file} is not a progress file. Move it away to start afresh; nothing else uses it."
        ) from None
    except OSError as error:
        raise ValueError(
            f"The progress file {file} cannot be read: {error.strerror}."
        ) from None


def passed() -> dict[str, dict[str, str]]:
    """Return what is passed, and when: ``{lab: {item: time}}``.

    Raises
    ------
    ValueError
        If the file is not a progress file.
    """
    found = {}
    for lab, items in load().items():
        done = {name: record.passed for name, record in items.items() if record.passed}
        if done:
            found[lab] = done
    return found


def of(lab: str) -> dict[str, Record]:
    """Return the records of one lab; empty outside mode ``learn`` or if none can be read."""
    if mode.current() != "learn":
        return {}
    with contextlib.suppress(ValueError):
        return load().get(lab, {})
    return {}


def attempt(
    lab: str, item: str, *, passed: bool = False, choice: str | None = None
) -> str | None:
    """Note one answer.

    Parameters
    ----------
    lab : str
        A lab's identity, such as ``train/algorithms``.
    item : str
        What was answered, such as ``ex1`` or ``quiz3``.
    passed : bool
        Whether the answer is right.
    choice : str, optional
        The option chosen. Where one is given, the item is passed by the first choice alone.

    Returns
    -------
    str or None
        Why it could not be noted, or None. A learner goes on either way.
    """

    def change(record: Record) -> None:
        record.attempts += 1
        at_first = choice is None or record.choice is None
        record.choice = record.choice or choice
        if passed and not record.passed:
            if at_first:
                record.passed = _now()
            else:
                record.closed = record.closed or _now()

    return _change(lab, item, change)


def bet(lab: str, item: str, guess: str) -> str | None:
    """Note a bet, unless it was already set beside the measurement; see `attempt`."""

    def change(record: Record) -> None:
        record.attempts += record.choice != guess
        record.choice = guess if record.closed is None else record.choice

    return _change(lab, item, change)


def close(lab: str, item: str) -> str | None:
    """Note that a bet was set beside the measurement; see `attempt`."""

    def change(record: Record) -> None:
        record.closed = record.closed or _now()

    return _change(lab, item, change)


def hint(lab: str, item: str, number: int) -> str | None:
    """Note that hint `number` of an exercise was read, counted from 1; see `attempt`."""

    def change(record: Record) -> None:
        record.hints = max(record.hints, number)

    return _change(lab, item, change)


def _change(lab: str, item: str, change: Callable[[Record], None]) -> str | None:
    if mode.current() != "learn":
        return None
    try:
        with alone(path()):
            records = load()
            change(records.setdefault(lab, {}).setdefault(item, Record()))
            write_text(path(), _text(records))
    except ValueError as error:
        return str(error)
    except OSError as error:
        return (
            f"Not recorded: {path()} cannot be written ({error.strerror}). "
            "Set LABS_PROGRESS to a file that you may write."
        )
    _tell_class()
    return None


def _tell_class() -> None:
    """Let a learner's class know, if there is one; a cell never waits for it or fails by it."""
    with contextlib.suppress(Exception):
        if path().with_name("class.json").exists():
            # Most learners are in no class: imported here.
            from labs_lib.course.classroom import sender

            sender.wake()


def alone(file: Path) -> AbstractContextManager[None]:
    """Let one process at a time into the block that changes a file of the person."""
    return files.alone(file.with_name(f".{file.name}.lock"))


def _records(content: dict) -> Records:
    if content["version"] == 1 or "labs" not in content:
        items = content["passed"]
        made = {
            lab: {name: Record(attempts=1, passed=time) for name, time in done.items()}
            for lab, done in items.items()
        }
    else:
        made = {
            lab: {name: Record(**fields) for name, fields in items.items()}
            for lab, items in content["labs"].items()
        }
    for items in made.values():
        for record in items.values():
            texts = (record.choice, record.passed, record.closed)
            counts = (record.attempts, record.hints)
            if not all(isinstance(text, str | None) for text in texts) or not all(
                isinstance(count, int) for count in counts
            ):
                raise ValueError("a record of another form")
    return made


def _text(records: Records) -> str:
    labs = {
        lab: {
            name: {
                field: value
                for field, value in asdict(record).items()
                if value is not None and (field, value) != ("hints", 0)
            }
            for name, record in items.items()
        }
        for lab, items in records.items()
    }
    return json.dumps({"version": 2, "labs": labs}, indent=1) + "\n"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
