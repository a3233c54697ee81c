import json

import botocore.session
import botocore.validate
import pandas as pd
import pytest

from labs_lib.labs.prepare.access.exercises import lab
from labs_lib.prepare import access
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------

RIGHT = {
    "a": "allowed",
    "b": "denied",
    "c": "allowed",
    "d": "denied",
    "e": "denied",
    "f": "denied",
}
ROLE = "arn:aws:iam::111122223333:role/analyst"
SESSION = "arn:aws:sts::111122223333:assumed-role/analyst/mary"


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


OTHER = policy(allow("sagemaker:*"))
DENY = allow("s3:*", "arn:aws:s3:::*-raw/*") | {"Effect": "Deny"}
ROWS = {
    "a": {"identity": [policy(allow("s3:Get*")), policy(allow("ec2:*"))]},
    "b": {"boundary": policy(allow("s3:*")), "service_control": policy(allow("s3:*"))},
    "c": {
        "boundary": OTHER,
        "resource_policy": policy(allow("s3:*", Principal={"AWS": SESSION})),
    },
    "d": {
        "boundary": OTHER,
        "resource_policy": policy(allow("s3:*", Principal={"AWS": ROLE})),
    },
    "e": {"identity": policy(allow("s3:*"), DENY)},
    "f": {
        "resource_policy": policy(allow("s3:*", Principal={"AWS": SESSION})),
        "same_account": False,
    },
}


@pytest.mark.parametrize("row", RIGHT)
def test_ex1_agrees_with_the_engine(row):
    decision = access.decide(
        "s3:GetObject",
        "arn:aws:s3:::bank/cards-raw/pay.csv",
        principal=SESSION,
        **ROWS[row],
    )
    assert decision.allowed == (RIGHT[row] == "allowed")


def test_ex1():
    turned = {"allowed": "denied", "denied": "allowed"}
    assert_exercise(
        lab.ex1,
        right=[
            (RIGHT,),
            (pd.Series(RIGHT),),
            (list(RIGHT.items()),),
            ({key: value.upper() for key, value in RIGHT.items()},),
        ],
        wrong={
            name: (RIGHT | {row: turned[RIGHT[row]]},)
            for name, row in {
                "union": "a",
                "grants": "b",
                "session": "c",
                "role": "d",
                "slash": "e",
                "accounts": "f",
            }.items()
        },
        stub=(...,),
    )


# Exercise 2 --------------------------------------------------------------------------------

TAG, WHO = "aws:PrincipalTag/team", "aws:PrincipalArn"
UNTAGGED = {"StringNotEquals": {TAG: "fraud"}}


def two_operators(roles):
    return UNTAGGED | {"ArnNotEquals": {WHO: roles}}


def one_operator(roles):
    return {"StringNotEquals": {TAG: ["fraud"], WHO: roles}}


def arn_not_like(roles):
    return {"ArnNotLike": {"AWS:principalarn": roles}, "StringNotLike": {TAG: "fraud"}}


def as_json(roles):
    return json.dumps(two_operators(roles))


def a_statement(roles):
    return {"Effect": "Deny", "Principal": "*", "Condition": one_operator(roles)}


def a_policy(roles):
    return policy(a_statement(roles))


def of_sets(roles):
    return UNTAGGED | {"ForAllValues:ArnNotLike": {WHO: roles}}


def lenient(roles):
    return {"StringNotEqualsIfExists": {TAG: "fraud"}, "ArnNotEquals": {WHO: roles}}


def a_tuple(roles):
    return two_operators(tuple(roles))


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[
            (answer,)
            for answer in (
                two_operators,
                one_operator,
                arn_not_like,
                as_json,
                a_statement,
                a_policy,
                of_sets,
                lenient,
                a_tuple,
            )
        ],
        wrong={
            "refused": (lambda roles: {"StringNotEqual": {TAG: "fraud"}},),
            "fraud": (lambda roles: {"ArnNotEquals": {WHO: roles}},),
            "still": (lambda roles: UNTAGGED,),
            "second": (lambda roles: two_operators(roles[:1]),),
            "untagged": (lambda roles: two_operators(roles) | {"Null": {TAG: "false"}},),
            "others": (
                lambda roles: {
                    "StringNotEqualsIgnoreCase": {TAG: "fraud"},
                    "ArnNotEquals": {WHO: roles},
                },
            ),
            "wide": (lambda roles: two_operators([f"{role}*" for role in roles]),),
        },
        stub=(stub,),
    )


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (lambda roles: {"StringNotEqualsIfExists": {TAG: "fraud"}}, "still"),
        (lambda roles: UNTAGGED | {"ArnEquals": {WHO: roles}}, "fraud"),
        (lambda roles: {"StringNotEquals": {TAG: ["fraud", *roles]}}, "still"),
        (lambda roles: UNTAGGED | {"Null": {TAG: "false"}}, "still"),
        (
            lambda roles: {
                "StringNotLike": {TAG: "fraud*"},
                "ArnNotEquals": {WHO: roles},
            },
            "others",
        ),
        (
            lambda roles: {
                "StringNotLike": {TAG: "*fraud"},
                "ArnNotEquals": {WHO: roles},
            },
            "others",
        ),
        (lambda roles: {"ForAnyValue:StringNotEquals": {TAG: "fraud"}}, "still"),
        (lambda roles: "not JSON", "refused"),
        (lambda roles: ["StringNotEquals"], "refused"),
        (lambda roles: {"StringNotEquals": {TAG: "fraud", WHO: []}}, "refused"),
        (
            lambda roles: two_operators([r.replace("role/", "role/*") for r in roles]),
            "wide",
        ),
        (lambda roles: two_operators([r.replace("1111", "*") for r in roles]), "wide"),
    ],
)
def test_ex2_other_forms_of_mistakes(answer, key):
    outcome = lab.ex2.check(answer)
    assert outcome.status == "wrong"
    if key == "fraud" and outcome.misconception == "still":
        return  # a positive operator fails on both sides
    assert outcome.misconception == key


# Exercise 3 --------------------------------------------------------------------------------

LONG = "hours_per_week >= 40"
PUBLIC = "'Federal-gov', 'State-gov', 'Local-gov'"


def test_ex3():
    assert_exercise(
        lab.ex3,
        right=[
            (f"{LONG} AND (workclass NOT LIKE '%-gov' OR workclass IS NULL)",),
            (
                f"(workclass is null or workclass not in ({PUBLIC})) and hours_per_week > 39",
            ),
            (
                f"workclass IS NULL AND {LONG} OR workclass NOT LIKE '%gov' AND NOT "
                "hours_per_week < 40",
            ),
            (
                f"{LONG} AND (workclass IS NULL OR workclass <> 'Federal-gov' AND "
                "workclass != 'State-gov' AND NOT workclass = 'Local-gov')",
            ),
            (
                f"{LONG} AND (workclass IN ('Private', 'Self-emp-inc', 'Self-emp-not-inc', "
                "'Without-pay', 'Never-worked') OR workclass IS NULL)",
            ),
        ],
        wrong={
            "unknown": (f"{LONG} AND workclass NOT IN ({PUBLIC})",),
            "brackets": (f"{LONG} AND workclass NOT LIKE '%-gov' OR workclass IS NULL",),
            "border": (
                "hours_per_week > 40 AND (workclass NOT LIKE '%-gov' OR workclass IS NULL)",
            ),
            "government": (
                f"{LONG} AND (workclass <> 'Federal-gov' OR workclass IS NULL)",
            ),
            "short": ("workclass NOT LIKE '%-gov' OR workclass IS NULL",),
            "hidden": (f"{LONG} AND (workclass = 'Private' OR workclass IS NULL)",),
        },
        stub=(...,),
    )


@pytest.mark.parametrize(
    "expression",
    [
        f"{LONG} AND (workclass NOT LIKE '%-GOV' OR workclass IS NULL)",
        f"{LONG} AND (workclass NOT IN ({PUBLIC}) OR workclass = NULL)",
        "",
        "workclass IS NULL",
        f"{LONG} OR workclass IS NULL",
        f"{LONG} AND (workclass IS NULL OR workclass LIKE 'S%' OR workclass LIKE 'P%')",
    ],
)
def test_ex3_refuses(expression):
    assert lab.ex3.check(expression).status in ("wrong", "error")


def test_ex3_names_the_missing():
    late = "workclass IS NULL AND hours_per_week > 40"
    outcome = lab.ex3.check(f"{LONG} AND workclass NOT LIKE '%-gov' OR {late}")
    assert outcome.misconception == "hidden"
    assert "`missing`" in str(outcome)


# What the lesson says of AWS's requests ------------------------------------------------------


def shape(service, operation):
    session = botocore.session.get_session()
    return session.get_service_model(service).operation_model(operation).input_shape


def test_a_filter_is_a_request_to_lake_formation():
    given = {
        "TableData": {
            "TableCatalogId": "111122223333",
            "DatabaseName": "bank",
            "TableName": "census",
            "Name": "mary",
            "RowFilter": {"FilterExpression": "occupation <> 'Armed-Forces'"},
            "ColumnWildcard": {"ExcludedColumnNames": ["race", "native_country"]},
        }
    }
    wanted = shape("lakeformation", "CreateDataCellsFilter")
    assert not botocore.validate.ParamValidator().validate(given, wanted).has_errors()


def test_waf_knows_no_endpoint_of_sagemaker():
    session = botocore.session.get_session()
    kinds = session.get_service_model("wafv2").shape_for("ResourceType").enum
    assert "API_GATEWAY" in kinds
    assert not [kind for kind in kinds if "SAGEMAKER" in kind]
