"""A game, and what a player sees and may answer."""

import numpy as np
import pytest

from labs_lib.capstone import play
from tests.capstone.conftest import POLICY

CHECKS = """
import pandas as pd

def on_day(today):
    notes = today.notes
    if today.day == 0:
        assert notes == {}
        notes["seen"] = 0
    notes["seen"] += 1
    assert notes["seen"] == today.day + 1
    assert not {"is_fraud", "label_known_at"} & set(today.payments)
    history = today.history
    assert history["day"].max() == today.day
    assert history["transaction_id"].is_unique
    known = history[history["is_fraud"].notna()]
    now = pd.Timestamp("2025-01-01") + pd.Timedelta(days=41 + today.day)
    assert (known["label_known_at"] < now).all()
    assert history[history["day"] == today.day]["is_fraud"].isna().all()
    assert set(today.labels["transaction_id"]) <= set(known["transaction_id"])
    assert len(today.scores) == len(today.payments)
    assert today.versions[0] == "v1"
    assert (today.score_with("v1") == today.scores).all() or today.serving != "v1"
    train = today.day == 5
    return {"threshold": 0.001, "train": train, "serve": "v2" if train else None}
"""


def test_a_player_sees_what_was_known_and_no_more(hand_in, world):
    game = play(hand_in(CHECKS), world, level="limits")
    assert (game.failed_on, game.failure) == (None, "")
    assert game.trained == [5]
    assert game.served == {0: "v1", 6: "v2"}
    live = world.payments[world.day >= 0]
    assert np.array_equal(game.scores, live["amount_cents"] / 1e7)
    assert np.array_equal(game.alert, game.scores >= 0.001)


def test_every_level_plays_the_same_game(hand_in, world):
    from labs_lib.capstone import cage

    levels = cage.LEVELS[: 1 + cage.LEVELS.index(cage.strongest())]
    games = [play(hand_in(), world, level=level) for level in levels]
    assert [game.level for game in games] == list(levels)
    assert all(game.failed_on is None for game in games)
    assert all(np.array_equal(game.alert, games[0].alert) for game in games)


WRONG = {
    "no dict": ("return [1]", "expected a dict"),
    "both": ("return {'threshold': 1, 'alert': []}", "not both"),
    "neither": ("return {}", "either threshold or alert"),
    "unknown": ("return {'threshold': 1, 'block': 2}", "'block'"),
    "length": ("return {'alert': [True]}", "one a payment"),
    "version": ("return {'threshold': 1, 'serve': 'v9'}", "'v9'"),
    "error": ("return 1 / 0", "ZeroDivisionError"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_policy_that_answers_wrongly_is_told(hand_in, world, case):
    body, text = WRONG[case]
    policy = f"def on_day(today):\n    if today.day == 3:\n        {body}\n    return {{'threshold': 0.001}}\n"
    game = play(hand_in(policy), world, level="limits")
    assert game.failed_on == 3
    assert text in game.failure
    answered = world.day[world.day >= 0] < 3
    assert game.alert[answered].any()
    assert not game.alert[~answered].any()


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"train": "raise SystemExit(3)"}, "train.py ended with code 3"),
        ({"inference": "x = 1"}, "no function model_fn, predict_fn"),
        ({"policy": "def day(): pass"}, "no function on_day"),
        ({"policy": "def on_day(:"}, "SyntaxError"),
    ],
)
def test_a_folder_that_cannot_begin_is_told(hand_in, world, files, text):
    game = play(hand_in(files.pop("policy", POLICY), **files), world, level="limits")
    assert game.failed_on == -1
    assert text in game.failure
    assert not game.alert.any()
