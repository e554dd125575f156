"""Tensors that belong to a module: a `Parameter` is what an optimiser changes, a `Buffer` is state that nobody trains.

Both are ordinary tensors under another class name; the name alone is what a `Module` recognises when one is assigned to
an attribute.  Read `module.py` next.
"""

from __future__ import annotations

from typing import Any

import minigrad
from minigrad.tensor import Tensor


class Parameter(Tensor):
    """A tensor that a module trains.  Assigned to an attribute, it appears in `module.parameters()`.

    It shares the memory of `data` and is a leaf of the graph, whatever computed `data`.  Results of operations on it
    are plain tensors.

    >>> import minigrad
    >>> minigrad.nn.Parameter(minigrad.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        return Tensor._make_subclass(cls, _as_tensor(cls, data), requires_grad)

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        pass  # __new__ has done the work

    def __repr__(self) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:  # without the gradient
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        return memo[id(self)]


class Buffer(Tensor):
    """A tensor that is part of a module's state and not trained: a running mean, a mask, a table of positions.

    Assigned to an attribute, it appears in `module.buffers()` and moves with the module; it is saved in the state dict
    unless `persistent=False`.

    >>> import minigrad
    >>> module = minigrad.nn.Module()
    >>> module.mask = minigrad.nn.Buffer(minigrad.ones(2))
    >>> list(module.state_dict())
    ['mask']
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        data = _as_tensor(cls, data)
        self = Tensor._make_subclass(cls, data, data.requires_grad)
        self.persistent = persistent
        return self

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        pass  # __new__ has done the work


def _as_tensor(cls: type, data: Any) -> Tensor:
    if data is None:
        return minigrad.empty(0)
    if not isinstance(data, Tensor):
        raise TypeError(
            f"{cls.__name__} expected a Tensor, got {type(data).__name__}: "
            f"write {cls.__name__}(minigrad.tensor(...)) to make one from numbers"
        )
    return data
