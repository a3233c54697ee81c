import itertools
import json

import pandas as pd
import pytest

from labs_lib.labs.deploy.registry.exercises import lab
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------

SOURCE = {"source": ["aws.sagemaker"]}
TYPE = {"detail-type": ["SageMaker Model Package State Change"]}
FRAUD = {"ModelPackageGroupName": ["fraud"]}
STATUS = {"ModelApprovalStatus": ["Approved"]}
APPROVED = STATUS | {"UpdatedModelPackageFields": ["ModelApprovalStatus"]}
RIGHT = SOURCE | TYPE | {"detail": FRAUD | APPROVED}
OTHER_FIELDS = [
    "ApprovalDescription",
    "CustomerMetadataProperties",
    "InferenceSpecification",
    "ModelLifeCycle",
    "sourceUri",
]
NAME = "arn:aws:sagemaker:us-east-1:111122223333:model-package/fraud/"


def detail(**fields):
    return SOURCE | TYPE | {"detail": FRAUD | APPROVED | fields}


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (RIGHT,),
            (json.dumps(RIGHT),),
            (json.dumps(RIGHT).encode(),),
            (SOURCE | {"detail": {k: tuple(v) for k, v in (FRAUD | APPROVED).items()}},),
            (SOURCE | {"detail": FRAUD | APPROVED},),
            (SOURCE | TYPE | {"resources": [{"prefix": NAME}], "detail": APPROVED},),
            (detail(ModelPackageGroupName=[{"equals-ignore-case": "fraud"}]),),
            (detail(ModelPackageStatus=["Completed"]),),
            (
                detail(
                    ModelApprovalStatus=[
                        {"anything-but": ["Rejected", "PendingManualApproval"]}
                    ]
                ),
            ),
            ({"source": [{"prefix": "aws."}], "detail": FRAUD | APPROVED},),
            (detail(UpdatedModelPackageFields=[{"anything-but": OTHER_FIELDS}]),),
            (detail(UpdatedModelPackageFields=[{"suffix": "Status"}]),),
        ],
        wrong={
            "no_pattern": (
                {"source": "aws.sagemaker", "detail": {"ModelPackageGroupName": "fraud"}},
            ),
            "deaf": (SOURCE | FRAUD | APPROVED,),
            "status": (SOURCE | TYPE | {"detail": FRAUD},),
            "group": (SOURCE | TYPE | {"detail": APPROVED},),
            "prefix": (detail(ModelPackageGroupName=[{"prefix": "fraud"}]),),
            "updated": (SOURCE | TYPE | {"detail": FRAUD | STATUS},),
            "source": (TYPE | {"detail": FRAUD | APPROVED},),
        },
    )


@pytest.mark.parametrize(
    ("pattern", "key"),
    [
        ("{", "no_pattern"),
        ({}, "no_pattern"),
        ({"source"}, "no_pattern"),
        ([RIGHT], "no_pattern"),
        (detail(ModelPackageVersion=[4]), "deaf"),
        (detail(ModelApprovalStatus=["approved"]), "deaf"),
        (detail(ApprovalDescription=[{"exists": True}]), "deaf"),
        (detail(ModelApprovalStatus=["Approved", "Rejected"]), "status"),
        (detail(ModelApprovalStatus=[{"anything-but": "Rejected"}]), "status"),
        (detail(ModelPackageGroupName=[{"suffix": "fraud"}]), "group"),
        (detail(ModelPackageGroupName=[{"wildcard": "fraud*"}]), "prefix"),
        ({"resources": [{"prefix": NAME}], "detail": APPROVED}, "source"),
        (detail(UpdatedModelPackageFields="ModelApprovalStatus"), "no_pattern"),
        (SOURCE | {"detail": FRAUD, "UpdatedModelPackageFields": ["x"]}, "deaf"),
        (detail(UpdatedModelPackageFields=["ApprovalDescription"]), "deaf"),
        (detail(UpdatedModelPackageFields=[{"exists": True}]), "updated"),
        (
            detail(UpdatedModelPackageFields=[{"anything-but": "ModelLifeCycle"}]),
            "updated",
        ),
    ],
)
def test_ex1_names_what_is_wrong(pattern, key):
    outcome = lab.ex1.check(pattern)
    assert (outcome.status, outcome.misconception) == ("wrong", key)


def test_ex1_gives_the_reason_of_eventbridge():
    outcome = lab.ex1.check({"source": "aws.sagemaker"})
    assert "source must be an object or a list" in outcome.text


# Exercise 2 --------------------------------------------------------------------------------

A, R, P = "Approved", "Rejected", "PendingManualApproval"


def by_walk(history):
    approved = set()
    for version, status in history:
        (approved.add if status == A else approved.discard)(version)
    return max(approved) if approved else None


def by_sorting(history):
    for version in sorted({v for v, _ in history}, reverse=True):
        if [s for v, s in history if v == version][-1] == A:
            return version
    return None


def by_frame(history):
    last = pd.DataFrame(history, columns=["v", "s"]).groupby("v")["s"].last()
    found = last.index[last == A]
    return found.max() if len(found) else None


def by_groups(history):
    ordered = sorted(history, key=lambda pair: pair[0])
    best = None
    for version, pairs in itertools.groupby(ordered, key=lambda pair: pair[0]):
        best = version if list(pairs)[-1][1] == A else best
    return best


def test_ex2():
    # The mistakes of a function are tried by themselves.
    assert_exercise(
        lab.ex2,
        right=[(by_walk,), (by_sorting,), (by_frame,), (by_groups,)],
        wrong={None: (lambda history: 1,)},
        stub=(stub,),
    )


def test_ex2_goes_by_number_not_by_the_order_of_first_mention():
    def last_listed(history):
        approved = [v for v, status in dict(history).items() if status == A]
        return approved[-1] if approved else None

    assert lab.ex2.check(last_listed).status == "wrong"


def test_ex2_wants_none_where_nothing_is_approved():
    outcome = lab.ex2.check(lambda history: by_walk(history) or 0)
    assert outcome.status == "wrong"
    assert "None" in outcome.text


# Exercise 3 --------------------------------------------------------------------------------

MOVES = {
    "a": "taken",
    "b": "refused",
    "c": "taken",
    "d": "refused",
    "e": "refused",
    "f": "refused",
}


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[
            (MOVES,),
            (list(MOVES.items()),),
            ({key: value.upper() for key, value in MOVES.items()},),
        ],
        wrong={
            "one_more": (MOVES | {"a": "refused"},),
            "two_more": (MOVES | {"b": "taken"},),
            "versions": (MOVES | {"c": "refused"},),
            "at_once": (MOVES | {"d": "taken"},),
            "parents": (MOVES | {"e": "taken"},),
            "empty": (MOVES | {"f": "taken"},),
        },
    )
