"""Training with the built-in XGBoost: label first, hyperparameters as texts."""

import os
from typing import Any

import numpy as np

from labs_lib.aws import RequestError, check_xgboost_hyperparameters
from labs_lib.sagemaker.containers import folders, tables
from labs_lib.sagemaker.containers.boosting import xgboost

_OWN = {
    "num_round",
    "early_stopping_rounds",
    "csv_weights",
    "save_model_on_termination",
    "use_dask_gpu_training",
}


def main() -> None:
    """Train on the channels ``train`` and ``validation``; write ``xgboost-model``."""
    given = folders.configuration("hyperparameters")
    channels = folders.configuration("inputdataconfig")
    try:
        check_xgboost_hyperparameters(given, channels=channels)
    except RequestError as error:
        folders.fail(f"Hyperparameter validation failed. {error}")
    if "train" not in channels:
        folders.fail("There is no channel named train.")
    try:
        data: dict[str, xgboost.DMatrix] = {
            name: _read(name, channels[name], weights=given.get("csv_weights") == "1")
            for name in ("train", "validation")
            if name in channels
        }
    except ValueError as error:
        folders.fail(str(error))
    booster = _train(given, data)
    booster.save_model(folders.ml() / "model" / "xgboost-model.ubj")
    os.replace(
        folders.ml() / "model" / "xgboost-model.ubj",
        folders.ml() / "model" / "xgboost-model",
    )


def _read(name: str, channel: dict[str, Any], *, weights: bool) -> xgboost.DMatrix:
    kind = channel.get("ContentType", "text/libsvm").partition(";")[0].strip()
    paths = tables.files(folders.ml() / "input" / "data" / name)
    if not paths:
        raise ValueError(f"The channel {name} holds no files.")
    if kind in ("text/csv", "csv"):
        texts = [(p.name, p.read_text(encoding="utf-8")) for p in paths]
        parts = [tables.read_csv(text, what=f"{name}/{file}") for file, text in texts]
        table = np.concatenate(parts)
        first = 2 if weights else 1
        if table.shape[1] <= first:
            raise ValueError(f"The channel {name} has no column of features.")
        return xgboost.DMatrix(
            table[:, first:], label=table[:, 0], weight=table[:, 1] if weights else None
        )
    if kind in ("text/libsvm", "libsvm", "text/x-libsvm"):
        text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
        labels, features = tables.read_libsvm(text, what=name)
        return xgboost.DMatrix(features, label=labels)
    raise ValueError(
        f"The channel {name} has ContentType {kind!r}, not text/csv or text/libsvm."
    )


def _train(given: dict[str, str], data: dict[str, xgboost.DMatrix]) -> xgboost.Booster:
    parameters: list[tuple[str, Any]] = [
        (name, value)
        for name, value in given.items()
        if name not in _OWN and name != "eval_metric" and not name.startswith("_")
    ]
    metrics = [name for name in given.get("eval_metric", "").split(",") if name]
    tuned = given.get("_tuning_objective_metric", "").rpartition(":")[2]
    if tuned and tuned not in metrics:
        metrics.append(tuned)
    parameters += [("eval_metric", name) for name in metrics]
    parameters += [("nthread", os.environ.get("OMP_NUM_THREADS", "2"))] * (
        "nthread" not in given
    )
    rounds = given.get("early_stopping_rounds")
    # Armed only with a validation channel and a metric that is named, as in the container.
    callbacks: list[Any] = [_Log()]
    if rounds and metrics and "validation" in data:
        callbacks.append(
            xgboost.callback.EarlyStopping(
                int(rounds),
                metric_name=tuned or metrics[-1],
                data_name="validation",
                save_best=True,
            )
        )
    try:
        return xgboost.train(
            parameters,
            data["train"],
            num_boost_round=int(given["num_round"]),
            evals=[(matrix, name) for name, matrix in data.items()],
            verbose_eval=False,
            callbacks=callbacks,
        )
    except xgboost.core.XGBoostError as error:
        folders.fail(f"XGBoost: {str(error).splitlines()[-1]}")


class _Log(xgboost.callback.TrainingCallback):
    """Prints a line a round as it appears in CloudWatch, where a tab is #011."""

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        parts = [
            f"{data}-{metric}:{values[-1]:.5f}"
            for data, metrics in evals_log.items()
            for metric, values in metrics.items()
        ]
        print("#011".join([f"[{epoch}]", *parts]), flush=True)
        return False


if __name__ == "__main__":
    main()
