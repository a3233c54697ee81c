"""S3, as far as boto3's ordinary cells use it."""

import base64
import functools
import hashlib
import json
import math
import re
import secrets
import sys
import zlib
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, unquote

from labs_lib.aws.request import service_model
from labs_lib.platform import lifecycle
from labs_lib.sagemaker import locks, wire
from labs_lib.sagemaker.bodies import AwsChunks, Checks, crc_text
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.objects import Object, Objects, Written
from labs_lib.sagemaker.operations import Context, operation
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.versions import Older

PAGE = 1000
_SMALLEST_PART = 5 * 1024 * 1024
_LONGEST_KEY = 1024
"""In bytes."""
_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
)


# Which operation


@functools.cache
def _operations(method: str, level: int) -> list[tuple[str, frozenset[str]]]:
    """Return name and fixed parts of the query of the operations, the longest first."""
    model = service_model("s3")
    found = []
    for name in model.operation_names:
        operation_model = model.operation_model(name)
        http = operation_model.http
        path, _, query = http["requestUri"].partition("?")
        # A deprecated operation has the same form as the one that took its place.
        here = http["method"] == method and path.count("{") == level
        if here and not operation_model.deprecated:
            fixed = frozenset(part for part in query.split("&") if part)
            found.append((name, fixed))
    return sorted(found, key=lambda item: -len(item[1]))


def operation_of(request: wire.Request) -> tuple[str, dict[str, str]]:
    """Return the operation of a request to S3, and the labels Bucket and Key."""
    try:
        path = unquote(request.path, errors="strict")
    except UnicodeDecodeError:
        raise ApiError("InvalidURI", "Couldn't parse the specified URI.") from None
    bucket, _, key = path.lstrip("/").partition("/") if path != "/" else ("", "", "")
    level = bool(bucket) + bool(key)
    labels = {"Bucket": bucket, "Key": key}
    query, method = request.query, request.method
    given = set(query) | {f"{name}={value}" for name, value in query.items()}
    for name, fixed in _operations(method, level):
        if fixed and fixed <= given:
            return name, labels
    plain = {
        ("GET", 0): "ListBuckets",
        ("GET", 1): "ListObjects",
        ("PUT", 1): "CreateBucket",
        ("HEAD", 1): "HeadBucket",
        ("DELETE", 1): "DeleteBucket",
        ("GET", 2): "ListParts" if "uploadId" in query else "GetObject",
        ("HEAD", 2): "HeadObject",
        ("DELETE", 2): "AbortMultipartUpload" if "uploadId" in query else "DeleteObject",
        ("POST", 2): "CompleteMultipartUpload" if "uploadId" in query else "",
        ("PUT", 2): "PutObject",
    }
    name = plain.get((method, level), "")
    if name == "PutObject":
        copies = "x-amz-copy-source" in request.headers
        part = "partNumber" in query and "uploadId" in query
        name = ("UploadPart" if part else "CopyObject" if copies else "PutObject") + (
            "Copy" if part and copies else ""
        )
    if not name:
        raise ApiError(
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            status=405,
        )
    return name, labels


# Buckets


@operation(
    "s3",
    "CreateBucket",
    uses="Bucket CreateBucketConfiguration.LocationConstraint ObjectLockEnabledForBucket",
    differs=(
        "A bucket that exists is answered with BucketAlreadyOwnedByYou in every region.",
        "Who may read or write is not checked: there is one user.",
    ),
)
def create_bucket(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name = request["Bucket"]
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name) or ".." in name:
        raise ApiError("InvalidBucketName", "The specified bucket is not valid.")
    configuration = request.get("CreateBucketConfiguration") or {}
    region = configuration.get("LocationConstraint") or "us-east-1"
    state = context.site.state
    with state.transaction():
        if context.site.objects.has_bucket(name):
            raise ApiError(
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already "
                "own it.",
                status=409,
            )
        now = float(int(context.site.clock.now()))
        state.execute("insert into buckets values (?, ?, ?)", name, region, now)
        settings = {}
        if request.get("ObjectLockEnabledForBucket"):
            settings = {"versioning": "Enabled", "lock": {"ObjectLockEnabled": "Enabled"}}
        context.site.objects.set_settings(name, settings)
    return {"Location": f"/{name}"}


@operation("s3", "HeadBucket", uses="Bucket")
def head_bucket(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    context.site.objects.require_bucket(request["Bucket"])
    return {"BucketRegion": _region(context, request["Bucket"])}


def _region(context: Context, bucket: str) -> str:
    row = context.site.state.row("select region from buckets where name = ?", bucket)
    return row[0] if row else "us-east-1"


@operation("s3", "GetBucketLocation", uses="Bucket")
def get_bucket_location(context: Context, request: dict[str, Any]) -> Any:
    context.site.objects.require_bucket(request["Bucket"])
    region = _region(context, request["Bucket"])
    text = "" if region == "us-east-1" else region
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint '
        f'xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{text}</LocationConstraint>'
    )
    return wire.Answer(200, {"Content-Type": "application/xml"}, body.encode())


@operation("s3", "DeleteBucket", uses="Bucket")
def delete_bucket(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    name, state = request["Bucket"], context.site.state
    with state.transaction():
        context.site.objects.require_bucket(name)
        context.site.objects.carry_out_rules(name)
        if not context.site.objects.is_empty(name):
            raise ApiError(
                "BucketNotEmpty",
                "The bucket you tried to delete is not empty",
                status=409,
            )
        context.site.objects.set_settings(name, {})
        context.site.request_rates.pop(name, None)
        state.execute("delete from buckets where name = ?", name)
    return {}


@operation("s3", "ListBuckets", uses="MaxBuckets ContinuationToken Prefix BucketRegion")
def list_buckets(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    prefix, region = request.get("Prefix", ""), request.get("BucketRegion")
    after = _token(request.get("ContinuationToken"))
    rows = [
        row
        for row in context.site.state.rows("select * from buckets order by name")
        if row[0].startswith(prefix) and row[0] > after and region in (None, row[1])
    ]
    size = request.get("MaxBuckets") or 10_000
    answer: dict[str, Any] = {
        "Owner": _owner(context),
        "Buckets": [
            {"Name": name, "CreationDate": created, "BucketRegion": of}
            for name, of, created in rows[:size]
        ],
    }
    if len(rows) > size:
        answer["ContinuationToken"] = _write_token(rows[size - 1][0])
    return answer


def _owner(context: Context) -> dict[str, str]:
    return {"ID": context.site.account, "DisplayName": "learner"}


def _write_token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode("ascii")


def _token(token: str | None) -> str:
    try:
        return base64.b64decode(token or "", altchars="-_", validate=True).decode()
    except ValueError:
        raise ApiError(
            "InvalidArgument", "The continuation token provided is incorrect"
        ) from None


# Objects


def _receive(context: Context) -> Written:
    """Write the request's body to a file and hold it against its checksums."""
    request = context.wire
    checks = Checks(request.headers)
    body = request.body
    if request.headers.get("x-amz-content-sha256", "").startswith("STREAMING-"):
        body = AwsChunks(body, checks)
    written = context.site.objects.receive(body, checks.feed)
    try:
        checks.compare()
    except ApiError:
        context.site.objects.discard(written.path)
        raise
    return written


def _kept_headers(request: dict[str, Any]) -> dict[str, str]:
    headers = {name: request[name] for name in _HEADERS if request.get(name)}
    if "Expires" in headers:
        headers["Expires"] = formatdate(headers["Expires"], usegmt=True)
    encoding = headers.get("ContentEncoding", "")
    left = [part for part in encoding.split(",") if part.strip() not in ("aws-chunked", "")]
    if encoding:
        headers["ContentEncoding"] = ",".join(left)
    headers.setdefault("ContentType", "binary/octet-stream")
    return {name: value for name, value in headers.items() if value}


def _unless(request: dict[str, Any]) -> Any:
    """Return a check of IfMatch and IfNoneMatch against the object that is there."""

    def allowed(old: Object | None) -> None:
        etag = None if old is None else f'"{old.etag}"'
        if request.get("IfNoneMatch") == "*" and old is not None:
            raise _precondition("If-None-Match")
        wanted = request.get("IfMatch")
        if wanted and old is None:
            raise ApiError("NoSuchKey", "The specified key does not exist.", status=404)
        if wanted and wanted not in ("*", etag, etag and etag.strip('"')):
            raise _precondition("If-Match")

    return allowed


def _precondition(name: str) -> ApiError:
    return ApiError(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        status=412,
        Condition=name,
    )


_OBJECT = (
    "Bucket Key Metadata CacheControl ContentDisposition ContentEncoding ContentLanguage "
    "ContentType Expires"
)
_CHECKED = "ChecksumCRC32 ChecksumSHA1 ChecksumSHA256 ChecksumSHA512 ChecksumMD5 ContentMD5"
_DETAILS = "StorageClass Tagging ObjectLockMode ObjectLockRetainUntilDate ObjectLockLegalHoldStatus"
_PLAIN = {"SSECustomerKey": "nothing is encrypted."}
_CLASSES = ("STANDARD", *lifecycle.PREFERRED)


def _details(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Return class, tags and lock of what a request writes."""
    details: dict[str, Any] = {}
    found = request.get("StorageClass", "STANDARD")
    if found not in _CLASSES:
        raise ApiError(
            "InvalidStorageClass",
            f"The storage class {found} is not one of {', '.join(_CLASSES)}.",
        )
    if found != "STANDARD":
        details["class"] = found
    if request.get("Tagging"):
        details["tags"] = dict(parse_qsl(request["Tagging"], keep_blank_values=True))
    lock = locks.of_new_object(
        context.site.objects.settings(request["Bucket"]).get("lock"),
        mode=request.get("ObjectLockMode"),
        until=request.get("ObjectLockRetainUntilDate"),
        hold=request.get("ObjectLockLegalHoldStatus"),
        now=context.site.clock.now(),
    )
    return details | lock


def _version_of(found: Object) -> str | None:
    """Return the version's id as answers name it: not at all without versions."""
    return found.details.get("version")


@operation(
    "s3",
    "PutObject",
    uses=f"{_OBJECT} Body {_CHECKED} {_DETAILS} IfMatch IfNoneMatch",
    refuses=_PLAIN,
    differs=(
        "CRC32, SHA1, SHA256, SHA512 and MD5 are checked; a request with another checksum is "
        "refused, since Python's standard library does not have it.",
    ),
    streams=True,
)
def put_object(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    objects: Objects = context.site.objects
    objects.require_bucket(request["Bucket"])
    _check_key(request["Key"])
    details = _details(context, request)
    written = _receive(context)
    found = objects.keep(
        request["Bucket"],
        request["Key"],
        written,
        headers=_kept_headers(request),
        metadata=request.get("Metadata"),
        details=details,
        allowed=_unless(request),
    )
    return {
        "ETag": f'"{found.etag}"',
        "VersionId": _version_of(found),
        "ChecksumCRC32": found.crc32,
        "ChecksumType": "FULL_OBJECT",
    }


def _check_key(key: str) -> None:
    if len(key.encode()) > _LONGEST_KEY:
        raise ApiError("KeyTooLongError", "Your key is too long")


def _properties(found: Object, request: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "AcceptRanges": "bytes",
        "LastModified": found.modified,
        "ETag": f'"{found.etag}"',
        "Metadata": found.metadata,
        **found.headers,
        **_shown_details(found),
    }
    for name in _HEADERS:
        asked = request.get(f"Response{name}")
        if asked:
            answer[name] = asked
    return answer


def _shown_details(found: Object) -> dict[str, Any]:
    details = found.details
    shown = {
        "VersionId": _version_of(found),
        # S3 says nothing of the class STANDARD.
        "StorageClass": details.get("class"),
        "TagCount": len(details["tags"]) if details.get("tags") else None,
        "ObjectLockMode": details.get("mode"),
        "ObjectLockRetainUntilDate": details.get("until"),
        "ObjectLockLegalHoldStatus": "ON" if details.get("hold") else None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _require_online(found: Object, now: float) -> None:
    """Raise InvalidObjectState if an object has to be restored first."""
    ready, back = found.details.get("ready", math.inf), found.details.get("back", -math.inf)
    if found.storage_class in lifecycle.KEPT_OFFLINE and not ready <= now < back:
        raise ApiError(
            "InvalidObjectState",
            "The operation is not valid for the object's storage class",
            status=403,
            StorageClass=found.storage_class,
        )


def _conditions(found: Object, request: dict[str, Any]) -> bool:
    """Say whether the object is to be sent; False stands for 304 Not Modified."""
    etags = (f'"{found.etag}"', found.etag, "*")
    if request.get("IfMatch") and request["IfMatch"] not in etags:
        raise _precondition("If-Match")
    since = request.get("IfUnmodifiedSince")
    if since and not request.get("IfMatch") and found.modified > since:
        raise _precondition("If-Unmodified-Since")
    if request.get("IfNoneMatch"):
        return request["IfNoneMatch"] not in etags
    if request.get("IfModifiedSince"):
        return found.modified > request["IfModifiedSince"]
    return True


def _range(text: str | None, size: int) -> tuple[int, int] | None:
    """Return begin and end of a range, or None for the whole object."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text or "")
    if match is None or not (match[1] or match[2]):
        return None
    if match[1]:
        begin, end = int(match[1]), min(int(match[2]) + 1 if match[2] else size, size)
        if match[2] and int(match[2]) < int(match[1]):
            return None
    else:
        begin, end = max(0, size - int(match[2])), size
    if begin >= end:
        raise ApiError(
            "InvalidRange",
            "The requested range is not satisfiable",
            status=416,
            RangeRequested=text,
            ActualObjectSize=size,
        )
    return begin, end


_READ = (
    "Bucket Key VersionId Range IfMatch IfNoneMatch IfModifiedSince IfUnmodifiedSince ChecksumMode "
    "ResponseCacheControl ResponseContentDisposition ResponseContentEncoding "
    "ResponseContentLanguage ResponseContentType ResponseExpires"
)
_WHOLE = {"PartNumber": "the parts of an object are not kept."}


def _open(context: Context, request: dict[str, Any]) -> tuple[Object, Any]:
    objects: Objects = context.site.objects
    return objects.open(request["Bucket"], request["Key"], request.get("VersionId"))


def _restore(found: Object, now: float) -> str | None:
    """Return what HeadObject says of a copy that was restored, or is being."""
    ready, back = found.details.get("ready"), found.details.get("back")
    if ready is None or back is None or now >= back:
        return None
    if now < ready:
        return 'ongoing-request="true"'
    return f'ongoing-request="false", expiry-date="{formatdate(back, usegmt=True)}"'


def _answer(context: Context, request: dict[str, Any], name: str) -> wire.Answer:
    found, file = _open(context, request)
    try:
        answer = _properties(found, request)
        if name == "GetObject":
            _require_online(found, context.site.clock.now())
        else:
            answer["Restore"] = _restore(found, context.site.clock.now())
        if not _conditions(found, request):
            file.close()
            return wire.Answer(304, {"ETag": answer["ETag"], "Content-Length": "0"})
        part = _range(request.get("Range"), found.size)
        begin, end = part or (0, found.size)
        if part:
            answer["ContentRange"] = f"bytes {begin}-{end - 1}/{found.size}"
        elif request.get("ChecksumMode") == "ENABLED":
            answer["ChecksumCRC32"] = found.crc32
            composite = "-" in found.crc32
            answer["ChecksumType"] = "COMPOSITE" if composite else "FULL_OBJECT"
        answer["ContentLength"] = end - begin
        model = service_model("s3").operation_model(name)
        written = wire.rest_answer(answer, model, xml=True)
        written.status = 206 if part else 200
        if name == "HeadObject":
            file.close()
            written.length = end - begin
        else:
            file.seek(begin)
            written.body, written.length = file, end - begin
        return written
    except BaseException:
        file.close()
        raise


@operation("s3", "GetObject", uses=_READ, refuses=_WHOLE)
def get_object(context: Context, request: dict[str, Any]) -> Any:
    return _answer(context, request, "GetObject")


@operation("s3", "HeadObject", uses=_READ, refuses=_WHOLE)
def head_object(context: Context, request: dict[str, Any]) -> Any:
    return _answer(context, request, "HeadObject")


@operation("s3", "DeleteObject", uses="Bucket Key VersionId BypassGovernanceRetention")
def delete_object(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    context.site.objects.require_bucket(request["Bucket"])
    bypass = request.get("BypassGovernanceRetention", False)
    return _delete(context, request["Bucket"], request, bypass=bypass)


def _delete(
    context: Context, bucket: str, item: dict[str, Any], *, bypass: bool
) -> dict[str, Any]:
    """Delete an object or one version; say which version, and whether it is a marker."""
    objects: Objects = context.site.objects
    version = item.get("VersionId")
    if version is None:
        marker = objects.delete(bucket, item["Key"])
        return {"DeleteMarker": True, "VersionId": marker} if marker else {}
    gone = objects.delete_version(bucket, item["Key"], version, bypass=bypass)
    was_marker = isinstance(gone, Older) and gone.is_marker
    return {"VersionId": version} | ({"DeleteMarker": True} if was_marker else {})


@operation(
    "s3",
    "DeleteObjects",
    uses="Bucket Delete.Objects[].Key Delete.Objects[].VersionId Delete.Quiet "
    "BypassGovernanceRetention",
)
def delete_objects(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    context.site.objects.require_bucket(request["Bucket"])
    items = request["Delete"]["Objects"]
    if len(items) > PAGE:
        raise ApiError("MalformedXML", f"At most {PAGE} keys may be deleted at a time.")
    bypass = request.get("BypassGovernanceRetention", False)
    deleted, errors = [], []
    for item in items:
        named = {name: item[name] for name in ("Key", "VersionId") if item.get(name)}
        try:
            answer = _delete(context, request["Bucket"], item, bypass=bypass)
        except ApiError as error:
            errors.append({**named, "Code": error.code, "Message": error.message})
            continue
        if answer.get("DeleteMarker"):
            named |= {"DeleteMarker": True, "DeleteMarkerVersionId": answer["VersionId"]}
        deleted.append(named)
    quiet = request["Delete"].get("Quiet", False)
    return {"Deleted": [] if quiet else deleted, "Errors": errors or None}


@operation(
    "s3",
    "CopyObject",
    uses=f"{_OBJECT} {_DETAILS} CopySource MetadataDirective TaggingDirective "
    "CopySourceIfMatch CopySourceIfNoneMatch",
    refuses=_PLAIN,
)
def copy_object(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    objects: Objects = context.site.objects
    source, key, version = _copy_source(request["CopySource"])
    _check_key(request["Key"])
    objects.require_bucket(request["Bucket"])
    details = _details(context, request)
    found, file = objects.open(source, key, version)
    with file:
        _require_online(found, context.site.clock.now())
        etag = f'"{found.etag}"'
        if request.get("CopySourceIfMatch") not in (None, etag, found.etag):
            raise _precondition("x-amz-copy-source-If-Match")
        if request.get("CopySourceIfNoneMatch") in (etag, found.etag):
            raise _precondition("x-amz-copy-source-If-None-Match")
        replaces = request.get("MetadataDirective", "COPY") == "REPLACE"
        same = (source, key) == (request["Bucket"], request["Key"])
        changes = replaces or version or details.get("class") != found.details.get("class")
        if same and not changes:
            raise ApiError(
                "InvalidRequest",
                "This copy request is illegal because it is trying to copy an object to "
                "itself without changing the object's metadata, storage class, website "
                "redirect location or encryption attributes.",
            )
        written = objects.receive(file)
    copied = objects.keep(
        request["Bucket"],
        request["Key"],
        written,
        headers=_kept_headers(request) if replaces else found.headers,
        metadata=request.get("Metadata") if replaces else found.metadata,
        details=_copied_tags(request, found) | details,
    )
    return {
        "VersionId": _version_of(copied),
        "CopySourceVersionId": _version_of(found),
        "CopyObjectResult": {"ETag": f'"{copied.etag}"', "LastModified": copied.modified},
    }


def _copied_tags(request: dict[str, Any], found: Object) -> dict[str, Any]:
    replaces = request.get("TaggingDirective", "COPY") == "REPLACE"
    return (
        {} if replaces or "tags" not in found.details else {"tags": found.details["tags"]}
    )


def _copy_source(text: str) -> tuple[str, str, str | None]:
    path, _, query = text.partition("?")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    version = dict(parse_qsl(query)).get("versionId")
    if not bucket or not key or (query and not version):
        raise ApiError(
            "InvalidArgument", "Copy Source must mention the source bucket and key"
        )
    return bucket, key, version


# Lists

_LIST = "Bucket Prefix Delimiter MaxKeys EncodingType"


def _list(
    context: Context, request: dict[str, Any], after: str
) -> tuple[dict[str, Any], str | None]:
    """Return the common members of both lists, and the last name if more follow."""
    context.site.objects.require_bucket(request["Bucket"])
    prefix, delimiter = request.get("Prefix", ""), request.get("Delimiter", "")
    size = min(request.get("MaxKeys", PAGE), PAGE)
    if size < 0:
        raise ApiError("InvalidArgument", "Argument maxKeys must be an integer from 0 on")
    url = request.get("EncodingType") == "url"
    shown = wire.quoted if url else str
    contents: list[dict[str, Any]] = []
    prefixes: list[str] = []
    last, more = after, False
    objects = context.site.objects
    # Behind a common prefix the search goes on after everything that begins with it.
    skipped = (
        bool(delimiter and after.endswith(delimiter)) and after.startswith(prefix) and after
    )
    found = (
        objects.iterate(request["Bucket"], prefix=prefix, at=_behind(after))
        if skipped
        else objects.iterate(request["Bucket"], prefix=prefix, after=after)
    )
    while (item := next(found, None)) is not None:
        if len(contents) + len(prefixes) >= size:
            more = size > 0
            break
        rest = item.key[len(prefix) :]
        if delimiter and delimiter in rest:
            common = prefix + rest.partition(delimiter)[0] + delimiter
            prefixes.append(common)
            last = common
            found = objects.iterate(request["Bucket"], prefix=prefix, at=_behind(common))
            continue
        last = item.key
        contents.append(
            {
                "Key": shown(item.key),
                "LastModified": item.modified,
                "ETag": f'"{item.etag}"',
                "Size": item.size,
                "StorageClass": item.storage_class,
                "ChecksumAlgorithm": ["CRC32"],
            }
        )
    answer = {
        "Name": request["Bucket"],
        "Prefix": shown(prefix),
        "Delimiter": shown(delimiter) if delimiter else None,
        "MaxKeys": size,
        "EncodingType": request.get("EncodingType"),
        "IsTruncated": more,
        "Contents": contents or None,
        "CommonPrefixes": [{"Prefix": shown(name)} for name in prefixes] or None,
    }
    return answer, last if more else None


def _behind(common: str) -> str:
    """Return the smallest text behind every text that begins with `common`."""
    for place in reversed(range(len(common))):
        following = ord(common[place]) + 1
        if following == 0xD800:  # halves of characters stand in no text
            following = 0xE000
        if following <= sys.maxunicode:
            return common[:place] + chr(following)
    return chr(sys.maxunicode) * _LONGEST_KEY


@operation("s3", "ListObjectsV2", uses=f"{_LIST} ContinuationToken StartAfter FetchOwner")
def list_objects_v2(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    token = request.get("ContinuationToken")
    after = _token(token) if token else request.get("StartAfter", "")
    answer, last = _list(context, request, after)
    if request.get("FetchOwner"):
        for item in answer["Contents"] or []:
            item["Owner"] = _owner(context)
    shown = wire.quoted if request.get("EncodingType") == "url" else str
    answer["KeyCount"] = len(answer["Contents"] or []) + len(answer["CommonPrefixes"] or [])
    answer["ContinuationToken"] = token
    if request.get("StartAfter"):
        answer["StartAfter"] = shown(request["StartAfter"])
    if last is not None:
        answer["NextContinuationToken"] = _write_token(last)
    return answer


@operation("s3", "ListObjects", uses=f"{_LIST} Marker")
def list_objects(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    answer, last = _list(context, request, request.get("Marker", ""))
    shown = wire.quoted if request.get("EncodingType") == "url" else str
    answer["Marker"] = shown(request.get("Marker", ""))
    if last is not None and request.get("Delimiter"):
        answer["NextMarker"] = shown(last)
    return answer


# Uploads in parts


def _upload(context: Context, request: dict[str, Any]) -> tuple[dict, dict, dict]:
    row = context.site.state.row(
        "select headers, metadata, details from uploads where id = ? and bucket = ? and key = ?",
        request["UploadId"],
        request["Bucket"],
        request["Key"],
    )
    if row is None:
        raise ApiError(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload "
            "may have been aborted or completed.",
            status=404,
        )
    return json.loads(row[0]), json.loads(row[1]), json.loads(row[2])


@operation(
    "s3",
    "CreateMultipartUpload",
    uses=f"{_OBJECT} {_DETAILS}",
    refuses={
        **_PLAIN,
        "ChecksumType=FULL_OBJECT": "the checksum of an object in parts is that of its parts.",
    },
)
def create_multipart_upload(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    context.site.objects.require_bucket(request["Bucket"])
    _check_key(request["Key"])
    identifier = secrets.token_hex(24)
    context.site.state.execute(
        "insert into uploads values (?, ?, ?, ?, ?, ?, ?)",
        identifier,
        request["Bucket"],
        request["Key"],
        context.site.clock.now(),
        json.dumps(_kept_headers(request)),
        json.dumps(request.get("Metadata", {})),
        json.dumps(_details(context, request)),
    )
    return {
        "Bucket": request["Bucket"],
        "Key": request["Key"],
        "UploadId": identifier,
        "ChecksumAlgorithm": request.get("ChecksumAlgorithm"),
        "ChecksumType": "COMPOSITE" if request.get("ChecksumAlgorithm") else None,
    }


@operation(
    "s3",
    "UploadPart",
    uses=f"Bucket Key PartNumber UploadId Body {_CHECKED}",
    refuses={"SSECustomerKey": _PLAIN["SSECustomerKey"]},
    streams=True,
)
def upload_part(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    number, state = request["PartNumber"], context.site.state
    if not 1 <= number <= 10_000:
        raise ApiError(
            "InvalidArgument",
            "Part number must be an integer between 1 and 10000, inclusive",
        )
    _upload(context, request)
    written = _receive(context)
    try:
        with state.transaction():
            _upload(context, request)
            old = state.row(
                "select file from parts where upload = ? and number = ?",
                request["UploadId"],
                number,
            )
            state.execute(
                "insert or replace into parts values (?, ?, ?, ?, ?, ?, ?)",
                request["UploadId"],
                number,
                written.path.name,
                written.size,
                written.etag,
                written.crc32,
                float(int(context.site.clock.now())),
            )
    except BaseException:
        context.site.objects.discard(written.path)
        raise
    if old is not None:
        context.site.objects.discard(written.path.parent / old[0])
    return {"ETag": f'"{written.etag}"', "ChecksumCRC32": written.crc32}


def _parts(context: Context, upload: str) -> dict[int, tuple]:
    rows = context.site.state.rows(
        "select number, file, size, etag, crc32, modified from parts where upload = ? "
        "order by number",
        upload,
    )
    return {row[0]: row[1:] for row in rows}


@operation(
    "s3",
    "CompleteMultipartUpload",
    uses="Bucket Key UploadId MultipartUpload.Parts IfMatch IfNoneMatch",
    differs=(
        "Answers when the object is whole; AWS may answer first and fail in the body.",
    ),
)
def complete_multipart_upload(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    objects: Objects = context.site.objects
    headers, metadata, details = _upload(context, request)
    asked = (request.get("MultipartUpload") or {}).get("Parts") or []
    if not asked:
        raise ApiError("MalformedXML", "You must specify at least one part")
    there = _parts(context, request["UploadId"])
    chosen = []
    for part in asked:
        found = there.get(part.get("PartNumber"))
        crc = part.get("ChecksumCRC32")
        etag = (part.get("ETag") or "").strip('"')
        if found is None or found[2] != etag or crc not in (None, found[3]):
            raise ApiError(
                "InvalidPart",
                "One or more of the specified parts could not be found. The part may not "
                "have been uploaded, or the specified entity tag may not match the part's "
                "entity tag.",
            )
        chosen.append((part["PartNumber"], *found))
    numbers = [part[0] for part in chosen]
    if numbers != sorted(set(numbers)):
        raise ApiError(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. The parts list must be specified "
            "in order by part number.",
        )
    if any(part[2] < _SMALLEST_PART for part in chosen[:-1]):
        raise ApiError(
            "EntityTooSmall",
            "Your proposed upload is smaller than the minimum allowed size",
        )
    folder = objects.folder
    written = objects.receive(_Joined([folder / part[1] for part in chosen]))
    digests = b"".join(bytes.fromhex(part[3]) for part in chosen)
    crcs = b"".join(base64.b64decode(part[4]) for part in chosen)
    kept = objects.keep(
        request["Bucket"],
        request["Key"],
        written,
        headers=headers,
        metadata=metadata,
        details=details,
        etag=f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(chosen)}",
        crc32=f"{crc_text(zlib.crc32(crcs))}-{len(chosen)}",
        allowed=_unless(request),
    )
    _forget(context, request["UploadId"])
    return {
        "Location": f"{context.site.endpoint}/{kept.bucket}/{kept.key}",
        "Bucket": kept.bucket,
        "Key": kept.key,
        "VersionId": _version_of(kept),
        "ETag": f'"{kept.etag}"',
        "ChecksumCRC32": kept.crc32,
        "ChecksumType": "COMPOSITE",
    }


class _Joined:
    """Files, read one after the other."""

    def __init__(self, paths: list):
        self._paths = iter(paths)
        self._file: Any = None

    def read(self, size: int) -> bytes:
        while True:
            if self._file is not None:
                piece = self._file.read(size)
                if piece:
                    return piece
                self._file.close()
            path = next(self._paths, None)
            if path is None:
                return b""
            self._file = open(path, "rb")  # noqa: SIM115 - closed at its end


def _forget(context: Context, upload: str) -> None:
    state, parts = context.site.state, _parts(context, upload)
    with state.transaction():
        state.execute("delete from parts where upload = ?", upload)
        state.execute("delete from uploads where id = ?", upload)
    for part in parts.values():
        context.site.objects.discard(context.site.objects.folder / part[0])


@operation("s3", "AbortMultipartUpload", uses="Bucket Key UploadId")
def abort_multipart_upload(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _upload(context, request)
    _forget(context, request["UploadId"])
    return {}


@operation("s3", "ListParts", uses="Bucket Key UploadId MaxParts PartNumberMarker")
def list_parts(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _upload(context, request)
    marker = request.get("PartNumberMarker") or 0
    if not str(marker).isdigit():
        raise ApiError("InvalidArgument", "part-number-marker must be a whole number")
    size = min(request.get("MaxParts") or PAGE, PAGE)
    parts = [
        {
            "PartNumber": number,
            "LastModified": modified,
            "ETag": f'"{etag}"',
            "Size": bytes_,
            "ChecksumCRC32": crc32,
        }
        for number, (_, bytes_, etag, crc32, modified) in _parts(
            context, request["UploadId"]
        ).items()
        if number > int(marker)
    ]
    more = len(parts) > size
    return {
        "Bucket": request["Bucket"],
        "Key": request["Key"],
        "UploadId": request["UploadId"],
        "PartNumberMarker": int(marker),
        "NextPartNumberMarker": parts[size - 1]["PartNumber"] if more else None,
        "MaxParts": size,
        "IsTruncated": more,
        "Parts": parts[:size],
        "StorageClass": "STANDARD",
    }


def recover(site: Site) -> None:
    """Remove files of uploads that a kill left unfinished."""
    site.objects.clean()
