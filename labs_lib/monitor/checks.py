"""A new batch against a baseline: violations as Model Monitor reports them, and a table.

Source: Amazon SageMaker Developer Guide, page model-monitor-interpreting-violations.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from labs_lib import columns, files, stats
from labs_lib.monitor import arguments, baselines, distances, distribution, schema, shares
from labs_lib.monitor.baselines import CONSTRAINTS, STATISTICS, VIOLATIONS, Baseline
from labs_lib.monitor.counters import MAX_CATEGORIES, Numbers, Presence, Texts
from labs_lib.monitor.distribution import Distribution
from labs_lib.monitor.profiles import Mode, Profile, profile_as
from labs_lib.monitor.reading import Csv, Data, column_names
from labs_lib.stats.p_values import Correction

Values = Distribution | dict[str, int]

MEASURES = (
    "simple",
    "distance",
    "threshold",
    "error_bound",
    "p_value",
    "p_adjusted",
    "psi",
    "wasserstein",
    "jensen_shannon",
)


@dataclass(frozen=True, repr=False, eq=False)
class Check:
    """What `check` found.

    Attributes
    ----------
    violations : list of dict
        ``feature_name``, ``constraint_check_type``, ``description``, as in
        ``constraint_violations.json``.
    table : DataFrame
        One row for each feature of the baseline that the batch has:

        - `feature`, `type`; `present`: share of rows with a value;
        - `drifted`: whether the distance violates; `simple`: the Simple distance; `distance`:
          what is compared with `threshold` (Simple, Robust or, for ChiSquared, a p-value);
          `error_bound`: how far the Simple distance of sketches may be from the exact one;
        - `p_value`: see `distances.p_value`; `p_adjusted`: corrected for features and windows;
        - `psi`, `wasserstein` (in standard deviations of the baseline), `jensen_shannon`;
        - `violations`: the checks that failed; `note`: what could not be checked, and why.
    statistics : dict
        Those of the batch, as in ``statistics.json``.
    """

    violations: list[dict]
    table: pd.DataFrame
    statistics: dict
    distributions: dict[str, Values] = field(default_factory=dict)
    """The batch's distribution of each feature that was compared."""

    @property
    def ok(self) -> bool:
        """Whether there is no violation."""
        return not self.violations

    def to_json(self) -> str:
        """Return the content of ``constraint_violations.json``."""
        return schema.to_json({"violations": self.violations}, indent=2)

    def write(self, folder: str | Path, *, more: Mapping[str, str] | None = None) -> None:
        """Write ``constraint_violations.json`` and the batch's ``statistics.json``.

        All files are written or none; where a kill comes between, the violations are missing.

        Parameters
        ----------
        folder : path
            Made if needed.
        more : mapping of str to str, optional
            Texts of other files that belong to the set, by their names.

        Raises
        ------
        ValueError
            If the folder holds a baseline, whose statistics would be lost.
        """
        folder = Path(folder)
        if (folder / CONSTRAINTS).exists():
            raise ValueError(
                f"{folder} holds a baseline ({CONSTRAINTS}), whose statistics would be lost. "
                "Write the result to another folder."
            )
        texts = {STATISTICS: schema.to_json(self.statistics), **(more or {})}
        files.write_set(folder, texts | {VIOLATIONS: self.to_json()})

    def _repr_html_(self) -> str:
        return self.table.to_html(index=False)

    def __repr__(self) -> str:
        return self.table.to_string(index=False)


def check(
    data: Data | Profile,
    baseline: Baseline,
    *,
    mode: Mode = "sketch",
    windows: int = 1,
    correction: Correction = "holm",
    csv: Csv | None = None,
) -> Check:
    """Check a new batch against a baseline.

    Parameters
    ----------
    data : DataFrame, path, list of paths, or Profile
        The batch, or what `profile_batch` and `merge` counted in its parts.
    baseline : Baseline
        Its constraints decide, including those that somebody edited:
        ``monitoringConfigOverrides`` of a feature has the same keys as
        ``monitoring_config``, and "Disabled" turns a check off.
    mode : {"sketch", "exact"}
        How the batch's numbers are kept, see `profile`.
    windows : int
        How many batches are judged together with this one, such as 24 for each hour of a
        day. `p_adjusted` is corrected for features times windows.
    correction : {"holm", "bonferroni", "benjamini-hochberg"}
        See `adjust`.
    csv : Csv, optional
        How CSV files are written.

    Returns
    -------
    Check

    Raises
    ------
    ValueError
        If the batch has no rows, an option is out of its range, the constraints are not in
        Model Monitor's schema, or as `profile`.

    Notes
    -----
    Model Monitor's documentation leaves open how its checks count. Here:

    - data_type_check: the share of present values that are not of the baseline's type is
      above `datatype_check_threshold`. Integral takes whole numbers, Fractional any number
      (also written as text), String any text, and numbers if a known category is one; Unknown
      takes everything. An infinite value violates always, because a baseline cannot have one.
    - completeness_check: the share of present values is below the constraint's.
    - baseline_drift_check: the distance is above the threshold.
    - categorical_values_check: the share of values outside the known ones is above
      `domain_content_threshold`.
    - non_negative_check, which is ours: a number is below 0 where ``is_non_negative`` is true.
    - missing_column_check and extra_column_check go by name, one for each column.

    With the `share_method` "Robust" (see `baseline`) a share of missing, unknown or negative
    values violates if it is higher than the baseline's, or the constraint's, by more than
    chance explains, see `shares`. Files without that key, such as Model Monitor's own, mean
    "Simple".
    """
    windows = arguments.windows(windows)
    schema.check_constraints(baseline.constraints)
    if isinstance(data, Profile):
        names, batch = list(data.columns), data
    else:
        names = column_names(data, csv=csv)
        batch = profile_batch(data, baseline, mode=mode, csv=csv)
    if not batch.rows:
        raise ValueError("the batch has no rows; there is nothing to check.")

    known = [feature["name"] for feature in baseline.constraints["features"]]
    violations: list[dict] = []
    rows: list[dict] = []
    values: dict[str, Values | None] = {}
    for constraint in baseline.constraints["features"]:
        name, config = constraint["name"], schema.config(baseline.constraints, constraint)
        if config["evaluate_constraints"] == "Disabled":
            continue
        if name not in names:
            message = "The baseline has this column, the batch has not."
            violations.append(_violation(name, "missing_column_check", message))
            continue
        column = batch.columns[name]
        _check_kind(name, column, constraint["inferred_type"])
        values[name] = _values(column)
        failed, row = _checked(baseline, constraint, config, column, values[name])
        violations += failed
        rows.append(row | {"present": column.present / batch.rows})
    for name in names:
        if name not in known:
            message = "The batch has this column, the baseline has not."
            violations.append(_violation(name, "extra_column_check", message))

    shown = ["feature", "type", "present", "drifted", *MEASURES, "violations", "note"]
    table = pd.DataFrame(rows, columns=shown)
    tests = int(table["p_value"].notna().sum()) * windows
    table["p_adjusted"] = stats.adjust(table["p_value"], method=correction, tests=tests)
    statistics = baselines.statistics_of(batch, values)
    compared = table.loc[table["distance"].notna() | table["drifted"], "feature"]
    distributions = {
        name: found for name in compared if (found := values[name]) is not None
    }
    return Check(violations, table, statistics, distributions)


def profile_batch(
    data: Data, baseline: Baseline, *, mode: Mode = "sketch", csv: Csv | None = None
) -> Profile:
    """Go over a batch, or a part of one, with the baseline's types and categories.

    Parameters
    ----------
    data : DataFrame, path, or list of paths
        The part. Columns that the baseline does not know are only named.
    baseline : Baseline
        What values are expected.
    mode : {"sketch", "exact"}
        See `profile`.
    csv : Csv, optional
        How CSV files are written.

    Raises
    ------
    ValueError
        As `profile`.
    """
    types = dict.fromkeys(column_names(data, csv=csv), "Unknown") | baseline.types
    domains = {
        feature["name"]: feature["string_constraints"]["domains"]
        for feature in baseline.constraints["features"]
        if "string_constraints" in feature
    }
    return profile_as(data, mode=mode, types=types, domains=domains, csv=csv)


def _check_kind(name: str, column: Presence, kind: str) -> None:
    made_for = {"String": Texts, "Unknown": Presence}.get(kind, Numbers)
    if type(column) is not made_for or getattr(column, "expected", kind) not in (
        kind,
        True,
    ):
        raise ValueError(
            f"column {name!r} was not profiled as {kind}, the type of the baseline. Profile "
            "the parts of a batch with profile_batch, or with the baseline given."
        )


def _violation(name: str, kind: str, description: str) -> dict:
    return {
        "feature_name": name,
        "constraint_check_type": kind,
        "description": description,
    }


def _checked(
    baseline: Baseline,
    constraint: Mapping,
    config: Mapping,
    column: Presence,
    values: Values | None,
) -> tuple[list[dict], dict]:
    """Return the violations of one feature, and its row of the table."""
    name, expected = constraint["name"], baseline.distribution(constraint["name"])
    notes = [_why_not(expected, values, constraint, config)]
    drift, measures = None, dict.fromkeys(MEASURES, math.nan)
    if expected is not None and values is not None and not notes[0]:
        drift, measures = _drift(baseline, name, expected, values, config)
    unknown, note = _categorical_values(column, constraint, config, expected)
    notes += [note, _rounded(name, column, expected)]
    found = [
        _violation(name, *failed)
        for failed in (
            _data_type(column, constraint, config),
            _completeness(column, constraint, config, _common(baseline.features[name])),
            _non_negative(column, constraint, config, expected),
            unknown,
            drift,
        )
        if failed
    ]
    row: dict[str, object] = {
        "feature": name,
        "type": constraint["inferred_type"],
        "drifted": drift is not None,
    }
    row |= measures
    row["violations"] = ", ".join(violation["constraint_check_type"] for violation in found)
    return found, row | {"note": " ".join(note for note in notes if note)}


def _common(feature: Mapping) -> Mapping:
    """Return how many values of a feature the statistics count, present and missing."""
    for key in ("numerical_statistics", "string_statistics"):
        if key in feature:
            return feature[key]["common"]
    return feature["common"]


Failed = tuple[str, str]
"""A kind of check and a description."""


def _data_type(column: Presence, constraint: Mapping, config: Mapping) -> Failed | None:
    kind, message = constraint["inferred_type"], []
    if kind == "Unknown" or not column.present:
        return None
    share, allowed = column.mismatched / column.present, config["datatype_check_threshold"]
    if share > allowed:
        message.append(
            f"{_percent(share)} of the values are not {kind}; {_percent(allowed)} are allowed."
        )
    if column.infinite:
        message.append(
            f"{column.infinite:,} of {column.present:,} values are infinite; none is allowed."
        )
    return ("data_type_check", " ".join(message)) if message else None


def _completeness(
    column: Presence, constraint: Mapping, config: Mapping, before: Mapping
) -> Failed | None:
    rows, least = column.present + column.missing, constraint["completeness"]
    share = column.present / rows
    if share >= least:
        return None
    rows_before = before["num_present"] + before["num_missing"]
    if config["share_method"] == "Robust" and rows_before:
        missing = round((1 - least) * rows_before)
        if not shares.exceeds(column.missing, rows, missing, rows_before):
            return None
    return (
        "completeness_check",
        f"{_percent(share)} of the rows have a value; the constraint is {_percent(least)}.",
    )


def _non_negative(
    column: Presence, constraint: Mapping, config: Mapping, expected: Values | None
) -> Failed | None:
    wanted = constraint.get("num_constraints", {}).get("is_non_negative", False)
    if not wanted or not isinstance(column, Numbers) or not column.negative:
        return None
    robust = config["share_method"] == "Robust" and isinstance(expected, Distribution)
    if robust and isinstance(expected, Distribution):
        before = int(expected.below(np.array([0.0]), strictly=True)[0])
        if not shares.exceeds(column.negative, column.finite, before, expected.n):
            return None
    return (
        "non_negative_check",
        f"{column.negative:,} of {column.finite:,} numbers are below 0, the lowest is "
        f"{column.min:,g}; none is allowed.",
    )


def _categorical_values(
    column: Presence, constraint: Mapping, config: Mapping, expected: Values | None
) -> tuple[Failed | None, str]:
    """Return the violation, or a note on values that are new and below the threshold."""
    domain = constraint.get("string_constraints", {}).get("domains")
    if domain is None or not isinstance(column, Texts) or not column.present:
        return None, ""
    known, threshold = set(domain), config["domain_content_threshold"]
    unknown = {v: n for v, n in column.counts.items() if v not in known}
    rows = sum(unknown.values()) + column.other
    if not rows:
        return None, ""
    share = rows / column.present
    # As many new values are to be expected as there were values that stood once (Good 1953).
    once, before = 0, 0
    if isinstance(expected, dict):
        once, before = sum(n == 1 for n in expected.values()), sum(expected.values())
    # How many values: new ones, that is, not rows.
    examples = ", ".join(repr(_shortened(value)) for value in list(unknown)[:3])
    what = (
        f"{_percent(share)} of the values are none of the {len(domain):,} known ones, such as "
        f"{examples}; {_percent(threshold)} are allowed."
    )
    violated = share > threshold
    if violated and before and config["share_method"] == "Robust":
        violated = shares.excess(rows, column.present, once, before) > threshold
    if violated:
        return ("categorical_values_check", what), ""
    new = not before or shares.exceeds(rows, column.present, once, before)
    return None, f"{rows:,} rows: {what}" if new else ""


def _rounded(name: str, column: Presence, expected: Values | None) -> str:
    """Return a note if whole numbers are so large that neighbours cannot be told apart."""
    if not isinstance(column, Numbers) or not column.finite:
        return ""
    if not isinstance(expected, Distribution):
        return ""
    ends = (column.min, column.max, expected.values[0], expected.values[-1])
    if column.fractions or max(map(abs, ends)) < columns.LARGEST_WHOLE:
        return ""
    return (
        "Whole numbers above 2^53 are compared after rounding: if they are codes, make the "
        f"baseline with types={{{name!r}: 'String'}}."
    )


def _values(column: Presence) -> Values | None:
    if isinstance(column, Numbers):
        return column.distribution()
    if isinstance(column, Texts):
        return {value: count for value, count in column.counts.items() if count} or None
    return None


def _why_not(
    expected: Values | None, values: Values | None, constraint: Mapping, config: Mapping
) -> str:
    """Return why there is no distance, or nothing."""
    if constraint["inferred_type"] == "Unknown" and constraint["completeness"]:
        return "Neither numbers nor texts in the baseline: only presence is checked."
    if config["distribution_constraints"]["perform_comparison"] == "Disabled":
        return "The constraints turn the comparison off."
    if expected is None:
        if constraint["inferred_type"] == "String":
            return (
                f"Over {MAX_CATEGORIES:,} different texts in the baseline: no list of "
                "categories, so neither drift nor unknown values are checked."
            )
        return "No values in the baseline to compare with."
    if values is None:
        return "No values in the batch that could be compared."
    if isinstance(expected, Distribution) is not isinstance(values, Distribution):
        return (
            f"The constraints say {constraint['inferred_type']}, which the statistics are "
            "not: make the baseline again, with this type."
        )
    return ""


def _drift(
    baseline: Baseline, name: str, expected: Values, values: Values, config: Mapping
) -> tuple[Failed | None, dict[str, float]]:
    """Return the violation, or None, and the measures of one feature."""
    settings = config["distribution_constraints"]
    error, scale, moved = 0.0, math.nan, math.nan
    numeric = isinstance(expected, Distribution)
    if isinstance(expected, Distribution) and isinstance(values, Distribution):
        expected, values = distribution.same_precision(expected, values)
        error = expected.error + values.error
        scale = baseline.features[name]["numerical_statistics"].get("std_dev") or math.nan
        moved = distances.wasserstein(expected, values) / scale
    simple = distances.simple(expected, values)
    n, m = (_rows(expected), _rows(values))
    method = settings["comparison_method"]
    threshold = settings[
        "comparison_threshold" if numeric else "categorical_comparison_threshold"
    ]
    chi_square = settings["categorical_drift_method"] == "ChiSquared"
    if chi_square and isinstance(expected, dict) and isinstance(values, dict):
        distance = distances.chi_square(expected, values)[1]
        drifted = distance < threshold
        message = (
            f"Chi-square p-value: {distance:.3g} is below the threshold: {threshold:g}."
        )
    else:
        distance = distances.robust(simple, n, m) if method == "Robust" else simple
        drifted = distance > threshold
        message = (
            f"{method} distance: {distance:.4g} exceeds the threshold: {threshold:g} "
            f"({n:,} rows in the baseline, {m:,} in the batch)."
        )
    measures = {
        "simple": simple,
        "distance": distance,
        "threshold": threshold,
        "error_bound": error,
        "p_value": distances.p_value(expected, values, distance=simple),
        "p_adjusted": math.nan,
        "psi": distances.psi(expected, values),
        "wasserstein": moved,
        "jensen_shannon": distances.jensen_shannon(expected, values),
    }
    return ("baseline_drift_check", message) if drifted else None, measures


def _rows(values: Values) -> int:
    return values.n if isinstance(values, Distribution) else sum(values.values())


def _percent(share: float) -> str:
    """Return a share as text that never rounds to a limit that it has not reached."""
    text = f"{share:.2%}"
    return f"{share:.4%}" if text in ("0.00%", "100.00%") and share not in (0, 1) else text


def _shortened(value: str, most: int = 40) -> str:
    return value if len(value) <= most else value[: most - 1] + "…"
