"""squeeze_, unsqueeze_, transpose_ and t_: the tensor itself changes its shape, and its gradient follows."""

from __future__ import annotations

import pytest

import minigrad
from tests.oracle import assert_both_raise, assert_same, leaf


def test_in_place_forms_change_the_tensor_itself_and_keep_its_gradient():
    def program(T):
        x = leaf(T, 2, 1, 3)
        y = x * x
        y.squeeze_(1).unsqueeze_(0)
        y.transpose_(0, 2).mul_(3)
        (y * y).sum().backward()
        return y, x.grad

    assert_same(program)


def test_a_reshaped_view_still_writes_to_its_base():
    x = minigrad.zeros(2, 3)
    row = x[0]
    row.unsqueeze_(0)
    row[0, 1] = 5
    assert x.tolist() == [[0, 5, 0], [0, 0, 0]] and row.shape == (1, 3)


def test_in_place_forms_are_refused_where_a_history_would_be_lost():
    assert_both_raise(lambda T: leaf(T, 2, 3).t_(), "leaf Variable")
    y = minigrad.ones(2, 2, requires_grad=True) * 1
    row = y[0]
    with pytest.raises(RuntimeError, match="shared with a view"):
        y.t_()
    assert row.shape == (2,)


def test_in_place_transpositions():
    def program(T):
        x = leaf(T, 2, 3)
        y = x * x
        y.t_().mul_(2)
        y.swapaxes_(0, 1)
        y.sum().backward()
        return y, x.grad

    assert_same(program)
