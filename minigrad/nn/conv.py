"""Convolutions: the same small kernel of weights at every place of a sequence, image or volume.

`Conv1d`, `Conv2d`, `Conv3d` and their transposes differ in the number of spatial dimensions only, so everything but one
call is written once.  Read `pooling.py` next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import minigrad
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor

Size = int | tuple[int, ...]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def to_tuple(value: Any, length: int) -> tuple[Any, ...]:
    """One number for all dimensions becomes a tuple of `length` numbers; a sequence stays what it is."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * length


class _ConvNd(Module):
    """What all convolutions share: settings, parameters, their starting values and `repr`."""

    dims: int
    transposed = False
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: str | Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError(f"in_channels must be divisible by groups, got {in_channels} and {groups}")
        if out_channels % groups != 0:
            raise ValueError(f"out_channels must be divisible by groups, got {out_channels} and {groups}")
        if padding_mode not in PADDING_MODES:
            raise ValueError(f"padding_mode must be one of {set(PADDING_MODES)}, but got padding_mode='{padding_mode}'")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = to_tuple(kernel_size, self.dims)
        self.stride = to_tuple(stride, self.dims)
        self.padding = padding if isinstance(padding, str) else to_tuple(padding, self.dims)
        self.dilation = to_tuple(dilation, self.dims)
        self.output_padding = (0,) * self.dims
        self.groups = groups
        self.padding_mode = padding_mode
        self._margins = self._find_margins()
        first, second = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        shape = (first, second // groups, *self.kernel_size)
        self.weight = Parameter(minigrad.empty(shape, device=device, dtype=dtype))
        self.register_parameter(
            "bias", Parameter(minigrad.empty(out_channels, device=device, dtype=dtype)) if bias else None
        )
        self.reset_parameters()

    def _find_margins(self) -> list[int]:
        """The padding as `F.pad` wants it: two numbers for each dimension, the last dimension first."""
        if self.padding == "same":
            if any(step != 1 for step in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
            total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            pairs = [(n // 2, n - n // 2) for n in total]
        elif self.padding == "valid":
            pairs = [(0, 0)] * self.dims
        elif isinstance(self.padding, str):
            raise ValueError(f"Invalid padding string {self.padding!r}, should be one of 'valid', 'same'")
        else:
            pairs = [(n, n) for n in self.padding]
        return [n for pair in reversed(pairs) for n in pair]

    def reset_parameters(self) -> None:
        """Draw new starting values: uniform on (-b, b) with b = 1 / sqrt(terms added up for one output)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # with this `a` the bound is 1 / sqrt(fan_in)
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def _convolve(self, input: Tensor, padding: Any) -> Tensor:
        raise NotImplementedError

    def forward(self, input: Tensor) -> Tensor:
        if self.padding_mode == "zeros":
            return self._convolve(input, self.padding)
        return self._convolve(F.pad(input, self._margins, mode=self.padding_mode), 0)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self.dims:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.dims:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self.dims:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class Conv1d(_ConvNd):
    """Slides a kernel along a sequence: y[n, o, t] = b[o] + sum over c, k of w[o, c, k] x[n, c, t stride + k dilation].

    input: (N, C_in, T) or (C_in, T), output: (N, C_out, T_out) with
    T_out = floor((T + 2 padding - dilation (K - 1) - 1) / stride + 1), weight: (C_out, C_in / groups, K).
    `groups` splits the channels into groups that do not see each other; padding="same" keeps T at stride 1.

    >>> import minigrad
    >>> minigrad.nn.Conv1d(16, 33, 3, stride=2)(minigrad.zeros(20, 16, 50)).shape
    torch.Size([20, 33, 24])
    """

    dims = 1

    def _convolve(self, input: Tensor, padding: Any) -> Tensor:
        return F.conv1d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(_ConvNd):
    """Slides a kernel over an image   (LeCun et al., 1989).

    input: (N, C_in, H, W) or (C_in, H, W), output: (N, C_out, H_out, W_out) with
    H_out = floor((H + 2 padding - dilation (K - 1) - 1) / stride + 1), weight: (C_out, C_in / groups, K, K).
    Sizes may be given for each dimension; `groups` and padding="same" as in `Conv1d`.

    >>> import minigrad
    >>> minigrad.nn.Conv2d(3, 8, 3, padding=1)(minigrad.zeros(2, 3, 28, 28)).shape
    torch.Size([2, 8, 28, 28])
    """

    dims = 2

    def _convolve(self, input: Tensor, padding: Any) -> Tensor:
        return F.conv2d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(_ConvNd):
    """Slides a kernel through a volume or a film; `Conv2d` with one dimension (depth or time) more.

    >>> import minigrad
    >>> minigrad.nn.Conv3d(1, 2, 3)(minigrad.zeros(2, 1, 4, 5, 6)).shape
    torch.Size([2, 2, 2, 3, 4])
    """

    dims = 3

    def _convolve(self, input: Tensor, padding: Any) -> Tensor:
        return F.conv3d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class _ConvTransposeNd(_ConvNd):
    """What the transposed convolutions share."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )
        self.output_padding = to_tuple(output_padding, self.dims)

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        if output_size is None:
            return self._convolve(input, self.output_padding)
        return self._convolve(input, self._padding_for(input, output_size))

    def _padding_for(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The `output_padding` that gives this size: a stride of 2 maps two sizes to one, so one must be chosen."""
        wanted = tuple(output_size)[-self.dims :]
        if len(output_size) not in (self.dims, input.dim()):
            raise ValueError(
                f"{type(self).__name__}: for {input.dim()}D input, output_size must have {self.dims} or {input.dim()} "
                f"elements (got {len(output_size)})"
            )
        smallest = tuple(
            (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1
            for size, stride, padding, dilation, kernel in zip(
                input.shape[-self.dims :], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        )
        largest = tuple(low + stride - 1 for low, stride in zip(smallest, self.stride, strict=True))
        if any(not low <= size <= high for low, size, high in zip(smallest, wanted, largest, strict=True)):
            raise ValueError(
                f"requested an output size of {wanted}, but valid sizes range from {smallest} to {largest} "
                f"(for an input of {tuple(input.shape[2:])})"
            )
        return tuple(size - low for size, low in zip(wanted, smallest, strict=True))


class ConvTranspose1d(_ConvTransposeNd):
    """The transpose of `Conv1d` as a linear map: what its backward does to a gradient, used to enlarge.

    input: (N, C_in, T), output: (N, C_out, T_out) with
    T_out = (T - 1) stride - 2 padding + dilation (K - 1) + output_padding + 1, weight: (C_in, C_out / groups, K).

    >>> import minigrad
    >>> minigrad.nn.ConvTranspose1d(4, 2, 3, stride=2)(minigrad.zeros(1, 4, 5)).shape
    torch.Size([1, 2, 11])
    """

    dims = 1

    def _convolve(self, input: Tensor, padding: Any) -> Tensor:
        return F.conv_transpose1d(
            input, self.weight, self.bias, self.stride, self.padding, padding, self.groups, self.dilation
        )


class ConvTranspose2d(_ConvTransposeNd):
    """The transpose of `Conv2d` as a linear map: the usual way to enlarge an image   (Zeiler et al., 2010).

    input: (N, C_in, H, W), output: (N, C_out, H_out, W_out), sizes as in `ConvTranspose1d`; `forward(x, output_size)`
    chooses between the sizes that the stride leaves open.

    >>> import minigrad
    >>> minigrad.nn.ConvTranspose2d(4, 2, 4, stride=2, padding=1)(minigrad.zeros(1, 4, 8, 8)).shape
    torch.Size([1, 2, 16, 16])
    """

    dims = 2

    def _convolve(self, input: Tensor, padding: Any) -> Tensor:
        return F.conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding, padding, self.groups, self.dilation
        )


class ConvTranspose3d(_ConvTransposeNd):
    """The transpose of `Conv3d` as a linear map; sizes as in `ConvTranspose1d`.

    >>> import minigrad
    >>> minigrad.nn.ConvTranspose3d(1, 2, 2, stride=2)(minigrad.zeros(1, 1, 2, 3, 4)).shape
    torch.Size([1, 2, 4, 6, 8])
    """

    dims = 3

    def _convolve(self, input: Tensor, padding: Any) -> Tensor:
        return F.conv_transpose3d(
            input, self.weight, self.bias, self.stride, self.padding, padding, self.groups, self.dilation
        )
