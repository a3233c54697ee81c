"""Invented persons, quality, and the collection of their vectors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labs_lib.prepare import faces

FEW = faces.people(3, seed=0)


def thumbnail(images):
    """An embedding: 8 x 8 means, less their own mean."""
    small = images.reshape(len(images), 8, 4, 8, 4).mean(axis=(2, 4)).reshape(-1, 64)
    return small - small.mean(axis=1, keepdims=True)


@pytest.fixture
def collection():
    made = faces.Collection(thumbnail, "staff")
    for person, photo in enumerate(faces.photos(FEW, seed=1)):
        made.index_faces(photo, external_image_id=f"person {person}")
    return made


def test_people_and_photos_come_from_their_seeds():
    assert np.array_equal(faces.people(5, seed=1), faces.people(5, seed=1))
    assert not np.array_equal(faces.people(5, seed=1), faces.people(5, seed=2))
    assert np.array_equal(faces.photos(FEW, seed=3), faces.photos(FEW, seed=3))
    assert not np.array_equal(faces.photos(FEW, seed=3), faces.photos(FEW, seed=4))


@settings(max_examples=25, deadline=None)
@given(
    arrays(float, (2, len(faces.TRAITS)), elements=st.floats(-2.5, 2.5)),
    st.integers(0, 9),
    st.floats(0, 0.5),
    st.floats(0, 2),
)
def test_every_photograph_is_grey_values_from_0_to_1(traits, seed, noise, light):
    taken = faces.photos(traits, seed=seed, noise=noise, light=light)
    assert taken.shape == (2, faces.SIDE, faces.SIDE)
    assert ((taken >= 0) & (taken <= 1)).all()


@pytest.mark.parametrize("trait", range(len(faces.TRAITS)))
def test_every_trait_can_be_seen(trait):
    changed = np.zeros((2, len(faces.TRAITS)))
    changed[1, trait] = 2
    # One call a person, so that both photographs have the same light and place.
    one, other = (faces.photos(row[None], seed=0, noise=0) for row in changed)
    assert np.abs(one - other).max() > 0.03


def test_photographs_of_one_person_are_more_alike_than_those_of_two():
    many = faces.people(50, seed=5)
    first, second = (thumbnail(faces.photos(many, seed=s)) for s in (6, 7))
    alike = faces.similarity(first, second)
    others = alike[~np.eye(50, dtype=bool)]
    assert np.diag(alike).mean() > others.mean() + others.std()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: faces.people(0, seed=0), "n is 0, expected at least 1 person"),
        (lambda: faces.photos(FEW[0], seed=0), "traits has shape"),
        (lambda: faces.photos(FEW, seed=0, noise=-1), "expected 0 or more"),
        (lambda: faces.photos(FEW, seed=0, light=-1), "expected 0 or more"),
        (lambda: faces.quality_reasons(np.zeros((1, 4, 4))), "image has shape"),
        (lambda: faces.quality_reasons(np.zeros((0, 4))), "image has shape"),
        (lambda: faces.quality_reasons(np.full((4, 4), 255.0)), "outside of 0 to 1"),
        (lambda: faces.quality_reasons(np.full((4, 4), np.nan)), "or missing ones"),
        (lambda: faces.similarity(np.zeros(3), np.zeros((1, 3))), "expected two tables"),
        (lambda: faces.similarity(np.ones((1, 2)), np.ones((1, 3))), "as many columns"),
        (lambda: faces.similarity(np.zeros((1, 3)), np.ones((1, 3))), "length 0"),
        (lambda: faces.Collection(thumbnail, ""), "expected 1 to 255"),
        (lambda: faces.Collection(thumbnail, "x" * 256), "expected 1 to 255"),
    ],
)
def test_what_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


vectors = arrays(float, (3, 4), elements=st.floats(-5, 5).map(lambda x: x + 0.01))


@given(vectors, st.floats(0.1, 10))
def test_similarity_is_an_angle(a, factor):
    values = faces.similarity(a, a)
    assert np.allclose(np.diag(values), 100)
    assert np.allclose(values, values.T)
    assert np.allclose(faces.similarity(a * factor, a), values)
    assert np.allclose(faces.similarity(-a, a), 100 - values)
    assert ((values >= 0) & (values <= 100)).all()


def test_reasons_have_the_names_of_the_service():
    good, dark = (faces.photos(FEW[:1], seed=0, light=v)[0] for v in (1, 0.3))
    assert faces.quality_reasons(good) == []
    assert "LOW_BRIGHTNESS" in faces.quality_reasons(dark)
    assert faces.quality_reasons(np.full((32, 32), 0.5)) == ["LOW_SHARPNESS"]


def test_a_poor_photograph_is_stored_only_without_the_filter():
    made, dark = (
        faces.Collection(thumbnail, "c"),
        faces.photos(FEW[:1], seed=0, light=0.3)[0],
    )
    refused = made.index_faces(dark, external_image_id="x")
    assert refused["FaceRecords"] == []
    assert "LOW_BRIGHTNESS" in refused["UnindexedFaces"][0]["Reasons"]
    assert len(made) == 0
    made.index_faces(dark, external_image_id="x", quality_filter="NONE")
    assert len(made) == 1
    with pytest.raises(ValueError, match="expected one of NONE, AUTO"):
        made.index_faces(dark, external_image_id="x", quality_filter="HIGH")


def test_a_search_finds_the_stored_photograph_first(collection):
    for person, photo in enumerate(faces.photos(FEW, seed=1)):
        found = collection.search_faces_by_image(photo, face_match_threshold=0)
        values = [match["Similarity"] for match in found["FaceMatches"]]
        assert found["FaceMatches"][0]["Face"] == {
            "FaceId": f"face-{person + 1:04d}",
            "ExternalImageId": f"person {person}",
        }
        assert values == sorted(values, reverse=True)
        assert len(values) == 3
        assert values[0] == pytest.approx(100)
        few = collection.search_faces_by_image(photo, face_match_threshold=0, max_faces=1)
        assert few["FaceMatches"] == found["FaceMatches"][:1]


def test_a_match_reaches_the_threshold(collection):
    photo = faces.photos(FEW[:1], seed=9)[0]
    every = collection.search_faces_by_image(photo, face_match_threshold=0)["FaceMatches"]
    exact = every[1]["Similarity"]
    found = collection.search_faces_by_image(photo, face_match_threshold=exact)
    assert found["FaceMatches"] == every[:2]
    assert repr(collection) == "Collection staff: 3 faces, 0 users"


def test_an_empty_collection_finds_nobody():
    made = faces.Collection(thumbnail, "c")
    assert made.search_faces_by_image(faces.photos(FEW, seed=0)[0]) == {"FaceMatches": []}
    assert made.search_users_by_image(faces.photos(FEW, seed=0)[0]) == {"UserMatches": []}


def test_a_user_is_the_mean_of_its_faces(collection):
    again = faces.photos(FEW[:1], seed=2)[0]
    collection.index_faces(again, external_image_id="person 0")
    done = collection.associate_faces(
        "u", ["face-0001", "face-0004", "face-0004"], user_match_threshold=0
    )
    assert [f["FaceId"] for f in done["AssociatedFaces"]] == [
        "face-0001",
        *["face-0004"] * 2,
    ]
    visit = faces.photos(FEW[:1], seed=3)
    unit = [
        v / np.linalg.norm(v)
        for v in thumbnail(np.stack([faces.photos(FEW, seed=1)[0], again]))
    ]
    expected = faces.similarity(thumbnail(visit), np.mean(unit, axis=0)[None])[0, 0]
    found = collection.search_users_by_image(visit[0], user_match_threshold=0)
    assert found["UserMatches"][0]["Similarity"] == pytest.approx(expected)
    assert found["UserMatches"][0]["User"] == {"UserId": "u"}


def test_why_a_face_is_not_given_to_a_user(collection):
    collection.associate_faces("a", ["face-0001"])
    told = collection.associate_faces("b", ["face-0001", "face-0009", "face-0002"])
    assert told["AssociatedFaces"] == [{"FaceId": "face-0002"}]
    assert [f["Reasons"] for f in told["UnsuccessfulFaceAssociations"]] == [
        ["ASSOCIATED_TO_A_DIFFERENT_USER"],
        ["FACE_NOT_FOUND"],
    ]
    told = collection.associate_faces("a", ["face-0003"], user_match_threshold=100)
    assert told["UnsuccessfulFaceAssociations"][0]["Reasons"] == ["LOW_MATCH_CONFIDENCE"]


@pytest.mark.parametrize(
    "call",
    [
        lambda c, photo: c.search_faces_by_image(photo, face_match_threshold=101),
        lambda c, photo: c.search_faces_by_image(photo, max_faces=0),
        lambda c, photo: c.search_users_by_image(photo, user_match_threshold=-1),
        lambda c, photo: c.search_users_by_image(photo, max_users=501),
        lambda c, photo: c.associate_faces("u", []),
        lambda c, photo: c.associate_faces("u", ["face-0001"] * 101),
        lambda c, photo: c.associate_faces("u", ["face-0001"], user_match_threshold=101),
    ],
)
def test_options_have_their_range(collection, call):
    with pytest.raises(ValueError, match="expected"):
        call(collection, faces.photos(FEW, seed=1)[0])


def test_reasons_are_in_the_service_model():
    from botocore.session import get_session

    model = get_session().get_service_model("rekognition")
    assert {"LOW_BRIGHTNESS", "LOW_SHARPNESS"} <= set(model.shape_for("Reason").enum)
    assert {
        "FACE_NOT_FOUND",
        "ASSOCIATED_TO_A_DIFFERENT_USER",
        "LOW_MATCH_CONFIDENCE",
    } <= set(model.shape_for("UnsuccessfulFaceAssociationReason").enum)
    assert set(faces.collection.FILTERS) <= set(model.shape_for("QualityFilter").enum)
