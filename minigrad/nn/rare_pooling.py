"""Rarer ways to pool: power means, windows of random size, and the way back from a maximum to its place.

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


class _FractionalMaxPoolNd(Module):
    """Maxima over windows of sizes drawn at random so that they tile the input   (Graham, 2014).

    The output's size is `output_size`, or `output_ratio` (between 0 and 1) times the input's.
    """

    dims: int
    _random_samples: Tensor | None

    def __init__(
        self,
        kernel_size: Size,
        output_size: Size | None = None,
        output_ratio: float | tuple[float, ...] | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        self.kernel_size = to_tuple(kernel_size, self.dims)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else to_tuple(output_size, self.dims)
        self.output_ratio = None if output_ratio is None else to_tuple(output_ratio, self.dims)
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def _settings(self) -> tuple[Any, ...]:
        return self.kernel_size, self.output_size, self.output_ratio, self.return_indices


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Maxima over windows of random sizes, (N, C, H, W)   (Graham, 2014).

    >>> import minigrad
    >>> minigrad.nn.FractionalMaxPool2d(2, output_ratio=0.6)(minigrad.zeros(1, 1, 10, 10)).shape
    torch.Size([1, 1, 6, 6])
    """

    dims = 2

    def forward(self, input: Tensor) -> Any:
        return F.fractional_max_pool2d(input, *self._settings(), _random_samples=self._random_samples)


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Maxima over windows of random sizes, (N, C, D, H, W)   (Graham, 2014)."""

    dims = 3

    def forward(self, input: Tensor) -> Any:
        return F.fractional_max_pool3d(input, *self._settings(), _random_samples=self._random_samples)


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
