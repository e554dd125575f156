"""Rarer ways to pool: power means, and the way back from a maximum to its place.

Read `pooling.py` first.
"""

from __future__ import annotations

from typing import Any

from minigrad.nn import functional as F
from minigrad.nn.conv import Size, to_tuple
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class _LPPoolNd(Module):
    """(sum of x^p over each window)^(1/p): p = 1 is a sum, large p approaches the maximum."""

    def __init__(
        self, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def _settings(self) -> tuple[Any, ...]:
        return float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """(sum of x^p)^(1/p) over each window of a sequence, (N, C, T).

    >>> import minigrad
    >>> minigrad.nn.LPPool1d(2, 2)(minigrad.tensor([[[3.0, 4.0]]]))
    tensor([[[5.]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.lp_pool1d(input, *self._settings())


class LPPool2d(_LPPoolNd):
    """(sum of x^p)^(1/p) over each window of an image, (N, C, H, W).

    >>> import minigrad
    >>> minigrad.nn.LPPool2d(1, 2)(minigrad.ones(1, 2, 2))
    tensor([[[4.]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.lp_pool2d(input, *self._settings())


class LPPool3d(_LPPoolNd):
    """(sum of x^p)^(1/p) over each window of a volume, (N, C, D, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        return F.lp_pool3d(input, *self._settings())


class _MaxUnpoolNd(Module):
    """Puts every maximum back where `indices` say it came from; everything else is zero   (Zeiler and Fergus, 2014)."""

    dims: int

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size = to_tuple(kernel_size, self.dims)
        self.stride = to_tuple(kernel_size if stride is None else stride, self.dims)
        self.padding = to_tuple(padding, self.dims)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """The partial inverse of `MaxPool1d(..., return_indices=True)`.

    `output_size` chooses between the sizes that pool to the same one.

    >>> import minigrad
    >>> pool = minigrad.nn.MaxPool1d(2, return_indices=True)
    >>> minigrad.nn.MaxUnpool1d(2)(*pool(minigrad.tensor([[[1.0, 3.0, 2.0, 0.0]]])))
    tensor([[[0., 3., 2., 0.]]])
    """

    dims = 1

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return F.max_unpool1d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool2d(_MaxUnpoolNd):
    """The partial inverse of `MaxPool2d(..., return_indices=True)`."""

    dims = 2

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return F.max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool3d(_MaxUnpoolNd):
    """The partial inverse of `MaxPool3d(..., return_indices=True)`."""

    dims = 3

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return F.max_unpool3d(input, indices, self.kernel_size, self.stride, self.padding, output_size)
