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
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

STARTUP = 10
"""Random jobs before the first model."""

CANDIDATES = 500
"""Points at which expected improvement is compared."""


class GaussianProcessSampler(BaseSampler):
    """Fit a Gaussian process to the finished jobs; draw where improvement is expected.

    Optuna's own `GPSampler` needs torch. This one uses scikit-learn's regressor (Matern 5/2
    kernel, a length for each parameter, noise) on parameters scaled to 0 to 1, a category as
    one column a value, and takes the best of random candidates by expected improvement.

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

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return all searched parameters."""
        return self._distributions

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the candidate with the largest expected improvement."""
        finished = [
            (t.params, t.value)
            for t in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
            if t.value is not None and t.params.keys() >= search_space.keys()
        ]
        if len(finished) < STARTUP:
            return {}
        sign = 1 if study.direction.name == "MAXIMIZE" else -1
        points = np.array([self._scaled(params) for params, _ in finished])
        values = sign * np.array([value for _, value in finished])
        candidates = [self._drawn() for _ in range(CANDIDATES)]
        scaled = np.array([self._scaled(params) for params in candidates])
        gain = expected_improvement(points, values, scaled)
        return candidates[int(np.argmax(gain))]

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return a random value, while there are too few jobs for a model."""
        return self._random.sample_independent(study, trial, param_name, param_distribution)

    def _drawn(self) -> dict[str, Any]:
        drawn = {}
        for name, distribution in self._distributions.items():
            if isinstance(distribution, CategoricalDistribution):
                index = int(self._rng.integers(len(distribution.choices)))
                drawn[name] = distribution.choices[index]
                continue
            low, high = _ends(distribution)
            value = low + self._rng.random() * (high - low)
            value = math.exp(value) if distribution.log else value
            if isinstance(distribution, IntDistribution):
                value = round(value)
            drawn[name] = min(max(value, distribution.low), distribution.high)
        return drawn

    def _scaled(self, params: Mapping[str, Any]) -> list[float]:
        columns = []
        for name, distribution in self._distributions.items():
            value = params[name]
            if isinstance(distribution, CategoricalDistribution):
                columns += [float(value == choice) for choice in distribution.choices]
                continue
            low, high = _ends(distribution)
            value = math.log(value) if distribution.log else value
            columns.append((value - low) / (high - low) if high > low else 0.0)
        return columns


def expected_improvement(
    points: np.ndarray, values: np.ndarray, candidates: np.ndarray
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

    Returns
    -------
    ndarray, shape (m,)
        In standard deviations of `values`, 0 or more.

    Notes
    -----
    Mockus (1975); Jones, Schonlau and Welch (1998), Efficient global optimization.
    """
    spread = values.std()
    y = (values - values.mean()) / (spread if spread > 0 else 1)
    kernel = ConstantKernel(1.0, (0.05, 20)) * Matern(
        np.full(points.shape[1], 0.5), (0.05, 20), nu=2.5
    ) + WhiteKernel(0.1, (1e-4, 1))
    model = _fitted(kernel, points, y)
    mean, deviation = model.predict(candidates, return_std=True)
    z = (mean - y.max()) / deviation
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return deviation * np.maximum(z * ndtr(z) + density, 0)


def _fitted(kernel, points: np.ndarray, y: np.ndarray) -> GaussianProcessRegressor:
    """Fit kernel and process; a job does not wait for the last digit of a kernel's length.

    scikit-learn's own loop warns whenever a length is at its bound, which is usual here: a
    parameter without effect has a long one.
    """
    model = GaussianProcessRegressor(kernel, optimizer=None).fit(points, y)

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
    kernel = kernel.clone_with_theta(found.x)
    return GaussianProcessRegressor(kernel, optimizer=None).fit(points, y)


def _ends(distribution: BaseDistribution) -> tuple[float, float]:
    # A whole number gets as much room as its neighbours, at the ends of the range too.
    room = 0.5 if isinstance(distribution, IntDistribution) else 0.0
    low, high = distribution.low - room, distribution.high + room
    return (math.log(low), math.log(high)) if distribution.log else (low, high)
