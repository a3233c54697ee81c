"""The ``labs`` command. Thin: each subcommand calls one function of the course."""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from labs_lib import monitor_options
from labs_lib.course import catalog, overview, progress


def main(argv: Sequence[str] | None = None) -> int:
    """Run the ``labs`` command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.

    Returns
    -------
    int
        0 if all went well, 1 if something was found or failed, 2 for wrong arguments and
        where `labs monitor` could not check.
    """
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        code = command(arguments)
        if sys.stdout is not None:  # a process without a console
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read the output has read enough, as in `labs progress | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, MemoryError) as error:
        print(f"labs: {_said(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "labs: stopped. Files that were not finished are as they were.", file=sys.stderr
        )
        return 130


def _said(error: Exception) -> str:
    """Return what a person reads: also where the system, and not the course, has said no."""
    if isinstance(error, MemoryError):
        return "This machine has not enough memory for it. Close other programs; try again."
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    what = f"{error.filename or 'A file'}: {(error.strerror or str(error)).rstrip('.')}."
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{what} Make room on the disk, and try again; what was not finished is as it was."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{what} Name a place where you may write, or work in a copy of the course."
    return what


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="labs",
        description="Run, check and build the course. Alone: where you stand, what comes next.",
    )
    parser.set_defaults(command=_home)
    commands = parser.add_subparsers(metavar="COMMAND")

    def add(name: str, command: Callable, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(command=command)
        return sub

    sub = add("doctor", _doctor, "Check that this machine is ready.")
    sub.add_argument(
        "--verify", metavar="CODE", help="say whether a learner's code is this course's"
    )

    add("progress", _progress, "Show what is passed and what is open.")

    add("review", _review, "Answer again what is due: ten questions, five minutes a day.")

    sub = add(
        "exam", _exam, "A practice exam, in the shape of MLA-C01: begin it, or go on."
    )
    shown = sub.add_mutually_exclusive_group()
    for name, help in (
        ("result", "show the last results and what to study"),
        ("review", "show what was missed in the last exam, with all reasons"),
        ("bank", "show what the bank of questions holds"),
    ):
        shown.add_argument(f"--{name}", action="store_true", help=help)
    sub.add_argument(
        "--of",
        metavar="CODE",
        help="the exam: MLA-C01, or DEA-C01 of the data engineer",
    )
    sub.add_argument(
        "--questions",
        type=int,
        default=65,
        metavar="N",
        help="fewer, for a shorter practice",
    )
    sub.add_argument(
        "--seed", type=int, metavar="N", help="the same exam for everybody who gives it"
    )

    sub = add("run", _run, "Execute labs; report seconds and memory.")
    sub.add_argument("labs", nargs="*", metavar="LAB")
    sub.add_argument("--all", action="store_true", help="every lab and the start page")
    sub.add_argument(
        "--learner", action="store_true", help="the learner's notebooks, as they are"
    )
    sub.add_argument("--html", type=Path, metavar="DIR", help="write a page for each lab")
    sub.add_argument(
        "--save", action="store_true", help="keep the figures for the run sheet"
    )

    sub = add("reset", _reset, "Get a fresh lab; your own copy is kept beside it.")
    sub.add_argument("lab", metavar="LAB")

    sub = add("update", _update, "Get the newest course; what you have changed is kept.")
    sub.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="DIR",
        help="the folder of a newer bundle",
    )
    sub.add_argument(
        "--undo", action="store_true", help="go back to before the last update"
    )

    sub = add("data", _data, "Verify the data files, or make the simulated ones again.")
    sub.add_argument("action", choices=("verify", "rebuild"))
    sub.add_argument("--update", action="store_true", help="rebuild: accept new contents")

    sub = add("build", _build, "Build notebooks from their sources.")
    sub.add_argument("labs", nargs="*", metavar="LAB")
    sub.add_argument("--check", action="store_true", help="only say what would change")
    sub.add_argument(
        "--measures", action="store_true", help="only show how long and dense each lab is"
    )
    sub.add_argument(
        "--force", action="store_true", help="execute even if the code is unchanged"
    )

    sub = add("new", _new, "Make the files of a new lab from a template.")
    sub.add_argument("lab", metavar="PART/NAME")

    sub = add(
        "experiment", _experiment, "Run stored experiments, or check that they are current."
    )
    sub.add_argument("names", nargs="*", metavar="NAME")
    sub.add_argument("--all", action="store_true", help="every stored experiment")
    sub.add_argument("--check", action="store_true", help="only say which are stale")
    sub.add_argument(
        "--compare", action="store_true", help="rerun and compare; store nothing"
    )
    sub.add_argument(
        "--restamp",
        action="store_true",
        help="accept a change of the code that leaves the first and last repeat as they were",
    )

    sub = add("trial", _trial, "Compute the rows of a lab's trials, or check them.")
    sub.add_argument("lab", nargs="?", metavar="LAB")
    sub.add_argument("name", nargs="?", metavar="NAME", help="one of the lab's trials")
    sub.add_argument("--all", action="store_true", help="the trials of every lab")
    sub.add_argument("--check", action="store_true", help="only say which are stale")
    sub.add_argument(
        "--restamp",
        action="store_true",
        help="rerun first and last seed; if they agree, the rows count as current",
    )

    sub = add(
        "monitor", _monitor, "Watch tables: make a baseline, check a batch against it."
    )
    monitor_options.add_arguments(sub)

    sub = add("sagemaker", _sagemaker, "Run a SageMaker on this machine.")
    actions = sub.add_subparsers(dest="action", required=True, metavar="ACTION")
    help = "Serve boto3's calls until Ctrl-C; prints how to reach it."
    sub = actions.add_parser("serve", help=help, description=help)
    sub.add_argument(
        "--folder",
        metavar="DIR",
        help="where its state lives (default: a new one, deleted at the end)",
    )
    sub.add_argument("--account", default="111122223333", metavar="DIGITS")
    sub.add_argument(
        "--speed", type=float, default=1, help="seconds on its clock in a real second"
    )

    help = "Write docs/sagemaker.md: what it carries out, and where it differs from AWS."
    actions.add_parser("page", help=help, description=help)

    sub = add("capstone", _capstone, "The capstone: a folder to begin with, and its score.")
    actions = sub.add_subparsers(dest="action", required=True, metavar="ACTION")
    help = "Make a folder with train.py, inference.py and policy.py."
    sub = actions.add_parser("new", help=help, description=help)
    sub.add_argument("folder", metavar="FOLDER")
    sub.add_argument("--solution", action="store_true", help="the course's own")
    help = "Play a folder in worlds that are drawn after it was read; say what it cost."
    sub = actions.add_parser("score", help=help, description=help)
    sub.add_argument("folder", metavar="FOLDER")
    sub.add_argument("--worlds", type=int, default=10, metavar="N", help="default: 10")
    sub.add_argument(
        "--level",
        default="strongest",
        choices=("strongest", "limits", "namespace", "bubblewrap"),
        help="protection from the folder's code (default: the strongest of this machine)",
    )
    sub.add_argument(
        "--graded", action="store_true", help="refuse to score with less than bubblewrap"
    )
    sub.add_argument("--record", metavar="FILE", help="write the result as JSON")
    sub.add_argument(
        "--replay", metavar="FILE", help="play the worlds of this record again"
    )

    sub = add("pictures", _pictures, "Show a lab's figures and tables one at a time.")
    sub.add_argument("lab", metavar="LAB")
    sub.add_argument("file", type=Path, metavar="FILE", help="the page, such as split.html")

    sub = add("site", _site, "Make a static site of the solved course, with search.")
    sub.add_argument("folder", type=Path, metavar="DIR")

    sub = add(
        "class", _class, "A class in sight: the instructor's page; join, leave, status."
    )
    actions = sub.add_subparsers(dest="action", required=True, metavar="ACTION")
    help = (
        "Hold a class on the room's network; prints the line for the board and your page."
    )
    sub = actions.add_parser("serve", help=help, description=help)
    sub.add_argument("--host", default="0.0.0.0", metavar="ADDRESS", help="default: all")
    sub.add_argument("--port", type=int, metavar="N", help="default: 8462")
    sub.add_argument("--lab", nargs="+", action="extend", default=[], metavar="LAB")
    help = "Show a class whose learners share a folder with you, as on a JupyterHub."
    sub = actions.add_parser("open", help=help, description=help)
    sub.add_argument("--folder", type=Path, required=True, metavar="DIR")
    sub.add_argument("--port", type=int, default=0, metavar="N", help="default: a free one")
    sub.add_argument("--lab", nargs="+", action="extend", default=[], metavar="LAB")
    help = "End the class of `labs class serve` and delete what it holds."
    sub = actions.add_parser("end", help=help, description=help)
    sub.add_argument("--export", type=Path, metavar="CSV", help="write it as a table first")
    sub.add_argument("--pseudonyms", action="store_true", help="the table without names")
    help = "Join a class: from then on your progress in its labs is sent."
    sub = actions.add_parser("join", help=help, description=help)
    sub.add_argument("code", metavar="CODE", help="of the class, or its shared folder")
    sub.add_argument("name", metavar="NAME")
    sub.add_argument("address", nargs="?", metavar="ADDRESS", help="default: this machine")
    help = "Leave the class: nothing is sent any more, and it forgets you."
    actions.add_parser("leave", help=help, description=help)
    help = "Say whether you are in a class, and show exactly what is sent."
    actions.add_parser("status", help=help, description=help)

    sub = add("bundle", _bundle, "Make a folder that installs without a network.")
    sub.add_argument("folder", type=Path, metavar="DIR")
    sub.add_argument(
        "--no-solutions",
        action="store_true",
        help="leave out the worked solutions; what checks an answer remains",
    )
    sub.add_argument("--platform", choices=("linux", "windows", "macos"))
    sub.add_argument("--python", metavar="3.X", help="default: this Python")
    return parser


def _doctor(arguments: argparse.Namespace) -> int:
    from labs_lib.course import doctor

    return doctor.main(verify=arguments.verify)


def _home(arguments: argparse.Namespace) -> int:
    from labs_lib.course import home

    print(home.of(progress.load()))
    return 0


def _progress(arguments: argparse.Namespace) -> int:
    shown = overview.progress_table(progress.load())
    table = Table(*shown.head)
    for row in shown.rows:
        table.add_row(*row)
    Console().print(table)
    return 0


def _review(arguments: argparse.Namespace) -> int:
    from labs_lib.course import review

    review.session(ask=input, show=print)
    return 0


def _exam(arguments: argparse.Namespace) -> int:
    from labs_lib.course.exam import bank, sitting, table, terminal

    if arguments.bank:
        print(table.text(bank.items()))
    elif arguments.result:
        print(terminal.results())
    elif arguments.review:
        print(terminal.review())
    else:
        with sitting.begin(
            code=arguments.of, questions=arguments.questions, seed=arguments.seed
        ) as sit:
            terminal.session(sit, ask=input, show=print)
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from labs_lib.course import run

    if not arguments.labs and not arguments.all:
        raise ValueError("Name a lab, or say --all.")
    infos = catalog.select(arguments.labs)
    good = run.run(
        infos, html=arguments.html, learner=arguments.learner, save=arguments.save
    )
    return 0 if good else 1


def _reset(arguments: argparse.Namespace) -> int:
    from labs_lib.course import build

    info = catalog.find(arguments.lab)
    kept = build.reset(info)
    print(f"{info.learner.name} is fresh again.")
    if kept:
        print(f"Your own copy is {kept.name}, beside it.")
    return 0


def _update(arguments: argparse.Namespace) -> int:
    from labs_lib import settings
    from labs_lib.course import update

    own = catalog.own_notebooks()
    if own and arguments.source:
        raise ValueError(
            "This course is shared, and whoever keeps it brings the newest one. "
            "Without --from, `labs update` brings its notebooks to yours."
        )
    if arguments.undo:
        said = update.undo(own or settings.ROOT)
    elif own:
        said = update.from_shared(own, catalog.NOTEBOOKS)
    else:
        said = update.update(settings.ROOT, source=arguments.source)
    print("\n".join(said))
    return 0


def _data(arguments: argparse.Namespace) -> int:
    from labs_lib import data
    from labs_lib.payments import store

    if arguments.action == "verify":
        problems = data.verify()
    else:
        problems = store.rebuild(update=arguments.update)
    return _report(problems, "All data files are as they should be.")


def _build(arguments: argparse.Namespace) -> int:
    from labs_lib.course import build

    infos = catalog.select(arguments.labs)
    if arguments.measures:
        return _report([], "\n".join(build.measured(infos)))
    for declared in build.tolerances(infos):
        print(declared)
    if arguments.check:
        return _report(build.check(infos), "Every notebook equals its source.")
    problems = build.build(infos, force=arguments.force)
    return _report(problems, "\n".join([*build.measured(infos), "Built."]))


def _new(arguments: argparse.Namespace) -> int:
    from labs_lib.course import new

    for file in new.make(arguments.lab):
        print(file.as_posix())
    print(new.next_steps(arguments.lab))
    return 0


def _experiment(arguments: argparse.Namespace) -> int:
    from labs_lib.course import store

    names = store.find(arguments.names)
    if arguments.check:
        stale = [
            f"{name} is stale; run `labs experiment {name}`."
            for name in names
            if not store.check(name)
        ]
        return _report(stale, "Every stored experiment is current.")
    if not arguments.names and not arguments.all:
        raise ValueError("Name an experiment, or say --all.")
    if arguments.compare:
        return _report(store.compare(names), "The reruns agree with the stored rows.")
    if arguments.restamp:
        return _restamp(names)
    for name in names:
        print(f"{name}: stored in {store.run(name).name}")
    return 0


def _restamp(names: Sequence[str]) -> int:
    from labs_lib.course import store

    problems = []
    for name in names:
        try:
            reruns = store.restamp(name)
        except (ValueError, FileNotFoundError) as error:
            problems.append(f"{error} Nothing was changed.")
            continue
        print(f"{name}: " + ("; ".join(map(repr, reruns)) or "was current"))
    return _report(problems, "The stored rows are those of the present code.")


def _trial(arguments: argparse.Namespace) -> int:
    from labs_lib.course.trial import compute, plan, stored

    infos = catalog.select([arguments.lab] if arguments.lab else [])
    if arguments.check:
        stale = [problem for info in infos for problem in stored.status(info)]
        return _report(stale, "The rows of every trial are current.")
    if not arguments.lab and not arguments.all:
        raise ValueError("Name a lab, or say --all.")
    for info in infos:
        declared = plan.plans(info)
        chosen = [p for p in declared if arguments.name in (None, p.name)]
        if arguments.name and not chosen:
            names = ", ".join(p.name for p in declared) or "none"
            raise ValueError(f"{info.id} has no trial {arguments.name!r}; it has: {names}.")
        for trial in chosen:
            if arguments.restamp:
                compute.restamp(info, trial)
                print(f"{info.id} {trial.name}: first and last seed agree; current again.")
            else:
                print(
                    f"{info.id} {trial.name}: stored in {compute.compute(info, trial).name}"
                )
    return 0


def _monitor(arguments: argparse.Namespace) -> int:
    try:
        from labs_lib.monitor import command
    except Exception as error:  # 1 means violations
        print(f"labs: the monitor could not be loaded: {error}", file=sys.stderr)
        return 2
    return command.run(arguments)


def _sagemaker(arguments: argparse.Namespace) -> int:
    from labs_lib.sagemaker import command, differences

    if arguments.action == "page":
        print(differences.write())
        return 0
    return command.serve(arguments.folder, account=arguments.account, speed=arguments.speed)


def _capstone(arguments: argparse.Namespace) -> int:
    from labs_lib.capstone import command

    return command.run(arguments)


def _pictures(arguments: argparse.Namespace) -> int:
    from labs_lib.course import pictures

    print(pictures.write(catalog.find(arguments.lab), arguments.file))
    return 0


def _site(arguments: argparse.Namespace) -> int:
    from labs_lib.course.site import make

    print(make.make(arguments.folder))
    return 0


def _class(arguments: argparse.Namespace) -> int:
    from labs_lib.course.classroom import command

    given = arguments
    if given.action == "serve":
        return command.serve(host=given.host, port=given.port, labs=given.lab)
    if given.action == "open":
        return command.open_folder(given.folder, port=given.port, labs=given.lab)
    if given.action == "end":
        return command.end(export=given.export, named=not given.pseudonyms)
    if given.action == "join":
        return command.join(given.code, given.name, given.address)
    return command.leave() if given.action == "leave" else command.status()


def _bundle(arguments: argparse.Namespace) -> int:
    from labs_lib.course import bundle

    bundle.make(
        arguments.folder,
        solutions=not arguments.no_solutions,
        platform=arguments.platform,
        python=arguments.python,
    )
    return 0


def _report(problems: Sequence[str], good: str) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(good)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
