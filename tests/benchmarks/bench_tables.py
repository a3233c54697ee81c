"""Speed of the platform's engines: ``python tests/benchmarks/bench_tables.py``."""

import statistics
import time

from labs_lib.clock import SimulatedClock
from labs_lib.platform import expressions
from labs_lib.platform.expressions import Names
from labs_lib.platform.lifecycle import Version, next_action
from labs_lib.platform.table_entries import Key
from labs_lib.platform.tables import Condition, Index, ItemWrite, KeyedTable
from labs_lib.platform.warehouse import QueuedQuery, WorkloadQueue, run_queries

RUNS = 5
ITEMS = 20_000


def median(name: str, number: int, call) -> None:
    """Print how many a second, in the median of the runs."""
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    print(f"{name}: {number / statistics.median(times):,.0f} a second")


def items(number: int = ITEMS) -> list[dict]:
    """Return payments of 100 cards at 1,000 merchants."""
    return [
        {
            "card": {"S": f"card-{n % 100}"},
            "time": {"N": str(n)},
            "merchant": {"S": f"merchant-{n % 1000}"},
        }
        for n in range(number)
    ]


def filled() -> KeyedTable:
    """Return a table with a global index, filled under a condition."""
    clock = SimulatedClock()
    types = {"card": "S", "time": "N", "merchant": "S"}
    index = Index("by-merchant", Key(("merchant",)))
    table = KeyedTable("t", Key(("card",), ("time",)), types, clock=clock, indexes=[index])
    new = Condition(expressions.parse_condition("attribute_not_exists(card)"), Names())
    for number, item in enumerate(items()):
        if number % 500 == 0:
            clock.step(1)
        table.write(ItemWrite("put", item, new))
    return table


def main() -> None:
    """Print all figures."""
    median("conditional puts with a global index", ITEMS, filled)
    table = filled()
    names = Names({}, {":c": {"S": "card-7"}})
    question = expressions.key_conditions("card = :c", names)

    def query() -> None:
        for _ in range(1000):
            table.query(question, limit=10)

    median("queries of 10 items", 1000, query)
    text = "amount > :a AND (attribute_exists(card) OR contains(tags, :b)) AND NOT size(n) = :c"

    def parse() -> None:
        for _ in range(200):
            expressions.parse_condition.cache_clear()
            expressions.parse_condition(text)

    median("conditions parsed", 200, parse)
    steps = [
        {"Days": 30, "StorageClass": "STANDARD_IA"},
        {"Days": 90, "StorageClass": "GLACIER"},
    ]
    rule = {
        "Status": "Enabled",
        "Filter": {},
        "Transitions": steps,
        "Expiration": {"Days": 400},
    }
    version = Version("logs/a", 10**6, 0.0)

    def decide() -> None:
        for _ in range(10_000):
            next_action(version, [rule], is_versioned=True, after=0.0)

    median("lifecycle decisions", 10_000, decide)
    load = [QueuedQuery(n * 0.5, 5, memory=n % 10) for n in range(2000)]
    queues = [WorkloadQueue("default", 10)]
    median("queued queries", 2000, lambda: run_queries(load, queues, cores=8, spill=2))


if __name__ == "__main__":
    main()
