"""Convolution: equal to its definition and to PyTorch, in every order of derivative; refusals in words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_agrees, assert_both_raise, assert_same, to_second_order


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def by_definition(x, w, stride, padding, dilation):
    """Every output as the sum it is: windows by slicing, in tensor operations."""
    x = F.pad(x, (padding, padding, padding, padding))
    kh, kw = w.shape[2:]
    out = [(n - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(x.shape[2:], (kh, kw))]
    total = 0
    for i in range(kh):
        for j in range(kw):
            rows = slice(i * dilation, i * dilation + stride * (out[0] - 1) + 1, stride)
            columns = slice(j * dilation, j * dilation + stride * (out[1] - 1) + 1, stride)
            total = total + minigrad.einsum("nchw,kc->nkhw", x[:, :, rows, columns], w[:, :, i, j])
    return total


@settings(max_examples=25, deadline=None)
@given(stride=st.integers(1, 3), padding=st.integers(0, 2), dilation=st.integers(1, 2), k=st.integers(1, 3))
def test_conv2d_and_its_gradients_are_the_sum_that_defines_it(stride, padding, dilation, k):
    def results(convolve):
        x = minigrad.tensor(numbers(2, 3, 7, 6), requires_grad=True)
        w = minigrad.tensor(numbers(4, 3, k, k, seed=1), requires_grad=True)
        y = convolve(x, w)
        g = minigrad.tensor(numbers(*y.shape, seed=2))
        return [t.detach().numpy() for t in (y, *minigrad.autograd.grad(y, (x, w), g))]

    fused = results(lambda x, w: F.conv2d(x, w, None, stride, padding, dilation))
    composed = results(lambda x, w: by_definition(x, w, stride, padding, dilation))
    for a, b in zip(fused, composed):
        np.testing.assert_allclose(a, b, 1e-10, 1e-10)


SECOND_ORDER = {
    "1d, strided, dilated, in groups": ("conv1d", (2, 4, 9), (6, 2, 3), dict(stride=2, padding=1, dilation=2, groups=2)),
    "2d, asymmetric": ("conv2d", (1, 2, 5, 6), (3, 2, 3, 2), dict(stride=(1, 2), padding=(1, 0))),
    "2d, same padding with an even kernel": ("conv2d", (1, 1, 4, 5), (1, 1, 2, 4), dict(padding="same")),
    "2d, depthwise": ("conv2d", (1, 3, 4, 4), (3, 1, 3, 3), dict(groups=3)),
    "2d, one example": ("conv2d", (2, 4, 4), (3, 2, 2, 2), {}),
    "3d": ("conv3d", (1, 2, 3, 4, 3), (2, 2, 2, 2, 2), dict(padding=1, stride=2)),
    "transposed 1d": ("conv_transpose1d", (2, 3, 4), (3, 2, 3), dict(stride=2, padding=1, output_padding=1)),
    "transposed 2d, in groups": ("conv_transpose2d", (1, 4, 3, 3), (4, 2, 2, 3), dict(stride=2, groups=2)),
    "transposed 2d, dilated output padding": ("conv_transpose2d", (1, 2, 3, 3), (2, 2, 2, 2), dict(dilation=2, output_padding=1)),
    "transposed 2d, one example": ("conv_transpose2d", (2, 3, 3), (2, 3, 2, 2), dict(padding=1)),
    "transposed 3d": ("conv_transpose3d", (1, 2, 2, 2, 2), (2, 1, 2, 2, 2), dict(stride=2)),
}  # fmt: skip


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_values_and_two_orders_of_derivatives_are_pytorchs(name):
    function, x, w, settings_ = SECOND_ORDER[name]
    outputs = w[1] * settings_.get("groups", 1) if "transpose" in function else w[0]
    inputs = numbers(*x), numbers(*w, seed=1), numbers(outputs, seed=2)
    assert_same(
        lambda T: to_second_order(T, lambda x, w, b: getattr(T.nn.functional, function)(x, w, b, **settings_), *inputs), 1e-7, 1e-9
    )


@pytest.mark.parametrize("shape", [(0, 2, 5), (1, 2, 5)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64"])
def test_dtypes_and_empty_batches(shape, dtype):
    x = (numbers(*shape) * 3).astype(dtype)
    w = (numbers(3, 2, 2) * 3).astype(dtype)
    assert_agrees(lambda T: T.nn.functional.conv1d(T.tensor(x), T.tensor(w)), rtol=1e-3, atol=1e-3)


def test_conv_of_channels_last_memory_is_the_same():
    x, w = numbers(2, 6, 6, 3).transpose(0, 3, 1, 2), numbers(4, 3, 3, 3)
    fused = F.conv2d(minigrad.tensor(x), minigrad.tensor(w))
    straight = F.conv2d(minigrad.tensor(np.ascontiguousarray(x)), minigrad.tensor(w))
    np.testing.assert_allclose(fused.numpy(), straight.numpy(), 1e-10, 1e-12)


def test_grad_fn_is_called_convolution_both_ways():
    x, w = minigrad.ones(1, 1, 3, requires_grad=True), minigrad.ones(1, 1, 2)
    assert F.conv1d(x, w).grad_fn.name() == F.conv_transpose1d(x, w).grad_fn.name() == "ConvolutionBackward0"


def test_a_gradient_nobody_wants_is_not_computed():
    x, w = minigrad.ones(1, 1, 4), minigrad.ones(1, 1, 2, requires_grad=True)
    assert F.conv1d(x, w).grad_fn.needs_input_grad == (False, True, False, False)


REFUSED = {
    "expected input\\[1, 1, 28, 28\\] to have 3 channels, but got 1 channels instead": lambda T, c: c(T.ones(1, 1, 28, 28), T.ones(6, 3, 5, 5)),
    "Kernel size can't be greater than actual input size": lambda T, c: c(T.ones(1, 3, 4, 4), T.ones(6, 3, 5, 5)),
    "expected bias to be 1-dimensional with 6 elements": lambda T, c: c(T.ones(1, 3, 8, 8), T.ones(6, 3, 5, 5), T.ones(5)),
    "3D \\(unbatched\\) or 4D \\(batched\\) input to conv2d": lambda T, c: c(T.ones(3, 4), T.ones(6, 3, 5, 5)),
    "non-positive stride": lambda T, c: c(T.ones(1, 3, 8, 8), T.ones(6, 3, 5, 5), stride=0),
    "negative padding": lambda T, c: c(T.ones(1, 3, 8, 8), T.ones(6, 3, 5, 5), padding=-1),
    "not supported for strided": lambda T, c: c(T.ones(1, 3, 8, 8), T.ones(6, 3, 5, 5), padding="same", stride=2),
    "Invalid padding string": lambda T, c: c(T.ones(1, 3, 8, 8), T.ones(6, 3, 5, 5), padding="mirror"),
    "divisible by 2": lambda T, c: c(T.ones(1, 4, 8, 8), T.ones(5, 2, 5, 5), groups=2),
    "non-positive groups": lambda T, c: c(T.ones(1, 4, 8, 8), T.ones(5, 2, 5, 5), groups=0),
    "a list of 2 values": lambda T, c: c(T.ones(1, 4, 8, 8), T.ones(5, 4, 5, 5), stride=(1, 2, 3)),
    "bias|weight|type": lambda T, c: c(T.ones(1, 3, 8, 8), T.ones(6, 3, 5, 5, dtype=T.float64)),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_conv2d_refuses_what_does_not_fit_as_pytorch_does(words):
    assert_both_raise(lambda T: REFUSED[words](T, T.nn.functional.conv2d), words)


def test_conv_transpose_refuses_as_pytorch_does():
    def call(**settings):
        return lambda T: T.nn.functional.conv_transpose1d(T.ones(1, 3, 4), T.ones(3, 2, 3), **settings)

    assert_both_raise(call(output_padding=1), "output padding must be smaller than either stride or dilation")
    assert_both_raise(call(padding="same"), "must be tuple of ints")
    assert_both_raise(call(padding=4), "Output size is too small")
    assert_both_raise(call(stride=0), "non-positive stride")


# ------------------------------------------------------------------------------------------------ unfold and fold


@settings(max_examples=20, deadline=None)
@given(stride=st.integers(1, 3), padding=st.integers(0, 1), dilation=st.integers(1, 2))
def test_fold_is_the_transpose_of_unfold(stride, padding, dilation):
    how = dict(dilation=dilation, padding=padding, stride=stride)
    x = minigrad.tensor(numbers(2, 3, 6, 5))
    columns = F.unfold(x, 2, **how)
    y = minigrad.tensor(numbers(*columns.shape, seed=1))
    folded = F.fold(y, (6, 5), 2, **how)
    assert (columns * y).sum().item() == pytest.approx((x * folded).sum().item())


def test_a_convolution_is_a_product_with_unfolded_windows():
    x, w = minigrad.tensor(numbers(2, 3, 6, 6)), minigrad.tensor(numbers(4, 3, 3, 3))
    product = (w.reshape(4, -1) @ F.unfold(x, 3)).reshape(2, 4, 4, 4)
    np.testing.assert_allclose(F.conv2d(x, w).numpy(), product.numpy(), 1e-10)


@pytest.mark.parametrize("shape", [(2, 3, 5, 5), (3, 5, 5)])
def test_unfold_and_fold_to_second_order(shape):
    assert_same(lambda T: to_second_order(T, lambda x: T.nn.functional.unfold(x * x, 3, 1, 1, 2), numbers(*shape)), 1e-7, 1e-9)
    columns = numbers(*shape[:-3], 12, 9)
    assert_same(lambda T: to_second_order(T, lambda x: T.nn.functional.fold(x * x, (4, 4), 2), columns), 1e-7, 1e-9)


def test_fold_refuses_columns_that_do_not_fit():
    assert_both_raise(lambda T: T.nn.functional.fold(T.ones(1, 11, 9), (4, 4), 2), "divisible by the product of kernel_size")
    assert_both_raise(lambda T: T.nn.functional.fold(T.ones(1, 12, 8), (4, 4), 2), "= 9, but got input.size\\(2\\)=8")
    assert_both_raise(lambda T: T.nn.functional.unfold(T.ones(1, 3, 4, 4), 5), "components must be at least one")
