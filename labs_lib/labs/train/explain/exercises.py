"""Exercises of the lab train/explain."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/explain")

lab.predict("global_shap", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: from one-hot columns to columns ---------------------------------------------

_CONTRIBUTIONS = np.array(
    [
        [0.5, -0.3, 0.4, 0.1, -0.2],
        [-0.1, 0.6, -0.4, 0.0, 0.3],
        [0.2, -0.2, 0.6, -0.1, 0.0],
        [-0.4, 0.1, -0.2, 0.2, -0.3],
    ]
)
_OWNER = ["channel", "channel", "hour", "band", "band"]


def _by_owner(values: np.ndarray) -> dict[str, np.ndarray]:
    return {
        name: values[..., [owner == name for owner in _OWNER]].sum(axis=-1)
        for name in ("channel", "hour", "band")
    }


def _close(got: Mapping, expected: Mapping) -> bool:
    return all(np.isclose(got[name], expected[name]) for name in expected)


@lab.exercise(
    "from one-hot columns to columns",
    hints=(
        "What did the channel of one payment contribute? Add first, then ask how large it is.",
        "In each row, add the columns with the same owner; only then take absolute values.",
        "`pd.DataFrame(contributions, columns=owner).T.groupby(level=0).sum().T.abs().mean()`",
    ),
    misconceptions={
        "not_joined": "Give one number for each of the names in `owner`, each name once: "
        "{expected}. Yours has {got}.",
        "abs_first": "You take absolute values before you add. The chip and the swipe column of "
        "one payment often pull in opposite directions; what is left of the two is what the "
        "channel contributed.",
        "no_abs": "Values of different rows cancel: a column that raises half of the scores and "
        "lowers the other half would count for nothing. Take the absolute value of each row.",
        "sum": "You add up the rows. Then a data set of twice the size has columns of twice the "
        "importance; take the mean.",
        "other": "For {name}, expected {expected:.3f}; yours is {got:.3f}.",
    },
    praise="Additivity makes this legal: the contributions of a group are their sum.",
)
def ex1(global_importance: Callable) -> Wrong | None:
    """Any mapping from name to the mean absolute sum passes."""
    got = global_importance(_CONTRIBUTIONS.copy(), list(_OWNER))
    got = dict(got) if isinstance(got, Mapping | pd.Series) else {}
    expected = {n: np.abs(v).mean() for n, v in _by_owner(_CONTRIBUTIONS).items()}
    if sorted(got) != sorted(expected):
        return wrong(
            "not_joined",
            expected=", ".join(expected),
            got=", ".join(map(str, got)) or "none",
        )
    if not all(np.ndim(value) == 0 for value in got.values()):
        return wrong(
            "not_joined", expected=", ".join(expected), got="more than one each"
        )
    if _close(got, expected):
        return None
    mistakes = {
        "abs_first": _by_owner(np.abs(_CONTRIBUTIONS).mean(axis=0)),
        "no_abs": {n: v.mean() for n, v in _by_owner(_CONTRIBUTIONS).items()},
        "sum": {n: np.abs(v).sum() for n, v in _by_owner(_CONTRIBUTIONS).items()},
    }
    mistakes["no_abs, late"] = {n: abs(v) for n, v in mistakes["no_abs"].items()}
    for name, values in mistakes.items():
        if _close(got, values):
            return wrong(name.split(",")[0])
    bad = next(n for n in expected if not np.isclose(got[n], expected[n]))
    return wrong("other", name=bad, expected=expected[bad], got=float(got[bad]))


# Exercise 2: what the mean curve hides ---------------------------------------------------

_GRID = np.linspace(-1, 1, 5)
_PARALLEL = np.array([_GRID, _GRID + 3, _GRID - 1])
_CROSSING = np.array([_GRID, -_GRID, 2 * _GRID, -2 * _GRID])
_PARTLY = np.array([3 * _GRID, _GRID + 1, _GRID**2])


def _hidden(curves: np.ndarray) -> float:
    return 1 - curves.mean(axis=0).var() / curves.var(axis=1).mean()


@lab.exercise(
    "what the mean curve hides",
    hints=(
        "How far does a single curve move along the grid? How far does the mean curve?",
        "`curves.var(axis=1)` is the movement of each curve, `curves.mean(axis=0)` the partial "
        "dependence.",
        "One minus the variance of the mean curve, divided by the mean of the single variances.",
    ),
    misconceptions={
        "levels": "For curves that are parallel your answer is {got:.2f}; nothing is hidden "
        "there. That one payment starts higher than another is a matter of its other columns: "
        "look at movement along the grid only.",
        "shown": "You return the share that the mean curve shows. The question is for the rest.",
        "spread": "You compare standard deviations. Movement is measured as variance here, "
        "which makes the two shares add up to one.",
        "other": "For curves that partly agree, expected {expected:.3f}; yours is {got:.3f}.",
    },
    praise="It is worth a line under every partial dependence plot: near zero, the mean curve "
    "speaks for all rows.",
)
def ex2(hidden_share: Callable) -> Wrong | None:
    """Any function with the right values passes."""
    cases = (_PARALLEL, _CROSSING, _PARTLY)
    got = [float(hidden_share(curves.copy())) for curves in cases]
    expected = [_hidden(curves) for curves in cases]
    if np.allclose(got, expected):
        return None
    if np.allclose(got, [1 - value for value in expected]):
        return wrong("shown")
    by_spread = [1 - c.mean(axis=0).std() / c.std(axis=1).mean() for c in cases]
    if np.allclose(got, by_spread):
        return wrong("spread")
    if not np.isclose(got[0], 0):
        return wrong("levels", got=got[0])
    return wrong("other", expected=expected[2], got=got[2])


# Exercise 3: reason codes ----------------------------------------------------------------

_VALUES = {
    "amount_cents": 0.40,
    "amount_local": 0.45,
    "hour": 0.62,
    "distance_km": 0.15,
    "age_band": -0.90,
    "device": -0.02,
}
# The copy lowers the score: only the two together say what the amount did.
_AGAINST = {"amount_local": -0.30, "amount_cents": 0.50, "hour": 0.35, "device": 0.10}
_CANCELLED = {"hour": 0.20, "amount_cents": 0.25, "amount_local": -0.25, "device": 0.30}
_GROUPS = {"amount_local": "amount_cents"}


def _reasons(
    values: dict[str, float],
    groups: dict[str, str],
    k: int,
    *,
    size: Callable = float,
    raised: Callable = lambda value: value > 0,
    falling: bool = True,
    first: Callable = lambda value: True,
) -> list[str]:
    total: dict[str, float] = {}
    for name, value in values.items():
        if first(value):
            name = groups.get(name, name)
            total[name] = total.get(name, 0) + value
    kept = [name for name in total if raised(total[name])]
    return sorted(kept, key=lambda n: size(total[n]), reverse=falling)[:k]


lab.function(
    "reason codes",
    cases=(
        (_VALUES, _GROUPS, 2),
        (_VALUES, _GROUPS, 10),
        (_AGAINST, _GROUPS, 2),
        (_CANCELLED, _GROUPS, 3),
        (_VALUES, {}, 3),
        ({"hour": -0.2, "device": 0.0}, _GROUPS, 3),
    ),
    right=_reasons,
    mistakes={
        "absolute": (
            "You list what lowered the score. A reason for a decline has to have pushed towards it, "
            "however large the others are.",
            lambda *given: _reasons(*given, size=abs, raised=lambda value: True),
            lambda *given: _reasons(*given, size=abs, raised=lambda value: value != 0),
        ),
        "twice": (
            "The amount and its copy in local currency stand apart. They are one fact: split in two, "
            "each half looks smaller than it is, or the reader is told it twice.",
            lambda values, groups, k: _reasons(values, {}, k),
        ),
        "dropped_first": (
            "You drop what lowered the score before you add up the columns that say the same. A copy "
            "may take back what the other gave: add first, then ask what is above zero.",
            lambda *given: _reasons(*given, first=lambda value: value > 0),
        ),
        "padded": (
            "Asked for more reasons than there are, you list some that raised nothing. Fewer true "
            "reasons are better than a full list.",
            lambda *given: _reasons(*given, raised=lambda value: True),
            lambda *given: _reasons(*given, raised=lambda value: value >= 0),
        ),
        "order": (
            "The largest reason comes first.",
            lambda *given: _reasons(*given, falling=False),
            lambda values, groups, k: _reasons(values, groups, k)[::-1],
        ),
        "too_many": (
            "You give every reason there is; at most k were asked for.",
            lambda values, groups, k: _reasons(values, groups, 99),
        ),
    },
    hints=(
        "Which columns pushed this score towards a decline? Which two say the same thing?",
        "Add up by `groups.get(name, name)`, keep what is above zero, sort from large to small.",
        "`total = {}`; for each name and value add to `total[groups.get(name, name)]`; then "
        "`sorted((n for n in total if total[n] > 0), key=total.get, reverse=True)[:k]`.",
    ),
    praise="A list of reasons describes the score. Whether the reasons caused anything in the "
    "world, it does not say.",
)


# Exercise 4: what the letter may say -----------------------------------------------------


lab.match(
    "what the letter may say",
    right={"a": True, "b": False, "c": True, "d": False},
    mistakes={
        "cause": (
            "Sentence b says what would happen in the world. You saw the opposite: with "
            "another local amount the score moved, the true risk did not.",
            "b",
        ),
        "group": (
            "Sentence d makes a rule about people from what one column added to one score. "
            "The age has no effect in this world; here it stands in for what goes with it.",
            "d",
        ),
        "score_denied": (
            "Sentences a and c are about the score alone, and you can check them with the "
            "model in hand. They may stand.",
            lambda may: not (may["a"] and may["c"]),
        ),
    },
    hints=(
        "Two of the sentences are about the score. Which of them could be checked by asking the "
        "model again?",
        "A sentence about the world, or about other people, cannot be checked by asking the "
        "model.",
        "a and c speak of the score; b and d of the world.",
    ),
    praise="Explanations answer for the model. For the world you need an experiment, or a "
    "published law as here.",
)
