"""Where a container finds its things: ``/opt/ml`` on AWS, a folder of the job here."""

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn


def ml() -> Path:
    """Return what is ``/opt/ml`` on AWS."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def configuration(name: str) -> dict[str, Any]:
    """Return a file of ``input/config``, such as ``"hyperparameters"``."""
    file = ml() / "input" / "config" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def fail(reason: str) -> NoReturn:
    """Write the failure file and end with exit code 1."""
    print(reason, file=sys.stderr, flush=True)
    output = ml() / "output"
    output.mkdir(parents=True, exist_ok=True)
    (output / "failure").write_text(reason, encoding="utf-8")
    sys.exit(1)
