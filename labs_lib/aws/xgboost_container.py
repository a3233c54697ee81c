"""Hyperparameters as the container of the built-in XGBoost checks them."""

import ast
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from typing import Any

from labs_lib.aws.findings import Finding, Validation, conclude, names, show

_VALUES = "XGBoost container, algorithm_mode/hyperparameter_validation.py"
_TRAIN = "XGBoost container, algorithm_mode/train.py"
_EARLY_STOPPING = f"{_TRAIN} and callback.py"

VERSIONS = ("1.3-1", "1.5-1", "1.7-1", "3.0-5")
"""Versions of the container whose checks are known, each as its branch or tag ends."""

# Hyperparameters and values that some versions lack: since which, and up to which one.
SINCE = {"use_dask_gpu_training": "1.5-1", "reg:absoluteerror": "1.7-1"}
UNTIL = {"single_precision_histogram": "1.5-1", "grow_local_histmaker": "1.5-1"}

ALIASES = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_alpha": "alpha",
    "reg_lambda": "lambda",
}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


METRICS = _words(
    "accuracy auc aucpr balanced_accuracy f1 f1_binary f1_macro map ndcg precision r2 "
    "recall precision_macro precision_micro recall_macro recall_micro aft-nloglik "
    "cox-nloglik error gamma-deviance gamma-nloglik interval-regression-accuracy logloss "
    "mae mape merror mlogloss mphe mse poisson-nloglik rmse rmsle tweedie-nloglik"
)

# Type and range of the numbers; a round bracket leaves the end out, but no end is infinite:
# a number without a limit may be infinite too.
NUMBERS = {
    "num_round": (int, "[1, inf)"),
    "num_class": (int, "[2, inf)"),
    "early_stopping_rounds": (int, "[1, inf)"),
    "scale_pos_weight": (float, "(0, inf)"),
    "eta": (float, "[0, 1]"),
    "gamma": (float, "[0, inf)"),
    "max_depth": (int, "[0, inf)"),
    "min_child_weight": (float, "[0, inf)"),
    "max_delta_step": (float, "[0, inf)"),
    "subsample": (float, "(0, 1]"),
    "colsample_bytree": (float, "(0, 1]"),
    "colsample_bylevel": (float, "(0, 1]"),
    "colsample_bynode": (float, "(0, 1]"),
    "alpha": (float, "[0, inf)"),
    "lambda": (float, "[0, inf)"),
    "base_score": (float, "[0, inf)"),
    "max_leaves": (int, "[0, inf)"),
    "max_bin": (int, "[0, inf)"),
    "csv_weights": (int, "[0, 1]"),
    "sketch_eps": (float, "(0, 1)"),
    "rate_drop": (float, "[0, 1]"),
    "one_drop": (int, "[0, 1]"),
    "skip_drop": (float, "[0, 1]"),
    "lambda_bias": (float, "[0, 1]"),
    "tweedie_variance_power": (float, "(1, 2)"),
    "refresh_leaf": (int, "[0, 1]"),
    "seed": (int, "(-2147483648, 2147483647)"),
    "nthread": (int, "[1, inf)"),
    "verbosity": (int, "[0, 3]"),
    "num_parallel_tree": (int, "[1, inf)"),
    "aft_loss_distribution_scale": (float, "[0, inf)"),
    "prob_buffer_row": (int, "(1, inf)"),
    "_kfold": (int, "[2, inf)"),
    "_num_cv_round": (int, "[1, inf)"),
}

CHOICES = {
    "objective": _words(
        "aft_loss_distribution binary:logistic binary:logitraw binary:hinge count:poisson "
        "multi:softmax multi:softprob rank:pairwise rank:ndcg rank:map reg:linear "
        "reg:squarederror reg:logistic reg:gamma reg:pseudohubererror reg:squaredlogerror "
        "reg:absoluteerror reg:tweedie survival:aft survival:cox"
    ),
    "booster": ("gbtree", "gblinear", "dart"),
    "tree_method": ("auto", "exact", "approx", "hist", "gpu_hist"),
    "predictor": ("auto", "cpu_predictor", "gpu_predictor"),
    "dsplit": ("row", "col"),
    "grow_policy": ("depthwise", "lossguide"),
    "process_type": ("default", "update"),
    "sample_type": ("uniform", "weighted"),
    "normalize_type": ("tree", "forest"),
    "sampling_method": ("uniform", "gradient_based"),
    "aft_loss_distribution": ("normal", "logistic", "extreme"),
    "save_model_on_termination": ("true", "false"),
    "use_dask_gpu_training": ("true", "false"),
    "deterministic_histogram": ("true", "false"),
    "single_precision_histogram": ("true", "false"),
    "_tuning_objective_metric": tuple(f"validation:{metric}" for metric in METRICS),
}

GROWING = _words("grow_colmaker distcol grow_histmaker grow_local_histmaker")
"""Updaters of which one may be named."""

LINEAR = ("shotgun", "coord_descent")
"""Updaters of booster gblinear."""

UPDATING = ("refresh", "prune")
"""Updaters of process_type update, where trees exist already."""

UPDATERS = (*GROWING, "grow_skmaker", "sync", *UPDATING, *LINEAR)


def check_xgboost_hyperparameters(
    hyperparameters: Mapping[str, str],
    *,
    channels: Iterable[str] | None = None,
    version: str = VERSIONS[-1],
) -> Validation:
    """Check hyperparameters as the container of the built-in XGBoost checks them.

    The service model only asks that hyperparameters are text. Names, ranges and
    dependencies are checked by the container, after the instance has started.

    Parameters
    ----------
    hyperparameters : dict of str to str
        The ``HyperParameters`` of a ``CreateTrainingJob``.
    channels : iterable of str, optional
        Names of the input channels. If given, early stopping is also held against them.
    version : str
        Tag of the container's image, one of `VERSIONS`.

    Returns
    -------
    Validation
        Its `notes` hold a warning if ``early_stopping_rounds`` does nothing (the container
        arms it only with a channel named validation and a metric that is named, and is
        silent otherwise), if a number is NaN, which passes every range of the container,
        and if one hyperparameter is given under both of its names.

    Raises
    ------
    RequestError
        If the container would refuse a hyperparameter. The message lists all of them.
    ValueError
        If the version is not known.

    Notes
    -----
    Source: aws/sagemaker-xgboost-container, ``constants/xgb_constants.py`` and, in
    ``algorithm_mode``, ``hyperparameter_validation.py`` and ``train.py``, read for each
    version. Image 1.5-1 was built again with ``use_dask_gpu_training``, 1.7-1 with
    ``reg:absoluteerror``; the later state counts. Two things are stricter here: where one
    hyperparameter is given under two names, both values are checked (the container looks at
    the last one), and ``monotone_constraints`` is read as a literal (the container evaluates
    it as Python).
    """
    if version not in VERSIONS:
        raise ValueError(
            f"version is {version!r}, expected the tag of a container whose checks are "
            f"known: {', '.join(VERSIONS)}."
        )
    findings = [
        finding
        for name, value in hyperparameters.items()
        for finding in _check_value(name, value, version)
    ]
    wrong = {finding.path for finding in findings if finding.severity == "error"}
    texts = {
        ALIASES.get(name, name): value
        for name, value in hyperparameters.items()
        if isinstance(value, str)
    }
    findings += [
        finding
        for finding in _check_dependencies(texts, set(hyperparameters), version)
        if finding.path not in wrong
    ]
    findings += _check_aliases(hyperparameters)
    findings += _check_early_stopping(hyperparameters, channels)
    return conclude("built-in XGBoost", len(hyperparameters), findings)


def _knows(version: str, name: str) -> bool:
    """Whether a version knows a hyperparameter or a value that another one may lack."""
    place = VERSIONS.index
    since, until = SINCE.get(name, VERSIONS[0]), UNTIL.get(name, VERSIONS[-1])
    return place(since) <= place(version) <= place(until)


def _check_value(given: str, value: str, version: str) -> Iterator[Finding]:
    path = f"HyperParameters.{given}"
    known = [n for n in (*NUMBERS, *CHOICES, *LISTS, *ALIASES) if _knows(version, n)]
    if given not in known:
        problem = f"is not a hyperparameter of the container {version}"
        yield Finding(path, problem, names(str(given), known), "unknown", _VALUES)
        return
    if not isinstance(value, str):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        problem = f"is {show(value)}, of type {type(value).__name__}"
        yield Finding(path, problem, f"text, here {text!r}", "type", _VALUES)
        return
    name = ALIASES.get(given, given)
    if name in NUMBERS:
        kind, limits = NUMBERS[name]
        fits = _in_range(value, kind, limits)
        allowed = ("a whole number in " if kind is int else "a number in ") + limits
        if fits and math.isnan(kind(value)):
            problem = f"is {show(value)}, which passes every range of the container"
            yield Finding(path, problem, allowed, "nan", _VALUES, "warning")
    elif name in CHOICES:
        choices = [choice for choice in CHOICES[name] if _knows(version, choice)]
        fits, allowed = value in choices, names(value, choices)
    else:
        fits, allowed = LISTS[name](value, version)
    if not fits:
        yield Finding(path, f"is {show(value)}", allowed, "range", _VALUES)


def _in_range(value: str, kind: type, limits: str) -> bool:
    """Whether a text is a number that lies in the range, or is NaN and so not outside."""
    try:
        number = kind(value)
    except ValueError:
        return False
    low, high = map(float, limits[1:-1].split(", "))
    below = number < low or (number == low and limits[0] == "(")
    above = number > high or (number == high != math.inf and limits[-1] == ")")
    return not (below or above)


def _metrics(value: str, version: str) -> tuple[bool, str]:
    def known(metric: str) -> bool:
        name, *threshold = (part.strip() for part in metric.split("@"))
        if not threshold:
            return metric in METRICS
        return (
            name in ("error", "ndcg", "map")
            and "<function" not in metric
            and _in_range(threshold[0], float, "(-inf, inf)")
        )

    return all(map(known, value.split(","))), (
        f"with commas between them and no spaces {', '.join(METRICS)}; "
        "error, ndcg and map also with a threshold, as in error@0.7"
    )


def _updaters(value: str, version: str) -> tuple[bool, str]:
    updaters = [updater for updater in UPDATERS if _knows(version, updater)]
    fits = set(value.split(",")) <= set(updaters)
    return fits, f"with commas between them {', '.join(updaters)}"


def _monotone(value: str, version: str) -> tuple[bool, str]:
    signs = _literal(value)
    try:
        fits = all(sign in (-1, 0, 1) for sign in signs)
    except TypeError:
        fits = False
    return fits, "-1, 0 or 1 for each column, as in (1,-1,0)"


def _interactions(value: str, version: str) -> tuple[bool, str]:
    groups = _literal(value)
    try:
        fits = not any(column < 1 for group in groups for column in group)
    except TypeError:
        fits = False
    return fits, "lists of columns, counted from 1, as in [[1,2],[3,4]]"


def _literal(value: str) -> Any:
    """Return what a text is in Python, None if it is nothing."""
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


# Lists that are written as text: whether a version takes the value, and what it must be.
LISTS: dict[str, Callable[[str, str], tuple[bool, str]]] = {
    "eval_metric": _metrics,
    "updater": _updaters,
    "monotone_constraints": _monotone,
    "interaction_constraints": _interactions,
}


def _check_dependencies(
    texts: Mapping[str, str], given: Set[str], version: str
) -> Iterator[Finding]:
    def finding(name: str, problem: str, allowed: str, source: str = _VALUES) -> Finding:
        return Finding(f"HyperParameters.{name}", problem, allowed, "dependency", source)

    objective, tree_method = texts.get("objective"), texts.get("tree_method", "auto")
    metrics = texts.get("eval_metric", "").split(",")
    if "num_round" not in given:
        yield finding("num_round", "is missing", "a value; the hyperparameter is required")
    if objective in ("multi:softmax", "multi:softprob") and "num_class" not in given:
        yield finding("num_class", "is missing", f"a value; {objective} needs it")
    if "objective" not in given and "eval_metric" in given:
        allowed = "a value; the container reads it to check eval_metric, and has no default"
        yield finding("objective", "is missing", allowed)
    elif "objective" not in given and "_kfold" in given and "num_class" not in given:
        allowed = "a value, or num_class; cross-validation with _kfold reads one of them"
        yield finding("objective", "is missing", allowed, _TRAIN)
    if objective is not None:
        if "auc" in metrics and not objective.startswith(("binary:", "rank:")):
            problem = f"has auc with objective {objective}"
            allowed = "auc with an objective of binary: or rank:"
            yield finding("eval_metric", problem, allowed)
        if "aft-nloglik" in metrics and objective != "survival:aft":
            problem = f"has aft-nloglik with objective {objective}"
            yield finding("eval_metric", problem, "aft-nloglik with objective survival:aft")
    for name, methods in (
        ("monotone_constraints", ("exact", "hist")),
        ("interaction_constraints", ("exact", "hist", "approx")),
    ):
        if name in given and tree_method not in methods:
            problem = f"is set with tree_method {tree_method}"
            yield finding(name, problem, f"with tree_method {' or '.join(methods)}")
    if "updater" in texts:
        for problem, allowed in _check_updaters(texts, version):
            yield finding("updater", problem, allowed)
    if texts.get("use_dask_gpu_training") == "true" and tree_method != "gpu_hist":
        problem = f"is 'true' with tree_method {tree_method}"
        yield finding("use_dask_gpu_training", problem, "with tree_method gpu_hist", _TRAIN)


def _check_updaters(texts: Mapping[str, str], version: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong and what is allowed where updaters do not go together."""
    updaters = texts["updater"].split(",")
    problem = f"is {show(texts['updater'])}"
    if texts.get("booster") == "gblinear":
        if len(updaters) != 1 or updaters[0] not in LINEAR:
            yield f"{problem} with booster gblinear", f"one of {', '.join(LINEAR)}"
    elif texts.get("process_type") == "update":
        if not set(updaters) <= set(UPDATING):
            yield f"{problem} with process_type update", f"of {', '.join(UPDATING)}"
    elif linear := [updater for updater in updaters if updater in LINEAR]:
        yield f"has {', '.join(linear)} without booster gblinear", "updaters of trees"
    elif sum(updater in GROWING for updater in updaters) > 1:
        growing = [updater for updater in GROWING if _knows(version, updater)]
        yield problem, f"at most one, and once, of {', '.join(growing)}"


def _check_aliases(hyperparameters: Mapping[str, str]) -> Iterator[Finding]:
    for alias, name in ALIASES.items():
        if {alias, name} <= hyperparameters.keys():
            yield Finding(
                f"HyperParameters.{alias}",
                f"is {name} by another name, and both are given",
                "one of the two; the container takes the one that it reads last",
                "alias",
                _VALUES,
                "warning",
            )


def _check_early_stopping(
    hyperparameters: Mapping[str, str], channels: Iterable[str] | None
) -> Iterator[Finding]:
    if "early_stopping_rounds" not in hyperparameters:
        return
    lacks = []
    if not {"eval_metric", "_tuning_objective_metric"} & hyperparameters.keys():
        lacks.append("a metric named in eval_metric")
    if channels is not None and "validation" not in set(channels):
        lacks.append("a channel named validation")
    if lacks:
        yield Finding(
            "HyperParameters.early_stopping_rounds",
            "does nothing here, and the container does not say so",
            "early stopping with " + " and ".join(lacks),
            "early_stopping",
            _EARLY_STOPPING,
            "warning",
        )
