"""A trial in the room: its stored rows, a rerun of the cheapest, and the learner's own version."""

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import pandas as pd

from labs_lib.course.panel import Panel
from labs_lib.course.trial.carried import Carried
from labs_lib.course.trial.plan import (
    TrialPlan,
    checked,
    make_plan,
    named,
    namespace,
    rows_of,
    told,
)
from labs_lib.course.trial.rows import Rows
from labs_lib.course.trial.stored import Stored
from labs_lib.course.waiting import waiting

OWN_SEEDS = 3
"""Seeds for which a learner's version runs."""

WAIT_SECONDS = 1.0
"""What takes longer on a free machine says so, since this one may be busy."""

OWN_SECONDS = 60.0
"""After so long, no further seed of a learner's version begins."""


def run_in_lesson(
    lab: str,
    function: Callable,
    *,
    seeds: int,
    levels: Sequence[str],
    settings: Mapping[str, Sequence] | None = None,
    chaotic: Sequence[str] = (),
    show: Callable[[Any], object],
) -> Rows:
    """Return the stored rows of a trial; rerun a part of it, or the learner's own version.

    Parameters
    ----------
    lab : str
        The lab's identity.
    function : callable
        The trial as the notebook has it.
    seeds, levels, settings, chaotic
        As `TrialPlan`.
    show : callable
        Called with what the learner should see, if there is something.

    Returns
    -------
    Rows
        Stored; ``rows.yours`` holds those of a version that the learner has changed.

    Raises
    ------
    ValueError
        If the rows are stale, the rerun differs from them, or the learner's version cannot be
        run.
    FileNotFoundError
        If no rows are stored.
    """
    if not inspect.isfunction(function):
        raise ValueError(f"lab.trial takes a function; it got a {type(function).__name__}.")
    stored = Stored.read(lab, function.__name__)
    own = make_plan(
        function, "", seeds=seeds, levels=levels, settings=settings, chaotic=chaotic
    )
    if not stored.is_current:
        raise ValueError(
            f"the code of {lab}/{own.name} has changed since its rows were computed. Compute "
            f"them again with: labs trial {lab} {own.name}"
        )
    rows = Rows(
        f"{lab}/{own.name}",
        stored.table.copy(),
        levels=stored.plan.levels,
        settings=stored.plan.settings,
    )
    original = namespace(stored.plan.text, lab)[own.name]
    same_plan = (own.levels, own.settings) == (stored.plan.levels, stored.plan.settings)
    if same_plan and Carried(function).parts == Carried(original).parts:
        combination = stored.cheapest()
        if combination is not None:
            task = (0, combination)
            seconds = stored.seconds[combination]
            what = f"one seed of {own.name} runs again: about {seconds:.0f} s on a free machine"
            with waiting(what) if seconds >= WAIT_SECONDS else nullcontext():
                result = function(0, **own.combinations()[combination])
            stored.compare(own, *task, checked(lab, own, task, result))
        return rows
    show(
        Panel(
            "Your version of the trial",
            f"`{own.name}` is not the one whose rows are stored. It runs now for up to "
            f"{OWN_SEEDS} seeds, and begins no new one after {OWN_SECONDS:.0f} s; interrupt the "
            "kernel to stop earlier. The cells below go on with the stored rows; `rows.yours` "
            "holds yours.",
            "quiet",
        )
    )
    rows.yours = _own_rows(lab, own, Carried(function))
    if rows.yours is None:
        show(Panel("Stopped", "No seed had ended, so there is nothing to show.", "quiet"))
    else:
        with pd.option_context("display.max_rows", None):
            show(side_by_side(rows, rows.yours))
    return rows


def side_by_side(stored: Rows, yours: Rows) -> pd.DataFrame:
    """Return means of the learner's version and of the stored rows, over the same seeds.

    Returns
    -------
    DataFrame
        A row for each setting and key. ``stored`` and ``yours`` are means over the seeds that
        yours ran; ``difference`` is yours minus stored. What only one of them has is empty in
        the other. Rows without a difference are left out if others have one.
    """
    seeds = sorted(yours.table["seed"].unique())
    keys = [*stored.settings, *stored.levels]
    other = [*yours.settings, *yours.levels]
    if keys != other:
        return yours.table.groupby(other, sort=False)["value"].mean().to_frame("yours")
    same = stored.table[stored.table["seed"].isin(seeds)]
    table = pd.DataFrame(
        {
            "stored": same.groupby(keys, sort=False)["value"].mean(),
            "yours": yours.table.groupby(keys, sort=False)["value"].mean(),
        }
    )
    order = list(dict.fromkeys(map(tuple, pd.concat([yours.table, same])[keys].to_numpy())))
    if len(keys) == 1:
        order = [key for (key,) in order]
    table = table.reindex(order)
    table["difference"] = table["yours"] - table["stored"]
    said = f"seeds 0 to {seeds[-1]}" if len(seeds) > 1 else "seed 0"
    # What only one of them has is no number here, and stays.
    differs = ~(table["difference"].abs() < 1e-9)
    if differs.any() and not differs.all():
        said += f"; {(~differs).sum()} without a difference left out"
        table = table[differs]
    table.columns.name = said
    return table


def _own_rows(lab: str, plan: TrialPlan, carried: "Carried") -> Rows | None:
    """Run a learner's version for a few seeds, until it takes too long or is interrupted."""
    function = namespace(carried.text(), lab)[plan.name]
    tasks = [
        (seed, c)
        for seed in range(min(OWN_SEEDS, plan.seeds))
        for c in range(len(plan.combinations()))
    ]
    found: list[dict] = []
    done: list[dict] = []
    start = time.perf_counter()
    with waiting(f"your {plan.name}, 0 of {len(tasks)} runs done") as tell:
        try:
            for number, (seed, c) in enumerate(tasks, start=1):
                if c == 0:
                    done = list(found)
                    if seed and time.perf_counter() - start > OWN_SECONDS:
                        break
                try:
                    result = function(seed, **plan.combinations()[c])
                except Exception as error:
                    raise ValueError(
                        f"your {named(plan, seed, c)} raises {told(error)}"
                    ) from error
                found += rows_of(plan, seed, c, checked(lab, plan, (seed, c), result))
                tell(f"your {plan.name}, {number} of {len(tasks)} runs done")
            else:
                done = found
        except KeyboardInterrupt:
            pass
    if not done:
        return None
    return Rows(
        f"your {plan.name}", pd.DataFrame(done), levels=plan.levels, settings=plan.settings
    )
