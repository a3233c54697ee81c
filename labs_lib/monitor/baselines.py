"""What normal data look like: ``statistics.json`` and ``constraints.json``.

Both in Model Monitor's schema. Of numbers that were kept exactly, the sketch has one level,
and k is their number; it is what a KLL sketch is before it has to forget anything.

Source: Amazon SageMaker Developer Guide, pages model-monitor-byoc-statistics and
model-monitor-byoc-constraints.
"""

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from labs_lib import files
from labs_lib.monitor import arguments, distribution, schema
from labs_lib.monitor.counters import Numbers, Presence, Texts
from labs_lib.monitor.distribution import Distribution
from labs_lib.monitor.profiles import Mode, Profile, profile
from labs_lib.monitor.reading import Csv, Data
from labs_lib.monitor.schema import to_json

BUCKETS = 10
"""Buckets of a number between its smallest and largest value; fixed in Model Monitor."""

C = 2 / 3
"""How fast the levels of a sketch shrink, in Apache DataSketches."""

STATISTICS, CONSTRAINTS = "statistics.json", "constraints.json"
VIOLATIONS = "constraint_violations.json"


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

    def write(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write ``statistics.json`` and ``constraints.json``, both or none.

        They share an ``id``, by which `read_baseline` notices a pair that was not written
        together, and this method one that was edited since.

        Parameters
        ----------
        folder : path
            Made if needed. A baseline in it is replaced.
        overwrite : bool
            Replace it even if its constraints were edited.

        Raises
        ------
        ValueError
            If the folder holds what a check has written, or constraints that were edited
            and would be lost.
        """
        folder = Path(folder)
        if not overwrite:
            check_unedited(folder)
        if (folder / VIOLATIONS).exists():
            raise ValueError(
                f"{folder} holds the result of a check ({VIOLATIONS}), whose statistics would "
                "be lost. Write the baseline to another folder."
            )
        id = _id(self.statistics, self.constraints)
        statistics, constraints = (
            {"version": content["version"], "id": id} | content
            for content in (self.statistics, self.constraints)
        )
        # One of the two is read by people.
        texts = {
            STATISTICS: to_json(statistics),
            CONSTRAINTS: to_json(constraints, indent=2),
        }
        files.write_set(folder, texts)

    def __repr__(self) -> str:
        rows = self.statistics["dataset"]["item_count"]
        return f"Baseline of {rows:,} rows, {len(self.features)} features, {self.mode} mode"


def baseline(
    data: Data | Profile,
    *,
    mode: Mode = "sketch",
    types: Mapping[str, str] | None = None,
    ignore: Collection[str] = (),
    share_method: Literal["Robust", "Simple"] = "Robust",
    completeness: float = 1.0,
    comparison_method: Literal["Robust", "Simple"] = "Robust",
    comparison_threshold: float = 0.1,
    categorical_drift_method: Literal["LInfinity", "ChiSquared"] = "LInfinity",
    categorical_comparison_threshold: float | None = None,
    datatype_check_threshold: float = 0.1,
    domain_content_threshold: float = 0.1,
    csv: Csv | None = None,
) -> Baseline:
    """Return statistics of normal data, and the constraints that they suggest.

    Parameters
    ----------
    data : DataFrame, path, list of paths, or Profile
        The data, or what `profile` and `merge` counted in its parts; a profile has its own
        `mode`, `types`, `ignore` and `csv`.
    mode : {"sketch", "exact"}
        See `profile`. Written to a file, "exact" takes some 20 bytes for each row and column.
    types : mapping of str to str, optional
        See `profile`. {"mcc": "String"} makes categories of a column of codes.
    ignore : collection of str
        Columns that are not checked, such as an id. They stand in the constraints, with
        ``evaluate_constraints`` "Disabled".
    share_method : {"Robust", "Simple"}
        How shares of missing, unknown and negative values are compared. "Simple" is Model
        Monitor's own rule: one missing value more than in the baseline violates, so that of
        two random halves of a table one mostly violates. "Robust" lets pass what chance
        explains (see `shares`): tables of 50 columns of independent rows raise a false alarm
        in at most 1 of 20 checks.
    completeness : float, 0 to 1
        The least share of present values that is asked for, where the baseline has more.
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
        Share of values outside the known categories that is let pass; "Robust" adds the share
        of values that were seen once, since as many new ones are to be expected.
    csv : Csv, optional
        How CSV files are written.

    Returns
    -------
    Baseline

    Raises
    ------
    ValueError
        If there are no rows, a column has infinite values or, by its declared type, more
        wrong ones than are let pass, an option is out of its range, or as `profile`.
    """
    thresholds = {
        "completeness": completeness,
        "comparison_threshold": comparison_threshold,
        "categorical_comparison_threshold": comparison_threshold
        if categorical_comparison_threshold is None
        else categorical_comparison_threshold,
        "datatype_check_threshold": datatype_check_threshold,
        "domain_content_threshold": domain_content_threshold,
    }
    thresholds = {name: arguments.share(name, value) for name, value in thresholds.items()}
    arguments.one_of("share_method", share_method, schema.METHODS)
    arguments.one_of("comparison_method", comparison_method, schema.METHODS)
    arguments.one_of(
        "categorical_drift_method", categorical_drift_method, schema.CATEGORICAL
    )
    if not isinstance(data, Profile):
        data = profile(data, mode=mode, types=types, ignore=ignore, csv=csv)
    if not data.rows:
        raise ValueError("the data have no rows; a baseline needs at least one.")
    _check_values(data, thresholds["datatype_check_threshold"])
    distributions = {
        name: values
        for name, column in data.columns.items()
        if isinstance(column, Numbers) and (values := column.distribution()) is not None
    }
    return Baseline(
        statistics_of(data, distributions),
        {
            "version": 0,
            "features": [
                _constraint(name, column, thresholds["completeness"], name in data.ignored)
                for name, column in data.columns.items()
            ],
            "monitoring_config": {
                "evaluate_constraints": "Enabled",
                "emit_metrics": "Enabled",
                "datatype_check_threshold": thresholds["datatype_check_threshold"],
                "domain_content_threshold": thresholds["domain_content_threshold"],
                "share_method": share_method,
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
    contents = {}
    for name, check in (
        (STATISTICS, schema.check_statistics),
        (CONSTRAINTS, schema.check_constraints),
    ):
        content = contents[name] = schema.read(folder / name)
        try:
            check(content)
        except ValueError as error:
            raise ValueError(
                f"{folder / name} is not in Model Monitor's schema: {error} Mend it, or make "
                "the baseline again."
            ) from None
    statistics, constraints = contents[STATISTICS], contents[CONSTRAINTS]
    names = [[feature["name"] for feature in c["features"]] for c in contents.values()]
    if names[0] != names[1]:
        raise ValueError(
            f"{folder}: {STATISTICS} and {CONSTRAINTS} have different features; expected two "
            "files that were written together. Make the baseline again."
        )
    if statistics.pop("id", None) != constraints.pop("id", None):
        raise ValueError(
            f"{folder}: {STATISTICS} and {CONSTRAINTS} were not written together: their 'id' "
            "differs. Make the baseline again, or take both from one folder."
        )
    return Baseline(statistics, constraints)


def check_unedited(folder: str | Path) -> None:
    """Raise a ValueError if a folder holds constraints that are not as they were written."""
    file = Path(folder) / CONSTRAINTS
    if not file.exists():
        return
    try:
        contents = [schema.read(Path(folder) / name) for name in (STATISTICS, CONSTRAINTS)]
        ids = {content.pop("id", None) for content in contents}
        edited = ids != {_id(*contents)}
    except ValueError:
        edited = True
    if edited:
        raise ValueError(
            f"{file} is not as a baseline has written it: somebody edited it, or it comes from "
            "elsewhere, and it would be lost. Write the new baseline to another folder, or, if "
            "it may go, say overwrite=True."
        )


def _id(statistics: dict, constraints: dict) -> str:
    """Return what tells a pair of files from any other, an edited one included."""
    both = to_json(statistics) + to_json(constraints)
    return hashlib.sha256(both.encode()).hexdigest()[:16]


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


def _check_values(data: Profile, mismatched: float) -> None:
    """Raise a ValueError if a column is such that the baseline would refuse its own data."""
    infinite = {name: c.infinite for name, c in data.columns.items() if c.infinite}
    if infinite:
        raise ValueError(
            f"infinite values in {infinite}; a baseline needs finite numbers. Find out where "
            "they come from, and make them missing, or leave the column out: "
            f"ignore={sorted(infinite)}."
        )
    for name, column in data.columns.items():
        if not column.present:
            continue
        if isinstance(column, Numbers) and not math.isfinite(column.squares):
            raise ValueError(
                f"column {name!r} has values so large that their variance overflows; expected "
                f"numbers below 1e150. Rescale it, or leave it out: ignore=[{name!r}]."
            )
        if column.mismatched > mismatched * column.present:
            raise ValueError(
                f"column {name!r} is declared as {column.type}, and "
                f"{column.mismatched:,} of its {column.present:,} values are none; "
                f"{mismatched:.0%} are allowed. Say types={{{name!r}: 'String'}} or leave it "
                f"out: ignore=[{name!r}]."
            )


def _statistics(name: str, column: Presence, values: object) -> dict:
    feature: dict[str, Any] = {"name": name, "inferred_type": column.type}
    common = {"num_present": column.present, "num_missing": column.missing}
    if isinstance(column, Numbers) and isinstance(values, Distribution):
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


def _constraint(name: str, column: Presence, completeness: float, ignored: bool) -> dict:
    present = column.present / (column.present + column.missing)
    constraint: dict[str, Any] = {
        "name": name,
        "inferred_type": column.type,
        "completeness": min(completeness, present),
    }
    if isinstance(column, Numbers) and column.finite:
        constraint["num_constraints"] = {"is_non_negative": bool(column.min >= 0)}
    if isinstance(column, Texts) and column.counts and not column.other:
        constraint["string_constraints"] = {"domains": list(column.counts)}
    off = {"evaluate_constraints": "Disabled"} if ignored else {}
    return constraint | {"monitoringConfigOverrides": off}


def _buckets(values: Distribution, low: float, high: float) -> list[dict]:
    """Return ten buckets of equal width; each but the last is open at its upper end."""
    edges = between(low, high, BUCKETS + 1)
    below = values.below(edges, strictly=True)
    below[-1] = values.n
    return [
        {"lower_bound": float(lower), "upper_bound": float(upper), "count": int(count)}
        for lower, upper, count in zip(edges[:-1], edges[1:], np.diff(below), strict=True)
    ]


def between(low: float, high: float, n: int) -> np.ndarray:
    """Return `n` numbers at equal distances, however far apart the first and the last are."""
    if math.isfinite(high - low):
        return np.linspace(low, high, n)
    return 2 * np.linspace(low / 2, high / 2, n)
