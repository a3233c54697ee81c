"""Exercises of the lab platform/objects."""

import io
import math
from collections.abc import Callable, Iterable

from labs_lib.course.lab import Lab

lab = Lab("platform/objects")

lab.predict("digits", options=("higher", "lower", "tie", "undecided"))
lab.predict("rule", options=("lower", "higher", "the same"))

# Exercise 1: whose line is it? ---------------------------------------------------------------

Span = tuple[int, int, str]


def _spans(body: str) -> list[Span]:
    """Return where each line starts, where its last byte stands, and the line."""
    found, start = [], 0
    for line in body.split("\n"):
        if start < len(body):
            found.append((start, start + max(len(line), 1) - 1, line))
        start += len(line) + 1
    return found


def _taken(takes: Callable[[int, int, int, int], bool]) -> Callable[..., list[str]]:
    """Return the answer that takes a line by its start and end, and the range's."""

    def lines_of(body: str, first: int, last: int) -> list[str]:
        return [line for a, b, line in _spans(body) if takes(a, b, first, last)]

    return lines_of


_starts = _taken(lambda a, b, first, last: first <= a <= last)


def _cut(body: str, first: int, last: int) -> list[str]:
    """Cut the range out, then split them, as they are."""
    piece = body[first : last + 1]
    return piece.removesuffix("\n").split("\n") if piece else []


def _drops_first(body: str, first: int, last: int) -> list[str]:
    """Drop what stands before the first end of a line, even if a whole line begins there."""
    begin = body.find("\n", first) + 1 if first else 0
    return _starts(body, begin, last) if begin or not first else []


def _not_whole(body: str, first: int, last: int) -> list[str]:
    """Take the right lines, and cut the last one where the range ends."""
    return [line[: last + 1 - a] for a, b, line in _spans(body) if first <= a <= last]


def _walk(lines: Iterable[str], first: int, last: int, end: int = 1) -> list[str]:
    """Take lines by where they start, if each is followed by so many bytes."""
    found, start = [], 0
    for line in lines:
        if first <= start <= last:
            found.append(line)
        start += len(line) + end
    return found


def _uncounted(body: str, first: int, last: int) -> list[str]:
    """Forget that the end of a line is a byte."""
    return _walk(body.split("\n"), first, last, end=0)


def _spread(body: str, first: int, last: int) -> list[str]:
    """Take every line of which a byte lies in the range, its end among them."""
    found, start = [], 0
    for line in body.split("\n"):
        if start <= last and start + len(line) >= first and start < len(body):
            found.append(line)
        start += len(line) + 1
    return found


lab.function(
    "whose line is it?",
    cases=(
        ("A,B\nC,D\nE,F\nG,H\n", 1, 4),
        ("A,B\nC,D\nE,F\nG,H\n", 0, 3),
        ("A,B\nC,D\nE,F\nG,H\n", 4, 11),
        ("A,B\nC,D\nE,F\nG,H\n", 5, 7),
        ("A,B\nC,D\nE,F\nG,H", 11, 100),
        ("one\ntwo\n\nfour, which is long\nfive", 0, 9),
        ("one\ntwo\n\nfour, which is long\nfive", 8, 8),
        ("one\ntwo\n\nfour, which is long\nfive", 10, 28),
        ("one\ntwo\n\nfour, which is long\nfive", 29, 29),
        ("same\nsame\nsame\n", 0, 14),
        ("same\nsame\nsame\n", 15, 20),
        ("a\rb\r\nc\n", 0, 3),
        ("", 0, 5),
    ),
    right=_starts,
    mistakes={
        "cut": (
            "You cut the body at both ends of the range. The first line may have begun before it, and "
            "the last one goes on behind it.",
            _cut,
            lambda body, first, last: body[first : last + 1].split("\n"),
            lambda body, first, last: body[first : last + 1].splitlines(),
            lambda body, first, last: body[first:last].split("\n"),
        ),
        "not_whole": (
            "The lines are right, but the last one is cut where the range ends. It comes whole.",
            _not_whole,
        ),
        "drops_first": (
            "You drop what stands before the first end of a line. If the range begins where a line "
            "begins, this line belongs to it, and nobody else takes it.",
            _drops_first,
            _taken(lambda a, b, first, last: first < a <= last or a == first == 0),
        ),
        "uncounted": (
            "The end of a line is a byte too. The next line starts one byte further on.",
            _uncounted,
        ),
        "other_ends": (
            "Only `\\n` ends a line here. `splitlines` cuts at `\\r` too.",
            lambda body, first, last: _walk(body.splitlines(), first, last),
            lambda body, first, last: [
                line.rstrip("\r\n")
                for line in _walk(body.splitlines(keepends=True), first, last, end=0)
            ],
        ),
        "after_the_end": (
            "After the last end of a line, at the end of the body, no line starts.",
            lambda body, first, last: _walk(body.split("\n"), first, last),
        ),
        "with_ends": (
            "The lines are right, but they come without their ends.",
            lambda body, first, last: [
                line + "\n" for line in _starts(body, first, last)
            ],
            lambda body, first, last: _walk(
                io.StringIO(body, newline="\n"), first, last, end=0
            ),
            lambda body, first, last: _walk(
                body.splitlines(keepends=True), first, last, end=0
            ),
        ),
        "no_empty": (
            "An empty line is a line. It starts where it ends.",
            lambda body, first, last: [x for x in _starts(body, first, last) if x],
        ),
        "inside": (
            "You take the lines that lie inside the range. One that reaches over its end belongs to "
            "no other range either, and is lost.",
            _taken(lambda a, b, first, last: first <= a and b <= last),
        ),
        "touching": (
            "You take every line of which a byte lies in the range. At a border two ranges would "
            "both take the same line.",
            _taken(lambda a, b, first, last: a <= last and b >= first),
            _spread,
        ),
        "open_end": (
            "Byte `last` belongs to the range. Look at a line that starts exactly there.",
            _taken(lambda a, b, first, last: first <= a < last),
        ),
        "ends": (
            "You take the lines that end in the range. The rule asks where they start.",
            _taken(lambda a, b, first, last: first <= b <= last),
        ),
    },
    hints=(
        "Walk through all lines, and keep the byte at which each one starts.",
        "After a line, the next one starts `len(line) + 1` further on. Only starts are compared.",
        '`body.split("\\n")`, and `first <= start <= last`. What follows the last end of a line, at the '
        "end of the body, is no line.",
    ),
    praise="However a file is cut into ranges, each line belongs to exactly one. So readers need not "
    "talk to each other.",
)

# Exercise 2: from which size does moving pay? -------------------------------------------------

_KB = 2.0**10
_GB = 2.0**30


def _size(
    months: float,
    standard: float,
    archive: float,
    request: float,
    *,
    least: float = 3,
    own: float = 32,
    extra: float = 8,
    own_rate: str = "archive",
    extra_rate: str = "standard",
    added_for: float | None = None,
    kb: float = _KB,
    gb: float = _GB,
    never: bool = True,
) -> float:
    """Return the size, by what is billed least and added."""
    billed = max(months, least)
    rates = {"standard": standard, "archive": archive}
    kilobytes = own * rates[own_rate] + extra * rates[extra_rate]
    added = request + (added_for or billed) * kilobytes * kb / gb
    saved = (months * standard - billed * archive) / gb
    if saved <= 0:
        return math.inf if never or saved == 0 else added / saved
    return added / saved


lab.function(
    "from which size does moving pay?",
    cases=(
        (12.0, 0.023, 0.0036, 0.00003),
        (12.0, 0.023, 0.0036, 0.0),
        (3.0, 0.023, 0.0036, 0.00003),
        (1.0, 0.023, 0.0036, 0.00003),
        (0.5, 0.023, 0.0036, 0.00003),
        (0.25, 0.023, 0.0036, 0.00003),
        (120.0, 0.023, 0.00099, 0.00005),
        (1.0, 0.375, 0.125, 0.001),
        (6.0, 0.01, 0.02, 0.00001),
        (2.0, 0.02, 0.004, 0.0),
    ),
    tolerance=1e-4,  # whole bytes are enough
    right=lambda months, standard, archive, request: _size(
        months, standard, archive, request
    ),
    mistakes={
        "no_minimum": (
            "GLACIER bills three months at least, also for an object that goes after one. Look at "
            "months below 3.",
            lambda m, s, a, r: _size(m, s, a, r, least=0),
        ),
        "standard_too": (
            "The three months are GLACIER's. In STANDARD the object pays for the months that it stays.",
            lambda m, s, a, r: _size(max(m, 3), s, a, r),
        ),
        "no_additions": (
            "Each object in GLACIER adds 32 KB at its own rate and 8 KB at that of STANDARD. Small "
            "objects pay mostly for these.",
            lambda m, s, a, r: _size(m, s, a, r, own=0, extra=0),
        ),
        "one_rate": (
            "Of the 40 KB, 32 are billed at the rate of GLACIER, and 8 at that of STANDARD.",
            lambda m, s, a, r: _size(m, s, a, r, extra_rate="archive"),
            lambda m, s, a, r: _size(m, s, a, r, own_rate="standard"),
            lambda m, s, a, r: _size(m, s, a, r, own=8, extra=32),
            lambda m, s, a, r: _size(m, s, a, r, extra=0),
            lambda m, s, a, r: _size(m, s, a, r, own=0),
        ),
        "added_once": (
            "The additions are billed in each month that GLACIER bills, three at least.",
            lambda m, s, a, r: _size(m, s, a, r, added_for=1),
            lambda m, s, a, r: _size(m, s, a, r, added_for=m),
        ),
        "units": (
            "Look at the units: a KB has 1,024 bytes, a GB 2**30, and the answer is in bytes.",
            lambda m, s, a, r: _size(m, s, a, r, kb=1e3, gb=1e9),
            lambda m, s, a, r: _size(m, s, a, r, kb=1e3),
            lambda m, s, a, r: _size(m, s, a, r, gb=1e9),
            lambda m, s, a, r: _size(m, s, a, r) / _KB,
            lambda m, s, a, r: _size(m, s, a, r) / _GB,
        ),
        "free_move": (
            "The move itself is a request, paid once. It weighs most for a short stay.",
            lambda m, s, a, r: _size(m, s, a, 0.0),
        ),
        "request_each_month": (
            "The request is paid once, and not in each month.",
            lambda m, s, a, r: _size(m, s, a, r * max(m, 3)),
            lambda m, s, a, r: _size(m, s, a, r * m),
        ),
        "negative": (
            "If a byte costs as much in GLACIER or more, no size makes it cheaper: `math.inf`.",
            lambda m, s, a, r: _size(m, s, a, r, never=False),
        ),
    },
    hints=(
        "Write both bills for `size` bytes, and ask when they are equal.",
        "On one side what a move adds, whatever the size; on the other what each byte saves.",
        "`(request + billed * (32 * archive + 8 * standard) / 2**20) / "
        "((months * standard - billed * archive) / 2**30)`, with `billed = max(months, 3)`.",
    ),
    praise="At our prices and a year, the size is more than 100 KB, mostly for the request. Below, "
    "gather first.",
)

# Exercise 3: what would you do first? ---------------------------------------------------------

lab.match(
    "what would you do first?",
    right={
        "a": "cloudfront",
        "b": "line",
        "c": "compliance",
        "d": "one_zone",
        "e": "waf",
        "f": "data_events",
        "g": "gather",
    },
    options=(
        "cloudfront",
        "compliance",
        "data_events",
        "gather",
        "governance",
        "line",
        "one_zone",
        "waf",
    ),
    mistakes={
        "far_readers": (
            "In a the same objects go to far places again and again. What keeps copies near readers?",
            "a",
        ),
        "days": (
            "In b compute the days on the line, and compare them with the deadline.",
            "b",
        ),
        "administrators": (
            "In c administrators are named too. Which mode can nobody go around?",
            "c",
        ),
        "made_again": (
            "In d losing one means to make it again, and reads are rare. What is cheaper and still "
            "answers at once?",
            "d",
        ),
        "countries": ("In e requests are to be let through by country.", "e"),
        "who": (
            "In f the question is who did it, next time. What has to be switched on for objects?",
            "f",
        ),
        "small": (
            "In g look at the size, and at what a rule does with it by default.",
            "g",
        ),
    },
    hints=(
        "Two cases are about getting bytes somewhere, two about who may do what, two about money.",
        "One option is left over: a lock that somebody with a permission can go around.",
    ),
    praise="First what the objects are and who asks for them, then the setting.",
)
