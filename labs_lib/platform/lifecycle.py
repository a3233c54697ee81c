"""S3's lifecycle rules: which version of an object moves, expires or goes, and on which day.

Rules are written as in ``PutBucketLifecycleConfiguration``, with dates as seconds since 1970. An
action is carried out at midnight UTC, at most one a day for a version. Of several on one day
permanent deletion comes before a transition, and a transition before a delete marker; of two
transitions the cheaper class wins, and INTELLIGENT_TIERING over all but GLACIER and DEEP_ARCHIVE.

Sources: S3 guide 2026, intro-lifecycle-rules, lifecycle-conflicts,
lifecycle-transition-general-considerations, lifecycle-expire-general-considerations.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from labs_lib.aws.rules.s3 import AFTER, FIRST_DAY, MINIMUM_DAYS

DAY = 86_400.0
SMALL = 128 * 1024
"""Bytes below which an object stays where it is, by default."""

PREFERRED = (
    "DEEP_ARCHIVE",
    "GLACIER",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "ONEZONE_IA",
    "STANDARD_IA",
)
"""Of several transitions on a day, the first of these."""

KEPT_OFFLINE = ("GLACIER", "DEEP_ARCHIVE")
"""Classes that have to be restored before they are read; they have no size that is billed least."""

Policy = Literal["all_storage_classes_128K", "varies_by_storage_class"]
Kind = Literal["delete", "transition", "mark", "unmark"]
_RANK: dict[str, int] = {"delete": 0, "unmark": 0, "transition": 1, "mark": 2}


@dataclass(frozen=True)
class Version:
    """One version of an object, as far as a lifecycle rule looks at it.

    Attributes
    ----------
    key : str
    size : int
        Bytes.
    created : float
        Seconds since 1970.
    storage_class : str
    tags : mapping of str to str
    superseded : float or None
        When a newer version came; None for the current one.
    newer : int
        Noncurrent versions of the key that are newer than this one.
    is_marker : bool
        Whether it is a delete marker.
    is_only : bool
        Whether the key has no other version.
    locked_until : float
        Until when an object lock keeps it from deletion; infinite for a legal hold.
    acted : float
        Midnight of the last action on it; no further one on that day.
    """

    key: str
    size: int
    created: float
    storage_class: str = "STANDARD"
    tags: Mapping[str, str] = field(default_factory=dict)
    superseded: float | None = None
    newer: int = 0
    is_marker: bool = False
    is_only: bool = True
    locked_until: float = -math.inf
    acted: float = -math.inf


@dataclass(frozen=True)
class LifecycleAction:
    """What happens to a version.

    Attributes
    ----------
    kind : {"delete", "transition", "mark", "unmark"}
        Deleted for good; moved to another class; hidden behind a delete marker; a delete marker
        behind which nothing is left goes.
    at : float
        Midnight UTC, seconds since 1970.
    storage_class : str
        Of a transition: where to.
    rule : str
        ID of the rule, or its place in the list.
    """

    kind: Kind
    at: float
    storage_class: str = ""
    rule: str = ""


def midnight(time: float) -> float:
    """Return the first midnight UTC that is not before a time (seconds since 1970)."""
    return math.ceil(time / DAY) * DAY


def applies(rule: Mapping[str, Any], version: Version) -> bool:
    """Say whether a rule is enabled and its filter lets a version through."""
    if rule.get("Status") != "Enabled":
        return False
    found = dict(rule.get("Filter") or {})
    parts = {**found, **found.pop("And", {})}
    prefix = parts.get("Prefix", rule.get("Prefix", ""))
    tags = [*parts.get("Tags", []), *([parts["Tag"]] if "Tag" in parts else [])]
    return (
        version.key.startswith(prefix)
        and all(version.tags.get(tag["Key"]) == tag["Value"] for tag in tags)
        and version.size > parts.get("ObjectSizeGreaterThan", -1)
        and version.size < parts.get("ObjectSizeLessThan", math.inf)
    )


def next_action(
    version: Version,
    rules: Iterable[Mapping[str, Any]],
    *,
    is_versioned: bool,
    after: float,
    small: Policy = "all_storage_classes_128K",
) -> LifecycleAction | None:
    """Return the next action on a version, or None if none is ever due.

    Parameters
    ----------
    version : Version
    rules : iterable of mapping
        As in ``LifecycleConfiguration.Rules``.
    is_versioned : bool
        Whether the bucket is, so that an expiration hides an object instead of deleting it.
    after : float
        Nothing at or before this time (seconds since 1970): when rules were last carried out.
    small : {"all_storage_classes_128K", "varies_by_storage_class"}
        Which classes objects below 128 KB do not move to: all, or all but GLACIER and
        DEEP_ARCHIVE. A rule that filters by size sets its own limit.
    """
    earliest = max((math.floor(after / DAY) + 1) * DAY, version.acted + DAY)
    found = [
        replace(action, at=max(midnight(action.at), earliest))
        for number, rule in enumerate(rules)
        if applies(rule, version)
        for action in _actions(
            version, rule, str(rule.get("ID", number)), is_versioned, small
        )
    ]
    return min(found, key=_order, default=None)


def _order(action: LifecycleAction) -> tuple[float, int, int]:
    moved = PREFERRED.index(action.storage_class) if action.storage_class else 0
    return action.at, _RANK[action.kind], moved


def _actions(
    version: Version, rule: Mapping[str, Any], name: str, is_versioned: bool, small: Policy
) -> Iterator[LifecycleAction]:
    if version.superseded is not None:
        yield from _noncurrent(version, rule, name, version.superseded, small)
        return
    expiration = rule.get("Expiration") or {}
    due = _due(expiration, version.created)
    if version.is_marker:
        # A marker stays as long as it hides something.
        if version.is_only and expiration.get("ExpiredObjectDeleteMarker"):
            yield LifecycleAction("unmark", version.created, rule=name)
        elif version.is_only and due is not None:
            yield LifecycleAction("unmark", due, rule=name)
        return
    if due is not None:
        yield LifecycleAction("mark" if is_versioned else "delete", due, rule=name)
    for step in rule.get("Transitions") or []:
        due = _due(step, version.created)
        if due is not None and _may_move(version, step["StorageClass"], rule, small):
            yield LifecycleAction("transition", due, step["StorageClass"], name)


def _noncurrent(
    version: Version, rule: Mapping[str, Any], name: str, since: float, small: Policy
) -> Iterator[LifecycleAction]:
    end = rule.get("NoncurrentVersionExpiration") or {}
    if (
        "NoncurrentDays" in end
        and version.newer >= end.get("NewerNoncurrentVersions", 0)
        and version.locked_until < math.inf
    ):
        due = max(since + end["NoncurrentDays"] * DAY, version.locked_until)
        yield LifecycleAction("delete", due, rule=name)
    for step in rule.get("NoncurrentVersionTransitions") or []:
        if (
            not version.is_marker
            and version.newer >= step.get("NewerNoncurrentVersions", 0)
            and _may_move(version, step["StorageClass"], rule, small)
        ):
            due = since + step.get("NoncurrentDays", 0) * DAY
            yield LifecycleAction("transition", due, step["StorageClass"], name)


def _due(when: Mapping[str, Any], created: float) -> float | None:
    if "Days" in when:
        return created + when["Days"] * DAY
    return max(when["Date"], created) if "Date" in when else None


def _may_move(
    version: Version, target: str, rule: Mapping[str, Any], small: Policy
) -> bool:
    """Say whether a class may follow on the one a version has, and the version is large enough."""
    if version.storage_class == target:
        return False
    if target not in AFTER.get(version.storage_class, set(PREFERRED)):
        return False
    found = rule.get("Filter") or {}
    sized = {"ObjectSizeGreaterThan", "ObjectSizeLessThan"}
    if version.size >= SMALL or sized & {*found, *found.get("And", {})}:
        return True
    return small == "varies_by_storage_class" and target in KEPT_OFFLINE


def billed_days(storage_class: str, days: float) -> float:
    """Return the days that are paid for a stay in a class: its minimum at least.

    Parameters
    ----------
    storage_class : str
    days : float
        From the arrival in the class to the departure.
    """
    _require_class(storage_class)
    if not days >= 0:
        raise ValueError(f"days is {days}, expected 0 or more.")
    return max(days, float(MINIMUM_DAYS[storage_class]))


def billed_bytes(storage_class: str, size: float) -> tuple[float, float]:
    """Return the bytes that are paid for an object, at its class's rate and at STANDARD's.

    Parameters
    ----------
    storage_class : str
    size : float
        Bytes.

    Notes
    -----
    STANDARD_IA, ONEZONE_IA and GLACIER_IR bill 128 KB at least. GLACIER and DEEP_ARCHIVE add
    32 KB at their own rate and 8 KB at STANDARD's for each object (S3 guide 2026,
    storage-class-intro).
    """
    _require_class(storage_class)
    if not size >= 0:
        raise ValueError(f"size is {size}, expected 0 bytes or more.")
    if storage_class in ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR"):
        return max(size, float(SMALL)), 0.0
    if storage_class in KEPT_OFFLINE:
        return size + 32 * 1024, 8 * 1024.0
    return float(size), 0.0


def break_even_size(storage_class: str, price: float, standard: float) -> float:
    """Return the bytes below which an object costs less in STANDARD (storage alone).

    Parameters
    ----------
    storage_class : str
    price, standard : float
        Of a GB and month in the class and in STANDARD, in one currency.

    Raises
    ------
    ValueError
        If the class is not cheaper: then no size breaks even.
    """
    _require_class(storage_class)
    if not 0 < price < standard:
        raise ValueError(
            f"price is {price} and standard {standard}; expected 0 < price < standard, "
            "otherwise no size breaks even."
        )
    if storage_class in KEPT_OFFLINE:
        return (32 * 1024 * price + 8 * 1024 * standard) / (standard - price)
    if storage_class in ("STANDARD_IA", "ONEZONE_IA", "GLACIER_IR"):
        return SMALL * price / standard
    return 0.0


def _require_class(storage_class: str) -> None:
    if storage_class not in MINIMUM_DAYS:
        raise ValueError(
            f"storage_class is {storage_class!r}, expected one of {', '.join(MINIMUM_DAYS)}."
        )


def transfer_days(size: float, rate: float, *, used: float = 1.0) -> float:
    """Return the days that bytes need over a line.

    Parameters
    ----------
    size : float
        Bytes.
    rate : float
        Bits a second.
    used : float, default 1
        Share of the line, above 0 and at most 1.
    """
    if not (size >= 0 and rate > 0 and 0 < used <= 1):
        raise ValueError(
            f"size is {size}, rate {rate}, used {used}; expected size from 0 on, rate above 0 "
            "and used above 0 and at most 1."
        )
    return size * 8 / (rate * used) / DAY


__all__ = [
    "DAY",
    "FIRST_DAY",
    "SMALL",
    "LifecycleAction",
    "Version",
    "applies",
    "billed_bytes",
    "billed_days",
    "break_even_size",
    "midnight",
    "next_action",
    "transfer_days",
]
