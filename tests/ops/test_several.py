"""Functions of several variables agree with PyTorch: values, types, and derivatives to second order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minigrad
from tests.oracle import assert_agrees, assert_both_raise, assert_same, to_second_order

inf, nan = np.inf, np.nan
X, Y = np.array([-2.0, -0.5, 0.7, 1.0, 3.0]), np.array([[0.5], [2.0]])
SMOOTH = ["atan2", "hypot", "logaddexp", "logaddexp2", "copysign", "nextafter"]
INTEGRAL = ["gcd", "lcm"]
REST = ["xlogy", "heaviside", "ldexp"]
TYPES = ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"]


SUMS = {
    "addcmul": lambda T, x, y: T.addcmul(x, y, x, value=2),
    "addcdiv": lambda T, x, y: T.addcdiv(x, y, x, value=0.5),
    "lerp by a number": lambda T, x, y: T.lerp(x, y, 0.7),
    "lerp by a tensor": lambda T, x, y: T.lerp(x, y, x * y),
}


@pytest.mark.parametrize("name", SUMS)
def test_weighted_sums_to_second_order(name):
    assert_same(lambda T: to_second_order(T, lambda x, y: SUMS[name](T, x, y), X, Y), rtol=1e-9)


@pytest.mark.parametrize("kind", TYPES)
def test_types_of_weighted_sums(kind):
    x = np.array([1, 4, 6]).astype(kind)
    for value in (1, 2, True, *[0.5] * kind.startswith("float")):
        assert_agrees(lambda T, value=value: T.addcmul(T.tensor(x), T.tensor(x), T.tensor(2.0), value=value), 2e-3)
        assert_agrees(lambda T, value=value: T.addcmul(T.tensor(x), T.tensor(x), T.tensor(x), value=value), 2e-3)
        assert_agrees(lambda T, value=value: T.addcdiv(T.tensor(x), T.tensor(x), T.tensor(x), value=value), 2e-3)
    assert_agrees(lambda T: T.lerp(T.tensor(x), T.tensor(x), 0.5))


def test_lerp_ends_exactly_at_its_ends():
    x, y = minigrad.tensor([1e8, 1.0, -3.0]), minigrad.tensor([1.0, 1e-8, 7.0])
    for zero, one in ((0.0, 1.0), (minigrad.zeros(3), minigrad.ones(3))):
        assert minigrad.equal(minigrad.lerp(x, y, zero), x)
        assert minigrad.equal(minigrad.lerp(x, y, one), y)


def call(T, name, x, y):
    return getattr(T.special if name == "xlog1py" else T, name)(x, y)


@pytest.mark.parametrize("name", [*SMOOTH, "xlogy", "xlog1py"])
def test_derivatives_to_second_order(name):
    assert_same(lambda T: to_second_order(T, lambda x, y: call(T, name, x, y), X, Y), rtol=1e-9)


@pytest.mark.parametrize("name", [*SMOOTH, "xlogy", "xlog1py"])
def test_values_and_gradients_at_zero_infinity_and_nan(name):
    places = np.array(list(itertools.product([-inf, -1.0, 0.0, 2.0, inf, nan], repeat=2))).T

    def program(T):
        x, y = (T.tensor(p, requires_grad=True) for p in places)
        value = call(T, name, x, y)
        finite = T.isfinite(value.detach())
        value.sum().backward()
        return value, T.where(finite, x.grad, 0), T.where(finite, y.grad, 0)

    assert_same(program, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [*SMOOTH, *INTEGRAL, *REST])
def test_types(name):
    for left, right in itertools.product(TYPES, TYPES):
        if name == "ldexp" and right == "bool":
            continue  # PyTorch refuses it for some types only
        x, y = np.array([1, 4, 6]).astype(left), np.array([3, 2, 4]).astype(right)

        def program(T, x=x, y=y):
            return call(T, name, T.tensor(x), T.tensor(y))

        assert_agrees(program, 2e-3 if "float16" in (left, right) else 1e-6)


def test_ldexp_with_an_integer_exponent_does_not_overflow_on_the_way():
    assert_same(lambda T: T.ldexp(T.tensor([0.0, 1e-30, 1.0, -1.0]), T.tensor([200, 110, 5000, -5000])))
    assert_same(lambda T: to_second_order(T, lambda x: T.ldexp(x, T.tensor([1, 4, 3, 0, 2])), X))
    assert_same(lambda T: to_second_order(T, T.ldexp, X, Y))


def test_heaviside_of_zero_is_the_value_given():
    assert_same(lambda T: T.heaviside(T.tensor([-1.0, 0.0, -0.0, 2.0, nan]), T.tensor([0.5])))


def test_greatest_divisor_and_least_multiple():
    for a, b in itertools.product(range(-6, 7), repeat=2):
        x, y = minigrad.tensor(a), minigrad.tensor(b)
        assert minigrad.gcd(x, y).item() == int(np.gcd(a, b))
        assert minigrad.gcd(x, y) * minigrad.lcm(x, y) == abs(a * b)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (lambda T: T.addcdiv(T.tensor([1]), T.tensor([1]), T.tensor([1])), "Integer division with addcdiv"),
        (lambda T: T.lerp(T.tensor([1.0]), T.tensor([1.0], dtype=T.float64), 0.5), "expected dtype"),
        (lambda T: T.atan2(T.tensor([1.0]), 1), "argument 'other'"),
        (lambda T: T.hypot(T.tensor([1]), T.tensor([1])), "hypot"),
        (lambda T: T.gcd(T.tensor([1.0]), T.tensor([1.0])), "gcd"),
        (lambda T: T.heaviside(T.tensor([1.0]), T.tensor([1])), "different dtypes"),
        (lambda T: T.heaviside(T.tensor([1.0], requires_grad=True), T.tensor([1.0])).backward(), "derivative for .*heaviside"),
        (lambda T: T.logaddexp(T.tensor([1]), T.tensor([1])), "logaddexp"),
    ],
)
def test_refusals(program, words):
    assert_both_raise(program, words)
