"""Exercises of the lab platform/warehouse."""

from collections.abc import Callable

from labs_lib.course.lab import Lab

lab = Lab("platform/warehouse")

lab.predict("files", options=("higher", "lower", "tie", "undecided"))
lab.predict(
    "twice",
    options=("error", "inserts the last", "inserts one of them", "inserts both"),
)

# Exercise 1: what is in the table after the merge? --------------------------------------------

Table = dict[str, tuple[int, int]]
Source = list[tuple[str, int, int]]


def _newer(one: int, other: int) -> bool:
    return one >= other


def _merge(
    target: Table,
    source: Source,
    *,
    newer: Callable[[int, int], bool] = _newer,
    insert: bool = True,
    keep: bool = True,
) -> dict[str, int]:
    """Return the values, by when a row replaces another and which keys may come and stay."""
    table = {key: tuple(row) for key, row in target.items()}
    named = {key for key, _, _ in source}
    for key, version, value in source:
        if key not in table:
            if insert:
                table[key] = (version, value)
        elif newer(version, table[key][0]):
            table[key] = (version, value)
    return {key: value for key, (_, value) in table.items() if keep or key in named}


def _right(target: Table, source: Source) -> dict[str, int]:
    return _merge(target, source)


def _target_blind(target: Table, source: Source) -> dict[str, int]:
    return _merge(target, []) | _merge({}, source)


def _target_wins(target: Table, source: Source) -> dict[str, int]:
    newer = [
        (key, version, value)
        for key, version, value in source
        if key not in target or version > target[key][0]
    ]
    return _merge(target, newer)


def _first_of_equals(target: Table, source: Source) -> dict[str, int]:
    return _merge(target, source[::-1])


lab.function(
    "what is in the table after the merge?",
    cases=(
        ({"a": (1, 10), "b": (1, 20)}, [("a", 2, 11)]),
        ({"a": (1, 10)}, [("b", 1, 5)]),
        ({}, [("n", 1, 5), ("n", 2, 6)]),
        ({}, [("n", 2, 6), ("n", 1, 5)]),
        ({"a": (5, 50)}, [("a", 3, 30), ("a", 4, 40)]),
        ({"a": (2, 20)}, [("a", 2, 21)]),
        ({}, [("n", 3, 7), ("n", 3, 8), ("n", 1, 9)]),
        ({"a": (1, 10), "b": (4, 40)}, [("a", 3, 13), ("b", 4, 41), ("a", 2, 12)]),
        ({"a": (0, 0)}, [("a", 1, -5)]),
        ({"a": (1, 10)}, []),
        ({}, []),
    ),
    right=_right,
    mistakes={
        "last_row": (
            "You take the row that stands last. Rows come in any order; the version says which is "
            "the newest.",
            lambda t, s: _merge(t, s, newer=lambda one, other: True),
        ),
        "target_blind": (
            "A late row of the source replaces a newer one in the target. Compare with the target's "
            "version too.",
            _target_blind,
        ),
        "no_insert": (
            "A key that the target does not have is inserted.",
            lambda t, s: _merge(t, s, insert=False),
        ),
        "dropped": (
            "Keys of the target that the source does not name stay as they are.",
            lambda t, s: _merge(t, s, keep=False),
        ),
        "target_wins": (
            "With equal versions the source is right, not the target.",
            _target_wins,
        ),
        "only_newer": (
            "A row of the source replaces one of the same version, too: not only a newer one.",
            lambda t, s: _merge(t, s, newer=lambda one, other: one > other),
        ),
        "first_of_equals": (
            "Of two rows in the source with one version, the one further behind is right.",
            _first_of_equals,
        ),
    },
    hints=(
        "Begin with a copy of the target, and go through the source once.",
        "When does a row go in? If its key is new, or if its version is not older than what is there.",
        "`if key not in table or version >= table[key][0]: table[key] = (version, value)`",
    ),
    praise="Done twice with the same source, it changes nothing the second time. So a night may be "
    "loaded again.",
)

# Exercise 2: how many slots? -----------------------------------------------------------------

_MOST = 50


def _slots(needs: list[float], most: float) -> int:
    return _largest(needs, lambda spilled: spilled <= most * len(needs))


def _largest(
    needs: list[float],
    allowed: Callable[[int], bool],
    *,
    top: int = _MOST,
    spills: Callable[[float, int], bool] = lambda need, count: need * count > 100,
) -> int:
    """Return the largest number of slots whose spilling queries are few enough."""
    counts = [
        count
        for count in range(1, top + 1)
        if allowed(sum(spills(need, count) for need in needs))
    ]
    return max(counts, default=0)


def _of_mean(needs: list[float], most: float) -> int:
    mean = sum(needs) / len(needs) if needs else 0
    return min(_MOST, int(100 / mean)) if mean else _MOST


lab.function(
    "how many slots?",
    cases=(
        ([5, 5, 5, 5], 0.0),
        ([2, 2, 2, 20], 0.25),
        ([2, 4, 5, 10], 0.5),
        ([2, 2, 2, 20], 0.2),
        ([40, 50, 4, 10], 0.5),
        ([1, 1, 0.5], 0.0),
        ([30, 30, 30], 0.0),
        ([120, 110, 5], 0.5),
        ([120, 10], 0.5),
        ([100], 0.0),
        ([50.4, 3], 0.0),
        ([10, 20, 25, 50], 1.0),
        ([10, 20, 25, 50], 0.75),
        ([10, 10, 20, 20, 25], 0.4),
        ([], 0.1),
    ),
    right=_slots,
    mistakes={
        "mean": (
            "The mean need says little: some queries need far more. Count how many spill.",
            _of_mean,
        ),
        "largest": (
            "You give the largest query enough memory. A share of the queries may spill.",
            lambda needs, most: _slots(needs, 0.0),
        ),
        "at_the_border": (
            "A query that needs just what its slot has does not spill.",
            lambda needs, most: _largest(
                needs,
                lambda spilled: spilled <= most * len(needs),
                spills=lambda need, count: need * count >= 100,
            ),
        ),
        "below": (
            "At most the share `most`: the share itself is allowed.",
            lambda needs, most: _largest(
                needs, lambda spilled: spilled < most * len(needs)
            ),
        ),
        "number": (
            "`most` is a share of the queries, and you compare it with a number of them.",
            lambda needs, most: _largest(needs, lambda spilled: spilled <= most),
        ),
        "no_limit": (
            "A cluster has 50 slots at most.",
            lambda needs, most: _largest(
                needs, lambda spilled: spilled <= most * len(needs), top=1_000
            ),
        ),
        "one_at_least": (
            "If even one slot lets too many queries spill, the answer is 0.",
            lambda needs, most: max(1, _slots(needs, most)),
        ),
    },
    hints=(
        "With n slots a query has 100 / n percent. How many of them need more?",
        "Try 50, then 49, and so on, until few enough spill.",
        "`sum(need * n > 100 for need in needs) <= most * len(needs)`",
    ),
    praise="Memory is a reason for few slots, idle processors for many. Automatic management "
    "weighs them for each query; manual management is one number for all.",
)

# Exercise 3: what would you do first? --------------------------------------------------------

lab.match(
    "what would you do first?",
    right={
        "a": "split",
        "b": "last rows",
        "c": "scaling",
        "d": "fewer slots",
        "e": "grant",
        "f": "transaction",
    },
    options=(
        "fewer slots",
        "grant",
        "last rows",
        "more slots",
        "scaling",
        "split",
        "transaction",
    ),
    mistakes={
        "one_slice": (
            "In a, how many slices can read one gzip file?",
            "a",
        ),
        "refused": (
            "In b, look at what a merge refuses: how often does the staging table have the key?",
            "b",
        ),
        "peak": (
            "In c the crowd is there for an hour, and reads. What comes and goes with it?",
            "c",
        ),
        "spilled": (
            "In d the queries write to disk. What gives each of them more memory?",
            "d",
        ),
        "key_of_region": (
            "In e the key belongs to one Region. What lets Redshift use one in the other Region?",
            "e",
        ),
        "half_done": (
            "In f the delete is kept and the insert is not. What makes both one?",
            "f",
        ),
    },
    hints=(
        "One is about files, two about statements, two about queries, one about copies.",
        "One option is left over: it is what a colleague said.",
    ),
    praise="First what the slices read, then what one statement may do, then who waits for what.",
)
