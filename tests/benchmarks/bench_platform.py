"""Speed of the engines under the models: ``python tests/benchmarks/bench_platform.py``.

Targets on 2 quiet cores: 1,000,000 records routed in 10 s, 100,000 put into shards and read in
2 s, 100,000 messages through a FIFO queue in 5 s, 100,000 events held against a pattern in
1 s, 1,000 polls of a state machine in 0.1 s.
"""

import json
import statistics
import time
from collections.abc import Callable

from labs_lib.clock import SimulatedClock
from labs_lib.platform import event_patterns, streams
from labs_lib.platform.buffers import DeliveryBuffer
from labs_lib.platform.queues import Entry, MessageQueue
from labs_lib.platform.state_machines import parse
from labs_lib.platform.states import MachineRun

RUNS = 5


def route() -> None:
    for number in range(1_000_000):
        streams.hash_key(f"card {number}")


def put_and_read() -> None:
    clock = SimulatedClock()
    stream = streams.Stream("s", clock, shards=4)
    for number in range(100_000):
        clock.step(0.0005)
        stream.put(b"x" * 100, f"card {number}")
    read = 0
    for shard in stream.shards:
        iterator: str | None = stream.iterator(shard.id, "TRIM_HORIZON")
        while iterator is not None:
            answer = stream.read(iterator)
            clock.step(5)
            read += len(answer.records)
            iterator = answer.next_iterator if answer.records else None
    assert read == 100_000


def through_a_queue() -> None:
    clock = SimulatedClock()
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    queue = MessageQueue("q.fifo", clock, attributes)
    done = 0
    for number in range(0, 100_000, 10):
        clock.step(0.01)
        entries = [Entry(str(number + n), group=f"card-{n}") for n in range(10)]
        queue.send_many(entries)
        done += len(queue.delete_many([m.handle for m in queue.receive(10)]))
    assert done == 100_000


def buffered() -> None:
    clock, sizes = SimulatedClock(), list[int]()
    buffer = DeliveryBuffer("b", clock, lambda _, data: sizes.append(len(data)))
    for _ in range(100_000):
        clock.step(0.001)
        buffer.put(b"x" * 1000)
    buffer.flush()
    assert sum(sizes) == 100_000_000


def patterns() -> None:
    pattern = {"source": ["shop"], "detail": {"total": [{"numeric": [">", 9, "<", 99]}]}}
    event_patterns.check(pattern)
    taken = sum(
        event_patterns.matches(
            pattern, {"source": "shop", "detail": {"total": number % 100}}
        )
        for number in range(100_000)
    )
    assert taken == 89_000


def polls() -> None:
    clock = SimulatedClock()
    text = json.dumps(
        {
            "StartAt": "Wait",
            "States": {
                "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Ask"},
                "Ask": {"Type": "Task", "Resource": "ask", "Next": "Done"},
                "Done": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$", "BooleanEquals": True, "Next": "End"}],
                    "Default": "Wait",
                },
                "End": {"Type": "Succeed"},
            },
        }
    )
    run = MachineRun(parse(text), {}, clock, {"ask": lambda _: clock.now() >= 1000}).start()
    clock.run()
    assert run.status == "SUCCEEDED"


def median(run: Callable[[], None]) -> float:
    seconds = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def main() -> None:
    for label, run in (
        ("1,000,000 records routed", route),
        ("100,000 records put and read", put_and_read),
        ("100,000 messages through a FIFO queue", through_a_queue),
        ("100,000 records into buffers", buffered),
        ("100,000 events held against a pattern", patterns),
        ("1,000 polls of a state machine", polls),
    ):
        print(f"{label}: {median(run):.2f} s", flush=True)


if __name__ == "__main__":
    main()
