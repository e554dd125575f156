"""Functions of one variable agree with PyTorch: values at ordinary and extreme places, types, derivatives to second order."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from tests.oracle import assert_agrees, assert_both_raise, assert_same, to_second_order

inf, nan = np.inf, np.nan
EVERYWHERE = np.array([-2.5, -1.0, -0.3, 0.0, 0.4, 1.0, 2.5])
POSITIVE, PROBABLE = np.array([0.1, 0.5, 1.0, 1.7, 9.0]), np.array([-0.9, -0.3, 0.0, 0.2, 0.8])

# name -> where its derivatives are compared
NAMES = {
    "exp": EVERYWHERE, "exp2": EVERYWHERE, "expm1": EVERYWHERE, "log": POSITIVE, "log2": POSITIVE, "log10": POSITIVE,
    "log1p": POSITIVE, "sqrt": POSITIVE, "rsqrt": POSITIVE, "square": EVERYWHERE, "reciprocal": POSITIVE - 2.05,
    "sin": EVERYWHERE, "cos": EVERYWHERE, "tan": EVERYWHERE, "asin": PROBABLE, "acos": PROBABLE, "atan": EVERYWHERE,
    "sinh": EVERYWHERE, "cosh": EVERYWHERE, "tanh": EVERYWHERE, "asinh": EVERYWHERE, "acosh": POSITIVE + 1.2,
    "atanh": PROBABLE, "sigmoid": EVERYWHERE, "abs": EVERYWHERE, "sign": EVERYWHERE, "sgn": EVERYWHERE,
    "neg": EVERYWHERE, "floor": EVERYWHERE, "ceil": EVERYWHERE, "trunc": EVERYWHERE, "round": EVERYWHERE,
    "frac": EVERYWHERE, "deg2rad": EVERYWHERE, "rad2deg": EVERYWHERE, "erf": EVERYWHERE, "erfc": EVERYWHERE,
    "erfinv": PROBABLE, "lgamma": POSITIVE, "digamma": POSITIVE, "sinc": EVERYWHERE,
    "logit": np.abs(PROBABLE[[0, 1, 3, 4]]),
}  # fmt: skip
ALIASES = {
    "absolute": "abs", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "negative": "neg", "fix": "trunc",
}  # fmt: skip
EXTREMES = [-inf, -1e30, -200.0, -20.0, -1.0, -0.5, -0.0, 0.0, 1e-30, 0.5, 1.0, 1.5, 2.0, 20.0, 200.0, 1e30, inf, nan]


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_to_second_order(name):
    tolerance = 1e-6 if name in ("lgamma", "digamma") else 1e-9  # PyTorch's polygamma is that exact
    assert_same(lambda T: to_second_order(T, getattr(T, name), NAMES[name]), tolerance, 1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients_at_extreme_places(name):
    places = [x for x in EXTREMES if not (abs(x) in (1e30, 200.0) and name in ("sin", "cos", "tan", "sinc", "digamma", "lgamma"))]

    def program(T):
        x = T.tensor(places, dtype=T.float64, requires_grad=True)
        y = getattr(T, name)(x)
        y.backward(T.ones_like(y))
        return y, x.grad + 0 if name not in ("lgamma", "digamma", "sinc", "tan") else y

    assert_same(program, 1e-6, 1e-300)


@pytest.mark.parametrize("kind", ["bool", "uint8", "int8", "int64", "float16", "float32", "float64", "complex64"])
@pytest.mark.parametrize("name", [*NAMES, *ALIASES])
def test_types(name, kind):
    for values in ([-2.5, 0.0, 3.0], 3, []):
        x = np.asarray(values).astype(kind) if kind not in ("bool", "uint8") else np.abs(values).astype(kind)
        assert_agrees(lambda T: getattr(T, name)(T.tensor(x)), 2e-3 if kind == "float16" else 2e-6)  # noqa: B023


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_stays_bfloat16_and_is_rounded_once(name):
    pytest.importorskip("ml_dtypes")
    x = np.float32(np.abs(NAMES[name]) / 4 + 1.25 * (name == "acosh"))

    def program(T):
        y = getattr(T, name)(T.tensor(x).bfloat16())
        return y.float(), T.tensor(y.dtype is T.bfloat16)

    assert_same(program, rtol=2**-7)


def test_methods_in_place_and_out_forms():
    for name in NAMES:
        x = minigrad.tensor(NAMES[name])
        expected, place, written = getattr(minigrad, name)(x), minigrad.zeros_like(x), x.clone()
        getattr(minigrad, name)(x, out=place)
        getattr(written, name + "_")()
        for result in (getattr(x, name)(), place, written):
            assert minigrad.isclose(result, expected, rtol=0, atol=0, equal_nan=True).all(), name


def test_special_names_are_the_same_functions():
    x = minigrad.tensor([0.25, 0.5])
    pairs = {
        "expit": "sigmoid",
        "psi": "digamma",
        "gammaln": "lgamma",
        "exp2": "exp2",
        "round": "round",
        "sinc": "sinc",
        "erf": "erf",
    }
    for special, plain in pairs.items():
        assert minigrad.equal(getattr(minigrad.special, special)(x), getattr(minigrad, plain)(x))


def test_non_contiguous_input():
    x = np.arange(1.0, 13.0).reshape(3, 4)
    assert_same(lambda T: [T.exp(T.tensor(x).T), T.sigmoid(T.tensor(x)[:, ::2]), T.sign(T.tensor(x).T)])


# ------------------------------------------------------------------------------------------------ particular functions


def test_sigmoid_keeps_its_digits_far_to_the_left():
    x = np.float32([-88, -60, -20, -5, 0, 5, 20])
    assert_same(lambda T: [T.sigmoid(T.tensor(x)), T.sigmoid(T.tensor(x)).log()], rtol=3e-7, atol=0)


@pytest.mark.parametrize("decimals", [0, 1, 3, -1, -2])
def test_round_to_decimals_with_halves_to_even(decimals):
    x = np.array([0.5, 1.5, 2.5, -0.5, 1.25, 0.1251, 15.0, 25.0, 1234.5678, inf, nan])
    assert_same(lambda T: to_second_order(T, lambda x: T.round(x, decimals=decimals), x))


@pytest.mark.parametrize("eps", [None, 0.25, 1e-6])
def test_logit_outside_its_domain(eps):
    x = np.array([-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, nan])
    assert_same(lambda T: to_second_order(T, lambda x: T.logit(x, eps), x)[:2])


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_polygamma(n):
    assert_same(lambda T: to_second_order(T, lambda x: T.polygamma(n, x) + x.polygamma(n), POSITIVE), rtol=1e-6)


@pytest.mark.parametrize("name", ["entr", "ndtr"])
def test_functions_of_special_alone(name):
    assert_same(lambda T: to_second_order(T, getattr(T.special, name), POSITIVE), rtol=1e-9)
    assert_same(
        lambda T: [getattr(T.special, name)(T.tensor([-1.0, 0.0, 2.0, nan])), getattr(T.special, name)(T.tensor([1, 2]))], 1e-6
    )


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (lambda T: T.exp(1.0), r"exp\(\): argument 'input'"),
        (lambda T: T.floor(T.tensor([True])), "floor"),
        (lambda T: T.sign(T.tensor([1j])), "sign"),
        (lambda T: T.erf(T.tensor([1j])), "erf"),
        (lambda T: T.frac(T.tensor([1])), "frac"),
        (lambda T: abs(T.tensor([True])), "abs"),
        (lambda T: T.round(T.tensor([1]), decimals=1), "round"),
        (lambda T: T.polygamma(-1, T.tensor([1.0])), "negative n"),
        (lambda T: T.tensor([1]).exp_(), "can't be cast"),
    ],
)
def test_refusals(program, words):
    assert_both_raise(program, words)
