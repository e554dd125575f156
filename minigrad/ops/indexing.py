"""Indexing: `x[...]`, `x[...] = value`, and the functions that read and write through tensors of indices.

An index is made of basic items (int, slice, None, `...`), which strides can describe and which give a view, and of
advanced ones (integer tensors, masks, lists), which pick elements one by one and give a copy.  `plan` separates the two:
the basic items are applied first, as one `Region`; what is left is a number of index tensors at some of the dimensions.
Those go through three functions on raw arrays: `read`, `write` and `add` of `kernels/indexing.py`.  Read `picking.py` next.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from operator import index as as_int
from typing import Any

import numpy as np

from minigrad import devices
from minigrad.autograd.function import Operation, wrap
from minigrad.autograd.inplace import apply_in_place, check_writable
from minigrad.autograd.modes import mode
from minigrad.kernels import array_namespace
from minigrad.kernels.indexing import add, check_bounds, is_mask, merged, read, spread, write
from minigrad.kernels.memory import addressable, overlaps_itself
from minigrad.ops._numbers import number_as
from minigrad.ops.pointwise import Number
from minigrad.ops.slicing import FULL, Alias, NewAxis, Region, Select, Slice
from minigrad.tensor import Tensor

BASIC = (int, slice, type(None), type(Ellipsis))
PLAIN_BOUNDS = (int, type(None))
INDEX_TYPES = {np.dtype(kind) for kind in ("int64", "int32", "bool", "uint8")}

# ------------------------------------------------------------------------------------------------ what an index means


def plan(x: Tensor, index: Any) -> tuple[type[Region] | None, tuple[Any, ...], tuple[int, ...], tuple[Tensor, ...]]:
    """(region, where, dims, indices): see `where` as `region` first (None: nothing to do), then index these dims of it."""
    given = index if type(index) is tuple else _as_tuple(index)
    items = [item if type(item) in BASIC else _meaning(item, x) for item in given]
    shape = x._array.shape
    rank = len(shape)
    region: type[Region] | None = None
    where: list[Any] = []
    dims: list[int] = []
    indices: list[Tensor] = []
    dim = place = 0  # in x, and in the region
    for at, item in enumerate(items):
        kind = type(item)
        if kind is int:
            if dim >= rank:
                raise _too_many(rank, item)
            if not -shape[dim] <= item < shape[dim]:
                raise IndexError(f"index {item} is out of bounds for dimension {dim} with size {shape[dim]}")
            where.append(item)
            region, dim = Select, dim + 1
        elif kind is slice:
            if dim >= rank:
                raise _too_many(rank, item)
            if item.start is not None or item.stop is not None or item.step is not None:
                item, region = _checked_slice(item), Slice
            where.append(item)
            dim, place = dim + 1, place + 1
        elif item is None:
            where.append(None)
            region, place = NewAxis, place + 1
        elif item is Ellipsis:
            skip = max(rank - dim - sum(map(_dims_of, items[at + 1 :])), 0)
            where.extend((FULL,) * skip)
            dim, place = dim + skip, place + skip
        elif kind is bool:  # an axis of size 1, taken once or not at all
            where.append(None)
            dims.append(place)
            indices.append(wrap(array_namespace(x._array).zeros(int(item), "int64")))
            region, place = NewAxis, place + 1
        else:
            count = _dims_of(item)
            if dim + count > rank:
                raise _too_many(rank, item)
            if is_mask(item._array) and item._array.shape != shape[dim : dim + count]:
                raise IndexError(
                    f"The shape of the mask {list(item._array.shape)} at index {dim} does not match the shape of the indexed "
                    f"tensor {list(shape)} at index {dim}"
                )
            where.extend((FULL,) * count)
            dims.append(place)
            indices.append(item)
            dim, place = dim + count, place + count
    if region is None and not indices:
        region = Slice if items and type(items[-1]) is slice else Alias
    return region, (*where, ...), tuple(dims), tuple(indices)


def _dims_of(item: Any) -> int:
    """How many dimensions an item of an index uses up."""
    if isinstance(item, Tensor):
        return len(item._array.shape) if is_mask(item._array) else 1
    return 1 if type(item) in (int, slice) else 0


def _too_many(rank: int, item: Any) -> IndexError:
    if rank == 0 and type(item) is int:
        return IndexError("invalid index of a 0-dim tensor. Use `tensor.item()` in Python to convert a 0-dim tensor to a number")
    return IndexError(f"too many indices for tensor of dimension {rank}")


def _checked_slice(item: slice) -> slice:
    """A slice of plain numbers with a positive step."""
    if not (type(item.start) in PLAIN_BOUNDS and type(item.stop) in PLAIN_BOUNDS and type(item.step) in PLAIN_BOUNDS):
        try:
            item = slice(*[None if b is None else as_int(b) for b in (item.start, item.stop, item.step)])
        except TypeError as error:
            if any(isinstance(b, Tensor) for b in (item.start, item.stop, item.step)):
                raise
            raise TypeError("slice indices must be integers or None or have an __index__ method") from error
    if item.step is not None and item.step <= 0:
        raise ValueError("step must be greater than zero" if item.step else "slice step cannot be zero")
    return item


def _as_tuple(index: Any) -> tuple[Any, ...]:
    """An index that is no tuple: one item, or (as in old NumPy, with a warning) a list that stands for a tuple."""
    if isinstance(index, tuple):
        return tuple(index)
    if isinstance(index, list) and len(index) < 32:
        if any(item is None or isinstance(item, (Tensor, Sequence, slice, np.ndarray, type(Ellipsis))) for item in index):
            warnings.warn(
                "Using a non-tuple sequence for multidimensional indexing is deprecated: write x[tuple(seq)] instead of x[seq], or "
                "x[torch.tensor(seq)] for an index tensor.",
                UserWarning,
                stacklevel=4,
            )
            return tuple(index)
    return (index,)


def _meaning(item: Any, x: Tensor) -> Any:
    """An item of an index that is not basic, as an int, a bool or a tensor of indices or a mask on the device of x."""
    if isinstance(item, (bool, np.bool_)):
        return bool(item)
    if isinstance(item, np.integer):
        return int(item)
    if isinstance(item, (list, tuple, range)):
        item = wrap(np.array(item)) if len(item) else wrap(np.zeros(0, "int64"))
    elif isinstance(item, np.ndarray):
        item = wrap(item.view())
    elif isinstance(item, str):
        raise TypeError(f"new(): invalid data type 'str': a tensor has no index {item!r}")
    elif not isinstance(item, Tensor):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
            f"(got {type(item).__name__})"
        )
    check_index_type(item)
    array = item._array
    if not array.shape:
        return bool(array) if is_mask(array) else int(array)
    return beside(item, x)


def beside(item: Tensor, x: Tensor) -> Tensor:
    """An index on the device of the indexed tensor: from the CPU it may come to a GPU."""
    here, place = devices.of_array(item._array), devices.of_array(x._array)
    if here is place or here == place:
        return item
    if item.is_cuda:
        raise RuntimeError(f"indices should be either on cpu or on the same device as the indexed tensor ({place})")
    return item.to(place)


def check_index_type(item: Tensor) -> None:
    """Refuse an index tensor that holds no integers and is no mask."""
    kind = item._array.dtype
    if kind not in INDEX_TYPES:
        raise IndexError(f"tensors used as indices must be long, int, byte or bool tensors, got {item.dtype}")
    if kind.kind == "u":
        text = "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead."
        warnings.warn(text, UserWarning, stacklevel=5)


# ------------------------------------------------------------------------------------------------ operations


class Index(Operation):
    """The elements that index tensors name; dx = g added where they came from."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], *indices: Any) -> Any:
        ctx.shape, ctx.dims = x.shape, dims
        ctx.save_for_backward(*indices)
        return read(x, dims, indices)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Gathered.apply(g, ctx.shape, ctx.dims, *ctx.saved_tensors)


class Gathered(Operation):
    """Zeros with x added at the places that index tensors name: the derivative of `Index`; dx = g read there."""

    @staticmethod
    def forward(ctx: Any, x: Any, shape: tuple[int, ...], dims: tuple[int, ...], *indices: Any) -> Any:
        ctx.dims = dims
        ctx.save_for_backward(*indices)
        out = array_namespace(x).zeros(shape, x.dtype)
        if len(indices) == 1 and is_mask(indices[0]):  # which names no place twice
            flat, places = merged(out, dims[0], indices[0])
            flat[(FULL,) * dims[0] + (places,)] = x
            return out
        return add(out, dims, indices, x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Index.apply(g, ctx.dims, *ctx.saved_tensors)


class IndexPut(Operation):
    """x with values written, or added, at the places that index tensors name; dx = g, 0 where overwritten; dvalues = g there."""

    @staticmethod
    def forward(ctx: Any, x: Any, values: Any, accumulate: bool, dims: tuple[int, ...], *indices: Any) -> Any:
        ctx.dims, ctx.accumulate = dims, accumulate
        ctx.save_for_backward(*indices)
        if accumulate:
            check_bounds(x.shape, *spread(dims, indices))
            return add(array_namespace(x).array(x, copy=True), dims, indices, values)
        out = array_namespace(x).array(x, copy=True)
        write(out, dims, indices, values)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> tuple[Any, Any]:
        indices = ctx.saved_tensors
        dx = g if ctx.accumulate else IndexPut.apply(g, 0, False, ctx.dims, *indices)
        return dx, Index.apply(g, ctx.dims, *indices) if ctx.needs_input_grad[1] else None


# ------------------------------------------------------------------------------------------------ x[...] and x[...] = value


def getitem(self: Tensor, index: Any) -> Tensor:
    """`x[index]`: ints, slices (with positive steps), None and `...` give a view, index tensors, masks and lists a copy.

    >>> import minigrad
    >>> x = minigrad.tensor([[1, 2, 3], [4, 5, 6]])
    >>> x[1], x[:, 1:], x[x > 2]
    (tensor([4, 5, 6]), tensor([[2, 3],
            [5, 6]]), tensor([3, 4, 5, 6]))
    """
    kind, shape = type(index), self._array.shape
    if kind is int:  # the quick way, for loops over rows
        if shape and -shape[0] <= index < shape[0]:
            return Select.apply(self, (index, ...))
    elif kind is slice and shape:
        return Slice.apply(self, (_checked_slice(index), ...))
    region, where, dims, indices = plan(self, index)
    seen = self if region is None else region.apply(self, where)
    return Index.apply(seen, dims, *indices) if indices else seen


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """`x[index] = value`: a number or a tensor, cast and broadcast, written into the memory of x.

    >>> import minigrad
    >>> x = minigrad.zeros(2, 2)
    >>> x[0] = minigrad.tensor([1, 2])
    >>> x[x == 0] = -1
    >>> x
    tensor([[ 1.,  2.],
            [-1., -1.]])
    """
    if isinstance(value, np.ndarray):
        value = wrap(value.view())
    elif isinstance(value, Number):
        value = number_as(value, self.dtype, to_infinity=True)
    elif not isinstance(value, Tensor):
        raise TypeError(f"can't assign a {type(value).__name__} to a tensor of {self.dtype}: make it a tensor first")
    region, where, dims, indices = plan(self, index)
    if isinstance(value, Tensor) and value.device != self.device:
        value = value.to(self.device)
    root = self if self._view is None else self._view.root
    recorded = mode.grad and (self.requires_grad or root._requires_grad or (isinstance(value, Tensor) and value.requires_grad))
    if not recorded and (self._array.flags.c_contiguous or not overlaps_itself(self._array)):
        check_writable(self)
        self._array = addressable(self._array)
        seen = self._array if region is None else region.look(self._array, where)
        _assign(seen, dims, indices, value)
        self._bump_version()
        return
    seen = self if region is None else region.apply(self, where)
    if not indices:
        seen.copy_(without_leading_ones(value, len(seen._array.shape)))
    elif self._array.size:
        if not isinstance(value, Tensor):
            value = wrap(array_namespace(self._array).asarray(value, dtype=self._array.dtype))
        value = without_leading_ones(value.to(self.dtype), result_rank(seen, indices))
        apply_in_place(_put_values, seen, value, dims, indices)


def _assign(seen: Any, dims: tuple[int, ...], indices: tuple[Tensor, ...], value: Any) -> None:
    """Write into a raw array, without history."""
    if isinstance(value, Tensor):
        value = value._array
    if indices:
        write(seen, dims, tuple([i._array for i in indices]), value)
        return
    try:
        seen[...] = value
    except ValueError as error:
        raise RuntimeError(
            f"The expanded size of the tensor must match the existing size: cannot write a value of shape "
            f"{list(getattr(value, 'shape', ()))} into a region of shape {list(seen.shape)} ({error})"
        ) from None


def _put_values(x: Tensor, value: Tensor, dims: tuple[int, ...], indices: tuple[Tensor, ...]) -> Tensor:
    return IndexPut.apply(x, value, False, dims, *indices)


def result_rank(seen: Tensor, indices: tuple[Tensor, ...]) -> int:
    """How many dimensions `seen` has after these indices were applied."""
    picked = max(1 if is_mask(i._array) else i.ndim for i in indices)
    return seen.ndim - sum(map(_dims_of, indices)) + picked


def without_leading_ones(value: Any, rank: int) -> Any:
    """A value with more dimensions than it is written to may have them if they are of size 1."""
    if isinstance(value, Tensor):
        while value.ndim > rank and value._array.shape[0] == 1:
            value = value.squeeze(0)
    return value


Tensor.__getitem__ = getitem  # type: ignore[assignment]
Tensor.__setitem__ = setitem  # type: ignore[assignment]
