"""Tags of SageMaker's resources."""

from typing import Any

from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.operations import Context, operation, page

LIMIT = 50


def keep(context: Context, arn: str, tags: list[dict[str, str]]) -> None:
    """Add tags to a resource; a key that it has gets the new value."""
    state = context.site.state
    with state.transaction():
        for tag in tags:
            state.execute(
                "insert or replace into tags values (?, ?, ?)",
                arn,
                tag["Key"],
                tag["Value"],
            )
        (count,) = state.rows("select count(*) from tags where arn = ?", arn)[0]
        if count > LIMIT:
            raise invalid(
                f"The resource would have {count} tags; at most {LIMIT} are allowed."
            )


def check(tags: list[dict[str, str]]) -> None:
    """Raise an `ApiError` if a key is given twice."""
    keys = [tag["Key"] for tag in tags]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise invalid(f"Duplicate tag keys: {', '.join(twice)}")


def _resource(context: Context, arn: str) -> str:
    if not context.site.state.has_arn(arn):
        raise invalid(f"Could not find a resource with the ARN {arn}.")
    return arn


def of(context: Context, arn: str) -> list[dict[str, str]]:
    """Return a resource's tags, by key."""
    rows = context.site.state.rows(
        "select key, value from tags where arn = ? order by key", arn
    )
    return [{"Key": key, "Value": value} for key, value in rows]


@operation("sagemaker", "AddTags", uses="ResourceArn Tags")
def add_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    arn = _resource(context, request["ResourceArn"])
    check(request["Tags"])
    if any(tag["Key"].lower().startswith("aws:") for tag in request["Tags"]):
        raise ApiError("ValidationException", "Tag keys that begin with aws: are reserved.")
    keep(context, arn, request["Tags"])
    return {"Tags": of(context, arn)}


@operation("sagemaker", "ListTags", uses="ResourceArn NextToken MaxResults")
def list_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    arn = _resource(context, request["ResourceArn"])
    return page(of(context, arn), request, key="Tags", default=50)


@operation("sagemaker", "DeleteTags", uses="ResourceArn TagKeys")
def delete_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    arn = _resource(context, request["ResourceArn"])
    with context.site.state.transaction():
        for key in request["TagKeys"]:
            context.site.state.execute(
                "delete from tags where arn = ? and key = ?", arn, key
            )
    return {}
