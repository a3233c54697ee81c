"""A crawler like Glue's: which files it reads, and which tables it makes of their schemas.

Exclude patterns are the guide's (Glue guide 2026, define-crawler-choose-data-sources). How alike
two schemas have to be is not published: here files with equal columns and types are alike. The
rule of 70 per cent and five schemas is second-hand: it stands in an article of AWS re:Post
(glue-crawler-detect-schema) and not in the guide, which says "the majority".
"""

import functools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from labs_lib.aws.rules.analytics import glob_problem

MAJORITY = 0.70
"""Share of the files that one schema has to exceed, by re:Post."""
MOST_SCHEMAS = 5
"""Schemas below a folder up to which it may be one table, by re:Post."""

Schema = Mapping[str, str]
"""Type by column."""


@functools.lru_cache(maxsize=1000)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    r"""Return an exclude pattern as a regular expression for a whole path.

    Parameters
    ----------
    pattern : str
        Relative to the include path. ``*`` stands for characters within a name, ``**`` for
        characters across folders, ``?`` for one within a name, ``[abc]``, ``[a-z]`` and
        ``[!abc]`` for one of a set, ``{a,b}`` for one of several patterns; ``\`` makes the
        next character an ordinary one. A leading dot is ordinary.

    Raises
    ------
    ValueError
        If a bracket or brace is not closed, or braces are nested.
    """
    problem = glob_problem(pattern)
    if problem:
        raise ValueError(
            f"pattern is {pattern!r}: {problem}. Expected a pattern of the guide."
        )
    parts, place, in_braces = [], 0, False
    while place < len(pattern):
        letter = pattern[place]
        place += 1
        if letter == "*":
            across = pattern[place : place + 1] == "*"
            parts.append(".*" if across else "[^/]*")
            place += across
        elif letter == "?":
            parts.append("[^/]")
        elif letter == "[":
            end = pattern.index("]", place + (pattern[place : place + 1] == "]"))
            inside, place = pattern[place:end], end + 1
            no = inside.startswith("!")
            body = re.sub(r"[\\\[\]^&~|]", r"\\\g<0>", inside[no:])
            parts.append(f"[^/{body}]" if no else f"(?!/)[{body}]")
        elif letter == "{":
            in_braces = True
            parts.append("(?:")
        elif letter == "}":
            in_braces = False
            parts.append(")")
        elif letter == "," and in_braces:
            parts.append("|")
        else:
            if letter == "\\":
                letter = pattern[place]
                place += 1
            parts.append(re.escape(letter))
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error as error:
        raise ValueError(
            f"pattern is {pattern!r}: {error}. Expected a pattern of the guide."
        ) from None


def is_excluded(path: str, patterns: Iterable[str]) -> bool:
    """Say whether a path, relative to the include path, matches one of the patterns."""
    return any(compile_pattern(pattern).fullmatch(path) for pattern in patterns)


@dataclass(frozen=True)
class CatalogTable:
    """A table that a crawl has found.

    Attributes
    ----------
    name : str
    path : str
        The folder, or the file, relative to the include path.
    columns : dict of str to str
        Type by column.
    partitions : tuple of str
        Names of the partition columns, from ``name=value`` folders; others ``partition_0``.
    files : tuple of str
    is_deprecated : bool
    """

    name: str
    path: str
    columns: dict[str, str]
    partitions: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    is_deprecated: bool = False


@dataclass(frozen=True)
class Crawl:
    """What a crawl did: its tables, and how many files it listed and opened."""

    tables: tuple[CatalogTable, ...]
    listed: int
    opened: int


def crawl(
    files: Mapping[str, Schema],
    *,
    exclusions: Sequence[str] = (),
    combine: bool = False,
    majority: float = MAJORITY,
    most_schemas: int = MOST_SCHEMAS,
) -> Crawl:
    """Return the tables of files below one include path.

    Parameters
    ----------
    files : mapping of str to Schema
        Columns and types by path, relative to the include path.
    exclusions : sequence of str
        Patterns of files that are not opened; see `compile_pattern`.
    combine : bool
        CombineCompatibleSchemas: files of compatible schemas are one table with all their
        columns. Compatible here means that a column of both has one type in both.
    majority : float
        A folder is one table if more than this share of its files has one schema,
    most_schemas : int
        and it has at most so many schemas. Otherwise each folder below it is looked at by
        itself, and a folder of files that are not alike gives a table for each file.

    Notes
    -----
    That a refused folder gives a table for each *file* is what re:Post says; notes that quote it
    say "a table for each schema" elsewhere.
    """
    if not 0 <= majority <= 1 or most_schemas < 1:
        raise ValueError(
            f"majority is {majority} and most_schemas {most_schemas}; expected a share from 0 "
            "to 1, and 1 or more."
        )
    kept = {
        path: files[path] for path in sorted(files) if not is_excluded(path, exclusions)
    }
    for path, schema in kept.items():
        if not schema or path.strip("/") != path or not path:
            raise ValueError(
                f"the file {path!r} has the columns {sorted(schema)}; expected a relative path "
                "and at least one column."
            )
    found = _tables("", kept, combine, majority, most_schemas) if kept else []
    return Crawl(tuple(_with_names(found)), len(files), len(kept))


def _tables(
    folder: str, files: Mapping[str, Schema], combine: bool, majority: float, most: int
) -> list[CatalogTable]:
    if _is_one(list(files.values()), combine, majority, most):
        return [_table(folder, files)]
    here: dict[str, Schema] = {}
    below: dict[str, dict[str, Schema]] = {}
    for path, schema in files.items():
        rest = path.removeprefix(folder).lstrip("/")
        name, _, inside = rest.partition("/")
        if inside:
            below.setdefault(f"{folder}/{name}".lstrip("/"), {})[path] = schema
        else:
            here[path] = schema
    found = [_table(path, {path: schema}) for path, schema in here.items()]
    for inner, several in below.items():
        found += _tables(inner, several, combine, majority, most)
    return found


def _is_one(schemas: list[Schema], combine: bool, majority: float, most: int) -> bool:
    if combine:
        types: dict[str, str] = {}
        return all(types.setdefault(c, t) == t for s in schemas for c, t in s.items())
    counts = Counter(tuple(sorted(schema.items())) for schema in schemas)
    (_, largest), *_ = counts.most_common(1)
    return len(counts) == 1 or (largest > majority * len(schemas) and len(counts) <= most)


def _table(folder: str, files: Mapping[str, Schema]) -> CatalogTable:
    columns: dict[str, str] = {}
    # The first schema that names a column says its type; the most frequent comes first.
    counts = Counter(tuple(schema.items()) for schema in files.values())
    for schema, _ in counts.most_common():
        for column, kind in schema:
            columns.setdefault(column, kind)
    levels = [path.removeprefix(folder).lstrip("/").split("/")[:-1] for path in files]
    depth = min(map(len, levels))
    names = []
    for level in range(depth):
        keys = {parts[level].partition("=")[0] for parts in levels if "=" in parts[level]}
        one = keys.pop() if len(keys) == 1 else ""
        names.append(one or f"partition_{level}")
    return CatalogTable("", folder, columns, tuple(names), tuple(files))


def _with_names(found: list[CatalogTable]) -> list[CatalogTable]:
    names: Counter[str] = Counter()
    named = []
    for table in found:
        last = table.path.rpartition("/")[2] or "root"
        name = re.sub(r"[^a-z0-9_]", "_", last.lower())
        names[name] += 1
        name = name if names[name] == 1 else f"{name}_{names[name]}"
        named.append(
            CatalogTable(name, table.path, table.columns, table.partitions, table.files)
        )
    return named


Update = Literal["LOG", "UPDATE_IN_DATABASE"]
Delete = Literal["LOG", "DELETE_FROM_DATABASE", "DEPRECATE_IN_DATABASE"]


@dataclass(frozen=True)
class CatalogDifference:
    """What a crawl found other than the catalog has it.

    Attributes
    ----------
    table : str
    kind : {"added", "removed", "changed"}
    columns : dict of str to str
        What happened to each column: ``added``, ``removed`` or ``type``. A renamed column is one
        removed and one added: nothing in a file says that they are the same.
    """

    table: str
    kind: Literal["added", "removed", "changed"]
    columns: dict[str, str] = field(default_factory=dict)


def apply_changes(
    catalog: Mapping[str, CatalogTable],
    found: Iterable[CatalogTable],
    *,
    update: Update = "UPDATE_IN_DATABASE",
    delete: Delete = "DEPRECATE_IN_DATABASE",
) -> tuple[dict[str, CatalogTable], list[CatalogDifference]]:
    """Return the catalog after a crawl, and what was different.

    Parameters
    ----------
    catalog : mapping of str to CatalogTable
        By name.
    found : iterable of CatalogTable
    update : {"UPDATE_IN_DATABASE", "LOG"}
        What happens to a table whose columns have changed.
    delete : {"DEPRECATE_IN_DATABASE", "DELETE_FROM_DATABASE", "LOG"}
        What happens to a table that is no longer found.
    """
    if update not in ("LOG", "UPDATE_IN_DATABASE"):
        raise ValueError(f"update is {update!r}, expected LOG or UPDATE_IN_DATABASE.")
    if delete not in ("LOG", "DELETE_FROM_DATABASE", "DEPRECATE_IN_DATABASE"):
        raise ValueError(
            f"delete is {delete!r}, expected LOG, DELETE_FROM_DATABASE or DEPRECATE_IN_DATABASE."
        )
    new, differences = dict(catalog), []
    names = set()
    for table in found:
        names.add(table.name)
        old = catalog.get(table.name)
        if old is None:
            new[table.name] = table
            differences.append(CatalogDifference(table.name, "added"))
            continue
        columns = _columns(old.columns, table.columns)
        if columns:
            differences.append(CatalogDifference(table.name, "changed", columns))
        if not columns or update == "UPDATE_IN_DATABASE":
            new[table.name] = table
    for name in sorted(set(catalog) - names):
        differences.append(CatalogDifference(name, "removed"))
        if delete == "DELETE_FROM_DATABASE":
            del new[name]
        elif delete == "DEPRECATE_IN_DATABASE":
            old = catalog[name]
            new[name] = CatalogTable(
                name, old.path, old.columns, old.partitions, old.files, is_deprecated=True
            )
    return new, differences


def _columns(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    changed = {column: "removed" for column in old if column not in new}
    for column, kind in new.items():
        if column not in old:
            changed[column] = "added"
        elif old[column] != kind:
            changed[column] = "type"
    return changed


def flex_bill(worker_seconds: Iterable[float], *, dpu: float, price: float) -> float:
    """Return the bill of a FLEX job: DPU times the time that each worker ran.

    Parameters
    ----------
    worker_seconds : iterable of float
        How long each worker ran.
    dpu : float
        Units of a worker: 1 for G.1X, 2 for G.2X.
    price : float
        Of a unit and hour.
    """
    times = list(worker_seconds)
    if any(not time >= 0 for time in times) or not dpu > 0 or not price >= 0:
        raise ValueError("expected times and price from 0 on, and dpu above 0.")
    return sum(times) / 3600 * dpu * price
