"""DynamoDB: `labs_lib.platform.tables`, spoken to through boto3."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from labs_lib.platform import expressions, tables
from labs_lib.platform.attribute_values import Item, refuse
from labs_lib.platform.errors import Refusal
from labs_lib.platform.expressions import Names
from labs_lib.platform.tables import Condition, Consumed, ItemWrite, KeyedTable
from labs_lib.sagemaker import table_store
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.operations import Context, operation
from labs_lib.sagemaker.state import Taken
from labs_lib.sagemaker.table_store import KIND, read_item, used, write_item

_OLDER = "the older fields are not read; write an expression."
_THROUGHPUT = "ProvisionedThroughputExceededException"

# Tables

_DEFINITION = (
    "TableName",
    "KeySchema",
    "AttributeDefinitions",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes",
    "BillingMode",
    "ProvisionedThroughput",
    "DeletionProtectionEnabled",
)


@operation(
    "dynamodb",
    "CreateTable",
    uses=" ".join((*_DEFINITION, "StreamSpecification")),
    refuses={"VectorIndexes": "there is no search by vectors."},
    differs=(
        "A table is ACTIVE at once.",
        "Of partitions a provisioned table has as many as its units need at 3,000 reads and "
        "1,000 writes a second each, a table on demand one; partitions are not split.",
        f"A global index shows a change after {tables.INDEX_LAG} s: an assumption.",
    ),
)
def create_table(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["TableName"]
    now = site.clock.now()
    arn = context.arn(f"table/{name}", "dynamodb")
    stored = {key: request[key] for key in _DEFINITION if key in request}
    stored |= {"TableArn": arn, "TableId": str(uuid.uuid4()), "CreationDateTime": now}
    stored |= _stream_fields(request, now)
    with site.engines.use():
        table_store.make(site, stored)  # Refuses what is no table.
        try:
            site.state.add(KIND, name, arn, stored)
        except Taken:
            raise ApiError(
                "ResourceInUseException", f"Table already exists: {name}"
            ) from None
    return {"TableDescription": _described(context, name)}


def _stream_fields(request: Mapping[str, Any], now: float) -> dict[str, Any]:
    given = request.get("StreamSpecification", {})
    if not given.get("StreamEnabled"):
        return {}
    return {"StreamViewType": given["StreamViewType"], "StreamSince": now}


def stream_arn(found: Mapping[str, Any]) -> str:
    """Return the ARN of a table's stream; its label is when it began."""
    return f"{found['TableArn']}/stream/{stream_label(found)}"


def stream_label(found: Mapping[str, Any]) -> str:
    """Return the label of a table's stream."""
    return f"{found['StreamSince']:.3f}"


def _described(context: Context, name: str) -> dict[str, Any]:
    site = context.site
    found = table_store.description(site, name)
    with used(site, name) as (table,):
        size, count = table.size, len(table)
    shown = {key: found[key] for key in _DEFINITION[:3] if key in found}
    units = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
    shown |= {
        "TableStatus": "ACTIVE",
        "TableArn": found["TableArn"],
        "TableId": found["TableId"],
        "CreationDateTime": found["CreationDateTime"],
        "ItemCount": count,
        "TableSizeBytes": size,
        "ProvisionedThroughput": found.get("ProvisionedThroughput", units),
        "DeletionProtectionEnabled": found.get("DeletionProtectionEnabled", False),
    }
    if found.get("BillingMode") == "PAY_PER_REQUEST":
        shown["BillingModeSummary"] = {"BillingMode": "PAY_PER_REQUEST"}
    for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        for item in found.get(kind, []):
            arn = f"{found['TableArn']}/index/{item['IndexName']}"
            more = {"IndexArn": arn}
            if kind.startswith("Global"):
                more |= {"IndexStatus": "ACTIVE"}
            shown.setdefault(kind, []).append({**item, **more})
    if "StreamViewType" in found:
        view = {"StreamEnabled": True, "StreamViewType": found["StreamViewType"]}
        shown |= {
            "StreamSpecification": view,
            "LatestStreamArn": stream_arn(found),
            "LatestStreamLabel": stream_label(found),
        }
    return shown


@operation("dynamodb", "DescribeTable", uses="TableName")
def describe_table(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return {"Table": _described(context, request["TableName"])}


@operation("dynamodb", "ListTables", uses="ExclusiveStartTableName Limit")
def list_tables(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    after, size = request.get("ExclusiveStartTableName", ""), request.get("Limit", 100)
    found = [t["TableName"] for t in context.site.state.all(KIND) if t["TableName"] > after]
    answer: dict[str, Any] = {"TableNames": found[:size]}
    if len(found) > size:
        answer["LastEvaluatedTableName"] = found[size - 1]
    return answer


@operation("dynamodb", "DeleteTable", uses="TableName")
def delete_table(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = table_store.table_name(request["TableName"])
    shown = _described(context, name)
    if shown["DeletionProtectionEnabled"]:
        raise refuse(f"Resource cannot be deleted as it is protected: {name}")
    table_store.remove(context.site, name)
    return {"TableDescription": {**shown, "TableStatus": "DELETING"}}


@operation(
    "dynamodb",
    "UpdateTable",
    uses="TableName AttributeDefinitions BillingMode ProvisionedThroughput "
    "GlobalSecondaryIndexUpdates StreamSpecification DeletionProtectionEnabled",
    refuses={
        "ReplicaUpdates": "there is one region.",
        "GlobalSecondaryIndexUpdates[].Update": "an index keeps its units; make it anew.",
    },
)
def update_table(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, table_store.table_name(request["TableName"])
    with site.engines.use():
        found = table_store.description(site, name)
        changed = {**found}
        if "AttributeDefinitions" in request:
            known = {d["AttributeName"]: d for d in found["AttributeDefinitions"]}
            known |= {d["AttributeName"]: d for d in request["AttributeDefinitions"]}
            changed["AttributeDefinitions"] = [*known.values()]
        for key in ("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled"):
            if key in request:
                changed[key] = request[key]
        if changed.get("BillingMode") == "PAY_PER_REQUEST":
            changed.pop("ProvisionedThroughput", None)
        elif "ProvisionedThroughput" not in changed:
            raise refuse("ProvisionedThroughput must be specified when BillingMode is "
                         "PROVISIONED")  # fmt: skip
        changed["GlobalSecondaryIndexes"] = _updated_indexes(found, request)
        _update_stream(changed, found, request, site.clock.now())
        table_store.make(site, changed)  # Refuses what is no table.
        with site.state.transaction():
            gone = {key: None for key in found if key not in changed}
            site.state.change(KIND, name, {**changed, **gone})
            if changed.get("StreamSince") != found.get("StreamSince"):
                site.state.execute("delete from table_changes where name = ?", name)
        table_store.forget(site, name)
    return {"TableDescription": _described(context, name)}


def _updated_indexes(
    found: Mapping[str, Any], request: Mapping[str, Any]
) -> list[dict[str, Any]]:
    kept = {item["IndexName"]: item for item in found.get("GlobalSecondaryIndexes", [])}
    for each in request.get("GlobalSecondaryIndexUpdates", []):
        if "Delete" in each:
            name = each["Delete"]["IndexName"]
            if kept.pop(name, None) is None:
                raise ApiError(
                    "ResourceNotFoundException", f"There is no global index {name}."
                )
        elif "Create" in each:
            name = each["Create"]["IndexName"]
            if name in kept:
                raise refuse(f"Attempting to create an index which already exists: {name}")
            kept[name] = each["Create"]
    if len(kept) > 20:
        raise ApiError("LimitExceededException", "A table has at most 20 global indexes.")
    return [*kept.values()]


def _update_stream(
    changed: dict[str, Any],
    found: Mapping[str, Any],
    request: Mapping[str, Any],
    now: float,
) -> None:
    given = request.get("StreamSpecification")
    if given is None:
        return
    if given.get("StreamEnabled"):
        if "StreamViewType" in found:
            raise refuse("Table already has an enabled stream; its view cannot be changed.")
        if "StreamViewType" not in given:
            raise refuse("StreamSpecification has no StreamViewType.")
        changed |= _stream_fields(request, now)
    else:
        changed.pop("StreamViewType", None)
        changed.pop("StreamSince", None)


@operation(
    "dynamodb",
    "UpdateTimeToLive",
    uses="TableName TimeToLiveSpecification",
    differs=("An item goes at the moment that it names; on AWS within days.",),
)
def update_time_to_live(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    given = request["TimeToLiveSpecification"]
    name = table_store.table_name(request["TableName"])
    old = table_store.description(context.site, name).get("TimeToLive")
    if given["Enabled"] == (old is not None):
        raise refuse(f"TimeToLive is already {'enabled' if old else 'disabled'}")
    new = given["AttributeName"] if given["Enabled"] else None
    with used(context.site, name) as (table,):
        context.site.state.change(KIND, name, {"TimeToLive": new})
        table.set_ttl(new)
    return {"TimeToLiveSpecification": given}


@operation("dynamodb", "DescribeTimeToLive", uses="TableName")
def describe_time_to_live(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = table_store.description(context.site, request["TableName"]).get("TimeToLive")
    shown = {"TimeToLiveStatus": "ENABLED" if name else "DISABLED"}
    return {"TimeToLiveDescription": shown | ({"AttributeName": name} if name else {})}


# Expressions

_NAMES = "ExpressionAttributeNames ExpressionAttributeValues"
_WRITES = f"TableName ConditionExpression {_NAMES} ReturnValues ReturnConsumedCapacity"
_ON_FAILURE = "ReturnValuesOnConditionCheckFailure"
_OLD_CONDITIONS = {"Expected": _OLDER, "ConditionalOperator": _OLDER}


def _names(request: Mapping[str, Any]) -> Names:
    return Names(
        request.get("ExpressionAttributeNames", {}),
        read_item(request.get("ExpressionAttributeValues", {})),
    )


def _condition(
    request: Mapping[str, Any], names: Names, kind: str = "ConditionExpression"
) -> Condition | None:
    text = request.get(kind)
    if text is None:
        return None
    condition = Condition(expressions.parse_condition(text, kind), names)
    # What it names has to be there, whether or not there is an item to read it for.
    expressions.holds(condition.node, None, names)
    return condition


def _projection(request: Mapping[str, Any], names: Names) -> Any:
    text = request.get("ProjectionExpression")
    if text is None:
        return None
    paths = expressions.parse_projection(text)
    for path in paths:
        names.path(path)
    return paths, names


def _action(request: Mapping[str, Any], kind: tables.Kind) -> ItemWrite:
    names = _names(request)
    condition = _condition(request, names)
    changes = None
    if kind == "update":
        changes = _changes(request, names)
    names.require_all_used()
    item = request["Item" if kind == "put" else "Key"]
    return ItemWrite(kind, read_item(item), condition, changes)


def _changes(request: Mapping[str, Any], names: Names) -> tuple[Any, Names]:
    changes = (
        expressions.parse_update(request.get("UpdateExpression", ""))
        if request.get("UpdateExpression")
        else ()
    )
    for change in changes:
        _touch(change, names)
    return changes, names


def _touch(node: Any, names: Names) -> None:
    """Look up what a part of an update names, so that it counts as used."""
    for part in node.parts:
        if isinstance(part, expressions.Node):
            _touch(part, names)
        elif node.kind == "value":
            names.value(part)
        else:
            names.path(part)


def _capacity(
    request: Mapping[str, Any], name: str, consumed: Consumed, table: KeyedTable
) -> Any:
    """Return ConsumedCapacity as the request wants it, or None."""
    asked = request.get("ReturnConsumedCapacity", "NONE")
    if asked == "NONE":
        return None
    shown: dict[str, Any] = {"TableName": name, "CapacityUnits": consumed.total}
    if asked == "INDEXES":
        shown["Table"] = {"CapacityUnits": consumed.table}
        is_global = {index.name: index.is_global for index in table.indexes}
        for index, units in consumed.indexes.items():
            kind = "Global" if is_global[index] else "Local"
            shown.setdefault(f"{kind}SecondaryIndexes", {})[index] = {
                "CapacityUnits": units
            }
    return shown


def _failed(request: Mapping[str, Any], failed: tables.ConditionFailed) -> ApiError:
    wants = request.get(_ON_FAILURE) == "ALL_OLD" and failed.item is not None
    fields = {"Item": write_item(failed.item)} if wants else {}
    return ApiError(failed.code, failed.message, **fields)


def _write(context: Context, request: dict[str, Any], kind: tables.Kind) -> dict[str, Any]:
    action = _action(request, kind)
    with used(context.site, request["TableName"]) as (table,):
        try:
            written = table.write(action)
        except tables.ConditionFailed as failed:
            raise _failed(request, failed) from None
        capacity = _capacity(request, table.name, written.consumed, table)
    answer: dict[str, Any] = {"ConsumedCapacity": capacity}
    attributes = _attributes(request.get("ReturnValues", "NONE"), written)
    return answer | ({"Attributes": attributes} if attributes else {})


def _attributes(asked: str, written: tables.WriteResult) -> Item | None:
    item = written.old if asked.endswith("OLD") else written.new
    if asked == "NONE" or item is None:
        return None
    if asked.startswith("ALL"):
        return item
    return expressions.project(written.paths, item, Names()) if written.paths else None


def _only_old(request: Mapping[str, Any]) -> None:
    if request.get("ReturnValues", "NONE") not in ("NONE", "ALL_OLD"):
        raise refuse("Return values set to invalid value; expected NONE or ALL_OLD")


@operation(
    "dynamodb", "PutItem", uses=f"{_WRITES} Item {_ON_FAILURE}", refuses=_OLD_CONDITIONS
)
def put_item(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_old(request)
    return _write(context, request, "put")


@operation(
    "dynamodb", "DeleteItem", uses=f"{_WRITES} Key {_ON_FAILURE}", refuses=_OLD_CONDITIONS
)
def delete_item(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_old(request)
    return _write(context, request, "delete")


@operation(
    "dynamodb",
    "UpdateItem",
    uses=f"{_WRITES} Key UpdateExpression {_ON_FAILURE}",
    refuses={**_OLD_CONDITIONS, "AttributeUpdates": _OLDER},
)
def update_item(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _write(context, request, "update")


# Reads

_READS = "ProjectionExpression ExpressionAttributeNames ReturnConsumedCapacity"


@operation(
    "dynamodb",
    "GetItem",
    uses=f"TableName Key ConsistentRead {_READS}",
    refuses={"AttributesToGet": _OLDER},
)
def get_item(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    names = _names(request)
    projection = _projection(request, names)
    names.require_all_used()
    with used(context.site, request["TableName"]) as (table,):
        item, consumed = table.get(
            read_item(request["Key"]), consistent=request.get("ConsistentRead", False)
        )
        capacity = _capacity(request, table.name, consumed, table)
    answer: dict[str, Any] = {"ConsumedCapacity": capacity}
    return answer | ({} if item is None else {"Item": _part(item, projection)})


def _part(item: Item, projection: Any) -> Item:
    return (
        item
        if projection is None
        else expressions.project(projection[0], item, projection[1])
    )


_PAGED = (
    f"TableName IndexName Select Limit ConsistentRead ExclusiveStartKey FilterExpression {_NAMES} "
    "ProjectionExpression ReturnConsumedCapacity"
)
_OLD_READS = dict.fromkeys(
    (
        "AttributesToGet",
        "ConditionalOperator",
        "QueryFilter",
        "ScanFilter",
        "KeyConditions",
    ),
    _OLDER,
)


def _paged(context: Context, request: dict[str, Any], key: str | None) -> dict[str, Any]:
    names = _names(request)
    select = request.get("Select")
    if select == "SPECIFIC_ATTRIBUTES" and "ProjectionExpression" not in request:
        raise refuse("Must specify the ProjectionExpression when choosing to get "
                     "SPECIFIC_ATTRIBUTES")  # fmt: skip
    if select not in (None, "SPECIFIC_ATTRIBUTES") and "ProjectionExpression" in request:
        raise refuse(
            f"Cannot specify the ProjectionExpression when choosing to get {select}"
        )
    options: dict[str, Any] = {
        "index": request.get("IndexName"),
        "consistent": request.get("ConsistentRead", False),
        "limit": request.get("Limit"),
        "condition": _condition(request, names, "FilterExpression"),
        "projection": _projection(request, names),
        "start": read_item(request.get("ExclusiveStartKey")),
    }
    conditions = None if key is None else expressions.key_conditions(key, names)
    names.require_all_used()
    with used(context.site, request["TableName"]) as (table,):
        if conditions is not None:
            options["forward"] = request.get("ScanIndexForward", True)
            page = table.query(conditions, **options)
        else:
            number, total = request.get("Segment"), request.get("TotalSegments")
            if (number is None) != (total is None):
                raise refuse("Segment and TotalSegments are given together, or not at all.")
            if total is not None:
                options["segment"] = (number, total)
            page = table.scan(**options)
        capacity = _capacity(request, table.name, page.consumed, table)
    answer: dict[str, Any] = {
        "Count": len(page.items),
        "ScannedCount": page.scanned,
        "LastEvaluatedKey": page.last,
        "ConsumedCapacity": capacity,
    }
    return answer | ({} if select == "COUNT" else {"Items": page.items})


@operation(
    "dynamodb",
    "Query",
    uses=f"{_PAGED} KeyConditionExpression ScanIndexForward",
    refuses={name: why for name, why in _OLD_READS.items() if name != "ScanFilter"},
)
def query(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _paged(context, request, request["KeyConditionExpression"])


@operation(
    "dynamodb",
    "Scan",
    uses=f"{_PAGED} Segment TotalSegments",
    refuses={
        name: why
        for name, why in _OLD_READS.items()
        if name not in ("QueryFilter", "KeyConditions")
    },
)
def scan(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _paged(context, request, None)


# Batches and transactions


def _add_up(
    request: Mapping[str, Any], found: Iterable[tuple[KeyedTable, Consumed]]
) -> list[dict[str, Any]] | None:
    total: dict[str, tuple[KeyedTable, Consumed]] = {}
    for table, consumed in found:
        _, before = total.setdefault(table.name, (table, Consumed()))
        before.table += consumed.table
        for index, units in consumed.indexes.items():
            before.indexes[index] = before.indexes.get(index, 0.0) + units
    shown = [
        _capacity(request, name, used_, table) for name, (table, used_) in total.items()
    ]
    return [each for each in shown if each is not None] or None


@operation("dynamodb", "BatchGetItem", uses="RequestItems ReturnConsumedCapacity")
def batch_get_item(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    asked = request["RequestItems"]
    if sum(len(each["Keys"]) for each in asked.values()) > 100:
        raise refuse(
            "Too many items requested for the BatchGetItem call; expected 1 to 100"
        )
    answer: dict[str, Any] = {"Responses": {}, "UnprocessedKeys": {}}
    consumed = []
    with used(context.site, *asked) as found:
        for (name, each), table in zip(asked.items(), found, strict=True):
            names = _names(each)
            projection = _projection(each, names)
            keys = read_item(each["Keys"])
            if len({table.position(key) for key in keys}) < len(keys):
                raise refuse("Provided list of item keys contains duplicates")
            items = answer["Responses"].setdefault(name, [])
            for key in keys:
                try:
                    item, units = table.get(
                        key, consistent=each.get("ConsistentRead", False)
                    )
                except Refusal as refusal:
                    if refusal.code != _THROUGHPUT:
                        raise
                    left = {k: v for k, v in each.items() if k != "Keys"} | {"Keys": []}
                    answer["UnprocessedKeys"].setdefault(name, left)["Keys"].append(key)
                    continue
                consumed.append((table, units))
                if item is not None:
                    items.append(_part(item, projection))
        answer["ConsumedCapacity"] = _add_up(request, consumed)
    return answer


@operation(
    "dynamodb",
    "BatchWriteItem",
    uses="RequestItems ReturnConsumedCapacity",
)
def batch_write_item(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    asked = request["RequestItems"]
    if sum(map(len, asked.values())) > 25:
        raise refuse(
            "Too many items requested for the BatchWriteItem call; expected 1 to 25"
        )
    answer: dict[str, Any] = {"UnprocessedItems": {}}
    consumed = []
    with used(context.site, *asked) as found:
        todo = [
            (name, table, each, _batched(each))
            for (name, several), table in zip(asked.items(), found, strict=True)
            for each in several
        ]
        # All of them are looked at before the first is carried out.
        places = [(n, t.plan(action).position) for n, t, _, action in todo]
        if len(set(places)) < len(places):
            raise refuse("Provided list of item keys contains duplicates")
        for name, table, each, action in todo:
            try:
                consumed.append((table, table.write(action).consumed))
            except Refusal as refusal:
                if refusal.code != _THROUGHPUT:
                    raise
                answer["UnprocessedItems"].setdefault(name, []).append(read_item(each))
        answer["ConsumedCapacity"] = _add_up(request, consumed)
    return answer


def _batched(each: Mapping[str, Any]) -> ItemWrite:
    if ("PutRequest" in each) == ("DeleteRequest" in each):
        raise refuse("Supplied WriteRequest has to contain exactly one of PutRequest and "
                     "DeleteRequest")  # fmt: skip
    if "PutRequest" in each:
        return ItemWrite("put", read_item(each["PutRequest"]["Item"]))
    return ItemWrite("delete", read_item(each["DeleteRequest"]["Key"]))


_KINDS: dict[str, tables.Kind] = {
    "Put": "put",
    "Update": "update",
    "Delete": "delete",
    "ConditionCheck": "check",
}
_SAME_TOKEN = 600.0
"""Seconds for which a transaction's token stands for it."""


@operation(
    "dynamodb",
    "TransactWriteItems",
    uses="TransactItems ClientRequestToken ReturnConsumedCapacity",
    differs=("A cancelled transaction consumes no capacity.",),
)
def transact_write_items(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    parts = [_transacted(item) for item in request["TransactItems"]]
    site = context.site
    with used(site, *(part["TableName"] for _, part in parts)) as found:
        token = request.get("ClientRequestToken")
        digest = hashlib.sha256(
            json.dumps(request["TransactItems"], sort_keys=True).encode()
        )
        if token and _is_repeated(context, token, digest.hexdigest()):
            return {}
        actions = [
            (table, _action(part, kind))
            for table, (kind, part) in zip(found, parts, strict=True)
        ]
        try:
            done = tables.transact_write(actions)
        except tables.TransactionCanceled as cancelled:
            raise _cancelled(cancelled, [part for _, part in parts]) from None
        if token:
            stored = json.dumps([digest.hexdigest(), site.clock.now()])
            site.state.set_setting(f"transaction:{token}", stored)
        consumed = [(table, each.consumed) for table, each in zip(found, done, strict=True)]
        return {"ConsumedCapacity": _add_up(request, consumed)}


def _transacted(item: Mapping[str, Any]) -> tuple[tables.Kind, dict[str, Any]]:
    if len(item) != 1:
        raise refuse("TransactItems can only contain one of Check, Put, Update or Delete")
    ((name, part),) = item.items()
    return _KINDS[name], part


def _is_repeated(context: Context, token: str, digest: str) -> bool:
    stored = context.site.state.setting(f"transaction:{token}", "")
    if not stored:
        return False
    before, at = json.loads(stored)
    if context.site.clock.now() - at > _SAME_TOKEN:
        return False
    if before != digest:
        raise ApiError(
            "IdempotentParameterMismatchException",
            "The ClientRequestToken stands for another transaction.",
        )
    return True


def _cancelled(
    cancelled: tables.TransactionCanceled, parts: list[dict[str, Any]]
) -> ApiError:
    reasons = []
    for (code, message, item), part in zip(cancelled.reasons, parts, strict=True):
        reason: dict[str, Any] = {"Code": code}
        if message:
            reason["Message"] = message
        if item is not None and part.get(_ON_FAILURE) == "ALL_OLD":
            reason["Item"] = write_item(item)
        reasons.append(reason)
    return ApiError(cancelled.code, cancelled.message, CancellationReasons=reasons)


@operation("dynamodb", "TransactGetItems", uses="TransactItems ReturnConsumedCapacity")
def transact_get_items(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    gets = [item["Get"] for item in request["TransactItems"]]
    with used(context.site, *(get["TableName"] for get in gets)) as found:
        keys = [read_item(get["Key"]) for get in gets]
        read = tables.transact_get(list(zip(found, keys, strict=True)))
        responses = []
        for get, (item, _) in zip(gets, read, strict=True):
            projection = _projection(get, _names(get))
            responses.append({} if item is None else {"Item": _part(item, projection)})
        consumed = [(table, units) for table, (_, units) in zip(found, read, strict=True)]
        return {"Responses": responses, "ConsumedCapacity": _add_up(request, consumed)}
