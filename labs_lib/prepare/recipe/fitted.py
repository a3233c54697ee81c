"""The recipe itself: fit it, apply it, write it as JSON, read it again."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from labs_lib.prepare.recipe.messages import similar
from labs_lib.prepare.recipe.operations import OPERATIONS
from labs_lib.prepare.recipe.steps import in_step, parse_steps
from labs_lib.prepare.recipe.table import Table

FORMAT = "sagemaker-labs recipe"
VERSION = 1


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
                                  column ``<column>_other``, or ``_other_2`` and so on where
                                  that is a category) or SKIP (the row is left out)
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
    that exists. Missing values, an empty text among them, stay missing unless an action
    fills them. An infinite value in a column that an action reads as numbers is an error.
    Where an action reads text, a number is the text of its value: 7, 7.0 and "7" are one
    category.

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
        steps = parse_steps(self.steps)
        _check_frame(X)
        if X.empty:
            raise ValueError(
                f"the training data have shape {X.shape}; expected at least one row "
                "and one column."
            )
        table = Table(X)
        learned = []
        for number, (name, parameters) in enumerate(steps, start=1):
            with in_step(number, name):
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
        table = Table(X)
        for number, ((name, parameters), learned) in enumerate(
            zip(self._steps, self.learned_, strict=True), start=1
        ):
            with in_step(number, name):
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
        steps, learned = parse_steps(recipe.steps), document["learned"]
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
            f"{similar(missing[0], names)}"
        )
    if extra := [name for name in names if name not in expected]:
        raise ValueError(
            f"unknown column {extra[0]!r}: the recipe was not fitted with it. Drop it, or "
            f"fit again. {similar(extra[0], expected)}"
        )
