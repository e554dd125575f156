"""Writing to tensors that are part of a graph: gradients through in-place operations and views, and what is refused."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import minigrad
from minigrad.autograd.inplace import apply_in_place
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


def a_copy_and_its_original_have_gradients_of_their_own(T):
    x, y = leaf(T, 3), T.zeros(2, 3, dtype=T.float64)
    w = x * 2
    y.copy_(w)
    w.retain_grad()
    y.retain_grad()
    return *T.autograd.grad((y * 3 + w * 5).sum(), [y, w]), w.grad, y.grad


def what_was_overwritten_has_a_gradient_of_zero(T):
    gradients = []
    for write in (T.Tensor.zero_, lambda y: y.copy_(leaf(T, 3)), lambda y: y.fill_(2), lambda y: y.gt_(2), lambda y: y.normal_()):
        x = leaf(T, 3)
        y = x * 2
        write(y)
        (y * T.tensor([0.0, 1.0, np.inf], dtype=T.float64)).sum().backward()
        gradients.append(x.grad)
    return gradients


def a_gradient_has_the_type_of_the_tensor_that_was_written_to(T):
    x = T.ones(3, dtype=T.float32, requires_grad=True)
    y = x * 2
    y.mul_(leaf(T, 3))
    return T.autograd.grad(y.sum(), [y, x])


def a_retained_gradient_of_a_view_is_that_of_its_new_value(T):
    x = leaf(T, 2, 3)
    y = x * 1
    first, second = y[0], y[1]
    first.retain_grad()
    second.retain_grad()
    first.mul_(3)  # through the view itself
    y.mul_(2)  # through its base
    (first * first * second).sum().backward()
    return x.grad, first.grad, second.grad


def the_old_history_of_a_detached_tensor_is_kept_by_what_saved_it(T):
    x = leaf(T, 3)
    y = x * 2
    z = y * y
    if T is minigrad:
        y.detach_()
    else:  # PyTorch refuses to use the saved value
        y = y.detach()
    (first,) = T.autograd.grad((z * y).sum(), x, create_graph=True)
    (second,) = T.autograd.grad(first.sum(), x)
    return first, second


def a_long_chain_of_views_sees_a_write(T):
    x = leaf(T, 3)
    y = view = x * 1
    for _ in range(2000):
        view = view[...]
    y.mul_(2)
    view.sum().backward()
    return x.grad, view


def a_quotient_may_be_changed(T):
    x, w = leaf(T, 3), leaf(T, 3)
    y = x / w
    y.mul_(2)  # its derivative reads what was divided, not the quotient
    y.sum().backward()
    return x.grad, w.grad


def a_clone_of_an_expanded_tensor_can_be_viewed(T):
    x = leaf(T, 2, 3)
    y = x.expand(4, 2, 3).clone()
    y.view(24)[::5] = 0
    (y * y).sum().backward()
    return x.grad, y


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


def test_writing_to_a_view_of_a_tensor_that_was_detached_is_refused():
    def program(T):
        y = leaf(T, 3) * 1
        view = y[:2]
        y.detach_()
        view.mul_(2)

    assert_both_raise(program, "a view of a leaf Variable that requires grad")


def test_a_leaf_that_was_used_and_then_given_a_history_is_refused_in_backward():
    def program(T):
        x = leaf(T, 3)
        y = x * 1
        x.detach_()
        x.add_(leaf(T, 3))
        (x * y).sum().backward()

    assert_both_raise(program, "leaf variable has been moved into the graph interior")


def write_to_a_view_from_no_grad(T):
    x = T.zeros(2, 3, dtype=T.float64)
    with T.no_grad():
        row = x[0][:2]
    row.copy_(leaf(T, 2))


def write_to_the_base_of_a_view_from_no_grad(T):
    x = leaf(T, 2, 3) * 1
    with T.no_grad():
        row = x[0]
    x.mul_(2)
    row.sum()


@pytest.mark.parametrize("program", [write_to_a_view_from_no_grad, write_to_the_base_of_a_view_from_no_grad])
def test_recording_a_write_that_a_view_from_no_grad_sees_is_refused(program):
    assert_both_raise(program, "view.*no_grad.*grad mode enabled")


def returned(T, what):
    class Negative(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return what(x)

        @staticmethod
        def backward(ctx, g):
            return -g

    return Negative


@pytest.mark.parametrize("what", [lambda x: x, lambda x: x.view_as(x)], ids=["its input", "a view of it"])
def test_writes_that_would_bypass_a_function_that_returned_a_view_are_refused(what):
    def write_to_the_output(T):
        returned(T, what).apply(leaf(T, 3) * 1).mul_(2)

    def write_to_the_input(T):
        x = leaf(T, 3) * 1
        y = returned(T, what).apply(x)
        x.mul_(2)
        y.sum().backward()

    assert_both_raise(write_to_the_output, "custom Function.*is being written to")
    assert_both_raise(write_to_the_input, "custom Function.*whose base")


def changed(T, result):
    class Double(T.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            x.mul_(2)
            return result(x)

        @staticmethod
        def backward(ctx, g):
            return g * 2

    return Double


def test_a_function_may_not_write_to_a_leaf_nor_keep_what_it_changed():
    assert_both_raise(lambda T: changed(T, lambda x: x).apply(leaf(T, 3)), "a leaf Variable that requires grad")
    assert_both_raise(lambda T: changed(T, lambda x: x * 1).apply(leaf(T, 3) * 1), "marked as dirty.*not returned as output")


def test_what_a_function_changed_and_its_node_do_not_keep_each_other_alive():
    gc.collect()
    gc.disable()
    try:
        y = changed(minigrad, lambda x: x).apply(minigrad.ones(2, requires_grad=True) * 1)
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_a_view_of_the_old_value_that_was_saved_is_not_taken_for_the_new_one():
    x = minigrad.ones(2, 2, requires_grad=True)
    y = x * 3
    apply_in_place(lambda old: (old.view(4) * old.view(4)).view(2, 2), y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize("change", [lambda y: y.t_(), lambda y: setattr(y, "data", minigrad.ones(2, 2))], ids=["t_()", ".data ="])
def test_a_view_whose_base_moved_away_is_not_given_a_wrong_history(change):
    y = minigrad.zeros(2, 2)
    view = y[0]
    change(y)
    y.copy_(minigrad.ones(2, 2, requires_grad=True))
    with pytest.raises(RuntimeError, match="lost its place in the graph"):
        view.sum()


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
