"""Batch transform: records taken apart, sent, joined; jobs that really run."""

import contextlib
import csv
import io
import json
import re
import sys

import pytest
from botocore.exceptions import ClientError, WaiterError
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.sagemaker import records

IMAGE = "own/transform:1"
# Answers the sum of each row; "bad" anywhere is refused; counts its requests.
SUMS = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
count = 0
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, b"")
    def do_POST(self):
        global count
        count += 1
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if "bad" in body:
            return self.answer(400, b"a bad record")
        if "flaky" in body and count % 2:
            return self.answer(503, b"later")
        if self.headers["Content-Type"] == "application/jsonlines":
            rows = [json.loads(line) for line in body.splitlines()]
            found = [json.dumps({"sum": sum(row["x"] if isinstance(row, dict) else row)})
                     for row in rows]
        else:
            found = [str(sum(float(cell) for cell in line.split(",") if cell != "flaky"))
                     for line in body.splitlines()]
        if os.environ.get("SHORT"):
            found = found[:-1]
        self.answer(200, "\\n".join(found).encode())
    def answer(self, status, body):
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""

# Records

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8)


@given(st.lists(st.binary(max_size=9).filter(lambda b: b"\n" not in b and b"\r" not in b)),
       st.sampled_from([b"\n", b"\r\n"]))  # fmt: skip
def test_lines_do_not_depend_on_their_ends(lines, end):
    whole = b"".join(line + end for line in lines)
    assert records.split(whole) == lines
    if lines and lines[-1]:
        assert records.split(whole[: -len(end)]) == lines


@given(st.lists(st.binary(max_size=9)), st.integers(10, 40), st.booleans())
def test_batches_hold_all_records_in_order_and_never_too_much(lines, size, single):
    batches = list(records.gather(lines, size=size, single=single))
    assert [line for batch in batches for line in batch] == lines
    assert all(sum(len(line) + 1 for line in batch) <= size for batch in batches)
    assert not single or all(len(batch) == 1 for batch in batches)


@given(st.lists(CELL, min_size=2))
def test_csv_is_written_as_it_is_read(cells):
    line = records.write(cells, "csv")
    assert records.read(line, "csv") == cells
    assert next(csv.reader(io.StringIO(line.decode()))) == cells


@pytest.mark.parametrize(
    ("record", "path", "found"),
    [
        (["a", "b", "c"], "$", ["a", "b", "c"]),
        (["a", "b", "c"], "$[1:]", ["b", "c"]),
        (["a", "b", "c"], "$[:-1]", ["a", "b"]),
        (["a", "b", "c"], "$[0,-1]", ["a", "c"]),
        (["a", "b", "c"], "$[-1]", "c"),
        ({"x": {"y z": [1, 2]}}, "$.x['y z'][0]", 1),
    ],
)
def test_filters(record, path, found):
    assert records.select(record, path) == found


@pytest.mark.parametrize("path", ["x", "$x", "$[", "$..x", "$[a]", "$.x[?(@.y)]"])
def test_what_is_no_filter(path):
    with pytest.raises(ValueError, match="filter"):
        records.check_path(path)


@pytest.mark.parametrize(("record", "path"), [(["a"], "$[3]"), ({}, "$.x"), (["a"], "$.x")])
def test_a_record_that_lacks_what_a_filter_wants(record, path):
    with pytest.raises(ValueError, match="a record has no"):
        records.select(record, path)


def test_joined_records():
    assert records.join(["1", "2"], ["9"], "csv") == ["1", "2", "9"]
    assert records.join({"x": 1}, 9, "json") == {"x": 1, "SageMakerOutput": 9}
    assert records.join([1], 9, "json") == {"SageMakerInput": [1], "SageMakerOutput": 9}


# Jobs


@pytest.fixture(scope="module")
def put(local, client, s3, tmp_path_factory):
    script = tmp_path_factory.mktemp("image") / "serve.py"
    script.write_text(SUMS)
    local.register(IMAGE, serve=[sys.executable, str(script)])
    for name, environment in (("sums", {}), ("short", {"SHORT": "1"})):
        container = {"Image": IMAGE, "Environment": environment}
        client.create_model(
            ModelName=name, ExecutionRoleArn=local.role, PrimaryContainer=container
        )

    def keep(folder, **objects):
        for key, body in objects.items():
            s3.put_object(Bucket=local.bucket, Key=f"{folder}/{key}", Body=body)

    return keep


def job(local, name, *, content="text/csv", split="Line", model="sums", **options):
    bucket = f"s3://{local.bucket}"
    source = {"S3DataType": "S3Prefix", "S3Uri": f"{bucket}/{name}/"}
    request = {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": content,
            "SplitType": split,
        },
        "TransformOutput": {"S3OutputPath": f"{bucket}/out/{name}", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    return request | options


def ended(client, name):
    waiter = client.get_waiter("transform_job_completed_or_stopped")
    with contextlib.suppress(WaiterError):
        waiter.wait(TransformJobName=name)
    return client.describe_transform_job(TransformJobName=name)


def outputs(local, s3, name):
    listed = s3.list_objects_v2(Bucket=local.bucket, Prefix=f"out/{name}/")
    return {
        item["Key"].removeprefix(f"out/{name}/"): s3.get_object(
            Bucket=local.bucket, Key=item["Key"]
        )["Body"].read()
        for item in listed.get("Contents", [])
    }


def test_each_object_has_its_output_in_the_order_of_its_records(local, client, s3, put):
    put("plain", a=b"1,2\n3,4\n", **{"deep/b": b"5,6\r\n7,8"})
    client.create_transform_job(**job(local, "plain", BatchStrategy="MultiRecord"))
    assert ended(client, "plain")["TransformJobStatus"] == "Completed"
    assert outputs(local, s3, "plain") == {
        "a.out": b"3.0\n7.0\n",
        "deep/b.out": b"11.0\n15.0\n",
    }


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_columns_are_left_out_and_predictions_join_their_records(
    local, client, s3, put, strategy
):
    name = f"joined-{strategy}"
    put(name, a=b'"one, two",1,2\nb,3,4\n')
    processing = {
        "InputFilter": "$[1:]",
        "JoinSource": "Input",
        "OutputFilter": "$[0,-1]",
    }
    client.create_transform_job(
        **job(local, name, DataProcessing=processing, BatchStrategy=strategy)
    )
    found = ended(client, name)
    assert found["TransformJobStatus"] == "Completed", found
    assert outputs(local, s3, name) == {"a.out": b'"one, two",3.0\nb,7.0\n'}


def test_json_lines_are_joined_under_sagemakeroutput(local, client, s3, put):
    lines = [{"id": 1, "x": [1, 2]}, {"id": 2, "x": [3]}]
    put("json", a="\n".join(map(json.dumps, lines)).encode())
    client.create_transform_job(
        **job(
            local,
            "json",
            content="application/jsonlines",
            DataProcessing={"JoinSource": "Input"},
        )
    )
    assert ended(client, "json")["TransformJobStatus"] == "Completed"
    (body,) = outputs(local, s3, "json").values()
    assert [json.loads(line) for line in body.splitlines()] == [
        {"id": 1, "x": [1, 2], "SageMakerOutput": {"sum": 3}},
        {"id": 2, "x": [3], "SageMakerOutput": {"sum": 3}},
    ]


def test_requests_side_by_side_keep_the_order(local, client, s3, put):
    rows = [f"{number},0" for number in range(60)]
    put("many", a="\n".join(rows).encode())
    client.create_transform_job(
        **job(local, "many", BatchStrategy="SingleRecord", MaxConcurrentTransforms=4)
    )
    assert ended(client, "many")["TransformJobStatus"] == "Completed"
    (body,) = outputs(local, s3, "many").values()
    assert body.decode().split() == [f"{number}.0" for number in range(60)]


def test_a_busy_container_is_asked_again(local, client, s3, put):
    put("flaky", a=b"1,flaky\n")
    client.create_transform_job(**job(local, "flaky"))
    assert ended(client, "flaky")["TransformJobStatus"] == "Completed"


@pytest.mark.parametrize(
    ("name", "body", "options", "said"),
    [
        ("bad", b"1,2\nbad,1\n", {}, "400: a bad record"),
        (
            "short",
            b"1,2\n3,4\n",
            {"model": "short", "DataProcessing": {"JoinSource": "Input"}},
            "2 records with 1 predictions",
        ),
        ("long", b"1" * 1_100_000, {"MaxPayloadInMB": 1}, "MaxPayloadInMB"),
        ("whole", b"1" * 1_100_000, {"MaxPayloadInMB": 1, "split": "None"}, "SplitType"),
        ("lacks", b"1\n", {"DataProcessing": {"InputFilter": "$[4]"}}, "no .*4"),
    ],
)
def test_one_bad_record_fails_the_job(local, client, s3, put, name, body, options, said):
    put(name, a=body)
    client.create_transform_job(**job(local, name, **options))
    found = ended(client, name)
    assert found["TransformJobStatus"] == "Failed"
    assert re.search(said, found["FailureReason"]), found["FailureReason"]
    assert outputs(local, s3, name) == {}


def test_a_job_without_objects_fails(local, client, put):
    put("other", a=b"1")
    client.create_transform_job(**job(local, "nothing"))
    assert "no objects" in ended(client, "nothing")["FailureReason"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "nothing"}, "Could not find model"),
        ({"DataProcessing": {"InputFilter": "x"}}, "must begin with"),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "content": "text/plain"},
            "needs ContentType",
        ),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "split": "None"},
            "need SplitType Line",
        ),
        ({"split": "RecordIO"}, "give Line or None"),
    ],
)
def test_jobs_that_are_refused(local, client, put, options, said):
    with pytest.raises(ClientError, match=said):
        client.create_transform_job(**job(local, "refused", **options))
    with pytest.raises(client.exceptions.ResourceNotFound):
        client.describe_transform_job(TransformJobName="refused")
