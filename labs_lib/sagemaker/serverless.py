"""Serverless variants: workers that start when a request needs them and end when none does."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labs_lib.clock import Clock
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.workers import Fleet, StartFailed, Worker

IDLE = 300.0
"""Seconds on the clock after which a worker that has nothing to do ends."""

BODY_LIMIT = 4 * 1024 * 1024


def config_of(variant: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the serverless configuration of a variant, if it has one."""
    return variant.get("ServerlessConfig")


def check(variants: list[dict[str, Any]], request: Mapping[str, Any]) -> None:
    """Refuse what a serverless endpoint cannot have.

    Parameters
    ----------
    variants : list of dict
        Production and shadow variants.
    request : mapping
        Of ``CreateEndpointConfig``.
    """
    for variant in variants:
        config = config_of(variant)
        if config is None:
            continue
        name = variant["VariantName"]
        if len(variants) > 1:
            raise invalid(
                f"Variant {name} is serverless: the only one of its configuration."
            )
        for field in ("RoutingConfig", "DataCaptureConfig", "AsyncInferenceConfig"):
            if field in request or field in variant:
                raise invalid(f"Variant {name} is serverless: leave out {field}.")


@dataclass(eq=False)
class ServerlessFleet(Fleet):
    """Workers with one request at a time each.

    `size` of them are counted in advance: those of ProvisionedConcurrency, which run from the
    beginning, or one.

    Attributes
    ----------
    provisioned, most : int
        Workers that are kept, and at most.
    clock : Clock
    more : callable
        Asks for room for one more process on this machine; raises an `ApiError` if there is none.
    less : callable
        Gives back that of so many processes.
    on_setup : callable
        Gets the seconds of each cold start.
    """

    provisioned: int = 0
    most: int = 1
    clock: Clock = None  # type: ignore[assignment]
    more: Callable[[], None] = lambda: None
    less: Callable[[int], None] = lambda count: None
    on_setup: Callable[[float], None] = lambda seconds: None
    _starting: int = 0
    _extra: int = 0

    def start(self) -> None:
        """Start what is provisioned; otherwise only try whether a worker comes up."""
        if self.provisioned:
            self._grow(self.provisioned)
            return
        worker = self._up(next(self._numbers), lambda: False)
        worker.process.kill()
        worker.process.wait()

    def resize(self, size: int, clock: Clock) -> None:
        """Do nothing: requests decide how many there are."""

    def pick(self, *, at_random: bool, chance: Any, wanted: Any = None) -> Worker | None:
        """Return an idle worker, or one that starts now; None if as many run as may.

        Raises
        ------
        StartFailed
            If the new one does not come up.
        """
        with self._lock:
            for worker in self.workers:
                if not worker.outstanding and not worker.process.has_ended:
                    worker.outstanding = 1
                    return worker
            if self.closing.is_set() or not self._make_room():
                return None
            self._starting += 1
            number = next(self._numbers)
        begun = time.perf_counter()
        try:
            worker = self._up(number, lambda: False)
        except StartFailed:
            with self._lock:
                self._starting -= 1
                self._give_room_back()
            raise
        worker.outstanding = 1
        with self._lock:
            self._starting -= 1
            self.workers.append(worker)
        self.on_setup(time.perf_counter() - begun)
        threading.Thread(target=self._watch, args=(worker,), daemon=True).start()
        return worker

    def release(self, worker: Worker) -> None:
        """Say that a request has ended; the worker ends too if no other comes for a while."""
        super().release(worker)
        used = worker.used = self.clock.now()
        if worker.number in self._places:
            return

        def end() -> None:
            with self._lock:
                if worker.used != used or worker.outstanding or worker not in self.workers:
                    return
                self.workers.remove(worker)
            worker.stop(self.clock)

        self.clock.call_at(used + IDLE, end)

    def close(self, clock: Clock) -> None:
        """End all workers, politely, and remove their folder."""
        super().close(clock)
        with self._lock:
            self._give_room_back()

    def throttled(self, endpoint: str) -> ApiError:
        """Return the error for a request that finds all workers busy."""
        return ApiError(
            "ThrottlingException",
            f"Endpoint {endpoint} is at its limit: {len(self.workers)} of at most {self.most} "
            "requests at the same time are running. Send it again later.",
        )

    def _make_room(self) -> bool:
        running = len(self.workers) + self._starting
        if running >= self.most:
            return False
        if running - self._extra >= self.size:
            try:
                self.more()
            except ApiError:
                return False
            self._extra += 1
        return True

    def _give_room_back(self) -> None:
        running = len(self.workers) + self._starting
        free = self._extra - max(0, running - self.size)
        if free > 0:
            self._extra -= free
            self.less(free)

    def _watch(self, worker: Worker) -> None:
        """Forget a worker that has ended, by itself or not."""
        worker.process.wait()
        with self._lock:
            if worker in self.workers:
                self.workers.remove(worker)
            self._give_room_back()
