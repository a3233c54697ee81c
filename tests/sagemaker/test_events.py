"""EventBridge: patterns against the guide's examples; rules, targets, events."""

import json
import time

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.event_patterns import check, matches

from .conftest import ONCE

# One line an operator of the guide: pattern, an event that matches, one that does not.
EXAMPLES = [
    ({"source": ["a", "b"]}, {"source": "b"}, {"source": "c"}),
    ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": "y"}, {"a": "x", "b": "z"}),
    ({"detail": {"state": ["on"]}}, {"detail": {"state": "on"}}, {"detail": {"state": 1}}),
    ({"time": [{"prefix": "2017-10-02"}]}, {"time": "2017-10-02T18"}, {"time": "2017-10-03"}),
    (
        {"s": [{"prefix": {"equals-ignore-case": "EventB"}}]},
        {"s": "eventbridge"},
        {"s": "xeventb"},
    ),
    ({"f": [{"suffix": ".png"}]}, {"f": "a.png"}, {"f": "a.PNG"}),
    ({"f": [{"suffix": {"equals-ignore-case": ".png"}}]}, {"f": "a.PNG"}, {"f": "png"}),
    ({"d": [{"equals-ignore-case": "alice"}]}, {"d": "ALICE"}, {"d": "alic"}),
    ({"s": [{"anything-but": "off"}]}, {"s": "on"}, {"s": "off"}),
    ({"s": [{"anything-but": ["off", "over"]}]}, {"s": "on"}, {"s": "over"}),
    ({"n": [{"anything-but": [100, 200]}]}, {"n": 300}, {"n": 100}),
    ({"s": [{"anything-but": {"prefix": "init"}}]}, {"s": "on"}, {"s": "initial"}),
    ({"s": [{"anything-but": {"suffix": [".a", ".b"]}}]}, {"s": "x.c"}, {"s": "x.b"}),
    ({"s": [{"anything-but": {"wildcard": "*/lib/*"}}]}, {"s": "/src/a"}, {"s": "/lib/a"}),
    ({"s": [{"anything-but": {"equals-ignore-case": "off"}}]}, {"s": "on"}, {"s": "OFF"}),
    ({"n": [{"numeric": ["=", 301.8]}]}, {"n": 301.8}, {"n": "301.8"}),
    ({"n": [{"numeric": [">", 0, "<=", 5]}]}, {"n": 5}, {"n": 0}),
    ({"n": [{"numeric": ["<", -1e9]}]}, {"n": -2e9}, {"n": True}),
    ({"ip": [{"cidr": "10.0.0.0/24"}]}, {"ip": "10.0.0.9"}, {"ip": "10.0.1.0"}),
    ({"ip": [{"cidr": "2001:db8::/32"}]}, {"ip": "2001:db8::1"}, {"ip": "x"}),
    ({"a": [{"exists": True}]}, {"a": None}, {"b": 1}),
    ({"a": [{"exists": True}]}, {"a": 0}, {"a": {"inner": 1}}),
    ({"a": [{"exists": False}]}, {"b": 1}, {"a": ""}),
    ({"a": {"b": [{"exists": False}]}}, {}, {"a": {"b": 1}}),
    ({"p": [{"wildcard": "dir/*.png"}]}, {"p": "dir/x/y.png"}, {"p": "dir/.jpg"}),
    ({"p": [{"wildcard": "a*a"}]}, {"p": "aa"}, {"p": "a"}),
    ({"p": [{"wildcard": r"a\*b\\"}]}, {"p": "a*b\\"}, {"p": "axb\\"}),
    (
        {"$or": [{"a": [1]}, {"b": [{"numeric": ["<", 10]}]}]},
        {"a": 2, "b": 5},
        {"a": 2, "b": 10},
    ),
    ({"d": {"$or": [{"a": [1]}, {"b": [2]}], "c": [3]}}, {"d": {"b": 2, "c": 3}}, {"d": {"b": 2}}),
    ({"a": [None]}, {"a": None}, {}),
    ({"a": [""]}, {"a": ""}, {"a": None}),
    # Lists: one element of the event suffices.
    ({"r": ["x", "y"]}, {"r": ["z", "y"]}, {"r": ["z"]}),
    ({"r": [{"prefix": "arn:"}]}, {"r": [1, "arn:a"]}, {"r": []}),
    ({"l": {"n": [1]}}, {"l": [{"n": 2}, {"n": 1}]}, {"l": [{"n": 2}]}),
    # A number is no text, 300 is not 300.0, and true is not 1.
    ({"n": [300]}, {"n": 300}, {"n": 300.0}),
    ({"n": [1]}, {"n": 1}, {"n": True}),
    ({"n": ["1"]}, {"n": "1"}, {"n": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "taken", "left"), EXAMPLES)
def test_operators_of_the_guide(pattern, taken, left):
    check(pattern)
    assert matches(pattern, taken)
    assert not matches(pattern, left)


@given(st.text("ab*", max_size=8), st.text("ab", max_size=8))
def test_wildcards_are_those_of_the_shell(pattern, text):
    import fnmatch

    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    rule = {"x": [{"wildcard": pattern}]}
    assert matches(rule, {"x": text}) == fnmatch.fnmatchcase(text, pattern)


LEAF = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))


@given(st.dictionaries(st.sampled_from("abc"), LEAF, min_size=1))
def test_an_event_is_taken_by_its_own_values(event):
    assert matches({name: [value] for name, value in event.items()}, event)


@given(LEAF, LEAF)
def test_anything_but_is_the_opposite_of_equality(wanted, found):
    if wanted is None:
        return
    same = matches({"a": [wanted]}, {"a": found})
    assert matches({"a": [{"anything-but": wanted}]}, {"a": found}) is not same


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        [],
        "x",
        {"a": "x"},
        {"a": []},
        {"a": {}},
        {"a": [["x"]]},
        {"a": [{"prefix": "x", "suffix": "y"}]},
        {"a": [{"like": "x"}]},
        {"a": [{"prefix": 1}]},
        {"a": [{"numeric": [">"]}]},
        {"a": [{"numeric": ["!", 1]}]},
        {"a": [{"numeric": [">", True]}]},
        {"a": [{"exists": "yes"}]},
        {"a": [{"cidr": "10.0.0.0/99"}]},
        {"a": [{"wildcard": "a**"}]},
        {"a": [{"anything-but": {"numeric": [">", 1]}}]},
        {"a": [{"anything-but": []}]},
        {"$or": [{"a": [1]}]},
        {"$or": {"a": [1]}},
    ],
)
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(ApiError) as caught:
        check(pattern)
    assert caught.value.code == "InvalidEventPatternException"


# Rules


@pytest.fixture
def bus(local):
    return local.client("events", config=ONCE)


@pytest.fixture
def queue(local, request):
    sqs = local.client("sqs", config=ONCE)
    name = request.node.name[:80]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])

    def read():
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(m["Body"]) for m in messages.get("Messages", [])]

    read.arn = found["Attributes"]["QueueArn"]
    return read


def rule(bus, queue, name, pattern, **target):
    bus.put_rule(Name=name, EventPattern=json.dumps(pattern))
    bus.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue.arn, **target}])


def test_an_event_goes_to_the_rules_that_take_it(bus, queue):
    rule(
        bus,
        queue,
        "mine",
        {"source": ["shop"], "detail": {"total": [{"numeric": [">", 9]}]}},
    )
    entry = {"Source": "shop", "DetailType": "order"}
    answer = bus.put_events(
        Entries=[
            {**entry, "Detail": '{"total": 10}'},
            {**entry, "Detail": '{"total": 9}'},
            {**entry, "Detail": "["},
            {**entry, "Source": "aws.s3", "Detail": "{}"},
        ]
    )
    assert answer["FailedEntryCount"] == 2
    codes = [item.get("ErrorCode") for item in answer["Entries"]]
    assert codes == [None, None, "MalformedDetail", "NotAuthorizedForSource"]
    (event,) = queue()
    assert event["detail"] == {"total": 10}
    assert event["detail-type"] == "order"
    assert event["id"] == answer["Entries"][0]["EventId"]
    assert (
        abs(time.time() - time.mktime(time.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")))
        < 1e5
    )


def test_a_target_may_want_a_part_or_a_constant(bus, queue):
    rule(bus, queue, "part", {"source": ["part"]}, InputPath="$.detail.inner")
    rule(bus, queue, "constant", {"source": ["constant"]}, Input='{"do": "it"}')
    entry = {"DetailType": "t", "Detail": '{"inner": [1]}'}
    bus.put_events(Entries=[{**entry, "Source": name} for name in ("part", "constant")])
    assert queue() == [[1], {"do": "it"}]


def test_a_disabled_rule_is_quiet_and_a_changed_one_keeps_its_targets(bus, queue):
    rule(bus, queue, "switch", {"source": ["switch"]})
    entry = [{"Source": "switch", "DetailType": "t", "Detail": "{}"}]
    bus.disable_rule(Name="switch")
    bus.put_events(Entries=entry)
    assert queue() == []
    bus.put_rule(Name="switch", EventPattern='{"source": ["switch"]}')
    assert bus.describe_rule(Name="switch")["State"] == "ENABLED"
    bus.put_events(Entries=entry)
    assert len(queue()) == 1


def test_what_is_refused(bus, queue):
    rule(bus, queue, "full", {"source": ["x"]})
    with pytest.raises(ClientError, match="has targets"):
        bus.delete_rule(Name="full")
    with pytest.raises(bus.exceptions.LimitExceededException):
        bus.put_targets(
            Rule="full", Targets=[{"Id": str(n), "Arn": queue.arn} for n in range(9)]
        )
    with pytest.raises(bus.exceptions.ResourceNotFoundException, match="only queues"):
        bus.put_targets(Rule="full", Targets=[{"Id": "2", "Arn": "arn:aws:lambda:x"}])
    with pytest.raises(bus.exceptions.InvalidEventPatternException):
        bus.put_rule(Name="bad", EventPattern='{"a": "b"}')
    with pytest.raises(ClientError, match="timetable"):
        bus.put_rule(Name="bad", ScheduleExpression="rate(1 day)")
    with pytest.raises(bus.exceptions.ResourceNotFoundException):
        bus.describe_rule(Name="bad")
