"""Simulated faces, and a collection that stores and searches them as vectors.

No photograph of a person is needed: `people` draws the traits of invented persons, `photos`
draws photographs of them, so that who is on which photograph is known. `Collection` behaves
like a collection of Amazon Rekognition as far as its documentation says how: vectors instead
of images, search with a threshold, a quality filter, user vectors. What turns an image into
a vector is up to the caller.
"""

from labs_lib.prepare.faces.collection import Collection, similarity
from labs_lib.prepare.faces.drawing import SIDE, TRAITS, people, photos
from labs_lib.prepare.faces.quality import quality_reasons

__all__ = [
    "SIDE",
    "TRAITS",
    "Collection",
    "people",
    "photos",
    "quality_reasons",
    "similarity",
]
