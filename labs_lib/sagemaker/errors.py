"""The errors that a request is answered with, in AWS's own forms."""

import re
from collections.abc import Mapping
from typing import Any

from labs_lib.aws import Finding, RequestError


class ApiError(Exception):
    """An answer that boto3 raises.

    Parameters
    ----------
    code : str
        AWS's code, for instance ``ResourceNotFound``: where the operation models an error of
        this name, boto3 raises its class, otherwise a ``ClientError`` with this code.
    message : str
        What boto3 shows.
    status : int, default 400
        The HTTP status.
    fields
        Further members of the modelled error.
    """

    def __init__(self, code: str, message: str, *, status: int = 400, **fields: Any):
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


def invalid(message: str) -> ApiError:
    """Return the error for a request that is well formed and cannot be carried out."""
    return ApiError("ValidationException", message)


def not_here(operation: str, path: str, reason: str) -> ApiError:
    """Return the error for a field that would need what this SageMaker does not have."""
    return invalid(
        f"{operation}: {path} is not carried out by the SageMaker on this machine: {reason} "
        "docs/sagemaker.md lists what is."
    )


def from_findings(error: RequestError, request: Mapping[str, Any]) -> str:
    """Write the findings of `labs_lib.aws.validate` as AWS writes its validation errors.

    Parameters
    ----------
    error : RequestError
        What the validation raised.
    request : dict
        The request, for the values that AWS quotes.
    """
    wrong = [finding for finding in error.findings if finding.severity == "error"]
    texts = "; ".join(_constraint(finding, request) for finding in wrong)
    plural = "s" if len(wrong) > 1 else ""
    return f"{len(wrong)} validation error{plural} detected: {texts}"


def _constraint(finding: Finding, request: Mapping[str, Any]) -> str:
    must = _must(finding)
    if must is None:
        return f"{finding.path} {finding.problem}. Allowed: {finding.allowed}"
    found, value = _lookup(request, finding.path)
    quoted = f"'{_short(value)}'" if found else "null"
    path = _aws_path(finding.path)
    return f"Value {quoted} at '{path}' failed to satisfy constraint: Member must {must}"


def _must(finding: Finding) -> str | None:
    """Return AWS's words for a limit of the service model; None for another rule."""
    if finding.rule == "required":
        return "not be null"
    if finding.rule == "enum":
        return f"satisfy enum value set: [{finding.allowed}]"
    if finding.rule == "pattern":
        pattern = finding.allowed.removeprefix("text that matches ")
        return f"satisfy regular expression pattern: {pattern}"
    number = re.search(r"at (?:most|least) (-?[\d.]+)", finding.allowed)
    if finding.rule in ("maximum", "minimum") and number:
        measured = re.search("length|characters|items|entries|bytes", finding.problem)
        kind = "length" if measured else "value"
        order = "less" if finding.rule == "maximum" else "greater"
        return f"have {kind} {order} than or equal to {number[1]}"
    return None


def _aws_path(path: str) -> str:
    """Return ``InputDataConfig[0].InputMode`` as ``inputDataConfig.1.member.inputMode``."""
    path = re.sub(r"\[(\d+)\]", lambda m: f".{int(m[1]) + 1}.member", path)
    return ".".join(part[:1].lower() + part[1:] for part in path.split("."))


def _lookup(request: Any, path: str) -> tuple[bool, Any]:
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            request = request[int(index)] if index else request[name]
        except (KeyError, IndexError, TypeError):
            return False, None
    return True, request


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 256 else f"{text[:253]}..."
