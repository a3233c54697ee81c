import argparse
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from labs_lib.course import catalog, source
from labs_lib.labs.train.script_mode.exercises import lab
from labs_lib.sagemaker.warm_pools import match
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------

RIGHT = {"a": "other", "b": "meant", "c": "stop", "d": "other", "e": "meant", "f": "stop"}
OPTIONS = {
    "a": (bool, "False", False),
    "b": (float, "1e-3", 0.001),
    "c": (int, "1e3", 1000),
    "d": (list, "[64, 32]", [64, 32]),
    "e": (json.loads, "[64, 32]", [64, 32]),
    "f": (json.loads, "False", False),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_ex1_agrees_with_argparse(option):
    kind, text, meant = OPTIONS[option]
    parser = argparse.ArgumentParser()
    parser.add_argument("--x", type=kind)
    if RIGHT[option] == "stop":
        with pytest.raises(SystemExit) as error:
            parser.parse_args(["--x", text])
        assert error.value.code == 2
    else:
        got = parser.parse_args(["--x", text]).x
        assert (got == meant) == (RIGHT[option] == "meant")


def test_ex1():
    names = dict(
        zip("abcdef", ("bool", "float", "int", "list", "json", "spelling"), strict=True)
    )
    other = {"meant": "other", "other": "stop", "stop": "meant"}
    assert_exercise(
        lab.ex1,
        right=[(RIGHT,), (pd.Series(RIGHT),), (list(RIGHT.items()),)],
        wrong={
            name: (RIGHT | {label: other[RIGHT[label]]},) for label, name in names.items()
        },
        stub=(...,),
    )


# Exercise 2 --------------------------------------------------------------------------------


def test_ex2():
    number = r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?"
    assert_exercise(
        lab.ex2,
        right=[
            (r"\bloss=([-+0-9.eE]+)",),
            (r" loss=(\S+)",),
            (rf"(?<!_)loss=({number})",),
            (rf"epoch \d+ loss=({number}) val_loss",),
            (r"epoch .*? loss=(.+?) val_loss",),
            (r"\sloss=(\S+)",),
        ],
        wrong={
            "refused": (r"loss=(",),
            "group": (r"\bloss=[-+0-9.eE]+",),
            "long": (r"\bloss=([-+0-9.eE]+)" + " ?" * 300,),
            "validation": (r"loss=([-+0-9.eE]+)",),
            "exponent": (r"\bloss=([-0-9.]+)",),
            "negative": (r"\bloss=([0-9.eE+][-0-9.eE+]*)",),
            "text": (r"\bloss=(.+)",),
            "other": (r"\bloss=([0-9]+\.[0-9]+) ",),
        },
        stub=(...,),
    )


@pytest.mark.parametrize(
    ("regex", "name"),
    [
        (r"val_loss=(\S+)", "other"),
        (r"\bloss=([0-9.]+)", "exponent"),
        (r"\bloss=(\d+)", "other"),
        (r"\bloss=(-?)([0-9.]+)", "group"),
        (r"(?:val_)?loss=(\S+)", "validation"),
        (r"epoch \d+ .*?loss=(\S+)", "validation"),
        (r"\bloss=(\S*) ", "passed"),
    ],
)
def test_ex2_says_what_is_wrong(regex, name):
    outcome = lab.ex2.check(regex)
    assert (outcome.misconception or outcome.status) == name


# Exercise 3 --------------------------------------------------------------------------------


def billed(pauses, keep):
    return float(np.minimum(np.asarray(pauses, float), keep).sum() + keep)


def test_ex3():
    def last_forgotten(pauses, keep):
        return sum(min(p, keep) for p in pauses)

    assert_exercise(
        lab.ex3,
        right=[
            (billed,),
            (lambda pauses, keep: sum(p if p < keep else keep for p in [*pauses, keep]),),
            (lambda pauses, keep: np.array([billed(pauses, keep)]),),
        ],
        wrong={
            "after_last": (last_forgotten,),
            "whole_pause": (lambda pauses, keep: sum(pauses) + keep,),
            "reused_only": (lambda p, keep: sum(x for x in p if x <= keep) + keep,),
            "always_keep": (lambda pauses, keep: keep * (1 + len(pauses)),),
            "one_end": (lambda pauses, keep: keep,),
            None: (lambda pauses, keep: 1.0,),
        },
        stub=(stub,),
    )


# What the lesson says ------------------------------------------------------------------------


def test_what_has_to_be_equal_for_a_warm_pool():
    job = {
        "RoleArn": "r",
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "t", "VolumeSizeInGB": 10},
        "AlgorithmSpecification": {"TrainingImage": "a"},
        "HyperParameters": {"x": "1"},
        "InputDataConfig": [{"ChannelName": "train"}],
    }

    def with_resources(**changes):
        return job | {"ResourceConfig": job["ResourceConfig"] | changes}

    for same in (
        {"AlgorithmSpecification": {"TrainingImage": "b"}},
        {"HyperParameters": {"x": "2"}},
        {"InputDataConfig": []},
    ):
        assert match(job, job | same)
    for other in (
        job | {"RoleArn": "s"},
        job | {"EnableNetworkIsolation": True},
        job | {"EnableInterContainerTrafficEncryption": True},
        job | {"VpcConfig": {"Subnets": ["x"], "SecurityGroupIds": ["y"]}},
        with_resources(InstanceCount=2),
        with_resources(InstanceType="u"),
        with_resources(VolumeSizeInGB=11),
        with_resources(VolumeKmsKeyId="k"),
    ):
        assert not match(job, other)


def lesson_text(word):
    read = source.read(catalog.find("train/script_mode"))
    return next(cell.text for cell in read.cells if word in cell.text)


def test_the_scripts_own_functions_agree_with_scikit_learn():
    space = {}
    exec(lesson_text("def fit("), space)
    exec(lesson_text('READ = """'), space)
    exec(space["READ"], space)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 4))
    y = (X[:, 0] + rng.normal(size=500) > 1.5).astype(float)
    for balanced in (False, True):
        beta = space["fit"](X, y, 10.0, balanced)
        weight = {0: 1.0, 1: (y == 0).sum() / (y == 1).sum()} if balanced else None
        # The lesson's penalty includes the constant, so scikit-learn gets it as a column.
        model = LogisticRegression(
            C=1 / 10, fit_intercept=False, class_weight=weight, tol=1e-10, max_iter=1000
        ).fit(np.column_stack([np.ones(len(X)), X]), y)
        assert np.allclose(beta, model.coef_[0], atol=1e-5)
        score = space["score"](beta, X)
        expected = average_precision_score(y, score)
        assert space["average_precision"](y, score) == pytest.approx(expected)
