"""Module hooks: when they run, what they see, what they may change; the same sequence of events as in PyTorch."""

from __future__ import annotations

import pytest

import minigrad
from minigrad import nn

from .compare import torch

pytestmark = pytest.mark.filterwarnings("ignore")


class Two:
    """Factory of a module with two inputs and two outputs, in either library."""

    def __new__(cls, library):
        class Module(library.nn.Module):
            def forward(self, x, y, factor=2):
                return x * factor, x + y

        return Module()


def lists(value):
    return None if value is None else [lists(v) for v in value] if isinstance(value, tuple) else value.tolist()


def in_both(scenario):
    """What a scenario returns with minigrad and with torch: asserted equal, then returned."""
    ours, theirs = scenario(minigrad), scenario(torch)
    assert ours == theirs
    return ours


def test_forward_hooks_see_and_replace_arguments_and_output_in_order():
    def scenario(library):
        events = []

        def pre(name, change=None):
            def hook(module, args):
                events.append((name, lists(args)))
                return change(args) if change else None

            return hook

        def post(module, args, output):
            events.append(("post", lists(args), lists(output)))
            return output[0] * 10, output[1]

        module = Two(library)
        module.register_forward_pre_hook(pre("second"))
        module.register_forward_pre_hook(pre("first", lambda args: (args[0] + 1, args[1])), prepend=True)
        module.register_forward_hook(post)
        module.register_forward_hook(lambda m, a, k, o: events.append((lists(a), k, lists(o))), with_kwargs=True)
        result = module(library.ones(1), library.zeros(1), factor=3)
        return events, lists(result)

    events, result = in_both(scenario)
    assert [event[0] for event in events[:3]] == ["first", "second", "post"]
    assert result == [[60.0], [2.0]]


def test_a_pre_hook_may_replace_keyword_arguments():
    def scenario(library):
        module = Two(library)
        module.register_forward_pre_hook(lambda m, args, kwargs: (args, {"factor": 7}), with_kwargs=True)
        return lists(module(library.ones(1), library.ones(1)))

    assert in_both(scenario)[0] == [7.0]
    module = Two(minigrad)
    module.register_forward_pre_hook(lambda m, args, kwargs: 5, with_kwargs=True)
    with pytest.raises(RuntimeError, match="forward pre-hook must return None or a tuple"):
        module(minigrad.ones(1), minigrad.ones(1))


def test_a_single_value_from_a_pre_hook_becomes_the_argument():
    layer = nn.Identity()
    layer.register_forward_pre_hook(lambda module, args: args[0] + 1)
    assert layer(minigrad.zeros(1)).tolist() == [1.0]


def test_removing_a_hook_ends_its_calls():
    layer, calls = nn.Identity(), []
    handle = layer.register_forward_hook(lambda *seen: calls.append(1))
    with layer.register_forward_pre_hook(lambda *seen: calls.append(2)):
        layer(minigrad.zeros(1))
    handle.remove()
    layer(minigrad.zeros(1))
    assert calls == [2, 1]


def test_always_call_runs_after_an_error_and_others_do_not():
    calls = []

    class Broken(nn.Module):
        def forward(self, x):
            raise ValueError("broken")

    module = Broken()
    module.register_forward_hook(lambda *seen: calls.append("usual"))
    module.register_forward_hook(lambda m, args, output: calls.append(output), always_call=True)
    with pytest.raises(ValueError, match="broken"):
        module(minigrad.zeros(1))
    assert calls == [None]


def test_hooks_are_the_modules_own():
    a, b, calls = nn.ReLU(), nn.ReLU(), []
    a.register_forward_hook(lambda *seen: calls.append(1))
    b(minigrad.zeros(1))
    assert calls == []


def test_backward_hooks_see_pytorchs_gradients():
    def scenario(library):
        events = []
        module = library.nn.Linear(2, 3)
        with library.no_grad():
            module.weight.copy_(library.arange(6.0).reshape(3, 2))
        module.register_full_backward_pre_hook(lambda m, grad_output: events.append(("pre", lists(grad_output))))
        module.register_full_backward_hook(lambda m, gi, go: events.append(("full", lists(gi), lists(go))))
        module(library.ones(1, 2)).sum().backward()
        x = library.ones(1, 2, requires_grad=True)
        module(x).sum().backward()
        return events, lists(x.grad)

    events, _ = in_both(scenario)
    assert events[1] == ("full", [None], [[[1.0, 1.0, 1.0]]])
    assert events[3] == ("full", [[[6.0, 9.0]]], [[[1.0, 1.0, 1.0]]])


def test_backward_hooks_replace_gradients():
    def scenario(library):
        module = library.nn.Linear(2, 1, bias=False)
        with library.no_grad():
            module.weight.fill_(1.0)
        module.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] * 10,))
        module.register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] + 1,))
        x = library.ones(1, 2, requires_grad=True)
        module(x).sum().backward()
        return lists(x.grad), lists(module.weight.grad)

    assert in_both(scenario) == ([[11.0, 11.0]], [[10.0, 10.0]])


def test_backward_hooks_of_several_inputs_and_outputs_mark_the_absent_ones_none():
    seen = []
    module = Two(minigrad)
    module.register_full_backward_hook(lambda m, gi, go: seen.append((lists(gi), lists(go))))
    x = minigrad.ones(1, requires_grad=True)
    first, _ = module(x, minigrad.ones(1))
    first.backward()
    assert seen == [([[2.0], None], [[1.0], None])]


def test_a_backward_hook_with_the_wrong_number_of_gradients_is_refused():
    module = nn.Identity()
    module.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 1"):
        module(minigrad.ones(1, requires_grad=True)).backward()


def test_what_backward_hooks_cannot_watch_is_refused_in_words():
    class Named(nn.Module):
        def forward(self, x):
            return {"a": x}

    module = Named()
    module.register_full_backward_hook(lambda *seen: None)
    with pytest.raises(TypeError, match="a tensor or a tuple of tensors"):
        module(minigrad.ones(1, requires_grad=True))
    with pytest.raises(NotImplementedError, match="register_full_backward_hook"):
        module.register_backward_hook(lambda *seen: None)


def test_gradients_pass_hooks_unchanged_to_second_order():
    module = nn.Linear(1, 1, bias=False)
    module.register_full_backward_hook(lambda m, gi, go: None)
    x = minigrad.tensor([[3.0]], requires_grad=True)
    y = module(x).pow(2).sum()
    (grad,) = minigrad.autograd.grad(y, x, create_graph=True)
    grad.sum().backward()
    w = module.weight.detach()
    assert minigrad.allclose(x.grad, 2 * w * w)
