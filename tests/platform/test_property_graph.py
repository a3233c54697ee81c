import os
import threading
from collections import Counter

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from labs_lib.platform import bulk_files
from labs_lib.platform.errors import Refusal
from labs_lib.platform.property_graph import PropertyGraph
from tests.platform.test_bulk_files import EDGES, VERTICES


def graph_of(pairs, *, threads=None, label="E"):
    """Return a graph of numbered vertices with these edges."""
    names = sorted({end for pair in pairs for end in pair})
    vertices = pd.DataFrame(
        {"~id": [f"v{n}" for n in names], "~label": "V", "n:Int": names}
    )
    edges = pd.DataFrame(pairs, columns=["~from", "~to"]).map("v{}".format)
    edges.insert(0, "~id", [f"e{i}" for i in range(len(edges))])
    edges["~label"] = label
    return PropertyGraph(
        bulk_files.read_vertices(bulk_files.write(vertices)),
        bulk_files.read_edges(bulk_files.write(edges)),
        threads=threads,
    )


def random_pairs(seed, n=60, edges=90):
    rng = np.random.default_rng(seed)
    pairs = {tuple(sorted(map(int, rng.choice(n, 2, replace=False)))) for _ in range(edges)}
    return sorted(pairs)


def test_the_example_of_the_guide_can_be_asked():
    with PropertyGraph(
        bulk_files.read_vertices(VERTICES), bulk_files.read_edges(EDGES)
    ) as graph:
        found = graph.ask(
            "MATCH (a:person)-[c:created]->(s:software) "
            "RETURN a.name AS who, s.lang AS lang, c.weight AS weight, a.interests AS likes"
        )
    (row,) = found.to_dict("records")
    assert (row["who"], row["lang"], row["weight"]) == ("marko", "java", 0.4)
    assert list(row["likes"]) == ["sailing", "graphs"]


def test_an_edge_is_used_twice_unless_the_query_forbids_it():
    # On a-E-b Neptune finds nothing: openCypher uses each edge once.
    with graph_of([(1, 2)]) as graph:
        both = "MATCH (x)-[e:E]-(y)-[f:E]-(z)"
        twice = graph.ask(f"{both} RETURN x.n, y.n, z.n ORDER BY x.n")
        assert twice.to_numpy().tolist() == [[1, 2, 1], [2, 1, 2]]
        for once in (f"{both} WHERE e <> f", f"{both} WHERE id(e) <> id(f)"):
            assert graph.ask(f"{once} RETURN count(*) AS n")["n"].tolist() == [0]
        trail = "MATCH (x)-[:E* TRAIL 2..2]-(z) RETURN count(*) AS n"
        assert graph.ask(trail)["n"].tolist() == [0]


@pytest.mark.parametrize("seed", range(3))
def test_both_ways_to_use_an_edge_once_agree_with_a_count(seed):
    pairs = random_pairs(seed)
    degree = Counter(end for pair in pairs for end in pair)
    with graph_of(pairs) as graph:
        counts = [
            graph.ask(f"MATCH {text} RETURN count(*) AS n")["n"].item()
            for text in (
                "(x)-[e:E]-(y)-[f:E]-(z) WHERE e <> f",
                "(x)-[:E* TRAIL 2..2]-(z)",
                "(x)-[:E]-(y)-[:E]-(z)",
            )
        ]
    once = sum(d * (d - 1) for d in degree.values())
    assert counts == [once, once, sum(d * d for d in degree.values())]


def test_the_common_subset():
    with graph_of([(1, 2), (2, 3)]) as graph:
        for query, rows in {
            "MATCH (a:V) WHERE a.n > 1 RETURN a.n ORDER BY a.n": [[2], [3]],
            "MATCH (a:V) OPTIONAL MATCH (a)-[:E]->(b) RETURN a.n, count(b) ORDER BY a.n": [
                [1, 1],
                [2, 1],
                [3, 0],
            ],
            "MATCH (a)-[:E]-(b) WITH a, count(b) AS k WHERE k > 1 RETURN a.n, k": [[2, 2]],
            "UNWIND [3, 1] AS k MATCH (a {n: k}) RETURN a.n ORDER BY a.n": [[1], [3]],
            "MATCH (a {n: 1}) MATCH (c {n: 3}) MERGE (a)-[:E]->(c) RETURN a.n, c.n": [
                [1, 3]
            ],
        }.items():
            assert graph.ask(query).to_numpy().tolist() == rows, query


@pytest.mark.parametrize("threads", [1, 4])
def test_rows_have_one_order_with_any_number_of_threads(threads):
    pairs = random_pairs(5, n=3_000, edges=5_000)
    with graph_of(pairs, threads=threads) as graph:
        found = graph.ask("MATCH (a:V)-[:E]->(b:V) RETURN a.n AS a, b.n AS b")
    assert list(found.itertuples(index=False, name=None)) == pairs


def test_what_joins_find_the_graph_finds():
    # Devices with three accounts or more, pairs that share one, and who is four hops away.
    rng = np.random.default_rng(1)
    pairs = sorted({(int(a), 10_000 + int(b)) for a, b in rng.integers(0, 300, (500, 2))})
    uses = pd.DataFrame(pairs, columns=["account", "device"])
    start = pairs[0][0]
    with duckdb.connect() as base:
        base.register("uses", uses)
        many = base.execute(
            "SELECT device FROM uses GROUP BY ALL HAVING count(*) >= 3 ORDER BY 1"
        ).fetchall()
        sharing = base.execute(
            "SELECT count(*) FROM uses a JOIN uses b USING (device) WHERE a.account < b.account"
        ).fetchall()
        reached = base.execute(
            "SELECT DISTINCT d.account FROM uses a JOIN uses b USING (device) "
            "JOIN uses c ON b.account = c.account JOIN uses d ON c.device = d.device "
            "WHERE a.account = ? ORDER BY 1",
            [start],
        ).fetchall()
    with graph_of(pairs) as graph:
        assert [
            (n,)
            for n in graph.ask(
                "MATCH (a)-[:E]->(d) WITH d, count(a) AS k WHERE k >= 3 RETURN d.n ORDER BY d.n"
            )["d.n"]
        ] == many
        assert [
            (
                graph.ask(
                    "MATCH (a)-[:E]->(d)<-[:E]-(b) WHERE a.n < b.n RETURN count(*) AS n"
                )["n"].item(),
            )
        ] == sharing
        # Without the rule that an edge is used once, four hops include all shorter ones.
        four = "(a {n: $n})-[:E]->()<-[:E]-()-[:E]->()<-[:E]-(b)"
        found = graph.ask(f"MATCH {four} RETURN DISTINCT b.n ORDER BY b.n", n=start)
        assert [(n,) for n in found["b.n"]] == reached


def test_all_hops_reach_the_component():
    pairs = random_pairs(2, n=40, edges=30)
    a, b = np.array(pairs).T
    n = b.max() + 1
    both = sparse.coo_array((np.ones(len(a)), (a, b)), shape=(n, n))
    component = connected_components(both, directed=False)[1]
    start = pairs[0][0]
    with graph_of(pairs) as graph:
        found = graph.ask(
            "MATCH (x {n: $n})-[:E* SHORTEST 1..30]-(y) RETURN DISTINCT y.n", n=start
        )
    same = set(np.flatnonzero(component == component[start]).tolist())
    assert set(found["y.n"]) | {start} == same


def test_nothing_is_written_and_no_thread_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    before = threading.active_count()
    with graph_of(random_pairs(0)) as graph:
        graph.ask("MATCH (a)-[:E]-(b) RETURN count(*)")
    assert os.listdir(tmp_path) == []
    assert threading.active_count() == before


def test_what_cannot_be_loaded_or_asked():
    vertices = bulk_files.read_vertices(VERTICES)
    edges = bulk_files.read_edges(EDGES)
    with pytest.raises(Refusal, match="no vertex"):
        PropertyGraph(vertices.slice(0, 1), edges)
    with pytest.raises(Refusal, match="several|Give one"):
        PropertyGraph(bulk_files.read_vertices("~id,~label\na,x;y\n"), edges.slice(0, 0))
    with pytest.raises(Refusal, match="twice"):
        PropertyGraph(bulk_files.read_vertices("~id,~label\na,x\na,x\n"), edges.slice(0, 0))
    with pytest.raises(Refusal, match="no name"):
        PropertyGraph(bulk_files.read_vertices("~id,~label\na,x y\n"), edges.slice(0, 0))
    with graph_of([(1, 2)]) as graph:
        for query in (
            "SELECT 1",
            "MATCH (a:Nobody) RETURN a",
            "MATCH (a) RETURN a.n; RETURN 1",
        ):
            with pytest.raises(Refusal):
                graph.ask(query)
