"""A new batch against a baseline: violations as Model Monitor reports them, and a table.

Source: Amazon SageMaker Developer Guide, page model-monitor-interpreting-violations.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from labs_lib import files, stats
from labs_lib.monitor import baselines, distances
from labs_lib.monitor.baselines import Baseline
from labs_lib.monitor.columns import MAX_CATEGORIES, Numbers, Presence, Texts
from labs_lib.monitor.distribution import Distribution
from labs_lib.monitor.profiles import Mode, Profile, profile
from labs_lib.monitor.reading import Data, column_names
from labs_lib.stats.p_values import Correction

VIOLATIONS = "constraint_violations.json"

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
    distributions: dict[str, Distribution | dict[str, int]] = field(default_factory=dict)
    """The batch's distribution of each feature that was compared."""

    @property
    def ok(self) -> bool:
        """Whether there is no violation."""
        return not self.violations

    def to_json(self) -> str:
        """Return the content of ``constraint_violations.json``."""
        return baselines.to_json({"violations": self.violations}, indent=2)

    def write(self, folder: str | Path) -> None:
        """Write ``constraint_violations.json`` and the batch's ``statistics.json``."""
        files.write_text(
            Path(folder) / baselines.STATISTICS, baselines.to_json(self.statistics)
        )
        files.write_text(Path(folder) / VIOLATIONS, self.to_json())

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

    Returns
    -------
    Check

    Raises
    ------
    ValueError
        If the batch has no rows, an option is out of its range, a constraint is not a
        number or a word that is known, or as `profile`.

    Notes
    -----
    Model Monitor's documentation leaves open how its checks count. Here:

    - data_type_check: the share of present values that are not of the baseline's type is
      above `datatype_check_threshold`. Integral takes whole numbers, Fractional any number
      (also written as text), String any text; Unknown takes everything. An infinite value
      violates always, because a baseline cannot have one.
    - completeness_check: the share of present values is below the constraint's.
    - baseline_drift_check: the distance is above the threshold.
    - categorical_values_check: the share of values outside the known ones is above
      `domain_content_threshold`.
    - missing_column_check and extra_column_check go by name, one for each column.
    """
    if windows < 1:
        raise ValueError(f"windows is {windows}, expected at least 1.")
    if isinstance(data, Profile):
        names, batch = list(data.columns), data
    else:
        names, batch = column_names(data), profile_batch(data, baseline, mode=mode)
    if not batch.rows:
        raise ValueError("the batch has no rows; there is nothing to check.")

    known = [feature["name"] for feature in baseline.constraints["features"]]
    violations, rows, values = [], [], {}
    for constraint in baseline.constraints["features"]:
        name, config = constraint["name"], _config(baseline.constraints, constraint)
        if config["evaluate_constraints"] == "Disabled":
            continue
        if name not in names:
            message = "The baseline has this column, the batch has not."
            violations.append(_violation(name, "missing_column_check", message))
            continue
        column = batch.columns[name]
        _check_kind(name, column, constraint["inferred_type"])
        values[name] = _values(column)
        found, row = _checked(baseline, constraint, config, column, values[name])
        violations += found
        rows.append(row | {"present": column.present / batch.rows})
    for name in names:
        if name not in known:
            message = "The batch has this column, the baseline has not."
            violations.append(_violation(name, "extra_column_check", message))

    columns = ["feature", "type", "present", "drifted", *MEASURES, "violations", "note"]
    table = pd.DataFrame(rows, columns=columns)
    tests = int(table["p_value"].notna().sum()) * windows
    table["p_adjusted"] = stats.adjust(table["p_value"], method=correction, tests=tests)
    statistics = baselines.statistics_of(batch, values)
    compared = table.loc[table["distance"].notna() | table["drifted"], "feature"]
    return Check(violations, table, statistics, {name: values[name] for name in compared})


def profile_batch(data: Data, baseline: Baseline, *, mode: Mode = "sketch") -> Profile:
    """Go over a batch, or a part of one, with the baseline's types and categories.

    Parameters
    ----------
    data : DataFrame, path, or list of paths
        The part. Columns that the baseline does not know are only named.
    baseline : Baseline
        What values are expected.
    mode : {"sketch", "exact"}
        See `profile`.

    Raises
    ------
    ValueError
        As `profile`.
    """
    types = dict.fromkeys(column_names(data), "Unknown") | baseline.types
    domains = {
        feature["name"]: feature["string_constraints"]["domains"]
        for feature in baseline.constraints["features"]
        if "string_constraints" in feature
    }
    return profile(data, mode=mode, types=types, domains=domains)


def _config(constraints: Mapping, constraint: Mapping) -> dict:
    """Return the settings of one feature: the common ones, with its own on top."""
    common = constraints["monitoring_config"]
    own = constraint.get("monitoringConfigOverrides", {})
    distribution = {
        "perform_comparison": "Enabled",
        "comparison_method": "Robust",
        "categorical_drift_method": "LInfinity",
    }
    distribution |= common["distribution_constraints"]
    distribution |= own.get("distribution_constraints", {})
    distribution.setdefault(
        "categorical_comparison_threshold", distribution["comparison_threshold"]
    )
    config = {"evaluate_constraints": "Enabled"} | common | own
    config["distribution_constraints"] = distribution
    for name, value in [*config.items(), *distribution.items()]:
        _check_setting(constraint["name"], name, value)
    return config


_WORDS = {
    "evaluate_constraints": ("Enabled", "Disabled"),
    "perform_comparison": ("Enabled", "Disabled"),
    "comparison_method": ("Robust", "Simple"),
    "categorical_drift_method": ("LInfinity", "ChiSquared"),
}


def _check_setting(feature: str, name: str, value: object) -> None:
    if name in _WORDS and value not in _WORDS[name]:
        raise ValueError(
            f"{name} of {feature!r} is {value!r} in the constraints, expected one of "
            f"{', '.join(_WORDS[name])}."
        )
    if name.endswith("threshold") and not (
        isinstance(value, int | float) and 0 <= value <= 1
    ):
        raise ValueError(
            f"{name} of {feature!r} is {value!r} in the constraints, expected a number from "
            "0 to 1."
        )


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


def _checked(baseline, constraint, config, column, values) -> tuple[list[dict], dict]:
    """Return the violations of one feature, and its row of the table."""
    name, expected = constraint["name"], baseline.distribution(constraint["name"])
    note = _why_not(expected, values, constraint, config)
    drift, measures = None, dict.fromkeys(MEASURES, math.nan)
    if not note:
        drift, measures = _drift(baseline, name, expected, values, config)
    found = [
        _violation(name, *failed)
        for failed in (
            _data_type(column, constraint, config),
            _completeness(column, constraint),
            _categorical_values(column, constraint, config),
            drift,
        )
        if failed
    ]
    row = {
        "feature": name,
        "type": constraint["inferred_type"],
        "drifted": drift is not None,
    }
    row |= measures
    row["violations"] = ", ".join(violation["constraint_check_type"] for violation in found)
    return found, row | {"note": note}


def _data_type(column: Presence, constraint: Mapping, config: Mapping):
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


def _completeness(column: Presence, constraint: Mapping):
    share, least = (
        column.present / (column.present + column.missing),
        constraint["completeness"],
    )
    if share >= least:
        return None
    return (
        "completeness_check",
        f"{_percent(share)} of the rows have a value; the constraint is {_percent(least)}.",
    )


def _categorical_values(column: Presence, constraint: Mapping, config: Mapping):
    domain = constraint.get("string_constraints", {}).get("domains")
    if domain is None or not isinstance(column, Texts) or not column.present:
        return None
    known = set(domain)
    unknown = {v: n for v, n in column.counts.items() if v not in known}
    share = (sum(unknown.values()) + column.other) / column.present
    if share <= config["domain_content_threshold"]:
        return None
    examples = ", ".join(repr(_shortened(value)) for value in list(unknown)[:3])
    return (
        "categorical_values_check",
        f"{_percent(share)} of the values are none of the {len(domain):,} known ones, such as "
        f"{examples}; {_percent(config['domain_content_threshold'])} are allowed.",
    )


def _values(column: Presence) -> Distribution | dict[str, int] | None:
    if isinstance(column, Numbers):
        return column.distribution()
    if isinstance(column, Texts):
        return {value: count for value, count in column.counts.items() if count} or None
    return None


def _why_not(expected, values, constraint, config) -> str:
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


def _drift(baseline, name, expected, values, config):
    """Return the violation, or None, and the measures of one feature."""
    settings = config["distribution_constraints"]
    numeric = isinstance(expected, Distribution)
    simple = distances.simple(expected, values)
    n, m = (_rows(expected), _rows(values))
    method = settings["comparison_method"]
    threshold = settings[
        "comparison_threshold" if numeric else "categorical_comparison_threshold"
    ]
    chi_square = not numeric and settings["categorical_drift_method"] == "ChiSquared"
    if chi_square:
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
    scale = math.nan
    if numeric:
        scale = baseline.features[name]["numerical_statistics"]["std_dev"]
    measures = {
        "simple": simple,
        "distance": distance,
        "threshold": threshold,
        "error_bound": expected.error + values.error if numeric else 0.0,
        "p_value": distances.p_value(expected, values, distance=simple),
        "p_adjusted": math.nan,
        "psi": distances.psi(expected, values),
        "wasserstein": distances.wasserstein(expected, values) / scale
        if numeric and scale > 0
        else math.nan,
        "jensen_shannon": distances.jensen_shannon(expected, values),
    }
    return ("baseline_drift_check", message) if drifted else None, measures


def _rows(values: Distribution | Mapping[str, int]) -> int:
    return values.n if isinstance(values, Distribution) else sum(values.values())


def _percent(share: float) -> str:
    """Return a share as text that never rounds to a limit that it has not reached."""
    text = f"{share:.2%}"
    return f"{share:.4%}" if text in ("0.00%", "100.00%") and share not in (0, 1) else text


def _shortened(value: str, most: int = 40) -> str:
    return value if len(value) <= most else value[: most - 1] + "…"
