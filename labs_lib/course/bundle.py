"""A folder that holds the course and its wheels, and installs without a network."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PureWindowsPath

import nbformat
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress

from labs_lib import settings
from labs_lib.course import build, catalog, lock, source
from labs_lib.course.doctor import PYTHONS
from labs_lib.files import read_toml, sha256, write_text

WITHHELD = (
    "notebooks/solutions/*",
    "labs_lib/labs/*/lesson.py",
    "docs/run_sheet/quiz_key.md",
    "tests/*",
    ".ci/*",
    ".github/workflows/*",
)
"""What a bundle without solutions leaves out: patterns in which ``*`` also stands for ``/``."""

MANIFEST = "COURSE.json"
"""In a bundle: the SHA-256 of each file of the course, so that `labs update` tells what a learner
has changed."""

OWN = (MANIFEST, "INSTALL.md")
"""What a bundle has beside the course."""

WITHOUT_WHEEL = ("lime",)
"""Packages that are published as source alone; pure Python, so one wheel serves every system."""


@dataclass(frozen=True)
class Target:
    """The machines that a bundle is for.

    Attributes
    ----------
    title : str
    tags : tuple of str
        Platform tags of wheels, the preferred ones first.
    markers : dict
        Marker variables as those machines have them.
    install : str
        Command that makes and activates an environment, with ``{python}`` for ``3.12``.
    """

    title: str
    tags: tuple[str, ...]
    markers: dict[str, str]
    install: str


_POSIX = "python{python} -m venv .venv && . .venv/bin/activate"

TARGETS = {
    "linux": Target(
        title="Linux on x86-64, glibc 2.28 or newer",
        tags=(
            # pip widens only the old names by itself.
            *(f"manylinux_2_{minor}_x86_64" for minor in range(28, 16, -1)),
            "manylinux2014_x86_64",
        ),
        markers={
            "sys_platform": "linux",
            "platform_system": "Linux",
            "os_name": "posix",
            "platform_machine": "x86_64",
        },
        install=_POSIX,
    ),
    "windows": Target(
        title="Windows on x86-64",
        tags=("win_amd64",),
        markers={
            "sys_platform": "win32",
            "platform_system": "Windows",
            "os_name": "nt",
            "platform_machine": "AMD64",
        },
        install=r"py -{python} -m venv .venv && .venv\Scripts\activate",
    ),
    "macos": Target(
        title="macOS 14 or newer on Apple silicon",
        tags=("macosx_14_0_arm64",),
        markers={
            "sys_platform": "darwin",
            "platform_system": "Darwin",
            "os_name": "posix",
            "platform_machine": "arm64",
        },
        install=_POSIX,
    ),
}

NO_SOLUTIONS = "No worked solutions; reference functions remain in the checks."
"""What a bundle without solutions says of itself."""

_SOLVED = """\
Solved and executed labs can be read on the web in [notebooks/solutions](notebooks/solutions).
"""

INSTALL = """\
# Install without a network

For {title}, with Python {python}. Everything that is needed is in this folder. Open a
terminal in it and type:

    {install} && pip install --no-index --find-links wheels -r requirements.txt

Then `labs doctor` checks the result, and `jupyter lab notebooks/00_start_here.ipynb` opens
the course.
"""


def make(
    folder: Path,
    *,
    solutions: bool = True,
    platform: str | None = None,
    python: str | None = None,
) -> None:
    """Write the bundle; `folder` appears when it is complete, or not at all.

    Parameters
    ----------
    folder : Path
        Where to put it: outside the course, and not there yet.
    solutions : bool
        False leaves out solutions, sources and tests. ``labs reset`` works either way: a bundle
        has fresh copies of the learner notebooks.
    platform : str, optional
        A key of `TARGETS`; by default the one of this machine.
    python : str, optional
        Such as ``3.12``; by default the version of this Python.

    Raises
    ------
    ValueError
        If an argument is not as described, or a wheel cannot be had.
    """
    platform = platform or {"win32": "windows", "darwin": "macos"}.get(
        sys.platform, "linux"
    )
    python = python or f"3.{sys.version_info.minor}"
    supported = [f"3.{minor}" for minor in PYTHONS]
    if platform not in TARGETS:
        raise ValueError(f"platform is {platform!r}, expected one of {', '.join(TARGETS)}.")
    if python not in supported:
        raise ValueError(f"python is {python!r}, expected one of {', '.join(supported)}.")
    folder = folder.absolute()
    if settings.ROOT in [folder.resolve(), *folder.resolve().parents]:
        raise ValueError(f"{folder} is in the course itself; name a folder outside it.")
    if folder.exists():
        raise ValueError(f"{folder} exists; remove it or name another folder.")
    target = TARGETS[platform]
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        _copy_course(unfinished, solutions=solutions)
        _write_manifest(unfinished)
        download(unfinished / "wheels", target=target, python=python)
        install = target.install.format(python=python)
        text = INSTALL.format(title=target.title, python=python, install=install)
        text += "" if solutions else f"\n{NO_SOLUTIONS}\n"
        write_text(unfinished / "INSTALL.md", text)
        unfinished.chmod(0o755)  # mkdtemp keeps it to its maker.
        os.replace(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    files = [file for file in folder.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    print(f"{folder}: {len(files)} files, {size / 1e6:.0f} MB. INSTALL.md has the command.")
    if not solutions:
        print(NO_SOLUTIONS)


def download(wheels: Path, *, target: Target, python: str) -> None:
    """Download what the lock and the build of the course need, as wheels for `target`.

    Raises
    ------
    ValueError
        If there is no pip, or it fails; with its last lines.
    """
    if importlib.util.find_spec("pip") is None:
        raise ValueError("This Python has no pip; run `python -m ensurepip` and try again.")
    environment = target.markers | {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    # pip would judge the markers of the lock by this machine, so it gets plain pins.
    locked = lock.pins(environment)
    built = [f"{name}=={locked.pop(name)}" for name in WITHOUT_WHEEL if name in locked]
    pins = [f"{name}=={version}" for name, version in locked.items()]
    project = read_toml(settings.ROOT / "pyproject.toml")
    wanted = pins + project["build-system"]["requires"]
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--dest", str(wheels), "--implementation=cp", f"--python-version={python}"]
    command += [f"--platform={tag}" for tag in target.tags]
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn())
    console, last = Console(stderr=True), [""]
    with (
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        subprocess.Popen(
            [*command, *wanted], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as pip,
    ):
        task = progress.add_task("wheels", total=len(wanted))
        for line in pip.stdout or ():
            last = [*last[-4:], line.rstrip()]
            progress.update(task, advance=line.startswith("Collecting"))
    if pip.returncode:
        raise ValueError("pip could not download the wheels:\n" + "\n".join(last))
    if built:
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps"]
        made = subprocess.run(
            [*command, "--wheel-dir", str(wheels), *built], capture_output=True, text=True
        )
        if made.returncode:
            raise ValueError(f"pip could not build {', '.join(built)}:\n{made.stderr}")


def _copy_course(folder: Path, *, solutions: bool) -> None:
    for name in _course_files():
        if solutions or not any(fnmatchcase(name, pattern) for pattern in WITHHELD):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(settings.ROOT / name, folder / name)
    for page in catalog.pages():
        # The copy here may hold somebody's work.
        text = _fresh(page)
        for place in (page.learner, page.fresh):
            write_text(folder / place.relative_to(settings.ROOT), text)
    readme = folder / "README.md"
    if not solutions and readme.exists():
        # No link to what is left out.
        text = readme.read_text(encoding="utf-8")
        write_text(readme, text.replace(_SOLVED, f"{NO_SOLUTIONS}\n"))


def digests(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of files below a folder, by their paths."""
    return {path: sha256(folder / path) for path in paths}


def read_manifest(folder: Path) -> dict[str, str] | None:
    """Return the SHA-256 of each file that a bundle was made of, None if there is no list.

    Raises
    ------
    ValueError
        If the list is damaged, or names a file outside the folder.
    """
    file = folder / MANIFEST
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError):
        found = None
    good = isinstance(found, dict) and all(
        isinstance(digest, str)
        and re.fullmatch("[0-9a-f]{64}", digest)
        and _is_inside(path)
        for path, digest in found.items()
    )
    if not good:
        raise ValueError(
            f"{file} is damaged: expected a SHA-256 for each file of the course. Copy the bundle "
            "again."
        )
    return found


def _is_inside(path: str) -> bool:
    """Say whether a path of a list stays in the folder that the list is of, on every system."""
    pure = PureWindowsPath(path)
    return bool(path) and not pure.anchor and ".." not in pure.parts and "\0" not in path


def _write_manifest(folder: Path) -> None:
    """Note what the course is made of: `labs update` tells a learner's changes by it."""
    paths = [
        file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.is_file()
    ]
    # A course that came from a bundle has these two, and they are about to be written anew.
    names = [path.as_posix() for path in paths if path.as_posix() not in OWN]
    found = digests(folder, names)
    write_text(folder / MANIFEST, json.dumps(found, indent=1) + "\n")


def _course_files() -> list[str]:
    """Return the tracked files; without git, all but what ``.gitignore`` names."""
    root = settings.ROOT
    command = ["git", "-C", str(root), "ls-files", "-z"]
    if (root / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [name for name in listed.split("\0") if name and (root / name).exists()]
    patterns = (root / ".gitignore").read_text(encoding="utf-8").split()
    # A bundle's own wheels do not go into the next one.
    ignored = shutil.ignore_patterns(
        ".git", "wheels", *(pattern.strip("/") for pattern in patterns)
    )
    found = []
    for place, folders, files in os.walk(root):
        skip = ignored(place, folders + files)
        folders[:] = [name for name in folders if name not in skip]
        found += [Path(place, name) for name in files if name not in skip]
    return sorted(file.relative_to(root).as_posix() for file in found)


def _fresh(page: catalog.LabInfo) -> str:
    if page.fresh.exists():
        return page.fresh.read_text(encoding="utf-8")
    executed = nbformat.read(page.solution, as_version=4)
    return build.render(source.read(page), executed).learner
