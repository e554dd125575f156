"""Convolution, its two gradients, its transpose, unfold and fold agree with PyTorch for every geometry."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minigrad.kernels import _columns
from minigrad.kernels._windows import channels_last as lies_channels_last
from minigrad.kernels.convolution import (
    conv_backward_input,
    conv_backward_weight,
    conv_forward,
    conv_output_size,
    conv_transpose,
    fold,
    unfold,
)

from .both_libraries import assert_close, both_libraries, channels_last, home, send

torch = pytest.importorskip("torch")
CONV = {1: torch.nn.functional.conv1d, 2: torch.nn.functional.conv2d, 3: torch.nn.functional.conv3d}
TRANSPOSED = {
    1: torch.nn.functional.conv_transpose1d,
    2: torch.nn.functional.conv_transpose2d,
    3: torch.nn.functional.conv_transpose3d,
}
rng = numpy.random.default_rng(0)


@st.composite
def geometries(draw: Any) -> dict[str, Any]:
    """A convolution that fits: the shapes of x and w, and its arguments."""
    d = draw(st.integers(1, 3))
    per_axis = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(d))  # noqa: E731
    kernel, stride, padding, dilation = per_axis(1, 4), per_axis(1, 3), per_axis(0, 3), per_axis(1, 3)
    reach = [r * (k - 1) + 1 for k, r in zip(kernel, dilation)]
    size = tuple(draw(st.integers(max(1, n - 2 * p), max(1, n - 2 * p) + 5)) for n, p in zip(reach, padding))
    groups = draw(st.integers(1, 3))
    channels = groups * draw(st.sampled_from([1, 2, 5])), groups * draw(st.sampled_from([1, 2, 5]))
    return {
        "x_shape": (draw(st.integers(1, 3)), channels[0], *size),
        "w_shape": (channels[1], channels[0] // groups, *kernel),
        "arguments": {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups},
        "last": draw(st.booleans()),
        "tile": draw(st.sampled_from([1, 50, 1 << 18])),
    }


@both_libraries
@given(geometry=geometries())
@settings(max_examples=150, deadline=None)
def test_convolution_and_both_gradients_agree_with_pytorch(library, geometry):
    arguments, x_shape, w_shape = geometry["arguments"], geometry["x_shape"], geometry["w_shape"]
    x, w, bias = rng.standard_normal(x_shape), rng.standard_normal(w_shape), rng.standard_normal(w_shape[0])
    tx, tw = torch.tensor(x, requires_grad=True), torch.tensor(w, requires_grad=True)
    ty = CONV[x.ndim - 2](tx, tw, torch.tensor(bias), **arguments)
    g = rng.standard_normal(tuple(ty.shape))
    gx, gw = torch.autograd.grad(ty, (tx, tw), torch.tensor(g))

    to, place = send(library), channels_last if geometry["last"] else numpy.array
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_columns, "TILE", geometry["tile"])
        assert_close(conv_forward(to(place(x)), to(w), to(bias), **arguments), ty.detach().numpy())
        assert_close(conv_backward_input(to(place(g)), to(w), x_shape, **arguments), gx.numpy())
        assert_close(conv_backward_weight(to(place(g)), to(place(x)), w_shape, **arguments), gw.numpy())


@both_libraries
@given(geometry=geometries(), extra=st.integers(0, 2))
@settings(max_examples=80, deadline=None)
def test_transposed_convolution_agrees_with_pytorch(library, geometry, extra):
    arguments, d = geometry["arguments"], len(geometry["x_shape"]) - 2
    size = conv_output_size(
        geometry["x_shape"][2:], geometry["w_shape"][2:], arguments["stride"], arguments["padding"], arguments["dilation"]
    )
    output_padding = tuple(min(extra, max(s, r) - 1) for s, r in zip(arguments["stride"], arguments["dilation"]))
    extents = zip(size, geometry["w_shape"][2:], *(arguments[name] for name in ("stride", "padding", "dilation")), output_padding)
    assume(all((o - 1) * s - 2 * p + r * (k - 1) + 1 + more > 0 for o, k, s, p, r, more in extents))
    x, w = rng.standard_normal((2, geometry["w_shape"][0], *size)), rng.standard_normal(geometry["w_shape"])
    bias = rng.standard_normal(geometry["x_shape"][1])
    expected = TRANSPOSED[d](*map(torch.tensor, (x, w, bias)), output_padding=output_padding, **arguments)
    to = send(library)
    assert_close(conv_transpose(to(x), to(w), to(bias), output_padding=output_padding, **arguments), expected.numpy())


@pytest.mark.parametrize("stride", [1, 5])
def test_a_transposed_convolution_with_a_large_stride_or_few_channels_goes_by_columns(stride):
    """Both ways to the gradient of the input give one answer: by phases, and by summing columns."""
    g, w = rng.standard_normal((2, 9, 6, 7)), rng.standard_normal((9, 1, 3, 4))
    size = [(n - 1) * stride + k for n, k in zip(g.shape[2:], w.shape[2:])]
    expected = torch.nn.functional.conv_transpose2d(torch.tensor(g), torch.tensor(w), stride=stride).numpy()
    by_columns = conv_backward_input(g, w, (2, 1, *size), stride)
    assert_close(by_columns, expected)
    nine_alike = conv_backward_input(g, numpy.repeat(w, 9, axis=1), (2, 9, *size), stride)
    assert_close(nine_alike[:, 4:5], expected)


@both_libraries
@pytest.mark.parametrize("dtype, tolerance", [("float32", 2e-6), ("float16", 1e-3), ("int64", 0), ("int32", 0)])
def test_convolution_keeps_its_dtype(library, dtype, tolerance):
    x, w = (rng.integers(-4, 5, shape).astype(dtype) for shape in ((2, 3, 8, 8), (4, 3, 3, 3)))
    bias = numpy.arange(4).astype(dtype)
    expected = CONV[2](*(torch.tensor(a.astype("float64")) for a in (x, w, bias)), padding=1).numpy()
    to = send(library)
    assert_close(conv_forward(to(x), to(w), to(bias), padding=1), expected, tolerance, dtype)


def test_float16_is_summed_in_float32():
    x, w = numpy.full((1, 4096, 1), 1, "float16"), numpy.full((1, 4096, 1), 1, "float16")
    assert conv_forward(x, w).item() == 4096  # sums in float16 would stop at 2048


@both_libraries
def test_an_infinite_input_reaches_only_the_outputs_that_look_at_it(library):
    x, w = numpy.ones((1, 2, 6, 6)), numpy.ones((3, 2, 3, 3))
    x[0, 0, 0, 0] = numpy.inf
    y = home(conv_forward(send(library)(x), send(library)(w)))
    assert numpy.isinf(y[..., 0, 0]).all() and numpy.isfinite(y).sum() == y.size - 3
    depthwise = home(conv_forward(send(library)(x), send(library)(w[:2, :1]), groups=2))
    assert numpy.argwhere(~numpy.isfinite(depthwise)).tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_results_lie_in_memory_as_their_sources_do(groups):
    x, w = rng.standard_normal((2, 4, 5, 6)), rng.standard_normal((8, 4 // groups, 3, 3))
    for place, last in ((numpy.array, False), (channels_last, True)):
        y = conv_forward(place(x), w, groups=groups)
        assert lies_channels_last(y) is last and y.flags.c_contiguous is not last
        gx = conv_backward_input(y, w, x.shape, groups=groups)
        assert lies_channels_last(gx) is last and gx.flags.c_contiguous is not last
        assert conv_backward_weight(y, place(x), w.shape, groups=groups).flags.c_contiguous


def test_gradients_of_few_channels_are_no_windows_on_larger_arrays():
    g, w = rng.standard_normal((2, 9, 6, 7)), rng.standard_normal((9, 1, 3, 3))
    assert conv_backward_input(g, w, (2, 1, 6, 7), padding=1).flags.c_contiguous
    assert fold(rng.standard_normal((2, 9, 42)), (6, 7), 3, padding=1).flags.c_contiguous


def test_strided_views_are_fine_as_inputs():
    x = rng.standard_normal((2, 6, 9, 10))[:, ::2, ::-1, 1::2]
    w = rng.standard_normal((3, 3, 4, 4)).transpose(1, 0, 3, 2)[..., ::2]
    assert_close(conv_forward(x, w), CONV[2](torch.tensor(x.copy()), torch.tensor(w.copy())).numpy())


def test_an_empty_batch_gives_an_empty_result_and_a_zero_gradient():
    w = rng.standard_normal((4, 3, 3, 3))
    y = conv_forward(numpy.empty((0, 3, 8, 8)), w)
    assert y.shape == (0, 4, 6, 6)
    assert conv_backward_input(y, w, (0, 3, 8, 8)).shape == (0, 3, 8, 8)
    assert_close(conv_backward_weight(y, numpy.empty((0, 3, 8, 8)), w.shape), numpy.zeros(w.shape))


def test_channels_that_do_not_fit_are_refused_in_words():
    with pytest.raises(RuntimeError, match="Given groups=1, weight of size .* to have 1 channels, but got 3 channels instead"):
        conv_forward(numpy.ones((1, 3, 5, 5)), numpy.ones((2, 1, 3, 3)))


def test_a_kernel_larger_than_the_input_is_refused_in_words():
    with pytest.raises(RuntimeError, match="Kernel size can't be greater than actual input size"):
        conv_forward(numpy.ones((1, 1, 2, 5)), numpy.ones((1, 1, 3, 3)))


@both_libraries
@given(geometry=geometries())
@settings(max_examples=60, deadline=None)
def test_unfold_and_fold_agree_with_pytorch_and_are_adjoint(library, geometry):
    x_shape, kernel = geometry["x_shape"], geometry["w_shape"][2:]
    arguments = {key: value for key, value in geometry["arguments"].items() if key != "groups"}
    to, x = send(library), rng.standard_normal(x_shape)
    columns = unfold(to(x), kernel, **arguments)
    other = rng.standard_normal(columns.shape)
    folded = fold(to(other), x_shape[2:], kernel, **arguments)
    assert numpy.vdot(home(columns), other) == pytest.approx(numpy.vdot(x, home(folded)), abs=1e-9)
    if len(kernel) == 2:
        assert_close(columns, torch.nn.functional.unfold(torch.tensor(x), kernel, **arguments).numpy())
        assert_close(folded, torch.nn.functional.fold(torch.tensor(other), x_shape[2:], kernel, **arguments).numpy())


def test_columns_of_a_single_tap_share_no_memory_with_the_input():
    x = rng.standard_normal((1, 2, 3, 3))
    assert not numpy.shares_memory(unfold(x, 1), x) and not numpy.shares_memory(conv_forward(x, numpy.ones((2, 2, 1, 1))), x)


def test_a_transposed_convolution_that_leaves_nothing_is_refused_in_words():
    with pytest.raises(RuntimeError, match="Output size is too small"):
        conv_transpose(numpy.ones((1, 1, 1)), numpy.ones((1, 1, 1)), padding=1)


def test_fold_refuses_columns_of_another_size():
    with pytest.raises(RuntimeError, match="expected input of shape"):
        fold(numpy.ones((1, 8, 5)), (4, 4), 2)
