"""Inner products and exponentials along an axis: what softmax, the normalisations and the losses consist of.

Like `sums.py`, these avoid NumPy's loops over short rows, which cost more than the numbers in them.  The callers are in
`ops/`.
"""

from __future__ import annotations

from math import prod

import numpy

from ._namespace import Array, array_namespace
from .sums import total

LEAST = 1e-6  # a row whose exponentials sum to less lies too far below the largest number of all


def dots(x: Array, y: Array, axes: tuple[int, ...]) -> Array:
    """The sums of x * y along some axes, which stay with size 1; y may have 1 for the sizes of the other axes.

    The product is not stored where the axes are the last.

    >>> dots(numpy.ones((2, 3)), numpy.ones((2, 3)), (1,))
    array([[3.],
           [3.]])
    """
    lead = x.ndim - len(axes)
    rows = axes == tuple(range(lead, x.ndim)) and x.flags.c_contiguous and x.shape[lead:] == y.shape[lead:]
    if rows and array_namespace(x) is numpy and x.dtype.char in "fd":
        D = prod(x.shape[lead:])
        return numpy.vecdot(x.reshape(*x.shape[:lead], D), y.reshape(*y.shape[:lead], D)).reshape(
            *x.shape[:lead], *(1,) * len(axes)
        )
    columns = (
        axes == tuple(range(len(axes)))
        and lead
        and x.flags.c_contiguous
        and y.shape == (*x.shape[: len(axes)], *(1,) * lead)
    )
    if columns and x.dtype.char in "fd" and y.dtype == x.dtype:  # a row times a matrix
        rest = x.shape[len(axes) :]
        return (y.reshape(1, y.size) @ x.reshape(y.size, prod(rest))).reshape(*(1,) * len(axes), *rest)
    return total(x * y, axes, keepdims=True)


def exponentials(x: Array, axis: int, keep: bool = True) -> tuple[Array, Array, Array]:
    """(x - c, exp(x - c), its sums along the axis), where the number c of each row keeps exp from overflow.

    Any c near the row's largest will do: what is made of the result does not depend on it.  The largest number of all
    is found ten times faster than that of each row; it was near enough where no sum is tiny.  With `keep=False` the
    first result is overwritten by the second.

    >>> [a.tolist() for a in exponentials(numpy.array([[0.0, 0.0], [-1e9, 0.0]]), 1)]
    [[[0.0, 0.0], [-1000000000.0, 0.0]], [[1.0, 1.0], [0.0, 1.0]], [[2.0], [1.0]]]
    """
    xp = array_namespace(x)
    if xp is numpy and axis == x.ndim - 1 and x.shape[-1] <= 512 and x.size > 256:
        y = x - x.max()
        e = xp.exp(y, out=None if keep else y)
        sums = total(e, (axis,), keepdims=True)
        if sums.min() > LEAST:
            return y, e, sums
    y = x - x.max(axis=axis, keepdims=True)
    e = xp.exp(y, out=None if keep else y)
    return y, e, total(e, (axis,), keepdims=True)
