"""Every operation once: its answer held against botocore's output shape; the page."""

import contextlib
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError

from labs_lib.aws.request import service_model
from labs_lib.sagemaker import all_operations, differences
from labs_lib.sagemaker.operations import OPERATIONS, SERVICES

from .conftest import ONCE

IMAGE = "own/image:1"
assert all_operations.MODULES


def check_json(value, shape, path=""):
    """Assert that a JSON answer has every required member and no unknown one."""
    if shape is None:
        assert value == {}, path
    elif shape.type_name == "structure":
        names = {m.serialization.get("name", n): m for n, m in shape.members.items()}
        assert set(value) <= set(names), f"{path}: unknown {set(value) - set(names)}"
        required = {
            shape.members[name].serialization.get("name", name)
            for name in shape.required_members
        }
        assert required <= set(value), f"{path}: missing {required - set(value)}"
        for name, item in value.items():
            check_json(item, names[name], f"{path}.{name}")
    elif shape.type_name == "list":
        assert isinstance(value, list), path
        for item in value:
            check_json(item, shape.member, f"{path}[]")
    elif shape.type_name == "map":
        for item in value.values():
            check_json(item, shape.value, f"{path}{{}}")
    else:
        kinds = {"string": str, "boolean": bool, "integer": int, "long": int}
        kind = kinds.get(shape.type_name, (int, float))
        assert isinstance(value, kind), f"{path}: {value!r}"
        if getattr(shape, "enum", None):
            assert value in shape.enum, f"{path}: {value!r}"


def check_xml(node, shape, path=""):
    """Assert that an XML answer has no unknown element."""
    if shape.type_name == "structure":
        names = {}
        for name, member in shape.members.items():
            if "location" in member.serialization:
                continue
            known = member.serialization.get("name", name)
            if member.type_name == "list" and member.serialization.get("flattened"):
                names[known] = member.member
            else:
                names[known] = member
        for child in node:
            tag = child.tag.rpartition("}")[2]
            assert tag in names, f"{path}: unknown {tag}"
            check_xml(child, names[tag], f"{path}.{tag}")
    elif shape.type_name == "list":
        for child in node:
            check_xml(child, shape.member, f"{path}[]")
    else:
        assert len(node) == 0, path


class Recorder:
    """Clients that hold every answer against its shape and note the operation."""

    def __init__(self, local):
        self.local = local
        self.seen = set()
        self.errors = set()

    def client(self, service):
        client = self.local.client(service, config=ONCE)

        def check(response_dict, parsed_response, model, **_):
            self.check(service, model, response_dict, parsed_response)

        def note(model, context, **_):
            context["model"] = model

        def received(response_dict, parsed_response, context, **_):
            check(response_dict, parsed_response, context["model"])

        client.meta.events.register("before-parameter-build", note)
        client.meta.events.register("response-received", received)
        return client

    def check(self, service, model, response, parsed):
        status, body = response["status_code"], response["body"]
        path = f"{service} {model.name}"
        if status >= 300:
            return self.check_error(model, response, parsed, path)
        self.seen.add((service, model.name))
        shape = model.output_shape
        for name in shape.required_members if shape else []:
            assert name in parsed, f"{path}: missing {name}"
        if not isinstance(body, bytes) or not body:
            return None
        payload = shape.serialization.get("payload") if shape else None
        if payload and shape.members[payload].type_name == "blob":
            return None
        protocol = service_model(service).metadata["protocol"]
        if protocol == "json" or body[:1] == b"{":
            check_json(json.loads(body), shape, path)
        elif protocol == "query":
            result = ElementTree.fromstring(body)[0]
            check_xml(result, shape, path)
        elif protocol == "rest-xml" and model.name != "GetBucketLocation":
            inner = shape.members[payload] if payload else shape
            check_xml(ElementTree.fromstring(body), inner, path)
        return None

    def check_error(self, model, response, parsed, path):
        assert parsed["Error"]["Code"], path
        self.errors.add((model.name, parsed["Error"]["Code"]))
        code = parsed["Error"]["Code"]
        shape = next(
            (s for s in model.error_shapes if code in (s.name, s.error_code)), None
        )
        body = response["body"]
        if shape is not None and body[:1] == b"{":
            found = json.loads(body)
            del found["__type"]
            if not any(name.lower() == "message" for name in shape.members):
                # Some services model errors without members; a message comes all the same.
                assert found.pop("message")
            check_json(found, shape, path)
            assert response["status_code"] == shape.metadata.get("error", {}).get(
                "httpStatusCode", 400
            )


@pytest.fixture(scope="module")
def recorder(local):
    folder = Path(__file__).parent
    local.register(
        IMAGE,
        train=[sys.executable, str(folder / "trainer.py")],
        serve=[sys.executable, str(folder / "worker.py")],
    )
    return Recorder(local)


def use_s3(client, bucket):
    client.create_bucket(Bucket=bucket)
    client.head_bucket(Bucket=bucket)
    client.get_bucket_location(Bucket=bucket)
    client.list_buckets(MaxBuckets=1)
    here = {"Bucket": bucket, "Key": "a/b"}
    client.put_object(**here, Body=b"1", Metadata={"a": "b"})
    client.get_object(**here)["Body"].read()
    client.head_object(**here)
    client.copy_object(Bucket=bucket, Key="c", CopySource=here)
    client.list_objects(Bucket=bucket, Delimiter="/", MaxKeys=1)
    client.list_objects_v2(Bucket=bucket, FetchOwner=True, MaxKeys=1)
    for ends in ("complete", "abort"):
        upload = {**here, "UploadId": client.create_multipart_upload(**here)["UploadId"]}
        tag = client.upload_part(**upload, PartNumber=1, Body=b"1")["ETag"]
        client.list_parts(**upload)
        if ends == "abort":
            client.abort_multipart_upload(**upload)
        else:
            parts = {"Parts": [{"ETag": tag, "PartNumber": 1}]}
            client.complete_multipart_upload(**upload, MultipartUpload=parts)
    client.delete_object(Bucket=bucket, Key="c")
    client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a/b"}]})
    client.delete_bucket(Bucket=bucket)
    client.create_bucket(Bucket=bucket)
    for call in (client.get_object, client.head_object, client.delete_bucket):
        with contextlib.suppress(ClientError):
            call(**{"Bucket": "nothing", "Key": "k"} if call != client.delete_bucket else
                 {"Bucket": "nothing"})  # fmt: skip


def use_cloudwatch(client):
    metric = {"Namespace": "own", "MetricName": "m"}
    client.put_metric_data(
        Namespace="own", MetricData=[{"MetricName": "m", "Value": 1.0, "Unit": "Bytes"}]
    )
    client.list_metrics(**metric)
    now = time.time()
    asked = {"StartTime": now - 600, "EndTime": now + 60}
    client.get_metric_statistics(**metric, **asked, Period=60, Statistics=["Sum"])
    client.get_metric_statistics(**metric, **asked, Period=60, ExtendedStatistics=["p9"])
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    client.get_metric_data(MetricDataQueries=[{"Id": "q", "MetricStat": stat}], **asked)
    alarm = {"AlarmName": "a"}
    client.put_metric_alarm(
        **alarm, **metric, Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="LessThanThreshold", Dimensions=[{"Name": "n", "Value": "v"}],
    )  # fmt: skip
    client.describe_alarms()
    client.set_alarm_state(**alarm, StateValue="ALARM", StateReason="r")
    client.describe_alarms(**{"StateValue": "ALARM"})
    client.delete_alarms(AlarmNames=["a"])
    for call in (
        lambda: client.delete_alarms(AlarmNames=["a"]),
        lambda: client.put_metric_data(Namespace="AWS/x", MetricData=[]),
        lambda: client.describe_alarms(NextToken="x"),
    ):
        with contextlib.suppress(ClientError):
            call()


def use_scaling(client):
    where = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/e/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    with contextlib.suppress(ClientError):
        client.deregister_scalable_target(**where)
    client.register_scalable_target(**where, MinCapacity=1, MaxCapacity=2)
    client.describe_scalable_targets(ServiceNamespace="sagemaker")
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    client.put_scaling_policy(
        **where, PolicyName="p", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 70.0, "PredefinedMetricSpecification": metric,
        },
    )  # fmt: skip
    client.describe_scaling_policies(ServiceNamespace="sagemaker")
    client.describe_scaling_activities(ServiceNamespace="sagemaker")
    client.delete_scaling_policy(**where, PolicyName="p")
    client.deregister_scalable_target(**where)


def use_training(client, role, bucket):
    request = {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": role,
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }  # fmt: skip
    client.create_training_job(**request)
    client.describe_training_job(TrainingJobName="job")
    client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="job")
    client.list_training_jobs()
    client.create_training_job(
        **request | {"TrainingJobName": "slow", "HyperParameters": {"mode": "sleep"}}
    )
    client.stop_training_job(TrainingJobName="slow")
    client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="slow")
    with contextlib.suppress(ClientError):
        client.create_training_job(**request)
    client.delete_training_job(TrainingJobName="slow")
    with contextlib.suppress(ClientError):
        client.describe_training_job(TrainingJobName="slow")


def use_endpoints(local, client, runtime, scaling):
    client.create_model(
        ModelName="m", ExecutionRoleArn=local.role, PrimaryContainer={"Image": IMAGE}
    )
    client.describe_model(ModelName="m")
    client.list_models()
    variant = {
        "VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }  # fmt: skip
    client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    client.describe_endpoint_config(EndpointConfigName="c")
    client.list_endpoint_configs()
    arn = client.create_endpoint(EndpointName="e", EndpointConfigName="c")["EndpointArn"]
    client.describe_endpoint(EndpointName="e")
    client.get_waiter("endpoint_in_service").wait(EndpointName="e")
    client.list_endpoints()
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    client.list_tags(ResourceArn=arn)
    client.delete_tags(ResourceArn=arn, TagKeys=["k"])
    runtime.invoke_endpoint(EndpointName="e", Body=b"")
    stream = runtime.invoke_endpoint_with_response_stream(EndpointName="e", Body=b"")
    assert list(stream["Body"])
    for body in (b"status 500", b"die"):
        with contextlib.suppress(ClientError):
            runtime.invoke_endpoint(EndpointName="e", Body=body)
    use_scaling(scaling)
    client.update_endpoint_weights_and_capacities(
        EndpointName="e",
        DesiredWeightsAndCapacities=[{"VariantName": "v", "DesiredWeight": 2}],
    )
    client.get_waiter("endpoint_in_service").wait(EndpointName="e")
    client.create_endpoint_config(
        EndpointConfigName="async",
        ProductionVariants=[variant],
        AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://answers/out"}},
    )
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 3600}
    policy = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    client.update_endpoint(
        EndpointName="e", EndpointConfigName="async", DeploymentConfig=policy
    )
    found = client.describe_endpoint(EndpointName="e")
    while "Baking" not in str(found["PendingDeploymentSummary"]):
        found = client.describe_endpoint(EndpointName="e")
    with contextlib.suppress(ClientError):
        client.update_endpoint(EndpointName="e", EndpointConfigName="c")
    local.step(3601)
    client.get_waiter("endpoint_in_service").wait(EndpointName="e")
    runtime.invoke_endpoint_async(EndpointName="e", Body=b"1")
    client.delete_endpoint(EndpointName="e")
    client.get_waiter("endpoint_deleted").wait(EndpointName="e")
    client.delete_endpoint_config(EndpointConfigName="c")
    client.delete_model(ModelName="m")


def test_every_operation_answers_in_its_shape(recorder, local):
    client = recorder.client("sagemaker")
    recorder.client("sts").get_caller_identity()
    use_s3(recorder.client("s3"), "answers")
    use_training(client, local.role, "answers")
    runtime = recorder.client("sagemaker-runtime")
    use_endpoints(local, client, runtime, recorder.client("application-autoscaling"))
    use_cloudwatch(recorder.client("cloudwatch"))
    logs = recorder.client("logs")
    logs.describe_log_groups()
    group = "/aws/sagemaker/TrainingJobs"
    logs.describe_log_streams(logGroupName=group)
    logs.get_log_events(logGroupName=group, logStreamName="job/algo-1")
    with contextlib.suppress(ClientError):
        logs.get_log_events(logGroupName=group, logStreamName="nothing")
    assert recorder.seen == set(OPERATIONS)
    codes = {code for _, code in recorder.errors}
    assert {"ResourceNotFound", "ResourceInUse", "ModelError", "NoSuchBucket"} <= codes
    assert {"InvalidParameterValue", "InvalidNextToken", "ObjectNotFoundException"} <= codes


# The page


def test_the_page_is_the_one_that_would_be_written():
    assert differences.is_current(), "run `labs sagemaker page`"


def test_the_page_names_every_operation_and_what_it_refuses():
    page = differences.page()
    for operation in OPERATIONS.values():
        assert f"### {operation.name}\n" in page
        assert all(f"`{path}`: {why}" in page for path, why in operation.refuses.items())


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda o: o.name)
def test_an_operation_names_fields_that_there_are(operation):
    assert operation.service in SERVICES
    assert differences.unknown_fields(operation) == []
    assert isinstance(operation.refuses, Mapping)
    for sentence in [*operation.differs, *operation.refuses.values()]:
        assert sentence.endswith("."), sentence
