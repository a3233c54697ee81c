"""The simulated tables as a user sees them, made from the integers that are stored."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

PAYMENTS_START = pd.Timestamp("2025-01-01")
"""First second of the payments world, a Wednesday."""

CHANNELS = ("chip", "swipe", "online", "phone")
MERCHANT_CATEGORIES = (
    "groceries",
    "fuel",
    "restaurants",
    "drugstore",
    "clothing",
    "transport",
    "home",
    "entertainment",
    "health",
    "electronics",
    "travel",
    "digital",
    "tickets",
)
"""The last one appears in event a only."""

AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
SCENARIOS = (
    "none",
    "high_amount",
    "compromised_terminal",
    "stolen_card",
    "card_testing",
    "customer_risk",
    "account_takeover",
    "label_noise",
)
MILLION = 1_000_000


def payments_frame(columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Turn stored payments into the table of `labs_lib.data.load_payments`.

    Parameters
    ----------
    columns : mapping from name to array of integers, shape (n,)
        Places and distances in tenths of a km, ``time`` in seconds from the start,
        ``label_days`` until the label is known; below zero is missing.
    """
    time = PAYMENTS_START.to_datetime64().astype("datetime64[s]") + columns["time"]
    return pd.DataFrame(
        {
            "transaction_id": columns["transaction_id"],
            "time": time,
            "customer": columns["customer"],
            "terminal": columns["terminal"],
            **_recorded(columns),
            "is_fraud": columns["is_fraud"],
            "label_known_at": time + columns["label_days"].astype("timedelta64[D]"),
        },
        copy=False,
    )


def payments_truth_frame(columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Turn the stored truth into the table of `labs_lib.data.load_payments_truth`.

    Parameters
    ----------
    columns : mapping from name to array of integers, shape (n,)
        ``probability`` in millionths, ``customer_risk`` in thousandths.
    """
    return pd.DataFrame(
        {
            "transaction_id": columns["transaction_id"],
            "fraud": columns["fraud"],
            "scenario": _categories(columns["scenario"], SCENARIOS),
            "probability": columns["probability"] / MILLION,
            "customer_risk": columns["customer_risk"] / 1000,
            "terminal_compromised": columns["terminal_compromised"].astype(bool),
            "card_stolen": columns["card_stolen"].astype(bool),
            "in_burst": columns["in_burst"].astype(bool),
        },
        copy=False,
    )


def causes_frames(
    columns: Mapping[str, np.ndarray],
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Turn the stored integers of a table of causes into X, y and probability.

    Parameters
    ----------
    columns : mapping from name to array of integers, shape (n,)
        Inputs as in `payments_frame`, ``probability`` in millionths.
    """
    return (
        causes_inputs(columns),
        pd.Series(columns["is_fraud"], name="is_fraud"),
        pd.Series(columns["probability"] / MILLION, name="probability"),
    )


def causes_inputs(columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Turn the stored integers of a table of causes into X, shape (n, 14)."""
    return pd.DataFrame(
        {
            **_recorded(columns),
            "hour": columns["hour"],
            "customer_count_1d": columns["customer_count_1d"],
        },
        copy=False,
    )


def _recorded(columns: Mapping[str, np.ndarray]) -> dict[str, object]:
    """Columns that describe one payment, the same in every simulated table."""
    return {
        "amount_cents": columns["amount_cents"],
        "amount_local": columns["amount_local"],
        "channel": _categories(columns["channel"], CHANNELS),
        "merchant_category": _categories(columns["merchant_category"], MERCHANT_CATEGORIES),
        "device": columns["device"],
        "distance_km": _missing_below_zero(columns["distance"]) / 10,
        "balance_cents": _missing_below_zero(columns["balance_cents"]),
        "account_age_days": columns["account_age_days"],
        "home_x_km": columns["home_x"] / 10,
        "home_y_km": columns["home_y"] / 10,
        "age_band": _categories(columns["age_band"], AGE_BANDS, ordered=True),
        "usual_amount_cents": columns["usual_amount_cents"],
    }


def _categories(
    codes: np.ndarray, names: tuple[str, ...], *, ordered: bool = False
) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, categories=list(names), ordered=ordered)


def _missing_below_zero(values: np.ndarray) -> np.ndarray:
    return np.where(values < 0, np.nan, values)
