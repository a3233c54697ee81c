"""Lineage: what came from what, written by hand and as jobs, packages and endpoints happen."""

import functools
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from labs_lib.sagemaker import tags
from labs_lib.sagemaker.errors import ApiError, invalid
from labs_lib.sagemaker.operations import Context, operation, page
from labs_lib.sagemaker.site import Site
from labs_lib.sagemaker.state import Taken

KINDS = {
    "Artifact": "artifact",
    "Action": "action",
    "Context": "context",
    "TrialComponent": "experiment-trial-component",
}
"""Kinds of entities, and what their ARNs call them."""

_PROPERTIES = 30
_DEPTH = 10


def _not_found(what: str) -> ApiError:
    return ApiError("ResourceNotFound", f"{what} does not exist.")


def _entity(site: Site, arn: str) -> tuple[str, dict[str, Any]]:
    """Return kind and body of the entity that an ARN names, or raise."""
    for kind, word in KINDS.items():
        _, found, name = arn.partition(f":{word}/")
        body = site.state.get(kind, name) if found else None
        if body is not None:
            return kind, body
    raise _not_found(f"Lineage entity {arn[:300]}")


def _type(kind: str, body: Mapping[str, Any]) -> str:
    if kind == "TrialComponent":
        return body["Source"]["SourceType"]
    return body[f"{kind}Type"]


def _source_key(source: Mapping[str, Any]) -> str:
    """Return what tells artifacts apart: the address, and the ids that were given with it."""
    ids = sorted((t["SourceIdType"], t["Value"]) for t in source.get("SourceTypes") or [])
    return repr((source["SourceUri"], ids))


def _of_source(site: Site, source: Mapping[str, Any]) -> dict[str, Any] | None:
    key = _source_key(source)
    artifacts = site.state.all("Artifact")
    return next((a for a in artifacts if _source_key(a["Source"]) == key), None)


def _check_properties(properties: Mapping[str, Any]) -> None:
    if len(properties) > _PROPERTIES:
        raise invalid(
            f"The entity would have {len(properties)} properties, at most {_PROPERTIES} are "
            "allowed."
        )


# Entities made by hand


def _create(kind: str, context: Context, request: dict[str, Any]) -> dict[str, Any]:
    given = request.pop("Tags", None) or []
    tags.check(given)
    _check_properties(request.get("Properties") or {})
    state, now = context.site.state, context.site.clock.now()
    with state.transaction():
        if kind == "Artifact":
            found = _of_source(context.site, request["Source"])
            if found is not None:
                raise invalid(
                    f"An artifact with the source {request['Source']['SourceUri']} exists: "
                    f"{found['ArtifactArn']}. A new version of the same object is told apart "
                    "by SourceTypes, for instance its S3ETag."
                )
            name = uuid.uuid4().hex
        else:
            name = request[f"{kind}Name"]
        arn = context.arn(f"{KINDS[kind]}/{name}")
        times = {"CreationTime": now, "LastModifiedTime": now}
        body = {**request, f"{kind}Arn": arn, **times}
        try:
            state.add(kind, name, arn, body)
        except Taken:
            raise invalid(f"{kind} {arn} exists.") from None
        tags.keep(context, arn, given)
    return {f"{kind}Arn": arn}


def _find(kind: str, context: Context, request: Mapping[str, Any]) -> tuple[str, dict]:
    """Return name and body of the entity that a request is about."""
    given = request.get(f"{kind}Arn") or request.get(f"{kind}Name")
    if not given and kind == "Artifact" and "Source" in request:
        body = _of_source(context.site, request["Source"])
        if body is None:
            raise _not_found(f"Artifact of {request['Source']['SourceUri']}")
        return body["ArtifactArn"].rpartition("/")[2], body
    if not given:
        raise invalid(f"Name the {kind.lower()}.")
    name = given.rpartition(f":{KINDS[kind]}/")[2]
    found = context.site.state.get(kind, name)
    if found is None:
        raise _not_found(f"{kind} {context.arn(f'{KINDS[kind]}/{name}')}")
    return name, found


def _describe(kind: str, context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _find(kind, context, request)[1]


def _update(kind: str, context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with context.site.state.transaction():
        name, body = _find(kind, context, request)
        properties = body.get("Properties", {}) | (request.get("Properties") or {})
        for key in request.get("PropertiesToRemove") or []:
            properties.pop(key, None)
        _check_properties(properties)
        names = ("Description", "Status", "ArtifactName")
        changes = {key: request[key] for key in names if key in request}
        changes |= {
            "Properties": properties or None,
            "LastModifiedTime": context.site.clock.now(),
        }
        context.site.state.change(kind, name, changes)
    return {f"{kind}Arn": body[f"{kind}Arn"]}


def _delete(kind: str, context: Context, request: dict[str, Any]) -> dict[str, Any]:
    with context.site.state.transaction():
        name, body = _find(kind, context, request)
        arn = body[f"{kind}Arn"]
        if any(
            arn in (a["SourceArn"], a["DestinationArn"]) for a in _associations(context)
        ):
            raise invalid(f"{arn} has associations. DeleteAssociation removes them.")
        context.site.state.remove(kind, name)
    return {f"{kind}Arn": arn}


def _list(kind: str, context: Context, request: dict[str, Any]) -> dict[str, Any]:
    uri, of_type = request.get("SourceUri"), request.get(f"{kind}Type")
    kept = [
        body
        for body in context.site.state.all(kind)
        if uri in (None, body["Source"]["SourceUri"])
        and of_type in (None, body[f"{kind}Type"])
        and _in_time(body["CreationTime"], request, "Created")
    ]
    by = f"{kind}Name" if request.get("SortBy") == "Name" else "CreationTime"
    descending = request.get("SortOrder", "Descending") == "Descending"
    kept.sort(key=lambda body: (body[by], body[f"{kind}Arn"]), reverse=descending)
    # A summary has members of the entity; what the list does not show falls away.
    return page(kept, request, key=f"{kind}Summaries")


def _in_time(moment: float, request: Mapping[str, Any], verb: str) -> bool:
    after, before = request.get(f"{verb}After"), request.get(f"{verb}Before")
    return (after is None or moment >= after) and (before is None or moment < before)


_NAMED = "Source.SourceUri Source.SourceType Source.SourceId Description Properties Tags"
_USES = {
    "Artifact": "ArtifactName ArtifactType Source.SourceUri "
    "Source.SourceTypes[].SourceIdType Source.SourceTypes[].Value Properties Tags",
    "Action": f"ActionName ActionType Status {_NAMED}",
    "Context": f"ContextName ContextType {_NAMED}",
}
_LIST = "SourceUri CreatedAfter CreatedBefore SortBy SortOrder NextToken MaxResults"

for _kind in ("Artifact", "Action", "Context"):
    _id = "ArtifactArn" if _kind == "Artifact" else f"{_kind}Name"
    _status = " Status" if _kind == "Action" else ""
    _text = "ArtifactName" if _kind == "Artifact" else f"Description{_status}"
    _unique = (
        "An artifact is the address with its SourceTypes; a second one is refused.",
        "SourceTypes are taken as given; nothing is read from S3.",
    )
    operation(
        "sagemaker",
        f"Create{_kind}",
        uses=_USES[_kind],
        differs=_unique if _kind == "Artifact" else (),
    )(functools.partial(_create, _kind))
    operation("sagemaker", f"Describe{_kind}", uses=_id)(
        functools.partial(_describe, _kind)
    )
    operation("sagemaker", f"List{_kind}s", uses=f"{_LIST} {_kind}Type")(
        functools.partial(_list, _kind)
    )
    operation(
        "sagemaker",
        f"Update{_kind}",
        uses=f"{_id} {_text} Properties PropertiesToRemove",
    )(functools.partial(_update, _kind))
    operation(
        "sagemaker",
        f"Delete{_kind}",
        uses=_id + (" Source" if _kind == "Artifact" else ""),
        differs=("An entity that has associations is refused.",),
    )(functools.partial(_delete, _kind))


@operation("sagemaker", "DescribeTrialComponent", uses="TrialComponentName")
def describe_trial_component(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    return _describe("TrialComponent", context, request)


@operation(
    "sagemaker",
    "ListTrialComponents",
    uses="SourceArn CreatedAfter CreatedBefore SortBy SortOrder NextToken MaxResults",
    refuses={
        "ExperimentName": "there are no experiments.",
        "TrialName": "there are no trials.",
    },
    differs=("Trial components are made by training jobs only.",),
)
def list_trial_components(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    source = request.get("SourceArn")
    kept = [
        body | {"TrialComponentSource": body["Source"]}
        for body in context.site.state.all("TrialComponent")
        if source in (None, body["Source"]["SourceArn"])
        and _in_time(body["CreationTime"], request, "Created")
    ]
    by = "TrialComponentName" if request.get("SortBy") == "Name" else "CreationTime"
    descending = request.get("SortOrder", "Descending") == "Descending"
    kept.sort(key=lambda body: (body[by], body["TrialComponentName"]), reverse=descending)
    return page(kept, request, key="TrialComponentSummaries")


# Associations


def _associations(context: Context) -> list[dict[str, Any]]:
    return context.site.state.all("Association")


def _associate(site: Site, source: str, destination: str, kind: str | None) -> bool:
    """Keep an association and say whether it is new."""
    body = {
        "SourceArn": source,
        "DestinationArn": destination,
        "AssociationType": kind,
        "CreationTime": site.clock.now(),
    }
    try:
        site.state.add("Association", f"{source} {destination}", "", body)
    except Taken:
        return False
    return True


@operation(
    "sagemaker",
    "AddAssociation",
    uses="SourceArn DestinationArn AssociationType",
    differs=("AssociatedWith is the type where none is given: an assumption.",),
)
def add_association(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    source, destination = request["SourceArn"], request["DestinationArn"]
    kinds = [_entity(context.site, arn)[0] for arn in (source, destination)]
    if source == destination:
        raise invalid("Source and destination are the same entity.")
    if kinds == ["TrialComponent", "TrialComponent"]:
        raise invalid("Two trial components cannot be associated with each other.")
    kind = request.get("AssociationType", "AssociatedWith")
    if not _associate(context.site, source, destination, kind):
        raise invalid(f"The association from {source} to {destination} exists.")
    return {"SourceArn": source, "DestinationArn": destination}


@operation("sagemaker", "DeleteAssociation", uses="SourceArn DestinationArn")
def delete_association(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    source, destination = request["SourceArn"], request["DestinationArn"]
    if context.site.state.remove("Association", f"{source} {destination}") is None:
        raise _not_found(f"The association from {source} to {destination}")
    return {"SourceArn": source, "DestinationArn": destination}


@operation(
    "sagemaker",
    "ListAssociations",
    uses="SourceArn DestinationArn SourceType DestinationType AssociationType "
    "CreatedAfter CreatedBefore SortBy SortOrder NextToken MaxResults",
)
def list_associations(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    found = []
    for body in _associations(context):
        if not _in_time(body["CreationTime"], request, "Created"):
            continue
        for end in ("Source", "Destination"):
            kind, entity = _entity(context.site, body[f"{end}Arn"])
            body[f"{end}Type"] = _type(kind, entity)
            body[f"{end}Name"] = entity.get(f"{kind}Name")
        asked = ("SourceArn", "DestinationArn", "SourceType", "DestinationType")
        if all(
            request.get(name) in (None, body[name]) for name in (*asked, "AssociationType")
        ):
            found.append(body)
    by = request.get("SortBy", "CreationTime")
    descending = request.get("SortOrder", "Descending") == "Descending"
    found.sort(
        key=lambda body: (body[by], body["SourceArn"], body["DestinationArn"]),
        reverse=descending,
    )
    return page(found, request, key="AssociationSummaries")


@operation(
    "sagemaker",
    "QueryLineage",
    uses="StartArns Direction IncludeEdges Filters MaxDepth MaxResults NextToken",
    differs=(
        "The vertices at which a query starts are among those it returns; filters choose "
        "among what was reached, and an edge is shown if both of its ends are: assumptions.",
        "Without StartArns, every entity is a start.",
    ),
)
def query_lineage(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    starts = request.get("StartArns")
    if starts is None:
        starts = [
            body[f"{kind}Arn"] for kind in KINDS for body in context.site.state.all(kind)
        ]
    depth = request.get("MaxDepth", _DEPTH)
    if not 0 <= depth <= _DEPTH:
        raise invalid(f"MaxDepth is {depth}, expected 0 to {_DEPTH}.")
    for arn in starts:
        _entity(context.site, arn)
    edges = _associations(context)
    reached = _reach(starts, edges, request.get("Direction", "Both"), depth)
    filters = request.get("Filters") or {}
    vertices = []
    for arn in reached:
        kind, body = _entity(context.site, arn)
        if _passes(kind, body, filters):
            vertex = {"Arn": arn, "Type": _type(kind, body), "LineageType": kind}
            vertices.append(vertex)
    answer = page(vertices, request, key="Vertices")
    shown = {vertex["Arn"] for vertex in vertices}
    answer["Edges"] = [
        {k: edge[k] for k in ("SourceArn", "DestinationArn", "AssociationType")}
        for edge in edges
        if request.get("IncludeEdges", True)
        and {edge["SourceArn"], edge["DestinationArn"]} <= shown
    ]
    return answer


def _reach(
    starts: Iterable[str], edges: list[dict[str, Any]], direction: str, depth: int
) -> list[str]:
    """Return what can be reached in at most `depth` steps, nearest first; circles end."""
    follow: list[tuple[str, str]] = []
    if direction in ("Both", "Descendants"):
        follow.append(("SourceArn", "DestinationArn"))
    if direction in ("Both", "Ascendants"):
        follow.append(("DestinationArn", "SourceArn"))
    reached = dict.fromkeys(starts)
    # Up and down are followed apart: what else came of an ancestor is no relative.
    for near, far in follow:
        seen, border = set(starts), list(starts)
        for _ in range(depth):
            at = set(border)
            border = [e[far] for e in edges if e[near] in at and e[far] not in seen]
            seen.update(border)
            reached.update(dict.fromkeys(border))
    return list(reached)


def _passes(kind: str, body: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    properties = body.get("Properties") or {}
    return (
        kind in (filters.get("LineageTypes") or [kind])
        and _type(kind, body) in (filters.get("Types") or [_type(kind, body)])
        and _in_time(body["CreationTime"], filters, "Created")
        and _in_time(body["LastModifiedTime"], filters, "Modified")
        and all(
            properties.get(k) == v for k, v in (filters.get("Properties") or {}).items()
        )
    )


# What happens by itself


def _base(arn: str) -> str:
    """Return the beginning of ARNs of the region and account of another ARN."""
    return ":".join(arn.split(":")[:5])


def _artifact(site: Site, base: str, uri: str, kind: str) -> str:
    """Return the ARN of the artifact of an address, made if there is none."""
    found = _of_source(site, {"SourceUri": uri})
    if found is not None:
        return found["ArtifactArn"]
    name = hashlib.sha256(f"{base} {uri}".encode()).hexdigest()[:32]
    arn, now = f"{base}:artifact/{name}", site.clock.now()
    body = {
        "ArtifactArn": arn,
        "ArtifactType": kind,
        "Source": {"SourceUri": uri},
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    site.state.add("Artifact", name, arn, body)
    return arn


def _ensure(site: Site, kind: str, base: str, name: str, **members: Any) -> str:
    """Return the ARN of a named entity, made if there is none."""
    arn, now = f"{base}:{KINDS[kind]}/{name}", site.clock.now()
    body = {
        f"{kind}Name": name,
        f"{kind}Arn": arn,
        "CreationTime": now,
        "LastModifiedTime": now,
        **members,
    }
    try:
        site.state.add(kind, name, arn, body)
    except Taken:
        site.state.change(kind, name, {"LastModifiedTime": now, **members})
    return arn


def _of_job(
    site: Site,
    kind: str,
    job: Mapping[str, Any],
    *,
    read: Mapping[str | None, str],
    made: Mapping[str | None, str],
) -> None:
    """Write what a job has read and made: addresses, each with the type of its artifact."""
    arn, name = job[f"{kind}Arn"], job[f"{kind}Name"]
    base, word = _base(arn), kind.removesuffix("Job").lower()
    with site.state.transaction():
        component = _ensure(
            site,
            "TrialComponent",
            base,
            f"{name}-aws-{word}-job",
            Source={"SourceArn": arn, "SourceType": f"SageMaker{kind}"},
            Status={"PrimaryStatus": job[f"{kind}Status"]},
            DisplayName=name,
        )
        for uri, type_ in read.items():
            if uri is not None:
                found = _artifact(site, base, uri, type_)
                _associate(site, found, component, "ContributedTo")
        for uri, type_ in made.items():
            if uri is not None:
                found = _artifact(site, base, uri, type_)
                _associate(site, component, found, "Produced")


def of_training_job(site: Site, job: Mapping[str, Any]) -> None:
    """Write what a training job that has ended read and made."""
    read: dict[str | None, str] = {
        channel["DataSource"].get("S3DataSource", {}).get("S3Uri"): "DataSet"
        for channel in job.get("InputDataConfig") or []
    }
    read[job["AlgorithmSpecification"].get("TrainingImage")] = "Image"
    made = {
        job.get("ModelArtifacts", {}).get("S3ModelArtifacts"): "Model",
        job.get("CheckpointConfig", {}).get("S3Uri"): "Checkpoint",
    }
    _of_job(site, "TrainingJob", job, read=read, made=made)


def of_processing_job(site: Site, job: Mapping[str, Any]) -> None:
    """Write what a processing job that has ended read and made."""
    inputs = job.get("ProcessingInputs") or []
    outputs = (job.get("ProcessingOutputConfig") or {}).get("Outputs", [])
    read: dict[str | None, str] = {item["S3Input"]["S3Uri"]: "DataSet" for item in inputs}
    read[job["AppSpecification"]["ImageUri"]] = "Image"
    made = {item["S3Output"]["S3Uri"]: "DataSet" for item in outputs}
    _of_job(site, "ProcessingJob", job, read=read, made=made)


def of_transform_job(site: Site, job: Mapping[str, Any]) -> None:
    """Write what a transform job that has ended read and made."""
    source = job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    made = {job["TransformOutput"]["S3OutputPath"]: "DataSet"}
    _of_job(site, "TransformJob", job, read={source: "DataSet"}, made=made)


def of_package(site: Site, package: Mapping[str, Any]) -> None:
    """Write where a new model package came from, and to which group it belongs."""
    arn = package["ModelPackageArn"]
    base = _base(arn)
    flat = package["ModelPackageName"].replace("/", "-")
    with site.state.transaction():
        action = _ensure(
            site,
            "Action",
            base,
            f"{flat}-aws-model-package",
            ActionType="ModelPackage",
            Source={"SourceUri": arn, "SourceType": "ARN"},
            Status="Completed",
        )
        own = _artifact(site, base, arn, "Model")
        _associate(site, action, own, "Produced")
        for container in package.get("InferenceSpecification", {}).get("Containers", []):
            for uri, kind in (
                (container.get("ModelDataUrl"), "Model"),
                (container["Image"], "Image"),
            ):
                if uri is not None:
                    source = _artifact(site, base, uri, kind)
                    _associate(site, source, action, "ContributedTo")
        group = package.get("ModelPackageGroupName")
        if group is not None:
            context = _ensure(
                site,
                "Context",
                base,
                f"{group}-aws-model-group",
                ContextType="ModelGroup",
                Source={"SourceUri": f"{base}:model-package-group/{group}"},
            )
            _associate(site, context, own, "AssociatedWith")


def of_endpoint(
    site: Site, endpoint: Mapping[str, Any], containers: Iterable[Mapping[str, Any]]
) -> None:
    """Write what an endpoint serves, once it does."""
    arn, name = endpoint["EndpointArn"], endpoint["EndpointName"]
    base = _base(arn)
    with site.state.transaction():
        source = {"SourceUri": arn, "SourceType": "ARN"}
        action = _ensure(
            site,
            "Action",
            base,
            f"{name}-{endpoint['EndpointConfigName']}-aws-endpoint-deployment",
            ActionType="ModelDeployment",
            Source=source,
            Status="Completed",
        )
        context = _ensure(
            site,
            "Context",
            base,
            f"{name}-aws-endpoint",
            ContextType="Endpoint",
            Source=source,
        )
        _associate(site, action, context, "AssociatedWith")
        for container in containers:
            for uri, kind in (
                (container.get("ModelPackageName"), "Model"),
                (container.get("ModelDataUrl"), "Model"),
                (container["Image"], "Image"),
            ):
                if uri is not None:
                    found = _artifact(site, base, uri, kind)
                    _associate(site, found, action, "ContributedTo")
