"""Can a model tell the batch from the baseline? Then something has moved, jointly or alone."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labs_lib import columns, stats
from labs_lib.monitor.reading import check_names

CATEGORIES = 200
"""The most frequent categories are told apart; the rest are one."""


@dataclass(frozen=True)
class DomainClassifier:
    """How well baseline and batch can be told apart.

    Attributes
    ----------
    auc : float
        On rows that the model has not seen; 0.5 is chance, 1 is certainty.
    low, high : float
        Its interval.
    p_value : float
        The chance of such an AUC or a higher one if both came from one distribution.
    n_baseline, n_batch : int
        Rows that were scored.
    importance : dict of str to float
        By how much the AUC falls when one feature is shuffled, largest first. Features that
        stand in for each other share it, or hide it.
    """

    auc: float
    low: float
    high: float
    p_value: float
    n_baseline: int
    n_batch: int
    importance: dict[Hashable, float]


def domain_classifier(
    baseline: pd.DataFrame,
    batch: pd.DataFrame,
    *,
    max_rows: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> DomainClassifier:
    """Train a classifier to tell a batch from the baseline, and test it.

    It sees what distances of single features cannot: that a correlation broke although
    every feature kept its distribution. Half of the rows train gradient-boosted trees, the
    other half are scored once, so that under no drift the scores are exchangeable and the
    Mann-Whitney p-value holds.

    It needs some hundred rows on both sides and independent rows. It fails where a column
    grows with time (an id, a date, a counter): that alone tells the two apart, so leave such
    columns out. A high AUC says that the batch is different, not that the model suffers.

    Parameters
    ----------
    baseline, batch : DataFrame of shape (n_rows, n_features)
        The same columns. Numbers, or texts, which become categories (the 200 most frequent
        ones of both tables; the rest are one).
    max_rows : int
        At most this many rows of either are drawn.
    confidence : float, 0 to 1
        Level of the interval.
    seed : int
        Seed of the draws, the split and the shuffling.

    Returns
    -------
    DomainClassifier

    Raises
    ------
    ValueError
        If columns differ, or a table has fewer than 40 rows.

    Notes
    -----
    Interval: Hanley and McNeil (1982), Radiology 143, 29. Method: Lopez-Paz and Oquab (2017),
    "Revisiting classifier two-sample tests"; Rabanser, Guennemann and Lipton (2019), "Failing
    loudly".
    """
    # These take a second to import, and no other part of the monitor needs them.
    from scipy.stats import mannwhitneyu
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split
    from threadpoolctl import threadpool_limits

    if set(baseline.columns) != set(batch.columns):
        differ = sorted(map(str, set(baseline.columns) ^ set(batch.columns)))
        raise ValueError(f"the tables differ in the columns {differ}; expected the same.")
    for name, table in (("baseline", baseline), ("batch", batch)):
        check_names([str(column) for column in table.columns], name)
        if len(table) < 40:
            raise ValueError(
                f"{name} has {len(table)} rows; expected at least 40, better some hundred."
            )
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, expected between 0 and 1.")
    rng = np.random.default_rng(seed)
    sides = [
        side.iloc[rng.choice(len(side), min(len(side), max_rows), replace=False)]
        for side in (baseline, batch[baseline.columns])
    ]
    y = np.repeat([0, 1], [len(side) for side in sides])
    *encoded, categorical = _encoded(*sides)
    X = np.concatenate(encoded)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=seed
    )
    # Trees take missing values, but not a column of nothing else.
    empty = np.isnan(X_train).all(axis=0)
    X_train[:, empty], X_test[:, empty] = 0, 0
    model = HistGradientBoostingClassifier(
        max_iter=50,
        max_leaf_nodes=15,
        early_stopping=False,
        categorical_features=categorical,
        class_weight="balanced",
        random_state=seed,
    )
    importance = {}
    # Threads that wait for each other cost more here than they save.
    with threadpool_limits(1, "openmp"):
        model.fit(X_train, y_train)
        scores = model.predict_proba(X_test)[:, 1]
        auc = float(roc_auc_score(y_test, scores))
        for i, name in enumerate(baseline.columns):
            shuffled = X_test.copy()
            shuffled[:, i] = rng.permutation(shuffled[:, i])
            without = roc_auc_score(y_test, model.predict_proba(shuffled)[:, 1])
            importance[name] = auc - float(without)
    m, n = int(y_test.sum()), int((1 - y_test).sum())
    error = stats.hanley_mcneil(auc, m, n)
    low, high = stats.auc_interval(auc, error, confidence=confidence)
    test = mannwhitneyu(
        scores[y_test == 1], scores[y_test == 0], alternative="greater", method="asymptotic"
    )
    return DomainClassifier(
        auc=auc,
        low=low,
        high=high,
        p_value=float(test.pvalue),
        n_baseline=n,
        n_batch=m,
        importance=dict(sorted(importance.items(), key=lambda pair: -pair[1])),
    )


def _encoded(
    before: pd.DataFrame, now: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, list[bool]]:
    """Return both tables as numbers, NaN where missing, and which columns are categories."""
    tables: tuple[list, list] = ([], [])
    categorical = []
    for name in before.columns:
        sides = [columns.read(table[name]) for table in (before, now)]
        is_text = any(side.kind in ("text", "boolean") for side in sides)
        if is_text:
            encoded = _category_codes(sides)
        else:
            encoded = [
                np.where(np.isfinite(side.numbers), side.numbers, np.nan) for side in sides
            ]
            # Rounded the same way, or their last digits tell the two apart.
            if any(side.values.dtype == np.float32 for side in sides):
                with np.errstate(over="ignore"):
                    encoded = [side.astype(np.float32).astype(float) for side in encoded]
        for table, column in zip(tables, encoded, strict=True):
            table.append(column)
        categorical.append(is_text)
    return np.column_stack(tables[0]), np.column_stack(tables[1]), categorical


def _category_codes(sides: list[columns.Column]) -> list[np.ndarray]:
    """Return the places of the most frequent texts of both, most frequent first."""
    known, others = (side.counts for side in sides)
    spelled = columns.spelling(known, others)
    total = Counter(known)
    for name, count in others.items():
        total[spelled.get(name, name)] += count
    frequent = sorted(total, key=lambda name: (-total[name], name))[:CATEGORIES]
    places = {name: place for place, name in enumerate(frequent)}
    return [
        np.array(
            [
                np.nan if text is None else places.get(spelled.get(text, text), CATEGORIES)
                for text in side.texts
            ]
        )
        for side in sides
    ]
