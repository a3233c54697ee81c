"""Stored experiments: rows that take longer to compute than a lab may run.

An experiment ``part/lab/name`` is a module ``labs_lib/labs/part/lab/experiments/name.py`` with

- a docstring that says what it answers,
- ``REPEATS``, the number of repeats that its interval needs,
- ``def repeat(seed: int) -> list[dict]``: the rows of one repeat, each with its settings
  and results as plain numbers and strings, the same columns in each row.

`run` computes all repeats and stores one row a repeat and setting, with a hash of the code
that made them. `load` gives the rows to a lab and refuses them when the code has changed
since, and `wide` puts the variants side by side, a row a repeat. `confirm` reruns one repeat and
compares, `compare` reruns all of them. `restamp` accepts a change of the code that leaves the first
and the last repeat as they were.
"""

import contextlib
import hashlib
import importlib
import json
import math
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import track

from labs_lib import definitions, files, settings
from labs_lib.course.waiting import waiting
from labs_lib.course.workers import end_with_parent

ROOT = settings.ROOT
"""The folder that holds ``labs_lib/`` and ``data/``."""

LIBRARIES = {
    "numpy": "numpy",
    "scikit-learn": "scikit-learn",
    "xgboost": "xgboost",
    "xgboost-cpu": "xgboost",
    "optuna": "optuna",
    "shap": "shap",
    "imbalanced-learn": "imbalanced-learn",
}
"""Packages whose versions are stored with the rows, and the library they hold.

They are recorded and not part of the hash: other versions do not make rows stale."""

DIGITS = 6
"""Significant digits of a stored number."""


@dataclass(frozen=True, repr=False)
class Status:
    """What is stored of an experiment.

    Attributes
    ----------
    name : str
        ``part/lab/name``.
    state : {"current", "stale", "missing"}
        Stale: the code has changed since the rows were computed.
    rows : int
        Rows stored.
    libraries : dict of str to str
        Python and main libraries with which the rows were computed. Other versions do not
        make them stale.
    """

    name: str
    state: str
    rows: int
    libraries: dict[str, str]

    def __repr__(self) -> str:
        if self.state == "missing":
            return f"{self.name}: missing"
        versions = ", ".join(
            f"{name} {version}" for name, version in self.libraries.items()
        )
        return f"{self.name}: {self.state}, {self.rows:,} rows, made with {versions}"


@dataclass(frozen=True, repr=False)
class Confirmation:
    """One repeat, rerun and found equal to the stored rows.

    Attributes
    ----------
    seed : int
        Which repeat.
    rows : int
        Rows compared.
    largest : float
        Largest difference of a number: absolute up to 1, relative above.
    """

    seed: int
    rows: int
    largest: float

    def __repr__(self) -> str:
        return (
            f"repeat {self.seed} rerun: {self.rows} rows, "
            f"largest difference {self.largest:.4f}"
        )


def find(names: Sequence[str] = ()) -> list[str]:
    """Return the names of experiments, ``part/lab/name``: those given, or all, sorted.

    Raises
    ------
    ValueError
        If one of the names is no experiment.
    """
    known = sorted(
        f"{file.parents[2].name}/{file.parents[1].name}/{file.stem}"
        for file in (ROOT / "labs_lib" / "labs").glob("*/*/experiments/*.py")
        if not file.stem.startswith("_")
    )
    for name in names:
        if name not in known:
            expected = ", ".join(known) or "none found"
            raise ValueError(f"no experiment {name!r}, expected one of: {expected}.")
    return list(names) or known


def path(name: str) -> Path:
    """Return the file that holds the rows of an experiment, whether it exists or not.

    Raises
    ------
    ValueError
        If there is no such experiment.
    """
    find([name])
    return _file(name)


def run(name: str, *, workers: int = 1, progress: bool = True) -> Path:
    """Compute all repeats of an experiment and store their rows.

    Parameters
    ----------
    name : str
        ``part/lab/name``.
    workers : int
        Processes. With more than one, each uses one thread (``LABS_JOBS=1``). The rows do
        not depend on it.
    progress : bool
        Show a bar on stderr if that is a terminal.

    Returns
    -------
    Path
        The Parquet file: columns seed, settings and results; numbers rounded to 6
        significant digits.

    Raises
    ------
    ValueError
        If there is no such experiment, its module is not as described above, or a repeat
        returns anything but rows of plain finite values with the same columns.
    """
    file = path(name)
    if workers < 1:
        raise ValueError(f"workers is {workers}, expected at least 1.")
    code = code_hash(name)
    rows = [row for repeat in _all_repeats(name, workers, progress) for row in repeat]
    _same_columns(name, rows)
    try:
        table = pa.Table.from_pylist(rows)
    except pa.ArrowException as error:
        raise ValueError(f"{name}: a column mixes text and numbers: {error}.") from None
    notes = {"code": code, "libraries": json.dumps(versions())}
    with files.replacing(file) as temporary:
        write_rows(table.replace_schema_metadata(notes), temporary)
    return file


def check(name: str) -> bool:
    """Return whether the rows of an experiment are stored and made by the present code.

    Nothing is executed; raises as `status`.
    """
    return status(name).state == "current"


def status(name: str) -> Status:
    """Return what is stored of an experiment, and whether the present code made it.

    Nothing is executed.

    Raises
    ------
    ValueError
        If there is no such experiment, or the file is damaged.
    """
    file = path(name)
    if not file.exists():
        return Status(name, "missing", 0, {})
    stored = _metadata(name)
    code, libraries = stored.metadata[b"code"], json.loads(stored.metadata[b"libraries"])
    state = "current" if code.decode() == code_hash(name) else "stale"
    return Status(name, state, stored.num_rows, libraries)


def load(name: str) -> pd.DataFrame:
    """Return the stored rows of an experiment.

    Parameters
    ----------
    name : str
        ``part/lab/name``.

    Returns
    -------
    DataFrame of shape (rows, columns)
        One row a repeat and setting: ``seed``, then settings and results.

    Raises
    ------
    ValueError
        If there is no such experiment, the file is damaged, or the code has changed since
        the rows were computed: old numbers must not be shown as if they were new.
    FileNotFoundError
        If it was never run.
    """
    state = status(name).state
    if state == "missing":
        raise FileNotFoundError(_missing(name))
    if state == "stale":
        raise ValueError(
            f"the code of experiment {name!r} has changed since its rows were computed. "
            f"Compute them again with: labs experiment {name}"
        )
    return _table(name).to_pandas()


def wide(
    rows: pd.DataFrame,
    columns: str | Sequence[str],
    value: str = "value",
    /,
    *,
    by: Sequence[str] = (),
    **where: Any,
) -> pd.DataFrame:
    """Return one row a repeat and one column a variant: what a paired comparison needs.

    The same as `Rows.wide` for the rows of a trial.

    Parameters
    ----------
    rows : DataFrame
        From `load`, or a part of it.
    columns : str or sequence of str
        The column, or columns, whose values name a variant: ``"model"``.
    value : str
        The column with the numbers.
    by : sequence of str
        Settings that stand above the seed in the index, for a row a setting and repeat.
    **where
        Rows to keep, by the value of a column: ``measure="average precision"``.

    Returns
    -------
    DataFrame
        Indexed by `by` and seed. The columns are in the order in which the experiment gave
        them; with several names they are a MultiIndex.

    Raises
    ------
    ValueError
        If there is no such column or value, or one variant has several rows in one repeat.
    """
    names = [columns] if isinstance(columns, str) else list(columns)
    single = isinstance(columns, str)
    index = [*by, "seed"]
    for name in (*names, value, *index, *where):
        if name not in rows.columns:
            known = ", ".join(map(str, rows.columns))
            raise ValueError(f"the rows have no column {name!r}; they have: {known}.")
    kept = rows
    for name, wanted in where.items():
        known = ", ".join(map(repr, kept[name].unique().tolist()))
        kept = kept[kept[name] == wanted]
        if kept.empty:
            raise ValueError(f"{name} is {wanted!r}, expected one of: {known}.")
    twice = kept[kept.duplicated([*index, *names], keep=False)]
    if len(twice):
        others = twice.columns.difference([*index, *names, value], sort=False)
        found = twice.groupby([*index, *names], observed=True)[list(others)].nunique()
        several = [str(name) for name in others if (found[name] > 1).any()]
        raise ValueError(
            f"one {' and '.join(names)} has several rows in one repeat; expected one. Say "
            f"which you mean, by a value of: {', '.join(several) or 'no column differs'}."
        )
    table = kept.pivot(
        index=index if by else "seed", columns=names[0] if single else names, values=value
    )
    order = kept[names].drop_duplicates()
    return table[list(order[names[0]]) if single else pd.MultiIndex.from_frame(order)]


def confirm(name: str, *, seed: int = 0, tolerance: float = 0.01) -> Confirmation:
    """Rerun one repeat and compare it with the stored rows.

    Parameters
    ----------
    name : str
        ``part/lab/name``.
    seed : int
        Which repeat, counted from 0.
    tolerance : float
        Largest difference of a number that is accepted, because processors round
        differently: absolute up to 1, relative above.

    Returns
    -------
    Confirmation

    Raises
    ------
    ValueError
        If the repeat differs, or as `load`, or if `seed` is not stored.
    FileNotFoundError
        As `load`.
    """
    stored = load(name)
    if seed not in set(stored["seed"]):
        last = stored["seed"].max()
        raise ValueError(f"repeat {seed} of {name!r} is not stored, expected 0 to {last}.")
    return _agrees(name, stored, seed, tolerance)


def compare(
    names: Sequence[str],
    *,
    tolerance: float = 0.01,
    workers: int = 1,
    progress: bool = True,
) -> list[str]:
    """Rerun whole experiments and compare them with the stored rows, which stay.

    Parameters
    ----------
    names : sequence of str
        Which experiments.
    tolerance
        As in `confirm`.
    workers, progress
        As in `run`.

    Returns
    -------
    list of str
        What is missing, stale, damaged or different: one sentence an experiment, none if
        all agree.
    """
    problems = []
    for name in names:
        try:
            stored = load(name).to_dict("records")
            rerun = [row for rows in _all_repeats(name, workers, progress) for row in rows]
            _largest_difference(name, stored, rerun, tolerance)
        except (ValueError, FileNotFoundError) as error:
            problems.append(str(error))
    return problems


def restamp(
    name: str, *, tolerance: float = 0.01, progress: bool = True
) -> list[Confirmation]:
    """Accept stale rows as those of the present code, if reruns agree with them.

    The first and the last repeat are computed again, with all their settings. If both agree,
    the hash of the present code is written into the file; its rows stay as they are.

    Parameters
    ----------
    name : str
        ``part/name``.
    tolerance : float
        As in `confirm`.
    progress : bool
        As in `run`.

    Returns
    -------
    list of Confirmation
        The reruns; none if the rows were current already.

    Raises
    ------
    ValueError
        If a rerun differs, the number of repeats is another, the file is damaged, or there is
        no such experiment. The file is then as it was.
    FileNotFoundError
        If it was never run.
    """
    state = status(name).state
    if state == "missing":
        raise FileNotFoundError(_missing(name))
    if state == "current":
        return []
    code, repeats = code_hash(name), _module(name).REPEATS
    table = _table(name)
    stored = table.to_pandas()
    if sorted(stored["seed"].unique()) != list(range(repeats)):
        raise ValueError(
            f"experiment {name!r} has {stored['seed'].nunique()} repeats stored and now asks "
            f"for {repeats}. Compute it again with: labs experiment {name}"
        )
    seeds = _tracked((0, repeats - 1), name, 2, progress)
    done = [_agrees(name, stored, seed, tolerance) for seed in seeds]
    with files.replacing(path(name)) as temporary:
        notes = {**table.schema.metadata, b"code": code.encode()}
        write_rows(table.replace_schema_metadata(notes), temporary)
    return done


def code_hash(name: str) -> str:
    """Return the SHA-256 of the code of an experiment.

    It covers ``REPEATS``, ``repeat`` and every definition of ``labs_lib`` that they reach, the
    data files that those name, and stored rows of other experiments that they load; see
    `labs_lib.definitions`. Nothing is executed, and the hash is the same on all supported
    versions of Python.

    Raises
    ------
    ValueError
        If there is no such experiment.
    """
    find([name])
    return definitions.digest(
        f"from {_module_name(name)} import REPEATS, repeat",
        root=ROOT,
        rows=lambda other: None if other == name else fingerprint(other),
    )


def fingerprint(name: str) -> str | None:
    """Return the SHA-256 of the rows stored under a name, whatever code made them.

    Returns
    -------
    str or None
        None if there is no experiment of this name; "missing" if it was never run.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    # Asked for any text, so the folder is not searched each time.
    parts = name.split("/")
    if len(parts) != 3 or not all(part.isidentifier() for part in parts):
        return None
    file = _file(name)
    if not file.exists():
        return "missing" if _source(name).is_file() else None
    _metadata(name)
    rows = _table(name).to_pydict()
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


# Running -------------------------------------------------------------------------------


def _file(name: str) -> Path:
    return ROOT / "data" / "trials" / f"{name}.parquet"


def _source(name: str) -> Path:
    part, lab, own = name.split("/")
    return ROOT / "labs_lib" / "labs" / part / lab / "experiments" / f"{own}.py"


def _module_name(name: str) -> str:
    return ".".join(_source(name).relative_to(ROOT).with_suffix("").parts)


def _module(name: str) -> ModuleType:
    module = importlib.import_module(_module_name(name))
    repeats = getattr(module, "REPEATS", None)
    if not isinstance(repeats, int) or repeats < 2:
        raise ValueError(f"{name}: REPEATS is {repeats!r}, expected at least 2.")
    if not callable(getattr(module, "repeat", None)):
        raise ValueError(f"{name}: no function repeat(seed), which returns rows.")
    return module


def _all_repeats(name: str, workers: int, progress: bool) -> Iterator[list[dict]]:
    """Yield the rows of each repeat, in order."""
    repeats = _module(name).REPEATS
    with contextlib.ExitStack() as stack:
        compute: Callable[..., Iterable] = map
        if workers > 1:
            # "spawn" on every system: a forked child may hang in a library's threads.
            spawn = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_one_thread)
            compute = stack.enter_context(pool).map
        rows = compute(_repeat, [name] * repeats, range(repeats))
        yield from _tracked(rows, name, repeats, progress)


def _tracked(items: Iterable, name: str, total: int, progress: bool) -> Iterable:
    """Yield the items, with a bar if somebody is watching."""
    return track(
        items,
        total=total,
        description=name,
        console=Console(stderr=True),
        disable=not (progress and sys.stderr.isatty()),
    )


def _one_thread() -> None:
    end_with_parent()
    os.environ["LABS_JOBS"] = "1"


def _repeat(name: str, seed: int) -> list[dict]:
    """Return the rows of one repeat as they are stored."""
    rows = _module(name).repeat(seed)
    if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
        raise ValueError(f"{name}: repeat({seed}) did not return a list of rows (dicts).")
    if "seed" in rows[0]:
        raise ValueError(f"{name}: rows have a column 'seed' of their own; leave it out.")
    return [
        {"seed": seed} | {key: _stored(name, seed, key, row[key]) for key in row}
        for row in rows
    ]


def _stored(name: str, seed: int, column: str, value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, str | int):
        return value
    raise ValueError(
        f"{name}: repeat({seed}) has {value!r} in column {column!r}, expected text or a "
        "finite number."
    )


def _same_columns(name: str, rows: list[dict]) -> None:
    for row in rows:
        if row.keys() != rows[0].keys():
            raise ValueError(
                f"{name}: repeat({row['seed']}) has the columns {', '.join(row)}, expected "
                f"{', '.join(rows[0])} as in the first row."
            )


def _agrees(name: str, stored: pd.DataFrame, seed: int, tolerance: float) -> Confirmation:
    """Rerun one repeat; raise if it differs from the stored rows of all repeats."""
    rows = stored[stored["seed"] == seed].to_dict("records")
    what = "one stored repeat is computed again: some seconds, more on a busy machine"
    with waiting(what):
        rerun = _repeat(name, seed)
    largest = _largest_difference(name, rows, rerun, tolerance)
    return Confirmation(seed, len(rows), largest)


def _largest_difference(
    name: str, stored: list[dict], rerun: list[dict], tolerance: float
) -> float:
    """Return the largest difference of two lists of rows; raise if it is too large."""
    differs = ""
    largest = 0.0
    if [list(row) for row in stored] != [list(row) for row in rerun]:
        differs = f"{len(stored)} rows stored, {len(rerun)} now, or other columns"
        stored = rerun = []
    for old, new in zip(stored, rerun, strict=True):
        for column in old:
            a, b = old[column], new[column]
            if isinstance(a, str) or isinstance(b, str):
                difference = 0.0 if a == b else math.inf
            else:
                difference = abs(a - b) / max(1.0, abs(a))
            largest = max(largest, difference)
            if difference > tolerance and not differs:
                differs = f"repeat {old['seed']}, {column}: stored {a!r}, now {b!r}"
    if differs:
        raise ValueError(
            f"experiment {name!r} differs from what is stored: {differs}. Either a library "
            "or a data file has changed, or the result depends on something other than the "
            f"seed. Compute it again with: labs experiment {name}"
        )
    return largest


def versions() -> dict[str, str]:
    """Return the versions of Python and of the main libraries."""
    versions = {"Python": ".".join(map(str, sys.version_info[:3]))}
    for package, library in LIBRARIES.items():
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[library] = metadata.version(package)
    return versions


def write_rows(table: pa.Table, file: Path) -> None:
    """Write rows with a checksum of each page: a bit that flips is no other number."""
    pq.write_table(table, file, write_page_checksum=True)


def read_rows(file: Path) -> pa.Table:
    """Read rows, and hold them against their checksums where they have some.

    Raises
    ------
    pyarrow.ArrowException or OSError
        If the file is damaged.
    """
    return pq.read_table(file, page_checksum_verification=True)


def _metadata(name: str) -> pq.FileMetaData:
    """Read what is noted in the file of an experiment."""
    try:
        stored = pq.read_metadata(_file(name))
        json.loads(stored.metadata[b"libraries"])
        stored.metadata[b"code"].decode()
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        raise _damaged(name) from None
    return stored


def _table(name: str) -> pa.Table:
    """Read the rows of an experiment, and the notes in its schema."""
    try:
        return read_rows(_file(name))
    except (pa.ArrowException, OSError):
        raise _damaged(name) from None


def _damaged(name: str) -> ValueError:
    return ValueError(
        f"the stored rows of experiment {name!r} are damaged, or of another version of the "
        f"course ({_file(name).name}). Compute them again with: labs experiment {name}"
    )


def _missing(name: str) -> str:
    return (
        f"the rows of experiment {name!r} are not stored. "
        f"Compute them with: labs experiment {name}"
    )
