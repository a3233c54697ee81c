"""Change capture like DMS's: full load, changes in order, at least once, and row validation.

A task reads a source's log from its checkpoint, applies what it finds and then moves the
checkpoint: killed in between it applies a change again. Sources: DMS guide 2026, CHAP_Validating,
CHAP_Target.Redshift; guide 2023, CHAP_Source.S3, CHAP_Target.Kinesis.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from labs_lib.clock import Timekeeper

Row = Mapping[str, Any]
RowKey = tuple[Any, ...]
RowOperation = Literal["load", "insert", "update", "delete"]

_OPERATIONS: dict[str, RowOperation] = {
    "INSERT": "insert",
    "I": "insert",
    "UPDATE": "update",
    "U": "update",
    "DELETE": "delete",
    "D": "delete",
}


@dataclass(frozen=True)
class RowChange:
    """One change of one row.

    Attributes
    ----------
    sequence : int
        Its place in the source's log, from 1; 0 for a row of the full load.
    operation : {"load", "insert", "update", "delete"}
    row : mapping
        The row after the change; of a delete, the row that went.
    before : mapping or None
        The row before an update.
    """

    sequence: int
    operation: RowOperation
    row: Row
    before: Row | None = None


class SourceTable:
    """A table that keeps a log of its changes.

    Parameters
    ----------
    name, schema : str
    columns : sequence of str
    key : sequence of str
        Columns of the primary key; empty for a table without one.
    """

    def __init__(
        self,
        name: str,
        columns: Sequence[str],
        *,
        key: Sequence[str] = (),
        schema: str = "public",
    ):
        unknown = sorted(set(key) - set(columns))
        if unknown or len(set(columns)) < len(columns):
            raise ValueError(
                f"columns are {list(columns)} and key {list(key)}; expected each column once, and "
                "the key among them."
            )
        self.name = name
        self.schema = schema
        self.columns = tuple(columns)
        self.key = tuple(key)
        self.rows: list[Row] = []
        self.log: list[RowChange] = []

    def insert(self, row: Row) -> None:
        """Add a row, and note it."""
        self._check(row)
        if self.key and any(self._key(old) == self._key(row) for old in self.rows):
            raise ValueError(
                f"there is a row of the key {self._key(row)}; expected a new one."
            )
        self.rows.append(dict(row))
        self._note("insert", row)

    def update(self, where: Callable[[Row], bool], values: Row) -> int:
        """Change the rows for which `where` is true, and return how many."""
        found = [number for number, row in enumerate(self.rows) if where(row)]
        for number in found:
            before = self.rows[number]
            after = {**before, **values}
            self._check(after)
            self.rows[number] = after
            self._note("update", after, before)
        return len(found)

    def delete(self, where: Callable[[Row], bool]) -> int:
        """Remove the rows for which `where` is true, and return how many."""
        gone = [row for row in self.rows if where(row)]
        self.rows = [row for row in self.rows if not where(row)]
        for row in gone:
            self._note("delete", row)
        return len(gone)

    def _check(self, row: Row) -> None:
        if set(row) != set(self.columns):
            raise ValueError(
                f"the row has the columns {sorted(row)}, expected {sorted(self.columns)}."
            )

    def _key(self, row: Row) -> RowKey:
        return tuple(row[column] for column in self.key)

    def _note(self, operation: RowOperation, row: Row, before: Row | None = None) -> None:
        self.log.append(RowChange(len(self.log) + 1, operation, dict(row), before))


@dataclass
class Statistics:
    """What a task has applied, by DMS's names in small letters."""

    full_load_rows: int = 0
    inserts: int = 0
    updates: int = 0
    deletes: int = 0


class ReplicationTask:
    """Copies a table and follows its changes.

    Parameters
    ----------
    source : SourceTable
    target : list of mapping
        The rows of the target; changed in place.
    by_key : bool
        Whether a row replaces one of the same key (an upsert). Without, as in a target that
        enforces no key, a change that is applied twice is there twice.
    """

    def __init__(self, source: SourceTable, target: list[Row], *, by_key: bool = True):
        if by_key and not source.key:
            raise ValueError(
                f"{source.name} has no primary key; expected one, or by_key=False."
            )
        self.source = source
        self.target = target
        self.by_key = by_key
        self.checkpoint = 0
        self.statistics = Statistics()

    def full_load(self) -> None:
        """Copy all rows as they are, and follow the log from here on."""
        self.checkpoint = len(self.source.log)
        for row in self.source.rows:
            self._apply(RowChange(0, "load", row))

    def follow(self, *, limit: int | None = None, is_killed: bool = False) -> int:
        """Apply the changes behind the checkpoint, and return how many.

        Parameters
        ----------
        limit : int, optional
            Changes at most.
        is_killed : bool
            Whether the task dies after it has applied them and before it has moved its
            checkpoint: the next call applies them again.
        """
        end = len(self.source.log) if limit is None else self.checkpoint + limit
        found = self.source.log[self.checkpoint : end]
        for change in found:
            self._apply(change)
        if not is_killed and found:
            self.checkpoint = found[-1].sequence
        return len(found)

    def _apply(self, change: RowChange) -> None:
        statistics = self.statistics
        if change.operation == "load":
            statistics.full_load_rows += 1
        elif change.operation == "insert":
            statistics.inserts += 1
        elif change.operation == "update":
            statistics.updates += 1
        else:
            statistics.deletes += 1
        if self.by_key or change.operation in ("update", "delete"):
            self._remove(change.before if change.operation == "update" else change.row)
            # An update may have moved the row to a key that an earlier try has written.
            if self.by_key and change.operation == "update":
                self._remove(change.row)
        if change.operation != "delete":
            self.target.append(dict(change.row))

    def _remove(self, row: Row | None) -> None:
        if row is None:
            return
        columns = self.source.key if self.by_key else self.source.columns
        wanted = tuple(row[column] for column in columns)
        kept = [r for r in self.target if tuple(r[column] for column in columns) != wanted]
        self.target[:] = kept


# Forms of a change


def write_line(change: RowChange, table: SourceTable) -> str:
    """Return a change as a line of a file of changes on S3: operation, table, schema, columns."""
    values = [change.row[column] for column in table.columns]
    out = io.StringIO()
    operation = "INSERT" if change.operation == "load" else change.operation.upper()
    csv.writer(out, lineterminator="").writerow(
        [operation, table.name, table.schema, *values]
    )
    return out.getvalue()


def read_line(
    line: str, columns: Sequence[str]
) -> tuple[str, str, RowOperation, dict[str, str]]:
    """Return table, schema, operation and row of a line of a file of changes.

    Parameters
    ----------
    line : str
        Such as ``INSERT,employee,hr,101,Smith,Bob,2014-06-04,New York``; the operation may be a
        single letter.
    columns : sequence of str

    Raises
    ------
    ValueError
        If the operation is none, or the number of values is not that of the columns.
    """
    parts = next(csv.reader([line]), [])
    if len(parts) != len(columns) + 3 or parts[0] not in _OPERATIONS:
        raise ValueError(
            f"the line is {line[:80]!r}; expected an operation ({', '.join(_OPERATIONS)}), table, "
            f"schema and {len(columns)} values."
        )
    operation, table, schema, *values = parts
    return table, schema, _OPERATIONS[operation], dict(zip(columns, values, strict=True))


def kinesis_record(
    change: RowChange, table: SourceTable, *, before_image: bool = False
) -> tuple[str, dict[str, Any]]:
    """Return partition key and content of the record that a change is on a Kinesis target.

    Parameters
    ----------
    change : RowChange
    table : SourceTable
        The values of its primary key are the partition key, or its name if it has none.
    before_image : bool
        Whether the values before an update are sent too, with ``BI_`` before their names.
    """
    data = dict(change.row)
    if before_image and change.before is not None:
        data |= {f"BI_{column}": value for column, value in change.before.items()}
    key = ".".join(str(change.row[column]) for column in table.key)
    metadata = {
        "operation": change.operation,
        "schema-name": table.schema,
        "table-name": table.name,
        "record-type": "data",
    }
    return key or f"{table.schema}.{table.name}", {"data": data, "metadata": metadata}


# Validation

TableState = Literal[
    "Not enabled",
    "No primary key",
    "Pending records",
    "Mismatched records",
    "Suspended records",
    "Validated",
]
Failure = Literal["RECORD_DIFF", "MISSING_SOURCE", "MISSING_TARGET"]


@dataclass(frozen=True)
class ValidationSettings:
    """Settings of a task's validation, with DMS's defaults.

    Attributes
    ----------
    enabled : bool
    partition_size : int
        Rows that are read and compared together.
    table_failures : int
        Failed rows from which on a table is suspended.
    failure_delay : float
        Minutes for which a row may differ before it has failed.
    """

    enabled: bool = False
    partition_size: int = 10_000
    table_failures: int = 1_000
    failure_delay: float = 0.0

    def __post_init__(self) -> None:
        if (
            self.partition_size < 1
            or self.table_failures < 1
            or not self.failure_delay >= 0
        ):
            raise ValueError(
                f"{self}: expected partition_size and table_failures from 1 on, failure_delay "
                "from 0 on."
            )


@dataclass(frozen=True)
class RowsValidated:
    """What a validation says of a table.

    Attributes
    ----------
    state : str
        DMS's words.
    failures : dict of key to str
        ``RECORD_DIFF``, ``MISSING_SOURCE`` or ``MISSING_TARGET`` for each failed row.
    pending : int
        Rows that differ and have not failed yet.
    partitions : int
        Comparisons: each reads the rows of the source and of the target.
    """

    state: TableState
    failures: dict[RowKey, Failure] = field(default_factory=dict)
    pending: int = 0
    partitions: int = 0


class RowValidator:
    """Compares a target with its source, row by row, by the primary key.

    Parameters
    ----------
    key : sequence of str
        Empty for a table without one: it is not validated.
    settings : ValidationSettings
    clock : Timekeeper
    """

    def __init__(self, key: Sequence[str], settings: ValidationSettings, clock: Timekeeper):
        self.key = tuple(key)
        self.settings = settings
        self._clock = clock
        self._since: dict[RowKey, float] = {}
        self._suspended: RowsValidated | None = None

    def run(self, source: Iterable[Row], target: Iterable[Row]) -> RowsValidated:
        """Compare all rows as they are now.

        Values are equal only if they are the same value: a number that was rounded on its way is
        another one. A row that is there twice in the target is compared as its last one: keys
        are all that it looks at.
        """
        settings = self.settings
        if not settings.enabled:
            return RowsValidated("Not enabled")
        if not self.key:
            return RowsValidated("No primary key")
        if self._suspended is not None:
            return self._suspended
        left, right = self._by_key(source), self._by_key(target)
        differing = {
            key: _kind(left.get(key), right.get(key))
            for key in {**left, **right}
            if left.get(key) != right.get(key)
        }
        now = self._clock.now()
        self._since = {key: self._since.get(key, now) for key in differing}
        limit = settings.failure_delay * 60
        failed = {k: kind for k, kind in differing.items() if now - self._since[k] >= limit}
        pending = len(differing) - len(failed)
        partitions = -(-max(len(left), len(right)) // settings.partition_size)
        state: TableState = "Validated"
        if len(failed) >= settings.table_failures:
            state = "Suspended records"
        elif failed:
            state = "Mismatched records"
        elif pending:
            state = "Pending records"
        found = RowsValidated(state, failed, pending, partitions)
        if state == "Suspended records":
            self._suspended = found
        return found

    def _by_key(self, rows: Iterable[Row]) -> dict[RowKey, Row]:
        return {tuple(row[column] for column in self.key): row for row in rows}


def _kind(source: Row | None, target: Row | None) -> Failure:
    if source is None:
        return "MISSING_SOURCE"
    return "MISSING_TARGET" if target is None else "RECORD_DIFF"
