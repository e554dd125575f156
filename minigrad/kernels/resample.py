"""Linear maps along axes: interpolation of images, and what it shares with adaptive mean pooling.

Resizing is separable: on each axis an output is a weighted sum of a few neighbouring inputs, y = A x with A a banded
matrix of shape (O, S).  So there is one mechanism, `apply_maps`; the modes differ in how they fill A, and the gradient
is the same mechanism with A transposed.  Coordinates follow PyTorch's conventions and its precision, that of x.

Shapes: x (N, C, *S) to y (N, C, *O), any number of spatial axes.  Read `pooling.py` for windows that all have one size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import floor, prod
from typing import Any, NamedTuple

import numpy

from ._namespace import Array, array_namespace, widened
from ._windows import Ints, channels_last, to_first, to_last

BAND = 64  # outputs on an axis that are computed by one dense product with the inputs they look at
CUBIC, SMOOTH_CUBIC = -0.75, -0.5  # the parameter a of Keys's kernel: PyTorch's choice, and its choice when antialiasing


# ---------------------------------------------------------------------------------------------------- the mechanism
class AxisMap(NamedTuple):
    """A matrix A (O, S) with few numbers in a row: output o is the sum of weights[o, t] x[inputs[o, t]] over taps t."""

    size: int  # S
    inputs: numpy.ndarray  # (O, T), rising from row to row
    weights: numpy.ndarray  # (O, T)

    def bands(self, height: int, dtype: Any) -> Iterator[tuple[slice, slice, numpy.ndarray]]:
        """A cut into dense pieces: (the rows of some outputs, the columns of the inputs they look at, the numbers)."""
        for start in range(0, len(self.inputs), height):
            inputs, weights = self.inputs[start : start + height], self.weights[start : start + height]
            first, end = int(inputs.min()), int(inputs.max()) + 1
            piece = numpy.zeros((len(inputs), end - first), dtype)
            numpy.add.at(piece, (numpy.arange(len(inputs))[:, None], inputs - first), weights)  # border taps share inputs
            yield slice(start, start + height), slice(first, end), piece


def apply_maps(x: Array, maps: Sequence[AxisMap], transposed: bool = False) -> Array:
    """Multiply each spatial axis of x (N, C, *S) by its matrix, or by the transpose of it.

    Where x is not finite a band is a single output: otherwise 0 * inf = NaN would reach outputs that do not look at the
    infinite number at all.
    """
    last = channels_last(x)
    y, first = (to_last(x), 1) if last else (x, 2)
    height = BAND if bool(array_namespace(x).isfinite(y).all()) else 1
    growth = [len(A.inputs) / A.size for A in maps]
    for axis in sorted(range(len(maps)), key=growth.__getitem__, reverse=transposed):  # shrink before growing
        y = _multiply(maps[axis], y, first + axis, height, transposed)
    return to_first(y) if last else y


def _multiply(A: AxisMap, x: Array, axis: int, height: int, transposed: bool) -> Array:
    """y[..., o, ...] = sum over s of A[o, s] x[..., s, ...], or with A[s, o]."""
    xp, size = array_namespace(x), A.size if transposed else len(A.inputs)
    outer, inner = x.shape[:axis], x.shape[axis + 1 :]
    x = x.reshape(prod(outer), x.shape[axis], *([prod(inner)] if inner else []))
    y = xp.zeros((len(x), size, *x.shape[2:]), x.dtype)
    for rows, columns, piece in A.bands(height, x.dtype):
        weights = xp.asarray(piece)
        if transposed:
            rows, columns, weights = columns, rows, weights.T
        part = weights @ x[:, columns] if inner else x[:, columns] @ weights.T
        y[:, rows] += part
    return y.reshape(*outer, size, *inner)


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
    for axis, A in enumerate(maps, first):  # each output is one of the inputs, whatever its dtype
        y = y.take(xp.asarray(A.inputs[:, 0]), axis=axis)
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
) -> list[AxisMap]:
    kind = mode.removeprefix("bi").removeprefix("tri")
    if kind not in MAPS:
        raise ValueError(f"mode must be one of {', '.join(MAPS)}, got {mode!r}")
    if antialias and kind not in ("linear", "cubic"):
        raise ValueError(f"antialias works with linear and cubic maps, got mode={mode!r}")
    real = "float64" if x.dtype == "float64" else "float32"
    stated = scales if scales is not None else (None,) * len(S)
    return [axis_map(kind, n, o, align_corners, s, antialias, real) for n, o, s in zip(S, out, stated)]


@lru_cache(maxsize=64)
def axis_map(mode: str, S: int, out: int, align_corners: bool, scale: float | None, antialias: bool, real: str) -> AxisMap:
    """The map of one axis from S inputs to `out` outputs."""
    align_corners = align_corners and mode in ("linear", "cubic")
    if out == S and mode in ("nearest", "linear") or out == 2 * S and mode == "nearest":
        scale = None  # PyTorch copies, or doubles, whatever the stated scale
    step = _step(S, out, align_corners, scale, numpy.dtype(real).type)
    if antialias:
        return AxisMap(S, *_antialiased(mode, S, out, step))
    return AxisMap(S, *MAPS[mode](S, out, step, align_corners))


def _step(S: int, out: int, align_corners: bool, scale: float | None, real: Any) -> Any:
    """The distance of two outputs, in inputs."""
    if align_corners:
        return real(S - 1) / real(out - 1) if out > 1 else real(0)
    return real(1 / scale) if scale else real(S) / real(out)


def _centres(out: int, step: Any, align_corners: bool) -> numpy.ndarray:
    """Where each output lies among the inputs 0 .. S - 1."""
    o = numpy.arange(out, dtype=step.dtype)
    return o * step if align_corners else (o + step.dtype.type(0.5)) * step - step.dtype.type(0.5)


def _nearest(S: int, out: int, step: Any, align_corners: bool) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The input that the output's left edge falls on: PyTorch's old rule, half a pixel off."""
    inputs = numpy.floor(numpy.arange(out, dtype=step.dtype) * step).astype(int)
    return numpy.minimum(inputs, S - 1)[:, None], numpy.ones((out, 1))


def _nearest_exact(S: int, out: int, step: Any, align_corners: bool) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The input that the output's centre falls on."""
    inputs = numpy.floor((numpy.arange(out, dtype=step.dtype) + step.dtype.type(0.5)) * step).astype(int)
    return numpy.minimum(inputs, S - 1)[:, None], numpy.ones((out, 1))


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
    return _runs(start, end, lambda inputs: (1 / (end - start)[:, None]).astype(step.dtype))


def _runs(start: numpy.ndarray, end: numpy.ndarray, weigh: Callable) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The inputs from start[o] to end[o], and their weights; the taps that shorter runs do not have weigh nothing."""
    inputs = start[:, None] + numpy.arange(int((end - start).max()))
    inside = inputs < end[:, None]
    return numpy.minimum(inputs, end[:, None] - 1), numpy.where(inside, weigh(inputs), 0)


MAPS = {"nearest": _nearest, "nearest-exact": _nearest_exact, "linear": _linear, "cubic": _cubic, "area": _area}


def _antialiased(mode: str, S: int, out: int, step: Any) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Kernels as wide as the outputs are apart: low-pass filter and interpolation in one, weights summing to 1."""
    widen = max(float(step), 1.0)
    reach = (1 if mode == "linear" else 2) * widen
    centre = (numpy.arange(out) + 0.5) * float(step)
    start = numpy.maximum((centre - reach + 0.5).astype(int), 0)
    end = numpy.minimum((centre + reach + 0.5).astype(int), S)

    def kernel(inputs: numpy.ndarray) -> numpy.ndarray:
        t = (inputs + 0.5 - centre[:, None]) / widen
        return numpy.maximum(1 - numpy.abs(t), 0) if mode == "linear" else cubic_kernel(t, SMOOTH_CUBIC)

    inputs, weights = _runs(start, end, kernel)
    return inputs, (weights / weights.sum(axis=1, keepdims=True)).astype(step.dtype)
