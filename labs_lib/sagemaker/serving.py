"""What serves in this process: variants with their workers, by endpoint."""

import itertools
import random
import threading
from dataclasses import dataclass, field

from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.workers import Fleet

WORKERS = 16
"""Instances of all endpoints together: each is a process of this machine."""


@dataclass
class Variant:
    """A production variant that serves.

    Attributes
    ----------
    name : str
    weight : float
    fleet : Fleet
    at_random : bool
        Whether a worker is drawn; otherwise the one with the fewest requests is taken.
    image : str
    """

    name: str
    weight: float
    fleet: Fleet
    at_random: bool
    image: str


@dataclass
class Serving:
    """What runs for one endpoint; `variants` is replaced as a whole, never changed."""

    variants: tuple[Variant, ...] = ()
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    def choose(self, name: str | None) -> Variant | None:
        """Return the variant of this name, or one by weight."""
        variants = self.variants
        if name is not None:
            return next((v for v in variants if v.name == name), None)
        if len(variants) == 1:
            return variants[0]
        weights = list(itertools.accumulate(v.weight for v in variants))
        if not weights or not weights[-1]:
            return None
        drawn = self.chance.random() * weights[-1]
        return next(v for v, limit in zip(variants, weights, strict=True) if drawn < limit)


class Endpoints:
    """The endpoints that run in this process, by name."""

    def __init__(self) -> None:
        self.serving: dict[str, Serving] = {}
        self.fleets: set[Fleet] = set()
        self._lock = threading.Lock()
        self._workers = 0

    def reserve(self, workers: int, *, limit: int | None = WORKERS) -> None:
        """Count workers of a new endpoint, or raise ResourceLimitExceeded."""
        with self._lock:
            if limit is not None and self._workers + workers > limit:
                raise ApiError(
                    "ResourceLimitExceeded",
                    f"The limit for instances of endpoints is {WORKERS} on this machine, with "
                    f"current utilization of {self._workers} and a request delta of "
                    f"{workers}. Delete an endpoint, or ask for fewer instances.",
                )
            self._workers += workers

    def free(self, workers: int) -> None:
        """Give back what was reserved."""
        with self._lock:
            self._workers -= workers
