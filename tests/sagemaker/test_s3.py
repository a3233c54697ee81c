"""S3 through boto3, and what no boto3 sends."""

import base64
import contextlib
import hashlib
import io
import os
import threading
import zlib
from datetime import UTC, datetime

import psutil
import pyarrow as pa
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from labs_lib.clock import Clock
from labs_lib.sagemaker.objects import Objects, local_path
from labs_lib.sagemaker.s3 import _behind
from labs_lib.sagemaker.state import State

from .test_server import send, signed

MEGABYTE = 1 << 20
AWKWARD = ["a", "a/b", "A", "A/B", "CON", "con.txt", "aux/", "x" * 300, "ä€𝄞", "..", "../up",
           "a b+c%20&=?#", "/lead", "//two", "dot.", "line\nbreak", "*?<>|\"", "'", "tab\t"]  # fmt: skip
KEYS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=12,
)


@pytest.fixture
def bucket(s3, request):
    name = f"b-{hashlib.sha256(request.node.name.encode()).hexdigest()[:20]}"
    s3.create_bucket(Bucket=name)
    return name


def code(error):
    return error.value.response["Error"]["Code"]


def crc32(data):
    return base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def test_an_object_comes_back_with_all_that_was_said_of_it(s3, bucket):
    answer = s3.put_object(
        Bucket=bucket,
        Key="k",
        Body=b"hello",
        ContentType="text/csv",
        CacheControl="no-cache",
        Expires=datetime(2030, 1, 2, tzinfo=UTC),
        Metadata={"made-by": "test"},
    )
    assert answer["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
    assert answer["ChecksumCRC32"] == crc32(b"hello")
    found = s3.get_object(Bucket=bucket, Key="k")
    assert found["Body"].read() == b"hello"
    for answer in (found, s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")):
        assert answer["ContentType"] == "text/csv"
        assert answer["CacheControl"] == "no-cache"
        assert answer["ExpiresString"] == "Wed, 02 Jan 2030 00:00:00 GMT"
        assert answer["Metadata"] == {"made-by": "test"}
        assert answer["ContentLength"] == 5
        assert answer["ChecksumCRC32"] == crc32(b"hello")
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_object(Bucket=bucket, Key="k")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k")
    assert code(error) == "NoSuchKey"
    with pytest.raises(ClientError) as error:
        s3.head_object(Bucket=bucket, Key="k")
    assert code(error) == "404"


def test_every_key_has_bytes_of_its_own(s3, bucket):
    for key in AWKWARD:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in AWKWARD:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == sorted(AWKWARD, key=str.encode)


def test_files_have_safe_names(local):
    names = [path.name for path in (local.folder / "s3").iterdir()]
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)


@pytest.mark.parametrize("bucket", ["endpoints", "models", "feature-group", "100"])
def test_a_bucket_may_be_called_like_a_path_of_another_service(s3, bucket):
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="x/invocations", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="x/invocations")["Body"].read() == b"1"


@pytest.mark.parametrize("bucket", ["ab", "A-B", "a_b", "-ab", "a..b", "x" * 64])
def test_names_that_no_bucket_may_have(local, bucket):
    status, _, body = send(local, "PUT", f"/{bucket}", headers=signed(local, "s3"))
    assert status == 400
    assert b"InvalidBucketName" in body


def test_buckets(s3, local):
    s3.create_bucket(
        Bucket="in-ireland", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    assert s3.get_bucket_location(Bucket="in-ireland")["LocationConstraint"] == "eu-west-1"
    assert s3.get_bucket_location(Bucket=local.bucket)["LocationConstraint"] is None
    assert s3.head_bucket(Bucket="in-ireland")["BucketRegion"] == "eu-west-1"
    with pytest.raises(ClientError) as error:
        s3.create_bucket(Bucket="in-ireland")
    assert code(error) == "BucketAlreadyOwnedByYou"
    s3.put_object(Bucket="in-ireland", Key="k", Body=b"")
    with pytest.raises(ClientError) as error:
        s3.delete_bucket(Bucket="in-ireland")
    assert code(error) == "BucketNotEmpty"
    s3.delete_objects(
        Bucket="in-ireland", Delete={"Objects": [{"Key": "k"}, {"Key": "no"}]}
    )
    s3.delete_bucket(Bucket="in-ireland")
    with pytest.raises(ClientError) as error:
        s3.head_bucket(Bucket="in-ireland")
    assert code(error) == "404"
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="in-ireland", Key="k", Body=b"")
    assert code(error) == "NoSuchBucket"
    names = [b["Name"] for b in s3.list_buckets(Prefix="sagemaker")["Buckets"]]
    assert names == [local.bucket]


# Checksums


@pytest.mark.parametrize(
    "promise",
    [
        {"ChecksumCRC32": crc32(b"other")},
        {"ChecksumSHA256": base64.b64encode(hashlib.sha256(b"other").digest()).decode()},
        {"ContentMD5": base64.b64encode(hashlib.md5(b"other").digest()).decode()},
    ],
)
def test_a_body_that_breaks_its_promise_is_refused(s3, bucket, promise):
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"hello", **promise)
    assert code(error) == "BadDigest"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"old"


def test_checksums_that_cannot_be_checked_are_refused(local, bucket):
    headers = signed(local, "s3", x_amz_checksum_crc32c="AAAAAA==")
    status, _, body = send(local, "PUT", f"/{bucket}/k", b"x", headers)
    assert status == 501
    assert b"CRC32C" in body
    headers = signed(local, "s3", x_amz_checksum_crc32="not base64")
    status, _, body = send(local, "PUT", f"/{bucket}/k", b"x", headers)
    assert (status, b"InvalidDigest" in body) == (400, True)


@pytest.mark.parametrize(("promised", "status"), [(b"hello world", 200), (b"other", 400)])
def test_a_chunked_body_with_its_checksum_at_the_end(local, s3, bucket, promised, status):
    headers = signed(
        local,
        "s3",
        x_amz_content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        x_amz_trailer="x-amz-checksum-crc32",
        Content_Encoding="aws-chunked",
    )
    trailer = f"x-amz-checksum-crc32:{crc32(promised)}"
    body = f"5\r\nhello\r\n6;chunk-signature=x\r\n world\r\n0\r\n{trailer}\r\n\r\n".encode()
    assert send(local, "PUT", f"/{bucket}/k", body, headers)[0] == status
    if status == 200:
        found = s3.get_object(Bucket=bucket, Key="k")
        assert found["Body"].read() == b"hello world"
        assert "ContentEncoding" not in found


@pytest.mark.parametrize(
    "body", [b"", b"zz\r\n", b"5\r\nhel", b"-1\r\n", b"5\r\nhello\r\n"]
)
def test_malformed_chunks_are_refused(local, bucket, body):
    headers = signed(local, "s3", x_amz_content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    status, _, answer = send(local, "PUT", f"/{bucket}/k", body, headers)
    assert (status, b"IncompleteBody" in answer) == (400, True)


def test_a_body_of_unknown_length(s3, local, bucket):
    pieces = iter([b"ab", b"cd" * 70_000])
    assert send(local, "PUT", f"/{bucket}/k", pieces, signed(local, "s3"))[0] == 200
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"ab" + b"cd" * 70_000


# Ranges and conditions


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_ranges(s3, local, data):
    text = bytes(range(50))
    s3.put_object(Bucket=local.bucket, Key="range", Body=text)
    begin, end = data.draw(st.integers(0, 60)), data.draw(st.integers(0, 60))
    form = data.draw(st.sampled_from(["both", "open", "last"]))
    asked = {
        "both": f"bytes={begin}-{end}",
        "open": f"bytes={begin}-",
        "last": f"bytes=-{end}",
    }
    expected = {
        "both": text[begin : end + 1],
        "open": text[begin:],
        "last": text[50 - end :],
    }
    if form == "last" and end > 50:
        expected["last"] = text
    if form == "both" and end < begin:
        expected["both"] = text
    call = lambda: s3.get_object(Bucket=local.bucket, Key="range", Range=asked[form])  # noqa: E731
    if (form == "last" and end == 0) or (not expected[form]):
        with pytest.raises(ClientError) as error:
            call()
        assert code(error) == "InvalidRange"
    else:
        assert call()["Body"].read() == expected[form]


def test_a_column_of_parquet_is_read_in_four_ranges(s3, local):
    """The last 8 bytes, the footer, and the column in two row groups."""
    table = pa.table({"a": range(2_000), "b": [str(n) for n in range(2_000)]})
    body = io.BytesIO()
    parquet.write_table(table, body, row_group_size=1_000)
    s3.put_object(Bucket=local.bucket, Key="columns", Body=body.getvalue())
    asked = []

    def part(text):
        answer = s3.get_object(Bucket=local.bucket, Key="columns", Range=text)
        asked.append(answer["ResponseMetadata"]["HTTPStatusCode"])
        return answer["Body"].read()

    size = int.from_bytes(part("bytes=-8")[:4], "little")
    says = parquet.read_metadata(io.BytesIO(b"PAR1" + part(f"bytes=-{size + 8}")))
    sparse = bytearray(len(body.getvalue()))
    for group in range(says.num_row_groups):
        column = says.row_group(group).column(0)
        begin = column.dictionary_page_offset or column.data_page_offset
        piece = part(f"bytes={begin}-{begin + column.total_compressed_size - 1}")
        sparse[begin : begin + len(piece)] = piece
    reader = parquet.ParquetFile(io.BytesIO(bytes(sparse)), metadata=says)
    assert reader.read(["a"])["a"].to_pylist() == list(range(2_000))
    assert asked == [206] * 4


def test_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag, Range="bytes=0-0")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k", IfMatch='"other"')
    assert code(error) == "PreconditionFailed"
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=etag)
    assert code(error) == "304"
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert code(error) == "PreconditionFailed"
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch='"other"')
    assert code(error) == "PreconditionFailed"
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)
    assert s3.put_object(Bucket=bucket, Key="new", Body=b"2", IfNoneMatch="*")


def test_of_many_who_create_one_wins(s3, bucket):
    won = []

    def create(number):
        with contextlib.suppress(ClientError):
            s3.put_object(Bucket=bucket, Key="k", Body=b"%d" % number, IfNoneMatch="*")
            won.append(b"%d" % number)

    threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [s3.get_object(Bucket=bucket, Key="k")["Body"].read()] == won


def test_copies(s3, bucket):
    s3.put_object(
        Bucket=bucket, Key="a b/ä", Body=b"1", Metadata={"m": "1"}, ContentType="t/t"
    )
    source = {"Bucket": bucket, "Key": "a b/ä"}
    s3.copy_object(Bucket=bucket, Key="same", CopySource=source)
    assert s3.head_object(Bucket=bucket, Key="same")["Metadata"] == {"m": "1"}
    s3.copy_object(
        Bucket=bucket,
        Key="other",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"n": "2"},
    )
    found = s3.get_object(Bucket=bucket, Key="other")
    assert (found["Metadata"], found["Body"].read()) == ({"n": "2"}, b"1")
    with pytest.raises(ClientError, match="illegal because"):
        s3.copy_object(Bucket=bucket, Key="a b/ä", CopySource=source)


# Lists


@settings(max_examples=12, deadline=None)
@given(
    keys=st.sets(
        st.one_of(KEYS, st.text("ab/\U0010ffff", min_size=1, max_size=5)), max_size=9
    ),
    prefix=st.text("ab/", max_size=2),
    delimiter=st.sampled_from(["", "/", "a", "ab"]),
    size=st.integers(1, 4),
)
def test_lists_are_complete_in_order_and_without_repeats(
    s3, local, keys, prefix, delimiter, size
):
    name = "lists"
    with contextlib.suppress(ClientError):
        s3.create_bucket(Bucket=name)
    for item in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=item["Key"])
    for key in keys:
        s3.put_object(Bucket=name, Key=key, Body=b"")
    expected_keys, expected_prefixes = [], []
    for key in sorted(keys, key=str.encode):
        if key.startswith(prefix):
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                common = prefix + rest.split(delimiter)[0] + delimiter
                if common not in expected_prefixes:
                    expected_prefixes.append(common)
            else:
                expected_keys.append(key)
    for operation in ("list_objects_v2", "list_objects"):
        found_keys, found_prefixes = [], []
        pages = s3.get_paginator(operation).paginate(
            Bucket=name,
            Prefix=prefix,
            Delimiter=delimiter,
            PaginationConfig={"PageSize": size},
        )
        for page in pages:
            found_keys += [item["Key"] for item in page.get("Contents", [])]
            found_prefixes += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
        assert found_keys == expected_keys
        assert found_prefixes == expected_prefixes


def test_a_list_may_begin_behind_a_key(s3, bucket):
    for key in "abcd":
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    found = s3.list_objects_v2(Bucket=bucket, StartAfter="b", MaxKeys=1)
    assert [item["Key"] for item in found["Contents"]] == ["c"]
    assert found["IsTruncated"]
    assert found["KeyCount"] == 1
    with pytest.raises(ClientError, match="continuation token"):
        s3.list_objects_v2(Bucket=bucket, ContinuationToken="!")


# Parts


def test_a_long_file_goes_and_comes_in_parallel_parts(s3, bucket, tmp_path):
    data = os.urandom(MEGABYTE) * 20 + b"end"
    (tmp_path / "file").write_bytes(data)
    s3.upload_file(str(tmp_path / "file"), bucket, "long")
    head = s3.head_object(Bucket=bucket, Key="long")
    assert head["ETag"].endswith('-3"')
    s3.download_file(bucket, "long", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == data
    found = io.BytesIO()
    s3.download_fileobj(bucket, "long", found)
    assert found.getvalue() == data


def test_an_upload_step_by_step(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k", ContentType="a/b")[
        "UploadId"
    ]
    same = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    first, last = b"1" * (5 * MEGABYTE), b"2"
    tags = {
        number: s3.upload_part(**same, PartNumber=number, Body=body)["ETag"]
        for number, body in ((2, last), (1, b"replaced"), (1, first))
    }
    listed = s3.list_parts(**same)["Parts"]
    assert [(p["PartNumber"], p["Size"]) for p in listed] == [(1, len(first)), (2, 1)]

    def complete(*numbers, **changed):
        parts = [{"PartNumber": n, "ETag": tags.get(n, '"no"')} | changed for n in numbers]
        return s3.complete_multipart_upload(**same, MultipartUpload={"Parts": parts})

    for wrong, numbers in {
        "InvalidPart": (1, 3),
        "InvalidPartOrder": (2, 1),
        "MalformedXML": (),
    }.items():
        with pytest.raises(ClientError) as error:
            complete(*numbers)
        assert code(error) == wrong
    digest = hashlib.md5(hashlib.md5(first).digest() + hashlib.md5(last).digest())
    assert complete(1, 2)["ETag"] == f'"{digest.hexdigest()}-2"'
    found = s3.get_object(Bucket=bucket, Key="k")
    assert (found["Body"].read(), found["ContentType"]) == (first + last, "a/b")
    with pytest.raises(ClientError) as error:
        s3.list_parts(**same)
    assert code(error) == "NoSuchUpload"


def test_small_parts_are_refused_and_an_upload_can_be_given_up(s3, bucket, local):
    same = {"Bucket": bucket, "Key": "k"}
    same["UploadId"] = s3.create_multipart_upload(**same)["UploadId"]
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(**same, PartNumber=n, Body=b"x")["ETag"]}
        for n in (1, 2)
    ]
    with pytest.raises(ClientError) as error:
        s3.complete_multipart_upload(**same, MultipartUpload={"Parts": parts})
    assert code(error) == "EntityTooSmall"
    before = len(list((local.folder / "s3").iterdir()))
    s3.abort_multipart_upload(**same)
    assert len(list((local.folder / "s3").iterdir())) == before - 2
    with pytest.raises(ClientError) as error:
        s3.upload_part(**same, PartNumber=1, Body=b"x")
    assert code(error) == "NoSuchUpload"


# What no boto3 sends


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/%ff", 400, "InvalidURI"),
        ("POST", "/bucket", 405, "MethodNotAllowed"),
        ("GET", "/bucket?acl", 501, "NotImplemented"),
        ("GET", "/bucket?list-type=2&max-keys=x", 400, "InvalidArgument"),
        ("GET", "/bucket?list-type=2&max-keys=-1", 404, "NoSuchBucket"),
        ("PUT", "/bucket/k?partNumber=x&uploadId=y", 400, "InvalidArgument"),
        ("PATCH", "/bucket/k", 405, "MethodNotAllowed"),
    ],
)
def test_strange_requests(local, method, path, status, code):
    found, _, body = send(local, method, path, headers=signed(local, "s3"))
    assert (found, code) == (status, body.decode().partition("<Code>")[2].partition("<")[0])


@pytest.mark.parametrize(
    "body",
    [b"<", b"<Delete>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><Delete>&b;</Delete>", b"\xff"],
)
def test_malformed_xml(local, bucket, body):
    status, _, text = send(local, "POST", f"/{bucket}?delete", body, signed(local, "s3"))
    assert (status, b"MalformedXML" in text) == (400, True)


def test_a_client_that_leaves_in_the_middle_changes_nothing(local, s3, bucket):
    import socket

    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    head = "".join(f"{k}: {v}\r\n" for k, v in signed(local, "s3").items())
    with socket.create_connection(("127.0.0.1", local._owner["port"])) as connection:
        text = f"PUT /{bucket}/k HTTP/1.1\r\n{head}Content-Length: 1000\r\n\r\nhalf"
        connection.sendall(text.encode())
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"old"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_signed_link_leads_to_an_object(local, s3, bucket, version):
    s3.put_object(Bucket=bucket, Key="a b", Body=b"linked")
    client = local.client("s3", config=Config(signature_version=version))
    link = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a b"})
    path = link.removeprefix(local.endpoint)
    assert path != link
    assert send(local, "GET", path)[::2] == (200, b"linked")


# Beneath


def test_a_kill_leaves_no_files_behind_that_nothing_names(tmp_path):
    state = State(tmp_path / "s.sqlite")
    objects = Objects(state, Clock(), tmp_path / "s3")
    state.execute("insert into buckets values ('b', 'us-east-1', 0)")
    objects.put("b", "k", b"kept")
    objects.receive(io.BytesIO(b"unfinished"))
    assert len(list((tmp_path / "s3").iterdir())) == 2
    objects.clean()
    assert [path.read_bytes() for path in (tmp_path / "s3").iterdir()] == [b"kept"]
    assert objects.read("b", "k") == b"kept"


@pytest.mark.parametrize("key", ["a", "a/b.csv", "ä", "a b", "-x", "...", ".hidden"])
def test_keys_that_are_files(tmp_path, key):
    assert local_path(tmp_path, key).is_relative_to(tmp_path)


@pytest.mark.parametrize(
    "key", ["", "..", "a/../b", "/a", "a//b", "a\\b", "a:b", "x" * 256]
)
def test_keys_that_are_no_files(tmp_path, key):
    with pytest.raises(ValueError, match="cannot be the name of a file"):
        local_path(tmp_path, key)


def test_memory_does_not_grow_with_an_object(local, s3, bucket):
    server = psutil.Process(local._owner["pid"])
    before = server.memory_info().rss
    headers = signed(local, "s3")
    assert send(local, "PUT", f"/{bucket}/k", io.BytesIO(bytes(200 * MEGABYTE)), {
        **headers, "Content-Length": str(200 * MEGABYTE)})[0] == 200  # fmt: skip
    assert server.memory_info().rss - before < 60 * MEGABYTE


@pytest.mark.parametrize("common", ["a", "a/", "\ud7ff", "a\U0010ffff", "\U0010ffff"])
def test_what_lies_behind_a_common_prefix(common):
    behind = _behind(common).encode()
    for rest in ("", "\x00", "z", "\U0010ffff" * 3):
        assert (common + rest).encode() < behind
    following = chr(ord(common[0]) + 1) if ord(common[0]) < 0xD7FF else "\ue000"
    if common[0] != "\U0010ffff":
        assert following.encode() >= behind
