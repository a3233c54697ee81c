"""Feature Store: groups of features, the newest record online, every record offline.

Source: SageMaker AI developer guide, pages `feature-store-*`; the API's own texts.
"""

import functools
import io
import json
import re
import secrets
import string
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from labs_lib.sagemaker import tags
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.objects import split_uri
from labs_lib.sagemaker.operations import LIST_FIELDS, Context, listing, operation, page
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken

RESERVED = ("is_deleted", "write_time", "api_invocation_time")
FLUSH = 300.0
"""Seconds on the clock until a record is in the offline store; the guide: at most 15 minutes."""

_RECORD_LIMIT = 350 * 1024
_IDENTIFIER_LIMIT = 2 * 1024
_UNITS = {"Seconds": 1, "Minutes": 60, "Hours": 3600, "Days": 86_400, "Weeks": 604_800}
_NANO = 1_000_000_000
_LAST = 253_402_300_800
_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{3}|\d{9}))?Z")
_RUNTIME = "sagemaker-featurestore-runtime"


def _wrong(text: str) -> ApiError:
    return ApiError("ValidationError", f"Validation Error: {text}")


# Groups


@operation(
    "sagemaker",
    "CreateFeatureGroup",
    uses="FeatureGroupName RecordIdentifierFeatureName EventTimeFeatureName "
    "FeatureDefinitions[].FeatureName FeatureDefinitions[].FeatureType "
    "OnlineStoreConfig.EnableOnlineStore OnlineStoreConfig.TtlDuration "
    "OfflineStoreConfig.S3StorageConfig.S3Uri OfflineStoreConfig.TableFormat Description Tags",
    refuses={
        "FeatureDefinitions[].CollectionType": "features are single values here.",
        "OnlineStoreConfig.StorageType=InMemory": "give Standard.",
        "OfflineStoreConfig.TableFormat=Iceberg": "give Glue.",
    },
    differs=(
        "A group is Created at once.",
        "There is no Glue catalog: the files of the offline store are read as they are.",
    ),
)
def create_feature_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name, site = request["FeatureGroupName"], context.site
    kinds = _kinds(request["FeatureDefinitions"])
    for role in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if request[role] not in kinds:
            raise invalid(f"{role} is {request[role]}, which is not among the definitions.")
    if kinds[request["EventTimeFeatureName"]] == "Integral":
        raise invalid(
            "The event time must be Fractional (Unix seconds) or String (ISO 8601)."
        )
    online = (request.get("OnlineStoreConfig") or {}).get("EnableOnlineStore", False)
    offline = request.get("OfflineStoreConfig")
    if not online and offline is None:
        raise invalid("A feature group needs OnlineStoreConfig or OfflineStoreConfig.")
    arn, now = context.arn(f"feature-group/{name}"), site.clock.now()
    given = request.pop("Tags", None) or []
    tags.check(given)
    body = {
        **request,
        "FeatureGroupArn": arn,
        "FeatureGroupStatus": "Created",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    if offline is not None:
        storage = offline["S3StorageConfig"]
        bucket, key = split_uri(storage["S3Uri"])
        if not site.objects.has_bucket(bucket):
            raise invalid(f"S3Uri names the bucket {bucket}, which does not exist.")
        base = "/".join(part for part in (bucket, key.strip("/")) if part)
        resolved = (
            f"s3://{base}/{site.account}/sagemaker/{context.region}/offline-store/"
            f"{name}-{int(now)}/data"
        )
        storage = {**storage, "ResolvedOutputS3Uri": resolved}
        body["OfflineStoreConfig"] = {**offline, "S3StorageConfig": storage}
        body["OfflineStoreStatus"] = {"Status": "Active"}
    try:
        with site.state.transaction():
            site.state.add("FeatureGroup", name, arn, body)
            tags.keep(context, arn, given)
    except Taken:
        raise ApiError("ResourceInUse", f"Feature group {arn} exists.") from None
    return {"FeatureGroupArn": arn}


def _kinds(definitions: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in definitions:
        name = item["FeatureName"]
        if name.lower() in RESERVED:
            raise invalid(f"The feature name {name} is reserved for the offline store.")
        if name in found:
            raise invalid(f"There are two features called {name}.")
        found[name] = item["FeatureType"]
    return found


def _find(context: Context, name: str) -> dict[str, Any]:
    found = context.site.state.get("FeatureGroup", name.rpartition(":feature-group/")[2])
    if found is None:
        raise ApiError("ResourceNotFound", f"Feature group {name[:300]} does not exist.")
    return found


@operation("sagemaker", "DescribeFeatureGroup", uses="FeatureGroupName")
def describe_feature_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    # The service's model requires the token even where there is no further page.
    return {"NextToken": "", **_find(context, request["FeatureGroupName"])}


@operation(
    "sagemaker",
    "ListFeatureGroups",
    uses=f"{LIST_FIELDS} FeatureGroupStatusEquals",
    refuses={"OfflineStoreStatusEquals": "an offline store is always Active."},
)
def list_feature_groups(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    status = request.get("FeatureGroupStatusEquals")
    return listing(
        context.site.state.all("FeatureGroup"),
        {**request, **({"StatusEquals": status} if status else {})},
        key="FeatureGroupSummaries",
        name="FeatureGroupName",
        status="FeatureGroupStatus",
        summary=(
            "FeatureGroupName",
            "FeatureGroupArn",
            "CreationTime",
            "FeatureGroupStatus",
            "OfflineStoreStatus",
        ),
    )


@operation(
    "sagemaker",
    "UpdateFeatureGroup",
    uses="FeatureGroupName FeatureAdditions[].FeatureName FeatureAdditions[].FeatureType "
    "OnlineStoreConfig.TtlDuration",
    refuses={"FeatureAdditions[].CollectionType": "features are single values here."},
    differs=("A new TTL holds for records that are written after it.",),
)
def update_feature_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with context.site.state.transaction():
        group = _find(context, request["FeatureGroupName"])
        definitions = [
            *group["FeatureDefinitions"],
            *(request.get("FeatureAdditions") or []),
        ]
        _kinds(definitions)
        changes: dict[str, Any] = {
            "FeatureDefinitions": definitions,
            "LastModifiedTime": context.site.clock.now(),
            "LastUpdateStatus": {"Status": "Successful"},
        }
        if "OnlineStoreConfig" in request:
            if not _is_online(group):
                raise invalid("The group has no online store.")
            config = {**group["OnlineStoreConfig"], **request["OnlineStoreConfig"]}
            changes["OnlineStoreConfig"] = config
        context.site.state.change("FeatureGroup", group["FeatureGroupName"], changes)
    return {"FeatureGroupArn": group["FeatureGroupArn"]}


@operation(
    "sagemaker",
    "DeleteFeatureGroup",
    uses="FeatureGroupName",
    differs=("The files of the offline store stay in S3, as on AWS.",),
)
def delete_feature_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = _find(context, request["FeatureGroupName"])
    name, state = group["FeatureGroupName"], context.site.state
    flush(context.site, name)
    with state.transaction():
        state.execute("delete from online_records where feature_group = ?", name)
        state.execute("delete from offline_records where feature_group = ?", name)
        state.remove("FeatureGroup", name)
    return {}


def _is_online(group: Mapping[str, Any]) -> bool:
    return (group.get("OnlineStoreConfig") or {}).get("EnableOnlineStore", False)


# Values


def event_time(text: str, kind: str) -> int:
    """Return an event time in nanoseconds since 1970.

    Parameters
    ----------
    text : str
        Unix seconds, or ``yyyy-MM-ddTHH:mm:ssZ`` with three or nine decimals or none.
    kind : {"Fractional", "String"}

    Raises
    ------
    ApiError
        If it is neither.
    """
    if kind == "Fractional":
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds < _LAST:
            raise _wrong(
                f"EventTime {text[:60]!r} is no number of seconds since 1970, before 10000."
            )
        return round(seconds * 1000) * (_NANO // 1000)
    match = _ISO.fullmatch(text)
    try:
        moment = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S") if match else None
    except ValueError:
        moment = None
    if match is None or moment is None:
        raise _wrong(
            f"EventTime {text[:60]!r} has not the form yyyy-MM-dd'T'HH:mm:ssZ, with .SSS or "
            ".SSSSSSSSS if there are decimals."
        )
    whole = int(moment.replace(tzinfo=UTC).timestamp())
    return whole * _NANO + int((match[2] or "0").ljust(9, "0"))


def _check_value(name: str, text: str, kind: str) -> None:
    try:
        if kind == "Integral" and not -(2**63) <= int(text) < 2**63:
            raise ValueError
        if kind == "Fractional":
            float(text)
    except ValueError:
        raise _wrong(f"Feature {name} is {text[:60]!r}, expected {kind}.") from None


def _seconds(ttl: Mapping[str, Any] | None) -> int | None:
    return None if ttl is None else _UNITS[ttl["Unit"]] * ttl["Value"]


def _stores(group: Mapping[str, Any], asked: list[str] | None) -> tuple[bool, bool]:
    """Return whether to write online and offline; a store that is not there is refused."""
    has = {"OnlineStore": _is_online(group), "OfflineStore": "OfflineStoreConfig" in group}
    for store in asked or []:
        if not has[store]:
            raise _wrong(f"the feature group has no {store}.")
    wanted = asked or list(has)
    return has["OnlineStore"] and "OnlineStore" in wanted, (
        has["OfflineStore"] and "OfflineStore" in wanted
    )


# Records


@operation(
    _RUNTIME,
    "PutRecord",
    uses="FeatureGroupName Record[].FeatureName Record[].ValueAsString TargetStores "
    "TtlDuration",
    refuses={"Record[].ValueAsStringList": "features are single values here."},
    differs=(
        "A record whose EventTime equals the stored one is written offline only: the guide "
        "says greater, an assumption for equal ones.",
        f"Records are in the offline store after {FLUSH:.0f} s on the clock.",
    ),
)
def put_record(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = _found(context, request)
    record = _record(group, request["Record"])
    identifier = record[group["RecordIdentifierFeatureName"]]
    if len(identifier.encode()) > _IDENTIFIER_LIMIT:
        raise _wrong(f"the record identifier is longer than {_IDENTIFIER_LIMIT} bytes.")
    moment = _moment(group, record[group["EventTimeFeatureName"]])
    online, offline = _stores(group, request.get("TargetStores"))
    ttl = _seconds(
        request.get("TtlDuration")
        or (group.get("OnlineStoreConfig") or {}).get("TtlDuration")
    )
    with context.site.state.transaction():
        if online:
            stored = _stored(context.site, group, identifier)
            if stored is None or moment > stored["event_time"]:
                expires = None if ttl is None else moment / _NANO + ttl
                _keep(context.site, group, identifier, moment, record, expires)
        if offline:
            _append(context.site, group, moment, record, deleted=False)
    return {}


@operation(
    _RUNTIME,
    "BatchWriteRecord",
    uses="Entries[].FeatureGroupName Entries[].Record[].FeatureName "
    "Entries[].Record[].ValueAsString Entries[].TargetStores Entries[].TtlDuration "
    "TtlDuration",
    refuses={"Entries[].Record[].ValueAsStringList": "features are single values here."},
)
def batch_write_record(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    errors = []
    for entry in request["Entries"]:
        ttl = entry.get("TtlDuration") or request.get("TtlDuration")
        try:
            put_record(context, {**entry, **({"TtlDuration": ttl} if ttl else {})})
        except ApiError as error:
            errors.append(
                {"Entry": entry, "ErrorCode": error.code, "ErrorMessage": error.message}
            )
    return {"Errors": errors, "UnprocessedEntries": []}


@operation(
    _RUNTIME,
    "ListRecords",
    uses="FeatureGroupName MaxResults NextToken IncludeSoftDeletedRecords",
)
def list_records(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = _find(context, request["FeatureGroupName"])
    rows = context.site.state.rows(
        "select identifier from online_records where feature_group = ? and "
        "(record is not null or ?) and (expires is null or expires > ?) order by identifier",
        group["FeatureGroupName"],
        int(request.get("IncludeSoftDeletedRecords", False)),
        context.site.clock.now(),
    )
    identifiers = [identifier for (identifier,) in rows]
    return page(identifiers, request, key="RecordIdentifiers", default=100)


def _found(context: Context, request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _find(context, request["FeatureGroupName"])
    except ApiError as error:
        raise _wrong(error.message) from None


def _moment(group: Mapping[str, Any], text: str) -> int:
    kinds = {d["FeatureName"]: d["FeatureType"] for d in group["FeatureDefinitions"]}
    return event_time(text, kinds[group["EventTimeFeatureName"]])


def _record(group: Mapping[str, Any], given: list[dict[str, Any]]) -> dict[str, str]:
    """Return a record by feature, or raise if it does not fit its group."""
    kinds = {d["FeatureName"]: d["FeatureType"] for d in group["FeatureDefinitions"]}
    record: dict[str, str] = {}
    for item in given:
        name, text = item["FeatureName"], item.get("ValueAsString")
        if name not in kinds:
            raise _wrong(f"the feature group has no feature {name}.")
        if name in record:
            raise _wrong(f"feature {name} is given twice.")
        if text is None:
            raise _wrong(f"feature {name} needs ValueAsString.")
        _check_value(name, text, kinds[name])
        record[name] = text
    for role in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if group[role] not in record:
            raise _wrong(f"the record lacks {group[role]}, the group's {role}.")
    size = sum(len(name.encode()) + len(text.encode()) for name, text in record.items())
    if size > _RECORD_LIMIT:
        raise _wrong(f"the record has {size} bytes, at most {_RECORD_LIMIT} are allowed.")
    return record


def _stored(site: Site, group: Mapping[str, Any], identifier: str) -> dict[str, Any] | None:
    """Return the online row of an identifier, also a deleted one; none that has expired."""
    row = site.state.row(
        "select event_time, record, expires from online_records "
        "where feature_group = ? and identifier = ?",
        group["FeatureGroupName"],
        identifier,
    )
    if row is None or (row[2] is not None and row[2] <= site.clock.now()):
        return None
    record = json.loads(row[1]) if row[1] is not None else None
    return {"event_time": row[0], "record": record, "expires": row[2]}


def _keep(
    site: Site,
    group: Mapping[str, Any],
    identifier: str,
    moment: int,
    record: Mapping[str, str] | None,
    expires: float | None,
) -> None:
    site.state.execute(
        "insert or replace into online_records values (?, ?, ?, ?, ?)",
        group["FeatureGroupName"],
        identifier,
        moment,
        None if record is None else json.dumps(record),
        expires,
    )


def _append(
    site: Site,
    group: Mapping[str, Any],
    moment: int,
    record: Mapping[str, str],
    *,
    deleted: bool,
) -> None:
    """Let a record wait for the offline store."""
    name = group["FeatureGroupName"]
    waits = site.state.row(
        "select 1 from offline_records where feature_group = ? limit 1", name
    )
    site.state.execute(
        "insert into offline_records (feature_group, event_time, record, deleted, invoked) "
        "values (?, ?, ?, ?, ?)",
        name,
        moment,
        json.dumps(record),
        int(deleted),
        site.clock.now(),
    )
    if waits is None:
        site.clock.call_at(site.clock.now() + FLUSH, lambda: flush(site, name))


@operation(
    _RUNTIME,
    "GetRecord",
    uses="FeatureGroupName RecordIdentifierValueAsString FeatureNames "
    "ExpirationTimeResponse",
)
def get_record(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = _find(context, request["FeatureGroupName"])
    found = _read(
        context,
        group,
        request["RecordIdentifierValueAsString"],
        request.get("FeatureNames"),
        expiration=request.get("ExpirationTimeResponse") == "Enabled",
    )
    return found or {}


def _read(
    context: Context,
    group: Mapping[str, Any],
    identifier: str,
    names: list[str] | None,
    *,
    expiration: bool,
) -> dict[str, Any] | None:
    if not _is_online(group):
        raise _wrong("the feature group has no OnlineStore.")
    known = [item["FeatureName"] for item in group["FeatureDefinitions"]]
    unknown = sorted(set(names or []) - set(known))
    if unknown:
        raise _wrong(f"the feature group has no feature {', '.join(unknown)}.")
    stored = _stored(context.site, group, identifier)
    if stored is None or stored["record"] is None:
        return None
    wanted = names or known
    found: dict[str, Any] = {
        "Record": [
            {"FeatureName": name, "ValueAsString": stored["record"][name]}
            for name in wanted
            if name in stored["record"]
        ]
    }
    if expiration and stored["expires"] is not None:
        moment = datetime.fromtimestamp(stored["expires"], UTC)
        found["ExpiresAt"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return found


@operation(
    _RUNTIME,
    "BatchGetRecord",
    uses="Identifiers[].FeatureGroupName Identifiers[].RecordIdentifiersValueAsString "
    "Identifiers[].FeatureNames ExpirationTimeResponse",
)
def batch_get_record(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    records, errors = [], []
    expiration = request.get("ExpirationTimeResponse") == "Enabled"
    for asked in request["Identifiers"]:
        for identifier in asked["RecordIdentifiersValueAsString"]:
            place = {
                "FeatureGroupName": asked["FeatureGroupName"],
                "RecordIdentifierValueAsString": identifier,
            }
            try:
                group = _find(context, asked["FeatureGroupName"])
                names = asked.get("FeatureNames")
                found = _read(context, group, identifier, names, expiration=expiration)
            except ApiError as error:
                errors.append(
                    place | {"ErrorCode": error.code, "ErrorMessage": error.message}
                )
                continue
            if found is not None:
                records.append(place | found)
    return {"Records": records, "Errors": errors, "UnprocessedIdentifiers": []}


@operation(
    _RUNTIME,
    "DeleteRecord",
    uses="FeatureGroupName RecordIdentifierValueAsString EventTime TargetStores DeletionMode",
)
def delete_record(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = _found(context, request)
    identifier = request["RecordIdentifierValueAsString"]
    moment = _moment(group, request["EventTime"])
    online, offline = _stores(group, request.get("TargetStores"))
    hard = request.get("DeletionMode", "SoftDelete") == "HardDelete"
    with context.site.state.transaction():
        stored = _stored(context.site, group, identifier) if online else None
        late = stored is not None and moment <= stored["event_time"]
        if late and hard:
            raise _wrong("EventTime must be later than that of the stored record.")
        if online and hard:
            context.site.state.execute(
                "delete from online_records where feature_group = ? and identifier = ?",
                group["FeatureGroupName"],
                identifier,
            )
        elif online and not late:
            # The time of the deletion stays: an older record that comes late stays out.
            _keep(context.site, group, identifier, moment, None, None)
        if offline:
            marker = {
                group["RecordIdentifierFeatureName"]: identifier,
                group["EventTimeFeatureName"]: request["EventTime"],
            }
            _append(context.site, group, moment, marker, deleted=True)
    return {}


# The offline store


_FLUSHING = threading.Lock()


def flush(site: Site, name: str) -> None:
    """Write the records of a group that wait into files of S3, one for each hour of events."""
    with _FLUSHING:
        _flush(site, name)
    # What came meanwhile found others waiting, and so asked for no flush of its own.
    recover(site, name)


def _flush(site: Site, name: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    group = site.state.get("FeatureGroup", name)
    rows = site.state.rows(
        "select id, event_time, record, deleted, invoked from offline_records "
        "where feature_group = ? order by id",
        name,
    )
    if group is None or not rows:
        return
    uri = group["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
    bucket, base = split_uri(uri)
    written = site.clock.now()
    hours: dict[str, list[tuple]] = {}
    for row in rows:
        moment = datetime.fromtimestamp(row[1] // _NANO, UTC)
        folder = moment.strftime("year=%Y/month=%m/day=%d/hour=%H")
        hours.setdefault(folder, []).append(row)
    kinds = {d["FeatureName"]: d["FeatureType"] for d in group["FeatureDefinitions"]}
    for folder, part in sorted(hours.items()):
        records = [json.loads(row[2]) for row in part]
        columns = {
            feature: pa.array(
                [_typed(record.get(feature), kind) for record in records], _ARROW[kind]()
            )
            for feature, kind in kinds.items()
        }
        stamp = pa.timestamp("ms", tz="UTC")
        columns["write_time"] = pa.array([int(written * 1000)] * len(part), stamp)
        columns["api_invocation_time"] = pa.array(
            [int(row[4] * 1000) for row in part], stamp
        )
        columns["is_deleted"] = pa.array([bool(row[3]) for row in part])
        target = io.BytesIO()
        pq.write_table(pa.table(columns), target)
        newest = datetime.fromtimestamp(max(row[1] for row in part) // _NANO, UTC)
        letters = string.ascii_letters + string.digits
        tail = "".join(secrets.choice(letters) for _ in range(16))
        key = f"{base}/{folder}/{newest:%Y%m%dT%H%M%SZ}_{tail}.parquet"
        with site.state.transaction():
            site.objects.put(bucket, key, target.getvalue())
            for row in part:
                site.state.execute("delete from offline_records where id = ?", row[0])


def _typed(text: str | None, kind: str) -> Any:
    if text is None:
        return None
    return {"Integral": int, "Fractional": float, "String": str}[kind](text)


def _arrow(name: str) -> Any:
    def make() -> Any:
        import pyarrow as pa

        return getattr(pa, name)()

    return make


_ARROW = {
    "Integral": _arrow("int64"),
    "Fractional": _arrow("float64"),
    "String": _arrow("string"),
}


def recover(site: Site, name: str | None = None) -> None:
    """Take up the records that wait for the offline store, of one group or of all."""
    rows = site.state.rows(
        "select feature_group, min(invoked) from offline_records group by feature_group"
    )
    for group, invoked in rows:
        if name in (None, group) and site.state.get("FeatureGroup", group) is not None:
            site.clock.call_at(invoked + FLUSH, functools.partial(flush, site, group))
