"""Seconds until a room of learners has run one lab, on one machine, for several defaults.

Run as ``python tests/benchmarks/bench_room.py [LAB] [LEARNERS] [ROUNDS] [CELLS]``; with CELLS, only
the first ones of the lab run. The arms take turns, so that whatever else the machine does hits all
of them.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from subprocess import DEVNULL, run
from time import perf_counter

ARMS = {
    "2 threads that spin": {"LABS_JOBS": "2", "OMP_WAIT_POLICY": "ACTIVE"},
    "2 threads that sleep": {"LABS_JOBS": "2", "OMP_WAIT_POLICY": "PASSIVE"},
    "1 thread": {"LABS_JOBS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
}

# No limit to the time of a cell: in a full room it may take minutes.
KERNEL = """
import sys, nbformat
from labs_lib.course import catalog, run
lab, cells = catalog.find(sys.argv[1]), int(sys.argv[2])
notebook = nbformat.read(lab.solution, as_version=4)
notebook.cells = notebook.cells[:cells or None]
result = run.execute(notebook, mode="build", folder=lab.solution.parent, timeout=7200)
sys.exit(result.error)
"""


def one_room(lab: str, learners: int, cells: int, arm: dict[str, str]) -> float:
    """Return the seconds until the last of them is through."""
    env = os.environ | arm | {"OPENBLAS_NUM_THREADS": arm["LABS_JOBS"]}
    command = [sys.executable, "-c", KERNEL, lab, str(cells)]
    start = perf_counter()
    with ThreadPoolExecutor(learners) as room:
        for ended in room.map(
            lambda _: run(command, env=env, stdout=DEVNULL, stderr=DEVNULL), range(learners)
        ):
            ended.check_returncode()
    return perf_counter() - start


def main(
    lab: str = "train/metrics", learners: int = 8, rounds: int = 3, cells: int = 0
) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in ARMS}
    for _ in range(rounds):
        for name, arm in ARMS.items():
            seconds[name].append(one_room(lab, learners, cells, arm))
            print(f"{name}: {seconds[name][-1]:.0f} s", flush=True)
    base = median(seconds["1 thread"])
    for name, found in seconds.items():
        print(f"{lab}, {learners} at once, {name}: {median(found) / base:.2f} of 1 thread")


if __name__ == "__main__":
    main(*[int(word) if word.isdigit() else word for word in sys.argv[1:]])
