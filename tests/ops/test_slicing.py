"""Regions that strides describe: views, their gradients, and copies with a region replaced."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same, leaf

REGIONS = [
    lambda T, x: x.select(1, -1),
    lambda T, x: x.select(0, T.tensor(1)),
    lambda T, x: x.narrow(2, 1, 2),
    lambda T, x: x.narrow(1, -2, 1),
    lambda T, x: x.narrow(0, T.tensor(1), 1),
    lambda T, x: x.diagonal(),
    lambda T, x: x.diagonal(1, 1, 2),
    lambda T, x: x.diagonal(-1, -1, 0),
    lambda T, x: x.diagonal(9),
    lambda T, x: x.unfold(2, 2, 1),
    lambda T, x: x.unfold(-1, 3, 2),
    lambda T, x: x.unfold(1, 2, 3),
    lambda T, x: x.transpose(0, 2).unfold(0, 2, 2),
    lambda T, x: x.transpose(0, 1).diagonal(0, 0, 2),
]


@pytest.mark.parametrize("region", REGIONS)
def test_every_region_has_pytorchs_values_and_derivatives(region):
    assert_same_calculus(region, (2, 3, 4))


@pytest.mark.parametrize("region", REGIONS[:-2])
def test_every_region_is_a_view_that_writes_reach_with_pytorchs_gradients(region):
    def program(T):
        x = leaf(T, 2, 3, 4)
        y = x * x
        seen = region(T, y)
        if T is minigrad:
            assert seen._base is y
        if seen.dim() < 4:  # windows overlap: what a write to them means is open
            seen.mul_(3)
        (y * y).sum().backward()
        return y, seen, x.grad

    assert_same(program)


@pytest.mark.parametrize(
    "change",
    [
        lambda T, x: x[0, 0].diag(),
        lambda T, x: x[0].diag(1),
        lambda T, x: T.diag(x[0, 0], -2),
        lambda T, x: x.diag_embed(),
        lambda T, x: x.diag_embed(1, 0, -1),
        lambda T, x: x[0].diagflat(-1),
    ],
)
def test_diagonals_made_and_taken(change):
    assert_same_calculus(change, (2, 3, 4))


@settings(max_examples=100, deadline=None)
@given(st.integers(-3, 3), st.integers(1, 4))
def test_diagonal_undoes_diag_embed(offset, n):
    x = minigrad.arange(2 * n).reshape(2, n)
    y = x.diag_embed(offset)
    assert y.diagonal(offset, 1, 2).tolist() == x.tolist()
    assert y.sum() == x.sum()


def test_a_region_replaced_in_a_copy():
    assert_same_calculus(lambda T, x, y: x.select_scatter(y, 1, 2), (2, 3, 4), (2, 4))
    assert_same_calculus(lambda T, x, y: x.slice_scatter(y, 2, 1, None, 2), (2, 3, 4), (2, 3, 2))
    assert_same_calculus(lambda T, x, y: x.diagonal_scatter(y, -1, 0, 2), (2, 3, 4), (3, 1))
    x = minigrad.zeros(2, 2)
    x.select_scatter(minigrad.ones(2), 0, 0)
    assert x.sum() == 0


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (7, 2), (3, 3, 3)])
def test_fill_diagonal(shape):
    for wrap in (False, True):
        assert_same(lambda T, wrap=wrap: leaf(T, *shape).detach().fill_diagonal_(-1.5, wrap))

    def program(T):
        x = leaf(T, *shape)
        y = (x * x).fill_diagonal_(2)
        (y * y).sum().backward()
        return y, x.grad

    assert_same(program)
    assert_both_raise(lambda T: T.zeros(2, 2, 3).fill_diagonal_(1), "equal length")
    assert_both_raise(lambda T: T.zeros(2).fill_diagonal_(1), "dimensions must larger than 1")


def test_0_d_and_empty_tensors():
    assert_same(
        lambda T: [
            leaf(T).unfold(0, 1, 1),
            leaf(T, 0, 3).narrow(0, 0, 0),
            leaf(T, 0, 3).diagonal(),
            leaf(T, 0).diag(),
            leaf(T, 3, 0).diag_embed(),
        ]
    )


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float16", "complex64"])
def test_dtypes_stay(dtype):
    assert_same(lambda T: [T.ones(2, dtype=getattr(T, dtype)).diag(), T.ones(4, dtype=getattr(T, dtype)).unfold(0, 2, 1)])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda x: x.select(1, 5), r"index 5 out of range for tensor of size \[2, 3, 4\] at dimension 1"),
        (lambda x: x.select(4, 0), "Dimension out of range"),
        (lambda x: x.narrow(1, 2, 2), r"start \(2\) \+ length \(2\) exceeds dimension size \(3\)"),
        (lambda x: x.narrow(1, 4, 0), "start out of range"),
        (lambda x: x.narrow(1, 0, -1), "non-negative"),
        (lambda x: x.diagonal(0, 1, 1), "diagonal dimensions cannot be identical 1, 1"),
        (lambda x: x.diag(), "Supports 1D or 2D tensors. Got 3D"),
        (lambda x: x.unfold(1, 5, 1), "maximum size for tensor at dimension 1 is 3 but size is 5"),
        (lambda x: x.unfold(1, 2, 0), "step is 0 but must be > 0"),
        (lambda x: x.select_scatter(x[0, 0], 0, 0), "src to have a size equal to the slice of self"),
        (lambda x: x.sum().select(0, 0), "0-dim"),
    ],
)
def test_impossible_regions_are_refused(change, match):
    assert_both_raise(lambda T: change(leaf(T, 2, 3, 4)), match)
