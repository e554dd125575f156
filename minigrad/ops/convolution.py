"""Convolution: one small kernel of weights slid over a sequence, an image or a volume, and what undoes it.

A convolution is linear in the input and in the weight.  So there are three operations, and the derivatives of each are
the other two: `Convolution` (x, w) -> y, `ConvolutionInput` (g, w) -> dx, which seen forward is the transposed
convolution, and `ConvolutionWeight` (g, x) -> dw.  Derivatives of any order never leave this triangle.  `unfold` and
`fold`, at the end, are a pair of the same kind.  The arrays are worked on in `kernels/convolution.py`.

(LeCun et al., "Gradient-based learning applied to document recognition", 1998; Dumoulin & Visin, "A guide to
convolution arithmetic for deep learning", 2016, for pictures.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from operator import index
from typing import Any, NamedTuple

from minigrad.autograd.function import Operation
from minigrad.kernels import convolution as kernels
from minigrad.ops.padding import pad
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

Ints = tuple[int, ...]


class Geometry(NamedTuple):
    """How the kernel moves: numbers for each spatial axis, and the groups that the channels fall into."""

    stride: Ints
    padding: Ints
    dilation: Ints
    groups: int


class Convolution(Operation):
    """y[n, k, o] = b[k] + sum over c, i of w[k, c, i] x[n, c, o stride + i dilation - padding].

    dx and dw are the two operations below; db = g summed over all but the channels.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, w: Any, bias: Any, geometry: Geometry) -> Any:
        ctx.save_for_backward(x, w)
        ctx.geometry = geometry
        return kernels.conv_forward(x, w, bias, *geometry)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, w = ctx.saved_tensors
        want_x, want_w, want_bias, _ = ctx.needs_input_grad
        return (
            ConvolutionInput.apply(g, w, None, tuple(x.shape), ctx.geometry) if want_x else None,
            ConvolutionWeight.apply(g, x, tuple(w.shape), ctx.geometry) if want_w else None,
            _over_channels(g) if want_bias else None,
        )


class ConvolutionInput(Operation):
    """x[n, c, q] = b[c] + sum over k, i of w[k, c, i] g[n, k, o], where o stride + i dilation - padding = q.

    The gradient of a convolution for its input, and with a bias the transposed convolution.
    """

    @staticmethod
    def forward(ctx: Any, g: Any, w: Any, bias: Any, x_shape: Ints, geometry: Geometry) -> Any:
        ctx.save_for_backward(g, w)
        ctx.geometry = geometry
        x = kernels.conv_backward_input(g, w, x_shape, *geometry)
        if bias is not None:
            x += bias.reshape(-1, *(1,) * (x.ndim - 2))
        return x

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        g, w = ctx.saved_tensors
        want_g, want_w, want_bias, *_ = ctx.needs_input_grad
        return (
            Convolution.apply(h, w, None, ctx.geometry) if want_g else None,
            ConvolutionWeight.apply(g, h, tuple(w.shape), ctx.geometry) if want_w else None,
            _over_channels(h) if want_bias else None,
        )

    def name(self) -> str:
        return "ConvolutionBackward0"


class ConvolutionWeight(Operation):
    """w[k, c, i] = sum over n, o of g[n, k, o] x[n, c, o stride + i dilation - padding]."""

    @staticmethod
    def forward(ctx: Any, g: Any, x: Any, w_shape: Ints, geometry: Geometry) -> Any:
        ctx.save_for_backward(g, x)
        ctx.geometry = geometry
        return kernels.conv_backward_weight(g, x, w_shape, *geometry)

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        g, x = ctx.saved_tensors
        want_g, want_x, *_ = ctx.needs_input_grad
        return (
            Convolution.apply(x, h, None, ctx.geometry) if want_g else None,
            ConvolutionInput.apply(g, h, None, tuple(x.shape), ctx.geometry) if want_x else None,
        )


def _over_channels(g: Tensor) -> Tensor:
    """Summed over all but the channels: the gradient of a bias."""
    return g.sum((0, *range(2, g.ndim)))


# ------------------------------------------------------------------------------------------------ arguments


def per_axis(name: str, value: Any, d: int) -> Ints:
    """One number for each of d axes, given as a number or as a sequence."""
    values = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    try:
        values = tuple(map(index, values))
    except TypeError:
        raise TypeError(f"argument '{name}' must be an int or a tuple of ints, not {value!r}") from None
    if len(values) not in (1, d):
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {d} values to match the convolution "
            "dimensions, but got "
            f"{name}={list(values)}"
        )
    return values * d if len(values) == 1 else values


def _geometry(stride: Any, padding: Any, dilation: Any, groups: int, d: int) -> Geometry:
    found = Geometry(
        per_axis("stride", stride, d), per_axis("padding", padding, d), per_axis("dilation", dilation, d), groups
    )
    if min(found.stride) < 1:
        raise RuntimeError(f"non-positive stride is not supported: got {list(found.stride)}")
    if min(found.padding) < 0:
        raise RuntimeError(f"negative padding is not supported: got {list(found.padding)}")
    if min(found.dilation) < 1:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(found.dilation)}")
    return found


def _check(
    name: str, input: Tensor, weight: Tensor, bias: Tensor | None, groups: int, d: int, transposed: bool
) -> None:
    """Refuse what does not fit, in PyTorch's words."""
    shape, w = list(input.shape), list(weight.shape)
    if groups < 1:
        raise RuntimeError(f"non-positive groups is not supported: got {groups}")
    if input.ndim not in (d + 1, d + 2):
        raise RuntimeError(
            f"Expected {d + 1}D (unbatched) or {d + 2}D (batched) input to {name}, but got input of size: {shape}"
        )
    if weight.ndim != d + 2:
        raise RuntimeError(
            f"{name} expected a {d + 2}D weight (out, in / groups, *kernel), but got weight of size: {w}"
        )
    what = "transposed=1" if transposed else f"groups={groups}"
    if w[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{w} instead"
        )
    if w[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight of "
            f"size {w} instead"
        )
    C, expected = shape[-d - 1], w[0] if transposed else w[1] * groups
    if C != expected:
        raise RuntimeError(
            f"Given {what}, weight of size {w}, expected input{shape if input.ndim == d + 2 else [1, *shape]} to have "
            f"{expected} channels, "
            f"but got {C} channels instead"
        )
    K = w[1] * groups if transposed else w[0]
    if bias is not None and list(bias.shape) != [K]:
        raise RuntimeError(
            f"Given {'transposed=1, ' if transposed else ''}weight of size {w}, expected bias to be 1-dimensional with "
            f"{K} elements, but got "
            f"bias of size {list(bias.shape)} instead"
        )
    for what, other in (("weight", weight), ("bias", bias)):
        if other is not None and other.dtype is not input.dtype:
            raise RuntimeError(
                f"Input type ({input.dtype}) and {what} type ({other.dtype}) should be the same: convert one with "
                ".to(dtype)"
            )


# ------------------------------------------------------------------------------------------------ public names


def _convolve(
    name: str,
    d: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Tensor:
    check_tensor(name, "input", input)
    check_tensor(name, "weight", weight)
    _check(name, input, weight, bias, groups, d, transposed=False)
    kernel = weight.shape[2:]
    if isinstance(padding, str):
        geometry = _geometry(stride, 0, dilation, groups, d)
        if padding not in ("same", "valid"):
            raise RuntimeError(f"Invalid padding string: '{padding}': it is 'same' or 'valid', or a number")
        if padding == "same":
            if max(geometry.stride) > 1:
                raise RuntimeError("padding='same' is not supported for strided convolutions")
            total = [r * (k - 1) for k, r in zip(kernel, geometry.dilation)]
            geometry = geometry._replace(padding=tuple(n // 2 for n in total))
            if any(n % 2 for n in total):  # an even kernel: one more zero at the end
                input = pad(input, [n for extra in reversed(total) for n in (0, extra % 2)])
    else:
        geometry = _geometry(stride, padding, dilation, groups, d)
    room = [n + 2 * p for n, p in zip(input.shape[-d:], geometry.padding)]
    reach = [r * (k - 1) + 1 for k, r in zip(kernel, geometry.dilation)]
    if any(n < k for n, k in zip(room, reach)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, room))}). Kernel size: "
            f"({' x '.join(map(str, reach))}). "
            "Kernel size can't be greater than actual input size"
        )
    if input.ndim == d + 1:
        return Convolution.apply(input.unsqueeze(0), weight, bias, geometry).squeeze(0)
    return Convolution.apply(input, weight, bias, geometry)


def _convolve_transposed(
    name: str, d: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any,
    output_padding: Any, groups: int, dilation: Any,
) -> Tensor:  # fmt: skip
    check_tensor(name, "input", input)
    check_tensor(name, "weight", weight)
    if isinstance(padding, str):
        raise TypeError(f"{name}(): argument 'padding' must be tuple of ints, not str")
    geometry = _geometry(stride, padding, dilation, groups, d)
    extra = per_axis("output_padding", output_padding, d)
    if min(extra) < 0:
        raise RuntimeError(f"negative output_padding is not supported: got {list(extra)}")
    _check(name, input, weight, bias, groups, d, transposed=True)
    if any(e >= s and e >= r for e, s, r in zip(extra, geometry.stride, geometry.dilation)):
        raise RuntimeError(
            f"output padding must be smaller than either stride or dilation, but got output_padding: {list(extra)} "
            "stride: "
            f"{list(geometry.stride)} dilation: {list(geometry.dilation)}"
        )
    if input.ndim == d + 1:
        batch = _convolve_transposed(
            name, d, input.unsqueeze(0), weight, bias, stride, padding, output_padding, groups, dilation
        )
        return batch.squeeze(0)
    before = tuple(input.shape[2:])
    if any(e >= s for e, s in zip(extra, geometry.stride)):  # as if the input went on with zeros
        input = pad(input, [n for e, s in zip(reversed(extra), reversed(geometry.stride)) for n in (0, e // s)])
        extra = tuple(e % s for e, s in zip(extra, geometry.stride))
    S = kernels.conv_transpose_output_size(
        tuple(input.shape[2:]), tuple(weight.shape[2:]), geometry.stride, geometry.padding, extra, geometry.dilation
    )
    if min(S) < 1:
        raise RuntimeError(
            f"Given input size per channel: ({' x '.join(map(str, before))}). Calculated output size per channel: "
            f"({' x '.join(map(str, S))}). Output size is too small"
        )
    return ConvolutionInput.apply(input, weight, bias, (input.shape[0], weight.shape[1] * groups, *S), geometry)


_IMAGES = ("a sequence (N, C, T)", "an image (N, C, H, W)", "a volume (N, C, D, H, W)")


def _public(d: int) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """conv{d}d and conv_transpose{d}d, alike but for the number of axes."""
    name, back = f"conv{d}d", f"conv_transpose{d}d"

    def conv(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Tensor:
        return _convolve(name, d, input, weight, bias, stride, padding, dilation, groups)

    def conv_transpose(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
        output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
    ) -> Tensor:  # fmt: skip
        return _convolve_transposed(back, d, input, weight, bias, stride, padding, output_padding, groups, dilation)

    axes = ", ".join("1" * d)
    conv.__doc__ = f"""Slide kernels of weights over {_IMAGES[d - 1]}; without N for a single example.

    y[n, k, o] = bias[k] + sum over c, i of weight[k, c, i] input[n, c, o stride + i dilation - padding]
    input: (N, C, *S), weight: (K, C / groups, *k), bias: (K) give (N, K, *O) with
    O = (S + 2 padding - dilation (k - 1) - 1) // stride + 1.  `padding` is a number, one for each axis, "valid" (0) or
    "same" (output as large as the input, stride 1).  Raises RuntimeError where channels do not fit or the kernel is
    larger than the padded input.

    >>> import minigrad
    >>> x, w = minigrad.arange({3**d}.0).reshape(1, 1, {", ".join("3" * d)}), minigrad.ones(1, 1, {", ".join("2" * d)})
    >>> minigrad.nn.functional.{name}(x, w).shape
    torch.Size([1, 1, {", ".join("2" * d)}])
    """
    conv_transpose.__doc__ = f"""The transposed convolution of {_IMAGES[d - 1]}: what `{name}` does to gradients.

    input: (N, C, *S), weight: (C, K / groups, *k), bias: (K) give (N, K, *O) with
    O = (S - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1, so a stride above 1 upsamples.
    (Zeiler et al., "Deconvolutional networks", 2010.)

    >>> import minigrad
    >>> x, w = minigrad.ones(1, 1, {axes}), minigrad.ones(1, 1, {", ".join("2" * d)})
    >>> minigrad.nn.functional.{back}(x, w, stride=2).sum()
    tensor({2**d}.)
    """
    for function, word in ((conv, name), (conv_transpose, back)):
        function.__name__ = function.__qualname__ = word
    return tuple(
        operation(function, where=("nn.functional", ""), method=False, out=False) for function in (conv, conv_transpose)
    )  # type: ignore[return-value]


conv1d, conv_transpose1d = _public(1)
conv2d, conv_transpose2d = _public(2)
conv3d, conv_transpose3d = _public(3)


# ------------------------------------------------------------------------------------------------ windows as columns


class Im2Col(Operation):
    """Windows of x as columns; dx adds each column back to the places it was copied from."""

    @staticmethod
    def forward(ctx: Any, x: Any, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints) -> Any:
        ctx.size, ctx.moves = x.shape[2:], (kernel, dilation, padding, stride)
        return kernels.unfold(x, *ctx.moves)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Col2Im.apply(g, ctx.size, *ctx.moves)


class Col2Im(Operation):
    """Columns added to the places of their windows; dx copies them from there."""

    @staticmethod
    def forward(ctx: Any, x: Any, size: Ints, kernel: Ints, dilation: Ints, padding: Ints, stride: Ints) -> Any:
        ctx.moves = (kernel, dilation, padding, stride)
        return kernels.fold(x, size, *ctx.moves)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Im2Col.apply(g, *ctx.moves)


def _window(
    size: Ints, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """The window's four settings, checked, and how many windows fit on each axis."""
    words = ("kernel_size", "dilation", "padding", "stride")
    kernel, dilation, padding, stride = map(per_axis, words, (kernel_size, dilation, padding, stride), (2,) * 4)
    for word, values, least in (
        ("kernel size", kernel, 1),
        ("dilation", dilation, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
    ):
        if min(values) < least:
            raise RuntimeError(
                f"{word} should be {'non-negative' if least == 0 else 'greater than zero'}, but got {list(values)}"
            )
    axes = zip(size, kernel, padding, dilation, stride)
    blocks = tuple((n + 2 * p - r * (k - 1) - 1) // s + 1 for n, k, p, r, s in axes)
    if min(blocks) < 1:
        raise RuntimeError(
            f"Given input with spatial size {tuple(size)}, kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding}, calculated shape "
            f"of the array of sliding blocks as {blocks}, but its components must be at least one."
        )
    return kernel, dilation, padding, stride, blocks


@operation(where="nn.functional", out=False)
def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The sliding windows of images (N, C, H, W), or of one (C, H, W), as columns (N, C K1 K2, windows): "im2col".

    A convolution is then a product of matrices: `weight.view(K, -1) @ unfold(input, ...)`.

    >>> import minigrad
    >>> minigrad.nn.functional.unfold(minigrad.arange(9.0).reshape(1, 1, 3, 3), 2)
    tensor([[[0., 1., 3., 4.],
             [1., 2., 4., 5.],
             [3., 4., 6., 7.],
             [4., 5., 7., 8.]]])
    """
    check_tensor("unfold", "input", input)
    if input.ndim not in (3, 4):
        raise RuntimeError(
            f"Expected 3D or 4D (batch mode) tensor with possibly 0 batch size, but got: {list(input.shape)}"
        )
    *moves, _ = _window(tuple(input.shape[-2:]), kernel_size, dilation, padding, stride)
    if input.ndim == 3:
        return Im2Col.apply(input.unsqueeze(0), *moves).squeeze(0)
    return Im2Col.apply(input, *moves)


@operation(where="nn.functional", out=False)
def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns (N, C K1 K2, windows), or (C K1 K2, windows), added up where their windows lie in an image: "col2im".

    The image has the size `output_size`.  Where windows overlap this is not the inverse of `unfold`.

    >>> import minigrad
    >>> minigrad.nn.functional.fold(minigrad.ones(1, 4, 4), (3, 3), 2)
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    check_tensor("fold", "input", input)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size, but got: {list(input.shape)}"
        )
    size = per_axis("output_size", output_size, 2)
    *moves, blocks = _window(size, kernel_size, dilation, padding, stride)
    kernel = moves[0]
    if input.shape[-2] % prod(kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(1)={input.shape[-2]} and kernel_size={kernel}."
        )
    if input.shape[-1] != prod(blocks):
        raise RuntimeError(
            f"Given output_size={size}, kernel_size={kernel}, expected size of input's dimension 2 to match the "
            "calculated number of sliding "
            f"blocks {blocks[0]} * {blocks[1]} = {prod(blocks)}, but got input.size(2)={input.shape[-1]}."
        )
    if input.ndim == 2:
        return Col2Im.apply(input.unsqueeze(0), size, *moves).squeeze(0)
    return Col2Im.apply(input, size, *moves)
