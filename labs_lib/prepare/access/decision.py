"""May this request be made? IAM's decision over all policies that bear on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labs_lib.prepare.access.conditions import Context
from labs_lib.prepare.access.policies import Caller, Document, Statement, statements

Policies = Document | Sequence[Document]


@dataclass(frozen=True)
class Decision:
    """What IAM says to a request, and what decided.

    Attributes
    ----------
    allowed : bool
    reason : str
        In words, such as "explicit deny by NoLogs in the identity policies".
    """

    allowed: bool
    reason: str

    def __bool__(self) -> bool:
        return self.allowed


def decide(
    action: str,
    resource: str,
    *,
    principal: str,
    context: Context | None = None,
    identity: Policies = (),
    resource_policy: Document | None = None,
    boundary: Document | None = None,
    session: Policies | None = None,
    service_control: Policies | None = None,
    resource_control: Policies | None = None,
    same_account: bool = True,
) -> Decision:
    """Decide about one request as IAM does.

    Parameters
    ----------
    action : str
        Such as ``s3:GetObject``.
    resource : str
        ARN of what the request is about, ``*`` if about nothing in particular.
    principal : str
        Who asks: ARN of a user or of a role's session, or the name of a service, which has no
        policies of its own.
    context : dict, optional
        Condition keys of the request. ``aws:PrincipalArn`` is added if it is missing, and
        ``aws:username`` for a user. The ARN of a session does not show the path of its role:
        give ``aws:PrincipalArn`` if the role has one.
    identity : policy or list of policies
        Attached to the user and its groups, or to the role.
    resource_policy : policy, optional
        Attached to the resource: bucket policy, trust policy of a role.
    boundary : policy, optional
        The permissions boundary of the principal.
    session : policy or list of policies, optional
        Passed when the role was assumed.
    service_control, resource_control : policy or list of policies, optional
        SCPs of the principal's account, RCPs of the resource's: of one level. A statement of
        an RCP has the Principal ``*``.
    same_account : bool, default True
        Whether principal and resource are in one account.

    Returns
    -------
    Decision

    Raises
    ------
    ValueError
        If a policy, an ARN or an action is not well-formed, or `same_account` contradicts the
        two ARNs.

    Notes
    -----
    Any Deny that applies decides. Otherwise RCPs, SCPs, the policies of resource and identity,
    boundary and session are asked in this order; what is set and allows nothing denies. In one
    account an Allow of the resource or of the identity is enough; what an Allow of the
    resource skips depends on how it names the principal. Across accounts both are needed.
    A role's trust policy and a KMS key's policy must allow. Source: IAM user guide,
    ``reference_policies_evaluation-logic_policy-eval-denyallow``.

    Not here: the root user, federated users, endpoint policies, the levels of an
    organization. That an Allow for a whole account is no grant to its principals without one
    of their own is general knowledge, not on that page.
    """
    _check_request(action, resource)
    caller = Caller.read(principal)
    _check_accounts(caller, resource, same_account)
    if not caller.account and (identity or boundary or session or service_control):
        raise ValueError(
            f"{principal} is a service: only policies of the resource bear on it."
        )
    known = _context(caller, context)
    layers = {
        "resource control policies": _read(resource_control, of_everybody=True),
        "service control policies": _read(service_control),
        "identity policies": _read(identity) or [],
        "permissions boundary": _read(boundary),
        "session policies": _read(session),
    }
    about_resource = (
        statements(resource_policy, of_resource=True) if resource_policy else []
    )
    applying = {
        name: None
        if given is None
        else [s for s in given if s.applies(action, resource, known)]
        for name, given in layers.items()
    }
    named = [
        (statement, how)
        for statement in about_resource
        if statement.applies(action, resource, known)
        and (how := statement.principal(caller))
    ]
    for name, some in [*applying.items(), ("resource policy", [s for s, _ in named])]:
        for statement in some or []:
            if not statement.allows:
                return Decision(False, f"explicit deny by {statement.name} in the {name}")
    for name in ("resource control policies", "service control policies"):
        if not _allows(applying[name]):
            return Decision(False, f"no statement of the {name} allows it")
    ways = {how for statement, how in named if statement.allows}
    own = any(statement.allows for statement in applying["identity policies"] or [])
    if _must_allow(action, resource) or not same_account:
        if not ways:
            return Decision(False, "no statement of the resource policy allows it")
        if not same_account and not own and caller.account:
            return Decision(False, "no statement of the identity policies allows it")
    if ways & {"itself", "anyone"} and same_account:
        return Decision(True, "allowed by the resource policy")
    if not caller.account and ways:
        return Decision(True, "allowed by the resource policy")
    if not own and "role" not in ways:
        return Decision(False, "no statement of the identity policies allows it")
    for name in ("permissions boundary", "session policies"):
        if not _allows(applying[name]):
            return Decision(False, f"no statement of the {name} allows it")
    by = "identity policies" if own else "resource policy"
    return Decision(True, f"allowed by the {by}")


def _must_allow(action: str, resource: str) -> bool:
    """Tell whether the resource's own policy has to allow, in one account too."""
    kind = {"sts": ":role/", "kms": ":key/"}.get(action.lower().partition(":")[0])
    return kind is not None and kind in resource


def _allows(applying: list[Statement] | None) -> bool:
    """Tell whether a layer lets a request through: it is not set, or allows."""
    return applying is None or any(statement.allows for statement in applying)


def _read(given: Policies | None, *, of_everybody: bool = False) -> list[Statement] | None:
    if given is None:
        return None
    documents = [given] if isinstance(given, str | Mapping) else given
    found = [s for d in documents for s in statements(d, of_resource=of_everybody)]
    if of_everybody and any(s.body["Principal"] != "*" for s in found):
        raise ValueError(
            "A resource control policy is for everybody: its Principal is '*'."
        )
    return found


def _context(caller: Caller, given: Context | None) -> dict[str, Any]:
    known = {"aws:PrincipalArn": caller.role or caller.arn} if caller.account else {}
    if ":user/" in caller.arn:
        known["aws:username"] = caller.arn.rpartition("/")[2]
    given = dict(given or {})
    return {
        k: v for k, v in known.items() if k.lower() not in {g.lower() for g in given}
    } | given


def _check_accounts(caller: Caller, resource: str, same_account: bool) -> None:
    owner = (*resource.split(":", 5), "", "", "", "")[4]
    if not caller.account or not owner.isdigit():
        return
    if (owner == caller.account) != same_account:
        raise ValueError(
            f"The principal is of account {caller.account}, the resource of {owner}, and "
            f"same_account is {same_account}."
        )


def _check_request(action: str, resource: str) -> None:
    if action.count(":") != 1 or set(action) & set("*?"):
        raise ValueError(
            f"The action {action!r} names no operation, expected service:Operation such as "
            "s3:GetObject."
        )
    if resource != "*" and (not resource.startswith("arn:") or resource.count(":") < 5):
        raise ValueError(
            f"The resource {resource!r} is no ARN, expected one such as arn:aws:s3:::bucket/key, "
            "or * for a request about nothing in particular."
        )
