"""Devices and dtypes: moving and converting all tensors of a module in place.

`Movable` is the part of `Module` that does it.  Everything is one walk, `_apply`, with another function.  Read
`module.py` first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import minigrad
from minigrad.tensor import Tensor

T = TypeVar("T", bound="Movable")


class Movable:
    """Moves and converts parameters and buffers."""

    children: Callable[[], Iterator[Any]]
    _own: Callable[[str], list[tuple[str, Any]]]

    def _apply(self: T, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> T:
        """Replace parameters, gradients and buffers by `fn` of them; the parameters stay the same objects."""
        if recurse:
            for child in self.children():
                child._apply(fn)
        for _, parameter in self._own("parameter"):
            if parameter is not None:
                grad = parameter.grad
                parameter.data = fn(parameter.data)
                if grad is not None:
                    parameter.grad = fn(grad.detach())
        for name, buffer in self._own("buffer"):
            if buffer is not None:
                self.__dict__[name] = fn(buffer)
        return self

    def to(self: T, *args: Any, **kwargs: Any) -> T:
        """Move and convert all parameters and buffers, in place; returns the module itself.

        Called as `to(device)`, `to(dtype)`, `to(device, dtype)` or `to(tensor)`, which means that tensor's device and
        dtype.  Only floating-point tensors change their dtype.

        >>> import minigrad
        >>> minigrad.nn.Linear(2, 1).to(minigrad.float64).weight.dtype
        torch.float64
        """
        device, dtype = _parse_to(*args, **kwargs)
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )
        return self._apply(
            lambda t: t.to(device=device, dtype=dtype if t.is_floating_point() or t.is_complex() else t.dtype)
        )

    def to_empty(self: T, *, device: Any, recurse: bool = True) -> T:
        """Move to a device without copying the values: every tensor there is uninitialised."""
        return self._apply(lambda t: minigrad.empty_like(t, device=device), recurse=recurse)

    def cpu(self: T) -> T:
        """Move all parameters and buffers to the CPU."""
        return self._apply(lambda t: t.cpu())

    def cuda(self: T, device: Any = None) -> T:
        """Move all parameters and buffers to a GPU."""
        return self._apply(lambda t: t.cuda(device))

    def type(self: T, dst_type: Any) -> T:
        """Convert all parameters and buffers, whatever their type, to `dst_type`."""
        return self._apply(lambda t: t.type(dst_type))

    def _cast(self: T, dtype: Any) -> T:
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def float(self: T) -> T:
        """Convert the floating-point parameters and buffers to float32."""
        return self._cast(minigrad.float32)

    def double(self: T) -> T:
        """Convert the floating-point parameters and buffers to float64."""
        return self._cast(minigrad.float64)

    def half(self: T) -> T:
        """Convert the floating-point parameters and buffers to float16."""
        return self._cast(minigrad.float16)

    def bfloat16(self: T) -> T:
        """Convert the floating-point parameters and buffers to bfloat16."""
        return self._cast(minigrad.bfloat16)


def _parse_to(
    *args: Any, device: Any = None, dtype: Any = None, non_blocking: bool = False, memory_format: Any = None
) -> tuple[Any, Any]:
    """Device and dtype out of the ways in which `to` may be called (the last two are hints without an effect here)."""
    for given in args:
        if isinstance(given, Tensor):
            device, dtype = given.device, given.dtype
        elif isinstance(given, minigrad.dtype):
            dtype = given
        elif given is not None and not isinstance(given, bool):
            device = given
    return device, dtype
