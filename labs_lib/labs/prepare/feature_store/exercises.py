"""Exercises of the lab prepare/feature_store."""

from typing import Any

from labs_lib.course.lab import Lab

lab = Lab("prepare/feature_store")

_OUTCOMES = ("higher", "lower", "tie", "undecided")
lab.predict("optimism", options=_OUTCOMES)
lab.predict("live", options=_OUTCOMES)


# Exercise 1: what was known? -------------------------------------------------------------


def _record(event: float, written: float, value: Any, deleted: bool = False) -> dict:
    return {"event": event, "written": written, "deleted": deleted, "value": value}


def _seen(records: list[dict], moment: float) -> list[dict]:
    return [r for r in records if r["event"] <= moment and r["written"] <= moment]


def _newest(seen: list[dict], *order: str) -> Any:
    if not seen:
        return None
    newest = max(seen, key=lambda r: tuple(r[name] for name in order))
    return None if newest["deleted"] else newest["value"]


def _known(records: list[dict], moment: float) -> Any:
    return _newest(_seen(records, moment), "event", "written")


_HISTORY = [
    _record(1, 2, 10),
    _record(3, 9, 30),
    _record(2, 5, 20),
    _record(2, 4, 21),
    _record(1, 6, 11),
]
_PLANNED = [_record(8, 1, 80), _record(2, 3, 22)]
_GONE = [_record(1, 1, 5), _record(4, 4, None, True), _record(2, 7, 6)]

lab.function(
    "what was known?",
    cases=(
        (_HISTORY, 7),
        (_HISTORY, 9),
        (_HISTORY, 4.5),
        (_HISTORY, 2),
        (_HISTORY, 1),
        (_HISTORY[::-1], 5),
        (_HISTORY[::-1], 100),
        (_PLANNED, 5),
        (_PLANNED, 8),
        (_PLANNED, 7.5),
        (_GONE, 3),
        (_GONE, 4),
        (_GONE, 8),
        ([_record(1, 1, 7, True), _record(2, 2, 0)], 2),
        ([_record(1, 1, 5), _record(3, 3, 6, True)], 4),
        ([_record(0, 0, 0)], 0),
        ([_record(-2, -1, 3), _record(-3, 0, 4)], 0),
        ([_record(1, 3, None, True), _record(1, 2, 9)], 5),
        ([_record(1, 3, 9), _record(1, 2, None, True)], 5),
        ([], 5),
    ),
    right=_known,
    mistakes={
        "event_only": (
            "You look at the event time alone. A record that was written after the moment was "
            "not there yet.",
            lambda records, moment: _newest(
                [r for r in records if r["event"] <= moment], "event", "written"
            ),
        ),
        "write_only": (
            "You look at the write time alone. A record that is written ahead, as a planned "
            "price, does not hold before its event time.",
            lambda records, moment: _newest(
                [r for r in records if r["written"] <= moment], "event", "written"
            ),
        ),
        "last_written": (
            "You take what was written last. A late record of an old event would then replace "
            "a newer one.",
            lambda records, moment: _newest(_seen(records, moment), "written", "event"),
        ),
        "deleted_dropped": (
            "You drop deletions first, and then take the newest of the others. So an older "
            "value comes back that somebody wanted to be gone.",
            lambda records, moment: _newest(
                [r for r in _seen(records, moment) if not r["deleted"]],
                "event",
                "written",
            ),
        ),
        "deletion_ignored": (
            "You return what stands in a marker of a deletion. If the newest record is one, "
            "nothing is known.",
            lambda records, moment: max(
                _seen(records, moment),
                key=lambda r: (r["event"], r["written"]),
                default={"value": None},
            )["value"],
        ),
        "strict": (
            "The borders count: a record that is written at the moment itself is known.",
            lambda records, moment: _newest(
                [r for r in records if r["event"] < moment and r["written"] < moment],
                "event",
                "written",
            ),
        ),
        "tie": (
            "At equal event times you take another one than the later written.",
            lambda records, moment: _newest(_seen(records, moment), "event"),
            lambda records, moment: _newest(
                sorted(_seen(records, moment), key=lambda r: r["written"]), "event"
            ),
        ),
    },
    hints=(
        "First ask which records were there at all. Then ask which of them is the newest.",
        "Two conditions on `moment`, then `max` by a pair, then a look at `deleted`.",
        '`max(seen, key=lambda r: (r["event"], r["written"]))`; without any record, None.',
    ),
    praise="Filter by both times first, choose second, and look at the deletion last.",
)


# Exercise 2: the test that finds it ------------------------------------------------------


def _disagree(served: dict, training: dict) -> set:
    return {
        i
        for i in served.keys() | training.keys()
        if i not in served or i not in training or float(served[i]) != training[i]
    }


lab.function(
    "the test that finds it",
    cases=(
        ({"a": "3", "b": "0.50", "c": "7"}, {"a": 3, "b": 0.5, "c": 8}),
        ({"a": "1"}, {"b": 1}),
        ({"a": "1", "b": "2"}, {"a": 1}),
        ({"a": "1"}, {"a": 1, "b": 0}),
        ({"a": "0"}, {"a": 0}),
        ({"a": "0"}, {}),
        ({}, {"a": 0}),
        ({}, {}),
        ({"a": "-1", "b": "10"}, {"a": 1, "b": 10.0}),
        ({"a": "1e3", "b": "2.25"}, {"a": 1000, "b": 2.75}),
        ({"a": "2.25", "b": "3.001"}, {"a": 2.25, "b": 3}),
    ),
    right=_disagree,
    mistakes={
        "text": (
            'You compare text with numbers. "3" and 3 are the same count; make numbers of the '
            "text first.",
            lambda served, training: {
                i
                for i in served.keys() | training.keys()
                if served.get(i) != training.get(i)
            },
        ),
        "text_of_number": (
            'You make text of the numbers. "0.50" and 0.5 are the same value, written in two '
            "ways.",
            lambda served, training: {
                i
                for i in served.keys() | training.keys()
                if served.get(i) != str(training.get(i))
            },
        ),
        "common": (
            "You look only at identifiers that stand on both sides. A record that is missing on "
            "one side is the worst difference.",
            lambda served, training: {
                i
                for i in served.keys() & training.keys()
                if float(served[i]) != training[i]
            },
        ),
        "served_only": (
            "You go through the served ones only. What the training set has, and nobody served, "
            "is missing.",
            lambda served, training: {
                i
                for i in served
                if i not in training or float(served[i]) != training[i]
            },
        ),
        "training_only": (
            "You go through the training set only. What was served, and is not in it, is missing.",
            lambda served, training: {
                i
                for i in training
                if i not in served or float(served[i]) != training[i]
            },
        ),
        "missing_is_zero": (
            "You take a missing value for 0. No record and a count of 0 are not the same.",
            lambda served, training: {
                i
                for i in served.keys() | training.keys()
                if float(served.get(i, 0)) != training.get(i, 0)
            },
        ),
    },
    hints=(
        "Which identifiers have to be looked at? And what kind of value is on each side?",
        "`served.keys() | training.keys()` are all of them.",
        "One belongs to the set if a side lacks it, or if `float(served[i]) != training[i]`.",
    ),
    praise="Run it each day on a few thousand requests. It needs no label and finds the skew at once.",
)
