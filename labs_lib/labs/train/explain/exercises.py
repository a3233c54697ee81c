"""Exercises of the lab train/explain."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from labs_lib.course import answers
from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/explain")

lab.predict(
    "winner",
    options=("SHAP by both", "ICE by both", "each by its own", "no difference shown"),
)


# Exercise 1: from one-hot columns to columns ---------------------------------------------

_CONTRIBUTIONS = np.array(
    [
        [0.5, -0.3, 0.4, 0.1, -0.2],
        [-0.1, 0.6, -0.4, 0.0, 0.3],
        [0.2, -0.2, 0.6, -0.1, 0.0],
        [-0.4, 0.1, -0.2, 0.2, -0.3],
    ]
)
_OWNER = ["channel", "hour", "hour", "channel", "band"]


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
    if isinstance(got, pd.DataFrame) and 1 in got.shape:
        got = got.squeeze()
    if isinstance(got, list | tuple) and all(np.shape(pair) == (2,) for pair in got):
        got = dict(got)
    got = dict(got) if isinstance(got, Mapping | pd.Series) else {}
    expected = {n: np.abs(v).mean() for n, v in _by_owner(_CONTRIBUTIONS).items()}
    if sorted(got) != sorted(expected):
        return wrong(
            "not_joined",
            expected=", ".join(expected),
            got=", ".join(map(str, got)) or "no names",
        )
    if not all(np.size(value) == 1 for value in got.values()):
        return wrong(
            "not_joined", expected=", ".join(expected), got="more than one each"
        )
    got = {name: answers.number(np.ravel(value)) for name, value in got.items()}
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
_ONE_LEVEL = np.array([_GRID, _GRID, _GRID])


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
        "axes": "You average along the grid and compare payments. A row is the curve of a payment: "
        "the mean curve is the mean over the rows, and movement is along a row.",
        "other": "For curves that {which}, expected {expected:.3f}; yours is {got:.3f}.",
    },
    praise="It is worth a line under every partial dependence plot: near zero, the mean curve "
    "speaks for all rows.",
)
def ex2(hidden_share: Callable[..., float]) -> Wrong | None:
    """Any function with the right values passes."""
    cases = {"are parallel": _PARALLEL, "cross": _CROSSING, "partly agree": _PARTLY}
    curves = list(cases.values())
    got = [hidden_share(c.copy()) for c in curves]
    expected = [_hidden(c) for c in curves]
    if np.allclose(got, expected):
        return None
    if np.allclose(got, [1 - value for value in expected]):
        return wrong("shown")
    if np.allclose(
        got, [1 - c.mean(axis=0).std() / c.std(axis=1).mean() for c in curves]
    ):
        return wrong("spread")
    if np.allclose(
        got, [1 - c.mean(axis=1).var() / c.var(axis=0).mean() for c in curves]
    ):
        return wrong("axes")
    if not np.isclose(got[0], 0) and np.isclose(hidden_share(_ONE_LEVEL.copy()), 0):
        return wrong("levels", got=got[0])
    bad = next(k for k in range(3) if not np.isclose(got[k], expected[k]))
    return wrong("other", which=[*cases][bad], expected=expected[bad], got=got[bad])


# Exercise 3: which method? ----------------------------------------------------------------


lab.match(
    "which method?",
    right={"a": "SHAP", "b": "ICE", "c": "PDP", "d": "none", "e": "LIME"},
    options=("SHAP", "ICE", "PDP", "LIME", "none"),
    mistakes={
        "sum": (
            "In a, the parts have to sum to the score. A curve has no parts, and the weights of a "
            "line that was fitted nearby sum to what the line says.",
            "a",
        ),
        "flat": (
            "In b, the mean curve is known already. Whether single payments move, and which way, "
            "only their own curves show.",
            "b",
        ),
        "shape": (
            "In c, the single curves run in parallel, so their mean speaks for all of them, and "
            "one line was asked for. Values that are summed up to one number have no shape.",
            "c",
        ),
        "world": (
            "d asks what would happen in the world. All four methods ask the model.",
            "d",
        ),
        "line": (
            "In e, a straight line near one payment was asked for, and draws at random are "
            "accepted.",
            "e",
        ),
    },
    hints=(
        "What does each reader want: parts of a score, a curve, one line for all, or a rule for "
        "near payments? And one of them asks about the world.",
        "Parts that sum: one method. Curves: two, single or mean. A fitted line: one.",
        "a is SHAP, d is none; b and c are the two that draw curves.",
    ),
    praise="First the question, then the method. Who starts from the method answers its question.",
)
