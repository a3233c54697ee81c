"""The container for Codespaces and VS Code names what the repository has."""

import json
import re
import tomllib

import pytest
from packaging.specifiers import SpecifierSet

from labs_lib.settings import ROOT

FILE = ROOT / ".devcontainer" / "devcontainer.json"


@pytest.fixture(scope="module")
def container():
    # Without comments, so that any reader of JSON takes it.
    return json.loads(FILE.read_text(encoding="utf-8"))


def test_its_python_is_one_of_the_course(container):
    version = re.fullmatch(r"mcr\.microsoft\.com/.+/python:(3\.\d+)", container["image"])[1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert SpecifierSet(project["project"]["requires-python"]).contains(f"{version}.0")


def test_it_installs_the_lock_and_opens_what_the_readme_opens(container):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command = re.search(r"^(python3 .+) && jupyter lab (\S+)$", readme, re.MULTILINE)
    assert container["customizations"]["codespaces"]["openFiles"] == [command[2]]
    steps = [step.strip() for step in container["postCreateCommand"].split("&&")]
    assert steps[0] == command[1].split("&&")[0].strip()
    assert steps[1] == ".venv/bin/pip install -r requirements.txt"
    assert steps[1].endswith(command[1].split("&&")[-1].strip())
    interpreter = container["customizations"]["vscode"]["settings"]
    assert interpreter["python.defaultInterpreterPath"].endswith("/.venv/bin/python")


def test_no_port_leaves_it_unasked(container):
    assert container["otherPortsAttributes"] == {"onAutoForward": "ignore"}
    assert set(container["portsAttributes"]) == {"8888"}  # JupyterLab's, which is only told
    assert "forwardPorts" not in container
