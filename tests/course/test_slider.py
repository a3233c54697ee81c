import re

import ipywidgets
import numpy as np
import pytest

from labs_lib import payments
from labs_lib.course import slider

Y = np.array([1, 0, 1, 0, 0])
SCORE = np.array([0.9, 0.8, 0.3, 0.2, 0.1])
AMOUNT = np.array([10_000, 500, 2_000, 100, 100])


def cost(alert):
    return payments.cost(Y, alert, AMOUNT)


def test_decisions_by_hand():
    table = slider.decisions(Y, SCORE, 0.5, days=2, cost=cost)
    assert table.iloc[:, 0].to_dict() == {
        "frauds found": "1",
        "frauds missed": "1",
        "false alerts": "1",
        "alerts a day": "1.0",
        "precision": "0.50",
        "recall": "0.50",
        "cost": f"{cost(SCORE >= 0.5):,.0f}",
    }


def test_no_alert_and_no_fraud_have_no_ratio():
    table = slider.decisions(np.zeros(5), SCORE, 2, days=1, cost=cost).iloc[:, 0]
    assert table["precision"] == "no alert"
    assert table["recall"] == "no fraud"


@pytest.mark.parametrize("days", [0, -1, float("nan")])
def test_time_has_to_pass(days):
    with pytest.raises(ValueError, match="days"):
        slider.decisions(Y, SCORE, 0.5, days=days, cost=cost)


def test_a_score_for_each_row():
    with pytest.raises(ValueError, match="one score for each"):
        slider.decisions(Y, SCORE[:3], 0.5, days=1, cost=cost)


@pytest.fixture
def shown(monkeypatch):
    calls = []
    monkeypatch.setattr(slider, "display", lambda *a, **k: calls.append((a, k)))
    return calls


def test_slider_moves_the_table(shown, monkeypatch):
    monkeypatch.setenv("LABS_MODE", "learn")
    made = []
    monkeypatch.setattr(
        slider.ipywidgets, "VBox", lambda children: made.append(children) or _Box()
    )
    slider.slider(Y, SCORE, value=0.5, days=1, cost=cost)
    choice, table = made[0]
    assert isinstance(choice, ipywidgets.SelectionSlider)
    assert "threshold 0.500" in table.value
    choice.index = len(choice.options) - 1
    assert "threshold 0.500" not in table.value
    # Announced at each step, as the handle has no name, and the focus is seen.
    announced = re.search(r"<div role=.status.>(.*)</div>", table.value, re.DOTALL)[1]
    assert announced.startswith("<table")
    assert "threshold" in announced
    assert ".noUi-handle:focus {outline: " in table.value
    assert "threshold 0.500" in shown[0][0][0]["text/plain"]


class _Box:
    def _repr_mimebundle_(self):
        return {}


def test_a_plain_table_where_nobody_can_move_it(shown, monkeypatch):
    monkeypatch.setenv("LABS_MODE", "build")
    slider.slider(Y, SCORE, value=0.5, days=1, cost=cost)
    assert list(shown[0][0][0].columns) == ["threshold 0.500"]
