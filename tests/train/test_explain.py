"""Explanations in Clarify's shape: exact where they can be, and clear about bad input."""

import itertools
import json
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.dummy import DummyClassifier
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LinearRegression

from labs_lib.train import explain

NAMES = ["a", "b", "c"]


def table(values):
    return pd.DataFrame(np.asarray(values, dtype=float), columns=NAMES)


def curved(X):
    """A score with an interaction and a curve."""
    return X["a"] * X["b"] + np.abs(X["c"]) + 1.0


def brute_force(predict, row, baseline):
    """Return Shapley values from their definition, all sets of columns enumerated."""
    players = list(baseline.columns)

    def value(known):
        mixed = baseline.assign(**{name: row[name] for name in known})
        return float(np.mean(predict(mixed)))

    total = pd.Series(0.0, index=players)
    for name in players:
        others = [p for p in players if p != name]
        for size in range(len(others) + 1):
            weight = math.factorial(size) * math.factorial(len(others) - size)
            for known in itertools.combinations(others, size):
                gain = value([*known, name]) - value(known)
                total[name] += weight / math.factorial(len(players)) * gain
    return total


CELLS = hnp.arrays(float, (6, 3), elements=st.integers(-4, 4).map(float))


@settings(max_examples=25)
@given(CELLS)
def test_kernel_shap_is_the_shapley_value_by_definition(cells):
    X, baseline = table(cells[:3]), table(cells[3:])
    local, expected = explain.kernel_shap(curved, X, baseline=baseline)
    assert expected["label0"] == pytest.approx(float(curved(baseline).mean()))
    for place, row in X.iterrows():
        by_definition = brute_force(curved, row, baseline)
        np.testing.assert_allclose(local["label0"].loc[place], by_definition, atol=1e-6)


@settings(max_examples=25)
@given(CELLS)
def test_values_of_a_row_and_the_expected_value_sum_to_its_score(cells):
    X, baseline = table(cells[:3]), table(cells[3:])
    local, expected = explain.kernel_shap(curved, X, baseline=baseline, num_samples=4)
    total = local["label0"].sum(axis=1) + expected["label0"]
    np.testing.assert_allclose(total, curved(X), atol=1e-9)


def test_linear_models_have_their_textbook_values():
    rng = np.random.default_rng(0)
    X = table(rng.normal(size=(30, 3)))
    model = LinearRegression().fit(X, X @ [1.0, -2.0, 0.5] + 3)
    baseline = X.head(10)
    local, _ = explain.kernel_shap(model.predict, X.tail(5), baseline=baseline)
    textbook = model.coef_ * (X.tail(5) - baseline.mean())
    np.testing.assert_allclose(local["label0"], textbook, atol=1e-9)


def test_columns_without_effect_get_nothing_and_equal_ones_the_same():
    def predict(X):
        return X["a"] * X["b"]

    X, baseline = table([[2, 2, 9]]), table([[1, 1, 0]])
    values = explain.kernel_shap(predict, X, baseline=baseline)[0]["label0"].loc[0]
    assert values["c"] == pytest.approx(0, abs=1e-9)
    assert values["a"] == pytest.approx(values["b"])


def mixed():
    return pd.DataFrame(
        {
            "amount": [10, 20, 30, 40],
            "channel": pd.Categorical(["chip", "swipe", "chip", "online"]),
            "balance": [1.0, np.nan, 3.0, 4.0],
            "trusted": [True, False, True, True],
        }
    )


def mixed_score(X):
    assert isinstance(X["channel"].dtype, pd.CategoricalDtype)
    assert X["trusted"].dtype == bool
    p = 0.1 + 0.01 * X["amount"] + 0.2 * (X["channel"] == "chip")
    return (p + 0.1 * X["balance"].isna() + 0.05 * X["trusted"]).to_numpy()


def test_categories_gaps_and_truth_values_arrive_as_they_were():
    X = mixed()
    local, expected = explain.kernel_shap(mixed_score, X, baseline=X)
    np.testing.assert_allclose(
        local["label0"].sum(axis=1) + expected["label0"], mixed_score(X), atol=1e-9
    )
    assert (local["label0"]["channel"][[0, 2]] > 0).all()


def test_the_logit_is_explained_if_asked_for():
    X = mixed()
    local, expected = explain.kernel_shap(
        mixed_score, X, baseline=X.head(1), use_logit=True
    )
    odds = mixed_score(X) / (1 - mixed_score(X))
    total = local["label0"].sum(axis=1) + expected["label0"]
    np.testing.assert_allclose(total, np.log(odds), atol=1e-9)


def test_each_class_has_its_own_values_and_they_cancel():
    def predict(X):
        p = np.clip(0.3 + 0.1 * X["a"] * X["b"], 0, 1)
        return np.column_stack([p, 1 - p])

    X = table([[1, 2, 3], [0, 1, 1]])
    local, expected = explain.kernel_shap(predict, X, baseline=table([[0, 0, 0]]))
    assert list(local) == ["label0", "label1"]
    np.testing.assert_allclose(local["label0"], -local["label1"], atol=1e-9)
    assert sum(expected.values()) == pytest.approx(1)


def test_a_seed_decides_and_the_global_generator_stays():
    rng = np.random.default_rng(0)
    names = [f"x{i}" for i in range(14)]
    X = pd.DataFrame(rng.normal(size=(2, 14)), columns=names)
    baseline = pd.DataFrame(rng.normal(size=(3, 14)), columns=names)

    def predict(X):
        return np.sin(X.to_numpy()).prod(axis=1) + X["x0"] * X["x1"]

    def run(seed):
        options = dict(baseline=baseline, num_samples=60, seed=seed)
        return explain.kernel_shap(predict, X, **options)[0]["label0"]

    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    pd.testing.assert_frame_equal(run(1), run(1))
    assert not np.allclose(run(1), run(2))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@settings(max_examples=25)
@given(CELLS)
def test_aggregations_by_definition(cells):
    local = table(cells)
    np.testing.assert_allclose(
        explain.aggregate(local), np.abs(cells).mean(axis=0), atol=1e-12
    )
    np.testing.assert_allclose(
        explain.aggregate(local, agg_method="mean_sq"), (cells**2).mean(axis=0)
    )
    np.testing.assert_allclose(
        explain.aggregate(local, agg_method="median"), np.median(cells, axis=0)
    )


@settings(max_examples=25)
@given(CELLS)
def test_ice_sets_one_column_and_leaves_the_rest(cells):
    X = table(cells)
    curves = explain.ice(curved, X, "a", [-1.0, 0.0, 2.0])
    assert curves.shape == (6, 3, 1)
    for k, value in enumerate((-1.0, 0.0, 2.0)):
        np.testing.assert_allclose(curves[:, k, 0], curved(X.assign(a=value)))


def test_partial_dependence_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    X = table(rng.normal(size=(40, 3)))
    model = LinearRegression().fit(X, curved(X))
    theirs = partial_dependence(model, X, ["a"], grid_resolution=5, method="brute")
    grid = theirs["grid_values"][0]
    ours = explain.ice(model.predict, X, "a", grid).mean(axis=0)[:, 0]
    np.testing.assert_allclose(ours, theirs["average"][0])


def test_analysis_json_has_clarifys_shape(tmp_path):
    X = mixed().assign(note=[f"text {i}" for i in range(4)])
    X = pd.concat([X] * 10, ignore_index=True)
    X["note"] = [f"text {i}" for i in range(40)]
    found = explain.analyze(
        lambda t: mixed_score(t.drop(columns="note")),
        X.head(4),
        baseline=X.head(4),
        pdp_features=["amount", "channel"],
        grid_resolution=3,
    )
    text = found.to_json(tmp_path / "analysis.json")
    content = json.loads(text)
    assert json.loads((tmp_path / "analysis.json").read_text()) == content
    assert content["version"] == "1.0"
    kernel = content["explanations"]["kernel_shap"]["label0"]
    assert list(kernel["global_shap_values"]) == list(X.columns)
    assert kernel["expected_value"] == pytest.approx(mixed_score(mixed()).mean())
    amount, channel = content["explanations"]["pdp"]
    assert amount["feature_name"] == "amount"
    assert amount["data_type"] == "numerical"
    assert amount["feature_values"] == [15, 25, 35]
    assert amount["data_distribution"] == [0.25, 0.25, 0.5]
    assert channel["data_type"] == "categorical"
    assert channel["feature_values"] == ["chip", "online", "swipe"]
    assert len(channel["model_predictions"]) == 1
    assert len(channel["model_predictions"][0]) == 3


def test_free_text_and_empty_columns_get_an_error_entry():
    X = pd.DataFrame(
        {"text": [f"word {i}" for i in range(30)], "gap": [np.nan] * 30, "x": range(30)}
    )
    found = explain.analyze(
        lambda t: t["x"].to_numpy(float),
        X,
        baseline=X.head(2),
        num_samples=20,
        pdp_features=["text", "gap", "x"],
    )
    text, gap, x = found.pdp
    assert text["data_type"] == "free_text"
    assert "not supported" in text["error"]
    assert "missing" in gap["error"]
    assert "error" not in x


def test_partial_dependence_is_of_the_top_columns_by_size():
    def predict(X):
        return X["a"] - 5 * X["b"]

    X = table([[1, 1, 1], [2, 3, 1], [0, 2, 2]])
    for method in explain.AGGREGATIONS:
        found = explain.analyze(
            predict, X, baseline=table([[0, 0, 0]]), agg_method=method, top_k_features=1
        )
        assert [entry["feature_name"] for entry in found.pdp] == ["b"]
        assert found.agg_method in repr(found)


def test_inputs_stay_as_they_are():
    X = mixed()
    before = X.copy()
    explain.analyze(mixed_score, X, baseline=X, num_samples=10, grid_resolution=2)
    pd.testing.assert_frame_equal(X, before)


def lime_table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": rng.normal(size=300),
            "b": rng.normal(size=300),
            "kind": pd.Categorical(rng.choice(["x", "y"], 300)),
        }
    )


def lime_score(X):
    return 2.0 * X["a"] + 3.0 * (X["kind"] == "x")


def test_lime_finds_the_slopes_of_a_line():
    data = lime_table()
    weights = explain.lime_weights(
        lime_score, data.head(3), data=data, kernel_width=5.0, discretize=False
    )
    np.testing.assert_allclose(weights["a"], 2 * data["a"].std(ddof=0), rtol=0.02)
    np.testing.assert_allclose(weights["b"], 0, atol=0.02)
    sign = np.where(data["kind"].head(3) == "x", 1, -1)
    np.testing.assert_allclose(weights["kind"], 3 * sign, rtol=0.02)


def test_lime_repeats_with_its_seed():
    data = lime_table()
    one, same, other = (
        explain.lime_weights(lime_score, data.head(1), data=data, num_samples=50, seed=s)
        for s in (0, 0, 1)
    )
    pd.testing.assert_frame_equal(one, same)
    assert not np.allclose(one, other)


# Bad input --------------------------------------------------------------------------------

GOOD = table([[1, 2, 3], [4, 5, 6]])


def analyze(predict=curved, X=GOOD, **options):
    return explain.analyze(predict, X, **({"baseline": GOOD} | options))


def not_a_number(X):
    return np.where(X["a"] > 3, np.nan, 0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: analyze(pdp_features=["z"]), "no column 'z', expected one of"),
        (lambda: analyze(baseline=GOOD.assign(z=1)), "expected the same"),
        (lambda: analyze(baseline=GOOD[["a", "b"]]), "expected the same"),
        (lambda: analyze(baseline=GOOD.assign(a="x")), "expected the same type"),
        (lambda: analyze(baseline=GOOD.head(0)), "baseline is empty"),
        (lambda: analyze(X=GOOD.head(0)), "X is empty"),
        (lambda: analyze(X=GOOD.to_numpy()), "X is ndarray, expected a DataFrame"),
        (lambda: analyze(X=GOOD[["a", "a"]]), "columns of the same name"),
        (lambda: analyze(not_a_number), "NaN or infinite scores for 2 of 4 rows"),
        (lambda: analyze(lambda X: np.ones(3)), r"shape \(3, 1\) for 4 rows"),
        (lambda: analyze(lambda X: np.ones((len(X), 1))), "one class only"),
        (lambda: analyze(agg_method="mean"), "agg_method is 'mean', expected one of"),
        (lambda: analyze(use_logit=True), "strictly between 0 and 1"),
        (lambda: analyze(num_samples=0), "num_samples is 0"),
        (lambda: analyze(top_k_features=0), "top_k_features is 0"),
        (lambda: analyze(grid_resolution=1), "grid_resolution is 1"),
        (lambda: analyze(seed=-1), "seed is -1"),
        (lambda: explain.aggregate(GOOD, agg_method="max"), "agg_method is 'max'"),
        (lambda: explain.aggregate(GOOD.assign(a=np.nan)), "2 missing values"),
        (lambda: explain.ice(curved, GOOD, "z", [1]), "no column 'z'"),
        (lambda: explain.ice(curved, GOOD, "a", []), "values is empty"),
        (
            lambda: explain.lime_weights(curved, GOOD, data=GOOD[["a", "b"]]),
            "expected the same in the same order",
        ),
        (
            lambda: explain.lime_weights(curved, GOOD.assign(a=np.nan), data=GOOD),
            "2 missing or infinite values",
        ),
        (
            lambda: explain.lime_weights(curved, GOOD, data=GOOD, kernel_width=0),
            "kernel_width is 0",
        ),
        (
            lambda: explain.lime_weights(
                lambda X: np.ones((len(X), 2)), GOOD, data=GOOD, num_samples=10
            ),
            "2 scores a row; expected one",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_model_that_has_seen_one_class_is_named():
    model = DummyClassifier().fit(GOOD, [1, 1])
    with pytest.raises(ValueError, match="one class only"):
        analyze(model.predict_proba)


# Categories are their values, names are the user's


def kinds(values):
    """Return the same values as columns of other types and with other categories."""
    plain = pd.Series(values, dtype=object)
    yield plain
    yield pd.Series(pd.Categorical(plain))
    yield pd.Series(pd.Categorical(plain, categories=sorted(set(values), reverse=True)))
    yield pd.Series(pd.Categorical(plain, categories=list(dict.fromkeys(values))))
    yield pd.Series(pd.Categorical(plain, sorted(set(values)), ordered=True))
    yield pd.Series(list(values))


VALUES = st.sampled_from(
    [
        ["phone", "shop", "web"],
        [1, 3, 20],
        [0.5, 2.0, 7.25],
        [
            pd.Timestamp("2024-01-31"),
            pd.Timestamp("2024-02-29"),
            pd.Timestamp("2025-01-01"),
        ],
        pd.cut([1, 2, 3], 3).tolist(),
        [pd.Period("2024-01"), pd.Period("2024-02"), pd.Period("2024-03")],
        [Decimal("0.1"), Decimal("0.3"), Decimal("2")],
    ]
)


@settings(max_examples=30, deadline=None)
@given(VALUES, st.lists(st.integers(0, 2), min_size=1, max_size=2), st.booleans())
def test_a_category_is_its_value_whatever_the_type_of_the_row(values, chosen, text):
    rng = np.random.default_rng(0)
    drawn = [values[i] for i in rng.permutation(np.arange(90) % 3)]
    column = pd.Series(pd.Categorical(drawn, categories=values))
    if text and isinstance(values[0], str):
        column = pd.Series(drawn)
    data = pd.DataFrame({"c": column, "n": rng.normal(size=90)})
    worth = dict(zip(values, (3.0, 0.0, -3.0), strict=True))

    def predict(table):
        assert table["c"].dtype == data["c"].dtype
        return table["c"].map(worth).astype(float).to_numpy() + table["n"].to_numpy()

    def weights(live):
        rows = pd.DataFrame({"c": live, "n": 0.0})
        return explain.lime_weights(predict, rows, data=data, num_samples=50)

    live = [values[i] for i in chosen]
    expected = weights(pd.Series(live).astype(data["c"].dtype))
    for column in kinds(live):
        assert weights(column).equals(expected)
        curves = explain.ice(predict, data, "c", column)[:, :, 0]
        assert np.allclose(
            curves - curves[:, [0]], [worth[v] - worth[live[0]] for v in live]
        )


@pytest.mark.parametrize("kind", [object, "str", "category"])
def test_an_unknown_category_is_an_error(kind):
    data = pd.DataFrame({"c": pd.Categorical(["a", "b"] * 50), "n": np.arange(100.0)})
    row = pd.DataFrame({"c": pd.Series(["fax"], dtype=kind), "n": [1.0]})

    def first(table):
        return table["n"].to_numpy()

    with pytest.raises(ValueError, match="'c' of rows: 'fax' is not among .* 'a', 'b'"):
        explain.lime_weights(first, row, data=data, num_samples=50)
    with pytest.raises(ValueError, match="values for 'c': 'fax' is not among"):
        explain.ice(first, data, "c", row["c"])
    # Missing is no unknown value.
    assert np.isfinite(explain.ice(first, data, "c", ["a", None])).all()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pd.to_datetime(np.arange(4), unit="D"), "LIME perturbs numbers, text"),
        (pd.Series([[1], [2], [1], [2]]), "cannot be compared, such as lists"),
        (np.arange(4) * 1j, "LIME perturbs numbers"),
    ],
)
def test_columns_that_lime_does_not_perturb(column, message):
    data = pd.DataFrame({"c": column, "n": np.arange(4.0)})
    with pytest.raises(ValueError, match=message):
        explain.lime_weights(lambda t: t["n"], data[:1], data=data, num_samples=50)


def test_text_where_a_number_was():
    data = pd.DataFrame({"n": np.arange(4.0)})
    with pytest.raises(ValueError, match="'n' holds str with values that are no numbers"):
        explain.lime_weights(
            lambda t: t["n"], pd.DataFrame({"n": ["x"]}), data=data, num_samples=50
        )


COLUMNS = st.sampled_from(
    [
        pd.cut(np.arange(12.0), 3),
        pd.to_datetime(np.arange(12) % 3, unit="D"),
        pd.to_datetime(np.arange(12) % 3, unit="D", utc=True),
        pd.period_range("2024-01", periods=12, freq="M"),
        pd.to_timedelta(np.arange(12) % 3, unit="h"),
        pd.Series([Decimal(k) / 8 for k in range(12)]),
        pd.Series([pd.Timestamp("2024-01-01").date()] * 12),
        pd.Categorical([np.inf, 1.0, -np.inf] * 4),
        pd.Series([1, "1", "x"] * 4, dtype=object),
        pd.Series([True, False, None] * 4),
        pd.array([1, None, 3] * 4, dtype="Int64"),
        pd.array([True, None, False] * 4, dtype="boolean"),
        np.array([1e308, -1e308, 0] * 4),
        np.nextafter(1, np.arange(12) % 2),
        np.arange(12) + 2**60,
        pd.Series(["a\ud800", "b", "c"] * 4, dtype=object),
    ]
)


@settings(max_examples=40, deadline=None)
@given(COLUMNS, st.integers(2, 20), st.sampled_from(["name", "1", 1, "value", "label0"]))
def test_every_analysis_can_be_written(column, resolution, name):
    table = pd.DataFrame({"x": np.arange(12.0), name: column})
    found = explain.analyze(
        lambda t: t["x"].to_numpy(),
        table[:4],
        baseline=table[8:9],
        num_samples=16,
        grid_resolution=resolution,
        pdp_features=["x", name],
    )
    entry = json.loads(found.to_json())["explanations"]["pdp"][1]
    values, shares = entry["feature_values"], entry["data_distribution"]
    assert len(values) == len(shares) == len(entry["model_predictions"][0])
    assert len({repr(value) for value in values}) == len(values)
    assert sum(shares) == pytest.approx(1)
    assert entry["model_predictions"][0] == pytest.approx(
        [table["x"][:4].mean()] * len(values)
    )


def test_dates_and_bands_read_as_they_are():
    table = pd.DataFrame(
        {
            "band": pd.Categorical.from_codes([0, 1], pd.interval_range(0, 2)),
            "day": pd.to_datetime(["2024-01-31", "2024-02-29"]),
            "month": pd.PeriodIndex(["2024-01", "2024-02"], freq="M"),
            "price": [Decimal("1.5"), Decimal("2.5")],
        }
    )
    found = explain.analyze(
        lambda t: np.zeros(len(t)), table, baseline=table, num_samples=8, grid_resolution=2
    )
    entries = {entry["feature_name"]: entry for entry in found.pdp}
    assert {name: entry["feature_values"] for name, entry in entries.items()} == {
        "band": ["(0, 1]", "(1, 2]"],
        "day": ["2024-01-31T00:00:00", "2024-02-29T00:00:00"],
        "month": ["2024-01", "2024-02"],
        "price": [1.75, 2.25],
    }
    assert entries["price"]["data_type"] == "numerical"


def test_infinite_values_are_refused_before_anything_is_computed():
    table = pd.DataFrame({"a": [1.0, np.inf], "b": [0.0, 1.0]})

    def never(_):
        raise AssertionError

    for names in (None, ["a"]):
        with pytest.raises(ValueError, match="'a' has 1 infinite values.* pdp_features"):
            explain.analyze(never, table, baseline=table, pdp_features=names)
    found = explain.analyze(
        lambda t: np.arctan(t["a"]),
        table,
        baseline=table,
        num_samples=8,
        pdp_features=["b"],
    )
    assert np.isfinite(found.local["label0"]).all(axis=None)


def test_column_names_of_two_levels_and_names_that_are_one_in_json():
    two = pd.DataFrame(np.eye(2), columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]))
    same = pd.DataFrame(np.eye(2), columns=[1, "1"])
    for table, message in ((two, "2 levels, expected one. Join"), (same, "same name")):
        with pytest.raises(ValueError, match=message):
            explain.analyze(lambda t: np.zeros(len(t)), table, baseline=table)
        with pytest.raises(ValueError, match=message):
            explain.lime_weights(lambda t: np.zeros(len(t)), table, data=table)


def test_lime_takes_any_name_of_a_column():
    data = pd.DataFrame({0: pd.Categorical(["a", "b"] * 50), 2.5: np.arange(100.0)})
    found = explain.lime_weights(
        lambda t: t[2.5].to_numpy(), data[:1], data=data, num_samples=50
    )
    assert list(found.columns) == [0, 2.5]


@pytest.mark.parametrize("answer", [["a"], [[1, 2], [3]], [object()]])
def test_a_model_that_gives_no_numbers(answer):
    table = pd.DataFrame({"a": [1.0]})
    with pytest.raises(ValueError, match="something else than numbers"):
        explain.kernel_shap(lambda t: answer * len(t), table, baseline=table)


def test_values_that_cannot_be_compared():
    table = pd.DataFrame({"a": pd.Series([[1], [2]]), "b": [1.0, 2.0]})
    with pytest.raises(ValueError, match="'a' holds values that cannot be compared"):
        explain.kernel_shap(lambda t: t["b"], table, baseline=table)
