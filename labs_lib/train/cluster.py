"""A small cluster on one machine: threads joined by XGBoost's own collective.

Each worker of XGBoost's collective belongs to one thread, and its messages go through sockets
of this machine. So a few threads do what as many machines would do, with the same code in
between, and without the start of other processes.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from xgboost.collective import CommunicatorContext, signal_error
from xgboost.core import XGBoostError
from xgboost.tracker import RabitTracker

Part = TypeVar("Part")
Found = TypeVar("Found")


def together(
    work: Callable[[Part], Found], parts: Sequence[Part], *, timeout: int = 300
) -> list[Found]:
    """Run `work` on each part in a thread of its own; the threads are joined by a collective.

    Inside of `work`, XGBoost sees as many workers as there are parts: it merges the cuts of a
    `QuantileDMatrix` and adds up the statistics of all splits.

    Parameters
    ----------
    work : callable
        Called as ``work(part)``. All workers have to make the same collective calls in the
        same order.
    parts : sequence
        One part a worker, at least one; the first goes to rank 0.
    timeout : int, default 300
        Seconds to wait for a worker that does not answer.

    Returns
    -------
    list
        What `work` returned, in the order of the parts.

    Raises
    ------
    ValueError
        If there are no parts, or `timeout` is not above 0.
    Exception
        The error of the first worker that failed. The other workers are stopped.

    Notes
    -----
    XGBoost's native code writes a line with the time to standard error when a worker joins,
    at any verbosity. That stream is closed for the process while the workers run.
    """
    if not parts:
        raise ValueError(
            "parts is empty, expected one part a worker. Give at least one part."
        )
    if timeout <= 0:
        raise ValueError(
            f"timeout is {timeout}, expected a number of seconds above 0. The default is 300."
        )
    tracker = RabitTracker(
        n_workers=len(parts), host_ip="127.0.0.1", sortby="task", timeout=timeout
    )
    tracker.start()
    address = tracker.worker_args() | {"dmlc_timeout": timeout}
    failed: list[Exception] = []

    def run(rank: int) -> Found:
        with CommunicatorContext(**address, dmlc_task_id=f"{rank:06d}"):
            try:
                return work(parts[rank])
            except Exception as error:
                failed.append(error)
                with contextlib.suppress(Exception):
                    signal_error()
                raise

    with _quiet(), ThreadPoolExecutor(len(parts)) as pool:
        futures = [pool.submit(run, rank) for rank in range(len(parts))]
        errors = [future.exception() for future in futures]
    first = [*failed, *(error for error in errors if error is not None)][:1]
    if first:
        with contextlib.suppress(XGBoostError):  # it complains of workers that are gone
            tracker.free()
        raise first[0]
    tracker.wait_for(timeout=timeout)
    return [future.result() for future in futures]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Send what native code writes to standard error to nowhere."""
    try:
        kept = os.dup(2)
    except OSError:  # a process without standard error
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
