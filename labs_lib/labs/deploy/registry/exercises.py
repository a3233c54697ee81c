"""Exercises of the lab deploy/registry."""

import json
from collections.abc import Sequence
from typing import Any

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab
from labs_lib.platform import event_patterns
from labs_lib.platform.errors import Refusal

lab = Lab("deploy/registry")

lab.predict("answering", options=("1", "2", "3", "none"))


# Exercise 1: a rule that hears approvals ------------------------------------------------------


def _event(
    group: str = "fraud",
    version: int = 4,
    status: str = "Approved",
    *,
    updated: Sequence[str] = ("ModelApprovalStatus", "ApprovalDescription"),
    source: str = "aws.sagemaker",
    **more: Any,
) -> dict[str, Any]:
    """Return an event about a version, with the fields that AWS's example has."""
    arn = f"arn:aws:sagemaker:us-east-1:111122223333:model-package/{group}/{version}"
    detail = {
        "ModelPackageGroupName": group,
        "ModelPackageVersion": version,
        "ModelPackageArn": arn,
        "CreationTime": 1_764_536_400_000,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": status,
        **more,
    }
    if updated:
        detail["UpdatedModelPackageFields"] = list(updated)
    return {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "detail-type": "SageMaker Model Package State Change",
        "source": source,
        "account": "111122223333",
        "time": "2025-11-30T21:00:00Z",
        "region": "us-east-1",
        "resources": [arn],
        "detail": detail,
    }


_APPROVALS = (
    _event(),
    _event(version=1),
    _event(version=12, ApprovalDescription="recall looked at"),
    _event(version=5, updated=["ModelApprovalStatus"]),
    _event(version=6, updated=["ModelLifeCycle", "ModelApprovalStatus"]),
)
_OTHERS = {
    "status": (
        _event(status="Rejected"),
        _event(status="PendingManualApproval"),
        _event(version=12, status="Rejected", ApprovalDescription="too slow"),
        _event(version=13, status="PendingManualApproval", updated=[]),
    ),
    "group": (_event("credit"), _event("credit", 1), _event("my-fraud", 2)),
    "prefix": (_event("fraud-eu"), _event("fraud-eu", 12)),
    "updated": (
        _event(updated=["ModelLifeCycle"]),
        _event(version=12, updated=["CustomerMetadataProperties"]),
        _event(version=2, updated=["ApprovalDescription"]),
        _event(version=3, updated=["InferenceSpecification", "sourceUri"]),
    ),
    "source": (_event(source="team.tools"), _event(version=7, source="fraud")),
}


@lab.exercise(
    "a rule that hears approvals",
    hints=(
        "Which fields of the event tell an approval of `fraud` from a rejection, from another "
        "group, from another change of an approved version, and from an event that a team "
        "made up?",
        "A pattern has the shape of the event, with a list of allowed values in each field: "
        '`{"source": ["aws.sagemaker"], "detail": {...}}`.',
        "Four fields are needed: `source`, and in `detail` `ModelPackageGroupName`, "
        "`ModelApprovalStatus` and `UpdatedModelPackageFields`.",
    ),
    misconceptions={
        "no_pattern": "EventBridge would refuse this pattern: {reason}",
        "deaf": "Your pattern does not take an approval of `fraud` {version}. Each field stands "
        "where it stands in the event, spelled the same, and its values are whole texts.",
        "status": "Your pattern also takes events of `fraud` that are no approvals, such as a "
        "rejection. Which field says the status?",
        "group": "Your pattern also takes approvals of other groups.",
        "prefix": "Your pattern also takes approvals of `fraud-eu`. A beginning is not the name.",
        "updated": "Your pattern also takes an update that changes something else of a version "
        "that is approved already, such as its stage. Which field says what was changed?",
        "source": "Your pattern also takes an event that some team sent itself, with a made-up "
        "approval in it. Which field can they not choose freely?",
    },
    praise="With a made-up event, anybody who may send events could start your deployment. "
    "`source` keeps them out.",
)
def ex1(pattern: Any) -> Wrong | None:
    """A mapping passes, or its JSON; it is held against events."""
    try:
        is_text = isinstance(pattern, str | bytes)
        pattern = json.loads(pattern if is_text else json.dumps(pattern))
    except (TypeError, ValueError):
        return wrong("no_pattern", reason="it is not JSON.")
    try:
        event_patterns.check(pattern)
    except Refusal as error:
        return wrong("no_pattern", reason=error.message.partition("Reason: ")[2] + ".")
    for event in _APPROVALS:
        if not event_patterns.matches(pattern, event):
            return wrong("deaf", version=event["detail"]["ModelPackageVersion"])
    for key, events in _OTHERS.items():
        if any(event_patterns.matches(pattern, event) for event in events):
            return wrong(key)
    return None


# Exercise 2: which version must be live? -------------------------------------------------------

_A, _R, _P = "Approved", "Rejected", "PendingManualApproval"

_History = Sequence[tuple[int, str]]


def _newest(history: _History) -> int | None:
    status = dict(history)
    return max((v for v in status if status[v] == _A), default=None)


def _last_approval(history: _History) -> int | None:
    """The last message that said Approved, whatever came after."""
    return next((v for v, s in reversed(history) if s == _A), None)


def _last_still_approved(history: _History) -> int | None:
    """The version that was approved last, of those approved at the end."""
    status = dict(history)
    return next((v for v, s in reversed(history) if s == _A and status[v] == _A), None)


def _ever(history: _History) -> int | None:
    return max((v for v, s in history if s == _A), default=None)


def _highest(history: _History) -> int | None:
    return max((v for v, _ in history), default=None)


def _once_rejected(history: _History) -> int | None:
    out = {v for v, s in history if s == _R}
    status = dict(history)
    return max((v for v in status if status[v] == _A and v not in out), default=None)


def _counted(history: _History) -> int | None:
    count: dict[int, int] = {}
    for version, status in history:
        count[version] = count.get(version, 0) + (status == _A) - (status == _R)
    return max((v for v, n in count.items() if n > 0), default=None)


def _not_rejected(history: _History) -> int | None:
    status = dict(history)
    return max((v for v in status if status[v] != _R), default=None)


def _oldest(history: _History) -> int | None:
    status = dict(history)
    return min((v for v in status if status[v] == _A), default=None)


lab.function(
    "which version must be live?",
    cases=(
        ([(1, _P), (1, _A)],),
        ([(1, _P), (1, _A), (2, _P), (2, _A), (3, _P), (3, _A), (3, _R)],),
        ([(1, _A), (2, _A), (1, _R), (1, _A)],),
        ([(1, _A), (1, _A), (1, _R)],),
        ([(1, _A), (2, _A), (2, _R), (2, _A)],),
        ([(1, _A), (2, _A), (3, _A), (3, _R), (2, _R), (4, _P)],),
        ([(1, _A), (2, _P), (3, _P), (2, _A), (3, _R)],),
        ([(1, _A), (2, _A), (2, _P)],),
        ([(9, _A), (10, _A), (9, _A)],),
        ([(2, _A), (1, _A), (2, _R)],),
        ([(3, _A), (1, _A), (2, _P)],),
        ([(1, _P), (2, _P), (2, _R)],),
        ([(1, _A), (1, _R), (2, _A), (2, _R)],),
        ([],),
    ),
    right=_newest,
    mistakes={
        "last_approval": (
            "You return the version that was approved last, even if it was rejected afterwards.",
            _last_approval,
        ),
        "last_still_approved": (
            "You return the version whose approval came last. Asked for is the newest version, by "
            "its number: an older one can be approved again.",
            _last_still_approved,
        ),
        "ever": (
            "You count a version that was approved once, even if it was rejected later.",
            _ever,
        ),
        "highest": ("You return the newest version, approved or not.", _highest),
        "once_rejected": (
            "You leave out each version that was ever rejected. It may have been approved again.",
            _once_rejected,
        ),
        "counted": (
            "You count approvals and rejections. A version that was approved twice is rejected "
            "by one rejection: only its last status counts.",
            _counted,
        ),
        "not_rejected": (
            "You return a version that is only pending, or let one through. Not rejected is not "
            "approved.",
            _not_rejected,
        ),
        "oldest": ("You return the oldest of the approved versions.", _oldest),
    },
    hints=(
        "Which of a version's many statuses counts at the end?",
        "`dict(history)` keeps the last status of each version.",
        "`max(approved, default=None)` over the versions whose last status is `Approved`.",
    ),
    praise="The order of versions in the history does not enter, only where each one ended. That is "
    "why messages that come twice do no harm to a deployer that asks.",
)


# Exercise 3: collections -----------------------------------------------------------------------

lab.match(
    "collections",
    right={
        "a": "taken",
        "b": "refused",
        "c": "taken",
        "d": "refused",
        "e": "refused",
        "f": "refused",
    },
    options=("taken", "refused"),
    mistakes={
        "one_more": ("In a count the tags: 50 less two, and 47 are used.", "a"),
        "two_more": ("In b count the tags: 50 less two, and 47 are used.", "b"),
        "versions": (
            "In c look at what gets the tag. Is it the versions, or the group?",
            "c",
        ),
        "at_once": ("In d look at how many groups may move at a time.", "d"),
        "parents": ("In e: can a collection have two parents, as a group can?", "e"),
        "empty": (
            "In f: is a collection empty when its member is an empty collection?",
            "f",
        ),
    },
    hints=(
        "Each membership is one tag on the model group. How many tags are left?",
        "Versions are not tagged. And the limit of a move counts groups.",
        "Two are taken.",
    ),
    praise="Collections are tags on groups: cheap to move, and never a reason to touch a version.",
)
