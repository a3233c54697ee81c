"""The options of ``labs monitor``. Apart from the monitor, which takes seconds to import."""

import argparse
from argparse import ArgumentParser

TYPES = ("Integral", "Fractional", "String", "Unknown")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the two actions and their options to the parser of ``labs monitor``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, help, more in (
        (
            "baseline",
            "Write statistics.json and constraints.json of normal data.",
            "Both files go into one folder. constraints.json may be edited: docs/monitor.md "
            "says how, and shows a worked example. Dates are not compared, only whether they "
            "are there.",
        ),
        (
            "check",
            "Check new data. Exit code 0, 1 (violations) or 2 (could not check).",
            "Thresholds and ignored columns are those of the baseline: they are options of "
            "`labs monitor baseline` and stand in its constraints.json. docs/monitor.md shows "
            "a worked example.",
        ),
    ):
        sub = actions.add_parser(action, help=help, description=help, epilog=more)
        sub.add_argument(
            "files",
            nargs="+",
            metavar="FILE",
            help="Parquet or CSV files, or folders of them (with their sub-folders)",
        )
        sub.add_argument(
            "--mode",
            choices=("sketch", "exact"),
            default="sketch",
            help="constant memory (default), or every number, the same result every time",
        )
        _add_csv(sub)
        {"baseline": _add_baseline, "check": _add_check}[action](sub)


def _add_csv(sub: ArgumentParser) -> None:
    group = sub.add_argument_group("CSV files")
    group.add_argument(
        "--separator", default=",", metavar="C", help="between fields; default a comma"
    )
    group.add_argument("--decimal", default=".", metavar="C", help="a point or a comma")
    group.add_argument("--encoding", default="utf-8", metavar="NAME", help="default utf-8")


def _add_baseline(sub: ArgumentParser) -> None:
    sub.add_argument("--out", required=True, metavar="DIR", help="where to write")
    sub.add_argument(
        "--overwrite",
        action="store_true",
        help="replace a baseline in DIR even if its constraints.json was edited; without it, "
        "only one that was not",
    )
    group = sub.add_argument_group("columns (each may be repeated)")
    group.add_argument(
        "--ignore",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column that is not checked, such as an id",
    )
    group.add_argument(
        "--category",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column of codes that are no quantities; short for --type COLUMN=String",
    )
    group.add_argument(
        "--type",
        action="append",
        default=[],
        metavar="COLUMN=TYPE",
        type=_type,
        help=f"{', '.join(TYPES)}; default: what the values are",
    )
    group = sub.add_argument_group("limits (shares from 0 to 1)")
    group.add_argument(
        "--threshold",
        type=float,
        default=0.1,
        metavar="D",
        help="a column has drifted if its distance is larger; default 0.1. Numbers: the "
        "largest difference of the shares of rows below a value; texts: of the share of one",
    )
    group.add_argument(
        "--method",
        choices=("Robust", "Simple"),
        default="Robust",
        help="Robust (default) takes off the distance that chance explains with so few rows: "
        "1.8 sqrt((n + m) / (n m)) for n and m rows; Simple does not",
    )
    group.add_argument(
        "--shares",
        choices=("Robust", "Simple"),
        default="Robust",
        help="missing, unknown and negative values: Robust (default) lets pass what chance "
        "explains; Simple is Model Monitor's rule, one missing value more is a violation",
    )
    group.add_argument(
        "--completeness",
        type=float,
        default=1.0,
        metavar="S",
        help="share of rows with a value that is enough; default: as many as in the baseline",
    )
    group.add_argument(
        "--unknown",
        type=float,
        default=0.1,
        metavar="S",
        help="share of values of a category that the baseline does not know; default 0.1",
    )
    group.add_argument(
        "--wrong-type",
        type=float,
        default=0.1,
        metavar="S",
        help="share of values of another type, such as texts among numbers; default 0.1",
    )


def _add_check(sub: ArgumentParser) -> None:
    sub.add_argument("--baseline", required=True, metavar="DIR")
    sub.add_argument(
        "--out",
        metavar="DIR",
        help="write violations, report and table",
    )
    sub.add_argument(
        "--windows",
        type=int,
        default=1,
        metavar="N",
        help="batches judged together: p-values in the report are corrected for them",
    )
    sub.add_argument("--title", default="Data check", help="of the report")


def _type(text: str) -> tuple[str, str]:
    name, _, kind = text.rpartition("=")
    if not name or kind not in TYPES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not COLUMN=TYPE with one of {', '.join(TYPES)}"
        )
    return name, kind
