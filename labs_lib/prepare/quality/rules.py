"""Warnings: what in the profiles, the target and the models a person should look at.

Thresholds are Data Wrangler's where it has one. High: probably a fault. Medium: perhaps a
fault, look at it. Low: good to know.
"""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labs_lib.columns import read
from labs_lib.prepare.quality import columns, models
from labs_lib.prepare.quality.columns import ColumnProfile

SEVERITIES = ("high", "medium", "low")

LEAK = 0.95
SKEWED = 3
HEAVY_TAIL = 10
SOME_TAIL = 3
FREQUENT_LABEL = 0.1
FREQUENT_LABEL_FACTOR = 5
MANY_INVALID = 0.05
SMALL_MINORITY = 20
FEW_PER_CLASS = 10
IMBALANCE = 0.01
MANY_DUPLICATES = 0.05
LOW_GAIN = 0.05
HIGH_CARDINALITY = 0.9
MOSTLY_MISSING = 0.5
LISTED = 8


@dataclass(frozen=True)
class QualityWarning:
    """One warning.

    Attributes
    ----------
    severity : str
        One of `SEVERITIES`.
    warning : str
        What it is called, the same for every column.
    column : hashable or None
        None if it concerns the whole table.
    rows : int or None
        Number of rows concerned, where rows can be counted.
    values : tuple
        The values concerned.
    detail : str
        One sentence or two: what was found and why it matters.
    """

    severity: str
    warning: str
    column: Hashable | None
    detail: str
    rows: int | None = None
    values: tuple = ()


def column_findings(column: ColumnProfile) -> list[QualityWarning]:
    """Return the warnings that any column can have, the target included."""
    found = []

    def add(severity, warning, detail, rows=None, values=()):
        found.append(
            QualityWarning(severity, warning, column.name, detail, rows, tuple(values))
        )

    if column.disguised:
        rows = sum(column.disguised.values())
        add(
            "medium",
            "Disguised missing values",
            f"{_listed(column.disguised.items())} probably stands for a missing value "
            f"({rows / column.rows:.1%} of the rows).",
            rows,
            column.disguised,
        )
    if column.mixed:
        add("medium", "Mixed types", f"The column mixes {column.mixed}.")
    return found


def feature_findings(column: ColumnProfile) -> list[QualityWarning]:
    """Return the warnings that only a feature can have."""
    found = []

    def add(severity, warning, detail, rows=None, values=()):
        found.append(
            QualityWarning(severity, warning, column.name, detail, rows, tuple(values))
        )

    if column.type == "empty":
        add("medium", "Empty column", "No row has a value.", column.rows)
        return found
    if column.missing:
        share = column.missing / column.rows
        kinds = [("null", column.null), ("empty", column.empty), ("blank", column.blank)]
        add(
            "medium" if share > MOSTLY_MISSING else "low",
            "Missing values",
            f"{column.missing:,} of {column.rows:,} rows: "
            + ", ".join(f"{count:,} {kind}" for kind, count in kinds if count)
            + ".",
            column.missing,
        )
    if column.invalid:
        infinite = f", {column.infinite:,} of them infinite" if column.infinite else ""
        kind = "a date" if column.type == "datetime" else "a finite number"
        add(
            "medium",
            "Invalid values",
            f"In this {column.type} column, {_counted(column.invalid, 'value')} not "
            f"{kind}{infinite}.",
            column.invalid,
        )
    if column.zeros:
        add(
            "low",
            "Many zeros",
            f"0 in {column.zeros:,} rows ({column.zeros / column.rows:.1%}): nothing of it, "
            "or not measured? Whether it is 0 and how much it is may be two questions.",
            column.zeros,
            [0],
        )
    if column.distinct == 1:
        add(
            "low",
            "Constant column",
            f"The only value is {column.top[0][0]!r}: nothing can be learned from it.",
            values=[column.top[0][0]],
        )
    if column.is_id:
        add(
            "medium",
            "ID column",
            "Every row has its own value: it names the row. A model can only learn it by "
            "heart, and it hides duplicate rows.",
        )
    elif column.type == "text" and column.distinct > HIGH_CARDINALITY * column.rows:
        add(
            "low",
            "High cardinality",
            f"{column.distinct:,} distinct texts in {column.rows:,} rows.",
        )
    if column.rare:
        rows = sum(count for _, count in column.rare)
        few = f"each below {columns.RARE_SHARE:.0%} of the most frequent value"
        codes = column.type == "numeric"
        add(
            "medium",
            "Rare codes" if codes else "Rare categories",
            f"{_listed(column.rare)}: {few}. "
            + (
                "If these numbers are codes, look them up."
                if codes
                else "Typing errors, or too few rows to learn from."
            ),
            rows,
            [value for value, _ in column.rare],
        )
    numbers = column.numbers
    if numbers is not None and numbers.outliers:
        add(
            "low",
            "Outliers",
            f"{_counted(numbers.outliers, 'value')} outside {numbers.low:,.6g} to "
            f"{numbers.high:,.6g} (median plus and minus "
            f"{columns.OUTLIER_DEVIATIONS} robust standard deviations).",
            numbers.outliers,
        )
    if numbers is not None and abs(numbers.skew) > SKEWED:
        add("low", "Skewed feature", f"The skew is {numbers.skew:.1f}; 0 is symmetric.")
    return found


def domain_finding(series: pd.Series, allowed: Collection) -> list[QualityWarning]:
    """Return a warning if a column holds values outside its documented domain."""
    column = read(series)
    values = column.values[~column.missing]
    outside = values[~values.isin(list(allowed))].value_counts()
    outside = outside[outside > 0]
    if outside.empty:
        return []
    pairs = sorted(
        zip(outside.index.tolist(), outside.tolist(), strict=True),
        key=lambda pair: (-pair[1], str(pair[0])),
    )
    return [
        QualityWarning(
            "high",
            "Outside the domain",
            series.name,
            f"{_listed(pairs)} in {sum(outside):,} rows; allowed: "
            f"{_joined([str(value) for value in allowed])}.",
            int(sum(outside)),
            tuple(value for value, _ in pairs),
        )
    ]


def duplicate_finding(
    involved: int, repeats: int, rows: int, ignored: list[Hashable]
) -> list[QualityWarning]:
    """Return a warning if rows repeat.

    Parameters
    ----------
    involved, repeats : int
        Rows that equal another row; rows that equal an earlier row.
    rows : int
        All rows.
    ignored : list
        ID columns left out of the comparison.
    """
    if not involved:
        return []
    many = involved / rows > MANY_DUPLICATES
    without = f", without {_joined([repr(name) for name in ignored])}" if ignored else ""
    return [
        QualityWarning(
            "high" if many else "medium",
            "Many duplicate rows" if many else "Duplicate rows",
            None,
            f"{repeats:,} rows repeat an earlier one ({involved:,} rows are involved, "
            f"{involved / rows:.2%}{without}). Twins on both sides of a split make a model "
            "look better than it is.",
            repeats,
        )
    ]


def class_findings(
    name: Hashable, counts: Mapping, *, rows: int, task: str
) -> list[QualityWarning]:
    """Return the warnings about a target of classes.

    Parameters
    ----------
    name : hashable
        The target.
    counts : mapping
        Class -> number of rows.
    rows : int
        All rows, those without a target included.
    task : str
        "binary" or "multiclass". Data Wrangler warns of imbalance only if there are more
        than two classes; here also with two.
    """
    found = _unusable_target(name, rows - sum(counts.values()), rows)
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])
    most, most_rows = ranked[0]
    if len(ranked) > models.MAX_CLASSES:
        detail = f"{len(ranked):,} classes: is it a number to predict (task='regression')?"
        return [*found, QualityWarning("medium", "Too many classes", name, detail)]
    if task == "binary":
        few = [pair for pair in ranked if pair[1] < SMALL_MINORITY]
    else:
        few = [pair for pair in ranked if pair[1] <= FEW_PER_CLASS]
    imbalanced = [p for p in ranked if p not in few and p[1] < IMBALANCE * most_rows]
    for pairs, severity, warning, detail in (
        (
            few,
            "high",
            "Very small minority class" if task == "binary" else "Too few rows per class",
            "too few to learn from, and far too few to measure with.",
        ),
        (
            imbalanced,
            "medium",
            "Classes too imbalanced",
            f"below {IMBALANCE:.0%} of {most!r} ({most_rows:,}). Accuracy misleads.",
        ),
    ):
        if pairs:
            total = sum(count for _, count in pairs)
            labels = tuple(label for label, _ in pairs)
            detail = f"{_listed(pairs)}: {detail}"
            found.append(QualityWarning(severity, warning, name, detail, total, labels))
    return found


def number_findings(
    name: Hashable, values: np.ndarray, *, rows: int
) -> list[QualityWarning]:
    """Return the warnings about a target that is a number.

    Data Wrangler's limits 3 and 10 apply to the kurtosis above that of the normal
    distribution, while the kurtosis it shows is Pearson's (3 for the normal distribution).

    Parameters
    ----------
    name : hashable
        The target.
    values : ndarray of shape (n,)
        The finite values.
    rows : int
        All rows, those without a target included.
    """
    found = _unusable_target(name, rows - len(values), rows)
    distinct, counts = np.unique(values, return_counts=True)
    low, high = columns.robust_bounds(values)
    outliers = int(((values < low) | (values > high)).sum())
    skew, kurtosis = columns.skew_and_kurtosis(values)
    shape = f"{outliers:,} outliers, skew {skew:.1f}, kurtosis {kurtosis:.1f} (normal: 3). "
    decide = f"A few rows decide the squared error; would {_remedy(values, skew)} do?"
    if outliers and abs(skew) > SKEWED:
        found.append(
            QualityWarning("high", "Skewed target", name, shape + decide, outliers)
        )
    elif outliers and kurtosis - 3 > HEAVY_TAIL:
        found.append(
            QualityWarning("high", "Heavy-tailed target", name, shape + decide, outliers)
        )
    elif outliers and kurtosis - 3 > SOME_TAIL:
        look = "Look at them: faults, or the rows that matter most?"
        found.append(
            QualityWarning("medium", "Target outliers", name, shape + look, outliers)
        )
    first = int(np.argmax(counts))
    label, count = f"{distinct[first]:.10g}", int(counts[first])
    if count > rows * max(FREQUENT_LABEL, FREQUENT_LABEL_FACTOR / len(distinct)):
        detail = (
            f"{label} is the target of {count / rows:.1%} of the rows: a default, a cap "
            "or a class of its own?"
        )
        found.append(
            QualityWarning(
                "medium", "Frequent target value", name, detail, count, (float(label),)
            )
        )
    return found


def _remedy(values: np.ndarray, skew: float) -> str:
    """Return what makes a long tail shorter, as far as the values allow it."""
    least, most = float(values.min()), float(values.max())
    if skew >= 0 and least > 0:
        return "the logarithm"
    if skew >= 0 and least == 0:
        return "the logarithm of the target plus 1"
    if skew < 0 and most < 0:
        return "the logarithm of the target without its sign"
    if skew < 0 and most == 0:
        return "the logarithm of 1 minus the target"
    return "the absolute error"


def leak_findings(name: Hashable, power: float, correlation: float) -> list[QualityWarning]:
    """Return a warning if one feature alone gives the target away, or says nothing of it.

    Parameters
    ----------
    name : hashable
        The feature.
    power : float
        Prediction power, 0 to 1, or NaN.
    correlation : float
        Pearson's, -1 to 1, or NaN.
    """
    if power > LEAK or abs(correlation) > LEAK:
        measured = [f"prediction power {power:.3f}"] if power > LEAK else []
        if abs(correlation) > LEAK:
            measured.append(f"correlation {correlation:.3f}")
        return [
            QualityWarning(
                "high",
                "Target leakage",
                name,
                f"This column alone predicts the target ({' and '.join(measured)}). Is it "
                "known when the prediction is made?",
            )
        ]
    if power == 0:
        detail = "Alone it predicts no better than no feature at all (prediction power 0)."
        return [QualityWarning("low", "Uninformative feature", name, detail)]
    return []


def model_findings(quick: models.QuickModel, task: str) -> list[QualityWarning]:
    """Return a warning if the quick model is no better than the trivial one, or hardly."""
    metric = models.BASE_METRIC[task]
    model, trivial = quick.scores.loc[metric, ["model", "trivial"]]
    scores = f"{metric} {model:.3f} against {trivial:.3f} of the trivial model. "
    if model < trivial:
        return [
            QualityWarning(
                "high",
                "Quick model worse than trivial",
                None,
                scores + "These features do not tell the target.",
            )
        ]
    if model < LOW_GAIN + (1 - LOW_GAIN) * trivial:
        return [
            QualityWarning(
                "medium",
                "Quick model hardly better than trivial",
                None,
                scores + "There is little in these features.",
            )
        ]
    return []


def as_frame(findings: list[QualityWarning]) -> pd.DataFrame:
    """Return the warnings as a table, the most severe first, else in the order found."""
    ordered = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    names = ["severity", "warning", "column", "rows", "values", "detail"]
    frame = pd.DataFrame(
        [[getattr(finding, name) for name in names] for finding in ordered],
        columns=names,
        dtype=object,
    )
    return frame.astype(
        {"severity": "str", "warning": "str", "rows": "Int64", "detail": "str"}
    )


def _unusable_target(name, unusable, rows):
    if not unusable:
        return []
    share = unusable / rows
    severity = "high" if share > MANY_INVALID else "medium"
    detail = (
        f"{unusable:,} rows ({share:.1%}) have no usable target; models leave them out."
    )
    return [QualityWarning(severity, "Rows without a target", name, detail, unusable)]


def _counted(count, what):
    return f"{count:,} {what} is" if count == 1 else f"{count:,} {what}s are"


def _listed(pairs):
    pairs = list(pairs)
    return _joined([f"{_short(value)} ({count:,})" for value, count in pairs])


def _joined(texts):
    more = len(texts) - LISTED
    return ", ".join(texts[:LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _short(value):
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
