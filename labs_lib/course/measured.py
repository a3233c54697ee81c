"""Seconds and memory that each lab took, stored by ``labs run --save``."""

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache

import psutil

from labs_lib.course.catalog import HERE
from labs_lib.files import write_text

PATH = HERE / "measured.json"
SLOW = 2.0
"""Seconds from which on a cell is a slow one."""


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
    slow : dict of str to int
        Seconds of each cell that takes `SLOW` or more, by the cell's id.
    """

    seconds: int
    peak_mb: int
    cores: int
    python: str
    slow: dict[str, int] = field(default_factory=dict)


def here(*, seconds: float, peak_mb: float, cells: Mapping[str, float]) -> Measured:
    """Return a measurement made on this machine, rounded so that it can be repeated."""
    return Measured(
        seconds=round(seconds),
        peak_mb=round(peak_mb / 10) * 10,
        cores=psutil.cpu_count(),
        python=".".join(platform.python_version_tuple()[:2]),
        slow={cell: round(took) for cell, took in cells.items() if took >= SLOW},
    )


@cache
def slow_cells() -> dict[str, int]:
    """Return the seconds of every slow cell of the course, by the cell's id."""
    return {cell: took for lab in load().values() for cell, took in lab.slow.items()}


def load() -> dict[str, Measured]:
    """Return what was measured, by lab; empty if nothing was."""
    if not PATH.exists():
        return {}
    try:
        stored = json.loads(PATH.read_text(encoding="utf-8"))
        return {lab: Measured(**values) for lab, values in stored.items()}
    except (ValueError, TypeError, AttributeError):
        raise ValueError(
            f"{PATH} is damaged. Get it back: git checkout -- {PATH.name}, in its folder."
        ) from None


def save(new: dict[str, Measured]) -> None:
    """Store `new`; what was measured for other labs stays."""
    merged = load() | new
    content = {lab: asdict(merged[lab]) for lab in sorted(merged)}
    write_text(PATH, json.dumps(content, indent=1) + "\n")
