"""Hyperparameters of the built-in XGBoost: names, ranges, dependencies, early stopping."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import aws
from labs_lib.aws.xgboost_container import (
    ALIASES,
    CHOICES,
    LISTS,
    NUMBERS,
    SINCE,
    UNTIL,
    UPDATERS,
    VERSIONS,
)
from tests.aws.examples import HYPERPARAMETERS

LEAST = {"num_round": "10", "objective": "reg:squarederror"}
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
        ("eta", ["0", "1", "0.3", "1e-3"], ["-0.1", "1.01", "inf"]),
        ("subsample", ["0.5", "1"], ["0", "1.1"]),
        ("scale_pos_weight", ["99.5", "inf"], ["0", "-1", "balanced"]),
        ("prob_buffer_row", ["2"], ["1", "1.5"]),
        ("predictor", ["cpu_predictor"], ["cpu"]),
        ("dsplit", ["row"], ["rows"]),
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
            ["rmse,mae", "error@0.7", "ndcg@5", "error @ inf", "map@1@2"],
            ["aucc", "rmse, mae", "mae@1", "error@x", "", "map@1@<function f>"],
        ),
        ("updater", ["grow_colmaker,prune", "sync"], ["grow", "grow_quantile_histmaker"]),
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
        (
            "monotone_constraints",
            ["(1,-1,0)", "[1]"],
            ["(2,)", "1", "(1,", "('a',)", "(" * 9_999],
        ),
        (
            "interaction_constraints",
            ["[[1,2],[3]]", "[[1.5]]"],
            ["[[0]]", "[1]", "[['a']]", "x"],
        ),
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
        ({"num_round": "10", "eval_metric": "rmse"}, "objective"),
        ({"num_round": "10", "_kfold": "5"}, "objective"),
        (LEAST | {"updater": "shotgun"}, "updater"),
        (LEAST | {"updater": "grow_colmaker,grow_histmaker"}, "updater"),
        (LEAST | {"updater": "distcol,distcol"}, "updater"),
        (LEAST | {"updater": "prune", "booster": "gblinear"}, "updater"),
        (LEAST | {"updater": "shotgun,coord_descent", "booster": "gblinear"}, "updater"),
        (LEAST | {"updater": "grow_colmaker", "process_type": "update"}, "updater"),
        (LEAST | {"use_dask_gpu_training": "true"}, "use_dask_gpu_training"),
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
        {"updater": "shotgun", "booster": "gblinear"},
        {"updater": "refresh,prune", "process_type": "update"},
        {"updater": "grow_skmaker,grow_histmaker,prune"},
        {"use_dask_gpu_training": "true", "tree_method": "gpu_hist"},
    ],
)
def test_dependencies_met(hyperparameters):
    assert aws.check_xgboost_hyperparameters(LEAST | hyperparameters).notes == ()


def accepted(hyperparameters: dict, version: str) -> bool:
    try:
        aws.check_xgboost_hyperparameters(hyperparameters, version=version)
    except aws.RequestError:
        return False
    return True


@pytest.mark.parametrize(
    ("hyperparameters", "versions"),
    [
        ({"objective": "reg:absoluteerror"}, ("1.7-1", "3.0-5")),
        ({"use_dask_gpu_training": "false"}, ("1.5-1", "1.7-1", "3.0-5")),
        ({"single_precision_histogram": "true"}, ("1.3-1", "1.5-1")),
        ({"updater": "grow_local_histmaker,prune"}, ("1.3-1", "1.5-1")),
        ({"updater": "grow_local_histmaker,distcol"}, ()),
        ({"deterministic_histogram": "true"}, VERSIONS),
        ({"objective": "aft_loss_distribution"}, VERSIONS),
    ],
)
def test_versions(hyperparameters, versions):
    taken = [v for v in VERSIONS if accepted(LEAST | hyperparameters, v)]
    assert taken == list(versions)


def test_unknown_version():
    with pytest.raises(
        ValueError, match=r"version is '2\.0-1'.* 1\.3-1, 1\.5-1, 1\.7-1, 3"
    ):
        aws.check_xgboost_hyperparameters(LEAST, version="2.0-1")


def test_a_message_names_what_its_version_takes():
    with pytest.raises(aws.RequestError) as caught:
        aws.check_xgboost_hyperparameters(LEAST | {"updater": "x"}, version="1.3-1")
    assert "grow_local_histmaker" in str(caught.value)
    assert "grow_local_histmaker" not in only_error(LEAST | {"updater": "x"}).allowed


def test_two_names_of_one_hyperparameter():
    both = LEAST | {"eta": "0.1", "learning_rate": "0.2"}
    (note,) = aws.check_xgboost_hyperparameters(both).notes
    assert (note.path, note.severity) == ("HyperParameters.learning_rate", "warning")
    assert only_error(both | {"eta": "5"}).path == "HyperParameters.eta"
    # A dependency holds for either name.
    alias = {"booster": "gblinear", "updater": "shotgun", "reg_alpha": "1"}
    assert aws.check_xgboost_hyperparameters(LEAST | alias).notes == ()


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
    values = {value for choices in CHOICES.values() for value in choices}
    assert {*SINCE, *UNTIL} <= {*names, *values, *UPDATERS}


@given(
    st.sampled_from(sorted(NUMBERS)),
    st.floats() | st.integers(),
    st.sampled_from(VERSIONS),
)
def test_numbers_hold_the_range_as_it_is_written(name, number, version):
    kind, limits = NUMBERS[name]
    low, high = (float(end) for end in limits[1:-1].split(","))
    # An end that is infinite is no end, and NaN is below and above nothing.
    inside = (low < number or (low == number and limits[0] == "[")) and (
        number < high or number == high == math.inf or (number == high and "]" in limits)
    )
    nan = math.isnan(number)
    whole = kind is float or isinstance(number, int)
    hyperparameters = LEAST | {name: str(number)}
    if (inside or nan) and whole:
        answer = aws.check_xgboost_hyperparameters(hyperparameters, version=version)
        assert [note.rule for note in answer.notes if note.rule == "nan"] == ["nan"] * nan
    else:
        assert only_error(hyperparameters).path == f"HyperParameters.{name}"


@given(
    st.dictionaries(
        st.sampled_from([*NUMBERS, *CHOICES, *LISTS, *ALIASES]) | st.text(max_size=5),
        st.text(max_size=5)
        | st.sampled_from([v for values in CHOICES.values() for v in values])
        | st.sampled_from([*UPDATERS, "(1,0)", "[[1]]", "auc", "error@1", "nan", "3"]),
    ),
    st.sampled_from(VERSIONS),
)
def test_any_text_is_taken_or_refused(hyperparameters, version):
    try:
        answer = aws.check_xgboost_hyperparameters(hyperparameters, version=version)
    except aws.RequestError as error:
        findings = error.findings
    else:
        findings = answer.notes
        assert answer.fields == len(hyperparameters)
        assert "num_round" in hyperparameters
    assert all(finding.path.startswith("HyperParameters.") for finding in findings)
