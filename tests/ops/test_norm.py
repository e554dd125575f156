"""Norms of vectors and matrices, distances, and their gradients at corners."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad.ops.registry import REGISTRY
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_agrees, assert_both_raise, assert_same, leaf

inf = float("inf")
ORDERS = [0, 1, 2, 3, 0.5, 1.5, 2.5, -1, -2, inf, -inf]
needs_svd = pytest.mark.skipif(("linalg", "svdvals") not in REGISTRY, reason="singular values are not there yet")


@pytest.mark.parametrize("p", ORDERS)
@pytest.mark.parametrize(("dim", "keepdim"), [(None, False), (0, True), ((0, -1), False), (-1, False)])
def test_norms_have_pytorchs_values_and_derivatives(p, dim, keepdim):
    if p == 0:
        assert_same(lambda T: leaf(T, 2, 3).norm(p, dim, keepdim))
    else:
        assert_same_calculus(lambda T, x: x.norm(p, dim, keepdim) + 1, (2, 3))
        assert_same_calculus(lambda T, x: T.linalg.vector_norm(x, p, dim, keepdim) + 1, (2, 3))


@pytest.mark.parametrize("p", ORDERS)
def test_gradients_at_zero_and_at_ties_are_pytorchs(p):
    def program(T):
        grads = []
        for data in ([0.0, 0.0, 0.0], [1.0, -1.0, 0.0], [-2.0, 2.0, 2.0], [0.0, 3.0, 4.0]):
            x = T.tensor(data, dtype=T.float64, requires_grad=True)
            y = T.linalg.vector_norm(x, p)
            y.backward()
            grads += [y, x.grad]
        return grads

    with np.errstate(divide="ignore", invalid="ignore"):
        assert_same(program)


@pytest.mark.parametrize("ord", ["fro", 1, -1, inf, -inf, *(pytest.param(o, marks=needs_svd) for o in ("nuc", 2, -2))])
@pytest.mark.parametrize(("dim", "keepdim"), [((-2, -1), False), ((0, 1), True), ((2, 0), False)])
def test_matrix_norms_are_pytorchs(ord, dim, keepdim):
    def program(T):
        x = T.tensor(np.random.default_rng(0).standard_normal((3, 2, 4)), requires_grad=True)
        y = T.linalg.matrix_norm(x, ord, dim, keepdim)
        (y * y).sum().backward()
        return y, x.grad

    assert_same(program, rtol=1e-8)


@pytest.mark.parametrize(
    "program",
    [
        lambda T: T.norm(T.tensor([[3.0, 4.0]])),
        lambda T: T.tensor([[3.0, 4.0]]).norm(p="fro", dim=0),
        lambda T: T.tensor([[3.0, 4.0]]).norm(p=1, dim=(0, 1), keepdim=True),
        lambda T: T.norm(T.tensor([3.0, 4.0]), dtype=T.float64),
        lambda T: T.tensor([3.0, 4.0]).half().norm(),
        lambda T: T.full((70_000,), 2.0).half().norm(1),
        lambda T: T.norm(T.zeros(0)),
        lambda T: T.tensor(-3.0).norm(3),
        lambda T: T.linalg.norm(T.tensor([[3.0, 4.0]])),
        lambda T: T.linalg.norm(T.tensor([[3.0, 4.0]]), inf),
        lambda T: T.linalg.norm(T.tensor([3.0, 4.0]), 1),
        lambda T: T.linalg.norm(T.ones(2, 3, 4), 1, dim=1),
        lambda T: T.linalg.norm(T.ones(2, 3, 4), "fro", dim=(0, 2)),
        lambda T: T.linalg.norm(T.ones(2, 3, 4), 1),
        lambda T: T.linalg.norm(T.ones(2, 3), "fro", dim=0),
        lambda T: T.linalg.vector_norm(T.zeros(0), inf),
        lambda T: T.linalg.vector_norm(T.zeros(0, 2), -1, 0),
        lambda T: T.linalg.vector_norm(T.zeros(0, 2), inf, 1),
        lambda T: T.linalg.vector_norm(T.ones(2), 2, dtype=T.float16),
        lambda T: T.linalg.matrix_norm(T.ones(2, 2), 3),
        lambda T: T.linalg.matrix_norm(T.ones(2)),
        lambda T: T.linalg.matrix_norm(T.ones(2, 2), dim=(0, 0)),
        lambda T: T.tensor([1, 2]).norm(),
        lambda T: T.dist(T.ones(3), T.zeros(3), 1),
        lambda T: T.dist(T.ones(3), T.zeros(2, 1), inf),
        lambda T: T.renorm(T.tensor([[3.0, 4.0], [0.1, 0.1]]), 2, 0, 1.0),
        lambda T: T.renorm(T.ones(3), 2, 0, 1.0),
        lambda T: T.cdist(T.tensor([[0.0, 0.0]]), T.tensor([[3.0, 4.0], [0.0, 0.0]])),
        lambda T: T.cdist(T.ones(2, 0), T.ones(3, 0)),
        lambda T: T.cdist(T.ones(0, 2), T.ones(3, 2), 1.0),
        lambda T: T.cdist(T.ones(3), T.ones(3, 3)),
        lambda T: T.cdist(T.ones(3, 2), T.ones(3, 3)),
    ],
)
def test_forms_and_refusals_are_pytorchs(program):
    assert_agrees(program, rtol=1e-3)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, inf])
def test_distances_of_points_have_pytorchs_values_and_gradients(p):
    def program(T):
        x, y = leaf(T, 2, 2, 3), leaf(T, 4, 3)
        d = T.cdist(x, y * 1.3, p)
        (d * d).sum().backward()
        return d, x.grad, y.grad

    assert_same(program)


@pytest.mark.parametrize("p", [1.5, 2.0])
def test_distances_have_second_derivatives_too(p):
    x, y = leaf(minigrad, 2, 3), leaf(minigrad, 3, 3) * 1.3
    assert minigrad.autograd.gradgradcheck(lambda x, y: minigrad.cdist(x, y, p), (x, y.detach().requires_grad_()))


def test_many_points_by_a_matrix_product_have_the_same_distances_and_gradients():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 40, 5))

    def program(T):
        x, y = T.tensor(a, requires_grad=True), T.tensor(b, requires_grad=True)
        d = T.cdist(x, y)
        (d * d * d).sum().backward()
        return d, x.grad, y.grad

    assert_same(program, rtol=1e-8)
    x, y = minigrad.tensor(a), minigrad.tensor(b)
    ways = [minigrad.cdist(x, y, compute_mode=mode) for mode in ("donot_use_mm_for_euclid_dist", "use_mm_for_euclid_dist")]
    np.testing.assert_allclose(ways[0].numpy(), ways[1].numpy(), rtol=1e-9)


def test_a_norm_with_a_word_that_is_none_is_refused():
    assert_both_raise(lambda T: T.ones(2, 2).norm("abc"), "Order abc not supported")
