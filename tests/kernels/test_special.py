"""The special functions are right to the last digits, against mpmath (many digits), SciPy and PyTorch."""

from __future__ import annotations

import numpy
import pytest

from minigrad.kernels import special

from .both_libraries import assert_close, both_libraries, home, send

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # minigrad itself silences its own
rng = numpy.random.default_rng(0)
EDGES = numpy.array([0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, numpy.inf, -numpy.inf, numpy.nan, 1e-300, 1e300, 28.0, -28.0])

SMALL = 10.0 ** -rng.uniform(1, 8, 100)

# name -> (where to look, the largest error allowed, in units of the last place)
RANGES = {
    "erf": (numpy.concatenate((rng.uniform(-6, 6, 400), SMALL)), 4),
    "erfc": (numpy.concatenate((rng.uniform(-6, 6, 400), rng.uniform(0, 26, 200))), 8),
    "erfinv": (numpy.concatenate((rng.uniform(-1, 1, 300), 1 - SMALL, SMALL**20)), 8),
    "lgamma": (numpy.concatenate((rng.uniform(0, 12, 400), 1 + SMALL, 2 - SMALL, SMALL, 1 / SMALL)), 8),
    "digamma": (numpy.concatenate((rng.uniform(0.01, 1.2, 200), rng.uniform(1.8, 30, 200))), 16),
}


@pytest.mark.parametrize("name", RANGES)
def test_float64_is_right_to_the_last_digits(name):
    mpmath = pytest.importorskip("mpmath")
    exact = {"lgamma": mpmath.loggamma}.get(name) or getattr(mpmath, name)
    x, places = RANGES[name]
    y = getattr(special, name)(x)
    with mpmath.workdps(40):
        right = [exact(mpmath.mpf(float(number))) for number in x]
        errors = [abs(mpmath.mpf(float(a)) - b) / mpmath.mpf(float(numpy.spacing(abs(float(b))))) for a, b in zip(y, right)]
    worst = int(numpy.argmax([float(e) for e in errors]))
    assert errors[worst] <= places, f"{name}({x[worst]!r}) is off by {float(errors[worst]):.1f} units of the last place"


@pytest.mark.parametrize("name", ["lgamma", "digamma"])
def test_reflection_is_right_to_thirteen_digits(name):
    mpmath = pytest.importorskip("mpmath")
    x = rng.uniform(-20, 0, 300)
    exact = (lambda t: mpmath.log(abs(mpmath.gamma(t)))) if name == "lgamma" else mpmath.digamma
    with mpmath.workdps(40):
        right = numpy.array([float(exact(mpmath.mpf(float(number)))) for number in x])
    numpy.testing.assert_allclose(getattr(special, name)(x), right, rtol=1e-13, atol=1e-13)


@both_libraries
@pytest.mark.parametrize("name", RANGES)
def test_edges_are_pytorchs(library, name):
    torch = pytest.importorskip("torch")
    expected = getattr(torch, name)(torch.tensor(EDGES)).numpy()
    actual = home(getattr(special, name)(send(library)(EDGES)))
    numpy.testing.assert_allclose(actual, expected, rtol=1e-14)
    zeros = EDGES == 0
    numpy.testing.assert_array_equal(numpy.signbit(actual[zeros]), numpy.signbit(expected[zeros]))


@both_libraries
@pytest.mark.parametrize("n", [1, 2, 3, 6])
def test_polygamma_is_right_to_fourteen_digits(library, n):
    mpmath = pytest.importorskip("mpmath")
    x = numpy.concatenate((rng.uniform(0.01, 30, 100), 10.0 ** rng.uniform(-3, 6, 30), rng.uniform(-12, 0, 50)))
    with mpmath.workdps(40):
        right = numpy.array([float(mpmath.polygamma(n, mpmath.mpf(float(number)))) for number in x])
    numpy.testing.assert_allclose(home(special.polygamma(n, send(library)(x))), right, rtol=2e-14)


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("dtype, tolerance", [("float32", 3e-7), ("float16", 1e-3)])
def test_smaller_floats_are_rounded_from_larger_ones(name, dtype, tolerance):
    x = numpy.abs(rng.uniform(-0.99, 0.99, (30, 40)) * (1 if name == "erfinv" else 5)).astype(dtype)
    assert_close(getattr(special, name)(x), getattr(special, name)(x.astype("float64")), tolerance, dtype)


def test_the_quick_erf_for_float32_is_good_to_four_units_of_the_last_place():
    scipy_special = pytest.importorskip("scipy.special")
    x = numpy.concatenate((rng.uniform(-6, 6, 200_000), 10.0 ** rng.uniform(-30, 0, 10_000), EDGES)).astype("float32")
    right = scipy_special.erf(x.astype("float64"))
    error = numpy.abs(special.erf(x) - right) / numpy.spacing(numpy.abs(right).astype("float32"))
    assert numpy.nanmax(error) <= 4
    numpy.testing.assert_array_equal(numpy.isnan(error), numpy.isnan(x))


@pytest.mark.parametrize("name", RANGES)
def test_any_shape_and_stride_is_fine(name):
    x = rng.uniform(0.1, 0.9, (4, 200, 60))[::2, ::-1, ::3].transpose(2, 0, 1)
    function = getattr(special, name)
    numpy.testing.assert_array_equal(function(x), function(x.ravel()).reshape(x.shape))
    assert function(x[0, 0, 0]) == function(x)[0, 0, 0] and function(x[:0]).shape == x[:0].shape


def test_integers_are_refused_in_words():
    with pytest.raises(TypeError, match="erf takes an array of floats, got int64"):
        special.erf(numpy.arange(3))
    with pytest.raises(ValueError, match="takes n >= 1"):
        special.polygamma(0, numpy.ones(1))
