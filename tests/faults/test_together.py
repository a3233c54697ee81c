"""Two commands at once, and twenty kernels: nothing is lost, nothing is half written."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_client.kernelspec import KernelSpecManager

from labs_lib import monitor
from labs_lib.course import progress, run

from .conftest import LIMIT, contents, finished, left_over

KERNELS = 20


def both(labs, *commands, course="-"):
    """Run commands at the same time; return them when all have ended."""
    begun = [labs(*command, course=course, wait=False) for command in commands]
    return [finished(process) for process in begun]


def test_run_run_and_build_at_once(course_as_built, labs):
    course = course_as_built
    before = contents(course)
    ran = both(
        labs,
        ("run", "start"),
        ("run", "start"),
        ("build", "--force", "start"),
        course=course,
    )
    assert [done.returncode for done in ran] == [0, 0, 0], [done.errors for done in ran]
    assert contents(course).keys() == before.keys()
    assert left_over(course) == []
    assert labs("build", "--check", "start", course=course).returncode == 0


def test_two_trials_at_once(course_with_trial, labs):
    course = course_with_trial
    ran = both(labs, ("trial", "start"), ("trial", "start"), course=course)
    assert [done.returncode for done in ran] == [0, 0], [done.errors for done in ran]
    assert left_over(course) == []
    assert labs("trial", "--check", "start", course=course).returncode == 0


def test_two_monitors_on_one_output(labs, tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        table = pd.DataFrame({"amount": rng.normal(5, 1, 500)})
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    out = tmp_path / "out"
    ran = both(
        labs,
        *(
            ("monitor", "baseline", tmp_path / f"{n}.csv", "--out", out, "--overwrite")
            for n in "ab"
        ),
    )
    assert [done.returncode for done in ran] == [0, 0], [done.errors for done in ran]
    monitor.read_baseline(out)  # both files are of one baseline
    assert sorted(path.name for path in out.iterdir()) == [
        "constraints.json",
        "statistics.json",
    ]


CELL = """
from labs_lib.course import progress
for number in range(5):
    why = progress.attempt("start", "shared")
    assert why is None, why
assert progress.attempt("start", "own{0}", passed=True) is None
print("done {0}")
"""


def one_kernel(number: int, environment: dict[str, str], folder: Path) -> str:
    """Start a kernel, let it record, shut it down; return what it printed."""
    manager = KernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    manager.start_kernel(env=environment, cwd=str(folder))
    client: BlockingKernelClient = manager.client()
    printed: list[str] = []

    def hear(message: dict) -> None:
        content = message["content"]
        printed.append(content.get("text") or "\n".join(content.get("traceback", [])))

    try:
        client.start_channels()
        client.wait_for_ready(timeout=LIMIT)
        client.execute_interactive(
            CELL.format(number), timeout=LIMIT, output_hook=hear, allow_stdin=False
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
    return "".join(printed)


def test_twenty_kernels_record_at_once(progress_file, tmp_path):
    environment = run.kernel_environment("learn")
    with ThreadPoolExecutor(KERNELS) as pool:
        said = list(
            pool.map(
                lambda number: one_kernel(number, environment, tmp_path), range(KERNELS)
            )
        )
    assert said == [f"done {number}\n" for number in range(KERNELS)]
    records = progress.load()["start"]
    assert records["shared"].attempts == 5 * KERNELS
    assert sum(name.startswith("own") for name in records) == KERNELS
    assert [path.name for path in progress_file.parent.iterdir()] == [progress_file.name]
