"""Repetition and grids."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same, leaf


@pytest.mark.parametrize(
    "change",
    [
        lambda T, x: x.repeat(2, 3),
        lambda T, x: x.repeat(4, 1, 2),
        lambda T, x: x.repeat((1, 0)),
        lambda T, x: x.repeat(repeats=(2, 2)),
        lambda T, x: x.tile(2),
        lambda T, x: T.tile(x, (2, 1, 3)),
        lambda T, x: x.repeat_interleave(2),
        lambda T, x: x.repeat_interleave(3, 1),
        lambda T, x: x.repeat_interleave(0, 0),
        lambda T, x: x.repeat_interleave(T.tensor([2, 0]), 0),
        lambda T, x: x.repeat_interleave(T.tensor([1, 2, 3]), dim=-1, output_size=6),
        lambda T, x: x.t().repeat(1, 2),
        lambda T, x: T.meshgrid(x[0], x[:, 1], indexing="ij"),
        lambda T, x: T.meshgrid([x[0], x[:, 1]], indexing="xy"),
        lambda T, x: T.cartesian_prod(x[0], x[:, 0]),
        lambda T, x: T.cartesian_prod(x[0]),
        lambda T, x: T.combinations(x[0]),
        lambda T, x: T.combinations(x[0], 3, with_replacement=True),
        lambda T, x: T.block_diag(x, x[0], x[0, 0]),
    ],
)
def test_every_repetition_has_pytorchs_values_and_derivatives(change):
    assert_same_calculus(change, (2, 3))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=3), st.integers(0, 3))
def test_repeats_repeat(counts, r):
    x = minigrad.arange(6).reshape(2, 3)
    assert x.repeat(counts).sum() == x.sum() * minigrad.tensor(counts).prod()
    assert x.repeat_interleave(r, 1).reshape(2, 3, r).sum() == r * x.sum()
    assert minigrad.combinations(x[0], r).tolist() == ([list(c) for c in itertools.combinations(range(3), r)] if r else [])


def test_0_d_and_empty_tensors():
    assert_same(
        lambda T: [
            leaf(T).repeat(()),
            leaf(T).repeat(2, 2),
            leaf(T).tile(3),
            leaf(T).repeat_interleave(2),
            T.zeros(0, 2).repeat(2, 2),
        ]
    )
    assert_same(lambda T: [T.repeat_interleave(T.tensor([1, 0, 2])), *T.meshgrid(leaf(T), leaf(T, 2), indexing="ij")])


def test_a_mesh_is_made_of_views():
    x = minigrad.arange(3)
    grid, _ = minigrad.meshgrid(x, x, indexing="ij")
    assert grid._base is x and grid.stride() == (1, 0)


def test_meshgrid_without_indexing_warns():
    with pytest.warns(UserWarning, match="indexing"):
        minigrad.meshgrid(minigrad.arange(2), minigrad.arange(2))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda T, x: x.repeat(2), "can not be smaller"),
        (lambda T, x: x.repeat(2, -1), "negative dimension"),
        (lambda T, x: x.repeat_interleave(-1), "non-negative"),
        (lambda T, x: x.repeat_interleave(T.tensor([1, 2]), 1), "must have the same size as input along dim"),
        (lambda T, x: x.repeat_interleave(T.tensor([1, -2]), 0), "can not be negative"),
        (lambda T, x: x.repeat_interleave(T.tensor([1, 2]), 0, output_size=4), "allocated size does not match"),
        (lambda T, x: T.meshgrid(x, indexing="ij"), "Expected 0D or 1D tensor"),
        (lambda T, x: T.meshgrid(x[0], indexing="a"), 'must be one of "xy" or "ij"'),
        (lambda T, x: T.meshgrid(x[0], T.arange(2), indexing="ij"), "same dtype"),
        (lambda T, x: T.combinations(x), "Expect a 1D vector"),
    ],
)
def test_impossible_repetitions_are_refused(change, match):
    assert_both_raise(lambda T: change(T, leaf(T, 2, 3)), match)
