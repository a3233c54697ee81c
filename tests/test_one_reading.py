"""One reading of a column: the engines agree on what is in it, but for rules that have a name.

The names are those of the table in `labs_lib.columns`; each difference is written down here
as what the engine makes of the reading, or as the words with which it refuses a column.
"""

import datetime as dt
from collections import Counter
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labs_lib import columns, monitor
from labs_lib.prepare import bias, quality
from labs_lib.prepare.quality.columns import to_numbers
from labs_lib.prepare.recipe import Recipe, action
from labs_lib.train import explain

ROWS = 10  # so many different values are the most that a quality report lists

WORDS = [
    "a",
    "B",
    "007",
    "7",
    "7.0",
    "1e3",
    "NA",
    "None",
    "True",
    "x,y",
    " ",
    "",
    "inf",
    "-",
]
texts = st.sampled_from(WORDS)
whole = st.integers(-5, 5) | st.sampled_from([2**53 + 1, -(2**62), 5411])
small = st.integers(-5, 5)
decimals = st.sampled_from([0.1, -2.5, 1e-300, 1e16, 0.0, -0.0, 3.0, 2.0**62, np.inf])
times = st.datetimes(dt.datetime(1999, 1, 1), dt.datetime(2030, 1, 1))
durations = st.integers(0, 10**6).map(lambda s: pd.Timedelta(seconds=s))
exact = st.decimals(-9, 9, places=2, allow_nan=False) | st.just(Decimal("1E3"))


def column_of(values, *kinds, gaps=True):
    """A column of such values in one of the dtypes."""
    element = values | st.none() if gaps else values
    drawn = st.tuples(
        st.lists(element, min_size=ROWS, max_size=ROWS), st.sampled_from(kinds)
    )
    return drawn.map(lambda pair: pd.Series(pair[0], dtype=object).astype(pair[1]))


arrow = pd.ArrowDtype
every_column = st.one_of(
    column_of(whole, "Int64", arrow(pa.int64()), "category", object),
    column_of(small, "int8", "int64", "float32", gaps=False),
    column_of(small, "Int16", "Float32", arrow(pa.int32()), "float64"),
    column_of(decimals, "float64", "Float64", arrow(pa.float64()), object, "category"),
    column_of(decimals, "float32", gaps=False),
    column_of(st.booleans(), "boolean", arrow(pa.bool_()), object, "category"),
    column_of(st.booleans(), "bool", gaps=False),
    column_of(texts, "str", "string", arrow(pa.string()), object, "category"),
    column_of(exact, object),
    column_of(st.one_of(whole, texts, st.booleans(), exact), object),
    column_of(st.one_of(small, st.sampled_from([0.5, 1.0])), object),
    column_of(times, "datetime64[us]", object),
    column_of(times.map(dt.datetime.date), object),
    column_of(durations, "timedelta64[s]", object),
    column_of(small, object).map(lambda s: pd.cut(s.astype("float64"), [-9, 0, 9])),
    column_of(st.binary(max_size=2), object),
    column_of(st.sampled_from([1j, 2 + 0j]), "complex128", gaps=False),
    column_of(
        st.sampled_from([pd.Period("2025-01", "M"), pd.Period("2025-02", "M")]), object
    ),
    column_of(st.none(), object, "float64", "str"),
)


def numbers_of(values):
    return sorted(np.asarray(values, dtype=float)[np.isfinite(values)].tolist())


def refused(call, *reasons):
    """Return what a call gives, or None if it refuses the column for one of the reasons."""
    try:
        return call()
    except ValueError as error:
        if not any(reason in str(error) for reason in reasons):
            raise
        return None


@given(every_column)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
def test_the_monitor(values):
    column, frame = columns.read(values), pd.DataFrame({"x": values})
    found = monitor.profile(frame, mode="exact").columns["x"]
    assert (found.present, found.missing) == (column.present, int(column.missing.sum()))
    as_texts = monitor.profile(frame, types={"x": "String"}).columns["x"]
    assert as_texts.counts == dict(
        sorted(column.counts.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    assert as_texts.distinct == len(column.counts)
    if column.kind == "duration":
        return  # Model Monitor's types: only presence counts
    as_numbers = monitor.profile(frame, types={"x": "Fractional"}, mode="exact").columns[
        "x"
    ]
    kept = as_numbers.distribution()
    # In a file, truth values are words.
    words = [
        float(word == "True")
        for word, number in zip(column.texts, column.numbers, strict=True)
        if np.isnan(number) and word in ("True", "False")
    ]
    expected = numbers_of([*column.numbers, *words])
    assert ([] if kept is None else kept.values.tolist()) == expected


@given(every_column)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
def test_the_quality_report(values):
    column = columns.read(values)
    profile = quality.report(pd.DataFrame({"x": values})).profiles[0]
    assert profile.null + profile.empty == column.missing.sum()
    # Data Wrangler's rule: a blank text is missing.
    blank = {name: n for name, n in column.counts.items() if not name.strip()}
    assert profile.blank == sum(blank.values())
    counts = {name: n for name, n in column.counts.items() if name not in blank}
    assert profile.distinct == len(counts)
    assert numbers_of(to_numbers(values)) == numbers_of(column.numbers)
    listed = dict(profile.top)
    if not all(isinstance(value, str) for value in listed):
        there = Counter(column.numbers[~column.missing].tolist())
        assert {float(value): n for value, n in listed.items()} == there
    elif column.kind != "date":  # listed without a time of day where none has one
        assert listed == counts


@given(every_column)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
def test_the_bias_report(values):
    column = columns.read(values)
    frame = pd.DataFrame({"x": values, "y": np.arange(ROWS) % 2})
    what = {"label": "y", "positive": 1, "methods": ["CI"]}
    # Clarify's rules: a value in every row, all of one type.
    reasons = ("is missing in", "of several types", "is infinite in", "distinct values")
    try:
        found = bias.report(frame, facets={"x": None}, **what).table
    except ValueError as error:
        message = str(error)
        assert any(reason in message for reason in reasons), message
        missing = int(column.missing.sum())
        assert (f"missing in {missing:,} of" in message) == (missing > 0)
        if "distinct values" in message:
            assert f"has {len(column.counts)} distinct" in message
        return
    members = dict(zip(found["value_or_threshold"], found["members"], strict=True))
    assert members == column.counts


@given(every_column)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
def test_a_recipe(values):
    column, frame = columns.read(values), pd.DataFrame({"x": values})

    def run(operation, **parameters):
        step = action(operation, sourceColumn="x", **parameters)
        return Recipe([step]).fit_transform(frame)

    flags = run("FLAG_COLUMN_FROM_NULL", targetColumn="none")["none"]
    assert flags.tolist() == column.missing.tolist()
    # DataBrew's rule: dates, durations and infinite numbers are neither texts nor numbers.
    reasons = ("expected text or", "infinite values")
    written = refused(lambda: run("CHANGE_DATA_TYPE", columnDataType="string"), *reasons)
    if written is not None:
        found = [text if isinstance(text, str) else None for text in written["x"]]
        assert found == column.texts.tolist()
        again = run("CHANGE_DATA_TYPE", columnDataType="double")["x"]
        assert numbers_of(again) == numbers_of(column.numbers)
    if column.kind in ("date", "duration"):
        assert written is None


@given(every_column)
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
def test_an_analysis(values):
    column, frame = columns.read(values), pd.DataFrame({"x": values})

    def model(table):
        return np.zeros(len(table))

    def run():
        return explain.analyze(
            model, frame, baseline=frame[:1], num_samples=1, pdp_features=["x"]
        ).pdp[0]

    found = refused(run, "infinite values")
    if found is None:
        assert np.isinf(column.numbers).any()
    elif not column.present:
        assert "missing values only" in found["error"]
    elif column.kind == "number":
        assert found["data_type"] == "numerical"
        assert sum(found["data_distribution"]) == pytest.approx(1)
    else:
        # Clarify's rule: a truth value is a category.
        assert found["data_type"] == "categorical"
        rows = np.array(found["data_distribution"]) * column.present
        if column.kind != "text":
            assert len(rows) == len(column.counts)
            assert sorted(rows.round(6)) == sorted(column.counts.values())
