"""Explanations of any model in the shape of SageMaker Clarify's ``analysis.json``.

`analyze` does what a Clarify processing job does for explainability: Kernel SHAP against a
baseline, aggregated over the data set, and partial dependence. The parts can be used alone:
`kernel_shap`, `aggregate`, `ice`; `lime_weights` is what Clarify does not offer.

A model is a function from a table to scores. A column of the table is one player, also a
category with many values.

Names, options and the JSON: Amazon SageMaker Developer Guide, pages
clarify-processing-job-configure-analysis, clarify-processing-job-run and
clarify-partial-dependence-plots. Kernel SHAP itself comes from the ``shap`` library.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labs_lib import columns, files

Predict = Callable[[pd.DataFrame], ArrayLike]
"""From a table of n rows to scores: shape (n,), or (n, k) for k classes."""

AGGREGATIONS: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "mean_abs": lambda local: local.abs().mean(),
    "mean_sq": lambda local: (local**2).mean(),
    "median": lambda local: local.median(),
}
"""Clarify's ways from local to global values. Its median keeps the sign."""

MAX_CATEGORIES = 20
"""A column of text with more values than this counts as free text; a category never does.

How Clarify infers the type of a column is not documented.
"""

_NO_PDP = (
    "Detected data type is not supported for PDP. PDP can only be computed for numerical "
    "or categorical columns"
)


@dataclass(frozen=True, repr=False, eq=False)
class Analysis:
    """What `analyze` found.

    Attributes
    ----------
    local : dict of str to DataFrame, shape (n_rows, n_columns)
        For each label (``label0``, ...) the SHAP value of each cell.
    expected : dict of str to float
        For each label the mean score of the baseline, which the values of a row are added to.
    agg_method : str
        How `global_values` aggregates.
    pdp : list of dict
        Partial dependence, one entry a column, as Clarify writes it.
    """

    local: dict[str, pd.DataFrame]
    expected: dict[str, float]
    agg_method: str
    pdp: list[dict]

    def global_values(self, label: str = "label0") -> pd.Series:
        """Return the aggregated SHAP value of each column."""
        return aggregate(self.local[label], agg_method=self.agg_method)

    def to_dict(self) -> dict:
        """Return the content of Clarify's ``analysis.json``."""
        kernel_shap = {
            label: {
                "global_shap_values": {
                    str(name): float(value)
                    for name, value in self.global_values(label).items()
                },
                "expected_value": self.expected[label],
            }
            for label in self.local
        }
        found = {"kernel_shap": kernel_shap} | ({"pdp": self.pdp} if self.pdp else {})
        return {"version": "1.0", "explanations": found}

    def to_json(self, path: Path | str | None = None) -> str:
        """Return `to_dict` as JSON text, and write it to `path` if one is given."""
        text = json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"
        if path is not None:
            files.write_text(path, text)
        return text

    def __repr__(self) -> str:
        rows, columns = self.local["label0"].shape
        return (
            f"Analysis: {rows:,} rows, {columns} columns, {len(self.local)} label(s), "
            f"{self.agg_method}, partial dependence of {len(self.pdp)} columns"
        )


def analyze(
    predict: Predict,
    X: pd.DataFrame,
    *,
    baseline: pd.DataFrame,
    agg_method: str = "mean_abs",
    num_samples: int | None = None,
    use_logit: bool = False,
    pdp_features: Sequence[str] | None = None,
    top_k_features: int = 10,
    grid_resolution: int = 15,
    seed: int = 0,
) -> Analysis:
    """Explain a model on a data set: Kernel SHAP, global values and partial dependence.

    Parameters
    ----------
    predict : callable
        From a table to scores, shape (n,) or (n, k) for k classes.
    X : DataFrame, shape (n_rows, n_columns)
        Rows to explain. Time grows with rows times baseline rows times `num_samples`.
    baseline : DataFrame, shape (m, n_columns)
        What a column is replaced by when it is absent. Clarify clusters the data set if none
        is given; here you choose.
    agg_method : {"mean_abs", "mean_sq", "median"}
        From local to global values.
    num_samples, use_logit, seed
        As in `kernel_shap`.
    pdp_features : sequence of str, optional
        Columns for partial dependence. By default the `top_k_features` with the largest
        global values (by size, whatever the sign).
    top_k_features : int
        At least 1.
    grid_resolution : int
        Buckets into which the range of a numerical column is divided, at least 2.

    Returns
    -------
    Analysis

    Raises
    ------
    ValueError
        As `kernel_shap`, or if the aggregation or a column is unknown, an option is out of
        its range, or a column of which partial dependence may be wanted has infinite values.
    """
    _check_aggregation(agg_method)
    _whole("top_k_features", top_k_features, low=1)
    _whole("grid_resolution", grid_resolution, low=2)
    _table("X", X)
    for name in X.columns if pdp_features is None else pdp_features:
        _column(X, name)
        _finite(X[name])
    local, expected = kernel_shap(
        predict,
        X,
        baseline=baseline,
        num_samples=num_samples,
        use_logit=use_logit,
        seed=seed,
    )
    if pdp_features is None:
        size = aggregate(local["label0"], agg_method=agg_method).abs()
        order = size.sort_values(ascending=False, kind="stable").index
        pdp_features = list(order[:top_k_features])
    pdp = [_pdp(predict, X, name, grid_resolution) for name in pdp_features]
    return Analysis(local, expected, agg_method, pdp)


def kernel_shap(
    predict: Predict,
    X: pd.DataFrame,
    *,
    baseline: pd.DataFrame,
    num_samples: int | None = None,
    use_logit: bool = False,
    seed: int = 0,
) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """Return Kernel SHAP values of each row, and what they are added to.

    Parameters
    ----------
    predict, X, baseline
        As in `analyze`.
    num_samples : int, optional
        Sets of columns that are tried for each row, at least 1. By default 2,048 plus twice
        the number of columns, as in the ``shap`` library.
    use_logit : bool
        Explain the log odds of the mean score instead of the mean score.
    seed : int
        Of the draws of sets, at least 0.

    Returns
    -------
    local : dict of str to DataFrame, shape (n_rows, n_columns)
        For each label. A row of values and the expected value sum to the row's score.
    expected : dict of str to float

    Raises
    ------
    ValueError
        If a table is empty, columns differ, the model gives anything but one finite score a
        row and class, or knows one class only, or scores are not strictly between 0 and 1
        where the logit is asked for.

    Notes
    -----
    Lundberg and Lee (2017), A unified approach to interpreting model predictions, NeurIPS.
    The library keeps ten columns a row by default (``l1_reg``); here all are kept.
    """
    _table("X", X)
    _table("baseline", baseline)
    if set(baseline.columns) != set(X.columns):
        raise ValueError(
            f"baseline has the columns {list(baseline.columns)}, X has {list(X.columns)}; "
            "expected the same. The baseline holds what the model takes, without the label."
        )
    if num_samples is not None:
        _whole("num_samples", num_samples, low=1)
    _whole("seed", seed, low=0)
    # Imported here: more than a second that only this needs.
    import shap

    codes, decode = _coded(X, baseline[X.columns])

    def scores(matrix):
        return _scores(predict, decode(matrix), use_logit=use_logit)

    scores(codes)  # Bad scores are reported before anything is computed.
    with seeded(seed):
        explainer = shap.KernelExplainer(
            scores, codes[len(X) :], link="logit" if use_logit else "identity"
        )
        nsamples = "auto" if num_samples is None else num_samples
        values = explainer.shap_values(
            codes[: len(X)], nsamples=nsamples, l1_reg=0, silent=True
        )
    expected = np.atleast_1d(explainer.expected_value)
    labels = [f"label{k}" for k in range(len(expected))]
    local = {
        label: pd.DataFrame(values[..., k], index=X.index, columns=X.columns)
        for k, label in enumerate(labels)
    }
    return local, {label: float(expected[k]) for k, label in enumerate(labels)}


def aggregate(local: pd.DataFrame, *, agg_method: str = "mean_abs") -> pd.Series:
    """Return the global value of each column from local SHAP values.

    Parameters
    ----------
    local : DataFrame, shape (n_rows, n_columns)
    agg_method : {"mean_abs", "mean_sq", "median"}
        Mean absolute value, mean square, or median of the values with their sign.

    Raises
    ------
    ValueError
        If the aggregation is unknown, or there are no rows or missing values.
    """
    _check_aggregation(agg_method)
    _table("local", local)
    missing = int(local.isna().sum().sum())
    if missing:
        raise ValueError(f"local has {missing} missing values; expected none.")
    return AGGREGATIONS[agg_method](local)


def ice(
    predict: Predict, X: pd.DataFrame, feature: str, values: Sequence[object]
) -> np.ndarray:
    """Return the curves of individual conditional expectation of one column.

    Parameters
    ----------
    predict : callable
        From a table to scores, shape (n,) or (n, k).
    X : DataFrame, shape (n_rows, n_columns)
    feature : str
        The column that is set to each of `values` in all rows, whatever goes with it.
    values : sequence, length m
        Of a column of categories: its categories, or missing.

    Returns
    -------
    array, shape (n_rows, m, n_labels)
        One curve a row and label. Its mean over rows is the partial dependence.

    Raises
    ------
    ValueError
        If the column is unknown, there are no rows or values, a value is none of the
        column's categories, or a score is not finite.

    Notes
    -----
    Goldstein, Kapelner, Bleich and Pitkin (2015), Peeking inside the black box. Journal of
    Computational and Graphical Statistics 24.
    """
    _table("X", X)
    _column(X, feature)
    if len(values) == 0:
        raise ValueError("values is empty, expected at least one value of the column.")
    rows = np.repeat(np.arange(len(X)), len(values))
    spread = X.iloc[rows].reset_index(drop=True)
    column = X[feature]
    # Kept in the column's own type, so that a category stays one.
    if isinstance(column.dtype, pd.CategoricalDtype):
        given = pd.Series(list(values), dtype=object)
        codes = _codes(
            given, column.cat.categories, f"values for {feature!r}", "the column"
        )
        repeated = pd.Categorical.from_codes(np.tile(codes, len(X)), dtype=column.dtype)
    else:
        kept = object if column.dtype == object else None
        repeated = pd.Series(list(values) * len(X), dtype=kept)
    spread[feature] = repeated
    return _scores(predict, spread).reshape(len(X), len(values), -1)


def lime_weights(
    predict: Predict,
    rows: pd.DataFrame,
    *,
    data: pd.DataFrame,
    kernel_width: float | None = None,
    num_samples: int = 5_000,
    discretize: bool = True,
    seed: int = 0,
) -> pd.DataFrame:
    """Explain rows by LIME: the weights of a linear model fitted around each.

    Parameters
    ----------
    predict : callable
        From a table to one score a row, shape (n,). Numbers arrive as floats, categories and
        text as in `data`.
    rows : DataFrame, shape (n_rows, n_columns)
        Rows to explain, one after another. A category is known by its value, whatever the
        type of its column.
    data : DataFrame, shape (m, n_columns)
        Where the perturbed rows are drawn from: quartiles, means, spreads, frequencies.
    kernel_width : float, optional
        How far a perturbed row counts as near, above 0. By default 0.75 times the root of
        the number of columns.
    num_samples : int
        Perturbed rows around each row, at least 2.
    discretize : bool
        True, LIME's default: a weight says what lying in the same quarter of the column is
        worth. False: it is a slope, for one standard deviation of the column.
    seed : int
        At least 0.

    Returns
    -------
    DataFrame, shape (n_rows, n_columns)
        In units of the score. For a category: what having the same value is worth.

    Raises
    ------
    ValueError
        If a table is empty, columns differ, a value is missing, a category does not occur
        in `data`, a column holds dates, the model gives anything but one finite score a row,
        or an option is out of its range.

    Notes
    -----
    Ribeiro, Singh and Guestrin (2016), "Why should I trust you?", KDD; ``lime`` 0.2.
    """
    _table("rows", rows)
    _table("data", data)
    if list(rows.columns) != list(data.columns):
        raise ValueError(
            f"rows has the columns {list(rows.columns)}, data has {list(data.columns)}; "
            "expected the same in the same order."
        )
    if kernel_width is not None and not kernel_width > 0:
        raise ValueError(f"kernel_width is {kernel_width}, expected a number above 0.")
    _whole("num_samples", num_samples, low=2)
    _whole("seed", seed, low=0)
    categories = {
        place: _categories(data[name])
        for place, name in enumerate(data.columns)
        if columns.read(data[name]).kind not in ("number", "boolean")
    }

    def encode(table):
        matrix = np.empty(table.shape)
        for place, name in enumerate(data.columns):
            if place in categories:
                what = f"the column {name!r} of rows"
                codes = _codes(table[name], categories[place], what, "data")
                matrix[:, place] = np.where(columns.read(table[name]).missing, -1, codes)
            else:
                matrix[:, place] = _floats(table[name])
        missing = int(
            (~np.isfinite(matrix)).sum() + (matrix[:, list(categories)] < 0).sum()
        )
        if missing:
            raise ValueError(
                f"there are {missing} missing or infinite values; LIME cannot perturb those. "
                "Fill them first, as the model does."
            )
        return matrix

    def decode(matrix):
        decoded = {}
        for place, name in enumerate(data.columns):
            column, dtype = matrix[:, place], data[name].dtype
            if place not in categories:
                decoded[name] = column
            elif isinstance(dtype, pd.CategoricalDtype):
                decoded[name] = pd.Categorical.from_codes(column.astype(int), dtype=dtype)
            else:
                decoded[name] = categories[place].take(column.astype(int)).astype(dtype)
        return pd.DataFrame(decoded)

    def scores(matrix):
        found = _scores(predict, decode(matrix))
        if found.shape[1] != 1:
            raise ValueError(
                f"the model gives {found.shape[1]} scores a row; expected one. Give the "
                "score of the class that is to be explained."
            )
        return found[:, 0]

    known, explained_rows = encode(data), encode(rows)
    # Imported here: only this needs it.
    from lime.lime_tabular import LimeTabularExplainer

    explainer = LimeTabularExplainer(
        known,
        mode="regression",
        categorical_features=list(categories),
        kernel_width=kernel_width,
        discretize_continuous=discretize,
        random_state=seed,
    )
    weights = np.zeros(rows.shape)
    for place, row in enumerate(explained_rows):
        explained = explainer.explain_instance(
            row, scores, num_features=rows.shape[1], num_samples=num_samples
        )
        for column, weight in explained.as_map()[1]:
            weights[place, column] = weight
    return pd.DataFrame(weights, index=rows.index, columns=rows.columns)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed numpy's global generator, which ``shap`` draws from, and give it back after.

    Parameters
    ----------
    seed : int
        0 to 2**32 - 1.
    """
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


# Partial dependence ----------------------------------------------------------------------


def _pdp(predict, X, name, grid_resolution) -> dict:
    """Return Clarify's entry for one column."""
    column = X[name]
    present = column[~columns.read(column).missing]
    kind = _kind(column)
    entry = {"feature_name": str(name), "data_type": kind}
    if kind == "free_text":
        return entry | {"error": _NO_PDP}
    if present.empty:
        return entry | {"error": "The column holds missing values only"}
    if kind == "categorical":
        shares = present.value_counts(normalize=True, sort=False)
        shares = shares[shares > 0]
        try:
            shares = shares.sort_index()
        except TypeError:  # values of several types have no order
            shares = shares.sort_index(key=lambda index: index.map(repr))
        values, written = list(shares.index), [_plain(value) for value in shares.index]
    else:
        middles, counts = _buckets(_floats(present), grid_resolution)
        shares = counts / counts.sum()
        values = written = middles.tolist()
        if pd.api.types.infer_dtype(present) == "decimal":
            values = [Decimal(value) for value in values]
    mean = ice(predict, X, name, values).mean(axis=0)
    return entry | {
        "feature_values": written,
        "model_predictions": mean.T.tolist(),
        "data_distribution": [float(share) for share in shares],
    }


def _buckets(values: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the middles of equal buckets of the range, and how many values lie in each."""
    # A power of two changes no digit, and keeps the range of huge values finite.
    scale = 2.0**1000 if np.abs(values).max() > 1e300 else 1.0
    try:
        counts, edges = np.histogram(values / scale, bins=number)
    except ValueError:  # the range is a few roundings wide
        return np.unique(values, return_counts=True)
    return (edges[:-1] + edges[1:]) / 2 * scale, counts


def _kind(column: pd.Series) -> str:
    """Return Clarify's type of a column: truth values are categories to it."""
    read = columns.read(column)
    if isinstance(column.dtype, pd.CategoricalDtype) or read.kind == "boolean":
        return "categorical"
    if read.kind == "number":
        return "numerical"
    if read.kind == "empty" and pd.api.types.is_numeric_dtype(read.values.dtype):
        return "numerical"
    return "categorical" if len(read.distinct[1]) <= MAX_CATEGORIES else "free_text"


def _finite(column: pd.Series) -> None:
    """Raise a ValueError if a column of numbers has infinite values."""
    if _kind(column) != "numerical":
        return
    infinite = int(np.isinf(_floats(column)).sum())
    if infinite:
        raise ValueError(
            f"the column {column.name!r} has {infinite} infinite values; partial dependence "
            "divides the range of a column into buckets. Make them missing, as by "
            "X.replace([np.inf, -np.inf], np.nan), or name other columns in pdp_features."
        )


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: a number or text that says what it is."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str | bool | int | float):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


# What goes into the model and what comes out ---------------------------------------------


def _coded(X: pd.DataFrame, baseline: pd.DataFrame):
    """Return X above the baseline as whole numbers, and the way back to a table.

    Kernel SHAP only asks which of two values a cell has, so the number of a value will do,
    and categories and missing values need no care.
    """
    columns, numbers = {}, []
    for name in X.columns:
        if X[name].dtype != baseline[name].dtype:
            raise ValueError(
                f"the column {name!r} is {baseline[name].dtype} in the baseline and "
                f"{X[name].dtype} in X; expected the same type. Take the baseline from the "
                "same table as X."
            )
        both = pd.concat([X[name], baseline[name]], ignore_index=True)
        try:
            number, columns[name] = pd.factorize(both, use_na_sentinel=False)
        except (TypeError, NotImplementedError):
            raise _not_comparable(name) from None
        numbers.append(number)
    dtypes = X.dtypes

    def decode(matrix):
        matrix = matrix.astype(int)
        return pd.DataFrame(
            {
                name: pd.Series(values.take(matrix[:, i])).astype(dtypes[name])
                for i, (name, values) in enumerate(columns.items())
            }
        )

    return np.column_stack(numbers).astype(float), decode


def _scores(
    predict: Predict, table: pd.DataFrame, *, use_logit: bool = False
) -> np.ndarray:
    """Return the model's scores, shape (n, k), or raise if they are not that."""
    found = predict(table)
    try:
        scores = np.asarray(found, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(
            f"the model gave {type(found).__name__} that holds something else than numbers; "
            "expected one score a row, or one for each class. Give probabilities or values, "
            "not names of classes."
        ) from None
    if scores.ndim == 1:
        scores = scores[:, None]
    elif scores.ndim == 2 and scores.shape[1] == 1:
        raise ValueError(
            "the model gives the probability of one class only; expected at least two "
            "classes, or one score a row of shape (n,). A model that has seen one class has "
            "nothing to explain: look at its training labels."
        )
    if scores.ndim != 2 or len(scores) != len(table):
        raise ValueError(
            f"the model gave scores of shape {scores.shape} for {len(table)} rows; expected "
            "one score a row, or one for each class."
        )
    bad = int((~np.isfinite(scores)).any(axis=1).sum())
    if bad:
        raise ValueError(
            f"the model gave NaN or infinite scores for {bad} of {len(table)} rows; expected "
            "finite numbers. Look at what it does with missing values."
        )
    if use_logit and not ((scores > 0) & (scores < 1)).all():
        raise ValueError(
            "use_logit needs scores strictly between 0 and 1; expected probabilities. Leave "
            "it out if the scores are log odds already."
        )
    return scores


def _table(name: str, table: pd.DataFrame) -> None:
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{name} is {type(table).__name__}, expected a DataFrame.")
    if table.empty:
        raise ValueError(
            f"{name} is empty (shape {table.shape}), expected at least one row and column."
        )
    if isinstance(table.columns, pd.MultiIndex):
        raise ValueError(
            f"{name} has column names of {table.columns.nlevels} levels, expected one. Join "
            "them, as by table.columns = ['_'.join(map(str, c)) for c in table.columns]."
        )
    # In the JSON a name is text, and 1 and "1" would be one.
    if not table.columns.map(str).is_unique:
        raise ValueError(f"{name} has columns of the same name; expected each once.")


def _column(X: pd.DataFrame, name: object) -> None:
    if name not in X.columns:
        raise ValueError(f"no column {name!r}, expected one of {list(X.columns)}.")


def _categories(column: pd.Series) -> pd.Index:
    """Return the values of a column that LIME perturbs as categories."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.categories
    read = columns.read(column)
    if column.dtype != object and read.kind not in ("text", "empty"):
        raise ValueError(
            f"the column {column.name!r} holds {column.dtype}; LIME perturbs numbers, text "
            "and categories. Give it as a number, such as days since a day, or with "
            "astype('category')."
        )
    try:
        return pd.Index(read.distinct[1], dtype=object)
    except ValueError:
        raise _not_comparable(column.name) from None


def _codes(
    column: pd.Series, categories: pd.Index, what: str, where: str
) -> np.ndarray | pd.Series:
    """Return the place of each value among the categories, -1 where it is missing.

    A column's own codes count the values in an order of its own, so they are only taken
    where the order is the same.
    """
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.categories.equals(
        categories
    ):
        return column.cat.codes
    values = column.astype(object)
    try:
        codes = categories.get_indexer(pd.Index(values, dtype=object))
        codes[values.isna().to_numpy()] = -1
    except (TypeError, NotImplementedError):
        raise _not_comparable(column.name) from None
    unknown = values[(codes < 0) & values.notna().to_numpy()]
    if len(unknown):
        listed = ", ".join(map(repr, categories[:10])) + (
            f" and {len(categories) - 10} more" if len(categories) > 10 else ""
        )
        raise ValueError(
            f"{what}: {unknown.iloc[0]!r} is not among the categories of {where}. "
            f"Expected one of {listed}."
        )
    return codes


def _floats(column: pd.Series) -> np.ndarray:
    """Return a column of numbers as floats, NaN where it is missing."""
    read = columns.read(column)
    if read.kind in ("date", "duration", "other") or read.no_number.any():
        raise ValueError(
            f"the column {column.name!r} holds {column.dtype} with values that are no "
            "numbers; expected numbers, as in the other table."
        )
    return read.numbers


def _not_comparable(name: object) -> ValueError:
    return ValueError(
        f"the column {name!r} holds values that cannot be compared, such as lists. Expected "
        "numbers, text, dates or categories: turn the values into text first."
    )


def _check_aggregation(agg_method: str) -> None:
    if agg_method not in AGGREGATIONS:
        raise ValueError(
            f"agg_method is {agg_method!r}, expected one of {list(AGGREGATIONS)}."
        )


def _whole(name: str, value: object, *, low: int) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name} is {value!r}, expected a whole number from {low}.")
