"""Exercises of the lab prepare/recipe."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab
from labs_lib.prepare.recipe import Recipe, action

lab = Lab("prepare/recipe")

_OUTCOMES = ("higher", "lower", "tie", "undecided")
lab.predict("hundred", options=_OUTCOMES)
lab.predict("month", options=_OUTCOMES)


# Exercise 1: z-scores of live rows -------------------------------------------------------

_TRAIN = np.array([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
_LIVES = [np.array([1.0, 6.0, 20.0]), np.array([9.0])]


def _scaled(x: np.ndarray, by: np.ndarray, *, ddof: int = 0) -> np.ndarray:
    spread = by.std(ddof=ddof) if len(by) > ddof else 0.0
    return (x - by.mean()) / (spread or 1.0)


def _numbers(answer: Any) -> np.ndarray:
    values = list(answer) if isinstance(answer, Iterator) else answer
    return np.asarray(values, dtype=float).ravel()


@lab.exercise(
    "z-scores of live rows",
    hints=(
        "The model was trained on numbers that mean one thing. A live value of 9 has to become "
        "the same number every day, whoever else pays in that minute.",
        "Which of the two arrays may the mean and the standard deviation come from?",
        "`(live - train.mean()) / train.std()`.",
    ),
    misconceptions={
        "live_statistics": "You take mean or spread from the live rows. A payment then gets "
        "another value in another batch, and a batch of one has no spread at all.",
        "joint": "You learn from training and live rows together. The live rows change what the "
        "model was trained on, a little more each day.",
        "min_max": "That is MIN_MAX, from 0 to 1. A z-score subtracts the mean and divides by the "
        "standard deviation.",
        "not_divided": "You subtract the mean and do not divide by the standard deviation, so the "
        "unit is still there.",
        "variance": "You divide by the variance, the square of the standard deviation.",
        "train_returned": "Return the live values, one for each live row. Yours has {got} values "
        "for {expected} live rows.",
        "other": "For the live values {live}, expected {expected}; yours gave {got}.",
    },
    praise="Nothing in it depends on the batch: one row or a million, the same numbers.",
)
def ex1(z_score: Callable) -> Wrong | None:
    """Any function with the training rows' mean and either standard deviation passes."""
    got = [_numbers(z_score(_TRAIN.copy(), live.copy())) for live in _LIVES]

    def all_close(make: Callable[[np.ndarray], np.ndarray]) -> bool:
        made = [make(live) for live in _LIVES]
        return all(
            a.shape == b.shape and np.allclose(a, b, equal_nan=True)
            for a, b in zip(got, made, strict=True)
        )

    if any(all_close(lambda x, d=d: _scaled(x, _TRAIN, ddof=d)) for d in (0, 1)):
        return None
    for answer, live in zip(got, _LIVES, strict=True):
        if answer.shape != live.shape:
            return wrong("train_returned", got=len(answer), expected=len(live))
    both = [np.concatenate([_TRAIN, live]) for live in _LIVES]
    for ddof in (0, 1):
        mixed = [_scaled(x, b, ddof=ddof) for x, b in zip(_LIVES, both, strict=True)]
        if all(np.allclose(a, b) for a, b in zip(got, mixed, strict=True)):
            return wrong("joint")
    low, high = _TRAIN.min(), _TRAIN.max()
    if all_close(lambda x: (x - low) / (high - low)):
        return wrong("min_max")
    if all_close(lambda x: x - _TRAIN.mean()):
        return wrong("not_divided")
    if any(
        all_close(lambda x, d=d: (x - _TRAIN.mean()) / _TRAIN.var(ddof=d))
        for d in (0, 1)
    ):
        return wrong("variance")
    # The value of a row must not depend on the company it is in.
    alone = _numbers(z_score(_TRAIN.copy(), _LIVES[0][:1].copy()))
    if alone.shape != (1,) or not np.isclose(alone[0], got[0][0]):
        return wrong("live_statistics")
    return wrong(
        "other",
        live=_LIVES[0].tolist(),
        expected=_scaled(_LIVES[0], _TRAIN).round(3).tolist(),
        got=got[0].round(3).tolist(),
    )


# Exercise 2: mend the recipe -------------------------------------------------------------

TRAINING_ROWS = pd.DataFrame(
    {
        "amount": [10.0, 100.0, 20.0, 50.0, 5.0, 80.0],
        "distance": [1.0, np.nan, 8.0, 3.0, np.nan, 2.0],
        "channel": ["chip", "online", "chip", "swipe", "online", "swipe"],
    }
)
LIVE_ROWS = pd.DataFrame(
    {
        "amount": [1000.0, 20.0, 7.0],
        "distance": [np.nan, 2.0, np.nan],
        "channel": ["chip", "wallet", "online"],
    },
    index=["row 1", "row 2", "row 3"],
)
BROKEN = [
    action(
        "NORMALIZATION",
        sourceColumn="amount",
        targetColumn="amount",
        strategy="Z_SCORE",
    ),
    action("LN", sourceColumn="amount", targetColumn="amount"),
    action("FILL_WITH_MEDIAN", sourceColumn="distance"),
    action(
        "FLAG_COLUMN_FROM_NULL", sourceColumn="distance", targetColumn="no_distance"
    ),
    action("ONE_HOT_ENCODING", sourceColumn="channel", invalidHandlingStrategy="SKIP"),
    action("DELETE", sourceColumn="channel"),
]


@lab.exercise(
    "mend the recipe",
    hints=(
        "Actions run in their order. What does each see of the column that it works on?",
        "Logarithm before z-score, flag before fill: the later action would destroy what the "
        "earlier one needs. And what does SKIP do with the second live row?",
        "`[BROKEN[1], BROKEN[0], BROKEN[3], BROKEN[2], ...]`, with a new ONE_HOT_ENCODING whose "
        'invalidHandlingStrategy is `"KEEP"`, then `BROKEN[5]`.',
    ),
    misconceptions={
        "steps": "Give a list of actions, as in BROKEN. The recipe refused yours: {reason}",
        "order": "The recipe refused: {reason} A z-score has negative values, and those have no "
        "logarithm.",
        "rows_lost": "{lost} live row(s) did not come out. A payment that is left out is not "
        "scored at all.",
        "refused": "The recipe refused the live rows because of a channel that training had not "
        "seen. The customer is at the till.",
        "flag_late": "`no_distance` is false everywhere: the gaps were filled before anybody "
        "asked where they were.",
        "gaps": "There are missing values left in {columns}. Fill them.",
        "columns": "Expected the columns amount, distance and no_distance, and the channels as "
        "columns of 0 and 1; got {columns}.",
        "amount": "`amount` should be the z-score of the logarithm: mean 0 and standard deviation "
        "1 on the training rows. The live amounts became {got}, expected {expected}.",
    },
    praise="Before you move an action, ask what it destroys and who needs it.",
)
def ex2(mended: list) -> Wrong | None:
    """Any list of actions with the asked-for result passes."""
    try:
        recipe = Recipe(list(mended)).fit(TRAINING_ROWS)
    except ValueError as error:
        logarithm = "LN:" in str(error)
        return wrong("order" if logarithm else "steps", reason=_sentence(error))
    try:
        out = recipe.transform(LIVE_ROWS)
    except ValueError as error:
        if "ONE_HOT_ENCODING" in str(error):
            return wrong("refused")
        return wrong("steps", reason=_sentence(error))
    if len(out) < len(LIVE_ROWS):
        return wrong("rows_lost", lost=len(LIVE_ROWS) - len(out))
    channels = {"channel_chip", "channel_online", "channel_swipe"}
    needed = {"amount", "distance", "no_distance"} | channels
    if not needed <= set(out) or "channel" in out:
        return wrong("columns", columns=", ".join(out.columns))
    if not out["no_distance"].any():
        return wrong("flag_late")
    if out.isna().any(axis=None):
        return wrong("gaps", columns=", ".join(out.columns[out.isna().any()]))
    logs = np.log(TRAINING_ROWS["amount"])
    expected = (np.log(LIVE_ROWS["amount"]) - logs.mean()) / logs.std(ddof=0)
    if not np.allclose(out["amount"], expected):
        return wrong(
            "amount",
            got=out["amount"].round(3).tolist(),
            expected=expected.round(3).tolist(),
        )
    return None


def _sentence(error: ValueError) -> str:
    # Braces in a message would be read as names to fill in.
    return json.dumps(
        str(error).replace("{", "(").replace("}", ")"), ensure_ascii=False
    )


# Exercise 3: the test that finds it ------------------------------------------------------


def _independent(transform, rows):
    together = transform(rows)
    return all(
        np.allclose(transform(rows[i : i + 1]), together[i : i + 1])
        for i in range(len(rows))
    )


_BATCH = np.array([2.0, 4.0, 9.0, 4.0])

lab.function(
    "the test that finds it",
    cases=(
        (lambda x: (x - 3.0) / 2.0, _BATCH),
        (lambda x: x - x.mean(), _BATCH),
        (lambda x: x - x[0], _BATCH),
        (lambda x: x - x[-1:], np.array([5.0, 5.0, 1.0, 5.0])),
        (np.sort, np.array([3.0, 1.0, 2.0])),
        (lambda x: np.where(x > 8, x - len(x), x), np.array([2.0, 9.0])),
        (lambda x: x - np.median(x), np.array([1.0, 2.0, 9.0])),
        (lambda x: x - x.mean(), np.array([7.0])),
        (np.log, _BATCH),
        (lambda x: x - x[-1:], np.array([5.0, 2.0, 1.0, 5.0])),
        # The last row stays as it is; all others know how many they are.
        (lambda x: x - len(x) * (np.arange(len(x)) < len(x) - 1), _BATCH),
    ),
    right=_independent,
    mistakes={
        "first_row": (
            "You try one row only. A transform may leave that row as it is alone, and move all others: "
            "`x - x[0]` does so with the first.",
            lambda f, x: bool(np.allclose(f(x[:1]), f(x)[:1])),
            lambda f, x: bool(np.allclose(f(x[-1:]), f(x)[-1:])),
        ),
        "any_row": (
            "You ask whether some row stays the same. All have to.",
            lambda f, x: any(
                np.allclose(f(x[i : i + 1]), f(x)[i : i + 1]) for i in range(len(x))
            ),
        ),
        "same_company": (
            "You change the order of the rows, but each keeps the same company. A mean does not "
            "depend on the order.",
            lambda f, x: bool(np.allclose(f(x[::-1])[::-1], f(x))),
        ),
        "order_lost": (
            "You compare sorted results. `np.sort` gives the same values, but to other rows.",
            lambda f, x: bool(
                np.allclose(
                    np.sort(f(x)), np.sort([f(x[i : i + 1])[0] for i in range(len(x))])
                )
            ),
        ),
        "inverted": (
            "The other way round: return True if no row depends on its company.",
            lambda f, x: not _independent(f, x),
        ),
    },
    hints=(
        "Transform all rows at once, and each row alone. What has to agree?",
        "`rows[i : i + 1]` is a batch of one row.",
        "`all(np.allclose(transform(rows[i : i + 1]), together[i : i + 1]) for i in range(len(rows)))`.",
    ),
    praise="Run this test on the whole service, from the raw row to the score, before each release.",
)
