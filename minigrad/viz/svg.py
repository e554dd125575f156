"""A small SVG pen: shapes, text of known width, and one palette that reads in light, in dark and without colour vision.

Every picture of minigrad is drawn with it. The bytes depend on the drawing alone: text is measured with a fixed table
of letter widths, never with the fonts of the machine. Light colours are plain attributes and the dark ones a style
sheet for `prefers-color-scheme: dark`, so a viewer that knows no CSS still shows the light picture; the paper is
drawn too, so the picture stays readable on a page whose theme disagrees. Read `graph.py` or `chart.py` next.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

Point = tuple[float, float]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif"

# Lines in the order they are handed out. Light: Okabe & Ito (2008), "Color Universal Design", strongest on white
# first. Dark: the same hues, brightened until they stand out from the dark paper.
LINES = ("#0072B2", "#D55E00", "#009E73", "#B8608F", "#C98A00", "#4A525C")
DARK_LINES = ("#56B4E9", "#F08A3C", "#2FC79D", "#E08FBE", "#F0E442", "#CDD3DA")

# What a thing is -> how it looks: (attributes in light, what dark changes).
Look = tuple[dict[str, str], dict[str, str]]
LOOKS: dict[str, Look] = {
    "paper": ({"fill": "#ffffff"}, {"fill": "#15181d"}),
    "ink": ({"fill": "#1f2328", "font-size": "13"}, {"fill": "#e6e8eb"}),
    "name": ({"fill": "#1f2328", "font-size": "13", "font-weight": "600"}, {"fill": "#f2f4f6"}),
    "quiet": ({"fill": "#59616b", "font-size": "11.5"}, {"fill": "#a7b0ba"}),
    "wire": ({"fill": "none", "stroke": "#79828d", "stroke-width": "1.3"}, {"stroke": "#8b95a1"}),
    "litwire": ({"fill": "none", "stroke": "#D55E00", "stroke-width": "2.6"}, {"stroke": "#F08A3C"}),
    "arrow": ({"fill": "#79828d"}, {"fill": "#8b95a1"}),
    "litarrow": ({"fill": "#D55E00"}, {"fill": "#F08A3C"}),
    "operation": ({"fill": "#f1f3f5", "stroke": "#8a929c"}, {"fill": "#272c34", "stroke": "#7d8793"}),
    "parameter": ({"fill": "#e1eff8", "stroke": "#0072B2"}, {"fill": "#0d2f45", "stroke": "#56B4E9"}),
    "leaf": ({"fill": "#e0f4ec", "stroke": "#009E73"}, {"fill": "#0b3328", "stroke": "#2FC79D"}),
    "output": ({"fill": "#fdebdd", "stroke": "#D55E00"}, {"fill": "#43220b", "stroke": "#F08A3C"}),
    "folded": (
        {"fill": "#ffffff", "stroke": "#8a929c", "stroke-dasharray": "5 4"},
        {"fill": "#15181d", "stroke": "#7d8793"},
    ),
    "lit": ({"fill": "#fff3c9", "stroke": "#B97A00", "stroke-width": "2.4"}, {"fill": "#453600", "stroke": "#F0E442"}),
    "grid": ({"fill": "none", "stroke": "#e3e6ea"}, {"stroke": "#2c323a"}),
    "axis": ({"fill": "none", "stroke": "#79828d"}, {"stroke": "#8b95a1"}),
}
for _i, (_light, _dark) in enumerate(zip(LINES, DARK_LINES, strict=True)):
    _join = {"stroke-linejoin": "round", "stroke-linecap": "round"}
    LOOKS[f"line{_i}"] = ({"fill": "none", "stroke": _light, "stroke-width": "1.8", **_join}, {"stroke": _dark})
    LOOKS[f"faint{_i}"] = (
        {"fill": "none", "stroke": _light, "stroke-width": "1", "stroke-opacity": "0.35"},
        {"stroke": _dark},
    )
    LOOKS[f"dot{_i}"] = (
        {"fill": "#ffffff", "stroke": _light, "stroke-width": "1.8"},
        {"fill": "#15181d", "stroke": _dark},
    )

# Advance widths in hundredths of the font size. They are those of a wide face (DejaVu Sans), so that text fits its
# box in the narrower ones too.
_ADVANCES = {
    28: "'ijlIJ", 32: " ,.", 34: "/:;\\|", 35: "f", 36: "-", 39: "()[]t", 41: "!r", 46: '"', 50: "*_`", 53: "sz?c",
    57: "Lk", 59: "Fvxy", 61: "PTYaoe", 64: "ESbdghnpqu$0123456789{}", 68: "KAV", 70: "BRXZC", 76: "UHND", 79: "G&OQ",
    84: "w#+<=>^~", 86: "M", 97: "%mW@",
}  # fmt: skip
_ADVANCE = {letter: width / 100 for width, letters in _ADVANCES.items() for letter in letters}


def text_width(text: str, size: float = 13.0, bold: bool = False) -> float:
    """Width of a line of text in pixels, rounded up rather than down, the same on every machine.

    >>> text_width("loss", 10), text_width("")
    (19.5, 0.0)
    """
    width = 0.0
    for letter in text:
        known = _ADVANCE.get(letter)
        if known is None:
            known = 1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.7
        width += known
    return round(width * size * (1.15 if bold else 1.0), 2)


def number(value: float) -> str:
    """A coordinate: one decimal at most, no trailing zero, never "-0".

    >>> number(3.0), number(2.25), number(-0.01)
    ('3', '2.2', '0')
    """
    text = f"{value:.1f}"
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


class Svg:
    """A picture in the making. Draw on it from back to front, then `render()`.

    Each drawing method takes the look (a key of `LOOKS`) first. `title` and `description` are the alternative text for
    readers who do not see the picture.
    """

    def __init__(self, width: float, height: float, title: str, description: str = "") -> None:
        self.width, self.height = width, height
        self.title, self.description = title, description
        self._marks: list[tuple[str, str]] = []
        self.box("paper", 0, 0, width, height, 6)

    def box(self, look: str, x: float, y: float, width: float, height: float, radius: float = 0.0) -> None:
        corner = f' rx="{number(radius)}"' if radius else ""
        size = f'width="{number(width)}" height="{number(height)}"'
        self._marks.append((look, f'<rect x="{number(x)}" y="{number(y)}" {size}{corner}/>'))

    def circle(self, look: str, x: float, y: float, radius: float) -> None:
        self._marks.append((look, f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"/>'))

    def text(self, look: str, x: float, y: float, text: str, anchor: str = "start") -> None:
        """One line of text whose baseline starts, has its middle or ends at (x, y)."""
        where = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self._marks.append((look, f'<text x="{number(x)}" y="{number(y)}"{where}>{escape(_printable(text))}</text>'))

    def line(self, look: str, points: Iterable[Point]) -> None:
        """A polyline with straight pieces."""
        path = "L".join([f"{number(x)} {number(y)}" for x, y in points])
        self._marks.append((look, f'<path d="M{path}"/>'))

    def curve(self, look: str, points: Iterable[Point]) -> None:
        """A smooth line through points: vertical where x stays, an S that starts and ends vertically where it moves."""
        path, last = [], None
        for x, y in points:
            if last is None:
                path.append(f"M{number(x)} {number(y)}")
            elif abs(x - last[0]) < 0.05:
                path.append(f"V{number(y)}")
            else:
                middle = number((last[1] + y) / 2)
                path.append(f"C{number(last[0])} {middle} {number(x)} {middle} {number(x)} {number(y)}")
            last = (x, y)
        self._marks.append((look, f'<path d="{"".join(path)}"/>'))

    def arrowhead(self, x: float, y: float, look: str = "arrow", up: bool = False) -> None:
        """A small triangle whose tip, pointing down or up, is at (x, y)."""
        self._marks.append((look, f'<path d="M{number(x)} {number(y)}l-3.5 {"7" if up else "-7"}h7z"/>'))

    def render(self) -> str:
        used = {look for look, _ in self._marks}
        dark = "".join(
            f"svg.minigrad .{look}{{{';'.join(f'{key}:{value}' for key, value in LOOKS[look][1].items())}}}"
            for look in LOOKS
            if look in used
        )
        body = []
        for look, marks in groupby(self._marks, key=lambda mark: mark[0]):
            attributes = " ".join(f'{key}="{value}"' for key, value in LOOKS[look][0].items())
            body.append(f'<g class="{look}" {attributes}>{"".join(markup for _, markup in marks)}</g>')
        width, height = number(self.width), number(self.height)
        label = f"{self.title}. {self.description}" if self.description else self.title
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" class="minigrad" width="{width}" height="{height}" '
                f'viewBox="0 0 {width} {height}" style="max-width:100%;height:auto" role="img" '
                f'aria-label={quoteattr(_printable(label))} font-family="{FONT}">',
                f"<title>{escape(_printable(self.title))}</title>",
                f"<desc>{escape(_printable(self.description))}</desc>",
                f"<style>@media (prefers-color-scheme:dark){{{dark}}}</style>",
                *body,
                "</svg>",
            ]
        )


def bundle(svg: str, text: str) -> dict[str, str]:
    """What a notebook is given of a picture made by `Svg`: the picture in two forms, and the words.

    Jupyter shows no SVG of a notebook that somebody else ran, for fear of scripts in it, but it shows the same picture as
    an image of a page. So a saved notebook is illustrated before it is run.

    >>> sorted(bundle(Svg(10, 10, "a dot").render(), "a dot"))
    ['image/svg+xml', 'text/html', 'text/plain']
    """
    start = svg[: svg.index(">")]
    size_and_alt = " ".join(re.findall(r'(?:width|height)="[^"]*"', start)[:2])
    label = re.search(r"""aria-label=("[^"]*"|'[^']*')""", start)
    size_and_alt += f" alt={label[1]}" if label else ""
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    page = f'<img {size_and_alt} style="max-width:100%;height:auto" src="{source}"/>'
    return {"image/svg+xml": svg, "text/html": page, "text/plain": text}


def _printable(text: str) -> str:
    """XML has no place for control characters, escaped or not."""
    return "".join(c if c.isprintable() or c == " " else "\N{REPLACEMENT CHARACTER}" for c in text)
