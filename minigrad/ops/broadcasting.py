"""Broadcasting: one element standing for many, by a stride of 0 instead of copies.

Two shapes are laid against each other from the right; where sizes differ, one of them has to be 1 and is stretched.  The
derivative of stretching is a sum over the stretched axes, which the engine takes for every operation in one place
(`_fit` in `autograd/engine.py`).  Read `shape.py` for the other ways to see a tensor in another shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.ops._dims import sizes
from minigrad.ops.registry import operation
from minigrad.ops.shape import Expand, Shape, reshape, view
from minigrad.tensor import Size, Tensor


def broadcast_shape(*shapes: Sequence[int]) -> Shape:
    """The shape that tensors of these shapes broadcast to; RuntimeError when there is none."""
    result: list[int] = []
    for shape in shapes:
        result = [1] * (len(shape) - len(result)) + result
        for i in range(-len(shape), 0):
            if result[i] == 1:
                result[i] = shape[i]
            elif shape[i] not in (1, result[i]):
                raise RuntimeError(
                    f"The size of tensor a ({result[i]}) must match the size of tensor b ({shape[i]}) at non-singleton dimension "
                    f"{len(result) + i}"
                )
    return tuple(result)


@operation(where=(), method=True, out=False)
def expand(input: Tensor, *size: Any, implicit: bool = False) -> Tensor:
    """Dimensions of size 1 repeated to the sizes given, without copying; -1 keeps a size, new dimensions come in front.

    Several elements of the result are one place in memory: clone() it before writing to it.

    >>> import minigrad
    >>> minigrad.tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    shape, goal = input._array.shape, sizes(size)
    lead = len(goal) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand: the number of sizes provided ({len(goal)}) must be greater or equal to the number of dimensions in the "
            f"tensor ({len(shape)}): sizes {list(goal)}, tensor {list(shape)}"
        )
    if goal != shape:
        full = []
        for i, length in enumerate(goal):
            if i < lead and length < 0:
                raise RuntimeError(
                    f"The expanded size of the tensor ({length}) isn't allowed in a leading, non-existing dimension {i}"
                )
            old = shape[i - lead] if i >= lead else 1
            if length not in (old, -1) and (old != 1 or length < 0):
                raise RuntimeError(
                    f"The expanded size of the tensor ({length}) must match the existing size ({old}) at non-singleton dimension "
                    f"{i}.  Target sizes: {list(goal)}.  Tensor sizes: {list(shape)}"
                )
            full.append(old if length == -1 else length)
        goal = tuple(full)
    return Expand.apply(input, goal)


@operation(where=(), method=True, out=False)
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """`input.expand(other.shape)`.

    >>> import minigrad
    >>> minigrad.tensor([1, 2]).expand_as(minigrad.zeros(2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, other._array.shape)


@operation(out=False)
def broadcast_to(input: Tensor, *size: Any) -> Tensor:
    """`input.expand(size)`, under NumPy's name.

    >>> import minigrad
    >>> minigrad.tensor([1, 2]).broadcast_to(2, 2)
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, *size)


@operation(method=False, out=False)
def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Views of the tensors, all expanded to the shape that they broadcast to together.

    >>> import minigrad
    >>> a, b = minigrad.broadcast_tensors(minigrad.zeros(3, 1), minigrad.zeros(4))
    >>> a.shape, b.shape
    (torch.Size([3, 4]), torch.Size([3, 4]))
    """
    given = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    goal = broadcast_shape(*[t._array.shape for t in given])
    return tuple(Expand.apply(t, goal) for t in given)


@operation(method=False, out=False)
def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes (tuples, or ints for one dimension) broadcast to.

    >>> import minigrad
    >>> minigrad.broadcast_shapes((3, 1), (1, 4), 4)
    torch.Size([3, 4])
    """
    lists = [sizes((shape,)) for shape in shapes]
    if any(n < 0 for shape in lists for n in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension: shapes are {[list(s) for s in lists]}")
    return Size(broadcast_shape(*lists))


@operation(where=(), method=True, out=False)
def sum_to_size(input: Tensor, *size: Any) -> Tensor:
    """Summed over the dimensions that `size` lacks or has as 1: what undoes a broadcast from `size`.

    >>> import minigrad
    >>> minigrad.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    shape, goal = input._array.shape, sizes(size)
    lead = len(shape) - len(goal)
    if lead < 0 or any(m not in (1, n) for n, m in zip(shape[lead:], goal, strict=True)):
        raise RuntimeError(f"size {{{list(goal)}}} is not expandable to size {{{list(shape)}}}.")
    axes = (*range(lead), *(lead + i for i, m in enumerate(goal) if m == 1 and shape[lead + i] != 1))
    return reshape(input.sum(axes, keepdim=True), goal) if axes else view(input, goal)
