"""Say what a cell is waiting for, while it waits."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from labs_lib.course import mode


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show `what` and the time since, until the block ends; only in a learner's session.

    Parameters
    ----------
    what : str
        What is computed, and about how long it takes.
    """
    if mode.current() != "learn":
        yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, transient=True) as bar:
        bar.add_task(what, total=None)
        yield
