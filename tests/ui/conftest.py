"""A real JupyterLab, and a headless Chromium that looks at it."""

import shutil

import pytest

from tests.ui import jupyterlab


@pytest.fixture(scope="session")
def chromium():
    pytest.importorskip(
        "playwright", reason="playwright is not installed: pip install -e .[ui]"
    )
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    return path


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A learner's copy of the notebooks, so that nothing of the repository changes."""
    return jupyterlab.copy_course(tmp_path_factory.mktemp("course"))


@pytest.fixture(scope="session")
def server(chromium, course, tmp_path_factory):
    """Start JupyterLab as the README says; return its address and the learner's progress file."""
    home = tmp_path_factory.mktemp("jupyter")
    with jupyterlab.started(course, home) as address:
        yield address, home / jupyterlab.PROGRESS


@pytest.fixture(scope="session")
def browser(chromium):
    with jupyterlab.headless(chromium) as browser:
        yield browser
