"""Resizing agrees with PyTorch's interpolate in every mode, and its gradient is the transpose."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad.kernels import resample
from minigrad.kernels._windows import channels_last as lies_channels_last
from minigrad.kernels.resample import resample_backward, resample_forward, resample_size

from .both_libraries import assert_close, both_libraries, channels_last, home, send

torch = pytest.importorskip("torch")
rng = numpy.random.default_rng(0)
NAMES = {1: "linear", 2: "bilinear", 3: "trilinear"}


@st.composite
def resizings(draw: Any) -> dict[str, Any]:
    d = draw(st.integers(1, 3))
    mode = draw(st.sampled_from(["nearest", "nearest-exact", "linear", "area"] + ["cubic"] * (d == 2)))
    return {
        "shape": (draw(st.integers(1, 2)), draw(st.integers(1, 3)), *(draw(st.integers(1, 9)) for _ in range(d))),
        "size": tuple(draw(st.integers(1, 14)) for _ in range(d)),
        "mode": mode,
        "align_corners": draw(st.booleans()) if mode in ("linear", "cubic") else None,
        "last": draw(st.booleans()),
    }


def interpolate(x: Any, mode: str, **arguments: Any) -> Any:
    name = NAMES[x.ndim - 2] if mode == "linear" else "bicubic" if mode == "cubic" else mode
    return torch.nn.functional.interpolate(x, mode=name, **arguments)


@both_libraries
@given(case=resizings(), band=st.sampled_from([1, 3, 64]))
@settings(max_examples=200, deadline=None)
def test_resizing_and_its_gradient_agree_with_pytorch(library, case, band):
    x, mode, to = rng.standard_normal(case["shape"]), case["mode"], send(library)
    place = channels_last if case["last"] else numpy.array
    tx = torch.tensor(x, requires_grad=True)
    ty = interpolate(tx, mode, size=case["size"], align_corners=case["align_corners"])
    g = rng.standard_normal(tuple(ty.shape))
    (gx,) = torch.autograd.grad(ty, tx, torch.tensor(g))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resample, "BAND", band)
        corners = bool(case["align_corners"])
        assert_close(resample_forward(to(place(x)), case["size"], mode, corners), ty.detach().numpy())
        assert_close(resample_backward(to(place(g)), x.shape, mode, corners), gx.numpy())


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "linear", "cubic"])
@pytest.mark.parametrize("recompute", [True, False])
@given(size=st.integers(1, 40), scale=st.sampled_from([0.3, 0.5, 0.7, 1.1, 1.5, 1.9, 2.0, 2.3, 3.0]))
@settings(max_examples=60, deadline=None)
def test_a_stated_scale_sets_the_coordinates_unless_recomputed(mode, recompute, size, scale):
    """In float32, where PyTorch rounds the coordinates to float32 too: nearest neighbours must be the very same."""
    if int(size * scale) == 0:
        return
    x = rng.standard_normal((1, 1, size, 5), dtype="float32")
    expected = interpolate(torch.tensor(x), mode, scale_factor=(scale, 2.0), recompute_scale_factor=recompute)
    out = resample_size((size, 5), (scale, 2.0))
    y = resample_forward(x, out, mode, scales=None if recompute else (scale, 2.0))
    assert_close(y, expected.numpy(), 0 if mode.startswith("nearest") else 1e-5)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("align_corners", [False, True])
@given(size=st.integers(1, 20), out=st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_antialiased_resizing_agrees_with_pytorch(mode, align_corners, size, out):
    x = rng.standard_normal((1, 2, size, 3))
    tx = torch.tensor(x, requires_grad=True)
    ty = interpolate(tx, mode, size=(out, 4), align_corners=align_corners, antialias=True)
    g = rng.standard_normal(tuple(ty.shape))
    (gx,) = torch.autograd.grad(ty, tx, torch.tensor(g))
    assert_close(resample_forward(x, (out, 4), mode, align_corners, antialias=True), ty.detach().numpy())
    assert_close(resample_backward(g, x.shape, mode, align_corners, antialias=True), gx.numpy())


@both_libraries
@pytest.mark.parametrize("mode", ["nearest", "linear", "area"])
def test_the_backward_map_is_the_transpose_of_the_forward_map(library, mode):
    to, x, g = send(library), rng.standard_normal((2, 3, 7, 9)), rng.standard_normal((2, 3, 5, 20))
    y, gx = home(resample_forward(to(x), (5, 20), mode)), home(resample_backward(to(g), x.shape, mode))
    assert numpy.vdot(y, g) == pytest.approx(numpy.vdot(x, gx))


@both_libraries
@pytest.mark.parametrize("bad", [numpy.inf, numpy.nan])
def test_what_is_not_finite_stays_where_it_is(library, bad):
    x = rng.standard_normal((1, 1, 6, 6))
    x[0, 0, 2, 3] = bad
    expected = interpolate(torch.tensor(x), "linear", size=(11, 13), align_corners=False).numpy()
    y = home(resample_forward(send(library)(x), (11, 13), "linear"))
    numpy.testing.assert_array_equal(numpy.isfinite(y), numpy.isfinite(expected))
    assert numpy.isfinite(y).mean() > 0.7


@both_libraries
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float32"])
def test_nearest_neighbours_exist_in_every_dtype(library, dtype):
    x = rng.integers(0, 9, (1, 2, 3, 4)).astype(dtype)
    expected = interpolate(torch.tensor(x.astype("float64")), "nearest", size=(6, 6)).numpy()
    assert_close(resample_forward(send(library)(x), (6, 6), "nearest"), expected, 0, dtype)


@pytest.mark.parametrize("place, last", [(numpy.array, False), (channels_last, True)])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_results_lie_in_memory_as_their_sources_do(place, last, mode):
    y = resample_forward(place(rng.standard_normal((2, 3, 4, 5))), (7, 6), mode)
    assert lies_channels_last(y) is last and y.flags.c_contiguous is not last


def test_an_unknown_mode_is_refused_in_words():
    with pytest.raises(ValueError, match="mode must be one of nearest, .*, got 'lanczos'"):
        resample_forward(numpy.ones((1, 1, 2)), (4,), "lanczos")
    with pytest.raises(ValueError, match="antialias works with linear and cubic"):
        resample_forward(numpy.ones((1, 1, 2)), (4,), "nearest", antialias=True)
