"""Elementary functions of one variable, as a table: name, value, derivative (see `pointwise.py`).

Integers become the default floating type first, but for roundings, signs and sizes, which keep the type they are given.
Read `comparison.py` next, then `activation.py`, where several of these are fused into one.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad import dtypes
from minigrad.autograd.variable import Variable
from minigrad.kernels import array_namespace, special
from minigrad.kernels._namespace import widened
from minigrad.kernels.elementwise import sign as sign_of
from minigrad.ops.choosing import clamp, kept, not_implemented, zeros
from minigrad.ops.pointwise import cast, check_tensor, pointwise, refusing, result_dtype, to_float, unary, unchanged
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
asin = unary("asin", lambda xp, x: xp.arcsin(x), lambda g, x: g * (1 - x * x).rsqrt(), aliases=("arcsin",), doc="The angle whose sine is input.")
acos = unary("acos", lambda xp, x: xp.arccos(x), lambda g, x: -g * (1 - x * x).rsqrt(), aliases=("arccos",), doc="The angle whose cosine is input.")
atan = unary("atan", lambda xp, x: xp.arctan(x), lambda g, x: g / (x * x + 1), aliases=("arctan",), doc="The angle whose tangent is input.")
deg2rad = unary(
    "deg2rad",
    lambda x: x * (math.pi / 180),
    lambda g: g * (math.pi / 180),
    promote=refusing(to_float, "c", "deg2rad", "deg2rad is not supported for complex tensors."),
    doc="Degrees in radians: input * pi / 180.",
)
rad2deg = unary(
    "rad2deg",
    lambda x: x * (180 / math.pi),
    lambda g: g * (180 / math.pi),
    promote=refusing(to_float, "c", "rad2deg", "rad2deg is not supported for complex tensors."),
    doc="Radians in degrees: input * 180 / pi.",
)

# ------------------------------------------------------------------------------------------------ hyperbolic functions

sinh = unary("sinh", lambda xp, x: xp.sinh(x), lambda g, x: g * x.cosh(), doc="(e^input - e^-input) / 2.")
cosh = unary("cosh", lambda xp, x: xp.cosh(x), lambda g, x: g * x.sinh(), doc="(e^input + e^-input) / 2.")
asinh = unary("asinh", lambda xp, x: xp.arcsinh(x), lambda g, x: g * (x * x + 1).rsqrt(), aliases=("arcsinh",), doc="The inverse of sinh.")
acosh = unary(
    "acosh",
    lambda xp, x: xp.arccosh(x),
    lambda g, x: g * ((x - 1).rsqrt() * (x + 1).rsqrt()),
    aliases=("arccosh",),
    doc="The inverse of cosh, for input >= 1.",
)
atanh = unary("atanh", lambda xp, x: xp.arctanh(x), lambda g, x: g / (1 - x * x), aliases=("arctanh",), doc="The inverse of tanh, for |input| <= 1.")


def _tanh_slope(g: Any, y: Any) -> Any:
    slope = y * y
    slope *= -1
    slope += 1
    slope *= g
    return slope


def _sigmoid_slope(g: Any, y: Any) -> Any:
    slope = 1 - y
    slope *= y
    slope *= g
    return slope


_TanhBackward = pointwise(
    "tanh_backward",
    lambda xp, g, y: _tanh_slope(g, y),
    lambda h, y: _TanhBackward.apply(h, y),
    lambda h, g, y: h * g * y * -2,
)
_SigmoidBackward = pointwise(
    "sigmoid_backward",
    lambda xp, g, y: _sigmoid_slope(g, y),
    lambda h, y: _SigmoidBackward.apply(h, y),
    lambda h, g, y: h * g * (1 - y * 2),
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
def _logistic(x: Any) -> Any:
    """1 / (1 + e^-x), which keeps its digits far to the left, where the shorter 0.5 + 0.5 tanh(x / 2) would be 0."""
    xp = array_namespace(x)
    y = -x
    y = xp.exp(y, out=y if y.shape else None)
    y += 1
    return xp.reciprocal(y, out=y if y.shape else None)
