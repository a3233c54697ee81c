"""The page that says what is carried out here, and where it differs from AWS."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from labs_lib import files
from labs_lib.aws.request import service_model
from labs_lib.sagemaker import all_operations
from labs_lib.sagemaker.operations import OPERATIONS, SERVICES, Operation, names
from labs_lib.settings import ROOT

PAGE = ROOT / "docs" / "sagemaker.md"

GENERAL = (
    "One account and one user; nothing is encrypted, nobody's permissions are checked, roles "
    "are kept. The region of a request appears in ARNs; all regions see the same resources.",
    "The access key has to be this server's; the signature itself is not computed again.",
    "Requests are validated by labs_lib.aws. Patterns, enums and limits that the service "
    "model holds are errors here before anything happens; AWS may refuse later, or not at "
    "all. A field that the model does not have is refused; AWS ignores it.",
    "Validation messages have AWS's form; several errors come at once. Where an enum has more "
    "than twelve values, the nearest are named.",
    "Codes and messages that the service model does not hold (a name that is taken or unknown, "
    "a job in the wrong state) are written as AWS is known to write them: an assumption.",
    "An operation that is not here answers NotImplemented and lists what there is.",
    "All times are on the server's clock, which may run faster (`speed`) or be stepped. Some "
    "limits are real, since they bound real work: 60 s for an invocation (8 minutes for a "
    "stream, InvocationTimeoutSeconds in a queue), 2 s for a ping, and the time for a "
    "container's first ping. Latencies are real too.",
    "Metrics are stored every second; a kill loses the last one at most.",
    "An instance that is to go gets no more requests and has 70 s for those that it has; then "
    "SIGTERM.",
    "A Describe that comes from one of boto3's waiters is held until the status is final, at "
    "most 50 s; AWS answers at once, and the waiter sleeps.",
    "A list of SageMaker without MaxResults shows 10 items. A token holds for the same "
    "request only.",
    "A request may have 25 MB (objects of S3: any size). Only shards of streams and "
    "FIFO queues are throttled, and objects of a bucket after `local.limit_requests`, by the "
    "beginnings of their keys; how S3 splits these is not published, so ours is a model.",
    "A kill loses nothing that was answered; a power failure may lose the last moments.",
    "An image stands for a command of this machine, without isolation: what a job runs may do "
    "what you may do. Nothing that a request brought is unpickled by the server or by the "
    "built-in XGBoost; a script of your own may do so.",
)


def page() -> str:
    """Return the whole page as Markdown."""
    # The modules register their operations when they are imported.
    assert all_operations.MODULES
    lines = [
        "# The SageMaker on this machine",
        "",
        "Generated from `labs_lib/sagemaker`; `labs sagemaker page` writes it anew.",
        "",
        "It answers boto3's calls and carries them out: jobs and containers are processes of "
        "this machine. *Carried out* lists the fields that do here what they do on AWS. "
        "*Kept* lists fields that are validated and, where AWS does, given back, without "
        "effect. *Refused* lists what is answered with an error, and why.",
        "",
        "## In general",
        "",
        *[f"- {sentence}" for sentence in GENERAL],
    ]
    for service in SERVICES:
        known = len(service_model(service).operation_names)
        here = names(service)
        lines += ["", f"## {service}", "", f"{len(here)} of {known} operations."]
        for name in here:
            lines += ["", *_section(OPERATIONS[service, name])]
    return "\n".join(lines) + "\n"


def _section(operation: Operation) -> Iterable[str]:
    model = service_model(operation.service).operation_model(operation.name)
    yield f"### {operation.name}"
    yield ""
    kept = kept_fields(operation, model.input_shape)
    if operation.uses:
        yield f"- Carried out: {_code(operation.uses)}"
    if kept:
        yield f"- Kept: {_code(kept)}"
    for path, reason in operation.refuses.items():
        yield f"- Refused: `{path}`: {reason}"
    for sentence in operation.differs:
        yield f"- Differs: {sentence}"
    if not operation.uses and not kept and not operation.differs:
        yield "- Takes no fields."


def _code(paths: Iterable[str]) -> str:
    return ", ".join(f"`{path}`" for path in paths)


def kept_fields(operation: Operation, shape: Any) -> list[str]:
    """Return the fields of a request that are neither carried out nor refused."""
    refused = {path.partition("=")[0] for path in operation.refuses}
    return list(_kept(shape, "", set(operation.uses), refused))


def _kept(shape: Any, at: str, uses: set[str], refused: set[str]) -> Iterable[str]:
    if shape is None:
        return
    for name, member in shape.members.items():
        path = f"{at}.{name}".lstrip(".")
        inner = member
        if member.type_name == "list":
            path, inner = f"{path}[]", member.member
        named = {path, path.removesuffix("[]")}
        if named & uses or named & refused:
            continue
        deeper = any(known.startswith(f"{path}.") for known in uses | refused)
        if deeper and inner.type_name == "structure":
            yield from _kept(inner, path, uses, refused)
        else:
            yield path.removesuffix("[]")


def unknown_fields(operation: Operation) -> list[str]:
    """Return fields that an operation names and the service model does not have."""
    model = service_model(operation.service).operation_model(operation.name)
    paths = [*operation.uses, *(path.partition("=")[0] for path in operation.refuses)]
    return [path for path in paths if not _exists(model.input_shape, path)]


def _exists(shape: Any, path: str) -> bool:
    for part in path.split("."):
        name = part.removesuffix("[]")
        if shape is None or shape.type_name != "structure" or name not in shape.members:
            return False
        shape = shape.members[name]
        if part.endswith("[]"):
            if shape.type_name != "list":
                return False
            shape = shape.member
    return True


def write(path: Path = PAGE) -> Path:
    """Write the page and return where."""
    files.write_text(path, page())
    return path


def is_current(path: Path = PAGE) -> bool:
    """Say whether the page that is stored is the one that would be written."""
    return path.exists() and _plain(path.read_text(encoding="utf-8")) == _plain(page())


def _plain(text: str) -> str:
    # A newer botocore knows more operations; that alone makes no page stale.
    return re.sub(r"\d+ of \d+ operations", "", text)
