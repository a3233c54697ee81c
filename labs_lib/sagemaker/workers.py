"""Workers: the instances of an endpoint, each a process that answers HTTP."""

import http.client
import random
import shutil
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labs_lib.sagemaker.clock import Clock
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
    """A worker did not come up; the message says why."""


class Worker:
    """One process that serves a model.

    Parameters
    ----------
    container : Container
    on_line : callable
        Gets each line it prints.
    """

    def __init__(self, container: Container, *, on_line: Callable[[str], None]):
        self._container = container
        self._on_line = on_line
        self._idle: list[http.client.HTTPConnection] = []
        self.outstanding = 0
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
        while True:
            try:
                connection, used = self._idle.pop(), True
            except IndexError:
                connection, used = self._connect(timeout), False
            try:
                connection.request("POST", path, body, dict(headers))
                answer = connection.getresponse()
                found = answer.status, answer.headers, answer.read()
            except (http.client.RemoteDisconnected, ConnectionError):
                connection.close()
                # A kept connection may have been closed while it was idle: nobody has seen
                # the request then, and a new connection is tried.
                if used:
                    continue
                raise
            except BaseException:
                connection.close()
                raise
            if answer.will_close:
                connection.close()
            else:
                self._idle.append(connection)
            return found

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


@dataclass(eq=False)
class Fleet:
    """The workers of a variant; one that ends or stops answering is replaced.

    Attributes
    ----------
    container : Container
    size : int
        Workers.
    on_line : callable
        Gets the number of a worker and each line it prints.
    """

    container: Container
    size: int
    on_line: Callable[[int, str], None]
    workers: list[Worker] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _guards: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start all workers and return when each answers; raise `StartFailed` if one fails."""
        failures: list[StartFailed] = []

        def begin(number: int) -> None:
            try:
                self._add(number)
            except StartFailed as error:
                failures.append(error)
                self.closing.set()

        threads = [
            threading.Thread(target=begin, args=(number,), daemon=True)
            for number in range(self.size)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _add(self, number: int) -> None:
        worker = Worker(self.container, on_line=lambda line: self.on_line(number, line))
        try:
            worker.wait_until_ready(self.closing.is_set)
        except StartFailed:
            worker.process.kill()
            worker.process.wait()
            raise
        with self._lock:
            self.workers.append(worker)
        guard = threading.Thread(target=self._guard, args=(number, worker), daemon=True)
        self._guards.append(guard)
        guard.start()

    def _guard(self, number: int, worker: Worker) -> None:
        """Replace a worker that has ended, or that does not answer three pings."""
        missed = 0
        while worker.process.wait(5.0) is None and not self.closing.is_set():
            # One that is busy with a request may be too busy to answer.
            missed = 0 if worker.outstanding or worker.ping() else missed + 1
            if missed == 3:
                worker.process.kill()
        with self._lock:
            if worker in self.workers:
                self.workers.remove(worker)
        pause = 0.1
        while not self.closing.is_set():
            try:
                self._add(number)
                return
            except StartFailed as error:
                self.on_line(number, f"The worker could not be replaced: {error}.")
                self.closing.wait(pause)
                pause = min(2 * pause, 30.0)

    def pick(self, *, at_random: bool, chance: random.Random) -> Worker | None:
        """Return a worker for one more request, counted as outstanding; None if none runs."""
        with self._lock:
            if not self.workers:
                return None
            worker = (
                chance.choice(self.workers)
                if at_random
                else min(self.workers, key=lambda each: each.outstanding)
            )
            worker.outstanding += 1
            return worker

    def release(self, worker: Worker) -> None:
        """Say that a request to this worker has ended."""
        with self._lock:
            worker.outstanding -= 1

    def kill(self) -> None:
        """End all workers at once."""
        self.closing.set()
        for worker in list(self.workers):
            worker.process.kill()

    def close(self, clock: Clock) -> None:
        """End all workers, politely, and remove their folder."""
        self.closing.set()
        with self._lock:
            workers, self.workers = self.workers, []
        threads = [
            threading.Thread(target=worker.stop, args=(clock,), daemon=True)
            for worker in workers
        ]
        for thread in threads:
            thread.start()
        for thread in [*threads, *self._guards]:
            thread.join()
        shutil.rmtree(self.container.folder, ignore_errors=True)
