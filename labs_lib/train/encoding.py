"""Columns of any kind as one matrix of numbers, for models that need one."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler


def encoder() -> ColumnTransformer:
    """Return an unfitted transformer from a table to a matrix of floats.

    Numbers: missing ones become the median, with a column that says so; then the signed
    logarithm, because amounts and counts have long tails; then mean 0 and standard deviation
    1. Categories: one column each; a category never seen in training has zeros.

    Returns
    -------
    ColumnTransformer
        Fit it on training rows only. Output: float64 array.
    """
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        FunctionTransformer(_signed_log, feature_names_out="one-to-one"),
        StandardScaler(),
    )
    categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include=np.number)),
            ("categories", categories, make_column_selector(dtype_exclude=np.number)),
        ],
        verbose_feature_names_out=False,
    )


def _signed_log(values: np.ndarray | pd.DataFrame) -> np.ndarray | pd.DataFrame:
    return np.sign(values) * np.log1p(np.abs(values))


def encoded(model) -> Pipeline:
    """Put `encoder` before a scikit-learn estimator.

    Parameters
    ----------
    model : estimator

    Returns
    -------
    Pipeline
    """
    return make_pipeline(encoder(), model)
