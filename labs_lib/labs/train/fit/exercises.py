"""Exercises of the lab train/fit."""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/fit")

lab.predict("gap", options=("higher", "lower", "tie", "undecided"))


# Exercise 1: the three parts from many models --------------------------------------------


def _models() -> tuple[np.ndarray, np.ndarray]:
    """Five models for 40 payments, with a bias that differs from payment to payment."""
    rng = np.random.default_rng(0)
    log_odds = rng.normal(-1.4, 1, 40)
    said = expit(0.5 * log_odds - 0.3 + rng.normal(0, 0.5, (5, 40)))
    return said, expit(log_odds)


def _parts(f: np.ndarray, p: np.ndarray) -> tuple[float, float, float]:
    average = f.mean(axis=0)
    return (
        float((p * (1 - p)).mean()),
        float(((average - p) ** 2).mean()),
        float(f.var(axis=0).mean()),
    )


@lab.exercise(
    "the three parts from many models",
    hints=(
        "Everything is done payment by payment first, and averaged over payments last. The "
        "average model of a payment is the mean of its column.",
        "Noise needs the truth alone. Squared bias compares the average model with the truth. "
        "Variance compares each model with the average model.",
        "`(truth * (1 - truth)).mean()`, `((predictions.mean(axis=0) - truth) ** 2).mean()` and "
        "`predictions.var(axis=0).mean()`.",
    ),
    misconceptions={
        "each": "Return one number for each part: average over the payments. Your {part} holds "
        "{got} of them.",
        "order": "Your three numbers are right, in another order. Return noise, squared bias and "
        "variance.",
        "three": "Return three numbers: noise, squared bias and variance, in this order. You "
        "returned {got}.",
        "noise": "The noise is what chance does to each payment: the mean of `p * (1 - p)`. Yours "
        "mixes in how much the payments differ from each other.",
        "signed": "You averaged over payments before squaring, so that errors up and errors down "
        "cancel. A model that is wrong in both directions has a bias: square first.",
        "not_squared": "That is the mean size of the bias. The parts of a squared error are "
        "squares.",
        "one_model": "You compared single models with the truth. That holds bias and variance "
        "together; take the average model, column by column.",
        "across": "Your variance is between payments: axis 1. Payments are meant to differ. Ask "
        "how the models differ on the same payment: axis 0.",
        "double": "You divide by the number of models minus one and leave the squared bias as it "
        "is, so the sum is too large: with few models the average model's own chance error sits "
        "in the bias too. Use `ddof=0`, or take `variance / models` off the squared bias.",
        "other": "Expected about {expected}; yours gave {got}.",
    },
    praise="They add up. With few models the squared bias is a little too large and the variance "
    "too small, by the same amount; the two models of the text avoid that.",
)
def ex1(decompose: Callable[..., list]) -> Wrong | None:
    """Accept the plain parts, and those corrected for the number of models."""
    f, p = _models()
    answer = decompose(f.copy(), p.copy())
    if len(answer) != 3:
        return wrong("three", got=f"{len(answer)} things")
    for part, values in zip(("noise", "squared bias", "variance"), answer, strict=True):
        if np.size(values) != 1:
            return wrong("each", part=part, got=np.size(values))
    noise, bias, variance = (float(np.mean(part)) for part in answer)
    right = _parts(f, p)
    models = len(f)
    unbiased = models / (models - 1) * right[2]
    corrected = (right[0], right[1] - unbiased / models, unbiased)
    got = (noise, bias, variance)
    if np.allclose(got, right) or np.allclose(got, corrected):
        return None
    if np.allclose(sorted(got), sorted(right)):
        return wrong("order")
    if not np.isclose(noise, right[0]):
        if any(np.isclose(noise, v) for v in (p.mean() * (1 - p.mean()), p.var())):
            return wrong("noise")
    elif np.isclose(bias, (f.mean() - p.mean()) ** 2):
        return wrong("signed")
    elif np.isclose(bias, np.abs(f.mean(axis=0) - p).mean()):
        return wrong("not_squared")
    elif np.isclose(bias, ((f - p) ** 2).mean()):
        return wrong("one_model")
    elif np.isclose(bias, right[1]) or np.isclose(bias, corrected[1]):
        rows = [f.var(axis=1, ddof=d).mean() for d in (0, 1)]
        rows += [f.var(ddof=d) for d in (0, 1)]
        if any(np.isclose(variance, value) for value in rows):
            return wrong("across")
        if np.isclose(variance, unbiased):
            return wrong("double")
    return wrong(
        "other",
        expected=", ".join(f"{value:.4f}" for value in right),
        got=", ".join(f"{value:.4f}" for value in got),
    )


# Exercise 2: what next? ---------------------------------------------------------------------

lab.match(
    "what next?",
    right={
        "a": "stop here",
        "b": "richer model",
        "c": "simpler model or penalty",
        "d": "look for a leak",
    },
    options=("more rows",),
    mistakes={
        "a_gap": (
            "You want to close the gap of team a. But on new rows it is within luck of the noise: "
            "nothing that it does there can gain much. A forest remembers its own rows.",
            lambda step: step["a"] in ("simpler model or penalty", "look for a leak"),
        ),
        "a": (
            "Team a is within a few thousandths of the noise on new rows, and twice the rows changed "
            "nothing. Time is better spent elsewhere.",
            "a",
        ),
        "b_rows": (
            "Team b has seen enough: own and new rows agree, and twice the rows changed "
            "nothing. What the model cannot express, rows do not teach it.",
            lambda step: step["b"] == "more rows",
        ),
        "b": (
            "Team b is high on both, with hardly a gap: it underfits. Holding it back further "
            "makes that worse.",
            "b",
        ),
        "c_rows": (
            "More rows would help a little, but team c gets none this year, and the gap "
            "barely closed with twice as many.",
            lambda step: step["c"] == "more rows",
        ),
        "c": (
            "Team c remembers its own rows, and on new ones its error is twice the noise: it has "
            "too much freedom.",
            "c",
        ),
        "d": (
            "Team d claims to be below the noise on new rows, by far more than luck. No model can. "
            "Before anything else, find out how the answers got in: copies on both sides of the "
            "split, a column from the future.",
            "d",
        ),
    },
    hints=(
        "Look at the error on new rows first: how far is it from the noise, and did twice the rows "
        "change it? The gap comes second.",
        "Own rows may be below the noise: that is memory. Which of the four errors on new rows is "
        "not possible for an honest measurement?",
        "One team is at the noise already; one is high with a small gap; one has a gap of more "
        "than two hundred and a high error; one is below the noise on rows that it has not seen.",
    ),
    praise="The error on new rows, against the noise, comes first. The gap only helps to say what "
    "is behind it.",
)


# Exercise 3: below the noise, or luck? -------------------------------------------------------


def _rows(mean: float, spread: float, n: int) -> np.ndarray:
    """Return n errors with exactly this mean and standard deviation."""
    shape = min(0.5, (0.6 * mean / spread) ** 2)  # so that no squared error is negative
    drawn = np.random.default_rng(n).gamma(shape, size=n)
    return mean + spread * (drawn - drawn.mean()) / drawn.std()


def _below(errors: np.ndarray, noise: float, *, errors_of_mean: float = 2) -> bool:
    return bool(
        errors.mean() + errors_of_mean * errors.std() / len(errors) ** 0.5 < noise
    )


lab.function(
    "below the noise, or luck?",
    cases=(
        (_rows(0.094, 0.15, 4_000), 0.130),
        (_rows(0.120, 0.15, 250), 0.130),
        (_rows(0.120, 0.15, 4_000), 0.130),
        (_rows(0.126, 0.15, 4_000), 0.130),
        (_rows(0.124, 0.15, 4_000), 0.130),
        (_rows(0.114, 0.16, 250), 0.130),
        (_rows(0.109, 0.16, 250), 0.130),
        (_rows(0.136, 0.15, 4_000), 0.130),
        (_rows(0.131, 0.15, 250), 0.130),
        (_rows(0.262, 0.30, 4_000), 0.130),
        (np.full(100, 0.25), 0.25),
        (np.full(100, 0.20), 0.25),
        (_rows(0.10, 0.10, 25), 0.130),
        (_rows(0.126, 0.10, 25), 0.130),
        (_rows(0.124, 0.15, 250), 0.130),
        (_rows(0.100, 0.50, 100), 0.130),
        (np.append(np.full(99, 0.1), 0.3), 0.25),
    ),
    right=_below,
    mistakes={
        "luck": (
            "You compare the mean alone. With 250 rows, an honest model at the noise is below it "
            "half of the time.",
            lambda errors, noise: errors.mean() < noise,
            lambda errors, noise: errors.mean() <= noise,
        ),
        "spread": (
            "You take the spread of the rows for that of their mean. The mean of many rows varies "
            "less: divide by the root of their number.",
            lambda errors, noise: errors.mean() + 2 * errors.std() < noise,
            lambda errors, noise: errors.mean() + errors.std() < noise,
        ),
        "no_root": (
            "You divide by the number of rows. Four times the rows halve the error of a mean: "
            "divide by the root.",
            lambda errors, noise: (
                errors.mean() + 2 * errors.std() / len(errors) < noise
            ),
        ),
        "variance": (
            "You take the variance of the rows. The standard error is made of the standard "
            "deviation, its root.",
            lambda errors, noise: (
                errors.mean() + 2 * errors.var() / len(errors) ** 0.5 < noise
            ),
        ),
        "each_row": (
            "You ask whether each row is below the noise. Single rows may be far above it; the "
            "question is about their mean.",
            lambda errors, noise: bool((errors < noise).all()),
        ),
        "one": (
            "You take one standard error. An honest model at the noise is that far below it in "
            "one of six measurements.",
            lambda errors, noise: _below(errors, noise, errors_of_mean=1),
        ),
        "wrong_side": (
            "You ask whether the error may be below the noise. Ask whether it has to be: add the "
            "two standard errors to the mean.",
            lambda errors, noise: _below(errors, noise, errors_of_mean=-2),
        ),
        "either_side": (
            "You also answer True where the mean is far above the noise. Such a model is just not "
            "good.",
            lambda errors, noise: (
                abs(errors.mean() - noise) > 2 * errors.std() / len(errors) ** 0.5
            ),
        ),
        "turned": (
            "You answer True where the mean is above the noise, and that is the usual case.",
            lambda errors, noise: (
                errors.mean() - 2 * errors.std() / len(errors) ** 0.5 > noise
            ),
            lambda errors, noise: errors.mean() > noise,
        ),
    },
    hints=(
        "A mean of few rows is often below the noise by chance. How far, usually?",
        "The standard error is `errors.std() / np.sqrt(len(errors))`. Which end of mean plus and "
        "minus two of it has to be below the noise?",
        "`errors.mean() + 2 * errors.std() / np.sqrt(len(errors)) < noise`",
    ),
    praise="With 250 rows only a gross leak shows in this way, with 4,000 a small one too.",
)
