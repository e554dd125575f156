"""Whole rows by number: `index_select` and its kin, and the functions behind `x[index]` and `x[index] = value`.

All of them are `Index` and `IndexPut` (see `indexing.py`) with index tensors at one or at several dimensions.  For one
number per element, rather than one per row, read `gathering.py`.
"""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import wrap
from minigrad.kernels import array_namespace
from minigrad.kernels.indexing import is_mask
from minigrad.ops._dims import normalize_dim
from minigrad.ops._numbers import number_as
from minigrad.ops.indexing import Index, IndexPut, beside, check_index_type, result_rank, without_leading_ones
from minigrad.ops.pointwise import Number
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

INTEGERS = (dtypes.int64, dtypes.int32)


class IndexSelect(Index):
    """Positions along one axis in the order that an index tells."""


class Take(Index):
    """Elements of the flattened tensor."""


class IndexAdd(IndexPut):
    """x with rows added at positions along an axis."""


class IndexCopy(IndexPut):
    """x with rows written at positions along an axis."""


class IndexFill(IndexPut):
    """x with one number written at positions along an axis; its gradient counts each position once."""

    @staticmethod
    def backward(ctx: Any, g: Any) -> tuple[Any, Any]:
        (index,) = ctx.saved_tensors
        once = wrap(array_namespace(index._array).unique(index._array))
        dx = IndexFill.apply(g, 0, False, ctx.dims, index)
        return dx, Index.apply(g, ctx.dims, once) if ctx.needs_input_grad[1] else None


def _along(name: str, input: Tensor, dim: int, index: Any, refuse: type[Exception] = IndexError) -> tuple[Tensor, int, Tensor]:
    """Input, dim and index (a vector of integers), with a 0-d input as a vector of one; `refuse` what is out of bounds."""
    if not isinstance(index, Tensor):
        raise TypeError(f"{name}(): argument 'index' (position 3) must be Tensor, not {type(index).__name__}")
    if index.dtype not in INTEGERS:
        raise RuntimeError(f"{name}(): Expected dtype int32 or int64 for index, got {index.dtype}")
    if index.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, got {index.ndim} dimensions")
    dim = normalize_dim(dim, len(input._array.shape))
    input = input if input._array.shape else input.reshape(1)
    index = index if index._array.shape else index.reshape(1)
    array, size = index._array, input._array.shape[dim]
    for extreme in (int(array.min()), int(array.max())) if array.size else ():
        if not (-size if name == "index_fill" else 0) <= extreme < size:  # only index_fill counts from the end
            raise refuse(
                f"{name}(): index out of range in self: index {extreme} is out of bounds for dimension {dim} with size {size}"
            )
    return input, dim, index


@operation
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The positions along `dim` that a vector of integers names: result[:, i] = input[:, index[i]] for dim=1.

    >>> import minigrad
    >>> x = minigrad.tensor([[1, 2, 3], [4, 5, 6]])
    >>> x.index_select(1, minigrad.tensor([2, 0]))
    tensor([[3, 1],
            [6, 4]])
    """
    rows, dim, index = _along("index_select", input, dim, index)
    result = IndexSelect.apply(rows, (dim,), index)
    return result if input._array.shape else result.reshape(())


def _put_rows(
    cls: type[IndexPut], name: str, input: Tensor, dim: int, index: Tensor, source: Tensor, refuse: type[Exception]
) -> Tensor:
    rows, dim, index = _along(name, input, dim, index, refuse)
    if not isinstance(source, Tensor):
        raise TypeError(f"{name}(): argument 'source' must be Tensor, not {type(source).__name__}")
    if source.dtype is not input.dtype:
        raise RuntimeError(f"{name}(): self ({input.dtype}) and source ({source.dtype}) must have the same scalar type")
    values = source if source._array.shape else source.reshape(1)
    expected = (*rows._array.shape[:dim], index.numel(), *rows._array.shape[dim + 1 :])
    if values._array.shape != expected:
        error = refuse if values._array.shape[dim : dim + 1] != expected[dim : dim + 1] else RuntimeError
        raise error(
            f"{name}(): source tensor shape must match the number of indices and self: expected {list(expected)}, got "
            f"{list(source.shape)}"
        )
    return cls.apply(rows, values, cls is IndexAdd, (dim,), index).reshape(input._array.shape)


@operation(in_place=True)
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """`input` with `alpha * source` added at positions along `dim`: result[index[i]] += alpha * source[i] for dim=0.

    A position that is named twice gets both.

    >>> import minigrad
    >>> minigrad.zeros(3).index_add(0, minigrad.tensor([0, 2, 0]), minigrad.tensor([1.0, 2.0, 3.0]))
    tensor([4., 0., 2.])
    """
    return _put_rows(IndexAdd, "index_add", input, dim, index, source if alpha == 1 else source * alpha, RuntimeError)


@operation(in_place=True)
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """`input` with `source` written at positions along `dim`: result[index[i]] = source[i] for dim=0.

    >>> import minigrad
    >>> minigrad.zeros(3).index_copy(0, minigrad.tensor([2, 0]), minigrad.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    return _put_rows(IndexCopy, "index_copy", input, dim, index, source, IndexError)


@operation(in_place=True, out=False)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """`input` with one number (or 0-d tensor) written at positions along `dim`, which may count from the end.

    >>> import minigrad
    >>> minigrad.zeros(3).index_fill(0, minigrad.tensor([0, 2]), 7)
    tensor([7., 0., 7.])
    """
    rows, dim, index = _along("index_fill", input, dim, index)
    if isinstance(value, Tensor):
        if value._array.shape:
            raise RuntimeError(
                f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
            )
        if value.dtype is not input.dtype:
            number_as(value.item(), input.dtype)
            value = value.to(input.dtype)
    elif isinstance(value, Number):
        value = number_as(value, input.dtype)
    else:
        raise TypeError(f"index_fill(): argument 'value' must be Number or 0-d Tensor, not {type(value).__name__}")
    return IndexFill.apply(rows, value, False, (dim,), index).reshape(input._array.shape)


# ------------------------------------------------------------------------------------------------ any index


@operation(in_place=True, out=False)
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """`input` with `values` written (or, with `accumulate`, added) at `input[indices]`: a tuple of index tensors or None.

    Of several values for one place any may win, unless they are accumulated.

    >>> import minigrad
    >>> i = minigrad.tensor([0, 0])
    >>> minigrad.zeros(2).index_put((i,), minigrad.tensor([1.0, 2.0]), accumulate=True)
    tensor([3., 0.])
    """
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put(): argument 'indices' (position 2) must be tuple of Tensors, not {type(indices).__name__}")
    if input.dtype is not values.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {input.dtype} for the destination and "
            f"{values.dtype} for the source."
        )
    dims: list[int] = []
    given: list[Tensor] = []
    dim = 0
    for item in indices:
        if item is not None:
            check_index_type(item)
            dims.append(dim)
            given.append(beside(item, input))
        dim += item.ndim if item is not None and is_mask(item._array) else 1
    if dim > input.ndim:
        raise IndexError(f"too many indices for tensor of dimension {input.ndim} (got {dim})")
    if not given:
        return (input + values if accumulate else values.expand(input._array.shape)).clone()
    values = without_leading_ones(values, result_rank(input, tuple(given)))
    return IndexPut.apply(input, values, accumulate, tuple(dims), *given)


@operation
def take(input: Tensor, index: Tensor) -> Tensor:
    """Elements of `input` as if it were flat: result[i, ...] = input.reshape(-1)[index[i, ...]].

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).take(minigrad.tensor([0, -1]))
    tensor([1, 4])
    """
    if index.dtype is not dtypes.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {index.dtype}")
    if index.numel() and not input.numel():
        raise IndexError("take(): tried to take from an empty tensor")
    return Take.apply(input.reshape(-1), (0,), index.reshape(-1)).reshape(index._array.shape)


@operation(in_place=True, out=False)
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """`input` with `source` written (or, with `accumulate`, added) at places counted as if it were flat.

    >>> import minigrad
    >>> minigrad.zeros(2, 2).put(minigrad.tensor([0, 3]), minigrad.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    if index.dtype is not dtypes.int64:
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {index.dtype}")
    if input.dtype is not source.dtype:
        raise RuntimeError(f"put_(): self and source expected to have the same dtype, but got {input.dtype} and {source.dtype}")
    if index.numel() != source.numel():
        raise IndexError(
            f"put_(): Expected source and index to have the same number of elements, got {source.numel()} and {index.numel()}"
        )
    if not index.numel():
        return input.clone()
    if not input.numel():
        raise IndexError("put_(): tried to put elements into an empty tensor")
    return IndexPut.apply(input.reshape(-1), source.reshape(-1), accumulate, (0,), index.reshape(-1)).reshape(input._array.shape)
