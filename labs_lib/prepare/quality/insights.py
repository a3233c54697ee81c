"""The data quality and insights report: what `report` does and what it returns."""

import json
import math
from collections.abc import Collection, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.progress import track

from labs_lib import files, settings
from labs_lib.prepare.quality import columns, models, rules, view

MODEL_ROWS = 50_000
OBVIOUS_CLASSES = 5
EXAMPLES = 10
SLOW_CELLS = 3_000_000
LARGEST_TARGET = 1e37


@dataclass(frozen=True, eq=False, repr=False)
class QualityReport:
    """What `report` found.

    Attributes
    ----------
    rows : int
    target : hashable or None
    task : str or None
        "binary", "multiclass", "regression", or None without a target.
    table : pandas.DataFrame
        One row a column, in the order of the data: type; null, empty, blank, disguised,
        invalid (numbers of rows) and missing (null, empty and blank together); distinct;
        min, median, max, outliers, skew, kurtosis (numeric); pearson and power (features,
        with a target).
    warnings : pandas.DataFrame
        One row a warning, the most severe first: severity, warning, column, rows, values,
        detail.
    classes : pandas.Series or None
        Rows of each class of the target, the most frequent first.
    duplicates : dict
        ``involved`` (rows that equal another row), ``repeats`` (rows that equal an earlier
        one), ``share`` (involved / rows), ``ignored`` (ID columns left out).
    duplicate_examples : pandas.DataFrame
        The rows that occur most often, with their ``count``; at most 10.
    quick_model : QuickModel or None
    anomalies : pandas.DataFrame
        The 10 most anomalous rows of the sample, with the isolation forest's ``score``
        (negative is anomalous).
    notes : list of str
        What was sampled, left out or not possible.
    profiles : list of ColumnProfile
        The profile of each column.
    """

    rows: int
    target: Hashable | None
    task: str | None
    table: pd.DataFrame
    warnings: pd.DataFrame
    classes: pd.Series | None
    duplicates: dict
    duplicate_examples: pd.DataFrame
    quick_model: models.QuickModel | None
    anomalies: pd.DataFrame
    notes: list[str]
    profiles: list[columns.ColumnProfile]

    def to_dict(self) -> dict:
        """Return the report as plain Python objects; numbers have ten digits, no NaN."""
        quick = self.quick_model
        content = {
            "rows": self.rows,
            "columns": len(self.table),
            "target": self.target,
            "task": self.task,
            "notes": self.notes,
            "warnings": self.warnings.to_dict("records"),
            "duplicates": {
                **self.duplicates,
                "examples": _records(self.duplicate_examples, "count"),
            },
            "classes": None if self.classes is None else self.classes.to_dict(),
            "quick_model": None,
            "features": [],
            "anomalies": _records(self.anomalies, "score"),
        }
        if quick is not None:
            confusion = quick.confusion
            content["quick_model"] = {
                "scores": quick.scores.to_dict("index"),
                "confusion": None if confusion is None else confusion.to_dict("index"),
                "trees": quick.trees,
                "train_rows": quick.train_rows,
                "validation_rows": quick.validation_rows,
            }
        for profile, row in zip(self.profiles, self.table.to_dict("records"), strict=True):
            numbers = profile.numbers
            content["features"].append(
                {
                    "name": profile.name,
                    **row,
                    "disguised_values": profile.disguised,
                    "top": [list(pair) for pair in profile.top],
                    "histogram": numbers
                    and {"edges": numbers.edges, "counts": numbers.counts},
                }
            )
        return _plain(content)

    def to_json(self, path: Path | str | None = None) -> str:
        """Return the report as JSON, and write it to `path` if one is given."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
        if path is not None:
            files.write_text(path, text + "\n")
        return text

    def to_html(self, path: Path | str | None = None) -> str:
        """Return the report as a page that needs no other file, and write it to `path`."""
        text = view.page(self)
        if path is not None:
            files.write_text(path, text)
        return text

    def _repr_html_(self) -> str:
        return view.fragment(self)

    def __repr__(self) -> str:
        counts = self.warnings["severity"].value_counts()
        severities = ", ".join(
            f"{counts.get(severity, 0)} {severity}" for severity in rules.SEVERITIES
        )
        about = f", target {self.target!r} ({self.task})" if self.task else ""
        return (
            f"Quality report: {self.rows:,} rows, {len(self.table)} columns{about}; "
            f"warnings: {severities}"
        )


def report(
    frame: pd.DataFrame,
    *,
    target: Hashable | None = None,
    task: str | None = None,
    domains: Mapping[Hashable, Collection] | None = None,
    model_rows: int = MODEL_ROWS,
    seed: int = 0,
) -> QualityReport:
    """Return a data quality and insights report, with Data Wrangler's rules.

    Profiles, duplicates, domains and correlations use every row. Prediction power, the
    quick model and anomalous rows use a random sample of `model_rows` rows.

    Parameters
    ----------
    frame : pandas.DataFrame of shape (n, k), n >= 1, k >= 1
        Is not changed.
    target : hashable, optional
        Column to predict. Without it there are no prediction powers, no leakage and no
        quick model.
    task : {"classification", "regression"}, optional
        By default regression for numbers with more than five distinct values, else
        classification. Of two classes, the rarer one is the positive one.
    domains : mapping, optional
        Column -> all allowed values, as the documentation of the data lists them.
    model_rows : int, default 50,000
        At least 100.
    seed : int, default 0
        The same seed gives the same report.

    Returns
    -------
    QualityReport

    Raises
    ------
    ValueError
        If `frame` is no table, is empty or has two columns of one name; if `target` or a
        column of `domains` is not there; if the target has fewer than two distinct values,
        or cannot be read as numbers for a regression; if a column holds values that cannot
        be compared, such as lists, or is float16 or sparse.

    Notes
    -----
    Models need at least 100 rows with a target and at most 100 classes; otherwise a note
    says why there are none. The quick model is not given ID, constant and empty columns.
    """
    domains = dict(domains or {})
    _check(frame, target=target, task=task, domains=domains, model_rows=model_rows)
    # Names of several levels become tuples.
    frame = frame.set_axis(frame.columns.to_flat_index(), axis=1)
    bar = {
        "description": "Quality report",
        "transient": True,
        "disable": frame.size < SLOW_CELLS,
    }
    names = list(frame.columns)
    profiles = [columns.profile(frame[name]) for name in track(names, **bar)]
    aim = _target(frame, profiles, target=target, task=task)

    features = [p for p in profiles if aim is None or p.name != target]
    findings, notes = [], []
    for name, allowed in domains.items():
        findings += rules.domain_finding(frame[name], allowed)
    for profile in profiles:
        findings += rules.column_findings(profile)
    for profile in features:
        findings += rules.feature_findings(profile)
    if aim is not None:
        findings += aim.findings
    duplicates, examples, found = _duplicates(frame, features)
    findings += found

    correlations = _correlations(frame, features, aim)
    sample = _sample(aim, len(frame), model_rows=model_rows, seed=seed, notes=notes)
    if sample is None:
        powers, quick, anomalies = {}, None, _anomaly_table(frame.iloc[:0], np.zeros(0))
    else:
        powers, quick, anomalies = _models(
            frame, features, sample, seed=seed, notes=notes, bar=bar
        )
    for profile in features:
        name = profile.name
        power, correlation = powers.get(name, math.nan), correlations.get(name, math.nan)
        findings += rules.leak_findings(name, power, correlation)
    if quick is not None:
        findings += rules.model_findings(quick, sample.task)

    return QualityReport(
        rows=len(frame),
        target=target,
        task=aim.task if aim else None,
        table=_table(profiles, correlations, powers),
        warnings=rules.as_frame(findings),
        classes=aim.classes if aim else None,
        duplicates=duplicates,
        duplicate_examples=examples,
        quick_model=quick,
        anomalies=anomalies,
        notes=notes,
        profiles=profiles,
    )


@dataclass(frozen=True)
class _Target:
    y: np.ndarray  # class numbers or numbers as float; NaN where there is no target
    labels: list
    task: str
    classes: pd.Series | None
    findings: list[rules.QualityWarning]


@dataclass(frozen=True)
class _Sample:
    rows: np.ndarray
    target: np.ndarray | None
    labels: list
    task: str | None


def _check(frame, *, target, task, domains, model_rows):
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(
            f"frame is a {type(frame).__name__}, expected a pandas DataFrame: "
            "wrap it in pd.DataFrame(...)."
        )
    if frame.empty:
        raise ValueError(
            f"frame has {len(frame)} rows and {frame.shape[1]} columns; a report needs at "
            "least one of each. Was everything filtered out?"
        )
    names = pd.Index([str(name) for name in frame.columns])
    if names.has_duplicates:
        twice = sorted(set(names[names.duplicated()]))
        raise ValueError(
            f"Column names must differ; these occur twice: {', '.join(twice)}. "
            "Rename or drop one of each."
        )
    for name, dtype in frame.dtypes.items():
        if dtype == np.float16 or isinstance(dtype, pd.SparseDtype):
            raise ValueError(
                f"Column {name!r} is of type {dtype}, with which pandas cannot group rows. "
                "Turn it into float32 or an ordinary column with astype."
            )
    for what, name in [("target", target), *(("domains", name) for name in domains)]:
        if name is not None and name not in frame.columns:
            raise ValueError(
                f"{what}: there is no column {name!r}. The columns are "
                f"{', '.join(names[:20])}{' ...' if len(names) > 20 else ''}."
            )
    for name, allowed in domains.items():
        if isinstance(allowed, str) or not isinstance(allowed, Collection):
            raise ValueError(
                f"domains[{name!r}] is {allowed!r}, expected a list, set or range of all "
                "allowed values."
            )
    if task not in (None, "classification", "regression"):
        raise ValueError(
            f"task is {task!r}, expected 'classification', 'regression' or None (decide by "
            "the values)."
        )
    if task is not None and target is None:
        raise ValueError(
            f"task is {task!r}, but no target is named. Name one, or leave both."
        )
    if model_rows < models.MIN_ROWS:
        raise ValueError(
            f"model_rows is {model_rows}, expected at least {models.MIN_ROWS}: fewer rows "
            "say nothing about a model."
        )


def _target(frame, profiles, *, target, task):
    if target is None:
        return None
    profile = next(p for p in profiles if p.name == target)
    if task is None:
        numeric = profile.type == "numeric" and profile.distinct > OBVIOUS_CLASSES
        task = "regression" if numeric else "classification"
    if task == "regression":
        values, labels = columns.to_numbers(frame[target]), []
        distinct = len(np.unique(values[~np.isnan(values)]))
        wanted = "numbers"
    else:
        values, labels = models.category_codes(frame[target])
        distinct = len(labels)
        wanted = "classes"
    if distinct < 2:
        raise ValueError(
            f"The target {target!r} has {distinct} distinct {wanted}; a model needs at "
            "least two. Choose another target, or leave it out for a report on the columns."
        )
    there = values[~np.isnan(values)]
    if task == "regression":
        findings = rules.number_findings(target, there, rows=len(frame))
        return _Target(values, [], "regression", None, findings)
    counts = np.bincount(there.astype(int))
    if distinct == 2 and counts[0] < counts[1]:
        # The rarer class is the positive one.
        values, labels, counts = 1 - values, labels[::-1], counts[::-1]
    classes = pd.Series(counts, index=pd.Index(labels, name=target), name="rows")
    classes = classes.sort_values(ascending=False, kind="stable")
    kind = "binary" if distinct == 2 else "multiclass"
    findings = rules.class_findings(target, classes.to_dict(), rows=len(frame), task=kind)
    return _Target(values, labels, kind, classes, findings)


def _duplicates(frame, features):
    ids = [p.name for p in features if p.is_id]
    compared = frame.drop(columns=ids)
    twins = compared[compared.duplicated(keep=False)] if compared.shape[1] else compared[:0]
    repeats = int(twins.duplicated().sum()) if len(twins) else 0
    # Numbered, so that no name of the index or of a column means another one.
    plain = twins.set_axis(range(twins.shape[1]), axis=1).reset_index(drop=True)
    groups = plain.groupby(list(plain.columns), dropna=False, sort=False, observed=True)
    number = groups.ngroup() if len(twins) else pd.Series(dtype=int)
    most = number.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    most = most.head(EXAMPLES)
    first = np.unique(number.to_numpy(), return_index=True)[1][most.index]
    examples = twins.iloc[first]
    examples.insert(0, "count", most.to_numpy(), allow_duplicates=True)
    duplicates = {
        "involved": len(twins),
        "repeats": repeats,
        "share": len(twins) / len(frame),
        "ignored": ids,
    }
    found = rules.duplicate_finding(len(twins), repeats, len(frame), ids)
    return duplicates, examples, found


def _correlations(frame, features, aim):
    if aim is None or aim.task == "multiclass":
        return {}
    found = {}
    for profile in features:
        if profile.type == "numeric":
            values = columns.to_numbers(frame[profile.name])
        elif profile.type == "binary":
            values = models.category_codes(frame[profile.name])[0]
        else:
            continue
        found[profile.name] = models.pearson(values, aim.y)
    return found


def _sample(aim, rows, *, model_rows, seed, notes):
    """The rows for the models, and their target; None if there can be no model."""
    usable = np.arange(rows) if aim is None else np.flatnonzero(~np.isnan(aim.y))
    problem = None
    if len(usable) < models.MIN_ROWS:
        problem = (
            f"they need at least {models.MIN_ROWS} rows, and {len(usable):,} are usable"
        )
    elif aim is not None and len(aim.labels) > models.MAX_CLASSES:
        problem = f"there are more than {models.MAX_CLASSES} classes"
    elif aim is not None and np.abs(aim.y[usable]).max() > LARGEST_TARGET:
        problem = f"the target goes beyond {LARGEST_TARGET:.0e}, too large for XGBoost"
    if problem:
        notes.append(f"No models: {problem}.")
        return None
    if len(usable) > model_rows:
        notes.append(
            f"Prediction power, quick model and anomalous rows: a random sample of "
            f"{model_rows:,} of {len(usable):,} rows. Everything else: all rows."
        )
        chosen = np.random.default_rng(seed).choice(len(usable), model_rows, replace=False)
        usable = usable[np.sort(chosen)]
    if aim is None:
        return _Sample(usable, None, [], None)
    y = aim.y[usable]
    if aim.task == "regression":
        return _Sample(usable, y, [], aim.task)
    # A rare class may not be in the sample; XGBoost wants classes without gaps.
    kept, y = np.unique(y.astype(int), return_inverse=True)
    if len(kept) < 2:
        notes.append("No models: the sample holds one class only. Raise model_rows.")
        return None
    labels = [aim.labels[k] for k in kept]
    return _Sample(usable, y, labels, "binary" if len(kept) == 2 else "multiclass")


def _models(frame, features, sample, *, seed, notes, bar):
    """Prediction powers, quick model and anomalous rows of a sample."""
    part = frame.iloc[sample.rows]
    encoded = {
        # The words of an id say nothing; its order may.
        p.name: models.encode(part[p.name], "categorical" if p.is_id else p.type)
        for p in features
        if p.distinct > 1
    }
    left_out = [p.name for p in features if p.is_id or p.distinct < 2]
    if left_out:
        listed = ", ".join(repr(name) for name in left_out)
        notes.append(f"Not in the quick model (ID, constant or empty): {listed}.")
    together = [values for name, values in encoded.items() if name not in left_out]
    quick = scores = None
    powers = {}
    # One thread a model and several models at once: threads inside a model this small wait
    # for each other most of the time, above all on a busy machine.
    with ThreadPoolExecutor(settings.n_jobs()) as pool:
        if together:
            matrix = np.hstack(together)
            scores = pool.submit(models.anomaly_scores, matrix, seed=seed)
        about = {"task": sample.task, "seed": seed}
        if sample.target is not None:
            if together:
                quick = pool.submit(
                    models.quick_model, matrix, sample.target, sample.labels, **about
                )
            powers = {
                name: pool.submit(models.prediction_power, values, sample.target, **about)
                for name, values in encoded.items()
            }
        powers = {
            name: found.result()[0] for name, found in track(list(powers.items()), **bar)
        }
        quick = quick and quick.result()
        scores = np.zeros(0) if scores is None else scores.result()
    if quick is not None:
        notes.append(
            f"Quick model: {quick.trees:,} trees on {quick.train_rows:,} rows, scored on "
            f"the {quick.validation_rows:,} rows that also decided when to stop."
        )
    return powers, quick, _anomaly_table(part, scores)


def _anomaly_table(part, scores):
    lowest = np.argsort(scores, kind="stable")[:EXAMPLES]
    table = part.iloc[lowest].copy()
    table.insert(0, "score", scores[lowest], allow_duplicates=True)
    return table


def _table(profiles, correlations, powers):
    records = []
    for p in profiles:
        record = {
            "type": p.type,
            "null": p.null,
            "empty": p.empty,
            "blank": p.blank,
            "missing": p.missing,
            "disguised": sum(p.disguised.values()),
            "invalid": p.invalid,
            "distinct": p.distinct,
        }
        n = p.numbers
        record |= {
            "min": n.minimum if n else math.nan,
            "median": n.median if n else math.nan,
            "max": n.maximum if n else math.nan,
            "outliers": n.outliers if n else None,
            "skew": n.skew if n else math.nan,
            "kurtosis": n.kurtosis if n else math.nan,
            "pearson": correlations.get(p.name, math.nan),
            "power": powers.get(p.name, math.nan),
        }
        records.append(record)
    names = pd.Index([p.name for p in profiles], name="column", tupleize_cols=False)
    table = pd.DataFrame(records, index=names)
    return table.astype({"type": "str", "outliers": "Int64"})


def _records(frame, first):
    """One object a row: its index, the number in the first column, and the row's values."""
    names = [str(name) for name in frame.columns[1:]]
    return [
        {"row": index, first: number, "values": dict(zip(names, row, strict=True))}
        for index, (number, *row) in zip(
            frame.index, frame.itertuples(index=False, name=None), strict=True
        )
    ]


def _plain(value):
    """Turn anything in the report into what JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return None if pd.isna(value) else str(value)
