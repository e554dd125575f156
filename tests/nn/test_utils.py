"""`nn.utils`: gradients clipped to PyTorch's numbers, parameters as a vector and back; `DataParallel`."""

from __future__ import annotations

import math

import pytest

import minigrad
from minigrad import nn
from minigrad.nn import utils

from .compare import assert_same, copy_weights, mine, torch


def with_gradients():
    ours, theirs = (
        nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)),
        torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)),
    )
    copy_weights(ours, theirs)
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    ours(mine(x)).pow(2).sum().backward()
    theirs(x).pow(2).sum().backward()
    return ours, theirs


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 1e6])
def test_clipping_by_norm_is_pytorchs(max_norm, norm_type):
    ours, theirs = with_gradients()
    total = utils.clip_grad_norm_(ours.parameters(), max_norm, norm_type)
    assert_same(total, torch.nn.utils.clip_grad_norm_(theirs.parameters(), max_norm, norm_type), 1e-5)
    assert_same([p.grad for p in ours.parameters()], [p.grad for p in theirs.parameters()], 1e-5)
    if max_norm < 1:
        after = utils.get_total_norm([p.grad for p in ours.parameters()], norm_type)
        assert after <= max_norm * (1 + 1e-5)


def test_clipping_by_value_is_pytorchs():
    ours, theirs = with_gradients()
    utils.clip_grad_value_(ours.parameters(), 0.3)
    torch.nn.utils.clip_grad_value_(theirs.parameters(), 0.3)
    assert_same([p.grad for p in ours.parameters()], [p.grad for p in theirs.parameters()], 1e-5)


def test_clipping_takes_one_tensor_and_parameters_without_gradient():
    p = nn.Parameter(minigrad.ones(2))
    assert utils.clip_grad_norm_(p, 1.0) == 0
    p.grad = minigrad.tensor([3.0, 4.0])
    assert utils.clip_grad_norm_([p, nn.Parameter(minigrad.ones(1))], 1.0) == 5
    assert minigrad.allclose(p.grad, minigrad.tensor([0.6, 0.8]), atol=1e-5)


def test_a_norm_that_is_not_finite_is_an_error_on_request():
    p = nn.Parameter(minigrad.ones(1))
    p.grad = minigrad.tensor([math.inf])
    with pytest.raises(RuntimeError, match="total norm of order 2.0 for gradients from `parameters` is non-finite"):
        utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)


def test_parameters_become_a_vector_and_come_back():
    net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    vector = utils.parameters_to_vector(net.parameters())
    assert vector.shape == (26,) and vector.requires_grad
    utils.vector_to_parameters(vector.detach() * 2, net.parameters())
    assert minigrad.allclose(utils.parameters_to_vector(net.parameters()), 2 * vector)
    with pytest.raises(ValueError, match="26 elements"):
        utils.vector_to_parameters(minigrad.zeros(27), net.parameters())
    with pytest.raises(TypeError, match="expected torch.Tensor"):
        utils.vector_to_parameters([1.0], net.parameters())


def test_data_parallel_is_the_module_on_one_device_and_refuses_several():
    inner = nn.Linear(3, 2)
    wrapped = nn.DataParallel(inner, device_ids=[0])
    x = minigrad.ones(4, 3)
    assert (wrapped(x) == inner(x)).all() and wrapped.module is inner
    assert list(wrapped.state_dict()) == ["module.weight", "module.bias"]
    with pytest.raises(NotImplementedError, match="2 devices"):
        nn.DataParallel(inner, device_ids=[0, 1])
