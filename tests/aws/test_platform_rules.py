"""The rules of the platform's services: a good request each, and a bad one for each rule."""

import json

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from labs_lib import aws
from labs_lib.aws.request import service_model
from labs_lib.aws.rules import RULES
from labs_lib.aws.rules.s3 import AFTER, MINIMUM_DAYS
from tests.aws.examples import changed
from tests.aws.platform_examples import (
    GLOBAL_INDEX,
    GOOD,
    LAYERS,
    LOCAL_INDEX,
    SELECTION,
    definition,
    mappings,
    parameters,
    queues,
    steps,
)

MIB = 1024 * 1024
CYCLE = "LifecycleConfiguration.Rules"
LOCK = "ObjectLockConfiguration"
STATES = "definition.States"
TABLE = "TableInput.Parameters"
WLM = "Parameters.wlm_json_configuration"
RULE = "TableMappings.rules[0]"
CRAWLER = "Targets.S3Targets"
ORDERS = "arn:aws:sns:us-east-1:123456789012:orders.fifo"


def cycle(rule, path, *found, **more):
    """Return a bad lifecycle configuration: one rule with these transitions."""
    spoilt = ("LifecycleConfiguration", steps(*found, **more))
    return ("s3", "PutBucketLifecycleConfiguration", rule, f"{CYCLE}{path}", [spoilt])


def machine(path, *changes):
    spoilt = ("definition", definition(*changes))
    return ("stepfunctions", "CreateStateMachine", "definition", path, [spoilt])


def table(rule, path, *changes):
    return ("dynamodb", "CreateTable", rule, path, list(changes))


def mapped(path, *rules):
    spoilt = ("TableMappings", mappings(*rules))
    return ("dms", "CreateReplicationTask", "table_mappings", path, [spoilt])


def projected(path, **changes):
    spoilt = (TABLE, parameters(**changes))
    return ("glue", "CreateTable", "projection", f"{TABLE}.{path}", [spoilt])


def workload(path, *found):
    spoilt = ("Parameters", queues(*found))
    operation = "ModifyClusterParameterGroup"
    return ("redshift", operation, "wlm", f"{WLM}{path}", [spoilt])


def hot(number=1, **fields):
    return [{"query_group": ["g"], "query_concurrency": 5} | fields] * number


# Operation, an expression that it takes, and the older field of the same meaning.
EXPRESSIONS = [
    ("PutItem", "ConditionExpression", "attribute_not_exists(card)", "Expected"),
    ("DeleteItem", "ConditionExpression", "attribute_exists(card)", "Expected"),
    ("UpdateItem", "UpdateExpression", "remove n", "AttributeUpdates"),
    ("GetItem", "ProjectionExpression", "card", "AttributesToGet"),
    ("Scan", "ProjectionExpression", "card", "AttributesToGet"),
    ("Query", "ProjectionExpression", "card", "AttributesToGet"),
]
# Service, operation, rule, path of the finding, and the changes that trip this rule alone.
BAD = [
    cycle("transition_days", "[0].Transitions[0].Days", (10, "STANDARD_IA")),
    cycle("transition_days", "[0].Transitions[0].Days", (29, "ONEZONE_IA")),
    cycle("transition_days", "[0].Transitions[0].Days", (-1, "GLACIER")),
    cycle(
        "transition_order",
        "[0].Transitions[1].StorageClass",
        (30, "ONEZONE_IA"),
        (90, "GLACIER_IR"),
    ),
    # By day, whatever the order in the list.
    cycle(
        "transition_order",
        "[0].Transitions[0].StorageClass",
        (200, "STANDARD_IA"),
        (30, "GLACIER"),
    ),
    cycle(
        "transition_gap", "[0].Transitions[1].Days", (4, "GLACIER_IR"), (93, "DEEP_ARCHIVE")
    ),
    cycle("transition_gap", "[0].Transitions[1].Days", (30, "STANDARD_IA"), (59, "GLACIER")),
    cycle("transition_class", "[0].Transitions[0].StorageClass", Transitions=[{"Days": 1}]),
    cycle(
        "transition_class",
        "[0].NoncurrentVersionTransitions[0].NoncurrentDays",
        (1, "GLACIER"),
        NoncurrentVersionTransitions=[{"StorageClass": "GLACIER"}],
    ),
    cycle("transition_time", "[0].Transitions[0]", Transitions=[{"StorageClass": "GLACIER"}]),
    cycle("expiration_last", "[0].Expiration.Days", (60, "GLACIER"), Expiration={"Days": 60}),
    cycle("expiration", "[0].Expiration.Days", Expiration={"Days": 0}),
    cycle(
        "expiration",
        "[0].Expiration",
        Expiration={"Days": 9, "ExpiredObjectDeleteMarker": True},
    ),
    cycle("rule_filter", "[0]", (1, "GLACIER"), Prefix="a/"),
    cycle("rule_action", "[0]"),
    (
        "s3",
        "PutBucketLifecycleConfiguration",
        "rule_names",
        f"{CYCLE}[1].ID",
        [(f"{CYCLE}.1.ID", "old")],
    ),
    (
        "s3",
        "PutBucketLifecycleConfiguration",
        "rule_count",
        CYCLE,
        [(CYCLE, steps((1, "GLACIER"))["Rules"] * 1001)],
    ),
    *[
        ("s3", "PutObjectLockConfiguration", rule, f"{LOCK}{path}", [(f"{LOCK}{at}", value)])
        for rule, path, at, value in (
            ("lock_enabled", ".ObjectLockEnabled", ".ObjectLockEnabled", ...),
            (
                "lock_retention",
                ".Rule.DefaultRetention.Mode",
                ".Rule.DefaultRetention.Mode",
                ...,
            ),
            ("lock_retention", ".Rule.DefaultRetention", ".Rule.DefaultRetention.Days", 3),
            (
                "lock_retention",
                ".Rule.DefaultRetention.Years",
                ".Rule.DefaultRetention.Years",
                0,
            ),
        )
    ],
    *[
        (
            "s3",
            "PutObjectRetention",
            "retention_whole",
            f"Retention.{name}",
            [(f"Retention.{name}", ...)],
        )
        for name in ("Mode", "RetainUntilDate")
    ],
    (
        "s3",
        "PutBucketNotificationConfiguration",
        "no_fifo_target",
        "NotificationConfiguration.TopicConfigurations[0].TopicArn",
        [
            (
                "NotificationConfiguration.TopicConfigurations",
                [{"TopicArn": ORDERS, "Events": ["s3:ObjectCreated:*"]}],
            )
        ],
    ),
    *[
        ("kinesis", operation, "hash_key", f"{at}ExplicitHashKey", [(path, str(2**128))])
        for operation, at, path in (
            ("PutRecord", "", "ExplicitHashKey"),
            ("PutRecords", "Records[3].", "Records.3.ExplicitHashKey"),
        )
    ],
    (
        "kinesis",
        "PutRecords",
        "records_size",
        "Records",
        [("Records", [{"Data": bytes(MIB), "PartitionKey": "a"}] * 10)],
    ),
    (
        "firehose",
        "PutRecordBatch",
        "batch_size",
        "Records",
        [("Records", [{"Data": bytes(1000 * 1024)}] * 5)],
    ),
    (
        "firehose",
        "CreateDeliveryStream",
        "both_hints",
        "ExtendedS3DestinationConfiguration.BufferingHints.IntervalInSeconds",
        [("ExtendedS3DestinationConfiguration.BufferingHints.IntervalInSeconds", ...)],
    ),
    *[
        ("sqs", "CreateQueue", "queue_numbers", f"Attributes.{name}", [(f"Attributes.{name}", v)])
        for name, v in (
            ("VisibilityTimeout", "43201"),
            ("DelaySeconds", "901"),
            ("MessageRetentionPeriod", "59"),
            ("ReceiveMessageWaitTimeSeconds", "a"),
            ("MaximumMessageSize", "1048577"),
        )
    ],
    (
        "sqs",
        "CreateQueue",
        "fifo_name",
        "Attributes.FifoQueue",
        [("Attributes.FifoQueue", ...)],
    ),
    ("sqs", "CreateQueue", "fifo_name", "QueueName", [("QueueName", "orders")]),
    (
        "sqs",
        "CreateQueue",
        "fifo_limit",
        "Attributes.DeduplicationScope",
        [("Attributes.DeduplicationScope", "queue")],
    ),
    (
        "sqs",
        "SendMessageBatch",
        "group_of_a_fifo",
        "Entries[2].MessageGroupId",
        [("Entries.2.MessageGroupId", ...)],
    ),
    (
        "sqs",
        "SendMessage",
        "group_of_a_fifo",
        "MessageGroupId",
        [("MessageGroupId", ...)],
    ),
    ("sqs", "SendMessage", "group_of_a_fifo", "DelaySeconds", [("DelaySeconds", 5)]),
    ("sqs", "SendMessage", "message_size", "MessageBody", [("MessageBody", "x" * (MIB + 1))]),
    (
        "sqs",
        "SendMessageBatch",
        "message_size",
        "Entries",
        [("Entries.0.MessageBody", "x" * MIB)],
    ),
    *[
        case
        for operation in (
            "SendMessageBatch",
            "DeleteMessageBatch",
            "ChangeMessageVisibilityBatch",
        )
        for case in (
            ("sqs", operation, "entry_names", "Entries[4].Id", [("Entries.4.Id", "3")]),
            ("sqs", operation, "entry_count", "Entries", [("Entries", [])]),
            (
                "sqs",
                operation,
                "entry_count",
                "Entries",
                [
                    (
                        "Entries",
                        [
                            entry | {"Id": str(number)}
                            for number, entry in enumerate(
                                GOOD["sqs", operation]["Entries"][:1] * 11
                            )
                        ],
                    )
                ],
            ),
        )
    ],
    ("events", "PutRule", "rule_trigger", "EventPattern", [("EventPattern", ...)]),
    *[
        ("events", "PutRule", "pattern_form", path, [("EventPattern", text)])
        for path, text in (
            ("EventPattern", "{not json"),
            ("EventPattern", "[1]"),
            ("EventPattern", "{}"),
            ("EventPattern.source", '{"source": "aws.s3"}'),
            ("EventPattern.detail.a", '{"detail": {"a": []}}'),
            ("EventPattern.$or", '{"$or": [1]}'),
        )
    ],
    (
        "events",
        "PutRule",
        "pattern_length",
        "EventPattern",
        [("EventPattern", '{"source": ["%s"]}' % ("x" * 2048))],
    ),
    (
        "events",
        "PutTargets",
        "target_count",
        "Targets",
        [("Targets", [{"Id": str(n), "Arn": ORDERS} for n in range(6)])],
    ),
    (
        "stepfunctions",
        "CreateStateMachine",
        "definition",
        "definition",
        [("definition", "{")],
    ),
    (
        "stepfunctions",
        "CreateStateMachine",
        "definition",
        "definition.States",
        [("definition", '{"not":"asl"}')],
    ),
    machine("definition.StartAt", ("StartAt", "Nowhere")),
    machine(f"{STATES}.Pause.Type", ("States", "Pause", "Type", "Sleep")),
    machine(f"{STATES}.Pause", ("States", "Pause", "Timestamp", "2026-01-01T00:00:00Z")),
    machine(f"{STATES}.Pause.Next", ("States", "Pause", "Next", "Nowhere")),
    machine(f"{STATES}.Pause.Next", ("States", "Pause", "Next", ...)),
    machine(f"{STATES}.Pause", ("States", "Pause", "End", True)),
    machine(f"{STATES}.Query.Resource", ("States", "Query", "Resource", ...)),
    machine(f"{STATES}.Enough.Choices", ("States", "Enough", "Choices", [])),
    machine(
        f"{STATES}.Enough.Choices[0].Next", ("States", "Enough", "Choices", 0, "Next", "x")
    ),
    machine(f"{STATES}.Enough.Default", ("States", "Enough", "Default", "x")),
    machine(f"{STATES}.Enough.Next", ("States", "Enough", "Next", "Pause")),
    machine(f"{STATES}.Both.Branches", ("States", "Both", "Branches", [])),
    machine(
        f"{STATES}.Both.Branches[0].StartAt",
        ("States", "Both", "Branches", 0, "StartAt", "x"),
    ),
    machine(f"{STATES}.Each.ItemProcessor.States", ("States", "Each", "ItemProcessor", {})),
    machine(
        f"{STATES}.Query.Retry[0].ErrorEquals",
        ("States", "Query", "Retry", 0, "ErrorEquals", ["States.ALL"]),
    ),
    machine(
        f"{STATES}.Query.Retry[1].ErrorEquals",
        ("States", "Query", "Retry", 1, "ErrorEquals", ["States.ALL", "ErrorC"]),
    ),
    machine(
        f"{STATES}.Query.Retry[0].MaxAttempts",
        ("States", "Query", "Retry", 0, "MaxAttempts", -1),
    ),
    machine(
        f"{STATES}.Query.Retry[0].BackoffRate",
        ("States", "Query", "Retry", 0, "BackoffRate", 0.5),
    ),
    machine(
        f"{STATES}.Query.Retry[0].JitterStrategy",
        ("States", "Query", "Retry", 0, "JitterStrategy", "SOME"),
    ),
    machine(
        f"{STATES}.Query.Catch[0].Next", ("States", "Query", "Catch", 0, "Next", "Nowhere")
    ),
    (
        "stepfunctions",
        "CreateStateMachine",
        "definition",
        "definition.States",
        [
            (
                "definition",
                '{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}}',
            )
        ],
    ),
    ("lambda", "PublishLayerVersion", "layer_content", "Content", [("Content.S3Key", ...)]),
    ("lambda", "PublishLayerVersion", "layer_content", "Content", [("Content.ZipFile", b"1")]),
    ("lambda", "CreateFunction", "layer_count", "Layers", [("Layers", LAYERS)]),
    ("lambda", "CreateFunction", "layers_of_an_image", "Layers", [("PackageType", "Image")]),
    ("lambda", "UpdateFunctionConfiguration", "layer_count", "Layers", [("Layers", LAYERS)]),
    table("required_keys", "AttributeDefinitions", ("AttributeDefinitions", ...)),
    table("key_schema", "KeySchema", ("KeySchema.1.KeyType", "HASH"), ("LocalSecondaryIndexes", ...), ("AttributeDefinitions.3", ...)),
    table("key_schema", "KeySchema", ("KeySchema", GOOD["dynamodb", "CreateTable"]["KeySchema"][::-1]), ("LocalSecondaryIndexes", ...), ("AttributeDefinitions.3", ...)),
    table(
        "key_schema",
        "GlobalSecondaryIndexes[0].KeySchema",
        (
            "GlobalSecondaryIndexes.0.KeySchema",
            [{"AttributeName": "merchant", "KeyType": "HASH"}] * 2,
        ),
    ),
    table("key_attributes", "AttributeDefinitions", ("AttributeDefinitions.3", ...)),
    table("key_attributes", "AttributeDefinitions", ("LocalSecondaryIndexes", ...)),
    table(
        "local_indexes",
        "LocalSecondaryIndexes[0].KeySchema",
        ("LocalSecondaryIndexes.0.KeySchema.0.AttributeName", "merchant"),
    ),
    table(
        "local_indexes",
        "LocalSecondaryIndexes",
        (
            "LocalSecondaryIndexes",
            [LOCAL_INDEX | {"IndexName": f"i-{n}"} for n in range(6)],
        ),
    ),
    table(
        "local_indexes",
        "LocalSecondaryIndexes",
        ("KeySchema", GOOD["dynamodb", "CreateTable"]["KeySchema"][:1]),
        ("AttributeDefinitions", [d for d in GOOD["dynamodb", "CreateTable"]["AttributeDefinitions"] if d["AttributeName"] != "time"]),
    ),
    table(
        "global_indexes",
        "GlobalSecondaryIndexes",
        (
            "GlobalSecondaryIndexes",
            [GLOBAL_INDEX | {"IndexName": f"i-{n}"} for n in range(21)],
        ),
    ),
    table(
        "index_names",
        "GlobalSecondaryIndexes[0].IndexName",
        ("GlobalSecondaryIndexes.0.IndexName", "by-amount"),
    ),
    table("throughput", "ProvisionedThroughput", ("ProvisionedThroughput", ...)),
    table(
        "throughput",
        "GlobalSecondaryIndexes[0].ProvisionedThroughput",
        ("BillingMode", "PAY_PER_REQUEST"),
        ("ProvisionedThroughput", ...),
    ),
    table(
        "stream_view",
        "StreamSpecification.StreamViewType",
        ("StreamSpecification.StreamViewType", ...),
    ),
    *[
        case
        for operation, new, text, older in EXPRESSIONS
        for case in (
            (
                "dynamodb",
                operation,
                "names_used",
                "ExpressionAttributeNames.card",
                [(new, text), ("ExpressionAttributeNames.card", "card")],
            ),
            ("dynamodb", operation, "one_language", older, [(new, text), (older, ["a"] if "Get" in older else {})]),
        )
    ],
    (
        "dynamodb",
        "GetItem",
        "names_used",
        "ExpressionAttributeNames.#c",
        [("ExpressionAttributeNames.#c", "card")],
    ),
    (
        "dynamodb",
        "Query",
        "query_condition",
        "KeyConditionExpression",
        [("KeyConditionExpression", ...), ("FilterExpression", "card = :c")],
    ),
    ("dax", "CreateCluster", "cluster_size", "ReplicationFactor", [("ReplicationFactor", 12)]),
    *[
        ("glue", operation, rule, path, [change])
        for operation in ("CreateCrawler", "UpdateCrawler")
        for rule, path, change in (
            ("crawler_targets", "Targets", ("Targets", {})),
            ("crawler_configuration", "Configuration", ("Configuration", "{")),
            ("crawler_configuration", "Configuration", ("Configuration", "[1]")),
            ("crawler_configuration", "Configuration.Version", ("Configuration", "{}")),
            (
                "crawler_configuration",
                "Configuration.Grouping.TableGroupingPolicy",
                (
                    "Configuration",
                    '{"Version": 1.0, "Grouping": {"TableGroupingPolicy": "All"}}',
                ),
            ),
            *[
                (
                    "crawler_exclusions",
                    f"{CRAWLER}[0].Exclusions[0]",
                    (f"{CRAWLER}.0.Exclusions", [pattern]),
                )
                for pattern in ("{a,{b,c}}", "{a", "[a", "a\\")
            ],
        )
    ],
    ("glue", "CreateJob", "flex", "GlueVersion", [("GlueVersion", "2.0")]),
    ("glue", "CreateJob", "flex", "WorkerType", [("WorkerType", "G.4X")]),
    projected("projection.day.type", projection__day__type=...),
    projected("projection.day.type", projection__day__type="time"),
    projected("projection.hour.range", projection__hour__range=...),
    projected("projection.hour.range", projection__hour__range="0-23"),
    projected("projection.day.range", projection__day__range="2020/01/01"),
    projected("projection.day.format", projection__day__format=...),
    projected("projection.kind.values", projection__kind__values=...),
    projected(
        "storage.location.template", storage__location__template="s3://b/${day}/${hour}/"
    ),
    projected(
        "storage.location.template",
        storage__location__template="s3://b/${day}/${hour}/${kind}",
    ),
    (
        "dms",
        "CreateReplicationTask",
        "table_mappings",
        "TableMappings",
        [("TableMappings", "{}")],
    ),
    (
        "dms",
        "CreateReplicationTask",
        "table_mappings",
        "TableMappings",
        [("TableMappings", "all tables")],
    ),
    mapped(f"{RULE}.rule-type", {"rule-type": "choice"}, SELECTION | {"rule-id": "2", "rule-name": "b"}),
    mapped(f"{RULE}.rule-action", {"rule-action": "take"}),
    mapped(f"{RULE}.object-locator", {"object-locator": {}}),
    mapped("TableMappings.rules[1].rule-id", {}, {"rule-name": "b"}),
    mapped("TableMappings.rules[1].rule-name", {}, {"rule-id": "2"}),
    mapped(f"{RULE}.rule-id", {"rule-id": None}),
    mapped("TableMappings.rules", {"rule-type": "transformation"}),
    (
        "dms",
        "CreateReplicationTask",
        "task_settings",
        "ReplicationTaskSettings",
        [("ReplicationTaskSettings", "validate")],
    ),
    (
        "redshift",
        "ModifyClusterParameterGroup",
        "wlm",
        WLM,
        [("Parameters.0.ParameterValue", "{}")],
    ),
    workload("", *hot(9)),
    workload("", *hot(2, query_concurrency=26)),
    workload("[0].query_concurrency", *hot(1, query_concurrency=0)),
    workload("[0].query_concurrency", *hot(1, query_concurrency=51)),
    workload("", *hot(2, memory_percent_to_use=51)),
    workload("[0].rules[0].predicate", *hot(1, rules=[{"predicate": [{}] * 4}])),
    workload("", *hot(1, rules=[{"predicate": [{}]}] * 26)),
    (
        "redshift-data",
        "ExecuteStatement",
        "where_to_run",
        "WorkgroupName",
        [("WorkgroupName", ...)],
    ),
    (
        "redshift-data",
        "ExecuteStatement",
        "where_to_run",
        "WorkgroupName",
        [("ClusterIdentifier", "fraud")],
    ),
    (
        "neptunedata",
        "ExecuteOpenCypherQuery",
        "query_parameters",
        "parameters",
        [("parameters", "id=1")],
    ),
    *[
        (
            "neptunedata",
            "ExecuteOpenCypherQuery",
            "neptune_dialect",
            "openCypherQuery",
            [("openCypherQuery", query)],
        )
        for query in (
            "MATCH p = shortestPath((a)-[*]-(b)) RETURN p",
            "MATCH p = allShortestPaths((a)-[*]-(b)) RETURN p",
            "MANDATORY MATCH (n) RETURN n",
            "CALL db.labels() YIELD label RETURN label",
            "MATCH (n) RETURN n.age ^ 2",
            "MATCH (n) RETURN n['age']",
            "MATCH (n) RETURN n LIMIT 5 + 5",
            "MATCH (n) RETURN n SKIP toInteger(rand() * 9) LIMIT 5",
            "MATCH (a)-[:uses* TRAIL 1..4]-(b) RETURN b",
            "MATCH (a)-[:uses* SHORTEST 1..4]-(b) RETURN b",
            "CREATE NODE TABLE account(id STRING PRIMARY KEY)",
            "COPY account FROM 'accounts.csv'",
        )
    ],
    *[
        ("ec2", operation, rule, path, changes)
        for operation in ("CreateVolume", "ModifyVolume")
        for rule, path, changes in (
            ("volume_iops", "Iops", [("Iops", 50_001)]),
            ("volume_iops", "Iops", [("Iops", 80_001), ("Size", 1000)]),
            ("volume_iops", "Iops", [("Iops", 2_999), ("Throughput", ...)]),
            (
                "volume_iops",
                "Iops",
                [("VolumeType", "io1"), ("Iops", 5_001), ("Throughput", ...)],
            ),
            (
                "volume_iops",
                "Iops",
                [("VolumeType", "gp2"), ("Iops", 3_000), ("Throughput", ...)],
            ),
            ("volume_throughput", "Throughput", [("Throughput", 2_001)]),
            ("volume_throughput", "Throughput", [("Iops", 7_999)]),
            (
                "volume_throughput",
                "Throughput",
                [("VolumeType", "io2"), ("Iops", 5_000), ("Throughput", 500)],
            ),
        )
    ],
    (
        "emr",
        "PutAutoScalingPolicy",
        "scaling_limits",
        "AutoScalingPolicy.Constraints.MinCapacity",
        [("AutoScalingPolicy.Constraints.MinCapacity", 11)],
    ),
    (
        "emr",
        "PutManagedScalingPolicy",
        "managed_limits",
        "ManagedScalingPolicy.ComputeLimits.MinimumCapacityUnits",
        [("ManagedScalingPolicy.ComputeLimits.MinimumCapacityUnits", 11)],
    ),
    (
        "efs",
        "CreateFileSystem",
        "file_system",
        "ProvisionedThroughputInMibps",
        [("ThroughputMode", "provisioned")],
    ),
    (
        "efs",
        "CreateFileSystem",
        "file_system",
        "ProvisionedThroughputInMibps",
        [("ProvisionedThroughputInMibps", 10.0)],
    ),
    ("efs", "CreateFileSystem", "max_io", "PerformanceMode", [("PerformanceMode", "maxIO")]),
    (
        "efs",
        "CreateFileSystem",
        "max_io",
        "PerformanceMode",
        [
            ("PerformanceMode", "maxIO"),
            ("ThroughputMode", "bursting"),
            ("AvailabilityZoneName", "us-east-1a"),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation"), GOOD)
def test_good_request(service, operation):
    request = GOOD[service, operation]
    assert aws.validate(operation, request, service=service).notes == ()


@pytest.mark.parametrize(("service", "operation", "rule", "path", "changes"), BAD)
def test_bad_request_trips_one_rule(service, operation, rule, path, changes):
    request = changed(GOOD[service, operation], *changes)
    try:
        findings = aws.validate(operation, request, service=service).notes
    except aws.RequestError as error:
        findings = error.findings
    (finding,) = findings
    assert (finding.rule, finding.path) == (rule, path)
    rules = {rule.check.__name__: rule for rule in RULES[service, operation]}
    assert (finding.source, finding.severity) == (rules[rule].source, rules[rule].severity)
    # A part of a request that is JSON inside of a text is what the model cannot see.
    model = service_model(service).operation_model(operation).input_shape
    assert not ParamValidator().validate(request, model).has_errors()
    assert aws.validate(operation, request, service=service, own_rules=False).notes == ()


def test_each_rule_has_a_bad_request():
    tested = {(service, operation, rule) for service, operation, rule, *_ in BAD}
    assert tested == {
        (*key, rule.check.__name__) for key, rules in RULES.items() for rule in rules
    }


# What botocore's own validator does not see although the model says it.
MODELLED = [
    ("kinesis", "PutRecords", "Records", [("Records", [{"Data": b"", "PartitionKey": "a"}] * 501)]),
    ("athena", "CreateWorkGroup", "Configuration.BytesScannedCutoffPerQuery", [("Configuration.BytesScannedCutoffPerQuery", 9_999_999)]),
    ("redshift-data", "ExecuteStatement", "WorkgroupName", [("WorkgroupName", "ab")]),
    ("firehose", "PutRecordBatch", "Records", [("Records", [{"Data": b""}] * 501)]),
    ("neptunedata", "StartLoaderJob", "format", [("format", "xlsx")]),
    ("wafv2", "CreateIPSet", "Scope", [("Scope", "WORLD")]),
    ("dms", "CreateReplicationTask", "MigrationType", [("MigrationType", "once")]),
    ("glue", "CreateJob", "ExecutionClass", [("ExecutionClass", "CHEAP")]),
    ("dynamodb", "CreateTable", "TableName", [("TableName", ...)]),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "path", "changes"), MODELLED)
def test_a_limit_of_the_model_is_held(service, operation, path, changes):
    request = changed(GOOD[service, operation], *changes)
    with pytest.raises(aws.RequestError) as error:
        aws.validate(operation, request, service=service)
    assert path in {finding.path for finding in error.value.findings}


def test_a_table_without_keys_is_refused_for_both():
    with pytest.raises(aws.RequestError) as error:
        aws.validate(
            "CreateTable",
            {"TableName": "payments", "BillingMode": "PAY_PER_REQUEST"},
            service="dynamodb",
        )
    paths = [finding.path for finding in error.value.findings]
    assert paths == ["KeySchema", "AttributeDefinitions"]


def accepted(*found):
    request = {"Bucket": "payments", "LifecycleConfiguration": steps(*found)}
    try:
        aws.validate("PutBucketLifecycleConfiguration", request, service="s3")
    except aws.RequestError:
        return False
    return True


@given(st.data())
def test_a_lifecycle_rule_is_accepted_if_no_step_goes_up_or_comes_too_soon(data):
    classes = st.sampled_from(sorted(AFTER))
    first, second = data.draw(classes), data.draw(classes)
    day = data.draw(st.integers(30, 100))
    least = day + MINIMUM_DAYS[first]
    later = data.draw(st.integers(max(day, least - 2), least + 2))
    fine = second in AFTER[first] and later >= least
    if (later, second) > (day, first):
        assert accepted((day, first), (later, second)) == fine


WHATEVER = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "StartAt",
                    "States",
                    "Type",
                    "Next",
                    "Retry",
                    "Catch",
                    "Choices",
                    "rules",
                    "ErrorEquals",
                    "rule-id",
                    "predicate",
                    "Grouping",
                    "$or",
                    "A",
                    "Version",
                ]
            ),
            inner | st.sampled_from(["Task", "Choice", "A", "Map", "Wait"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)
TEXTS = {
    ("stepfunctions", "CreateStateMachine"): "definition",
    ("dms", "CreateReplicationTask"): "TableMappings",
    ("glue", "CreateCrawler"): "Configuration",
    ("events", "PutRule"): "EventPattern",
    ("redshift", "ModifyClusterParameterGroup"): "Parameters.0.ParameterValue",
}


@pytest.mark.parametrize(("service", "operation"), TEXTS)
@given(inside=WHATEVER)
def test_any_json_is_accepted_or_refused_with_a_reason(service, operation, inside):
    text = json.dumps(inside)
    request = changed(GOOD[service, operation], (TEXTS[service, operation], text))
    findings = ()
    try:
        aws.validate(operation, request, service=service)
    except aws.RequestError as error:
        findings = error.findings
    assert all(finding.problem and finding.allowed for finding in findings)


@pytest.mark.parametrize(
    "query",
    [
        "MATCH (n {name: 'a ^ b, shortestPath(x)'}) RETURN n LIMIT 5",
        "MATCH (a)-[:uses*1..4]-(b) RETURN DISTINCT b.name ORDER BY b.name SKIP $from LIMIT 10",
        "MATCH (n) RETURN n // MANDATORY MATCH",
        "MATCH (n) WITH n LIMIT 3 MATCH (n)-[e]-(m) WHERE id(e) <> 'x' RETURN n.skip, m.limit",
        "MATCH (n:`shortestPath (old)`) RETURN n",
    ],
)
def test_a_query_that_neptune_takes(query):
    request = {"openCypherQuery": query}
    found = aws.validate("ExecuteOpenCypherQuery", request, service="neptunedata")
    assert found.notes == ()
