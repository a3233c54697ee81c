"""Start traced services as processes of their own, ask them, and stop them."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from labs_lib.monitor.call_graph import Calls, simulate
from labs_lib.monitor.traced_service import WORK, ask

_HERE = Path(__file__).resolve().parent
# Started as a module of its package, each service would first import the monitor of tables, which
# takes several times as long as all the rest.
_START = f"""
import sys, types
sys.path.insert(0, {str(_HERE.parents[1])!r})
import labs_lib
# An empty package in place of the monitor of tables, of which a service needs nothing.
package = sys.modules["labs_lib.monitor"] = types.ModuleType("labs_lib.monitor")
package.__path__ = [{str(_HERE)!r}]
from labs_lib.monitor.traced_service import main
main()
"""
_PATIENCE = 60.0
"""Seconds that the processes may take to start, before they are given up."""

NOT_SAMPLED = {"traceparent": f"00-{1:032x}-{1:016x}-00"}
"""A header of W3C Trace Context whose sender has decided: this request is not kept."""


class Services:
    """Services as processes, each with an HTTP server on the loopback address.

    Parameters
    ----------
    calls : mapping of str to sequence of sequence of str
        Service to its stages, as in `call_graph.simulate`.
    seconds : mapping of str to float
        Own work of each service. It sleeps so long.
    reservoir, rate
        Sampling of requests that carry no decision; see `tracing.ReservoirSampler`.
    warm : int
        Requests that are asked first and not sampled.

    Raises
    ------
    ValueError
        If a service is called twice, has no work, or none is the entry.
    RuntimeError
        If a process does not start, or not within a minute.

    Notes
    -----
    Use it in a ``with`` block. The processes end when it is left, and also when this process
    ends, however that happens: each serves until its input is closed. After the block,
    `documents` holds all segments.
    """

    def __init__(
        self,
        calls: Calls,
        seconds: Mapping[str, float],
        *,
        reservoir: int = 1,
        rate: float = 0.05,
        warm: int = 3,
    ) -> None:
        shape = simulate(calls, {name: [value] for name, value in seconds.items()})  # type: ignore[misc]
        self.entry = shape.entry
        self.documents: list[dict[str, Any]] = []
        self._other: list[str] = []
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._readers: list[threading.Thread] = []
        late = threading.Timer(_PATIENCE, self._kill)
        late.daemon = True
        try:
            for name in shape.names:
                self._processes[name] = self._process()
            late.start()
            self.ports = {name: self._port(name) for name in shape.names}
            late.cancel()
            for name, process in self._processes.items():
                told = {
                    "name": name,
                    "seconds": float(seconds[name]),
                    "stages": [list(stage) for stage in calls.get(name, ())],
                    "ports": self.ports,
                    "reservoir": reservoir,
                    "rate": rate,
                }
                assert process.stdin is not None
                process.stdin.write((json.dumps(told) + "\n").encode())
                process.stdin.flush()
                reader = threading.Thread(target=self._read, args=(process,), daemon=True)
                reader.start()
                self._readers.append(reader)
            self.ask(warm, headers=NOT_SAMPLED)
        except BaseException:
            self._kill()
            self.close()
            raise
        finally:
            late.cancel()

    def __enter__(self) -> "Services":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def ask(
        self,
        requests: int,
        *,
        work: Mapping[str, float] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Ask the entry, one request after another.

        Parameters
        ----------
        requests : int
        work : mapping of str to float, optional
            Service to a factor of its own work in these requests, 0 or more.
        headers : mapping of str to str, optional
            Of each request, such as `NOT_SAMPLED`.

        Returns
        -------
        list of dict
            The answers; "header" says in X-Ray's form which trace it was and whether it is
            sampled, "seconds" how long it took.

        Raises
        ------
        ValueError
            If `work` names no service, or a factor is negative.
        RuntimeError
            If a request fails.
        """
        for name, factor in (work or {}).items():
            if name not in self.ports or not factor >= 0:
                raise ValueError(
                    f"work has {name!r}: {factor!r}, expected one of {list(self.ports)} and a "
                    "factor of 0 or more."
                )
        answers = []
        given = {**(headers or {}), WORK: json.dumps(dict(work or {}))}
        for _ in range(requests):
            begun = time.perf_counter()
            status, answer = ask(self.ports[self.entry], given)
            if status != 200:
                raise RuntimeError(
                    f"status {status}: {answer.get('message')} {self._other}"
                )
            answers.append(answer | {"seconds": time.perf_counter() - begun})
        return answers

    def close(self) -> None:
        """End all processes, and read what they have said."""
        for process in self._processes.values():
            assert process.stdin is not None
            try:
                process.stdin.close()
            except OSError:
                process.kill()
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for reader in self._readers:
            reader.join(10)
        for process in self._processes.values():
            assert process.stdout is not None
            process.stdout.close()

    def _kill(self) -> None:
        for process in list(self._processes.values()):
            process.kill()

    @staticmethod
    def _process() -> subprocess.Popen[bytes]:
        options: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            options = {"creationflags": subprocess.CREATE_NO_WINDOW}  # type: ignore[attr-defined,unused-ignore]
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )

    def _port(self, name: str) -> int:
        process = self._processes[name]
        assert process.stdout is not None
        while line := process.stdout.readline():
            if line.startswith(b'{"port": '):
                return int(json.loads(line)["port"])
            self._other.append(line.decode(errors="replace").rstrip())
        raise RuntimeError(
            f"the service {name!r} did not start: {' '.join(self._other[-5:])}"
        )

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            try:
                self.documents.append(json.loads(line))
            except ValueError:
                self._other.append(line.decode(errors="replace").rstrip())
