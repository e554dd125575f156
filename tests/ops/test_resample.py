"""Interpolation, shuffles and sampling at positions: PyTorch's values and two orders of derivatives; refusals in words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_both_raise, assert_same, to_second_order


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


MODES = [
    ("nearest", 1),
    ("nearest", 2),
    ("nearest", 3),
    ("nearest-exact", 2),
    ("linear", 1),
    ("bilinear", 2),
    ("bicubic", 2),
    ("trilinear", 3),
    ("area", 2),
]


@pytest.mark.parametrize("mode, d", MODES)
@pytest.mark.parametrize(
    "how", [dict(scale_factor=2), dict(scale_factor=1.7), dict(scale_factor=1.7, recompute_scale_factor=True), dict(size=3)]
)
def test_interpolate_to_second_order(mode, d, how):
    x = numbers(1, 2, *(3, 4, 2)[:d])
    assert_same(lambda T: to_second_order(T, lambda x: T.nn.functional.interpolate(x * x, mode=mode, **how), x), 1e-6, 1e-7)


@pytest.mark.parametrize("mode, d", [(m, d) for m, d in MODES if "linear" in m or "cubic" in m])
def test_aligned_corners(mode, d):
    x = numbers(2, 1, *(3, 4, 2)[:d])
    assert_same(lambda T: T.nn.functional.interpolate(T.tensor(x), size=(5, 2, 3)[:d], mode=mode, align_corners=True), 1e-6, 1e-7)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_antialiased_shrinking(mode):
    x = numbers(1, 2, 9, 7)
    assert_same(lambda T: T.nn.functional.interpolate(T.tensor(x), size=(4, 3), mode=mode, antialias=True), 1e-6, 1e-7)


def test_empty_batches_and_bytes():
    assert_same(lambda T: T.nn.functional.interpolate(T.ones(0, 1, 4), size=2))
    assert_same(lambda T: T.nn.functional.interpolate(T.arange(4, dtype=T.uint8).reshape(1, 1, 4), scale_factor=2))


REFUSED = {
    "either size or scale_factor": lambda T, f: f(T.ones(1, 1, 4)),
    "only one of size or scale_factor": lambda T, f: f(T.ones(1, 1, 4), size=3, scale_factor=2),
    "Only 3D, 4D and 5D": lambda T, f: f(T.ones(1, 4), size=3),
    "bilinear mode needs 4D": lambda T, f: f(T.ones(1, 1, 4), size=3, mode="bilinear"),
    "got cubist": lambda T, f: f(T.ones(1, 1, 4), size=3, mode="cubist"),
    "align_corners option": lambda T, f: f(T.ones(1, 1, 4), size=3, align_corners=True),
    "same number of spatial dimensions": lambda T, f: f(T.ones(1, 1, 4), size=(3, 3)),
    "greater than 0": lambda T, f: f(T.ones(1, 1, 4), size=0),
    "Anti-alias": lambda T, f: f(T.ones(1, 1, 4), size=3, mode="linear", antialias=True),
    "not meaningful with an explicit size": lambda T, f: f(T.ones(1, 1, 4), size=3, recompute_scale_factor=True),
    "Non-empty": lambda T, f: f(T.ones(1, 0, 4), size=3),
    "not implemented for": lambda T, f: f(T.ones(1, 1, 4, dtype=T.int64), size=3),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_fit_is_refused_as_by_pytorch(words):
    assert_both_raise(lambda T: REFUSED[words](T, T.nn.functional.interpolate), words)


@pytest.mark.parametrize("name", ["upsample", "upsample_nearest", "upsample_bilinear"])
def test_the_old_names_still_work_and_say_so(name):
    with pytest.warns(UserWarning, match="Use `nn.functional.interpolate` instead"):
        assert getattr(F, name)(minigrad.ones(1, 1, 2, 2), scale_factor=2).shape == (1, 1, 4, 4)


# ------------------------------------------------------------------------------------------------ shuffles


@settings(max_examples=20, deadline=None)
@given(r=st.integers(1, 3), lead=st.lists(st.integers(1, 2), max_size=2))
def test_pixel_unshuffle_undoes_pixel_shuffle(r, lead):
    x = minigrad.tensor(numbers(*lead, 2 * r * r, 2, 3))
    up = F.pixel_shuffle(x, r)
    assert up.shape == (*lead, 2, 2 * r, 3 * r)
    assert F.pixel_unshuffle(up, r).tolist() == x.tolist()


def test_shuffles_to_second_order():
    assert_same(lambda T: to_second_order(T, lambda x: T.pixel_shuffle(x * x, 2), numbers(2, 8, 3, 2)))
    assert_same(lambda T: to_second_order(T, lambda x: T.pixel_unshuffle(x * x, 2), numbers(2, 4, 6)))
    assert_same(lambda T: to_second_order(T, lambda x: T.channel_shuffle(x * x, 3), numbers(2, 6, 2)))


def test_shuffles_refuse_what_does_not_divide():
    assert_both_raise(lambda T: T.pixel_shuffle(T.ones(1, 3, 4, 4), 2), "is not divisible by 4")
    assert_both_raise(lambda T: T.pixel_shuffle(T.ones(4, 4), 2), "at least 3 dimensions")
    assert_both_raise(lambda T: T.pixel_shuffle(T.ones(1, 4, 4, 4), 0), "positive upscale_factor")
    assert_both_raise(lambda T: T.pixel_unshuffle(T.ones(1, 4, 5, 4), 2), "expects height to be divisible")
    assert_both_raise(lambda T: T.channel_shuffle(T.ones(1, 4, 5), 3), "divisible by groups")


# ------------------------------------------------------------------------------------------------ positions


@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("mode, d", [("bilinear", 2), ("bilinear", 3), ("nearest", 2), ("bicubic", 2)])
def test_grid_sample_and_its_gradients(mode, d, align_corners, padding_mode):
    x, grid = numbers(2, 3, *(4, 5, 3)[:d]), numbers(2, *(2, 3, 2)[:d], d, seed=1)

    def program(T):
        leaves = T.tensor(x, requires_grad=True), T.tensor(grid, requires_grad=True)
        y = T.nn.functional.grid_sample(*leaves, mode, padding_mode, align_corners)
        wanted = leaves[:1] if mode == "nearest" else leaves
        return y, T.autograd.grad((y * y).sum(), wanted)

    assert_same(program, 1e-7, 1e-9)


def test_grid_sample_is_differentiable_twice():
    x, grid = (
        minigrad.tensor(numbers(1, 1, 3, 3), requires_grad=True),
        minigrad.tensor(numbers(1, 1, 2, 2, seed=1) * 0.4, requires_grad=True),
    )
    assert minigrad.autograd.gradgradcheck(lambda x, g: F.grid_sample(x, g, align_corners=False), (x, grid))


@pytest.mark.parametrize("size", [(2, 3, 4, 5), (2, 1, 2, 3, 4)])
@pytest.mark.parametrize("align_corners", [False, True])
def test_affine_grid(size, align_corners):
    d = len(size) - 2
    assert_same(
        lambda T: to_second_order(
            T, lambda t: T.nn.functional.affine_grid(t * t, size, align_corners=align_corners), numbers(2, d, d + 1)
        )
    )


def test_positions_that_do_not_fit_are_refused():
    f = "but got input with sizes"
    assert_both_raise(
        lambda T: T.nn.functional.grid_sample(T.ones(1, 1, 4, 4), T.ones(1, 2, 2, 3), align_corners=False),
        "size 2 in last dimension",
    )
    assert_both_raise(lambda T: T.nn.functional.grid_sample(T.ones(1, 1, 4, 4), T.ones(2, 2, 2, 2), align_corners=False), f)
    assert_both_raise(lambda T: T.nn.functional.grid_sample(T.ones(1, 1, 4, 4), T.ones(1, 2, 2, 2), "cubic"), "expected mode to be")
    assert_both_raise(
        lambda T: T.nn.functional.affine_grid(T.ones(1, 3, 4), (1, 1, 4, 4), False), "Expected a batch of 2D affine matrices"
    )
    with pytest.warns(UserWarning, match="align_corners=False since 1.3.0"):
        F.grid_sample(minigrad.ones(1, 1, 4, 4), minigrad.ones(1, 2, 2, 2))


@pytest.mark.parametrize(
    "name, factor", [("pixel_shuffle", 1), ("pixel_unshuffle", 1), ("channel_shuffle", 1), ("channel_shuffle", 4)]
)
def test_a_shuffle_that_moves_nothing_still_has_memory_of_its_own(name, factor):
    x = minigrad.ones(1, 4, 2, 2)
    getattr(F, name)(x, factor).zero_()
    assert x.sum().item() == 16
