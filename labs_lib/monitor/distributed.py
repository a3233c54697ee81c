"""Data too large for one machine: parts are profiled where they are, then merged, with Dask.

    from dask.distributed import Client
    from labs_lib import monitor
    from labs_lib.monitor import distributed

    client = Client("tcp://scheduler:8786")
    base = monitor.baseline(distributed.profile(files, client=client))
    today = distributed.profile(new_files, client=client, baseline=base)
    result = monitor.check(today, base)

Needs the extra ``distributed`` (``pip install -e ".[distributed]"``) and this package on the
workers. Only profiles travel: some 50 kB for a column of numbers, whatever the rows.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labs_lib.monitor import profiles
from labs_lib.monitor.baselines import Baseline
from labs_lib.monitor.checks import profile_batch
from labs_lib.monitor.profiles import Mode, Profile


def profile(
    parts: Sequence[str | Path] | Any,
    *,
    client: Any,
    baseline: Baseline | None = None,
    mode: Mode = "sketch",
    types: Mapping[str, str] | None = None,
) -> Profile:
    """Profile the parts of a table on a cluster, and merge them pairwise there.

    Parameters
    ----------
    parts : list of paths, or dask DataFrame
        Files that every worker can read, each one part; or a dask DataFrame, whose partitions
        are the parts.
    client : dask.distributed.Client
        The cluster.
    baseline : Baseline, optional
        Give it for a batch that will be checked against it; leave it out for a baseline.
    mode, types
        See `labs_lib.monitor.profile`; `types` is for a baseline only.

    Returns
    -------
    Profile
        What `labs_lib.monitor.baseline` and `labs_lib.monitor.check` take.

    Raises
    ------
    ValueError
        If there are no parts, `types` is given with a baseline, or as
        `labs_lib.monitor.profile` on any part.
    """
    if baseline is not None and types is not None:
        raise ValueError("types is given with a baseline, which has its own. Leave it out.")
    to_delayed = getattr(parts, "to_delayed", None)  # a dask DataFrame's
    held_parts = client.compute(to_delayed()) if to_delayed else [str(p) for p in parts]
    if not held_parts:
        raise ValueError("there are no parts; expected at least one.")
    if baseline is None:
        todo = client.map(profiles.profile, held_parts, mode=mode, types=types, pure=False)
    else:
        held = client.scatter(baseline, broadcast=True)
        todo = client.map(profile_batch, held_parts, baseline=held, mode=mode, pure=False)
    while len(todo) > 1:
        pairs = [todo[i : i + 2] for i in range(0, len(todo), 2)]
        todo = [client.submit(profiles.merge, pair, pure=False) for pair in pairs]
    return todo[0].result()
