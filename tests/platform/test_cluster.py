"""The model of a cluster: the default of the guide, and what holds for any load and policy."""

import copy
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib import aws
from labs_lib.platform import cluster
from labs_lib.platform.cluster import ClusterJob, ClusterNode, fixed, rule, run

MEMORY = "YARNMemoryAvailablePercentage"
JOBS = st.lists(
    st.builds(
        ClusterJob,
        st.integers(0, 100),
        st.integers(1, 40),
        st.integers(1, 30),
        st.floats(0, 50),
    ),
    max_size=12,
)


def between(low, high, *rules):
    return {"Constraints": {"MinCapacity": low, "MaxCapacity": high}, "Rules": list(rules)}


OUT = rule("out", MEMORY, "LESS_THAN", 15.0, 1)
IN = rule("in", MEMORY, "GREATER_THAN", 75.0, -1)


def test_the_default_of_the_guide():
    policy = cluster.default_policy()
    assert policy["Constraints"] == {"MinCapacity": 2, "MaxCapacity": 10}
    (only,) = policy["Rules"]
    alarm = only["Trigger"]["CloudWatchAlarmDefinition"]
    change = only["Action"]["SimpleScalingPolicyConfiguration"]
    assert (alarm["MetricName"], alarm["ComparisonOperator"]) == (MEMORY, "LESS_THAN")
    assert (alarm["Threshold"], alarm["Period"], alarm["EvaluationPeriods"]) == (15, 300, 1)
    assert (change["ScalingAdjustment"], change["CoolDown"]) == (1, 300)


def test_the_percentage_is_what_is_free_of_all():
    seen = cluster.metrics(slots=20, running=17, pending=34, space=100, used=40)
    assert seen[MEMORY] == 15
    assert seen["ContainerPendingRatio"] == 2
    assert (seen["HDFSUtilization"], seen["CapacityRemainingGB"]) == (40, 60)
    nothing = cluster.metrics(slots=20, running=0, pending=7, space=100, used=140)
    assert nothing["ContainerPendingRatio"] == 7
    assert (nothing["HDFSUtilization"], nothing["CapacityRemainingGB"]) == (100, 0)


def test_a_cluster_grows_by_one_node_after_launch_and_cooldown():
    """Looked at every 5 minutes, 5 to launch and 5 to cool down: a node every 10 minutes."""
    done = run([ClusterJob(0, 1000, 200)], cluster.default_policy(), minutes=90)
    assert [done.nodes[t] for t in (0, 9, 10, 19, 20, 79, 89)] == [3, 3, 4, 4, 5, 10, 10]
    assert [done.running[t] for t in (4, 5, 15)] == [16, 24, 32]


def test_without_a_rule_for_it_no_node_goes():
    jobs = [ClusterJob(0, 100, 10)]
    kept = run(jobs, cluster.default_policy(), minutes=400)
    gone = run(jobs, between(2, 10, OUT, IN), minutes=400)
    assert kept.nodes[-1] == max(kept.nodes) > 2
    assert gone.nodes[-1] == 2


def test_hdfs_does_not_see_work_without_data():
    watched = rule("out", "HDFSUtilization", "GREATER_THAN", 85.0, 1)
    policy = between(2, 10, watched)
    assert set(run([ClusterJob(0, 500, 20)], policy).nodes) == {2}
    assert max(run([ClusterJob(0, 500, 20, gb=500.0)], policy).nodes) == 10


def test_a_busy_node_does_not_go():
    eager = rule("in", MEMORY, "GREATER_THAN_OR_EQUAL", 0.0, -5)
    policy = between(
        1, 4, rule("out", "ContainerPendingRatio", "GREATER_THAN", 0.5, 3), eager
    )
    done = run([ClusterJob(0, 32, 60)], policy, minutes=60)
    assert done.running[30] == 32
    assert done.nodes[30] == 4


def test_two_periods_have_to_be_beyond():
    slow = copy.deepcopy(OUT)
    slow["Trigger"]["CloudWatchAlarmDefinition"]["EvaluationPeriods"] = 2
    jobs = [ClusterJob(0, 16, 4), ClusterJob(20, 200, 60)]
    done = run(jobs, between(2, 10, slow), minutes=40)
    assert done.nodes[19] == 2
    assert done.nodes[24] == 2
    assert done.nodes[25] == 3


def test_what_still_waits_counts_to_the_end():
    done = run(
        [ClusterJob(10, 3, 100)], fixed(1), minutes=50, node=ClusterNode(containers=1)
    )
    assert done.waits == [0, 40, 40]
    assert done.mean_wait == pytest.approx(80 / 3)
    assert done.node_hours == pytest.approx(50 / 60)
    assert run([], fixed(1)).mean_wait == 0


@settings(max_examples=60, deadline=None)
@given(JOBS, st.integers(1, 3), st.integers(3, 6), st.integers(0, 9))
def test_no_container_is_lost_and_none_runs_without_a_place(jobs, low, high, launch):
    node = ClusterNode(containers=4, launch=launch)
    done = run(jobs, between(low, high, OUT, IN), minutes=200, node=node)
    assert len(done.waits) == sum(job.containers for job in jobs)
    assert min(done.waits, default=0) >= 0
    assert len(done.nodes) == len(done.running) == len(done.pending) == 200
    for nodes, running in zip(done.nodes, done.running, strict=True):
        assert low <= nodes <= high
        assert running <= nodes * node.containers
    if not done.pending[-1] and not done.running[-1]:
        assert sum(done.running) == sum(job.containers * job.minutes for job in jobs)


@settings(max_examples=60, deadline=None)
@given(JOBS, st.integers(1, 4))
def test_with_one_more_fixed_node_nobody_waits_longer(jobs, nodes):
    few, more = (run(jobs, fixed(n), minutes=300) for n in (nodes, nodes + 1))
    assert all(b <= a for a, b in zip(few.waits, more.waits, strict=True))


def changed(change):
    policy = cluster.default_policy()
    change(policy, policy["Rules"][0])
    return policy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, r: r["Trigger"]["CloudWatchAlarmDefinition"].update(MetricName="Free"), "MetricName is 'Free', expected"),
        (lambda p, r: r["Trigger"]["CloudWatchAlarmDefinition"].update(Period=60), "Period is 60, expected 300"),
        (lambda p, r: r["Action"]["SimpleScalingPolicyConfiguration"].update(AdjustmentType="EXACT_CAPACITY"), "expected CHANGE_IN_CAPACITY"),
        (lambda p, r: p["Constraints"].update(MinCapacity=0), "MinCapacity is 0, expected 1"),
    ],
)  # fmt: skip
def test_what_the_model_does_not_know_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run([], changed(change))


def test_what_aws_refuses_is_refused():
    with pytest.raises(aws.RequestError, match="MinCapacity"):
        run([], changed(lambda p, r: p["Constraints"].update(MinCapacity=11)))


@pytest.mark.parametrize(
    "call",
    [
        lambda: ClusterJob(-1, 1, 1),
        lambda: ClusterJob(0, 0, 1),
        lambda: ClusterJob(0, 1, 1.5),
        lambda: ClusterJob(0, 1, 1, math.nan),
        lambda: ClusterNode(containers=0),
        lambda: ClusterNode(gb=0),
        lambda: run([ClusterJob(10, 1, 1)], fixed(1), minutes=10),
        lambda: cluster.metrics(slots=0, running=0, pending=0, space=1, used=0),
    ],
)
def test_wrong_numbers_are_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()


def test_containers_wait_only_when_no_memory_is_free():
    """So a rule on free memory holds whenever one on pending containers does."""
    memory = "YARNMemoryAvailablePercentage"
    rng, waited = random.Random(0), 0
    for _ in range(30):
        jobs = [
            cluster.ClusterJob(rng.randrange(400), rng.randint(1, 60), rng.randint(1, 40))
            for _ in range(15)
        ]
        rules = [
            cluster.rule("out", memory, "LESS_THAN", 15.0, rng.randint(1, 3)),
            cluster.rule("in", memory, "GREATER_THAN", 75.0, -1),
        ]
        policy = {"Constraints": {"MinCapacity": 1, "MaxCapacity": 6}, "Rules": rules}
        for one in cluster.run(jobs, policy, minutes=600).metrics:
            if one["ContainerPendingRatio"] > 0:
                assert one[memory] == 0
                waited += 1
    assert waited > 100
