"""Short messages that are rich in JupyterLab and plain text elsewhere."""

import html
import re
from dataclasses import dataclass

# Middle tones, readable on JupyterLab's light and dark backgrounds; the words carry the meaning.
_COLORS = {"good": "#009E73", "bad": "#D55E00", "quiet": "#8a8a8a", "info": "#0072B2"}

FOCUS = "outline: 3px solid #0072B2; outline-offset: 1px"
"""CSS of what has the keyboard's focus, on a light and on a dark background."""


def to_html(text: str) -> str:
    """Return `text` as HTML: escaped, `code` marked, an empty line as a paragraph break."""
    escaped = html.escape(text, quote=False)
    escaped = re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)
    return "<br><br>".join(part.replace("\n", "<br>") for part in escaped.split("\n\n"))


@dataclass(frozen=True)
class Panel:
    """A titled message.

    Parameters
    ----------
    title : str
        What happened, in a few words.
    text : str
        What to know or do; `code` in backticks.
    tone : {"info", "good", "bad", "quiet"}
        Colour of the bar at the left.
    """

    title: str
    text: str = ""
    tone: str = "info"

    def __repr__(self) -> str:
        return f"{self.title}: {self.text}" if self.text else self.title

    def _repr_html_(self) -> str:
        body = f"<br>{to_html(self.text)}" if self.text else ""
        return (
            f'<div style="border-left: 4px solid {_COLORS[self.tone]}; padding: 0.3em 0.9em; '
            f'margin: 0.3em 0; max-width: 60em; line-height: 1.4">'
            f"<b>{to_html(self.title)}</b>{body}</div>"
        )
