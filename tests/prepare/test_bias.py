"""Bias metrics: oracle values, brute force, properties, intervals, JSON, bad input."""

import itertools
import json
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from labs_lib.prepare import bias
from labs_lib.prepare.bias import facet_pair
from labs_lib.prepare.bias.flip import flips
from labs_lib.prepare.bias.metrics import post_training, pre_training


def examples(n):
    """Settings that do not fail because the machine is busy."""
    return settings(
        max_examples=n, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


METRICS = [*bias.PRE_TRAINING, *bias.POST_TRAINING]

PEOPLE = """
1,a,X,1.0,5.0,1,1  6,a,Y,6.0,3.0,0,1   11,a,X,1.5,4.5,1,1  16,d,Y,5.2,2.2,0,0
2,a,X,2.0,4.0,1,1  7,a,X,7.0,7.0,1,1   12,a,Y,6.5,2.5,1,1  17,d,Y,6.2,3.2,1,0
3,a,X,3.0,6.0,1,0  8,a,Y,8.0,0.0,0,0   13,d,X,1.2,5.2,0,0  18,d,Y,8.2,0.2,0,0
4,a,Y,4.0,1.0,0,0  9,a,X,2.5,5.5,1,1   14,d,X,2.2,4.2,1,1  19,d,X,7.2,7.2,1,0
5,a,Y,5.0,2.0,1,1  10,a,Y,4.5,1.5,0,0  15,d,Y,4.2,1.2,0,0  20,d,Y,4.7,1.7,0,1
"""

# Computed once with smclarify 0.5. FT has its sign there.
ORACLE = {
    "CI": 0.2,
    "DPL": 0.2916666667,
    "KL": 0.1740398768,
    "JS": 0.0432401704,
    "LP": 0.4124789557,
    "TVD": 0.2916666667,
    "KS": 0.2916666667,
    "CDDL": 0.4291666667,
    "DPPL": 0.4166666667,
    "DI": 0.375,
    "DCA": -0.5,
    "DCR": -0.1666666667,
    "SD": 0.05,
    "RD": 0.5416666667,
    "DAR": 0.375,
    "DRR": -0.0833333333,
    "AD": 0.2083333333,
    "TE": 1.0,
    "CDDPL": 0.4017857143,
    "FT": -0.75,
    "GE": 0.1371191136,
}


@pytest.fixture(scope="module")
def people():
    rows = [row.split(",") for row in PEOPLE.split()]
    frame = pd.DataFrame(rows, columns=["id", "facet", "group", "x1", "x2", "y", "yhat"])
    types = {"id": int, "x1": float, "x2": float, "y": "category", "yhat": "category"}
    return frame.astype(types).sort_values("id", ignore_index=True)


def frame(rows, columns=("facet", "y", "yhat", "group")):
    return pd.DataFrame(rows, columns=list(columns)[: len(rows[0])])


def values(data, **options):
    """Metric -> value for one facet value."""
    options = {"label": "y", "positive": 1, "facets": {"facet": "d"}} | options
    table = bias.report(data, **options).table
    return dict(zip(table["metric"], table["value"], strict=True))


def confusion(a, d):
    """A frame with these counts (TP, FP, FN, TN) in facet a and facet d."""
    kinds = [(1, 1), (0, 1), (1, 0), (0, 0)]
    rows = [
        (facet, y, yhat)
        for facet, counts in (("a", a), ("d", d))
        for (y, yhat), n in zip(kinds, counts, strict=True)
        for _ in range(n)
    ]
    return frame(rows)


# Values known from elsewhere ----------------------------------------------------------


@pytest.mark.parametrize("convention", ["definition", "smclarify"])
def test_oracle(people, convention):
    found = values(
        people,
        positive="1",
        predicted="yhat",
        group_variable="group",
        features=["x1", "x2"],
        convention=convention,
    )
    oracle = ORACLE if convention == "smclarify" else ORACLE | {"FT": 0.75}
    assert found.keys() == oracle.keys()
    # The oracle has ten decimals.
    assert found == pytest.approx(oracle, rel=0, abs=1e-9)


def test_oracle_several_labels():
    counts = {"a": (4, 4, 2), "d": (2, 1, 7)}
    labels = ("rejected", "waiting", "accepted")
    rows = [
        (facet, label)
        for facet, of_facet in counts.items()
        for label, n in zip(labels, of_facet, strict=True)
        for _ in range(n)
    ]
    found = values(frame(rows), positive="accepted")
    oracle = {
        "KL": 0.5812240229728607,
        "JS": 0.13872453461100998,
        "LP": 0.6164414002968976,
        "TVD": 0.5,
        "KS": 0.5,
    }
    assert {m: found[m] for m in oracle} == pytest.approx(oracle, rel=0, abs=1e-12)
    # Several labels may be positive together; the distances still compare all three.
    both = values(frame(rows), positive=["waiting", "accepted"])
    assert both["DPL"] == pytest.approx(0.6 - 0.8)
    assert both["KL"] == found["KL"]


def test_oracle_threshold():
    ages = [22, 25, 30, 35, 39, 40, 41, 45, 50, 60]
    data = pd.DataFrame({"age": ages, "y": [0, 1, 0, 1, 1, 1, 0, 1, 1, 1]})
    table = bias.report(
        data, label="y", positive=1, facets={"age": bias.Above(40)}, methods=["CI", "DPL"]
    ).table
    assert table["value_or_threshold"].unique() == ["(40, 60]"]
    assert table["members"].unique() == [4]
    assert table["value"].tolist() == pytest.approx([0.2, -0.08333333333333337], abs=1e-12)


@pytest.mark.parametrize(
    ("metric", "a", "d", "expected"),
    [
        ("RD", (65, 0, 5, 30), (20, 0, 7, 23), 65 / 70 - 20 / 27),
        ("SD", (70, 10, 0, 20), (27, 5, 0, 18), 18 / 23 - 20 / 30),
        ("TE", (43, 6, 8, 43), (21, 2, 5, 22), 5 / 2 - 8 / 6),
        ("AD", (40, 10, 10, 40), (20, 10, 10, 10), 0.8 - 0.6),
        ("DCA", (60, 0, 10, 30), (20, 10, 0, 20), 0.5),
        ("DI", (60, 0, 0, 40), (50, 0, 0, 50), 0.5 / 0.6),
    ],
)
def test_examples_of_the_guide(metric, a, d, expected):
    found = values(confusion(a, d), predicted="yhat", methods=[metric])
    assert found == pytest.approx({metric: expected}, abs=1e-12)


def test_simpsons_reversal():
    """Women are admitted more often in each department and less often overall."""
    counts = {  # department: (women admitted, refused, men admitted, refused)
        "easy": (9, 1, 80, 20),
        "hard": (30, 70, 2, 8),
    }
    rows = []
    for group, (women, refused_women, men, refused_men) in counts.items():
        rows += [("d", 1, 0, group)] * women + [("d", 0, 0, group)] * refused_women
        rows += [("a", 1, 0, group)] * men + [("a", 0, 0, group)] * refused_men
    data = frame(rows).assign(everyone="all")
    overall = values(data, group_variable="everyone")
    within = values(data, group_variable="group")
    assert overall["CDDL"] == pytest.approx(71 / 99 - 39 / 121)
    assert within["CDDL"] == pytest.approx((1 / 21 - 9 / 89 + 70 / 78 - 30 / 32) / 2)
    assert overall["DPL"] > 0
    assert overall["CDDL"] > 0 > within["CDDL"]


# Where definition and smclarify differ ------------------------------------------------

ONE_FACET_ONLY = frame([("a", 0)] * 5 + [("a", 1)] * 5 + [("d", 0)] * 10)


def test_labels_that_stand_in_one_facet_only():
    options = {"methods": ["KL", "JS", "LP", "TVD", "KS"]}
    data = ONE_FACET_ONLY.astype({"y": "category"})
    assert values(data, **options) == pytest.approx(
        {
            "KL": math.inf,
            "JS": 0.75 * math.log(4 / 3),  # (ln(2/3) + ln 2) / 4 + ln(4/3) / 2
            "LP": math.sqrt(0.5),
            "TVD": 0.5,
            "KS": 0.5,
        }
    )
    smclarify = values(data, **options, convention="smclarify")
    assert smclarify["KL"] == pytest.approx(0.5 * math.log(0.5))  # below zero
    assert smclarify["JS"] == pytest.approx(0.0425, abs=5e-5)
    assert smclarify["LP"] == smclarify["KS"] == 0.5
    assert smclarify["TVD"] == 0.25


def test_no_shared_label():
    data = frame([("a", 1)] * 3 + [("d", 0)] * 2)
    found = values(data)
    assert found["JS"] == pytest.approx(math.log(2))
    assert found["LP"] == pytest.approx(math.sqrt(2))
    assert found["TVD"] == found["KS"] == 1
    data = data.astype({"y": "category"})
    options = {"label": "y", "positive": 1, "facets": {"facet": "d"}, "methods": ["KL"]}
    table = bias.report(data, **options, convention="smclarify").table
    assert math.isnan(table["value"][0])
    assert table["note"][0] == "undefined: the facets share no label"


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_small_integer_labels(dtype):
    data = ONE_FACET_ONLY.assign(yhat=1).astype({"y": dtype, "yhat": dtype})
    assert values(data)["DPL"] == 0.5
    assert values(data, convention="smclarify")["DPL"] == 0  # "1" is read as above 1
    assert values(data, positive=0, convention="smclarify")["DPL"] == 0.5  # above 0
    with pytest.raises(ValueError, match=r"positive in no row, and smclarify stops.*\(1"):
        values(data, predicted="yhat", convention="smclarify")
    # In a larger frame integers are categories again, and so are several values.
    larger = pd.concat([data] * 3)
    as_category = values(larger, convention="smclarify")["DPL"]
    assert as_category == (0.5 if dtype == "int64" else 0)
    assert values(data, positive=[1, 1], convention="smclarify")["DPL"] == 0.5


def test_small_integer_facet_is_a_threshold_in_smclarify():
    data = pd.DataFrame({"age": [20, 30, 40, 50], "y": list("nppn")})
    options = {"positive": "p", "facets": {"age": 30}, "methods": ["CI"]}
    assert values(data, **options) == {"CI": 0.5}  # one person is 30
    assert values(data, **options, convention="smclarify") == {"CI": 0.0}  # two are older


def test_cdd_is_not_the_guides_formula_without_a_facet(people):
    negative, positive = people["y"] == "0", people["y"] == "1"
    literal = 0
    for group in ("X", "Y"):
        rows = people["group"] == group
        share = (negative & rows).sum() / negative.sum()
        share -= (positive & rows).sum() / positive.sum()
        literal += rows.mean() * share
    assert literal == pytest.approx(0.0616, abs=5e-5)
    found = values(people, positive="1", group_variable="group")["CDDL"]
    assert found == pytest.approx(0.4291666667)


def test_cdd_of_a_group_with_one_outcome():
    """In the second group all are accepted: no disparity, but -1/2 in smclarify."""
    first = [("a", 1, 1, "X"), ("a", 0, 0, "X"), ("d", 1, 1, "X"), ("d", 0, 0, "X")]
    second = [("a", 1, 1, "Y"), ("d", 1, 1, "Y")] * 2
    data = frame(first + second).astype({"y": "category", "yhat": "category"})
    options = {"group_variable": "group", "predicted": "yhat", "methods": ["CDDL", "CDDPL"]}
    assert values(data, **options) == {"CDDL": 0, "CDDPL": 0}
    expected = {"CDDL": -0.25, "CDDPL": -0.25}
    assert values(data, **options, convention="smclarify") == expected


def test_zero_divided_by_zero():
    """Nobody in d is predicted positive, nobody in a negative."""
    data = confusion(a=(3, 2, 0, 0), d=(0, 0, 2, 3)).astype({"y": "category"})
    data["yhat"] = data["yhat"].astype("category")
    found = values(data, predicted="yhat")
    undefined = {metric for metric, value in found.items() if math.isnan(value)}
    assert undefined == {"CDDL", "CDDPL", "FT", "DAR", "DRR"}
    assert found["DI"] == 0
    assert found["DCA"] == -math.inf
    assert found["DCR"] == -math.inf
    assert found["TE"] == math.inf
    smclarify = values(data, predicted="yhat", convention="smclarify")
    assert (smclarify["DAR"], smclarify["DRR"]) == (0.6, 0.6)
    assert smclarify["TE"] == math.inf


def test_two_infinite_ratios():
    data = confusion(a=(1, 0, 2, 3), d=(2, 0, 1, 3)).astype({"y": "category"})
    data["yhat"] = data["yhat"].astype("category")
    assert math.isnan(values(data, predicted="yhat")["TE"])
    assert values(data, predicted="yhat", convention="smclarify")["TE"] == 0


def test_ge_is_not_bounded_by_one_half():
    """The guide says 0 to 0.5. It is 0 for right and for all false positive predictions."""
    mostly_false_negative = confusion(a=(1, 0, 4, 1), d=(0, 0, 5, 0))
    expected = (11 * 2 / 4 - 1) / 2  # two of eleven benefits are 1, the others 0
    options = {"predicted": "yhat", "methods": ["GE"]}
    assert values(mostly_false_negative, **options)["GE"] == pytest.approx(2.25)
    assert expected == 2.25
    right = confusion(a=(2, 0, 0, 2), d=(1, 0, 0, 3))
    assert values(right, **options)["GE"] == 0


# Brute force, row by row --------------------------------------------------------------


def share(rows, condition):
    return ratio(sum(condition(row) for row in rows), len(rows))


def ratio(top, bottom):
    if bottom == 0:
        return math.nan if top == 0 else math.inf
    return top / bottom


def difference(x, y):
    return math.nan if x == y == math.inf else x - y


def brute_force(rows):
    """All metrics but FT of rows (facet, y, yhat, group); 1 is positive, 0 and 2 not."""
    a = [row for row in rows if row[0] == "a"]
    d = [row for row in rows if row[0] == "d"]
    p_a, p_d = (
        [share(part, lambda r, k=k: r[1] == k) for k in (0, 1, 2)] for part in (a, d)
    )
    middle = [(x + y) / 2 for x, y in zip(p_a, p_d, strict=True)]
    gaps = [abs(x - y) for x, y in zip(p_a, p_d, strict=True)]

    def kl(p, q):
        terms = zip(p, q, strict=True)
        return sum(x * math.log(x / y) if y else math.inf for x, y in terms if x)

    def cdd(column):
        total = 0.0
        for group in {row[3] for row in rows}:
            inside = [row for row in rows if row[3] == group]
            refused = [row for row in inside if row[column] != 1]
            accepted = [row for row in inside if row[column] == 1]
            if refused and accepted:
                disparity = share(refused, lambda r: r[0] == "d")
                disparity -= share(accepted, lambda r: r[0] == "d")
                total += len(inside) / len(rows) * disparity
        return total

    def count(part, y=None, yhat=None):
        return sum(
            (y is None or (row[1] == 1) == y) and (yhat is None or (row[2] == 1) == yhat)
            for row in part
        )

    def rate(part, top, bottom):
        return ratio(count(part, *top), count(part, *bottom))

    def gap(first, second, top, bottom):
        return difference(rate(first, top, bottom), rate(second, top, bottom))

    benefits = [(row[2] == 1) - (row[1] == 1) + 1 for row in rows]
    mean = sum(benefits) / len(rows)
    return {
        "CI": (len(a) - len(d)) / len(rows),
        "DPL": p_a[1] - p_d[1],
        "KL": kl(p_a, p_d),
        "JS": (kl(p_a, middle) + kl(p_d, middle)) / 2,
        "LP": math.sqrt(sum(x * x for x in gaps)),
        "TVD": sum(gaps) / 2,
        "KS": max(gaps),
        "CDDL": cdd(1),
        "CDDPL": cdd(2),
        "DPPL": gap(a, d, (None, True), ()),
        "DI": ratio(rate(d, (None, True), ()), rate(a, (None, True), ())),
        "DCA": gap(a, d, (True,), (None, True)),
        "DCR": gap(d, a, (False,), (None, False)),
        "SD": gap(d, a, (False, False), (False,)),
        "RD": gap(a, d, (True, True), (True,)),
        "DAR": gap(a, d, (True, True), (None, True)),
        "DRR": gap(d, a, (False, False), (None, False)),
        "AD": share(a, lambda r: (r[1] == 1) == (r[2] == 1))
        - share(d, lambda r: (r[1] == 1) == (r[2] == 1)),
        "TE": gap(d, a, (True, False), (False, True)),
        "GE": sum((b / mean) ** 2 - 1 for b in benefits) / (2 * len(rows)),
    }


def rows_of(labels):
    """Rows (facet, y, yhat, group) with both facets and both outcomes."""
    kinds = list(itertools.product("ad", labels, labels, "XYZ"))
    codes = st.lists(st.integers(0, len(kinds) - 1), min_size=4, max_size=40)
    rows = codes.map(lambda found: [kinds[code] for code in found])
    rows = rows.filter(lambda r: len({x[0] for x in r}) == len({x[1] == 1 for x in r}) == 2)
    return rows.map(without_unknown_predictions)


def without_unknown_predictions(rows):
    known = {row[1] for row in rows}
    return [(f, y, p if p in known else y, g) for f, y, p, g in rows]


ALL = {"predicted": "yhat", "group_variable": "group"}


@given(rows_of((0, 1, 2)))
@examples(60)
def test_equals_brute_force(rows):
    found = values(frame(rows), **ALL)
    del found["FT"]
    assert found == pytest.approx(brute_force(rows), rel=1e-9, abs=1e-12, nan_ok=True)


RANGES = {
    "CI": (-1, 1), "DPL": (-1, 1), "KL": (0, math.inf), "JS": (0, math.log(2)),
    "LP": (0, math.sqrt(2)), "TVD": (0, 1), "KS": (0, 1), "CDDL": (-1, 1), "DPPL": (-1, 1),
    "DI": (0, math.inf), "SD": (-1, 1), "RD": (-1, 1), "DAR": (-1, 1), "DRR": (-1, 1),
    "AD": (-1, 1), "CDDPL": (-1, 1), "GE": (0, math.inf),
}  # fmt: skip


@given(rows_of((0, 1, 2)))
@examples(25)
def test_ranges(rows):
    found = values(frame(rows), **ALL)
    for metric, (low, high) in RANGES.items():
        value = found[metric]
        assert math.isnan(value) or low - 1e-12 <= value <= high + 1e-12, metric
    assert found["GE"] <= (len(rows) - 1) / 2 + 1e-12


@given(rows_of((0, 1, 2)))
@examples(25)
def test_facets_swapped(rows):
    data = frame(rows)
    d, a = values(data, **ALL), values(data, facets={"facet": "a"}, **ALL)
    for metric in METRICS:
        if metric in ("JS", "LP", "TVD", "KS", "GE"):
            expected = d[metric]
        elif metric == "DI":
            expected = ratio(1, d["DI"])
        elif metric == "KL":
            continue  # asymmetric
        else:
            expected = -d[metric]
        assert a[metric] == pytest.approx(expected, abs=1e-12, nan_ok=True), metric


@given(rows_of((0, 1, 2)), st.randoms(use_true_random=False), st.integers(2, 4))
@examples(20)
def test_order_names_and_copies_do_not_matter(rows, random, copies):
    data = frame(rows)
    found = values(data, **ALL)
    shuffled = random.sample(rows, len(rows)) * copies
    names = {0: "no", 1: "yes", 2: "later"}
    renamed = frame([(f, names[y], names[p], g) for f, y, p, g in shuffled])
    renamed = renamed.astype({"facet": "category", "y": object, "yhat": "category"})
    again = values(renamed, positive="yes", **ALL)
    assert again == pytest.approx(found, rel=1e-12, abs=1e-12, nan_ok=True)


@given(rows_of((0, 1)))
@examples(25)
def test_two_labels(rows):
    data = frame(rows)
    found = values(data.assign(one="one"), predicted="yhat", group_variable="one")
    assert found["TVD"] == pytest.approx(abs(found["DPL"]), abs=1e-12)
    assert found["KS"] == pytest.approx(found["TVD"], abs=1e-12)
    assert found["LP"] == pytest.approx(math.sqrt(2) * found["TVD"], abs=1e-12)
    # Without conditioning CDD has the sign of DPL, and is zero where DPL is.
    for cdd, dpl in (("CDDL", "DPL"), ("CDDPL", "DPPL")):
        close = abs(found[dpl]) < 1e-12
        assert (abs(found[cdd]) < 1e-12) == close
        assert close or np.sign(found[cdd]) == np.sign(found[dpl])
    p_a, p_d = (
        data.loc[data["facet"] == f, "y"].value_counts(normalize=True) for f in ("a", "d")
    )
    p_a, p_d = (p.reindex([0, 1], fill_value=0).to_numpy() for p in (p_a, p_d))
    # scipy takes the root of a small negative number when the two are equal.
    if not np.allclose(p_a, p_d):
        assert found["JS"] == pytest.approx(jensenshannon(p_a, p_d) ** 2, abs=1e-12)


@given(rows_of((0, 1)))
@examples(20)
def test_perfect_predictions(rows):
    data = frame(rows).assign(yhat=lambda x: x["y"])
    found = values(data, **ALL)
    assert found["DPPL"] == found["DPL"]
    assert found["CDDPL"] == found["CDDL"]
    for metric in ("DCA", "DCR", "SD", "RD", "DAR", "DRR", "AD", "GE"):
        assert math.isnan(found[metric]) or abs(found[metric]) < 1e-12, metric
    assert math.isnan(found["TE"])


# Facets, predictions, tables ----------------------------------------------------------


def test_several_facets_are_the_single_ones(people):
    data = people.assign(age=range(20, 40))
    options = {"label": "y", "positive": "1", "predicted": "yhat", "repeats": 400}
    facets = {"facet": "d", "age": bias.Above(30), "group": None}
    together = bias.report(data, facets=facets, **options).table
    single = [bias.report(data, facets={f: v}, **options).table for f, v in facets.items()]
    pd.testing.assert_frame_equal(together, pd.concat(single, ignore_index=True))
    who = together[["facet", "value_or_threshold", "members"]].drop_duplicates()
    assert who.to_numpy().tolist() == [
        ["facet", "d", 8],
        ["age", "(30, 39]", 9],
        ["group", "X", 9],
        ["group", "Y", 11],
    ]


def test_several_values_are_one_facet():
    data = pd.DataFrame({"race": list("AABBCCC"), "y": [1, 1, 0, 1, 0, 0, 1]})
    merged = data.assign(race=data["race"].replace({"C": "B"}))
    options = {"label": "y", "positive": 1}
    found = bias.report(data, facets={"race": ["B", "C"]}, **options).table
    expected = bias.report(merged, facets={"race": "B"}, **options).table
    assert found["value_or_threshold"].unique() == ["B,C"]
    pd.testing.assert_series_equal(found["value"], expected["value"])


def test_categories_without_rows_do_not_count(people):
    facet = people["facet"].astype("category").cat.add_categories("nobody")
    table = bias.report(
        people.assign(facet=facet), label="y", positive="1", facets={"facet": None}
    ).table
    assert table["value_or_threshold"].unique().tolist() == ["a", "d"]


@pytest.mark.parametrize(
    ("dtype", "positive"),
    [("bool", True), ("boolean", True), ("Int64", 1), ("float64", 1), ("string", "1")],
)
def test_types_of_labels(people, dtype, positive):
    through = "Int64" if dtype != "string" else "string"
    typed = {
        column: people[column].astype(through).astype(dtype) for column in ("y", "yhat")
    }
    data = people.assign(**typed).astype({"facet": "object"})
    found = values(data, positive=positive, **ALL)
    del found["FT"]
    assert found == pytest.approx({m: ORACLE[m] for m in found}, rel=0, abs=1e-9)


def test_probability_threshold_is_exclusive():
    data = pd.DataFrame(
        {"facet": list("aaadd"), "y": [1, 1, 0, 0, 1], "score": [0.9, 0.5, 0.51, 0.5, 0.2]}
    )
    found = values(data, predicted="score", probability_threshold=0.5, methods=["DPPL"])
    assert found["DPPL"] == pytest.approx(2 / 3)


def test_regression_label_by_threshold():
    data = pd.DataFrame(
        {"facet": list("aaadd"), "y": [5.0, 3.0, 2.0, 1.0, 4.0], "yhat": [4.0, 4, 4, 3, 1]}
    )
    result = bias.report(
        data, label="y", positive=bias.Above(3), facets={"facet": "d"}, predicted="yhat",
        methods=["DPL", "DPPL", "TVD"],
    )  # fmt: skip
    assert result.label_value_or_threshold == "(3.0, 5.0]"
    assert result.table["value"].tolist() == pytest.approx([1 / 3 - 1 / 2, 1 / 6, 1])


def test_notes_say_what_is_missing(people):
    table = bias.report(
        people, label="y", positive="1", facets={"facet": "d"}, predicted="yhat"
    ).table
    missing = table[table["value"].isna()]
    assert dict(zip(missing["metric"], missing["note"], strict=True)) == {
        "CDDL": "not computed: name a column in group_variable",
        "CDDPL": "not computed: name a column in group_variable",
        "FT": "not computed: name numeric columns in features",
    }
    assert (table.loc[table["value"].notna(), "note"] == "").all()


def test_input_is_not_changed(people):
    before = people.copy(deep=True)
    values(people, positive="1", features=["x1"], repeats=200, **ALL)
    pd.testing.assert_frame_equal(people, before)


# Intervals ----------------------------------------------------------------------------

INTERVALS = {"predicted": "yhat", "group_variable": "group", "repeats": 2000}


def population(n, seed=0, p_d=0.2, positive=(0.4, 0.25)):
    """Rows in which d is positive less often and a score sees it imperfectly."""
    rng = np.random.default_rng(seed)
    in_d = rng.random(n) < p_d
    y = rng.random(n) < np.where(in_d, positive[1], positive[0])
    yhat = np.where(rng.random(n) < 0.8, y, ~y)
    return pd.DataFrame(
        {
            "facet": np.where(in_d, "d", "a"),
            "y": y.astype(int),
            "yhat": yhat.astype(int),
            "group": rng.choice(["X", "Y"], n),
            "x": rng.normal(size=n),
        }
    )


def table_of(data, **options):
    options = {"label": "y", "positive": 1, "facets": {"facet": "d"}} | options
    return bias.report(data, **options).table.set_index("metric")


def test_intervals_are_those_of_resampled_rows():
    """Drawing cell counts is drawing rows: the quantiles agree with a row bootstrap."""
    data = population(300)
    found = table_of(data, **INTERVALS | {"repeats": 20_000})
    codes = [pd.factorize(data[c], sort=True)[0] for c in ("facet", "group", "y", "yhat")]
    cells = np.eye(16, dtype=int)[np.ravel_multi_index(codes, (2, 2, 2, 2))]
    rng = np.random.default_rng(1)
    counts = [cells[rng.integers(0, 300, 300)].sum(axis=0) for _ in range(3000)]
    tables = np.reshape(counts, (-1, 2, 2, 2, 2))
    positive = np.array([False, True])
    drawn = pd.DataFrame(
        pre_training(tables.sum(axis=-1), positive, "definition")
        | post_training(tables, positive, "definition")
    ).drop(columns=list(facet_pair.DISTANCES))
    drawn = drawn.loc[:, np.isfinite(drawn).all()]
    assert {"CI", "DPL", "CDDL", "DPPL", "DI", "RD", "DAR", "AD", "GE"} <= set(drawn)
    for quantile, end in ((0.025, "low"), (0.975, "high")):
        by_rows = drawn.quantile(quantile)
        # The quantile of 3,000 draws has a standard error of about 0.05 spreads.
        distance = (by_rows - found.loc[by_rows.index, end]).abs() / drawn.std()
        assert distance.max() < 0.25, end


def test_intervals_depend_on_the_seed_alone():
    data = population(200)
    first, again, other = (table_of(data, **INTERVALS, seed=s) for s in (3, 3, 4))
    pd.testing.assert_frame_equal(first, again)
    assert not first["low"].equals(other["low"])
    assert first["value"].equals(other["value"])


def test_intervals_hold_the_value_and_narrow_with_rows_and_level():
    features = {"features": ["x"]}
    small, large = (table_of(population(n), **INTERVALS, **features) for n in (400, 6400))
    for table in (small, large):
        # The value of a distance may lie below what is drawn: resampling adds to it.
        inside = (table["low"] <= table["value"]) & (table["value"] <= table["high"])
        assert inside.drop(list(facet_pair.DISTANCES)).all()
    width = (large["high"] - large["low"]) / (small["high"] - small["low"])
    finite = width.drop(["KL", "TE", "DCA", "DCR", "JS"])
    assert finite.between(0.15, 0.4).all()  # a quarter, give or take
    wide, narrow = (
        table_of(population(400), **INTERVALS, confidence=c, methods=["DPL"])
        for c in (0.99, 0.8)
    )
    assert wide["low"]["DPL"] < narrow["low"]["DPL"] < narrow["high"]["DPL"]


def limits(positive, n_a, n_d, metrics, worlds=200):
    """True values, and low and high of as many independent samples, (worlds, metrics)."""
    table = np.zeros((2, 1, 2, 2))  # facet, group, outcome, predicted outcome
    for facet, (rate, n) in enumerate(zip(positive, (n_a, n_d), strict=True)):
        right, wrong = 0.8 * n, 0.2 * n
        table[facet, 0, 0] = (1 - rate) * right, (1 - rate) * wrong
        table[facet, 0, 1] = rate * wrong, rate * right
    settled = (np.array([False, True]), False, None, "definition")
    truth = facet_pair.measure(facet_pair.FacetPair(table, *settled), metrics)
    rng = np.random.default_rng(0)
    samples = rng.multinomial(n_a + n_d, (table / table.sum()).ravel(), size=worlds)
    options = {"repeats": 400, "confidence": 0.95}
    found = []
    for seed, sample in enumerate(samples):
        drawn = facet_pair.FacetPair(sample.reshape(table.shape), *settled)
        rows = facet_pair.measure(drawn, metrics)
        rows = facet_pair.with_intervals(rows, drawn, seed=seed, **options)
        found.append([(row["low"], row["high"]) for row in rows])
    return np.array([row["value"] for row in truth]), *np.moveaxis(found, -1, 0)


def test_coverage():
    """Nominal 95 %, give or take three binomial errors."""
    metrics = ["CI", "DPL", "TVD", "JS", "DPPL", "DI", "RD", "SD", "DAR", "AD", "TE", "GE"]
    truth, low, high = limits((0.4, 0.25), 800, 200, metrics)
    share = ((low <= truth) & (truth <= high)).mean(axis=0)
    assert ((share > 0.90) & (share < 0.998)).all(), dict(zip(metrics, share, strict=True))


def test_coverage_of_distances_between_equal_facets():
    """The truth is zero; the percentiles alone would never hold it."""
    _, low, _ = limits((0.3, 0.3), 360, 40, list(facet_pair.DISTANCES))
    share = (low == 0).mean(axis=0)
    assert ((share > 0.90) & (share < 0.998)).all(), share


def test_low_of_a_distance_is_above_zero_when_facets_differ():
    table = table_of(population(4000, positive=(0.5, 0.2)), repeats=400)
    assert (table.loc[list(facet_pair.DISTANCES), "low"] > 0).all()


def test_small_cells_are_noted():
    data = confusion((20, 20, 20, 20), (9, 9, 2, 9))
    note = table_of(data, predicted="yhat", repeats=400)["note"]
    assert note["DPL"] == note["DPPL"] == note["DI"] == ""
    assert note["RD"] == "interval may be too narrow: smallest cell has 2 rows"


def test_no_interval_where_too_many_repeats_are_undefined():
    data = confusion((20, 20, 20, 20), (0, 1, 9, 9))
    table = table_of(data, predicted="yhat", repeats=1000)
    # d has one predicted positive: none of it in 36 % of the repeats.
    assert table["value"]["DAR"] == 0.5
    assert np.isnan(table["low"]["DAR"])
    assert np.isnan(table["high"]["DAR"])
    share = int(table["note"]["DAR"].removesuffix("% of the repeats").rsplit(maxsplit=1)[1])
    assert 31 <= share <= 41


def test_interval_of_an_infinite_value():
    table = table_of(ONE_FACET_ONLY, methods=["KL"], repeats=400)
    assert table["value"]["KL"] == table["high"]["KL"] == math.inf


# analysis.json ------------------------------------------------------------------------


def test_analysis_json(people, tmp_path):
    data = people.assign(age=range(20, 40)).astype({"y": int, "yhat": int})
    result = bias.report(
        data, label="y", positive=1, facets={"facet": None, "age": bias.Above(30)},
        predicted="yhat", features=["x1", "x2"],
    )  # fmt: skip
    found = result.to_dict()
    assert found.pop("version") == "1.0"
    assert list(found) == ["pre_training_bias_metrics", "post_training_bias_metrics"]
    for stage, names in (("pre", bias.PRE_TRAINING), ("post", bias.POST_TRAINING)):
        section = found[f"{stage}_training_bias_metrics"]
        assert section["label"] == "y"
        assert section["label_value_or_threshold"] == "1"
        assert list(section["facets"]) == ["facet", "age"]
        assert [v["value_or_threshold"] for v in section["facets"]["facet"]] == ["a", "d"]
        (age,) = section["facets"]["age"]
        assert age["value_or_threshold"] == "(30, 39]"
        assert [m["name"] for m in age["metrics"]] == sorted(names)
    in_d = found["pre_training_bias_metrics"]["facets"]["facet"][1]["metrics"]
    assert in_d[1] == {
        "name": "CI",
        "description": "Class Imbalance (CI)",
        "value": pytest.approx(0.2),
    }
    assert in_d[0] == {
        "name": "CDDL",
        "description": "Conditional Demographic Disparity in Labels (CDDL)",
        "value": None,
        "error": "not computed: name a column in group_variable",
    }
    path = tmp_path / "clarify" / "analysis.json"
    assert result.to_json(path) == path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == {"version": "1.0"} | found


def test_analysis_json_without_predictions_and_with_infinity():
    found = bias.report(ONE_FACET_ONLY, label="y", positive=1, facets={"facet": "d"})
    assert list(found.to_dict()) == ["version", "pre_training_bias_metrics"]
    (facet,) = found.to_dict()["pre_training_bias_metrics"]["facets"]["facet"]
    by_name = {metric["name"]: metric for metric in facet["metrics"]}
    assert by_name["KL"]["value"] == "Infinity"
    assert "error" not in by_name["KL"]
    data = confusion((3, 2, 0, 1), (0, 0, 2, 3))
    minus = bias.report(
        data,
        label="y",
        positive=1,
        facets={"facet": "d"},
        predicted="yhat",
        methods=["DCA"],
    ).to_dict()
    (facet,) = minus["post_training_bias_metrics"]["facets"]["facet"]
    assert facet["metrics"][0]["value"] == "-Infinity"


def test_report_is_shown_as_a_table():
    found = bias.report(
        ONE_FACET_ONLY, label="y", positive=1, facets={"facet": "d"}, methods=["CI"]
    )
    assert "value_or_threshold" in repr(found)
    assert found._repr_html_().startswith("<table")


# Flip test ----------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 30))
@examples(25)
def test_flip_test_by_brute_force(seed, n_a, n_d):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_a + n_d, 3))
    disfavoured = rng.permutation(np.repeat([False, True], [n_a, n_d]))
    predicted = rng.random(n_a + n_d) < 0.5
    in_a = np.flatnonzero(~disfavoured)
    flips = 0
    for i in np.flatnonzero(disfavoured):
        distance = ((features[in_a] - features[i]) ** 2).sum(axis=1)
        nearest = in_a[np.argsort(distance)[: 5 if n_a > 9 else 1]]
        would_be = predicted[nearest].mean() > 0.5
        flips += int(would_be) - int(predicted[i])
    found = bias.flip_test(features, disfavoured, predicted)
    assert found == pytest.approx(flips / n_d)
    assert -1 <= found <= 1
    opposite = bias.flip_test(features, disfavoured, predicted, convention="smclarify")
    assert opposite == -found
    swapped = bias.flip_test(features, disfavoured, ~predicted)
    assert swapped == pytest.approx(-found)


def test_flip_test_says_who_is_treated_worse():
    features = np.arange(20.0)[:, None]
    in_d = np.arange(20) % 2 == 1
    assert bias.flip_test(features, in_d, ~in_d) == 1
    assert bias.flip_test(features, in_d, in_d) == -1
    assert bias.flip_test(features, in_d, np.ones(20)) == 0


def test_flip_test_leaves_the_facets_own_column_out():
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(60, 2)), columns=["x", "age"])
    data["y"], data["yhat"] = rng.integers(0, 2, (2, 60))
    facets = {"age": bias.Above(0)}
    options = {"facets": facets, "predicted": "yhat", "methods": ["FT"]}
    found = values(data, features=["x", "age"], **options)["FT"]
    assert found == values(data, features=["x"], **options)["FT"]
    assert found == bias.flip_test(data[["x"]], data["age"] > 0, data["yhat"])


def test_flip_test_interval():
    """Facet a stays and d is drawn: a mean over d of flips that are 1, -1 or 0."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=800)
    facet = np.repeat(["a", "d"], 400)
    chance = np.where(facet == "a", 0.0, 0.4)
    data = pd.DataFrame({"x": x, "facet": facet, "y": np.arange(800) % 2})
    data["yhat"] = (x > chance + 0.3 * rng.normal(size=800)).astype(int)
    options = {"predicted": "yhat", "methods": ["FT"], "features": ["x"]}
    row = table_of(data, **options, repeats=4000).loc["FT"]
    plain = bias.flip_test(data[["x"]], facet == "d", data["yhat"])
    worse, better = flips(x[:, None], facet == "d", data["yhat"].to_numpy() == 1)
    assert row["value"] == plain == (worse - better) / 400 > 0.05
    error = np.sqrt(((worse + better) / 400 - plain**2) / 400)
    assert row["note"] == ""
    assert row["low"] == pytest.approx(plain - 1.96 * error, abs=0.15 * error)
    assert row["high"] == pytest.approx(plain + 1.96 * error, abs=0.15 * error)


def test_flip_test_with_few_flips_is_noted():
    data = population(200).assign(yhat=0)
    row = table_of(data, predicted="yhat", features=["x"], repeats=400).loc["FT"]
    assert row["value"] == row["low"] == row["high"] == 0
    assert row["note"] == "interval may be too narrow: smallest cell has 0 rows"


@pytest.mark.parametrize(
    ("features", "disfavoured", "predicted", "message"),
    [
        ([[1.0], [2.0]], [True, True], [0, 1], "facet a has no members"),
        ([[1.0], [2.0]], [False, False], [0, 1], "facet d has no members"),
        (
            [[1.0], [2.0]],
            [False, True],
            [0, 2],
            "predicted is not a list of True",
        ),
        ([[1.0], [2.0]], [0.5, 1], [0, 1], "disfavoured is not a list of True and False"),
        ([[1.0], [2.0]], [False, True, True], [0, 1], "lengths differ: features 2, disf"),
        ([["low"], ["high"]], [False, True], [0, 1], "features hold text"),
        ([[1.0], [np.nan]], [False, True], [0, 1], "missing or infinite in 1 of 2 rows"),
        ([[1.0], [np.inf]], [False, True], [0, 1], "missing or infinite in 1 of 2 rows"),
        ([1.0, 2.0], [False, True], [0, 1], r"shape \(2,\), expected \(n_rows"),
        ([[], []], [False, True], [0, 1], r"shape \(2, 0\), expected \(n_rows"),
        ([], [], [], r"shape \(0,\), expected \(n_rows"),
    ],
)
def test_flip_test_bad_input(features, disfavoured, predicted, message):
    with pytest.raises(ValueError, match=message):
        bias.flip_test(features, disfavoured, predicted)


def test_flip_test_unknown_convention():
    with pytest.raises(ValueError, match="convention is 'guide', expected one of 'defi"):
        bias.flip_test([[1.0], [2.0]], [False, True], [0, 1], convention="guide")


# Reweighing ---------------------------------------------------------------------------


def test_reweigh_example_of_the_paper():
    """Five men, of whom four are accepted, and five women, of whom two are."""
    sex = ["m"] * 5 + ["f"] * 5
    accepted = [1, 1, 1, 1, 0, 1, 1, 0, 0, 0]
    weights = bias.reweigh(sex, accepted)
    assert weights[[0, 4, 5, 9]] == pytest.approx([0.75, 2, 1.5, 2 / 3])


@given(rows_of((0, 1, 2)))
@examples(25)
def test_reweigh_makes_facet_and_label_independent(rows):
    rows += itertools.product("ad", {row[1] for row in rows}, [0], ["X"])  # no empty cell
    data = frame(rows)
    facets, labels = (pd.factorize(data[c], sort=True)[0] for c in ("facet", "y"))
    counts = np.zeros((2, labels.max() + 1))
    np.add.at(counts, (facets, labels), 1)
    weights = bias.reweigh(data["facet"], data["y"])
    assert (weights > 0).all()
    assert weights.mean() == pytest.approx(1)
    weighted = np.zeros(counts.shape)
    np.add.at(weighted, (facets, labels), weights)
    by_facet, by_label = weighted.sum(axis=1), weighted.sum(axis=0)
    assert by_facet == pytest.approx(counts.sum(axis=1))
    assert by_label == pytest.approx(counts.sum(axis=0))
    assert weighted == pytest.approx(np.outer(by_facet, by_label) / len(rows))


def test_reweigh_leaves_independent_data_alone():
    assert bias.reweigh(list("aadd"), [0, 1, 0, 1]).tolist() == [1, 1, 1, 1]
    assert bias.reweigh(list("aad"), [1, 1, 1]).tolist() == [1, 1, 1]  # one label


@pytest.mark.parametrize(
    ("facet", "label", "message"),
    [
        ([], [], "facet has no rows"),
        (["a", "d"], [1], "lengths differ: facet 2, label 1"),
        (["a", None], [0, 1], "facet is missing in 1 of 2 rows"),
        (["a", "d"], [0, np.nan], "label is missing in 1 of 2 rows"),
        (["a", "d"], [0, np.inf], "label is infinite in 1 of 2 rows"),
        (["a", 1], [0, 1], "facet holds values of several types"),
        (["a", "a", "d"], [0, 1, 1], "no row has facet 'd' and label 0"),
    ],
)
def test_reweigh_bad_input(facet, label, message):
    with pytest.raises(ValueError, match=message):
        bias.reweigh(facet, label)


# Bad input ----------------------------------------------------------------------------

GOOD = pd.DataFrame(
    {
        "facet": ["a", "a", "d", "d"],
        "y": [0, 1, 0, 1],
        "yhat": [0, 1, 0, 1],
        "group": ["X", "X", "Y", "Y"],
        "age": [20, 30, 40, 50],
        "score": [0.1, 0.9, 0.2, 0.8],
    }
)
AGE, YHAT = {"facets": {"age": bias.Above(40)}}, {"predicted": "yhat"}


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"label": "income"}, "column 'income' stands 0 times in data, .*'facet', 'y'"),
        ({}, {"facets": {"sex": "d"}}, "column 'sex' stands 0 times"),
        ({}, {"predicted": "prediction"}, "column 'prediction' stands 0 times"),
        ({}, {"group_variable": "dept"}, "column 'dept' stands 0 times"),
        ({}, YHAT | {"features": ["height"]}, "column 'height' stands 0 times"),
        ({}, {"facets": {}}, "facets is empty"),
        ({}, {"positive": 2}, "label 'y' has no row with the value 2, expected .* 0, 1"),
        ({}, {"positive": "1"}, "label 'y' has no row with the value '1'"),
        ({}, {"positive": []}, "no value is given for label 'y'"),
        ({}, {"positive": [0, 1]}, "label 'y' is positive in every row"),
        ({"y": 1}, {}, "label 'y' is positive in every row, expected both outcomes"),
        ({}, {"positive": bias.Above(7)}, "label 'y' is negative in every row"),
        ({"y": [0, 1, np.nan, 1]}, {}, "label 'y' is missing in 1 of 4 rows.*Drop"),
        ({"y": [0, 1, np.inf, 1]}, {}, "label 'y' is infinite in 1 of 4 rows"),
        ({"y": [0, 1, "1", 1]}, {}, "label 'y' holds values of several types"),
        ({"facet": ["a", "a", "d", None]}, {}, "facet 'facet' is missing in 1 of 4 rows"),
        ({"facet": ["a", "a", "d", 4]}, {}, "facet 'facet' holds values of several types"),
        ({}, {"facets": {"facet": "x"}}, "facet 'facet' has no row with the value 'x'"),
        ({}, {"facets": {"facet": ["a", "d"]}}, "facet 'facet' has no rows besides a,d"),
        ({"facet": "d"}, {}, "facet 'facet' has no rows besides d"),
        ({"facet": "d"}, {"facets": {"facet": None}}, "has 1 distinct values, expected 2"),
        ({"age": range(20, 24)}, AGE, "facet 'age' has no rows above 40.*from 20 to 23"),
        ({"age": range(60, 64)}, AGE, "facet 'age' has all rows above 40"),
        ({"age": [1, 2, 3, np.inf]}, AGE, "facet 'age' is infinite in 1 of 4 rows"),
        ({"age": ["x", "y", "x", "y"]}, AGE, "facet 'age' is of type .*, expected num"),
        (
            {"group": ["X", None] * 2},
            {"group_variable": "group"},
            "'group' is missing in 2",
        ),
        ({}, {"predicted": "score"}, "'score' holds 0.1, .*give probability_threshold"),
        ({"yhat": [0, 1, 2, 1]}, YHAT, "prediction 'yhat' holds 2, expected the values"),
        ({"yhat": [0, 1, None, 1]}, YHAT, "prediction 'yhat' is missing in 1 of 4"),
        ({}, {"probability_threshold": 0.5}, "is given without predictions"),
        ({"yhat": "0"}, YHAT | {"probability_threshold": 0.5}, "'yhat' is of type"),
        ({}, {"methods": ["CI", "XX"]}, r"methods is \['CI', 'XX'\], expected 'all' or"),
        ({}, {"methods": []}, "expected 'all' or a list"),
        ({}, {"methods": ["CI", "DI"]}, "DI needs predictions: name the column"),
        ({}, {"convention": "guide"}, "convention is 'guide', expected one of 'def"),
        ({}, {"repeats": 100}, "repeats is 100, expected 0 for no .* at least 200"),
        ({}, {"repeats": -1}, "repeats is -1"),
        ({}, {"confidence": 95}, "confidence is 95, expected between 0 and 1"),
        ({}, YHAT | {"features": ["y"]}, "features holds the label or the prediction"),
        ({}, YHAT | {"features": ["facet"]}, "features have shape"),
        ({}, YHAT | {"features": ["group"]}, "features hold text"),
        ({"age": [1, 2, np.nan, 4]}, YHAT | {"features": ["age"]}, "missing or infinite"),
        (
            {"y": list("npnp")},
            {"positive": "p", "facets": {"score": None}, "convention": "smclarify"},
            "threshold is None, expected a finite number",
        ),
    ],
)
def test_bad_input(change, options, message):
    options = {"label": "y", "positive": 1, "facets": {"facet": "d"}} | options
    with pytest.raises(ValueError, match=message):
        bias.report(GOOD.assign(**change), **options)


def test_frames_that_are_none():
    options = {"label": "y", "positive": 1, "facets": {"facet": "d"}}
    with pytest.raises(ValueError, match="data has no rows"):
        bias.report(GOOD.iloc[:0], **options)
    with pytest.raises(ValueError, match="data is list, expected a pandas DataFrame"):
        bias.report([1, 2], **options)
    twice = pd.concat([GOOD, GOOD[["y"]]], axis=1)
    with pytest.raises(ValueError, match="column 'y' stands 2 times in data"):
        bias.report(twice, **options)


def test_too_many_values():
    data = pd.DataFrame({"facet": np.arange(101), "y": np.arange(101) % 2})
    with pytest.raises(ValueError, match="has 101 distinct values, expected 2 to 100"):
        bias.report(data, label="y", positive=1, facets={"facet": None})
    data = pd.DataFrame({"facet": np.arange(600_000) % 2, "y": np.arange(600_000)})
    with pytest.raises(ValueError, match="2 x 1 x 600,000 x 2 cells, expected at most 1"):
        bias.report(data, label="y", positive=1, facets={"facet": 1})


@pytest.mark.parametrize("threshold", ["40", None, np.nan, np.inf])
def test_above_bad_threshold(threshold):
    with pytest.raises(ValueError, match="expected a finite number, as Above"):
        bias.Above(threshold)


def test_model_that_predicts_one_class(people):
    """A documented result: what is defined is given, the rest is undefined and says why."""
    data = people.assign(yhat="0")
    table = bias.report(
        data, label="y", positive="1", facets={"facet": "d"}, predicted="yhat",
        group_variable="group", features=["x1", "x2"],
    ).table.set_index("metric")  # fmt: skip
    assert table["value"]["DPPL"] == table["value"]["CDDPL"] == table["value"]["FT"] == 0
    undefined = table[table["value"].isna()]["note"].to_dict()
    assert undefined == {
        "DI": "undefined: no row is predicted positive",
        "DCA": "undefined: a facet has neither observed nor predicted positives, or no row "
        "is predicted positive",
        "DAR": "undefined: a facet has no predicted positives",
        "TE": "undefined: a facet has neither false negatives nor false positives, or no "
        "facet has false positives",
    }


# A value is what it is in every type of column


def forms(numbers):
    """Return columns that hold the same whole numbers."""
    yield pd.Series(numbers, dtype="int64")
    yield pd.Series(numbers, dtype="float64")
    yield pd.Series(numbers, dtype="float32")
    yield pd.Series(numbers, dtype="Int64")
    yield pd.Series(numbers, dtype="int64[pyarrow]")
    yield pd.Series(numbers, dtype=object)
    yield pd.Series([float(n) for n in numbers], dtype=object)
    yield pd.Series([Decimal(n) for n in numbers], dtype=object)
    yield pd.Series(pd.Categorical(numbers, sorted(set(numbers), reverse=True)))
    yield pd.Series(pd.Categorical([float(n) for n in numbers]))


ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 3)),
    min_size=4,
    max_size=12,
).filter(
    lambda rows: (
        len({facet for facet, _, _ in rows}) > 1
        and {y == 1 for _, y, _ in rows} == {True, False}
        and {yhat for _, _, yhat in rows} <= {y for _, y, _ in rows}
    )
)


@settings(deadline=None, max_examples=30)
@given(ROWS, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_a_value_is_the_same_in_every_type_of_column(rows, facet_form, y_form, yhat_form):
    plain = frame(rows, columns=("facet", "y", "yhat"))
    d = rows[0][0]

    def table(data):
        return bias.report(
            data, label="y", positive=1, facets={"facet": d}, predicted="yhat"
        ).table[["metric", "value", "members"]]

    chosen = {"facet": facet_form, "y": y_form, "yhat": yhat_form}
    other = pd.DataFrame(
        {name: list(forms(plain[name].tolist()))[form] for name, form in chosen.items()}
    )
    # Categories in another order are summed in that order.
    pd.testing.assert_frame_equal(table(other), table(plain), rtol=1e-12, atol=1e-12)
    cells = {(facet, y) for facet, y, _ in rows}
    if len(cells) == plain["facet"].nunique() * plain["y"].nunique():
        weights = bias.reweigh(other["facet"], other["y"])
        assert weights == pytest.approx(bias.reweigh(plain["facet"], plain["y"]))


@given(
    st.lists(
        st.floats(0, 1, width=32) | st.sampled_from([np.float32(0.1), np.float32(0.3)]),
        min_size=4,
        max_size=8,
    ),
    st.sampled_from([0.1, 0.3, 0.5, 0.7]),
)
def test_scores_lie_above_the_same_threshold_in_float32(scores, threshold):
    places = np.arange(len(scores))
    data = pd.DataFrame({"facet": places % 2, "y": places // 2 % 2})
    data["score"] = np.array(scores, dtype="float32")
    one, other = (
        bias.report(
            data.astype({"score": dtype}),
            label="y",
            positive=1,
            facets={"facet": 1},
            predicted="score",
            probability_threshold=threshold,
        ).table
        for dtype in ("float32", "float64")
    )
    assert one.equals(other)
    above = sum(float(score) > threshold for score in data["score"][data["facet"] == 1])
    of_d = (data["facet"] == 1).sum()
    of_a = [float(s) > threshold for s in data["score"][data["facet"] == 0]]
    dppl = one.set_index("metric").loc["DPPL", "value"]
    assert dppl == pytest.approx(np.mean(of_a) - above / of_d)


def test_whole_numbers_that_no_float_tells_apart():
    big = 2**53
    data = pd.DataFrame({"f": [big, big + 1, big + 1, big], "y": [0, 1, 1, 0]})
    for wanted in (big + 1, [big + 1], bias.Above(float(big)), bias.Above(big)):
        found = bias.report(data, label="y", positive=1, facets={"f": wanted}).table
        assert found.set_index("metric").loc["DPL", "value"] == -1


@pytest.mark.parametrize(
    ("column", "d"),
    [
        (pd.cut([1, 5, 9, 5], [0, 4, 10]), pd.Interval(0, 4)),
        (pd.IntervalIndex(pd.cut([1, 5, 9, 5], [0, 4, 10])), pd.Interval(0, 4)),
        (pd.to_datetime(["2024-01-31", "2025-01-01", "2025-01-01", "2025-01-01"]), None),
        (pd.PeriodIndex(["2024-01", "2024-02", "2024-02", "2024-02"], freq="M"), None),
        (
            pd.Series([pd.Timestamp("2024-01-01").date()] * 3 + [pd.Timestamp.max.date()]),
            None,
        ),
        (pd.to_timedelta([1, 2, 2, 2], unit="h"), pd.Timedelta(1, "h")),
    ],
)
def test_bands_and_dates_as_facets(column, d):
    data = pd.DataFrame({"f": column, "y": [0, 1, 1, 0]})
    report = bias.report(data, label="y", positive=1, facets={"f": d})
    facets = json.loads(report.to_json())["pre_training_bias_metrics"]["facets"]["f"]
    assert len(facets) == (1 if d is not None else 2)


def test_columns_that_are_one_in_json():
    data = pd.DataFrame({1: [0, 1, 0, 1], "1": [0, 0, 1, 1], "y": [0, 1, 1, 0]})
    with pytest.raises(ValueError, match="two are one text .* Rename"):
        bias.report(data, label="y", positive=1, facets={1: 1, "1": 1})


@pytest.mark.parametrize("facets", [["f"], "f", None, {}])
def test_facets_that_are_no_mapping(facets):
    data = pd.DataFrame({"f": [0, 1], "y": [0, 1]})
    with pytest.raises(ValueError, match="expected columns with the values of d"):
        bias.report(data, label="y", positive=1, facets=facets)


@pytest.mark.parametrize(
    "wanted", [pd.Series([1]), np.array(1), np.array([1]), range(1, 2), {1: "one"}, (1,)]
)
def test_values_may_come_in_any_collection(wanted):
    data = pd.DataFrame({"f": [0, 1, 1, 0], "y": [0, 1, 1, 1]})
    expected = bias.report(data, label="y", positive=1, facets={"f": 1}).table
    found = bias.report(data, label="y", positive=wanted, facets={"f": wanted}).table
    assert found.drop(columns="value_or_threshold").equals(
        expected.drop(columns="value_or_threshold")
    )


@pytest.mark.parametrize(
    "values", [[[1], [2]], pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64())))]
)
def test_values_that_cannot_be_compared(values):
    data = pd.DataFrame({"f": values, "y": [0, 1]})
    with pytest.raises(ValueError, match="several types|cannot be compared"):
        bias.report(data, label="y", positive=1, facets={"f": None})


@pytest.mark.parametrize(
    "options", [{"repeats": 500.0}, {"repeats": "many"}, {"confidence": "95"}]
)
def test_options_of_another_type(options):
    data = pd.DataFrame({"f": [0, 1], "y": [0, 1]})
    with pytest.raises(ValueError, match=r"repeats is|confidence is"):
        bias.report(data, label="y", positive=1, facets={"f": 1}, **options)


def test_flags_with_gaps():
    flags = pd.array([True, None, False], dtype="boolean")
    with pytest.raises(ValueError, match="is not a list of True and False"):
        bias.flip_test([[1], [2], [3]], flags, [1, 0, 1])


def test_a_threshold_beyond_every_float():
    data = pd.DataFrame({"f": [0, 1], "y": [0, 1]})
    with pytest.raises(ValueError, match="no rows above"):
        bias.report(data, label="y", positive=1, facets={"f": bias.Above(10**400)})
