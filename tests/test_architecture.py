"""Imports point one way, and the repository says what it promises."""

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from labs_lib.course import catalog
from labs_lib.settings import ROOT

LIBRARY = ROOT / "labs_lib"
PARTS = {part.id for part in catalog.parts()}
BASE = {
    "aws",
    "columns",
    "data",
    "definitions",
    "files",
    "plots",
    "schema",
    "settings",
    "stats",
}
ENGINES = {"payments", *PARTS}
# Who may import whom inside labs_lib; a name stands for a module or a package. Parts that do
# not exist yet may be named, and an engine uses itself.
MAY = {
    "settings": set(),
    "columns": set(),
    "monitor_options": set(),
    "files": set(),
    "definitions": {"settings"},
    "schema": set(),
    "data": {"schema", "settings", "files"},
    "stats": set(),
    "plots": {"stats", "settings"},
    "aws": {"settings"},
    **dict.fromkeys(ENGINES, BASE),
    # It runs what other engines compute: tuning jobs, monitoring schedules.
    "sagemaker": {"monitor", "train"} | BASE,
    # It draws worlds of payments and plays them.
    "capstone": {"payments"} | BASE,
    # The machinery reaches a lab by its name alone: one arrow between the two rooms.
    "course": ENGINES | BASE,
    "labs": {"capstone", "course", "sagemaker"} | ENGINES | BASE,
    "cli": {"capstone", "course", "monitor_options", "sagemaker"} | ENGINES | BASE,
}
# What a lab may use of the machinery: its own object, how an answer is read, facts, stored rows;
# doctor and map on the start page.
COURSE_OF_LABS = {
    "answers",
    "catalog",
    "doctor",
    "exercise",
    "home",
    "facts",
    "lab",
    "overview",
    "slider",
    "store",
}
MODULES = [file for file in sorted(LIBRARY.rglob("*.py")) if "template" not in file.parts]
LABS = [file for file in MODULES if file.is_relative_to(catalog.LABS)]


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(file: Path) -> Iterator[tuple[str, ...]]:
    """Yield what a file imports of labs_lib, each as the parts of a dotted name."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        else:
            continue
        for name in found:
            package, *rest = name.split(".")
            if package == "labs_lib" and rest:
                yield tuple(rest)


def lab_of(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the lab that a dotted name or a path inside ``labs/`` belongs to."""
    return parts[:1] if parts[0] not in PARTS else parts[:2]


def short(file: Path) -> str:
    return file.relative_to(LIBRARY).as_posix()


@pytest.mark.parametrize("file", MODULES, ids=short)
def test_imports_point_one_way(file):
    owner = file.relative_to(LIBRARY).parts[0].removesuffix(".py")
    if owner != "__init__":
        used = {name[0] for name in imported(file)} - {owner, "__version__"}
        assert used <= MAY[owner]


def strangers(file: Path, labs: Path) -> list[str]:
    """Return what a module of a lab imports and must not: other labs, most of the course."""
    own = lab_of(file.relative_to(labs).parts)
    found = []
    for first, *rest in imported(file):
        if first == "labs" and lab_of(tuple(rest)) != own:
            found.append(f"{'/'.join(own)} uses another lab, {'/'.join(rest[:2])}")
        if first == "course" and rest[0] not in COURSE_OF_LABS:
            found.append(f"{'/'.join(own)} uses the machinery, course.{rest[0]}")
    return found


def circles(files: list[Path], library: Path) -> list[str]:
    """Return the modules that import each other, directly or around some corners."""
    names = {file: (*file.relative_to(library).with_suffix("").parts,) for file in files}
    uses = {
        name: {used[:n] for used in imported(file) for n in range(3, len(used) + 1)}
        for file, name in names.items()
    }
    todo = {name: used & set(uses) - {name} for name, used in uses.items()}
    while free := [name for name, used in todo.items() if not used & set(todo)]:
        for name in free:
            del todo[name]
    return sorted(map(".".join, todo))


@pytest.mark.parametrize("file", LABS, ids=short)
def test_a_lab_uses_no_other_lab_and_little_of_the_machinery(file):
    assert strangers(file, catalog.LABS) == []


def test_modules_of_a_lab_do_not_import_each_other_in_a_circle():
    assert circles(LABS, LIBRARY) == []


def test_labs_that_import_each_other_are_told(tmp_path):
    def write(lab: str, text: str) -> Path:
        file = tmp_path / "labs" / lab / "shared.py"
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
        return file

    files = [
        write("prepare/a", "from labs_lib.labs.train.b import shared"),
        write("train/b", "def fit():\n    from labs_lib.labs.train.c.shared import f"),
        write("train/c", "import labs_lib.labs.prepare.a.shared"),
        write("train/d", "from labs_lib.course import build\nfrom labs_lib import stats"),
    ]
    told = [strangers(file, tmp_path / "labs") for file in files]
    assert told[0] == ["prepare/a uses another lab, train/b"]
    assert told[3] == ["train/d uses the machinery, course.build"]
    names = ["labs.prepare.a.shared", "labs.train.b.shared", "labs.train.c.shared"]
    assert circles(files, tmp_path) == names


@pytest.mark.parametrize("file", MODULES, ids=short)
def test_a_private_name_stays_in_its_folder(file):
    own = file.relative_to(LIBRARY).parts[:-1]
    for name in imported(file):
        private = next((i for i, part in enumerate(name) if part.startswith("_")), None)
        if private is not None and name[private] != "__version__":
            assert name[:private][: len(own)] == own, ".".join(name)


def test_parts_have_a_place_whether_they_exist_or_not():
    folders = {path.name for path in LIBRARY.iterdir() if (path / "__init__.py").exists()}
    assert folders <= set(MAY)
    for name in sorted(folders):
        importlib.import_module(f"labs_lib.{name}")


def astray(labs: Path) -> list[str]:
    """Return what is wrong with the folders of labs: one of the course has one lesson, no more."""
    known = {lab.id for lab in [*catalog.labs(planned=True), catalog.pages()[0]]}
    found = []
    for lesson in sorted(labs.rglob("lesson*.py")):
        lab = lesson.parent.relative_to(labs).as_posix()
        if lab not in known:
            found.append(f"{lab}: not in course.toml; add it there")
        if lesson.name != "lesson.py":
            found.append(f"{lab}: has {lesson.name}; a lab has one lesson, lesson.py")
    return found


def test_every_lab_folder_belongs_to_the_course():
    assert astray(catalog.LABS) == []


def test_a_lab_with_two_lessons_or_outside_the_course_is_told(tmp_path):
    for name in ("train/fit/lesson.py", "train/fit/lesson_2.py", "train/spam/lesson.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert astray(tmp_path) == [
        "train/fit: has lesson_2.py; a lab has one lesson, lesson.py",
        "train/spam: not in course.toml; add it there",
    ]


ENVIRONMENT = {
    "settings.py": {"LABS_JOBS"},
}


def without_texts(code):
    """Return code without what stands in its texts, such as the script of a container."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.unparse(tree)


def test_a_script_in_a_text_is_no_code_of_the_lesson():
    code = 'import os\nscript = "os.environ[1]"\nfolder = os.environ["HOME"]\n'
    assert without_texts(code).count("environ") == 1


@pytest.mark.parametrize("file", MODULES, ids=short)
def test_no_variable_of_the_environment_changes_a_number(file):
    """The course knows who runs a notebook; nothing else reads the environment but threads."""
    inside = short(file)
    if inside.startswith("course/"):
        return
    text = file.read_text(encoding="utf-8")
    assert "LABS_MODE" not in text
    if inside.startswith(("sagemaker/", "capstone/")):
        return  # their jobs and containers are told by variables, as on AWS
    if file.name == "lesson.py":
        text = without_texts(text)  # and so is a script that a lesson sends there
    reads = len(re.findall(r"\benviron\b|\bgetenv\b", text))
    named = re.findall(r"""environ(?:\.get\(|\[)["'](\w+)["']""", text)
    assert set(named) <= ENVIRONMENT.get(inside, set())
    assert len(named) == reads


def test_no_lesson_asks_who_runs_it():
    for file in catalog.LABS.rglob("lesson.py"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"LABS_MODE|course\.mode|import mode\b", text), file


SHARED_NAMES = {"Numbers", "Operation"}
"""Classes of two meanings that are left (AWS itself has two kinds of operation); it only shrinks."""


def test_a_class_name_has_one_meaning():
    names = Counter(
        node.name
        for file in MODULES
        for node in parsed(file).body
        if isinstance(node, ast.ClassDef)
    )
    assert {name for name, times in names.items() if times > 1} == SHARED_NAMES


def test_nothing_asks_whether_it_runs_in_ci():
    for file in MODULES:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"""environ(?:\.get)?[(\[]["']CI["']""", text), file


@pytest.mark.parametrize("file", MODULES, ids=short)
def test_what_is_sorted_keeps_equal_values_in_order(file):
    # The default does not, and each processor has another order.
    for node in ast.walk(parsed(file)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        by_several = bool(node.args) and isinstance(node.args[0], ast.List | ast.Name)
        if node.func.attr == "argsort" or (
            node.func.attr == "sort_values" and not by_several
        ):
            kinds = [k.value for k in node.keywords if k.arg == "kind"]
            assert [ast.literal_eval(kind) for kind in kinds] == ["stable"], node.lineno


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]
PAGES += [*ROOT.glob("docs/*/*.md")]
PAGES += [*ROOT.glob("notebooks/*.md"), ROOT / "data" / "README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_of_pages_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)#\s]+)", prose):
        assert "://" in link or (page.parent / link).exists(), link


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
