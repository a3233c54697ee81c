"""Feature attribution drift: does the model still rank its features as in training?"""

import math
from collections.abc import Mapping

from labs_lib.monitor import arguments

THRESHOLD = 0.9
"""A live ranking with an NDCG below it violates, in Model Monitor."""


def ndcg(training: Mapping[str, float], live: Mapping[str, float]) -> float:
    """Return how well the live ranking of features keeps the order of training, 0 to 1.

    DCG / iDCG, where DCG = sum of a(f'_i) / log2(i + 1) over the features f'_1, f'_2, ... in
    the order of the live attributions, iDCG the same in the order of training, and a(f) the
    attribution in training. Features with equal live attributions share the mean of their
    places' discounts, as in ``sklearn.metrics.ndcg_score``. Source: Amazon SageMaker
    Developer Guide, page clarify-model-monitor-feature-attribution-drift.

    Parameters
    ----------
    training, live : mapping of str to float
        Global attributions, such as the mean absolute SHAP value, by feature; 0 or more.

    Raises
    ------
    ValueError
        If the features differ, there is none, a value is negative or not finite, or all
        attributions in training are 0.
    """
    if training.keys() != live.keys() or not training:
        differ = sorted(map(str, training.keys() ^ live.keys()))
        raise ValueError(
            f"training and live differ in the features {differ}; expected the same, at least "
            "one. Give 0 to a feature that one of them does not use."
        )
    for side, values in (("training", training), ("live", live)):
        bad = {name: v for name, v in values.items() if not (math.isfinite(v) and v >= 0)}
        if bad:
            raise ValueError(
                f"{side} has the attributions {bad}; expected finite numbers of at least 0, "
                "such as mean absolute SHAP values."
            )
    if not any(training.values()):
        raise ValueError("all attributions in training are 0; there is no order to keep.")
    return _dcg(training, live) / _dcg(training, training)


def check_attributions(
    training: Mapping[str, float],
    live: Mapping[str, float],
    *,
    threshold: float = THRESHOLD,
    label: str = "label0",
) -> dict:
    """Return feature attribution violations, as ``constraint_violations.json`` has them.

    Parameters
    ----------
    training, live : mapping of str to float
        See `ndcg`.
    threshold : float, 0 to 1
        An NDCG below it violates.
    label : str
        The label whose attributions these are.

    Returns
    -------
    dict
        ``{"version", "violations"}``; each violation has ``label``, ``metric_name``,
        ``constraint_check_type`` and ``description``.

    Raises
    ------
    ValueError
        As `ndcg`, or if the threshold is not between 0 and 1.

    Notes
    -----
    Only the order counts, weighted by the attributions in training: live attributions that
    are all ten times as large give 1. A feature that training hardly used can become the
    most important one at small cost.
    """
    threshold = arguments.share("threshold", threshold)
    value = ndcg(training, live)
    violations = []
    if value < threshold:
        violations.append(
            {
                "label": label,
                "metric_name": "shap",
                "constraint_check_type": "feature_attribution_drift_check",
                "description": f"Feature attribution drift {value} is below {threshold:g}.",
            }
        )
    return {"version": "1.0", "violations": violations}


def _dcg(training: Mapping[str, float], order: Mapping[str, float]) -> float:
    ranked = sorted(order, key=lambda name: -order[name])
    total, place = 0.0, 0
    while place < len(ranked):
        tied = [name for name in ranked[place:] if order[name] == order[ranked[place]]]
        places = range(place + 2, place + 2 + len(tied))
        discount = sum(1 / math.log2(i) for i in places) / len(tied)
        total += discount * sum(training[name] for name in tied)
        place += len(tied)
    return total
