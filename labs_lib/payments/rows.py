"""The recorded inputs of each payment: who pays when, where and how, and how much."""

import numpy as np

from labs_lib.payments import events
from labs_lib.payments.population import TERMINALS_A_TOWN, Customers, Terminals
from labs_lib.payments.split import DAY
from labs_lib.schema import CHANNELS, PAYMENTS_START

CHIP, SWIPE, ONLINE, PHONE = range(len(CHANNELS))

# Weights of the weekdays from Monday, and of the hours of a day, six in a row.
WEEKDAY_WEIGHTS = np.array([0.90, 0.92, 0.96, 1.00, 1.20, 1.25, 0.77])
# fmt: off
HOUR_WEIGHTS = np.array([
    4, 2, 1, 1, 1, 3,
    10, 22, 36, 44, 50, 60,
    70, 58, 50, 50, 56, 68,
    74, 64, 48, 34, 20, 9,
])
# fmt: on

PHONE_SHARE = 0.2
"""Of the payments that are not made in a shop."""

AWAY_SHARE = 0.04
STOLEN_AWAY_SHARE = 0.7
"""Share of shop payments made in a random town; on a stolen card it is higher."""

AMOUNT_SPREAD = 0.55
STOLEN_AMOUNT_SPREAD = 1.0
STOLEN_PRICE = 2.5
"""Log standard deviation of amounts; on a stolen card it is wider and the middle higher."""

AMOUNT_CENTS = (50, 5_000_000)
"""Smallest and largest amount."""

TWIN_RATE = 0.85
TWIN_SPREAD = 0.1
"""The twin: the amount in another currency, with noise for a correlation of 0.99."""

BALANCE_TIMES_USUAL = 30
BALANCE_SPREAD = 1.0
"""Median of the balance, in usual amounts, and its log standard deviation."""

BURSTS_PER_PAYMENT = 0.0005
BURST_SIZES = (4, 10)
BURST_GAP_SECONDS = 60
"""Card-testing bursts: how many, of how many payments, how far apart on average."""

BURST_CENTS = 300
BURST_SPREAD = 0.4
"""Median and log standard deviation of amounts in a burst."""


def draw_payers(
    times: np.random.Generator,
    bursts: np.random.Generator,
    customers: Customers,
    *,
    n: int,
    days: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw second, customer and burst mark of `n` payments, in order of time."""
    burst_time, burst_customer = draw_bursts(bursts, customers, n=n, days=days)
    n_plain = n - burst_time.size
    # Running sums of exponential gaps are uniform points already in order: nothing to sort.
    gaps = np.cumsum(times.standard_exponential(n_plain + 1))
    weekday = (np.arange(days) + PAYMENTS_START.weekday()) % 7
    intensity = np.outer(WEEKDAY_WEIGHTS[weekday], HOUR_WEIGHTS).ravel()
    knots = np.concatenate([[0], np.cumsum(intensity)])
    uniform = gaps[:-1] * (knots[-1] / gaps[-1])
    seconds = np.interp(uniform, knots, np.arange(knots.size) * 3600.0)
    time = np.minimum(seconds.astype(np.int32), days * DAY - 1)

    customer = customers.slots[times.integers(0, customers.slots.size, n_plain, np.int32)]
    moved = time >= customers.switch[customer]
    customer[moved] = customers.successor[customer[moved]]

    place = np.searchsorted(time, burst_time, side="right")
    burst = np.insert(np.zeros(n_plain, bool), place, True)
    time = np.insert(time, place, burst_time)
    return time, np.insert(customer, place, burst_customer), burst


def draw_bursts(
    rng: np.random.Generator, customers: Customers, *, n: int, days: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw second and customer of the payments in card-testing bursts, in order of time.

    The bursts are spread evenly over the calendar, with a random offset each.
    """
    count = max(1, round(n * BURSTS_PER_PAYMENT))
    start = ((np.arange(count) + rng.random(count)) / count * days * DAY).astype(np.int64)
    owner = customers.slots[rng.integers(0, customers.slots.size, count)]
    owner = np.where(start >= customers.switch[owner], customers.successor[owner], owner)
    size = rng.integers(*BURST_SIZES, count, endpoint=True)
    gap = np.rint(rng.exponential(BURST_GAP_SECONDS, size.sum())).astype(np.int64)
    first = np.cumsum(size) - size
    elapsed = np.cumsum(gap)
    time = np.repeat(start - elapsed[first], size) + elapsed
    order = np.argsort(time, kind="stable")
    time = np.minimum(time[order], days * DAY - 1).astype(np.int32)
    return time, np.repeat(owner, size)[order]


def draw_routes(
    rng: np.random.Generator,
    customers: Customers,
    terminals: Terminals,
    *,
    customer: np.ndarray,
    burst: np.ndarray,
    stolen: np.ndarray,
    during: dict[str, slice],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw terminal, channel and distance (tenths of a km, -1 online and by phone)."""
    n = customer.size
    remote = rng.random(n) < customers.remote_share[customer]
    remote |= burst
    away_share = np.full(n, AWAY_SHARE)
    away_share[during["d"]] = events.HOLIDAY_AWAY_SHARE
    away_share[stolen] = STOLEN_AWAY_SHARE
    away = rng.random(n) < away_share
    other_town = rng.integers(0, terminals.n_towns, n, np.int32)
    town = np.where(away, other_town, customers.town[customer])
    # Some terminals of a town are three times busier than others.
    popular = rng.random(n)
    popular = (popular + popular * popular) / 2
    shop = town * TERMINALS_A_TOWN + (popular * TERMINALS_A_TOWN).astype(np.int32)
    website = terminals.n_physical + (popular * terminals.n_remote).astype(np.int32)
    terminal = np.where(remote, website, shop)

    phone_share = np.full(n, PHONE_SHARE)
    phone_share[during["a"]] = events.FESTIVAL_PHONE_SHARE
    second = rng.random(n) < np.where(remote, phone_share, terminals.swipe_share[terminal])
    channel = np.where(remote, ONLINE, CHIP).astype(np.int8) + second.astype(np.int8)
    dx = customers.home_x[customer] - terminals.x[terminal]
    dy = customers.home_y[customer] - terminals.y[terminal]
    distance = np.rint(np.sqrt((dx * dx + dy * dy).astype(float))).astype(np.int32)
    distance[remote] = -1
    return terminal, channel, distance


def draw_amounts(
    rng: np.random.Generator,
    *,
    usual: np.ndarray,
    price: np.ndarray,
    burst: np.ndarray,
    stolen: np.ndarray,
    during: dict[str, slice],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw amount, its twin, the usual amount as recorded, and the balance, all in cents.

    Parameters
    ----------
    rng : Generator
        The stream of the amounts.
    usual : array of int, shape (n,)
        The customer's usual amount before events.
    price : array of float, shape (n,)
        What a payment at that terminal costs, relative to the usual amount.
    burst, stolen : arrays of bool, shape (n,)
        Hidden states of payment and card.
    during : dict
        The rows of each event.
    """
    # Events move amounts and usual amounts together, so that their ratio, and with it the
    # risk, stays.
    level = np.ones(usual.size)
    level[during["a"]] = events.FESTIVAL_PRICE
    level[during["d"]] = events.HOLIDAY_PRICE
    usual = np.rint(usual * level).astype(np.int32)

    middle = usual * price
    middle[stolen] *= STOLEN_PRICE
    middle[burst] = BURST_CENTS * level[burst]
    spread = np.full(usual.size, AMOUNT_SPREAD)
    spread[stolen] = STOLEN_AMOUNT_SPREAD
    spread[burst] = BURST_SPREAD
    exact = middle * np.exp(spread * rng.standard_normal(usual.size))
    amount = np.rint(np.clip(exact, *AMOUNT_CENTS)).astype(np.int32)

    noise = np.exp(TWIN_SPREAD * rng.standard_normal(usual.size))
    twin = np.rint(amount * noise * TWIN_RATE).astype(np.int32)
    balance = np.exp(BALANCE_SPREAD * rng.standard_normal(usual.size))
    balance *= usual * BALANCE_TIMES_USUAL
    balance[during["d"]] *= events.HOLIDAY_BALANCE / events.HOLIDAY_PRICE
    return amount, twin, usual, np.rint(balance).astype(np.int32)
