"""Bring the newest course into the folder without losing what a learner has changed.

The course is compared with what it was when it came (its *base*), and with the newest one, file by
file. What the learner has left alone is replaced. What only the learner has changed stays. Where
both have changed a file, the new one takes its place and the learner's is kept beside it, under a
name with ``mine_``. Nothing is merged. The newest course comes from git, from a bundle, or, on a
JupyterHub, from the folder that all learners share.

Everything that an update will write stands in ``.labs/update/`` before the first file moves: what
was there, what comes, and a journal. So an update that was killed is finished by the next one, and
``labs update --undo`` brings back what was, byte for byte.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from hashlib import sha1, sha256
from pathlib import Path, PurePosixPath

import nbformat

from labs_lib import files
from labs_lib.course import bundle, catalog

INSTALL = "pip install -r requirements.txt"
_CAME = ".labs/came"


@dataclass(frozen=True)
class Snapshot:
    """The files of a course at one moment.

    Attributes
    ----------
    ids : dict of str to str
        Path below the course's folder, with ``/``, to what tells its content.
    read : callable
        Path to content.
    runnable : frozenset of str
        Paths of files that can be executed.
    """

    ids: dict[str, str]
    read: Callable[[str], bytes]
    runnable: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Change:
    """What an update does to one file.

    Attributes
    ----------
    path : str
    comes : bool
        Whether the newest course has the file; if not, it goes.
    was : bool
        Whether there was a file.
    kept : str
        Where the learner's own is now; empty if it was untouched.
    """

    path: str
    comes: bool
    was: bool
    kept: str = ""


def update(root: Path, *, source: Path | None = None) -> list[str]:
    """Bring the newest course into a folder.

    Parameters
    ----------
    root : Path
        The course's folder.
    source : Path, optional
        The folder of a bundle. Without one, the folder is a clone and git is asked.

    Returns
    -------
    list of str
        What happened, line by line.

    Raises
    ------
    ValueError
        If there is nothing to update from, or a file cannot be written. Nothing is changed then,
        or the next call finishes what was begun.
    """
    said = _finish(root)
    if source is None:
        return said + _from_git(root)
    return said + _from_bundle(root, source)


def from_shared(root: Path, notebooks: Path) -> list[str]:
    """Bring the notebooks of a course that many share into a learner's own folder.

    The first time all of them come. They are kept in ``.labs/came/`` as they came: what has
    changed since is told by it. A notebook that the learner has deleted comes back with the
    next newer course, or with `labs reset`.

    Parameters
    ----------
    root : Path
        The learner's folder; made if needed.
    notebooks : Path
        The shared course's ``notebooks/``.

    Returns
    -------
    list of str
        What happened, line by line.

    Raises
    ------
    ValueError
        If the shared course is not complete, or a file cannot be written. Nothing is changed
        then, or the next call finishes what was begun.
    """
    said = _finish(root)
    new = {}
    for path in [*(f"{page.stem}.ipynb" for page in catalog.pages()), *catalog.DOCUMENTS]:
        fresh = notebooks / ".fresh" / path
        new[path] = fresh if fresh.exists() else notebooks / path
    if missing := [path for path, file in new.items() if not file.is_file()]:
        raise ValueError(
            f"The shared course is not complete: {notebooks / missing[0]} is missing. Tell "
            "whoever keeps it. Nothing was changed."
        )
    came = root / _CAME
    old = {
        file.relative_to(came).as_posix(): file
        for file in came.rglob("*")
        if file.is_file()
    }
    base, newest = _twice(old), _twice(new)
    if base.ids == newest.ids:
        return [*said, "Nothing is newer than what you have."]
    return said + _apply(
        root, base, newest, lambda content: sha256(content).hexdigest(), {}
    )


def _twice(courses: Mapping[str, Path]) -> Snapshot:
    """Return files as a learner has them: to work in, and as they came."""
    places = {**courses, **{f"{_CAME}/{path}": file for path, file in courses.items()}}
    ids = {path: files.sha256(file) for path, file in places.items()}
    return Snapshot(ids, lambda path: places[path].read_bytes())


def undo(root: Path) -> list[str]:
    """Bring back what was before the last update; what was changed since is kept beside.

    Returns
    -------
    list of str
        What happened, line by line.

    Raises
    ------
    ValueError
        If there is no update to undo, or a file cannot be written.
    """
    said = _finish(root)
    journal = _journal(root)
    if journal is None or journal["state"] != "done":
        raise ValueError("There is no update to undo.")
    _mark(root, journal, "undoing")
    return said + _undo(root, journal)


def changes(
    root: Path, base: Snapshot, new: Snapshot, *, id_of: Callable[[bytes], str], stamp: str
) -> list[Change]:
    """Return what has to be done to the files of `root`.

    Parameters
    ----------
    root : Path
    base, new : Snapshot
        The course as it came, and the newest one.
    id_of : callable
        Content to what tells it, as in the snapshots.
    stamp : str
        What tells the learner's kept files apart.
    """
    found = []
    for path in sorted({*base.ids, *new.ids}):
        file = root / path
        mine = file.read_bytes() if file.is_file() else None
        here = None if mine is None else id_of(mine)
        was, comes = base.ids.get(path), new.ids.get(path)
        if here == comes or (was == comes and mine is not None):
            continue
        touched = mine is not None and here != was and not _only_opened(path, mine, base)
        kept = _beside(path, stamp) if touched else ""
        found.append(Change(path, comes is not None, mine is not None, kept))
    return found


def _only_opened(path: str, mine: bytes, base: Snapshot) -> bool:
    """Whether a notebook differs from what came in its metadata alone."""
    if not path.endswith(".ipynb") or path not in base.ids:
        return False
    try:
        return _work(mine) == _work(base.read(path))
    except Exception:  # What is no notebook any more is somebody's work.
        return False


def _work(content: bytes) -> list[tuple]:
    notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
    return [
        (cell.cell_type, cell.source, cell.get("outputs"), cell.get("attachments"))
        for cell in notebook.cells
    ]


def _beside(path: str, stamp: str) -> str:
    place = PurePosixPath(path)
    return str(place.with_name(f"{place.stem}.mine_{stamp}{place.suffix}"))


# The journal -------------------------------------------------------------------------------------


def _folder(root: Path) -> Path:
    return root / ".labs" / "update"


def _journal(root: Path) -> dict | None:
    file = _folder(root) / "journal.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise ValueError(
            f"{file} is damaged. Move the folder {file.parent} away; the files that it holds under "
            "before/ are yours."
        ) from None


def _mark(root: Path, journal: dict, state: str) -> None:
    journal["state"] = state
    files.write_text(_folder(root) / "journal.json", json.dumps(journal, indent=1) + "\n")


def _begin(root: Path, new: Snapshot, todo: list[Change], about: Mapping) -> dict:
    """Store what was and what comes; from here on an update can be finished and undone."""
    unfinished = _folder(root).with_name("update.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for change in todo:
        if change.was:
            _copy(root / change.path, unfinished / "before" / change.path)
        if change.comes:
            after = unfinished / "after" / change.path
            after.parent.mkdir(parents=True, exist_ok=True)
            after.write_bytes(new.read(change.path))
            after.chmod(0o755 if change.path in new.runnable else 0o644)
    journal = {**about, "state": "moving", "changes": [vars(change) for change in todo]}
    unfinished.mkdir(parents=True, exist_ok=True)
    files.write_text(unfinished / "journal.json", json.dumps(journal, indent=1) + "\n")
    old = _folder(root).with_name("update.old")
    shutil.rmtree(old, ignore_errors=True)
    if _folder(root).exists():
        os.replace(_folder(root), old)
    os.replace(unfinished, _folder(root))
    shutil.rmtree(old, ignore_errors=True)
    return journal


def _finish(root: Path) -> list[str]:
    """Finish what a killed update or undo has left."""
    journal = _journal(root)
    if journal is None or journal["state"] == "done":
        return []
    if journal["state"] == "undoing":
        return ["The last undo was cut off; it is finished now.", *_undo(root, journal)]
    _move(root, journal)
    return ["The last update was cut off; it is finished now."]


def _move(root: Path, journal: dict) -> None:
    """Put the new files into place; each step may be repeated."""
    folder = _folder(root)
    for change in (Change(**entry) for entry in journal["changes"]):
        place = root / change.path
        if change.kept:
            _copy(folder / "before" / change.path, root / change.kept)
        if change.comes:
            _copy(folder / "after" / change.path, place)
        else:
            place.unlink(missing_ok=True)
            _drop_empty(place.parent, root)
    if "git" in journal:
        _git_to(root, journal["git"], "new")
    _mark(root, journal, "done")


def _undo(root: Path, journal: dict) -> list[str]:
    folder, said = _folder(root), []
    stamp = f"{journal['stamp']}_undone"
    for change in (Change(**entry) for entry in journal["changes"]):
        place, before = root / change.path, folder / "before" / change.path
        after = folder / "after" / change.path
        here = place.read_bytes() if place.is_file() else None
        known = [file.read_bytes() for file in (before, after) if file.is_file()]
        if here is not None and here not in known:
            kept = _beside(change.path, stamp)
            _copy(place, root / kept)
            said.append(f"{change.path}: what you did since the update is in {kept}")
        if change.was:
            _copy(before, place)
        else:
            place.unlink(missing_ok=True)
            _drop_empty(place.parent, root)
        own = root / change.kept
        if change.kept and own.is_file() and own.read_bytes() == before.read_bytes():
            own.unlink()
    if "git" in journal:
        _git_to(root, journal["git"], "old")
    shutil.rmtree(folder, ignore_errors=True)
    return [*said, "The course is as it was before the update."]


def _copy(file: Path, target: Path) -> None:
    """Copy a file with its mode; `target` is the old one or the new one, and nothing between."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with files.replacing(target) as temporary:
            shutil.copyfile(file, temporary)
        shutil.copymode(file, target)
    except OSError as error:
        raise ValueError(
            f"{target} cannot be written ({error.strerror}). Close what has it open, or free the "
            "disk; then run `labs update` again: it goes on from here."
        ) from None


def _drop_empty(folder: Path, root: Path) -> None:
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def _apply(
    root: Path, base: Snapshot, new: Snapshot, id_of: Callable[[bytes], str], about: Mapping
) -> list[str]:
    stamp = datetime.now().strftime("%Y-%m-%d_%H%M%S")
    todo = changes(root, base, new, id_of=id_of, stamp=stamp)
    journal = _begin(root, new, todo, {**about, "stamp": stamp})
    _move(root, journal)
    said = []
    for change in todo:
        if change.kept:
            what = "is new" if change.comes else "has left the course"
            said.append(
                f"{change.path} {what}; yours is {Path(change.kept).name}, beside it."
            )
    if any(change.path.endswith(".ipynb") and change.was for change in todo):
        said.append("A lab that is open: close it without saving, and open it again.")
    if any(change.path in ("requirements.txt", "pyproject.toml") for change in todo):
        said.append(f"Other packages are needed: {INSTALL}")
    number = sum(not change.path.startswith(f"{_CAME}/") for change in todo)
    files_are = f"{number} file{'s' * (number != 1)}"
    return [f"Updated: {files_are}.", *said, "To go back: labs update --undo"]


# From a bundle -----------------------------------------------------------------------------------


def _from_bundle(root: Path, source: Path) -> list[str]:
    source = source.absolute()
    new = bundle.read_manifest(source)
    if new is None:
        raise ValueError(
            f"{source} is no bundle of this course: it has no {bundle.MANIFEST}. "
            "`labs bundle DIR` makes one."
        )
    if (root / ".git").exists():
        raise ValueError(
            "This course is a clone, and a bundle would hide where it stands. Without --from, "
            "`labs update` asks git."
        )
    if missing := [path for path in new if not (source / path).is_file()]:
        raise ValueError(
            f"{source} is not complete: {missing[0]} is missing. Copy it again."
        )
    found = bundle.digests(source, new)
    if damaged := [
        path for path in new if found[path] != new[path] and path not in bundle.OWN
    ]:
        raise ValueError(
            f"{source} is damaged: {damaged[0]} is not as its maker wrote it. Copy it again."
        )
    old = bundle.read_manifest(root) or {}
    if old == new:
        return ["Nothing is newer than what you have."]
    # A bundle without solutions does not take away those of another.
    for path in set(old) - set(new):
        if any(fnmatchcase(path, pattern) for pattern in bundle.WITHHELD):
            new[path] = old[path]
    new |= bundle.digests(source, [bundle.MANIFEST])
    old |= bundle.digests(root, [bundle.MANIFEST]) if old else {}
    runnable = frozenset(path for path in new if os.access(source / path, os.X_OK))
    newest = Snapshot(new, lambda path: (source / path).read_bytes(), runnable)
    # Only of notebooks it is asked what came, and of these a bundle has fresh copies.
    base = Snapshot(old, lambda path: _fresh(root, path).read_bytes())
    said = _apply(root, base, newest, lambda content: sha256(content).hexdigest(), {})
    wheels = f"pip install --no-index --find-links '{source / 'wheels'}'"
    return [line.replace("pip install", wheels) for line in said]


def _fresh(root: Path, path: str) -> Path:
    return root / "notebooks" / ".fresh" / path.removeprefix("notebooks/")


# From git ----------------------------------------------------------------------------------------


def _from_git(root: Path) -> list[str]:
    if not (root / ".git").exists():
        raise ValueError(
            f"{root} is no clone. Give the folder of a newer bundle: labs update --from DIR"
        )
    if shutil.which("git") is None:
        raise ValueError("There is no git on this machine; install it, or use a bundle.")
    branch = _git_or_none(root, "symbolic-ref", "--quiet", "HEAD")
    if not branch:
        raise ValueError("The clone is on no branch. Go to one first: git switch main")
    upstream = _git_or_none(root, "rev-parse", "--symbolic-full-name", "@{upstream}")
    if not upstream:
        raise ValueError(
            "The clone does not know where it comes from. Tell it once: "
            "git branch --set-upstream-to=origin/main"
        )
    remote = _git(root, "config", f"branch.{branch.removeprefix('refs/heads/')}.remote")
    if remote != ".":
        _git(root, "fetch", "--quiet", remote, hint=" Without a network, use a bundle.")
    old, new = _git(root, "rev-parse", "HEAD"), _git(root, "rev-parse", upstream)
    if _git_or_none(root, "merge-base", "--is-ancestor", new, old) is not None:
        return ["Nothing is newer than what you have."]
    common = _git_or_none(root, "merge-base", old, new)
    if not common:
        raise ValueError(
            "The newest course has another history. Clone it anew, beside this one."
        )
    index = _git_or_none(root, "write-tree")
    if not index:
        raise ValueError("A merge is not finished here. End it first: git merge --abort")
    about = {"branch": branch, "old": old, "new": new, "index": index, "kept": ""}
    if common != old or index != _git(root, "rev-parse", "HEAD^{tree}"):
        # Commits of the learner's own and what was staged stay reachable.
        about["kept"] = f"mine_{datetime.now():%Y-%m-%d_%H%M%S}"
    said = _apply(root, _tree(root, common), _tree(root, new), _blob_id, {"git": about})
    if about["kept"]:
        said.append(
            f"Your own commits, and what was staged, are on branch {about['kept']}."
        )
    return said


def _tree(root: Path, commit: str) -> Snapshot:
    listed = _git(root, "ls-tree", "-r", "-z", "--full-tree", commit)
    ids, runnable = {}, set()
    for entry in filter(None, listed.split("\0")):
        about, path = entry.split("\t", 1)
        mode, kind, blob = about.split()
        if kind == "blob":
            ids[path] = blob
            if mode == "100755":
                runnable.add(path)

    def read(path: str) -> bytes:
        command = ["git", "-C", str(root), "cat-file", "blob", ids[path]]
        return subprocess.run(command, check=True, capture_output=True).stdout

    return Snapshot(ids, read, frozenset(runnable))


def _blob_id(content: bytes) -> str:
    """Return git's name for a file of this content."""
    head = f"blob {len(content)}\0".encode()
    return sha1(head + content, usedforsecurity=False).hexdigest()


def _git_to(root: Path, about: Mapping[str, str], side: str) -> None:
    """Move branch and index to the old or the new side; each step may be repeated."""
    kept = about["kept"]
    if side == "new" and kept:
        as_labs = ("-c", "user.name=labs", "-c", "user.email=labs@localhost")
        why = ("-m", "What was here before the update")
        parent = ("-p", about["old"])
        commit = _git(root, *as_labs, "commit-tree", about["index"], *parent, *why)
        _git(root, "update-ref", f"refs/heads/{kept}", commit)
    if side == "old":
        here = _git(root, "rev-parse", about["branch"])
        if here not in (about["old"], about["new"]):
            # Commits made since the update.
            _git(root, "update-ref", f"refs/heads/mine_{here[:12]}", here)
        if kept:
            _git(root, "update-ref", "-d", f"refs/heads/{kept}")
    _git(root, "update-ref", about["branch"], about[side])
    _git(root, "read-tree", about["index"] if side == "old" else about["new"])
    _git_or_none(root, "update-index", "-q", "--refresh")


def _git(root: Path, *arguments: str, hint: str = "") -> str:
    """Return what git prints, without its last line end."""
    done = _run(root, arguments)
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise ValueError(f"git {arguments[0]} failed: {why[0]}{hint} Nothing was changed.")
    return done.stdout.strip("\n")


def _git_or_none(root: Path, *arguments: str) -> str | None:
    """Return what git prints; None if it says no."""
    done = _run(root, arguments)
    return None if done.returncode else done.stdout.strip("\n")


def _run(root: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(root), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        # Never a question in a terminal: a clone that needs a password says so.
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
    )
