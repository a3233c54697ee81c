"""Trials: the code of a measurement stands in the lesson, and anybody can run it again.

A trial is a function in cells of the lesson that are tagged ``trial``::

    def balancing(seed, rate=0.01):
        ...
        return {("SMOTE", "average precision"): 0.31, ("none", "average precision"): 0.33}

and one call that declares its seeds, levels and settings::

    rows = lab.trial(balancing, seeds=20, levels=("method", "measure"), settings={"rate": RATES})

``labs trial`` runs the very text of those cells for all seeds and settings, in other processes,
and stores the rows together with the text (`compute`, `stored`). In the room, ``lab.trial`` reruns
the cheapest of them with the function of the notebook; a function that the learner has changed
runs for a few seeds beside the stored rows (`room`).
"""

from labs_lib.course.trial.plan import TrialPlan, plans
from labs_lib.course.trial.rows import Rows
from labs_lib.course.trial.stored import Stored, load

__all__ = ["Rows", "Stored", "TrialPlan", "load", "plans"]
