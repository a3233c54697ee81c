"""Versions, lifecycle rules and object lock through boto3, on a clock that is stepped."""

import zlib
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker
from labs_lib.sagemaker.objects import Objects
from labs_lib.sagemaker.state import State

from .conftest import ONCE

DAY = 86_400
LARGE = bytes(128 * 1024)


@pytest.fixture(scope="module")
def still(tmp_path_factory):
    """A server of its own: its clock is stepped by years."""
    with sagemaker.start(tmp_path_factory.mktemp("s3")) as local:
        yield local


@pytest.fixture(scope="module")
def client(still):
    return still.client("s3", config=ONCE)


@pytest.fixture
def bucket(client, request):
    name = f"b-{zlib.crc32(request.node.name.encode())}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def versioned(client, bucket):
    set_versioning(client, bucket, "Enabled")
    return bucket


@pytest.fixture
def locked(client, request):
    name = f"l-{zlib.crc32(request.node.name.encode())}"
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def set_versioning(client, bucket, status):
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def set_rules(client, bucket, *rules):
    rules = [{"Status": "Enabled", "Filter": {}, **rule} for rule in rules]
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": rules}
    )


def put(client, bucket, key="a", body=b"1", **more):
    return client.put_object(Bucket=bucket, Key=key, Body=body, **more).get("VersionId")


def body(client, bucket, key="a", **more):
    return client.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def classes(client, bucket):
    found = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {item["Key"]: item["StorageClass"] for item in found}


def versions(client, bucket):
    """Return key, whether a delete marker, and whether the latest, the newest of a key first."""
    answer = client.list_object_versions(Bucket=bucket)
    found = [(v, False) for v in answer.get("Versions", [])]
    found += [(v, True) for v in answer.get("DeleteMarkers", [])]
    return sorted((v["Key"], marker, v["IsLatest"]) for v, marker in found)


def refused(call, *arguments, **more):
    with pytest.raises(ClientError) as error:
        call(*arguments, **more)
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def now(still):
    return datetime.fromtimestamp(still.step(0), UTC)


# Versions


def test_old_versions_stay_readable(client, versioned):
    first = put(client, versioned, body=b"1")
    second = put(client, versioned, body=b"2")
    assert first != second
    assert body(client, versioned) == b"2"
    assert body(client, versioned, VersionId=first) == b"1"
    assert client.head_object(Bucket=versioned, Key="a")["VersionId"] == second
    copied = client.copy_object(
        Bucket=versioned,
        Key="a",
        CopySource={"Bucket": versioned, "Key": "a", "VersionId": first},
    )
    assert copied["CopySourceVersionId"] == first
    assert body(client, versioned) == b"1"
    assert versions(client, versioned) == [("a", False, False)] * 2 + [("a", False, True)]


def test_a_delete_hides_and_the_marker_can_be_removed(client, versioned):
    version = put(client, versioned)
    answer = client.delete_object(Bucket=versioned, Key="a")
    assert answer["DeleteMarker"] is True
    assert refused(body, client, versioned) == ("NoSuchKey", 404)
    assert body(client, versioned, VersionId=version) == b"1"
    marker = answer["VersionId"]
    assert refused(body, client, versioned, VersionId=marker) == ("MethodNotAllowed", 405)
    assert versions(client, versioned) == [("a", False, False), ("a", True, True)]
    gone = client.delete_object(Bucket=versioned, Key="a", VersionId=marker)
    assert gone["DeleteMarker"] is True
    assert body(client, versioned) == b"1"
    client.delete_object(Bucket=versioned, Key="a", VersionId=version)
    assert versions(client, versioned) == []
    assert refused(body, client, versioned, VersionId=version) == ("NoSuchVersion", 404)


def test_a_version_that_is_deleted_brings_the_one_before_back(client, versioned):
    for number in (b"1", b"2", b"3"):
        last = put(client, versioned, body=number)
    client.delete_object(Bucket=versioned, Key="a", VersionId=last)
    assert body(client, versioned) == b"2"
    assert versions(client, versioned) == [("a", False, False), ("a", False, True)]


def test_suspended_versioning_overwrites_the_null_version_only(client, bucket):
    put(client, bucket, body=b"before")
    set_versioning(client, bucket, "Enabled")
    kept = put(client, bucket, body=b"kept")
    assert body(client, bucket, VersionId="null") == b"before"
    set_versioning(client, bucket, "Suspended")
    assert put(client, bucket, body=b"null 1") == "null"
    assert put(client, bucket, body=b"null 2") == "null"
    assert body(client, bucket, VersionId=kept) == b"kept"
    assert len(versions(client, bucket)) == 2
    assert client.delete_object(Bucket=bucket, Key="a")["VersionId"] == "null"
    assert versions(client, bucket) == [("a", False, False), ("a", True, True)]


def test_versions_are_listed_in_pages(client, versioned):
    for key in ("a", "b", "c"):
        for number in range(3):
            put(client, versioned, key, str(number).encode())
    client.delete_object(Bucket=versioned, Key="b")
    pages = client.get_paginator("list_object_versions").paginate(
        Bucket=versioned, PaginationConfig={"PageSize": 4}
    )
    found = [
        item["VersionId"]
        for page in pages
        for item in page.get("Versions", []) + page.get("DeleteMarkers", [])
    ]
    assert len(found) == len(set(found)) == 10
    assert refused(client.delete_bucket, Bucket=versioned) == ("BucketNotEmpty", 409)


def test_many_are_deleted_at_once(client, versioned):
    version = put(client, versioned)
    items = [{"Key": "a"}, {"Key": "a", "VersionId": version}]
    answer = client.delete_objects(Bucket=versioned, Delete={"Objects": items})
    assert [item.get("DeleteMarker", False) for item in answer["Deleted"]] == [True, False]
    assert versions(client, versioned) == [("a", True, True)]


# Lifecycle


def test_an_object_moves_down_and_goes(still, client, bucket):
    put(client, bucket, "large", LARGE)
    put(client, bucket, "small", LARGE[1:])
    steps = [(30, "STANDARD_IA"), (60, "GLACIER"), (150, "DEEP_ARCHIVE")]
    moves = [{"Days": day, "StorageClass": name} for day, name in steps]
    set_rules(client, bucket, {"Transitions": moves, "Expiration": {"Days": 400}})
    for days, name in (
        (29, "STANDARD"),
        (32, "STANDARD_IA"),
        (62, "GLACIER"),
        (152, "DEEP_ARCHIVE"),
    ):
        still.step(days * DAY - (now(still) - began(client, bucket)).total_seconds())
        assert classes(client, bucket) == {"large": name, "small": "STANDARD"}
    still.step(300 * DAY)
    assert classes(client, bucket) == {}


def began(client, bucket):
    return client.head_object(Bucket=bucket, Key="small")["LastModified"]


def test_versions_move_are_hidden_and_go(still, client, versioned):
    put(client, versioned, body=LARGE)
    put(client, versioned, body=LARGE)
    put(client, versioned, "b", LARGE)
    set_rules(
        client,
        versioned,
        {
            "Expiration": {"Days": 10},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 5},
        },
        {"Transitions": [{"Days": 10, "StorageClass": "GLACIER"}]},
        {"Filter": {"Prefix": "b"}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
    )
    still.step(8 * DAY)
    assert versions(client, versioned) == [("a", False, True), ("b", False, True)]
    still.step(3 * DAY)
    assert set(classes(client, versioned).values()) == {"GLACIER"}
    still.step(DAY)
    hidden = [
        ("a", False, False),
        ("a", True, True),
        ("b", False, False),
        ("b", True, True),
    ]
    assert versions(client, versioned) == hidden
    # A marker that hides nothing goes too.
    still.step(40 * DAY)
    assert versions(client, versioned) == []


def test_a_rule_with_a_tag(still, client, bucket):
    put(client, bucket, "tagged", Tagging="tag2=value2")
    put(client, bucket, "plain")
    tag = {"Tag": {"Key": "tag2", "Value": "value2"}}
    set_rules(client, bucket, {"Filter": tag, "Expiration": {"Days": 14}})
    still.step(16 * DAY)
    assert [*classes(client, bucket)] == ["plain"]


def test_rules_come_back_and_can_be_taken_away(still, client, bucket):
    put(client, bucket)
    missing = "NoSuchLifecycleConfiguration"
    assert refused(client.get_bucket_lifecycle_configuration, Bucket=bucket)[0] == missing
    rule = {
        "Filter": {"Prefix": ""},
        "Expiration": {"Date": datetime(2100, 1, 1, tzinfo=UTC)},
    }
    set_rules(client, bucket, rule)
    (found,) = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert found == {"ID": "rule-1", "Status": "Enabled", **rule}
    set_rules(client, bucket, {"Expiration": {"Days": 1}})
    client.delete_bucket_lifecycle(Bucket=bucket)
    still.step(5 * DAY)
    assert [*classes(client, bucket)] == ["a"]


@pytest.mark.parametrize(
    ("transitions", "text"),
    [
        ([(10, "STANDARD_IA")], "at least 30 days before STANDARD_IA"),
        (
            [(30, "ONEZONE_IA"), (90, "GLACIER_IR")],
            "after ONEZONE_IA: DEEP_ARCHIVE, GLACIER",
        ),
        ([(4, "GLACIER_IR"), (93, "DEEP_ARCHIVE")], "at least 94"),
    ],
)
def test_transitions_that_are_not_allowed(client, bucket, transitions, text):
    moves = [{"Days": day, "StorageClass": name} for day, name in transitions]
    with pytest.raises(ClientError, match="InvalidArgument") as error:
        set_rules(client, bucket, {"Transitions": moves})
    assert text in str(error.value)
    assert refused(client.get_bucket_lifecycle_configuration, Bucket=bucket)[1] == 404


def test_an_archived_object_is_read_after_it_was_restored(still, client, bucket):
    put(client, bucket, StorageClass="DEEP_ARCHIVE")
    assert refused(body, client, bucket) == ("InvalidObjectState", 403)
    restore = {"Bucket": bucket, "Key": "a"}
    expedited = {"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}}
    assert refused(client.restore_object, **restore, RestoreRequest=expedited)[1] == 403
    client.restore_object(**restore, RestoreRequest={"Days": 1})
    assert client.head_object(**restore)["Restore"] == 'ongoing-request="true"'
    again = refused(client.restore_object, **restore, RestoreRequest={"Days": 1})
    assert again == ("RestoreAlreadyInProgress", 409)
    assert refused(body, client, bucket) == ("InvalidObjectState", 403)
    still.step(12 * 3600)
    assert body(client, bucket) == b"1"
    assert 'ongoing-request="false"' in client.head_object(**restore)["Restore"]
    still.step(DAY)
    assert refused(body, client, bucket) == ("InvalidObjectState", 403)


@pytest.mark.parametrize(
    ("storage_class", "tier", "hours"),
    [
        ("GLACIER", "Expedited", 5 / 60),
        ("GLACIER", "Standard", 5),
        ("GLACIER", "Bulk", 12),
        ("DEEP_ARCHIVE", "Standard", 12),
        ("DEEP_ARCHIVE", "Bulk", 48),
    ],
)
def test_a_copy_is_there_at_the_end_of_the_guide_s_time(
    still, client, bucket, storage_class, tier, hours
):
    put(client, bucket, StorageClass=storage_class)
    request = {"Days": 1, "GlacierJobParameters": {"Tier": tier}}
    client.restore_object(Bucket=bucket, Key="a", RestoreRequest=request)
    still.step(hours * 3600 - 60)
    assert refused(body, client, bucket) == ("InvalidObjectState", 403)
    still.step(60)
    assert body(client, bucket) == b"1"


# Object lock


def retention(still, days, mode):
    return {"Mode": mode, "RetainUntilDate": now(still) + timedelta(days=days)}


def test_a_plain_delete_of_a_locked_object_answers_and_only_hides(still, client, locked):
    lock = {
        "ObjectLockMode": "COMPLIANCE",
        "ObjectLockRetainUntilDate": now(still) + timedelta(9),
    }
    version = put(client, locked, **lock)
    answer = client.delete_object(Bucket=locked, Key="a")
    assert answer["DeleteMarker"] is True
    where = {"Bucket": locked, "Key": "a", "VersionId": version}
    denied = ("AccessDenied", 403)
    assert refused(client.delete_object, **where) == denied
    assert refused(client.delete_object, **where, BypassGovernanceRetention=True) == denied
    assert body(client, locked, VersionId=version) == b"1"
    still.step(9 * DAY)
    client.delete_object(**where)
    assert versions(client, locked) == [("a", True, True)]


def test_governance_yields_to_a_bypass(still, client, locked):
    version = put(client, locked)
    where = {"Bucket": locked, "Key": "a", "VersionId": version}
    client.put_object_retention(**where, Retention=retention(still, 30, "GOVERNANCE"))
    assert refused(client.delete_object, **where) == ("AccessDenied", 403)
    client.delete_object(**where, BypassGovernanceRetention=True)
    assert versions(client, locked) == []


@pytest.mark.parametrize(
    ("old", "new", "days", "bypass", "allowed"),
    [
        ("COMPLIANCE", "COMPLIANCE", 40, False, True),
        ("COMPLIANCE", "COMPLIANCE", 20, True, False),
        ("COMPLIANCE", "GOVERNANCE", 40, True, False),
        ("GOVERNANCE", "GOVERNANCE", 40, False, True),
        ("GOVERNANCE", "GOVERNANCE", 20, False, False),
        ("GOVERNANCE", "GOVERNANCE", 20, True, True),
        ("GOVERNANCE", "COMPLIANCE", 40, False, True),
    ],
)
def test_retention_may_grow_but_not_shrink(
    still, client, locked, old, new, days, bypass, allowed
):
    put(client, locked)
    where = {"Bucket": locked, "Key": "a"}
    client.put_object_retention(**where, Retention=retention(still, 30, old))
    change = {
        **where,
        "Retention": retention(still, days, new),
        "BypassGovernanceRetention": bypass,
    }
    if allowed:
        client.put_object_retention(**change)
    else:
        assert refused(client.put_object_retention, **change) == ("AccessDenied", 403)
    found = client.get_object_retention(**where)["Retention"]
    assert found["Mode"] == (new if allowed else old)


def test_a_legal_hold_has_no_end_and_no_bypass(still, client, locked):
    version = put(client, locked, ObjectLockLegalHoldStatus="ON")
    where = {"Bucket": locked, "Key": "a", "VersionId": version}
    still.step(1000 * DAY)
    denied = refused(client.delete_object, **where, BypassGovernanceRetention=True)
    assert denied == ("AccessDenied", 403)
    client.put_object_legal_hold(**where, LegalHold={"Status": "OFF"})
    client.delete_object(**where)
    assert versions(client, locked) == []


def test_a_default_holds_for_what_comes_later(still, client, locked):
    put(client, locked, "early")
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 2}}
    client.put_object_lock_configuration(
        Bucket=locked,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
    )
    put(client, locked, "late")
    head = client.head_object(Bucket=locked, Key="late")
    assert head["ObjectLockMode"] == "COMPLIANCE"
    left = head["ObjectLockRetainUntilDate"] - now(still)
    assert timedelta(days=1.9) < left <= timedelta(days=2)
    assert "ObjectLockMode" not in client.head_object(Bucket=locked, Key="early")
    missing = refused(client.get_object_retention, Bucket=locked, Key="early")
    assert missing == ("NoSuchObjectLockConfiguration", 404)


def test_a_lifecycle_rule_waits_for_a_lock(still, client, locked):
    lock = {
        "ObjectLockMode": "COMPLIANCE",
        "ObjectLockRetainUntilDate": now(still) + timedelta(30),
    }
    put(client, locked, **lock)
    put(client, locked)
    set_rules(client, locked, {"NoncurrentVersionExpiration": {"NoncurrentDays": 3}})
    still.step(20 * DAY)
    assert len(versions(client, locked)) == 2
    still.step(12 * DAY)
    assert len(versions(client, locked)) == 1


def test_a_lock_needs_versions_and_keeps_them(client, bucket, locked):
    configuration = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    state = ("InvalidBucketState", 409)
    assert (
        refused(client.put_object_lock_configuration, Bucket=bucket, **configuration)
        == state
    )
    assert refused(set_versioning, client, locked, "Suspended") == state
    until = {"ObjectLockRetainUntilDate": datetime(2999, 1, 1, tzinfo=UTC)}
    assert (
        refused(put, client, bucket, ObjectLockMode="GOVERNANCE", **until)[0]
        == "InvalidRequest"
    )
    assert refused(put, client, locked, ObjectLockMode="GOVERNANCE")[0] == "InvalidRequest"
    past = {"ObjectLockRetainUntilDate": datetime(1999, 1, 1, tzinfo=UTC)}
    assert (
        refused(put, client, locked, ObjectLockMode="GOVERNANCE", **past)[0]
        == "InvalidArgument"
    )
    assert client.list_objects_v2(Bucket=locked)["KeyCount"] == 0


def test_tags(client, versioned):
    first = put(client, versioned, Tagging="a=1&b=")
    put(client, versioned, body=b"2")
    found = client.get_object_tagging(Bucket=versioned, Key="a", VersionId=first)
    assert found["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
    assert client.get_object_tagging(Bucket=versioned, Key="a")["TagSet"] == []
    many = {"TagSet": [{"Key": str(n), "Value": ""} for n in range(11)]}
    assert (
        refused(client.put_object_tagging, Bucket=versioned, Key="a", Tagging=many)[1]
        == 400
    )


def test_files_go_with_the_last_version_that_names_them(still, client, versioned):
    folder = still.folder / "s3"
    before = len([*folder.iterdir()])
    ids = [put(client, versioned) for _ in range(5)]
    client.delete_object(Bucket=versioned, Key="a")
    assert len([*folder.iterdir()]) == before + 5
    for version in ids:
        client.delete_object(Bucket=versioned, Key="a", VersionId=version)
    assert len([*folder.iterdir()]) == before


def test_a_folder_from_before_is_read(tmp_path):
    """The table of objects had one column less."""
    file = tmp_path / "state.sqlite"
    state = State(file)
    state.execute("alter table objects drop column details")
    state.execute(
        "insert into objects values ('b', 'k', 'f', 1, 'e', 'c', 0.0, '{}', '{}')"
    )
    state.close()
    state = State(file)
    found = Objects(state, Still(), tmp_path / "s3").find("b", "k")
    assert (found.size, found.version, found.storage_class) == (1, "null", "STANDARD")
    state.close()


class Still:
    def now(self):
        return 0.0
