"""How notebooks are tested: mode build, no network, and how strictly outputs are compared."""

import os
import platform
import sys
from pathlib import Path

import hypothesis
import pytest

# A busy machine is no reason to fail.
hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")

OFFLINE = Path(__file__).parent / "offline"


def strict_notebooks() -> bool:
    """Whether printed outputs are compared to the letter: processors elsewhere round differently."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def pytest_addoption(parser):
    parser.addoption(
        "--facts",
        action="store_true",
        help="run every solution once more and compare its facts within their tolerance, not "
        "its text (always done where text is not compared)",
    )


def pytest_configure(config):
    # Kernels and subprocesses inherit these.
    os.environ["LABS_MODE"] = "build"
    # They share the cores: a thread that spins while it waits keeps another notebook from working.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(OFFLINE), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    if not strict_notebooks() or config.getoption("--facts"):
        config.option.nbval, config.option.nbval_lax = False, True


@pytest.fixture
def progress_file(tmp_path, monkeypatch):
    """A learner's mode with a progress file of its own."""
    file = tmp_path / "progress.json"
    monkeypatch.setenv("LABS_MODE", "learn")
    monkeypatch.setenv("LABS_PROGRESS", str(file))
    return file
