"""What a player's answers cost, beside three references, and where the money was lost."""

import json
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import labs_lib
from labs_lib import payments, settings, stats
from labs_lib.capstone.cage import Limits, check_level
from labs_lib.capstone.folder import HandedIn, read_folder, shipped
from labs_lib.capstone.game import Game, play
from labs_lib.capstone.worlds import SECRET_BITS, CapstoneWorld, draw_world
from labs_lib.files import write_text
from labs_lib.payments.cost import ALERT_COST, BLOCKED_COST, MISSED_FIXED

WORLDS = 10
TRAINING_COST = 50.0
"""Euros for each training after the first."""

COSTS = ("yours", "block nothing", "course's solution", "true probability")
PARTS = ("threshold", "features", "change", "training")


@dataclass(frozen=True)
class Score:
    """The result of a folder.

    Attributes
    ----------
    sha256 : str
        Of the folder, taken before any world was drawn.
    level : str
        Level of protection.
    secrets : tuple of int
        Of the worlds, revealed with the result.
    costs : DataFrame, shape (worlds, 4)
        Euros; columns `COSTS`.
    parts : DataFrame, shape (worlds, 4)
        Where the difference to the true probability was lost, in euros; columns `PARTS`,
        which add up to it.
    failures : dict from int to str
        What happened in worlds that were not played to the end.
    """

    sha256: str
    level: str
    secrets: tuple[int, ...]
    costs: pd.DataFrame
    parts: pd.DataFrame
    failures: dict[int, str]

    def against(self, reference: str) -> stats.Comparison:
        """Return yours minus a reference, in pairs: euros a world, below 0 is better.

        Raises
        ------
        ValueError
            With fewer than two worlds.
        """
        return stats.worlds(self.costs["yours"], self.costs[reference])

    def record(self) -> dict[str, Any]:
        """Return the result as JSON holds it; with it, somebody else can play it again."""
        return {
            "course": labs_lib.__version__,
            "scored_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": self.sha256,
            "level": self.level,
            "secrets": [f"{secret:032x}" for secret in self.secrets],
            "costs": self.costs.round(2).to_dict("list"),
            "parts": self.parts.round(2).to_dict("list"),
            "failures": {str(world): text for world, text in self.failures.items()},
        }


def score(
    folder: str | Path,
    *,
    worlds: int = WORLDS,
    level: str = "strongest",
    limits: Limits | None = None,
    replay: Sequence[int] | None = None,
    told: Callable[[int, int], None] = lambda done, all_: None,
) -> Score:
    """Score a folder in worlds that are drawn after it was read and hashed.

    Parameters
    ----------
    folder : path
    worlds : int
        At least 2.
    level : {"strongest", "limits", "namespace", "bubblewrap"}
    limits : Limits, optional
    replay : sequence of int, optional
        Secrets of an earlier result, to play it again; `worlds` is not used then.
    told : function
        Called with games played and games in all.

    Returns
    -------
    Score

    Raises
    ------
    ValueError
        If the folder or a number is not as expected, or this machine does not offer the level.
    """
    if replay is None and (not isinstance(worlds, int) or worlds < 2):
        raise ValueError(f"worlds is {worlds!r}, expected a whole number from 2.")
    handed_in = read_folder(folder)
    level = check_level(level)
    solution = shipped("solution")
    drawn = tuple(replay) if replay else _secrets(worlds)

    done = 0

    def one(secret: int, player: HandedIn) -> Game:
        nonlocal done
        game = play(player, draw_world(secret), limits=limits, level=level)
        done += 1
        told(done, 2 * len(drawn))
        return game

    with ThreadPoolExecutor(settings.n_jobs()) as pool:
        games = list(pool.map(lambda secret: one(secret, handed_in), drawn))
        solved = list(pool.map(lambda secret: one(secret, solution), drawn))
    broken = [game.failure for game in solved if game.failed_on is not None]
    if broken:
        raise RuntimeError(
            f"the course's own solution did not reach its last day: {broken[0]}"
        )
    return _result(handed_in, level, drawn, games, solved)


def _secrets(worlds: int) -> tuple[int, ...]:
    return tuple(secrets.randbits(SECRET_BITS) for _ in range(worlds))


def _result(
    handed_in: HandedIn,
    level: str,
    drawn: tuple[int, ...],
    games: list[Game],
    solved: list[Game],
) -> Score:
    costs, parts = [], []
    for secret, game, reference in zip(drawn, games, solved, strict=True):
        world = draw_world(secret)
        bill = _Bill(world)
        ideal = bill.truth()
        none = np.zeros(ideal.size, bool)
        costs.append(
            (
                bill(game.alert) + TRAINING_COST * len(game.trained),
                bill(none),
                bill(reference.alert) + TRAINING_COST * len(reference.trained),
                bill(ideal),
            )
        )
        parts.append(_lost(bill, game, ideal))
    return Score(
        sha256=handed_in.sha256,
        level=level,
        secrets=drawn,
        costs=pd.DataFrame(costs, columns=list(COSTS)),
        parts=_parts(pd.DataFrame(parts)),
        failures={i: game.failure for i, game in enumerate(games) if game.failure},
    )


class _Bill:
    """The bill of a world's live days."""

    def __init__(self, world: CapstoneWorld) -> None:
        live = world.day >= 0
        self.fraud = world.fraud[live]
        self.cents = world.payments["amount_cents"].to_numpy()[live]
        self.probability = world.probability[live]
        first = min(event.start for event in world.events)
        self.quiet = world.day[live] < first
        self.quiet_days = first
        self.days = int(world.day[-1]) + 1

    def __call__(self, alert: np.ndarray, rows: np.ndarray | None = None) -> float:
        rows = np.ones(alert.size, bool) if rows is None else rows
        return payments.cost(self.fraud[rows], alert[rows], self.cents[rows])

    def truth(self) -> np.ndarray:
        """Alert where the true probability says that an alert is cheaper."""
        pass_on = self.probability * (self.cents / 100 + MISSED_FIXED)
        return pass_on > ALERT_COST + BLOCKED_COST * (1 - self.probability)

    def best(self, scores: np.ndarray, rows: np.ndarray) -> float:
        """Return the cost of the threshold that was the best one, seen from the end."""
        judged = (self.fraud[rows], scores[rows], self.cents[rows])
        threshold = payments.best_threshold(*judged)
        return payments.cost(judged[0], judged[1] >= threshold, judged[2])


def _lost(bill: _Bill, game: Game, ideal: np.ndarray) -> dict[str, float]:
    """Split what a game lost against the truth, before and after the first event."""
    found = {"training": TRAINING_COST * len(game.trained), "threshold": 0.0}
    for name, rows in (("quiet", bill.quiet), ("moved", ~bill.quiet)):
        best = bill.best(game.scores, rows)
        found["threshold"] += bill(game.alert, rows) - best
        found[name] = best - bill(ideal, rows)
    return found | {"quiet days": bill.quiet_days, "days": bill.days}


def _parts(lost: pd.DataFrame) -> pd.DataFrame:
    """Turn losses before and after the first event into features and change.

    What the scores lose on a quiet day, on average over the worlds, they would lose on every
    day; what is lost beyond it after the first event is put down to the change.
    """
    a_day = lost["quiet"].sum() / lost["quiet days"].sum()
    features = lost["quiet"] + a_day * (lost["days"] - lost["quiet days"])
    parts = {
        "threshold": lost["threshold"],
        "features": features,
        "change": lost["quiet"] + lost["moved"] - features,
        "training": lost["training"],
    }
    return pd.DataFrame(parts)[list(PARTS)]


def write_record(path: str | Path, result: Score) -> None:
    """Write a result's record."""
    write_text(path, json.dumps(result.record(), indent=1) + "\n")


def read_secrets(path: str | Path) -> tuple[str, tuple[int, ...]]:
    """Read the hash and the secrets of a record.

    Raises
    ------
    ValueError
        If the file is no record.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
        return str(found["sha256"]), tuple(int(text, 16) for text in found["secrets"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is no record of a score ({error}); expected the file that "
            "`labs capstone score FOLDER --record FILE` writes."
        ) from None
