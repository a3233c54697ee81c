"""The report of a check: one HTML page that needs nothing else, for whoever gets the alarm."""

import base64
import html
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labs_lib import files
from labs_lib.monitor.baselines import Baseline
from labs_lib.monitor.checks import Check, Values
from labs_lib.monitor.distribution import Distribution

if TYPE_CHECKING:  # matplotlib takes half a second to import, and only reports need it
    from matplotlib.figure import Figure

MAX_FIGURES = 30
"""Figures on a page; the features that drifted furthest come first."""

_BARS, _BINS = 10, 30
_LARGEST = 1e307

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff;
       max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.scroll { overflow-x: auto; } img { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid #ddd;
         vertical-align: top; overflow-wrap: anywhere; }
td:first-child { min-width: 8em; }
h3, p { overflow-wrap: anywhere; }
table.all { width: 100%; } table.all td:first-child { min-width: 8rem; }
table.all td:nth-child(2) { min-width: 12rem; } small { color: #555; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bad { color: #a33b00; font-weight: 600; } .good { color: #00664a; font-weight: 600; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem 1.5rem; }
"""

_CHECKS = {
    "data_type_check": "Values have another type than in the baseline.",
    "completeness_check": "More values are missing than in the baseline.",
    "baseline_drift_check": "Values are distributed differently than in the baseline.",
    "missing_column_check": "A column of the baseline is not there.",
    "extra_column_check": "There is a column that the baseline does not have.",
    "categorical_values_check": "There are categories that the baseline does not have.",
    "non_negative_check": "There are numbers below 0, where the baseline has none.",
}

_TERMS = {
    "present": "Share of the rows that have a value.",
    "simple": "Numbers: the largest difference between the shares of rows below a value, over "
    "all values. Categories: the largest difference of the share of one category. "
    "0 is the same, 1 is nothing in common.",
    "distance": "What is compared with the threshold. Robust: the simple distance less what "
    "chance alone explains with so many rows. Of a chi-square test: its p-value.",
    "p_adjusted": "The chance of such a difference if nothing had moved, corrected for the "
    "number of features. With many rows it is small even where the difference does not matter.",
    "psi": "Population stability index over ten groups of rows; above 0.1 is often taken as "
    "a small and above 0.25 as a large shift, whatever the number of rows.",
    "wasserstein": "How far values have moved on average, in standard deviations.",
    "jensen_shannon": "Distance of the two distributions, 0 to 1.",
}


def report(check: Check, baseline: Baseline, *, title: str = "Data check") -> str:
    """Return an HTML page of a check, with a figure for each feature that drifted.

    Parameters
    ----------
    check : Check
        As returned by `labs_lib.monitor.check`.
    baseline : Baseline
        What it was checked against.
    title : str
        The page's title, such as the name of the model and the day.

    Returns
    -------
    str
        The page; pictures are inside, nothing is loaded. At most `MAX_FIGURES` features get
        a figure, those with the largest distance.
    """
    table, violations = check.table, check.violations
    rows = [
        side["dataset"]["item_count"] for side in (baseline.statistics, check.statistics)
    ]
    features = {violation["feature_name"] for violation in violations}
    if violations:
        verdict = (
            f'<p class="bad">{len(violations)} violation{"s" * (len(violations) > 1)} in '
            f"{len(features)} column{'s' * (len(features) > 1)}.</p>"
        )
    else:
        verdict = '<p class="good">No violations.</p>'
    drifted = table[table["drifted"].astype(bool)]
    drifted = drifted.sort_values("simple", ascending=False, kind="stable")
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        verdict,
        f"<p>A batch of {rows[1]:,} rows was compared with a baseline of {rows[0]:,} rows, "
        f"{len(table)} columns. A violation says that the data changed, not that the model "
        "got worse: look at what changed, and at the model's quality once its labels are "
        "there.</p>",
    ]
    if violations:
        parts += ["<h2>What was violated</h2>", _violations(violations)]
    if len(drifted):
        parts.append("<h2>What drifted</h2>")
    for _, row in drifted.head(MAX_FIGURES).iterrows():
        parts.append(_section(row, baseline, check))
    if len(drifted) > MAX_FIGURES:
        parts.append(f"<p>{len(drifted) - MAX_FIGURES} more drifted, see the table.</p>")
    parts += ["<h2>All columns</h2>", _table(table), "<h2>How to read the table</h2><dl>"]
    parts += [f"<dt>{name}</dt><dd>{text}</dd>" for name, text in _TERMS.items()]
    body = "\n".join([*parts, "</dl>"])
    return _writable(
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def write_report(
    path: str | Path, check: Check, baseline: Baseline, *, title: str = "Data check"
) -> None:
    """Write `report` to a file, whole or not at all."""
    files.write_text(path, report(check, baseline, title=title))


def _violations(violations: list[dict]) -> str:
    rows = [
        f"<tr><td>{html.escape(v['feature_name'])}</td>"
        f"<td>{v['constraint_check_type']}<br><small>"
        f"{_CHECKS[v['constraint_check_type']]}</small></td>"
        f"<td>{html.escape(v['description'])}</td></tr>"
        for v in violations
    ]
    head = "<tr><th>column</th><th>check</th><th>what was found</th></tr>"
    return f'<div class="scroll"><table>{head}{"".join(rows)}</table></div>'


def _table(table: pd.DataFrame) -> str:
    """Return all columns, the words first: they are what is looked for."""
    shown = [*_TERMS, "threshold"]
    rows = []
    for _, row in table.iterrows():
        failed = html.escape(row["violations"]).replace(", ", "<br>")
        cells = [
            f"<td>{html.escape(row['feature'])}<br><small>{row['type']}</small></td>",
            f'<td><span class="bad">{failed}</span><small>{html.escape(row["note"])}</small>'
            "</td>",
        ]
        for value in row[shown]:
            text = "" if pd.isna(value) else _number(value) if value > 1 else f"{value:.3g}"
            cells.append(f'<td class="number">{text}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    names = ["column", "violations, notes", *shown]
    head = "".join(f"<th>{name.replace('_', '_<wbr>')}</th>" for name in names)
    return f'<div class="scroll"><table class="all"><tr>{head}</tr>{"".join(rows)}</table></div>'


def _section(row: pd.Series, baseline: Baseline, check: Check) -> str:
    name = row["feature"]
    before, now = baseline.distribution(name), check.distributions[name]
    with np.errstate(over="ignore", invalid="ignore"):  # matplotlib adds up edges of bins
        if isinstance(before, Distribution) and isinstance(now, Distribution):
            sentence, figure = _numbers(name, before, now)
        else:
            sentence, figure = _categories(name, _counts(before), _counts(now))
    sentence = html.escape(sentence)
    return (
        f"<h3>{html.escape(name)}</h3><p>{sentence}</p>"
        f'<img alt="{sentence}" src="data:image/png;base64,{figure}">'
    )


def _counts(values: Values | None) -> dict[str, int]:
    counts = values if isinstance(values, dict) else {}
    return {_writable(name): count for name, count in counts.items()}


def _numbers(name: str, before: Distribution, now: Distribution) -> tuple[str, str]:
    """Return a sentence and a figure: shares of rows in bins of equal width."""
    middle = [float(side.quantile([0.5])[0]) for side in (before, now)]
    ends = np.array([side.quantile([0.01, 0.99]) for side in (before, now)])
    low, high = ends[:, 0].min(), ends[:, 1].max()
    # The axis has to have a length that is a number; the outer bins hold the rest.
    low, high = max(low, -_LARGEST), min(high, _LARGEST)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    inside = edges[1:-1]
    fig, ax = _figure(f"{_short(_writable(name))}: baseline and batch", "share of rows (%)")
    looks = _looks()
    for label, side in (("baseline", before), ("batch", now)):
        share = 100 * np.diff(side.below(inside) / side.n, prepend=0, append=1)
        ax.stairs(share, edges, label=label, linewidth=2, **looks[label])
    ax.set_xlabel(f"{_short(_writable(name))} (the outer bins hold all that lies beyond)")
    ax.legend(frameon=False)
    sentence = (
        f"The median (half of the rows are at or below it) was {_number(middle[0])} in the "
        f"baseline and is {_number(middle[1])} in the batch. The middle 80 % of the rows lay "
        f"between {_between(before)}, and lie between {_between(now)}."
    )
    return sentence, _png(fig)


def _between(side: Distribution) -> str:
    low, high = side.quantile([0.1, 0.9])
    return f"{_number(low)} and {_number(high)}"


def _number(value: float) -> str:
    """Return a number as people write it: 1,234,567 and not 1.235e+06."""
    if 1000 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _categories(
    name: str, before: Mapping[str, int], now: Mapping[str, int]
) -> tuple[str, str]:
    """Return a sentence and a figure: the categories whose shares moved most."""
    shares = pd.DataFrame({"baseline": before, "batch": now}).fillna(0)
    shares = 100 * shares / shares.sum()
    moved = (shares["batch"] - shares["baseline"]).abs()
    shares = shares.loc[moved.sort_values(ascending=False, kind="stable").index]
    first = shares.iloc[0]
    sentence = (
        f"The share of {_short(shares.index[0])!r} moved most: from {first['baseline']:.1f} % "
        f"to {first['batch']:.1f} % of the rows."
    )
    shown = shares.head(_BARS)
    rest = shares.iloc[_BARS:].sum()
    labels = [_short(value) for value in shown.index]
    if len(shares) > _BARS:
        labels.append(f"{len(shares) - _BARS} others")
        shown = pd.concat([shown, rest.to_frame().T])
    fig, ax = _figure(f"{_short(_writable(name))}: baseline and batch", "")
    place, looks = np.arange(len(shown)), _looks()
    for label, offset in (("baseline", -0.2), ("batch", 0.2)):
        color = looks[label]["color"]
        hatch = "///" if label == "batch" else None
        ax.barh(
            place + offset,
            shown[label],
            0.4,
            label=label,
            color=color if hatch is None else "white",
            edgecolor=color,
            hatch=hatch,
        )
    ax.set_yticks(place, labels)
    ax.invert_yaxis()
    ax.set_xlabel("share of rows (%)")
    ax.legend(frameon=False)
    return sentence, _png(fig)


def _looks() -> dict[str, dict]:
    from labs_lib import plots

    blue, red = plots.COLORS["blue"], plots.COLORS["vermillion"]
    return {
        "baseline": {"color": blue, "linestyle": "-"},
        "batch": {"color": red, "linestyle": "--"},
    }


def _figure(title: str, y: str) -> "tuple[Figure, Any]":
    from matplotlib.figure import Figure

    fig = Figure(figsize=(7, 3.6), layout="constrained")
    ax = fig.subplots()
    # A name may hold a dollar sign, which is no formula.
    ax.set_title(title, loc="left", fontsize=12, parse_math=False)
    ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)
    return fig, ax


def _png(fig: "Figure") -> str:
    import matplotlib as mpl

    for ax in fig.axes:
        for text in (ax.xaxis.label, *ax.get_yticklabels()):
            text.set_parse_math(False)
    file = io.BytesIO()
    with mpl.rc_context({"savefig.facecolor": "white"}):
        fig.savefig(file, format="png", dpi=100, metadata={"Software": None})
    return base64.b64encode(file.getvalue()).decode()


def _writable(text: str) -> str:
    """Return a text that a file can hold: half of a pair of surrogates is none."""
    return text.encode("utf-8", "backslashreplace").decode()


def _short(value: str, most: int = 30) -> str:
    return value if len(value) <= most else value[: most - 1] + "…"
