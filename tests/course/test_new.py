import ast
import os
import re
import shutil
import subprocess
import sys

import pytest

from labs_lib import files
from labs_lib.course import catalog, lint, new, quiz, source
from labs_lib.settings import ROOT


@pytest.fixture
def empty(tmp_path, monkeypatch, graph_is_planned):
    """A course folder without any lab."""
    monkeypatch.setattr(new, "ROOT", tmp_path)
    (tmp_path / "tests").mkdir()
    monkeypatch.setattr(catalog, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(catalog, "LABS", tmp_path / "labs_lib" / "labs")
    return tmp_path


def test_a_new_lab_has_all_its_files(empty):
    files = new.make("platform/graph")
    assert [file.as_posix() for file in files] == [
        "labs_lib/labs/platform/graph/lesson.py",
        "labs_lib/labs/platform/graph/exercises.py",
        "labs_lib/labs/platform/graph/quiz.toml",
        "tests/labs/platform/test_graph.py",
    ]
    for file in files:
        text = (empty / file).read_text(encoding="utf-8")
        assert "@" not in text
        if file.suffix == ".py":
            ast.parse(text)
    assert quiz.load(empty / "labs_lib/labs/platform/graph/quiz.toml")
    for package in ("labs_lib/labs/platform", "labs_lib/labs/platform/graph"):
        assert (empty / package / "__init__.py").exists()
    assert "labs build platform/graph" in new.next_steps("platform/graph")


def test_the_template_keeps_the_contract(empty):
    new.make("platform/graph")
    (info,) = [lab for lab in catalog.labs(planned=True) if lab.id == "platform/graph"]
    problems = lint.source_problems(source.read(info))
    # Only the concept is still planned; the author marks it done.
    assert all("is marked 'planned'" in problem for problem in problems), problems
    assert problems


def filled(text, words):
    """Return a text whose words of the template are others."""
    for old in sorted(words, key=len, reverse=True):
        text = text.replace(
            old, f"{old.rstrip('.')} (told)." if old[-1] == "." else f"{old} told"
        )
    return text


def labs(course, *arguments):
    """Run a command in a copy of the course, as a terminal would."""
    environment = {**os.environ, "PYTHONPATH": str(course), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", *arguments]
    ran = subprocess.run(
        command, cwd=course, env=environment, capture_output=True, encoding="utf-8"
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.mark.skipif(
    not (catalog.NOTEBOOKS / "solutions").exists(), reason="this copy has no solutions"
)
def take_out(course, name):
    """Take the lab out of a copy of the course: it is planned again."""
    shutil.rmtree(course / "labs_lib/labs" / name)
    shutil.rmtree(course / "data/trials" / name)
    (course / "tests/labs/platform/test_graph.py").unlink()
    for notebook in course.glob("notebooks/**/90_graph.ipynb"):
        notebook.unlink()
    file = course / "labs_lib/course/course.toml"
    text = file.read_text(encoding="utf-8")
    text = re.sub(rf'(id = "{name}"\n(?:.+\n)*?)minutes = \d+\n', r"\1", text)
    file.write_text(text, encoding="utf-8")
    file = course / "labs_lib/course/concepts.csv"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(f",{name},done,", f",{name},planned,"), encoding="utf-8")


def test_a_new_lab_builds_once_its_words_are_written(tmp_path):
    name, course = "platform/graph", tmp_path / "course"
    skip = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info")
    for folder in ("labs_lib", "notebooks", "data", "tests", "docs"):
        shutil.copytree(ROOT / folder, course / folder, ignore=skip)
    for file in ("README.md", "CONTRIBUTING.md", "pyproject.toml"):
        shutil.copy(ROOT / file, course / file)
    take_out(course, name)
    code, said = labs(course, "labs_lib.cli", "new", name)
    assert code == 0, said

    # The printed steps, one after the other.
    place = re.search(r"`minutes` in (\S+), line (\d+)", said)
    lines = (course / place[1]).read_text(encoding="utf-8").splitlines()
    assert lines[int(place[2]) - 1] == f'id = "{name}"'
    lines.insert(int(place[2]), "minutes = 50")
    (course / place[1]).write_text("\n".join(lines), encoding="utf-8")
    place = re.search(r"Write done in (\S+), line (\d+)", said)
    lines = (course / place[1]).read_text(encoding="utf-8").splitlines()
    lines[int(place[2]) - 1] = lines[int(place[2]) - 1].replace(",planned,", ",done,")
    (course / place[1]).write_text("\n".join(lines), encoding="utf-8")
    code, said = labs(course, "labs_lib.cli", "trial", name)
    assert code == 0, said
    code, said = labs(course, "labs_lib.cli", "build", name)
    assert code == 1
    for file in ("lesson.py", "exercises.py", "quiz.toml"):
        assert f"the template's words are still in labs_lib/labs/{name}/{file}" in said

    for file, words in (
        ("lesson.py", lint._prose_lines),
        ("exercises.py", lint._strings),
        ("quiz.toml", lint._quiz_texts),
    ):
        path = course / "labs_lib" / "labs" / name / file
        text = path.read_text(encoding="utf-8")
        template = (catalog.HERE / "template" / file).read_text(encoding="utf-8")
        path.write_text(filled(text, words(template)), encoding="utf-8")
    code, said = labs(course, "labs_lib.cli", "build", name)
    assert code == 0, said
    assert (course / "notebooks/5_platform/90_graph.ipynb").exists()
    code, said = labs(course, "pytest", "-n0", "tests/labs/platform/test_graph.py")
    assert code == 0, said
    code, said = labs(course, "tests.labs.mutation", name)
    assert code == 0, said
    assert float(said.split("%")[0].split()[-1]) >= 95, said


def test_an_existing_file_is_not_overwritten(empty):
    new.make("platform/graph")
    test = empty / "tests/labs/platform/test_graph.py"
    (empty / "labs_lib/labs/platform/graph/exercises.py").unlink()
    test.write_text("mine")
    with pytest.raises(
        ValueError, match=r"test_graph\.py exist already; nothing was written"
    ):
        new.make("platform/graph")
    assert test.read_text() == "mine"
    assert not (empty / "labs_lib/labs/platform/graph/exercises.py").exists()


def test_a_course_that_cannot_be_written(empty, monkeypatch):
    def refuse(texts):
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(files, "write_all", refuse)
    with pytest.raises(
        ValueError, match=r"cannot be written \(Permission denied\)\. A lab is"
    ):
        new.make("platform/graph")
    assert [path.name for path in empty.rglob("*")] == ["tests"]
    (empty / "tests").rmdir()
    with pytest.raises(
        ValueError, match=r"holds no sources of the course\. A lab is made in"
    ):
        new.make("platform/graph")


def test_an_unplanned_lab(empty):
    with pytest.raises(ValueError, match=r"'a/b' is not in labs_lib/course/course\.toml"):
        new.make("a/b")
