"""Sends the learner's state in the background; whatever happens, no cell waits or fails.

One thread of the kernel sleeps until progress is recorded. It then sends the whole small state,
so that one that was lost is made good by the next, and tries again, less and less often, while
the class cannot be reached. It says nothing; `labs class status` tells how it went.
"""

import contextlib
import random
import threading
import time

from labs_lib.course import progress
from labs_lib.course.classroom import client, folder, membership

PAUSE = 0.3
"""Seconds in which several records become one state."""

FIRST_RETRY, LAST_RETRY = 2.0, 60.0
"""Seconds until a state that did not arrive is sent again: doubled each time, up to the last."""

_due = threading.Event()
_guard = threading.Lock()
_thread: threading.Thread | None = None


def wake() -> None:
    """Have the present state sent soon. Returns at once."""
    global _thread
    with _guard:
        _due.set()
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_run, name="labs-class", daemon=True)
            _thread.start()


def wake_if_behind() -> None:
    """Send what an earlier kernel could not, if there is anything."""
    found = membership.load()
    if found is not None and found.is_behind:
        wake()


def send() -> bool:
    """Send the present state now.

    Returns
    -------
    bool
        Whether it is of use to try again later.
    """
    made = membership.next_state()
    if made is None:
        return False
    member, state = made
    try:
        if member.kind == membership.FOLDER:
            with progress.alone(membership.path()):
                if membership.load() == member:  # another kernel's later one wins
                    folder.drop(member, state)
        else:
            client.send(member, state)
    except client.ClassRefused as error:
        membership.note(
            member.token,
            at_least=error.number,
            problem=str(error),
        )
        return not error.for_good
    except (ValueError, OSError) as error:
        membership.note(member.token, problem=str(error))
        return True
    membership.note(member.token, arrived=member.number)
    return False


def _run() -> None:
    pause = 0.0
    while _thread is threading.current_thread():  # one sends for a kernel
        # Woken by the next record, or by the clock if something has not arrived.
        woken = _due.wait(pause * random.uniform(0.75, 1.25) if pause else None)
        if woken:
            time.sleep(PAUSE)
        _due.clear()
        again = False
        with contextlib.suppress(Exception):  # a damaged file of the learner: status tells
            again = send()
        pause = min(max(FIRST_RETRY, 2 * pause), LAST_RETRY) if again else 0.0
