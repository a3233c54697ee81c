"""The process that runs a learner's folder: ``python -m labs_lib.capstone.player``.

It reads a day, asks the learner's code, and writes the answer. What the learner prints goes to
the log. The parent treats every answer as a stranger's: this module only makes it convenient.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from labs_lib.capstone import messages

FROM_PARENT = 1 << 32
"""Bytes of a message that the player accepts."""


@dataclass
class Today:
    """What a policy is given on a day.

    Attributes
    ----------
    day : int
        0 is the first live day.
    payments : DataFrame
        The day's payments, in order of time, without labels.
    labels : DataFrame
        What arrived since yesterday: transaction_id, is_fraud.
    history : DataFrame
        All payments up to today's last one, with `is_fraud` (missing where unknown),
        `label_known_at` and `day`.
    scores : array of float
        One a payment of today, from the version that serves.
    serving : str
        Version that serves: "v1", "v2" and so on.
    versions : tuple of str
        Versions that may serve.
    notes : dict
        Empty on day 0; kept from day to day for the policy's own use.
    score_with : function from str to array of float
        Today's scores of another version, to compare it without letting it serve.
    """

    day: int
    payments: pd.DataFrame
    labels: pd.DataFrame
    history: pd.DataFrame
    scores: np.ndarray
    serving: str
    versions: tuple[str, ...]
    notes: dict[str, Any]
    score_with: Callable[[str], np.ndarray]


class Player:
    """The learner's code and what it has been told so far."""

    def __init__(self, folder: Path) -> None:
        sys.path.insert(0, str(folder))
        self._folder = folder
        self._inference = _load("inference", ("model_fn", "predict_fn"))
        self._policy = _load("policy", ("on_day",))
        self._models: dict[str, Any] = {}
        self._history = pd.DataFrame()
        self._notes: dict[str, Any] = {}
        self._serving = "v1"

    def begin(self, payments: pd.DataFrame, labels: pd.DataFrame) -> dict[str, Any]:
        self._remember(payments, labels, day=0)
        self._train()
        return {"ready": True}

    def day(self, day: int, payments: pd.DataFrame, labels: pd.DataFrame) -> dict[str, Any]:
        self._remember(payments, labels, day=day)
        today = Today(
            day=day,
            payments=payments,
            labels=labels,
            history=self._history,
            scores=self._score(self._serving, payments),
            serving=self._serving,
            versions=tuple(self._models),
            notes=self._notes,
            score_with=lambda version: self._score(version, payments),
        )
        actions = self._policy.on_day(today)
        answer = _answer(actions, today)
        if answer["train"]:
            self._train()
        self._serving = answer["serve"] or self._serving
        return answer

    def _remember(self, payments: pd.DataFrame, labels: pd.DataFrame, *, day: int) -> None:
        if "day" not in payments:
            payments = payments.assign(day=day)
        new = payments.assign(
            is_fraud=np.nan,
            label_known_at=pd.Series(pd.NaT, payments.index, "datetime64[s]"),
        )
        parts = [part for part in (self._history, new) if len(part)]
        self._history = pd.concat(parts, ignore_index=True)
        place = pd.Index(self._history["transaction_id"]).get_indexer(
            labels["transaction_id"]
        )
        columns = [self._history.columns.get_loc(c) for c in ("is_fraud", "label_known_at")]
        self._history.iloc[place, columns[0]] = labels["is_fraud"].to_numpy(float)
        self._history.iloc[place, columns[1]] = labels["label_known_at"].to_numpy()

    def _score(self, version: str, payments: pd.DataFrame) -> np.ndarray:
        if version not in self._models:
            raise ValueError(
                f"no version {version!r}; there are {', '.join(self._models)}."
            )
        known = self._history.assign(
            today=self._history["transaction_id"].isin(payments["transaction_id"])
        )
        scores = np.asarray(self._inference.predict_fn(known, self._models[version]), float)
        if scores.shape != (len(payments),):
            raise ValueError(
                f"predict_fn returned shape {scores.shape}; expected {len(payments)} scores, "
                "one for each row whose column today is True, in their order."
            )
        return scores

    def _train(self) -> None:
        version = f"v{len(self._models) + 1}"
        channel, model = self._folder / "input", self._folder / "models" / version
        for place in (channel, model):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
        self._history.to_parquet(channel / "payments.parquet", index=False)
        environment = {
            **os.environ,
            "SM_CHANNEL_TRAIN": str(channel),
            "SM_MODEL_DIR": str(model),
            "SM_OUTPUT_DATA_DIR": str(self._folder / "output"),
            "SM_HPS": "{}",
        }
        done = subprocess.run(
            [sys.executable, "train.py"],
            cwd=self._folder,
            env=environment,
            stdout=sys.stderr,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"train.py ended with code {done.returncode}; see above.")
        self._models[version] = self._inference.model_fn(str(model))


def _answer(actions: object, today: Today) -> dict[str, Any]:
    """Turn what `on_day` returned into an answer; say what is wrong with it."""
    if not isinstance(actions, Mapping):
        raise TypeError(
            f"on_day returned {type(actions).__name__}; expected a dict with threshold or "
            "alert, and perhaps train and serve."
        )
    unknown = set(actions) - {"threshold", "alert", "train", "serve"}
    if unknown:
        raise ValueError(
            f"on_day returned {', '.join(map(repr, sorted(unknown, key=str)))}; expected "
            "threshold or alert, train, serve."
        )
    if ("threshold" in actions) == ("alert" in actions):
        raise ValueError("on_day has to return either threshold or alert, and not both.")
    if "threshold" in actions:
        alert = today.scores >= float(actions["threshold"])
    else:
        alert = np.asarray(actions["alert"])
        if alert.shape != today.scores.shape or not np.isin(alert, (0, 1)).all():
            raise ValueError(
                f"alert has shape {alert.shape}; expected {len(today.scores)} values that "
                "are True or False, one a payment of today."
            )
    serve = actions.get("serve")
    train = bool(actions.get("train", False))
    coming = f"v{len(today.versions) + 1}" if train else None
    if serve is not None and serve not in (*today.versions, coming):
        raise ValueError(
            f"serve is {serve!r}; there are {', '.join(today.versions)}"
            + (f", and {coming} is being trained." if coming else ".")
        )
    return {
        "scores": today.scores.tolist(),
        "alert": alert.astype(bool).tolist(),
        "train": train,
        "serve": serve,
    }


def _load(name: str, needed: tuple[str, ...]) -> ModuleType:
    module = __import__(name)
    lacking = [
        function for function in needed if not callable(getattr(module, function, None))
    ]
    if lacking:
        raise ImportError(f"{name}.py has no function {', '.join(lacking)}.")
    return module


def main() -> None:
    """Answer messages until the parent ends."""
    _limit_files()
    source = os.fdopen(os.dup(0), "rb")
    target = os.fdopen(os.dup(1), "wb")
    # What the learner prints must not come between the messages.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    player = Player(Path.cwd())
    while True:
        try:
            header, tables = messages.read(source, at_most=FROM_PARENT)
        except EOFError:
            return
        if header["day"] is None:
            messages.write(target, player.begin(tables["payments"], tables["labels"]))
        else:
            messages.write(
                target, player.day(header["day"], tables["payments"], tables["labels"])
            )


def _limit_files() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000_000, 200_000_000))


if __name__ == "__main__":
    main()
