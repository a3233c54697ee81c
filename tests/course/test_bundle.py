"""A bundle holds the course and its wheels, whole or not at all.

``tests/bundle_install.sh`` makes and installs a real one.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from labs_lib import settings
from labs_lib.course import build, bundle, catalog, lint, lock


@pytest.fixture
def course(tiny, monkeypatch):
    """The tiny course as a repository, with wheels that need no network."""
    root = tiny.lesson.parents[3]
    for name, text in {
        "requirements.txt": "-e .\nnumpy==2.4.6\n",
        "pyproject.toml": '[build-system]\nrequires = ["setuptools>=77"]\n',
        ".gitignore": ".venv/\n__pycache__/\n.labs/\n",
        ".ci/run": "pytest\n",
        "labs_lib/lab.py": "x = 1\n",
        "labs_lib/__pycache__/lab.pyc": "",
        ".venv/big": "",
        "tests/test_lab.py": "right = 1\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(settings, "ROOT", root)
    monkeypatch.setattr(lock, "PATH", root / "requirements.txt")
    monkeypatch.setattr(bundle.catalog, "pages", lambda: [tiny])
    monkeypatch.setattr(bundle, "download", fake_download)
    return root


def fake_download(wheels, **_):
    wheels.mkdir()
    (wheels / "numpy-2.4.6-py3-none-any.whl").write_bytes(b"wheel")


@pytest.fixture
def fresh(monkeypatch):
    """A fresh learner notebook without an execution."""
    monkeypatch.setattr(bundle, "_fresh", lambda page: "fresh\n")


def names(folder):
    return {f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file()}


def test_a_bundle_without_solutions_holds_no_answer_and_can_be_reset(
    course, tiny, tmp_path, monkeypatch
):
    monkeypatch.setattr(build, "pages", dict)
    assert build.build([tiny]) == []
    pristine = tiny.learner.read_text()
    tiny.learner.write_text(pristine.replace("accuracy = ...", "accuracy = 0.99"))
    made = tmp_path / "deep" / "bundle"
    bundle.make(made, solutions=False, platform="windows", python="3.12")

    assert names(made) == {
        "labs_lib/labs/start/quiz.toml",
        ".gitignore",
        "COURSE.json",
        "INSTALL.md",
        "labs_lib/lab.py",
        "notebooks/.fresh/00_start_here.ipynb",
        "notebooks/00_start_here.ipynb",
        "pyproject.toml",
        "requirements.txt",
        "wheels/numpy-2.4.6-py3-none-any.whl",
    }
    assert (made / "notebooks/00_start_here.ipynb").read_text() == pristine
    assert (made / "notebooks/.fresh/00_start_here.ipynb").read_text() == pristine
    install = (made / "INSTALL.md").read_text()
    assert "Windows" in install
    assert r"    py -3.12 -m venv .venv && .venv\Scripts\activate && pip install" in install
    assert "--no-index --find-links wheels -r requirements.txt" in install
    assert install.endswith(f"\n{bundle.NO_SOLUTIONS}\n")

    # From such a bundle another one can be made.
    monkeypatch.setattr(settings, "ROOT", made)
    monkeypatch.setattr(bundle.catalog, "NOTEBOOKS", made / "notebooks")
    bundle.make(tmp_path / "again", solutions=False)
    again = tmp_path / "again" / "notebooks/.fresh/00_start_here.ipynb"
    assert again.read_text() == pristine


WITHOUT = """\
from labs_lib.course import build, catalog
for info in catalog.pages():
    lab = info.exercises().lab
    assert lab.quiz.questions
    assert "not handed out" in lab.ex1.solution().text
print(build.reset(catalog.find("start")))
"""


def test_what_a_bundle_of_the_course_says_is_true(tmp_path, monkeypatch):
    if not (settings.ROOT / "tests").is_dir():
        pytest.skip("this copy has no solutions")
    monkeypatch.setattr(bundle, "_fresh", lambda page: page.learner.read_text("utf-8"))
    monkeypatch.setattr(bundle, "download", fake_download)
    made = tmp_path / "bundle"
    bundle.make(made, solutions=False)
    # No worked solutions.
    found = names(made)
    assert not [n for n in found if "/solutions/" in n or n.startswith("tests/")]
    assert not [n for n in found if n.endswith("/lesson.py") and "/template/" not in n]
    assert "docs/run_sheet/prepare_split.md" in found
    assert "docs/run_sheet/quiz_key.md" not in found
    # Reference functions remain in the checks, which work.
    assert {f"labs_lib/labs/{i.id}/exercises.py" for i in catalog.labs()} <= found
    command = [sys.executable, "-c", WITHOUT]
    environment = {**os.environ, "PYTHONPATH": str(made), "LABS_MODE": "learn"}
    ran = subprocess.run(command, cwd=made, env=environment, capture_output=True, text=True)
    assert (ran.stdout, ran.returncode) == ("None\n", 0), ran.stderr
    # No page leads to what is left out.
    for name in ("README.md", "notebooks/concepts.md", "docs/run_sheet.md"):
        text = (made / name).read_text(encoding="utf-8")
        assert lint.link_problems(made / name, text) == []
    assert bundle.NO_SOLUTIONS in (made / "README.md").read_text(encoding="utf-8")


def test_a_bundle_with_solutions_holds_what_git_tracks(course, fresh, tmp_path):
    if shutil.which("git") is None:
        pytest.skip("no git on this machine")
    git = ["git", "-C", str(course)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    (course / "notebooks" / "00_start_here.mine_2026.ipynb").write_text("own work")
    (course / "labs_lib" / "lab.py").unlink()
    made = tmp_path / "bundle"
    bundle.make(made)

    assert "tests/test_lab.py" in names(made)
    assert "labs_lib/labs/start/lesson.py" in names(made)
    assert not {n for n in names(made) if n.startswith((".git/", ".venv")) or "mine" in n}
    assert "labs_lib/lab.py" not in names(made)
    assert {"notebooks/.fresh/00_start_here.ipynb", bundle.MANIFEST} <= names(made)
    assert (made / "notebooks/00_start_here.ipynb").read_text() == "fresh\n"
    assert bundle.NO_SOLUTIONS not in (made / "INSTALL.md").read_text()


def test_a_bundle_notes_what_the_course_is_made_of(course, fresh, tmp_path):
    made = tmp_path / "bundle"
    bundle.make(made)
    noted = json.loads((made / bundle.MANIFEST).read_text())
    others = {n for n in names(made) if n.startswith("wheels/")} | {
        "INSTALL.md",
        bundle.MANIFEST,
    }
    assert set(noted) == names(made) - others
    assert noted == bundle.digests(made, noted)


@pytest.mark.parametrize("failure", [ValueError("no wheel"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing_behind(course, fresh, tmp_path, monkeypatch, failure):
    def fail(wheels, **_):
        fake_download(wheels)
        raise failure

    monkeypatch.setattr(bundle, "download", fail)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(type(failure)):
        bundle.make(tmp_path / "bundle")
    assert sorted(tmp_path.iterdir()) == before


def test_wrong_arguments_are_refused(course, fresh, tmp_path):
    with pytest.raises(ValueError, match="platform is 'amiga', expected one of linux, win"):
        bundle.make(tmp_path / "b", platform="amiga")
    with pytest.raises(ValueError, match=r"python is '3.9', expected one of 3.11, 3.12"):
        bundle.make(tmp_path / "b", python="3.9")
    with pytest.raises(ValueError, match="name a folder outside it"):
        bundle.make(course / "dist" / "b")
    (tmp_path / "b").mkdir()
    with pytest.raises(ValueError, match="exists; remove it"):
        bundle.make(tmp_path / "b")


@pytest.fixture
def pip(monkeypatch):
    """A pip that only notes how it was called."""
    called = SimpleNamespace(command=None, returncode=0, built=None, build_returncode=0)

    class Popen:
        stdout = ("Collecting numpy\n", "ERROR: no matching wheel\n")
        returncode = 0

        def __init__(self, command, **_):
            called.command = command
            self.returncode = called.returncode

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    def run(command, **_):
        called.built = command
        return SimpleNamespace(returncode=called.build_returncode, stderr="no compiler")

    monkeypatch.setattr(subprocess, "Popen", Popen)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    return called


@pytest.mark.parametrize(
    ("platform", "has", "has_not"),
    [
        ("linux", {"xgboost-cpu", "pexpect", "krcf"}, {"xgboost", "pywinpty", "appnope"}),
        ("windows", {"xgboost-cpu", "pywinpty", "krcf"}, {"xgboost", "pexpect"}),
        ("macos", {"xgboost", "appnope", "krcf"}, {"xgboost-cpu", "pywinpty"}),
    ],
)
def test_wheels_are_chosen_by_the_markers_of_the_target(
    pip, tmp_path, platform, has, has_not
):
    target = bundle.TARGETS[platform]
    bundle.download(tmp_path / "wheels", target=target, python="3.12")
    wanted = {word.split("==")[0] for word in pip.command if "==" in word}
    assert has <= wanted
    assert not has_not & wanted
    assert "setuptools>=77" in pip.command
    assert {"--no-deps", "--only-binary=:all:", "--python-version=3.12"} <= set(pip.command)
    assert f"--platform={target.tags[0]}" in pip.command
    assert "lime" not in wanted
    assert "wheel" in pip.built
    assert pip.built[-1].startswith("lime==")


def test_a_package_without_a_wheel_that_does_not_build_is_named(pip, tmp_path):
    pip.build_returncode = 1
    with pytest.raises(ValueError, match=r"(?s)could not build lime==.*no compiler"):
        bundle.download(tmp_path, target=bundle.TARGETS["linux"], python="3.11")


def test_what_pip_says_is_shown_when_it_fails(pip, tmp_path):
    pip.returncode = 1
    with pytest.raises(ValueError, match=r"(?s)could not download.*no matching wheel"):
        bundle.download(tmp_path, target=bundle.TARGETS["linux"], python="3.11")


def test_an_environment_without_pip_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="python -m ensurepip"):
        bundle.download(tmp_path, target=bundle.TARGETS["linux"], python="3.11")
