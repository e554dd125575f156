"""Differences, gradients and integrals of samples."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same


@pytest.mark.parametrize(
    ("change", "shapes"),
    [
        (lambda T, x: x.diff(), [(2, 4)]),
        (lambda T, x: T.diff(x, 2, 0), [(4, 2)]),
        (lambda T, x, y: x.diff(prepend=y, append=y), [(2, 3), (2, 1)]),
        (lambda T, x: x.diff(n=7), [(2, 3)]),
        (lambda T, x: T.trapezoid(x), [(2, 4)]),
        (lambda T, x, y: T.trapezoid(x, y, dim=0), [(3, 2), (3,)]),
        (lambda T, x, y: T.cumulative_trapezoid(x, y), [(2, 3), (2, 3)]),
        (lambda T, x: T.trapz(x, dx=0.5), [(4,)]),
        (lambda T, x: T.gradient(x), [(3, 4)]),
        (lambda T, x: T.gradient(x, spacing=[2.0, 0.5], edge_order=2), [(3, 4)]),
        (lambda T, x: T.gradient(x, spacing=(T.tensor([0.0, 1, 3, 7], dtype=T.float64),), dim=1, edge_order=2), [(3, 4)]),
    ],
)
def test_values_and_derivatives_are_pytorchs(change, shapes):
    assert_same_calculus(change, *shapes)


def test_a_difference_undoes_a_running_sum():
    x = minigrad.arange(6.0) ** 2
    assert x.cumsum(0).diff().tolist() == x[1:].tolist()


def test_second_order_edges_are_exact_for_parabolas():
    x = minigrad.tensor([0.0, 1.0, 1.5, 4.0], dtype=minigrad.float64)
    (slope,) = minigrad.gradient(3 * x * x - x, spacing=(x,), edge_order=2)
    np.testing.assert_allclose(slope.numpy(), (6 * x - 1).numpy(), rtol=1e-12)


def test_booleans_and_integers():
    assert_same(lambda T: [T.tensor([True, False, False]).diff(), T.tensor([1, 4, 9]).diff(), T.trapezoid(T.tensor([1, 2, 4]))])
    assert_same(lambda T: [T.diff(T.tensor([1, 4]), 0), T.gradient(T.tensor([1, 4, 9]))])


@pytest.mark.parametrize(
    ("program", "match"),
    [
        (lambda T: T.tensor(1.0).diff(), "at least one-dimensional"),
        (lambda T: T.zeros(3).diff(-1), "order must be non-negative"),
        (lambda T: T.zeros(2, 3).diff(prepend=T.zeros(1, 1)), "match that of input except along the differencing"),
        (lambda T: T.trapezoid(T.zeros(3), T.zeros(3), dx=1), "invalid combination"),
        (lambda T: T.trapezoid(T.tensor([True])), "bool is not supported"),
        (lambda T: T.trapezoid(T.zeros(3), T.zeros(2)), "one `x` value for each sample point"),
        (lambda T: T.gradient(T.zeros(1)), r"at least edge_order\+1"),
        (lambda T: T.gradient(T.zeros(4), edge_order=3), "only supports edge_order=1 and edge_order=2"),
        (lambda T: T.gradient(T.zeros(4, 4), spacing=[1.0, 2.0], dim=0), "same length"),
    ],
)
def test_what_has_no_meaning_is_refused_as_pytorch_refuses_it(program, match):
    assert_both_raise(program, match)
