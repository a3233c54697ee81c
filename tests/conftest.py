"""What every test has."""

import sys
from dataclasses import replace

import hypothesis
import pytest

from labs_lib.course import catalog

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


@pytest.fixture
def graph_is_planned(monkeypatch):
    """The course as it was before its last lab: somebody is about to write platform/graph."""
    course, name = catalog._course(), "platform/graph"
    labs = [
        {key: lab[key] for key in lab if key != "minutes"} if lab["id"] == name else lab
        for lab in course["lab"]
    ]
    concepts = tuple(
        replace(one, status="planned") if one.lab == name else one
        for one in catalog.concepts()
    )
    monkeypatch.setattr(catalog, "_course", lambda: course | {"lab": labs})
    monkeypatch.setattr(catalog, "concepts", lambda: concepts)
