"""A collection: vectors of faces, searched by similarity."""

from collections.abc import Callable
from collections.abc import Collection as Some
from typing import Any

import numpy as np

from labs_lib.prepare.faces.quality import quality_reasons

FILTERS = ("NONE", "AUTO")
MOST_FACES_A_CALL = 100


def similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return how alike vectors are, from 0 (opposite) to 100 (same direction).

    It is ``50 * (1 + cosine)``. How Amazon Rekognition maps a distance to its similarity is
    not published; this is a stand-in.

    Parameters
    ----------
    a, b : array of shape (n_a, d) and (n_b, d)
        Their length does not count, but must not be 0.

    Returns
    -------
    array of shape (n_a, n_b)

    Raises
    ------
    ValueError
        If the shapes do not fit, or a vector has no direction.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"a has shape {a.shape} and b {b.shape}, expected two tables with as many "
            "columns. One vector is vectors[[0]]."
        )
    cosine = _unit(a) @ _unit(b).T
    return 50 * (1 + cosine.clip(-1, 1))


class Collection:
    """Faces as vectors, with the calls of a collection of Amazon Rekognition.

    A photograph here shows exactly one face and is not kept. Answers have the form of the
    service's, without what is not reproduced.

    Parameters
    ----------
    embed : callable
        Turns photographs, shape (n, height, width), into vectors, shape (n, d).
    collection_id : str
        1 to 255 characters.

    Raises
    ------
    ValueError
        If the name has no characters or more than 255.
    """

    def __init__(
        self, embed: Callable[[np.ndarray], np.ndarray], collection_id: str
    ) -> None:
        if not 1 <= len(collection_id) <= 255:
            raise ValueError(
                f"collection_id has {len(collection_id)} characters, expected 1 to 255."
            )
        self.collection_id = collection_id
        self._embed = embed
        self._faces: dict[str, tuple[str, np.ndarray]] = {}
        self._users: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self._faces)

    def __repr__(self) -> str:
        return (
            f"Collection {self.collection_id}: {len(self)} faces, {len(self._users)} users"
        )

    def index_faces(
        self, image: np.ndarray, *, external_image_id: str, quality_filter: str = "AUTO"
    ) -> dict[str, list]:
        """Store the vector of a face, unless the photograph is too poor.

        Parameters
        ----------
        image : array of shape (height, width)
        external_image_id : str
            Your own name for it; it is given back with each match.
        quality_filter : str
            "AUTO" refuses for the reasons of `quality_reasons`, "NONE" takes all.

        Returns
        -------
        dict
            ``FaceRecords`` with what was stored, ``UnindexedFaces`` with reasons.

        Raises
        ------
        ValueError
            If the filter is unknown here, or as `quality_reasons`.
        """
        if quality_filter not in FILTERS:
            raise ValueError(
                f"quality_filter is {quality_filter!r}, expected one of {', '.join(FILTERS)}. "
                "LOW, MEDIUM and HIGH are not reproduced."
            )
        reasons = quality_reasons(image)
        if quality_filter == "AUTO" and reasons:
            return {"FaceRecords": [], "UnindexedFaces": [{"Reasons": reasons}]}
        face_id = f"face-{len(self._faces) + 1:04d}"
        self._faces[face_id] = external_image_id, self._vector(image)
        return {"FaceRecords": [{"Face": self._face(face_id)}], "UnindexedFaces": []}

    def search_faces_by_image(
        self,
        image: np.ndarray,
        *,
        face_match_threshold: float = 80.0,
        max_faces: int = 4096,
    ) -> dict[str, list]:
        """Return the stored faces whose similarity reaches the threshold, best first.

        Parameters
        ----------
        image : array of shape (height, width)
        face_match_threshold : float
            From 0 to 100.
        max_faces : int
            From 1 to 4096.

        Returns
        -------
        dict
            ``FaceMatches``: a list of ``{"Similarity": ..., "Face": ...}``.

        Raises
        ------
        ValueError
            If an option is out of its range.
        """
        _within("face_match_threshold", face_match_threshold, 0, 100)
        _within("max_faces", max_faces, 1, 4096)
        stored = {key: vector for key, (_, vector) in self._faces.items()}
        return {
            "FaceMatches": [
                {"Similarity": value, "Face": self._face(key)}
                for key, value in self._search(image, stored, face_match_threshold)
            ][:max_faces]
        }

    def associate_faces(
        self, user_id: str, face_ids: Some[str], *, user_match_threshold: float = 75.0
    ) -> dict[str, list]:
        """Give stored faces to a user, whose vector is then their mean.

        A face has to be as similar as the threshold to the user's vector so far; the first
        face of a user is taken as it is. The rule is ours: the service's is not published.

        Parameters
        ----------
        user_id : str
        face_ids : collection of str
            1 to 100 names that `index_faces` gave.
        user_match_threshold : float
            From 0 to 100.

        Returns
        -------
        dict
            ``AssociatedFaces``, and ``UnsuccessfulFaceAssociations`` with reasons.

        Raises
        ------
        ValueError
            If the threshold or the number of faces is out of its range.
        """
        _within("user_match_threshold", user_match_threshold, 0, 100)
        _within("the number of face_ids", len(face_ids), 1, MOST_FACES_A_CALL)
        own = self._users.setdefault(user_id, [])
        done, failed = [], []
        for face_id in face_ids:
            if reason := self._why_not(face_id, user_id, user_match_threshold):
                failed.append({"FaceId": face_id, "Reasons": [reason]})
                continue
            if face_id not in own:
                own.append(face_id)
            done.append({"FaceId": face_id})
        return {"AssociatedFaces": done, "UnsuccessfulFaceAssociations": failed}

    def search_users_by_image(
        self,
        image: np.ndarray,
        *,
        user_match_threshold: float = 80.0,
        max_users: int = 500,
    ) -> dict[str, list]:
        """Return the users whose vector reaches the threshold, best first.

        Parameters
        ----------
        image : array of shape (height, width)
        user_match_threshold : float
            From 0 to 100.
        max_users : int
            From 1 to 500.

        Returns
        -------
        dict
            ``UserMatches``: a list of ``{"Similarity": ..., "User": ...}``.

        Raises
        ------
        ValueError
            If an option is out of its range.
        """
        _within("user_match_threshold", user_match_threshold, 0, 100)
        _within("max_users", max_users, 1, 500)
        stored = {user: self._user_vector(user) for user, own in self._users.items() if own}
        return {
            "UserMatches": [
                {"Similarity": value, "User": {"UserId": key}}
                for key, value in self._search(image, stored, user_match_threshold)
            ][:max_users]
        }

    def _why_not(self, face_id: str, user_id: str, threshold: float) -> str:
        if face_id not in self._faces:
            return "FACE_NOT_FOUND"
        if any(face_id in own for user, own in self._users.items() if user != user_id):
            return "ASSOCIATED_TO_A_DIFFERENT_USER"
        own = self._users[user_id]
        if not own or face_id in own:
            return ""
        vector = self._faces[face_id][1]
        alike = similarity(vector[None], self._user_vector(user_id)[None])[0, 0]
        return "" if alike >= threshold else "LOW_MATCH_CONFIDENCE"

    def _user_vector(self, user_id: str) -> np.ndarray:
        return np.mean([self._faces[key][1] for key in self._users[user_id]], axis=0)

    def _vector(self, image: np.ndarray) -> np.ndarray:
        return _unit(np.asarray(self._embed(np.asarray(image)[None]), dtype=float))[0]

    def _face(self, face_id: str) -> dict[str, Any]:
        return {"FaceId": face_id, "ExternalImageId": self._faces[face_id][0]}

    def _search(
        self, image: np.ndarray, stored: dict[str, np.ndarray], threshold: float
    ) -> list[tuple[str, float]]:
        if not stored:
            return []
        values = similarity(self._vector(image)[None], np.stack(list(stored.values())))[0]
        order = np.argsort(-values, kind="stable")
        keys = list(stored)
        return [(keys[i], float(values[i])) for i in order if values[i] >= threshold]


def _unit(vectors: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (length > 0).all():
        raise ValueError(
            "A vector has length 0 or holds missing values, expected a direction. "
            "Look at what the embedding returns for this image."
        )
    return vectors / length


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} is {value}, expected {low} to {high}.")
