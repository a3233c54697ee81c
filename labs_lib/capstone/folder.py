"""The folder that a learner hands in: three files, read once and hashed."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

FILES = ("train.py", "inference.py", "policy.py")
MAX_FILES = 50
MAX_BYTES = 5_000_000
IGNORED = {"__pycache__", ".ipynb_checkpoints", ".DS_Store"}


@dataclass(frozen=True)
class HandedIn:
    """What was handed in.

    Attributes
    ----------
    files : dict from relative path ("policy.py", "lib/tools.py") to bytes
    sha256 : str
        Over names and contents, in the order of names.
    """

    files: dict[str, bytes]
    sha256: str

    def copy_to(self, folder: Path) -> None:
        """Write the files into `folder`."""
        for name, content in self.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def read_folder(folder: str | Path) -> HandedIn:
    """Read a folder into memory; later changes on the disk do not count.

    Parameters
    ----------
    folder : path
        With `train.py`, `inference.py` and `policy.py`; at most 50 files and 5 MB, no links.

    Returns
    -------
    HandedIn

    Raises
    ------
    ValueError
        If a file is missing, a link, or there is too much.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(
            f"{root} is no folder; expected one with {', '.join(FILES)}. "
            "`labs capstone new FOLDER` makes one to begin with."
        )
    files: dict[str, bytes] = {}
    total = 0
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if IGNORED & set(path.relative_to(root).parts):
            continue
        if path.is_symlink():
            raise ValueError(f"{name} is a link; copy the file itself into {root}.")
        if not path.is_file():
            continue
        total += path.stat().st_size
        if len(files) == MAX_FILES or total > MAX_BYTES:
            raise ValueError(
                f"{root} has more than {MAX_FILES} files or {MAX_BYTES:,} bytes; leave out "
                "data and models, train.py makes them."
            )
        files[name] = path.read_bytes()
    lacking = [name for name in FILES if name not in files]
    if lacking:
        raise ValueError(
            f"{root} lacks {', '.join(lacking)}; expected {', '.join(FILES)}. "
            "`labs capstone new FOLDER` makes all three."
        )
    return HandedIn(files=files, sha256=_digest(files))


def new_folder(folder: str | Path, *, of: str = "starter") -> Path:
    """Make a folder to begin with.

    Parameters
    ----------
    folder : path
        Must not exist, or be empty.
    of : {"starter", "solution"}
        The least that runs, or the course's own solution.

    Raises
    ------
    ValueError
        If `folder` has content.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target} exists and is not empty; give another name.")
    target.mkdir(parents=True, exist_ok=True)
    shipped(of).copy_to(target)
    return target


def shipped(of: str) -> HandedIn:
    """Return a folder that comes with the course: "starter" or "solution"."""
    place = resources.files("labs_lib.capstone") / "template" / of
    files = {name: (place / name).read_bytes() for name in FILES}
    return HandedIn(files=files, sha256=_digest(files))


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        content = hashlib.sha256(files[name]).hexdigest()
        digest.update(f"{content}  {name}\n".encode())
    return digest.hexdigest()
