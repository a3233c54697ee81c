"""AWS's protocols, read and written with the shapes of botocore's service models.

A request becomes the members of its operation's input shape; a dictionary becomes the answer
that botocore's parser expects. Times are numbers of seconds since 1970 on both sides.
"""

import base64
import contextlib
import functools
import io
import json
import math
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, quote, unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from labs_lib.aws.request import service_model
from labs_lib.clock import LAST
from labs_lib.sagemaker.errors import ApiError


@dataclass
class Request:
    """A request as it came over the wire.

    Attributes
    ----------
    method, path : str
        `path` is as it was sent, with its percent signs and without the query.
    query : dict of str to str
    headers : dict of str to str
        Names in small letters.
    body : object
        Has ``read(n)``; the bytes of the body.
    raw_query : str
        As it was sent: a name may come several times.
    begun : float
        When it arrived, by `time.perf_counter`.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    raw_query: str = ""
    begun: float = field(default_factory=time.perf_counter)

    @functools.cached_property
    def credential(self) -> list[str]:
        """Access key, date, region and service of the signature; empty if unsigned."""
        header = self.headers.get("authorization", "")
        match = re.search(r"Credential=([^,\s]+)", header)
        text = match[1] if match else self.query.get("X-Amz-Credential", "")
        if not text and "AWSAccessKeyId" in self.query:
            # A link that boto3 has signed the old way; only S3 knows it.
            return [self.query["AWSAccessKeyId"], "", "us-east-1", "s3"]
        parts = text.split("/")
        return parts[:4] if len(parts) == 5 else []

    @property
    def from_waiter(self) -> bool:
        """Whether one of boto3's waiters sent this: feature B in the User-Agent."""
        match = re.search(r"\bm/([\w+,-]+)", self.headers.get("user-agent", ""))
        return match is not None and "B" in match[1].split(",")


@dataclass
class Answer:
    """What is sent back.

    `body` is bytes, an open file of which `length` bytes are sent, or something to iterate
    over, whose parts are sent as they come; it is closed afterwards.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = b""
    length: int | None = None


def parse_query(text: str) -> dict[str, str]:
    """Return the query of an address; of a repeated name the last value."""
    parsed = parse_qs(text, keep_blank_values=True, errors="replace")
    return {name: values[-1] for name, values in parsed.items()}


# Requests


def read_json(body: bytes) -> dict[str, Any]:
    """Return a body that must be a JSON object."""
    try:
        found = json.loads(body or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ApiError("SerializationException", "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise ApiError("SerializationException", "The body is JSON, but not an object.")
    return found


def read_cbor(body: bytes) -> dict[str, Any]:
    """Return a body that must be a CBOR map, with times as seconds since 1970."""
    from botocore.parsers import RpcV2CBORParser

    try:
        stream = io.BufferedReader(io.BytesIO(body or b"\xa0"))
        found = _plain_cbor(RpcV2CBORParser().parse_data_item(stream))
    except ApiError:
        raise
    except Exception:
        # botocore reads what AWS writes; whatever else fails somewhere in its middle.
        raise ApiError("SerializationException", "The body is not CBOR.") from None
    if not isinstance(found, dict):
        raise ApiError("SerializationException", "The body is CBOR, but not a map.")
    return found


def _plain_cbor(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, float) and not math.isfinite(value):
        raise ApiError("InvalidParameterValue", f"The value {value} is not supported.")
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ApiError("SerializationException", "A key of a map is no text.")
        return {key: _plain_cbor(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_cbor(item) for item in value]
    return value


def check_times(value: Any, shape: Any, path: str = "") -> None:
    """Raise SerializationException if a time of a JSON request is none.

    It is a number of seconds since 1970, in the years that Python can write.
    """
    kind = shape.type_name
    if kind == "timestamp":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not _FIRST_TIME <= value < _LAST_TIME:
            raise ApiError(
                "SerializationException",
                f"{path} is {str(value)[:60]}, which is no time in seconds since 1970.",
            )
    elif kind == "structure" and isinstance(value, dict):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                check_times(value[name], member, f"{path}.{name}".lstrip("."))
    elif kind == "list" and isinstance(value, list):
        for item in value:
            check_times(item, shape.member, f"{path}[]")


_FIRST_TIME, _LAST_TIME = -2_000_000_000, LAST


def _no_constant(text: str) -> None:
    raise ValueError(text)


def read_rest(
    request: Request, shape: Any, labels: Mapping[str, str], body: bytes, *, xml: bool
) -> dict[str, Any]:
    """Return the members of a rest-json or rest-xml request."""
    members: dict[str, Any] = {}
    rest = {}
    payload = shape.serialization.get("payload")
    for name, member in shape.members.items():
        where = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if where == "uri":
            if wire_name in labels:
                members[name] = labels[wire_name]
        elif where == "querystring":
            if member.type_name == "list" and wire_name in request.query:
                several = parse_qs(request.raw_query, errors="replace").get(wire_name, [])
                members[name] = [_from_text(text, member.member) for text in several]
            elif wire_name in request.query:
                members[name] = _from_text(request.query[wire_name], member)
        elif where == "header":
            text = request.headers.get(wire_name.lower())
            if text is not None:
                members[name] = _from_text(text, member)
        elif where == "headers":
            found = {
                key[len(wire_name) :]: text
                for key, text in request.headers.items()
                if key.startswith(wire_name.lower())
            }
            if found:
                members[name] = found
        else:
            rest[name] = member
    if payload is not None:
        member = shape.members[payload]
        if member.type_name in ("blob", "string"):
            members[payload] = body if member.type_name == "blob" else _text(body)
        elif body:
            members[payload] = _read_xml(body, member) if xml else read_json(body)
    elif rest and body:
        found = _read_xml(body, shape) if xml else read_json(body)
        members.update(found)
    return members


def _text(body: bytes) -> str:
    return body.decode("utf-8", errors="replace")


def _from_text(text: str, shape: Any) -> Any:
    """Return the value of a header or of a part of the query; wrong text stays text."""
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
    except ValueError:
        return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind == "list":
        return [_from_text(part.strip(), shape.member) for part in text.split(",")]
    if kind == "timestamp":
        for read in (parsedate_to_datetime, datetime.fromisoformat):
            with contextlib.suppress(ValueError, OverflowError, OSError, TypeError):
                return _utc(read(text)).timestamp()
        shown = text[:60]
        raise ApiError("InvalidArgument", f"{shown!r} is no date of HTTP or ISO 8601.")
    return text


def _utc(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _read_xml(body: bytes, shape: Any) -> Any:
    # A declaration of entities is how a small text becomes gigabytes.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ApiError("MalformedXML", "The XML holds a document type declaration.")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise ApiError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our "
            "published schema",
        ) from None
    return _from_xml(root, shape)


def _from_xml(node: ElementTree.Element, shape: Any) -> Any:
    kind = shape.type_name
    if kind == "structure":
        children: dict[str, list[ElementTree.Element]] = {}
        for child in node:
            children.setdefault(child.tag.rpartition("}")[2], []).append(child)
        found = {}
        for name, member in shape.members.items():
            nodes = children.get(_xml_name(name, member))
            if not nodes:
                continue
            if member.type_name == "list" and member.serialization.get("flattened"):
                found[name] = [_from_xml(item, member.member) for item in nodes]
            else:
                found[name] = _from_xml(nodes[0], member)
        return found
    if kind == "list":
        return [_from_xml(child, shape.member) for child in node]
    return _from_text(node.text or "", shape)


def _xml_name(name: str, shape: Any) -> str:
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        member = shape.member.serialization.get("name")
        return shape.serialization.get("name", member or name)
    return shape.serialization.get("name", name)


# Answers


def write_json(value: Any, shape: Any) -> Any:
    """Return a value as JSON can hold it: bytes in base64, members without a value left out."""
    if shape is None:
        return {}
    kind = shape.type_name
    if kind == "structure":
        return {
            member.serialization.get("name", name): write_json(value[name], member)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if kind == "list":
        return [write_json(item, shape.member) for item in value]
    if kind == "map":
        return {key: write_json(item, shape.value) for key, item in value.items()}
    if kind == "blob":
        data = value.encode() if isinstance(value, str) else value
        return base64.b64encode(data).decode("ascii")
    return value


def compact(value: Any) -> str:
    """Return JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def json_answer(
    value: Mapping[str, Any], shape: Any, *, version: str, status: int = 200
) -> Answer:
    """Return the answer of the protocol json."""
    text = compact(write_json(value, shape))
    headers = {"Content-Type": f"application/x-amz-json-{version}"}
    return Answer(status, headers, text.encode("ascii"))


def cbor_answer(value: Mapping[str, Any], shape: Any, *, status: int = 200) -> Answer:
    """Return the answer of the protocol smithy-rpc-v2-cbor."""
    from botocore.serialize import RpcV2CBORSerializer

    headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
    body = bytearray(b"\xa0" if shape is None else b"")
    if shape is not None:
        RpcV2CBORSerializer()._serialize_data_item(body, _members(value, shape), shape)
    return Answer(status, headers, bytes(body))


def _members(value: Any, shape: Any) -> Any:
    """Leave out what the shape does not have: what is ours alone."""
    if shape.type_name == "structure":
        return {
            name: _members(value[name], member)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [_members(item, shape.member) for item in value]
    return value


def rest_answer(value: Mapping[str, Any], operation: Any, *, xml: bool) -> Answer:
    """Return the answer of the protocols rest-json and rest-xml."""
    shape = operation.output_shape
    answer = Answer(operation.http.get("responseCode", 200))
    if shape is None:
        return answer
    payload = shape.serialization.get("payload")
    rest = {}
    for name, member in shape.members.items():
        if value.get(name) is None:
            continue
        where = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if where == "header":
            answer.headers[wire_name] = _header_text(value[name], member)
        elif where == "headers":
            for key, text in value[name].items():
                answer.headers[wire_name + key] = text
        elif where == "statusCode":
            answer.status = value[name]
        else:
            rest[name] = value[name]
    if payload is not None:
        member = shape.members[payload]
        found = rest.get(payload)
        if member.type_name in ("blob", "string"):
            answer.body = found if found is not None else b""
        elif found is not None:
            answer.body = (
                _document(found, member, member.serialization.get("name", payload))
                if xml
                else json.dumps(write_json(found, member)).encode("ascii")
            )
    elif xml and rest:
        name = shape.serialization.get("name") or _root(shape.name)
        answer.body = _document(rest, shape, name)
    elif not xml:
        answer.body = json.dumps(write_json(rest, shape)).encode("ascii")
    if isinstance(answer.body, bytes) and answer.body:
        kind = "application/xml" if xml else "application/json"
        answer.headers.setdefault("Content-Type", kind)
    return answer


def _root(name: str) -> str:
    return name.removesuffix("Output") + ("Result" if name.endswith("Output") else "")


def _header_text(value: Any, shape: Any) -> str:
    if shape.type_name == "timestamp" and not isinstance(value, str):
        if shape.serialization.get("timestampFormat") == "iso8601":
            return iso_time(value)
        return formatdate(value, usegmt=True)
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "list":
        return ",".join(_header_text(item, shape.member) for item in value)
    return str(value)


def iso_time(seconds: float) -> str:
    """Return a time as AWS writes it in XML, with milliseconds."""
    return (
        datetime.fromtimestamp(seconds, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def _document(value: Any, shape: Any, name: str) -> bytes:
    text = "".join(_to_xml(value, shape, name, root=True))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def _to_xml(value: Any, shape: Any, name: str, *, root: bool = False) -> Any:
    kind = shape.type_name
    space = shape.serialization.get("xmlNamespace")
    uri = space["uri"] if isinstance(space, Mapping) and root else ""
    attribute = f" xmlns={quoteattr(uri)}" if uri else ""
    if kind == "list" and shape.serialization.get("flattened"):
        for item in value:
            yield from _to_xml(item, shape.member, name)
        return
    yield f"<{name}{attribute}>"
    if kind == "structure":
        for member_name, member in shape.members.items():
            if value.get(member_name) is not None:
                inner = _xml_name(member_name, member)
                yield from _to_xml(value[member_name], member, inner)
    elif kind == "list":
        inner = shape.member.serialization.get("name", "member")
        for item in value:
            yield from _to_xml(item, shape.member, inner)
    elif kind == "timestamp":
        yield iso_time(value)
    elif kind == "boolean":
        yield "true" if value else "false"
    else:
        yield escape(str(value))
    yield f"</{name}>"


def query_answer(value: Mapping[str, Any], operation: Any, request_id: str) -> Answer:
    """Return the answer of the protocol query."""
    name = operation.name
    shape = operation.output_shape
    wrapper = shape.serialization.get("resultWrapper", f"{name}Result")
    inside = "".join(_to_xml(value, shape, wrapper))
    text = (
        f"<{name}Response>{inside}<ResponseMetadata><RequestId>{request_id}</RequestId>"
        f"</ResponseMetadata></{name}Response>"
    )
    return Answer(200, {"Content-Type": "text/xml"}, text.encode())


def error_answer(
    error: ApiError, protocol: str, *, request_id: str, shape: Any = None
) -> Answer:
    """Return an error as the protocol writes it.

    Parameters
    ----------
    error : ApiError
    protocol : str
        botocore's name of the protocol.
    request_id : str
    shape : botocore shape, optional
        The modelled error of this code; it says how its members are spelled.
    """
    if protocol == "rest-xml":
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(_printable(error.message))}</Message>"
            + "".join(
                f"<{name}>{escape(_printable(str(value)))}</{name}>"
                for name, value in error.fields.items()
            )
            + f"<RequestId>{request_id}</RequestId></Error>"
        )
        return Answer(error.status, {"Content-Type": "application/xml"}, text.encode())
    if protocol == "query":
        text = (
            "<ErrorResponse><Error><Type>Sender</Type>"
            f"<Code>{escape(error.code)}</Code>"
            f"<Message>{escape(_printable(error.message))}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Answer(error.status, {"Content-Type": "text/xml"}, text.encode())
    spelled = "message"
    if shape is not None:
        spelled = next((n for n in shape.members if n.lower() == "message"), spelled)
    name = error.code if shape is None else shape.name
    headers = {"x-amzn-ErrorType": name}
    older = _QUERY_CODES.get(name, error.code)
    if name != older:
        # boto3 calls these errors as the service's older protocol did.
        headers["x-amzn-query-error"] = f"{older};Sender"
    if protocol == "smithy-rpc-v2-cbor":
        headers |= {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        parts = ("__type", name, spelled, error.message)
        return Answer(error.status, headers, b"\xa2" + b"".join(map(_cbor_text, parts)))
    headers["Content-Type"] = "application/x-amz-json-1.1"
    body = {"__type": name, spelled: error.message, **error.fields}
    return Answer(error.status, headers, json.dumps(body).encode("ascii"))


_QUERY_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
}
"""What SQS's older protocol called these errors; its model does not say."""


def _cbor_text(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    return b"\x7a" + len(data).to_bytes(4, "big") + data


def _printable(text: str) -> str:
    """Return the text without what XML cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)


def new_request_id() -> str:
    """Return a fresh request id."""
    return str(uuid.uuid4())


# Which operation


@functools.cache
def rest_routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    """Return method, pattern of the path and name of each operation of a REST service."""
    model = service_model(service)
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = http["requestUri"].partition("?")[0]
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))
        routes.append((http["method"], re.compile(pattern), name))
    return routes


def match_rest(service: str, request: Request) -> tuple[str, dict[str, str]] | None:
    """Return the operation that a REST request names, and the labels in its path."""
    for method, pattern, name in rest_routes(service):
        if method == request.method:
            match = pattern.fullmatch(request.path)
            if match:
                return name, {k: unquote(v) for k, v in match.groupdict().items()}
    return None


def quoted(text: str) -> str:
    """Return text for ``EncodingType`` url, as S3 writes keys."""
    return quote(text, safe="/*-._~")
