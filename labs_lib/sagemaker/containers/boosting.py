"""XGBoost, loaded without scikit-learn: that is four fifths of its start, and not needed."""

import importlib
import sys
from typing import Any


def _load() -> Any:
    if "sklearn" in sys.modules:
        return importlib.import_module("xgboost")
    # None makes an import fail, and XGBoost goes on without it.
    sys.modules["sklearn"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("xgboost")
    finally:
        del sys.modules["sklearn"]


xgboost = _load()
