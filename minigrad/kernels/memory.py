"""Reading and writing the memory behind a value: what an in-place operation needs from its array library.

A 0-d result of NumPy is an immutable scalar (`np.float32`), five times cheaper than a 0-d array; it becomes an array
when something wants to share or change its memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def addressable(array: Any) -> Any:
    """The value as an array with memory of its own kind: a NumPy scalar becomes a 0-d array, an array stays itself."""
    return np.array(array) if isinstance(array, np.generic) else array


def store(target: Any, value: Any) -> Any:
    """Write `value`, cast and broadcast, into the memory of `target`; returns what now stands for it."""
    if isinstance(target, np.generic):
        return np.asarray(value).astype(target.dtype)[()]
    target[...] = value
    return target


def overlaps_itself(array: Any) -> bool:
    """Whether several elements share one address, as after `expand`: writing to such a value has no meaning."""
    if array.size <= 1 or array.flags.c_contiguous:
        return False
    return any(stride == 0 and size > 1 for size, stride in zip(array.shape, array.strides))


def shares(a: Any, b: Any) -> bool:
    """Whether two arrays of one library lie in the same memory, judged by the buffers that own it."""
    return owner(a) is owner(b)


def owner(array: Any) -> Any:
    """What holds the memory of an array: NumPy's array at the end of the chain of bases, or CuPy's allocation."""
    if not isinstance(array, (np.ndarray, np.generic)):
        return array.data.mem  # the same for all views, while CuPy's as_strided forgets the base
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def address(array: Any) -> int:
    """Where the first element of an array lies."""
    return array.__array_interface__["data"][0] if isinstance(array, np.ndarray) else array.data.ptr


def offset(array: Any) -> int:
    """How many bytes of the memory of an array come before its first element."""
    whole = owner(array)
    if isinstance(array, (np.ndarray, np.generic)):
        return address(array) - address(whole) if isinstance(whole, np.ndarray) else 0
    return address(array) - whole.ptr if array.size else 0
