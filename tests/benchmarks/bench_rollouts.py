"""A thousand requests during each kind of rollout: ``python tests/benchmarks/bench_rollouts.py``.

Four clients ask, each request once; an instance has several under way whenever it goes. Every
kind runs forward and back. It ends with an error if a single request is lost.
"""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from labs_lib import sagemaker
from tests.sagemaker.test_endpoints import Site
from tests.sagemaker.test_rollouts import (
    KINDS,
    Endpoint,
    roll_out_under_traffic,
    with_alarms,
)

REQUESTS = 1000


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        sagemaker.start(folder, speed=0) as local,
    ):
        site = Site(local)
        for kind, (count, policy, shares) in KINDS.items():
            for rolls_back in (False, True):
                endpoint = Endpoint(site, count)
                alarmed = with_alarms(dict(policy), [endpoint.alarm()])
                begun = time.perf_counter()
                found = roll_out_under_traffic(
                    endpoint, alarmed, shares, REQUESTS, rolls_back
                )
                seconds = time.perf_counter() - begun
                way = "rolled back" if rolls_back else "forward"
                print(
                    f"{kind}, {way}: {sum(found.values())} requests in {seconds:.1f} s, none "
                    f"lost; old {found['old']}, new {found['new']}",
                    flush=True,
                )
                site.delete(endpoint.name)


if __name__ == "__main__":
    main()
