"""Model Monitor's analyzer of data quality: a baseline, or a batch held against one.

Its environment is that of AWS's container: ``dataset_source``, ``dataset_format``,
``output_path``, and for a check ``baseline_constraints`` and ``baseline_statistics``.
"""

import csv
import io
import itertools
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
    captured = "sagemakerCaptureJson" in form
    if not captured:
        _check_format(form or "{}")
    try:
        if captured:
            source = _table(source, statistics)
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


def _table(source: str, statistics: str) -> str:
    """Write captured lines as a CSV file with a header, and return its name.

    A row is the answer's values and then the request's.
    """
    rows: list[list[str]] = []
    for file in sorted(Path(source).rglob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            try:
                captured = json.loads(line)["captureData"]
                sides = [
                    _values(captured[side])
                    for side in ("endpointOutput", "endpointInput")
                    if side in captured
                ]
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{file.name}, line {number}: {error}.") from None
            if len({len(side) for side in sides}) > 1:
                raise ValueError(
                    f"{file.name}, line {number}: the answer has another number of rows than "
                    "the request."
                )
            rows += [list(itertools.chain(*parts)) for parts in zip(*sides, strict=True)]
    if len({len(row) for row in rows}) != 1:
        raise ValueError(
            "The captured rows have several numbers of columns, or there is none."
        )
    names = [f"_c{number}" for number in range(len(rows[0]))]
    if statistics:
        content = json.loads(Path(statistics).read_text(encoding="utf-8"))
        known = [feature["name"] for feature in content["features"]]
        names = known if len(known) == len(names) else names
    target = folders.ml() / "captured.csv"
    with target.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([names, *rows])
    return str(target)


def _values(side: dict[str, str]) -> list[list[str]]:
    """Return the rows of one side of a captured line."""
    if side["encoding"] != "CSV":
        raise ValueError(
            f"the data are captured as {side['encoding']}; list their content type in "
            "CaptureContentTypeHeader.CsvContentTypes"
        )
    return [row for row in csv.reader(io.StringIO(side["data"])) if row]


def _check_format(text: str) -> None:
    """Fail for what the files of the monitor cannot be: CSV has a header here."""
    try:
        form = json.loads(text)
        table, other = form.get("csv"), set(form) - {"csv", "parquet"}
    except (ValueError, AttributeError, TypeError):
        folders.fail(f'dataset_format is {text!r}, expected such as {{"csv": {{}}}}.')
    if other or (table is not None and table.get("header") is False):
        folders.fail("dataset_format: give csv with a header, or parquet.")


if __name__ == "__main__":
    main()
