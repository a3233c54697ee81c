"""Exercises of the lab platform/tables."""

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labs_lib.clock import SimulatedClock
from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab
from labs_lib.platform import expressions
from labs_lib.platform.errors import Refusal
from labs_lib.platform.expressions import Names
from labs_lib.platform.table_entries import Key
from labs_lib.platform.tables import Condition, ConditionFailed, ItemWrite, KeyedTable

lab = Lab("platform/tables")

lab.predict("answered", options=("higher", "lower", "no difference shown"))
lab.predict("counted", options=("higher", "lower", "tie", "undecided"))

# Exercise 1: what does a query cost? ---------------------------------------------------------

_BLOCK = 4096


def _units(
    sizes: Sequence[int],
    strong: bool,
    *,
    block: int = _BLOCK,
    least: int = 1,
    rounded: Callable[[float], float] = math.ceil,
) -> float:
    blocks = max(least, rounded(sum(sizes) / block))
    return blocks if strong else blocks / 2


def _right(sizes: list[int], kept: list[bool], strong: bool) -> float:
    return _units(sizes, strong)


lab.function(
    "what does a query cost?",
    cases=(
        ([1_000] * 10, [True] * 10, True),
        ([1_000] * 10, [True] + [False] * 9, False),
        ([4_096], [True], True),
        ([4_097], [True], True),
        ([4_097], [True], False),
        ([2_048, 2_048], [False, True], False),
        ([40_950, 10], [False, False], True),
        ([40_950, 10, 1], [False, False, True], False),
        ([4_000, 90], [True, True], True),
        ([100], [False], False),
        ([100, 100], [False, False], True),
        ([], [], True),
        ([], [], False),
        ([8_192, 1], [True, False], False),
        ([700_000, 300_001], [True, False], True),
    ),
    right=_right,
    mistakes={
        "kept_only": (
            "You count what the filter lets through. It comes after reading, and what it drops "
            "was read.",
            lambda s, k, strong: _units(
                [a for a, b in zip(s, k, strict=True) if b], strong
            ),
        ),
        "each_item": (
            "You round each item. A query adds the sizes and rounds once; to fetch the items one "
            "by one would cost what you have computed.",
            lambda s, k, strong: sum(_units([one], strong) for one in s),
            lambda s, k, strong: (
                sum(_units([one], strong) for one in s) or _units([], strong)
            ),
        ),
        "one_kb": (
            "You count in KB. A write is counted in whole KB, a read in whole 4 KB.",
            lambda s, k, strong: _units(s, strong, block=1024),
        ),
        "thousands": (
            "A KB has 1,024 bytes here: look at an item of 4,096.",
            lambda s, k, strong: _units(s, strong, block=4000),
        ),
        "no_rounding": (
            "You do not round up to whole 4 KB before you halve.",
            lambda s, k, strong: _units(s, strong, rounded=float),
            lambda s, k, strong: math.ceil(_units(s, strong, rounded=float)),
        ),
        "nothing_is_free": (
            "A query that finds nothing has asked all the same: it pays for 4 KB.",
            lambda s, k, strong: _units(s, strong, least=0),
        ),
        "strong_only": (
            "You charge each read like a strong one. One that may be a moment old costs half.",
            lambda s, k, strong: _units(s, True),
        ),
        "reversed": (
            "The strong read is the dearer one.",
            lambda s, k, strong: _units(s, not strong),
        ),
    },
    hints=(
        "Which of the three arguments does not matter?",
        "Sum, divide by 4,096, round up, at least 1; half of it unless the read is strong.",
        "`blocks = max(1, math.ceil(sum(sizes) / 4096))`",
    ),
    praise="A query is paid by what it reads. So a sort key that ends the reading early saves, and a "
    "filter does not.",
)

# Exercise 2: an update that may be sent twice ------------------------------------------------


class _Account:
    """A table with one card, to which the learner's update is sent."""

    def __init__(self, request: Mapping[str, Any]):
        self.request = request
        self.table = KeyedTable(
            "t", Key(("card",)), {"card": "S"}, clock=SimulatedClock()
        )

    def send(self, payment: str, cents: int) -> None:
        values = {
            ":cents": {"N": str(cents)},
            ":id": {"S": payment},
            ":ids": {"SS": [payment]},
        }
        names = Names(self.request.get("ExpressionAttributeNames", {}), values)
        text = self.request.get("ConditionExpression")
        condition = (
            Condition(expressions.parse_condition(text), names) if text else None
        )
        changes = expressions.parse_update(self.request["UpdateExpression"]), names
        with contextlib.suppress(ConditionFailed):
            self.table.write(
                ItemWrite("update", {"card": {"S": "a"}}, condition, changes)
            )

    @property
    def total(self) -> int | None:
        item = self.table.get({"card": {"S": "a"}})[0] or {}
        value = item.get("cents", {}).get("N")
        return None if value is None else int(value)


def _after(request: Mapping[str, Any], sent: Sequence[tuple[str, int]]) -> int | None:
    account = _Account(request)
    for payment, cents in sent:
        account.send(payment, cents)
    return account.total


_STORIES: tuple[tuple[str, tuple[tuple[str, int], ...], int], ...] = (
    ("new", (("p1", 500),), 500),
    ("twice", (("p1", 500), ("p1", 500)), 500),
    ("only_one", (("p1", 500), ("p2", 300)), 800),
    ("same_amount", (("p1", 500), ("p2", 500)), 1000),
    ("only_last", (("p1", 500), ("p2", 300), ("p1", 500)), 800),
    ("only_last", (("p1", 500), ("p2", 300), ("p3", 1), ("p1", 500), ("p2", 300)), 801),
    ("only_one", (("p11", 500), ("p1", 300)), 800),
    ("twice", (("p1", 500), ("p2", -700), ("p2", -700)), -200),
)


@lab.exercise(
    "an update that may be sent twice",
    hints=(
        "What does the table have to know, so that it can tell the second arrival from another "
        "payment of the same amount?",
        "`ADD` takes a number or a set, and makes the attribute if there is none.",
        "The condition is about `done`: `NOT contains(done, ...)`.",
    ),
    misconceptions={
        "form": "A dictionary is expected, with texts: `UpdateExpression` and, if you need it, "
        "`ConditionExpression`.",
        "refused": "DynamoDB would refuse it: {reason}",
        "never": "Your condition refuses the first payment of a card that has no item yet.",
        "new": "A card without an item gets a payment of 500, and `cents` is {got}. `ADD` makes "
        "what is missing; `SET cents = cents + :cents` needs it.",
        "twice": "The last of these payments was sent twice: {sent}. `cents` is {got}, expected "
        "{expected}. What tells the second arrival from the first?",
        "only_one": "Two payments with different ids came: {sent}. `cents` is {got}, expected "
        "{expected}.",
        "same_amount": "Two payments of 500 with different ids came, and `cents` is {got}. Equal "
        "amounts are not the same payment.",
        "only_last": "An old payment was sent again after another had been counted, and `cents` "
        "is {got} instead of {expected}. Keep all ids, not only the last.",
    },
    praise="The condition is about the event and not about the number, so no read comes before the "
    "write, and no attempt is lost to another program.",
)
def ex2(request: Any) -> Wrong | None:
    """Any update passes that counts each id once; it is sent to a table."""
    try:
        request = dict(request)
    except (TypeError, ValueError):
        return wrong("form")
    texts = [
        request.get("UpdateExpression", ""),
        request.get("ConditionExpression", ""),
    ]
    if not all(isinstance(text, (str, type(None))) for text in texts):
        return wrong("form")
    if "UpdateExpression" not in request:
        return wrong("refused", reason="it has no `UpdateExpression`.")
    for name, sent, expected in _STORIES:
        try:
            got = _after(request, sent)
        except Refusal as refusal:
            return wrong(
                "new" if _needs_item(refusal) else "refused",
                reason=refusal.message,
                got="missing",
            )
        if name == "new" and got is None and request.get("ConditionExpression"):
            return wrong("never")
        if got != expected:
            shown = ", ".join(f"`{payment}` of {cents}" for payment, cents in sent)
            got = "missing" if got is None else got
            return wrong(name, got=got, expected=expected, sent=shown)
    return None


def _needs_item(refusal: Refusal) -> bool:
    return "does not exist" in refusal.message
