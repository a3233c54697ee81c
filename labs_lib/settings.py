"""The few settings of a run, each read in one place.

``LABS_JOBS`` is the number of threads that a model may use (default 2, so that a shared
JupyterHub survives). It changes how long something takes, and no result: no variable of the
environment does. Who runs a notebook is a matter of `labs_lib.course.mode`.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The course folder: the one that holds ``notebooks/``, ``data/`` and ``labs_lib/``."""


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
