"""Exercises of the lab monitor/cost."""

from collections.abc import Callable, Sequence

from labs_lib.course.lab import Lab

lab = Lab("monitor/cost")

lab.predict("alerts", options=("higher", "lower", "no difference shown"))


# Exercise 1: what belongs to nobody? ------------------------------------------------------

Spent = Sequence[tuple[int, str | None, float]]


def _nobodys(
    spent: Spent,
    active: int,
    backfilled: int | None,
    *,
    before: Callable[[int, int], bool] = lambda day, since: day < since,
) -> float:
    since = active if backfilled is None else backfilled
    return sum(cost for day, tag, cost in spent if tag is None or before(day, since))


_SPENT = [
    (1, "fraud", 1.0),
    (3, "fraud", 2.0),
    (3, None, 4.0),
    (5, "", 8.0),
    (7, "churn", 16.0),
    (7, None, 32.0),
    (9, "churn", 64.0),
    (12, None, 128.0),
    (12, "fraud", 256.5),
    (0, "fraud", 512.0),
]

lab.function(
    "what belongs to nobody?",
    cases=(
        (_SPENT, 7, None),
        (_SPENT, 7, 3),
        (_SPENT, 12, 5),
        (_SPENT, 12, 0),
        (_SPENT, 1, None),
        (_SPENT, 0, None),
        (_SPENT, 100, None),
        (_SPENT, 100, 99),
        (_SPENT[:2], 5, None),
        ([(4, None, 3.0)], 1, None),
        ([], 5, None),
        ([(4, "fraud", 3.0)], 4, None),
        ([(4, "fraud", 3.0)], 9, 4),
        ([(4, "fraud", -3.0), (4, None, -1.0)], 5, None),
        ([(4, None, 3.0), (4, None, 3.0), (5, None, 3.0)], 1, None),
    ),
    right=_nobodys,
    mistakes={
        "first_day": (
            "The tag counts from the day on which it works: that day is included.",
            lambda spent, active, back: _nobodys(
                spent, active, back, before=lambda day, since: day <= since
            ),
        ),
        "no_backfill": (
            "You leave the backfill out. With one, the tag counts from the earlier day on.",
            lambda spent, active, back: _nobodys(spent, active, None),
        ),
        "backfill_from_the_start": (
            "A backfill reaches back to its own first day, not to the beginning.",
            lambda spent, active, back: _nobodys(
                spent, active, None if back is None else -9
            ),
        ),
        "zero_is_none": (
            "Day 0 is a day like others: ask whether `backfilled` is `None`, not whether it is "
            "zero.",
            lambda spent, active, back: _nobodys(spent, active, back or None),
        ),
        "untagged_only": (
            "You count what carries no tag. What was spent before the tag worked is nobody's "
            "in the report, too.",
            lambda spent, active, back: sum(c for _, tag, c in spent if tag is None),
        ),
        "early_only": (
            "You count what was spent before the tag worked. What carries no tag stays "
            "nobody's afterwards, too.",
            lambda spent, active, back: sum(
                c for d, _, c in spent if d < (active if back is None else back)
            ),
        ),
        "both": (
            "You ask for both at once. Either is enough: no tag, or too early.",
            lambda spent, active, back: sum(
                c
                for d, tag, c in spent
                if tag is None and d < (active if back is None else back)
            ),
        ),
        "added_twice": (
            "What has no tag and is early as well is counted twice.",
            lambda spent, active, back: (
                sum(c for d, _, c in spent if d < (active if back is None else back))
                + sum(c for _, tag, c in spent if tag is None)
            ),
        ),
        "owned": (
            "That is what has an owner. The question is about the rest.",
            lambda spent, active, back: (
                sum(c for _, _, c in spent) - _nobodys(spent, active, back)
            ),
        ),
        "empty_value": (
            "An empty text is a value of the tag. Only `None` is a resource without it.",
            lambda spent, active, back: _nobodys(
                [(d, tag or None, c) for d, tag, c in spent], active, back
            ),
        ),
        "records": (
            "That is a number of records. Add up their costs.",
            lambda spent, active, back: _nobodys(
                [(d, t, 1) for d, t, _ in spent], active, back
            ),
        ),
    },
    hints=(
        "From which day on does the tag count: `active`, or `backfilled` if there is one?",
        "A record is nobody's if its tag is `None`, or if its day is before that day.",
        "`sum(cost for day, tag, cost in spent if tag is None or day < since)`",
    ),
    praise="Two causes, two remedies: a backfill for what came too early, and a rule that nothing "
    "starts without a tag for the rest.",
)


# Exercise 2: when is a peak seen? ----------------------------------------------------------


def _fewest_hours(days: int, percentile: float) -> int:
    return int(round((100 - percentile) / 100 * 24 * days, 6)) + 1


def _overlooked(days: int, percentile: float) -> float:
    return round((100 - percentile) / 100 * 24 * days, 6)


lab.function(
    "when is a peak seen?",
    cases=(
        (14, 99.5),
        (32, 99.5),
        (93, 99.5),
        (14, 90),
        (32, 95),
        (93, 95),
        (14, 100),
        (25, 99.5),
        (100, 99.5),
        (50, 99),
        (1, 90),
        (7, 99.9),
        (32, 97.5),
    ),
    right=_fewest_hours,
    mistakes={
        "rounded_up": (
            "For {arguments} you gave {got}, expected {expected}. Where the hours that are let "
            "pass are a whole number, a peak of that length is still let pass.",
            lambda days, p: -int(-_overlooked(days, p) // 1),
        ),
        "overlooked": (
            "That is the longest peak that the rule lets pass. One hour more is seen.",
            lambda days, p: int(_overlooked(days, p)),
        ),
        "rounded": (
            "Hours that are let pass are rounded down: one hour and a half lets one whole hour pass.",
            lambda days, p: round(_overlooked(days, p)) + 1,
            lambda days, p: round(_overlooked(days, p)),
        ),
        "not_whole": (
            "Hours are whole. For {arguments} you gave {got}.",
            lambda days, p: _overlooked(days, p) + 1,
            lambda days, p: _overlooked(days, p),
        ),
        "in_days": (
            "A day has 24 hours: the window is counted in hours.",
            lambda days, p: int(round((100 - p) / 100 * days, 6)) + 1,
        ),
        "share": (
            "The percentile is in percent: divide by 100.",
            lambda days, p: int(round((100 - p) * 24 * days, 6)) + 1,
        ),
        "kept": (
            "These are the hours that have to be fine. The rest may be too high.",
            lambda days, p: int(round(p / 100 * 24 * days, 6)) + 1,
        ),
    },
    hints=(
        "How many hours does the window have, and which part of them may be too high?",
        "If one hour and a half may be too high, one whole hour passes, and two are seen. If "
        "exactly 12 may, 12 pass.",
        "`int(round((100 - percentile) / 100 * 24 * days, 6)) + 1`",
    ),
    praise="A longer window holds more peaks, and lets longer ones pass.",
)


# Exercise 3: which tool answers? ------------------------------------------------------------

_TOOLS = {
    "a": "Cost Explorer",
    "b": "Budgets",
    "c": "Cost Anomaly Detection",
    "d": "Compute Optimizer",
    "e": "Trusted Advisor",
    "f": "Budgets",
}

lab.match(
    "which tool answers?",
    right=_TOOLS,
    options=tuple(dict.fromkeys(_TOOLS.values())),
    mistakes={
        "looks": (
            "In a somebody looks back, by tag. Nothing is sent and nothing is advised.",
            "a",
        ),
        "sends": (
            "In b there is a limit, and a mail on what the month will cost.",
            "b",
        ),
        "no_limit": (
            "In c there is no budget: what counts is that the cost is unusual.",
            "c",
        ),
        "sizes": (
            "In d the size is judged from a history of use.",
            "d",
        ),
        "limits": (
            "In e the limits are AWS's, such as a number of instances, not yours in euros. "
            "Which tool has all checks of service limits in each plan?",
            "e",
        ),
        "acts": (
            "In f something acts at a threshold of a limit in euros. Which tool has actions "
            "that apply a policy?",
            "f",
        ),
    },
    hints=(
        "Looks back, sends at a limit, sends what is unusual, sizes, checks: one tool each.",
        "One tool is the answer twice: it sends, and it can apply a policy.",
    ),
    praise="Only two of the five send by themselves because of a cost: one by a limit, one by what "
    "is unusual.",
)
