"""Seconds until a room of learners has run one lab, on one machine, for several defaults.

Run as ``python tests/benchmarks/bench_room.py [LAB] [LEARNERS] [ROUNDS] [CELLS]``; with CELLS, only
the first ones of the lab run. The arms take turns, so that whatever else the machine does hits all
of them.
"""

import os
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from subprocess import DEVNULL, run
from time import perf_counter

ARMS = {
    "2 threads that spin": ("2", "ACTIVE", "2"),
    "2 threads that sleep": ("2", "PASSIVE", "2"),
    "2 that sleep, OpenBLAS 1": ("2", "PASSIVE", "1"),
    "1 thread": ("1", "PASSIVE", "1"),
}
NAMES = ("LABS_JOBS", "OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS")

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


def one_room(
    lab: str, learners: int, cells: int, arm: tuple[str, str, str]
) -> tuple[float, float]:
    """Return the seconds until the last of them is through, and those of the processors."""
    env = os.environ | dict(zip(NAMES, arm, strict=True))
    command = [sys.executable, "-c", KERNEL, lab, str(cells)]
    start, before = perf_counter(), _processors()
    with ThreadPoolExecutor(learners) as room:
        for ended in room.map(
            lambda _: run(command, env=env, stdout=DEVNULL, stderr=DEVNULL), range(learners)
        ):
            ended.check_returncode()
    return perf_counter() - start, _processors() - before


def _processors() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(
    lab: str = "train/metrics", learners: int = 8, rounds: int = 3, cells: int = 0
) -> None:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ARMS}
    for _ in range(rounds):
        for name, arm in ARMS.items():
            found[name].append(one_room(lab, learners, cells, arm))
            print(f"{name}: {found[name][-1][0]:.1f} s", flush=True)
    for name, rooms in found.items():
        seconds, processors = (sorted(times) for times in zip(*rooms, strict=True))
        print(
            f"{lab}, {learners} at once, {name}: {median(seconds):.1f} s "
            f"({seconds[0]:.1f} to {seconds[-1]:.1f}), processors {median(processors):.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main(*[int(word) if word.isdigit() else word for word in sys.argv[1:]])
