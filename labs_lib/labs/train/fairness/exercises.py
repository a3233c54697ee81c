"""Exercises of the lab train/fairness."""

from collections.abc import Callable

import numpy as np

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/fairness")

lab.predict("without_the_column", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: which metric for which question? --------------------------------------------

lab.match(
    "which metric for which question?",
    right={"a": "DI", "b": "RD", "c": "DAR", "d": "CDDPL", "e": "FT"},
    options=("DI", "RD", "DAR", "AD", "CDDPL", "FT"),
    mistakes={
        "offers": (
            "The regulator compares shares of offers, whether deserved or not. {got} is about "
            "something else.",
            "a",
        ),
        "deserving": (
            "The question is about people who would have paid back: among the observed "
            "positives, how many were found? {got} looks at other people.",
            "b",
        ),
        "investor": (
            "The investor looks at those who *got* a loan: how many of them were rightly chosen? "
            "{got} looks at other people.",
            "c",
        ),
        "branches": (
            "The branches differ in how many they take, so compare inside each one. {got} does "
            "not do that.",
            "d",
        ),
        "twin": (
            "She asks about one similar person, not about shares of groups. {got} compares "
            "groups.",
            "e",
        ),
    },
    hints=(
        "Ask of each question: is the comparison about everybody, about some people, or about one "
        "person?",
        "Of the people who *would have paid back*: a share among observed positives. Of the people "
        "who *got a loan*: a share among predicted positives.",
        "One question compares inside branches, one compares a person with her neighbours. AD is "
        "for none of them.",
    ),
    praise="Each metric answers one question. Write the question down first.",
)


# Exercise 2: reweighing ------------------------------------------------------------------

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
        "not_positive": "Weights have to be finite and above 0, in each row: also in rows of a third facet, "
        "whatever the names of the facets.",
        "upside_down": "Upside down: rows that are too many get more weight still. Divide what the pair "
        "would hold by what it holds.",
        "shares": "Weighted, facet and label are independent, but their shares changed: with your weights "
        "facet {facet!r} has {got:.2f} of the weight, and {expected:.2f} of the rows.",
        "label_share": "Weighted, facet and label are independent, but the label 1 has {got:.2f} of the "
        "weight, and {expected:.2f} of the rows.",
        "dependent": "Weighted, the share of label 1 still differs between facets: from {low:.3f} to "
        "{high:.3f}.",
        "uneven": "Rows of the same facet and label should get the same weight: nothing tells them "
        "apart.",
    },
    praise="Any multiple of these weights trains the same model, up to the penalty.",
)
def ex2(weights: Callable) -> Wrong | None:
    """Weights pass by what they do; a common factor and three digits are free."""
    got = np.asarray(weights(FACET.copy(), LABEL.copy()), dtype=float)
    if got.shape == (len(FACET), 1):
        got = got[:, 0]
    if got.shape != FACET.shape:
        return wrong("length", shape=got.shape)
    if not (np.isfinite(got).all() and (got > 0).all()):
        return wrong("not_positive")
    got = got / got.mean()
    expected = _right_weights(FACET, LABEL)
    if np.allclose(got, expected, rtol=0.002):
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


# Exercise 3: what can hold at once? -------------------------------------------------------

lab.match(
    "what can hold at once?",
    right={"b", "c", "e"},
    options="abcde",
    mistakes={
        "all_three": (
            "Look at a: recall is precision times the share of offers, divided by the share of "
            "positives. If the first two are equal and the last is not, recall differs.",
            "a",
        ),
        "no_error": (
            "In d there is no error, so offers go to the positives and to nobody else. Then the "
            "shares of offers are the shares of positives, which differ.",
            "d",
        ),
        "misses_b": (
            "b only says nothing about recall: it may differ, so b can hold.",
            "b",
        ),
        "misses_c": (
            "In c the shares of offers may differ. Let them differ as the shares of positives do.",
            "c",
        ),
        "misses_e": (
            "Without any error, precision and recall are 1 in both groups, so e holds.",
            "e",
        ),
    },
    hints=(
        "Write recall = precision * offers / positives for both groups. Which factors are equal, "
        "which are free?",
        "If two of the three are equal, what has the third to be, given that the shares of positives "
        "differ?",
        "A model without any error offers to the positives and to nobody else.",
    ),
    praise="Two of the three go together, never all three while the shares of positives differ. "
    "Which two is a decision, not a computation.",
)
