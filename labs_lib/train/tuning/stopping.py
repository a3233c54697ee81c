"""Rules that stop a training job while it runs, from the curves of earlier jobs."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

REDUCTION = 3
"""Hyperband lets one job in this many go on at each rung."""


class MedianRule:
    """Automatic Model Tuning's early stopping.

    After each epoch, the running average of every earlier job up to that epoch is taken; a
    job whose value at this epoch is worse than the median of those averages stops. (Optuna's
    `MedianPruner` compares the best value so far with the median of earlier values
    instead.)

    Source: developer guide, page automatic-model-tuning-early-stopping. It says "all previous
    training jobs", so one that ended before that epoch counts with the average of the epochs
    it had; that is our reading.

    Parameters
    ----------
    maximize : bool
        Whether a larger objective is better.
    earlier : sequence of array-like
        The curve of each earlier job, one value an epoch.
    """

    def __init__(self, *, maximize: bool, earlier: Sequence[Sequence[float]]):
        self._maximize = maximize
        lengths = np.array([len(curve) for curve in earlier], dtype=int)
        values = np.zeros((len(earlier), max(lengths, default=0)))
        for row, curve in zip(values, earlier, strict=True):
            row[: len(curve)] = curve
        # After the end of a curve, neither its sum nor the number of its epochs grows.
        epochs = np.minimum(np.arange(1, values.shape[1] + 1), lengths[:, None])
        averages = np.cumsum(values, axis=1) / epochs
        self._medians = np.median(averages, axis=0) if len(earlier) else np.empty(0)

    def stops(self, epoch: int, value: float) -> bool:
        """Whether a job with this value after `epoch`, counted from 1, has to stop."""
        if not len(self._medians):
            return False
        median = self._medians[min(epoch, len(self._medians)) - 1]
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
        # An earlier first rung means more jobs; of each round one job is never stopped.
        starts = [REDUCTION**place for place in reversed(range(len(rungs)))] + [1]
        ends = list(accumulate(starts))

        def bracket_of(job: int) -> int:
            return bisect_right(ends, job % ends[-1])

        bracket = bracket_of(number)
        mine = [curve for job, curve in earlier if bracket_of(job) == bracket]
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
