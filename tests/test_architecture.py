"""Imports point one way, and the repository says what it promises."""

import ast
import re

import pytest

from labs_lib.settings import ROOT

PARTS = ("prepare", "train", "deploy", "monitor")
ENGINES = (*PARTS, "payments")
BASE = ("columns", "compare", "plots", "aws", "data", "schema", "settings", "files")
# Who may import whom inside labs_lib; a name stands for a module or a package.
MAY = {
    "settings": set(),
    "columns": set(),
    "monitor_options": set(),
    "files": set(),
    "schema": set(),
    "data": {"schema", "settings", "files"},
    "compare": {"settings"},
    "plots": {"compare", "settings"},
    "aws": {"settings"},
    **{engine: {engine, *BASE} for engine in ENGINES},
    "experiments": {"experiments", *ENGINES, *BASE},
    "exercises": {"course", *ENGINES, *BASE},
    "course": {"course", "experiments", *ENGINES, *BASE},
    "cli": {"course", "experiments", "monitor", "monitor_options", "payments", *BASE},
}
MODULES = sorted((ROOT / "labs_lib").rglob("*.py"))


def imported(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "labs_lib":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "labs_lib."
        ):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (
                a.name.split(".")[1] for a in node.names if a.name.startswith("labs_lib.")
            )


@pytest.mark.parametrize("file", MODULES, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_imports_point_one_way(file):
    inside = file.relative_to(ROOT / "labs_lib")
    owner = inside.parts[0].removesuffix(".py")
    if owner == "__init__" or "template" in inside.parts:
        return
    assert set(imported(file)) - {owner, "__version__"} <= MAY[owner]


def test_exercises_use_only_the_classes_of_the_course():
    for file in (ROOT / "labs_lib" / "exercises").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        used = set(re.findall(r"from labs_lib\.course(?:\.(\w+))? import", text))
        assert used <= {"exercise", "lab", "quiz"}, file


def test_nothing_asks_whether_it_runs_in_ci():
    for file in MODULES:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"""environ(?:\.get)?[(\[]["']CI["']""", text), file


def test_the_lock_installs_the_project_and_holds_one_version_of_each_package():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert "-e ." in lines
    pins = [re.match(r"([\w.-]+)==([\w.]+)", line) for line in lines if "==" in line]
    names = [pin[1] for pin in pins if pin]
    assert len(names) == len(set(names)) > 100


def test_the_readme_gives_both_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    install = (
        "python3 -m venv .venv && . .venv/bin/activate && pip install -r requirements.txt"
    )
    assert f"{install} && jupyter lab notebooks/00_start_here.ipynb\n" in text
    assert f"{install} && pytest\n" in text
    for target in re.findall(r"\]\(([\w./]+)\)", text):
        assert (ROOT / target).exists(), target
