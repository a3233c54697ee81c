"""A kernel that uses a SageMaker until it is killed, and notes what was answered."""

import sys

from labs_lib import sagemaker

folder, journal, trainer, worker, run = sys.argv[1:]
local = sagemaker.start(folder)
local.register("own:1", train=[sys.executable, trainer], serve=[sys.executable, worker])
s3, client = local.client("s3"), local.client("sagemaker")
if local.bucket not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
    s3.create_bucket(Bucket=local.bucket)
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
