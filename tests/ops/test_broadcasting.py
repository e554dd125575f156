"""Broadcasting: strides of 0 forward, sums backward."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.ops.calculus import assert_same_calculus
from tests.oracle import assert_both_raise, assert_same, leaf


@pytest.mark.parametrize(
    "change",
    [
        lambda T, x: x.expand(4, 2, 5, 3),
        lambda T, x: x.expand(-1, 5, -1),
        lambda T, x: x.expand((2, 1, 3)),
        lambda T, x: x.expand(size=(2, 2, 3)),
        lambda T, x: x.expand_as(T.zeros(2, 4, 3)),
        lambda T, x: T.broadcast_to(x, (2, 7, 3)),
        lambda T, x: x.transpose(0, 2).expand(3, 4, 2),
        lambda T, x: T.broadcast_tensors(x, x[0, :, :1]),
        lambda T, x: x.sum_to_size(1, 3),
        lambda T, x: x.sum_to_size(1),
        lambda T, x: x.sum_to_size(2, 1, 3),
    ],
)
def test_every_broadcast_has_pytorchs_values_and_derivatives(change):
    assert_same_calculus(change, (2, 1, 3))


def test_0_d_and_empty_tensors():
    assert_same_calculus(lambda T, x: x.expand(2, 3), ())
    assert_same(lambda T: [leaf(T).expand(()), leaf(T, 1).expand(0), leaf(T, 1, 0).expand(3, 0), T.broadcast_to(leaf(T), (0, 2))])


shapes = st.lists(st.lists(st.sampled_from([1, 1, 2, 3, 0]), max_size=3).map(tuple), max_size=3)


@settings(max_examples=300, deadline=None)
@given(shapes)
def test_broadcast_shapes_agrees_with_pytorch(given_shapes):
    torch = pytest.importorskip("torch")
    try:
        expected = tuple(torch.broadcast_shapes(*given_shapes))
    except RuntimeError:
        with pytest.raises(RuntimeError):
            minigrad.broadcast_shapes(*given_shapes)
    else:
        assert minigrad.broadcast_shapes(*given_shapes) == expected


def test_an_expanded_tensor_repeats_memory_and_is_not_written_to():
    x = minigrad.zeros(3, 1)
    y = x.expand(3, 4)
    assert y._base is x and y.stride() == (1, 0)
    assert_both_raise(lambda T: T.zeros(3, 1).expand(3, 4).add_(1), "more than one element of the written-to tensor")
    y[:, 0] = 5
    assert x.tolist() == [[5], [5], [5]]


def test_an_expansion_that_repeats_nothing_may_be_written_to():
    x = minigrad.zeros(3)
    x.expand(1, 3).add_(1)
    assert x.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda T, x: x.expand(3), "must be greater or equal to the number of dimensions"),
        (lambda T, x: x.expand(3, 3), "must match the existing size"),
        (lambda T, x: x.expand(-1, 2, 3), "isn't allowed in a leading, non-existing dimension 0"),
        (lambda T, x: x.expand(2, -2), "must match the existing size"),
        (lambda T, x: T.broadcast_tensors(x, T.zeros(5)), r"size of tensor a \(3\) must match the size of tensor b \(5\)"),
        (lambda T, x: x.sum_to_size(5, 3), "is not expandable to size"),
    ],
)
def test_impossible_broadcasts_are_refused(change, match):
    assert_both_raise(lambda T: change(T, leaf(T, 2, 3)), match)
