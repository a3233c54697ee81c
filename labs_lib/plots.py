"""The house style of figures: colour-blind safe, labelled, described for screen readers.

    with plots.figure(
        title="More recall costs precision",
        x="recall (0 to 1)",
        y="precision (0 to 1)",
        alt="Precision falls from 0.9 to 0.1 as recall grows from 0 to 1.",
    ) as ax:
        ax.plot(recall, precision)

The figure is shown once, at the end of the block, with its description below;
`plt.show()` is not needed. Its white
background is opaque, so that it reads in a light and in a dark theme. Outside the block the
settings of matplotlib are as before. A figure made elsewhere is shown by `show`.
"""

import html
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from cycler import cycler
from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.category import StrCategoryLocator
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogFormatter, ScalarFormatter

from labs_lib.stats import Comparison, Interval

COLORS = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "black": "#000000",
}
"""Okabe and Ito's palette in the order of use, without its yellow (too faint on white)."""

DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

GREY = "#595959"
"""For reference lines and what stands back."""

_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=COLORS.values(), linestyle=DASHES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "figure.titlesize": 12,
    "font.size": 11,
    "grid.color": "#E5E5E5",
    "legend.frameon": False,
    "savefig.dpi": 100,
    "savefig.facecolor": "white",
    "text.hinting": "none",
}


class _Picture:
    """What a notebook shows: an image and its description.

    JupyterLab and nbconvert ignore a description in the metadata of an image, so it follows
    as text: screen readers read it, and so may everybody else.
    """

    def __init__(self, png: bytes, alt: str) -> None:
        self.png, self.alt = png, alt

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"

    def _repr_png_(self) -> bytes:
        return self.png


class _Caption:
    """The description of a figure, below it."""

    def __init__(self, alt: str) -> None:
        self.alt = alt

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        return f"<small><i>{html.escape(self.alt)}</i></small>"


@contextmanager
def figure(
    *,
    title: str,
    x: str,
    y: str,
    alt: str,
    panels: int = 1,
    size: tuple[float, float] | None = None,
) -> Iterator[Axes | np.ndarray]:
    """Give axes to draw on in the house style; show the figure when the block ends.

    Parameters
    ----------
    title : str
        Over the whole figure; say what is seen.
    x, y : str
        Names of the axes. An axis of numbers names its unit or its range in parentheses, as
        in "cost (EUR)", "recall (0 to 1)" or "frauds (count)"; an axis of names may do
        without, ``y=""``. With several panels they hold for all; change one with
        ``axes[1].set_xlabel(...)``.
    alt : str
        One sentence that says what is to be seen, for those who cannot see it.
    panels : int
        Number of panels side by side, 1 to 4.
    size : (float, float), optional
        Width and height in inches, 100 pixels each. Default 7 x 4, or 10 x 4 with several
        panels.

    Yields
    ------
    Axes, or array of Axes of shape (panels,) if there are several
        The figure itself is ``ax.figure``.

    Raises
    ------
    ValueError
        If title or description is empty, `panels` is not 1 to 4, or as `show`. If the
        block raises, nothing is shown.
    """
    _text(title, "title")
    _text(alt, "alt")
    if panels not in (1, 2, 3, 4):
        raise ValueError(f"panels is {panels}, expected 1 to 4. Make several figures.")
    with _style():
        fig = Figure(figsize=size or (7 if panels == 1 else 10, 4))
        axes = fig.subplots(1, panels, squeeze=False)[0]
        for ax in axes:
            ax.set(xlabel=x, ylabel=y)
        if panels == 1:
            axes[0].set_title(title)
        else:
            fig.suptitle(title, x=0.01, ha="left")
        yield axes[0] if panels == 1 else axes
        show(fig, alt=alt)


def show(fig: Figure, *, alt: str) -> None:
    """Show a figure that was made elsewhere, once, with its description, and close it.

    Parameters
    ----------
    fig : Figure
        Any figure of matplotlib.
    alt : str
        One sentence that says what is to be seen, for those who cannot see it.

    Raises
    ------
    ValueError
        If there is no description, no title, a panel is blank, an axis of numbers has no
        name or no unit, or the figure was shown before.
    """
    _text(alt, "alt")
    if not isinstance(fig, Figure):
        raise ValueError(f"fig is {type(fig).__name__}, expected a figure of matplotlib.")
    _check(fig)
    with _style():
        file = io.BytesIO()
        # Without the version of matplotlib in it, the same figure is the same bytes.
        fig.savefig(file, format="png", metadata={"Software": None})
    plt.close(fig)
    fig.clear()
    display(_Picture(file.getvalue(), alt.strip()))
    display(_Caption(alt.strip()))


def intervals(ax: Axes, results: Mapping[str, Comparison | Interval]) -> None:
    """Draw one interval a line, from top to bottom.

    Differences get a line at zero and, if they have one, the margin as a grey band. A
    hollow circle is a question that stays open: "no difference shown" or "undecided".

    Parameters
    ----------
    ax : Axes
        Its y axis gets the names.
    results : mapping of str to Comparison or Interval
        Results of `labs_lib.stats`.

    Raises
    ------
    ValueError
        If there is no result, or something else is among them.
    """
    if not results:
        raise ValueError("results is empty, expected at least one result.")
    color = COLORS["blue"]
    for place, (name, result) in enumerate(results.items()):
        if not isinstance(result, Comparison | Interval):
            raise ValueError(
                f"{name!r} is {type(result).__name__}, expected a Comparison or an "
                "Interval of labs_lib.stats."
            )
        ax.plot([result.low, result.high], [place, place], "-", color=color, linewidth=2)
        fill = color
        if isinstance(result, Comparison):
            ax.axvline(0, color=GREY, linewidth=1)
            if result.verdict in ("no difference shown", "undecided"):
                fill = "white"
        ax.plot(result.mean, place, "o", color=color, markerfacecolor=fill, markersize=7)
    margin = max((getattr(r, "margin", None) or 0.0 for r in results.values()), default=0.0)
    if margin:
        ax.axvspan(-margin, margin, color=GREY, alpha=0.15, linewidth=0)
    ax.set_yticks(range(len(results)), list(results))
    ax.set_ylim(len(results) - 0.4, -0.6)
    ax.grid(visible=False, axis="y")


def lines(
    ax: Axes,
    data: pd.DataFrame,
    *,
    x: str,
    y: str,
    group: str,
    low: str | None = None,
    high: str | None = None,
) -> None:
    """Draw one line a group, each with its own colour, dash and marker, and a legend.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    data : DataFrame
        One row a point.
    x, y, group : str
        Columns: where, how high, and which line. Lines come in the order of first
        appearance; points are joined in the order of x.
    low, high : str, optional
        Columns with the ends of an interval around y, drawn as a band.

    Raises
    ------
    ValueError
        If a column is missing, `low` comes without `high`, or there are no rows or more
        than 7 groups.
    """
    if (low is None) != (high is None):
        raise ValueError("low and high come together: give both columns or none.")
    wanted = [name for name in (x, y, group, low, high) if name is not None]
    missing = [name for name in wanted if name not in data.columns]
    if missing:
        raise ValueError(
            f"no column {', '.join(map(repr, missing))} in data; it has "
            f"{', '.join(map(repr, data.columns))}."
        )
    names = data[group].unique()
    if not 1 <= len(names) <= len(COLORS):
        raise ValueError(
            f"{group!r} has {len(names)} groups, expected 1 to {len(COLORS)}, so that they "
            "can be told apart. Draw fewer, or several figures."
        )
    for i, name in enumerate(names):
        rows = data[data[group] == name].sort_values(x, kind="stable")
        color = list(COLORS.values())[i]
        every = max(1, len(rows) // 20)  # markers stay apart on a line of many points
        ax.plot(
            rows[x],
            rows[y],
            label=str(name),
            color=color,
            linestyle=DASHES[i],
            marker=MARKERS[i],
            markersize=6,
            markevery=every,
        )
        if low is not None:
            ax.fill_between(rows[x], rows[low], rows[high], color=color, alpha=0.2, lw=0)
    ax.legend(title=group)


def dag(
    ax: Axes, edges: Iterable[tuple[str, str]], *, marked: Collection[str] = ()
) -> None:
    """Draw what came of what: names in boxes, each to the right of all that it came from.

    Parameters
    ----------
    ax : Axes
        Its axes are switched off.
    edges : iterable of (str, str)
        From, to. A name may hold line breaks.
    marked : collection of str
        Names whose boxes are filled, with a thick border.

    Raises
    ------
    ValueError
        If there is no edge, the edges go in a circle, or a marked name is in none.
    """
    pairs = list(dict.fromkeys(edges))
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    if not names:
        raise ValueError("edges is empty, expected at least one.")
    if unknown := sorted(set(marked) - set(names)):
        raise ValueError(f"marked holds {', '.join(unknown)}, which no edge names.")
    column = _columns(names, pairs)
    rows = {x: [name for name in names if column[name] == x] for x in column.values()}
    place = {n: (x, -(i + 0.5) / len(r)) for x, r in rows.items() for i, n in enumerate(r)}
    ax.plot(*zip(*place.values(), strict=True), linestyle="none")
    boxes = {}
    for name, (x, y) in place.items():
        look: dict[str, Any] = {
            "boxstyle": "round",
            "facecolor": "white",
            "edgecolor": GREY,
        }
        if name in marked:
            look |= {
                "facecolor": "#FBE3D6",
                "edgecolor": COLORS["vermillion"],
                "linewidth": 2,
            }
        text = ax.text(x, y, name, ha="center", va="center", fontsize=9, bbox=look)
        boxes[name] = text.get_bbox_patch()
    for start, end in pairs:
        # Around what stands between.
        bend = 0.0 if column[end] == column[start] + 1 else -0.3
        arrow = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 0, "shrinkB": 1}
        arrow |= {"patchA": boxes[start], "patchB": boxes[end]}
        arrow |= {"connectionstyle": f"arc3,rad={bend}"}
        ax.annotate("", xy=place[end], xytext=place[start], arrowprops=arrow)
    ax.set(xlim=(-0.5, max(rows) + 0.5), ylim=(-1, 0))
    ax.set_axis_off()


def _columns(names: list[str], pairs: list[tuple[str, str]]) -> dict[str, int]:
    """Return the column of each name: the longest way to it; beginnings stand near their ends."""
    column = dict.fromkeys(names, 0)
    for _ in names:
        before = dict(column)
        for start, end in pairs:
            column[end] = max(column[end], column[start] + 1)
        if column == before:
            break
    else:
        raise ValueError("the edges go in a circle; leave out one that closes it.")
    for name in set(names) - {end for _, end in pairs}:
        column[name] = min(column[end] for start, end in pairs if start == name) - 1
    return column


@contextmanager
def _style() -> Iterator[None]:
    """Draw in the house style, whatever was set before; then give the settings back."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def _text(text: object, name: str) -> None:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} is {text!r}, expected some words.")


def _check(fig: Figure) -> None:
    """Raise a ValueError if a reader could not tell what the figure shows."""
    panels = [ax for ax in fig.axes if ax.get_visible()]
    if not panels:
        raise ValueError("the figure is blank. Draw on it first; a figure shows only once.")
    titles = [ax.get_title(loc=loc) for ax in panels for loc in ("left", "center", "right")]
    if not fig.get_suptitle() and not any(titles):
        raise ValueError("the figure has no title. Give one, which says what is seen.")
    for number, ax in enumerate(panels, start=1):
        # The limits of the data stay infinite until something with finite values is drawn.
        if not np.isfinite(ax.dataLim.get_points()).all():
            raise ValueError(
                f"panel {number} of {len(panels)} is blank. Draw something with finite "
                "values on it, or ask for fewer panels."
            )
        for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
            if ax.axison and axis.get_visible() and len(axis.get_majorticklocs()):
                _check_axis(name, axis)


def _check_axis(name: str, axis: mpl.axis.Axis) -> None:
    label = axis.get_label_text().strip()
    numbers = isinstance(axis.get_major_formatter(), ScalarFormatter | LogFormatter)
    written = isinstance(axis.get_major_locator(), FixedLocator | StrCategoryLocator)
    if not label and (numbers or not written):
        raise ValueError(f"the {name} axis has no name. Give it one, with its unit.")
    if numbers and not re.search(r"\(.+\)", label):
        raise ValueError(
            f"the {name} axis {label!r} has numbers without a unit. Put the unit or the "
            "range in parentheses, as in 'cost (EUR)', 'recall (0 to 1)' or "
            "'frauds (count)'."
        )
