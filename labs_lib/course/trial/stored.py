"""The stored rows of a trial, in a Parquet file together with the text that made them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import binom

from labs_lib import files, settings
from labs_lib.course import store
from labs_lib.course.catalog import LabInfo
from labs_lib.course.trial.plan import TrialPlan, difference, named, plans
from labs_lib.course.trial.rows import Rows

TOLERANCE = 0.01
"""Largest difference of a rerun that is accepted: absolute up to 1, relative above."""

ROOM_SECONDS = 10.0
"""A rerun in the room takes no longer than this on the machine that stored the rows."""


def path(lab: str, name: str) -> Path:
    """Return the file that holds the rows of a trial, whether it exists or not."""
    return settings.ROOT / "data" / "trials" / lab / f"{name}.parquet"


@dataclass(frozen=True)
class Stored:
    """The stored rows of a trial, with the text that made them.

    Attributes
    ----------
    lab : str
    file : Path
    table : DataFrame
        Columns seed, settings, levels, value.
    plan : TrialPlan
    code : str
        Hash of the text and of what it reached when the rows were made.
    seconds : list of float
        Mean seconds of one seed for each combination of settings, with one thread.
    libraries : dict of str to str
    """

    lab: str
    file: Path
    table: pd.DataFrame
    plan: TrialPlan
    code: str
    seconds: list[float]
    libraries: dict[str, str]

    @classmethod
    def read(cls, lab: str, name: str) -> "Stored":
        """Read the rows of a trial.

        Raises
        ------
        FileNotFoundError
            If they are not stored.
        ValueError
            If the file is damaged or of another version.
        """
        file = path(lab, name)
        again = f"Compute them with: labs trial {lab} {name}"
        if not file.exists():
            raise FileNotFoundError(f"the rows of {lab}/{name} are not stored. {again}")
        try:
            table = store.read_rows(file)
            notes = table.schema.metadata
            told = json.loads(notes[b"trial"])
            plan = TrialPlan(
                name=told["name"],
                text=told["text"],
                seeds=told["seeds"],
                levels=tuple(told["levels"]),
                settings={key: tuple(v) for key, v in told["settings"].items()},
                chaotic=tuple(told["chaotic"]),
            )
            return cls(
                lab=lab,
                file=file,
                table=table.to_pandas(),
                plan=plan,
                code=notes[b"code"].decode(),
                seconds=told["seconds"],
                libraries=json.loads(notes[b"libraries"]),
            )
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
            raise ValueError(
                f"the stored rows of {lab}/{name} are damaged, or of another version of the "
                f"course ({file.name}). {again}"
            ) from None

    @property
    def is_current(self) -> bool:
        """Whether what the stored text reaches is still what made the rows."""
        return self.plan.code_hash() == self.code

    @cached_property
    def rows(self) -> Rows:
        """The rows as a lesson sees them."""
        return Rows(
            f"{self.lab}/{self.plan.name}",
            self.table,
            levels=self.plan.levels,
            settings=self.plan.settings,
        )

    def cheapest(self) -> int | None:
        """Return the combination of settings that a room can wait for, or None."""
        number = int(np.argmin(self.seconds))
        return number if self.seconds[number] <= ROOM_SECONDS else None

    def compare(self, plan: TrialPlan, seed: int, combination: int, result: dict) -> None:
        """Compare the rerun of one seed with what is stored.

        Raises
        ------
        ValueError
            If a key or a number differs beyond the tolerance; or if more chaotic numbers lie
            outside the range of the stored seeds than `outside_by_chance`.
        """
        chosen = plan.combinations()[combination]
        same = self.table
        for name, value in chosen.items():
            same = same[same[name] == value]
        keys = list(plan.levels)
        mine = same[same["seed"] == seed].set_index(keys)["value"]
        stored = dict(zip(tuples(mine.index), mine, strict=True))
        who = f"{self.lab}: {named(plan, seed, combination)}"
        again = f"Compute the rows again with: labs trial {self.lab} {plan.name}"
        if list(stored) != list(result):
            told = difference(list(stored), list(result))
            raise ValueError(f"{who} has other keys than stored: {told}. {again}")
        ranges = same.groupby(keys, sort=False)["value"].agg(["min", "max"])
        wild, outside, problems = 0, [], []
        for key, new in result.items():
            old = stored[key]
            slack = TOLERANCE * max(1.0, abs(old))
            told = f"{', '.join(key)} was {old:g}, is {new:g}"
            if key[-1] in plan.chaotic:
                low, high = ranges.loc[key if len(keys) > 1 else key[0]]
                wild += 1
                if not low - slack <= new <= high + slack:
                    outside.append(told)
            elif not abs(new - old) <= slack:
                problems.append(told)
        if len(outside) > outside_by_chance(wild, same["seed"].nunique()):
            problems += outside
        if problems:
            raise ValueError(
                f"{who} differs from what is stored: {'; '.join(problems[:3])}"
                f"{' and more' * (len(problems) > 3)}. A library, a data file or an engine has "
                f"changed. {again}"
            )


def outside_by_chance(numbers: int, seeds: int) -> int:
    """Return how many chaotic numbers of a rerun may lie outside the range of the stored seeds.

    On another processor a chaotic number is drawn anew, and one more draw lies outside the range
    of n others in 2 of n + 1 cases. Of independent numbers, more than this lie outside in one
    rerun of a thousand. Where less than one is expected outside, none may be: a check of few
    numbers could not fail otherwise.

    Parameters
    ----------
    numbers : int
        Chaotic numbers that are compared.
    seeds : int
        Seeds that are stored, at least 1.
    """
    chance = 2 / (seeds + 1)
    return int(binom.ppf(0.999, numbers, chance)) if numbers * chance >= 1 else 0


def status(info: LabInfo) -> list[str]:
    """Return one sentence for each trial of a lab whose rows are missing, stale or damaged."""
    problems = []
    for plan in plans(info):
        again = f"run `labs trial {info.id} {plan.name}`"
        try:
            stored = Stored.read(info.id, plan.name)
        except (FileNotFoundError, ValueError) as error:
            problems.append(str(error))
            continue
        if stored.code != plan.code_hash():
            problems.append(
                f"the rows of {info.id}/{plan.name} are stale: {again}, or with --restamp if "
                "its numbers cannot have changed."
            )
    return problems


def load(name: str) -> Rows:
    """Return the stored rows of a trial of any lab, ``PART/LAB/TRIAL``.

    Raises
    ------
    FileNotFoundError
        If they are not stored.
    ValueError
        If the name has another form, or the rows are damaged or stale.
    """
    lab, _, own = name.rpartition("/")
    if lab.count("/") != 1 or not own:
        raise ValueError(f"{name!r} is no trial; expected PART/LAB/TRIAL.")
    stored = Stored.read(lab, own)
    if not stored.is_current:
        raise ValueError(
            f"the code of {name} has changed since its rows were computed. Compute them again "
            f"with: labs trial {lab} {own}"
        )
    return stored.rows


def write(
    file: Path, table: pd.DataFrame, plan: TrialPlan, code: str, seconds: Sequence[float]
) -> None:
    """Write the rows of a trial, with the text that made them, whole or not at all."""
    told = {
        "name": plan.name,
        "text": plan.text,
        "seeds": plan.seeds,
        "levels": plan.levels,
        "settings": plan.settings,
        "chaotic": plan.chaotic,
        "seconds": [float(f"{s:.2g}") for s in seconds],
    }
    notes = {
        "code": code,
        "libraries": json.dumps(store.versions()),
        "trial": json.dumps(told),
    }
    try:
        arrow = pa.Table.from_pandas(table, preserve_index=False)
    except pa.ArrowException as error:
        raise ValueError(
            f"{plan.name}: a column mixes text and numbers: {error}."
        ) from None
    with files.replacing(file) as temporary:
        store.write_rows(arrow.replace_schema_metadata(notes), temporary)


def tuples(index: pd.Index) -> list[tuple]:
    return [key if isinstance(key, tuple) else (key,) for key in index]
