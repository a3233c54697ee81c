"""Exercises of the lab deploy/lineage."""

from collections.abc import Callable

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("deploy/lineage")

lab.predict("named", options=("one", "some", "all"))


# Exercise 1: named or missed? -------------------------------------------------------------

lab.match(
    "named or missed?",
    right={
        "a": "named",
        "b": "missed",
        "c": "named",
        "d": "missed",
        "e": "missed",
        "f": "named",
    },
    options=("named", "missed"),
    mistakes={
        "direct": (
            "In a the channel is the very address you ask about. It is the plainest case there is.",
            "a",
        ),
        "folder": (
            "In b the request names the folder. Which address does the artifact of this job have? "
            "Nobody looks into a folder for the sake of lineage.",
            "b",
        ),
        "two_jobs": (
            "In c follow the letters: the file's address, the processing job, the folder it wrote, "
            "the training job that names the same folder.",
            "c",
        ),
        "letters": (
            "In d compare what the processing job wrote to with what the channel names, letter by "
            "letter.",
            "d",
        ),
        "copied": (
            "In e a copy was made by a plain S3 request. Who would have told SageMaker?",
            "e",
        ),
        "content": (
            "In f the model learned from another night's file. But what is the artifact: the "
            "content, or the address?",
            "f",
        ),
    },
    hints=(
        "Write down, for each job, the addresses in its request. Two entities are the same artifact "
        "if their addresses are the same text.",
        "Half of them are named. One of these never saw the bad file.",
    ),
    praise="Lineage is as good as the addresses in your requests: name files the same way "
    "everywhere, and copy with a job.",
)


# Exercise 2: who may have read it? ----------------------------------------------------------

_UPLOADS = ["9f", "1c", "e0", "47", "b3"]
_NOTES = {
    "early": ("9f", "9f"),
    "just before": ("9f", "1c"),
    "inside": ("e0", "e0"),
    "into": ("1c", "e0"),
    "out of": ("e0", "47"),
    "across": ("1c", "47"),
    "whole week": ("9f", "b3"),
    "just after": ("47", "b3"),
    "late": ("b3", "b3"),
}


def _suspects(uploads: list, notes: dict, bad: str) -> set:
    place = uploads.index
    return {j for j, (b, a) in notes.items() if place(b) <= place(bad) <= place(a)}


def _picked(rule: Callable) -> Callable:
    """Return an answer whose rule gets the places of the two notes and of the bad version."""

    def answer(uploads: list, notes: dict, bad: str) -> set:
        place = uploads.index
        return {
            j for j, (b, a) in notes.items() if rule(place(b), place(a), place(bad))
        }

    return answer


lab.function(
    "who may have read it?",
    cases=(
        (_UPLOADS, _NOTES, "e0"),
        (_UPLOADS, _NOTES, "9f"),
        (_UPLOADS, _NOTES, "b3"),
        (_UPLOADS, _NOTES, "1c"),
        (_UPLOADS, {"early": ("9f", "1c"), "late": ("47", "b3")}, "e0"),
        (_UPLOADS, {}, "47"),
        (["a7"], {"only": ("a7", "a7")}, "a7"),
    ),
    right=_suspects,
    mistakes={
        "only_sure": (
            "You name the jobs whose two notes are both the bad version. A job with different "
            "notes may have read it too.",
            _picked(lambda b, a, p: b == a == p),
        ),
        "ends_only": (
            "You look for the bad version in the two notes. If two files arrived while a job "
            "waited, it may stand in neither of them.",
            _picked(lambda b, a, p: p in (b, a)),
        ),
        "first_note": (
            "You look at the first note alone. The next file may arrive before the job reads.",
            _picked(lambda b, a, p: b == p),
        ),
        "second_note": (
            "You look at the second note alone. A file may arrive after the job has read.",
            _picked(lambda b, a, p: a == p),
        ),
        "changed": (
            "You name each job whose notes differ. Did the bad version lie there between the two?",
            _picked(lambda b, a, p: b != a or b == p),
            _picked(lambda b, a, p: b != a),
        ),
        "since": (
            "You name each job since the bad file arrived. Later files have overwritten it.",
            _picked(lambda b, a, p: a >= p),
            _picked(lambda b, a, p: b >= p),
        ),
        "strictly": (
            "What about a job of which one note is the bad version itself?",
            _picked(lambda b, a, p: b < p < a),
            _picked(lambda b, a, p: b <= p < a),
            _picked(lambda b, a, p: b < p <= a),
        ),
        "letters": (
            "You compare the ETags as texts. They are checksums: their alphabet says nothing about "
            "time. The order stands in `uploads`.",
            lambda uploads, notes, bad: {
                j for j, (b, a) in notes.items() if b <= bad <= a
            },
        ),
    },
    hints=(
        "Put the three ETags on a line of time. When does the bad one lie between the other two?",
        "`uploads.index(etag)` is the place of a version in time.",
        "The job may have read the bad version if its place is at least that of the first note, "
        "and at most that of the second.",
    ),
    praise="This list misses nobody. To make it shorter, bring the two notes closer together.",
)


# Exercise 3: everything --------------------------------------------------------------------

_STEPS = 10
_FAR = 147
"""Steps of the longest chain: more than ten rounds of ten, which a learner may try."""


def _chain(name: str, length: int) -> dict[str, list[str]]:
    return {f"{name}{i}": [f"{name}{i + 1}"] for i in range(length)}


_GRAPHS: list[tuple[dict[str, list[str]], str]] = [
    (_chain("a", 7), "a0"),
    (_chain("a", 15), "a0"),
    (_chain("a", _FAR) | {"a10": ["a11", "b0"]} | _chain("b", 12), "a0"),
    # Behind a near vertex there is more than behind the farthest.
    (_chain("a", 10) | {"a0": ["a1", "c0"]} | _chain("c", 25), "a0"),
    (_chain("a", 24) | {"a24": ["a0"]}, "a3"),
    ({"a0": ["a0"]}, "a0"),
    ({"x": ["a0"]} | _chain("a", 3), "a1"),
    ({}, "alone"),
]


class _Endless(Exception):
    """The learner's function goes on asking."""


class _Service:
    """One graph that answers queries of ten steps, and counts them."""

    def __init__(self, edges: dict[str, list[str]]):
        self.edges = edges
        self.asked: list[str] = []

    def reach(self, arn: str) -> set[str]:
        """Return what is at most ten steps forward of `arn`, with `arn`."""
        self.asked.append(arn)
        if len(self.asked) > 2_000:
            raise _Endless
        return self.walk(arn, _STEPS)

    def walk(self, arn: str, steps: int) -> set[str]:
        """Return what is at most so many steps forward."""
        found, border = {arn}, {arn}
        for _ in range(steps):
            border = {
                end for start in border for end in self.edges.get(start, [])
            } - found
            found |= border
        return found

    def rounds(self, arn: str, count: int) -> set[str]:
        """Return what so many rounds of queries reach, each from all that is known."""
        found = new = {arn}
        for _ in range(count):
            new = {end for start in new for end in self.walk(start, _STEPS)} - found
            found = found | new
        return found


@lab.exercise(
    "everything",
    hints=(
        "What a query returned may have more behind it. From which of them have you not asked yet?",
        "Keep two collections: what was found, and what is still to be asked. A circle ends if "
        "only what is new is asked.",
        "Take one from `todo`; `new = reach(it) - found`; add `new` to both.",
    ),
    misconceptions={
        "once": "You ask once. In one graph the chain has {length} steps, and a query goes ten.",
        "twice": "You ask again, but a fixed number of rounds. A longer chain is cut again.",
        "endless": "Your function goes on asking from what it has asked before. Associations may go in a "
        "circle: ask only from what is new.",
        "repeated": "All is found, but the same query is sent more than once. Remember what you "
        "have asked.",
        "start": "The start itself belongs to the answer: the artifact is on the list too.",
        "invented": "From `{start}` you return {got}, which did not come of it.",
        "short": "From `{start}` there are {expected} entities; you return {got} of them.",
    },
    praise="The same loop works for pages of an answer: go on until nothing new comes.",
)
def ex3(everything: Callable) -> Wrong | None:
    """Any container passes; each graph may be asked from each vertex once."""
    results = []
    for edges, start in _GRAPHS:
        service = _Service(edges)
        try:
            got = set(everything(service.reach, start))
        except (_Endless, RecursionError):
            return wrong("endless")
        results.append((service, start, got, service.walk(start, 1_000)))
    if all(got == right - {start} for _, start, got, right in results):
        return wrong("start")
    for rounds in range(1, _FAR // _STEPS + 1):
        if all(got == s.rounds(start, rounds) for s, start, got, _ in results):
            return wrong("once" if rounds == 1 else "twice", length=_FAR)
    for _, start, got, right in results:
        if got - right:
            return wrong("invented", start=start, got=sorted(map(str, got - right))[0])
        if got != right:
            return wrong("short", start=start, expected=len(right), got=len(got))
    if any(len(s.asked) > len(set(s.asked)) for s, *_ in results):
        return wrong("repeated")
    return None
