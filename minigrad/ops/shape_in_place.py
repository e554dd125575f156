"""Changing the shape of a tensor in place: `squeeze_`, `unsqueeze_`, `transpose_` and `t_` move no element.

The tensor becomes a view of what it was, and takes that step into its history.  Views that were taken of it before would
have to know; where that could cost a gradient, the change is refused.  Writes to elements are in `autograd/inplace.py`.
"""

from __future__ import annotations

from sys import getrefcount
from typing import Any

from minigrad.autograd.function import ViewOperation, wrap
from minigrad.autograd.inplace import check_writable
from minigrad.autograd.modes import mode
from minigrad.kernels.memory import addressable
from minigrad.ops._dims import normalize_dim
from minigrad.ops.axes import Permute, T, Transpose, at_most_matrix, no_axes, two_axes
from minigrad.ops.registry import operation
from minigrad.ops.shape import Unsqueeze, squeezed
from minigrad.tensor import Tensor


def become_view(target: Tensor, cls: type[ViewOperation], *args: Any) -> Tensor:
    """`target` becomes a view of what it was: same memory, other shape or strides, and a longer history."""
    check_writable(target)
    shared = target._version_counter is not None and getrefcount(target._version_counter) > 2  # by a view or by a node
    if mode.grad and target.requires_grad and shared:
        raise RuntimeError(
            f"{cls.__name__.lower()}_(): the shape of this tensor cannot be changed in place, because its memory is shared with a "
            "view or saved for backward: use the form without the underscore"
        )
    before = wrap(addressable(target._array))
    before._edge, before._requires_grad, before._view = target._edge, target._requires_grad, target._view
    result = cls.apply(before, *args)
    target._array = result._array
    if mode.grad:
        target._edge, target._requires_grad = result._edge, result._requires_grad
    if target._view is not None:
        target._view = result._view
    target._bump_version()
    return target


@operation(where=(), method=True, out=False)
def squeeze_(input: Tensor, dim: Any = None) -> Tensor:
    """In-place form of `squeeze`: the tensor itself loses its dimensions of size 1.

    >>> import minigrad
    >>> minigrad.zeros(1, 2).squeeze_().shape
    torch.Size([2])
    """
    return become_view(input, *squeezed(input, dim))


@operation(where=(), method=True, out=False)
def unsqueeze_(input: Tensor, dim: int) -> Tensor:
    """In-place form of `unsqueeze`: the tensor itself gets a dimension of size 1.

    >>> import minigrad
    >>> minigrad.zeros(2).unsqueeze_(0).shape
    torch.Size([1, 2])
    """
    return become_view(input, Unsqueeze, normalize_dim(dim, len(input._array.shape) + 1))


@operation(where=(), method=True, out=False, aliases=("swapaxes_", "swapdims_"))
def transpose_(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """In-place form of `transpose`: the tensor itself has two of its dimensions exchanged.

    >>> import minigrad
    >>> minigrad.zeros(2, 3).transpose_(0, 1).shape
    torch.Size([3, 2])
    """
    if not input._array.shape:
        return become_view(input, Permute, no_axes(dim0, dim1))
    return become_view(input, Transpose, *two_axes(input, dim0, dim1))


@operation(where=(), method=True, out=False)
def t_(input: Tensor) -> Tensor:
    """In-place form of `t`: the matrix itself becomes its transpose.

    >>> import minigrad
    >>> minigrad.zeros(2, 3).t_().shape
    torch.Size([3, 2])
    """
    rank = at_most_matrix(input, "t_")
    return become_view(input, T, 0, 1) if rank == 2 else input
