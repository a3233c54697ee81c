import math

import numpy as np
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from labs_lib import aws, payments, sagemaker
from labs_lib.labs.deploy.inference_options.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------

RIGHT = dict.fromkeys("abcdf", "refused") | {"e": "taken"}


def test_ex1():
    other = {"taken": "refused", "refused": "taken"}
    mistakes = ("no_model", "no_archive", "both_kinds", "changed", "in_use")
    wrong = {
        name: (RIGHT | {key: other[RIGHT[key]]},)
        for name, key in zip((*mistakes, "more_than_most"), "abcdef", strict=True)
    }
    right = [(RIGHT,), (pd.Series(RIGHT),), (list(RIGHT.items()),)]
    right.append(({key: value.upper() for key, value in RIGHT.items()},))
    assert_exercise(lab.ex1, right=right, wrong=wrong, stub=(...,))


def test_ex1_says_what_the_service_says():
    small = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    instance = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}

    def config(name, model="fraud", **variant):
        variant |= {"VariantName": "only", "ModelName": model}
        return {"EndpointConfigName": name, "ProductionVariants": [variant]}

    with sagemaker.start() as local:
        client = local.client("sagemaker")
        local.client("s3").create_bucket(Bucket=local.bucket)
        image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
        container = {"Image": image}
        model = {"ModelName": "fraud", "ExecutionRoleArn": local.role}
        client.create_model(**model, PrimaryContainer=container)
        client.create_endpoint_config(**config("real-time", **instance))
        lost = container | {"ModelDataUrl": f"s3://{local.bucket}/nothing.tar.gz"}
        create = client.create_endpoint_config
        asked = {
            "a": lambda: create(**config("a", "frauds", **instance)),
            "b": lambda: client.create_model(
                **model | {"ModelName": "b"}, PrimaryContainer=lost
            ),
            "c": lambda: create(**config("c", **instance, ServerlessConfig=small)),
            "d": lambda: create(
                **config("real-time", **instance | {"InitialInstanceCount": 2})
            ),
            "e": lambda: client.delete_model(ModelName="fraud"),
            "f": lambda: create(
                **config("f", ServerlessConfig=small | {"ProvisionedConcurrency": 2})
            ),
        }
        found = {}
        for name, call in asked.items():
            try:
                call()
                found[name] = "taken"
            except ClientError:
                found[name] = "refused"
    assert found == RIGHT


# Exercise 2 --------------------------------------------------------------------------------

GOOD = {"InputFilter": "$[2:]", "JoinSource": "Input", "OutputFilter": "$[0,1,-1]"}


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (GOOD,),
            (dict(reversed(GOOD.items())),),
            (GOOD | {"InputFilter": "$[-24:]", "OutputFilter": "$[0,1,26]"},),
            (GOOD | {"InputFilter": "$[2:26]"},),
        ],
        wrong={
            "number": ({k: v for k, v in GOOD.items() if k != "InputFilter"},),
            "truth": (GOOD | {"InputFilter": "$[1:]"},),
            "inputs": (GOOD | {"InputFilter": "$[3:]"},),
            "not_joined": ({"InputFilter": "$[2:]"},),
            "everything": ({k: v for k, v in GOOD.items() if k != "OutputFilter"},),
            "output": (GOOD | {"OutputFilter": "$[0,-1]"},),
            "filter": (GOOD | {"OutputFilter": "[0,1,-1]"},),
            "field": (GOOD | {"JoinSource": "input"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"JoinSource": "None"}, "not_joined"),
        ({"InputFilter": "$"}, "number"),
        ({"OutputFilter": "$"}, "everything"),
        ({"OutputFilter": "$[1,0,-1]"}, "output"),
        ({"OutputFilter": "$[0,1,99]"}, "filter"),
        ({"InputFilter": "$[99]"}, "filter"),
        ({"InputFilter": "$[2,3,4]"}, "inputs"),  # right only for a model of three inputs
        ({"OutputFilter": "$[0,1,5]"}, "output"),
        ({"Filter": "$"}, "field"),
        ({"InputFilter": 2}, "field"),
    ],
)
def test_ex2_names_what_is_wrong(changed, name):
    assert lab.ex2.check(GOOD | changed).misconception == name


def test_ex2_has_as_many_inputs_as_the_model():
    table = payments.quiet_world(0, n=2_000).transactions
    inputs = payments.features(table).select_dtypes("number").shape[1]
    assert lab.ex2.check(GOOD | {"InputFilter": f"$[-{inputs}:]"}).status == "passed"


def test_ex2_is_a_request():
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}
    request = {
        "TransformJobName": "job",
        "ModelName": "fraud",
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": "s3://bucket/out", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": GOOD,
    }
    assert not aws.validate("CreateTransformJob", request).notes


# Exercise 3 --------------------------------------------------------------------------------


def workers(rate, service, cold):
    return int(np.clip(np.ceil(rate * service + rate * cold), 1, 200))


def by_counting(rate, service, cold):
    """Send a burst at equal distances, and count who is busy when the next one comes."""
    count = 1
    while rate and count / rate < service + cold and count < 200:
        count += 1
    return count


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[
            (workers,),
            (by_counting,),
            (lambda rate, service, cold: float(workers(rate, service, cold)),),
            (
                lambda rate, service, cold: max(
                    1, min(200, math.ceil(rate * (cold + service)))
                ),
            ),
        ],
        wrong={},
        stub=(stub,),
    )


def test_ex3_names_a_forgotten_cold_start():
    outcome = lab.ex3.check(lambda rate, service, cold: max(math.ceil(rate * service), 1))
    assert outcome.status == "wrong"


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (lambda rate, service, cold: int(rate * (service + cold)), "down"),
        (lambda r, s, c: max(1, min(200, math.ceil(r * s) + math.ceil(r * c))), "twice"),
    ],
)
def test_ex3_names_how_it_was_rounded(answer, name):
    assert lab.ex3.check(answer).misconception == name
