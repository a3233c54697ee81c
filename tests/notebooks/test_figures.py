"""Figures in the solutions: nothing is cut off at an edge."""

import base64
import io

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
