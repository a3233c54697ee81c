"""Resource Groups: what collections of model groups are made of."""

import json
from collections.abc import Mapping
from typing import Any

from labs_lib.sagemaker import tags
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.operations import Context, operation, page
from labs_lib.sagemaker.state import Taken

_EVERYTHING = "AWS::AllSupported"


def _type(kind: str) -> str:
    family = "ResourceGroups" if kind == "Group" else "SageMaker"
    return f"AWS::{family}::{kind}"


def _bad(text: str) -> ApiError:
    return ApiError("BadRequestException", text)


def _find(context: Context, request: Mapping[str, Any]) -> dict[str, Any]:
    given = request.get("Group") or request.get("GroupName")
    if not given:
        raise _bad("Group is missing: give a name or an ARN.")
    name = given.rpartition(":group/")[2]
    found = context.site.state.get("Group", name)
    if found is None:
        raise ApiError("NotFoundException", f"Cannot find group {name[:200]}.", status=404)
    return found


def _shown(group: Mapping[str, Any]) -> dict[str, Any]:
    names = ("GroupArn", "Name", "Description", "DisplayName", "Owner", "Criticality")
    return {name: group[name] for name in names if name in group}


def _filters(query: Mapping[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the types and the tags that a query asks for, or raise."""
    if query["Type"] != "TAG_FILTERS_1_0":
        raise _bad("ResourceQuery.Type must be TAG_FILTERS_1_0: there are no stacks here.")
    try:
        parsed = json.loads(query["Query"])
        types, filters = parsed["ResourceTypeFilters"], parsed["TagFilters"]
        assert_texts = [*types, *(item["Key"] for item in filters)]
        assert_texts += [value for item in filters for value in item.get("Values", [])]
        if not all(isinstance(text, str) for text in assert_texts):
            raise TypeError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _bad(
            "Query not valid: expected JSON with ResourceTypeFilters, a list of types, and "
            "TagFilters, a list of objects with Key and Values."
        ) from None
    return types, filters


@operation(
    "resource-groups",
    "CreateGroup",
    uses="Name Description ResourceQuery.Type ResourceQuery.Query Tags",
    refuses={"Configuration": "a group here is a query by tags."},
    differs=(
        "Types are those of this SageMaker's resources, and of groups.",
        "A collection of SageMaker Studio is such a group; Studio's own limits (ten members "
        "moved at a time, deleted only when empty) are not checked.",
    ),
)
def create_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    if "ResourceQuery" not in request:
        raise _bad("ResourceQuery is missing.")
    _filters(request["ResourceQuery"])
    name = request["Name"]
    arn = context.arn(f"group/{name}", "resource-groups")
    given = request.pop("Tags", None) or {}
    body = {**request, "GroupArn": arn}
    try:
        with context.site.state.transaction():
            context.site.state.add("Group", name, arn, body)
            tags.keep(context, arn, [{"Key": k, "Value": v} for k, v in given.items()])
    except Taken:
        raise _bad(f"A group with the name {name} exists.") from None
    return {"Group": _shown(body), "ResourceQuery": body["ResourceQuery"], "Tags": given}


@operation("resource-groups", "GetGroup", uses="Group GroupName")
def get_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return {"Group": _shown(_find(context, request))}


@operation("resource-groups", "GetGroupQuery", uses="Group GroupName")
def get_group_query(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _find(context, request)
    return {
        "GroupQuery": {
            "GroupName": found["Name"],
            "ResourceQuery": found["ResourceQuery"],
        }
    }


@operation(
    "resource-groups",
    "UpdateGroupQuery",
    uses="Group GroupName ResourceQuery.Type ResourceQuery.Query",
)
def update_group_query(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _filters(request["ResourceQuery"])
    found = _find(context, request)
    query = request["ResourceQuery"]
    context.site.state.change("Group", found["Name"], {"ResourceQuery": query})
    return {"GroupQuery": {"GroupName": found["Name"], "ResourceQuery": query}}


@operation("resource-groups", "DeleteGroup", uses="Group GroupName")
def delete_group(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _find(context, request)
    context.site.state.remove("Group", found["Name"])
    return {"Group": _shown(found)}


@operation(
    "resource-groups",
    "ListGroups",
    uses="MaxResults NextToken",
    refuses={"Filters": "all groups are listed."},
)
def list_groups(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = page(context.site.state.all("Group"), request, key="Groups", default=50)
    groups = found["Groups"]
    found["Groups"] = [_shown(group) for group in groups]
    found["GroupIdentifiers"] = [
        {"GroupName": group["Name"], "GroupArn": group["GroupArn"]} for group in groups
    ]
    return found


@operation(
    "resource-groups",
    "ListGroupResources",
    uses="Group GroupName MaxResults NextToken",
    refuses={"Filters": "give the types in the group's query."},
)
def list_group_resources(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    group = _find(context, request)
    types, filters = _filters(group["ResourceQuery"])
    tagged: dict[str, dict[str, str]] = {}
    for arn, key, value in context.site.state.rows("select arn, key, value from tags"):
        tagged.setdefault(arn, {})[key] = value
    rows = context.site.state.rows("select kind, arn from resources order by arn")
    members = [
        {"ResourceArn": arn, "ResourceType": _type(kind)}
        for kind, arn in rows
        if (_EVERYTHING in types or _type(kind) in types)
        and all(_has(tagged.get(arn, {}), item) for item in filters)
    ]
    found = page(members, request, key="ResourceIdentifiers", default=50)
    found["Resources"] = [{"Identifier": m} for m in found["ResourceIdentifiers"]]
    return found | {"QueryErrors": []}


def _has(given: Mapping[str, str], wanted: Mapping[str, Any]) -> bool:
    values = wanted.get("Values") or []
    key = wanted["Key"]
    return key in given and (not values or given[key] in values)


# Tags of groups


def _tagged(context: Context, request: Mapping[str, Any]) -> str:
    return _find(context, {"Group": request["Arn"]})["GroupArn"]


@operation("resource-groups", "GetTags", uses="Arn")
def get_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    arn = _tagged(context, request)
    rows = context.site.state.rows("select key, value from tags where arn = ?", arn)
    return {"Arn": arn, "Tags": dict(rows)}


@operation("resource-groups", "Tag", uses="Arn Tags")
def tag(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    arn, given = _tagged(context, request), request["Tags"]
    tags.keep(context, arn, [{"Key": k, "Value": v} for k, v in given.items()])
    return {"Arn": arn, "Tags": given}


@operation("resource-groups", "Untag", uses="Arn Keys")
def untag(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    arn = _tagged(context, request)
    with context.site.state.transaction():
        for key in request["Keys"]:
            context.site.state.execute(
                "delete from tags where arn = ? and key = ?", arn, key
            )
    return {"Arn": arn, "Keys": request["Keys"]}
