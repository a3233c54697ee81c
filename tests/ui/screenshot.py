"""Make README's picture: ``python -m tests.ui.screenshot``. Needs Chromium and playwright."""

import shutil
import tempfile
from pathlib import Path

from labs_lib.course import catalog
from labs_lib.settings import ROOT
from tests.ui import jupyterlab

PICTURE = ROOT / ".github" / "screenshot.png"
SIZE = {"width": 1180, "height": 1000}

# A usual mistake, which the check knows.
ANSWER = """\
def synthetic(row, neighbours, rng):
    \"""Return a point on the line from `row` to a random neighbour.\"""
    neighbour = neighbours[rng.integers(len(neighbours))]
    return row + rng.random(len(row)) * (neighbour - row)
lab.ex1.check(synthetic)"""
NEEDED = ("exercises import lab", "import SMOTE, RandomOverSampler", "rng.normal(")
FIGURE = "SMOTE puts frauds between the two groups"


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("There is no Chromium on this machine.")
    path = f"{catalog.find('prepare/balance').stem}.ipynb"
    with tempfile.TemporaryDirectory() as folder:
        course = jupyterlab.copy_course(Path(folder))
        home = Path(folder) / "home"
        home.mkdir()
        with (
            jupyterlab.started(course, home) as address,
            jupyterlab.headless(chromium) as browser,
        ):
            notebook = jupyterlab.Notebook(browser, address, path)
            notebook.page.set_viewport_size(SIZE)
            for text in (*NEEDED, "balanced = {", FIGURE):
                notebook.run(text)
            assert notebook.figures()[0] > 0
            # The figure gets a view of its own, below the notebook.
            notebook.cell(FIGURE).locator(".jp-InputPrompt").click()
            notebook.command("notebook:create-output-view", {})
            notebook.page.wait_for_selector(".jp-LinkedOutputView img")
            notebook.command("application:toggle-left-area", {})
            assert "wrong" in notebook.type_and_run("def synthetic", ANSWER)
            notebook.cell("def synthetic").evaluate(
                "cell => cell.scrollIntoView({block: 'end'})"
            )
            notebook.page.wait_for_timeout(1_000)  # until it has scrolled and drawn
            notebook.page.screenshot(path=str(PICTURE))


if __name__ == "__main__":
    main()
