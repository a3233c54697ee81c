"""The bill, its parts, and the command."""

import json

import numpy as np
import pandas as pd
import pytest

from labs_lib import cli
from labs_lib.capstone import draw_world, folder, new_folder, read_folder, score, scoring
from labs_lib.capstone.cage import Limits
from labs_lib.capstone.game import Game

SMALL = {"payments_a_day": 60, "history_days": 40, "live_days": 20}


@pytest.fixture
def small(monkeypatch):
    """Make worlds small, so that a game takes seconds."""
    monkeypatch.setattr(scoring, "draw_world", lambda secret: draw_world(secret, **SMALL))


def game_of(world, alert, scores):
    live = world.day >= 0
    return Game(alert=alert[live], scores=scores[live])


def test_the_true_probability_is_the_cheapest_rule_on_average():
    gains = []
    for secret in range(20):
        world = draw_world(secret, **SMALL)
        bill = scoring._Bill(world)
        ideal = bill.truth()
        worse = ideal ^ (np.arange(ideal.size) % 7 == 0)
        gains.append((bill(ideal), bill(worse), bill(np.zeros(ideal.size, bool))))
    ideal, worse, none = np.array(gains).mean(axis=0)
    assert ideal < worse
    assert ideal < none


def test_parts_add_up_to_what_was_lost():
    solution = folder.shipped("starter")
    games, secrets = [], tuple(range(4))
    for secret in secrets:
        world = draw_world(secret)
        noise = np.random.default_rng(secret).normal(0, 1, world.day.size)
        scores = np.log(world.probability) + noise
        games.append(game_of(world, scores > -2, scores))
    result = scoring._result(solution, "limits", secrets, games, games)
    lost = result.costs["yours"] - result.costs["true probability"]
    pd.testing.assert_series_equal(result.parts.sum(axis=1), lost, check_names=False)
    assert (result.costs["yours"] == result.costs["course's solution"]).all()


def test_scores_that_are_the_truth_lose_next_to_nothing_by_features():
    secrets = tuple(range(4))
    worlds = [draw_world(secret) for secret in secrets]
    games = [game_of(w, w.probability > 0.1, w.probability) for w in worlds]
    blind = [game_of(w, w.probability > 2, np.zeros(w.day.size)) for w in worlds]
    of = folder.shipped("starter")
    good, bad = (scoring._result(of, "limits", secrets, g, games) for g in (games, blind))
    assert good.parts["features"].mean() < 0.1 * bad.parts["features"].mean()
    assert (bad.costs["yours"] == bad.costs["block nothing"]).all()


def test_a_score_names_hash_level_and_secrets_and_can_be_played_again(small, tmp_path):
    new_folder(tmp_path / "mine")
    limits = Limits(wall=120)
    first = score(tmp_path / "mine", worlds=2, limits=limits)
    assert first.sha256 == read_folder(tmp_path / "mine").sha256
    assert len(set(first.secrets)) == 2
    assert not first.failures
    again = score(tmp_path / "mine", replay=first.secrets, limits=limits)
    pd.testing.assert_frame_equal(first.costs, again.costs)
    scoring.write_record(tmp_path / "record.json", first)
    assert scoring.read_secrets(tmp_path / "record.json") == (first.sha256, first.secrets)
    assert first.level == json.loads((tmp_path / "record.json").read_text())["level"]


def test_the_hash_is_over_names_and_contents(tmp_path):
    new_folder(tmp_path / "a")
    new_folder(tmp_path / "b")
    one = read_folder(tmp_path / "a").sha256
    assert one == read_folder(tmp_path / "b").sha256
    (tmp_path / "b" / "__pycache__").mkdir()
    (tmp_path / "b" / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert one == read_folder(tmp_path / "b").sha256
    (tmp_path / "b" / "more.py").write_text("")
    changed = read_folder(tmp_path / "b").sha256
    (tmp_path / "b" / "more.py").rename(tmp_path / "b" / "less.py")
    assert len({one, changed, read_folder(tmp_path / "b").sha256}) == 3


def test_folders_that_cannot_be_played_are_refused(tmp_path, capsys):
    def refused(*arguments):
        assert cli.main(["capstone", *map(str, arguments)]) == 1
        return capsys.readouterr().err

    assert "is no folder" in refused("score", tmp_path / "none")
    mine = tmp_path / "mine"
    assert cli.main(["capstone", "new", str(mine)]) == 0
    capsys.readouterr()
    assert "not empty" in refused("new", mine)
    assert "from 2" in refused("score", mine, "--worlds", 1)
    assert "is no record" in refused("score", mine, "--replay", mine / "policy.py")
    assert "writes no new one" in refused("score", mine, "--record", tmp_path / "x" / "y")
    (mine / "policy.py").rename(tmp_path / "policy.py")
    assert "lacks policy.py" in refused("score", mine)
    (mine / "policy.py").symlink_to(tmp_path / "policy.py")
    assert "is a link" in refused("score", mine)
    (mine / "policy.py").unlink()
    (mine / "policy.py").write_bytes(b"#" * 6_000_000)
    assert "more than" in refused("score", mine)


def test_a_record_of_another_folder_is_refused(tmp_path, capsys):
    new_folder(tmp_path / "mine")
    record = {"sha256": "0" * 64, "secrets": ["1", "2"]}
    (tmp_path / "record.json").write_text(json.dumps(record))
    command = ["capstone", "score", str(tmp_path / "mine"), "--replay"]
    assert cli.main([*command, str(tmp_path / "record.json")]) == 1
    assert "have changed since" in capsys.readouterr().err


def test_the_command_reports_and_keeps_a_record(small, tmp_path, capsys):
    new_folder(tmp_path / "mine")
    with (tmp_path / "mine" / "policy.py").open("a") as file:
        file.write("\n\ndef on_day(today):\n    return {'alert': 1}\n")
    record = tmp_path / "record.json"
    command = ["capstone", "score", str(tmp_path / "mine"), "--worlds", "2"]
    assert cli.main([*command, "--record", str(record)]) == 1
    shown = capsys.readouterr().out
    for text in (
        "taken before",
        "course's solution",
        "threshold",
        "one a payment",
        "Record",
    ):
        assert text in shown
    assert set(json.loads(record.read_text())["failures"]) == {"0", "1"}
