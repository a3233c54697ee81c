"""Exercises of the lab train/automl."""

from collections.abc import Callable, Sequence

from labs_lib.course.lab import Lab

lab = Lab("train/automl")

_OUTCOMES = ("higher", "lower", "tie", "undecided")
lab.predict("contest", options=_OUTCOMES)
lab.predict("promise", options=_OUTCOMES)


# Exercise 1: who still runs? -----------------------------------------------------------------


def _rule(
    foretell: Callable[[float, float, float], float],
    *,
    skip: bool = False,
    late: bool = False,
    border: bool = False,
) -> Callable[[Sequence[float], Sequence[float], float], int]:
    """Return a rule that foretells from cost, seconds so far and units so far."""

    def how_many(
        costs: Sequence[float], seconds: Sequence[float], budget: float
    ) -> int:
        spent, units, ran = seconds[0], costs[0], 1
        for cost, took in zip(costs[1:], seconds[1:], strict=True):
            needed = spent + foretell(cost, spent, units)
            if needed > budget or (border and needed == budget):
                if skip:
                    continue
                return ran + late
            spent, units, ran = spent + took, units + cost, ran + 1
        return ran

    return how_many


_RIGHT = _rule(lambda cost, spent, units: cost * spent / units)


def _by_truth(costs: Sequence[float], seconds: Sequence[float], budget: float) -> int:
    total = 0.0
    for ran, took in enumerate(seconds):
        total += took
        if total > budget and ran:
            return ran
    return len(seconds)


lab.function(
    "who still runs?",
    cases=(
        ([1, 1, 1, 1], [10, 10, 10, 10], 30),
        ([1, 1, 1, 1], [10, 10, 10, 10], 29),
        ([1, 4, 1], [10, 40, 10], 30),
        ([2, 1, 1], [20, 40, 10], 70),
        ([2, 1, 1], [20, 5, 10], 33),
        ([1, 2, 3], [10, 50, 30], 60),
        ([5], [100], 1),
        ([2, 1, 1, 1], [8, 1, 1, 1], 12),
        ([1, 1, 2, 1], [4, 8, 4, 1], 24),
        ([4, 2, 1], [8, 16, 1], 26),
        ([2, 2, 2], [4, 0, 2], 6),
    ),
    right=_RIGHT,
    mistakes={
        "hindsight": (
            "You ask whether the candidate's own seconds fit. Before it runs nobody knows them: "
            "foretell them from its cost and from those that have run.",
            _by_truth,
        ),
        "skips": (
            "You leave out the candidate that does not fit and go on with a cheaper one. This "
            "rule stops at the first that would not fit.",
            _rule(lambda cost, spent, units: cost * spent / units, skip=True),
        ),
        "no_forecast": (
            "You stop only once the budget is spent. The rule looks ahead: would the next one "
            "still fit?",
            _rule(lambda cost, spent, units: 0.0),
        ),
        "no_cost": (
            "You foretell the same seconds for every candidate. A candidate of twice the cost "
            "takes twice as long.",
            _rule(lambda cost, spent, units: spent / units),
        ),
        "too_strict": (
            "A candidate that would just fit runs. Only more than the budget stops.",
            _rule(lambda cost, spent, units: cost * spent / units, border=True),
        ),
        "counts_refused": (
            "The candidate that does not fit does not run, so it does not count.",
            _rule(lambda cost, spent, units: cost * spent / units, late=True),
        ),
    },
    hints=(
        "Keep two sums while you go on: the seconds so far, and the units of cost so far.",
        "`costs[done] * spent / units` is the forecast. Compare it with what is left.",
        "Start with the first candidate's seconds and cost, and `return done` as soon as "
        "`spent + forecast > budget`.",
    ),
    praise="The order decides who runs. What stands at the end of the list runs only if there is "
    "time: look what a tool has skipped.",
)


# Exercise 2: which way? ----------------------------------------------------------------------

lab.match(
    "which way?",
    right={
        "a": "Canvas",
        "b": "Autopilot API",
        "c": "built-in",
        "d": "script",
        "e": "Autopilot API",
        "f": "script",
    },
    options=("Canvas", "Autopilot API", "built-in", "script"),
    mistakes={
        "analyst": ("In a nobody writes code, and a person clicks.", "a"),
        "pipeline": (
            "In b a leaderboard is wanted, but started by a machine every week.",
            "b",
        ),
        "one": (
            "In c one known algorithm is to be tuned, with its own metric and its own ranges. "
            "SageMaker ships the algorithm; what is then left to write?",
            "c",
        ),
        "folds": (
            "In d somebody has to write the folds. Which way lets you write how the training "
            "itself is judged?",
            "d",
        ),
        "channel": (
            "In e a leaderboard is wanted, and one month of your own as validation. A request "
            "can name that channel, and its objective is one of the six.",
            "e",
        ),
        "objective": (
            "In f look at the objectives that a leaderboard takes. Euros are not among them, "
            "nor a loss of your own.",
            "f",
        ),
    },
    hints=(
        "Two questions: is a leaderboard wanted at all, and does the case need something that "
        "only code can say?",
        "Euros and folds of your own are code. A channel of your own for validation is a line "
        "in a request.",
    ),
    praise="Start with the highest level that can say what you know. Go down only for what it "
    "cannot say.",
)
