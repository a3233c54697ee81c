"""Exercises of the lab platform/storage_formats."""

import math
from collections.abc import Callable

from labs_lib.course.lab import Lab

lab = Lab("platform/storage_formats")

_OUTCOMES = ("higher", "lower", "tie", "undecided")
lab.predict("smaller", options=_OUTCOMES)
lab.predict("folders", options=_OUTCOMES)

# Exercise 1: which groups must be read? ------------------------------------------------------

Group = tuple[float | None, float | None, int]


def _reader(
    fits: Callable[[float, float, float, float], bool],
    *,
    unknown: bool = True,
    empty: bool = False,
) -> Callable[[list[Group], float, float], list[int]]:
    """Return the answer by which ranges fit, and by what is done without values."""

    def to_read(groups: list[Group], low: float, high: float) -> list[int]:
        places = []
        for place, (least, most, filled) in enumerate(groups):
            if not filled and not empty:
                continue
            if least is None or most is None:
                if unknown:
                    places.append(place)
            elif fits(least, most, low, high):
                places.append(place)
        return places

    return to_read


def _overlap(least: float, most: float, low: float, high: float) -> bool:
    return least <= high and most >= low


lab.function(
    "which groups must be read?",
    cases=(
        ([(1, 3, 10), (4, 6, 10), (7, 9, 10)], 5, 5),
        ([(1, 3, 10), (4, 6, 10), (7, 9, 10)], 3, 4),
        ([(1, 9, 10), (2, 3, 10), (8, 9, 10)], 4, 6),
        ([(1, 3, 10), (4, 6, 10), (7, 9, 10)], 0, 20),
        ([(None, None, 10), (4, 6, 10), (None, None, 0)], 8, 9),
        ([(None, None, 0)], -5, 5),
        ([(-6, -4, 1), (-4, 0, 1), (0, 2, 1)], -4, -1),
        ([(0, 0, 3), (1, 1, 3)], 0, 0),
        ([(5, 6, 2)], 6, 8),
        ([(5, 6, 2)], 3, 5),
        ([(5, 6, 2)], 7, 8),
        ([], 1, 2),
    ),
    right=_reader(_overlap),
    mistakes={
        "inside": (
            "You take the groups that lie inside the range. A group that reaches over one end, or "
            "around both, may hold matching rows too.",
            _reader(
                lambda least, most, low, high: low <= least and most <= high,
            ),
        ),
        "around": (
            "You take the groups that hold the whole range. One that holds a part of it may have "
            "matching rows too.",
            _reader(
                lambda least, most, low, high: least <= low and high <= most,
            ),
        ),
        "open_ends": (
            "Both ends belong to the range, and to the statistics. Look at a group whose largest "
            "value is `low`.",
            _reader(lambda least, most, low, high: least < high and most > low),
        ),
        "an_end_inside": (
            "You ask whether an end of the group lies in the range. A wide group has the range in "
            "its middle, and neither end in it.",
            _reader(
                lambda least, most, low, high: (
                    low <= least <= high or low <= most <= high
                ),
            ),
        ),
        "unknown_skipped": (
            "A group without statistics may hold anything. Skipping it loses rows, and no error "
            "says so.",
            _reader(_overlap, unknown=False),
        ),
        "empty_read": (
            "A group in which this column is empty in every row has no value that could match.",
            _reader(_overlap, empty=True),
        ),
    },
    hints=(
        "When can a group be left out for certain? If all of it lies below the range, or all above.",
        "Without values there are two cases: nothing is filled, or nothing is known.",
        "`filled and (least is None or (least <= high and most >= low))`",
    ),
    praise="A reader may skip what certainly does not match, and nothing else. So wide ranges, as in a "
    "shuffled file, let it skip nothing.",
)

# Exercise 2: what does the month cost? -------------------------------------------------------

_MB, _TB, _LEAST = 10**6, 10**12, 10


def _charged(
    scans: list[int],
    price: float,
    cutoff: int | None,
    *,
    least: int = _LEAST,
    rounded: Callable[[float], float] = math.ceil,
    free: bool = False,
    stops: bool = True,
) -> float:
    """Return the bill, by what a query costs at least and what a cancelled one costs."""
    total = 0.0
    for scan in scans:
        over = cutoff is not None and scan > cutoff
        if over and free:
            continue
        read = cutoff if over and stops and cutoff is not None else scan
        total += max(least, rounded(read / _MB))
    return total * _MB / _TB * price


def _right(scans: list[int], price: float, cutoff: int | None) -> float:
    return _charged(scans, price, cutoff)


lab.function(
    "what does the month cost?",
    cases=(
        ([3_000] * 5, 5.0, None),
        ([10_000_000, 10_000_001], 5.0, None),
        ([250_400_000, 12_000_000], 6.0, None),
        ([900_000_000, 20_000_000], 5.0, 100_000_000),
        ([100_000_000, 100_000_001, 99_999_999], 4.0, 100_000_000),
        ([2 * 10**12, 5], 5.0, 10**12),
        ([40_000_000, 30_500_000, 1], 5.0, 30_200_001),
        ([], 5.0, None),
        ([0], 5.0, 10_000_000),
    ),
    right=_right,
    mistakes={
        "no_minimum": (
            "A query costs at least what 10 MB cost. Many tiny ones are not free.",
            lambda s, p, c: _charged(s, p, c, least=0),
        ),
        "no_rounding": (
            "Each query is rounded up to a whole MB before it is added.",
            lambda s, p, c: _charged(s, p, c, rounded=float),
        ),
        "down": (
            "Each query is rounded up, not down or to the nearest MB.",
            lambda s, p, c: _charged(s, p, c, rounded=math.floor),
            lambda s, p, c: _charged(s, p, c, rounded=round),
        ),
        "free": (
            "A cancelled query gives no answer, and is charged all the same.",
            lambda s, p, c: _charged(s, p, c, free=True),
        ),
        "goes_on": (
            "The limit stops a query: it reads no more than the cutoff.",
            lambda s, p, c: _charged(s, p, c, stops=False),
        ),
        "together": (
            "The minimum and the rounding are for each query. You have used them once, for the sum.",
            lambda s, p, c: _charged([sum(min(x, c or x) for x in s)], p, None),
        ),
    },
    hints=(
        "First what each query reads, then what it is charged for, then the sum.",
        "`min(scan, cutoff)` is read. Then come whole MB, at least 10.",
        "`sum(max(10, math.ceil(min(scan, cutoff) / 1e6)) for ...) * 1e6 / 1e12 * price`",
    ),
    praise="A limit protects the bill from one large query. Against many tiny ones it does nothing.",
)

# Exercise 3: what would you do first? --------------------------------------------------------

lab.match(
    "what would you do first?",
    right={
        "a": "project",
        "b": "drop",
        "c": "add",
        "d": "bucket",
        "e": "sort",
        "f": "merge",
    },
    options=("add", "bucket", "drop", "merge", "project", "repair", "sort"),
    mistakes={
        "projection": (
            "In a the names of the folders follow a rule. What needs no list of them at all?",
            "a",
        ),
        "never_removes": (
            "In b look at `repair`: does it remove what is listed and has no files?",
            "b",
        ),
        "no_names": (
            "In c the folders have no `name=`. What does `repair` do with those?",
            "c",
        ),
        "many_values": (
            "In d the rows have to stay in order of time, and a folder for each card would make "
            "two million. What finds a file by a rule from the value?",
            "d",
        ),
        "wide_ranges": (
            "In e the statistics are there, and each group holds all values. What makes the ranges "
            "narrow?",
            "e",
        ),
        "footers": (
            "In f all days are read anyway. What is read from a small file besides the amounts?",
            "f",
        ),
    },
    hints=(
        "Three cases are about the list of folders, three about what lies in the files.",
        "`repair` finds folders of the form `name=value`, and adds them. One option is left over.",
    ),
    praise="First what the queries ask, then the order of rows, then the folders.",
)
