"""Rules that watch a training run, after the built-in rules of SageMaker Debugger.

A `Recording` keeps tensors of some steps, as Debugger's hook does. A rule reads them in the order
in which they were saved and says at which steps it fires. Names, parameters and defaults are those
of the SageMaker developer guide, page `debugger-built-in-rules`; the service's own code is not
public, so where the guide leaves a choice, the docstring says which was made here. The open client
reads tensors and holds no rules.
"""

import bisect
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import xgboost as xgb
from numpy.typing import ArrayLike, NDArray

COLLECTIONS = {
    "losses": r"loss$",
    "gradients": r"gradient$",
    "weights": r"weight$",
    "activations": r"_(input|output)$",
    "outputs": r"^(labels|predictions)$",
}
"""Collections of tensors, each with the pattern that its names match."""

VALIDATION = "validation/loss"
"""The name of the loss on rows that do not train."""


class Recording:
    """The saved tensors of a run; a hook for `labs_lib.train.network.Network`.

    Parameters
    ----------
    every : int or mapping of str to int
        The save interval: each so many steps, from step 0; for all tensors, or by the names of
        `COLLECTIONS`. What a mapping leaves out is saved at each step.

    Attributes
    ----------
    step : int
        The number of the next step, which is how many have been taken.
    tensors : dict of str to dict of int to ndarray
        Name, step, and the copy that was saved.

    Raises
    ------
    ValueError
        If an interval is below 1, or a collection is unknown.
    """

    def __init__(self, every: int | Mapping[str, int] = 1) -> None:
        given = every if isinstance(every, Mapping) else dict.fromkeys(COLLECTIONS, every)
        unknown = sorted(set(given) - set(COLLECTIONS))
        if unknown:
            raise ValueError(
                f"no collection {unknown[0]!r}; there are {', '.join(COLLECTIONS)}."
            )
        if min(given.values(), default=1) < 1:
            raise ValueError(f"every is {every}, expected intervals of 1 step or more.")
        self._every = dict.fromkeys(COLLECTIONS, 1) | dict(given)
        self._intervals: dict[str, int] = {}
        self.step = 0
        self.tensors: dict[str, dict[int, NDArray]] = {}

    def __call__(self, tensors: Mapping[str, ArrayLike]) -> None:
        """Save what is due at this step, and count the step."""
        for name, value in tensors.items():
            if self.step % self._interval(name) == 0:
                self.tensors.setdefault(name, {})[self.step] = np.array(value)
        self.step += 1

    def evaluate(self, loss: float) -> None:
        """Save a validation loss under the last step that was taken."""
        if self.step == 0:
            raise ValueError("no step has been taken yet; take one before you evaluate.")
        self.tensors.setdefault(VALIDATION, {})[self.step - 1] = np.array([loss])

    def names(self, pattern: str) -> list[str]:
        """Return the names in which the pattern is found, sorted."""
        return sorted(name for name in self.tensors if re.search(pattern, name))

    def steps(self, pattern: str) -> list[int]:
        """Return the steps at which a tensor of such a name was saved, ascending."""
        return sorted({step for name in self.names(pattern) for step in self.tensors[name]})

    def at(self, step: int, pattern: str) -> dict[str, NDArray]:
        """Return the tensors of such names that were saved at a step, by name."""
        found = {name: self.tensors[name].get(step) for name in self.names(pattern)}
        return {name: value for name, value in found.items() if value is not None}

    def scalars(self, name: str) -> list[tuple[int, float]]:
        """Return step and mean value of one tensor, step by step; empty if it was not saved."""
        saved = self.tensors.get(name, {})
        return [(step, float(np.mean(saved[step]))) for step in sorted(saved)]

    def _interval(self, name: str) -> int:
        if name not in self._intervals:
            fits = [k for k, pattern in COLLECTIONS.items() if re.search(pattern, name)]
            self._intervals[name] = self._every[fits[0]] if fits else 1
        return self._intervals[name]


class Watcher(Protocol):
    """What reads a recording and says when it fires."""

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps at which the rule fires, in their order."""
        ...


def first_alarm(rule: Watcher, saved: Recording) -> int | None:
    """Return the first step at which a rule fires, or None if it does not."""
    return next(iter(rule.alarms(saved)), None)


@dataclass(frozen=True)
class VanishingGradient:
    """A gradient whose mean absolute value is below `threshold`.

    Any layer's is enough.
    """

    threshold: float = 1e-7

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps at which the rule fires."""
        pattern = COLLECTIONS["gradients"]
        for step in saved.steps(pattern):
            found = saved.at(step, pattern).values()
            if any(np.abs(g).mean() < self.threshold for g in found):
                yield step


@dataclass(frozen=True)
class ExplodingTensor:
    """A saved tensor with an infinite value or NaN; with `only_nan`, NaN alone."""

    only_nan: bool = False

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps at which the rule fires."""
        for step in saved.steps(""):
            for value in saved.at(step, "").values():
                if np.isnan(value).any() or (not self.only_nan and np.isinf(value).any()):
                    yield step
                    break


@dataclass(frozen=True)
class SaturatedActivation:
    """A tanh or sigmoid layer with more than `threshold_layer` percent of saturated units.

    A unit is saturated if its input lies inside the range of its activation in less than
    `threshold_inactivity` percent of the rows of the saved step (the rows: our reading).
    """

    threshold_tanh_min: float = -9.4999
    threshold_tanh_max: float = 9.4999
    threshold_sigmoid_min: float = -23.0
    threshold_sigmoid_max: float = 16.99999
    threshold_inactivity: float = 1.0
    threshold_layer: float = 50.0

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps at which the rule fires."""
        ranges = {
            "tanh_input": (self.threshold_tanh_min, self.threshold_tanh_max),
            "sigmoid_input": (self.threshold_sigmoid_min, self.threshold_sigmoid_max),
        }
        for step in saved.steps("tanh_input|sigmoid_input"):
            for name, value in saved.at(step, "tanh_input|sigmoid_input").items():
                low, high = ranges[name.rsplit("/", 1)[-1]]
                active = (value > low) & (value < high)
                if _mostly_inactive(
                    active, self.threshold_inactivity, self.threshold_layer
                ):
                    yield step
                    break


@dataclass(frozen=True)
class DeadRelu:
    """A ReLU layer with more than `threshold_layer` percent of inactive units.

    A unit is inactive if its output is above 0 in less than `threshold_inactivity` percent of the
    rows of the saved step (the rows: our reading).
    """

    threshold_inactivity: float = 1.0
    threshold_layer: float = 50.0

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps at which the rule fires."""
        limits = self.threshold_inactivity, self.threshold_layer
        for step in saved.steps("relu_output"):
            found = saved.at(step, "relu_output").values()
            if any(_mostly_inactive(value > 0, *limits) for value in found):
                yield step


@dataclass(frozen=True)
class PoorWeightInitialization:
    """First steps that look as if the first weights were too small or too large.

    Within the first `steps` steps, one of three: the largest variance of a layer's activation
    inputs is more than `threshold` times the smallest; a layer's gradient has less than
    `distribution_range` between its 5th and its 95th percentile; the loss makes no new minimum for
    `patience` saved steps. The guide's text names activation inputs and its table weights; here it
    is inputs, of ReLU only, which is the default pattern.
    """

    threshold: float = 10.0
    distribution_range: float = 0.001
    patience: int = 5
    steps: int = 10

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps at which the rule fires."""
        stuck = set(_stale(saved.scalars("loss"), self.patience, 0.0))
        for step in saved.steps(""):
            if step >= self.steps:
                return
            spreads = [v.var() for v in saved.at(step, "relu_input").values()]
            ranges = [
                np.subtract(*np.percentile(g, [95, 5]))
                for g in saved.at(step, COLLECTIONS["gradients"]).values()
            ]
            uneven = bool(spreads) and max(spreads) > self.threshold * min(spreads)
            if (
                uneven
                or min(ranges, default=np.inf) < self.distribution_range
                or step in stuck
            ):
                yield step


@dataclass(frozen=True)
class LossNotDecreasing:
    """A loss that fell by less than `diff_percent` percent since `num_steps` steps ago or more.

    It looks each `num_steps` steps, at losses that were saved, and compares with the last saved
    loss that lies at least so far back. The guide's `increase_threshold_percent` is left out: it
    does not say how the two limits work together.
    """

    num_steps: int = 10
    diff_percent: float = 0.1
    tensor: str = "loss"

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps at which the rule fires."""
        looked, losses = None, saved.scalars(self.tensor)
        taken = [step for step, _ in losses]
        for step, loss in losses:
            place = bisect.bisect_right(taken, step - self.num_steps) - 1
            if place < 0 or (looked is not None and step < looked + self.num_steps):
                continue
            looked = step
            if not loss <= losses[place][1] * (1 - self.diff_percent / 100):
                yield step


@dataclass(frozen=True)
class Overfit:
    """A validation loss that lies too far above the training loss.

    The difference of the two means, divided by the mean training loss, is above `ratio_threshold`
    in `patience` evaluations in a row. The training loss is the mean of what was saved since the
    evaluation before (our reading).
    """

    start_step: int = 0
    patience: int = 1
    ratio_threshold: float = 0.1

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps at which the rule fires."""
        training, above, start = saved.scalars("loss"), 0, -1
        for step, loss in saved.scalars(VALIDATION):
            own = [value for s, value in training if start < s <= step]
            if not own:
                continue
            start, mean = step, float(np.mean(own))
            over = step >= self.start_step and loss - mean > self.ratio_threshold * mean
            above = above + 1 if over else 0
            if above >= self.patience:
                yield step


@dataclass(frozen=True)
class Overtraining:
    """A training or a validation loss that no longer improves.

    The training loss has not fallen by `delta` below its best for `patience_train` saved steps, or
    the validation loss for `patience_validation`.
    """

    patience_train: int = 5
    patience_validation: int = 10
    delta: float = 0.01

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps at which the rule fires."""
        train = _stale(saved.scalars("loss"), self.patience_train, self.delta)
        valid = _stale(saved.scalars(VALIDATION), self.patience_validation, self.delta)
        yield from sorted({*train, *valid})


@dataclass(frozen=True)
class ClassImbalance:
    """Classes of very different size, or a class that is mostly predicted wrongly.

    Once `samples` labels have been saved, and counted over all of them: the largest class has more
    than `threshold_imbalance` times the rows of the smallest, or the share of a class's rows that
    are predicted wrongly is above `threshold_misprediction`. A class counts once it was seen.
    """

    threshold_imbalance: float = 10.0
    threshold_misprediction: float = 0.7
    samples: int = 500

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps at which the rule fires."""
        rows: Counter[int] = Counter()
        missed: Counter[int] = Counter()
        for step in saved.steps("^labels$"):
            found = saved.at(step, COLLECTIONS["outputs"])
            labels = found["labels"]
            rows.update(labels.tolist())
            wrong = found["predictions"].argmax(axis=1) != labels
            missed.update(labels[wrong].tolist())
            if rows.total() < self.samples:
                continue
            uneven = max(rows.values()) > self.threshold_imbalance * min(rows.values())
            limit = self.threshold_misprediction
            if uneven or any(missed[k] > limit * n for k, n in rows.items()):
                yield step


@dataclass(frozen=True)
class TreeDepth:
    """A tree deeper than `depth`, by the largest number of its nodes.

    The depth is the logarithm to base 2 of that number, rounded down, as the guide says. Nodes are
    numbered as they are made, so of an uneven tree this is less than its depth. The guide does not
    say on which side of `depth` the rule fires; here it is above.
    """

    depth: float = 4.0

    def alarms(self, saved: Recording) -> Iterator[int]:
        """Give the steps (rounds of boosting) at which the rule fires."""
        for step, node in saved.scalars("tree/largest_node"):
            if node >= 1 and np.floor(np.log2(node)) > self.depth:
                yield step


RULES: dict[str, type[Any]] = {
    rule.__name__: rule
    for rule in (
        VanishingGradient,
        ExplodingTensor,
        SaturatedActivation,
        DeadRelu,
        PoorWeightInitialization,
        LossNotDecreasing,
        Overfit,
        Overtraining,
        ClassImbalance,
        TreeDepth,
    )
}
"""The rules by their names in the guide, each with its defaults when called without arguments."""


class BoostingHook(xgb.callback.TrainingCallback):
    """A callback of XGBoost that saves losses and the largest node of each round's trees.

    Parameters
    ----------
    saved : Recording
        A step is a round of boosting.
    train, validation : str
        What these sets are called in ``evals``; the last metric of each is its loss.
    """

    def __init__(
        self, saved: Recording, *, train: str = "train", validation: str = "validation"
    ) -> None:
        super().__init__()
        self.saved, self.train, self.validation = saved, train, validation

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
        """Save the round that has ended; never stop the training."""
        nodes = model[epoch : epoch + 1].trees_to_dataframe()["Node"].max()
        tensors: dict[str, ArrayLike] = {"tree/largest_node": [float(nodes)]}
        losses = {name: list(log.values())[-1][-1] for name, log in evals_log.items()}
        if self.train in losses:
            tensors["loss"] = [losses[self.train]]
        self.saved(tensors)
        if self.validation in losses:
            self.saved.evaluate(losses[self.validation])
        return False


def _mostly_inactive(active: NDArray[np.bool_], unit: float, layer: float) -> bool:
    """Return whether over `layer` percent of units are active in under `unit` percent of rows."""
    idle = active.mean(axis=0) * 100 < unit
    return bool(idle.mean() * 100 > layer)


def _stale(losses: list[tuple[int, float]], patience: int, delta: float) -> list[int]:
    """Return the steps at which the best loss is `patience` saved steps old, or older."""
    best, age, found = np.inf, 0, []
    for step, loss in losses:
        if loss < best - delta or not np.isfinite(best):
            best, age = loss, 0
        else:
            age += 1
        if age >= patience:
            found.append(step)
    return found
