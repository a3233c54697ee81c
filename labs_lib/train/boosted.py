"""The boosted trees that several labs take where the model itself is not the question."""

from typing import Any

import xgboost as xgb

from labs_lib import settings

UNTUNED = {
    "n_estimators": 100,
    "max_depth": 4,
    "learning_rate": 0.1,
    "enable_categorical": True,
    "random_state": 0,
}
"""A hundred trees of depth 4: what a team would try first; nothing in it was tuned."""


def boosted(**changes: Any) -> xgb.XGBClassifier:
    """Return an unfitted classifier with the settings `UNTUNED`.

    Parameters
    ----------
    **changes
        Settings of `xgboost.XGBClassifier` that differ from `UNTUNED`, or stand beside it.

    Returns
    -------
    XGBClassifier
        It uses `labs_lib.settings.n_jobs` threads unless `n_jobs` is given.
    """
    return xgb.XGBClassifier(**({"n_jobs": settings.n_jobs()} | UNTUNED | changes))
