"""Rules of requests to DynamoDB and DAX."""

from collections.abc import Iterator

from labs_lib.aws.rules.rule import Remark, Rule

MOST_LOCAL = 5
MOST_GLOBAL = 20
MOST_KEYS = 4
"""Attributes that a partition key or a sort key of a global index may have."""


def required_keys(request: dict) -> Iterator[Remark]:
    for name in ("KeySchema", "AttributeDefinitions"):
        if not request.get(name):
            yield name, "is missing", "a value; a table has a key, and its attributes types"


def _schemas(request: dict) -> Iterator[tuple[str, list[dict], int]]:
    """Yield path, key schema and attributes that a key may have at most."""
    if request.get("KeySchema"):
        yield "KeySchema", request["KeySchema"], 1
    for kind, most in (("LocalSecondaryIndexes", 1), ("GlobalSecondaryIndexes", MOST_KEYS)):
        for index, item in enumerate(request.get(kind, [])):
            if item.get("KeySchema"):
                yield f"{kind}[{index}].KeySchema", item["KeySchema"], most


def key_schema(request: dict) -> Iterator[Remark]:
    for path, schema, most in _schemas(request):
        kinds = [part.get("KeyType") for part in schema]
        hashes, ranges = kinds.count("HASH"), kinds.count("RANGE")
        whole = hashes + ranges == len(kinds) and kinds == sorted(map(str, kinds))
        if not (whole and 1 <= hashes <= most and ranges <= most):
            allowed = "one HASH, then at most one RANGE"
            if most > 1:
                allowed = f"1 to {most} of HASH, then at most {most} of RANGE"
            yield path, f"has the types {', '.join(map(str, kinds))}", allowed
        names = [part["AttributeName"] for part in schema if "AttributeName" in part]
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield path, f"names {name!r} twice", "each attribute once in a key"


def key_attributes(request: dict) -> Iterator[Remark]:
    defined = {
        item.get("AttributeName") for item in request.get("AttributeDefinitions", [])
    }
    used = {
        part["AttributeName"]
        for _, schema, _ in _schemas(request)
        for part in schema
        if "AttributeName" in part
    }
    if not (defined and used):
        return
    for name in sorted(used - defined):
        problem = f"lacks {name!r}, which is in a key"
        yield "AttributeDefinitions", problem, "the type of each attribute of a key"
    for name in sorted(defined - used):
        allowed = "only attributes of keys; others need no definition"
        yield "AttributeDefinitions", f"has {name!r}, which is in no key", allowed


def local_indexes(request: dict) -> Iterator[Remark]:
    path, found = "LocalSecondaryIndexes", request.get("LocalSecondaryIndexes", [])
    if len(found) > MOST_LOCAL:
        yield path, f"has {len(found)} indexes", f"at most {MOST_LOCAL}"
    own = request.get("KeySchema", [])
    if found and not any(part.get("KeyType") == "RANGE" for part in own):
        allowed = "local indexes only for a table with a sort key"
        yield path, "is given, and the table has no sort key", allowed
    first = own[0].get("AttributeName") if own else None
    for index, item in enumerate(found):
        schema = item.get("KeySchema") or [{}]
        name = schema[0].get("AttributeName", first)
        if None not in (name, first) and name != first:
            problem = f"begins with {name!r}"
            yield f"{path}[{index}].KeySchema", problem, f"the table's own HASH, {first!r}"


def index_names(request: dict) -> Iterator[Remark]:
    seen = set()
    for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
        for index, item in enumerate(request.get(kind, [])):
            name = item.get("IndexName")
            if name is not None and name in seen:
                path = f"{kind}[{index}].IndexName"
                yield path, f"is {name!r} again", "each index a name of its own"
            seen.add(name)


def global_indexes(request: dict) -> Iterator[Remark]:
    number = len(request.get("GlobalSecondaryIndexes", []))
    if number > MOST_GLOBAL:
        path = "GlobalSecondaryIndexes"
        yield path, f"has {number} indexes", f"at most {MOST_GLOBAL}"


def throughput(request: dict) -> Iterator[Remark]:
    on_demand = request.get("BillingMode", "PROVISIONED") == "PAY_PER_REQUEST"
    places = [("", request)] + [
        (f"GlobalSecondaryIndexes[{index}].", item)
        for index, item in enumerate(request.get("GlobalSecondaryIndexes", []))
    ]
    for at, item in places:
        path, given = f"{at}ProvisionedThroughput", "ProvisionedThroughput" in item
        if given and on_demand:
            yield path, "is set with PAY_PER_REQUEST", "nothing, or BillingMode PROVISIONED"
        if not given and not on_demand:
            allowed = "read and write units, or BillingMode PAY_PER_REQUEST"
            yield path, "is missing", allowed


def stream_view(request: dict) -> Iterator[Remark]:
    given = request.get("StreamSpecification", {})
    if given.get("StreamEnabled") and "StreamViewType" not in given:
        allowed = "KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES"
        yield "StreamSpecification.StreamViewType", "is missing", allowed


_OLDER = {
    "ConditionExpression": ("Expected", "ConditionalOperator"),
    "UpdateExpression": ("AttributeUpdates",),
    "KeyConditionExpression": ("KeyConditions",),
    "FilterExpression": ("QueryFilter", "ScanFilter"),
    "ProjectionExpression": ("AttributesToGet",),
}


def one_language(request: dict) -> Iterator[Remark]:
    if not _OLDER.keys() & request.keys():
        return
    for new, names in _OLDER.items():
        for name in names:
            if name in request:
                problem = "is set beside an expression"
                yield name, problem, f"either expressions ({new}) or the older fields"


def names_used(request: dict) -> Iterator[Remark]:
    text = " ".join(request.get(name, "") for name in _OLDER)
    for field, sign in (
        ("ExpressionAttributeNames", "#"),
        ("ExpressionAttributeValues", ":"),
    ):
        for name in request.get(field, {}):
            if not name.startswith(sign) or len(name) < 2:
                yield f"{field}.{name}", f"is called {name!r}", f"{sign}name"
            elif not text.strip():
                yield f"{field}.{name}", "is given without an expression", "nothing"


def query_condition(request: dict) -> Iterator[Remark]:
    if not {"KeyConditionExpression", "KeyConditions"} & request.keys():
        allowed = "a condition on the partition key; Scan needs none"
        yield "KeyConditionExpression", "is missing", allowed


def cluster_size(request: dict) -> Iterator[Remark]:
    nodes = request.get("ReplicationFactor", 1)
    if not 1 <= nodes <= 11:
        yield "ReplicationFactor", f"is {nodes}", "1 to 11 nodes"


_GUIDE = "DynamoDB guide"
_MODEL = "text of the service model, shape"
_EXPRESSIONS = (
    Rule(one_language, f"{_GUIDE} 2023, LegacyConditionalParameters"),
    Rule(names_used, f"{_MODEL} ExpressionAttributeNameMap"),
)

RULES: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("dynamodb", "CreateTable"): (
        Rule(required_keys, f"{_GUIDE} 2026, HowItWorks.CoreComponents"),
        Rule(key_schema, f"{_GUIDE} 2026, GSI.DesignPattern.MultiAttributeKeys"),
        Rule(key_attributes, f"{_MODEL} CreateTableInput"),
        Rule(local_indexes, f"{_GUIDE} 2026, SecondaryIndexes"),
        Rule(global_indexes, f"{_GUIDE} 2026, SecondaryIndexes"),
        Rule(index_names, f"{_MODEL} CreateTableInput"),
        Rule(throughput, f"{_MODEL} CreateTableInput"),
        Rule(stream_view, f"{_MODEL} StreamSpecification"),
    ),
    **{
        ("dynamodb", name): _EXPRESSIONS
        for name in ("PutItem", "UpdateItem", "DeleteItem", "GetItem", "Scan")
    },
    ("dynamodb", "Query"): (*_EXPRESSIONS, Rule(query_condition, f"{_MODEL} QueryInput")),
    ("dax", "CreateCluster"): (Rule(cluster_size, f"{_GUIDE} 2026, DAX"),),
}
