"""The walk over the service model: the three kinds of limits, types, patterns, messages."""

import copy
import os
import pickle
import re
import socket
import subprocess
import sys
from decimal import Decimal

import pytest
from botocore.validate import validate_parameters
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib import aws
from labs_lib.aws import request as module
from labs_lib.aws.request import python_pattern
from tests.aws.examples import GOOD, changed, channel

JOB = GOOD["CreateTrainingJob"]


def errors(operation: str, request, service: str = "sagemaker") -> tuple[aws.Finding, ...]:
    with pytest.raises(aws.RequestError) as caught:
        aws.validate(operation, request, service=service)
    return caught.value.findings


def only_error(request, operation: str = "CreateTrainingJob") -> aws.Finding:
    (finding,) = errors(operation, request)
    return finding


@pytest.fixture(scope="module")
def model():
    return module.service_model("sagemaker")


def test_a_valid_job_and_how_it_reads():
    answer = aws.validate("CreateTrainingJob", JOB)
    assert answer.notes == ()
    assert repr(answer) == "CreateTrainingJob: valid (32 fields checked)"
    assert answer._repr_html_() == "<p>CreateTrainingJob: valid (32 fields checked)</p>"


def test_notes_stand_below_and_are_escaped():
    note = aws.Finding("A", "is <b>", "less & more", "rule", "guide", "warning")
    answer = aws.Validation("Op", 1, (note,))
    assert repr(answer) == (
        "Op: valid (1 field checked)\n  warning: A is <b>. Allowed: less & more. [guide]"
    )
    assert "<li>warning: A is &lt;b&gt;. Allowed: less &amp; more." in answer._repr_html_()


def test_the_request_is_not_changed():
    request = changed(JOB)
    aws.validate("CreateTrainingJob", request)
    assert request == JOB


# What botocore's own validator lets pass


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("TrainingJobName", "fraud model " * 6 + "12345678"),
        ("AlgorithmSpecification.TrainingInputMode", "Foo"),
        ("ResourceConfig.InstanceType", "ml.nope"),
    ],
)
def test_botocore_alone_lets_it_pass(model, path, value):
    shape = model.operation_model("CreateTrainingJob").input_shape
    request = changed(JOB, (path, value))
    assert validate_parameters(request, shape) is None
    assert {finding.path for finding in errors("CreateTrainingJob", request)} == {path}


def test_job_name_of_80_characters_with_spaces():
    name = "fraud model " * 6 + "12345678"
    assert len(name) == 80
    long, spaces = errors("CreateTrainingJob", changed(JOB, ("TrainingJobName", name)))
    assert (long.rule, long.allowed) == ("maximum", "at most 63 characters")
    assert long.problem.endswith(", 80 characters long")
    assert spaces.rule == "pattern"
    assert spaces.allowed == "text that matches [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    assert spaces.source == "service model, shape TrainingJobName"


def test_enum_names_all_of_a_few_values():
    finding = only_error(changed(JOB, ("AlgorithmSpecification.TrainingInputMode", "Foo")))
    assert str(finding) == (
        "AlgorithmSpecification.TrainingInputMode is 'Foo'. Allowed: Pipe, File, FastFile. "
        "[service model, shape TrainingInputMode]"
    )


@pytest.mark.parametrize(
    ("value", "first"), [("ml.m5.xlrge", "ml.m5.xlarge"), ("ML.M5.LARGE", "ml.m5.large")]
)
def test_enum_names_the_closest_of_many_values(value, first):
    finding = only_error(changed(JOB, ("ResourceConfig.InstanceType", value)))
    assert finding.allowed.startswith(first + ", ")
    assert re.search(r" or \d{3} others$", finding.allowed)


def test_enum_inside_a_list():
    finding = only_error(changed(JOB, ("InputDataConfig.1.InputMode", "Foo")))
    assert finding.path == "InputDataConfig[1].InputMode"


def test_maximum_of_a_number():
    finding = only_error(changed(JOB, ("RetryStrategy", {"MaximumRetryAttempts": 31})))
    assert finding.path == "RetryStrategy.MaximumRetryAttempts"
    assert (finding.problem, finding.allowed) == ("is 31", "at most 30")


def test_maximum_of_a_list():
    channels = [channel(f"train-{index}") for index in range(21)]
    finding = only_error(changed(JOB, ("InputDataConfig", channels)))
    assert (finding.problem, finding.allowed) == ("has 21 items", "at most 20 items")


def test_maximum_of_a_map():
    hyperparameters = {f"p{index}": "1" for index in range(101)}
    finding = only_error(changed(JOB, ("HyperParameters", hyperparameters)))
    assert (finding.problem, finding.allowed) == ("has 101 entries", "at most 100 entries")


def test_maximum_of_a_blob():
    request = {"EndpointName": "fraud", "InputLocation": "s3://payments/a.csv"}
    request["CustomAttributes"] = "é"
    (finding,) = errors("InvokeEndpointAsync", request, "sagemaker-runtime")
    assert (finding.path, finding.rule) == ("CustomAttributes", "pattern")
    body = {"EndpointName": "fraud", "Body": bytes(26 * 1024 * 1024)}
    (finding,) = errors("InvokeEndpoint", body, "sagemaker-runtime")
    assert (finding.path, finding.allowed) == ("Body", "at most 6291456 bytes")


def test_keys_of_a_map():
    key = "k" * 257
    finding = only_error(changed(JOB, ("HyperParameters", {key: "1"})))
    assert finding.path == f"HyperParameters (key: {key})"
    assert finding.allowed == "at most 256 characters"


def test_numbers_that_are_none():
    finding = only_error(changed(JOB, ("ResourceConfig.InstanceCount", True)))
    assert (finding.rule, finding.problem) == ("type", "is True, of type bool")
    variants = [{"VariantName": "a", "InitialVariantWeight": float("nan")}]
    request = {"EndpointConfigName": "a", "ProductionVariants": variants}
    finding = only_error(request, "CreateEndpointConfig")
    assert finding.path == "ProductionVariants[0].InitialVariantWeight"
    assert (finding.problem, finding.allowed) == (
        "is nan, of type float",
        "a finite number",
    )


# What botocore's own validator finds


def test_missing_field():
    finding = only_error(changed(JOB, ("InputDataConfig.0.ChannelName", ...)))
    assert finding.path == "InputDataConfig[0].ChannelName"
    assert (finding.rule, finding.problem) == ("required", "is missing")


def test_unknown_field():
    finding = only_error(changed(JOB, ("TrainingJobNames", "a")))
    assert (finding.path, finding.rule) == ("TrainingJobNames", "unknown")
    assert finding.allowed.startswith("TrainingJobName, ")


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        (5, "str, here '5'"),
        (0.2, "str, here '0.2'"),
        (True, "str, here 'true'"),
        (None, "str"),
    ],
)
def test_hyperparameters_are_text(value, allowed):
    finding = only_error(changed(JOB, ("HyperParameters.max_depth", value)))
    assert (finding.path, finding.allowed) == ("HyperParameters.max_depth", allowed)


def test_minimum_of_a_number_and_of_a_length():
    number = only_error(changed(JOB, ("StoppingCondition.MaxPendingTimeInSeconds", 1799)))
    assert (number.rule, number.allowed) == ("minimum", "at least 1800")
    length = only_error(changed(JOB, ("InputDataConfig", [])))
    assert (length.problem, length.allowed) == (
        "has the length 0",
        "a length of at least 1",
    )


EFS = {"EFSFileSystem": {"FileSystemId": "fs-0123456789abcdef0"}}
S3 = {"S3FileSystem": {"S3Uri": "s3://payments/"}}


@pytest.mark.parametrize("members", [{}, EFS | S3])
def test_union_has_exactly_one_member(members):
    request = {"DomainId": "d-0123456789ab", "SpaceName": "team"}
    one = request | {"SpaceSettings": {"CustomFileSystems": [EFS]}}
    assert aws.validate("CreateSpace", one).fields == 3
    wrong = request | {"SpaceSettings": {"CustomFileSystems": [members]}}
    finding = only_error(wrong, "CreateSpace")
    assert (finding.path, finding.rule) == ("SpaceSettings.CustomFileSystems[0]", "union")
    assert finding.allowed == "one of EFSFileSystem, FSxLustreFileSystem, S3FileSystem"


def test_value_that_is_no_json():
    request = {
        "botName": "bot",
        "botAlias": "alias",
        "userId": "user-1",
        "contentType": "audio/l16; rate=16000; channels=1",
        "inputStream": b"",
        "sessionAttributes": {"a": {1}},
    }
    (finding,) = errors("PostContent", request, "lex-runtime")
    assert finding.path == "sessionAttributes"
    assert finding.problem == "cannot be written as JSON"
    request["sessionAttributes"] = {"a": [1, "b"]}
    assert aws.validate("PostContent", request, service="lex-runtime").notes == ()


def test_fields_that_boto3_fills_in_may_be_missing():
    request = {
        "PipelineName": "fraud",
        "PipelineDefinition": "{}",
        "RoleArn": JOB["RoleArn"],
    }
    assert aws.validate("CreatePipeline", request).fields == 3
    request["ClientRequestToken"] = "short"
    assert only_error(request, "CreatePipeline").path == "ClientRequestToken"


@pytest.mark.parametrize("request_", [None, [], "text", 5])
def test_request_that_is_no_dictionary(request_):
    finding = only_error(request_)
    assert (finding.path, finding.allowed) == ("request", "dict")


def test_parts_of_a_wrong_type_do_not_stop_the_rest():
    request = changed(
        JOB,
        ("AlgorithmSpecification", None),
        ("InputDataConfig", [None, "a", channel("train"), channel("train")]),
        ("ResourceConfig", 5),
        ("StoppingCondition.MaxWaitTimeInSeconds", "7200"),
        ("Tags", [{"Key": 5, "Value": "a"}]),
    )
    assert {finding.path for finding in errors("CreateTrainingJob", request)} == {
        "AlgorithmSpecification",
        "InputDataConfig[0]",
        "InputDataConfig[1]",
        "InputDataConfig[3].ChannelName",
        "ResourceConfig",
        "StoppingCondition.MaxWaitTimeInSeconds",
        "Tags[0].Key",
    }


def test_all_errors_at_once_and_how_they_read():
    request = changed(
        JOB,
        ("TrainingJobName", "a b"),
        ("InputDataConfig.0.InputMode", "Foo"),
        ("RoleArn", ...),
        ("EnableManagedSpotTraining", False),
        ("StoppingCondition.MaxWaitTimeInSeconds", ...),
        ("ResourceConfig.KeepAlivePeriodInSeconds", 7200),
    )
    with pytest.raises(ValueError, match=r"^CreateTrainingJob: 3 errors\n") as caught:
        aws.validate("CreateTrainingJob", request)
    lines = str(caught.value).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        "RoleArn",
        "TrainingJobName",
        "InputDataConfig[0].InputMode",
        "conflict:",
    ]
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.findings) == (str(caught.value), caught.value.findings)


# Operations and services


@pytest.mark.parametrize(
    "name", ["CreateTrainingJobs", "create_training_job", "createtrainingjob"]
)
def test_unknown_operation(name):
    message = f"operation is '{name}', which sagemaker does not have. Expected Create"
    with pytest.raises(ValueError, match=re.escape(message + "TrainingJob, ")):
        aws.validate(name, {})


def test_unknown_service():
    with pytest.raises(ValueError, match=r"service is 'sagmaker', .* Expected sagemaker, "):
        aws.validate("CreateTrainingJob", {}, service="sagmaker")


# Patterns


def test_all_patterns_of_the_model_compile(model):
    patterns = [
        shape.metadata["pattern"]
        for shape in map(model.shape_for, model.shape_names)
        if "pattern" in shape.metadata
    ]
    assert len(patterns) > 400
    assert all(isinstance(python_pattern(pattern), re.Pattern) for pattern in patterns)


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (
            r"[\p{L}\p{Z}_.:/=+\-@]*",
            ["Köln am Rhein", "", "a-b@c", "日本"],
            ["1", "a#", "a\n"],
        ),
        (r"\p{L}+", ["ß"], ["1", ""]),
        (r"arn:[\p{Alnum}\-]+:x", ["arn:aws-cn:x"], ["arn:é:x"]),
        (r"\A\S[\p{Print}]*\z", ["a b"], [" a", "a\n", "aé"]),
        (r"([\p{L}]*)${1,128}", ["abc"], ["abc1", "abc\n"]),
        (
            r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*",
            ["a\t😀"],
            ["\n", "\0"],
        ),
        (r"\d\w\s", ["1a "], ["٣a ", "1é ", "1a\u2003"]),
        (r"[\[\]a]\p{N}", ["]5", "[5"], ["b5"]),
    ],
)
def test_java_patterns_in_python(pattern, good, bad):
    compiled = python_pattern(pattern)
    assert all(compiled.fullmatch(text) for text in good)
    assert not any(compiled.fullmatch(text) for text in bad)


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (
            "ComputeQuotaTargetTeamName",
            ["a", "a1-b", "a" * 40],
            ["", "-a", "a-", "a" * 39 + "!"],
        ),
        (
            "RepositoryUrl",
            ["https://abc", "https://a/b/c", "https://a.b/c-d/e_f.git/"],
            ["https://ab", "https://a//b", "https:///a/b", "https://" + "a/" * 60 + " "],
        ),
    ],
)
def test_slow_patterns_have_a_quick_twin(model, shape, good, bad):
    pattern = model.shape_for(shape).metadata["pattern"]
    assert pattern in module._SAME
    assert all(python_pattern(pattern).fullmatch(text) for text in good)
    assert not any(python_pattern(pattern).fullmatch(text) for text in bad)
    # The original agrees wherever it is quick enough to ask.
    original = re.compile(pattern)
    for text in [text for text in good + bad if len(text) < 20]:
        assert bool(original.fullmatch(text)) == bool(
            python_pattern(pattern).fullmatch(text)
        )


def test_unreadable_pattern_is_said():
    with pytest.raises(re.error, match="unknown property all"):
        python_pattern(r"\p{all}")
    request = {"resourceArn": "a", "tags": [{"key": "k", "value": "v"}]}
    answer = aws.validate("TagResource", request, service="codeartifact")
    assert [note.path for note in answer.notes] == ["tags[0].key", "tags[0].value"]
    assert all(note.severity == "warning" for note in answer.notes)
    assert "not held against its pattern" in repr(answer)


# A path for each shape, so that a value goes through the whole of `validate`.
SHAPES = {
    "TrainingJobName": "TrainingJobName",
    "RoleArn": "RoleArn",
    "ChannelName": "InputDataConfig.0.ChannelName",
    "S3Uri": "OutputDataConfig.S3OutputPath",
    "KmsKeyId": "OutputDataConfig.KmsKeyId",
}


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(SHAPES)))
def test_values_made_from_a_pattern_pass(data, name):
    limits = module.service_model("sagemaker").shape_for(name).metadata
    texts = st.from_regex(python_pattern(limits["pattern"]), fullmatch=True)
    fits = texts.filter(lambda text: limits.get("min", 0) <= len(text) <= limits["max"])
    request = changed(JOB, ("InputDataConfig.1", ...), (SHAPES[name], data.draw(fits)))
    assert aws.validate("CreateTrainingJob", request).notes == ()


@settings(max_examples=60, deadline=None)
@given(name=st.text(max_size=70))
def test_job_names_as_the_model_says(name):
    request = changed(JOB, ("TrainingJobName", name))
    if re.fullmatch("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name) and len(name) <= 63:
        assert aws.validate("CreateTrainingJob", request).notes == ()
    else:
        paths = {finding.path for finding in errors("CreateTrainingJob", request)}
        assert paths == {"TrainingJobName"}


# Offline


def test_no_socket(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    module.service_model.cache_clear()
    module._input_shape.cache_clear()
    monkeypatch.setattr(socket, "socket", refuse)
    assert aws.validate("CreateTrainingJob", JOB)


def test_no_connection_in_a_fresh_process_without_credentials(tmp_path):
    # urllib3 tries, when it is imported, whether it can bind to ::1.
    code = """
import sys
from decimal import Decimal
seen = []
sys.addaudithook(lambda event, args: seen.append((event, args)))
from labs_lib import aws
try:
    aws.validate("CreateTrainingJob", {})
except aws.RequestError as error:
    print(len(error.findings))
events = {event for event, _ in seen if event.startswith("socket.")}
assert events <= {"socket.__new__", "socket.bind"}, events
assert all(args[1][0] == "::1" for event, args in seen if event == "socket.bind")
"""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    } | {"HOME": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout.strip(), run.stderr) == (0, "3", "")


def test_a_model_in_the_home_folder_changes_nothing(tmp_path, monkeypatch):
    from botocore.loaders import Loader

    folder = tmp_path / "sagemaker" / "2099-01-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text("{}")
    monkeypatch.setattr(Loader, "CUSTOMER_DATA_PATH", str(tmp_path))
    module.service_model.cache_clear()
    module._input_shape.cache_clear()
    assert aws.validate("CreateTrainingJob", JOB)


# Whatever is given


@pytest.mark.parametrize("name", [None, 5, ["CreateTrainingJob"], {"a": 1}, b"x", True])
def test_operation_and_service_are_text(name):
    with pytest.raises(ValueError, match="operation is .* Expected text"):
        aws.validate(name, JOB)
    with pytest.raises(ValueError, match="service is .* Expected text"):
        aws.validate("CreateTrainingJob", JOB, service=name)


def test_a_request_that_contains_itself():
    endless = {"SearchExpression": {"SubExpressions": []}, "Resource": "TrainingJob"}
    endless["SearchExpression"]["SubExpressions"].append(endless["SearchExpression"])
    tags = []
    tags.append(tags)
    for operation, request in (
        ("Search", endless),
        ("CreateTrainingJob", {**JOB, "Tags": tags}),
        ("CreateTrainingJob", {**JOB, "Unknown": endless}),
    ):
        with pytest.raises(aws.RequestError, match="does the request contain itself") as e:
            aws.validate(operation, request)
        assert {finding.rule for finding in e.value.findings} == {"depth"}


HALF = "x\ud800"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (("TrainingJobName", HALF), "TrainingJobName"),
        (("HyperParameters", {"a": HALF}), "HyperParameters.a"),
        (("HyperParameters", {HALF: "1"}), "HyperParameters (key: x\\ud800)"),
        ((HALF, 1), "request (key: x\\ud800)"),
    ],
)
def test_half_a_character_is_no_text(change, path):
    with pytest.raises(aws.RequestError) as caught:
        aws.validate("CreateTrainingJob", {**JOB, change[0]: change[1]})
    (finding,) = caught.value.findings
    assert finding.rule == "unicode"
    text = str(caught.value)
    text.encode()
    assert f"  {path} is " in text


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")])
def test_a_decimal_that_is_no_number(number):
    request = changed(JOB, ("StoppingCondition.MaxRuntimeInSeconds", number))
    with pytest.raises(aws.RequestError, match="a finite number") as caught:
        aws.validate("CreateTrainingJob", request)
    assert len(caught.value.findings) == 1


def test_a_number_that_python_does_not_write():
    request = changed(JOB, ("StoppingCondition.MaxRuntimeInSeconds", 10**5000))
    with pytest.raises(aws.RequestError, match="MaxRuntimeInSeconds has more than 100"):
        aws.validate("CreateTrainingJob", request)


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**100, 10**120)
    | st.floats()
    | st.decimals()
    | st.binary(max_size=3)
    | st.text(st.characters(), max_size=4)
    | st.text(st.characters(categories=["Cs"]), max_size=2)
    | st.just(float)
    | st.just({1, 2}),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(
            st.text(max_size=3) | st.integers() | st.none(), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(
    st.sampled_from(["CreateTrainingJob", "CreateHyperParameterTuningJob", "Search"]),
    st.data(),
)
def test_whatever_is_given_is_valid_or_refused_with_words(operation, data):
    request = copy.deepcopy(GOOD.get(operation, {"Resource": "TrainingJob"}))
    place, key = request, data.draw(st.sampled_from(sorted(request)))
    while isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
        place = place[key]
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(keys))
    place[key] = data.draw(ODD)
    try:
        answer = aws.validate(operation, request)
    except aws.RequestError as error:
        text, checked = str(error), len(error.findings)
    else:
        text, checked = repr(answer), answer.fields
    assert text.encode()
    assert checked >= 1


@settings(deadline=None)
@given(st.none() | ODD)
def test_a_request_is_a_dictionary(request_):
    with pytest.raises(aws.RequestError) as caught:
        aws.validate("CreateTrainingJob", request_)
    assert str(caught.value).encode()
    assert caught.value.findings
