"""Exercises of the lab platform/volumes."""

import math
from collections.abc import Callable

from labs_lib.course.lab import Lab

lab = Lab("platform/volumes")

lab.predict("night", options=("2 hours", "4 hours", "8 hours", "15 hours"))
lab.predict("waits", options=("higher", "lower", "tie", "undecided"))

# Exercise 1: how long at full speed? ---------------------------------------------------------

_CREDITS = 5.4e6


def _minutes(
    gib: float,
    iops: float,
    share: float,
    *,
    floor: float = 100,
    income: bool = True,
    full: bool = False,
    cap: float = 3_000,
    most: float = 16_000,
    unit: float = 60,
) -> float:
    """Return the answer, by the parts that are usually forgotten."""
    baseline = min(most, max(floor, 3 * gib))
    if iops <= baseline:
        return math.inf
    if iops > max(cap, baseline):
        return 0.0
    credits = _CREDITS * (1 if full else share)
    return credits / (iops - (baseline if income else 0)) / unit


def _wrong(**changed: float | bool) -> Callable[[float, float, float], float]:
    return lambda gib, iops, share: _minutes(gib, iops, share, **changed)  # type: ignore[arg-type]


lab.function(
    "how long at full speed?",
    cases=(
        (100, 3_000, 1.0),
        (334, 3_000, 1.0),
        (20, 3_000, 1.0),
        (20, 100, 1.0),
        (20, 90, 0.0),
        (100, 2_000, 0.25),
        (100, 3_000, 0.0),
        (100, 3_001, 1.0),
        (1_000, 3_000, 0.0),
        (750, 2_250, 0.5),
        (2_000, 5_000, 0.5),
        (2_000, 6_001, 0.5),
        (8_000, 16_000, 1.0),
        (8_000, 16_001, 1.0),
        (8_000, 20_000, 1.0),
    ),
    right=_minutes,
    mistakes={
        "no_income": (
            "While the volume bursts, the base speed keeps earning. What leaves the bucket is the "
            "difference.",
            _wrong(income=False),
        ),
        "no_floor": (
            "A small volume has 100 IOPS, not 3 for each GiB. That holds for what it earns, too.",
            _wrong(floor=0),
        ),
        "always_full": (
            "The bucket is not full: `share` says how much of it is.",
            _wrong(full=True),
        ),
        "no_cap": (
            "No credits lift a volume above 3,000 IOPS, or above its base speed if that is more.",
            _wrong(cap=math.inf),
        ),
        "no_ceiling": (
            "No gp2 volume has more than 16,000 IOPS, however large it is.",
            _wrong(most=math.inf),
        ),
        "seconds": ("You return seconds. Minutes are asked for.", _wrong(unit=1)),
        "hours": ("You return hours. Minutes are asked for.", _wrong(unit=3_600)),
    },
    hints=(
        "First the base speed, with both of its limits. Then three cases.",
        "At or below the base speed: for ever. Above what bursts give: not at all.",
        "Else `share * 5.4e6 / (iops - baseline) / 60`.",
    ),
    praise="The larger the volume, the slower the bucket empties: the base speed pays a part.",
)

# Exercise 2: how many nodes? -----------------------------------------------------------------


def _nodes(
    free: list[float],
    least: int,
    most: int,
    quiet: int,
    *,
    limits: bool = True,
    waits: bool = True,
    idle_waits: bool = False,
    borders: bool = False,
    one_way: bool = False,
    late: int = 0,
) -> list[int]:
    """Return the nodes after each value, by the parts that are usually forgotten."""
    nodes, rest, found = least, 0, []
    for value in free:
        change = int(value < 15 or (borders and value == 15))
        if not one_way:
            change -= int(value > 75 or (borders and value == 75))
        wanted = nodes + change
        if limits:
            wanted = min(most, max(least, wanted))
        if rest and waits:
            rest -= 1
        elif wanted != nodes or (idle_waits and change):
            nodes, rest = wanted, quiet + late
        found.append(nodes)
    return found


lab.function(
    "how many nodes?",
    cases=(
        ([10, 10, 10, 10, 10], 2, 10, 1),
        ([10, 10, 10, 10, 10], 2, 3, 0),
        ([10, 80, 80, 80, 10], 2, 10, 1),
        ([80, 10, 10, 80, 80], 2, 10, 1),
        ([15, 75, 14, 76], 2, 10, 0),
        ([14, 75, 15, 75], 2, 10, 0),
        ([5, 5, 5, 90, 5, 5, 5, 90, 90], 1, 3, 2),
        ([5, 5, 5, 5, 5, 5, 5, 90, 90, 90, 90], 1, 3, 2),
        ([90, 90, 5], 3, 6, 2),
        ([], 2, 10, 1),
        ([0, 100, 0, 100], 4, 4, 1),
        ([50, 50], 2, 5, 1),
    ),
    right=_nodes,
    mistakes={
        "no_cooldown": (
            "After a change, the next `quiet` values change nothing.",
            lambda *given: _nodes(*given, waits=False),
        ),
        "no_limits": (
            "The group never leaves `least` to `most`.",
            lambda *given: _nodes(*given, limits=False),
        ),
        "quiet_without_change": (
            "At a limit nothing changes, so no quiet time begins.",
            lambda *given: _nodes(*given, idle_waits=True),
        ),
        "borders": (
            "The rules say below 15 and above 75. At 15 and at 75 nothing happens.",
            lambda *given: _nodes(*given, borders=True),
        ),
        "one_way": (
            "Nodes have to go, too: above 75 percent free.",
            lambda *given: _nodes(*given, one_way=True),
        ),
        "upside_down": (
            "Little free memory means that nodes have to come. Much of it means that they may go.",
            lambda free, *rest: _nodes([100 - value for value in free], *rest),
        ),
        "before": (
            "Note the nodes after each value, not before it.",
            lambda free, least, *rest: [least, *_nodes(free, least, *rest)][
                : len(free)
            ],
        ),
        "one_late": (
            "Count the values that are passed over: it is one too many.",
            lambda *given: _nodes(*given, late=1),
        ),
    },
    hints=(
        "Keep two numbers: the nodes, and how many values are still to be passed over.",
        "Only a change that really happens begins a quiet time.",
        "`wanted = min(most, max(least, nodes + (value < 15) - (value > 75)))`",
    ),
    praise="A quiet time keeps a rule from acting twice on one cause. It also makes a cluster slow to grow.",
)

# Exercise 3: what would you take? ------------------------------------------------------------

lab.match(
    "what would you take?",
    right={
        "a": "gp3",
        "b": "io2",
        "c": "st1",
        "d": "store",
        "e": "elastic",
        "f": "provisioned",
        "g": "managed",
    },
    options=("bursting", "custom", "gp2"),
    mistakes={
        "steady": (
            "In a, what does gp2 have for ever at 20 GiB? And what is the least that gp3 has?",
            "a",
        ),
        "most_iops": (
            "In b, look at the most that a gp3 volume can have: 80,000 IOPS.",
            "b",
        ),
        "large_requests": (
            "In c, requests are large and in order, and the price of a GiB decides.",
            "c",
        ),
        "may_vanish": (
            "In d, nothing has to survive. What lies in the machine itself?",
            "d",
        ),
        "seldom": (
            "In e, the average is 2 percent of the peak. Who pays for use?",
            "e",
        ),
        "busy": (
            "In f, the average is 40 percent of the peak, and little data earns few credits.",
            "f",
        ),
        "fleets": (
            "In g, look at what a custom policy needs: instance groups. Is this one?",
            "g",
        ),
    },
    hints=(
        "Four cases are volumes, two are file systems, one is a cluster.",
        "Three options are left over.",
    ),
    praise="First what has to be there for ever, then what comes in bursts, then the price.",
)
