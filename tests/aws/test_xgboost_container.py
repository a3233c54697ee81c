"""Hyperparameters of the built-in XGBoost: names, ranges, dependencies, early stopping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import aws
from labs_lib.aws.xgboost_container import ALIASES, CHOICES, LISTS, NUMBERS
from tests.aws.examples import HYPERPARAMETERS

LEAST = {"num_round": "10"}
CHANNELS = ("train", "validation")


def only_error(hyperparameters: dict) -> aws.Finding:
    with pytest.raises(aws.RequestError) as caught:
        aws.check_xgboost_hyperparameters(hyperparameters)
    (finding,) = [item for item in caught.value.findings if item.severity == "error"]
    return finding


def test_good_hyperparameters():
    answer = aws.check_xgboost_hyperparameters(HYPERPARAMETERS, channels=CHANNELS)
    assert repr(answer) == "built-in XGBoost: valid (8 fields checked)"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("num_round", ["1", "4000"], ["0", "-1", "10.0", "ten", ""]),
        ("eta", ["0", "1", "0.3", "1e-3"], ["-0.1", "1.01", "nan", "inf"]),
        ("subsample", ["0.5", "1"], ["0", "1.1"]),
        ("scale_pos_weight", ["99.5"], ["0", "-1", "balanced"]),
        ("tweedie_variance_power", ["1.5"], ["1", "2"]),
        ("seed", ["-5"], ["2147483647"]),
        ("booster", ["dart"], ["tree"]),
        ("objective", ["reg:absoluteerror"], ["binary:logistc"]),
        ("save_model_on_termination", ["true"], ["True"]),
        ("_tuning_objective_metric", ["validation:aucpr"], ["aucpr"]),
        ("learning_rate", ["0.1"], ["2"]),
        ("reg_lambda", ["3"], ["-3"]),
        (
            "eval_metric",
            ["rmse,mae", "error@0.7", "ndcg@5"],
            ["aucc", "rmse, mae", "mae@1", "error@x"],
        ),
        ("updater", ["grow_colmaker,prune"], ["grow"]),
    ],
)
def test_values(name, good, bad):
    for value in good:
        assert aws.check_xgboost_hyperparameters(LEAST | {name: value})
    for value in bad:
        finding = only_error(LEAST | {name: value})
        assert (finding.path, finding.rule) == (f"HyperParameters.{name}", "range")
        assert repr(value) in finding.problem


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("monotone_constraints", ["(1,-1,0)", "[1]"], ["(2,)", "1", "(1,", "('a',)"]),
        ("interaction_constraints", ["[[1,2],[3]]"], ["[[0]]", "[1]", "[['a']]", "x"]),
    ],
)
def test_constraints(name, good, bad):
    hist = LEAST | {"tree_method": "hist"}
    for value in good:
        assert aws.check_xgboost_hyperparameters(hist | {name: value})
    for value in bad:
        assert only_error(hist | {name: value}).rule == "range"
    finding = only_error(LEAST | {name: good[0]})
    assert (finding.rule, finding.problem) == ("dependency", "is set with tree_method auto")


def test_ranges_are_named():
    finding = only_error(LEAST | {"eta": "1.5"})
    assert finding.allowed == "a number in [0, 1]"
    assert only_error({"num_round": "0"}).allowed == "a whole number in [1, inf)"
    finding = only_error(LEAST | {"objective": "binary:logistc"})
    assert finding.allowed.startswith("binary:logistic, ")


def test_unknown_name():
    finding = only_error(LEAST | {"n_estimators": "100"})
    assert finding.rule == "unknown"
    finding = only_error(LEAST | {"max_dept": "5"})
    assert finding.allowed.startswith("max_depth, ")


@pytest.mark.parametrize(("value", "text"), [(5, "'5'"), (True, "'true'")])
def test_values_are_text(value, text):
    finding = only_error(LEAST | {"max_depth": value})
    assert (finding.rule, finding.allowed) == ("type", f"text, here {text}")


@pytest.mark.parametrize(
    ("hyperparameters", "path"),
    [
        ({"eta": "0.3"}, "num_round"),
        (LEAST | {"objective": "multi:softprob"}, "num_class"),
        (LEAST | {"eval_metric": "auc"}, "eval_metric"),
        (LEAST | {"eval_metric": "rmse,aft-nloglik"}, "eval_metric"),
    ],
)
def test_dependencies(hyperparameters, path):
    finding = only_error(hyperparameters)
    assert (finding.path, finding.rule) == (f"HyperParameters.{path}", "dependency")


@pytest.mark.parametrize(
    "hyperparameters",
    [
        {"objective": "multi:softprob", "num_class": "3"},
        {"objective": "binary:logistic", "eval_metric": "auc"},
        {"objective": "rank:map", "eval_metric": "auc,map@5"},
        {"objective": "survival:aft", "eval_metric": "aft-nloglik"},
    ],
)
def test_dependencies_met(hyperparameters):
    assert aws.check_xgboost_hyperparameters(LEAST | hyperparameters).notes == ()


def test_all_errors_at_once():
    bad = {"eta": "2", "max_depth": 5, "n_estimators": "9"}
    with pytest.raises(ValueError, match=r"^built-in XGBoost: 4 errors\n") as caught:
        aws.check_xgboost_hyperparameters(bad)
    assert [
        finding.path.removeprefix("HyperParameters.") for finding in caught.value.findings
    ] == [
        "eta",
        "max_depth",
        "n_estimators",
        "num_round",
    ]


METRIC, CHANNEL = "a metric named in eval_metric", "a channel named validation"


@pytest.mark.parametrize(
    ("more", "channels", "lacks"),
    [
        ({}, None, [METRIC]),
        ({}, ["train"], [METRIC, CHANNEL]),
        ({"eval_metric": "mae"}, ["train", "valid"], [CHANNEL]),
        ({"eval_metric": "mae"}, CHANNELS, []),
        ({"_tuning_objective_metric": "validation:mae"}, CHANNELS, []),
        ({"eval_metric": "mae"}, None, []),
    ],
)
def test_early_stopping_that_does_nothing(more, channels, lacks):
    hyperparameters = LEAST | {"early_stopping_rounds": "5"} | more
    notes = aws.check_xgboost_hyperparameters(hyperparameters, channels=channels).notes
    assert [note.allowed for note in notes] == (
        ["early stopping with " + " and ".join(lacks)] if lacks else []
    )
    assert all(note.severity == "warning" for note in notes)


def test_no_early_stopping_no_warning():
    assert aws.check_xgboost_hyperparameters(LEAST, channels=["train"]).notes == ()


def test_tables_do_not_overlap():
    names = [*NUMBERS, *CHOICES, *LISTS, *ALIASES]
    assert len(names) == len(set(names))
    assert set(ALIASES.values()) <= set(NUMBERS)


@given(st.sampled_from(sorted(NUMBERS)), st.floats(allow_nan=True) | st.integers())
def test_numbers_hold_the_range_as_it_is_written(name, number):
    kind, limits = NUMBERS[name]
    low, high = (float(end) for end in limits[1:-1].split(","))
    inside = (low < number or (low == number and limits[0] == "[")) and (
        number < high or (number == high and limits[-1] == "]")
    )
    whole = kind is float or isinstance(number, int)
    hyperparameters = LEAST | {name: str(number)}
    if inside and whole:
        assert aws.check_xgboost_hyperparameters(hyperparameters)
    else:
        assert only_error(hyperparameters).path == f"HyperParameters.{name}"
