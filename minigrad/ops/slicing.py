"""Regions of a tensor that strides can describe: one index, a range, a diagonal, sliding windows.

Each is a view.  Its gradient is zero everywhere but in the region, so forward and backward need only one thing of a
region: how to *look* at it in a raw array (`Region.look`).  `Place` writes through that look into zeros, `Embed` into a
copy.  Read `indexing.py` next, where `x[...]` is made of these.
"""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation, ViewOperation
from minigrad.autograd.function import wrap as as_tensor
from minigrad.kernels import array_namespace
from minigrad.kernels.strides import strided
from minigrad.ops._dims import normalize_dim
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

FULL = slice(None)


class Region(ViewOperation):
    """A region seen in the memory of x; dx = g in the region, 0 elsewhere."""

    @staticmethod
    def look(x: Any, *where: Any) -> Any:
        """The region as a view of a raw array."""
        return x[where[0]]  # an index with an Ellipsis gives a view even of a single element

    @staticmethod
    def forward(ctx: Any, x: Any, *where: Any) -> Any:
        ctx.shape, ctx.where = x.shape, where
        return ctx.look(x, *where)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Place.apply(g, ctx.shape, type(ctx), ctx.where)


class Select(Region):
    """One position along an axis, which disappears."""


class Slice(Region):
    """A range of positions along axes."""


class NewAxis(Region):
    """An index with None: an axis of size 1."""

    def name(self) -> str:
        return "UnsqueezeBackward0"


class Alias(Region):
    """Everything."""


class Diagonal(Region):
    """The diagonal of two axes, as a new last axis."""

    @staticmethod
    def look(x: Any, *where: Any) -> Any:
        offset, dim1, dim2 = where
        cut = [FULL] * len(x.shape)
        cut[dim1], cut[dim2] = slice(max(-offset, 0), None), slice(max(offset, 0), None)
        x = x[tuple(cut)]
        rest = [i for i in range(len(x.shape)) if i not in (dim1, dim2)]
        shape = (*[x.shape[i] for i in rest], min(x.shape[dim1], x.shape[dim2]))
        strides = (*[x.strides[i] for i in rest], x.strides[dim1] + x.strides[dim2])
        return strided(x, shape, strides)


class Place(Operation):
    """Zeros with x in a region: what a Region has as its derivative; dx = g seen in the region."""

    @staticmethod
    def forward(ctx: Any, x: Any, shape: tuple[int, ...], region: type[Region], where: tuple[Any, ...]) -> Any:
        ctx.region, ctx.where = region, where
        result = array_namespace(x).zeros(shape, x.dtype)
        region.look(result, *where)[...] = x
        return result

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return ctx.region.apply(g, *ctx.where)


class DiagEmbed(Place):
    """Zeros with x on a diagonal."""


class Embed(Operation):
    """x with y in a region; dx = g with 0 in the region, dy = g seen in the region."""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any, region: type[Region], where: tuple[Any, ...]) -> Any:
        ctx.shape, ctx.region, ctx.where = y.shape, region, where
        result = array_namespace(x).array(x, copy=True)
        region.look(result, *where)[...] = y
        return result

    @staticmethod
    def backward(ctx: Any, g: Any) -> tuple[Any, Any]:
        nothing = as_tensor(array_namespace(g._array).zeros(ctx.shape, g._array.dtype))
        return Embed.apply(g, nothing, ctx.region, ctx.where), ctx.region.apply(g, *ctx.where)


class Unfold(ViewOperation):
    """Sliding windows along an axis, the positions within a window as a new last axis; dx = the windows added up."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, size: int, step: int) -> Any:
        ctx.shape, ctx.window = x.shape, (dim, size, step)
        length, stride = x.shape[dim], x.strides[dim]
        shape = (*x.shape[:dim], (length - size) // step + 1, *x.shape[dim + 1 :], size)
        strides = (*x.strides[:dim], stride * step, *x.strides[dim + 1 :], stride)
        return strided(x, shape, strides)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Fold.apply(g, ctx.shape, *ctx.window)


class Fold(Operation):
    """Windows added up where they lie; dx = the windows of g."""

    @staticmethod
    def forward(ctx: Any, x: Any, shape: tuple[int, ...], dim: int, size: int, step: int) -> Any:
        ctx.window = dim, size, step
        result = array_namespace(x).zeros(shape, x.dtype)
        count = x.shape[dim]
        for k in range(size):  # one tap of all windows at a time: no two of them meet
            result[(FULL,) * dim + (slice(k, k + step * (count - 1) + 1, step),)] += x[..., k]
        return result

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Unfold.apply(g, *ctx.window)


# ------------------------------------------------------------------------------------------------ one index, a range


def _selected(input: Tensor, dim: int, index: Any) -> tuple[Any, ...]:
    shape = input._array.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim, index = normalize_dim(dim, len(shape)), index.__index__()
    if not -shape[dim] <= index < shape[dim]:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {dim}")
    return (FULL,) * dim + (index, ...)


def _sliced(input: Tensor, dim: int, start: int | None, end: int | None, step: int) -> tuple[Any, ...]:
    if not input._array.shape:
        raise RuntimeError("slice() cannot be applied to a 0-dim tensor.")
    if step <= 0:
        raise RuntimeError(f"slice step must be positive, got {step}")
    return (FULL,) * normalize_dim(dim, len(input._array.shape)) + (slice(start, end, step), ...)


def _diagonal(input: Tensor, offset: int, dim1: int, dim2: int) -> tuple[int, int, int]:
    rank = len(input._array.shape)
    first, second = normalize_dim(dim1, rank), normalize_dim(dim2, rank)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return offset, first, second


@operation(out=False)
def select(input: Tensor, dim: int, index: Any) -> Tensor:
    """Position `index` along a dimension, which disappears: `input[:, index]` for dim=1.  A view.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).select(1, 0)
    tensor([1, 3])
    """
    return Select.apply(input, _selected(input, dim, index))


@operation(out=False)
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """Positions `start` to `start + length` (exclusive) along a dimension.  A view.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3, 4]).narrow(0, 1, 2)
    tensor([2, 3])
    """
    shape = input._array.shape
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError(f"narrow(): length must be non-negative, got {length}")
    if isinstance(start, Tensor) and (start._array.shape or start.dtype.is_inexact or start.dtype is dtypes.bool_):
        raise RuntimeError(f"start must be an 0-dim integral Tensor, got {start.dtype} of shape {list(start._array.shape)}")
    dim, start = normalize_dim(dim, len(shape)), start.__index__()
    if not -shape[dim] <= start <= shape[dim]:
        raise IndexError(f"start out of range (expected to be in range of [{-shape[dim]}, {shape[dim]}], but got {start})")
    start = start + shape[dim] if start < 0 else start
    if start + length > shape[dim]:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({shape[dim]}).")
    return Slice.apply(input, (FULL,) * dim + (slice(start, start + length), ...))


@operation(where=(), method=True, out=False)
def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of `size` positions along a dimension, `step` apart, with a new last dimension inside them.  A view.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3, 4]).unfold(0, 3, 1)
    tensor([[1, 2, 3],
            [2, 3, 4]])
    """
    shape = input._array.shape
    dim = normalize_dim(dimension, len(shape))
    length = shape[dim] if shape else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > length:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {length} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not shape:
        return narrow(input.unsqueeze(0), 0, 0, size)
    return Unfold.apply(input, dim, size, step)


# ------------------------------------------------------------------------------------------------ diagonals


@operation(out=False)
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The elements whose indices along two dimensions differ by `offset`, as a new last dimension.  A view.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).diagonal()
    tensor([1, 4])
    """
    return Diagonal.apply(input, *_diagonal(input, offset, dim1, dim2))


@operation(out=False)
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices of zeros with the last dimension of `input` on their diagonals: the reverse of `diagonal`.

    >>> import minigrad
    >>> minigrad.tensor([1, 2]).diag_embed()
    tensor([[1, 0],
            [0, 2]])
    """
    shape = input._array.shape
    rank = len(shape) + 1
    first, second = normalize_dim(dim1, rank), normalize_dim(dim2, rank)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    if not shape:
        raise IndexError("diag_embed: a 0-d tensor has no dimension to put on a diagonal")
    side = shape[-1] + abs(offset)
    rest = iter(shape[:-1])
    goal = tuple([side if i in (first, second) else next(rest) for i in range(rank)])
    return DiagEmbed.apply(input, goal, Diagonal, (offset, first, second))


@operation
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A vector as the diagonal of a matrix of zeros; of a matrix, its diagonal (a copy).

    >>> import minigrad
    >>> minigrad.diag(minigrad.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    rank = len(input._array.shape)
    if rank == 1:
        return diag_embed(input, diagonal)
    if rank == 2:
        return Diagonal.apply(input, diagonal, 0, 1).clone()
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {rank}D")


@operation(out=False)
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """All elements, in reading order, as the diagonal of a matrix of zeros.

    >>> import minigrad
    >>> minigrad.diagflat(minigrad.tensor([[1], [2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(input.ravel(), offset)


@operation(where=(), method=True, out=False)
def fill_diagonal_(input: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write a number on the main diagonal, in place; with `wrap` again and again down a tall matrix, a free row between.

    >>> import minigrad
    >>> minigrad.zeros(2, 2).fill_diagonal_(5)
    tensor([[5., 0.],
            [0., 5.]])
    """
    shape = input._array.shape
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2:
        if len(set(shape)) > 1:
            raise RuntimeError(f"all dimensions of input must be of equal length, got {list(shape)}")
        along = array_namespace(input._array).arange(shape[0])
        input[tuple([as_tensor(along.copy()) for _ in shape])] = fill_value
        return input
    for start in range(0, shape[0] if wrap else 1, shape[1] + 1):
        Slice.apply(input, (slice(start, None), ...)).diagonal().fill_(fill_value)
    return input


# ------------------------------------------------------------------------------------------------ a copy with a region replaced


def _embedded(input: Tensor, src: Tensor, region: type[Region], where: tuple[Any, ...]) -> Tensor:
    """`input` with `src` in a region whose shape has to be that of `src`."""
    shape = region.look(array_namespace(input._array).empty(input._array.shape, bool), *where).shape
    if src._array.shape != shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src._array.shape)}, "
            f"slice size = {list(shape)}"
        )
    return Embed.apply(input, src, region, where)


@operation(out=False)
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of `input` whose position `index` along `dim` is `src`.

    >>> import minigrad
    >>> minigrad.zeros(2, 2).select_scatter(minigrad.tensor([1.0, 2.0]), 0, 1)
    tensor([[0., 0.],
            [1., 2.]])
    """
    return _embedded(input, src, Select, (_selected(input, dim, index),))


@operation(out=False)
def slice_scatter(input: Tensor, src: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Tensor:
    """A copy of `input` whose positions `start:end:step` along `dim` are `src`.

    >>> import minigrad
    >>> minigrad.zeros(4).slice_scatter(minigrad.ones(2), 0, 1, 3)
    tensor([0., 1., 1., 0.])
    """
    where = _sliced(input, dim, start, end, step)
    shape = Slice.look(array_namespace(input._array).empty(input._array.shape, bool), where).shape
    return _embedded(input, src.expand(shape), Slice, (where,))


@operation(out=False)
def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of `input` whose diagonal is `src`.

    >>> import minigrad
    >>> minigrad.zeros(2, 2).diagonal_scatter(minigrad.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    return _embedded(input, src, Diagonal, _diagonal(input, offset, dim1, dim2))
