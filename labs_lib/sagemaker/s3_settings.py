"""S3: versions, lifecycle rules, object lock and tags."""

from typing import Any

from labs_lib.sagemaker import locks
from labs_lib.sagemaker.errors import ApiError
from labs_lib.sagemaker.objects import Object, Objects
from labs_lib.sagemaker.operations import Context, operation
from labs_lib.sagemaker.versions import Older

_PAGE = 1000


def _objects(context: Context, request: dict[str, Any]) -> Objects:
    objects: Objects = context.site.objects
    objects.require_bucket(request["Bucket"])
    objects.carry_out_rules(request["Bucket"])
    return objects


def _change(context: Context, request: dict[str, Any], **changes: Any) -> None:
    objects = _objects(context, request)
    with context.site.state.transaction():
        bucket = request["Bucket"]
        objects.set_settings(bucket, {**objects.settings(bucket), **changes})


# Versions


@operation(
    "s3",
    "PutBucketVersioning",
    uses="Bucket VersioningConfiguration.Status",
    refuses={"VersioningConfiguration.MFADelete=Enabled": "there are no devices."},
)
def put_bucket_versioning(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    status = request["VersioningConfiguration"].get("Status")
    if status is None:
        raise ApiError(
            "IllegalVersioningConfigurationException",
            "The versioning configuration has no Status; expected Enabled or Suspended.",
        )
    settings = _objects(context, request).settings(request["Bucket"])
    if status == "Suspended" and "lock" in settings:
        raise ApiError(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state "
            "cannot be changed.",
            status=409,
        )
    _change(context, request, versioning=status)
    return {}


@operation("s3", "GetBucketVersioning", uses="Bucket")
def get_bucket_versioning(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    settings = _objects(context, request).settings(request["Bucket"])
    return {"Status": settings.get("versioning")}


@operation(
    "s3",
    "ListObjectVersions",
    uses="Bucket Prefix MaxKeys KeyMarker VersionIdMarker",
    refuses={"Delimiter": "versions are listed without folders."},
)
def list_object_versions(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    objects = _objects(context, request)
    bucket, prefix = request["Bucket"], request.get("Prefix", "")
    size = min(request.get("MaxKeys", _PAGE), _PAGE)
    if size < 0:
        raise ApiError("InvalidArgument", "Argument maxKeys must be an integer from 0 on")
    marker, passed = request.get("KeyMarker", ""), request.get("VersionIdMarker")
    current = {found.key: found for found in objects.iterate(bucket, prefix=prefix)}
    keys = {*current, *(k for k in objects.versions.keys(bucket) if k.startswith(prefix))}
    found: list[tuple[Object | Older, bool]] = []
    for key in sorted(key for key in keys if key >= marker):
        now = [current[key]] if key in current else []
        every: list[Object | Older] = [*now, *objects.versions.of_key(bucket, key)]
        listed = [(item, place == 0) for place, item in enumerate(every)]
        if key == marker:
            ids = [_id(item) for item in every]
            # Without a version the marker stands behind all versions of its key.
            skip = ids.index(passed) + 1 if passed in ids else len(ids)
            listed = listed[skip:]
        found += listed
    answer: dict[str, Any] = {
        "Name": bucket,
        "Prefix": prefix,
        "KeyMarker": marker,
        "VersionIdMarker": passed,
        "MaxKeys": size,
        "IsTruncated": len(found) > size > 0,
    }
    if answer["IsTruncated"]:
        last = found[size - 1][0]
        answer |= {"NextKeyMarker": last.key, "NextVersionIdMarker": _id(last)}
    for item, is_latest in found[:size]:
        is_marker = isinstance(item, Older) and item.is_marker
        name = "DeleteMarkers" if is_marker else "Versions"
        answer.setdefault(name, []).append(_shown(context, item, is_latest, is_marker))
    return answer


def _id(item: Object | Older) -> str:
    return item.version


def _shown(
    context: Context, item: Object | Older, is_latest: bool, is_marker: bool
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Key": item.key,
        "VersionId": _id(item),
        "IsLatest": is_latest,
        "LastModified": item.modified,
        "Owner": {"ID": context.site.account, "DisplayName": "learner"},
    }
    if not is_marker:
        shown |= {
            "ETag": f'"{item.etag}"',
            "Size": item.size,
            "StorageClass": item.details.get("class", "STANDARD"),
        }
    return shown


# Lifecycle


@operation(
    "s3",
    "PutBucketLifecycleConfiguration",
    uses="Bucket LifecycleConfiguration.Rules TransitionDefaultMinimumObjectSize",
    refuses={
        "LifecycleConfiguration.Rules[].AbortIncompleteMultipartUpload": "uploads are kept "
        "until they are given up."
    },
    differs=(
        "Rules are carried out when the bucket is next looked at, as of each midnight UTC on "
        "the server's clock that has passed; on AWS the action may come later.",
    ),
)
def put_bucket_lifecycle_configuration(
    context: Context, request: dict[str, Any]
) -> dict[str, Any]:
    rules = request.get("LifecycleConfiguration", {}).get("Rules")
    if not rules:
        raise ApiError("MalformedXML", "A lifecycle configuration has at least one rule.")
    small = request.get("TransitionDefaultMinimumObjectSize", "all_storage_classes_128K")
    run = context.site.clock.now()
    _change(context, request, rules=_named(rules), small=small, run=run)
    return {"TransitionDefaultMinimumObjectSize": small}


def _named(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"ID": f"rule-{number}", **rule} for number, rule in enumerate(rules, 1)]


@operation("s3", "GetBucketLifecycleConfiguration", uses="Bucket")
def get_bucket_lifecycle_configuration(
    context: Context, request: dict[str, Any]
) -> dict[str, Any]:
    settings = _objects(context, request).settings(request["Bucket"])
    if "rules" not in settings:
        raise ApiError(
            "NoSuchLifecycleConfiguration",
            "The lifecycle configuration does not exist",
            status=404,
            BucketName=request["Bucket"],
        )
    return {
        "Rules": settings["rules"],
        "TransitionDefaultMinimumObjectSize": settings["small"],
    }


@operation("s3", "DeleteBucketLifecycle", uses="Bucket")
def delete_bucket_lifecycle(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _change(context, request, rules=None, small=None, run=None)
    return {}


# Object lock


@operation(
    "s3",
    "PutObjectLockConfiguration",
    uses="Bucket ObjectLockConfiguration",
    differs=("A year of a default retention has 365 days: an assumption.",),
)
def put_object_lock_configuration(
    context: Context, request: dict[str, Any]
) -> dict[str, Any]:
    settings = _objects(context, request).settings(request["Bucket"])
    if settings.get("versioning") != "Enabled":
        raise ApiError(
            "InvalidBucketState",
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
            status=409,
        )
    configuration = request.get("ObjectLockConfiguration")
    if not configuration:
        raise ApiError("MalformedXML", "The request has no ObjectLockConfiguration.")
    _change(context, request, lock=configuration)
    return {}


@operation("s3", "GetObjectLockConfiguration", uses="Bucket")
def get_object_lock_configuration(
    context: Context, request: dict[str, Any]
) -> dict[str, Any]:
    settings = _objects(context, request).settings(request["Bucket"])
    if "lock" not in settings:
        raise ApiError(
            "ObjectLockConfigurationNotFoundError",
            "Object Lock configuration does not exist for this bucket",
            status=404,
            BucketName=request["Bucket"],
        )
    return {"ObjectLockConfiguration": settings["lock"]}


def _version(context: Context, request: dict[str, Any]) -> Object | Older:
    """Return the version that a request names; a delete marker has neither lock nor tags."""
    objects = _objects(context, request)
    bucket, key, version = request["Bucket"], request["Key"], request.get("VersionId")
    found: Object | Older = (
        objects.get(bucket, key)
        if version is None
        else objects.find_version(bucket, key, version)
    )
    objects.as_object(found)
    return found


def _require_lock(context: Context, request: dict[str, Any]) -> None:
    if "lock" not in _objects(context, request).settings(request["Bucket"]):
        raise ApiError("InvalidRequest", "Bucket is missing Object Lock Configuration")


@operation(
    "s3",
    "PutObjectRetention",
    uses="Bucket Key VersionId Retention BypassGovernanceRetention",
)
def put_object_retention(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _require_lock(context, request)
    with context.site.state.transaction():
        found = _version(context, request)
        details = locks.changed_retention(
            found.details,
            request.get("Retention", {}),
            bypass=request.get("BypassGovernanceRetention", False),
            now=context.site.clock.now(),
        )
        context.site.objects.set_details(found, details)
    return {}


@operation("s3", "GetObjectRetention", uses="Bucket Key VersionId")
def get_object_retention(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _require_lock(context, request)
    details = _version(context, request).details
    if "mode" not in details:
        raise _no_lock()
    return {"Retention": {"Mode": details["mode"], "RetainUntilDate": details["until"]}}


def _no_lock() -> ApiError:
    return ApiError(
        "NoSuchObjectLockConfiguration",
        "The specified object does not have a ObjectLock configuration",
        status=404,
    )


@operation("s3", "PutObjectLegalHold", uses="Bucket Key VersionId LegalHold.Status")
def put_object_legal_hold(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _require_lock(context, request)
    status = request.get("LegalHold", {}).get("Status")
    if status is None:
        raise ApiError("MalformedXML", "LegalHold has no Status; expected ON or OFF.")
    with context.site.state.transaction():
        found = _version(context, request)
        context.site.objects.set_details(found, {**found.details, "hold": status == "ON"})
    return {}


@operation("s3", "GetObjectLegalHold", uses="Bucket Key VersionId")
def get_object_legal_hold(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    _require_lock(context, request)
    details = _version(context, request).details
    if "hold" not in details:
        raise _no_lock()
    return {"LegalHold": {"Status": "ON" if details["hold"] else "OFF"}}


# Tags


@operation("s3", "PutObjectTagging", uses="Bucket Key VersionId Tagging")
def put_object_tagging(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in request["Tagging"]["TagSet"]}
    if len(tags) < len(request["Tagging"]["TagSet"]):
        raise ApiError("InvalidTag", "Cannot provide multiple Tags with the same key")
    if len(tags) > 10:
        raise ApiError("BadRequest", "Object tags cannot be greater than 10")
    return _tag(context, request, tags)


def _tag(
    context: Context, request: dict[str, Any], tags: dict[str, str] | None
) -> dict[str, Any]:
    with context.site.state.transaction():
        found = _version(context, request)
        context.site.objects.set_details(found, {**found.details, "tags": tags or None})
    return {"VersionId": found.details.get("version")}


@operation("s3", "GetObjectTagging", uses="Bucket Key VersionId")
def get_object_tagging(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = _version(context, request)
    tags = found.details.get("tags", {})
    return {
        "VersionId": found.details.get("version"),
        "TagSet": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }


@operation("s3", "DeleteObjectTagging", uses="Bucket Key VersionId")
def delete_object_tagging(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _tag(context, request, None)


# Restored copies

_HOURS = {
    ("GLACIER", "Expedited"): 5 / 60,
    ("GLACIER", "Standard"): 5,
    ("GLACIER", "Bulk"): 12,
    ("DEEP_ARCHIVE", "Standard"): 12,
    ("DEEP_ARCHIVE", "Bulk"): 48,
}


@operation(
    "s3",
    "RestoreObject",
    uses="Bucket Key VersionId RestoreRequest.Days RestoreRequest.Tier "
    "RestoreRequest.GlacierJobParameters.Tier",
    refuses={
        "RestoreRequest.Type": "nothing is selected from archives.",
        "RestoreRequest.SelectParameters": "nothing is selected from archives.",
    },
    differs=("A copy is there at the end of the time that the guide gives for its tier.",),
)
def restore_object(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    asked = request.get("RestoreRequest", {})
    tier = asked.get("GlacierJobParameters", {}).get("Tier") or asked.get(
        "Tier", "Standard"
    )
    days = asked.get("Days")
    if days is None or days < 1:
        raise ApiError("MalformedXML", "RestoreRequest has no Days of at least 1.")
    now = context.site.clock.now()
    with context.site.state.transaction():
        found = context.site.objects.as_object(_version(context, request))
        hours = _HOURS.get((found.storage_class, tier))
        if hours is None:
            raise ApiError(
                "InvalidObjectState"
                if tier != "Expedited"
                else "GlacierExpeditedRetrieval",
                f"An object of {found.storage_class} is not restored by the tier {tier}.",
                status=403,
                StorageClass=found.storage_class,
            )
        if now < found.details.get("ready", now) and now < found.details.get("back", now):
            raise ApiError(
                "RestoreAlreadyInProgress",
                "Object restore is already in progress",
                status=409,
            )
        ready = now + hours * 3600
        if found.details.get("ready", now + 1) <= now < found.details.get("back", now):
            ready = found.details["ready"]
        times = {"ready": ready, "back": max(ready, now) + days * 86_400}
        context.site.objects.set_details(
            _version(context, request), {**found.details, **times}
        )
    return {}
