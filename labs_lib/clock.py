"""One clock for every interval that AWS measures: real, faster, stepped, or simulated."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from typing import Protocol


class Timekeeper(Protocol):
    """What engines need of a clock; `Clock` and `SimulatedClock` are two."""

    def now(self) -> float:
        """Return seconds since 1970."""

    def call_at(self, due: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call `call` when the clock shows `due`; the function returned cancels it."""


class Clock:
    """Time that begins at the real one and runs `speed` times as fast.

    Parameters
    ----------
    speed : float, default 1
        Seconds on this clock in a real second; 0 stands still and moves only by `step`.
    start : float, optional
        Seconds since 1970 at which it begins, by default now.
    """

    def __init__(self, *, speed: float = 1, start: float | None = None):
        self.speed = speed
        self._start = time.time() if start is None else start
        self._origin = time.monotonic()
        self._wake = threading.Condition()
        self._due: list[tuple[float, int]] = []
        self._calls: dict[int, Callable[[], None]] = {}
        self._numbers = itertools.count()
        threading.Thread(target=self._run, name="clock", daemon=True).start()

    def now(self) -> float:
        """Return seconds since 1970 on this clock, to the millisecond, as AWS's times are."""
        return round(self._start + (time.monotonic() - self._origin) * self.speed, 3)

    def step(self, seconds: float) -> float:
        """Move the clock forward and return the new time; whatever is due then happens.

        Parameters
        ----------
        seconds : float
            At least 0: time does not run backwards.
        """
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"seconds is {seconds}; a clock moves forward, by 0 or more.")
        with self._wake:
            self._start += seconds
            self._wake.notify_all()
        return self.now()

    def call_at(self, due: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call `call` in a thread of its own when the clock shows `due`.

        Returns
        -------
        callable
            Cancels the call; without effect once it has begun.
        """
        with self._wake:
            number = next(self._numbers)
            self._calls[number] = call
            heapq.heappush(self._due, (due, number))
            self._wake.notify_all()

        def cancel() -> None:
            with self._wake:
                self._calls.pop(number, None)

        return cancel

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._due or self._due[0][0] > self.now():
                    self._wake.wait(self._seconds_to_next())
                call = self._calls.pop(heapq.heappop(self._due)[1], None)
            if call is not None:
                threading.Thread(target=call, daemon=True).start()

    def _seconds_to_next(self) -> float | None:
        if not self._due or not self.speed:
            return None
        left = (self._due[0][0] - self.now()) / self.speed
        # Far ahead is looked at again: a lock cannot wait for weeks on every system.
        return min(max(left, 0.0), 3600.0)


class SimulatedClock:
    """Time that passes only when it is told to: nothing waits, and every run is the same.

    Calls happen in the thread that moves the clock, one after the other in the order in which
    they are due (of two at the same moment, the one asked for first), and each sees the clock at
    the moment for which it was asked.

    Parameters
    ----------
    start : float, default 0
        Seconds since 1970 at which it begins.
    """

    def __init__(self, start: float = 0.0):
        self._now = float(start)
        self._due: list[tuple[float, int]] = []
        self._calls: dict[int, Callable[[], None]] = {}
        self._numbers = itertools.count()

    def now(self) -> float:
        """Return seconds since 1970 on this clock."""
        return self._now

    def call_at(self, due: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call `call` when the clock shows `due`, or at its next step if that has passed.

        Returns
        -------
        callable
            Cancels the call; without effect once it has begun.
        """
        number = next(self._numbers)
        self._calls[number] = call
        heapq.heappush(self._due, (due, number))

        def cancel() -> None:
            self._calls.pop(number, None)

        return cancel

    def step(self, seconds: float) -> float:
        """Move the clock forward, carry out what is due on the way, and return the new time.

        Parameters
        ----------
        seconds : float
            At least 0: time does not run backwards.
        """
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"seconds is {seconds}; a clock moves forward, by 0 or more.")
        end = self._now + seconds
        while self._due and self._due[0][0] <= end:
            self._carry_out_next()
        self._now = max(self._now, end)
        return self._now

    def run(self) -> float:
        """Carry out everything that is due, now or later, and return the time at the end.

        It does not return while calls ask for further calls without end.
        """
        while self._due:
            self._carry_out_next()
        return self._now

    def _carry_out_next(self) -> None:
        due, number = heapq.heappop(self._due)
        call = self._calls.pop(number, None)
        if call is not None:
            self._now = max(self._now, due)
            call()
