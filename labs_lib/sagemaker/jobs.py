"""What training and processing jobs have in common: data in, a process, an end."""

import json
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.objects import local_path, split_uri
from labs_lib.sagemaker.operations import Context
from labs_lib.sagemaker.processes import Process
from labs_lib.sagemaker.site import Site

RUNNING = ("InProgress", "Stopping")
"""A job that has not ended."""

GRACE = 120.0
"""Seconds on the clock between SIGTERM and SIGKILL."""


class JobFailed(Exception):
    """A job that cannot go on; the message becomes its FailureReason."""


@dataclass
class Running:
    """A job that runs in this process: what may end it from outside."""

    process: Process | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    out_of_time: bool = False
    out_of_wait: bool = False
    interrupted: bool = False
    seconds_away: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, process: Process) -> None:
        """Note the process; end it at once if that was asked for before."""
        with self._lock:
            self.process = process
            if self.stopping.is_set():
                process.stop()

    def to_end(self, site: Site, process: Process, *, until: float) -> int | None:
        """Wait for the process, stopped at `until` on the clock; return its exit code."""

        def out_of_time() -> None:
            self.out_of_time = True
            self.stop(site)

        cancel = site.clock.call_at(until, out_of_time)
        self.begin(process)
        code = process.wait()
        cancel()
        return code

    def interrupt(self, site: Site, seconds: float) -> bool:
        """End the process as if its instance was taken away; False if none runs."""
        with self._lock:
            if self.process is None or self.process.has_ended or self.stopping.is_set():
                return False
            self.interrupted, self.seconds_away = True, seconds
            self.process.stop()
            site.clock.call_at(site.clock.now() + GRACE, self.process.kill)
            return True

    def stop(self, site: Site) -> None:
        """SIGTERM now, SIGKILL after `GRACE`."""
        with self._lock:
            self.stopping.set()
            if self.process is None:
                return
            self.process.stop()
            site.clock.call_at(site.clock.now() + GRACE, self.process.kill)


# What a job is


def find(context: Context, kind: str, name: str) -> dict[str, Any]:
    """Return a job of a kind such as ``"ProcessingJob"``, or raise ResourceNotFound."""
    found = context.site.state.get(kind, name)
    if found is None:
        raise ApiError("ResourceNotFound", "Requested resource not found.")
    return found


def settle(
    site: Site,
    kind: str,
    name: str,
    status: str,
    *,
    only_from: tuple[str, ...] = RUNNING,
    **changes: Any,
) -> dict[str, Any] | None:
    """Give a job its status and return it; None if it was in no status of `only_from`."""
    now = site.clock.now()
    return site.state.change(
        kind,
        name,
        {f"{kind}Status": status, "LastModifiedTime": now, **changes},
        only_if=lambda job: job[f"{kind}Status"] in only_from,
    )


def stopping(context: Context, kind: str, name: str, words: str) -> dict[str, Any]:
    """Note that a running job is to stop and return it, or raise."""
    found = find(context, kind, name)
    if settle(context.site, kind, name, "Stopping", only_from=("InProgress",)) is None:
        raise invalid(
            f"The request was rejected because the {words} is in status "
            f"{found[f'{kind}Status']}."
        )
    return found


# Data


def download(site: Site, source: Mapping[str, Any], folder: Path, *, what: str) -> None:
    """Copy objects of S3 into a folder that exists.

    Parameters
    ----------
    site : Site
    source : mapping
        S3Uri and S3DataType, as requests give them.
    folder : Path
    what : str
        For messages: ``"channel train"``.
    """
    bucket, prefix = split_uri(source["S3Uri"])
    site.objects.require_bucket(bucket)
    copied = 0
    for key, relative in list_keys(site, bucket, prefix, source["S3DataType"]):
        path = local_path(folder, relative)
        if path.exists() or any(parent.is_file() for parent in path.parents):
            raise JobFailed(
                f"ClientError: two keys of {what} would be the same file: {relative}."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        _, file = site.objects.open(bucket, key)
        with file, open(path, "wb") as target:
            shutil.copyfileobj(file, target, 1 << 20)
        copied += 1
    if not copied:
        raise JobFailed(
            "ClientError: Data download failed: No S3 objects found under S3 URL "
            f'"{source["S3Uri"]}" given in input data source.'
        )


def list_keys(site: Site, bucket: str, prefix: str, kind: str) -> list[tuple[str, str]]:
    """Return the keys that S3Uri and S3DataType name, and where below a folder each goes."""
    if kind == "ManifestFile":
        return _manifest(site, bucket, prefix)
    found = [item.key for item in site.objects.iterate(bucket, prefix=prefix)]
    # What begins with the prefix as a folder, or what is in the folder of the prefix.
    inside = prefix if prefix.endswith("/") or not prefix else f"{prefix}/"
    above = prefix[: prefix.rfind("/") + 1]
    return [
        (key, key[len(inside) :] if key.startswith(inside) else key[len(above) :])
        for key in found
        if not key.endswith("/")
    ]


def _manifest(site: Site, bucket: str, key: str) -> list[tuple[str, str]]:
    try:
        entries = json.loads(site.objects.read(bucket, key))
        base = entries[0]["prefix"]
        names = [str(name) for name in entries[1:]]
    except (ValueError, LookupError, TypeError):
        raise JobFailed(
            f"ClientError: s3://{bucket}/{key} is no manifest: expected "
            '[{"prefix": "s3://bucket/folder/"}, "name", ...].'
        ) from None
    of, folder = split_uri(base)
    if of != bucket:
        raise JobFailed("ClientError: a manifest lists objects of its own bucket here.")
    return [(folder + name, name) for name in names]
