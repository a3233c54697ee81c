"""The few settings of a run, each read in one place.

``LABS_JOBS`` is the number of threads that a model may use. It changes how long something takes,
and no result: no variable of the environment does. Who runs a notebook is a matter of
`labs_lib.course.mode`.

The default of 2 is right alone and in a full room because a kernel's threads do not spin while they
wait (`labs_lib.course.session`). Measured with ``train/metrics`` on a busy machine of two cores
(``tests/benchmarks/bench_room.py``): processor seconds alone, and seconds until eight learners
who began at once are through.

================================  ==========  ==============
threads                           alone       eight at once
================================  ==========  ==============
2 that spin                       32 s        not measured
2 that sleep, OpenBLAS 2          14 s        107 s
2 that sleep, OpenBLAS 1          13 s        76 s
1                                 12 s        75 s
================================  ==========  ==============

One thread saves a full room nothing more, and alone it took 23.7 s where two took 22.5 s.
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
