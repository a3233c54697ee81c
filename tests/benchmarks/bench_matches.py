"""Time of matching 50,000 records: ``python tests/benchmarks/bench_matches.py``.

Target on 2 cores: block, compare, score and cluster 50,000 records in at most 20 s. If splink is
installed, it runs beside, on the same records, blocking keys and columns; it learns without labels,
so quality is shown as the highest recall at precision 0.95 for both.
"""

import importlib.util
import statistics
import time

import numpy as np
import pandas as pd

from labs_lib.prepare import matches

RECORDS = 50_000
RUNS = 5
WORTH = 0.95
HOW = {
    "given": "text",
    "surname": "text",
    "birth": "text",
    "street": "text",
    "postcode": "exact",
    "phone": "exact",
}


def make(records: int = RECORDS, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Return so many records, two thirds of them of different customers, and who they are."""
    rng = np.random.default_rng([seed, 9])
    people = pd.DataFrame(
        {
            "customer": np.arange(records),
            "home_x_km": rng.random(records) * 300,
            "home_y_km": rng.random(records) * 300,
            "age_band": rng.choice(["18-24", "25-34", "35-44", "45-54", "65+"], records),
        }
    )
    table, truth = matches.customer_records(people, seed=seed)
    return table.iloc[:records], truth["customer"].to_numpy()[:records]


def keys(records: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        "place": records["surname"] + records["postcode"],
        "birth": records["birth"],
        "phone": records["phone"],
        "name": records["surname"].str[:4] + records["given"].str[0],
    }


def ours(records: pd.DataFrame, model: matches.Matcher) -> tuple[np.ndarray, np.ndarray]:
    pairs = matches.candidate_pairs(keys(records))
    score = model.score(records, pairs)
    matches.clusters(len(records), pairs[score >= 0.5])
    return pairs, score


def learn(records: pd.DataFrame, who: np.ndarray) -> matches.Matcher:
    few, them = records.iloc[:5_000], who[:5_000]
    pairs = matches.candidate_pairs(keys(few))
    similar = matches.compare(few, pairs, HOW)[list(HOW)].mean(axis=1)
    sets = matches.labelling_sets(pairs, similar, sets=40)
    file = matches.labelling_file(few, sets, them)
    said = matches.labelled_pairs(file)
    return matches.Matcher(HOW).fit(file, said[["left", "right"]], said["match"])


def splinks(records: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Run splink on DuckDB: the same keys, Jaro-Winkler levels, expectation maximization."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    table = records.replace("", None).assign(unique_id=np.arange(len(records)))
    texts = [cl.JaroWinklerAtThresholds(name, [0.92, 0.8]) for name in list(HOW)[:4]]
    rules = [
        block_on("surname", "postcode"),
        block_on("birth"),
        block_on("phone"),
        block_on("substr(surname, 1, 4)", "substr(given, 1, 1)"),
    ]
    options = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[*texts, cl.ExactMatch("postcode"), cl.ExactMatch("phone")],
        blocking_rules_to_generate_predictions=rules,
    )
    api = DuckDBAPI()
    try:
        linker = Linker(table, options, api)
    except (TypeError, AttributeError):
        linker = Linker(api.register(table), options)
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("surname", "birth"), block_on("phone")], recall=0.8
    )
    training.estimate_u_using_random_sampling(max_pairs=1e6)
    training.estimate_parameters_using_expectation_maximisation(block_on("birth"))
    training.estimate_parameters_using_expectation_maximisation(block_on("surname"))
    found = linker.inference.predict()
    linker.clustering.cluster_pairwise_predictions_at_threshold(found, 0.5)
    frame = found.as_pandas_dataframe()
    pairs = frame[["unique_id_l", "unique_id_r"]].to_numpy()
    return pairs, frame["match_weight"].to_numpy()


def report(name: str, run, who: np.ndarray, runs: int) -> None:
    wall, processor = [], []
    for _ in range(runs):
        start, busy = time.perf_counter(), time.process_time()
        pairs, score = run()
        wall.append(time.perf_counter() - start)
        processor.append(time.process_time() - busy)
    true = matches.cluster_pairs(np.zeros(len(who)), who).true
    y = np.equal(*who[pairs.T])
    recall, _ = matches.recall_at_precision(y, score, WORTH, true_pairs=true)
    print(
        f"{name}: {statistics.median(wall):.2f} s (processor "
        f"{statistics.median(processor):.2f} s), {len(pairs):,} candidates, recall "
        f"{recall:.3f} at precision {WORTH}, of at most {y.sum() / true:.3f}"
    )


def main() -> None:
    records, who = make()
    records = records.reset_index(drop=True)
    model = learn(records, who)
    report("ours, 40 labelled sets", lambda: ours(records, model), who, RUNS)
    if importlib.util.find_spec("splink"):
        report("splink, no labels", lambda: splinks(records), who, 1)
    else:
        print("splink is not installed: no peer in this run")


if __name__ == "__main__":
    main()
