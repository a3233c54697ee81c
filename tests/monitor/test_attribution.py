import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from labs_lib import monitor

TRAINING = {"a": 0.70, "b": 0.50, "c": 0.05}
LIVE = {"a": 0.10, "b": 0.20, "c": 0.70}


def test_the_guides_example():
    assert monitor.ndcg(TRAINING, LIVE) == pytest.approx(0.71546 / 1.04046, abs=1e-5)
    assert monitor.ndcg(TRAINING, LIVE) == pytest.approx(0.68764, abs=1e-5)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=12))
def test_as_in_scikit_learn_ties_included(pairs):
    training, live = np.array(pairs, dtype=float).T
    if not training.any():
        training[0] = 1
    names = [str(i) for i in range(len(pairs))]
    found = monitor.ndcg(
        dict(zip(names, training, strict=True)), dict(zip(names, live, strict=True))
    )
    assert found == pytest.approx(ndcg_score([training], [live]))
    assert 0 <= found <= 1 + 1e-12


def test_only_the_order_counts():
    assert monitor.ndcg(TRAINING, TRAINING) == 1
    assert monitor.ndcg(TRAINING, {n: 10 * v for n, v in TRAINING.items()}) == 1


def test_the_violation():
    found = monitor.check_attributions(TRAINING, LIVE)
    assert found["version"] == "1.0"
    (violation,) = found["violations"]
    assert violation["constraint_check_type"] == "feature_attribution_drift_check"
    assert violation["metric_name"] == "shap"
    assert violation["label"] == "label0"
    assert "0.687" in violation["description"]
    assert monitor.check_attributions(TRAINING, LIVE, threshold=0.6)["violations"] == []
    assert monitor.check_attributions(TRAINING, TRAINING)["violations"] == []


@pytest.mark.parametrize(
    ("training", "live", "message"),
    [
        ({}, {}, "at least one"),
        ({"a": 1}, {"b": 1}, r"features \['a', 'b'\]"),
        ({"a": -1}, {"a": 1}, "training has the attributions"),
        ({"a": 1}, {"a": float("nan")}, "live has the attributions"),
        ({"a": 0}, {"a": 1}, "are 0"),
    ],
)
def test_what_is_wrong(training, live, message):
    with pytest.raises(ValueError, match=message):
        monitor.ndcg(training, live)
    with pytest.raises(ValueError, match="threshold is 90"):
        monitor.check_attributions(TRAINING, LIVE, threshold=90)
