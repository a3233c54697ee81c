"""A small cluster on one machine: threads joined by XGBoost's own collective.

Each worker of XGBoost's collective belongs to one thread, and its messages go through sockets
of this machine. So a few threads do what as many machines would do, with the same code in
between, and without the start of other processes.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, Future, wait
from threading import Thread
from typing import TypeVar

from xgboost.collective import CommunicatorContext, signal_error
from xgboost.core import XGBoostError
from xgboost.tracker import RabitTracker

Part = TypeVar("Part")
Found = TypeVar("Found")
GRACE = 5  # seconds that the others get to stop, once a worker has failed


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
        Seconds that a worker waits for the others, in a collective call or at the end.

    Returns
    -------
    list
        What `work` returned, in the order of the parts.

    Raises
    ------
    ValueError
        If there are no parts, or `timeout` is not above 0.
    TimeoutError
        If a worker is still silent when the others have given up on it.
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
    futures: list[Future[Found]] = [Future() for _ in parts]
    failed: list[BaseException] = []

    def run(rank: int) -> None:
        try:
            with CommunicatorContext(**address, dmlc_task_id=f"{rank:06d}"):
                try:
                    futures[rank].set_result(work(parts[rank]))
                except BaseException as error:
                    failed.append(error)
                    with contextlib.suppress(Exception):
                        signal_error()
                    raise
        except BaseException as error:
            if not futures[rank].done():
                futures[rank].set_exception(error)

    # Daemons: one that hangs does not keep the process alive.
    threads = [Thread(target=run, args=(r,), daemon=True) for r in range(len(parts))]
    with _quiet():
        for thread in threads:
            thread.start()
        wait(futures, return_when=FIRST_COMPLETED)
        wait(futures, timeout=timeout, return_when=FIRST_EXCEPTION)
        _, hanging = wait(futures, timeout=GRACE)
        for thread in threads:
            thread.join(0 if hanging else timeout)
    if not hanging and not any(future.exception() for future in futures):
        tracker.wait_for(timeout=timeout)
        return [future.result() for future in futures]
    with contextlib.suppress(XGBoostError):  # it complains of workers that are gone
        tracker.free()
    silent = [rank for rank, future in enumerate(futures) if future in hanging]
    if silent and all(isinstance(error, XGBoostError) for error in failed):
        raise TimeoutError(
            f"the workers {silent} did not answer, expected an answer within {timeout} seconds. "
            "Do they all make the same collective calls? If they only need longer, raise timeout."
        ) from next(iter(failed), None)
    errors = [*failed, *(f.exception() for f in futures if f not in hanging)]
    raise next(error for error in errors if error is not None)


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
