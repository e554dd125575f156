"""The geometry that convolution and pooling share: padding, windows, and the taps of a kernel.

A window operation in d spatial dimensions slides a kernel of K = (K1, ..., Kd) taps over a padded input.  There are two
ways to walk it: window by window (`windows`, a view with one more axis per dimension) or tap by tap (`taps`, for each
kernel position the strided slice of the input that it meets).  Arrays are (N, C, *S) to their callers; in memory the
channels may come last, and functions that care take `first`, the axis where the spatial ones begin (2 or 1).
Pictures of all this: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning" (2016).  Next: `pooling.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from ._namespace import Array, array_namespace

Ints = tuple[int, ...]
PerAxis = int | Sequence[int]
Pads = Sequence[tuple[int, int]]


def per_axis(value: PerAxis, d: int) -> Ints:
    """One number for each of `d` axes: `3` means `(3, ..., 3)`."""
    values: Ints = tuple(value) if isinstance(value, Sequence) else (value,) * d
    if len(values) == 1:
        return values * d
    if len(values) != d:
        raise RuntimeError(f"expected one number, or {d} of them for {d} spatial axes, got {values}")
    return values


def output_size(size: Sequence[int], kernel: Sequence[int], pads: Pads, stride: Ints, dilation: Ints) -> Ints:
    """O = (padded size - dilation (k - 1) - 1) // stride + 1: how many windows fit on each axis."""
    room = tuple(n + before + after for n, (before, after) in zip(size, pads))
    reach = tuple(r * (k - 1) + 1 for k, r in zip(kernel, dilation))
    if any(n < k for n, k in zip(room, reach)):
        raise RuntimeError(
            f"Calculated padded input size per channel: {room}. Kernel size: {reach}. "
            "Kernel size can't be greater than actual input size"
        )
    return tuple((n - k) // s + 1 for n, k, s in zip(room, reach, stride))


def channels_last(x: Array) -> bool:
    """Does (N, C, *S) lie in memory as (N, *S, C)?  Where both readings fit (one channel, say), channels come first."""
    return x.ndim > 2 and not x.flags.c_contiguous and to_last(x).flags.c_contiguous


def to_last(x: Array) -> Array:
    """View (N, C, *S) as (N, *S, C)."""
    return x.transpose(0, *range(2, x.ndim), 1)


def to_first(x: Array) -> Array:
    """View (N, *S, C) as (N, C, *S)."""
    return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def empty(shape: Sequence[int], like: Array, last: bool) -> Array:
    """An uninitialised (N, C, *S) array of `like`'s dtype and library; in memory (N, *S, C) if `last`."""
    xp = array_namespace(like)
    if last:
        return to_first(xp.empty((shape[0], *shape[2:], shape[1]), like.dtype))
    return xp.empty(tuple(shape), like.dtype)


def pad(x: Array, pads: Pads, last: bool, value: float = 0) -> Array:
    """Pad (or, where a pad is negative, crop) the spatial axes of x (N, C, *S); give (N, *S, C) if `last`.

    The innermost axis of the result is dense in memory.  Where nothing has to be moved the result is a view of x.
    """
    x = x[(..., *(slice(max(0, -before), n - max(0, -after)) for n, (before, after) in zip(x.shape[2:], pads)))]
    source = to_last(x) if last else x
    grow = [(max(0, before), max(0, after)) for before, after in pads]
    if not any(map(any, grow)) and (source.strides[-1] == source.itemsize or source.shape[-1] == 1):
        return source
    shape = list(source.shape)
    inner = [slice(None)] * source.ndim
    for axis, (before, after) in enumerate(grow, 1 if last else 2):
        inner[axis] = slice(before, before + shape[axis])
        shape[axis] += before + after
    padded = array_namespace(x).empty(shape, x.dtype)
    for axis, place in enumerate(inner):  # fill the frame alone: the inside is written once, below
        if place != slice(None):
            padded[(slice(None),) * axis + (slice(0, place.start),)] = value
            padded[(slice(None),) * axis + (slice(place.stop, None),)] = value
    copy_transposed(padded[tuple(inner)], source)
    return padded


def copy_transposed(target: Array, source: Array) -> None:
    """target[...] = source, where source (N, *S, C) may be the view of an array in the order (N, C, *S).

    Reading one pixel's channels from planes of, say, 32 x 32 float32 steps 4096 bytes at a time, and all these addresses
    share a few cache lines.  Copying each image to planes of an odd size first takes a third of the time.
    """
    xp = array_namespace(source)
    step = source.strides[-1]
    if xp.__name__ != "numpy" or step < 512 or step % 512 or source.shape[-1] < 16:
        target[...] = source
        return
    *S, C = source.shape[1:]
    stage = xp.empty((C, prod(S) + 16), source.dtype)[:, : prod(S)].reshape(C, *S)
    turned = stage.transpose(*range(1, stage.ndim), 0)
    for image, place in zip(source, target):
        turned[...] = image
        place[...] = turned


def windows(x: Array, first: int, kernel: Ints, stride: Ints, dilation: Ints, out: Ints) -> Array:
    """Every window of x as a view: the spatial axes, from axis `first` on, become (*O, *K).

    windows(x)[..., o, k, ...] = x[..., o * stride + k * dilation, ...].
    """
    d = len(kernel)
    S = x.strides[first : first + d]
    steps = (*(n * s for n, s in zip(S, stride)), *(n * r for n, r in zip(S, dilation)))
    shape = (*x.shape[:first], *out, *kernel, *x.shape[first + d :])
    strides = (*x.strides[:first], *steps, *x.strides[first + d :])
    return array_namespace(x).lib.stride_tricks.as_strided(x, shape, strides)


def taps(first: int, kernel: Ints, stride: Ints, dilation: Ints, out: Ints) -> Iterator[tuple[Ints, tuple[slice, ...]]]:
    """For each kernel position k, the index of the strided slice of the padded input that it meets at all outputs.

    x[index][..., o, ...] = x[..., o * stride + k * dilation, ...].
    """
    lead = (slice(None),) * first
    for k in product(*map(range, kernel)):
        start = [i * r for i, r in zip(k, dilation)]
        yield k, (*lead, *(slice(a, a + s * (o - 1) + 1, s) for a, s, o in zip(start, stride, out)))
