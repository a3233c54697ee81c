"""Write executed notebooks as HTML pages that need no network."""

import html
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode, v4
from traitlets.config import Config

from labs_lib.course.catalog import DOCUMENTS, NOTEBOOKS, LabInfo
from labs_lib.files import write_text

# nbconvert's page loads RequireJS, MathJax, Mermaid and widgets from the network.
TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_css -%}
<style>main {max-width: 70em; margin: 0 auto}</style>
{%- endblock -%}
"""
# Without widgets and scripts: each output's still form.
SHOWN = [
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "text/latex",
    "text/plain",
]

LINK = re.compile(r'(?<=href=")(?P<stem>[^":#]+)\.ipynb(?=["#])')
# Solutions stand one folder deeper than the pages do.
DOCUMENT = re.compile(rf'(?<=href=")[./]*({"|".join(map(re.escape, DOCUMENTS))})(?=["#])')
ADMONITION = re.compile(r"(<blockquote>\s*<p>)\[!([A-Z])([A-Z]+)\]")

INDEX = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Labs</title>
<style>
:root {{color-scheme: light dark}}
body {{font: 1.1em/1.6 system-ui, sans-serif; max-width: 40em; margin: 2em auto}}
</style>
</head>
<body>
<h1>Labs</h1>
<ul>
{items}
</ul>
</body>
</html>
"""


def page(notebook: NotebookNode, *, title: str, folder: Path) -> str:
    """Return `notebook` as one HTML page; images are in it and nothing is loaded.

    Formulas stay in their LaTeX source, and widgets show their text.

    Parameters
    ----------
    notebook : NotebookNode
        An executed notebook.
    title : str
        Title of the page.
    folder : Path
        Folder of the notebook, from which its images are read.
    """
    exporter = HTMLExporter(
        raw_template=TEMPLATE,
        embed_images=True,
        config=Config(
            NbConvertBase={"display_data_priority": SHOWN},
            # A page cannot fold a cell, and this one is for the build alone.
            TagRemovePreprocessor={"enabled": True, "remove_cell_tags": ["facts"]},
        ),
    )
    resources = {"metadata": {"name": title, "path": str(folder)}}
    metadata = {key: value for key, value in notebook.metadata.items() if key != "widgets"}
    still = NotebookNode(notebook, metadata=NotebookNode(metadata))
    text, _ = exporter.from_notebook_node(still, resources=resources)
    return ADMONITION.sub(
        lambda found: f"{found[1]}<strong>{found[2]}{found[3].lower()}.</strong>", text
    )


def write_site(notebooks: Mapping[LabInfo, NotebookNode], folder: Path) -> None:
    """Write a page for each notebook and document, and ``index.html``, below `folder`.

    Links between them become links between their pages; other links stay.
    """
    stems = {lab.stem for lab in notebooks}
    pages = [(lab.stem, lab.title, notebook) for lab, notebook in notebooks.items()]
    for file in (NOTEBOOKS / name for name in DOCUMENTS):
        if file.exists():
            cell = v4.new_markdown_cell(file.read_text(encoding="utf-8"))
            notebook = v4.new_notebook(cells=[cell])
            pages.append((file.stem, file.stem.capitalize(), notebook))
    items = []
    for stem, title, notebook in pages:
        here = posixpath.dirname(stem)

        def link(found: re.Match[str], here: str = here) -> str:
            known = posixpath.normpath(posixpath.join(here, found["stem"])) in stems
            return f"{found['stem']}.html" if known else found[0]

        def document(found: re.Match[str], here: str = here) -> str:
            return posixpath.relpath(found[1].removesuffix(".md") + ".html", here or ".")

        text = page(notebook, title=title, folder=NOTEBOOKS / here)
        text = DOCUMENT.sub(document, LINK.sub(link, text))
        write_text(folder / f"{stem}.html", text)
        items.append(f'<li><a href="{stem}.html">{html.escape(title)}</a></li>')
    write_text(folder / "index.html", INDEX.format(items="\n".join(items)))
