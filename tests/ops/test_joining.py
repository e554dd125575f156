"""cat and split, stack and unbind: each the other's derivative; the pieces of a split are views."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same, leaf

JOINS = [
    lambda T, x, y: T.cat([x, y]),
    lambda T, x, y: T.cat((x, y), 1),
    lambda T, x, y: T.concat([x, y, x], axis=-1),
    lambda T, x, y: T.concatenate([y, x]),
    lambda T, x, y: T.stack([x, y]),
    lambda T, x, y: T.stack([x, y, x], dim=-1),
    lambda T, x, y: T.stack((y, x), 1),
    lambda T, x, y: T.hstack([x, y]),
    lambda T, x, y: T.vstack([x, y]),
    lambda T, x, y: T.row_stack([x, y]),
    lambda T, x, y: T.dstack([x, y]),
    lambda T, x, y: T.column_stack([x, y]),
    lambda T, x, y: T.hstack([x[0], y[0]]),
    lambda T, x, y: T.vstack([x[0], y[0]]),
    lambda T, x, y: T.dstack([x[0], y[0]]),
    lambda T, x, y: T.column_stack([x[0], y[0]]),
    lambda T, x, y: T.hstack([x[0, 0], y[0, 0]]),
    lambda T, x, y: T.column_stack([x[0, 0], y[0, 0]]),
    lambda T, x, y: T.cat([x.t(), y.t()], 1),
    lambda T, x, y: T.cat([x, T.zeros(0), y]),
]


@pytest.mark.parametrize("join", JOINS)
def test_every_join_has_pytorchs_values_and_derivatives(join):
    assert_same_calculus(join, (2, 3), (2, 3))


SPLITS = [
    lambda x: x.split(2),
    lambda x: x.split(2, 1),
    lambda x: x.split([1, 0, 3], dim=1),
    lambda x: x.split(split_size=3, dim=-1),
    lambda x: x.split_with_sizes((2, 3)),
    lambda x: x.chunk(2),
    lambda x: x.chunk(3, 1),
    lambda x: x.chunk(9),
    lambda x: x.unbind(),
    lambda x: x.unbind(-1),
    lambda x: list(x),
    lambda x: x.tensor_split(3),
    lambda x: x.tensor_split((1, 3), 1),
    lambda x: x.tensor_split((4, 1)),
    lambda x: x.hsplit(2),
    lambda x: x.vsplit([2]),
    lambda x: x[0].hsplit(2),
    lambda x: x.t().split(2),
]


@pytest.mark.parametrize("cut", SPLITS)
def test_every_split_has_pytorchs_values_and_derivatives(cut):
    assert_same_calculus(lambda T, x: cut(x), (5, 4))


@pytest.mark.parametrize("cut", SPLITS)
def test_every_piece_is_a_view_that_writes_reach(cut):
    x = minigrad.zeros(5, 4)
    for piece in cut(x):
        assert piece._base is x
        piece += 1
    assert x.sum() == sum(piece.numel() for piece in cut(x))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5), st.sampled_from([0, 1]))
def test_cat_undoes_split(lengths, dim):
    shape = [3, 3]
    shape[dim] = sum(lengths)
    x = minigrad.rand(*shape)
    pieces = x.split(lengths, dim)
    assert [p.size(dim) for p in pieces] == lengths
    assert minigrad.cat(pieces, dim).tolist() == x.tolist()
    if shape[dim]:
        assert minigrad.stack(x.unbind(dim), dim).tolist() == x.tolist()


def test_only_one_piece_used():
    def program(T):
        x = leaf(T, 4, 3)
        a, b = x.split(2)
        first, *_ = x.unbind(1)
        ((a * a).sum() + (first * first).sum()).backward()
        return x.grad

    assert_same(program)


def test_joined_dtypes_are_promoted_and_gradients_come_back_in_their_own():
    def program(T):
        x, i = T.ones(2, dtype=T.float32, requires_grad=True), T.tensor([1, 2])
        y = T.cat([x, i, T.ones(1, dtype=T.float64)])
        z = T.stack([x, i])
        (y.sum() + z.sum()).backward()
        return y, z, x.grad

    assert_same(program)
    assert_same(lambda T: T.cat([T.zeros(0, dtype=T.float64), T.ones(2, 2)]))
    assert_same(lambda T: T.cat([T.tensor([True]), T.tensor([2], dtype=T.uint8)]))


def test_out():
    def program(T):
        place = T.zeros(4, dtype=T.float64)
        T.cat([T.ones(2), T.zeros(2)], out=place)
        return place

    assert_same(program)


def test_0_d_and_empty_tensors():
    assert_same(
        lambda T: [
            T.stack([leaf(T), leaf(T)]),
            T.hstack([leaf(T), leaf(T)]),
            T.cat([T.zeros(0), T.zeros(0)]),
            T.stack([T.zeros(0, 3)] * 2, 1),
        ]
    )
    assert_same(lambda T: [*T.zeros(0, 3).split(2), *T.zeros(0, 3).chunk(2), *T.zeros(3, 0).unbind(0), *T.zeros(0).split(0)])
    assert minigrad.zeros(0, 2).unbind(0) == ()


def test_names_in_the_graph():
    x = minigrad.ones(2, 2, requires_grad=True)
    for y, name in [
        (minigrad.cat([x]), "Cat"),
        (minigrad.stack([x]), "Stack"),
        (x.split(1)[0], "Split"),
        (x.split([2])[0], "SplitWithSizes"),
        (x.unbind()[1], "Unbind"),
    ]:
        assert y.grad_fn.name() == name + "Backward0"


@pytest.mark.parametrize(
    ("join", "match"),
    [
        (lambda T, x: T.cat([]), "expected a non-empty list of Tensors"),
        (lambda T, x: T.cat(x), "must be tuple of Tensors, not Tensor"),
        (lambda T, x: T.cat([x, 1]), "expected Tensor as element 1 in argument 0, but got int"),
        (lambda T, x: T.cat([x, x[0]]), "same number of dimensions: got 2 and 1"),
        (lambda T, x: T.cat([x, T.zeros(2, 4)]), "except in dimension 0. Expected size 3 but got size 4 for tensor number 1"),
        (lambda T, x: T.cat([x], 2), "Dimension out of range"),
        (lambda T, x: T.cat([x.sum()]), "zero-dimensional tensor"),
        (lambda T, x: T.stack([]), "non-empty TensorList"),
        (lambda T, x: T.stack([x, x[0]]), "equal size, but got"),
        (lambda T, x: T.hstack([]), "non-empty TensorList"),
        (lambda T, x: x.split(-1), "split_size be non-negative"),
        (lambda T, x: x.split(0), "split_size can only be 0"),
        (lambda T, x: x.split([1, 5]), "sum exactly to 2"),
        (lambda T, x: x.chunk(0), "greater than 0"),
        (lambda T, x: x.sum().unbind(), "tensor has no dimensions"),
        (lambda T, x: x.sum().split(1), "at least a 1-dimensional tensor"),
        (lambda T, x: x.tensor_split(0), "larger than 0"),
        (lambda T, x: x.hsplit(2), "not divisible"),
    ],
)
def test_impossible_joins_and_splits_are_refused(join, match):
    assert_both_raise(lambda T: join(T, leaf(T, 2, 3)), match)
