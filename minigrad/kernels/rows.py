"""Sums, inner products and exponentials along an axis: what softmax, the normalisations and the losses consist of.

NumPy goes along the last axis with a loop over rows that costs more than the numbers do.  Sums are done here by BLAS, as a
matrix times a vector of ones (six to eighteen times faster for rows of 32 to 256 floats), and the largest number of each row is
not looked for where the largest of all will do.  The callers are in `ops/`.
"""

from __future__ import annotations

from math import prod

import numpy

from ._namespace import Array, array_namespace

SHORT = 8  # rows of fewer numbers are summed number by number
LEAST = 1e-6  # a row whose exponentials sum to less lies too far below the largest number of all


def row_sums(x: Array) -> Array:
    """The sums of x (*, D) along its last axis: (*, 1).

    >>> row_sums(numpy.array([[1., 2.], [3., 4.]]))
    array([[3.],
           [7.]])
    """
    D = x.shape[-1]
    if D < SHORT or x.dtype.char not in "fd" or not x.flags.c_contiguous:
        return x.sum(axis=-1, keepdims=True, dtype=x.dtype)
    ones = array_namespace(x).ones(D, x.dtype)
    return (x.reshape(prod(x.shape[:-1]), D) @ ones).reshape(*x.shape[:-1], 1)


def row_dots(x: Array, y: Array) -> Array:
    """The inner products of the rows of x and y (*, D): (*, 1).

    >>> row_dots(numpy.array([[1., 2.], [3., 4.]]), numpy.array([[1., 1.], [0., 2.]]))
    array([[3.],
           [8.]])
    """
    if array_namespace(x) is numpy and x.dtype.kind == "f":
        return numpy.vecdot(x, y)[..., None]
    return row_sums(x * y)


def sums(x: Array, axes: tuple[int, ...]) -> Array:
    """The sums of x along some axes, which stay with size 1.

    >>> sums(numpy.ones((2, 3, 4)), (1, 2))
    array([[[12.]],
    <BLANKLINE>
           [[12.]]])
    """
    lead = x.ndim - len(axes)
    if axes and axes == tuple(range(lead, x.ndim)) and x.flags.c_contiguous:
        rows = x.reshape(*x.shape[:lead], prod(x.shape[lead:]))
        return row_sums(rows).reshape(*x.shape[:lead], *(1,) * len(axes))
    return x.sum(axis=axes, keepdims=True, dtype=x.dtype)


def dots(x: Array, y: Array, axes: tuple[int, ...]) -> Array:
    """The sums of x * y along some axes, which stay with size 1: without the product in memory, where they are the last.

    >>> dots(numpy.ones((2, 3)), numpy.ones((2, 3)), (0, 1))
    array([[6.]])
    """
    lead = x.ndim - len(axes)
    if axes and axes == tuple(range(lead, x.ndim)) and x.flags.c_contiguous and y.flags.c_contiguous:
        shape = (*x.shape[:lead], prod(x.shape[lead:]))
        return row_dots(x.reshape(shape), y.reshape(shape)).reshape(*x.shape[:lead], *(1,) * len(axes))
    return (x * y).sum(axis=axes, keepdims=True, dtype=x.dtype)


def exponentials(x: Array, axis: int, keep: bool = True) -> tuple[Array, Array, Array]:
    """(x - c, exp(x - c), its sums along the axis), where the number c of each row keeps exp from overflow.

    Any c near the row's largest will do: what is made of the result does not depend on it.  The largest number of all is
    found ten times faster than that of each row; it was near enough where no sum is tiny.  With `keep=False` the first
    result is overwritten by the second.

    >>> [a.tolist() for a in exponentials(numpy.array([[0.0, 0.0], [-1e9, 0.0]]), 1)]
    [[[0.0, 0.0], [-1000000000.0, 0.0]], [[1.0, 1.0], [0.0, 1.0]], [[2.0], [1.0]]]
    """
    xp = array_namespace(x)
    last = axis == x.ndim - 1
    if xp is numpy and last and x.shape[-1] <= 512 and x.size > 256:
        y = x - x.max()
        e = xp.exp(y, out=None if keep else y)
        total = row_sums(e)
        if total.min() > LEAST:
            return y, e, total
    y = x - x.max(axis=axis, keepdims=True)
    e = xp.exp(y, out=None if keep else y)
    return y, e, row_sums(e) if last else e.sum(axis=axis, keepdims=True, dtype=e.dtype)
