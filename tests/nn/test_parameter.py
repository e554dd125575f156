"""`Parameter` and `Buffer`: names that a module recognises, on the memory of the tensor they were made from."""

from __future__ import annotations

import copy
import pickle

import pytest

import minigrad
from minigrad import nn

from .compare import torch


@pytest.mark.cpu_only  # PyTorch's stands on the CPU, and on a GPU a tensor says so
def test_a_parameter_prints_as_in_pytorch():
    def text(library):
        return repr(library.nn.Parameter(library.arange(3.0))), repr(library.nn.Parameter(requires_grad=False))

    assert text(minigrad) == text(torch)


def test_a_parameter_is_a_leaf_on_the_same_memory():
    x = minigrad.ones(2, requires_grad=True) * 2
    p = nn.Parameter(x.detach())
    assert p.is_leaf and p.requires_grad and isinstance(p, minigrad.Tensor)
    p.data.fill_(5)
    assert x.tolist() == [5.0, 5.0]
    assert not nn.Parameter(minigrad.ones(1), requires_grad=False).requires_grad
    assert nn.Parameter(minigrad.ones(1, dtype=minigrad.int64), requires_grad=False).dtype is minigrad.int64


def test_results_are_plain_tensors():
    assert type(nn.Parameter(minigrad.ones(1)) * 2) is minigrad.Tensor
    assert type(nn.Parameter(minigrad.ones(1)).detach()) is minigrad.Tensor


def test_what_cannot_be_a_parameter_is_refused():
    with pytest.raises(TypeError, match=r"Parameter expected a Tensor, got list.*minigrad.tensor"):
        nn.Parameter([1.0])
    with pytest.raises(RuntimeError, match="nly Tensors of floating point and complex dtype can require gradients"):
        nn.Parameter(minigrad.ones(1, dtype=minigrad.int64))


def test_copies_and_pickles_are_parameters_without_gradient():
    p = nn.Parameter(minigrad.ones(2))
    (p * 3).sum().backward()
    for twin in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert type(twin) is nn.Parameter and twin.requires_grad and twin.grad is None
        assert twin.tolist() == [1.0, 1.0]
        twin.data.zero_()
    assert p.tolist() == [1.0, 1.0] and p.grad.tolist() == [3.0, 3.0]


def test_a_buffer_registers_itself():
    module = nn.Module()
    module.kept = nn.Buffer(minigrad.ones(2))
    module.passing = nn.Buffer(minigrad.zeros(1), persistent=False)
    assert [name for name, _ in module.named_buffers()] == ["kept", "passing"]
    assert list(module.state_dict()) == ["kept"]
    assert not module.kept.requires_grad
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert list(twin.state_dict()) == ["kept"] and twin.kept.tolist() == [1.0, 1.0]
    assert copy.deepcopy(module.passing).persistent is False
