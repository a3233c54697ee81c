"""Hyperparameters as the container of the built-in XGBoost checks them."""

import ast
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping

from labs_lib.aws.findings import Finding, Validation, conclude, names, show

_VALUES = "XGBoost container, algorithm_mode/hyperparameter_validation.py"
_EARLY_STOPPING = "XGBoost container, algorithm_mode/train.py and callback.py"

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

# Type and range of the numbers; a round bracket leaves the end out.
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

UPDATERS = _words(
    "grow_colmaker distcol grow_histmaker grow_local_histmaker grow_skmaker "
    "grow_quantile_histmaker sync refresh prune shotgun coord_descent"
)


def check_xgboost_hyperparameters(
    hyperparameters: Mapping[str, str], *, channels: Iterable[str] | None = None
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

    Returns
    -------
    Validation
        Its `notes` hold a warning if ``early_stopping_rounds`` does nothing: the container
        arms it only with a channel named validation and a metric that is named, and is
        silent otherwise.

    Raises
    ------
    RequestError
        If the container would refuse a hyperparameter. The message lists all of them.

    Notes
    -----
    Source: aws/sagemaker-xgboost-container, ``constants/xgb_constants.py`` and, in
    ``algorithm_mode``, ``hyperparameter_validation.py`` and ``train.py``. Not checked:
    which tree updaters go together.
    """
    findings = [
        finding
        for name, value in hyperparameters.items()
        for finding in _check_value(name, value)
    ]
    wrong = {finding.path for finding in findings}
    findings += [
        finding
        for finding in _check_dependencies(hyperparameters)
        if finding.path not in wrong
    ]
    findings += _check_early_stopping(hyperparameters, channels)
    return conclude("built-in XGBoost", len(hyperparameters), findings)


def _check_value(given: str, value: str) -> Iterator[Finding]:
    path = f"HyperParameters.{given}"
    known = [*NUMBERS, *CHOICES, *LISTS, *ALIASES]
    if given not in known:
        problem = "is not a hyperparameter of the container"
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
    elif name in CHOICES:
        fits, allowed = value in CHOICES[name], names(value, CHOICES[name])
    else:
        check, allowed = LISTS[name]
        fits = check(value)
    if not fits:
        yield Finding(path, f"is {show(value)}", allowed, "range", _VALUES)


def _in_range(value: str, kind: type, limits: str) -> bool:
    try:
        number = kind(value)
    except ValueError:
        return False
    low, high = map(float, limits[1:-1].split(", "))
    above = number >= low if limits[0] == "[" else number > low
    below = number <= high if limits[-1] == "]" else number < high
    return above and below


def _are_metrics(value: str) -> bool:
    def known(metric: str) -> bool:
        name, at, threshold = metric.partition("@")
        if not at:
            return metric in METRICS
        return name in ("error", "ndcg", "map") and _in_range(
            threshold, float, "(-inf, inf)"
        )

    return all(map(known, value.split(",")))


def _are_updaters(value: str) -> bool:
    return set(value.split(",")) <= set(UPDATERS)


def _are_constraints(value: str, *, nested: bool) -> bool:
    try:
        parsed = ast.literal_eval(value)
        if nested:
            return all(
                isinstance(item, int) and item >= 1 for group in parsed for item in group
            )
        return all(item in (-1, 0, 1) for item in parsed)
    except (ValueError, SyntaxError, TypeError):
        return False


# The check of a list that is written as text, and what it must be.
LISTS: dict[str, tuple[Callable[[str], bool], str]] = {
    "eval_metric": (
        _are_metrics,
        f"with commas between them and no spaces {', '.join(METRICS)}; "
        "error, ndcg and map also with a threshold, as in error@0.7",
    ),
    "updater": (_are_updaters, f"with commas between them {', '.join(UPDATERS)}"),
    "monotone_constraints": (
        functools.partial(_are_constraints, nested=False),
        "-1, 0 or 1 for each column, as in (1,-1,0)",
    ),
    "interaction_constraints": (
        functools.partial(_are_constraints, nested=True),
        "lists of columns, counted from 1, as in [[1,2],[3,4]]",
    ),
}


def _check_dependencies(hyperparameters: Mapping[str, str]) -> Iterator[Finding]:
    def finding(name: str, problem: str, allowed: str) -> Finding:
        return Finding(f"HyperParameters.{name}", problem, allowed, "dependency", _VALUES)

    objective = str(hyperparameters.get("objective", "reg:squarederror"))
    tree_method = hyperparameters.get("tree_method", "auto")
    metrics = str(hyperparameters.get("eval_metric", "")).split(",")
    if "num_round" not in hyperparameters:
        yield finding("num_round", "is missing", "a value; the hyperparameter is required")
    if (
        objective in ("multi:softmax", "multi:softprob")
        and "num_class" not in hyperparameters
    ):
        yield finding("num_class", "is missing", f"a value; {objective} needs it")
    if "auc" in metrics and not objective.startswith(("binary:", "rank:")):
        problem = f"has auc with objective {objective}"
        yield finding("eval_metric", problem, "auc with an objective of binary: or rank:")
    if "aft-nloglik" in metrics and objective != "survival:aft":
        problem = f"has aft-nloglik with objective {objective}"
        yield finding("eval_metric", problem, "aft-nloglik with objective survival:aft")
    for name, methods in (
        ("monotone_constraints", ("exact", "hist")),
        ("interaction_constraints", ("exact", "hist", "approx")),
    ):
        if name in hyperparameters and tree_method not in methods:
            problem = f"is set with tree_method {tree_method}"
            yield finding(name, problem, f"with tree_method {' or '.join(methods)}")


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
