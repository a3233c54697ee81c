"""``labs monitor baseline`` and ``labs monitor check``: 0 good, 1 violations, 2 not checked."""

import os
import re
import sys
import traceback
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from labs_lib.monitor import pages, reading
from labs_lib.monitor.baselines import (
    CONSTRAINTS,
    STATISTICS,
    baseline,
    check_unedited,
    read_baseline,
)
from labs_lib.monitor.checks import VIOLATIONS, Check, check
from labs_lib.monitor.profiles import profile
from labs_lib.monitor.reading import Csv

REPORT, TABLE = "report.html", "table.csv"

_IN_OPTIONS = (
    (r"types=\{'(.+?)': '(\w+)'\}", r"--type '\1=\2'"),
    (r"types names", "--type or --category names"),
    (r"ignore names", "--ignore names"),
    (r"ignore=\[('.+?')\]", r"--ignore \1"),
    (r"csv=Csv\((\w+)=('.+?')\)", r"--\1 \2"),
    (r"overwrite=True", "--overwrite"),
    (r"^comparison_threshold is", "--threshold is"),
    (r"^domain_content_threshold is", "--unknown is"),
    (r"^datatype_check_threshold is", "--wrong-type is"),
    (r"^(completeness|windows|separator|encoding|decimal) is", r"--\1 is"),
)
"""What the library calls an argument, and the option that means it."""


def run(arguments: Namespace) -> int:
    """Run what was asked for; return 0, 1 if there are violations, 2 if it failed.

    The code says what was found, also where the terminal cannot show it.
    """
    todo: Callable[[Namespace, _Output], int] = {"baseline": _baseline, "check": _check}[
        arguments.action
    ]
    output = _Output()
    try:
        return todo(arguments, output)
    except (ValueError, OSError, MemoryError) as error:
        output.error(f"labs: {_in_options(str(error) or type(error).__name__)}")
    except Exception:  # 1 means violations, and nothing else does
        output.error(f"labs: this should not happen, please report it.\n{_trace()}")
    finally:
        output.close()
    return 2


def _baseline(arguments: Namespace, output: "_Output") -> int:
    csv, types = _csv(arguments), dict(arguments.type)
    both = [name for name in arguments.category if types.get(name, "String") != "String"]
    if both:
        raise ValueError(f"{both[0]!r} is given as --category and as another --type.")
    _keep_inputs(arguments, [STATISTICS, CONSTRAINTS])
    if not arguments.overwrite:  # before the data are read, which may take long
        check_unedited(arguments.out)
    with output.busy("Reading the data"):
        found = profile(
            arguments.files,
            mode=arguments.mode,
            types=types | dict.fromkeys(arguments.category, "String"),
            ignore=arguments.ignore,
            csv=csv,
        )
    made = baseline(
        found,
        share_method=arguments.shares,
        completeness=arguments.completeness,
        comparison_method=arguments.method,
        comparison_threshold=arguments.threshold,
        domain_content_threshold=arguments.unknown,
        datatype_check_threshold=arguments.wrong_type,
    )
    made.write(arguments.out, overwrite=arguments.overwrite)
    for note in found.notes:
        output.error(_in_options(note))
    output.line(f"Read {_read(arguments)}.")
    output.line(f"{made}: {STATISTICS} and {CONSTRAINTS} are in {arguments.out}.")
    return 0


def _check(arguments: Namespace, output: "_Output") -> int:
    csv, expected = _csv(arguments), read_baseline(arguments.baseline)
    if arguments.out:
        _keep_inputs(arguments, [VIOLATIONS, STATISTICS, REPORT, TABLE])
    with output.busy("Reading the batch"):
        found = check(
            arguments.files,
            expected,
            mode=arguments.mode,
            windows=arguments.windows,
            csv=csv,
        )
    if arguments.out:
        report = pages.report(found, expected, title=arguments.title)
        table = found.table.to_csv(index=False)
        found.write(arguments.out, more={REPORT: report, TABLE: table})
    output.line(f"Read {_read(arguments)}.")
    _show(found, output)
    if arguments.out:
        output.line(f"{VIOLATIONS}, {REPORT} and {TABLE} are in {arguments.out}.")
    return 0 if found.ok else 1


def _show(found: Check, output: "_Output") -> None:
    for _, row in found.table[found.table["note"] != ""].iterrows():
        output.error(_in_options(f"{row['feature']}: {row['note']}"))
    if found.ok:
        output.line("No violations.")
        return
    table = Table("column", "check", "what was found")
    for violation in found.violations:
        table.add_row(*(_plain(text) for text in violation.values()))
    output.table(table)


def _keep_inputs(arguments: Namespace, names: list[str]) -> None:
    """Raise a ValueError if writing would overwrite what is read, or be read next time."""
    out = Path(arguments.out).resolve()
    inputs = [Path(path).resolve() for path in arguments.files]
    if out in inputs or any(path in out.parents for path in inputs if path.is_dir()):
        raise ValueError(
            f"--out {arguments.out} lies in a folder of the data, and would be read as data "
            "next time. Write to another folder."
        )
    if any(path.parent == out and path.name in names for path in inputs):
        raise ValueError(
            f"--out {arguments.out} would overwrite a file of the data. Write to another folder."
        )


def _read(arguments: Namespace) -> str:
    files = reading.paths(arguments.files)
    names = reading.some([str(file) for file in files], most=3)
    return f"{len(files)} file{'s' * (len(files) > 1)}: {names}"


def _csv(arguments: Namespace) -> Csv:
    separator = {"tab": "\t", r"\t": "\t"}.get(arguments.separator, arguments.separator)
    return Csv(separator, arguments.decimal, arguments.encoding)


def _in_options(message: str) -> str:
    """Return a message that names options of the command, not arguments of Python."""
    for pattern, option in _IN_OPTIONS:
        message = re.sub(pattern, option, message)
    return message


def _trace() -> str:
    return traceback.format_exc()


class _Output:
    """What is shown, on any terminal: a letter that it lacks, or its end, is no failure."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, ValueError, OSError):
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]

    def line(self, text: str) -> None:
        with _ignored(sys.stdout):
            print(_encodable(text), flush=True)

    def error(self, text: str) -> None:
        with _ignored(sys.stderr):
            print(_encodable(text), file=sys.stderr, flush=True)

    def table(self, table: Table) -> None:
        with _ignored(sys.stdout):
            if sys.stdout is not None:
                Console().print(table)
                sys.stdout.flush()

    def busy(self, what: str) -> Any:
        """Show that something goes on, to a person at a terminal."""
        return Console(stderr=True, quiet=sys.stderr is None).status(f"{what} ...")

    def close(self) -> None:
        """Take away what could not be written, or Python ends with a code of its own."""
        for stream in (sys.stdout, sys.stderr):
            try:
                if stream is not None:
                    stream.flush()
            except (OSError, ValueError):
                with suppress(OSError, ValueError):
                    nowhere = os.open(os.devnull, os.O_WRONLY)
                    os.dup2(nowhere, stream.fileno())


def _ignored(stream: object) -> suppress:
    """Ignore that a stream is closed, full, or read by nobody any more."""
    return suppress(OSError, UnicodeError, *((ValueError,) if stream is not None else ()))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(text: str) -> str:
    """Return text that rich shows as it is: a name may hold brackets."""
    return _encodable(text).replace("[", r"\[")
