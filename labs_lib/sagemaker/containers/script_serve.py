"""Serving with a script: model_fn, input_fn, predict_fn, output_fn, or transform_fn."""

import importlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from labs_lib.sagemaker.containers import folders
from labs_lib.sagemaker.containers.http_worker import Invoke, Refused, serve, serve_models


def main() -> None:
    """Load the script that ``SAGEMAKER_PROGRAM`` names, and its model; answer."""
    script = folders.ml() / "code" / os.environ["SAGEMAKER_PROGRAM"]
    functions = _load(script)
    if "model_fn" not in functions:
        folders.fail(f"{script.name} has no model_fn(model_dir).")
    if os.environ.get("SAGEMAKER_MULTI_MODEL") == "true":
        serve_models(lambda folder: _loaded(functions, folder))
    else:
        serve(_loaded(functions, folders.ml() / "model"))


def _loaded(functions: dict[str, Callable[..., Any]], folder: Path) -> Invoke:
    """Return what answers for the model of a folder."""
    model = functions["model_fn"](str(folder))
    read = functions.get("input_fn", read_request)
    predict = functions.get("predict_fn", lambda data, model: model.predict(data))
    write = functions.get("output_fn", write_answer)
    transform = functions.get("transform_fn")

    def invoke(body: bytes, kind: str, accept: str) -> tuple[bytes | str, str]:
        if transform is not None:
            found = transform(model, body, kind, accept)
        else:
            data = (
                body.decode("utf-8")
                if kind.startswith(("text/", "application/json"))
                else body
            )
            found = write(predict(read(data, kind), model), accept)
        if isinstance(found, tuple):
            return found[0], found[1]
        return found, accept if "/" in accept and "*" not in accept else "text/csv"

    return invoke


def _load(script: Path) -> dict[str, Callable[..., Any]]:
    if not script.is_file():
        folders.fail(f"There is no script {script.name} in the code folder.")
    sys.path.insert(0, str(script.parent))
    return vars(importlib.import_module(script.stem))


def read_request(data: Any, kind: str) -> np.ndarray:
    """Read CSV, JSON or NumPy's own format as an array: the toolkit's default."""
    plain = kind.partition(";")[0].strip()
    if plain == "text/csv":
        text = data if isinstance(data, str) else data.decode("utf-8")
        return np.genfromtxt(io.StringIO(text), dtype=np.float64, delimiter=",", ndmin=2)
    if plain == "application/json":
        return np.array(json.loads(data))
    if plain == "application/x-npy":
        return np.load(io.BytesIO(data), allow_pickle=False)
    raise Refused(415, f"ContentType {plain!r} is not text/csv, JSON or x-npy.")


def write_answer(found: Any, accept: str) -> tuple[bytes | str, str]:
    """Write predictions as CSV, JSON or NumPy's own format: the toolkit's default."""
    plain = accept.partition(";")[0].strip()
    array = np.asarray(found)
    if plain == "application/json":
        return json.dumps(array.tolist()), plain
    if plain == "application/x-npy":
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        return buffer.getvalue(), plain
    if plain in ("text/csv", "*/*", ""):
        rows = np.atleast_1d(array).tolist()
        lines = [",".join(map(str, r)) if isinstance(r, list) else str(r) for r in rows]
        return "\n".join(lines) + "\n", "text/csv"
    raise Refused(406, f"Accept {plain!r} is not text/csv, JSON or x-npy.")


if __name__ == "__main__":
    main()
