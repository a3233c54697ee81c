"""One place for the boosted trees that several labs take."""

import numpy as np
import pytest

from labs_lib import settings
from labs_lib.train.boosted import UNTUNED, boosted


def test_the_settings_are_those_of_the_table_and_what_is_given():
    assert UNTUNED.items() <= boosted().get_params().items()
    assert boosted().n_jobs == settings.n_jobs()
    changed = boosted(max_depth=2, scale_pos_weight=9.0, n_jobs=1).get_params()
    assert (changed["max_depth"], changed["scale_pos_weight"]) == (2, 9.0)
    assert (changed["n_estimators"], changed["n_jobs"]) == (UNTUNED["n_estimators"], 1)
    assert UNTUNED["max_depth"] == 4


def test_each_model_is_new_and_fits():
    X = np.arange(40.0)[:, None]
    one, other = boosted(n_estimators=3), boosted(n_estimators=3)
    one.fit(X, X[:, 0] > 19)
    assert not hasattr(other, "n_classes_")
    assert np.array_equal(one.predict(X), X[:, 0] > 19)


def test_an_unknown_setting_is_told_by_xgboost():
    with pytest.warns(UserWarning, match="depht"):
        boosted(depht=3).fit([[0.0], [1.0]], [0, 1])
