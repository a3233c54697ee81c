"""Multi-model endpoints: models that are loaded by their first request, and unloaded for others."""

import collections
import contextlib
import http.client
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labs_lib.sagemaker import archives
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.metrics import ENDPOINTS, Metric, Metrics
from labs_lib.sagemaker.objects import Objects, split_uri
from labs_lib.sagemaker.workers import Worker

_LOAD_LIMIT = 60.0
"""Real seconds that a model may take to load before the request is turned away."""

_NO_MEMORY, _IS_LOADED, _ABSENT = 507, 409, 404


class NotLoaded(Exception):
    """A container did not take a model.

    Parameters
    ----------
    status : int
        What it answered.
    message : str
    """

    def __init__(self, status: int, message: str):
        super().__init__(status, message)
        self.status = status
        self.message = message


class _Loaded:
    """What one worker has loaded: from a model's address to requests under way, oldest first."""

    def __init__(self) -> None:
        self.models: collections.OrderedDict[str, int] = collections.OrderedDict()
        self.state = threading.Lock()
        self.change = threading.Lock()


class ManyModels:
    """The models of a variant.

    Parameters
    ----------
    objects : Objects
        Where the archives are.
    metrics : Metrics
    dimensions : tuple of pairs
        Of its metrics.
    uri : str
        The prefix in S3 under which archives are.
    folder : Path
        For what was downloaded; it stays there until the variant ends.
    keeps : bool
        Whether a model stays loaded after a request.
    """

    def __init__(
        self,
        objects: Objects,
        metrics: Metrics,
        *,
        dimensions: tuple[tuple[str, str], ...],
        uri: str,
        folder: Path,
        keeps: bool,
    ):
        self._objects = objects
        self._metrics = metrics
        self._dimensions = dimensions
        self._uri = uri.rstrip("/")
        self._folder = folder
        self._keeps = keeps
        self._names: dict[str, str] = {}
        self._workers: dict[Worker, _Loaded] = {}
        self._lock = threading.Lock()

    def has(self, worker: Worker, target: str) -> bool:
        """Say whether a worker has a model loaded."""
        loaded = self._workers.get(worker)
        return loaded is not None and target in loaded.models

    def invoke(
        self,
        worker: Worker,
        target: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        timeout: float,
    ) -> tuple[int, Any, bytes]:
        """Send a request to a model, which is loaded first if it is not.

        Parameters
        ----------
        worker : Worker
        target : str
            The archive, relative to the prefix.
        body, headers, timeout
            As of `Worker.post`.

        Raises
        ------
        ApiError
            If there is no such archive, or it takes too long to load.
        NotLoaded
            If the container does not take it.
        TimeoutError, OSError, http.client.HTTPException
            As `Worker.post`.
        """
        headers = {**headers, "X-Amzn-SageMaker-Target-Model": target}
        with self._held(worker, target) as name:
            return worker.post(f"/models/{name}/invoke", body, headers, timeout=timeout)

    @contextlib.contextmanager
    def _held(self, worker: Worker, target: str) -> Iterator[str]:
        """Keep a model loaded, and yield the name by which the container knows it."""
        with self._lock:
            loaded = self._workers.setdefault(worker, _Loaded())
            for gone in [w for w in self._workers if w.process.has_ended]:
                del self._workers[gone]
        hit = self._hold(loaded, target)
        self._note("ModelCacheHit", float(hit), unit="None")
        if not hit:
            begun = time.perf_counter()
            with loaded.change:
                if not self._hold(loaded, target):
                    self._load(worker, loaded, target)
            self._note_time("ModelLoadingWaitTime", begun)
        try:
            yield self._names[target]
        finally:
            with loaded.state:
                loaded.models[target] -= 1
                unwanted = not self._keeps and not loaded.models[target]
            if unwanted:
                with loaded.change:
                    self._unload(worker, loaded, only=target)

    @staticmethod
    def _hold(loaded: _Loaded, target: str) -> bool:
        with loaded.state:
            if target not in loaded.models:
                return False
            loaded.models[target] += 1
            loaded.models.move_to_end(target)
            return True

    def _load(self, worker: Worker, loaded: _Loaded, target: str) -> None:
        folder = self._download(target)
        name = self._names[target]
        asked = json.dumps({"model_name": name, "url": str(folder)}).encode()
        kind = {"Content-Type": "application/json"}
        begun = time.perf_counter()
        while True:
            try:
                status, _, said = worker.post("/models", asked, kind, timeout=_LOAD_LIMIT)
            except TimeoutError:
                raise ApiError(
                    "ModelNotReadyException",
                    f"Model {target} is not ready for inference yet; send the request again.",
                    status=429,
                ) from None
            if status in (200, _IS_LOADED):
                break
            if status != _NO_MEMORY or not self._unload(worker, loaded):
                raise NotLoaded(status, said.decode("utf-8", "replace"))
        self._note_time("ModelLoadingTime", begun)
        with loaded.state:
            loaded.models[target] = 1
        self._note_count(loaded)

    def _unload(self, worker: Worker, loaded: _Loaded, only: str | None = None) -> bool:
        """Unload the model that was asked for longest ago, or `only`; say if there was one."""
        with loaded.state:
            idle = [m for m, n in loaded.models.items() if not n and only in (None, m)]
            if not idle:
                return False
            del loaded.models[idle[0]]
        begun = time.perf_counter()
        with contextlib.suppress(OSError, http.client.HTTPException):
            worker.request("DELETE", f"/models/{self._names[idle[0]]}", timeout=_LOAD_LIMIT)
        self._note_time("ModelUnloadingTime", begun)
        self._note_count(loaded)
        return True

    def _download(self, target: str) -> Path:
        """Return where a model is on the disk, fetched if this is its first time."""
        with self._lock:
            name = self._names.get(target)
            if name is not None and (self._folder / name / "model").is_dir():
                return self._folder / name / "model"
            begun = time.perf_counter()
            uri = f"{self._uri}/{target.lstrip('/')}"
            try:
                found, file = self._objects.open(*split_uri(uri))
                file.close()
                name = secrets.token_hex(16)
                archives.unpack(found.path, self._folder / name / "model", what=uri)
            except (ApiError, ValueError) as error:
                text = error.message if isinstance(error, ApiError) else str(error)
                raise ApiError(
                    "ValidationError",
                    f"Failed to download model data for model {target} ({uri}): {text}",
                ) from None
            self._names[target] = name
        self._note_time("ModelDownloadingTime", begun)
        return self._folder / name / "model"

    def _note(self, name: str, value: float, *, unit: str) -> None:
        self._metrics.put_now(Metric(ENDPOINTS, name, self._dimensions, unit), value)

    def _note_time(self, name: str, begun: float) -> None:
        seconds = time.perf_counter() - begun
        self._note(name, round(1e6 * seconds), unit="Microseconds")

    def _note_count(self, loaded: _Loaded) -> None:
        self._note("LoadedModelCount", float(len(loaded.models)), unit="None")
