"""The order and the direction of axes: permutations are views, flips are copies."""

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
        lambda x: x.permute(2, 0, 1),
        lambda x: x.permute((0, 2, 1)),
        lambda x: x.permute(dims=(-1, 0, 1)),
        lambda x: x.transpose(0, -1),
        lambda x: x.swapaxes(axis0=0, axis1=1),
        lambda x: x.swapdims(1, 2),
        lambda x: x.T,
        lambda x: x.mT,
        lambda x: x.mH,
        lambda x: x[0].H,
        lambda x: x[0].t(),
        lambda x: x[0, 0].t(),
        lambda x: x.movedim(0, 2),
        lambda x: x.moveaxis((0, 1), (-1, 0)),
        lambda x: x.adjoint(),
        lambda x: x.flip(0),
        lambda x: x.flip(0, -1),
        lambda x: x.flip((1,)),
        lambda x: x.flip(dims=(1, 2)),
        lambda x: x.fliplr(),
        lambda x: x.flipud(),
        lambda x: x.roll(1),
        lambda x: x.roll(-2, 1),
        lambda x: x.roll((1, 5), (0, -1)),
        lambda x: x.roll(2, (0,)),
        *[lambda x, k=k: x.rot90(k, (0, 2)) for k in range(-2, 5)],
    ],
)
def test_every_change_of_axes_has_pytorchs_values_and_derivatives(change):
    assert_same_calculus(lambda T, x: change(x), (2, 3, 4))


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(4)), st.integers(-4, 3), st.integers(-4, 3))
def test_a_permutation_is_a_view_that_its_inverse_undoes(order, a, b):
    x = minigrad.arange(120).reshape(2, 3, 4, 5)
    y = x.permute(order)
    assert y._base is x._base and [y.size(i) for i in range(4)] == [x.size(d) for d in order]
    back = y.permute([order.index(i) for i in range(4)])
    assert back.tolist() == x.tolist()
    assert x.transpose(a, b).transpose(a, b).tolist() == x.tolist()
    assert x.movedim(a, b).movedim(b, a).tolist() == x.tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2), unique=True), st.integers(-9, 9))
def test_flips_and_rolls_undo_themselves_and_own_their_memory(dims, k):
    x = minigrad.arange(24).reshape(2, 3, 4)
    y = x.flip(dims)
    assert y.flip(dims).tolist() == x.tolist() and y.is_contiguous() and not y._is_view()
    assert x.roll(k, 1).roll(-k, 1).tolist() == x.tolist()
    assert x.rot90(k).rot90(-k).tolist() == x.tolist()


def test_0_d_and_empty_tensors():
    changes = [
        lambda x: x.T,
        lambda x: x.t(),
        lambda x: x.permute(()),
        lambda x: x.transpose(0, -1),
        lambda x: x.flip(()),
        lambda x: x.roll(1),
    ]
    for change in changes:
        assert_same(lambda T, change=change: change(leaf(T)))
    assert_same(lambda T: [leaf(T, 0, 3).T, leaf(T, 0, 3).flip(0), leaf(T, 0, 3).roll(1, 0), leaf(T, 2, 0).roll(5)])


def test_names_in_the_graph():
    x = minigrad.ones(2, 3, requires_grad=True)
    for y, name in [(x.t(), "T"), (x.T, "Permute"), (x.mT, "Transpose"), (x.flip(0), "Flip"), (x.roll(1), "Roll")]:
        assert y.grad_fn.name() == name + "Backward0"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda x: x.permute(0, 1), "not equal to len"),
        (lambda x: x.permute(0, 1, 1), "duplicate dims"),
        (lambda x: x.permute(0, 1, 5), "Dimension out of range"),
        (lambda x: x.transpose(0, 5), "Dimension out of range"),
        (lambda x: x.t(), "<= 2 dimensions"),
        (lambda x: x.H, "use|consider using tensor.mH"),
        (lambda x: x[0, 0].mT, "only supported on matrices"),
        (lambda x: x.movedim((0, 1), (0,)), "Invalid source or destination"),
        (lambda x: x.movedim((0, 0), (0, 1)), "repeated dim in `source`"),
        (lambda x: x.flip(0, 0), "appears multiple times"),
        (lambda x: x.flip(5), "Dimension out of range"),
        (lambda x: x.roll((1, 2), 0), "shifts and dimensions must align"),
        (lambda x: x.rot90(1, (0, 0)), "rotation dims to be different"),
        (lambda x: x.rot90(1, (0, 1, 2)), "rotation dims == 2"),
        (lambda x: x[0, 0].fliplr(), "2-d"),
    ],
)
def test_impossible_axes_are_refused(change, match):
    assert_both_raise(lambda T: change(leaf(T, 2, 3, 4)), match)
