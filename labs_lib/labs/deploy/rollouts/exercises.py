"""Exercises of the lab deploy/rollouts."""

import math

from labs_lib.course.lab import Lab

lab = Lab("deploy/rollouts")

lab.predict("damage", options=("higher", "lower", "no difference shown"))


# Exercise 1: where is it blind? ----------------------------------------------------------


def _within(rate: float) -> float:
    return min(max(rate, 0.0), 1.0)


def _rate(share: float, threshold: float, usual: float) -> float:
    return (threshold - (1 - share) * usual) / share


lab.function(
    "where is it blind?",
    cases=(
        (0.1, 0.05, 0.001),
        (0.25, 0.05, 0.02),
        (0.1, 0.10, 0.05),
        (1.0, 0.05, 0.001),
        (0.05, 0.10, 0.0),
        (0.5, 0.5, 0.0),
        (0.5, 0.02, 0.05),
        (0.2, 0.05, 0.05),
        (0.4, 0.3, 0.0),
    ),
    right=lambda share, threshold, usual: _within(_rate(share, threshold, usual)),
    mistakes={
        "old_is_perfect": (
            "You take the old model to be without errors. It answers the rest of the traffic, "
            "and its usual errors are in the alarm's rate too.",
            lambda share, threshold, usual: _within(threshold / share),
            lambda share, threshold, usual: threshold / share,
        ),
        "old_counts_whole": (
            "You take off the usual errors as if the old model still answered everything. It "
            "answers only the traffic that the new one does not get.",
            lambda share, threshold, usual: _within((threshold - usual) / share),
            lambda share, threshold, usual: (threshold - usual) / share,
        ),
        "no_share": (
            "That would be the rate if the new model answered everything. It answers a share; "
            "the rest dilutes its errors.",
            lambda share, threshold, usual: threshold,
        ),
        "multiplied": (
            "You multiplied by the share. The errors of a small share are diluted, so the new "
            "model has to err more, not less, before the alarm sees it.",
            lambda share, threshold, usual: threshold * share,
        ),
        "outside": (
            "The formula is right. But a rate lies from 0 to 1: for {arguments} you gave {got}. "
            "Above 1 no severity is enough; below 0 the old model alone is over the threshold.",
            _rate,
            lambda share, threshold, usual: min(_rate(share, threshold, usual), 1.0),
            lambda share, threshold, usual: max(_rate(share, threshold, usual), 0.0),
        ),
        "exchanged": (
            "You gave the old model the new one's share of the traffic, and the other way round.",
            lambda share, threshold, usual: _within(
                (threshold - share * usual) / (1 - share) if share < 1 else 1.0
            ),
        ),
    },
    hints=(
        "Write down the rate of all answers: two parts, one for each model, each with its share "
        "of the traffic.",
        "`share * rate + (1 - share) * usual` is to equal `threshold`. Solve it for `rate`, and "
        "keep it from 0 to 1.",
        "`min(max((threshold - (1 - share) * usual) / share, 0), 1)`",
    ),
    praise="With a tenth of the traffic and a threshold of a twentieth, the alarm is blind up to "
    "about one error in two answers.",
)


# Exercise 2: how long must it bake? ------------------------------------------------------


def _bake(
    traffic: float,
    share: float,
    severity: float,
    chance: float,
    *,
    to_whole=math.ceil,
) -> float:
    return to_whole(-math.log(1 - chance) / (traffic * share * severity))


lab.function(
    "how long must it bake?",
    cases=(
        (1, 0.1, 0.3, 0.95),
        (5, 0.1, 0.1, 0.9),
        (20, 0.1, 0.02, 0.95),
        (1, 1.0, 0.02, 0.5),
        (600, 0.1, 0.3, 0.95),
        (20, 0.25, 0.1, 0.99),
        (60, 0.5, 1.0, 0.0),
        (3, 0.2, 1.0, 0.8),
    ),
    right=_bake,
    mistakes={
        "rounded_down": (
            "With that many minutes the chance is a little too small. Round up.",
            lambda *a: _bake(*a, to_whole=math.floor),
            lambda *a: _bake(*a, to_whole=round),
        ),
        "not_whole": (
            "The number is right, but whole minutes are wanted. Round up.",
            lambda *a: _bake(*a, to_whole=float),
        ),
        "one_more": (
            "One minute less is enough.",
            lambda *a: _bake(*a, to_whole=math.floor) + 1,
            lambda *a: _bake(*a) + 1,
        ),
        "no_share": (
            "The canary does not get all traffic. Only a share of the payments reaches it.",
            lambda traffic, share, severity, chance: _bake(
                traffic, 1, severity, chance
            ),
        ),
        "no_severity": (
            "Not each answer of the new model is bad, only a share `severity` of them.",
            lambda traffic, share, severity, chance: _bake(traffic, share, 1, chance),
        ),
        "mean": (
            "That is when one bad answer is expected. There is still none with probability "
            "`exp(-1)`, more than a third. `chance` has to come in.",
            lambda traffic, share, severity, chance: math.ceil(
                1 / (traffic * share * severity)
            ),
        ),
        "times_chance": (
            "You take the expected number for a probability. The chance of at least one is "
            "1 minus the chance of none, `exp(-expected)`.",
            lambda traffic, share, severity, chance: math.ceil(
                chance / (traffic * share * severity)
            ),
        ),
        "turned": (
            "That is the time until none is left with probability `chance`. Wanted is a bad "
            "answer with this probability: none has what is left, 1 minus `chance`.",
            lambda traffic, share, severity, chance: (
                _bake(traffic, share, severity, 1 - chance) if chance else 10**9
            ),
        ),
        "log10": (
            "You took the logarithm to base 10. `exp` belongs to the natural one.",
            lambda traffic, share, severity, chance: math.ceil(
                -math.log10(1 - chance) / (traffic * share * severity)
            ),
        ),
    },
    hints=(
        "How many bad answers are expected in a minute? And in `n` minutes?",
        "None comes with probability `exp(-n * traffic * share * severity)`. It may be `1 - chance` "
        "at most.",
        "`-np.log(1 - chance) / (traffic * share * severity)`, rounded up",
    ),
    praise="Put in the traffic of your quietest hour before you choose the canary.",
)


# Exercise 3: what sees it? ---------------------------------------------------------------


lab.match(
    "what sees it?",
    right={
        "a": "errors",
        "b": "health check",
        "c": "latency",
        "d": "labels",
        "e": "flags",
    },
    options=("health check", "errors", "latency", "flags", "labels"),
    mistakes={
        "raises": (
            "In a an error is raised for a payment. Which metric counts answers with an error?",
            "a",
        ),
        "starts": (
            "In b the model is not even loaded. Does such an instance get a payment at all?",
            "b",
        ),
        "slow": (
            "In c each answer comes, and is right. What about it has changed?",
            "c",
        ),
        "exchanged": (
            "In d the scores only change owners. As many payments are flagged as before. Who can "
            "tell that they are the wrong ones?",
            "d",
        ),
        "harmless": (
            "In e fewer payments are flagged than before, from the first minute. Nobody has to "
            "wait for the truth to see that. An alarm can look for too few, too.",
            "e",
        ),
    },
    hints=(
        "Go through a payment: the instance has to be there, an answer has to come, in time, and "
        "its share of flags has to be usual. What is left, only the truth shows.",
        "Each of the five is used once.",
        "`labels` belongs to d: errors, times and flags are all as before.",
    ),
    praise="The quieter the fault, the later it is seen. For d, compare the scores of both models on "
    "the same payments: that is what a shadow does.",
)
