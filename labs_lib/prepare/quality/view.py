"""The report as HTML: no script, no other file, readable on a light and a dark page."""

import html

import pandas as pd

from labs_lib.prepare.quality.columns import is_number

# JupyterLab sets the variables to fit its theme; elsewhere the browser's colours apply.
STYLE = """
.quality { color: var(--jp-content-font-color1, CanvasText); font-size: 13px;
  font-family: var(--jp-content-font-family, system-ui, sans-serif); max-width: 1100px; }
.quality h3 { margin: 1.2em 0 .4em; }
.quality .scroll { overflow-x: auto; }
.quality .scroll table { border-collapse: collapse; table-layout: auto; margin: 0;
  color: inherit; font-size: inherit; background: none; }
.quality .scroll table th, .quality .scroll table td { padding: 3px 5px; text-align: left;
  border-bottom: 1px solid var(--jp-border-color2, GrayText); vertical-align: top;
  background: none; color: inherit; max-width: none; }
.quality .scroll table th { font-weight: 600; }
.quality .scroll table td.number { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.quality .severity { display: inline-block; min-width: 4.5em; text-align: center;
  border-radius: 3px; padding: 0 5px; color: #ffffff; }
.quality .high { background: #a8071a; }
.quality .medium { background: #8a5300; }
.quality .low { background: #595959; }
.quality summary { cursor: pointer; margin: .4em 0; }
/* JupyterLab lets a picture shrink to its cell, and a cell to its picture. */
.quality .scroll svg { display: block; min-width: 72px; max-width: none; }
.quality rect { fill: #3b7dd8; }
""".strip()

TABLE = (
    ("missing", "missing"),
    ("disguised", "disguised"),
    ("invalid", "invalid"),
    ("distinct", "distinct"),
    ("median", "median"),
    ("outliers", "outliers"),
    ("skew", "skew"),
    ("kurtosis", "kurtosis"),
)
SCORES = ("skew", "kurtosis", "pearson", "power")
WITH_TARGET = (("pearson", "correlation"), ("power", "prediction power"))
WIDTH, HEIGHT = 72, 22
LONGEST, LONGEST_PICTURE = 60, 300


def page(report: object) -> str:
    """Return a `QualityReport` as a whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>Data quality and insights report</title>\n</head>\n<body>\n"
        f"{fragment(report)}\n</body>\n</html>\n"
    )


def fragment(report: object) -> str:
    """Return a `QualityReport` as a part of a page, with its own style."""
    serious = report.warnings[report.warnings["severity"] != "low"]
    low = report.warnings[report.warnings["severity"] == "low"]
    parts = [f"<style>{STYLE}</style>", "<h2>Data quality and insights report</h2>"]
    parts.append(f"<p>{html.escape(_summary(report))}</p>")
    parts.append("<h3>Warnings</h3>")
    parts.append(_warnings(serious) if len(serious) else "<p>None of high or medium.</p>")
    if len(low):
        parts.append(_details(f"{len(low)} of low severity", _warnings(low)))
    if report.classes is not None:
        parts += ["<h3>Target</h3>", _classes(report.classes)]
    if report.quick_model is not None:
        parts += ["<h3>Quick model</h3>", _frame(report.quick_model.scores)]
        confusion = report.quick_model.confusion
        if confusion is not None and len(confusion) <= 20:
            confusion = confusion.rename(
                index="true {}".format, columns="predicted {}".format
            ).rename_axis(index=None, columns=None)
            parts.append(_details("Confusion matrix (validation rows)", _frame(confusion)))
    parts += ["<h3>Columns</h3>", _columns(report)]
    if len(report.duplicate_examples):
        parts.append(
            _details("Most frequent duplicate rows", _frame(report.duplicate_examples))
        )
    if len(report.anomalies):
        parts.append(
            _details(
                "Most anomalous rows (isolation forest, negative is anomalous)",
                _frame(report.anomalies),
            )
        )
    if report.notes:
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in report.notes)
        parts += ["<h3>Notes</h3>", f"<ul>{notes}</ul>"]
    return '<div class="quality">\n' + "\n".join(parts) + "\n</div>"


def _summary(report):
    types = report.table["type"].value_counts(sort=False)
    kinds = ", ".join(f"{count} {kind}" for kind, count in types.items())
    missing = report.table["missing"].sum() / (report.rows * len(report.table))
    text = (
        f"{report.rows:,} rows, {len(report.table)} columns ({kinds}); "
        f"{missing:.2%} of the cells missing; "
        f"{report.duplicates['repeats']:,} duplicate rows"
    )
    if report.task:
        text += f"; target {report.target!r} ({report.task})"
    return text + "."


def _warnings(warnings):
    rows = [
        [
            f'<span class="severity {row.severity}">{row.severity}</span>',
            html.escape(row.warning),
            "" if row.column is None else f"<code>{_cell(row.column)}</code>",
            html.escape(row.detail),
        ]
        for row in warnings.itertuples(index=False)
    ]
    return _table(["severity", "warning", "column", "what was found"], rows)


def _classes(classes):
    total = classes.sum()
    rows = [
        [_cell(label), _number(count), f"{count / total:.2%}"]
        for label, count in classes.head(10).items()
    ]
    text = _table(["class", "rows", "share"], rows, numbers=(1, 2))
    return text + (f"<p>{len(classes):,} classes in all.</p>" if len(classes) > 10 else "")


def _columns(report):
    shown = TABLE + (WITH_TARGET if report.task else ())
    header = ["column", "values"] + [title for _, title in shown]
    order = list(range(len(report.table)))
    if report.task:
        # Like Data Wrangler, the most predictive feature first; the target stays on top.
        power = report.table["power"].fillna(-1).to_numpy()
        order.sort(key=lambda i: (report.profiles[i].name != report.target, -power[i]))
    rows = []
    for i in order:
        profile, row = report.profiles[i], report.table.iloc[i]
        cells = [
            _score(row[name]) if name in SCORES else _number(row[name]) for name, _ in shown
        ]
        # The type stands below the name, so that all columns fit beside a list of files.
        column = f"<code>{_cell(profile.name)}</code><br>{row['type']}"
        rows.append([column, _picture(profile), *cells])
    return _table(header, rows, numbers=range(2, len(header)))


def _picture(profile):
    """A small bar chart, with the same in words for a screen reader."""
    if profile.numbers is not None:
        counts, edges = profile.numbers.counts, profile.numbers.edges
        words = f"from {edges[0]:,.4g} to {edges[-1]:,.4g}: " + ", ".join(map(str, counts))
    elif profile.top:
        counts = [count for _, count in profile.top]
        words = ", ".join(f"{value} ({count})" for value, count in profile.top)
    else:
        return ""
    step = WIDTH / len(counts)
    heights = [HEIGHT * count / max(counts) for count in counts]
    bars = "".join(
        f'<rect x="{i * step:.1f}" y="{HEIGHT - height:.1f}" width="{step - 1:.1f}" '
        f'height="{height:.1f}"/>'
        for i, height in enumerate(heights)
    )
    words = html.escape(
        words if len(words) <= LONGEST_PICTURE else words[:LONGEST_PICTURE] + "…"
    )
    return (
        f'<svg role="img" aria-label="{words}" width="{WIDTH}" height="{HEIGHT}">'
        f"<title>{words}</title>{bars}</svg>"
    )


def _frame(frame):
    numbers = [i for i, dtype in enumerate(frame.dtypes, start=1) if is_number(dtype)]
    header = [frame.index.name or "", *frame.columns]
    rows = [
        [_number(value) if i in numbers else _cell(value) for i, value in enumerate(row)]
        for row in frame.itertuples(name=None)
    ]
    return _table(header, rows, numbers)


def _table(header, rows, numbers=()):
    head = "".join(f'<th scope="col">{_cell(title)}</th>' for title in header)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="number">{cell}</td>' if i in numbers else f"<td>{cell}</td>"
            for i, cell in enumerate(row)
        )
        + "</tr>\n"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>'
        "</table></div>"
    )


def _details(title, content):
    return f"<details><summary>{html.escape(title)}</summary>{content}</details>"


def _number(value):
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timedelta):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.4g}"


def _score(value):
    return "" if pd.isna(value) else f"{value:,.3f}"


def _cell(value):
    """A value of the data: it may be as long as a book."""
    text = str(value)
    return html.escape(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")
