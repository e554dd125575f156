"""Which array library does this array belong to, and which floats does it compute in?

The kernels never say `numpy` where a CuPy array might come: they ask the array, and call the module `xp` that answers.
Read `convolution.py` next to see it at work.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from math import inf
from typing import Any

import numpy

Array = Any  # numpy.ndarray or cupy.ndarray: kernels serve both, which no static type can say


def array_namespace(x: Array) -> Any:
    """The module whose functions work on `x`: `numpy` for NumPy arrays and scalars, `cupy` for CuPy's.

    >>> array_namespace(numpy.zeros(3)).__name__
    'numpy'
    """
    if isinstance(x, (numpy.ndarray, numpy.generic)):
        return numpy
    return sys.modules[type(x).__module__.partition(".")[0]]


def of(x: Array) -> Any:
    """The module with what is particular to the library of `x`: `kernels.cpu` for NumPy, `kernels.gpu` for CuPy.

    >>> of(numpy.zeros(3)).__name__
    'minigrad.kernels.cpu'
    """
    from . import cpu, gpu

    return cpu if array_namespace(x) is numpy else gpu


def limits(dtype: Any) -> dict[str, Any]:
    """The two ends of a dtype: what is neutral for maximum and for minimum.  Floats end in the infinities."""
    if dtype.kind == "b":
        return {"lowest": False, "highest": True}
    if dtype.kind in "iu":
        bits = 8 * dtype.itemsize - (dtype.kind == "i")
        return {"lowest": -(1 << bits) if dtype.kind == "i" else 0, "highest": (1 << bits) - 1}
    return {"lowest": -inf, "highest": inf}


def is_half(x: Any) -> bool:
    """Is x an array of 16-bit floats, which are for storing numbers rather than for summing them?"""
    kind = getattr(x, "dtype", None)
    return kind is not None and kind.itemsize == 2 and kind.kind in "fV"  # bfloat16 is a kind of its own: V


def widened(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """Run a kernel on 16-bit floats in float32 and round its result once, as PyTorch does."""

    @functools.wraps(kernel)
    def wrapper(x: Array, *args: Any, **kwargs: Any) -> Array:
        if not is_half(x):
            return kernel(x, *args, **kwargs)
        args = tuple(a.astype("float32") if is_half(a) else a for a in args)
        kwargs = {name: a.astype("float32") if is_half(a) else a for name, a in kwargs.items()}
        return kernel(x.astype("float32"), *args, **kwargs).astype(x.dtype)

    return wrapper
