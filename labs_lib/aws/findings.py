"""What a check of a request says: findings, the answer, the error."""

import difflib
import html
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "conflict", "warning"]


@dataclass(frozen=True)
class Finding:
    """One remark on one field of a request.

    Attributes
    ----------
    path : str
        The field, for instance ``InputDataConfig[0].InputMode``.
    problem : str
        What is wrong, as the rest of a sentence that begins with the path.
    allowed : str
        What is allowed instead.
    rule : str
        Name of the rule, for instance ``enum`` or ``spot_wait``.
    source : str
        Where the rule stands.
    severity : {"error", "conflict", "warning"}
        An error makes the request invalid. A conflict says that AWS's own sources disagree.
        A warning says that the request is valid but may not do what it seems to.
    """

    path: str
    problem: str
    allowed: str
    rule: str
    source: str
    severity: Severity = "error"

    def __str__(self) -> str:
        text = f"{self.path} {self.problem}. Allowed: {self.allowed}. [{self.source}]"
        # A name in a request may hold half of a character, which no terminal can print.
        text = text.encode(errors="backslashreplace").decode()
        return text if self.severity == "error" else f"{self.severity}: {text}"


@dataclass(frozen=True, repr=False)
class Validation:
    """The answer for a valid request: what was checked, and what is worth knowing.

    Attributes
    ----------
    operation : str
        What was validated.
    fields : int
        Number of values in the request.
    notes : tuple of Finding
        Conflicts and warnings.
    """

    operation: str
    fields: int
    notes: tuple[Finding, ...] = ()

    def _title(self) -> str:
        return f"{self.operation}: valid ({count(self.fields, 'field')} checked)"

    def __repr__(self) -> str:
        return "\n".join([self._title(), *(f"  {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html.escape(str(note))}</li>" for note in self.notes)
        return f"<p>{html.escape(self._title())}</p>" + (items and f"<ul>{items}</ul>")


class RequestError(ValueError):
    """A request that the service would refuse.

    Attributes
    ----------
    operation : str
        What was validated.
    findings : tuple of Finding
        Every wrong field, then conflicts and warnings.
    """

    def __init__(self, operation: str, findings: tuple[Finding, ...]):
        super().__init__(operation, findings)
        self.operation = operation
        self.findings = findings

    def __str__(self) -> str:
        errors = sum(finding.severity == "error" for finding in self.findings)
        title = f"{self.operation}: {count(errors, 'error')}"
        return "\n".join([title, *(f"  {finding}" for finding in self.findings)])


def conclude(operation: str, fields: int, findings: Iterable[Finding]) -> Validation:
    """Return a `Validation`, or raise a `RequestError` if one of `findings` is an error."""
    ordered = tuple(sorted(findings, key=lambda finding: finding.severity != "error"))
    if any(finding.severity == "error" for finding in ordered):
        raise RequestError(operation, ordered)
    return Validation(operation, fields, ordered)


def count(number: int, noun: str) -> str:
    """Return ``"1 field"`` or ``"2 fields"``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def show(value: Any) -> str:
    """Return the value as Python writes it, shortened to a line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:45]}...{text[-12:]}"


def names(value: str, known: Iterable[str]) -> str:
    """Return the known names as text: all of a few, or the closest of many.

    Small and capital letters and underscores do not count, so that boto3's
    ``create_training_job`` finds ``CreateTrainingJob``.
    """
    known = list(known)
    if len(known) <= 12:
        return ", ".join(known)
    plain = {name.lower().replace("_", ""): name for name in known}
    wanted = value.lower().replace("_", "")
    close = difflib.get_close_matches(wanted, plain, n=5, cutoff=0.0)
    return ", ".join(plain[name] for name in close) + f" or {len(known) - 5} others"
