"""Good requests, one for each operation that has rules, and a way to spoil them."""

import copy


def channel(name: str, **fields) -> dict:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://payments/{name}/"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}} | fields


def efs() -> dict:
    return {
        "FileSystemDataSource": {
            "FileSystemId": "fs-0123456789abcdef0",
            "FileSystemAccessMode": "ro",
            "FileSystemType": "EFS",
            "DirectoryPath": "/train",
        }
    }


ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
HYPERPARAMETERS = {
    "objective": "binary:logistic",
    "num_round": "200",
    "max_depth": "5",
    "eta": "0.2",
    "subsample": "0.8",
    "scale_pos_weight": "1",
    "eval_metric": "aucpr",
    "early_stopping_rounds": "10",
}
NOT_SEARCHED = {
    name: value
    for name, value in HYPERPARAMETERS.items()
    if name not in ("max_depth", "eta", "subsample")
}
_JOB = {
    "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
    "RoleArn": ROLE,
    "InputDataConfig": [
        channel("train", ContentType="text/csv", CompressionType="None"),
        channel("validation", ContentType="text/csv", InputMode="FastFile"),
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://payments/models/"},
    "ResourceConfig": {
        "InstanceType": "ml.m5.xlarge",
        "InstanceCount": 1,
        "VolumeSizeInGB": 10,
        "KeepAlivePeriodInSeconds": 0,
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
    "EnableManagedSpotTraining": True,
}
_VARIANT = {"VariantName": "blue", "ModelName": "fraud", "InitialVariantWeight": 0.9}
_DEPLOYMENT = {
    "EndpointName": "fraud",
    "EndpointConfigName": "fraud-2",
    "DeploymentConfig": {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 300,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
                "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            },
            "TerminationWaitInSeconds": 300,
            "MaximumExecutionTimeoutInSeconds": 601,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    },
}
_ROLLING = _DEPLOYMENT | {
    "DeploymentConfig": {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 5},
            "WaitIntervalInSeconds": 60,
        }
    }
}

GOOD = {
    "CreateTrainingJob": {
        "TrainingJobName": "fraud-xgboost-1",
        "HyperParameters": HYPERPARAMETERS,
        "Tags": [{"Key": "team", "Value": "Zürich 1"}],
        **_JOB,
    },
    "CreateHyperParameterTuningJob": {
        "HyperParameterTuningJobName": "fraud-tuning",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {
                "Type": "Maximize",
                "MetricName": "validation:aucpr",
            },
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {
                "IntegerParameterRanges": [
                    {"Name": "max_depth", "MinValue": "2", "MaxValue": "10"}
                ],
                "ContinuousParameterRanges": [
                    {
                        "Name": "eta",
                        "MinValue": "0.01",
                        "MaxValue": "0.5",
                        "ScalingType": "Logarithmic",
                    },
                    {
                        "Name": "subsample",
                        "MinValue": "0",
                        "MaxValue": "0.99",
                        "ScalingType": "ReverseLogarithmic",
                    },
                ],
                "CategoricalParameterRanges": [
                    {"Name": "booster", "Values": ["gbtree", "dart"]}
                ],
            },
            "TrainingJobEarlyStoppingType": "Auto",
        },
        "TrainingJobDefinition": {"StaticHyperParameters": NOT_SEARCHED, **_JOB},
        "WarmStartConfig": {
            "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "first"}],
            "WarmStartType": "TransferLearning",
        },
    },
    "CreateEndpointConfig": {
        "EndpointConfigName": "fraud-1",
        "ProductionVariants": [
            _VARIANT
            | {
                "ServerlessConfig": {
                    "MemorySizeInMB": 2048,
                    "MaxConcurrency": 5,
                    "ProvisionedConcurrency": 5,
                }
            }
        ],
        "ShadowProductionVariants": [
            _VARIANT | {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
    },
    "CreateEndpoint": _DEPLOYMENT,
    "UpdateEndpoint": _DEPLOYMENT,
    "InvokeEndpoint": {"EndpointName": "fraud", "Body": b"1,2,3"},
    "CreateMonitoringSchedule": {
        "MonitoringScheduleName": "fraud-drift",
        "MonitoringScheduleConfig": {
            "ScheduleConfig": {"ScheduleExpression": "cron(0 17/12 ? * * *)"},
            "MonitoringJobDefinitionName": "fraud-data",
            "MonitoringType": "DataQuality",
        },
    },
    "CreateTransformJob": {
        "TransformJobName": "fraud-scores",
        "ModelName": "fraud",
        "MaxPayloadInMB": 50,
        "MaxConcurrentTransforms": 2,
        "BatchStrategy": "MultiRecord",
        "TransformInput": {
            "DataSource": channel("test")["DataSource"],
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": "s3://payments/scores/"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    },
}

# What to begin with, where the first good request of the operation does not fit.
ROLLING = {"UpdateEndpoint": _ROLLING}


def service(operation: str) -> str:
    return "sagemaker-runtime" if operation == "InvokeEndpoint" else "sagemaker"


def changed(request: dict, *changes: tuple[str, object]) -> dict:
    """Return a copy in which each dotted path has its new value; ``...`` takes it out."""
    request = copy.deepcopy(request)
    for path, value in changes:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        target = request
        for part in parents:
            target = (
                target.setdefault(part, {}) if isinstance(target, dict) else target[part]
            )
        if value is ...:
            del target[last]
        else:
            target[last] = copy.deepcopy(value)
    return request
