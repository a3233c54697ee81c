import copy
import json
import math
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from labs_lib.prepare.recipe import MAX_CATEGORIES, OPERATIONS, Recipe, action
from labs_lib.prepare.recipe.scaling import natural_log

ROOMS = ["Office_2010", "Shop_2020", "Office_2015", "Flat_1999_old", "Shop"]

TRAIN = pd.DataFrame(
    {
        "amount": [12.5, 0.1, 99.0, 3.3, 40.0, 7.0],
        "age": [31, 18, 44, 67, 52, 23],
        "distance": [1.5, np.nan, 0.2, 30.0, np.nan, 4.0],
        "channel": ["chip", "online", "chip", None, "swipe", "chip"],
        "zip": [98101, 98102, 98101, 98103, 98103, 98101],
        "room": [*ROOMS, "Office_2010"],
        "time": pd.to_datetime(
            [
                "2025-01-01",
                "2025-03-31 23:59:59",
                None,
                "2024-02-29",
                "1969-12-31",
                "2025-07",
            ],
            format="ISO8601",
        ),
    }
)

EVERY_STEP = [
    action("FLAG_COLUMN_FROM_NULL", sourceColumn="distance", targetColumn="no_distance"),
    action("FILL_WITH_MEDIAN", sourceColumn="distance"),
    action("LN", sourceColumn="distance", targetColumn="ln_distance", offset=1),
    action("NORMALIZATION", sourceColumn="amount", targetColumn="z", strategy="Z_SCORE"),
    action("NORMALIZATION", sourceColumn="age", targetColumn="age_01", strategy="MIN_MAX"),
    action(
        "BUCKETIZATION",
        sourceColumn="age",
        targetColumn="band",
        bucketNames=["young", "middle", "old"],
        strategy="QUANTILE",
    ),
    action("ONE_HOT_ENCODING", sourceColumn="band"),
    action(
        "BUCKETIZATION",
        sourceColumn="amount",
        targetColumn="size",
        bucketNames=["small", "large"],
        splits=["-Infinity", 10, "Infinity"],
    ),
    action("FILL_WITH_AVERAGE", sourceColumn="amount"),
    action("ONE_HOT_ENCODING", sourceColumn="zip", invalidHandlingStrategy="KEEP"),
    action("ONE_HOT_ENCODING", sourceColumn="channel", invalidHandlingStrategy="SKIP"),
    action(
        "FILL_WITH_CUSTOM", sourceColumn="channel", value="none", columnDataType="string"
    ),
    action("SPLIT_COLUMN_SINGLE_DELIMITER", sourceColumn="room", pattern="_", limit=1),
    action("FILL_WITH_MOST_FREQUENT", sourceColumn="room_2"),
    action("RENAME", sourceColumn="room_2", targetColumn="year"),
    action("CHANGE_DATA_TYPE", sourceColumn="year", columnDataType="double"),
    action("FEATURIZE_DATE_TIME", sourceColumn="time", parts=["month", "day", "hour"]),
    action(
        "FEATURIZE_DATE_TIME",
        sourceColumn="time",
        parts=["year", "weekday"],
        embeddingMode="ORDINAL",
    ),
    action("DELETE", sourceColumn="room"),
]

FITTED = Recipe(EVERY_STEP).fit(TRAIN)

finite = st.floats(-1e6, 1e6)
rows = st.fixed_dictionaries(
    {
        "amount": finite | st.just(np.nan),
        "age": st.integers(-5, 120),
        "distance": st.floats(0, 1e6) | st.just(np.nan),
        "channel": st.sampled_from(["chip", "swipe", "online", "phone", None]),
        "zip": st.integers(98099, 98105),
        "room": st.sampled_from([*ROOMS, "", "_", "a_b_c", None])
        | st.text("_a1.", max_size=5),
        "time": st.datetimes() | st.none(),
    }
)


def as_frame(records):
    frame = pd.DataFrame(records, columns=TRAIN.columns)
    text = ["channel", "room"]
    frame[text] = frame[text].astype("str")
    frame["time"] = pd.to_datetime(frame["time"]).astype("datetime64[us]")
    return frame.astype({"amount": float, "distance": float})


def assert_same_bits(left, right):
    pd.testing.assert_frame_equal(left, right, check_exact=True)
    for name in left.columns:
        if left[name].dtype == float:
            present = left[name].notna()
            a, b = (frame.loc[present, name].to_numpy() for frame in (left, right))
            assert a.tobytes() == b.tobytes()


def one(operation, values, column="x", **parameters):
    """Fit one action on a column and return the recipe and its result on the same rows."""
    if "targetColumn" in OPERATIONS[operation].required:
        parameters.setdefault("targetColumn", "out")
    frame = pd.DataFrame({column: values})
    recipe = Recipe([action(operation, sourceColumn=column, **parameters)]).fit(frame)
    return recipe, recipe.transform(frame)


# The same result for a row, whatever its company


@settings(max_examples=30, deadline=None)
@given(st.lists(rows, min_size=1, max_size=6))
def test_a_batch_is_its_rows_one_at_a_time(records):
    frame = as_frame(records)
    alone = pd.concat([FITTED.transform(frame.iloc[[i]]) for i in range(len(frame))])
    assert_same_bits(FITTED.transform(frame), alone)


@settings(max_examples=20, deadline=None)
@given(st.lists(rows, min_size=1, max_size=4))
def test_a_row_as_json_gives_what_the_batch_gives(records):
    # A row alone as a dict may have whole numbers or None where the batch has floats.
    for record in records:
        record["time"] = pd.Timestamp("2025-05-05 05:05")
        if record["amount"] == record["amount"]:
            record["amount"] = round(record["amount"])
    batch = FITTED.transform(as_frame(records))
    for i, record in enumerate(records):
        row = {k: None if v != v else v for k, v in record.items()}
        live = FITTED.transform(pd.DataFrame([row], index=[i]))
        made = [name for name in live.columns if name not in TRAIN.columns]
        assert_same_bits(live[made], batch.loc[batch.index == i, made])


def test_many_rows_are_the_same_as_one():
    rng = np.random.default_rng(0)
    frame = TRAIN.iloc[rng.integers(0, len(TRAIN), 3000)].reset_index(drop=True)
    frame["amount"] = rng.lognormal(3, 2, 3000)
    frame["distance"] = rng.lognormal(0, 3, 3000)
    together = FITTED.transform(frame)
    for i in together.index[::60]:
        assert_same_bits(FITTED.transform(frame.iloc[[i]]), together.loc[[i]])


def test_a_million_rows_are_the_same_as_one():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"amount": rng.lognormal(3, 2, 1_000_000)})
    frame["channel"] = pd.Categorical.from_codes(rng.integers(0, 3, 1_000_000), list("abc"))
    recipe = Recipe(
        [
            action("LN", sourceColumn="amount", targetColumn="amount", offset=1),
            action(
                "NORMALIZATION",
                sourceColumn="amount",
                targetColumn="amount",
                strategy="Z_SCORE",
            ),
            action("ONE_HOT_ENCODING", sourceColumn="channel"),
        ]
    ).fit(frame[:1_000])
    together = Recipe.from_json(recipe.to_json()).transform(frame)
    for i in range(0, 1_000_000, 50_000):
        assert_same_bits(recipe.transform(frame.iloc[[i]]), together.iloc[[i]])


@settings(max_examples=15, deadline=None)
@given(st.lists(rows, min_size=1, max_size=6), st.lists(finite, min_size=6, max_size=6))
def test_a_loaded_recipe_gives_the_same_bits(records, amounts):
    amounts[:2] = [0.1, 1 / 3]
    recipe = Recipe(EVERY_STEP).fit(TRAIN.assign(amount=amounts))
    text = recipe.to_json()
    loaded = Recipe.from_json(text)
    assert_same_bits(
        loaded.transform(as_frame(records)), recipe.transform(as_frame(records))
    )
    assert loaded.to_json() == text


def test_the_order_of_training_rows_changes_nothing():
    rng = np.random.default_rng(1)
    frame = TRAIN.iloc[rng.integers(0, len(TRAIN), 500)].reset_index(drop=True)
    frame["amount"] = rng.lognormal(0, 5, 500)
    shuffled = frame.sample(frac=1, random_state=0)
    assert (
        Recipe(EVERY_STEP).fit(frame).learned_ == Recipe(EVERY_STEP).fit(shuffled).learned_
    )


def test_input_columns_in_another_order_and_the_input_is_not_changed():
    before = TRAIN.copy(deep=True)
    turned = FITTED.transform(TRAIN[TRAIN.columns[::-1]])
    result = FITTED.transform(TRAIN)
    assert_same_bits(turned, result)
    result.loc[:, "amount"] = 0.0
    result.loc[:, "age"] = 0
    pd.testing.assert_frame_equal(TRAIN, before)


def test_no_rows_give_no_rows():
    for none in (TRAIN.iloc[:0], pd.DataFrame(columns=TRAIN.columns)):
        result = FITTED.transform(none)
        assert result.shape == (0, len(FITTED.get_feature_names_out()))


# What each operation does


@settings(max_examples=30, deadline=None)
@given(st.lists(finite, min_size=2, max_size=50))
def test_z_score_and_min_max_agree_with_scikit_learn(values):
    x = np.array(values)
    if np.ptp(x) < 1e-3:
        x[0] += 1
    for strategy, scaler in (("Z_SCORE", StandardScaler()), ("MIN_MAX", MinMaxScaler())):
        _, result = one("NORMALIZATION", x, strategy=strategy)
        expected = scaler.fit_transform(x[:, None])[:, 0]
        np.testing.assert_allclose(result["out"], expected, rtol=1e-6, atol=1e-8)


def test_normalization_keeps_missing_values_and_passes_the_range():
    recipe, result = one("NORMALIZATION", [1.0, np.nan, 3.0], strategy="MIN_MAX")
    assert result["out"].tolist()[::2] == [0, 1]
    assert math.isnan(result["out"][1])
    assert recipe.transform(pd.DataFrame({"x": [5]}))["out"].tolist() == [2]


@settings(deadline=None)
@given(st.floats(1e-300, 1e300) | st.floats(0.5, 2) | st.floats(5e-324, 1e-308))
def test_ln_is_right_to_the_last_digits(value):
    result = natural_log(np.array([value]))[0]
    assert abs(result - math.log(value)) <= 4 * math.ulp(math.log(value))


def test_ln_of_one_of_missing_and_with_an_offset():
    _, result = one("LN", [1.0, np.nan])
    assert result["out"][0] == 0
    assert math.isnan(result["out"][1])
    _, result = one("LN", [0, 1], offset=1)
    assert result["out"].tolist() == pytest.approx([0, math.log(2)], rel=1e-15)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=8, max_size=60, unique=True))
def test_quantile_buckets_hold_the_same_number_of_rows(values):
    _, result = one("BUCKETIZATION", values, bucketNames=list("abcd"), strategy="QUANTILE")
    counts = result["out"].value_counts()
    assert counts.max() - counts.min() <= 2
    assert result["out"].cat.categories.tolist() == list("abcd")
    order = result.sort_values("x")["out"].cat.codes
    assert order.is_monotonic_increasing


def test_uniform_buckets_have_the_same_width_and_take_what_lies_outside():
    recipe, result = one(
        "BUCKETIZATION", [0, 1, 2, 9, 10], bucketNames=["a", "b"], strategy="UNIFORM"
    )
    assert recipe.learned_ == [{"cuts": [5.0]}]
    assert result["out"].tolist() == ["a", "a", "a", "b", "b"]
    live = recipe.transform(pd.DataFrame({"x": [-99.0, 5.0, 99.0, np.nan]}))["out"]
    assert live.tolist()[:3] == ["a", "b", "b"]
    assert live.isna().tolist() == [False, False, False, True]


def test_custom_buckets_as_in_the_guide():
    splits = ["-Infinity", "2", "20", "Infinity"]
    _, result = one(
        "BUCKETIZATION", [1, 2, 19.9, 20], bucketNames=list("abc"), splits=splits
    )
    assert result["out"].tolist() == ["a", "b", "b", "c"]


SHIRTS = ["L", "XL", "M", None]
NEW = pd.DataFrame({"x": ["M", "S", None]}, index=[7, 8, 9])


def test_one_hot_keep():
    recipe, result = one("ONE_HOT_ENCODING", SHIRTS, invalidHandlingStrategy="KEEP")
    assert list(result) == ["x", "x_L", "x_M", "x_XL", "x_other"]
    assert result.drop(columns="x").to_numpy().tolist()[::3] == [[1, 0, 0, 0], [0, 0, 0, 1]]
    assert recipe.transform(NEW)["x_other"].tolist() == [0, 1, 1]


def test_one_hot_skip_leaves_rows_out():
    recipe, result = one("ONE_HOT_ENCODING", SHIRTS, invalidHandlingStrategy="SKIP")
    assert len(result) == 3
    live = recipe.transform(NEW)
    assert live.index.tolist() == [7]
    assert live.loc[7].tolist() == ["M", 0, 1, 0]


def test_one_hot_error_names_the_values():
    recipe, _ = one("ONE_HOT_ENCODING", SHIRTS[:3])
    with pytest.raises(
        ValueError, match=r"step 1, ONE_HOT_ENCODING: .*2 rows outside.*'S'"
    ):
        recipe.transform(NEW)
    with pytest.raises(ValueError, match=r"missing values\. Known are L, M, XL"):
        recipe.transform(NEW.iloc[[2]])


def test_one_hot_compares_values_not_types():
    recipe, _ = one("ONE_HOT_ENCODING", [1, 2, 10])
    for values in ([2], [2.0], ["2"], np.array([2], dtype="int8"), pd.Categorical([2])):
        assert recipe.transform(pd.DataFrame({"x": values}))["x_2"].tolist() == [1]
    recipe, _ = one("ONE_HOT_ENCODING", [True, False])
    assert recipe.learned_ == [{"categories": ["False", "True"]}]


def test_split_column_fills_up_with_missing():
    _, result = one(
        "SPLIT_COLUMN_SINGLE_DELIMITER", ["a_b_c", "a", "_", None], pattern="_", limit=1
    )
    assert result["x_1"].tolist()[:3] == ["a", "a", ""]
    assert result["x_2"].isna().tolist() == [False, True, False, True]
    assert result["x_2"][0] == "b_c"


def test_change_data_type_makes_numbers_and_missing_values():
    texts = ["2010", " 1.5 ", "1e3", "old", "", "1_000", "inf", "nan", None]
    _, result = one("CHANGE_DATA_TYPE", texts, columnDataType="double")
    assert result["x"].tolist()[:3] == [2010, 1.5, 1000]
    assert result["x"][3:].isna().all()
    _, result = one("CHANGE_DATA_TYPE", [7.0, 0.1, np.nan], columnDataType="string")
    assert result["x"].tolist()[:2] == ["7", "0.1"]
    assert result["x"].dtype == "str"


@settings(max_examples=50, deadline=None)
@given(st.datetimes())
def test_date_parts(moment):
    frame = {"x": [moment]}
    steps = [
        action(
            "FEATURIZE_DATE_TIME",
            sourceColumn="x",
            parts=["year", "month", "day", "weekday", "hour"],
            embeddingMode="ORDINAL",
        ),
        action(
            "FEATURIZE_DATE_TIME",
            sourceColumn="x",
            parts=["month", "day", "weekday", "hour"],
        ),
    ]
    row = Recipe(steps).fit(pd.DataFrame(frame)).transform(pd.DataFrame(frame)).loc[0]
    for part in ("year", "month", "day", "hour"):
        assert row[f"x_{part}"] == getattr(moment, part)
    assert row["x_weekday"] == moment.weekday()
    for part, period, first in (("month", 12, 1), ("day", 31, 1), ("weekday", 7, 0)):
        angle = 2 * math.pi * (row[f"x_{part}"] - first) / period
        assert row[f"x_{part}_sin"] == pytest.approx(math.sin(angle), abs=1e-12)
        assert row[f"x_{part}_cos"] == pytest.approx(math.cos(angle), abs=1e-12)


def test_december_is_as_close_to_january_as_january_to_february():
    dates = pd.to_datetime(["2024-12-01", "2025-01-01", "2025-02-01", None])
    _, result = one("FEATURIZE_DATE_TIME", dates, parts=["month"])
    points = result[["x_month_sin", "x_month_cos"]].to_numpy()
    steps = np.linalg.norm(np.diff(points[:3], axis=0), axis=1)
    assert steps[0] == pytest.approx(steps[1], abs=1e-12)
    assert np.isnan(points[3]).all()


def test_filling_and_flagging_missing_values():
    x = [1.0, np.nan, 2.0, 6.0]
    for operation, value in (("FILL_WITH_AVERAGE", 3), ("FILL_WITH_MEDIAN", 2)):
        recipe, result = one(operation, x)
        assert result["x"].tolist() == [1, value, 2, 6]
        assert recipe.transform(pd.DataFrame({"x": [None]}))["x"].tolist() == [value]
    _, result = one("FILL_WITH_CUSTOM", x, value=-1, columnDataType="number")
    assert result["x"].tolist() == [1, -1, 2, 6]
    _, result = one("FLAG_COLUMN_FROM_NULL", x)
    assert result["out"].tolist() == [False, True, False, False]
    assert result["out"].dtype == bool


def test_the_most_frequent_value_is_the_smallest_of_equals():
    _, result = one("FILL_WITH_MOST_FREQUENT", [3, 2, 2, 3, None])
    assert result["x"].tolist() == [3, 2, 2, 3, 2]
    _, result = one("FILL_WITH_MOST_FREQUENT", ["b", "a", "a", "b", None])
    assert result["x"].tolist() == ["b", "a", "a", "b", "a"]


def test_delete_and_rename_keep_the_order():
    frame = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    steps = [
        action("RENAME", sourceColumn="b", targetColumn="d"),
        action("DELETE", sourceColumn="a"),
    ]
    recipe = Recipe(steps).fit(frame)
    assert recipe.get_feature_names_out().tolist() == ["d", "c"]
    assert recipe.transform(frame).to_dict("list") == {"d": [2], "c": [3]}


def test_refitting_on_live_data_is_another_transform():
    live = TRAIN.assign(amount=TRAIN["amount"] * 10)
    step = [
        action("NORMALIZATION", sourceColumn="amount", targetColumn="z", strategy="Z_SCORE")
    ]
    fitted, refitted = Recipe(step).fit(TRAIN), Recipe(step).fit(live)
    assert fitted.transform(live)["z"].mean() > 1
    assert refitted.transform(live)["z"].mean() == pytest.approx(0, abs=1e-12)


# Working with scikit-learn, pickle and DataBrew


def test_a_pipeline_and_a_clone():
    steps = [
        *EVERY_STEP[:5],
        *(action("DELETE", sourceColumn=name) for name in ("channel", "room", "time")),
    ]
    target = [0, 1, 0, 1, 0, 1]
    pipeline = make_pipeline(Recipe(steps), LogisticRegression(max_iter=10_000))
    pipeline.fit(TRAIN, target)
    assert pipeline.predict(TRAIN.iloc[[0]]).shape == (1,)
    again = clone(pipeline).fit(TRAIN, target)
    assert (again.predict_proba(TRAIN) == pipeline.predict_proba(TRAIN)).all()
    with pytest.raises(NotFittedError):
        clone(pipeline[0]).transform(TRAIN)
    result = pipeline[0].transform(TRAIN)
    assert pipeline[0].get_feature_names_out().tolist() == list(result.columns)
    assert pipeline[0].n_features_in_ == 7


def test_a_pickle_gives_the_same_bits():
    recipe = Recipe(EVERY_STEP).fit(TRAIN)
    again = pickle.loads(pickle.dumps(recipe))
    assert_same_bits(again.transform(TRAIN), recipe.transform(TRAIN))


def test_steps_are_valid_for_databrew():
    model = ServiceModel(Loader().load_service_model("databrew", "service-2"), "databrew")
    steps = json.loads(Recipe(EVERY_STEP).fit(TRAIN).to_json())["steps"]
    shape = model.operation_model("CreateRecipe").input_shape
    report = ParamValidator().validate({"Name": "features", "Steps": steps}, shape)
    assert not report.has_errors(), report.generate_report()


# Bad steps


def test_an_unknown_operation_or_parameter():
    with pytest.raises(
        ValueError, match=r"no operation 'NORMALISATION'.*mean NORMALIZATION"
    ):
        action("NORMALISATION", sourceColumn="x")
    with pytest.raises(ValueError, match=r"no operation 'BINNING'"):
        action("BINNING", sourceColumn="x")
    with pytest.raises(
        ValueError, match=r"no parameter 'sourceColum'. Did you mean sourceCol"
    ):
        action("DELETE", sourceColum="x")
    with pytest.raises(ValueError, match="RENAME needs targetColumn"):
        action("RENAME", sourceColumn="x")


BUCKETS = {"sourceColumn": "x", "targetColumn": "y", "bucketNames": ["a", "b"]}


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        ("DELETE", {"sourceColumn": ""}, "parameter sourceColumn: expected some text"),
        (
            "NORMALIZATION",
            {"sourceColumn": "x", "targetColumn": "y", "strategy": "ZSCORE"},
            "parameter strategy: expected one of Z_SCORE, MIN_MAX, got 'ZSCORE'",
        ),
        (
            "SPLIT_COLUMN_SINGLE_DELIMITER",
            {"sourceColumn": "x", "pattern": "_", "limit": 21},
            "whole number from 1 to 20, got '21'",
        ),
        ("BUCKETIZATION", BUCKETS, "expected either splits or strategy"),
        (
            "BUCKETIZATION",
            {**BUCKETS, "splits": ["-Infinity", 1, 2, "Infinity"]},
            "2 bucketNames need 3 splits, got 4",
        ),
        (
            "BUCKETIZATION",
            {**BUCKETS, "splits": [0, 1, 2]},
            "from '-Infinity' to 'Infinity'",
        ),
        (
            "BUCKETIZATION",
            {
                **BUCKETS,
                "bucketNames": list("abc"),
                "splits": ["-Infinity", 2, 1, "Infinity"],
            },
            "in rising order",
        ),
        (
            "BUCKETIZATION",
            {**BUCKETS, "bucketNames": ["a"], "strategy": "UNIFORM"},
            "at least two bucketNames",
        ),
        (
            "BUCKETIZATION",
            {**BUCKETS, "bucketNames": ["a", "a"]},
            "list of different strings",
        ),
        ("BUCKETIZATION", {**BUCKETS, "bucketNames": "a, b"}, "list of different strings"),
        (
            "FEATURIZE_DATE_TIME",
            {"sourceColumn": "x", "parts": ["year"]},
            "year does not come round again",
        ),
        (
            "FEATURIZE_DATE_TIME",
            {"sourceColumn": "x", "parts": ["minute"]},
            "expected one of year, month, day, weekday, hour, got 'minute'",
        ),
        (
            "FILL_WITH_CUSTOM",
            {"sourceColumn": "x", "value": "none", "columnDataType": "number"},
            "expected a finite number, got 'none'",
        ),
        (
            "LN",
            {"sourceColumn": "x", "targetColumn": "y", "offset": float("inf")},
            "expected a finite number, got 'Infinity'",
        ),
        ("DELETE", {"sourceColumn": None}, "parameter sourceColumn is None"),
    ],
)
def test_a_wrong_parameter(operation, parameters, message):
    with pytest.raises(ValueError, match=message):
        action(operation, **parameters)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("DELETE", "steps is str, expected a list"),
        ([{"Operation": "DELETE"}], "step 1 is .* expected"),
        (
            [{"Action": {"Operation": "DELETE"}}],
            "an Action has an Operation and Parameters",
        ),
        (
            [{"Action": {"Operation": "DELETE", "Parameters": {"sourceColumn": 7}}}],
            "sourceColumn is 7, but DataBrew's parameters are strings",
        ),
        (
            [{**action("DELETE", sourceColumn="x"), "ConditionExpressions": []}],
            "conditions are not supported",
        ),
        (
            [{"Action": {"Operation": "DROP", "Parameters": {"sourceColumn": "x"}}}],
            "step 1: there is no operation 'DROP'",
        ),
    ],
)
def test_wrong_steps(steps, message):
    with pytest.raises(ValueError, match=message):
        Recipe(steps).fit(TRAIN)


# Bad data


@pytest.mark.parametrize(
    ("operation", "values", "parameters", "message"),
    [
        ("NORMALIZATION", [1, 2, np.inf], {"strategy": "Z_SCORE"}, "has 1 infinite values"),
        (
            "NORMALIZATION",
            [1, "2"],
            {"strategy": "Z_SCORE"},
            "mixes types: '2' stands where",
        ),
        (
            "NORMALIZATION",
            ["1", "2"],
            {"strategy": "Z_SCORE"},
            "holds str, expected numbers",
        ),
        (
            "NORMALIZATION",
            [1j, 2j],
            {"strategy": "Z_SCORE"},
            "holds complex128, expected num",
        ),
        (
            "NORMALIZATION",
            [0.1] * 3,
            {"strategy": "Z_SCORE"},
            "constant in the training data",
        ),
        ("NORMALIZATION", [1e200, 2], {"strategy": "MIN_MAX"}, "beyond 1e150"),
        ("NORMALIZATION", [np.nan], {"strategy": "MIN_MAX"}, "only missing values"),
        ("LN", [0, 1, -1], {}, "2 values where x . offset is not above 0"),
        ("ONE_HOT_ENCODING", [None, None], {}, "only missing values"),
        (
            "ONE_HOT_ENCODING",
            range(MAX_CATEGORIES + 1),
            {},
            "201 different values, at most",
        ),
        ("ONE_HOT_ENCODING", [1.5, np.inf], {}, "the value inf, expected text or finite"),
        ("ONE_HOT_ENCODING", ["a", ["b"]], {}, r"the value \['b'\], expected text"),
        (
            "ONE_HOT_ENCODING",
            pd.to_datetime(["2025-01-01"]),
            {},
            "expected text or numbers",
        ),
        ("FEATURIZE_DATE_TIME", ["2025-01-01"], {"parts": ["month"]}, "pd.to_datetime"),
        (
            "FEATURIZE_DATE_TIME",
            pd.to_datetime(["2025-01-01"]).tz_localize("UTC"),
            {"parts": ["month"]},
            "dates without a time zone",
        ),
        (
            "BUCKETIZATION",
            [0] * 9 + [1],
            {"bucketNames": list("ab"), "strategy": "QUANTILE"},
            "too many equal values for 2 buckets",
        ),
        ("FILL_WITH_MEDIAN", [np.nan], {}, "only missing values"),
        ("FILL_WITH_MOST_FREQUENT", [None], {}, "only missing values"),
    ],
)
def test_wrong_values(operation, values, parameters, message):
    with pytest.raises(ValueError, match=message):
        one(operation, values, **parameters)


def test_an_infinite_or_mixed_live_value():
    recipe = Recipe(EVERY_STEP).fit(TRAIN)
    with pytest.raises(
        ValueError, match="step 4, NORMALIZATION: column 'amount' has 6 infin"
    ):
        recipe.transform(TRAIN.assign(amount=np.inf))
    with pytest.raises(ValueError, match="column 'amount' holds str, expected numbers"):
        recipe.transform(TRAIN.assign(amount="7"))


def test_a_target_that_exists_already():
    step = action("RENAME", sourceColumn="age", targetColumn="amount")
    with pytest.raises(ValueError, match="already a column 'amount'; DELETE or RENAME"):
        Recipe([step]).fit(TRAIN)


def test_a_missing_or_unknown_column():
    step = action("DELETE", sourceColumn="amout")
    with pytest.raises(ValueError, match=r"step 1, DELETE: .*'amout'. Did you mean amount"):
        Recipe([step]).fit(TRAIN)
    recipe = Recipe(EVERY_STEP).fit(TRAIN)
    with pytest.raises(ValueError, match=r"missing column 'age': .*There are"):
        recipe.transform(TRAIN.drop(columns="age"))
    with pytest.raises(ValueError, match="unknown column 'request': the recipe was not"):
        recipe.transform(TRAIN.assign(request=1))


def test_frames_that_are_none():
    recipe = Recipe(EVERY_STEP)
    with pytest.raises(ValueError, match=r"shape \(0, 7\); expected at least one row"):
        recipe.fit(TRAIN.iloc[:0])
    with pytest.raises(ValueError, match="expected a DataFrame, got dict"):
        recipe.fit({"amount": 1})
    with pytest.raises(ValueError, match="column names must be different texts"):
        recipe.fit(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(ValueError, match="column names must be different texts"):
        recipe.fit(pd.DataFrame([[1, 2]]))


def test_a_recipe_that_is_not_fitted():
    recipe = Recipe(EVERY_STEP)
    for use in (
        lambda: recipe.transform(TRAIN),
        recipe.to_json,
        recipe.get_feature_names_out,
    ):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            use()


# Bad JSON


def test_json_cut_anywhere():
    text = Recipe(EVERY_STEP).fit(TRAIN).to_json()
    for end in range(0, len(text) - 2, 97):
        with pytest.raises(ValueError, match="not complete JSON"):
            Recipe.from_json(text[:end])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version 2, expected 1"),
        ({"format": "other"}, "not a recipe"),
        ({"learned": None}, "lacks learned"),
        ({"learned": []}, "19 steps but learned values for 0"),
        (
            {"learned": [{"value": 1.0}] * 19},
            r"step 1, FLAG.*learned \['value'\], expected",
        ),
    ],
)
def test_json_of_another_kind(change, message):
    document = json.loads(Recipe(EVERY_STEP).fit(TRAIN).to_json())
    document = {k: v for k, v in {**document, **change}.items() if v is not None}
    with pytest.raises(ValueError, match=message):
        Recipe.from_json(json.dumps(document))


def test_json_of_steps_alone_can_be_fitted():
    text = json.dumps(EVERY_STEP)
    with pytest.raises(ValueError, match="steps alone, without what they learned"):
        Recipe.from_json(text)
    recipe = Recipe(json.loads(text)).fit(copy.deepcopy(TRAIN))
    assert_same_bits(
        recipe.transform(TRAIN), Recipe(EVERY_STEP).fit(TRAIN).transform(TRAIN)
    )


# A value is what it is in every type of column


def forms(numbers):
    """Return columns that hold the same whole numbers."""
    yield pd.Series(numbers, dtype="int64")
    yield pd.Series(numbers, dtype="float64")
    yield pd.Series(numbers, dtype="Int64")
    yield pd.Series(numbers, dtype="int64[pyarrow]")
    yield pd.Series(numbers, dtype=object)
    yield pd.Series([Decimal(n) for n in numbers], dtype=object)
    yield pd.Series([Decimal(f"{n}.00") for n in numbers], dtype=object)
    yield pd.Series([str(n) for n in numbers])
    yield pd.Series(pd.Categorical(numbers))
    yield pd.Series(pd.Categorical(numbers, sorted(set(numbers), reverse=True)))
    yield pd.Series(pd.Categorical([Decimal(n) for n in numbers]))
    mixed = [n if k % 2 else str(n) for k, n in enumerate(numbers)]
    yield pd.Series(pd.Categorical(mixed))


@settings(deadline=None)
@given(st.lists(st.integers(-99, 10**6), min_size=2, max_size=6))
def test_texts_are_the_same_in_every_type_of_column(numbers):
    encode = action("ONE_HOT_ENCODING", sourceColumn="x")
    turn = action("CHANGE_DATA_TYPE", sourceColumn="x", columnDataType="double")
    fitted = Recipe([encode]).fit(pd.DataFrame({"x": numbers}))
    names = sorted(f"x_{n}" for n in set(numbers))
    assert fitted.get_feature_names_out().tolist() == ["x", *names]
    for column in forms(numbers):
        table = pd.DataFrame({"x": column})
        found = fitted.transform(table)
        assert [[f"x_{n}"] for n in numbers] == [
            [name for name in names if row[name]] for row in found[names].to_dict("records")
        ]
        assert Recipe([encode]).fit(table).learned_ == fitted.learned_
        assert Recipe([turn]).fit(table).transform(table)["x"].tolist() == numbers


@given(
    st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=6).filter(
        lambda n: len(set(n)) > 1
    )
)
def test_numbers_are_the_same_in_every_type_of_column(numbers):
    expected = one("NORMALIZATION", numbers, strategy="Z_SCORE")[1]["out"]
    for column in forms(numbers):
        if column.dtype.kind in "iuf" or (
            column.dtype == object and not isinstance(column[0], str)
        ):
            found = one("NORMALIZATION", column, strategy="Z_SCORE")[1]["out"]
            assert found.tolist() == expected.tolist()


@given(
    st.lists(
        st.sampled_from(["other", "other_2", "other_3", "web", ""]) | st.text(max_size=3),
        min_size=1,
        max_size=5,
        unique=True,
    ),
    st.lists(st.text(max_size=3), max_size=3),
)
def test_each_row_has_one_one_whatever_the_categories_are_called(known, live):
    assume(any(known))
    step = action("ONE_HOT_ENCODING", sourceColumn="x", invalidHandlingStrategy="KEEP")
    fitted = Recipe([step]).fit(pd.DataFrame({"x": known}))
    names = fitted.get_feature_names_out().tolist()
    assert len(set(names)) == len(names) == len(set(known) - {""}) + 2
    table = pd.DataFrame({"x": pd.Series([*known, *live, None], dtype=object)})
    found = fitted.transform(table).drop(columns="x")
    assert (found.sum(axis=1) == 1).all()
    for text, row in zip(table["x"], found.to_dict("records"), strict=True):
        if text in known and text:  # an empty text is missing
            assert row[f"x_{text}"] == 1
        else:
            assert row[names[-1]] == 1


def test_a_decimal_keeps_its_digits_as_text():
    column = pd.Series(
        [Decimal("0.10"), Decimal("0.1000000000000000000001"), Decimal("1E3")]
    )
    found = one("CHANGE_DATA_TYPE", column, columnDataType="string")[1]["x"]
    assert found.tolist() == ["0.1", "0.1000000000000000000001", "1000"]


def test_whole_numbers_that_no_float_tells_apart():
    column = pd.Series([2**53 + 1, 2**53, 2**53 + 1, None], dtype="Int64")
    with pytest.raises(ValueError, match="from 2\\*\\*53 on.* CHANGE_DATA_TYPE"):
        one("FILL_WITH_MOST_FREQUENT", column)
    steps = [
        action("CHANGE_DATA_TYPE", sourceColumn="x", columnDataType="string"),
        action("FILL_WITH_MOST_FREQUENT", sourceColumn="x"),
    ]
    found = Recipe(steps).fit_transform(pd.DataFrame({"x": column}))["x"]
    assert found.tolist() == [str(2**53 + 1), str(2**53), str(2**53 + 1), str(2**53 + 1)]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pd.to_timedelta([1, 2], unit="h"), r"total_seconds\(\)"),
        (pd.period_range("2024-01", periods=2, freq="M"), "before the recipe"),
        (pd.interval_range(0, 2), "before the recipe"),
        (pd.Series(["a", "b"]), "CHANGE_DATA_TYPE or ONE_HOT_ENCODING"),
        (pd.Categorical(["a", "b"]), "CHANGE_DATA_TYPE or ONE_HOT_ENCODING"),
        (pd.to_datetime(["2024-01-01"] * 2), "FEATURIZE_DATE_TIME"),
    ],
)
def test_the_way_to_numbers_exists(column, message):
    with pytest.raises(ValueError, match=f"expected numbers.*{message}"):
        one("FILL_WITH_MEDIAN", column)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([[1], [2]]),
        pd.Series([{1}, {2}]),
        pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
        pd.to_timedelta([1, 2], unit="h"),
        pd.interval_range(0, 2),
        pd.Series(["a\udce9", "b"], dtype=object),
        pd.Series([Decimal("Infinity"), Decimal(1)]),
    ],
)
def test_values_that_are_neither_text_nor_numbers(column):
    with pytest.raises(ValueError, match="step 1, ONE_HOT_ENCODING: column 'x' h"):
        Recipe([action("ONE_HOT_ENCODING", sourceColumn="x")]).fit(
            pd.DataFrame({"x": column})
        )


def test_an_index_called_like_a_column():
    table = pd.DataFrame({"x": ["a", "b"]}).rename_axis("x")
    found = Recipe([action("ONE_HOT_ENCODING", sourceColumn="x")]).fit_transform(table)
    assert found.index.name == "x"
    assert found["x_a"].tolist() == [1, 0]
