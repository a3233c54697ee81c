"""Exercises of the lab prepare/bias."""

from collections.abc import Callable, Mapping

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("prepare/bias")

lab.predict("innocent", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: DPL with a threshold ---------------------------------------------------------

PEOPLE = [
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
    # Few above, few who repaid: here the share of d among those who repaid differs from DPL.
    (
        np.array([21, 25, 28, 30, 33, 38, 40, 44, 51]),
        np.array([1, 0, 1, 0, 0, 1, 0, 1, 0]),
        40,
    ),
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


def _neither(age: np.ndarray, repaid: np.ndarray, threshold: float) -> float:
    """Leave those at the threshold out of both groups."""
    return repaid[age < threshold].mean() - repaid[age > threshold].mean()


def _from_the_labels(age: np.ndarray, repaid: np.ndarray, threshold: float) -> float:
    """Return the disparity: the share of d among the negatives minus among the positives."""
    d = age > threshold
    return d[repaid == 0].mean() - d[repaid == 1].mean()


def _of_all(age: np.ndarray, repaid: np.ndarray, threshold: float) -> float:
    d = age > threshold
    return (repaid[~d].sum() - repaid[d].sum()) / len(repaid)


lab.function(
    "DPL with a threshold",
    cases=PEOPLE,
    right=_dpl(np.greater),
    mistakes={
        "inclusive": (
            "You put those exactly at the threshold into d. They are in a: d are those strictly above.",
            _dpl(np.greater_equal),
        ),
        "favoured": (
            "Your sign is turned round. The named side is d, and DPL is the share of a minus the share "
            "of d.",
            _turned(_dpl(np.greater)),
            _turned(_dpl(np.greater_equal)),
        ),
        "unsigned": (
            "You return the size of the difference. The sign says which group has more positives: "
            "below zero, it is d. Without it you have the distance TVD.",
            lambda *people: abs(_dpl(np.greater)(*people)),
            lambda *people: abs(_dpl(np.greater_equal)(*people)),
        ),
        "ratio": (
            "You divide the shares. DPL is a difference.",
            _ratio,
            lambda *people: 1 / _ratio(*people),
        ),
        "of_all": (
            "You divide by all people. A share of positives is counted within its own group.",
            _of_all,
            _turned(_of_all),
        ),
        "neither": (
            "You leave those exactly at the threshold out of both groups. They are in a: everybody "
            "is in one of the two.",
            _neither,
            _turned(_neither),
        ),
        "from_the_labels": (
            "You ask what share of those who repaid, and of those who did not, belongs to d. DPL goes "
            "the other way: what share of a, and of d, repaid?",
            _from_the_labels,
            _turned(_from_the_labels),
        ),
    },
    hints=(
        "Two questions decide: does somebody exactly at the threshold belong to d? And is it a minus d "
        "or d minus a?",
        "d are those strictly above. DPL is the share of a minus the share of d.",
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


APPLICATIONS = [
    _applicants({"X": (2, 9, 8, 16), "Y": (11, 2, 5, 1)}),
    _applicants({"X": (1, 3, 4, 2), "Y": (5, 5, 2, 7), "Z": (9, 1, 12, 8)}),
    # All rejected in one group, all accepted in another.
    _applicants({"X": (4, 0, 6, 0), "Y": (5, 2, 2, 7), "Z": (0, 3, 0, 1)}),
    # d is ahead: below zero.
    _applicants({"X": (1, 6, 5, 4), "Y": (2, 3, 3, 1)}),
]


def disparity(d: np.ndarray, positive: np.ndarray) -> float:
    """Return the share of d among the negatives minus that among the positives."""
    return d[~positive].mean() - d[positive].mean()


def _over_groups(
    value: Callable[[np.ndarray, np.ndarray], float], *, equal: bool = False
) -> Callable[..., float]:
    """Return the mean over groups of a value, weighted by rows unless `equal`."""

    def mean(d: np.ndarray, positive: np.ndarray, group: np.ndarray) -> float:
        parts = [group == name for name in np.unique(group)]
        mixed = [positive[p].any() and not positive[p].all() for p in parts]
        values = [
            value(d[p], positive[p]) if m else 0.0
            for p, m in zip(parts, mixed, strict=True)
        ]
        sizes = None if equal else [p.sum() for p in parts]
        return float(np.average(values, weights=sizes))

    return mean


def _empty_as_zero(d: np.ndarray, positive: np.ndarray, group: np.ndarray) -> float:
    """Take the share of d among nobody as 0."""
    total = 0.0
    for name in np.unique(group):
        here = group == name
        no, yes = here & ~positive, here & positive
        shares = [d[part].mean() if part.any() else 0.0 for part in (no, yes)]
        total += here.mean() * (shares[0] - shares[1])
    return total


def _with_both(
    d: np.ndarray, positive: np.ndarray, group: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return the rows of the groups that have both answers."""
    mixed = np.array(
        [len(np.unique(positive[group == name])) > 1 for name in group], dtype=bool
    )
    return d[mixed], positive[mixed], group[mixed]


def _mixed_only(d: np.ndarray, positive: np.ndarray, group: np.ndarray) -> float:
    """Leave groups with one answer out, also of the weights."""
    return _over_groups(disparity)(*_with_both(d, positive, group))


def _rates_apart(d: np.ndarray, positive: np.ndarray) -> float:
    return positive[~d].mean() - positive[d].mean()


cdd = _over_groups(disparity)

lab.function(
    "conditional demographic disparity",
    cases=APPLICATIONS,
    right=cdd,
    mistakes={
        "unweighted": (
            "You take the plain mean over groups. A department of ten people would count as much as "
            "one of a thousand: weight each group by its rows.",
            _over_groups(disparity, equal=True),
            lambda *rows: _over_groups(disparity, equal=True)(*_with_both(*rows)),
        ),
        "no_group": (
            "This is the disparity of the whole table. The groups play no part in it.",
            lambda d, positive, group: disparity(d, positive),
        ),
        "sign": (
            "Your sign is turned round: above 0 must mean that d is over-represented among the "
            "rejected.",
            _turned(cdd),
        ),
        "rates": (
            "You compare how often a and d are accepted. Demographic disparity looks from the other "
            "side: what share of the rejected, and of the accepted, belongs to d?",
            _over_groups(_rates_apart),
        ),
        "unsigned": (
            "You lose the sign inside the groups. Where d is ahead, the disparity is below 0.",
            _over_groups(lambda d, positive: abs(disparity(d, positive))),
            lambda *rows: abs(cdd(*rows)),
        ),
        "empty": (
            "Where everybody was rejected there are no accepted people, and you count the share of d "
            "among them as 0. That leaves a disparity where nobody was treated differently.",
            _empty_as_zero,
        ),
        "left_out": (
            "You leave groups with one answer out of the weights too. They have no disparity, but "
            "their people count.",
            _mixed_only,
        ),
    },
    hints=(
        "Stay inside one group first. Who are the rejected there, and how many of 100 of them belong to "
        "d? And of the accepted?",
        "`d[here & ~positive].mean() - d[here & positive].mean()` is the disparity of the group "
        "`here`. Which groups have no such value?",
        "Sum `here.mean() * disparity` over the groups that have both answers.",
    ),
    praise="The formula is short. Which group to give it is the hard part.",
)
