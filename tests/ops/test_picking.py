"""Rows by number: index_select and its kin, index_put, take and put."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same, leaf

X, ROWS, COLUMNS = (4, 3), (2, 3), (4, 2)


@pytest.mark.parametrize(
    ("change", "shapes"),
    [
        (lambda T, x: x.index_select(0, T.tensor([3, 1, 3])), [X]),
        (lambda T, x: T.index_select(x, -1, T.tensor([2, 0], dtype=T.int32)), [X]),
        (lambda T, x: x.t().index_select(0, T.tensor(1)), [X]),
        (lambda T, x, y: x.index_add(0, T.tensor([2, 2]), y), [X, ROWS]),
        (lambda T, x, y: x.index_add(1, T.tensor([0, 1]), y, alpha=2.5), [X, COLUMNS]),
        (lambda T, x, y: x.index_copy(0, T.tensor([3, 0]), y), [X, ROWS]),
        (lambda T, x, y: x.index_copy(-1, T.tensor([2, 1]), y), [X, COLUMNS]),
        (lambda T, x: x.index_fill(1, T.tensor([0, 2]), 5), [X]),
        (lambda T, x, v: x.index_fill(0, T.tensor([0, 2, 0]), v), [X, ()]),
        (lambda T, x, v: x.index_put((T.tensor([0, 2]), T.tensor([1, 1])), v), [X, (2,)]),
        (lambda T, x, v: x.index_put((T.tensor([0, 2, 0]),), v, accumulate=True), [X, (3,)]),
        (lambda T, x, v: x.t().index_put((T.tensor([0, 0]),), v.t(), accumulate=True), [X, COLUMNS]),
        (lambda T, x, v: x.index_put((T.tensor([True, False, True, False]),), v), [X, (3,)]),
        (lambda T, x: x.take(T.tensor([[0, -1], [5, 5]])), [X]),
        (lambda T, x, v: x.put(T.tensor([0, 7]), v), [X, (2,)]),
        (lambda T, x, v: x.t().put(T.tensor([0, 7, 0]), v, accumulate=True), [X, (3,)]),
    ],
)
def test_every_pick_has_pytorchs_values_and_derivatives(change, shapes):
    assert_same_calculus(change, *shapes)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.sampled_from([0, 1, 2]))
def test_accumulating_counts_every_repetition(index, dim):
    x = minigrad.zeros(5, 5, 5)
    source = minigrad.rand(*(len(index) if d == dim else 5 for d in range(3)))
    i = minigrad.tensor(index)
    by_hand = np.zeros((5, 5, 5), "float32")
    for k, row in enumerate(index):
        by_hand.swapaxes(0, dim)[row] += source.numpy().swapaxes(0, dim)[k]
    np.testing.assert_allclose(x.index_add(dim, i, source).numpy(), by_hand, rtol=1e-5)
    np.testing.assert_allclose(x.index_put((None,) * dim + (i,), source, accumulate=True).numpy(), by_hand, rtol=1e-5)


def test_none_stands_for_a_whole_dimension():
    x, v = minigrad.zeros(4, 2, 3), minigrad.rand(2, 2)
    i, j = minigrad.tensor([1, 3]), minigrad.tensor([2, 0])
    y = x.index_put((i, None, j), v)
    expected = x.clone()
    expected[i, :, j] = v
    assert y.tolist() == expected.tolist() and y[1, :, 2].tolist() == v[0].tolist()
    z = x.index_put((None, i[:1], j), v[:1, :1], accumulate=True)
    assert z.sum() == v[0, 0] * 8


def test_in_place_forms_write_into_the_tensor_with_its_history():
    def program(T):
        x, w = leaf(T, 4, 3), leaf(T, 2, 3)
        y = x * x
        y.index_add_(0, T.tensor([0, 1]), w).index_copy_(0, T.tensor([2, 3]), w).index_fill_(1, T.tensor([0]), 1)
        y.index_put_((T.tensor([1]), T.tensor([2])), w[0, 0]).put_(T.tensor([4]), w[1, 1:2])
        (y * y).sum().backward()
        return y, x.grad, w.grad

    assert_same(program)


def test_0_d_and_empty_tensors():
    assert_same(
        lambda T: [
            leaf(T).index_select(0, T.tensor([0])),
            leaf(T).take(T.tensor([0, 0])),
            leaf(T).index_add(0, T.tensor(0), leaf(T)),
        ]
    )
    assert_same(lambda T: [leaf(T, 2, 3).index_select(1, T.zeros(0, dtype=T.int64)), leaf(T, 3).take(T.zeros(0, 2, dtype=T.int64))])
    assert_same(lambda T: leaf(T, 2, 3).index_add(0, T.zeros(0, dtype=T.int64), T.zeros(0, 3, dtype=T.float64)))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "complex64"])
def test_dtypes_stay(dtype):
    def program(T):
        x = T.ones(3, 2, dtype=getattr(T, dtype))
        return (
            x.index_select(0, T.tensor([1])),
            x.index_fill(0, T.tensor([1]), 0),
            x.index_put((T.tensor([0]),), x[0], accumulate=dtype != "bool"),
            x.take(T.tensor([0])),
        )

    assert_same(program)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda T, x: x.index_select(0, T.tensor([4])), "out of range"),
        (lambda T, x: x.index_select(0, T.tensor([-1])), "out of range"),
        (lambda T, x: x.index_select(0, T.tensor([[0]])), "vector"),
        (lambda T, x: x.index_select(0, T.tensor([0.0])), "Expected dtype int32 or int64"),
        (lambda T, x: x.index_select(2, T.tensor([0])), "Dimension out of range"),
        (lambda T, x: x.index_add(0, T.tensor([0]), x), "source"),
        (lambda T, x: x.index_add(0, T.tensor([0]), T.ones(1, 3)), "same scalar type"),
        (lambda T, x: x.index_fill(0, T.tensor([0]), T.ones(1)), "0-dimensional value tensor"),
        (lambda T, x: x.index_put((T.tensor([0]),), T.ones(1)), "source and destination dtypes match"),
        (lambda T, x: x.index_put((T.tensor([7]),), x[0]), "index 7 is out of bounds"),
        (lambda T, x: x.index_put((T.tensor([0]),) * 3, x[0]), "too many indices"),
        (lambda T, x: x.index_copy(0, T.tensor([0]), x), "source"),
        (lambda T, x: x.index_copy(0, T.tensor([9]), x[:1]), "index 9 is out of bounds for dimension 0 with size 4"),
        (lambda T, x: x.index_add(0, T.tensor([9]), x[:1]), "index 9 is out of bounds for dimension 0 with size 4"),
        (lambda T, x: x.index_fill(0, T.tensor([-5]), 1), "index -5 is out of bounds for dimension 0 with size 4"),
        (lambda T, x: x.long().index_fill(0, T.tensor([0]), float("inf")), "without overflow"),
        (lambda T, x: x.take(T.tensor([12])), "out of"),
        (lambda T, x: x.take(T.tensor([0], dtype=T.int32)), "Expected a long tensor"),
        (lambda T, x: x.put(T.tensor([0, 1]), x[0]), "same number of elements"),
    ],
)
def test_impossible_picks_are_refused(change, match):
    assert_both_raise(lambda T: change(T, leaf(T, 4, 3)), match)
