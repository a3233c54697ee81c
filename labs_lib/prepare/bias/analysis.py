"""All metrics of a frame for any number of facets: as a table, and as Clarify's JSON."""

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import pandas as pd

from labs_lib import files, stats
from labs_lib.prepare.bias import columns, counts, facet_pair, flip, metrics
from labs_lib.prepare.bias.metrics import POST_TRAINING, PRE_TRAINING, Convention


@dataclass(frozen=True, repr=False, eq=False)
class BiasReport:
    """What `report` found.

    Attributes
    ----------
    label : hashable
        The column of the observed labels.
    label_value_or_threshold : str
        Which labels are positive, as Clarify writes it.
    table : DataFrame
        One row for each facet, value and metric: `facet`, `value_or_threshold` (who is d),
        `members` (rows of d), `stage` ("pre_training" or "post_training"), `metric`,
        `value`, with intervals `low` and `high`, and `note`: why a value or an interval is
        missing, else empty.
    """

    label: Hashable
    label_value_or_threshold: str
    table: pd.DataFrame

    def to_dict(self) -> dict:
        """Return the content of Clarify's ``analysis.json``.

        As there, metrics are sorted by name, infinite values are text ("Infinity"), and a
        metric without a value has None and an ``error``. Intervals are not part of it.
        Source: Amazon SageMaker Developer Guide, page clarify-processing-job-run.
        """
        sections = {
            f"{stage}_bias_metrics": {
                "label": str(self.label),
                "label_value_or_threshold": self.label_value_or_threshold,
                "facets": {
                    str(facet): [
                        {"value_or_threshold": value, "metrics": _metrics_json(rows)}
                        for value, rows in part.groupby("value_or_threshold", sort=False)
                    ]
                    for facet, part in of_stage.groupby("facet", sort=False)
                },
            }
            for stage, of_stage in self.table.groupby("stage", sort=False)
        }
        return {"version": "1.0", **sections}

    def to_json(self, path: Path | str | None = None) -> str:
        """Return `to_dict` as JSON text, and write it to `path` if one is given."""
        text = json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"
        if path is not None:
            files.write_text(path, text)
        return text

    def _repr_html_(self) -> str:
        return self.table.to_html(index=False)

    def __repr__(self) -> str:
        return self.table.to_string(index=False)


def report(
    data: pd.DataFrame,
    *,
    label: Hashable,
    positive: object,
    facets: Mapping[Hashable, object],
    predicted: Hashable | None = None,
    probability_threshold: float | None = None,
    group_variable: Hashable | None = None,
    features: Sequence[Hashable] | None = None,
    methods: Sequence[str] | str = "all",
    convention: Convention = "definition",
    repeats: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
) -> BiasReport:
    """Return Clarify's bias metrics of labels and predictions, facet by facet.

    Parameters
    ----------
    data : DataFrame of shape (n_rows, n_columns)
        One row for each person or case.
    label : column name
        The observed labels.
    positive : value, list of values, or Above
        Which labels are the positive outcome (Clarify's label_values_or_threshold).
    facets : mapping of column name to value, list of values, Above or None
        Who is the disfavoured facet d; everybody else is facet a. With None each value of
        the column is d in turn.
    predicted : column name, optional
        Predicted labels, coded like `label`, or scores if `probability_threshold` is given.
        Without it only the metrics of the labels are computed.
    probability_threshold : float, optional
        Scores strictly above it are predicted positive.
    group_variable : column name, optional
        The groups within which CDDL and CDDPL compare.
    features : list of column names, optional
        Numeric columns by which FT finds similar rows (see `flip_test`); the facet's own
        column is left out. The time grows with the square of the rows in the worst case:
        FT is meant for thousands of rows, not for a million.
    methods : list of str or "all"
        Which metrics, out of `PRE_TRAINING` and `POST_TRAINING`.
    convention : {"definition", "smclarify"}
        Which reading, where definition and code differ: see the docstring of the package.
    repeats : int
        Bootstrap repeats for the intervals; 0 for none.
    confidence : float
        Level of the intervals, between 0 and 1.
    seed : int
        Seed of the bootstrap. The interval of a facet does not depend on other facets.

    Returns
    -------
    BiasReport

    Raises
    ------
    ValueError
        If the frame is empty, a column is unknown, a column that is used has missing or
        infinite values or mixed types, a value does not occur, a facet has no members or
        all, all labels are positive or none, predictions have labels that `label` has not,
        a threshold is given for a column without numbers, or an option is out of its range.
        With smclarify's convention also if no row is predicted positive.

    Notes
    -----
    Intervals are percentiles of a bootstrap by row. Rows are drawn with replacement from
    the whole frame, not within facets: the sizes of the facets vary too. Drawing rows means
    drawing the counts of the cells facet x group x label x prediction from one multinomial
    distribution, and that is how it is done. How much a model would change with other
    training data is not in the interval.

    What is empty in the data is empty in every repeat. Where a cell of facet x outcome that
    the metric depends on has fewer than 5 rows (for FT: fewer than 5 flips), the note says
    that the interval may be too narrow. KL, JS, LP, TVD and KS are above zero by chance
    even between equal facets, and a bootstrap alone would never reach zero: their `low` is
    0 where the value is one that equal facets stay below with probability `confidence`.

    For FT the members of d are drawn, while a stays as it is, because the bootstrap is not
    valid for matches that are searched again (Abadie and Imbens 2008,
    doi:10.3982/ECTA6474).
    """
    metrics.check_convention(convention)
    _check_repeats(repeats, confidence)
    methods = _methods(methods, predicted)
    if not isinstance(facets, Mapping) or not facets:
        what = "empty" if isinstance(facets, Mapping) else type(facets).__name__
        raise ValueError(
            f"facets is {what}, expected columns with the values of d, at least one, as "
            "{'sex': 'Female'}."
        )
    texts = [str(facet) for facet in facets]
    if len(set(texts)) < len(texts):
        raise ValueError(
            f"facets has the columns {columns.shown(facets)}, of which two are one text in "
            "Clarify's JSON. Rename one of them."
        )
    if probability_threshold is not None and predicted is None:
        raise ValueError(
            "probability_threshold is given without predictions. Name the column of the "
            "scores in predicted."
        )
    named = [label, *facets, predicted, group_variable, *(features or ())]
    columns.check_frame(data, [name for name in named if name is not None])
    if {label, predicted} & set(features or ()):
        raise ValueError(
            "features holds the label or the prediction. Leave them out: similar rows are "
            "found by what is known of them."
        )

    observed = counts.observed(data[label], label, positive, convention)
    outcome = np.zeros(len(data), dtype=np.int64)
    if predicted is not None:
        outcome = counts.predicted(
            data[predicted], predicted, probability_threshold, observed, convention
        )
    groups, n_groups = np.zeros(len(data), dtype=np.int64), 1
    if group_variable is not None:
        groups, n_groups = counts.groups(data[group_variable], group_variable)
    shape = (n_groups, len(observed.positive), 2)
    cells = np.ravel_multi_index((groups, observed.codes, outcome), shape)

    rows = []
    for facet, wanted in facets.items():
        codes, in_turn = counts.facet(data[facet], facet, wanted, convention)
        tables = counts.tables(codes, cells, shape)
        for value, code in in_turn.items():
            d = tables[code]
            pair = facet_pair.FacetPair(
                table=np.stack([tables.sum(axis=0) - d, d]),
                positive=observed.positive,
                grouped=group_variable is not None,
                flips=_flips(data, features, facet, codes == code, outcome, methods),
                convention=convention,
            )
            found = facet_pair.measure(pair, methods)
            if repeats:
                found = facet_pair.with_intervals(
                    found, pair, repeats=repeats, confidence=confidence, seed=seed
                )
            who = {"facet": facet, "value_or_threshold": value, "members": int(d.sum())}
            rows += [who | row for row in found]
    table = pd.DataFrame(rows)
    table["note"] = table.pop("note")  # last
    return BiasReport(label, observed.text, table)


def _flips(data, features, facet, disfavoured, outcome, methods):
    """Return F+ and F-, or None if FT is not wanted or has no features."""
    if features is None or "FT" not in methods:
        return None
    numbers = flip.numbers(data[[name for name in features if name != facet]])
    return flip.flips(numbers, disfavoured, outcome.astype(bool))


def _methods(wanted, predicted):
    """Return the names of the metrics, those of the labels first, sorted by name."""
    known = [*sorted(PRE_TRAINING), *sorted(POST_TRAINING)]
    if wanted == "all":
        return known if predicted is not None else sorted(PRE_TRAINING)
    wanted = columns.as_list(wanted)
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise ValueError(
            f"methods is {wanted}, expected 'all' or a list of {', '.join(known)}."
        )
    of_predictions = [name for name in wanted if name in POST_TRAINING]
    if of_predictions and predicted is None:
        raise ValueError(
            f"{', '.join(of_predictions)} needs predictions: name the column in predicted."
        )
    return [name for name in known if name in wanted]


def _check_repeats(repeats, confidence):
    if not (isinstance(confidence, Real) and 0 < confidence < 1):
        raise ValueError(f"confidence is {confidence}, expected between 0 and 1, as 0.95.")
    needed = stats.repeats_needed(confidence)
    whole = isinstance(repeats, Integral)
    if not whole or (repeats != 0 and repeats < needed):
        raise ValueError(
            f"repeats is {repeats!r}, expected 0 for no interval, or at least {needed} for a "
            f"{confidence:.0%} interval."
        )


def _metrics_json(rows):
    content = []
    for metric, value, note in zip(
        rows["metric"], rows["value"], rows["note"], strict=True
    ):
        entry = {"name": metric, "description": (PRE_TRAINING | POST_TRAINING)[metric]}
        if math.isnan(value):
            entry |= {"value": None, "error": note}
        elif math.isinf(value):
            entry["value"] = "Infinity" if value > 0 else "-Infinity"
        else:
            entry["value"] = value
        content.append(entry)
    return content
