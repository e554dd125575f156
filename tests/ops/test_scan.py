"""Running sums, products, extremes: each result has seen all that came before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same

nan, inf = float("nan"), float("inf")


@pytest.mark.parametrize("shape", [(2, 3), (4,), (), (0, 3), (2, 1, 3)])
@pytest.mark.parametrize("dim", [0, -1])
@pytest.mark.parametrize("name", ["cumsum", "cumprod", "cummax", "cummin", "logcumsumexp"])
def test_scans_have_pytorchs_values_and_derivatives(name, dim, shape):
    def change(T, x):
        y = getattr(x * 0.1, name)(dim)
        return y if isinstance(y, T.Tensor) else y.values

    assert_same_calculus(change, shape)


@pytest.mark.parametrize("zeros", [[1], [0, 2], [0, 1, 2, 3]])
def test_the_gradient_of_a_running_product_is_right_at_zeros_to_second_order(zeros):
    weights = np.ones(4)
    weights[zeros] = 0
    assert_same_calculus(lambda T, x: (x * T.tensor(weights)).cumprod(0), (4,))
    assert_same_calculus(lambda T, x: (x * T.tensor(weights[:, None])).cumprod(0), (4, 2))


def test_indices_are_of_the_latest_extreme_and_nan_stays():
    assert_same(lambda T: T.tensor([1, nan, 3, nan, 2]).cummax(0))
    assert_same(lambda T: T.tensor([3, 1, 2, 1]).cummin(0))
    assert_same(lambda T: T.tensor([[True, False], [False, False]]).cummax(1))


def test_the_gradient_of_a_running_maximum_goes_where_each_came_from():
    x = minigrad.tensor([2.0, 1.0, 3.0], requires_grad=True)
    x.cummax(0).values.sum().backward()
    assert x.grad.tolist() == [2, 0, 1]


@pytest.mark.parametrize("data", [[-inf, -inf, 1.0], [-inf, 2.0, -inf]])
def test_logcumsumexp_of_nothing_yet_is_minus_infinity_without_a_gradient(data):
    x = minigrad.tensor(data, requires_grad=True)
    y = x.logcumsumexp(0)
    y.sum().backward()
    assert y[0].item() == -inf
    assert x.grad.tolist() == [0, 2, 0] if data[1] == 2 else [0, 0, 1]


@pytest.mark.parametrize("data", [[1000.0, 1000.0, -1000.0], [-1000.0, 1000.0, 0.0]])
def test_logcumsumexp_does_not_overflow(data):
    def program(T):
        x = T.tensor(data, dtype=T.float64, requires_grad=True)
        y = x.logcumsumexp(0)
        y[-1].backward()
        return y, x.grad

    assert_same(program)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.integers(1, 130), st.booleans())
def test_float32_sums_are_accumulated_in_float64(n, width, last):
    data = np.random.default_rng(n).random((n, width), dtype="float32")
    data = data.T if last else data
    dim = 1 if last else 0
    expected = np.cumsum(data, dim, dtype="float64").astype("float32")
    result = minigrad.tensor(data).cumsum(dim)
    assert result.dtype is minigrad.float32
    np.testing.assert_array_equal(result.numpy(), expected)


@pytest.mark.parametrize("kind", ["bool", "uint8", "int32", "int64", "float16", "float32"])
def test_dtypes_are_pytorchs(kind):
    def program(T):
        x = T.tensor([[1, 0, 3], [2, 1, 1]]).to(getattr(T, kind))
        return [x.cumsum(0), x.cumprod(1), x.cumsum(1, dtype=T.float64), x.cummax(1), x.cumsum(1, dtype=T.int16)]

    assert_same(program)


def test_the_in_place_form_keeps_the_dtype():
    x = minigrad.tensor([3, 1], dtype=minigrad.int32)
    assert x.cumsum_(0) is x
    assert (x.tolist(), x.dtype) == ([3, 4], minigrad.int32)


@pytest.mark.parametrize("ufunc", ["add", "multiply", "maximum", "minimum", "logaddexp"])
def test_doubling_gives_what_going_one_by_one_gives(ufunc):
    from minigrad.kernels.scans import _doubling

    x = np.random.default_rng(0).standard_normal((3, 13, 2))
    for axis in range(3):
        expected = getattr(np, ufunc).accumulate(x, axis)
        np.testing.assert_allclose(_doubling(getattr(np, ufunc), x, axis), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("program", "match"),
    [
        (lambda T: T.zeros(2, 3).cumsum(2), "Dimension out of range"),
        (lambda T: T.zeros(2, 3).cumsum("a"), "integer"),
        (lambda T: T.tensor([1]).logcumsumexp(0), "not implemented for torch.int64"),
    ],
)
def test_what_has_no_meaning_is_refused_as_pytorch_refuses_it(program, match):
    assert_both_raise(program, match)
