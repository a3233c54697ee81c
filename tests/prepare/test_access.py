"""IAM's decision, with the guide's tables and examples as oracle."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.prepare import access
from labs_lib.prepare.access import conditions
from labs_lib.prepare.access.policies import statements

CARLOS = "arn:aws:iam::111122223333:user/Carlos"
ROLE = "arn:aws:iam::111122223333:role/analyst"
MARY = "arn:aws:sts::111122223333:assumed-role/analyst/mary"
OBJECT = "arn:aws:s3:::bank/pay.csv"


def policy(*statements, version="2012-10-17"):
    return {"Version": version, "Statement": list(statements)}


def allow(action="s3:*", resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(action="s3:*", resource="*", **more):
    return allow(action, resource, **more) | {"Effect": "Deny"}


def ask(**more):
    given = {"action": "s3:GetObject", "resource": OBJECT, "principal": CARLOS} | more
    return access.decide(**given)


class TestTheGuidesExamples:
    @pytest.mark.parametrize(
        ("key", "matches"),
        [
            ("1/test/object.jpg", True),
            ("1/2/test/3/object.jpg", True),
            ("1///test///object.jpg", True),
            ("/test/object.jpg", True),
            ("1/test/", True),
            ("1-test/object.jpg", False),
            ("test/object.jpg", False),
            ("1/2/test.jpg", False),
        ],
    )
    def test_resources(self, key, matches):
        own = policy(allow(resource="arn:aws:s3:::amzn-s3-demo-bucket/*/test/*"))
        asked = f"arn:aws:s3:::amzn-s3-demo-bucket/{key}"
        assert ask(resource=asked, identity=own).allowed == matches

    @pytest.mark.parametrize(
        ("keys", "environment", "matches"),
        [
            (["environment"], "preprod", True),
            (["environment", "costcenter"], "PreProd", True),
            (["Environment"], "preprod", False),
            (["costcenter"], "preprod", False),
            (None, "storage", False),
            (["environment"], None, False),
        ],
    )
    def test_tags(self, keys, environment, matches):
        condition = {
            "StringEqualsIgnoreCase": {
                "aws:RequestTag/environment": ["preprod", "storage"]
            },
            "ForAnyValue:StringEquals": {"aws:TagKeys": "environment"},
        }
        context = {"aws:TagKeys": keys, "aws:RequestTag/environment": environment}
        assert access.satisfied(condition, context) == matches

    def test_carlos_and_the_logs(self):
        own = policy(
            allow(resource=["arn:aws:s3:::carlos", "arn:aws:s3:::carlos/*"]),
            deny(resource="arn:aws:s3:::*log*", Sid="NoLogs"),
        )
        bucket = policy(allow(resource="*", Principal={"AWS": CARLOS}))
        decided = ask(
            resource="arn:aws:s3:::carlos-logs", identity=own, resource_policy=bucket
        )
        assert not decided
        assert decided.reason == "explicit deny by NoLogs in the identity policies"
        assert ask(resource="arn:aws:s3:::carlos", identity=own)

    @pytest.mark.parametrize("path", ["", "service-role/", "a/b/"])
    def test_a_role_is_named_with_its_path(self, path):
        named = ROLE.replace("role/", f"role/{path}")
        assert ask(principal=MARY, resource_policy=policy(allow(Principal={"AWS": named})))
        other = named + "s"
        assert not ask(
            principal=MARY, resource_policy=policy(allow(Principal={"AWS": other}))
        )

    @pytest.mark.parametrize(
        ("principal", "named", "condition", "limited"),
        [
            (CARLOS, {"AWS": CARLOS}, {}, False),
            (MARY, {"AWS": MARY}, {}, False),
            (MARY, {"AWS": ROLE}, {}, True),
            (MARY, "*", {"ArnEquals": {"aws:PrincipalArn": ROLE}}, False),
        ],
    )
    def test_who_is_named_in_the_policy_of_a_resource(
        self, principal, named, condition, limited
    ):
        bucket = policy(allow(Principal=named, Condition=condition))
        given = {"principal": principal, "resource_policy": bucket}
        assert ask(**given), "an implicit deny of the identity does not matter"
        other = policy(allow("ec2:*"))
        assert ask(**given, boundary=other).allowed != limited
        assert ask(**given, session=other).allowed != limited
        assert not ask(**given, identity=policy(deny()))

    def test_a_negated_condition_denies_what_has_no_tag(self):
        untagged = {"StringNotEquals": {"aws:ResourceTag/team": "fraud"}}
        own = [policy(allow()), policy(deny(Condition=untagged))]
        assert not ask(identity=own)
        assert ask(identity=own, context={"aws:ResourceTag/team": "fraud"})
        lenient = {"StringNotEqualsIfExists": {"aws:ResourceTag/team": "fraud"}}
        assert not ask(identity=[policy(allow()), policy(deny(Condition=lenient))])

    def test_the_trust_policy_of_an_execution_role(self):
        service = {"Service": "sagemaker.amazonaws.com"}
        trust = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
        asked = {"action": "sts:AssumeRole", "resource": ROLE}
        given = asked | {"resource_policy": policy(trust)}
        assert ask(**given, principal="sagemaker.amazonaws.com")
        assert not ask(**given, principal="lambda.amazonaws.com")
        assert not ask(**given, identity=policy(allow("sts:*"))), "the trust has to allow"

    def test_the_policy_of_a_key(self):
        key = {
            "action": "kms:Decrypt",
            "resource": "arn:aws:kms:eu-west-1:111122223333:key/1",
        }
        own = policy(allow("kms:*"))
        assert not ask(**key, identity=own), "the key has to allow"
        account = policy(
            allow("kms:*", Principal={"AWS": "arn:aws:iam::111122223333:root"})
        )
        assert ask(**key, identity=own, resource_policy=account)
        assert not ask(**key, resource_policy=account)
        assert ask(action="kms:CreateKey", resource="*", identity=own), "no key yet"
        assert ask(
            action="sts:GetCallerIdentity", resource="*", identity=policy(allow("*"))
        )

    def test_passing_a_role(self):
        to = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        own = policy(allow("iam:PassRole", "*", Condition=to))
        asked = {"action": "iam:PassRole", "resource": ROLE, "identity": own}
        assert ask(**asked, context={"iam:PassedToService": "sagemaker.amazonaws.com"})
        assert not ask(**asked, context={"iam:PassedToService": "ec2.amazonaws.com"})
        assert not ask(**asked)


LAYERS = ("identity", "boundary", "session", "service_control", "resource_control")
POLICIES = [policy(allow()), policy(deny()), policy(allow("ec2:*"))]


def as_in_aws(layers):
    """Return the layers, with the Principal that a resource control policy has to have."""
    if "resource_control" not in layers:
        return layers
    (statement,) = layers["resource_control"]["Statement"]
    return layers | {"resource_control": policy(statement | {"Principal": "*"})}


class TestLaws:
    @given(
        st.fixed_dictionaries({}, optional={n: st.sampled_from(POLICIES) for n in LAYERS})
    )
    def test_all_that_is_set_has_to_allow_and_nothing_may_deny(self, layers):
        expected = layers.get("identity") == POLICIES[0] and all(
            document == POLICIES[0] for document in layers.values()
        )
        assert ask(**as_in_aws(layers)).allowed == expected

    @given(
        st.fixed_dictionaries({}, optional={n: st.sampled_from(POLICIES) for n in LAYERS}),
        st.sampled_from([ROLE, MARY, "*", "111122223333", CARLOS, None]),
        st.booleans(),
    )
    def test_what_an_allow_of_the_resource_adds(self, layers, named, same_account):
        given = as_in_aws(layers) | {"principal": MARY, "same_account": same_account}
        if named:
            who = "*" if named == "*" else {"AWS": named}
            given["resource_policy"] = policy(allow(Principal=who))
        found = {name: layers.get(name) for name in LAYERS}
        open_ = {name: p in (None, POLICIES[0]) for name, p in found.items()}
        own, both = found["identity"] == POLICIES[0], open_["boundary"] and open_["session"]
        granted = named in (ROLE, MARY, "*", "111122223333")
        if same_account:
            expected = named in (MARY, "*") or ((own or named == ROLE) and both)
        else:
            expected = granted and own and both
        expected &= open_["service_control"] and open_["resource_control"]
        expected &= POLICIES[1] not in found.values()
        assert ask(**given).allowed == expected

    @given(st.permutations([allow(), deny("s3:Put*"), allow("ec2:*"), deny("iam:*")]))
    def test_the_order_of_statements_does_not_matter(self, given):
        own = policy(*given)
        assert ask(identity=own)
        assert not ask(action="s3:PutObject", identity=own)
        assert ask(identity=[policy(s) for s in given]).allowed

    @given(st.sampled_from(LAYERS[1:]))
    def test_a_limit_grants_nothing(self, layer):
        assert not ask(**as_in_aws({layer: policy(allow("*"))}))

    def test_across_accounts_both_have_to_allow(self):
        bucket = policy(allow(Principal={"AWS": CARLOS}))
        assert not ask(resource_policy=bucket, same_account=False)
        assert not ask(identity=policy(allow()), same_account=False)
        assert ask(identity=policy(allow()), resource_policy=bucket, same_account=False)

    def test_an_account_that_is_named_leaves_it_to_its_own_policies(self):
        bucket = policy(allow(Principal={"AWS": "111122223333"}))
        assert not ask(resource_policy=bucket)
        assert ask(resource_policy=bucket, identity=policy(allow()))

    @given(st.text("ab*?$/", max_size=6), st.text("ab*?$/", max_size=6))
    def test_a_variable_stands_for_itself(self, name, other):
        own = policy(allow(resource="arn:aws:s3:::bank/${aws:username}"))
        asked = {"resource": f"arn:aws:s3:::bank/{other}", "identity": own}
        assert ask(**asked, context={"aws:username": name}).allowed == (name == other)
        like = {"StringLike": {"s3:prefix": "home/${aws:username}"}}
        context = {"aws:username": name, "s3:prefix": f"home/{other}"}
        assert access.satisfied(like, context) == (name == other)

    def test_a_variable_without_a_value_matches_nothing(self):
        own = policy(allow(resource="arn:aws:s3:::bank/${aws:PrincipalTag/team}*"))
        assert not ask(identity=own)
        old = policy(allow(resource="arn:aws:s3:::bank/${x}"), version="2008-10-17")
        assert ask(resource="arn:aws:s3:::bank/${x}", identity=old)

    def test_a_variable_may_have_a_value_to_fall_back_to(self):
        own = policy(allow(resource="arn:aws:s3:::bank/${aws:PrincipalTag/team, 'all'}/*"))
        asked = {"resource": "arn:aws:s3:::bank/all/x", "identity": own}
        assert ask(**asked)
        assert not ask(**asked, context={"aws:PrincipalTag/team": "fraud"})

    def test_case_matters_in_resources_and_not_in_actions(self):
        assert ask(identity=policy(allow("S3:getobject")))
        assert not ask(identity=policy(allow(resource="arn:aws:s3:::Bank/*")))

    def test_all_but(self):
        own = policy({"Effect": "Allow", "NotAction": "iam:*", "NotResource": OBJECT})
        assert not ask(identity=own)
        assert ask(resource="arn:aws:s3:::other", identity=own)
        assert not ask(action="iam:GetUser", resource="*", identity=own)
        but = {"ArnNotEquals": {"aws:PrincipalArn": ROLE}}
        others = policy(deny(Principal="*", Condition=but))
        assert not ask(resource_policy=others, identity=policy(allow()))
        assert ask(resource_policy=others, identity=policy(allow()), principal=MARY)

    def test_json_is_taken_too(self):
        assert ask(identity=json.dumps(policy(allow())))


class TestConditions:
    @pytest.mark.parametrize(
        ("operator", "wanted", "value", "holds"),
        [
            ("StringEquals", ["a", "b"], "b", True),
            ("StringNotEquals", ["a", "b"], "b", False),
            ("StringNotEquals", ["a", "b"], "c", True),
            ("StringLike", "a*", "A1", False),
            ("StringNotLike", "a?", "ab", False),
            ("StringNotEqualsIgnoreCase", "A", "a", False),
            ("NumericLessThan", "10", 9, True),
            ("NumericLessThanEquals", "10", 10, True),
            ("NumericGreaterThan", "10", 10, False),
            ("NumericGreaterThanEquals", "10", 10, True),
            ("NumericEquals", "1.0", 1, True),
            ("NumericNotEquals", "1", 2, True),
            ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", True),
            ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00", False),
            ("DateGreaterThanEquals", "0", "1970-01-01", True),
            ("DateEquals", "1767225600", "2026-01-01T00:00:00Z", True),
            ("DateNotEquals", "1767225600", "2026-01-01", False),
            ("DateLessThanEquals", "2026-01-01", "2026-01-01", True),
            ("Bool", "true", True, True),
            ("Bool", "false", "True", False),
            ("BinaryEquals", "aGk=", b"hi", True),
            ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
            ("IpAddress", "203.0.113.7", "203.0.113.8", False),
            ("NotIpAddress", "203.0.113.0/24", "198.51.100.1", True),
            ("IpAddress", "2001:db8::/32", "203.0.113.7", False),
            (
                "ArnLike",
                "arn:aws:sns:*:111122223333:*",
                "arn:aws:sns:eu-west-1:111122223333:a:b",
                True,
            ),
            ("ArnEquals", "arn:aws:sns:*:1:x", "arn:aws:sns:eu-west-1:2:1:x", False),
            ("ArnNotLike", "arn:aws:s3:::bank", "arn:aws:s3:::bank", False),
            ("Null", "true", "x", False),
            ("Null", "false", "x", True),
        ],
    )
    def test_operators(self, operator, wanted, value, holds):
        assert access.satisfied({operator: {"k": wanted}}, {"K": value}) == holds

    @pytest.mark.parametrize("absent", [{}, {"k": None}, {"k": []}])
    @pytest.mark.parametrize(
        ("operator", "holds"),
        [
            ("StringEquals", False),
            ("StringNotEquals", True),
            ("StringEqualsIfExists", True),
            ("NumericLessThan", False),
            ("NotIpAddress", True),
            ("ForAllValues:StringEquals", True),
            ("ForAnyValue:StringEquals", False),
            ("ForAnyValue:StringNotEquals", False),
        ],
    )
    def test_an_absent_key(self, operator, holds, absent):
        value = "10.0.0.1" if "Ip" in operator else "1"
        assert access.satisfied({operator: {"k": value}}, absent) == holds
        assert access.satisfied({"Null": {"k": "true"}}, absent)

    @given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc"), min_size=1))
    def test_sets(self, values, wanted):
        context = {"k": values}
        every = access.satisfied({"ForAllValues:StringEquals": {"k": wanted}}, context)
        some = access.satisfied({"ForAnyValue:StringEquals": {"k": wanted}}, context)
        assert every == (set(values) <= set(wanted))
        assert some == bool(set(values) & set(wanted))

    def test_every_operator_and_key_has_to_hold(self):
        both = {"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}
        assert access.satisfied(both, {"a": "1", "b": "2", "c": True})
        for key in "abc":
            assert not access.satisfied(
                both, {"a": "1", "b": "2", "c": True} | {key: "false"}
            )

    def test_several_values_need_a_set_operator(self):
        with pytest.raises(ValueError, match=r"ForAnyValue:StringEquals"):
            access.satisfied({"StringEquals": {"k": "a"}}, {"k": ["a", "b"]})


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"Effect": "allow"}, "expected Allow or Deny"),
            ({"Actions": "s3:*"}, "'Actions'"),
            ({"Action": "GetObject"}, "service:Operation"),
            ({"Action": []}, "list of texts"),
            ({"NotAction": "s3:*"}, "either Action or NotAction"),
            ({"Resource": "bank/*"}, "an ARN"),
            ({"Resource": "arn:aws:*:::bank"}, "an ARN"),
            ({"Principal": "*"}, "only the policy of a resource"),
            ({"NotPrincipal": {"AWS": CARLOS}}, "ArnNotEquals on aws:PrincipalArn"),
            ({"Condition": {"Null": {"k": "maybe"}}}, "truth value"),
            ({"Condition": {"StringEquals": {"k": {"a": "b"}}}}, "no value"),
            ({"Condition": {"NumericEquals": {"k": "1_000"}}}, "no number"),
            ({"Condition": {"NumericEquals": {"k": "nan"}}}, "no number"),
            ({"Condition": {"StringEqual": {"k": "a"}}}, "none of IAM's"),
            ({"Condition": {"NumericEquals": {"k": "ten"}}}, "no number"),
            ({"Condition": {"IpAddress": {"k": "10.0.0"}}}, "no IP address"),
            ({"Condition": {"DateEquals": {"k": "soon"}}}, "no date"),
            ({"Condition": {"Bool": {"k": "yes"}}}, "truth value"),
            ({"Condition": {"BinaryEquals": {"k": "?"}}}, "base64"),
            ({"Condition": {"ArnLike": {"k": "bank"}}}, "no ARN"),
            ({"Condition": {"StringEquals": {"k": []}}}, "no value"),
            ({"Condition": {"StringEquals": "k"}}, "condition keys"),
            ({"Condition": ["StringEquals"]}, "operators with their keys"),
        ],
    )
    def test_statements(self, change, message):
        with pytest.raises(ValueError, match=message):
            statements(policy(allow() | change))

    @pytest.mark.parametrize(
        ("document", "message"),
        [
            ("{", "no JSON"),
            ([], "expected a mapping"),
            ('{"Statement": {"Effect": "Allow", "Effect": "Deny"}}', "'Effect' twice"),
            ({"Statement": []}, "no Statement"),
            ({"Statement": [1]}, "expected a mapping"),
            ({"Version": "2026-01-01", "Statement": allow()}, "Version"),
            ({"Statements": allow()}, "'Statements'"),
        ],
    )
    def test_documents(self, document, message):
        with pytest.raises(ValueError, match=message):
            statements(document)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"principal": ROLE}, "makes no requests"),
            ({"action": "s3:*"}, "names no operation"),
            ({"resource": "bank"}, "no ARN"),
            ({"resource_policy": policy(allow())}, "Principal of statement 0 is None"),
            ({"resource_policy": policy(allow(Principal={"User": "x"}))}, "expected '\\*'"),
            ({"resource_policy": policy(allow(Principal={}))}, "expected '\\*'"),
            (
                {"resource_policy": policy(deny("ec2:*", Principal={"AWS": f"{ROLE}*"}))},
                "stands alone",
            ),
            ({"resource_policy": policy(deny(Principal={"AWS": "Carlos"}))}, "full ARN"),
            ({"resource_policy": policy(deny(Principal={"Service": "*"}))}, "stands alone"),
            (
                {"resource_control": policy(deny(Principal={"AWS": CARLOS}))},
                "for everybody",
            ),
            ({"resource_control": policy(deny())}, "Principal of statement 0"),
            (
                {"principal": "lambda.amazonaws.com", "identity": policy(allow())},
                "only policies of the resource",
            ),
            ({"resource": "arn:aws:sns:eu-west-1:999999999999:x"}, "same_account is True"),
            (
                {"resource": "arn:aws:sns:eu-west-1:111122223333:x", "same_account": False},
                "same_account is False",
            ),
        ],
    )
    def test_requests(self, change, message):
        with pytest.raises(ValueError, match=message):
            ask(**change)


SALES = pd.DataFrame(
    {
        "customer_name": ["a", "b", "c", "d"],
        "product_type": ["pharma", "food", None, "Pharma"],
        "amount": [10, 20, 30, 40],
    },
    index=[7, 5, 3, 1],
)


def cells(expression=None, *, names=None, without=()):
    rows = (
        {"AllRowsWildcard": {}} if expression is None else {"FilterExpression": expression}
    )
    columns = {"ColumnWildcard": {"ExcludedColumnNames": list(without)}}
    return {"RowFilter": rows} | (columns if names is None else {"ColumnNames": names})


class TestDataFilters:
    def test_the_guides_samples(self):
        pharma = cells("product_type='pharma'", without=["customer_name"])
        shown = access.filtered(SALES, [pharma])
        assert list(shown.columns) == ["product_type", "amount"]
        assert list(shown.index) == [7]
        others = cells("product_type<>'pharma'", names=["amount", "customer_name"])
        shown = access.filtered(SALES, [others])
        assert list(shown.columns) == ["customer_name", "amount"]
        assert list(shown["customer_name"]) == ["b", "d"], "nothing is known of NULL"

    @pytest.mark.parametrize(
        ("expression", "rows"),
        [
            ("amount BETWEEN 10 AND 20", "ab"),
            ("amount NOT BETWEEN 10 AND 20", "cd"),
            ("product_type IN ('food', 'pharma')", "ab"),
            ("product_type LIKE 'P%'", "d"),
            ("product_type IS NULL OR amount >= 40", "cd"),
            ("product_type is not null and not amount = 10", "bd"),
            ("(amount > 10 AND amount < 40) AND product_type IS NOT NULL", "b"),
            ("amount = 10 OR amount = 20 AND product_type = 'x'", "a"),
            ("\"customer_name\" != 'a'", "bcd"),
            ("customer_name = 'it''s'", ""),
        ],
    )
    def test_expressions(self, expression, rows):
        shown = access.filtered(SALES, [cells(expression)])
        assert "".join(shown["customer_name"]) == rows

    def test_rows_are_the_union_and_all_rows_prevail(self):
        two = [cells("amount = 40"), cells("amount = 10")]
        assert list(access.filtered(SALES, two)["amount"]) == [10, 40]
        assert access.filtered(SALES, [*two, cells()]).equals(SALES)
        assert access.filtered(SALES, []).empty

    @pytest.mark.parametrize(
        "expression",
        [
            "amount = customer_name",
            "upper(product_type) = 'PHARMA'",
            "amount + 1 = 2",
            "amount = 10; DROP TABLE given",
            "amount = 10 OR",
            "1 = 1",
            "amount NOT = 10",
            "(amount = 10",
            "amount IN ()",
            "amount = 'x",
            "nothing = 1",
            "",
            "amount = 1 -- all",
            "product_type = 5",
            "amount = 'ten'",
            "amount LIKE '1%'",
            "product_type = true",
            "amount IN (1, 'x')",
            f"amount = {'9' * 50}",
            "(" * 900 + "amount = 1" + ")" * 900,
            "NOT " * 500 + "amount = 1",
        ],
    )
    def test_what_a_filter_may_not_say(self, expression):
        with pytest.raises(ValueError, match=r"expression|Expression"):
            access.filtered(SALES, [cells(expression)])

    def test_bad_filters(self):
        with pytest.raises(ValueError, match="either ColumnNames"):
            access.filtered(SALES, [{"RowFilter": {"AllRowsWildcard": {}}}])
        with pytest.raises(ValueError, match="either FilterExpression"):
            access.filtered(SALES, [{"RowFilter": {}, "ColumnNames": ["amount"]}])
        with pytest.raises(ValueError, match="does not have"):
            access.filtered(SALES, [cells(names=["price"])])
        for names in ([], "amount"):
            with pytest.raises(ValueError, match="list of columns"):
                access.filtered(SALES, [cells(names=names)])
        with pytest.raises(ValueError, match="different columns"):
            access.filtered(SALES, [cells(names=["amount"]), cells()])
        with pytest.raises(ValueError, match="at most 100"):
            access.filtered(SALES, [cells()] * 101)

    def test_a_comparison_with_null_is_refused_with_its_mend(self):
        for sign in ("=", "<>"):
            with pytest.raises(ValueError, match="IS NULL"):
                access.filtered(SALES, [cells(f"product_type {sign} NULL")])

    @given(st.text(max_size=30))
    def test_no_text_breaks_out(self, text):
        quoted = text.replace("'", "''")
        try:
            shown = access.filtered(SALES, [cells(f"customer_name = '{quoted}'")])
        except ValueError:
            return
        assert list(shown["customer_name"]) == [n for n in "abcd" if n == text]


def test_a_pattern_is_any_text_with_wildcards():
    assert conditions.pattern("a*b?").fullmatch("a/:\nbc")
    assert not conditions.pattern("a.c").fullmatch("abc")
