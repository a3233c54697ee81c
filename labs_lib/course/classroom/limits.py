"""Limits on how often somebody may ask."""

from collections import OrderedDict

KEYS = 10_000
"""Whom a limit remembers; of more, the one that asked longest ago is forgotten."""


class Bucket:
    """A bucket of permissions for each key: `burst` at once, then `rate` a second.

    Parameters
    ----------
    burst : float
    rate : float
        Permissions a second, above 0.
    """

    def __init__(self, burst: float, rate: float) -> None:
        self.burst = burst
        self.rate = rate
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, key: str, now: float) -> bool:
        """Take a permission of `key`; return whether there was one.

        Parameters
        ----------
        key : str
        now : float
            In seconds; a clock that goes back gives no permissions.
        """
        left, at = self._buckets.pop(key, (self.burst, now))
        left = min(self.burst, left + self.rate * max(0.0, now - at))
        allowed = left >= 1
        self._buckets[key] = (left - allowed, max(now, at))
        if len(self._buckets) > KEYS:
            self._buckets.popitem(last=False)
        return allowed
