"""Make the site with Sphinx, check it, and put it in its place."""

import io
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labs_lib.course.site import links, pages

if TYPE_CHECKING:
    from sphinx.application import Sphinx

STYLE = Path(__file__).with_name("site.css")
SHEET_STYLE = Path(__file__).with_name("sheet.css")
TITLE = "What SageMaker does, run locally"

SETTINGS: dict[str, Any] = {
    "project": TITLE,
    "html_title": TITLE,
    "language": "en",
    "extensions": ["myst_nb", "sphinx.ext.githubpages"],
    "exclude_patterns": ["_static"],
    # Solutions are executed already, and their outputs are tested.
    "nb_execution_mode": "off",
    "myst_heading_anchors": 4,
    "html_theme": "pydata_sphinx_theme",
    "html_static_path": ["_static"],
    "html_css_files": [STYLE.name],
    "html_use_index": False,
    "html_show_sourcelink": False,
    "html_copy_source": False,
    "html_show_copyright": False,
    "html_show_sphinx": False,
    "html_context": {"default_mode": "auto"},
    "html_theme_options": {
        "logo": {"text": "SageMaker labs"},
        "navbar_align": "left",
        "navbar_center": ["navbar-nav"],
        "navbar_end": ["theme-switcher"],
        "header_links_before_dropdown": 8,
        "secondary_sidebar_items": ["page-toc"],
        "footer_start": [],
        "footer_end": [],
        "search_bar_text": "Search the course",
        "pygments_light_style": "a11y-high-contrast-light",
        "pygments_dark_style": "a11y-high-contrast-dark",
    },
}
"""What Sphinx is told; see its documentation and that of MyST-NB and the PyData theme."""


def make(folder: Path) -> str:
    """Write the site; `folder` appears when it is complete and every link leads somewhere.

    Parameters
    ----------
    folder : Path
        Where to put it; it must not be there yet.

    Returns
    -------
    str
        What was made, in a sentence.

    Raises
    ------
    ValueError
        If `folder` exists, Sphinx is not installed, a lab has no solution, or a link is broken.
        Nothing is written then.
    """
    missing = [m for m in ("sphinx", "myst_nb", "pydata_sphinx_theme") if not find_spec(m)]
    if missing:
        raise ValueError(
            f"A site needs {', '.join(missing)}, an extra of this package. Run `pip install -e "
            '".[site]"` in the folder of the course.'
        )
    folder = folder.absolute()
    if folder.exists():
        raise ValueError(f"{folder} exists; remove it or name another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        source, made = unfinished / "source", unfinished / "site"
        for name, content in pages.sources().items():
            _write(source / name, content)
        for style in (STYLE, SHEET_STYLE):
            _write(source / "_static" / style.name, style.read_bytes())
        _build(source, made, unfinished / "doctrees")
        if problems := links.problems(made):
            raise ValueError("The site has broken links:\n" + "\n".join(problems))
        made.chmod(0o755)
        os.replace(made, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    files = [file for file in folder.rglob("*") if file.is_file()]
    count = sum(file.suffix == ".html" for file in files)
    size = sum(file.stat().st_size for file in files) / 1e6
    return f"{folder}: {count} pages, {size:.0f} MB. Open index.html; no server is needed."


def _write(file: Path, content: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def _style_of_sheets(app: "Sphinx", name: str, *_: object) -> None:
    """Add the style of run sheets to their pages alone."""
    if name.startswith(f"{pages.SHEETS.removesuffix('.md')}/"):
        app.add_css_file(SHEET_STYLE.name)


def _build(source: Path, made: Path, doctrees: Path) -> None:
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    said = io.StringIO()
    with patch_docutils(), docutils_namespace():
        app = Sphinx(
            source,
            confdir=None,
            outdir=made,
            doctreedir=doctrees,
            buildername="html",
            confoverrides=SETTINGS,
            status=None,
            warning=said,
            parallel=2,
        )
        app.connect("html-page-context", _style_of_sheets)
        app.build()
    if said.getvalue():
        raise ValueError(f"Sphinx found something wrong:\n{said.getvalue().strip()}")
    # A template that the theme leaves among its scripts.
    (made / "_static" / "webpack-macros.html").unlink(missing_ok=True)
