"""The projector's page shows one picture at a time, large, and is turned by keys and buttons."""

import pytest

from labs_lib.course import catalog, pictures
from tests.ui.accessibility import violations_of_page

pytestmark = pytest.mark.xdist_group("ui")

ROOM = {"width": 1280, "height": 720}
SHOWN = (
    "() => [...document.querySelectorAll('section')].filter(s => !s.hidden).map(s => s.id)"
)
CUT = """() => [...document.querySelectorAll('section:not([hidden]) .shown')].filter(
    box => box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1
).length"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    file = tmp_path_factory.mktemp("pictures") / "split.html"
    pictures.write(catalog.find("prepare/split"), file)
    return file


@pytest.fixture
def page(browser, file):
    page = browser.new_page(viewport=ROOM)
    page.goto(file.as_uri())
    yield page
    page.close()


def test_keys_and_buttons_turn_the_pages(page):
    count = page.locator("section").count()
    place = page.get_by_role("status")
    assert place.inner_text() == f"1 of {count}"
    assert page.get_by_role("button", name="Previous").is_disabled()
    page.keyboard.press("ArrowLeft")  # there is none before the first
    assert page.evaluate(SHOWN) == ["picture-1"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageDown")
    assert page.evaluate(SHOWN) == ["picture-3"]
    page.get_by_role("button", name="Previous").click()
    assert page.evaluate(SHOWN) == ["picture-2"]
    page.keyboard.press("End")
    assert place.inner_text() == f"{count} of {count}"
    assert page.get_by_role("button", name="Next").is_disabled()
    page.get_by_label("Go to").select_option("3")
    assert page.evaluate(SHOWN) == ["picture-4"]
    page.reload()
    assert page.evaluate(SHOWN) == ["picture-4"]


def test_every_picture_is_large_and_none_is_cut(page):
    for number in range(page.locator("section").count()):
        page.evaluate(f"show({number})")
        assert page.evaluate(CUT) == 0, number
        image = page.locator("section:not([hidden]) img")
        if image.count():
            assert image.bounding_box()["height"] > 400, number
        else:
            size = "box => parseFloat(getComputedStyle(box).fontSize)"
            assert page.locator("section:not([hidden]) .shown").evaluate(size) >= 18, number


def test_light_or_dark_by_the_system_and_by_a_button(page):
    paper = "() => getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Light or dark").click()
    light = page.evaluate(paper)
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 24, 30)")
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(paper) == dark


def test_no_page_breaks_a_rule_of_accessibility(page):
    pytest.importorskip("axe_playwright_python", reason="pip install -e .[ui]")
    for _ in range(page.locator("section").count()):
        assert violations_of_page(page) == []
        page.keyboard.press("ArrowRight")
