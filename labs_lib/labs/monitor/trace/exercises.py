"""Exercises of the lab monitor/trace."""

from collections.abc import Sequence

from labs_lib.course.lab import Lab

lab = Lab("monitor/trace")

lab.predict("fix", options=("higher", "lower", "no difference shown"))


# Exercise 1: own time --------------------------------------------------------------------

Span = tuple[float, float]


def _inside(span: Span, calls: Sequence[Span]) -> list[Span]:
    start, end = span
    cut = [(min(max(a, start), end), min(max(b, start), end)) for a, b in calls]
    return sorted(cut)


def _covered(calls: Sequence[Span]) -> float:
    total, reach = 0.0, float("-inf")
    for begin, stop in calls:
        total += (
            max(stop - max(begin, reach), 0) if reach > float("-inf") else stop - begin
        )
        reach = max(reach, stop)
    return total


def _own_time(span: Span, calls: Sequence[Span]) -> float:
    return span[1] - span[0] - _covered(_inside(span, calls))


def _summed(span: Span, calls: Sequence[Span]) -> float:
    return span[1] - span[0] - sum(b - a for a, b in _inside(span, calls))


def _summed_not_cut(span: Span, calls: Sequence[Span]) -> float:
    return span[1] - span[0] - sum(b - a for a, b in calls)


def _summed_from_0(span: Span, calls: Sequence[Span]) -> float:
    return max(_summed(span, calls), 0)


def _summed_not_cut_from_0(span: Span, calls: Sequence[Span]) -> float:
    return max(_summed_not_cut(span, calls), 0)


def _longest(span: Span, calls: Sequence[Span]) -> float:
    return span[1] - span[0] - max((b - a for a, b in _inside(span, calls)), default=0)


def _envelope(span: Span, calls: Sequence[Span]) -> float:
    inside = _inside(span, calls)
    if not inside:
        return span[1] - span[0]
    return span[1] - span[0] - (max(b for _, b in inside) - inside[0][0])


def _not_cut(span: Span, calls: Sequence[Span]) -> float:
    return span[1] - span[0] - _covered(sorted(calls))


def _not_cut_from_0(span: Span, calls: Sequence[Span]) -> float:
    return max(_not_cut(span, calls), 0)


def _unsorted(span: Span, calls: Sequence[Span]) -> float:
    start, end = span
    own, now = 0.0, start
    for begin, stop in calls:
        own += max(min(begin, end) - now, 0)
        now = max(now, stop)
    return own + max(end - now, 0)


def _last_only(span: Span, calls: Sequence[Span]) -> float:
    """Take the last call in order for the one that ended last."""
    start, end = span
    own, now = 0.0, start
    for begin, stop in sorted(calls):
        own += max(min(begin, end) - now, 0)
        now = stop
    return own + max(end - now, 0)


lab.function(
    "own time",
    cases=(
        ((0, 100), []),
        ((0, 100), [(10, 30)]),
        ((0, 100), [(10, 30), (50, 70)]),
        ((0, 100), [(10, 60), (30, 80)]),
        ((0, 100), [(10, 90), (20, 40)]),
        ((0, 100), [(10, 90), (20, 40), (50, 60)]),
        ((0, 100), [(50, 70), (10, 30)]),
        ((0, 100), [(40, 60), (10, 90), (5, 20)]),
        ((0, 100), [(80, 130)]),
        ((0, 100), [(10, 30), (20, 40), (80, 130)]),
        ((0, 100), [(10, 20), (110, 130)]),
        ((5, 25), [(5, 25), (5, 25)]),
        ((5, 25), [(5, 15), (15, 25)]),
        ((5, 25), [(10, 10)]),
        ((7, 7), []),
        ((0.5, 2.0), [(0.75, 1.25), (1.0, 1.5)]),
    ),
    right=_own_time,
    mistakes={
        "summed": (
            "You subtract each call by itself. Calls that ran at once then count twice: what "
            "matters is the time in which at least one ran.",
            _summed,
            _summed_not_cut,
            _summed_from_0,
            _summed_not_cut_from_0,
        ),
        "longest": (
            "You subtract only the longest call. Others ran at other times.",
            _longest,
        ),
        "envelope": (
            "You subtract everything from the first call's start to the last one's end. Between "
            "two calls the service works itself.",
            _envelope,
        ),
        "not_cut": (
            "A call that outlives its caller counts with its whole length. Only what lies "
            "inside the caller's span does.",
            _not_cut,
            _not_cut_from_0,
        ),
        "unsorted": (
            "You take the calls in the order in which they stand. Sort them by their start.",
            _unsorted,
        ),
        "last_only": (
            "After a short call inside a long one you go on from the end of the short one. Keep "
            "the latest end so far.",
            _last_only,
        ),
        "covered": (
            "That is the time in which calls ran. Own time is the rest of the span.",
            lambda span, calls: _covered(_inside(span, calls)),
        ),
        "whole": (
            "That is the whole span. Take away the time in which calls ran.",
            lambda span, calls: span[1] - span[0],
        ),
    },
    hints=(
        "Sort the calls by their start, and walk from the start of the span to its end.",
        "Keep the moment up to which all is accounted for. If the next call begins later, the "
        "gap is own time. Then move on to the later of that moment and the call's end.",
        "`own += max(min(begin, end) - now, 0)`, then `now = max(now, stop)`; after the loop, "
        "what is left up to `end`.",
    ),
    praise="This is what tells a service that works from one that waits.",
)


# Exercise 2: which share is kept? ----------------------------------------------------------


def _kept_share(per_second: float, reservoir: float, rate: float) -> float:
    sure = min(per_second, reservoir)
    return (sure + rate * (per_second - sure)) / per_second


lab.function(
    "which share is kept?",
    cases=(
        (10, 1, 0.05),
        (100, 1, 0.05),
        (1, 1, 0.05),
        (0.1, 1, 0.05),
        (0.5, 0, 0.2),
        (40, 0, 0.05),
        (40, 8, 0.0),
        (40, 8, 1.0),
        (3, 5, 0.1),
        (7, 2, 0.25),
    ),
    right=_kept_share,
    mistakes={
        "rate_of_all": (
            "You apply the rate to all requests. It holds for those that the reservoir left "
            "over.",
            lambda n, r, p: (min(n, r) + p * n) / n,
            lambda n, r, p: min((min(n, r) + p * n) / n, 1),
        ),
        "reservoir_always_full": (
            "The reservoir keeps no more requests than come: for {arguments} the share is "
            "{expected}.",
            lambda n, r, p: (r + p * (n - r)) / n,
            lambda n, r, p: (r + p * max(n - r, 0)) / n,
        ),
        "number": (
            "That is the number kept each second. Divide it by the requests that come.",
            lambda n, r, p: min(n, r) + p * max(n - r, 0),
        ),
        "rate_alone": (
            "That is the rate alone. The reservoir keeps some for sure.",
            lambda n, r, p: p,
        ),
        "reservoir_alone": (
            "That is the reservoir alone. Of the others a share is kept as well.",
            lambda n, r, p: min(n, r) / n,
        ),
        "lost": (
            "That is the share that is lost.",
            lambda n, r, p: 1 - _kept_share(n, r, p),
        ),
        "percent": (
            "That is a percentage. Return a share from 0 to 1.",
            lambda n, r, p: 100 * _kept_share(n, r, p),
        ),
    },
    hints=(
        "How many of a second's requests does the reservoir keep, if fewer come than it holds?",
        "The others are `per_second - sure`, and `rate` of them is kept.",
        "`(sure + rate * (per_second - sure)) / per_second`, with `sure = min(per_second, "
        "reservoir)`.",
    ),
    praise="The busier the shop, the nearer the share comes to the rate alone.",
)


# Exercise 3: which tool answers? -----------------------------------------------------------

lab.match(
    "which tool answers?",
    right={
        "a": "X-Ray",
        "b": "Lambda Insights",
        "c": "metric",
        "d": "X-Ray",
        "e": "Lambda Insights",
        "f": "metric",
    },
    options=("X-Ray", "Lambda Insights", "metric"),
    mistakes={
        "between": ("a is about time between services.", "a"),
        "memory": ("b is about what one function uses inside.", "b"),
        "count": ("In c every request has to be counted. Traces are a sample.", "c"),
        "order": ("In d you want to see spans side by side on one clock.", "d"),
        "tmp": ("e is about what one function uses inside.", "e"),
        "rare": (
            "In f three requests of a busy shop are looked for. Most likely none of them was "
            "kept as a trace.",
            "f",
        ),
    },
    hints=(
        "Ask of each: between services, inside one function, or how many of all?",
        "Two of each kind.",
    ),
    praise="Metrics say that something is wrong, traces where, and Lambda Insights what it uses.",
)
