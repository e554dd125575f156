"""Helpers of these tests: the same values in both libraries, and comparisons between them."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad

torch = pytest.importorskip("torch")


def mine(value):
    """A torch tensor (or a structure of them) as minigrad's, with memory of its own."""
    if isinstance(value, torch.Tensor):
        return minigrad.from_numpy(value.detach().numpy().copy())
    if isinstance(value, (tuple, list)):
        return type(value)(mine(part) for part in value)
    if isinstance(value, dict):
        return {key: mine(part) for key, part in value.items()}
    return value


def leaves(value):
    """The tensors in a structure of tuples, lists and None."""
    if value is None:
        return []
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, (tuple, list)) else [value]


def assert_same(ours, theirs, tolerance=1e-5):
    """Equal shapes and dtypes, and values equal up to float32 rounding (exactly equal with tolerance 0)."""
    ours, theirs = leaves(ours), leaves(theirs)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert tuple(a.shape) == tuple(b.shape)
        assert str(a.dtype) == str(b.dtype)
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance)


def copy_weights(module, reference):
    """Give a minigrad module the parameters and buffers of a torch one."""
    module.load_state_dict(mine(dict(reference.state_dict())))


def loss_of(outputs):
    """One number that depends on every floating-point output, each element with a weight of its own."""
    total = 0
    for output in leaves(outputs):
        if output.is_floating_point():
            flat = output.reshape(-1)
            total = total + sum((flat * w).sum() for w in (0.5, 0.25)) + (flat * flat).sum()
    return total


def assert_same_training_step(module, reference, *inputs, tolerance=1e-4):
    """Forward, gradients of inputs and parameters, and buffers afterwards agree."""
    theirs = [i.clone().requires_grad_() if torch.is_tensor(i) and i.is_floating_point() else i for i in inputs]
    ours = [mine(i) for i in inputs]
    for a in ours:
        if isinstance(a, minigrad.Tensor) and a.is_floating_point():
            a.requires_grad_()
    minigrad.manual_seed(1)
    out = module(*ours)
    torch.manual_seed(1)
    expected = reference(*theirs)
    assert_same(out, expected, tolerance)
    wanted = loss_of(expected)
    if wanted.requires_grad:
        loss_of(out).backward()
        wanted.backward()
        for a, b in zip(ours, theirs, strict=True):
            if torch.is_tensor(b) and b.requires_grad:
                assert_same(a.grad, b.grad, tolerance)
        for (name, p), (_, q) in zip(module.named_parameters(), reference.named_parameters(), strict=True):
            assert (p.grad is None) == (q.grad is None), name
            if q.grad is not None:
                assert_same(p.grad, q.grad, tolerance)
    for (_, a), (_, b) in zip(module.named_buffers(), reference.named_buffers(), strict=True):
        assert_same(a, b, tolerance)
