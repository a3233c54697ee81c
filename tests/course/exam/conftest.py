import pytest

from labs_lib.course.exam import bank
from tests.course.exam import examples

LAB = "train/xgboost"


@pytest.fixture
def load(tmp_path):
    """Return a function that reads a bank from a text."""

    def read(text):
        file = tmp_path / "exam.toml"
        file.write_text(text, encoding="utf-8")
        return bank.load(file, LAB)

    return read


@pytest.fixture
def small_bank(load, monkeypatch, progress_file):
    """A learner's course whose bank is `examples.BANK`; the items by kind, or their list."""
    items = tuple(load(examples.BANK))
    monkeypatch.setattr(bank, "items", lambda: items)
    return items


@pytest.fixture
def item_of(load):
    """Return a function that gives the item of a text with one question."""
    return lambda text: load(text)[0]


class Clock:
    """A clock that is set by hand."""

    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()
