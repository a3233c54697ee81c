import textwrap

import pytest

from labs_lib.capstone import draw_world
from labs_lib.capstone.folder import HandedIn

TRAIN = "import os; open(os.environ['SM_MODEL_DIR'] + '/model', 'w').close()"
INFERENCE = """
def model_fn(folder):
    return folder

def predict_fn(payments, model):
    return payments[payments["today"]]["amount_cents"].to_numpy() / 1e7
"""
POLICY = "def on_day(today):\n    return {'threshold': 0.01}\n"


@pytest.fixture(scope="session")
def world():
    return draw_world(5, payments_a_day=60, history_days=40, live_days=20)


@pytest.fixture
def hand_in():
    def make(policy=POLICY, *, inference=INFERENCE, train=TRAIN):
        files = {"train.py": train, "inference.py": inference, "policy.py": policy}
        content = {name: textwrap.dedent(text).encode() for name, text in files.items()}
        return HandedIn(files=content, sha256="0" * 64)

    return make
