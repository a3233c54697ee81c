"""Which accounts of a world use the same devices and cards: households, strangers, rings.

The payments world has customers and homes. Here they become accounts with addresses, phones,
tablets and cards, and some accounts are made members of rings of fraud. Who is in a ring is
known, and so is why an innocent account shares something: with its household, with whoever
used the phone before, or at a public device.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from labs_lib.payments.checks import check_whole

HOUSEHOLD_SHARE = (0.35, 0.30, 0.15, 0.15, 0.05)
"""Share of households with one to five accounts."""

TABLET_SHARE = 0.7
"""Share of households of two or more that have a device for all."""

FAMILY_CARD_SHARE = 0.4
"""Share of households of two or more of which two accounts use one card."""

RING_SIZES = (3, 8)
"""Fewest and most accounts of a ring, if nothing else is asked."""

AT_A_PUBLIC_DEVICE = 12
"""Accounts that used one public device, such as a tablet in a shop."""

SHAPES = ("star", "chain")
"""How a ring shares: one device and one card for all, or one thing from each to the next."""


@dataclass(frozen=True)
class SharedUse:
    """Who used what.

    Attributes
    ----------
    accounts : DataFrame, a row an account, ascending
        `account`: number of the customer; `address`: number of the home, as the bank records
        it; `ring`: number of the ring, -1 for the innocent. The bank does not know `ring`.
    uses : DataFrame, a row an account and a thing, in order, each pair once
        `account`; `thing`: name of a device or card, which begins with its kind; `kind`:
        ``"device"`` or ``"card"``.
    """

    accounts: pd.DataFrame
    uses: pd.DataFrame


def plant_rings(
    transactions: pd.DataFrame,
    *,
    seed: int = 0,
    rings: int = 12,
    shape: str = "star",
    sizes: tuple[int, int] = RING_SIZES,
    second_hand: float = 0.05,
    public_devices: int = 4,
) -> SharedUse:
    """Give the customers of a world addresses, devices and cards, and plant rings among them.

    Neighbours become households; they share a tablet and a card with the shares above. The
    members of a ring come from different households, keep what they had, and share more. An
    innocent member of their household is still innocent.

    Parameters
    ----------
    transactions : DataFrame
        With the columns `customer`, `home_x_km` and `home_y_km`, as in a `World`.
    seed : int
        At least 0.
    rings : int
        Number of rings, at least 0. There have to be as many households as members.
    shape : str
        One of `SHAPES`.
    sizes : two ints
        Fewest and most accounts of a ring, at least 2; each size between as often.
    second_hand : float
        Share of phones that another account, drawn at random, has used too; 0 to 1.
    public_devices : int
        Number of devices that `AT_A_PUBLIC_DEVICE` accounts each, drawn at random, have used.

    Returns
    -------
    SharedUse

    Raises
    ------
    ValueError
        If a column is missing, a parameter is outside its range, or accounts are too few.
    """
    _check(transactions, seed, rings, shape, sizes, second_hand, public_devices)
    # One stream a component: rings are the same with and without strangers.
    homes, strangers, planted = map(
        np.random.default_rng, np.random.SeedSequence([seed, 7]).spawn(3)
    )
    accounts = _households(transactions, homes)
    n = len(accounts)
    if n < AT_A_PUBLIC_DEVICE:
        raise ValueError(
            f"transactions have {n} customers, expected at least {AT_A_PUBLIC_DEVICE}. "
            "Take a larger world."
        )
    pairs = [(i, f"{kind}-{i}") for i in range(n) for kind in ("card", "device")]
    pairs += _shared_at_home(accounts["address"].to_numpy(), homes)
    for phone in np.flatnonzero(strangers.random(n) < second_hand):
        pairs.append((int(strangers.integers(n)), f"device-{phone}"))
    for number in range(public_devices):
        visitors = strangers.permutation(n)[:AT_A_PUBLIC_DEVICE]
        pairs += [(int(i), f"device-public-{number}") for i in visitors]
    ring, shared = _rings(accounts["address"].to_numpy(), planted, rings, shape, sizes)
    uses = pd.DataFrame([*pairs, *shared], columns=["place", "thing"]).drop_duplicates()
    uses = uses.sort_values(["place", "thing"], ignore_index=True)
    return SharedUse(
        accounts=accounts.assign(ring=ring),
        uses=pd.DataFrame(
            {
                "account": accounts["account"].to_numpy()[uses["place"]],
                "thing": uses["thing"],
                "kind": uses["thing"].str.split("-").str[0],
            }
        ),
    )


def _households(transactions: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Cut the customers, in the order of their homes, into households."""
    homes = transactions.groupby("customer")[["home_x_km", "home_y_km"]].first()
    cell = (homes / 2).round().astype(int).reset_index()
    near = cell.sort_values(["home_x_km", "home_y_km", "customer"])["customer"].to_numpy()
    sizes = rng.choice(len(HOUSEHOLD_SHARE), len(near), p=HOUSEHOLD_SHARE) + 1
    address = np.repeat(np.arange(len(sizes)), sizes)[: len(near)]
    found = pd.DataFrame({"account": near, "address": address})
    return found.sort_values("account", kind="stable", ignore_index=True)


def _shared_at_home(address: np.ndarray, rng: np.random.Generator) -> list[tuple[int, str]]:
    """Return what the accounts of a household share."""
    found = []
    for number in range(address.max() + 1):
        members = np.flatnonzero(address == number)
        tablet, card = rng.random(2)
        if len(members) < 2:
            continue
        if tablet < TABLET_SHARE:
            found += [(int(i), f"device-home-{number}") for i in members]
        if card < FAMILY_CARD_SHARE:
            found += [(int(i), f"card-home-{number}") for i in members[:2]]
    return found


def _rings(
    address: np.ndarray,
    rng: np.random.Generator,
    rings: int,
    shape: str,
    range_of_sizes: tuple[int, int],
) -> tuple[np.ndarray, list[tuple[int, str]]]:
    """Return the ring of each account, and what the members share."""
    ring = np.full(len(address), -1)
    order = rng.permutation(len(address))
    # The first account of each address in this order: members come from different homes.
    _, first = np.unique(address[order], return_index=True)
    free = order[np.sort(first)]
    sizes = rng.integers(*range_of_sizes, rings, endpoint=True)
    if sizes.sum() > len(free):
        raise ValueError(
            f"{rings} rings have {sizes.sum()} members, and there are {len(free)} households. "
            "Take fewer rings, or a larger world."
        )
    shared = []
    ends = np.cumsum(sizes)
    for number, members in enumerate(np.split(free[: sizes.sum()], ends[:-1])):
        ring[members] = number
        if shape == "star":
            for kind in ("card", "device"):
                shared += [(int(i), f"{kind}-ring-{number}") for i in members]
        else:
            for step in range(len(members) - 1):
                thing = f"{('device', 'card')[step % 2]}-ring-{number}-{step}"
                shared += [(int(i), thing) for i in members[step : step + 2]]
    return ring, shared


def _check(
    transactions: pd.DataFrame,
    seed: int,
    rings: int,
    shape: str,
    sizes: tuple[int, int],
    second_hand: float,
    public_devices: int,
) -> None:
    needed = ["customer", "home_x_km", "home_y_km"]
    if missing := [name for name in needed if name not in transactions.columns]:
        raise ValueError(
            f"transactions lack {' and '.join(missing)}. Give the transactions of a world."
        )
    check_whole("seed", seed, low=0)
    check_whole("rings", rings, low=0)
    check_whole("public_devices", public_devices, low=0)
    if shape not in SHAPES:
        raise ValueError(f"shape is {shape!r}, expected one of {', '.join(SHAPES)}.")
    fewest, most = sizes
    check_whole("sizes[0]", fewest, low=2)
    check_whole("sizes[1]", most, low=fewest)
    if not isinstance(second_hand, float | int) or not 0 <= second_hand <= 1:
        raise ValueError(f"second_hand is {second_hand!r}, expected a share from 0 to 1.")
