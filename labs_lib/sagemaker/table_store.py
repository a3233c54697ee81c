"""The tables of the server: engines in memory, items and changes in its file."""

import base64
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from labs_lib.platform.attribute_values import Item, Value
from labs_lib.platform.capacity import partitions_by_the_old_formula
from labs_lib.platform.errors import Refusal
from labs_lib.platform.table_entries import Key
from labs_lib.platform.table_streams import RETENTION, ItemChange, TableStream
from labs_lib.platform.tables import Index, KeyedTable
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.site import Site

KIND = "Table"


def read_item(item: Any) -> Any:
    """Return an item or a value as an engine has it: binary values are bytes."""
    if isinstance(item, dict):
        return {
            name: _binary(name, content)
            if _is_binary(name, content)
            else read_item(content)
            for name, content in item.items()
        }
    return [read_item(each) for each in item] if isinstance(item, list) else item


def _is_binary(name: str, content: Any) -> bool:
    several = isinstance(content, list) and all(isinstance(each, str) for each in content)
    return (name == "B" and isinstance(content, str)) or (name == "BS" and several)


def _binary(name: str, content: Any) -> Any:
    return _bytes(content) if name == "B" else [*map(_bytes, content)]


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ApiError("SerializationException", "A value B is not in base64.") from None


def write_item(item: Any) -> Any:
    """Return an item or a value as JSON can hold it."""
    if isinstance(item, bytes):
        return base64.b64encode(item).decode("ascii")
    if isinstance(item, Mapping):
        return {name: write_item(content) for name, content in item.items()}
    return [write_item(each) for each in item] if isinstance(item, list | tuple) else item


def table_name(text: str) -> str:
    """Return the name in a name or an ARN."""
    return re.sub(r"^arn:[^/]*:table/([^/]+).*$", r"\1", text)


def unknown(name: str) -> ApiError:
    """Return the error for a table that there is not."""
    return ApiError(
        "ResourceNotFoundException",
        f"Requested resource not found: Table: {name[:255]} not found",
    )


@contextlib.contextmanager
def used(site: Site, *names: str) -> Iterator[list[KeyedTable]]:
    """Give tables to one thread at a time; what it changes is stored together."""
    refused: Exception | None = None
    with site.engines.use():
        with site.state.transaction():
            try:
                yield [_loaded(site, table_name(name)) for name in names]
            except (Refusal, ApiError) as refusal:
                # Items may have expired before: that stays.
                refused = refusal
        if refused is not None:
            raise refused


def forget(site: Site, *names: str) -> None:
    """Drop engines, so that they are made anew from the file."""
    for name in names:
        site.engines.tables.pop(table_name(name), None)


def description(site: Site, name: str) -> dict[str, Any]:
    """Return what was stored of a table's definition."""
    found = site.state.get(KIND, table_name(name))
    if found is None:
        raise unknown(table_name(name))
    return found


def _loaded(site: Site, name: str) -> KeyedTable:
    if name not in site.engines.tables:
        found = description(site, name)
        table = make(site, found)
        rows = site.state.rows("select item from table_items where name = ?", name)
        table.restore(read_item(json.loads(item)) for (item,) in rows)
        site.engines.tables[name] = table
    return site.engines.tables[name]


def make(site: Site, found: Mapping[str, Any]) -> KeyedTable:
    """Return the engine of a definition, without items."""
    name = found["TableName"]
    types = {d["AttributeName"]: d["AttributeType"] for d in found["AttributeDefinitions"]}
    reads, writes = rates(found)
    partitions = partitions_by_the_old_formula(reads or 0, writes or 0, 0)
    table = KeyedTable(
        name,
        key_of(found["KeySchema"]),
        types,
        clock=site.clock,
        indexes=[
            index_of(item, is_global=kind.startswith("Global"))
            for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes")
            for item in found.get(kind, [])
        ],
        reads=reads,
        writes=writes,
        partitions=partitions,
        stream=_stream(site, found, partitions),
    )
    table.set_ttl(found.get("TimeToLive"))

    def journal(
        key: dict[str, Value], item: Item | None, shard: int, change: ItemChange | None
    ) -> None:
        _store(site, name, key, item)
        if change is not None:
            _store_change(site, name, shard, change)

    table.journal = journal
    return table


def key_of(schema: list[dict[str, str]]) -> Key:
    """Return a key from its schema."""
    names = {
        kind: tuple(part["AttributeName"] for part in schema if part["KeyType"] == kind)
        for kind in ("HASH", "RANGE")
    }
    return Key(names["HASH"], names["RANGE"])


def index_of(item: Mapping[str, Any], *, is_global: bool) -> Index:
    """Return an index from its definition."""
    projection = item.get("Projection", {})
    attributes = frozenset(projection.get("NonKeyAttributes", []))
    everything = projection.get("ProjectionType", "ALL") == "ALL"
    reads, writes = rates(item)
    return Index(
        item["IndexName"],
        key_of(item["KeySchema"]),
        is_global,
        None if everything else attributes,
        reads,
        writes,
    )


def rates(item: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return provisioned reads and writes a second, None on demand."""
    given = item.get("ProvisionedThroughput", {})
    return given.get("ReadCapacityUnits"), given.get("WriteCapacityUnits")


# Items and changes in the file


def _store(site: Site, name: str, key: dict[str, Value], item: Item | None) -> None:
    text = json.dumps(write_item(key), sort_keys=True)
    if item is None:
        site.state.execute("delete from table_items where name = ? and key = ?", name, text)
        return
    site.state.execute(
        "insert or replace into table_items values (?, ?, ?)",
        name,
        text,
        json.dumps(write_item(item)),
    )


def _store_change(site: Site, name: str, shard: int, change: ItemChange) -> None:
    stored = {
        "event": change.event,
        "keys": write_item(change.keys),
        "old": write_item(change.old),
        "new": write_item(change.new),
        "is_expiry": change.is_expiry,
        "size": change.size,
    }
    site.state.execute(
        "insert into table_changes values (?, ?, ?, ?, ?)",
        name,
        change.sequence,
        shard,
        json.dumps(stored),
        change.at,
    )
    site.state.execute(
        "delete from table_changes where name = ? and at < ? and sequence < ?",
        name,
        change.at - RETENTION,
        change.sequence,
    )


def _stream(site: Site, found: Mapping[str, Any], shards: int) -> TableStream | None:
    view = found.get("StreamViewType")
    if view is None:
        return None
    stream = TableStream(site.clock, view=view, shards=shards, created=found["StreamSince"])
    rows = site.state.rows(
        "select sequence, shard, change, at from table_changes where name = ?",
        found["TableName"],
    )
    kept: list[list[ItemChange]] = [[] for _ in range(shards)]
    for sequence, shard, text, at in rows:
        change = json.loads(text)
        kept[shard].append(
            ItemChange(
                sequence,
                change["event"],
                at,
                read_item(change["keys"]),
                read_item(change["old"]),
                read_item(change["new"]),
                change["is_expiry"],
                change["size"],
            )
        )
    begin = max((row[0] for row in rows), default=0) + 1
    for shard, records in enumerate(kept):
        stream.restore(shard, records, next_number=begin)
    return stream


def remove(site: Site, name: str) -> None:
    """Remove a table with all that is stored of it."""
    with site.engines.use(), site.state.transaction():
        site.state.remove(KIND, name)
        for table in ("table_items", "table_changes"):
            site.state.execute(f"delete from {table} where name = ?", name)
        forget(site, name)
