"""Activations agree with PyTorch: values, types, derivatives to second order, `inplace=True`; and what is particular to each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad.nn import functional as F
from tests.oracle import assert_agrees, assert_both_raise, assert_same, to_second_order

inf, nan = np.inf, np.nan
X = np.array([-7.0, -3.0, -2.0, -0.5, -0.1, 0.0, 0.1, 0.5, 1.1, 3.0, 6.0, 25.0])

# name -> settings to compare
PIECES = {
    "relu": [{}], "relu6": [{}], "leaky_relu": [{}, {"negative_slope": 0.3}, {"negative_slope": 2.5}, {"negative_slope": -1.0}],
    "elu": [{}, {"alpha": 0.3}, {"alpha": -1.5}], "selu": [{}], "celu": [{}, {"alpha": 0.3}, {"alpha": -2.0}],
    "hardtanh": [{}, {"min_val": -0.1, "max_val": 3.0}], "hardsigmoid": [{}], "hardswish": [{}],
    "threshold": [{"threshold": 0.5, "value": -1.0}], "rrelu": [{}, {"lower": 0.2, "upper": 0.4}],
    "softshrink": [{}, {"lambd": 0.0}, {"lambd": 3.0}], "hardshrink": [{}, {"lambd": 0.0}, {"lambd": 3.0}],
}  # fmt: skip
SMOOTH = {
    "sigmoid": [{}], "tanh": [{}], "silu": [{}], "gelu": [{}, {"approximate": "tanh"}], "mish": [{}], "softsign": [{}],
    "tanhshrink": [{}], "logsigmoid": [{}], "glu": [{}],
    "softplus": [{}, {"beta": 3.0}, {"threshold": 1.0}, {"beta": 0.5, "threshold": -0.9}],
}  # fmt: skip
ALL = PIECES | SMOOTH
EVERY_SETTING = [pytest.param(name, settings, id=f"{name} {settings or ''}") for name in ALL for settings in ALL[name]]
IN_PLACE = [
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "hardtanh",
    "hardsigmoid",
    "hardswish",
    "threshold",
    "rrelu",
    "silu",
    "mish",
]


@pytest.mark.parametrize(("name", "keywords"), EVERY_SETTING)
def test_derivatives_to_second_order(name, keywords):
    if name == "hardsigmoid":
        pytest.skip("PyTorch has no second derivative of it")
    assert_same(lambda T: to_second_order(T, lambda x: getattr(T.nn.functional, name)(x, **keywords), X), rtol=1e-6, atol=1e-11)


@pytest.mark.parametrize(("name", "keywords"), EVERY_SETTING)
def test_values_at_infinity_and_nan(name, keywords):
    if name in ("gelu", "silu", "glu"):
        pytest.skip("PyTorch itself answers inf or NaN by type and position")
    x = np.array([-inf, -1e30, -100.0, 100.0, 1e30, inf, nan, -0.0])
    assert_same(lambda T: getattr(T.nn.functional, name)(T.tensor(x), **keywords), rtol=1e-6)


@pytest.mark.parametrize("kind", ["bool", "uint8", "int64", "float16", "float32", "complex64"])
@pytest.mark.parametrize(("name", "keywords"), EVERY_SETTING)
def test_types(name, keywords, kind):
    if (kind == "complex64" and name in ("silu", "softsign", "glu")) or (kind == "bool" and name in ("softsign", "tanhshrink")):
        pytest.skip("refused, or for bool taken, by one of the two for no reason of mathematics")
    for values in ([-2.5, 0.0, 3.0, 1.0], 3, []):
        x = np.asarray(values if kind not in ("bool", "uint8") else np.abs(values)).astype(kind)
        tolerance = 3e-3 if kind == "float16" else 2e-6
        assert_agrees(lambda T: getattr(T.nn.functional, name)(T.tensor(x), **keywords), tolerance, tolerance)  # noqa: B023


@pytest.mark.parametrize(("name", "keywords"), EVERY_SETTING)
def test_bfloat16_and_its_gradient_are_rounded_once(name, keywords):
    pytest.importorskip("ml_dtypes")

    def program(T):
        x = T.tensor(np.float32(X)).bfloat16().requires_grad_()
        y = getattr(T.nn.functional, name)(x, **keywords)
        y.backward(T.ones_like(y))
        assert y.dtype is x.grad.dtype is T.bfloat16
        return y.detach().float(), x.grad.float()

    assert_same(program, rtol=2**-6, atol=2**-8)


@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.parametrize("requires_grad", [True, False])
def test_inplace_overwrites_the_input_and_keeps_its_gradient(name, requires_grad):
    keywords = ALL[name][0]

    def program(T):
        leaf = T.tensor(X, requires_grad=requires_grad)
        x = leaf * 1
        y = getattr(T.nn.functional, name)(x, inplace=True, **keywords)
        assert y is x
        if requires_grad:
            (y * y).sum().backward()
        return x, leaf.grad

    assert_same(program, rtol=1e-7)


@pytest.mark.parametrize("name", ["relu_", "leaky_relu_", "elu_", "selu_", "celu_", "hardtanh_", "rrelu_", "threshold_"])
def test_names_with_an_underscore_write_in_place(name):
    keywords = ALL[name[:-1]][0]
    assert_same(lambda T: getattr(T.nn.functional, name)(T.tensor(X), **keywords), rtol=1e-7)
    if name not in ("leaky_relu_", "elu_", "hardtanh_"):
        assert_same(lambda T: getattr(T, name)(T.tensor(X), **keywords), rtol=1e-7)


def test_names_beside_nn_functional():
    def program(T):
        x = T.tensor(X)
        slope = T.tensor([0.5], dtype=T.float64)
        plain = (
            T.relu(x),
            T.selu(x),
            T.celu(x),
            T.threshold(x, 0.5, 2.0),
            T.hardshrink(x),
            T.prelu(x, slope),
            T.sigmoid(x),
            T.rrelu(x),
        )
        return *plain, x.relu(), x.hardshrink(1.0), x.prelu(slope[0]), x.tanh()

    assert_same(program, rtol=1e-7)


# ------------------------------------------------------------------------------------------------ what is particular


def test_relu_has_derivative_0_at_0_and_stops_a_nan_gradient():
    x = minigrad.tensor([0.0, -0.0, -1.0, 1.0], requires_grad=True)
    F.relu(x).backward(minigrad.tensor([1.0, 1.0, nan, 1.0]))
    assert x.grad.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("size", [5, 5000])
@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "softplus", "gelu", "silu", "hardswish", "mish"])
def test_small_and_large_arrays_take_different_ways_to_the_same_result(name, size):
    x = np.random.default_rng(0).standard_normal(size).astype(np.float32) * 5
    assert_same(lambda T: getattr(T.nn.functional, name)(T.tensor(x)), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 4), (2, 3, 2, 2)])
def test_prelu_learns_one_slope_or_one_for_each_channel(shape):
    x = np.linspace(-2, 2, int(np.prod(shape))).reshape(shape)
    for weight in (np.array([0.25]), np.array(0.25), np.array([0.1, 0.2, 0.3])):
        if weight.size == 1 or len(shape) > 1:
            assert_same(lambda T: to_second_order(T, T.nn.functional.prelu, x, weight))  # noqa: B023


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_glu_halves_any_dimension(dim):
    assert_same(lambda T: to_second_order(T, lambda x: T.nn.functional.glu(x, dim), np.linspace(-2, 2, 24).reshape(4, 6)))


def test_rrelu_in_training_draws_pytorchs_slopes():
    x = np.random.default_rng(0).standard_normal((5, 7))

    def program(T):
        T.manual_seed(3)
        leaf = T.tensor(x, requires_grad=True)
        y = T.nn.functional.rrelu(leaf, 0.1, 0.5, training=True)
        y.sum().backward()
        return y, leaf.grad

    assert_same(program)


@settings(deadline=None)
@given(x=st.floats(-700, 700))
def test_softplus_and_logsigmoid_mirror_each_other(x):
    t = minigrad.tensor(x, dtype=minigrad.float64)
    assert F.softplus(t, threshold=inf).item() == -F.logsigmoid(-t).item()


def test_gelu_and_its_approximation_differ_by_less_than_a_thousandth():
    x = minigrad.linspace(-6, 6, 1001)
    assert (F.gelu(x) - F.gelu(x, approximate="tanh")).abs().max() < 5e-4


@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "softplus"])
def test_third_derivatives_of_fused_activations(name):
    def program(T):
        x = T.tensor(X[2:9], requires_grad=True)
        y = getattr(T.nn.functional, name)(x)
        for _ in range(3):
            (y,) = T.autograd.grad(y.sum(), x, create_graph=True)
        return y

    assert_same(program, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (lambda T, F: F.relu(1.0), r"relu\(\): argument 'input'"),
        (lambda T, F: F.relu(T.tensor([True])), "Boolean inputs not supported for relu"),
        (lambda T, F: F.gelu(T.tensor([1])), "gelu"),
        (lambda T, F: F.gelu(T.tensor([1.0]), approximate="no"), "approximate argument must be either none or tanh"),
        (lambda T, F: F.hardtanh(T.tensor([1.0]), 2, 1), "min_val cannot be greater than max_val"),
        (lambda T, F: F.hardtanh(T.tensor([1], dtype=T.uint8)), "unsigned type with negative limits"),
        (lambda T, F: F.softshrink(T.tensor([1.0]), -1), "lambda must be greater or equal to 0"),
        (lambda T, F: F.celu(T.tensor([1.0]), 0.0), "alpha cannot be 0"),
        (lambda T, F: F.glu(T.ones(3)), "Halving dimension must be even"),
        (lambda T, F: F.glu(T.tensor(1.0)), "0-dimensional"),
        (lambda T, F: F.prelu(T.ones(2, 3), T.ones(2)), "Mismatch of parameter numbers and input channel size"),
        (lambda T, F: F.prelu(T.ones(2, 3), T.ones(1, 1)), "scalar or 1D tensor"),
        (lambda T, F: F.prelu(T.ones(2), T.ones(1, dtype=T.float64)), "Type promoting not supported"),
        (lambda T, F: F.rrelu(T.ones(2), 0.5, 0.1, training=True), "Lower bound"),
    ],
)
def test_refusals(program, words):
    assert_both_raise(lambda T: program(T, T.nn.functional), words)
