"""Seconds and memory that each lab took, stored by ``labs run --save``."""

import json
import platform
from dataclasses import asdict, dataclass

import psutil

from labs_lib.course.catalog import HERE
from labs_lib.files import write_text

PATH = HERE / "measured.json"


@dataclass(frozen=True)
class Measured:
    """What executing a lab took, and on what machine.

    Attributes
    ----------
    seconds : int
        Wall time of a fresh kernel that runs every cell.
    peak_mb : int
        Highest resident memory, in 10**6 bytes, rounded to tens.
    cores : int
        Processors of the machine.
    python : str
        Python version, such as ``3.11``.
    """

    seconds: int
    peak_mb: int
    cores: int
    python: str


def here(*, seconds: float, peak_mb: float) -> Measured:
    """Return a measurement made on this machine, rounded so that it can be repeated."""
    return Measured(
        seconds=round(seconds),
        peak_mb=round(peak_mb / 10) * 10,
        cores=psutil.cpu_count(),
        python=".".join(platform.python_version_tuple()[:2]),
    )


def load() -> dict[str, Measured]:
    """Return what was measured, by lab; empty if nothing was."""
    if not PATH.exists():
        return {}
    stored = json.loads(PATH.read_text(encoding="utf-8"))
    return {lab: Measured(**values) for lab, values in stored.items()}


def save(new: dict[str, Measured]) -> None:
    """Store `new`; what was measured for other labs stays."""
    merged = load() | new
    content = {lab: asdict(merged[lab]) for lab in sorted(merged)}
    write_text(PATH, json.dumps(content, indent=1) + "\n")
