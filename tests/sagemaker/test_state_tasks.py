"""What a task's Resource stands for."""

import pytest

from labs_lib.platform.state_data import StateError
from labs_lib.platform.states import Job
from labs_lib.sagemaker import all_operations, queues
from labs_lib.sagemaker.operations import OPERATIONS, Context
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state_tasks import Tasks

assert all_operations.MODULES


@pytest.fixture
def context(tmp_path):
    site = Site(tmp_path, account="111122223333", speed=0)
    yield Context(site, "us-east-1", None)
    site.state.close()


def test_every_name_in_the_list_is_a_task(context):
    tasks = Tasks(context)
    assert len(tasks) > 100
    assert all(name in tasks for name in tasks)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:states:::lambda:invoke",
        "arn:aws:lambda:us-east-1:111122223333:function:f",
        "arn:aws:states:::sqs:createQueue",
        "arn:aws:states:::aws-sdk:sqs:sendMessage.sync",
        "arn:aws:states:::sagemaker:describeTrainingJob",
        "arn:aws:states:::sagemaker:createModel.sync",
        "arn:aws:states:::aws-sdk:s3:putObject",
        "arn:aws:states:::aws-sdk:ec2:runInstances",
        "arn:aws:states:::",
        "",
    ],
)
def test_what_is_no_task_here(context, arn):
    assert arn not in Tasks(context)


def test_messages_and_events_may_be_json(context):
    queues.create_queue(context, {"QueueName": "q"})
    tasks = Tasks(context)
    sent = tasks["arn:aws:states:::sqs:sendMessage"](
        {"QueueUrl": "q", "MessageBody": {"a": [1]}}
    )
    (message,) = queues.receive_message(context, {"QueueUrl": "q"})["Messages"]
    assert (message["Body"], message["MessageId"]) == ('{"a":[1]}', sent["MessageId"])
    entry = {"Source": "me", "DetailType": "t", "Detail": {"a": 1}}
    given = {"Entries": [entry]}
    answer = tasks["arn:aws:states:::events:putEvents"](given)
    assert answer["FailedEntryCount"] == 0
    # The execution's own data are as they were.
    assert given["Entries"][0]["Detail"] == {"a": 1}


@pytest.mark.parametrize(
    ("arn", "given", "error"),
    [
        ("sqs:sendMessage", {"QueueUrl": "none", "MessageBody": "x"}, "Sqs.QueueDoesNotExist"),
        ("sqs:sendMessage", {}, "Sqs.ValidationException"),
        ("sqs:sendMessage", [], "Sqs.ValidationException"),
        ("aws-sdk:sqs:createQueue", {"QueueName": "a b"}, "Sqs.InvalidParameterValue"),
        ("aws-sdk:kinesis:putRecord", {"StreamName": "s", "PartitionKey": "k", "Data": "?"}, "Kinesis.SerializationException"),
    ],
)  # fmt: skip
def test_errors_have_the_service_and_the_code(context, arn, given, error):
    with pytest.raises(StateError) as caught:
        Tasks(context)[f"arn:aws:states:::{arn}"](given)
    assert caught.value.error == error


def test_a_job_is_asked_for_until_it_has_ended(context, monkeypatch):
    import dataclasses

    statuses = iter(["InProgress", "Stopping", "Completed", "Failed"])

    def patch(name, run):
        key = ("sagemaker", name)
        monkeypatch.setitem(OPERATIONS, key, dataclasses.replace(OPERATIONS[key], run=run))

    arn = "arn:aws:sagemaker:us-east-1:111122223333:transform-job/t"
    patch("CreateTransformJob", lambda *_: {"TransformJobArn": arn})
    patch("DescribeTransformJob", lambda *_: {"TransformJobStatus": next(statuses)})
    request = {
        "TransformJobName": "t",
        "ModelName": "m",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}}
        },
        "TransformOutput": {"S3OutputPath": "s3://b/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    job = Tasks(context)["arn:aws:states:::sagemaker:createTransformJob.sync"](request)
    assert isinstance(job, Job)
    assert [job.ask(), job.ask()] == [None, None]
    assert job.ask() == {"TransformJobStatus": "Completed"}
    with pytest.raises(StateError) as caught:
        job.ask()
    assert caught.value.error == "States.TaskFailed"


def test_a_failure_of_our_own_is_an_error_of_the_task(context, monkeypatch):
    def fail(*_):
        raise KeyError("oops")

    monkeypatch.setattr(context.site.state, "all", fail)
    with pytest.raises(StateError) as caught:
        Tasks(context)["arn:aws:states:::aws-sdk:sqs:listQueues"]({})
    assert caught.value.error == "Sqs.InternalFailure"
