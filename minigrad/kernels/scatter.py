"""Adding (multiplying, comparing) many values into few places, where an index may name a place twice.

`out[index] += values` is wrong for such indices: NumPy and CuPy read, add and write once for each place.  The kernels
here are right, and they are what the derivative of every gather needs: embedding tables, `x[index]`, max pooling.
Those that take `out` change it in place and return it.  The steps in which the two libraries differ are in `cpu.py` and
`gpu.py`; read `cpu.add_rows` for what makes an embedding's gradient fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ._namespace import Array, array_namespace, limits, of


# -------------------------------------------------------------------------------------------- number by number
def gather(x: Array, axis: int, index: Array) -> Array:
    """y[i, j, k] = x[index[i, j, k], j, k] for axis 0, over all places of `index` (which may be shorter than x)."""
    return x.reshape(-1).take(_positions(x.shape, axis, index))


def scatter(out: Array, axis: int, index: Array, src: Any) -> Array:
    """out[index[i, j, k], j, k] = src[i, j, k] for axis 0.  Of several values for one place any may win."""
    flat = out.reshape(-1)
    flat[_positions(out.shape, axis, index)] = _cut(src, index)
    return _into(out, flat)


def scatter_add(out: Array, axis: int, index: Array, src: Array) -> Array:
    """out[index[i, j, k], j, k] += src[i, j, k] for axis 0: the derivative of `gather`.

    As there, the loop runs over `index`, which may be shorter than `src` and, but for `axis`, than `out`.

    >>> import numpy
    >>> scatter_add(numpy.zeros(3), 0, numpy.array([0, 2, 0]), numpy.array([1., 2., 4.]))
    array([5., 0., 2.])
    """
    return scatter_reduce(out, axis, index, src, "sum")


def scatter_reduce(out: Array, axis: int, index: Array, src: Any, reduce: str, include_self: bool = True) -> Array:
    """`scatter_add` for reduce = "sum", "prod", "mean", "amax" or "amin".

    The numbers in `out` take part if `include_self`; if not, they survive only where no index points.  Means of
    integers round towards minus infinity.  Raises RuntimeError for an index out of bounds or an unknown reduction.

    >>> import numpy
    >>> scatter_reduce(numpy.ones(2), 0, numpy.array([0, 0]), numpy.array([3., 5.]), "mean", include_self=False)
    array([4., 1.])
    """
    if reduce not in REDUCTIONS:
        raise RuntimeError(f"reduce argument must be one of {', '.join(REDUCTIONS)}, got {reduce!r}")
    xp, kernels = array_namespace(out), of(out)
    ufunc, neutral = REDUCTIONS[reduce]
    positions = _positions(out.shape, axis, index).reshape(-1)
    values = xp.ascontiguousarray(xp.broadcast_to(_cut(src, index), index.shape)).reshape(-1)
    flat = out.reshape(-1)
    if not include_self:
        flat[positions] = limits(out.dtype)[neutral] if isinstance(neutral, str) else neutral
    kernels.combine_at(ufunc, flat, positions, values.astype(out.dtype, copy=False))
    if reduce == "mean":
        count = xp.full(flat.size, int(include_self), "int64")
        kernels.combine_at("add", count, positions, xp.ones(positions.size, "int64"))
        count = xp.maximum(count, 1)
        whole = out.dtype.kind in "iu"
        flat[...] = flat // count.astype(out.dtype) if whole else flat / count.astype(flat.real.dtype)
    return _into(out, flat)


REDUCTIONS: dict[str, tuple[str, Any]] = {
    "sum": ("add", 0),
    "prod": ("multiply", 1),
    "mean": ("add", 0),
    "amax": ("maximum", "lowest"),
    "amin": ("minimum", "highest"),
}


def _positions(shape: Sequence[int], axis: int, index: Array) -> Array:
    """Where, in the flattened array of `shape`, the numbers lie that `index` names along `axis`."""
    xp = array_namespace(index)
    if not shape:
        shape = (1,)
    axis %= len(shape)
    _check(index, shape[axis], axis)
    positions = index.reshape(index.shape or (1,)).astype("int64") * prod(shape[axis + 1 :])
    for other, size in enumerate(positions.shape):
        if other != axis:
            along = xp.arange(size) * prod(shape[other + 1 :])
            positions += along.reshape(-1, *(1,) * (len(shape) - other - 1))
    return positions.reshape(index.shape)


def _check(index: Array, size: int, axis: int) -> None:
    """Refuse an index outside [0, size): flattened, it would silently name a place in another row."""
    if index.size and not (0 <= int(index.min()) and int(index.max()) < size):
        worst = int(index.min()) if int(index.min()) < 0 else int(index.max())
        raise RuntimeError(f"index {worst} is out of bounds for dimension {axis} with size {size}")


def _cut(src: Any, index: Array) -> Any:
    """The part of src that `index` covers."""
    return src[tuple(map(slice, index.shape))] if getattr(src, "ndim", 0) else src


def _into(out: Array, flat: Array) -> Array:
    """Bring `flat`, made by out.reshape(-1) and changed since, back to `out` where it was a copy."""
    if not out.flags.c_contiguous:
        out[...] = flat.reshape(out.shape)
    return out


# ------------------------------------------------------------------------------------------------------ row by row
def index_add(out: Array, axis: int, index: Array, source: Array) -> Array:
    """out[index[i], ...] += source[i, ...] for axis 0, for all i: index (M,), source as `out` but M long on `axis`.

    >>> import numpy
    >>> index_add(numpy.zeros((2, 2)), 0, numpy.array([1, 1]), numpy.array([[1., 2.], [3., 4.]]))
    array([[0., 0.],
           [4., 6.]])
    """
    xp = array_namespace(out)
    if not out.ndim:
        index_add(out.reshape(1), 0, index.reshape(-1), source.reshape(-1))
        return out
    axis %= out.ndim
    _check(index, out.shape[axis], axis)
    order = (axis, *(other for other in range(out.ndim) if other != axis))
    turned = out.transpose(order)
    rows = xp.ascontiguousarray(source.transpose(order).astype(out.dtype, copy=False)).reshape(len(index), prod(turned.shape[1:]))
    dense = xp.ascontiguousarray(turned)  # itself, where it already is
    of(out).add_rows(dense.reshape(len(dense), prod(dense.shape[1:])), index.astype("int64", copy=False), rows)
    _into(turned, dense)
    return out


def put_add(out: Array, index: Any, values: Any) -> Array:
    """out[index] += values with every repetition counted, for any index that NumPy understands: `index_put_` with
    accumulate=True, and the derivative of `x[index]`.  Negative integers count from the end.

    >>> import numpy
    >>> put_add(numpy.zeros(3), (numpy.array([0, -1, 0]),), 1.0)
    array([2., 0., 1.])
    """
    xp = array_namespace(out)
    if not out.flags.c_contiguous:
        out[...] = put_add(xp.ascontiguousarray(out), index, values)
        return out
    index = index if isinstance(index, tuple) else (index,)
    values, lead = xp.asarray(values, out.dtype), len(index)
    if not 0 < lead <= out.ndim or not all(map(_holds_integers, index)):  # slices, masks, None: the general way
        of(out).combine_at("add", out, index, values)
        return out
    rows = xp.zeros((), "int64")  # the leading axes as one: x[i, j] is row i * S + j
    for axis, (i, size) in enumerate(zip(index, out.shape)):
        i = xp.where(i < 0, i + size, i)
        _check(i, size, axis)
        rows = rows * size + i
    values = xp.broadcast_to(values, (*rows.shape, *out.shape[lead:]))
    flat = out.reshape(prod(out.shape[:lead]), *out.shape[lead:])
    index_add(flat, 0, rows.reshape(-1), values.reshape(rows.size, *out.shape[lead:]))
    return out


def _holds_integers(index: Any) -> bool:
    return getattr(index, "dtype", None) is not None and index.dtype.kind in "iu"


def embedding_backward(
    g: Array, index: Array, num_rows: int, padding_idx: int | None = None, scale_by_frequency: bool = False
) -> Array:
    """The gradient (V, D) of a table from which `index` (*) took rows, given that of the result, g (*, D).

    Row `padding_idx` gets none.  With `scale_by_frequency` each row's gradient is divided by how often it was taken.

    >>> import numpy
    >>> embedding_backward(numpy.ones((3, 2)), numpy.array([1, 0, 1]), num_rows=3, padding_idx=0)
    array([[0., 0.],
           [2., 2.],
           [0., 0.]])
    """
    xp = array_namespace(g)
    D = g.shape[-1]
    table = index_add(xp.zeros((num_rows, D), g.dtype), 0, index.reshape(-1), g.reshape(index.size, D))
    if padding_idx is not None:
        table[padding_idx] = 0
    if scale_by_frequency:
        count = xp.maximum(xp.bincount(index.reshape(-1), minlength=num_rows), 1)
        table /= count.astype(g.dtype)[:, None]
    return table
