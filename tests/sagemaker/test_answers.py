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
        kinds = {
            "string": str,
            "blob": str,
            "boolean": bool,
            "integer": int,
            "long": int,
        }
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
    use_s3_settings(client, bucket + "-kept")
    for call in (client.get_object, client.head_object, client.delete_bucket):
        with contextlib.suppress(ClientError):
            call(**{"Bucket": "nothing", "Key": "k"} if call != client.delete_bucket else
                 {"Bucket": "nothing"})  # fmt: skip


def use_s3_settings(client, bucket):
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    where, here = {"Bucket": bucket}, {"Bucket": bucket, "Key": "a"}
    client.put_bucket_versioning(**where, VersioningConfiguration={"Status": "Enabled"})
    client.get_bucket_versioning(**where)
    rules = [{"Status": "Enabled", "Filter": {}, "Expiration": {"Days": 9}}]
    client.put_bucket_lifecycle_configuration(
        **where, LifecycleConfiguration={"Rules": rules}
    )
    client.get_bucket_lifecycle_configuration(**where)
    client.delete_bucket_lifecycle(**where)
    lock = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": lock}
    client.put_object_lock_configuration(**where, ObjectLockConfiguration=configuration)
    client.get_object_lock_configuration(**where)
    client.put_object(**here, Body=b"1", StorageClass="GLACIER", Tagging="a=1")
    client.get_object_tagging(**here)
    client.put_object_tagging(**here, Tagging={"TagSet": [{"Key": "b", "Value": "2"}]})
    client.delete_object_tagging(**here)
    client.get_object_retention(**here)
    client.put_object_retention(**here, Retention={}, BypassGovernanceRetention=True)
    client.put_object_legal_hold(**here, LegalHold={"Status": "ON"})
    client.get_object_legal_hold(**here)
    client.restore_object(**here, RestoreRequest={"Days": 1})
    client.head_object(**here)
    client.delete_object(**here)
    client.list_object_versions(**where)


def use_tables(client, streams):
    here, key = {"TableName": "answers"}, {"k": {"S": "1"}}
    index = {
        "IndexName": "by-v",
        "KeySchema": [{"AttributeName": "v", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    client.create_table(
        **here,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("k", "v")
        ],
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    arn = client.describe_table(**here)["Table"]["LatestStreamArn"]
    client.list_tables()
    client.update_table(**here, DeletionProtectionEnabled=False)
    live = {"Enabled": True, "AttributeName": "gone"}
    client.update_time_to_live(**here, TimeToLiveSpecification=live)
    client.describe_time_to_live(**here)
    cost = {"ReturnConsumedCapacity": "INDEXES"}
    item = {**key, "v": {"S": "1"}, "b": {"B": b"1"}}
    client.put_item(**here, Item=item, **cost)
    client.update_item(**here, Key=key, UpdateExpression="remove b", ReturnValues="ALL_OLD")
    client.get_item(**here, Key=key, **cost)
    client.scan(**here, **cost, Limit=1)
    client.query(
        **here,
        KeyConditionExpression="k = :k",
        ExpressionAttributeValues={":k": {"S": "1"}},
        **cost,
    )
    client.batch_get_item(RequestItems={"answers": {"Keys": [key]}}, **cost)
    client.batch_write_item(
        RequestItems={"answers": [{"PutRequest": {"Item": item}}]}, **cost
    )
    client.transact_write_items(TransactItems=[{"Put": {**here, "Item": item}}], **cost)
    client.transact_get_items(TransactItems=[{"Get": {**here, "Key": key}}], **cost)
    client.delete_item(**here, Key=key, ReturnValues="ALL_OLD")
    streams.list_streams()
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    place = {"StreamArn": arn, "ShardIteratorType": "TRIM_HORIZON"}
    shard = described["Shards"][0]["ShardId"]
    place = streams.get_shard_iterator(**place, ShardId=shard)["ShardIterator"]
    assert streams.get_records(ShardIterator=place)["Records"]
    condition = {"ConditionExpression": "attribute_exists(k)"}
    for call in (
        lambda: client.put_item(**here, Item={"k": {"S": "2"}}, **condition),
        lambda: client.transact_write_items(
            TransactItems=[{"Put": {**here, "Item": {"k": {"S": "2"}}, **condition}}]
        ),
    ):
        with contextlib.suppress(ClientError):
            call()
    client.delete_table(**here)


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
    client.update_training_job(
        TrainingJobName="slow", ResourceConfig={"KeepAlivePeriodInSeconds": 0}
    )
    client.stop_training_job(TrainingJobName="slow")
    client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="slow")
    with contextlib.suppress(ClientError):
        client.create_training_job(**request)
    client.delete_training_job(TrainingJobName="slow")
    with contextlib.suppress(ClientError):
        client.describe_training_job(TrainingJobName="slow")


def use_tuning(client, role, bucket):
    job = {"HyperParameterTuningJobName": "tune"}
    metric = {"Name": "loss", "Regex": "loss=([0-9.]+);"}
    request = {
        **job,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxParallelTrainingJobs": 1},
            "ParameterRanges": {
                "CategoricalParameterRanges": [{"Name": "losses", "Values": ["[1]", "[2]"]}]
            },
        },
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [metric],
            },
            "RoleArn": role,
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
    }  # fmt: skip

    def status():
        found = client.describe_hyper_parameter_tuning_job(**job)
        return found["HyperParameterTuningJobStatus"]

    client.create_hyper_parameter_tuning_job(**request)
    with contextlib.suppress(ClientError):
        client.create_hyper_parameter_tuning_job(**request)
    while not client.list_training_jobs_for_hyper_parameter_tuning_job(**job)[
        "TrainingJobSummaries"
    ]:
        time.sleep(0.05)
    client.list_hyper_parameter_tuning_jobs()
    client.stop_hyper_parameter_tuning_job(**job)
    while status() == "Stopping":
        time.sleep(0.05)
    client.list_training_jobs_for_hyper_parameter_tuning_job(**job)
    client.delete_hyper_parameter_tuning_job(**job)
    with contextlib.suppress(ClientError):
        status()


def use_monitoring(client, role, bucket):
    definition = {"JobDefinitionName": "quality"}
    schedule = {"MonitoringScheduleName": "hourly"}
    place = {"S3Uri": f"s3://{bucket}/monitor", "LocalPath": "/opt/ml/processing/output"}
    analyzer = (
        "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer"
    )
    request = {
        **definition,
        "DataQualityAppSpecification": {"ImageUri": analyzer},
        "DataQualityJobInput": {
            "BatchTransformInput": {
                "DataCapturedDestinationS3Uri": f"s3://{bucket}/nothing-to-monitor",
                "DatasetFormat": {"Csv": {"Header": True}},
                "LocalPath": "/opt/ml/processing/input",
            }
        },
        "DataQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": place}]},
        "JobResources": {
            "ClusterConfig": {
                "InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1,
            }
        },
        "RoleArn": role,
    }  # fmt: skip
    client.create_data_quality_job_definition(**request)
    with contextlib.suppress(ClientError):
        client.create_data_quality_job_definition(**request)
    client.describe_data_quality_job_definition(**definition)
    client.list_data_quality_job_definitions()
    when = {
        "ScheduleExpression": "NOW",
        "DataAnalysisStartTime": "-PT1H",
        "DataAnalysisEndTime": "PT0H",
    }
    config = {
        "ScheduleConfig": when,
        "MonitoringJobDefinitionName": "quality",
        "MonitoringType": "DataQuality",
    }
    client.create_monitoring_schedule(**schedule, MonitoringScheduleConfig=config)
    while not client.list_monitoring_executions(**schedule)["MonitoringExecutionSummaries"]:
        time.sleep(0.05)
    client.describe_monitoring_schedule(**schedule)
    client.list_monitoring_schedules()
    client.stop_monitoring_schedule(**schedule)
    client.start_monitoring_schedule(**schedule)
    hourly = {**config, "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"}}
    client.update_monitoring_schedule(**schedule, MonitoringScheduleConfig=hourly)
    with contextlib.suppress(ClientError):
        client.delete_data_quality_job_definition(**definition)
    client.delete_monitoring_schedule(**schedule)
    client.delete_data_quality_job_definition(**definition)
    with contextlib.suppress(ClientError):
        client.describe_monitoring_schedule(**schedule)


def use_processing(client, role):
    request = {
        "ProcessingJobName": "process",
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-V"]},
        "RoleArn": role,
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1,
            }
        },
    }  # fmt: skip
    client.create_processing_job(**request)
    waiter = client.get_waiter("processing_job_completed_or_stopped")
    waiter.wait(ProcessingJobName="process")
    client.describe_processing_job(ProcessingJobName="process")
    client.list_processing_jobs()
    script = "import time; time.sleep(60)"
    command = {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", script]}
    client.create_processing_job(
        **request | {"ProcessingJobName": "sleep", "AppSpecification": command}
    )
    client.stop_processing_job(ProcessingJobName="sleep")
    waiter.wait(ProcessingJobName="sleep")
    with contextlib.suppress(ClientError):
        client.create_processing_job(**request)
    with contextlib.suppress(ClientError):
        client.describe_processing_job(ProcessingJobName="nothing")


def use_transform(client):
    place = {"S3DataType": "S3Prefix", "S3Uri": "s3://answers/job/"}
    request = {
        "TransformJobName": "t",
        "ModelName": "m",
        "TransformInput": {"DataSource": {"S3DataSource": place}},
        "TransformOutput": {"S3OutputPath": "s3://answers/transformed/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    client.create_transform_job(**request)
    client.describe_transform_job(TransformJobName="t")
    client.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName="t")
    client.list_transform_jobs()
    with contextlib.suppress(ClientError):
        client.create_transform_job(**request)
    client.create_transform_job(**request | {"TransformJobName": "stopped"})
    client.stop_transform_job(TransformJobName="stopped")
    with contextlib.suppress(ClientError):
        client.describe_transform_job(TransformJobName="nothing")


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
    use_transform(client)
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


def use_queues(client):
    url = client.create_queue(QueueName="q")["QueueUrl"]
    client.get_queue_url(QueueName="q")
    client.list_queues()
    client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "10"})
    client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    for body in "ab":
        client.send_message(QueueUrl=url, MessageBody=body)
    both = client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=2, AttributeNames=["All"]
    )["Messages"]
    client.delete_message(QueueUrl=url, ReceiptHandle=both[0]["ReceiptHandle"])
    again = {"QueueUrl": url, "ReceiptHandle": both[1]["ReceiptHandle"]}
    client.change_message_visibility(**again, VisibilityTimeout=0)
    with contextlib.suppress(ClientError):
        client.change_message_visibility(**again, VisibilityTimeout=0)
    client.send_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "a", "MessageBody": "a"},
            {"Id": "b", "MessageBody": "b", "DelaySeconds": 901},
        ],
    )
    client.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": both[0]["ReceiptHandle"]}]
    )
    client.purge_queue(QueueUrl=url)
    client.delete_queue(QueueUrl=url)
    ordered = client.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})
    client.send_message(
        QueueUrl=ordered["QueueUrl"],
        MessageBody="a",
        MessageGroupId="g",
        MessageDeduplicationId="1",
    )
    client.receive_message(QueueUrl=ordered["QueueUrl"], AttributeNames=["All"])
    with contextlib.suppress(ClientError):
        client.get_queue_url(QueueName="q")


def use_kinesis(client):
    stream = {"StreamName": "answers"}
    client.create_stream(**stream, ShardCount=2)
    client.describe_stream(**stream)
    client.describe_stream_summary(**stream)
    client.list_streams()
    for hours in (client.increase_stream_retention_period,
                  client.decrease_stream_retention_period):  # fmt: skip
        hours(**stream, RetentionPeriodHours=24)
    entry = {"Data": b"x", "PartitionKey": "k"}
    shard = client.put_record(**stream, **entry)["ShardId"]
    zero = {**entry, "ExplicitHashKey": "0"}
    for _ in range(3):
        client.put_records(**stream, Records=[zero] * 500)
    client.split_shard(**stream, ShardToSplit=shard, NewStartingHashKey=str((1 << 128) - 9)
                       if shard.endswith("1") else "9")  # fmt: skip
    client.update_shard_count(**stream, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    shards = client.list_shards(**stream, MaxResults=3)["Shards"]
    iterator = client.get_shard_iterator(
        **stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    client.get_records(ShardIterator=iterator["ShardIterator"])
    open_shards = [
        one["ShardId"]
        for one in client.list_shards(**stream)["Shards"]
        if "EndingSequenceNumber" not in one["SequenceNumberRange"]
    ]
    assert len(open_shards) == 4
    assert shards
    by_key = sorted(
        (int(one["HashKeyRange"]["StartingHashKey"]), one["ShardId"])
        for one in client.list_shards(**stream)["Shards"]
        if one["ShardId"] in open_shards
    )
    client.merge_shards(
        **stream, ShardToMerge=by_key[0][1], AdjacentShardToMerge=by_key[1][1]
    )
    client.delete_stream(**stream)
    with contextlib.suppress(ClientError):
        client.describe_stream(**stream)


def use_step_functions(client, role):
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:listQueues"}
    wrong = {**task, "Resource": "arn:aws:states:::aws-sdk:sqs:getQueueUrl"}
    states = {
        "A": {**task, "Next": "B"},
        "B": {"Type": "Map", "ItemsPath": "$.QueueUrls", "Iterator": inner, "Next": "C"},
        "C": {"Type": "Parallel", "Branches": [inner], "Next": "D"},
        "D": {"Type": "Wait", "Seconds": 0, "Next": "E"},
        "E": {
            **wrong,
            "Parameters": {"QueueName": "nothing"},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "F"}],
            "End": True,
        },
        "F": {"Type": "Wait", "Seconds": 3600, "End": True},
    }
    definition = json.dumps({"StartAt": "A", "States": states})
    client.validate_state_machine_definition(definition=definition)
    made = client.create_state_machine(name="m", definition=definition, roleArn=role)
    machine = {"stateMachineArn": made["stateMachineArn"]}
    client.update_state_machine(**machine, roleArn=role)
    client.describe_state_machine(**machine)
    client.list_state_machines()
    execution = {"executionArn": client.start_execution(**machine)["executionArn"]}
    deadline = time.monotonic() + 60
    events = []
    while "F" not in [e.get("stateEnteredEventDetails", {}).get("name") for e in events]:
        assert time.monotonic() < deadline
        events = client.get_execution_history(**execution)["events"]
    client.describe_execution(**execution)
    client.stop_execution(**execution, error="e", cause="c")
    client.get_execution_history(**execution)
    client.describe_execution(**execution)
    client.list_executions(**machine)
    with contextlib.suppress(ClientError):
        client.create_state_machine(name="n", definition="{}", roleArn=role)
    client.delete_state_machine(**machine)
    with contextlib.suppress(ClientError):
        client.describe_state_machine(**machine)


def use_events(client, queues):
    url = queues.create_queue(QueueName="target")["QueueUrl"]
    asked = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    pattern = json.dumps({"source": ["me"]})
    client.put_rule(Name="r", EventPattern=pattern)
    target = {"Id": "1", "Arn": asked["Attributes"]["QueueArn"]}
    client.put_targets(Rule="r", Targets=[target])
    client.describe_rule(Name="r")
    client.list_rules()
    client.list_targets_by_rule(Rule="r")
    client.put_events(
        Entries=[{"Source": "me", "DetailType": "t", "Detail": "{}"}, {"Source": "me"}]
    )
    client.disable_rule(Name="r")
    client.enable_rule(Name="r")
    event = dict.fromkeys(
        ("id", "account", "time", "region", "resources", "detail-type"), ""
    )
    client.test_event_pattern(
        EventPattern=pattern, Event=json.dumps(event | {"source": "me"})
    )
    with contextlib.suppress(ClientError):
        client.delete_rule(Name="r")
    client.remove_targets(Rule="r", Ids=["1"])
    client.delete_rule(Name="r")
    with contextlib.suppress(ClientError):
        client.describe_rule(Name="r")


def use_registry(client):
    group = {"ModelPackageGroupName": "g"}
    client.create_model_package_group(**group)
    client.describe_model_package_group(**group)
    client.list_model_package_groups()
    arn = client.create_model_package(
        **group,
        InferenceSpecification={
            "Containers": [{"Image": IMAGE}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    client.describe_model_package(ModelPackageName=arn)
    client.batch_describe_model_package(ModelPackageArnList=[arn, f"{arn}0"])
    client.list_model_packages(**group)
    client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    with contextlib.suppress(ClientError):
        client.delete_model_package_group(**group)
    client.delete_model_package(ModelPackageName=arn)
    client.delete_model_package_group(**group)


def use_lineage(client):
    ends = {"Type": "t", "Source": {"SourceUri": "s3://b/k"}}

    def request(kind, **more):
        return {f"{kind}{key}": value for key, value in ends.items() if key == "Type"} | {
            "Source": ends["Source"],
            **more,
        }

    artifact = client.create_artifact(**request("Artifact"))["ArtifactArn"]
    client.describe_artifact(ArtifactArn=artifact)
    client.list_artifacts()
    client.update_artifact(ArtifactArn=artifact, Properties={"a": "b"})
    action = client.create_action(**request("Action", ActionName="a", Status="Completed"))
    client.describe_action(ActionName="a")
    client.list_actions()
    client.update_action(ActionName="a", Status="Failed")
    client.create_context(**request("Context", ContextName="c"))
    client.describe_context(ContextName="c")
    client.list_contexts()
    client.update_context(ContextName="c", Description="d")
    edge = {"SourceArn": artifact, "DestinationArn": action["ActionArn"]}
    client.add_association(**edge, AssociationType="ContributedTo")
    client.list_associations()
    client.query_lineage(StartArns=[artifact])
    with contextlib.suppress(ClientError):
        client.delete_artifact(ArtifactArn=artifact)
    client.delete_association(**edge)
    client.delete_artifact(ArtifactArn=artifact)
    client.delete_action(ActionName="a")
    client.delete_context(ContextName="c")
    (component, *_) = client.list_trial_components()["TrialComponentSummaries"]
    client.describe_trial_component(TrialComponentName=component["TrialComponentName"])
    with contextlib.suppress(ClientError):
        client.describe_action(ActionName="a")


def use_pipelines(client, queues, role):
    url = queues.create_queue(QueueName="steps")["QueueUrl"]
    text = json.dumps(
        {
            "Version": "2020-12-01",
            "Parameters": [{"Name": "p", "Type": "Boolean", "DefaultValue": True}],
            "Steps": [
                {
                    "Name": name,
                    "Type": "Callback",
                    "Arguments": {},
                    "SqsQueueUrl": url,
                    "DependsOn": list(after),
                }
                for name, after in (("a", ""), ("b", "a"))
            ],
        }
    )
    client.create_pipeline(PipelineName="p", RoleArn=role, PipelineDefinition=text)
    client.update_pipeline(PipelineName="p", PipelineDescription="d")
    client.describe_pipeline(PipelineName="p")
    client.list_pipelines()
    started = client.start_pipeline_execution(PipelineName="p")
    execution = {"PipelineExecutionArn": started["PipelineExecutionArn"]}

    def token():
        found = queues.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]
        return json.loads(found["Body"])["token"]

    client.send_pipeline_execution_step_success(
        CallbackToken=token(), OutputParameters=[{"Name": "n", "Value": "v"}]
    )
    client.send_pipeline_execution_step_failure(CallbackToken=token())
    while client.describe_pipeline_execution(**execution)[
        "PipelineExecutionStatus"
    ] not in ("Failed",):
        time.sleep(0.05)
    client.retry_pipeline_execution(**execution)
    again = token()
    client.update_pipeline_execution(**execution, PipelineExecutionDescription="d")
    client.describe_pipeline_definition_for_execution(**execution)
    client.list_pipeline_executions(PipelineName="p")
    client.list_pipeline_parameters_for_execution(**execution)
    client.list_pipeline_execution_steps(**execution)
    client.stop_pipeline_execution(**execution)
    with contextlib.suppress(ClientError):
        client.delete_pipeline(PipelineName="p")
    client.send_pipeline_execution_step_success(CallbackToken=again)
    while client.describe_pipeline_execution(**execution)["PipelineExecutionStatus"] in (
        "Executing",
        "Stopping",
    ):
        time.sleep(0.05)
    client.delete_pipeline(PipelineName="p")
    with contextlib.suppress(ClientError):
        client.describe_pipeline(PipelineName="p")


def use_feature_store(client, runtime):
    group = {"FeatureGroupName": "features"}
    client.create_feature_group(
        **group,
        RecordIdentifierFeatureName="id",
        EventTimeFeatureName="at",
        FeatureDefinitions=[
            {"FeatureName": name, "FeatureType": kind}
            for name, kind in (("id", "String"), ("at", "Fractional"), ("x", "Integral"))
        ],
        OnlineStoreConfig={
            "EnableOnlineStore": True, "TtlDuration": {"Unit": "Weeks", "Value": 9999},
        },
        OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://answers/features"}},
        RoleArn="arn:aws:iam::111122223333:role/r",
    )  # fmt: skip
    client.describe_feature_group(**group)
    client.list_feature_groups()
    added = [{"FeatureName": "y", "FeatureType": "String"}]
    client.update_feature_group(**group, FeatureAdditions=added)
    record = [
        {"FeatureName": name, "ValueAsString": text}
        for name, text in (("id", "a"), ("at", "1"), ("x", "2"))
    ]
    runtime.put_record(**group, Record=record)
    identifier = {"RecordIdentifierValueAsString": "a"}
    runtime.get_record(**group, **identifier, ExpirationTimeResponse="Enabled")
    runtime.batch_get_record(
        Identifiers=[
            {"FeatureGroupName": name, "RecordIdentifiersValueAsString": ["a", "b"]}
            for name in ("features", "nothing")
        ]
    )
    runtime.batch_write_record(Entries=[{**group, "Record": record[:n]} for n in (1, 3)])
    runtime.list_records(**group)
    runtime.delete_record(**group, **identifier, EventTime="2")
    for call in (runtime.put_record, runtime.get_record):
        with contextlib.suppress(ClientError):
            call(
                FeatureGroupName="nothing",
                **({"Record": record} if call == runtime.put_record else identifier),
            )
    client.delete_feature_group(**group)
    with contextlib.suppress(ClientError):
        client.describe_feature_group(**group)


def use_groups(client):
    query = {
        "Type": "TAG_FILTERS_1_0",
        "Query": json.dumps(
            {
                "ResourceTypeFilters": ["AWS::AllSupported"],
                "TagFilters": [{"Key": "k", "Values": []}],
            }
        ),
    }
    created = client.create_group(Name="fraud", ResourceQuery=query, Tags={"k": "v"})
    arn = created["Group"]["GroupArn"]
    client.get_group(Group="fraud")
    client.get_group_query(Group=arn)
    client.update_group_query(Group="fraud", ResourceQuery=query)
    client.list_groups()
    assert client.list_group_resources(Group="fraud")["ResourceIdentifiers"]
    client.tag(Arn=arn, Tags={"a": "b"})
    client.get_tags(Arn=arn)
    client.untag(Arn=arn, Keys=["a"])
    client.delete_group(Group="fraud")
    with contextlib.suppress(ClientError):
        client.get_group(Group="fraud")


def test_every_operation_answers_in_its_shape(recorder, local):
    client = recorder.client("sagemaker")
    recorder.client("sts").get_caller_identity()
    use_s3(recorder.client("s3"), "answers")
    use_training(client, local.role, "answers")
    use_tuning(client, local.role, "answers")
    use_processing(client, local.role)
    use_monitoring(client, local.role, "answers")
    use_queues(recorder.client("sqs"))
    use_kinesis(recorder.client("kinesis"))
    use_step_functions(recorder.client("stepfunctions"), local.role)
    use_events(recorder.client("events"), recorder.client("sqs"))
    use_tables(recorder.client("dynamodb"), recorder.client("dynamodbstreams"))
    use_registry(client)
    use_groups(recorder.client("resource-groups"))
    use_lineage(client)
    use_feature_store(client, recorder.client("sagemaker-featurestore-runtime"))
    use_pipelines(client, recorder.client("sqs"), local.role)
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
