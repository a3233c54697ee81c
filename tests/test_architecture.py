"""Imports point one way, and the repository says what it promises."""

import ast
import re
from collections import Counter

import pytest

from labs_lib.settings import ROOT

PARTS = ("prepare", "train", "deploy", "monitor")
ENGINES = (*PARTS, "payments")
BASE = ("stats", "plots", "aws", "data", "schema", "settings", "files")
# Who may import whom inside labs_lib; a name stands for a module or a package.
MAY = {
    "settings": set(),
    "files": set(),
    "schema": set(),
    "data": {"schema", "settings", "files"},
    "stats": set(),
    "plots": {"stats", "settings"},
    "aws": {"settings"},
    **{engine: {engine, *BASE} for engine in ENGINES},
    "experiments": {"experiments", *ENGINES, *BASE},
    "exercises": {"course", *ENGINES, *BASE},
    "course": {"course", "experiments", *ENGINES, *BASE},
    "cli": {"course", "experiments", "monitor", "payments", *BASE},
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


ENVIRONMENT = {
    "settings.py": {"LABS_JOBS"},
    "experiments/store.py": {"LABS_JOBS"},  # one thread in each process of a run
    "train/tuning/search.py": {"COMPUTERNAME"},  # which machine runs a job
}


@pytest.mark.parametrize("file", MODULES, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_no_variable_of_the_environment_changes_a_number(file):
    """The course knows who runs a notebook; nothing else reads the environment but threads."""
    inside = file.relative_to(ROOT / "labs_lib").as_posix()
    if inside.startswith("course/"):
        return
    text = file.read_text(encoding="utf-8")
    assert "LABS_MODE" not in text
    reads = len(re.findall(r"\benviron\b|\bgetenv\b", text))
    named = re.findall(r"""environ(?:\.get\(|\[)["'](\w+)["']""", text)
    assert set(named) <= ENVIRONMENT.get(inside, set())
    assert len(named) == reads


def test_no_lesson_asks_who_runs_it():
    for file in (ROOT / "notebooks" / "source").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"LABS_MODE|course\.mode|import mode\b", text), file


SHARED_NAMES = {"Numbers", "Recipe", "World"}
"""Classes of two meanings that are left; this set only shrinks."""


def test_a_class_name_has_one_meaning():
    names = Counter(
        node.name
        for file in MODULES
        if "template" not in file.parts
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    assert {name for name, times in names.items() if times > 1} == SHARED_NAMES


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
