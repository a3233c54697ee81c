"""Train a model on what is known, under SageMaker's contract for a training job."""

import os
import pickle
from pathlib import Path

import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

COLUMNS = ["amount_cents", "usual_amount_cents", "account_age_days"]

payments = pd.read_parquet(Path(os.environ["SM_CHANNEL_TRAIN"]) / "payments.parquet")
known = payments[payments["is_fraud"].notna()]
model = make_pipeline(StandardScaler(), LogisticRegression())
model.fit(known[COLUMNS], known["is_fraud"])

with open(Path(os.environ["SM_MODEL_DIR"]) / "model.pkl", "wb") as file:
    pickle.dump((COLUMNS, model), file)
