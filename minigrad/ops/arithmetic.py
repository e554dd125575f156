"""Arithmetic: the operators + - * / // % ** and their kin, as a table of values and derivatives (see `pointwise.py`)."""

from __future__ import annotations

import operator as python
from typing import Any

from minigrad.autograd.variable import Variable
from minigrad.ops.pointwise import (
    Number,
    binary,
    check_tensor,
    operator,
    pointwise,
    to_common,
    to_common_float,
    unary,
    unchanged,
)
from minigrad.ops.registry import operation
from minigrad.tensor import Tensor

# ------------------------------------------------------------------------------------------------ + - * /

_Add = pointwise("add", python.add, lambda g: g, lambda g: g, promote=to_common)
_AddScaled = pointwise(
    "add", lambda xp, x, y, alpha: x + y * alpha, lambda g: g, lambda g, alpha: g * alpha, promote=lambda x, y, a: (*to_common(x, y), a)
)
_Sub = pointwise("sub", python.sub, lambda g: g, lambda g: -g, promote=to_common)


@operation(in_place=True)
def add(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input + alpha * other, with broadcasting.

    >>> import minigrad
    >>> minigrad.add(minigrad.tensor([1, 2]), 10)
    tensor([11, 12])
    """
    _check_operands("add", input, other)
    return _Add.apply(input, other) if alpha == 1 else _AddScaled.apply(input, other, alpha)


@operation(in_place=True, aliases=("subtract",))
def sub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:
    """input - alpha * other, with broadcasting.

    >>> import minigrad
    >>> minigrad.sub(minigrad.tensor([1, 2]), minigrad.tensor([10, 20]), alpha=2)
    tensor([-19, -38])
    """
    _check_operands("sub", input, other)
    return _Sub.apply(input, other) if alpha == 1 else _AddScaled.apply(input, other, -alpha)


mul = binary("mul", python.mul, lambda g, y: g * y, lambda g, x: g * x, promote=to_common, aliases=("multiply",), doc="input * other, with broadcasting.")

_Div = pointwise("div", python.truediv, lambda g, y: g / y, lambda g, y, out: -g * (out / y), promote=to_common_float)


@operation(in_place=True, aliases=("divide",))
def div(input: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other; integers give floats.

    >>> import minigrad
    >>> minigrad.div(minigrad.tensor([7, 8]), 2)
    tensor([3.5000, 4.0000])
    """
    _check_operands("div", input, other)
    if rounding_mode is not None:
        raise NotImplementedError
    return _Div.apply(input, other)


neg = unary("neg", lambda xp, x: -x, lambda g: -g, promote=unchanged, aliases=("negative",), doc="-input.")


def _check_operands(name: str, input: Any, other: Any) -> None:
    check_tensor(name, "input", input)
    if not isinstance(other, (Variable, *Number)):
        raise TypeError(f"{name}(): argument 'other' (position 2) must be Tensor or Number, not {type(other).__name__}")


add.operation, sub.operation, div.operation = _Add, _Sub, _Div  # what the operators of Python call directly

for _function, _name in ((add, "add"), (sub, "sub"), (mul, "mul"), (div, "truediv")):
    operator(_function, f"__{_name}__")
    operator(_function, f"__r{_name}__", swap=_name in ("sub", "truediv"))
for _name, _twin in (("iadd", "add_"), ("isub", "sub_"), ("imul", "mul_"), ("itruediv", "div_")):
    setattr(Tensor, f"__{_name}__", getattr(Tensor, _twin))
Tensor.__neg__ = neg
