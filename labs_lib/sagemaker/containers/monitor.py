"""Model Monitor's analyzer of data quality: a baseline, or a batch held against one.

Its environment is that of AWS's container: ``dataset_source``, ``dataset_format``,
``output_path``, and for a check ``baseline_constraints`` and ``baseline_statistics``.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

from labs_lib import monitor
from labs_lib.monitor.baselines import CONSTRAINTS, STATISTICS
from labs_lib.sagemaker.containers import folders

_GIVEN = (
    "dataset_source",
    "output_path",
    "dataset_format",
    "baseline_constraints",
    "baseline_statistics",
)


def main() -> None:
    """Write statistics with constraints, or with violations, and the job's last message."""
    source, out, form, constraints, statistics = (
        os.environ.get(name, "") for name in _GIVEN
    )
    if not source or not out:
        folders.fail("The environment has no dataset_source or no output_path; give both.")
    _check_format(form or "{}")
    try:
        if constraints or statistics:
            said = _check(source, constraints, statistics, Path(out))
        else:
            monitor.baseline(source).write(Path(out))
            said = "Completed: Job completed successfully with no violations."
    except ValueError as error:
        folders.fail(str(error))
    print(said, flush=True)
    (folders.ml() / "output" / "message").write_text(said, encoding="utf-8")


def _check(source: str, constraints: str, statistics: str, out: Path) -> str:
    if not constraints or not statistics:
        raise ValueError(
            "Only one of baseline_constraints and baseline_statistics is given; give both."
        )
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(constraints, Path(folder) / CONSTRAINTS)
        shutil.copyfile(statistics, Path(folder) / STATISTICS)
        found = monitor.check(source, monitor.read_baseline(folder))
    found.write(out)
    if found.ok:
        return "Completed: Job completed successfully with no violations."
    count = len(found.violations)
    return f"CompletedWithViolations: Job completed successfully with {count} violations."


def _check_format(text: str) -> None:
    """Fail for what the files of the monitor cannot be: CSV has a header here."""
    try:
        form = json.loads(text)
        csv, other = form.get("csv"), set(form) - {"csv", "parquet"}
    except (ValueError, AttributeError, TypeError):
        folders.fail(f'dataset_format is {text!r}, expected such as {{"csv": {{}}}}.')
    if other or (csv is not None and csv.get("header") is False):
        folders.fail("dataset_format: give csv with a header, or parquet.")


if __name__ == "__main__":
    main()
