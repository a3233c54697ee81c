"""What serves in this process: variants with their workers, by endpoint."""

import itertools
import random
import threading
from dataclasses import dataclass, field
from typing import Any

from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.many_models import ManyModels
from labs_lib.sagemaker.workers import Fleet

WORKERS = 16
"""Instances of all endpoints together: each is a process of this machine."""


@dataclass(frozen=True, eq=False)
class Variant:
    """A production variant that serves.

    Attributes
    ----------
    name : str
    config : str
        The endpoint configuration that it is of.
    weight : float
    fleet : Fleet
    at_random : bool
        Whether a worker is drawn; otherwise the one with the fewest requests is taken.
    image : str
    stream : str
        Where the workers' logs begin, without their number.
    capture : dict, optional
        A ``DataCaptureConfig``.
    many : ManyModels, optional
        The models of a container of many.
    """

    name: str
    config: str
    weight: float
    fleet: Fleet
    at_random: bool
    image: str
    stream: str
    capture: dict[str, Any] | None = None
    many: ManyModels | None = None


@dataclass(frozen=True, eq=False)
class Group:
    """The variants of one configuration, with their share of the traffic."""

    share: float
    variants: tuple[Variant, ...]
    shadows: tuple[Variant, ...] = ()


@dataclass
class Serving:
    """What runs for one endpoint; `groups` is replaced as a whole, never changed.

    Attributes
    ----------
    groups : tuple of Group
    waits : bool
        Whether requests wait in a queue: an asynchronous endpoint.
    chance : random.Random
    """

    groups: tuple[Group, ...] = ()
    waits: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    @property
    def variants(self) -> list[Variant]:
        """All variants, shadows too."""
        return [v for group in self.groups for v in (*group.variants, *group.shadows)]

    def choose(
        self, groups: tuple[Group, ...], name: str | None
    ) -> tuple[Group, Variant] | None:
        """Return a variant of this name, or of any name by weight, and its group."""
        if len(groups) == 1 and len(groups[0].variants) == 1 and name is None:
            return groups[0], groups[0].variants[0]
        candidates: list[tuple[float, tuple[Group, Variant]]] = []
        for group in groups:
            whole = sum(v.weight for v in group.variants)
            for variant in group.variants:
                if name is not None and variant.name == name:
                    candidates.append((group.share, (group, variant)))
                elif name is None and whole:
                    share = group.share * variant.weight / whole
                    candidates.append((share, (group, variant)))
        limits = list(itertools.accumulate(weight for weight, _ in candidates))
        if not limits or not limits[-1]:
            return None
        drawn = self.chance.random() * limits[-1]
        for (_, found), limit in zip(candidates, limits, strict=True):
            if drawn < limit:
                return found
        return candidates[-1][1]


class Endpoints:
    """The endpoints that run in this process, by name."""

    def __init__(self) -> None:
        self.serving: dict[str, Serving] = {}
        self.fleets: set[Fleet] = set()
        self.lock = threading.Lock()
        self._workers = 0

    def reserve(self, workers: int, *, limit: int | None = WORKERS) -> None:
        """Count workers of a new endpoint, or raise ResourceLimitExceeded."""
        with self.lock:
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
        with self.lock:
            self._workers -= workers
