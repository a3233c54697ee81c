"""The rows of a trial as a lesson sees them, and the box that states its design."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from labs_lib.course.panel import to_html


class Rows:
    """The rows of a trial: one number for each seed, setting and key of the result.

    Attributes
    ----------
    name : str
        ``PART/LAB/TRIAL``.
    table : DataFrame of shape (rows, columns)
        Columns ``seed``, the settings, the levels, and ``value``.
    levels : tuple of str
    settings : dict of str to tuple
    yours : Rows or None
        Rows of the learner's own version, if the function was changed.
    """

    def __init__(
        self,
        name: str,
        table: pd.DataFrame,
        *,
        levels: Sequence[str],
        settings: Mapping[str, Sequence],
    ) -> None:
        self.name = name
        self.table = table
        self.levels = tuple(levels)
        self.settings = {key: tuple(values) for key, values in settings.items()}
        self.yours: Rows | None = None

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return int(self.table["seed"].nunique())

    def __repr__(self) -> str:
        parts = [f"{self.seeds} seeds"]
        parts += [
            f"{len(values)} {name}: {', '.join(map(str, values))}"
            for name, values in (self.settings | self._level_values()).items()
        ]
        return f"{self.name}, {len(self.table):,} rows\n" + "\n".join(parts)

    def __len__(self) -> int:
        return len(self.table)

    def _level_values(self) -> dict[str, tuple]:
        return {level: tuple(self.table[level].unique()) for level in self.levels}

    def wide(self, *values: Any, **where: Any) -> pd.DataFrame:
        """Return one row a seed and one column a variant.

        Parameters
        ----------
        *values
            Values of levels to keep, such as ``"average precision"``; each has to occur in
            exactly one level.
        **where
            Values of settings and levels to keep, by name, such as ``rate=0.01``.

        Returns
        -------
        DataFrame
            Indexed by seed. Its columns are the values of the levels that are left, in the
            order in which the trial gave them.

        Raises
        ------
        ValueError
            If a value does not occur, or a setting with several values is not named.
        """
        kept = self.table
        known = self._level_values()
        for value in values:
            owners = [level for level, found in known.items() if value in found]
            if len(owners) != 1:
                where_found = ", ".join(owners) or "no level"
                raise ValueError(
                    f"{value!r} occurs in {where_found} of {self.name}; expected exactly one. "
                    f"The levels are: {_listed(known)}."
                )
            where = {owners[0]: value} | where
        for name, value in where.items():
            if name not in {**self.settings, **known}:
                names = ", ".join((*self.settings, *known))
                raise ValueError(f"{self.name} has no {name!r}; it has: {names}.")
            kept = kept[kept[name] == value]
            if kept.empty:
                found = ", ".join(map(repr, self.table[name].unique().tolist()))
                raise ValueError(f"{name} is {value!r}; {self.name} has: {found}.")
        for name in self.settings:
            if kept[name].nunique() > 1:
                found = ", ".join(
                    f"{name}={value!r}" for value in kept[name].unique().tolist()
                )
                raise ValueError(f"Say which {name} of {self.name} you mean: {found}.")
        free = [level for level in self.levels if level not in where]
        if not free:
            return kept.set_index("seed")[["value"]]
        order = kept[free].drop_duplicates()
        columns = pd.MultiIndex.from_frame(order) if len(free) > 1 else order[free[0]]
        table = kept.pivot(index="seed", columns=free, values="value")
        table = table[list(columns)]
        table.columns.name = None if len(free) == 1 else table.columns.name
        return table

    def design(
        self,
        *,
        worlds: str,
        measure: str,
        yardstick: str,
        margin: float | None = None,
        rows: str = "",
    ) -> "DesignBox":
        """Return the box that states the design of the trial before its result.

        Parameters
        ----------
        worlds : str
            What a seed draws.
        measure : str
            What is measured, and which way is good.
        yardstick : str
            What "true" means here, and which method that favours by construction.
        margin : float, optional
            Largest difference that counts as a tie.
        rows : str
            Rows that train, choose and judge.
        """
        lines = {"seeds": f"{self.seeds}: {worlds}"}
        if rows:
            lines["rows"] = rows
        for level, values in self._level_values().items():
            if level != self.levels[-1]:
                lines[level] = ", ".join(map(str, values))
        lines |= {
            name: ", ".join(map(str, values)) for name, values in self.settings.items()
        }
        lines["measure"] = measure
        lines["margin"] = "none" if margin is None else f"{margin:g}"
        lines["yardstick"] = yardstick
        return DesignBox(lines)


class DesignBox:
    """What a trial compares, on what, by which yardstick: a small table."""

    def __init__(self, lines: Mapping[str, str]) -> None:
        self.lines = dict(lines)

    def __repr__(self) -> str:
        wide = max(map(len, self.lines))
        return "\n".join(f"{name:{wide}}  {text}" for name, text in self.lines.items())

    def _repr_html_(self) -> str:
        left = "style='text-align: left; vertical-align: top'"
        body = "".join(
            f"<tr><th {left}>{to_html(name)}</th><td {left}>{to_html(text)}</td></tr>"
            for name, text in self.lines.items()
        )
        return f"<table style='max-width: 60em'><tbody>{body}</tbody></table>"


def _listed(values: Mapping[str, Sequence]) -> str:
    return "; ".join(f"{k}: {', '.join(map(str, v))}" for k, v in values.items())
