"""Exercises of the lab deploy/pipelines, held against the engine that carries pipelines out."""

import json
import re

import pandas as pd
import pytest

from labs_lib.course import catalog
from labs_lib.labs.deploy.pipelines.exercises import lab
from labs_lib.sagemaker.pipelines import definition, steps
from tests.labs.contract import assert_exercise

LESSON = (catalog.LABS / "deploy/pipelines/lesson.py").read_text(encoding="utf-8")


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------

BEGINS = {"Clean": 1, "Stats": 1, "Train": 2, "Score": 3, "Good": 4, "Register": 5}


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (BEGINS,),
            (pd.Series(BEGINS),),
            (list(BEGINS.items()),),
            ({name: str(hour) for name, hour in BEGINS.items()},),
        ],
        wrong={
            "by_the_text": (BEGINS | {"Stats": 2},),
            "by_the_reference_only": (BEGINS | {"Register": 3},),
            "one_by_one": (BEGINS | {"Train": 3, "Score": 4, "Good": 5},),
            "score_too_early": (BEGINS | {"Score": 2},),
            None: (BEGINS | {"Good": 5},),
        },
        stub=(...,),
    )


def test_ex1_register_in_the_hour_of_its_condition():
    outcome = lab.ex1.check(BEGINS | {"Register": 4})
    assert outcome.misconception == "by_the_reference_only"


def test_ex1_one_after_the_other():
    answer = {name: hour for hour, name in enumerate(BEGINS, 1)}
    assert lab.ex1.check(answer).misconception == "one_by_one"


def test_ex1_is_the_order_of_the_engine():
    """The table of the lesson as a definition, and each step an hour after what it needs."""
    train = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    good = {
        "Type": "Equals",
        "LeftValue": {
            "Std:JsonGet": {
                "PropertyFile": {"Get": "Steps.Score.PropertyFiles.p"},
                "Path": "x",
            }
        },
        "RightValue": 1,
    }
    out = {"Get": "Steps.Clean.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"}
    register = {"Name": "Register", "Type": "RegisterModel", "Arguments": {"Url": train}}
    text = json.dumps(
        {
            "Version": "2020-12-01",
            "Parameters": [{"Name": "Rows", "Type": "String"}],
            "Steps": [
                _processing("Clean", {"Get": "Parameters.Rows"}),
                _processing("Stats", "s3://shop/clean/"),
                {"Name": "Train", "Type": "Training", "Arguments": {"Input": out}},
                _processing("Score", train) | {"DependsOn": ["Stats"]},
                {
                    "Name": "Good",
                    "Type": "Condition",
                    "Arguments": {"Conditions": [good], "IfSteps": [register]},
                },
            ],
        }
    )
    plan = definition.read(text).steps
    hours: dict[str, int] = {}
    for name in ("Clean", "Stats", "Train", "Score", "Good", "Register"):
        hours[name] = 1 + max((hours[need] for need in plan[name].needs), default=0)
    assert hours == BEGINS


def _processing(name, source):
    return {"Name": name, "Type": "Processing", "Arguments": {"Input": source}}


# Exercise 2 --------------------------------------------------------------------------------

AGAIN = {"a", "e", "f", "i"}


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(AGAIN,), ("aefi",), (sorted(AGAIN),), (pd.Series(sorted(AGAIN)),)],
        wrong={
            "contents": (AGAIN | {"d"},),
            "address": (AGAIN - {"e"},),
            "output": (AGAIN | {"c"},),
            "machine": (AGAIN | {"b"},),
            "limit": (AGAIN | {"g"},),
            "hyperparameter": (AGAIN - {"a"},),
            "version": (AGAIN - {"f"},),
            "neighbour": (AGAIN | {"h"},),
            "expiry": (AGAIN - {"i"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize(
    ("letter", "changed"),
    [
        ("a", {"HyperParameters": {"max_depth": "5"}}),
        ("b", {"ResourceConfig": {"InstanceType": "ml.m5.2xlarge"}}),
        ("c", {"OutputDataConfig": {"S3OutputPath": "s3://b/others/"}}),
        ("d", {}),
        ("e", {"InputDataConfig": [{"S3Uri": "s3://b/others/"}]}),
        ("f", {"Environment": {"ROWS_VERSION": "2"}}),
        ("g", {"StoppingCondition": {"MaxRuntimeInSeconds": 7_200}}),
        ("h", {}),
    ],
)
def test_ex2_agrees_with_the_cache(letter, changed):
    step = definition.PipelineStep("Train", "Training", {}, frozenset())
    before = {
        "HyperParameters": {"max_depth": "4"},
        "ResourceConfig": {"InstanceType": "ml.m5.large"},
        "OutputDataConfig": {"S3OutputPath": "s3://b/models/"},
        "InputDataConfig": [{"S3Uri": "s3://b/rows/"}],
        "Environment": {"ROWS_VERSION": "1"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
    }
    runs_again = steps.cache_key(step, before) != steps.cache_key(step, before | changed)
    assert runs_again == (letter in AGAIN)


def test_the_list_in_the_lesson_is_the_key():
    listed = re.search(
        r"in the key of a training step: (.+?)\. No other", LESSON, re.DOTALL
    )
    names = re.findall(r"`(\w+)`", listed[1])
    step = definition.PipelineStep("Train", "Training", {}, frozenset())
    key = steps.cache_key(step, {})
    assert len(names) == 7
    assert all(steps.cache_key(step, {name: "other"}) != key for name in names)


# Exercise 3 --------------------------------------------------------------------------------


def by_branches(message, answered):
    if message["token"] not in answered:
        if "status" in message:
            return "failure"
        return ("failure", "success")[message["arguments"]["frauds"] > 99]
    return "nothing"


def test_ex3():
    right = (
        by_branches,
        lambda m, a: (
            "nothing"
            if m["token"] in a
            else "success"
            if m["arguments"]["frauds"] >= 100 and m.get("status") is None
            else "failure"
        ),
    )
    assert_exercise(
        lab.ex3,
        right=[(answer,) for answer in right],
        wrong={
            "twice": (lambda m, a: by_branches(m, set()),),
            "ignores_stopping": (
                lambda m, a: by_branches({k: m[k] for k in ("token", "arguments")}, a),
            ),
            "silent_at_the_end": (
                lambda m, a: "nothing" if "status" in m else by_branches(m, a),
            ),
            "stopping_first": (
                lambda m, a: "failure" if "status" in m else by_branches(m, a),
            ),
            "success_at_the_end": (
                lambda m, a: (
                    "success"
                    if "status" in m and m["token"] not in a
                    else by_branches(m, a)
                ),
            ),
            "more_than": (
                lambda m, a: (
                    "failure" if m["arguments"]["frauds"] == 100 else by_branches(m, a)
                ),
            ),
            None: (lambda m, a: "success",),
        },
        stub=(stub,),
    )


def test_ex3_keeps_no_list_of_its_own():
    """A set that is changed by the function is not the caller's."""

    def remembers(message, answered):
        answered.add(message["token"])
        return by_branches(message, answered)

    assert lab.ex3.check(remembers).status != "passed"
