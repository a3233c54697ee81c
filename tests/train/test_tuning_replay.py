"""Searches on a stored grid: the nearest setting, what was chosen when, and who won."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.train.tuning.replay import Replay, chosen

GRID = {"eta": (0.01, 0.1, 1.0), "depth": (2, 4, 8)}
SCALES = {"eta": "Logarithmic", "depth": "Linear"}


def rows():
    found = []
    for number, (eta, depth) in enumerate(itertools.product(*GRID.values())):
        curves = {
            f"{part}_{epoch}": number + epoch / 10 + (part == "test") * 100
            for part in ("validation", "test")
            for epoch in (1, 2, 3)
        }
        found.append({"eta": eta, "depth": depth} | curves)
    return pd.DataFrame(found).sample(frac=1, random_state=0)


@given(st.floats(0.01, 1.0), st.floats(2, 8))
def test_the_nearest_setting_on_each_scale(eta, depth):
    replay = Replay(rows(), scales=SCALES)
    got = replay.settings.iloc[replay.place({"eta": eta, "depth": str(depth), "other": 1})]
    assert (
        abs(np.log(got["eta"] / eta))
        <= min(abs(np.log(value / eta)) for value in GRID["eta"]) + 1e-9
    )
    assert abs(got["depth"] - depth) == min(abs(value - depth) for value in GRID["depth"])


def test_a_tie_takes_the_lower_value():
    replay = Replay(rows(), scales=SCALES)
    assert replay.settings.iloc[replay.place({"eta": 0.01, "depth": 6})]["depth"] == 4


def test_a_curve_is_that_of_its_setting():
    replay = Replay(rows(), scales=SCALES)
    assert replay({"eta": 0.1, "depth": 8}) == pytest.approx([5.1, 5.2, 5.3])
    place = replay.place({"eta": 0.1, "depth": 8})
    assert replay.validation[place] == pytest.approx([5.1, 5.2, 5.3])
    assert replay.test[place] == pytest.approx([105.1, 105.2, 105.3])


@pytest.mark.parametrize(
    ("change", "scales", "message"),
    [
        (lambda r: r, {"eta": "Log", "depth": "Linear"}, "scale of eta"),
        (lambda r: r.drop(columns="depth"), SCALES, "no column depth"),
        (lambda r: r.drop(columns="test_2"), SCALES, "no column test_2"),
        (lambda r: r[:-1], SCALES, "each of the 9"),
        (lambda r: pd.concat([r[:-1], r[:1]]), SCALES, "each of the 9"),
        (lambda r: r.replace({"eta": {0.01: 0.0}}), SCALES, "logarithmic"),
    ],
)
def test_a_bad_grid(change, scales, message):
    with pytest.raises(ValueError, match=message):
        Replay(change(rows()), scales=scales)


def test_what_is_chosen_when():
    replay = Replay(rows(), scales=SCALES)
    jobs = pd.DataFrame(
        {
            "eta": [0.01, 1.0, 0.1, 0.1],
            "depth": [2, 2, 8, 4],
            "epochs": [3, 1, 2, 3],
            "value": [0.3, 6.1, 5.2, 4.3],
        }
    )
    # 1, 4/3, 2 and 3 trainings are paid for.
    then = chosen(jobs, replay, [1, 2, 3])
    assert then["jobs"].tolist() == [1, 3, 4]
    assert then["validation"].tolist() == [0.3, 6.1, 6.1]
    # The second job was stopped after its first epoch.
    assert then["test"].tolist() == pytest.approx([100.3, 106.1, 106.1])
    with pytest.raises(ValueError, match="expected budgets between"):
        chosen(jobs, replay, [1, 4])


def test_a_hyperparameter_may_not_be_called_like_a_curve():
    table = rows().rename(columns={"eta": "validation_9"})
    scales = {"validation_9": "Logarithmic", "depth": "Linear"}
    with pytest.raises(ValueError, match="validation_9 is called like .* Rename it"):
        Replay(table, scales=scales)
    # A name that only begins like one is a name like any other.
    table = rows().rename(columns={"eta": "validation_share"})
    replay = Replay(table, scales={"validation_share": "Logarithmic", "depth": "Linear"})
    assert replay.validation.shape == (9, 3)


def test_a_hyperparameter_that_the_table_of_jobs_does_not_hold():
    table = rows().rename(columns={"depth": "epochs"})
    replay = Replay(table, scales={"eta": "Logarithmic", "epochs": "Linear"})
    jobs = pd.DataFrame({"epochs": [3], "value": [1.0], "eta": [0.1]})
    with pytest.raises(ValueError, match="epochs is called like .* Rename it"):
        chosen(jobs, replay, [1])
