"""Exercises of the lab train/input_modes."""

from collections.abc import Callable

from labs_lib.course.lab import Lab

lab = Lab("train/input_modes")

_OUTCOMES = ("higher", "lower", "tie", "undecided")
lab.predict("by_day", options=_OUTCOMES)
lab.predict("by_label", options=_OUTCOMES)


# Exercise 1: what S3 has to deliver ----------------------------------------------------------


def _from_s3(
    mode: str,
    gigabytes: float,
    share: float,
    epochs: int,
    *,
    whole: tuple = ("File", "Pipe"),
    again: tuple = ("FastFile", "Pipe"),
) -> float:
    """Return the gigabytes, by which modes take everything and which fetch anew."""
    part = 1.0 if mode in whole else share
    return gigabytes * part * (epochs if mode in again else 1)


def _mistake(whole: tuple, again: tuple) -> Callable[..., float]:
    """Return the function that takes everything in some modes, and anew in others."""

    def function(mode: str, gigabytes: float, share: float, epochs: int) -> float:
        return _from_s3(mode, gigabytes, share, epochs, whole=whole, again=again)

    return function


_MODES = ("File", "FastFile", "Pipe", "FSx")

lab.function(
    "what S3 has to deliver",
    cases=[
        (mode, gigabytes, share, epochs)
        for gigabytes, share, epochs in (
            (10.0, 0.25, 4),
            (3.0, 1.0, 1),
            (8.0, 0.5, 3),
            (5.0, 0.0, 2),
        )
        for mode in _MODES
    ],
    right=_from_s3,
    mistakes={
        "pipe_skips": (
            "A pipe delivers from the first byte to the last. What the script does not want has "
            "arrived all the same.",
            _mistake(("File",), ("FastFile", "Pipe")),
        ),
        "file_skips": (
            "File mode copies before the script starts. It cannot know which files will be read.",
            _mistake(("Pipe",), ("FastFile", "Pipe")),
        ),
        "file_again": (
            "After the copy, File mode reads from the disk of the machine. S3 delivers once.",
            _mistake(("File", "Pipe"), ("File", "FastFile", "Pipe")),
        ),
        "fast_kept": (
            "In this lab's model FastFile keeps nothing: the second epoch fetches again.",
            _mistake(("File", "Pipe"), ("Pipe",)),
        ),
        "pipe_kept": (
            "A pipe is empty once it is read. Each epoch has a new one, filled from S3.",
            _mistake(("File", "Pipe"), ("FastFile",)),
        ),
        "fsx_again": (
            "In this lab's model the file system keeps what it has loaded. The second epoch does not "
            "ask S3.",
            _mistake(("File", "Pipe"), ("FastFile", "Pipe", "FSx")),
        ),
        "fsx_whole": (
            "In this lab's model FSx loads a file when it is first read. What nobody reads stays in "
            "S3.",
            _mistake(("File", "Pipe", "FSx"), ("FastFile", "Pipe")),
        ),
        "fast_whole": (
            "FastFile fetches what the script reads, and no more.",
            _mistake(("File", "FastFile", "Pipe"), ("FastFile", "Pipe")),
        ),
        "once": (
            "You count one epoch for every mode. Which modes keep what they have read?",
            _mistake(("File", "Pipe"), ()),
        ),
    },
    hints=(
        "Two questions for each mode: does it fetch what is not read, and does it fetch again?",
        "File and Pipe fetch everything. FastFile and Pipe fetch in each epoch.",
        "File: all, once. Pipe: all, each epoch. FastFile: the share, each epoch. FSx: the share, "
        "once.",
    ),
    praise="Two questions, four answers. The table of the lab is these two questions times the "
    "speed of each place.",
)


# Exercise 2: which way? ----------------------------------------------------------------------

lab.match(
    "which way?",
    right={
        "a": "FastFile",
        "b": "File",
        "c": "Pipe",
        "d": "FSx",
        "e": "File",
        "f": "Pipe",
    },
    options=("File", "FastFile", "Pipe", "FSx"),
    mistakes={
        "disk": (
            "In a the script opens files, and they do not fit on the disk. Which mode shows "
            "objects as files without copying them?",
            "a",
        ),
        "once": (
            "In b the data are small and are read fifty times by one job. What is copied once is "
            "read from the disk from then on.",
            "b",
        ),
        "manifest": (
            "In c look at the service model: an augmented manifest goes with one input mode only.",
            "c",
        ),
        "shared": (
            "In d nobody may pack the files, and many jobs read them again and again. Which "
            "place do all teams share?",
            "d",
        ),
        "mounted": (
            "In e `FSx` is no value of `InputMode`. The section says what a channel on a file "
            "system has there.",
            "e",
        ),
        "gzip": (
            "In f `CompressionType` is `Gzip`. That is taken with one input mode only.",
            "f",
        ),
    },
    hints=(
        "Two cases are decided by what the service takes with a mode, one by what stands in the "
        "request, and three by who reads what, and how often.",
        "`labs_lib.aws.validate('CreateTrainingJob', request)` says what is not taken: try c and f.",
    ),
    praise="First what the request may say, then who reads what how often.",
)


# Exercise 3: how often is a checkpoint worth it? ---------------------------------------------

lab.function(
    "how often is a checkpoint worth it?",
    cases=(
        (600, 30, 10_800),
        (100, 30, 10_800),
        (3_600, 30, 7_200),
        (50, 100, 1_000),
        (400, 0, 5_000),
        (1_000.0, 8.0, 1_000.0),
        (1, 1, 1),
    ),
    right=lambda every, write, between: write / every + every / 2 / between,
    mistakes={
        "whole": (
            "You lose the whole stretch since the last checkpoint in each interruption. It may "
            "fall anywhere in the stretch: what is lost on average?",
            lambda every, write, between: write / every + every / between,
        ),
        "no_write": (
            "Writing takes time too, once in each stretch. Without its price you would write "
            "after every second.",
            lambda every, write, between: every / 2 / between,
        ),
        "no_loss": (
            "You count the writing alone. What is done again after an interruption?",
            lambda every, write, between: write / every,
        ),
        "per_stretch": (
            "Those are seconds lost in a stretch between two checkpoints. Asked for is the loss "
            "for each second of work.",
            lambda every, write, between: write + every**2 / 2 / between,
        ),
        "per_interruption": (
            "Those are seconds lost from one interruption to the next. Asked for is the loss for "
            "each second of work.",
            lambda every, write, between: between * write / every + every / 2,
        ),
        "half_write": (
            "A checkpoint is written in each stretch, and whole. Only the work that is done again "
            "is half a stretch on average.",
            lambda every, write, between: write / every / 2 + every / 2 / between,
        ),
        "interval": (
            "That is Young's interval itself. Asked for is what is lost at a given interval.",
            lambda every, write, between: (2 * write * between) ** 0.5,
        ),
    },
    hints=(
        "Two losses: writing, and work done again. How often does each happen in one second of "
        "work?",
        "A checkpoint is written once in `every` seconds. An interruption comes once in `between` "
        "seconds, and costs half a stretch on average.",
        "`write / every + every / 2 / between`.",
    ),
    praise="One loss falls with the interval, the other grows. Where both are alike, their sum is "
    "lowest.",
)
