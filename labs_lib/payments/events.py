"""The dated events of the world: what changes, when, and by how much."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from labs_lib import schema
from labs_lib.payments.split import MONTH_DAYS

MAX_DAYS = 9 * MONTH_DAYS
"""Length of the whole calendar."""


@dataclass(frozen=True)
class Event:
    """A dated change of the world; `start` and `end` in days, the end excluded."""

    letter: str
    name: str
    start: int
    end: int
    what: str


EVENTS = (
    Event(
        "a",
        "festival",
        150,
        180,
        "Inputs drift, risk does not: amounts and usual amounts are 1.5 times higher, "
        "balances too, a 13th merchant category (tickets) appears, and phone payments "
        "replace part of the online ones.",
    ),
    Event(
        "c",
        "reporting fault",
        185,
        195,
        "Recorded data only: swipe terminals report the distance in metres as if it were "
        "kilometres, and their payments lack the balance.",
    ),
    Event(
        "b",
        "account takeover",
        210,
        270,
        "A new kind of fraud: online groceries of everyday size on accounts older than two "
        "years. The inputs hardly move.",
    ),
    Event(
        "d",
        "holidays",
        240,
        270,
        "A harmless swing of the inputs: more payments away from home, amounts and usual "
        "amounts 1.15 times higher, balances lower. Risk stays.",
    ),
)
EVENT_LETTERS = tuple(sorted(event.letter for event in EVENTS))

# How much each event changes; the same figures stand in its description above.

FESTIVAL_PRICE = 1.5
FESTIVAL_PHONE_SHARE = 0.5
FAULT_UNIT = 1_000
HOLIDAY_PRICE = 1.15
HOLIDAY_BALANCE = 0.7
HOLIDAY_AWAY_SHARE = 0.08


def event_table(
    *, days: int = MAX_DAYS, events: tuple[str, ...] = EVENT_LETTERS
) -> pd.DataFrame:
    """List the events that begin within `days`: event, name, start, end, what."""
    start = schema.PAYMENTS_START
    rows = [
        (
            event.letter,
            event.name,
            start + pd.Timedelta(days=event.start),
            start + pd.Timedelta(days=min(event.end, days)),
            event.what,
        )
        for event in EVENTS
        if event.letter in events and event.start < days
    ]
    table = pd.DataFrame(rows, columns=["event", "name", "start", "end", "what"])
    return table.astype({"start": "datetime64[s]", "end": "datetime64[s]"})


def check_events(events: tuple[str, ...]) -> None:
    """Raise a ValueError unless `events` are letters of known events."""
    given = events if isinstance(events, Iterable) else [events]
    unknown = [event for event in given if event not in EVENT_LETTERS]
    if unknown:
        raise ValueError(
            f"unknown event {unknown[0]!r}, expected letters among "
            f"{', '.join(EVENT_LETTERS)}; use events=() for none."
        )
