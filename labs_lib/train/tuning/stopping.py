"""Rules that stop a training job while it runs, from the curves of earlier jobs."""

from collections.abc import Sequence

import numpy as np

REDUCTION = 3
"""Hyperband lets one job in this many go on at each rung."""


class MedianRule:
    """Automatic Model Tuning's early stopping.

    After each epoch, the running average of every earlier job up to that epoch is taken; a
    job whose value at this epoch is worse than the median of those averages stops. (Optuna's
    `MedianPruner` compares the best value so far with the median of earlier values
    instead.) Jobs that had ended before that epoch have no average there.

    Source: developer guide, page automatic-model-tuning-early-stopping.

    Parameters
    ----------
    maximize : bool
        Whether a larger objective is better.
    earlier : sequence of array-like
        The curve of each earlier job, one value an epoch.
    """

    def __init__(self, *, maximize: bool, earlier: Sequence[Sequence[float]]):
        self._maximize = maximize
        longest = max(map(len, earlier), default=0)
        averages = np.full((len(earlier), longest), np.nan)
        for row, curve in zip(averages, earlier, strict=True):
            row[: len(curve)] = np.cumsum(curve) / np.arange(1, len(curve) + 1)
        # Up to the longest curve at least one job has an average at each epoch.
        self._medians = np.nanmedian(averages, axis=0) if longest else np.empty(0)

    def stops(self, epoch: int, value: float) -> bool:
        """Whether a job with this value after `epoch`, counted from 1, has to stop."""
        if epoch > len(self._medians):
            return False
        median = self._medians[epoch - 1]
        return bool(value < median if self._maximize else value > median)


class Hyperband:
    """Successive halving in brackets, asynchronous.

    A bracket looks at its jobs after certain epochs, its rungs, each `REDUCTION` times as
    far as the one before; a job goes on if it is in the best third of all jobs of the bracket
    that came to this rung. Brackets differ in their first rung: the last lets every
    job run to the end.

    Source: Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar (2018), Hyperband; stopping
    without waiting for the other jobs as in Li et al. (2020), A System for Massively
    Parallel Hyperparameter Tuning. How AWS assigns jobs to brackets is not published; here
    they are taken in turn, in proportion to how many jobs a bracket starts with.

    Parameters
    ----------
    number : int
        The job's number in the search, from 0.
    maximize : bool
        Whether a larger objective is better.
    min_resource, max_resource : int
        Epochs of the first rung of the first bracket, and of a whole job.
    earlier : sequence of (int, sequence of float)
        Number and curve of each earlier job.
    """

    def __init__(
        self,
        *,
        number: int,
        maximize: bool,
        min_resource: int,
        max_resource: int,
        earlier: Sequence[tuple[int, Sequence[float]]],
    ):
        self._maximize = maximize
        rungs = [min_resource]
        while rungs[-1] * REDUCTION < max_resource:
            rungs.append(rungs[-1] * REDUCTION)
        bracket = _bracket(number, len(rungs))
        mine = [curve for n, curve in earlier if _bracket(n, len(rungs)) == bracket]
        self._rungs = {
            rung: [curve[rung - 1] for curve in mine if len(curve) >= rung]
            for rung in rungs[bracket:]
            if rung < max_resource
        }

    def stops(self, epoch: int, value: float) -> bool:
        """Whether a job with this value after `epoch`, counted from 1, has to stop."""
        if epoch not in self._rungs:
            return False
        seen = self._rungs[epoch]
        better = sum((v > value) if self._maximize else (v < value) for v in seen)
        return better >= max((len(seen) + 1) // REDUCTION, 1)


def _bracket(number: int, rungs: int) -> int:
    """Return the bracket of a job: an earlier first rung means more jobs."""
    starts = [REDUCTION ** (rungs - 1 - bracket) for bracket in range(rungs)] + [1]
    return int(np.searchsorted(np.cumsum(starts), number % sum(starts), side="right"))
