"""A slider that moves a threshold and shows what it decides."""

from collections.abc import Callable

import ipywidgets
import numpy as np
import pandas as pd
from IPython.display import display
from numpy.typing import ArrayLike

from labs_lib.course import mode
from labs_lib.course.panel import FOCUS

STEPS = 200
# ipywidgets draws nothing around the handle that has the focus.
_STYLE = f"<style>.labs-threshold .noUi-handle:focus {{{FOCUS}}}</style>"


def decisions(
    y: ArrayLike,
    score: ArrayLike,
    threshold: float,
    *,
    days: float,
    cost: Callable[[np.ndarray], float],
) -> pd.DataFrame:
    """Return what a threshold decides, as a table of one column.

    Parameters
    ----------
    y : array-like of 0/1, shape (n,)
    score : array-like, shape (n,)
        A row is an alert if its score is at least `threshold`.
    threshold : float
    days : float
        Length of the time the rows come from, above 0.
    cost : callable
        From alerts (boolean array, shape (n,)) to what they cost.

    Returns
    -------
    DataFrame
        Rows: frauds found, frauds missed, false alerts, alerts a day, precision, recall, cost.

    Raises
    ------
    ValueError
        If `days` is not above 0, or `y` and `score` differ in length.
    """
    if not days > 0:
        raise ValueError(f"days is {days}, expected a time above 0.")
    fraud, alert = np.asarray(y) == 1, np.asarray(score) >= threshold
    if fraud.shape != alert.shape:
        raise ValueError(
            f"y has shape {fraud.shape} and score {alert.shape}; expected one score for each."
        )
    found, false = int((fraud & alert).sum()), int((~fraud & alert).sum())
    shown = {
        "frauds found": f"{found:,}",
        "frauds missed": f"{fraud.sum() - found:,}",
        "false alerts": f"{false:,}",
        "alerts a day": f"{alert.sum() / days:.1f}",
        "precision": f"{found / alert.sum():.2f}" if alert.any() else "no alert",
        "recall": f"{found / fraud.sum():.2f}" if fraud.any() else "no fraud",
        "cost": f"{cost(alert):,.0f}",
    }
    return pd.DataFrame({f"threshold {threshold:.3f}": shown})


def slider(
    y: ArrayLike,
    score: ArrayLike,
    *,
    value: float,
    days: float,
    cost: Callable[[np.ndarray], float],
) -> None:
    """Show `decisions` for a threshold that can be moved; a plain table without widgets.

    Parameters
    ----------
    y, score, days, cost
        As in `decisions`. The slider offers quantiles of the scores, because most scores
        are close to 0.
    value : float
        Where it starts.
    """
    table = decisions(y, score, value, days=days, cost=cost)
    if mode.current() != "learn":
        display(table)
        return
    shares = 1 - np.geomspace(1 / len(np.asarray(score)), 0.5, STEPS)
    steps = np.unique(np.append(np.quantile(np.asarray(score), shares), value))
    choice = ipywidgets.SelectionSlider(
        options=[(f"{step:.4f}", float(step)) for step in steps],
        value=float(value),
        description="threshold",
        layout={"width": "32em"},
    )
    choice.add_class("labs-threshold")
    shown = ipywidgets.HTML(_announced(table))

    def move(change: dict) -> None:
        table = decisions(y, score, change["new"], days=days, cost=cost)
        shown.value = _announced(table)

    choice.observe(move, names="value")
    # Where widgets do not run, the table is still there as text.
    bundle = ipywidgets.VBox([choice, shown])._repr_mimebundle_()
    display({**bundle, "text/plain": repr(table)}, raw=True)


def _announced(table: pd.DataFrame) -> str:
    # The handle has no name and counts steps; the table is read out with the threshold itself.
    return f'{_STYLE}<div role="status">{table.to_html()}</div>'
