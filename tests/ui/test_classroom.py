"""The page of a class in a browser: it lives, and shows names as text."""

import pytest

from labs_lib.course import catalog
from labs_lib.course.classroom import columns
from labs_lib.course.classroom.service import Service
from labs_lib.course.classroom.store import Store
from tests.course.classroom.conftest import listening
from tests.ui.accessibility import violations_of_page

pytestmark = pytest.mark.xdist_group("ui")

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def service(tmp_path):
    store = Store(tmp_path / "class.db")
    store.set(code="K7RM-4WPT", key="secret", labs="[]")
    yield Service(
        store, columns.of([catalog.find("start")]), join="labs class join K7RM-4WPT"
    )
    store.close()


def put(service, id, number, **figures):
    with service.lock:
        service.room.update(id, number, {"start": figures})


def test_the_page_lives_escapes_and_hides_names(browser, service):
    room = service.room
    room.add("1", name=EVIL, pseudonym="amber heron")
    room.add("2", name="Bo", pseudonym="blue fox")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text))
    with listening(service) as address:
        page.goto(f"{address}/#secret")
        rows = page.locator("#rows tr")
        rows.nth(1).wait_for()
        assert "secret" not in page.url  # a projector shows the address
        assert page.get_by_role("rowheader", name=EVIL).count() == 1
        assert page.locator("img").count() == 0
        page.evaluate("window.same = true")
        # What arrives is shown in the page that is there; who is stuck comes to the top.
        put(
            service,
            "2",
            1,
            ex1={"attempts": 4, "hints": 2},
            quiz1={"attempts": 1, "choice": "c"},
        )
        page.get_by_text("Stuck: Bo (start exercise 1, 4 attempts).").wait_for()
        assert rows.nth(0).get_by_role("rowheader").inner_text() == "Bo"
        assert (
            page.get_by_role("cell", name="not passed, 4 attempts, 2 hints read").count()
            == 1
        )
        assert page.get_by_text("1 (100 %)").count() == 1
        assert page.get_by_role("cell", name="chose c, wrong").count() == 0
        answers = page.get_by_role("switch", name="Right answers")
        answers.press("Enter")
        assert answers.get_attribute("aria-checked") == "true"
        page.get_by_role("cell", name="chose c, wrong").wait_for()
        page.get_by_role("switch", name="Names").press(" ")
        page.get_by_role("rowheader", name="blue fox").wait_for()
        assert EVIL not in page.locator("main").inner_text()
        assert page.evaluate("window.same")  # it was not loaded again
        page.reload()  # the key and the switches are kept
        page.get_by_role("rowheader", name="blue fox").wait_for()
        put(service, "2", 2, ex1={"attempts": 5, "hints": 2, "passed": True})
        page.get_by_role("cell", name="passed, 5 attempts").first.wait_for()
        assert not page.locator("#stuck").is_visible()
        with service.lock:
            room.remove("2")
        page.get_by_text("1 learner, 1 heard from").wait_for()
        assert rows.count() == 1
        assert errors == []
        page.context.set_offline(True)
        page.get_by_role("alert").get_by_text("does not answer").wait_for()
        page.context.set_offline(False)
        page.locator("#problem").wait_for(state="hidden")
    assert all(url.startswith((address, "data:")) for url in asked)
    page.close()


def test_a_link_without_its_key_shows_nothing(browser, service):
    service.room.add("1", name="Ana", pseudonym="amber heron")
    page = browser.new_page()
    with listening(service) as address:
        page.goto(f"{address}/")
        page.get_by_role("alert").get_by_text(
            "Open the link that the command has printed."
        ).wait_for()
        assert "Ana" not in page.content()
    page.close()


def test_the_page_breaks_no_rule_of_accessibility(browser, service):
    pytest.importorskip("axe_playwright_python", reason="pip install -e .[ui]")
    for id in ("1", "2", "3"):
        service.room.add(id, name=f"Learner {id}", pseudonym=f"amber heron {id}")
    put(
        service,
        "1",
        1,
        ex1={"attempts": 4, "hints": 2},
        quiz1={"attempts": 1, "choice": "b"},
    )
    put(service, "2", 1, ex1={"attempts": 2, "hints": 0, "passed": True})
    put(
        service,
        "3",
        1,
        ex1={"attempts": 1, "hints": 1},
        quiz1={"attempts": 1, "choice": "c"},
    )
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    with listening(service) as address:
        page.goto(f"{address}/#secret")
        page.get_by_text("Stuck: Learner 1").wait_for()
        assert violations_of_page(page) == []
        page.get_by_role("switch", name="Right answers").click()
        page.get_by_role("cell", name="chose c, wrong").wait_for()
        assert violations_of_page(page) == []
    page.close()
