"""The quality report fits beside JupyterLab's file list, and scrolls where it does not."""

import pandas as pd
import pytest

from labs_lib import payments
from labs_lib.prepare import quality

pytestmark = pytest.mark.xdist_group("ui")

OUTPUT = 830
"""Width in pixels of a cell's output in a window of 1,280 pixels."""


@pytest.fixture(scope="module")
def report():
    table = payments.quiet_world(0, n=3_000).transactions
    shown = ["amount_cents", "channel", "merchant_category", "distance_km"]
    table = table[shown].assign(transaction_id=pd.RangeIndex(len(table)))
    return quality.report(table)._repr_html_()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_table_is_cut(browser, report, scheme):
    page = browser.new_page(viewport={"width": OUTPUT, "height": 900}, color_scheme=scheme)
    page.set_content(f"<meta name='color-scheme' content='light dark'>{report}")
    hidden = "parts => parts.filter(part => part.scrollWidth > part.clientWidth).length"
    assert page.eval_on_selector_all(".quality .scroll", hidden) == 0
    page.set_viewport_size({"width": 500, "height": 900})
    beyond = "() => document.documentElement.scrollWidth - window.innerWidth"
    assert page.evaluate(beyond) <= 0  # each table scrolls by itself
    assert page.eval_on_selector_all(".quality .scroll", hidden) > 0
    page.close()
