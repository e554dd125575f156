"""Arithmetic agrees with PyTorch: values, types, refusals, and derivatives to second order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from tests.oracle import assert_agrees, assert_both_raise, assert_same, to_second_order

TYPES = ["bool", "uint8", "int8", "int32", "int64", "float16", "float32", "float64", "complex64"]
OPERATORS = ["x + y", "x - y", "x * y", "x / y", "x // y", "x % y", "x ** y", "T.fmod(x, y)", "T.rsub(x, y)", "T.float_power(x, y)"]
X, Y = np.array([[-2.5, 0.5, 1.5], [0.25, 2.0, -1.0]]), np.array([1.25, -2.0, 0.75])


def some(kind: str, values: tuple[float, ...]) -> np.ndarray:
    """Numbers of a type, negative and fractional ones where it has them."""
    array = np.abs(values) if kind in ("bool", "uint8") else np.array(values)
    return array.astype(kind)


@pytest.mark.parametrize("expression", OPERATORS)
def test_every_pair_of_types(expression):
    for left, right in itertools.product(TYPES, TYPES):
        if "complex64" in (left, right) and ("**" in expression or "pow" in expression):
            continue  # PyTorch makes 0 to the power of a complex 0 NaN
        x, y = some(left, (-3, 0, 5, 2.5)), some(right, (2, 1, 1, 2))

        def program(T, x=x, y=y):
            return eval(expression, {"T": T, "x": T.tensor(x), "y": T.tensor(y)})

        assert_agrees(program, 1e-2 if "float16" in (left, right) else 1e-6)


@pytest.mark.parametrize("expression", OPERATORS + ["y + x", "y - x", "y * x", "y / x", "y // x", "y % x", "y ** x"])
@pytest.mark.parametrize("number", [2, -1, 0, 0.5, -1.5, True, float("nan"), float("inf")])
def test_every_type_beside_every_number(expression, number):
    for kind in TYPES[:-1]:
        x = some(kind, (-3, 1, 5))

        def program(T, x=x):
            return eval(expression, {"T": T, "x": T.tensor(x), "y": number})

        assert_agrees(program, 1e-2 if kind == "float16" else 1e-6)


def test_a_number_too_large_for_the_type_wraps_around():
    assert_same(
        lambda T: [
            f(T.tensor([1, 200], dtype=T.uint8)) for f in (lambda x: x + 300, lambda x: x - 1, lambda x: x * -1, lambda x: -1 - x)
        ]
    )


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (lambda T: T.tensor([True]) - T.tensor([True]), "two bool tensors is not supported. Use the `\\^`"),
        (lambda T: True - T.tensor([True]), "two bool tensors"),
        (lambda T: T.tensor([1.0]) - T.tensor([True]), "with a bool tensor is not supported. If you are trying to invert a mask"),
        (lambda T: 1 - T.tensor([True]), "with a bool tensor"),
        (lambda T: T.sub(T.tensor([1.0]), True, alpha=2), "with a bool tensor"),
        (lambda T: -T.tensor([True]), "Negation, the `-` operator, on a bool tensor"),
        (lambda T: +T.tensor([True]), r"The `\+` operator, on a bool tensor"),
        (lambda T: T.tensor([1]) ** -1, "Integers to negative integer powers are not allowed"),
        (lambda T: T.tensor([1], dtype=T.int8) ** 300, "without overflow"),
        (lambda T: T.tensor([1]) // 0, "ZeroDivisionError"),
        (lambda T: T.tensor([1]) % T.tensor([0]), "ZeroDivisionError"),
        (lambda T: T.fmod(T.tensor([1]), 0), "ZeroDivisionError"),
        (lambda T: T.div(T.tensor([1]), 0, rounding_mode="trunc"), "ZeroDivisionError"),
        (lambda T: T.div(T.tensor([1]), 2, rounding_mode="up"), "rounding_mode to be one of None, 'trunc', or 'floor'"),
        (lambda T: T.add(T.tensor([1]), 1, alpha=0.5), "argument alpha must not be a floating point number"),
        (lambda T: T.add(T.tensor([1]), 1, alpha=True), "Boolean alpha"),
        (lambda T: T.tensor([1]).add_(1.5), "can't be cast to the desired output type"),
        (lambda T: T.tensor([1.0]).float_power_(2), "float_power_"),
        (lambda T: (T.tensor([1.5], requires_grad=True) // 2).sum().backward(), "derivative for .*floor_divide is not implemented"),
    ],
)  # fmt: skip
def test_refusals(program, words):
    assert_both_raise(program, words)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, np.inf, -np.inf, np.nan])
def test_division_and_its_kin_at_the_edges(value):
    def program(T):
        x, y = T.tensor([-2.5, -0.0, 0.0, 1.5, np.inf, -np.inf, np.nan], dtype=T.float32), T.tensor(value, dtype=T.float32)
        return (
            x / y,
            x // y,
            x % y,
            T.fmod(x, y),
            y / x,
            y // x,
            T.div(x, y, rounding_mode="trunc"),
            T.div(x, y, rounding_mode="floor"),
        )

    assert_same(program)


def test_whole_quotients_of_integers_round_down_or_towards_zero():
    def program(T):
        x, y = T.tensor([7, -7, 7, -7]), T.tensor([2, 2, -2, -2])
        return x // y, x % y, T.fmod(x, y), T.div(x, y, rounding_mode="trunc"), T.div(x, y, rounding_mode="floor")

    assert_same(program)


@settings(deadline=None)
@given(x=st.lists(st.integers(-50, 50), min_size=1), y=st.integers(1, 9), negative=st.booleans())
def test_quotient_and_remainder_make_the_whole(x, y, negative):
    x, y = minigrad.tensor(x), -y if negative else y
    assert minigrad.equal(x // y * y + x % y, x)
    assert minigrad.equal(minigrad.div(x, y, rounding_mode="trunc") * y + minigrad.fmod(x, y), x)


# ------------------------------------------------------------------------------------------------ powers

EXPONENTS = [0, 1, 2, 3, 4, 0.5, -0.5, -1, -2, 2.5, 0.0, 1.0, True, -1.5]


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_powers_by_a_number_to_second_order(exponent):
    assert_same(lambda T: to_second_order(T, lambda x: x**exponent, np.abs(X) + 0.5), rtol=1e-9)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_powers_at_zero_infinity_and_nan(exponent):
    def program(T):
        x = T.tensor([0.0, -0.0, np.inf, np.nan, -2.0], dtype=T.float32, requires_grad=True)
        (x**exponent).sum().backward()
        return x**exponent, x.grad

    assert_same(program, rtol=1e-6)


def test_a_tensor_exponent_has_a_gradient_of_its_own():
    assert_same(lambda T: to_second_order(T, lambda x, y: x**y, np.abs(X) + 0.5, Y), rtol=1e-9)
    assert_same(lambda T: to_second_order(T, lambda y: 3.0**y, Y), rtol=1e-9)


def test_gradients_of_powers_of_zero_are_finite():
    assert_same(lambda T: to_second_order(T, lambda x, y: x**y, np.array([0.0, 0.0, 2.0]), np.array([0.0, 2.0, 0.0]))[:3])
    assert_same(lambda T: to_second_order(T, lambda y: 0.0**y, np.array([0.0, 1.0, 2.0]))[:2])


def test_integers_to_integer_powers():
    def program(T):
        x = T.tensor([2, -3, 1, -1, 0])
        return x**3, x**0, x ** T.tensor([2, 3, -1, -3, 2]), 2 ** T.tensor([0, 3, -1]), T.tensor([True, False]) ** 2, x.square()

    assert_same(program)


# ------------------------------------------------------------------------------------------------ derivatives

FUNCTIONS_OF_TWO = {
    "add": lambda T, x, y: T.add(x, y, alpha=3),
    "sub": lambda T, x, y: T.sub(x, y, alpha=0.5),
    "rsub": lambda T, x, y: T.rsub(x, y, alpha=2.0),
    "mul": lambda T, x, y: x * y,
    "div": lambda T, x, y: x / y,
    "div_trunc": lambda T, x, y: T.div(x, y, rounding_mode="trunc"),
    "div_floor": lambda T, x, y: T.div(x, y, rounding_mode="floor"),
    "remainder": lambda T, x, y: x % y,
    "fmod": lambda T, x, y: T.fmod(x, y),
    "neg": lambda T, x, y: -x + +y,
    "numbers": lambda T, x, y: (2 - x) * (3 / y) + (x - 2) / 4,
}


@pytest.mark.parametrize("name", FUNCTIONS_OF_TWO)
def test_derivatives_to_second_order(name):
    assert_same(lambda T: to_second_order(T, lambda x, y: FUNCTIONS_OF_TWO[name](T, x, y), X, Y), rtol=1e-9)


def test_a_number_over_a_tensor_rounds_as_in_pytorch():
    x = np.random.default_rng(0).uniform(0.1, 9, 1000).astype(np.float32)
    assert_same(lambda T: [3 / T.tensor(x), 1 / T.tensor(x)], rtol=0, atol=0)


@pytest.mark.parametrize("dunder", ["+=", "-=", "*=", "/=", "//=", "%=", "**="])
def test_operators_in_place_write_into_the_tensor(dunder):
    def program(T):
        x = T.tensor([3.0, -2.0])
        alias, names = x, {"x": x}
        exec(f"x {dunder} 2", names)
        assert names["x"] is alias
        return alias

    assert_same(program)


def test_operators_in_place_are_differentiated():
    def program(T):
        w = T.tensor([3.0, -2.0], requires_grad=True)
        x = w * 1
        x *= w
        x -= 1
        x /= w
        x **= 2
        x.sum().backward()
        return x, w.grad

    assert_same(program, rtol=1e-6)
