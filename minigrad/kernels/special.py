"""Special functions that NumPy lacks: erf, erfc, erfinv, lgamma, digamma, polygamma, to the last digits of float64.

Each is a few classical formulas, each good on a part of the line (a rational approximation, a series, an asymptotic
expansion, a recurrence or reflection that leads to one of these), and `_piecewise` puts the parts together.  float32 is
computed in float64 and rounded, but for erf, which GELU calls in every layer and which has a formula of its own.
References: Abramowitz & Stegun, "Handbook of Mathematical Functions" (1964), chapters 6, 7 and 23; the papers named below.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from math import factorial, log, pi, sqrt
from typing import Any

import numpy

from ._namespace import Array, array_namespace, is_half
from .elementwise import clip

CHUNK = 1 << 16  # numbers in a chunk: the dozen passes over one find it in the cache


def _elementwise(function: Callable[..., Array]) -> Callable[..., Array]:
    """Let a function of a flat float64 array (or float32, if it is erf) take arrays of any shape and float dtype."""

    @functools.wraps(function)
    def wrapper(*args: Any) -> Array:
        *numbers, x = args
        xp, keeps_single = array_namespace(x), function.__name__ == "erf"
        if x.dtype.kind != "f" and not is_half(x):
            raise TypeError(f"{function.__name__} takes an array of floats, got {x.dtype}")
        flat, out = xp.ascontiguousarray(x).reshape(-1), xp.empty(x.size, x.dtype)
        single = keeps_single and x.dtype != "float64"
        step = CHUNK if xp is numpy else max(x.size, 1)
        for start in range(0, x.size, step):
            part = flat[start : start + step].astype("float32" if single else "float64", copy=False)
            out[start : start + step] = function(*numbers, part)
        return out.reshape(x.shape)[()]

    return wrapper


def _piecewise(x: Array, *pieces: tuple[Array, Callable[[Array], Array]]) -> Array:
    """f(x) for the f of the first mask that holds; NaN where none does."""
    xp = array_namespace(x)
    out = xp.full(x.shape, xp.nan, x.dtype)
    left = xp.ones(x.shape, bool)
    for mask, f in pieces:
        mask = mask & left
        left &= ~mask
        if bool(mask.any()):
            out[mask] = f(x[mask])
    return out


def _polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """The first coefficient is that of the highest power   (Horner's rule, in place)."""
    y = x * coefficients[0]
    y += coefficients[1]
    for c in coefficients[2:]:
        y *= x
        y += c
    return y


# ------------------------------------------------------------------------------------------------ the error function
@_elementwise
def erf(x: Array) -> Array:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    >>> erf(numpy.array([0.0, 1.0, numpy.inf])).round(6)
    array([0.      , 0.842701, 1.      ])
    """
    xp = array_namespace(x)
    if x.dtype == "float32":
        return _erf_single(x)
    a = xp.abs(x)
    return _piecewise(x, (a <= 0.46875, _erf_near), (a > 0, lambda x: xp.copysign(1 - _erfc_far(xp.abs(x)), x)))


@_elementwise
def erfc(x: Array) -> Array:
    """1 - erf(x), without the cancellation for large x.

    >>> erfc(numpy.array([0.0, 10.0]))
    array([1.00000000e+00, 2.08848758e-45])
    """
    xp = array_namespace(x)
    return _piecewise(
        x,
        (xp.abs(x) <= 0.46875, lambda x: 1 - _erf_near(x)),
        (x > 0, _erfc_far),
        (x < 0, lambda x: 2 - _erfc_far(-x)),
    )


def _erf_single(x: Array) -> Array:
    """erf(x) = tanh(x q(x^2)): q(t) = artanh(erf(sqrt t)) / sqrt t is nearly straight, and seven powers reach float32.

    q was fitted to least maximal relative error of erf on |x| <= 4, beyond which erf is 1: 3 units in the last place.
    One third of the passes of a rational approximation, for NumPy's tanh is quick.
    """
    y = _polynomial(ERF_TANH, clip(x * x, None, 16))
    y *= x
    return array_namespace(x).tanh(y, out=y)


ERF_TANH = (
    5.42174598e-09, 2.75723500e-08, -4.79456904e-06, 8.45964194e-05,
    -6.14837874e-04, -1.95288550e-04, 1.02769864e-01, 1.12837925e00,
)  # fmt: skip

# Cody, "Rational Chebyshev approximations for the error function" (1969): erf x = x P(x^2) / Q(x^2) near 0, and
# erfc x = exp(-x^2) P(x) / Q(x) up to 4, beyond it exp(-x^2) / x (1 / sqrt(pi) - P(1 / x^2) / Q(1 / x^2) / x^2).
ERF_P = (
    1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3,
)  # fmt: skip
ERF_Q = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
ERFC_P = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1, 2.98635138197400131e2,
    8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)  # fmt: skip
ERFC_Q = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
TAIL_P = (
    1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
    1.60837851487422766e-2, 6.58749161529837803e-4,
)  # fmt: skip
TAIL_Q = (
    1.0, 2.56852019228982242e0, 1.87295284992346047e0, 5.27905102951428412e-1, 6.05183413124413191e-2,
    2.33520497626869185e-3,
)  # fmt: skip


def _erf_near(x: Array) -> Array:
    t = x * x
    return x * _polynomial(ERF_P, t) / _polynomial(ERF_Q, t)


def _erfc_far(x: Array) -> Array:
    """erfc for x > 0.46875."""
    xp = array_namespace(x)
    x = xp.minimum(x, 30.0)  # where erfc is 0
    t = 1 / (x * x)
    tail = (1 / sqrt(pi) - t * _polynomial(TAIL_P, t) / _polynomial(TAIL_Q, t)) / x
    ratio = xp.where(x <= 4, _polynomial(ERFC_P, x) / _polynomial(ERFC_Q, x), tail)
    # An error in x^2 is as large relatively in exp(-x^2): split x so that the first square is exact.
    high = xp.floor(x * 16) / 16
    return xp.exp(-high * high) * xp.exp((high - x) * (high + x)) * ratio


@_elementwise
def erfinv(y: Array) -> Array:
    """The x with erf(x) = y; infinite at -1 and 1, NaN beyond   (Wichura, "Algorithm AS 241", 1988).

    >>> erfinv(numpy.array([0.0, 0.5, 1.0]))
    array([0.        , 0.47693628,        inf])
    """
    xp = array_namespace(y)
    a = xp.abs(y)
    return _piecewise(
        y,
        (a <= 0.85, lambda y: y * _ratio(CENTRE, 0.180625 - y * y / 4) / (2 * sqrt(2))),
        (a < 1, _erfinv_tail),
        (a == 1, lambda y: y * xp.inf),
    )


def _erfinv_tail(y: Array) -> Array:
    xp = array_namespace(y)
    r = xp.sqrt(-xp.log((1 - xp.abs(y)) / 2))
    return xp.copysign(xp.where(r <= 5, _ratio(MIDDLE, r - 1.6), _ratio(END, r - 5)) / sqrt(2), y)


def _ratio(pair: tuple[Sequence[float], Sequence[float]], x: Array) -> Array:
    return _polynomial(pair[0], x) / _polynomial(pair[1], x)


CENTRE = (
    (
        2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
        1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0,
    ),
    (
        5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
        5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0,
    ),
)  # fmt: skip
MIDDLE = (
    (
        7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258e0,
        3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0, 1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1,
        6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0,
    ),
)  # fmt: skip
END = (
    (
        2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2,
        2.96560571828504891230e-1, 1.78482653991729133580e0, 5.46378491116411436990e0, 6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4,
        1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0,
    ),
)  # fmt: skip


# ------------------------------------------------------------------------------------- the gamma function's family
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)  # B2, B4, ..., B16


@_elementwise
def lgamma(x: Array) -> Array:
    """log |Gamma(x)|; infinite at 0, -1, -2, ...

    >>> lgamma(numpy.array([0.5, 1.0, 5.0, -1.0]))
    array([0.57236494, 0.        , 3.17805383,        inf])
    """
    return _piecewise(x, (x < 0, _lgamma_reflected), (x < 1.5, _lgamma_below), (x < 10, _lgamma_near), (x >= 10, _stirling))


def _stirling(x: Array) -> Array:
    """log Gamma(x) for large x   (A&S 6.1.40)."""
    xp = array_namespace(x)
    inverse = 1 / x
    series = [B / (2 * k * (2 * k - 1)) for k, B in enumerate(BERNOULLI, 1)]
    finite = (x - 0.5) * xp.log(x) - x + (0.5 * log(2 * pi) + inverse * _polynomial(series[::-1], inverse * inverse))
    return xp.where(x == xp.inf, x, finite)


def _lgamma_at_2(z: Array) -> Array:
    """log Gamma(2 + z) for |z| <= 1/2: z (1 - gamma) + sum over k of (-1)^k (zeta(k) - 1) z^k / k   (A&S 6.1.33)."""
    return z * _polynomial(_zeta_series(), z)


@functools.cache
def _zeta_series() -> list[float]:
    euler = 0.57721566490153286061
    zetas = _hurwitz(numpy.arange(2.0, 28.0), numpy.full(26, 2.0))  # zeta(k) - 1, for the sum starts at n = 2
    return [*[float((-1) ** k * zeta / k) for k, zeta in enumerate(zetas, 2)][::-1], 1 - euler]


def _lgamma_below(x: Array) -> Array:
    """For 0 <= x < 1.5, by Gamma(x) = Gamma(x + 1) / x, once or twice."""
    xp = array_namespace(x)
    z = xp.where(x < 0.5, x, x - 1)
    return _lgamma_at_2(z) - xp.log1p(z) - xp.where(x < 0.5, xp.log(x), 0.0)


def _lgamma_near(x: Array) -> Array:
    """For 1.5 <= x < 10, by Gamma(x) = (x - 1) (x - 2) ... Gamma(x - n) with x - n near 2."""
    xp = array_namespace(x)
    factors, rest = xp.ones_like(x), x.copy()
    for _ in range(8):
        above = rest >= 2.5
        rest = xp.where(above, rest - 1, rest)
        factors *= xp.where(above, rest, 1.0)
    return xp.log(factors) + _lgamma_at_2(rest - 2)


def _lgamma_reflected(x: Array) -> Array:
    """For x < 0: Gamma(x) Gamma(1 - x) = pi / sin(pi x)   (A&S 6.1.17)."""
    xp = array_namespace(x)
    sine = xp.abs(xp.sin(pi * (x - xp.rint(x))))
    return xp.where(xp.isinf(x), xp.inf, log(pi) - xp.log(sine) - lgamma(1 - x))


@_elementwise
def digamma(x: Array) -> Array:
    """The derivative of log Gamma(x); NaN at -1, -2, ..., and of infinite size at 0, as in PyTorch.

    >>> digamma(numpy.array([1.0, 0.5]))
    array([-0.57721566, -1.96351003])
    """
    xp = array_namespace(x)
    return _piecewise(
        x,
        (x == 0, lambda x: xp.copysign(xp.full_like(x, xp.inf), -x)),
        (x < 0, lambda x: _digamma_positive(1 - x) - pi / xp.tan(pi * (x - xp.rint(x))) + _nan_at_integers(x)),
        (x > 0, _digamma_positive),
    )


def _nan_at_integers(x: Array) -> Array:
    xp = array_namespace(x)
    return xp.where(x == xp.floor(x), xp.nan, 0.0)


def _digamma_positive(x: Array) -> Array:
    """Up to x >= 10 by psi(x) = psi(x + 1) - 1 / x, then log x - 1 / 2x - sum of B / (2k x^2k)   (A&S 6.3.18)."""
    xp = array_namespace(x)
    total = xp.zeros_like(x)
    for _ in range(10):
        below = x < 10
        total -= xp.where(below, 1 / x, 0.0)
        x = xp.where(below, x + 1, x)
    t = 1 / (x * x)
    series = [B / (2 * k) for k, B in enumerate(BERNOULLI, 1)]
    return total + xp.log(x) - 0.5 / x - t * _polynomial(series[::-1], t)


@_elementwise
def polygamma(n: int, x: Array) -> Array:
    """The n-th derivative of digamma, n >= 1: (-1)^(n + 1) n! sum over k >= 0 of 1 / (x + k)^(n + 1)   (A&S 6.4.10).

    >>> polygamma(1, numpy.array([1.0]))
    array([1.64493407])
    """
    if n < 1:
        raise ValueError(f"polygamma(n, x) takes n >= 1, got n={n}; the derivative of order 0 is digamma")
    return (-1) ** (n + 1) * float(factorial(n)) * _hurwitz(n + 1.0, x)


def _hurwitz(s: Any, q: Array) -> Array:
    """zeta(s, q) = sum over k >= 0 of (q + k)^-s for s > 1: ten terms and the Euler-Maclaurin rest   (A&S 23.2)."""
    xp = array_namespace(q)
    total = xp.zeros_like(q)
    lowest = float(q.min()) if q.size else 0.0
    for _ in range(10 + max(0, min(int(-lowest), 10_000) + 1 if lowest < 0 else 0)):
        total += q**-s
        q = q + 1
    total += q ** (1 - s) / (s - 1) + 0.5 * q**-s
    term = s * q ** (-s - 1) / 2  # of the derivatives: s (s + 1) ... (s + 2k - 2) q^(-s - 2k + 1) / (2k)!, times B
    for k, B in enumerate(BERNOULLI, 1):
        total += B * term
        term = term * (s + 2 * k - 1) * (s + 2 * k) / ((2 * k + 1) * (2 * k + 2)) / (q * q)
    return total
