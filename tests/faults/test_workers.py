"""Processes of an experiment or a trial end with the command that began them."""

import os
import subprocess
import sys

import psutil
import pytest

from labs_lib.course import store
from labs_lib.course.trial import compute

from .conftest import LIMIT, wait_until

SCRIPT = """
import multiprocessing, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from labs_lib.course import store
from labs_lib.course.trial import compute

def pid():
    time.sleep(0.5)
    return os.getpid()

if __name__ == "__main__":
    begin, arguments = {"experiment": (store._one_thread, ()), "trial": (compute._begin, ("", "start"))}[sys.argv[1]]
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(2, mp_context=spawn, initializer=begin, initargs=arguments)
    print(*{task.result() for task in [pool.submit(pid) for _ in range(4)]}, flush=True)
    sys.stdin.read()
"""


def killed(kind, tmp_path):
    """Kill a process that has a pool; return the processes of its pool."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script), kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        workers = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
        process.kill()
        process.wait(LIMIT)
    return workers


def have_ended(workers):
    return all(
        not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
        for worker in workers
    )


def test_processes_end_with_an_experiment_that_is_killed(tmp_path):
    workers = killed("experiment", tmp_path)
    assert workers
    wait_until(lambda: have_ended(workers))


def test_processes_end_with_a_trial_that_is_killed(tmp_path):
    workers = killed("trial", tmp_path)
    assert workers
    wait_until(lambda: have_ended(workers))


@pytest.mark.parametrize("begin", [store._one_thread, lambda: compute._begin("", "start")])
def test_in_a_process_that_nobody_began_it_goes_on(begin, monkeypatch):
    monkeypatch.setenv("LABS_JOBS", "1")
    begin()
    assert psutil.Process().is_running()
