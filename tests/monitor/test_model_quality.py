"""Model Monitor's metrics, their intervals, late labels and thresholds."""

import json
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from labs_lib import monitor


@pytest.fixture
def scored():
    rng = np.random.default_rng(0)
    y = (rng.random(3000) < 0.2).astype(int)
    score = np.clip(0.3 * y + 0.7 * rng.random(3000), 0, 1).round(2)
    return y, (score > 0.5).astype(int), score


def binary(y, predicted, score=None, **options):
    return monitor.quality(
        y, predicted, score=score, problem_type="BinaryClassification", **options
    )


def from_matrix(matrix):
    """Return observed and predicted labels with this confusion matrix."""
    cells = np.indices(np.shape(matrix)).reshape(2, -1)
    return np.repeat(cells, np.ravel(matrix), axis=1)


def test_two_classes_as_in_scikit_learn(scored):
    y, predicted, score = scored
    found = binary(*scored).table["value"]
    expected = {
        "recall": sk.recall_score(y, predicted),
        "precision": sk.precision_score(y, predicted),
        "accuracy": sk.accuracy_score(y, predicted),
        "true_positive_rate": sk.recall_score(y, predicted),
        "true_negative_rate": sk.recall_score(y, predicted, pos_label=0),
        "false_positive_rate": 1 - sk.recall_score(y, predicted, pos_label=0),
        "false_negative_rate": 1 - sk.recall_score(y, predicted),
        "f0_5": sk.fbeta_score(y, predicted, beta=0.5),
        "f1": sk.f1_score(y, predicted),
        "f2": sk.fbeta_score(y, predicted, beta=2),
        "auc": sk.roc_auc_score(y, score),
        "accuracy_best_constant_classifier": (y == 0).mean(),
        "recall_best_constant_classifier": 0,
    }
    assert found[list(expected)].to_dict() == pytest.approx(expected)
    assert math.isnan(found["precision_best_constant_classifier"])


def test_the_guides_example_of_two_classes():
    found = binary(*from_matrix([[1, 2], [0, 1]])).table["value"]
    assert found["recall"] == 1
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["accuracy"] == 0.5
    assert found["true_negative_rate"] == pytest.approx(1 / 3)
    assert found["f0_5"] == pytest.approx(0.3846153846153846)
    assert (found["f1"], found["f2"]) == pytest.approx((0.5, 0.7142857142857143))
    # The guide's constant classifier predicts 1 here, which is right in a quarter of the rows.
    assert found["accuracy_best_constant_classifier"] == 0.75


def test_the_guides_example_of_many_classes():
    y, predicted = from_matrix([[1180, 510], [268, 138]])
    found = monitor.quality(y, predicted, problem_type="MulticlassClassification")
    assert found.curves["confusion_matrix"] == {
        "0": {"0": 1180, "1": 510},
        "1": {"0": 268, "1": 138},
    }
    expected = {
        "accuracy": 0.6288167938931297,
        "weighted_recall": 0.6288167938931297,
        "weighted_precision": 0.6983172269629505,
        "weighted_f0_5": 0.6803947318178771,
        "weighted_f1": 0.6571162346664904,
        "weighted_f2": 0.6384024354394601,
    }
    assert found.table["value"][list(expected)].to_dict() == pytest.approx(
        expected, rel=1e-6
    )
    swapped = monitor.quality(
        np.r_[y[y == 1], y[y == 0]][: len(y)],
        np.ones(len(y), int),
        problem_type="MulticlassClassification",
    ).table["value"]
    # What the guide calls the best constant classifier is the one that predicts class 1.
    assert swapped["accuracy"] == pytest.approx(0.19370229007633588)
    assert swapped["weighted_precision"] == pytest.approx(0.03752057718081697)
    assert swapped["weighted_f0_5"] == pytest.approx(0.04473443104152011)
    assert swapped["weighted_f1"] == pytest.approx(0.06286421244683643)


def test_many_classes_as_in_scikit_learn():
    rng = np.random.default_rng(0)
    y, predicted = rng.choice(["a", "b", "c"], (2, 500), p=[0.6, 0.3, 0.1])
    predicted = np.where(predicted == "c", "a", predicted)
    found = monitor.quality(
        y, predicted, problem_type="MulticlassClassification", repeats=0
    )
    kwargs = {"average": "weighted", "zero_division": 0}
    table = found.table["value"]
    assert table["weighted_precision"] == pytest.approx(
        sk.precision_score(y, predicted, **kwargs)
    )
    assert table["weighted_recall"] == pytest.approx(
        sk.recall_score(y, predicted, **kwargs)
    )
    for name, beta in (("f0_5", 0.5), ("f1", 1), ("f2", 2)):
        expected = sk.fbeta_score(y, predicted, beta=beta, **kwargs)
        assert table[f"weighted_{name}"] == pytest.approx(expected)


def test_numbers_as_in_scikit_learn():
    rng = np.random.default_rng(0)
    y = rng.normal(size=500)
    predicted = y + rng.normal(size=500)
    found = monitor.quality(y, predicted, problem_type="Regression")
    assert found.table["value"].to_dict() == pytest.approx(
        {
            "mae": sk.mean_absolute_error(y, predicted),
            "mse": sk.mean_squared_error(y, predicted),
            "rmse": sk.root_mean_squared_error(y, predicted),
            "r2": sk.r2_score(y, predicted),
        }
    )
    assert (found.table["low"] < found.table["value"]).all()
    assert (found.table["high"] > found.table["value"]).all()


def test_the_file_of_model_monitor(scored):
    content = binary(*scored).to_dict()
    json.dumps(content, allow_nan=False)
    found = content["binary_classification_metrics"]
    assert found["recall"].keys() == {"value", "standard_deviation"}
    assert found["precision_best_constant_classifier"]["value"] == "NaN"
    assert found["confusion_matrix"].keys() == {"0", "1"}
    roc = found["receiver_operating_characteristic_curve"]
    assert roc["false_positive_rates"][0] == roc["true_positive_rates"][0] == 0
    assert roc["false_positive_rates"][-1] == roc["true_positive_rates"][-1] == 1


def test_the_standard_deviation_needs_200_rows_and_is_too_small_an_error(scored):
    y, predicted, score = scored
    few = binary(y[:199], predicted[:199], score[:199]).table
    assert few["standard_deviation"].isna().all()
    assert few["low"].notna().any()
    assert binary(y[:200], predicted[:200]).table["standard_deviation"].notna().any()
    spread = [
        binary(*scored, seed=s, repeats=0).table.loc["recall", "standard_deviation"]
        for s in range(40)
    ]
    error = np.sqrt(0.25 * 0.75 / y.sum())
    assert 0.3 * error < np.mean(spread) < 0.7 * error


def test_intervals_cover():
    """Nominal 95 %, 600 rows with 120 positives."""
    metrics = ["recall", "precision", "f1", "auc"]
    rng = np.random.default_rng(0)

    def draw(n):
        y = (rng.random(n) < 0.2).astype(int)
        score = rng.normal(1.2 * y, 1)
        return y, (score > 0.8).astype(int), score

    truth = binary(*draw(400_000), repeats=0).table.loc[metrics, "value"]
    covered = 0
    for seed in range(400):
        found = binary(*draw(600), repeats=400, seed=seed).table.loc[metrics]
        covered += (found["low"] <= truth) & (truth <= found["high"])
    assert (covered / 400).between(0.92, 0.98).all(), covered


def test_a_window_without_positives():
    found = binary([0, 0, 0], [0, 1, 0], [0.1, 0.9, 0.2])
    assert found.table["value"][["recall", "auc"]].isna().all()
    assert found.table.loc["accuracy", "value"] == pytest.approx(2 / 3)
    assert "precision_recall_curve" not in found.curves
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("y", "predicted", "options", "message"),
    [
        ([], [], {}, "at least one row"),
        ([0, 1], [0], {}, "one value a row"),
        ([0, 1], [0.2, 0.9], {}, "Give probabilities as score"),
        ([0, None], [0, 1], {}, "y has 1 missing"),
        ([0, np.nan], [0, 1], {}, "y has 1 missing"),
        (["a", "b"], ["a", "b"], {}, "no number"),
        ([0, 1], [0, 1], {"score": [0.1, np.inf]}, "score has infinite"),
        ([0, 1], [0, 1], {"repeats": 50}, "repeats is 50"),
        ([0, 1], [0, 1], {"confidence": 95}, "confidence is 95"),
        ([0, 1], [0, 1], {"problem_type": "Ranking"}, "problem_type is 'Ranking'"),
        ([1, 1], [1, 1], {"problem_type": "MulticlassClassification"}, "one class only"),
        (
            [1, 2],
            [1, 2],
            {"problem_type": "Regression", "score": [1, 2]},
            "score is for two",
        ),
    ],
)
def test_what_is_wrong(y, predicted, options, message):
    with pytest.raises(ValueError, match=message):
        monitor.quality(y, predicted, **{"problem_type": "BinaryClassification"} | options)


# Thresholds -------------------------------------------------------------------------------


def test_suggested_constraints(scored):
    base = binary(*scored)
    constraints = monitor.suggest_constraints(base)
    assert constraints["version"] == 0
    found = constraints["binary_classification_constraints"]
    assert not [name for name in found if "constant" in name]
    assert found["recall"] == {
        "threshold": base.table.loc["recall", "value"],
        "comparison_operator": "LessThanThreshold",
    }
    assert found["false_positive_rate"]["comparison_operator"] == "GreaterThanThreshold"
    loose = monitor.suggest_constraints(
        base, margin=0.05, metrics=["f1", "false_negative_rate"]
    )
    loose = loose["binary_classification_constraints"]
    assert loose["f1"]["threshold"] == pytest.approx(found["f1"]["threshold"] - 0.05)
    wider = found["false_negative_rate"]["threshold"] + 0.05
    assert loose["false_negative_rate"]["threshold"] == pytest.approx(wider)
    with pytest.raises(ValueError, match="margin is -1"):
        monitor.suggest_constraints(base, margin=-1)
    with pytest.raises(ValueError, match="no value of"):
        monitor.suggest_constraints(base, metrics=["gini"])


def test_violations_of_quality(scored):
    y, predicted, _ = scored
    constraints = monitor.suggest_constraints(
        binary(*scored), metrics=["recall", "accuracy"]
    )
    worse = np.where(np.arange(len(y)) % 3 == 0, 0, predicted)
    violations, table = monitor.check_quality(binary(y, worse), constraints)
    assert [v["metric_name"] for v in violations] == ["recall"]
    assert violations[0]["constraint_check_type"] == "LessThanThreshold"
    assert violations[0]["description"].startswith("Metric recall with 0.")
    assert table["violated"].tolist() == [True, False]
    assert monitor.check_quality(binary(*scored), constraints)[0] == []


def test_the_value_alone_alarms_in_half_of_all_healthy_windows(scored):
    y, predicted, _ = scored
    constraints = monitor.suggest_constraints(binary(y, predicted), metrics=["accuracy"])
    rng = np.random.default_rng(1)
    alarms = dict.fromkeys(("value", "interval"), 0)
    for _ in range(200):
        rows = rng.integers(0, len(y), 300)
        window = binary(y[rows], predicted[rows], repeats=200)
        for rule in alarms:
            alarms[rule] += bool(monitor.check_quality(window, constraints, rule=rule)[0])
    assert 70 < alarms["value"] < 130
    assert alarms["interval"] < 15


def test_a_metric_without_value_is_no_violation_but_is_said(scored):
    constraints = monitor.suggest_constraints(binary(*scored), metrics=["recall"])
    violations, table = monitor.check_quality(binary([0, 0], [0, 1]), constraints)
    assert violations == []
    assert table.loc["recall", "note"] == "no value in this window"


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"regression_constraints": {}}, "have no binary_classification_constraints"),
        (
            {"binary_classification_constraints": {"f1": {"threshold": 1}}},
            "constraint of 'f1'",
        ),
        (
            {
                "binary_classification_constraints": {
                    "f1": {"threshold": "high", "comparison_operator": "LessThanThreshold"}
                }
            },
            "constraint of 'f1'",
        ),
    ],
)
def test_constraints_that_are_wrong(scored, constraints, message):
    with pytest.raises(ValueError, match=message):
        monitor.check_quality(binary(*scored), constraints)
    with pytest.raises(ValueError, match="rule is 'strict'"):
        monitor.check_quality(binary(*scored), constraints, rule="strict")


# Late labels --------------------------------------------------------------------------------


def test_only_labels_that_had_arrived_count():
    predictions = pd.DataFrame({"id": [1, 2, 3, 4], "predicted": [0, 1, 0, 1]})
    labels = pd.DataFrame(
        {"id": [4, 2, 2, 1, 9], "label": [1, 0, 1, 0, 1], "day": [50, 10, 40, 5, 1]}
    )
    joined = monitor.join_labels(predictions, labels, on="id", arrived="day", until=20)
    assert joined["id"].tolist() == [1, 2]
    assert joined["label"].tolist() == [0, 0]
    later = monitor.join_labels(predictions, labels, on="id", arrived="day", until=50)
    assert later["id"].tolist() == [1, 2, 4]
    assert later["label"].tolist() == [0, 1, 1], "a correction replaces the first label"


def test_late_labels_with_times():
    predictions = pd.DataFrame({"id": ["a"], "score": [0.5]})
    labels = pd.DataFrame({"id": ["a"], "label": [1], "at": pd.to_datetime(["2025-03-01"])})
    for until, rows in (("2025-02-28", 0), ("2025-03-01", 1)):
        joined = monitor.join_labels(
            predictions, labels, on="id", arrived="at", until=pd.Timestamp(until)
        )
        assert len(joined) == rows


@pytest.mark.parametrize(
    ("predictions", "labels", "message"),
    [
        ({"x": [1]}, {"id": [1], "day": [1]}, "predictions has no column"),
        ({"id": [1]}, {"id": [1]}, "labels has no column"),
        ({"id": [1, 1]}, {"id": [1], "day": [1]}, "'id' twice"),
        ({"id": [None]}, {"id": [1], "day": [1]}, "without 'id'"),
        (
            {"id": [1], "y": [1]},
            {"id": [1], "day": [1], "y": [1]},
            r"both tables have \['y'\]",
        ),
    ],
)
def test_labels_that_cannot_be_joined(predictions, labels, message):
    with pytest.raises(ValueError, match=message):
        monitor.join_labels(
            pd.DataFrame(predictions), pd.DataFrame(labels), on="id", arrived="day", until=1
        )


# Labels and ids of several kinds ------------------------------------------------------------


@pytest.mark.parametrize(
    "to_other",
    [
        lambda y: y.astype(float),
        lambda y: y.astype("float32"),
        lambda y: y.astype("uint8"),
        lambda y: y.astype(str),
        lambda y: y.astype(float).astype(str),
        lambda y: y.astype(object),
        lambda y: y.tolist(),
        lambda y: pd.Series(y).astype("Int64"),
        lambda y: pd.Series(y).astype("Int64").array,
        lambda y: pd.Categorical(y),
        lambda y: pd.Series(y).astype(str).astype("category"),
        lambda y: [Decimal(int(v)) for v in y],
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_perfect_prediction_is_perfect_in_every_kind(to_other, swapped):
    y = np.repeat([0, 1, 2], 100)
    pair = (to_other(y), y) if swapped else (y, to_other(y))
    found = monitor.quality(*pair, problem_type="MulticlassClassification", repeats=0)
    assert found.table.loc["accuracy", "value"] == 1
    assert list(found.curves["confusion_matrix"]) == ["0", "1", "2"]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40),
    st.sampled_from([float, str, object, "float32", "Int64", "category"]),
    st.sampled_from([int, float, str, "category"]),
)
def test_the_kind_of_labels_changes_no_metric(pairs, one, other):
    y, predicted = (pd.Series(side) for side in zip(*pairs, strict=True))
    if len(set(y) | set(predicted)) < 2:
        return
    options = {"problem_type": "MulticlassClassification", "repeats": 0}
    expected = monitor.quality(y, predicted, **options).table
    found = monitor.quality(y.astype(one), predicted.astype(other), **options).table
    pd.testing.assert_frame_equal(found, expected)


def test_labels_that_mean_different_things():
    y = ["cat", "dog"] * 200
    with pytest.raises(ValueError, match="predicted holds numbers such as 0 and y texts"):
        monitor.quality(y, [0, 1] * 200, problem_type="MulticlassClassification")


@pytest.mark.parametrize(
    ("of_predictions", "of_labels"),
    [(int, float), (int, str), (str, int), ("Int64", "float64"), (object, str), (int, int)],
)
def test_ids_are_joined_by_value(of_predictions, of_labels):
    predictions = pd.DataFrame({"id": [3, 1, 2], "p": [30, 10, 20]})
    labels = pd.DataFrame({"id": [1, 3, 3, 9], "label": [0, 0, 1, 1], "t": [1, 1, 2, 1]})
    found = monitor.join_labels(
        predictions.astype({"id": of_predictions}),
        labels.astype({"id": of_labels}),
        on="id",
        arrived="t",
        until=2,
    )
    assert found[["p", "label"]].to_numpy().tolist() == [[30, 1], [10, 0]]


def test_large_ids_do_not_meet_their_neighbours():
    predictions = pd.DataFrame({"id": [2**53 + 1]})
    labels = pd.DataFrame({"id": [float(2**53)], "label": [1], "t": [1]})
    assert not len(monitor.join_labels(predictions, labels, on="id", arrived="t", until=1))


DAY = pd.Timestamp("2024-01-01")


@pytest.mark.parametrize(
    ("times", "until"),
    [(DAY.tz_localize("UTC"), DAY), ("2024-01-01", DAY), (1, DAY), (DAY, 1), (DAY, pd.NaT)],
)
def test_times_that_cannot_be_compared(times, until):
    predictions = pd.DataFrame({"id": [1]})
    labels = pd.DataFrame({"id": [1], "label": 1, "t": [times]})
    with pytest.raises(ValueError, match="which cannot be compared with the times in 't'"):
        monitor.join_labels(predictions, labels, on="id", arrived="t", until=until)


def test_a_date_stands_for_its_first_moment():
    predictions = pd.DataFrame({"id": [1, 2]})
    days = [DAY, DAY + pd.Timedelta("1h")]
    labels = pd.DataFrame({"id": [1, 2], "label": 1, "t": days})
    for until in (DAY.date(), DAY.to_pydatetime(), "2024-01-01", DAY.to_datetime64()):
        found = monitor.join_labels(predictions, labels, on="id", arrived="t", until=until)
        assert found["id"].tolist() == [1]
