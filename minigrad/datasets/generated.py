"""Points in the plane that no straight line separates, drawn by formula: the same seed gives the same points."""

from __future__ import annotations

import minigrad
from minigrad.datasets.labelled import LabelledData


def moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> LabelledData:
    """Two half circles that reach into each other: x (n, 2) float32, y (n,) int64, 0 the upper, 1 the lower moon.

    With t from 0 to pi, the upper moon is (cos t, sin t), the lower (1 - cos t, 1/2 - sin t); `noise` is the standard
    deviation of what is added to each coordinate.  The classes differ in size by at most one.

    >>> from minigrad import datasets
    >>> data = datasets.moons(4, noise=0.0)
    >>> data.y
    tensor([0, 0, 1, 1])
    """
    upper = minigrad.linspace(0, minigrad.pi, n - n // 2)
    lower = minigrad.linspace(0, minigrad.pi, n // 2)
    points = minigrad.cat(
        [
            minigrad.stack([upper.cos(), upper.sin()], dim=1),
            minigrad.stack([1 - lower.cos(), 0.5 - lower.sin()], dim=1),
        ]
    )
    y = (minigrad.arange(n) >= n - n // 2).long()
    return LabelledData(points + noise * _noise_like(points, seed), y, ["upper", "lower"], ["x1", "x2"])


def spirals(n: int = 300, classes: int = 3, turns: float = 1.0, noise: float = 0.05, seed: int = 0) -> LabelledData:
    """Spiral arms around the origin, one a class: x (n, 2) float32, y (n,) int64.

    Arm c runs from radius 0 to 1 while its angle grows by `turns` full turns from 2 pi c / classes.

    >>> from minigrad import datasets
    >>> datasets.spirals(6).y
    tensor([0, 0, 1, 1, 2, 2])
    """
    sizes = [n // classes + (c < n % classes) for c in range(classes)]
    radius = minigrad.cat([minigrad.linspace(0, 1, size) for size in sizes])
    y = minigrad.cat([minigrad.full((size,), c, dtype=minigrad.int64) for c, size in enumerate(sizes)])
    angle = 2 * minigrad.pi * (turns * radius + y / classes)
    points = minigrad.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    names = [f"arm {c}" for c in range(classes)]
    return LabelledData(points + noise * _noise_like(points, seed), y, names, ["x1", "x2"])


def _noise_like(points: minigrad.Tensor, seed: int) -> minigrad.Tensor:
    generator = minigrad.Generator().manual_seed(seed)
    return minigrad.randn(points.shape, generator=generator, device="cpu").to(points.device)
