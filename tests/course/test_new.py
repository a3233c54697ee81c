import ast

import pytest

from labs_lib import files
from labs_lib.course import catalog, lint, new, quiz, source


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A course folder without any lab."""
    monkeypatch.setattr(new, "ROOT", tmp_path)
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
        assert "@" not in text.replace("@lab.exercise", "")
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
    assert list(empty.iterdir()) == []


def test_an_unplanned_lab(empty):
    with pytest.raises(ValueError, match=r"'a/b' is not in labs_lib/course/course\.toml"):
        new.make("a/b")
