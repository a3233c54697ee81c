"""Exercises of the lab platform/catalog."""

from labs_lib.course.lab import Lab

lab = Lab("platform/catalog")

lab.predict("sketch", options=("higher", "lower", "tie", "undecided"))
lab.predict("twice", options=("all", "some", "none"))

# Exercise 1: changes that come twice and late ------------------------------------------------

Change = tuple[int, str, int, int]


def _applied(
    rows: dict[int, int],
    changes: list[Change],
    *,
    by_sequence: bool = True,
    remembers_deletes: bool = True,
    inserts_replace: bool = True,
    deletes: bool = True,
) -> dict[int, int]:
    """Return the rows after the changes, by what is done about order, deletes and inserts."""
    found, newest = dict(rows), dict[int, int]()
    for sequence, operation, key, amount in changes:
        if by_sequence and sequence < newest.get(key, 0):
            continue
        newest[key] = sequence
        if operation == "D":
            if deletes:
                found.pop(key, None)
            if not remembers_deletes:
                del newest[key]
        elif operation == "U" or inserts_replace or key not in found:
            found[key] = amount
    return found


def _in_order(rows: dict[int, int], changes: list[Change]) -> dict[int, int]:
    """Return the rows after the changes as they stand, whatever their numbers."""
    found = dict(rows)
    for _, operation, key, amount in changes:
        if operation == "D":
            found.pop(key, None)
        else:
            found[key] = amount
    return found


lab.function(
    "changes that come twice and late",
    cases=(
        ({1: 10, 2: 20}, [(1, "U", 1, 11), (2, "D", 2, 20), (3, "I", 3, 30)]),
        ({1: 10}, [(2, "U", 1, 12), (1, "U", 1, 11)]),
        ({}, [(1, "I", 4, 40), (2, "D", 4, 40), (1, "I", 4, 40)]),
        ({5: 50}, [(1, "U", 5, 51), (2, "D", 5, 51), (1, "U", 5, 51), (2, "D", 5, 51)]),
        ({6: 60}, [(1, "D", 6, 60), (2, "I", 6, 61)]),
        ({6: 60}, [(2, "I", 6, 61), (1, "D", 6, 60)]),
        ({7: 70}, [(1, "U", 7, 71), (1, "U", 7, 71), (3, "U", 7, 73), (2, "U", 7, 72)]),
        ({8: 80}, []),
        ({}, [(5, "D", 9, 90)]),
        ({}, [(2, "U", 9, 95), (1, "I", 9, 90)]),
        (
            {1: 0, 2: 0},
            [(4, "U", 1, 5), (3, "U", 2, 6), (2, "U", 1, 7), (1, "U", 2, 8)],
        ),
    ),
    right=_applied,
    mistakes={
        "arrival": (
            "You apply the changes as they arrive. An older one that comes late must not undo "
            "a newer one.",
            lambda rows, changes: _applied(rows, changes, by_sequence=False),
        ),
        "comes_back": (
            "A deleted row comes back when its old insert is sent once more. Remember the number "
            "of the delete too.",
            lambda rows, changes: _applied(rows, changes, remembers_deletes=False),
        ),
        "insert_only_adds": (
            "An insert with the highest number of its key is the newest state, also if the key "
            "is there.",
            lambda rows, changes: _applied(rows, changes, inserts_replace=False),
        ),
        "stays": (
            "A row whose newest change is a delete must be gone.",
            lambda rows, changes: _applied(rows, changes, deletes=False),
        ),
        "oldest_wins": (
            "You sort the wrong way round: the oldest change of a key has the last word.",
            lambda rows, changes: _in_order(rows, sorted(changes, reverse=True)),
        ),
        "once_each": (
            "You leave out what came before, and keep the order of arrival. A late change needs "
            "its place too.",
            lambda rows, changes: _in_order(rows, list(dict.fromkeys(changes))),
        ),
        "delete_writes": (
            "You write the amount of a delete as if it were an update.",
            lambda rows, changes: dict(rows) | {c[2]: c[3] for c in sorted(changes)},
        ),
        "only_changed": (
            "Rows that no change names stay as they are.",
            lambda rows, changes: _in_order({}, sorted(changes)),
        ),
    },
    hints=(
        "Which of the changes of one key counts, if all have arrived?",
        "Sort by the number. Then an insert and an update do the same.",
        "`for _, operation, key, amount in sorted(changes)`",
    ),
    praise="By key and by number, repeated and late changes do no harm. Without a key there is "
    "nothing to replace.",
)

# Exercise 2: what would you change first? ----------------------------------------------------

lab.match(
    "what would you change first?",
    right={
        "a": "combine",
        "b": "exclude",
        "c": "log",
        "d": "delay",
        "e": "key",
        "f": "type",
    },
    options=("combine", "delay", "exclude", "key", "log", "restart", "type"),
    mistakes={
        "two_years": (
            "In a the schemas are compatible, and the crawler still makes a table of each.",
            "a",
        ),
        "old_logs": ("In b the files are opened although nobody asks for them.", "b"),
        "seen_only": (
            "In c the difference has to be seen, and the table must stay as it is.",
            "c",
        ),
        "in_flight": (
            "In d the rows are equal a little later: the change was under way.",
            "d",
        ),
        "nothing_compared": ("In e ask by what rows of both sides are paired.", "e"),
        "digits": (
            "In f look at how many digits a number of four bytes can hold.",
            "f",
        ),
    },
    hints=(
        "Three cases are about a crawler, three about a validation.",
        "One option is left over. It would end in the same place.",
    ),
    praise="First find out whether the data differ, or only the way in which you look at them.",
)
