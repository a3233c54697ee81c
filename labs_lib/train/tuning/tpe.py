"""Optuna's tree-structured Parzen estimators, with the same search on every processor."""

import numpy as np
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.samplers._tpe.parzen_estimator import (
    _ParzenEstimator,
    _ParzenEstimatorParameters,
)
from optuna.samplers._tpe.probability_distributions import _BatchedDistributions


class StableTPESampler(TPESampler):
    """TPE whose choices do not depend on how the processor sorts equal values.

    Optuna puts a kernel around the value of each earlier job, as wide as the distance to the
    neighbours, which it finds by sorting. Among equal values, as whole numbers often are, those
    at the ends get the distance to a neighbour and those between them nothing. Which job stands
    at an end is left to NumPy, which does not keep equal values in order and sorts by other
    instructions on another processor. From there on, two searches with the same seed would
    part. Here, of equal values, a later job never gets a narrower kernel.

    Parameters
    ----------
    seed : int
        Of what is drawn.
    """

    def __init__(self, *, seed: int):
        super().__init__(seed=seed)
        # The place where Optuna's source says that users can change the estimator.
        self._parzen_estimator_cls = _StableParzenEstimator


class _StableParzenEstimator(_ParzenEstimator):
    def _calculate_numerical_distributions(
        self,
        observations: np.ndarray,
        search_space: FloatDistribution | IntDistribution,
        parameters: _ParzenEstimatorParameters,
    ) -> _BatchedDistributions:
        found = super()._calculate_numerical_distributions(
            observations, search_space, parameters
        )
        # The last kernel is the prior; no job stands behind it.
        mu, sigma = found.mu[:-1], found.sigma.copy()
        sigma[np.argsort(mu, kind="stable")] = sigma[np.lexsort((sigma[:-1], mu))]
        return found._replace(sigma=sigma)
