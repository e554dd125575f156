"""Images made larger or smaller: interpolation, and the shuffles that trade channels for resolution.

Every interpolation is a linear map, so `Upsample` and `UpsampleBackward` are each other's derivative; a shuffle is a
permutation, whose derivative is the shuffle back.  The weights are worked out in `kernels/resample.py`.  Sampling at
positions that are themselves computed is in `grid_sample.py`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation
from minigrad.kernels import array_namespace
from minigrad.kernels import resample as kernels
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

Ints = tuple[int, ...]


class Upsample(Operation):
    """y = A x along each spatial axis, with A the weights of an interpolation.  dx = A^T g."""

    @staticmethod
    def forward(ctx: Any, x: Any, size: Ints, settings: tuple[Any, ...]) -> Any:
        ctx.size, ctx.settings = x.shape, settings
        return (
            kernels.resample_forward(x, size, *settings)
            if x.size
            else array_namespace(x).empty((*x.shape[:2], *size), x.dtype)
        )

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return UpsampleBackward.apply(g, type(ctx), ctx.size, ctx.settings)


class UpsampleBackward(Operation):
    """x = A^T g, whose derivative is A h."""

    @staticmethod
    def forward(ctx: Any, g: Any, cls: type[Upsample], size: Ints, settings: tuple[Any, ...]) -> Any:
        ctx.cls, ctx.size, ctx.settings = cls, g.shape[2:], settings
        return kernels.resample_backward(g, size, *settings) if g.size else array_namespace(g).zeros(size, g.dtype)

    @staticmethod
    def backward(ctx: Any, h: Any) -> Any:
        return ctx.cls.apply(h, ctx.size, ctx.settings)


_RANKS = {
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
}
_UPSAMPLES: dict[tuple[str, int], Any] = {
    (mode, d): type(
        f"Upsample{mode.title().replace('-', '')}{d}D",
        (Upsample,),
        {"__doc__": Upsample.__doc__, "__module__": __name__},
    )
    for mode, ranks in _RANKS.items()
    for d in ranks
}


def _output_size(input: Tensor, size: Any, scale_factor: Any) -> tuple[Ints, tuple[float, ...] | None]:
    """The size asked for, and the scales if it was asked for by scales."""
    d, spatial = input.ndim - 2, list(input.shape[2:])
    if (size is None) == (scale_factor is None):
        raise ValueError(f"{'either' if size is None else 'only one of'} size or scale_factor should be defined")
    word, value = ("scale_factor", scale_factor) if size is None else ("size", size)
    values = tuple(value) if isinstance(value, Sequence) else (value,) * d
    if len(values) != d:
        raise ValueError(
            f"Input and {'scale_factor' if size is None else 'output'} must have the same number of spatial "
            "dimensions, but got input with "
            f"spatial dimensions of {spatial} and {word} of {values}. Please provide input tensor in (N, C, d1, d2, "
            f"...,dK) format and {word} "
            f"in ({'s1, s2, ...,sK' if size is None else 'o1, o2, ...,oK'}) format."
        )
    if size is None:
        scales = tuple(float(s) for s in values)
        return kernels.resample_size(spatial, scales), scales
    return tuple(int(n) for n in values), None


@operation(where="nn.functional", out=False)
def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Resize (N, C, *S) to `size`, or to floor(S * scale_factor).

    mode: "nearest" (PyTorch's and OpenCV's, half a pixel off), "nearest-exact", "area" (the mean of what is covered),
    or by rank "linear" (3D), "bilinear", "bicubic" (4D), "trilinear" (5D).  align_corners: the centres of the corner
    pixels stay in place, instead of their outer edges.  antialias: when shrinking, bilinear and bicubic take every
    input into account. recompute_scale_factor: coordinates follow from the sizes, not from the scale given.

    >>> import minigrad
    >>> minigrad.nn.functional.interpolate(minigrad.tensor([[[0.0, 1.0]]]), scale_factor=2, mode="linear")
    tensor([[[0.0000, 0.2500, 0.7500, 1.0000]]])
    """
    check_tensor("interpolate", "input", input)
    d = input.ndim - 2
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
                "trilinear"
            )
    out, scales = _output_size(input, size, scale_factor)
    if recompute_scale_factor and scales is None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if antialias and not (mode in ("bilinear", "bicubic") and d == 2):
        raise ValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input"
        )
    if d not in (1, 2, 3) or (mode not in _RANKS and mode != "area"):
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.ndim}D) for the modes: nearest | "
            "linear | bilinear | bicubic | "
            f"trilinear | area | nearest-exact (got {mode})"
        )
    if mode == "area":
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[d - 1](input, out)
    if d not in _RANKS[mode]:
        raise NotImplementedError(f"Got {input.ndim}D input, but {mode} mode needs {_RANKS[mode][0] + 2}D input")
    if 0 in input.shape[1:]:
        raise RuntimeError(
            f"Non-empty {input.ndim}D data tensor expected but got a tensor with sizes {list(input.shape)}"
        )
    if min(out) < 1:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {list(input.shape[2:])} and output "
            f"{list(out)}"
        )
    if not input.dtype.is_floating_point and not (mode.startswith("nearest") and input.dtype is dtypes.uint8):
        raise NotImplementedError(
            f"interpolate is not implemented for {input.dtype} with mode {mode}: convert with .float()"
        )
    settings = (mode, bool(align_corners), None if recompute_scale_factor else scales, antialias)
    return _UPSAMPLES[mode, d].apply(input, out, settings)


@operation(where="nn.functional", out=False)
def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """The old name of `interpolate`."""
    warnings.warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=3)
    return interpolate(input, size, scale_factor, mode, align_corners)


@operation(where="nn.functional", out=False)
def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode "nearest", under an old name."""
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=3
    )
    return interpolate(input, size, scale_factor, "nearest")


@operation(where="nn.functional", out=False)
def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` with mode "bilinear" and aligned corners, under an old name."""
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=3
    )
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)


# ------------------------------------------------------------------------------------------------ shuffles


class PixelShuffle(Operation):
    """(*, C r r, H, W) to (*, C, H r, W r); dx is the shuffle back."""

    @staticmethod
    def forward(ctx: Any, x: Any, r: int) -> Any:
        ctx.r = r
        *lead, C, H, W = x.shape
        x = x.reshape(*lead, C // (r * r), r, r, H, W)
        n = len(lead)
        return x.transpose(*range(n + 1), n + 3, n + 1, n + 4, n + 2).reshape(*lead, C // (r * r), H * r, W * r)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return PixelUnshuffle.apply(g, ctx.r)


class PixelUnshuffle(Operation):
    """(*, C, H r, W r) to (*, C r r, H, W); dx is the shuffle back."""

    @staticmethod
    def forward(ctx: Any, x: Any, r: int) -> Any:
        ctx.r = r
        *lead, C, H, W = x.shape
        x = x.reshape(*lead, C, H // r, r, W // r, r)
        n = len(lead)
        return x.transpose(*range(n + 1), n + 2, n + 4, n + 1, n + 3).reshape(*lead, C * r * r, H // r, W // r)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return PixelShuffle.apply(g, ctx.r)


class NativeChannelShuffle(Operation):
    """Channels (groups, C / groups) read in the other order; dx shuffles by C / groups."""

    @staticmethod
    def forward(ctx: Any, x: Any, groups: int) -> Any:
        N, C, *S = x.shape
        ctx.back = C // groups
        return x.reshape(N, groups, C // groups, *S).swapaxes(1, 2).reshape(x.shape)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return NativeChannelShuffle.apply(g, ctx.back)


def _check_shuffle(name: str, input: Tensor, word: str, factor: int) -> None:
    check_tensor(name, "input", input)
    if input.ndim < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {word}, but got {factor}")


@operation(where=("nn.functional", ""), method=False, out=False)
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(*, C r^2, H, W) to (*, C, H r, W r): r^2 channels become one of r times the resolution.  (Shi et al., 2016.)

    >>> import minigrad
    >>> minigrad.nn.functional.pixel_shuffle(minigrad.arange(4).reshape(4, 1, 1), 2)
    tensor([[[0, 1],
             [2, 3]]])
    """
    _check_shuffle("pixel_shuffle", input, "upscale_factor", upscale_factor)
    if input.shape[-3] % upscale_factor**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            "but "
            f"input.size(-3)={input.shape[-3]} is not divisible by {upscale_factor**2}"
        )
    return PixelShuffle.apply(input, int(upscale_factor)) if upscale_factor > 1 else input.clone()


@operation(where=("nn.functional", ""), method=False, out=False)
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(*, C, H r, W r) to (*, C r^2, H, W): `pixel_shuffle` undone.

    >>> import minigrad
    >>> minigrad.nn.functional.pixel_unshuffle(minigrad.ones(1, 4, 4), 2).shape
    torch.Size([4, 2, 2])
    """
    _check_shuffle("pixel_unshuffle", input, "downscale_factor", downscale_factor)
    for word, axis in (("height", -2), ("width", -1)):
        if input.shape[axis] % downscale_factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {word} to be divisible by downscale_factor, but "
                f"input.size({axis})={input.shape[axis]} is not "
                f"divisible by {downscale_factor}"
            )
    return PixelUnshuffle.apply(input, int(downscale_factor)) if downscale_factor > 1 else input.clone()


@operation(where=("nn.functional", ""), aliases=("native_channel_shuffle",), method=False, out=False)
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels 0 1 2 | 3 4 5 of two groups become 0 3 1 4 2 5.  (Zhang et al., "ShuffleNet", 2018.)

    >>> import minigrad
    >>> minigrad.nn.functional.channel_shuffle(minigrad.arange(6).reshape(1, 6, 1), 2).flatten()
    tensor([0, 3, 1, 4, 2, 5])
    """
    check_tensor("channel_shuffle", "input", input)
    if input.ndim < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    if groups <= 0 or input.shape[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {input.shape[1]} channels and {groups} groups."
        )
    return NativeChannelShuffle.apply(input, int(groups)) if 1 < groups < input.shape[1] else input.clone()
