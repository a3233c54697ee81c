"""One facet value against the rest: the metrics of its table, and their intervals."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from labs_lib import stats
from labs_lib.prepare.bias import metrics
from labs_lib.prepare.bias.metrics import PRE_TRAINING, Convention

MAX_UNDEFINED = 0.05
"""Share of bootstrap repeats that may be undefined before the interval is."""

MIN_CELL = 5
"""Rows below which a cell of facet x outcome may make the interval too narrow."""

DISTANCES = ("KL", "JS", "LP", "TVD", "KS")
"""Metrics that are above zero by chance even if the facets are equal."""


class FacetPair(NamedTuple):
    """What the metrics of facet a and facet d are computed from."""

    table: np.ndarray  # rows by facet (a, d), group, label and predicted outcome
    positive: np.ndarray  # which labels are positive
    grouped: bool  # whether there is a group variable
    flips: tuple[int, int] | None  # F+ and F- of FT
    convention: Convention


def measure(pair: FacetPair, methods: Sequence[str]) -> list[dict]:
    """Return stage, metric, value and note (why a value is missing) of each metric."""
    found = _of_tables(pair, pair.table)
    found["FT"] = _flip_rate(pair, *(pair.flips or (np.nan, np.nan)))
    return [
        {
            "stage": "pre_training" if metric in PRE_TRAINING else "post_training",
            "metric": metric,
            "value": float(found[metric]),
            "note": _why_missing(pair, metric, found[metric]),
        }
        for metric in methods
    ]


def with_intervals(
    found: list[dict],
    pair: FacetPair,
    *,
    repeats: int,
    confidence: float,
    seed: int,
) -> list[dict]:
    """Return the result of `measure` with low and high before note.

    Where a metric is undefined in too many repeats, both are NaN and note says so. Where a
    cell that it depends on is nearly empty, note says that the interval may be too narrow.
    """
    draws = _draws(pair, repeats, seed)
    equal = _draws_of_equal_facets(pair, repeats, seed)
    rows = []
    for row in found:
        metric, note = row["metric"], row["note"]
        low, high, undefined = _limits(draws[metric], confidence)
        if metric in DISTANCES:
            # Resampling only adds to a distance, so that its percentiles never reach zero.
            # The upper end at level 2c - 1 is the percentile c.
            _, by_chance, _ = _limits(equal[metric], 2 * confidence - 1)
            low = min(low, 0.0) if row["value"] <= by_chance else low
        if not note and math.isnan(low):
            note = f"no interval: undefined in {undefined:.0%} of the repeats"
        elif not note and (smallest := _smallest_cell(pair, metric)) < MIN_CELL:
            many = "1 row" if smallest == 1 else f"{smallest} rows"
            note = f"interval may be too narrow: smallest cell has {many}"
        rows.append(row | {"low": low, "high": high, "note": note})
    return rows


def _limits(drawn, confidence):
    """Return the percentiles of the draws and the share of draws that are undefined."""
    undefined = np.isnan(drawn).mean()
    if undefined > MAX_UNDEFINED:
        return np.nan, np.nan, undefined
    # Infinite values cannot be interpolated.
    return *stats.percentiles(drawn, confidence, method="inverted_cdf"), undefined


def _smallest_cell(pair, metric):
    """Return the rows of the smallest cell that the metric depends on."""
    if metric == "FT":
        return sum(pair.flips)
    by_label = np.moveaxis(pair.table.sum(axis=1), -1, -2)
    cells = metrics.outcomes(by_label, pair.positive)  # facet, predicted, observed
    if metric in PRE_TRAINING:
        cells = cells.sum(axis=-2)
    elif metric in ("DPPL", "DI", "CDDPL"):
        cells = cells.sum(axis=-1)
    return int(cells.min())


def _of_tables(pair, tables):
    """Return all metrics but FT for tables of shape (..., 2, n_groups, n_labels, 2)."""
    arguments = pair.positive, pair.convention
    found = metrics.pre_training(tables.sum(axis=-1), *arguments)
    found |= metrics.post_training(tables, *arguments)
    if not pair.grouped:
        found["CDDL"] = found["CDDPL"] = np.full_like(found["CI"], np.nan)
    return found


def _flip_rate(pair, worse, better):
    rate = (worse - better) / pair.table[1].sum()
    return (-rate if pair.convention == "smclarify" else rate) + 0.0


def _why_missing(pair, metric, value):
    if not np.isnan(value):
        return ""
    if metric == "FT":
        return "not computed: name numeric columns in features"
    if metric in ("CDDL", "CDDPL") and not pair.grouped:
        return "not computed: name a column in group_variable"
    return f"undefined: {metrics.UNDEFINED[metric]}"


def _draws_of_equal_facets(pair, repeats, seed):
    """Return the metrics of the labels, drawn as if both facets had the same labels."""
    labels = pair.table.sum(axis=(1, 3))
    chance = np.outer(labels.sum(axis=1), labels.sum(axis=0)) / labels.sum() ** 2
    rng = np.random.default_rng(seed)
    drawn = stats.resampled_counts(labels.sum(), chance[:, None, :], repeats, rng)
    tables = np.concatenate(list(drawn))
    return metrics.pre_training(tables, pair.positive, pair.convention)


def _draws(pair, repeats, seed):
    """Return the bootstrap values of each metric, shape (repeats,)."""
    rng = np.random.default_rng(seed)
    n = pair.table.sum()
    found = [
        _of_tables(pair, tables)
        for tables in stats.resampled_counts(n, pair.table / n, repeats, rng)
    ]
    draws = {metric: np.concatenate([f[metric] for f in found]) for metric in found[0]}
    if pair.flips is None:
        return draws | {"FT": np.full(repeats, np.nan)}
    n_d = int(pair.table[1].sum())
    kinds = np.array([*pair.flips, n_d - sum(pair.flips)])
    worse, better, _ = rng.multinomial(n_d, kinds / n_d, size=repeats).T
    return draws | {"FT": _flip_rate(pair, worse, better)}
