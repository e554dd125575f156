"""gather reads where scatter writes: one index per element, along one dimension."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same, leaf

X, SRC = (4, 3), (2, 3)
INDEX = [[3, 0, 2], [3, 1, 2]]


@pytest.mark.parametrize(
    ("change", "shapes"),
    [
        (lambda T, x: x.gather(0, T.tensor(INDEX)), [X]),
        (lambda T, x: T.gather(x, -1, T.tensor([[0, 2, 2, 1], [1, 1, 0, 0]])), [X]),
        (lambda T, x: x.t().gather(1, T.tensor([[3, 3]])), [X]),
        (lambda T, x: x.take_along_dim(T.tensor([[2, 0, -1]]), dim=1), [X]),
        (lambda T, x: x.take_along_dim(T.tensor([11, 0, 0])), [X]),
        (lambda T, x: x.scatter(0, T.tensor(INDEX[:1]), 7.0), [X]),
        (lambda T, x, y: x.scatter(0, T.tensor(INDEX[:1]), y), [X, (1, 3)]),
        (lambda T, x, y: x.scatter_add(0, T.tensor(INDEX), y), [X, SRC]),
        (lambda T, x, y: x.scatter_add(1, T.tensor([[0, 0, 2], [2, 2, 1]]), y), [X, SRC]),
        *[
            (lambda T, x, y, r=reduce, s=include: (x + 0.5).scatter_reduce(0, T.tensor(INDEX), y, r, include_self=s), [X, SRC])
            for reduce in ("sum", "mean", "amax", "amin", "prod")
            for include in (True, False)
        ],
        (lambda T, x, y: x.index_reduce(0, T.tensor([1, 1]), y, "mean"), [X, SRC]),
        (lambda T, x, y: (x + 0.5).index_reduce(0, T.tensor([3, 1]), y, "amax", include_self=False), [X, SRC]),
    ],
)
def test_every_gather_and_scatter_has_pytorchs_values_and_derivatives(change, shapes):
    assert_same_calculus(change, *shapes)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2), st.integers(0, 100))
def test_gather_reads_what_scatter_wrote(dim, seed):
    rng = np.random.default_rng(seed)
    shape = (3, 4, 2)
    index = minigrad.tensor(rng.permuted(np.indices(shape)[dim], axis=dim))
    x = minigrad.tensor(rng.standard_normal(shape))
    y = minigrad.zeros(shape, dtype=minigrad.float64).scatter(dim, index, x)
    assert y.gather(dim, index).tolist() == x.tolist()
    assert y.take_along_dim(index - shape[dim], dim).tolist() == x.tolist()


def test_products_with_zeros_have_the_gradient_of_the_other_factors():
    def program(T):
        x, src = leaf(T, 3), T.tensor([0.0, 2.0, 0.0, 3.0, 0.0], dtype=T.float64, requires_grad=True)
        y = x.scatter_reduce(0, T.tensor([0, 0, 1, 1, 1]), src, "prod")
        (y * T.tensor([1.0, 10.0, 100.0], dtype=T.float64)).sum().backward()
        return y, x.grad, src.grad

    assert_same(program)
    src = minigrad.tensor([0.0, 2.0], requires_grad=True)
    y = minigrad.ones(1).scatter_reduce(0, minigrad.tensor([0, 0]), src, "prod")
    with pytest.raises(RuntimeError, match="not differentiable twice"):
        minigrad.autograd.grad(y.sum(), src, create_graph=True)


def test_a_src_larger_than_its_index_gets_a_gradient_where_it_was_used():
    index = minigrad.tensor([[0, 2]])
    for name in ("scatter", "scatter_add"):
        src = minigrad.rand(2, 3).requires_grad_()
        y = getattr(minigrad.zeros(4, 3), name)(0, index, src)
        (y * 2).sum().backward()
        assert src.grad.tolist() == [[2, 2, 0], [0, 0, 0]]


def test_scatter_can_add_and_multiply_with_gradients():
    x, src = minigrad.full((3,), 5.0).requires_grad_(), minigrad.tensor([2.0, 3.0, 4.0]).requires_grad_()
    index = minigrad.tensor([0, 0, 2])
    assert x.scatter(0, index, src, reduce="add").tolist() == [10, 5, 9]
    y = x.scatter(0, index, src, reduce="multiply")
    y.sum().backward()
    assert y.tolist() == [30, 5, 20] and x.grad.tolist() == [6, 1, 4] and src.grad.tolist() == [15, 10, 5]
    assert_same(lambda T: leaf(T, 3).detach().scatter(0, T.tensor([0, 2]), 3.0, reduce="multiply"))


def test_what_takes_no_part_in_a_maximum_takes_no_gradient():
    x, src = minigrad.tensor([2.0]).requires_grad_(), minigrad.tensor([2.0, 1.0]).requires_grad_()
    x.scatter_reduce(0, minigrad.tensor([0, 0]), src, "amax", include_self=False).sum().backward()
    assert x.grad.tolist() == [0] and src.grad.tolist() == [1, 0]


def test_ties_share_the_gradient():
    def program(T):
        x, src = T.tensor([2.0, 0.0], requires_grad=True), T.tensor([2.0, 2.0, 1.0], requires_grad=True)
        x.scatter_reduce(0, T.tensor([0, 0, 1]), src, "amax").sum().backward()
        return x.grad, src.grad

    assert_same(program, rtol=1e-6)


def test_in_place_forms():
    def program(T):
        x, w = leaf(T, 4, 3), leaf(T, 2, 3)
        i = T.tensor(INDEX)
        y = x * x
        y.scatter_add_(0, i, w).scatter_(0, i[:1], 1.0).scatter_reduce_(0, i, w, "sum")
        (y * y).sum().backward()
        return y, x.grad, w.grad

    assert_same(program)


def test_0_d_and_empty_tensors():
    assert_same(lambda T: [leaf(T).gather(0, T.tensor([0])), leaf(T).gather(0, T.tensor(0)), leaf(T).scatter(0, T.tensor(0), 3.0)])
    nothing = lambda T: T.zeros(0, 3, dtype=T.int64)  # noqa: E731
    assert_same(
        lambda T: [
            leaf(T, 2, 3).gather(0, nothing(T)),
            leaf(T, 2, 3).scatter(0, nothing(T), 1.0),
            leaf(T, 2, 3).scatter_add(0, nothing(T), leaf(T, 2, 3)),
        ]
    )


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "complex64"])
def test_dtypes_stay(dtype):
    def program(T):
        x, i = T.ones(3, 2, dtype=getattr(T, dtype)), T.tensor([[0, 1]])
        return x.gather(0, i), x.scatter(0, i, 0), x.scatter(0, i, x), *([] if dtype == "bool" else [x.scatter_add(0, i, x)])

    assert_same(program)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda T, x, i: x.gather(0, i + 4), "is out of bounds for dimension 0 with size 4"),
        (lambda T, x, i: x.gather(0, i - 4), "is out of bounds for dimension 0 with size 4"),
        (lambda T, x, i: x.scatter(0, i + 9, 1.0), "is out of bounds for dimension 0 with size 4"),
        (lambda T, x, i: x.gather(0, i.double()), "Expected dtype int32"),
        (lambda T, x, i: x.gather(0, i[0]), "same number of dimensions as input"),
        (lambda T, x, i: x.gather(2, i), "Dimension out of range"),
        (lambda T, x, i: x.gather(0, T.zeros(1, 5, dtype=T.int64)), "Size does not match at dimension 1"),
        (lambda T, x, i: x.scatter(0, i, x.float()), "Expected self.dtype to be equal to src.dtype"),
        (lambda T, x, i: x.scatter(0, i, x[:1]), "no larger than src"),
        (lambda T, x, i: x.scatter(0, i, x, reduce="max"), "reduce argument must be either"),
        (lambda T, x, i: x.scatter_reduce(0, i, x, "median"), "reduce argument must be either"),
        (lambda T, x, i: x.take_along_dim(i.float(), 0), "dtype of indices should be Long"),
        (lambda T, x, i: x.index_reduce(0, i, x, "mean"), "vector"),
    ],
)
def test_impossible_gathers_and_scatters_are_refused(change, match):
    assert_both_raise(lambda T: change(T, leaf(T, 4, 3), T.tensor(INDEX)), match)
