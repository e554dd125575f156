"""Masks choose, they do not multiply; where things are, triangles, one-hot codes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same, leaf

MASK = [[True, False, True], [False, False, True]]


@pytest.mark.parametrize(
    ("change", "shapes"),
    [
        (lambda T, x: x.masked_fill(T.tensor(MASK), 5), [(2, 3)]),
        (lambda T, x, v: x.masked_fill(T.tensor(MASK), v), [(2, 3), ()]),
        (lambda T, x, v: x.masked_fill(T.tensor(MASK[1]), v), [(2, 3), ()]),
        (lambda T, x: x.masked_fill(T.tensor(MASK), 0.5), [(3,)]),
        (lambda T, x: x.masked_select(T.tensor(MASK)), [(2, 3)]),
        (lambda T, x: x.masked_select(T.tensor(MASK[0])), [(2, 3)]),
        (lambda T, x: T.masked_select(x, T.tensor(MASK)), [(3,)]),
        (lambda T, x, y: x.masked_scatter(T.tensor(MASK), y), [(2, 3), (5,)]),
        (lambda T, x, y: x.masked_scatter(T.tensor(MASK[1]), y), [(2, 3), (2, 2)]),
        (lambda T, x: x.tril(), [(2, 3, 4)]),
        (lambda T, x: x.triu(1), [(2, 4, 3)]),
        (lambda T, x: x.mT.tril(-1), [(3, 3)]),
        (lambda T, x: x.triu(-2), [(4, 4)]),
    ],
)
def test_every_choice_has_pytorchs_values_and_derivatives(change, shapes):
    assert_same_calculus(change, *shapes)


@pytest.mark.parametrize("size", [5, 300])
def test_what_is_not_chosen_leaves_no_trace(size):
    x = minigrad.full((size, size), float("nan"), requires_grad=True)
    everywhere = minigrad.ones(size, size, dtype=minigrad.bool)
    y = x.masked_fill(everywhere, 1.0)
    y.sum().backward(retain_graph=True)
    assert y.sum() == size * size and x.grad.sum() == 0
    x.grad = None
    (y * float("inf")).sum().backward()
    assert (x.grad == 0).all()
    assert (x.tril() != x.tril()).sum() == size * (size + 1) // 2
    assert (x.detach().tril(-1).triu() == 0).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 5), st.integers(0, 5), st.integers(-6, 6))
def test_triangles_and_their_indices_agree(rows, columns, k):
    torch = pytest.importorskip("torch")
    ones = minigrad.ones(rows, columns)
    for name in ("tril", "triu"):
        triangle = getattr(ones, name)(k)
        i, j = getattr(minigrad, name + "_indices")(rows, columns, k)
        assert triangle.nonzero().t().tolist() == [i.tolist(), j.tolist()]
        assert triangle.tolist() == getattr(torch.ones(rows, columns), name)(k).tolist()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_one_hot_is_undone_by_argmax(classes):
    code = minigrad.nn.functional.one_hot(minigrad.tensor(classes), 5)
    assert code.argmax(-1).tolist() == classes and code.sum(-1).tolist() == [1] * len(classes)


def test_where_things_are():
    def program(T):
        x = T.tensor([[0.0, 2.0], [float("nan"), 0.0]])
        return (
            x.nonzero(),
            T.argwhere(x),
            *x.nonzero(as_tuple=True),
            *T.where(x > 0),
            T.nonzero_static(x, size=3),
            x.nonzero_static(size=1, fill_value=7),
        )

    assert_same(program)
    assert_same(
        lambda T: [T.tensor(3).nonzero(), T.tensor(0).nonzero(), *T.tensor(3).nonzero(as_tuple=True), T.zeros(2, 0).nonzero()]
    )
    assert_same(lambda T: T.unravel_index(T.tensor([[5, 3], [0, 11]]), (2, 3, 2)))
    assert_same(lambda T: T.nn.functional.one_hot(T.tensor([[0, 3], [1, 1]])))
    assert_same(lambda T: T.nn.functional.one_hot(T.tensor(2), num_classes=4))


def test_in_place_forms():
    def program(T):
        x, v = leaf(T, 2, 3), leaf(T)
        y = x * x
        y.masked_fill_(T.tensor(MASK), v).tril_(1)
        y.masked_scatter_(T.tensor(MASK[1]), v.expand(2) * 3)
        (y * y).sum().backward()
        return y, x.grad, v.grad

    assert_same(program)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", "complex64"])
def test_dtypes_stay(dtype):
    def program(T):
        x = T.ones(2, 3, dtype=getattr(T, dtype))
        return x.masked_fill(T.tensor(MASK), 0), x.masked_select(T.tensor(MASK)), x.tril(), x.triu(1), x.nonzero()

    assert_same(program)


def test_numbers_become_elements():
    mask = [True, False]
    assert_same(lambda T: T.ones(2, dtype=T.int64).masked_fill(T.tensor(mask), 1.5))
    assert_same(lambda T: T.ones(2, dtype=T.uint8).masked_fill(T.tensor(mask), -1))
    assert_same(lambda T: T.ones(2, dtype=T.bool).masked_fill(T.tensor(mask), 0.0))
    assert_same(lambda T: T.ones(2, dtype=T.float16).masked_fill(T.tensor(mask), float("-inf")))
    assert_same(lambda T: T.ones(2).masked_fill(T.tensor(mask), T.tensor(0.5, dtype=T.float64)))


def test_a_large_random_mask_fills_exactly_its_elements():
    rng = np.random.default_rng(0)
    x, mask = rng.standard_normal((3, 200, 300)).astype("float32"), rng.random((200, 300)) < 0.5
    filled = minigrad.tensor(x).masked_fill(minigrad.tensor(mask), -np.inf)
    np.testing.assert_array_equal(filled.numpy(), np.where(mask, np.float32(-np.inf), x))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda T, x: x.masked_fill(T.ones(2, 3), 1), "only supports boolean masks"),
        (lambda T, x: x.masked_fill(x > 0, T.ones(2)), "0-dimensional value tensor"),
        (lambda T, x: x.long().masked_fill(x > 0, float("inf")), "without overflow"),
        (lambda T, x: x.byte().masked_fill(x > 0, T.tensor(300)), "without overflow"),
        (lambda T, x: x.masked_fill(x > 0, 2j), "without overflow"),
        (lambda T, x: x.detach().masked_fill_(T.ones(2, 2, 3, dtype=T.bool), 1), "doesn't match"),
        (lambda T, x: x.masked_select(T.ones(2, 3)), "BoolTensor"),
        (lambda T, x: x.masked_scatter(x > 0, x[0]), "source"),
        (lambda T, x: x[0].tril(), "at least 2 dimensions"),
        (lambda T, x: T.tril_indices(-1, 2), "row must be non-negative"),
        (lambda T, x: T.nn.functional.one_hot(T.tensor([0, -1])), "non-negative"),
        (lambda T, x: T.nn.functional.one_hot(T.tensor([0, 3]), 3), "smaller than num_classes"),
        (lambda T, x: T.nn.functional.one_hot(T.tensor([0.0])), "one_hot is only applicable"),
        (lambda T, x: T.nn.functional.one_hot(T.zeros(0, dtype=T.int64)), "from empty tensor"),
    ],
)
def test_impossible_choices_are_refused(change, match):
    assert_both_raise(lambda T: change(T, leaf(T, 2, 3)), match)
