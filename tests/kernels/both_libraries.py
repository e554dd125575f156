"""The kernels take arrays of either library: these tests run on NumPy and on CuPy, or on the strict stand-in for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy
import pytest

both_libraries = pytest.mark.parametrize("library", ["numpy", "cupy"])


def send(library: str) -> Callable[[Any], Any]:
    """A function that turns NumPy arrays (alone, or in lists and tuples) into arrays of the library."""
    xp = importlib.import_module(library)

    def convert(x: Any) -> Any:
        if isinstance(x, list | tuple):
            return type(x)(map(convert, x))
        return xp.asarray(x) if isinstance(x, numpy.ndarray | numpy.generic) else x

    return convert


def home(x: Any) -> numpy.ndarray:
    """The array as NumPy's."""
    return x if isinstance(x, numpy.ndarray | numpy.generic) else x.get()


def assert_close(actual: Any, expected: Any, tolerance: float = 1e-12, dtype: Any = None) -> None:
    """Equal within a tolerance relative to the largest number, of equal shape, and of the dtype named or else the same."""
    actual, expected = home(actual), numpy.asarray(expected)
    assert actual.shape == expected.shape
    assert actual.dtype == (expected.dtype if dtype is None else dtype)
    finite = expected[numpy.isfinite(expected)].astype("float64")
    scale = max(1.0, float(numpy.abs(finite).max(initial=0)))
    numpy.testing.assert_allclose(actual.astype("float64"), expected.astype("float64"), rtol=0, atol=tolerance * scale)


def channels_last(x: numpy.ndarray) -> numpy.ndarray:
    """The same (N, C, *S) with memory in the order (N, *S, C)."""
    return numpy.ascontiguousarray(numpy.moveaxis(x, 1, -1)).transpose(0, x.ndim - 1, *range(1, x.ndim - 1))
