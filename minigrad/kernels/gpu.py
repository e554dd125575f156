"""What CuPy does in its own way: combining values into places that an index may name more than once.

`cpu.py` has the same names for NumPy; every other kernel is one body for both.  `scatter.py` is the caller.
"""

from __future__ import annotations

from typing import Any

from ._namespace import Array, array_namespace

ADDABLE = "iILQefd"  # the dtypes that every CuPy in use adds atomically


def combine_at(ufunc: str, out: Array, index: Any, values: Array) -> None:
    """out[index] = ufunc(out[index], values), once for every time a place is named; `out` is contiguous.

    Atomic maxima would pass over NaN, and there is no atomic product: those, and additions of small integers, are sorted.
    """
    xp = array_namespace(out)
    if ufunc == "add" and out.dtype.char in ADDABLE:
        xp.add.at(out, index, values)
        return
    places = xp.arange(out.size).reshape(out.shape)[index]
    combine_by_halving(ufunc, out.reshape(-1), places.reshape(-1), xp.broadcast_to(values, places.shape).reshape(-1))


def add_rows(out: Array, index: Array, rows: Array) -> None:
    """out[index[i]] += rows[i], where out (V, D), index (M,) and rows (M, D)."""
    combine_at("add", out, index, rows)


def combine_by_halving(ufunc: str, out: Array, index: Array, values: Array) -> None:
    """Sort by place, then join neighbours of one place two by two until each place has one value left.

    log2(M) rounds for M values to a place, in whole-array operations only.
    """
    xp = array_namespace(out)
    combine = getattr(xp, ufunc)
    order = xp.argsort(index, kind="stable")
    places, values = index[order], values[order]
    while True:
        first = xp.ones(len(places), bool)
        first[1:] = places[1:] != places[:-1]
        if bool(first.all()):
            break
        rank = xp.arange(len(places)) - xp.flatnonzero(first)[xp.cumsum(first) - 1]
        odd = xp.flatnonzero(rank % 2)
        values[odd - 1] = combine(values[odd - 1], values[odd])
        even = xp.flatnonzero(rank % 2 == 0)
        places, values = places[even], values[even]
    out[places] = combine(out[places], values)
