"""State machines on a simulated clock: definitions, data, errors, time, history."""

import json
import random
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.clock import SimulatedClock
from labs_lib.platform import states
from labs_lib.platform.errors import Refusal
from labs_lib.platform.state_data import StateError, fill, read, steps_of, write
from labs_lib.platform.state_machines import findings, parse
from labs_lib.platform.states import Job, MachineRun, Work, retry_delay, takes


def machine(start, **named):
    return parse(json.dumps({"StartAt": start, "States": named}))


def run(definition, data=None, resources=None, **options):
    clock = SimulatedClock(start=1_000_000)
    execution = MachineRun(
        definition, data or {}, clock, resources or {}, **options
    ).start()
    clock.run()
    return execution


def one(data=None, **state):
    return run(machine("A", A={"End": True, **state}), data)


def task(resource="do", **more):
    return {"Type": "Task", "Resource": resource, "End": True, **more}


def kinds(execution):
    return [event.type for event in execution.history]


class Failing:
    """A task that fails with one error after the other, and then succeeds."""

    def __init__(self, *errors, seconds=0.0):
        self.errors, self.seconds, self.begun = list(errors), seconds, []

    def __call__(self, given):
        if self.errors:
            return Work(self.seconds, error=self.errors.pop(0), cause="as planned")
        return Work(self.seconds, output="done")


def moments(execution, kind):
    return [
        event.time - execution.started for event in execution.history if event.type == kind
    ]


# Retry and Catch

GUIDE = [
    {"ErrorEquals": ["ErrorA", "ErrorB"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 2},
    {"ErrorEquals": ["ErrorC"], "IntervalSeconds": 5},
]  # fmt: skip


def test_the_retries_of_the_guide():
    definition = machine(
        "Do",
        Do=task(Retry=GUIDE, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]),
        Caught={"Type": "Pass", "End": True},
    )
    resource = Failing("ErrorA", "ErrorB", "ErrorC", "ErrorB")
    execution = run(definition, resources={"do": resource})
    # Waits of 1, 2 and 5 seconds; the first retrier has no attempt left for the last error.
    assert moments(execution, "TaskStarted") == [0, 1, 3, 8]
    assert execution.status == "SUCCEEDED"
    assert execution.output == {"Error": "ErrorB", "Cause": "as planned"}


@given(
    st.integers(1, 100),
    st.floats(1, 4),
    st.integers(0, 12),
    st.one_of(st.none(), st.integers(1, 500)),
)
def test_the_arithmetic_of_retries(interval, rate, attempt, most):
    retrier = {"IntervalSeconds": interval, "BackoffRate": rate}
    if most is not None:
        retrier["MaxDelaySeconds"] = most
    delay = retry_delay(retrier, attempt)
    assert delay == min(interval * rate**attempt, most or float("inf"))
    jitter = retry_delay(
        {**retrier, "JitterStrategy": "FULL"}, attempt, random.Random(attempt)
    )
    assert 0 <= jitter <= delay
    assert retry_delay({}, 2) == 4


def test_a_retry_that_would_wait_longer_than_floats_go_has_a_limit():
    retrier = {"BackoffRate": 10.0, "MaxDelaySeconds": 60}
    assert retry_delay(retrier, 400) == 60


def test_three_attempts_are_the_default_and_none_is_possible():
    always = [{"ErrorEquals": ["States.ALL"]}]
    execution = run(
        machine("Do", Do=task(Retry=always)), resources={"do": Failing(*"abcdef")}
    )
    assert moments(execution, "TaskStarted") == [0, 1, 3, 7]
    assert (execution.status, execution.error) == ("FAILED", "d")
    never = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}]
    execution = run(machine("Do", Do=task(Retry=never)), resources={"do": Failing("a")})
    assert moments(execution, "TaskStarted") == [0]


@pytest.mark.parametrize(
    ("names", "error", "taken"),
    [
        (["E"], "E", True),
        (["E"], "F", False),
        (["States.ALL"], "E", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.TaskFailed"], "E", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.Runtime", False),
        (["States.Timeout"], "States.Timeout", True),
    ],
)
def test_which_errors_a_retrier_takes(names, error, taken):
    assert takes(names, error) is taken


def test_a_task_that_takes_too_long():
    definition = machine("Do", Do=task(TimeoutSeconds=5, Retry=[
        {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}]))  # fmt: skip
    execution = run(definition, resources={"do": lambda _: Work(6, output=1)})
    assert (execution.status, execution.error) == ("FAILED", "States.Timeout")
    assert moments(execution, "TaskTimedOut") == [5, 11]
    assert execution.stopped - execution.started == 11
    fast = run(definition, resources={"do": lambda _: Work(4, output=1)})
    assert (fast.output, fast.stopped - fast.started) == (1, 4)


# Polling against .sync


@pytest.mark.parametrize(
    ("wait", "seconds", "events"),
    [(1, 137, 1242), (5, 140, 261), (30, 150, 54), (60, 180, 36)],
)
def test_polling_a_query_of_137_seconds(wait, seconds, events):
    definition = machine(
        "Begin",
        Begin={**task("begin"), "Next": "Wait", "End": False},
        Wait={"Type": "Wait", "Seconds": wait, "Next": "Ask"},
        Ask={**task("ask"), "Next": "Done?", "End": False},
        **{
            "Done?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$", "StringEquals": "SUCCEEDED", "Next": "Yes"}],
                "Default": "Wait",
            }
        },
        Yes={"Type": "Succeed"},
    )
    clock = SimulatedClock()

    def ask(_):
        return "SUCCEEDED" if clock.now() >= 137 else "RUNNING"

    resources = {"begin": lambda _: "id", "ask": ask}
    execution = MachineRun(definition, {}, clock, resources).start()
    clock.run()
    assert execution.status == "SUCCEEDED"
    assert (execution.stopped, len(execution.history)) == (seconds, events)


def test_sync_spends_no_events_while_it_waits():
    answers = iter([None, None, {"State": "SUCCEEDED"}])
    definition = machine("Do", Do=task("job.sync"))
    execution = run(
        definition, resources={"job.sync": lambda _: Job(lambda: next(answers))}
    )
    assert execution.output == {"State": "SUCCEEDED"}
    assert execution.stopped - execution.started == 2 * states.POLL_SECONDS
    assert kinds(execution) == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]

    def broken():
        raise StateError("Athena.Failed", "no such table")

    execution = run(definition, resources={"job.sync": lambda _: Job(broken)})
    assert (execution.status, execution.error) == ("FAILED", "Athena.Failed")


LOOP = {
    "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Ask"},
    "Ask": {**task("ask"), "Next": "Done?", "End": False},
    "Done?": {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "IsNull": True, "Next": "Wait"}],
        "Default": "Yes",
    },
    "Yes": {"Type": "Succeed"},
}


def test_a_poll_each_second_dies_of_its_history_after_46_minutes():
    definition = machine("Wait", **LOOP)
    execution = run(definition, resources={"ask": lambda _: None})
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert "25000" in execution.cause
    assert len(execution.history) == states.EVENTS
    assert (execution.stopped - execution.started) // 60 == 46
    slower = machine("Wait", **{**LOOP, "Wait": {**LOOP["Wait"], "Seconds": 5}})
    execution = run(slower, resources={"ask": lambda _: None})
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert round((execution.stopped - execution.started) / 3_600, 1) == 3.9
    express = run(definition, resources={"ask": lambda _: None}, express=True)
    assert (express.status, express.stopped - express.started) == ("TIMED_OUT", 300)


def test_every_run_is_the_same():
    jitter = [{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL", "MaxAttempts": 9}]
    runs = [
        run(machine("Do", Do=task(Retry=jitter)), resources={"do": Failing(*"abcdefgh")})
        for _ in range(2)
    ]
    assert runs[0].history == runs[1].history
    assert [event.id for event in runs[0].history] == list(
        range(1, len(runs[0].history) + 1)
    )


# Data


def test_how_input_becomes_output():
    assert one({"a": 1}, Type="Pass").output == {"a": 1}
    assert one({"a": {"b": 1}}, Type="Pass", InputPath="$.a").output == {"b": 1}
    assert one({"a": 1}, Type="Pass", OutputPath="$.a").output == 1
    assert one({"a": 1}, Type="Pass", Result=2, ResultPath="$.b.c").output == {
        "a": 1,
        "b": {"c": 2},
    }
    assert one({"a": 1}, Type="Pass", Result=2, ResultPath=None).output == {"a": 1}
    assert one({"a": 1}, Type="Pass", InputPath=None).output == {}
    filled = one(
        {"a": [5, 6]}, Type="Pass", Parameters={"x.$": "$.a[1]", "y": {"z.$": "$"}}
    )
    assert filled.output == {"x": 6, "y": {"z": {"a": [5, 6]}}}
    named = one(Type="Pass", Parameters={"name.$": "$$.Execution.Name"})
    assert named.output == {"name": "execution"}  # fmt: skip


def test_a_result_is_selected_and_placed():
    definition = machine(
        "Do", Do=task(ResultSelector={"n.$": "$.rows[0]"}, ResultPath="$.found")
    )
    execution = run(definition, {"a": 1}, {"do": lambda _: {"rows": [7], "more": 0}})
    assert execution.output == {"a": 1, "found": {"n": 7}}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abc"), JSON), st.lists(st.sampled_from("abc"), min_size=1, max_size=3), JSON)  # fmt: skip
def test_what_is_written_is_read_and_nothing_else_changes(data, names, value):
    path = "".join(
        f"['{name}']" if number % 2 else f".{name}" for number, name in enumerate(names)
    )
    before = json.dumps(data)
    at = data
    for name in names[:-1]:
        at = at.get(name, {}) if isinstance(at, dict) else None
    if not isinstance(at, dict):
        with pytest.raises(StateError) as caught:
            write(f"${path}", data, value)
        assert caught.value.error == "States.ResultPathMatchFailure"
        return
    changed = write(f"${path}", data, value)
    assert json.dumps(data) == before
    assert read(f"${path}", changed, {}, error="x") == value
    assert {k: v for k, v in changed.items() if k != names[0]} == {
        k: v for k, v in data.items() if k != names[0]
    }
    assert fill({"v.$": f"${path}"}, changed, {}) == {"v": value}


@pytest.mark.parametrize(
    "path", ["a", "$a", "$.", "$..a", "$.a[*]", "$.a[-1]", "$.a[?(@.b)]", ""]
)
def test_what_is_no_path(path):
    with pytest.raises(ValueError, match="no reference path"):
        steps_of(path)


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({"Type": "Pass", "InputPath": "$.x"}, "States.Runtime"),
        ({"Type": "Pass", "Parameters": {"a.$": "$.x"}}, "States.ParameterPathFailure"),
        ({"Type": "Pass", "ResultPath": "$.a.b"}, "States.ResultPathMatchFailure"),
        ({"Type": "Wait", "SecondsPath": "$.a"}, "States.Runtime"),
        ({"Type": "Wait", "TimestampPath": "$.a"}, "States.Runtime"),
        ({"Type": "Map", "ItemsPath": "$.a", "ItemProcessor": None}, "States.Runtime"),
        (task("nothing"), "States.Runtime"),
    ],
)
def test_data_that_do_not_fit_fail_the_execution(state, error):
    if "ItemProcessor" in state:
        state["ItemProcessor"] = {
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", "End": True}},
        }
    execution = one({"a": "text"}, **state)
    assert (execution.status, execution.error) == ("FAILED", error)


def test_data_have_at_most_256_kib():
    definition = machine("Do", Do=task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]),
                         Caught={"Type": "Pass", "End": True})  # fmt: skip
    large = run(definition, resources={"do": lambda _: "x" * 262_143})
    assert (large.status, large.error) == ("FAILED", "States.DataLimitExceeded")
    assert run(definition, resources={"do": lambda _: "x" * 262_142}).status == "SUCCEEDED"


# Choice and Wait


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"Variable": "$.s", "StringEquals": "b"}, True),
        ({"Variable": "$.s", "StringLessThan": "c"}, True),
        ({"Variable": "$.s", "StringGreaterThanEquals": "c"}, False),
        ({"Variable": "$.s", "StringMatches": "*b*"}, True),
        ({"Variable": "$.s", "StringMatches": r"\*"}, False),
        ({"Variable": "$.s", "StringEqualsPath": "$.t"}, False),
        ({"Variable": "$.n", "NumericEquals": 5.0}, True),
        ({"Variable": "$.n", "NumericLessThanEquals": 4}, False),
        ({"Variable": "$.n", "NumericGreaterThanPath": "$.m"}, True),
        ({"Variable": "$.n", "StringEquals": "5"}, False),
        ({"Variable": "$.yes", "BooleanEquals": True}, True),
        ({"Variable": "$.yes", "NumericEquals": 1}, False),
        ({"Variable": "$.at", "TimestampLessThan": "2026-03-01T13:00:00+02:00"}, False),
        ({"Variable": "$.at", "TimestampEquals": "2026-03-01T14:00:00+02:00"}, True),
        ({"Variable": "$.none", "IsNull": True}, True),
        ({"Variable": "$.absent", "IsPresent": False}, True),
        ({"Variable": "$.none", "IsPresent": True}, True),
        ({"Variable": "$.n", "IsNumeric": True}, True),
        ({"Variable": "$.yes", "IsNumeric": True}, False),
        ({"Variable": "$.s", "IsString": True}, True),
        ({"Variable": "$.yes", "IsBoolean": False}, False),
        ({"Variable": "$.at", "IsTimestamp": True}, True),
        ({"Not": {"Variable": "$.n", "NumericEquals": 5}}, False),
        ({"And": [{"Variable": "$.s", "IsString": True}, {"Variable": "$.n", "NumericEquals": 5}]}, True),
        ({"Or": [{"Variable": "$.n", "NumericEquals": 4}, {"Variable": "$.n", "NumericEquals": 5}]}, True),
    ],
)  # fmt: skip
def test_the_rules_of_a_choice(rule, holds):
    data = {"s": "b", "t": "c", "n": 5, "m": 4, "yes": True, "none": None}
    data["at"] = "2026-03-01T12:00:00Z"
    definition = machine(
        "Which",
        Which={"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        Yes={"Type": "Pass", "Result": True, "End": True},
        No={"Type": "Pass", "Result": False, "End": True},
    )
    assert run(definition, data).output is holds


def test_a_choice_without_a_rule_that_holds():
    definition = machine(
        "Which",
        Which={
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "IsPresent": True, "Next": "Yes"}],
        },
        Yes={"Type": "Succeed"},
    )
    execution = run(definition)
    assert (execution.status, execution.error) == ("FAILED", "States.NoChoiceMatched")
    missing = json.loads(json.dumps(definition))
    missing["States"]["Which"]["Choices"][0] = {
        "Variable": "$.n",
        "IsNull": True,
        "Next": "Yes",
    }
    assert run(missing).error == "States.Runtime"


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        ({"Seconds": 0}, 0),
        ({"Seconds": 31_000_000}, 31_000_000),
        ({"SecondsPath": "$.n"}, 7),
        ({"Timestamp": "1970-01-12T13:46:50Z"}, 10),
        ({"TimestampPath": "$.at"}, 0),
    ],
)
def test_waits(wait, seconds):
    execution = one({"n": 7, "at": "1970-01-01T00:00:00Z"}, Type="Wait", **wait)
    assert execution.stopped - execution.started == seconds
    assert execution.status == "SUCCEEDED"


def test_an_execution_has_a_year_or_what_the_machine_says():
    execution = one(Type="Wait", Seconds=32_000_000)
    assert (execution.status, execution.error) == ("TIMED_OUT", "States.Timeout")
    assert execution.stopped - execution.started == 365 * 86_400
    definition = {
        **machine("A", A={"Type": "Wait", "Seconds": 9, "End": True}),
        "TimeoutSeconds": 5,
    }
    execution = run(definition)
    assert (execution.status, execution.stopped - execution.started) == ("TIMED_OUT", 5)


def test_an_execution_is_stopped_once():
    clock, ended = SimulatedClock(), []
    definition = machine("A", A={"Type": "Wait", "Seconds": 9, "End": True})
    execution = MachineRun(definition, {}, clock, {}, on_end=ended.append).start()
    clock.step(3)
    execution.stop("Enough", "of this")
    execution.stop("Again")
    assert clock.run() == 3
    assert (execution.status, execution.error, execution.stopped) == (
        "ABORTED",
        "Enough",
        3,
    )
    assert ended == [execution]


# Parallel and Map

PASS = {"Type": "Pass", "End": True}


def inner(**state):
    return {"StartAt": "I", "States": {"I": {"End": True, **state}}}


def test_branches_run_side_by_side_and_keep_their_places():
    branches = [inner(Type="Wait", Seconds=9), inner(Type="Pass", Result=2), inner(Type="Wait", Seconds=4)]  # fmt: skip
    execution = one({"a": 1}, Type="Parallel", Branches=branches)
    assert execution.output == [{"a": 1}, 2, {"a": 1}]
    assert execution.stopped - execution.started == 9


def test_a_branch_that_fails_ends_the_others():
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "F"},
                                       "F": {"Type": "Fail", "Error": "E", "Cause": "c"}}}  # fmt: skip
    slow = {"StartAt": "S", "States": {"S": task("slow")}}
    caught = [{"ErrorEquals": ["E"], "Next": "Caught", "ResultPath": "$.error"}]
    definition = machine(
        "Both",
        Both={"Type": "Parallel", "Branches": [slow, wait], "Catch": caught, "End": True},
        Caught={"Type": "Succeed"},
    )
    execution = run(definition, {"a": 1}, {"slow": lambda _: Work(100)})
    assert execution.output == {"a": 1, "error": {"Error": "E", "Cause": "c"}}
    assert execution.stopped - execution.started == 1
    assert "TaskSucceeded" not in kinds(execution)


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), max_size=12), st.integers(0, 5))
def test_a_map_keeps_the_order_and_runs_so_many_at_once(items, at_once):
    definition = machine("Each", Each={
        "Type": "Map", "MaxConcurrency": at_once, "End": True, "ItemsPath": "$.items",
        "ItemSelector": {"n.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index"},
        "ItemProcessor": {"StartAt": "Do", "States": {"Do": task()}},
    })  # fmt: skip
    running, most = [0], [0]

    def work(given):
        running[0] += 1
        most[0] = max(most[0], running[0])

        times = count()

        def ask():
            if next(times) < given["n"]:
                return None
            running[0] -= 1
            return given

        return Job(ask)

    execution = run(definition, {"items": items}, {"do": work})
    assert execution.output == [{"n": n, "at": at} for at, n in enumerate(items)]
    assert most[0] <= (at_once or len(items))
    # Greedy, in order: the same as a list of workers that are free first.
    free = [0] * min(at_once or len(items), len(items))
    for n in items:
        free.sort()
        free[0] += n
    assert execution.stopped - execution.started == max(free, default=0)


def test_an_item_that_fails_fails_the_map():
    definition = machine("Each", Each={
        "Type": "Map", "End": True, "Iterator": inner(Type="Wait", SecondsPath="$"),
        "Retry": [{"ErrorEquals": ["States.ALL"]}]})  # fmt: skip
    execution = run(definition, [1, "x", 3])
    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert "MapIterationFailed" in kinds(execution)
    assert run(definition, [1, 2, 3]).output == [1, 2, 3]


# Definitions


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("[", "INVALID_JSON"),
        ('{"not": "asl"}', "expected an object with at least one state"),
        ("[]", "a JSON object"),
        ('{"StartAt": "B", "States": {"A": {"Type": "Succeed"}}}', "expected the name of a state"),
        ('{"StartAt": "A", "States": {"A": {"Type": "Go"}}}', "expected one of Task"),
        ('{"StartAt": "A", "States": {"A": 1}}', "expected one of Task"),
        ('{"StartAt": "A", "States": {}}', "at least one state"),
        ('{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}', "no state ends"),
        ('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}, "Stats": 1}', "no such field at /Stats"),
    ],
)  # fmt: skip
def test_what_is_no_machine(definition, message):
    with pytest.raises(Refusal, match=message) as caught:
        parse(definition)
    assert caught.value.code == "InvalidDefinition"


def test_a_definition_has_at_most_a_mebibyte():
    state = {"Type": "Pass", "End": True, "Comment": "x" * (1 << 20)}
    with pytest.raises(Refusal, match="1048576 bytes"):
        parse(json.dumps({"StartAt": "A", "States": {"A": state}}))


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"Type": "Pass", "End": False}, "either Next or End"),
        ({"Type": "Pass", "Next": "A", "End": True}, "either Next or End"),
        ({"Type": "Pass", "Next": "B", "End": False}, "no state 'B'"),
        ({"Type": "Pass", "Resource": "x"}, "a Pass state has no such field"),
        ({"Type": "Pass", "Parameters": {"a.$": "x"}}, "no reference path"),
        ({"Type": "Pass", "Parameters": {"a": [{"b.$": "States.UUID()"}]}}, "intrinsic"),
        ({"Type": "Pass", "InputPath": 5}, "no reference path"),
        ({"Type": "Pass", "QueryLanguage": "JSONata"}, "only JSONPath"),
        ({"Type": "Pass", "Assign": {}}, "variables are not carried out"),
        ({"Type": "Wait"}, "there are 0"),
        ({"Type": "Wait", "Seconds": 1, "SecondsPath": "$.a"}, "there are 2"),
        ({"Type": "Wait", "Seconds": -1}, "from 0"),
        ({"Type": "Wait", "Seconds": True}, "from 0"),
        ({"Type": "Wait", "Timestamp": "tomorrow"}, "a time such as"),
        ({"Type": "Task"}, "the ARN of what is to be done"),
        (task("arn:aws:states:::sqs:sendMessage.waitForTaskToken"), "task tokens"),
        (task(HeartbeatSeconds=5), "heartbeats"),
        (task(TimeoutSeconds=0), "above 0"),
        (task(Retry={}), "expected a list"),
        (task(Retry=[1]), "expected an object"),
        (task(Retry=[{"ErrorEquals": []}]), "names of errors"),
        (task(Retry=[{"ErrorEquals": ["States.ALL", "E"]}]), "stands alone"),
        (task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]), "last place"),
        (task(Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 0}]), "above 0"),
        (task(Retry=[{"ErrorEquals": ["E"], "MaxAttempts": -1}]), "0 or more"),
        (task(Retry=[{"ErrorEquals": ["E"], "BackoffRate": 0.5}]), "1 or more"),
        (task(Retry=[{"ErrorEquals": ["E"], "MaxDelaySeconds": 31_622_401}]), "31,622,400"),
        (task(Retry=[{"ErrorEquals": ["E"], "JitterStrategy": "HALF"}]), "NONE or FULL"),
        (task(Retry=[{"ErrorEquals": ["E"], "Next": "A"}]), "no such field"),
        (task(Catch=[{"ErrorEquals": ["E"]}]), "no state 'None'"),
        ({"Type": "Parallel"}, "a list of state machines"),
        ({"Type": "Parallel", "Branches": [1]}, "a state machine"),
        ({"Type": "Parallel", "Branches": [{"StartAt": "X", "States": {"Y": PASS}}]}, "Branches\\[0\\]/StartAt"),
        ({"Type": "Map"}, "one state machine for all items"),
        ({"Type": "Map", "Iterator": 1}, "a state machine"),
        ({"Type": "Map", "ItemProcessor": {**inner(**PASS), "ProcessorConfig": {"Mode": "DISTRIBUTED"}}}, "INLINE"),
        ({"Type": "Map", "ItemProcessor": inner(**PASS), "MaxConcurrency": -1}, "0 for no limit"),
        ({"Type": "Map", "ItemProcessor": inner(**PASS), "ItemReader": {}}, "distributed maps"),
    ],
)  # fmt: skip
def test_states_that_are_refused(state, message):
    states_ = {"A": {"End": True, **state}, "Z": {"Type": "Succeed"}}
    with pytest.raises(Refusal, match=message):
        parse(json.dumps({"StartAt": "A", "States": states_}))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ([], "at least one rule"),
        ([1], "one operator"),
        ([{"Variable": "$", "Next": "Z"}], "there are 0"),
        ([{"Variable": "$", "IsNull": True, "IsString": True, "Next": "Z"}], "there are 2"),
        ([{"Variable": "$", "IsNull": True}], "no state 'None'"),
        ([{"IsNull": True, "Next": "Z"}], "no reference path"),
        ([{"Variable": "$", "IsNull": 1, "Next": "Z"}], "true or false"),
        ([{"Variable": "$", "StringIs": "x", "Next": "Z"}], "no such operator"),
        ([{"Variable": "$", "NumericEquals": "5", "Next": "Z"}], "cannot be compared so"),
        ([{"Variable": "$", "NumericEqualsPath": 5, "Next": "Z"}], "no reference path"),
        ([{"Variable": "$", "StringMatches": 5, "Next": "Z"}], "any characters"),
        ([{"And": [], "Next": "Z"}], "a list of rules"),
        ([{"Not": {"Variable": "$"}, "Next": "Z"}], "there are 0"),
    ],
)
def test_choices_that_are_refused(choices, message):
    named = {"A": {"Type": "Choice", "Choices": choices}, "Z": {"Type": "Succeed"}}
    with pytest.raises(Refusal, match=message):
        parse(json.dumps({"StartAt": "A", "States": named}))


def test_a_choice_has_no_next_and_every_finding_is_told():
    found = findings({
        "StartAt": "A",
        "TimeoutSeconds": 0,
        "States": {
            "A": {"Type": "Choice", "Next": "Z", "Default": "Y", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Z"}]},
            "Z": {"Type": "Fail", "End": True},
        },
    })  # fmt: skip
    assert [place for place, _ in found] == [
        "States/A/Next",
        "States/A/Default",
        "States/Z/End",
        "TimeoutSeconds",
    ]


@given(JSON)
def test_no_json_breaks_the_check(thing):
    assert isinstance(findings(thing), list)
    wrapped = {
        "StartAt": "a",
        "States": {"a": thing, "b": {"Type": "Task", "Catch": thing}},
    }
    assert findings(wrapped)
    nested = {
        "Type": "Choice",
        "Choices": [{"And": thing, "Variable": thing, "Next": thing}],
    }
    assert findings({"StartAt": "a", "States": {"a": nested}})
