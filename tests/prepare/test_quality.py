import html.parser
import json
import math
from collections import Counter
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from sklearn.metrics import roc_auc_score

from labs_lib import data
from labs_lib.prepare import quality
from labs_lib.prepare.quality import columns, models, rules

few_examples = settings(max_examples=40, deadline=None)
finite = st.floats(-1e6, 1e6, allow_subnormal=False)
numbers = hnp.arrays(float, st.integers(1, 60), elements=finite)


def noise(rows=90, seed=0):
    """Numbers without outliers, missing values or repeats."""
    return np.random.default_rng(seed).permutation(np.linspace(0.5, 1, rows))


def found(frame, **options):
    """The warnings as (severity, warning, column)."""
    warnings = quality.report(frame, **options).warnings
    return list(
        warnings[["severity", "warning", "column"]].itertuples(index=False, name=None)
    )


# Formulas


@few_examples
@given(numbers)
def test_outlier_bounds_are_those_of_the_definition(values):
    low, high = columns.robust_bounds(values)
    five, ninety_five = np.percentile(values, [5, 95])
    deviation = np.clip(values, five, ninety_five).std()
    if five == ninety_five:
        deviation = values.std()
    assert low == pytest.approx(np.median(values) - 5 * deviation, rel=1e-9, abs=1e-9)
    assert high == pytest.approx(np.median(values) + 5 * deviation, rel=1e-9, abs=1e-9)


def test_outlier_bounds_fall_back_to_the_plain_deviation():
    values = np.append(np.zeros(99), 100.0)
    assert columns.robust_bounds(values) == pytest.approx((-5 * 9.9498744, 5 * 9.9498744))


@few_examples
@given(numbers)
def test_skew_and_kurtosis_agree_with_scipy(values):
    assume(values.std() > 1e-3 * np.abs(values).max() > 1e-9)
    skew, kurtosis = columns.skew_and_kurtosis(values)
    assert skew == pytest.approx(stats.skew(values), rel=1e-6, abs=1e-6)
    assert kurtosis == pytest.approx(stats.kurtosis(values, fisher=False), rel=1e-6)
    assert kurtosis >= skew**2 + 1 - 1e-6


@few_examples
@given(finite, st.integers(1, 50))
def test_a_constant_has_no_skew_and_no_outliers(value, rows):
    values = np.full(rows, value)
    assert all(math.isnan(moment) for moment in columns.skew_and_kurtosis(values))
    assert columns.robust_bounds(values) == (value, value)


@few_examples
@given(numbers, st.floats(0.01, 100))
def test_pearson_agrees_with_numpy_and_ignores_scale(values, scale):
    other = np.random.default_rng(0).normal(size=len(values))
    assume(values.std() > 1e-3 * np.abs(values).max() > 1e-3)
    expected = np.corrcoef(values, other)[0, 1]
    assert models.pearson(values, other) == pytest.approx(expected, abs=1e-7)
    moved = models.pearson(values * scale, -other)
    assert moved == pytest.approx(-expected, abs=1e-7)


def test_pearson_uses_rows_with_both_values():
    one, other = np.array([1.0, 2, 3, np.nan, 9]), np.array([2.0, 4, 6, 1, np.nan])
    assert models.pearson(one, other) == pytest.approx(1)
    assert math.isnan(models.pearson(one, np.ones(5)))
    assert math.isnan(models.pearson(np.full(5, np.nan), other))


@few_examples
@given(st.floats(0, 1), st.floats(0, 0.99))
def test_normalised_score(score, base):
    power = models.normalised(score, base)
    assert 0 <= power <= 1
    assert models.normalised(base, base) == 0
    assert models.normalised(1.0, base) == 1
    if score > base:
        assert base + power * (1 - base) == pytest.approx(score)


@few_examples
@given(
    rows=st.integers(1, 10_000),
    missing=st.floats(0, 1),
    number_share=st.floats(0, 1),
    distinct_share=st.floats(0, 1),
)
def test_inferred_type_follows_the_highest_score(
    rows, missing, number_share, distinct_share
):
    present = round(rows * (1 - missing))
    finite_rows = round(present * number_share)
    distinct = min(present, max(1, round(present * distinct_share)))
    chosen = columns.infer_type(
        rows=rows, present=present, finite=finite_rows, distinct=distinct
    )
    if present == 0:
        assert chosen == "empty"
    elif distinct == 2:
        assert chosen == "binary"
    elif finite_rows == present:
        assert chosen == "numeric"  # wins the tie with categorical
    elif distinct / rows < 0.01:
        assert chosen == "categorical"
    elif distinct / rows >= 0.2 and finite_rows == 0:
        assert chosen == "text"
    else:
        assert chosen in ("numeric", "categorical", "text")


def test_many_dates_make_a_datetime():
    facts = {"rows": 100, "present": 100, "finite": 0, "distinct": 100}
    assert columns.infer_type(**facts, date_share=0.61) == "datetime"
    assert columns.infer_type(**facts, date_share=0.6) == "text"


@few_examples
@given(
    st.lists(st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["a", "1", "", "  "])))
)
def test_missing_values_partition_the_rows(values):
    assume(values)
    profile = columns.profile(pd.Series(values, dtype=object, name="x"))
    assert profile.null == sum(value is None for value in values)
    assert profile.empty == sum(value == "" for value in values)
    assert profile.blank == sum(value == "  " for value in values)
    present = [str(v) for v in values if v is not None and str(v).strip()]
    assert profile.distinct == len(set(present))
    assert sum(count for _, count in profile.top) == len(present)


@few_examples
@given(
    hnp.arrays(float, st.integers(1, 80), elements=st.sampled_from([0.0, 1, 2, 3, np.nan]))
)
def test_the_shape_does_not_depend_on_the_order_or_the_dtype(values):
    profile = columns.profile(pd.Series(values, name="x"))
    again = columns.profile(pd.Series(values[::-1], name="x", dtype="Float64"))
    assert repr(again) == repr(profile)  # NaN equals nothing
    if profile.numbers:
        assert sum(profile.numbers.counts) == np.isfinite(values).sum()


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["x", "y", None])),
        min_size=1,
        max_size=30,
    )
)
def test_duplicates_agree_with_pandas(rows):
    frame = pd.DataFrame(rows, columns=["a", "b"])
    report = quality.report(frame)
    assert report.duplicates["involved"] == frame.duplicated(keep=False).sum()
    assert report.duplicates["repeats"] == frame.duplicated().sum()
    counts = pd.Series([str(row) for row in rows]).value_counts()
    counts = sorted(counts[counts > 1], reverse=True)[:10]
    assert report.duplicate_examples["count"].tolist() == counts


@few_examples
@given(st.lists(st.integers(0, 6), min_size=100, max_size=200))
def test_a_stratified_split_has_every_row_once_and_every_class_in_training(classes):
    target = np.unique(classes, return_inverse=True)[1]
    assume(np.bincount(target).max() > 1)
    first, second = models.split(target, task="multiclass", share=0.2, seed=0)
    assert sorted([*first, *second]) == list(range(len(target)))
    assert set(target[first]) == set(target)
    assert len(second) / len(target) == pytest.approx(0.2, abs=0.05)


# Types and values


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (list(range(50)), "numeric"),
        ([0.5, 1.5] * 25, "binary"),
        ([True] * 49 + [False], "binary"),
        ([str(i / 7) for i in range(50)], "numeric"),
        ([f"{i % 3}" for i in range(49)] + ["?"], "numeric"),
        (["a", "b", "c"] * 100, "categorical"),
        ([f"word {i}" for i in range(50)], "text"),
        (["2:30:10", "2:94:1"] * 20 + [f"9:{i}:1" for i in range(10)], "text"),
        ([f"2024-01-{i + 1:02}" for i in range(28)], "datetime"),
        ([f"{i + 1}/12/2024 10:30" for i in range(28)], "datetime"),
        (pd.date_range("2024-01-01", periods=30), "datetime"),
        (pd.date_range("2024-01-01", periods=30, tz="UTC"), "datetime"),
        (pd.to_timedelta(range(30), unit="min"), "numeric"),
        (pd.Categorical([1, 2, 3] * 10), "categorical"),
        (pd.Categorical(["a", "b"] * 10, categories=["a", "b", "unused"]), "binary"),
        (pd.array([1, 2, None] * 10 + [3], dtype="Int64"), "numeric"),
        ([20240101 + i for i in range(28)], "numeric"),
        ([None] * 30, "empty"),
        (["", " "] * 15, "empty"),
        ([np.nan] * 30, "empty"),
        ([pd.NaT] * 30, "empty"),
    ],
)
def test_inferred_types(values, expected):
    series = pd.Series(values, name="x")
    before = series.copy()
    assert columns.profile(series).type == expected
    assert quality.report(series.to_frame()).table.loc["x", "type"] == expected
    pd.testing.assert_series_equal(series, before)


@pytest.mark.parametrize(
    "token", ["?", " ?? ", "unknown", "N/A", "Null", "-", "tbd", "nan"]
)
def test_disguised_tokens_are_found_and_are_not_invalid(token):
    profile = columns.profile(pd.Series(["1", "2", "3"] * 9 + [token], name="x"))
    assert profile.disguised == {token: 1}
    assert (profile.missing, profile.invalid) == (0, 0)


@pytest.mark.parametrize("code", [999, -99, 9999])
def test_rows_of_nines_far_from_the_rest_are_disguised(code):
    ages = list(np.random.default_rng(0).integers(18, 80, 200))
    assert columns.profile(pd.Series(ages + [code] * 7, name="x")).disguised == {code: 7}
    assert columns.profile(pd.Series([*ages, code], name="x")).disguised == {}
    text = pd.Series(ages + [code] * 7, name="x").astype(str)
    assert columns.profile(text).disguised == {str(code): 7}


def test_99_among_its_like_is_not_disguised():
    assert columns.profile(pd.Series([*range(80, 100), 99], name="x")).disguised == {}


TAIL = np.random.default_rng(0).lognormal(0, 2, 500)


@pytest.mark.parametrize(
    ("threes", "others", "disguised"),
    [(12, 100, True), (12, 19, True), (12, 18, False), (11, 99, False), (11, 98, True)],
)
def test_a_frequent_number_is_disguised_above_ten_percent(threes, others, disguised):
    values = [3] * threes + [7 * i for i in range(1, others + 1)]
    assert columns.profile(pd.Series(values, name="x")).disguised == (
        {3: threes} if disguised else {}
    )


@pytest.mark.parametrize(
    ("others", "disguised"),
    [
        (np.arange(1, 61), False),  # counts
        (np.random.default_rng(0).gamma(1, 2, 60), False),  # rain
        (np.random.default_rng(0).normal(0, 5, 60), False),  # changes
        (np.random.default_rng(0).lognormal(3, 1, 60), False),  # amounts
        (np.random.default_rng(0).normal(120, 12, 60), True),  # blood pressures
        (np.random.default_rng(0).normal(-120, 12, 60), True),
    ],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_zero_is_disguised_only_far_from_the_others(others, disguised, as_text):
    frame = pd.DataFrame({"x": [0.0] * 240 + others.tolist()})
    frame = frame.astype(str) if as_text else frame
    report = quality.report(frame)
    (profile,) = report.profiles
    assert profile.type == "numeric"
    assert (profile.zeros, sum(profile.disguised.values())) == (
        (0, 240) if disguised else (240, 0)
    )
    found = report.warnings.set_index("warning")["rows"]
    wanted, other = "Disguised missing values", "Many zeros"
    wanted, other = (wanted, other) if disguised else (other, wanted)
    assert found[wanted] == 240
    assert other not in found


@pytest.mark.parametrize(
    ("target", "remedy"),
    [
        (TAIL, "would the logarithm do?"),
        (TAIL - TAIL.min(), "would the logarithm of the target plus 1 do?"),
        (TAIL - 2 * TAIL.min(), "would the absolute error do?"),
        (-TAIL, "would the logarithm of the target without its sign do?"),
        (TAIL.min() - TAIL, "would the logarithm of 1 minus the target do?"),
        (2 * TAIL.max() - TAIL, "would the absolute error do?"),
    ],
)
def test_the_advice_for_a_long_tail_can_be_followed(target, remedy):
    (finding,) = rules.number_findings("y", target, rows=len(target))
    assert finding.warning == "Skewed target"
    assert finding.detail.endswith(remedy)


def test_infinite_values_are_invalid_and_leave_the_statistics_finite():
    values = np.append(noise(), [np.inf, -np.inf, np.nan])
    row = quality.report(pd.DataFrame({"x": values})).table.loc["x"]
    assert (row["missing"], row["invalid"], row["max"]) == (1, 2, 1.0)
    assert np.isfinite(row[["min", "median", "skew", "kurtosis"]].astype(float)).all()


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300, 1.7e308])
def test_huge_and_tiny_numbers(scale):
    values = np.linspace(-1, 1, 101) * scale
    report = quality.report(pd.DataFrame({"x": values, "y": np.tile([0, 1, 1], 34)[:101]}))
    row = report.table.loc["x"]
    assert row["skew"] == pytest.approx(0, abs=1e-9)
    assert row["kurtosis"] == pytest.approx(1.8, abs=0.01)
    assert row["median"] == pytest.approx(0, abs=1e-9 * scale)
    assert row["outliers"] == 0
    assert json.loads(report.to_json())["rows"] == 101


def test_large_whole_numbers_stay_exact():
    values = [2**60 + i for i in range(30)]
    profile = columns.profile(pd.Series(values, name="x"))
    assert profile.distinct == 30
    assert {value for value, _ in profile.top} <= set(values)


# Warnings: the smallest frame that triggers exactly this one

FEW = pd.DataFrame({"x": noise(99)})
CLEAN_TARGET = np.tile([0, 1, 1], 33)


def many(**more):
    return pd.DataFrame({"x": noise(), **more})


def with_target(target):
    return pd.DataFrame({"x": noise(len(target)), "target": target})


def long_tail(*outliers, rows=99):
    return np.append(noise(rows - len(outliers), seed=1), outliers)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (many(y=[None] * 90), ("medium", "Empty column", "y")),
        (many(y=[None, *noise()[1:]]), ("low", "Missing values", "y")),
        (many(y=[None] * 46 + list(noise()[:44])), ("medium", "Missing values", "y")),
        (many(y=["a", "b", "c"] * 29 + ["", "a", "b"]), ("low", "Missing values", "y")),
        (many(y=["a", "b", "c"] * 29 + ["  ", "a", "b"]), ("low", "Missing values", "y")),
        (
            many(y=["a", "b", "?"] * 30),
            ("medium", "Disguised missing values", "y"),
        ),
        (
            many(y=[3.5] * 30 + list(range(1, 61))),
            ("medium", "Disguised missing values", "y"),
        ),
        (many(y=[0] * 30 + list(range(1, 61))), ("low", "Many zeros", "y")),
        (
            many(y=[str(x) for x in noise()[1:]] + ["six"]),
            ("medium", "Invalid values", "y"),
        ),
        (many(y=np.append(noise()[1:], np.inf)), ("medium", "Invalid values", "y")),
        (
            many(y=[f"2024-01-{i % 28 + 1:02}" for i in range(89)] + ["soon"]),
            ("medium", "Invalid values", "y"),
        ),
        (many(y=["a", "b", 3] * 30), ("medium", "Mixed types", "y")),
        (many(y=["same"] * 90), ("low", "Constant column", "y")),
        (many(y=range(1, 91)), ("medium", "ID column", "y")),
        (many(y=[f"k-{i}" for i in range(90)]), ("medium", "ID column", "y")),
        (
            many(customer_id=[i**4 for i in range(90)]),
            ("medium", "ID column", "customer_id"),
        ),
        (many(y=[f"note {i}" for i in range(90)]), ("low", "High cardinality", "y")),
        (
            pd.DataFrame({"x": noise(400), "y": ["a"] * 200 + ["b"] * 191 + ["c"] * 9}),
            ("medium", "Rare categories", "y"),
        ),
        (many(y=[1] * 45 + [2] * 43 + [0] * 2), ("medium", "Rare codes", "y")),
        (many(y=[*noise()[2:], 2.75, -1.25]), ("low", "Outliers", "y")),
        (pd.concat([many(), many()[:2]]), ("medium", "Duplicate rows", None)),
        (pd.concat([many(), many()[:3]]), ("high", "Many duplicate rows", None)),
    ],
)
def test_column_warnings(frame, expected):
    assert found(frame) == [expected]


def test_one_value_is_counted_in_the_singular():
    frame = many(y=[*noise()[2:], 2.75, -1.25])
    assert (
        quality.report(frame).warnings.loc[0, "detail"].startswith("2 values are outside")
    )
    detail = quality.report(frame[:-1]).warnings.loc[0, "detail"]
    assert detail.startswith("1 value is outside")


def test_skewed_feature():
    # A skew above 3 does not come without outliers.
    frame = pd.DataFrame({"x": np.append(noise(), [5, 6])})
    assert found(frame) == [("low", "Outliers", "x"), ("low", "Skewed feature", "x")]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (
            with_target(long_tail(9.0)),
            ("high", "Skewed target", "target"),
        ),
        (
            with_target(long_tail(9.0, -7.5)),
            ("high", "Heavy-tailed target", "target"),
        ),
        (
            with_target(np.append(stats.norm.ppf(np.linspace(0.01, 0.99, 97)), [6, -6])),
            ("medium", "Target outliers", "target"),
        ),
        (
            with_target([0.6] * 11 + [0.7] * 2 + list(noise(86))),
            ("medium", "Frequent target value", "target"),
        ),
        (
            with_target([None, *noise(98)]),
            ("medium", "Rows without a target", "target"),
        ),
        (
            with_target([np.inf, *noise(98)]),
            ("medium", "Rows without a target", "target"),
        ),
        (
            with_target([np.nan, *CLEAN_TARGET[1:]]),
            ("medium", "Rows without a target", "target"),
        ),
        (
            with_target([None] * 5 + list(noise(94))),
            ("high", "Rows without a target", "target"),
        ),
        (
            with_target([0] * 80 + [1] * 19),
            ("high", "Very small minority class", "target"),
        ),
        (
            with_target([f"class {i}" for i in range(101)] * 2),
            ("medium", "Too many classes", "target"),
        ),
        (
            with_target(["a"] * 45 + ["b"] * 44 + ["c"] * 10),
            ("high", "Too few rows per class", "target"),
        ),
        (
            with_target(["a", "?", "b"] * 33),
            ("medium", "Disguised missing values", "target"),
        ),
    ],
)
def test_target_warnings(frame, expected):
    assert found(frame, target="target") == [expected]


def test_imbalanced_classes():
    target = [0] * 9900 + [1] * 98
    warnings = found(pd.DataFrame({"x": 1.0, "target": target})[::-1], target="target")
    assert ("medium", "Classes too imbalanced", "target") in warnings
    assert rules.class_findings("t", {0: 10_000, 1: 100}, rows=10_100, task="binary") == []
    severities = [
        finding.warning
        for finding in rules.class_findings(
            "t", {"a": 5000, "b": 49, "c": 10}, rows=5059, task="multiclass"
        )
    ]
    assert severities == ["Too few rows per class", "Classes too imbalanced"]


def test_outside_the_domain():
    frame = many(y=[1, 2, 3] * 30)
    assert found(frame, domains={"y": [1, 2, 3]}) == []
    assert found(frame, domains={"y": range(1, 3)}) == [("high", "Outside the domain", "y")]
    row = quality.report(frame, domains={"y": {1}}).warnings.iloc[0]
    assert (row["rows"], row["values"]) == (60, (2, 3))


def test_target_leakage():
    rng = np.random.default_rng(0)
    signal = rng.random(400)
    y = np.where(signal > 0.5, "yes", "no")
    frame = pd.DataFrame({"useful": signal + 0.8 * rng.random(400), "leak": signal, "y": y})
    report = quality.report(frame, target="y")
    assert report.warnings[["severity", "warning", "column"]].to_numpy().tolist() == [
        ["high", "Target leakage", "leak"]
    ]
    assert (
        0.3 < report.table.loc["useful", "power"] < 0.95 < report.table.loc["leak", "power"]
    )


def test_target_correlation_is_a_leak_even_without_a_model():
    frame = pd.DataFrame({"x": noise(99), "y": -3 * noise(99)})
    assert found(frame, target="y") == [("high", "Target leakage", "x")]


def test_uninformative_feature_and_a_quick_model_without_gain():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.random(300), "y": rng.random(300)})
    report = quality.report(frame, target="y")
    assert report.table.loc["x", "power"] == 0
    assert report.warnings["warning"].tolist() == [
        "Quick model hardly better than trivial",
        "Uninformative feature",
    ]
    scores = pd.DataFrame({"model": [0.4, 0.52, 0.6], "trivial": [0.5] * 3})
    named = []
    for _, row in scores.iterrows():
        quick = models.QuickModel(
            scores=row.to_frame("roc_auc").T,
            confusion=None,
            trees=1,
            train_rows=1,
            validation_rows=1,
        )
        named += [(f.severity, f.warning) for f in rules.model_findings(quick, "binary")]
    assert named == [
        ("high", "Quick model worse than trivial"),
        ("medium", "Quick model hardly better than trivial"),
    ]


def test_a_clean_frame_has_no_warning():
    assert found(many()) == []
    assert found(pd.DataFrame({"x": noise(99), "y": CLEAN_TARGET}), target="y") == []


def test_warnings_start_with_the_most_severe():
    frame = many(
        constant=[1] * 90, y=[3.5] * 30 + list(range(1, 61)), t=["a", "b", "?"] * 30
    )
    frame = pd.concat([frame, frame])
    severities = quality.report(frame).warnings["severity"].tolist()
    assert severities == ["high", "medium", "medium", "low"]


# Models


def world(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, rows))
    frame = pd.DataFrame(
        {
            "x": x,
            "z": z,
            "word": rng.choice(["red", "green", None], rows),
            "when": pd.Timestamp("2025-01-01")
            + pd.to_timedelta(rng.integers(0, 99, rows), "D"),
            "note": [f"{'good' if v > 0 else 'bad'} text {i % 7}" for i, v in enumerate(x)],
        }
    )
    frame["y"] = np.where(rng.random(rows) < 1 / (1 + np.exp(3 - 4 * x)), "fraud", "fine")
    return frame


@pytest.fixture(scope="module")
def world_report():
    frame = world()
    frame["<b>bold</b>"] = ["<script>alert(1)</script>", "b & c", '"quoted"'] * 200
    frame.loc[3, "x"] = np.inf
    return quality.report(pd.concat([frame, frame[:2]]), target="y")


def test_the_rarer_class_is_the_positive_one(world_report):
    report = world_report
    assert report.task == "binary"
    assert report.classes.index.tolist() == ["fine", "fraud"]
    assert report.quick_model.confusion.index.tolist() == ["fine", "fraud"]
    assert report.table.loc["x", "pearson"] > 0.3
    assert report.quick_model.scores.loc["roc_auc", "model"] > 0.8
    rate = report.quick_model.confusion.loc["fraud"].sum() / 120
    assert report.quick_model.scores.loc["average_precision", "trivial"] == pytest.approx(
        rate
    )


def test_zero_correlation_can_go_with_high_power():
    x = np.linspace(-1, 1, 401)
    row = quality.report(pd.DataFrame({"x": x, "y": (x**2 > 0.3).astype(int)}), target="y")
    assert abs(row.table.loc["x", "pearson"]) < 0.01
    assert row.table.loc["x", "power"] > 0.9


def test_power_is_the_normalised_score_on_the_validation_rows():
    frame = world()
    y = (frame["y"] == "fraud").to_numpy().astype(int)
    values = models.encode(frame["x"], "numeric")
    power, score = models.prediction_power(values, y, task="binary")
    assert power == pytest.approx(2 * score - 1)
    _, validation = models.split(y, task="binary", share=0.2, seed=0)
    # The target was made from x alone, so no model of x ranks much better than x itself.
    assert score == pytest.approx(
        roc_auc_score(y[validation], values[validation, 0]), abs=0.05
    )


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_multiclass_and_regression(task):
    frame = world(300)[["x", "z", "word"]]
    if task == "multiclass":
        frame["y"] = pd.cut(frame["x"], [-9, -0.5, 0.5, 9], labels=["low", "mid", "high"])
    else:
        frame["y"] = frame["x"] * 2 + 0.7 * frame["z"]
    report = quality.report(frame, target="y")
    assert report.task == task
    metric = models.BASE_METRIC[task]
    scores = report.quick_model.scores
    assert scores.loc[metric, "model"] > scores.loc[metric, "trivial"] + 0.3
    assert report.table["power"].idxmax() == "x"
    assert (report.quick_model.confusion is None) == (task == "regression")


def test_encoding():
    dates = models.encode(pd.Series(["2024-02-29 13:05", "never", None]), "datetime")
    assert dates[0].tolist() == [2024, 2, 29, 3, 13, 5]
    assert np.isnan(dates[1:]).all()
    codes = models.encode(pd.Series(["b", "a", "", None, "b"]), "categorical")[:, 0]
    assert codes.tolist()[:2] == [1, 0]
    assert np.isnan(codes[2:4]).all()
    words = models.encode(pd.Series(["one two", "two", None, "!"]), "text")
    assert words.shape == (4, 2)
    assert words[2].sum() == words[3].sum() == 0
    assert models.encode(pd.Series(["!", "!!!"]), "text")[:, 0].tolist() == [1, 3]
    big = models.encode(pd.Series([1e300, -1e300, np.inf]), "numeric")[:, 0]
    assert np.isfinite(big[:2]).all()
    assert np.isnan(big[2])


def test_of_equally_frequent_words_the_alphabet_decides_which_are_seen():
    # Sorting does not keep equal things in order, and not alike on each processor.
    words = [f"w{number:03}" for number in range(180)]
    order = np.random.default_rng(0).permutation(180)
    notes = pd.Series([words[i] for i in order] + words[150:160])
    seen = models.encode(notes, "text").any(axis=1)
    kept = {*words[:90], *words[150:160]}
    assert seen.tolist() == [note in kept for note in notes]


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_words_are_weighed_alike_in_any_order_of_the_rows(seed):
    rng = np.random.default_rng(seed)
    notes = pd.Series([" ".join(rng.choice(list("abcdefgh"), 3)) for _ in range(40)])
    order = rng.permutation(40)
    weights = models.encode(notes, "text")
    moved = models.encode(notes.iloc[order], "text")
    np.testing.assert_allclose(moved, weights[order], rtol=1e-6)


def test_anomalous_rows_are_the_odd_ones():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=list("abc"))
    frame.iloc[17] = [30, -30, 30]
    report = quality.report(frame)
    assert report.anomalies.index[0] == 17
    assert report.anomalies["score"].iloc[0] < 0
    assert report.anomalies["score"].is_monotonic_increasing


def test_the_same_seed_gives_the_same_report_with_any_number_of_threads(monkeypatch):
    frame = world(300)[["x", "word", "y"]]
    monkeypatch.setenv("LABS_JOBS", "1")
    first = quality.report(frame, target="y", model_rows=200, seed=3).to_json()
    monkeypatch.setenv("LABS_JOBS", "3")
    assert quality.report(frame, target="y", model_rows=200, seed=3).to_json() == first
    assert quality.report(frame, target="y", model_rows=200, seed=4).to_json() != first
    assert "random sample of 200 of 300 rows" in first


def test_the_frame_is_not_changed():
    frame = world(110)
    before = frame.copy(deep=True)
    quality.report(frame, target="y", domains={"word": ["red"]})
    pd.testing.assert_frame_equal(frame, before)


# Bad input


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        ([1, 2], {}, "frame is a list, expected a pandas DataFrame"),
        (pd.DataFrame(), {}, "0 rows and 0 columns"),
        (pd.DataFrame({"x": []}), {}, "0 rows and 1 columns; a report needs at least one"),
        (pd.DataFrame(index=[1, 2]), {}, "2 rows and 0 columns"),
        (
            pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]),
            {},
            "these occur twice: a. Rename or drop",
        ),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), {}, "these occur twice: 1"),
        (FEW, {"target": "z"}, "target: there is no column 'z'. The columns are x"),
        (FEW, {"domains": {"z": [1]}}, "domains: there is no column 'z'"),
        (FEW, {"domains": {"x": "ab"}}, "expected a list, set or range"),
        (FEW, {"task": "ranking", "target": "x"}, "task is 'ranking', expected"),
        (FEW, {"task": "regression"}, "no target is named"),
        (FEW, {"model_rows": 99}, "model_rows is 99, expected at least 100"),
        (many(y=[1] * 90), {"target": "y"}, "'y' has 1 distinct classes"),
        (many(y=[None] * 90), {"target": "y"}, "'y' has 0 distinct classes"),
        (
            many(y=["a", "b", "c"] * 30),
            {"target": "y", "task": "regression"},
            "'y' has 0 distinct numbers",
        ),
        (many(y=[[1]] * 90), {}, "'y' holds values that cannot be compared"),
        (many(y=noise().astype("float16")), {}, "'y' is of type float16"),
        (many(y=pd.arrays.SparseArray([0, 1, 2] * 30)), {}, "'y' is of type Sparse"),
    ],
)
def test_bad_input_is_explained(frame, options, message):
    with pytest.raises(ValueError, match=message):
        quality.report(frame, **options)


def test_one_row_gives_a_report_without_models():
    report = quality.report(pd.DataFrame({"x": [1.5], "y": ["a"], "z": [None]}))
    assert report.table["distinct"].tolist() == [1, 1, 0]
    assert report.quick_model is None
    assert report.notes == ["No models: they need at least 100 rows, and 1 are usable."]
    assert json.loads(report.to_json())["features"][0]["skew"] is None


def test_a_frame_of_empty_columns():
    report = quality.report(pd.DataFrame({"x": [np.nan] * 200, "y": [""] * 200}))
    assert report.warnings["warning"].tolist().count("Empty column") == 2
    assert report.anomalies.empty


def test_only_the_target():
    report = quality.report(pd.DataFrame({"y": [0, 1, 1] * 50}), target="y")
    assert report.quick_model is None
    assert report.table.loc["y", "type"] == "binary"


def test_a_class_of_one_row_and_a_class_lost_in_the_sample():
    frame = world(300)[["x"]]
    frame["y"] = ["once", *["a", "b", "c"] * 99, "a", "b"]
    report = quality.report(frame, target="y")
    assert report.task == "multiclass"
    assert report.classes["once"] == 1
    assert report.quick_model.confusion.loc["once"].sum() == 0
    frame["y"] = ["once", *["a", "b"] * 149, "a"]
    sampled = quality.report(frame, target="y", model_rows=100, seed=1)
    assert sampled.task == "multiclass"
    assert sampled.quick_model.confusion.index.tolist() == ["a", "b"]


def test_a_target_too_large_for_the_models():
    report = quality.report(
        pd.DataFrame({"x": noise(120), "y": noise(120, seed=2) * 1e300}), target="y"
    )
    assert "too large for XGBoost" in report.notes[0]


def test_rows_of_any_type_can_be_shown():
    rows = 120
    frame = pd.DataFrame(
        {
            "duration": pd.to_timedelta(range(rows), unit="min"),
            "nullable": pd.array([1, None, 3] * 40, dtype="Int64"),
            "truth": pd.array([True, None, False] * 40, dtype="boolean"),
            "zoned": pd.date_range("2025-01-01", periods=rows, tz="Europe/Berlin"),
            "period": pd.period_range("2025-01", periods=rows, freq="D"),
            "interval": pd.cut(np.arange(rows), 4),
            "complex": np.arange(rows) + 1j,
            "pair": [(1, 2), (3, 4)] * 60,
        }
    )
    report = quality.report(pd.concat([frame, frame[:1]]))
    assert report.table["type"].tolist() == [
        "numeric",
        "binary",
        "binary",
        "datetime",
        "datetime",
        "categorical",
        "text",
        "binary",
    ]
    content = json.loads(report.to_json())
    assert content["duplicates"]["examples"][0]["values"]["duration"] == "0 days 00:00:00"
    assert "0 days 00:00:00" in report.to_html()


def test_columns_may_have_any_name():
    frame = pd.DataFrame(
        {"count": [1, 1, 2], 7: [1, 1, 2], ("a", 1): [1, 1, 2], "score": "x"}
    )
    content = json.loads(quality.report(frame).to_json())
    assert [feature["name"] for feature in content["features"]] == [
        "count",
        7,
        ["a", 1],
        "score",
    ]
    assert content["duplicates"]["examples"][0]["values"]["count"] == 1
    assert content["duplicates"]["examples"][0]["count"] == 2


# Result


class Checker(html.parser.HTMLParser):
    """Fails on tags that are not closed, and remembers what could load something."""

    def __init__(self):
        super().__init__()
        self.open, self.loads, self.text = [], [], ""

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "rect", "br"):
            self.open.append(tag)
        self.loads += [name for name, _ in attributes if name in ("src", "href", "onclick")]
        self.loads += [tag] if tag in ("script", "link", "img", "iframe") else []

    def handle_endtag(self, tag):
        if tag != "rect":
            assert self.open.pop() == tag

    def handle_data(self, text):
        self.text += text


def test_html_is_self_contained_escaped_and_follows_the_theme(world_report, tmp_path):
    page = world_report.to_html(tmp_path / "report.html")
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert checker.loads == []
    assert "http" not in page.replace("http-equiv", "")
    assert "<b>bold</b>" in checker.text
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page
    assert "var(--jp-content-font-color1" in page
    assert 'content="light dark"' in page
    for section in ("Warnings", "Quick model", "Columns", "Confusion matrix", "duplicate"):
        assert section in checker.text
    fragment = world_report._repr_html_()
    assert fragment in page
    assert "<body" not in fragment


def test_json_holds_the_report_and_no_nan(world_report, tmp_path):
    text = world_report.to_json(tmp_path / "report.json")
    content = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == content
    assert content["rows"] == 602
    assert [f["name"] for f in content["features"]] == [*world(5).columns, "<b>bold</b>"]
    assert content["warnings"][0].keys() >= {
        "severity",
        "warning",
        "column",
        "rows",
        "detail",
    }
    assert content["quick_model"]["train_rows"] == 482
    assert len(content["anomalies"]) == 10


def test_repr_is_one_line():
    text = repr(quality.report(world(90), target="y"))
    assert text.startswith(
        "Quality report: 90 rows, 6 columns, target 'y' (binary); warnings:"
    )
    assert "\n" not in text


# Real data


def test_credit_default_has_undocumented_codes_and_duplicates():
    credit = data.load_credit_default()
    report = quality.report(
        credit, domains={"EDUCATION": [1, 2, 3, 4], "MARRIAGE": [1, 2, 3]}
    )
    warnings = report.warnings.set_index(["warning", "column"])
    assert warnings.loc[("Outside the domain", "EDUCATION"), "rows"] == 345
    assert set(warnings.loc[("Outside the domain", "EDUCATION"), "values"]) == {0, 5, 6}
    assert warnings.loc[("Outside the domain", "MARRIAGE"), "rows"] == 54
    # Without a codebook, rare codes can be seen, but not which of them are documented.
    assert set(warnings.loc[("Rare codes", "EDUCATION"), "values"]) == {0, 4, 5, 6}
    assert set(warnings.loc[("Rare codes", "MARRIAGE"), "values"]) == {0, 3}
    assert report.duplicates["ignored"] == ["ID"]
    assert (report.duplicates["involved"], report.duplicates["repeats"]) == (70, 35)


def test_crashes_have_a_leak():
    crashes = pd.read_parquet(data.FOLDER / "nass_cds_crashes.parquet")
    report = quality.report(crashes, target="dead", model_rows=2_500)
    high = report.warnings[report.warnings["severity"] == "high"]
    assert high[["warning", "column"]].to_numpy().tolist() == [
        ["Target leakage", "injSeverity"]
    ]
    assert abs(report.table.loc["injSeverity", "pearson"]) < 0.5


# A value is what it is in every type and order, and names are the user's


def forms(numbers):
    """Return columns that hold the same whole numbers."""
    yield pd.Series(numbers, dtype="int64")
    yield pd.Series([*numbers, None], dtype="Int64")
    yield pd.Series([*numbers, None], dtype="int64[pyarrow]")
    yield pd.Series(numbers, dtype=object)
    yield pd.Series([Decimal(n) for n in numbers], dtype=object)
    yield pd.Series([Decimal(f"{n}.00") for n in numbers], dtype=object)
    yield pd.Series([str(n) for n in numbers])
    yield pd.Series(pd.Categorical(numbers, sorted(set(numbers), reverse=True)))
    yield pd.Series([n if k % 2 else str(n) for k, n in enumerate(numbers)], dtype=object)
    if max(map(abs, numbers)) < 2**53:
        yield pd.Series([*numbers, np.nan])
        yield pd.Series([float(n) for n in numbers], dtype=object)
        yield pd.Series(
            [n if k % 2 else float(n) for k, n in enumerate(numbers)], dtype=object
        )


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.integers(-3, 3) | st.integers(2**60, 2**60 + 3), min_size=2, max_size=9
    ).filter(lambda n: len(set(n)) > 1)
)
def test_classes_are_counted_by_value_in_every_type_of_column(numbers):
    expected = {str(n): count for n, count in Counter(numbers).items()}
    for column in forms(numbers):
        frame = pd.DataFrame({"x": 1.0, "y": column})
        found = quality.report(frame, target="y", task="classification")
        assert {str(n): count for n, count in found.classes.items()} == expected
        assert found.table.loc["y", "distinct"] == len(expected)
        top = {str(value): count for value, count in found.profiles[1].top}
        assert top == expected


OBJECTS = (
    st.none()
    | st.booleans()
    | st.integers(0, 2)
    | st.sampled_from(
        [0.0, 1.0, 1.5, "1", "1.0", "x", "", " ", "NA", Decimal(1), Decimal("1.50")]
    )
)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(OBJECTS, min_size=2, max_size=12).flatmap(
        lambda values: st.tuples(st.just(values), st.permutations(values))
    )
)
def test_the_order_of_mixed_values_changes_nothing(pair):
    one, other = (
        quality.report(pd.DataFrame({"x": pd.Series(values, dtype=object)}))
        for values in pair
    )
    assert repr(one.profiles) == repr(other.profiles)
    assert one.warnings.equals(other.warnings)


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from([["x"], ["y"], ["count"], ["score"], [None], ["x", "y"], ["x", "x"]]),
    st.sampled_from([("x", "y"), (("a", 1), ("a", 2)), ("count", "row"), (0, 1)]),
)
def test_names_of_index_and_columns_change_nothing(levels, names):
    values = {names[0]: np.arange(40.0) % 20, names[1]: np.arange(40) % 2}
    plain = pd.DataFrame(values)
    plain.columns = pd.Index(list(names), tupleize_cols=False)
    expected = quality.report(plain)
    index = pd.MultiIndex.from_arrays([range(40)] * len(levels), names=levels)
    index = index if len(levels) > 1 else index.get_level_values(0)
    frames = [plain.set_axis(index)]
    if isinstance(names[0], tuple):
        frames.append(plain.set_axis(pd.MultiIndex.from_tuples(names), axis=1))
    for frame in frames:
        found = quality.report(frame)
        assert found.table.equals(expected.table)
        assert found.warnings.equals(expected.warnings)
        assert found.duplicates == expected.duplicates
        assert found.duplicate_examples.reset_index(drop=True).equals(
            expected.duplicate_examples.reset_index(drop=True)
        )
        assert json.loads(found.to_json())["columns"] == 2
        assert found.to_html()


def test_two_levels_with_a_target_and_models():
    frame, target = world()[["x", "z", "y"]], "y"
    two = frame.set_axis(pd.MultiIndex.from_product([["a"], frame.columns]), axis=1)
    found = quality.report(two, target=("a", target))
    plain = quality.report(frame, target=target)
    assert found.quick_model.scores.equals(plain.quick_model.scores)
    assert np.array_equal(found.table["power"], plain.table["power"], equal_nan=True)


@pytest.mark.parametrize(
    "values",
    [
        [[1], [2]],
        [{1}, {2}],
        [{"a": 1}, {"a": 2}],
        pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    ],
)
def test_values_that_cannot_be_compared(values):
    with pytest.raises(ValueError, match="'x' holds values that cannot be compared"):
        quality.report(pd.DataFrame({"x": values}))


def test_half_a_character():
    frame = pd.DataFrame({"x": pd.Series(["a\udce9", "b"], dtype=object)})
    with pytest.raises(ValueError, match=r"'a\\udce9', with half of a character"):
        quality.report(frame)


@pytest.mark.parametrize(
    "column",
    [
        pd.cut(np.arange(120.0), 3),
        pd.interval_range(0, 120),
        pd.period_range("2024-01", periods=120, freq="M"),
        pd.to_datetime(np.arange(120), unit="D", utc=True),
        pd.to_timedelta(np.arange(120), unit="h"),
        np.arange(120) * 1j,
        pd.Series([Decimal(k) / 8 for k in range(120)]),
        pd.Series([pd.Timestamp("2024-01-01").date()] * 120),
        np.array([1e308, -1e308] * 60),
        pd.array([True, None, False] * 40, dtype="boolean"),
    ],
)
def test_every_report_can_be_written(column):
    frame = pd.DataFrame({"x": column, "y": np.arange(120) % 2})
    for options in ({}, {"target": "y"}):
        found = quality.report(frame, **options)
        assert json.loads(found.to_json())["rows"] == 120
        assert found.to_html()
