"""Say what a cell is waiting for, and for how long, while it waits.

A cell of a learner that takes over two seconds shows it below itself, and nothing when it has
ended (`labs_lib.course.session` sees to it). What the machinery computes meanwhile has a name.
"""

import html
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from labs_lib.course import mode

AFTER = 2.0
"""Seconds until something is shown."""

Show = Callable[[str], Callable[[str], None]]


class Notice:
    """What is shown below a cell as long as it runs.

    Parameters
    ----------
    about : callable, optional
        Returns the seconds that it takes on a free machine, None if that is not known.
    what : str
        What is computed.
    after : float, optional
        Seconds until it is shown; by default `AFTER`.
    show : callable
        Shows a text and returns a function that replaces it.
    """

    def __init__(
        self,
        about: Callable[[], float | None] = lambda: None,
        *,
        what: str = "computing",
        after: float | None = None,
        show: Show | None = None,
    ):
        self.what = what
        self._about = about
        self._after = AFTER if after is None else after
        self._show = _below_the_cell if show is None else show
        self._ended = threading.Event()
        self._begun = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def rename(self, what: str) -> None:
        """Say from now on that this is computed."""
        self.what = what

    def text(self, seconds: float) -> str:
        """Return what stands there after so many seconds."""
        about = self._about()
        if about is None:
            return f"{self.what}: {seconds:.0f} s"
        return f"{self.what}: {seconds:.0f} s of about {about:.0f} s on a free machine"

    def __enter__(self) -> "Notice":
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        if self._ended.wait(self._after):
            return
        replace = self._show(self.text(time.monotonic() - self._begun))
        while not self._ended.wait(1.0):
            replace(self.text(time.monotonic() - self._begun))
        replace("")


def _below_the_cell(text: str) -> Callable[[str], None]:
    from IPython.display import display

    def bundle(text: str) -> dict[str, str]:
        shown = f"<small>⏳ {html.escape(text)}</small>" if text else ""
        return {"text/plain": text, "text/html": shown}

    # No widget: it would be saved with the notebook, and be missing the next day.
    handle: Any = display(bundle(text), raw=True, display_id=True)
    if handle is None:  # no notebook: nothing can be replaced
        return lambda text: None
    return lambda text: handle.update(bundle(text), raw=True)


_of_the_cell: list[Notice] = []


@contextmanager
def noticed(notice: Notice) -> Iterator[None]:
    """Show a notice until the block ends; `waiting` inside it gives it a name."""
    with notice:
        _of_the_cell.append(notice)
        try:
            yield
        finally:
            _of_the_cell.remove(notice)


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """Name what is computed until the block ends; shown only in a learner's session.

    Parameters
    ----------
    what : str
        What is computed, and about how long it takes.

    Yields
    ------
    callable
        Gives it another name, for instance how much of it is done.
    """
    if mode.current() != "learn":
        yield lambda what: None
    elif _of_the_cell:
        notice = _of_the_cell[-1]
        before, notice.what = notice.what, what
        try:
            yield notice.rename
        finally:
            notice.what = before
    else:
        with Notice(what=what) as notice:
            yield notice.rename
