"""The schema of ``statistics.json`` and ``constraints.json``: files that people edit.

Each rule of it that a hand can break is checked here, once, with the place in the message.
Beside Model Monitor's keys there are two of ours: ``share_method`` (see `baseline`) and
``id``, which two files that were written together share.

Source: Amazon SageMaker Developer Guide, pages model-monitor-byoc-statistics and
model-monitor-byoc-constraints.
"""

import difflib
import json
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from labs_lib.monitor.counters import TYPES

SWITCH = ("Enabled", "Disabled")
METHODS = ("Robust", "Simple")
CATEGORICAL = ("LInfinity", "ChiSquared")


def read(file: Path) -> dict:
    """Return the content of a JSON file that has a version and a list of features.

    Raises
    ------
    ValueError
        If it is missing, cut off, of another version, or of another schema.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ValueError(f"{file} does not exist. Make a baseline first.") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(
            f"{file} is not complete JSON ({error}); it may be cut off, or have been edited "
            "in a way that JSON does not allow. Make the baseline again."
        ) from None
    except OSError as error:
        raise ValueError(f"{file} could not be read: {error.strerror}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("features"), list):
        raise ValueError(
            f"{file} has no list of features; expected Model Monitor's schema."
        )
    if isinstance(content.get("version"), bool) or content.get("version") != 0:
        raise ValueError(
            f"{file} has version {content.get('version')!r}; expected 0. "
            "Make the baseline again with this program."
        )
    return content


def check_statistics(content: Mapping) -> None:
    """Raise a ValueError if these are no statistics in Model Monitor's schema."""
    dataset = _has(content, "dataset", "the statistics", _mapping)
    _has(dataset, "item_count", "the dataset", _count)
    for feature, where in _features(content):
        _is(feature.get("inferred_type"), "inferred_type", where, _one_of(TYPES))
        if "numerical_statistics" in feature:
            numbers = _has(feature, "numerical_statistics", where, _mapping)
            _check_common(numbers, where)
            for key in ("mean", "sum", "std_dev", "min", "max"):
                _is(numbers.get(key), key, where, _number_or_null)
            spread = _has(numbers, "distribution", where, _mapping)
            kll = _has(spread, "kll", where, _mapping)
            sketch = _has(kll, "sketch", where, _mapping)
            parameters = _has(sketch, "parameters", where, _mapping)
            k = _has(parameters, "k", where, _count)
            levels = _has(sketch, "data", where, _list)
            for level in levels:
                _is(level, "sketch data", where, _list)
                if not all(_number(value) for value in level):
                    raise _wrong("sketch data", "not all numbers", where, "finite numbers")
            if len(levels) > 1 and not 8 <= k <= 65_535:
                raise _wrong("k", k, where, "8 to 65,535")
        elif "string_statistics" in feature:
            texts = _has(feature, "string_statistics", where, _mapping)
            _check_common(texts, where)
            spread = _has(texts, "distribution", where, _mapping)
            categorical = _has(spread, "categorical", where, _mapping)
            for bucket in _has(categorical, "buckets", where, _list):
                _is(bucket, "bucket", where, _mapping)
                _has(bucket, "value", where, _text)
                _has(bucket, "count", where, _count)
        else:
            _check_common(feature, where)


def check_constraints(content: Mapping) -> None:
    """Raise a ValueError if these are no constraints in Model Monitor's schema."""
    where = "the constraints"
    _has(content, "features", where, _list)
    config = _has(content, "monitoring_config", where, _mapping)
    _check_config(config, "monitoring_config")
    for key in ("datatype_check_threshold", "domain_content_threshold"):
        _has(config, key, "monitoring_config", _share)
    settings = _has(config, "distribution_constraints", "monitoring_config", _mapping)
    _has(settings, "comparison_threshold", "distribution_constraints", _share)
    for feature, where in _features(content):
        _known(feature, where, _FEATURE, strict=False)
        _has(feature, "inferred_type", where, _one_of(TYPES))
        _has(feature, "completeness", where, _share)
        numbers = feature.get("num_constraints", {})
        _is(numbers, "num_constraints", where, _mapping)
        _known(numbers, where, ["is_non_negative"], strict=False)
        _is(numbers.get("is_non_negative", False), "is_non_negative", where, _truth)
        if "string_constraints" in feature:
            texts = _has(feature, "string_constraints", where, _mapping)
            for value in _has(texts, "domains", where, _list):
                _is(value, "a value of domains", where, _text)
        own = feature.get("monitoringConfigOverrides", {})
        _is(own, "monitoringConfigOverrides", where, _mapping)
        _check_config(own, where)


def config(constraints: Mapping, constraint: Mapping) -> dict:
    """Return the settings of one feature: the common ones, with its own on top."""
    common = constraints["monitoring_config"]
    own = constraint.get("monitoringConfigOverrides", {})
    distribution = {
        "perform_comparison": "Enabled",
        "comparison_method": "Robust",
        "categorical_drift_method": "LInfinity",
    }
    distribution |= common["distribution_constraints"]
    distribution |= own.get("distribution_constraints", {})
    distribution.setdefault(
        "categorical_comparison_threshold", distribution["comparison_threshold"]
    )
    # Model Monitor knows no other way than "Simple", so files without the key mean it.
    merged = {"evaluate_constraints": "Enabled", "share_method": "Simple"} | common | own
    return merged | {"distribution_constraints": distribution}


def to_json(content: Mapping, *, indent: int | None = None) -> str:
    """Return JSON text that any parser reads: no NaN, no infinity, no lone surrogate."""
    text = json.dumps(content, allow_nan=False, ensure_ascii=False, indent=indent) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


MOST = 2**53
"""The largest count: beyond it, a number of 64 bits skips whole numbers."""

Check = Callable[[object], bool]


def _number(value: object) -> bool:
    # A whole number of a thousand digits is no float; NaN compares as false.
    finite = isinstance(value, int | float) and abs(value) <= sys.float_info.max
    return finite and not isinstance(value, bool)


def _number_or_null(value: object) -> bool:
    """a number or null"""
    return value is None or _number(value)


def _share(value: object) -> bool:
    """a number from 0 to 1"""
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    )


def _count(value: object) -> bool:
    """a whole number of at least 0, and at most 2**53"""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def _text(value: object) -> bool:
    """a text"""
    return isinstance(value, str)


def _truth(value: object) -> bool:
    """true or false"""
    return isinstance(value, bool)


def _list(value: object) -> bool:
    """a list"""
    return isinstance(value, list)


def _mapping(value: object) -> bool:
    """an object with keys"""
    return isinstance(value, dict)


def _one_of(allowed: Collection[str]) -> Check:
    def check(value: object) -> bool:
        return isinstance(value, str) and value in allowed

    check.__doc__ = f"one of {', '.join(allowed)}"
    return check


_CONFIG: dict[str, Check] = {
    "evaluate_constraints": _one_of(SWITCH),
    "emit_metrics": _one_of(SWITCH),
    "datatype_check_threshold": _share,
    "domain_content_threshold": _share,
    "share_method": _one_of(METHODS),
    "distribution_constraints": _mapping,
}
_DISTRIBUTION: dict[str, Check] = {
    "perform_comparison": _one_of(SWITCH),
    "comparison_threshold": _share,
    "comparison_method": _one_of(METHODS),
    "categorical_comparison_threshold": _share,
    "categorical_drift_method": _one_of(CATEGORICAL),
}
_FEATURE = (
    "name",
    "inferred_type",
    "completeness",
    "num_constraints",
    "string_constraints",
    "monitoringConfigOverrides",
)


def _check_config(config: Mapping, where: str) -> None:
    for keys, place in (
        (_CONFIG, config),
        (_DISTRIBUTION, config.get("distribution_constraints", {})),
    ):
        _is(place, "distribution_constraints", where, _mapping)
        _known(place, where, keys, strict=True)
        for key, value in place.items():
            _is(value, key, where, keys[key])


def _check_common(statistics: Mapping, where: str) -> None:
    common = _has(statistics, "common", where, _mapping)
    for key in ("num_present", "num_missing"):
        _has(common, key, where, _count)


def _features(content: Mapping) -> list[tuple[dict, str]]:
    named = []
    for feature in content["features"]:
        if not isinstance(feature, dict) or not isinstance(feature.get("name"), str):
            raise ValueError("there is a feature without a name.")
        named.append((feature, repr(feature["name"])))
    names = [where for _, where in named]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"there are two features {twice}.")
    return named


def _known(place: Mapping, where: str, keys: Collection[str], *, strict: bool) -> None:
    """Raise a ValueError for a key that is unknown; if not strict, only if it is misspelt."""
    for key in place:
        if key in keys:
            continue
        near = difflib.get_close_matches(key, keys, n=1)
        if near or strict:
            meant = f" Is {near[0]!r} meant?" if near else ""
            raise ValueError(
                f"{where} has an unknown key {key!r}; expected {', '.join(keys)}.{meant}"
            )


def _has(place: Mapping, key: str, where: str, check: Check) -> Any:
    if key not in place:
        raise ValueError(f"{where} has no {key!r}.")
    _is(place[key], key, where, check)
    return place[key]


def _is(value: object, what: str, where: str, check: Check) -> None:
    if not check(value):
        raise _wrong(what, value, where, check.__doc__ or "another value")


def _wrong(what: str, value: object, where: str, expected: str) -> ValueError:
    return ValueError(f"{what} is {value!r} in {where}, expected {expected}.")
