"""Exercises of the lab deploy/ab_test."""

import math

from labs_lib.course.lab import Lab

lab = Lab("deploy/ab_test")

lab.predict("peeking", options=("about 5", "about 10", "about 15", "more than 20"))


# Exercise 1: how many days? ----------------------------------------------------------------


def _days(
    rate_a: float,
    rate_b: float,
    share: float,
    daily: float,
    *,
    factor: float = 2.8**2,
    whole: bool = True,
) -> float:
    if rate_a == rate_b:
        return math.inf
    one = rate_a * (1 - rate_a) / (1 - share) + rate_b * (1 - rate_b) / share
    days = factor * one / (rate_a - rate_b) ** 2 / daily
    return math.ceil(days) if whole else days


def _of_sizes(
    rate_a: float, rate_b: float, of_a: float, of_b: float, daily: float
) -> float:
    """Return the days where the two groups get these shares of the payments."""
    if rate_a == rate_b:
        return math.inf
    one = rate_a * (1 - rate_a) / of_a + rate_b * (1 - rate_b) / of_b
    return math.ceil(2.8**2 * one / (rate_a - rate_b) ** 2 / daily)


def _added_errors(rate_a: float, rate_b: float, share: float, daily: float) -> float:
    if rate_a == rate_b:
        return math.inf
    error_a = math.sqrt(rate_a * (1 - rate_a) / (1 - share))
    error_b = math.sqrt(rate_b * (1 - rate_b) / share)
    return math.ceil((2.8 * (error_a + error_b) / (rate_a - rate_b)) ** 2 / daily)


def _one_rate(
    rate_a: float, rate_b: float, share: float, daily: float, r: float
) -> float:
    if rate_a == rate_b:
        return math.inf
    one = r * (1 - r) / (share * (1 - share))
    return math.ceil(2.8**2 * one / (rate_a - rate_b) ** 2 / daily)


lab.function(
    "how many days?",
    cases=(
        (0.03, 0.026, 0.5, 4_000),
        (0.03, 0.026, 0.1, 4_100),
        (0.2, 0.3, 0.25, 100),
        (0.3, 0.2, 0.25, 100),
        (0.5, 0.45, 0.8, 333),
        (0.02, 0.02, 0.5, 1_000),
        (0.0, 0.1, 0.5, 70),
        (0.01, 0.012, 0.05, 1_500),
        (0.6, 0.9, 0.5, 100_000),
        (0.2, 0.6, 0.3, 4),
    ),
    right=_days,
    mistakes={
        "whole_traffic": (
            "You let both groups have all the payments. Of `daily` payments B gets `share`, and A "
            "the rest.",
            lambda a, b, share, daily: _of_sizes(a, b, 1, 1, daily),
        ),
        "even": (
            "Your answer does not follow `share`: it is that of equal groups. A small group has a "
            "large variance.",
            lambda a, b, share, daily: _of_sizes(a, b, 0.5, 0.5, daily),
        ),
        "swapped": (
            "You gave `share` to A. It is the share of B.",
            lambda a, b, share, daily: _of_sizes(a, b, share, 1 - share, daily),
        ),
        "multiplied": (
            "You multiplied the variances by the shares. A group with fewer payments has a larger "
            "variance: divide.",
            lambda a, b, share, daily: _of_sizes(
                a, b, 1 / (1 - share), 1 / share, daily
            ),
        ),
        "not_squared": (
            "2.8 is a number of standard errors. A variance is the square of one, so here its "
            "square is needed.",
            lambda a, b, share, daily: _days(a, b, share, daily, factor=2.8),
        ),
        "coin": (
            "With 1.96 alone, the test finds the difference in one of two cases only. Take 2.8.",
            lambda a, b, share, daily: _days(a, b, share, daily, factor=1.96**2),
        ),
        "errors_added": (
            "You added the standard errors. Variances add up; take the root afterwards.",
            _added_errors,
        ),
        "one_variance": (
            "You gave both groups the variance of one rate. Each has its own.",
            lambda a, b, share, daily: _one_rate(a, b, share, daily, a),
            lambda a, b, share, daily: _one_rate(a, b, share, daily, b),
            lambda a, b, share, daily: _one_rate(a, b, share, daily, (a + b) / 2),
            lambda a, b, share, daily: _one_rate(
                a, b, share, daily, (1 - share) * a + share * b
            ),
        ),
        "payments": (
            "That is the number of payments. How many days do they take?",
            lambda a, b, share, daily: _days(a, b, share, 1),
        ),
        "rounded_down": (
            "After so many days the payments are still too few. Round up to whole days.",
            lambda a, b, share, daily: (
                math.floor(found)
                if math.isfinite(found := _days(a, b, share, daily, whole=False))
                else found
            ),
            lambda a, b, share, daily: (
                round(found)
                if math.isfinite(found := _days(a, b, share, daily, whole=False))
                else found
            ),
        ),
        "not_whole": (
            "Return whole days: a test ends in the evening.",
            lambda a, b, share, daily: _days(a, b, share, daily, whole=False),
        ),
    },
    hints=(
        "After `days` days A has `(1 - share) * daily * days` payments, and B has the rest.",
        "The variance of the difference is one number divided by `daily * days`: the variance of "
        "one payment of A over `1 - share`, plus that of B over `share`.",
        "The difference has to be 2.8 standard errors, so `(rate_a - rate_b) ** 2` is `2.8 ** 2` "
        "times that variance. Solve for `days`, and round up.",
    ),
    praise="Ask this before the test. If it says 200 days, the answer is another number, another "
    "split, or no test.",
)


# Exercise 2: which analysis is allowed? ----------------------------------------------------

_RIGHT = {
    "a": "by payment",
    "b": "by customer",
    "c": "none",
    "d": "by customer",
    "e": "none",
    "f": "by week",
}

lab.match(
    "which analysis is allowed?",
    right=_RIGHT,
    options=("by payment", "by customer", "by week", "none"),
    mistakes={
        "alike": (
            "In a lots were drawn for each payment. What did the table above say of an analysis by "
            "payment there, although the payments of a customer are alike?",
            "a",
        ),
        "too_narrow": (
            "In b lots were drawn for customers. Payments of one customer are then on one side, all "
            "of them. What did the table above say of an analysis by payment there?",
            "b",
        ),
        "met_both": (
            "In c the outcome belongs to the customer. On which side does a customer stand who was "
            "judged by both models?",
            "c",
        ),
        "counted_customers": (
            "In d lots are drawn for customers, and the outcome is one for each customer. What do "
            "you count?",
            "d",
        ),
        "peeked": (
            "In e somebody looked until it was significant. Which plain interval knows of the other "
            "looks?",
            "e",
        ),
        "pooled": (
            "In f the weights changed. Most of A's payments come from the first week, B's from the "
            "second. What if the second was harder?",
            "f",
        ),
    },
    hints=(
        "Ask three questions of each test: was the day of the end planned? For what were lots "
        "drawn? To whom does the outcome belong?",
        "Count what the lots were drawn for. If the outcome belongs to something larger than that, "
        "no count helps.",
        "Two tests allow no plain interval at all, and two are counted by customer.",
    ),
    praise="Lots first, analysis afterwards: what was drawn is what is counted.",
)
