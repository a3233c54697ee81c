"""Exercises of the lab train/distributed."""

import numpy as np

from labs_lib.course.lab import Lab

lab = Lab("train/distributed")

lab.predict("trees", options=("all", "some", "none"))
lab.predict("precision", options=("higher", "lower", "tie", "undecided"))


def _combined(gradients: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    weights = np.asarray(sizes, dtype=float)
    return weights @ np.asarray(gradients, dtype=float) / weights.sum()


lab.function(
    "one gradient from many",
    # Unequal and equal sizes, an empty worker, one worker, one parameter.
    cases=(
        (np.array([[1.0, -2.0], [4.0, 1.0]]), np.array([600, 300])),
        (np.array([[1.0, -2.0], [4.0, 1.0], [-1.0, 0.5]]), np.array([10, 20, 70])),
        (np.array([[3.0, 5.0], [0.0, 0.0]]), np.array([50, 0])),
        (np.array([[2.0, 7.0], [-4.0, 1.0]]), np.array([40, 40])),
        (np.array([[1.5, -0.5, 2.0]]), np.array([8])),
        (np.array([[3.0], [5.0]]), np.array([1, 3])),
    ),
    right=_combined,
    mistakes={
        "plain_mean": (
            "Each worker counts the same in yours, and then the rows of a small shard count more "
            "than those of a large one.",
            lambda g, n: np.mean(g, axis=0),
        ),
        "sum": (
            "You add the gradients up. They are means over rows, so the sum grows with the number "
            "of workers.",
            lambda g, n: np.sum(g, axis=0),
        ),
        "total": (
            "You have the sum over all rows. What is it divided by to be a mean over rows?",
            lambda g, n: np.asarray(n, float) @ g,
        ),
        "by_workers": (
            "You weigh by rows, and divide by the number of workers instead of the number of all "
            "rows.",
            lambda g, n: np.asarray(n, float) @ g / len(n),
        ),
        "inverse": (
            "You divide by the rows of each worker. Its gradient is a mean already.",
            lambda g, n: (g / np.maximum(np.asarray(n, float), 1.0)[:, None]).sum(
                axis=0
            ),
        ),
        "wrong_axis": (
            "You average over the parameters of a worker. One number for each parameter is wanted, "
            "over the workers.",
            lambda g, n: np.mean(g, axis=1),
        ),
    },
    hints=(
        "A gradient here is a mean over the rows of a worker. What is the sum over its rows?",
        "Add the sums of all workers, and divide once by the number of all rows.",
        "`np.average(gradients, axis=0, weights=sizes)`.",
    ),
    praise="Sums can be added, means cannot. Equal shards hide it.",
)

lab.match(
    "what does the group train on?",
    right={"a": "again", "b": "once", "c": "idle", "d": "once", "e": "again"},
    options=("once", "again", "idle"),
    mistakes={
        "replicated": (
            "FullyReplicated gives every machine all files. With two machines, how often is a row "
            "counted in the sums of the group?",
            "a",
        ),
        "sharded": (
            "Eight files on two machines: each gets about four, and no file goes to both.",
            "b",
        ),
        "one_file": (
            "Files are divided, not rows. One file can go to one machine only.",
            "c",
        ),
        "one_machine": (
            "There is only one machine, so nobody else counts its rows.",
            "d",
        ),
        "one_file_replicated": (
            "A single file is enough for everybody, if it is copied. How often does each row count?",
            "e",
        ),
    },
    hints=(
        "For each job, write down which files each machine holds.",
        "Sharded: divide the files. Replicated: every machine has all of them.",
        'a is `"again"`, c is `"idle"`.',
    ),
    praise="Write many files of like size before you take many machines.",
)
