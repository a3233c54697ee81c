"""Slices and workload queues: the guide's examples, and what holds for any load."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs_lib.platform.warehouse import (
    SPLIT_BYTES,
    QueuedQuery,
    WorkloadQueue,
    busy_seconds,
    check_queues,
    makespan,
    run_queries,
    split_files,
)

ONE = [WorkloadQueue("default", slots=5)]


@pytest.mark.parametrize(
    ("files", "share"), [(1, 1), (2, 0.5), (3, 2 / 3), (4, 0.5), (5, 0.6)]
)
def test_equal_files_on_two_slices(files, share):
    assert makespan([1.0] * files, 2) / files == pytest.approx(share)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=30), st.integers(1, 8))
def test_a_load_lies_between_its_bounds(sizes, slices):
    found = makespan(sizes, slices)
    assert found >= max(max(sizes), sum(sizes) / slices) - 1e-9
    # Graham's bound of a list schedule.
    assert found <= sum(sizes) / slices + max(sizes) * (1 - 1 / slices) + 1e-9


@given(st.integers(1, 64), st.integers(1, 16))
def test_equal_files_follow_the_formula(files, slices):
    assert makespan([1.0] * files, slices) == -(-files // slices)


def test_large_files_are_split_where_the_format_allows_it():
    sizes = [SPLIT_BYTES, SPLIT_BYTES - 1]
    assert split_files(sizes, 4, splits=True) == [SPLIT_BYTES / 4] * 4 + [SPLIT_BYTES - 1]
    assert split_files(sizes, 4, splits=False) == sizes


@pytest.mark.parametrize(("memory", "slots", "each"), [(20, 5, 4), (40, 5, 8), (40, 40, 1)])
def test_the_guide_s_memory_of_a_slot(memory, slots, each):
    assert WorkloadQueue("q", slots, memory).memory_per_slot == each


@pytest.mark.parametrize(
    "queues",
    [
        [],
        [WorkloadQueue(str(n), 1, 1) for n in range(9)],
        [WorkloadQueue("a", 51)],
        [WorkloadQueue("a", 26, 50), WorkloadQueue("b", 25, 50)],
        [WorkloadQueue("a", 0)],
        [WorkloadQueue("a", 1, 60), WorkloadQueue("b", 1, 41)],
        [WorkloadQueue("a", 1, 1), WorkloadQueue("a", 1, 1)],
    ],
)
def test_queues_that_no_cluster_has(queues):
    with pytest.raises(ValueError, match="expected"):
        check_queues(queues)


def times(runs):
    return [(run.begin, run.end) for run in runs]


def test_queries_wait_for_a_slot_in_order():
    two = [WorkloadQueue("default", slots=2)]
    runs = run_queries([QueuedQuery(0, 10) for _ in range(4)], two, cores=2, spill=1)
    assert times(runs) == [(0, 10), (0, 10), (10, 20), (10, 20)]
    assert [run.waited for run in runs] == [0, 0, 10, 10]


def test_queries_share_the_processors():
    runs = run_queries([QueuedQuery(0, 10), QueuedQuery(5, 10)], ONE, cores=1, spill=1)
    assert times(runs) == [(0, 15), (5, 20)]


def test_a_higher_priority_overtakes_those_that_wait():
    one = [WorkloadQueue("default", slots=1)]
    load = [QueuedQuery(0, 10), QueuedQuery(1, 10), QueuedQuery(2, 10, priority=1)]
    assert [run.begin for run in run_queries(load, one, cores=1, spill=1)] == [0, 20, 10]


def test_too_little_memory_costs_the_spill():
    few, many = WorkloadQueue("default", 5), WorkloadQueue("default", 20)
    load = [QueuedQuery(0, 10, memory=10)]
    (fits,) = run_queries(load, [few], cores=4, spill=3)
    (spills,) = run_queries(load, [many], cores=4, spill=3)
    assert (fits.spilled, fits.end) == (False, 10)
    assert (spills.spilled, spills.end) == (True, 30)


def test_throughput_rises_with_slots_and_then_falls():
    load = [QueuedQuery(0, 10, memory=9) for _ in range(60)]
    ends = {}
    for slots in (1, 5, 10, 20, 50):
        queue = [WorkloadQueue("default", slots)]
        ends[slots] = max(run.end for run in run_queries(load, queue, cores=8, spill=3))
    assert ends[1] > ends[5] > ends[10]
    assert ends[10] < ends[20]


def test_queues_do_not_lend_their_slots():
    queues = [WorkloadQueue("load", 1, 50), WorkloadQueue("read", 1, 50)]
    load = [QueuedQuery(0, 10, queue="load") for _ in range(2)] + [
        QueuedQuery(1, 1, queue="read")
    ]
    runs = run_queries(load, queues, cores=8, spill=1)
    assert [run.begin for run in runs] == [0, 10, 1]


def test_a_scaling_cluster_takes_who_would_wait_but_no_temporary_tables():
    one = [WorkloadQueue("default", slots=1)]
    load = [QueuedQuery(0, 10), QueuedQuery(0, 10), QueuedQuery(0, 10, uses_temporary=True)]
    runs = run_queries(load, one, cores=1, spill=1, scaling_clusters=1)
    assert [run.cluster for run in runs] == [0, 1, 0]
    assert [run.begin for run in runs] == [0, 0, 10]
    assert busy_seconds(runs, 1) == 10
    assert busy_seconds(runs, 0) == 20


LOADS = st.lists(
    st.builds(
        QueuedQuery,
        arrival=st.floats(0, 100),
        work=st.floats(0.1, 50),
        memory=st.floats(0, 50),
        priority=st.integers(0, 2),
        uses_temporary=st.booleans(),
    ),
    max_size=25,
)


@given(LOADS, st.integers(1, 10), st.integers(1, 8), st.integers(0, 2))
def test_every_query_runs_once_and_never_too_many_at_a_time(load, slots, cores, clusters):
    queue = WorkloadQueue("default", slots)
    runs = run_queries(load, [queue], cores=cores, spill=2, scaling_clusters=clusters)
    assert sorted(map(id, (run.query for run in runs))) == sorted(map(id, load))
    for run in runs:
        need = run.query.work * (2 if run.query.memory > queue.memory_per_slot else 1)
        assert run.begin >= run.query.arrival
        assert run.end - run.begin >= need * (1 - 1e-6) - 1e-6
        at = sum(
            other.begin <= run.begin < other.end
            for other in runs
            if other.cluster == run.cluster
        )
        assert 1 <= at <= slots
    # Work is neither made nor lost: no cluster does more than its processors can.
    for number in range(clusters + 1):
        own = [run for run in runs if run.cluster == number]
        done = sum(run.query.work * (2 if run.spilled else 1) for run in own)
        assert done <= busy_seconds(own, number) * cores * (1 + 1e-6) + 1e-6


@pytest.mark.parametrize(
    ("load", "options"),
    [
        ([QueuedQuery(0, 1, queue="x")], {}),
        ([QueuedQuery(0, 0)], {}),
        ([QueuedQuery(0, 1, memory=-1)], {}),
        ([], {"cores": 0}),
        ([], {"spill": 0.5}),
        ([], {"scaling_clusters": -1}),
    ],
)
def test_loads_that_are_refused(load, options):
    with pytest.raises(ValueError, match="expected"):
        run_queries(load, ONE, **({"cores": 1, "spill": 1} | options))


def test_slices_that_are_none():
    for call in (lambda: makespan([1], 0), lambda: makespan([-1], 1), lambda: split_files([1], 0, splits=True)):  # fmt: skip
        with pytest.raises(ValueError, match="expected"):
            call()
