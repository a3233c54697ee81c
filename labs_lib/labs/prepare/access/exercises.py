"""Exercises of the lab prepare/access."""

import json
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import pandas as pd

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab
from labs_lib.prepare import access
from labs_lib.prepare.access import conditions

lab = Lab("prepare/access")

lab.predict("opened", options=("few", "many", "most"))


# Exercise 1: allowed or denied? -------------------------------------------------------------

lab.match(
    "allowed or denied?",
    right={
        "a": "allowed",
        "b": "denied",
        "c": "allowed",
        "d": "denied",
        "e": "denied",
        "f": "denied",
    },
    options=("allowed", "denied"),
    mistakes={
        "union": (
            "In a the second policy says nothing of S3. Is silence a Deny, if another policy of the "
            "same role allows?",
            "a",
        ),
        "grants": (
            "In b three policies could be asked, and two of them only limit. Which one gives the "
            "right?",
            "b",
        ),
        "session": (
            "In c look at the table above: what does a boundary do if the bucket names the session?",
            "c",
        ),
        "role": (
            "In d the bucket names the role, not the session. Does the boundary still count?",
            "d",
        ),
        "slash": (
            "In e write the pattern under the ARN. A `*` stands for any characters; the slash has "
            "no meaning of its own here.",
            "e",
        ),
        "accounts": (
            "In f two accounts are concerned. Step 3 says what is enough in one account.",
            "f",
        ),
    },
    hints=(
        "Go through the six steps for each row. First look for a Deny, then for the Allow, then "
        "for each limit that is set.",
        "c and d differ in one word, and the table above the exercise tells them apart. Between "
        "two accounts, both sides have to allow.",
    ),
    praise="Deny first, then who allows, then who limits: with this order you can read any case.",
)


# Exercise 2: until the tag is there ----------------------------------------------------------

_ROLE = "arn:aws:iam::111122223333:role/"
_LISTS = (
    [f"{_ROLE}fraud-training"],
    [f"{_ROLE}nightly", f"{_ROLE}fraud-training"],
    [f"{_ROLE}a", f"{_ROLE}b", f"{_ROLE}c"],
)
_VALUES = (None, "risk", "FRAUD", "", "fraud-risk", "antifraud")


def _condition(given: Any) -> Mapping | Wrong:
    """Return a Condition, also out of JSON, of a statement or of a policy with one."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return wrong("refused", reason="it is not JSON.")
    if isinstance(given, Mapping) and "Statement" in given:
        given = given["Statement"]
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if isinstance(given, Mapping) and "Condition" in given:
        given = given["Condition"]
    try:
        conditions.check(given)
    except ValueError as error:
        return wrong("refused", reason=str(error))
    return given


@lab.exercise(
    "until the tag is there",
    hints=(
        "The Deny has to apply to those who have neither the tag nor one of the roles. How does a "
        "condition say 'neither, nor'?",
        "Several operators in one condition all have to hold. Several values of a negated operator "
        "must all differ.",
        "Keep `StringNotEquals` on the tag. Add `ArnNotEquals` on `aws:PrincipalArn`.",
    ),
    misconceptions={
        "refused": "IAM would not take this condition: {reason}",
        "fraud": "A principal tagged `fraud` whose role is not on the list is denied now.",
        "still": "The list is {roles}, and the role `{role}` {how} is still denied. The Deny applies "
        "only if every operator of its condition holds.",
        "second": "With one role on the list all is well. With {roles}, the role `{role}` is still "
        "denied.",
        "untagged": "A principal without a tag, who is not on the list, may read now.",
        "others": "A principal with the tag `{tag}`, who is not on the list, may read now.",
        "wide": "The list is {roles}, and the role `{role}` may read now. Its name only looks alike.",
    },
    praise="Two negated operators in one Deny read as 'neither, nor'. Put the date of its removal "
    "beside it.",
)
def ex2(condition: Callable) -> Wrong | None:
    """Any condition passes that denies the right requests; it is held against many."""
    for roles in _LISTS:
        found = _condition(condition(list(roles)))
        if isinstance(found, Wrong):
            return found
        wrongly = _wrongly(found, roles)
        if wrongly is not None:
            return wrongly
    return None


def _wrongly(condition: Mapping, roles: list[str]) -> Wrong | None:
    """Return the first request that a Deny with this condition decides wrongly."""

    def denied(role: str, tag: str | None) -> bool:
        context = {"aws:PrincipalArn": role, "aws:PrincipalTag/team": tag}
        return access.satisfied(condition, context)

    names = {role: role.removeprefix(_ROLE) for role in roles}
    shown = ", ".join(f"`{name}`" for name in names.values())
    other = f"{_ROLE}analyst"
    if denied(other, "fraud"):
        return wrong("fraud")
    for role, tag in product(roles, (*_VALUES, "fraud")):
        if denied(role, tag):
            how = "without a tag" if tag is None else f"with the tag `{tag}`"
            key = "still" if len(roles) == 1 else "second"
            return wrong(key, roles=shown, role=names[role], how=how)
    for tag, who in product(_VALUES, (other, _ROLE.replace("role/", "user/eve"))):
        if not denied(who, tag):
            return wrong("untagged") if tag is None else wrong("others", tag=tag)
    for role, name in names.items():
        for alike in (
            f"{role}-old",
            f"{_ROLE}old-{name}",
            role.replace("1111", "9999"),
        ):
            if not denied(alike, None):
                return wrong("wide", roles=shown, role=alike)
    return None


# Exercise 3: a filter for the private sector -------------------------------------------------

_PEOPLE = pd.DataFrame(
    product(
        (
            "Federal-gov",
            "State-gov",
            "Local-gov",
            "Private",
            "Self-emp-inc",
            "Self-emp-not-inc",
            "Without-pay",
            "Never-worked",
            None,
        ),
        (1, 39, 40, 41, 99),
    ),
    columns=["workclass", "hours_per_week"],
)


@lab.exercise(
    "a filter for the private sector",
    hints=(
        "Write the two conditions one after the other. What does the second say of a person whose "
        "`workclass` is missing?",
        "AND binds tighter than OR: `a AND b OR c` shows every row in which `c` holds.",
        "`hours_per_week >= 40 AND (... OR workclass IS NULL)`.",
    ),
    misconceptions={
        "unknown": "Nobody with a missing `workclass` is shown. A comparison with NULL is not a yes.",
        "brackets": "People with a missing `workclass` are shown who work {hours} hours. AND binds "
        "tighter than OR: put the two halves of the OR in brackets.",
        "border": "People who work exactly 40 hours are not shown. They work at least 40.",
        "government": "People with the `workclass` `{workclass}` are shown.",
        "short": "People who work {hours} hours are shown, such as those with the `workclass` "
        "`{workclass}`.",
        "hidden": "People with the `workclass` `{workclass}` who work {hours} hours are not shown. "
        "The task does not hide them.",
    },
    praise="NULL, the border and the brackets: three places where a filter says something else "
    "than its author.",
)
def ex3(expression: str) -> Wrong | None:
    """Any expression passes that shows the right people, of every kind of work and hours."""
    rows = {"FilterExpression": expression}
    shown = access.filtered(_PEOPLE, [{"RowFilter": rows, "ColumnWildcard": {}}]).index
    seen = _PEOPLE.index.isin(shown)
    unknown = _PEOPLE["workclass"].isna()
    government = _PEOPLE["workclass"].str.endswith("-gov").fillna(False).astype(bool)
    enough = _PEOPLE["hours_per_week"] >= 40
    should = enough & ~government
    if not seen[unknown].any():
        return wrong("unknown")
    if not seen[should & (_PEOPLE["hours_per_week"] == 40)].any():
        return wrong("border")
    for key, rows_of in (
        ("brackets", seen & ~enough & unknown & ~(seen & ~enough & ~unknown).any()),
        ("short", seen & ~enough & ~government),
        ("government", seen & government),
        ("hidden", ~seen & should),
    ):
        if rows_of.any():
            person = _PEOPLE[rows_of].iloc[0]
            kind = "missing" if pd.isna(person["workclass"]) else person["workclass"]
            return wrong(key, workclass=kind, hours=person["hours_per_week"])
    return None
