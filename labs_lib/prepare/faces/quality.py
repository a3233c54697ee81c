"""Whether a photograph is good enough to be stored."""

import numpy as np
from scipy import ndimage

DARK = 0.3
"""Mean grey value below which a photograph is too dark (our choice)."""

FLAT = 0.03
"""Standard deviation of the Laplacian below which it is not sharp (our choice)."""


def quality_reasons(image: np.ndarray) -> list[str]:
    """Return why a photograph is not good enough; empty if it is.

    The names are those of Amazon Rekognition; its measures are not published, these are ours:
    the mean grey value, and the standard deviation of the Laplacian after a little smoothing.

    Parameters
    ----------
    image : array of shape (height, width)
        Grey values from 0 to 1.

    Returns
    -------
    list of str
        Of LOW_BRIGHTNESS and LOW_SHARPNESS.

    Raises
    ------
    ValueError
        If the image is not of two dimensions, is empty, or holds what is no number from 0 to 1.
    """
    image = np.asarray(image, dtype=float)
    if image.ndim != 2 or not image.size:
        raise ValueError(
            f"image has shape {image.shape}, expected (height, width). "
            "One photograph of many is photos[0]."
        )
    if not ((image >= 0) & (image <= 1)).all():
        raise ValueError(
            "image holds values outside of 0 to 1, or missing ones. Divide bytes by 255."
        )
    sharpness = ndimage.gaussian_laplace(image, 1.0).std()
    found = {"LOW_BRIGHTNESS": image.mean() < DARK, "LOW_SHARPNESS": sharpness < FLAT}
    return [name for name, low in found.items() if low]
