"""The normalisations: equal to the formula, to each other where they coincide, and to PyTorch to second order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_both_raise, assert_same, to_second_order


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def standardized(x, axes, eps=1e-5):
    c = x - x.mean(axes, keepdim=True)
    return c / ((c * c).mean(axes, keepdim=True) + eps).sqrt()


def value_and_gradients(function, *inputs):
    leaves = [minigrad.tensor(x, requires_grad=True) for x in inputs]
    y = function(*leaves)
    g = minigrad.tensor(numbers(*y.shape, seed=9))
    return [t.detach().numpy() for t in (y, *minigrad.autograd.grad(y, leaves, g))]


@settings(max_examples=25, deadline=None)
@given(
    shape=st.lists(st.integers(2, 4), min_size=2, max_size=4).map(tuple),
    which=st.sampled_from(["layer", "batch", "instance", "rms"]),
)
def test_each_is_the_formula_it_stands_for_values_and_gradients(shape, which):
    if which == "instance" and len(shape) < 3:
        shape = (*shape, 3)
    per_channel = (-1, *(1,) * (len(shape) - 2))
    C = shape[-1] if which in ("layer", "rms") else shape[1]
    inputs = numbers(*shape), numbers(C, seed=1), numbers(C, seed=2)
    if which == "layer":
        fused = value_and_gradients(lambda x, w, b: F.layer_norm(x, (C,), w, b), *inputs)
        composed = value_and_gradients(lambda x, w, b: standardized(x, -1) * w + b, *inputs)
    elif which == "rms":
        fused = value_and_gradients(lambda x, w: F.rms_norm(x, (C,), w, 1e-3), *inputs[:2])
        composed = value_and_gradients(lambda x, w: x / ((x * x).mean(-1, keepdim=True) + 1e-3).sqrt() * w, *inputs[:2])
    else:
        axes = (0, *range(2, len(shape))) if which == "batch" else tuple(range(2, len(shape)))
        norm = (
            (lambda x, w, b: F.batch_norm(x, None, None, w, b, True))
            if which == "batch"
            else (lambda x, w, b: F.instance_norm(x, None, None, w, b))
        )
        fused = value_and_gradients(norm, *inputs)
        composed = value_and_gradients(
            lambda x, w, b: standardized(x, axes) * w.reshape(per_channel) + b.reshape(per_channel), *inputs
        )
    for a, b in zip(fused, composed):
        np.testing.assert_allclose(a, b, 1e-8, 1e-9)


CASES = {
    "layer norm": lambda T, x, w, b: T.nn.functional.layer_norm(x, (4,), w, b),
    "layer norm over two dimensions": lambda T, x, w, b: T.nn.functional.layer_norm(x, (3, 4)),
    "layer norm without bias": lambda T, x, w, b: T.nn.functional.layer_norm(x, (4,), w),
    "rms norm": lambda T, x, w, b: T.nn.functional.rms_norm(x, (4,), w, 1e-2),
    "rms norm, its own eps": lambda T, x, w, b: T.nn.functional.rms_norm(x, (3, 4)),
    "batch norm": lambda T, x, w, b: T.nn.functional.batch_norm(x.transpose(1, 2), None, None, w, b, True),
    "batch norm without parameters": lambda T, x, w, b: T.nn.functional.batch_norm(x, None, None, training=True),
    "batch norm in evaluation": lambda T, x, w, b: T.nn.functional.batch_norm(x.transpose(1, 2), w.detach(), (b * b).detach() + 1, w, b),
    "instance norm": lambda T, x, w, b: T.nn.functional.instance_norm(x.transpose(1, 2), None, None, w, b),
    "instance norm in evaluation": lambda T, x, w, b: T.nn.functional.instance_norm(
        x.transpose(1, 2), w.detach(), (b * b).detach() + 1, w, b, use_input_stats=False
    ),
    "group norm": lambda T, x, w, b: T.nn.functional.group_norm(x.transpose(1, 2), 2, w, b),
    "group norm, one group": lambda T, x, w, b: T.nn.functional.group_norm(x.transpose(1, 2), 1, w, b, 0.1),
    "local response norm": lambda T, x, w, b: T.nn.functional.local_response_norm(x, 2, 0.5),
    "normalize": lambda T, x, w, b: T.nn.functional.normalize(x, dim=-1),
    "normalize, another norm": lambda T, x, w, b: T.nn.functional.normalize(x, 3.0, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values_and_two_orders_of_derivatives_are_pytorchs(name):
    inputs = numbers(2, 3, 4), numbers(4, seed=1), numbers(4, seed=2)

    def program(T):
        def function(x, w, b):
            return CASES[name](T, x, w, b) + 0 * (w.sum() + b.sum())  # every input takes part in every case

        return to_second_order(T, function, *inputs)

    assert_same(program, 1e-6, 1e-8)


@pytest.mark.parametrize("recorded", [False, True])
def test_a_bias_without_a_weight(recorded):  # where PyTorch has no second derivative to compare with
    def program(function):
        x, b = (minigrad.tensor(numbers(2, 3, 4, seed=s)[: 2 if s == 0 else 1], requires_grad=True) for s in (0, 1))
        first = minigrad.autograd.grad((function(x, b[0]) ** 3).sum(), (x, b), create_graph=recorded)
        second = minigrad.autograd.grad((first[0] ** 2).sum(), (x, b)) if recorded else ()
        return [t.detach().numpy() for t in (*first, *second)]

    fused = program(lambda x, b: F.layer_norm(x, (3, 4), None, b))
    composed = program(lambda x, b: standardized(x, (1, 2)) + b)
    for got, expected in zip(fused, composed):
        np.testing.assert_allclose(got, expected, 1e-7, 1e-9)


@pytest.mark.parametrize("momentum", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("norm", ["batch_norm", "instance_norm"])
def test_running_statistics_move_as_in_pytorch(norm, momentum):
    def program(T):
        mean, var = T.zeros(3, dtype=T.float64), T.ones(3, dtype=T.float64)
        for seed in range(3):
            x = T.tensor(numbers(4, 3, 5, seed=seed))
            getattr(T.nn.functional, norm)(x, mean, var, None, None, True, momentum)
        return mean, var

    assert_same(program)


def test_evaluation_leaves_running_statistics_alone():
    mean, var = minigrad.zeros(3), minigrad.ones(3)
    F.batch_norm(minigrad.ones(2, 3), mean, var)
    assert (mean.tolist(), var.tolist(), mean._version) == ([0.0] * 3, [1.0] * 3, 0)


def test_a_walk_through_statistics_that_moved_since_is_refused():
    mean, var = minigrad.zeros(3), minigrad.ones(3)
    y = F.batch_norm(minigrad.ones(2, 3, requires_grad=True), mean, var)
    F.batch_norm(minigrad.ones(2, 3), mean, var, training=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@settings(max_examples=20, deadline=None)
@given(C=st.sampled_from([2, 4, 6]), N=st.integers(1, 3), S=st.integers(2, 4))
def test_group_norm_is_layer_norm_for_one_group_and_instance_norm_for_C(C, N, S):
    x = minigrad.tensor(numbers(N, C, S))
    np.testing.assert_allclose(F.group_norm(x, 1).numpy(), F.layer_norm(x, (C, S)).numpy(), 1e-9, 1e-12)
    np.testing.assert_allclose(F.group_norm(x, C).numpy(), F.instance_norm(x).numpy(), 1e-9, 1e-12)


def test_a_large_mean_does_not_swallow_the_differences():
    x = (numbers(64, 32) + 1e4).astype("float32")
    got = F.layer_norm(minigrad.tensor(x), (32,)).numpy()
    exact = x.astype("float64")
    exact = (exact - exact.mean(1, keepdims=True)) / np.sqrt(exact.var(1, keepdims=True) + 1e-5)
    assert abs(got - exact).max() < 5e-3


@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-4), ("float16", 4e-3)])
def test_narrow_floats_are_summed_in_wide_ones(dtype, rtol):
    x, w, b = numbers(3, 5, 6).astype(dtype), numbers(6, seed=1).astype(dtype), numbers(6, seed=2).astype(dtype)

    def program(T):
        leaf = T.tensor(x, requires_grad=True)
        y = T.nn.functional.layer_norm(leaf, (6,), T.tensor(w), T.tensor(b))
        y.sum().backward()
        return y, leaf.grad

    assert_same(program, rtol, rtol)


@pytest.mark.parametrize("where", ["rows", "transposed", "channels last"])
def test_the_layout_in_memory_does_not_matter(where):
    x = numbers(2, 3, 4, 5)
    seen = {
        "rows": x,
        "transposed": np.asfortranarray(x),
        "channels last": np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),
    }[where]
    got = value_and_gradients(lambda x: F.batch_norm(x, None, None, training=True), seen)
    for a, b in zip(got, value_and_gradients(lambda x: F.batch_norm(x, None, None, training=True), x)):
        np.testing.assert_allclose(a, b, 1e-9, 1e-11)


def test_empty_batches_give_empty_results():
    assert_same(
        lambda T: [T.nn.functional.layer_norm(T.ones(0, 3), (3,)), T.nn.functional.batch_norm(T.ones(0, 3), T.zeros(3), T.ones(3))]
    )


REFUSED = {
    "more than 1 value per channel": lambda T: T.nn.functional.batch_norm(T.ones(1, 3), T.zeros(3), T.ones(3), training=True),
    "eps must be positive": lambda T: T.nn.functional.batch_norm(T.ones(2, 3), None, None, training=True, eps=0.0),
    "must be defined in evaluation mode": lambda T: T.nn.functional.batch_norm(T.ones(2, 3), None, None),
    "running_mean should contain 3 elements not 4": lambda T: T.nn.functional.batch_norm(T.ones(2, 3), T.zeros(4), T.ones(4)),
    "weight should contain 3 elements not 4": lambda T: T.nn.functional.batch_norm(T.ones(2, 3), T.zeros(3), T.ones(3), T.ones(4)),
    "mixed dtype": lambda T: T.nn.functional.batch_norm(T.ones(2, 3), T.zeros(3), T.ones(3), T.ones(3, dtype=T.float64)),
    "not differentiable with respect to argument 'running_mean'": lambda T: T.nn.functional.batch_norm(
        T.ones(2, 3), T.zeros(3, requires_grad=True), T.ones(3)
    ),
    "expected input with shape \\[\\*, 2\\]": lambda T: T.nn.functional.layer_norm(T.ones(2, 3), (2,)),
    "tuple of ints": lambda T: T.nn.functional.layer_norm(T.ones(2, 3), 3),
    "at least 1-dimensional": lambda T: T.nn.functional.layer_norm(T.ones(2, 3), []),
    "weight of shape \\[4\\]": lambda T: T.nn.functional.layer_norm(T.ones(2, 3), (3,), T.ones(4)),
    "not implemented for": lambda T: T.nn.functional.layer_norm(T.ones(2, 3, dtype=T.int64), (3,)),
    "divisible by num_groups": lambda T: T.nn.functional.group_norm(T.ones(2, 4), 3),
    "at least 2 dimensions": lambda T: T.nn.functional.group_norm(T.ones(4), 2),
    "number of channels in input": lambda T: T.nn.functional.group_norm(T.ones(2, 4), 2, T.ones(3)),
    "more than 1 spatial element": lambda T: T.nn.functional.instance_norm(T.ones(2, 3, 1)),
    "to be defined when use_input_stats is false": lambda T: T.nn.functional.instance_norm(T.ones(2, 3, 4), use_input_stats=False),
    "Expected 3D or higher": lambda T: T.nn.functional.local_response_norm(T.ones(2, 3), 2),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_fit_is_refused_as_by_pytorch(words):
    assert_both_raise(REFUSED[words], words)
