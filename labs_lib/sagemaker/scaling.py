"""Application Auto Scaling: target tracking for the instances of a variant."""

import math
import re
import uuid
from typing import Any

from labs_lib.sagemaker import cloudwatch, rollouts
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.metrics import ENDPOINTS, Metric, dimensions_of
from labs_lib.sagemaker.operations import Context, operation, page
from labs_lib.sagemaker.site import Site

_SERVICE = "application-autoscaling"
_RESOURCE = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
_COOLDOWN = 300
_OUT_PERIODS, _IN_PERIODS = 3, 15
_IN_SHARE = 0.9
_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_ONLY = {
    f"ScalableDimension={name}": "variants with instances are scaled."
    for name in (
        "sagemaker:variant:DesiredProvisionedConcurrency",
        "sagemaker:inference-component:DesiredCopyCount",
    )
}
_TRACKING = "TargetTrackingScalingPolicyConfiguration"
_METRICS = {
    f"{_TRACKING}.PredefinedMetricSpecification.PredefinedMetricType={name}": "only "
    "SageMakerVariantInvocationsPerInstance is measured here."
    for name in (
        "SageMakerVariantProvisionedConcurrencyUtilization",
        "SageMakerInferenceComponentInvocationsPerCopy",
        "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
        "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    )
}


def desired(current: int, value: float, target: float, *, low: int, high: int) -> int:
    """Return how many instances bring a metric per instance to its target.

    Parameters
    ----------
    current : int
        Instances now.
    value, target : float
        Of the metric.
    low, high : int
        Bounds of the answer.

    Notes
    -----
    In proportion and rounded up: 4 instances at 100 with target 70 become 6.
    """
    wanted = math.ceil(round(max(current, 1) * value / target, 9))
    return min(max(wanted, low), high)


# Targets


def _only_sagemaker(request: dict[str, Any]) -> None:
    if request["ServiceNamespace"] != "sagemaker":
        raise invalid(
            f"ServiceNamespace {request['ServiceNamespace']}: this machine scales sagemaker only."
        )


def _check(context: Context, request: dict[str, Any]) -> None:
    """Refuse what is no variant of an endpoint."""
    _only_sagemaker(request)
    if request["ScalableDimension"] != _DIMENSION:
        raise invalid(f"ScalableDimension: expected {_DIMENSION}.")
    match = _RESOURCE.fullmatch(request["ResourceId"])
    endpoint = context.site.state.get("Endpoint", match[1]) if match else None
    names = [
        item["Variant"]["VariantName"]
        for item in (endpoint or {}).get("_Deployed", [])
        if "InitialInstanceCount" in item["Variant"]
    ]
    if match is None or match[2] not in names:
        raise invalid(
            f"ResourceId {request['ResourceId'][:200]!r} is no variant with instances; expected "
            "endpoint/NAME/variant/NAME."
        )


def _target(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = context.site.state.get("ScalableTarget", request["ResourceId"])
    if found is None or request["ScalableDimension"] != _DIMENSION:
        raise ApiError(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: sagemaker, resource ID: "
            f"{request['ResourceId'][:200]}, scalable dimension: "
            f"{request['ScalableDimension']}.",
        )
    return found


@operation(
    _SERVICE,
    "RegisterScalableTarget",
    uses="ServiceNamespace ResourceId ScalableDimension MinCapacity MaxCapacity "
    "SuspendedState",
    refuses=_ONLY,
    differs=(
        "A count outside of the bounds is corrected when a policy scales next.",
        "DeleteEndpoint leaves target and policies, without effect.",
    ),
)
def register_scalable_target(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _check(context, request)
    site, name = context.site, request["ResourceId"]
    old = site.state.get("ScalableTarget", name)
    merged = {**(old or {}), **request}
    merged.pop("Tags", None)
    for field in ("MinCapacity", "MaxCapacity"):
        if field not in merged:
            raise invalid(f"{field} is needed for a new scalable target.")
        if merged[field] < 0:
            raise invalid(f"{field} is {merged[field]}, expected 0 or more.")
    if merged["MinCapacity"] > merged["MaxCapacity"]:
        raise invalid("MinCapacity is more than MaxCapacity.")
    arn = context.arn(f"scalable-target/{uuid.uuid4().hex}", _SERVICE)
    role = (
        f"arn:aws:iam::{site.account}:role/aws-service-role/sagemaker.application-autoscaling."
        "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    )
    body = {
        "ScalableTargetARN": arn,
        "CreationTime": site.clock.now(),
        "RoleARN": role,
        "SuspendedState": {},
        **merged,
    }
    with site.state.transaction():
        site.state.remove("ScalableTarget", name)
        site.state.add("ScalableTarget", name, body["ScalableTargetARN"], body)
    return {"ScalableTargetARN": body["ScalableTargetARN"]}


def _page(items: list[Any], request: dict[str, Any], key: str) -> dict[str, Any]:
    size = request.get("MaxResults", 50)
    if not 1 <= size <= 50:
        raise invalid("MaxResults is from 1 to 50.")
    try:
        return page(items, request, key=key, default=50)
    except ApiError as error:
        raise ApiError("InvalidNextTokenException", error.message) from None


@operation(
    _SERVICE,
    "DescribeScalableTargets",
    uses="ServiceNamespace ResourceIds ScalableDimension MaxResults NextToken",
)
def describe_scalable_targets(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_sagemaker(request)
    wanted = request.get("ResourceIds")
    found = [
        target
        for target in context.site.state.all("ScalableTarget")
        if not wanted or target["ResourceId"] in wanted
    ]
    return _page(found, request, "ScalableTargets")


@operation(
    _SERVICE,
    "DeregisterScalableTarget",
    uses="ServiceNamespace ResourceId ScalableDimension",
)
def deregister_scalable_target(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_sagemaker(request)
    _target(context, request)
    for policy in context.site.state.all("ScalingPolicy"):
        if policy["ResourceId"] == request["ResourceId"]:
            _forget(context.site, policy)
    context.site.state.remove("ScalableTarget", request["ResourceId"])
    return {}


# Policies


def _key(request: dict[str, Any]) -> str:
    return f"{request['ResourceId']}|{request['PolicyName']}"


def _forget(site: Site, policy: dict[str, Any]) -> None:
    for alarm in policy["Alarms"]:
        site.state.remove("Alarm", alarm["AlarmName"])
    site.state.remove("ScalingPolicy", _key(policy))


@operation(
    _SERVICE,
    "PutScalingPolicy",
    uses=f"PolicyName ServiceNamespace ResourceId ScalableDimension PolicyType "
    f"{_TRACKING}.TargetValue {_TRACKING}.PredefinedMetricSpecification "
    f"{_TRACKING}.CustomizedMetricSpecification.MetricName "
    f"{_TRACKING}.CustomizedMetricSpecification.Namespace "
    f"{_TRACKING}.CustomizedMetricSpecification.Dimensions "
    f"{_TRACKING}.CustomizedMetricSpecification.Statistic "
    f"{_TRACKING}.CustomizedMetricSpecification.Unit "
    f"{_TRACKING}.ScaleOutCooldown {_TRACKING}.ScaleInCooldown {_TRACKING}.DisableScaleIn",
    refuses={
        **_ONLY,
        **_METRICS,
        f"{_TRACKING}.CustomizedMetricSpecification.Metrics": "there is no metric math.",
        "PolicyType=StepScaling": "there is target tracking only.",
        "PolicyType=PredictiveScaling": "there is target tracking only.",
        "StepScalingPolicyConfiguration": "there is target tracking only.",
        "PredictiveScalingPolicyConfiguration": "there is target tracking only.",
    },
    differs=(
        f"The alarms have periods of a minute, {_OUT_PERIODS} of {_OUT_PERIODS} above the target "
        f"for out, {_IN_PERIODS} of {_IN_PERIODS} below {_IN_SHARE} of it for in.",
        "Out goes to the number at which the last minute would have met the target, in to the "
        "number at which the busiest of its minutes would have.",
        "The guide's cooldowns: within ScaleOutCooldown only further out; within ScaleInCooldown "
        "only out; 300 s if not given.",
        "Of several policies out is done if any says so, in only if all do; the largest number "
        "wins.",
        "An endpoint that is being updated is not scaled.",
    ),
)
def put_scaling_policy(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _check(context, request)
    _target(context, request)
    site, config = context.site, request.get(_TRACKING)
    if config is None or request.get("PolicyType") != "TargetTrackingScaling":
        raise invalid(f"Give PolicyType TargetTrackingScaling and {_TRACKING}.")
    given = {
        "PredefinedMetricSpecification",
        "CustomizedMetricSpecification",
    } & config.keys()
    if len(given) != 1:
        raise invalid("Give one of PredefinedMetricSpecification and Customized...")
    if not 1e-9 <= config["TargetValue"] <= 1e12:
        raise invalid("TargetValue has to be above 0.")
    for field in ("ScaleOutCooldown", "ScaleInCooldown"):
        if config.get(field, 0) < 0:
            raise invalid(f"{field} is {config[field]}, expected 0 or more.")
    metric = _metric_of(request["ResourceId"], config)
    if "Namespace" not in metric or "MetricName" not in metric:
        raise invalid("CustomizedMetricSpecification needs MetricName and Namespace.")
    old = site.state.get("ScalingPolicy", _key(request))
    if old is not None:
        _forget(site, old)
    alarms = []
    for kind, periods, comparison, threshold in (
        ("High", _OUT_PERIODS, "GreaterThanThreshold", config["TargetValue"]),
        ("Low", _IN_PERIODS, "LessThanThreshold", _IN_SHARE * config["TargetValue"]),
    ):
        name = f"TargetTracking-{request['ResourceId']}-Alarm{kind}-{uuid.uuid4()}"[-255:]
        cloudwatch.put_metric_alarm(
            context,
            {
                "AlarmName": name,
                **metric,
                "Period": 60,
                "EvaluationPeriods": periods,
                "Threshold": float(threshold),
                "ComparisonOperator": comparison,
            },
        )
        arn = context.arn(f"alarm:{name}", "cloudwatch")
        alarms.append({"AlarmName": name, "AlarmARN": arn})
    arn = context.arn(
        f"scalingPolicy:{uuid.uuid4()}:resource/sagemaker/{request['ResourceId']}:policyName/"
        f"{request['PolicyName']}",
        "autoscaling",
    )
    body = {
        **request,
        "PolicyARN": arn if old is None else old["PolicyARN"],
        "CreationTime": site.clock.now(),
        "Alarms": alarms,
    }
    site.state.add("ScalingPolicy", _key(request), body["PolicyARN"], body)
    return {"PolicyARN": body["PolicyARN"], "Alarms": alarms}


def _metric_of(resource: str, config: dict[str, Any]) -> dict[str, Any]:
    """Return metric and statistic of a policy, as an alarm has them."""
    custom = config.get("CustomizedMetricSpecification")
    if custom is not None:
        fields = ("MetricName", "Namespace", "Dimensions", "Unit")
        found = {field: custom[field] for field in fields if field in custom}
        return {**found, "Statistic": custom.get("Statistic", "Average")}
    match = _RESOURCE.fullmatch(resource)
    assert match is not None
    return {
        "Namespace": ENDPOINTS,
        "MetricName": "InvocationsPerInstance",
        "Dimensions": [
            {"Name": "EndpointName", "Value": match[1]},
            {"Name": "VariantName", "Value": match[2]},
        ],
        "Statistic": "Sum",
    }


@operation(
    _SERVICE,
    "DescribeScalingPolicies",
    uses="PolicyNames ServiceNamespace ResourceId ScalableDimension MaxResults NextToken",
)
def describe_scaling_policies(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_sagemaker(request)
    names = request.get("PolicyNames")
    found = [
        policy
        for policy in context.site.state.all("ScalingPolicy")
        if (not names or policy["PolicyName"] in names)
        and request.get("ResourceId", policy["ResourceId"]) == policy["ResourceId"]
    ]
    return _page(found, request, "ScalingPolicies")


@operation(
    _SERVICE,
    "DeleteScalingPolicy",
    uses="PolicyName ServiceNamespace ResourceId ScalableDimension",
)
def delete_scaling_policy(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _only_sagemaker(request)
    found = context.site.state.get("ScalingPolicy", _key(request))
    if found is None:
        raise ApiError(
            "ObjectNotFoundException",
            f"No scaling policy found for resource ID {request['ResourceId'][:200]}, policy "
            f"name {request['PolicyName'][:200]}.",
        )
    _forget(context.site, found)
    return {}


@operation(
    _SERVICE,
    "DescribeScalingActivities",
    uses="ServiceNamespace ResourceId ScalableDimension MaxResults NextToken",
    differs=("What was not scaled is not listed.",),
)
def describe_scaling_activities(
    context: Context, request: dict[str, Any]
) -> dict[str, Any]:
    _only_sagemaker(request)
    found = [
        activity
        for activity in context.site.state.all("ScalingActivity")
        if request.get("ResourceId", activity["ResourceId"]) == activity["ResourceId"]
    ]
    found.sort(key=lambda activity: activity["StartTime"], reverse=True)
    return _page(found, request, "ScalingActivities")


# What scales


def consider(site: Site, now: float) -> None:
    """Scale what the alarms of that minute ask for."""
    policies: dict[str, list[dict[str, Any]]] = {}
    for policy in site.state.all("ScalingPolicy"):
        policies.setdefault(policy["ResourceId"], []).append(policy)
    for resource, found in policies.items():
        target = site.state.get("ScalableTarget", resource)
        if target is not None:
            _scale(site, target, found, now)


def _scale(
    site: Site, target: dict[str, Any], policies: list[dict[str, Any]], now: float
) -> None:
    match = _RESOURCE.fullmatch(target["ResourceId"])
    assert match is not None
    endpoint = site.state.get("Endpoint", match[1])
    if endpoint is None or endpoint["EndpointStatus"] != "InService":
        return
    counts = {
        item["Variant"]["VariantName"]: item["Variant"].get("InitialInstanceCount")
        for item in endpoint["_Deployed"]
    }
    current = counts.get(match[2])
    if current is None:
        return
    outs, ins, quiet = [], [], 0
    for policy in policies:
        config = policy[_TRACKING]
        high, low = (site.state.get("Alarm", a["AlarmName"]) for a in policy["Alarms"])
        bounds = {"low": target["MinCapacity"], "high": target["MaxCapacity"]}
        if high is not None and high["StateValue"] == "ALARM":
            value = max(_values(site, target, config, now, 1, current), default=0.0)
            wanted = desired(current, value, config["TargetValue"], **bounds)
            if wanted > current:
                outs.append((wanted, policy, high))
        elif low is not None and low["StateValue"] == "ALARM":
            value = max(
                _values(site, target, config, now, _IN_PERIODS, current), default=0.0
            )
            wanted = desired(current, value, config["TargetValue"], **bounds)
            if not config.get("DisableScaleIn"):
                quiet += 1
                ins.append((wanted, policy, low))
    suspended = target["SuspendedState"]
    if outs and not suspended.get("DynamicScalingOutSuspended"):
        wanted, policy, alarm = max(outs, key=lambda each: each[0])
    elif (
        not outs
        and ins
        and quiet == len(policies)
        and not suspended.get("DynamicScalingInSuspended")
        and now >= target.get("_NoInBefore", 0.0)
    ):
        wanted, policy, alarm = max(ins, key=lambda each: each[0])
        if wanted >= current:
            return
    else:
        return
    _act(site, target, endpoint, match[2], current, wanted, policy, alarm, now)


def _values(
    site: Site,
    target: dict[str, Any],
    config: dict[str, Any],
    now: float,
    minutes: int,
    current: int,
) -> list[float]:
    """Return the metric of each of the last minutes that has any."""
    asked = _metric_of(target["ResourceId"], config)
    own = "CustomizedMetricSpecification" in config
    metric = Metric(
        asked["Namespace"],
        # Whatever served then: what there was to do is what counts.
        asked["MetricName"] if own else "Invocations",
        dimensions_of(asked.get("Dimensions")),
        asked.get("Unit", ""),
    )
    found = site.metrics.periods(
        metric, start=now - 60 * minutes, end=now, period=60, any_unit="Unit" not in asked
    )
    values = [points.statistic(asked["Statistic"]) for points in found.values()]
    share = 1 if own else max(1, current)
    return [value / share for value in values if value is not None]


def _act(
    site: Site,
    target: dict[str, Any],
    endpoint: dict[str, Any],
    variant: str,
    current: int,
    wanted: int,
    policy: dict[str, Any],
    alarm: dict[str, Any],
    now: float,
) -> None:
    config = policy[_TRACKING]
    way = "ScaleOutCooldown" if wanted > current else "ScaleInCooldown"
    pause = now + config.get(way, _COOLDOWN)
    activity = {
        "ActivityId": str(uuid.uuid4()),
        "ServiceNamespace": "sagemaker",
        "ResourceId": target["ResourceId"],
        "ScalableDimension": _DIMENSION,
        "Description": f"Setting desired instance count to {wanted}.",
        "Cause": f"monitor alarm {alarm['AlarmName']} in state ALARM triggered policy "
        f"{policy['PolicyName']}",
        "StartTime": now,
        "EndTime": now,
        "StatusCode": "Successful",
        "StatusMessage": f"Successfully set desired instance count to {wanted}.",
    }
    try:
        rollouts.change(
            site, endpoint, [{"VariantName": variant, "DesiredInstanceCount": wanted}]
        )
    except ApiError as error:
        activity |= {"StatusCode": "Failed", "StatusMessage": error.message}
    else:
        site.state.change("ScalableTarget", target["ResourceId"], {"_NoInBefore": pause})
    site.state.add("ScalingActivity", activity["ActivityId"], "", activity)


# Begin and end


def recover(site: Site) -> None:
    """Listen to the alarms."""
    site.alarms.after.append(lambda now: consider(site, now))
