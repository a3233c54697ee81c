import re

import pytest

from labs_lib.course import build, catalog


def test_labs_come_in_the_order_of_the_course():
    places = [(lab.part.number, lab.order) for lab in catalog.labs(planned=True)]
    assert places == sorted(set(places))


def test_the_first_page_is_the_start_page():
    assert catalog.pages()[0].learner.name == "00_start_here.ipynb"


@pytest.mark.parametrize(
    "name",
    [
        "train/algorithms",
        "algorithms",
        "2_train/10_algorithms",
        "notebooks/2_train/10_algorithms.ipynb",
        "labs_lib/labs/train/algorithms/lesson.py",
    ],
)
def test_a_lab_has_several_names(name):
    assert catalog.find(name).id == "train/algorithms"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("train/algoritms", "Did you mean train/algorithms?"),
        ("platform/graph", "is planned and does not exist yet"),
        ("", "There is no lab ''"),
    ],
)
def test_an_unknown_lab(graph_is_planned, name, message):
    with pytest.raises(ValueError, match="lab") as error:
        catalog.find(name)
    assert message in str(error.value)


def test_no_names_mean_every_page():
    assert catalog.select([]) == catalog.pages()
    assert [lab.id for lab in catalog.select(["start"])] == ["start"]


def test_every_concept_belongs_to_a_lab_of_the_course():
    ids = {lab.id for lab in catalog.labs(planned=True)}
    concepts = catalog.concepts()
    assert {c.lab for c in concepts} <= ids
    assert len({c.id for c in concepts}) == len(concepts)
    assert {c.status for c in concepts} <= {"planned", "done"}


def test_every_lab_that_exists_has_its_files():
    for lab in catalog.pages():
        assert lab.exercises().lab.id == lab.id
        assert lab.learner.exists()


def test_routes_fit_into_their_time():
    assert catalog.route_problems() == []
    limits = {route.title: route.at_most for route in catalog.routes()}
    assert (limits["Half a day"], limits["A day"]) == (200, 360)
    for route in catalog.routes():
        assert route.minutes == sum(lab.minutes for lab in route.labs) > 0


@pytest.mark.parametrize(
    ("at_most", "labs", "message"),
    [
        (
            50,
            ["train/metrics", "train/fit"],
            "minutes and may take 50; take a lab",
        ),
        (
            100,
            ["train/metrics", "platform/graph"],
            "names platform/graph, which is only pl",
        ),
        (
            100,
            ["train/metricks"],
            "names train/metricks, which does not exist; take it out",
        ),
        (200, ["train/metrics", "train/metrics"], "names a lab twice"),
    ],
)
def test_a_route_that_cannot_be_gone_is_refused(
    graph_is_planned, monkeypatch, at_most, labs, message
):
    course = catalog._course()
    route = {"title": "A morning", "at_most": at_most, "labs": labs}
    monkeypatch.setattr(catalog, "_course", lambda: course | {"route": [route]})
    (problem,) = catalog.route_problems()
    assert problem.startswith("labs_lib/course/course.toml: the route 'A morning'")
    assert message in problem
    assert build.build([catalog.find("start")]) == [problem]
    assert f"{problem}. Run `labs build`." in build.check([])


def test_a_planned_lab_names_the_line_to_change(graph_is_planned):
    planned = next(lab for lab in catalog.labs(planned=True) if not lab.done)
    with pytest.raises(ValueError, match=f"labs new {planned.id}") as error:
        catalog.find(planned.id)
    line = int(re.search(r"line (\d+)", str(error.value))[1])
    text = (catalog.HERE / "course.toml").read_text(encoding="utf-8")
    assert text.splitlines()[line - 1] == f'id = "{planned.id}"'
