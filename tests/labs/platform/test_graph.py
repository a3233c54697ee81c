import networkx
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.labs.platform.graph.exercises import lab
from labs_lib.platform import bulk_files
from labs_lib.platform.property_graph import PropertyGraph
from tests.labs.contract import assert_exercise


def stub(*answers):
    raise NotImplementedError


# Exercise 1 --------------------------------------------------------------------------------


def walked(things, start, hops):
    """The other way: distances in the graph of accounts and things."""
    graph = networkx.Graph()
    graph.add_nodes_from(("account", name) for name in things)
    for name, used in things.items():
        graph.add_edges_from((("account", name), ("thing", one)) for one in used)
    lengths = networkx.single_source_shortest_path_length(
        graph, ("account", start), 2 * hops
    )
    return {name for kind, name in lengths if kind == "account"} - {start}


def test_ex1():
    right = [(walked,), (lambda *given: frozenset(walked(*given)),)]
    right += [(lambda *given: sorted(walked(*given)),)]
    wrong = {
        "things_count": (lambda things, start, hops: walked(things, start, hops // 2),),
        "with_start": (lambda things, start, hops: walked(things, start, hops) | {start},),
        "exactly": (
            lambda things, start, hops: (
                walked(things, start, hops) - walked(things, start, hops - 1)
                if hops
                else set()
            ),
        ),
        "first_only": (lambda things, start, hops: walked(things, start, min(hops, 1)),),
        "all": (lambda things, start, hops: walked(things, start, 99),),
        "any_hops": (lambda things, start, hops: walked(things, start, 1),),
        "one_less": (lambda things, start, hops: walked(things, start, max(hops - 1, 0)),),
        "one_more": (lambda things, start, hops: walked(things, start, hops + 1),),
        None: (lambda things, start, hops: set(),),
    }
    assert_exercise(lab.ex1, right=right, wrong=wrong, stub=(stub,))


# Exercise 2 --------------------------------------------------------------------------------


def listed(edges):
    """The other way: write every solution down."""
    found = 0
    for first, e in enumerate(edges):
        for second, f in enumerate(edges):
            if first != second:
                found += sum(y == u for _, y in (e, e[::-1]) for u, _ in (f, f[::-1]))
    return found


def test_ex2():
    degrees = lambda edges: pd.Series([v for edge in edges for v in edge]).value_counts()  # noqa: E731
    assert_exercise(
        lab.ex2,
        right=[(listed,), (lambda edges: np.int64(listed(edges)),)],
        wrong={
            "twice": (lambda edges: int((degrees(edges) ** 2).sum()),),
            "half": (lambda edges: listed(edges) // 2,),
            "one_of_several": (
                lambda edges: listed(list({tuple(sorted(e)) for e in edges})),
            ),
            "arrows": (lambda edges: sum(b == c for _, b in edges for c, _ in edges),),
            None: (len,),
        },
        stub=(stub,),
    )


def test_two_edges_between_the_same_vertices_lead_there_and_back():
    def different_ends(edges):
        pairs = [(a, b) for edge in edges for a, b in (edge, edge[::-1])]
        number = np.repeat(np.arange(len(edges)), 2)
        return sum(
            b == c and a != d and number[i] != number[j]
            for i, (a, b) in enumerate(pairs)
            for j, (c, d) in enumerate(pairs)
        )

    assert_exercise(
        lab.ex2, right=[(listed,)], wrong={"other_ends": (different_ends,)}, stub=(stub,)
    )


EDGES = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda e: e[0] != e[1]),
    min_size=1,
    max_size=7,
)


@settings(max_examples=15, deadline=None)
@given(EDGES)
def test_the_engine_counts_as_the_exercise_does(edges):
    vertices = pd.DataFrame({"~id": [str(n) for n in range(5)], "~label": "v"})
    table = pd.DataFrame(edges, columns=["~from", "~to"]).astype(str)
    table = table.assign(**{"~id": table.index.astype(str), "~label": "e"})
    with PropertyGraph(
        bulk_files.read_vertices(bulk_files.write(vertices)),
        bulk_files.read_edges(bulk_files.write(table)),
    ) as graph:
        pattern = "MATCH (x)-[e:e]-(y)-[f:e]-(z) WHERE id(e) <> id(f)"
        assert graph.ask(f"{pattern} RETURN count(*) AS n")["n"].item() == listed(edges)


# Exercise 3 --------------------------------------------------------------------------------

ASKED = {"a": "dynamodb", "b": "neptune", "c": "redshift", "d": "sql", "e": "neptune"}


def test_ex3():
    names = ("one_key", "many_hops", "sums", "one_hop", "rdf")
    other = {"a": "neptune", "b": "sql", "c": "sql", "d": "neptune", "e": "sql"}
    assert_exercise(
        lab.ex3,
        right=[(ASKED,), (pd.Series(ASKED),), (list(ASKED.items()),)],
        wrong={
            name: (ASKED | {case: other[case]},)
            for case, name in zip("abcde", names, strict=True)
        },
    )
