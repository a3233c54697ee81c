"""What the tests of statistics share."""

import numpy as np


def in_band(hits: int, trials: int, low: float, high: float) -> bool:
    """Whether coverage lies in [low, high], give or take three binomial errors."""
    rate = hits / trials

    def slack(p):
        return 3 * np.sqrt(p * (1 - p) / trials)

    return low - slack(low) <= rate <= high + slack(high)
