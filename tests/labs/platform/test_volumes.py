import math
import random

import numpy as np
import pandas as pd

from labs_lib.labs.platform.volumes.exercises import lab
from labs_lib.platform import cluster, volumes
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def full_speed(gib, iops, share):
    """The answer by the engine."""
    bucket = volumes.gp2_bucket(gib, level=share * volumes.GP2_CREDITS)
    if iops <= bucket.baseline:
        return math.inf
    return 0 if iops > bucket.burst else bucket.level / (iops - bucket.baseline) / 60


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(full_speed,), (lambda *given: np.float64(full_speed(*given)),)],
        wrong={
            "always_full": (lambda gib, iops, share: full_speed(gib, iops, 1),),
            "seconds": (lambda *given: 60 * full_speed(*given),),
            None: (lambda gib, iops, share: 30.0,),
        },
        stub=(stub,),
    )


def test_the_volume_is_at_full_speed_until_then_and_no_longer():
    rng = random.Random(0)
    for _ in range(100):
        gib, share = rng.randint(1, 900), rng.random()
        iops = rng.randint(101, 3_000)
        seconds = 60 * full_speed(gib, iops, share)
        if not 0 < seconds < math.inf:
            continue
        bucket = volumes.gp2_bucket(gib, level=share * volumes.GP2_CREDITS)
        assert math.isclose(bucket.serve(iops, seconds).amount, iops * seconds)
        assert bucket.serve(iops, 60).amount < 0.99999 * iops * 60


# Exercise 2 --------------------------------------------------------------------------------


def nodes_after(free, least, most, quiet):
    """By the place of the last change, instead of a count."""
    nodes, last, found = least, -math.inf, []
    for place, value in enumerate(free):
        step = 1 if value < 15 else -1 if value > 75 else 0
        if place - last > quiet and least <= nodes + step <= most and step:
            nodes, last = nodes + step, place
        found.append(nodes)
    return found


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(nodes_after,), (lambda *given: np.array(nodes_after(*given), dtype=int),)],
        wrong={
            "no_cooldown": (lambda free, a, b, quiet: nodes_after(free, a, b, 0),),
            "upside_down": (lambda free, *a: nodes_after([100 - v for v in free], *a),),
            "before": (lambda free, a, *b: [a, *nodes_after(free, a, *b)][:-1],),
            "one_late": (lambda free, a, b, quiet: nodes_after(free, a, b, quiet + 1),),
            None: (lambda free, least, most, quiet: [least] * len(free),),
        },
        stub=(stub,),
    )


def test_it_is_the_rule_of_the_cluster():
    """Without a time to launch, and fed with the metric that the model has seen."""
    memory = "YARNMemoryAvailablePercentage"
    rules = [
        cluster.rule("out", memory, "LESS_THAN", 15.0, 1, cooldown=600),
        cluster.rule("in", memory, "GREATER_THAN", 75.0, -1, cooldown=600),
    ]
    policy = {"Constraints": {"MinCapacity": 2, "MaxCapacity": 6}, "Rules": rules}
    jobs = [cluster.ClusterJob(start, 60, 20) for start in range(0, 300, 60)]
    done = cluster.run(jobs, policy, minutes=400, node=cluster.ClusterNode(launch=0))
    free = [one[memory] for one in done.metrics]
    # A change waits 600 s: the next value is passed over, and the one after that acts.
    assert nodes_after(free, 2, 6, 1) == done.nodes[:: cluster.STEP]
    assert len(set(done.nodes)) > 2


# Exercise 3 --------------------------------------------------------------------------------

TAKE = {
    "a": "gp3", "b": "io2", "c": "st1", "d": "store", "e": "elastic", "f": "provisioned", "g": "managed",
}  # fmt: skip


def test_ex3():
    names = (
        "steady",
        "most_iops",
        "large_requests",
        "may_vanish",
        "seldom",
        "busy",
        "fleets",
    )
    assert_exercise(
        lab.ex3,
        right=[(TAKE,), (pd.Series(TAKE),), (list(TAKE.items()),)],
        wrong={
            name: (TAKE | {case: "gp2"},)
            for case, name in zip("abcdefg", names, strict=True)
        },
    )
