"""Object lock: what keeps a version of an object from deletion, and who may change that."""

from typing import Any

from labs_lib.platform.lifecycle import DAY
from labs_lib.sagemaker.errors import ApiError


def _require_lock(lock: dict[str, Any] | None) -> dict[str, Any]:
    if lock is None:
        raise ApiError("InvalidRequest", "Bucket is missing Object Lock Configuration")
    return lock


def of_new_object(
    lock: dict[str, Any] | None,
    *,
    mode: str | None,
    until: float | None,
    hold: str | None,
    now: float,
) -> dict[str, Any]:
    """Return the lock of an object that is written now: its own, or the bucket's default.

    Parameters
    ----------
    lock : dict or None
        The bucket's ObjectLockConfiguration; None if it has none.
    mode, until, hold : optional
        What the request asks for: GOVERNANCE or COMPLIANCE, seconds since 1970, ON or OFF.
    now : float
        Seconds since 1970.

    Returns
    -------
    dict
        ``mode`` and ``until``, ``hold``; only what is set.
    """
    found: dict[str, Any] = {}
    if mode is not None or until is not None:
        _require_lock(lock)
        if mode is None or until is None:
            raise ApiError(
                "InvalidRequest",
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be "
                "supplied",
            )
        found = {"mode": mode, "until": _future(until, now)}
    elif lock is not None and "Rule" in lock:
        default = lock["Rule"]["DefaultRetention"]
        days = default["Days"] if "Days" in default else default["Years"] * 365
        found = {"mode": default["Mode"], "until": now + days * DAY}
    if hold is not None:
        _require_lock(lock)
        if hold == "ON":
            found["hold"] = True
    return found


def _future(until: float, now: float) -> float:
    if until <= now:
        raise ApiError("InvalidArgument", "The retain until date must be in the future!")
    return until


def changed_retention(
    details: dict[str, Any], retention: dict[str, Any], *, bypass: bool, now: float
) -> dict[str, Any]:
    """Return the details of a version with another retention, or raise AccessDenied.

    Longer is always allowed. Shorter, none, or another mode is not under COMPLIANCE, and under
    GOVERNANCE only with `bypass`.

    Parameters
    ----------
    details : dict
        Of a `labs_lib.sagemaker.objects.Object`.
    retention : dict
        Mode and RetainUntilDate; empty for none.
    bypass : bool
        Whether the request has ``x-amz-bypass-governance-retention``.
    now : float
        Seconds since 1970.
    """
    mode, until = retention.get("Mode"), retention.get("RetainUntilDate")
    if until is not None:
        _future(until, now)
    old_mode, old_until = details.get("mode"), details.get("until", now)
    weaker = (
        until is None or until < old_until or (mode != old_mode and mode != "COMPLIANCE")
    )
    holds = old_until > now and (old_mode == "COMPLIANCE" or not bypass)
    if weaker and holds:
        raise ApiError(
            "AccessDenied",
            "Access Denied because object protected by object lock.",
            status=403,
        )
    return {**details, "mode": mode, "until": until}
