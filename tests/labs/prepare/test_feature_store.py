import pytest

from labs_lib import aws
from labs_lib.labs.prepare.feature_store.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


def by_a_loop(records, moment):
    best = None
    for r in records:
        if max(r["event"], r["written"]) > moment:
            continue
        if best is None or (r["event"], r["written"]) >= (best["event"], best["written"]):
            best = r
    return best["value"] if best and not best["deleted"] else None


def by_sorting(records, moment):
    rows = sorted(records, key=lambda r: (r["event"], r["written"]), reverse=True)
    for r in rows:
        if r["event"] <= moment and r["written"] <= moment:
            return None if r["deleted"] else r["value"]


def test_ex1():
    assert_exercise(lab.ex1, right=[(by_a_loop,), (by_sorting,)], wrong={}, stub=(stub,))


def test_ex1_knows_a_rule_of_the_write_time_by_name():
    def last_written(records, moment):
        seen = [r for r in records if max(r["event"], r["written"]) <= moment]
        newest = max(seen, key=lambda r: r["written"], default=None)
        return newest["value"] if newest and not newest["deleted"] else None

    assert lab.ex1.check(last_written).misconception == "last_written"


def test_ex1_knows_a_forgotten_deletion_by_name():
    def forgotten(records, moment):
        seen = [r for r in records if max(r["event"], r["written"]) <= moment]
        seen.sort(key=lambda r: (r["event"], r["written"]))
        return seen[-1]["value"] if seen else None

    assert lab.ex1.check(forgotten).misconception == "deletion_ignored"


def rounded(served, training):
    return {
        i
        for i in served.keys() | training.keys()
        if i not in served
        or i not in training
        or round(float(served[i])) != round(training[i])
    }


def with_get(served, training):
    numbers = {i: float(text) for i, text in served.items()}
    return {i for i in {*numbers, *training} if numbers.get(i) != training.get(i)}


def by_items(served, training):
    return {
        i for i, _ in {(i, float(t)) for i, t in served.items()} ^ set(training.items())
    }


def test_ex2():
    assert_exercise(lab.ex2, right=[(with_get,), (by_items,)], wrong={}, stub=(stub,))


def test_ex2_refuses_rounding():
    assert lab.ex2.check(rounded).status == "wrong"


def test_the_reserved_columns_are_not_for_us():
    definition = {"FeatureName": "known_at", "FeatureType": "Fractional"}
    record = [{"FeatureName": "known_at", "ValueAsString": "1.5"}]
    assert definition["FeatureName"] not in (
        "write_time",
        "api_invocation_time",
        "is_deleted",
    )
    aws.validate(
        "PutRecord",
        {"FeatureGroupName": "terminals", "Record": record},
        service="sagemaker-featurestore-runtime",
    )
    with pytest.raises(ValueError, match="Record"):
        aws.validate(
            "PutRecord",
            {"FeatureGroupName": "terminals"},
            service="sagemaker-featurestore-runtime",
        )
