"""Rules that watch a run: each on both sides of its limit, the recording, and XGBoost's callback."""

import dataclasses

import numpy as np
import pytest
import xgboost as xgb
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.train.debugger import (
    RULES,
    VALIDATION,
    BoostingHook,
    ClassImbalance,
    DeadRelu,
    ExplodingTensor,
    LossNotDecreasing,
    Overfit,
    Overtraining,
    PoorWeightInitialization,
    Recording,
    SaturatedActivation,
    TreeDepth,
    VanishingGradient,
    first_alarm,
)
from labs_lib.train.network import Network

GUIDE = {
    "VanishingGradient": {"threshold": 1e-7},
    "ExplodingTensor": {"only_nan": False},
    "SaturatedActivation": {
        "threshold_tanh_min": -9.4999,
        "threshold_tanh_max": 9.4999,
        "threshold_sigmoid_min": -23.0,
        "threshold_sigmoid_max": 16.99999,
        "threshold_inactivity": 1.0,
        "threshold_layer": 50.0,
    },
    "DeadRelu": {"threshold_inactivity": 1.0, "threshold_layer": 50.0},
    "PoorWeightInitialization": {
        "threshold": 10.0,
        "distribution_range": 0.001,
        "patience": 5,
        "steps": 10,
    },
    "LossNotDecreasing": {"num_steps": 10, "diff_percent": 0.1},
    "Overfit": {"start_step": 0, "patience": 1, "ratio_threshold": 0.1},
    "Overtraining": {"patience_train": 5, "patience_validation": 10, "delta": 0.01},
    "ClassImbalance": {
        "threshold_imbalance": 10.0,
        "threshold_misprediction": 0.7,
        "samples": 500,
    },
    "TreeDepth": {"depth": 4.0},
}


def recorded(*steps, every=1):
    saved = Recording(every)
    for tensors in steps:
        saved({name: np.asarray(value, float) for name, value in tensors.items()})
    return saved


def losses(*values):
    return recorded(*({"loss": [v]} for v in values))


def evaluated(train, valid):
    saved = Recording()
    for t, v in zip(train, valid, strict=True):
        saved({"loss": [t]})
        saved.evaluate(v)
    return saved


@pytest.mark.parametrize("name", GUIDE)
def test_parameters_and_defaults_are_those_of_the_guide(name):
    given_ = dataclasses.asdict(RULES[name]())
    given_.pop("tensor", None)
    assert given_ == GUIDE[name]
    assert set(GUIDE) == set(RULES)


def test_a_recording_saves_what_is_due_and_copies_it():
    saved, value = Recording({"gradients": 3}), np.zeros(2)
    for step in range(7):
        value[:] = step
        saved({"layer0/gradient": value, "loss": [step]})
    assert saved.steps("gradient") == [0, 3, 6]
    assert saved.steps("loss") == list(range(7))
    assert saved.at(3, "")["layer0/gradient"].tolist() == [3, 3]
    assert saved.scalars("loss")[2] == (2, 2.0)
    assert saved.scalars("nothing") == []
    saved.evaluate(0.5)
    assert saved.scalars(VALIDATION) == [(6, 0.5)]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Recording(0), "1 step or more"),
        (lambda: Recording({"weights": 0}), "1 step or more"),
        (lambda: Recording({"wieghts": 2}), "no collection 'wieghts'"),
        (lambda: Recording().evaluate(1.0), "no step has been taken"),
    ],
)
def test_what_a_recording_refuses(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_vanishing_gradient_takes_the_mean_size_of_any_layer():
    rule = VanishingGradient()
    fine = {"layer0/gradient": [1e-6, -1e-6], "layer1/gradient": [1.0]}
    gone = {"layer0/gradient": [9e-8, -9e-8], "layer1/gradient": [1.0]}
    assert first_alarm(rule, recorded(fine)) is None
    assert first_alarm(rule, recorded(fine, gone)) == 1
    assert first_alarm(VanishingGradient(threshold=1e-8), recorded(gone)) is None


def test_exploding_tensor():
    for value, only_nan, expected in (
        (np.inf, False, 1),
        (np.nan, False, 1),
        (np.nan, True, 1),
        (np.inf, True, None),
    ):
        saved = recorded({"w/weight": [1.0]}, {"w/weight": [value]})
        assert first_alarm(ExplodingTensor(only_nan), saved) == expected


@pytest.mark.parametrize(
    ("name", "edge", "rule"),
    [
        ("tanh_input", 9.4999, SaturatedActivation()),
        ("tanh_input", -9.4999, SaturatedActivation()),
        ("sigmoid_input", 16.99999, SaturatedActivation()),
        ("sigmoid_input", -23.0, SaturatedActivation()),
        ("relu_output", 0.0, DeadRelu()),
    ],
)
def test_more_than_half_of_the_units_have_to_be_inactive(name, edge, rule):
    inside = 0.1 if name == "relu_output" else 0.0
    rows = np.full((200, 4), inside)
    rows[:, :2] = edge
    assert first_alarm(rule, recorded({f"layer0/{name}": rows})) is None
    rows[:, 2] = edge
    assert first_alarm(rule, recorded({f"layer0/{name}": rows})) == 0
    # One row in a hundred is activity enough, one in two hundred is not.
    rows[0, 2] = inside
    assert first_alarm(rule, recorded({f"layer0/{name}": rows})) == 0
    rows[1, 2] = inside
    assert first_alarm(rule, recorded({f"layer0/{name}": rows})) is None


def test_poor_first_weights_for_each_of_the_three_reasons():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 100))
    fine = {"layer0/relu_input": a, "layer1/relu_input": b, "layer0/gradient": a}
    rule = PoorWeightInitialization()
    assert first_alarm(rule, recorded(*[fine] * 12)) is None
    assert first_alarm(rule, recorded(fine | {"layer1/relu_input": 4 * b})) == 0
    assert first_alarm(rule, recorded(fine | {"layer0/gradient": a * 1e-4})) == 0
    assert first_alarm(rule, losses(5, 4, 3, 3, 3, 3, 3, 3)) == 7
    assert first_alarm(rule, losses(*range(20, 8, -1), 9, 9, 9, 9, 9, 9)) is None


def test_loss_not_decreasing_as_in_the_guides_example():
    # The loss is saved each three steps: 21 is compared with 9, and the next look is at 33.
    saved = Recording(every=3)
    for step in range(40):
        saved({"loss": [100.0 - step]})
    saved.tensors["loss"][9][:] = 79.0
    assert list(LossNotDecreasing().alarms(saved)) == []
    looked = [12, 24, 36]
    for step in looked:
        saved.tensors["loss"][step][:] = 1e6
    assert list(LossNotDecreasing().alarms(saved)) == looked


@pytest.mark.parametrize(
    ("last", "fires"), [(0.998, False), (0.9995, True), (np.nan, True)]
)
def test_a_fall_of_a_tenth_of_a_percent_is_enough(last, fires):
    alarm = first_alarm(LossNotDecreasing(), losses(1.0, *[0.5] * 9, last))
    assert alarm == (10 if fires else None)


def test_overfit_needs_its_patience_in_a_row_and_starts_when_told():
    saved = evaluated([1, 1, 1, 1, 1], [1.2, 1, 1.2, 1.2, 1])
    assert list(Overfit().alarms(saved)) == [0, 2, 3]
    assert first_alarm(Overfit(patience=2), saved) == 3
    assert first_alarm(Overfit(patience=3), saved) is None
    assert first_alarm(Overfit(start_step=1), saved) == 2
    assert first_alarm(Overfit(ratio_threshold=0.25), saved) is None


def test_overfit_takes_the_mean_training_loss_since_the_last_evaluation():
    saved = losses(9.0, 1.0, 1.0)
    saved.evaluate(3.8)
    saved({"loss": [1.0]})
    saved({"loss": [3.0]})
    saved.evaluate(2.3)
    assert list(Overfit().alarms(saved)) == [4]


def test_overtraining_counts_saved_steps_without_a_new_best():
    assert first_alarm(Overtraining(), losses(1, 1, 1, 1, 1)) is None
    assert first_alarm(Overtraining(), losses(1, 1, 1, 1, 1, 1)) == 5
    assert first_alarm(Overtraining(), losses(1, 1, 1, 0.98, 1, 1, 1)) is None
    # A fall by less than delta is no new best.
    assert first_alarm(Overtraining(), losses(1, 0.999, 0.998, 0.997, 0.996, 0.995)) == 5
    falling = np.linspace(5, 1, 20)
    assert first_alarm(Overtraining(), evaluated(falling, [1] * 20)) == 10


def test_class_imbalance_waits_for_its_samples():
    def saved(labels, predicted, times):
        tensors = {"labels": labels, "predictions": np.eye(2)[predicted]}
        made = Recording()
        for _ in range(times):
            made({k: np.asarray(v) for k, v in tensors.items()})
        return made

    even, right = [0, 1] * 50, [0, 1] * 50
    assert first_alarm(ClassImbalance(), saved(even, right, 6)) is None
    assert first_alarm(ClassImbalance(), saved(even, [0] * 100, 4)) is None
    assert first_alarm(ClassImbalance(), saved(even, [0] * 100, 5)) == 4
    rare = [1] * 5 + [0] * 95
    assert first_alarm(ClassImbalance(), saved(rare, rare, 5)) == 4
    assert first_alarm(ClassImbalance(threshold_imbalance=20), saved(rare, rare, 5)) is None


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 500),
    cut=st.integers(1, 40),
    name=st.sampled_from(sorted(RULES)),
    activation=st.sampled_from(["relu", "tanh"]),
    rate=st.sampled_from([0.1, 5.0]),
)
def test_an_alarm_depends_on_what_came_before_it_alone(seed, cut, name, activation, rate):
    def run(steps):
        rng = np.random.default_rng([seed, 1])
        network, saved = (
            Network([3, 4, 4, 2], activation=activation, seed=seed),
            Recording(),
        )
        network.hooks.append(saved)
        for step in range(steps):
            X, y = rng.normal(size=(20, 3)), rng.integers(2, size=20)
            network.step(X, y, rate)
            if step % 4 == 3:
                saved.evaluate(network.loss(X, y))
        return list(
            RULES[name](**({"samples": 60} if name == "ClassImbalance" else {})).alarms(
                saved
            )
        )

    whole = run(40)
    assert whole == sorted(set(whole))
    assert run(cut) == [step for step in whole if step < cut]


@pytest.mark.parametrize(
    ("node", "fires"), [(0, False), (30, False), (31, False), (32, True)]
)
def test_tree_depth_is_the_logarithm_of_the_largest_node(node, fires):
    alarm = first_alarm(TreeDepth(), recorded({"tree/largest_node": [node]}))
    assert alarm == (0 if fires else None)


def test_the_callback_saves_what_xgboost_reports():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = (X[:, 0] * X[:, 1] + rng.normal(size=300) > 0).astype(int)
    sets = [xgb.DMatrix(X[p], y[p]) for p in (slice(200), slice(200, 300))]
    saved, log = Recording(), {}
    model = xgb.train(
        {"objective": "binary:logistic", "max_depth": 3, "nthread": 1},
        sets[0],
        8,
        evals=[(sets[0], "train"), (sets[1], "validation")],
        evals_result=log,
        callbacks=[BoostingHook(saved)],
        verbose_eval=False,
    )
    assert [v for _, v in saved.scalars("loss")] == pytest.approx(log["train"]["logloss"])
    found = [v for _, v in saved.scalars(VALIDATION)]
    assert found == pytest.approx(log["validation"]["logloss"])
    nodes = model.trees_to_dataframe().groupby("Tree")["Node"].max().tolist()
    assert [v for _, v in saved.scalars("tree/largest_node")] == nodes
    assert first_alarm(TreeDepth(), saved) is None
    assert first_alarm(TreeDepth(depth=2.0), saved) is not None
