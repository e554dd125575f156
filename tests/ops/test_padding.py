"""Padding: NumPy's and PyTorch's frames, cropping, and gradients that go back to where each number came from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_both_raise, assert_same, to_second_order

NUMPYS = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@settings(max_examples=50, deadline=None)
@given(mode=st.sampled_from(sorted(NUMPYS)), d=st.integers(1, 3), pads=st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_frames_are_those_of_numpy(mode, d, pads):
    x = numbers(2, 2, *(3, 4, 3)[:d])
    pads = pads[: 2 * d]
    framed = np.pad(x, [(0, 0), (0, 0), *[(pads[2 * i], pads[2 * i + 1]) for i in reversed(range(d))]], mode=NUMPYS[mode])
    np.testing.assert_array_equal(F.pad(minigrad.tensor(x), pads, mode).numpy(), framed)


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
@pytest.mark.parametrize(
    "shape, pads",
    [
        ((2, 3), (1, 2)),
        ((1, 2, 4), (-1, 2)),
        ((1, 2, 4, 3), (1, 1, 2, 0)),
        ((1, 4, 4), (-1, -1, 2, -1)),
        ((1, 2, 2, 3, 3), (1, 1, 1, 1, 1, 1)),
    ],
)
def test_two_orders_of_derivatives_are_pytorchs(mode, shape, pads):
    assert_same(lambda T: to_second_order(T, lambda x: T.nn.functional.pad(x * x, pads, mode), numbers(*shape)), 1e-9)


def test_any_dimensions_and_dtypes_take_a_constant():
    assert_same(lambda T: T.nn.functional.pad(T.arange(6).reshape(1, 2, 3), (1, 0, 0, 1, 1, 1), value=2.5))
    assert_same(lambda T: T.nn.functional.pad(T.ones(2, 2, dtype=T.bool), (1, 1)))
    assert_same(lambda T: T.nn.functional.pad(T.ones(2, 0), (1, 1), value=7.0))
    assert_same(lambda T: T.nn.functional.pad(T.ones(2, 3), (-2, -1)))


def test_grad_fns_have_pytorchs_names():
    def names(T):
        x = T.ones(1, 2, 3, requires_grad=True)
        return [T.nn.functional.pad(x, (1, 1), mode).grad_fn.name() for mode in ("constant", "reflect", "replicate")]

    assert names(minigrad) == names(pytest.importorskip("torch"))


REFUSED = {
    "divisible by 2": lambda T: T.nn.functional.pad(T.ones(2, 3), (1, 1, 1)),
    "less than or equal to two times": lambda T: T.nn.functional.pad(T.ones(3), (1, 1, 1, 1)),
    "negative": lambda T: T.nn.functional.pad(T.ones(2, 3), (-2, -2)),
    "less than the corresponding input dimension": lambda T: T.nn.functional.pad(T.ones(2, 3), (3, 1), "reflect"),
    "wrapping around more than once": lambda T: T.nn.functional.pad(T.ones(2, 3), (4, 1), "circular"),
    "take in value": lambda T: T.nn.functional.pad(T.ones(2, 3), (1, 1), "reflect", 1.0),
    "Supported combinations": lambda T: T.nn.functional.pad(T.ones(1, 1, 2, 3), (1, 1), "reflect"),
    "Unrecognised padding mode": lambda T: T.nn.functional.pad(T.ones(2, 3), (1, 1), "mirror"),
    "non-zero dimensions": lambda T: T.nn.functional.pad(T.ones(2, 0), (1, 1), "reflect"),
}  # fmt: skip


@pytest.mark.parametrize("words", REFUSED)
def test_what_does_not_fit_is_refused_as_by_pytorch(words):
    assert_both_raise(REFUSED[words], words)
