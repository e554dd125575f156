"""Pooling: each window of a sequence, an image or a volume gives one number, its largest or its mean.

A mean is linear in its input, and its gradient spreads each number over its window; so `AvgPool` and `AvgPoolBackward`
are each other's derivative.  A largest number was copied from one place, and its gradient goes back there; so with the
places known `MaxPoolBackward` (adding) and `MaxPoolGather` (copying) are such a pair too.  Windows slide, or
(`adaptive_...`) are cut so that the output has a given size.  The arrays are worked on in `kernels/pooling.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from operator import index
from typing import Any

from minigrad.autograd.function import Operation
from minigrad.kernels import array_namespace
from minigrad.kernels import pooling as kernels
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

Ints = tuple[int, ...]


def _batched(kernel: Callable[..., Any], d: int, x: Any, *args: Any) -> Any:
    """A kernel for (N, C, *S) applied to that, or to one example (C, *S), with d spatial axes."""
    if x.ndim == d + 2:
        return kernel(x, *args)
    y = kernel(x[None], *args)
    return (y[0][0], y[1][0]) if isinstance(y, tuple) else y[0]


# ------------------------------------------------------------------------------------------------ the largest


class MaxPool(Operation):
    """The largest number of each window and, if anybody needs it, its place.  dx: g at those places, 0 elsewhere."""

    d: int
    materialize_grads = False

    @staticmethod
    def forward(ctx: Any, x: Any, settings: tuple[Any, ...], with_places: bool) -> Any:
        if not with_places and not any(ctx.needs_input_grad):
            return _batched(kernels.max_pool, ctx.d, x, *settings)
        y, places = _batched(kernels.max_pool_forward, ctx.d, x, *settings)
        ctx.save_for_backward(places)
        ctx.size = x.shape
        return y, places

    @staticmethod
    def backward(ctx: Any, g: Any, *_: Any) -> Any:
        return MaxPoolBackward.apply(g, *ctx.saved_tensors, ctx.size, ctx.d)


class AdaptiveMaxPool(MaxPool):
    """The largest number of each bin, and its place."""

    @staticmethod
    def forward(ctx: Any, x: Any, output: Ints, with_places: bool = True) -> Any:
        if 0 in output:
            y = array_namespace(x).empty((*x.shape[: x.ndim - ctx.d], *output), x.dtype)
            places = array_namespace(x).empty(y.shape, "int64")
        else:
            y, places = _batched(kernels.adaptive_max_pool_forward, ctx.d, x, output)
        ctx.save_for_backward(places)
        ctx.size = x.shape
        return y, places


class MaxPoolBackward(Operation):
    """Each number of g added at its place in zeros of the size of x."""

    @staticmethod
    def forward(ctx: Any, g: Any, places: Any, size: Ints, d: int) -> Any:
        ctx.save_for_backward(places)
        ctx.d = d
        if len(size) == d + 2:
            return kernels.max_pool_backward(g, places, size)
        return kernels.max_pool_backward(g[None], places[None], (1, *size))[0]

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        return MaxPoolGather.apply(h, *ctx.saved_tensors, ctx.d)


class MaxPoolGather(Operation):
    """The numbers of x at the places."""

    @staticmethod
    def forward(ctx: Any, x: Any, places: Any, d: int) -> Any:
        ctx.save_for_backward(places)
        ctx.size, ctx.d = x.shape, d
        if x.ndim == d + 2:
            return kernels.max_pool_gather(x, places)
        return kernels.max_pool_gather(x[None], places[None])[0]

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return MaxPoolBackward.apply(g, *ctx.saved_tensors, ctx.size, ctx.d)


class MaxUnpool(Operation):
    """Zeros, but each number of x at its place; of several for one place the last.  dx picks them out of g."""

    @staticmethod
    def forward(ctx: Any, x: Any, places: Any, output: Ints, d: int) -> Any:
        ctx.save_for_backward(places)
        ctx.d = d
        xp, lead = array_namespace(x), x.shape[: x.ndim - d]
        planes = prod(lead)
        y = xp.zeros((planes, prod(output)), x.dtype)
        y[xp.arange(planes)[:, None], places.reshape(planes, prod(x.shape[-d:]))] = x.reshape(
            planes, prod(x.shape[-d:])
        )
        return y.reshape(*lead, *output)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return MaxPoolGather.apply(g, *ctx.saved_tensors, ctx.d)


# ------------------------------------------------------------------------------------------------ the mean


class AvgPool(Operation):
    """The mean of each window.  dx: each g, divided by the size of its window, added to all of it."""

    d: int

    @staticmethod
    def forward(ctx: Any, x: Any, settings: tuple[Any, ...]) -> Any:
        ctx.size, ctx.settings = x.shape, settings
        return _batched(kernels.avg_pool_forward, ctx.d, x, *settings)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return AvgPoolBackward.apply(g, type(ctx), ctx.size, ctx.settings)


class AvgPoolBackward(Operation):
    """Each number of g, divided by the size of its window, added to all of it; the derivative is the mean again."""

    @staticmethod
    def forward(ctx: Any, g: Any, cls: type[AvgPool], size: Ints, settings: tuple[Any, ...]) -> Any:
        ctx.cls, ctx.settings = cls, settings
        kernel = kernels.avg_pool_backward if issubclass(cls, SlidingAvgPool) else kernels.adaptive_avg_pool_backward
        if 0 in g.shape:
            return array_namespace(g).zeros(size, g.dtype)
        return _batched(
            kernel,
            cls.d,
            g,
            size if g.ndim == cls.d + 2 else (1, *size),
            *(settings if issubclass(cls, SlidingAvgPool) else ()),
        )

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        return ctx.cls.apply(h, ctx.settings)


class SlidingAvgPool(AvgPool):
    """The mean of each window of a sliding kernel."""


class AdaptiveAvgPool(AvgPool):
    """The mean of each bin; `settings` holds the numbers of bins."""

    @staticmethod
    def forward(ctx: Any, x: Any, settings: tuple[Any, ...]) -> Any:
        ctx.size, ctx.settings = x.shape, settings
        if 0 in settings:
            return array_namespace(x).empty((*x.shape[: x.ndim - ctx.d], *settings), x.dtype)
        return _batched(kernels.adaptive_avg_pool_forward, ctx.d, x, settings)


def _numbered(cls: type[Any], name: str) -> dict[int, type[Any]]:
    """The operation for one, two and three spatial axes, under PyTorch's names."""
    return {
        d: type(
            name.format(d),
            (cls,),
            {"d": d, "label": name.format(d).lower(), "__doc__": cls.__doc__, "__module__": __name__},
        )
        for d in (1, 2, 3)
    }


_MAX = _numbered(MaxPool, "MaxPool{}DWithIndices")
_ADAPTIVE_MAX = _numbered(AdaptiveMaxPool, "AdaptiveMaxPool{}D")
_AVG = _numbered(SlidingAvgPool, "AvgPool{}D")
_ADAPTIVE_AVG = _numbered(AdaptiveAvgPool, "AdaptiveAvgPool{}D")

# ------------------------------------------------------------------------------------------------ arguments


def _check_input(name: str, input: Tensor, d: int) -> None:
    check_tensor(name, "input", input)
    shape = list(input.shape)
    if input.ndim not in (d + 1, d + 2) or 0 in shape[input.ndim - d - 1 :]:
        raise RuntimeError(
            f"{name}: Expected {d + 1}D or {d + 2}D (batch mode) tensor with optional 0 dim batch size for input, but "
            f"got:{shape}"
        )


def _per_axis(name: str, word: str, value: Any, d: int) -> Ints:
    values = tuple(value) if isinstance(value, Sequence) else (value,)
    try:
        values = tuple(map(index, values))
    except TypeError:
        raise TypeError(f"{name}(): argument '{word}' must be an int or a tuple of ints, not {value!r}") from None
    if len(values) not in (1, d):
        raise RuntimeError(f"{name}: {word} must either be a single int, or a tuple of {d} ints, got {list(values)}")
    return values * d if len(values) == 1 else values


def _windows(
    name: str, d: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1
) -> tuple[Ints, Ints, Ints, Ints]:
    """Kernel, stride (the kernel unless given), padding and dilation, checked."""
    kernel = _per_axis(name, "kernel_size", kernel_size, d)
    stride = (
        kernel
        if stride is None or (isinstance(stride, Sequence) and not stride)
        else _per_axis(name, "stride", stride, d)
    )
    found = kernel, stride, _per_axis(name, "padding", padding, d), _per_axis(name, "dilation", dilation, d)
    for word, values, least in zip(("kernel size", "stride", "pad", "dilation"), found, (1, 1, 0, 1)):
        if min(values) < least:
            raise RuntimeError(
                f"{name}: {word} should be {'greater than zero' if least else 'non-negative'}, but got {list(values)}"
            )
    return found


def _bins(name: str, input: Tensor, output_size: Any, d: int) -> Ints:
    """The numbers of bins; None keeps the size of the input."""
    check_tensor(name, "input", input)
    values = tuple(output_size) if isinstance(output_size, Sequence) else (output_size,) * d
    if input.ndim <= len(values):
        raise ValueError(f"Input dimension should be at least {len(values) + 1}: {name} got {list(input.shape)}")
    _check_input(name, input, d)
    if len(values) != d:
        raise RuntimeError(f"{name}: output_size must be {d}")
    bins = tuple(n if wanted is None else index(wanted) for n, wanted in zip(input.shape[-d:], values))
    if min(bins) < 0:
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received {list(bins)}"
        )
    return bins


def _floating(name: str, input: Tensor) -> None:
    if not input.dtype.is_floating_point:
        raise NotImplementedError(f"{name} is not implemented for {input.dtype}: convert with .float()")


# ------------------------------------------------------------------------------------------------ public names

_INPUTS = (
    "a sequence, (N, C, T) or (C, T)",
    "an image, (N, C, H, W) or (C, H, W)",
    "a volume, (N, C, D, H, W) or (C, D, H, W)",
)


def _as_asked(result: Any, return_indices: bool) -> Any:
    """The largest numbers, with their places or alone."""
    return result if return_indices or not isinstance(result, tuple) else result[0]


def _public(d: int) -> list[Callable[..., Any]]:
    """The pools over d spatial axes, which differ in nothing else."""
    max_name, avg_name, a_max_name, a_avg_name = (
        word.format(d) for word in ("max_pool{}d", "avg_pool{}d", "adaptive_max_pool{}d", "adaptive_avg_pool{}d")
    )

    def max_pool(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
        ceil_mode: bool = False, return_indices: bool = False,
    ) -> Any:  # fmt: skip
        _check_input(max_name, input, d)
        if d == 1:
            _floating(max_name, input)
        settings = (*_windows(max_name, d, kernel_size, stride, padding, dilation), bool(ceil_mode))
        return _as_asked(_MAX[d].apply(input, settings, bool(return_indices)), return_indices)

    def avg_pool(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> Tensor:  # fmt: skip
        _check_input(avg_name, input, d)
        if divisor_override == 0:
            raise RuntimeError("divisor must be not zero")
        kernel, stride, padding, _ = _windows(avg_name, d, kernel_size, stride, padding)
        return _AVG[d].apply(
            input, (kernel, stride, padding, bool(ceil_mode), bool(count_include_pad), divisor_override)
        )

    def adaptive_max_pool(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
        bins = _bins(a_max_name, input, output_size, d)
        _floating(a_max_name, input)
        return _as_asked(_ADAPTIVE_MAX[d].apply(input, bins), return_indices)

    def adaptive_avg_pool(input: Tensor, output_size: Any) -> Tensor:
        bins = _bins(a_avg_name, input, output_size, d)
        _floating(a_avg_name, input)
        return _ADAPTIVE_AVG[d].apply(input, bins)

    ones = ", ".join("4" * d)
    max_pool.__doc__ = f"""The largest number of each window of {_INPUTS[d - 1]}.

    O = floor((S + 2 padding - dilation (k - 1) - 1) / stride + 1) on each axis, the ceiling with `ceil_mode`; `stride`
    is the kernel size unless given.  With `return_indices` also the place of each, counted through the spatial axes.

    >>> import minigrad
    >>> minigrad.nn.functional.{max_name}(minigrad.arange({4**d}.0).reshape(1, 1, {ones}), 2).max()
    tensor({4**d - 1}.)
    """
    avg_pool.__doc__ = f"""The mean of each window of {_INPUTS[d - 1]}; sizes as in `{max_name}`.

    Padding counts as zeros, or with `count_include_pad=False` not at all; `divisor_override` replaces the count.

    >>> import minigrad
    >>> minigrad.nn.functional.{avg_name}(minigrad.ones(1, 1, {ones}), 2).sum()
    tensor({2**d}.)
    """
    adaptive_max_pool.__doc__ = f"""The largest number of each of `output_size` bins of {_INPUTS[d - 1]}.

    Bin o goes from floor(o S / O) to ceil((o + 1) S / O); None keeps the size of an axis.
    """
    adaptive_avg_pool.__doc__ = f"""The mean of each of `output_size` bins of {_INPUTS[d - 1]}.

    Bin o goes from floor(o S / O) to ceil((o + 1) S / O); None keeps the size of an axis.  `output_size=1`: global
    pooling.

    >>> import minigrad
    >>> minigrad.nn.functional.{a_avg_name}(minigrad.ones(2, 3, {ones}), 1).shape
    torch.Size([2, 3, {", ".join("1" * d)}])
    """
    functions = []
    for function, word in (
        (max_pool, max_name),
        (avg_pool, avg_name),
        (adaptive_max_pool, a_max_name),
        (adaptive_avg_pool, a_avg_name),
    ):
        function.__name__ = function.__qualname__ = word
        top_level = word.startswith("max") or word in ("avg_pool1d", "adaptive_avg_pool1d")
        functions.append(
            operation(function, where=("nn.functional", "") if top_level else "nn.functional", method=False, out=False)
        )
    return functions


max_pool1d, avg_pool1d, adaptive_max_pool1d, adaptive_avg_pool1d = _public(1)
max_pool2d, avg_pool2d, adaptive_max_pool2d, adaptive_avg_pool2d = _public(2)
max_pool3d, avg_pool3d, adaptive_max_pool3d, adaptive_avg_pool3d = _public(3)


@operation(where="", name="adaptive_max_pool1d", method=False, out=False)
def _with_places(input: Tensor, output_size: Any) -> tuple[Tensor, Tensor]:
    """`nn.functional.adaptive_max_pool1d` with the places."""
    return adaptive_max_pool1d(input, output_size, True)


def _others(d: int) -> list[Callable[..., Tensor]]:
    """Power-mean pools and unpooling over d spatial axes."""
    lp_name, un_name = f"lp_pool{d}d", f"max_unpool{d}d"

    def lp_pool(
        input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> Tensor:
        count = prod(_per_axis(lp_name, "kernel_size", kernel_size, d))
        mean = (avg_pool1d, avg_pool2d, avg_pool3d)[d - 1](input**norm_type, kernel_size, stride, 0, ceil_mode)
        return (mean * count) ** (1 / norm_type)

    def max_unpool(
        input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
    ) -> Tensor:
        _check_input(un_name, input, d)
        kernel, stride, padding, _ = _windows(un_name, d, kernel_size, stride, padding)
        output = _unpooled(un_name, tuple(input.shape[-d:]), kernel, stride, padding, output_size)
        if indices.dtype.name != "int64":
            raise RuntimeError(f"elements in indices should be type int64 but got: {indices.dtype}")
        if indices.shape != input.shape:
            raise RuntimeError(
                f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got "
                f"indices tensor with shape: {list(indices.shape)}"
            )
        places = indices._array
        if places.size and not (0 <= int(places.min()) and int(places.max()) < prod(output)):
            worst = int(places.min()) if int(places.min()) < 0 else int(places.max())
            raise RuntimeError(
                f"Found an invalid max index: {worst} (output volumes are of size {'x'.join(map(str, output))})"
            )
        return MaxUnpool.apply(input, indices, output, d)

    lp_pool.__doc__ = (
        f"""(sum of x^p over each window)^(1/p), of {_INPUTS[d - 1]}: between sum (p = 1) and largest (p large)."""
    )
    max_unpool.__doc__ = f"""What `max_pool{d}d(..., return_indices=True)` kept, put back in its place; zeros elsewhere.

    `output_size` says which of the sizes that pool to this one is meant.  (Zeiler & Fergus, 2014.)
    """
    for function, word in ((lp_pool, lp_name), (max_unpool, un_name)):
        function.__name__ = function.__qualname__ = word
    return [operation(function, where="nn.functional", out=False) for function in (lp_pool, max_unpool)]


def _unpooled(name: str, size: Ints, kernel: Ints, stride: Ints, padding: Ints, output_size: Any) -> Ints:
    """The size to unpool to: (S - 1) stride - 2 padding + kernel, or the one given if it is less than a stride away."""
    default = tuple((n - 1) * s - 2 * p + k for n, k, s, p in zip(size, kernel, stride, padding))
    if output_size is None:
        return default
    d = len(size)
    wanted = tuple(int(n) for n in output_size)
    if len(wanted) == d + 2:
        wanted = wanted[2:]
    if len(wanted) != d:
        raise ValueError(
            f"output_size should be a sequence containing {d} or {d + 2} elements, but it has a length of "
            f"'{len(wanted)}'"
        )
    for axis, (n, o, s) in enumerate(zip(default, wanted, stride)):
        if not n - s < o < n + s:
            raise ValueError(f'invalid output_size "{wanted}" (dim {axis} must be between {n - s} and {n + s})')
    return wanted


lp_pool1d, max_unpool1d = _others(1)
lp_pool2d, max_unpool2d = _others(2)
lp_pool3d, max_unpool3d = _others(3)
