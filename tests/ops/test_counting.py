"""Distinct values, counts, histograms, intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import minigrad
from tests.oracle import assert_agrees, assert_both_raise, assert_same

nan, inf = float("nan"), float("inf")
TABLES = [[[1, 2], [0, 5], [1, 2]], [[1, 1], [0, 0], [1, 1]], [[3, 1]], [[2], [2]]]


@pytest.mark.parametrize("data", [*TABLES, [3, 1, 2, 1], 3, [], [1.0, nan, 1.0, nan], [True, False, True]])
@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("counts", [False, True])
def test_distinct_values_are_pytorchs(data, inverse, counts):
    for name in ("unique", "unique_consecutive"):
        assert_same(lambda T, name=name: getattr(T.tensor(data), name)(return_inverse=inverse, return_counts=counts))


@pytest.mark.parametrize("data", TABLES)
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_distinct_slices_are_pytorchs(data, dim):
    for name in ("unique", "unique_consecutive"):
        assert_same(lambda T, name=name: getattr(T, name)(T.tensor(data), return_inverse=True, return_counts=True, dim=dim))


@settings(max_examples=60, deadline=None)
@given(arrays.arrays("int64", arrays.array_shapes(min_dims=1, max_dims=3, max_side=5), elements=st.integers(-2, 2)), st.data())
def test_the_inverse_rebuilds_the_input_and_the_counts_add_up(array, data):
    x = minigrad.tensor(array)
    values, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    assert values[inverse].tolist() == x.tolist()
    assert counts.sum().item() == x.numel()
    assert values.diff().gt(0).all()
    dim = data.draw(st.integers(0, array.ndim - 1))
    slices, inverse = x.unique(return_inverse=True, dim=dim)
    assert slices.index_select(dim, inverse).tolist() == x.tolist()


@pytest.mark.parametrize(
    "program",
    [
        lambda T: T.tensor([3, 1, 2, 1]).bincount(),
        lambda T: T.bincount(T.tensor([3, 1], dtype=T.uint8), minlength=6),
        lambda T: T.bincount(T.tensor([3, 1, 1]), T.tensor([0.5, 1, 2])),
        lambda T: T.bincount(T.tensor([3, 1, 1]), weights=T.tensor([1, 2, 3])),
        lambda T: T.bincount(T.tensor([], dtype=T.int64), minlength=2),
        lambda T: T.histc(T.tensor([1.0, 2, 3, 1]), 4),
        lambda T: T.histc(T.tensor([1.0, 2, 3, 1, 9]), bins=4, min=0, max=3),
        lambda T: T.tensor([2.0, 2.0]).histc(3),
        lambda T: T.histc(T.tensor([nan, 1.0]), 4, 0, 3),
        lambda T: T.histc(T.zeros(0), 3),
        lambda T: T.histogram(T.tensor([[1.0, 2], [3, 1]]), 3),
        lambda T: T.histogram(T.tensor([1.0, 2, 3]), 3, range=(0.0, 2.0), density=True),
        lambda T: T.histogram(T.tensor([1.0, 2, 3]), T.tensor([0.0, 1, 2.5, 6]), weight=T.tensor([1.0, 5, 7])),
        lambda T: T.histogramdd(T.tensor([[3.0, 0], [1, 2], [2, 5]]), (2, 3), density=True),
        lambda T: T.histogramdd(T.tensor([[3.0, 0], [1, 2], [2, 5]]), (T.tensor([0.0, 2, 3]), T.tensor([0.0, 2, 6]))),
        lambda T: T.isin(T.tensor([[1, 2], [3, 4]]), T.tensor([4, 1, 7])),
        lambda T: [T.isin(T.tensor([1, 2]), 2), T.isin(2, T.tensor([1, 2])), T.isin(T.tensor([1, 2]), T.tensor([2]), invert=True)],
        lambda T: T.isin(T.tensor([nan, 1.0]), T.tensor([nan, 1.0])),
    ],
)
def test_counts_are_pytorchs(program):
    assert_same(program, rtol=1e-6)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(-3, 9), max_size=40).map(sorted),
    st.lists(st.integers(-5, 12), min_size=1, max_size=9),
    st.booleans(),
    st.booleans(),
)
def test_values_are_inserted_where_numpy_inserts_them(bounds, values, right, narrow):
    sequence = minigrad.tensor(bounds, dtype=minigrad.int64)
    found = minigrad.searchsorted(sequence, minigrad.tensor(values), right=right, out_int32=narrow)
    assert found.dtype is (minigrad.int32 if narrow else minigrad.int64)
    assert found.tolist() == np.searchsorted(np.array(bounds, int), values, "right" if right else "left").tolist()


@pytest.mark.parametrize(
    "program",
    [
        lambda T: T.searchsorted(T.tensor([[1, 3, 5], [2, 4, 6]]), T.tensor([[3, 0], [3, 9]])),
        lambda T: T.searchsorted(T.tensor([5, 1, 3]), T.tensor([3, 4]), sorter=T.tensor([1, 2, 0])),
        lambda T: T.searchsorted(T.tensor([1.0, 3, nan]), T.tensor([nan, 9.0])),
        lambda T: T.searchsorted(T.tensor([1, 3, 5]), 3, side="right"),
        lambda T: T.bucketize(T.tensor([[0, 3], [9, 5]]), T.tensor([1, 3, 5])),
        lambda T: T.bucketize(3, T.tensor([1, 3, 5]), right=True),
        lambda T: T.searchsorted(T.tensor([1, 3]), T.tensor([2]), side="middle"),
        lambda T: T.searchsorted(T.tensor([1, 3]), T.tensor([2]), side="left", right=True),
        lambda T: T.searchsorted(T.zeros(2, 3), T.zeros(3)),
        lambda T: T.searchsorted(T.zeros(2, 3), 1.0),
        lambda T: T.bucketize(T.zeros(2), T.zeros(2, 2)),
    ],
)
def test_intervals_are_pytorchs(program):
    assert_agrees(program)


@pytest.mark.parametrize(
    ("program", "match"),
    [
        (lambda T: T.bincount(T.tensor([-1])), "1-d non-negative integral"),
        (lambda T: T.bincount(T.tensor([[1]])), "1-d non-negative integral"),
        (lambda T: T.bincount(T.tensor([1.0])), "not implemented for 'Float'"),
        (lambda T: T.bincount(T.tensor([1]), T.ones(2)), "same length"),
        (lambda T: T.bincount(T.tensor([1]), minlength=-1), "minlength should be >= 0"),
        (lambda T: T.histc(T.tensor([1.0, nan])), "is not finite"),
        (lambda T: T.histc(T.tensor([1.0]), 3, 5, 2), "max must be larger than min"),
        (lambda T: T.histc(T.tensor([1.0]), 0), "bins must be > 0"),
        (lambda T: T.histc(T.tensor([1])), "not implemented for 'Long'"),
        (lambda T: T.histogram(T.tensor([1.0]), [0.0, 1.0]), "must be int or Tensor"),
        (lambda T: T.histogramdd(T.zeros(2, 3), [2, 2]), "size of bins must be equal"),
        (lambda T: T.unique(T.tensor(3), dim=0), "tensor has no dimensions"),
        (lambda T: T.unique(T.zeros(0, 3), dim=1), "0 sized dimensions"),
    ],
)
def test_what_has_no_meaning_is_refused_as_pytorch_refuses_it(program, match):
    assert_both_raise(program, match)
