"""Exercises of the lab platform/streams."""

import math
from collections.abc import Callable, Mapping, Sequence, Set

from labs_lib.course.lab import Lab
from labs_lib.platform.streams import shards_by_guide, shards_needed

lab = Lab("platform/streams")

lab.predict("batches", options=("higher", "lower", "tie", "undecided"))
lab.predict("numbers", options=("none", "some", "all"))

# Exercise 1: how many shards? ----------------------------------------------------------------

_KIB = 1024


def _needed(records: float, size: float, applications: int, fan_out: bool) -> int:
    return shards_needed(records, size / _KIB, consumers=applications, fan_out=fan_out)


def _by_guide(records: float, size: float, applications: int, fan_out: bool) -> int:
    return shards_by_guide(
        records, size / _KIB, consumers=applications, fan_out=fan_out
    )


def _not_rounded(records: float, size: float, applications: int, fan_out: bool) -> int:
    kib = records * size / _KIB
    read = kib * (1 if fan_out else applications)
    return max(1, math.ceil(max(kib / 1024, read / 2048, records / 1000)))


def _added(records: float, size: float, applications: int, fan_out: bool) -> int:
    kib = records * math.ceil(size / _KIB)
    read = kib * (1 if fan_out else applications)
    return max(1, math.ceil(kib / 1024 + read / 2048 + records / 1000))


def _down(records: float, size: float, applications: int, fan_out: bool) -> int:
    kib = records * math.ceil(size / _KIB)
    read = kib * (1 if fan_out else applications)
    return max(1, math.floor(max(kib / 1024, read / 2048, records / 1000)))


lab.function(
    "how many shards?",
    cases=(
        (5_120, 1_024, 5, False),
        (5_120, 1_024, 5, True),
        (1_010, 1_024, 1, False),
        (1_000, 200, 1, False),
        (1_001, 200, 1, False),
        (800, 1_025, 1, False),
        (300, 1_025, 1, False),
        (1_024, 1_500, 1, True),
        (1_500, 1_024, 5, False),
        (1_000, 4_096, 2, False),
        (1_000, 4_096, 3, False),
        (1_000, 4_096, 9, True),
        (1, 1_025 * 1_024, 1, True),
        (1, 683 * 1_024, 3, False),
        (512, 1_024, 4, False),
        (2, 10, 1, False),
        (0, 100, 1, False),
        (512, 10_240, 1, True),
    ),
    right=_needed,
    mistakes={
        "guide": (
            "This is the guide's formula, with bytes alone. A shard also takes 1,000 records a "
            "second at most, however small they are.",
            _by_guide,
        ),
        "not_rounded": (
            "Each record counts whole KiB: one of 1,025 bytes counts two.",
            _not_rounded,
        ),
        "added": (
            "You add the needs. Every shard meets all three limits at once, so the largest need "
            "decides.",
            _added,
        ),
        "down": ("Rounded down or to the nearest, a shard is missing.", _down),
        "fan_out_ignored": (
            "With fan-out each application has its own 2,048 KiB, so their number does not count.",
            lambda r, s, a, f: _needed(r, s, a, False),
        ),
        "shared_ignored": (
            "Without fan-out the applications share a shard's 2,048 KiB.",
            lambda r, s, a, f: _needed(r, s, a, True),
        ),
    },
    hints=(
        "Three needs: KiB written, KiB read, records. What does each shard carry of them?",
        "`kib = records * math.ceil(size / 1024)`; what is read is `kib` times the applications "
        "that share.",
        "`max(1, math.ceil(max(kib / 1024, read / 2048, records / 1000)))`",
    ),
    praise="Small records need shards for their number, not for their bytes. Packing changes which "
    "limit decides.",
)

# Exercise 2: what may be read now? -----------------------------------------------------------

Shards = Mapping[str, Sequence[str]]


def _by_parents(
    free: Callable[[list[bool]], bool], *, gone: bool = True, again: bool = False
) -> Callable[[Shards, Set[str]], set[str]]:
    """Return the answer by what is asked of parents, and of those that are not kept."""

    def readable(shards: Shards, finished: Set[str]) -> set[str]:
        found = set()
        for name, parents in shards.items():
            done = [
                one in finished if one in shards else gone or one in finished
                for one in parents
            ]
            if free(done) and (again or name not in finished):
                found.add(name)
        return found

    return readable


lab.function(
    "what may be read now?",
    cases=(
        ({"a": [], "b": []}, set()),
        ({"a": [], "b": ["a"], "c": ["a"]}, set()),
        ({"a": [], "b": ["a"], "c": ["a"]}, {"a"}),
        ({"a": [], "b": [], "c": ["a", "b"]}, {"a"}),
        ({"a": [], "b": [], "c": ["b", "a"]}, {"a"}),
        ({"a": [], "b": [], "c": ["a", "b"]}, {"a", "b"}),
        ({"c": ["a", "b"], "d": ["c"]}, set()),
        ({"b": [], "c": ["a", "b"]}, set()),
        ({"b": [], "c": ["b", "a"]}, set()),
        ({"b": [], "c": ["a", "b"]}, {"b"}),
        ({"a": [], "b": ["a"], "c": ["b"]}, {"a"}),
        ({"a": [], "b": ["a"]}, {"a", "b"}),
        ({}, set()),
        ({"c": ["a"]}, {"a"}),
    ),
    right=_by_parents(all),
    mistakes={
        "any_parent": (
            "A merged shard goes on from two. One parent is not enough: records of the other "
            "would come too late.",
            _by_parents(lambda done: any(done) or not done),
        ),
        "first_parent": (
            "You look at the first parent only. After a merge there are two.",
            _by_parents(lambda done: all(done[:1])),
        ),
        "gone": (
            "You wait for a parent that the stream no longer keeps. Nobody can ever finish it, "
            "so its children would never be read.",
            _by_parents(all, gone=False),
        ),
        "again": (
            "A finished shard is not read again.",
            _by_parents(all, again=True),
        ),
        "no_order": (
            "You read children beside their parents. A key's newer records may then come before "
            "its older ones.",
            lambda shards, finished: set(shards) - set(finished),
        ),
        "roots": (
            "You read only shards without parents. Children are read too, once their parents "
            "are finished.",
            lambda shards, finished: {
                name for name in shards if not shards[name] and name not in finished
            },
        ),
    },
    hints=(
        "Which shards hold records that are older than this one's, for the same keys?",
        "All parents count. One that is not in `shards` counts as finished.",
        "`all(one in finished or one not in shards for one in parents)`",
    ),
    praise="So the order of each key survives a split and a merge, while different keys go in parallel.",
)

# Exercise 3: what would you change first? ----------------------------------------------------

lab.match(
    "what would you change first?",
    right={
        "a": "pack",
        "b": "shards",
        "c": "rekey",
        "d": "fan-out",
        "e": "workers",
        "f": "id",
        "g": "lead",
    },
    options=("fan-out", "id", "lead", "pack", "rekey", "shards", "workers"),
    mistakes={
        "small": (
            "In a 3,000 records of 150 bytes are less than half a megabyte a second. Which limit "
            "refuses, and what lowers that count?",
            "a",
        ),
        "bytes": (
            "In b the limit of bytes refuses. Which step changes how many bytes go to a shard, "
            "when keys are even already?",
            "b",
        ),
        "hot": (
            "In c one key has too much, and a key lies in one shard. Order is asked for cards only.",
            "c",
        ),
        "shared_reads": (
            "In d the applications read the same bytes, and share what a shard gives.",
            "d",
        ),
        "busy": (
            "In e three readers divide 16 shards and are busy. Of what are there too few?",
            "e",
        ),
        "sender": (
            "In f the sender repeated, so the copies have sequence numbers of their own.",
            "f",
        ),
        "order": (
            "In g what is refused may wait. Then what has to wait behind it?",
            "g",
        ),
    },
    hints=(
        "Find first who has the trouble: the sender, one shard, all shards, or the readers.",
        "Each option is used once.",
    ),
    praise="Each remedy lifts one limit. Naming the limit first is most of the work.",
)
