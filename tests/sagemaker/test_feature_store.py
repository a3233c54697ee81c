"""Feature Store: the rule of the event time online, all records offline."""

import contextlib
import io
import time
import uuid

import pandas as pd
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labs_lib import sagemaker
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.feature_store import FLUSH, event_time

from .conftest import ONCE

KINDS = {"id": "String", "at": "Fractional", "amount": "Fractional", "count": "Integral"}


class Store:
    """A feature group on a SageMaker whose clock moves only when it is stepped."""

    def __init__(self, local, name="cards", **options):
        self.local, self.name = local, name
        self.client = local.client("sagemaker", config=ONCE)
        self.runtime = local.client("sagemaker-featurestore-runtime", config=ONCE)
        self.s3 = local.client("s3", config=ONCE)
        with contextlib.suppress(self.s3.exceptions.BucketAlreadyOwnedByYou):
            self.s3.create_bucket(Bucket=local.bucket)
        request = {
            "FeatureGroupName": name,
            "RecordIdentifierFeatureName": "id",
            "EventTimeFeatureName": "at",
            "FeatureDefinitions": definitions(KINDS),
            "OnlineStoreConfig": {"EnableOnlineStore": True},
            "OfflineStoreConfig": {
                "S3StorageConfig": {"S3Uri": f"s3://{local.bucket}/store"}
            },
            "RoleArn": local.role,
        }
        self.client.create_feature_group(**request | options)

    def put(self, id="a", at=1, *, ttl=None, stores=None, **features):
        values = {"id": id, "at": at, **features}
        record = [
            {"FeatureName": name, "ValueAsString": str(value)}
            for name, value in values.items()
        ]
        options = {"TtlDuration": ttl, "TargetStores": stores}
        self.runtime.put_record(
            FeatureGroupName=self.name,
            Record=record,
            **{key: value for key, value in options.items() if value},
        )

    def get(self, id="a", **options):
        found = self.runtime.get_record(
            FeatureGroupName=self.name, RecordIdentifierValueAsString=id, **options
        )
        if "Record" not in found:
            return None
        return {item["FeatureName"]: item["ValueAsString"] for item in found["Record"]}

    def delete(self, id="a", at=1, mode="SoftDelete"):
        self.runtime.delete_record(
            FeatureGroupName=self.name,
            RecordIdentifierValueAsString=id,
            EventTime=str(at),
            DeletionMode=mode,
        )

    def files(self):
        found = self.client.describe_feature_group(FeatureGroupName=self.name)
        uri = found["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
        prefix = uri.removeprefix(f"s3://{self.local.bucket}/")
        listed = self.s3.list_objects_v2(Bucket=self.local.bucket, Prefix=f"{prefix}/")
        return [item["Key"] for item in listed.get("Contents", [])]

    def offline(self, count):
        """Return the offline store once it holds `count` rows."""
        self.local.step(FLUSH)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            tables = [
                pd.read_parquet(
                    io.BytesIO(
                        self.s3.get_object(Bucket=self.local.bucket, Key=key)["Body"].read()
                    )
                )
                for key in self.files()
            ]
            if sum(map(len, tables)) >= count:
                return pd.concat(tables, ignore_index=True)
            time.sleep(0.05)
        raise AssertionError(tables)


def definitions(kinds):
    return [{"FeatureName": n, "FeatureType": kind} for n, kind in kinds.items()]


@pytest.fixture
def store(still, request):
    name = request.node.name.removeprefix("test_").replace("_", "-")[:60]
    return Store(still, name.split("[")[0])


def test_online_has_the_newest_event_whatever_came_last(store):
    store.put(at=10, amount=1.5)
    store.put(at=5, amount=9)
    assert store.get() == {"id": "a", "at": "10", "amount": "1.5"}
    store.put(at=10, amount=7)
    assert store.get()["amount"] == "1.5"
    store.put(at=11, count=3)
    # A record replaces the whole one before it; nothing is merged.
    assert store.get() == {"id": "a", "at": "11", "count": "3"}
    assert store.get(FeatureNames=["count", "amount"]) == {"count": "3"}
    assert store.get("nobody") is None


PUTS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), min_size=1, max_size=8)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(puts=PUTS)
def test_the_order_of_arrival_does_not_matter_online(store, puts):
    for order in (puts, puts[::-1]):
        # Records of an earlier example must not be in the way.
        names = {name: f"{name}{uuid.uuid4()}" for name, _ in puts}
        for name, at in order:
            store.put(names[name], at, count=at)
        for name in names:
            newest = max(at for other, at in puts if other == name)
            assert store.get(names[name])["count"] == str(newest)


def test_offline_has_every_record_by_the_hour_of_its_event(still, store):
    store.put(at=7200, amount=1)
    store.put(at=10, amount=2)
    store.put(at=20, stores=["OfflineStore"])
    still.step(FLUSH - 1)
    assert store.files() == []
    store.delete(at=30)
    table = store.offline(4)
    hours = {key.rpartition("/")[0].rpartition("data/")[2] for key in store.files()}
    assert hours == {
        "year=1970/month=01/day=01/hour=00",
        "year=1970/month=01/day=01/hour=02",
    }
    assert sorted(table["at"]) == [10, 20, 30, 7200]
    assert table.set_index("at")["is_deleted"].to_dict() == {
        7200: False,
        10: False,
        20: False,
        30: True,
    }
    assert table.loc[table["at"] == 30, "amount"].isna().all()
    assert (table["write_time"] >= table["api_invocation_time"]).all()
    assert store.get() == {"id": "a", "at": "7200", "amount": "1"}


def test_deletes(store):
    store.put(at=10)
    store.delete(at=5)
    assert store.get() is not None
    with pytest.raises(ClientError, match="must be later"):
        store.delete(at=5, mode="HardDelete")
    store.delete(at=11)
    assert store.get() is None
    store.put(at=10)
    assert store.get() is None, "a record older than its deletion came back"
    store.put(at=12)
    assert store.get() is not None
    store.delete(at=13, mode="HardDelete")
    store.put(at=1)
    assert store.get() is not None, "a hard deletion leaves no trace online"


def test_records_expire_by_their_event_time(still, store):
    now = still.now()
    store.put("short", now, ttl={"Unit": "Minutes", "Value": 1})
    store.put("long", now)
    found = store.runtime.get_record(
        FeatureGroupName=store.name,
        RecordIdentifierValueAsString="short",
        ExpirationTimeResponse="Enabled",
    )
    assert found["ExpiresAt"].endswith("Z")
    still.step(61)
    assert store.get("short") is None
    assert store.get("long") is not None
    store.put("late", now - 120, ttl={"Unit": "Minutes", "Value": 1})
    assert store.get("late") is None


def test_what_waits_for_the_offline_store_survives_a_restart(tmp_path):
    with sagemaker.start(tmp_path, speed=0) as local:
        Store(local).put(at=1)
    with sagemaker.start(tmp_path, speed=0) as local:
        store = Store.__new__(Store)
        store.local, store.name = local, "cards"
        store.client = local.client("sagemaker")
        store.runtime = local.client("sagemaker-featurestore-runtime")
        store.s3 = local.client("s3")
        assert store.get() is not None
        assert len(store.offline(1)) == 1


def test_records_that_arrive_while_others_are_written_are_written_too(store):
    hour = 3_600
    for at in range(1, 201):
        store.put(f"early-{at}", at * hour)
    store.local.step(FLUSH)
    for at in range(1, 51):
        store.put(f"late-{at}", at * hour)
    assert len(store.offline(250)) == 250


def test_features_are_added_and_never_change(store):
    store.client.update_feature_group(
        FeatureGroupName=store.name, FeatureAdditions=definitions({"new": "String"})
    )
    store.put(at=1, new="x")
    assert store.get()["new"] == "x"
    with pytest.raises(ClientError, match="two features called new"):
        store.client.update_feature_group(
            FeatureGroupName=store.name, FeatureAdditions=definitions({"new": "Integral"})
        )


@pytest.fixture(scope="module")
def refusing(still):
    return Store(still, "refusing")


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ({"at": "yesterday"}, "expected Fractional"),
        ({"at": "-1"}, "no number of seconds"),
        ({"at": "nan"}, "no number of seconds"),
        ({"count": "1.5"}, "expected Integral"),
        ({"count": 2**63}, "expected Integral"),
        ({"amount": "much"}, "expected Fractional"),
        ({"other": 1}, "no feature other"),
        ({"id": "x" * 2049}, "longer than 2048"),
    ],
)
def test_records_that_are_refused(refusing, features, said):
    store = refusing
    with pytest.raises(ClientError, match=said):
        store.put(**features)
    assert store.get(str(features.get("id", "a"))[:9]) is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"RecordIdentifierFeatureName": "x"}, "not among the definitions"),
        ({"EventTimeFeatureName": "count"}, "must be Fractional"),
        ({"FeatureDefinitions": definitions(KINDS | {"write_time": "String"})}, "reserved"),
        ({"FeatureDefinitions": definitions(KINDS) * 2}, "two features"),
        (
            {"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://nothing-here/x"}}},
            "does not exist",
        ),
    ],
)
def test_groups_that_are_refused(still, options, said):
    with pytest.raises(ClientError, match=said):
        Store(still, "bad", **options)
    with pytest.raises(ClientError, match="does not exist"):
        still.client("sagemaker").describe_feature_group(FeatureGroupName="bad")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000_000),
        ("1970-01-01T00:00:00.001Z", 1_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
    ],
)
def test_event_times_as_text(text, nanoseconds):
    assert event_time(text, "String") == nanoseconds


@pytest.mark.parametrize(
    "text", ["", "1", "2020-06-31T00:00:00Z", "2020-06-30T00:00:00", "2020-06-30 00:00:00Z",
             "2020-06-30T00:00:00.1Z"]
)  # fmt: skip
def test_what_is_no_event_time(text):
    with pytest.raises(ApiError):
        event_time(text, "String")
