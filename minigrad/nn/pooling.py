"""Pooling: each window of the input gives one number, its largest or its mean.

Windows slide as a convolution's kernel does (`Max`, `Avg`) or are cut so that the output has a given size (`Adaptive`).
Input is (N, C, *) or (C, *) with one, two or three spatial dimensions.  Read `normalization.py` next.
"""

from __future__ import annotations

from typing import Any

from minigrad.nn import functional as F
from minigrad.nn.conv import Size, to_tuple
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class _MaxPoolNd(Module):
    """The settings of the max pools; `stride` is the kernel size when not given."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def _settings(self) -> dict[str, Any]:
        names = ("stride", "padding", "dilation", "ceil_mode", "return_indices")
        return {name: getattr(self, name) for name in names}

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """The largest of each window along a sequence.

    input: (N, C, T), output: (N, C, T_out) with T_out = floor((T + 2 padding - dilation (K - 1) - 1) / stride + 1), or
    the ceiling with `ceil_mode=True`.  `return_indices=True` also gives the place of each maximum.

    >>> import minigrad
    >>> minigrad.nn.MaxPool1d(2)(minigrad.tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    tensor([[[3., 2.]]])
    """

    def forward(self, input: Tensor) -> Any:
        return F.max_pool1d(input, self.kernel_size, **self._settings())


class MaxPool2d(_MaxPoolNd):
    """The largest of each window over an image; settings as in `MaxPool1d`.

    >>> import minigrad
    >>> minigrad.nn.MaxPool2d(2)(minigrad.zeros(1, 3, 28, 28)).shape
    torch.Size([1, 3, 14, 14])
    """

    def forward(self, input: Tensor) -> Any:
        return F.max_pool2d(input, self.kernel_size, **self._settings())


class MaxPool3d(_MaxPoolNd):
    """The largest of each window in a volume; settings as in `MaxPool1d`.

    >>> import minigrad
    >>> minigrad.nn.MaxPool3d(2)(minigrad.zeros(1, 3, 4, 4, 4)).shape
    torch.Size([1, 3, 2, 2, 2])
    """

    def forward(self, input: Tensor) -> Any:
        return F.max_pool3d(input, self.kernel_size, **self._settings())


class AvgPool1d(Module):
    """The mean of each window along a sequence; with `count_include_pad=False` the padding does not count.

    >>> import minigrad
    >>> minigrad.nn.AvgPool1d(2)(minigrad.tensor([[[1.0, 3.0, 2.0, 0.0]]]))
    tensor([[[2., 1.]]])
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = to_tuple(kernel_size, 1)
        self.stride = self.kernel_size if stride is None else to_tuple(stride, 1)
        self.padding = to_tuple(padding, 1)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """The mean of each window over an image; `divisor_override` divides by another number than the window's size.

    >>> import minigrad
    >>> minigrad.nn.AvgPool2d(2)(minigrad.tensor([[[1.0, 3.0], [2.0, 0.0]]]))
    tensor([[[1.5000]]])
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override

    def _settings(self) -> tuple[Any, ...]:
        return self.stride, self.padding, self.ceil_mode, self.count_include_pad, self.divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool2d(input, self.kernel_size, *self._settings())

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool3d(AvgPool2d):
    """The mean of each window in a volume; settings as in `AvgPool2d`.

    >>> import minigrad
    >>> minigrad.nn.AvgPool3d(2)(minigrad.ones(1, 2, 2, 2))
    tensor([[[[1.]]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool3d(input, self.kernel_size, *self._settings())


# ------------------------------------------------------------------------------------------------ a given output size


class _AdaptiveAvgPoolNd(Module):
    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """Means over windows chosen so that the output has `output_size` places: (N, C, T) -> (N, C, output_size).

    >>> import minigrad
    >>> minigrad.nn.AdaptiveAvgPool1d(2)(minigrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[2., 1.]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """Means over windows chosen so that the output is `output_size`, (H, W) or one number; None keeps a dimension.

    With output_size=1 it is the mean of each channel, which lets a network take images of any size (Lin et al., 2014).

    >>> import minigrad
    >>> minigrad.nn.AdaptiveAvgPool2d((1, None))(minigrad.zeros(2, 3, 5, 7)).shape
    torch.Size([2, 3, 1, 7])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """`AdaptiveAvgPool2d` with one spatial dimension more.

    >>> import minigrad
    >>> minigrad.nn.AdaptiveAvgPool3d(1)(minigrad.zeros(2, 3, 4, 5, 6)).shape
    torch.Size([2, 3, 1, 1, 1])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMaxPoolNd(_AdaptiveAvgPoolNd):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Maxima over windows chosen so that the output has `output_size` places.

    >>> import minigrad
    >>> minigrad.nn.AdaptiveMaxPool1d(2)(minigrad.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[3., 2.]])
    """

    def forward(self, input: Tensor) -> Any:
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Maxima over windows chosen so that the output is `output_size`, (H, W) or one number; None keeps a dimension.

    >>> import minigrad
    >>> minigrad.nn.AdaptiveMaxPool2d((2, 3))(minigrad.zeros(1, 3, 5, 7)).shape
    torch.Size([1, 3, 2, 3])
    """

    def forward(self, input: Tensor) -> Any:
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """`AdaptiveMaxPool2d` with one spatial dimension more.

    >>> import minigrad
    >>> minigrad.nn.AdaptiveMaxPool3d(1)(minigrad.zeros(1, 3, 4, 5, 6)).shape
    torch.Size([1, 3, 1, 1, 1])
    """

    def forward(self, input: Tensor) -> Any:
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)
