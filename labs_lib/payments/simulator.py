"""The simulated payments world: what a company records, and the truth behind it.

A world is made in five steps: people and places (`population`); who pays when, where, how
and how much (`rows`); the true probability of fraud from inputs and hidden states (`risk`);
the label, its delay and its errors; and last the faults of the record. Everything that is
stored is an integer, so that the same seed gives the same world on every machine.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from labs_lib import schema
from labs_lib.payments import events as dated
from labs_lib.payments import population, risk, rows
from labs_lib.payments.checks import check_whole
from labs_lib.payments.events import EVENT_LETTERS, EVENTS, MAX_DAYS
from labs_lib.payments.split import DAY, MONTH_DAYS
from labs_lib.schema import MERCHANT_CATEGORIES, MILLION, SCENARIOS

MIN_TRANSACTIONS = 2_000
FRAUD_RATES = (0.001, 0.2)
"""Smallest and largest share of fraud that may be asked for."""

LABEL_DAYS = 7
LATE_LABEL_SHARE = 0.2
LATE_LABEL_DAYS = (1, 23)
"""Days until a label is known; for the late ones so many more (whole days, inclusive)."""

UNREPORTED_SHARE = 0.03
"""Share of frauds that nobody reports; as many honest payments are reported as fraud."""

N_DEVICES = 5_000
MISSING_BALANCE = 0.05
"""Share of missing balances; it is twice as high in fraud as elsewhere."""

TICKETS = MERCHANT_CATEGORIES.index("tickets")


@dataclass(frozen=True)
class World:
    """A simulated world.

    Attributes
    ----------
    transactions : DataFrame
        What a company records, sorted by time; see `labs_lib.data.load_payments`.
    truth : DataFrame
        One row a transaction, in the same order; see `labs_lib.data.load_payments_truth`.
    events : DataFrame
        The events that this world contains; see `labs_lib.data.load_payments_events`.
    """

    transactions: pd.DataFrame
    truth: pd.DataFrame
    events: pd.DataFrame


def simulate(
    *,
    n_transactions: int = 300_000,
    days: int = MAX_DAYS,
    seed: int = 0,
    fraud_rate: float = 0.01,
    events: tuple[str, ...] = EVENT_LETTERS,
) -> World:
    """Simulate card payments with known truth.

    The calendar starts on 1 January 2025; a month has 30 days; months 1 to 5 (150 days) are
    quiet. An event changes the rows of its own dates and no others. Customers and terminals
    grow with the payments per day, so that small and large worlds look alike to a model.

    Parameters
    ----------
    n_transactions : int
        Number of payments, at least 2,000.
    days : int
        Length of the calendar, 30 to 270.
    seed : int
        At least 0.
    fraud_rate : float
        Mean true probability of fraud in each month, 0.001 to 0.2; event b adds to it.
    events : tuple of str
        Letters of the events to include: "a" festival, "b" account takeover, "c" reporting
        fault, "d" holidays. An event after the last day has no effect.

    Returns
    -------
    World

    Raises
    ------
    ValueError
        If a parameter is outside its range.
    """
    columns, truth = draw(
        n_transactions=n_transactions,
        days=days,
        seed=seed,
        fraud_rate=fraud_rate,
        events=events,
    )
    return World(
        transactions=schema.payments_frame(columns),
        truth=schema.payments_truth_frame(truth),
        events=dated.event_table(days=days, events=events),
    )


def draw(
    *,
    n_transactions: int = 300_000,
    days: int = MAX_DAYS,
    seed: int = 0,
    fraud_rate: float = 0.01,
    events: tuple[str, ...] = EVENT_LETTERS,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Draw a world as integers: the columns of the two files, recorded and truth.

    Parameters and errors as in `simulate`.
    """
    check_whole("n_transactions", n_transactions, low=MIN_TRANSACTIONS)
    check_whole("days", days, low=MONTH_DAYS, high=MAX_DAYS)
    check_whole("seed", seed, low=0)
    _check_rate(fraud_rate)
    dated.check_events(events)
    rng = _streams(seed)
    n_active = max(20, round(n_transactions / days / population.PAYMENTS_A_DAY))
    terminals = population.draw_terminals(rng["places"], n_customers=n_active, days=days)
    customers = population.draw_customers(
        rng["people"], n_active=n_active, days=days, terminals=terminals
    )
    paid = _draw_payments(
        rng, customers, terminals, n=n_transactions, days=days, events=events
    )
    rates = _rates(paid, customers)
    probability = _probability(rates, paid.time, days=days, fraud_rate=fraud_rate)
    label = _draw_labels(rng["labels"], rates, probability, fraud_rate=fraud_rate)
    columns = _recorded(
        rng["details"], paid, customers, terminals, label, fraud_rate=fraud_rate
    )
    truth = {
        "transaction_id": columns["transaction_id"],
        "fraud": label.fraud.astype(np.int8),
        "scenario": label.scenario,
        "probability": probability,
        "customer_risk": customers.risk[paid.customer],
        "terminal_compromised": paid.compromised.astype(np.int8),
        "card_stolen": paid.stolen.astype(np.int8),
        "in_burst": paid.burst.astype(np.int8),
    }
    return columns, truth


@dataclass(frozen=True)
class _Payments:
    """What happened: one value a payment, in order of time."""

    time: np.ndarray  # seconds since the start
    customer: np.ndarray
    terminal: np.ndarray
    channel: np.ndarray
    category: np.ndarray
    distance: np.ndarray
    amount: np.ndarray  # cents
    twin: np.ndarray  # the amount in local money
    usual: np.ndarray  # cents that the customer usually pays
    balance: np.ndarray  # cents
    burst: np.ndarray
    stolen: np.ndarray
    compromised: np.ndarray
    during: dict[str, slice]  # the payments of each event


@dataclass(frozen=True)
class _Labels:
    """What each payment was, and what will be said of it."""

    fraud: np.ndarray
    scenario: np.ndarray
    reported: np.ndarray
    days: np.ndarray  # until the label is known


def _streams(seed: int) -> dict[str, np.random.Generator]:
    """One stream a component: a change in one leaves the draws of the others alone."""
    names = (
        "places",
        "people",
        "times",
        "bursts",
        "routes",
        "amounts",
        "labels",
        "details",
    )
    streams = np.random.SeedSequence(seed).spawn(len(names))
    return {name: np.random.default_rng(s) for name, s in zip(names, streams, strict=True)}


def _draw_payments(
    rng: dict[str, np.random.Generator],
    customers: population.Customers,
    terminals: population.Terminals,
    *,
    n: int,
    days: int,
    events: tuple[str, ...],
) -> _Payments:
    """Draw who pays when, where, how and how much."""
    time, customer, burst = rows.draw_payers(
        rng["times"], rng["bursts"], customers, n=n, days=days
    )
    during = _rows_of_events(time, events)
    stolen = time >= customers.stolen_from[customer]
    stolen &= (time < customers.stolen_until[customer]) & ~burst
    terminal, channel, distance = rows.draw_routes(
        rng["routes"],
        customers,
        terminals,
        customer=customer,
        burst=burst,
        stolen=stolen,
        during=during,
    )
    category = terminals.category[terminal]
    amount, twin, usual, balance = rows.draw_amounts(
        rng["amounts"],
        usual=customers.usual_cents[customer],
        price=population.CATEGORY_PRICE[category],
        burst=burst,
        stolen=stolen,
        during=during,
    )
    compromised = time >= terminals.compromised_from[terminal]
    compromised &= time < terminals.compromised_until[terminal]
    return _Payments(
        time=time,
        customer=customer,
        terminal=terminal,
        channel=channel,
        category=category,
        distance=distance,
        amount=amount,
        twin=twin,
        usual=usual,
        balance=balance,
        burst=burst,
        stolen=stolen,
        compromised=compromised,
        during=during,
    )


def _rates(paid: _Payments, customers: population.Customers) -> list[np.ndarray]:
    """Return the rate of each scenario of fraud, from inputs and hidden states."""
    return risk.scenario_rates(
        hour=paid.time // 3600 % 24,
        channel=paid.channel,
        category=paid.category,
        distance=paid.distance,
        amount=paid.amount,
        usual=paid.usual,
        account_age=_account_age(paid, customers),
        customer_risk=customers.risk[paid.customer],
        compromised=paid.compromised,
        stolen=paid.stolen,
        burst=paid.burst,
        takeover=paid.during["b"],
    )


def _account_age(paid: _Payments, customers: population.Customers) -> np.ndarray:
    return paid.time // DAY - customers.opened_day[paid.customer]


def _draw_labels(
    rng: np.random.Generator,
    rates: list[np.ndarray],
    probability: np.ndarray,
    *,
    fraud_rate: float,
) -> _Labels:
    """Draw what is fraud, which kind, what is reported as fraud, and when that is known."""
    n = probability.size
    fraud = rng.random(n) * MILLION < probability
    scenario = risk.draw_scenario(rates, fraud, rng.random(n))
    error = rng.random(n)
    falsely_reported = error < UNREPORTED_SHARE * fraud_rate / (1 - fraud_rate)
    reported = np.where(fraud, error >= UNREPORTED_SHARE, falsely_reported)
    scenario[reported & ~fraud] = SCENARIOS.index("label_noise")
    late = rng.random(n) < LATE_LABEL_SHARE
    more_days = rng.integers(*LATE_LABEL_DAYS, n, dtype=np.int8, endpoint=True)
    days = np.where(late, LABEL_DAYS + more_days, LABEL_DAYS).astype(np.int8)
    return _Labels(fraud, scenario, reported, days)


def _recorded(
    rng: np.random.Generator,
    paid: _Payments,
    customers: population.Customers,
    terminals: population.Terminals,
    label: _Labels,
    *,
    fraud_rate: float,
) -> dict[str, np.ndarray]:
    """Return the columns of the record: what happened, with the record's faults.

    The faults change the record only, so they come last.
    """
    category, distance, balance = (
        values.copy() for values in (paid.category, paid.distance, paid.balance)
    )
    n = paid.time.size
    device = rng.integers(0, N_DEVICES, n, dtype=np.int16)
    missing_share = np.where(label.fraud, 2, 1) * MISSING_BALANCE / (1 + fraud_rate)
    balance[rng.random(n) < missing_share] = -1

    festival, fault = paid.during["a"], paid.during["c"]
    category[festival][terminals.sells_tickets[paid.terminal[festival]]] = TICKETS
    swipe = paid.channel[fault] == rows.SWIPE
    distance[fault][swipe] *= dated.FAULT_UNIT
    balance[fault][swipe] = -1
    return {
        "transaction_id": np.arange(n, dtype=np.int32),
        "time": paid.time,
        "customer": paid.customer,
        "terminal": paid.terminal,
        "amount_cents": paid.amount,
        "amount_local": paid.twin,
        "channel": paid.channel,
        "merchant_category": category,
        "device": device,
        "distance": distance,
        "balance_cents": balance,
        "account_age_days": _account_age(paid, customers),
        "home_x": customers.home_x[paid.customer],
        "home_y": customers.home_y[paid.customer],
        "age_band": customers.age_band[paid.customer],
        "usual_amount_cents": paid.usual,
        "is_fraud": label.reported.astype(np.int8),
        "label_days": label.days,
    }


def _rows_of_events(time: np.ndarray, events: tuple[str, ...]) -> dict[str, slice]:
    """Find the rows of each event; none for an event that is switched off."""
    during = {}
    for event in EVENTS:
        first, last = np.searchsorted(time, [event.start * DAY, event.end * DAY])
        during[event.letter] = slice(first, last) if event.letter in events else slice(0)
    return during


def _probability(
    rates: list[np.ndarray], time: np.ndarray, *, days: int, fraud_rate: float
) -> np.ndarray:
    """Turn rates into the probability of fraud, in whole millionths as it is stored.

    The scale is solved for each month, so that the mean risk does not wander with the
    number of hidden states that happen to fall into a month. It leaves out the last rate,
    the takeover of event b, which comes on top. A part of a month belongs to the one
    before.
    """
    usual = np.sum(rates[:-1], axis=0)
    probability = np.empty(time.size, np.int32)
    edges = [*range(0, days - MONTH_DAYS + 1, MONTH_DAYS), days]
    for first, last in pairwise(np.searchsorted(time, np.array(edges) * DAY)):
        scale = risk.solve_scale(usual[first:last], fraud_rate)
        total = scale * (usual[first:last] + rates[-1][first:last])
        probability[first:last] = np.rint(MILLION * (1 - np.exp(-total)))
    return np.clip(probability, 1, MILLION - 1)


def _check_rate(fraud_rate: float) -> None:
    low, high = FRAUD_RATES
    if not isinstance(fraud_rate, float | int) or not low <= fraud_rate <= high:
        raise ValueError(
            f"fraud_rate is {fraud_rate!r}, expected a share from {low} to {high} "
            "(0.01 is one payment in a hundred)."
        )
