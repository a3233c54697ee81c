"""Customers who stand in the table twice: duplicates whose truth and errors are known."""

from collections.abc import Callable

import numpy as np
import pandas as pd

_GIVEN = {
    "alexander": "alex", "andrea": "andi", "anthony": "tony", "barbara": "babs",
    "benjamin": "ben", "caroline": "caro", "catherine": "kate", "charlotte": "lotte",
    "christopher": "chris", "daniel": "dan", "deborah": "debbie", "edward": "ted",
    "elizabeth": "liz", "emily": "em", "florence": "flo", "frances": "fran",
    "frederick": "fred", "gabriel": "gabe", "gerald": "jerry", "gregory": "greg",
    "henry": "harry", "isabella": "bella", "jacob": "jake", "james": "jim",
    "jennifer": "jenny", "jessica": "jess", "joseph": "joe", "katherine": "kathy",
    "leonard": "leo", "lillian": "lily", "margaret": "peggy", "martin": "marty",
    "matthew": "matt", "michael": "mike", "natalie": "nat", "nicholas": "nick",
    "patricia": "pat", "peter": "pete", "philip": "phil", "rebecca": "becky",
    "richard": "dick", "robert": "bob", "samuel": "sam", "sandra": "sandy",
    "stephen": "steve", "susan": "sue", "theodore": "theo", "thomas": "tom",
    "timothy": "tim", "valerie": "val", "victoria": "vicky", "vincent": "vince",
    "walter": "walt", "william": "bill", "zachary": "zach",
}  # fmt: skip
_FIRST = [
    "al",
    "bar",
    "car",
    "dun",
    "el",
    "far",
    "gar",
    "hol",
    "in",
    "jar",
    "kel",
    "lan",
    "mar",
    "nor",
    "ol",
    "par",
    "ros",
    "sel",
    "tor",
    "wal",
]
_MIDDLE = [
    "ber",
    "den",
    "der",
    "ing",
    "ken",
    "ley",
    "man",
    "mer",
    "ner",
    "nes",
    "ric",
    "rin",
    "sen",
    "ter",
    "ver",
]
_LAST = ["by", "dale", "field", "ford", "ham", "ley", "more", "son", "ton", "well"]
_KINDS = ("street", "road", "lane", "way", "close")
_BIRTH_YEARS = {
    "18-24": (2001, 2007), "25-34": (1991, 2000), "35-44": (1981, 1990),
    "45-54": (1971, 1980), "55-64": (1961, 1970), "65+": (1940, 1960),
}  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

ERRORS = {
    "typo in given name": 0.15,
    "short name": 0.15,
    "typo in surname": 0.15,
    "married": 0.07,
    "typo in street": 0.15,
    "moved": 0.20,
    "other phone": 0.25,
    "no phone": 0.15,
    "day and month swapped": 0.07,
    "wrong digit in birth": 0.05,
}
"""Kind of error to the share of second records that have it; kinds come independently."""

COLUMNS = ("given", "surname", "birth", "street", "postcode", "phone")


def customer_records(
    people: pd.DataFrame,
    *,
    seed: int = 0,
    copies: float = 0.5,
    households: float = 0.3,
    errors: float = 1.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give customers names and addresses, and some of them a second record with errors.

    Parameters
    ----------
    people : DataFrame
        One row a customer: ``customer``, ``home_x_km``, ``home_y_km``, ``age_band``, as in the
        payments world.
    seed : int
        At least 0.
    copies : float
        Share of customers with a second record.
    households : float
        Share of customers who live with the customer before them of the same area: one
        surname, street, postcode and phone. In one of ten such pairs the given name is the
        same, too, as with parent and child.
    errors : float
        0 or more: the shares of `ERRORS` are multiplied by it, up to 0.9 each.

    Returns
    -------
    records : DataFrame of texts
        ``given``, ``surname``, ``birth`` (YYYY-MM-DD), ``street``, ``postcode`` and ``phone``
        (empty where it is missing), in random order.
    truth : DataFrame
        For each record ``customer``, and ``errors``, its kinds joined by ", " ("" without).

    Raises
    ------
    ValueError
        If a column is missing, a customer stands there twice, nobody is there, or a share is
        out of its range.
    """
    _check(people, seed, copies, households, errors)
    rng = np.random.default_rng([seed, 31])
    people = people.sort_values(["home_x_km", "home_y_km", "customer"], kind="stable")
    first = _persons(people, rng, households)
    twice = rng.random(len(first)) < copies
    second, kinds = _copies(first[twice], rng, errors)
    records = pd.concat([first, second], ignore_index=True)
    customer = np.concatenate([people["customer"], people["customer"][twice]])
    truth = pd.DataFrame({"customer": customer, "errors": [""] * len(first) + kinds})
    order = rng.permutation(len(records))
    return (
        records.iloc[order].reset_index(drop=True),
        truth.iloc[order].reset_index(drop=True),
    )


def _check(
    people: pd.DataFrame, seed: int, copies: float, households: float, errors: float
) -> None:
    wanted = ["customer", "home_x_km", "home_y_km", "age_band"]
    missing = [name for name in wanted if name not in people.columns]
    if missing:
        raise ValueError(f"people has no column {', '.join(missing)}; expected {wanted}.")
    if people.empty:
        raise ValueError("people has no row, expected one for each customer.")
    if people["customer"].duplicated().any():
        raise ValueError(
            "people has a customer twice, expected one row a customer. Use "
            'transactions.drop_duplicates("customer").'
        )
    unknown = set(people["age_band"].astype(str)) - set(_BIRTH_YEARS)
    if unknown:
        raise ValueError(f"age_band has {sorted(unknown)}, expected {list(_BIRTH_YEARS)}.")
    for name, value in (("copies", copies), ("households", households)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}, expected a share from 0 to 1.")
    if not errors >= 0 or seed < 0:
        raise ValueError(f"errors is {errors} and seed {seed}, expected 0 or more of both.")


def _surnames(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw surnames of which few are frequent, as in a country: rank to the power of -0.7."""
    every = [a + b + c for a in _FIRST for b in _MIDDLE for c in _LAST]
    every = list(np.random.default_rng(1).permutation(every))
    weight = np.arange(1, len(every) + 1) ** -0.7
    return np.asarray(every, dtype=object)[
        rng.choice(len(every), n, p=weight / weight.sum())
    ]


def _addresses(rng: np.random.Generator, n: int) -> np.ndarray:
    names = [a + b for a in _FIRST for b in _LAST]
    parts = zip(
        rng.integers(1, 120, n), rng.choice(names, n), rng.choice(_KINDS, n), strict=True
    )
    return np.array([f"{a} {b} {c}" for a, b, c in parts], dtype=object)


def _phones(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.array([f"0{x}" for x in rng.integers(10**8, 10**9, n)], dtype=object)


def _births(rng: np.random.Generator, bands: pd.Series) -> np.ndarray:
    low, high = np.array([_BIRTH_YEARS[str(band)] for band in bands]).T
    year, month, day = (
        rng.integers(low, high + 1),
        rng.integers(1, 13, len(bands)),
        rng.integers(1, 29, len(bands)),
    )
    parts = zip(year, month, day, strict=True)
    return np.array([f"{a}-{b:02}-{c:02}" for a, b, c in parts], dtype=object)


def _persons(
    people: pd.DataFrame, rng: np.random.Generator, households: float
) -> pd.DataFrame:
    """Return the first record of each customer, without an error."""
    n = len(people)
    area = (people[["home_x_km", "home_y_km"]] // 20).astype(int)
    code = (area["home_x_km"] * 20 + area["home_y_km"]).to_numpy()
    made = pd.DataFrame(
        {
            "given": rng.choice(list(_GIVEN), n).astype(object),
            "surname": _surnames(rng, n),
            "birth": _births(rng, people["age_band"]),
            "street": _addresses(rng, n),
            "postcode": [f"{value + 1_000:04}" for value in code],
            "phone": _phones(rng, n),
        }
    )
    joins = np.flatnonzero((rng.random(n) < households) & (code == np.roll(code, 1)))
    joins = joins[joins > 0]
    for name in ("surname", "street", "phone"):
        values = made[name].to_numpy(copy=True)
        for place in joins:
            values[place] = values[place - 1]
        made[name] = values
    junior = joins[rng.random(len(joins)) < 0.1]
    given = made["given"].to_numpy(copy=True)
    given[junior] = given[junior - 1]
    return made.assign(given=given)


def _copies(
    first: pd.DataFrame, rng: np.random.Generator, errors: float
) -> tuple[pd.DataFrame, list[str]]:
    """Return second records, and the kinds of error in each."""
    n = len(first)
    made = {name: first[name].to_numpy(copy=True) for name in COLUMNS}
    has = {k: rng.random(n) < min(0.9, share * errors) for k, share in ERRORS.items()}

    def change(kind: str, name: str, how: Callable[[str], str]) -> None:
        for place in np.flatnonzero(has[kind]):
            made[name][place] = how(made[name][place])

    def typo(text: str) -> str:
        return _typo(rng, text)

    change("short name", "given", lambda name: _GIVEN.get(name, name))
    change("typo in given name", "given", typo)
    made["surname"] = np.where(has["married"], _surnames(rng, n), made["surname"])
    change("typo in surname", "surname", typo)
    change("typo in street", "street", typo)
    moved = has["moved"]
    made["street"] = np.where(moved, _addresses(rng, n), made["street"])
    postcodes = rng.permutation(made["postcode"])
    made["postcode"] = np.where(moved, postcodes, made["postcode"])
    made["phone"] = np.where(has["other phone"], _phones(rng, n), made["phone"])
    made["phone"] = np.where(has["no phone"], "", made["phone"])
    change("day and month swapped", "birth", _swapped)
    change("wrong digit in birth", "birth", lambda text: _wrong_digit(rng, text))
    kinds = [", ".join(k for k in has if has[k][i]) for i in range(n)]
    return pd.DataFrame(made), kinds


def _typo(rng: np.random.Generator, text: str) -> str:
    """Insert, leave out, replace or swap one letter, not the first one."""
    place, letter = int(rng.integers(1, len(text))), _LETTERS[rng.integers(26)]
    kind = int(rng.integers(4))
    if kind == 0:
        return text[:place] + letter + text[place:]
    if kind == 1:
        return text[:place] + text[place + 1 :]
    if kind == 2:
        return text[:place] + letter + text[place + 1 :]
    return text[: place - 1] + text[place] + text[place - 1] + text[place + 1 :]


def _swapped(birth: str) -> str:
    """Swap day and month where that is a date: a day above 12 becomes the month's."""
    year, month, day = birth.split("-")
    return f"{year}-{day}-{month}" if int(day) <= 12 else f"{year}-{day[::-1]}-{month}"


def _wrong_digit(rng: np.random.Generator, birth: str) -> str:
    place = (3, 6, 9)[rng.integers(3)]
    return birth[:place] + str((int(birth[place]) + 1) % 10) + birth[place + 1 :]
