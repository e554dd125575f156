"""Python numbers that are to be written into a tensor: as they will stand there, or refused where they do not fit."""

from __future__ import annotations

import functools
import math
from typing import Any

from minigrad import dtypes


@functools.cache
def _largest(kind: dtypes.dtype) -> Any:
    return (dtypes.finfo if kind.is_inexact else dtypes.iinfo)(kind).max


def number_as(value: Any, kind: dtypes.dtype) -> Any:
    """A number as an element of this dtype: fractions are cut off for integers, -1 is 255 among bytes.

    Raises RuntimeError for what the dtype cannot hold: 300 among bytes, an infinity among integers, 1e300 in float32.

    >>> number_as(2.7, dtypes.int64), number_as(-1, dtypes.uint8)
    (2, 255)
    """
    if kind is dtypes.bool_:
        return bool(value)
    if kind.is_complex:
        return complex(value)
    value = value.item() if hasattr(value, "item") else value
    number = value.real if isinstance(value, complex) and value.imag == 0 else value
    fits = not isinstance(number, complex) and -_largest(kind) - 1 <= number <= _largest(kind)
    if not fits and (isinstance(number, complex) or math.isfinite(number) or not kind.is_floating_point):
        raise RuntimeError(f"value cannot be converted to type {kind.name} without overflow: {value} does not fit")
    if kind.is_floating_point:
        return float(number)
    return int(number) % 256 if kind is dtypes.uint8 else int(number)
