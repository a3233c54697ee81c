"""A real JupyterLab, and a headless Chromium that looks at it."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from labs_lib.course import catalog
from labs_lib.settings import ROOT

SETTINGS = {
    # Cells outside the window would not be in the page.
    "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
}


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
    folder = tmp_path_factory.mktemp("course") / "notebooks"
    shutil.copytree(
        catalog.NOTEBOOKS,
        folder,
        ignore=shutil.ignore_patterns(".ipynb_checkpoints", "*.mine_*"),
    )
    return folder


@pytest.fixture(scope="session")
def server(chromium, course, tmp_path_factory):
    """Start JupyterLab as the README says; return its address and the learner's progress file."""
    home = tmp_path_factory.mktemp("jupyter")
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    progress = home / "progress.json"
    env = os.environ | {
        "LABS_MODE": "learn",
        "LABS_PROGRESS": str(progress),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
    }
    command = [sys.executable, "-m", "jupyterlab", _opened(), "--no-browser"]
    command += ["--allow-root", "--port=0", "--IdentityProvider.token="]
    command += ["--expose-app-in-browser"]
    log = home / "log.txt"
    with open(log, "w") as out:
        lab = subprocess.Popen(command, cwd=course.parent, env=env, stdout=out, stderr=out)
        try:
            yield _address(log, lab), progress
        finally:
            lab.terminate()
            lab.wait(timeout=30)


def _opened() -> str:
    """Return what the README's command opens; it decides which folder JupyterLab shows."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.search(r"&& jupyter lab (\S+)$", text, re.MULTILINE)[1]


def _address(log, lab) -> str:
    for _ in range(240):
        found = re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab", log.read_text())
        # The address is told a moment before it answers.
        with contextlib.suppress(urllib.error.URLError):
            if found:
                urllib.request.urlopen(found[0], timeout=30).close()
                return found[0]
        assert lab.poll() is None, log.read_text()
        time.sleep(0.5)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        quiet += ["--disable-component-update", "--disable-sync", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
        yield browser
        browser.close()
