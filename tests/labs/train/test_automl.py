import numpy as np
import pandas as pd

from labs_lib import aws
from labs_lib.labs.train.automl.exercises import lab
from labs_lib.train import automl
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def by_sums(costs, seconds, budget):
    done = 1
    while done < len(costs):
        spent = sum(seconds[:done])
        if spent * (1 + costs[done] / sum(costs[:done])) > budget + 1e-9:
            break
        done += 1
    return done


def by_arrays(costs, seconds, budget):
    spent, units = np.cumsum(seconds), np.cumsum(costs)
    forecast = spent[:-1] + np.array(costs[1:]) * spent[:-1] / units[:-1]
    late = np.flatnonzero(forecast > budget + 1e-9)
    return np.int64(late[0] + 1 if len(late) else len(costs))


def only_the_last(costs, seconds, budget):
    spent = seconds[0]
    for done in range(1, len(costs)):
        if spent + costs[done] * seconds[done - 1] / costs[done - 1] > budget:
            return done
        spent += seconds[done]
    return len(costs)


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(by_sums,), (by_arrays,)],
        wrong={
            "too_strict": (lambda c, s, b: by_sums(c, s, b - 1e-6),),
            "no_cost": (lambda c, s, b: by_no_cost(c, s, b),),
            None: (only_the_last,),
        },
        stub=(stub,),
    )


def by_no_cost(costs, seconds, budget):
    for done in range(1, len(costs)):
        spent = sum(seconds[:done])
        if spent + spent / sum(costs[:done]) > budget:
            return done
    return len(costs)


def test_the_engine_follows_the_rule_of_the_exercise():
    """The clock is looked at before and after each candidate, and once at the start."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"x": rng.normal(size=60)})
    y = (X["x"] + rng.normal(size=60) > 0).to_numpy(int)
    costs, seconds = [1.0, 2.0, 1.0, 3.0], [5.0, 8.0, 9.0, 1.0]
    plain = automl.candidates()[0].model
    tried = [automl.Candidate(f"c{n}", plain, cost) for n, cost in enumerate(costs)]
    for budget in (1, 14, 15, 17, 18, 38, 39, 100):
        times = [0.0]
        for took in seconds:
            times += [times[-1], times[-1] + took]
        left = iter(times)
        board = automl.leaderboard(
            X, y, folds=2, tried=tried, budget=budget, clock=lambda left=left: next(left)
        )
        assert len(board.seconds) == by_sums(costs, seconds, budget)


# Exercise 2 --------------------------------------------------------------------------------

WAY = {
    "a": "Canvas",
    "b": "Autopilot API",
    "c": "built-in",
    "d": "script",
    "e": "Autopilot API",
    "f": "script",
}
NAMES = ("analyst", "pipeline", "one", "folds", "channel", "objective")


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(WAY,), (pd.Series(WAY),), (list(WAY.items()),)],
        wrong={
            name: (WAY | {case: "built-in" if case != "c" else "Canvas"},)
            for case, name in zip(WAY, NAMES, strict=True)
        },
    )


def test_what_the_exercise_and_the_quiz_say_of_a_request():
    model = aws.request.service_model("sagemaker")
    objectives = set(model.shape_for("AutoMLMetricEnum").enum)
    assert set(automl.OBJECTIVES) <= objectives
    assert not any("average" in name.lower() for name in objectives if "Loss" not in name)
    assert model.shape_for("AutoMLChannelType").enum == ["training", "validation"]
