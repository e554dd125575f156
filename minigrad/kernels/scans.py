"""Running sums, products, maxima along an axis: the result at each place is that of all places so far.

`ops/scan.py` is the caller.
"""

from __future__ import annotations

import numpy

from ._namespace import Array, array_namespace

WIDE = 100  # from so many neighbours on, whole rows are combined one after the other
WIDER = {"float16": "float32", "bfloat16": "float32", "float32": "float64", "complex64": "complex128"}


def running(ufunc: str, x: Array, axis: int) -> Array:
    """The scan of an associative ufunc ("maximum", "logaddexp"...) along an axis, in the dtype of x.

    >>> running("maximum", numpy.array([1, 3, 2]), 0)
    array([1, 3, 3])
    """
    xp = array_namespace(x)
    combine, n = getattr(xp, ufunc), x.shape[axis]
    if xp is not numpy:
        return combine.accumulate(x, axis) if ufunc in ("add", "multiply") else _doubling(combine, x, axis)
    if x.size < WIDE * n or axis == x.ndim - 1:
        return combine.accumulate(x, axis)
    out = numpy.array(x, order="C")  # NumPy would go down the columns one by one: ten times slower
    rows = numpy.moveaxis(out, axis, 0)
    for i in range(1, n):
        combine(rows[i - 1], rows[i], out=rows[i])
    return out


def exact_running(ufunc: str, x: Array, axis: int) -> Array:
    """The running sum ("add") or product ("multiply"), accumulated in a wider type; integers and booleans in int64.

    >>> exact_running("add", numpy.array([True, True]), 0)
    array([1, 2])
    """
    if x.dtype.kind in "biu":
        return running(ufunc, x.astype("int64", copy=False), axis)
    wide = WIDER.get(x.dtype.name)
    return running(ufunc, x, axis) if wide is None else running(ufunc, x.astype(wide), axis).astype(x.dtype)


def _doubling(combine: numpy.ufunc, x: Array, axis: int) -> Array:
    """In log2(n) steps, each of which joins stretches of 1, 2, 4... places.

    (Hillis and Steele, "Data parallel algorithms", 1986.)
    """
    xp = array_namespace(x)
    out = xp.array(x, copy=True)
    lines = xp.moveaxis(out, axis, 0)
    reach = 1
    while reach < len(lines):
        lines[reach:] = combine(lines[reach:], lines[:-reach])
        reach *= 2
    return out
