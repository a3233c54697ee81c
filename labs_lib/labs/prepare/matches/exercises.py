"""Exercises of the lab prepare/matches."""

from itertools import combinations, pairwise

from labs_lib.course.lab import Lab

lab = Lab("prepare/matches")

_OUTCOMES = ("higher", "lower", "tie", "undecided")
lab.predict("from_one", options=_OUTCOMES)
lab.predict("from_two", options=_OUTCOMES)


# Exercise 1: what a labelling file says --------------------------------------------------

Rows = list[tuple[str, str]]


def _said(rows: Rows, *, inside: bool = True, fold: bool = False) -> tuple[int, int]:
    same = different = 0
    for (one, a), (other, b) in combinations(rows, 2):
        if inside and one != other:
            continue
        equal = a.lower() == b.lower() if fold else a == b
        same += equal
        different += not equal
    return same, different


def _across(rows: Rows) -> tuple[int, int]:
    """Pairs of different sets count as strangers."""
    same = _said(rows)[0]
    return same, len(rows) * (len(rows) - 1) // 2 - same


def _neighbours(rows: Rows) -> tuple[int, int]:
    """Only rows that stand below each other."""
    near = [(a[1] == b[1]) for a, b in pairwise(rows) if a[0] == b[0]]
    return sum(near), len(near) - sum(near)


def _rows_of(text: str) -> Rows:
    """Write "s:AAB t:A" as rows."""
    parts = (part.split(":") for part in text.split())
    return [(name, label) for name, labels in parts for label in labels]


lab.function(
    "what a labelling file says",
    cases=(
        (_rows_of("abc:ABAA def:AABCB ghi:AA xyz:AB"),),
        (_rows_of("s:AB t:AB"),),
        (_rows_of("s:AaA"),),
        ([("s", "A"), ("t", "B"), ("s", "A"), ("t", "A"), ("s", "B")],),
        (_rows_of("s:AAAA"),),
        (_rows_of("s:ABCD"),),
        ([("s", "A")],),
        ([],),
    ),
    right=_said,
    mistakes={
        "all_rows": (
            "You compare labels across sets. The A of one set has nothing to do with the A of another.",
            lambda rows: _said(rows, inside=False),
        ),
        "strangers_across": (
            "You count rows of different sets as strangers. Nobody has compared them: they say nothing.",
            _across,
        ),
        "folded": (
            'You take "a" for "A". Labels are compared to the letter.',
            lambda rows: _said(rows, fold=True),
        ),
        "neighbours": (
            "You compare each row with the next one only. All pairs of a set are labelled.",
            _neighbours,
        ),
        "twice": (
            "You count each pair twice, once from each side.",
            lambda rows: tuple(2 * n for n in _said(rows)),
        ),
        "swapped": (
            "The other way round: matches first, then strangers.",
            lambda rows: _said(rows)[::-1],
        ),
    },
    hints=(
        "A set of four rows holds six pairs. Which of them are matches?",
        "Go through all pairs of rows, and skip those of different sets.",
        "`itertools.combinations(rows, 2)` gives each pair once.",
    ),
    praise="Ten rows of one set make 45 labelled pairs. That is why sets are labelled, and not pairs.",
)


# Exercise 2: lost before the model -------------------------------------------------------


def _lost(pairs: list, *, empty: bool = False, every: bool = False) -> float:
    def kept(a: dict, b: dict) -> bool:
        equal = [a[k] == b[k] and (empty or bool(a[k])) for k in a]
        return all(equal) if every else any(equal)

    return sum(not kept(a, b) for a, b in pairs) / len(pairs) if pairs else 0.0


_SAME = ({"name": "marner", "phone": "0123"}, {"name": "marner", "phone": "0999"})
_PHONE = ({"name": "marner", "phone": "0123"}, {"name": "marnre", "phone": "0123"})
_NONE = ({"name": "marner", "phone": "0123"}, {"name": "holden", "phone": "0999"})
_EMPTY = ({"name": "marner", "phone": ""}, {"name": "holden", "phone": ""})
_GONE = ({"name": "marner", "phone": None}, {"name": "holden", "phone": None})
_HALF = ({"name": "marner", "phone": ""}, {"name": "holden", "phone": "0999"})
_CROSS = ({"name": "a", "phone": "b"}, {"name": "b", "phone": "a"})
_BOTH = ({"name": "marner", "phone": "0123"}, {"name": "marner", "phone": "0123"})

lab.function(
    "lost before the model",
    cases=(
        ([_SAME, _PHONE, _NONE],),
        ([_EMPTY],),
        ([_GONE, _SAME],),
        ([_HALF, _SAME],),
        ([_CROSS, _BOTH, _PHONE, _SAME],),
        ([_NONE, _NONE, _BOTH],),
        ([_BOTH],),
        ([],),
    ),
    right=_lost,
    mistakes={
        "gaps_match": (
            "You let two gaps match. Two customers without a phone would be brought together by nothing.",
            lambda pairs: _lost(pairs, empty=True),
        ),
        "every_key": (
            "You ask for all keys to agree. One is enough: each further key brings more pairs together.",
            lambda pairs: _lost(pairs, every=True),
        ),
        "kept": (
            "That is the share that blocking keeps. Asked for is what it loses.",
            lambda pairs: 1 - _lost(pairs) if pairs else 0.0,
            lambda pairs: 1 - _lost(pairs),
        ),
        "number": (
            "That is the number of lost pairs. Divide it by the number of true pairs.",
            lambda pairs: round(_lost(pairs) * len(pairs)),
        ),
        "percent": ("Give a share from 0 to 1.", lambda pairs: 100 * _lost(pairs)),
    },
    hints=(
        "When is a true pair looked at? If at least one key has the same value in both records.",
        "And what if that value is empty?",
        "`any(a[k] and a[k] == b[k] for k in a)` says that a pair is kept.",
    ),
    praise="This share needs no model and no labels of strangers. Ask for it first.",
)
