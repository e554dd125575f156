"""Dropout: PyTorch's masks for PyTorch's seeds, the mean kept, gradients only through what was kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
import minigrad.nn.functional as F
from tests.oracle import assert_both_raise, assert_same

CASES = [
    ("dropout", (5, 7)), ("dropout", (100,)), ("dropout1d", (3, 4, 5)), ("dropout1d", (4, 5)), ("dropout2d", (2, 4, 3, 3)), ("dropout2d", (3, 4, 5)),
    ("dropout3d", (2, 4, 2, 2, 2)), ("dropout3d", (4, 2, 2, 2)), ("alpha_dropout", (50,)), ("feature_alpha_dropout", (5, 6, 2)),
]  # fmt: skip


@pytest.mark.parametrize("p", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name, shape", CASES)
@pytest.mark.filterwarnings("ignore:dropout2d")
def test_the_same_seed_drops_the_same_places_as_in_pytorch(name, shape, dtype, p):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)

    def program(T):
        T.manual_seed(4)
        leaf = T.tensor(x, requires_grad=True)
        y = getattr(T.nn.functional, name)(leaf, p, training=True)
        (y * y).sum().backward()
        return y, leaf.grad, T.rand(2)  # and as many numbers were drawn

    assert_same(program, 1e-6, 1e-6)


@settings(max_examples=15, deadline=None)
@given(p=st.floats(0.1, 0.9), seed=st.integers(0, 1000))
def test_what_is_kept_is_scaled_and_the_rest_is_zero(p, seed):
    minigrad.manual_seed(seed)
    y = F.dropout(minigrad.ones(1000), p).numpy()
    kept = y[y != 0]
    np.testing.assert_allclose(kept, 1 / (1 - p), 1e-5)
    assert abs(len(kept) / 1000 - (1 - p)) < 0.1


def test_nothing_happens_in_evaluation():
    x = minigrad.ones(3)
    assert F.dropout(x, training=False) is x
    assert F.alpha_dropout(x) is x


def test_in_place_writes_into_the_input():
    minigrad.manual_seed(0)
    x = minigrad.ones(6)
    assert F.dropout(x, 0.5, inplace=True) is x
    assert x.tolist() == [0.0, 0.0, 2.0, 0.0, 0.0, 0.0]


def test_what_makes_no_sense_is_refused_as_by_pytorch():
    assert_both_raise(lambda T: T.nn.functional.dropout(T.ones(3), 2.0), "between 0 and 1")
    assert_both_raise(lambda T: T.nn.functional.dropout1d(T.ones(3)), "Expected 2D or 3D input")
    assert_both_raise(lambda T: T.nn.functional.dropout(T.ones(3, dtype=T.int64)), "can't be cast")
    assert_both_raise(lambda T: T.nn.functional.feature_alpha_dropout(T.ones(3), training=True), "at least 2 dimensions")
    with pytest.warns(UserWarning, match="3D input to dropout2d"):
        F.dropout2d(minigrad.ones(2, 3, 4))
