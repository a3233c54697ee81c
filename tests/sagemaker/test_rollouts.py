"""Updates of endpoints: shares of traffic, baking, alarms, rollbacks, and no request lost."""

import itertools
import json
import threading
import time
from collections import Counter

import psutil
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import sagemaker
from labs_lib.sagemaker.rollouts import plan

from .conftest import ONCE, have_ended
from .test_endpoints import Site

WAIT = 120


def blue_green(kind="ALL_AT_ONCE", wait=WAIT, ends=0, alarms=(), **sizes):
    policy = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": kind,
                "WaitIntervalInSeconds": wait,
                **{
                    name: {"Type": unit, "Value": value}
                    for name, (unit, value) in sizes.items()
                },
            },
            "TerminationWaitInSeconds": ends,
        }
    }
    return with_alarms(policy, alarms)


def rolling(batch, wait=WAIT, alarms=(), **more):
    size = {"Type": "INSTANCE_COUNT", "Value": batch}
    policy = {"MaximumBatchSize": size, "WaitIntervalInSeconds": wait, **more}
    return with_alarms({"RollingUpdatePolicy": policy}, alarms)


def with_alarms(policy, alarms):
    if alarms:
        names = [{"AlarmName": name} for name in alarms]
        policy["AutoRollbackConfiguration"] = {"Alarms": names}
    return policy


CANARY = blue_green("CANARY", CanarySize=("CAPACITY_PERCENT", 25))
LINEAR = blue_green("LINEAR", LinearStepSize=("CAPACITY_PERCENT", 50))


# The plan


@pytest.mark.parametrize(
    ("policy", "count", "shares"),
    [
        (blue_green(), 4, [1.0]),
        (CANARY, 4, [0.25, 1.0]),
        (blue_green("CANARY", CanarySize=("INSTANCE_COUNT", 1)), 4, [0.25, 1.0]),
        (LINEAR, 4, [0.5, 1.0]),
        (blue_green("LINEAR", LinearStepSize=("CAPACITY_PERCENT", 30)), 4, [0.3, 0.6, 0.9, 1.0]),
        (blue_green("LINEAR", LinearStepSize=("CAPACITY_PERCENT", 10)), 1,
         [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        (rolling(1), 4, [0.25, 0.5, 0.75, 1.0]),
        (rolling(2), 5, [0.4, 0.8, 1.0]),
    ],
)  # fmt: skip
def test_the_steps_of_a_policy(policy, count, shares):
    steps = plan(policy, {"v": count}, {"v": count})
    assert [step.share for step in steps] == pytest.approx(shares)
    assert steps[-1].share == 1
    if "RollingUpdatePolicy" in policy:
        assert [step.green["v"] + step.blue["v"] for step in steps] == [count] * len(steps)
    else:
        assert all(step.green == {"v": count} for step in steps)


@given(st.integers(0, 16), st.integers(0, 16), st.integers(1, 100), st.booleans())
def test_a_rolling_plan_ends_with_the_new_instances_alone(blue, green, size, percent):
    kind = "CAPACITY_PERCENT" if percent else "INSTANCE_COUNT"
    batch = {"Type": kind, "Value": size}
    policy = {"RollingUpdatePolicy": {"MaximumBatchSize": batch}}
    steps = plan(policy, {"a": blue}, {"b": green})
    assert steps[-1].green == {"b": green}
    assert steps[-1].blue == {"a": 0}
    for one, two in itertools.pairwise(steps):
        assert one.share < two.share
        assert one.blue["a"] >= two.blue["a"] > -1
        # Whoever has traffic has an instance.
        assert one.blue["a"] > 0 or blue == 0


# On a clock that stands still


@pytest.fixture(scope="module")
def site(still):
    return Site(still)


class Endpoint:
    """An endpoint that serves `old`, and a configuration of `new`."""

    numbers = iter(range(1000))

    def __init__(self, site, count=1, *, new=None, **environment):
        self.site, self.name = site, f"e{next(self.numbers)}"
        self.local, self.watch = site.local, site.local.client("cloudwatch", config=ONCE)
        site.model(f"{self.name}-old", NAME="old", **environment)
        site.model(f"{self.name}-new", **{"NAME": "new", **(new or {})})
        site.endpoint(self.name, site.variant("v", f"{self.name}-old", count))
        self.config("new", count)

    def config(self, name, count=1, **more):
        self.site.sagemaker.create_endpoint_config(
            EndpointConfigName=f"{self.name}-{name}",
            ProductionVariants=[
                self.site.variant("v", f"{self.name}-{name[:3]}", count, **more)
            ],
        )

    def alarm(self, **more):
        name = f"{self.name}-alarm"
        self.watch.put_metric_alarm(
            **{
                "AlarmName": name,
                "Namespace": "AWS/SageMaker",
                "MetricName": "Invocation5XXErrors",
                "Dimensions": [
                    {"Name": "EndpointName", "Value": self.name},
                    {"Name": "VariantName", "Value": "v"},
                ],
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 0.0,
                "ComparisonOperator": "GreaterThanThreshold",
                **more,
            }
        )
        return name

    def update(self, policy=None, config="new", **more):
        given = {} if policy is None else {"DeploymentConfig": policy}
        return self.site.sagemaker.update_endpoint(
            EndpointName=self.name,
            EndpointConfigName=f"{self.name}-{config}",
            **given,
            **more,
        )

    def found(self):
        return self.site.sagemaker.describe_endpoint(EndpointName=self.name)

    def until(self, check, seconds=20):
        deadline = time.monotonic() + seconds
        while not check(self.found()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert check(self.found()), self.found()
        return self.found()

    def status(self, status):
        return self.until(lambda found: found["EndpointStatus"] == status)

    def baking(self, share):
        """Wait until the new configuration bakes with this share."""

        def bakes(found):
            pending = found.get("PendingDeploymentSummary", {}).get("ProductionVariants")
            return (
                pending
                and pending[0]["VariantStatus"][0]["Status"] == "Baking"
                and pending[0]["CurrentWeight"] == pytest.approx(share)
            )

        return self.until(bakes)

    def names(self, number=200):
        return Counter(self.site.said(self.name)["name"] for _ in range(number))


def test_all_at_once_with_a_wait_before_the_end(site):
    endpoint = Endpoint(site)
    old = psutil.Process(site.said(endpoint.name)["pid"])
    arn = endpoint.update(blue_green(ends=60))["EndpointArn"]
    assert arn == endpoint.found()["EndpointArn"]
    found = endpoint.baking(1.0)
    assert found["EndpointStatus"] == "Updating"
    assert found["EndpointConfigName"] == endpoint.name
    pending = found["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == f"{endpoint.name}-new"
    assert pending["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert found["ProductionVariants"][0]["CurrentWeight"] == 0
    assert endpoint.names(20) == {"new": 20}
    for call in (endpoint.update, lambda: site.delete(endpoint.name)):
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            call()
    site.local.step(WAIT)
    endpoint.until(
        lambda found: (
            found["ProductionVariants"][0].get("VariantStatus", [{}])[0].get("Status")
            == "Deleting"
        )
    )
    assert old.is_running()
    site.local.step(60)
    found = endpoint.status("InService")
    assert found["EndpointConfigName"] == f"{endpoint.name}-new"
    assert "PendingDeploymentSummary" not in found
    assert found["LastDeploymentConfig"] == blue_green(ends=60)
    assert have_ended(old)
    site.delete(endpoint.name)


def test_without_a_policy_it_is_all_at_once_and_at_once(site):
    endpoint = Endpoint(site)
    endpoint.update()
    found = endpoint.status("InService")
    assert endpoint.names(20) == {"new": 20}
    assert "LastDeploymentConfig" not in found
    site.delete(endpoint.name)


def test_a_canary_gets_its_share_then_everything(site):
    endpoint = Endpoint(site)
    endpoint.update(CANARY)
    found = endpoint.baking(0.25)
    assert found["ProductionVariants"][0]["CurrentWeight"] == 0.75
    # Five standard deviations around 50 of 200.
    assert 19 < endpoint.names()["new"] < 81
    site.local.step(WAIT - 1)
    time.sleep(0.1)
    endpoint.baking(0.25)
    site.local.step(1)
    endpoint.baking(1.0)
    assert endpoint.names(20) == {"new": 20}
    site.local.step(WAIT)
    endpoint.status("InService")
    site.delete(endpoint.name)


def test_a_linear_rollout_of_two_instances(site):
    endpoint = Endpoint(site, 2)
    endpoint.update(LINEAR)
    endpoint.baking(0.5)
    said = [site.said(endpoint.name) for _ in range(100)]
    assert 20 < sum(each["name"] == "new" for each in said) < 80
    assert len({each["pid"] for each in said if each["name"] == "new"}) == 1
    site.local.step(WAIT)
    endpoint.baking(1.0)
    site.local.step(WAIT)
    endpoint.status("InService")
    site.delete(endpoint.name)


def test_a_rolling_update_replaces_batch_by_batch(site):
    endpoint = Endpoint(site, 4)
    endpoint.update(rolling(2))
    found = endpoint.baking(0.5)
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 4
    assert (
        found["PendingDeploymentSummary"]["ProductionVariants"][0]["CurrentInstanceCount"]
        == 2
    )
    site.local.step(WAIT)
    found = endpoint.baking(1.0)
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    site.local.step(WAIT)
    found = endpoint.status("InService")
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 4
    site.delete(endpoint.name)


@pytest.mark.parametrize(
    ("policy", "share"), [(CANARY, 0.25), (blue_green(), 1.0), (LINEAR, 0.5)]
)
def test_an_alarm_gives_all_traffic_back(site, policy, share):
    endpoint = Endpoint(site)
    alarm = endpoint.alarm()
    policy = with_alarms(dict(policy), [alarm])
    site.local.step(60 - site.local.now() % 60)
    endpoint.update(policy)
    endpoint.baking(share)
    with pytest.raises(site.runtime.exceptions.ModelError):
        site.invoke(endpoint.name, b"status 500")
    site.local.step(60)
    found = endpoint.status("InService")
    assert found["EndpointConfigName"] == endpoint.name
    assert f"Alarm '{alarm}' is in state ALARM" in found["FailureReason"]
    assert endpoint.names(20) == {"old": 20}
    # The alarm calms down, and the next update goes through.
    site.local.step(600)
    endpoint.watch.delete_alarms(AlarmNames=[alarm])
    endpoint.update()
    found = endpoint.status("InService")
    assert "FailureReason" not in found
    site.delete(endpoint.name)


def test_an_alarm_that_is_over_by_the_time_one_looks_counts(site):
    endpoint = Endpoint(site)
    alarm = endpoint.alarm(TreatMissingData="notBreaching")
    site.local.step(60 - site.local.now() % 60)
    endpoint.update(with_alarms(blue_green(wait=3600), [alarm]))
    endpoint.baking(1.0)
    with pytest.raises(site.runtime.exceptions.ModelError):
        site.invoke(endpoint.name, b"status 500")
    site.local.step(7200)
    assert "ALARM" in endpoint.status("InService")["FailureReason"]
    site.delete(endpoint.name)


def test_metrics_tell_the_new_configuration_from_the_old_one(site):
    endpoint = Endpoint(site)
    begin = site.local.now()

    def counted(metric="Invocations", **more):
        dimensions = {"EndpointName": endpoint.name, "VariantName": "v", **more}
        points = endpoint.watch.get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName=metric, Period=3600,
            StartTime=begin - 3600, EndTime=begin + 3600, Statistics=["Sum"],
            Dimensions=[{"Name": k, "Value": v} for k, v in dimensions.items()],
        )["Datapoints"]  # fmt: skip
        return sum(point["Sum"] for point in points)

    old, new = endpoint.name, f"{endpoint.name}-new"
    endpoint.names(7)
    assert (counted(), counted(EndpointConfigName=old)) == (7, 7)
    endpoint.update(CANARY)
    endpoint.baking(0.25)
    said = endpoint.names(100)
    assert counted(EndpointConfigName=new) == said["new"] > 0
    assert counted(EndpointConfigName=old) == 7 + said["old"]
    assert counted() == 107
    latencies = [counted("ModelLatency", **d) for d in ({}, {"EndpointConfigName": new})]
    assert latencies[0] > latencies[1] > 0
    site.local.step(WAIT)
    endpoint.baking(1.0)
    site.local.step(WAIT)
    endpoint.status("InService")
    endpoint.names(5)
    assert counted(EndpointConfigName=new) == said["new"] + 5
    site.delete(endpoint.name)


def test_an_alarm_on_the_new_configuration_does_not_count_the_old_one(site):
    endpoint = Endpoint(site)
    dimensions = {
        "EndpointName": endpoint.name,
        "VariantName": "v",
        "EndpointConfigName": f"{endpoint.name}-new",
    }
    alarm = endpoint.alarm(
        Dimensions=[{"Name": k, "Value": v} for k, v in dimensions.items()]
    )
    site.local.step(60 - site.local.now() % 60)
    with pytest.raises(site.runtime.exceptions.ModelError):
        site.invoke(endpoint.name, b"status 500")
    site.local.step(60)
    endpoint.update(with_alarms(blue_green(wait=3600), [alarm]))
    endpoint.baking(1.0)
    with pytest.raises(site.runtime.exceptions.ModelError):
        site.invoke(endpoint.name, b"status 500")
    site.local.step(60)
    assert "ALARM" in endpoint.status("InService")["FailureReason"]
    site.delete(endpoint.name)


def test_an_alarm_that_is_set_by_hand_rolls_a_rolling_update_back(site):
    endpoint = Endpoint(site, 2)
    alarm = endpoint.alarm()
    endpoint.update(rolling(1, alarms=[alarm]))
    endpoint.baking(0.5)
    site.local.step(WAIT)
    found = endpoint.baking(1.0)
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    endpoint.watch.set_alarm_state(
        AlarmName=alarm, StateValue="ALARM", StateReason="a person does not like it"
    )
    found = endpoint.status("InService")
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert endpoint.names(20) == {"old": 20}
    site.delete(endpoint.name)


def test_a_new_model_that_does_not_start_changes_nothing(site):
    endpoint = Endpoint(site, new={"MODE": "exit"})
    endpoint.update(CANARY)
    found = endpoint.status("InService")
    assert found["EndpointConfigName"] == endpoint.name
    assert "did not pass the ping health check" in found["FailureReason"]
    assert "nothing to serve" in found["FailureReason"]
    assert endpoint.names(10) == {"old": 10}
    site.delete(endpoint.name)


def test_a_rollback_that_fails_leaves_both_serving(site, tmp_path):
    poison = tmp_path / "poison"
    endpoint = Endpoint(site, 2, UNLESS=str(poison))
    alarm = endpoint.alarm()
    endpoint.update(rolling(1, alarms=[alarm]))
    endpoint.baking(0.5)
    site.local.step(WAIT)
    endpoint.baking(1.0)
    poison.touch()
    endpoint.watch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="r")
    found = endpoint.status("UpdateRollbackFailed")
    assert "The rollback failed too" in found["FailureReason"]
    assert "it is poisoned" in found["FailureReason"]
    assert sum(endpoint.names(20).values()) == 20
    with pytest.raises(ClientError, match="without a DeploymentConfig"):
        endpoint.update(CANARY)
    endpoint.update()
    endpoint.status("InService")
    assert endpoint.names(20) == {"new": 20}
    site.delete(endpoint.name)


def test_a_rollout_that_takes_too_long_is_rolled_back(site):
    endpoint = Endpoint(site, new={"MODE": "slow"})
    policy = blue_green(wait=599)
    policy["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 600
    endpoint.update(policy)
    # The new instance takes its time, on the clock too.
    site.local.step(10)
    endpoint.baking(1.0)
    site.local.step(590)
    found = endpoint.status("InService")
    assert "not over in MaximumExecutionTimeoutInSeconds" in found["FailureReason"]
    assert endpoint.names(10) == {"old": 10}
    site.delete(endpoint.name)


def test_what_an_update_retains(site):
    endpoint = Endpoint(site)
    endpoint.config("new-2", 3, InitialVariantWeight=7.0)
    endpoint.update(
        config="new-2",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    (variant,) = endpoint.status("InService")["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (1, 7.0)
    endpoint.update(blue_green(wait=0), config="new")
    assert endpoint.status("InService")["LastDeploymentConfig"] == blue_green(wait=0)
    endpoint.update(config="new-2", RetainDeploymentConfig=True)
    found = endpoint.status("InService")
    assert found["LastDeploymentConfig"] == blue_green(wait=0)
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    site.delete(endpoint.name)


@pytest.fixture(scope="module")
def idle(site):
    return Endpoint(site, 2)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (blue_green("CANARY"), "type CANARY needs CanarySize"),
        (blue_green(CanarySize=("CAPACITY_PERCENT", 5)), "ALL_AT_ONCE has no CanarySize"),
        (blue_green("CANARY", CanarySize=("CAPACITY_PERCENT", 51)), "percent"),
        (blue_green("CANARY", CanarySize=("INSTANCE_COUNT", 2)), "more than half of the 2"),
        (rolling(2), "more than half"),
        ({**rolling(1), **blue_green()}, "two update policies"),
        (blue_green(alarms=["none"]), "Could not find alarm 'none'"),
        (rolling(1, wait=400, MaximumExecutionTimeoutInSeconds=700), "waits of all steps"),
    ],
)
def test_policies_that_are_refused(idle, policy, message):
    with pytest.raises(ClientError, match=message):
        idle.update(policy)
    assert idle.found()["EndpointStatus"] == "InService"


def test_an_alarm_that_is_on_already_is_refused(idle):
    alarm = idle.alarm()
    idle.watch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="r")
    with pytest.raises(ClientError, match="is in state ALARM"):
        idle.update(blue_green(alarms=[alarm]))


def test_an_update_beyond_the_limit_of_instances(idle):
    idle.config("new-20", 16)
    with pytest.raises(idle.site.sagemaker.exceptions.ResourceLimitExceeded):
        idle.update(config="new-20")
    assert idle.found()["EndpointStatus"] == "InService"


# Weights and capacities


def test_weights_and_counts_change_in_place(site):
    site.model("left", NAME="left")
    site.model("right", NAME="right")
    site.endpoint("two", site.variant("l", "left"), site.variant("r", "right"))
    before = {site.said("two", TargetVariant=v)["pid"] for v in "lr"}
    site.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="two",
        DesiredWeightsAndCapacities=[
            {"VariantName": "l", "DesiredWeight": 0.0, "DesiredInstanceCount": 2},
            {"VariantName": "r", "DesiredWeight": 3.0},
        ],
    )
    site.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="two")
    left, right = site.sagemaker.describe_endpoint(EndpointName="two")["ProductionVariants"]
    assert (left["CurrentInstanceCount"], left["DesiredWeight"]) == (2, 0.0)
    assert (right["CurrentInstanceCount"], right["CurrentWeight"]) == (1, 3.0)
    names = Counter(site.said("two")["name"] for _ in range(50))
    assert names == {"right": 50}
    # A variant without weight can still be asked for, and nobody was replaced.
    after = {site.said("two", TargetVariant=v)["pid"] for v in "lr" for _ in range(9)}
    assert before <= after
    for wrong, message in (
        ({"VariantName": "x"}, "Could not find variant x"),
        ({"VariantName": "l", "DesiredInstanceCount": 0}, "only asynchronous"),
        ({"VariantName": "r", "DesiredWeight": 0.0}, "weights of all variants are 0"),
        ({"VariantName": "l", "DesiredInstanceCount": 99}, "limit for instances"),
    ):
        with pytest.raises(ClientError, match=message):
            site.sagemaker.update_endpoint_weights_and_capacities(
                EndpointName="two", DesiredWeightsAndCapacities=[wrong]
            )
    site.delete("two")


def test_a_shadow_sees_copies_that_users_never_see(site):
    site.model("public", NAME="public")
    site.model("shadow", NAME="shadow")
    site.sagemaker.create_endpoint_config(
        EndpointConfigName="shaded",
        ProductionVariants=[site.variant("p", "public", InitialVariantWeight=2.0)],
        ShadowProductionVariants=[site.variant("s", "shadow", InitialVariantWeight=1.0)],
    )
    site.sagemaker.create_endpoint(EndpointName="shaded", EndpointConfigName="shaded")
    site.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="shaded")
    found = site.sagemaker.describe_endpoint(EndpointName="shaded")
    assert found["ShadowProductionVariants"][0]["VariantName"] == "s"
    begin = site.local.now()
    for _ in range(100):
        assert site.said("shaded")["name"] == "public"
        time.sleep(0.003)
    watch = site.local.client("cloudwatch", config=ONCE)

    def copies():
        (point,) = watch.get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName="Invocations", Period=3600,
            StartTime=begin - 3600, EndTime=begin + 3600, Statistics=["Sum"],
            Dimensions=[{"Name": "EndpointName", "Value": "shaded"},
                        {"Name": "VariantName", "Value": "s"}],
        )["Datapoints"]  # fmt: skip
        return point["Sum"]

    deadline = time.monotonic() + 10
    while copies() < 25 and time.monotonic() < deadline:
        time.sleep(0.05)
    # Five standard deviations around a half.
    assert 25 <= copies() <= 75
    with pytest.raises(ClientError, match="Variant s is not one of"):
        site.invoke("shaded", TargetVariant="s")
    site.delete("shaded")


# No request is lost


class Traffic:
    """Clients that ask until they are told to stop, each request once."""

    def __init__(self, endpoint, clients=4):
        self.endpoint, self.stop = endpoint, threading.Event()
        self.answers, self.errors = [], []
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self):
        runtime = self.endpoint.local.client("sagemaker-runtime", config=ONCE)
        while not self.stop.is_set():
            try:
                # Long enough that some are under way whenever an instance goes.
                answer = runtime.invoke_endpoint(
                    EndpointName=self.endpoint.name, Body=b"sleep 0.01"
                )
                self.answers.append(json.loads(answer["Body"].read())["name"])
            except Exception as error:  # counted, whatever it is
                self.errors.append(error)

    def reach(self, number):
        deadline = time.monotonic() + 60
        while (
            len(self.answers) < number and not self.errors and time.monotonic() < deadline
        ):
            time.sleep(0.01)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert self.errors == []
        return Counter(self.answers)


def roll_out_under_traffic(endpoint, policy, shares, requests, rolls_back=False):
    """Return how many each configuration answered during a rollout, all of them."""
    traffic = Traffic(endpoint)
    try:
        endpoint.update(policy)
        for index, share in enumerate(shares):
            endpoint.baking(share)
            traffic.reach((index + 1) * requests // (len(shares) + 1))
            if rolls_back and share == shares[-1]:
                endpoint.watch.set_alarm_state(
                    AlarmName=f"{endpoint.name}-alarm", StateValue="ALARM", StateReason="r"
                )
            else:
                endpoint.local.step(WAIT)
        endpoint.status("InService")
        traffic.reach(requests)
    finally:
        found = traffic.end()
    assert sum(found.values()) >= requests
    return found


KINDS = {
    "all at once": (1, blue_green(), [1.0]),
    "canary": (1, CANARY, [0.25, 1.0]),
    "linear": (2, LINEAR, [0.5, 1.0]),
    "rolling": (2, rolling(1), [0.5, 1.0]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rolls_back", [False, True], ids=["forward", "back"])
def test_no_request_is_lost(site, kind, rolls_back):
    count, policy, shares = KINDS[kind]
    endpoint = Endpoint(site, count)
    policy = with_alarms(dict(policy), [endpoint.alarm()])
    found = roll_out_under_traffic(endpoint, policy, shares, 200, rolls_back)
    assert min(found["old"], found["new"]) > 0
    last = "old" if rolls_back else "new"
    assert endpoint.names(10) == {last: 10}
    site.delete(endpoint.name)


def test_no_request_is_lost_in_a_rollback_batch_by_batch(site):
    endpoint = Endpoint(site, 3)
    one = {"Type": "INSTANCE_COUNT", "Value": 1}
    policy = rolling(1, alarms=[endpoint.alarm()], RollbackMaximumBatchSize=one)
    found = roll_out_under_traffic(endpoint, policy, [1 / 3, 2 / 3], 100, rolls_back=True)
    assert min(found["old"], found["new"]) > 0
    described = endpoint.found()
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    assert {site.said(endpoint.name, b"sleep 0.01")["name"] for _ in range(9)} == {"old"}
    site.delete(endpoint.name)


def test_no_request_is_lost_while_instances_come_and_go(site):
    endpoint = Endpoint(site, 3)
    traffic = Traffic(endpoint)
    for count in (1, 2, 1):
        site.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint.name,
            DesiredWeightsAndCapacities=[
                {"VariantName": "v", "DesiredInstanceCount": count}
            ],
        )
        endpoint.status("InService")
    traffic.end()
    site.delete(endpoint.name)


# A clock that runs


def test_a_rollout_on_a_faster_clock(tmp_path):
    with sagemaker.start(tmp_path, speed=60) as local:
        endpoint = Endpoint(Site(local))
        begun = local.now()
        endpoint.update(CANARY)
        waiter = endpoint.site.sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=endpoint.name)
        assert 2 * WAIT <= local.now() - begun < 60 * 60
        assert endpoint.names(10) == {"new": 10}


def test_a_broken_model_is_taken_back_by_itself(tmp_path):
    with sagemaker.start(tmp_path, speed=60) as local:
        site = Site(local)
        endpoint = Endpoint(site, new={"MODE": "broken"})
        alarm = endpoint.alarm(TreatMissingData="notBreaching")
        policy = blue_green("CANARY", wait=600, CanarySize=("CAPACITY_PERCENT", 20))
        endpoint.update(with_alarms(policy, [alarm]))
        endpoint.baking(0.2)
        answers = Counter()
        deadline = time.monotonic() + 30
        while (
            endpoint.found()["EndpointStatus"] != "InService"
            and time.monotonic() < deadline
        ):
            for _ in range(20):
                try:
                    answers[site.said(endpoint.name)["name"]] += 1
                except site.runtime.exceptions.ModelError as error:
                    answers[error.response["OriginalStatusCode"]] += 1
        found = endpoint.found()
        assert found["EndpointConfigName"] == endpoint.name
        assert f"Alarm '{alarm}' is in state ALARM" in found["FailureReason"]
        # Nobody but the canary's users saw it.
        assert set(answers) == {"old", 500}
        assert answers[500] < 0.5 * sum(answers.values())
        assert endpoint.names(20) == {"old": 20}


# Restart


def stages(endpoint):
    """Yield after bringing the endpoint to each stage of a rollout."""
    endpoint.update(rolling(1, alarms=[endpoint.alarm()]))
    yield "asked"
    endpoint.baking(0.5)
    yield "first bake"
    endpoint.local.step(WAIT)
    endpoint.baking(1.0)
    yield "second bake"
    endpoint.local.step(WAIT)
    yield "ending"
    endpoint.status("InService")


@pytest.mark.parametrize("stage", ["asked", "first bake", "second bake", "ending"])
def test_a_rollout_survives_a_kill(tmp_path, stage):
    first = sagemaker.start(tmp_path, speed=0)
    endpoint = Endpoint(Site(first), 2)
    for reached in stages(endpoint):
        if reached == stage:
            break
    server = psutil.Process(first._owner["pid"])
    family = server.children(recursive=True)
    server.kill()
    first._process.wait()
    assert have_ended(*family)
    with sagemaker.start(tmp_path, speed=0) as second:
        site = Site.__new__(Site)
        site.local = endpoint.local = second
        site.sagemaker = second.client("sagemaker", config=ONCE)
        site.runtime = second.client("sagemaker-runtime", config=ONCE)
        endpoint.site, endpoint.watch = site, second.client("cloudwatch", config=ONCE)
        deadline = time.monotonic() + 30
        while (
            endpoint.found()["EndpointStatus"] != "InService"
            and time.monotonic() < deadline
        ):
            second.step(WAIT / 4)
            time.sleep(0.05)
        found = endpoint.found()
        assert found["EndpointStatus"] == "InService"
        assert found["EndpointConfigName"] == f"{endpoint.name}-new"
        assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 2
        assert endpoint.names(10) == {"new": 10}
    first.close()


def again(folder, name):
    """Start a server on the folder; return it and the endpoint as it finds it."""
    local = sagemaker.start(folder, speed=300)
    site = Site.__new__(Site)
    site.local = local
    site.sagemaker = local.client("sagemaker", config=ONCE)
    site.runtime = local.client("sagemaker-runtime", config=ONCE)
    endpoint = Endpoint.__new__(Endpoint)
    endpoint.site, endpoint.local, endpoint.name = site, local, name
    return local, endpoint


POINTS = 10


def test_a_kill_at_any_moment_of_a_rollout_loses_nothing(tmp_path):
    with sagemaker.start(tmp_path, speed=300) as local:
        name = Endpoint(Site(local), 2).name
    policies = [
        policy for _, policy, _ in KINDS.values() if "RollingUpdatePolicy" not in policy
    ]
    policies.append(rolling(1))
    local, endpoint = again(tmp_path, name)
    endpoint.config("old", 2)
    for point in range(POINTS):
        endpoint.status("InService")
        config = "new" if point % 2 == 0 else "old"
        endpoint.update(policies[point % len(policies)], config=config)
        # From before the new instances are there to after the old ones are gone.
        time.sleep(0.2 * point)
        server = psutil.Process(local._owner["pid"])
        family = server.children(recursive=True)
        server.kill()
        local._process.wait()
        assert have_ended(*family)
        local.close()
        local, endpoint = again(tmp_path, name)
        found = endpoint.until(
            lambda found: found["EndpointStatus"] == "InService", seconds=60
        )
        assert found["EndpointConfigName"] == f"{name}-{config}"
        assert "FailureReason" not in found
        assert endpoint.names(6) == {config: 6}
    local.close()


def test_weights_and_counts_that_were_accepted_survive_a_kill(tmp_path):
    with sagemaker.start(tmp_path, speed=300) as local:
        name = Endpoint(Site(local)).name
        local.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=name,
            DesiredWeightsAndCapacities=[
                {"VariantName": "v", "DesiredWeight": 5.0, "DesiredInstanceCount": 2}
            ],
        )
        psutil.Process(local._owner["pid"]).kill()
        local._process.wait()
    local, endpoint = again(tmp_path, name)
    (variant,) = endpoint.status("InService")["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (2, 5.0)
    local.close()


def test_nothing_runs_on_when_a_server_is_closed_in_the_middle_of_a_rollout(tmp_path):
    with sagemaker.start(tmp_path, speed=0) as local:
        endpoint = Endpoint(Site(local), 2)
        endpoint.update(CANARY)
        endpoint.baking(0.25)
        server = psutil.Process(local._owner["pid"])
        family = [server, *server.children(recursive=True)]
        assert len(family) >= 9
    assert have_ended(*family)
