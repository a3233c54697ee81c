"""The page that explains a check to somebody who did not write it."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from labs_lib import monitor
from labs_lib.monitor import pages


def make(seed, shift=0.0, rows=1500):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount $x_1$": rng.lognormal(3 + shift, 1, rows).round(2),
            "<b>place": rng.choice([f"c{i}" for i in range(14)], rows),
            "steady": rng.normal(size=rows),
            "one value": 1.0 + shift,
        }
    )


class Page(HTMLParser):
    """Which tags a page has, and whether each is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.images = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        if tag == "img":
            self.images.append(dict(attributes))
        if tag not in ("meta", "img", "br", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def base():
    return monitor.baseline(make(0))


@pytest.fixture(scope="module")
def text(base):
    batch = make(1, shift=1).assign(**{"<b>place": "c0"}, extra=1)
    return pages.report(monitor.check(batch, base), base, title="Payments & co")


def test_a_figure_for_each_drifting_feature_and_no_other(text):
    page = Page(text)
    assert len(page.images) == 3
    assert text.count("<h3>") == 3
    assert "<h3>steady</h3>" not in text
    for image in page.images:
        assert len(image["alt"]) > 40
        png = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
        assert png.startswith(b"\x89PNG")
        assert len(png) > 5000


def test_it_says_in_words_what_happened(text):
    assert "<title>Payments &amp; co</title>" in text
    assert "4 violations in 4 columns." in text
    assert "A batch of 1,500 rows was compared with a baseline of 1,500 rows" in text
    assert "The share of &#x27;c0&#x27; moved most: from" in text
    assert "100.0 % of the rows" in text
    assert "The batch has this column, the baseline has not." in text
    for term in pages._TERMS:
        assert f"<dt>{term}</dt>" in text


def test_names_are_text_and_nothing_is_loaded(text):
    assert "&lt;b&gt;place" in text
    assert "<b>place" not in text
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert "<script" not in text


def test_good_news_has_no_figures(base):
    page = pages.report(monitor.check(make(2), base), base)
    assert "No violations." in page
    assert "<img" not in page
    assert Page(page).seen.count("table") == 1


def test_a_page_of_many_features_stays_readable(monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "MAX_FIGURES", 2)
    before = pd.DataFrame(np.zeros((200, 5)), columns=list("abcde"))
    base = monitor.baseline(before)
    found = monitor.check(before + 1, base)
    pages.write_report(tmp_path / "r.html", found, base)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count("<img") == 2
    assert "3 more drifted, see the table." in text


def test_large_numbers_and_long_names_are_readable():
    long = "amount of all payments " * 12
    rng = np.random.default_rng(0)
    before = pd.DataFrame({long: rng.normal(4e6, 1e5, 900), "n": rng.normal(2e9, 1e8, 900)})
    base = monitor.baseline(before)
    text = pages.report(monitor.check(before * 1.5, base), base)
    assert "e+0" not in text
    assert re.search(
        r"median .* was (?:3,99|4,00)\d,\d{3} in the baseline and is (?:5,99|6,0)", text
    )
    assert "overflow-wrap: anywhere" in text
    # The words come first: nobody has to scroll to them.
    assert text.index("<th>violations, notes</th>") < text.index("<th>simple</th>")


def test_huge_values_and_halves_of_characters_get_a_page():
    base = monitor.baseline(pd.DataFrame({"x": [1.0, 2.0, 3.0] * 500, "c": ["a"] * 1500}))
    batch = pd.DataFrame(
        {"x": [1e308, -1e308, 1.0] * 500, "c": pd.Series(["\ud83d"] * 1500, dtype=object)}
    )
    text = pages.report(monitor.check(batch, base), base, title="\udcff")
    assert text.encode("utf-8")
    assert "c: baseline and batch" not in text  # that is in the picture
    assert "\\ud83d" in text
