"""Exercises of the lab prepare/bias."""

from collections.abc import Callable, Mapping

import numpy as np

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("prepare/bias")

lab.predict("without_the_column", options=("lower", "tie", "higher", "undecided"))


# Exercise 1: DPL above a threshold --------------------------------------------------------

_PEOPLE = [
    (
        np.array([22, 25, 30, 35, 39, 40, 40, 41, 45, 50, 60, 60]),
        np.array([0, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0]),
        40,
    ),
    (np.array([30, 31, 32, 33, 34, 35, 36]), np.array([1, 0, 1, 1, 1, 0, 0]), 33),
    # Here the older ones repay more often: below zero.
    (
        np.array([20, 61, 40, 45, 40, 52, 33, 70]),
        np.array([0, 1, 0, 1, 1, 1, 0, 0]),
        40,
    ),
    # As many on both sides, and nothing between them.
    (np.array([20, 30, 50, 60]), np.array([1, 0, 0, 1]), 40),
]


def _dpl(above: Callable) -> Callable:
    """Return DPL as a function, with those in d for whom `above` holds."""

    def dpl(age: np.ndarray, repaid: np.ndarray, threshold: float) -> float:
        d = above(age, threshold)
        return repaid[~d].mean() - repaid[d].mean()

    return dpl


def _turned(function: Callable) -> Callable:
    return lambda *arguments: -function(*arguments)


def _ratio(age: np.ndarray, repaid: np.ndarray, threshold: float) -> float:
    d = age > threshold
    return repaid[d].mean() / repaid[~d].mean()


def _of_all(age: np.ndarray, repaid: np.ndarray, threshold: float) -> float:
    d = age > threshold
    return (repaid[~d].sum() - repaid[d].sum()) / len(repaid)


lab.function(
    "DPL as Clarify would compute it",
    cases=_PEOPLE,
    right=_dpl(np.greater),
    mistakes={
        "inclusive": (
            "You put those exactly at the threshold into d. Clarify writes `(threshold, max]`: d are "
            "those strictly above.",
            _dpl(np.greater_equal),
        ),
        "favoured": (
            "Your sign is turned round. The named side is d, the disfavoured one, and DPL is the share "
            "of a minus the share of d.",
            _turned(_dpl(np.greater)),
            _turned(_dpl(np.greater_equal)),
        ),
        "unsigned": (
            "You return the size of the difference. The sign says which group has more positives: "
            "below zero, it is d.",
            lambda *people: abs(_dpl(np.greater)(*people)),
            lambda *people: abs(_dpl(np.greater_equal)(*people)),
        ),
        "ratio": (
            "You divide the shares, as DI does for predictions. DPL is a difference.",
            _ratio,
            lambda *people: 1 / _ratio(*people),
        ),
        "of_all": (
            "You divide by all people. A share of positives is counted within its own group.",
            _of_all,
        ),
    },
    hints=(
        "Two questions decide: does somebody exactly at the threshold belong to d? And is it a minus d "
        "or d minus a?",
        "In Clarify the interval is `(threshold, max]`, and it is d. DPL is the share of a minus the "
        "share of d.",
        "`d = age > threshold`, then `repaid[~d].mean() - repaid[d].mean()`.",
    ),
    praise="Who is d, and is the threshold inside? Two questions to ask of every bias report.",
)


# Exercise 2: conditional demographic disparity --------------------------------------------


def _applicants(
    cells: Mapping[str, tuple[int, int, int, int]],
) -> tuple[np.ndarray, ...]:
    """Return d, positive and group of each row, from counts (d no, d yes, a no, a yes)."""
    kinds = [(True, False), (True, True), (False, False), (False, True)]
    rows = [
        (*kind, name)
        for name, numbers in cells.items()
        for kind, n in zip(kinds, numbers, strict=True)
        for _ in range(n)
    ]
    d, positive, group = zip(*rows, strict=True)
    return np.array(d), np.array(positive), np.array(group)


_APPLICATIONS = [
    _applicants({"X": (2, 9, 8, 16), "Y": (11, 2, 5, 1)}),
    _applicants({"X": (1, 3, 4, 2), "Y": (5, 5, 2, 7), "Z": (9, 1, 12, 8)}),
]


def disparity(d: np.ndarray, positive: np.ndarray) -> float:
    """Return the share of d among the negatives minus that among the positives."""
    return d[~positive].mean() - d[positive].mean()


def cdd(
    d: np.ndarray, positive: np.ndarray, group: np.ndarray, *, equal=False
) -> float:
    """Return the mean disparity over groups, weighted by rows unless `equal`."""
    parts = [group == name for name in np.unique(group)]
    values = [disparity(d[here], positive[here]) for here in parts]
    return float(
        np.average(values, weights=None if equal else [h.sum() for h in parts])
    )


def rates_apart(d: np.ndarray, positive: np.ndarray, group: np.ndarray) -> float:
    """Return the weighted mean over groups of DPL, which is not CDD."""
    parts = [group == name for name in np.unique(group)]
    gaps = [positive[h & ~d].mean() - positive[h & d].mean() for h in parts]
    return float(np.average(gaps, weights=[h.sum() for h in parts]))


@lab.exercise(
    "conditional demographic disparity",
    hints=(
        "Stay inside one group first. Who are the rejected there, and how many of 100 of them belong to "
        "d? And of the accepted?",
        "`d[here & ~positive].mean() - d[here & positive].mean()` is the disparity of the group "
        "`here`. A group counts by its rows.",
        "Sum over the groups: `here.mean() * disparity`, where `here = group == name`.",
    ),
    misconceptions={
        "unweighted": "You take the plain mean over groups. A department of ten people would count as "
        "much as one of a thousand: weight each group by its rows.",
        "no_group": "This is the disparity of the whole table. The groups play no part in it.",
        "sign": "Your sign is turned round: above 0 must mean that d is over-represented among the "
        "rejected.",
        "rates": "You compare how often a and d are accepted. Demographic disparity looks from the "
        "other side: what share of the rejected, and of the accepted, belongs to d?",
        "other": "Expected {expected:.3f}; yours gave {got:.3f}.",
    },
    praise="The formula is short. Which group to give it is the hard part.",
)
def ex2(conditional_disparity: Callable) -> Wrong | None:
    """Any function with the right values passes."""
    got = np.array(
        [
            float(conditional_disparity(*(x.copy() for x in rows)))
            for rows in _APPLICATIONS
        ]
    )

    def like(formula: Callable) -> bool:
        return bool(np.allclose(got, [formula(*rows) for rows in _APPLICATIONS]))

    if like(cdd):
        return None
    if like(lambda *rows: cdd(*rows, equal=True)):
        return wrong("unweighted")
    if like(lambda d, positive, group: disparity(d, positive)):
        return wrong("no_group")
    if like(lambda *rows: -cdd(*rows)):
        return wrong("sign")
    if like(rates_apart):
        return wrong("rates")
    expected = np.array([cdd(*rows) for rows in _APPLICATIONS])
    bad = int(np.flatnonzero(~np.isclose(got, expected))[0])
    return wrong("other", expected=expected[bad], got=got[bad])


# Exercise 3: reweighing ------------------------------------------------------------------

_CELLS = {("a", 0): 5, ("a", 1): 7, ("d", 0): 6, ("d", 1): 2, ("e", 0): 3, ("e", 1): 3}
_ROWS = [pair for pair, n in _CELLS.items() for _ in range(n)]
_ORDER = np.random.default_rng(0).permutation(len(_ROWS))
FACET = np.array([_ROWS[i][0] for i in _ORDER])
LABEL = np.array([_ROWS[i][1] for i in _ORDER])


def _right_weights(facet: np.ndarray, label: np.ndarray) -> np.ndarray:
    pairs = list(zip(facet.tolist(), label.tolist(), strict=True))
    n = len(pairs)
    return np.array(
        [
            (facet == s).sum() * (label == y).sum() / (n * pairs.count((s, y)))
            for s, y in pairs
        ]
    )


@lab.exercise(
    "weights that make facet and label independent",
    hints=(
        "If facet and label were independent, how many rows of 26 would have the facet of 8 rows and "
        "the label of 12?",
        "A pair would hold `n_s * n_y / n` rows and holds `n_sy`. Which factor brings one to the other?",
        "The weight of a row is `n_s * n_y / (n * n_sy)`, with the counts of its own facet and label.",
    ),
    misconceptions={
        "length": "Return one weight a row, in the order of the rows; yours have the shape {shape}.",
        "not_positive": "Weights have to be finite and above 0.",
        "upside_down": "Upside down: rows that are too many get more weight still. Divide what the pair "
        "would hold by what it holds.",
        "shares": "Weighted, facet and label are independent, but their shares changed: with your weights "
        "facet {facet!r} has {got:.2f} of the weight, and {expected:.2f} of the rows.",
        "label_share": "Weighted, facet and label are independent, but the label 1 has {got:.2f} of the "
        "weight, and {expected:.2f} of the rows.",
        "dependent": "Weighted, the share of label 1 still differs between facets: from {low:.2f} to "
        "{high:.2f}.",
        "uneven": "Rows of the same facet and label should get the same weight: nothing tells them "
        "apart.",
    },
    praise="Any multiple of these weights trains the same model, up to the penalty.",
)
def ex3(weights: Callable) -> Wrong | None:
    """Weights pass by what they do; a common factor is free."""
    got = np.asarray(weights(FACET.copy(), LABEL.copy()), dtype=float)
    if got.shape != FACET.shape:
        return wrong("length", shape=got.shape)
    if not (np.isfinite(got).all() and (got > 0).all()):
        return wrong("not_positive")
    got = got / got.mean()
    expected = _right_weights(FACET, LABEL)
    if np.allclose(got, expected):
        return None
    turned = 1 / expected
    if np.allclose(got, turned / turned.mean()):
        return wrong("upside_down")
    names = np.unique(FACET)
    rates = [np.average(LABEL[s == FACET], weights=got[s == FACET]) for s in names]
    if not np.allclose(rates, rates[0]):
        return wrong("dependent", low=min(rates), high=max(rates))
    for s in names:
        share = got[s == FACET].sum() / len(got)
        if not np.isclose(share, (s == FACET).mean()):
            return wrong(
                "shares", facet=str(s), got=share, expected=(s == FACET).mean()
            )
    if not np.isclose(rates[0], LABEL.mean()):
        return wrong("label_share", got=rates[0], expected=LABEL.mean())
    return wrong("uneven")


# Exercise 4: which metric for which question? --------------------------------------------

lab.match(
    "which metric for which question?",
    right={"a": "CI", "b": "DI", "c": "RD", "d": "CDDL", "e": "FT"},
    options=("CI", "CDDL", "DI", "RD", "DAR", "AD", "FT"),
    mistakes={
        "presence": (
            "There is no label and no model yet. {got} needs at least one of them; the "
            "question is only who is in the table.",
            "a",
        ),
        "offers": (
            "The regulator compares shares of offers, whether deserved or not. {got} is about "
            "something else.",
            "b",
        ),
        "deserving": (
            "The question is about people who would have paid back: among the observed "
            "positives, how many were found? {got} looks at other people.",
            "c",
        ),
        "offices": (
            "The offices differ in how many they take, so compare inside each one. There is "
            "no model; {got} does not do that.",
            "d",
        ),
        "twin": (
            "She asks about one similar person, not about shares of groups. {got} compares "
            "groups.",
            "e",
        ),
    },
    hints=(
        "Ask of each question: is there a label, is there a model? And is the comparison about "
        "everybody, about some people, or about one person?",
        "Of the people who *would have paid back*: a share among observed positives. Of the people who "
        "*got an offer*: a share among predicted positives.",
        "One question compares within groups, one compares a person with her neighbours.",
    ),
    praise="Each metric answers one question. Write the question down first.",
)
