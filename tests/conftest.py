"""What every test has."""

import sys

import hypothesis
import pytest

# A busy machine is no reason to fail.
hypothesis.settings.register_profile("course", deadline=None)
hypothesis.settings.load_profile("course")


@pytest.fixture
def progress_file(tmp_path, monkeypatch):
    """A learner's mode with a progress file of its own."""
    file = tmp_path / "progress.json"
    monkeypatch.setenv("LABS_MODE", "learn")
    monkeypatch.setenv("LABS_PROGRESS", str(file))
    return file


def pytest_sessionfinish():
    """Keep what coverage has counted: a worker of a parallel run may be ended before its exit."""
    coverage = sys.modules.get("coverage")
    current = coverage.Coverage.current() if coverage else None
    if current is not None:
        current.save()
