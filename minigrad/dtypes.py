"""The element types, and the rule that says which type two of them make together.

A `dtype` is a name, a NumPy type and a category; `promote_types` and `result_type` answer "float32 times int64?".
Tensors hold plain NumPy or CuPy arrays, so everything here is a thin, exact layer over `numpy.dtype` with PyTorch's
names and PyTorch's promotion rule, which differs from NumPy's.  Read `devices.py` next.
"""

from __future__ import annotations

import functools
import importlib
import math
from typing import Any

import numpy as np

BOOL, INTEGER, FLOATING, COMPLEX = range(4)


class dtype:
    """The type of a tensor's elements.

    >>> import minigrad
    >>> minigrad.float32, minigrad.float32.itemsize, minigrad.int64.is_floating_point
    (torch.float32, 4, False)
    """

    def __init__(self, name: str, category: int, itemsize: int, priority: int):
        self.name, self.category, self.itemsize, self.priority = name, category, itemsize, priority
        self.is_floating_point = category == FLOATING
        self.is_complex = category == COMPLEX
        self.is_signed = name not in ("bool", "uint8")
        self.is_inexact = category >= FLOATING

    @functools.cached_property
    def numpy(self) -> np.dtype:
        """The same type in NumPy (bfloat16 needs the small package `ml_dtypes`)."""
        if self.name != "bfloat16":
            return np.dtype(self.name)
        try:
            return np.dtype(importlib.import_module("ml_dtypes").bfloat16)
        except ImportError:
            raise ImportError("bfloat16 needs the package ml_dtypes: pip install 'minigrad[bfloat16]'") from None

    def to_complex(self) -> dtype:
        """float32 -> complex64, float64 -> complex128."""
        return {"float64": complex128, "complex128": complex128}.get(self.name, complex64)

    def to_real(self) -> dtype:
        """complex64 -> float32, complex128 -> float64; a real type stays."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> tuple:
        return (by_name, (self.name,))

    def __deepcopy__(self, memo: dict) -> dtype:
        return self


bool_ = dtype("bool", BOOL, 1, 0)
uint8 = dtype("uint8", INTEGER, 1, 1)
int8 = dtype("int8", INTEGER, 1, 1)
int16 = dtype("int16", INTEGER, 2, 2)
int32 = dtype("int32", INTEGER, 4, 3)
int64 = dtype("int64", INTEGER, 8, 4)
float16 = dtype("float16", FLOATING, 2, 1)
bfloat16 = dtype("bfloat16", FLOATING, 2, 1)
float32 = dtype("float32", FLOATING, 4, 2)
float64 = dtype("float64", FLOATING, 8, 3)
complex64 = dtype("complex64", COMPLEX, 8, 1)
complex128 = dtype("complex128", COMPLEX, 16, 2)

ALL = (bool_, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64, complex64, complex128)
NAMES = {d.name: d for d in ALL} | {
    "short": int16, "int": int32, "long": int64, "half": float16, "float": float32,
    "double": float64, "cfloat": complex64, "cdouble": complex128,
}  # fmt: skip
_FROM_NUMPY: dict[Any, dtype] = {d.numpy: d for d in ALL if d is not bfloat16}


def by_name(name: str) -> dtype:
    """`by_name("float32")`: used when a dtype is unpickled."""
    return NAMES[name]


def of_array(array: Any) -> dtype:
    """The dtype of a NumPy or CuPy array."""
    return _FROM_NUMPY.get(array.dtype) or of_numpy(array.dtype)


def of_numpy(kind: Any) -> dtype:
    """The dtype that a NumPy type is here."""
    found = _FROM_NUMPY.get(kind)
    if found is None and np.dtype(kind).name == "bfloat16":
        found = _FROM_NUMPY.setdefault(bfloat16.numpy, bfloat16)
    if found is None:
        raise TypeError(
            f"can't convert np.ndarray of type {np.dtype(kind)}: the supported types are {', '.join(d.name for d in ALL)}"
        )
    return found


# ------------------------------------------------------------------------------------------------ the default dtype

_default = float32


def get_default_dtype() -> dtype:
    """The type of Python floats that become tensors: float32 until `set_default_dtype` says otherwise."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Make `d` (a floating type) the type of new tensors made from Python floats."""
    global _default
    if not (isinstance(d, dtype) and d.is_floating_point):
        raise TypeError(f"only floating-point types are supported as the default type, got {d!r}")
    _default = d
    result_of.cache_clear()


def default_complex() -> dtype:
    """The type of Python complex numbers that become tensors."""
    return _default.to_complex()


def of_number(value: bool | int | float | complex) -> dtype:
    """The dtype that a Python number has as a tensor of its own."""
    if isinstance(value, (bool, np.bool_)):
        return bool_
    if isinstance(value, (int, np.integer)):
        return int64
    if isinstance(value, (float, np.floating)):
        return _default
    return default_complex()


# ------------------------------------------------------------------------------------------------ promotion


@functools.cache
def promote_types(a: dtype, b: dtype) -> dtype:
    """The smallest type that both fit into: the higher category wins, within one category the wider type.

    >>> import minigrad
    >>> minigrad.promote_types(minigrad.int64, minigrad.float16), minigrad.promote_types(minigrad.uint8, minigrad.int8)
    (torch.float16, torch.int16)
    """
    if a is b:
        return a
    if a.category != b.category:
        low, high = sorted((a, b), key=lambda d: d.category)
        if high.is_complex and low is float64:
            return complex128
        return high
    if {a, b} == {uint8, int8}:
        return int16
    if {a, b} == {float16, bfloat16}:
        return float32
    return max(a, b, key=lambda d: d.priority)


def _combine(higher: dtype | None, lower: dtype | None) -> dtype | None:
    """`higher` comes from operands that count more (more dimensions); `lower` only lifts it to a new category."""
    if higher is None or lower is None:
        return higher or lower
    if higher.category >= lower.category and higher is not bool_:
        return higher
    if higher.is_floating_point and lower.is_complex:
        return higher.to_complex()
    return promote_types(higher, lower)


@functools.lru_cache(maxsize=4096)
def result_of(*operands: tuple[dtype, int]) -> dtype:
    """The common type of operands given as (dtype, rank): rank 2 has dimensions, 1 is a 0-d tensor, 0 a Python number."""
    found: list[dtype | None] = [None, None, None]
    for d, rank in operands:
        if rank == 0 and d.is_inexact:
            d = default_complex() if d.is_complex else _default
        found[rank] = d if found[rank] is None else promote_types(found[rank], d)  # type: ignore[arg-type]
    result = _combine(found[2], _combine(found[1], found[0]))
    assert result is not None, "result_type() needs at least one operand"
    return result


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether a result of type `from_` may be written into a tensor of type `to`: never to a lower category."""
    if from_.is_complex and not to.is_complex:
        return False
    if from_.is_floating_point and to.category < FLOATING:
        return False
    return from_ is bool_ or to is not bool_


# ------------------------------------------------------------------------------------------------ limits


class finfo:
    """Limits of a floating type: `bits eps max min tiny smallest_normal resolution`.

    >>> import minigrad
    >>> minigrad.finfo(minigrad.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: dtype | None = None):
        type = type or get_default_dtype()
        if not type.is_inexact:
            raise TypeError(f"finfo() requires a floating point input type, got {type}: use iinfo()")
        real = type.to_real()
        info: Any
        if real is bfloat16:
            info = importlib.import_module("ml_dtypes").finfo(real.numpy)
        else:
            info = np.finfo(real.numpy)
        self.dtype, self.bits = real.name, real.itemsize * 8
        self.eps, self.max, self.min = float(info.eps), float(info.max), float(info.min)
        self.tiny = self.smallest_normal = float(info.smallest_normal)
        self.resolution = 10.0 ** -int(-math.log2(self.eps) * math.log10(2))  # ten to the decimal digits that fit

    def __repr__(self) -> str:
        parts = ", ".join(f"{k}={getattr(self, k):g}" for k in ("resolution", "min", "max", "eps", "smallest_normal", "tiny"))
        return f"finfo({parts}, dtype={self.dtype})"


class iinfo:
    """Limits of an integer type: `bits max min`.

    >>> import minigrad
    >>> minigrad.iinfo(minigrad.int8).max
    127
    """

    def __init__(self, type: dtype):
        if type.category != INTEGER:
            raise TypeError(f"iinfo() requires an integer input type, got {type}: use finfo()")
        info = np.iinfo(type.numpy)
        self.dtype, self.bits, self.max, self.min = type.name, info.bits, int(info.max), int(info.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
