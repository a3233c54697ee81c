import copy
import math

import numpy as np
import pandas as pd
import pytest

from labs_lib import aws
from labs_lib.labs.train.input_modes.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def from_s3(mode, gigabytes, share, epochs):
    rule = {
        "File": gigabytes,
        "FastFile": share * gigabytes * epochs,
        "Pipe": epochs * gigabytes,
        "FSx": gigabytes * share,
    }
    return rule[mode]


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[(from_s3,), (lambda *given: np.array([from_s3(*given)]),)],
        wrong={
            "pipe_skips": (
                lambda m, g, s, e: (
                    from_s3(m, g * s, 1, e) if m == "Pipe" else from_s3(m, g, s, e)
                ),
            ),
            "file_again": (
                lambda m, g, s, e: g * e if m == "File" else from_s3(m, g, s, e),
            ),
            "fsx_whole": (lambda m, g, s, e: g if m == "FSx" else from_s3(m, g, s, e),),
            None: (lambda m, g, s, e: g,),
        },
        stub=(stub,),
    )


# Exercise 2 --------------------------------------------------------------------------------

WAYS = {"a": "FastFile", "b": "File", "c": "Pipe", "d": "FSx", "e": "File", "f": "Pipe"}


def test_ex2():
    names = dict(
        zip(
            "abcdef", ("disk", "once", "manifest", "shared", "mounted", "gzip"), strict=True
        )
    )
    assert_exercise(
        lab.ex2,
        right=[(WAYS,), (pd.Series(WAYS),), (list(WAYS.items()),)],
        wrong={
            name: (WAYS | {case: "FSx" if WAYS[case] != "FSx" else "File"},)
            for case, name in names.items()
        },
    )


def request(mode, **channel):
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}
    channel = {"DataSource": {"S3DataSource": source}, **channel}
    return {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::111122223333:role/service-role/training",
        "InputDataConfig": [{"ChannelName": "train", "InputMode": mode, **channel}],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }  # fmt: skip


@pytest.mark.parametrize("mode", ["File", "FastFile", "Pipe"])
def test_what_the_service_takes_with_a_mode(mode):
    def taken(request):
        try:
            aws.validate("CreateTrainingJob", request)
        except ValueError:
            return False
        return True

    assert taken(request(mode))
    assert taken(request(mode, CompressionType="Gzip")) == (mode == "Pipe")
    manifest = request(mode, RecordWrapperType="RecordIO" if mode == "Pipe" else "None")
    source = manifest["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    source |= {"S3DataType": "AugmentedManifestFile", "AttributeNames": ["source-ref"]}
    assert taken(manifest) == (mode == "Pipe")


def test_a_channel_on_a_file_system():
    system = {
        "FileSystemId": "fs-0123456789abcdef0",
        "FileSystemAccessMode": "ro",
        "FileSystemType": "FSxLustre",
        "DirectoryPath": "/fsx/train",
    }
    found = request("File", DataSource={"FileSystemDataSource": system})
    found["VpcConfig"] = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    before = copy.deepcopy(found)
    aws.validate("CreateTrainingJob", found)
    assert found == before


# Exercise 3 --------------------------------------------------------------------------------


def lost(every, write, between):
    return (write + every * every / between / 2) / every


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[(lost,), (lambda *given: np.float64(lost(*given)),)],
        wrong={
            "whole": (lambda every, write, between: lost(2 * every, 2 * write, between),),
            "per_stretch": (
                lambda every, write, between: every * lost(every, write, between),
            ),
            "interval": (lambda every, write, between: math.sqrt(2 * write * between),),
            None: (lambda every, write, between: 0.0,),
        },
        stub=(stub,),
    )


def test_young_is_the_lowest_point():
    every = np.linspace(100, 5_000, 4_901)
    lowest = every[np.argmin(lost(every, 30, 10_800))]
    assert abs(lowest - math.sqrt(2 * 30 * 10_800)) <= 1
