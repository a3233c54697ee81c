"""A learner changes the code of a trial and sees the own version beside the stored one."""

import nbformat
import pytest

from labs_lib.course import catalog
from tests.ui.jupyterlab import Notebook

pytestmark = pytest.mark.xdist_group("ui")


def test_a_changed_trial_runs_beside_the_stored_one(browser, server, course):
    address, _ = server
    path = f"{catalog.find('prepare/balance').stem}.ipynb"
    cells = [c.source for c in nbformat.read(course / path, as_version=4).cells]
    function = next(code for code in cells if "def leaking(seed)" in code)
    call = next(code for code in cells if "lab.trial(leaking" in code)

    notebook = Notebook(browser, address, path)
    notebook.restart_and_run_all()
    assert not notebook.outputs_of_kind("stderr")
    assert "Your version" not in notebook.cell("lab.trial(leaking").inner_text()

    assert "depth=6" in function
    notebook.type_and_run("def leaking(seed)", function.replace("depth=6", "depth=2"))
    shown = notebook.type_and_run("lab.trial(leaking", call)
    notebook.page.screenshot(path=str(course / "changed_trial.png"))
    assert "Your version of the trial" in shown
    assert "difference" in shown
    assert "SMOTE before the split" in shown
    assert not notebook.errors
    notebook.save_and_close()
