"""Sums, extremes, orders and scans of raw arrays: quick ways must give what NumPy's plain ways give."""

from __future__ import annotations

import itertools

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minigrad.kernels import extremes, order, scans, sums

from .both_libraries import assert_close, both_libraries, home, send

RNG = numpy.random.default_rng(0)


@both_libraries
@pytest.mark.parametrize("shape", [(7, 11, 13, 17), (100, 30, 4), (5000, 3), (3, 1, 9000), (4, 5), (20_001,), ()])
def test_sums_over_all_axes_in_all_layouts(shape, library):
    data = RNG.standard_normal(shape)
    for layout in itertools.permutations(range(len(shape))):
        x = send(library)(data.transpose(layout)) if library == "cupy" else data.transpose(layout)
        for count in range(1, len(shape) + 1):
            for axes in itertools.combinations(range(len(shape)), count):
                for keepdims in (False, True):
                    expected = data.transpose(layout).sum(axis=axes, keepdims=keepdims)
                    assert_close(sums.total(x, axes, keepdims), expected)
        assert_close(sums.total(x), data.sum())


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "float16", "float32", "complex64"])
def test_sums_have_the_dtype_that_pytorch_gives_them(dtype):
    x = numpy.ones((100, 200), dtype)
    for axes in (None, (0,), (1,)):
        assert sums.total(x, axes).dtype == ("int64" if x.dtype.kind in "biu" else dtype)


def test_infinities_and_nan_spoil_their_own_sum_only():
    x = numpy.ones((300, 100), "float32")
    x[3, 4], x[5, 6] = numpy.inf, numpy.nan
    assert numpy.isfinite(sums.total(x, (1,))).sum() == 298
    assert numpy.isfinite(sums.total(x, (0,))).sum() == 98


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["float32", "float16", "int8", "int64", "bool", "float64", "uint8"]),
    arrays.array_shapes(min_dims=1, max_dims=3, max_side=60),
    st.booleans(),
    st.data(),
)
def test_orders_are_stable_in_both_directions(dtype, shape, descending, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    x = numpy.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 4, shape).astype(dtype)
    if x.dtype.kind == "f":
        x[x == 2] = numpy.nan
        x[x == 3] = -numpy.inf
        x.reshape(-1)[::3] *= -1
    mirror = (slice(None),) * axis + (slice(None, None, -1),)
    expected = numpy.argsort(x, axis, kind="stable")
    if descending:
        expected = (x.shape[axis] - 1 - numpy.argsort(x[mirror], axis, kind="stable"))[mirror]
    few, order.FEW = order.FEW, 0
    try:
        numpy.testing.assert_array_equal(order.order(x, axis, descending), expected)
        if not descending:
            n = data.draw(st.integers(0, x.shape[axis] - 1))
            numpy.testing.assert_array_equal(order.nth(x, axis, n), numpy.take(expected, [n], axis))
    finally:
        order.FEW = few


def test_integers_too_far_apart_for_a_key_are_sorted_all_the_same():
    x = numpy.array([2**62, -(2**62), 0, 2**62] * 500)
    numpy.testing.assert_array_equal(order.order(x, 0), numpy.argsort(x, kind="stable"))


@both_libraries
@pytest.mark.parametrize("shape", [(300, 70), (300, 5), (3, 80, 90), (2, 3)])
def test_extremes_and_their_first_places(shape, library):
    data = RNG.integers(0, 9, shape).astype("float32")
    spoiled = data.copy()
    spoiled[1, 2] = numpy.nan
    few, extremes.FEW = extremes.FEW, 0
    try:
        for array in (data, spoiled, data.astype("int64")):
            x = send(library)(array)
            for axis, side in itertools.product(range(len(shape)), ("max", "min")):
                places = getattr(array, "arg" + side)(axis=axis, keepdims=True)
                numpy.testing.assert_array_equal(home(extremes.place(x, side, axis)), places)
                numpy.testing.assert_array_equal(home(extremes.extreme(x, side, (axis,))), getattr(array, side)(axis=axis))
            numpy.testing.assert_array_equal(home(extremes.extreme(x, "max")), array.max())
    finally:
        extremes.FEW = few


@both_libraries
@pytest.mark.parametrize("ufunc", ["add", "multiply", "maximum", "minimum", "logaddexp"])
@pytest.mark.parametrize(("shape", "axis"), [((5, 200), 0), ((5, 200), 1), ((3, 7, 150), 1), ((9,), 0), ((0, 3), 0)])
def test_scans_give_what_accumulating_gives(ufunc, shape, axis, library):
    x = RNG.standard_normal(shape)
    assert_close(scans.running(ufunc, send(library)(x), axis), getattr(numpy, ufunc).accumulate(x, axis))
