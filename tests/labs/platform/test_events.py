import copy
import json
import math
import random
from collections import defaultdict

import numpy as np
import pytest

from labs_lib.clock import SimulatedClock
from labs_lib.labs.platform.events.exercises import lab
from labs_lib.platform.queues import Entry, MessageQueue
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def places(sends):
    """By another way: for each id its times, then the places that are left."""
    by_id = defaultdict(list)
    for place, (second, name) in enumerate(sends):
        by_id[name].append((second, place))
    kept = []
    for times in by_id.values():
        until = -math.inf
        for second, place in times:
            if second >= until:
                kept.append(place)
                until = second + 300
    return sorted(kept)


def test_ex1():
    seen = {
        "for_ever": lambda sends: [
            i
            for i, (_, name) in enumerate(sends)
            if name not in [other for _, other in sends[:i]]
        ],
        "renewed": lambda sends: [
            i
            for i, (at, name) in enumerate(sends)
            if not any(n == name and at - t < 300 for t, n in sends[:i])
        ],
        None: lambda sends: list(range(len(sends))),
    }
    assert_exercise(
        lab.ex1,
        right=[(places,), (lambda sends: np.array(places(sends), dtype=int),)],
        wrong={name: (answer,) for name, answer in seen.items()},
        stub=(stub,),
    )


def test_the_queue_says_the_same():
    rng = random.Random(0)
    for _ in range(100):
        times = sorted(rng.choices(range(0, 1300, 50), k=12))
        sends = [(second, rng.choice("ab")) for second in times]
        clock = SimulatedClock()
        queue = MessageQueue("q.fifo", clock, {"FifoQueue": "true"})
        numbers = []
        for second, name in sends:
            clock.step(second - clock.now())
            numbers.append(queue.send(Entry("x", group="g", deduplication=name)).number)
        new = [i for i, number in enumerate(numbers) if number not in numbers[:i]]
        assert new == places(sends)


# Exercise 2 --------------------------------------------------------------------------------

PATTERN = {
    "source": [{"prefix": "bank."}],
    "detail-type": ["Payment"],
    "detail": {
        "amount": [{"numeric": [">=", 500]}],
        "country": [{"anything-but": ["NL"]}, {"exists": False}],
    },
}


def changed(**parts):
    pattern = copy.deepcopy(PATTERN)
    for name, value in parts.items():
        name = {"kind": "detail-type"}.get(name, name)
        holder = pattern if name in pattern else pattern["detail"]
        if value is None:
            del holder[name]
        else:
            holder[name] = value
    return pattern


def test_ex2():
    by_or = changed(country=None)
    by_or["detail"]["$or"] = [
        {"country": [{"exists": False}]},
        {"country": [{"anything-but": "NL"}]},
    ]
    wrong = {
        "no_pattern": changed(source="bank."),
        "missing": changed(country=[{"anything-but": "NL"}]),
        "border": changed(amount=[{"numeric": [">", 500]}]),
        "sources": changed(source=["bank.cards"]),
        "small": changed(amount=[{"numeric": [">=", 100]}]),
        "country": changed(country=None),
        "plain": changed(country=[{"exists": False}]),
        "kind": changed(kind=None),
        "part": changed(kind=[{"prefix": "Pay"}]),
        "case": changed(kind=[{"equals-ignore-case": "payment"}]),
        "prefix": changed(source=[{"prefix": "bank"}]),
        "source": changed(source=None),
        "text": changed(amount=[{"numeric": [">=", 500]}, "900"]),
        "no_amount": changed(amount=[{"numeric": [">=", 500]}, {"exists": False}]),
        "other_fields": changed(source=["bank.cards", "bank.transfers"]),
        "fraction": changed(amount=[500, 900, 1200]),
        "tailored": changed(source=["bank.cards", "bank.transfers", "bank.atm"]),
    }
    or_of_all = changed(amount=None, country=None)
    or_of_all["detail"] = {"$or": [PATTERN["detail"], {"country": [{"exists": False}]}]}
    wrong["small_without"] = or_of_all
    assert_exercise(
        lab.ex2,
        right=[(PATTERN,), (by_or,), (json.dumps(PATTERN),)],
        wrong={name: (pattern,) for name, pattern in wrong.items()},
    )


# Exercise 3 --------------------------------------------------------------------------------


def searched(longest, events):
    """Try one wait after another."""
    wait = 1
    while 9 * math.ceil(longest / wait) + 9 > events:
        wait += 1
    return wait


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(searched,), (lambda *given: float(searched(*given)),)],
        wrong={
            "no_ends": (
                lambda longest, events: max(1, math.ceil(longest / (events // 9))),
            ),
            "down": (lambda longest, events: max(1, longest // ((events - 9) // 9)),),
            "half_rounds": (
                lambda longest, events: max(1, math.ceil(longest * 9 / (events - 9))),
            ),
            None: (lambda longest, events: 60,),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(("wait", "events"), [(1, 1242), (5, 261), (30, 54), (60, 36)])
def test_the_events_of_a_poll_are_those_of_the_measured_machine(wait, events):
    assert 9 * math.ceil(137 / wait) + 9 == events
