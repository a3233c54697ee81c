"""Exercises of the lab platform/events."""

import copy
import json
from typing import Any

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab
from labs_lib.platform import event_patterns
from labs_lib.platform.errors import Refusal

lab = Lab("platform/events")

_OUTCOMES = ("higher", "lower", "tie", "undecided")
lab.predict("six_minutes", options=_OUTCOMES)
lab.predict("ten", options=_OUTCOMES)

# Exercise 1: which sends become messages? ---------------------------------------------------

Send = tuple[float, str]
_WINDOW = 300


def _accepted(
    sends: list[Send],
    *,
    window: float = _WINDOW,
    border: bool = True,
    extended: bool = False,
) -> list[int]:
    """Return the answer by the window, its border, and whether a swallowed send renews it."""
    last: dict[str, float] = {}
    places = []
    for place, (second, name) in enumerate(sends):
        passed = second - last.get(name, float("-inf"))
        if passed > window or (border and passed == window):
            places.append(place)
            last[name] = second
        elif extended:
            last[name] = second
    return places


def _right(sends: list[Send]) -> list[int]:
    return _accepted(sends)


def _neighbours(sends: list[Send]) -> list[int]:
    """Compare each send with the one before it alone."""
    return [
        place
        for place, (second, name) in enumerate(sends)
        if not place
        or sends[place - 1][1] != name
        or second - sends[place - 1][0] >= _WINDOW
    ]


def _all_ids(sends: list[Send]) -> list[int]:
    """Keep one window for the queue, whatever the id."""
    return _accepted([(second, "any") for second, _ in sends])


lab.function(
    "which sends become messages?",
    cases=(
        ([(0, "a"), (60, "a"), (240, "a"), (360, "a")],),
        ([(0, "a"), (200, "a"), (310, "a"), (500, "a"), (611, "a")],),
        ([(0, "a"), (300, "a"), (599, "a"), (600, "a")],),
        ([(10, "a"), (20, "b"), (30, "a"), (319, "b"), (320, "b")],),
        ([(0, "a"), (1, "b"), (2, "a"), (400, "c"), (401, "a")],),
        ([(5, "x"), (5, "x"), (5, "y")],),
        ([(0, "a"), (299.5, "a"), (300.5, "a")],),
        ([(7, "a")],),
        ([],),
    ),
    right=_right,
    mistakes={
        "for_ever": (
            "You swallow an id for ever. After five minutes SQS has forgotten it.",
            lambda sends: _accepted(sends, window=float("inf")),
        ),
        "renewed": (
            "You let a swallowed send begin the five minutes anew. They count from the message that was "
            "accepted.",
            lambda sends: _accepted(sends, extended=True),
        ),
        "border": (
            "Look at a send exactly 300 seconds after the accepted one: that is not less than 300.",
            lambda sends: _accepted(sends, border=False),
        ),
        "neighbours": (
            "You compare a send with the one before it. Between two sends of one payment there may be "
            "others.",
            _neighbours,
        ),
        "one_window": (
            "Other ids do not matter: two payments in one minute are two messages.",
            _all_ids,
        ),
    },
    hints=(
        "What has to be remembered for each id? One time is enough.",
        "It is the time of the last message with this id that was accepted, not of the last send.",
        "`if name not in last or second - last[name] >= 300: last[name] = second`, and keep the place.",
    ),
    praise="So a sender that tries each minute for an hour is heard every five minutes.",
)

# Exercise 2: write the pattern --------------------------------------------------------------


def _event(source: str, kind: str, **detail: Any) -> dict[str, Any]:
    return {"source": source, "detail-type": kind, "detail": detail}


_TAKEN = {
    "plain": _event("bank.cards", "Payment", amount=900, country="DE"),
    "border": _event("bank.cards", "Payment", amount=500, country="DE"),
    "sources": _event("bank.transfers", "Payment", amount=900, country="FR"),
    "fraction": _event("bank.cards", "Payment", amount=500.5, country="BE"),
    "missing": _event("bank.cards", "Payment", amount=900),
    "other_fields": _event(
        "bank.atm", "Payment", amount=1200, country="DE", device="x1"
    ),
}
_LEFT = {
    "small": _event("bank.cards", "Payment", amount=499.99, country="DE"),
    "country": _event("bank.cards", "Payment", amount=900, country="NL"),
    "kind": _event("bank.cards", "Refund", amount=900, country="DE"),
    "part": _event("bank.cards", "PaymentReversed", amount=900, country="DE"),
    "case": _event("bank.cards", "payment", amount=900, country="DE"),
    "source": _event("shop.cards", "Payment", amount=900, country="DE"),
    "prefix": _event("bankrupt.cards", "Payment", amount=900, country="DE"),
    "text": _event("bank.cards", "Payment", amount="900", country="DE"),
    "no_amount": _event("bank.cards", "Payment", country="DE"),
    "small_without": _event("bank.cards", "Payment", amount=5),
}


@lab.exercise(
    "write the pattern",
    hints=(
        "The fields of an object are joined by and, the entries of a list by or.",
        "The operators are `prefix`, `numeric` and `anything-but`. Which events does `anything-but` "
        "leave out besides `NL`?",
        '`"country": [{"anything-but": "NL"}, {"exists": False}]`',
    ),
    misconceptions={
        "no_pattern": "EventBridge refuses this: {reason}",
        "plain": "A payment of 900 from `DE` is left out. Do `amount` and `country` stand inside `detail`? And may "
        "an event have a country?",
        "missing": "The event without a country is left out. `anything-but` needs a value to compare; a "
        "list may hold a second operator beside it.",
        "border": "500 is at least 500.",
        "sources": "`bank.transfers` begins with `bank.` too.",
        "fraction": "An amount need not be whole.",
        "other_fields": "An event may have fields, and other sources may begin with `bank.`, that nobody "
        "thought of. Name only what you ask for.",
        "small": "A payment of less than 500 is taken.",
        "country": "A payment from `NL` is taken.",
        "kind": "A refund is taken. Which field says what an event is about?",
        "part": "`PaymentReversed` is taken. The type has to be the whole text `Payment`.",
        "case": "The type `payment` is taken. It is another text than `Payment`.",
        "prefix": "`bankrupt.cards` is taken. The dot belongs to the prefix.",
        "source": "An event of another source is taken.",
        "text": 'The amount `"900"` is a text and is taken. Only `numeric` asks for a number.',
        "no_amount": "An event without an amount is taken.",
        "small_without": "A payment of 5 without a country is taken. Are two fields joined by or?",
        "tailored": "It fits the few events that you can think of, and not others of the same kind. Use "
        "operators in place of lists of values.",
    },
    praise="A field that may be missing needs `exists` beside each operator that compares.",
)
def ex2(pattern: Any) -> Wrong | None:
    """Any pattern passes, as a dictionary or its JSON, that takes and leaves the right events."""
    try:
        pattern = json.loads(pattern) if isinstance(pattern, str) else pattern
        event_patterns.check(pattern)
    except Refusal as refusal:
        return wrong("no_pattern", reason=refusal.message)
    except ValueError:
        return wrong("no_pattern", reason="it is no JSON")
    for name, event in _TAKEN.items():
        if not event_patterns.matches(pattern, event):
            return wrong(name)
    for name, event in _LEFT.items():
        if event_patterns.matches(pattern, event):
            return wrong(name)
    for event, expected in _more():
        if event_patterns.matches(pattern, event) != expected:
            return wrong("tailored")
    return None


def _more() -> list[tuple[dict[str, Any], bool]]:
    """Return events of each kind with values that no list of values would name."""
    found = []
    for number in range(1, 60):
        event = copy.deepcopy(_TAKEN["other_fields"])
        event["source"] = f"bank.desk{number}"
        amount = 37.25 * number
        event["detail"] |= {"amount": amount, "country": f"C{number}"}
        found.append((event, amount >= 500))
        found.append(({**event, "source": f"banks.desk{number}"}, False))
        found.append(({**event, "detail-type": f"Payment{number}"}, False))
        found.append(({**event, "detail": {"amount": amount}}, amount >= 500))
    return found


# Exercise 3: how often may it ask? ----------------------------------------------------------

_ROUND, _ENDS = 9, 9


def _shortest(longest: int, events: int) -> int:
    rounds = (events - _ENDS) // _ROUND
    return max(1, -(-longest // rounds))


lab.function(
    "how often may it ask?",
    cases=(
        (137, 25_000),
        (10_800, 25_000),
        (137, 261),
        (137, 260),
        (140, 261),
        (141, 261),
        (60, 18),
        (61, 26),
        (61, 27),
        (1, 18),
        (0, 100),
        (86_400, 25_000),
        (2_776, 25_000),
        (2_777, 25_000),
        (100, 109),
        (100, 113),
    ),
    right=_shortest,
    mistakes={
        "no_ends": (
            "Beginning and end need 9 events too. Take them off before you count rounds.",
            lambda longest, events: max(1, -(-longest // max(1, events // _ROUND))),
        ),
        "half_rounds": (
            "A round is whole or it is none: events that are left over ask nothing.",
            lambda longest, events: max(
                1, -int(-(longest * _ROUND / (events - _ENDS)) // 1)
            ),
        ),
        "down": (
            "Rounded down, the last question comes before the longest query is done.",
            lambda longest, events: max(1, longest // ((events - _ENDS) // _ROUND)),
        ),
        "zero": (
            "A wait has at least one whole second.",
            lambda longest, events: longest // ((events - _ENDS) // _ROUND),
        ),
        "once_more": (
            "If the wait divides the time, the last question comes just then, and it counts as done. "
            "No further round is needed.",
            lambda longest, events: longest // ((events - _ENDS) // _ROUND) + 1,
        ),
        "a_round_less": (
            "You keep a round in reserve. All rounds may be used.",
            lambda longest, events: max(
                1, -(-longest // max(1, (events - _ENDS) // _ROUND - 1))
            ),
        ),
    },
    hints=(
        "How many rounds fit into the history?",
        "`(events - 9) // 9` rounds, and together they have to last `longest` seconds.",
        "`max(1, math.ceil(longest / rounds))`",
    ),
    praise="25,000 events are 2,776 rounds: enough for three hours at four seconds.",
)
