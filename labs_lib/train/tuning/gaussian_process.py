"""Bayesian search with a Gaussian process, as an Optuna sampler."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from scipy.optimize import minimize
from scipy.special import ndtr
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, Matern, WhiteKernel

STARTUP = 10
"""Random jobs before the first model."""

CANDIDATES = 500
"""Points at which expected improvement is compared."""

GROWTH = 1.25
"""The kernel is learned anew whenever there are this many times as many finished jobs."""


class GaussianProcessSampler(BaseSampler):
    """Fit a Gaussian process to the finished jobs; draw where improvement is expected.

    Optuna's own `GPSampler` needs torch. This one uses scikit-learn's regressor (Matern 5/2
    kernel, a length for each parameter, noise) on parameters scaled to 0 to 1, a category as
    one column a value, and takes the best of random candidates by expected improvement. A
    job that still runs counts as one that ended with the value the process expects, so that
    parallel jobs do not all try the same place.

    Parameters
    ----------
    seed : int or sequence of int
        Of the candidates.
    distributions : dict of str to optuna BaseDistribution
        What is searched.
    """

    def __init__(self, *, seed: Any, distributions: Mapping[str, BaseDistribution]):
        self._rng = np.random.default_rng(seed)
        self._distributions = dict(distributions)
        self._random = RandomSampler(seed=int(self._rng.integers(2**31)))
        self._learned: tuple[int, Kernel | None] = (0, None)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return all searched parameters."""
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the candidate with the largest expected improvement."""
        known = study.get_trials(
            deepcopy=False, states=[TrialState.COMPLETE, TrialState.RUNNING]
        )
        known = [t for t in known if t.params.keys() >= search_space.keys()]
        finished = [t for t in known if t.state == TrialState.COMPLETE]
        if len(finished) < STARTUP:
            return {}
        sign = 1 if study.direction.name == "MAXIMIZE" else -1
        points = np.array([self._scaled(t.params) for t in finished])
        values = sign * np.array([t.value for t in finished])
        running = [self._scaled(t.params) for t in known if t.state == TrialState.RUNNING]
        pending = np.reshape(running, (-1, points.shape[1]))
        candidates, scaled = self._drawn()
        gain = expected_improvement(
            points, values, scaled, pending=pending, kernel=self._kernel(points, values)
        )
        best = int(np.argmax(gain))
        return {name: values[best] for name, values in candidates.items()}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return a random value, while there are too few jobs for a model."""
        return self._random.sample_independent(study, trial, param_name, param_distribution)

    def _kernel(self, points: np.ndarray, values: np.ndarray) -> Kernel:
        """Return the kernel learned from the first jobs, as many as `GROWTH` says."""
        size = STARTUP
        while math.ceil(size * GROWTH) <= len(points):
            size = math.ceil(size * GROWTH)
        if self._learned[0] != size:
            self._learned = size, learn(points[:size], values[:size])
        return self._learned[1]

    def _drawn(self) -> tuple[dict[str, list], np.ndarray]:
        """Return random candidates: the values of each parameter, and scaled columns."""
        values, columns = {}, []
        for name, distribution in self._distributions.items():
            if isinstance(distribution, CategoricalDistribution):
                place = self._rng.integers(len(distribution.choices), size=CANDIDATES)
                values[name] = [distribution.choices[i] for i in place]
                columns += list(np.eye(len(distribution.choices))[place].T)
                continue
            low, high = _ends(distribution)
            drawn = low + self._rng.random(CANDIDATES) * (high - low)
            drawn = np.exp(drawn) if distribution.log else drawn
            if isinstance(distribution, IntDistribution):
                drawn = np.rint(drawn).astype(int)
            drawn = drawn.clip(distribution.low, distribution.high)
            values[name] = drawn.tolist()
            columns.append(_unit(drawn, distribution))
        return values, np.column_stack(columns)

    def _scaled(self, params: Mapping[str, Any]) -> list[float]:
        columns = []
        for name, distribution in self._distributions.items():
            value = params[name]
            if isinstance(distribution, CategoricalDistribution):
                columns += [float(value == choice) for choice in distribution.choices]
            else:
                columns.append(float(_unit(value, distribution)))
        return columns


def expected_improvement(
    points: np.ndarray,
    values: np.ndarray,
    candidates: np.ndarray,
    *,
    pending: np.ndarray | None = None,
    kernel: Kernel | None = None,
) -> np.ndarray:
    """Return how far each candidate is expected to exceed the best value.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        Where the objective is known, each coordinate 0 to 1.
    values : ndarray, shape (n,)
        The objective, larger is better.
    candidates : ndarray, shape (m, d)
        Where it is not.
    pending : ndarray, shape (k, d), optional
        Where jobs run whose values are not known yet: taken for what the process expects.
    kernel : Kernel, optional
        As `learn` returns it; learned from points and values if not given.

    Returns
    -------
    ndarray, shape (m,)
        In standard deviations of `values`, 0 or more.

    Notes
    -----
    Mockus (1975); Jones, Schonlau and Welch (1998), Efficient global optimization. Pending
    points as in Ginsbourger, Le Riche and Carraro (2010), "kriging believer".
    """
    kernel = kernel or learn(points, values)
    y = _standard(values)
    model = GaussianProcessRegressor(kernel, optimizer=None).fit(points, y)
    if pending is not None and len(pending):
        believed = model.predict(pending)
        points, y = np.vstack([points, pending]), np.append(y, believed)
        model = GaussianProcessRegressor(kernel, optimizer=None).fit(points, y)
    mean, deviation = model.predict(candidates, return_std=True)
    # What the noise adds is no improvement: it is not there when the job is run again.
    noise = kernel.k2.noise_level
    deviation = np.sqrt(np.maximum(deviation**2 - noise, 1e-12))
    z = (mean - y.max()) / deviation
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return deviation * np.maximum(z * ndtr(z) + density, 0)


def learn(points: np.ndarray, values: np.ndarray) -> Kernel:
    """Return the kernel under which these values are likely: lengths and noise.

    Parameters
    ----------
    points, values : ndarray
        As in `expected_improvement`.

    Notes
    -----
    scikit-learn's own loop warns whenever a length is at its bound, which is usual here: a
    parameter without effect has a long one. The result is rounded, so that it is the same on
    each processor.
    """
    kernel = ConstantKernel(1.0, (0.05, 20)) * Matern(
        np.full(points.shape[1], 0.5), (0.05, 20), nu=2.5
    ) + WhiteKernel(0.1, (1e-4, 1))
    model = GaussianProcessRegressor(kernel, optimizer=None).fit(points, _standard(values))

    def loss(theta):
        value, gradient = model.log_marginal_likelihood(
            theta, eval_gradient=True, clone_kernel=False
        )
        return -value, -gradient

    found = minimize(
        loss,
        kernel.theta,
        jac=True,
        bounds=kernel.bounds,
        method="L-BFGS-B",
        options={"maxiter": 15},
    )
    return kernel.clone_with_theta(np.round(found.x, 2))


def _standard(values: np.ndarray) -> np.ndarray:
    spread = values.std()
    return (values - values.mean()) / (spread if spread > 0 else 1)


def _unit(value: Any, distribution: BaseDistribution) -> np.ndarray:
    low, high = _ends(distribution)
    value = np.log(value) if distribution.log else np.asarray(value, dtype=float)
    return (value - low) / (high - low) if high > low else np.zeros_like(value)


def _ends(distribution: BaseDistribution) -> tuple[float, float]:
    # A whole number gets as much room as its neighbours, at the ends of the range too.
    room = 0.5 if isinstance(distribution, IntDistribution) else 0.0
    low, high = distribution.low - room, distribution.high + room
    return (math.log(low), math.log(high)) if distribution.log else (low, high)
