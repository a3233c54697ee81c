"""One world, played from its history to its last day."""

import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from labs_lib.capstone import messages
from labs_lib.capstone.cage import Limits, PlayerProcess, check_level
from labs_lib.capstone.folder import HandedIn
from labs_lib.capstone.worlds import CapstoneWorld

LABELS = ("is_fraud", "label_known_at")


@dataclass(frozen=True)
class Game:
    """What a player did in a world; arrays have a value for each live payment.

    Attributes
    ----------
    alert : array of bool
        False on days that were not answered.
    scores : array of float
        Of the version that served; 0 on days that were not answered.
    trained : list of int
        Days on which training was ordered.
    served : dict from int to str
        Version from that day on.
    failed_on : int or None
        First day without an answer; -1 is the training before the first day.
    failure : str
        What happened, with the last lines of the player's log.
    level : str
        Level of protection.
    """

    alert: np.ndarray
    scores: np.ndarray
    trained: list[int] = field(default_factory=list)
    served: dict[int, str] = field(default_factory=dict)
    failed_on: int | None = None
    failure: str = ""
    level: str = "limits"


def play(
    handed_in: HandedIn,
    world: CapstoneWorld,
    *,
    limits: Limits | None = None,
    level: str = "strongest",
) -> Game:
    """Let a folder live through a world, one day a message.

    The parent sends a day's payments and the labels that arrived; only when it has the answer
    does it send the next day. A player that breaks a rule or ends early alerts nothing more.

    Parameters
    ----------
    handed_in : HandedIn
    world : CapstoneWorld
    limits : Limits, optional
    level : {"strongest", "limits", "namespace", "bubblewrap"}

    Returns
    -------
    Game

    Raises
    ------
    ValueError
        If this machine does not offer the level.
    """
    level = check_level(level)
    limits = limits or Limits()
    folder = Path(tempfile.mkdtemp(prefix="capstone-"))
    try:
        handed_in.copy_to(folder)
        process = PlayerProcess(
            [sys.executable, "-m", "labs_lib.capstone.player"],
            folder=folder,
            level=level,
            limits=limits,
        )
        try:
            return _play(process, world, limits, folder, level)
        finally:
            process.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _play(
    process: PlayerProcess, world: CapstoneWorld, limits: Limits, folder: Path, level: str
) -> Game:
    live = np.flatnonzero(world.day >= 0)
    first = live[0]
    game = Game(
        alert=np.zeros(live.size, bool),
        scores=np.zeros(live.size),
        served={0: "v1"},
        level=level,
    )
    day = -1
    try:
        _ask(process, world, limits, None)
        for day in range(int(world.day[-1]) + 1):
            rows = np.flatnonzero(world.day == day)
            answer = _checked(_ask(process, world, limits, day), rows.size)
            game.alert[rows - first] = answer["alert"]
            game.scores[rows - first] = answer["scores"]
            if answer["train"]:
                game.trained.append(day)
            if answer["serve"] is not None:
                game.served[day + 1] = answer["serve"]
    except (OSError, EOFError, ValueError) as error:
        process.close()
        what = process.reason or (
            str(error) if isinstance(error, ValueError) else "it ended before its last day"
        )
        return Game(
            alert=game.alert,
            scores=game.scores,
            trained=game.trained,
            served=game.served,
            failed_on=day,
            failure=f"{what}\n{_last_lines(folder / 'log.txt')}".strip(),
            level=level,
        )
    return game


def _ask(
    process: PlayerProcess, world: CapstoneWorld, limits: Limits, day: int | None
) -> dict[str, Any]:
    """Send a day (None: the history) and return the answer."""
    if day is None:
        shown, due = world.day < 0, world.known < 0
    else:
        shown, due = world.day == day, world.known == day
    payments = world.payments[shown].drop(columns=list(LABELS))
    if day is None:
        payments = payments.assign(day=world.day[shown])
    tables = {
        "payments": payments,
        "labels": world.payments.loc[due, ["transaction_id", *LABELS]],
    }
    messages.write(process.stdin, {"day": day}, tables)
    header, _ = messages.read(process.stdout, at_most=limits.answer)
    return header


def _checked(answer: dict[str, Any], n: int) -> dict[str, Any]:
    """Refuse an answer that is not of the agreed form."""
    scores, alert = answer.get("scores"), answer.get("alert")
    if (
        not isinstance(scores, list)
        or len(scores) != n
        or not all(map(messages.finite, scores))
    ):
        raise ValueError(f"an answer without {n} finite scores.")
    if (
        not isinstance(alert, list)
        or len(alert) != n
        or not all(isinstance(value, bool) for value in alert)
    ):
        raise ValueError(f"an answer without {n} alerts that are true or false.")
    if not isinstance(answer.get("train"), bool):
        raise ValueError("an answer in which train is neither true nor false.")
    serve = answer.get("serve")
    if serve is not None and not (isinstance(serve, str) and len(serve) < 20):
        raise ValueError("an answer in which serve is no version.")
    return answer


def _last_lines(log: Path, n: int = 15) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 5_000))
        text = stream.read().decode("utf-8", errors="replace")
    return "\n".join(text.splitlines()[-n:])
