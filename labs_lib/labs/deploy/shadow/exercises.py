"""Exercises of the lab deploy/shadow."""

from collections.abc import Callable, Mapping

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("deploy/shadow")

lab.predict("logs", options=("higher", "lower", "no difference shown"))


# Exercise 1: how often do they disagree? -------------------------------------------------

Scores = Mapping[str, float]


def _disagreement(
    production: Scores,
    shadow: Scores,
    production_limit: float,
    shadow_limit: float,
    *,
    blocks: Callable[[float, float], bool] = lambda score, limit: score >= limit,
    differ: Callable[[bool, bool], bool] = lambda p, s: p != s,
    among: Callable[[Scores, Scores], float] | None = None,
) -> float:
    common = production.keys() & shadow.keys()
    size = among(production, shadow) if among else len(common)
    found = [
        differ(blocks(production[i], production_limit), blocks(shadow[i], shadow_limit))
        for i in common
    ]
    return sum(found) / size if size else 0.0


def _absent_passes(p: Scores, s: Scores, a: float, b: float) -> float:
    names = p.keys() | s.keys()
    found = [(p.get(i, -1) >= a) != (s.get(i, -1) >= b) for i in names]
    return sum(found) / len(names) if names else 0.0


def _absent_passes_shadow(p: Scores, s: Scores, a: float, b: float) -> float:
    found = [(p[i] >= a) != (s.get(i, -1) >= b) for i in p]
    return sum(found) / len(found) if found else 0.0


def _by_place(p: Scores, s: Scores, a: float, b: float) -> float:
    found = [(x >= a) != (y >= b) for x, y in zip(p.values(), s.values(), strict=False)]
    return sum(found) / len(found) if found else 0.0


_P = {"a": 0.9, "b": 0.2, "c": 0.5, "d": 0.1, "e": 0.7, "f": 0.8}
_S = {"e": 0.1, "c": 0.3, "a": 0.3, "b": 0.4, "z": 0.9}

lab.function(
    "how often do they disagree?",
    cases=(
        (_P, _S, 0.5, 0.3),
        (_P, _S, 0.5, 0.5),
        (_P, _S, 0.6, 0.1),
        (_P, _S, 0.71, 0.2),
        (_S, _P, 0.3, 0.5),
        (_P, dict(list(_P.items())[:3]), 0.5, 0.5),
        (_P, {}, 0.5, 0.5),
        ({}, _S, 0.5, 0.5),
        ({"a": 0.4}, {"b": 0.6}, 0.5, 0.5),
        ({"a": 0.4}, {"a": 0.6}, 0.5, 0.5),
        ({"a": 0.0, "b": 0.2}, {"a": 0.0, "b": 0.1}, 0.0, 0.1),
    ),
    right=_disagreement,
    mistakes={
        "all_requests": (
            "You divide by all of production's requests. Those without a copy were not compared; "
            "they cannot count as agreement.",
            lambda p, s, a, b: _disagreement(p, s, a, b, among=lambda p, s: len(p)),
            lambda p, s, a, b: _disagreement(p, s, a, b, among=lambda p, s: len(p | s)),
        ),
        "copies": (
            "You divide by all of the shadow's answers. One of them may have no answer of "
            "production: only requests that stand in both count.",
            lambda p, s, a, b: _disagreement(p, s, a, b, among=lambda p, s: len(s)),
        ),
        "absent_passes": (
            "You take a request without a copy for one that the shadow lets pass. Nobody asked "
            "the shadow: leave such requests out.",
            _absent_passes,
            _absent_passes_shadow,
        ),
        "one_limit": (
            "You use one threshold for both models. Each has its own.",
            lambda p, s, a, b: _disagreement(p, s, a, a),
            lambda p, s, a, b: _disagreement(p, s, b, b),
        ),
        "above": (
            "A score equal to the threshold is blocked too: at or above.",
            lambda p, s, a, b: _disagreement(p, s, a, b, blocks=lambda x, t: x > t),
        ),
        "shadow_only": (
            "You count what only the shadow blocks. What only production blocks is disagreement "
            "as well.",
            lambda p, s, a, b: _disagreement(
                p, s, a, b, differ=lambda p, s: s and not p
            ),
        ),
        "production_only": (
            "You count what only production blocks. What only the shadow blocks is disagreement "
            "as well.",
            lambda p, s, a, b: _disagreement(
                p, s, a, b, differ=lambda p, s: p and not s
            ),
        ),
        "agreement": (
            "That is the share in which both decide alike.",
            lambda p, s, a, b: _disagreement(p, s, a, b, differ=lambda p, s: p == s),
        ),
        "scores": (
            "You compare scores. Two models may give different scores and decide alike: compare "
            "the decisions.",
            lambda p, s, a, b: (
                sum(p[i] != s[i] for i in p.keys() & s.keys())
                / len(p.keys() & s.keys())
                if p.keys() & s.keys()
                else 0.0
            ),
        ),
        "count": (
            "That is a number of requests. Divide it by the number of requests that both have "
            "answered.",
            lambda p, s, a, b: _disagreement(p, s, a, b, among=lambda p, s: 1),
        ),
        "by_place": (
            "You pair the first score with the first, the second with the second. Copies are "
            "missing and come in another order: pair them by InferenceId.",
            _by_place,
        ),
    },
    hints=(
        "Which InferenceIds stand in both dictionaries? `production.keys() & shadow.keys()`.",
        "For each of them: does production block, does the shadow block, and do these two "
        "answers differ?",
        "`(production[i] >= production_limit) != (shadow[i] >= shadow_limit)` for each common "
        "`i`; then the sum, divided by their number.",
    ),
    praise="This number needs no label. It bounds what the new model can change, for better or "
    "worse.",
)


# Exercise 2: what is missing, and how to get it -------------------------------------------


def _parts(y: np.ndarray, production: np.ndarray, shadow: np.ndarray) -> tuple:
    disputed = y[production & ~shadow]
    return y[shadow & ~production].sum(), np.nansum(disputed), disputed


def _more_frauds(
    y: np.ndarray, production: np.ndarray, shadow: np.ndarray, share: float
) -> float:
    gained, lost, _ = _parts(y, production, shadow)
    return gained - lost / share


def _by_found_share(
    y: np.ndarray, production: np.ndarray, shadow: np.ndarray, share: float
) -> float:
    gained, _, disputed = _parts(y, production, shadow)
    known = ~np.isnan(disputed)
    return gained - (disputed[known].mean() * len(disputed) if known.any() else 0)


_NO, _YES = False, True
_PRODUCTION = np.array([_NO, _NO, _NO, _NO, _YES, _YES, _YES, _YES, _YES, _YES, _YES])
_SHADOW = np.array([_NO, _YES, _YES, _YES, _NO, _NO, _NO, _NO, _NO, _YES, _YES])
_Y = np.array([1, 1, 0, 1, 1, np.nan, 0, np.nan, np.nan, np.nan, np.nan])

lab.function(
    "what is missing, and how to get it",
    cases=(
        (_Y, _PRODUCTION, _SHADOW, 0.4),
        (_Y, _PRODUCTION, _SHADOW, 0.1),
        (_Y, _PRODUCTION, _SHADOW, 1.0),
        (_Y[:4], _PRODUCTION[:4], _SHADOW[:4], 0.2),
        (_Y[4:], _PRODUCTION[4:], _SHADOW[4:], 0.5),
        (_Y[5:6], _PRODUCTION[5:6], _SHADOW[5:6], 0.1),
        (_Y[9:], _PRODUCTION[9:], _SHADOW[9:], 0.25),
        (
            np.array([1.0, 1.0, 1.0]),
            np.array([1, 1, 0]) == 1,
            np.array([_NO, _YES, _YES]),
            0.5,
        ),
        (_Y[:0], _PRODUCTION[:0], _SHADOW[:0], 0.5),
    ),
    right=_more_frauds,
    mistakes={
        "not_weighted": (
            "The frauds among the disputed payments are counted as they are. Only a part of the "
            "disputed were let through: each fraud that you saw stands for 1 / share.",
            lambda y, p, s, share: _more_frauds(y, p, s, 1.0),
        ),
        "multiplied": (
            "You multiply by the share. With a chance of one in ten, a fraud that you saw stands "
            "for ten, not for a tenth.",
            lambda y, p, s, share: _more_frauds(y, p, s, 1 / share),
        ),
        "all_weighted": (
            "You divide both parts by the share. What only the shadow would block has passed "
            "anyway: all of it has labels.",
            lambda y, p, s, share: _more_frauds(y, p, s, 1.0) / share,
        ),
        "gained_weighted": (
            "You divide the wrong part by the share. It belongs to the disputed payments.",
            lambda y, p, s, share: _parts(y, p, s)[0] / share - _parts(y, p, s)[1],
        ),
        "sign": (
            "The sign is turned round: what only production blocks counts against the shadow.",
            lambda y, p, s, share: -_more_frauds(y, p, s, share),
        ),
        "added": (
            "You add the two parts. A fraud that only production blocks is one that the shadow "
            "would miss: it counts against the shadow.",
            lambda y, p, s, share: _parts(y, p, s)[0] + _parts(y, p, s)[1] / share,
        ),
        "logs_alone": (
            "This is what the logs say without the disputed payments: the shadow cannot lose.",
            lambda y, p, s, share: _parts(y, p, s)[0],
        ),
        "unknown_is_fraud": (
            "You count a disputed payment without a label as fraud. Leave it out; those with a "
            "label stand for it.",
            lambda y, p, s, share: (
                _parts(y, p, s)[0] - np.where(np.isnan(y), 1, y)[p & ~s].sum() / share
            ),
            lambda y, p, s, share: (
                _parts(y, p, s)[0] - np.where(np.isnan(y), 1, y)[p & ~s].sum()
            ),
        ),
        "all_blocked": (
            "You count all that production blocks. What both block is no difference between "
            "them.",
            lambda y, p, s, share: y[s & ~p].sum() - np.nansum(y[p]) / share,
        ),
        "all_shadow": (
            "You count all that the shadow blocks. What both block is no difference between "
            "them.",
            lambda y, p, s, share: np.nansum(y[s]) - _parts(y, p, s)[1] / share,
        ),
        "found_share": (
            "You divide by the share that happened to be let through. That is another estimate, "
            "which has none to divide by when nothing was let through. Here the chance itself is "
            "known: use `share`.",
            _by_found_share,
        ),
        "nan": (
            "Your answer is NaN where a disputed payment has no label. Leave those out of the "
            "sum: `np.nansum`.",
            lambda y, p, s, share: y[s & ~p].sum() - y[p & ~s].sum() / share,
        ),
    },
    hints=(
        "Choose the payments of each part: `shadow & ~production`, and the other way round.",
        "In the second part, sum over the labels that exist, and divide by the chance of having "
        "one.",
        "`y[shadow & ~production].sum() - np.nansum(y[production & ~shadow]) / share`",
    ),
    praise="The copies say which payments are disputed. Only they need an experiment, and that "
    "makes it cheap.",
)


# Exercise 3: what a month of copies answers ------------------------------------------------

_ANSWERED = {
    "a": "at once",
    "b": "when labels come",
    "c": "not from copies",
    "d": "at once",
    "e": "not from copies",
    "f": "at once",
}

lab.match(
    "what a month of copies answers",
    right=_ANSWERED,
    options=("at once", "when labels come", "not from copies"),
    mistakes={
        "errors": (
            "In a nobody needs a label: an error shows in the shadow's metrics.",
            "a",
        ),
        "passed": (
            "In b the payments have passed, so production's decision leaves their labels alone. "
            "But a label takes days or weeks.",
            "b",
        ),
        "blocked": (
            "In c production has blocked the payments. What would have become of them?",
            "c",
        ),
        "counts": (
            "In d only decisions are counted, those of both models on the same payments.",
            "d",
        ),
        "behaviour": (
            "In e the shadow would have to act. Nobody has seen a decision of the shadow, so no "
            "customer has answered to one.",
            "e",
        ),
        "latency": (
            "In f the copies are real requests, at the real pace. Look at ModelLatency of the "
            "shadow.",
            "f",
        ),
    },
    hints=(
        "Ask of each: does it need a label? Does that label exist if production has decided?",
        "Three are answered without any label. Two need something that happens only if somebody "
        "acts otherwise.",
    ),
    praise="Whatever depends on an action that was not taken needs an experiment: some let "
    "through at random, or an A/B test.",
)
