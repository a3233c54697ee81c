"""Each violation on its own, constraints that somebody edited, batches that are broken."""

import copy
import json
import math

import numpy as np
import pandas as pd
import pytest

from labs_lib import monitor
from labs_lib.monitor import counters, distances, pages


def make(rows=2000, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount": rng.lognormal(3, 1, rows),
            "items": rng.integers(0, 9, rows),
            "country": rng.choice(["DE", "FR", "IT"], rows, p=[0.5, 0.3, 0.2]),
            "known": rng.random(rows) < 0.3,
        }
    )


@pytest.fixture(scope="module")
def base():
    return monitor.baseline(make(), mode="exact")


@pytest.fixture
def batch():
    return make(1500, seed=1)


def kinds(check):
    return {(v["feature_name"], v["constraint_check_type"]) for v in check.violations}


def checked(batch, base, **options):
    """Check the batch in both modes; they agree."""
    found = monitor.check(batch, base, mode="exact", **options)
    assert kinds(monitor.check(batch, base, **options)) == kinds(found)
    return found


def test_nothing_moved(base, batch):
    found = checked(batch, base)
    assert found.ok
    assert found.violations == []
    assert json.loads(found.to_json()) == {"violations": []}
    assert found.table["feature"].tolist() == ["amount", "items", "country", "known"]
    assert (found.table["note"] == "").all()
    assert not found.table["drifted"].any()
    assert (found.table["present"] == 1).all()


def test_the_table_holds_the_distances(base, batch):
    table = monitor.check(batch, base, mode="exact").table.set_index("feature")
    a = counters.Numbers(exact=True)
    a.add(batch["amount"])
    before, now = base.distribution("amount"), a.distribution()
    row = table.loc["amount"]
    simple = distances.simple(before, now)
    assert row["simple"] == simple
    assert row["distance"] == distances.robust(simple, 2000, 1500)
    assert row["p_value"] == distances.p_value(before, now)
    assert row["psi"] == distances.psi(before, now)
    assert row["jensen_shannon"] == distances.jensen_shannon(before, now)
    spread = make()["amount"].std(ddof=0)
    assert row["wasserstein"] == pytest.approx(distances.wasserstein(before, now) / spread)
    assert math.isnan(table.loc["country", "wasserstein"])
    expected = monitor.adjust(table["p_value"])
    assert table["p_adjusted"].tolist() == expected.tolist()


def test_windows_and_correction_reach_the_p_values(base, batch):
    one, many, weak = (
        monitor.check(batch, base, mode="exact", **options).table
        for options in ({}, {"windows": 24}, {"correction": "benjamini-hochberg"})
    )
    assert (many["p_adjusted"] >= one["p_adjusted"]).all()
    assert (weak["p_adjusted"] <= one["p_adjusted"]).all()
    with pytest.raises(ValueError, match="windows is 0"):
        monitor.check(batch, base, windows=0)
    with pytest.raises(ValueError, match="method is 'none'"):
        monitor.check(batch, base, correction="none")


def test_numbers_that_drifted(base, batch):
    found = checked(batch.assign(amount=batch["amount"] * 1.6), base)
    assert kinds(found) == {("amount", "baseline_drift_check")}
    text = found.violations[0]["description"]
    assert text.startswith("Robust distance: 0.1")
    assert (
        "exceeds the threshold: 0.1 (2,000 rows in the baseline, 1,500 in the batch)"
        in text
    )


def test_categories_that_drifted(base, batch):
    moved = batch.assign(country=np.where(batch["items"] < 5, "IT", batch["country"]))
    assert kinds(checked(moved, base)) == {("country", "baseline_drift_check")}
    moved = batch.assign(known=True)
    assert kinds(checked(moved, base)) == {("known", "baseline_drift_check")}


def test_few_rows_simple_cries_wolf_and_robust_does_not(batch):
    few = batch.head(60)
    simple = monitor.baseline(make(60, seed=7), comparison_method="Simple")
    robust = monitor.baseline(make(60, seed=7), comparison_method="Robust")
    assert {kind for _, kind in kinds(monitor.check(few, simple))} == {
        "baseline_drift_check"
    }
    assert monitor.check(few, robust).ok


def test_a_column_that_became_text(base, batch):
    broken = batch.assign(amount="?")
    found = checked(broken, base)
    assert kinds(found) == {("amount", "data_type_check")}
    assert "100.00% of the values are not Fractional" in found.violations[0]["description"]
    note = found.table.set_index("feature").loc["amount", "note"]
    assert note == "No values in the batch that could be compared."


def test_numbers_written_as_text_are_numbers(base, batch):
    assert checked(batch.astype({"amount": str, "items": object}), base).ok


def test_a_share_of_wrong_values_is_let_pass_up_to_the_threshold(base, batch):
    for share, violates in ((0.05, False), (0.1, False), (0.15, True)):
        values = batch["amount"].astype(object)
        values[: round(share * len(batch))] = "?"
        found = checked(batch.assign(amount=values), base)
        assert (("amount", "data_type_check") in kinds(found)) is violates


def test_whole_numbers_that_became_fractions(base, batch):
    found = kinds(checked(batch.assign(items=batch["items"] + 0.5), base))
    assert ("items", "data_type_check") in found


def test_numbers_where_texts_were(base, batch):
    found = kinds(checked(batch.assign(country=7), base))
    assert {
        ("country", "data_type_check"),
        ("country", "categorical_values_check"),
    } <= found


def test_dates_where_numbers_were(base, batch):
    found = checked(batch.assign(amount=pd.Timestamp("2025-01-01")), base)
    assert kinds(found) == {("amount", "data_type_check")}


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_values_violate_however_few(base, batch, value):
    batch.loc[3, "amount"] = value
    found = checked(batch, base)
    assert kinds(found) == {("amount", "data_type_check")}
    assert "1 of 1,500 values are infinite" in found.violations[0]["description"]
    assert math.isfinite(found.table.loc[0, "wasserstein"])
    json.dumps(found.statistics, allow_nan=False)


def test_values_too_large_to_be_squared_are_checked_all_the_same(base, batch):
    batch.loc[:1, "amount"] = [1e300, -1e300]
    batch["items"] = 1e308
    found = checked(batch, base)
    assert kinds(found) == {("items", "baseline_drift_check")}
    text = json.dumps(found.statistics, allow_nan=False)
    assert json.loads(text)["features"][0]["numerical_statistics"]["std_dev"] is None
    assert "<img" in pages.report(found, base)


def test_missing_values(base, batch):
    batch.loc[:29, "amount"] = np.nan
    batch.loc[:149, "country"] = None
    found = checked(batch, base)
    assert kinds(found) == {
        ("amount", "completeness_check"),
        ("country", "completeness_check"),
    }
    assert found.violations[0]["description"] == (
        "98.00% of the rows have a value; the constraint is 100.00%."
    )


def test_model_monitors_own_rule_lets_no_missing_value_pass(batch):
    batch.loc[:2, "amount"] = np.nan
    strict = monitor.baseline(make(), mode="exact", share_method="Simple")
    assert kinds(checked(batch, strict)) == {("amount", "completeness_check")}
    assert checked(batch, monitor.baseline(make(), mode="exact")).ok
    one = make(100_000, seed=3)
    one.loc[0, "items"] = None
    text = checked(one, strict).violations[0]["description"]
    assert text.startswith("99.9990% of the rows"), "never rounded to the constraint itself"
    # Files of Model Monitor, and those that were made before, do not have the key.
    constraints = copy.deepcopy(strict.constraints)
    del constraints["monitoring_config"]["share_method"]
    old = monitor.Baseline(strict.statistics, constraints)
    assert kinds(checked(batch, old)) == {("amount", "completeness_check")}


def test_the_rule_can_be_that_of_one_column(base, batch):
    batch.loc[:2, "amount"] = np.nan
    batch.loc[:2, "items"] = np.nan
    found = checked(batch, edited(base, items__share_method="Simple"))
    assert kinds(found) == {("items", "completeness_check")}


def test_the_same_words_for_a_missing_number_in_text(base, batch):
    found = checked(batch.assign(amount="NA"), base)
    assert kinds(found) == {("amount", "completeness_check")}


@pytest.mark.parametrize("negative", [1, 40])
def test_numbers_below_zero(base, batch, negative):
    batch.loc[: negative - 1, "amount"] = -1.5
    few = negative < 10
    expected = set() if few else {("amount", "non_negative_check")}
    assert kinds(checked(batch, base)) == expected
    strict = edited(base, share_method="Simple")
    found = checked(batch, strict)
    assert kinds(found) == {("amount", "non_negative_check")}
    text = f"{negative} of 1,500 numbers are below 0, the lowest is -1.5; none is allowed."
    assert found.violations[0]["description"] == text
    constraints = copy.deepcopy(strict.constraints)
    constraints["features"][0]["num_constraints"]["is_non_negative"] = False
    assert checked(batch, monitor.Baseline(base.statistics, constraints)).ok


def test_completeness_can_be_said(batch):
    loose = monitor.baseline(make(), completeness=0.9, share_method="Simple")
    batch.loc[:99, "amount"] = np.nan
    assert checked(batch, loose).ok
    batch.loc[:199, "amount"] = np.nan
    assert kinds(checked(batch, loose)) == {("amount", "completeness_check")}


def test_a_new_category_below_the_threshold_is_noted(base, batch):
    batch.loc[:20, "country"] = "tickets"
    found = checked(batch, base)
    assert found.ok
    note = found.table.set_index("feature").loc["country", "note"]
    assert note.startswith("21 rows: 1.40% of the values are none of the 3 known ones")
    assert "'tickets'; 10.00% are allowed." in note


def test_columns_that_are_ignored(batch):
    frame = make().assign(id=np.arange(2000))
    base = monitor.baseline(frame, ignore=["id"])
    for now in (batch.assign(id="x"), batch.assign(id=np.inf), batch):
        found = checked(now, base)
        assert found.ok
        assert "id" not in found.table["feature"].tolist()


def test_whole_numbers_that_float64_cannot_tell_apart(batch):
    frame = pd.DataFrame({"id": [2**53, 2**53 + 1] * 500})
    found = checked(frame, monitor.baseline(frame))
    assert found.ok
    assert "above 2^53 are compared after rounding" in found.table.loc[0, "note"]
    codes = monitor.baseline(frame, types={"id": "String"})
    moved = checked(pd.DataFrame({"id": [2**53] * 900 + [2**53 + 1] * 100}), codes)
    assert kinds(moved) == {("id", "baseline_drift_check")}


def test_all_missing(base, batch):
    found = checked(batch.assign(amount=np.nan, country=None), base)
    assert kinds(found) == {
        ("amount", "completeness_check"),
        ("country", "completeness_check"),
    }
    assert (found.table["note"] != "").tolist() == [True, False, True, False]
    all_gone = pd.DataFrame(index=range(10), columns=batch.columns)
    assert len(kinds(checked(all_gone, base))) == 4


def test_columns_that_are_missing_or_new(base, batch):
    found = checked(batch.drop(columns="items").assign(extra=1, other="x"), base)
    assert kinds(found) == {
        ("items", "missing_column_check"),
        ("extra", "extra_column_check"),
        ("other", "extra_column_check"),
    }
    assert checked(batch[batch.columns[::-1]], base).ok


def test_unknown_categories(base, batch):
    for share, violates in ((0.05, False), (0.1, False), (0.15, True)):
        values = batch["country"].where(np.arange(len(batch)) >= share * len(batch), "XX")
        found = checked(batch.assign(country=values), base)
        assert (("country", "categorical_values_check") in kinds(found)) is violates
    text = [v["description"] for v in found.violations if "known ones" in v["description"]]
    assert "none of the 3 known ones, such as 'XX'" in text[0]


def test_a_list_of_100_000_categories(base):
    rows = 100_000
    batch = make(rows, seed=1)
    batch["country"] = np.where(
        np.arange(rows) < 20_000, "DE", "c" + batch.index.astype(str)
    )
    found = checked(batch, base)
    assert kinds(found) == {
        ("country", "categorical_values_check"),
        ("country", "baseline_drift_check"),
    }
    assert (
        "80.00% of the values are none of the 3 known" in found.violations[0]["description"]
    )
    row = found.table.set_index("feature").loc["country"]
    assert row["simple"] == pytest.approx(
        base.distribution("country")["DE"] / 2000 - 0.2, abs=0.2
    )
    # The other way round there is no list to compare with, and that is said.
    ids = monitor.baseline(batch)
    checked_ids = monitor.check(batch, ids)
    assert checked_ids.ok
    assert (
        "no list of categories"
        in checked_ids.table.set_index("feature").loc["country", "note"]
    )


def test_a_baseline_without_values(batch):
    base = monitor.baseline(batch.assign(amount=np.nan))
    found = monitor.check(batch, base)
    assert found.ok
    assert found.table.loc[0, "note"] == "No values in the baseline to compare with."


def test_a_constant_column():
    base = monitor.baseline(pd.DataFrame({"x": [5.0] * 500, "c": ["a"] * 500}))
    same = monitor.check(pd.DataFrame({"x": [5.0] * 300, "c": ["a"] * 300}), base)
    assert same.ok
    assert same.table["simple"].tolist() == [0, 0]
    moved = monitor.check(pd.DataFrame({"x": [6.0] * 300, "c": ["a"] * 300}), base)
    assert kinds(moved) == {("x", "baseline_drift_check")}


def test_a_batch_of_one_row(base, batch):
    assert {kind for _, kind in kinds(checked(batch.head(1), base))} <= {
        "baseline_drift_check"
    }


def test_no_rows(base, batch):
    with pytest.raises(ValueError, match="the batch has no rows"):
        monitor.check(batch.head(0), base)


# Constraints that somebody edited -----------------------------------------------------------


def edited(base, **changes):
    """Return the baseline with changed settings, of all features or of one."""
    constraints = copy.deepcopy(base.constraints)
    for path, value in changes.items():
        *where, last = path.split("__")
        place = constraints["monitoring_config"]
        if where and where[0] in base.features:
            name = where.pop(0)
            feature = next(f for f in constraints["features"] if f["name"] == name)
            place = feature["monitoringConfigOverrides"]
        for key in where:
            place = place.setdefault(key, {})
        place[last] = value
    return monitor.Baseline(base.statistics, constraints)


def test_thresholds_decide(base, batch):
    moved = batch.assign(amount=batch["amount"] * 1.6)
    loose = edited(base, distribution_constraints__comparison_threshold=0.5)
    assert monitor.check(moved, loose).ok
    only_items = edited(base, items__distribution_constraints__comparison_threshold=0.5)
    assert not monitor.check(moved, only_items).ok
    only_amount = edited(base, amount__distribution_constraints__comparison_threshold=0.5)
    assert monitor.check(moved, only_amount).ok


def test_simple_and_robust(base, batch):
    simple = edited(base, distribution_constraints__comparison_method="Simple")
    row = monitor.check(batch, simple).table.loc[0]
    assert row["distance"] == row["simple"] > 0


def test_chi_square_compares_its_p_value(base, batch):
    by_p = edited(
        base,
        distribution_constraints__categorical_drift_method="ChiSquared",
        distribution_constraints__categorical_comparison_threshold=0.01,
    )
    found = monitor.check(batch, by_p)
    row = found.table.set_index("feature").loc["country"]
    counts = batch["country"].value_counts().to_dict()
    assert row["distance"] == distances.chi_square(base.distribution("country"), counts)[1]
    assert found.ok
    moved = batch.assign(country=np.where(batch.index < 150, "IT", batch["country"]))
    found = monitor.check(moved, by_p)
    assert kinds(found) == {("country", "baseline_drift_check")}
    assert "Chi-square p-value" in found.violations[0]["description"]
    assert monitor.check(moved, base).ok, "LInfinity lets so small a shift pass"


def test_checks_can_be_turned_off(base, batch):
    bad = batch.assign(amount="?", items=99)
    off = edited(base, amount__evaluate_constraints="Disabled")
    assert kinds(monitor.check(bad, off)) == {("items", "baseline_drift_check")}
    off = edited(base, items__distribution_constraints__perform_comparison="Disabled")
    found = monitor.check(bad, off)
    assert kinds(found) == {("amount", "data_type_check")}
    assert found.table.set_index("feature").loc["items", "note"] == (
        "The constraints turn the comparison off."
    )
    assert monitor.check(bad, edited(base, evaluate_constraints="Disabled")).ok


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"distribution_constraints__comparison_threshold": "low"},
            "'low' in monitoring_config",
        ),
        (
            {"items__datatype_check_threshold": 7},
            "datatype_check_threshold is 7 in 'items'",
        ),
        (
            {"distribution_constraints__comparison_method": "robust"},
            "'robust' in monitoring_config",
        ),
        (
            {"evaluate_constraints": "no"},
            "evaluate_constraints is 'no' in monitoring_config",
        ),
    ],
)
def test_constraints_that_make_no_sense(base, batch, change, message):
    with pytest.raises(ValueError, match=message):
        monitor.check(batch, edited(base, **change))


def test_a_type_that_was_edited(base, batch):
    constraints = copy.deepcopy(base.constraints)
    constraints["features"][1]["inferred_type"] = "String"
    found = monitor.check(batch, monitor.Baseline(base.statistics, constraints))
    note = found.table.set_index("feature").loc["items", "note"]
    assert "The constraints say String, which the statistics are not" in note


def test_a_category_that_was_added_by_hand(base, batch):
    batch = batch.assign(country=np.where(batch.index < 200, "XX", batch["country"]))
    assert ("country", "categorical_values_check") in kinds(checked(batch, base))
    constraints = copy.deepcopy(base.constraints)
    constraints["features"][2]["string_constraints"]["domains"].append("XX")
    known = monitor.Baseline(base.statistics, constraints)
    assert ("country", "categorical_values_check") not in kinds(checked(batch, known))


def test_a_profile_that_was_made_without_the_baseline(base, batch):
    with pytest.raises(ValueError, match="'amount' was not profiled as Fractional"):
        monitor.check(monitor.profile(batch), base)


# Output -----------------------------------------------------------------------------------


def test_written(base, batch, tmp_path):
    found = monitor.check(batch.drop(columns="items"), base)
    found.write(tmp_path / "out")
    content = json.loads((tmp_path / "out" / "constraint_violations.json").read_text())
    assert content == {"violations": found.violations}
    assert content["violations"][0].keys() == {
        "feature_name",
        "constraint_check_type",
        "description",
    }
    statistics = json.loads((tmp_path / "out" / "statistics.json").read_text())
    assert statistics["dataset"] == {"item_count": 1500}
    assert "<table" in found._repr_html_()
    assert "amount" in repr(found)


def test_files_and_profiles_of_parts_are_as_good_as_a_table(base, batch, tmp_path):
    batch = batch.assign(country="XX", extra=1)
    whole = monitor.check(batch, base, mode="exact")
    files = [tmp_path / f"{i}.parquet" for i in range(3)]
    for i, file in enumerate(files):
        batch[i::3].to_parquet(file)
    parts = [monitor.profile_batch(file, base, mode="exact") for file in files]
    for found in (
        monitor.check(files, base, mode="exact"),
        monitor.check(monitor.merge(parts), base),
    ):
        assert found.violations == whole.violations
        pd.testing.assert_frame_equal(found.table, whole.table)


def test_the_batch_is_not_changed(base, batch):
    before = batch.copy()
    monitor.check(batch, base, mode="exact")
    assert batch.equals(before)
