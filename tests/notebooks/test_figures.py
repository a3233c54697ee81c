"""Figures in the solutions: nothing is cut off at an edge, and each one is described."""

import base64
import io
import re

import matplotlib.image
import nbformat
import pytest

from labs_lib.course import catalog

SOLUTIONS = sorted((catalog.NOTEBOOKS / "solutions").rglob("*.ipynb"))


def pictures(file):
    for cell in nbformat.read(file, as_version=4).cells:
        for output in cell.get("outputs", ()):
            png = output.get("data", {}).get("image/png")
            if png is not None:
                yield matplotlib.image.imread(io.BytesIO(base64.b64decode(png)))[..., :3]


def outputs(file):
    for cell in nbformat.read(file, as_version=4).cells:
        # What follows the last output of a cell is nothing.
        found = [output.get("data", {}) for output in cell.get("outputs", ())]
        yield from zip(found, [*found[1:], {}], strict=False)


@pytest.mark.skipif(not SOLUTIONS, reason="this copy has no solutions")
@pytest.mark.parametrize("file", SOLUTIONS, ids=lambda file: file.stem)
def test_each_image_has_its_description_and_shows_it_below(file):
    for shown, below in outputs(file):
        if any(kind.startswith("image/") for kind in shown):
            described = re.fullmatch(r"Figure: (\S.{10,}\S)", shown["text/plain"])
            assert described, f"no description: {shown['text/plain']!r}"
            assert below["text/plain"] == described[1]
        for tag in re.findall(r"<img\b[^>]*>", shown.get("text/html", "")):
            assert re.search(r'\balt="[^"]', tag), f"no alternative text: {tag[:80]}"


@pytest.mark.skipif(not SOLUTIONS, reason="this copy has no solutions")
@pytest.mark.parametrize("file", SOLUTIONS, ids=lambda file: file.stem)
def test_nothing_reaches_the_edge_of_a_figure(file):
    for number, picture in enumerate(pictures(file)):
        edges = {
            "top": picture[:2],
            "bottom": picture[-2:],
            "left": picture[:, :2],
            "right": picture[:, -2:],
        }
        for name, edge in edges.items():
            assert edge.min() == 1, f"figure {number} is cut off at the {name}: {file}"
