"""An array names its library, and float16 is widened on the way into a kernel."""

from __future__ import annotations

import importlib

import numpy
import pytest

from minigrad import kernels
from minigrad.kernels import _namespace, cpu, gpu

from .both_libraries import both_libraries, send


@both_libraries
def test_an_array_names_its_library(library):
    x = send(library)(numpy.ones(3))
    assert kernels.array_namespace(x) is importlib.import_module(library)
    assert kernels.of(x) is {"numpy": cpu, "cupy": gpu}[library]


def test_a_numpy_scalar_is_numpys():
    assert kernels.array_namespace(numpy.float32(1)) is numpy


def test_cpu_and_gpu_offer_the_same_names_to_the_same_arguments():
    for name in ("combine_at", "add_rows"):
        assert getattr(cpu, name).__annotations__ == getattr(gpu, name).__annotations__


@both_libraries
@pytest.mark.parametrize("dtype, inside", [("float16", "float32"), ("float32",) * 2, ("float64",) * 2, ("int64",) * 2])
def test_widened_kernels_see_float32_and_give_back_float16(library, dtype, inside):
    seen = []

    @_namespace.widened
    def kernel(x, y, *, z):
        seen.extend(str(a.dtype) for a in (x, y, z))
        return x + y + z

    x = send(library)(numpy.ones(3, dtype))
    assert kernel(x, x, z=x).dtype == dtype
    assert seen == [inside] * 3
