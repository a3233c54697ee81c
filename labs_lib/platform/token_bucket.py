"""A token bucket: how AWS holds a rate."""

from labs_lib.clock import Timekeeper


class TokenBucket:
    """Tokens that come at a constant rate, up to a capacity; what they pay for is let through.

    Parameters
    ----------
    rate : float
        Tokens a second on the clock, above 0.
    clock : Timekeeper
    capacity : float, optional
        Tokens that it holds at most, and at the beginning; by default those of one second.
    """

    def __init__(self, rate: float, clock: Timekeeper, *, capacity: float | None = None):
        capacity = rate if capacity is None else capacity
        for name, value in (("rate", rate), ("capacity", capacity)):
            if not 0 < value < float("inf"):
                raise ValueError(f"{name} is {value}, expected a number above 0.")
        self.rate = rate
        self.capacity = capacity
        self._clock = clock
        self._level = float(capacity)
        self._filled = clock.now()
        self._owes = False

    @property
    def level(self) -> float:
        """Tokens that it holds now; below 0 after a `spend` of more than there were."""
        now = self._clock.now()
        if now > self._filled:
            came = (now - self._filled) * self.rate
            # A clock of milliseconds must not leave a full bucket a hair short of full.
            level = round(self._level + came, 6)
            self._level = min(self.capacity, level)
            self._filled = now
        return self._level

    def take(self, amount: float = 1) -> bool:
        """Take tokens if there are enough, and say whether there were.

        An amount above the capacity would never be let through: it is when the bucket is full,
        which then owes the rest.
        """
        if self.level < min(amount, self.capacity):
            return False
        self._level -= amount
        return True

    @property
    def is_blocked(self) -> bool:
        """Whether an earlier `spend` took more than there was, and is not yet paid for."""
        if self._owes and self.level >= self.capacity:
            self._owes = False
        return self._owes

    def spend(self, amount: float) -> None:
        """Take an amount that is known only afterwards, such as the size of an answer.

        If there is less, the bucket `is_blocked` until it is full again: at 2 MB a second an
        answer of 10 MB blocks 5 s.
        """
        self._level = self.level - amount
        self._owes = self._owes or self._level < 0
