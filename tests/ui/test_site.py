"""Pages of the site as a reader sees them: offline, on a telephone, in the dark, on paper."""

import re

import nbformat
import pytest

from labs_lib.course import catalog, run_sheet
from labs_lib.course.site import make, pages
from tests.ui.accessibility import violations_of_page

pytestmark = pytest.mark.xdist_group("ui")

# The longest sheet, and a lab with panels, tables, figures and a quiz.
SHEET, LAB = "train/fit", "prepare/split"

CONTRASTS = """() => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const rgba = (text) => {
        canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (color) => {
        const [r, g, b] = color.map(v => v / 255).map(
            v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let e = element; e; e = e.parentElement) {
            const color = rgba(getComputedStyle(e).backgroundColor);
            if (color[3] === 255) return color;
        }
        return [255, 255, 255, 255];
    };
    const found = [];
    for (const e of document.querySelectorAll("article :is(p, li, td, th, code, a, b, span, h2)")) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!own || !e.checkVisibility()) continue;
        const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        found.push([ratio, e.tagName, e.className, e.textContent.slice(0, 40)]);
    }
    return found;
}"""
"""The ratio of contrast of each piece of text, by the formula of WCAG 2.2."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("sphinx", reason="Sphinx is not installed: pip install -e .[site]")
    pytest.importorskip(
        "myst_nb", reason="MyST-NB is not installed: pip install -e .[site]"
    )
    where = {}  # links to other pages become text
    texts = run_sheet.pages()
    sheet = texts[run_sheet.sheet_file(catalog.find(SHEET))]
    sources = {
        "index.md": "# Home\n\n```{toctree}\n\nlab.ipynb\ndocs/run_sheet/sheet.md\n```\n",
        "lab.ipynb": nbformat.writes(pages.solved(catalog.find(LAB), where)),
        "docs/run_sheet/sheet.md": pages.relinked(sheet, "docs/s.md", "docs/s.md", where),
    }
    folder = tmp_path_factory.mktemp("site") / "made"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "sources", lambda: sources)
        make.make(folder)
    return folder


@pytest.fixture
def page(browser, site):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    outside, errors = [], []
    page.on("request", lambda request: outside.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert [url for url in outside if not url.startswith(("file:", "data:"))] == []
    # Sphinx's search wants a few words of each result, which a page from a file may not fetch.
    assert set(errors) <= {"Failed to fetch"}


@pytest.mark.parametrize("width", [1280, 390])
def test_a_lab_fits_and_is_described(page, site, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto((site / "lab.html").as_uri())
    beyond = "() => document.documentElement.scrollWidth - window.innerWidth"
    assert page.evaluate(beyond) <= 0
    assert page.locator("h1").count() == 1
    assert page.locator("main").count() == 1
    assert page.locator("article img").count() >= 3
    assert page.locator("article img:not([alt]), article img[alt='']").count() == 0
    # The quiz is text, and its answers open without a script of ours.
    assert not page.get_by_text("Images of one patient are alike.").is_visible()
    page.locator("summary").nth(1).click()
    assert page.get_by_text("Images of one patient are alike.").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(page, site, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto((site / "lab.html").as_uri())
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 500
    assert [found for found in contrasts if found[0] < 4.5] == []


def test_the_search_needs_no_server(page, site):
    page.goto((site / "search.html").as_uri() + "?q=terminal")
    results = page.locator("#search-results li a")
    results.first.wait_for()
    assert "lab.html" in {
        link.get_attribute("href").split("#")[0].split("?")[0] for link in results.all()
    }


def test_the_longest_sheet_is_one_page_of_paper(page, site):
    page.goto((site / "docs/run_sheet/sheet.html").as_uri())
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


@pytest.mark.parametrize("name", ["lab.html", "docs/run_sheet/sheet.html"])
def test_no_page_breaks_a_rule_of_accessibility(page, site, name):
    pytest.importorskip("axe_playwright_python", reason="pip install -e .[ui]")
    page.goto((site / name).as_uri())
    assert violations_of_page(page) == []
