"""Pooling: equal to reducing every window, and to PyTorch in two orders of derivatives; refusals in words."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_agrees, assert_both_raise, assert_same, to_second_order


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def windows(x, k, stride):
    """(N, C, O1, O2, k * k): every window of an image, by slicing."""
    o1, o2 = ((n - k) // stride + 1 for n in x.shape[2:])
    pieces = [
        x[:, :, i : i + stride * (o1 - 1) + 1 : stride, j : j + stride * (o2 - 1) + 1 : stride]
        for i, j in itertools.product(range(k), repeat=2)
    ]
    return minigrad.stack(pieces, -1)


@settings(max_examples=25, deadline=None)
@given(k=st.integers(1, 3), stride=st.integers(1, 3), which=st.sampled_from(["max", "mean"]))
def test_pools_reduce_every_window(k, stride, which):
    def results(pool):
        x = minigrad.tensor(numbers(2, 2, 6, 5), requires_grad=True)
        y = pool(x)
        return [t.detach().numpy() for t in (y, *minigrad.autograd.grad(y, x, minigrad.tensor(numbers(*y.shape, seed=1))))]

    if which == "max":
        fused, composed = results(lambda x: F.max_pool2d(x, k, stride)), results(lambda x: windows(x, k, stride).max(-1).values)
    else:
        fused, composed = results(lambda x: F.avg_pool2d(x, k, stride)), results(lambda x: windows(x, k, stride).mean(-1))
    for a, b in zip(fused, composed):
        np.testing.assert_allclose(a, b, 1e-12, 1e-12)


CASES = {
    "max 1d": ("max_pool1d", (2, 3, 7), (3,), dict(stride=2, padding=1)),
    "max 1d, one example": ("max_pool1d", (3, 7), (2,), {}),
    "max 2d, dilated, ceil": ("max_pool2d", (1, 2, 7, 6), (2,), dict(stride=2, dilation=2, ceil_mode=True)),
    "max 2d, one example": ("max_pool2d", (2, 5, 5), ((2, 3),), {}),
    "max 3d": ("max_pool3d", (1, 2, 4, 4, 4), (2,), {}),
    "avg 1d": ("avg_pool1d", (2, 3, 7), (3,), dict(stride=2, padding=1, count_include_pad=False)),
    "avg 2d, ceil": ("avg_pool2d", (1, 2, 6, 5), (2,), dict(ceil_mode=True, padding=1)),
    "avg 2d, another divisor": ("avg_pool2d", (2, 5, 5), (2,), dict(divisor_override=3)),
    "avg 3d": ("avg_pool3d", (1, 2, 3, 4, 3), (2,), dict(padding=1)),
    "adaptive avg 1d": ("adaptive_avg_pool1d", (2, 3, 7), (3,), {}),
    "adaptive avg 2d, one size kept": ("adaptive_avg_pool2d", (1, 2, 5, 6), ((3, None),), {}),
    "adaptive avg 2d, global": ("adaptive_avg_pool2d", (2, 5, 6), (1,), {}),
    "adaptive avg 3d": ("adaptive_avg_pool3d", (1, 2, 3, 4, 3), (2,), {}),
    "adaptive max 1d": ("adaptive_max_pool1d", (2, 3, 7), (3,), {}),
    "adaptive max 2d": ("adaptive_max_pool2d", (1, 2, 5, 6), ((3, None),), {}),
    "adaptive max 3d": ("adaptive_max_pool3d", (2, 3, 4, 3), (2,), {}),
    "power mean 1d": ("lp_pool1d", (2, 3, 6), (2, 2), {}),
    "power mean 2d": ("lp_pool2d", (1, 2, 4, 5), (3, 2), dict(stride=1)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_values_and_two_orders_of_derivatives_are_pytorchs(name):
    function, shape, args, how = CASES[name]
    x = abs(numbers(*shape)) + 0.1
    assert_same(lambda T: to_second_order(T, lambda x: getattr(T.nn.functional, function)(x * x, *args, **how), x), 1e-7, 1e-9)


@pytest.mark.parametrize("name", ["max_pool1d", "max_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d"])
def test_places_are_those_of_pytorch_also_for_ties_and_nan(name):
    x = np.round(numbers(2, 3, 6) if "1d" in name else numbers(2, 3, 6, 6))
    x[0, 0, ..., 2] = np.nan
    assert_agrees(lambda T: getattr(T.nn.functional, name)(T.tensor(x), 2, return_indices=True))


@settings(max_examples=15, deadline=None)
@given(k=st.integers(1, 3), seed=st.integers(0, 99))
def test_unpooling_puts_each_maximum_back(k, seed):
    x = minigrad.tensor(numbers(2, 3, 2 * k, 3 * k, seed=seed))
    y, places = F.max_pool2d(x, k, return_indices=True)
    back = F.max_unpool2d(y, places, k)
    again = F.max_pool2d(back.masked_fill(back == 0, float("-inf")), k)
    assert back.shape == x.shape
    assert again.tolist() == y.tolist()
    assert ((back == x) | (back == 0)).all()


@pytest.mark.parametrize("d", [1, 2, 3])
def test_unpooling_to_second_order(d):
    x = numbers(1, 2, *(4,) * d)

    def program(T):
        _, places = getattr(T.nn.functional, f"max_pool{d}d")(T.tensor(x), 2, return_indices=True)
        unpool = getattr(T.nn.functional, f"max_unpool{d}d")
        return to_second_order(T, lambda y: unpool(y * y, places, 2, output_size=[5] * d), numbers(*places.shape))

    assert_same(program, 1e-7, 1e-9)


@pytest.mark.parametrize("shape", [(0, 2, 4, 4), (1, 2, 4, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64"])
def test_dtypes_and_empty_batches(shape, dtype):
    x = (numbers(*shape) * 9).astype(dtype)
    for name in ("max_pool2d", "avg_pool2d"):
        assert_agrees(lambda T, name=name: getattr(T.nn.functional, name)(T.tensor(x), 2), rtol=1e-3, atol=1e-3)


def test_places_changed_before_backward_are_refused():
    def program(T):
        y, places = T.nn.functional.max_pool1d(T.ones(1, 1, 4, requires_grad=True), 2, return_indices=True)
        places.zero_()
        y.sum().backward()

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        program(minigrad)


def test_no_places_are_looked_for_when_nobody_needs_them():
    y = F.max_pool2d(minigrad.ones(1, 1, 4, 4), 2)
    assert y.grad_fn is None
    assert F.max_pool2d(minigrad.ones(1, 1, 4, 4, requires_grad=True), 2).grad_fn.name() == "MaxPool2DWithIndicesBackward0"


REFUSED = {
    "at most half": lambda T: T.nn.functional.max_pool2d(T.ones(1, 1, 4, 4), 2, padding=2),
    "Output size is too small": lambda T: T.nn.functional.max_pool2d(T.ones(1, 1, 4, 4), 5),
    "stride should": lambda T: T.nn.functional.max_pool2d(T.ones(1, 1, 4, 4), 2, stride=0),
    "dilation should": lambda T: T.nn.functional.max_pool2d(T.ones(1, 1, 4, 4), 2, dilation=0),
    "pad should|non-negative": lambda T: T.nn.functional.max_pool2d(T.ones(1, 1, 4, 4), 2, padding=-1),
    "max_pool2d": lambda T: T.nn.functional.max_pool2d(T.ones(1, 4), 2),
    "a tuple of 2 ints": lambda T: T.nn.functional.max_pool2d(T.ones(1, 1, 4, 4), (2, 2, 2)),
    "divisor must be not zero": lambda T: T.nn.functional.avg_pool2d(T.ones(1, 1, 4, 4), 2, divisor_override=0),
    "greater than or equal to 0": lambda T: T.nn.functional.adaptive_avg_pool2d(T.ones(1, 4, 4), (-1, 2)),
    "at least 4": lambda T: T.nn.functional.adaptive_avg_pool2d(T.ones(1, 4, 4), (2, 2, 2)),
    "not implemented for": lambda T: T.nn.functional.adaptive_avg_pool2d(T.ones(1, 4, 4, dtype=T.int64), 2),
    "invalid max index: 99": lambda T: T.nn.functional.max_unpool2d(T.ones(1, 2, 2), T.full((1, 2, 2), 99), 2),
    "same as that of the input": lambda T: T.nn.functional.max_unpool2d(T.ones(1, 2, 2), T.full((1, 2, 3), 0), 2),
    "invalid output_size": lambda T: T.nn.functional.max_unpool2d(T.ones(1, 2, 2), T.full((1, 2, 2), 0), 2, output_size=(9, 9)),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_fit_is_refused_as_by_pytorch(words):
    assert_both_raise(REFUSED[words], words)


# ------------------------------------------------------------------------------------------------ fractional pooling


@pytest.mark.parametrize("seeded", [True, False])
@pytest.mark.parametrize(
    "d, how",
    [(2, dict(output_ratio=(0.6, 0.6))), (2, dict(output_size=(4, 3))), (3, dict(output_size=2)), (3, dict(output_ratio=(0.5, 0.7, 0.6)))],
)
def test_fractional_pools_start_where_pytorchs_do(d, how, seeded):
    x = numbers(2, 3, *(7, 6, 5)[:d])
    samples = np.random.default_rng(1).random((2, 3, d))

    def program(T):
        T.manual_seed(7)
        leaf = T.tensor(x, requires_grad=True)
        given_ = {} if seeded else dict(_random_samples=T.tensor(samples))
        y, places = getattr(T.nn.functional, f"fractional_max_pool{d}d")(leaf, 2, return_indices=True, **how, **given_)
        return y, places, T.autograd.grad((y * y).sum(), leaf)

    assert_same(program)


def test_fractional_pools_refuse_what_pytorch_refuses():
    assert_both_raise(
        lambda T: T.nn.functional.fractional_max_pool2d(T.ones(1, 1, 4, 4), 2), "either an output_size or an output_ratio"
    )
    assert_both_raise(lambda T: T.nn.functional.fractional_max_pool2d(T.ones(1, 1, 4, 4), 3, 3), "too large relative to input")
