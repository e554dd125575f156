"""Starting values: the same draws as PyTorch for the same seed, the same refusals, and the properties that define them."""

from __future__ import annotations

import pytest

import minigrad
from minigrad.nn import init

from .compare import assert_same, torch

FILLINGS = [
    ("uniform_(t, -1, 2)", (3, 5)),
    ("normal_(t, 1, 2)", (4, 5)),
    ("normal_(t)", (3,)),
    ("trunc_normal_(t, 0.5, 2.0, -1, 1)", (6, 7)),
    ("trunc_normal_(t, std=0.02)", (6, 7)),
    ("trunc_normal_(t, 1.0, 3.0, 4.0, 5.0)", (40,)),
    ("trunc_normal_(t, a=-0.1, b=0.1)", (3, 3)),
    ("constant_(t, 3)", (2, 2)),
    ("ones_(t)", (2, 2)),
    ("zeros_(t)", (2, 2)),
    ("eye_(t)", (2, 4)),
    ("dirac_(t)", (3, 2, 5)),
    ("dirac_(t, 2)", (4, 2, 3, 3)),
    ("dirac_(t)", (2, 3, 1, 2, 3)),
    ("xavier_uniform_(t)", (4, 3)),
    ("xavier_uniform_(t, gain=2.0)", (4, 3, 2, 2)),
    ("xavier_normal_(t)", (5, 4)),
    ("kaiming_uniform_(t)", (5, 4)),
    ("kaiming_uniform_(t, a=0.5, mode='fan_out')", (5, 4, 3)),
    ("kaiming_normal_(t, nonlinearity='relu')", (5, 4)),
    ("kaiming_normal_(t, mode='fan_out', nonlinearity='tanh')", (5, 4, 3, 3)),
    ("kaiming_uniform_(t)", (0, 4)),
    ("orthogonal_(t)", (4, 6)),
    ("orthogonal_(t, gain=2)", (6, 2, 2)),
    ("sparse_(t, 0.3)", (7, 5)),
]


@pytest.mark.parametrize(("call", "shape"), FILLINGS)
@pytest.mark.filterwarnings("ignore:Initializing zero-element")
def test_the_same_seed_fills_as_in_pytorch(call, shape):
    filled = []
    for library in (minigrad, torch):
        library.manual_seed(3)
        t = library.zeros(shape)
        result = eval("init." + call, {"init": library.nn.init, "t": t})
        assert result is t
        filled.append(t)
    assert_same(*filled, 2e-6)


REFUSALS = [
    ("xavier_uniform_(t)", (3,)),
    ("eye_(t)", (3,)),
    ("dirac_(t)", (3, 3)),
    ("dirac_(t, 2)", (3, 3, 3)),
    ("orthogonal_(t)", (3,)),
    ("sparse_(t, 0.1)", (3,)),
    ("kaiming_normal_(t, mode='x')", (3, 3)),
    ("calculate_gain('leaky_relu', 'x')", (1,)),
]


@pytest.mark.parametrize(("call", "shape"), REFUSALS)
def test_refusals_are_pytorchs(call, shape):
    errors = []
    for library in (minigrad, torch):
        with pytest.raises(ValueError) as caught:
            eval("init." + call, {"init": library.nn.init, "t": library.zeros(shape)})
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


@pytest.mark.parametrize("name", [*init.LINEAR, "tanh", "relu", "leaky_relu", "selu"])
def test_gains_are_pytorchs(name):
    assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


def test_an_unknown_nonlinearity_is_refused_with_those_known():
    with pytest.raises(ValueError, match="Unsupported nonlinearity swish.*leaky_relu"):
        init.calculate_gain("swish")


def test_an_empty_interval_is_refused():
    with pytest.raises(ValueError, match="expected a < b"):
        init.trunc_normal_(minigrad.empty(2), a=1.0, b=-1.0)


def test_filling_a_parameter_leaves_no_graph():
    w = minigrad.nn.Parameter(minigrad.empty(3, 4))
    init.xavier_normal_(w)
    assert w.is_leaf and w.requires_grad


def test_orthogonal_rows_are_orthogonal():
    q = init.orthogonal_(minigrad.empty(3, 2, 4), gain=3).reshape(3, 8)
    assert minigrad.allclose(q @ q.t(), 9 * minigrad.eye(3), atol=1e-4)


def test_a_dirac_convolution_passes_its_input_on():
    conv = minigrad.nn.Conv2d(3, 3, 3, padding=1, bias=False)
    init.dirac_(conv.weight)
    x = minigrad.rand(2, 3, 4, 5)
    assert minigrad.allclose(conv(x), x)


def test_a_generator_of_ones_own_is_used():
    def draw():
        return init.normal_(minigrad.empty(20), generator=minigrad.Generator().manual_seed(5)).tolist()

    assert draw() == draw()
