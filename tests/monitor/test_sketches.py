"""Sketches against exact answers: how often is the stated bound exceeded? Counted."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labs_lib import monitor
from labs_lib.monitor import counters, distances, distribution, reading
from labs_lib.monitor.distribution import exact, rank_error

BOUND = 2 * rank_error(distribution.K)


def random_distribution(rng):
    """Return a function that draws rows: shape, scale, ties and atoms vary."""
    kind, scale, digits = rng.integers(6), 10 ** rng.uniform(-3, 6), rng.integers(0, 12)
    a, b = rng.uniform(0.2, 5, 2)

    def draw(n):
        values = (
            rng.normal(a, b, n),
            rng.lognormal(a, b, n),
            rng.standard_cauchy(n),
            rng.beta(a, b, n),
            np.where(rng.random(n) < a / 6, 0, rng.exponential(b, n)),
            np.concatenate(
                [np.sort(rng.normal(-a, 1, n // 2)), rng.normal(b, 1, n - n // 2)]
            ),
        )[kind]
        return (values * scale).round(digits)

    return draw


def sketched(values, parts):
    """Return the distribution of a column that was sketched in parts and merged."""
    merged = counters.Numbers(exact=False)
    for part in np.array_split(values, parts):
        column = counters.Numbers(exact=False)
        column.add(pd.Series(part))
        merged.merge(column)
    return merged.distribution()


def test_the_bound_holds_over_1000_random_distributions():
    """The Simple distance of two sketches, of 1 to 10 parts each, against the exact one."""
    rng = np.random.default_rng(0)
    exceeded, largest = 0, 0.0
    for _ in range(1000):
        draw = random_distribution(rng)
        x, y = draw(rng.integers(4_000, 12_000)), draw(rng.integers(4_000, 12_000))
        y = y + rng.choice([0, 0.1, 1]) * np.std(x)
        a, b = (sketched(v, rng.integers(1, 11)) for v in (x, y))
        assert a.error + b.error == pytest.approx(BOUND)
        error = abs(distances.simple(a, b) - distances.simple(exact(x), exact(y)))
        exceeded += error > BOUND
        largest = max(largest, error)
    # Each sketch keeps its own bound in 99 of 100 cases; both together use it up rarely.
    assert exceeded <= 10, (exceeded, largest)


@pytest.mark.parametrize("parts", [1, 2, 16, 128, 1024])
def test_the_bound_holds_however_many_parts_are_merged(parts):
    """The largest error of a share over all values, within twice the rank error."""
    rng = np.random.default_rng(parts)
    exceeded = 0
    for _ in range(5):
        x = rng.permutation(np.arange(100_000.0))
        found = sketched(x, parts)
        assert found.n == len(x)
        error = np.abs(found.below(np.sort(x)) - np.arange(1, len(x) + 1)).max() / len(x)
        exceeded += error > BOUND
    assert exceeded == 0


def test_memory_does_not_grow_with_the_rows():
    sizes = []
    for rows in (10_000, 1_000_000):
        values = np.random.default_rng(0).normal(size=rows)
        sizes.append(len(sketched(values, 10).values))
    assert sizes[1] < 1.5 * sizes[0] < 10_000


def test_of_a_long_file_only_a_piece_is_in_memory(tmp_path, monkeypatch):
    file, rows = tmp_path / "long.parquet", 50_000
    part = pa.table({f"x{i}": np.random.default_rng(i).normal(size=rows) for i in range(4)})
    with pq.ParquetWriter(file, part.schema) as writer:
        for _ in range(20):
            writer.write_table(part)
    monkeypatch.setattr(reading, "ROWS", 10_000)
    del part
    before, peak = pa.total_allocated_bytes(), 0
    for piece in reading.pieces(file):
        assert len(piece) <= 10_000
        peak = max(peak, pa.total_allocated_bytes() - before)
    assert peak < 0.25 * file.stat().st_size


def test_exact_mode_repeats_to_the_last_digit_and_small_sketches_are_exact():
    rng = np.random.default_rng(0)
    large = pd.DataFrame({"x": rng.normal(size=10_000)})
    first, second = (monitor.baseline(large, mode="exact") for _ in range(2))
    assert first.statistics == second.statistics
    small = large.head(distribution.K)
    of_small = [monitor.baseline(small, mode=mode) for mode in ("exact", "sketch")]
    assert of_small[0].statistics == of_small[1].statistics
    assert of_small[1].mode == "exact"
    assert monitor.baseline(large).mode == "sketch"


def test_sketched_tables_say_how_far_they_may_be_off():
    rng = np.random.default_rng(0)
    before, now = (pd.DataFrame({"x": rng.normal(size=9_000)}) for _ in range(2))
    base = monitor.baseline(before)
    table = monitor.check(now, base).table
    assert table.loc[0, "error_bound"] == pytest.approx(BOUND)
    exactly = monitor.check(now, monitor.baseline(before, mode="exact"), mode="exact").table
    assert exactly.loc[0, "error_bound"] == 0
    assert abs(table.loc[0, "simple"] - exactly.loc[0, "simple"]) <= BOUND
    # On the safe side: never more certain than the exact answer.
    assert table.loc[0, "p_value"] >= exactly.loc[0, "p_value"]
