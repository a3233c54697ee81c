"""Exercises of the lab train/fit."""

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from labs_lib.course.exercise import Wrong, wrong
from labs_lib.course.lab import Lab

lab = Lab("train/fit")

lab.predict("together", options=("higher", "lower", "tie", "undecided"))


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
    noise, bias, variance = (float(np.mean(part)) for part in answer)
    right = _parts(f, p)
    models = len(f)
    unbiased = models / (models - 1) * right[2]
    corrected = (right[0], right[1] - unbiased / models, unbiased)
    got = (noise, bias, variance)
    if np.allclose(got, right) or np.allclose(got, corrected):
        return None
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
        "a": (
            "Team a is within a few thousandths of the noise on new rows. Nothing that it does "
            "can gain much; time is better spent elsewhere.",
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
            "Team c remembers its own rows and fails on new ones: it has too much freedom.",
            "c",
        ),
        "d": (
            "Team d claims to be below the noise on new rows. No model can. Before anything "
            "else, find out how the answers got in: copies on both sides of the split, a column from "
            "the future.",
            "d",
        ),
    },
    hints=(
        "Compare three numbers: own rows with new rows (the gap), and new rows with the noise "
        "(what is left to gain).",
        "What did twice the rows change? And which of the four errors is not possible for an "
        "honest measurement?",
        "One team is at the noise already; one is high with a small gap; one has a gap of more "
        "than two hundred; one is below the noise on rows that it has not seen.",
    ),
    praise="Gap, level and floor: three looks, in this order.",
)


# Exercise 3: shrink a weight ------------------------------------------------------------------


@lab.exercise(
    "shrink a weight",
    hints=(
        "Differentiate and set to zero. For L2 that is one line. For L1 the derivative of "
        "`abs(w)` is the sign of `w`, and at zero anything from -1 to 1.",
        "L1: as long as `w` is positive, `w = z - strength`. What if that is negative? Mirror it "
        "for negative `z`.",
        "`np.sign(z) * np.maximum(np.abs(z) - strength, 0)` and `z / (1 + strength)`.",
    ),
    misconceptions={
        "swapped": "The two are swapped: the first should be able to return exactly zero.",
        "overshoot": "Your L1 weight changes its sign when `z` is smaller than the strength. The "
        "best weight is then exactly zero.",
        "hard": "You keep `z` as it is above the strength and drop it below. L1 also shortens the "
        "weights that it keeps, by the strength.",
        "one_sided": "Your L1 forgets negative weights: the penalty charges the size, so minus "
        "three shrinks like plus three.",
        "half": "Your L2 shrinks twice as much: the penalty in the text has a factor of one half, "
        "as the squared error has.",
        "subtracts": "Your L2 takes off a fixed piece. The derivative of a square grows with the "
        "weight, so L2 takes off a share.",
        "other": "For z = {z:.1f} and strength {strength:.1f} the {which} weight should be "
        "{expected:.3f}; yours gave {got:.3f}.",
    },
    praise="L1 takes the same piece off every weight and stops at zero; L2 takes a share off each "
    "and never gets there.",
)
def ex3(shrink_l1: Callable, shrink_l2: Callable) -> Wrong | None:
    """Compare with the closed forms for several strengths."""
    z = np.array([-3.0, -1.2, -0.3, 0.0, 0.2, 0.9, 1.6, 4.0])
    for strength in (0.0, 0.5, 1.3):
        l1 = np.sign(z) * np.maximum(np.abs(z) - strength, 0)
        l2 = z / (1 + strength)
        got1 = np.asarray(shrink_l1(z.copy(), strength), dtype=float)
        got2 = np.asarray(shrink_l2(z.copy(), strength), dtype=float)
        if np.shape(got1) != z.shape or np.shape(got2) != z.shape:
            got1, got2 = (np.resize(got, z.shape) for got in (got1, got2))
        if strength == 0 or (np.allclose(got1, l1) and np.allclose(got2, l2)):
            continue
        if np.allclose(got1, l2) and np.allclose(got2, l1):
            return wrong("swapped")
        for key, mistake in (
            ("overshoot", z - strength * np.sign(z)),
            ("hard", np.where(np.abs(z) > strength, z, 0)),
            ("one_sided", np.maximum(z - strength, 0)),
            ("one_sided", np.maximum(np.abs(z) - strength, 0)),
        ):
            if np.allclose(got1, mistake):
                return wrong(key)
        if np.allclose(got2, z / (1 + 2 * strength)):
            return wrong("half")
        if np.allclose(got2, l1) or np.allclose(got2, z - strength * np.sign(z)):
            return wrong("subtracts")
        which, got, expected = (
            ("L1", got1, l1) if not np.allclose(got1, l1) else ("L2", got2, l2)
        )
        bad = int(np.argmax(~np.isclose(got, expected)))
        details = {"expected": expected[bad], "got": got[bad], "which": which}
        return wrong("other", z=z[bad], strength=strength, **details)
    return None
