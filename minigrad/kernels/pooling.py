"""Pooling in any number of dimensions: the largest or the mean of every window, and their gradients.

A window's largest is the largest over rows of what is largest in a row, and sums split likewise; so pooling goes axis by
axis, and on each axis tap by tap: one strided slice of the whole input at a time, with no copy of windows (forty times
faster here than reducing a windows view).  Taps that would fall into the padding skip the outputs they miss, so nothing
is padded either.  Read `_windows.py` first; `resample.py` for the adaptive mean, which is a linear map.

Shapes: x (N, C, *S), windows k, results (N, C, *O), in memory channels first or last as x is.  Where a window's largest
lies is an int64 index into the flattened plane *S, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

from ._namespace import Array, array_namespace, limits, of, widened
from ._windows import Ints, PerAxis, channels_last, per_axis, to_first, to_last
from .resample import resample_backward, resample_forward


# ---------------------------------------------------------------------------------------------------------- sizes
def pool_output_size(
    size: Sequence[int], kernel: Ints, stride: Ints, padding: Ints, dilation: Ints, ceil_mode: bool = False
) -> Ints:
    """O = (S + 2 padding - dilation (k - 1) - 1) / stride + 1, rounded down, or up if `ceil_mode`.

    Rounded up, a last window may hang over the end, but it must start inside the input or the padding before it.
    Raises RuntimeError where padding exceeds half a window or nothing is left.

    >>> pool_output_size((8,), (3,), (2,), (0,), (1,)), pool_output_size((8,), (3,), (2,), (0,), (1,), ceil_mode=True)
    ((3,), (4,))
    """
    out = []
    for n, k, s, p, r in zip(size, kernel, stride, padding, dilation):
        if s < 1:
            raise RuntimeError(f"stride should be greater than zero, but got {s}")
        if not 0 <= 2 * p <= (k - 1) * r + 1:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and dilation={r}"
            )
        room = n + 2 * p - r * (k - 1) - 1
        o = (room + (s - 1 if ceil_mode else 0)) // s + 1
        out.append(o - 1 if ceil_mode and (o - 1) * s >= n + p else o)
    if min(out) < 1:
        raise RuntimeError(f"Given input size: {tuple(size)}. Calculated output size: {tuple(out)}. Output size is too small")
    return tuple(out)


class Window:
    """The arguments of a pooling, one number an axis, and the size it gives."""

    def __init__(
        self,
        size: Sequence[int],
        kernel: PerAxis,
        stride: PerAxis | None,
        padding: PerAxis,
        dilation: PerAxis,
        ceil_mode: bool,
    ):
        d = len(size)
        self.size, self.kernel = tuple(size), per_axis(kernel, d)
        self.stride = self.kernel if stride in (None, (), []) else per_axis(stride, d)  # type: ignore[arg-type]
        self.padding, self.dilation = per_axis(padding, d), per_axis(dilation, d)
        self.out = pool_output_size(size, self.kernel, self.stride, self.padding, self.dilation, ceil_mode)

    def axes(self) -> Iterator[Ints]:
        """(S, k, O, stride, padding, dilation) of each axis."""
        return zip(self.size, self.kernel, self.out, self.stride, self.padding, self.dilation)

    def taps(self, axis: int) -> list[tuple[slice, slice]]:
        """For each tap on one axis, the slice of inputs it meets and the slice of outputs that meet them."""
        n, o, s = self.size[axis], self.out[axis], self.stride[axis]
        pairs = []
        for i in range(self.kernel[axis]):
            shift = i * self.dilation[axis] - self.padding[axis]  # output o meets input o s + shift
            first, end = max(0, -(shift // s)), min(o, (n - 1 - shift) // s + 1)
            pairs.append((slice(first * s + shift, max((end - 1) * s + shift + 1, 0), s), slice(first, max(first, end))))
        return pairs


def _at(first: int, slices: Sequence[slice]) -> tuple[slice, ...]:
    return (*(slice(None),) * first, *slices)


def _laid_out(x: Array) -> tuple[Array, int, Callable[[Array], Array]]:
    """(x in the order of its memory, its first spatial axis, the way back to (N, C, *S))."""
    return (to_last(x), 1, to_first) if channels_last(x) else (x, 2, lambda y: y)


def _reduce(combine: Any, x: Array, first: int, window: Window, start: Any, last_axis_first: bool = False) -> list[Array]:
    """Combine each window of x, axis by axis: [x, x with one axis pooled, ..., all pooled].

    `start` is what a window gives that meets no input (there are some where taps are dilated and padded).  The first axis
    goes first, since its slices are long in memory.
    """
    xp = array_namespace(x)
    stages = [x]
    for axis in sorted(range(first, first + len(window.out)), reverse=last_axis_first):
        o = window.out[axis - first]
        taps = window.taps(axis - first)
        whole = [x[_at(axis, [place])] for place, outs in taps if outs == slice(0, o)]
        if len(whole) > 1:
            y = combine(whole[0], whole[1])
            for values in whole[2:]:
                combine(y, values, out=y)
        elif whole:
            y = whole[0].copy()
        else:
            y = xp.full((*x.shape[:axis], o, *x.shape[axis + 1 :]), start, x.dtype)
        for place, outs in taps:
            if outs != slice(0, o):
                part = y[_at(axis, [outs])]
                combine(part, x[_at(axis, [place])], out=part)
        stages.append(y)
        x = y
    return stages


# ------------------------------------------------------------------------------------------------------- the largest
def max_pool(
    x: Array,
    kernel: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
) -> Array:
    """y[n, c, o] = the largest x[n, c, o stride + i dilation - padding] over taps i; NaN where one of them is NaN.

    >>> import numpy
    >>> max_pool(numpy.array([[[1., 5., 2., 4.]]]), 2)
    array([[[5., 4.]]])
    """
    window = Window(x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
    laid, first, back = _laid_out(x)
    return back(_reduce(array_namespace(x).maximum, laid, first, window, limits(x.dtype)["lowest"])[-1])


def max_pool_forward(
    x: Array,
    kernel: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    dilation: PerAxis = 1,
    ceil_mode: bool = False,
) -> tuple[Array, Array]:
    """`max_pool` and the place of each window's largest: the first of equals, but the last of several NaNs.

    >>> import numpy
    >>> max_pool_forward(numpy.array([[[1., 5., 5., 4.]]]), 3, 1)
    (array([[[5., 5.]]]), array([[[1, 1]]]))
    """
    window = Window(x.shape[2:], kernel, stride, padding, dilation, ceil_mode)
    laid, first, back = _laid_out(x)
    stages = _reduce(array_namespace(x).maximum, laid, first, window, limits(x.dtype)["lowest"], last_axis_first=True)
    return back(stages[-1]), back(_places(stages, first, window))


def _places(stages: list[Array], first: int, window: Window) -> Array:
    """Which input of each window is its largest, as an index into the plane; stages as `_reduce` made them, last axis first.

    The t-th tap of T, in reading order, scores T - t: the highest score among a window's largest names the first of them.
    On each axis a line scores by how early it comes, then by its own score; the last tap need not be looked at, it scores
    least.  Small integers and no branches: masked copies would take five times longer.
    """
    xp, x, y = array_namespace(stages[0]), stages[0], stages[-1]
    d, T = len(window.out), prod(window.kernel)
    small = xp.dtype("uint8" if T < 256 else "int32").type
    score: Array = xp.ones((), small)
    below = 1  # the highest score of a line
    for axis, lines, largest in zip(reversed(range(d)), stages[:-1], stages[1:]):
        *earlier, (place, outs) = window.taps(axis)
        scores = xp.ones(largest.shape, small)
        scores[_at(first + axis, [outs])] = score[_at(first + axis, [place])] if score.ndim else score
        for after, (place, outs) in enumerate(reversed(earlier), 1):  # taps that come after this one
            equal = lines[_at(first + axis, [place])] == largest[_at(first + axis, [outs])]
            worth = (score[_at(first + axis, [place])] if score.ndim else score) + small(after * below)
            part = scores[_at(first + axis, [outs])]
            xp.maximum(part, equal.view("uint8") * worth, out=part)
        score, below = scores, below * window.kernel[axis]
    if x.dtype.kind not in "iu" and bool(xp.isnan(y).any()):  # NaN equals nothing: name the last of them
        for t, pairs in enumerate(product(*map(window.taps, range(d)))):
            inputs, outputs = zip(*pairs)
            score[_at(first, outputs)][xp.isnan(x[_at(first, inputs)])] = T - t
    offset, corner = xp.zeros((), "int64"), xp.zeros((), "int64")
    for n, k, o, s, p, r in window.axes():
        offset = (offset * n)[..., None] + xp.arange(k) * r
        corner = (corner * n)[..., None] + (xp.arange(o) * s - p)
    by_score = xp.concatenate((xp.zeros(1, "int64"), offset.reshape(-1)[::-1]))  # score T is tap 0
    places = by_score.take(score)
    places += corner.reshape(*window.out, *(1,) * (y.ndim - first - d))
    return xp.clip(places, 0, prod(window.size) - 1) if max(window.dilation) > 1 else places  # some windows meet no input


def max_pool_backward(g: Array, indices: Array, x_shape: Sequence[int]) -> Array:
    """gx (N, C, *S): each g[n, c, o] added at the place indices[n, c, o] of its plane."""
    (laid, _, back), last = _laid_out(g), channels_last(g)
    N, C, *S = x_shape
    flat_index = _flat_index(to_last(indices) if last else indices, N, C, prod(S), last)
    gx = array_namespace(g).zeros(prod(x_shape), g.dtype)
    of(g).combine_at("add", gx, flat_index, laid.reshape(-1))
    return back(gx.reshape(N, *S, C) if last else gx.reshape(N, C, *S))


def max_pool_gather(x: Array, indices: Array) -> Array:
    """y[n, c, o] = x[n, c] at the place indices[n, c, o]: the derivative of `max_pool_backward`."""
    N, C, *S = x.shape
    return x.reshape(-1).take(_flat_index(indices, N, C, prod(S), False)).reshape(indices.shape)


def _flat_index(indices: Array, N: int, C: int, P: int, last: bool) -> Array:
    """Indices into planes as indices into the whole array, (N, C, P) or, if channels come last, (N, P, C)."""
    xp = array_namespace(indices)
    if last:
        planes = xp.arange(N)[:, None, None] * (P * C) + xp.arange(C)
        return (indices.reshape(N, prod(indices.shape[1:-1]), C) * C + planes).reshape(-1)
    return (indices.reshape(N * C, prod(indices.shape[2:])) + xp.arange(N * C)[:, None] * P).reshape(-1)


def adaptive_max_pool_forward(x: Array, size: PerAxis) -> tuple[Array, Array]:
    """The largest, and its place, of O = `size` bins: inputs floor(o S / O) to ceil((o + 1) S / O) for output o.

    Bins differ in length by one at most.  Repeating the last input of the short ones makes them equal, disjoint windows.
    """
    xp, S = array_namespace(x), x.shape[2:]
    out = per_axis(size, len(S))
    laid, first, back = _laid_out(x)
    plane, kernel = xp.arange(prod(S)).reshape(S), []
    for axis, (n, o) in enumerate(zip(S, out)):
        start, end = xp.arange(o) * n // o, -(-(xp.arange(o) + 1) * n // o)
        k = n // o if n % o == 0 else int((end - start).max())
        kernel.append(k)
        if n % o:
            inputs = xp.minimum(start[:, None] + xp.arange(k), end[:, None] - 1).reshape(-1)
            laid, plane = laid.take(inputs, axis=first + axis), plane.take(inputs, axis=axis)
    y, places = max_pool_forward(back(laid), kernel)
    return y, plane.reshape(-1).take(places) if plane.shape != S else places


# ---------------------------------------------------------------------------------------------------------- the mean
@widened
def avg_pool_forward(
    x: Array,
    kernel: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """y[n, c, o] = the sum of x[n, c, o stride + i - padding] over taps i, divided by how many there are.

    Zeros of the padding are counted if `count_include_pad`, what hangs over beyond it never; `divisor_override` replaces
    the count.

    >>> import numpy
    >>> avg_pool_forward(numpy.array([[[1., 5., 2., 4.]]]), 2)
    array([[[3., 3.]]])
    """
    window = Window(x.shape[2:], kernel, stride, padding, 1, ceil_mode)
    laid, first, back = _laid_out(x)
    y = _reduce(array_namespace(x).add, laid, first, window, 0)[-1]
    return back(_divide(y, first, window, count_include_pad, divisor_override))


@widened
def avg_pool_backward(
    g: Array,
    x_shape: Sequence[int],
    kernel: PerAxis,
    stride: PerAxis | None = None,
    padding: PerAxis = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Array:
    """gx (N, C, *S): each g[n, c, o] / count, spread over its window, axis by axis."""
    xp = array_namespace(g)
    window = Window(x_shape[2:], kernel, stride, padding, 1, ceil_mode)
    laid, first, back = _laid_out(g)
    g = _divide(laid.copy(), first, window, count_include_pad, divisor_override)
    for axis in reversed(range(len(window.out))):
        gx = xp.zeros((*g.shape[: first + axis], window.size[axis], *g.shape[first + axis + 1 :]), g.dtype)
        for place, outs in window.taps(axis):
            part = gx[_at(first + axis, [place])]
            if window.stride[axis] < window.kernel[axis]:
                part += g[_at(first + axis, [outs])]
            else:  # windows do not overlap
                part[...] = g[_at(first + axis, [outs])]
        g = gx
    return back(g)


def _divide(y: Array, first: int, window: Window, count_include_pad: bool, divisor_override: int | None) -> Array:
    """Divide sums over windows, in place, by the sizes of the windows; integers are rounded towards zero."""
    xp = array_namespace(y)
    count = xp.ones((), "int64")
    for n, k, o, s, p, _ in window.axes():
        start = xp.arange(o) * s - p
        end = xp.minimum(start + k, n + p)
        length = end - start if count_include_pad else xp.minimum(end, n) - xp.maximum(start, 0)
        count = count[..., None] * (length[:1] if bool((length == length[0]).all()) else length)
    if divisor_override is not None:
        count = xp.full((), divisor_override)
    count = count.reshape((*count.shape, *(1,) * (y.ndim - first - len(window.out)))).astype(y.dtype)
    if y.dtype.kind in "iu":
        y[...] = xp.sign(y) * xp.sign(count) * (xp.abs(y) // xp.abs(count))
    else:
        y /= count
    return y


def adaptive_avg_pool_forward(x: Array, size: PerAxis) -> Array:
    """The mean of O = `size` bins: inputs floor(o S / O) to ceil((o + 1) S / O) for output o.

    >>> import numpy
    >>> adaptive_avg_pool_forward(numpy.array([[[1., 5., 3.]]]), 2)
    array([[[3., 4.]]])
    """
    out = per_axis(size, x.ndim - 2)
    if set(out) == {1}:  # the mean of whole planes: one long axis
        return resample_forward(x.reshape(*x.shape[:2], prod(x.shape[2:])), (1,), "area").reshape(*x.shape[:2], *out)
    return resample_forward(x, out, "area")


def adaptive_avg_pool_backward(g: Array, x_shape: Sequence[int]) -> Array:
    """gx (N, C, *S), given g (N, C, *O)."""
    N, C, *S = x_shape
    if set(g.shape[2:]) == {1}:
        return resample_backward(g.reshape(N, C, 1), (N, C, prod(S)), "area").reshape(x_shape)
    return resample_backward(g, x_shape, "area")
