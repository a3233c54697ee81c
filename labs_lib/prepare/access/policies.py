"""IAM policy documents: read, refused with the reason, and held against a request."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labs_lib.prepare.access import conditions
from labs_lib.prepare.access.conditions import Context

VERSIONS = ("2012-10-17", "2008-10-17")
"""The older one has no policy variables."""

Document = Mapping[str, Any] | str
"""A policy as a mapping, or as JSON."""

_ELEMENTS = {"Sid", "Effect", "Principal", "Action", "NotAction"}
_ELEMENTS |= {"Resource", "NotResource", "Condition"}
_SERVICE = re.compile(r"[\w-]+(\.[\w-]+)*\.amazonaws\.com")
_NAMED = re.compile(r"\*|\d{12}|arn:aws:(iam|sts)::\d{12}:[^*?]+")
_PATH = re.compile(r":role/.*/")
_ACCOUNT = re.compile(r"(?:arn:aws:iam::)?(\d{12})(?::root)?")


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes
    ----------
    arn : str
        Of a user, of the session of a role, or the name of a service.
    role : str
        ARN of the role of a session, without its path; otherwise empty.
    account : str
        Twelve digits; empty for a service.
    """

    arn: str
    role: str = ""
    account: str = ""

    @classmethod
    def read(cls, arn: str) -> "Caller":
        """Read a caller off an ARN.

        Raises
        ------
        ValueError
            If it is neither a user, nor a session of a role, nor a service.
        """
        if _SERVICE.fullmatch(arn):
            return cls(arn)
        if found := re.fullmatch(r"arn:aws:iam::(\d{12}):user/.+", arn):
            return cls(arn, account=found[1])
        if found := re.fullmatch(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/[^/]+", arn):
            return cls(arn, f"arn:aws:iam::{found[1]}:role/{found[2]}", found[1])
        raise ValueError(
            f"The principal {arn!r} makes no requests. Expected a user "
            "(arn:aws:iam::111122223333:user/carlos), the session of a role "
            "(arn:aws:sts::111122223333:assumed-role/analyst/mary) or a service "
            "(sagemaker.amazonaws.com)."
        )


@dataclass(frozen=True)
class Statement:
    """One statement of a policy.

    Attributes
    ----------
    body : dict
        As it stands in the document.
    name : str
        Its ``Sid``, or its place.
    variables : bool
        Whether policy variables are replaced: not in documents of 2008.
    """

    body: Mapping[str, Any]
    name: str
    variables: bool

    @property
    def allows(self) -> bool:
        """Whether the effect is Allow."""
        return bool(self.body["Effect"] == "Allow")

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Tell whether the statement is about this request, whoever asks."""
        return (
            self._names("Action", action, context, ignore_case=True)
            and self._names("Resource", resource, context)
            and conditions.satisfied(
                self.body.get("Condition", {}), context, variables=self.variables
            )
        )

    def principal(self, caller: Caller) -> str:
        """Return how a statement of a resource policy names the caller.

        Returns
        -------
        str
            "anyone", "itself", "role", "account", or "" if it does not.
        """
        return _principal(self.body["Principal"], caller)

    def _names(
        self, element: str, value: str, context: Context, *, ignore_case: bool = False
    ) -> bool:
        wanted, negated = self.body.get(element), False
        if wanted is None:
            wanted, negated = self.body.get(f"Not{element}"), True
        if wanted is None:
            return True  # a trust policy has no Resource
        found = False
        for text in as_list(wanted):
            glob = (
                conditions.pattern(text, ignore_case=True)
                if ignore_case
                else conditions.wildcard(text, context, variables=self.variables)
            )
            found = found or (glob is not None and glob.fullmatch(value) is not None)
        return found != negated


def statements(document: Document, *, of_resource: bool = False) -> list[Statement]:
    """Return the statements of a policy, after a check.

    Parameters
    ----------
    document : dict or str
        The policy, or its JSON.
    of_resource : bool, default False
        Whether it is attached to a resource, and so names its principals.

    Raises
    ------
    ValueError
        If it is not a policy; the message names statement and element.
    """
    body = _loaded(document)
    unknown = sorted(set(body) - {"Version", "Id", "Statement"})
    if unknown:
        raise ValueError(
            f"The policy holds {', '.join(map(repr, unknown))}, expected Version, Id and Statement."
        )
    version = body.get("Version", "2008-10-17")
    if version not in VERSIONS:
        raise ValueError(f"Version is {version!r}, expected {VERSIONS[0]!r}.")
    given = body.get("Statement")
    given = [given] if isinstance(given, Mapping) else given
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise ValueError("The policy has no Statement, expected one or a list of them.")
    found = []
    for place, statement in enumerate(given):
        if not isinstance(statement, Mapping):
            raise ValueError(f"Statement {place} is {statement!r}, expected a mapping.")
        name = str(statement.get("Sid") or f"statement {place}")
        _check(statement, name, of_resource)
        found.append(Statement(statement, name, variables=version == VERSIONS[0]))
    return found


def as_list(value: Any) -> list[str]:
    """Return a text or a list of texts as a list."""
    return [value] if isinstance(value, str) else list(value)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON, which would silently keep the last of two equal keys."""
    twice = {key for key, _ in pairs if [k for k, _ in pairs].count(key) > 1}
    if twice:
        raise ValueError(f"The policy holds {', '.join(map(repr, sorted(twice)))} twice.")
    return dict(pairs)


def _loaded(document: Document) -> Mapping[str, Any]:
    if isinstance(document, str):
        try:
            document = json.loads(document, object_pairs_hook=_without_repeats)
        except json.JSONDecodeError as error:
            raise ValueError(f"The policy is no JSON: {error}.") from None
    if not isinstance(document, Mapping):
        raise ValueError(f"The policy is {document!r}, expected a mapping or JSON.")
    return document


def _check(statement: Mapping[str, Any], name: str, of_resource: bool) -> None:
    unknown = sorted(set(statement) - _ELEMENTS)
    if "NotPrincipal" in unknown:
        raise ValueError(
            f"{name} has NotPrincipal, and whom that spares depends on the service. Give it "
            "the Principal '*' and a condition with ArnNotEquals on aws:PrincipalArn."
        )
    if unknown:
        raise ValueError(
            f"{name} holds {', '.join(map(repr, unknown))}, expected only "
            f"{', '.join(sorted(_ELEMENTS))}."
        )
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise ValueError(
            f"{name} has the Effect {statement.get('Effect')!r}, expected Allow or Deny."
        )
    if of_resource:
        _check_principal(statement.get("Principal"), name)
    elif "Principal" in statement:
        raise ValueError(
            f"{name} names a Principal, which only the policy of a resource does. The "
            "principal of this policy is whom it is attached to."
        )
    for element in ("Action", "Resource"):
        both = {element, f"Not{element}"} & set(statement)
        needed = element == "Action" or not of_resource
        if len(both) > 1 or (needed and not both):
            raise ValueError(f"{name} needs either {element} or Not{element}.")
        for one in both:
            _check_texts(statement[one], one, name)
    if "Condition" in statement:
        try:
            conditions.check(statement["Condition"])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


def _check_texts(value: Any, element: str, name: str) -> None:
    texts = [value] if isinstance(value, str) else value
    if (
        not isinstance(texts, Sequence)
        or not texts
        or not all(isinstance(t, str) for t in texts)
    ):
        raise ValueError(
            f"{element} of {name} is {value!r}, expected a text or a list of texts."
        )
    for text in texts:
        if element.endswith("Action"):
            good = text == "*" or re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+", text)
            wanted = "service:Operation, such as s3:GetObject, or *"
        else:
            segments = text.split(":", 5)
            named = len(segments) == 6 and segments[0] == "arn"
            good = text == "*" or (named and not set(segments[2]) & set("*?"))
            wanted = (
                "an ARN whose service is written out, such as arn:aws:s3:::bucket/*, or *"
            )
        if not good:
            raise ValueError(f"{element} of {name} holds {text!r}, expected {wanted}.")


def _check_principal(element: Any, name: str) -> None:
    if element == "*":
        return
    if not isinstance(element, Mapping) or not element or set(element) - {"AWS", "Service"}:
        raise ValueError(
            f"Principal of {name} is {element!r}, expected '*', {{'AWS': ...}} or "
            "{'Service': ...}."
        )
    for kind, value in element.items():
        for text in as_list(value):
            whole = _SERVICE if kind == "Service" else _NAMED
            if not isinstance(text, str) or not whole.fullmatch(text):
                raise ValueError(
                    f"Principal of {name} names {text!r}, expected an account, the full ARN of "
                    "a user, role or session, or a service. A * stands alone, for everybody."
                )


def _principal(element: Any, caller: Caller) -> str:
    """Return how a Principal names a caller."""
    if element == "*":
        return "anyone"
    named = set(as_list(element.get("AWS", [])))
    if caller.arn in named | set(as_list(element.get("Service", []))):
        return "itself"
    if "*" in named:
        return "anyone"
    if caller.role and caller.role in {_PATH.sub(":role/", text) for text in named}:
        return "role"
    accounts = {found[1] for text in named if (found := _ACCOUNT.fullmatch(text))}
    return "account" if caller.account and caller.account in accounts else ""
