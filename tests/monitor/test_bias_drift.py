import numpy as np
import pandas as pd
import pytest

from labs_lib import monitor
from labs_lib.prepare import bias


def table(**metrics):
    """Return a bias table; a metric is its value, or value, low and high."""
    rows = []
    for name, value in metrics.items():
        value, low, high = value if isinstance(value, tuple) else (value, value, value)
        rows.append(("sex", "F", name, value, low, high))
    columns = ["facet", "value_or_threshold", "metric", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize(
    ("before", "now", "violates"),
    [
        (0.2, 0.1, False),
        (0.2, -0.2, False),
        (0.2, -0.3, True),
        (-0.2, 0.25, True),
        (0, 0.01, True),
    ],
)
def test_further_from_zero_than_the_baseline_violates(before, now, violates):
    found = monitor.check_bias(table(DPL=before), table(DPL=now))
    assert found["version"] == "1.0"
    assert bool(found["violations"]) is violates


def test_the_violation():
    (violation,) = monitor.check_bias(table(DPL=0.2), table(DPL=-0.3))["violations"]
    assert violation == {
        "facet": "sex",
        "facet_value": "F",
        "metric_name": "DPL",
        "constraint_check_type": "bias_drift_check",
        "description": "DPL has value -0.3, outside the allowed -0.2 to 0.2.",
    }


@pytest.mark.parametrize(
    ("low", "high", "violates"), [(-0.5, -0.25, True), (-0.5, -0.15, False), (-1, 1, False)]
)
def test_an_interval_violates_if_it_lies_outside_altogether(low, high, violates):
    live = table(DPL=(-0.3, low, high))
    found = monitor.check_bias(table(DPL=0.2), live, rule="interval")
    assert bool(found["violations"]) is violates


def test_di_is_fair_at_one_whatever_the_guide_says():
    before, worse, better = table(DI=0.8), table(DI=0.5), table(DI=0.9)
    assert monitor.check_bias(before, worse)["violations"] == []
    assert monitor.check_bias(before, better)["violations"] != []
    assert monitor.check_bias(before, worse, reading="neutral")["violations"] != []
    assert monitor.check_bias(before, better, reading="neutral")["violations"] == []


def test_values_that_are_not_there_or_infinite():
    nothing, infinite = table(DI=np.nan), table(DI=np.inf)
    assert monitor.check_bias(nothing, table(DI=5))["violations"] == []
    assert (
        "cannot be checked"
        in (monitor.check_bias(table(DI=1), nothing)["violations"][0]["description"])
    )
    assert monitor.check_bias(table(DI=1), infinite)["violations"] != []
    assert monitor.check_bias(infinite, infinite)["violations"] == []


def test_with_the_bias_engine():
    rng = np.random.default_rng(0)

    def people(share):
        sex = rng.choice(["F", "M"], 2000)
        hired = rng.random(2000) < np.where(sex == "M", 0.5, share)
        return pd.DataFrame({"sex": sex, "hired": hired.astype(int)})

    def report(share):
        return bias.report(
            people(share), label="hired", positive=1, facets={"sex": "F"}, repeats=200
        ).table

    before, worse = report(0.45), report(0.2)
    names = {
        v["metric_name"]
        for v in monitor.check_bias(before, worse, rule="interval")["violations"]
    }
    assert {"DPL", "KS", "TVD"} <= names
    assert "CI" not in names


@pytest.mark.parametrize(
    ("before", "now", "options", "message"),
    [
        (table(DPL=1).drop(columns="facet"), table(DPL=1), {}, "baseline has no column"),
        (
            table(DPL=1),
            table(DPL=1).drop(columns="low"),
            {"rule": "interval"},
            "with repeats",
        ),
        (table(DPL=1), table(CI=1), {}, "live lacks"),
        (pd.concat([table(DPL=1)] * 2), table(DPL=1), {}, "more than once"),
        (table(DPL=1), table(DPL=1), {"rule": "no"}, "rule is 'no'"),
        (table(DPL=1), table(DPL=1), {"reading": "no"}, "reading is 'no'"),
    ],
)
def test_what_is_wrong(before, now, options, message):
    with pytest.raises(ValueError, match=message):
        monitor.check_bias(before, now, **options)


@pytest.mark.parametrize("written", [str, float, object])
def test_facet_values_that_went_through_a_file(written):
    before = table(DPL=0.2).assign(value_or_threshold=1)
    now = (
        table(DPL=0.1).assign(value_or_threshold=1).astype({"value_or_threshold": written})
    )
    assert monitor.check_bias(before, now)["violations"] == []
