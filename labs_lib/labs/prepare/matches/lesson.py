# ---
# jupyter:
#   labs:
#     concepts:
#       sm-find-matches: "Two records become one pair"
#     constants:
#       "0.95": "the precision at which recall is compared, chosen before the trial"
#       "0.99": "the strict threshold, chosen before the trial"
#       "0.02": "the margin of recall, chosen before the trial"
# ---

# %% [markdown]
# # Matches: two records, one customer
#
# > A matcher misses duplicates. Do you label more pairs, or do you let it look at more pairs?
#
# **You will**
#
# - read a labelling file, and compute what it says about pairs and what it leaves open;
# - measure which pairs are lost before there is a model;
# - see how friends of friends turn strangers into one customer, and what holds against it.
#
# **You need** [Features](30_features.ipynb). **Data in:** customers of the payments world, restaurants of two guides
# ([data cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | AWS Glue FindMatches | `labs_lib.prepare.matches`: blocking, comparison, logistic regression, clusters |
# | labelling file | `labelling_file`, `labelled_pairs` |
# | precision-recall trade-off, accuracy-cost trade-off | `best_threshold`, the number of blocking keys |
# | `match_id` | `clusters` |

# %%
from labs_lib.labs.prepare.matches.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# The bank has bought another bank. Some customers now stand in the table twice: with a typing error, a short
# name, an old address, another phone. Fraud limits hold for each customer, so two records mean two limits.
#
# A first matcher finds some duplicates and misses many. There is money for one more week. One colleague says:
# "More labels make the matcher better. Let us label many more." Another says: "It never looks at most
# pairs. Give it more *blocking keys*." A blocking key is a value that two records must share before anybody
# compares them. Without one, a million records make half a trillion pairs.
#
# ## Predict
#
# [Recall](../glossary.md#recall) is the share of true pairs that are found. All are compared at one
# [precision](../glossary.md#precision): 95 of 100 pairs that are called a match are one.
#
# The matcher starts with one key and 10 labelled sets of up to 10 rows. With four keys and the same labels, will
# recall be higher or lower than with one key and 160 sets? [Tie](../glossary.md#tie) means a difference that is certainly
# smaller than 0.02, [undecided](../glossary.md#undecided) that the data cannot say which side of 0.02 it is.

# %%
guess = ...  # more keys than one: "higher", "lower", "tie" or "undecided"
lab.from_one.commit(guess)

# %% [markdown]
# And if the matcher starts with two keys: four keys and 10 sets, against two keys and 160 sets?

# %%
guess = ...  # more keys than two: "higher", "lower", "tie" or "undecided"
lab.from_two.commit(guess)

# %% [markdown]
# ## Two records become one pair
#
# The payments [world](../glossary.md#world) has customers with a home and an age, and no names. We draw names, streets and phones
# for them. Half get a second record with errors of known kinds. So it is known who is who.

# %% tags=["trial"]
import numpy as np
import pandas as pd

from labs_lib import payments
from labs_lib.prepare import matches

HOW = {
    "given": "text",
    "surname": "text",
    "birth": "text",
    "street": "text",
    "postcode": "exact",
    "phone": "exact",
}


def customers(seed, n, **options):
    """Return the records of a world's customers, and who each one is."""
    table = payments.quiet_world(seed, n=n).transactions
    people = table.drop_duplicates("customer")
    records, truth = matches.customer_records(people, seed=seed, **options)
    return records, truth["customer"].to_numpy()


def keys(records):
    """Return the four blocking keys, in the order in which they are added."""
    name = records["surname"].str[:4] + records["given"].str[0]
    place = records["surname"] + records["postcode"]
    return {
        "place": place,
        "birth": records["birth"],
        "phone": records["phone"],
        "name": name,
    }


# %%
records, who = customers(0, n=150_000)
twice = pd.Series(who).duplicated(keep=False).to_numpy()
order = np.argsort(who[twice], kind="stable")
records[twice].iloc[order].head(6)

# %% [markdown]
# Rows one and two are one customer, and so on. These are the kinds of errors, with the share of second records that
# have each. They come independently, so that one record can have several.

# %%
matches.ERRORS

# %% [markdown]
# *Blocking* comes first. Two records become a candidate pair if they share surname and postcode (`place`),
# or date of birth, or phone, or the first letters of both names. Then each candidate is *compared*, column by column.
# For texts that is the *Jaro-Winkler similarity*: 1 for equal texts, 0 for nothing in
# common, high where most letters agree and the beginning does.

# %%
pairs = matches.candidate_pairs(keys(records))
alike = matches.compare(records, pairs, HOW)
print(f"{len(records):,} records, {len(pairs):,} candidates")
alike[list(HOW)].iloc[0].round(2).to_dict()

# %% [markdown]
# People label *sets* of rows rather than pairs. In the labelling file of FindMatches the first two columns are
# `labeling_set_id` and `label`; the columns of the table follow. Here is one set, filled in with the truth.

# %%
similar = alike[list(HOW)].mean(axis=1)
sets = matches.labelling_sets(pairs, similar, sets=10, size=10)
file = matches.labelling_file(records, sets, who)
file[file["labeling_set_id"] == "S0003"]

# %% [markdown]
# Rows with one label in one set are a match. Rows with different labels in one set are strangers. Rows of
# different sets say nothing, even if both are labelled A. AWS advises sets of 10 to 20 rows and takes 2 to 30.
#
# ### Exercise 1: what a labelling file says
#
# `rows` is a list of pairs `(labeling_set_id, label)`. Return how many pairs of rows are labelled a match, and how many are labelled
# strangers. Labels are compared to the letter.


# %% tags=["exercise"]
# BEGIN SOLUTION
def what_it_says(rows):
    """Return the number of matches and of strangers that are labelled."""
    same = different = 0
    for i, (one, label) in enumerate(rows):
        for other, second in rows[:i]:
            same += one == other and label == second
            different += one == other and label != second
    return same, different


# END SOLUTION
lab.ex1.check(what_it_says)

# %% [markdown]
# ## What no model can find
#
# A pair that no key brings together is not compared, and no label changes that. So the first number to
# ask for needs no model: of the true pairs, how many are candidates?

# %%
true = matches.cluster_pairs(np.zeros(len(who)), who).true
found = {}
for n in (1, 2, 3, 4):
    some = matches.candidate_pairs(dict(list(keys(records).items())[:n]))
    hit = who[some[:, 0]] == who[some[:, 1]]
    found[n] = {"true pairs kept": hit.sum() / true, "candidates": len(some)}
pd.DataFrame(found).T.rename_axis("keys").round({"true pairs kept": 3})

# %% [markdown]
# With one key blocking loses {{lost_one}} of the true pairs, with two it loses {{lost_two}}.{{!lost}} The first
# of these numbers is a ceiling: recall with one key cannot exceed it, with any model. In your own table you do not know all true pairs; a few
# hundred that were found another way, say by a complaint, give an estimate.
#
# ### Exercise 2: lost before the model
#
# `pairs` holds true pairs. Each is two dicts, with one value for each key. A value that is empty (`""`) or
# `None` brings nobody together. Return the share of pairs that blocking loses, and 0 if there are no pairs.


# %% tags=["exercise"]
# BEGIN SOLUTION
def lost_share(pairs):
    """Return the share of true pairs that no key brings together."""
    lost = [not any(a[k] and a[k] == b[k] for k in a) for a, b in pairs]
    return sum(lost) / len(lost) if lost else 0.0


# END SOLUTION
lab.ex2.check(lost_share)

# %% [markdown]
# ## On trial: "more labels make the matcher better"
#
# Half of the customers may be labelled, the other half judges. Sets are drawn in one way for all arms, from a
# wider net than any key. The model is a logistic regression: it learns a weight for each
# similarity, and returns the probability of a match.

# %% tags=["trial"]
WORTH, ERRORS = 0.95, (0.5, 1.0, 2.0)


def learn(records, who, how, net, sets, seed):
    """Have sets labelled, and fit a matcher to what the file says about pairs."""
    near = matches.candidate_pairs(net)
    similar = matches.compare(records, near, how)[list(how)].mean(axis=1)
    drawn = matches.labelling_sets(near, similar, sets=max(sets), size=10, seed=seed)
    for n in sets:
        some = drawn[drawn["labeling_set_id"] <= f"S{n:04}"]
        file = matches.labelling_file(records, some, who)
        said = matches.labelled_pairs(file)
        pairs = said[["left", "right"]].to_numpy()
        yield n, matches.Matcher(how).fit(file, pairs, said["match"]), file, said


def keys_or_labels(seed, errors=1.0):
    """Return recall at equal precision for each number of keys and labelled sets."""
    records, who = customers(seed, n=150_000, errors=errors)
    mine = np.random.default_rng([seed, 1]).random(who.max() + 1)[who] < 0.5
    a, b = (records[k].reset_index(drop=True) for k in (mine, ~mine))
    net = keys(a) | {"wide": a["surname"].str[:4]}
    learned = list(learn(a, who[mine], HOW, net, (10, 40, 160), seed))
    true = matches.cluster_pairs(np.zeros(len(b)), who[~mine]).true
    found = {}
    for n in (1, 2, 4):
        pairs = matches.candidate_pairs(dict(list(keys(b).items())[:n]))
        y, alike = np.equal(*who[~mine][pairs.T]), matches.compare(b, pairs, HOW)
        for sets, model, file, said in learned:
            recall, _ = matches.recall_at_precision(
                y, model.judge(alike), WORTH, true_pairs=true
            )
            found[f"{n}", f"{sets}", "recall"] = recall
            found[f"{n}", f"{sets}", "ceiling"] = y.sum() / true
            found[f"{n}", f"{sets}", "candidates"] = len(pairs)
            found[f"{n}", f"{sets}", "rows labelled"] = len(file)
            found[f"{n}", f"{sets}", "matches labelled"] = said["match"].sum()
    return found


# %%
rows = lab.trial(
    keys_or_labels,
    seeds=20,
    levels=("keys", "sets", "measure"),
    settings={"errors": ERRORS},
)
rows.design(
    worlds="a world of 150,000 payments; half of its customers have a second record",
    rows="half of the customers may be labelled, the other half judges",
    measure="recall of all true pairs, at precision 0.95, high is good; in pairs",
    margin=0.02,
    yardstick="the simulated truth, which also sets each arm's threshold. The kinds "
    "and shares of errors are ours: they decide what each key can keep.",
)

# %% [markdown]
# **What to try.** In `keys`, put `"birth"` first, and run that cell and the last one again. One key is then the date of
# birth. Compare `ceiling` and `recall` of one key in the table below.
#
# First, look at each arm, with the price it pays: rows that people label, and pairs that a machine compares.

# %%
arms = {
    m: rows.wide(m, errors=1.0).mean()
    for m in ("rows labelled", "matches labelled", "candidates", "ceiling", "recall")
}
table = pd.DataFrame(arms)
table.round({"ceiling": 3, "recall": 3} | dict.fromkeys(list(arms)[:3], 0))

# %% [markdown]
# More sets cost people's time, more keys a machine's. Each arm has matches among its labels, and finds pairs.{{!arms}} Ten sets hold few matches, {{few_matches}} on average. Now
# the picture.

# %%
from labs_lib import plots

drawn = table.reset_index().astype({"sets": int})
with plots.figure(
    title="More labels end at what the keys have kept",  # {{!picture}}
    x="labelled sets (number, logarithmic)",
    y="recall at precision 0.95 (0 to 1)",
    alt="Recall rises with labels; with one key it ends far below two and four keys.",
) as ax:
    plots.lines(ax, drawn, x="sets", y="recall", group="keys")
    ax.set_xscale("log", base=2)

# %%
from labs_lib import stats


def more_keys(start, errors):
    """Compare four keys and 10 sets with `start` keys and 160 sets, in pairs."""
    recall = rows.wide("recall", errors=errors)
    return stats.worlds(
        recall["4", "10"], recall[start, "160"], comparisons=6, margin=0.02
    )


duel = {
    f"from {start} key(s), errors x {errors}": more_keys(start, errors)
    for start in ("1", "2")
    for errors in ERRORS
}
stats.table(duel)

# %%
lab.from_one.reveal(duel["from 1 key(s), errors x 1.0"].verdict)

# %%
lab.from_two.reveal(duel["from 2 key(s), errors x 1.0"].verdict)

# %% [markdown]
# From one key, more keys win: recall is {{one}} higher than with sixteen times the labels, and it is higher with half and
# with twice as many errors.{{!one_wins}} From two keys it stays open: {{two}}.{{!two_open}} So nobody can say in
# general which colleague is right. What are labels worth, then?

# %%
recall = rows.wide("recall", errors=1.0)
more_labels = {
    f"160 sets - 10 sets, {n} key(s)": stats.worlds(
        recall[n, "160"], recall[n, "10"], comparisons=3, margin=0.02
    )
    for n in ("1", "2", "4")
}
stats.table(more_labels)

# %% [markdown]
# With four keys more labels raise recall by {{labels_four}}. With one key not even the sign is
# shown: {{labels_one}}.{{!labels_differ}} The column `ceiling` shows what is left to gain. With one key and 10 sets recall is
# within {{gap_one}} of it already, and labels cannot add more than that.{{!at_ceiling}} The best arm has both, four keys and 160 sets.{{!both_best}}
#
# Two warnings. We chose the errors, so the sizes of these differences are ours. And the model's
# [penalty](../glossary.md#penalty) is weak (`strength=30`, chosen in a pilot of three worlds): with a strong one, few labels
# may find less.
#
# ## Where it fails: the friend of a friend
#
# A model judges pairs, but the bank needs customers. If A matches B and B matches C, all three get one `match_id`. These are
# *connected components*: everybody who can be reached through links. A and C may be strangers,
# such as a father and a son of one name, with a record in between that fits both.
#
# A chain of ten links makes eleven records one customer: of its 55 pairs, 45 have no link of their own.
#
# A matcher is learned once from an eighth of the customers, with 40 sets and four keys. It goes live on tables of growing
# size, each a share of the other customers. One [threshold](../glossary.md#threshold) is chosen by F1 on the
# labelled pairs (a neutral trade-off; F1 is the harmonic mean of precision and recall). The other is strict: a probability of 0.99.

# %% tags=["trial"]
SIZES, STRICT = (0.05, 0.1, 0.2, 0.4, 0.8), 0.99


def growing(seed):
    """Return the precision of pairs and of clusters as the table grows."""
    records, who = customers(seed, n=400_000)
    u = np.random.default_rng([seed, 2]).random(who.max() + 1)[who]
    a = records[u > 0.875].reset_index(drop=True)
    net = keys(a) | {"wide": a["surname"].str[:4]}
    ((_, model, file, said),) = learn(a, who[u > 0.875], HOW, net, (40,), seed)
    labelled = model.score(file, said[["left", "right"]].to_numpy())
    best = matches.best_threshold(said["match"], labelled, 0.5)
    found = {}
    for size in SIZES:
        b, them = records[u < size].reset_index(drop=True), who[u < size]
        pairs = matches.candidate_pairs(keys(b))
        score = model.judge(matches.compare(b, pairs, HOW))
        for cut_by, cut in (("labels", best), ("strict", STRICT)):
            links = pairs[score >= cut]
            claim = matches.cluster_pairs(matches.clusters(len(b), links), them)
            right = np.equal(*them[links.T])
            found[cut_by, f"{size}", "records"] = len(b)
            found[cut_by, f"{size}", "pairs"] = right.mean()
            found[cut_by, f"{size}", "clusters"] = claim.precision
            found[cut_by, f"{size}", "recall"] = right.sum() / claim.true
            found[cut_by, f"{size}", "threshold"] = cut
    return found


# %%
grown = lab.trial(growing, seeds=20, levels=("threshold by", "size", "measure"))
means = {m: grown.wide(m).mean() for m in ("records", "pairs", "clusters", "recall")}
means["threshold"] = grown.wide("threshold").mean()
growth = pd.DataFrame(means)
growth.round({"records": 0} | dict.fromkeys(list(means)[1:], 3))

# %% [markdown]
# *Pairs* is the precision of what the model linked, *clusters* of all pairs that end in one cluster.

# %%
both = growth.loc["labels"].melt("records", ["pairs", "clusters"], "of", "precision")
with plots.figure(
    title="As the table grows, clusters lose more precision than pairs",  # {{!grows}}
    x="records in the table (number)",
    y="precision (share of claimed pairs)",
    alt="Both lines fall from left to right; the line of clusters falls faster.",
) as ax:
    plots.lines(ax, both, x="records", y="precision", group="of")

# %%
gap = {
    f"{t}, size {s}": stats.worlds(
        grown.wide("clusters")[t, s], grown.wide("pairs")[t, s], comparisons=4
    )
    for t in ("labels", "strict")
    for s in ("0.05", "0.8")
}
for name, difference in gap.items():
    print(f"{name}: {difference}")

# %% [markdown]
# The model and the threshold stayed, and still the precision of pairs fell.{{!pairs_fall}} True pairs grow with the
# number of records, pairs of strangers with its square. Clusters fall further: in the largest table, with the
# threshold from the labels, clusters minus pairs is {{closure}}.{{!closure_worse}} The strict threshold is more precise there, and
# its recall is {{price}} instead of {{free}}.{{!dear}}
#
# How fast all this goes is a matter of our names and towns. But a threshold that was good in the pilot has to be checked again at the size of the real table, on
# clusters and not on pairs. Read big clusters first.
#
# ## Real data
#
# Two restaurant guides, with errors that nobody simulated: 112 restaurants stand in both. Half of all places may be
# labelled, half judge. One key is the exact name; then come the digits of the phone, and the first word of the name.

# %% tags=["trial"]
from labs_lib import data

LOOK = {"name": "words", "addr": "words", "city": "words", "phone": "text"}


def names(records):
    """Return the blocking keys of restaurants, in the order in which they are added."""
    word = records["name"].str.split().str[0]
    return {"name": records["name"], "phone": records["phone"], "word": word}


def restaurants(seed):
    """Return recall at equal precision for restaurants, as `keys_or_labels`."""
    records, place = data.load_restaurants()
    records["phone"] = records["phone"].str.replace(r"\D", "", regex=True)
    who = place.to_numpy()
    mine = np.random.default_rng([seed, 3]).permutation(who.max() + 1)[who] % 2 == 0
    a, b = (records[k].reset_index(drop=True) for k in (mine, ~mine))
    learned = list(learn(a, who[mine], LOOK, names(a), (10, 40), seed))
    true = matches.cluster_pairs(np.zeros(len(b)), who[~mine]).true
    found = {}
    for n in (1, 2, 3):
        pairs = matches.candidate_pairs(dict(list(names(b).items())[:n]))
        guide = b["guide"].to_numpy()[pairs]
        pairs = pairs[guide[:, 0] != guide[:, 1]]
        y, alike = np.equal(*who[~mine][pairs.T]), matches.compare(b, pairs, LOOK)
        for sets, model, _, said in learned:
            recall, _ = matches.recall_at_precision(
                y, model.judge(alike), WORTH, true_pairs=true
            )
            found[f"{n}", f"{sets}", "recall"] = recall
            found[f"{n}", f"{sets}", "ceiling"] = y.sum() / true
            found[f"{n}", f"{sets}", "matches labelled"] = said["match"].sum()
    return found


# %%
guides = lab.trial(restaurants, seeds=20, levels=("keys", "sets", "measure"))
seen = ("matches labelled", "ceiling", "recall")
real = pd.DataFrame({m: guides.wide(m).mean() for m in seen})
real.round({"matches labelled": 1, "ceiling": 3, "recall": 3})

# %%
recall, half = guides.wide("recall"), {"n_train": 376, "n_test": 376}
eat = {
    f"3 keys, 10 sets - {n} key(s), 40 sets": stats.splits(
        recall["3", "10"], recall[n, "40"], comparisons=2, margin=0.02, **half
    )
    for n in ("1", "2")
}
for name, difference in eat.items():
    print(f"{name}: {difference}")

# %% [markdown]
# With the exact name as the only key, blocking loses more than a quarter of the pairs. Recall is at that ceiling with
# 10 sets already, and four times the labels do not move it.{{!real_ceiling}} Both comparisons stay open,
# the first with {{eat}}: about 56 pairs judge, and the halves overlap.{{!eat_open}} So the real data show the ceiling, and not by how much keys win.
#
# The list of true pairs was taken as it is. A pair that is missing in it counts as a false match here.
#
# ## On SageMaker
#
# FindMatches belongs to AWS Glue and not to SageMaker AI; Glue's guide of 2026 describes it. You create a *transform*, let it generate a labelling file (about 100 rows
# in about 10 sets), label it, import it, and read its metrics.

# %%
from labs_lib import aws

request = {
    "Name": "one-customer",
    "Role": "arn:aws:iam::111122223333:role/matching",
    "InputRecordTables": [{"DatabaseName": "bank", "TableName": "customers"}],
    "Parameters": {
        "TransformType": "FIND_MATCHES",
        "FindMatchesParameters": {
            "PrimaryKeyColumnName": "record_id",
            "PrecisionRecallTradeoff": 0.9,
            "AccuracyCostTradeoff": 1.0,
            "EnforceProvidedLabels": False,
        },
    },
}
aws.validate("CreateMLTransform", request, service="glue")

# %% [markdown]
# `PrecisionRecallTradeoff` of 1 cares for precision only, of 0 for recall only. `AccuracyCostTradeoff` of 1 compares more pairs: it
# costs more and raises recall. It does not reduce false matches.
#
# The output has a column `match_id`, whose numbers mean nothing by themselves; or it keeps one record a cluster, the one
# with the lowest primary key. The metrics have these names:

# %%
y = np.equal(*who[pairs.T])
first_guess = similar.to_numpy()
shown = matches.metrics(y, first_guess, threshold=0.8, true_pairs=true)
pd.Series(shown).round(3)

# %% [markdown]
# The guide words precision loosely; it is true positives over everything that was called a match.
#
# ## What is not reproduced
#
# - Glue's model and its blocking. Neither is published; ours are stand-ins, and so is what a trade-off does.
# - The choice of the most informative sets. Ours are a random record and its neighbours.
# - Incremental matching (`FindIncrementalMatches`), `EnforceProvidedLabels`, column importances, the price of a run.
# - Errors of the people who label.
#
# ## Takeaways
#
# - Ask first what blocking loses. If recall is near that ceiling, more labels cannot help; add a key.
# - If recall is far below the ceiling, label more.
# - Judge clusters, not pairs, and at the size of the real table.
# - A label says something inside its set only.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Labelling file, trade-offs, output, metrics: AWS Glue developer guide (FindMatches; tuning of transforms), Glue API.
# - Winkler, W. E. (1990). String comparator metrics and enhanced decision rules in the Fellegi-Sunter model of record linkage.
# - Intervals over splits: Nadeau and Bengio (2003). Fodor's and Zagat's restaurants, as distributed with
#   py_entitymatching.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

one = [r for name, r in duel.items() if name.startswith("from 1")]
two = [r for name, r in duel.items() if name.startswith("from 2")]
gains = list(more_labels.values())
closest = table["ceiling"] - table["recall"]
live, last = growth.loc["labels"], growth.xs("0.8", level="size")
apart = live["pairs"] - live["clusters"]
lab.facts(
    digits=3,
    tolerance=0.005,
    lost_one=1 - found[1]["true pairs kept"],
    lost_two=1 - found[2]["true pairs kept"],
    lost=found[1]["true pairs kept"] < 0.75 < 0.9 < found[2]["true pairs kept"],
    few_matches=Fact(table["matches labelled"]["1", "10"], digits=0, tolerance=1),
    arms=table["matches labelled"].min() > 10 and table["recall"].min() > 0.3,
    picture=all(closest[n, "160"] < 0.02 for n in ("1", "2", "4")),
    one=duel["from 1 key(s), errors x 1.0"],
    two=duel["from 2 key(s), errors x 1.0"],
    one_wins=all(r.verdict == "higher" for r in one),
    two_open=all(r.verdict == "undecided" for r in two),
    labels_four=gains[2],
    labels_one=gains[0],
    labels_differ=gains[2].low > 0.005 and gains[0].low < 0 < gains[0].high,
    gap_one=closest["1", "10"],
    at_ceiling=closest["1", "10"] < 0.05,
    both_best=table["recall"].idxmax() == ("4", "160"),
    grows=apart["0.8"] > 4 * apart["0.05"] and apart["0.8"] > 0.03,
    pairs_fall=live["pairs"]["0.05"] - live["pairs"]["0.8"] > 0.05,
    closure=gap["labels, size 0.8"],
    closure_worse=gap["labels, size 0.8"].verdict == "lower",
    price=last["recall"]["strict"],
    free=last["recall"]["labels"],
    dear=last["recall"]["strict"] < last["recall"]["labels"] - 0.2
    and last["pairs"]["strict"] > last["pairs"]["labels"] + 0.05,
    real_ceiling=real["ceiling"]["1", "10"] < 0.75
    and (real["ceiling"] - real["recall"])["1"].max() < 0.01,
    eat=eat["3 keys, 10 sets - 1 key(s), 40 sets"],
    eat_open=all(r.verdict == "undecided" for r in eat.values()),
)
