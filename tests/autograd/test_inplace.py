"""Writing to tensors that are part of a graph: gradients through in-place operations and views, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from tests.oracle import assert_both_raise, assert_same, leaf


def write_through_a_row(T):
    x = leaf(T, 3, 4)
    y = x * 2
    row = y[1]
    row.mul_(3)
    y.sum().backward()
    return x.grad, y, row


def assign_part_of_a_view(T):
    x, w = leaf(T, 3, 4), leaf(T, 2)
    y = x * 2
    y[0][1:3] = w
    (y * y).sum().backward()
    return x.grad, w.grad, y


def fill_a_buffer_row_by_row(T):
    x = leaf(T, 4)
    y = T.zeros(3, 4, dtype=T.float64)
    y[1] = x
    y[2] = x * x
    y.mul_(2)
    (y * y).sum().backward()
    return x.grad, y


def write_through_a_reshaped_slice(T):
    x = leaf(T, 3, 4)
    y = x.reshape(4, 3) * 1
    flat = y.view(12)
    flat[::2] = 0
    (flat * flat).sum().backward()
    return x.grad, y


def write_through_a_transpose(T):
    x, w = leaf(T, 2, 3), leaf(T, 2)
    y = x * 1
    y.t()[1] = w * w
    (y * y * y).sum().backward()
    return x.grad, w.grad, y


def mask_out(T):
    x = leaf(T, 2, 3)
    y = x * 2
    y[y > 6] = 0
    (y * y).sum().backward()
    return x.grad, y


def view_sees_a_write_to_its_base(T):
    x = leaf(T, 2, 3)
    y = x * 2
    flat = y.view(6)
    y.mul_(3)
    (flat * flat).sum().backward()
    return x.grad, flat


def base_sees_a_chain_of_writes(T):
    x, w = leaf(T, 4, 4), leaf(T, 2, 2)
    y = x * 1
    y[1:3, 1:3] = w
    y[:, 0].add_(w.sum())
    y.view(16)[5:7].mul_(y[3, 2:4].clone())
    (y * y).sum().backward()
    return x.grad, w.grad, y


def augmented_assignment(T):
    x = leaf(T, 3)
    y = x * 2
    y += x
    y -= 1
    y *= 3
    y.sum().backward()
    return x.grad, y


def overwritten_values_get_no_gradient(T):
    x, w = leaf(T, 3), leaf(T, 3)
    y = x * 2
    y.copy_(w)
    (y * x).sum().backward()
    return x.grad, w.grad


def data_is_outside_the_graph_and_the_check(T):
    x = leaf(T, 3)
    y = x * 2
    z = y * y
    y.data.mul_(5)
    z.sum().backward()
    return x.grad, y


def unrecorded_writes_keep_the_history(T):
    x = leaf(T, 2, 3)
    y = x * 1
    with T.no_grad():
        y[0] = 5
    (y * y).sum().backward()
    return x.grad, y


def second_derivative_through_a_write(T):
    x = leaf(T, 2, 2)
    y = x.t() * 1
    y[0].mul_(2)
    (first,) = T.autograd.grad((y * y * y).sum(), x, create_graph=True)
    (first * first).sum().backward()
    return first, x.grad


PROGRAMS = [f for f in list(globals().values()) if callable(f) and getattr(f, "__code__", None) and f.__code__.co_varnames[:1] == ("T",)
            and f.__module__ == __name__]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_gradients_through_writes_are_those_of_pytorch(program):
    assert_same(program)


# ------------------------------------------------------------------------------------------------ what is refused


def changed_after_it_was_saved(T):
    x = leaf(T, 3)
    y = x * x
    z = y * y
    y.add_(1)
    z.sum().backward()


def changed_through_a_detached_alias(T):
    x = leaf(T, 3)
    y = x * 2
    z = y * y
    y.detach().mul_(5)
    z.sum().backward()


@pytest.mark.parametrize("program", [changed_after_it_was_saved, changed_through_a_detached_alias])
def test_a_saved_value_that_was_changed_is_refused_by_name(program):
    assert_both_raise(program, r"modified by an inplace operation.*MulBackward0.*version 1; expected version 0")


def test_writing_to_a_leaf_that_requires_grad_is_refused():
    assert_both_raise(lambda T: leaf(T, 3).add_(1), "a leaf Variable that requires grad is being used in an in-place operation")


def test_writing_to_a_view_of_such_a_leaf_is_refused():
    assert_both_raise(lambda T: leaf(T, 3)[0:2].add_(1), "a view of a leaf Variable that requires grad")


def test_writing_to_an_expanded_tensor_is_refused():
    assert_both_raise(lambda T: T.ones(1, 3).expand(4, 3).mul_(2), "more than one element of the written-to tensor")


def test_a_result_that_does_not_fit_is_refused():
    assert_both_raise(lambda T: T.ones(3).add_(T.ones(2, 3)), r"output with shape \[3\] doesn't match the broadcast shape \[2, 3\]")
    assert_both_raise(lambda T: T.ones(3, dtype=T.int64).add_(0.5), "result type Float can't be cast to the desired output type Long")


def test_nothing_is_written_when_a_write_is_refused():
    x = minigrad.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError):
        x.mul_(5)
    assert x.tolist() == [1, 1, 1]
    assert x._version == 0


# ------------------------------------------------------------------------------------------------ memory and versions


def test_views_share_memory_and_version_with_their_base():
    x = minigrad.zeros(2, 3)
    views = [x[0], x.t(), x.view(6), x.detach(), x.unsqueeze(0)]
    x.add_(1)
    assert all(v._version == x._version == 1 for v in views)
    views[1].mul_(2)
    assert x.tolist() == [[2, 2, 2], [2, 2, 2]]
    assert x._version == 2


def test_an_inplace_operation_returns_its_tensor():
    x = minigrad.zeros(2)
    assert x.add_(1) is x
    before = x
    x += 1
    assert x is before


def test_a_write_keeps_the_value_that_an_earlier_step_saved():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.mul_(x)  # saves the old y, and x
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [4.0, 8.0])  # y = 2 x^2


def test_a_zero_d_tensor_is_written_in_place():
    x = minigrad.tensor(1.0)
    alias = x.detach()
    x.add_(2)
    assert x.item() == alias.item() == 3.0


def test_detach_in_place_makes_a_leaf():
    x = minigrad.ones(2, requires_grad=True)
    y = x * 2
    assert y.detach_() is y
    assert y.is_leaf and not y.requires_grad


def test_inference_tensors_cannot_be_saved_or_changed_outside():
    with minigrad.inference_mode():
        x = minigrad.ones(2)
    w = minigrad.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        w * x
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode"):
        x.add_(1)
    (w * x.clone()).sum().backward()
    assert w.grad.tolist() == [1, 1]
