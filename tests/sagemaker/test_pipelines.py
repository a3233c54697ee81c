"""Pipelines: the definition read, values, and executions that are really carried out."""

import json
import re
import sys
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import sagemaker
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.pipelines import definition, steps, values

from .conftest import ONCE

IMAGE = "own/pipeline:1"
SKLEARN = (
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
)
SCORE = """
import json, pathlib, sys
path = pathlib.Path(sys.argv[1]) / "score.json"
path.write_text(json.dumps({"metrics": {"auc": {"value": float(sys.argv[2])}}}))
"""


def get(path):
    return {"Get": path}


def pipeline(*steps, parameters=()):
    return json.dumps(
        {
            "Version": "2020-12-01",
            "Metadata": {},
            "Parameters": [
                {"Name": name, "Type": kind, **more} for name, kind, more in parameters
            ],
            "Steps": list(steps),
        }
    )


def condition(name, conditions, yes=(), no=(), **more):
    return {
        "Name": name,
        "Type": "Condition",
        "Arguments": {
            "Conditions": conditions,
            "IfSteps": list(yes),
            "ElseSteps": list(no),
        },
        **more,
    }


def fail(name="Fail", text="no"):
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": text}}


def callback(name, url, arguments=None, **more):
    return {
        "Name": name,
        "Type": "Callback",
        "Arguments": arguments or {},
        "SqsQueueUrl": url,
        "OutputParameters": [],
        **more,
    }


EQUAL = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}


# Reading


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ("{}", "Version is None"),
        (pipeline(), "Steps is empty"),
        (pipeline({"Name": "a"}), "another form than expected"),
        (pipeline({"Name": "a b", "Type": "Fail"}), "expected letters, digits"),
        (pipeline({"Name": "a", "Type": "EMR"}), "carries out Training"),
        (pipeline(fail("a"), fail("a")), "two steps called a"),
        (pipeline(fail("a") | {"DependsOn": ["b"]}), "step b, which there is not"),
        (pipeline(fail("a", get("Steps.b.X"))), "step b, which there is not"),
        (pipeline(fail("a", get("Parameters.p"))), "parameter p, which there is not"),
        (pipeline(fail("a"), fail("b") | {"DependsOn": ["a"]}), "depends on the Fail step"),
        (
            pipeline(
                callback("a", "q", DependsOn=["b"]), callback("b", "q", DependsOn=["a"])
            ),
            "wait for each other: a, b",
        ),
        (pipeline(callback("a", "")), "needs SqsQueueUrl"),
        (pipeline(condition("c", [{"Type": "Near"}])), "type 'Near'"),
        (
            pipeline(condition("c", [{"Type": "Equals", "LeftValue": 1}])),
            "needs RightValue",
        ),
        (pipeline(condition("c", [{"Type": "Or", "Conditions": [{}]}])), "type None"),
        (
            pipeline(condition("c", [EQUAL], yes=[condition("d", [EQUAL])])),
            "stands in a branch of c",
        ),
        (
            pipeline(condition("c", [EQUAL], yes=[fail("a")], no=[fail("a")])),
            "two steps called a",
        ),
        (
            pipeline(callback("a", "q", CacheConfig={"Enabled": True})),
            "only Training, Processing, Tuning, Transform",
        ),
        (
            pipeline(
                {
                    "Name": "t",
                    "Type": "Training",
                    "CacheConfig": {"Enabled": True, "ExpireAfter": "1 day"},
                }
            ),
            "ISO 8601",
        ),
        (
            pipeline(callback("a", "q", RetryPolicies=[{"ExceptionType": ["Any"]}])),
            "retries Any",
        ),
        (
            pipeline(
                callback("a", "q", RetryPolicies=[{"ExceptionType": ["Step.THROTTLING"]}])
            ),
            "MaxAttempts or ExpireAfterMin",
        ),
        (pipeline(fail(), parameters=[("p", "Date", {})]), "type 'Date'"),
    ],
)
def test_definitions_that_are_refused(text, said):
    with pytest.raises(ApiError) as caught:
        definition.read(text)
    assert said in caught.value.message


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["Name", "Type", "Steps", "Get", "Version",
                                                       "Arguments", "Conditions"]), inner),
                    max_leaves=12))  # fmt: skip
def test_whatever_is_no_definition_gives_the_error_of_one(body):
    steps = {"Version": "2020-12-01", "Steps": body}
    for text in (json.dumps(body), json.dumps(steps)):
        with pytest.raises(ApiError):
            definition.read(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT1H", 3600), ("P30D", 30 * 86400), ("P1DT2H3M4S", 93784), ("P2W", 14 * 86400)],
)
def test_durations(text, seconds):
    assert definition.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "1H", "P1H", None, 3])
def test_what_is_no_duration(text):
    with pytest.raises(ApiError):
        definition.duration(text)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("String", "7", "7"),
        ("Integer", "7", 7),
        ("Float", "0.5", 0.5),
        ("Boolean", "True", True),
    ],
)
def test_parameters_have_types(kind, text, value):
    assert definition.PipelineParameter("p", kind).read(text) == value
    if kind != "String":
        with pytest.raises(ApiError, match="expected a"):
            definition.PipelineParameter("p", kind).read("x")


# Values


BODY = {
    "Outputs": [{"OutputName": "train", "S3Output": {"S3Uri": "s3://b/t"}}],
    "Metrics": [{"MetricName": "validation:auc", "Value": 0.9}],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Outputs['train'].S3Output.S3Uri", "s3://b/t"),
        ("Outputs[0].OutputName", "train"),
        ("Metrics['validation:auc'].Value", 0.9),
        ('Metrics["validation:auc"].Value', 0.9),
    ],
)
def test_paths(path, value):
    assert values.pick(BODY, values.parts(path), path) == value


@pytest.mark.parametrize("path", ["Nothing", "Outputs[1]", "Outputs['x']", "Outputs.x.y"])
def test_paths_that_lead_nowhere(path):
    with pytest.raises(values.Unknown, match=re.escape(path)):
        values.pick(BODY, values.parts(path), path)


@pytest.mark.parametrize("path", ["a..b", "a[b]", "a['b"])
def test_what_is_no_path(path):
    with pytest.raises(ApiError, match="is no path"):
        values.parts(path)


CONDITIONS = [
    ("Equals", 1, 1, True),
    ("Equals", "a", "b", False),
    ("GreaterThan", 2, 1, True),
    ("GreaterThan", 1, 1, False),
    ("GreaterThanOrEqualTo", 1, 1, True),
    ("LessThan", 1, 1, False),
    ("LessThanOrEqualTo", 1, 1, True),
]


@pytest.mark.parametrize(("kind", "left", "right", "outcome"), CONDITIONS)
def test_conditions(kind, left, right, outcome):
    one = {"Type": kind, "LeftValue": left, "RightValue": right}
    assert values.holds(one) is outcome
    assert values.holds({"Type": "Not", "Condition": one}) is not outcome
    assert values.holds({"Type": "Or", "Conditions": [one]}) is outcome
    assert values.holds({"Type": "Or", "Conditions": [one, EQUAL]})
    assert values.holds({"Type": "In", "QueryValue": left, "Values": [left, right]})


def test_values_that_cannot_be_compared():
    with pytest.raises(values.Unknown, match="cannot be compared"):
        values.holds({"Type": "GreaterThan", "LeftValue": "a", "RightValue": 1})


# Executions


class Studio:
    """One SageMaker with what the tests of executions need."""

    def __init__(self, local):
        self.local = local
        self.client = local.client("sagemaker", config=ONCE)
        self.sqs = local.client("sqs", config=ONCE)
        self.s3 = local.client("s3", config=ONCE)
        folder = Path(__file__).parent
        local.register(
            IMAGE,
            train=[sys.executable, str(folder / "trainer.py")],
            serve=[sys.executable, str(folder / "worker.py")],
        )
        self.s3.create_bucket(Bucket=local.bucket)
        self.s3.put_object(Bucket=local.bucket, Key="code/score.py", Body=SCORE.encode())
        self.s3.put_object(Bucket=local.bucket, Key="data/train.csv", Body=b"1\n")

    def queue(self, name):
        return self.sqs.create_queue(QueueName=name)["QueueUrl"]

    def message(self, url):
        found = self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
        return json.loads(found["Body"])

    def run(self, name, *steps, parameters=(), given=None, **options):
        text = pipeline(*steps, parameters=parameters)
        request = {"PipelineName": name, "RoleArn": self.local.role}
        try:
            self.client.create_pipeline(**request, PipelineDefinition=text)
        except ClientError:
            self.client.update_pipeline(**request, PipelineDefinition=text)
        texts = [{"Name": k, "Value": v} for k, v in (given or {}).items()]
        return self.client.start_pipeline_execution(
            PipelineName=name, PipelineParameters=texts, **options
        )["PipelineExecutionArn"]

    def ended(self, arn, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.client.describe_pipeline_execution(PipelineExecutionArn=arn)
            if found["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{found}, {self.steps(arn)}")

    def steps(self, arn):
        answer = self.client.list_pipeline_execution_steps(
            PipelineExecutionArn=arn, MaxResults=100, SortOrder="Ascending"
        )
        return {step["StepName"]: step for step in answer["PipelineExecutionSteps"]}

    def statuses(self, arn):
        return {name: step["StepStatus"] for name, step in self.steps(arn).items()}

    def train(self, name="Train", mode="", **more):
        bucket = self.local.bucket
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/"}
        return {
            "Name": name,
            "Type": "Training",
            "Arguments": {
                "AlgorithmSpecification": {
                    "TrainingImage": IMAGE,
                    "TrainingInputMode": "File",
                },
                "RoleArn": self.local.role,
                "HyperParameters": {"mode": mode} if mode else {},
                "InputDataConfig": [
                    {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
                ],
                "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/out/"},
                "ResourceConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 1,
                },
                "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            },
            **more,
        }

    def score(self, value, **more):
        bucket, root = self.local.bucket, "/opt/ml/processing"
        code = {"S3Uri": f"s3://{bucket}/code/", "LocalPath": f"{root}/code"}
        out = {"S3Uri": f"s3://{bucket}/scores/", "LocalPath": f"{root}/out"}
        return {
            "Name": "Score",
            "Type": "Processing",
            "Arguments": {
                "AppSpecification": {
                    "ImageUri": SKLEARN,
                    "ContainerEntrypoint": ["python3", f"{root}/code/score.py"],
                    "ContainerArguments": [f"{root}/out", value],
                },
                "RoleArn": self.local.role,
                "ProcessingInputs": [
                    {"InputName": "code", "S3Input": code | {"S3DataType": "S3Prefix"}}
                ],
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {
                            "OutputName": "out",
                            "S3Output": out | {"S3UploadMode": "EndOfJob"},
                        }
                    ]
                },
                "ProcessingResources": {
                    "ClusterConfig": {
                        "InstanceCount": 1,
                        "InstanceType": "ml.m5.large",
                        "VolumeSizeInGB": 1,
                    }
                },
            },
            "PropertyFiles": [
                {
                    "PropertyFileName": "report",
                    "OutputName": "out",
                    "FilePath": "score.json",
                }
            ],
            **more,
        }

    def register(self, group):
        return {
            "Name": "Register",
            "Type": "RegisterModel",
            "Arguments": {
                "ModelPackageGroupName": group,
                "InferenceSpecification": {
                    "Containers": [
                        {
                            "Image": IMAGE,
                            "ModelDataUrl": get(
                                "Steps.Train.ModelArtifacts.S3ModelArtifacts"
                            ),
                        }
                    ],
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedResponseMIMETypes": ["text/csv"],
                },
                "CustomerMetadataProperties": {
                    "run": {
                        "Std:Join": {
                            "On": "/",
                            "Values": ["run", get("Execution.PipelineExecutionId")],
                        }
                    }
                },
            },
        }


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with sagemaker.start(tmp_path_factory.mktemp("pipelines")) as local:
        yield Studio(local)


AUC = {
    "Std:JsonGet": {
        "PropertyFile": get("Steps.Score.PropertyFiles.report"),
        "Path": "metrics.auc.value",
    }
}


def good_enough(yes, no):
    return condition(
        "GoodEnough",
        [
            {
                "Type": "GreaterThanOrEqualTo",
                "LeftValue": AUC,
                "RightValue": get("Parameters.Least"),
            }
        ],
        yes=yes,
        no=no,
    )


@pytest.mark.parametrize(("least", "registered"), [("0.8", True), ("0.95", False)])
def test_train_score_and_register_if_good_enough(studio, least, registered):
    group = "good" if registered else "bad"
    studio.client.create_model_package_group(ModelPackageGroupName=group)
    text = {"Std:Join": {"On": " ", "Values": ["below", get("Parameters.Least")]}}
    arn = studio.run(
        group,
        studio.train(),
        studio.score("0.9", DependsOn=["Train"]),
        good_enough([studio.register(group)], [fail("TooBad", text)]),
        parameters=[("Least", "Float", {"DefaultValue": 0.5})],
        given={"Least": least},
    )
    found = studio.ended(arn)
    steps = studio.steps(arn)
    listed = studio.client.list_model_packages(ModelPackageGroupName=group)
    packages = listed["ModelPackageSummaryList"]
    assert steps["GoodEnough"]["Metadata"]["Condition"]["Outcome"] == str(registered)
    if registered:
        assert found["PipelineExecutionStatus"] == "Succeeded"
        assert list(steps) == ["Train", "Score", "GoodEnough", "Register"]
        (package,) = packages
        made = steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
        assert package["ModelPackageArn"] == made
        described = studio.client.describe_model_package(ModelPackageName=made)
        run = described["CustomerMetadataProperties"]["run"]
        assert run == f"run/{arn.rpartition('/')[2]}"
    else:
        assert found["PipelineExecutionStatus"] == "Failed"
        assert "below 0.95" in found["FailureReason"]
        assert "Register" not in steps
        assert packages == []
        with pytest.raises(studio.client.exceptions.ConflictException, match="Fail step"):
            studio.client.retry_pipeline_execution(PipelineExecutionArn=arn)


def test_an_unchanged_step_is_taken_from_the_cache_even_if_its_data_changed(studio):
    cached = {"CacheConfig": {"Enabled": True, "ExpireAfter": "PT1H"}}
    first = studio.run("cache", studio.train(**cached))
    studio.ended(first)
    made = studio.steps(first)["Train"]["Metadata"]["TrainingJob"]["Arn"]
    # Overwritten in place: the address, and with it the key of the cache, is the same.
    studio.s3.put_object(Bucket=studio.local.bucket, Key="data/train.csv", Body=b"2\n")
    second = studio.run("cache", studio.train(**cached))
    studio.ended(second)
    step = studio.steps(second)["Train"]
    assert step["CacheHitResult"]["SourcePipelineExecutionArn"] == first
    assert step["Metadata"]["TrainingJob"]["Arn"] == made
    changed = studio.train(**cached)
    changed["Arguments"]["HyperParameters"] = {"say": "something"}
    third = studio.run("cache", changed)
    studio.ended(third)
    assert "CacheHitResult" not in studio.steps(third)["Train"]


def test_a_hit_does_not_renew_what_was_taken(studio):
    """The age counts from the run that made the result: here 20 and 40 days after it."""
    step = studio.train(CacheConfig={"Enabled": True, "ExpireAfter": "P30D"})
    taken = []
    for _ in range(3):
        arn = studio.run("renewal", step)
        assert studio.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
        taken.append("CacheHitResult" in studio.steps(arn)["Train"])
        studio.local.step(20 * 86_400)
    assert taken == [False, True, False]


def keyed(kind, **arguments):
    step = definition.PipelineStep("s", kind, {}, frozenset())
    return steps.cache_key(step, arguments)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Training", "StoppingCondition"),
        ("Training", "ResourceConfig"),
        ("Training", "OutputDataConfig"),
        ("Training", "RoleArn"),
        ("Processing", "ProcessingOutputConfig"),
        ("Processing", "ProcessingResources"),
        ("Transform", "TransformOutput"),
        ("Tuning", "Tags"),
    ],
)
def test_what_the_guide_does_not_list_is_not_in_the_key(kind, name):
    """The page pipelines-default-keys; pipelines-caching-disabling says that it reruns nothing."""
    assert keyed(kind, **{name: {"a": 1}}) == keyed(kind, **{name: {"a": 2}}) == keyed(kind)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Training", "HyperParameters"),
        ("Training", "InputDataConfig"),
        ("Training", "Environment"),
        ("Processing", "AppSpecification"),
        ("Processing", "ProcessingInputs"),
        ("Transform", "ModelName"),
        ("Tuning", "HyperParameterTuningJobConfig"),
        ("Tuning", "TrainingJobDefinitions"),
    ],
)
def test_what_the_guide_lists_is_in_the_key(kind, name):
    assert keyed(kind, **{name: {"a": 1}}) != keyed(kind, **{name: {"a": 2}})


def test_of_what_a_tuning_trains_a_part_is_in_the_key():
    def tuned(**definition):
        return keyed("Tuning", TrainingJobDefinition=definition)

    same = {"StaticHyperParameters": {"a": "1"}}
    assert tuned(**same) == tuned(**same, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert tuned(**same) != tuned(StaticHyperParameters={"a": "2"})


def test_a_callback_waits_for_its_answer_and_hands_it_on(studio):
    url = studio.queue("callbacks")
    arn = studio.run(
        "callback",
        callback("Ask", url, {"what": get("Parameters.What")}),
        condition(
            "Decide",
            [
                {
                    "Type": "Equals",
                    "LeftValue": get("Steps.Ask.OutputParameters['answer']"),
                    "RightValue": "yes",
                }
            ],
            no=[fail()],
        ),
        parameters=[("What", "String", {})],
        given={"What": "this"},
    )
    message = studio.message(url)
    assert message["arguments"] == {"what": "this"}
    assert message["pipelineExecutionArn"] == arn
    assert len(message["token"]) == 10
    assert studio.statuses(arn) == {"Ask": "Executing"}
    answer = {
        "CallbackToken": message["token"],
        "OutputParameters": [{"Name": "answer", "Value": "yes"}],
    }
    studio.client.send_pipeline_execution_step_success(**answer)
    assert studio.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    with pytest.raises(studio.client.exceptions.ConflictException, match="was answered"):
        studio.client.send_pipeline_execution_step_success(**answer)


def test_a_callback_that_fails_is_asked_again_by_a_retry(studio):
    url = studio.queue("retries")
    arn = studio.run(
        "again", callback("First", url), callback("Second", url, DependsOn=["First"])
    )
    client = studio.client
    client.send_pipeline_execution_step_success(CallbackToken=studio.message(url)["token"])
    client.send_pipeline_execution_step_failure(
        CallbackToken=studio.message(url)["token"], FailureReason="not today"
    )
    assert "not today" in studio.ended(arn)["FailureReason"]
    client.retry_pipeline_execution(PipelineExecutionArn=arn)
    message = studio.message(url)
    client.send_pipeline_execution_step_success(CallbackToken=message["token"])
    assert studio.ended(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert studio.statuses(arn) == {"First": "Succeeded", "Second": "Succeeded"}


def test_a_pipeline_stops_when_its_callback_has_answered(studio):
    url = studio.queue("stops")
    arn = studio.run("stop", callback("Ask", url), fail() | {"DependsOn": ["Ask"]})
    first = studio.message(url)
    studio.client.stop_pipeline_execution(PipelineExecutionArn=arn)
    second = studio.message(url)
    assert second["status"] == "Stopping"
    assert second["token"] == first["token"]
    status = studio.client.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert status["PipelineExecutionStatus"] == "Stopping"
    studio.client.send_pipeline_execution_step_success(CallbackToken=first["token"])
    assert studio.ended(arn)["PipelineExecutionStatus"] == "Stopped"
    assert studio.statuses(arn) == {"Ask": "Stopped"}


def test_a_running_job_is_stopped_with_its_pipeline(studio):
    arn = studio.run("long", studio.train(mode="sleep"))
    deadline = time.monotonic() + 30
    while "Metadata" not in studio.steps(arn).get("Train", {}) or not studio.steps(arn)[
        "Train"
    ]["Metadata"].get("TrainingJob"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    studio.client.stop_pipeline_execution(PipelineExecutionArn=arn)
    assert studio.ended(arn)["PipelineExecutionStatus"] == "Stopped"
    assert studio.statuses(arn) == {"Train": "Stopped"}


def test_a_failed_step_ends_the_execution_and_nothing_after_it_begins(studio):
    bad = studio.train()
    bad["Arguments"]["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = (
        f"s3://{studio.local.bucket}/nothing/"
    )
    arn = studio.run("fails", bad, studio.score("1", DependsOn=["Train"]))
    found = studio.ended(arn)
    assert found["PipelineExecutionStatus"] == "Failed"
    assert "No S3 objects found" in found["FailureReason"]
    assert studio.statuses(arn) == {"Train": "Failed"}


def test_a_request_that_is_wrong_fails_its_step(studio):
    bad = studio.train()
    bad["Arguments"]["AlgorithmSpecification"]["TrainingInputMode"] = "Carrier pigeon"
    arn = studio.run("wrong", bad)
    reason = studio.ended(arn)["FailureReason"]
    assert "trainingInputMode" in reason


def test_steps_run_side_by_side_up_to_the_limit(studio):
    url = studio.queue("limit")
    steps = [callback(f"Ask{n}", url) for n in range(3)]
    limit = {"MaxParallelExecutionSteps": 2}
    arn = studio.run("limit", *steps, ParallelismConfiguration=limit)
    tokens = [studio.message(url)["token"] for _ in range(2)]
    time.sleep(0.7)
    assert len(studio.steps(arn)) == 2
    for _ in range(3):
        token = tokens.pop() if tokens else studio.message(url)["token"]
        studio.client.send_pipeline_execution_step_success(CallbackToken=token)
    assert studio.ended(arn)["PipelineExecutionStatus"] == "Succeeded"


def test_selected_steps_take_the_others_results_from_an_earlier_execution(studio):
    url = studio.queue("selected")
    steps = (
        callback("Ask", url),
        callback("Tell", url, {"heard": get("Steps.Ask.OutputParameters['word']")}),
    )
    first = studio.run("select", *steps)
    for word in ("hello", "x"):
        studio.client.send_pipeline_execution_step_success(
            CallbackToken=studio.message(url)["token"],
            OutputParameters=[{"Name": "word", "Value": word}],
        )
    assert studio.ended(first)["PipelineExecutionStatus"] == "Succeeded"
    second = studio.run(
        "select",
        *steps,
        SelectiveExecutionConfig={"SelectedSteps": [{"StepName": "Tell"}]},
    )
    message = studio.message(url)
    assert message["arguments"] == {"heard": "hello"}
    studio.client.send_pipeline_execution_step_success(CallbackToken=message["token"])
    assert studio.ended(second)["PipelineExecutionStatus"] == "Succeeded"
    assert list(studio.steps(second)) == ["Tell"]


def test_a_token_starts_one_execution_and_parameters_are_checked(studio):
    url = studio.queue("tokens")
    parameters = [("Size", "Integer", {"EnumValues": [1, 2]})]
    token = "x" * 32
    arn = studio.run(
        "token",
        callback("Ask", url),
        parameters=parameters,
        given={"Size": "2"},
        ClientRequestToken=token,
    )
    again = studio.client.start_pipeline_execution(
        PipelineName="token", ClientRequestToken=token
    )
    assert again["PipelineExecutionArn"] == arn
    shown = studio.client.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
    assert shown["PipelineParameters"] == [{"Name": "Size", "Value": "2"}]
    for given_, said in (
        ({}, "no default"),
        ({"Size": "3"}, "expected one of 1, 2"),
        ({"Size": "x"}, "expected a Integer"),
        ({"Sise": "1"}, "no parameter Sise. It has: Size"),
    ):
        with pytest.raises(ClientError, match=said):
            studio.client.start_pipeline_execution(
                PipelineName="token",
                PipelineParameters=[{"Name": k, "Value": v} for k, v in given_.items()],
            )
    with pytest.raises(studio.client.exceptions.ConflictException, match="is running"):
        studio.client.delete_pipeline(PipelineName="token")
    studio.client.send_pipeline_execution_step_success(
        CallbackToken=studio.message(url)["token"]
    )
    studio.ended(arn)
    studio.client.delete_pipeline(PipelineName="token")
    with pytest.raises(studio.client.exceptions.ResourceNotFound):
        studio.client.describe_pipeline_execution(PipelineExecutionArn=arn)


def test_a_pipeline_goes_on_after_its_server_was_killed(tmp_path):
    """A job that was lost is tried again by its policy; a callback still waits."""
    local = sagemaker.start(tmp_path)
    studio = Studio(local)
    url = studio.queue("kept")
    policy = {
        "ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"],
        "IntervalSeconds": 1,
        "MaxAttempts": 2,
    }
    slow = studio.train(mode="sleep", RetryPolicies=[policy])
    arn = studio.run("kept", slow, callback("Ask", url))
    token = studio.message(url)["token"]
    deadline = time.monotonic() + 30
    while not studio.client.list_training_jobs(StatusEquals="InProgress")[
        "TrainingJobSummaries"
    ]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    local._process.kill()
    local._process.wait()
    with sagemaker.start(tmp_path) as local:
        studio = Studio.__new__(Studio)
        studio.local, studio.client = local, local.client("sagemaker", config=ONCE)
        studio.client.send_pipeline_execution_step_success(CallbackToken=token)
        deadline = time.monotonic() + 30
        while len(studio.client.list_training_jobs()["TrainingJobSummaries"]) < 2:
            assert time.monotonic() < deadline, studio.steps(arn)
            time.sleep(0.05)
        studio.client.stop_pipeline_execution(PipelineExecutionArn=arn)
        assert studio.ended(arn)["PipelineExecutionStatus"] == "Stopped"
        assert studio.statuses(arn) == {"Train": "Stopped", "Ask": "Succeeded"}
