"""A recipe: feature engineering learned once, then the same for a million rows or for one.

A recipe is an ordered list of actions in the form of AWS Glue DataBrew. `Recipe.fit` learns
what each action needs (a mean, cut points, categories) from training data,
`Recipe.to_json` writes it down, and `Recipe.from_json` brings it to the place where live
rows arrive. The result for a row depends on that row and on the recipe alone, to the last
bit: not on the other rows of the batch, nor on the machine.
"""

import difflib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

FORMAT = "sagemaker-labs recipe"
VERSION = 1
MAX_CATEGORIES = 200


def action(operation: str, **parameters: object) -> dict:
    """Write one step of a recipe as DataBrew does: every parameter is a string.

    Parameters
    ----------
    operation : str
        One of `OPERATIONS`.
    **parameters
        Parameters of the operation under DataBrew's names. Strings stay as they are;
        numbers, booleans and lists become the strings that DataBrew expects.

    Returns
    -------
    dict
        ``{"Action": {"Operation": ..., "Parameters": {name: string}}}``

    Raises
    ------
    ValueError
        If the operation or a parameter is unknown, missing or has a wrong value.

    Examples
    --------
    >>> action("BUCKETIZATION", sourceColumn="age", targetColumn="band",
    ...        bucketNames=["young", "old"], splits=["-Infinity", 40, "Infinity"])
    ... # doctest: +NORMALIZE_WHITESPACE
    {'Action': {'Operation': 'BUCKETIZATION', 'Parameters': {'sourceColumn': 'age',
    'targetColumn': 'band', 'bucketNames': '["young", "old"]',
    'splits': '["-Infinity", "40", "Infinity"]'}}}
    """
    texts = {name: _as_string(name, value) for name, value in parameters.items()}
    _parse(operation, texts)
    return {"Action": {"Operation": operation, "Parameters": texts}}


class Recipe(TransformerMixin, BaseEstimator):
    """An ordered list of actions, fitted on training data and applied to any row.

    Parameters
    ----------
    steps : list of dict
        DataBrew steps, as from `action` or from a DataBrew recipe's JSON. Actions run in
        this order; a later one sees the columns that an earlier one made.

    Attributes
    ----------
    learned_ : list of dict
        What each step learned from the training data, in order.
    feature_names_in_ : ndarray of str
        Columns of the training data.
    n_features_in_ : int

    Notes
    -----
    Operations and parameters. All but FEATURIZE_DATE_TIME and the parameters in *italics*
    are DataBrew's; a parameter in brackets may be left out.

    ============================= ==========================================================
    SPLIT_COLUMN_SINGLE_DELIMITER sourceColumn, pattern, limit (1 to 20 splits): new columns
                                  ``<column>_1`` to ``<column>_<limit + 1>``, missing where
                                  there are fewer pieces
    CHANGE_DATA_TYPE              sourceColumn, columnDataType (double, string); as in
                                  DataBrew, text that is no number becomes missing
    NORMALIZATION                 sourceColumn, targetColumn, strategy: Z_SCORE
                                  (x - mean) / std with the population's std (n, not
                                  n - 1), or MIN_MAX (x - min) / (max - min); live values
                                  outside the training range pass 0 and 1
    LN                            sourceColumn, targetColumn, [*offset*, 0]: ln(x + offset)
    BUCKETIZATION                 sourceColumn, targetColumn, bucketNames, and splits from
                                  "-Infinity" to "Infinity" or *strategy*: QUANTILE (each
                                  bucket the same number of training rows) or UNIFORM (the
                                  same width); a bucket holds its lower bound, not its
                                  upper one
    ONE_HOT_ENCODING              sourceColumn, [*invalidHandlingStrategy*, ERROR]: new
                                  columns ``<column>_<value>`` of 0 and 1. For values not
                                  seen in training, and missing ones: ERROR, KEEP (a last
                                  column ``<column>_other``) or SKIP (the row is left out)
    FEATURIZE_DATE_TIME           sourceColumn, parts (of year, month, day, weekday, hour),
                                  [embeddingMode, CYCLIC]: new columns
                                  ``<column>_<part>_sin`` and ``_cos`` on a circle, or
                                  with ORDINAL ``<column>_<part>`` (Monday is 0)
    FLAG_COLUMN_FROM_NULL         sourceColumn, targetColumn, [flagType]: true where missing
    FILL_WITH_AVERAGE             sourceColumn, as the three below: fills missing values
    FILL_WITH_MEDIAN              sourceColumn
    FILL_WITH_MOST_FREQUENT       sourceColumn; of equals the smallest
    FILL_WITH_CUSTOM              sourceColumn, value, columnDataType (number, string)
    DELETE                        sourceColumn
    RENAME                        sourceColumn, targetColumn
    ============================= ==========================================================

    A targetColumn may be the source itself, which is then replaced, but no other column
    that exists. Missing values stay missing unless an action fills them. An infinite value
    in a column that an action reads as numbers is an error. Where an action reads text, a
    number is the text of its value: 7, 7.0 and "7" are one category.

    DataBrew allows 10 distinct values in ONE_HOT_ENCODING, this recipe `MAX_CATEGORIES`.
    ERROR, KEEP and SKIP, and the two modes of dates, are Data Wrangler's "Encode
    categorical" and "Featurize date/time".

    Sums are rounded once (`math.fsum`), so the order of the training rows changes nothing.

    References
    ----------
    AWS Glue DataBrew, Recipe step and function reference; SageMaker Data Wrangler,
    Transform data.

    Examples
    --------
    >>> train = pd.DataFrame({"room": ["Office_2010", "Shop_2020"], "price": [1.0, 3.0]})
    >>> recipe = Recipe([
    ...     action("SPLIT_COLUMN_SINGLE_DELIMITER", sourceColumn="room", pattern="_",
    ...            limit=1),
    ...     action("NORMALIZATION", sourceColumn="price", targetColumn="price",
    ...            strategy="Z_SCORE"),
    ... ]).fit(train)
    >>> recipe.transform(train)
              room  price  room_1 room_2
    0  Office_2010   -1.0  Office   2010
    1    Shop_2020    1.0    Shop   2020
    """

    def __init__(self, steps: Sequence[Mapping]) -> None:
        self.steps = steps

    def fit(self, X: pd.DataFrame, y: object = None) -> "Recipe":
        """Learn from training data, action by action.

        Parameters
        ----------
        X : DataFrame, shape (n, k), n at least 1
            Training rows. Column names are text and differ.
        y : object
            Ignored; scikit-learn's pipelines pass it.

        Returns
        -------
        Recipe
            Itself.

        Raises
        ------
        ValueError
            If a step is wrong, a column is missing or of the wrong type, or there is
            nothing to learn from (no rows, only missing values, a constant column).
        """
        steps = _parse_steps(self.steps)
        _check_frame(X)
        if X.empty:
            raise ValueError(
                f"the training data have shape {X.shape}; expected at least one row "
                "and one column."
            )
        table = _Table(X)
        learned = []
        for number, (name, parameters) in enumerate(steps, start=1):
            with _in_step(number, name):
                learned.append(OPERATIONS[name].learn(table, parameters))
                OPERATIONS[name].apply(table, parameters, learned[-1])
        self._set(steps, learned, list(X.columns), list(table.columns))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Apply the recipe to rows, with what it learned in `fit`.

        Parameters
        ----------
        X : DataFrame, shape (n, k)
            The columns of the training data, in any order. May be one row, or none.

        Returns
        -------
        DataFrame, shape (n, m)
            Columns as in `get_feature_names_out`, index as in `X`; shorter than `X` only
            where ONE_HOT_ENCODING was told to SKIP.

        Raises
        ------
        ValueError
            If the recipe is not fitted, a column is missing or unknown, or a value does not
            fit (text among numbers, an infinite value, an unseen category).
        """
        check_is_fitted(self, "learned_")
        _check_frame(X)
        expected = self.feature_names_in_.tolist()
        if list(X.columns) != expected:
            _check_columns(list(X.columns), expected)
            X = X[expected]
        table = _Table(X)
        for number, ((name, parameters), learned) in enumerate(
            zip(self._steps, self.learned_, strict=True), start=1
        ):
            with _in_step(number, name):
                OPERATIONS[name].apply(table, parameters, learned)
        return pd.DataFrame(table.columns, index=table.index)

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        """Return the names of the columns that `transform` makes.

        Parameters
        ----------
        input_features : object
            Ignored; the names of the training data count.

        Returns
        -------
        ndarray of str, shape (m,)
        """
        check_is_fitted(self, "learned_")
        return np.array(self._names_out, dtype=object)

    def to_json(self) -> str:
        """Write the fitted recipe as JSON.

        Returns
        -------
        str
            ``steps`` is the list that DataBrew's CreateRecipe takes; ``learned`` stands
            beside it. Numbers are written in the shortest form that reads back as the same
            bits. Save it with `labs_lib.files.write_text`.

        Raises
        ------
        ValueError
            If the recipe is not fitted.
        """
        check_is_fitted(self, "learned_")
        document = {
            "format": FORMAT,
            "version": VERSION,
            "inputColumns": self.feature_names_in_.tolist(),
            "outputColumns": self._names_out,
            "steps": self.steps,
            "learned": self.learned_,
        }
        return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Read a fitted recipe that `to_json` wrote.

        Parameters
        ----------
        text : str
            What `to_json` returned.

        Returns
        -------
        Recipe
            Gives the same results as the one that was written, to the last bit.

        Raises
        ------
        ValueError
            If the text is no such recipe, is incomplete, or is of another version.
        """
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"the recipe is not complete JSON ({error}). Was it cut off? Export it "
                "again with to_json()."
            ) from None
        if isinstance(document, list):
            raise ValueError(
                "this JSON holds steps alone, without what they learned; fit them on "
                "training data: Recipe(json.loads(text)).fit(train)."
            )
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"this JSON is not a recipe: expected format {FORMAT!r}.")
        if document.get("version") != VERSION:
            raise ValueError(
                f"the recipe has version {document.get('version')!r}, expected {VERSION}; "
                "fit it again with this version and export it with to_json()."
            )
        needed = {"inputColumns", "outputColumns", "steps", "learned"}
        if missing := sorted(needed - document.keys()):
            raise ValueError(f"the recipe lacks {', '.join(missing)}; export it again.")
        recipe = cls(document["steps"])
        steps, learned = _parse_steps(recipe.steps), document["learned"]
        if len(learned) != len(steps):
            raise ValueError(
                f"the recipe has {len(steps)} steps but learned values for {len(learned)}; "
                "export it again."
            )
        for number, ((name, _), values) in enumerate(
            zip(steps, learned, strict=True), start=1
        ):
            if set(values) != set(OPERATIONS[name].learns):
                raise ValueError(
                    f"step {number}, {name}: learned {sorted(values)}, expected "
                    f"{sorted(OPERATIONS[name].learns)}; export the recipe again."
                )
        recipe._set(steps, learned, document["inputColumns"], document["outputColumns"])
        return recipe

    def _set(self, steps: list, learned: list, names_in: list, names_out: list) -> None:
        self._steps = steps
        self._names_out = names_out
        self.learned_ = learned
        self.feature_names_in_ = np.array(names_in, dtype=object)
        self.n_features_in_ = len(names_in)


class _Table:
    """The columns under way, by name, and the three ways in which actions read them."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.index = frame.index
        self.columns = {
            name: column.to_numpy() if isinstance(column.dtype, np.dtype) else column.array
            for name, column in frame.items()
        }

    def get(self, name: str) -> np.ndarray | pd.api.extensions.ExtensionArray:
        if name not in self.columns:
            raise ValueError(f"there is no column {name!r}. {_similar(name, self.columns)}")
        return self.columns[name]

    def put(self, name: str, values: object, *, source: str) -> None:
        """Add a column; only the source itself may be replaced."""
        if name in self.columns and name != source:
            raise ValueError(
                f"there is already a column {name!r}; choose another targetColumn, or "
                "DELETE or RENAME that column first."
            )
        self.columns[name] = values

    def keep(self, rows: np.ndarray) -> None:
        """Leave out the rows where `rows` is false."""
        self.index = self.index[rows]
        self.columns = {name: values[rows] for name, values in self.columns.items()}

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as float64, NaN where missing."""
        values = self.get(name)
        if values.dtype.kind in "iufb":
            if isinstance(values, np.ndarray):
                numbers = values.astype(float)
            else:
                numbers = values.to_numpy(dtype=float, na_value=np.nan)
        elif (missing := pd.isna(values)).all():
            numbers = np.full(len(values), np.nan)
        elif values.dtype == object:
            numbers = np.full(len(values), np.nan)
            numbers[~missing] = [_as_number(name, v) for v in values[~missing]]
        else:
            raise ValueError(
                f"column {name!r} holds {values.dtype}, expected numbers. Text becomes "
                "numbers with CHANGE_DATA_TYPE or ONE_HOT_ENCODING, dates with "
                "FEATURIZE_DATE_TIME."
            )
        if np.isinf(numbers).any():
            raise ValueError(
                f"column {name!r} has {np.isinf(numbers).sum()} infinite values; make them "
                "missing or finite before the recipe."
            )
        return numbers

    def present(self, name: str) -> np.ndarray:
        """Return the numbers of a column that are not missing, at least one."""
        numbers = self.numbers(name)
        numbers = numbers[~np.isnan(numbers)]
        if not len(numbers):
            raise ValueError(f"column {name!r} has only missing values: nothing to learn.")
        return numbers

    def texts(self, name: str) -> tuple[np.ndarray, list[str]]:
        """Return a column as codes (-1 where missing) into its different texts."""
        values = self.get(name)
        if values.dtype.kind in "mM":
            raise ValueError(
                f"column {name!r} holds {values.dtype}, expected text or numbers; dates "
                "become numbers with FEATURIZE_DATE_TIME."
            )
        if values.dtype == object:
            # 1 and True are equal to Python, but not the same text.
            pairs = zip(values, pd.isna(values), strict=True)
            values = [None if missing else _as_text(name, v) for v, missing in pairs]
            values = pd.array(values, dtype="str")
        codes, different = pd.factorize(values)
        return codes, [_as_text(name, value) for value in different.tolist()]

    def dates(self, name: str) -> np.ndarray:
        """Return a column as datetime64[s], NaT where missing."""
        values = self.get(name)
        if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
            return values.astype("datetime64[s]")
        if pd.isna(values).all():
            return np.full(len(values), np.datetime64("NaT", "s"))
        raise ValueError(
            f"column {name!r} holds {values.dtype}, expected dates without a time zone; "
            "convert it with pd.to_datetime, and a time zone with dt.tz_localize(None)."
        )


def _nothing(table: _Table, p: dict) -> dict:
    table.get(p["sourceColumn"])
    return {}


def _split_column(table: _Table, p: dict, learned: dict) -> None:
    source = p["sourceColumn"]
    codes, texts = table.texts(source)
    pieces = [text.split(p["pattern"], p["limit"]) for text in texts]
    for k in range(p["limit"] + 1):
        piece = [found[k] if len(found) > k else None for found in pieces]
        table.put(f"{source}_{k + 1}", _spread(piece, codes), source=source)


def _change_type(table: _Table, p: dict, learned: dict) -> None:
    source = p["sourceColumn"]
    codes, texts = table.texts(source)
    if p["columnDataType"] == "string":
        values = _spread(texts, codes)
    else:
        # The last number is for missing values: their code is -1.
        values = np.array([*(_parse_float(text) for text in texts), np.nan])[codes]
    table.put(source, values, source=source)


def _learn_scale(table: _Table, p: dict) -> dict:
    x = table.present(p["sourceColumn"])
    if np.abs(x).max() > 1e150:
        raise ValueError(
            f"column {p['sourceColumn']!r} has values beyond 1e150, too large."
        )
    if p["strategy"] == "Z_SCORE":
        shift = math.fsum(x.tolist()) / len(x)
        scale = math.sqrt(math.fsum(((x - shift) ** 2).tolist()) / len(x))
    else:
        shift = float(x.min())
        scale = float(x.max()) - shift
    if x.min() == x.max() or scale == 0:
        raise ValueError(
            f"column {p['sourceColumn']!r} is constant in the training data, so it "
            "cannot be scaled and tells a model nothing; DELETE it."
        )
    return {"shift": shift, "scale": scale}


def _scale(table: _Table, p: dict, learned: dict) -> None:
    source = p["sourceColumn"]
    values = (table.numbers(source) - learned["shift"]) / learned["scale"]
    table.put(p["targetColumn"], values, source=source)


def _log(table: _Table, p: dict, learned: dict) -> None:
    source = p["sourceColumn"]
    x = table.numbers(source) + p["offset"]
    if (wrong := (x <= 0).sum()) > 0:
        raise ValueError(
            f"column {source!r} has {wrong} values where x + offset is not above 0 "
            f"(offset is {p['offset']}), and a logarithm needs that; for counts give "
            "offset 1."
        )
    table.put(p["targetColumn"], _ln(x), source=source)


def _learn_cuts(table: _Table, p: dict) -> dict:
    x = table.present(p["sourceColumn"])
    if p["splits"] is not None:
        return {"cuts": p["splits"][1:-1]}
    buckets = len(p["bucketNames"])
    inner = np.arange(1, buckets) / buckets
    if p["strategy"] == "QUANTILE":
        cuts = np.quantile(x, inner)
    else:
        cuts = x.min() * (1 - inner) + x.max() * inner
    if not (np.diff(cuts, prepend=x.min()) > 0).all():
        raise ValueError(
            f"column {p['sourceColumn']!r} has too many equal values for {buckets} "
            f"buckets by {p['strategy']}: cut points {cuts.tolist()} after the minimum "
            f"{x.min()} leave a bucket empty. Name fewer buckets or give splits."
        )
    return {"cuts": cuts.tolist()}


def _bucket(table: _Table, p: dict, learned: dict) -> None:
    source = p["sourceColumn"]
    x = table.numbers(source)
    codes = np.searchsorted(learned["cuts"], x, side="right")
    codes[np.isnan(x)] = -1
    dtype = pd.CategoricalDtype(p["bucketNames"], ordered=True)
    table.put(
        p["targetColumn"], pd.Categorical.from_codes(codes, dtype=dtype), source=source
    )


def _learn_categories(table: _Table, p: dict) -> dict:
    source = p["sourceColumn"]
    _, texts = table.texts(source)
    if not texts:
        raise ValueError(f"column {source!r} has only missing values: nothing to learn.")
    if len(texts) > MAX_CATEGORIES:
        raise ValueError(
            f"column {source!r} has {len(texts)} different values, at most "
            f"{MAX_CATEGORIES} are allowed; numbers go into buckets first (BUCKETIZATION), "
            "an identifier is no feature (DELETE)."
        )
    return {"categories": sorted(texts)}


def _one_hot(table: _Table, p: dict, learned: dict) -> None:
    source, categories = p["sourceColumn"], learned["categories"]
    codes, texts = table.texts(source)
    place = {text: k for k, text in enumerate(categories)}
    # The last -1 is for missing values: their code is -1.
    found = np.array([*(place.get(text, -1) for text in texts), -1])[codes]
    known = found >= 0
    if p["invalidHandlingStrategy"] == "ERROR" and not known.all():
        unseen = sorted(set(texts) - set(categories))
        values = ", ".join(map(repr, unseen[:3])) + (", ..." if len(unseen) > 3 else "")
        raise ValueError(
            f"column {source!r} has {(~known).sum()} rows outside the categories of the "
            f"training data: {values or 'missing values'}. Known are "
            f"{_listed(categories)}. To allow it, set invalidHandlingStrategy to KEEP or "
            "SKIP."
        )
    if p["invalidHandlingStrategy"] == "SKIP" and not known.all():
        table.keep(known)
        found = found[known]
    for k, category in enumerate(categories):
        table.put(f"{source}_{category}", (found == k).astype(np.int8), source=source)
    if p["invalidHandlingStrategy"] == "KEEP":
        table.put(f"{source}_other", (found < 0).astype(np.int8), source=source)


def _circle(period: int) -> dict[str, np.ndarray]:
    angles = [2 * math.pi * k / period for k in range(period)]
    # Processors differ in the last digit; twelve digits are the same everywhere.
    return {
        "sin": np.array([round(math.sin(angle), 12) for angle in angles]),
        "cos": np.array([round(math.cos(angle), 12) for angle in angles]),
    }


# Of each part that comes round again, its first value and its points on the circle.
_CIRCLES = {
    "month": (1, _circle(12)),
    "day": (1, _circle(31)),
    "weekday": (0, _circle(7)),
    "hour": (0, _circle(24)),
}


def _date_parts(table: _Table, p: dict, learned: dict) -> None:
    source = p["sourceColumn"]
    seconds = table.dates(source)
    missing = np.isnat(seconds)
    for part in p["parts"]:
        name, values = f"{source}_{part}", _date_part(seconds, part)
        if p["embeddingMode"] == "ORDINAL":
            table.put(name, np.where(missing, np.nan, values), source=source)
            continue
        first, circle = _CIRCLES[part]
        place = np.where(missing, 0, values - first)
        for suffix, points in circle.items():
            value = np.where(missing, np.nan, points[place])
            table.put(f"{name}_{suffix}", value, source=source)


def _flag_missing(table: _Table, p: dict, learned: dict) -> None:
    values = table.get(p["sourceColumn"])
    table.put(p["targetColumn"], pd.isna(values), source=p["sourceColumn"])


def _learn_average(table: _Table, p: dict) -> dict:
    x = table.present(p["sourceColumn"])
    if np.abs(x).max() > 1e150:
        raise ValueError(
            f"column {p['sourceColumn']!r} has values beyond 1e150, too large."
        )
    return {"value": math.fsum(x.tolist()) / len(x)}


def _learn_median(table: _Table, p: dict) -> dict:
    return {"value": float(np.median(table.present(p["sourceColumn"])))}


def _learn_most_frequent(table: _Table, p: dict) -> dict:
    source = p["sourceColumn"]
    values = table.get(source)
    if values.dtype.kind not in "iuf":
        codes, texts = table.texts(source)
        if not texts:
            raise ValueError(
                f"column {source!r} has only missing values: nothing to learn."
            )
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        return {"value": min(zip(-counts, texts, strict=True))[1]}
    different, counts = np.unique(table.present(source), return_counts=True)
    return {"value": float(different[counts.argmax()])}


def _learn_custom(table: _Table, p: dict) -> dict:
    table.get(p["sourceColumn"])
    is_number = p["columnDataType"] == "number"
    return {"value": _number(p["value"]) if is_number else p["value"]}


def _fill(table: _Table, p: dict, learned: dict) -> None:
    source, value = p["sourceColumn"], learned["value"]
    if isinstance(value, str):
        codes, texts = table.texts(source)
        filled = _spread([*texts, value], np.where(codes < 0, len(texts), codes))
    else:
        numbers = table.numbers(source)
        filled = np.where(np.isnan(numbers), value, numbers)
    table.put(source, filled, source=source)


def _delete(table: _Table, p: dict, learned: dict) -> None:
    table.get(p["sourceColumn"])
    del table.columns[p["sourceColumn"]]


def _rename(table: _Table, p: dict, learned: dict) -> None:
    old, new = p["sourceColumn"], p["targetColumn"]
    table.put(new, table.get(old), source=old)
    table.columns = {
        new if name == old else name: table.columns[name]
        for name in table.columns
        if name != new or new == old
    }


def _ln(x: np.ndarray) -> np.ndarray:
    """Natural logarithm by additions, multiplications and divisions alone.

    IEEE 754 fixes the result of these for every processor; it does not for ``np.log``,
    whose last digit may differ with and without AVX-512. With x = m 2^e and m between
    sqrt(1/2) and sqrt(2), ln x = e ln 2 + 2 artanh(s), s = (m - 1) / (m + 1). Thirteen
    terms of the series, s + s^3/3 + ..., reach the precision of a float for |s| < 0.172.
    The result is within 3 units of its last binary digit of the true one.
    """
    m, e = np.frexp(x)
    small = m < math.sqrt(0.5)
    m = np.where(small, 2 * m, m)
    e = (e - small).astype(float)
    s = (m - 1) / (m + 1)
    square = s * s
    series = np.full_like(s, 1 / 25)
    for k in range(23, 0, -2):
        series = series * square + 1 / k
    # ln 2 in two parts: the first has so few digits that e times it is exact.
    return e * 0.6931471803691238 + (e * 1.9082149292705877e-10 + 2 * s * series)


def _date_part(seconds: np.ndarray, part: str) -> np.ndarray:
    """Return a part of each date as whole numbers (anything where the date is missing)."""
    days = seconds.astype("datetime64[D]")
    months = seconds.astype("datetime64[M]")
    if part == "hour":
        return seconds.astype(np.int64) // 3600 % 24
    if part == "weekday":
        return (days.astype(np.int64) + 3) % 7  # 1970 began on a Thursday
    if part == "day":
        return (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    if part == "month":
        return months.astype(np.int64) % 12 + 1
    return months.astype(np.int64) // 12 + 1970


def _spread(texts: list[str | None], codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    return pd.array(texts, dtype="str").take(codes, allow_fill=True)


def _as_number(column: str, value: object) -> float:
    if isinstance(value, Real | np.bool_):
        return float(value)
    raise ValueError(
        f"column {column!r} mixes types: {value!r} stands where a number is expected."
    )


def _as_text(column: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real) and math.isfinite(value):
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    raise ValueError(
        f"column {column!r} has the value {value!r}, expected text or finite numbers."
    )


def _parse_float(text: str) -> float:
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


# How the string of a parameter is read.


def _string(text: str) -> str:
    if not text:
        raise ValueError("expected some text, it is empty")
    return text


def _number(text: str) -> float:
    number = _parse_float(text)
    if math.isnan(number):
        raise ValueError(f"expected a finite number, got {text!r}")
    return number


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 20:
        raise ValueError(f"expected a whole number from 1 to 20, got {text!r}")
    return int(text)


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}, got {text!r}")
        return text

    return read


def _strings(text: str) -> list[str]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError:
        values = None
    if (
        not isinstance(values, list)
        or not values
        or not all(isinstance(value, str) and value for value in values)
        or len(set(values)) < len(values)
    ):
        raise ValueError(f"expected a list of different strings, got {text!r}")
    return values


def _splits(text: str) -> list[float]:
    values = _strings(text)
    if len(values) < 3 or (values[0], values[-1]) != ("-Infinity", "Infinity"):
        raise ValueError(
            "expected bounds from '-Infinity' to 'Infinity' with at least one between, "
            f"got {text!r}"
        )
    cuts = [-math.inf, *(_number(value) for value in values[1:-1]), math.inf]
    if sorted(set(cuts)) != cuts:
        raise ValueError(f"expected bounds in rising order, got {text!r}")
    return cuts


def _parts(text: str) -> list[str]:
    return [_one_of("year", *_CIRCLES)(part) for part in _strings(text)]


def _check_buckets(p: dict) -> None:
    if (p["splits"] is None) == (p["strategy"] is None):
        raise ValueError("expected either splits or strategy (QUANTILE, UNIFORM)")
    if p["splits"] is not None and len(p["splits"]) != len(p["bucketNames"]) + 1:
        raise ValueError(
            f"{len(p['bucketNames'])} bucketNames need {len(p['bucketNames']) + 1} splits, "
            f"got {len(p['splits'])}"
        )
    if len(p["bucketNames"]) < 2:
        raise ValueError("expected at least two bucketNames")


def _check_parts(p: dict) -> None:
    if p["embeddingMode"] == "CYCLIC" and "year" in p["parts"]:
        raise ValueError("year does not come round again: use embeddingMode ORDINAL for it")


def _check_custom(p: dict) -> None:
    if p["columnDataType"] == "number":
        _number(p["value"])


@dataclass(frozen=True)
class _Operation:
    """One operation: how its parameters are read, what it learns, and what it does."""

    required: Mapping[str, Callable[[str], object]]
    apply: Callable[[_Table, dict, dict], None]
    learn: Callable[[_Table, dict], dict] = _nothing
    learns: tuple[str, ...] = ()
    # Reader and, already read, the value where the parameter is left out.
    optional: Mapping[str, tuple[Callable[[str], object], object]] = field(
        default_factory=dict
    )
    check: Callable[[dict], None] = lambda p: None


_SOURCE = {"sourceColumn": _string}
_BOTH = {"sourceColumn": _string, "targetColumn": _string}
_FILL = {"apply": _fill, "learns": ("value",)}

OPERATIONS: Mapping[str, _Operation] = {
    "SPLIT_COLUMN_SINGLE_DELIMITER": _Operation(
        {**_SOURCE, "pattern": _string, "limit": _limit}, _split_column
    ),
    "CHANGE_DATA_TYPE": _Operation(
        {**_SOURCE, "columnDataType": _one_of("double", "string")}, _change_type
    ),
    "NORMALIZATION": _Operation(
        {**_BOTH, "strategy": _one_of("Z_SCORE", "MIN_MAX")},
        _scale,
        _learn_scale,
        ("shift", "scale"),
    ),
    "LN": _Operation(_BOTH, _log, optional={"offset": (_number, 0.0)}),
    "BUCKETIZATION": _Operation(
        {**_BOTH, "bucketNames": _strings},
        _bucket,
        _learn_cuts,
        ("cuts",),
        {"splits": (_splits, None), "strategy": (_one_of("QUANTILE", "UNIFORM"), None)},
        _check_buckets,
    ),
    "ONE_HOT_ENCODING": _Operation(
        _SOURCE,
        _one_hot,
        _learn_categories,
        ("categories",),
        {"invalidHandlingStrategy": (_one_of("ERROR", "KEEP", "SKIP"), "ERROR")},
    ),
    "FEATURIZE_DATE_TIME": _Operation(
        {**_SOURCE, "parts": _parts},
        _date_parts,
        optional={"embeddingMode": (_one_of("CYCLIC", "ORDINAL"), "CYCLIC")},
        check=_check_parts,
    ),
    "FLAG_COLUMN_FROM_NULL": _Operation(
        _BOTH, _flag_missing, optional={"flagType": (_one_of("Null values"), "Null values")}
    ),
    "FILL_WITH_AVERAGE": _Operation(_SOURCE, learn=_learn_average, **_FILL),
    "FILL_WITH_MEDIAN": _Operation(_SOURCE, learn=_learn_median, **_FILL),
    "FILL_WITH_MOST_FREQUENT": _Operation(_SOURCE, learn=_learn_most_frequent, **_FILL),
    "FILL_WITH_CUSTOM": _Operation(
        {**_SOURCE, "value": _string, "columnDataType": _one_of("number", "string")},
        learn=_learn_custom,
        check=_check_custom,
        **_FILL,
    ),
    "DELETE": _Operation(_SOURCE, _delete),
    "RENAME": _Operation(_BOTH, _rename),
}
"""Every operation of a recipe, by its name in DataBrew; see `Recipe` for what each does."""


def _parse(operation: str, parameters: Mapping[str, str]) -> tuple[str, dict]:
    if operation not in OPERATIONS:
        raise ValueError(
            f"there is no operation {operation!r}. {_similar(str(operation), OPERATIONS)}"
        )
    rules = OPERATIONS[operation]
    allowed = [*rules.required, *rules.optional]
    for name, text in parameters.items():
        if name not in allowed:
            raise ValueError(
                f"{operation} has no parameter {name!r}. {_similar(name, allowed)}"
            )
        if not isinstance(text, str):
            raise ValueError(
                f"{operation}: parameter {name} is {text!r}, but DataBrew's parameters are "
                "strings; build the step with action()."
            )
    parsed = {name: default for name, (_, default) in rules.optional.items()}
    readers = {**rules.required, **{name: rule[0] for name, rule in rules.optional.items()}}
    if missing := [name for name in rules.required if name not in parameters]:
        raise ValueError(f"{operation} needs {', '.join(missing)}.")
    for name, text in parameters.items():
        try:
            parsed[name] = readers[name](text)
        except ValueError as error:
            raise ValueError(f"{operation}: parameter {name}: {error}.") from None
    try:
        rules.check(parsed)
    except ValueError as error:
        raise ValueError(f"{operation}: {error}.") from None
    return operation, parsed


def _parse_steps(steps: Sequence[Mapping]) -> list[tuple[str, dict]]:
    if not isinstance(steps, list | tuple):
        raise ValueError(
            f"steps is {type(steps).__name__}, expected a list of action(...)."
        )
    parsed = []
    for number, step in enumerate(steps, start=1):
        if not isinstance(step, Mapping) or set(step) != {"Action"}:
            raise ValueError(
                f"step {number} is {step!r}, expected {{'Action': {{'Operation': ..., "
                "'Parameters': ...}}} and nothing else (conditions are not supported)."
            )
        chosen = step["Action"]
        if not isinstance(chosen, Mapping) or set(chosen) != {"Operation", "Parameters"}:
            raise ValueError(f"step {number}: an Action has an Operation and Parameters.")
        try:
            parsed.append(_parse(chosen["Operation"], chosen["Parameters"]))
        except ValueError as error:
            raise ValueError(f"step {number}: {error}") from None
    return parsed


@contextmanager
def _in_step(number: int, operation: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"step {number}, {operation}: {error}") from error


def _as_string(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return json.dumps([_as_string(name, item) for item in value], ensure_ascii=False)
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return (
            repr(number)
            if math.isfinite(number)
            else str(number).replace("inf", "Infinity")
        )
    raise ValueError(
        f"parameter {name} is {value!r}, expected text, a number, a boolean or a list "
        "of them."
    )


def _check_frame(X: pd.DataFrame) -> None:
    if not isinstance(X, pd.DataFrame):
        raise ValueError(
            f"expected a DataFrame, got {type(X).__name__}; one row is pd.DataFrame([row])."
        )
    names = list(X.columns)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ValueError(
            f"column names must be different texts, got {names}; set X.columns."
        )


def _check_columns(names: list[str], expected: list[str]) -> None:
    if missing := [name for name in expected if name not in names]:
        raise ValueError(
            f"missing column {missing[0]!r}: the recipe was fitted with it. "
            f"{_similar(missing[0], names)}"
        )
    if extra := [name for name in names if name not in expected]:
        raise ValueError(
            f"unknown column {extra[0]!r}: the recipe was not fitted with it. Drop it, or "
            f"fit again. {_similar(extra[0], expected)}"
        )


def _similar(name: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return (
        f"Did you mean {' or '.join(close)}?" if close else f"There are {_listed(known)}."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:15]) + (
        f" and {len(names) - 15} more" if len(names) > 15 else ""
    )
