"""Choices made on the bits of numbers: exact for every value and every type, whatever is not chosen."""

from __future__ import annotations

from unittest import mock

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad.kernels import elementwise
from minigrad.kernels.elementwise import choose, clip, keep, log_add_exp, positive_part, sign

from .both_libraries import both_libraries, home, send

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # minigrad itself silences its own
inf, nan = numpy.inf, numpy.nan
every_type = pytest.mark.parametrize(
    "kind", ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "bool", "complex64", "complex128"]
)
ordered_type = pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int64", "uint8"])
small_and_large = pytest.mark.parametrize("size", [3, 5000])  # by few calls, and by passes over memory


def numbers(kind: str, size: int, seed: int = 0) -> numpy.ndarray:
    """Random numbers, with infinities and NaN among them where the type has these."""
    values = numpy.random.default_rng(seed).standard_normal(size) * 50
    if numpy.dtype(kind).kind in "fc":
        values[:3] = inf, nan, -inf
    return numpy.abs(values).astype(kind) if kind in ("uint8", "bool") else values.astype(kind)


def assert_equal(actual, expected) -> None:
    """The same values, shape and type."""
    actual = home(actual)
    assert actual.dtype == expected.dtype
    numpy.testing.assert_array_equal(actual, expected)


@both_libraries
@every_type
@small_and_large
def test_keep_is_where_with_zero(library, kind, size):
    x, mask = numbers(kind, size), numpy.arange(size) % 3 == 1
    assert_equal(keep(*send(library)((x, mask))), numpy.where(mask, x, numpy.zeros((), kind)))


@both_libraries
@every_type
@small_and_large
def test_choose_is_where(library, kind, size):
    x, y, mask = numbers(kind, size), numbers(kind, size, 1)[::-1].copy(), numpy.arange(size) % 3 == 1
    assert_equal(choose(*send(library)((mask, x, y))), numpy.where(mask, x, y))


@settings(deadline=None)
@given(shapes=hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=4), few=st.sampled_from([2, 2048]))
def test_choose_broadcasts_all_three(shapes, few):
    rng = numpy.random.default_rng(0)
    mask, x, y = (numpy.asarray(rng.standard_normal(shape)) for shape in shapes.input_shapes)
    with mock.patch.object(elementwise, "_FEW", few):
        assert_equal(choose(mask > 0, x, y), numpy.where(mask > 0, x, y))


def test_choices_do_not_change_their_inputs():
    x, y, mask = numbers("float32", 5000), numbers("float32", 5000, 1), numpy.arange(5000) % 2 == 0
    before = x.copy(), y.copy(), mask.copy()
    choose(mask, x, y), keep(x, mask), clip(x, -1, 1), positive_part(x), sign(x), log_add_exp(x, y)
    for now, then in zip((x, y, mask), before, strict=True):
        assert_equal(now, then)


def test_keep_serves_numbers_and_transposed_arrays():
    assert keep(numpy.float32(nan), numpy.bool_(False)) == 0
    assert keep(numpy.float32(2), numpy.bool_(True)) == 2
    x = numpy.arange(6.0).reshape(2, 3).T
    assert_equal(keep(x, numpy.array([[True], [False], [True]])), x * [[1], [0], [1]])


@both_libraries
@ordered_type
@small_and_large
@pytest.mark.parametrize("bounds", [(1, 3), (None, 3), (1, None), (3, 1)])
def test_clip_bounds_and_keeps_nan(library, kind, size, bounds):
    x = numbers(kind, size)
    low, high = bounds
    expected = x if low is None else numpy.maximum(x, numpy.asarray(low, kind))
    expected = expected if high is None else numpy.minimum(expected, numpy.asarray(high, kind))
    assert_equal(clip(send(library)(x), low, high), expected)


@both_libraries
@ordered_type
@small_and_large
def test_positive_part_is_the_greater_of_x_and_0(library, kind, size):
    x = numbers(kind, size)
    assert_equal(positive_part(send(library)(x)), numpy.maximum(x, numpy.zeros((), kind)))


@both_libraries
def test_sign_of_nan_is_0_and_of_a_complex_number_its_direction(library):
    to = send(library)
    assert_equal(sign(to(numpy.array([-2.0, -0.0, 0.0, 3.0, nan]))), numpy.array([-1.0, 0, 0, 1, 0]))
    assert_equal(sign(to(numpy.array([0, 7], "uint8"))), numpy.array([0, 1], "uint8"))
    numpy.testing.assert_allclose(home(sign(to(numpy.array([3 + 4j, 0])))), [0.6 + 0.8j, 0])


@given(x=st.floats(-1e300, 1e300), y=st.floats(-1e300, 1e300))
def test_log_add_exp_is_numpys(x, y):
    ours = log_add_exp(numpy.array([x]), numpy.array([y]))
    numpy.testing.assert_allclose(ours, numpy.logaddexp([x], [y]), rtol=1e-14, atol=1e-15)


@both_libraries
def test_log_add_exp_of_infinities(library):
    x, y = numpy.array([inf, inf, -inf, -inf, 1.0, nan]), numpy.array([inf, -inf, -inf, 2.0, inf, 1.0])
    assert_equal(log_add_exp(*send(library)((x, y))), numpy.logaddexp(x, y))
