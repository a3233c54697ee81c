"""A model that a lesson shows is one of those whose rows are stored: its settings stand twice."""

import pytest

from labs_lib.course import catalog
from tests.labs.constructions import Model, engines, models

OTHERS = {
}
"""Models of a lesson that no stored row is about, and why they differ from those of a kind."""


def stored_models(lab: catalog.LabInfo) -> list[Model]:
    """Return the models of a lab's experiments, and of the engines that these use."""
    own = [*lab.folder.glob("experiments/*.py"), *lab.folder.glob("*.py")]
    own = [file for file in own if file.stem not in ("lesson", "exercises")]
    return [model for file in [*own, *engines(own)] for model in models(file)]


def differences(shown: list[Model], stored: list[Model]) -> set[str]:
    """Return the models shown that are of a stored kind and like none of these."""
    kinds = {model.kind for model in stored}
    return {
        str(model)
        for model in shown
        if model.kind in kinds and not any(model.agrees(other) for other in stored)
    }


LABS = {lab.id: stored_models(lab) for lab in catalog.labs()}


@pytest.mark.parametrize("lab", [lab for lab, stored in LABS.items() if stored])
def test_a_model_shown_is_a_model_stored(lab):
    found = differences(models(catalog.find(lab).lesson), LABS[lab])
    assert found == OTHERS.get(lab, {}).keys(), (
        f"The lesson of {lab} shows a model with other settings than its experiments: give it "
        "theirs, or say in OTHERS why it is another model. (Or OTHERS names one that is gone.)"
    )


STORED = """
import xgboost as xgb
from sklearn.linear_model import LogisticRegression
from labs_lib import settings

SHAPE = {"max_depth": 4, "eta": 0.1, "lambda": 1, "nthread": 1}

def repeat(seed, X, y, more):
    xgb.train(SHAPE | {"objective": "binary:logistic"}, xgb.DMatrix(X, y), 20 * 5)
    linear = LogisticRegression(C=more, solver="newton-cholesky").fit(X, y)
    return xgb.train(SHAPE | {"max_depth": 2} | more, X, 50)
"""


@pytest.mark.parametrize(
    ("lesson", "differ"),
    [
        ("xgb.XGBClassifier(max_depth=4, learning_rate=0.1, n_jobs=2)", False),
        ("xgb.XGBClassifier(max_depth=4, learning_rate=0.1, reg_lambda=1.0)", False),
        ("size = dict(max_depth=4)\nsize |= {'eta': 0.1}\nxgb.XGBRegressor(**size)", False),
        (
            "xgb.XGBClassifier(max_depth=2, learning_rate=0.1, n_estimators=50, gamma=3)",
            False,
        ),
        (
            "xgb.XGBClassifier(max_depth=2, learning_rate=0.1, n_estimators=60, gamma=3)",
            True,
        ),
        ("xgb.XGBClassifier(max_depth=4, learning_rate=0.1, reg_lambda=0)", True),
        ("xgb.XGBClassifier(max_depth=4, learning_rate=0.1, subsample=0.5)", True),
        ("xgb.XGBClassifier(max_depth=4)", True),
        ("boosted()", False),
        ("boosted(max_depth=5)", True),
        (
            "a = boosted()\nxgb.XGBClassifier(**a.get_params()).set_params(max_depth=5)",
            True,
        ),
        ("def fit(depth):\n    return boosted(max_depth=depth)", False),
        ("LogisticRegression(C=0.1, solver='newton-cholesky')", False),
        ("for kind in 'ab':\n    LogisticRegression(C=0.1).fit(X, y)", True),
        ("GaussianNB(var_smoothing=1)", False),
    ],
)
def test_a_changed_setting_is_found(tmp_path, lesson, differ):
    head = """
import xgboost as xgb
from labs_lib.train.boosted import boosted
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
"""
    (tmp_path / "stored.py").write_text(STORED)
    (tmp_path / "lesson.py").write_text(head + lesson)
    shown, stored = models(tmp_path / "lesson.py"), models(tmp_path / "stored.py")
    assert len(stored) == 3
    assert shown
    assert bool(differences(shown, stored)) == differ


def test_the_law_reaches_most_labs():
    shown = {lab: models(catalog.find(lab).lesson) for lab in LABS}
    pairs = {
        lab
        for lab, stored in LABS.items()
        if any(mine.agrees(other) for mine in shown[lab] for other in stored)
    }
    assert len(pairs) >= 7
