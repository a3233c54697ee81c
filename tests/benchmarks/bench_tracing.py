"""What tracing costs, and how fast traces are read: ``python tests/benchmarks/bench_tracing.py``.

A request with two spans at X-Ray's default rule, beside one that is not traced and one that is
always kept; critical path and own time of 10,000 traces of eight services; 10,000 documents.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from labs_lib.monitor import call_graph, tracing

REQUESTS = 5_000
TRACES = 10_000


def median_of_five(work: Callable[[], object]) -> float:
    """Return seconds."""
    found = []
    for _ in range(5):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def requests(sampler: Sampler) -> Callable[[], None]:
    """Return work: requests of two spans, and documents written as JSON."""
    exporter = tracing.SegmentExporter(json.dumps)
    tracer = tracing.tracer("service", exporter, sampler=sampler)

    def run() -> None:
        for _ in range(REQUESTS):
            with (
                tracer.start_as_current_span("request"),
                tracer.start_as_current_span("call") as span,
            ):
                span.set_attribute("http.response.status_code", 200)

    return run


def shop(size: int = 8) -> call_graph.Traces:
    """Return traces of a drawn shop."""
    rng = np.random.default_rng(0)
    names = [f"service {at}" for at in range(size)]
    calls: dict[str, list[list[str]]] = {name: [] for name in names}
    for at in range(1, size):
        stages = calls[names[rng.integers(at)]]
        if stages and at % 2:
            stages[-1].append(names[at])
        else:
            stages.append([names[at]])
    work = {name: rng.gamma(1, 0.02, TRACES) for name in names}
    return call_graph.simulate(calls, work)


def segments(count: int) -> list[dict]:
    """Return documents of traces of two services."""
    found = []
    for at in range(count // 2):
        trace = tracing.trace_id(at + 1)
        one = {
            "name": "a",
            "id": f"{2 * at + 1:016x}",
            "start_time": at,
            "end_time": at + 1,
        }
        other = {"name": "b", "id": f"{2 * at + 2:016x}", "parent_id": one["id"]}
        times = {"start_time": at + 0.25, "end_time": at + 0.5}
        found += [one | {"trace_id": trace}, other | times | {"trace_id": trace}]
    return found


def main() -> None:
    for name, sampler in (
        ("none kept", tracing.ReservoirSampler(0, 0)),
        ("1 a second and 5 %", tracing.ReservoirSampler()),
        ("all kept", ALWAYS_ON),
    ):
        seconds = median_of_five(requests(sampler))
        print(f"a request with 2 spans, {name}: {1e6 * seconds / REQUESTS:.0f} us")
    traces = shop()
    for what in ("critical", "own"):
        seconds = median_of_five(getattr(traces, what))
        print(
            f"{what} of {TRACES:,} traces of {len(traces.names)} services: {seconds:.3f} s"
        )
    documents = segments(TRACES)
    seconds = median_of_five(lambda: call_graph.from_segments(documents))
    print(f"{len(documents):,} segments read: {seconds:.3f} s")


if __name__ == "__main__":
    main()
