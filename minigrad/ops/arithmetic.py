"""Arithmetic: the operators + - * / // % ** and their kin, as a table of values and derivatives (see `pointwise.py`).

Types are PyTorch's: a number takes the type of the tensor beside it unless it is of a higher category, `/` gives floats,
and what has no meaning for booleans or integers is refused.  Read `choosing.py` next (where, maximum, clamp), then
`elementary.py`.
"""

from __future__ import annotations

import operator as python
from typing import Any

from minigrad import dtypes
from minigrad.autograd.inplace import apply_in_place
from minigrad.autograd.variable import Variable
from minigrad.ops.choosing import kept, not_implemented, zeros
from minigrad.ops.pointwise import (
    binary,
    cast,
    cast_all,
    check_fits,
    check_tensor,
    in_place_operator,
    operands,
    operator,
    pointwise,
    refusing,
    result_dtype,
    to_common,
    to_common_float,
    unary,
    unchanged,
)
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ + -


def _no_minus(what: str, which: str, instead: str = "~") -> str:
    if instead == "^":
        return f"{what}, the `-` operator, {which} is not supported. Use the `^` or `logical_xor()` operator instead."
    return (
        f"{what}, the `-` operator, {which} is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` "
        "operator instead."
    )


def _numbers_alone(x: Any, y: Any) -> tuple[Any, ...]:
    """Both in their common type, for a difference: that of booleans is refused."""
    bools = [operand.dtype.kind == "b" if hasattr(operand, "dtype") else isinstance(operand, bool) for operand in (x, y)]
    if any(bools):
        both = all(bools)
        raise RuntimeError(
            _no_minus("Subtraction", "with two bool tensors" if both else "with a bool tensor", "^" if both else "~")
        )
    return to_common(x, y)


def _scaled_to_common(x: Any, y: Any, alpha: Any) -> tuple[Any, ...]:
    x, y = to_common(x, y)
    return x, y, cast(alpha, x.dtype)


_Add = pointwise("add", python.add, lambda g: g, lambda g: g, promote=to_common)
_Sub = pointwise("sub", python.sub, lambda g: g, lambda g: -g, promote=_numbers_alone)
_Rsub = pointwise("rsub", lambda x, y: y - x, lambda g: -g, lambda g: g, promote=_numbers_alone)
_AddScaled = pointwise(
    "add",
    lambda xp, x, y, alpha: x + y * alpha,
    lambda g: g,
    lambda g, alpha: g * alpha,
    promote=_scaled_to_common,
)


@operation(in_place=True)
def add(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input + alpha * other, with broadcasting.

    >>> import minigrad
    >>> minigrad.add(minigrad.tensor([1, 2]), 10)
    tensor([11, 12])
    """
    input, other = operands("add", input, other, first=True)
    if type(alpha) is int and alpha == 1:
        return _Add.apply(input, other)
    check_factor("alpha", alpha, input, other)
    return _AddScaled.apply(input, other, alpha)


@operation(in_place=True, aliases=("subtract",))
def sub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input - alpha * other, with broadcasting.

    >>> import minigrad
    >>> minigrad.sub(minigrad.tensor([1, 2]), minigrad.tensor([10, 20]), alpha=2)
    tensor([-19, -38])
    """
    input, other = operands("sub", input, other, first=True)
    if type(alpha) is int and alpha == 1:
        return _Sub.apply(input, other)
    check_factor("alpha", alpha, input, other)
    _numbers_alone(input._array, other._array if isinstance(other, Tensor) else other)
    return _AddScaled.apply(input, other, -alpha)


@operation(method=False)
def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """other - alpha * input: `sub` with the operands exchanged."""
    input, other = operands("rsub", input, other)
    return _Rsub.apply(input, other) if alpha == 1 else _Rsub.apply(mul(input, alpha), other)


def check_factor(name: str, factor: Any, *others: Any) -> None:
    """The number that scales an operand must be of no higher category than the result."""
    kind = result_dtype(*[other._array if isinstance(other, Variable) else other for other in others])
    if isinstance(factor, bool) and kind is not dtypes.bool_:
        raise RuntimeError(f"Boolean {name} only supported for Boolean results.")
    if not kind.is_inexact and not isinstance(factor, int):
        raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")
    if not kind.is_complex and isinstance(factor, complex):
        raise RuntimeError(f"For non-complex input tensors, argument {name} must not be a complex number.")


# ------------------------------------------------------------------------------------------------ * /

_Mul = pointwise("mul", python.mul, lambda g, y: g * y, lambda g, x: g * x, promote=to_common)
_Div = pointwise("div", python.truediv, lambda g, y: g / y, lambda g, x, y: -g * (x / y / y), promote=to_common_float)


@operation(in_place=True, aliases=("multiply",))
def mul(input: Tensor, other: Any) -> Tensor:
    """input * other, with broadcasting.

    >>> import minigrad
    >>> minigrad.mul(minigrad.tensor([1.0, 2.0]), minigrad.tensor([[1.0], [10.0]]))
    tensor([[ 1.,  2.],
            [10., 20.]])
    """
    return _Mul.apply(*operands("mul", input, other, first=True))


@operation(in_place=True, aliases=("divide", "true_divide"))
def div(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other; integers give floats.  With rounding_mode "trunc" or "floor" the quotient is rounded that way.

    >>> import minigrad
    >>> minigrad.div(minigrad.tensor([7, -7]), 2)
    tensor([ 3.5000, -3.5000])
    >>> minigrad.div(minigrad.tensor([7, -7]), 2, rounding_mode="floor")
    tensor([ 3, -4])
    """
    input, other = operands("div", input, other, first=True)
    if rounding_mode is None:
        return _Div.apply(input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")
    return (_DivTrunc if rounding_mode == "trunc" else _DivFloor).apply(input, other)


def _divisor_not_zero(y: Any) -> Any:
    if y.dtype.kind in "iu" and bool((y == 0).any()):
        raise RuntimeError("ZeroDivisionError: an integer tensor is divided by zero")
    return y


def _truncated_quotient(xp: Any, x: Any, y: Any) -> Any:
    if x.dtype.kind in "iu":
        return (x - xp.fmod(x, _divisor_not_zero(y))) // y
    return xp.trunc(x / y)


def _all_arrays(x: Any, y: Any) -> tuple[Any, ...]:
    """Both in their common type, numbers as NumPy's numbers of that type."""
    return cast_all(result_dtype(x, y), (x, y))


_DivTrunc = pointwise("div", _truncated_quotient, zeros, zeros, promote=refusing(_all_arrays, "bc", "div"))
_DivFloor = pointwise("div", lambda x, y: x // _divisor_not_zero(y), zeros, zeros, promote=refusing(_all_arrays, "bc", "div"))

floor_divide = binary(
    "floor_divide",
    lambda x, y: x // _divisor_not_zero(y),
    *[not_implemented("floor_divide")] * 2,
    promote=refusing(_all_arrays, "bc", "floor_divide"),
    first=True,
    doc="The largest whole number not above input / other (in the type of the operands): the operator //.",
)
remainder = binary(
    "remainder",
    lambda xp, x, y: xp.remainder(x, _divisor_not_zero(y)),
    lambda g: g,
    lambda g, x, y: -g * x.div(y, rounding_mode="floor"),
    promote=refusing(_all_arrays, "bc", "remainder"),
    first=True,
    doc="""What division leaves, with the sign of the divisor: input - other * floor(input / other), the operator %.

    >>> import minigrad
    >>> minigrad.remainder(minigrad.tensor([-7, 7]), 3)
    tensor([2, 1])
    """,
)
fmod = binary(
    "fmod",
    lambda xp, x, y: xp.fmod(x, _divisor_not_zero(y)),
    lambda g: g,
    lambda g, x, y: -g * x.div(y, rounding_mode="trunc"),
    promote=refusing(_all_arrays, "bc", "fmod"),
    doc="""What division leaves, with the sign of the input: input - other * trunc(input / other), as in C.

    >>> import minigrad
    >>> minigrad.fmod(minigrad.tensor([-7, 7]), 3)
    tensor([-1,  1])
    """,
)

# ------------------------------------------------------------------------------------------------ one operand

neg = unary(
    "neg",
    python.neg,
    lambda g: -g,
    promote=refusing(unchanged, "b", "neg", _no_minus("Negation", "on a bool tensor")),
    aliases=("negative",),
    doc="-input.",
)


@operation(out=False)
def positive(input: Tensor) -> Tensor:
    """The input itself: the operator + with one operand."""
    check_tensor("positive", "input", input)
    if input.dtype is dtypes.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


# ------------------------------------------------------------------------------------------------ powers


def _base_to_common(x: Any, y: Any) -> tuple[Any, Any]:
    """The base in the common type; an exponent that is a number stays one, so that small whole powers can be told."""
    if hasattr(y, "dtype"):
        return to_common(x, y)  # type: ignore[return-value]
    if x.dtype.kind == "f" and not isinstance(y, complex):
        return x, y
    kind = result_dtype(x, y)
    if not kind.is_inexact and y < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    check_fits(kind, y)
    return cast_all(kind, (x,))[0], y


_QUICK = {  # products and roots take 0.1 to 0.3 ms for a million floats, xp.power 10 to 50
    0: lambda xp, x: xp.ones_like(x),
    1: lambda xp, x: x.copy(),
    2: lambda xp, x: x * x,
    3: lambda xp, x: x * x * x,
    0.5: lambda xp, x: xp.sqrt(x),
    -0.5: lambda xp, x: 1 / xp.sqrt(x),
    -1: lambda xp, x: 1 / x,
    -2: lambda xp, x: 1 / (x * x),
}


def _to_the_number(xp: Any, x: Any, y: Any) -> Any:
    quick = _QUICK.get(y)
    return xp.power(x, cast(y, x.dtype)) if quick is None else quick(xp, x)


def _to_the_power(xp: Any, x: Any, y: Any) -> Any:
    if y.dtype.kind != "i" or not bool((y < 0).any()):
        return xp.power(x, y)
    inverse = (x == 1) + (x == -1) * (1 - 2 * (y & 1))  # of the whole numbers, only 1 and -1 have a whole inverse
    return xp.where(y < 0, inverse, xp.power(x, xp.maximum(y, 0))).astype(x.dtype)


def _slope_of_power(g: Tensor, x: Tensor, y: Any) -> Tensor:
    """g * y x^(y - 1), without the detour over powers that are no work."""
    if y == 0:
        return zeros(g)
    return g if y == 1 else g * (x * 2 if y == 2 else pow(x, y - 1) * y)


_Pow = pointwise("pow", _to_the_number, _slope_of_power, promote=_base_to_common)
_PowTensor = pointwise(
    "pow",
    _to_the_power,
    lambda g, x, y: kept(g * (y * pow(x, y - 1)), y._array != 0),
    lambda g, x, y, out: kept(g * (out * x.log()), (x._array != 0) | ~(y._array >= 0)),
    promote=refusing(_base_to_common, "b", "pow"),
)


@operation(in_place=True)
def pow(input: Any, exponent: Any) -> Tensor:
    """input to the power of exponent, either of which may be a number: the operator **.

    An integer to a negative integer power is refused: make the base a float.

    >>> import minigrad
    >>> minigrad.pow(minigrad.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    >>> minigrad.pow(2, minigrad.tensor([1, 2, 3]))
    tensor([2, 4, 8])
    """
    input, exponent = operands("pow", input, exponent, first=True)
    return (_PowTensor if isinstance(exponent, Variable) else _Pow).apply(input, exponent)


def _as_double(value: Any) -> Any:
    if not isinstance(value, Tensor):
        return value
    return value.to(dtypes.complex128 if value.dtype.is_complex else dtypes.float64)


@operation
def float_power(input: Any, exponent: Any) -> Tensor:
    """input to the power of exponent, computed in float64 whatever the types given."""
    input, exponent = operands("float_power", input, exponent, first=True)
    return pow(_as_double(input), _as_double(exponent))


@operation(where=(), method=True, out=False)
def float_power_(input: Tensor, exponent: Any) -> Tensor:
    """In-place form of `float_power`, for tensors of float64 (or complex128)."""
    if input.dtype not in (dtypes.float64, dtypes.complex128):
        raise RuntimeError(
            f"the base given to float_power_ has dtype {input.dtype.name} but the operation's result requires dtype float64"
        )
    return apply_in_place(float_power, input, exponent)


# ------------------------------------------------------------------------------------------------ Python's operators

add.operation, sub.operation, mul.operation, div.operation, rsub.operation = _Add, _Sub, _Mul, _Div, _Rsub


def _divide_into(self: Tensor, other: Any) -> Tensor:
    """other / self as PyTorch rounds it: other times the reciprocal."""
    return self.reciprocal() * other


for _function, _name in (
    (add, "add"), (sub, "sub"), (mul, "mul"), (div, "truediv"), (floor_divide, "floordiv"), (remainder, "mod"), (pow, "pow"),
):  # fmt: skip
    operator(_function, f"__{_name}__")
    in_place_operator(getattr(Tensor, _function.__name__ + "_"), f"__i{_name}__", getattr(python, "i" + _name))
for _function, _name in ((add, "add"), (mul, "mul"), (rsub, "sub"), (_divide_into, "truediv")):
    operator(_function, f"__r{_name}__")
for _function, _name in ((floor_divide, "floordiv"), (remainder, "mod"), (pow, "pow")):
    operator(_function, f"__r{_name}__", swap=True)
Tensor.__neg__, Tensor.__pos__, Tensor.__rdiv__ = neg, positive, Tensor.__rtruediv__  # type: ignore[attr-defined,method-assign]
