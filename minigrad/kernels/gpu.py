"""What CuPy does in its own way: combining values into places that an index may name more than once.

`cpu.py` has the same names for NumPy; every other kernel is one body for both.  `scatter.py` is the caller.
"""

from __future__ import annotations

from ._namespace import Array, array_namespace


def combine_at(ufunc: str, out: Array, index: Array | tuple, values: Array) -> None:
    """out[index] = ufunc(out[index], values), once for every time a place is named.

    For ufuncs other than "add", `out` is one-dimensional and `index` an array.
    """
    if ufunc != "add":
        combine_by_halving(ufunc, out, index, values)
        return
    import cupyx

    if out.dtype == "int64":  # CuPy adds atomically in uint64 alone; in two's complement the sums are the same
        out, values = out.view("uint64"), values.astype("int64").view("uint64")
    cupyx.scatter_add(out, index, values)


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
