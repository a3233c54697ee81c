"""Who pays, and where: customers, terminals, and their hidden states."""

from dataclasses import dataclass

import numpy as np

from labs_lib.payments.split import DAY

PAYMENTS_A_DAY = 0.4
"""Payments of an average customer in a day."""

CUSTOMERS_A_TERMINAL = 4.0
"""Customers for each terminal."""

PHYSICAL_SHARE = 0.7
"""Share of terminals that stand in a shop; the others take online and phone payments."""

TERMINALS_A_TOWN = 20
"""Shops of a town; a larger world has more towns."""

COUNTRY_KM = 300
"""Side of the square in which the towns lie."""

TOWN_SPREAD_KM = 6.0
"""Standard deviation of homes and shops around the middle of their town, each way."""

MEAN_ACCOUNT_DAYS = 900
"""Accounts live this long on average; a closed one is replaced by a new customer."""

USUAL_AMOUNT_CENTS = 3_500
USUAL_AMOUNT_SPREAD = 0.6
"""Median and log standard deviation of a customer's usual amount."""

RISK_SHAPE = 0.3
"""Shape of the Gamma law (mean 1) of a customer's latent risk."""

CATEGORY_SHARE = np.array([22, 14, 10, 12, 8, 7, 5, 6, 5, 4, 4, 3])
"""Of 100 terminals, in the order of `labs_lib.schema.MERCHANT_CATEGORIES`."""

CATEGORY_PRICE = np.array([0.7, 1.2, 0.8, 0.9, 1.3, 0.8, 2.0, 0.5, 1.5, 2.2, 2.5, 1.0])
"""What a payment costs there, relative to the customer's usual amount."""

SWIPE_SHARE_OLD, SWIPE_SHARE_NEW, OLD_TERMINALS = 0.6, 0.1, 0.3
"""Share of swipes at old and new shop terminals, and the share of old ones."""

TICKET_TERMINALS = 0.1
"""Share of terminals that sell tickets in event a."""

COMPROMISED_PER_TERMINAL_DAY = 0.05 / 270
COMPROMISED_DAYS = (28, 42)
"""How often a terminal becomes compromised, and for how long (whole days, inclusive)."""

STOLEN_PER_CUSTOMER_DAY = 0.08 / 270
STOLEN_DAYS = (4, 14)
"""How often a card is stolen, and for how long (whole days, inclusive)."""

NEVER = np.int32(2**31 - 1)
"""A second after all others."""


@dataclass(frozen=True)
class Customers:
    """Arrays by customer number; places in tenths of a km, times in seconds."""

    slots: np.ndarray
    """Customer numbers, each as often as it is active: a random slot is a random payer."""
    switch: np.ndarray
    """When the account is closed and `successor` takes over."""
    successor: np.ndarray
    opened_day: np.ndarray
    home_x: np.ndarray
    home_y: np.ndarray
    town: np.ndarray
    age_band: np.ndarray
    usual_cents: np.ndarray
    remote_share: np.ndarray
    risk: np.ndarray
    """Latent risk in thousandths, mean about 1,000."""
    stolen_from: np.ndarray
    stolen_until: np.ndarray


@dataclass(frozen=True)
class Terminals:
    """Arrays by terminal number: first the shops, town by town, then the remote ones."""

    n_towns: int
    n_physical: int
    n_remote: int
    x: np.ndarray
    y: np.ndarray
    category: np.ndarray
    sells_tickets: np.ndarray
    swipe_share: np.ndarray
    compromised_from: np.ndarray
    compromised_until: np.ndarray


def windows(
    rng: np.random.Generator,
    *,
    owners: int,
    rate: float,
    days: int,
    length: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Give some owners one window each, spread evenly over the calendar.

    Spreading them evenly, with a random offset each, keeps small worlds comparable: the
    number of windows open at a time hardly varies.

    Returns
    -------
    (start, end) : arrays of int32, seconds; both `NEVER` where an owner has no window
    """
    start = np.full(owners, NEVER, np.int32)
    end = start.copy()
    first_day = -length[1]  # so that the first day finds as many windows open as any other
    count = min(owners, round(owners * rate * (days - first_day)))
    chosen = rng.permutation(owners)[:count]
    offset = (np.arange(count) + rng.random(count)) / max(count, 1)
    start[chosen] = (first_day + offset * (days - first_day)) * DAY
    duration = rng.integers(length[0], length[1], count, endpoint=True)
    end[chosen] = start[chosen] + duration * DAY
    return start, end


def draw_terminals(rng: np.random.Generator, *, n_customers: int, days: int) -> Terminals:
    """Draw towns, shops and remote terminals for so many customers."""
    wanted = n_customers / CUSTOMERS_A_TERMINAL
    n_towns = max(4, round(wanted * PHYSICAL_SHARE / TERMINALS_A_TOWN))
    n_physical = n_towns * TERMINALS_A_TOWN
    n_remote = max(20, round(wanted * (1 - PHYSICAL_SHARE)))
    n = n_physical + n_remote
    middle = rng.random((2, n_towns)) * COUNTRY_KM * 10
    town = np.repeat(np.arange(n_towns), TERMINALS_A_TOWN)
    place = middle[:, town] + rng.normal(0, TOWN_SPREAD_KM * 10, (2, n_physical))
    # Remote terminals have no place; zeros keep the arrays aligned and are never used.
    x, y = np.rint(np.pad(place, ((0, 0), (0, n_remote)))).astype(np.int32)
    category = rng.choice(CATEGORY_SHARE.size, n, p=CATEGORY_SHARE / 100)
    old = rng.random(n) < OLD_TERMINALS
    start, end = windows(
        rng, owners=n, rate=COMPROMISED_PER_TERMINAL_DAY, days=days, length=COMPROMISED_DAYS
    )
    return Terminals(
        n_towns=n_towns,
        n_physical=n_physical,
        n_remote=n_remote,
        x=x,
        y=y,
        category=category.astype(np.int8),
        sells_tickets=rng.random(n) < TICKET_TERMINALS,
        swipe_share=np.where(old, SWIPE_SHARE_OLD, SWIPE_SHARE_NEW),
        compromised_from=start,
        compromised_until=end,
    )


def draw_customers(
    rng: np.random.Generator, *, n_active: int, days: int, terminals: Terminals
) -> Customers:
    """Draw the customers of the first day and those who replace them later.

    Account ages follow an exponential law and accounts close at the matching rate, so that
    the mix of old and new accounts stays the same through the calendar.
    """
    lifetime = rng.exponential(MEAN_ACCOUNT_DAYS, n_active)
    replaced = np.flatnonzero(lifetime < days)
    switch = np.full(n_active, NEVER, np.int32)
    switch[replaced] = lifetime[replaced] * DAY
    successor = np.arange(n_active, dtype=np.int32)
    successor[replaced] = n_active + np.arange(replaced.size)

    age = np.floor(rng.exponential(MEAN_ACCOUNT_DAYS, n_active)).astype(np.int32)
    opened_day = np.concatenate([-age, switch[replaced] // DAY])
    n = n_active + replaced.size
    # A home lies in the town of a random shop, at a distance of its own.
    town = rng.integers(0, terminals.n_towns, n, dtype=np.int32)
    shop = town * TERMINALS_A_TOWN + rng.integers(0, TERMINALS_A_TOWN, n, dtype=np.int32)
    move = np.rint(rng.normal(0, TOWN_SPREAD_KM * 10 / 2, (2, n))).astype(np.int32)
    usual = USUAL_AMOUNT_CENTS * np.exp(USUAL_AMOUNT_SPREAD * rng.standard_normal(n))
    start, end = windows(
        rng, owners=n, rate=STOLEN_PER_CUSTOMER_DAY, days=days, length=STOLEN_DAYS
    )
    risk = rng.gamma(RISK_SHAPE, 1 / RISK_SHAPE, n)
    return Customers(
        slots=np.repeat(
            np.arange(n_active, dtype=np.int32),
            rng.integers(1, 7, n_active, dtype=np.int32),
        ),
        switch=switch,
        successor=successor,
        opened_day=opened_day.astype(np.int32),
        home_x=terminals.x[shop] + move[0],
        home_y=terminals.y[shop] + move[1],
        town=town,
        age_band=rng.integers(0, 6, n, dtype=np.int8),
        usual_cents=np.maximum(np.rint(usual / 100).astype(np.int32), 5) * 100,
        remote_share=0.1 + 0.4 * rng.random(n),
        risk=np.rint(1000 * risk).astype(np.int32),
        stolen_from=start,
        stolen_until=end,
    )
