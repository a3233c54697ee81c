"""What a rule of a request is."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from labs_lib.aws.findings import Severity, show

Remark = tuple[str, str, str]


@dataclass(frozen=True)
class Rule:
    """A rule with its source.

    With severity ``"conflict"`` two of AWS's own sources disagree; the remark quotes both.
    """

    check: Callable[[dict], Iterator[Remark]]
    source: str
    severity: Severity = "error"


def read_json(text: str) -> tuple[Any, str]:
    """Return what a text of JSON holds, and what is wrong with it (empty if nothing)."""
    try:
        return json.loads(text), ""
    except (ValueError, RecursionError) as error:
        return None, f"is {show(text)}, which is not JSON: {error}"


def is_whole(value: Any) -> bool:
    """Say whether a value from JSON is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)
