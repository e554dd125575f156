"""Fifty steps of each optimizer, in place on raw arrays, end where PyTorch's do."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from minigrad.kernels import optimizers
from minigrad.kernels.optimizers import adagrad_step, adam_step, rmsprop_step, sgd_step

from .both_libraries import assert_close, both_libraries, home, send

torch = pytest.importorskip("torch")
SHAPES = [(3, 4), (), (1,), (7, 5, 3), (0, 2)]
STEPS = 50


def gradients(step: int, dtype: str) -> list[numpy.ndarray]:
    rng = numpy.random.default_rng(step)
    return [numpy.asarray(rng.standard_normal(shape) * 3).astype(dtype) for shape in SHAPES]


def pytorch_path(optimizer: Any, dtype: str, **options: Any) -> list[numpy.ndarray]:
    """Where PyTorch's plain implementation takes parameters that start at the gradients of step -1."""
    params = [torch.tensor(p, requires_grad=True) for p in start(dtype)]
    optimizer = optimizer(params, foreach=False, **options)
    for step in range(STEPS):
        for p, g in zip(params, gradients(step, dtype)):
            p.grad = torch.tensor(g)
        optimizer.step()
    return [p.detach().numpy() for p in params]


def start(dtype: str) -> list[numpy.ndarray]:
    return gradients(1000, dtype)


def zeros(library: str, dtype: str) -> list[Any]:
    return send(library)([numpy.zeros(shape, dtype) for shape in SHAPES])


def walk(library: str, dtype: str, step: Any) -> list[numpy.ndarray]:
    """The parameters after `step(params, grads, t)` for t = 1 .. STEPS."""
    params = send(library)(start(dtype))
    for t in range(STEPS):
        step(params, send(library)(gradients(t, dtype)), t + 1)
    return list(map(home, params))


def assert_all_close(actual: list[numpy.ndarray], expected: list[numpy.ndarray], dtype: str) -> None:
    for a, e in zip(actual, expected, strict=True):
        assert_close(a, e, 1e-6 if dtype == "float32" else 1e-13)


dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])
PLAIN = [{}, {"weight_decay": 0.1}, {"maximize": True}, {"weight_decay": 0.1, "maximize": True}]


@both_libraries
@dtypes
@pytest.mark.parametrize("plain", PLAIN)
@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
def test_sgd_agrees_with_pytorch(library, dtype, plain, options):
    options = {"lr": 0.01} | plain | options
    buffers = zeros(library, dtype) if "momentum" in options else None
    path = walk(library, dtype, lambda params, grads, t: sgd_step(params, grads, buffers, **options))
    assert_all_close(path, pytorch_path(torch.optim.SGD, dtype, **options), dtype)


@dtypes
def test_sgd_dampens_all_but_the_first_step(dtype):
    buffers = zeros("numpy", dtype)
    options = {"lr": 0.01, "momentum": 0.9}

    def step(params: list[Any], grads: list[Any], t: int) -> None:
        sgd_step(params, grads, buffers, dampening=0.3 if t > 1 else 0.0, **options)

    expected = pytorch_path(torch.optim.SGD, dtype, dampening=0.3, **options)
    assert_all_close(walk("numpy", dtype, step), expected, dtype)


@both_libraries
@dtypes
@pytest.mark.parametrize("plain", PLAIN)
@pytest.mark.parametrize("amsgrad", [False, True])
@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_and_adamw_agree_with_pytorch(library, dtype, plain, amsgrad, decoupled):
    options = {"lr": 0.01, "betas": (0.8, 0.99), "eps": 1e-3, "weight_decay": 0.0} | plain
    m, v, largest = zeros(library, dtype), zeros(library, dtype), zeros(library, dtype) if amsgrad else None

    def step(params: list[Any], grads: list[Any], t: int) -> None:
        adam_step(params, grads, m, v, largest, [t] * len(params), decoupled=decoupled, **options)

    expected = pytorch_path(torch.optim.AdamW if decoupled else torch.optim.Adam, dtype, amsgrad=amsgrad, **options)
    assert_all_close(walk(library, dtype, step), expected, dtype)


@both_libraries
@dtypes
@pytest.mark.parametrize("plain", PLAIN)
@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_rmsprop_agrees_with_pytorch(library, dtype, plain, centered, momentum):
    options = {"lr": 0.01, "alpha": 0.9, "eps": 1e-3, "momentum": momentum} | plain
    v = zeros(library, dtype)
    means = zeros(library, dtype) if centered else None
    buffers = zeros(library, dtype) if momentum else None
    path = walk(library, dtype, lambda params, grads, t: rmsprop_step(params, grads, v, means, buffers, **options))
    assert_all_close(path, pytorch_path(torch.optim.RMSprop, dtype, centered=centered, **options), dtype)


@both_libraries
@dtypes
@pytest.mark.parametrize("plain", PLAIN)
def test_adagrad_agrees_with_pytorch(library, dtype, plain):
    options = {"lr": 0.1, "lr_decay": 0.05, "eps": 1e-3} | plain
    sums = zeros(library, dtype)
    path = walk(library, dtype, lambda params, grads, t: adagrad_step(params, grads, sums, [t] * len(params), **options))
    assert_all_close(path, pytorch_path(torch.optim.Adagrad, dtype, **options), dtype)


@pytest.mark.parametrize("shape", [(40,), (6, 7), (2, 3, 8)])
@pytest.mark.parametrize("arrange", [lambda a: a, lambda a: a.T.copy().T, lambda a: numpy.repeat(a, 2, axis=-1)[..., ::2]])
def test_chunks_cover_every_number_once_whatever_the_strides(monkeypatch, shape, arrange):
    """A chunk smaller than an array gives the same step as one chunk for all of it."""
    rng = numpy.random.default_rng(0)
    p, g, m, v = (rng.random(shape) for _ in range(4))
    whole, pieces = [p.copy(), g, m.copy(), v.copy()], [arrange(a.copy()) for a in (p, g, m, v)]
    adam_step(*([a] for a in whole), None, [3], lr=0.1)
    monkeypatch.setattr(optimizers, "CHUNK", 5)
    adam_step(*([a] for a in pieces), None, [3], lr=0.1)
    for a, b in zip(whole, pieces):
        numpy.testing.assert_array_equal(a, b)


def test_gradients_are_left_as_they_are():
    p, g, v = numpy.ones(3), numpy.arange(3.0), numpy.zeros(3)
    sgd_step([p], [g], [v], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1, maximize=True)
    adam_step([p], [g], [v], [v * 0], None, [1], lr=0.1, weight_decay=0.1)
    numpy.testing.assert_array_equal(g, numpy.arange(3.0))


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        sgd_step([numpy.ones(3), numpy.ones(3)], [numpy.ones(3)], lr=0.1)
