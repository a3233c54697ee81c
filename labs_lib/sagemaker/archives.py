"""model.tar.gz and its like: made the same every time, opened without trust."""

import gzip
import os
import tarfile
from pathlib import Path


def pack(folder: Path, file: Path) -> None:
    """Write what is in a folder to a tar.gz; equal files make an equal archive."""
    with (
        open(file, "wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_file() or path.is_dir():
                name = path.relative_to(folder).as_posix()
                archive.add(path, name, recursive=False, filter=_plain)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def unpack(file: Path, folder: Path, *, what: str) -> None:
    """Open a tar (gzip or not) into a folder.

    Parameters
    ----------
    what : str
        For messages, such as ``"s3://bucket/model.tar.gz"``.

    Raises
    ------
    ValueError
        If it is no archive, or holds a link, a device or a path that leads out: nothing is
        written then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(file, "r:*") as archive:
            members = archive.getmembers()
            for member in members:
                _check(member, folder, what)
            _extract(archive, members, folder)
    except (tarfile.TarError, EOFError, OSError, gzip.BadGzipFile) as error:
        raise ValueError(f"{what} is not a tar.gz that can be opened: {error}") from None


def _extract(
    archive: tarfile.TarFile, members: list[tarfile.TarInfo], folder: Path
) -> None:
    """Write checked members, as ours and with plain permissions."""
    if hasattr(tarfile, "data_filter"):
        archive.extractall(folder, members=members, filter="data")
        return
    # Python 3.11 before 3.11.4, as Debian 12 has it, knows no filters.
    for member in members:
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        member.uname = member.gname = ""
        if os.name == "posix":
            member.uid, member.gid = os.getuid(), os.getgid()
    archive.extractall(folder, members=members)


def _check(member: tarfile.TarInfo, folder: Path, what: str) -> None:
    if not (member.isfile() or member.isdir()):
        raise ValueError(f"{what} holds {member.name!r}, which is no plain file or folder.")
    path = os.path.normpath(member.name)
    if os.path.isabs(member.name) or path.split(os.sep)[0] == ".." or ":" in path:
        raise ValueError(f"{what} holds {member.name!r}, which leads out of its folder.")
