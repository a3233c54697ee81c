"""``labs capstone``: a folder to begin with, and its score."""

import argparse
import sys
from pathlib import Path

from labs_lib.capstone import cage
from labs_lib.capstone.folder import new_folder, read_folder
from labs_lib.capstone.scoring import PARTS, Score, read_secrets, score, write_record

GRADED = "bubblewrap"


def run(arguments: argparse.Namespace) -> int:
    """Carry out ``labs capstone``.

    Returns
    -------
    int
        0, or 1 if a world was not played to its end.
    """
    if arguments.action == "new":
        made = new_folder(
            arguments.folder, of="solution" if arguments.solution else "starter"
        )
        print(f"{made} holds train.py, inference.py and policy.py. Change them, then:")
        print(f"  labs capstone score {made} --worlds 3")
        return 0
    level = arguments.level
    if arguments.graded:
        level = cage.check_level(GRADED)
    replay = None
    if arguments.replay:
        sha256, replay = read_secrets(arguments.replay)
        if read_folder(arguments.folder).sha256 != sha256:
            raise ValueError(
                f"{arguments.folder} is not the folder of {arguments.replay}: its files "
                "have changed since."
            )
    record = None if arguments.record is None else Path(arguments.record)
    if record is not None and not record.parent.is_dir():
        raise ValueError(f"{record.parent} is no folder; --record writes no new one.")
    result = score(
        arguments.folder,
        worlds=arguments.worlds,
        level=level,
        replay=replay,
        told=lambda done, all_: print(f"\r{done} of {all_} games", end="", file=sys.stderr),
    )
    print(file=sys.stderr)
    print(report(result))
    if record is not None:
        write_record(record, result)
        print(f"Record: {record}")
    return 1 if result.failures else 0


def report(result: Score) -> str:
    """Return a result as text."""
    lines = [
        f"Folder     sha256 {result.sha256}, taken before the worlds were drawn",
        f"Protection {result.level}: {cage.what_levels_do()[result.level]}",
        "",
        "Cost of 90 days in euros, one row a world:",
        result.costs.round(0).astype(int).to_string(),
        "",
        "In a world, on average (95 % interval), yours minus",
    ]
    lines += [
        f"  {reference + ':':<20} {result.against(reference)}"
        for reference in result.costs.columns[1:]
    ]
    lost = result.parts.mean()
    lines += ["", "Where yours lost against the true probability, euros a world:"]
    lines += [f"  {name:<10} {lost[name]:>8,.0f}  {_MEANING[name]}" for name in PARTS]
    for world, failure in result.failures.items():
        lines += ["", f"World {world} was not played to its end: {failure}"]
    return "\n".join(lines)


_MEANING = {
    "threshold": "decisions, against the best threshold for your scores, seen from the end",
    "features": "scores, on the days before anything changed, carried over to all days",
    "change": "what is lost beyond that after the first event",
    "training": "training jobs",
}
