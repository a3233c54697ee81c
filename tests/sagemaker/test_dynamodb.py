"""Tables through boto3: what it sends and parses; the engine has tests of its own."""

import itertools
import json
import threading
import time
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib import sagemaker
from labs_lib.aws.request import service_model

from .conftest import ONCE
from .test_server import send, signed

KEY = [
    {"AttributeName": "card", "KeyType": "HASH"},
    {"AttributeName": "time", "KeyType": "RANGE"},
]
TYPES = [
    {"AttributeName": "card", "AttributeType": "S"},
    {"AttributeName": "time", "AttributeType": "N"},
    {"AttributeName": "merchant", "AttributeType": "S"},
]
BY_MERCHANT = {
    "IndexName": "by-merchant",
    "KeySchema": [{"AttributeName": "merchant", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def client(local):
    return local.client("dynamodb", config=ONCE)


@pytest.fixture
def table(client):
    return make(client)


def make(client, **more):
    name = f"payments-{next(NUMBERS)}"
    options = {
        "KeySchema": KEY,
        "AttributeDefinitions": TYPES[:2],
        "BillingMode": "PAY_PER_REQUEST",
        **more,
    }
    client.create_table(TableName=name, **options)
    return name


def item(card="a", at=1, **more):
    return {"card": {"S": card}, "time": {"N": str(at)}, **more}


def refused(call, *arguments, **more):
    with pytest.raises(ClientError) as error:
        call(*arguments, **more)
    return error.value.response["Error"]["Code"]


def test_every_type_comes_back(client, table):
    given = item(
        text={"S": "é"},
        number={"N": "-1.50"},
        data={"B": b"\x00\xff"},
        texts={"SS": ["a", "b"]},
        numbers={"NS": ["1", "2"]},
        datas={"BS": [b"1", b"\xff"]},
        B={"S": "an attribute may be called like a type"},
        inside={"M": {"B": {"B": b"x"}, "L": {"L": [{"NULL": True}, {"BOOL": False}]}}},
    )
    client.put_item(TableName=table, Item=given)
    assert client.get_item(TableName=table, Key=item())["Item"] == given
    assert "Item" not in client.get_item(TableName=table, Key=item("z"))


def test_the_resource_of_boto3_works_too(local, table, monkeypatch):
    for name, value in local.environment().items():
        monkeypatch.setenv(name, value)
    boto3 = pytest.importorskip("boto3")
    found = boto3.resource("dynamodb", region_name="us-east-1").Table(table)
    found.put_item(Item={"card": "a", "time": 1, "amount": Decimal("1.5"), "tags": {"x"}})
    key = boto3.dynamodb.conditions.Key("card").eq("a")
    (row,) = found.query(KeyConditionExpression=key)["Items"]
    assert row == {"card": "a", "time": 1, "amount": Decimal("1.5"), "tags": {"x"}}


def test_conditions_and_what_they_answer(client, table):
    new = {"ConditionExpression": "attribute_not_exists(card)"}
    client.put_item(TableName=table, Item=item(amount={"N": "1"}), **new)
    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as error:
        client.put_item(
            TableName=table,
            Item=item(),
            **new,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert error.value.response["Item"]["amount"] == {"N": "1"}


def test_updates_answer_what_was_asked(client, table):
    client.put_item(TableName=table, Item=item(amount={"N": "1"}, note={"S": "x"}))
    change = {
        "UpdateExpression": "SET amount = amount + :one REMOVE note",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    found = {}
    for asked in ("NONE", "UPDATED_OLD", "UPDATED_NEW", "ALL_OLD", "ALL_NEW"):
        answer = client.update_item(
            TableName=table, Key=item(), **change, ReturnValues=asked
        )
        found[asked] = answer.get("Attributes")
    assert found == {
        "NONE": None,
        "UPDATED_OLD": {"amount": {"N": "2"}},
        "UPDATED_NEW": {"amount": {"N": "4"}},
        "ALL_OLD": item(amount={"N": "4"}),
        "ALL_NEW": item(amount={"N": "6"}),
    }


def test_two_writers_lose_nothing_under_conditions(client, table):
    client.put_item(TableName=table, Item=item(number={"N": "0"}))

    def count():
        for _ in range(25):
            while True:
                seen = client.get_item(TableName=table, Key=item(), ConsistentRead=True)
                value = int(seen["Item"]["number"]["N"])
                try:
                    client.put_item(
                        TableName=table,
                        Item=item(number={"N": str(value + 1)}),
                        ConditionExpression="#n = :seen",
                        ExpressionAttributeNames={"#n": "number"},
                        ExpressionAttributeValues={":seen": {"N": str(value)}},
                    )
                    break
                except client.exceptions.ConditionalCheckFailedException:
                    pass

    writers = [threading.Thread(target=count) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert client.get_item(TableName=table, Key=item())["Item"]["number"] == {"N": "75"}


def test_pages_filters_and_capacity(client):
    table = make(client, AttributeDefinitions=TYPES, GlobalSecondaryIndexes=[BY_MERCHANT])
    for at in range(10):
        client.put_item(TableName=table, Item=item("a", at, merchant={"S": "m"}))
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="card = :c AND #t >= :t",
        ExpressionAttributeNames={"#t": "time"},
        ExpressionAttributeValues={":c": {"S": "a"}, ":t": {"N": "3"}},
        ScanIndexForward=False,
        PaginationConfig={"PageSize": 3},
    )
    times = [row["time"]["N"] for page in pages for row in page["Items"]]
    assert times == [str(at) for at in range(9, 2, -1)]
    answer = client.scan(
        TableName=table,
        FilterExpression="#t < :t",
        ExpressionAttributeNames={"#t": "time"},
        ExpressionAttributeValues={":t": {"N": "2"}},
        ReturnConsumedCapacity="INDEXES",
        Select="COUNT",
    )
    assert (answer["Count"], answer["ScannedCount"]) == (2, 10)
    assert "Items" not in answer
    assert answer["ConsumedCapacity"]["Table"] == {"CapacityUnits": 0.5}
    written = client.put_item(
        TableName=table,
        Item=item("b", 1, merchant={"S": "n"}, note={"S": "x" * 2100}),
        ReturnConsumedCapacity="INDEXES",
    )["ConsumedCapacity"]
    assert written["CapacityUnits"] == 6
    assert written["GlobalSecondaryIndexes"] == {"by-merchant": {"CapacityUnits": 3}}


def test_a_provisioned_table_throttles_on_the_clock(local, client):
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = make(client, BillingMode="PROVISIONED", ProvisionedThroughput=units)
    large = item(note={"S": "x" * 100_000})
    local.step(300)
    # 98 units each, of the 300 that were kept.
    for _ in range(3):
        client.put_item(TableName=table, Item=large)
    with pytest.raises(client.exceptions.ProvisionedThroughputExceededException):
        client.put_item(TableName=table, Item=large)
    local.step(300)
    client.put_item(TableName=table, Item=large)


def test_a_global_index_follows(client):
    table = make(client, AttributeDefinitions=TYPES, GlobalSecondaryIndexes=[BY_MERCHANT])
    client.put_item(TableName=table, Item=item(merchant={"S": "m"}))
    asked = {
        "TableName": table,
        "IndexName": "by-merchant",
        "KeyConditionExpression": "merchant = :m",
        "ExpressionAttributeValues": {":m": {"S": "m"}},
    }
    deadline = time.monotonic() + 30
    while not client.query(**asked)["Items"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert client.query(**asked)["Count"] == 1
    assert refused(client.query, **asked, ConsistentRead=True) == "ValidationException"


def test_batches(client, table):
    puts = [{"PutRequest": {"Item": item("a", at)}} for at in range(25)]
    answer = client.batch_write_item(RequestItems={table: puts})
    assert answer["UnprocessedItems"] == {}
    keys = [item("a", at) for at in range(30)]
    found = client.batch_get_item(RequestItems={table: {"Keys": keys}})
    assert len(found["Responses"][table]) == 25
    twice = {table: [puts[0], puts[0]]}
    assert refused(client.batch_write_item, RequestItems=twice) == "ValidationException"
    many = {table: [{"PutRequest": {"Item": item("b", at)}} for at in range(26)]}
    assert refused(client.batch_write_item, RequestItems=many) == "ValidationException"


def test_what_a_batch_has_no_capacity_for_comes_back(local, client):
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = make(client, BillingMode="PROVISIONED", ProvisionedThroughput=units)
    local.step(300)
    large = {"S": "x" * 110_000}
    puts = [{"PutRequest": {"Item": item("a", at, note=large)}} for at in range(5)]
    left = client.batch_write_item(RequestItems={table: puts})["UnprocessedItems"][table]
    assert left == puts[2:]


def test_transactions(client, table):
    client.put_item(TableName=table, Item=item(balance={"N": "5"}))
    take = {
        "TableName": table,
        "Key": item(),
        "UpdateExpression": "SET balance = balance - :v",
        "ConditionExpression": "balance >= :v",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    put = {"Put": {"TableName": table, "Item": item("b")}}

    def transfer(value, **more):
        values = {"ExpressionAttributeValues": {":v": {"N": str(value)}}}
        return client.transact_write_items(
            TransactItems=[put, {"Update": take | values}], **more
        )

    with pytest.raises(client.exceptions.TransactionCanceledException) as error:
        transfer(6)
    reasons = error.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"]["balance"] == {"N": "5"}
    assert client.scan(TableName=table)["Count"] == 1
    for _ in range(2):
        transfer(5, ClientRequestToken="once")
    gets = [
        {"Get": {"TableName": table, "Key": key}} for key in (item(), item("b"), item("c"))
    ]
    found = client.transact_get_items(TransactItems=gets)["Responses"]
    assert [each.get("Item") for each in found] == [
        item(balance={"N": "0"}),
        item("b"),
        None,
    ]
    assert (
        refused(transfer, 1, ClientRequestToken="once")
        == "IdempotentParameterMismatchException"
    )


def test_the_stream_of_a_table(local, client):
    view = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    table = make(client, StreamSpecification=view)
    streams = local.client("dynamodbstreams", config=ONCE)
    arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    client.put_item(TableName=table, Item=item(n={"B": b"1"}))
    client.put_item(TableName=table, Item=item(n={"B": b"1"}))
    client.put_item(TableName=table, Item=item(n={"B": b"2"}))
    client.delete_item(TableName=table, Key=item())
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    (shard,) = described["Shards"]
    place = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    answer = streams.get_records(ShardIterator=place)
    names = [record["eventName"] for record in answer["Records"]]
    assert names == ["INSERT", "MODIFY", "REMOVE"]
    middle = answer["Records"][1]["dynamodb"]
    assert (middle["OldImage"]["n"], middle["NewImage"]["n"]) == ({"B": b"1"}, {"B": b"2"})
    assert streams.get_records(ShardIterator=answer["NextShardIterator"])["Records"] == []
    other = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    change = {"TableName": table, "StreamSpecification": other}
    assert refused(client.update_table, **change) == "ValidationException"
    client.update_table(TableName=table, StreamSpecification={"StreamEnabled": False})
    assert refused(streams.describe_stream, StreamArn=arn) == "ResourceNotFoundException"
    assert refused(streams.get_records, ShardIterator="x") == "ValidationException"


def test_items_expire(local, client):
    table = make(client)
    specification = {"Enabled": True, "AttributeName": "gone"}
    client.update_time_to_live(TableName=table, TimeToLiveSpecification=specification)
    at = int(local.step(0)) + 100
    client.put_item(TableName=table, Item=item(gone={"N": str(at)}))
    assert client.scan(TableName=table)["Count"] == 1
    local.step(101)
    assert client.scan(TableName=table)["Count"] == 0
    shown = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert shown == {"TimeToLiveStatus": "ENABLED", "AttributeName": "gone"}


def test_a_table_survives_its_server(tmp_path):
    view = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    with sagemaker.start(tmp_path) as local:
        client = local.client("dynamodb", config=ONCE)
        table = make(
            client,
            AttributeDefinitions=TYPES,
            GlobalSecondaryIndexes=[BY_MERCHANT],
            StreamSpecification=view,
        )
        client.put_item(
            TableName=table, Item=item(merchant={"S": "m"}, data={"B": b"\xff"})
        )
        arn = client.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    with sagemaker.start(tmp_path) as local:
        client = local.client("dynamodb", config=ONCE)
        assert client.get_item(TableName=table, Key=item())["Item"]["data"] == {
            "B": b"\xff"
        }
        assert client.scan(TableName=table, IndexName="by-merchant")["Count"] == 1
        streams = local.client("dynamodbstreams", config=ONCE)
        place = streams.get_shard_iterator(
            StreamArn=arn, ShardId=f"shardId-{0:020d}", ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        client.put_item(TableName=table, Item=item("b"))
        records = streams.get_records(ShardIterator=place)["Records"]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        assert len(numbers) == 2
        assert numbers[0] < numbers[1]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"KeySchema": KEY[::-1]}, "one HASH, then at most one RANGE"),
        ({"AttributeDefinitions": TYPES[:1]}, "lacks 'time'"),
        ({"AttributeDefinitions": TYPES}, "'merchant'"),
        ({"BillingMode": "PROVISIONED"}, "ProvisionedThroughput"),
    ],
)
def test_tables_that_are_refused(client, options, text):
    with pytest.raises(ClientError, match="ValidationException") as error:
        make(client, **options)
    assert text in str(error.value)


def test_names_that_are_taken_or_unknown(client, table):
    again = {
        "TableName": table,
        "KeySchema": KEY,
        "AttributeDefinitions": TYPES[:2],
        "BillingMode": "PAY_PER_REQUEST",
    }
    assert refused(client.create_table, **again) == "ResourceInUseException"
    client.delete_table(TableName=table)
    for call in (client.describe_table, client.delete_table, client.scan):
        assert refused(call, TableName=table) == "ResourceNotFoundException"
    client.create_table(**again)
    assert client.scan(TableName=table)["Count"] == 0


def test_indexes_come_and_go(client, table):
    client.put_item(TableName=table, Item=item(merchant={"S": "m"}))
    client.update_table(
        TableName=table,
        AttributeDefinitions=TYPES,
        GlobalSecondaryIndexUpdates=[{"Create": BY_MERCHANT}],
    )
    assert client.scan(TableName=table, IndexName="by-merchant")["Count"] == 1
    drop = [{"Delete": {"IndexName": "by-merchant"}}]
    client.update_table(TableName=table, GlobalSecondaryIndexUpdates=drop)
    assert (
        refused(client.scan, TableName=table, IndexName="by-merchant")
        == "ValidationException"
    )
    again = {"TableName": table, "GlobalSecondaryIndexUpdates": drop}
    assert refused(client.update_table, **again) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "request_",
    [
        {
            "FilterExpression": "status = :s",
            "ExpressionAttributeValues": {":s": {"S": "1"}},
        },
        {"FilterExpression": "a = :s"},
        {"FilterExpression": "a = :s", "ExpressionAttributeValues": {":s": {"N": "x"}}},
        {
            "FilterExpression": "attribute_exists(a)",
            "ExpressionAttributeNames": {"#a": "a"},
        },
        {"Segment": 1},
        {"Segment": 2, "TotalSegments": 2},
        {"ExclusiveStartKey": {"card": {"S": "a"}}},
        {"IndexName": "nothing"},
        {"ScanFilter": {}},
    ],
)
def test_scans_that_are_refused(client, table, request_):
    assert refused(client.scan, TableName=table, **request_) == "ValidationException"


NAMES = st.sampled_from(["card", "time", "a", "B", "#a", ":v", "status", ""])
TEXTS = st.sampled_from(
    [
        "a = :v",
        "#a = :v",
        "card = :v AND a < :v",
        "SET a = :v",
        "a",
        "",
        "x[0].y",
        "size(a) > :v",
    ]
) | st.text(max_size=8)
VALUES = st.recursive(
    st.sampled_from([{"S": "a"}, {"N": "1"}, {"N": "x"}, {"B": "AA=="}, {"B": "?"}, {"NULL": True}])
    | st.dictionaries(st.sampled_from(["S", "N", "SS", "L", "M", "BOOL"]), st.text(max_size=2), max_size=2),
    lambda inner: (
        st.builds(lambda v: {"L": v}, st.lists(inner, max_size=2))
        | st.builds(lambda v: {"M": v}, st.dictionaries(NAMES, inner, max_size=2))
    ),
    max_leaves=4,
)  # fmt: skip
ITEMS = st.dictionaries(NAMES, VALUES, max_size=3)
FIELDS = {
    "Item": ITEMS,
    "Key": ITEMS | st.just(item()),
    "ExclusiveStartKey": ITEMS,
    "ConditionExpression": TEXTS,
    "UpdateExpression": TEXTS,
    "KeyConditionExpression": TEXTS,
    "FilterExpression": TEXTS,
    "ProjectionExpression": TEXTS,
    "ExpressionAttributeNames": st.dictionaries(NAMES, NAMES, max_size=2),
    "ExpressionAttributeValues": ITEMS,
    "ReturnValues": st.sampled_from(["NONE", "ALL_OLD", "UPDATED_NEW", "SOME"]),
    "ReturnConsumedCapacity": st.sampled_from(["INDEXES", "TOTAL", ""]),
    "IndexName": st.sampled_from(["by-merchant", "none"]),
    "Limit": st.integers(-1, 3),
    "Segment": st.integers(-1, 2),
    "TotalSegments": st.integers(0, 2),
    "Select": st.sampled_from(["COUNT", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"]),
    "ConsistentRead": st.booleans(),
}
OPERATIONS = ["PutItem", "GetItem", "UpdateItem", "DeleteItem", "Query", "Scan"]


@settings(max_examples=150)
@given(operation=st.sampled_from(OPERATIONS), data=st.data())
def test_random_requests_are_answered_or_refused(local, random_table, operation, data):
    model = service_model("dynamodb").operation_model(operation).input_shape
    known = {name: values for name, values in FIELDS.items() if name in model.members}
    request = data.draw(st.fixed_dictionaries({}, optional=known))
    target = f"DynamoDB_20120810.{operation}"
    status, _, body = send(
        local,
        "POST",
        "/",
        body=json.dumps({"TableName": random_table, **request}).encode(),
        headers=signed(local, "dynamodb") | {"X-Amz-Target": target},
    )
    assert status in (200, 400), body
    if status == 400:
        assert json.loads(body)["__type"] in (
            "ValidationException",
            "ConditionalCheckFailedException",
            "SerializationException",
        )


@pytest.fixture(scope="module")
def random_table(client):
    return make(client, AttributeDefinitions=TYPES, GlobalSecondaryIndexes=[BY_MERCHANT])
