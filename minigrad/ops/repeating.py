"""Shapes that grow by repetition, and grids of combinations; splits and joins that are named after a direction.

Everything here is made of the operations in `joining.py`, `shape.py` and `broadcasting.py`.
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any

from minigrad import dtypes
from minigrad.autograd.function import wrap
from minigrad.kernels import array_namespace
from minigrad.ops._dims import normalize_dim, sizes
from minigrad.ops.joining import Repeat, RepeatInterleave, cat, tensor_split
from minigrad.ops.picking import index_select
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ split by direction


@operation(out=False)
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Cut into pieces side by side: along the second dimension, a vector along the first (see `tensor_split`).

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).hsplit(2)
    (tensor([[1],
            [3]]), tensor([[2],
            [4]]))
    """
    if not input.ndim:
        raise RuntimeError("torch.hsplit requires a tensor with at least 1 dimension, but got a tensor with 0 dimensions!")
    return _even_split("hsplit", input, indices_or_sections, 0 if input.ndim == 1 else 1)


@operation(out=False)
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Cut into pieces on top of each other: along the first dimension (see `tensor_split`).

    >>> import minigrad
    >>> minigrad.tensor([[1, 2], [3, 4]]).vsplit(2)
    (tensor([[1, 2]]), tensor([[3, 4]]))
    """
    if input.ndim < 2:
        raise RuntimeError(
            f"torch.vsplit requires a tensor with at least 2 dimension, but got a tensor with {input.ndim} dimensions!"
        )
    return _even_split("vsplit", input, indices_or_sections, 0)


@operation(out=False)
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Cut into pieces behind each other: along the third dimension (see `tensor_split`).

    >>> import minigrad
    >>> [piece.shape for piece in minigrad.zeros(1, 1, 4).dsplit([1])]
    [torch.Size([1, 1, 1]), torch.Size([1, 1, 3])]
    """
    if input.ndim < 3:
        raise RuntimeError(
            f"torch.dsplit requires a tensor with at least 3 dimension, but got a tensor with {input.ndim} dimensions!"
        )
    return _even_split("dsplit", input, indices_or_sections, 2)


def _even_split(name: str, input: Tensor, where: Any, dim: int) -> tuple[Tensor, ...]:
    if isinstance(where, int) and (where == 0 or input._array.shape[dim] % where):
        raise RuntimeError(
            f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension {input._array.shape[dim]} is "
            f"not divisible by the split_size {where}!"
        )
    return tensor_split(input, where, dim)


# ------------------------------------------------------------------------------------------------ repetition


@operation(where=(), method=True, out=False)
def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """Copies side by side: `repeats[i]` of them along dimension i; more numbers than dimensions add dimensions in front.

    >>> import minigrad
    >>> minigrad.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    counts = sizes(repeats, "repeats")
    if len(counts) < input.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: got "
            f"{len(counts)} for a tensor of {input.ndim}"
        )
    if min(counts, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension: repeats are {list(counts)}")
    return Repeat.apply(input, counts)


@operation(out=False)
def tile(input: Tensor, *dims: Any) -> Tensor:
    """`repeat` with fewer numbers allowed: missing ones are 1 and stand in front.

    >>> import minigrad
    >>> minigrad.tensor([[1], [2]]).tile(3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    counts = sizes(dims, "dims")
    return repeat(input, (1,) * (input.ndim - len(counts)) + counts)


@operation(out=False)
def repeat_interleave(input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None) -> Tensor:
    """Each element (along `dim`, else of the flattened tensor) repeated: 1, 1, 2, 2 where `repeat` gives 1, 2, 1, 2.

    `repeats` is a number or one number per position.  Called with one tensor of counts, gives the positions themselves.

    >>> import minigrad
    >>> minigrad.tensor([1, 2]).repeat_interleave(2)
    tensor([1, 1, 2, 2])
    >>> minigrad.tensor([1, 2]).repeat_interleave(minigrad.tensor([3, 1]))
    tensor([1, 1, 1, 2])
    """
    if repeats is None:
        return _positions(input, output_size)
    if dim is None:
        input, dim = input.reshape(-1), 0
    dim = normalize_dim(dim, input.ndim)
    if not input.ndim:
        input = input.reshape(1)
    length = input._array.shape[dim]
    if not isinstance(repeats, (int, Tensor)):
        raise TypeError(f"repeat_interleave(): argument 'repeats' must be int or Tensor, not {type(repeats).__name__}")
    if isinstance(repeats, Tensor):
        if repeats.ndim > 1:
            raise RuntimeError(f"repeats must be 0-dim or 1-dim tensor, got {repeats.ndim} dimensions")
        if repeats.numel() not in (1, length):
            raise RuntimeError(
                f"repeats must have the same size as input along dim, but got repeats.size(0) = {repeats.numel()} and "
                f"input.size({dim}) = {length}"
            )
        return index_select(input, dim, _positions(repeats.reshape(-1).expand(length), output_size))
    if repeats < 0:
        raise RuntimeError(f"Repeats must be non-negative, got {repeats}")
    if output_size not in (None, length * repeats):
        raise RuntimeError(f"allocated size does not match required size: output_size={output_size}, needed {length * repeats}")
    return RepeatInterleave.apply(input, repeats, dim)


def _positions(repeats: Tensor, output_size: int | None) -> Tensor:
    """0, 0, ..., 1, 1, ...: each position as often as `repeats` says."""
    if repeats.ndim != 1:
        raise RuntimeError(f"repeat_interleave only accept 1D vector as repeat, got {repeats.ndim} dimensions")
    if repeats.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"repeats has to be Long or Int tensor, got {repeats.dtype}")
    counts, xp = repeats._array, array_namespace(repeats._array)
    if counts.size and int(counts.min()) < 0:
        raise RuntimeError(f"repeats can not be negative, got {int(counts.min())}")
    found = xp.repeat(xp.arange(len(counts)), counts.tolist())
    if output_size not in (None, len(found)):
        raise RuntimeError(f"allocated size does not match required size: output_size={output_size}, needed {len(found)}")
    return wrap(found.astype(counts.dtype, copy=False))


# ------------------------------------------------------------------------------------------------ grids and combinations


def _sequence(tensors: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """Tensors given one by one, or as one sequence."""
    return tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors


@operation(method=False, out=False)
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of a grid: one tensor per axis, each of the shape of the whole grid.  Views.

    With indexing="ij" axis k belongs to tensor k; with "xy" the first two are exchanged, as plots want it.

    >>> import minigrad
    >>> minigrad.meshgrid(minigrad.tensor([1, 2]), minigrad.tensor([3, 4]), indexing="ij")
    (tensor([[1, 1],
            [2, 2]]), tensor([[3, 4],
            [3, 4]]))
    """
    given = _sequence(tensors)
    if not given:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing is None:
        indexing = "ij"
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.", UserWarning, stacklevel=3
        )
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for t in given:
        if t.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {t.ndim} dimensions")
        if t.dtype is not given[0].dtype:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    swap = indexing == "xy" and len(given) > 1
    order = (given[1], given[0], *given[2:]) if swap else given
    shape = [t.numel() for t in order]
    grids = [t.reshape([-1 if i == axis else 1 for i in range(len(shape))]).expand(shape) for axis, t in enumerate(order)]
    return (grids[1], grids[0], *grids[2:]) if swap else tuple(grids)


@operation(method=False, out=False)
def cartesian_prod(*tensors: Any) -> Tensor:
    """All tuples with one element of each vector, one row each; of a single vector, the vector.

    >>> import minigrad
    >>> minigrad.cartesian_prod(minigrad.tensor([1, 2]), minigrad.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    given = _sequence(tensors)
    for t in given:
        if t.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(t.shape)}")
    if len(given) == 1:
        return given[0]
    grids = meshgrid(*given, indexing="ij")
    return cat([g.reshape(-1, 1) for g in grids], 1)


@operation(out=False, method=False)
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to choose r elements of a vector, one row each, in the order of `itertools.combinations`.

    >>> import minigrad
    >>> minigrad.combinations(minigrad.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if input.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(range(input.numel()), r))
    xp = array_namespace(input._array)
    if r == 0:
        return wrap(xp.zeros(0, input._array.dtype))
    where = wrap(xp.asarray(rows, dtype="int64").reshape(len(rows), r))
    return input[where]


@operation(method=False, out=False)
def block_diag(*tensors: Any) -> Tensor:
    """Matrices along the diagonal of one large matrix of zeros; vectors count as rows.

    >>> import minigrad
    >>> minigrad.block_diag(minigrad.tensor([[1, 2]]), minigrad.tensor([[3], [4]]))
    tensor([[1, 2, 0],
            [0, 0, 3],
            [0, 0, 4]])
    """
    given = _sequence(tensors)
    if not given:
        raise RuntimeError("torch.block_diag: expected at least one tensor")
    for i, t in enumerate(given):
        if t.ndim > 2:
            raise RuntimeError(f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {t.ndim}")
    blocks = [t.reshape((1,) * (2 - t.ndim) + tuple(t.shape)) for t in given]
    width = sum(b._array.shape[1] for b in blocks)
    rows, left = [], 0
    for block in blocks:
        height, own = block._array.shape
        xp = array_namespace(block._array)
        before, after = (wrap(xp.zeros((height, n), block._array.dtype)) for n in (left, width - left - own))
        rows.append(cat([before, block, after], 1))
        left += own
    return cat(rows, 0)
