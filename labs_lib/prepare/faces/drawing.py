"""Invented persons, and photographs of them."""

import numpy as np

SIDE = 32
"""Height and width of a photograph, in pixels."""

TRAITS = (
    "skin",
    "width",
    "height",
    "jaw",
    "hair line",
    "hair tone",
    "eye distance",
    "eye height",
    "eye size",
    "brow height",
    "brow tilt",
    "nose length",
    "nose width",
    "mouth height",
    "mouth width",
    "mouth curve",
)
"""What tells persons apart, each drawn from a normal distribution and cut at 2.5."""

_SHARP = 22.0


def people(n: int, *, seed: int) -> np.ndarray:
    """Draw the traits of invented persons.

    Parameters
    ----------
    n : int
        Number of persons, at least 1.
    seed : int

    Returns
    -------
    array of float, shape (n, 16)
        A row a person, a column a trait, in the order of `TRAITS`.

    Raises
    ------
    ValueError
        If `n` is below 1.
    """
    if n < 1:
        raise ValueError(f"n is {n}, expected at least 1 person. Ask for more.")
    drawn = np.random.default_rng(seed).normal(size=(n, len(TRAITS)))
    return drawn.clip(-2.5, 2.5)


def photos(
    traits: np.ndarray, *, seed: int, noise: float = 0.04, light: float = 1.0
) -> np.ndarray:
    """Take one photograph of each row of traits.

    Each photograph has its own place and size of the face, its own light from one side, its
    own expression of the mouth, and noise of the sensor.

    Parameters
    ----------
    traits : array of shape (n, 16)
        As `people` returns them; a person may stand in several rows.
    seed : int
        Of what differs between photographs of the same person.
    noise : float
        Standard deviation of the noise, 0 or more, on a scale of 0 (black) to 1 (white).
    light : float
        What each pixel is multiplied by before the noise: 1 is daylight, 0.2 is dark.

    Returns
    -------
    array of float, shape (n, 32, 32)
        Grey values from 0 to 1.

    Raises
    ------
    ValueError
        If the traits have another shape, or noise or light is negative.
    """
    traits = np.asarray(traits, dtype=float)
    if traits.ndim != 2 or traits.shape[1] != len(TRAITS):
        raise ValueError(
            f"traits has shape {traits.shape}, expected (persons, {len(TRAITS)}). "
            "Take rows of what people() returns; one person is traits[[0]]."
        )
    if noise < 0 or light < 0:
        raise ValueError(
            f"noise is {noise} and light is {light}, expected 0 or more for both."
        )
    rng = np.random.default_rng(seed)
    n = len(traits)
    x, y = _grid(n, rng)
    mood = rng.normal(0, 0.5, size=n)
    gain = rng.normal(1, 0.04, size=n)[:, None, None]
    side = rng.normal(0, 0.05, size=n)[:, None, None]
    picture = _face(traits, mood, x, y)
    picture = light * picture * gain * (1 + side * x)
    return (picture + rng.normal(0, noise, size=picture.shape)).clip(0, 1)


def _grid(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of each pixel, -1 to 1, as each photograph has moved it."""
    axis = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    moved = rng.normal(0, 0.015, size=(n, 2, 1, 1))
    scale = rng.normal(1, 0.015, size=(n, 1, 1))
    return (axis[None, None, :] - moved[:, 0]) / scale, (
        axis[None, :, None] - moved[:, 1]
    ) / scale


def _face(traits: np.ndarray, mood: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the pictures in even light, shape (n, 32, 32)."""
    t = dict(zip(TRAITS, traits.T[:, :, None, None], strict=True))
    x, y = np.broadcast_arrays(x, y)
    skin = 0.62 + 0.09 * t["skin"]
    dark = 0.12
    width = (0.56 + 0.05 * t["width"]) * (1 - (0.25 + 0.06 * t["jaw"]) * np.clip(y, 0, 1))
    radius = np.hypot(x / width, y / (0.8 + 0.05 * t["height"]))
    inside = _soft(1 - radius)
    picture = 0.9 + (skin - 0.9) * inside
    hair = inside * _soft(-0.48 + 0.08 * t["hair line"] - y)
    picture += (0.25 + 0.09 * t["hair tone"] - picture) * hair

    eye_y = -0.12 + 0.045 * t["eye height"]
    apart = np.abs(x) - (0.25 + 0.035 * t["eye distance"])
    eye = np.hypot(apart, 1.4 * (y - eye_y))
    picture += (dark - picture) * _soft(0.085 + 0.015 * t["eye size"] - eye)
    brow = y - eye_y + 0.17 + 0.03 * t["brow height"] + 0.2 * t["brow tilt"] * apart
    brow = np.maximum(np.abs(brow) - 0.035, np.abs(apart) - 0.12)
    picture += (dark - picture) * 0.8 * _soft(-brow)

    nose_end = 0.14 + 0.04 * t["nose length"]
    nose = np.hypot(x / (0.11 + 0.035 * t["nose width"]).clip(0.03), (y - nose_end) / 0.06)
    picture += (0.6 * skin - picture) * 0.7 * _soft((1 - nose) * 0.07)
    curve = (t["mouth curve"] + mood[:, None, None]) * x**2
    mouth = np.abs(y - 0.43 - 0.04 * t["mouth height"] + curve) - 0.045
    mouth = np.maximum(mouth, np.abs(x) - (0.22 + 0.04 * t["mouth width"]))
    return picture + (0.3 - picture) * _soft(-mouth)


def _soft(distance: np.ndarray) -> np.ndarray:
    """Return 1 well inside (distance above 0), 0 well outside, with a soft edge."""
    return 1 / (1 + np.exp(-np.clip(_SHARP * distance, -30, 30)))
