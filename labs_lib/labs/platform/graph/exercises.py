"""Exercises of the lab platform/graph."""

from collections.abc import Callable

from labs_lib.course.lab import Lab

lab = Lab("platform/graph")

_OUTCOMES = ("higher", "lower", "tie", "undecided")
lab.predict("component", options=_OUTCOMES)
lab.predict("rows", options=_OUTCOMES)

# Exercise 1: who is within so many hops? -----------------------------------------------------

Things = dict[str, set[str]]


def _rings(things: Things, start: str, hops: int) -> list[set[str]]:
    """Return the accounts that are exactly 0, 1, ... hops away."""
    rings, left = [{start}], set(things) - {start}
    for _ in range(hops):
        seen = set().union(*(things[account] for account in rings[-1]))
        rings.append({account for account in left if things[account] & seen})
        left -= rings[-1]
    return rings


def _within(things: Things, start: str, hops: int) -> set[str]:
    return set().union(*_rings(things, start, hops)) - {start}


def _no_walk(things: Things, start: str, hops: int) -> set[str]:
    return {a for a in things if things[a] & things[start]} - {start} if hops else set()


_BANK = {
    "ann": {"phone 1", "card 1"},
    "bob": {"phone 1", "card 2"},
    "cid": {"card 2", "phone 3"},
    "dan": {"phone 3", "card 4"},
    "eve": {"card 4", "phone 1"},
    "fay": {"phone 6"},
    "gus": set[str](),
}
_LINE = {str(place): {f"d{place}", f"d{place + 1}"} for place in range(7)}
_STAR = {name: {"kiosk", f"phone {name}"} for name in "abcd"} | {"e": {"phone d"}}

lab.function(
    "who is within so many hops?",
    cases=(
        (_BANK, "ann", 1),
        (_BANK, "ann", 2),
        (_BANK, "ann", 0),
        (_BANK, "fay", 3),
        (_BANK, "gus", 2),
        (_BANK, "cid", 1),
        (_LINE, "0", 1),
        (_LINE, "0", 3),
        (_LINE, "3", 2),
        (_LINE, "0", 4),
        (_LINE, "2", 20),
        (_STAR, "e", 1),
        (_STAR, "e", 2),
        (_STAR, "a", 1),
    ),
    right=_within,
    mistakes={
        "things_count": (
            "You count a step to a thing as a hop. One hop goes from an account over a thing to "
            "the next account.",
            lambda things, start, hops: _within(things, start, hops // 2),
        ),
        "with_start": (
            "The account that you start from is not one of the others.",
            lambda things, start, hops: _within(things, start, hops) | {start},
        ),
        "exactly": (
            "You return who is exactly so many hops away. Nearer accounts belong to it too.",
            lambda things, start, hops: _rings(things, start, hops)[hops] - {start},
        ),
        "first_only": (
            "You stop after the first hop. From what was found, walk on.",
            _no_walk,
        ),
        "any_hops": (
            "You return the first hop whatever `hops` says. It may be 0, or more than 1.",
            lambda things, start, hops: _within(things, start, 1),
        ),
        "one_less": (
            "You walk one hop too few.",
            lambda things, start, hops: _within(things, start, max(hops - 1, 0)),
        ),
        "all": (
            "You walk until nothing new is found: that is the component. Stop after `hops` hops.",
            lambda things, start, hops: _within(things, start, len(things)),
        ),
        "one_more": (
            "You walk one hop too many.",
            lambda things, start, hops: _within(things, start, hops + 1),
        ),
    },
    hints=(
        "Keep a set of accounts that were found. Begin with the start alone.",
        "In each hop: collect all things of what was found, then everybody who uses one of them.",
        "`seen = set().union(*(things[a] for a in found))`, then "
        "`found |= {a for a in things if things[a] & seen}`",
    ),
    praise="A set forgets how it got there. So its work grows with the accounts, and not with "
    "the paths between them.",
)

# Exercise 2: how many solutions has the pattern? ---------------------------------------------

Edges = list[tuple[str, str]]


def _degrees(edges: Edges) -> dict[str, int]:
    found: dict[str, int] = {}
    for end in (end for edge in edges for end in edge):
        found[end] = found.get(end, 0) + 1
    return found


def _summed(count: Callable[[int], int]) -> Callable[[Edges], int]:
    return lambda edges: sum(count(degree) for degree in _degrees(edges).values())


_ONCE = _summed(lambda degree: degree * (degree - 1))


def _different_ends(edges: Edges) -> int:
    """Count solutions whose first and last vertex differ."""
    walks = [*edges, *((b, a) for a, b in edges)]
    numbered = [(number % len(edges), a, b) for number, (a, b) in enumerate(walks)]
    return sum(
        b == c and first != second and a != d
        for first, a, b in numbered
        for second, c, d in numbered
    )


def _arrows(edges: Edges) -> int:
    return sum(b == c for _, b in edges for c, _ in edges)


lab.function(
    "how many solutions has the pattern?",
    cases=(
        ([("a", "b")],),
        ([("a", "b"), ("b", "c")],),
        ([("a", "b"), ("a", "b")],),
        ([("a", "b"), ("b", "c"), ("c", "a")],),
        ([("a", "hub"), ("b", "hub"), ("c", "hub"), ("hub", "d")],),
        ([("a", "b"), ("b", "a"), ("b", "c"), ("d", "e")],),
        ([("a", "b"), ("c", "d")],),
        ([],),
    ),
    right=_ONCE,
    mistakes={
        "twice": (
            "You let an edge be walked back: on one edge alone you get a-b-a. Each edge serves once.",
            _summed(lambda degree: degree * degree),
        ),
        "half": (
            "You count each solution in one order. (x, y, z) and (z, y, x) are two.",
            _summed(lambda degree: degree * (degree - 1) // 2),
        ),
        "one_of_several": (
            "You take several edges between the same two vertices as one. Each is an edge.",
            lambda edges: _ONCE(
                [(a, b) for a, b in {frozenset(edge) for edge in edges}]
            ),
        ),
        "other_ends": (
            "You ask for different vertices at both ends. Two edges between the same two vertices "
            "lead there and back, each used once.",
            _different_ends,
        ),
        "arrows": (
            "You follow the edges in the direction in which they are written. The pattern has no "
            "arrows.",
            _arrows,
        ),
    },
    hints=(
        "Stand on the vertex in the middle. How many edges leave it?",
        "Of its d edges take one to come and another one to go.",
        "Sum `d * (d - 1)` over all vertices.",
    ),
    praise="A device with 12 users has 132 solutions, or 144 if an edge may be walked back. The "
    "12 between them are accounts that share with themselves.",
)

# Exercise 3: where would you ask? ------------------------------------------------------------

lab.match(
    "where would you ask?",
    right={
        "a": "dynamodb",
        "b": "neptune",
        "c": "redshift",
        "d": "sql",
        "e": "neptune",
    },
    options=("dynamodb", "neptune", "redshift", "sql"),
    mistakes={
        "one_key": (
            "In a each question names one key and wants what is stored under it. Which store is "
            "made for that, at any rate?",
            "a",
        ),
        "many_hops": (
            "In b the number of hops is open, and the patterns change. What is made for paths?",
            "b",
        ),
        "sums": (
            "In c everything is read and added up, by columns. Nothing is followed.",
            "c",
        ),
        "one_hop": (
            "In d it is one hop for all pairs. Look at the two equal numbers under the trial.",
            "d",
        ),
        "rdf": ("In e look at the language. Which of the four speaks it?", "e"),
    },
    hints=(
        "First ask whether a question follows edges, and how many.",
        "One option is right twice, the others once each.",
    ),
    praise="The question decides: a key, a sum, one hop, or as many hops as it takes.",
)
