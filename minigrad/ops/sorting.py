"""Order: sorted values and what is read off them, the k largest, the k-th smallest, the middle, the most frequent.

In order, nan comes last: it counts as larger than every number.  Equal values keep their order, in descending sorts too,
so that indices are PyTorch's; where one of equal values is picked, `kernels/ties.py` knows which.  Each operation here
only chooses indices; how the gradient goes back to the chosen places is told in `_picked.py`.  Read `counting.py` next.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad.autograd.function import wrap
from minigrad.kernels import array_namespace, ties
from minigrad.kernels.order import nth, order
from minigrad.ops._dims import normalize_dim
from minigrad.ops._picked import Picked
from minigrad.ops.extremes import Max
from minigrad.ops.pointwise import check_tensor
from minigrad.ops.reduction import Axes, check_flag
from minigrad.ops.registry import operation
from minigrad.ops.return_types import return_type
from minigrad.tensor import Tensor

FEW = 512  # up to so many candidates, or when many of them are wanted, sorting all beats a partition


# ------------------------------------------------------------------------------------------------ sorting


class Sort(Picked):
    """x in order along an axis; dx = each g at the place that its value came from."""

    @staticmethod
    def choose(x: Any, axis: int, descending: bool) -> Any:
        return order(x, axis, descending)


@operation
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The values in ascending or descending order along a dimension, and where each came from: (values, indices).

    nan comes after all numbers.  Equal values keep their order, with and without `stable`.

    >>> import minigrad
    >>> values, indices = minigrad.tensor([3., 1., 2.]).sort()
    >>> values, indices
    (tensor([1., 2., 3.]), tensor([1, 2, 0]))
    """
    axis = _axis("sort", input, dim)
    return return_type("sort", "values", "indices")(*Sort.apply(input, axis, True, bool(descending)))


@operation
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort the tensor along a dimension.

    >>> import minigrad
    >>> minigrad.tensor([3., 1., 2.]).argsort()
    tensor([1, 2, 0])
    """
    axis = _axis("argsort", input, dim)
    x = input._array
    return wrap(order(x, axis, bool(descending)) if x.shape else order(x.reshape(1), 0).reshape(()))


@operation
def msort(input: Tensor) -> Tensor:
    """The values in ascending order along the first dimension."""
    return sort(input, 0).values


def _axis(name: str, input: Any, dim: Any) -> int:
    check_tensor(name, "input", input)
    if input.is_complex():
        raise RuntimeError(f"{name}(): does not support complex dtypes on CPU: complex numbers have no order")
    return normalize_dim(dim, len(input._array.shape))


class Topk(Picked):
    """The k largest or smallest of x along an axis, in order; dx = each g at the place that its value came from."""

    @staticmethod
    def choose(x: Any, axis: int, k: int, largest: bool) -> Any:
        if not ties.matter(x):
            return Topk.head(x, axis, k, largest)
        head = Topk.head(x, axis, min(k + 1, x.shape[axis]), largest)  # one more: is it as large as the last?
        first = head[(slice(None),) * axis + (slice(0, k),)]
        tied = ties.repeats(x, head, axis).any(axis=axis)
        return ties.settled(x, first, axis, tied, lambda rank: ties.smallest(rank, k), largest)

    @staticmethod
    def head(x: Any, axis: int, k: int, largest: bool) -> Any:
        """The indices of the k largest or smallest, in order, any of equal values."""
        n, xp = x.shape[axis], array_namespace(x)
        if n <= FEW or 8 * k > n:
            return order(x, axis, largest)[(slice(None),) * axis + (slice(0, k),)]
        x = x.astype("float32") if x.dtype.itemsize == 2 else x
        part = xp.argpartition(x, n - k if largest else k - 1, axis=axis)
        chosen = xp.sort(part[(slice(None),) * axis + (slice(n - k, None) if largest else slice(0, k),)], axis=axis)
        ranks = order(xp.take_along_axis(x, chosen, axis), axis, largest)
        return xp.take_along_axis(chosen, ranks, axis)


@operation
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest (or smallest) values along a dimension, in order, and where each came from: (values, indices).

    They are in order with and without `sorted`.  Of equal values, those are taken that PyTorch takes on Linux CPUs, in
    tensors of up to 16,384 elements; in larger ones, and on a GPU, any of them.

    >>> import minigrad
    >>> minigrad.tensor([3., 1., 2.]).topk(2).values
    tensor([3., 2.])
    """
    axis = _axis("topk", input, dim)
    shape = input._array.shape
    if not 0 <= k <= (shape[axis] if shape else 1):
        raise RuntimeError(f"selected index k out of range: k = {k}, there are {shape[axis] if shape else 1}")
    if input._array.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes on CPU: convert first, for example with .int()")
    result = return_type("topk", "values", "indices")
    return result(*Topk.apply(input, axis, True, k if shape else 1, bool(largest)))


# ------------------------------------------------------------------------------------------------ one of the order


class Kthvalue(Picked):
    """The k-th smallest x along an axis; dx = g at its place."""

    @staticmethod
    def choose(x: Any, axis: int, k: int) -> Any:
        chosen = nth(x, axis, k - 1)
        if not ties.matter(x):
            return chosen
        tied = ties.equal(x, array_namespace(x).take_along_axis(x, chosen, axis)).sum(axis=axis) > 1
        return ties.settled(x, chosen, axis, tied, lambda rank: ties.nth(rank, k - 1))


class MedianDim(Picked):
    """The middle of x along an axis, the lower of two, or the first nan; dx = g at its place."""

    def name(self) -> str:
        return type(self).__name__.removesuffix("Dim") + "Backward1"

    @staticmethod
    def choose(x: Any, axis: int) -> Any:
        xp, n = array_namespace(x), x.shape[axis]
        nan = x != x
        middle = nth(x, axis, (n - 1) // 2)
        return xp.where(nan.any(axis=axis, keepdims=True), nan.argmax(axis=axis, keepdims=True), middle)


class NanmedianDim(MedianDim):
    """The middle of the numbers in x along an axis, the lower of two; dx = g at its place."""

    @staticmethod
    def choose(x: Any, axis: int) -> Any:
        xp = array_namespace(x)
        numbers = (x == x).sum(axis=axis, keepdims=True)
        return xp.take_along_axis(order(x, axis), xp.maximum(numbers - 1, 0) // 2, axis)


class Median(Max):
    """The middle of all x, the lower of two, or nan if there is one; dx = g shared out evenly among the places where x = y."""

    def name(self) -> str:
        return type(self).__name__ + "Backward0"

    @staticmethod
    def forward(ctx: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        ctx.folding(x, axes, keepdim)
        flat = x.reshape(-1)
        out = flat[type(ctx).along.choose(flat, 0)[0]]
        ctx.save_for_backward(x, out)
        return out

    along: type[Picked] = MedianDim


class Nanmedian(Median):
    """The middle of all numbers in x, the lower of two; dx = g shared out evenly among the places where x = y."""

    along = NanmedianDim


class Mode(Picked):
    """The most frequent x along an axis, the smallest of several; dx = g at one of its places."""

    @staticmethod
    def choose(x: Any, axis: int) -> Any:
        xp, n = array_namespace(x), x.shape[axis]
        indices = order(x, axis)
        if n > ties.SHORT and ties.matter(x):
            indices = ties.settled(x, indices, axis, ties.repeats(x, indices, axis).any(axis=axis), ties.ascending)
        ranked = xp.moveaxis(xp.take_along_axis(x, indices, axis), axis, -1)
        fresh = xp.ones(ranked.shape, bool)
        fresh[..., 1:] = ranked[..., 1:] != ranked[..., :-1]
        places = xp.arange(n)
        run = xp.cumsum(fresh, axis=-1) - 1  # which run of equal values each place belongs to
        starts = xp.sort(xp.where(fresh, places, n), axis=-1)
        length = places + 1 - xp.take_along_axis(starts, run, -1)  # of its run, up to this place
        last = xp.expand_dims(length.argmax(axis=-1), axis)
        return xp.take_along_axis(indices, last, axis)


def _one_of_the_order(cls: type[Picked], input: Any, dim: int, keepdim: bool, *args: Any) -> Any:
    """(values, indices) of an operation that picks one place of each line."""
    name = cls.__name__.removesuffix("Dim").lower()
    axis = _axis(name, input, dim)
    check_flag(name, keepdim)
    shape = input._array.shape
    if shape and not shape[axis]:
        raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")
    return return_type(name, "values", "indices")(*cls.apply(input, axis, keepdim, *args))


@operation
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest value along a dimension (the first has k = 1), and where it came from: (values, indices).

    >>> import minigrad
    >>> minigrad.tensor([3., 1., 2.]).kthvalue(2).values
    tensor(2.)
    """
    axis = _axis("kthvalue", input, dim)
    if input._array.dtype.kind == "b":
        raise NotImplementedError("kthvalue() is not implemented for bool: convert first, for example with .int()")
    n = input._array.shape[axis] if input._array.shape else 1
    if n and not 1 <= k <= n:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}: k = {k}, there are {n}")
    return _one_of_the_order(Kthvalue, input, dim, keepdim, k)


def _median(name: str, full: type[Median], doc: str) -> None:
    def function(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        check_tensor(name, "input", input)
        if input._array.dtype.kind == "b":
            raise NotImplementedError(f"{name}() is not implemented for bool: convert first, for example with .int()")
        if dim is not None:
            return _one_of_the_order(full.along, input, dim, keepdim)
        if 0 in input._array.shape:
            if not input.is_floating_point():
                raise RuntimeError(f"{name}(): there is no middle of no integers")
            return input.sum() + math.nan
        return full.apply(input, None, False)

    function.__doc__ = doc
    operation(function, name=name)


_median(
    "median",
    Median,
    """The middle value, the lower of two, of all elements; with a dimension, (values, indices) along it.  nan if there is one.

    >>> import minigrad
    >>> minigrad.tensor([4., 1., 3., 2.]).median()
    tensor(2.)
    """,
)
_median(
    "nanmedian",
    Nanmedian,
    """As `median`, of what is not nan.

    >>> import minigrad
    >>> minigrad.tensor([4., 1., float("nan")]).nanmedian()
    tensor(1.)
    """,
)


@operation
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent value along a dimension, the smallest of several, and where it stands: (values, indices).

    Of its places, the last is named in rows of up to 16; in longer ones, any (up to 16,384 elements, PyTorch's).

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 2, 3]).mode().values
    tensor(2)
    """
    return _one_of_the_order(Mode, input, dim, keepdim)
