"""Masks and places: filling and selecting by a mask, finding where it holds, triangles of matrices, one-hot codes.

A mask chooses, it does not multiply: where it says no, a NaN or an infinity must leave no trace, in the value or in the
gradient.  `kernels/elementwise.py` tells how that is done fast.  Read `gathering.py` next; `where` is in `choosing.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import devices, dtypes
from minigrad.autograd.function import Operation, wrap
from minigrad.kernels import array_namespace
from minigrad.kernels.elementwise import choose, keep
from minigrad.ops._dims import sizes
from minigrad.ops._numbers import number_as
from minigrad.ops.broadcasting import broadcast_shape, broadcast_tensors
from minigrad.ops.choosing import kept
from minigrad.ops.indexing import Index, IndexPut
from minigrad.ops.pointwise import Number, cast
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor


class MaskedFill(Operation):
    """x with a value where the mask is true; dx = g with 0 there, dvalue = the sum of g there."""

    @staticmethod
    def forward(ctx: Any, x: Any, mask: Any, value: Any) -> Any:
        ctx.save_for_backward(mask)
        return choose(mask, cast(value, x.dtype), x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        mask = ctx.saved_tensors[0]._array
        return kept(g, ~mask), None, kept(g, mask) if ctx.needs_input_grad[2] else None


class Tril(Operation):
    """The triangle of each matrix on and below a diagonal, 0 above it; dx = the same triangle of g."""

    @staticmethod
    def triangle(x: Any, k: int) -> Any:
        """The mask of the triangle."""
        return array_namespace(x).tri(x.shape[-2], x.shape[-1], k, dtype=bool)

    @staticmethod
    def forward(ctx: Any, x: Any, k: int) -> Any:
        ctx.k = k
        return keep(x, ctx.triangle(x, k))

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return type(ctx).apply(g, ctx.k)


class Triu(Tril):
    """The triangle of each matrix on and above a diagonal, 0 below it; dx = the same triangle of g."""

    @staticmethod
    def triangle(x: Any, k: int) -> Any:
        """The mask of the triangle."""
        return ~Tril.triangle(x, k - 1)


# ------------------------------------------------------------------------------------------------ choosing


@operation(in_place=True, out=False)
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`input` with `value` (a number or a 0-d tensor) where the mask is true; the two broadcast.

    >>> import minigrad
    >>> minigrad.zeros(3).masked_fill(minigrad.tensor([True, False, True]), 5)
    tensor([5., 0., 5.])
    """
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError(f"masked_fill only supports boolean masks, but got mask with dtype {mask.dtype}")
    if isinstance(value, Tensor):
        if value._array.shape:
            raise RuntimeError(
                f"masked_fill only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
            )
        if value.dtype is not input.dtype:
            number_as(value.item(), input.dtype)
    elif isinstance(value, Number):
        value = number_as(value, input.dtype)
    else:
        raise TypeError(f"masked_fill(): argument 'value' (position 3) must be Number or 0-d Tensor, not {type(value).__name__}")
    return MaskedFill.apply(input, mask, value)


@operation
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask is true, in reading order, as a 1-d tensor; the two broadcast.

    >>> import minigrad
    >>> x = minigrad.tensor([[1, 2], [3, 4]])
    >>> minigrad.masked_select(x, x > 2)
    tensor([3, 4])
    """
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError(f"masked_select: expected BoolTensor for mask, got {mask.dtype}")
    input, mask = broadcast_tensors(input, mask)
    return Index.apply(*((input, (0,), mask) if mask._array.shape else (input.unsqueeze(0), (0,), mask.unsqueeze(0))))


@operation(in_place=True, out=False)
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`input` with the first elements of `source`, one after another, at the places where the mask is true.

    >>> import minigrad
    >>> mask = minigrad.tensor([False, True, True])
    >>> minigrad.zeros(3).masked_scatter(mask, minigrad.tensor([5.0, 6.0, 7.0]))
    tensor([0., 5., 6.])
    """
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}")
    if input.dtype is not source.dtype:
        raise RuntimeError(f"masked_scatter: expected self and source to have same dtypes but got {input.dtype} and {source.dtype}")
    shape = broadcast_shape(input._array.shape, mask._array.shape)
    input, mask = input.expand(shape), mask.expand(shape)
    count = int(mask._array.sum())
    if count > source.numel():
        raise RuntimeError(
            f"masked_scatter: expected the source to have at least as many elements as there are true ones in the mask: {count}, "
            f"got {source.numel()}"
        )
    flat = IndexPut.apply(input.reshape(-1), source.reshape(-1)[:count], False, (0,), mask.reshape(-1))
    return flat.view(shape)


# ------------------------------------------------------------------------------------------------ finding


@operation
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: one row each (n, ndim), or with `as_tuple` one tensor per dimension.

    >>> import minigrad
    >>> minigrad.tensor([[1, 0], [0, 2]]).nonzero()
    tensor([[0, 0],
            [1, 1]])
    """
    array, xp = input._array, array_namespace(input._array)
    found = _coordinates(xp.flatnonzero(array), array.shape or (1,))  # a third of the time of xp.nonzero
    if as_tuple:
        return tuple([wrap(i) for i in found])
    if not array.shape:
        return wrap(xp.zeros((len(found[0]), 0), "int64"))
    return wrap(xp.stack(found, axis=1))


def _coordinates(positions: Any, shape: tuple[int, ...]) -> list[Any]:
    """Positions in a flattened array as indices along each of its axes."""
    found = []
    for size in reversed(shape[1:]):
        whole = positions // size
        found.append(positions - whole * size)
        positions = whole
    return [positions, *reversed(found)]


@operation
def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not zero, one row each: `nonzero(input)`.

    >>> import minigrad
    >>> minigrad.tensor([0, 7, 7]).argwhere()
    tensor([[1],
            [2]])
    """
    return nonzero(input)


@operation
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """`nonzero` with exactly `size` rows: cut, or filled up with `fill_value`.

    >>> import minigrad
    >>> minigrad.tensor([0, 7]).nonzero_static(size=2)
    tensor([[ 1],
            [-1]])
    """
    if size < 0:
        raise RuntimeError(f"nonzero_static: 'size' must be an non-negative integer, got {size}")
    found = nonzero(input)._array[:size]
    result = array_namespace(found).full((size, found.shape[1]), fill_value, "int64")
    result[: len(found)] = found
    return wrap(result)


@operation(method=False, out=False)
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Indices into a flattened tensor as indices into one of the given shape, one tensor per dimension.

    >>> import minigrad
    >>> minigrad.unravel_index(minigrad.tensor([4, 5]), (2, 3))
    (tensor([1, 1]), tensor([1, 2]))
    """
    if not isinstance(indices, Tensor):
        raise TypeError(f"unravel_index(): argument 'indices' (position 1) must be Tensor, not {type(indices).__name__}")
    if indices.dtype.is_inexact or indices.dtype is dtypes.bool_:
        raise ValueError(f"expected 'indices' to be an integer tensor, got {indices.dtype}")
    goal = sizes((shape,), "shape")
    if min(goal, default=0) < 0:
        raise ValueError(f"'shape' cannot have negative values, but got {goal}")
    if not goal:
        return ()
    first, *others = _coordinates(indices._array, goal)
    return tuple([wrap(i) for i in (first % goal[0], *others)])


# ------------------------------------------------------------------------------------------------ triangles


def _triangle(name: str, cls: type[Tril], input: Tensor, diagonal: int) -> Tensor:
    if len(input._array.shape) < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions, got {input.ndim}")
    return cls.apply(input, diagonal)


@operation(in_place=True)
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of each matrix, on and below a diagonal; 0 above it.

    >>> import minigrad
    >>> minigrad.ones(2, 2).tril()
    tensor([[1., 0.],
            [1., 1.]])
    """
    return _triangle("tril", Tril, input, diagonal)


@operation(in_place=True)
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of each matrix, on and above a diagonal; 0 below it.

    >>> import minigrad
    >>> minigrad.ones(2, 2).triu(1)
    tensor([[0., 1.],
            [0., 0.]])
    """
    return _triangle("triu", Triu, input, diagonal)


def _triangle_indices(found: Any, row: int, col: int, dtype: Any, device: Any) -> Tensor:
    for word, n in (("row", row), ("col", col)):
        if n < 0:
            raise RuntimeError(f"{word} must be non-negative, got {n}")
    place = devices.device(device or devices.get_default_device())
    with devices.on(place):
        xp = devices.library_of(place)
        return wrap(xp.stack([xp.asarray(i) for i in found()]).astype((dtype or dtypes.int64).numpy))


@operation(method=False, out=False)
def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None) -> Tensor:
    """Row and column indices (2, n) of the lower triangle of a row x col matrix.

    >>> import minigrad
    >>> minigrad.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _triangle_indices(lambda: np.tril_indices(row, offset, col), row, col, dtype, device)


@operation(method=False, out=False)
def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None, layout: Any = None) -> Tensor:
    """Row and column indices (2, n) of the upper triangle of a row x col matrix.

    >>> import minigrad
    >>> minigrad.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _triangle_indices(lambda: np.triu_indices(row, offset, col), row, col, dtype, device)


# ------------------------------------------------------------------------------------------------ one-hot


@operation(name="one_hot", where="nn.functional", method=False, out=False)
def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Class numbers as rows of zeros with a single 1: shape (*, num_classes), int64.

    >>> import minigrad
    >>> minigrad.nn.functional.one_hot(minigrad.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    array = input._array
    if input.dtype is not dtypes.int64:
        raise RuntimeError(f"one_hot is only applicable to index tensor of type LongTensor, got {input.dtype}")
    if array.size == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor: pass num_classes")
    elif int(array.min()) < 0:
        raise RuntimeError(f"Class values must be non-negative, got {int(array.min())}")
    elif num_classes == -1:
        num_classes = int(array.max()) + 1
    elif num_classes < 1:
        raise RuntimeError(f"num_classes should be positive, got {num_classes}")
    elif int(array.max()) >= num_classes:
        raise RuntimeError(f"Class values must be smaller than num_classes ({num_classes}), got {int(array.max())}")
    xp = array_namespace(array)
    code = xp.zeros(array.size * num_classes, "int64")
    code[xp.arange(array.size) * num_classes + array.reshape(-1)] = 1
    return wrap(code.reshape((*array.shape, num_classes)))
