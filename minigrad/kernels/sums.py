"""Sums over axes: as accurate as pairwise summation, at the speed of memory.

NumPy adds short rows and tall columns at a tenth of the speed that the memory allows, and tall columns one by one, so
that a column of a million float32 keeps five digits.  Here an axis is summed as the product with a vector of ones, which
BLAS does at full speed (3 to 20 times faster), long axes in blocks.  `ops/reduction.py` is the caller.
"""

from __future__ import annotations

import itertools
import math
import operator
from typing import Any

import numpy

from ._namespace import Array, array_namespace, is_half

SMALL = 8192  # below so many numbers, arranging the product costs more than it gains
BLOCK = 1024  # the rows of a tall column that are summed at once
_ones: dict[Any, Array] = {}


def total(x: Array, axes: tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """The sum over `axes` (None: over all) in the dtype of x; integers and booleans are summed in int64.

    >>> total(numpy.ones((2, 3), "float32"), (1,))
    array([3., 3.], dtype=float32)
    """
    code = x.dtype.char
    if code in "fdFD" and (x.size < SMALL or array_namespace(x) is not numpy):
        return array_namespace(x).add.reduce(x, axes, None, None, keepdims)
    if code in "?bBhHiIlLqQ":
        return array_namespace(x).add.reduce(x, axes, "int64", None, keepdims)
    if is_half(x):
        return total(x.astype("float32"), axes, keepdims).astype(x.dtype)
    order, laid = list(range(x.ndim)), x
    if not x.flags.c_contiguous:
        order.sort(key=lambda axis: -x.strides[axis])  # from the slowest axis in memory to the fastest
        laid = x.transpose(order)
        if not laid.flags.c_contiguous:
            return array_namespace(x).add.reduce(x, axes, None, None, keepdims)
    if axes is None or len(axes) == x.ndim:
        result = _sum_of_all(laid.reshape(-1))
        return result.reshape((1,) * x.ndim) if keepdims else result
    result = _sum_of_groups(laid, [axis in axes for axis in order])
    kept = [axis for axis in order if axis not in axes]
    result = result.reshape([x.shape[axis] for axis in kept])
    if kept != sorted(kept):
        result = result.transpose([kept.index(axis) for axis in sorted(kept)])
    return result.reshape([1 if axis in axes else n for axis, n in enumerate(x.shape)]) if keepdims else result


def ones(n: int, dtype: Any) -> Array:
    """A vector of ones, not to be written to."""
    if n > SMALL:
        return numpy.ones(n, dtype)
    if dtype not in _ones:
        _ones[dtype] = numpy.ones(SMALL, dtype)
    return _ones[dtype][:n]


def _sum_of_all(flat: Array) -> Array:
    whole = flat.size - flat.size % BLOCK
    result = numpy.add.reduce(flat[:whole].reshape(-1, BLOCK).dot(ones(BLOCK, flat.dtype)))
    return result if whole == flat.size else result + numpy.add.reduce(flat[whole:])


def _sum_of_groups(x: Array, reduced: list[bool]) -> Array:
    """Sum the axes that are marked, from the last to the first; neighbours of one kind count as one axis."""
    groups = itertools.groupby(zip(x.shape, reduced, strict=True), key=operator.itemgetter(1))
    sizes = [math.prod(n for n, _ in group) for _, group in groups]
    if reduced[-1]:
        n = sizes.pop()
        x = x.reshape(-1, n).dot(ones(n, x.dtype))
    width = sizes.pop()  # kept axes and summed ones take turns
    while sizes:
        x = _sum_of_columns(x.reshape(-1, sizes.pop(), width))
        width *= sizes.pop() if sizes else 1
    return x


def _sum_of_columns(x: Array) -> Array:
    """(batch, n, width) -> (batch, width)."""
    batch, n, width = x.shape
    if n <= 2 * BLOCK:
        return numpy.matmul(ones(n, x.dtype), x)
    whole = n - n % BLOCK
    blocks = x[:, :whole].reshape(batch, -1, BLOCK, width)
    return numpy.add.reduce(numpy.matmul(ones(BLOCK, x.dtype), blocks), axis=1) + numpy.add.reduce(x[:, whole:], axis=1)
