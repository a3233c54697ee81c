"""The few settings of a run, each read in one place.

``LABS_MODE`` says who runs a notebook:

- ``learn`` (default): a person. Progress bars, and passed exercises are recorded.
- ``build``: ``labs build`` and the comparison of solution notebooks. Full repeats, no bars.
- ``test``: a test that only asks whether the cells execute. Two repeats, no bars.

``LABS_JOBS`` is the number of threads that a model may use (default 2, so that a shared
JupyterHub survives).
"""

import os
from pathlib import Path

MODES = ("learn", "build", "test")

ROOT = Path(__file__).resolve().parents[1]
"""The course folder: the one that holds ``notebooks/``, ``data/`` and ``labs_lib/``."""


def mode() -> str:
    """Return the mode of this run, one of `MODES`.

    Raises
    ------
    ValueError
        If ``LABS_MODE`` is set to anything else.
    """
    value = os.environ.get("LABS_MODE", "learn")
    if value not in MODES:
        raise ValueError(
            f"LABS_MODE is {value!r}, expected one of {', '.join(MODES)}. "
            "Unset it to work in the normal mode."
        )
    return value


def n_jobs() -> int:
    """Return the number of threads a model may use, from ``LABS_JOBS`` (default 2).

    Raises
    ------
    ValueError
        If ``LABS_JOBS`` is not a whole number of at least 1.
    """
    value = os.environ.get("LABS_JOBS", "2")
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ValueError(
            f"LABS_JOBS is {value!r}, expected a whole number of at least 1. Unset it to use 2."
        )
    return int(value)


def repeats(full: int) -> int:
    """Return how often a comparison is repeated: `full`, or 2 in mode ``test``.

    Parameters
    ----------
    full : int
        Repeats that the interval in the text needs; at least 2.
    """
    if full < 2:
        raise ValueError(f"full is {full}; an interval needs at least 2 repeats.")
    return 2 if mode() == "test" else full
