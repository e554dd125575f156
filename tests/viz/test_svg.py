"""The pen writes well-formed XML whatever it is told, measures text generously, and its colours can be told apart."""

from __future__ import annotations

import base64
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.viz.svg import DARK_LINES, LINES, LOOKS, Svg, bundle, number, text_width

SVG = "{http://www.w3.org/2000/svg}"


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_gives_well_formed_xml(title: str, label: str) -> None:
    svg = Svg(100, 50, title, label)
    svg.text("ink", 5, 20, label)
    root = ElementTree.fromstring(svg.render())
    assert root.tag == SVG + "svg"


def test_plain_text_comes_through_unchanged() -> None:
    svg = Svg(100, 50, 'a < b & "c"', "it's")
    svg.text("ink", 5, 20, "x → <y> & …")
    root = ElementTree.fromstring(svg.render())
    assert root.find(SVG + "title").text == 'a < b & "c"'
    assert root.find(SVG + "desc").text == "it's"
    assert root.get("role") == "img" and root.get("aria-label") == "a < b & \"c\". it's"
    assert [text.text for text in root.iter(SVG + "text")] == ["x → <y> & …"]


def test_picture_shrinks_with_its_page() -> None:
    root = ElementTree.fromstring(Svg(320.04, 50, "t").render())
    assert root.get("viewBox") == "0 0 320 50" and "max-width:100%" in root.get("style")


def test_light_colours_are_attributes_and_dark_ones_a_scoped_style() -> None:
    svg = Svg(10, 10, "t")
    svg.box("parameter", 1, 1, 5, 5)
    text = svg.render()
    assert 'class="parameter" fill="#e1eff8" stroke="#0072B2"' in text
    assert "@media (prefers-color-scheme:dark){" in text and "svg.minigrad .parameter{fill:#0d2f45" in text
    assert ".leaf" not in text  # looks that are not used cost nothing


def test_a_curve_is_vertical_at_its_ends() -> None:
    svg = Svg(10, 10, "t")
    svg.curve("wire", [(0, 0), (0, 4), (6, 8)])
    assert '<path d="M0 0V4C0 6 6 6 6 8"/>' in svg.render()


@pytest.mark.parametrize(("value", "text"), [(0.04, "0"), (-0.04, "0"), (1.25, "1.2"), (1e4, "10000"), (-2.5, "-2.5")])
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(("bold", "font"), [(False, "DejaVuSans.ttf"), (True, "DejaVuSans-Bold.ttf")])
@pytest.mark.parametrize("text", ["layers.0.self_attn.in_proj_weight", "(128, 3, 224, 224)", "value [0.1235, -1e-05]", "WMl|i,."])
def test_text_is_never_wider_than_measured(text: str, bold: bool, font: str) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    ft2font = pytest.importorskip("matplotlib.ft2font")
    face = ft2font.FT2Font(str(Path(matplotlib.get_data_path(), "fonts", "ttf", font)))
    face.set_size(100, 72)
    face.set_text(text)
    true = face.get_width_height()[0] / 64
    assert true * 0.98 <= text_width(text, 100, bold) <= true * 1.2


def luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """The contrast ratio of WCAG 2."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_every_ground(theme: int) -> None:
    for ground in ("paper", "operation", "parameter", "leaf", "output", "folded"):
        for text in ("ink", "name", "quiet"):
            assert contrast(LOOKS[text][theme]["fill"], LOOKS[ground][theme]["fill"]) >= 4.5, (text, ground)


@pytest.mark.parametrize(("lines", "theme"), [(LINES, 0), (DARK_LINES, 1)], ids=["light", "dark"])
def test_lines_stand_out_from_the_paper(lines: tuple[str, ...], theme: int) -> None:
    for colour in lines:
        assert contrast(colour, LOOKS["paper"][theme]["fill"]) >= 2.9


def as_seen_without(kind: str, colour: str) -> tuple[float, ...]:
    """Linear RGB as a dichromat sees it (Vienot, Brettel & Mollon, 1999)."""
    rgb = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    if kind == "protan":
        return 0.11238 * r + 0.88762 * g, 0.11238 * r + 0.88762 * g, 0.00401 * r - 0.00401 * g + b
    return 0.29275 * r + 0.70725 * g, 0.29275 * r + 0.70725 * g, -0.02234 * r + 0.02234 * g + b


@pytest.mark.parametrize("kind", ["protan", "deutan"])
@pytest.mark.parametrize("lines", [LINES[:3], DARK_LINES[:3]], ids=["light", "dark"])
def test_the_first_lines_differ_without_colour_vision(lines: tuple[str, ...], kind: str) -> None:
    seen = [as_seen_without(kind, colour) for colour in lines]
    for i, a in enumerate(seen):
        for b in seen[:i]:
            assert max(abs(x - y) for x, y in zip(a, b, strict=True)) > 0.1


@given(st.text(max_size=30), st.text(max_size=30))
def test_the_image_of_a_page_is_the_picture_with_its_size_and_its_words(title: str, description: str) -> None:
    svg = Svg(320, 50, title, description).render()
    shown = bundle(svg, "words")
    assert shown["image/svg+xml"] == svg and shown["text/plain"] == "words"
    image = ElementTree.fromstring(shown["text/html"])
    assert (image.get("width"), image.get("height")) == ("320", "50")
    assert image.get("alt") == ElementTree.fromstring(svg).get("aria-label")
    assert base64.b64decode(image.get("src").partition(",")[2]).decode() == svg
