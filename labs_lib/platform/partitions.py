"""Which folders a query of Athena reads: partitions that are listed, and projected ones.

`repair` is what ``MSCK REPAIR TABLE`` does to the list of a table's partitions. `projected`
computes the folders from the table's properties instead, without any list. Source: Athena
user guide, pages ``msck-repair-table`` and ``partition-projection-supported-types``.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice, product

_UNITS = {"DAYS": timedelta(days=1), "HOURS": timedelta(hours=1)}
_JAVA = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H"}
_MOST = 1_000_000


def repair(listed: Iterable[str], keys: Iterable[str]) -> list[str]:
    """Return the partitions of a table after ``MSCK REPAIR TABLE``.

    Parameters
    ----------
    listed : iterable of str
        Partitions that the catalog lists, such as ``"day=2025-03-12"``.
    keys : iterable of str
        Keys of objects below the table's location, such as ``"day=2025-03-12/0.parquet"``.

    Returns
    -------
    list of str
        Sorted. What is listed stays, whether it has objects or not: the command adds and
        never removes. Added is a folder whose every level is ``name=value`` with a name in
        lower case and a value without a colon; others are passed over without an error.

    Notes
    -----
    Source: Athena user guide, page ``msck-repair-table``.
    """
    found = set(listed)
    for key in keys:
        levels = key.split("/")[:-1]
        if levels and all(re.fullmatch(r"[a-z0-9_]+=[^:=]+", level) for level in levels):
            found.add("/".join(levels))
    return sorted(found)


def projected(
    properties: Mapping[str, str],
    where: Mapping[str, str] | None = None,
    *,
    now: datetime | None = None,
) -> list[str]:
    """Return the locations that a query with partition projection reads.

    Parameters
    ----------
    properties : mapping of str to str
        The table's parameters: ``projection.enabled``, for each column
        ``projection.COLUMN.type`` (``enum``, ``integer``, ``date`` or ``injected``) with what
        belongs to it, and ``storage.location.template``. Dates have days or hours as their
        smallest step.
    where : mapping of str to str, optional
        The value asked for, by column. A column that is left out is read whole.
    now : datetime, optional
        What ``NOW`` in a range of dates means, in UTC.

    Returns
    -------
    list of str
        Locations, in the order of the ranges. A value outside of its range gives none, and
        no error: that is Athena's own behaviour.

    Raises
    ------
    ValueError
        If projection is not enabled, a column lacks its configuration or has a wrong one, an
        injected column is not asked for, or more than a million locations would result.

    Notes
    -----
    Source: Athena user guide, pages ``partition-projection-setting-up`` and
    ``partition-projection-supported-types``.
    """
    if properties.get("projection.enabled") != "true":
        raise ValueError(
            "projection.enabled is not 'true', so Athena takes the partitions that the "
            "catalog lists. Set it to 'true', or use `repair`."
        )
    template = properties.get("storage.location.template", "")
    columns = re.findall(r"\$\{(\w+)\}", template)
    if not columns or len(set(columns)) < len(columns) or not template.endswith("/"):
        raise ValueError(
            f"storage.location.template is {template!r}. Expected each column once, as in "
            "'s3://bucket/table/${day}/', with / at the end."
        )
    where = dict(where or {})
    if strange := set(where) - set(columns):
        raise ValueError(
            f"{', '.join(sorted(strange))} is no column of the template. "
            f"Expected some of {', '.join(columns)}."
        )
    values = [_values(properties, column, where.get(column), now) for column in columns]
    total = 1
    for some in values:
        total *= len(some)
    if total > _MOST:
        raise ValueError(
            f"More than {_MOST:,} locations would be read. Ask for fewer values "
            "in `where`, or narrow a range."
        )
    found = []
    for chosen in product(*values):
        location = template
        for column, value in zip(columns, chosen, strict=True):
            location = location.replace(f"${{{column}}}", value)
        found.append(location)
    return found


def _values(
    properties: Mapping[str, str],
    column: str,
    asked: str | None,
    now: datetime | None,
) -> list[str]:
    """Return the values of one column that are read."""
    kind = _needed(properties, column, "type")
    if kind == "injected":
        if asked is None:
            raise ValueError(
                f"{column} is injected, so a query has to name its value. Add it to `where`."
            )
        return [asked]
    if kind == "enum":
        every = _needed(properties, column, "values").split(",")
    elif kind == "integer":
        every = list(islice(_integers(properties, column), _MOST + 1))
    elif kind == "date":
        every = list(islice(_dates(properties, column, now), _MOST + 1))
    else:
        raise ValueError(
            f"projection.{column}.type is {kind!r}, expected enum, integer, date or injected."
        )
    return every if asked is None else [value for value in every if value == asked]


def _needed(properties: Mapping[str, str], column: str, what: str) -> str:
    """Return one property of a column."""
    name = f"projection.{column}.{what}"
    if name not in properties:
        raise ValueError(
            f"HIVE_METASTORE_ERROR: {column} is missing projection configuration. Add {name}."
        )
    return properties[name]


def _whole(properties: Mapping[str, str], column: str, what: str, default: str) -> int:
    """Return a property that is a whole number, 1 or more."""
    text = properties.get(f"projection.{column}.{what}", default)
    if not re.fullmatch(r"[1-9]\d*", text):
        raise ValueError(
            f"projection.{column}.{what} is {text!r}, expected a whole number from 1 on."
        )
    return int(text)


def _range(properties: Mapping[str, str], column: str) -> list[str]:
    """Return both ends of a range."""
    text = _needed(properties, column, "range")
    ends = [end.strip() for end in text.split(",")]
    if len(ends) != 2:
        raise ValueError(
            f"projection.{column}.range is {text!r}, expected two ends with a comma between."
        )
    return ends


def _forward(column: str, ends: list[str], forward: bool) -> None:
    """Refuse a range that ends before it begins: it would hide every row of the table."""
    if not forward:
        raise ValueError(
            f"projection.{column}.range is {','.join(ends)!r}, which ends before it begins. "
            "Write the lower end first."
        )


def _integers(properties: Mapping[str, str], column: str) -> Iterator[str]:
    """Yield the values of an integer column; both ends belong to the range."""
    ends = _range(properties, column)
    if not all(re.fullmatch(r"-?\d+", end) for end in ends):
        raise ValueError(
            f"projection.{column}.range is {','.join(ends)!r}, expected two whole numbers."
        )
    low, high = map(int, ends)
    digits = _whole(properties, column, "digits", "1")
    step = _whole(properties, column, "interval", "1")
    _forward(column, ends, low <= high)
    for value in range(low, high + 1, step):
        yield f"{value:0{digits}d}"


def _dates(
    properties: Mapping[str, str], column: str, now: datetime | None
) -> Iterator[str]:
    """Yield the values of a date column; both ends belong to the range."""
    java = _needed(properties, column, "format")
    python = re.sub("yyyy|MM|dd|HH", lambda found: _JAVA[found[0]], java)
    unit = properties.get(f"projection.{column}.interval.unit", "DAYS")
    if re.search("[A-Za-z]", re.sub("%[YmdH]", "", python)) or "%d" not in python:
        raise ValueError(
            f"projection.{column}.format is {java!r}. Here it may hold yyyy, MM, dd and HH, "
            "and at least dd."
        )
    if unit not in _UNITS:
        raise ValueError(
            f"projection.{column}.interval.unit is {unit!r}, expected DAYS or HOURS here."
        )
    step = _UNITS[unit] * _whole(properties, column, "interval", "1")
    ends = _range(properties, column)
    first, last = (_moment(end, python, column, now) for end in ends)
    _forward(column, ends, first <= last)
    while first <= last:
        yield first.strftime(python)
        first += step


def _moment(text: str, python: str, column: str, now: datetime | None) -> datetime:
    """Return one end of a range of dates, which may be counted from now."""
    found = re.fullmatch(r"NOW(?:([+-]\d+)(DAY|HOUR)S?)?", text)
    if not found:
        try:
            return datetime.strptime(text, python)
        except ValueError:
            raise ValueError(
                f"projection.{column}.range holds {text!r}, which is not in its format. "
                "Write it so, or as NOW, NOW-3DAYS, NOW+1HOUR."
            ) from None
    if now is None:
        raise ValueError(
            f"projection.{column}.range counts from NOW. Say what that is, in `now`."
        )
    count, unit = found[1] or "0", f"{found[2] or 'DAY'}S"
    end = now + int(count) * _UNITS[unit]
    return datetime.strptime(end.strftime(python), python)
