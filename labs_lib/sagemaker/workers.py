"""Workers: the instances of an endpoint, each a process that answers HTTP."""

import http.client
import itertools
import random
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labs_lib.clock import Clock
from labs_lib.sagemaker.processes import Process

GRACE = 30.0
"""Seconds on the clock between SIGTERM and SIGKILL."""

_PING = 2.0
_PORT_TAKEN = 98


@dataclass(frozen=True)
class Container:
    """How a worker is started, again and again.

    Attributes
    ----------
    command : tuple of str
    folder : Path
        Holds ``model`` and ``code``: what is ``/opt/ml`` on AWS.
    environment : mapping of str to str
        Without the port.
    timeout : float
        Seconds until the first ping has to be answered.
    """

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    timeout: float


class StartFailed(Exception):
    """A worker did not come up; the message says why, `number` which."""

    number = 0


class Worker:
    """One process that serves a model.

    Parameters
    ----------
    container : Container
    number : int
        Its place in the fleet.
    on_line : callable
        Gets each line it prints.
    """

    def __init__(
        self, container: Container, *, number: int, on_line: Callable[[str], None]
    ):
        self._container = container
        self.number = number
        self._on_line = on_line
        self._idle: list[http.client.HTTPConnection] = []
        self.outstanding = 0
        self.used = 0.0
        self.leaving = False
        self.port = 0
        self.process = self._start()

    def _start(self) -> Process:
        self.port = _free_port()
        folder = self._container.folder / "workers" / str(self.port)
        return Process(
            self._container.command,
            folder=folder,
            cwd=self._container.folder,
            environment={
                **self._container.environment,
                "SAGEMAKER_BIND_TO_PORT": str(self.port),
            },
            on_line=self._on_line,
        )

    def wait_until_ready(self, cancelled: Callable[[], bool]) -> None:
        """Return when ``GET /ping`` is answered with 200.

        Raises
        ------
        StartFailed
            If the process ends, or does not answer in time.
        """
        deadline = time.monotonic() + self._container.timeout
        tries = 0
        while not cancelled():
            if self.process.has_ended:
                tries += 1
                if self.process.code == _PORT_TAKEN and tries < 5:
                    self.process = self._start()
                    continue
                raise StartFailed(f"it ended with exit code {self.process.code}")
            # Whoever else has the port may answer too; the worker that wanted it has ended.
            if self.ping() and not self.process.has_ended:
                return
            if time.monotonic() > deadline:
                raise StartFailed("it did not answer GET /ping with 200 in time")
            time.sleep(0.01)
        raise StartFailed("it was no longer wanted")

    def ping(self) -> bool:
        """Say whether ``GET /ping`` is answered with 200, within 2 s."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PING)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], *, timeout: float
    ) -> tuple[int, Any, bytes]:
        """Send a request and return status, headers and body of the answer.

        Raises
        ------
        TimeoutError
            If no answer comes in time.
        OSError, http.client.HTTPException
            If the worker hangs up.
        """
        return self.request("POST", path, body, headers, timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        timeout: float,
    ) -> tuple[int, Any, bytes]:
        """Send a request of any method; otherwise as `post`."""
        connection, answer = self.send(
            path, body, headers or {}, timeout=timeout, method=method
        )
        try:
            found = answer.status, answer.headers, answer.read()
        except BaseException:
            connection.close()
            raise
        self.keep(connection, answer)
        return found

    def send(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout: float,
        method: str = "POST",
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Send a request; return the connection and the answer, whose body is to be read.

        Raises
        ------
        TimeoutError
            If no answer begins in time.
        OSError, http.client.HTTPException
            If the worker hangs up.
        """
        while True:
            try:
                connection, used = self._idle.pop(), True
                connection.sock.settimeout(timeout)
            except IndexError:
                connection, used = self._connect(timeout), False
            try:
                connection.request(method, path, body, dict(headers))
                return connection, connection.getresponse()
            except (http.client.RemoteDisconnected, ConnectionError):
                connection.close()
                # A kept connection may have been closed while it was idle: nobody has seen
                # the request then, and a new connection is tried.
                if not used:
                    raise
            except BaseException:
                connection.close()
                raise

    def keep(
        self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse
    ) -> None:
        """Keep the connection of an answer that was read to its end."""
        if answer.will_close:
            connection.close()
        else:
            self._idle.append(connection)

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def stop(self, clock: Clock) -> None:
        """SIGTERM, after `GRACE` SIGKILL; returns when the process has ended."""
        self.process.stop()
        cancel = clock.call_at(clock.now() + GRACE, self.process.kill)
        self.process.wait()
        cancel()
        for connection in self._idle:
            connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


DRAIN = 70.0
"""Real seconds that a worker has to answer what it was asked before it was to go."""


@dataclass(eq=False)
class Fleet:
    """The workers of a variant; one that ends or stops answering is replaced.

    Attributes
    ----------
    container : Container
    size : int
        Workers that there should be.
    on_line : callable
        Gets the number of a worker and each line it prints.
    active : int or None
        How many of the workers get requests; by default all.
    """

    container: Container
    size: int
    on_line: Callable[[int, str], None]
    active: int | None = None
    workers: list[Worker] = field(default_factory=list)
    leaving: list[Worker] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _places: set[int] = field(default_factory=set)

    def start(self) -> None:
        """Start all workers and return when each answers; raise `StartFailed` if one fails."""
        self._grow(self.size)

    def resize(self, size: int, clock: Clock) -> None:
        """Start workers or let some go, and return when that is done.

        Raises
        ------
        StartFailed
            If a new one fails; the fleet is then as it was.
        """
        if size > self.size:
            self._grow(size - self.size)
            self.size = size
        elif size < self.size:
            self.size = size
            with self._lock:
                self._places = set(sorted(self._places)[:size])
                gone = [w for w in self.workers if w.number not in self._places]
                self.workers = [w for w in self.workers if w.number in self._places]
            self._let_go(gone, clock)

    def _grow(self, count: int) -> None:
        started: list[Worker] = []
        failures: list[StartFailed] = []
        cancelled = threading.Event()

        def begin(number: int) -> None:
            try:
                started.append(self._up(number, cancelled.is_set))
            except StartFailed as error:
                error.number = number
                failures.append(error)
                cancelled.set()

        threads = [
            threading.Thread(target=begin, args=(next(self._numbers),), daemon=True)
            for _ in range(count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            for worker in started:
                worker.process.kill()
            for worker in started:
                worker.process.wait()
            raise failures[0]
        with self._lock:
            self._places.update(worker.number for worker in started)
        for worker in started:
            self._admit(worker)

    def _up(self, number: int, cancelled: Callable[[], bool]) -> Worker:
        def on_line(line: str) -> None:
            self.on_line(number, line)

        try:
            worker = Worker(self.container, number=number, on_line=on_line)
        except OSError as error:
            raise StartFailed(f"no process can be started: {error}") from None
        try:
            worker.wait_until_ready(lambda: cancelled() or self.closing.is_set())
        except StartFailed:
            worker.process.kill()
            worker.process.wait()
            raise
        return worker

    def _admit(self, worker: Worker) -> None:
        """Let a worker get requests, unless it is no longer wanted."""
        with self._lock:
            wanted = worker.number in self._places and not self.closing.is_set()
            if wanted:
                self.workers.append(worker)
                self.workers.sort(key=lambda each: each.number)
        if wanted:
            threading.Thread(target=self._guard, args=(worker,), daemon=True).start()
        else:
            worker.process.kill()

    def _guard(self, worker: Worker) -> None:
        """Replace a worker that has ended, or that does not answer three pings."""

        def unwanted() -> bool:
            return self.closing.is_set() or worker.number not in self._places

        missed = 0
        while worker.process.wait(5.0) is None and not unwanted():
            # One that is busy with a request may be too busy to answer.
            missed = 0 if worker.outstanding or worker.ping() else missed + 1
            if missed == 3:
                worker.process.kill()
        with self._lock:
            if worker in self.workers:
                self.workers.remove(worker)
        pause = 0.1
        while not unwanted():
            try:
                self._admit(self._up(worker.number, unwanted))
                return
            except StartFailed as error:
                if not unwanted():
                    text = f"The worker could not be replaced: {error}."
                    self.on_line(worker.number, text)
                self.closing.wait(pause)
                pause = min(2 * pause, 30.0)

    def pick(
        self,
        *,
        at_random: bool,
        chance: random.Random,
        wanted: Callable[[Worker], bool] | None = None,
    ) -> Worker | None:
        """Return a worker for one more request, counted as outstanding; None if none runs.

        One that is `wanted` goes before all others.
        """
        with self._lock:
            workers = self.workers[: self.active] if self.active else self.workers
            if not workers:
                return None
            if wanted is not None:
                workers = [worker for worker in workers if wanted(worker)] or workers
            worker = (
                chance.choice(workers)
                if at_random
                else min(workers, key=lambda each: each.outstanding)
            )
            worker.outstanding += 1
            return worker

    def release(self, worker: Worker) -> None:
        """Say that a request to this worker has ended."""
        with self._lock:
            worker.outstanding -= 1

    def _let_go(self, workers: list[Worker], clock: Clock) -> None:
        """End workers that get no more requests, when they have answered what they have."""

        def leave(worker: Worker) -> None:
            worker.leaving = True
            deadline = time.monotonic() + DRAIN
            while worker.outstanding and time.monotonic() < deadline:
                time.sleep(0.005)
            worker.stop(clock)

        self.leaving += workers
        threads = [
            threading.Thread(target=leave, args=(worker,), daemon=True)
            for worker in workers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.leaving = [worker for worker in self.leaving if worker not in workers]

    def kill(self) -> None:
        """End all workers at once."""
        self.closing.set()
        for worker in [*self.workers, *self.leaving]:
            worker.process.kill()

    def close(self, clock: Clock) -> None:
        """End all workers, politely, and remove their folder."""
        self.closing.set()
        with self._lock:
            workers, self.workers = self.workers, []
            self._places.clear()
        self._let_go(workers, clock)
        shutil.rmtree(self.container.folder, ignore_errors=True)
