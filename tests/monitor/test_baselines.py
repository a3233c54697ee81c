"""Statistics and constraints: Model Monitor's schema, pieces, parts, files that are broken."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import monitor
from labs_lib.monitor import counters, reading


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "amount": rng.lognormal(3, 1, 1000),
            "items": rng.integers(0, 9, 1000),
            "country": rng.choice(["DE", "FR", "IT"], 1000, p=[0.5, 0.3, 0.2]),
            "known": rng.random(1000) < 0.3,
            "day": pd.Timestamp("2025-01-01"),
        }
    )
    frame.loc[:99, "amount"] = np.nan
    return frame


def feature(baseline, name):
    return baseline.features[name]


def assert_near(one, other):
    """Two contents of JSON are equal but for the rounding of sums."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_near(one[key], other[key])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_near(*pair)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-12)
    else:
        assert one == other


def test_statistics_follow_the_documented_schema(table):
    base = monitor.baseline(table)
    assert base.statistics["version"] == 0
    assert base.statistics["dataset"] == {"item_count": 1000}
    assert [f["name"] for f in base.statistics["features"]] == list(table.columns)
    amount = feature(base, "amount")
    assert amount["inferred_type"] == "Fractional"
    found = amount["numerical_statistics"]
    assert found["common"] == {"num_present": 900, "num_missing": 100}
    values = table["amount"].dropna()
    assert found["mean"] == pytest.approx(values.mean())
    assert found["sum"] == pytest.approx(values.sum())
    assert found["std_dev"] == pytest.approx(values.std(ddof=0))
    assert (found["min"], found["max"]) == (values.min(), values.max())
    kll = found["distribution"]["kll"]
    assert len(kll["buckets"]) == 10
    assert sum(b["count"] for b in kll["buckets"]) == 900
    counts, edges = np.histogram(values, bins=10)
    assert [b["count"] for b in kll["buckets"]] == counts.tolist()
    assert [b["lower_bound"] for b in kll["buckets"]] == pytest.approx(edges[:-1].tolist())
    assert kll["sketch"]["parameters"].keys() == {"c", "k"}
    assert sorted(kll["sketch"]["data"][0]) == sorted(values)
    country = feature(base, "country")
    assert country["inferred_type"] == "String"
    found = country["string_statistics"]
    assert found["distinct_count"] == 3
    buckets = found["distribution"]["categorical"]["buckets"]
    assert {b["value"]: b["count"] for b in buckets} == dict(
        table["country"].value_counts()
    )
    assert feature(base, "day") == {
        "name": "day",
        "inferred_type": "Unknown",
        "common": {"num_present": 1000, "num_missing": 0},
    }


def test_constraints_follow_the_documented_schema(table):
    constraints = monitor.baseline(table.assign(loss=-table["amount"])).constraints
    by_name = {f.pop("name"): f for f in constraints["features"]}
    assert by_name["amount"] == {
        "inferred_type": "Fractional",
        "completeness": 0.9,
        "num_constraints": {"is_non_negative": True},
        "monitoringConfigOverrides": {},
    }
    assert by_name["loss"]["num_constraints"] == {"is_non_negative": False}
    assert by_name["country"]["string_constraints"] == {"domains": ["DE", "FR", "IT"]}
    assert by_name["known"]["string_constraints"] == {"domains": ["False", "True"]}
    assert by_name["items"]["inferred_type"] == "Integral"
    assert constraints["monitoring_config"] == {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 0.1,
        "domain_content_threshold": 0.1,
        "share_method": "Robust",
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": 0.1,
            "comparison_method": "Robust",
            "categorical_comparison_threshold": 0.1,
            "categorical_drift_method": "LInfinity",
        },
    }


def test_pieces_parts_and_files_are_as_good_as_the_whole(table, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "ROWS", 137)
    whole = monitor.baseline(table, mode="exact")
    files = [tmp_path / f"{i}.parquet" for i in range(3)]
    parts = np.array_split(np.arange(len(table)), 3)
    for file, rows in zip(files, parts, strict=True):
        table.iloc[rows].to_parquet(file)
    merged = monitor.merge([monitor.profile(file, mode="exact") for file in files])
    for made in (
        monitor.baseline(files, mode="exact"),
        monitor.baseline(tmp_path, mode="exact"),
        monitor.baseline(merged),
    ):
        assert made.constraints == whole.constraints
        assert [f["name"] for f in made.statistics["features"]] == list(whole.features)
        for name in whole.features:
            assert_near(feature(made, name), feature(whole, name))


def test_csv_gives_the_same_but_for_the_types_it_cannot_tell(table, tmp_path):
    table = table.drop(columns="day")
    table.to_csv(tmp_path / "t.csv", index=False)
    one, other = monitor.baseline(tmp_path / "t.csv"), monitor.baseline(table)
    assert one.constraints == other.constraints


def test_merging_leaves_the_parts_as_they_were(table):
    for mode in ("exact", "sketch"):
        a, b = (monitor.profile(part, mode=mode) for part in (table[:600], table[600:]))
        before = pickle.dumps(a.columns["amount"].distribution().values)
        merged = monitor.merge([a, b])
        assert (merged.rows, a.rows, a.columns["country"].present) == (1000, 600, 600)
        assert pickle.dumps(a.columns["amount"].distribution().values) == before
        assert (
            monitor.baseline(monitor.merge([a])).statistics
            == monitor.baseline(a).statistics
        )


@given(
    st.lists(st.floats(-1e9, 1e9) | st.just(np.nan), min_size=1, max_size=60),
    st.lists(st.integers(0, 60), max_size=4),
)
def test_moments_do_not_depend_on_the_pieces(values, cuts):
    column = counters.Numbers(exact=True)
    for piece in np.split(np.array(values), sorted(min(c, len(values)) for c in cuts)):
        column.add(pd.Series(piece, dtype=float))
    finite = np.array([v for v in values if not np.isnan(v)])
    assert (column.present, column.missing) == (len(finite), len(values) - len(finite))
    if len(finite):
        scale = np.abs(finite).max() + 1
        assert column.mean == pytest.approx(finite.mean(), abs=1e-9 * scale)
        assert column.std == pytest.approx(finite.std(), abs=1e-6 * scale)


def test_a_profile_survives_the_way_to_another_machine():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=9000), "id": [f"u{i}" for i in range(9000)]})
    there = monitor.profile(pd.concat([frame, frame.assign(id=frame["id"] + "b")]))
    back = pickle.loads(pickle.dumps(there))
    assert monitor.baseline(back).statistics == monitor.baseline(there).statistics


def test_written_and_read_again(table, tmp_path):
    base = monitor.baseline(table)
    base.write(tmp_path)
    again = monitor.read_baseline(tmp_path)
    assert again.statistics == base.statistics
    assert again.constraints == base.constraints
    assert repr(again) == "Baseline of 1,000 rows, 5 features, exact mode"
    batch = table.assign(amount=table["amount"] * 2)
    assert monitor.check(batch, again).table.equals(monitor.check(batch, base).table)


def test_the_callers_table_is_neither_changed_nor_watched(table):
    before = table.copy()
    made = monitor.profile(table, mode="exact")
    assert table.equals(before)
    table.loc[:, "items"] = 0
    assert made.columns["items"].distribution().values.max() == 8


# Types ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], "Integral"),
        ([1.0, None], "Integral"),
        ([1.5, 2], "Fractional"),
        (pd.array([1, None], dtype="Int64"), "Integral"),
        (pd.array([1.5, None], dtype="Float64"), "Fractional"),
        (pd.Series([1.5, 2], dtype="float32"), "Fractional"),
        (["a", None], "String"),
        ([True, False], "String"),
        (pd.array([True, None], dtype="boolean"), "String"),
        (pd.Categorical([1, 2]), "String"),
        (pd.Series([1, "a"], dtype=object), "String"),
        (pd.Series([1, 2.5], dtype=object), "Fractional"),
        ([None, None], "Unknown"),
        ([np.nan, np.nan], "Unknown"),
        (pd.to_datetime(["2025-01-01", None]), "Unknown"),
        (pd.to_timedelta([1, 2], unit="s"), "Unknown"),
        ([b"a", b"b"], "Unknown"),
        ([[1], [2]], "Unknown"),
        ([1j, 2j], "Unknown"),
    ],
)
def test_inferred_types(values, expected):
    base = monitor.baseline(pd.DataFrame({"x": values}))
    assert base.types == {"x": expected}
    json.dumps(base.statistics, allow_nan=False)
    assert monitor.check(pd.DataFrame({"x": values}), base).ok


def test_types_can_be_said():
    frame = pd.DataFrame({"mcc": [5411, 5812, 5411], "n": ["1", "2", "3.5"]})
    base = monitor.baseline(frame, types={"mcc": "String", "n": "Fractional"})
    assert base.distribution("mcc") == {"5411": 2, "5812": 1}
    assert base.distribution("n").values.tolist() == [1, 2, 3.5]
    with_gaps = pd.DataFrame({"mcc": [5411.0, np.nan], "n": [1, 2]})
    assert base.distribution("mcc").keys() >= set(
        monitor.profile_batch(with_gaps, base).columns["mcc"].counts
    )


def test_a_column_that_is_missing_in_one_part_takes_its_type_from_the_others():
    empty = pd.DataFrame({"x": [None, None], "c": [None, None]})
    full = pd.DataFrame({"x": [1.5, 2], "c": ["a", "b"]})
    for parts in ([empty, full], [full, empty], [empty, empty, full]):
        base = monitor.baseline(monitor.merge([monitor.profile(part) for part in parts]))
        assert base.types == {"x": "Fractional", "c": "String"}
        assert feature(base, "c")["string_statistics"]["common"]["num_missing"] == 2 * (
            len(parts) - 1
        )


def test_more_texts_than_a_list_of_categories_has():
    n = 100_000
    base = monitor.baseline(pd.DataFrame({"id": [f"customer {i}" for i in range(n)]}))
    found = feature(base, "id")["string_statistics"]
    assert found["distinct_count"] == pytest.approx(n, rel=0.05)
    assert found["distribution"]["categorical"]["buckets"] == []
    assert "string_constraints" not in base.constraints["features"][0]


# What cannot be a baseline ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"x": []}), "no rows"),
        (pd.DataFrame(), "no columns"),
        (pd.DataFrame({"x": [1, np.inf]}), "infinite values in {'x': 1}"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "'x' more than once"),
        (pd.DataFrame({"x": [1e300, -1e300]}), "overflow"),
    ],
)
@pytest.mark.parametrize("mode", ["sketch", "exact"])
def test_tables_that_cannot_be_a_baseline(frame, message, mode):
    with pytest.raises(ValueError, match=message):
        monitor.baseline(frame, mode=mode)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "fast"}, "mode is 'fast'"),
        ({"types": {"x": "Number"}}, "Number"),
        ({"comparison_method": "robust"}, "comparison_method is 'robust'"),
        ({"categorical_drift_method": "chi2"}, "categorical_drift_method is 'chi2'"),
        ({"comparison_threshold": 10}, "comparison_threshold is 10, expected 0 to 1"),
        ({"domain_content_threshold": -1}, "domain_content_threshold is -1"),
    ],
)
def test_options_that_are_wrong(options, message):
    with pytest.raises(ValueError, match=message):
        monitor.baseline(pd.DataFrame({"x": [1, 2]}), **options)


def test_files_that_do_not_fit_together(tmp_path):
    pd.DataFrame({"x": [1, 2]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"y": [1, 2]}).to_parquet(tmp_path / "b.parquet")
    pd.DataFrame({"x": ["a", "b"]}).to_parquet(tmp_path / "c.parquet")
    a, b, c = (tmp_path / f"{name}.parquet" for name in "abc")
    with pytest.raises(
        ValueError, match=r"b\.parquet and .*a\.parquet differ in the columns 'x', 'y'"
    ):
        monitor.baseline([a, b])
    with pytest.raises(
        ValueError, match="'x' holds numbers in one part and texts in another"
    ):
        monitor.baseline([a, c])
    with pytest.raises(ValueError, match="'x' holds"):
        monitor.merge([monitor.profile(a), monitor.profile(c)])
    with pytest.raises(ValueError, match="differ in the columns"):
        monitor.merge([monitor.profile(a), monitor.profile(b)])
    with pytest.raises(ValueError, match="modes exact and sketch"):
        monitor.merge([monitor.profile(a, mode="exact"), monitor.profile(a)])
    with pytest.raises(ValueError, match="no parts"):
        monitor.merge([])
    assert monitor.baseline([a, c], types={"x": "String"}).types == {"x": "String"}


@pytest.mark.parametrize("content", [b"", b"not parquet", b"PAR1" + bytes(50), bytes(9)])
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_files_that_cannot_be_read(tmp_path, content, suffix):
    file = tmp_path / f"bad{suffix}"
    file.write_bytes(content)
    if suffix == ".csv" and content == b"not parquet":
        content = b'a,b\n1,"2'
        file.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.|no rows"):
        monitor.baseline(file)


def test_a_parquet_file_that_was_cut_in_half(tmp_path):
    whole = tmp_path / "whole.parquet"
    pd.DataFrame({"x": np.arange(10_000.0)}).to_parquet(whole)
    half = tmp_path / "half.parquet"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"half\.parquet could not be read as Parquet"):
        monitor.baseline([whole, half])
    middle = bytearray(whole.read_bytes())
    middle[40:400] = bytes(360)
    half.write_bytes(middle)
    with pytest.raises(ValueError, match=r"half\.parquet could not be read as Parquet"):
        monitor.baseline(half)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("nothing.parquet", "does not exist"),
        ([], "no files"),
        (5, "expected a DataFrame, a path or a list"),
        ("text.txt", "neither a .parquet nor a .csv"),
        ("empty", "holds no .parquet and no .csv"),
    ],
)
def test_data_that_are_not_there(tmp_path, monkeypatch, data, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=message):
        monitor.baseline(data)


# Baseline files that are broken -------------------------------------------------------------


def broken(name, change):
    """Return a function that spoils one file of a folder."""

    def spoil(folder):
        content = json.loads((folder / name).read_text())
        change(content)
        (folder / name).write_text(json.dumps(content))

    return spoil


def cut(name):
    def spoil(folder):
        text = (folder / name).read_text()
        (folder / name).write_text(text[: len(text) // 2])

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (cut("statistics.json"), "statistics.json is not complete JSON"),
        (cut("constraints.json"), "constraints.json is not complete JSON"),
        (lambda folder: (folder / "constraints.json").unlink(), "does not exist"),
        (
            lambda folder: (folder / "statistics.json").write_bytes(b"\xff\xfe"),
            "not complete JSON",
        ),
        (
            lambda folder: (folder / "statistics.json").write_text("[]"),
            "no list of features",
        ),
        (broken("statistics.json", lambda c: c.update(version=1)), "version 1; expected 0"),
        (
            broken("constraints.json", lambda c: c.pop("version")),
            "version None; expected 0",
        ),
        (
            broken("statistics.json", lambda c: c["features"].pop()),
            "have different features",
        ),
        (broken("statistics.json", lambda c: c["features"].append(1)), "without a name"),
        (
            broken("constraints.json", lambda c: c.pop("monitoring_config")),
            "no 'monitoring_config'",
        ),
        (
            broken("constraints.json", lambda c: c["features"][0].pop("completeness")),
            "no 'completeness'",
        ),
        (
            broken(
                "constraints.json", lambda c: c["features"][0].update(inferred_type="Text")
            ),
            "inferred_type is 'Text'",
        ),
        (
            broken(
                "statistics.json",
                lambda c: c["features"][0]["numerical_statistics"]["distribution"].pop(
                    "kll"
                ),
            ),
            "no 'kll'",
        ),
        (
            broken(
                "statistics.json",
                lambda c: c["features"][0]["numerical_statistics"]["distribution"]["kll"][
                    "sketch"
                ].update(data=[["x"]]),
            ),
            "Model Monitor's schema",
        ),
    ],
)
def test_a_baseline_that_is_broken(table, tmp_path, spoil, message):
    monitor.baseline(table).write(tmp_path)
    spoil(tmp_path)
    with pytest.raises(ValueError, match=message):
        monitor.read_baseline(tmp_path)
