"""What normal data look like: ``statistics.json`` and ``constraints.json``.

Both in Model Monitor's schema. Of numbers that were kept exactly, the sketch has one level,
and k is their number; it is what a KLL sketch is before it has to forget anything.

Source: Amazon SageMaker Developer Guide, pages model-monitor-byoc-statistics and
model-monitor-byoc-constraints.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from labs_lib import files
from labs_lib.monitor import distribution
from labs_lib.monitor.columns import TYPES, Numbers, Presence, Texts
from labs_lib.monitor.distribution import Distribution
from labs_lib.monitor.profiles import Mode, Profile, profile
from labs_lib.monitor.reading import Data

BUCKETS = 10
"""Buckets of a number between its smallest and largest value; fixed in Model Monitor."""

C = 2 / 3
"""How fast the levels of a sketch shrink, in Apache DataSketches."""

STATISTICS, CONSTRAINTS = "statistics.json", "constraints.json"


@dataclass(frozen=True, repr=False, eq=False)
class Baseline:
    """Statistics of normal data, and what a batch has to satisfy.

    Attributes
    ----------
    statistics, constraints : dict
        The contents of the two files. Constraints are meant to be edited.
    """

    statistics: dict
    constraints: dict
    _distributions: dict[str, Distribution] = field(default_factory=dict)

    @cached_property
    def features(self) -> dict[str, dict]:
        """The statistics of each feature by its name."""
        return {feature["name"]: feature for feature in self.statistics["features"]}

    @property
    def types(self) -> dict[str, str]:
        """The inferred type of each feature, as the constraints have it."""
        return {f["name"]: f["inferred_type"] for f in self.constraints["features"]}

    @property
    def mode(self) -> Mode:
        """ "exact" if every number was kept, else "sketch"."""
        sketched = any(
            len(f["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"]) > 1
            for f in self.statistics["features"]
            if "numerical_statistics" in f
        )
        return "sketch" if sketched else "exact"

    def distribution(self, name: str) -> Distribution | dict[str, int] | None:
        """Return the distribution of a number, the counts of a list of categories, or None.

        None stands for a column without values, or with too many different texts to be a
        list of categories.
        """
        feature = self.features[name]
        if "numerical_statistics" in feature:
            if name not in self._distributions:
                kll = feature["numerical_statistics"]["distribution"]["kll"]["sketch"]
                if not any(kll["data"]):
                    return None
                self._distributions[name] = distribution.from_levels(
                    kll["data"], kll["parameters"]["k"]
                )
            return self._distributions[name]
        if "string_statistics" in feature:
            buckets = feature["string_statistics"]["distribution"]["categorical"]["buckets"]
            return {bucket["value"]: bucket["count"] for bucket in buckets} or None
        return None

    def write(self, folder: str | Path) -> None:
        """Write ``statistics.json`` and ``constraints.json``, each whole or not at all."""
        for name, content in (
            (STATISTICS, self.statistics),
            (CONSTRAINTS, self.constraints),
        ):
            files.write_text(Path(folder) / name, to_json(content))

    def __repr__(self) -> str:
        rows = self.statistics["dataset"]["item_count"]
        return f"Baseline of {rows:,} rows, {len(self.features)} features, {self.mode} mode"


def baseline(
    data: Data | Profile,
    *,
    mode: Mode = "sketch",
    types: Mapping[str, str] | None = None,
    comparison_method: Literal["Robust", "Simple"] = "Robust",
    comparison_threshold: float = 0.1,
    categorical_drift_method: Literal["LInfinity", "ChiSquared"] = "LInfinity",
    categorical_comparison_threshold: float | None = None,
    datatype_check_threshold: float = 0.1,
    domain_content_threshold: float = 0.1,
) -> Baseline:
    """Return statistics of normal data, and the constraints that they suggest.

    Parameters
    ----------
    data : DataFrame, path, list of paths, or Profile
        The data, or what `profile` and `merge` counted in its parts.
    mode : {"sketch", "exact"}
        See `profile`. Written to a file, "exact" takes some 20 bytes for each row and column.
    types : mapping of str to str, optional
        See `profile`. {"mcc": "String"} makes categories of a column of codes.
    comparison_method : {"Robust", "Simple"}
        Whether the distance that chance explains is subtracted (see `distances.robust`).
        Which one Model Monitor suggests is not documented.
    comparison_threshold : float, 0 to 1
        A number has drifted if its distance is larger.
    categorical_drift_method : {"LInfinity", "ChiSquared"}
        "LInfinity": the largest difference of shares, by `comparison_method`. "ChiSquared":
        the p-value of `distances.chi_square`; a category has drifted if it is smaller than
        the threshold (the direction is not documented; this one makes sense).
    categorical_comparison_threshold : float, 0 to 1, optional
        Default: `comparison_threshold`, as in Model Monitor.
    datatype_check_threshold : float, 0 to 1
        Share of values of another type that is let pass.
    domain_content_threshold : float, 0 to 1
        Share of values outside the known categories that is let pass.

    Returns
    -------
    Baseline

    Raises
    ------
    ValueError
        If there are no rows, a column has infinite values, an option is out of its range, or
        as `profile`.
    """
    thresholds = {
        "comparison_threshold": comparison_threshold,
        "categorical_comparison_threshold": comparison_threshold
        if categorical_comparison_threshold is None
        else categorical_comparison_threshold,
        "datatype_check_threshold": datatype_check_threshold,
        "domain_content_threshold": domain_content_threshold,
    }
    for name, value in thresholds.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}, expected 0 to 1.")
    _one_of("comparison_method", comparison_method, ("Robust", "Simple"))
    _one_of(
        "categorical_drift_method", categorical_drift_method, ("LInfinity", "ChiSquared")
    )
    if not isinstance(data, Profile):
        data = profile(data, mode=mode, types=types)
    if not data.rows:
        raise ValueError("the data have no rows; a baseline needs at least one.")
    infinite = {name: c.infinite for name, c in data.columns.items() if c.infinite}
    if infinite:
        raise ValueError(
            f"infinite values in {infinite}; a baseline needs finite numbers. Find out where "
            "they come from, and leave them out or make them missing."
        )
    too_large = [
        name
        for name, column in data.columns.items()
        if isinstance(column, Numbers) and not math.isfinite(column.squares)
    ]
    if too_large:
        raise ValueError(
            f"columns {too_large} have values so large that their variance overflows; "
            "expected numbers below 1e150. Rescale them."
        )
    distributions = {
        name: column.distribution()
        for name, column in data.columns.items()
        if isinstance(column, Numbers) and column.finite
    }
    return Baseline(
        statistics_of(data, distributions),
        {
            "version": 0,
            "features": [
                _constraint(name, column) for name, column in data.columns.items()
            ],
            "monitoring_config": {
                "evaluate_constraints": "Enabled",
                "emit_metrics": "Enabled",
                "datatype_check_threshold": thresholds["datatype_check_threshold"],
                "domain_content_threshold": thresholds["domain_content_threshold"],
                "distribution_constraints": {
                    "perform_comparison": "Enabled",
                    "comparison_threshold": thresholds["comparison_threshold"],
                    "comparison_method": comparison_method,
                    "categorical_comparison_threshold": thresholds[
                        "categorical_comparison_threshold"
                    ],
                    "categorical_drift_method": categorical_drift_method,
                },
            },
        },
        distributions,
    )


def read_baseline(folder: str | Path) -> Baseline:
    """Read ``statistics.json`` and ``constraints.json`` from a folder.

    Raises
    ------
    ValueError
        If a file is missing, cut off, of another version, or not of the schema, or the two
        have different features.
    """
    folder = Path(folder)
    statistics = _read(folder / STATISTICS)
    constraints = _read(folder / CONSTRAINTS)
    names = [feature["name"] for feature in statistics["features"]]
    if names != [feature["name"] for feature in constraints["features"]]:
        raise ValueError(
            f"{folder}: {STATISTICS} and {CONSTRAINTS} have different features; expected two "
            "files that were written together. Make the baseline again."
        )
    result = Baseline(statistics, constraints)
    try:
        for name in names:
            result.distribution(name)
        for feature in constraints["features"]:
            _one_of("inferred_type", feature["inferred_type"], TYPES)
            if not 0 <= feature["completeness"] <= 1:
                raise ValueError("completeness is not between 0 and 1")
            if not isinstance(
                feature.get("string_constraints", {"domains": []})["domains"], list
            ):
                raise ValueError("domains is no list")
        config = constraints["monitoring_config"]
        config["datatype_check_threshold"], config["domain_content_threshold"]
        config["distribution_constraints"]["comparison_threshold"]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(
            f"{folder} does not hold a baseline in Model Monitor's schema: {what}. "
            "Make the baseline again."
        ) from None
    return result


def statistics_of(data: Profile, distributions: Mapping[str, object]) -> dict:
    """Return the content of ``statistics.json`` for a profile and its distributions.

    A sum or deviation that is too large for a number of 64 bits is null.
    """
    return {
        "version": 0,
        "dataset": {"item_count": data.rows},
        "features": [
            _statistics(name, column, distributions.get(name))
            for name, column in data.columns.items()
        ],
    }


def _statistics(name: str, column: Presence, values: object) -> dict:
    feature = {"name": name, "inferred_type": column.type}
    common = {"num_present": column.present, "num_missing": column.missing}
    if isinstance(values, Distribution):
        levels = values.levels()
        kept = {
            "mean": column.mean,
            "sum": column.total,
            "std_dev": column.std,
            "min": column.min,
            "max": column.max,
        }
        return feature | {
            "numerical_statistics": {
                "common": common,
                **{k: float(v) if math.isfinite(v) else None for k, v in kept.items()},
                "distribution": {
                    "kll": {
                        "buckets": _buckets(values, column.min, column.max),
                        "sketch": {
                            "parameters": {
                                "c": C,
                                "k": distribution.K if len(levels) > 1 else values.n,
                            },
                            "data": levels,
                        },
                    }
                },
            }
        }
    if isinstance(column, Texts):
        # A list with gaps would be taken for the whole one.
        counts = {} if column.other else column.counts
        return feature | {
            "string_statistics": {
                "common": common,
                "distinct_count": column.distinct,
                "distribution": {
                    "categorical": {
                        "buckets": [{"value": v, "count": n} for v, n in counts.items()]
                    }
                },
            }
        }
    return feature | {"common": common}


def _constraint(name: str, column: Presence) -> dict:
    constraint = {
        "name": name,
        "inferred_type": column.type,
        "completeness": column.present / (column.present + column.missing),
    }
    if isinstance(column, Numbers) and column.finite:
        constraint["num_constraints"] = {"is_non_negative": bool(column.min >= 0)}
    if isinstance(column, Texts) and column.counts and not column.other:
        constraint["string_constraints"] = {"domains": list(column.counts)}
    return constraint | {"monitoringConfigOverrides": {}}


def _buckets(values: Distribution, low: float, high: float) -> list[dict]:
    """Return ten buckets of equal width; each but the last is open at its upper end."""
    edges = np.linspace(low, high, BUCKETS + 1)
    below = values.below(edges, strictly=True)
    below[-1] = values.n
    return [
        {"lower_bound": float(lower), "upper_bound": float(upper), "count": int(count)}
        for lower, upper, count in zip(edges[:-1], edges[1:], np.diff(below), strict=True)
    ]


def _read(file: Path) -> dict:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{file} does not exist. Make a baseline first.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{file} is not complete JSON ({error}); it may be cut off. Make the baseline again."
        ) from None
    except OSError as error:
        raise ValueError(f"{file} could not be read: {error.strerror}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("features"), list):
        raise ValueError(
            f"{file} has no list of features; expected Model Monitor's schema."
        )
    if content.get("version") != 0:
        raise ValueError(
            f"{file} has version {content.get('version')!r}; expected 0. "
            "Make the baseline again with this program."
        )
    if not all(
        isinstance(f, dict) and isinstance(f.get("name"), str) for f in content["features"]
    ):
        raise ValueError(
            f"{file} has a feature without a name; expected Model Monitor's schema."
        )
    return content


def to_json(content: dict, *, indent: int | None = None) -> str:
    """Return JSON text that any parser reads: no NaN, no infinity."""
    return json.dumps(content, allow_nan=False, ensure_ascii=False, indent=indent) + "\n"


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}, expected one of {', '.join(allowed)}.")
