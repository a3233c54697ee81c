"""Rollouts: how an endpoint changes from one configuration to another under traffic.

A rollout is a list of steps. Each provides instances of the new (green) configuration, gives
it a share of the traffic and bakes: an alarm in that time gives all traffic back to the old
(blue) one. Where it stands is in the endpoint's row after every transition, so that the next
server goes on from there.
"""

import contextlib
import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labs_lib.sagemaker import capture, serverless
from labs_lib.sagemaker.deployments import (
    CHANGING,
    Item,
    count_of,
    end_group,
    freeze,
    instances,
    make_group,
    resize,
    settle,
    start_group,
    summaries,
)
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.models import require
from labs_lib.sagemaker.operations import Context, operation
from labs_lib.sagemaker.serving import Group, Serving
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.workers import StartFailed

_ALL_AT_ONCE = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
        "TerminationWaitInSeconds": 0,
    }
}
_LOOK = 600.0


class _RollBack(Exception):
    """The new configuration is not to serve; the message says why."""


class _ServerEnds(Exception):
    """The next server goes on."""


# The plan


@dataclass(frozen=True)
class Step:
    """One step of a rollout.

    Attributes
    ----------
    share : float
        Of the traffic that the new configuration gets, above 0 to 1.
    green : dict of str to int
        Instances of each new variant that run.
    active : dict of str to int
        Those that get requests.
    blue : dict of str to int
        Instances of each old variant that stay when the step has baked.
    """

    share: float
    green: dict[str, int]
    active: dict[str, int]
    blue: dict[str, int]


def _size(size: Mapping[str, Any], count: int) -> int:
    """Return how many of `count` instances a CapacitySize is, at least one."""
    if size["Type"] == "INSTANCE_COUNT":
        return min(size["Value"], count)
    return max(1, math.ceil(size["Value"] * count / 100))


def _share(size: Mapping[str, Any], counts: Mapping[str, int]) -> float:
    """Return the share of the traffic that a CapacitySize is."""
    if size["Type"] == "CAPACITY_PERCENT":
        return min(1.0, size["Value"] / 100)
    return sum(_size(size, n) for n in counts.values()) / max(1, sum(counts.values()))


def plan(
    policy: Mapping[str, Any], blue: Mapping[str, int], green: Mapping[str, int]
) -> list[Step]:
    """Return the steps of a rollout.

    Parameters
    ----------
    policy : mapping
        A ``DeploymentConfig``.
    blue, green : mapping of str to int
        Instances of each variant, before and after.
    """
    rolling = policy.get("RollingUpdatePolicy")
    if rolling is not None:
        return _batches(rolling["MaximumBatchSize"], blue, green)
    routing = policy["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    shares = [1.0]
    if routing["Type"] == "CANARY":
        shares = [_share(routing["CanarySize"], green), 1.0]
    elif routing["Type"] == "LINEAR":
        step = _share(routing["LinearStepSize"], green)
        number = math.ceil(round(1 / step, 9))
        shares = [min(1.0, step * (index + 1)) for index in range(number)]
        shares[-1] = 1.0
    return [
        Step(
            share,
            dict(green),
            {name: max(1, math.ceil(round(share * n, 9))) for name, n in green.items()},
            dict(blue) if share < 1 else {},
        )
        for share in shares
    ]


def _batches(
    size: Mapping[str, Any], blue: Mapping[str, int], green: Mapping[str, int]
) -> list[Step]:
    batch = {name: max(1, _size(size, n)) for name, n in green.items()}
    number = max(1, *(math.ceil(n / batch[name]) for name, n in green.items()))
    steps = []
    for index in range(1, number + 1):
        running = {name: min(n, batch[name] * index) for name, n in green.items()}
        share = sum(running.values()) / sum(green.values()) if index < number else 1.0
        left = {name: math.ceil(round(n * (1 - share), 9)) for name, n in blue.items()}
        steps.append(Step(share, running, running, left))
    return steps


def _wait_of(policy: Mapping[str, Any]) -> int:
    rolling = policy.get("RollingUpdatePolicy")
    if rolling is not None:
        return rolling["WaitIntervalInSeconds"]
    return policy["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"][
        "WaitIntervalInSeconds"
    ]


def _extra(policy: Mapping[str, Any], blue: list[Item], green: list[Item]) -> int:
    """Return how many instances run beside the old ones at most."""
    new = sum(map(count_of, green))
    if "RollingUpdatePolicy" not in policy:
        return new
    steps = plan(policy, instances(blue), instances(green))
    most, left = 0, sum(map(count_of, blue))
    for step in steps:
        most = max(most, left + sum(step.green.values()))
        left = sum(step.blue.values())
    return max(0, most - sum(map(count_of, blue)))


def check_policy(
    context: Context, policy: Mapping[str, Any] | None, items: list[Item]
) -> None:
    """Refuse a DeploymentConfig that cannot be carried out for these variants."""
    used = _with_default(policy)
    for alarm in used.get("AutoRollbackConfiguration", {}).get("Alarms", []):
        name = alarm.get("AlarmName", "")
        found = context.site.state.get("Alarm", name)
        if found is None:
            raise invalid(f"Could not find alarm {name!r} of AutoRollbackConfiguration.")
        if found["StateValue"] == "ALARM":
            raise invalid(f"Alarm {name!r} of AutoRollbackConfiguration is in state ALARM.")
    rolling = used.get("RollingUpdatePolicy")
    if rolling is not None:
        _check_size(rolling["MaximumBatchSize"], items, "MaximumBatchSize")
        timeout = rolling.get("MaximumExecutionTimeoutInSeconds")
    else:
        blue_green = used["BlueGreenUpdatePolicy"]
        routing = blue_green["TrafficRoutingConfiguration"]
        sizes = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
        wanted = sizes.get(routing["Type"])
        for field in sizes.values():
            if (field in routing) != (field == wanted):
                verb = "needs" if field == wanted else "has no"
                raise invalid(f"Traffic routing of type {routing['Type']} {verb} {field}.")
        if wanted is not None:
            _check_size(routing[wanted], items, wanted)
        timeout = blue_green.get("MaximumExecutionTimeoutInSeconds")
    counts = instances([item for item in items if not item.get("Shadow")])
    waits = len(plan(used, counts, counts)) * _wait_of(used)
    waits += used.get("BlueGreenUpdatePolicy", {}).get("TerminationWaitInSeconds", 0)
    if timeout is not None and timeout <= waits:
        raise invalid(
            f"MaximumExecutionTimeoutInSeconds is {timeout}; it has to be more than the waits of "
            f"all steps together, {waits} s."
        )


def _check_size(size: Mapping[str, Any], items: list[Item], field: str) -> None:
    if size["Type"] != "INSTANCE_COUNT":
        return
    for item in items:
        if size["Value"] > count_of(item) / 2 and not item.get("Shadow"):
            raise invalid(
                f"{field} is {size['Value']} instances, more than half of the "
                f"{count_of(item)} of variant {item['Variant']['VariantName']}."
            )


def reserved(endpoint: Mapping[str, Any]) -> int:
    """Return how many instances an endpoint may run at most, as it stands."""
    extra = endpoint.get("_Rollout", {}).get("Extra", 0)
    return sum(map(count_of, endpoint["_Deployed"])) + extra


def variants_of(
    items: list[Item],
    *,
    counts: Mapping[str, int],
    now: float,
    share: float = 1.0,
    status: str = "",
) -> dict[str, Any]:
    """Return the members of an answer that describe variants, shadows and data capture."""
    found: dict[str, Any] = {}
    given = {"Status": status, "StartTime": now} if status else None
    for key, shadow in (("ProductionVariants", False), ("ShadowProductionVariants", True)):
        found[key] = (
            summaries(
                items, counts=counts, share=share, now=now, status=given, shadow=shadow
            )
            or None
        )
    config = next((item["Capture"] for item in items if "Capture" in item), None)
    found["DataCaptureConfig"] = None if config is None else capture.summary(config)
    return found


# Operations


@operation(
    "sagemaker",
    "UpdateEndpoint",
    uses="EndpointName EndpointConfigName DeploymentConfig RetainDeploymentConfig "
    "RetainAllVariantProperties ExcludeRetainedVariantProperties",
    differs=(
        "Old and new instances count towards the limit of instances together, as long as both "
        "run.",
        "CAPACITY_PERCENT is the share of the traffic to the letter, and at least one instance; "
        "AWS may round to whole instances.",
        "Of the new instances as many get requests as the step turns on; of the old ones all do "
        "until they go, where AWS turns the same share off.",
        "Each step bakes for WaitIntervalInSeconds, the last one too. The alarms do not count "
        "during TerminationWaitInSeconds; the endpoint is Updating until the old instances have "
        "ended.",
        "An alarm of AutoRollbackConfiguration that does not exist, or is in ALARM when the "
        "update begins, is refused.",
        "An alarm in INSUFFICIENT_DATA does not roll back.",
        "A rollout that is not over in MaximumExecutionTimeoutInSeconds is rolled back; without "
        "it there is no limit.",
        "After a rollback the endpoint is InService with its old configuration and a "
        "FailureReason.",
        "A rollback of a rolling update in several batches does not wait between them.",
        "A given DeploymentConfig goes before RetainDeploymentConfig.",
        "An endpoint in UpdateRollbackFailed can be updated, blue/green and all at once.",
        "A rollout goes on where it stood when the server starts again; instances are then "
        "started anew, and requests are refused until they serve.",
    ),
)
def update_endpoint(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["EndpointName"]
    found = require(context, "Endpoint", "endpoint", name)
    config = require(
        context, "EndpointConfig", "endpoint configuration", request["EndpointConfigName"]
    )
    policy = request.get("DeploymentConfig")
    if policy is None and request.get("RetainDeploymentConfig"):
        policy = found.get("LastDeploymentConfig")
    _require_settled(found, ("InService", "UpdateRollbackFailed"))
    items = freeze(context, config)
    if request.get("RetainAllVariantProperties"):
        excluded = {
            item["VariantPropertyType"]
            for item in request.get("ExcludeRetainedVariantProperties", [])
        }
        _retain(found["_Deployed"], items, excluded)
    elif request.get("ExcludeRetainedVariantProperties"):
        raise invalid("ExcludeRetainedVariantProperties needs RetainAllVariantProperties.")
    check_policy(context, policy, items)
    if _is_serverless(items) and not _is_serverless(found["_Deployed"]):
        raise invalid(
            f"Endpoint {name} has instances; it cannot become serverless. Create another one."
        )
    used = _with_default(policy)
    if found["EndpointStatus"] == "UpdateRollbackFailed" and used != _with_default(None):
        raise invalid(
            f"Endpoint {name} is UpdateRollbackFailed: update it without a DeploymentConfig."
        )
    extra = _extra(used, found["_Deployed"], items)
    before = found.get("_Rollout", {}).get("Extra", 0)
    site.endpoints.reserve(extra)
    now = site.clock.now()
    deployed = instances(found["_Deployed"])
    rollout = {
        "Config": request["EndpointConfigName"],
        "Items": items,
        "Async": config.get("AsyncInferenceConfig"),
        "Policy": used,
        "Given": policy,
        "Started": now,
        "Extra": extra + before,
        "Stage": "Forward",
        "Step": 0,
        "Share": 0.0,
        "Blue": deployed,
        "Green": {},
    }
    changed = site.state.change(
        "Endpoint",
        name,
        {
            "EndpointStatus": "Updating",
            "LastModifiedTime": now,
            "FailureReason": None,
            "_Rollout": rollout,
            "_Number": found["_Number"] + 1,
            **_views(found["_Deployed"], rollout, now),
        },
        only_if=lambda endpoint: endpoint["EndpointStatus"] == found["EndpointStatus"],
    )
    if changed is None:
        site.endpoints.free(extra)
        raise _in_progress(found)
    site.run(_Rollout(site, name).run)
    return {"EndpointArn": found["EndpointArn"]}


def _is_serverless(items: list[Item]) -> bool:
    return any(serverless.config_of(item["Variant"]) for item in items)


def _with_default(policy: Mapping[str, Any] | None) -> dict[str, Any]:
    given = dict(policy or {})
    return given if "RollingUpdatePolicy" in given else {**_ALL_AT_ONCE, **given}


def _in_progress(endpoint: Mapping[str, Any]) -> ApiError:
    return invalid(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')


def _require_settled(endpoint: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    status = endpoint["EndpointStatus"]
    if status in CHANGING:
        raise _in_progress(endpoint)
    if status not in allowed:
        raise invalid(
            f"Endpoint {endpoint['EndpointName']} is {status}; it can be deleted."
        )


def _retain(old: list[Item], new: list[Item], excluded: set[str]) -> None:
    """Give the new variants what those of the same name have: count, weight, data capture."""
    captured = old[0]
    known = {item["Variant"]["VariantName"]: item["Variant"] for item in old}
    for item in new:
        before = known.get(item["Variant"]["VariantName"])
        if before is None:
            continue
        for field, kind in (
            ("InitialInstanceCount", "DesiredInstanceCount"),
            ("InitialVariantWeight", "DesiredWeight"),
        ):
            if kind not in excluded and field in before and field in item["Variant"]:
                item["Variant"] = {**item["Variant"], field: before[field]}
        if "DataCaptureConfig" not in excluded:
            item.pop("Capture", None)
            item |= {key: captured[key] for key in ("Capture",) if key in captured}


def _views(
    deployed: list[Item],
    rollout: Mapping[str, Any],
    now: float,
    *,
    old: str = "",
    new: str = "Creating",
) -> dict[str, Any]:
    """Return what DescribeEndpoint says of a rollout."""
    pending = variants_of(
        rollout["Items"],
        counts=rollout["Green"],
        share=rollout["Share"],
        now=now,
        status=new,
    )
    return {
        **variants_of(
            deployed,
            counts=rollout["Blue"],
            share=1 - rollout["Share"],
            now=now,
            status=old,
        ),
        "PendingDeploymentSummary": {
            "EndpointConfigName": rollout["Config"],
            "StartTime": rollout["Started"],
            **{key: value for key, value in pending.items() if value},
        },
    }


class _Rollout:
    """Carries out a rollout; one thread does."""

    def __init__(self, site: Site, name: str):
        self._site = site
        self._name = name
        endpoint = site.state.get("Endpoint", name)
        assert endpoint is not None
        self._deployed: list[Item] = endpoint["_Deployed"]
        self._number: int = endpoint["_Number"]
        self._rollout: dict[str, Any] = endpoint["_Rollout"]
        self._policy = self._rollout["Policy"]
        self._green: Group | None = None
        # After a failed rollback two configurations serve, and both are old.
        serving = site.endpoints.serving.get(name)
        self._blue: tuple[Group, ...] = serving.groups if serving else ()
        self._alarms = [
            alarm["AlarmName"]
            for alarm in self._policy.get("AutoRollbackConfiguration", {}).get("Alarms", [])
        ]

    def run(self) -> None:
        """Carry it out from where it stands."""
        if self._rollout["Stage"] == "RollingBack":
            self._roll_back(self._rollout["Reason"])
            return
        try:
            if self._rollout["Stage"] == "Forward":
                self._forward()
            self._finish()
        except _RollBack as reason:
            self._roll_back(str(reason))
        except (StartFailed, ValueError, ApiError, OSError) as error:
            text = error.message if isinstance(error, ApiError) else str(error)
            self._roll_back(text)
        except _ServerEnds:
            raise
        except Exception as error:
            # Ours, not the user's: the log has it all, and the endpoint serves on.
            self._roll_back(f"InternalServerError: {error!r}")
            raise

    def bring_up(self) -> None:
        """Start what a rollout had running when the last server ended."""
        site, rollout = self._site, self._rollout
        blue = make_group(
            site, self._name, self._deployed, counts=rollout["Blue"], deployment=0
        )
        try:
            start_group(site, self._name, blue)
        except StartFailed:
            end_group(site, blue)
            raise
        self._blue = (blue,)
        endpoint = site.state.get("Endpoint", self._name) or {}
        waits = "AsyncInferenceConfig" in endpoint
        site.endpoints.serving[self._name] = Serving(self._blue, waits)
        if rollout["Green"]:
            self._make_green(rollout["Green"])
            self._route()

    # Forward

    def _forward(self) -> None:
        rollout = self._rollout
        blue, green = instances(self._deployed), instances(rollout["Items"])
        for index, step in enumerate(plan(self._policy, blue, green)):
            if index < rollout["Step"]:
                continue
            if "Baking" not in rollout:
                if self._green is None:
                    self._make_green(step.green)
                assert self._green is not None
                resize(self._site, self._name, self._green, step.green)
                rollout |= {"Share": step.share, "Green": step.green}
                rollout["Active"] = step.active
                self._route()
                rollout["Baking"] = self._site.clock.now()
                self._keep("Updating", new="Baking")
            self._bake(rollout["Baking"] + _wait_of(self._policy))
            if "RollingUpdatePolicy" in self._policy and step.share < 1:
                for group in self._blue:
                    resize(self._site, self._name, group, step.blue)
                rollout["Blue"] = step.blue
            rollout["Step"] = index + 1
            del rollout["Baking"]
            self._keep("Updating", new="Updating")
        rollout |= {"Stage": "Ending", "Since": self._site.clock.now()}
        self._keep("Updating", old="Deleting", new="ActivatingTraffic")

    def _make_green(self, counts: Mapping[str, int]) -> None:
        group = make_group(
            self._site,
            self._name,
            self._rollout["Items"],
            counts=counts,
            deployment=self._number,
            share=0.0,
        )
        try:
            start_group(self._site, self._name, group)
        except StartFailed:
            end_group(self._site, group)
            raise
        self._green = group

    def _route(self) -> None:
        """Split the traffic as the step says."""
        share = self._rollout["Share"]
        groups = [
            dataclasses.replace(
                group,
                share=group.share * (1 - share),
                # What is copied is copied once.
                shadows=group.shadows if share < 1 else (),
            )
            for group in self._blue
            if share < 1
        ]
        if self._green is not None and share > 0:
            for variant in self._green.variants:
                variant.fleet.active = self._rollout["Active"].get(variant.name)
            groups.append(
                dataclasses.replace(
                    self._green,
                    share=share,
                    shadows=self._green.shadows if share == 1 else (),
                )
            )
        self._site.endpoints.serving[self._name].groups = tuple(groups)

    def _bake(self, end: float) -> None:
        """Wait until a time, unless an alarm or the time limit says otherwise."""
        site, begin = self._site, self._rollout["Baking"]
        limit = self._limit()
        end_or_limit = min(end, limit)
        cancel = site.clock.call_at(end_or_limit, site.state.notify)
        tripped: str | None = None

        def over() -> bool:
            nonlocal tripped
            now = site.clock.now()
            if site.closing.is_set():
                return True
            if self._alarms:
                site.alarms.catch_up(min(now, end_or_limit))
                tripped = site.alarms.tripped(self._alarms, begin)
            return tripped is not None or now >= end_or_limit

        while not site.state.wait_for(over, seconds=_LOOK):
            pass
        cancel()
        if site.closing.is_set():
            raise _ServerEnds
        if tripped is not None:
            raise _RollBack(f"Alarm {tripped!r} is in state ALARM.")
        if limit <= end:
            raise _RollBack(
                "The deployment was not over in MaximumExecutionTimeoutInSeconds."
            )

    def _limit(self) -> float:
        for policy in ("BlueGreenUpdatePolicy", "RollingUpdatePolicy"):
            seconds = self._policy.get(policy, {}).get("MaximumExecutionTimeoutInSeconds")
            if seconds is not None:
                return self._rollout["Started"] + seconds
        return math.inf

    def _keep(self, status: str, *, old: str = "", new: str = "") -> None:
        """Keep where the rollout stands."""
        now = self._site.clock.now()
        views = _views(self._deployed, self._rollout, now, old=old, new=new)
        settle(self._site, self._name, status, _Rollout=self._rollout, **views)

    # Ends

    def _finish(self) -> None:
        site, rollout = self._site, self._rollout
        policy = self._policy.get("BlueGreenUpdatePolicy", {})
        end = rollout["Since"] + policy.get("TerminationWaitInSeconds", 0)
        cancel = site.clock.call_at(end, site.state.notify)
        while not site.state.wait_for(
            lambda: site.closing.is_set() or site.clock.now() >= end, seconds=_LOOK
        ):
            pass
        cancel()
        if site.closing.is_set():
            return
        for group in self._blue:
            end_group(site, group)
        items = rollout["Items"]
        assert self._green is not None
        for variant in self._green.variants:
            variant.fleet.active = None
        serving = self._site.endpoints.serving[self._name]
        serving.groups = (dataclasses.replace(self._green, share=1.0),)
        serving.waits = rollout["Async"] is not None
        before = sum(map(count_of, self._deployed)) + rollout["Extra"]
        now = site.clock.now()
        changes = {
            "EndpointConfigName": rollout["Config"],
            "AsyncInferenceConfig": rollout["Async"],
            "_Deployed": items,
            "_Rollout": None,
            "PendingDeploymentSummary": None,
            **variants_of(items, counts=instances(items), now=now),
        }
        if rollout["Given"] is not None:
            changes["LastDeploymentConfig"] = rollout["Given"]
        settle(site, self._name, "InService", **changes)
        site.endpoints.free(before - sum(map(count_of, items)))

    def _roll_back(self, reason: str) -> None:
        if self._site.closing.is_set():
            return
        site, rollout = self._site, self._rollout
        rollout |= {"Stage": "RollingBack", "Reason": reason}
        rollout.pop("Baking", None)
        self._keep("RollingBack", old="Updating", new="Deleting")
        try:
            self._give_back()
        except StartFailed as error:
            # Both configurations serve on, with what they have.
            text = f"{reason} The rollback failed too: {error}"
            rollout["Stage"] = "Failed"
            self._keep("UpdateRollbackFailed")
            settle(site, self._name, "UpdateRollbackFailed", FailureReason=text[:1024])
            return
        serving = site.endpoints.serving[self._name]
        serving.groups = self._blue
        if self._green is not None:
            end_group(site, self._green)
        counts = instances(self._deployed)
        settle(
            site,
            self._name,
            "InService",
            FailureReason=reason[:1024],
            PendingDeploymentSummary=None,
            _Rollout=None,
            **variants_of(self._deployed, counts=counts, now=site.clock.now()),
        )
        site.endpoints.free(rollout["Extra"])

    def _give_back(self) -> None:
        """Bring the old instances back that a rolling update has ended, and their traffic."""
        rollout, full = self._rollout, instances(self._deployed)
        if rollout["Blue"] == full:
            return
        policy = self._policy.get("RollingUpdatePolicy", {})
        size = policy.get(
            "RollbackMaximumBatchSize", {"Type": "CAPACITY_PERCENT", "Value": 100}
        )
        (blue,) = self._blue
        while rollout["Blue"] != full:
            counts = {
                name: min(n, rollout["Blue"].get(name, 0) + _size(size, n))
                for name, n in full.items()
            }
            resize(self._site, self._name, blue, counts)
            share = 1 - sum(counts.values()) / sum(full.values())
            green = {
                name: math.ceil(round(n * share, 9))
                for name, n in instances(rollout["Items"]).items()
            }
            rollout |= {"Blue": counts, "Share": min(share, rollout["Share"])}
            self._route()
            if self._green is not None and share > 0:
                resize(self._site, self._name, self._green, green)
                rollout["Green"] = green
            self._keep("RollingBack", old="Updating", new="Deleting")


def go_on(site: Site, name: str) -> None:
    """Go on with the rollout that the last server had begun."""
    rollout = _Rollout(site, name)
    stage = rollout._rollout["Stage"]
    try:
        rollout.bring_up()
    except (StartFailed, ValueError, ApiError, OSError) as error:
        text = error.message if isinstance(error, ApiError) else str(error)
        if site.endpoints.serving.get(name) is None:
            endpoint = site.state.get("Endpoint", name)
            if endpoint is not None:
                site.endpoints.free(reserved(endpoint))
            settle(site, name, "Failed", FailureReason=text[:1024], _Rollout=None)
            return
        if stage != "Failed":
            rollout._roll_back(rollout._rollout.get("Reason", text))
            return
    if stage != "Failed":
        rollout.run()


# Weights and capacities


@operation(
    "sagemaker",
    "UpdateEndpointWeightsAndCapacities",
    uses="EndpointName DesiredWeightsAndCapacities[].VariantName "
    "DesiredWeightsAndCapacities[].DesiredWeight "
    "DesiredWeightsAndCapacities[].DesiredInstanceCount",
    refuses={
        "DesiredWeightsAndCapacities[].ServerlessUpdateConfig": "what is provisioned is changed "
        "by UpdateEndpoint."
    },
    differs=(
        "No instances at all are possible for an asynchronous endpoint only.",
        "If a new instance fails, weights and counts stay as they were, with a FailureReason.",
    ),
)
def update_weights(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    site, name = context.site, request["EndpointName"]
    found = require(context, "Endpoint", "endpoint", name)
    _require_settled(found, ("InService",))
    change(site, found, request["DesiredWeightsAndCapacities"])
    return {"EndpointArn": found["EndpointArn"]}


def change(site: Site, endpoint: dict[str, Any], wanted: list[dict[str, Any]]) -> None:
    """Give variants of an endpoint that is InService other weights and counts."""
    name, items = endpoint["EndpointName"], endpoint["_Deployed"]
    new = [{**item, "Variant": dict(item["Variant"])} for item in items]
    known = {item["Variant"]["VariantName"]: item["Variant"] for item in new}
    for entry in wanted:
        variant = known.get(entry["VariantName"])
        if variant is None:
            raise invalid(
                f"Could not find variant {entry['VariantName']} of endpoint {name}. It has: "
                f"{', '.join(known)}."
            )
        if serverless.config_of(variant) is not None:
            raise invalid(
                f"Variant {entry['VariantName']} is serverless: it has no instances, and all of "
                "the traffic. Update the endpoint with another configuration."
            )
        count = entry.get("DesiredInstanceCount", variant["InitialInstanceCount"])
        if not count and "AsyncInferenceConfig" not in endpoint:
            raise invalid(
                "DesiredInstanceCount is 0; only asynchronous endpoints can have 0."
            )
        variant["InitialInstanceCount"] = count
        weight = entry.get("DesiredWeight", variant["InitialVariantWeight"])
        variant["InitialVariantWeight"] = float(weight)
    if not sum(
        item["Variant"]["InitialVariantWeight"] for item in new if "Shadow" not in item
    ):
        raise invalid("The weights of all variants are 0.")
    extra = sum(map(count_of, new)) - sum(map(count_of, items))
    site.endpoints.reserve(max(0, extra))
    now = site.clock.now()
    changed = site.state.change(
        "Endpoint",
        name,
        {
            "EndpointStatus": "Updating",
            "LastModifiedTime": now,
            "FailureReason": None,
            "_Deployed": new,
            **variants_of(new, counts=instances(items), now=now, status="Updating"),
        },
        only_if=lambda other: other["EndpointStatus"] == "InService",
    )
    if changed is None:
        site.endpoints.free(max(0, extra))
        raise _in_progress(endpoint)
    site.run(_apply, site, name, items, new)


def _apply(site: Site, name: str, old: list[Item], new: list[Item]) -> None:
    serving = site.endpoints.serving[name]
    (group,) = serving.groups
    weights = {
        item["Variant"]["VariantName"]: item["Variant"]["InitialVariantWeight"]
        for item in new
    }

    def weighed(variants: Any) -> Any:
        return tuple(dataclasses.replace(v, weight=weights[v.name]) for v in variants)

    failure = None
    try:
        resize(site, name, group, instances(new))
    except StartFailed as error:
        failure = str(error)[:1024]
        with contextlib.suppress(StartFailed):
            resize(site, name, group, instances(old))
        new_items = old
    else:
        new_items = new
        serving.groups = (
            dataclasses.replace(
                group, variants=weighed(group.variants), shadows=weighed(group.shadows)
            ),
        )
    changed = sum(map(count_of, new)) - sum(map(count_of, old))
    site.endpoints.free(max(0, changed) if failure else max(0, -changed))
    settle(
        site,
        name,
        "InService",
        FailureReason=failure,
        _Deployed=new_items,
        **variants_of(new_items, counts=instances(new_items), now=site.clock.now()),
    )
