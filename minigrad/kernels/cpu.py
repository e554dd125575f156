"""What NumPy does in its own way: combining values into places that an index may name more than once.

`gpu.py` has the same names for CuPy; every other kernel is one body for both.  `scatter.py` is the caller.
"""

from __future__ import annotations

from typing import Any

import numpy

from ._namespace import Array

FEW = 1 << 15  # up to so many numbers, one by one is quicker than sorting
NARROW = 16  # and so it is for rows as short as this
ROUND = 3  # what adding rows to many places costs, in sums of one run


def combine_at(ufunc: str, out: Array, index: Any, values: Array) -> None:
    """out[index] = ufunc(out[index], values), once for every time a place is named."""
    getattr(numpy, ufunc).at(out, index, values)


def add_rows(out: Array, index: Array, rows: Array) -> None:
    """out[index[i]] += rows[i] for i in order, where out (V, D) is contiguous, index (M,) and rows (M, D).

    Sorted by index, the rows of one place stand together.  A place named often gets the sum of its run; the others take
    the second of their rows all at once, then the third, and so on.  The line between often and seldom is drawn where
    the calls to NumPy cost least: a page of English names thousands of places, and some fifty calls do.
    """
    M, D = rows.shape
    if rows.size <= FEW or D <= NARROW:
        numpy.add.at(out.reshape(-1), (index[:, None] * D + numpy.arange(D)).reshape(-1), rows.reshape(-1))
        return
    order, places, starts, counts = runs(index, len(out))
    falling = numpy.append(numpy.sort(counts)[::-1], 1)
    often = int(numpy.argmin(numpy.arange(len(falling)) + ROUND * falling))
    sums = rows[order[starts]]
    for run in numpy.flatnonzero(counts > falling[often]).tolist():
        rows[order[starts[run] :][: counts[run]]].sum(axis=0, dtype=out.dtype, out=sums[run])
    for nth in range(1, int(falling[often])):
        there = numpy.flatnonzero((counts > nth) & (counts <= falling[often]))
        sums[there] += rows[order[starts[there] + nth]]
    out[places] += sums


def runs(index: Array, size: int) -> tuple[Array, Array, Array, Array]:
    """Sort an index below `size`: (order, places, starts, counts); places[r] fills order[starts[r]:][:counts[r]]."""
    kind = "uint16" if size <= 1 << 16 else "int64"  # NumPy sorts 16-bit integers by radix, ten times faster
    order = numpy.argsort(index.astype(kind), kind="stable")
    ranked = index[order]
    starts = numpy.flatnonzero(numpy.concatenate(([True], ranked[1:] != ranked[:-1])))
    return order, ranked[starts], starts, numpy.diff(starts, append=len(index))
