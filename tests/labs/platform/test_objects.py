import math
import random
import re

import numpy as np
import pandas as pd
import pytest

from labs_lib.labs.platform.objects.exercises import lab
from labs_lib.platform.lifecycle import billed_bytes, billed_days, break_even_size
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def lines_of(body, first, last):
    """By the byte before: a line starts at 0 and behind each end of a line."""
    found = []
    for start in range(first, min(last + 1, len(body))):
        if start == 0 or body[start - 1 : start] == "\n":
            found.append(body[start:].partition("\n")[0])
    return found


def shifted(by):
    return lambda body, first, last: lines_of(body, first, last + by)


def walk(cut, end):
    """Take lines by where they start, if each is followed by so many bytes."""

    def answer(body, first, last):
        lines = cut(body)
        before = np.cumsum([0, *(len(line) + end for line in lines)])
        return [
            line
            for start, line in zip(before, lines, strict=False)
            if first <= start <= last
        ]

    return answer


def starts(body):
    """Return each line and where it starts."""
    return [(one.start(), one[1]) for one in re.finditer(r"([^\n]*)(\n|$)", body) if one[0]]


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(lines_of,), (lambda *given: tuple(lines_of(*given)),)],
        wrong={
            "cut": (
                lambda body, first, last: (
                    body[first : last + 1].removesuffix("\n").split("\n")
                    if body[first : last + 1]
                    else []
                ),
            ),
            "open_end": (shifted(-1),),
            "uncounted": (walk(lambda body: body.split("\n"), 0),),
            "other_ends": (walk(lambda body: body.splitlines(), 1),),
            "after_the_end": (walk(lambda body: body.split("\n"), 1),),
            "with_ends": (walk(lambda body: re.findall(r"[^\n]*\n|[^\n]+", body), 0),),
            "no_empty": (lambda *given: [*filter(None, lines_of(*given))],),
            "touching": (
                lambda body, first, last: [
                    line
                    for start, line in starts(body)
                    if start <= last and first <= start + len(line)
                ],
            ),
            "drops_first": (
                lambda body, first, last: lines_of(
                    body,
                    (first and body.find("\n", first) + 1) or len(body) * bool(first),
                    last,
                ),
            ),
            None: (lambda body, first, last: body.split("\n"),),
        },
        stub=(stub,),
    )


def test_each_line_belongs_to_exactly_one_range():
    rng = random.Random(0)
    for _ in range(200):
        body = "".join(rng.choices("ab,\n", k=rng.randint(0, 40)))
        cuts = sorted(rng.sample(range(1, 60), 4))
        ranges = zip([0, *cuts], [*(c - 1 for c in cuts), 100], strict=True)
        found = [line for first, last in ranges for line in lines_of(body, first, last)]
        assert found == body.removesuffix("\n").split("\n") * bool(body)


def test_the_guide_s_example():
    body = "A,B\nC,D\nE,F\nG,H\n"
    assert lines_of(body, 1, 4) == ["C,D"]


# Exercise 2 --------------------------------------------------------------------------------


def pays_from(months, standard, archive, request):
    billed = months if months > 3 else 3
    gain = months * standard - billed * archive
    if gain <= 0:
        return math.inf
    return (request * 2**30 + billed * 1024 * (32 * archive + 8 * standard)) / gain


def whole_bytes(*given):
    found = pays_from(*given)
    return found if found == math.inf else math.ceil(found)


def by_terms(added):
    """Return the answer that adds so many dollars and KB to a move."""

    def answer(months, standard, archive, request):
        billed = max(months, 3)
        gain = months * standard - billed * archive
        more = added(billed, months, standard, archive) * 1024
        return (request * 2**30 + more) / gain if gain > 0 else math.inf

    return answer


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (pays_from,),
            (lambda *given: np.float64(pays_from(*given)),),
            (whole_bytes,),
        ],
        wrong={
            "free_move": (lambda m, s, a, r: pays_from(m, s, a, 0),),
            "units": (lambda *given: pays_from(*given) / 1024,),
            "one_rate": (by_terms(lambda billed, m, s, a: billed * 40 * s),),
            "added_once": (by_terms(lambda billed, m, s, a: 32 * a + 8 * s),),
            "request_each_month": (lambda m, s, a, r: pays_from(m, s, a, r * m),),
            None: (lambda m, s, a, r: 128 * 1024,),
        },
        stub=(stub,),
    )


def test_at_this_size_both_bills_are_the_same():
    rng = random.Random(0)
    for _ in range(100):
        months, standard = rng.uniform(0.5, 24), rng.uniform(0.01, 0.05)
        archive, request = rng.uniform(0.001, 0.01), rng.uniform(0, 0.001)
        size = pays_from(months, standard, archive, request)
        if size == math.inf:
            assert months * standard <= max(months, 3) * archive
            continue
        own, extra = billed_bytes("GLACIER", size)
        billed = billed_days("GLACIER", months * 30) / 30
        moved = request + billed * (own * archive + extra * standard) / 2**30
        assert moved == pytest.approx(months * size * standard / 2**30)


def test_without_a_request_it_is_the_engine_s_size():
    for months in (3, 12, 90):
        assert pays_from(months, 0.023, 0.0036, 0) == pytest.approx(
            break_even_size("GLACIER", 0.0036, 0.023)
        )


# Exercise 3 --------------------------------------------------------------------------------

FIRST = {
    "a": "cloudfront", "b": "line", "c": "compliance", "d": "one_zone", "e": "waf",
    "f": "data_events", "g": "gather",
}  # fmt: skip


def test_ex3():
    names = (
        "far_readers",
        "days",
        "administrators",
        "made_again",
        "countries",
        "who",
        "small",
    )
    assert_exercise(
        lab.ex3,
        right=[(FIRST,), (pd.Series(FIRST),), (list(FIRST.items()),)],
        wrong={
            name: (FIRST | {case: "governance"},)
            for case, name in zip("abcdefg", names, strict=True)
        },
    )
