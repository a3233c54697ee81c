"""Bias drift: are the bias metrics of live data further from fair than the baseline's?

The metrics are computed elsewhere: tables are those of ``labs_lib.prepare.bias.report(...)``
(its attribute ``table``), or any with the same columns.
"""

import math
from typing import Literal

import pandas as pd

from labs_lib import columns

KEY = ["facet", "value_or_threshold", "metric"]

NEUTRAL = {"DI": 1.0}
"""Where a metric is fair, if not at 0."""


def check_bias(
    baseline: pd.DataFrame,
    live: pd.DataFrame,
    *,
    rule: Literal["value", "interval"] = "value",
    reading: Literal["guide", "neutral"] = "guide",
) -> dict:
    """Return bias violations, as ``constraint_violations.json`` has them.

    Parameters
    ----------
    baseline, live : DataFrame
        One row for each facet, value and metric: columns `facet`, `value_or_threshold`,
        `metric`, `value`, and for the rule "interval" `low` and `high` in `live`. Metrics
        without a value in the baseline are not checked.
    rule : {"value", "interval"}
        "value": the live value is further from fair than the baseline's. "interval": the
        whole live interval is, so that the rows of one window have to show it.
    reading : {"guide", "neutral"}
        Where fair is. "guide": at 0, for every metric. "neutral": DI is fair at 1; by the
        guide's rule a fall of DI from 0.8 to 0.5, which is worse, is nearer to 0.

    Returns
    -------
    dict
        ``{"version", "violations"}``; each violation has ``facet``, ``facet_value``,
        ``metric_name``, ``constraint_check_type`` and ``description``.

    Raises
    ------
    ValueError
        If a column is missing, a row is there twice, a metric of the baseline is missing in
        `live`, or an option is unknown.

    Notes
    -----
    The allowed range is closed and symmetric around fair. Sources: Amazon SageMaker Developer
    Guide, pages clarify-model-monitor-bias-drift (an alert if interval and allowed range are
    disjoint; Clarify's interval is a normal bootstrap, `bias.report` gives percentiles) and
    clarify-model-monitor-bias-drift-violations (further from 0 than the baseline).
    """
    for name, value, allowed in (
        ("rule", rule, ("value", "interval")),
        ("reading", reading, ("guide", "neutral")),
    ):
        if value not in allowed:
            raise ValueError(f"{name} is {value!r}, expected one of {', '.join(allowed)}.")
    ends = ["value", "value"] if rule == "value" else ["low", "high"]
    before = _by_key(baseline, "baseline", ["value"])
    now = _by_key(live, "live", ["value", *ends])
    missing = [key for key in before.index if key not in now.index]
    if missing:
        raise ValueError(
            f"live lacks {missing[:5]}; expected every facet, value and metric of the baseline."
        )
    violations = []
    for key, expected in before["value"].items():
        if math.isnan(expected):
            continue
        facet, value, metric = key
        fair = NEUTRAL.get(metric, 0.0) if reading == "neutral" else 0.0
        allowed = abs(expected - fair)
        low, high = (float(now.loc[key, end]) for end in ends)
        if math.isnan(low) or math.isnan(high):
            found = f"no value, so that {_range(fair, allowed)} cannot be checked"
        elif low - fair > allowed or fair - high > allowed:
            interval = f" (interval {low:.4g} to {high:.4g})" if rule == "interval" else ""
            found = f"value {now.loc[key, 'value']:.4g}{interval}, outside "
            found += _range(fair, allowed)
        else:
            continue
        violations.append(
            {
                "facet": str(facet),
                "facet_value": str(value),
                "metric_name": metric,
                "constraint_check_type": "bias_drift_check",
                "description": f"{metric} has {found}.",
            }
        )
    return {"version": "1.0", "violations": violations}


def _by_key(table: pd.DataFrame, name: str, values: list[str]) -> pd.DataFrame:
    lacking = [column for column in [*KEY, *values] if column not in table.columns]
    if lacking:
        raise ValueError(
            f"{name} has no column {lacking}; expected the table of a bias report. For "
            "intervals, ask for it with repeats."
        )
    # By their texts: a table that was read from a file has "1" or 1.0 where one had 1.
    keys = [[columns.text(value) for value in table[key]] for key in KEY]
    indexed = table.set_index(pd.MultiIndex.from_arrays(keys, names=KEY))
    if not indexed.index.is_unique:
        twice = indexed.index[indexed.index.duplicated()][0]
        raise ValueError(f"{name} has {twice} more than once; expected each row once.")
    return indexed


def _range(fair: float, allowed: float) -> str:
    return f"the allowed {fair - allowed:.4g} to {fair + allowed:.4g}"
