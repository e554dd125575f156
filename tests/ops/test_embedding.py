"""Embedding: rows by number, gradients added up where numbers repeat; PyTorch's values to second order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_both_raise, assert_same, to_second_order


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@settings(max_examples=25, deadline=None)
@given(index=st.lists(st.integers(0, 4), max_size=12), seed=st.integers(0, 9))
def test_embedding_is_a_product_with_one_hot_vectors(index, seed):
    def results(look_up):
        table = minigrad.tensor(numbers(5, 3, seed=seed), requires_grad=True)
        y = look_up(minigrad.tensor(index, dtype=minigrad.int64), table)
        return [t.detach().numpy() for t in (y, *minigrad.autograd.grad(y, table, minigrad.tensor(numbers(len(index), 3, seed=1))))]

    fused = results(F.embedding)
    product = results(lambda i, table: minigrad.tensor(np.eye(5)[index].reshape(-1, 5)) @ table)
    for a, b in zip(fused, product):
        np.testing.assert_allclose(a, b, 1e-12, 1e-12)


@pytest.mark.parametrize("how", [{}, dict(padding_idx=1), dict(padding_idx=-1)])
def test_two_orders_of_derivatives_are_pytorchs(how):
    index = np.array([[1, 2, 1], [3, 1, 0]])
    assert_same(
        lambda T: to_second_order(T, lambda w: T.nn.functional.embedding(T.tensor(index), w, **how) ** 3, numbers(4, 3)), 1e-9
    )


@pytest.mark.parametrize("padding_idx", [None, 1])
def test_gradients_divided_by_frequency(padding_idx):
    index = np.array([[1, 2, 1], [3, 1, 0]])

    def gradient(T, v):
        table = T.tensor(numbers(4, 3), requires_grad=True)
        y = T.nn.functional.embedding(T.tensor(index), table, padding_idx, scale_grad_by_freq=True)
        return T.autograd.grad(y, table, v, create_graph=True)[0]

    assert_same(lambda T: gradient(T, T.tensor(numbers(2, 3, 3, seed=1))))
    v = minigrad.tensor(numbers(2, 3, 3, seed=1), requires_grad=True)
    assert minigrad.autograd.gradcheck(lambda v: gradient(minigrad, v), (v,))


@pytest.mark.parametrize("norm_type", [1.0, 2.0, float("inf")])
def test_max_norm_shortens_the_rows_that_are_taken_and_no_others(norm_type):
    def program(T):
        table = T.tensor(numbers(5, 3) * 3)
        return T.nn.functional.embedding(T.tensor([3, 0, 3]), table, max_norm=1.0, norm_type=norm_type), table

    assert_same(program)


@pytest.mark.parametrize("dtype", ["int64", "int32"])
def test_indices_of_both_integer_types(dtype):
    assert_same(lambda T: T.nn.functional.embedding(T.tensor([1, 0], dtype=getattr(T, dtype)), T.tensor(numbers(2, 3))))


def test_an_index_changed_before_backward_is_refused():
    def program(T):
        index = T.tensor([0, 1])
        y = T.nn.functional.embedding(index, T.ones(3, 2, requires_grad=True))
        index[0] = 2
        y.sum().backward()

    assert_both_raise(program, "modified by an inplace operation")


def test_what_is_no_row_is_refused():
    assert_both_raise(lambda T: T.nn.functional.embedding(T.tensor([3]), T.ones(3, 2)), "index out of range in self")
    assert_both_raise(lambda T: T.nn.functional.embedding(T.tensor([-1]), T.ones(3, 2)), "index out of range in self")
    assert_both_raise(lambda T: T.nn.functional.embedding(T.ones(2), T.ones(3, 2)), "scalar types: Long, Int")
    assert_both_raise(lambda T: T.nn.functional.embedding(T.tensor([0]), T.ones(3)), "must be 2-D")
    assert_both_raise(lambda T: T.nn.functional.embedding(T.tensor([0]), T.ones(3, 2), padding_idx=3), "within num_embeddings")
    with pytest.raises(NotImplementedError, match="sparse"):
        F.embedding(minigrad.tensor([0]), minigrad.ones(3, 2), sparse=True)


BAGS = {
    "rows": ([[0, 2, 1], [3, 3, 0]], None, {}),
    "cut at offsets": ([0, 2, 1, 3, 3], [0, 2, 2], {}),
    "cut at offsets with an end": ([0, 2, 1, 3, 3], [0, 3, 5], dict(include_last_offset=True)),
    "padding": ([[0, 2, 1], [3, 3, 0]], None, dict(padding_idx=3)),
    "nothing": ([], [0, 0], {}),
}  # fmt: skip


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("name", BAGS)
def test_bags_are_pytorchs(name, mode):
    index, offsets, how = BAGS[name]

    def program(T):
        table = T.tensor(numbers(4, 3), requires_grad=True)
        given_ = T.tensor(index, dtype=T.int64)
        y = T.nn.functional.embedding_bag(given_, table, None if offsets is None else T.tensor(offsets), mode=mode, **how)
        return y, T.autograd.grad((y * y).sum(), table)

    assert_same(program, 1e-9)


def test_bags_weigh_their_rows():
    index, w = np.array([[0, 2, 1], [3, 3, 0]]), numbers(2, 3, seed=4)

    def program(T):
        table, weights = T.tensor(numbers(4, 3), requires_grad=True), T.tensor(w, requires_grad=True)
        y = T.nn.functional.embedding_bag(T.tensor(index), table, mode="sum", per_sample_weights=weights)
        return y, T.autograd.grad((y * y).sum(), (table, weights))

    assert_same(program, 1e-9)


def test_bags_that_make_no_sense_are_refused():
    def call(*args, **how):
        return lambda T: T.nn.functional.embedding_bag(T.tensor(args[0]), T.ones(3, 2), *(T.tensor(a) for a in args[1:]), **how)

    assert_both_raise(call([0, 1]), "offsets has to be a 1D Tensor")
    assert_both_raise(call([[0, 1]], mode="first"), "mode has to be one of sum, mean or max")
    assert_both_raise(call([0, 1], [1]), "offsets\\[0\\] has to be 0")
    assert_both_raise(call([0, 1], [0, 3]), "can not be greater than input's length")
