"""Load a model and score payments, with the names that SageMaker's containers use."""

import pickle
from pathlib import Path


def model_fn(model_dir):
    with open(Path(model_dir) / "model.pkl", "rb") as file:
        return pickle.load(file)


def predict_fn(payments, model):
    """Return a score for each of today's payments; `payments` holds the history too."""
    columns, fitted = model
    today = payments[payments["today"]]
    return fitted.predict_proba(today[columns])[:, 1]
