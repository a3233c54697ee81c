"""EventBridge: rules on the default bus, with queues, streams and machines as targets."""

import contextlib
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from labs_lib.platform import event_patterns
from labs_lib.platform.errors import Refusal
from labs_lib.sagemaker import kinesis, queues, step_functions, tags
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.operations import Context, operation, page
from labs_lib.sagemaker.state import Taken

_TARGETS = 5
"""Targets of a rule."""

_RULES = 300
"""Rules of a bus."""

_WILDCARD_RULES = 30
"""Of them with the operator wildcard."""


def publish(
    context: Context,
    detail_type: str,
    detail: Mapping[str, Any],
    *,
    resources: list[str],
    source: str = "aws.sagemaker",
) -> str:
    """Send an event to the targets of every rule that takes it, and return its id.

    Parameters
    ----------
    context : Context
        Of the request that made it happen.
    detail_type : str
        For instance ``"SageMaker Model Package State Change"``.
    detail : mapping
        JSON.
    resources : list of str
        ARNs.
    source : str
        ``aws.`` and the service, or what an application calls itself.
    """
    site = context.site
    time = datetime.fromtimestamp(site.clock.now(), UTC)
    name = str(uuid.uuid4())
    event: dict[str, Any] = {
        "version": "0",
        "id": name,
        "detail-type": detail_type,
        "source": source,
        "account": site.account,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": context.region,
        "resources": resources,
        "detail": dict(detail),
    }
    for rule in site.state.all("Rule"):
        if rule["State"] == "ENABLED" and event_patterns.matches(
            json.loads(rule["EventPattern"]), event
        ):
            for target in rule["Targets"].values():
                # A target that refuses an event, or is gone, loses it.
                with contextlib.suppress(Refusal, ApiError):
                    _send(context, target, event)
    return name


def _send(context: Context, target: Mapping[str, Any], event: dict[str, Any]) -> None:
    arn, text = target["Arn"], _input(target, event)
    kind = arn.split(":")[2]
    if kind == "states":
        step_functions.start(context, arn, json.loads(text))
    elif kind == "kinesis":
        path = target.get("KinesisParameters", {}).get("PartitionKeyPath", "$.id")
        key = str(_at(path, event))
        name = arn.rpartition("/")[2]
        kinesis.append(context.site, name, text.encode("utf-8", "replace"), key)
    else:
        queue = queues.named_by(context.site, arn)
        group = target.get("SqsParameters", {}).get("MessageGroupId", "")
        if queue is not None:
            queues.put(context.site, queue, text, group=group)


def _at(path: str, event: dict[str, Any]) -> Any:
    found: Any = event
    for name in path.split(".")[1:]:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _input(target: Mapping[str, Any], event: dict[str, Any]) -> str:
    if "Input" in target:
        return target["Input"]
    return json.dumps(_at(target.get("InputPath", "$"), event))


def _rule(context: Context, name: str) -> dict[str, Any]:
    found = context.site.state.get("Rule", name)
    if found is None:
        raise ApiError(
            "ResourceNotFoundException",
            f"Rule {name} does not exist on EventBus default.",
        )
    return found


def _only_default(request: Mapping[str, Any]) -> None:
    bus = request.get("EventBusName", "default")
    if bus.rpartition("/")[2] != "default":
        raise ApiError(
            "ResourceNotFoundException", f"Event bus {bus[:100]} does not exist."
        )


@operation(
    "events",
    "PutRule",
    uses="Name EventPattern State Description Tags EventBusName",
    refuses={"ScheduleExpression": "rules take events; nothing runs by a timetable."},
    differs=(
        "Numbers of an event are compared as they are read: 3.0e2 is the same as 300.0, and "
        "not the same as 300.",
    ),
)
def put_rule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_default(request)
    pattern = request.get("EventPattern")
    if pattern is None:
        raise invalid("Parameter(s) EventPattern must be specified.")
    parsed = _parsed(pattern)
    event_patterns.check(parsed)
    name = request["Name"]
    arn = context.arn(f"rule/{name}", "events")
    given = request.pop("Tags", None) or []
    body = {"State": "ENABLED", **request, "Arn": arn, "EventBusName": "default"}
    with context.site.state.transaction():
        _check_room(context, name, parsed)
        try:
            context.site.state.add("Rule", name, arn, {**body, "Targets": {}})
            tags.keep(context, arn, given)
        except Taken:
            context.site.state.change("Rule", name, body)
    return {"RuleArn": arn}


def _check_room(context: Context, name: str, pattern: Any) -> None:
    """Raise an `ApiError` if a new rule would be one too many."""
    state = context.site.state
    found = state.row(
        "select count(*) from resources where kind = 'Rule' and name != ?", name
    )
    assert found is not None
    if found[0] >= _RULES and state.get("Rule", name) is None:
        raise ApiError(
            "LimitExceededException",
            f"The bus has {found[0]} rules, at most {_RULES} are allowed. Delete one.",
        )
    if event_patterns.has_wildcard(pattern):
        others = [rule for rule in state.all("Rule") if rule["Name"] != name]
        several = sum(
            event_patterns.has_wildcard(json.loads(rule["EventPattern"])) for rule in others
        )
        if several >= _WILDCARD_RULES:
            raise ApiError(
                "LimitExceededException",
                f"The bus has {several} rules with wildcards, at most {_WILDCARD_RULES} are "
                "allowed. Use prefix or suffix.",
            )


def _parsed(pattern: str) -> Any:
    try:
        return json.loads(pattern)
    except (ValueError, RecursionError):
        raise ApiError(
            "InvalidEventPatternException",
            "Event pattern is not valid. Reason: it is not JSON",
        ) from None


def _shown(rule: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if key != "Targets"}


@operation("events", "DescribeRule", uses="Name EventBusName")
def describe_rule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_default(request)
    return _shown(_rule(context, request["Name"]))


@operation("events", "ListRules", uses="NamePrefix EventBusName NextToken Limit")
def list_rules(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_default(request)
    prefix = request.get("NamePrefix", "")
    rules = context.site.state.all("Rule")
    shown = [_shown(rule) for rule in rules if rule["Name"].startswith(prefix)]
    return page(shown, _limited(request), key="Rules", default=100)


def _limited(request: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in request.items() if key != "Limit"}
    return rest | ({"MaxResults": request["Limit"]} if "Limit" in request else {})


@operation("events", "EnableRule", uses="Name EventBusName")
def enable_rule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _switch(context, request, "ENABLED")


@operation("events", "DisableRule", uses="Name EventBusName")
def disable_rule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _switch(context, request, "DISABLED")


def _switch(context: Context, request: dict[str, Any], state: str) -> dict[str, Any]:
    _only_default(request)
    _rule(context, request["Name"])
    context.site.state.change("Rule", request["Name"], {"State": state})
    return {}


@operation("events", "DeleteRule", uses="Name EventBusName")
def delete_rule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_default(request)
    found = context.site.state.get("Rule", request["Name"])
    if found is not None and found["Targets"]:
        raise invalid("Rule can't be deleted since it has targets.")
    context.site.state.remove("Rule", request["Name"])
    return {}


@operation(
    "events",
    "PutTargets",
    uses="Rule EventBusName Targets[].Id Targets[].Arn Targets[].Input Targets[].InputPath "
    "Targets[].SqsParameters Targets[].KinesisParameters",
    refuses={"Targets[].InputTransformer": "give Input or InputPath, or the whole event."},
    differs=(
        "A target is a queue, a stream or a state machine that exists here; it needs no "
        "permission. What refuses an event loses it: nothing is sent again.",
    ),
)
def put_targets(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_default(request)
    rule = _rule(context, request["Rule"])
    for target in request["Targets"]:
        _check_target(context, target["Arn"])
        if target["Arn"].endswith(".fifo") and "SqsParameters" not in target:
            raise invalid(
                f"Parameter(s) SqsParameters must be specified for target: {target['Id']}: a "
                "FIFO queue needs a MessageGroupId."
            )
        if not target.get("InputPath", "$").startswith("$"):
            raise invalid(f"InputPath of target {target['Id']} must begin with $.")
    targets = rule["Targets"] | {target["Id"]: target for target in request["Targets"]}
    if len(targets) > _TARGETS:
        raise ApiError(
            "LimitExceededException",
            f"The rule would have {len(targets)} targets, at most {_TARGETS} are allowed.",
        )
    context.site.state.change("Rule", request["Rule"], {"Targets": targets})
    return {"FailedEntryCount": 0, "FailedEntries": []}


def _check_target(context: Context, arn: str) -> None:
    """Raise an `ApiError` unless an ARN is one of a queue, stream or state machine here."""
    kind = ([*arn.split(":"), "", "", ""])[2]
    known = {
        "sqs": lambda: queues.named_by(context.site, arn),
        "kinesis": lambda: context.site.state.get("Stream", arn.rpartition("/")[2]),
        "states": lambda: context.site.state.get("StateMachine", arn.rpartition(":")[2]),
    }
    if kind not in known or not known[kind]():
        raise ApiError(
            "ResourceNotFoundException",
            f"{arn[:200]} is no queue, stream or state machine of the SageMaker on this "
            "machine, and only queues, streams and state machines can be targets here. Create "
            "it first.",
        )


@operation("events", "RemoveTargets", uses="Rule EventBusName Ids")
def remove_targets(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_default(request)
    targets = _rule(context, request["Rule"])["Targets"]
    left = {key: value for key, value in targets.items() if key not in request["Ids"]}
    context.site.state.change("Rule", request["Rule"], {"Targets": left})
    return {"FailedEntryCount": 0, "FailedEntries": []}


@operation("events", "ListTargetsByRule", uses="Rule EventBusName NextToken Limit")
def list_targets_by_rule(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_default(request)
    targets = list(_rule(context, request["Rule"])["Targets"].values())
    return page(targets, _limited(request), key="Targets", default=100)


@operation("events", "TestEventPattern", uses="EventPattern Event")
def test_event_pattern(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    pattern = _parsed(request["EventPattern"])
    event_patterns.check(pattern)
    try:
        event = json.loads(request["Event"])
    except (ValueError, RecursionError):
        event = None
    needed = {"id", "account", "source", "time", "region", "resources", "detail-type"}
    if not isinstance(event, dict) or not needed <= set(event):
        raise invalid(
            f"Parameter Event is not valid. It must hold {', '.join(sorted(needed))}."
        )
    return {"Result": event_patterns.matches(pattern, event)}


@operation(
    "events",
    "PutEvents",
    uses="Entries[].Source Entries[].DetailType Entries[].Detail Entries[].Resources "
    "Entries[].EventBusName",
)
def put_events(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    answers = [_put_event(context, entry) for entry in request["Entries"]]
    failed = sum("ErrorCode" in answer for answer in answers)
    return {"FailedEntryCount": failed, "Entries": answers}


def _put_event(context: Context, entry: dict[str, Any]) -> dict[str, Any]:
    _only_default(entry)
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            text = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": text}
    if entry["Source"].startswith("aws."):
        text = "Not authorized for the source."
        return {"ErrorCode": "NotAuthorizedForSource", "ErrorMessage": text}
    try:
        detail = json.loads(entry["Detail"])
    except (ValueError, RecursionError):
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    name = publish(
        context,
        entry["DetailType"],
        detail,
        resources=entry.get("Resources") or [],
        source=entry["Source"],
    )
    return {"EventId": name}
