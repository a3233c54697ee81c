"""A monitor for tables of features, after Amazon SageMaker Model Monitor, on one machine.

    from labs_lib import monitor

    base = monitor.baseline("reference.parquet")         # or a DataFrame, or many files
    base.write("baseline")                               # statistics.json, constraints.json

    result = monitor.check("today.parquet", monitor.read_baseline("baseline"))
    result.ok, result.violations, result.table           # or print(result)
    result.write("today")                                # constraint_violations.json
    monitor.write_report("today/report.html", result, base)

The same at the command line: ``labs monitor baseline reference.parquet --out baseline`` and
``labs monitor check today.parquet --baseline baseline --out today``.

docs/monitor.md has a worked example, and says how to edit the constraints.

Data are DataFrames, Parquet or CSV files, folders or lists of files, read in pieces. A KLL sketch
keeps memory constant (500 MB for 20 columns, however many rows); a distance of two sketches
lies within 0.28 % of the rows (twice the sketch's rank error) of the exact one.
``mode="exact"`` keeps every number, and gives the same result every time. ``merge`` puts the
profiles of the parts of a table together, wherever they were made: see `distributed` for a
cluster.

===========================  ============================================================
`baseline`, `check`          Model Monitor's files and checks; drift Simple and Robust
`report`, `write_report`     one HTML page with a figure for each feature that drifted
`drift`                      two tables, column by column, exactly and fast
`distances`                  Simple, Robust, chi-square, PSI, Wasserstein, Jensen-Shannon,
                             p-values, one function each
`adjust`                     p-values corrected for the number of features and windows
`domain_classifier`          joint drift: can a model tell baseline and batch apart?
`cusum`                      small deviations added up until they raise an alarm
`join_labels`, `quality`,    model quality: labels that come late, metrics with intervals,
`suggest_constraints`,       thresholds, violations
`check_quality`
`check_bias`                 bias drift, from the tables of ``labs_lib.prepare.bias``
`ndcg`,                      feature attribution drift
`check_attributions`
===========================  ============================================================

    monitor.drift(reference, current)[["feature", "simple", "p_adjusted", "psi"]]
    monitor.domain_classifier(reference, current).auc

    judged = monitor.join_labels(predictions, labels, on="id", arrived="day", until=60)
    live = monitor.quality(judged["label"], judged["predicted"], score=judged["score"],
                           problem_type="BinaryClassification")
    violations, table = monitor.check_quality(live, monitor.suggest_constraints(before))
    monitor.check_bias(bias_before.table, bias_now.table)["violations"]
    monitor.check_attributions({"a": 0.7, "b": 0.3}, {"a": 0.2, "b": 0.8})["violations"]
"""

from labs_lib.monitor import distances
from labs_lib.monitor.attribution import check_attributions, ndcg
from labs_lib.monitor.baselines import Baseline, baseline, read_baseline
from labs_lib.monitor.bias_drift import check_bias
from labs_lib.monitor.checks import Check, check, profile_batch
from labs_lib.monitor.joint_drift import DomainClassifier, domain_classifier
from labs_lib.monitor.model_quality import (
    Quality,
    check_quality,
    join_labels,
    quality,
    suggest_constraints,
)
from labs_lib.monitor.pages import report, write_report
from labs_lib.monitor.profiles import Profile, merge, profile
from labs_lib.monitor.reading import Csv
from labs_lib.monitor.sequential import cusum
from labs_lib.monitor.two_tables import drift
from labs_lib.stats import adjust

__all__ = [
    "Baseline",
    "Check",
    "Csv",
    "DomainClassifier",
    "Profile",
    "Quality",
    "adjust",
    "baseline",
    "check",
    "check_attributions",
    "check_bias",
    "check_quality",
    "cusum",
    "distances",
    "domain_classifier",
    "drift",
    "join_labels",
    "merge",
    "ndcg",
    "profile",
    "profile_batch",
    "quality",
    "read_baseline",
    "report",
    "suggest_constraints",
    "write_report",
]
