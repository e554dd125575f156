"""Pooling agrees with PyTorch: values, the places of maxima (ties and NaN included), means at the borders, gradients."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minigrad.kernels import pooling
from minigrad.kernels._windows import channels_last as lies_channels_last

from .both_libraries import assert_close, both_libraries, channels_last, home, send

torch = pytest.importorskip("torch")
F = torch.nn.functional
MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
MEAN = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
ADAPTIVE_MAX = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}
ADAPTIVE_MEAN = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}
rng = numpy.random.default_rng(0)


@st.composite
def windows(draw: Any, dilated: bool) -> dict[str, Any]:
    """A pooling that fits: the spatial size and the arguments."""
    d = draw(st.integers(1, 3))
    per_axis = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(d))  # noqa: E731
    kernel, dilation = per_axis(1, 4), per_axis(1, 3) if dilated else (1,) * d
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    reach = [r * (k - 1) + 1 for k, r in zip(kernel, dilation)]
    size = tuple(draw(st.integers(max(1, n - 2 * p), n + 5)) for n, p in zip(reach, padding))
    arguments = {"stride": per_axis(1, 4), "padding": padding, "ceil_mode": draw(st.booleans())}
    if dilated:
        arguments["dilation"] = dilation
    return {"size": size, "kernel": kernel, "arguments": arguments, "last": draw(st.booleans())}


def every_window_meets_an_input(window: dict[str, Any]) -> bool:
    """Dilated taps can straddle a small input; PyTorch then names a place outside of it, and we do not imitate that."""
    dilation = window["arguments"].get("dilation", (1,) * len(window["size"]))
    padding, stride = window["arguments"]["padding"], window["arguments"]["stride"]
    out = pooling.pool_output_size(window["size"], window["kernel"], stride, padding, dilation, window["arguments"]["ceil_mode"])
    return all(
        any(0 <= o * s - p + i * r < n for i in range(k))
        for n, k, s, p, r, outs in zip(window["size"], window["kernel"], stride, padding, dilation, out)
        for o in range(outs)
    )


@both_libraries
@given(window=windows(dilated=True), levels=st.sampled_from([2, 1000]), nans=st.booleans())
@settings(max_examples=200, deadline=None)
def test_max_pooling_agrees_with_pytorch_also_in_the_places_of_ties_and_nans(library, window, levels, nans):
    assume(every_window_meets_an_input(window))
    x = rng.integers(0, levels, (2, 3, *window["size"])).astype("float64")
    if nans:
        x[rng.random(x.shape) < 0.2] = numpy.nan
    x[rng.random(x.shape) < 0.1] = -numpy.inf
    tx = torch.tensor(x, requires_grad=True)
    ty, places = MAX[len(window["size"])](tx, window["kernel"], return_indices=True, **window["arguments"])
    g = rng.standard_normal(tuple(ty.shape))
    (gx,) = torch.autograd.grad(ty, tx, torch.tensor(g))

    to, place = send(library), channels_last if window["last"] else numpy.array
    laid = to(place(x))
    y, indices = pooling.max_pool_forward(laid, window["kernel"], **window["arguments"])
    numpy.testing.assert_array_equal(home(y), ty.detach().numpy())
    numpy.testing.assert_array_equal(home(indices), places.numpy())
    numpy.testing.assert_array_equal(home(pooling.max_pool(laid, window["kernel"], **window["arguments"])), home(y))
    assert_close(pooling.max_pool_backward(to(place(g)), indices, x.shape), gx.numpy())
    numpy.testing.assert_array_equal(home(pooling.max_pool_gather(laid, indices)), home(y))


@both_libraries
def test_a_window_that_meets_no_input_gives_minus_infinity(library):
    window = 2, 1, 1, 3  # at -1 and at 2, of an input with places 0 and 1
    y, indices = pooling.max_pool_forward(send(library)(numpy.ones((1, 1, 2))), *window)
    assert home(y).tolist() == F.max_pool1d(torch.ones(1, 1, 2), *window).tolist() == [[[-numpy.inf]]]
    assert 0 <= home(indices).item() < 2  # a place that exists, where PyTorch names one that does not


@both_libraries
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "float32", "float16"])
def test_max_pooling_keeps_its_dtype(library, dtype):
    x = rng.integers(0, 100, (2, 3, 7, 7)).astype(dtype)
    y, indices = pooling.max_pool_forward(send(library)(x), 3, 2, 1)
    expected, places = F.max_pool2d(torch.tensor(x.astype("float64")), 3, 2, 1, return_indices=True)
    assert_close(y, expected.numpy(), 0, dtype)
    assert_close(indices, places.numpy(), 0, "int64")


def test_windows_of_more_than_255_taps_name_the_right_place():
    x = rng.standard_normal((1, 1, 40, 40))
    expected, places = F.max_pool2d(torch.tensor(x), 20, 7, return_indices=True)
    y, indices = pooling.max_pool_forward(x, 20, 7)
    numpy.testing.assert_array_equal(y, expected.numpy())
    numpy.testing.assert_array_equal(indices, places.numpy())


@both_libraries
@given(
    window=windows(dilated=False), count_include_pad=st.booleans(), divisor=st.sampled_from([None, 3]), nans=st.booleans()
)
@settings(max_examples=150, deadline=None)
def test_mean_pooling_and_its_gradient_agree_with_pytorch(library, window, count_include_pad, divisor, nans):
    d = len(window["size"])
    assume(d < 3 or all(n >= k for n, k in zip(window["size"], window["kernel"])))  # PyTorch refuses these
    arguments = window["arguments"] | {"count_include_pad": count_include_pad}
    if d > 1:
        arguments["divisor_override"] = divisor
    x = rng.standard_normal((2, 3, *window["size"]))
    if nans:
        x[rng.random(x.shape) < 0.1] = numpy.nan
    tx = torch.tensor(x, requires_grad=True)
    ty = MEAN[d](tx, window["kernel"], **arguments)
    g = rng.standard_normal(tuple(ty.shape))
    (gx,) = torch.autograd.grad(ty, tx, torch.tensor(g))
    to, place = send(library), channels_last if window["last"] else numpy.array
    assert_close(pooling.avg_pool_forward(to(place(x)), window["kernel"], **arguments), ty.detach().numpy())
    assert_close(pooling.avg_pool_backward(to(place(g)), x.shape, window["kernel"], **arguments), gx.numpy())


@both_libraries
def test_means_of_integers_are_rounded_towards_zero(library):
    x = rng.integers(-50, 50, (2, 3, 6, 6))
    expected = F.avg_pool2d(torch.tensor(x), 3, 2, 1)
    assert_close(pooling.avg_pool_forward(send(library)(x), 3, 2, 1), expected.numpy())


@both_libraries
@given(size=st.lists(st.integers(1, 12), min_size=1, max_size=3), data=st.data())
@settings(max_examples=100, deadline=None)
def test_adaptive_pooling_and_its_gradients_agree_with_pytorch(library, size, data):
    out = tuple(data.draw(st.integers(1, 8)) for _ in size)
    last = data.draw(st.booleans())
    x = rng.integers(0, 50, (2, 3, *size)).astype("float64")
    tx, to, place = torch.tensor(x, requires_grad=True), send(library), channels_last if last else numpy.array
    laid = to(place(x))

    ty = ADAPTIVE_MEAN[len(size)](tx, out)
    g = rng.standard_normal(tuple(ty.shape))
    (gx,) = torch.autograd.grad(ty, tx, torch.tensor(g))
    assert_close(pooling.adaptive_avg_pool_forward(laid, out), ty.detach().numpy())
    assert_close(pooling.adaptive_avg_pool_backward(to(place(g)), x.shape), gx.numpy())

    ty, places = ADAPTIVE_MAX[len(size)](tx, out, return_indices=True)
    (gx,) = torch.autograd.grad(ty, tx, torch.tensor(g))
    y, indices = pooling.adaptive_max_pool_forward(laid, out)
    numpy.testing.assert_array_equal(home(y), ty.detach().numpy())
    numpy.testing.assert_array_equal(home(indices), places.numpy())
    assert_close(pooling.max_pool_backward(to(place(g)), indices, x.shape), gx.numpy())


def test_an_infinite_input_reaches_only_the_bins_it_lies_in():
    x = numpy.ones((1, 1, 7, 7))
    x[0, 0, 0, 0] = numpy.inf
    expected = F.adaptive_avg_pool2d(torch.tensor(x), (3, 4)).numpy()
    numpy.testing.assert_array_equal(numpy.isfinite(pooling.adaptive_avg_pool_forward(x, (3, 4))), numpy.isfinite(expected))


def test_float16_is_summed_in_float32():
    x = numpy.ones((1, 1, 70, 70), "float16")
    y = pooling.avg_pool_forward(x, 70)
    assert y.dtype == "float16" and y.item() == 1  # sums in float16 would stop at 2048
    assert pooling.adaptive_avg_pool_forward(x, 1).item() == pytest.approx(1)


@pytest.mark.parametrize("place, last", [(numpy.array, False), (channels_last, True)])
def test_results_lie_in_memory_as_their_sources_do(place, last):
    x = place(rng.standard_normal((2, 4, 6, 6)))
    y, indices = pooling.max_pool_forward(x, 2)
    for result in (y, indices, pooling.max_pool_backward(y, indices, x.shape), pooling.avg_pool_forward(x, 2)):
        assert lies_channels_last(result) is last and result.flags.c_contiguous is not last


def test_pooling_does_not_change_or_share_its_input():
    x = rng.standard_normal((1, 2, 4, 4))
    before = x.copy()
    for result in (pooling.max_pool(x, 1), pooling.avg_pool_forward(x, 1), pooling.avg_pool_backward(x, x.shape, 1)):
        result += 1
    numpy.testing.assert_array_equal(x, before)


def test_an_empty_batch_gives_an_empty_result():
    x = numpy.empty((0, 3, 8, 8))
    y, indices = pooling.max_pool_forward(x, 2)
    assert y.shape == indices.shape == (0, 3, 4, 4) == pooling.avg_pool_forward(x, 2).shape
    assert pooling.max_pool_backward(y, indices, x.shape).shape == x.shape
    assert pooling.adaptive_avg_pool_forward(x, 1).shape == (0, 3, 1, 1)


def test_windows_that_do_not_fit_are_refused_in_words():
    x = numpy.ones((1, 1, 3, 3))
    with pytest.raises(RuntimeError, match="Output size is too small"):
        pooling.max_pool(x, 4)
    with pytest.raises(RuntimeError, match="pad should be at most half of effective kernel size"):
        pooling.max_pool(x, 2, padding=2)
    with pytest.raises(RuntimeError, match="stride should be greater than zero"):
        pooling.avg_pool_forward(x, 2, 0)
