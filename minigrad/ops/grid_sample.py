"""Sampling images at computed positions: `grid_sample`, and `affine_grid`, which computes positions of a moved frame.

Written in tensor operations, so that gradients reach both the image and the positions.  (Jaderberg et al., "Spatial
transformer networks", 2015.)
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any

from minigrad.autograd.function import wrap
from minigrad.kernels import array_namespace
from minigrad.ops.joining import stack
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

CUBIC = -0.75  # the parameter of Keys's kernel, as in `interpolate`


def _warn_of_default() -> None:
    warnings.warn(
        "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
        "align_corners=True if the "
        "old behavior is desired. See the documentation of grid_sample for details.",
        stacklevel=4,
    )


def _pixels(coordinate: Tensor, size: int, align_corners: bool) -> Tensor:
    """From -1 ... 1 (centres of the outer pixels, or their outer edges) to pixel numbers."""
    return (coordinate + 1) * ((size - 1) / 2) if align_corners else ((coordinate + 1) * size - 1) / 2


def _brought_inside(x: Tensor, size: int, padding_mode: str, align_corners: bool) -> Tensor:
    """Positions beyond the border moved to it, or mirrored at it."""
    if padding_mode == "reflection":
        low, span = (0.0, float(size - 1)) if align_corners else (-0.5, float(size))
        if span == 0:
            return x * 0
        distance = (x - low).abs()
        flips = (distance.detach() / span).floor()
        rest = distance - flips * span
        odd = (flips % 2) == 1
        x = rest.masked_fill(odd, 0) + (span - rest).masked_fill(~odd, 0) + low
    return x.clamp(0, size - 1) if padding_mode != "zeros" else x


def _read(flat: Tensor, sizes: tuple[int, ...], places: tuple[Any, ...]) -> Tensor:
    """flat (N, C, S) at whole-numbered places, one array (N, P) for each axis; 0 outside."""
    xp = array_namespace(places[0])
    index, inside = xp.zeros(places[0].shape, "int64"), xp.ones(places[0].shape, "bool")
    for n, place in zip(sizes, places):
        inside &= (place >= 0) & (place < n)
        index = index * n + xp.clip(place, 0, n - 1)
    index = xp.broadcast_to((index * inside)[:, None], (index.shape[0], flat.shape[1], index.shape[1]))
    return flat.gather(2, wrap(xp.ascontiguousarray(index))).masked_fill(wrap(~inside[:, None]), 0)


def _cubic_weights(t: Tensor) -> list[Tensor]:
    """The weights of the pixels at -1, 0, 1 and 2 for a position t between 0 and 1.  (Keys, 1981.)"""

    def near(u: Tensor) -> Tensor:
        return ((CUBIC + 2) * u - (CUBIC + 3)) * u * u + 1

    def far(u: Tensor) -> Tensor:
        return ((CUBIC * u - 5 * CUBIC) * u + 8 * CUBIC) * u - 4 * CUBIC

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


@operation(where="nn.functional", out=False)
def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """The input at the positions of a grid: (N, C, *S) and (N, *O, d) give (N, C, *O), for d = 2 or 3 spatial axes.

    Positions are (x, y) or (x, y, z) from -1 (left, top) to 1 (right, bottom).  mode: "bilinear", "nearest" or
    "bicubic" (d = 2); padding_mode: what lies beyond the border is "zeros", "border" (its last pixel) or "reflection";
    align_corners: -1 and 1 are the centres of the outer pixels instead of their edges.

    >>> import minigrad
    >>> image, place = minigrad.tensor([[[[0.0, 1.0], [2.0, 3.0]]]]), minigrad.zeros(1, 1, 1, 2)
    >>> minigrad.nn.functional.grid_sample(image, place, align_corners=False)
    tensor([[[[1.5000]]]])
    """
    check_tensor("grid_sample", "input", input)
    check_tensor("grid_sample", "grid", grid)
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    if align_corners is None:
        _warn_of_default()
    d, corners = input.ndim - 2, bool(align_corners)
    shapes = f"but got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if d not in (2, 3) or grid.ndim != input.ndim:
        raise RuntimeError(f"grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, {shapes}")
    if grid.shape[0] != input.shape[0]:
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, {shapes}")
    if grid.shape[-1] != d:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {d} in last dimension, but got grid with sizes "
            f"{list(grid.shape)}"
        )
    if 0 in input.shape[2:]:
        raise RuntimeError(
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
            f"{list(input.shape)}"
        )
    if mode == "bicubic" and d != 2:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    sizes, out = tuple(input.shape[2:]), tuple(grid.shape[1:-1])
    flat = input.flatten(2)
    positions = grid.reshape(grid.shape[0], -1, d).unbind(2)[::-1]  # rows first, as the axes of the input
    pixels = [_pixels(p, n, corners) for p, n in zip(positions, sizes)]
    if mode != "bicubic":
        pixels = [_brought_inside(p, n, padding_mode, corners) for p, n in zip(pixels, sizes)]
    xp = array_namespace(flat._array)
    if mode == "nearest":
        return _read(flat, sizes, tuple(xp.rint(p._array).astype("int64") for p in pixels)).reshape(
            *input.shape[:2], *out
        )
    lefts = [xp.floor(p._array) for p in pixels]
    fractions = [p - wrap(left.view()) for p, left in zip(pixels, lefts)]
    taps = (0, 1) if mode == "bilinear" else (-1, 0, 1, 2)
    weights = [[1 - t, t] if mode == "bilinear" else _cubic_weights(t) for t in fractions]
    total: Any = 0
    for choice in itertools.product(range(len(taps)), repeat=d):
        places = tuple(left + taps[i] for left, i in zip(lefts, choice))
        if mode == "bicubic":  # here each tap, not the position, is brought inside
            places = tuple(_brought_inside(wrap(p), n, padding_mode, corners)._array for p, n in zip(places, sizes))
        value = _read(flat, sizes, tuple(p.astype("int64") for p in places))
        for axis, i in enumerate(choice):
            value = value * weights[axis][i].unsqueeze(1)
        total = total + value
    return total.reshape(*input.shape[:2], *out)


@operation(where="nn.functional", out=False)
def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """The positions that `grid_sample` wants, moved by affine maps: theta (N, d, d + 1), size (N, C, *O) to (N, *O, d).

    >>> import minigrad
    >>> identity = minigrad.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> minigrad.nn.functional.affine_grid(identity, (1, 1, 1, 2), align_corners=False)
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    check_tensor("affine_grid", "theta", theta)
    if not theta.dtype.is_floating_point:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if align_corners is None:
        _warn_of_default()
    N, _, *out = (int(n) for n in size)
    d = len(out)
    if d not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
            f"{tuple(size)}."
        )
    if tuple(theta.shape[-2:]) != (d, d + 1) or theta.ndim != 3:
        raise ValueError(
            f"Expected a batch of {d}D affine matrices of shape Nx{d}x{d + 1} for size {tuple(size)}. Got "
            f"{theta.shape}."
        )
    if theta.shape[0] != N:
        raise RuntimeError(f"Expected {N} matrices for size {tuple(size)}, got {theta.shape[0]}")
    if min(N, *out) < 1:
        raise ValueError(f"Expected non-zero, positive output size. Got {tuple(size)}")
    xp, kind = array_namespace(theta._array), theta._array.dtype
    ticks = [xp.linspace(-1, 1, n, dtype=kind) if n > 1 else xp.zeros(1, kind) for n in out]
    if not align_corners:
        ticks = [t * kind.type((n - 1) / n) for t, n in zip(ticks, out)]
    axes = xp.meshgrid(*ticks, indexing="ij")[::-1]  # x first
    base = stack([wrap(a.reshape(-1)) for a in (*axes, xp.ones(tuple(out), kind))], 1)
    return (base @ theta.mT).reshape(N, *out, d)
