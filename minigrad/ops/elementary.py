"""Elementary functions of one variable, as a table: name, value, derivative (see `pointwise.py`).

Integers become the default floating type first, but for roundings, signs and sizes, which keep the type they are given.
Read `comparison.py` next, then `activation.py`, where several of these are fused into one.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad.kernels import array_namespace, special
from minigrad.kernels._namespace import widened
from minigrad.kernels.elementwise import into
from minigrad.kernels.elementwise import sign as sign_of
from minigrad.ops.choosing import clamp, kept, where, zeros
from minigrad.ops.pointwise import Pointwise, check_tensor, pointwise, refusing, to_float, unary, unchanged
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

SPECIAL = ("", "special")

# ------------------------------------------------------------------------------------------------ exponentials, logarithms

exp = unary(
    "exp",
    lambda xp, x: xp.exp(x),
    lambda g, out: g * out,
    doc="""e^input.

    >>> import minigrad
    >>> minigrad.exp(minigrad.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """,
)
exp2 = unary("exp2", lambda xp, x: xp.exp2(x), lambda g, out: g * (out * math.log(2)), where=SPECIAL, doc="2^input.")
expm1 = unary(
    "expm1",
    lambda xp, x: xp.expm1(x),
    lambda g, out: g * (out + 1),
    where=SPECIAL,
    doc="e^input - 1, without losing the digits of a small input.",
)
log = unary(
    "log",
    lambda xp, x: xp.log(x),
    lambda g, x: g / x,
    doc="""The natural logarithm; -inf at 0, NaN below.

    >>> import minigrad
    >>> minigrad.log(minigrad.tensor([1.0, 0.0]))
    tensor([0., -inf])
    """,
)
log2 = unary("log2", lambda xp, x: xp.log2(x), lambda g, x: g / (x * math.log(2)), doc="The logarithm with base 2.")
log10 = unary("log10", lambda xp, x: xp.log10(x), lambda g, x: g / (x * math.log(10)), doc="The logarithm with base 10.")
log1p = unary(
    "log1p",
    lambda xp, x: xp.log1p(x),
    lambda g, x: g / (x + 1),
    where=SPECIAL,
    doc="log(1 + input), without losing the digits of a small input.",
)

# ------------------------------------------------------------------------------------------------ roots and powers

sqrt = unary("sqrt", lambda xp, x: xp.sqrt(x), lambda g, out: g / (out * 2), doc="The square root; NaN below 0.")
rsqrt = unary("rsqrt", lambda xp, x: 1 / xp.sqrt(x), lambda g, out: g * -0.5 * (out * out * out), doc="1 / sqrt(input).")
reciprocal = unary("reciprocal", lambda x: 1 / x, lambda g, out: -g * (out * out), doc="1 / input.")


@operation(in_place=True)
def square(input: Tensor) -> Tensor:
    """input * input.

    >>> import minigrad
    >>> minigrad.square(minigrad.tensor([3, -4]))
    tensor([ 9, 16])
    """
    check_tensor("square", "input", input)
    return input**2


# ------------------------------------------------------------------------------------------------ trigonometry

sin = unary("sin", lambda xp, x: xp.sin(x), lambda g, x: g * x.cos(), doc="The sine of an angle in radians.")
cos = unary("cos", lambda xp, x: xp.cos(x), lambda g, x: -g * x.sin(), doc="The cosine of an angle in radians.")
tan = unary("tan", lambda xp, x: xp.tan(x), lambda g, out: g * (out * out + 1), doc="The tangent of an angle in radians.")
asin = unary(
    "asin",
    lambda xp, x: xp.arcsin(x),
    lambda g, x: g * (1 - x * x).rsqrt(),
    aliases=("arcsin",),
    doc="The angle whose sine is input.",
)
acos = unary(
    "acos",
    lambda xp, x: xp.arccos(x),
    lambda g, x: -g * (1 - x * x).rsqrt(),
    aliases=("arccos",),
    doc="The angle whose cosine is input.",
)
atan = unary(
    "atan", lambda xp, x: xp.arctan(x), lambda g, x: g / (x * x + 1), aliases=("arctan",), doc="The angle whose tangent is input."
)
deg2rad = unary(
    "deg2rad",
    widened(lambda x: x * (math.pi / 180)),
    lambda g: g * (math.pi / 180),
    promote=refusing(to_float, "c", "deg2rad", "deg2rad is not supported for complex tensors."),
    doc="Degrees in radians: input * pi / 180.",
)
rad2deg = unary(
    "rad2deg",
    widened(lambda x: x * (180 / math.pi)),
    lambda g: g * (180 / math.pi),
    promote=refusing(to_float, "c", "rad2deg", "rad2deg is not supported for complex tensors."),
    doc="Radians in degrees: input * 180 / pi.",
)

# ------------------------------------------------------------------------------------------------ hyperbolic functions

sinh = unary("sinh", lambda xp, x: xp.sinh(x), lambda g, x: g * x.cosh(), doc="(e^input - e^-input) / 2.")
cosh = unary("cosh", lambda xp, x: xp.cosh(x), lambda g, x: g * x.sinh(), doc="(e^input + e^-input) / 2.")
asinh = unary(
    "asinh", lambda xp, x: xp.arcsinh(x), lambda g, x: g * (x * x + 1).rsqrt(), aliases=("arcsinh",), doc="The inverse of sinh."
)
acosh = unary(
    "acosh",
    lambda xp, x: xp.arccosh(x),
    lambda g, x: g * (x * x - 1).rsqrt(),
    aliases=("arccosh",),
    doc="The inverse of cosh, for input >= 1.",
)
atanh = unary(
    "atanh",
    lambda xp, x: xp.arctanh(x),
    lambda g, x: g / (1 - x * x),
    aliases=("arctanh",),
    doc="The inverse of tanh, for |input| <= 1.",
)


# Networks call the backward of these two at every layer: an operation of its own makes it three passes over one buffer.


def _tanh_slope(g: Any, y: Any) -> Any:
    """g (1 - y^2)"""
    slope = y * y
    slope *= g
    return array_namespace(g).subtract(g, slope, out=into(slope))


def _sigmoid_slope(g: Any, y: Any) -> Any:
    """g y (1 - y)"""
    slope = 1 - y
    slope *= y
    slope *= g
    return slope


_TanhBackward: type[Pointwise] = pointwise(
    "tanh_backward", _tanh_slope, lambda h, y: _TanhBackward.apply(h, y), lambda h, g, y: h * g * y * -2
)
_SigmoidBackward: type[Pointwise] = pointwise(
    "sigmoid_backward", _sigmoid_slope, lambda h, y: _SigmoidBackward.apply(h, y), lambda h, g, y: h * g * (1 - y * 2)
)
tanh = unary(
    "tanh",
    lambda xp, x: xp.tanh(x),
    lambda g, out: _TanhBackward.apply(g, out),
    where=("", "nn.functional"),
    doc="""(e^input - e^-input) / (e^input + e^-input), between -1 and 1.

    >>> import minigrad
    >>> minigrad.tanh(minigrad.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.7616,  0.0000,  0.7616])
    """,
)


@widened
def logistic(x: Any) -> Any:
    """1 / (1 + e^-x), which keeps its digits far to the left, where the shorter 0.5 + 0.5 tanh(x / 2) would be 0."""
    xp = array_namespace(x)
    y = -x
    y = xp.exp(y, out=into(y))
    y += 1
    return xp.divide(1, y, out=into(y))


sigmoid = unary(
    "sigmoid",
    logistic,
    lambda g, out: _SigmoidBackward.apply(g, out),
    where=("", "nn.functional"),
    doc="""1 / (1 + e^-input), between 0 and 1: the logistic function.

    >>> import minigrad
    >>> minigrad.sigmoid(minigrad.tensor([-20.0, 0.0, 20.0]))
    tensor([2.0612e-09, 5.0000e-01, 1.0000e+00])
    """,
)
operation(sigmoid, name="expit", where="special", method=False)


def _is_probability(x: Any) -> Any:
    return (x >= 0) & (x <= 1)


_Logit = pointwise(
    "logit",
    lambda xp, x: xp.log(x / (1 - x)),
    lambda g, x: where(_is_probability(x), g / (x * (1 - x)), math.nan),
    promote=refusing(to_float, "c", "logit"),
)


@operation(in_place=True, where=SPECIAL)
def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(input / (1 - input)), the inverse of `sigmoid`; with `eps`, of input clamped to [eps, 1 - eps].

    >>> import minigrad
    >>> minigrad.logit(minigrad.tensor([0.5, 0.9]))
    tensor([0.0000, 2.1972])
    """
    check_tensor("logit", "input", input)
    if eps is None:
        return _Logit.apply(input)
    return _Logit.apply(clamp(input, eps, 1 - eps))


# ------------------------------------------------------------------------------------------------ size, sign, rounding


def _whole(name: str) -> Any:
    """A function that leaves integers as they are."""
    return lambda xp, x: x.copy() if x.dtype.kind in "iu" else getattr(xp, name)(x)


def _rounding(name: str, function: str, doc: str, **public: Any) -> Any:
    return unary(name, _whole(function), zeros, promote=refusing(unchanged, "bc", name), doc=doc, **public)


abs = unary(
    "abs",
    lambda xp, x: xp.abs(x),
    lambda g, x: g * x.sgn(),
    promote=refusing(unchanged, "b", "abs"),
    aliases=("absolute",),
    doc="The size of input, whatever its sign; the gradient at 0 is 0.",
)
sign = unary(
    "sign",
    sign_of,
    zeros,
    promote=refusing(unchanged, "c", "sign"),
    doc="-1 for negative numbers, 1 for positive, 0 for 0 (and NaN).",
)
sgn = unary("sgn", sign_of, zeros, promote=unchanged, doc="`sign`, and for complex numbers input / |input|.")
floor = _rounding("floor", "floor", "The largest whole number that is not above input.")
ceil = _rounding("ceil", "ceil", "The smallest whole number that is not below input.")
trunc = _rounding("trunc", "trunc", "The whole part of input, towards 0.", aliases=("fix",))
frac = unary(
    "frac",
    lambda xp, x: x - xp.trunc(x),
    lambda g: g,
    promote=refusing(unchanged, "biuc", "frac"),
    doc="What `trunc` leaves: input - trunc(input).",
)
_Round = pointwise("round", _whole("rint"), zeros, promote=refusing(unchanged, "bc", "round"))
_RoundDecimals = pointwise(
    "round", lambda xp, x, decimals: xp.round(x, decimals), zeros, promote=refusing(unchanged, "biuc", "round")
)


@operation(in_place=True, where=SPECIAL)
def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """The nearest whole number, or multiple of 10^-decimals; halves go to the even neighbour.

    >>> import minigrad
    >>> minigrad.round(minigrad.tensor([0.5, 1.5, 2.6]))
    tensor([0., 2., 3.])
    """
    check_tensor("round", "input", input)
    return _RoundDecimals.apply(input, decimals) if decimals else _Round.apply(input)


# ------------------------------------------------------------------------------------------------ special functions


def _special(name: str, function: Any, derivative: Any, doc: str, **public: Any) -> Any:
    return unary(name, function, derivative, promote=refusing(to_float, "c", name), doc=doc, **({"where": SPECIAL} | public))


def _bell(x: Tensor) -> Tensor:
    """2 / sqrt(pi) exp(-x^2), the derivative of erf."""
    return (-x * x).exp() * (2 / math.sqrt(math.pi))


@widened
def _sinc(x: Any) -> Any:
    xp = array_namespace(x)
    x = x * math.pi
    return xp.where(x == 0, x.dtype.type(1), xp.sin(x) / x)


@widened
def _entropy(x: Any) -> Any:
    xp = array_namespace(x)
    return xp.where(x == 0, x.dtype.type(0), xp.where(x < 0, x.dtype.type(-math.inf), -x * xp.log(x)))


erf = _special("erf", special.erf, lambda g, x: g * _bell(x), "2 / sqrt(pi) times the integral of exp(-t^2) from 0 to input.")
erfc = _special("erfc", special.erfc, lambda g, x: -g * _bell(x), "1 - erf(input), without the cancellation for large input.")
erfinv = _special(
    "erfinv", special.erfinv, lambda g, out: g * ((out * out).exp() * (math.sqrt(math.pi) / 2)), "The x with erf(x) = input."
)
lgamma = _special("lgamma", special.lgamma, lambda g, x: g * x.digamma(), "log |Gamma(input)|.", where="")
digamma = _special("digamma", special.digamma, lambda g, x: g * polygamma(1, x), "The derivative of log Gamma(input).", where="")
operation(lgamma, name="gammaln", where="special", method=False)
operation(digamma, name="psi", where="special", method=False)
operation(digamma, name="digamma", where="special", method=False)

_Polygamma = pointwise(
    "polygamma",
    lambda xp, x, n: special.polygamma(n, x),
    lambda g, x, n: g * polygamma(n + 1, x),
    promote=refusing(to_float, "c", "polygamma"),
)


@operation(where=SPECIAL, method=False)
def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of `digamma`, n = 0, 1, 2..."""
    check_tensor("polygamma", "input", input)
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return _Polygamma.apply(input, n) if n else digamma(input)


@operation(where=(), method=True, name="polygamma", in_place=True)
def _polygamma_method(input: Tensor, n: int) -> Tensor:
    """The n-th derivative of `digamma`, n = 0, 1, 2..."""
    return polygamma(n, input)


sinc = unary(
    "sinc",
    _sinc,
    lambda g, x: kept(g * (((x * math.pi).cos() - x.sinc()) / x), x._array != 0),
    where=SPECIAL,
    doc="sin(pi input) / (pi input), and 1 at 0.",
)
entr = _special(
    "entr",
    _entropy,
    lambda g, x: g * where(x < 0, math.nan, -x.log() - 1),
    "-input log(input), 0 at 0, -inf below.",
    where="special",
    in_place=False,
)
ndtr = _special(
    "ndtr",
    widened(lambda x: special.erfc(x * -math.sqrt(0.5)) * 0.5),
    lambda g, x: g * ((x * x * -0.5).exp() * (1 / math.sqrt(2 * math.pi))),
    "The probability that a standard normal number is below input.",
    where="special",
    in_place=False,
)

Tensor.__abs__ = abs  # type: ignore[method-assign]
