"""A real JupyterLab, and a headless Chromium that looks at it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest

from labs_lib.course import catalog

SETTINGS = {
    # Cells outside the window would not be in the page.
    "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
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
    folder = tmp_path_factory.mktemp("course")
    for info in catalog.pages():
        target = folder / f"{info.stem}.ipynb"
        target.parent.mkdir(exist_ok=True)
        shutil.copy(info.learner, target)
    return folder


@pytest.fixture(scope="session")
def server(chromium, course, tmp_path_factory):
    """Start JupyterLab; return its address and the learner's progress file."""
    home = tmp_path_factory.mktemp("jupyter")
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    progress = home / "progress.json"
    env = os.environ | {
        "LABS_MODE": "learn",
        "LABS_PROGRESS": str(progress),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
    }
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--port=0",
    ]
    command += ["--IdentityProvider.token=", "--expose-app-in-browser", "--notebook-dir=."]
    log = home / "log.txt"
    with open(log, "w") as out:
        lab = subprocess.Popen(command, cwd=course, env=env, stdout=out, stderr=out)
        try:
            yield _address(log, lab), progress
        finally:
            lab.terminate()
            lab.wait(timeout=30)


def _address(log, lab) -> str:
    for _ in range(240):
        found = re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab", log.read_text())
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
