"""Reading, writing and adding at places that arrays of indices name, at some of the axes of an array.

`indices` are arrays of integers (negative ones count from the end) or masks, `dims` the axes where they stand; a mask
covers as many axes as it has.  Where the axes that they pick go in the result is NumPy's rule: to the place of the first
one if they stand side by side, else to the front.  `scatter.py` has the sums; the user is `ops/indexing.py`.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy

from ._namespace import Array, array_namespace
from .elementwise import choose
from .scatter import put_add

Dims = tuple[int, ...]
FULL = slice(None)


def is_mask(index: Array) -> bool:
    """Whether an index array picks by truth (booleans, and bytes of old) rather than by number."""
    return index.dtype.itemsize == 1


def read(x: Array, dims: Dims, indices: tuple[Array, ...]) -> Array:
    """x[..., indices, ...] with the index arrays at the axes `dims`.

    >>> read(numpy.arange(6).reshape(2, 3), (1,), (numpy.array([2, 0]),))
    array([[2, 0],
           [5, 3]])
    """
    if len(indices) == 1 and is_mask(indices[0]):
        x, places = merged(x, dims[0], indices[0])
        return x.take(places, axis=dims[0])  # eight times faster than x[mask]
    dims, integers = spread(dims, indices)
    _guard(x, dims, integers)
    try:
        return x.take(integers[0], axis=dims[0]) if len(integers) == 1 else x[_at(dims, integers)]
    except IndexError:
        check_bounds(x.shape, dims, integers)
        raise


def write(out: Array, dims: Dims, indices: tuple[Array, ...], values: Any) -> None:
    """out[..., indices, ...] = values, in place."""
    first = indices[0]
    if len(indices) == 1 and first.shape == out.shape and first.dtype.kind == "b" and getattr(values, "size", 1) == 1:
        value = array_namespace(out).asarray(values).astype(out.dtype).reshape(())
        out[...] = choose(first, value, out)
        return
    dims, integers = spread(dims, indices)
    _guard(out, dims, integers)
    try:
        out[_at(dims, integers)] = values
    except ValueError as error:
        raise RuntimeError(f"shape mismatch: value tensor cannot be broadcast to indexing result ({error})") from None
    except IndexError:
        check_bounds(out.shape, dims, integers)
        raise


def add(out: Array, dims: Dims, indices: tuple[Array, ...], values: Any) -> Array:
    """out[..., indices, ...] += values, every repetition counted; returns the contiguous array that now holds the sums."""
    xp = array_namespace(out)
    dims, integers = spread(dims, indices)
    try:
        picked = numpy.broadcast_shapes(*[i.shape for i in integers])
    except ValueError:
        shapes = ", ".join(str(list(i.shape)) for i in integers)
        raise IndexError(f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}") from None
    rest = [d for d in range(out.ndim) if d not in dims]
    at = dims[0] if dims == tuple(range(dims[0], dims[0] + len(dims))) else 0
    shape = [out.shape[d] for d in rest]
    values = xp.broadcast_to(values, (*shape[:at], *picked, *shape[at:]))
    if not values.size:
        return xp.ascontiguousarray(out)
    lead = range(at, at + len(picked))
    values = values.transpose((*lead, *[d for d in range(values.ndim) if d not in lead]))
    order = (*dims, *rest)  # the indexed axes first: then an index is a row number
    turned = xp.ascontiguousarray(out.transpose(order))
    put_add(turned, tuple([xp.broadcast_to(i, picked) for i in integers]), values)
    return xp.ascontiguousarray(turned.transpose(sorted(range(out.ndim), key=order.__getitem__)))


def spread(dims: Dims, indices: tuple[Array, ...]) -> tuple[Dims, tuple[Array, ...]]:
    """Masks replaced by the integers where they are true: one array of integers for each axis that is indexed."""
    axes: list[int] = []
    integers: list[Array] = []
    for dim, index in zip(dims, indices, strict=True):
        found = index.nonzero() if is_mask(index) else (index,)
        axes.extend(range(dim, dim + len(found)))
        integers.extend(found)
    return tuple(axes), tuple(integers)


def merged(x: Array, dim: int, mask: Array) -> tuple[Array, Array]:
    """One mask: x with the axes that it covers made into one, and the positions on that axis where the mask is true."""
    shape = x.shape
    flat = x if mask.ndim == 1 else x.reshape((*shape[:dim], prod(mask.shape), *shape[dim + mask.ndim :]))
    return flat, array_namespace(x).flatnonzero(mask)


def check_bounds(shape: tuple[int, ...], dims: Dims, integers: tuple[Array, ...]) -> None:
    """Raise the IndexError that says which index is out of bounds, if one is."""
    for dim, index in zip(dims, integers, strict=True):
        for extreme in (int(index.min()), int(index.max())) if index.size else ():
            if not -shape[dim] <= extreme < shape[dim]:
                raise IndexError(f"index {extreme} is out of bounds for dimension {dim} with size {shape[dim]}")


def _guard(x: Array, dims: Dims, integers: tuple[Array, ...]) -> None:
    """CuPy wraps what is out of bounds around; NumPy complains by itself."""
    if array_namespace(x) is not numpy:
        check_bounds(x.shape, dims, integers)


def _at(dims: Dims, integers: tuple[Array, ...]) -> tuple[Any, ...]:
    """The index that has these arrays at these axes and everything of the others."""
    index: list[Any] = [FULL] * (max(dims) + 1)
    for dim, array in zip(dims, integers, strict=True):
        index[dim] = array
    return tuple(index)
