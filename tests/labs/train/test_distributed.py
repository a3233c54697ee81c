import numpy as np
import pytest

from labs_lib import aws
from labs_lib.labs.train.distributed.exercises import lab
from tests.labs.contract import assert_exercise

EQUIVALENT: dict[str, str] = {}


def stub(*answers):
    raise NotImplementedError


def by_a_loop(gradients, sizes):
    total = [0.0] * len(gradients[0])
    for gradient, n in zip(gradients, sizes, strict=True):
        total = [t + n * g for t, g in zip(total, gradient, strict=True)]
    return [t / sum(sizes) for t in total]


def by_shares(gradients, sizes):
    share = np.array(sizes) / sum(sizes)
    return (gradients * share[:, None]).sum(axis=0)


def test_ex1():
    # The mistakes of a function are tried by themselves.
    assert_exercise(lab.ex1, right=[(by_a_loop,), (by_shares,)], wrong={}, stub=(stub,))


RIGHT = {"a": "again", "b": "once", "c": "idle", "d": "once", "e": "again"}


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(RIGHT,)],
        wrong={
            "replicated": (RIGHT | {"a": "once"},),
            "sharded": (RIGHT | {"b": "again"},),
            "one_file": (RIGHT | {"c": "once"},),
            "one_machine": (RIGHT | {"d": "idle"},),
            "one_file_replicated": (RIGHT | {"e": "idle"},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize(
    ("machines", "distribution"), [(2, "FullyReplicated"), (4, "ShardedByS3Key")]
)
def test_what_exercise_2_says_is_a_valid_request(machines, distribution):
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://example-bucket/train/"}
    source |= {"S3DataDistributionType": distribution}
    cluster = {"InstanceType": "ml.m5.xlarge", "InstanceCount": machines}
    request = {
        "TrainingJobName": "fraud",
        "RoleArn": "arn:aws:iam::111122223333:role/training",
        "AlgorithmSpecification": {
            "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
            "TrainingInputMode": "File",
        },
        "InputDataConfig": [
            {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://example-bucket/models/"},
        "ResourceConfig": cluster | {"VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3_600},
    }
    aws.validate("CreateTrainingJob", request)
