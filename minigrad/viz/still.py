"""A matplotlib figure as a still picture that says in words what it shows."""

from __future__ import annotations

import io
import sys
from typing import Any


class Still:
    """A PNG with alternative text: the picture in a notebook, the words everywhere else."""

    def __init__(self, png: bytes, alt: str) -> None:
        self.png, self.alt = png, alt

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"image/png": self.png, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}


def still(figure: Any, alt: str, dpi: int = 100) -> Still:
    """Keep `figure` as a picture, with `alt` for readers who do not see it, and close it.

    As the last value of a cell it is shown once: pyplot, which would show the figure again, lets go of it.

    >>> from matplotlib.figure import Figure
    >>> from minigrad import viz
    >>> viz.still(Figure(), "an empty figure")
    an empty figure
    """
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    return Still(png(figure, dpi), alt)


def png(figure: Any, dpi: int = 100) -> bytes:
    """The bytes of a figure, the same for the same drawing."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})
    return file.getvalue()
