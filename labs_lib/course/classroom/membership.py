"""A learner's membership in a class: a private file beside the progress file.

Without ``class.json`` nothing is ever sent. It holds where the class is, the learner's token, what
the class asks for, and a number that rises with each state sent, so that of two states the later
one wins, whichever arrives last.
"""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from labs_lib.course import progress
from labs_lib.course.classroom import columns
from labs_lib.course.classroom.state import Items, State, of
from labs_lib.files import write_text

FOLDER, SERVER = "folder", "server"


@dataclass(frozen=True)
class Membership:
    """Where a learner's state goes, and how far it got.

    Attributes
    ----------
    kind : {"folder", "server"}
    where : str
        The folder, or the address of the server.
    code : str
        Of the class.
    name : str
        As the instructor reads it.
    token : str
        Of a server: proves who sends. Of a folder: the name of the learner's file.
    items : dict
        What is sent; see `labs_lib.course.classroom.state.Items`.
    pseudonym, joined : str
    number : int
        Of the last state that was sent.
    arrived : int
        Of the last state that the class has.
    sent : str or None
        When that arrived.
    problem : str or None
        Why the last one did not.
    """

    kind: str
    where: str
    code: str
    name: str
    token: str
    items: Items = field(default_factory=dict)
    pseudonym: str = ""
    joined: str = ""
    number: int = 0
    arrived: int = 0
    sent: str | None = None
    problem: str | None = None

    @property
    def is_behind(self) -> bool:
        """Whether the class lacks a state that was to be sent."""
        return self.arrived < self.number


def path() -> Path:
    """Return where the membership is, or would be: beside the progress file."""
    return progress.path().with_name("class.json")


def load() -> Membership | None:
    """Return the membership, None if the learner is in no class.

    Raises
    ------
    ValueError
        If its file is damaged or cannot be read.
    """
    try:
        content = json.loads(path().read_text(encoding="utf-8"))
        found = Membership(**content)
        kinds = {f.name: f.type for f in fields(Membership)}
        texts = [name for name, kind in kinds.items() if kind is str]
        if (
            not all(isinstance(getattr(found, name), str) for name in texts)
            or found.kind not in (FOLDER, SERVER)
            or type(found.number) is not int
            or type(found.arrived) is not int
        ):
            raise ValueError("a membership of another form")
        columns.checked(found.items)
        return found
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise ValueError(
            f"{path()} is damaged, so nothing is sent. `labs class leave` takes it away; then "
            "join the class again."
        ) from None
    except OSError as error:
        raise ValueError(f"{path()} cannot be read: {error.strerror}.") from None


def save(membership: Membership) -> None:
    """Write the membership; nobody else may read it."""
    write_text(path(), json.dumps(asdict(membership), indent=1) + "\n", mode=0o600)


def current_state(membership: Membership) -> State:
    """Return what would be sent now.

    Raises
    ------
    ValueError
        If the progress file is damaged.
    """
    return of(progress.load(), membership.items)


def next_state() -> tuple[Membership, State] | None:
    """Return the state to send now and the membership with its number; None without a class.

    Several kernels may ask at once: a state with a higher number was never read before one with
    a lower number.

    Raises
    ------
    ValueError
        If a file of the learner is damaged.
    OSError
        If the membership cannot be written.
    """
    with progress.alone(path()):
        membership = load()
        if membership is None:
            return None
        membership = replace(membership, number=membership.number + 1)
        save(membership)
        return membership, current_state(membership)


def note(
    of_token: str, *, arrived: int = 0, at_least: int = 0, problem: str | None = None
) -> None:
    """Keep what became of a state.

    Parameters
    ----------
    of_token : str
        Of the membership that sent it; if the learner has another one now, nothing is kept.
    arrived : int
        Its number, if it arrived.
    at_least : int
        A number that the class has seen; the next state gets a higher one.
    problem : str, optional
        Why it did not arrive.
    """
    with progress.alone(path()):
        membership = load()
        if membership is None or membership.token != of_token:
            return
        changed = replace(
            membership,
            number=max(membership.number, at_least),
            arrived=max(membership.arrived, arrived),
            sent=now() if arrived else membership.sent,
            problem=problem,
        )
        if changed != membership:
            save(changed)


def now() -> str:
    """Return the time in UTC, to the second, as a text."""
    return datetime.now(UTC).isoformat(timespec="seconds")
