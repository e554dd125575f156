"""Lazy layers: nothing is known before the first batch, everything is ordinary after it."""

from __future__ import annotations

import pytest

import minigrad
from minigrad import nn

from .compare import assert_same, torch


def test_the_first_batch_makes_pytorchs_layer_from_the_same_seed():
    results = []
    for library in (minigrad, torch):
        n = library.nn
        library.manual_seed(0)
        net = n.Sequential(
            n.LazyConv2d(4, 3), n.LazyBatchNorm2d(), n.Flatten(), n.LazyLinear(5), n.LazyLinear(2, bias=False)
        )
        net(library.ones(2, 3, 6, 6))
        results.append((repr(net), net.state_dict()))
    assert results[0][0] == results[1][0]
    assert list(results[0][1]) == list(results[1][1])
    assert_same(list(results[0][1].values()), list(results[1][1].values()), 1e-6)


def test_a_layer_becomes_an_ordinary_one_with_the_same_parameter_objects():
    layer = nn.LazyLinear(2)
    before = list(layer.parameters())
    layer(minigrad.ones(5, 3))
    assert type(layer) is nn.Linear and layer.weight.shape == (2, 3)
    assert all(a is b for a, b in zip(before, layer.parameters(), strict=True))
    assert all(type(p) is nn.Parameter and p.is_leaf for p in before)
    layer(minigrad.ones(5, 3)).sum().backward()
    assert before[0].grad is not None


def test_what_was_done_to_a_lazy_layer_stays_done():
    layer = nn.LazyLinear(2).double().eval()
    calls = []
    layer.register_forward_hook(lambda *seen: calls.append(1))
    assert layer(minigrad.ones(5, 3, dtype=minigrad.float64)).dtype is minigrad.float64
    assert not layer.training and calls == [1]


def test_an_unknown_shape_is_said_to_be_unknown():
    layer = nn.LazyLinear(2)
    assert layer.has_uninitialized_params()
    for use in (lambda: layer.weight.shape, lambda: layer.weight.numel(), lambda: layer.weight.size(0)):
        with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter"):
            use()
    assert repr(layer.weight) == "<UninitializedParameter>"


def test_a_lazy_layer_in_a_model_is_reported_where_it_fails():
    net = nn.Sequential(nn.LazyConv2d(4, 3))
    with pytest.raises(Exception) as caught:
        net(minigrad.ones(2, 3, 2, 2))
    assert caught.value.__notes__[0].startswith("at 0: Conv2d(3, 4, kernel_size=(3, 3)")
