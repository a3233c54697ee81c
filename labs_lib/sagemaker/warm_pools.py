"""Warm pools: what a training job leaves for the next one, for as long as it asked.

On AWS that is the instances with their disk; here there is nothing to wait for, and what is
left is the folder that AWS calls the persistent cache.
"""

import math
import secrets
import shutil
from collections.abc import Mapping
from typing import Any

from labs_lib.sagemaker.site import Site

VARIABLE = "SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY"

_SAME = (
    ("RoleArn",),
    ("ResourceConfig", "InstanceCount"),
    ("ResourceConfig", "InstanceType"),
    ("ResourceConfig", "VolumeKmsKeyId"),
    ("ResourceConfig", "VolumeSizeInGB"),
    ("EnableInterContainerTrafficEncryption",),
    ("EnableNetworkIsolation",),
    ("SessionChainingConfig", "EnableSessionTagChaining"),
)
_SAME_SETS = (("VpcConfig", "SecurityGroupIds"), ("VpcConfig", "Subnets"))


def match(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a job may use the pool of another; image, data and hyperparameters may differ.

    Source: developer guide, page train-warm-pools. The order of groups and subnets does not
    count, and what is not given is false: our readings.
    """
    return all(
        (_at(one, path) or None) == (_at(other, path) or None) for path in _SAME
    ) and all(
        set(_at(one, path) or ()) == set(_at(other, path) or ()) for path in _SAME_SETS
    )


def _at(job: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = job
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _seconds(job: Mapping[str, Any]) -> float:
    return float(_at(job, ("ResourceConfig", "KeepAlivePeriodInSeconds")) or 0)


def _status(job: Mapping[str, Any]) -> str | None:
    return _at(job, ("WarmPoolStatus", "Status"))


def take(site: Site, job: Mapping[str, Any]) -> None:
    """Give a new job the pool that has waited longest among those that match."""
    if job.get("EnableManagedSpotTraining"):
        return
    waiting = [one for one in site.state.all("TrainingJob") if _status(one) == "Available"]
    waiting.sort(key=lambda one: one["TrainingEndTime"])
    found = next((one for one in waiting if match(one, job)), None)
    if found is None:
        return
    old, new = found["TrainingJobName"], job["TrainingJobName"]
    retained = math.ceil(site.clock.now() - found["TrainingEndTime"])
    _change(site, old, "Reused", retained, ReusedByJob=new)
    site.state.change("TrainingJob", new, {"WarmPoolStatus": {"Status": "InUse"}})
    site.pools[new] = site.pools.pop(old)


def _change(site: Site, name: str, status: str, retained: int, **more: Any) -> None:
    pool = {
        "Status": status,
        "ResourceRetainedBillableTimeInSeconds": retained,
        **more,
    }
    site.state.change("TrainingJob", name, {"WarmPoolStatus": pool})


def variables(site: Site, job: Mapping[str, Any]) -> dict[str, str]:
    """Return the variable that names the cache of a job that has one, made if needed."""
    name = job["TrainingJobName"]
    if name not in site.pools:
        if not _seconds(job):
            return {}
        site.pools[name] = site.folder / "pools" / secrets.token_hex(8)
    site.pools[name].mkdir(parents=True, exist_ok=True)
    return {VARIABLE: str(site.pools[name])}


def at_end(site: Site, name: str, *, lost: bool) -> dict[str, Any] | None:
    """Return the WarmPoolStatus of a job that ends; None if it has no pool.

    `lost` says that the service failed, which no pool survives.
    """
    job = site.state.get("TrainingJob", name)
    # UpdateTrainingJob may have changed the period while the job ran.
    if job is None or not variables(site, job):
        return None
    return {"Status": "Available" if _seconds(job) and not lost else "Terminated"}


def settle(site: Site, name: str) -> None:
    """Let the pool of a job that has ended, or was changed, last as long as it may."""
    job = site.state.get("TrainingJob", name)
    if name not in site.pools:
        return
    if job is None or _status(job) == "Terminated":
        _remove(site, name)
    elif _status(job) == "Available":
        due = job["TrainingEndTime"] + _seconds(job)
        site.clock.call_at(due, lambda: _expire(site, name))


def _expire(site: Site, name: str) -> None:
    with site.state.transaction():
        job = site.state.get("TrainingJob", name)
        if job is None or _status(job) != "Available":
            return
        held = site.clock.now() - job["TrainingEndTime"]
        if held < _seconds(job):
            return  # it was prolonged, and another call comes
        _change(site, name, "Terminated", math.ceil(min(held, _seconds(job) or held)))
    _remove(site, name)


def _remove(site: Site, name: str) -> None:
    folder = site.pools.pop(name, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def recover(site: Site) -> None:
    """End the pools of a server that has ended."""
    shutil.rmtree(site.folder / "pools", ignore_errors=True)
    for job in site.state.all("TrainingJob"):
        if _status(job) in ("Available", "InUse"):
            now = site.clock.now()
            held = math.ceil(now - job.get("TrainingEndTime", now))
            retained = min(held, math.ceil(_seconds(job)))
            _change(site, job["TrainingJobName"], "Terminated", retained)
