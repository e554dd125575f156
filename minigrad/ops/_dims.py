"""Dimensions as users write them (negative, alone or in a tuple) made into positions; PyTorch's errors where they are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any


def normalize_dim(dim: Any, ndim: int) -> int:
    """The position of one dimension of `ndim`; a 0-d tensor is treated as if it had one."""
    if type(dim) is not int:
        dim = _integer(dim)
    room = ndim or 1
    if not -room <= dim < room:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-room}, {room - 1}], but got {dim})")
    return dim % room


def normalize_dims(dims: Any, ndim: int) -> tuple[int, ...]:
    """The positions of one or several dimensions, each at most once."""
    positions = tuple(normalize_dim(d, ndim) for d in (dims if isinstance(dims, (tuple, list)) else (dims,)))
    for i, position in enumerate(positions):
        if position in positions[:i]:
            raise RuntimeError(f"dim {position} appears multiple times in the list of dims")
    return positions


def sizes(shape: Sequence[Any], name: str = "size") -> tuple[int, ...]:
    """A shape given as `f(2, 3)`, `f((2, 3))` or `f(torch.Size([2, 3]))`."""
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = shape[0]
    try:
        return tuple(map(index, shape))  # the quick way; what is no integer is named below
    except TypeError:
        return tuple(_integer(n, name) for n in shape)


def _integer(value: Any, what: str = "dim") -> int:
    if isinstance(value, float) or not hasattr(value, "__index__"):
        raise TypeError(f"expected an integer for {what}, got {type(value).__name__}")
    return int(value.__index__())
