"""A still picture is the figure's PNG under a text that says what it shows."""

from __future__ import annotations

import pytest

from minigrad.viz import still


def test_a_still_is_a_png_with_its_words_beside_it() -> None:
    figures = pytest.importorskip("matplotlib.figure")
    picture = still(figures.Figure(figsize=(1, 1)), "nothing at all")
    data, metadata = picture._repr_mimebundle_()
    assert data["image/png"][:4] == b"\x89PNG" and data["text/plain"] == repr(picture) == "nothing at all"
    assert metadata == {"image/png": {"alt": "nothing at all"}}


def test_the_same_drawing_gives_the_same_bytes() -> None:
    figures = pytest.importorskip("matplotlib.figure")
    first, second = (still(figures.Figure(figsize=(1, 1)), "empty").png for _ in range(2))
    assert first == second


def test_pyplot_does_not_show_the_figure_again() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    figure = plt.figure()
    still(figure, "empty")
    assert figure.number not in plt.get_fignums()
