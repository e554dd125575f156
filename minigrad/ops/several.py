"""Functions of several variables: weighted sums, angles and lengths, logarithms of sums, divisors (see `pointwise.py`)."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.kernels.elementwise import keep, log_add_exp
from minigrad.ops.arithmetic import check_factor
from minigrad.ops.choosing import kept, not_implemented, zeros
from minigrad.ops.pointwise import (
    binary,
    cast,
    cast_all,
    check_tensor,
    operands,
    pointwise,
    refusing,
    result_dtype,
    to_common,
    to_common_float,
    unchanged,
)
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ weighted sums


def _scaled_to_common(x: Any, a: Any, b: Any, value: Any) -> tuple[Any, ...]:
    return cast_all(result_dtype(x, a, b), (x, a, b, value))


def _scaled(product: Any, value: Any) -> Any:
    """value times a result that nobody else holds."""
    if value != 1:
        product *= value
    return product


_Addcmul = pointwise(
    "addcmul",
    lambda xp, x, a, b, value: x + _scaled(a * b, value),
    lambda g: g,
    lambda g, b, value: g * b * value,
    lambda g, a, value: g * a * value,
    promote=refusing(_scaled_to_common, "b", "addcmul"),
)
_Addcdiv = pointwise(
    "addcdiv",
    lambda xp, x, a, b, value: x + _scaled(a / b, value),
    lambda g: g,
    lambda g, b, value: g * value / b,
    lambda g, a, b, value: -g * value * (a / b) / b,
    promote=refusing(_scaled_to_common, "b", "addcdiv"),
)


def _three_tensors(name: str, value: Any, *tensors: Any) -> None:
    for word, tensor in zip(("input", "tensor1", "tensor2"), tensors, strict=True):
        check_tensor(name, word, tensor)
    check_factor("value", int(value) if isinstance(value, bool) else value, *tensors)


@operation(in_place=True)
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """input + value * tensor1 * tensor2.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0])
    >>> minigrad.addcmul(x, x, x, value=10)
    tensor([11., 42.])
    """
    _three_tensors("addcmul", value, input, tensor1, tensor2)
    return _Addcmul.apply(input, tensor1, tensor2, value)


@operation(in_place=True)
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """input + value * tensor1 / tensor2, of floating tensors."""
    _three_tensors("addcdiv", value, input, tensor1, tensor2)
    if not any(t.dtype.is_inexact for t in (tensor1, tensor2)):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future release addcdiv will perform a true division of "
            "tensor1 and tensor2: convert one of them with .float(), or divide with rounding_mode='trunc' first"
        )
    return _Addcdiv.apply(input, tensor1, tensor2, value)


def _interpolate(xp: Any, x: Any, y: Any, weight: Any) -> Any:
    """From whichever end is nearer, so that weights 0 and 1 give exactly x and y."""
    if not hasattr(weight, "dtype"):
        way = y - x
        way *= cast(weight if abs(weight) < 0.5 else weight - 1, way.dtype)
        way += x if abs(weight) < 0.5 else y
        return way
    return xp.where(xp.abs(weight) < 0.5, x + weight * (y - x), y - (y - x) * (1 - weight))


_Lerp = pointwise(
    "lerp",
    _interpolate,
    lambda g, weight: g * (1 - weight),
    lambda g, weight: g * weight,
    lambda g, x, y: g * (y - x),
    promote=refusing(unchanged, "biu", "lerp"),
)


@operation(in_place=True)
def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight * (end - input): a point on the line between two, all of one floating dtype.

    >>> import minigrad
    >>> minigrad.lerp(minigrad.tensor([0.0, 10.0]), minigrad.tensor([1.0, 20.0]), 0.25)
    tensor([ 0.2500, 12.5000])
    """
    check_tensor("lerp", "input", input)
    check_tensor("lerp", "end", end)
    for word, tensor in (("end", end), ("weight", weight)):
        if isinstance(tensor, Tensor) and tensor.dtype is not input.dtype:
            raise RuntimeError(f"expected dtype {input.dtype.name} for `{word}` but got dtype {tensor.dtype.name}")
    return _Lerp.apply(input, end, weight)


# ------------------------------------------------------------------------------------------------ functions of two


def _to_arrays_of_float(x: Any, y: Any) -> tuple[Any, Any]:
    x, y = to_common_float(x, y)
    return x, cast(y, x.dtype)


def _of_one_type(x: Any, y: Any) -> tuple[Any, Any]:
    if x.dtype != y.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return x, y


atan2 = binary(
    "atan2",
    lambda xp, x, y: xp.arctan2(x, y),
    lambda g, x, y: kept(g * (y / (x * x + y * y)), (x._array != 0) | (y._array != 0)),
    lambda g, x, y: kept(g * (-x / (x * x + y * y)), (x._array != 0) | (y._array != 0)),
    promote=refusing(to_common_float, "c", "atan2"),
    numbers=False,
    aliases=("arctan2",),
    doc="""The angle of the point (other, input), in radians between -pi and pi.

    >>> import minigrad
    >>> minigrad.atan2(minigrad.tensor([1.0, -1.0]), minigrad.tensor([1.0, -1.0]))
    tensor([ 0.7854, -2.3562])
    """,
)
hypot = binary(
    "hypot",
    lambda xp, x, y: xp.hypot(x, y),
    lambda g, x, out: g * (x / out),
    lambda g, y, out: g * (y / out),
    promote=refusing(to_common, "biuc", "hypot"),
    numbers=False,
    doc="sqrt(input^2 + other^2) without overflow on the way.",
)
xlogy = binary(
    "xlogy",
    lambda xp, x, y: keep(x * xp.log(y), (x != 0) | (y != y)),
    lambda g, x, y: kept(g * y.log(), (x._array != 0) | ~(y._array <= 0)),
    lambda g, x, y: g * x / y,
    promote=refusing(_to_arrays_of_float, "c", "xlogy"),
    where=("", "special"),
    first=True,
    doc="input * log(other), with 0 where input is 0 (unless other is NaN).",
)
xlog1py = binary(
    "xlog1py",
    lambda xp, x, y: keep(x * xp.log1p(y), (x != 0) | (y != y)),
    lambda g, x, y: kept(g * y.log1p(), (x._array != 0) | ~(y._array <= -1)),
    lambda g, x, y: g * x / (y + 1),
    promote=refusing(_to_arrays_of_float, "c", "xlog1py"),
    where="special",
    first=True,
    in_place=False,
    doc="input * log(1 + other), with 0 where input is 0 (unless other is NaN).",
)
logaddexp = binary(
    "logaddexp",
    lambda x, y: log_add_exp(x, y),
    lambda g, x, y: g * (x - y).sigmoid(),
    lambda g, x, y: g * (y - x).sigmoid(),
    promote=refusing(to_common, "biuc", "logaddexp"),
    numbers=False,
    in_place=False,
    doc="""log(exp(input) + exp(other)), without overflow on the way.

    >>> import minigrad
    >>> minigrad.logaddexp(minigrad.tensor([1000.0]), minigrad.tensor([1000.0]))
    tensor([1000.6931])
    """,
)
logaddexp2 = binary(
    "logaddexp2",
    lambda xp, x, y: xp.logaddexp2(x, y),
    lambda g, x, y: g / ((y - x).exp2() + 1),
    lambda g, x, y: g / ((x - y).exp2() + 1),
    promote=refusing(to_common, "biuc", "logaddexp2"),
    numbers=False,
    in_place=False,
    doc="log2(2^input + 2^other), without overflow on the way.",
)
copysign = binary(
    "copysign",
    lambda xp, x, y: xp.copysign(x, y),
    lambda g, x, out: g * (x.sign() * out.sign()),
    zeros,
    promote=refusing(to_common_float, "c", "copysign"),
    doc="The size of input with the sign of other.",
)
heaviside = binary(
    "heaviside",
    lambda xp, x, y: xp.where(x == 0, y, (x > 0).astype(x.dtype)),
    *[not_implemented("heaviside")] * 2,
    promote=refusing(_of_one_type, "c", "heaviside", "heaviside is not yet implemented for complex tensors."),
    numbers=False,
    doc="0 where input is negative, 1 where it is positive, other where it is 0.",
)
nextafter = binary(
    "nextafter",
    lambda xp, x, y: xp.nextafter(x, y),
    lambda g, x, y: kept(g, x._array != y._array),
    zeros,
    promote=refusing(to_common, "biuc", "nextafter"),
    numbers=False,
    doc="The number of this dtype next to input in the direction of other.",
)
gcd = binary(
    "gcd",
    lambda xp, x, y: xp.gcd(x, y),
    promote=refusing(to_common, "bfc", "gcd"),
    numbers=False,
    doc="The greatest common divisor of integers.",
)
lcm = binary(
    "lcm",
    lambda xp, x, y: xp.lcm(x, y),
    promote=refusing(to_common, "bfc", "lcm"),
    numbers=False,
    doc="The least common multiple of integers.",
)
_Ldexp = pointwise(
    "ldexp", lambda xp, x, exponent: xp.ldexp(x, exponent.clip(-9999, 9999).astype("int32")), lambda g, exponent: g.ldexp(exponent)
)


@operation(in_place=True)
def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """input * 2^other.

    >>> import minigrad
    >>> minigrad.ldexp(minigrad.tensor([1.0, 3.0]), minigrad.tensor([1, 2]))
    tensor([ 2., 12.])
    """
    input, other = operands("ldexp", input, other, numbers=False)
    if input.dtype.is_floating_point and other.dtype.category == dtypes.INTEGER:
        return _Ldexp.apply(input, other)
    return input * 2.0**other
