"""The learner notebooks, built into a temporary folder, so that a learner's work fails nothing."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import psutil
import pytest
from botocore.exceptions import ParamValidationError

from labs_lib.course import build, catalog, facts, marks, source
from tests.notebooks import requests_sent

PAGES = catalog.pages()


class LearnerNotebook:
    """Tests of one page. A class each, so that pages run on all workers at once."""

    info: catalog.LabInfo

    def test_restart_and_run_all_raises_nothing(self, tmp_path):
        page = source.read(self.info)
        values = marks.values(_facts(self.info))
        notebook = build.learner_notebook(page, values)
        notebook.cells.insert(0, nbformat.v4.new_code_cell(requests_sent.RECORDER))
        file = tmp_path / self.info.learner.name
        nbformat.write(notebook, file)
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["--noconftest", "-o", "addopts=", "--nbval", "--nbval-current-env"]
        command += ["--nbval-cell-timeout=120", str(file)]
        ran = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ
            | {"PYTEST_ADDOPTS": ""}
            | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)),
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert ran.returncode == 0, ran.stdout[-3000:]
        cells = sum(cell.cell_type == "code" for cell in notebook.cells)
        assert f"{cells} passed" in ran.stdout
        sent = requests_sent.recorded(tmp_path)
        lesson = self.info.lesson.read_text(encoding="utf-8")
        answered = (
            "sagemaker.start(",
            "Stubber(",
        )  # by the server here, or by the lesson itself
        assert bool(sent) == any(text in lesson for text in answered)
        for request in sent:
            host = urlsplit(requests_sent.prepare(*request)).hostname
            assert host.endswith(".amazonaws.com"), request
        assert not _left_running(temporary)

    def test_exercises_are_open_in_the_learner_notebook(self):
        page = source.read(self.info)
        stubs = [cell.stub for cell in page.code if cell.is_exercise]
        assert stubs
        for cell in page.code:
            if cell.is_exercise:
                assert cell.stub != cell.solution
                assert "..." in cell.stub or source.STUB_LINE in cell.stub


def test_a_process_that_is_left_running_is_found(tmp_path):
    sleeps = [sys.executable, "-c", "import time; time.sleep(60)", str(tmp_path)]
    process = subprocess.Popen(sleeps)
    try:
        assert _left_running(tmp_path, patience=0) == [sleeps]
    finally:
        process.kill()
        process.wait()
    assert not _left_running(tmp_path)


def test_a_request_that_aws_would_not_take_is_found():
    with pytest.raises(ParamValidationError, match="EndpointName"):
        requests_sent.prepare("sagemaker", "DescribeEndpoint", {})


for _info in PAGES:
    _name = f"Test_{_info.id.replace('/', '_')}"
    globals()[_name] = type(_name, (LearnerNotebook,), {"info": _info})


def _left_running(folder: Path, patience: float = 30.0) -> list[list[str]]:
    """Return the commands that still run with a folder of this notebook, once it had time."""
    deadline = time.monotonic() + patience
    while True:
        commands = [
            process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])
        ]
        left = [command for command in commands if str(folder) in " ".join(command)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.2)


def _facts(info):
    return facts.printed(nbformat.read(info.solution, as_version=4))
