"""``labs monitor baseline`` and ``labs monitor check``: 0 good, 1 violations, 2 not checked."""

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from labs_lib import files
from labs_lib.monitor import pages
from labs_lib.monitor.baselines import baseline, read_baseline
from labs_lib.monitor.checks import VIOLATIONS, check

REPORT, TABLE = "report.html", "table.csv"


def run(arguments: Namespace) -> int:
    """Run what was asked for; return 0, 1 if there are violations, 2 if it failed."""
    todo: Callable[[Namespace], int] = {"baseline": _baseline, "check": _check}[
        arguments.action
    ]
    try:
        return todo(arguments)
    except (ValueError, OSError) as error:
        print(f"labs: {error}", file=sys.stderr)
        return 2


def _baseline(arguments: Namespace) -> int:
    with _busy("Reading the data"):
        made = baseline(
            arguments.files,
            mode=arguments.mode,
            types=dict.fromkeys(arguments.category, "String"),
            comparison_method=arguments.method,
            comparison_threshold=arguments.threshold,
        )
    made.write(arguments.out)
    print(f"{made}: statistics.json and constraints.json are in {arguments.out}.")
    return 0


def _check(arguments: Namespace) -> int:
    expected = read_baseline(arguments.baseline)
    with _busy("Reading the batch"):
        found = check(
            arguments.files, expected, mode=arguments.mode, windows=arguments.windows
        )
    if arguments.out:
        folder = Path(arguments.out)
        pages.write_report(folder / REPORT, found, expected, title=arguments.title)
        files.write_text(folder / TABLE, found.table.to_csv(index=False))
        found.write(folder)
    for _, row in found.table[found.table["note"] != ""].iterrows():
        print(f"{row['feature']}: {row['note']}", file=sys.stderr)
    if found.ok:
        print("No violations.")
    else:
        table = Table("column", "check", "what was found")
        for violation in found.violations:
            table.add_row(*(_plain(text) for text in violation.values()))
        Console().print(table)
    if arguments.out:
        print(f"{VIOLATIONS}, {REPORT} and {TABLE} are in {arguments.out}.")
    return 0 if found.ok else 1


def _busy(what: str):
    """Show that something goes on, to a person at a terminal."""
    console = Console(stderr=True)
    return console.status(f"{what} ...")


def _plain(text: str) -> str:
    """Return text that rich shows as it is: a name may hold brackets."""
    return text.replace("[", r"\[")
