"""Linear and bilinear layers: equal to products in small steps and to PyTorch, to second order; refusals that teach."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_both_raise, assert_same, to_second_order


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@settings(max_examples=30, deadline=None)
@given(lead=st.lists(st.integers(0, 3), max_size=3), D=st.integers(1, 4), K=st.integers(1, 4), bias=st.booleans())
def test_linear_is_a_product_and_a_sum(lead, D, K, bias):
    def results(layer):
        leaves = [
            minigrad.tensor(numbers(*s, seed=i), requires_grad=True) for i, s in enumerate([(*lead, D), (K, D), (K,)][: 2 + bias])
        ]
        y = layer(*leaves)
        return [t.detach().numpy() for t in (y, *minigrad.autograd.grad(y, leaves, minigrad.tensor(numbers(*y.shape, seed=3))))]

    fused = results(F.linear)
    composed = results(lambda x, w, b=None: x @ w.t() + (0 if b is None else b))
    for a, b in zip(fused, composed):
        np.testing.assert_allclose(a, b, 1e-11, 1e-12)


@pytest.mark.parametrize(
    "x, w, b",
    [((2, 3), (4, 3), (4,)), ((3,), (4, 3), (4,)), ((2, 2, 3), (4, 3), (4,)), ((2, 3), (4, 3), (2, 4)), ((2, 3), (4, 3), (1,))],
)
def test_two_orders_of_derivatives_are_pytorchs(x, w, b):
    inputs = numbers(*x), numbers(*w, seed=1), numbers(*b, seed=2)
    assert_same(lambda T: to_second_order(T, lambda x, w, b: T.nn.functional.linear(x * x, w, b), *inputs), 1e-9)


def test_a_weight_of_one_dimension_gives_one_number_a_row():
    assert_same(lambda T: to_second_order(T, T.nn.functional.linear, numbers(2, 3), numbers(3, seed=1)), 1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64"])
def test_other_dtypes(dtype):
    x, w, b = ((numbers(*s, seed=i) * 5).astype(dtype) for i, s in enumerate([(4, 300), (5, 300), (5,)]))
    assert_same(lambda T: T.nn.functional.linear(T.tensor(x), T.tensor(w), T.tensor(b)), 3e-3, 3e-3)


def test_grad_fn_has_pytorchs_name_for_matrices():
    def names(T):
        x, w = T.ones(2, 3, requires_grad=True), T.ones(4, 3)
        return T.nn.functional.linear(x, w, T.ones(4)).grad_fn.name(), T.nn.functional.linear(x, w).grad_fn.name()

    assert names(minigrad) == names(pytest.importorskip("torch"))


REFUSED = {
    "mat1 and mat2 shapes cannot be multiplied \\(2x144 and 100x10\\)": lambda T: T.nn.functional.linear(T.ones(2, 144), T.ones(10, 100)),
    "mat1 and mat2 shapes cannot be multiplied \\(14x144 and 100x10\\)": lambda T: T.nn.functional.linear(T.ones(2, 7, 144), T.ones(10, 100)),
    "must match the existing size \\(9\\)": lambda T: T.nn.functional.linear(T.ones(2, 100), T.ones(10, 100), T.ones(9)),
    "same dtype": lambda T: T.nn.functional.linear(T.ones(2, 3), T.ones(4, 3, dtype=T.float64)),
    "dtype, but got": lambda T: T.nn.functional.linear(T.ones(2, 3), T.ones(4, 3), T.ones(4, dtype=T.float64)),
    "self is 3D": lambda T: T.nn.functional.linear(T.ones(2, 3), T.ones(4, 3, 2)),
    "must be Tensor, not int": lambda T: T.nn.functional.linear(3, T.ones(4, 3)),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_fit_is_refused_as_by_pytorch(words):
    assert_both_raise(REFUSED[words], words)


def test_bilinear_to_second_order():
    inputs = numbers(2, 5, 3), numbers(2, 5, 4, seed=1), numbers(6, 3, 4, seed=2), numbers(6, seed=3)
    assert_same(lambda T: to_second_order(T, T.nn.functional.bilinear, *inputs), 1e-9)
    assert_both_raise(lambda T: T.bilinear(T.ones(2, 3), T.ones(3, 4), T.ones(1, 3, 4)), "do(es)? not match|do not match")
