"""Checkpoints of a training job: a folder that is kept in step with a place in S3."""

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.jobs import download
from labs_lib.sagemaker.objects import local_path, split_uri
from labs_lib.sagemaker.site import Site

_ROOT = "/opt/ml/"
_DEFAULT = "/opt/ml/checkpoints"
_OTHERS = ("input", "model", "output", "code")
_SECONDS = 1.0
"""Between two looks at the folder; real seconds, as a script writes in real time."""


def check(site: Site, config: Mapping[str, Any]) -> None:
    """Raise an `ApiError` if a CheckpointConfig cannot be carried out here."""
    bucket, _ = split_uri(config["S3Uri"])
    if not site.objects.has_bucket(bucket):
        raise invalid(
            f"CheckpointConfig.S3Uri names the bucket {bucket}, which does not exist."
        )
    _folder(config, Path())


def _folder(config: Mapping[str, Any], ml: Path) -> Path:
    path = config.get("LocalPath", _DEFAULT)
    relative = path.removeprefix(_ROOT).strip("/")
    if not path.startswith(_ROOT) or relative.partition("/")[0] in ("", *_OTHERS):
        raise invalid(
            f"CheckpointConfig.LocalPath is {path!r}, expected a folder of its own below "
            f"{_ROOT}, such as {_DEFAULT}."
        )
    try:
        return local_path(ml, relative)
    except ValueError as error:
        raise invalid(f"CheckpointConfig.LocalPath: {error}.") from None


class Checkpoints:
    """The folder of one job: filled from S3 before it runs, copied to S3 while it does.

    Used as a context manager around the run. What a script deletes stays in S3.

    Parameters
    ----------
    site : Site
    config : mapping or None
        The job's CheckpointConfig; without one nothing happens.
    ml : Path
        The job's ``/opt/ml``.
    """

    def __init__(self, site: Site, config: Mapping[str, Any] | None, ml: Path):
        self._site, self._config = site, config
        self._seen: dict[str, tuple[int, int]] = {}
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        if config is None:
            return
        self.folder = _folder(config, ml)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._bucket, prefix = split_uri(config["S3Uri"])
        self._base = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        if any(True for _ in site.objects.iterate(self._bucket, prefix=self._base)):
            source = {
                "S3Uri": f"s3://{self._bucket}/{self._base}",
                "S3DataType": "S3Prefix",
            }
            download(site, source, self.folder, what="the checkpoints")
        self._seen = self._look()

    def _look(self) -> dict[str, tuple[int, int]]:
        found = {}
        for path in sorted(self.folder.rglob("*")):
            try:
                state = path.stat()
                if path.is_file():
                    relative = path.relative_to(self.folder).as_posix()
                    found[relative] = (state.st_mtime_ns, state.st_size)
            except OSError:  # replaced or deleted just now
                continue
        return found

    def sync(self) -> None:
        """Copy what has changed to S3."""
        for relative, state in self._look().items():
            if self._seen.get(relative) == state:
                continue
            try:
                with open(self.folder / relative, "rb") as file:
                    self._site.objects.put(self._bucket, self._base + relative, file)
            except FileNotFoundError:  # a script replaces its last checkpoint
                continue
            self._seen[relative] = state

    def __enter__(self) -> "Checkpoints":
        if self._config is not None:
            self._thread = threading.Thread(target=self._keep, daemon=True)
            self._thread.start()
        return self

    def _keep(self) -> None:
        while not self._ended.wait(_SECONDS):
            # What is wrong is said by the last copy, which nobody forgives.
            with contextlib.suppress(ApiError, OSError):
                self.sync()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._ended.set()
            self._thread.join()
            if not self._site.closing.is_set():
                self.sync()
