"""Python numbers that are to be written into a tensor: as they will stand there, or refused where they do not fit."""

from __future__ import annotations

import functools
import math
from typing import Any

from minigrad import dtypes


@functools.cache
def _limits(kind: dtypes.dtype) -> tuple[Any, Any]:
    if kind.is_floating_point:
        largest = dtypes.finfo(kind).max
        return -largest, largest
    info = dtypes.iinfo(kind)
    return info.min, info.max


def number_as(value: Any, kind: dtypes.dtype, to_infinity: bool = False) -> Any:
    """A number as an element of this dtype: fractions are cut off for integers, -1 is 255 among bytes.

    Raises RuntimeError for what the dtype cannot hold: 300 among bytes, an infinity among integers, 1e300 in float32.
    With `to_infinity`, what is too large for a float of 16 bits becomes infinite instead, as where `x[i] = value`.

    >>> number_as(2.7, dtypes.int64), number_as(-1, dtypes.uint8)
    (2, 255)
    """
    if kind is dtypes.bool_:
        return bool(value)
    value = value.item() if hasattr(value, "item") else value
    if kind.is_complex:
        return complex(*[number_as(part, kind.to_real()) for part in (value.real, value.imag)])
    number = value.real if isinstance(value, complex) and value.imag == 0 else value
    low, high = _limits(kind)
    fits = not isinstance(number, complex) and low <= number <= high
    if not fits and not _passes(number, kind, to_infinity):
        raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow: {value} does not fit")
    if kind.is_floating_point:
        return float(number)
    return int(number) % 256 if kind is dtypes.uint8 else int(number)


def _passes(number: Any, kind: dtypes.dtype, to_infinity: bool) -> bool:
    """Whether a number outside the limits of a dtype may be written all the same."""
    if isinstance(number, complex):
        return False
    if kind.is_floating_point:
        return not math.isfinite(number) or (to_infinity and kind.itemsize == 2)
    return kind is dtypes.uint8 and isinstance(number, int) and -256 < number < 0  # as the same bits
