import botocore.session
import botocore.validate
import pandas as pd
import pytest

from labs_lib.labs.prepare.sensitive_data.exercises import lab
from labs_lib.prepare import sensitive_data as sensitive
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------

RIGHT = {"PUBLIC": 0, "support": 10, "fraud": 20, "tom": 30}


def test_ex1():
    assert_exercise(
        lab.ex1,
        right=[
            (RIGHT,),
            (pd.Series(RIGHT),),
            (list(RIGHT.items()),),
            ({"public": -5, "role:support": 0, "role:fraud": 1, "Tom": 2},),
            ({who: float(n) for who, n in RIGHT.items()},),
            ({who: str(n) for who, n in RIGHT.items()},),
        ],
        wrong={
            "form": ({"PUBLIC": 0, "support": 10},),
            "refused": (RIGHT | {"support": 0},),
            "reversed": ({"PUBLIC": 3, "support": 2, "fraud": 1, "tom": 0},),
            "public": (RIGHT | {"PUBLIC": 15},),
            "both": (RIGHT | {"support": 25},),
            "tom": (RIGHT | {"tom": 15},),
        },
        stub=(...,),
    )


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (RIGHT | {"tom": 10}, "tom"),
        (RIGHT | {"tom": 20}, "refused"),
        (RIGHT | {"fraud": 10}, "refused"),
        (RIGHT | {"PUBLIC": 40}, "public"),
        (RIGHT | {"PUBLIC": 5, "fraud": 2}, "public"),
        (RIGHT | {"tom": -1}, "tom"),
        (RIGHT | {"tom": 1.5}, "form"),
        (RIGHT | {"tom": True}, "form"),
        (RIGHT | {"tom": float("nan")}, "form"),
        (RIGHT | {"tom": "high"}, "form"),
        (RIGHT | {"ann": 1}, "form"),
    ],
)
def test_ex1_names_each_mistake(answer, key):
    outcome = lab.ex1.check(answer)
    assert (outcome.status, outcome.misconception) == ("wrong", key)


# Exercise 2 --------------------------------------------------------------------------------


def by_pandas(groups, secrets, k):
    grouped = pd.Series(secrets).groupby(groups)
    return (grouped.size() >= k).all() and (grouped.nunique() > 1).all()


def by_dict(groups, secrets, k):
    inside = {}
    for group, secret in zip(groups, secrets, strict=True):
        inside.setdefault(group, []).append(secret)
    for found in inside.values():
        if len(found) < k:
            return False
        if all(secret == found[0] for secret in found):
            return False
    return True


def exactly_two(groups, secrets, k):
    inside = pd.Series(secrets).groupby(groups)
    return (inside.size() >= k).all() and (inside.nunique() == 2).all()


def test_ex2():
    assert_exercise(
        lab.ex2,
        right=[(by_pandas,), (by_dict,)],
        wrong={
            None: (lambda groups, secrets, k: len(groups) >= k,),
            "size_only": (lambda g, s, k: pd.Series(s).groupby(g).size().min() >= k,),
            "secrets_only": (lambda g, s, k: pd.Series(s).groupby(g).nunique().min() >= 2,),
            "inverted": (lambda *given: not by_dict(*given),),
        },
        stub=(stub,),
    )


def test_ex2_three_secrets_are_not_too_many():
    assert lab.ex2.check(exactly_two).status == "wrong"


# What the lesson and its quiz say -------------------------------------------------------------


def shape(operation):
    session = botocore.session.get_session()
    return session.get_service_model("macie2").operation_model(operation).input_shape


def test_a_custom_identifier_is_a_request_to_macie():
    given = {
        "name": "e-mail",
        "regex": r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+",
        "keywords": ["mail"],
        "maximumMatchDistance": 50,
    }
    wanted = shape("CreateCustomDataIdentifier")
    assert not botocore.validate.ParamValidator().validate(given, wanted).has_errors()


def test_the_selectors_are_those_of_the_model():
    selector = shape("CreateClassificationJob").members["managedDataIdentifierSelector"]
    assert set(selector.enum) == {"ALL", "EXCLUDE", "INCLUDE", "NONE", "RECOMMENDED"}


def test_the_test_number_of_the_quiz_passes_luhn_and_is_not_reported():
    assert sensitive.luhn_valid("4111 1111 1111 1111")
    assert not sensitive.find("4111 1111 1111 1111", "card_number")
    assert sensitive.severity("CREDIT_CARD_NUMBER", 1) == "High"


def test_public_at_50_beats_a_role_at_10():
    masks = sensitive.Masking(["card"])
    masks.attach(sensitive.Policy("full_mask", ["c"], ["'x'"]), ["card"], priority=50)
    last = sensitive.Policy("last_four", ["c"], ["right(c, 4)"])
    masks.attach(last, ["card"], to="role:support", priority=10)
    assert masks.winners(user="ann", roles=["support"]) == {"card": "full_mask"}
    masks.detach(last, to="role:support")
    masks.attach(last, ["card"], to="role:support", priority=51)
    assert masks.winners(user="ann", roles=["support"]) == {"card": "last_four"}
    assert masks.winners(user="bob") == {"card": "full_mask"}
