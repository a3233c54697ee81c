"""What the server knows, in one SQLite file: it survives a restart and a kill."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VERSION = 1

_TABLES = """
create table if not exists settings (name text primary key, value text) without rowid;
create table if not exists resources (
    kind text, name text, arn text, body text, primary key (kind, name)) without rowid;
create index if not exists resources_by_arn on resources (arn);
create table if not exists tags (
    arn text, key text, value text, primary key (arn, key)) without rowid;
create table if not exists buckets (
    name text primary key, region text, created real) without rowid;
create table if not exists objects (
    bucket text, key text, file text, size integer, etag text, crc32 text, modified real,
    headers text, metadata text, primary key (bucket, key)) without rowid;
create table if not exists versions (
    number integer primary key autoincrement, bucket text, key text, version text,
    marker integer, superseded real, file text, size integer, etag text, crc32 text,
    modified real, headers text, metadata text, details text);
create index if not exists versions_by_key on versions (bucket, key, number);
create table if not exists uploads (
    id text primary key, bucket text, key text, created real, headers text,
    metadata text) without rowid;
create table if not exists parts (
    upload text, number integer, file text, size integer, etag text, crc32 text,
    modified real, primary key (upload, number)) without rowid;
create table if not exists log_events (
    id integer primary key, log_group text, stream text, time real, ingested real,
    message text);
create index if not exists log_events_by_stream on log_events (log_group, stream, id);
create table if not exists queued (
    queue text, number integer, message text, primary key (queue, number)) without rowid;
create table if not exists deduplicated (
    queue text, number integer, message text, primary key (queue, number)) without rowid;
create table if not exists table_items (
    name text, key text, item text, primary key (name, key)) without rowid;
create table if not exists table_changes (
    name text, sequence integer, shard integer, change text, at real,
    primary key (name, sequence)) without rowid;
create table if not exists stream_records (
    stream text, sequence text, shard text, partition_key text, data blob, arrived real,
    primary key (stream, sequence)) without rowid;
create table if not exists online_records (
    feature_group text, identifier text, event_time integer, record text, expires real,
    primary key (feature_group, identifier)) without rowid;
create table if not exists offline_records (
    id integer primary key, feature_group text, event_time integer, record text,
    deleted integer, invoked real);
create index if not exists offline_records_by_group on offline_records (feature_group, id);
create table if not exists waiting (
    number integer primary key autoincrement, endpoint text, created real, request text,
    body blob);
create table if not exists series (
    id integer primary key, namespace text, name text, dimensions text, unit text,
    unique (namespace, name, dimensions, unit));
create table if not exists points (
    series integer, second integer, count real, total real, low real, high real,
    spread text, primary key (series, second)) without rowid;
"""


class Taken(Exception):
    """A resource of this kind and name exists."""


class State:
    """Resources as dictionaries by kind and name, and the tables of S3, tags, logs, metrics.

    Every change is committed before its function returns. (A kill loses nothing; a power
    failure may lose the last moments.) Threads share it.

    Parameters
    ----------
    file : Path
        Made if it does not exist.

    Raises
    ------
    ValueError
        If it is damaged, of another version of the course, or cannot be written.
    """

    def __init__(self, file: Path):
        self._connection = _opened(file)
        self.is_open = True
        self._lock = threading.RLock()
        self._depth = 0
        self.rollbacks = 0
        self._changed = threading.Condition()
        self._changes = 0
        for table in ("objects", "uploads"):
            self._add_details(table)
        found = self.setting("version", str(VERSION))
        if found != str(VERSION):
            raise ValueError(
                f"{file} was made by another version of the course ({found}, not {VERSION}). "
                "Start with another folder, or delete this one."
            )
        self.set_setting("version", str(VERSION))

    def _add_details(self, table: str) -> None:
        """Add the column to a table of a folder that is older than it."""
        columns = {row[1] for row in self.rows(f"pragma table_info({table})")}
        if "details" not in columns:
            self.execute(f"alter table {table} add column details text default '{{}}'")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self.is_open = False
            self._connection.close()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all other threads out during the block, which commits nothing by itself."""
        with self._lock:
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes of the block together, or none if it raises."""
        with self._lock:
            outer = self._depth == 0
            if outer:
                self._connection.execute("begin immediate")
            self._depth += 1
            try:
                yield
                if outer:
                    self._connection.execute("commit")
            except BaseException:
                if outer and self._connection.in_transaction:
                    self.rollbacks += 1
                    self._connection.execute("rollback")
                raise
            finally:
                self._depth -= 1

    def execute(self, statement: str, *values: Any) -> int:
        """Run one statement and return the number of rows it changed."""
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    def execute_many(self, statement: str, rows: list[tuple]) -> None:
        """Run one statement for each of the rows, in one transaction."""
        with self.transaction():
            self._connection.executemany(statement, rows)

    def rows(self, statement: str, *values: Any) -> list[tuple]:
        """Return the rows of a query."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> tuple | None:
        """Return the first row of a query, or None."""
        with self._lock:
            return self._connection.execute(statement, values).fetchone()

    def setting(self, name: str, default: str) -> str:
        """Return a setting, or `default` if it was never set."""
        found = self.row("select value from settings where name = ?", name)
        return default if found is None else found[0]

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting."""
        self.execute("insert or replace into settings values (?, ?)", name, value)

    # Resources

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """Return a resource, or None."""
        found = self.row(
            "select body from resources where kind = ? and name = ?", kind, name
        )
        return None if found is None else json.loads(found[0])

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return all resources of a kind, by name."""
        return [
            json.loads(body)
            for (body,) in self.rows(
                "select body from resources where kind = ? order by name", kind
            )
        ]

    def add(self, kind: str, name: str, arn: str, body: Mapping[str, Any]) -> None:
        """Keep a new resource.

        Raises
        ------
        Taken
            If one of this kind and name exists.
        """
        try:
            self.execute(
                "insert into resources values (?, ?, ?, ?)", kind, name, arn, _json(body)
            )
        except sqlite3.IntegrityError:
            raise Taken(kind, name) from None
        self.notify()

    def change(
        self,
        kind: str,
        name: str,
        changes: Mapping[str, Any],
        *,
        only_if: Callable[[dict[str, Any]], bool] | None = None,
    ) -> dict[str, Any] | None:
        """Change members of a resource and return it as it now is.

        Parameters
        ----------
        kind, name : str
            Which resource.
        changes : mapping
            New values; a member whose value is None is removed.
        only_if : callable, optional
            Looks at the resource in the same transaction; nothing changes if it says no.

        Returns
        -------
        dict or None
            None if there is no such resource, or `only_if` said no.
        """
        with self.transaction():
            body = self.get(kind, name)
            if body is None or (only_if is not None and not only_if(body)):
                return None
            body.update(changes)
            body = {key: value for key, value in body.items() if value is not None}
            self.execute(
                "update resources set body = ? where kind = ? and name = ?",
                _json(body),
                kind,
                name,
            )
        self.notify()
        return body

    def remove(self, kind: str, name: str) -> dict[str, Any] | None:
        """Forget a resource with its tags; return what it was, or None."""
        with self.transaction():
            body = self.get(kind, name)
            self.execute(
                "delete from tags where arn in "
                "(select arn from resources where kind = ? and name = ?)",
                kind,
                name,
            )
            self.execute("delete from resources where kind = ? and name = ?", kind, name)
        self.notify()
        return body

    def has_arn(self, arn: str) -> bool:
        """Say whether a resource has this ARN."""
        return self.row("select 1 from resources where arn = ?", arn) is not None

    def notify(self) -> None:
        """Let whoever waits ask again."""
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def wait_for(self, check: Callable[[], Any], *, seconds: float) -> Any:
        """Return ``check()`` once it is true, asked again after each change of a resource.

        Returns
        -------
        object
            The last answer of `check`, false if `seconds` have passed.
        """
        deadline = time.monotonic() + seconds
        while True:
            with self._changed:
                seen = self._changes
            answer = check()
            left = deadline - time.monotonic()
            if answer or left <= 0:
                return answer
            with self._changed:
                if self._changes == seen:
                    self._changed.wait(left)


def _opened(file: Path) -> sqlite3.Connection:
    """Open the file and look whether all of it can be read; nothing is changed if not."""
    connection = None
    try:
        # An embedded newline or quote cannot do harm: every value is a parameter.
        connection = sqlite3.connect(file, check_same_thread=False, timeout=30)
        connection.isolation_level = None
        ((found,),) = connection.execute("pragma quick_check(1)")
        if found != "ok":
            raise sqlite3.DatabaseError(" ".join(found.split()))
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.executescript(_TABLES)
    except sqlite3.DatabaseError as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.OperationalError):
            raise ValueError(
                f"{file} cannot be opened: {error}. Start with a folder where you may write."
            ) from None
        raise ValueError(
            f"{file} is damaged: {error}. Start with another folder, or bring this one back from "
            "a copy."
        ) from None
    return connection


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=True, separators=(",", ":"))
