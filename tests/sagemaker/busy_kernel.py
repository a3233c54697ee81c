"""A kernel that uses a SageMaker until it is killed, and notes what was answered."""

import sys
import time

from labs_lib import sagemaker

folder, journal, trainer, worker, run = sys.argv[1:]
local = sagemaker.start(folder)
local.register("own:1", train=[sys.executable, trainer], serve=[sys.executable, worker])
s3, client = local.client("s3"), local.client("sagemaker")
if local.bucket not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
    s3.create_bucket(Bucket=local.bucket)
queues, records = local.client("sqs"), local.client("sagemaker-featurestore-runtime")
queue = queues.create_queue(QueueName="kept")["QueueUrl"]
group = f"kept-{run}"
client.create_feature_group(
    FeatureGroupName=group,
    RecordIdentifierFeatureName="id",
    EventTimeFeatureName="at",
    FeatureDefinitions=[
        {"FeatureName": "id", "FeatureType": "String"},
        {"FeatureName": "at", "FeatureType": "Fractional"},
    ],
    OnlineStoreConfig={"EnableOnlineStore": True},
    RoleArn=local.role,
)
while (
    client.describe_feature_group(FeatureGroupName=group)["FeatureGroupStatus"] != "Created"
):
    time.sleep(0.01)
RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1}
SKLEARN = (
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
)


def begin_processing(name):
    client.create_processing_job(
        ProcessingJobName=name,
        RoleArn=local.role,
        AppSpecification={
            "ImageUri": SKLEARN,
            "ContainerEntrypoint": ["python3", "-c", "import time; time.sleep(600)"],
        },
        ProcessingResources={"ClusterConfig": {**RESOURCES, "VolumeSizeInGB": 1}},
    )


def begin_transform(name):
    s3.put_object(Bucket=local.bucket, Key=f"slow/{name}", Body=b"sleep 600")
    place = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{local.bucket}/slow/{name}"}
    client.create_transform_job(
        TransformJobName=name,
        ModelName=name,
        TransformInput={"DataSource": {"S3DataSource": place}},
        TransformOutput={"S3OutputPath": f"s3://{local.bucket}/out"},
        TransformResources=RESOURCES,
    )


with open(journal, "a", encoding="utf-8") as notes:

    def note(*words):
        print(*words, file=notes, flush=True)

    print("ready", local._owner["pid"], flush=True)
    for number in range(10_000):
        name = f"r{run}-{number}"
        s3.put_object(Bucket=local.bucket, Key=name, Body=name.encode() * 1000)
        note("object", name)
        client.create_model(
            ModelName=name, ExecutionRoleArn=local.role, PrimaryContainer={"Image": "own:1"}
        )
        note("model", name)
        queues.send_message(QueueUrl=queue, MessageBody=name)
        note("message", name)
        values = {"id": name, "at": "1"}
        records.put_record(
            FeatureGroupName=group,
            Record=[{"FeatureName": k, "ValueAsString": v} for k, v in values.items()],
        )
        note("record", name)
        if number % 8 == 1:
            begin_processing(name)
            note("processing", name)
        if number % 8 == 3:
            begin_transform(name)
            note("transform", name)
        if number % 8 == 0:
            client.create_training_job(
                TrainingJobName=name,
                AlgorithmSpecification={
                    "TrainingImage": "own:1",
                    "TrainingInputMode": "File",
                },
                RoleArn=local.role,
                OutputDataConfig={"S3OutputPath": f"s3://{local.bucket}/"},
                ResourceConfig={
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 1,
                },
                StoppingCondition={"MaxRuntimeInSeconds": 600},
                HyperParameters={"mode": "child"},
            )
            note("job", name)
        if number == 2:
            client.create_endpoint_config(
                EndpointConfigName=name,
                ProductionVariants=[
                    {
                        "VariantName": "v",
                        "ModelName": name,
                        "InitialInstanceCount": 1,
                        "InstanceType": "ml.m5.large",
                    }
                ],
            )
            client.create_endpoint(EndpointName=name, EndpointConfigName=name)
            note("endpoint", name)
