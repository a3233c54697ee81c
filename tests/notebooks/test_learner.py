"""The learner notebooks, built into a temporary folder, so that a learner's work fails nothing."""

import os
import subprocess
import sys

import nbformat
import pytest

from labs_lib.course import build, catalog, source

PAGES = catalog.pages()


@pytest.mark.parametrize("info", PAGES, ids=lambda info: info.id)
def test_restart_and_run_all_raises_nothing(info, tmp_path):
    page = source.read(info)
    values = {n: r.text for n, r in _facts(info).items()}
    notebook = build.learner_notebook(page, values)
    file = tmp_path / info.learner.name
    nbformat.write(notebook, file)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--noconftest",
    ]
    command += [
        "-o",
        "addopts=",
        "--nbval",
        "--nbval-current-env",
        "--nbval-cell-timeout=120",
    ]
    ran = subprocess.run(
        [*command, str(file)],
        cwd=tmp_path,
        env=os.environ | {"LABS_MODE": "test", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout[-3000:]
    cells = sum(cell.cell_type == "code" for cell in notebook.cells)
    assert f"{cells} passed" in ran.stdout


def _facts(info):
    return build.fact_values(nbformat.read(info.solution, as_version=4))


@pytest.mark.parametrize("info", PAGES, ids=lambda info: info.id)
def test_exercises_are_open_in_the_learner_notebook(info):
    page = source.read(info)
    stubs = [cell.stub for cell in page.code if cell.is_exercise]
    assert stubs
    for cell in page.code:
        if cell.is_exercise:
            assert cell.stub != cell.solution
            assert "..." in cell.stub or source.STUB_LINE in cell.stub
