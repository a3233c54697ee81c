"""The model registry: versions, approval, events, models made of packages, collections."""

import json
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from .conftest import ONCE

IMAGE = "own/registry:1"


@pytest.fixture(scope="module")
def archive(local, s3):
    worker = Path(__file__).parent / "worker.py"
    local.register(IMAGE, serve=[sys.executable, str(worker)])
    s3.put_object(Bucket=local.bucket, Key="model.tar.gz", Body=b"not opened here")
    return f"s3://{local.bucket}/model.tar.gz"


@pytest.fixture
def group(client, request):
    name = request.node.name.replace("_", "-").replace("[", "-").replace("]", "")[:60]
    client.create_model_package_group(ModelPackageGroupName=name)
    return name


def specification(archive=None, **environment):
    found = {"Image": IMAGE, "Environment": environment}
    if archive is not None:
        found["ModelDataUrl"] = archive
    return {
        "Containers": [found],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }


def version(client, group, archive=None, **options):
    given = {"InferenceSpecification": specification(archive), **options}
    return client.create_model_package(ModelPackageGroupName=group, **given)[
        "ModelPackageArn"
    ]


def test_versions_count_up_and_a_number_is_never_given_twice(client, group, archive):
    arns = [version(client, group, archive) for _ in range(3)]
    assert [arn.rpartition("/")[2] for arn in arns] == ["1", "2", "3"]
    client.delete_model_package(ModelPackageName=arns[2])
    assert version(client, group, archive).endswith(f"{group}/4")
    with pytest.raises(client.exceptions.ConflictException, match="3 model packages"):
        client.delete_model_package_group(ModelPackageGroupName=group)
    found = client.describe_model_package(ModelPackageName=arns[0])
    assert found["ModelPackageVersion"] == 1
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    (container,) = found["InferenceSpecification"]["Containers"]
    assert len(container["ModelDataETag"]) == 32


def test_versions_are_listed_by_number_and_by_status(client, group, archive):
    arns = [version(client, group, archive) for _ in range(11)]
    client.update_model_package(ModelPackageArn=arns[9], ModelApprovalStatus="Approved")
    pages = client.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="Name", SortOrder="Descending"
    )
    numbers = [
        p["ModelPackageVersion"] for page in pages for p in page["ModelPackageSummaryList"]
    ]
    assert numbers == list(range(11, 0, -1))
    approved = client.list_model_packages(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
    )["ModelPackageSummaryList"]
    assert [p["ModelPackageArn"] for p in approved] == [arns[9]]


def test_a_token_makes_one_version(client, group, archive):
    first = version(client, group, archive, ClientToken="again")
    assert version(client, group, archive, ClientToken="again") == first
    listed = client.list_model_packages(ModelPackageGroupName=group)
    assert len(listed["ModelPackageSummaryList"]) == 1


def test_approval_is_told_as_an_event(local, client, group, archive):
    sqs, bus = local.client("sqs", config=ONCE), local.client("events", config=ONCE)
    url = sqs.create_queue(QueueName="approvals")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {
            "ModelPackageGroupName": [group],
            "ModelApprovalStatus": ["Approved", "Rejected"],
        },
    }
    bus.put_rule(Name="approvals", EventPattern=json.dumps(pattern))
    bus.put_targets(
        Rule="approvals", Targets=[{"Id": "1", "Arn": arn["Attributes"]["QueueArn"]}]
    )
    package = version(client, group, archive)
    for status in ("Approved", "Rejected", "PendingManualApproval"):
        client.update_model_package(
            ModelPackageArn=package, ModelApprovalStatus=status, ApprovalDescription=status
        )
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    told = [json.loads(message["Body"]) for message in messages]
    assert [event["detail"]["ModelApprovalStatus"] for event in told] == [
        "Approved",
        "Rejected",
    ]
    assert all(event["resources"] == [package] for event in told)
    changed = [event["detail"]["UpdatedModelPackageFields"] for event in told]
    assert [sorted(names) for names in changed] == [
        ["ApprovalDescription", "ModelApprovalStatus"]
    ] * 2


def test_an_event_names_what_an_update_gave(local, client, group, archive):
    sqs, bus = local.client("sqs", config=ONCE), local.client("events", config=ONCE)
    url = sqs.create_queue(QueueName="updates")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    target = {"Id": "1", "Arn": arn["Attributes"]["QueueArn"]}
    detail = {"ModelPackageGroupName": [group]}
    bus.put_rule(Name="updates", EventPattern=json.dumps({"detail": detail}))
    bus.put_targets(Rule="updates", Targets=[target])
    package = version(client, group, archive, CustomerMetadataProperties={"a": "1"})
    life = {"Stage": "Production", "StageStatus": "Approved"}
    for update in (
        {"ModelLifeCycle": life},
        {"SourceUri": "s3://code/here"},
        {
            "CustomerMetadataProperties": {"b": "2"},
            "CustomerMetadataPropertiesToRemove": ["a"],
        },
    ):
        client.update_model_package(ModelPackageArn=package, **update)
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    details = [json.loads(message["Body"])["detail"] for message in messages]
    assert "UpdatedModelPackageFields" not in details[0]
    assert [told["UpdatedModelPackageFields"] for told in details[1:]] == [
        ["ModelLifeCycle"],
        ["sourceUri"],
        ["CustomerMetadataProperties"],
    ]


def test_only_an_approved_version_becomes_a_model(local, client, group, archive):
    package = version(client, group, archive)
    request = {
        "ModelName": group,
        "ExecutionRoleArn": local.role,
        "PrimaryContainer": {"ModelPackageName": package, "Environment": {"B": "2"}},
    }
    for status in ("PendingManualApproval", "Rejected"):
        client.update_model_package(ModelPackageArn=package, ModelApprovalStatus=status)
        with pytest.raises(ClientError, match=f"status {status}, expected Approved"):
            client.create_model(**request)
    client.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    client.create_model(**request)
    container = client.describe_model(ModelName=group)["PrimaryContainer"]
    assert container == request["PrimaryContainer"]


def test_a_model_of_a_package_answers_after_the_package_is_gone(local, client, group):
    package = version(client, group, ModelApprovalStatus="Approved")
    client.create_model(
        ModelName=group,
        ExecutionRoleArn=local.role,
        Containers=[{"ModelPackageName": package}],
    )
    client.delete_model_package(ModelPackageName=package)
    variant = {
        "VariantName": "v",
        "ModelName": group,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    client.create_endpoint_config(EndpointConfigName=group, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=group, EndpointConfigName=group)
    client.get_waiter("endpoint_in_service").wait(EndpointName=group)
    runtime = local.client("sagemaker-runtime", config=ONCE)
    assert runtime.invoke_endpoint(EndpointName=group, Body=b"x")["Body"].read()
    client.delete_endpoint(EndpointName=group)


def test_metadata_stages_and_baselines_are_kept(client, group, archive):
    source = {"ContentType": "application/json", "S3Uri": archive}
    package = version(
        client,
        group,
        archive,
        ModelMetrics={"ModelQuality": {"Statistics": source}},
        DriftCheckBaselines={"ModelDataQuality": {"Constraints": source}},
        CustomerMetadataProperties={"a": "1", "b": "2"},
        ModelLifeCycle={"Stage": "Staging", "StageStatus": "Waiting"},
    )
    client.update_model_package(
        ModelPackageArn=package,
        CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
        ModelLifeCycle={"Stage": "Production", "StageStatus": "Live"},
    )
    found = client.describe_model_package(ModelPackageName=package)
    assert found["CustomerMetadataProperties"] == {"b": "2", "c": "3"}
    assert found["ModelLifeCycle"]["Stage"] == "Production"
    assert found["ModelMetrics"]["ModelQuality"]["Statistics"] == source
    assert found["DriftCheckBaselines"]["ModelDataQuality"]["Constraints"] == source
    assert found["ModelApprovalStatus"] == "PendingManualApproval"
    assert found["LastModifiedTime"] >= found["CreationTime"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Give either ModelPackageGroupName"),
        ({"ModelPackageGroupName": "g", "ModelPackageName": "p"}, "Give either"),
        (
            {"ModelPackageName": "p", "ModelApprovalStatus": "Approved"},
            "versions of a group",
        ),
        ({"ModelPackageGroupName": "nothing-here"}, "does not exist"),
        (
            {"ModelPackageName": "p", "InferenceSpecification": None},
            "InferenceSpecification is missing",
        ),
        (
            {"ModelPackageName": "p", "InferenceSpecification": specification("s3://no/x")},
            "Could not find model data",
        ),
        ({"ModelPackageName": "p", "CertifyForMarketplace": True}, "no marketplace"),
    ],
)
def test_packages_that_are_refused(client, archive, options, said):
    given = {"InferenceSpecification": specification(archive), **options}
    given = {key: value for key, value in given.items() if value is not None}
    with pytest.raises(ClientError, match=said):
        client.create_model_package(**given)
    with pytest.raises(ClientError, match="does not exist"):
        client.describe_model_package(ModelPackageName="p")


def test_a_container_has_an_image_or_a_package(local, client, archive):
    for container in ({}, {"Image": IMAGE, "ModelPackageName": "p"}):
        with pytest.raises(ClientError, match="either Image or ModelPackageName"):
            client.create_model(
                ModelName="m", ExecutionRoleArn=local.role, PrimaryContainer=container
            )


# Collections


def query(key, *values, types=("AWS::SageMaker::ModelPackageGroup",)):
    asked = {
        "ResourceTypeFilters": list(types),
        "TagFilters": [{"Key": key, "Values": list(values)}],
    }
    return {"Type": "TAG_FILTERS_1_0", "Query": json.dumps(asked)}


def test_model_groups_are_moved_between_collections_without_touching_versions(
    local, client, group, archive
):
    groups = local.client("resource-groups", config=ONCE)
    package = version(client, group, archive)
    before = client.describe_model_package(ModelPackageName=package)
    arn = client.describe_model_package_group(ModelPackageGroupName=group)[
        "ModelPackageGroupArn"
    ]

    def members(collection):
        found = groups.list_group_resources(Group=collection)["ResourceIdentifiers"]
        return [item["ResourceArn"] for item in found]

    for name in ("Fraud", "Credit"):
        key = f"sagemaker:collection-path:{name}"
        groups.create_group(Name=name, ResourceQuery=query(key, name))
    tag = {"Key": "sagemaker:collection-path:Fraud", "Value": "Fraud"}
    client.add_tags(ResourceArn=arn, Tags=[tag])
    assert (members("Fraud"), members("Credit")) == ([arn], [])
    client.delete_tags(ResourceArn=arn, TagKeys=[tag["Key"]])
    moved = {"Key": "sagemaker:collection-path:Credit", "Value": "Credit"}
    client.add_tags(ResourceArn=arn, Tags=[moved])
    assert (members("Fraud"), members("Credit")) == ([], [arn])
    after = client.describe_model_package(ModelPackageName=package)
    assert {k: v for k, v in after.items() if k != "ResponseMetadata"} == {
        k: v for k, v in before.items() if k != "ResponseMetadata"
    }


@pytest.mark.parametrize(
    "bad",
    [
        {"Type": "TAG_FILTERS_1_0", "Query": "{"},
        {"Type": "TAG_FILTERS_1_0", "Query": "[]"},
        {"Type": "TAG_FILTERS_1_0", "Query": '{"TagFilters": []}'},
        {"Type": "CLOUDFORMATION_STACK_1_0", "Query": "{}"},
    ],
)
def test_queries_that_are_refused(local, bad):
    groups = local.client("resource-groups", config=ONCE)
    with pytest.raises(groups.exceptions.BadRequestException):
        groups.create_group(Name="bad", ResourceQuery=bad)
    with pytest.raises(groups.exceptions.NotFoundException):
        groups.get_group(Group="bad")
