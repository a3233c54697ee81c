"""The table of operations: each a function, with what it carries out as data."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labs_lib.aws import RequestError, validate
from labs_lib.aws.request import service_model
from labs_lib.sagemaker.errors import ApiError, from_findings, invalid, not_here

if TYPE_CHECKING:
    from labs_lib.sagemaker.site import Site

SERVICES = {
    "sagemaker": "SAGEMAKER",
    "sagemaker-runtime": "SAGEMAKER_RUNTIME",
    "sagemaker-featurestore-runtime": "SAGEMAKER_FEATURESTORE_RUNTIME",
    "s3": "S3",
    "logs": "CLOUDWATCH_LOGS",
    "cloudwatch": "CLOUDWATCH",
    "application-autoscaling": "APPLICATION_AUTO_SCALING",
    "sts": "STS",
    "sqs": "SQS",
    "kinesis": "KINESIS",
    "events": "EVENTBRIDGE",
    "stepfunctions": "SFN",
    "resource-groups": "RESOURCE_GROUPS",
    "dynamodb": "DYNAMODB",
    "dynamodbstreams": "DYNAMODB_STREAMS",
}
"""botocore's names of the services that answer, and how AWS_ENDPOINT_URL_... calls them."""


@dataclass(frozen=True)
class Context:
    """What an operation may look at beside its request.

    Attributes
    ----------
    site : Site
        State, clock and everything that runs.
    region : str
        The region of the request's signature.
    wire : object
        The request as it came, for operations that stream.
    """

    site: "Site"
    region: str
    wire: Any

    @property
    def user(self) -> dict[str, Any]:
        """Who makes everything here, as answers name it."""
        arn = f"arn:aws:iam::{self.site.account}:user/learner"
        return {"IamIdentity": {"Arn": arn, "PrincipalId": "AIDALABSLEARNER"}}

    def arn(self, resource: str, service: str = "sagemaker") -> str:
        """Return the ARN of ``"model/name"`` or the like."""
        return f"arn:aws:{service}:{self.region}:{self.site.account}:{resource}"


Run = Callable[[Context, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Operation:
    """One operation of AWS that is carried out here.

    Attributes
    ----------
    service, name : str
    run : callable
        From context and request to the members of the answer.
    uses : tuple of str
        Fields that do here what they do on AWS, such as ``InputDataConfig[].ChannelName``; a
        structure's name stands for all that is in it.
    refuses : dict of str to str
        Fields (or ``Field=value``) that this SageMaker cannot carry out, and why. Fields in
        neither are kept, given back, and without effect.
    differs : tuple of str
        Where the behaviour differs from AWS, or is an assumption. Sentences.
    waits_while : callable, optional
        From an answer to whether a waiter should be held until it changes.
    streams : bool
        Whether the function reads the body itself.
    """

    service: str
    name: str
    run: Run
    uses: tuple[str, ...] = ()
    refuses: Mapping[str, str] = field(default_factory=dict)
    differs: tuple[str, ...] = ()
    waits_while: Callable[[dict[str, Any]], bool] | None = None
    streams: bool = False


OPERATIONS: dict[tuple[str, str], Operation] = {}


def operation(
    service: str,
    name: str,
    *,
    uses: str = "",
    refuses: Mapping[str, str] | None = None,
    differs: Iterable[str] = (),
    waits_while: Callable[[dict[str, Any]], bool] | None = None,
    streams: bool = False,
) -> Callable[[Run], Run]:
    """Register a function as an operation; see `Operation`. `uses` is split at spaces."""

    def register(run: Run) -> Run:
        OPERATIONS[service, name] = Operation(
            service,
            name,
            run,
            tuple(uses.split()),
            dict(refuses or {}),
            tuple(differs),
            waits_while,
            streams,
        )
        return run

    return register


def find(service: str, name: str) -> Operation:
    """Return an operation.

    Raises
    ------
    ApiError
        Says what there is: AWS knows the operation and this SageMaker does not have it, or
        AWS does not know it either.
    """
    found = OPERATIONS.get((service, name))
    if found is not None:
        return found
    has = ", ".join(names(service))
    if name in service_model(service).operation_names:
        raise ApiError(
            "NotImplemented",
            f"The SageMaker on this machine does not have {name} of {service}. It has: {has}.",
            status=501,
        )
    raise ApiError(
        "UnknownOperationException",
        f"{service} has no operation {name[:100]!r}. The SageMaker on this machine has: {has}.",
    )


def names(service: str) -> list[str]:
    """Return the operations that a service has here, by name."""
    return sorted(name for of, name in OPERATIONS if of == service)


def refuse_what_is_missing(found: Operation, request: Mapping[str, Any]) -> None:
    """Raise an `ApiError` if the request has a field that cannot be carried out."""
    for rule, reason in found.refuses.items():
        path, _, value = rule.partition("=")
        for where, given in values_at(request, path):
            if not value or str(given) == value:
                shown = f"{where} {value}".strip()
                raise not_here(found.name, shown, reason)


def check(name: str, request: dict[str, Any]) -> Operation:
    """Return an operation of SageMaker that the request is valid for, or raise `ApiError`."""
    try:
        validate(name, request, service="sagemaker")
    except RequestError as error:
        raise invalid(from_findings(error, request)) from None
    found = OPERATIONS["sagemaker", name]
    refuse_what_is_missing(found, request)
    return found


def call(context: Context, name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out an operation of SageMaker as if its request had come over the wire."""
    return check(name, request).run(context, request)


def values_at(request: Any, path: str, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield place and value of every field that a path such as ``A[].B`` names."""
    first, _, rest = path.partition(".")
    name, is_list = first.removesuffix("[]"), first.endswith("[]")
    if not isinstance(request, Mapping) or request.get(name) is None:
        return
    here = f"{at}.{name}".lstrip(".")
    found = request[name]
    items = (
        [(f"{here}[{index}]", item) for index, item in enumerate(found)]
        if is_list
        else [(here, found)]
    )
    for where, item in items:
        if rest:
            yield from values_at(item, rest, where)
        else:
            yield where, item


# Lists


def page(
    items: list[Any], request: Mapping[str, Any], *, key: str, default: int = 10
) -> dict[str, Any]:
    """Return one page of a list: the items under `key`, and NextToken if there are more.

    A token holds for the same request only, except for MaxResults.
    """
    asked = {k: v for k, v in request.items() if k not in ("NextToken", "MaxResults")}
    begin = 0
    token = request.get("NextToken")
    if token:
        begin = _read_token(token, asked)
    size = request.get("MaxResults") or default
    answer: dict[str, Any] = {key: items[begin : begin + size]}
    if begin + size < len(items):
        answer["NextToken"] = _write_token(begin + size, asked)
    return answer


def _write_token(begin: int, asked: Mapping[str, Any]) -> str:
    text = json.dumps([begin, asked], sort_keys=True, default=str)
    return base64.urlsafe_b64encode(text.encode()).decode("ascii")


def _read_token(token: str, asked: Mapping[str, Any]) -> int:
    try:
        begin, of = json.loads(base64.urlsafe_b64decode(token.encode("ascii", "replace")))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise invalid("The NextToken is not one that was given out.") from None
    same = json.loads(json.dumps(asked, sort_keys=True, default=str))
    if not isinstance(begin, int) or begin < 0 or of != same:
        raise invalid("The NextToken belongs to another request; repeat its other fields.")
    return begin


LIST_FIELDS = (
    "SortBy SortOrder NextToken MaxResults NameContains CreationTimeBefore "
    "CreationTimeAfter"
)
"""What every List operation of SageMaker understands."""


def listing(
    items: list[dict[str, Any]],
    request: Mapping[str, Any],
    *,
    key: str,
    name: str,
    summary: Iterable[str],
    status: str | None = None,
    order: str = "Descending",
) -> dict[str, Any]:
    """Filter, sort and page a list of resources as SageMaker's List operations do.

    Parameters
    ----------
    items : list of dict
        All resources of the kind.
    request : dict
        NameContains, the times, StatusEquals, SortBy, SortOrder, MaxResults, NextToken.
    key : str
        The member of the answer that holds the list.
    name, status : str
        Members that hold a resource's name and its status.
    summary : iterable of str
        Members that the list shows.
    order : {"Descending", "Ascending"}
        The operation's own default.
    """
    kept = [item for item in items if _passes(item, request, name, status)]
    by = {"Name": name, "Status": status or "", "CreationTime": "CreationTime"}
    field_name = by.get(request.get("SortBy", "CreationTime"), "CreationTime")
    kept.sort(
        key=lambda item: (item.get(field_name, ""), item[name]),
        reverse=request.get("SortOrder", order) == "Descending",
    )
    wanted = tuple(summary)
    shown = [{k: item[k] for k in wanted if k in item} for item in kept]
    return page(shown, request, key=key)


def _passes(
    item: Mapping[str, Any], request: Mapping[str, Any], name: str, status: str | None
) -> bool:
    if request.get("NameContains", "").lower() not in item[name].lower():
        return False
    if status and request.get("StatusEquals", item[status]) != item[status]:
        return False
    for time in ("CreationTime", "LastModifiedTime"):
        moment = item.get(time, 0)
        if request.get(f"{time}After", moment) > moment:
            return False
        if request.get(f"{time}Before", moment + 1) <= moment:
            return False
    return True
