"""The one place that reads and writes jobs in Optuna's storage behind the study.

A search that processes share marks a job before anything is drawn for it, and ends the job of
a process that was killed. Optuna lets only the process that runs a job write to it
(`Trial.set_user_attr`, `Study.tell`), so that this needs `Study._storage` and the `_trial_id`
of a job, which are private to Optuna. The tests of shared and of killed searches notice if
another version moves them.
"""

from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState


def mark(study: Study, trial: Trial | FrozenTrial, name: str, value: Any) -> None:
    """Write a note to a job that runs, whoever runs it."""
    study._storage.set_trial_user_attr(trial._trial_id, name, value)


def discard(study: Study, trial: Trial | FrozenTrial) -> bool:
    """End a job that does not count; False if another process has ended it just now."""
    try:
        mark(study, trial, "killed", True)
        return study._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    except UpdateFinishedTrialError:
        return False


def has_ended(study: Study, trial: Trial | FrozenTrial) -> bool:
    """Return whether a job has ended, by what the storage says now."""
    return study._storage.get_trial(trial._trial_id).state.is_finished()
