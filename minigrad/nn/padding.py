"""Padding layers: a border around a sequence, image or volume, filled by a rule.

`padding` is one number for all sides, or two for each dimension, the last one first: (left, right, top, bottom, ...).
Input is (N, C, *) or (C, *).  Read `transformer.py` for the largest modules here.
"""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.conv import Size, to_tuple
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class _PadNd(Module):
    """Pads `dims` dimensions in the way that `F.pad` calls `mode`."""

    dims: int
    mode: str

    def __init__(self, padding: Size) -> None:
        super().__init__()
        self.padding = to_tuple(padding, 2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadNd(_PadNd):
    """A border of the value `value`."""

    def __init__(self, padding: Size, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """A border of one value around (N, C, T).

    >>> import minigrad
    >>> minigrad.nn.ConstantPad1d((1, 2), 7.0)(minigrad.zeros(1, 2))
    tensor([[7., 0., 0., 7., 7.]])
    """

    dims = 1


class ConstantPad2d(_ConstantPadNd):
    """A border of one value around (N, C, H, W)."""

    dims = 2


class ConstantPad3d(_ConstantPadNd):
    """A border of one value around (N, C, D, H, W)."""

    dims = 3


class _ZeroPadNd(_PadNd):
    """A border of zeros."""

    mode = "constant"


class ZeroPad1d(_ZeroPadNd):
    """A border of zeros around (N, C, T)."""

    dims = 1


class ZeroPad2d(_ZeroPadNd):
    """A border of zeros around (N, C, H, W).

    >>> import minigrad
    >>> minigrad.nn.ZeroPad2d(1)(minigrad.ones(1, 1, 1))
    tensor([[[0., 0., 0.],
             [0., 1., 0.],
             [0., 0., 0.]]])
    """

    dims = 2


class ZeroPad3d(_ZeroPadNd):
    """A border of zeros around (N, C, D, H, W)."""

    dims = 3


class _ReflectionPadNd(_PadNd):
    """A border that mirrors the input, the edge itself not repeated."""

    mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd):
    """A mirrored border around (N, C, T).

    >>> import minigrad
    >>> minigrad.nn.ReflectionPad1d(2)(minigrad.arange(4.0).reshape(1, 4))
    tensor([[2., 1., 0., 1., 2., 3., 2., 1.]])
    """

    dims = 1


class ReflectionPad2d(_ReflectionPadNd):
    """A mirrored border around (N, C, H, W)."""

    dims = 2


class ReflectionPad3d(_ReflectionPadNd):
    """A mirrored border around (N, C, D, H, W)."""

    dims = 3


class _ReplicationPadNd(_PadNd):
    """A border that repeats the edge."""

    mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd):
    """A border around (N, C, T) that repeats its ends.

    >>> import minigrad
    >>> minigrad.nn.ReplicationPad1d(2)(minigrad.arange(3.0).reshape(1, 3))
    tensor([[0., 0., 0., 1., 2., 2., 2.]])
    """

    dims = 1


class ReplicationPad2d(_ReplicationPadNd):
    """A border around (N, C, H, W) that repeats its edge."""

    dims = 2


class ReplicationPad3d(_ReplicationPadNd):
    """A border around (N, C, D, H, W) that repeats its surface."""

    dims = 3


class _CircularPadNd(_PadNd):
    """A border that continues on the other side, as if the input were periodic."""

    mode = "circular"


class CircularPad1d(_CircularPadNd):
    """A periodic border around (N, C, T).

    >>> import minigrad
    >>> minigrad.nn.CircularPad1d(1)(minigrad.arange(3.0).reshape(1, 3))
    tensor([[2., 0., 1., 2., 0.]])
    """

    dims = 1


class CircularPad2d(_CircularPadNd):
    """A periodic border around (N, C, H, W)."""

    dims = 2


class CircularPad3d(_CircularPadNd):
    """A periodic border around (N, C, D, H, W)."""

    dims = 3
