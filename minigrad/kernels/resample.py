"""Linear maps along axes: interpolation of images, and what it shares with adaptive mean pooling.

Resizing is separable: on each axis an output is a weighted sum of a few neighbouring inputs, y = A x with A a banded
matrix of shape (O, S).  So there is one mechanism, `apply_maps`; the modes differ in how they fill A, and the gradient
is the same mechanism with A transposed.  Coordinates follow PyTorch's conventions and its precision, that of x.

Shapes: x (N, C, *S) to y (N, C, *O), any number of spatial axes.  Read `pooling.py` for windows that all have one size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import floor, prod
from typing import Any

import numpy

from ._namespace import Array, array_namespace, widened
from ._windows import Ints, channels_last, to_first, to_last

BAND = 64  # outputs on an axis that are computed by one dense product with the inputs they look at
CUBIC, SMOOTH_CUBIC = -0.75, -0.5  # the parameter a of Keys's kernel: PyTorch's choice, and its choice when antialiasing


# ---------------------------------------------------------------------------------------------------- the mechanism
def apply_maps(x: Array, maps: Sequence[numpy.ndarray], transposed: bool = False) -> Array:
    """Multiply each spatial axis of x (N, C, *S) by its matrix A (O, S), or by the transpose of one.

    A is cut into bands whose inputs make a dense product.  Where x is not finite, a band is a single output: otherwise
    0 * inf = NaN would reach outputs that do not look at the infinite number at all.
    """
    last = channels_last(x)
    y, first = (to_last(x), 1) if last else (x, 2)
    band = BAND if bool(array_namespace(x).isfinite(y).all()) else 1
    maps = [A.T if transposed else A for A in maps]
    for axis in sorted(range(len(maps)), key=lambda axis: len(maps[axis]) / maps[axis].shape[1]):  # shrink before growing
        y = _multiply(maps[axis], y, first + axis, band)
    return to_first(y) if last else y


def _multiply(A: numpy.ndarray, x: Array, axis: int, band: int) -> Array:
    """y[..., o, ...] = sum over s of A[o, s] x[..., s, ...]."""
    xp, out = array_namespace(x), len(A)
    outer, inner = x.shape[:axis], x.shape[axis + 1 :]
    x = x.reshape(prod(outer), x.shape[axis], *([prod(inner)] if inner else []))
    y = xp.empty((len(x), out, *x.shape[2:]), x.dtype)
    for start in range(0, out, band):
        rows = A[start : start + band]
        used = numpy.flatnonzero(rows.any(axis=0))
        inputs = slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)
        weights = xp.asarray(numpy.ascontiguousarray(rows[:, inputs], x.dtype))
        target = y[:, start : start + band]
        if inner:
            xp.matmul(weights, x[:, inputs], out=target)
        else:
            xp.matmul(x[:, inputs], weights.T, out=target)
    return y.reshape(*outer, out, *inner)


# --------------------------------------------------------------------------------------------------- interpolation
@widened
def resample_forward(
    x: Array,
    size: Sequence[int],
    mode: str,
    align_corners: bool = False,
    scales: Sequence[float] | None = None,
    antialias: bool = False,
) -> Array:
    """Resize the spatial axes of x (N, C, *S) to `size`.

    mode: "nearest", "nearest-exact", "linear" (so also called bilinear or trilinear), "cubic" (bicubic) or "area".
    align_corners: the outermost pixels' centres keep their places, else their outer edges do.
    scales: output over input size as the user stated it, where that and not the sizes shall set the coordinates.
    antialias: when shrinking, widen the kernel of a linear or cubic map so that every input counts.

    >>> resample_forward(numpy.array([[[0., 1.]]]), (4,), "linear")
    array([[[0.  , 0.25, 0.75, 1.  ]]])
    """
    maps = _maps(x, x.shape[2:], size, mode, align_corners, scales, antialias)
    if not mode.startswith("nearest"):
        return apply_maps(x, maps)
    xp, last = array_namespace(x), channels_last(x)
    y, first = (to_last(x), 1) if last else (x, 2)
    for axis, A in enumerate(maps, first):  # each row holds a single one: pick, in any dtype
        y = y.take(xp.asarray(A.argmax(axis=1)), axis=axis)
    return to_first(y) if last else y


@widened
def resample_backward(
    g: Array,
    x_shape: Sequence[int],
    mode: str,
    align_corners: bool = False,
    scales: Sequence[float] | None = None,
    antialias: bool = False,
) -> Array:
    """The gradient of `resample_forward`'s x (N, C, *S), given that of its result, g (N, C, *O)."""
    maps = _maps(g, x_shape[2:], g.shape[2:], mode, align_corners, scales, antialias)
    return apply_maps(g, maps, transposed=True)


def resample_size(size: Sequence[int], scale_factor: Sequence[float]) -> Ints:
    """O = floor(S * scale) on each axis.

    >>> resample_size((5, 5), (2.5, 0.5))
    (12, 2)
    """
    return tuple(floor(float(n) * s) for n, s in zip(size, scale_factor))


def _maps(
    x: Array, S: Sequence[int], out: Sequence[int], mode: str, align_corners: bool, scales: Any, antialias: bool
) -> list[numpy.ndarray]:
    kind = mode.removeprefix("bi").removeprefix("tri")
    if kind not in MAPS:
        raise ValueError(f"mode must be one of {', '.join(MAPS)}, got {mode!r}")
    if antialias and kind not in ("linear", "cubic"):
        raise ValueError(f"antialias works with linear and cubic maps, got mode={mode!r}")
    real = "float64" if x.dtype == "float64" else "float32"
    stated = scales if scales is not None else (None,) * len(S)
    return [
        axis_map(kind, n, o, align_corners, s, antialias, real) for n, o, s in zip(S, out, stated)
    ]


@lru_cache(maxsize=256)
def axis_map(
    mode: str, S: int, out: int, align_corners: bool, scale: float | None, antialias: bool, real: str
) -> numpy.ndarray:
    """The matrix A (O, S) of one axis."""
    align_corners = align_corners and mode in ("linear", "cubic")
    if out == S and mode in ("nearest", "linear") or out == 2 * S and mode == "nearest":
        scale = None  # PyTorch copies, or doubles, whatever the stated scale
    step = _step(S, out, align_corners, scale, numpy.dtype(real).type)
    if antialias:
        A = _antialiased_map(mode, S, out, step)
    else:
        inputs, weights = MAPS[mode](S, out, step, align_corners)
        A = numpy.zeros((out, S), real)
        numpy.add.at(A, (numpy.arange(out)[:, None], inputs), weights)  # at the border several taps share one input
    A.flags.writeable = False
    return A


def _step(S: int, out: int, align_corners: bool, scale: float | None, real: Any) -> Any:
    """The distance of two outputs, in inputs."""
    if align_corners:
        return real(S - 1) / real(out - 1) if out > 1 else real(0)
    return real(1 / scale) if scale else real(S) / real(out)


def _centres(out: int, step: Any, align_corners: bool) -> numpy.ndarray:
    """Where each output lies among the inputs 0 .. S - 1."""
    o = numpy.arange(out, dtype=step.dtype)
    return o * step if align_corners else (o + step.dtype.type(0.5)) * step - step.dtype.type(0.5)


def _nearest(S: int, out: int, step: Any, align_corners: bool) -> tuple[numpy.ndarray, Any]:
    """The input that the output's left edge falls on: PyTorch's old rule, half a pixel off."""
    inputs = numpy.floor(numpy.arange(out, dtype=step.dtype) * step).astype(int)
    return numpy.minimum(inputs, S - 1)[:, None], 1


def _nearest_exact(S: int, out: int, step: Any, align_corners: bool) -> tuple[numpy.ndarray, Any]:
    """The input that the output's centre falls on."""
    inputs = numpy.floor((numpy.arange(out, dtype=step.dtype) + step.dtype.type(0.5)) * step).astype(int)
    return numpy.minimum(inputs, S - 1)[:, None], 1


def _linear(S: int, out: int, step: Any, align_corners: bool) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The two inputs around the output, weighted by nearness; beyond the border, the border."""
    centre = numpy.maximum(_centres(out, step, align_corners), 0)
    left = numpy.minimum(centre.astype(int), S - 1)
    t = numpy.clip(centre - left, 0, 1).astype(step.dtype)
    return numpy.stack((left, numpy.minimum(left + 1, S - 1)), -1), numpy.stack((1 - t, t), -1)


def _cubic(S: int, out: int, step: Any, align_corners: bool) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The four inputs around the output; the border goes on for ever."""
    centre = _centres(out, step, align_corners)
    left = numpy.minimum(numpy.floor(centre).astype(int), S - 1)
    t = numpy.clip(centre - left, 0, 1).astype(step.dtype)
    weights = numpy.stack([cubic_kernel(t - tap, CUBIC) for tap in (-1, 0, 1, 2)], -1)
    return numpy.clip(left[:, None] + numpy.arange(-1, 3), 0, S - 1), weights


def cubic_kernel(t: numpy.ndarray, a: float) -> numpy.ndarray:
    """Piecewise cubic, 1 at 0, 0 at all other integers and beyond 2, smooth throughout.

    Keys, "Cubic convolution interpolation for digital image processing" (1981).
    """
    t = numpy.abs(t)
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    far = ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return numpy.where(t <= 1, near, numpy.where(t < 2, far, 0)).astype(t.dtype)


def _area(S: int, out: int, step: Any, align_corners: bool) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The mean of the inputs from floor(o S / O) to ceil((o + 1) S / O)."""
    o = numpy.arange(out)
    start, end = o * S // out, -(-(o + 1) * S // out)
    taps = numpy.arange(int((end - start).max(initial=1)))
    inside = taps < (end - start)[:, None]
    inputs = numpy.minimum(start[:, None] + taps, S - 1)
    return inputs, inside / (end - start)[:, None].astype(step.dtype)


MAPS = {"nearest": _nearest, "nearest-exact": _nearest_exact, "linear": _linear, "cubic": _cubic, "area": _area}


def _antialiased_map(mode: str, S: int, out: int, step: Any) -> numpy.ndarray:
    """A with kernels as wide as the outputs are apart: low-pass filter and interpolation in one, rows summing to 1."""
    widen = max(float(step), 1.0)
    reach = (1 if mode == "linear" else 2) * widen
    centre = (numpy.arange(out) + 0.5) * float(step)
    first = numpy.maximum((centre - reach + 0.5).astype(int), 0)
    end = numpy.minimum((centre + reach + 0.5).astype(int), S)
    s = numpy.arange(S)
    t = (s + 0.5 - centre[:, None]) / widen
    A = numpy.maximum(1 - numpy.abs(t), 0) if mode == "linear" else cubic_kernel(t, SMOOTH_CUBIC)
    A = numpy.where((s >= first[:, None]) & (s < end[:, None]), A, 0)
    return (A / A.sum(axis=1, keepdims=True)).astype(step.dtype)
