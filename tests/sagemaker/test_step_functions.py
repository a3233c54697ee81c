"""Step Functions through boto3: machines, executions, tasks that use this machine."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from labs_lib import sagemaker

from .conftest import ONCE

SQS = "arn:aws:states:::sqs:sendMessage"


@pytest.fixture
def client(still):
    return still.client("stepfunctions", config=ONCE)


def machine(client, name, start="A", **states):
    definition = {"StartAt": start, "States": states}
    return client.create_state_machine(
        name=name,
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::111122223333:role/Any",
    )["stateMachineArn"]


def begin(client, arn, data=None, **more):
    started = client.start_execution(
        stateMachineArn=arn, input=json.dumps(data or {}), **more
    )
    return started["executionArn"]


def until(client, execution, ended=lambda found: found["status"] != "RUNNING"):
    deadline = time.monotonic() + 60
    while not ended(found := client.describe_execution(executionArn=execution)):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def history(client, execution):
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=execution, PaginationConfig={"PageSize": 3}
    )
    return [event for page in pages for event in page["events"]]


def test_a_machine_sends_a_message_and_waits_on_the_clock(still, client):
    sqs = still.client("sqs", config=ONCE)
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    arn = machine(
        client,
        "send",
        A={"Type": "Wait", "Seconds": 3600, "Next": "Send"},
        Send={
            "Type": "Task",
            "Resource": SQS,
            "Parameters": {"QueueUrl": url, "MessageBody": {"order.$": "$.order"}},
            "ResultPath": "$.sent",
            "End": True,
        },
    )
    execution = begin(client, arn, {"order": 7})
    until(client, execution, lambda _: len(history(client, execution)) == 2)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    still.step(3601)
    found = until(client, execution)
    assert found["status"] == "SUCCEEDED"
    output = json.loads(found["output"])
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"order": 7}
    assert output["sent"]["MessageId"] == message["MessageId"]
    events = history(client, execution)
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "WaitStateEntered",
        "WaitStateExited",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    assert events[4]["taskScheduledEventDetails"]["resource"] == "sendMessage"
    assert (found["stopDate"] - found["startDate"]).total_seconds() >= 3600
    last = client.get_execution_history(
        executionArn=execution, reverseOrder=True, maxResults=1
    )
    assert last["events"] == events[-1:]


def test_an_error_of_a_task_is_caught(client):
    arn = machine(
        client,
        "catch",
        A={
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:kinesis:putRecord",
            "Parameters": {"StreamName": "none", "Data": "eA==", "PartitionKey": "k"},
            "Catch": [{"ErrorEquals": ["Kinesis.ResourceNotFoundException"], "Next": "B"}],
            "End": True,
        },
        B={"Type": "Pass", "OutputPath": "$.Error", "End": True},
    )
    found = until(client, begin(client, arn))
    assert json.loads(found["output"]) == "Kinesis.ResourceNotFoundException"


def test_a_job_of_sagemaker_that_is_waited_for(local, s3):
    import sys
    from pathlib import Path

    client = local.client("stepfunctions", config=ONCE)
    trainer = Path(__file__).with_name("trainer.py")
    local.register("own/image:1", train=[sys.executable, str(trainer)])
    request = {
        "TrainingJobName.$": "$.name",
        "RoleArn": local.role,
        "AlgorithmSpecification": {
            "TrainingImage": "own/image:1",
            "TrainingInputMode": "File",
        },
        "HyperParameters.$": "$.hyperparameters",
        "OutputDataConfig": {"S3OutputPath": f"s3://{local.bucket}/out"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 1,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    arn = machine(
        client,
        "train",
        A={
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Parameters": request,
            "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "B"}],
            "End": True,
        },
        B={"Type": "Fail", "Error": "Training"},
    )
    good = begin(client, arn, {"name": "good", "hyperparameters": {}})
    found = until(client, good)
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"])["TrainingJobStatus"] == "Completed"
    # The name is taken: the request itself is refused.
    again = until(client, begin(client, arn, {"name": "good", "hyperparameters": {}}))
    assert (again["status"], again["error"]) == ("FAILED", "Training")


def test_an_execution_is_stopped_and_its_name_is_taken(client):
    arn = machine(client, "stop", A={"Type": "Wait", "Seconds": 60, "End": True})
    execution = begin(client, arn, name="once")
    assert begin(client, arn, name="once") == execution
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        begin(client, arn, {"other": 1}, name="once")
    client.stop_execution(executionArn=execution, error="Enough", cause="of this")
    found = until(client, execution)
    assert (found["status"], found["error"], found["cause"]) == (
        "ABORTED",
        "Enough",
        "of this",
    )
    assert client.stop_execution(executionArn=execution)["stopDate"] == found["stopDate"]
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        begin(client, arn, name="once")
    listed = client.list_executions(stateMachineArn=arn, statusFilter="ABORTED")
    assert [one["name"] for one in listed["executions"]] == ["once"]
    assert (
        client.list_executions(stateMachineArn=arn, statusFilter="FAILED")["executions"]
        == []
    )


def test_a_map_and_branches_have_their_events(client):
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    arn = machine(
        client,
        "several",
        A={"Type": "Map", "ItemProcessor": inner, "Next": "B"},
        B={"Type": "Parallel", "Branches": [inner, inner], "End": True},
    )
    execution = begin(client, arn, [1, 2])
    assert json.loads(until(client, execution)["output"]) == [[1, 2], [1, 2]]
    kinds = [event["type"] for event in history(client, execution)]
    assert kinds.count("MapIterationSucceeded") == 2
    assert "ParallelStateSucceeded" in kinds


def test_what_is_kept_over_a_restart(tmp_path):
    with sagemaker.start(tmp_path, speed=0) as local:
        client = local.client("stepfunctions", config=ONCE)
        arn = machine(client, "kept", A={"Type": "Wait", "SecondsPath": "$.s", "End": True})
        done, running = begin(client, arn, {"s": 0}), begin(client, arn, {"s": 60})
        until(client, done)
        events = history(client, done)
    with sagemaker.start(tmp_path, speed=0) as local:
        client = local.client("stepfunctions", config=ONCE)
        assert history(client, done) == events
        found = client.describe_execution(executionArn=running)
        assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
        assert "server ended" in found["cause"]


def test_machines_are_listed_changed_and_deleted(client):
    succeed = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    first = machine(client, "one", A={"Type": "Succeed"})
    assert machine(client, "one", A={"Type": "Succeed"}) == first
    with pytest.raises(client.exceptions.StateMachineAlreadyExists):
        machine(client, "one", A={"Type": "Pass", "End": True})
    client.update_state_machine(stateMachineArn=first, definition=json.dumps(succeed))
    described = client.describe_state_machine(stateMachineArn=first)
    assert json.loads(described["definition"]) == succeed
    with pytest.raises(client.exceptions.InvalidDefinition):
        client.update_state_machine(stateMachineArn=first, definition="{}")
    names = [
        one["name"]
        for page in client.get_paginator("list_state_machines").paginate(
            PaginationConfig={"PageSize": 1}
        )
        for one in page["stateMachines"]
    ]
    assert "one" in names
    client.delete_state_machine(stateMachineArn=first)
    with pytest.raises(client.exceptions.StateMachineDoesNotExist):
        client.describe_state_machine(stateMachineArn=first)


def test_what_is_refused(still, client):
    with pytest.raises(
        client.exceptions.InvalidDefinition, match="at least one state at /States"
    ):
        client.create_state_machine(
            name="x", definition='{"not":"asl"}', roleArn=still.role
        )
    with pytest.raises(ClientError, match="executions are those of STANDARD"):
        client.create_state_machine(
            name="x", definition="{}", roleArn=still.role, type="EXPRESS"
        )
    arn = machine(client, "refused", A={"Type": "Succeed"})
    with pytest.raises(client.exceptions.InvalidExecutionInput):
        client.start_execution(stateMachineArn=arn, input="{")
    with pytest.raises(client.exceptions.StateMachineDoesNotExist):
        client.start_execution(stateMachineArn=arn + "x")
    with pytest.raises(client.exceptions.ExecutionDoesNotExist):
        client.describe_execution(executionArn=arn)
    with pytest.raises(client.exceptions.InvalidToken):
        client.list_executions(stateMachineArn=arn, nextToken="x")
    with pytest.raises(ClientError, match="Give a definition or a roleArn"):
        client.update_state_machine(stateMachineArn=arn)
    checked = client.validate_state_machine_definition(
        definition='{"StartAt": "A", "States": {"A": {"Type": "Wait", "End": true}}}'
    )
    assert checked["result"] == "FAIL"
    assert checked["diagnostics"][0]["location"] == "/States/A/"
    assert client.validate_state_machine_definition(definition="{")["result"] == "FAIL"
    nobody = machine(
        client,
        "nobody",
        A={"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True},
    )
    found = until(client, begin(client, nobody))
    assert (found["status"], found["error"]) == ("FAILED", "States.Runtime")
