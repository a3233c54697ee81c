"""What axe-core finds in the course's own parts of a notebook that is open in JupyterLab.

Held to the levels A and AA of WCAG 2.0 to 2.2, and to the order of headings. JupyterLab's own
parts (menus, toolbars, editors) are not looked at: only rendered Markdown and outputs are.
"""

import time

from tests.ui.jupyterlab import Notebook

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
BESIDES = ["empty-heading", "heading-order", "image-redundant-alt", "scope-attr-valid"]
OURS = (".jp-Notebook .jp-RenderedMarkdown", ".jp-Notebook .jp-OutputArea-output")

EXCEPTIONS = {
    # JupyterLab's themes set the links of rendered Markdown apart by colour alone, and the
    # settings that change a theme know fonts only. Links of our own HTML are underlined.
    "link-in-text-block": ".jp-RenderedMarkdown",
    # JupyterLab renders a PNG without an alternative text. A learner's kernel sends HTML; the
    # solutions keep the PNG, and the description follows it as text (tests/notebooks).
    "image-alt": ".jp-RenderedImage",
    # ipywidgets gives the handle of a slider no name. Its label stands before it, and the
    # table that it moves is a status message that begins with the threshold.
    "aria-input-field-name": ".labs-threshold .noUi-handle",
}
"""Rules of axe-core, and where they are not held."""


def violations(notebook: Notebook) -> list[str]:
    """Return what breaks a rule: the rule, axe-core's words, and the element.

    Raises
    ------
    AssertionError
        If no text was looked at, so that nothing could have been found.
    """
    # Here, as the tests are skipped where the package is missing.
    from axe_playwright_python.sync_playwright import Axe

    page = notebook.page
    before = page.viewport_size
    # What is scrolled away is not judged, and JupyterLab's body has no height of its own.
    page.add_style_tag(content="body {min-height: 100vh}")
    whole = page.evaluate(
        "() => document.querySelector('.jp-WindowedPanel-inner').scrollHeight"
    )
    page.set_viewport_size({"width": before["width"], "height": before["height"] + whole})
    options = {
        "runOnly": LEVELS,
        "rules": {rule: {"enabled": True} for rule in BESIDES},
    }
    context = {"include": [[selector] for selector in OURS]}
    # JupyterLab lays its panels out a moment after the window has changed; until then axe-core
    # takes every text as scrolled away.
    end = time.monotonic() + 60
    while True:
        found = Axe().run(page, context, options).response
        judged = any(rule["id"] == "color-contrast" for rule in found["passes"])
        if judged or time.monotonic() > end:
            break
        page.wait_for_timeout(200)
    assert judged, "the contrast of no text was judged"
    problems = [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"]
        if not _excepted(page, rule["id"], node["target"][0])
    ]
    # JupyterLab calls an image of HTML "Image" if it has no alternative text.
    unnamed = page.locator(f"{OURS[1]} img[alt=Image]").evaluate_all(
        "images => images.map(image => image.src.slice(0, 60))"
    )
    problems += [f"image-alt: no alternative text: {source}" for source in unnamed]
    page.set_viewport_size(before)
    return problems


def violations_of_page(page) -> list[str]:
    """Return what breaks a rule in a whole page of ours, in a light and in a dark theme.

    Raises
    ------
    AssertionError
        If no text was looked at, so that nothing could have been found.
    """
    from axe_playwright_python.sync_playwright import Axe

    problems = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        # Two frames until the new colours begin to move; in between, axe-core would judge neither.
        page.evaluate(
            """async () => {
                for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
                await Promise.allSettled(document.getAnimations().map(one => one.finished));
            }"""
        )
        found = Axe().run(page, options={"runOnly": LEVELS}).response
        problems += [
            f"{scheme}: {rule['id']}: {rule['help']}: {node['html'][:200]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]
        judged = [rule for rule in found["passes"] if rule["id"] == "color-contrast"]
        assert judged, "the contrast of no text was judged"
    return problems


def _excepted(page, rule: str, selector: str) -> bool:
    where = EXCEPTIONS.get(rule)
    return where is not None and page.evaluate(
        "([selector, where]) => document.querySelector(selector).closest(where) != null",
        [selector, where],
    )
