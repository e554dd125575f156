"""Joining tensors along a dimension, splitting one into pieces, and repeating it.

`cat` and `split` are each other's derivative, and so are `stack` and `unbind`: the gradient of a join is split among
what was joined.  The pieces of a split are views.  Read `indexing.py` next.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import Operation, ViewOperation
from minigrad.kernels import array_namespace
from minigrad.ops._dims import normalize_dim, sizes
from minigrad.ops.pointwise import cast_all
from minigrad.ops.registry import operation
from minigrad.ops.shape import atleast_1d, atleast_2d, atleast_3d
from minigrad.ops.slicing import FULL, Select, Slice
from minigrad.tensor import Tensor


def in_common_type(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arrays cast to the type that all of them fit into; here 0-d tensors count like any other."""
    if len({a.dtype for a in arrays}) == 1:
        return arrays
    return cast_all(functools.reduce(dtypes.promote_types, map(dtypes.of_array, arrays)), arrays)


class Cat(Operation):
    """Tensors one after another along an axis; each gets its own stretch of g."""

    @staticmethod
    def forward(ctx: Any, dim: int, *arrays: Any) -> Any:
        ctx.dim, ctx.lengths = dim, [a.shape[dim] for a in arrays]
        return array_namespace(arrays[0]).concatenate(in_common_type(arrays), axis=dim)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        ends = itertools.accumulate(ctx.lengths)
        lead = (FULL,) * ctx.dim
        return (None, *[
            Slice.apply(g, (*lead, slice(end - length, end), ...)) if wanted else None
            for end, length, wanted in zip(ends, ctx.lengths, ctx.needs_input_grad[1:], strict=True)
        ])  # fmt: skip


class Stack(Operation):
    """Tensors side by side along a new axis; each gets its own position of g."""

    @staticmethod
    def forward(ctx: Any, dim: int, *arrays: Any) -> Any:
        ctx.dim = dim
        place = (FULL,) * dim + (None,)
        return array_namespace(arrays[0]).concatenate([a[place] for a in in_common_type(arrays)], axis=dim)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        lead = (FULL,) * ctx.dim
        return (None, *[Select.apply(g, (*lead, i, ...)) if wanted else None for i, wanted in enumerate(ctx.needs_input_grad[1:])])


class Pieces(ViewOperation):
    """Several regions of one tensor along an axis, each seen in its memory."""

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        results = super().apply(*inputs)
        _, dim, places = inputs
        for result, place in zip(results, places, strict=True):
            # To see one piece again it is not necessary to cut all of them again.
            region = Slice if isinstance(place, slice) else Select
            result._view.replay = functools.partial(_look_again, region, (FULL,) * dim + (place, ...))
        return results

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, places: tuple[Any, ...]) -> Any:
        ctx.dim, ctx.shape = dim, x.shape
        lead = (FULL,) * dim
        return tuple([x[(*lead, place, ...)] for place in places])


def _look_again(region: Any, index: tuple[Any, ...], source: Any) -> Any:
    return region.apply(source, index)


class Split(Pieces):
    """Consecutive stretches of an axis; dx = the gradients one after another."""

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return Cat.apply(ctx.dim, *gradients)


class SplitWithSizes(Split):
    """Consecutive stretches whose lengths were given one by one."""


class Unbind(Pieces):
    """The positions of an axis one by one; dx = the gradients side by side."""

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return Stack.apply(ctx.dim, *gradients)


class Repeat(Operation):
    """Copies side by side along each axis; dx = g summed over the copies."""

    @staticmethod
    def forward(ctx: Any, x: Any, repeats: tuple[int, ...]) -> Any:
        ctx.shape, ctx.repeats = x.shape, repeats
        return array_namespace(x).tile(x, repeats)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        lead = len(ctx.repeats) - len(ctx.shape)
        pairs = zip(ctx.repeats, (1,) * lead + ctx.shape, strict=True)
        copies = g.reshape([n for pair in pairs for n in pair])
        return copies.sum(list(range(0, copies.ndim, 2))).reshape(ctx.shape)


class RepeatInterleave(Operation):
    """Each position of an axis several times in a row; dx = g summed over the repeats."""

    @staticmethod
    def forward(ctx: Any, x: Any, repeats: int, dim: int) -> Any:
        ctx.split, ctx.dim = (*x.shape[: dim + 1], repeats, *x.shape[dim + 1 :]), dim
        return array_namespace(x).repeat(x, repeats, axis=dim)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g.reshape(ctx.split).sum(ctx.dim + 1)


# ------------------------------------------------------------------------------------------------ joining


def _given(name: str, tensors: Any) -> tuple[Tensor, ...]:
    """A sequence of tensors, at least one."""
    if not isinstance(tensors, (tuple, list)):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}")
    for i, t in enumerate(tensors):
        if not isinstance(t, Tensor):
            raise TypeError(f"{name}(): expected Tensor as element {i} in argument 0, but got {type(t).__name__}")
    return tuple(tensors)


@operation(method=False, aliases=("concat", "concatenate"))
def cat(tensors: Any, dim: int = 0) -> Tensor:
    """Tensors one after another along a dimension; the others have to agree.

    Of different dtypes they are promoted; empty tensors of shape (0,) are left out.

    >>> import minigrad
    >>> minigrad.cat([minigrad.tensor([[1, 2]]), minigrad.tensor([[3, 4]])], dim=1)
    tensor([[1, 2, 3, 4]])
    """
    given = _given("cat", tensors)
    if not given:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    shapes = [t._array.shape for t in given]
    if () in shapes:
        raise RuntimeError(f"zero-dimensional tensor (at position {shapes.index(())}) cannot be concatenated: use stack()")
    first = next((s for s in shapes if s != (0,)), (0,))
    position = normalize_dim(dim, len(first))
    before, after = first[:position], first[position + 1 :]
    for i, shape in enumerate(shapes):
        if shape == (0,) or (shape[:position] == before and shape[position + 1 :] == after):
            continue
        if len(shape) != len(first):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
        n, m = next((n, m) for d, (n, m) in enumerate(zip(first, shape, strict=True)) if n != m and d != position)
        raise RuntimeError(
            f"Sizes of tensors must match except in dimension {position}. Expected size {n} but got size {m} for tensor number {i} "
            "in the list."
        )
    if len(first) > 1 and (0,) in shapes:
        kind = functools.reduce(dtypes.promote_types, [t.dtype for t in given])
        given = tuple(t.to(kind) for t in given if t._array.shape != (0,))
    return Cat.apply(position, *given)


@operation(method=False)
def stack(tensors: Any, dim: int = 0) -> Tensor:
    """Tensors of one shape side by side along a new dimension.

    >>> import minigrad
    >>> minigrad.stack([minigrad.tensor([1, 2]), minigrad.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    given = _given("stack", tensors)
    if not given:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = given[0]._array.shape
    position = normalize_dim(dim, len(shape) + 1)
    for i, t in enumerate(given):
        if t._array.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and {list(t._array.shape)} at "
                f"entry {i}"
            )
    return Stack.apply(position, *given)


def _lifted(name: str, tensors: Any, lift: Any) -> tuple[Tensor, ...]:
    given = _given(name, tensors)
    if not given:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return tuple([lift(t) for t in given])


@operation(method=False)
def hstack(tensors: Any) -> Tensor:
    """Tensors side by side: along the second dimension, vectors along the first.

    >>> import minigrad
    >>> minigrad.hstack([minigrad.tensor([[1], [2]]), minigrad.tensor([[3], [4]])])
    tensor([[1, 3],
            [2, 4]])
    """
    given = _lifted("hstack", tensors, atleast_1d)
    return cat(given, 0 if given[0].ndim == 1 else 1)


@operation(method=False, aliases=("row_stack",))
def vstack(tensors: Any) -> Tensor:
    """Tensors on top of each other: along the first dimension, vectors as rows.

    >>> import minigrad
    >>> minigrad.vstack([minigrad.tensor([1, 2]), minigrad.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    return cat(_lifted("vstack", tensors, atleast_2d), 0)


@operation(method=False)
def dstack(tensors: Any) -> Tensor:
    """Tensors behind each other: along the third dimension.

    >>> import minigrad
    >>> minigrad.dstack([minigrad.tensor([1, 2]), minigrad.tensor([3, 4])])
    tensor([[[1, 3],
             [2, 4]]])
    """
    return cat(_lifted("dstack", tensors, atleast_3d), 2)


@operation(method=False)
def column_stack(tensors: Any) -> Tensor:
    """Tensors side by side along the second dimension, vectors as columns.

    >>> import minigrad
    >>> minigrad.column_stack([minigrad.tensor([1, 2]), minigrad.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    return cat(_lifted("column_stack", tensors, lambda t: t.reshape(-1, 1) if t.ndim < 2 else t), 1)


# ------------------------------------------------------------------------------------------------ splitting


def _stretches(lengths: Any) -> tuple[slice, ...]:
    ends = itertools.accumulate(lengths)
    return tuple([slice(end - length, end) for end, length in zip(ends, lengths, strict=True)])


def _size(input: Tensor, dim: int, name: str) -> tuple[int, int]:
    """The position and the size of a dimension that is to be split."""
    shape = input._array.shape
    if not shape:
        raise RuntimeError(f"{name} expects at least a 1-dimensional tensor")
    position = normalize_dim(dim, len(shape))
    return position, shape[position]


@operation(out=False)
def split(input: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along a dimension into stretches of one length (the last may be shorter) or of the lengths given.  Views.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3, 4, 5]).split(2)
    (tensor([1, 2]), tensor([3, 4]), tensor([5]))
    """
    if isinstance(split_size_or_sections, (tuple, list)):
        return split_with_sizes(input, split_size_or_sections, dim)
    position, size = _size(input, dim, "split")
    (step,) = sizes((split_size_or_sections,), "split_size")
    if step < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={step}")
    if step == 0 and size:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {size}")
    places = tuple([slice(i, min(i + step, size)) for i in range(0, size, step)]) if size else (slice(0, 0),)
    return Split.apply(input, position, places)


@operation(out=False)
def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along a dimension into stretches of the lengths given, which have to add up to its size.  Views.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3]).split_with_sizes([1, 2])
    (tensor([1]), tensor([2, 3]))
    """
    position, size = _size(input, dim, "split_with_sizes")
    lengths = sizes(tuple(split_sizes), "split_sizes")
    if min(lengths, default=0) < 0:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={list(lengths)}"
        )
    if sum(lengths) != size:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's size at dimension {position}), but got "
            f"split_sizes={list(lengths)}"
        )
    return SplitWithSizes.apply(input, position, _stretches(lengths))


@operation(out=False)
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along a dimension into at most `chunks` stretches of one length, of which the last may be shorter.  Views.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3, 4, 5]).chunk(2)
    (tensor([1, 2, 3]), tensor([4, 5]))
    """
    position, size = _size(input, dim, "chunk")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    if size == 0:
        return split_with_sizes(input, [0] * chunks, dim)
    return split(input, -(-size // chunks), position)


@operation(out=False)
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The positions of a dimension one by one, as a tuple of views without that dimension.

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).unbind()
    (tensor([1, 2]), tensor([3, 4]))
    """
    shape = input._array.shape
    if not shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    position = normalize_dim(dim, len(shape))
    return Unbind.apply(input, position, tuple(range(shape[position])))


@operation(out=False)
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along a dimension into a number of stretches as equal as can be, or at the indices given.  Views.

    >>> import minigrad
    >>> minigrad.tensor([1, 2, 3, 4, 5]).tensor_split((1, 4))
    (tensor([1]), tensor([2, 3, 4]), tensor([5]))
    """
    position, size = _size(input, dim, "tensor_split")
    where = indices_or_sections
    if isinstance(where, Tensor):
        if where.is_cuda or where.dtype is not dtypes.int64 or where.ndim > 1:
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to be a zero- or one-dimensional int64 tensor on the cpu, got "
                f"{where.dtype} of {where.ndim} dimensions on {where.device}"
            )
        where = where.tolist()
    if isinstance(where, (tuple, list)):
        cuts = sizes(tuple(where), "indices")
        places = tuple([slice(a, b) for a, b in zip((0, *cuts), (*cuts, size), strict=True)])
        return tuple([Slice.apply(input, (FULL,) * position + (place, ...)) for place in places])
    if where <= 0:
        raise RuntimeError(f"number of sections must be larger than 0, got {where}")
    short, longer = divmod(size, where)
    return SplitWithSizes.apply(input, position, _stretches([short + 1] * longer + [short] * (where - longer)))
