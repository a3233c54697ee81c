"""Running a trial for all its seeds and settings, in other processes."""

import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from labs_lib.course.catalog import LabInfo
from labs_lib.course.trial.plan import (
    TrialPlan,
    checked,
    difference,
    named,
    namespace,
    rows_of,
    told,
)
from labs_lib.course.trial.stored import Stored, path, write
from labs_lib.course.workers import end_with_parent

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LABS_JOBS")


def compute(
    info: LabInfo,
    plan: TrialPlan,
    *,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Run a trial for all seeds and settings, and store its rows.

    Parameters
    ----------
    info : LabInfo
        The lab.
    plan : TrialPlan
        One of `plans`.
    workers : int, optional
        Processes, with one thread each; by default as many as the machine has cores. The rows
        do not depend on it.
    progress : bool
        Show a bar on stderr if that is a terminal.

    Returns
    -------
    Path
        The Parquet file.

    Raises
    ------
    ValueError
        If the trial raises, or returns anything but finite numbers under the same keys. The
        file is then as it was.
    """
    code = plan.code_hash()
    tasks = [(s, c) for c in range(len(plan.combinations())) for s in range(plan.seeds)]
    found = _run(info.id, plan, tasks, workers=workers, progress=progress)
    frames: list[dict] = []
    seconds: dict[int, list[float]] = {}
    for task in tasks:
        result, took = found[task]
        frames += rows_of(plan, *task, result)
        seconds.setdefault(task[1], []).append(took)
    keys = {task: list(found[task][0]) for task in tasks}
    for task in tasks:
        if keys[task] != keys[tasks[0]]:
            raise ValueError(
                f"{info.id}: {named(plan, *task)} has other keys than "
                f"{named(plan, *tasks[0])}: {difference(keys[tasks[0]], keys[task])}."
            )
    file = path(info.id, plan.name)
    mean = [statistics.mean(seconds[c]) for c in sorted(seconds)]
    write(file, pd.DataFrame(frames), plan, code, mean)
    return file


def restamp(info: LabInfo, plan: TrialPlan, *, workers: int | None = None) -> None:
    """Rerun the first and last seed of every setting; if all agree, store the new hash.

    Raises
    ------
    ValueError
        If a number differs, or as `compute`; the file is then as it was.
    FileNotFoundError
        If there are no rows.
    """
    stored = Stored.read(info.id, plan.name)
    declared = (plan.seeds, plan.levels, plan.settings)
    if declared != (stored.plan.seeds, stored.plan.levels, stored.plan.settings):
        raise ValueError(
            f"{info.id}: seeds, levels or settings of {plan.name} are not those of the stored "
            f"rows. Run `labs trial {info.id} {plan.name}`."
        )
    combinations = range(len(plan.combinations()))
    tasks = [(s, c) for c in combinations for s in sorted({0, plan.seeds - 1})]
    found = _run(info.id, plan, tasks, workers=workers, progress=True)
    for task in tasks:
        stored.compare(plan, *task, found[task][0])
    write(stored.file, stored.table, plan, plan.code_hash(), stored.seconds)


def _run(
    lab: str,
    plan: TrialPlan,
    tasks: list[tuple[int, int]],
    *,
    workers: int | None,
    progress: bool,
) -> dict[tuple[int, int], tuple[dict, float]]:
    """Return result and seconds of each (seed, number of combination)."""
    workers = workers or os.cpu_count() or 1
    bar = Progress(
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not (progress and sys.stderr.isatty()),
    )
    found = {}
    with bar, _one_thread():
        # "spawn" on every system: a forked child may hang in a library's threads.
        pool = ProcessPoolExecutor(
            min(workers, len(tasks)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(plan.text, lab),
        )
        row = bar.add_task(f"{lab} {plan.name}", total=len(tasks))
        try:
            waiting = {}
            for seed, c in tasks:
                chosen = plan.combinations()[c]
                waiting[pool.submit(_one, plan.name, seed, chosen)] = (seed, c)
            # In order, so that the same error is told whichever process is the faster.
            for done, task in waiting.items():
                try:
                    result, took = done.result()
                except TrialError as error:
                    raise ValueError(f"{lab}: {named(plan, *task)} {error}") from None
                found[task] = (checked(lab, plan, task, result), took)
                bar.advance(row)
        finally:
            # Not waited for, it would close its pipes while the end of Python wakes it: OSError.
            pool.shutdown(cancel_futures=True)
    return found


class TrialError(Exception):
    """What went wrong inside a trial, as text: other exceptions may not survive the way back."""


_SPACE: dict[str, Any] = {}


def _begin(text: str, lab: str) -> None:
    end_with_parent()
    _SPACE.clear()
    try:
        _SPACE.update(namespace(text, lab))
    except Exception as error:
        # Raised by the first task: an initializer that fails only breaks the pool.
        _SPACE["error"] = told(error)


def _one(name: str, seed: int, chosen: dict[str, Any]) -> tuple[Any, float]:
    if "error" in _SPACE:
        raise TrialError(f"cannot begin: {_SPACE['error']}")
    # Processor time: a busy machine must not decide whether a room reruns this setting.
    start = time.process_time()
    try:
        result = _SPACE[name](seed, **chosen)
    except Exception as error:
        raise TrialError(f"raises {told(error)}") from None
    return result, time.process_time() - start


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let processes that begin in this block use one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def rerun(info: LabInfo, plan: TrialPlan) -> None:
    """Run a trial's cells by themselves, for the first seed of the cheapest setting; compare.

    Raises
    ------
    ValueError
        As `compute` and `Stored.compare`.
    """
    stored = Stored.read(info.id, plan.name)
    task = (0, int(np.argmin(stored.seconds)))
    found = _run(info.id, plan, [task], workers=1, progress=False)
    stored.compare(plan, *task, found[task][0])
