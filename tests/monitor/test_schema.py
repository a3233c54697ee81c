"""Files that people edit: whatever a hand can break gets a clear error, and nothing else."""

import copy
import json
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib import monitor

rng = np.random.default_rng(0)
FRAME = pd.DataFrame({"x": rng.normal(size=300), "c": rng.choice(["a", "b"], 300)})
BASE = monitor.baseline(FRAME)


def edit(content, path, value):
    """Return a content with another value at a path."""
    content = copy.deepcopy(content)
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return content


def written(folder, statistics=None, constraints=None, encoding="utf-8"):
    BASE.write(folder)
    for name, content in (("statistics", statistics), ("constraints", constraints)):
        if content is not None:
            file = folder / f"{name}.json"
            id = json.loads(file.read_text(encoding="utf-8"))["id"]
            file.write_text(json.dumps(content | {"id": id}), encoding=encoding)
    return folder


CONFIG = ("monitoring_config",)
OWN = ("features", 0, "monitoringConfigOverrides")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (OWN, None, "monitoringConfigOverrides is None in 'x'"),
        (
            OWN,
            {"distribution_constraints": None},
            "distribution_constraints is None in 'x'",
        ),
        (OWN, {"evaluate_constraint": "Disabled"}, "Is 'evaluate_constraints' meant"),
        (
            OWN,
            {"distribution_constraints": {"comparision_threshold": 0.2}},
            "Is 'comparison_threshold' meant",
        ),
        (OWN, {"share_method": "robust"}, "share_method is 'robust' in 'x'"),
        ((*CONFIG, "datatype_check_threshold"), True, "datatype_check_threshold is True"),
        ((*CONFIG, "domain_content_threshold"), "0.1", "domain_content_threshold is '0.1'"),
        ((*CONFIG, "distribution_constraints"), [], r"distribution_constraints is \[\]"),
        ((*CONFIG, "monitor"), 1, "unknown key 'monitor'"),
        (CONFIG, None, "monitoring_config is None"),
        (("features", 0, "completeness"), True, "completeness is True in 'x'"),
        (("features", 0, "completeness"), float("nan"), "completeness is nan in 'x'"),
        (("features", 0, "completness"), 0.5, "Is 'completeness' meant"),
        (("features", 0, "num_constraints"), None, "num_constraints is None"),
        (
            ("features", 0, "num_constraints"),
            {"is_non_negative": "yes"},
            "is_non_negative is 'yes'",
        ),
        (("features", 1, "string_constraints"), {"domains": "a"}, "domains is 'a' in 'c'"),
        (("features", 1, "string_constraints"), {"domains": [1]}, "domains is 1 in 'c'"),
        (("features", 1, "name"), "x", "two features 'x'"),
        (("features", 1, "name"), None, "without a name"),
    ],
)
def test_constraints_that_a_hand_has_broken(tmp_path, path, value, message):
    constraints = edit(BASE.constraints, path, value)
    with pytest.raises(ValueError, match=message) as caught:
        monitor.read_baseline(written(tmp_path, constraints=constraints))
    assert "constraints.json is not in Model Monitor's schema" in str(caught.value)
    with pytest.raises(ValueError, match=message):
        monitor.check(FRAME, monitor.Baseline(BASE.statistics, constraints))


KLL = ("features", 0, "numerical_statistics", "distribution", "kll", "sketch")
BUCKETS = ("features", 1, "string_statistics", "distribution", "categorical", "buckets")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("dataset",), {}, "the dataset has no 'item_count'"),
        (("dataset", "item_count"), "300", "item_count is '300'"),
        (("features", 0, "inferred_type"), None, "inferred_type is None in 'x'"),
        (
            ("features", 0, "numerical_statistics", "common", "num_present"),
            "300",
            "num_present is '300' in 'x'",
        ),
        (("features", 0, "numerical_statistics", "std_dev"), "1", "std_dev is '1' in 'x'"),
        ((*KLL, "data"), [[1, None]], "not all numbers"),
        ((*KLL, "data"), [[1, True]], "not all numbers"),
        ((*KLL, "parameters", "k"), 2.5, "k is 2.5"),
        (BUCKETS, [{"value": "a", "count": "1"}], "count is '1' in 'c'"),
        (BUCKETS, [{"value": 1, "count": 1}], "value is 1 in 'c'"),
        (BUCKETS, [7], "bucket is 7 in 'c'"),
    ],
)
def test_statistics_that_a_hand_has_broken(tmp_path, path, value, message):
    statistics = edit(BASE.statistics, path, value)
    with pytest.raises(ValueError, match=message):
        monitor.read_baseline(written(tmp_path, statistics=statistics))


def test_a_deviation_that_is_null_and_a_byte_order_mark_are_no_faults(tmp_path):
    path = ("features", 0, "numerical_statistics", "std_dev")
    folder = written(
        tmp_path,
        statistics=edit(BASE.statistics, path, None),
        constraints=BASE.constraints,
        encoding="utf-8-sig",
    )
    found = monitor.check(FRAME, monitor.read_baseline(folder))
    assert found.ok
    assert np.isnan(found.table.loc[0, "wasserstein"])


def test_two_files_that_were_not_written_together(tmp_path):
    BASE.write(tmp_path / "a")
    monitor.baseline(FRAME * 2).write(tmp_path / "b")
    (tmp_path / "b" / "constraints.json").replace(tmp_path / "a" / "constraints.json")
    with pytest.raises(ValueError, match="were not written together"):
        monitor.read_baseline(tmp_path / "a")


def test_files_that_have_no_id_are_those_of_model_monitor(tmp_path):
    for name, content in (
        ("statistics", BASE.statistics),
        ("constraints", BASE.constraints),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    assert monitor.read_baseline(tmp_path).constraints == BASE.constraints


def places(content, path=()):
    """Yield the path of every value in a content of JSON."""
    if path:
        yield path
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items if isinstance(content, dict | list) else ():
        yield from (
            places(value, (*path, key))
            if isinstance(value, dict | list)
            else [(*path, key)]
        )


ANYTHING = st.sampled_from([None, True, -1, 0, 0.5, 7, "", "x", [], {}, [[]], {"x": 1}])
OF_CONSTRAINTS = sorted(places(BASE.constraints), key=str)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(OF_CONSTRAINTS), ANYTHING), min_size=1, max_size=2)
)
def test_any_edit_gives_a_check_or_a_clear_error(edits):
    constraints = BASE.constraints
    for path, value in edits:
        try:
            constraints = edit(constraints, path, value)
        except (KeyError, IndexError, TypeError):  # the first edit took the place away
            continue
    with suppress(ValueError):  # and no other error
        found = monitor.check(FRAME, monitor.Baseline(BASE.statistics, constraints))
        assert set(found.table["feature"]) <= {"x", "c"}


def test_a_count_that_is_no_number_of_64_bits_is_refused(tmp_path):
    monitor.baseline(pd.DataFrame({"kind": ["a", "b"] * 50})).write(tmp_path)
    file = tmp_path / "statistics.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    spread = content["features"][0]["string_statistics"]["distribution"]
    spread["categorical"]["buckets"][0]["count"] = 10**30
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=r"count is 10+ in .*at most 2\*\*53"):
        monitor.read_baseline(tmp_path)
