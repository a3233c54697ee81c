"""Masks by role and priority, as Amazon Redshift's dynamic data masking resolves them, in DuckDB.

Source: Amazon Redshift developer guide, pages ``r_CREATE_MASKING_POLICY``,
``r_ATTACH_MASKING_POLICY``, ``t_ddm-hierarchy`` and ``t_ddm-considerations``: for each column the
attached policy with the highest priority wins, and predicates, joins and projections see what is
masked. The table itself is not changed. Whoever opens DuckDB's own table passes the masks by: the
rules are Redshift's, the enforcement is not.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

PUBLIC = "PUBLIC"


@dataclass(frozen=True)
class Policy:
    """A masking policy: how to compute each output from the inputs.

    Parameters
    ----------
    name : str
    inputs : sequence of str
        Names that the expressions use.
    outputs : sequence of str
        One SQL expression (DuckDB's dialect) for each column that is masked.

    Raises
    ------
    ValueError
        If there is no name, input or output, or an input twice.
    """

    name: str
    inputs: Sequence[str]
    outputs: Sequence[str]

    def __post_init__(self) -> None:
        for what, values in (("inputs", self.inputs), ("outputs", self.outputs)):
            if isinstance(values, str) or not values:
                raise ValueError(
                    f"{what} of the policy is {values!r}, expected a list of texts."
                )
        if not self.name:
            raise ValueError("the policy has no name, expected a text.")
        if len(set(self.inputs)) < len(self.inputs):
            raise ValueError(f"inputs is {self.inputs!r}, expected each name once.")


@dataclass(frozen=True)
class Attachment:
    """A policy at a column: to whom (a user, ``role:...`` or PUBLIC), and its priority."""

    policy: Policy
    column: str
    expression: str
    using: tuple[str, ...]
    to: str
    priority: int


class Masking:
    """The policies attached to one table.

    Parameters
    ----------
    columns : mapping of str to str, or collection of str
        The table's columns; types, as ``{"card": "VARCHAR"}``, are those that a masked value
        has to fit. Without types any value fits.

    Examples
    --------
    >>> masks = Masking({"card": "VARCHAR"})
    >>> hidden = Policy("hidden", ["card"], ["'x'"])
    >>> masks.attach(hidden, ["card"])
    >>> masks.winners(user="ann")
    {'card': 'hidden'}
    """

    def __init__(self, columns: Mapping[str, str] | Collection[str]) -> None:
        if isinstance(columns, str) or not columns:
            raise ValueError(f"columns is {columns!r}, expected the names of the columns.")
        types = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, "")
        self._types = dict(types)
        self._attached: list[Attachment] = []

    def attach(
        self,
        policy: Policy,
        columns: Sequence[str],
        *,
        to: str = PUBLIC,
        priority: int = 0,
        using: Sequence[str] | None = None,
    ) -> None:
        """Attach a policy to columns, for a user, a role or everybody.

        Parameters
        ----------
        policy : Policy
        columns : sequence of str
            One for each output of the policy.
        to : str
            A user's name, ``"role:NAME"``, or ``"PUBLIC"``.
        priority : int
            The highest wins, column by column.
        using : sequence of str, optional
            One column for each input of the policy; by default `columns`.

        Raises
        ------
        ValueError
            If a column is unknown, the numbers do not fit, another policy has this priority
            on one of the columns (also for another role), or the column has a policy for
            `to` already.
        """
        inputs = columns if using is None else using
        for what, names, wanted in (
            ("columns", columns, policy.outputs),
            ("using", inputs, policy.inputs),
        ):
            if isinstance(names, str) or len(names) != len(wanted):
                raise ValueError(
                    f"{what} is {names!r}, expected a list of {len(wanted)} for the policy "
                    f"{policy.name!r}."
                )
            unknown = [name for name in names if name not in self._types]
            if unknown:
                raise ValueError(
                    f"{what} names {unknown[0]!r}, expected some of {', '.join(self._types)}."
                )
        if isinstance(priority, bool) or not isinstance(priority, int):
            raise ValueError(f"priority is {priority!r}, expected a whole number.")
        if not to or (to.startswith("role:") and to == "role:"):
            raise ValueError(f"to is {to!r}, expected a user, 'role:NAME' or 'PUBLIC'.")
        if len(set(columns)) < len(columns):
            raise ValueError(f"columns is {columns!r}, expected each column once.")
        for other in self._attached:
            if other.column not in columns:
                continue
            if other.to == to:
                raise ValueError(
                    f"{other.column!r} has the policy {other.policy.name!r} for {to} already; "
                    "detach it first."
                )
            if other.priority == priority and other.policy.name != policy.name:
                raise ValueError(
                    f"{other.policy.name!r} has priority {priority} on {other.column!r} already; "
                    "give another number, also for another role."
                )
        self._attached += [
            Attachment(policy, column, expression, tuple(inputs), to, priority)
            for column, expression in zip(columns, policy.outputs, strict=True)
        ]

    def detach(self, policy: Policy, *, to: str = PUBLIC) -> None:
        """Detach a policy from all columns that it masks for `to`.

        Raises
        ------
        ValueError
            If it is not attached.
        """
        kept = [a for a in self._attached if (a.policy.name, a.to) != (policy.name, to)]
        if len(kept) == len(self._attached):
            raise ValueError(f"{policy.name!r} is not attached for {to}; see `winners`.")
        self._attached = kept

    def winners(self, *, user: str, roles: Collection[str] = ()) -> dict[str, str]:
        """Return the policy that each masked column gets, by the column's name.

        Columns without a policy for this user are left out: they are seen as they are.
        """
        won = self._resolved(user, roles)
        return {name: won[name].policy.name for name in self._types if name in won}

    def query(
        self,
        connection: duckdb.DuckDBPyConnection,
        table: str,
        sql: str,
        *,
        user: str,
        roles: Collection[str] = (),
    ) -> pd.DataFrame:
        """Run a query as a user: the table's name stands for what the user sees of it.

        Parameters
        ----------
        connection : duckdb connection
        table : str
            A table of the schema ``main``.
        sql : str
            A SELECT. Its WHERE and JOIN see masked values.
        user, roles : str, collection of str
            Names of the roles without ``role:``.

        Raises
        ------
        ValueError
            If the query is no SELECT, or a masked value does not fit its column.
        """
        if not sql.lstrip().lower().startswith("select"):
            raise ValueError(f"sql is {sql[:40]!r}, expected a SELECT.")
        won = self._resolved(user, roles)
        seen = ", ".join(self._seen(name, won.get(name)) for name in self._types)
        masked = f"WITH {_quoted(table)} AS (SELECT {seen} FROM main.{_quoted(table)} AS t) {sql}"
        try:
            return connection.sql(masked).df()
        except duckdb.ConversionException as error:
            raise ValueError(
                f"a masked value does not fit its column ({error}); expected a value of the "
                "column's type: cast it in the policy."
            ) from error

    def _resolved(self, user: str, roles: Collection[str]) -> dict[str, Attachment]:
        if isinstance(roles, str):
            raise ValueError(f"roles is {roles!r}, expected a collection of names.")
        names = {PUBLIC, user, *(f"role:{role}" for role in roles)}
        mine = [a for a in self._attached if a.to in names]
        return {a.column: a for a in sorted(mine, key=lambda a: a.priority)}

    def _seen(self, name: str, attachment: Attachment | None) -> str:
        if attachment is None:
            return f"t.{_quoted(name)}"
        pairs = zip(attachment.using, attachment.policy.inputs, strict=True)
        inputs = ", ".join(f"t.{_quoted(c)} AS {_quoted(i)}" for c, i in pairs)
        value = f"(SELECT {attachment.expression} FROM (SELECT {inputs}))"
        if self._types[name]:
            value = f"CAST({value} AS {self._types[name]})"
        return f"{value} AS {_quoted(name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
