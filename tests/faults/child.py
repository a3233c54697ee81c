"""A `labs` command in a process of its own, on a tiny course, with a fault on the way.

``python -m tests.faults.child COURSE FAULT COMMAND...``. COURSE is the folder of a tiny course,
or "-". FAULT is one of:

- ``none``;
- ``kill:N``: kill -9 at the N-th move of a file into its place, counted from 0;
- ``full:N``: no room on the disk for a file of more than N bytes, as the system says it;
- ``readonly:DIR``: nothing below DIR can be written.
"""

import errno
import os
import signal
import sys
from pathlib import Path

READS = os.O_RDONLY


def kill() -> None:
    """End this process at once, as the system does when memory is short."""
    if os.name == "nt":
        os._exit(9)
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at_move(number: int) -> None:
    real, left = os.replace, [number]

    def replace(*arguments, **options):
        if not left[0]:
            kill()
        left[0] -= 1
        return real(*arguments, **options)

    os.replace = replace


def full(most: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def read_only(folder: str) -> None:
    """Refuse as a file system does that is mounted for reading: root is stopped too."""
    inside = os.path.realpath(folder)

    def refuse(event: str, arguments: tuple) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if not writes and not (mode and set(mode) & set("wax+")):
                return
        elif event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod"):
            path = arguments[0]
        else:
            return
        if isinstance(path, str | bytes | os.PathLike):
            where = os.path.realpath(os.fsdecode(path))
            if where == inside or where.startswith(inside + os.sep):
                raise OSError(errno.EROFS, "Read-only file system", os.fsdecode(path))

    sys.addaudithook(refuse)


def tiny_course(root: Path) -> None:
    """Let the machinery work on a course of one page in a folder."""
    from labs_lib import settings
    from labs_lib.course import build, catalog, measured
    from labs_lib.course.trial import stored

    catalog.NOTEBOOKS = root / "notebooks"
    catalog.LABS = root / "labs_lib" / "labs"
    stored.settings.ROOT = settings.ROOT = root
    measured.PATH = root / "measured.json"
    page = catalog.NOTEBOOKS / "page.md"
    build.pages = lambda built=None: {page: "a page\n"}
    (question,) = catalog.find("start").exercises().lab.quiz.questions
    question.section = "Exercise"


def main(arguments: list[str]) -> int:
    course, fault, *command = arguments
    from labs_lib import cli

    if course != "-":
        tiny_course(Path(course))
    kind, _, value = fault.partition(":")
    if kind == "kill":
        kill_at_move(int(value))
    elif kind == "full":
        full(int(value))
    elif kind == "readonly":
        read_only(value)
    return cli.main(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
