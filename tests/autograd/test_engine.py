"""The backward walk: order, accumulation, what it frees, what it refuses."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

import minigrad
from tests.oracle import assert_both_raise, assert_same, leaf


def test_a_chain_of_ten_thousand_steps_needs_no_recursion():
    x = minigrad.ones(2, requires_grad=True)
    y = x
    for _ in range(10_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]
    del y  # freeing the graph must not recurse either


def test_doubling_sixty_times_visits_each_step_once():
    x = minigrad.ones((), dtype=minigrad.float64, requires_grad=True)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


def test_paths_that_meet_are_summed_before_going_on():
    def program(T):
        x = leaf(T, 3)
        a = x * x
        b = a * x
        c = a + b
        (c * b).sum().backward()
        return x.grad

    assert_same(program)


def test_broadcasting_is_undone():
    def program(T):
        a, b, c = leaf(T, 3, 1), leaf(T, 4), leaf(T)
        ((a * b + c) / (b * c)).sum().backward()
        return a.grad, b.grad, c.grad

    assert_same(program)


def test_gradients_keep_the_dtype_of_their_input():
    def program(T):
        x = T.ones(2, dtype=T.float32, requires_grad=True)
        y = T.ones(2, dtype=T.float64, requires_grad=True)
        (x * y).sum().backward()
        return x.grad, y.grad

    assert_same(program)


def test_a_second_backward_accumulates_into_grad():
    def program(T):
        x = leaf(T, 2)
        (x * x).sum().backward()
        (x * x * x).sum().backward()
        return x.grad

    assert_same(program)


def test_accumulation_is_in_place_and_the_first_gradient_is_not_shared():
    x, y = minigrad.ones(2, requires_grad=True), minigrad.ones(2, requires_grad=True)
    (x + y).sum().backward()
    x.grad.mul_(5)
    assert y.grad.tolist() == [1, 1]
    held = x.grad
    x.sum().backward()
    assert held is x.grad and held.tolist() == [6, 6]


def test_a_gradient_given_by_the_user_is_not_taken_over():
    seed = minigrad.ones(2)
    x = minigrad.ones(2, requires_grad=True)
    x.backward(seed)
    x.grad.add_(1)
    assert seed.tolist() == [1, 1]


def test_a_second_walk_through_a_freed_graph_names_the_operation():
    x = minigrad.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time.*MulBackward0.*retain_graph=True"):
        y.backward()
    z = (x * x).sum()
    z.backward(retain_graph=True)
    z.backward()
    assert x.grad.tolist() == [6, 6]


def test_what_was_saved_is_freed_by_backward():
    x = minigrad.ones(2, requires_grad=True)
    y = x * 2
    z = y * y
    reference = weakref.ref(y)
    del y
    assert reference() is not None
    z.sum().backward()
    assert reference() is None


def test_a_graph_holds_no_reference_cycle():
    gc.collect()
    gc.disable()
    try:
        x = minigrad.ones(2, requires_grad=True)
        y = (x * 3).tanh()
        y[0] = 1.0
        z = y.exp().sum()
        nodes = [weakref.ref(z.grad_fn), weakref.ref(y.grad_fn)]
        del y, z
        assert all(node() is None for node in nodes)
    finally:
        gc.enable()


# ------------------------------------------------------------------------------------------------ starting a walk


def test_only_scalars_start_by_themselves():
    assert_both_raise(lambda T: (leaf(T, 2) * 2).backward(), "grad can be implicitly created only for scalar outputs")


def test_the_seed_must_have_the_shape_of_the_output():
    assert_both_raise(lambda T: (leaf(T, 2) * 2).backward(T.ones(3, dtype=T.float64)), r"Mismatch in shape: grad_output\[0\]")


def test_a_result_without_history_cannot_start():
    assert_both_raise(lambda T: T.ones(()).backward(), "element 0 of tensors does not require grad and does not have a grad_fn")


def test_inputs_restricts_what_is_accumulated():
    def program(T):
        x, y = leaf(T, 2), leaf(T, 2)
        z = x * y
        (z * z).sum().backward(inputs=[x])
        return x.grad, T.zeros(1) if y.grad is None else y.grad

    assert_same(program)
    assert_both_raise(lambda T: leaf(T).backward(inputs=[]), "cannot be empty")


def test_backward_of_several_tensors_at_once():
    def program(T):
        x = leaf(T, 2)
        T.autograd.backward([x * x, (x * 3).sum()], [T.ones(2, dtype=T.float64), None])
        return x.grad

    assert_same(program)


# ------------------------------------------------------------------------------------------------ autograd.grad


def test_grad_returns_derivatives_and_leaves_grad_alone():
    def program(T):
        x, y = leaf(T, 2), leaf(T, 2)
        z = x * y
        found = T.autograd.grad((z * z).sum(), [x, z, y])
        assert x.grad is None and y.grad is None
        return found

    assert_same(program)


def test_grad_to_the_fourth_order():
    def program(T):
        x = leaf(T, 3)
        found, y = [], (x * x * x * x * x).sum()
        for _ in range(4):
            (g,) = T.autograd.grad(y, x, create_graph=True)
            found.append(g)
            y = g.sum()
        return found

    assert_same(program)


def test_an_unused_input_is_refused_or_none():
    assert_both_raise(lambda T: T.autograd.grad(leaf(T, 2).sum(), leaf(T, 2)), "appears to not have been used in the graph")
    x, y = minigrad.ones(2, requires_grad=True), minigrad.ones(2, requires_grad=True)
    assert minigrad.autograd.grad(x.sum(), [x, y], allow_unused=True)[1] is None
    assert minigrad.autograd.grad(x.sum(), [x, y], materialize_grads=True)[1].tolist() == [0, 0]


def test_grad_visits_only_what_lies_between():
    calls = []
    x = minigrad.ones(2, requires_grad=True)
    w = minigrad.ones(2, requires_grad=True)
    side = w * 2
    side.register_hook(lambda g: calls.append(g))
    y = x * side
    minigrad.autograd.grad(y.sum(), x)
    assert calls == []


# ------------------------------------------------------------------------------------------------ hooks


def test_tensor_hooks_see_the_whole_gradient_and_may_replace_it():
    def program(T):
        x = leaf(T, 2)
        y = x * 3
        seen = []
        y.register_hook(seen.append)
        y.register_hook(lambda g: g * 10)
        x.register_hook(lambda g: g + 1)
        (y * y + y).sum().backward()
        return x.grad, seen

    assert_same(program)


def test_a_removed_hook_is_not_called():
    x = minigrad.ones(2, requires_grad=True)
    calls = []
    handle = x.register_hook(lambda g: calls.append(1))
    x.sum().backward()
    handle.remove()
    x.sum().backward()
    assert calls == [1]


def test_retained_gradients_of_intermediate_tensors():
    def program(T):
        x = leaf(T, 2)
        y = x * 3
        y.retain_grad()
        y.mul_(2)  # the retained gradient is that of the new value
        (y * y).sum().backward()
        return x.grad, y.grad

    assert_same(program)


def test_a_retained_gradient_that_was_read_is_not_changed_by_the_next_walk():
    def program(T):
        y = leaf(T, 3) * 3
        y.retain_grad()
        (y * y).sum().backward(retain_graph=True)
        first = y.grad
        (y * y).sum().backward()
        return first, y.grad

    assert_same(program)


def test_inputs_that_are_no_leaves_retain_their_gradient_from_then_on():
    def program(T):
        x = leaf(T, 3)
        y, z = (x * 3).unbind(0)[:2]
        (y * y).backward(inputs=[y, z], retain_graph=True)
        first = y.grad.clone()
        (y * y * x.sum()).backward()
        return first, y.grad, z.grad

    assert_same(program)


def test_a_gradient_is_captured_after_the_hooks_of_the_tensor_and_before_those_of_the_node():
    def program(T):
        x = leaf(T, 3)
        y = x * 2
        y.grad_fn.register_prehook(lambda gradients: (gradients[0] * 10,))
        return T.autograd.grad((y * y).sum(), [y, x])

    assert_same(program)


@pytest.mark.parametrize("leaf_too", [False, True])
def test_a_hook_must_return_a_gradient_of_the_same_shape_and_type(leaf_too):
    def hooked(replacement):
        def program(T):
            x = leaf(T, 3)
            y = x if leaf_too else x * 2
            y.register_hook(replacement)
            (y * y).sum().backward()

        return program

    assert_both_raise(hooked(lambda g: 1.0), "expected Variable, but hook returned 'float'")
    assert_both_raise(hooked(lambda g: g.sum()), "has changed the size of value")
    assert_both_raise(hooked(lambda g: g.float()), "has changed the type of value")


def test_a_hook_may_walk_another_graph():
    def program(T):
        x, w = leaf(T, 3), leaf(T, 3)

        def hook(g):
            with T.enable_grad():
                (w * w).sum().backward()
            return g + w.grad

        y = x * 2
        y.register_hook(hook)
        (y * y).sum().backward()
        assert T.is_grad_enabled()
        return x.grad, w.grad

    assert_same(program)


def test_an_error_in_the_middle_of_a_walk_leaves_nothing_behind():
    x = minigrad.ones(3, requires_grad=True)
    y = x * x
    handle = y.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        minigrad.autograd.grad(y.sum(), x, create_graph=True)
    assert minigrad.is_grad_enabled() and x.grad is None
    handle.remove()
    y.sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_post_accumulate_hooks_run_after_grad_is_there():
    x = minigrad.ones(2, requires_grad=True)
    seen = []
    x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.tolist()))
    (x * x).sum().backward()
    assert seen == [[2, 2]]
    with pytest.raises(RuntimeError, match="non-leaf"):
        (x * 2).register_post_accumulate_grad_hook(print)


def test_node_hooks_see_gradients_before_and_after():
    x = minigrad.ones(2, requires_grad=True)
    y = x * 3
    seen = []
    y.grad_fn.register_prehook(lambda gradients: (gradients[0] * 2,))
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append((inputs[0].tolist(), outputs[0].tolist())))
    y.sum().backward()
    assert seen == [([6, 6], [2, 2])] and x.grad.tolist() == [6, 6]


def test_reading_grad_of_a_non_leaf_warns():
    y = minigrad.ones(2, requires_grad=True) * 2
    with pytest.warns(UserWarning, match="retain_grad"):
        assert y.grad is None


# ------------------------------------------------------------------------------------------------ the graph itself


def test_next_functions_lead_to_the_leaves():
    x, c = minigrad.ones(2, requires_grad=True), minigrad.ones(2)
    y = x * c
    z = y + y
    assert z.grad_fn.name() == "AddBackward0"
    assert [node.name() for node, _ in z.grad_fn.next_functions] == ["MulBackward0", "MulBackward0"]
    (accumulate, index), (nothing, _) = y.grad_fn.next_functions
    assert (accumulate.name(), index, nothing) == ("AccumulateGrad", 0, None)
    assert accumulate.variable is x
    assert y.grad_fn.next_functions[0][0] is accumulate


def test_leaves_and_flags():
    x = minigrad.ones(2)
    assert x.is_leaf and not x.requires_grad and x.grad_fn is None
    y = x.requires_grad_() * 2
    assert y.requires_grad and not y.is_leaf
    with pytest.raises(RuntimeError, match="leaf variables"):
        y.requires_grad = False
    with pytest.raises(RuntimeError, match="floating point"):
        minigrad.ones(2, dtype=minigrad.int64).requires_grad_()


def test_assigning_a_gradient_is_checked():
    x = minigrad.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"expected shape \[2\], got \[3\]"):
        x.grad = minigrad.ones(3)
    with pytest.raises(TypeError, match="Tensor or None"):
        x.grad = 1.0
    x.grad = minigrad.ones(2)
    assert x.grad.tolist() == [1, 1]


def test_threads_may_share_a_graph():
    x = minigrad.ones(1000, dtype=minigrad.float64, requires_grad=True)
    y = (x * x * 3).sum()
    threads = [threading.Thread(target=lambda: [y.backward(retain_graph=True) for _ in range(25)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(x.grad.numpy(), 600.0)


def test_the_grad_mode_belongs_to_the_thread():
    seen = []
    with minigrad.no_grad():
        thread = threading.Thread(target=lambda: seen.append(minigrad.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]
