# ---
# jupyter:
#   labs:
#     concepts:
#       sm-macie: 'A demonstration: digits, checksum, keyword'
#       sm-dynamic-masking: "Mask them: by role and priority"
#     constants:
#       "1.1": "million people in the study by de Montjoye and others (2015)"
#       "0.02": "the margin of average precision, as in the other labs on these worlds"
# ---

# %% [markdown]
# # Sensitive data: what does a mask protect?
#
# > The card numbers are gone from the table. Can somebody still be recognised in it?
#
# **You will**
#
# - look for card numbers by pattern, checksum and keyword, and measure what is found and what is missed;
# - mask a column by role and priority, and leave the table as it is;
# - find people in a masked table, and weigh what each column gives to an attacker and to a fraud model.
#
# **You need** [Features](30_features.ipynb). **Data in:** the payments world, incomes in the census
# ([data cards](../data.md)). **Data out:** nothing.
#
# | AWS term | here |
# |---|---|
# | Macie's managed data identifier | `find` of `labs_lib.prepare.sensitive_data` |
# | severity of a finding | `severity` of the same |
# | Redshift dynamic data masking | `Masking` and `Policy` of the same, in DuckDB |

# %%
from labs_lib.labs.prepare.sensitive_data.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# A university gets a table of your bank's payments tomorrow. A colleague has prepared it: "No names. Each card number is
# replaced by a *token*, a random text that is the same for all payments of the card. Nobody can be recognised."
#
# Are there card numbers left in the call centre's notes? And is the colleague right?
#
# ## Predict
#
# The claim: *the card number is masked, so nobody can be recognised*.
#
# Somebody has the table, and knows two payments of a neighbour: the day, the kind of shop, and the amount in whole
# euros. He looks for tokens that have both. For how many customers is there only one: `"few"` (less than a quarter),
# `"many"`, or `"most"` (more than three quarters)?

# %%
guess = ...  # "few", "many" or "most"
lab.found.commit(guess)

# %% [markdown]
# You could protect them better: drop the token, and give the customers' homes and habits in rough steps only. Will a
# fraud model's [average precision](../glossary.md#average-precision) be higher or lower than with tokens?
# A [tie](../glossary.md#tie) is a difference certainly below 0.02;
# [undecided](../glossary.md#undecided) means that the data cannot say.

# %%
guess = ...  # "higher", "lower", "tie" or "undecided"
lab.price.commit(guess)

# %% [markdown]
# ## A demonstration: digits, checksum, keyword
#
# Amazon Macie looks for sensitive data in S3. For a card number its guide names five conditions: 13 to
# 19 digits; a right checksum; the first digits of a known issuer; none of the public test numbers; and a *keyword*,
# such as "card number", within 30 characters, or in the name of the column.
#
# The checksum is *Luhn's*: from the right, every second digit is doubled, and 9 is taken off if that makes two
# digits. The sum of all has to end in 0. An *IBAN*, the number of a bank account, has another: read as one long
# number, it leaves 1 when divided by 97. How often does a number pass that was drawn at random?

# %%
import numpy as np

from labs_lib.prepare import sensitive_data as sensitive

rng = np.random.default_rng(0)
drawn = ["".join(map(str, digits)) for digits in rng.integers(10, size=(50_000, 20))]
luhn = np.mean([sensitive.luhn_valid(digits[:16]) for digits in drawn])
mod97 = np.mean([sensitive.iban_valid(f"DE{digits}") for digits in drawn])
f"Luhn {luhn:.3f}, mod 97 {mod97:.4f}"

# %% [markdown]
# One in ten passes Luhn, and one in a hundred the IBAN's checksum.{{!one_in_ten}} A shop's order numbers may pass too.
#
# Now notes of a call centre, written by us, so that we know what is in them. Five kinds hold a card number. How
# many of each is our choice: this is no measurement of Macie.

# %% tags=["trial"]
import numpy as np
import pandas as pd

from labs_lib.prepare import sensitive_data as sensitive

NOTES = {
    "keyword near": (300, "The card number is {card}."),
    "keyword far": (50, "Card number, as told on the phone this morning: {card}"),
    "no keyword": (100, "She has read {card} to me."),
    "misspelt": (50, "The crad number is {card}."),
    "in German": (50, "Die Kartennummer ist {card}."),
    "order": (1_000, "Order {other} has been sent."),
    "order, keyword": (100, "Order {other}: the payment card was declined."),
    "test number": (50, "The card number in the test shop is 4111111111111111."),
}
NONE = {"checksum": False, "issuer": False, "keyword": False}
RULES = {
    "digits": NONE,
    "and Luhn": NONE | {"checksum": True},
    "and issuer": {"keyword": False},
    "and keyword": {},
}


def scanning(seed):
    """Return the share of notes of each kind that each rule reports."""
    rng, shares = np.random.default_rng(seed), {}
    for kind, (count, text) in NOTES.items():
        for rule in RULES:
            shares[rule, kind] = 0
        for digits in rng.integers(10, size=(count, 16)):
            other = "".join(map(str, digits))
            start = "4" + other[1:15]
            card = start + sensitive.luhn_digit(start)
            note = text.format(card=card, other=other)
            for rule, options in RULES.items():
                shares[rule, kind] += bool(sensitive.find(note, **options)) / count
    return shares


# %%
notes = lab.trial(scanning, seeds=20, levels=("rule", "share reported"))
kinds = pd.DataFrame({kind: notes.wide(kind).mean() for kind in NOTES})
counts = pd.Series({kind: count for kind, (count, _) in NOTES.items()})
real = [kind for kind, (_, text) in NOTES.items() if "{card}" in text]
reported = kinds * counts
right = reported[real].sum(axis=1)
quality = {
    "all: precision": right / reported.sum(axis=1),
    "all: recall": right / counts[real].sum(),
}
kinds.assign(**quality).loc[[*RULES]].T.round(3)

# %% [markdown]
# With all rules no order is reported, unless a keyword happens to be near.{{!few_orders}} But the last rule misses real
# cards: those whose keyword is absent, far away, misspelt, or in a language that our list does not know.{{!missed}} The last
# two lines say it of all notes, as [precision](../glossary.md#precision) and [recall](../glossary.md#recall).
#
# So "nothing reported" does not mean "nothing there". Macie has a second card identifier without keyword,
# `CREDIT_CARD_NUMBER_(NO_KEYWORD)`: the third row. In a table, the name of the column may be the keyword.

# %%
value = "4" + drawn[0][:14]
value += sensitive.luhn_digit(value)
{name: len(sensitive.find(value, column=name)) for name in ("card_number", "reference")}

# %% [markdown]
# The severity of a finding follows from kind and number of occurrences, here 1, 2, 99 and 100:

# %%
grades = {
    kind: [sensitive.severity(kind, count) for count in (1, 2, 99, 100)]
    for kind in ("CREDIT_CARD_NUMBER", "CREDIT_CARD_EXPIRATION", "PHONE_NUMBER")
}
grades

# %% [markdown]
# ## Mask them: by role and priority
#
# Inside the bank some need the numbers. *Dynamic data masking* of Amazon Redshift leaves the table as it is, and changes
# what a query sees. A *policy* is an expression. It is *attached* to a column, for a user, a role or everybody
# (`PUBLIC`), with a priority. In each column the higher number wins.

# %%
import duckdb

people = pd.DataFrame(
    {
        "name": ["Ana", "Bo", "Cem"],
        "card": ["4929123412340011", "4929123412340029", "4929123412340037"],
        "staff": [False, True, False],
    }
)

# %% [markdown]
# The third policy is *conditional*: it reads a second column, and hides the cards of the bank's own staff.

# %%
con = duckdb.connect()
con.sql("CREATE TABLE people AS SELECT * FROM people")
hidden = sensitive.Policy("hidden", ["card"], ["'hidden'"])
last_four = sensitive.Policy("last_four", ["card"], ["'***' || right(card, 4)"])
no_staff = sensitive.Policy(
    "no_staff", ["card", "staff"], ["CASE WHEN staff THEN 'hidden' ELSE card END"]
)
masks = sensitive.Masking({"name": "VARCHAR", "card": "VARCHAR", "staff": "BOOLEAN"})
masks.attach(hidden, ["card"], to="PUBLIC")
masks.attach(last_four, ["card"], to="role:support", priority=10)
fraud = {"to": "role:fraud", "priority": 20, "using": ["card", "staff"]}
masks.attach(no_staff, ["card"], **fraud)

# %%
ROLES = {"Eve": [], "Sam": ["support"], "Flo": ["fraud"], "Uma": ["support", "fraud"]}


def ask(user, sql="SELECT * FROM people"):
    """Run a query as a user, with the user's roles."""
    return masks.query(con, "people", sql, user=user, roles=ROLES[user])


seen = {user: ask(user).set_index("name")["card"] for user in ROLES}
people.set_index("name").assign(**seen)

# %% [markdown]
# On the left is what is stored. Uma has both roles and sees what the higher number gives.{{!highest}}
# `name` has no policy: all see it.
#
# Masks come before `WHERE` and `JOIN`. Sam and Flo look for one number.

# %%
wanted = f"SELECT * FROM people WHERE card = '{people['card'][0]}'"
rows_found = {user: len(ask(user, wanted)) for user in ("Sam", "Flo")}
untouched = con.sql("SELECT * FROM main.people").df().equals(people)
rows_found, untouched

# %% [markdown]
# Sam finds nothing: for him no card has that number.{{!where}} The table is untouched.{{!untouched}} We have just read it
# past all masks. In Redshift the engine keeps that door; here nobody does.
#
# ### Exercise 1: four numbers
#
# `hidden` is attached to `PUBLIC`, `last_four` to the role `support`, `full` (the whole number) to the role `fraud`, and
# `last_four` once more to the user `tom`.
#
# Tom is a trainee: he has both roles, and shall see the last four digits only. Others with both roles shall see the number,
# those with one role what it gives, and all others `hidden`. Two different policies may not have one priority on a
# column. Choose the four priorities.

# %% tags=["exercise"]
# BEGIN SOLUTION
priorities = {"PUBLIC": 0, "support": 10, "fraud": 20, "tom": 30}
# END SOLUTION
lab.ex1.check(priorities)

# %% [markdown]
# ## On trial: "the card is masked, so nobody is recognised"
#
# Five ways to share 30,000 payments of one [world](../glossary.md#world). Each row has a *profile* of the customer: home, age
# band and usual amount.
#
# - `token`: a token for each card, all else exact.
# - `token, rough payments`: weeks instead of seconds, for payments and labels; amounts rounded to powers of two.
# - `rough profile`: no token; homes in squares of 50 km, usual amounts in powers of two; age of the account, balance and
#   distance are gone.
# - `both rough`: no token, rough profile and rough payments.
# - `no link`: no token, no profile, payments exact.
#
# The attacker groups rows by what links them: the token, or else an equal profile. He looks for groups that hold all
# the payments he knows. A customer is *found* if there is one such group, and nobody else is in it. The steps, such as 50
# km, are our choice.

# %% tags=["trial"]
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score
from xgboost import XGBClassifier

from labs_lib import payments

PROFILE = ["home_x_km", "home_y_km", "age_band", "usual_amount_cents"]
SQUARE = 50


def shared(t):
    """Return five tables to share; `customer` is what links rows."""
    money = t[["usual_amount_cents", "amount_cents"]].clip(lower=1)
    power = 2 ** np.log2(money).round()
    rough = t.assign(usual_amount_cents=power["usual_amount_cents"])
    rough = rough.assign(**{c: t[c] // SQUARE for c in PROFILE[:2]})
    blank = {"account_age_days": 0, "balance_cents": np.nan, "distance_km": np.nan}
    link = rough.groupby(PROFILE, observed=True).ngroup()
    rough = rough.assign(customer=link, **blank)
    cents = power["amount_cents"].astype(int)
    dull = {
        "amount_cents": cents,
        "amount_local": 0.0,
        "time": t["time"].dt.floor("7D"),
        "label_known_at": t["label_known_at"].dt.ceil("7D"),
    }
    alone = dict.fromkeys(PROFILE, 1) | blank | {"customer": np.arange(len(t))}
    return {
        "token": t,
        "token, rough payments": t.assign(**dull),
        "rough profile": rough,
        "both rough": rough.assign(**dull),
        "no link": t.assign(**alone),
    }


def found(person, t, known):
    """Return the share of persons found by the first 1, 2, ... payments of each."""
    euros, link = t["amount_cents"] // 100, t["customer"]
    facts = [t["time"].dt.floor("D"), t["merchant_category"], euros]
    fact = t.groupby(facts, observed=True).ngroup().to_numpy()
    alone = person.groupby(link).nunique().eq(1).to_dict()
    used = np.isin(fact, fact[known])
    groups = link[used].groupby(fact[used]).agg(set).to_dict()
    hits = np.zeros(known.shape[1])
    for rows in known:
        left = groups[fact[rows[0]]]
        for k, row in enumerate(rows):
            left = left & groups[fact[row]]
            hits[k] += len(left) == 1 and alone[min(left)]
    return hits / len(known)


# %% [markdown]
# Then a model learns to find frauds from each table alone.


# %% tags=["trial"]
def world(seed, n=30_000):
    """Return payments, and the places of four known ones of up to 500 customers."""
    table = payments.quiet_world(seed, n=n).transactions.reset_index(drop=True)
    mixed = table["customer"].sample(frac=1, random_state=seed)
    places = mixed.index.to_series().groupby(mixed).agg(list)
    places = places[places.str.len() >= 4].sample(frac=1, random_state=seed)
    return table, np.array([known[:4] for known in places[:500]])


def learned(t, table):
    """Return the average precision of a model that learns from what is shared."""
    train, _, judged = payments.split_by_time(table)
    y = table["is_fraud"].to_numpy()
    X = payments.features(t).drop(columns="device")
    texts = X.select_dtypes(exclude="number").astype(str)
    X = X.assign(**texts.apply(lambda column: pd.factorize(column, sort=True)[0]))
    model = XGBClassifier(n_estimators=80, max_depth=4, learning_rate=0.1, n_jobs=1)
    score = model.fit(X[train], y[train]).predict_proba(X[judged])[:, 1].round(6)
    return average_precision_score(y[judged], score)


def sharing(seed):
    """Share a world's payments in five ways; attack each table, and train on it."""
    table, known = world(seed)
    result = {}
    for name, t in shared(table).items():
        hits = found(table["customer"], t, known)
        result |= {(name, f"found by {k}"): hits[k - 1] for k in (1, 2, 3, 4)}
        size = table["customer"].groupby(t["customer"]).nunique()
        result[name, "below 5"] = size[size < 5].sum() / size.sum()
        result[name, "average precision"] = learned(t, table)
    return result


# %%
rows = lab.trial(sharing, seeds=20, levels=("table", "measure"))
rows.design(
    worlds="a world of 30,000 payments of nearly 600 customers in five months",
    rows="four payments of each of 500 are known; months 1 to 3 train, month 5 judges",
    measure="share of customers found; average precision; each table minus the tokens",
    margin=0.02,
    yardstick="the simulated truth. Exact knowledge and few customers favour the "
    "attacker; he knows no home, which favours rough payments.",
)

# %% [markdown]
# **What to try.** Set `SQUARE = 500`, so that homes say nothing, and run from that cell to the last one. Its table puts
# yours beside the stored rows. Look at `rough profile`: who is found now, and does it cost more?
#
# First, each table by itself. `below 5`: the share of customers in a group of fewer than five people.

# %%
TABLES = ["token", "token, rough payments", "rough profile", "both rough", "no link"]
measures = [f"found by {k}" for k in (1, 2, 3, 4)] + ["below 5", "average precision"]
arms = pd.DataFrame({m: rows.wide(m).mean() for m in measures}).loc[TABLES]
arms.round(3)

# %%
share = arms.loc["token", "found by 2"]
answer = "few" if share < 0.25 else "most" if share > 0.75 else "many"
lab.found.reveal(answer)

# %% [markdown]
# With two payments known, nearly all customers are found behind their token.{{!nearly_all}} The token
# holds the rows together: who has two of them has all.
#
# With `no link`, one payment often points to one row, and nothing leads on from there.{{!nothing_to_join}} Its zeros are so by
# construction, and its groups are rows. Now the price.

# %%
from labs_lib import plots, stats

ap = rows.wide("average precision")
asked = stats.worlds(ap["rough profile"], ap["token"], margin=0.02)
lab.price.reveal(asked.verdict)
asked

# %%
OTHERS = ["token, rough payments", "both rough", "no link"]
joint = {"comparisons": 3, "margin": 0.02}
price = {name: stats.worlds(ap[name], ap["token"], **joint) for name in OTHERS}
stats.table(price)

# %%
with plots.figure(
    title="Rough profile, not payments: fewer found, less lost",  # {{!picture}}
    x="customers found by four payments (0 to 1)",
    y="average precision (0 to 1)",
    alt="A rough profile lies left and high; token, rough payments right and low.",
) as ax:
    for name, (x, y) in arms[["found by 4", "average precision"]].iterrows():
        ax.plot(x, y, "o")
        ax.annotate(name, (x + 0.02, y - (0.035 if name == "no link" else 0.006)))
    ax.set(xlim=(-0.1, 1.45), ylim=(0, 0.5), xticks=[0, 0.5, 1])

# %% [markdown]
# Tokens with rough payments help against somebody who knows one or two payments. Four still find most customers, and
# average precision changes by {{rough_payments}}.{{!worst}} With a rough profile and no token, {{left_found}} of the
# customers are found, and it changes by {{rough_profile}}.{{!profile_better}} But {{few}} are in a group of fewer than five:
# the attacker is left with a short list.{{!short_list}} The two tables that find fewer still cost more.{{!dearer}}
#
# Which part of the rough profile costs? We gave back one part at a time, exact. The attacker links by all that he
# gets: an account's age and the day of a payment give the day of opening. The model's groups change with the token only.
# `usual for homes`, added when ten worlds were known, also drops the homes.


# %% tags=["trial"]
def returned(seed):
    """Give back one part to the rough profile; attack each table, and train on it."""
    table, known = world(seed)
    rough = shared(table)["rough profile"].assign(opened=0)
    usual = {"usual_amount_cents": table["usual_amount_cents"]}
    age = pd.to_timedelta(table["account_age_days"], unit="D")
    opened = {"opened": table["time"].dt.floor("D") - age}
    parts = {
        "nothing": {},
        "token": {"customer": table["customer"]},
        "homes": {c: table[c] for c in PROFILE[:2]},
        "usual amount": usual,
        "account age": opened | {"account_age_days": table["account_age_days"]},
        "balance, distance": {c: table[c] for c in ("balance_cents", "distance_km")},
        "usual for homes": usual | dict.fromkeys(PROFILE[:2], 0),
    }
    result = {}
    for name, part in parts.items():
        t = rough.assign(**part)
        link = t.groupby([*PROFILE, "opened"], observed=True).ngroup()
        seen = t if name == "token" else t.assign(customer=link)
        hits = found(table["customer"], seen, known)
        result[name, "found by 4"] = hits[3]
        result[name, "average precision"] = learned(t, table)
    return result


# %%
back = lab.trial(returned, seeds=20, levels=("given back", "measure"))
value, hit = back.wide("average precision"), back.wide("found by 4").mean()
PARTS = [name for name in value if name != "nothing"]
joint = {"comparisons": len(PARTS), "margin": 0.02}
gain = {name: stats.worlds(value[name], value["nothing"], **joint) for name in PARTS}
stats.table(gain).assign(found=[*hit[PARTS].round(3)])

# %% [markdown]
# Of single parts, the exact usual amount gives most: {{gain_usual}}.{{!usual_gains}} Exact homes and ages of accounts change
# less than 0.02, and either lets the attacker find nearly everybody.{{!no_gain}} With exact usual amounts and no homes, fewer
# are found than with both, and the models differ by less than 0.02.{{!swap}} Finer steps were not tried.
#
# And with more customers? The same attack in larger worlds, five of each size.


# %% tags=["trial"]
SIZES = [30_000, 120_000, 480_000]


def crowd(seed, n):
    """Attack three tables of a world of n payments, for 500 of its customers."""
    table, known = world(seed, n)
    tables, result = shared(table), {}
    for name in ("token", "token, rough payments", "rough profile"):
        hits = found(table["customer"], tables[name], known)
        result |= {(name, f"found by {k}"): hits[k - 1] for k in (2, 4)}
    result["all", "customers"] = table["customer"].nunique()
    return result


# %%
crowds = lab.trial(crowd, seeds=5, levels=("table", "measure"), settings={"n": SIZES})
by_size = {
    (name, m): [crowds.wide(m, n=n)[name].mean() for n in SIZES]
    for name in TABLES[:3]
    for m in ("found by 2", "found by 4")
}
people_in = [round(crowds.wide("customers", n=n)["all"].mean()) for n in SIZES]
pd.DataFrame(by_size, index=pd.Index(people_in, name="customers")).T.round(3)

# %% [markdown]
# Behind tokens, two payments still find nearly all in the largest worlds.{{!crowd_token}} The rough tables protect better the
# more customers there are.{{!crowd_rough}} A million, as a bank may have, were not tried. In card records of
# 1.1 million people, four points of place and day found nine in ten (de Montjoye and others, 2015).
#
# ## Where it fails: the hash that everybody can compute
#
# Suppose that the token is a *hash* of the card number. Nobody can turn it back,
# but one can try all inputs. A receipt shows the first six and the last four digits. How many numbers are left?

# %%
import hashlib
import hmac


def hashed(text):
    """Return the SHA-256 of a text, without salt."""
    return hashlib.sha256(text.encode()).hexdigest()


secret_card = "492912" + "734105" + "338"
secret_card += sensitive.luhn_digit(secret_card)
token, receipt = hashed(secret_card), (secret_card[:6], secret_card[-4:])
receipt, token[:12]

# %%
start, end = receipt
tries = (f"{start}{middle:06d}{end}" for middle in range(1_000_000))
tries = [number for number in tries if sensitive.luhn_valid(number)]
hits = [number for number in tries if hashed(number) == token]
len(tries), hits == [secret_card]

# %% [markdown]
# A million middles, of which a tenth passes Luhn: {{tries}} hashes, and the card is known.{{!reversed}}
#
# A *key* that only the bank has is hashed along with the number. Does his list help without it?

# %%
KEY = b"kept in the bank"


def keyed(text, key):
    """Return a hash that needs a key (HMAC)."""
    return hmac.new(key, text.encode(), "sha256").hexdigest()


token = keyed(secret_card, KEY)
outside = [number for number in tries if keyed(number, b"a guess") == token]
len(outside), keyed(secret_card, KEY) == token

# %% [markdown]
# None of his hashes fits.{{!keyed}} A text that stands beside the table, a *salt*, would not do: he hashes it along. And
# even a key protects the number only. The person is found as in the first row of the trial.
#
# ## Real data: alone in the census
#
# Columns that together say who somebody is are *quasi-identifiers*. The census file of 1994 has no names. How many are alone
# with their values?

# %%
from labs_lib import data

census = data.load_adult_income()
tens = census.assign(age=census["age"] // 10 * 10)
FEW = ["age", "sex", "race"]
MORE = [*FEW, "education", "marital_status"]
MOST = [*MORE, "occupation", "native_country"]


def exposed(table, columns):
    """Return shares: alone, in a group below 5, and betrayed by their group."""
    income = table.groupby(columns, observed=True, dropna=False)["income"]
    size, kinds = income.transform("size"), income.transform("nunique")
    betrayed = (size >= 5) & (kinds == 1)
    shares = [(size == 1).mean(), (size < 5).mean(), betrayed.mean()]
    return dict(zip(["alone", "below 5", "5 or more, one income"], shares, strict=True))


# %%
names = ["3 columns", "5 columns", "7 columns"]
combined = {
    (name, ages): exposed(table, columns)
    for name, columns in zip(names, (FEW, MORE, MOST), strict=True)
    for ages, table in (("years", census), ("tens", tens))
}
pd.DataFrame(combined).T.round(3)

# %% [markdown]
# Seven columns leave {{alone}} of the people alone.{{!more_alone}} Ages in tens help, in each of the three sets.{{!tens_help}}
#
# If everybody shares the values with at least k - 1 others, a table is *k-anonymous*. Its known hole is the last column:
# groups of five and more in which all have the same income.{{!hole}} Who knows the group knows the income.
#
# But the file is a sample of a country. Pretend that it is the country, and draw one person in ten, 20 times.

# %%
whole = census.groupby(MORE, observed=True, dropna=False)["age"].transform("size") == 1


def survey(seed):
    """Return who is alone in a sample: their share, how many truly, who is missed."""
    part = census.sample(frac=0.1, random_state=seed)
    group = part.groupby(MORE, observed=True, dropna=False)["age"]
    alone = part.index[group.transform("size") == 1]
    missed = (~part.index.isin(alone) & whole[part.index]).sum()
    return len(alone) / len(part), whole[alone].mean(), missed


columns = ["alone in the sample", "of these, alone in the file", "missed"]
surveys = pd.DataFrame([survey(seed) for seed in range(20)], columns=columns)
surveys.agg(["min", "mean", "max"]).round(3)

# %% [markdown]
# In the samples {{sample_alone}} are alone, and of these {{truly}} are alone in the file.{{!sample_more}} The others have
# doubles outside. Who is alone in the file is alone in each sample that has them.{{!no_missed}} So a sample overstates how
# many of its people are alone in the country, and does not say which.
#
# ### Exercise 2: may the table go out?
#
# `groups` gives each person's group, `secrets` each person's secret, both as lists. Return True if every group has at least `k` people,
# and at least two different secrets.


# %% tags=["exercise"]
# BEGIN SOLUTION
def may_go(groups, secrets, k):
    """Say whether each group is large enough, and has more than one secret."""
    inside = pd.Series(secrets).groupby(groups)
    return bool((inside.size() >= k).all() and (inside.nunique() >= 2).all())


# END SOLUTION
lab.ex2.check(may_go)

# %% [markdown]
# ## On SageMaker
#
# Both stand beside SageMaker AI. A job of Macie on a bucket:

# %%
from labs_lib import aws

buckets = [{"accountId": "111122223333", "buckets": ["bank-payments"]}]
job = {
    "clientToken": "notes-2026-05",
    "name": "notes",
    "jobType": "ONE_TIME",
    "managedDataIdentifierSelector": "INCLUDE",
    "managedDataIdentifierIds": ["CREDIT_CARD_NUMBER_(NO_KEYWORD)", "NAME"],
    "s3JobDefinition": {"bucketDefinitions": buckets},
}
aws.validate("CreateClassificationJob", job, service="macie2")

# %% [markdown]
# - Without a selector, Macie uses a recommended set: credentials, cards, national numbers and the like. Names,
#   addresses, phone numbers and birth dates are not in it.
# - No identifier for e-mail addresses is in its table. A custom one takes a regular expression.
# - In Redshift's SQL: `CREATE MASKING POLICY hidden WITH (card VARCHAR(16)) USING ('hidden'::VARCHAR(16))`, then
#   `ATTACH MASKING POLICY hidden ON people(card) TO PUBLIC`.
# - Rows are filtered first, then masked. Filters are in [Access](90_access.ipynb).
#
# ## What is not reproduced
#
# - Macie's other identifiers, such as names; how it counts the 30 characters. Lists of keywords, issuers and test numbers
#   are ours, in English; whether Macie knows others was not verified.
# - Redshift's enforcement, views and grants; the length of a masked value.
# - Another model, or one tuned for each table: ours has the same settings for all.
# - Attackers who know the home, err in an amount, or use the order of rows; noise and differential privacy.
#
# ## Takeaways
#
# - A checksum removes nine in ten random numbers.{{!few_orders}} A keyword removes most others, and real cards too.{{!missed}}
# - Masks are resolved by priority, and `PUBLIC` is one more attachment.
# - A token hides the number and leaves the person to be found.{{!nearly_all}} Ask what links the rows.
# - A hash of a short number without a key is no mask.{{!reversed}}
# - Put what each column gives to the attacker and to the model into one table.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Identifiers, keywords, severity: Amazon Macie user guide, pages `managed-data-identifiers`, its reference pages, `findings-severity`.
# - Masks: Amazon Redshift developer guide, pages `r_CREATE_MASKING_POLICY`, `r_ATTACH_MASKING_POLICY`, `t_ddm-hierarchy`,
#   `t_ddm-conditional`, `t_ddm-considerations`.
# - de Montjoye, Y.-A. and others (2015), Unique in the shopping mall, Science 347, 536-539.
# - Incomes: Becker & Kohavi (1996), Adult, UCI, CC BY.

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

full = kinds.loc["and keyword"]
loss = arms["average precision"] - arms.loc["token", "average precision"]
cases = {key: pd.Series(value) for key, value in combined.items()}
lab.facts(
    digits=3,
    tolerance=0.003,
    one_in_ten=0.08 < luhn < 0.12 and 0.005 < mod97 < 0.015,
    few_orders=full["order"] == 0 < full["order, keyword"] < 0.1
    and 0.08 < kinds.loc["and Luhn", "order"] < 0.12,
    missed=full["keyword near"] > 0.999
    and full[["keyword far", "no keyword", "misspelt", "in German"]].max() < 0.05,
    highest=[*seen["Uma"]]
    == [*seen["Flo"]]
    == [people["card"][0], "hidden", people["card"][2]]
    and set(seen["Sam"].str[:3]) == {"***"}
    and set(seen["Eve"]) == {"hidden"},
    where=rows_found == {"Sam": 0, "Flo": 1},
    untouched=untouched,
    nearly_all=arms.loc["token", "found by 2"] > 0.97,
    nothing_to_join=arms.loc["no link", "found by 1"] > 0.5
    and arms.loc["no link", "found by 2"] == 0,
    picture=loss["token, rough payments"] < loss["rough profile"] - 0.03
    and arms.loc["token, rough payments", "found by 4"] > 0.75
    and arms.loc["rough profile", "found by 4"] < 0.2,
    rough_payments=price["token, rough payments"],
    rough_profile=asked,
    left_found=Fact(arms.loc["rough profile", "found by 4"], digits=2, tolerance=0.02),
    worst=price["token, rough payments"].verdict == "lower"
    and arms.loc["token, rough payments", "found by 2"] < 0.4
    and arms.loc["token, rough payments", "found by 4"] > 0.75,
    profile_better=stats.worlds(ap["rough profile"], ap["token, rough payments"]).low
    > 0
    and arms.loc["rough profile", "found by 4"] < 0.2
    and all(
        arms.loc["rough profile", m] < arms.loc["token, rough payments", m] - 0.1
        for m in ("found by 2", "found by 3", "found by 4")
    ),
    dearer=all(
        stats.worlds(ap["rough profile"], ap[t], comparisons=2).low > 0
        and arms.loc[t, "found by 4"] < arms.loc["rough profile", "found by 4"]
        for t in ("both rough", "no link")
    ),
    gain_usual=gain["usual amount"],
    usual_gains=gain["usual amount"].low > 0
    and all(
        stats.worlds(value["usual amount"], value[n], comparisons=4).low > 0
        for n in ("token", "homes", "account age", "balance, distance")
    ),
    swap=hit["usual for homes"] < hit["usual amount"] - 0.2
    and stats.worlds(
        value["usual for homes"], value["usual amount"], margin=0.02
    ).verdict
    == "tie",
    no_gain=all(gain[n].verdict == "tie" for n in ("homes", "account age"))
    and hit[["homes", "account age"]].min() > 0.97,
    crowd_token=all(v > 0.97 for v in by_size["token", "found by 2"]),
    crowd_rough=all(
        by_size[name, "found by 4"][0]
        > by_size[name, "found by 4"][1]
        > by_size[name, "found by 4"][2]
        for name in TABLES[1:3]
    ),
    few=Fact(arms.loc["rough profile", "below 5"], digits=2, tolerance=0.02),
    short_list=0.25 < arms.loc["rough profile", "below 5"] < 0.6,
    tries=len(tries),
    reversed=hits == [secret_card] and len(tries) == 100_000,
    keyed=outside == [],
    alone=Fact(cases["7 columns", "years"]["alone"], digits=2, tolerance=0.01),
    more_alone=cases["3 columns", "years"]["alone"] < 0.01
    and cases["7 columns", "years"]["alone"] > 0.25,
    tens_help=all(
        cases[n, "tens"]["alone"] < cases[n, "years"]["alone"] for n in names
    ),
    hole=all(case["5 or more, one income"] > 0 for case in cases.values()),
    sample_alone=Fact(surveys[columns[0]].mean(), digits=2, tolerance=0.01),
    truly=Fact(surveys[columns[1]].mean(), digits=2, tolerance=0.01),
    sample_more=surveys[columns[0]].min() > 2 * whole.mean()
    and surveys[columns[1]].max() < 0.5,
    no_missed=(surveys["missed"] == 0).all(),
)
