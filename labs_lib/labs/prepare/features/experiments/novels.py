"""Which novel is a paragraph from? Ways to turn text into numbers, over repeated splits.

Whole chapters go to one side, so that a scene does not stand on both. Each way feeds naive
Bayes and a linear model. One more question: how much of it is the names of the characters?
"""

import re
from collections import Counter

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
)
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GroupShuffleSplit
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import LinearSVC

from labs_lib import data

REPEATS = 20
TEST_SHARE = 0.2
MIN_LETTERS = 100
"""Shorter paragraphs, headings among them, are left out."""

WORD = r"[a-z]+"
MIN_PARAGRAPHS = 2
"""In how many paragraphs a word has to stand to be counted."""

NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")
LOWER = re.compile(r"\b[a-z]+")
"""A word with a capital inside a sentence, nearly always a name, and a word without."""


def paragraphs() -> pd.DataFrame:
    """Return the paragraphs of some length: novel, text, chapter (a number)."""
    novels = data.load_novels()
    heading = novels["text"].str.match(r"(?i)chapter [ivxlc\d]+\.?$")
    novels = novels.assign(
        chapter=(heading | (novels["novel"].shift() != novels["novel"])).cumsum()
    )
    return novels[novels["text"].str.len() >= MIN_LETTERS].reset_index(drop=True)


def names(texts: pd.Series) -> list[str]:
    """Return, in lower case, the words that mostly have a capital inside sentences."""
    capital = Counter(word.lower() for text in texts for word in NAME.findall(text))
    plain = Counter(word for text in texts for word in LOWER.findall(text))
    return sorted(word for word, count in capital.items() if count > plain[word])


def repeat(seed: int) -> list[dict]:
    """Split the chapters at random with this seed; judge every way and model."""
    table = paragraphs()
    splitter = GroupShuffleSplit(1, test_size=TEST_SHARE, random_state=seed)
    train, test = next(splitter.split(table, groups=table["chapter"]))
    y = table["novel"].to_numpy()
    rows = []
    for way, (Z_train, Z_test) in _ways(
        table["text"].iloc[train], table["text"].iloc[test]
    ):
        for name, model in _models().items():
            model.fit(Z_train, y[train])
            value = accuracy_score(y[test], model.predict(Z_test))
            rows.append(
                {
                    "way": way,
                    "model": name,
                    "columns": Z_train.shape[1],
                    "accuracy": value,
                }
            )
    share = pd.Series(y[test]).value_counts(normalize=True).max()
    rows.append(
        {
            "way": "always the longest novel",
            "model": "none",
            "columns": 0,
            "accuracy": float(share),
        }
    )
    return rows


def _models() -> dict[str, object]:
    return {
        "naive Bayes": MultinomialNB(alpha=0.1),
        "linear": make_pipeline(Normalizer(), LinearSVC(C=0.3, random_state=0)),
    }


def _ways(train: pd.Series, test: pd.Series):
    """Yield each way to count words, and what it makes of the two sides."""
    counter = CountVectorizer(token_pattern=WORD, min_df=MIN_PARAGRAPHS).fit(train)
    counts = counter.transform(train), counter.transform(test)
    yield "counts", counts
    yield "TF-IDF", _weighted(*counts)
    for bits in (8, 12, 16):
        hashed = HashingVectorizer(
            token_pattern=WORD, n_features=2**bits, alternate_sign=False, norm=None
        )
        yield f"hashing, 2^{bits}", (hashed.transform(train), hashed.transform(test))
    words = counter.get_feature_names_out()
    plain = ~np.isin(words, names(train))
    yield "TF-IDF without names", _weighted(*(c[:, plain] for c in counts))


def _weighted(train, test):
    weigh = TfidfTransformer(norm=None).fit(train)
    return weigh.transform(train), weigh.transform(test)
