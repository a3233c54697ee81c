"""Autopilot's metrics: each from its definition, in the service's own shape."""

import botocore.session
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labs_lib.train import metrics

BINARY = "BinaryClassification"
MULTI = "MulticlassClassification"


def values(*args, **kwargs):
    data = metrics.metric_data(*args, **kwargs)
    return {datum["StandardMetricName"]: datum["Value"] for datum in data}


@st.composite
def two_classes(draw):
    n = draw(st.integers(2, 40))
    y = draw(hnp.arrays(int, n, elements=st.integers(0, 1)))
    y[:2] = 0, 1
    # Few distinct scores, so that ties occur.
    score = draw(
        hnp.arrays(float, n, elements=st.sampled_from([0.0, 0.1, 0.4, 0.5, 0.9, 1.0]))
    )
    return y, score


@given(two_classes())
def test_two_classes_by_definition(sample):
    y, score = sample
    found = values(y, score, problem_type=BINARY)
    alert = score >= 0.5
    tp, fp = (alert & (y == 1)).sum(), (alert & (y == 0)).sum()
    fn, tn = (~alert & (y == 1)).sum(), (~alert & (y == 0)).sum()
    positive, negative = score[y == 1], score[y == 0]
    pairs = positive[:, None] - negative[None, :]
    clipped = np.clip(score, np.finfo(float).eps, 1 - np.finfo(float).eps)
    expected = {
        "Accuracy": (tp + tn) / len(y),
        "AUC": ((pairs > 0) + 0.5 * (pairs == 0)).mean(),
        "BalancedAccuracy": (tp / (tp + fn) + tn / (tn + fp)) / 2,
        "F1": 2 * tp / (2 * tp + fp + fn) if tp else 0,
        "LogLoss": -np.where(y == 1, np.log(clipped), np.log(1 - clipped)).mean(),
        "Precision": tp / (tp + fp) if tp else 0,
        "Recall": tp / (tp + fn),
    }
    assert found == pytest.approx(expected)


@given(hnp.arrays(float, (12, 2), elements=st.floats(-100, 100)))
def test_regression_by_definition(sample):
    y, predicted = sample.T
    y[:2] = 0, 1
    found = values(y, predicted, problem_type="Regression")
    error = y - predicted
    mse = (error**2).mean()
    assert found == pytest.approx(
        {
            "MAE": abs(error).mean(),
            "MSE": mse,
            "R2": 1 - mse / y.var(),
            "RMSE": np.sqrt(mse),
        }
    )


def test_several_classes_by_definition():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200)
    p = rng.dirichlet([1, 1, 1], 200)
    label = p.argmax(axis=1)
    recall = [(label[y == k] == k).mean() for k in range(3)]
    precision = [(y[label == k] == k).mean() for k in range(3)]
    f1 = [2 * r * q / (r + q) for r, q in zip(recall, precision, strict=True)]
    assert values(y, p, problem_type=MULTI) == pytest.approx(
        {
            "Accuracy": (label == y).mean(),
            "BalancedAccuracy": np.mean(recall),
            "F1macro": np.mean(f1),
            "LogLoss": -np.log(p[np.arange(200), y]).mean(),
            "PrecisionMacro": np.mean(precision),
            "RecallMacro": np.mean(recall),
        }
    )


def test_a_class_that_nobody_observed_is_left_out_of_the_averages():
    y, p = np.array([0, 1, 0, 1]), np.tile([0.5, 0.3, 0.2], (4, 1))
    assert values(y, p, problem_type=MULTI)["RecallMacro"] == 0.5


def test_r2_has_no_lower_end():
    assert values([0, 1], [100, -100], problem_type="Regression")["R2"] < -1


@pytest.mark.parametrize(("flip", "expected"), [(False, 1), (True, 0)])
def test_auc_of_flipped_labels(flip, expected):
    y = np.array([0, 0, 1, 1])
    score = np.array([0.1, 0.2, 0.8, 0.9])
    assert values(1 - y if flip else y, score, problem_type=BINARY)["AUC"] == expected


def test_the_service_knows_every_name():
    model = botocore.session.get_session().get_service_model("sagemaker")
    known = set(model.shape_for("AutoMLMetricExtendedEnum").enum)
    datum = model.shape_for("MetricDatum")
    for problem_type in metrics.PROBLEM_TYPES:
        y = np.array([0, 1, 0, 1])
        p = {MULTI: np.tile([0.5, 0.5], (4, 1))}.get(problem_type, np.full(4, 0.5))
        for one in metrics.metric_data(
            y, p, problem_type=problem_type, set="Test", latency=1
        ):
            assert one["StandardMetricName"] in known
            assert set(one) == set(datum.members)
            assert one["Set"] in datum.members["Set"].enum


def test_each_problem_has_its_metrics_and_the_latency():
    y, p = np.array([0, 1]), np.array([0.2, 0.7])
    found = values(y, p, problem_type=BINARY, latency=0.25)
    assert set(found) == {*metrics.PROBLEM_TYPES[BINARY], "InferenceLatency"}
    assert found["InferenceLatency"] == 0.25


def test_latency_is_the_median_of_the_calls():
    calls = []
    seconds = metrics.inference_latency(calls.append, "row", requests=5)
    assert calls == ["row"] * 6
    assert 0 <= seconds < 1


@pytest.mark.parametrize(
    ("y", "predicted", "options", "message"),
    [
        ([0, 1], [0.1, 0.2], {"problem_type": "Binary"}, "problem_type"),
        ([0, 1], [0.1, 0.2], {"set": "Holdout"}, "Holdout"),
        ([0, 1], [0.1], {}, "one prediction for each"),
        ([], [], {}, "at least one"),
        ([0, 0], [0.1, 0.2], {}, "both of them"),
        ([0, 2], [0.1, 0.2], {}, "both of them"),
        ([0, np.nan], [0.1, 0.2], {}, "y has 1 missing"),
        ([0, 1], [0.1, np.inf], {}, "predicted has 1 missing"),
        ([0, 1], [0.1, 1.2], {}, "outside 0 to 1"),
        (["no", "yes"], [0.1, 0.2], {}, "class numbers"),
        ([0, 1], [[0.1, 0.9], [0.2, 0.8]], {}, r"\[:, 1\]"),
        ([0, 1], [0.1, 0.2], {"threshold": 2}, "threshold"),
        ([0, 1], [0.1, 0.2], {"latency": -1}, "latency"),
        ([0, 1], [0.1, 0.2], {"problem_type": MULTI}, "a column for each class"),
        ([0, 1], [[0.1, 0.2], [0.5, 0.5]], {"problem_type": MULTI}, "sum to 1"),
        ([0, 5], [[0.5, 0.5], [0.5, 0.5]], {"problem_type": MULTI}, "0 to 1"),
        ([1, 1], [[0.5, 0.5], [0.5, 0.5]], {"problem_type": MULTI}, "one class only"),
        ([1, 2], [[1, 2], [3, 4]], {"problem_type": "Regression"}, "one number a row"),
        ([1, 1], [1, 2], {"problem_type": "Regression"}, "R2"),
    ],
)
def test_bad_input_says_what_was_expected(y, predicted, options, message):
    with pytest.raises(ValueError, match=message):
        metrics.metric_data(y, predicted, **({"problem_type": BINARY} | options))


def test_no_requests_no_latency():
    with pytest.raises(ValueError, match="at least 1"):
        metrics.inference_latency(len, "x", requests=0)
