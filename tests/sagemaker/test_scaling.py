"""Target tracking: out at once, in slowly, on the server's clock."""

import contextlib
import time

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import sagemaker
from labs_lib.sagemaker.scaling import desired

from .conftest import ONCE
from .test_endpoints import Site


@pytest.mark.parametrize(
    ("current", "value", "target", "expected"),
    # The example of the facts, and the guide's rounding up (1.5 becomes 2).
    [(4, 100, 70, 6), (1, 105, 70, 2), (2, 70, 70, 2), (4, 0, 70, 1), (9, 999, 1, 8)],
)
def test_in_proportion_and_rounded_up(current, value, target, expected):
    assert desired(current, value, target, low=1, high=8) == expected


@given(st.integers(1, 50), st.integers(0, 5000), st.integers(1, 500))
def test_what_is_desired_meets_the_target_and_no_less_does(current, value, target):
    found = desired(current, value, target, low=0, high=10**9)
    assert current * value <= found * target
    assert found == 0 or current * value > (found - 1) * target


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with sagemaker.start(tmp_path_factory.mktemp("still"), speed=0) as local:
        site = Site(local)
        site.scaling = local.client("application-autoscaling", config=ONCE)
        yield site


class Scaled:
    """An endpoint whose one variant is scaled, asked a number of times each minute."""

    def __init__(self, site, name, *, high=4, **config):
        self.site, self.name = site, name
        site.model(name)
        site.endpoint(name, site.variant("v", name))
        self.where = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{name}/variant/v",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        site.scaling.register_scalable_target(**self.where, MinCapacity=1, MaxCapacity=high)
        site.local.step(60 - site.local.now() % 60)
        self.policy = self.put(**config)

    def put(self, name="policy", **config):
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        return self.site.scaling.put_scaling_policy(
            **self.where,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 10.0,
                "PredefinedMetricSpecification": metric,
                **config,
            },
        )

    def minutes(self, number, requests):
        """Let minutes pass with so many requests each; return the counts after them."""
        counts = []
        for _ in range(number):
            for _ in range(requests):
                with contextlib.suppress(ClientError):
                    self.site.invoke(self.name)
            self.site.local.step(60)
            counts.append(self.count())
        return counts

    def count(self):
        deadline = time.monotonic() + 20
        # Alarms are evaluated in a moment of their own.
        self.site.local.client("cloudwatch").describe_alarms()
        while True:
            found = self.site.sagemaker.describe_endpoint(EndpointName=self.name)
            if found["EndpointStatus"] == "InService" or time.monotonic() > deadline:
                return found["ProductionVariants"][0]["CurrentInstanceCount"]
            time.sleep(0.02)


def test_out_after_three_minutes_in_after_fifteen(site):
    scaled = Scaled(site, "tracked")
    assert scaled.minutes(3, 25) == [1, 1, 3]
    # The new instances carry what there is to do: no further out.
    assert scaled.minutes(3, 25) == [3, 3, 3]
    # More than there may be.
    assert scaled.minutes(3, 99)[-1] == 4
    counts = scaled.minutes(18, 5)
    assert counts[:13] == [4] * 13
    assert counts[-1] == 1
    found = site.scaling.describe_scaling_activities(
        ServiceNamespace="sagemaker", ResourceId=scaled.where["ResourceId"]
    )["ScalingActivities"]
    assert [a["Description"].split()[-1] for a in found] == ["1.", "4.", "3."]
    assert all(a["StatusCode"] == "Successful" for a in found)
    alarms = {alarm["AlarmName"] for alarm in scaled.policy["Alarms"]}
    watch = site.local.client("cloudwatch", config=ONCE)
    listed = watch.describe_alarms(AlarmNames=sorted(alarms))["MetricAlarms"]
    assert sorted(a["Threshold"] for a in listed) == [9.0, 10.0]
    site.delete("tracked")


def test_no_further_in_before_the_cooldown_is_over_but_out(site):
    scaled = Scaled(site, "cooled", ScaleInCooldown=3600)
    assert scaled.minutes(3, 40)[-1] == 4
    # 300 s after the scale-out there may be less; from then on an hour has to pass.
    counts = scaled.minutes(17, 15)
    assert counts[-1] == 2
    assert scaled.minutes(20, 1)[-1] == 2
    assert scaled.minutes(3, 40)[-1] == 4
    site.delete("cooled")


def test_in_only_if_all_policies_say_so(site):
    scaled = Scaled(site, "several", high=3)
    scaled.put("other", TargetValue=1000.0, DisableScaleIn=True)
    assert scaled.minutes(3, 25)[-1] == 3
    assert scaled.minutes(17, 1)[-1] == 3
    site.scaling.delete_scaling_policy(**scaled.where, PolicyName="other")
    assert scaled.minutes(2, 1)[-1] == 1
    site.delete("several")


def test_without_data_nothing_is_scaled(site):
    scaled = Scaled(site, "silent")
    scaled.minutes(3, 25)
    assert scaled.minutes(20, 0)[-1] == 3
    site.scaling.deregister_scalable_target(**scaled.where)
    assert site.scaling.describe_scaling_policies(ServiceNamespace="sagemaker",
        ResourceId=scaled.where["ResourceId"])["ScalingPolicies"] == []  # fmt: skip
    site.delete("silent")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ResourceId": "endpoint/none/variant/v"}, "no variant with instances"),
        ({"ResourceId": "table/x"}, "no variant with instances"),
        ({"ServiceNamespace": "ecs"}, "scales sagemaker only"),
        ({"MinCapacity": 3, "MaxCapacity": 2}, "MinCapacity is more"),
        (
            {"ScalableDimension": "sagemaker:inference-component:DesiredCopyCount"},
            "variants",
        ),
    ],
)
def test_targets_that_cannot_be(site, change, message):
    given_request = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/none/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 1,
        "MaxCapacity": 2,
    }
    if "MinCapacity" in change:
        site.model("idle")
        site.endpoint("idle", site.variant("v", "idle"))
        given_request["ResourceId"] = "endpoint/idle/variant/v"
    with pytest.raises(ClientError, match=message):
        site.scaling.register_scalable_target(**given_request | change)
