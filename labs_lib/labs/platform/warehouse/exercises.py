"""Exercises of the lab platform/warehouse."""

import math
from collections.abc import Callable

from labs_lib.course.lab import Lab

lab = Lab("platform/warehouse")

lab.predict("files", options=("higher", "lower", "tie", "undecided"))
lab.predict(
    "twice",
    options=("error", "inserts the last", "inserts one of them", "inserts both"),
)
