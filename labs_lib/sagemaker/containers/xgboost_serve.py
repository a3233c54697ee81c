"""Serving with the built-in XGBoost: rows without labels, one prediction a row."""

import json
import os
from pathlib import Path

import numpy as np

from labs_lib.sagemaker.containers import folders, tables
from labs_lib.sagemaker.containers.boosting import xgboost
from labs_lib.sagemaker.containers.http_worker import Invoke, Refused, serve, serve_models


def main() -> None:
    """Load the model and answer, or answer for many models."""
    if os.environ.get("SAGEMAKER_MULTI_MODEL") == "true":
        serve_models(_load)
        return
    try:
        invoke = _load(folders.ml() / "model")
    except ValueError as error:
        folders.fail(str(error))
    serve(invoke)


def _load(folder: Path) -> Invoke:
    """Return what answers for the model of a folder."""
    file = folder / "xgboost-model"
    if not file.exists():
        raise ValueError("The model's archive holds no file xgboost-model.")
    booster = xgboost.Booster()
    try:
        # A bytearray, since the name tells XGBoost nothing; a pickle is not opened.
        booster.load_model(bytearray(file.read_bytes()))
    except xgboost.core.XGBoostError:
        raise ValueError(
            "xgboost-model is no model that XGBoost has saved itself."
        ) from None
    booster.set_param({"nthread": int(os.environ.get("OMP_NUM_THREADS", "1"))})
    columns = booster.num_features()

    def invoke(body: bytes, kind: str, accept: str) -> tuple[str, str]:
        try:
            features = _read(body, kind.partition(";")[0].strip(), columns)
        except (ValueError, UnicodeDecodeError) as error:
            raise Refused(400, str(error)) from None
        found = booster.inplace_predict(features, validate_features=False)
        return _write(np.asarray(found), accept)

    return invoke


def _read(body: bytes, kind: str, columns: int) -> np.ndarray:
    text = body.decode("utf-8")
    if kind == "text/csv":
        features = tables.read_csv(text, what="The request")
    elif kind in ("text/libsvm", "text/x-libsvm"):
        # A row may begin with a label or with its first pair.
        lines = [line.split() for line in text.splitlines() if line.strip()]
        rows = [" ".join(["0", *line] if ":" in line[0] else line) for line in lines]
        _, features = tables.read_libsvm("\n".join(rows), what="The request")
        missing = columns - features.shape[1]
        if missing > 0:
            features = np.pad(features, ((0, 0), (0, missing)), constant_values=np.nan)
    else:
        raise Refused(415, f"ContentType {kind!r} is not text/csv or text/libsvm.")
    if features.shape[1] != columns:
        raise ValueError(
            f"The request has {features.shape[1]} columns, the model was trained on {columns}."
        )
    return features


def _write(found: np.ndarray, accept: str) -> tuple[str, str]:
    rows = found.tolist()
    if accept.partition(";")[0].strip() == "application/json":
        return json.dumps({"predictions": [{"score": row} for row in rows]}), accept
    lines = [",".join(map(str, r)) if isinstance(r, list) else str(r) for r in rows]
    return "\n".join(lines) + "\n", "text/csv; charset=utf-8"


if __name__ == "__main__":
    main()
