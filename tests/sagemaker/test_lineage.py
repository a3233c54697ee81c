"""Lineage: entities by hand, what happens by itself, and queries over both."""

import itertools
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labs_lib.sagemaker.lineage import _reach

IMAGE = "own/lineage:1"


def artifact(client, uri, **types):
    source = {"SourceUri": uri}
    if types:
        source["SourceTypes"] = [
            {"SourceIdType": kind, "Value": value} for kind, value in types.items()
        ]
    return client.create_artifact(Source=source, ArtifactType="DataSet")["ArtifactArn"]


def test_an_overwritten_object_is_one_artifact_unless_its_etag_is_told(client):
    first = artifact(client, "s3://b/data.csv")
    with pytest.raises(ClientError, match=r"exists: .*SourceTypes"):
        artifact(client, "s3://b/data.csv")
    old = artifact(client, "s3://b/data.csv", S3ETag="1")
    new = artifact(client, "s3://b/data.csv", S3ETag="2")
    assert len({first, old, new}) == 3
    listed = client.list_artifacts(SourceUri="s3://b/data.csv")["ArtifactSummaries"]
    assert {item["ArtifactArn"] for item in listed} == {first, old, new}


def test_properties_and_status_are_changed_and_limited(client):
    client.create_action(
        ActionName="step",
        ActionType="Approval",
        Source={"SourceUri": "x"},
        Status="InProgress",
        Properties={"a": "1", "b": "2"},
    )
    client.update_action(
        ActionName="step",
        Status="Completed",
        Properties={"c": "3"},
        PropertiesToRemove=["a"],
    )
    found = client.describe_action(ActionName="step")
    assert (found["Status"], found["Properties"]) == ("Completed", {"b": "2", "c": "3"})
    with pytest.raises(ClientError, match="at most 30"):
        client.update_action(
            ActionName="step", Properties={f"p{n}": "x" for n in range(30)}
        )
    with pytest.raises(ClientError, match="exists"):
        client.create_action(ActionName="step", ActionType="x", Source={"SourceUri": "x"})


def chain(client, *names):
    arns = [artifact(client, f"chain://{name}") for name in names]
    for source, destination in itertools.pairwise(arns):
        client.add_association(
            SourceArn=source, DestinationArn=destination, AssociationType="DerivedFrom"
        )
    return arns


def vertices(client, *starts, **options):
    answer = client.query_lineage(StartArns=list(starts), MaxResults=50, **options)
    return {vertex["Arn"] for vertex in answer["Vertices"]}


def test_queries_go_up_down_and_end_at_circles(client):
    a, b, c, d = chain(client, *"abcd")
    assert vertices(client, b, Direction="Ascendants") == {a, b}
    assert vertices(client, b, Direction="Descendants") == {b, c, d}
    assert vertices(client, b, Direction="Descendants", MaxDepth=1) == {b, c}
    assert vertices(client, b) == {a, b, c, d}
    client.add_association(SourceArn=d, DestinationArn=a)
    assert vertices(client, b, Direction="Ascendants") == {a, b, c, d}
    client.delete_association(SourceArn=d, DestinationArn=a)
    answer = client.query_lineage(
        StartArns=[b], IncludeEdges=True, Filters={"Types": ["DataSet"]}
    )
    assert {(e["SourceArn"], e["DestinationArn"]) for e in answer["Edges"]} == {
        (a, b),
        (b, c),
        (c, d),
    }
    assert vertices(client, b, Filters={"LineageTypes": ["Action"]}) == set()


def closure(start, pairs):
    """Grow the set until no edge leaves it."""
    found = {start}
    while new := {d for s, d in pairs if s in found} - found:
        found |= new
    return found


EDGES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=12
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(EDGES, st.sampled_from("abcdef"))
def test_what_is_reached_is_the_closure_of_the_edges(pairs, start):
    edges = [{"SourceArn": s, "DestinationArn": d} for s, d in pairs]
    down = closure(start, pairs)
    up = closure(start, [(d, s) for s, d in pairs])
    assert set(_reach([start], edges, "Descendants", 10)) == down
    assert set(_reach([start], edges, "Ascendants", 10)) == up
    assert set(_reach([start], edges, "Both", 10)) == up | down


def test_what_is_refused(client):
    (arn, other) = chain(client, "x", "y")
    with pytest.raises(client.exceptions.ResourceNotFound):
        client.add_association(SourceArn=arn, DestinationArn=f"{arn}0")
    with pytest.raises(ClientError, match="same entity"):
        client.add_association(SourceArn=arn, DestinationArn=arn)
    with pytest.raises(ClientError, match="exists"):
        client.add_association(SourceArn=arn, DestinationArn=other)
    with pytest.raises(ClientError, match="has associations"):
        client.delete_artifact(ArtifactArn=arn)
    with pytest.raises(client.exceptions.ResourceNotFound):
        client.query_lineage(StartArns=[f"{arn}0"])


# What happens by itself


@pytest.fixture(scope="module")
def served(local, client, s3):
    """From a file of data to an endpoint, with everything in between."""
    folder = Path(__file__).parent
    local.register(
        IMAGE,
        train=[sys.executable, str(folder / "trainer.py")],
        serve=[sys.executable, str(folder / "worker.py")],
    )
    s3.put_object(Bucket=local.bucket, Key="data/train.csv", Body=b"1\n")
    data = f"s3://{local.bucket}/data/"
    client.create_training_job(
        TrainingJobName="job",
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=local.role,
        InputDataConfig=[
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": data}},
            }
        ],
        OutputDataConfig={"S3OutputPath": f"s3://{local.bucket}/out/"},
        ResourceConfig={
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 1,
        },
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    client.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName="job")
    job = client.describe_training_job(TrainingJobName="job")
    archive = job["ModelArtifacts"]["S3ModelArtifacts"]
    client.create_model_package_group(ModelPackageGroupName="fraud")
    package = client.create_model_package(
        ModelPackageGroupName="fraud",
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": IMAGE, "ModelDataUrl": archive}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    client.create_model(
        ModelName="fraud",
        ExecutionRoleArn=local.role,
        PrimaryContainer={"ModelPackageName": package},
    )
    variant = {
        "VariantName": "v",
        "ModelName": "fraud",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    client.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    client.create_endpoint(EndpointName="live", EndpointConfigName="c")
    client.get_waiter("endpoint_in_service").wait(EndpointName="live")
    yield {"data": data, "archive": archive, "package": package, "job": job}
    client.delete_endpoint(EndpointName="live")


def test_from_a_live_endpoint_back_to_its_data(client, served):
    arn = client.describe_context(ContextName="live-aws-endpoint")["ContextArn"]
    answer = client.query_lineage(
        StartArns=[arn], Direction="Ascendants", IncludeEdges=True, MaxResults=50
    )
    sources = {}
    for vertex in answer["Vertices"]:
        if vertex["LineageType"] == "Artifact":
            found = client.describe_artifact(ArtifactArn=vertex["Arn"])
            sources[found["Source"]["SourceUri"]] = vertex["Type"]
    assert sources == {
        served["data"]: "DataSet",
        IMAGE: "Image",
        served["archive"]: "Model",
        served["package"]: "Model",
    }
    kinds = [v["LineageType"] for v in answer["Vertices"] if v["LineageType"] != "Artifact"]
    assert sorted(kinds) == ["Action", "Action", "Context", "Context", "TrialComponent"]


def test_from_data_forward_to_every_endpoint(client, served):
    (data,) = client.list_artifacts(SourceUri=served["data"])["ArtifactSummaries"]
    answer = client.query_lineage(
        StartArns=[data["ArtifactArn"]],
        Direction="Descendants",
        Filters={"Types": ["Endpoint"]},
    )
    (vertex,) = answer["Vertices"]
    assert vertex["Arn"].endswith("context/live-aws-endpoint")
    edges = client.list_associations(SourceArn=data["ArtifactArn"])["AssociationSummaries"]
    assert [(e["AssociationType"], e["DestinationName"]) for e in edges] == [
        ("ContributedTo", "job-aws-training-job")
    ]
