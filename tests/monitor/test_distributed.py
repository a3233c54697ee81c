"""Two workers, each its own process, make the same profile as one machine."""

import numpy as np
import pandas as pd
import pytest

from labs_lib import monitor
from labs_lib.monitor import distances, distribution

dask_distributed = pytest.importorskip(
    "dask.distributed", reason='Dask is not installed: pip install -e ".[distributed]"'
)


@pytest.fixture(scope="module")
def client():
    with (
        dask_distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        dask_distributed.Client(cluster) as client,
    ):
        yield client


def make(seed, rows=40_000, shift=0.0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "x": rng.normal(shift, 1, rows),
            "n": rng.poisson(4, rows),
            "c": rng.choice(["a", "b", "c"], rows),
        }
    )
    frame.loc[::10, "n"] = np.nan
    return frame


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    for i, rows in enumerate(np.array_split(np.arange(40_000), 7)):
        make(0).iloc[rows].to_parquet(folder / f"{i}.parquet")
    return sorted(folder.iterdir())


def test_a_baseline_and_a_check_in_exact_mode(client, parts):
    from labs_lib.monitor import distributed

    whole = monitor.baseline(make(0), mode="exact")
    base = monitor.baseline(distributed.profile(parts, client=client, mode="exact"))
    assert base.constraints == whole.constraints
    assert base.distribution("x").values.tolist() == whole.distribution("x").values.tolist()
    batch = make(0, shift=0.5)
    there = distributed.profile(parts, client=client, baseline=base, mode="exact")
    assert monitor.check(there, base).ok
    moved = monitor.merge([monitor.profile_batch(batch, base, mode="exact"), there])
    assert moved.rows == 80_000


def test_sketches_keep_their_bound(client, parts):
    from labs_lib.monitor import distributed

    found = distributed.profile(parts, client=client).columns["x"].distribution()
    true = distribution.exact(make(0)["x"].to_numpy())
    assert found.n == true.n
    assert distances.simple(found, true) <= 2 * distribution.rank_error(distribution.K)
    assert len(client.scheduler_info()["workers"]) == 2


def test_a_part_that_cannot_be_read_is_named(client, parts, tmp_path):
    from labs_lib.monitor import distributed

    (tmp_path / "broken.parquet").write_text("no")
    with pytest.raises(ValueError, match=r"broken\.parquet could not be read"):
        distributed.profile([*parts, tmp_path / "broken.parquet"], client=client)
    with pytest.raises(ValueError, match="no parts"):
        distributed.profile([], client=client)
    base = monitor.baseline(make(0))
    with pytest.raises(ValueError, match="types is given with a baseline"):
        distributed.profile(parts, client=client, baseline=base, types={"n": "String"})


def test_partitions_of_a_dask_dataframe(client):
    pytest.importorskip("dask.dataframe", reason="dask.dataframe is not installed")
    import dask.dataframe as dd

    from labs_lib.monitor import distributed

    frame = dd.from_pandas(make(0, rows=3000), npartitions=3)
    found = monitor.baseline(distributed.profile(frame, client=client, mode="exact"))
    whole = monitor.baseline(make(0, rows=3000), mode="exact")
    assert found.constraints["features"][0] == whole.constraints["features"][0]
    assert (
        found.distribution("x").values.tolist() == whole.distribution("x").values.tolist()
    )
