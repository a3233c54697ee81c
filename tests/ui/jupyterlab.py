"""JupyterLab as the README starts it, and what a learner does in it, as functions of a page."""

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
from collections.abc import Iterator
from pathlib import Path

from labs_lib.course import catalog
from labs_lib.settings import ROOT

RUN_ALL_SECONDS = 180
PROGRESS = "progress.json"
SETTINGS = {
    # Cells outside the window would not be in the page.
    "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
}


def copy_course(folder: Path) -> Path:
    """Copy what a learner opens; return the copy of ``notebooks/``."""
    copy = folder / "notebooks"
    mine = shutil.ignore_patterns(".ipynb_checkpoints", "*.mine_*")
    return Path(shutil.copytree(catalog.NOTEBOOKS, copy, ignore=mine))


@contextlib.contextmanager
def started(course: Path, home: Path) -> Iterator[str]:
    """Run the README's command beside a copy of the notebooks; yield JupyterLab's address.

    All that JupyterLab and the course write about a learner goes below `home`.
    """
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    env = os.environ | {
        "LABS_MODE": "learn",
        "LABS_PROGRESS": str(home / PROGRESS),
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
            yield _address(log, lab)
        finally:
            lab.terminate()
            lab.wait(timeout=30)


@contextlib.contextmanager
def headless(chromium: str) -> Iterator:
    """Start the Chromium at this path; yield playwright's browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        quiet += ["--disable-component-update", "--disable-sync", "--no-first-run"]
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
        yield browser
        browser.close()


def _opened() -> str:
    """Return what the README's command opens; it decides which folder JupyterLab shows."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.search(r"&& jupyter lab (\S+)$", text, re.MULTILINE)[1]


def _address(log: Path, lab: subprocess.Popen) -> str:
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


class Notebook:
    """One notebook, open in a browser.

    Parameters
    ----------
    browser : playwright Browser
    address : str
        Of JupyterLab, ending in ``/lab``.
    path : str
        Of the notebook, from JupyterLab's folder.
    theme : str
        JupyterLab's name of a theme.
    """

    def __init__(
        self, browser, address: str, path: str, *, theme: str = "JupyterLab Light"
    ):
        self.page = browser.new_page(viewport={"width": 1280, "height": 1000})
        self.page.set_default_timeout(60_000)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{address}/tree/{path}?reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.change_theme(theme)
        # Cells that run before the kernel answers would be lost without a word.
        self.page.evaluate(
            """async () => {
                const context = window.jupyterapp.shell.currentWidget.context;
                await context.ready;
                await context.sessionContext.ready;
                await context.sessionContext.session.kernel.info;
            }"""
        )
        self.focus()

    def change_theme(self, name: str) -> None:
        """Change JupyterLab's theme and wait until its styles are there.

        The command itself ends as soon as the setting is saved.
        """
        self.command("apputils:change-theme", {"theme": name})
        self.page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name", arg=name
        )

    def focus(self) -> None:
        """Give the focus to the active cell and wait until it is there.

        JupyterLab's keys for a notebook work only with the focus inside it, and a page that
        was just opened may have it on its body: a key is lost then, without a word.
        """
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activate()")
        self.wait_for_focus(".jp-Notebook .jp-Cell.jp-mod-active")

    def wait_for_focus(self, selector: str) -> None:
        """Wait until the focus is on what this selector finds, or inside it."""
        self.page.wait_for_function(
            "selector => document.activeElement?.closest(selector) != null", arg=selector
        )

    def command(self, name: str, arguments: dict) -> None:
        """Run a command of JupyterLab."""
        self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)",
            [name, arguments],
        )

    def restart_and_run_all(self) -> None:
        """Run every cell in a fresh kernel and wait for the last one."""
        self.page.evaluate(
            "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
        )
        self.wait()

    def save_and_close(self) -> None:
        """Save the notebook, end its kernel and leave the page, as on an evening."""
        self.command("docmanager:save", {})
        self.page.wait_for_function(
            "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
        )
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"
        )
        self.page.close()

    def wait(self) -> None:
        """Wait until no cell is running or queued."""
        self.page.wait_for_function(
            """() => {
                const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
                return prompts.every(p => /\\[\\d+\\]:/.test(p.textContent));
            }""",
            timeout=RUN_ALL_SECONDS * 1000,
        )

    def cell(self, text: str):
        """Return the first code cell whose code holds `text` now."""
        codes = self.page.locator(".jp-CodeCell .jp-InputArea-editor").all_inner_texts()
        place = next(i for i, code in enumerate(codes) if text in code)
        return self.page.locator(".jp-CodeCell").nth(place)

    def type_and_run(self, text: str, code: str) -> str:
        """Replace the code of the cell that holds `text`, run it and return its output."""
        cell = self.cell(text)
        self._type(cell, code)
        return self._run(cell)

    def type_and_go_on(self, text: str, code: str):
        """Replace the code of the cell that holds `text`, run it and return the cell at once."""
        cell = self.cell(text)
        self._type(cell, code)
        self.page.keyboard.press("Control+Enter")
        return cell

    def run(self, text: str) -> str:
        """Run the cell that holds `text` and return its output."""
        return self._run(self.cell(text))

    def _type(self, cell, code: str) -> None:
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)

    def _run(self, cell) -> str:
        before = cell.locator(".jp-InputPrompt").text_content()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(
            "([cell, before]) => {const now = cell.querySelector('.jp-InputPrompt').textContent;"
            "return now !== before && /\\d/.test(now)}",
            arg=[cell.element_handle(), before],
        )
        return cell.locator(".jp-OutputArea").inner_text()

    def outputs_of_kind(self, kind: str) -> list[str]:
        """Return the texts of the outputs of one MIME type."""
        selector = f'[data-mime-type="application/vnd.jupyter.{kind}"]'
        return self.page.locator(selector).all_inner_texts()

    def dead_links(self) -> list[str]:
        """Return the links to files that this server does not have."""
        links = self.page.eval_on_selector_all(
            ".jp-OutputArea a[href], .jp-RenderedMarkdown a[href]",
            "links => links.map(link => link.href.split('#')[0])",
        )
        here = self.page.url.split("/lab")[0]
        return [
            link
            for link in sorted(set(links))
            if link.startswith(here) and not self.page.request.get(link).ok
        ]

    def figures(self) -> list[int]:
        """Return the width in pixels of each figure, 0 for one that did not load."""
        return self.page.eval_on_selector_all(
            ".jp-OutputArea img", "images => images.map(image => image.naturalWidth)"
        )

    def prompts(self) -> list[int]:
        """Return the execution counts, in the order of the page."""
        texts = self.page.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()
        return [int(re.sub(r"\D", "", text)) for text in texts]
