"""Exercises of the lab prepare/sensitive_data."""

from collections.abc import Mapping

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab
from labs_lib.prepare.sensitive_data import Masking, Policy

lab = Lab("prepare/sensitive_data")

lab.predict("found", options=("few", "many", "most"))
lab.predict("price", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: four numbers ------------------------------------------------------------------

_WHO = ("PUBLIC", "support", "fraud", "tom")
_HIDDEN, _LAST, _FULL = (
    Policy(name, ["card"], ["card"]) for name in ("hidden", "last_four", "full")
)
_ATTACHED = {
    "PUBLIC": (_HIDDEN, "PUBLIC"),
    "support": (_LAST, "role:support"),
    "fraud": (_FULL, "role:fraud"),
    "tom": (_LAST, "tom"),
}


def _whole(value: object) -> int | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    whole = number.is_integer() and not isinstance(value, bool)
    return int(number) if whole else None


@lab.exercise(
    "four numbers",
    hints=(
        "Who of the four has to give way to whom? Write it as a chain.",
        "`PUBLIC` holds for everybody, also for those with a role. And being a user wins nothing "
        "by itself.",
        "`PUBLIC` is the lowest, then `support`, then `fraud`, then `tom`.",
    ),
    misconceptions={
        "form": "Give a dict with a whole number for each of PUBLIC, support, fraud and tom.",
        "refused": "Redshift would refuse: {reason}",
        "reversed": "You gave the lowest number to who should win. The highest wins.",
        "public": "Somebody with the role {role} sees `hidden`. PUBLIC holds for everybody, so the "
        "role needs a higher number.",
        "both": "Somebody with both roles sees `{seen}`, and shall see the number.",
        "tom": "Tom sees `{seen}`. He has both roles as well, and an attachment to a user does not "
        "win by itself.",
    },
    praise="One chain, from what holds for everybody to what holds for one. Leave gaps between the "
    "numbers, for those that come later.",
)
def ex1(priorities: dict) -> Wrong | None:
    """Any numbers pass that give each kind of user the right policy."""
    if not isinstance(priorities, Mapping):
        return wrong("form")
    given = {str(who).removeprefix("role:"): n for who, n in priorities.items()}
    given = {
        "PUBLIC" if who.upper() == "PUBLIC" else who.lower(): n
        for who, n in given.items()
    }
    numbers = {who: _whole(given[who]) for who in _WHO if who in given}
    if set(given) != set(_WHO) or None in numbers.values():
        return wrong("form")
    masks = Masking(["card"])
    try:
        for who, (policy, to) in _ATTACHED.items():
            masks.attach(policy, ["card"], to=to, priority=numbers[who] or 0)
    except ValueError as error:
        return wrong("refused", reason=str(error))

    def seen(user: str, *roles: str) -> str:
        return masks.winners(user=user, roles=roles)["card"]

    places = [numbers[who] or 0 for who in _WHO]
    if places == sorted(places, reverse=True):
        return wrong("reversed")
    for role, wanted in (("support", "last_four"), ("fraud", "full")):
        if seen("ann", role) != wanted:
            return wrong("public", role=role)
    if seen("ann", "support", "fraud") != "full":
        return wrong("both", seen=seen("ann", "support", "fraud"))
    if seen("tom", "support", "fraud") != "last_four":
        return wrong("tom", seen=seen("tom", "support", "fraud"))
    return None


# Exercise 2: may the table go out? ----------------------------------------------------------


def _inside(groups: list, secrets: list) -> list[list]:
    return [
        [s for g, s in zip(groups, secrets, strict=True) if g == group]
        for group in dict.fromkeys(groups)
    ]


def _may_go(groups: list, secrets: list, k: int) -> bool:
    parts = _inside(groups, secrets)
    return all(len(part) >= k and len(set(part)) >= 2 for part in parts)


lab.function(
    "may the table go out?",
    cases=(
        (["a", "a", "b", "b"], ["x", "y", "y", "x"], 2),
        (["a", "a", "b", "b"], ["x", "y", "y", "y"], 2),
        (["a", "a", "a", "b"], ["x", "y", "x", "y"], 2),
        (["a", "a", "a", "b", "b"], ["x", "y", "z", "x", "y"], 3),
        (["a", "b", "a", "b", "a", "b"], ["x", "x", "x", "y", "y", "y"], 3),
        (["a"] * 4, ["x", "x", "x", "x"], 3),
        (["a"] * 4, ["x", "x", "y", "y"], 3),
        (["a"] * 5 + ["b"] * 2, ["x", "y", "x", "y", "x", "x", "y"], 3),
        (["a", "b", "b"], ["x", "x", "y"], 1),
        (["b", "b", "a", "a"], ["x", "x", "y", "z"], 2),
        (["a", "a", "b", "b", "b"], ["x", "y", "z", "z", "z"], 2),
        (["a", "a", "a"], ["x", "y", "z"], 4),
        (["a", "a", "a", "b", "b"], ["x", "y", "z", "x", "y"], 2),
    ),
    right=_may_go,
    mistakes={
        "size_only": (
            "You count people only. In a group where all have the same secret, to know the group is "
            "to know the secret.",
            lambda g, s, k: all(len(part) >= k for part in _inside(g, s)),
        ),
        "secrets_only": (
            "You look at the secrets only. A group may also have too few people.",
            lambda g, s, k: all(len(set(part)) >= 2 for part in _inside(g, s)),
        ),
        "average": (
            "You take the groups' mean size. One large group then hides the small one beside it.",
            lambda g, s, k: (
                len(g) / len(set(g)) >= k
                and all(len(set(part)) >= 2 for part in _inside(g, s))
            ),
        ),
        "whole_table": (
            "You count the secrets of the whole table. Each group needs two of its own.",
            lambda g, s, k: (
                len(set(s)) >= 2 and all(len(p) >= k for p in _inside(g, s))
            ),
        ),
        "some_group": (
            "You ask whether some group is safe. All have to be.",
            lambda g, s, k: any(
                len(part) >= k and len(set(part)) >= 2 for part in _inside(g, s)
            ),
        ),
        "more_than_k": (
            "A group of exactly k people is large enough.",
            lambda g, s, k: all(
                len(part) > k and len(set(part)) >= 2 for part in _inside(g, s)
            ),
        ),
        "k_secrets": (
            "You ask for k different secrets in each group. Two are enough here.",
            lambda g, s, k: all(
                len(part) >= k and len(set(part)) >= k for part in _inside(g, s)
            ),
        ),
        "inverted": (
            "The other way round: return True if the table may go out.",
            lambda g, s, k: not _may_go(g, s, k),
        ),
    },
    hints=(
        "What would an attacker know who knows somebody's group?",
        "Go through the groups one by one. A single bad one is enough to say no.",
        "For each group: `len(inside) < k or len(set(inside)) < 2` means no.",
    ),
    praise="Two secrets are the least. If one of them is held by all but one, the group still tells "
    "nearly everything.",
)
