import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labs_lib.course import bundle, update

LAB, OTHER = "notebooks/1_prepare/10_lab.ipynb", "notebooks/2_train/20_other.ipynb"


def notebook(*cells, **metadata):
    made = nbformat.v4.new_notebook(metadata=metadata)
    made.cells = [
        nbformat.v4.new_code_cell(text, id=f"c{n}") for n, text in enumerate(cells)
    ]
    return nbformat.writes(made) + "\n"


def write(root, texts):
    for name, text in texts.items():
        file = root / name
        if text is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")


def git(root, *arguments):
    command = [
        "git",
        "-C",
        str(root),
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@t",
        *arguments,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


OLD = {
    LAB: notebook("x = ...", "x"),
    OTHER: notebook("y = ..."),
    "notebooks/gone.ipynb": notebook("z"),
    "labs_lib/code.py": "one = 1\n",
    "requirements.txt": "a==1\n",
    "README.md": "old\n",
    ".gitignore": ".labs/\n*.mine_*\n",
}
NEW = {
    LAB: notebook("x = ...", "x", "new"),
    "notebooks/gone.ipynb": None,
    "notebooks/3_new/30_new.ipynb": notebook("n"),
    "labs_lib/code.py": "two = 2\n",
}


def commit(root, texts):
    write(root, texts)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")


@pytest.fixture
def course(tmp_path):
    """A clone of a small course in a folder with spaces; the course has gone on since."""
    made = tmp_path / "made"
    made.mkdir()
    git(made, "init", "-qb", "main")
    commit(made, OLD)
    root = tmp_path / "Müllers Kurs 課程"
    git(tmp_path, "clone", "-q", str(made), str(root))
    commit(made, NEW)
    return root


def contents(root, *, own=False):
    """Return every file of a folder, without what the update and git keep for themselves."""
    return {
        file.relative_to(root).as_posix(): (file.read_bytes(), file.stat().st_mode)
        for file in sorted(root.rglob("*"))
        if file.is_file()
        and file.relative_to(root).parts[0] not in (".git", ".labs")
        and (own or ".mine_" not in file.name)
    }


def state(root):
    """Return all that an undo has to bring back."""
    index = git(root, "write-tree")
    return contents(root, own=True), git(root, "rev-parse", "HEAD"), index, branches(root)


def branches(root):
    return git(root, "branch", "--list")


def newest(root, tmp=None):
    target = root.parent / "wanted"
    shutil.rmtree(target, ignore_errors=True)
    git(root.parent, "clone", "-q", str(root.parent / "made"), str(target))
    found = {name: content for name, (content, _) in contents(target).items()}
    shutil.rmtree(target)
    return found


def mine(root):
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*.mine_*"))


def now(root):
    return {name: content for name, (content, _) in contents(root).items()}


def test_who_has_changed_nothing_has_the_newest_course(course):
    said = update.update(course)
    assert now(course) == newest(course)
    assert git(course, "status", "--porcelain") == ""
    assert git(course, "rev-parse", "HEAD") == git(course, "rev-parse", "@{upstream}")
    assert mine(course) == []
    assert said[0] == "Updated: 4 files."
    assert update.update(course) == ["Nothing is newer than what you have."]


def test_a_changed_lab_keeps_the_learners_notebook_beside_the_new_one(course):
    work = notebook("x = 42", "x")
    write(course, {LAB: work})
    said = update.update(course)
    assert now(course) == newest(course)
    (kept,) = mine(course)
    assert (course / kept).read_text() == work
    assert f"{LAB} is new; yours is {Path(kept).name}, beside it." in said
    assert any("close it without saving" in line for line in said)


def test_work_in_a_lab_that_did_not_change_stays(course):
    write(course, {OTHER: notebook("y = 42")})
    update.update(course)
    assert "42" in (course / OTHER).read_text()
    assert mine(course) == []


def test_metadata_alone_is_no_work(course):
    opened = notebook("x = ...", "x", kernelspec={"name": "python3", "display_name": "P"})
    write(course, {LAB: opened})
    update.update(course)
    assert now(course) == newest(course)
    assert mine(course) == []


def test_one_file_is_one_file(course):
    git(course.parent / "made", "reset", "-q", "--hard", "HEAD~1")
    commit(course.parent / "made", {"README.md": "new\n"})
    assert update.update(course)[0] == "Updated: 1 file."


def test_outputs_are_work(course):
    run = nbformat.reads(OLD[LAB], as_version=4)
    run.cells[1].outputs = [nbformat.v4.new_output("stream", text="42")]
    write(course, {LAB: nbformat.writes(run)})
    update.update(course)
    assert len(mine(course)) == 1


@pytest.mark.parametrize("text", ["", "{", "no notebook", '{"cells": 3}'])
def test_a_notebook_that_is_none_any_more_is_kept(course, text):
    write(course, {LAB: text})
    update.update(course)
    assert [(course / name).read_text() for name in mine(course)] == [text]


def test_a_deleted_notebook_comes_back(course):
    write(course, {LAB: None, OTHER: None})
    update.update(course)
    assert now(course) == newest(course)


def test_own_files_stay_and_one_in_the_way_is_kept(course):
    new = "notebooks/3_new/30_new.ipynb"
    write(course, {"notebooks/my notes.md": "mine", new: "in the way"})
    update.update(course)
    assert (course / "notebooks/my notes.md").read_text() == "mine"
    assert [(course / name).read_text() for name in mine(course)] == ["in the way"]


def test_changed_code_and_what_has_left_the_course_are_kept_beside(course):
    write(course, {"labs_lib/code.py": "mine\n", "notebooks/gone.ipynb": notebook("mine")})
    said = update.update(course)
    assert now(course) == newest(course)
    assert len(mine(course)) == 2
    assert any("gone.ipynb has left the course" in line for line in said)


def test_new_packages_are_said(course):
    assert not any("pip install" in line for line in update.update(course))
    commit(course.parent / "made", {"requirements.txt": "a==2\n"})
    assert any("pip install -r requirements.txt" in line for line in update.update(course))


def test_own_commits_and_a_dirty_index_are_kept_on_a_branch(course):
    commit(course, {"labs_lib/own.py": "own\n", LAB: notebook("committed")})
    write(course, {"README.md": "staged\n"})
    git(course, "add", "README.md")
    write(course, {"README.md": "and changed again\n"})
    said = update.update(course)
    (branch,) = [b.strip() for b in branches(course).splitlines() if "mine_" in b]
    assert git(course, "show", f"{branch}:README.md") == "staged"
    assert git(course, "show", f"{branch}:labs_lib/own.py") == "own"
    assert (course / "README.md").read_text() == "and changed again\n"
    assert len(mine(course)) == 1
    assert any(branch in line for line in said)
    assert git(course, "diff", "--cached") == ""


WORK = {
    LAB: [None, "", notebook("mine", "x"), notebook("x = ...", "x", a=1)],
    OTHER: [None, notebook("mine")],
    "notebooks/gone.ipynb": [None, notebook("mine")],
    "labs_lib/code.py": ["mine\n", "two = 2\n", None],
    "notebooks/3_new/30_new.ipynb": ["mine", NEW["notebooks/3_new/30_new.ipynb"]],
    "notebooks/own.md": ["mine"],
}


def some_work():
    return st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(ways) for name, ways in WORK.items()}
    )


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(work=some_work(), staged=st.booleans(), committed=st.booleans())
def test_undo_brings_back_what_was_byte_for_byte(course, work, staged, committed):
    root = course.parent / "tried"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(course, root)
    write(root, work)
    if staged:
        git(root, "add", "-A")
    if committed and staged and work:
        git(root, "commit", "-qm", "own", "--allow-empty")
    before = state(root)
    update.update(root)
    lost = {
        content
        for name, (content, _) in before[0].items()
        if name in work and work[name] is not None
    } - {content for content, _ in contents(root, own=True).values()}
    # Gone is only what differs from the course in metadata alone.
    assert lost <= {WORK[LAB][3].encode()}
    update.undo(root)
    assert state(root) == before


def test_undo_keeps_what_was_done_since(course):
    update.update(course)
    write(course, {LAB: notebook("since")})
    commit(course, {"labs_lib/since.py": "since\n"})
    head = git(course, "rev-parse", "HEAD")
    said = update.undo(course)
    assert (course / LAB).read_text() == OLD[LAB]
    (kept,) = mine(course)
    assert "since" in (course / kept).read_text()
    assert any(kept in line for line in said)
    assert git(course, "branch", "--contains", head).strip().startswith("mine_")


def test_undo_twice_and_without_an_update_say_so(course):
    with pytest.raises(ValueError, match="no update to undo"):
        update.undo(course)
    update.update(course)
    update.undo(course)
    with pytest.raises(ValueError, match="no update to undo"):
        update.undo(course)
    assert update.update(course)[0] == "Updated: 4 files."


def killed_at(number, monkeypatch):
    """Let the copy, the removal or the git call with this number be the last thing done."""
    count = [0]

    class Killed(BaseException):
        pass

    def counted(original):
        def call(*arguments, **options):
            if count[0] == number:
                raise Killed
            count[0] += 1
            return original(*arguments, **options)

        return call

    for name in ("_copy", "_git_to", "_mark", "_drop_empty"):
        monkeypatch.setattr(update, name, counted(getattr(update, name)))
    monkeypatch.setattr(os, "replace", counted(os.replace))
    return Killed


@pytest.mark.parametrize("undoing", [False, True])
def test_killed_at_any_step_the_next_call_finishes(course, monkeypatch, undoing):
    write(course, {LAB: notebook("x = 42", "x"), "labs_lib/code.py": "mine\n"})
    before, number = state(course), 0
    while True:
        root = course.parent / f"killed {number}"
        shutil.copytree(course, root)
        if undoing:
            update.update(root)
        with monkeypatch.context() as patch:
            killed = killed_at(number, patch)
            try:
                (update.undo if undoing else update.update)(root)
                break
            except killed:
                pass
        update.update(root)
        assert now(root) == newest(course)
        assert len(mine(root)) == 2
        assert git(root, "status", "--porcelain") == ""
        update.undo(root)
        assert state(root) == before
        shutil.rmtree(root)
        number += 1
    assert number > 8


def test_a_full_disk_changes_nothing_or_goes_on_later(course, monkeypatch):
    write(course, {LAB: notebook("x = 42", "x")})
    before = state(course)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(ValueError, match="No space left"):
            update.update(course)
    assert state(course) == before
    update.update(course)
    assert now(course) == newest(course)


def test_offline_says_so_and_changes_nothing(course):
    shutil.move(course.parent / "made", course.parent / "elsewhere")
    before = state(course)
    with pytest.raises(ValueError, match="git fetch failed.*Nothing was changed"):
        update.update(course)
    assert state(course) == before


def test_no_branch_no_upstream_no_clone_no_end_of_a_merge(course, tmp_path):
    with pytest.raises(ValueError, match="is no clone"):
        update.update(tmp_path)
    git(course, "checkout", "-q", "--detach")
    with pytest.raises(ValueError, match="git switch main"):
        update.update(course)
    git(course, "switch", "-q", "main")
    git(course, "branch", "--unset-upstream")
    with pytest.raises(ValueError, match="--set-upstream-to"):
        update.update(course)
    git(course, "branch", "--set-upstream-to=origin/main")
    git(course, "switch", "-qc", "other")
    commit(course, {"README.md": "a\n"})
    git(course, "switch", "-q", "main")
    commit(course, {"README.md": "b\n"})
    subprocess.run(["git", "-C", str(course), "merge", "-q", "other"], capture_output=True)
    with pytest.raises(ValueError, match="merge --abort"):
        update.update(course)


def test_a_damaged_journal_is_a_message(course):
    update.update(course)
    (course / ".labs/update/journal.json").write_text("{")
    with pytest.raises(ValueError, match="is damaged"):
        update.update(course)


# From a bundle -----------------------------------------------------------------------------------


def bundled(folder, texts):
    write(folder, {name: text for name, text in texts.items() if text is not None})
    for name in [name for name in texts if name.endswith(".ipynb") and texts[name]]:
        fresh = name.replace("notebooks/", "notebooks/.fresh/", 1)
        write(folder, {fresh: texts[name]})
    paths = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    made = bundle.digests(folder, sorted(paths))
    (folder / bundle.MANIFEST).write_text(json.dumps(made))
    return folder


@pytest.fixture
def pair(tmp_path):
    """A course that was installed from a bundle, and a newer bundle."""
    old = {name: text for name, text in OLD.items() if name != ".gitignore"}
    return bundled(tmp_path / "old one", old), bundled(tmp_path / "new one", {**old, **NEW})


def test_a_bundle_brings_the_newest_course(pair):
    root, source = pair
    write(root, {LAB: notebook("x = 42", "x"), "notebooks/own.md": "own"})
    before = contents(root, own=True)
    update.update(root, source=source)
    assert now(root) == now(source) | {"notebooks/own.md": b"own"}
    assert len(mine(root)) == 1
    assert update.update(root, source=source) == ["Nothing is newer than what you have."]
    update.undo(root)
    assert contents(root, own=True) == before


def test_a_notebook_that_was_only_opened_is_no_work_in_a_bundle_either(pair):
    root, source = pair
    write(
        root, {LAB: notebook("x = ...", "x", kernelspec={"name": "p", "display_name": "P"})}
    )
    update.update(root, source=source)
    assert mine(root) == []


def test_a_bundle_without_solutions_takes_none_away(pair):
    root, source = pair
    solution = {"notebooks/solutions/1_prepare/10_lab.ipynb": notebook("solved")}
    bundled(root, solution)
    update.update(root, source=source)
    assert "solved" in (root / next(iter(solution))).read_text()


def test_a_course_of_before_the_manifest_keeps_everything_that_differs(pair):
    root, source = pair
    (root / bundle.MANIFEST).unlink()
    write(root, {LAB: notebook("x = 42", "x")})
    update.update(root, source=source)
    kept = [(root / name).read_text() for name in mine(root)]
    assert notebook("x = 42", "x") in kept


def test_what_is_no_bundle_or_not_complete_changes_nothing(pair, tmp_path, course):
    root, source = pair
    before = contents(root, own=True)
    with pytest.raises(ValueError, match="no bundle of this course"):
        update.update(root, source=tmp_path)
    (source / LAB).unlink()
    with pytest.raises(ValueError, match="not complete"):
        update.update(root, source=source)
    assert contents(root, own=True) == before
    with pytest.raises(ValueError, match="Without --from"):
        update.update(course, source=pair[0])


def test_packages_come_from_the_bundle(pair):
    root, source = pair
    bundled(source, {"requirements.txt": "a==2\n"})
    said = update.update(root, source=source)
    assert any("--no-index" in line and str(source / "wheels") in line for line in said)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", '{"a": 1}', '{"a": "b"}', "[" * 100_000]
    + [json.dumps({path: "0" * 64}) for path in ("../a", "/a", "c:/a", "a/../../b", "")],
)
@pytest.mark.parametrize("whose", ["old", "new"])
def test_a_damaged_list_of_a_bundle_changes_nothing(pair, text, whose):
    root, source = pair
    ({"old": root, "new": source}[whose] / bundle.MANIFEST).write_text(text)
    before = contents(root, own=True)
    with pytest.raises(ValueError, match="COURSE.json is damaged"):
        update.update(root, source=source)
    assert contents(root, own=True) == before


def test_a_bundle_of_which_a_byte_has_flipped_changes_nothing(pair):
    root, source = pair
    before = contents(root, own=True)
    (source / "labs_lib/code.py").write_text("twa = 2\n", newline="\n")
    with pytest.raises(ValueError, match=r"damaged: labs_lib/code.py.*Copy it again"):
        update.update(root, source=source)
    assert contents(root, own=True) == before


# From a course that many share -------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """The notebooks of a shared course of three pages, and the place for a learner's own."""
    pages = [
        SimpleNamespace(stem=name) for name in ("00_start", "1_prepare/10_lab", "gone")
    ]
    monkeypatch.setattr(update.catalog, "pages", lambda: pages)
    monkeypatch.setattr(update.catalog, "DOCUMENTS", ("glossary.md",))
    notebooks = tmp_path / "course" / "notebooks"
    write(
        notebooks,
        {
            "00_start.ipynb": notebook("start"),
            "1_prepare/10_lab.ipynb": notebook("x = ...", "x"),
            "gone.ipynb": notebook("z"),
            "glossary.md": "words\n",
            "solutions/1_prepare/10_lab.ipynb": notebook("x = 1", "x"),
            "1_prepare/10_lab.mine_2026.ipynb": notebook("the instructor's"),
        },
    )
    return notebooks, tmp_path / "Zoë 課程" / "labs"


def pages_of(notebooks):
    """Return what a learner gets: neither solutions nor what somebody keeps beside."""
    return {
        name: content
        for name, content in contents(notebooks).items()
        if not name.startswith(("solutions/", ".fresh/"))
    }


def test_the_first_sign_in_brings_the_pages_and_no_solution(shared):
    notebooks, own = shared
    assert update.from_shared(own, notebooks)[0] == "Updated: 4 files."
    assert contents(own, own=True) == pages_of(notebooks)
    assert all(mode & 0o200 for _, mode in contents(own).values())


def test_what_has_another_name_in_the_folder_is_never_lost(shared):
    notebooks, own = shared
    write(own, {"00_start.ipynb": "somebody's", "notes.txt": "n"})
    update.from_shared(own, notebooks)
    texts = {name: content for name, (content, _) in contents(own, own=True).items()}
    (kept,) = mine(own)
    assert texts[kept] == b"somebody's"
    assert texts["notes.txt"] == b"n"
    assert texts["00_start.ipynb"] == (notebooks / "00_start.ipynb").read_bytes()


def test_the_next_sign_in_changes_nothing(shared):
    notebooks, own = shared
    update.from_shared(own, notebooks)
    write(own, {"1_prepare/10_lab.ipynb": notebook("x = 3", "x"), "gone.ipynb": None})
    before = contents(own, own=True)
    assert update.from_shared(own, notebooks) == ["Nothing is newer than what you have."]
    assert contents(own, own=True) == before


NOTEBOOKS = ("00_start.ipynb", "1_prepare/10_lab.ipynb", "gone.ipynb", "glossary.md")
DOINGS = st.sampled_from(["leave", "work", "delete"])


@given(
    learner=st.tuples(*[DOINGS] * len(NOTEBOOKS)),
    course=st.tuples(*[st.booleans()] * len(NOTEBOOKS)),
)
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
def test_a_newer_course_comes_and_no_work_is_lost(shared, learner, course):
    notebooks, own = shared
    shutil.rmtree(own, ignore_errors=True)
    update.from_shared(own, notebooks)
    work = {}
    for name, doing in zip(NOTEBOOKS, learner, strict=True):
        if doing == "work":
            work[name] = f"{(own / name).read_text('utf-8')}mine "
            write(own, {name: work[name]})
        elif doing == "delete":
            write(own, {name: None})
    before = contents(own, own=True)
    newer = [name for name, new in zip(NOTEBOOKS, course, strict=True) if new]
    for name in newer:
        write(notebooks, {name: f"{(notebooks / name).read_text('utf-8')} "})
    update.from_shared(own, notebooks)
    after = {name: content for name, (content, _) in contents(own, own=True).items()}
    for name in newer:
        assert after[name] == (notebooks / name).read_bytes()
    for name, text in work.items():
        kept = [
            own_name for own_name in mine(own) if own_name.startswith(name.split(".")[0])
        ]
        places = kept if name in newer else [name]
        assert [after[place].decode() for place in places] == [text]
    if newer:
        update.undo(own)
        assert contents(own, own=True) == before


def test_a_shared_course_that_is_not_complete_changes_nothing(shared):
    notebooks, own = shared
    update.from_shared(own, notebooks)
    before = contents(own, own=True)
    write(notebooks, {"00_start.ipynb": notebook("newer"), "gone.ipynb": None})
    with pytest.raises(ValueError, match=r"not complete: .*gone.ipynb is missing"):
        update.from_shared(own, notebooks)
    assert contents(own, own=True) == before


def test_a_page_that_somebody_has_opened_in_a_bundle_comes_fresh(shared):
    notebooks, own = shared
    write(notebooks, {".fresh/gone.ipynb": notebook("fresh")})
    update.from_shared(own, notebooks)
    assert (own / "gone.ipynb").read_text("utf-8") == notebook("fresh")
