"""where, maximum, minimum, clamp and nan_to_num choose as PyTorch does, and send gradients to what was chosen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.oracle import assert_agrees, assert_both_raise, assert_same, to_second_order

inf, nan = np.inf, np.nan
X, Y, Z = np.array([1.0, 2.0, -1.0, 0.5, 3.0]), np.array([1.0, -2.0, 4.0, 0.5, 2.0]), np.array([2.0, 2.5, 4.5, 0.0, 1.0])
COMPETING = ["maximum", "minimum", "fmax", "fmin"]


@pytest.mark.parametrize("name", COMPETING)
def test_ties_share_or_give_to_the_first_as_in_pytorch(name):
    assert_same(lambda T: to_second_order(T, lambda x, y: getattr(T, name)(x, y) ** 2, X, Y))


@pytest.mark.parametrize("name", COMPETING)
def test_nan_wins_or_loses_and_so_does_its_gradient(name):
    x, y = np.array([nan, 1.0, nan, inf, -inf]), np.array([1.0, nan, nan, inf, 2.0])
    assert_same(lambda T: to_second_order(T, lambda x, y: getattr(T, name)(x, y), x, y))


@pytest.mark.parametrize("name", COMPETING)
@pytest.mark.parametrize("left", ["bool", "uint8", "int64", "float16", "float32", "complex64"])
@pytest.mark.parametrize("right", ["bool", "int8", "float64", "complex64"])
def test_types_of_the_greater_and_the_lesser(name, left, right):
    assert_agrees(lambda T: getattr(T, name)(T.tensor(np.array([0, 3]).astype(left)), T.tensor(np.array([2, 1]).astype(right))))


def test_a_gradient_of_infinity_or_nan_does_not_leak_to_what_was_not_chosen():
    x, y = minigrad.tensor([1.0, 5.0], requires_grad=True), minigrad.tensor([2.0, 2.0], requires_grad=True)
    minigrad.maximum(x, y).backward(minigrad.tensor([inf, nan]))
    assert x.grad[0] == 0
    assert y.grad[1] == 0


# ------------------------------------------------------------------------------------------------ clamp


@pytest.mark.parametrize("bounds", [(-1, 1), (None, 0.5), (0.5, None), (2, -2), (nan, 1.0), (0.5, 0.5), (-inf, inf)])
def test_clamp_by_numbers_to_second_order(bounds):
    x = np.array([-inf, -1.0, -0.5, 0.5, 1.0, 3.0, inf, nan])
    assert_same(lambda T: to_second_order(T, lambda x: T.clamp(x, *bounds) ** 2, x))


@pytest.mark.parametrize("which", ["both", "min", "max"])
def test_clamp_by_tensors_sends_gradients_to_the_bound_that_applies(which):
    def program(T):
        def clamped(x, low, high):
            bounds = {"both": (low, high), "min": (low, None), "max": (None, high)}[which]
            return T.clamp(x, *bounds) * (x + low + high)

        return to_second_order(T, clamped, X, Y, Z)

    assert_same(program)


@pytest.mark.parametrize("kind", ["uint8", "int8", "int64", "float16", "float32", "float64"])
def test_types_of_clamp(kind):
    x = np.array([1, 2, 5]).astype(kind)
    for bounds in ((2, 4), (1.5, None), (None, 4.0), (2, 3.5)):
        assert_same(lambda T: T.clamp(T.tensor(x), *bounds))  # noqa: B023
    assert_same(
        lambda T: [T.tensor(x).clamp_min(2), T.tensor(x).clamp_max(2.5), T.tensor(x).clamp(T.tensor(2.0), 3), T.tensor(x).clip(2)]
    )


def test_clamp_in_place_keeps_the_type():
    assert_same(lambda T: T.tensor([1.0, 9.0]).clamp_(2, 3))
    assert_same(lambda T: T.tensor([1, 9]).clamp_min_(2))


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (lambda T: T.clamp(T.tensor([1.0])), "At least one of 'min' or 'max' must not be None"),
        (lambda T: T.clamp(T.tensor([1], dtype=T.uint8), -1, 300), "without overflow"),
        (lambda T: T.clamp(T.tensor([True]), False, True), "bool"),
        (lambda T: T.clamp(T.tensor([1j]), 0, 1), "complex"),
        (lambda T: T.clamp(T.tensor([1.0]), "a"), "argument"),
        (lambda T: T.maximum(T.tensor([1j]), T.tensor([1j])), "maximum not implemented for complex"),
        (lambda T: T.maximum(T.tensor([1.0]), 2), "argument 'other'"),
        (lambda T: T.tensor([1]).clamp_(0.5), "can't be cast"),
        (lambda T: T.where(T.tensor([1.0]), 1, 2), "where expected condition to be a boolean tensor"),
    ],
)
def test_refusals(program, words):
    assert_both_raise(program, words)


@settings(deadline=None)
@given(x=st.lists(st.floats(width=32), min_size=1), low=st.floats(-9, 9, width=32), high=st.floats(-9, 9, width=32))
def test_clamp_is_minimum_of_maximum(x, low, high):
    x = minigrad.tensor(x)
    expected = minigrad.minimum(minigrad.maximum(x, minigrad.tensor(low)), minigrad.tensor(high))
    assert minigrad.isclose(x.clamp(low, high), expected, rtol=0, atol=0, equal_nan=True).all()


# ------------------------------------------------------------------------------------------------ where


def test_where_passes_each_gradient_to_the_side_that_was_chosen():
    assert_same(lambda T: to_second_order(T, lambda x, y: T.where(x > y, x * y, y), X, Y))


def test_where_stops_a_nan_that_was_not_chosen():
    """But not the NaN of an operation before it: 0 times inf, in PyTorch too."""

    def program(T):
        x = T.tensor([-1.0, 4.0], requires_grad=True)
        T.where(x > 0, x.sqrt(), 0.0).sum().backward()
        y = T.tensor([nan, 4.0], requires_grad=True)
        T.where(T.tensor([False, True]), y, T.zeros(2)).backward(T.tensor([nan, 1.0]))
        return x.grad, y.grad

    assert_same(program)


@pytest.mark.parametrize(
    "left", [1, 2.5, True, np.array([1, 2]), np.array([1.0, 2.0], "float32"), np.array(2.0), np.array([1, 0], "uint8")]
)
@pytest.mark.parametrize("right", [0, 0.5, np.array([[3.0], [4.0]]), np.array([True, False])])
def test_where_promotes_tensors_and_numbers(left, right):
    def program(T):
        x, y = (T.tensor(v) if isinstance(v, np.ndarray) else v for v in (left, right))
        condition = T.tensor([True, False])
        return T.where(condition, x, y), (x.where(condition, y) if isinstance(x, T.Tensor) else condition)

    assert_same(program)


def test_where_of_a_condition_alone_finds_it():
    assert_same(lambda T: list(T.where(T.tensor([[True, False], [True, True]]))))


# ------------------------------------------------------------------------------------------------ NaN and infinity


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
@pytest.mark.parametrize("replacements", [{}, {"nan": 1.0}, {"nan": 2.0, "posinf": 3.0, "neginf": -4.0}])
def test_nan_to_num(kind, replacements):
    x = np.array([nan, inf, -inf, 1.5]).astype(kind)
    assert_same(lambda T: T.nan_to_num(T.tensor(x), **replacements))
    if kind == "float64":
        assert_same(lambda T: to_second_order(T, lambda x: T.nan_to_num(x, **replacements), x))


def test_nan_to_num_leaves_integers():
    assert_same(lambda T: [T.nan_to_num(T.tensor([1, 2])), T.nan_to_num(T.tensor([True]))])
