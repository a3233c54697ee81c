"""What a learner has passed, kept in one small file.

The file is ``.labs/progress.json`` in the course folder, or the path in ``LABS_PROGRESS``.
It is written only in mode ``learn``.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from labs_lib import settings
from labs_lib.course import mode
from labs_lib.files import write_text


def path() -> Path:
    """Return where the progress file is, or would be."""
    return Path(os.environ.get("LABS_PROGRESS", settings.ROOT / ".labs" / "progress.json"))


def load() -> dict[str, dict[str, str]]:
    """Return what is passed: ``{lab: {item: time}}``, empty if nothing is.

    Raises
    ------
    ValueError
        If the file is not a progress file.
    """
    file = path()
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        passed = content["passed"]
        well_formed = all(
            isinstance(time, str) for items in passed.values() for time in items.values()
        )
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        well_formed = False
    except OSError as error:
        raise ValueError(
            f"The progress file {file} cannot be read: {error.strerror}."
        ) from None
    if not well_formed:
        raise ValueError(
            f"{file} is not a progress file. Move it away to start afresh; nothing else uses it."
        )
    return passed


def record(lab: str, item: str) -> str | None:
    """Note that `item` of `lab` is passed.

    Parameters
    ----------
    lab : str
        A lab's identity, such as ``train/algorithms``.
    item : str
        What was passed, such as ``ex1`` or ``quiz3``.

    Returns
    -------
    str or None
        Why it could not be noted, or None. A learner goes on either way.
    """
    if mode.current() != "learn":
        return None
    try:
        passed = load()
        if item in passed.get(lab, {}):
            return None
        passed.setdefault(lab, {})[item] = datetime.now(UTC).isoformat(timespec="seconds")
        write_text(path(), json.dumps({"version": 1, "passed": passed}, indent=1) + "\n")
    except ValueError as error:
        return str(error)
    except OSError as error:
        return (
            f"Passed, but not recorded: {path()} cannot be written ({error.strerror}). "
            "Set LABS_PROGRESS to a file that you may write."
        )
    return None
