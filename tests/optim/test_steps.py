"""Every optimizer, with every option, follows PyTorch for 50 steps."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import optim

from .problem import Problem, converted, make

torch = pytest.importorskip("torch")

COMMON = [{}, {"lr": 0.02}, {"weight_decay": 0.1}, {"maximize": True, "weight_decay": 0.1}, {"foreach": True}]
OPTIONS = {
    "SGD": [
        {"lr": 0.05, "momentum": 0.9},
        {"lr": 0.05, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.01},
        {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        {"lr": 0.05, "momentum": 0.8, "maximize": True},
        {"fused": True},
    ],
    "Adam": [
        {"amsgrad": True},
        {"amsgrad": True, "weight_decay": 0.1, "maximize": True},
        {"betas": (0.5, 0.9), "eps": 1e-3},
        {"betas": (0.0, 0.9)},
        {"decoupled_weight_decay": True, "weight_decay": 0.1},
        {"fused": True},
    ],
    "AdamW": [{"amsgrad": True}, {"betas": (0.5, 0.9), "eps": 1e-3}, {"weight_decay": 0.0}],
    "RMSprop": [
        {"momentum": 0.9},
        {"centered": True},
        {"centered": True, "momentum": 0.9, "weight_decay": 0.1, "maximize": True},
        {"alpha": 0.5, "eps": 1e-3},
    ],
    "Adagrad": [{"lr_decay": 0.1}, {"initial_accumulator_value": 0.5}, {"lr": 0.1, "lr_decay": 0.01, "eps": 1e-3}],
    "Adadelta": [{"rho": 0.5}, {"lr": 1.0, "eps": 1e-3}],
    "Adamax": [{"betas": (0.5, 0.9), "eps": 1e-3}],
    "NAdam": [{"momentum_decay": 0.1}, {"decoupled_weight_decay": True, "weight_decay": 0.1}],
    "RAdam": [{"betas": (0.9, 0.9)}, {"decoupled_weight_decay": True, "weight_decay": 0.1}],
    "ASGD": [{"t0": 10}, {"t0": 10, "lambd": 0.1, "alpha": 0.5}],
    "Rprop": [{"etas": (0.3, 1.5), "step_sizes": (1e-3, 0.1)}],
    "Adafactor": [{"beta2_decay": -1.0, "d": 1.5}, {"lr": 0.05, "eps": (1e-3, 1e-2)}],
}
CASES = [
    (name, options)
    for name, own in OPTIONS.items()
    for options in (*COMMON, *own)
    if not (name == "Rprop" and "weight_decay" in options)
]
cases = pytest.mark.parametrize("name, options", CASES, ids=[f"{n}-{','.join(map(str, o))}" for n, o in CASES])


def path(lib, name, options, steps=50, dtype="float32"):
    problem = Problem(lib, dtype)
    optimizer, seen = make(lib, name, problem.params, **options), []
    for _ in range(steps):
        problem.backward()
        optimizer.step()
        seen.append(problem.values())
    return np.array(seen)


@cases
def test_fifty_steps_agree_with_torch(name, options):
    np.testing.assert_allclose(path(minigrad, name, options), path(torch, name, options), rtol=2e-6, atol=1e-6)


@cases
def test_fifty_steps_in_double_precision_agree_with_torch(name, options):
    mine, theirs = path(minigrad, name, options, dtype="float64"), path(torch, name, options, dtype="float64")
    np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12 if name not in ("NAdam", "ASGD") else 1e-8)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_parameter_without_gradient_rests_and_joins_later(name):
    """Parameters that start late have a count, and momenta, of their own."""

    def run(lib):
        problem, seen = Problem(lib), []
        optimizer = make(lib, name, problem.params, **({"momentum": 0.9, "dampening": 0.3} if name == "SGD" else {}))
        for k in range(12):
            problem.backward(only=[0] if k < 3 else [0, 2] if k < 6 else None)
            optimizer.step()
            seen.append(problem.values())
        return np.array(seen)

    np.testing.assert_allclose(run(minigrad), run(torch), rtol=2e-6, atol=1e-6)


@cases
def test_state_passes_to_torch_and_back(name, options):
    """Ten steps in one library, ten more in the other, are twenty steps in either."""
    whole = path(torch, name, options, 20)[-1]
    for first, second in ((minigrad, torch), (torch, minigrad)):
        a, b = Problem(first), Problem(second)
        one, two = make(first, name, a.params, **options), make(second, name, b.params, **options)
        for _ in range(10):
            a.backward()
            one.step()
        for p, q in zip(a.params, b.params, strict=True):
            q.data = converted(p.detach(), second)
        two.load_state_dict(converted(one.state_dict(), second))
        for _ in range(10):
            b.backward()
            two.step()
        np.testing.assert_allclose(b.values(), whole, rtol=2e-6, atol=1e-6)


@cases
def test_state_dict_has_the_layout_of_torch(name, options):
    states = []
    for lib in (minigrad, torch):
        problem = Problem(lib)
        optimizer = make(lib, name, problem.params, **options)
        problem.backward()
        optimizer.step()
        states.append(optimizer.state_dict())
    mine, theirs = states
    assert mine["param_groups"] == theirs["param_groups"]
    assert mine["state"].keys() == theirs["state"].keys()
    for i, state in theirs["state"].items():
        assert mine["state"][i].keys() == state.keys()
        for key, value in state.items():
            assert tuple(mine["state"][i][key].shape) == tuple(value.shape)
            assert str(mine["state"][i][key].dtype) == str(value.dtype)


@pytest.mark.parametrize("name", OPTIONS)
def test_repr_is_that_of_torch(name):
    assert repr(make(minigrad, name, Problem(minigrad).params)) == repr(make(torch, name, Problem(torch).params))


RANGES = {
    "SGD": [
        {"lr": -1},
        {"momentum": -0.5},
        {"weight_decay": -1},
        {"nesterov": True},
        {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
    ],
    "Adam": [
        {"lr": -1},
        {"eps": -1},
        {"betas": (1, 0.9)},
        {"betas": (0.9, 2)},
        {"weight_decay": -1},
        {"foreach": True, "fused": True},
    ],
    "AdamW": [
        {"lr": -1},
        {"eps": -1},
        {"betas": (-0.1, 0.9)},
        {"weight_decay": -1},
        {"fused": True, "differentiable": True},
    ],
    "RMSprop": [{"lr": -1}, {"eps": -1}, {"momentum": -1}, {"weight_decay": -1}, {"alpha": -1}],
    "Adagrad": [{"lr": -1}, {"lr_decay": -1}, {"weight_decay": -1}, {"initial_accumulator_value": -1}, {"eps": -1}],
    "Adadelta": [{"lr": -1}, {"rho": 2}, {"eps": -1}, {"weight_decay": -1}],
    "Adamax": [{"lr": -1}, {"betas": (2, 1)}, {"eps": -1}, {"weight_decay": -1}],
    "NAdam": [{"lr": -1}, {"momentum_decay": -1}, {"eps": -1}, {"betas": (1.0, 0.0)}, {"weight_decay": -1}],
    "RAdam": [{"lr": -1}, {"betas": (0.9, 1)}, {"eps": -1}, {"weight_decay": -1}],
    "ASGD": [{"lr": -1}, {"weight_decay": -1}],
    "Rprop": [{"lr": -1}, {"etas": (1, 2)}, {"etas": (1.0, 0.5)}],
    "Adafactor": [
        {"lr": -1},
        {"beta2_decay": 1},
        {"eps": (-1, 1)},
        {"eps": (None, -1)},
        {"d": 0.5},
        {"weight_decay": -1},
    ],
}


@pytest.mark.parametrize("name, options", [(n, o) for n, each in RANGES.items() for o in each], ids=str)
def test_options_out_of_range_raise_the_errors_of_torch(name, options):
    with pytest.raises(Exception) as theirs:
        make(torch, name, Problem(torch).params, **options)
    with pytest.raises(type(theirs.value)) as mine:
        make(minigrad, name, Problem(minigrad).params, **options)
    assert str(mine.value) == str(theirs.value)


@pytest.mark.parametrize("name", [n for n in OPTIONS if n != "Adafactor"])
def test_a_differentiable_step_is_refused_in_words(name):
    with pytest.raises(NotImplementedError, match="outside the graph"):
        make(minigrad, name, Problem(minigrad).params, differentiable=True)


@pytest.mark.parametrize("name", [n for n in OPTIONS if n not in ("SGD", "Adagrad", "Adafactor")])
def test_a_capturable_step_is_refused_in_words(name):
    with pytest.raises(NotImplementedError, match="CUDA graph"):
        make(minigrad, name, Problem(minigrad).params, capturable=True)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_tensor_as_learning_rate_is_read_at_every_step(name):
    def run(lib):
        problem = Problem(lib)
        rate = lib.tensor(0.1)
        optimizer = make(lib, name, problem.params, lr=rate)
        for _ in range(3):
            problem.backward()
            optimizer.step()
            with lib.no_grad():
                rate.mul_(0.5)
        return problem.values()

    np.testing.assert_allclose(run(minigrad), run(torch), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("options", [{"lr": 0.1}, {"lr": 0.1, "momentum": 0.9}])
def test_saved_values_notice_that_a_step_changed_them(options):
    w = minigrad.tensor([1.0, 2.0], requires_grad=True)
    loss = (w * w).sum()
    w.grad = minigrad.ones(2)
    optim.SGD([w], **options).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_complex_parameters_move_as_pairs_of_reals(name):
    def run(lib):
        w = lib.tensor([1 + 2j, -3 + 0.5j], requires_grad=True)
        optimizer = make(lib, name, [w], lr=0.1)
        for _ in range(5):
            now = w.detach().numpy()
            w.grad = lib.tensor((2 * now.real + 6j * now.imag).tolist())
            optimizer.step()
        return w.detach().numpy()

    np.testing.assert_allclose(run(minigrad), run(torch), rtol=1e-5)


@pytest.mark.parametrize("name", OPTIONS)
def test_parameters_that_are_not_contiguous_move_too(name):
    def run(lib):
        base = lib.arange(12.0).reshape(3, 4)
        w = base.t()[::2].detach().requires_grad_()
        w.grad = lib.ones_like(w) * lib.arange(3.0)
        make(lib, name, [w], lr=0.1).step()
        return base.detach().numpy()

    np.testing.assert_allclose(run(minigrad), run(torch), rtol=1e-6)
