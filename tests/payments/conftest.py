"""Worlds that several tests look at; nobody changes them in place."""

import pytest

from labs_lib import payments


@pytest.fixture(scope="session")
def world():
    """The shipped world, drawn anew."""
    return payments.simulate()


@pytest.fixture(scope="session")
def small():
    return payments.simulate(n_transactions=20_000, days=150, seed=1)
