"""Matching: known values, DuckDB as an oracle, properties, and messages about bad input."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs_lib.prepare import matches

WORDS = st.text(alphabet="abcdeXYZ -.19", max_size=14)
HOW = {"name": "text", "city": "exact"}


# Similarity -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("MARTHA", "MARHTA", 0.9611),
        ("DWAYNE", "DUANE", 0.8400),
        ("DIXON", "DICKSONX", 0.8133),
        ("abc", "abc", 1.0),
        ("abc", "xyz", 0.0),
        ("", "abc", 0.0),
        ("", "", 1.0),
        ("a", "a", 1.0),
        ("a", "b", 0.0),
        ("müller", "müler", 0.9611),
    ],
)
def test_jaro_winkler_known_values(a, b, expected):
    assert matches.jaro_winkler([a], [b])[0] == pytest.approx(expected, abs=6e-5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=20))
def test_jaro_winkler_is_duckdbs(pairs):
    a, b = map(list, zip(*pairs, strict=True))
    table = pd.DataFrame({"a": a, "b": b})
    with duckdb.connect() as connection:
        connection.register("t", table)
        query = "select jaro_winkler_similarity(a, b) as s from t"
        theirs = connection.sql(query).df()["s"].to_numpy()
    empty = np.array([x == y == "" for x, y in pairs])
    ours = matches.jaro_winkler(a, b)
    assert ours[~empty] == pytest.approx(theirs[~empty], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), max_size=20))
def test_similarities_are_symmetric_and_between_0_and_1(pairs):
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    for alike in (matches.jaro_winkler, matches.dice):
        there, back = alike(a, b), alike(b, a)
        assert there == pytest.approx(back)
        assert ((there >= 0) & (there <= 1 + 1e-12)).all()
        assert alike(a, a) == pytest.approx(np.ones(len(a)))


def test_a_pair_does_not_depend_on_its_company():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abcd"), rng.integers(0, 30))) for _ in range(300)]
    a, b = texts, texts[::-1]
    for alike in (matches.jaro_winkler, matches.dice):
        together = alike(a, b)
        alone = [alike([x], [y])[0] for x, y in zip(a, b, strict=True)]
        assert together == pytest.approx(alone)


def test_dice_counts_pairs_of_letters():
    # " n", "ni", "ig", "gh", "ht", "t " and " n", "na", "ac", "ch", "ht", "t ": three in common.
    assert matches.dice(["night"], ["nacht"])[0] == pytest.approx(2 * 3 / 12)
    assert matches.dice(["hotel bel air"], ["bel air hotel"])[0] == pytest.approx(1.0)
    assert list(matches.dice(["", "", "a"], ["", "a", ""])) == [1, 0, 0]


@pytest.mark.parametrize("alike", [matches.jaro_winkler, matches.dice])
def test_similarity_refuses(alike):
    with pytest.raises(ValueError, match="a has 1 texts and b 2"):
        alike(["a"], ["b", "c"])
    with pytest.raises(ValueError, match="expected texts"):
        alike(["a"], [None])


# Blocking -------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["", "x", "y", "z"]), st.integers(0, 2)), max_size=15
    )
)
def test_candidates_are_all_pairs_that_share_a_key(rows):
    first = [a for a, _ in rows]
    second = [None if b == 0 else str(b) for _, b in rows]
    found = matches.candidate_pairs({"first": first, "second": second})
    expected = [
        [i, j]
        for i in range(len(rows))
        for j in range(i + 1, len(rows))
        if (first[i] and first[i] == first[j]) or (second[i] and second[i] == second[j])
    ]
    assert found.tolist() == expected


def test_more_keys_keep_what_fewer_kept():
    rng = np.random.default_rng(0)
    keys = {name: rng.integers(0, 50, 200).astype(str) for name in "abc"}
    fewer = matches.candidate_pairs({"a": keys["a"]})
    more = matches.candidate_pairs(keys)
    assert set(map(tuple, fewer)) <= set(map(tuple, more))


def test_blocking_refuses():
    with pytest.raises(ValueError, match="keys is empty"):
        matches.candidate_pairs({})
    with pytest.raises(ValueError, match="different lengths"):
        matches.candidate_pairs({"a": ["x"], "b": ["x", "y"]})
    with pytest.raises(ValueError, match="'a' makes 4,950 pairs.*'x' with 100 records"):
        matches.candidate_pairs({"a": ["x"] * 100}, most=4_000)


# Comparison -----------------------------------------------------------------------------

RECORDS = pd.DataFrame(
    {"name": ["martha", "marhta", None, "duane"], "city": ["b", "b", "c", ""]}
)


def test_compare_says_what_is_missing():
    alike = matches.compare(RECORDS, [[0, 1], [0, 2], [2, 3]], HOW)
    assert alike["name"].round(4).tolist() == [0.9611, 0, 0]
    assert alike["name missing"].tolist() == [0, 1, 1]
    assert alike["city"].tolist() == [1, 0, 0]
    assert alike["city missing"].tolist() == [0, 0, 1]
    assert list(matches.compare(RECORDS, [], HOW)) == list(alike)


@pytest.mark.parametrize(
    ("pairs", "how", "message"),
    [
        ([[0, 1]], {}, "how is empty"),
        ([[0, 1]], {"town": "text"}, "no column 'town'"),
        ([[0, 1]], {"name": "fuzzy"}, "is 'fuzzy', expected one of text, words, exact"),
        ([[0, 9]], HOW, "from 0 to 9, but there are 4 records"),
        ([[1, 1]], HOW, "a record beside itself"),
        ([0, 1], HOW, "expected two whole numbers a row"),
        ([[0.5, 1]], HOW, "expected two whole numbers a row"),
    ],
)
def test_compare_refuses(pairs, how, message):
    with pytest.raises(ValueError, match=message):
        matches.compare(RECORDS, pairs, how)


# Labels ---------------------------------------------------------------------------------


def file_of(text):
    rows = [(s, x) for part in text.split() for s, xs in [part.split(":")] for x in xs]
    return pd.DataFrame(rows, columns=["labeling_set_id", "label"])


def test_labels_of_the_guides_example():
    said = matches.labelled_pairs(file_of("abc:ABAA def:AABCB ghi:AA xyz:AB"))
    assert said["match"].sum() == 6
    assert (~said["match"]).sum() == 12


def test_labels_say_nothing_across_sets_and_know_case():
    assert len(matches.labelled_pairs(file_of("s:AB t:AB"))) == 2
    assert not matches.labelled_pairs(file_of("s:Aa"))["match"].any()


def test_a_file_filled_in_says_the_truth():
    entity = np.array([7, 7, 3, 3, 5])
    records = pd.DataFrame({"name": list("abcde")})
    sets = pd.DataFrame(
        {"labeling_set_id": ["S1"] * 3 + ["S2"] * 3, "record": [2, 0, 1, 4, 3, 2]}
    )
    file = matches.labelling_file(records, sets, entity)
    assert file["label"].tolist() == ["A", "B", "B", "A", "B", "B"]
    said = matches.labelled_pairs(file, columns=["name"])
    at = sets["record"].to_numpy()
    truth = entity[at[said["left"]]] == entity[at[said["right"]]]
    assert (truth == said["match"]).all()
    with pytest.raises(ValueError, match="one value for each of 5 records"):
        matches.labelling_file(records, sets, entity[:3])


@pytest.mark.parametrize(
    ("frame", "columns", "message"),
    [
        (file_of("s:AB").iloc[:, ::-1], None, "first two columns are"),
        (file_of("s:AB"), ["name"], "expected the columns of the source"),
        (file_of("s:A t:AB"), None, "'s' has 1 row"),
        (file_of("s:" + 31 * "A"), None, "'s' has 31 row"),
        (file_of("s:AB").assign(label=["A", None]), None, "row 1 has no label"),
    ],
)
def test_labels_refuse(frame, columns, message):
    with pytest.raises(ValueError, match=message):
        matches.labelled_pairs(frame, columns)


def test_sets_are_a_record_and_its_nearest_and_nested():
    pairs = [[0, 1], [0, 2], [0, 3], [1, 2]]
    few = matches.labelling_sets(pairs, [0.9, 0.5, 0.7, 0.1], sets=2, size=3, seed=1)
    all_ = matches.labelling_sets(pairs, [0.9, 0.5, 0.7, 0.1], sets=4, size=3, seed=1)
    assert all_.iloc[: len(few)].equals(few)
    groups = all_.groupby("labeling_set_id")["record"].agg(list)
    assert [0, 1, 3] in groups.tolist()
    with pytest.raises(ValueError, match="4 records have a neighbour"):
        matches.labelling_sets(pairs, [0.9, 0.5, 0.7, 0.1], sets=5)
    with pytest.raises(ValueError, match="sets is 0"):
        matches.labelling_sets(pairs, [0.9, 0.5, 0.7, 0.1], sets=0)
    with pytest.raises(ValueError, match="one number for each of 4 pairs"):
        matches.labelling_sets(pairs, [0.9], sets=1)


# Model and metrics ----------------------------------------------------------------------


def test_the_matcher_learns_and_refuses():
    pairs = [[0, 1], [0, 2], [0, 3], [1, 3]]
    matcher = matches.Matcher(HOW).fit(RECORDS, pairs, [1, 0, 0, 0])
    score = matcher.score(RECORDS, pairs)
    assert score.argmax() == 0
    assert ((score >= 0) & (score <= 1)).all()
    assert len(matcher.score(RECORDS, [])) == 0
    with pytest.raises(ValueError, match="all 4 labelled pairs are strangers"):
        matches.Matcher(HOW).fit(RECORDS, pairs, [0, 0, 0, 0])
    with pytest.raises(ValueError, match="all 4 labelled pairs are matches"):
        matches.Matcher(HOW).fit(RECORDS, pairs, [1, 1, 1, 1])
    with pytest.raises(ValueError, match="values besides 0 and 1"):
        matches.Matcher(HOW).fit(RECORDS, pairs, [0, 1, 2, 0])
    with pytest.raises(ValueError, match="has not been fitted"):
        matches.Matcher(HOW).score(RECORDS, pairs)
    with pytest.raises(ValueError, match="alike has the columns"):
        matcher.judge(pd.DataFrame({"name": [1.0]}))


OUTCOMES = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(OUTCOMES, st.integers(0, 3), st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]))
def test_recall_at_precision_is_the_best_of_all_thresholds(rows, lost, wanted):
    y, score = np.array([a for a, _ in rows]), np.array([s for _, s in rows])
    true = max(int(y.sum()) + lost, 1)
    recall, threshold = matches.recall_at_precision(y, score, wanted, true_pairs=true)
    options = [0.0]
    for cut in set(score):
        made = matches.metrics(y, score, cut, true_pairs=true)
        if made["Precision"] >= wanted - 1e-9:
            options.append(made["Recall"])
    assert recall == pytest.approx(max(options))
    if recall:
        assert matches.metrics(y, score, threshold, true_pairs=true)[
            "Recall"
        ] == pytest.approx(recall)


@settings(max_examples=80, deadline=None)
@given(OUTCOMES, st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]))
def test_best_threshold_is_the_best_of_all(rows, tradeoff):
    y, score = np.array([a for a, _ in rows]), np.array([s for _, s in rows])
    if not y.any():
        with pytest.raises(ValueError, match="y has no match"):
            matches.best_threshold(y, score, tradeoff)
        return

    def value(cut):
        made = matches.metrics(y, score, cut)
        if not made["NumTruePositives"]:
            return 0.0
        return 1 / (tradeoff / made["Precision"] + (1 - tradeoff) / made["Recall"])

    best = max(value(cut) for cut in set(score))
    assert value(matches.best_threshold(y, score, tradeoff)) == pytest.approx(best)


def test_metrics_count_what_blocking_lost():
    made = matches.metrics([1, 1, 0, 0], [0.9, 0.2, 0.8, 0.1], 0.5, true_pairs=4)
    assert made["Precision"] == 0.5
    assert made["Recall"] == 0.25
    counts = [made[f"Num{n}"] for n in ("TruePositives", "FalsePositives", "TrueNegatives")]
    assert counts == [1, 1, 1]
    assert made["NumFalseNegatives"] == 3
    assert made["F1"] == pytest.approx(2 * 0.5 * 0.25 / 0.75)
    assert np.isnan(matches.metrics([1], [0.1], 0.5)["Precision"])
    with pytest.raises(ValueError, match="expected at least the 2 matches"):
        matches.metrics([1, 1], [0.9, 0.2], 0.5, true_pairs=1)
    with pytest.raises(ValueError, match="threshold is 2, expected"):
        matches.metrics([1, 1], [0.9, 0.2], 2)
    with pytest.raises(ValueError, match="true_pairs is 0"):
        matches.recall_at_precision([0], [0.5], 0.9, true_pairs=0)


# Clusters -------------------------------------------------------------------------------

LINKS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] != p[1]),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(LINKS, st.lists(st.integers(0, 3), min_size=10, max_size=10))
def test_clusters_are_what_links_reach(links, entity):
    found = matches.clusters(10, links)
    reach = np.eye(10, dtype=bool)
    for a, b in links:
        reach[a, b] = reach[b, a] = True
    for k in range(10):
        reach |= reach[:, [k]] & reach[[k], :]
    assert ((found[:, None] == found[None, :]) == reach).all()
    who = np.array(entity)
    same = who[:, None] == who[None, :]
    upper = np.triu(np.ones((10, 10), dtype=bool), k=1)
    counted = matches.cluster_pairs(found, who)
    assert counted.claimed == (reach & upper).sum()
    assert counted.right == (reach & same & upper).sum()
    assert counted.true == (same & upper).sum()


def test_clusters_of_a_chain_and_of_nothing():
    assert matches.clusters(5, [[3, 4], [0, 3]]).tolist() == [0, 1, 2, 0, 0]
    assert matches.clusters(3, []).tolist() == [0, 1, 2]
    nothing = matches.cluster_pairs([0, 1], ["x", "y"])
    assert np.isnan(nothing.precision)
    assert np.isnan(nothing.recall)
    with pytest.raises(ValueError, match="match_id has 1 values and entity 2"):
        matches.cluster_pairs([0], [0, 1])


# Simulated customers --------------------------------------------------------------------


def people(n=2_000):
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "customer": rng.permutation(n),
            "home_x_km": rng.random(n) * 300,
            "home_y_km": rng.random(n) * 300,
            "age_band": rng.choice(["18-24", "35-44", "65+"], n),
        }
    )


def test_errors_are_as_frequent_as_stated_and_nothing_else_changes():
    records, truth = matches.customer_records(people(4_000), seed=3, households=0)
    number = truth["customer"].value_counts()
    assert set(number) == {1, 2}
    assert (number == 2).mean() == pytest.approx(0.5, abs=0.03)
    second = truth["errors"][truth["customer"].duplicated(keep=False)]
    for kind, share in matches.ERRORS.items():
        has = second.str.contains(kind, regex=False).sum() / (number == 2).sum()
        assert has == pytest.approx(share, abs=0.03), kind
    both = records.assign(**truth).sort_values(["customer", "errors"], kind="stable")
    pairs = both[both["customer"].duplicated(keep=False)]
    first, copy = pairs.iloc[::2].reset_index(), pairs.iloc[1::2].reset_index()
    clean = copy["errors"] == ""
    for name in records:
        assert (first[name] == copy[name])[clean].all()
    moved = copy["errors"].str.contains("moved")
    assert (first["street"] != copy["street"])[moved].mean() > 0.99


def test_customers_are_reproducible_and_without_copies_unique():
    once, again = (matches.customer_records(people(300), seed=1) for _ in range(2))
    assert once[0].equals(again[0])
    assert once[1].equals(again[1])
    shuffled = people(300).sample(frac=1, random_state=0)
    assert matches.customer_records(shuffled, seed=1)[0].equals(once[0])
    _, alone = matches.customer_records(people(300), copies=0)
    assert alone["customer"].is_unique


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda p: p.drop(columns="age_band"), {}, "no column age_band"),
        (lambda p: p.iloc[:0], {}, "people has no row"),
        (lambda p: pd.concat([p, p]), {}, "a customer twice"),
        (lambda p: p.assign(age_band="old"), {}, r"age_band has \['old'\]"),
        (lambda p: p, {"copies": 2}, "copies is 2, expected a share"),
        (lambda p: p, {"households": -1}, "households is -1"),
        (lambda p: p, {"errors": -1}, "errors is -1"),
    ],
)
def test_customers_refuse(change, options, message):
    with pytest.raises(ValueError, match=message):
        matches.customer_records(change(people(20)), **options)
