"""The plain card that everything in `learn` shows: a few lines of text, and the same as HTML for a notebook.

Letters and words carry the meaning; colour only repeats it.  Nothing in the HTML needs a style sheet, a script or a
kernel, so a saved notebook reads the same on a web page that strips all three.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from minigrad import _frontend

COLOURS = {"question": "#0072B2", "right": "#009E73", "wrong": "#D55E00", "plain": "#79828d"}


@dataclass
class Card:
    """A headline, an optional list, and lines below it."""

    kind: str  # a key of COLOURS
    title: str
    items: Sequence[str] = field(default_factory=list)  # lettered a, b, c
    lines: Sequence[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The card in plain text."""
        items = [f"  {letter(i)}) {item}" for i, item in enumerate(self.items)]
        return "\n".join([self.title, *items, *self.lines])

    @property
    def html(self) -> str:
        """The card as HTML: the same lines, with a bar of colour at the left."""
        # Letters are written out: sanitizers turn a lettered list into a numbered one.
        items = [f"{letter(i)}) {_marked(item)}" for i, item in enumerate(self.items)]
        listed = "".join(f'<div style="margin-top:0.3em;padding-left:1em">{item}</div>' for item in items)
        lines = "".join(f'<div style="margin-top:0.3em">{_marked(line)}</div>' for line in self.lines)
        look = f"border-left:4px solid {COLOURS[self.kind]};padding:0.3em 0 0.3em 0.9em;margin:0.2em 0"
        return f'<div style="{look}"><strong>{_marked(self.title)}</strong>{listed}{lines}</div>'

    def show(self) -> None:
        """Display the card in a notebook, print it anywhere else."""
        if _frontend.in_notebook():
            display({"text/html": self.html, "text/plain": self.text}, raw=True)
        else:
            print(self.text)


def letter(i: int) -> str:
    """a, b, c, ... for the choices 0, 1, 2, ..."""
    return "abcdefghijklmnopqrstuvwxyz"[i]


def display(content: Any, raw: bool = False) -> None:
    """IPython's display, imported when a notebook is there to show something."""
    from IPython.display import display

    display(content, raw=raw)


def _marked(text: str) -> str:
    """Escaped for HTML; what stands between backticks is code.

    >>> _marked("`a < b` & c")
    '<code>a &lt; b</code> &amp; c'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
