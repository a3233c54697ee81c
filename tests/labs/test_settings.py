"""The model that a lesson shows is the one whose rows are stored: its settings stand twice."""

import ast

import pytest

from labs_lib.course import catalog


def settings_of(lab: str, file: str) -> dict[str, object]:
    """Return the constants that a file gives to XGBoost, the first time each is named."""
    tree = ast.parse((catalog.LABS / lab / file).read_text(encoding="utf-8"))
    pairs: list[tuple[str, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            names = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            if len(names) == len(node.keys):
                pairs += zip(names, node.values, strict=True)
        elif isinstance(node, ast.Call):
            pairs += [(k.arg, k.value) for k in node.keywords if k.arg]
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in NAMES and isinstance(value, ast.Constant):
            found.setdefault(name, value.value)
    return found


NAMES = {
    "n_estimators",
    "max_depth",
    "learning_rate",
    "min_child_weight",
    "max_bin",
    "subsample",
    "colsample_bytree",
    "enable_categorical",
    "early_stopping_rounds",
    "eval_metric",
}


@pytest.mark.parametrize("lab", ["monitor/model_drift"])
def test_the_lesson_and_its_rows_use_the_same_settings(lab):
    lesson, shared = settings_of(lab, "lesson.py"), settings_of(lab, "shared.py")
    assert len(shared) >= 6
    assert {name: lesson.get(name) for name in shared} == shared
