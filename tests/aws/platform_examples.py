"""Good requests to the services of the platform part, and ways to spoil each."""

import json

ROLE = "arn:aws:iam::123456789012:role/Labs"
ENDPOINT = "arn:aws:dms:us-east-1:123456789012:endpoint:"
BUCKET = "arn:aws:s3:::payments"
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/orders.fifo"
MACHINE = {
    "StartAt": "Query",
    "States": {
        "Query": {
            "Type": "Task",
            "Resource": "arn:aws:states:::athena:startQueryExecution.sync",
            "Retry": [
                {
                    "ErrorEquals": ["ErrorA", "ErrorB"],
                    "IntervalSeconds": 1,
                    "MaxAttempts": 2,
                },
                {"ErrorEquals": ["States.ALL"]},
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
            "Next": "Enough",
        },
        "Enough": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.rows", "NumericGreaterThan": 0, "Next": "Pause"}],
            "Default": "Failed",
        },
        "Pause": {"Type": "Wait", "Seconds": 5, "Next": "Both"},
        "Both": {
            "Type": "Parallel",
            "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}],
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}},
            "End": True,
        },
        "Failed": {"Type": "Fail"},
    },
}
SELECTION = {
    "rule-type": "selection",
    "rule-id": "1",
    "rule-name": "all",
    "object-locator": {"schema-name": "hr", "table-name": "%"},
    "rule-action": "include",
}
PROJECTED = {
    "projection.enabled": "true",
    "projection.day.type": "date",
    "projection.day.range": "2020/01/01,NOW",
    "projection.day.format": "yyyy/MM/dd",
    "projection.hour.type": "integer",
    "projection.hour.range": "0,23",
    "projection.kind.type": "enum",
    "projection.kind.values": "card,transfer",
    "storage.location.template": "s3://payments/t/${day}/${hour}/${kind}/",
}
QUEUES = [
    {
        "query_group": ["load"],
        "query_concurrency": 5,
        "memory_percent_to_use": 40,
        "rules": [
            {"rule_name": "long", "predicate": [{"metric_name": "query_execution_time"}]}
        ],
    },
    {"query_concurrency": 5, "memory_percent_to_use": 20},
    {"short_query_queue": True},
]
_KEY = [
    {"AttributeName": "card", "KeyType": "HASH"},
    {"AttributeName": "time", "KeyType": "RANGE"},
]
_UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
GLOBAL_INDEX = {
    "IndexName": "by-merchant",
    "KeySchema": [{"AttributeName": "merchant", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
    "ProvisionedThroughput": _UNITS,
}
LOCAL_INDEX = {
    "IndexName": "by-amount",
    "KeySchema": [dict(_KEY[0]), {"AttributeName": "amount", "KeyType": "RANGE"}],
    "Projection": {"ProjectionType": "ALL"},
}


def definition(*changes):
    """Return the text of the machine with values replaced, each by its path of keys."""
    machine = json.loads(json.dumps(MACHINE))
    for *path, last, value in changes:
        place = machine
        for name in path:
            place = place[name]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return json.dumps(machine)


def parameters(**changes):
    """Return the table's parameters with changes; two underscores stand for a dot."""
    found = PROJECTED | {name.replace("__", "."): value for name, value in changes.items()}
    return {name: value for name, value in found.items() if value is not ...}


def queues(*found):
    """Return the parameter that holds workload queues."""
    return [
        {"ParameterName": "wlm_json_configuration", "ParameterValue": json.dumps(found)}
    ]


def mappings(*rules):
    return json.dumps({"rules": [SELECTION | rule for rule in rules]})


def steps(*found, **more):
    """Return lifecycle rules: one, with these pairs of day and class."""
    moved = [{"Days": day, "StorageClass": name} for day, name in found]
    return {"Rules": [{"Status": "Enabled", "Filter": {}, "Transitions": moved} | more]}


LAYERS = [f"arn:aws:lambda:eu-west-1:111122223333:layer:tools:{n}" for n in range(1, 7)]

GOOD = {
    # Requests that the facts name, each once.
    ("athena", "StartQueryExecution"): {
        "QueryString": "select 1",
        "WorkGroup": "fraud",
        "QueryExecutionContext": {"Database": "payments"},
    },
    ("athena", "CreateWorkGroup"): {
        "Name": "fraud",
        "Configuration": {"BytesScannedCutoffPerQuery": 10_000_000},
    },
    ("glue", "CreateTable"): {
        "DatabaseName": "payments",
        "TableInput": {
            "Name": "t",
            "PartitionKeys": [{"Name": "day"}, {"Name": "hour"}, {"Name": "kind"}],
            "Parameters": PROJECTED,
        },
    },
    ("glue", "CreatePartitionIndex"): {
        "DatabaseName": "payments",
        "TableName": "t",
        "PartitionIndex": {"Keys": ["day"], "IndexName": "by_day"},
    },
    ("s3", "PutBucketLifecycleConfiguration"): {
        "Bucket": "payments",
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "ID": "old",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "logs/"},
                    "Transitions": [
                        {"Days": 30, "StorageClass": "STANDARD_IA"},
                        {"Days": 60, "StorageClass": "GLACIER"},
                        {"Days": 150, "StorageClass": "DEEP_ARCHIVE"},
                    ],
                    "Expiration": {"Days": 400},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                },
                {
                    "ID": "archive",
                    "Status": "Enabled",
                    "Filter": {"Prefix": "archive/"},
                    # The guide's example of the minimum: from day 4, then from day 94.
                    "Transitions": [
                        {"Days": 4, "StorageClass": "GLACIER_IR"},
                        {"Days": 94, "StorageClass": "DEEP_ARCHIVE"},
                    ],
                },
            ]
        },
    },
    ("s3", "PutObjectLockConfiguration"): {
        "Bucket": "payments",
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 7}},
        },
    },
    ("s3", "PutObjectRetention"): {
        "Bucket": "payments",
        "Key": "a",
        "Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": 1_900_000_000},
    },
    ("s3", "PutBucketNotificationConfiguration"): {
        "Bucket": "payments",
        "NotificationConfiguration": {
            "QueueConfigurations": [
                {
                    "QueueArn": "arn:aws:sqs:us-east-1:123456789012:orders",
                    "Events": ["s3:ObjectCreated:*"],
                }
            ]
        },
    },
    ("s3", "GetObject"): {"Bucket": "payments", "Key": "a", "Range": "bytes=0-99"},
    ("kinesis", "PutRecord"): {
        "StreamName": "payments",
        "Data": b"1",
        "PartitionKey": "card",
        "ExplicitHashKey": str(2**128 - 1),
    },
    ("kinesis", "PutRecords"): {
        "StreamName": "payments",
        "Records": [{"Data": b"1", "PartitionKey": "card"} for _ in range(500)],
    },
    ("kinesis", "CreateStream"): {"StreamName": "payments", "ShardCount": 4},
    ("firehose", "CreateDeliveryStream"): {
        "DeliveryStreamName": "payments",
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": ROLE,
            "BucketARN": BUCKET,
            "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        },
    },
    ("firehose", "PutRecordBatch"): {
        "DeliveryStreamName": "payments",
        "Records": [{"Data": b"1"}] * 500,
    },
    ("sqs", "CreateQueue"): {
        "QueueName": "orders.fifo",
        "Attributes": {
            "FifoQueue": "true",
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
            "VisibilityTimeout": "43200",
        },
    },
    ("sqs", "SendMessage"): {
        "QueueUrl": QUEUE,
        "MessageBody": "1",
        "MessageGroupId": "card",
    },
    ("sqs", "SendMessageBatch"): {
        "QueueUrl": QUEUE,
        "Entries": [
            {"Id": str(n), "MessageBody": "1", "MessageGroupId": "g"} for n in range(10)
        ],
    },
    ("sqs", "DeleteMessageBatch"): {
        "QueueUrl": QUEUE,
        "Entries": [{"Id": str(n), "ReceiptHandle": "h"} for n in range(10)],
    },
    ("sqs", "ChangeMessageVisibilityBatch"): {
        "QueueUrl": QUEUE,
        "Entries": [{"Id": str(n), "ReceiptHandle": "h"} for n in range(10)],
    },
    ("events", "PutRule"): {
        "Name": "new-files",
        "EventPattern": '{"source": ["aws.s3"], "$or": [{"a": [1]}, {"b": {"c": [2]}}]}',
    },
    ("events", "PutTargets"): {
        "Rule": "new-files",
        "Targets": [{"Id": str(n), "Arn": ROLE} for n in range(5)],
    },
    ("stepfunctions", "CreateStateMachine"): {
        "name": "load",
        "definition": definition(),
        "roleArn": ROLE,
    },
    ("lambda", "PublishLayerVersion"): {
        "LayerName": "shared",
        "Content": {"S3Bucket": "payments", "S3Key": "layer.zip"},
    },
    ("lambda", "CreateFunction"): {
        "FunctionName": "charge",
        "Role": ROLE,
        "Code": {"S3Bucket": "payments", "S3Key": "charge.zip"},
        "Layers": LAYERS[:5],
    },
    ("lambda", "UpdateFunctionConfiguration"): {
        "FunctionName": "charge",
        "Layers": LAYERS[:5],
    },
    ("dynamodb", "CreateTable"): {
        "TableName": "payments",
        "KeySchema": _KEY,
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"}
            for name in ("card", "time", "merchant", "amount")
        ],
        "LocalSecondaryIndexes": [LOCAL_INDEX],
        "GlobalSecondaryIndexes": [GLOBAL_INDEX],
        "ProvisionedThroughput": _UNITS,
        "StreamSpecification": {
            "StreamEnabled": True,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    },
    ("dynamodb", "PutItem"): {
        "TableName": "payments",
        "Item": {"card": {"S": "1"}},
        "ConditionExpression": "attribute_not_exists(#c) or #c = :c",
        "ExpressionAttributeNames": {"#c": "card"},
        "ExpressionAttributeValues": {":c": {"S": "1"}},
    },
    ("dynamodb", "UpdateItem"): {
        "TableName": "payments",
        "Key": {"card": {"S": "1"}},
        "UpdateExpression": "set n = :n",
        "ExpressionAttributeValues": {":n": {"N": "1"}},
    },
    ("dynamodb", "DeleteItem"): {"TableName": "payments", "Key": {"card": {"S": "1"}}},
    ("dynamodb", "GetItem"): {"TableName": "payments", "Key": {"card": {"S": "1"}}},
    ("dynamodb", "Scan"): {"TableName": "payments"},
    ("dynamodb", "Query"): {
        "TableName": "payments",
        "KeyConditionExpression": "card = :c",
        "ExpressionAttributeValues": {":c": {"S": "1"}},
    },
    ("elasticache", "CreateServerlessCache"): {
        "ServerlessCacheName": "scores",
        "Engine": "valkey",
    },
    ("rds", "CreateDBInstanceReadReplica"): {"DBInstanceIdentifier": "copy"},
    ("dax", "CreateCluster"): {
        "ClusterName": "scores",
        "NodeType": "dax.r5.large",
        "ReplicationFactor": 3,
        "IamRoleArn": ROLE,
    },
    **{
        ("glue", name): {
            "Name": "payments",
            "Role": ROLE,
            "Targets": {
                "S3Targets": [
                    {
                        "Path": "s3://payments/",
                        "Exclusions": ["2015/01/{[!0],0[8-9]}**", "*.{csv,avro}"],
                    }
                ]
            },
            "Configuration": '{"Version":1.0,"Grouping":{"TableGroupingPolicy":'
            '"CombineCompatibleSchemas"}}',
        }
        for name in ("CreateCrawler", "UpdateCrawler")
    },
    ("glue", "CreateJob"): {
        "Name": "clean",
        "Role": ROLE,
        "Command": {"Name": "glueetl"},
        "ExecutionClass": "FLEX",
        "GlueVersion": "3.0",
        "WorkerType": "G.2X",
    },
    ("dms", "CreateReplicationTask"): {
        "ReplicationTaskIdentifier": "copy",
        "SourceEndpointArn": ENDPOINT + "A",
        "TargetEndpointArn": ENDPOINT + "B",
        "ReplicationInstanceArn": ENDPOINT + "C",
        "MigrationType": "full-load-and-cdc",
        "TableMappings": mappings({}),
        "ReplicationTaskSettings": '{"ValidationSettings": {"EnableValidation": true}}',
    },
    ("databrew", "CreateRecipe"): {
        "Name": "clean",
        "Steps": [{"Action": {"Operation": "UPPER_CASE"}}],
    },
    ("redshift-data", "ExecuteStatement"): {"Sql": "select 1", "WorkgroupName": "fraud"},
    ("redshift", "ModifyClusterParameterGroup"): {
        "ParameterGroupName": "fraud",
        "Parameters": queues(*QUEUES),
    },
    ("redshift", "CreateSnapshotCopyGrant"): {"SnapshotCopyGrantName": "copies"},
    ("redshift", "EnableSnapshotCopy"): {
        "ClusterIdentifier": "fraud",
        "DestinationRegion": "eu-west-1",
        "SnapshotCopyGrantName": "copies",
    },
    **{
        ("ec2", name): request
        | {"VolumeType": "gp3", "Size": 100, "Iops": 50_000, "Throughput": 2_000}
        for name, request in (
            ("CreateVolume", {"AvailabilityZone": "us-east-1a"}),
            ("ModifyVolume", {"VolumeId": "vol-0123456789abcdef0"}),
        )
    },
    ("emr", "PutAutoScalingPolicy"): {
        "ClusterId": "j-1",
        "InstanceGroupId": "ig-1",
        "AutoScalingPolicy": {
            "Constraints": {"MinCapacity": 2, "MaxCapacity": 10},
            "Rules": [
                {
                    "Name": "out",
                    "Action": {
                        "SimpleScalingPolicyConfiguration": {
                            "ScalingAdjustment": 1,
                            "CoolDown": 300,
                        }
                    },
                    "Trigger": {
                        "CloudWatchAlarmDefinition": {
                            "ComparisonOperator": "LESS_THAN",
                            "EvaluationPeriods": 1,
                            "MetricName": "YARNMemoryAvailablePercentage",
                            "Period": 300,
                            "Threshold": 15.0,
                        }
                    },
                }
            ],
        },
    },
    ("emr", "PutManagedScalingPolicy"): {
        "ClusterId": "j-1",
        "ManagedScalingPolicy": {
            "ComputeLimits": {
                "UnitType": "Instances",
                "MinimumCapacityUnits": 2,
                "MaximumCapacityUnits": 10,
            }
        },
    },
    ("efs", "CreateFileSystem"): {
        "CreationToken": "t",
        "PerformanceMode": "generalPurpose",
        "ThroughputMode": "elastic",
    },
    ("neptunedata", "ExecuteOpenCypherQuery"): {
        "openCypherQuery": "MATCH (n) RETURN n",
        "parameters": '{"id": 1}',
    },
    ("neptunedata", "StartLoaderJob"): {
        "source": "s3://payments/graph/",
        "format": "csv",
        "s3BucketRegion": "us-east-1",
        "iamRoleArn": ROLE,
    },
    ("neptune", "CreateDBCluster"): {"DBClusterIdentifier": "rings", "Engine": "neptune"},
    ("wafv2", "CreateIPSet"): {
        "Name": "allowed",
        "Scope": "CLOUDFRONT",
        "IPAddressVersion": "IPV4",
        "Addresses": ["192.0.2.0/24"],
    },
}
